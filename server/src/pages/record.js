// One file or one case: what it is, how long it is kept, what stands in it, and what can be done with it.
import { chip, copier, day, h, moment, plural, say, t } from "/pages/dom.js";
import { departmentName, event, json } from "/pages/app.js";
import { askFor, departmentChoice, everything, field, filePicker, input, keys, may, reasonField, refused, select, send, textarea, unitPicker } from "/pages/forms.js";
import { holdList, placeHold } from "/pages/acts.js";
import { notesOn } from "/pages/beside.js";
import { flowsOf } from "/pages/starting.js";

export const lifeChip = (state) => chip(t(`${state}_state`), state === "open" ? "good" : "");

/** How long something is kept, in a few words for a list. */
export function retentionShort(retention) {
  if (retention.until) return t("keptUntil", { day: day(retention.until) });
  if (retention.retention_years === undefined) return t("keptForever");
  return plural("keptYears", retention.retention_years);
}

function retentionWords(retention, closed) {
  const years = retention.retention_years;
  const lines = [];
  if (years === undefined) lines.push(t("keptForeverLong"));
  else if (retention.until) lines.push(t("keptUntilLong", { day: day(retention.until), from: day(retention.from), years: plural("years", years) }));
  else lines.push(t("keptOnceClosed", { years: plural("years", years) }));
  if (retention.transfer_on) lines.push(t("transferOn", { day: day(retention.transfer_on) }));
  else if (!closed && retention.transfer_years !== undefined) lines.push(t("transferAfter", { years: plural("years", retention.transfer_years) }));
  lines.push(t(`disposal_${retention.disposal}_long`));
  return lines;
}

// ---- both ---------------------------------------------------------------------------------

/** What a file and a case differ in. */
const KINDS = {
  file: { path: "/files", at: "#/akten/", name: "file" },
  case: { path: "/cases", at: "#/vorgaenge/", name: "case" },
};

export const showFile = (place, id, fresh, named) => show("file", place, id, fresh, named);
export const showCase = (place, id, fresh, named) => show("case", place, id, fresh, named);

async function show(kind, place, id, fresh, named) {
  const { path } = KINDS[kind];
  const again = place.dataset.shown === id && document.activeElement?.closest(`#${place.id}`) ? document.activeElement.dataset.act : null;
  let found, history, inside;
  try {
    [found, history, inside] = await Promise.all([
      json(`${path}/${id}`), json(`${path}/${id}/history`), kind === "file" ? insideFile(id) : insideCase(id)]);
  } catch (error) {
    if (!fresh()) return;
    place.dataset.shown = "";
    named(t("failedTitle"));
    place.replaceChildren(crumbs([[t("files"), "#/akten"]]), h("h1", {}, t("failedTitle")), h("p", { class: "error", role: "alert" }, error.message));
    return;
  }
  const above = found.parent ? await json(`${path}/${found.parent}`).catch(() => null) : null;
  if (!fresh()) return;
  named(`${found.reference} ${found.subject}`);
  const reload = () => show(kind, place, id, fresh, named);
  const said = h("div", { id: "record-said" });
  const unit = found.plan_unit;
  const way = [[t("files"), "#/akten"]];
  if (unit) way.push([`${unit.code} ${unit.title}`, `#/akten?plan_unit=${unit.id}`]);
  if (kind === "case") way.push([found.file.reference, `#/akten/${found.file.id}`]);
  if (above) way.push([above.reference, `${KINDS[kind].at}${above.id}`]);
  const arrived = place.dataset.shown !== id;
  place.dataset.shown = id;
  place.replaceChildren(
    crumbs(way),
    h("p", { class: "kind" }, t(found.parent ? `sub_${kind}` : `one_${kind}`)),
    h("h1", { tabindex: "-1", id: "record-title" }, found.subject),
    h("p", { class: "reference" }, h("span", { class: "ref", id: "record-reference" }, found.reference), copier(found.reference, t("copyReference"))),
    h("p", { class: "chips" }, lifeChip(found.state), found.confidentiality === "nfd" ? chip(t("nfd"), "warn") : null,
      found.medium && found.medium !== "electronic" ? chip(t(found.medium)) : null, found.compartment ? chip(t("compartmented"), "warn") : null,
      found.retention.holds.length ? chip(t("held"), "bad") : null),
    h("div", { class: "actions" }, offers(kind, found, reload, said)),
    said,
    h("div", { class: "columns" },
      h("div", {}, kind === "case" ? flowsOf(found) : null, inside.draw(found, reload), notesOn(kind, found, found.state === "open")),
      h("aside", { "aria-label": t("about") }, facts(kind, found), kept(found, reload))),
    h("h2", {}, t("history")), h("ol", { class: "timeline" }, history.items.toReversed().map(event)));
  lookAt(document.getElementById("record-title"), arrived, again);
}

