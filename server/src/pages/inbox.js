// What came in: one's own inbox and that of the department, with the document beside. Whoever files all day
// goes on with the next one after each.
import { $, chip, day, fill, h, moment, number, plural, say, t } from "/pages/dom.js";
import { documentActions, filedIn, forgetLast } from "/pages/acts.js";
import { duplicatesOf, notesOn, relationsOf, undoOf } from "/pages/beside.js";
import { whoIs } from "/pages/correspondents.js";
import { fieldList, forgetFields } from "/pages/fields.js";
import { chipOf, departmentName, event, json, receipt, save, show as showAll, state, textOf, view, where } from "/pages/app.js";
import { done, may, placesFor, refused } from "/pages/forms.js";

export const VIEW = "view-inbox";
export const NAV = "nav-inbox";
export const at = (path) => path === "/eingang";
export const title = () => t("inbox");
const WORK = ["register", "route", "discard"];
let counted = null;

/** Offered to whoever works on what comes in. */
export const offered = () => {
  const works = Boolean(state.me) && WORK.some((right) => may(right));
  if (works && counted !== state.me.id) { counted = state.me.id; count(); }
  return works;
};

/** How the inbox of a function is named. */
const FUNCTION = /^function:[a-z][a-z0-9-]*$/;
const now = { box: "me", order: "newest", list: null, items: [], next: null, total: 0, doc: undefined, turn: 0, functions: [] };

export function forget() {
  Object.assign(now, { box: "me", order: "newest", list: null, items: [], next: null, total: 0, doc: undefined, turn: now.turn + 1, functions: [] });
  counted = null;
  forgetLast();
  forgetFields();
  $(VIEW).replaceChildren();
  $("inbox-count").hidden = true;
}

const boxQuery = (box) => new URLSearchParams({ inbox: box, state: "incoming" });

/** How many lie in one's own inbox: the number in the navigation. */
async function count() {
  const asked = boxQuery("me");
  asked.set("count", "true");
  asked.set("limit", "1");
  const mine = await json(`/documents?${asked}`).catch(() => null);
  badge(mine?.total ?? 0);
  return mine?.total ?? 0;
}

function badge(n) {
  $("inbox-count").textContent = n ? number(n) : "";
  $("inbox-count").hidden = !n;
  if (n) $("inbox-count").setAttribute("title", plural("inMyInbox", n));
}

const link = (change) => {
  const query = new URLSearchParams({ box: now.box, order: now.order, ...change });
  return `#/eingang?${query}`;
};

export async function show(path, query) {
  const wanted = query.get("box") ?? "me";
  const box = wanted === "units" || FUNCTION.test(wanted) ? wanted : "me";
  const order = query.get("order") === "oldest" ? "oldest" : "newest";
  const list = `${state.me.id} ${box} ${order} ${document.documentElement.lang}`;
  // The link of the navigation looks again; so does coming back from another page.
  if (now.list !== list || !query.has("box") || !$(VIEW).firstChild) {
    Object.assign(now, { box, order, list, items: [], next: null, doc: undefined });
    frame();
    await load();
  }
  const doc = query.get("doc");
  $(VIEW).classList.toggle("reading", Boolean(doc));
  if (doc !== now.doc) await read(doc);
}

function frame() {
  const units = placesFor("read").filter((one) => WORK.some((right) => one.may.includes(right)));
  const boxes = [["me", t("myInbox")], ["units", units.length === 1 ? departmentName(units[0].slug) : t("unitInboxes")]];
  const tab = (code, name) => h("a", { href: link({ box: code }), "aria-current": now.box === code ? "page" : null, id: `box-${code}` }, name);
  const tabs = h("nav", { class: "tabs", "aria-label": t("inboxes") }, boxes.map(([code, name]) => tab(code, name)));
  $(VIEW).className = "panes duo";
  $(VIEW).replaceChildren(
    h("h1", { class: "off", id: "inbox-title" }, t("inbox")),
    h("section", { class: "list", "aria-labelledby": "inbox-title" },
      h("p", { class: "title", "aria-hidden": "true" }, t("inbox")),
      tabs,
      h("div", { class: "bar" }, h("p", { id: "inbox-summary", role: "status" }),
        h("label", { class: "sort" }, h("span", {}, t("order")), order())),
      h("div", { id: "inbox-said" }),
      h("ol", { id: "inbox-items", class: "hits" }),
      h("button", { type: "button", id: "inbox-more", class: "wide", hidden: true, onclick: more }, t("moreDocuments"))),
    h("section", { class: "side", id: "inbox-side", tabindex: "-1", "aria-labelledby": "inbox-document" }));
  functionTabs(tabs, tab);
}

