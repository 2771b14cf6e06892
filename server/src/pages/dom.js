// What every page needs: words in the reader's language, elements, numbers and days.
import { words as common } from "/pages/words.js";
import { words as beside } from "/pages/words-beside.js";
import { words as flow } from "/pages/words-flow.js";
import { words as people } from "/pages/words-people.js";
import { words as registry } from "/pages/words-registry.js";
import { words as tablet } from "/pages/words-tablet.js";
import { words as tasks } from "/pages/words-tasks.js";
import { words as withheld } from "/pages/words-withheld.js";

export const words = {
  de: { ...common.de, ...registry.de, ...beside.de, ...people.de, ...tablet.de, ...withheld.de, ...flow.de, ...tasks.de },
  en: { ...common.en, ...registry.en, ...beside.en, ...people.en, ...tablet.en, ...withheld.en, ...flow.en, ...tasks.en },
};
export let language = localStorage.getItem("language") === "en" ? "en" : "de";

export function speakNow(wanted) {
  language = wanted;
  localStorage.setItem("language", language);
}

export const $ = (id) => document.getElementById(id);
export const t = (key, values = {}) =>
  (words[language][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
export const plural = (key, n) => t(n === 1 ? `${key}One` : `${key}Many`, { n: number(n) });
export const locale = () => (language === "en" ? "en-GB" : "de-DE");
export const number = (n) => n.toLocaleString(locale());
/** As a search folds a text: without case, ä = ae, ß = ss. */
export const folded = (text) => text.toLowerCase().replaceAll("ä", "ae").replaceAll("ö", "oe").replaceAll("ü", "ue").replaceAll("ß", "ss");

export const day = (text) =>
  text ? new Date(`${text}T12:00:00`).toLocaleDateString(locale(), { day: "2-digit", month: "2-digit", year: "numeric" }) : "";
export const moment = (text) =>
  new Date(text).toLocaleString(locale(), { day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit" });

export function bytes(count) {
  const units = ["B", "KB", "MB", "GB"];
  let at = 0;
  while (count >= 1000 && at < units.length - 1) { count /= 1000; at += 1; }
  return `${count.toLocaleString(locale(), { maximumFractionDigits: at ? 1 : 0 })} ${units[at]}`;
}

/** An element with attributes and children; text becomes text nodes. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Puts children in place of those that are there; what is nothing is left out. */
export const fill = (element, ...children) =>
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));

export const pieces = (list) => list.map((piece) => (piece.mark ? h("mark", {}, piece.text) : piece.text));
export const plain = (list) => list.map((piece) => piece.text).join("");
export const say = (text) => { $("live").textContent = text; };

/** A chip: a state in a word and a colour. */
export const chip = (text, colour = "") => h("span", { class: `chip ${colour}` }, text);

/** A button that puts a text into the clipboard. */
export function copier(text, name) {
  const button = h("button", { type: "button", class: "plain", "aria-label": name, onclick: async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = t("copied");
    say(t("copied"));
  } }, t("copy"));
  return button;
}