/** Whoever came here by a link begins at the top; after an action the button is looked for, if it is still there. */
export function lookAt(title, arrived, again) {
  if (arrived) {
    document.getElementById("main").scrollTop = 0;
    scrollTo(0, 0);
    title.focus({ preventScroll: true });
  } else if (again) (title.parentElement.querySelector(`[data-act="${again}"]`) ?? title).focus();
}

/** The way here, as links. */
export const crumbs = (way) => h("nav", { class: "crumbs", "aria-label": t("youAreHere") }, h("ol", {}, way.map(([text, href]) => h("li", {}, h("a", { href }, text)))));

function facts(kind, found) {
  const rows = [
    [t("leadDepartment"), departmentName(found.department)],
    [t("planUnit"), found.plan_unit ? h("a", { href: `#/aktenplan?unit=${found.plan_unit.id}` }, `${found.plan_unit.code} ${found.plan_unit.title}`) : null],
    [t("caseType"), found.type], [t("openedOn"), day(found.opened_on)], [t("closedOn"), found.closed_at ? moment(found.closed_at) : null],
    [t("tags"), found.tags.join(", ")], [t("remark"), found.note], [t("aliases"), found.aliases.length ? found.aliases.map((one) => h("span", { class: "ref line" }, one)) : null],
    [t("lastReason"), found.reason],
  ];
  return h("section", {}, h("h2", {}, t("about")), h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    h("p", {}, h("a", { href: `#/?${kind}=${found.id}` }, t(`searchIn_${kind}`))));
}

function kept(found, reload) {
  const { retention } = found;
  const closed = found.state === "closed";
  return h("section", {},
    h("h2", {}, t("retention")),
    h("div", { class: "kept" }, retentionWords(retention, closed).map((line, at) => h("p", at ? {} : { class: "strong" }, line))),
    retention.disposable ? h("p", {}, t("disposable")) : [h("p", {}, t("notDisposable")), h("ul", { class: "plain-list" }, retention.reasons.map((reason) => h("li", {}, t(`against_${reason}`))))],
    holdList(retention.holds, found.id, found.department, reload));
}

// ---- what stands in it --------------------------------------------------------------------

async function insideFile(id) {
  const [cases, parts] = await Promise.all([everything(`/cases?file=${id}`), everything(`/files?parent=${id}`)]);
  const tops = cases.items.filter((one) => !one.parent).toReversed();
  const draw = (found, reload) => [
    parts.items.length ? [h("h2", {}, t("subFiles")), h("ul", { class: "rows big" }, parts.items.toReversed().map((one) =>
      h("li", {}, h("a", { href: `#/akten/${one.id}` }, h("span", { class: "ref" }, one.reference), " ", one.subject), h("span", { class: "end" }, lifeChip(one.state)))))] : null,
    h("h2", {}, t("cases")),
    tops.length ? h("div", { class: "cases" }, tops.map((one) => caseBox(one, cases.items.filter((sub) => sub.parent === one.id).toReversed())))
      : h("p", { class: "nothing" }, t(found.state === "open" ? "noCases" : "noCasesClosed")),
    cases.more ? h("p", { class: "hint" }, t("moreCases")) : null,
  ];
  return { draw };
}

/** A case within its file; its documents are asked for when it is opened. */
function caseBox(one, subs) {
  const documents = h("div", {});
  const box = h("details", { class: "case" },
    h("summary", {}, h("span", { class: "ref" }, one.reference), h("span", { class: "what" }, one.subject), lifeChip(one.state)),
    documents,
    subs.length ? h("ul", { class: "rows" }, subs.map((sub) => h("li", {}, h("span", { class: "muted" }, t("sub_case")),
      h("a", { href: `#/vorgaenge/${sub.id}` }, h("span", { class: "ref" }, sub.reference), " ", sub.subject), h("span", { class: "end" }, lifeChip(sub.state))))) : null,
    h("p", {}, h("a", { href: `#/vorgaenge/${one.id}` }, t("toCase"))));
  box.addEventListener("toggle", async () => {
    if (!box.open || documents.firstChild) return;
    try {
      const { items, more } = await everything(`/documents?case=${one.id}&order=oldest`, 100);
      documents.replaceChildren(documentList(items, more, one.id));
    } catch (error) { refused(documents, error); }
  });
  return box;
}