/** The inboxes of the functions that the person has, and the one that is looked at. */
async function functionTabs(tabs, tab) {
  const known = await json("/functions").catch(() => null);
  if (!known || !tabs.isConnected) return;
  now.functions = known.items;
  const shown = known.items.filter((one) => one.held || now.box === `function:${one.code}`);
  tabs.append(...shown.map((one) => tab(`function:${one.code}`, t("functionInboxOf", { name: one.name }))));
}

function order() {
  const control = h("select", { id: "inbox-order" },
    h("option", { value: "newest" }, t("byReceived")), h("option", { value: "oldest" }, t("longestWaiting")));
  control.value = now.order;
  control.addEventListener("change", () => { location.hash = link({ order: control.value }); });
  return control;
}

async function load(cursor = null) {
  const turn = ++now.turn;
  const asked = boxQuery(now.box);
  asked.set("order", now.order);
  asked.set("count", "true");
  asked.set("limit", "30");
  if (cursor) asked.set("cursor", cursor);
  let page;
  try { page = await json(`/documents?${asked}`); } catch (error) {
    if (turn === now.turn && $("inbox-said")) refused($("inbox-said"), error);
    return;
  }
  if (turn !== now.turn) return;
  now.items.push(...page.items);
  now.next = page.next_cursor ?? null;
  now.total = page.total;
  $("inbox-items").append(...page.items.map(item));
  summary();
}

function summary() {
  $("inbox-summary").replaceChildren(h("strong", {}, plural("inInbox", now.total)));
  $("inbox-more").hidden = !now.next;
  if (now.box === "me") badge(now.total);
  if (!now.items.length) {
    $("inbox-items").replaceChildren(h("li", { class: "nothing" }, h("p", {}, t({ me: "emptyMine", units: "emptyUnits" }[now.box] ?? "emptyFunction")),
      now.box === "me" ? h("p", {}, h("a", { href: link({ box: "units" }) }, t("seeUnits"))) : null));
  }
}

async function more() {
  const before = now.items.length;
  await load(now.next);
  $("inbox-items").children[before]?.querySelector("a").focus();
}

function item(one) {
  const meta = [one.type, one.correspondent, one.channel && t(one.channel)];
  const here = placesFor("read").length > 1 ? departmentName(one.department) : null;
  return h("li", { class: "hit", "data-id": one.id },
    h("h2", {}, h("a", { href: link({ doc: one.id }) }, one.title)),
    h("p", { class: "meta" }, h("span", { class: "when" }, moment(one.received_at)), meta.filter(Boolean).map((text) => [" · ", text]), here ? ` · ${here}` : null,
      one.direction === "incoming" ? null : [" ", chip(t(one.direction))]));
}

// ---- the document beside ------------------------------------------------------------------

async function read(id) {
  now.doc = id;
  current();
  const side = $("inbox-side");
  if (!id) {
    side.replaceChildren(h("div", { class: "empty" }, document.querySelector(".brand svg").cloneNode(true),
      h("h2", { id: "inbox-document" }, t(now.items.length ? "pickInbox" : "nothingToDo"))));
    return;
  }
  const path = `/documents/${encodeURIComponent(id)}`;
  let found, history;
  try { [found, history] = await Promise.all([json(path), json(`${path}/history`)]); } catch (error) {
    if (now.doc !== id) return;
    side.replaceChildren(h("h2", { id: "inbox-document" }, t("failedTitle")), h("p", { class: "error", role: "alert" }, error.message), back());
    return;
  }
  if (now.doc !== id) return;
  render(side, found, history.items);
}

const back = () => h("button", { type: "button", class: "close", onclick: () => {
  const id = now.doc;
  location.hash = link({});
  $("inbox-items").querySelector(`[data-id="${CSS.escape(id)}"] a`)?.focus();
} }, t("back"));

