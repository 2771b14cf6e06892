// Forms: which there are, and one to fill in. What the case says stands in its fields; what is missing is asked for,
// with what is wrong beside the field.
import { $, fill, h, say, t } from "/pages/dom.js";
import { ask, departmentName, json, state, where } from "/pages/app.js";
import { departmentChoice, field, input, keys, may, placesFor, refused, select, send, textarea } from "/pages/forms.js";
import { crumbs } from "/pages/record.js";

export const VIEW = "view-forms";
export const NAV = "nav-forms";
const HOME = "/formulare";
const INSIDE = /^\/formulare\/([a-z][a-z0-9-]*)$/;
export const at = (path) => path === HOME || INSIDE.test(path);
export const title = () => (where().path === HOME ? null : now.title) ?? t("forms");
export const offered = () => Boolean(state.me) && may("receive");

const now = { turn: 0, title: null };

export function forget() {
  Object.assign(now, { turn: now.turn + 1, title: null });
  $(VIEW).replaceChildren();
}

// What was typed belongs to whoever typed it, on this page.
addEventListener("hashchange", () => { if (!at(where().path)) now.turn += 1; });

/** Words of a form: in simple words where they are wanted and there. */
const told = (words, simple) => (simple && words["de-simple"]) || words.de;

export async function show(path, query) {
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  const place = $(VIEW);
  place.className = "page";
  const inside = path.match(INSIDE);
  const wanted = query.get("case");
  try {
    const [found, about] = await Promise.all([inside ? json(`/forms/${inside[1]}`) : json("/forms"), wanted ? json(`/cases/${wanted}`) : null]);
    if (!fresh()) return;
    if (inside) one(place, found, about, fresh);
    else list(place, found.items, about);
  } catch (error) { if (fresh()) refused(place, error); }
}

const inCase = (about) => (about ? h("p", { class: "muted" }, t("formForCase"), " ", h("a", { href: `#/vorgaenge/${about.id}` }, `${about.reference} ${about.subject}`)) : null);

function list(place, forms, about) {
  const query = about ? `?case=${about.id}` : "";
  fill(place, h("h1", { id: "forms-title", tabindex: "-1" }, t("forms")), inCase(about), h("p", { class: "muted" }, t("formsHint")),
    forms.length ? h("ul", { class: "rows big", id: "forms-items" }, forms.map((form) => h("li", {},
      h("a", { href: `#${HOME}/${form.id}${query}` }, form.title.de),
      h("span", { class: "muted" }, [form.document_type, t("formVersion", { n: form.version }), form.sample ? t("formSample") : null].filter(Boolean).join(" · ")))))
      : h("p", { class: "nothing" }, t("noForms")));
}

// ---- one form -----------------------------------------------------------------------------

/** What the page knows of the case as the server does; what it does not is found there, if it is left blank. */
function known(about) {
  const today = new Date();
  const two = (n) => String(n).padStart(2, "0");
  return {
    "case.reference": about?.reference, "case.subject": about?.subject, "case.type": about?.type, "case.opened_on": about?.opened_on,
    "file.reference": about?.file.reference, "department.name": about ? departmentName(about.department) : undefined,
    "clerk.name": state.me.name, today: `${today.getFullYear()}-${two(today.getMonth() + 1)}-${two(today.getDate())}`,
  };
}

function control(one, simple, value) {
  if (one.kind === "choice") return select([["", t("formChoose")], ...one.entries.map((entry) => [entry.value, told(entry.label, simple)])], value);
  if (one.kind === "yes-no") return select([["", t("formChoose")], ["yes", t("formYes")], ["no", t("formNo")]], value);
  if (one.kind === "date") return input(value, { type: "date", min: "1500-01-01", max: "2200-12-31" });
  if (one.kind === "number") return input(value, { inputmode: one.decimals ? "decimal" : "numeric", maxlength: "24" });
  return (one.lines ?? 1) > 1 ? textarea(value, { maxlength: String(one.chars_max), rows: String(Math.min(one.lines, 8)) }) : input(value, { maxlength: String(one.chars_max) });
}

/** A field with its label, its hint, and a place for what is wrong with it. */
function asked(one, simple, prefilled, kept) {
  const value = kept ?? prefilled ?? "";
  const input = control(one, simple, value);
  const hints = [one.hint ? told(one.hint, simple) : null, one.unit ? t("formUnit", { unit: one.unit }) : null,
    one.from && !prefilled ? t("formFound") : null].filter(Boolean).join(" ");
  const label = `${told(one.label, simple)}${one.required && !(one.from && !prefilled) ? ` (${t("formRequired")})` : ""}`;
  const node = field(label, input, hints || undefined);
  const wrong = h("p", { class: "error", id: `${input.id}-wrong`, hidden: true });
  node.append(wrong);
  return {
    one, input, node, prefilled,
    complain(text) {
      wrong.textContent = text ?? "";
      wrong.hidden = !text;
      if (text) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
      const described = [hints ? `${input.id}-hint` : null, text ? wrong.id : null].filter(Boolean).join(" ");
      if (described) input.setAttribute("aria-describedby", described); else input.removeAttribute("aria-describedby");
    },
  };
}

