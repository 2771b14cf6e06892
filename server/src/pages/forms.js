// Asking and sending: dialogs, fields, lists to pick from, and changes that say what they are based on.
import { h, language, say, t, words } from "/pages/dom.js";
import { ask, departmentName, json, state } from "/pages/app.js";

let ids = 0;
const fresh = (what) => `${what}-${++ids}`;

/** Whether the person may do this in the department; without one, anywhere. */
export const may = (right, department) =>
  state.departments.some((one) => (!department || one.slug === department) && (one.may ?? []).includes(right));

/** The departments in which the person may do this. */
export const placesFor = (right) => state.departments.filter((one) => (one.may ?? []).includes(right));

/** Sends a change. `version` is what it is based on, `key` lets it be repeated. */
export async function send(method, path, body, { version, key } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (version) headers["If-Match"] = `"v${version}"`;
  if (key) headers["Idempotency-Key"] = key;
  const response = await ask(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  return response.status === 204 ? null : response.json();
}

/** Keys for sending the same thing twice: the same body, the same key. */
export function keys() {
  const known = new Map();
  return (body) => {
    const text = JSON.stringify(body);
    if (!known.has(text)) known.set(text, crypto.randomUUID());
    return known.get(text);
  };
}

/** All entries of a list, page by page, at most `max`. */
export async function everything(path, max = 500) {
  const items = [];
  let cursor = null;
  do {
    const page = await json(`${path}${path.includes("?") ? "&" : "?"}limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < max);
  return { items, more: Boolean(cursor) };
}

// ---- fields -------------------------------------------------------------------------------

/** A control with its label, and a hint below where there is one. */
export function field(label, control, hint) {
  control.id ||= fresh("field");
  const described = hint ? h("p", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (described) control.setAttribute("aria-describedby", described.id);
  return h("div", { class: "ask" }, h("label", { for: control.id }, label), control, described);
}

export const input = (value = "", more = {}) => {
  const control = h("input", { type: "text", autocomplete: "off", ...more });
  control.value = value ?? "";
  return control;
};
export const textarea = (value = "", more = {}) => {
  const control = h("textarea", { rows: "3", ...more });
  control.value = value ?? "";
  return control;
};
export const select = (choices, value) => {
  const control = h("select", {}, choices.map(([code, name]) => h("option", { value: code }, name)));
  if (value !== undefined && value !== null) control.value = value;
  return control;
};
export const departmentChoice = (right, value) => select(placesFor(right).map((one) => [one.slug, departmentName(one.slug)]), value);

/** Some of several ways, as radio buttons; `change` is told of the chosen one. */
export function ways(legend, choices, change) {
  const name = fresh("way");
  return h("fieldset", { class: "ways" }, h("legend", {}, legend), choices.map(([code, label], at) => {
    const box = h("input", { type: "radio", name, value: code, checked: at === 0 });
    box.addEventListener("change", () => change(code));
    return h("label", {}, box, h("span", {}, label));
  }));
}

/**
 * A list to pick from by typing. `load(text)` gives `[{ id, label, note }]`; what was picked stands in `value`.
 * The list stands open below the field, `later` once the field is entered: what was used last is one key away.
 */
export function picker({ label, hint, load, empty, later = false, chosen = () => {} }) {
  const list = h("ul", { role: "listbox", id: fresh("list"), class: "picks", "aria-label": label });
  const control = input("", { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "true", "aria-controls": list.id, spellcheck: "false", maxlength: "200" });
  const self = { node: null, value: null, control };
  let options = [];
  let at = -1;
  let turn = 0;
  let pause = null;
  const point = (to) => {
    at = to;
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    if (at >= 0) {
      control.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    } else control.removeAttribute("aria-activedescendant");
  };
  const take = (index) => {
    self.value = options[index];
    control.value = self.value.label;
    control.classList.add("taken");
    list.hidden = true;
    control.setAttribute("aria-expanded", "false");
    control.removeAttribute("aria-activedescendant");
    chosen(self.value);
    control.focus();
  };
  const fill = async () => {
    const mine = ++turn;
    let found;
    try { found = await load(control.value.trim()); } catch (error) {
      if (mine === turn) list.replaceChildren(h("li", { class: "none error", role: "option", "aria-disabled": "true", "aria-selected": "false" }, error.message));
      return;
    }
    if (mine !== turn) return;
    options = found;
    list.hidden = false;
    control.setAttribute("aria-expanded", "true");
    list.replaceChildren(...options.map((option, index) => {
      const item = h("li", { role: "option", id: fresh("option"), "aria-selected": "false" },
        h("span", { class: "what" }, option.label), option.note ? h("span", { class: "n" }, option.note) : null);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
      return item;
    }));
    if (!options.length) list.append(h("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, empty));
    point(options.length && control.value.trim() ? 0 : -1);
  };
  control.addEventListener("input", () => {
    self.value = null;
    // What was asked for before these letters is no answer to them.
    turn += 1;
    control.classList.remove("taken");
    clearTimeout(pause);
    pause = setTimeout(fill, 120);
  });
  control.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) { fill(); return; }
      if (options.length) point((at + (event.key === "ArrowDown" ? 1 : -1) + options.length + (at < 0 && event.key === "ArrowUp" ? 1 : 0)) % options.length);
    } else if (event.key === "Enter" && !self.value) {
      // The first Enter takes what is marked, the next one sends the form.
      event.preventDefault();
      if (at >= 0 && options.length) take(at);
    } else if (event.key === "Escape" && !list.hidden && self.value === null && control.value) {
      event.preventDefault();
      event.stopPropagation();
      control.value = "";
      fill();
    }
  });
  self.node = h("div", { class: "pick" }, field(label, control, hint), list);
  /** Takes something before anything was typed. */
  self.preset = (option) => {
    turn += 1;
    options = [option];
    self.value = option;
    control.value = option.label;
    control.classList.add("taken");
    list.hidden = true;
    control.setAttribute("aria-expanded", "false");
  };
  self.need = () => {
    if (self.value) return self.value;
    control.focus();
    throw new Error(t("pickOne", { what: label }));
  };
  if (later) {
    list.hidden = true;
    control.setAttribute("aria-expanded", "false");
    control.addEventListener("focus", () => { if (list.hidden && !self.value) fill(); });
  } else fill();
  return self;
}

// ---- what can be picked -------------------------------------------------------------------

export const caseOption = (one) => ({ id: one.id, label: `${one.reference} · ${one.subject}`, note: t("inFile", { file: one.file.reference }), one });
export const fileOption = (one) => ({ id: one.id, label: `${one.reference} · ${one.subject}`, note: departmentName(one.department), one });

/** The open cases in which the person may register, the last used ones first. */
export const casePicker = (right, { last = [], not } = {}) => picker({
  label: t("caseByName"), empty: t("noCaseFound"),
  load: async (text) => {
    const asked = new URLSearchParams({ state: "open", limit: "12" });
    if (text) asked.set("q", text);
    for (const one of placesFor(right)) asked.append("department", one.slug);
    const found = (await json(`/cases?${asked}`)).items.filter((one) => one.id !== not).map(caseOption);
    if (text) return found;
    const recent = last.map((one) => ({ ...caseOption(one), note: t("lastUsed") }));
    return [...recent, ...found.filter((one) => !last.some((used) => used.id === one.id))].slice(0, 12);
  },
});

/** The open files in which the person may do this. */
export const filePicker = (right, { not } = {}) => picker({
  later: true, label: t("fileByName"), empty: t("noFileFound"),
  load: async (text) => {
    const asked = new URLSearchParams({ state: "open", limit: "12" });
    if (text) asked.set("q", text);
    for (const one of placesFor(right)) asked.append("department", one.slug);
    return (await json(`/files?${asked}`)).items.filter((one) => one.id !== not).map(fileOption);
  },
});

/** The units of the plans in force that take files. */
export const unitPicker = () => picker({
  later: true, label: t("unitByName"), empty: t("noUnitFound"),
  load: async (text) => {
    const plans = (await json("/file-plans")).items.filter((one) => one.in_force);
    const pages = await Promise.all(plans.map((plan) =>
      json(`/file-plans/${plan.id}/units?${new URLSearchParams({ retired: "false", limit: "30", ...(text ? { q: text } : {}) })}`)));
    return pages.flatMap((page) => page.items).map((unit) => ({ id: unit.id, label: `${unit.code} ${unit.title}`, one: unit }));
  },
});

// ---- dialogs ------------------------------------------------------------------------------

/**
 * Asks in a dialog. `act` does what was asked for; what it refuses stands in the dialog, and nothing that was
 * typed is lost. Resolves with what `act` gave, or with null where the dialog was closed. `names` says what fields
 * of the request are called here, where that is not what they are called elsewhere.
 */
export function askFor({ title, body, submit, act, danger = false, wide = false, stale = null, names = {} }) {
  return new Promise((resolve) => {
    const head = fresh("dialog");
    const failure = h("div", { class: "error", role: "alert" });
    const button = submit ? h("button", { class: danger ? "main danger" : "main" }, submit) : null;
    const dialog = h("dialog", { "aria-labelledby": head, class: wide ? "wide" : "" });
    const form = h("form", { method: "dialog" },
      h("h2", { id: head }, title), body, failure,
      h("div", { class: "buttons" }, button,
        h("button", { type: "button", onclick: () => dialog.close() }, submit ? t("cancel") : t("close"))));
    let result = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!button || button.disabled) return;
      failure.replaceChildren();
      button.disabled = true;
      try {
        result = (await act()) ?? true;
        dialog.close();
      } catch (error) {
        button.disabled = false;
        failure.replaceChildren(...told(error, stale && (() => { dialog.close(); stale(); }), names));
      }
    });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(result); });
    dialog.append(form);
    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector("[data-first]") ?? form.querySelector("input:not([type=radio]), textarea, select") ?? button ?? form.querySelector("button")).focus();
  });
}

/** What a field of a request is called on the page, where that is not its own name. */
const FIELDS = { case: "one_case", file: "one_file", plan_unit: "planUnit", parent: "unit_parent", note: "remark", inbox: "inboxField", valid_from: "validFrom", valid_until: "validUntil", name: "planName" };

function named(fault, names) {
  const name = (fault.pointer ?? "").split("/").filter((part) => /^[a-z_]+$/.test(part)).at(-1) ?? "";
  const key = [names[name], FIELDS[name], name, `unit_${name}`].find((one) => one && words[language][one]);
  return `${key ? `${t(key)}: ` : ""}${fault.detail}`;
}

/** A refusal in words, one line for each fault. */
const inWords = (error, names = {}) => [h("p", {}, error.said ?? error.message),
  error.faults?.length ? h("ul", { class: "plain-list" }, error.faults.map((fault) => h("li", {}, named(fault, names)))) : null].filter(Boolean);

/** The same in a dialog; what was changed meanwhile can be looked at. */
function told(error, again, names) {
  if (error.status !== 412) return inWords(error, names);
  return [h("p", {}, t("changedMeanwhile")), again ? h("button", { type: "button", onclick: again }, t("reload")) : null].filter(Boolean);
}

/** Shows a refusal at the place where it happened. */
export function refused(place, error) {
  place.replaceChildren(h("div", { class: "error", role: "alert" }, inWords(error)));
}

/** Tells what was done, to eyes and ears. */
export function done(place, text, link) {
  place.replaceChildren(h("p", { class: "note good" }, text, link ? [" ", link] : null));
  say(text);
}

/** A reason, with those that come up every day one click away. */
export function reasonField(label, common = []) {
  const control = textarea("", { maxlength: "1000", required: true });
  return {
    control,
    node: h("div", {}, field(label, control), common.length ? h("p", { class: "quick" }, common.map((text) =>
      h("button", { type: "button", class: "small", onclick: () => { control.value = text; control.focus(); } }, text))) : null),
    value: () => {
      if (control.value.trim()) return control.value.trim();
      control.focus();
      throw new Error(t("reasonMissing"));
    },
  };
}