function render(side, found, history) {
  const [colour, word] = chipOf(found.text);
  const failure = h("div", {});
  const attempt = (action) => async () => {
    failure.replaceChildren();
    try { await action(); } catch (error) { refused(failure, error); }
  };
  const facts = [
    ["type", found.type], ["correspondent", whoIs(found)], ["document_date", day(found.document_date)], ["received_at", moment(found.received_at)],
    ["channel", found.channel && t(found.channel)], ["department", departmentName(found.department)], ["references", found.references.join(", ")], ["tags", found.tags.join(", ")],
  ];
  const way = history.filter((one) => one.action === "document.route").at(-1);
  const last = history.at(-1);
  fill(side,
    back(),
    h("h2", { id: "inbox-document" }, found.title),
    way?.details?.note ? h("div", { class: "note" }, h("p", { class: "muted" }, t("handedOnAt", { at: moment(way.at), role: t(way.role) })), h("p", {}, way.details.note)) : null,
    found.state === "incoming" ? null : h("p", {}, chip(t(found.state === "registered" ? "stateRegistered" : "stateDiscarded"))), filedIn(found),
    h("div", { class: "actions" }, documentActions(found, after), undoOf(found, history, () => { now.list = null; now.doc = undefined; showAll(); })), failure,
    h("dl", {}, facts.filter(([, value]) => value).map(([key, value]) => [h("dt", {}, t(key)), h("dd", {}, value)])),
    fieldList(found),
    duplicatesOf(found, (other) => `#/?doc=${other}`),
    notesOn("document", found, found.state !== "discarded"), relationsOf(found, (other) => `#/?doc=${other}`),
    h("div", { class: "head" }, h("h3", {}, t("text")), chip(t(word), colour), h("span", { class: "end" },
      found.content.media_type === "application/pdf" ? h("button", { type: "button", class: "small", onclick: attempt(() => view(found)) }, t("show")) : null, " ",
      h("button", { type: "button", class: "small", onclick: attempt(() => save(found, found.content)) }, t("download")))),
    textOf(found),
    h("h3", {}, t("history")), h("ol", { class: "timeline" }, history.map(event)),
    last ? h("details", {}, h("summary", {}, t("proof")), receipt(last.seq, last.hash, found.content.sha256)) : null);
  side.scrollTop = 0;
  say(found.title);
  // Where the list gives way to the document, the document has the focus.
  if ($("inbox-items").offsetParent === null) {
    scrollTo(0, 0);
    side.focus({ preventScroll: true });
  }
}

function current() {
  for (const one of $("inbox-items").children) {
    const here = one.dataset.id === now.doc;
    one.classList.toggle("open", here);
    const a = one.querySelector("h2 a");
    if (here) a.setAttribute("aria-current", "true"); else a?.removeAttribute("aria-current");
  }
}

/** After something was done: it is gone from the list, and the next one is there. */
function after(what, document, to) {
  if (what === "hold" || what === "fields" || what === "reload") { now.doc = undefined; showAll(); return; }
  const words = {
    register: () => t("didRegister", { title: document.title, reference: document.reference }),
    route: () => t("didRoute", { title: document.title, to }),
    discard: () => t("didDiscard", { title: document.title }),
  };
  if (!words[what]) { now.list = null; showAll(); return; }
  const index = now.items.findIndex((one) => one.id === document.id);
  const owner = now.box === "me" ? state.me.id : now.functions.find((one) => now.box === `function:${one.code}`)?.id;
  const stays = what === "route" && (now.box === "units" ? !document.inbox && may("read", document.department) : Boolean(owner) && document.inbox === owner);
  if (index >= 0 && !stays) {
    now.items.splice(index, 1);
    now.total -= 1;
    $("inbox-items").children[index].remove();
  }
  summary();
  if (now.box !== "me" && what === "route") count();
  done($("inbox-said"), words[what](), what === "register" ? h("a", { href: `#/vorgaenge/${document.case.id}` }, t("toCase")) : null);
  const next = now.items[stays ? index + 1 : index] ?? now.items[now.items.length - 1];
  if (!next && now.next) { now.list = null; location.hash = link({}); showAll(); return; }
  if (now.items.length < 8 && now.next) load(now.next);
  now.doc = undefined;
  const hash = next ? link({ doc: next.id }) : link({});
  history.replaceState(null, "", hash);
  showAll();
  const focused = next ? $("inbox-items").querySelector(`[data-id="${next.id}"] a`) : $("box-units");
  focused?.focus();
  focused?.closest(".hit")?.scrollIntoView({ block: "nearest" });
}

addEventListener("hashchange", () => { if (!at(where().path)) now.list = null; });

// ---- keys ---------------------------------------------------------------------------------

const KEYS = { v: "register", w: "route", a: "discard" };
export const KEY_WORDS = [["v", "keyRegister"], ["w", "keyRoute"], ["a", "keyDiscard"]];

addEventListener("keydown", (pressed) => {
  if (!state.me || where().path !== "/eingang" || document.querySelector("dialog[open]")) return;
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.target.matches("input, select, textarea")) return;
  if (pressed.key === "Escape" && now.doc) { location.hash = link({}); return; }
  if (!$("shortcuts").checked) return;
  if (pressed.key === "j" || pressed.key === "k") {
    const from = now.items.findIndex((one) => one.id === now.doc);
    const to = now.items[from < 0 ? 0 : from + (pressed.key === "j" ? 1 : -1)];
    if (!to) return;
    location.hash = link({ doc: to.id });
    const a = $("inbox-items").querySelector(`[data-id="${to.id}"] a`);
    a?.focus({ preventScroll: true });
    a?.closest(".hit").scrollIntoView({ block: "nearest" });
  } else if (KEYS[pressed.key] && now.doc) {
    const button = $("inbox-side").querySelector(`[data-act="${KEYS[pressed.key]}"]`);
    if (button) { pressed.preventDefault(); button.click(); }
  }
});
