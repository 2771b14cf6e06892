// The staff page. It speaks the same contract as every other program; what documents say is only
// ever set as text, never as markup.
import { $, bytes, day, h, language, moment, number, pieces, plural, say, speakNow, t, words } from "/pages/dom.js";
import { documentActions, filedIn, holdList } from "/pages/acts.js";
import { componentsOf, duplicatesOf, formRows, mailRows, notesOn, partsOf, relationsOf, undoOf, whichPages } from "/pages/beside.js";
import * as account from "/pages/account.js";
import * as correspondents from "/pages/correspondents.js";
import { fieldList } from "/pages/fields.js";
import * as filling from "/pages/filling.js";
import * as functions from "/pages/functions.js";
import * as inbox from "/pages/inbox.js";
import { copyOf, picturesOf } from "/pages/pictures.js";
import * as notices from "/pages/notices.js";
import * as plan from "/pages/plan.js";
import * as procedures from "/pages/procedures.js";
import * as records from "/pages/records.js";
import * as tablets from "/pages/tablets.js";
import * as tasks from "/pages/tasks.js";
import * as withheld from "/pages/withheld.js";

/** The pages beside search and filing, each with its section, its place in the navigation and its addresses. */
const ROOMS = [inbox, tasks, records, plan, correspondents, functions, filling, procedures, tablets, withheld, notices, account];
const state = { me: null, departments: [], hits: [], next: null, shown: undefined, asked: 0, looked: "" };

// ---- the server ---------------------------------------------------------------------------

// The session is a cookie that no script can read. What is known here is only that there may be one,
// and the word that every change by it has to send along.
let csrf = null;
const mayBeSignedIn = () => Boolean(localStorage.getItem("signedIn"));

class Problem extends Error {
  constructor(status, body) {
    const faults = (body.errors ?? []).map((fault) => `${(fault.pointer ?? fault.parameter ?? fault.part ?? "").replace(/^\//, "")}: ${fault.detail}`);
    super([body.detail ?? body.title ?? `HTTP ${status}`, ...faults].join(" "));
    this.status = status;
    this.said = body.detail ?? body.title ?? `HTTP ${status}`;
    this.faults = body.errors ?? [];
    this.existing = body.existing;
  }
}

const headers = (more = {}) => ({
  "Accept-Language": language,
  ...(csrf ? { "Papierlos-Csrf": csrf } : {}),
  ...more,
});

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { ...options, headers: headers(options.headers) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("offline"));
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  // A wrong password says nothing about the session that there is.
  const signingIn = path === "/sessions" && options.method === "POST";
  if (response.status === 401 && csrf && !signingIn) leave(t("expired"));
  throw new Problem(response.status, body);
}

const json = async (path, options) => (await ask(path, options)).json();

// ---- sign-in ------------------------------------------------------------------------------

$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("sign-in-error").textContent = "";
  const body = JSON.stringify({ login: $("login").value.trim(), password: $("password").value });
  try {
    remember(await json("/sessions", { method: "POST", body, headers: { "Content-Type": "application/json" } }));
    // A browser that drops the cookie (no TLS, and not this machine) would be signed in and not know it.
    await json("/session").catch((error) => { throw error.status === 401 ? new Error(t("noCookie")) : error; });
    $("password").value = "";
    await enter();
  } catch (error) {
    $("sign-in-error").textContent = error.message;
    $("password").select();
  }
});

/** Keeps what the pages have to know of a session, so that the other windows see when it is another one. */
function remember(here) {
  csrf = here.csrf;
  state.byProvider = here.session.by_provider;
  localStorage.setItem("signedIn", here.session.id);
}

// All windows share the cookie: when it becomes another one, what stands here is of somebody else.
addEventListener("storage", (changed) => {
  if (changed.key === "signedIn" && changed.newValue !== changed.oldValue) location.reload();
});

$("sign-out").addEventListener("click", async () => {
  $("sign-out").disabled = true;
  await signOut();
  $("sign-out").disabled = false;
});

/** Nobody is told to be signed out whose session may still hold: at this desk the next one would go on with it. */
async function signOut() {
  const elsewhere = state.byProvider;
  try {
    await ask("/session", { method: "DELETE" });
    leave(t("signedOut"));
  } catch (error) {
    // 401: it had ended already, and the page has left.
    if (error.status !== 401) { trouble(t("notSignedOut", { why: error.message }), signOut); return; }
  }
  // Whoever came with the account of the town is signed in there too.
  if (elsewhere) location.assign("/oidc/sign-out");
}

