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

/** What divides thousands, and what stands before the decimals. */
const marks = () => (locale() === "de-DE" ? [".", ","] : [",", "."]);

/** An exact number as people read it. It is text from end to end: a number of the browser would round it. */
export function written(exact) {
  const [whole, part] = exact.split(".");
  const [thousands, point] = marks();
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thousands);
  return part === undefined ? grouped : `${grouped}${point}${part}`;
}

/** A number as people type it, exactly. What is none stays as it is: the house refuses it. */
export function typed(text) {
  const [thousands, point] = marks();
  const [whole, ...parts] = text.replace(/\s/g, "").replace(/^[−–]/, "-").split(point);
  const groups = whole.split(thousands);
  const grouped = /^-?\d{1,3}$/.test(groups[0]) && groups.slice(1).every((group) => /^\d{3}$/.test(group));
  return [grouped ? groups.join("") : whole, ...parts].join(".");
}

/** A value as people read it. */
function inWords(rule, value) {
  if (value === true || value === false) return t(value ? "fieldYes" : "fieldNo");
  if (value?.amount !== undefined) return `${written(value.amount)} ${value.currency ?? ""}`;
  if (typeof value === "object" && !Array.isArray(value)) {
    const [target, id] = Object.entries(value)[0] ?? [];
    return TARGETS[target] ? h("a", { href: `${TARGETS[target]}${id}` }, t(`one_${target}`)) : id;
  }
  const label = (code) => rule?.entries?.find((one) => one.code === code)?.label ?? code;
  if (Array.isArray(value)) return value.map(label).join(", ");
  if (rule?.kind === "number") return written(value);
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
  const chosen = [].concat(value ?? []);
  const open = (rule.entries ?? []).filter((one) => !one.retired || chosen.includes(one.code));
  if (rule.kind === "yes_no") {
    const choice = select([["", t("fieldEmpty")], ["true", t("fieldYes")], ["false", t("fieldNo")]], value === undefined ? "" : String(value));
    return [choice, () => (choice.value === "" ? null : choice.value === "true")];
  }
  if (rule.kind === "choice" && rule.many) {
    const choice = h("select", { multiple: true }, open.map((one) => h("option", { value: one.code, selected: chosen.includes(one.code) }, one.label)));
    return [choice, () => { const now = [...choice.selectedOptions].map((one) => one.value); return now.length ? now : null; }];
  }
  if (rule.kind === "choice") {
    const choice = select([["", t("fieldEmpty")], ...open.map((one) => [one.code, one.label])], value ?? "");
    return [choice, () => choice.value || null];
  }
  const shown = value?.amount ?? (typeof value === "object" && value ? Object.values(value)[0] : value) ?? "";
  const decimal = rule.kind === "money" || rule.kind === "number";
  const line = input(decimal ? shown.replace(".", marks()[1]) : shown,
    { type: rule.kind === "date" ? "date" : "text", maxlength: rule.max_length ? String(rule.max_length) : null, inputmode: decimal ? "decimal" : null });
  return [line, () => (line.value.trim() === "" ? null : decimal ? typed(line.value) : line.value.trim())];
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
        if (!same(value, Array.isArray(value) ? [].concat(plain ?? []) : plain)) said[field] = value;
      }
      return send("PATCH", `/documents/${found.id}`, { fields: said }, { version: found.version });
    },
  });
  if (changed) after("fields", changed);
}
