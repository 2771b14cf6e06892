// Tasks: what workflows ask of me, of each function that I hold, and of my department; and one workflow by itself. By
// keyboard from the first to the last.
import { $, chip, day, fill, h, moment, number, plural, say, t } from "/pages/dom.js";
import { json, show as showAll, state, where } from "/pages/app.js";
import { done, field, input, refused, select } from "/pages/forms.js";
import { crumbs } from "/pages/record.js";
import { bulkBar } from "/pages/bulk.js";
import { act, caseAddress, dayOf, dueChip, flowAddress, forgetFlows, functions, inTongue, look, standInFor, steadOf } from "/pages/flow.js";
import { follow, listen, stopFollowing } from "/pages/live.js";
import { completeFirst } from "/pages/quick.js";
import { slipOf } from "/pages/slip.js";

export const VIEW = "view-tasks";
export const NAV = "nav-tasks";
const HOME = "/aufgaben";
const ONE = /^\/umlaeufe\/([0-9a-f-]{36})$/;
export const at = (path) => path === HOME || ONE.test(path);
export const title = () => (where().path === HOME ? null : now.title) ?? t("tasks");
/** Everybody may be asked for something. */
export const offered = () => {
  if (state.me) follow();
  return Boolean(state.me);
};

const PAGE = 50;
const KINDS = ["task", "seen", "information", "consult", "statement", "co_sign", "final_sign", "attest", "order", "approve", "identity", "counter", "resubmit", "dispatch", "event", "system"];
const DUES = ["overdue", "today", "week", "later", "none"];
const FILTERS = ["definition", "kind", "due", "claimed", "held", "q", "sort"];
const now = { turn: 0, title: null, list: null, items: [], next: null, counts: [], picked: new Map(), back: "", known: [] };

export function forget() {
  Object.assign(now, { turn: now.turn + 1, title: null, list: null, items: [], next: null, counts: [], back: "", known: [] });
  now.picked.clear();
  forgetFlows();
  stopFollowing();
  $(VIEW).replaceChildren();
}

// Elsewhere everybody acts in his own name again, where nothing says otherwise.
addEventListener("hashchange", () => {
  if (at(where().path)) return;
  now.list = null;
  standInFor(null);
});

export async function show(path, query) {
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  const inside = path.match(ONE);
  if (inside) { one(inside[1], query.get("step"), fresh); return; }
  now.back = query.toString();
  standInFor(query.get("for"));
  $(VIEW).className = "page tasks";
  now.known = await functions();
  if (!fresh()) return;
  frame(query);
  await Promise.all([counts(fresh), load(fresh)]);
}

// ---- one workflow -------------------------------------------------------------------------

function one(id, step, fresh) {
  now.list = null;
  now.title = null;
  const place = $(VIEW);
  place.className = "page record";
  const head = h("h1", { id: "flow-title", tabindex: "-1" }, t("flow"));
  const about = h("p", { class: "reference" });
  let arrived = true;
  const slip = slipOf(id, { step, loaded: (flow) => {
    if (!fresh()) return;
    now.title = inTongue(flow.definition.title);
    document.title = `${now.title} – Papierlos`;
    head.textContent = now.title;
    if (!arrived) return;
    fill(about, h("a", { href: caseAddress(flow.case.id), class: "ref", id: "flow-case" }, flow.case.reference));
    arrived = false;
    document.getElementById("main").scrollTop = 0;
    const wanted = step && place.querySelector(`[data-step="${CSS.escape(step)}"]`);
    if (!wanted) { head.focus({ preventScroll: true }); return; }
    wanted.setAttribute("tabindex", "-1");
    wanted.focus();
  } });
  fill(place, crumbs([[t("tasks"), `#${HOME}${now.back ? `?${now.back}` : ""}`]]), h("p", { class: "kind" }, t("flow")), head, about, slip.place);
}

const steadNote = () => (steadOf() ? h("p", { class: "note" }, t("flowStandingIn", { name: steadOf() })) : null);

// ---- the list -----------------------------------------------------------------------------

const link = (change) => {
  const query = new URLSearchParams(where().path === HOME ? where().query : now.back);
  for (const [key, value] of Object.entries(change)) if (value) query.set(key, value); else query.delete(key);
  return `#${HOME}${query.size ? `?${query}` : ""}`;
};
const go = (change) => {
  const hash = link(change);
  if (hash === location.hash) showAll(); else location.hash = hash;
};

const boxName = (box) => {
  if (box === "me") return steadOf() ? t("tasksOf", { name: steadOf() }) : t("tasksMine");
  if (box === "unit") return t("tasksUnit");
  const code = box.slice("function:".length);
  return now.known.find((known) => known.code === code)?.name ?? code;
};

