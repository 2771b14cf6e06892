// The file plan: its editions, its units and what they say; for the registry also their upkeep.
import { $, chip, day, h, moment, number, plural, t } from "/pages/dom.js";
import { ask, json, state } from "/pages/app.js";
import { askFor, done, field, input, keys, may, refused, select, send, textarea } from "/pages/forms.js";
import { forgetUnits, tree, unitsOf } from "/pages/tree.js";

export const VIEW = "view-plan";
export const NAV = "nav-plan";
export const at = (path) => path === "/aktenplan";
export const title = () => t("filePlan");
export const offered = () => Boolean(state.me);

let asked = 0;

export function forget() {
  asked += 1;
  forgetUnits();
  $(VIEW).replaceChildren();
}

const link = (plan, unit) => `#/aktenplan?${new URLSearchParams({ ...(plan ? { plan } : {}), ...(unit ? { unit } : {}) })}`;
const manages = () => may("manage_plan");

export async function show(path, query) {
  const turn = ++asked;
  const place = $(VIEW);
  place.className = "panes tree-list";
  let plans, plan, units;
  try {
    plans = (await json("/file-plans")).items;
    const unit = query.get("unit");
    const home = unit && !query.get("plan") ? (await json(`/plan-units/${encodeURIComponent(unit)}`)).plan : query.get("plan");
    plan = plans.find((one) => one.id === home) ?? plans.filter((one) => one.in_force).at(-1) ?? plans.at(-1);
    units = plan ? await unitsOf(plan.id) : null;
  } catch (error) { if (turn === asked) refused(place, error); return; }
  const reload = (words) => async () => {
    forgetUnits();
    await show(path, query);
    if (words && $("plan-said")) done($("plan-said"), t(words));
  };
  if (turn !== asked) return;
  if (!plan) {
    place.className = "page";
    place.replaceChildren(h("div", { class: "head" }, h("h1", {}, t("filePlan")), importButton(null, reload)),
      h("p", { class: "nothing" }, t(manages() ? "noPlanManager" : "noPlan")), h("div", { id: "plan-said" }));
    return;
  }
  let unit = query.get("unit") ? units.byId.get(query.get("unit")) : null;
  if (query.get("unit") && !unit && units.more) unit = await json(`/plan-units/${encodeURIComponent(query.get("unit"))}`).catch(() => null);
  if (turn !== asked) return;
  if (unit) unit.children ??= [];
  const inTree = Boolean(document.activeElement?.closest(`#${VIEW} .tree`));
  const edition = select(plans.map((one) => [one.id, editionName(one)]), plan.id);
  edition.addEventListener("change", () => { location.hash = link(edition.value); });
  place.replaceChildren(
    h("section", { class: "rail", "aria-labelledby": "plan-tree-title" },
      h("h2", { id: "plan-tree-title" }, h("a", { href: link(plan.id) }, t("filePlan"))),
      plans.length > 1 ? field(t("edition"), edition) : null,
      tree({ plan: units, selected: unit?.id, label: t("filePlan"), href: (one) => link(plan.id, one.id),
        search: async (text) => (await json(`/file-plans/${plan.id}/units?${new URLSearchParams({ q: text })}`)).items })),
    h("section", { class: "list", "aria-labelledby": "plan-title" }, h("div", { id: "plan-said" }),
      unit ? aboutUnit(plan, unit, reload) : aboutEdition(plan, units, reload)));
  if (inTree) place.querySelector(".tree [aria-current]")?.focus();
}

const editionName = (plan) => `${plan.name}, ${plan.edition}`;

// ---- an edition ---------------------------------------------------------------------------

function aboutEdition(plan, units, reload) {
  const retired = units.units.filter((one) => one.retired_at).length;
  const failure = h("div", {});
  const out = (format) => h("button", { type: "button", onclick: async () => {
    failure.replaceChildren();
    try { await save(plan, format); } catch (error) { refused(failure, error); }
  } }, t(`export_${format}`));
  return [
    h("h1", { id: "plan-title", class: "title" }, plan.name),
    h("p", { class: "chips" }, chip(`${t("edition")} ${plan.edition}`), plan.in_force ? chip(t("inForceNow"), "good") : chip(t("notInForce"), "warn")),
    h("dl", {}, h("dt", {}, t("validFrom")), h("dd", {}, day(plan.valid_from)), h("dt", {}, t("validUntil")), h("dd", {}, plan.valid_until ? day(plan.valid_until) : t("noEnd")),
      h("dt", {}, t("units")), h("dd", {}, `${units.more ? "> " : ""}${plural("unitCount", units.units.length)}${retired ? `, ${plural("retiredCount", retired)}` : ""}`)),
    h("div", { class: "actions spaced" }, manages() ? [importButton(plan, reload), h("button", { type: "button", onclick: () => newUnit(plan, null, reload) }, t("newUnit")),
      h("button", { type: "button", onclick: () => changeEdition(plan, reload) }, t("changeEdition"))] : null, out("csv"), out("xdomea")),
    failure,
    h("p", { class: "muted" }, t("pickUnit")),
  ];
}