/** Says what did not go through, with a way to try it again; without a word it is over. */
function trouble(why = "", again = null) {
  const button = again && h("button", { type: "button", onclick: () => { trouble(); again(); } }, t("again"));
  $("trouble").replaceChildren(...(button ? [h("p", { class: "error" }, why), button] : []));
  button?.focus();
}

/** The ways in beside name and password. */
async function offerWays() {
  const { provider } = await json("/sign-in");
  if (!provider) return;
  $("provider-link").setAttribute("href", provider);
  $("provider").hidden = false;
}

/** Signs out and leaves nothing behind for the next person: no question, no document, no upload. */
function leave(why) {
  const lost = waiting.length + uploading.size;
  waiting.length = 0;
  for (const request of uploading) request.abort();
  uploading.clear();
  csrf = null;
  localStorage.removeItem("signedIn");
  trouble();
  state.me = null;
  state.hits = [];
  state.looked = "";
  state.next = null;
  for (const id of ["hits", "facets", "document", "uploads", "notes", "summary"]) $(id).replaceChildren();
  $("uploads-title").hidden = true;
  $("upload").reset();
  close();
  $("q").value = "";
  history.replaceState(null, "", "#/");
  show();
  $("sign-in-error").textContent = lost ? `${why} ${plural("notFiled", lost)}` : why;
  $("login").focus();
}

async function enter() {
  const [me, departments] = await Promise.all([json("/me"), json("/departments")]);
  state.me = me;
  state.departments = departments.items;
  trouble();
  const choices = state.departments.filter((one) => one.may_file);
  $("department").replaceChildren(...choices.map((one) => h("option", { value: one.slug }, one.name)));
  $("department-field").hidden = choices.length < 2;
  show();
}

const departmentName = (slug) => state.departments.find((one) => one.slug === slug)?.name ?? slug;
const mayFile = () => Boolean(state.me) && state.departments.some((one) => one.may_file);

// ---- where we are -------------------------------------------------------------------------