function frame(query) {
  const chosen = (key) => query.get(key) ?? "";
  const filter = (key, label, choices) => {
    const control = select([["", t("tasksAny")], ...choices], chosen(key));
    control.id = `tasks-${key}`;
    control.addEventListener("change", () => go({ [key]: control.value }));
    return field(label, control);
  };
  const words = input(chosen("q"), { type: "search", maxlength: "200", id: "tasks-q", spellcheck: "false" });
  const sort = select([["", t("tasksByDue")], ["opened", t("tasksByOpened")]], chosen("sort"));
  sort.addEventListener("change", () => go({ sort: sort.value }));
  sort.id = "tasks-sort";
  const held = h("input", { type: "checkbox", id: "tasks-held", checked: chosen("held") === "true" });
  held.addEventListener("change", () => go({ held: held.checked ? "true" : "" }));
  const definition = h("div", { id: "tasks-definitions" });
  const narrow = FILTERS.some((key) => query.has(key));
  const again = document.activeElement?.closest(`#${VIEW}`) ? document.activeElement.id : null;
  fill($(VIEW),
    h("div", { class: "head" }, h("h1", { id: "tasks-title", tabindex: "-1" }, t("tasks")), h("span", { class: "end", id: "tasks-stead" })),
    steadNote(),
    h("nav", { class: "tabs", id: "tasks-boxes", "aria-label": t("tasksBoxes") }),
    h("form", { class: "filters", role: "search", "aria-label": t("tasksFilter"), onsubmit: (submitted) => { submitted.preventDefault(); go({ q: words.value.trim() }); } },
      field(t("tasksWords"), words), h("button", {}, t("find")), narrow ? h("a", { href: link(Object.fromEntries(FILTERS.map((key) => [key, ""]))), class: "button" }, t("tasksAll")) : null),
    h("details", { class: "more-filters", open: narrow || matchMedia("(min-width: 44rem)").matches }, h("summary", {}, t("filters")), h("div", { class: "filters" },
      filter("due", t("tasksDue"), DUES.map((one) => [one, t(`tasksDue_${one}`)])),
      filter("kind", t("tasksKind"), KINDS.map((one) => [one, t(`stepKind_${one}`)])), definition,
      filter("claimed", t("tasksClaimed"), ["me", "nobody", "others"].map((one) => [one, t(`tasksClaimed_${one}`)])), field(t("order"), sort),
      h("label", { class: "check" }, held, h("span", {}, t("tasksHeld"))))),
    h("div", { class: "bar" }, h("p", { id: "tasks-summary", role: "status" }), h("button", { type: "button", id: "tasks-news", hidden: true, onclick: () => { now.list = null; showAll(); } }, t("tasksNews"))),
    h("div", { id: "tasks-said" }), h("div", { id: "tasks-bulk" }),
    h("ol", { id: "tasks-items", class: "hits" }),
    h("button", { type: "button", id: "tasks-more", class: "wide", hidden: true, onclick: more }, t("tasksMore")));
  now.picked.clear();
  steads();
  if (again) $(again)?.focus();
}

/** Those in whose stead I may look and act. */
async function steads() {
  const place = $("tasks-stead");
  const all = await json("/deputations").catch(() => null);
  const holds = (one) => !one.ended && Date.parse(one.valid_from) <= Date.now() && Date.parse(one.valid_until) > Date.now();
  const mine = (all?.items ?? []).filter((one) => one.deputy === state.me?.login && holds(one));
  if (!mine.length || !place.isConnected) return;
  const control = select([["", t("flowOwnName")], ...new Map(mine.map((one) => [one.principal, t("flowFor", { name: one.principal })]))], steadOf() ?? "");
  control.id = "tasks-for";
  control.addEventListener("change", () => { location.hash = `#${HOME}${control.value ? `?for=${encodeURIComponent(control.value)}` : ""}`; });
  fill(place, h("label", { class: "off", for: control.id }, t("flowInWhoseName")), control);
}

async function counts(fresh) {
  const counted = await look("/inbox/counts").catch(() => null);
  if (!fresh() || !counted) return;
  drawBoxes(counted.items);
}

