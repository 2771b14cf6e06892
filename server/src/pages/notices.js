// What I am told of workflows, behind the bell; and how else I am told: by mail, and in calendars that I subscribe to.
import { $, chip, copier, day, fill, h, moment, plural, t } from "/pages/dom.js";
import { ask, json, state, where } from "/pages/app.js";
import { askFor, done, field, input, refused, select, send } from "/pages/forms.js";
import { crumbs } from "/pages/record.js";
import { flowAddress } from "/pages/flow.js";
import { listen, unreadIs } from "/pages/live.js";

export const VIEW = "view-notices";
export const NAV = "nav-notices";
const HOME = "/meldungen";
const SETTINGS = "/meldungen/einstellungen";
export const at = (path) => path === HOME || path === SETTINGS;
export const title = () => t(where().path === SETTINGS ? "noticeSettings" : "notices");
export const offered = () => Boolean(state.me);

const now = { turn: 0, items: [], next: null, unreadOnly: false };

export function forget() {
  Object.assign(now, { turn: now.turn + 1, items: [], next: null, unreadOnly: false });
  $(VIEW).replaceChildren();
}

// The secret of a calendar is shown once, on this page.
addEventListener("hashchange", () => { if (!at(where().path)) { now.turn += 1; $(VIEW).replaceChildren(); } });

export async function show(path, query) {
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  $(VIEW).className = "page";
  now.unreadOnly = query.get("unread") === "true";
  if (path === SETTINGS) await settings(fresh); else await list(fresh);
}

// ---- what I am told -----------------------------------------------------------------------

async function list(fresh) {
  now.items = [];
  const only = h("input", { type: "checkbox", id: "notices-unread", checked: now.unreadOnly });
  only.addEventListener("change", () => { location.hash = `#${HOME}${only.checked ? "?unread=true" : ""}`; });
  const again = document.activeElement?.id === "notices-unread";
  fill($(VIEW),
    h("div", { class: "head" }, h("h1", { id: "notices-title", tabindex: "-1" }, t("notices")), h("a", { class: "button end", id: "notice-settings", href: `#${SETTINGS}` }, t("noticeSettings"))),
    h("div", { class: "bar" }, h("p", { id: "notices-summary", role: "status" }), h("label", { class: "check" }, only, h("span", {}, t("noticesUnreadOnly"))),
      h("button", { type: "button", id: "notices-all", hidden: true, onclick: readAll }, t("noticesReadAll"))),
    h("div", { id: "notices-said" }),
    h("ol", { class: "hits", id: "notices-items" }),
    h("button", { type: "button", class: "wide", id: "notices-more", hidden: true, onclick: () => load(fresh, now.next) }, t("noticesMore")));
  if (again) only.focus();
  await load(fresh);
}

async function load(fresh, cursor = null) {
  const asked = new URLSearchParams({ limit: "50" });
  if (now.unreadOnly) asked.set("unread", "true");
  if (cursor) asked.set("cursor", cursor);
  let page;
  try { page = await json(`/notifications?${asked}`); } catch (error) {
    if (fresh()) refused($("notices-said"), error);
    return;
  }
  if (!fresh()) return;
  const before = now.items.length;
  now.items.push(...page.items);
  now.next = page.next_cursor ?? null;
  $("notices-items").append(...page.items.map(item));
  counted(page.unread);
  $("notices-more").hidden = !now.next;
  if (!now.items.length) $("notices-items").replaceChildren(h("li", { class: "nothing" }, t(now.unreadOnly ? "noticesNoneUnread" : "noticesNone")));
  if (cursor) $("notices-items").children[before]?.querySelector("h2 a").focus();
}

function counted(unread) {
  unreadIs(unread);
  $("notices-summary").replaceChildren(h("strong", {}, unread ? plural("noticesUnread", unread) : t("noticesAllRead")));
  $("notices-all").hidden = !unread;
}

function item(one) {
  const mark = one.read_at ? null : h("button", { type: "button", class: "small", "data-act": "read", "aria-label": `${t("noticeRead")}: ${one.label ?? one.title}`, onclick: () => read(one, row) }, t("noticeRead"));
  const row = h("li", { class: `hit notice${one.read_at ? "" : " unread"}`, "data-notice": one.id },
    h("h2", {}, one.read_at ? null : [chip(t("noticeNew"), "warn"), " "],
      h("a", { href: flowAddress(one.workflow, one.step), onclick: () => { if (!one.read_at) read(one, row); } }, one.label ?? one.title)),
    h("p", { class: "meta" }, [t(`notice_${one.kind}`), one.label ? one.title : null, moment(one.created_at), one.due_on ? t("flowDueOn", { day: day(one.due_on) }) : null,
      one.in_stead_of ? t("noticeFor", { name: one.in_stead_of.name }) : null].filter(Boolean).join(" · ")),
    one.text ? h("p", { class: "said" }, one.text) : null, mark);
  return row;
}

async function read(one, row) {
  try {
    const marked = await send("POST", "/notifications/read", { ids: [one.id] });
    one.read_at = new Date().toISOString();
    if (!row.isConnected) { unreadIs(marked.unread); return; }
    const fresh = item(one);
    const here = row.contains(document.activeElement);
    row.replaceWith(fresh);
    if (here) fresh.querySelector("a").focus();
    counted(marked.unread);
  } catch (error) { if (row.isConnected) refused($("notices-said"), error); }
}