/** The address: `#/?q=…&type=…&doc=…`. What is looked for never leaves the browser as an address. */
function where() {
  const [path, query] = location.hash.replace(/^#/, "").split("?");
  return { path: path || "/", query: new URLSearchParams(query ?? "") };
}

function go(change, replace = false) {
  const { query } = where();
  change(query);
  const hash = `#/${query.size ? `?${query}` : ""}`;
  if (hash === location.hash) show();
  else if (replace) { history.replaceState(null, "", hash); show(); }
  else location.hash = hash;
}

let lastSearch = null;

function show() {
  const signedIn = Boolean(state.me);
  const { path, query } = where();
  const filing = signedIn && path === "/ablegen";
  const room = signedIn ? ROOMS.find((one) => one.at(path)) : undefined;
  $("view-sign-in").hidden = signedIn;
  $("view-search").hidden = !signedIn || filing || Boolean(room);
  $("view-file").hidden = !filing;
  $("nav").hidden = !signedIn;
  $("nav-file").hidden = !mayFile();
  $("sign-out").hidden = !signedIn;
  $("help").hidden = !signedIn;
  $("who").textContent = signedIn ? [state.me.name, ...new Set(state.me.roles.filter(holds).map(role))].join(" · ") : "";
  for (const one of ROOMS) {
    $(one.VIEW).hidden = one !== room;
    $(one.NAV).hidden = !signedIn || !one.offered();
    if (!signedIn) one.forget();
  }
  for (const [id, here] of [["nav-search", !filing && !room], ["nav-file", filing], ...ROOMS.map((one) => [one.NAV, one === room])]) {
    if (here) $(id).setAttribute("aria-current", "page"); else $(id).removeAttribute("aria-current");
  }
  // Where the row is longer than the window, it shows where one is.
  const here = document.querySelector("#nav [aria-current]");
  if (here) $("nav").scrollLeft = here.offsetLeft - $("nav").offsetLeft - ($("nav").clientWidth - here.offsetWidth) / 2;
  document.title = `${signedIn ? (room ? room.title() : filing ? t("file") : query.get("q") || t("search")) : t("signIn")} – Papierlos`;
  if (!signedIn) { lastSearch = null; state.shown = undefined; return; }
  legend();
  if (room) { room.show(path, query); return; }
  if (filing) return;
  const doc = query.get("doc");
  query.delete("doc");
  if (lastSearch !== query.toString()) {
    lastSearch = query.toString();
    search(query);
  }
  $("view-search").classList.toggle("reading", Boolean(doc));
  if (doc !== state.shown) read(doc);
}

// A role that waits for its approval or for its time is none yet.
export function holds(one) {
  return !one.waiting && !(Date.parse(one.valid_from) > Date.now());
}

function role(one) {
  if (!one.department) return t(one.role);
  const place = departmentName(one.department);
  return one.role === "clerk" ? place : `${t(one.role)} ${place}`;
}

addEventListener("hashchange", show);

// ---- search -------------------------------------------------------------------------------

const FACETS = [["department", "fDepartment"], ["type", "fType"], ["year", "fYear"], ["tag", "fTag"], ["correspondent", "fCorrespondent"]];
const FACET_VALUES_MAX = 8;

async function search(query, cursor = null) {
  const turn = ++state.asked;
  $("q").value = query.get("q") ?? "";
  const asked = new URLSearchParams(query);
  if (!asked.get("sort") && !asked.get("q")) asked.set("sort", "received");
  $("sort").value = asked.get("sort") ?? "relevance";
  asked.set("limit", "20");
  if (cursor) asked.set("cursor", cursor); else asked.set("facets", "true");
  const begun = performance.now();
  let answer;
  try {
    answer = await json(`/search?${asked}`);
  } catch (error) {
    if (turn !== state.asked) return;
    $("summary").textContent = error.message;
    if (!cursor) { $("hits").replaceChildren(); $("more").hidden = true; }
    return;
  }
  if (turn !== state.asked) return;
  const took = Math.round(performance.now() - begun);
  if (!cursor) {
    state.hits = [];
    state.looked = answer.corrected ?? query.get("q") ?? "";
    $("hits").replaceChildren();
    facets(answer.facets, query);
    records.offer(query, go);
    const filtered = [...query.keys()].some((key) => key !== "sort");
    $("summary").replaceChildren(
      h("strong", {}, plural(filtered ? "hits" : "documents", answer.total)), ` ${t("took", { ms: number(took) })}`);
    const notes = [...(answer.notes ?? [])];
    if (answer.corrected) notes.unshift(t("corrected", { q: answer.corrected }));
    if (!answer.total) notes.push(t("noHits"));
    $("notes").hidden = !notes.length;
    $("notes").textContent = notes.join(" ");
  }
  state.hits.push(...answer.items);
  $("hits").append(...answer.items.map(hit));
  state.next = answer.next_cursor ?? null;
  $("more").hidden = !state.next;
  current();
}

function hit(found) {
  const meta = [found.type, day(found.document_date), found.correspondent, found.case ? null : found.references[0], found.pages ? plural("pages", found.pages) : null];
  return h("li", { class: "hit", "data-id": found.id },
    h("h2", {}, h("a", { href: address(found.id) }, pieces(found.title))),
    h("p", { class: "meta" }, meta.filter(Boolean).join(" · ")),
    filedIn(found),
    found.state === "discarded" ? h("p", { class: "chips" }, h("span", { class: "chip bad" }, t("stateDiscarded"))) : null,
    found.snippets.slice(0, 2).map((snippet) => h("p", { class: "snippet" }, pieces(snippet.text), " ",
      h("span", { class: "page-no" }, `${t("pageNo", { n: snippet.page })}`))));
}

function address(id) {
  const { query } = where();
  query.set("doc", id);
  return `#/?${query}`;
}

function facets(counts, query) {
  const groups = FACETS.map(([key, title]) => {
    const chosen = query.getAll(key);
    const values = (counts?.[key] ?? []).slice(0, FACET_VALUES_MAX);
    for (const value of chosen) if (!values.some((one) => one.value === value)) values.push({ value, count: 0 });
    if (!values.length || (key === "department" && state.departments.length < 2)) return null;
    return h("fieldset", { class: "facet" }, h("legend", {}, t(title)), values.map((one) => {
      const box = h("input", { type: "checkbox", checked: chosen.includes(one.value) });
      box.addEventListener("change", () => go((next) => {
        const left = next.getAll(key).filter((value) => value !== one.value);
        next.delete(key);
        for (const value of box.checked ? [...left, one.value] : left) next.append(key, value);
        next.delete("doc");
      }));
      return h("label", {}, box, h("span", {}, key === "department" ? departmentName(one.value) : one.value),
        h("span", { class: "n" }, number(one.count)));
    }));
  });
  $("facets").replaceChildren(...groups.filter(Boolean));
}

$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  close();
  const wanted = $("q").value.trim();
  go((query) => {
    if (wanted) query.set("q", wanted); else query.delete("q");
    query.delete("doc");
  });
});
$("sort").addEventListener("change", () => go((query) => query.set("sort", $("sort").value)));
$("more").addEventListener("click", async () => {
  const { query } = where();
  query.delete("doc");
  const before = state.hits.length;
  await search(query, state.next);
  $("hits").children[before]?.querySelector("a").focus();
});

