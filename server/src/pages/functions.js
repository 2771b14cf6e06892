// The functions of the house: what somebody is, whoever it is; who holds which and until when, and for administrators
// their upkeep.
import { $, chip, copier, day, fill, folded, h, locale, moment, plural, t } from "/pages/dom.js";
import { departmentName, holds, json, state, where } from "/pages/app.js";
import { askFor, done, field, input, may, picker, refused, select, send, textarea } from "/pages/forms.js";
import { crumbs, lookAt } from "/pages/record.js";

export const VIEW = "view-functions";
export const NAV = "nav-functions";
const INSIDE = /^\/funktionen\/([a-z][a-z0-9-]*)$/;
const HOME = "/funktionen";
export const at = (path) => path === HOME || INSIDE.test(path);
export const title = () => (where().path === HOME ? null : now.title) ?? t("functions");
export const offered = () => Boolean(state.me);

/** `word` is what was done and is told on the page that comes next. */
const now = { turn: 0, title: null, word: null };
/** What the fields of a request are called here, for its refusals. */
const NAMES = { name: "functionName", code: "functionCode", account: "holderAccount", valid_from: "holdsFrom", valid_until: "holdsUntil" };
const link = (one) => `#${HOME}/${one.code}`;
const inboxOf = (one) => `#/eingang?${new URLSearchParams({ box: `function:${one.code}` })}`;

export function forget() {
  Object.assign(now, { turn: now.turn + 1, title: null, word: null });
  $(VIEW).dataset.shown = "";
  $(VIEW).replaceChildren();
}

/** Whether the person has a role that holds now. */
const is = (role) => state.me.roles.some((one) => one.role === role && holds(one));
const administers = () => is("admin");
const knowsPeople = () => administers() || is("auditor");
const knowsHolders = (one) => one.held || knowsPeople();

export async function show(path) {
  const inside = path.match(INSIDE);
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  if (inside) await showOne(inside[1], fresh);
  else await list(fresh);
}

// Whoever comes back from another page begins at the top.
addEventListener("hashchange", () => { if (!at(where().path)) $(VIEW).dataset.shown = ""; });

function named(text) {
  now.title = text;
  document.title = `${text} – Papierlos`;
}

/** Everybody who has an account, for those who may know it. */
const people = async () => (knowsPeople() ? (await json("/accounts")).items : []);
const NOBODY = "00000000-0000-0000-0000-000000000000";
const nameOf = (id, accounts) => (id === NOBODY ? t("system") : [state.me, ...accounts].find((one) => one.id === id)?.name) ?? t("someoneElse");

// ---- when ---------------------------------------------------------------------------------

const midnight = (text) => new Date(`${text}T00:00:00`);
/** The instant with which a day begins that was named; today begins at once. */
const fromDay = (text) => (text && midnight(text) > new Date() ? midnight(text).toISOString() : undefined);
/** The instant with which a day is over. */
function throughDay(text) {
  if (!text) return undefined;
  const next = midnight(text);
  next.setDate(next.getDate() + 1);
  return next.toISOString();
}

function until(one) {
  if (!one.valid_until) return t("holdsOpen");
  const last = new Date(one.valid_until);
  if (last.getHours() || last.getMinutes() || last.getSeconds()) return t("holdsUntilAt", { at: moment(one.valid_until) });
  last.setDate(last.getDate() - 1);
  return t("holdsThrough", { day: last.toLocaleDateString(locale(), { day: "2-digit", month: "2-digit", year: "numeric" }) });
}

// ---- the list -----------------------------------------------------------------------------