async function save(plan, format) {
  const response = await ask(`/file-plans/${plan.id}/export?format=${format}`);
  const url = URL.createObjectURL(await response.blob());
  h("a", { href: url, download: `${plan.name} ${plan.edition}.${format === "csv" ? "csv" : "xml"}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function changeEdition(plan, reload) {
  const name = input(plan.name, { maxlength: "200" });
  const edition = input(plan.edition, { maxlength: "200" });
  const from = input(plan.valid_from, { type: "date" });
  const until = input(plan.valid_until, { type: "date" });
  const made = await askFor({
    title: t("changeEdition"), submit: t("save"), stale: reload(),
    body: [field(t("planName"), name), field(t("edition"), edition), field(t("validFrom"), from), field(t("validUntil"), until, t("validUntilHint"))],
    act: () => changed(`/file-plans/${plan.id}`, plan, { name: name.value.trim(), edition: edition.value.trim(), valid_from: from.value, valid_until: until.value || null }),
  });
  if (made) await reload("didChange")();
}

/** Sends what is different, based on what was seen. */
function changed(path, before, now) {
  const body = Object.fromEntries(Object.entries(now).filter(([key, value]) => value !== (before[key] ?? null)));
  if (!Object.keys(body).length) throw new Error(t("nothingChanged"));
  return send("PATCH", path, body, { version: before.version });
}

// ---- import -------------------------------------------------------------------------------

function importButton(plan, reload) {
  return manages() ? h("button", { type: "button", class: "main", id: "plan-import", onclick: () => take(plan, reload) }, t("importPlan")) : null;
}

/** Two steps: what the import would do, then the same in earnest. */
async function take(plan, reload) {
  const key = keys();
  const content = h("input", { type: "file", accept: ".csv,.xml,text/csv,application/xml", "data-first": true });
  const name = input(plan?.name ?? "", { maxlength: "200" });
  const edition = input(plan?.edition ?? "", { maxlength: "200" });
  const from = input("", { type: "date" });
  const retire = h("input", { type: "checkbox" });
  const preview = h("div", { class: "preview", "aria-live": "polite" });
  let seen = null;
  const body = (dry) => {
    const file = content.files[0];
    if (!file) { content.focus(); throw new Error(t("fileMissing")); }
    const said = { name: name.value.trim() || undefined, edition: edition.value.trim() || undefined, valid_from: from.value || undefined, retire_missing: retire.checked, dry_run: dry };
    const form = new FormData();
    form.append("metadata", new Blob([JSON.stringify(said)], { type: "application/json" }));
    form.append("content", new Blob([file], { type: /\.xml$/i.test(file.name) ? "application/xml" : "text/csv" }), file.name);
    return { form, key: key([said, file.name, file.size, file.lastModified]) };
  };
  const ask_ = async (dry) => {
    const { form, key: once } = body(dry);
    const response = await ask("/file-plans/import", { method: "POST", body: form, headers: dry ? {} : { "Idempotency-Key": once } });
    return response.json();
  };
  const look = h("button", { type: "button" }, t("importLook"));
  const failure = h("div", {});
  const go = { button: null };
  const unseen = () => {
    seen = null;
    preview.replaceChildren();
    failure.replaceChildren();
    if (go.button ??= preview.closest("form")?.querySelector(".buttons .main")) go.button.disabled = true;
  };
  for (const control of [content, name, edition, from, retire]) control.addEventListener("change", unseen);
  look.addEventListener("click", async () => {
    unseen();
    try {
      const report = await ask_(true);
      seen = report;
      preview.replaceChildren(...effects(report));
      go.button.disabled = report.nothing_changed;
    } catch (error) { refused(failure, error); }
  });
  const asking = askFor({
    title: t("importPlan"), submit: t("importNow"), wide: true,
    body: [field(t("planFile"), content, t("planFileHint")), h("div", { class: "pair" }, field(t("planName"), name), field(t("edition"), edition)), field(t("validFrom"), from, t("validFromHint")),
      h("label", { class: "check" }, retire, h("span", {}, t("retireMissing"))), h("p", {}, look), failure, preview],
    act: () => { if (!seen) throw new Error(t("lookFirst")); return ask_(false); },
  });
  unseen();
  const report = await asking;
  if (!report) return;
  await reload()();
  if ($("plan-said")) done($("plan-said"), t("didImport", { created: number(report.created), changed: number(report.changed), retired: number(report.retired) }), report.plan ? h("a", { href: link(report.plan) }, editionName(report)) : null);
}

const EFFECT_ROWS_MAX = 300;

function effects(report) {
  const counts = ["created", "changed", "retired", "missing", "unchanged"].filter((one) => report[one]);
  const rows = report.units.filter((one) => one.effect !== "unchanged");
  return [
    h("h3", {}, t("importEffect")),
    h("p", {}, report.nothing_changed ? t("importNothing") : `${report.effect === "created" ? t("importNewEdition", { name: editionName(report), day: day(report.valid_from) }) : t("importIntoEdition", { name: editionName(report) })}`),
    h("p", { class: "chips" }, counts.map((one) => chip(`${t(`effect_${one}`)}: ${number(report[one])}`, { created: "good", changed: "warn", retired: "bad" }[one] ?? ""))),
    rows.length ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("importEffect") }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("code")), h("th", { scope: "col" }, t("effect")), h("th", { scope: "col" }, t("fields")))),
      h("tbody", {}, rows.slice(0, EFFECT_ROWS_MAX).map((one) => h("tr", {}, h("td", { class: "ref" }, one.code), h("td", {}, t(`effect_${one.effect}`)),
        h("td", {}, (one.fields ?? []).map((name) => t(`unit_${name}`)).join(", "))))))) : null,
    rows.length > EFFECT_ROWS_MAX ? h("p", { class: "hint" }, t("andMore", { n: number(rows.length - EFFECT_ROWS_MAX) })) : null,
  ].filter(Boolean);
}

// ---- a unit -------------------------------------------------------------------------------

/** What holds for files of a unit: its own word, or that of the nearest one above. */
function inherited(unit, key) {
  for (let one = unit; one; one = one.above) if (one[key] !== null && one[key] !== undefined) return { value: one[key], from: one === unit ? null : one };
  return { value: null, from: null };
}

function aboutUnit(plan, unit, reload) {
  const kept = inherited(unit, "retention_years");
  const hidden = inherited(unit, "compartment");
  const above = (one) => (one.from ? ` ${t("fromAbove", { code: one.from.code })}` : "");
  const rows = [
    [t("retention"), `${kept.value === null ? t("keptForever") : plural("years", kept.value)}${above(kept)}`],
    [t("unit_transfer_years"), unit.transfer_years === null || unit.transfer_years === undefined ? null : plural("years", unit.transfer_years)],
    [t("unit_disposal"), t(`disposal_${unit.disposal}`)],
    [t("unit_protection"), unit.protection], [t("unit_compartment"), hidden.value ? `${hidden.value}${above(hidden)}` : null],
    [t("unit_legal_basis"), unit.legal_basis], [t("unit_note"), unit.note],
    ...["file_pattern", "case_pattern", "document_pattern"].map((key) => { const one = inherited(unit, key); return [t(`unit_${key}`), one.value ? h("span", {}, h("code", {}, one.value), above(one)) : null]; }),
    [t("retiredSince"), unit.retired_at ? moment(unit.retired_at) : null],
  ];
  const files = h("span", {});
  if (may("read")) json(`/files?${new URLSearchParams({ plan_unit: unit.id, count: "true", limit: "1" })}`).then((found) => { files.textContent = plural("filesFound", found.total); }).catch(() => {});
  return [
    h("h1", { id: "plan-title", class: "title" }, h("span", { class: "ref" }, unit.code), " ", unit.title),
    h("p", { class: "chips" }, unit.retired_at ? chip(t("retired"), "warn") : null, unit.protection ? chip(unit.protection) : null),
    h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    h("div", { class: "actions spaced" },
      manages() ? [h("button", { type: "button", onclick: () => changeUnit(unit, reload) }, t("act_change")), h("button", { type: "button", onclick: () => newUnit(plan, unit, reload) }, t("newUnitBelow")),
        unit.retired_at ? null : h("button", { type: "button", onclick: () => retire(unit, reload) }, t("act_retire"))] : null),
    may("read") ? h("p", {}, h("a", { href: `#/akten?plan_unit=${unit.id}` }, t("seeFiles")), " ", files) : null,
    unit.children.length ? [h("h2", {}, t("unitsBelow")), h("ul", { class: "rows big" }, unit.children.map((child) => h("li", {},
      h("a", { href: link(plan.id, child.id) }, h("span", { class: "ref" }, child.code), " ", child.title),
      h("span", { class: "muted end" }, child.retired_at ? t("retired") : child.retention_years === null || child.retention_years === undefined ? t("keptForever") : plural("years", child.retention_years)))))] : null,
  ];
}

const text = (control) => control.value.trim() || null;
const whole = (control) => (control.value === "" ? null : Number(control.value));

function unitFields(unit) {
  const years = { type: "number", min: "0", max: "110", inputmode: "numeric" };
  const controls = {
    title: input(unit?.title, { maxlength: "1000" }), retention_years: input(unit?.retention_years ?? "", years), transfer_years: input(unit?.transfer_years ?? "", years),
    disposal: select(["A", "B", "V"].map((one) => [one, t(`disposal_${one}`)]), unit?.disposal ?? "B"),
    protection: input(unit?.protection, { maxlength: "200" }), compartment: input(unit?.compartment, { maxlength: "200", spellcheck: "false" }),
    legal_basis: input(unit?.legal_basis, { maxlength: "1000" }), note: textarea(unit?.note, { maxlength: "1000" }),
    file_pattern: input(unit?.file_pattern, { maxlength: "200", spellcheck: "false" }), case_pattern: input(unit?.case_pattern, { maxlength: "200", spellcheck: "false" }), document_pattern: input(unit?.document_pattern, { maxlength: "200", spellcheck: "false" }),
  };
  const value = () => ({
    title: controls.title.value.trim(), retention_years: whole(controls.retention_years), transfer_years: whole(controls.transfer_years), disposal: controls.disposal.value,
    ...Object.fromEntries(["protection", "compartment", "legal_basis", "note", "file_pattern", "case_pattern", "document_pattern"].map((key) => [key, text(controls[key])])),
  });
  const patterns = h("details", {}, h("summary", {}, t("patterns")), ["file_pattern", "case_pattern", "document_pattern"].map((key) => field(t(`unit_${key}`), controls[key])), h("p", { class: "hint" }, t("patternHint")));
  const node = [field(t("unit_title"), controls.title),
    h("div", { class: "pair" }, field(t("retentionYears"), controls.retention_years, t("retentionHint")), field(t("transferYears"), controls.transfer_years)),
    field(t("unit_disposal"), controls.disposal), h("div", { class: "pair" }, field(t("unit_protection"), controls.protection), field(t("unit_compartment"), controls.compartment)),
    field(t("unit_legal_basis"), controls.legal_basis), field(t("unit_note"), controls.note), patterns];
  return { node, value };
}

async function changeUnit(unit, reload) {
  const fields = unitFields(unit);
  const made = await askFor({
    title: `${unit.code} ${unit.title}`, submit: t("save"), wide: true, stale: reload(), body: [fields.node, h("p", { class: "hint" }, t("unitChangeHint"))],
    act: () => changed(`/plan-units/${unit.id}`, unit, fields.value()),
  });
  if (made) await reload("didChange")();
}

async function newUnit(plan, parent, reload) {
  const key = keys();
  const code = input(parent ? `${parent.code}.` : "", { maxlength: "64", spellcheck: "false", "data-first": true });
  const fields = unitFields(null);
  const made = await askFor({
    title: parent ? t("newUnitBelowTitle", { code: parent.code }) : t("newUnit"), submit: t("openNow"), wide: true, body: [field(t("code"), code), fields.node],
    act: () => {
      const body = { code: code.value.trim(), parent: parent?.id ?? null, ...fields.value() };
      return send("POST", `/file-plans/${plan.id}/units`, body, { key: key(body) });
    },
  });
  if (!made) return;
  await reload("didCreateUnit")();
  location.hash = link(plan.id, made.id);
}

async function retire(unit, reload) {
  const made = await askFor({
    title: t("retireTitle", { code: unit.code, title: unit.title }), submit: t("act_retire"), danger: true, stale: reload(), body: h("p", {}, t("retireHint")),
    act: () => send("POST", `/plan-units/${unit.id}/retire`, undefined, { version: unit.version }),
  });
  if (made) await reload("didRetire")();
}