// ---- suggestions --------------------------------------------------------------------------

let options = [];
let chosen = -1;
let typing = null;
let pause = null;

function close() {
  clearTimeout(pause);
  typing?.abort();
  $("suggestions").hidden = true;
  $("q").setAttribute("aria-expanded", "false");
  $("q").removeAttribute("aria-activedescendant");
  options = [];
  chosen = -1;
}

$("q").addEventListener("input", () => {
  clearTimeout(pause);
  typing?.abort();
  const text = $("q").value;
  if (text.trim().length < 2) { close(); return; }
  pause = setTimeout(async () => {
    typing = new AbortController();
    try {
      const found = await json(`/search/suggest?${new URLSearchParams({ q: text, limit: "6" })}`, { signal: typing.signal });
      suggest(found);
    } catch { close(); }
  }, 120);
});

function suggest(found) {
  const words = found.words.map((one) => ({
    children: [h("span", {}, one.text), h("span", { class: "n" }, t("inDocuments", { n: number(one.documents) }))],
    take: () => { $("q").value = one.text; $("search").requestSubmit(); },
  }));
  const titles = found.titles.slice(0, 4).map((one) => ({
    children: [h("span", {}, pieces(one.title)), h("span", { class: "n" }, t("suggestedDocument"))],
    take: () => { close(); location.hash = address(one.id); },
  }));
  options = [...words, ...titles];
  chosen = -1;
  $("suggestions").replaceChildren(...options.map((option, at) => {
    const item = h("li", { role: "option", id: `s${at}`, "aria-selected": "false" }, option.children);
    item.addEventListener("mousedown", (event) => { event.preventDefault(); option.take(); });
    return item;
  }));
  $("suggestions").hidden = !options.length;
  $("q").setAttribute("aria-expanded", String(Boolean(options.length)));
}

$("q").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && options.length) { event.preventDefault(); close(); return; }
  if (!options.length) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    chosen = (chosen + step + options.length + (chosen < 0 && step < 0 ? 1 : 0)) % options.length;
    [...$("suggestions").children].forEach((item, at) => item.setAttribute("aria-selected", String(at === chosen)));
    $("q").setAttribute("aria-activedescendant", `s${chosen}`);
    $(`s${chosen}`).scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" && chosen >= 0) {
    event.preventDefault();
    options[chosen].take();
  }
});
$("q").addEventListener("blur", () => setTimeout(close, 100));

// ---- a document ---------------------------------------------------------------------------

async function read(id) {
  state.shown = id;
  current();
  if (!id) {
    const sheet = document.querySelector(".brand svg").cloneNode(true);
    $("document").replaceChildren(h("div", { class: "empty" }, sheet, h("h2", { id: "document-title" }, t("pick"))));
    return;
  }
  let found, history, versions;
  try {
    [found, history, versions] = await Promise.all([
      json(`/documents/${encodeURIComponent(id)}`), json(`/documents/${encodeURIComponent(id)}/history`), json(`/documents/${encodeURIComponent(id)}/versions`)]);
  } catch (error) {
    if (state.shown !== id) return;
    $("document").replaceChildren(backButton(), h("h2", { id: "document-title" }, t("failedTitle")), h("p", { class: "error", role: "alert" }, error.message));
    return;
  }
  if (state.shown !== id) return;
  render(found, history.items, versions.items);
  $("side").scrollTop = 0;
  $("side").focus({ preventScroll: true });
}

const backButton = () => h("button", { type: "button", id: "close", onclick: () => {
  const id = state.shown;
  go((query) => query.delete("doc"));
  document.querySelector(`[data-id="${id}"] a`)?.focus();
} }, t("back"));

const CHIPS = { pending: ["warn", "textPending"], readable: ["good", "textReadable"], partly_readable: ["warn", "textPartly"], unreadable: ["bad", "textUnreadable"] };

/** A text of which nothing was read yet and that will be is as good as one at which nobody has looked. */
function chipOf({ state: read, waiting }) {
  const comes = read === "unreadable" && waiting && waiting.state !== "failed";
  return CHIPS[comes ? "pending" : read] ?? ["", read];
}