async function list(fresh) {
  const place = $(VIEW);
  place.dataset.shown = "";
  place.className = "page";
  let all, accounts;
  try { [all, accounts] = await Promise.all([json("/functions"), people()]); } catch (error) { if (fresh()) refused(place, error); return; }
  if (!fresh()) return;
  const functions = all.items.map((one) => ({ ...one, place: one.department ? departmentName(one.department) : "" }));
  const control = input("", { type: "search", id: "functions-q", maxlength: "200", spellcheck: "false" });
  const summary = h("p", { id: "functions-summary", role: "status" });
  const groups = h("div", { id: "functions-items" });
  const draw = () => {
    const words = control.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const found = functions.filter((one) => { const text = `${one.name} ${one.place} ${one.code}`.toLowerCase(); return words.every((word) => text.includes(word)); });
    summary.replaceChildren(h("strong", {}, plural("functionsFound", found.length)));
    const places = [...new Set(found.map((one) => one.place))].sort((one, other) => one.localeCompare(other, locale()));
    fill(groups, places.map((name) => [h("h2", { class: "spaced" }, name || t("functions")),
      h("ul", { class: "rows big" }, found.filter((one) => one.place === name).map((one) => one.row))]),
    found.length ? null : h("p", { class: "nothing" }, t(words.length ? "noFunctionFits" : "noFunctions")));
  };
  for (const one of functions) {
    one.row = h("li", { "data-code": one.code }, h("a", { href: link(one) }, one.name), h("span", { class: "muted" }, one.code),
      h("span", { class: "muted" }, one.holders ? holdersOf(one, accounts) : ""),
      one.held ? h("span", { class: "end" }, chip(t("functionHeld"), "good")) : null);
  }
  control.addEventListener("input", draw);
  fill(place,
    h("div", { class: "head" }, h("h1", { id: "functions-title", tabindex: "-1" }, t("functions")),
      administers() ? h("button", { type: "button", class: "main end", id: "new-function", onclick: create }, t("newFunction")) : null),
    h("p", { class: "muted" }, t("functionsHint")),
    functions.length > 1 ? h("form", { class: "filters", role: "search", "aria-label": t("filterFunctions"), onsubmit: (submitted) => submitted.preventDefault() }, field(t("functionWord"), control)) : null,
    summary, h("div", { id: "function-said" }), groups);
  draw();
  if (now.word) {
    done($("function-said"), now.word);
    now.word = null;
    $("functions-title").focus();
  }
}

/** Who holds it, in words. */
function holdersOf(one, accounts) {
  const held = one.holders.filter((holder) => holder.standing === "in_force");
  if (!held.length) return t("noHolders");
  return t("holdersOf", { names: held.map((holder) => `${nameOf(holder.account, accounts)}${holder.valid_until ? ` (${until(holder)})` : ""}`).join(", ") });
}

async function create() {
  const name = input("", { maxlength: "200", "data-first": true });
  const code = input("", { maxlength: "64", spellcheck: "false", autocapitalize: "none" });
  const department = select(state.departments.map((one) => [one.slug, one.name]));
  const made = await askFor({
    title: t("newFunction"), submit: t("openNow"), names: NAMES,
    body: [field(t("functionName"), name), field(t("functionCode"), code, t("functionCodeHint")), field(t("department"), department)],
    act: async () => {
      if (!name.value.trim()) { name.focus(); throw new Error(t("functionMissing")); }
      try {
        return await send("POST", "/functions", { name: name.value.trim(), code: code.value.trim(), department: department.value });
      } catch (error) {
        if (error.status !== 409) throw error;
        code.focus();
        throw new Error(t("functionTaken"));
      }
    },
  });
  if (!made) return;
  now.word = t("didCreateFunction");
  location.hash = link(made);
}

// ---- one ----------------------------------------------------------------------------------

