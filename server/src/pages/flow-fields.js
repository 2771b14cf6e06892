// What a workflow asks: a control for each kind of field, people and functions found by typing, and what is wrong beside
// the field where it is wrong.
import { day, fill, folded, h, locale, t } from "/pages/dom.js";
import { departmentName, json } from "/pages/app.js";
import { typed, written } from "/pages/fields.js";
import { field, input, may, picker, select, textarea } from "/pages/forms.js";
import { functions, inTongue, look, whoInWords } from "/pages/flow.js";

const PICKED_MAX = 12;

// ---- who ----------------------------------------------------------------------------------

/** Those to whom a document of the case could be handed on: they are who can be asked. `documents` are those of the case. */
function peopleOf(documents) {
  let known = null;
  return () => {
    known ??= (async () => {
      // Whoever may not hand on is not told; nobody is refused for having typed a name.
      const one = documents.find((document) => may("route", document.department));
      const found = one && await json(`/documents/${one.id}/recipients`).catch(() => null);
      return (found?.items ?? []).flatMap((unit) => unit.people.map((person) => ({ ...person, place: unit.name })));
    })();
    return known;
  };
}

/** Whom a workflow can ask, found by typing: functions, people, and a login that is known by heart. */
export function whoPicker(label, documents, { hint, chosen, value } = {}) {
  const people = peopleOf(documents);
  const pick = picker({
    label, hint, chosen, later: true, empty: t("flowNobodyFits"),
    load: async (text) => {
      const [known, all] = await Promise.all([people(), functions()]);
      const words = folded(text).split(/\s+/).filter(Boolean);
      const fits = (one) => words.every((word) => folded(one).includes(word));
      const found = [
        ...known.filter((one) => fits(`${one.name} ${one.login} ${one.place}`)).map((one) => ({ id: one.login, label: one.name, note: one.place })),
        ...all.filter((one) => fits(`${one.name} ${one.code}`))
          .map((one) => ({ id: `function:${one.code}`, label: one.name, note: one.department ? departmentName(one.department) : t("one_function") })),
      ].filter((one, at, list) => list.findIndex((other) => other.id === one.id) === at).slice(0, PICKED_MAX);
      // Whoever may not know who works elsewhere may still know a login.
      const login = text.trim().toLowerCase();
      if (/^[a-z0-9][a-z0-9._-]+$/.test(login) && !found.some((one) => one.id === login)) found.push({ id: login, label: login, note: t("flowAsLogin") });
      return found;
    },
  });
  if (value) functions().then((known) => { if (!pick.control.value) pick.preset({ id: value, label: whoInWords({ who: value }, known) }); });
  return pick;
}

/** Several of them: each that is picked joins a list, from which it can be taken again. */
export function whosPicker(label, documents, { hint, value = [] } = {}) {
  const taken = new Map();
  const list = h("ul", { class: "rows", "aria-label": t("flowPicked", { what: label }) });
  let pick = null;
  const draw = () => fill(list, [...taken].map(([id, name]) => h("li", {}, h("span", {}, name), h("button", {
    type: "button", class: "small end", "aria-label": `${t("flowTakeOut")}: ${name}`, onclick: () => { taken.delete(id); draw(); pick.control.focus(); },
  }, t("flowTakeOut")))));
  pick = whoPicker(label, documents, { hint, chosen: (one) => {
    taken.set(one.id, one.label);
    draw();
    // Ready for the next one.
    setTimeout(() => {
      pick.control.value = "";
      pick.control.dispatchEvent(new Event("input"));
    });
  } });
  functions().then((known) => { for (const one of value) taken.set(one, whoInWords({ who: one }, known)); draw(); });
  return { node: h("div", {}, pick.node, list), control: pick.control, values: () => [...taken.keys()] };
}

// ---- values -------------------------------------------------------------------------------

/** A value as people read it. */
export function valueInWords(rule, value, known, documents = []) {
  if (value === true || value === false) return t(value ? "fieldYes" : "fieldNo");
  if (Array.isArray(value)) return value.map((one) => whoInWords({ who: one }, known)).join(", ");
  const kind = rule?.kind;
  if (kind === "money") return `${written(value)} €`;
  if (kind === "number") return Number(value).toLocaleString(locale());
  if (kind === "day") return day(value);
  if (kind === "choice") return inTongue(rule.entries.find((one) => one.value === value)?.label ?? value);
  if (kind === "who") return whoInWords({ who: value }, known);
  if (kind === "document") return h("a", { href: `#/?doc=${value}` }, documents.find((one) => one.id === value)?.title ?? t("one_document"));
  return String(value);
}

