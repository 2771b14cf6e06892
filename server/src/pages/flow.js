// What all pages of workflows share: asking in one's own name or in another's stead, who is who, and when something is due.
import { chip, day, h, language, locale, plural, t } from "/pages/dom.js";
import { ask, departmentName, json } from "/pages/app.js";

/** In whose stead one looks and acts: a login, or nobody. */
const stead = { login: null, functions: null, definitions: new Map() };

export const steadOf = () => stead.login;
export function standInFor(login) { stead.login = login || null; }

/** Forgets whom the person before stood in for, and what was called how. */
export function forgetFlows() {
  Object.assign(stead, { login: null, functions: null });
  stead.definitions.clear();
}

const headers = (more = {}) => (stead.login ? { ...more, "Papierlos-On-Behalf-Of": stead.login } : more);

/** Reads something of workflows. */
export const look = (path) => json(path, { headers: headers() });

/** All entries of a list of workflows, page by page. */
export async function lookAll(path, asked = {}, max = 2000) {
  const items = [];
  let cursor = null;
  do {
    const page = await look(`${path}?${new URLSearchParams({ limit: "100", ...asked, ...(cursor ? { cursor } : {}) })}`);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < max);
  return { items };
}

/** Does something with workflows. `key` lets it be repeated, `version` is what it is based on; a form is sent as it is. */
export async function act(path, body, { key, version, method = "POST", answered } = {}) {
  const plain = body === undefined || body instanceof FormData;
  const more = plain ? {} : { "Content-Type": "application/json" };
  if (key) more["Idempotency-Key"] = key;
  if (version) more["If-Match"] = `"v${version}"`;
  const response = await ask(path, { method, headers: headers(more), body: plain ? body : JSON.stringify(body) });
  answered?.(response.status);
  return response.status === 204 ? null : response.json();
}

/** What a button does that asks first, without the dots that say so. */
export const plainly = (text) => text.replace(/ …$/, "");

/** What was written in German, and maybe in English. */
export const inTongue = (words) => (typeof words === "string" ? words : words?.[language] ?? words?.de ?? "");

/** Whether a version holds, or held until it was retired; what was turned down never did. */
const held = (one) => one.state === "active" || (one.state === "retired" && (one.shipped || one.approved_by.length > 1));
/** Of each definition the version by which something begins: the newest that ever held. Where that is retired, none is. */
export const holding = (items) => items.filter(held).filter((one, at, all) => all.findIndex((other) => other.id === one.id) === at).filter((one) => one.state === "active");

/** A definition with its states and fields; a version never changes. */
export async function definitionOf(id, version) {
  const key = `${id} ${version ?? ""}`;
  if (!stead.definitions.has(key)) stead.definitions.set(key, look(`/workflow-definitions/${encodeURIComponent(id)}${version ? `?version=${version}` : ""}`));
  try { return await stead.definitions.get(key); } catch (error) { stead.definitions.delete(key); throw error; }
}

/** The functions of the house; asked for once. */
export async function functions() {
  stead.functions ??= json("/functions").then((page) => page.items);
  try { return await stead.functions; } catch { stead.functions = null; return []; }
}

// ---- who ----------------------------------------------------------------------------------

/** `known` are the functions of the house: a step names them by their short names. */
const functionName = (code, known) => known.find((one) => one.code === code)?.name ?? code;

/** Somebody who is asked or did something, in words. */
export function whoInWords(one, known = []) {
  if (!one) return "";
  const [kind, code, department] = one.who.split(":");
  const named = {
    function: () => functionName(code, known), role: () => `${t(code)}${department ? ` ${departmentName(department)}` : ""}`,
    anybody: () => t("flowAnybody"), system: () => t("system"),
  };
  const name = one.name ?? named[kind]?.() ?? one.who;
  const more = [one.on_behalf_of ? t("flowInStead", { name: one.on_behalf_of }) : null, one.function ? functionName(one.function, known) : null].filter(Boolean);
  return more.length ? `${name}, ${more.join(", ")}` : name;
}

export const namesOf = (all, known) => all.map((one) => whoInWords(one, known)).join(", ");

// ---- when ---------------------------------------------------------------------------------

const DAY = 86_400_000;
const civil = (date) => new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Berlin" }).format(date);
/** The day of an instant, by the clocks of Germany; a day stays what it is. */
export const dayOf = (text) => (text.length > 10 ? civil(new Date(text)) : text);
/** Today by the clocks of Germany. */
export const today = () => civil(new Date());
const daysTo = (text) => Math.round((Date.parse(text) - Date.parse(today())) / DAY);

/** When something is due, in words, and how much that presses. */
export function dueInWords(on, overdue) {
  if (!on) return null;
  const left = daysTo(on);
  if (overdue) return { words: left < 0 ? plural("flowOverdueDays", -left) : t("flowOverdue"), colour: "bad" };
  if (left <= 0) return { words: t("flowDueToday"), colour: "warn" };
  if (left === 1) return { words: t("flowDueTomorrow"), colour: "warn" };
  const weekday = new Date(`${on}T12:00:00`).toLocaleDateString(locale(), { weekday: "short" });
  return { words: t("flowDueOn", { day: `${weekday} ${day(on)}` }), colour: "" };
}

/** The same as a badge: the words say it, the colour only repeats it. */
export function dueChip(on, overdue) {
  const due = dueInWords(on, overdue);
  return due && chip(due.words, due.colour);
}

// ---- where --------------------------------------------------------------------------------

export const flowAddress = (id, step) => `#/umlaeufe/${id}${step ? `?step=${step}` : ""}`;
export const caseAddress = (id) => `#/vorgaenge/${id}`;

/** A link that is read out with what it leads to. */
export const caseLink = (one) => h("a", { href: caseAddress(one.id), class: "ref" }, one.reference);