const STATES = { incoming: ["", "stateIncoming"], draft: ["warn", "stateDraft"], registered: ["good", "stateRegistered"], discarded: ["bad", "stateDiscarded"] };

function render(found, history, versions) {
  const [colour, word] = chipOf(found.text);
  const failure = h("p", { class: "error", role: "alert" });
  const attempt = (action) => async () => {
    failure.textContent = "";
    try { await action(); } catch (error) { failure.textContent = error.message; }
  };
  const rows = [
    ["componentOf", found.parent && h("a", { href: address(found.parent.id) }, found.parent.title)], ...mailRows(found.mail), ...formRows(found.form),
    ["batchOf", found.batch && [h("a", { href: address(found.batch.id) }, found.batch.title), ` · ${whichPages(found.batch)}`]],
    ["reference", found.reference], ["standsIn", filedIn(found)], ["type", found.type], ["correspondent", correspondents.whoIs(found)], ["document_date", day(found.document_date)],
    ["received_at", moment(found.received_at)], ["direction", t(found.direction)], ["channel", found.channel && t(found.channel)],
    ["department", departmentName(found.department)], ["references", found.references.join(", ")], ["tags", found.tags.join(", ")],
    ["reason", found.reason], ["content", [found.content.file_name, bytes(found.content.bytes), found.text.pages ? plural("pages", found.text.pages) : null].filter(Boolean).join(" · ")],
  ];
  const last = history.at(-1);
  $("document").replaceChildren(
    backButton(),
    h("h2", { id: "document-title" }, found.title),
    h("ul", { class: "chips" },
      h("li", { class: `chip ${STATES[found.state]?.[0] ?? ""}` }, t(STATES[found.state]?.[1] ?? found.state)),
      h("li", { class: `chip ${colour}` }, t(word))),
    h("div", { class: "actions" },
      found.content.media_type === "application/pdf" ? h("button", { type: "button", class: "main", onclick: attempt(() => view(found)) }, t("show")) : null,
      h("button", { type: "button", onclick: attempt(() => save(found, found.content)) }, t("download")),
      found.text.recognised ? copyOf(found) : null,
      documentActions(found, () => { state.shown = undefined; show(); }),
      found.parent ? null : undoOf(found, history, () => { state.shown = undefined; show(); })),
    failure,
    h("dl", {}, rows.filter(([, value]) => value).map(([key, value]) => [h("dt", {}, t(key)), h("dd", {}, value)])),
    fieldList(found) ?? "",
    ...(holdList(found.retention?.holds, found.id, found.department, () => { state.shown = undefined; show(); }) ?? []),
    duplicatesOf(found, address),
    componentsOf(found, address),
    partsOf(found, address),
    notesOn("document", found, found.state !== "discarded"), relationsOf(found, address),
    pagesOf(found),
    h("h3", {}, t("text")), textOf(found),
    h("h3", {}, t("history")), h("ol", { class: "timeline" }, history.map(event)),
    h("h3", {}, t("versions")), h("ul", { class: "rows" }, versions.toReversed().map((one) => h("li", {},
      h("strong", {}, t("version", { n: one.number })), one.number === found.content.number ? h("span", { class: "chip good" }, t("inForce")) : null,
      h("span", { class: "muted" }, `${moment(one.created_at)} · ${bytes(one.bytes)}`),
      h("button", { type: "button", class: "plain end", onclick: attempt(() => save(found, one)), "aria-label": `${t("download")}: ${t("version", { n: one.number })}` }, t("download"))))),
    h("h3", {}, t("proof")), h("p", { class: "muted" }, t("proofText")),
    last ? receipt(last.seq, last.hash, found.content.sha256) : "");
}

function receipt(seq, hash, sha256) {
  const copy = h("button", { type: "button", class: "plain", onclick: async () => {
    await navigator.clipboard.writeText(`${seq} ${hash}`);
    copy.textContent = t("copied");
    say(t("copied"));
  } }, t("copy"));
  return h("div", {}, h("dl", {},
    h("dt", {}, t("record")), h("dd", {}, h("strong", {}, String(seq)), " ", copy),
    h("dt", {}, t("checksum")), h("dd", { class: "mono" }, hash),
    sha256 ? [h("dt", {}, t("contentSum")), h("dd", { class: "mono" }, sha256)] : null));
}

function textOf(found) {
  const box = h("div", {});
  if (found.text.state === "pending") {
    box.append(h("p", { class: "muted" }, t("textPending")));
    // It takes a second or two: look again as long as this document is shown.
    setTimeout(() => { if (state.shown === found.id) { state.shown = undefined; show(); } }, 1500);
    return box;
  }
  leaves(box, found);
  return box;
}

