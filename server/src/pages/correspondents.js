// Who the other side is: by which names one is found, on which documents one stands, and what becomes of two that are one.
import { $, chip, day, fill, folded, h, moment, number, plural, t } from "/pages/dom.js";
import { event, json, state, where } from "/pages/app.js";
import { askFor, done, field, input, keys, may, picker, reasonField, refused, select, send, textarea, ways } from "/pages/forms.js";
import { crumbs, lookAt } from "/pages/record.js";

export const VIEW = "view-correspondents";
export const NAV = "nav-correspondents";
const INSIDE = /^\/korrespondenten\/([0-9a-f-]{36})$/;
const HOME = "/korrespondenten";
export const at = (path) => path === HOME || INSIDE.test(path);
export const title = () => (where().path === HOME ? null : now.title) ?? t("correspondents");
export const offered = () => Boolean(state.me) && may("read");

/** `word` is what was done and is told on the page of the correspondent that comes next. */
const now = { turn: 0, title: null, shown: 0, next: null, word: null };
const KINDS = ["person", "organisation"];
const PARTS = ["street", "postal_code", "city", "country"];
/** What the fields of a request are called here, for its refusals. */
const NAMES = { name: "nameField", aliases: "aliasNames", kind: "correspondentKind", into: "mergeOther" };
const link = (id) => `#${HOME}/${id}`;
const pathOf = (one) => `/correspondents/${one.id}`;

export function forget() {
  Object.assign(now, { turn: now.turn + 1, title: null, shown: 0, next: null, word: null });
  unsuggest();
  $(VIEW).dataset.shown = "";
  $(VIEW).replaceChildren();
}

export async function show(path, query) {
  const inside = path.match(INSIDE);
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  if (inside) { await showOne(inside[1], fresh); return; }
  $(VIEW).dataset.shown = "";
  await list(query, fresh);
}

// Whoever comes back from another page begins at the top.
addEventListener("hashchange", () => { if (!at(where().path)) $(VIEW).dataset.shown = ""; });

/** The name on a document as a link to who that is, where that is known. */
export const whoIs = (found) =>
  found.correspondent && found.correspondent_id && offered() ? h("a", { href: link(found.correspondent_id) }, found.correspondent) : found.correspondent;

// ---- the list -----------------------------------------------------------------------------

async function list(query, fresh) {
  const typed = document.activeElement?.id === "correspondents-q" ? document.activeElement.value : null;
  $(VIEW).className = "page";
  fill($(VIEW),
    h("div", { class: "head" }, h("h1", { id: "correspondents-title" }, t("correspondents")),
      may("edit") ? h("button", { type: "button", class: "main end", id: "new-correspondent", onclick: create }, t("newCorrespondent")) : null),
    h("p", { class: "muted" }, t("correspondentsHint")),
    filter(query),
    h("p", { id: "correspondents-summary", role: "status" }), h("div", { id: "correspondents-said" }),
    h("ol", { class: "hits", id: "correspondents-items" }),
    h("button", { type: "button", class: "wide", id: "correspondents-more", hidden: true, onclick: () => more(query, fresh) }, t("moreCorrespondents")));
  if (typed !== null) { $("correspondents-q").focus(); $("correspondents-q").value = typed; }
  now.shown = 0;
  await page(query, null, fresh);
}

function filter(query) {
  const text = input(query.get("q"), { type: "search", id: "correspondents-q", maxlength: "200", spellcheck: "false" });
  const kind = select([["", t("everyKind")], ...KINDS.map((code) => [code, t(`correspondent_${code}`)])], query.get("kind") ?? "");
  const turn = () => {
    const asked = new URLSearchParams();
    if (text.value.trim()) asked.set("q", text.value.trim());
    if (kind.value) asked.set("kind", kind.value);
    location.hash = `#${HOME}${asked.size ? `?${asked}` : ""}`;
  };
  kind.addEventListener("change", turn);
  return h("form", { class: "filters", role: "search", "aria-label": t("filterCorrespondents"), onsubmit: (submitted) => { submitted.preventDefault(); turn(); } },
    field(t("correspondentByName"), text), field(t("correspondentKind"), kind), h("button", {}, t("find")));
}