/** A control, and how it is read again: undefined is no value. */
function controlOf(rule, label, value, documents) {
  const of = (control, read) => ({ control, read, node: field(label, control) });
  if (rule.kind === "yes_no") {
    const choice = select([["", t("fieldEmpty")], ["true", t("fieldYes")], ["false", t("fieldNo")]], value === undefined ? "" : String(value));
    return of(choice, () => (choice.value === "" ? undefined : choice.value === "true"));
  }
  if (rule.kind === "choice") {
    const choice = select([["", t("fieldEmpty")], ...(rule.entries ?? []).map((one) => [one.value, inTongue(one.label)])], value ?? "");
    return of(choice, () => choice.value || undefined);
  }
  if (rule.kind === "document") {
    const choice = select([["", t("fieldEmpty")], ...documents.map((one) => [one.id, documentName(one)])], value ?? "");
    return of(choice, () => choice.value || undefined);
  }
  if (rule.kind === "who") {
    const pick = whoPicker(label, documents, { value });
    return { control: pick.control, node: pick.node, read: () => pick.value?.id };
  }
  if (rule.kind === "whos") {
    const picks = whosPicker(label, documents, { value });
    return { control: picks.control, node: picks.node, read: () => (picks.values().length ? picks.values() : undefined) };
  }
  if (rule.kind === "text") {
    const line = textarea(value ?? "", { rows: "2", maxlength: "4000" });
    return of(line, () => line.value.trim() || undefined);
  }
  const money = rule.kind === "money";
  const shown = money && value !== undefined ? written(value) : value ?? "";
  const line = input(shown, { type: { day: "date", time: "time" }[rule.kind] ?? "text", inputmode: money ? "decimal" : rule.kind === "number" ? "numeric" : null });
  return of(line, () => {
    const said = line.value.trim();
    if (!said) return undefined;
    if (money) return cents(typed(said.replace("€", "").trim()));
    return rule.kind === "number" && /^-?\d+$/.test(typed(said)) ? Number(typed(said)) : said;
  });
}

/** An amount with both decimals, where it is one; else as it is: the house refuses it. */
const cents = (text) => (/^-?\d+$/.test(text) ? `${text}.00` : /^-?\d+\.\d$/.test(text) ? `${text}0` : text);

/** A document as it is offered. */
export const documentName = (one) => [one.title, one.reference, day(one.document_date)].filter(Boolean).join(" · ");

/**
 * A field that is asked. `rule` is as the definition has it, `hint` what is said below; `complain` shows what is wrong
 * with it at the field itself.
 */
export function flowField(rule, { required = false, value, documents = [], hint } = {}) {
  const label = required ? t("flowRequired", { label: inTongue(rule.label) }) : inTongue(rule.label);
  const self = controlOf(rule, label, value, documents);
  const { control } = self;
  if (hint) {
    control.parentElement.append(h("p", { class: "hint", id: `${control.id}-about` }, hint));
    control.setAttribute("aria-describedby", `${control.id}-about`);
  }
  return { ...self, key: rule.key, required, ...complaining(control) };
}

/** The place for what is wrong with a control, told together with it. */
export function complaining(control) {
  const fault = h("p", { class: "error", id: `${control.id}-fault` });
  const before = control.getAttribute("aria-describedby");
  control.parentElement.append(fault);
  return {
    complain: (text) => {
      fault.textContent = text ?? "";
      if (text) control.setAttribute("aria-invalid", "true"); else control.removeAttribute("aria-invalid");
      const described = [before, text ? fault.id : null].filter(Boolean).join(" ");
      if (described) control.setAttribute("aria-describedby", described); else control.removeAttribute("aria-describedby");
    },
  };
}

/**
 * Shows a refusal: what is wrong with a field beside it, the rest at `failure`. `asked` are the fields by their pointers.
 * The first that is wrong is ready to be typed in; tells whether there is one.
 */
export function showFaults(error, asked, failure) {
  const rest = [];
  let first = null;
  for (const fault of error.faults ?? []) {
    const one = asked.find((known) => known.pointer === (fault.pointer ?? ""));
    if (!one) { rest.push(fault.detail); continue; }
    one.complain(fault.detail);
    first ??= one;
  }
  fill(failure, h("p", {}, first ? t("flowFaults") : error.said ?? error.message), rest.length ? h("ul", { class: "plain-list" }, rest.map((text) => h("li", {}, text))) : null);
  first?.control.focus();
  return Boolean(first);
}

/** The documents of a case, as far as they are shown to whoever asks. */
export const documentsOf = async (id) => (await look(`/documents?case=${id}&order=oldest&limit=100`).catch(() => ({ items: [] }))).items.filter((one) => one.state !== "discarded");