function drawBoxes(boxes) {
  now.counts = boxes;
  const { query } = where();
  const here = query.get("box") ?? "";
  const again = document.activeElement?.closest("#tasks-boxes") ? document.activeElement.dataset.box : null;
  const tab = (box, name, count) => h("a", { href: link({ box, definition: "" }), "aria-current": here === box ? "page" : null, "data-box": box }, name,
    count ? [" ", h("span", { class: "count" }, number(count.total)), count.overdue ? h("span", { class: "late" }, ` ${plural("tasksLate", count.overdue)}`) : null] : null);
  fill($("tasks-boxes"), boxes.length > 1 ? tab("", t("tasksEvery")) : null, boxes.map((one) => tab(one.box, boxName(one.box), one)));
  if (again !== null) $("tasks-boxes").querySelector(`[data-box="${CSS.escape(again)}"]`)?.focus();
  const names = [...new Set(boxes.filter((one) => !here || one.box === here).flatMap((one) => Object.keys(one.definitions)))];
  const chosen = query.get("definition") ?? "";
  if (chosen && !names.includes(chosen)) names.push(chosen);
  if (document.activeElement?.id === "tasks-definition") return;
  const control = select([["", t("tasksAny")], ...names.sort().map((name) => [name, now.items.find((one) => one.definition.id === name)?.definition.title ?? name])], chosen);
  control.id = "tasks-definition";
  control.addEventListener("change", () => go({ definition: control.value }));
  fill($("tasks-definitions"), field(t("flowDefinition"), control));
}

async function load(fresh, cursor = null) {
  const { query } = where();
  const asked = new URLSearchParams({ limit: String(PAGE) });
  for (const key of ["box", ...FILTERS]) if (query.get(key)) asked.set(key, query.get(key));
  if (cursor) asked.set("cursor", cursor);
  let page;
  try { page = await look(`/inbox?${asked}`); } catch (error) {
    if (fresh()) refused($("tasks-said"), error);
    return;
  }
  if (!fresh()) return;
  if (!cursor) now.items = [];
  now.items.push(...page.items);
  now.next = page.next_cursor ?? null;
  now.list = query.toString();
  if (cursor) $("tasks-items").append(...page.items.map(item)); else $("tasks-items").replaceChildren(...page.items.map(item));
  if (now.counts.length) drawBoxes(now.counts);
  summary();
  bulk();
}

function summary() {
  const n = now.items.length;
  $("tasks-summary").replaceChildren(h("strong", {}, now.next ? t("tasksFirst", { n: number(n) }) : plural("tasksFound", n)));
  $("tasks-more").hidden = !now.next;
  if (!n) $("tasks-items").replaceChildren(h("li", { class: "nothing" }, h("p", {}, t([...where().query.keys()].some((key) => FILTERS.includes(key)) ? "tasksNoneFits" : "tasksNone"))));
}

async function more() {
  const turn = now.turn;
  const before = now.items.length;
  await load(() => turn === now.turn, now.next);
  $("tasks-items").children[before]?.querySelector("h2 a").focus();
}

const keyOf = (one) => `${one.workflow} ${one.step}`;
const personOf = (person) => (person.deputy ? t("tasksDeputy", person) : person.name);
const placeOf = (slug) => state.departments.find((one) => one.slug === slug)?.name ?? slug ?? "";

function askedInWords(one) {
  if (one.person) return personOf(one.person);
  if (one.function) return now.known.find((known) => known.code === one.function)?.name ?? one.function;
  if (one.role) return `${t(one.role)} ${placeOf(one.department)}`.trim();
  return t(one.kind === "anybody" ? "flowAnybody" : "system");
}

function item(one) {
  const box = h("input", { type: "checkbox", "aria-label": t("tasksPick", { step: one.label, reference: one.case.reference }), checked: now.picked.has(keyOf(one)) });
  box.addEventListener("change", () => {
    if (box.checked) now.picked.set(keyOf(one), one); else now.picked.delete(keyOf(one));
    bulk();
  });
  const mine = one.claimed_by?.login === state.me.login;
  const button = (act, name, action, main) => h("button", { type: "button", class: main ? "small main" : "small", "data-act": act, "aria-label": `${name}: ${one.label}, ${one.case.reference}`, onclick: action }, name);
  return h("li", { class: "hit task", "data-task": keyOf(one) },
    h("div", { class: "task-pick" }, box),
    h("div", { class: "task-what" },
      h("h2", {}, h("a", { href: flowAddress(one.workflow, one.step) }, one.label)),
      h("p", { class: "meta" }, `${one.definition.title} · `, h("a", { href: caseAddress(one.case.id), class: "ref" }, one.case.reference), ` · ${one.case.subject}`),
      h("p", { class: "chips" }, dueChip(one.due_on, one.overdue), one.held_until ? chip(t("flowHeldUntil", { day: day(dayOf(one.held_until)) })) : null,
        chip(t(`stepKind_${one.kind}`)), one.claimed_by ? chip(mine ? t("flowClaimedByMe") : t("flowClaimedBy", { who: personOf(one.claimed_by) }), mine ? "good" : "warn") : null),
      h("p", { class: "meta" }, t("tasksWith", { names: one.asked.map(askedInWords).join(", ") }), " · ", t("tasksSince", { at: moment(one.opened_at) }))),
    h("div", { class: "task-acts" },
      one.claimed_by ? (mine ? button("release", t("act_step_release"), () => command(one, "release")) : null) : button("claim", t("act_step_claim"), () => command(one, "claim")),
      button("open", t("open"), () => { location.hash = flowAddress(one.workflow, one.step); })));
}