async function page(query, cursor, fresh) {
  const asked = new URLSearchParams({ limit: "30" });
  for (const key of ["q", "kind"]) if (query.get(key)) asked.set(key, query.get(key));
  if (cursor) asked.set("cursor", cursor);
  let found;
  try { found = await json(`/correspondents?${asked}`); } catch (error) { if (fresh()) refused($("correspondents-said"), error); return; }
  if (!fresh()) return;
  now.shown += found.items.length;
  now.next = found.next_cursor ?? null;
  $("correspondents-items").append(...found.items.map(row));
  $("correspondents-more").hidden = !now.next;
  $("correspondents-summary").replaceChildren(h("strong", {}, now.next ? t("correspondentsFirst", { n: number(now.shown) }) : plural("correspondentsFound", now.shown)));
  if (now.shown) return;
  const filtered = query.get("q") || query.get("kind");
  $("correspondents-items").replaceChildren(h("li", { class: "nothing" }, h("p", {}, t(filtered ? "noCorrespondentFits" : "noCorrespondents")),
    filtered ? h("p", {}, h("a", { href: `#${HOME}` }, t("dropFilters"))) : null));
}

async function more(query, fresh) {
  const before = now.shown;
  $("correspondents-more").disabled = true;
  await page(query, now.next, fresh);
  if (!fresh()) return;
  $("correspondents-more").disabled = false;
  ($("correspondents-items").children[before]?.querySelector("a") ?? $("correspondents-more")).focus();
}

const inOneLine = (address) => [address.street, [address.postal_code, address.city].filter(Boolean).join(" "), address.country].filter(Boolean).join(", ");

/** What tells one from a namesake. */
const meta = (one) => [one.kind ? t(`correspondent_${one.kind}`) : null, inOneLine(one.address), one.email,
  one.aliases.length ? t("alsoCalled", { names: one.aliases.slice(0, 3).join(", ") }) : null].filter(Boolean).join(" · ");

function row(one) {
  return h("li", { class: "hit" }, h("h2", {}, h("a", { href: link(one.id) }, one.name)), meta(one) ? h("p", { class: "meta" }, meta(one)) : null);
}

// ---- one ----------------------------------------------------------------------------------

const MERGED_SHOWN = 20;

/** Those that went into one. */
const mergedIn = async (id) => (await json(`/correspondents?${new URLSearchParams({ merged_into: id, limit: String(MERGED_SHOWN) })}`)).items;

const standsOn = (id, limit, cursor) => json(`/documents?${new URLSearchParams({ correspondent_id: id, count: "true", order: "newest", limit: String(limit), ...(cursor ? { cursor } : {}) })}`);

