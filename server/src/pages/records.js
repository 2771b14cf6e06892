// The files of the house: the plan beside, the list with its filters, and the way to a file or a case.
import { $, chip, h, plural, t } from "/pages/dom.js";
import { departmentName, json, state, where } from "/pages/app.js";
import { departmentChoice, field, input, keys, askFor, may, placesFor, refused, select, send, textarea, unitPicker } from "/pages/forms.js";
import { lifeChip, retentionShort, showCase, showFile } from "/pages/record.js";
import { forgetUnits, tree, unitsOf } from "/pages/tree.js";

export const VIEW = "view-records";
export const NAV = "nav-records";
const INSIDE = /^\/(akten|vorgaenge)\/([0-9a-f-]{36})$/;
export const at = (path) => path === "/akten" || INSIDE.test(path);
export const title = () => now.title ?? t("files");
export const offered = () => Boolean(state.me) && may("read");

const now = { turn: 0, title: null, files: [], next: null };

export function forget() {
  now.turn += 1;
  now.title = null;
  $(VIEW).dataset.shown = "";
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  forgetUnits();
  $(VIEW).replaceChildren();
  for (const id of ["scope", "offer"]) { $(id).replaceChildren(); $(id).hidden = true; }
}

export async function show(path, query) {
  const inside = path.match(INSIDE);
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  if (inside) {
    const [, kind, id] = inside;
    if (!$(VIEW).classList.contains("record")) $(VIEW).dataset.shown = "";
    $(VIEW).className = "page record";
    const named = (text) => { if (fresh()) { now.title = text; document.title = `${text} – Papierlos`; } };
    await (kind === "akten" ? showFile : showCase)($(VIEW), id, fresh, named);
    return;
  }
  now.title = null;
  $(VIEW).className = "panes tree-list";
  await list(query, fresh);
}

// ---- the list -----------------------------------------------------------------------------

const link = (query, change) => {
  const next = new URLSearchParams(query);
  for (const [key, value] of Object.entries(change)) if (value) next.set(key, value); else next.delete(key);
  return `#/akten${next.size ? `?${next}` : ""}`;
};

async function list(query, fresh) {
  const inTree = Boolean(document.activeElement?.closest(`#${VIEW} .tree`));
  const typed = document.activeElement?.id === "files-q" ? $("files-q").value : null;
  let plans, plan;
  try {
    plans = (await json("/file-plans")).items.filter((one) => one.in_force);
    plan = plans.length ? await unitsOf(plans.at(-1).id) : null;
  } catch (error) { if (fresh()) refused($(VIEW), error); return; }
  if (!fresh()) return;
  const chosen = query.get("plan_unit");
  const unit = plan?.byId.get(chosen);
  const filters = filter(query);
  $(VIEW).replaceChildren(
    h("section", { class: "rail", "aria-labelledby": "tree-title" },
      h("h2", { id: "tree-title" }, t("filePlan")),
      plan ? [chosen ? h("p", {}, h("a", { href: link(query, { plan_unit: null }) }, t("allUnits"))) : null, tree({
        plan, selected: chosen, label: t("filePlan"), href: (one) => link(query, { plan_unit: one.id }),
        search: async (text) => (await json(`/file-plans/${plans.at(-1).id}/units?${new URLSearchParams({ q: text })}`)).items,
      })] : h("p", { class: "muted" }, t("noPlan"))),
    h("section", { class: "list", "aria-labelledby": "files-title" },
      h("div", { class: "head" }, h("h1", { id: "files-title", class: "title" }, unit ? `${unit.code} ${unit.title}` : t("files")),
        placesFor("register").length ? h("button", { type: "button", class: "main end", id: "open-file", onclick: () => openFile(unit) }, t("openFile")) : null),
      filters,
      h("p", { id: "files-summary", role: "status" }), h("div", { id: "files-said" }),
      h("ol", { class: "hits", id: "files-items" }),
      h("button", { type: "button", class: "wide", id: "files-more", hidden: true, onclick: more(query) }, t("moreFiles"))));
  if (inTree) $(VIEW).querySelector(".tree [aria-current]")?.focus();
  if (typed !== null) { $("files-q").focus(); $("files-q").value = typed; }
  now.files = [];
  await page(query, null, fresh);
}

function filter(query) {
  const text = input(query.get("q") ?? "", { type: "search", id: "files-q", maxlength: "200", spellcheck: "false" });
  const life = select([["", t("everyState")], ["open", t("open_state")], ["closed", t("closed_state")]], query.get("state") ?? "");
  const department = select([["", t("everyDepartment")], ...state.departments.map((one) => [one.slug, one.name])], query.get("department") ?? "");
  const turn = () => { location.hash = link(query, { q: text.value.trim(), state: life.value, department: department.value }); };
  const form = h("form", { class: "filters", role: "search", "aria-label": t("filterFiles"), onsubmit: (event) => { event.preventDefault(); turn(); } },
    field(t("wordInFile"), text), field(t("state"), life), state.departments.length > 1 ? field(t("leadDepartment"), department) : null,
    h("button", {}, t("find")));
  for (const control of [life, department]) control.addEventListener("change", turn);
  return form;
}