/** The pages of a document as pictures, from the one on where something was found. */
function pagesOf(found) {
  // While its text is read, what is shown here is drawn again and again.
  if (found.text.state === "pending") return "";
  const hit = state.hits.find((one) => one.id === found.id);
  const marked = hit?.snippets.find((snippet) => snippet.text.some((piece) => piece.mark));
  return picturesOf(found, hit ? state.looked.trim() : "", marked?.page);
}

/** The text as far as it was read, and what is still to be done for it. */
function leaves(box, found) {
  const { waiting } = found.text;
  const status = h("p", { class: "muted" }, waiting ? waitingFor(waiting) : "");
  const text = h("div", {});
  box.replaceChildren(...(waiting ? [status, text] : [text]));
  // That there is no text is said when nothing is going to be read any more.
  const missing = (otherwise) => (waiting && waiting.state !== "failed" ? "" : h("p", { class: "muted" }, found.text.explanation ?? otherwise));
  const words = marked(found.id);
  json(`/documents/${found.id}/text`).then((read) => {
    const pages = read.pages.filter((page) => page.text.trim());
    if (!pages.length) text.append(missing(t("noText")));
    for (const page of pages) {
      text.append(h("p", { class: "leaf-no" }, t("pageNo", { n: page.number })), h("div", { class: "leaf" }, highlight(page.text, words)));
    }
  }).catch((error) => text.append(missing(error.message)));
  if (waiting && waiting.state !== "failed") setTimeout(() => lookAgain(box, status, found, 2000), 2000);
}

const waitingFor = (waiting) => t(`waits_${waiting.task}_${waiting.state}`, { place: number(waiting.place) });

/** A scan may take long: the pause grows, and only what has changed is shown anew, as long as it is looked at. */
async function lookAgain(box, status, found, pause) {
  if (!box.isConnected) return;
  const now = state.me && await json(`/documents/${found.id}`).catch(() => null);
  if (!now || !box.isConnected) return;
  const { waiting, engine } = now.text;
  if (!waiting && state.shown === found.id) { state.shown = undefined; show(); return; }
  if (!waiting || waiting.state === "failed" || engine !== found.text.engine) { leaves(box, now); return; }
  status.textContent = waitingFor(waiting);
  const next = Math.min(pause * 1.5, 30000);
  setTimeout(() => lookAgain(box, status, found, next), next);
}

/** The spellings that were found in this document. */
function marked(id) {
  const found = state.hits.find((one) => one.id === id);
  const all = found ? [...found.title, ...found.snippets.flatMap((snippet) => snippet.text)] : [];
  return [...new Set(all.filter((piece) => piece.mark).map((piece) => piece.text.toLowerCase()))];
}

function highlight(text, words) {
  if (!words.length) return [text];
  const escaped = words.sort((a, b) => b.length - a.length).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const found = new RegExp(`(${escaped.join("|")})`, "giu");
  return text.split(found).map((part, at) => (at % 2 ? h("mark", {}, part) : part));
}

const OWN = ["subject", "note", "medium", "confidentiality", "title", "type", "direction", "channel", "correspondent", "document_date", "received_at", "references", "reference", "tags", "reason"];

function event(entry) {
  const what = entry.action.replace(/^document\./, "");
  const named = `did_${what.replace(".", "_")}`;
  const word = words[language][named] ? t(named) : entry.action;
  const who = entry.actor === state.me.id ? t("you") : entry.role === "system" ? t("system") : t(entry.role);
  const changes = entry.version === 1 ? [] : entry.changes.filter((one) => OWN.includes(one.field));
  return h("li", {}, h("strong", {}, word), h("br"),
    h("span", { class: "muted" }, `${moment(entry.at)} · ${entry.actor_name ?? who} · ${t("record")} ${entry.seq}`),
    entry.erased ? h("p", { class: "muted" }, t("erased")) : null,
    ["note", "reason"].map((key) => (entry.details?.[key] ? h("p", { class: "said" }, entry.details[key]) : null)),
    entry.details?.from && entry.details.to ? h("p", { class: "mono" }, `${entry.details.from} → ${entry.details.to}`) : null,
    changes.length ? h("ul", {}, changes.map((one) => h("li", {}, change(one)))) : null);
}