async function showOne(id, fresh) {
  const place = $(VIEW);
  const again = place.dataset.shown === id && document.activeElement?.closest(`#${VIEW}`) ? document.activeElement.dataset.act : null;
  let found, history, documents, survivor, inside;
  try {
    [found, history, documents, inside] = await Promise.all([json(`/correspondents/${id}`), json(`/correspondents/${id}/history`), standsOn(id, 20), mergedIn(id)]);
    survivor = found.merged_into ? await json(`/correspondents/${found.merged_into}`).catch(() => null) : null;
  } catch (error) {
    if (!fresh()) return;
    place.dataset.shown = "";
    place.className = "page record";
    named(t("failedTitle"));
    fill(place, crumbs([[t("correspondents"), `#${HOME}`]]), h("h1", { tabindex: "-1", id: "correspondent-title" }, t("failedTitle")), h("p", { class: "error", role: "alert" }, error.message));
    return;
  }
  if (!fresh()) return;
  // Of a merger both are changed.
  const mine = found.may_change && (!found.merged_into || Boolean(survivor?.may_change));
  const reload = () => showOne(id, fresh);
  const after = (words) => async () => { await reload(); if (fresh()) done($("correspondent-said"), words()); };
  const arrived = place.dataset.shown !== id;
  place.dataset.shown = id;
  place.className = "page record";
  named(found.name);
  const offer = (act, action, main) => h("button", { type: "button", class: main ? "main" : "", "data-act": act, onclick: action }, t(`act_${act}`));
  fill(place,
    crumbs([[t("correspondents"), `#${HOME}`]]),
    h("p", { class: "kind" }, found.kind ? t(`correspondent_${found.kind}`) : t("one_correspondent")),
    h("h1", { tabindex: "-1", id: "correspondent-title" }, found.name),
    found.merged_into ? [h("p", { class: "chips" }, chip(t("isMerged"), "warn")),
      h("p", { class: "note" }, t("mergedInto"), ": ", h("a", { href: link(found.merged_into), id: "survivor" }, survivor?.name ?? t("one_correspondent")))] : null,
    mine ? h("div", { class: "actions" }, found.merged_into
      ? offer("split", () => split(found, survivor, history.items, reload, after(() => t("didSplit"))))
      : [offer("change", () => change(found, reload, after(() => t("didChange"))), true), offer("merge", () => merge(found, reload))]) : null,
    h("div", { id: "correspondent-said" }),
    h("div", { class: "columns" },
      h("div", {}, h("h2", {}, t("documentsOf")), documentList(found, documents, fresh)),
      h("aside", { "aria-label": t("about") }, facts(found, mine), inside.length ? [h("h2", {}, t("mergedHere")),
        h("ul", { class: "rows" }, inside.map((one) => h("li", {}, h("a", { href: link(one.id) }, one.name), h("span", { class: "muted" }, meta(one)))))] : null)),
    h("h2", {}, t("history")), h("ol", { class: "timeline" }, history.items.toReversed().map(told)));
  lookAt($("correspondent-title"), arrived, again);
  if (now.word?.id === id) {
    done($("correspondent-said"), now.word.text, h("a", { href: link(now.word.other) }, t("toMerged")));
    now.word = null;
  }
}

function named(text) {
  now.title = text;
  document.title = `${text} – Papierlos`;
}

const NAMES_SHOWN = 12;

function facts(found, mine) {
  const lines = (names) => names.map((name) => h("span", { class: "line" }, name));
  const rest = found.aliases.slice(NAMES_SHOWN);
  const address = [found.address.street, [found.address.postal_code, found.address.city].filter(Boolean).join(" "), found.address.country].filter(Boolean);
  const rows = [
    [t("aliasNames"), found.aliases.length ? [lines(found.aliases.slice(0, NAMES_SHOWN)), rest.length ? h("details", {}, h("summary", {}, plural("moreNames", rest.length)), lines(rest)) : null] : null],
    [t("address"), address.length ? lines(address) : h("span", { class: "muted" }, t("noAddress"))], [t("email"), found.email],
    [t("createdOn"), moment(found.created_at)], [t("changedOn"), found.version > 1 ? moment(found.changed_at) : null],
  ];
  return h("section", {}, h("h2", {}, t("about")), h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    mine || !may("edit") || found.merged_into ? null : h("p", { class: "hint" }, t("correspondentReadOnly")));
}

function documentList(found, first, fresh) {
  if (!first.items.length) return h("p", { class: "nothing" }, t("noDocumentsOf"));
  const items = h("ul", { class: "rows big", id: "correspondent-documents" });
  const failure = h("div", {});
  const button = h("button", { type: "button", class: "wide" }, t("moreDocumentsOf"));
  const inSearch = new URLSearchParams({ correspondent: found.name });
  let next = null;
  const add = (documents) => {
    next = documents.next_cursor ?? null;
    button.hidden = !next;
    items.append(...documents.items.map((one) => h("li", {},
      h("a", { href: `#/?${inSearch}&doc=${one.id}` }, one.title),
      h("span", { class: "muted" }, [one.reference, one.type, day(one.document_date), one.correspondent && one.correspondent !== found.name ? t("writtenAs", { name: one.correspondent }) : null].filter(Boolean).join(" · ")),
      one.state === "registered" ? null : h("span", { class: "end" }, chip(t({ incoming: "stateIncoming", draft: "stateDraft", discarded: "stateDiscarded" }[one.state]), "warn")))));
  };
  button.addEventListener("click", async () => {
    const before = items.children.length;
    failure.replaceChildren();
    button.disabled = true;
    try {
      const documents = await standsOn(found.id, 20, next);
      if (!fresh()) return;
      add(documents);
      items.children[before]?.querySelector("a").focus();
    } catch (error) { refused(failure, error); }
    button.disabled = false;
  });
  add(first);
  return [h("p", {}, h("strong", {}, plural("documentsOfCount", first.total)), found.merged_into ? null : [" · ", h("a", { href: `#/?${inSearch}` }, t("searchOf"))]), items, failure, button];
}