function documentList(items, more, id) {
  if (!items.length) return h("p", { class: "nothing" }, t("noDocuments"));
  return h("div", {}, h("ul", { class: "rows big" }, items.map((one) => h("li", {},
    h("a", { href: `#/?case=${id}&doc=${one.id}` }, one.title),
    h("span", { class: "muted" }, [one.reference, one.type, one.correspondent, day(one.document_date)].filter(Boolean).join(" · ")),
    one.state === "registered" ? null : h("span", { class: "end" }, chip(t({ incoming: "stateIncoming", draft: "stateDraft", discarded: "stateDiscarded" }[one.state]), "warn"))))),
  more ? h("p", {}, h("a", { href: `#/?case=${id}` }, t("allDocuments"))) : null);
}

async function insideCase(id) {
  const [documents, subs] = await Promise.all([everything(`/documents?case=${id}&order=oldest`), everything(`/cases?parent=${id}`)]);
  const draw = () => [
    h("h2", {}, t("documentsIn")), documentList(documents.items, documents.more, id),
    subs.items.length ? [h("h2", {}, t("subCases")), h("ul", { class: "rows big" }, subs.items.toReversed().map((one) =>
      h("li", {}, h("a", { href: `#/vorgaenge/${one.id}` }, h("span", { class: "ref" }, one.reference), " ", one.subject), h("span", { class: "end" }, lifeChip(one.state)))))] : null,
  ];
  return { draw };
}

// ---- what can be done ---------------------------------------------------------------------

function offers(kind, found, reload, said) {
  const open = found.state === "open";
  const all = [];
  const offer = (act, action, main = false) => all.push(h("button", { type: "button", class: main ? "main" : "", "data-act": act, onclick: action }, t(`act_${act}`)));
  const can = (right) => may(right, found.department);
  const go = (to) => (made) => { location.hash = `${KINDS[to].at}${made.id}`; };
  const after = (words) => async () => { await reload(); const text = words(); said.isConnected || (said = document.getElementById("record-said")); said.replaceChildren(h("p", { class: "note good" }, text)); say(text); };
  if (open && can("register")) {
    if (kind === "file") {
      offer("openCase", () => openCase({ file: found.id }, found, go("case")), true);
      if (!found.parent) offer("openSubFile", () => openSubFile(found, go("file")));
    } else if (!found.parent) offer("openSubCase", () => openCase({ file: found.file.id, parent: found.id }, found, go("case")));
  }
  if (open && kind === "case" && can("receive")) offer("fillForm", () => { location.hash = `#/formulare?case=${found.id}`; });
  if (open && can("edit")) offer("change", () => change(kind, found, reload, after(() => t("didChange"))));
  if (open && can("close")) offer("close", () => close(kind, found, reload, after(() => t("didClose"))));
  if (!open && can("reopen")) offer("reopen", () => reopen(kind, found, reload, after(() => t("didReopen"))));
  if (open && can("refile") && !(kind === "file" && found.parent)) offer("refile", () => refile(kind, found, reload, after(() => t("didRefile"))));
  if (can("hold")) offer("hold", () => placeHold({ [kind]: found.id }, after(() => t("didHold"))));
  return all;
}

const required = (subject) => {
  if (subject.value.trim()) return subject.value.trim();
  subject.focus();
  throw new Error(t("subjectMissing"));
};
const tagsOf = (control) => control.value.split(",").map((tag) => tag.trim()).filter(Boolean);

async function openCase(where, found, then) {
  const key = keys();
  const subject = input("", { maxlength: "300" });
  const type = input("", { maxlength: "100" });
  const department = departmentChoice("register", found.department);
  const made = await askFor({
    title: t(where.parent ? "act_openSubCase" : "act_openCase"), submit: t("openNow"),
    body: [h("p", { class: "muted" }, `${found.reference} · ${found.subject}`), field(t("subject"), subject), field(t("caseType"), type),
      department.options.length > 1 ? field(t("leadDepartment"), department) : null],
    act: () => {
      const body = { ...where, subject: required(subject), type: type.value.trim() || undefined, department: department.value || undefined };
      return send("POST", "/cases", body, { key: key(body) });
    },
  });
  if (made) then(made);
}

async function openSubFile(found, then) {
  const key = keys();
  const subject = input("", { maxlength: "300" });
  const made = await askFor({
    title: t("act_openSubFile"), submit: t("openNow"),
    body: [h("p", { class: "muted" }, `${found.reference} · ${found.subject}`), field(t("subject"), subject)],
    act: () => {
      const body = { parent: found.id, subject: required(subject), department: found.department };
      return send("POST", "/files", body, { key: key(body) });
    },
  });
  if (made) then(made);
}

