// What documents say in the fields of their types: shown with labels, filled in by the rules of the house.
import { day, h, locale, t } from "/pages/dom.js";
import { json } from "/pages/app.js";
import { askFor, field as labelled, input, select, send } from "/pages/forms.js";

let known = null;

/** Types and fields are asked for once; who signs in next asks again. */
export const forgetFields = () => { known = null; };

/** All types and fields of the house. */
async function all() {
  known ??= Promise.all([json("/document-types"), json("/fields")]).then(([types, fields]) => ({ types: types.items, fields: fields.items }));
  try { return await known; } catch (error) { known = null; throw error; }
}

const TARGETS = { file: "#/akten/", case: "#/vorgaenge/", document: "#/?doc=" };

/** A value as people read it. */
function inWords(rule, value) {
  if (value === true || value === false) return t(value ? "fieldYes" : "fieldNo");
  if (value?.amount !== undefined) {
    const [whole, part = ""] = value.amount.split(".");
    // An amount is text from end to end: a number of the browser would round it.
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, locale() === "de-DE" ? "." : ",");
    return `${grouped}${locale() === "de-DE" ? "," : "."}${part} ${value.currency ?? ""}`;
  }
  if (typeof value === "object" && !Array.isArray(value)) {
    const [target, id] = Object.entries(value)[0] ?? [];
    return TARGETS[target] ? h("a", { href: `${TARGETS[target]}${id}` }, t(`one_${target}`)) : id;
  }
  const label = (code) => rule?.entries?.find((one) => one.code === code)?.label ?? code;
  if (Array.isArray(value)) return value.map(label).join(", ");
  return rule?.kind === "date" ? day(value) : label(value);
}

/** A place that fills itself with what stands in the fields of a document. */
export function fieldList(found) {
  const place = h("dl", {});
  const said = Object.entries(found.fields ?? {});
  if (!said.length) return null;
  all().catch(() => ({ types: [], fields: [] })).then(({ types, fields }) => {
    const order = types.find((one) => one.code === found.type)?.fields.map((one) => one.field) ?? [];
    const at = (code) => (order.includes(code) ? order.indexOf(code) : order.length);
    said.sort(([one], [other]) => at(one) - at(other) || one.localeCompare(other));
    place.replaceChildren(...said.flatMap(([code, value]) => {
      const rule = fields.find((one) => one.code === code);
      return [h("dt", {}, rule?.label ?? code), h("dd", {}, inWords(rule, value))];
    }));
  });
  return place;
}

/** A control for a field, and how it is read again: null is no value. */
function control(rule, value) {
  const open = (rule.entries ?? []).filter((one) => !one.retired || one.code === value || (Array.isArray(value) && value.includes(one.code)));
  if (rule.kind === "yes_no") {
    const choice = select([["", t("fieldEmpty")], ["true", t("fieldYes")], ["false", t("fieldNo")]], value === undefined ? "" : String(value));
    return [choice, () => (choice.value === "" ? null : choice.value === "true")];
  }
  if (rule.kind === "choice" && rule.many) {
    const choice = h("select", { multiple: true }, open.map((one) => h("option", { value: one.code, selected: (value ?? []).includes(one.code) }, one.label)));
    return [choice, () => { const chosen = [...choice.selectedOptions].map((one) => one.value); return chosen.length ? chosen : null; }];
  }
  if (rule.kind === "choice") {
    const choice = select([["", t("fieldEmpty")], ...open.map((one) => [one.code, one.label])], value ?? "");
    return [choice, () => choice.value || null];
  }
  const shown = value?.amount ?? (typeof value === "object" && value ? Object.values(value)[0] : value) ?? "";
  const exact = (text) => (text.includes(",") ? text.replaceAll(".", "").replace(",", ".") : text);
  const decimal = rule.kind === "money" || rule.kind === "number";
  const line = input(decimal && locale() === "de-DE" ? shown.replace(".", ",") : shown,
    { type: rule.kind === "date" ? "date" : "text", maxlength: rule.max_length ? String(rule.max_length) : null, inputmode: decimal ? "decimal" : null });
  return [line, () => (line.value.trim() === "" ? null : decimal ? exact(line.value.trim()) : line.value.trim())];
}

/** Whether two values are the same, however they are written. */
const same = (one, other) => JSON.stringify(one?.amount ?? one ?? null) === JSON.stringify(other?.amount ?? other ?? null);

/** Fills in the fields of a document. */
export async function fillIn(found, after) {
  const { types, fields } = await all();
  const type = types.find((one) => one.code === found.type);
  const carried = (type?.fields ?? []).map((one) => ({ ...one, rule: fields.find((rule) => rule.code === one.field) }))
    .filter((one) => one.rule && !one.rule.retired_at);
  const controls = carried.map(({ field, required, rule }) => {
    const [node, read] = control(rule, found.fields[field]);
    const hint = [rule.description, rule.currency, rule.kind === "reference" ? t(`one_${rule.target}`) : null].filter(Boolean).join(" · ");
    return { field, read, node: labelled(required ? t("fieldRequired", { label: rule.label }) : rule.label, node, hint || null) };
  });
  const changed = await askFor({
    title: t("fillFields"), submit: controls.length ? t("save") : null,
    body: controls.length ? controls.map((one) => one.node) : [h("p", {}, t("noFields"))],
    act: () => {
      const said = {};
      for (const { field, read } of controls) {
        const value = read();
        const before = found.fields[field];
        const plain = before && typeof before === "object" && !Array.isArray(before) && before.amount === undefined ? Object.values(before)[0] : before;
        if (!same(value, plain)) said[field] = value;
      }
      return send("PATCH", `/documents/${found.id}`, { fields: said }, { version: found.version });
    },
  });
  if (changed) after("fields", changed);
}