// ---- what happened ------------------------------------------------------------------------

const FIELDS = { name: "nameField", kind: "correspondentKind", aliases: "aliasNames", street: "street", postal_code: "postal_code", city: "city", country: "country", email: "email" };

/** Names as they stand in a record: a list, or its JSON. */
function namesOf(raw) {
  if (Array.isArray(raw)) return raw;
  try {
    const read = JSON.parse(raw ?? "[]");
    return Array.isArray(read) ? read : [];
  } catch { return []; }
}

function told(entry) {
  const item = event(entry);
  const changes = entry.version === 1 ? [] : entry.changes.filter((one) => FIELDS[one.field]).flatMap(inWords);
  if (changes.length) item.append(h("ul", {}, changes.map((text) => h("li", {}, text))));
  const other = entry.details?.into ?? entry.details?.merged ?? entry.details?.split;
  if (other) item.append(h("p", {}, h("a", { href: link(other) }, t(entry.details.into ? "mergedInto" : "toMerged"))));
  return item;
}

function inWords({ field: key, from, to }) {
  if (key === "aliases") {
    const [before, after] = [namesOf(from), namesOf(to)];
    const fresh = after.filter((name) => !before.includes(name));
    const gone = before.filter((name) => !after.includes(name));
    return [fresh.length ? t("namesAdded", { names: fresh.join(", ") }) : null, gone.length ? t("namesGone", { names: gone.join(", ") }) : null].filter(Boolean);
  }
  const value = (raw) => (key === "kind" ? t(`correspondent_${raw}`) : String(raw));
  const name = t(FIELDS[key]);
  if (!to) return from ? [t("cleared", { field: name, from: value(from) })] : [];
  return [from ? t("changed", { field: name, from: value(from), to: value(to) }) : t("set", { field: name, to: value(to) })];
}

// ---- making and changing ------------------------------------------------------------------

const linesOf = (control) => control.value.split("\n").map((line) => line.trim()).filter(Boolean);

/** What is said about one, as it is compared and sent. */
function details(one) {
  const parts = PARTS.filter((part) => one.address?.[part]).map((part) => [part, one.address[part]]);
  return { kind: one.kind ?? null, name: one.name, aliases: one.aliases, address: parts.length ? Object.fromEntries(parts) : null, email: one.email ?? null };
}

function detailFields(one) {
  const kind = select([["", t("correspondent_unknown")], ...KINDS.map((code) => [code, t(`correspondent_${code}`)])], one?.kind ?? "");
  const name = input(one?.name, { maxlength: "200", "data-first": true });
  const aliases = textarea(one?.aliases.join("\n"), { rows: "3", spellcheck: "false" });
  const parts = Object.fromEntries(PARTS.map((part) => [part, input(one?.address[part], { maxlength: "200" })]));
  const email = input(one?.email, { maxlength: "254", inputmode: "email", spellcheck: "false" });
  const value = () => {
    if (!name.value.trim()) { name.focus(); throw new Error(t("nameMissing")); }
    const address = Object.fromEntries(PARTS.map((part) => [part, parts[part].value.trim()]));
    return details({ kind: kind.value || null, name: name.value.trim(), aliases: linesOf(aliases), address, email: email.value.trim() || null });
  };
  const node = [field(t("nameField"), name), field(t("aliasNames"), aliases, t("aliasHint")), field(t("correspondentKind"), kind),
    field(t("street"), parts.street), h("div", { class: "pair" }, field(t("postal_code"), parts.postal_code), field(t("city"), parts.city)),
    h("div", { class: "pair" }, field(t("country"), parts.country), field(t("email"), email))];
  return { node, value, name };
}

const find = async (text, limit) => (await json(`/correspondents?${new URLSearchParams({ limit: String(limit), ...(text ? { q: text } : {}) })}`)).items;