async function page(query, cursor, fresh) {
  const asked = new URLSearchParams({ limit: "30", count: "true" });
  for (const key of ["q", "state", "department", "plan_unit"]) if (query.get(key)) asked.set(key, query.get(key));
  if (cursor) asked.set("cursor", cursor);
  let found;
  try { found = await json(`/files?${asked}`); } catch (error) { if (fresh()) refused($("files-said"), error); return; }
  if (!fresh()) return;
  now.files.push(...found.items);
  now.next = found.next_cursor ?? null;
  $("files-summary").replaceChildren(h("strong", {}, plural("filesFound", found.total)));
  $("files-items").append(...found.items.map(row));
  $("files-more").hidden = !now.next;
  if (now.files.length) return;
  const filtered = ["q", "state", "department", "plan_unit"].some((key) => query.get(key));
  $("files-items").replaceChildren(h("li", { class: "nothing" }, h("p", {}, t(filtered ? "noFilesFiltered" : "noFiles")),
    filtered ? h("p", {}, h("a", { href: "#/akten" }, t("dropFilters"))) : null));
}

const more = (query) => async () => {
  const before = now.files.length;
  await page(query, now.next, () => true);
  $("files-items").children[before]?.querySelector("a").focus();
};

function row(file) {
  return h("li", { class: "hit" },
    h("h2", {}, h("a", { href: `#/akten/${file.id}` }, h("span", { class: "ref" }, file.reference), " ", file.subject)),
    h("p", { class: "meta" }, [file.parent ? t("sub_file") : null, `${file.plan_unit.code} ${file.plan_unit.title}`, departmentName(file.department), retentionShort(file.retention)].filter(Boolean).join(" · ")),
    h("p", { class: "chips" }, lifeChip(file.state), file.retention.holds.length ? chip(t("held"), "bad") : null, file.compartment ? chip(t("compartmented"), "warn") : null));
}

async function openFile(unit) {
  const key = keys();
  const place = unitPicker();
  const subject = input("", { maxlength: "300", required: true, ...(unit ? { "data-first": true } : {}) });
  const department = departmentChoice("register");
  const tags = input("");
  const note = textarea("", { maxlength: "4000" });
  if (unit && !unit.retired_at) place.preset({ id: unit.id, label: `${unit.code} ${unit.title}` });
  const opened = await askFor({
    title: t("openFile"), submit: t("openNow"), wide: true,
    body: [place.node, field(t("subject"), subject), department.options.length > 1 ? field(t("leadDepartment"), department) : null,
      field(t("tagsField"), tags), field(t("remark"), note), h("p", { class: "hint" }, t("openFileHint"))],
    act: () => {
      const body = { plan_unit: place.need().id, subject: subject.value.trim(), department: department.value || undefined, tags: split(tags.value), note: note.value.trim() || undefined };
      return send("POST", "/files", body, { key: key(body) });
    },
  });
  if (opened) location.hash = `#/akten/${opened.id}`;
}

export const split = (text) => text.split(",").map((tag) => tag.trim()).filter(Boolean);

// ---- what the search shows of files and cases ---------------------------------------------

let offeredFor = null;

/** Says in what the search is kept, and offers to go to what the question names exactly. */
export async function offer(query, go) {
  await Promise.all([scope(query, go), reference(query.get("q") ?? "")]);
}

async function scope(query, go) {
  const [kind, id] = query.get("case") ? ["cases", query.get("case")] : query.get("file") ? ["files", query.get("file")] : [];
  $("scope").hidden = !kind;
  if (!kind) return;
  const found = await json(`/${kind}/${encodeURIComponent(id)}`).catch(() => null);
  if (where().query.get(kind === "cases" ? "case" : "file") !== id) return;
  $("scope").replaceChildren(t(kind === "cases" ? "onlyInCase" : "onlyInFile"), " ",
    found ? h("a", { href: `#/${kind === "cases" ? "vorgaenge" : "akten"}/${id}` }, `${found.reference} · ${found.subject}`) : "–", " ",
    h("button", { type: "button", class: "plain", onclick: () => go((next) => { next.delete("case"); next.delete("file"); next.delete("doc"); }) }, t("searchEverywhere")));
}

/** What has a digit and a sign between may be a reference; whether it is one, the server says. */
const LIKE_A_REFERENCE = /^(?=.*\d)(?=.*[-./]).{3,200}$/;

async function reference(text) {
  const wanted = text.trim().replace(/^"|"$/g, "");
  offeredFor = wanted;
  $("offer").hidden = true;
  $("offer").replaceChildren();
  if (!LIKE_A_REFERENCE.test(wanted)) return;
  const found = await json(`/references/${encodeURIComponent(wanted)}`).catch(() => null);
  if (!found || offeredFor !== wanted) return;
  const address = { file: `#/akten/${found.id}`, case: `#/vorgaenge/${found.id}`, document: `#/?doc=${found.id}` }[found.kind];
  $("offer").replaceChildren(h("a", { href: address, id: "offer-link" }, t(`goTo_${found.kind}`, { reference: found.reference, subject: found.subject })),
    found.alias ? h("span", { class: "muted" }, ` ${t("wasAlias", { alias: wanted })}`) : "");
  $("offer").hidden = false;
}