async function change(kind, found, reload, then) {
  const subject = input(found.subject, { maxlength: "300" });
  const tags = input(found.tags.join(", "));
  const note = textarea(found.note, { maxlength: "4000" });
  const type = input(found.type, { maxlength: "100" });
  const medium = select(["electronic", "hybrid", "paper"].map((one) => [one, t(one)]), found.medium);
  const secrecy = select(["offen", "nfd"].map((one) => [one, t(one)]), found.confidentiality);
  const made = await askFor({
    title: t(`change_${kind}`), submit: t("save"), stale: reload,
    body: [field(t("subject"), subject), kind === "case" ? field(t("caseType"), type) : null, field(t("tagsField"), tags), field(t("remark"), note),
      kind === "file" ? [field(t("medium"), medium), field(t("confidentiality"), secrecy)] : null],
    act: () => {
      const body = {};
      const say = (name, now, before) => { if (JSON.stringify(now) !== JSON.stringify(before)) body[name] = now; };
      say("subject", required(subject), found.subject);
      say("tags", tagsOf(tags), found.tags);
      say("note", note.value.trim() || null, found.note ?? null);
      if (kind === "case") say("type", type.value.trim() || null, found.type ?? null);
      else { say("medium", medium.value, found.medium); say("confidentiality", secrecy.value, found.confidentiality); }
      if (!Object.keys(body).length) throw new Error(t("nothingChanged"));
      return send("PATCH", `${KINDS[kind].path}/${found.id}`, body, { version: found.version });
    },
  });
  if (made) then();
}

/** What stands against closing: what is still open inside, with the way to it. */
async function openInside(kind, found) {
  const lists = kind === "file"
    ? [["cases", `/cases?file=${found.id}&state=open`, "#/vorgaenge/"], ["files", `/files?parent=${found.id}&state=open`, "#/akten/"]]
    : [["cases", `/cases?parent=${found.id}&state=open`, "#/vorgaenge/"], ["documents", `/documents?case=${found.id}&state=incoming&state=draft`, `#/?case=${found.id}&doc=`]];
  const pages = await Promise.all(lists.map(([, path]) => json(`${path}&limit=10`)));
  return pages.flatMap((page, at) => page.items.map((one) => ({ href: `${lists[at][2]}${one.id}`, text: [one.reference, one.subject ?? one.title].filter(Boolean).join(" · ") })));
}

async function close(kind, found, reload, then) {
  let against;
  try { against = await openInside(kind, found); } catch { against = []; }
  if (against.length) {
    await askFor({
      title: t(`close_${kind}`),
      body: [h("p", {}, t("closeAgainst")), h("ul", { class: "plain-list" }, against.map((one) =>
        h("li", {}, h("a", { href: one.href, onclick: (clicked) => clicked.target.closest("dialog").close() }, one.text)))), h("p", { class: "hint" }, t("closeAgainstHint"))],
    });
    return;
  }
  const years = found.retention.retention_years;
  const made = await askFor({
    title: t(`close_${kind}`), submit: t("act_close"), stale: reload,
    body: [h("p", {}, t(`closeHint_${kind}`)), kind === "file" ? h("p", {}, years === undefined ? t("keptForeverLong") : t("closeStarts", { years: plural("years", years) })) : null],
    act: () => send("POST", `${KINDS[kind].path}/${found.id}/close`, undefined, { version: found.version }),
  });
  if (made) then();
}

async function reopen(kind, found, reload, then) {
  const reason = reasonField(t("reason"));
  const made = await askFor({
    title: t(`reopen_${kind}`), submit: t("act_reopen"), stale: reload, body: [reason.node, h("p", { class: "hint" }, t(`reopenHint_${kind}`))],
    act: () => send("POST", `${KINDS[kind].path}/${found.id}/reopen`, { reason: reason.value() }, { version: found.version }),
  });
  if (made) then();
}

async function refile(kind, found, reload, then) {
  const into = kind === "file" ? unitPicker() : filePicker("refile", { not: found.file.id });
  const reason = reasonField(t("reason"));
  const made = await askFor({
    title: t(`refile_${kind}`), submit: t("act_refile"), wide: true, stale: reload, body: [into.node, reason.node, h("p", { class: "hint" }, t("refileHint"))],
    act: () => send("POST", `${KINDS[kind].path}/${found.id}/refile`,
      { [kind === "file" ? "plan_unit" : "file"]: into.need().id, reason: reason.value() }, { version: found.version }),
  });
  if (made) then();
}