async function create() {
  const key = keys();
  const fields = detailFields(null);
  const same = h("div", { "aria-live": "polite" });
  let pause = null;
  // Who is there already need not be made again.
  fields.name.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(async () => {
      const text = fields.name.value.trim();
      const found = text.length < 3 ? [] : await find(text, 5).catch(() => []);
      if (text !== fields.name.value.trim()) return;
      fill(same, found.length ? h("div", { class: "note" }, h("p", {}, t("sameNames")), h("ul", { class: "plain-list" }, found.map((one) =>
        h("li", {}, h("a", { href: link(one.id), onclick: (clicked) => clicked.target.closest("dialog").close() }, one.name), meta(one) ? ` · ${meta(one)}` : "")))) : null);
    }, 250);
  });
  const [first, ...rest] = fields.node;
  const made = await askFor({
    title: t("newCorrespondent"), submit: t("openNow"), wide: true, names: NAMES, body: [first, same, rest],
    act: () => {
      const body = Object.fromEntries(Object.entries(fields.value()).filter(([, value]) => value !== null));
      return send("POST", "/correspondents", body, { key: key(body) });
    },
  });
  if (made) location.hash = link(made.id);
}

async function change(found, reload, then) {
  const fields = detailFields(found);
  const before = details(found);
  const made = await askFor({
    title: t("changeCorrespondent"), submit: t("save"), wide: true, stale: reload, names: NAMES, body: fields.node,
    act: () => {
      const body = Object.fromEntries(Object.entries(fields.value()).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key])));
      if (!Object.keys(body).length) throw new Error(t("nothingChanged"));
      // The server keeps a former name where nothing is said about the others; here something is.
      if (body.name && body.aliases && !body.aliases.includes(before.name)) body.aliases.push(before.name);
      return send("PATCH", pathOf(found), body, { version: found.version });
    },
  });
  if (made) await then();
}

// ---- merging and splitting ----------------------------------------------------------------

/** Two spellings that the server takes for one, as far as a page can tell. */
const spelling = (name) => folded(name).normalize("NFKD").replace(/\p{M}/gu, "").replace(/[.,;]/g, " ").split(/\s+/).filter(Boolean).join(" ");

function brought(goes, stays) {
  const known = new Set([stays.name, ...stays.aliases].map(spelling));
  return [goes.name, ...goes.aliases].filter((name) => {
    const fresh = !known.has(spelling(name));
    known.add(spelling(name));
    return fresh;
  });
}

function effects(goes, stays) {
  const names = brought(goes.one, stays.one);
  const rows = [
    [t("nameField"), (one) => one.name], [t("correspondentKind"), (one) => t(`correspondent_${one.kind ?? "unknown"}`)],
    [t("aliasNames"), (one) => one.aliases.join(", ")], [t("address"), (one) => inOneLine(one.address)], [t("email"), (one) => one.email ?? ""],
  ];
  return [
    h("h3", {}, t("mergeEffect")),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("mergeEffect") }, h("table", {},
      h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, t("mergeGoes")), h("th", { scope: "col" }, t("mergeRemains")))),
      h("tbody", {}, rows.map(([name, read]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, read(goes.one)), h("td", {}, read(stays.one)))),
        h("tr", {}, h("th", { scope: "row" }, t("documentsOf")), h("td", {}, number(goes.total)), h("td", {}, number(stays.total)))))),
    h("ul", { class: "plain-list spaced" },
      h("li", {}, names.length ? t("mergeNames", { name: stays.one.name, names: names.join(", ") }) : t("mergeNoNames", { name: stays.one.name })),
      goes.total ? h("li", {}, t(goes.total === 1 ? "mergeDocumentsOne" : "mergeDocumentsMany", { n: number(goes.total), name: stays.one.name })) : null,
      goes.one.email || inOneLine(goes.one.address) ? h("li", {}, t("mergeAddress", { name: goes.one.name })) : null,
      h("li", {}, t("mergeShown")), h("li", {}, t("mergeUndo"))),
  ];
}