function one(place, form, about, fresh) {
  now.title = form.title.de;
  document.title = `${now.title} – Papierlos`;
  const key = keys();
  const prefill = known(about);
  const failure = h("div", { class: "error", role: "alert" });
  const said = h("p", { role: "status" });
  const tongue = form.languages.length > 1 ? select(form.languages.map((code) => [code, t(code === "de" ? "formGerman" : "formSimple")])) : null;
  const department = about ? null : departmentChoice("receive");
  const rows = h("div", {});
  let fields = [];
  const holds = (when) => {
    const other = fields.find((each) => each.one.key === when.field);
    return Boolean(other) && !other.node.hidden && other.input.value === when.is;
  };
  const update = () => { for (const each of fields) each.node.hidden = Boolean(each.one.when) && !holds(each.one.when); };
  const build = () => {
    const simple = tongue?.value === "de-simple";
    const kept = new Map(fields.map((each) => [each.one.key, each.input.value]));
    fields = form.fields.map((each) => asked(each, simple, each.from ? prefill[each.from] : undefined, kept.get(each.key)));
    for (const each of fields) each.input.addEventListener("change", update);
    fill(rows, fields.map((each) => each.node));
    update();
  };
  /** What is said: what stands there as it was found need not be. */
  const body = () => {
    const values = {};
    for (const { one: each, input: { value }, node, prefilled } of fields) {
      if (node.hidden || !value.trim() || (prefilled && value === prefilled)) continue;
      values[each.key] = each.kind === "yes-no" ? value === "yes" : value;
    }
    return { version: form.version, language: tongue?.value ?? "de", ...(about ? { case: about.id } : { department: department.value }), values };
  };
  const attempt = (button, act) => async () => {
    failure.replaceChildren();
    for (const each of fields) each.complain(null);
    button.disabled = true;
    try { await act(); } catch (error) { if (fresh()) complain(error); }
    button.disabled = false;
  };
  const complain = (error) => {
    const rest = [];
    let first = null;
    for (const fault of error.faults ?? []) {
      const name = (fault.pointer ?? "").match(/^\/values\/(.+)$/)?.[1];
      const each = fields.find((other) => other.one.key === name && !other.node.hidden);
      if (!each) { rest.push(fault.detail); continue; }
      each.complain(fault.detail);
      first ??= each;
    }
    fill(failure, h("p", {}, first ? t("formFaults") : (error.said ?? error.message)), rest.length ? h("ul", { class: "plain-list" }, rest.map((text) => h("li", {}, text))) : null);
    first?.input.focus();
  };
  const preview = h("button", { type: "button", "data-act": "previewForm" }, t("formPreview"));
  const make = h("button", { type: "submit", class: "main", "data-act": "makeForm" }, t("formMake"));
  preview.addEventListener("click", attempt(preview, async () => {
    const response = await ask(`/forms/${form.id}/preview`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body()) });
    const url = URL.createObjectURL(await response.blob());
    if (!fresh()) { URL.revokeObjectURL(url); return; }
    // A window that opens after waiting is held back by browsers; a link is not.
    fill(said, h("a", { href: url, target: "_blank", id: "form-preview" }, t("formPreviewReady")));
    say(t("formPreviewReady"));
    setTimeout(() => URL.revokeObjectURL(url), 600_000);
    $("form-preview").focus();
  }));
  const filing = attempt(make, async () => {
    const wanted = body();
    const made = await send("POST", `/forms/${form.id}/documents`, wanted, { key: key(wanted) });
    say(t("formMade"));
    if (fresh()) location.hash = `#/?doc=${made.id}`;
  });
  tongue?.addEventListener("change", build);
  build();
  fill(place, crumbs([[t("forms"), `#${HOME}${about ? `?case=${about.id}` : ""}`]]),
    h("h1", { id: "form-title", tabindex: "-1" }, form.title.de), inCase(about),
    h("p", { class: "muted" }, [form.legal_basis.join("; "), form.sample ? t("formSample") : null].filter(Boolean).join(" · ")),
    h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); if (!make.disabled) filing(); } },
      tongue ? field(t("formLanguage"), tongue) : null,
      department && placesFor("receive").length > 1 ? field(t("department"), department) : null,
      rows, failure, said, h("div", { class: "buttons" }, make, preview)));
  $("form-title").focus({ preventScroll: true });
}