async function showOne(code, fresh) {
  const place = $(VIEW);
  const again = place.dataset.shown === code && document.activeElement?.closest(`#${VIEW}`) ? document.activeElement.dataset.act : null;
  let one, accounts, holders, roles;
  try {
    one = (await json("/functions")).items.find((known) => known.code === code);
    if (!one) throw new Error(t("noSuchFunction"));
    const grants = async () => (knowsPeople() ? (await json(`/accounts/${one.id}/role-grants`)).items : null);
    [accounts, holders, roles] = await Promise.all([people(), knowsHolders(one) ? json(`/functions/${one.id}/holders`) : null, grants()]);
  } catch (error) {
    if (!fresh()) return;
    place.dataset.shown = "";
    place.className = "page record";
    now.word = null;
    named(t("failedTitle"));
    fill(place, crumbs([[t("functions"), `#${HOME}`]]), h("h1", {}, t("failedTitle")), h("p", { class: "error", role: "alert" }, error.message));
    return;
  }
  if (!fresh()) return;
  const reload = () => showOne(code, fresh);
  const after = (text) => reload().then(() => { if (fresh()) done($("function-said"), text); });
  const arrived = place.dataset.shown !== code;
  place.dataset.shown = code;
  place.className = "page record";
  named(one.name);
  const inForce = holders?.items.filter((holder) => holder.standing === "in_force").length ?? 0;
  fill(place,
    crumbs([[t("functions"), `#${HOME}`]]),
    h("p", { class: "kind" }, [t("one_function"), one.department ? departmentName(one.department) : null].filter(Boolean).join(" · ")),
    h("h1", { tabindex: "-1", id: "function-title" }, one.name),
    h("p", { class: "reference" }, h("span", { class: "ref", id: "function-code" }, one.code), copier(one.code, `${t("copy")}: ${t("functionCode")}`)),
    one.held ? h("p", { class: "chips" }, chip(t("functionHeld"), "good")) : null,
    administers() ? h("div", { class: "actions" },
      h("button", { type: "button", class: "main", "data-act": "giveFunction", onclick: () => give(one, accounts, reload, after) }, t("act_giveFunction")),
      h("button", { type: "button", "data-act": "endFunction", onclick: () => end(one, inForce, reload) }, t("act_endFunction"))) : null,
    h("div", { id: "function-said" }),
    one.held || (one.department && may("read", one.department)) ? h("p", {}, h("a", { href: inboxOf(one), id: "function-inbox" }, t("functionInbox"))) : null,
    h("h2", {}, t("holders")),
    h("p", { class: "muted" }, t(holders ? "holdersHint" : "holdersHidden")),
    holders ? holderList(holders.items, accounts, reload, after) : null,
    roles ? [h("h2", {}, t("rolesCarried")), roleList(roles)] : null);
  lookAt($("function-title"), arrived, again);
  if (now.word) {
    done($("function-said"), now.word);
    now.word = null;
  }
}

const STANDINGS = { in_force: "good", upcoming: "", waiting: "warn", over: "" };

function holderList(holders, accounts, reload, after) {
  const order = Object.keys(STANDINGS);
  const sorted = holders.toSorted((one, other) => order.indexOf(one.standing) - order.indexOf(other.standing));
  return [
    holders.some((one) => one.standing === "in_force") ? null : h("p", {}, t("noHolders")),
    sorted.length ? h("ul", { class: "rows big", id: "function-holders" }, sorted.map((one) => holderRow(one, accounts, reload, after))) : null,
  ];
}

function holderRow(one, accounts, reload, after) {
  const name = nameOf(one.account, accounts);
  const action = (act, then) => h("button", { type: "button", class: "small", "data-act": `${act}-${one.id}`, "aria-label": `${t(`act_${act}`)}: ${name}`, onclick: then }, t(`act_${act}`));
  const waits = one.standing === "waiting";
  const approves = administers() && waits && one.granted_by !== state.me.id && one.account !== state.me.id;
  return h("li", { "data-holder": one.id },
    h("strong", {}, name), chip(t(`standing_${one.standing}`), STANDINGS[one.standing]),
    h("span", { class: "muted" }, [one.valid_from ? t("holdsSince", { at: moment(one.valid_from) }) : null, until(one),
      t(waits ? "askedBy" : "givenBy", { name: nameOf(one.granted_by, accounts) }), one.reason].filter(Boolean).join(" · ")),
    administers() && one.standing !== "over" ? h("span", { class: "end" }, approves ? [action("approveFunction", () => approve(one, name, reload, after)), " "] : null,
      action(waits ? "turnDown" : "takeFunction", () => take(one, name, reload, after))) : null);
}