/** Two steps: who with whom and what that would do, then the same in earnest. */
async function merge(found, reload) {
  const preview = h("div", { class: "preview", "aria-live": "polite" });
  const reason = textarea("", { maxlength: "1000", rows: "2" });
  const go = { button: null };
  let stays = "other";
  let seen = null;
  let turn = 0;
  const unseen = () => {
    turn += 1;
    seen = null;
    preview.replaceChildren();
    if (go.button ??= preview.closest("form")?.querySelector(".buttons .main")) go.button.disabled = true;
  };
  const look = async () => {
    unseen();
    if (!other.value) return;
    const mine = turn;
    try {
      const [this_, that] = await Promise.all([found.id, other.value.id].map(async (id) => {
        const [one, documents] = await Promise.all([json(`/correspondents/${id}`), standsOn(id, 1)]);
        return { one, total: documents.total, allowed: !one.merged_into && one.may_change };
      }));
      if (mine !== turn) return;
      const [goes, remains] = stays === "other" ? [this_, that] : [that, this_];
      const forbidden = [this_, that].find((one) => !one.allowed);
      if (forbidden) { fill(preview, h("p", { class: "error" }, t("mergeForbidden", { name: forbidden.one.name }))); return; }
      seen = { goes: goes.one, stays: remains.one };
      fill(preview, effects(goes, remains));
      go.button.disabled = false;
    } catch (error) { if (mine === turn) refused(preview, error); }
  };
  const other = picker({
    later: true, label: t("mergeOther"), hint: t("mergeHint"), empty: t("noCorrespondentFits"), chosen: look,
    load: async (text) => (await find(text, 13)).filter((one) => one.id !== found.id).slice(0, 12).map((one) => ({ id: one.id, label: one.name, note: meta(one) })),
  });
  other.control.addEventListener("input", unseen);
  const way = ways(t("mergeStays"), [["other", t("mergeStaysOther")], ["this", t("mergeStaysThis")]], (to) => { stays = to; look(); });
  const asking = askFor({
    title: t("mergeTitle", { name: found.name }), submit: t("act_merge"), wide: true, stale: reload, names: NAMES,
    body: [other.node, way, field(t("mergeReason"), reason), preview],
    act: async () => {
      other.need();
      if (!seen) throw new Error(t("lookFirst"));
      const { goes, stays: into } = seen;
      await send("POST", `${pathOf(goes)}/merge`, { into: into.id, ...(reason.value.trim() ? { reason: reason.value.trim() } : {}) }, { version: goes.version });
      return seen;
    },
  });
  unseen();
  const made = await asking;
  if (!made) return;
  now.word = { id: made.stays.id, text: t("didMerge", { name: made.goes.name }), other: made.goes.id };
  if (made.stays.id === found.id) await reload(); else location.hash = link(made.stays.id);
}

async function split(found, survivor, entries, reload, then) {
  const reason = reasonField(t("reason"), [t("reasonTwo"), t("reasonMistake")]);
  const merger = entries.findLast((one) => one.action === "correspondent.merge");
  const names = namesOf(merger?.changes.find((one) => one.field === "brought")?.to);
  const made = await askFor({
    title: t("splitTitle", { name: found.name }), submit: t("act_split"), stale: reload, names: NAMES,
    body: [h("p", {}, t("splitHint", { name: survivor.name })), names.length ? h("p", {}, t("splitNames", { names: names.join(", ") })) : null, reason.node].filter(Boolean),
    act: () => send("POST", `${pathOf(found)}/split`, { reason: reason.value() }, { version: found.version }),
  });
  if (made) await then();
}

// ---- where a document is filed ------------------------------------------------------------

const filing = { turn: 0, pause: null };

function unsuggest() {
  filing.turn += 1;
  clearTimeout(filing.pause);
  $("correspondent-names").replaceChildren();
}

$("correspondent").addEventListener("input", () => {
  const text = $("correspondent").value.trim();
  if ([...$("correspondent-names").children].some((one) => one.value === text)) return;
  clearTimeout(filing.pause);
  const turn = ++filing.turn;
  if (text.length < 2 || !offered()) { unsuggest(); return; }
  filing.pause = setTimeout(async () => {
    const found = await find(text, 8).catch(() => []);
    if (turn !== filing.turn) return;
    $("correspondent-names").replaceChildren(...found.map((one) => h("option", { value: one.name, label: meta(one) ? `${one.name} (${meta(one)})` : null })));
  }, 150);
});