const rowOf = (one) => $("tasks-items").querySelector(`[data-task="${CSS.escape(keyOf(one))}"]`);

/** One step, from the list: what was refused stands at the step. */
async function command(one, word) {
  const row = rowOf(one);
  const at = now.items.indexOf(one);
  for (const error of row.querySelectorAll(".error")) error.remove();
  try { await act(`/workflows/${one.workflow}/steps/${one.step}/${word}`); } catch (error) {
    row.querySelector(".task-what").append(h("p", { class: "error", role: "alert" }, error.said ?? error.message));
    if (error.status !== 409) return;
  }
  say(t(`did_workflow_${word}`));
  await reload(at);
}

/** Reads the list again and goes on where one was. */
async function reload(at = -1) {
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  const wanted = Math.max(now.items.length, PAGE);
  await Promise.all([counts(fresh), load(fresh)]);
  while (fresh() && now.next && now.items.length < wanted) await load(fresh, now.next);
  if (!fresh()) return;
  for (const key of now.picked.keys()) if (!now.items.some((one) => keyOf(one) === key)) now.picked.delete(key);
  bulk();
  if (at >= 0) (now.items.length ? rowOf(now.items[Math.min(at, now.items.length - 1)])?.querySelector("h2 a") : $("tasks-title"))?.focus();
}

const bulk = () => bulkBar($("tasks-bulk"), {
  picked: [...now.picked.values()], shown: now.items,
  pick: (all) => {
    now.picked.clear();
    for (const one of all) now.picked.set(keyOf(one), one);
    for (const row of $("tasks-items").querySelectorAll("[data-task]")) row.querySelector("input").checked = now.picked.has(row.dataset.task);
    bulk();
  },
  after: async (text) => {
    now.picked.clear();
    await reload();
    done($("tasks-said"), text);
    $("tasks-title").focus();
  },
});

// ---- what comes in meanwhile --------------------------------------------------------------

listen((said, before) => {
  if (!state.me || where().path !== HOME || steadOf() || now.list === null) return;
  drawBoxes(said.boxes);
  if (!before || JSON.stringify(said.boxes) === JSON.stringify(before.boxes)) return;
  // Nothing moves under the hand of whoever is at the list.
  const busy = now.picked.size || document.querySelector("dialog[open]") || document.activeElement?.closest("#tasks-items");
  if (busy) {
    $("tasks-news").hidden = false;
    say(t("tasksNews"));
  } else reload();
});

// ---- keys ---------------------------------------------------------------------------------

export const KEY_WORDS = [["u", "keyClaim"], ["e", "keyComplete"], ["x", "keyPick"]];

addEventListener("keydown", (pressed) => {
  if (!state.me || where().path !== HOME || document.querySelector("dialog[open]") || !$("shortcuts").checked) return;
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.target.matches("input:not([type=checkbox]), select, textarea")) return;
  const rows = [...$("tasks-items").querySelectorAll("[data-task]")];
  const row = document.activeElement?.closest("[data-task]");
  if (pressed.key === "j" || pressed.key === "k") {
    const from = rows.indexOf(row);
    const to = rows[from < 0 ? 0 : from + (pressed.key === "j" ? 1 : -1)];
    to?.querySelector("h2 a").focus({ preventScroll: true });
    to?.scrollIntoView({ block: "nearest" });
    return;
  }
  const one = row && now.items.find((known) => keyOf(known) === row.dataset.task);
  if (!one) return;
  if (pressed.key === "u") {
    const button = row.querySelector("[data-act=claim], [data-act=release]");
    if (button) { pressed.preventDefault(); button.click(); }
  } else if (pressed.key === "e") {
    pressed.preventDefault();
    const index = now.items.indexOf(one);
    completeFirst(one, async (word) => { await reload(index); done($("tasks-said"), word); });
  } else if (pressed.key === "x") {
    pressed.preventDefault();
    row.querySelector("input").click();
  }
});