/** All that were written until the newest that is shown: what comes in meanwhile stays unread. */
async function readAll() {
  try {
    await send("POST", "/notifications/read", { until: now.items[0]?.created_at ?? new Date().toISOString() });
    const turn = ++now.turn;
    await list(() => turn === now.turn);
    done($("notices-said"), t("noticesDidReadAll"));
    $("notices-title").focus();
  } catch (error) { refused($("notices-said"), error); }
}

listen((said, before) => {
  if (!state.me || where().path !== HOME || !before || said.newest === before.newest || said.unread <= before.unread) return;
  if (document.activeElement?.closest("#notices-items")) { $("notices-summary").textContent = plural("noticesUnread", said.unread); return; }
  const turn = ++now.turn;
  list(() => turn === now.turn);
});

// ---- how else -----------------------------------------------------------------------------

async function settings(fresh) {
  let setting, feeds;
  try { [setting, feeds] = await Promise.all([json("/notification-settings"), json("/calendar-feeds")]); } catch (error) {
    if (fresh()) refused($(VIEW), error);
    return;
  }
  if (!fresh()) return;
  fill($(VIEW), crumbs([[t("notices"), `#${HOME}`]]),
    h("h1", { id: "notice-settings-title", tabindex: "-1" }, t("noticeSettings")),
    h("h2", { id: "mail-title" }, t("noticeMail")), mail(setting),
    h("h2", { class: "spaced", id: "feeds-title" }, t("noticeFeeds")), h("p", { class: "muted" }, t("noticeFeedsHint")), calendars(feeds.items));
  $("notice-settings-title").focus({ preventScroll: true });
}

function mail(setting) {
  if (!setting.mail_available) return h("p", { class: "muted" }, t("noticeNoMail"));
  const mode = select(["off", "each", "daily"].map((one) => [one, t(`noticeMail_${one}`)]), setting.mail);
  const hour = select([...Array(24).keys()].map((one) => [String(one), t("noticeHour", { n: one })]), String(setting.hour));
  const address = input(setting.address ?? "", { type: "email", maxlength: "254", autocomplete: "email" });
  const said = h("div", { id: "mail-said", class: "wide" });
  const at = field(t("noticeAt"), hour);
  const to = field(t("noticeAddress"), address, setting.domains.length ? t("noticeDomains", { domains: setting.domains.join(", ") }) : null);
  const turn = () => { at.hidden = mode.value !== "daily"; };
  mode.addEventListener("change", turn);
  turn();
  return h("form", { class: "fields top", "aria-labelledby": "mail-title", novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    try {
      const kept = await send("PUT", "/notification-settings", { mail: mode.value, hour: Number(hour.value), address: address.value.trim() || null });
      address.value = kept.address ?? "";
      done(said, t("noticeKept"));
    } catch (error) { refused(said, error); }
  } }, field(t("noticeWhen"), mode), at, to, h("div", { class: "wide" }, h("button", { class: "main" }, t("save"))),
  setting.last_failure ? h("p", { class: "note warn wide" }, t("noticeFailed", { at: moment(setting.last_failure.at), error: setting.last_failure.error })) : null, said);
}

function calendars(items) {
  const place = h("div", {});
  const rows = h("ul", { class: "rows", id: "feeds", "aria-labelledby": "feeds-title" });
  const fresh = h("div", { id: "new-feed" });
  const said = h("div", { id: "feeds-said" });
  const label = input("", { maxlength: "100" });
  const draw = (all) => fill(rows, all.length ? all.map((one) => h("li", {}, h("strong", {}, one.label),
    h("span", { class: "muted" }, [t("since", { at: moment(one.created_at) }), one.read_at ? t("usedAt", { at: moment(one.read_at) }) : t("neverUsed")].join(" · ")),
    h("button", { type: "button", class: "small end", "aria-label": `${t("end")}: ${one.label}`, onclick: () => revoke(one) }, t("end")))) : h("li", {}, t("noticeNoFeeds")));
  const again = async () => draw((await json("/calendar-feeds")).items);
  const revoke = async (one) => {
    const made = await askFor({ title: t("noticeEndFeed", { label: one.label }), submit: t("end"), danger: true, body: h("p", {}, t("noticeEndFeedHint")),
      act: () => ask(`/calendar-feeds/${one.id}`, { method: "DELETE" }) });
    if (!made) return;
    fresh.replaceChildren();
    await again();
    done(said, t("ended"));
    $("feeds-title").setAttribute("tabindex", "-1");
    $("feeds-title").focus();
  };
  draw(items);
  fill(place, rows, said, fresh, h("form", { class: "fields", "aria-labelledby": "feeds-title", onsubmit: async (event) => {
    event.preventDefault();
    said.replaceChildren();
    try {
      const made = await send("POST", "/calendar-feeds", { label: label.value.trim() });
      label.value = "";
      fill(fresh, h("p", { class: "note" }, t("noticeFeedOnce")), h("p", { class: "mono", tabindex: "-1", id: "feed-url" }, made.url), copier(made.url, `${t("copy")}: ${made.label}`));
      $("feed-url").focus();
      await again();
    } catch (error) { refused(said, error); }
  } }, field(t("noticeFeedLabel"), label), h("div", {}, h("button", {}, t("noticeFeedMake")))));
  return place;
}