function change({ field, from, to }) {
  const value = (raw) => {
    if (Array.isArray(raw)) return raw.join(", ");
    if (field === "document_date") return day(raw);
    if (field === "received_at") return moment(raw);
    return ["direction", "channel", "medium", "confidentiality"].includes(field) ? t(raw) : String(raw);
  };
  const empty = (raw) => raw === undefined || raw === null || (Array.isArray(raw) && !raw.length);
  const name = t(field);
  if (empty(to)) return t("cleared", { field: name, from: value(from) });
  return empty(from) ? t("set", { field: name, to: value(to) }) : t("changed", { field: name, from: value(from), to: value(to) });
}

async function blob(found, version) {
  const path = `/documents/${found.id}/versions/${version.number}/content`;
  const response = await ask(path);
  return new Blob([await response.arrayBuffer()], { type: version.media_type === "application/pdf" ? "application/pdf" : "application/octet-stream" });
}

async function save(found, version) {
  const url = URL.createObjectURL(await blob(found, version));
  h("a", { href: url, download: version.file_name ?? found.title }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function view(found) {
  // Opened before waiting, or the browser takes it for an unwanted window.
  const tab = open("about:blank", "_blank");
  const url = URL.createObjectURL(await blob(found, found.content));
  if (tab) tab.location = url; else location.assign(url);
  setTimeout(() => URL.revokeObjectURL(url), 600_000);
}

function current() {
  for (const item of $("hits").children) {
    const here = item.dataset.id === state.shown;
    item.classList.toggle("open", here);
    const link = item.querySelector("a");
    link.href = address(item.dataset.id);
    if (here) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
  }
}

// ---- filing -------------------------------------------------------------------------------

const waiting = [];
const uploading = new Set();
let sending = 0;
const SENDING_MAX = 3;

$("content").addEventListener("change", () => { take($("content").files); $("content").value = ""; });
$("upload").addEventListener("submit", (submitted) => submitted.preventDefault());
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (dragged) => {
    if (!mayFile() || ![...dragged.dataTransfer.types].includes("Files")) return;
    dragged.preventDefault();
    if (where().path !== "/ablegen") location.hash = "#/ablegen";
    $("drop").classList.add("over");
  });
}
addEventListener("dragleave", (dragged) => { if (!dragged.relatedTarget) $("drop").classList.remove("over"); });
addEventListener("drop", (dropped) => {
  if (!mayFile()) return;
  dropped.preventDefault();
  $("drop").classList.remove("over");
  take(dropped.dataTransfer.files);
});

function take(files) {
  const said = {
    department: $("department").value || undefined,
    type: $("kind").value.trim() || undefined,
    correspondent: $("correspondent").value.trim() || undefined,
    document_date: $("date").value || undefined,
    tags: $("tags").value.split(",").map((tag) => tag.trim()).filter(Boolean),
  };
  for (const file of files) {
    const row = h("li", {});
    $("uploads").prepend(row);
    waiting.push({ file, said, row, key: crypto.randomUUID() });
  }
  $("uploads-title").hidden = false;
  pump();
}

function pump() {
  while (sending < SENDING_MAX && waiting.length) {
    sending += 1;
    send(waiting.shift()).finally(() => { sending -= 1; pump(); });
  }
}

function send(job) {
  const { file, said, row, key } = job;
  const bar = h("progress", { max: "100", value: "0", "aria-label": file.name });
  const status = h("p", { class: "muted" });
  row.replaceChildren(h("h3", {}, file.name), bar, status);
  const form = new FormData();
  form.append("metadata", new Blob([JSON.stringify(said)], { type: "application/json" }));
  form.append("content", file, file.name);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/documents");
    for (const [name, value] of Object.entries(headers({ "Idempotency-Key": key }))) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = (sent) => {
      bar.value = sent.total ? (100 * sent.loaded) / sent.total : 0;
      status.textContent = sent.loaded < sent.total ? t("sending", { p: Math.floor(bar.value) }) : t("securing");
    };
    const refused = (message) => {
      row.replaceChildren(h("h3", {}, file.name), h("p", { class: "error" }, `${t("failed")}: ${message}`),
        h("button", { type: "button", onclick: () => { waiting.push(job); pump(); } }, t("again")));
      say(`${file.name}: ${t("failed")}`);
      resolve();
    };
    uploading.add(request);
    request.onloadend = () => uploading.delete(request);
    // Whoever signed out takes nothing along.
    request.onabort = () => resolve();
    request.onerror = () => refused(t("offline"));
    request.onload = () => {
      const answer = request.response ?? {};
      if (request.status === 401) { leave(t("expired")); resolve(); return; }
      if (request.status !== 201) { refused(new Problem(request.status, answer).message); return; }
      const seq = request.getResponseHeader("Papierlos-Log-Seq");
      done(row, answer, seq, request.getResponseHeader("Papierlos-Log-Hash"));
      lastSearch = null;
      resolve();
    };
    request.send(form);
  });
}

