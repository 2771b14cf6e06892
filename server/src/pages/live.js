// What lies in one's inboxes, and how many notifications one has not read, as it changes: one stream for all pages, as long
// as somebody looks.
import { $, number, plural, t } from "/pages/dom.js";
import { state } from "/pages/app.js";

const ASK_AGAIN_AFTER = 20_000;
const now = { account: null, stream: null, said: null, listeners: new Set(), again: null };

/** Is told of each change. */
export function listen(listener) { now.listeners.add(listener); }

/** Begins to listen for whoever is signed in; does nothing where it does so already. */
export function follow() {
  if (!state.me) return;
  if (now.account !== state.me.id) {
    stopFollowing();
    now.account = state.me.id;
  }
  badges();
  open();
}

/** Leaves nothing of the one who was here. */
export function stopFollowing() {
  clearTimeout(now.again);
  now.stream?.close();
  Object.assign(now, { account: null, stream: null, said: null });
  badges();
}

function open() {
  if (!now.account || now.stream || document.hidden) return;
  const stream = new EventSource("/api/v1/inbox/events");
  now.stream = stream;
  stream.addEventListener("inbox", (event) => {
    if (stream !== now.stream) return;
    const before = now.said;
    now.said = JSON.parse(event.data);
    badges();
    for (const listener of now.listeners) listener(now.said, before);
  });
  stream.addEventListener("error", () => {
    // A stream that ends is opened again by the browser; one that was refused is not.
    if (stream !== now.stream || stream.readyState !== EventSource.CLOSED) return;
    now.stream = null;
    clearTimeout(now.again);
    now.again = setTimeout(open, ASK_AGAIN_AFTER);
  });
}

// Whoever looks at something else needs no news; a browser has few lines to one house.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) { open(); return; }
  now.stream?.close();
  now.stream = null;
});

/** What somebody else has just counted. */
export function unreadIs(unread) {
  now.said = { boxes: [], ...now.said, unread };
  badges();
}

/** The numbers in the head of the page; what they count is said, too. */
function badges() {
  const mine = (now.said?.boxes ?? []).find((one) => one.box === "me");
  badge($("tasks-count"), mine?.total ?? 0, "tasksInMine");
  const unread = now.said?.unread ?? 0;
  $("notices-count").textContent = unread ? number(unread) : "";
  $("notices-count").hidden = !unread;
  $("nav-notices").setAttribute("aria-label", unread ? plural("noticesUnread", unread) : t("notices"));
}

function badge(place, n, key) {
  place.textContent = n ? number(n) : "";
  place.hidden = !n;
  if (n) place.setAttribute("title", plural(key, n)); else place.removeAttribute("title");
}