function roleList(roles) {
  const left = roles.filter((one) => one.standing !== "over");
  if (!left.length) return h("p", { class: "nothing" }, t("noRolesCarried"));
  return h("ul", { class: "rows big" }, left.map((one) => h("li", {}, h("span", {}, [t(one.role), one.department ? departmentName(one.department) : null].filter(Boolean).join(" ")),
    chip(t(`standing_${one.standing}`), STANDINGS[one.standing]), h("span", { class: "muted" }, until(one)))));
}

// ---- giving, taking, ending ---------------------------------------------------------------

const PICKED_MAX = 12;

async function give(one, accounts, reload, after) {
  const who = picker({
    later: true, label: t("holderAccount"), empty: t("noAccountFits"),
    load: async (text) => {
      const words = folded(text).split(/\s+/).filter(Boolean);
      const fits = accounts.filter((account) => !account.disabled && words.every((word) => folded(`${account.name} ${account.login}`).includes(word)));
      return fits.slice(0, PICKED_MAX).map((account) => ({ id: account.id, label: account.name, note: account.login, login: account.login }));
    },
  });
  const from = input("", { type: "date" });
  const through = input("", { type: "date" });
  const reason = textarea("", { maxlength: "500", rows: "2" });
  const made = await askFor({
    title: t("giveTitle", { name: one.name }), submit: t("act_giveFunction"), names: NAMES, stale: reload,
    body: [who.node, h("div", { class: "pair" }, field(t("holdsFrom"), from, t("holdsFromHint")), field(t("holdsUntil"), through, t("holdsUntilHint"))), field(t("holdsReason"), reason)],
    act: async () => {
      const body = { account: who.need().login, valid_from: fromDay(from.value), valid_until: throughDay(through.value), reason: reason.value.trim() || undefined };
      try { return await send("POST", `/functions/${one.id}/holders`, body); } catch (error) {
        throw error.status === 409 ? new Error(t("holdsAlready")) : error;
      }
    },
  });
  if (made) await after(t(made.standing === "waiting" ? "didAskGive" : "didGive", { name: who.value.label }));
}

async function approve(one, name, reload, after) {
  const made = await askFor({
    title: t("approveTitle", { name }), submit: t("act_approveFunction"), stale: reload, body: [h("p", {}, t("approveHint", { name })), h("p", { class: "muted" }, until(one))],
    act: () => send("POST", `/function-holders/${one.id}/approve`),
  });
  if (made) await after(t("didApprove"));
}

async function take(one, name, reload, after) {
  const waits = one.standing === "waiting";
  const made = await askFor({
    title: t(waits ? "turnDownTitle" : "takeTitle", { name }), submit: t(waits ? "act_turnDown" : "act_takeFunction"), danger: true, stale: reload,
    body: h("p", {}, t(waits ? "turnDownHint" : "takeHint", { name })),
    act: () => send("DELETE", `/function-holders/${one.id}`),
  });
  if (made) await after(t(waits ? "didTurnDown" : "didTake"));
}

async function end(one, holders, reload) {
  const made = await askFor({
    title: t("endTitle", { name: one.name }), submit: t("act_endFunction"), danger: true, stale: reload,
    body: [holders ? h("p", { class: "strong" }, plural("endHolders", holders)) : null, h("p", {}, t("endHint"))].filter(Boolean),
    act: () => send("DELETE", `/functions/${one.id}`),
  });
  if (!made) return;
  now.word = t("didEnd", { name: one.name });
  location.hash = `#${HOME}`;
}