function done(row, filed, seq, hash) {
  const chip = h("span", { class: "chip warn" }, t("textPending"));
  row.replaceChildren(
    h("h3", {}, h("a", { href: `#/?doc=${filed.id}` }, filed.title)),
    h("p", { class: "chips" }, h("span", { class: "chip good" }, t("done", { seq })), chip),
    filed.duplicates?.length ? h("p", { class: "note" }, t("sameAs"), " ", filed.duplicates.flatMap((one, at) => [at ? ", " : "", h("a", { href: `#/?doc=${one.id}` }, one.title)])) : "",
    receipt(seq, hash, filed.content.sha256));
  say(`${filed.title}: ${t("done", { seq })}`);
  watchText(filed.id, chip, 0);
}

async function watchText(id, chip, tries) {
  const found = state.me && await json(`/documents/${id}`).catch(() => null);
  if (!found || tries > 40) return;
  if (found.text.state === "pending") { setTimeout(() => watchText(id, chip, tries + 1), 400 + tries * 50); return; }
  const [colour, word] = chipOf(found.text);
  chip.className = `chip ${colour}`;
  chip.textContent = t(word);
}

// ---- keys and language --------------------------------------------------------------------

$("shortcuts").checked = localStorage.getItem("shortcuts") !== "off";
$("shortcuts").addEventListener("change", () => {
  localStorage.setItem("shortcuts", $("shortcuts").checked ? "on" : "off");
  speak();
});

addEventListener("keydown", (pressed) => {
  if (!state.me || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
  const typingNow = pressed.target.matches("input:not([type=checkbox]), select, textarea");
  if (document.querySelector("dialog[open]")) return;
  if (where().path !== "/" && pressed.key !== "/") return;
  if (pressed.key === "Escape" && state.shown && !typingNow) { go((query) => query.delete("doc")); return; }
  if (typingNow || !$("shortcuts").checked) return;
  if (pressed.key === "/") {
    pressed.preventDefault();
    if (where().path !== "/") location.hash = "#/";
    setTimeout(() => $("q").select());
  } else if (pressed.key === "j" || pressed.key === "k") {
    const links = [...$("hits").querySelectorAll("h2 a")];
    const focused = links.indexOf(document.activeElement);
    const from = focused >= 0 ? focused : links.findIndex((link) => link.getAttribute("aria-current"));
    const next = from < 0 ? links[0] : links[from + (pressed.key === "j" ? 1 : -1)];
    next?.focus();
    next?.closest(".hit").scrollIntoView({ block: "nearest" });
  }
});

/** The keys that do something here. */
function legend() {
  const { path } = where();
  const moving = [["j", null], ["k", "keyMove"]];
  const keys = [["/", "keySearch"], ...(path === "/" ? [...moving, ["Enter", "keyOpen"]] : []), ...(path === "/eingang" ? [...moving, ...inbox.KEY_WORDS] : []),
    ...(path === "/aufgaben" ? [...moving, ["Enter", "keyOpen"], ...tasks.KEY_WORDS] : [])];
  $("keys").replaceChildren(...($("shortcuts").checked ? keys.flatMap(([key, word]) => [h("kbd", {}, key), word ? t(word) : ""]) : []));
}

function speak() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  $("language").textContent = t("otherLanguage");
  $("language").lang = language === "de" ? "en" : "de";
  legend();
}

$("language").addEventListener("click", () => {
  speakNow(language === "de" ? "en" : "de");
  speak();
  lastSearch = null;
  state.shown = undefined;
  show();
});

export { ask, chipOf, departmentName, event, json, leave, receipt, save, show, state, textOf, view, where };

speak();
offerWays().catch(() => {});
// Whoever comes back from the provider has a session that nothing here knows of yet.
const back = where().path === "/angemeldet";
if (back || mayBeSignedIn()) begin();
else show();

/** Takes up the session that there is. That the server cannot say so now is no reason to leave it: it may still hold. */
async function begin() {
  try {
    remember(await json("/session"));
    if (back) history.replaceState(null, "", "#/");
    await enter();
  } catch (error) {
    if (error.status === 401) { leave(t(back ? "noCookie" : "expired")); return; }
    show();
    trouble(error.message, begin);
  }
}
