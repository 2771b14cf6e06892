// The tablet at the counter: paired once, then wait, read, sign, thanks. Nothing of anybody stays on it.
import { $, fill, h, language, number, plural, say, speakNow, t } from "/pages/dom.js";
import { askForPairing, forgetKey, get, post } from "/pages/tablet-door.js";
import { pad } from "/pages/tablet-pad.js";

const CLAIM_EVERY = 2_000;
const WARN_AFTER = 60_000;
const CLEAR_AFTER = 120_000;
const BLANK_AFTER = 10_000;
// The server says every 15 seconds that it is there: so many seconds without a word, and it is not.
const SILENT_MAX = 40;
const THANKS_FOR = 5_000;
const AGAIN_AFTER = 3_000;
const TRIES = 5;
const ZOOMS = 3;
const SVG = "http://www.w3.org/2000/svg";
const OVER = ["done", "refused", "cancelled", "expired", "failed", "changed", "paper"];

let job = null;
let view = "";
let zoom = 1;
let onlyText = false;
let seconds = new Map();
let restarts = 0;
let ink = null;
let touched = Date.now();
let clock = 0;
let stream = null;
let lost = 0;
let silent = 0;
let watched = null;
let warned = false;
let loading = null;

const button = (key, action, more = {}) => h("button", { type: "button", "data-act": key, onclick: action, ...more }, t(key));
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const serverNow = () => Date.now() + clock;

function speak(wanted) {
  speakNow(wanted);
  document.documentElement.lang = language;
}

/** Shows something in the middle of an otherwise empty page. */
function middle(name, ...children) {
  view = name;
  $("bar").hidden = true;
  $("foot").hidden = true;
  closeAsk();
  fill($("main"), h("div", { class: `middle ${name}` }, children));
  $("main").tabIndex = -1;
  say("");
}

function clearAll() {
  ink?.end();
  ink = null;
  watched?.disconnect();
  watched = null;
  job = null;
  seconds = new Map();
  restarts = 0;
  zoom = 1;
  onlyText = false;
}

/** Nothing of what was shown is left: not in the memory of the page, and not behind the back button. */
function startAnew() {
  clearAll();
  $("main").replaceChildren();
  location.replace("/tablet");
}

// ---- pairing and waiting ------------------------------------------------------------------

async function pairing() {
  clearAll();
  speak("de");
  for (;;) {
    let asked;
    try { asked = await askForPairing(); } catch { asked = null; }
    if (!asked?.ok) {
      middle("pairing", h("h1", {}, t("tabletNotPaired")), h("p", { class: "error", role: "alert" }, t("tabletNoConnection")));
      await later(AGAIN_AFTER * 3);
      continue;
    }
    const { id, code, qr, expires_at: until } = await asked.json();
    middle("pairing", h("h1", {}, t("tabletNotPaired")), h("p", {}, t("tabletCode")), h("p", { class: "code" }, code), qr ? picture(qr) : null, h("p", { class: "muted" }, t("tabletCodeHint")));
    while (Date.now() < Date.parse(until)) {
      await later(CLAIM_EVERY);
      let answer = null;
      try { answer = await post(`/tablets/pairings/${id}/claim`, id, {}); } catch { continue; }
      if (answer.status === 404 || answer.status === 403) break;
      if (answer.ok && (await answer.json()).paired) { startAnew(); return; }
    }
  }
}

/** The code as a picture: the address of the page on which it is typed in. The light edge belongs to it. */
function picture(rows) {
  const side = rows.length + 8;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", t("tabletQr"));
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", rows.flatMap((row, y) => [...row].map((sign, x) => (sign === "1" ? `M${x + 4} ${y + 4}h1v1h-1z` : ""))).join(""));
  svg.append(path);
  return svg;
}

function wait() {
  clearAll();
  middle("wait", logo(), h("h1", {}, t("tabletWelcome")), h("p", { class: "muted" }, t("tabletWait")));
}

function logo() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "sign");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M7 3h12l6 6v20H7zM19 3v6h6M11 21c3-6 5-6 4-2s3 3 6 0");
  svg.append(path);
  return svg;
}

/** Something ended: says so for a moment, then waits again. */
async function over(key, more) {
  clearAll();
  middle("over", h("h1", {}, t(key)), more ? h("p", {}, more) : null);
  say(t(key));
  await later(THANKS_FOR);
  if (view === "over") startAnew();
}

// ---- what there is to show ----------------------------------------------------------------

async function refresh() {
  let answer;
  try { answer = await get("/tablet"); } catch { blank(); return; }
  if (answer.status === 401) { await forgetKey(); pairing(); return; }
  if (!answer.ok) { blank(); return; }
  const own = await answer.json();
  clock = own.now - Date.now();
  watch();
  if (own.job) await load(own.job);
  else wait();
}

function watch() {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource("/api/v1/tablet/events");
  stream.addEventListener("open", () => {
    heard();
    if (view === "blank") refresh();
  });
  stream.addEventListener("alive", heard);
  stream.addEventListener("job", (event) => {
    heard();
    const { id } = JSON.parse(event.data);
    if (job?.id !== id) load(id);
  });
  stream.addEventListener("idle", () => {
    heard();
    // Perhaps it was signed, and the stream was faster than the answer.
    if (job) settled();
    else if (view !== "wait" && view !== "over") wait();
  });
  stream.addEventListener("revoked", () => { stream.close(); clearAll(); refresh(); });
  stream.addEventListener("error", () => {
    losing();
    if (stream.readyState === EventSource.CLOSED) setTimeout(refresh, AGAIN_AFTER);
  });
}

/** The server is there. */
function heard() {
  clearTimeout(lost);
  lost = 0;
  silent = 0;
}

/** Perhaps it is not: that is seen in a moment. */
function losing() {
  if (!lost && stream) lost = setTimeout(blank, BLANK_AFTER);
}

/** Without the server nobody knows what holds: nothing is shown. */
function blank() {
  heard();
  clearAll();
  speak("de");
  middle("blank", h("h1", {}, t("tabletNoConnection")), h("p", { class: "muted" }, t("tabletAsk")), h("p", { class: "muted", lang: "en" }, t("tabletNoConnectionEnglish")));
  setTimeout(() => { if (view === "blank") refresh(); }, AGAIN_AFTER);
}

async function load(id) {
  if (loading === id) return;
  loading = id;
  try { await loadNow(id); } finally { loading = null; }
}

async function loadNow(id) {
  clearAll();
  let answer;
  try { answer = await get(`/tablet/jobs/${id}`); } catch { blank(); return; }
  if (!answer.ok) { over("tabletNotShown", t("tabletAsk")); return; }
  const found = await answer.json();
  if (OVER.includes(found.state)) { wait(); return; }
  job = found;
  clock = found.now - Date.now();
  touched = Date.now();
  speak(found.language);
  read();
  report();
}

/** Tells how far somebody has come; what could not be told is told the next time. */
async function report() {
  const mine = job;
  if (!mine) return;
  try {
    const answer = await post(`/tablet/jobs/${mine.id}/seen`, mine.nonce, { pages: seen(), signing: view === "pad", restarts });
    if (answer.status === 409 && job === mine) settled();
  } catch { /* The stream says when the connection is lost. */ }
}

const seen = () => [...seconds].filter(([, many]) => many > 0).map(([page, many]) => ({ page, seconds: Math.min(3600, many) }));

/** The job is over, and somebody else said so: what became of it? */
async function settled() {
  const mine = job;
  if (!mine) return;
  let state = "expired";
  try { state = (await (await get(`/tablet/jobs/${mine.id}`)).json()).state; } catch { /* It is over in any case. */ }
  if (job !== mine) return;
  if (state === "done") thanks();
  else over(state === "changed" ? "tabletChanged" : "tabletEnded", t("tabletAsk"));
}

// ---- reading ------------------------------------------------------------------------------

function bar(step, ...more) {
  $("bar").hidden = false;
  const other = language === "en" ? "de" : "en";
  fill($("bar"), h("p", { class: "step" }, t(step)), h("div", { class: "end" }, more,
    h("button", { type: "button", class: "plain", lang: other, "data-act": "tabletLanguage", onclick: () => turnTo(other) }, other === "en" ? "English" : "Deutsch")));
}

function turnTo(wanted) {
  speak(wanted);
  if (view === "pad") labelPad();
  else read();
  $("bar").querySelector("[data-act=tabletLanguage]").focus();
}

function page(one) {
  const alt = t("tabletPageAlt", { n: number(one.number), of: number(job.pages.length) });
  const text = one.text.trim() || t("tabletNoText");
  return h("section", { class: "page", "data-page": one.number, "aria-label": alt }, h("p", { class: "page-no" }, alt),
    onlyText ? h("div", { class: "leaf" }, text)
      : [h("img", { src: one.picture, alt, width: Math.round(one.width * 2), height: Math.round(one.height * 2) }), h("div", { class: "off" }, text)]);
}

function read() {
  ink?.end();
  ink = null;
  view = "read";
  const main = $("main");
  bar("tabletStepRead",
    button("tabletLarger", () => { zoom = zoom % ZOOMS + 1; read(); $("bar").querySelector("[data-act=tabletLarger]").focus(); }),
    h("button", { type: "button", "data-act": "tabletText", "aria-pressed": String(onlyText), onclick: () => { onlyText = !onlyText; read(); $("bar").querySelector("[data-act=tabletText]").focus(); } }, t("tabletText")));
  fill(main, h("div", { class: `zoom-${zoom}` }, h("h1", { lang: job.language }, job.purpose), job.pages.map(page)));
  main.scrollTop = 0;
  // What scrolls is reached by keys too.
  main.tabIndex = 0;
  $("foot").hidden = false;
  fill($("foot"), button("tabletRefuse", refuse, { class: "plain" }), h("div", { class: "end" }, h("p", { id: "seen" }, ""), button("tabletToSign", sign, { class: "main" })));
  tellSeen();
  observe();
  main.focus();
}

function tellSeen() {
  const place = $("seen");
  if (place) place.textContent = t("tabletSeen", { n: number(seen().length), of: number(job.pages.length) });
}

/** Which pages lie in the middle of the screen. */
const visible = new Set();

function observe() {
  watched?.disconnect();
  visible.clear();
  watched = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const at = Number(entry.target.dataset.page);
      if (entry.isIntersecting) visible.add(at);
      else visible.delete(at);
    }
  }, { root: $("main"), rootMargin: "-25% 0px" });
  for (const one of $("main").querySelectorAll("[data-page]")) watched.observe(one);
}

setInterval(() => {
  if (view === "read" && job && !document.hidden) {
    let fresh = false;
    for (const at of visible) {
      fresh ||= !seconds.get(at);
      seconds.set(at, (seconds.get(at) ?? 0) + 1);
    }
    if (fresh) { tellSeen(); report(); }
  }
  // Whoever pulls the plug of a network ends no stream.
  if (stream && view !== "blank" && view !== "pairing") {
    silent += 1;
    if (silent > SILENT_MAX) { stream.close(); blank(); }
  }
  idle();
}, 1_000);

// ---- signing ------------------------------------------------------------------------------

function sign() {
  view = "pad";
  watched?.disconnect();
  const canvas = h("canvas", { id: "canvas", role: "img" });
  fill($("main"), h("div", { class: "signing" },
    h("div", {}, h("h1", { lang: job.language }, job.sentence), h("p", { id: "seen", class: "muted" }, "")),
    h("div", { class: "pad" }, canvas),
    h("div", {}, h("p", { id: "hint", class: "muted" }, ""), h("p", { id: "wrong", class: "error", role: "alert" }, ""))));
  $("foot").hidden = false;
  ink = pad(canvas, { server: serverNow, changed: labelPad, turned: () => { restarts += 1; $("wrong").textContent = t("tabletTurned"); } });
  labelPad();
  $("main").focus();
  report();
}

/** All that is said around the pad; what was written stays. */
function labelPad() {
  if (view !== "pad") return;
  bar("tabletStepSign");
  tellSeen();
  $("canvas").setAttribute("aria-label", t("tabletPad"));
  $("hint").textContent = t("tabletPadHint");
  const any = ink?.any() ?? false;
  fill($("foot"), button("tabletBack", () => { read(); report(); }, { class: "plain" }), button("tabletRefuse", refuse, { class: "plain" }),
    h("div", { class: "end" }, button("tabletRestart", () => { restarts += 1; $("wrong").textContent = ""; ink.clear(); }, { disabled: !any }),
      button("tabletHandIn", handIn, { class: "main", disabled: !any })));
}

async function handIn() {
  const mine = job;
  if (!mine || !ink?.any()) return;
  const body = { strokes: ink.record(), pages: seen(), sentence: mine.sentence, language, zoom: zoom * 100, restarts };
  for (const one of $("foot").querySelectorAll("button")) one.disabled = true;
  $("wrong").textContent = "";
  say(t("tabletSending"));
  for (let tries = 0; tries < TRIES && job === mine; tries += 1) {
    let answer = null;
    try { answer = await post(`/tablet/jobs/${mine.id}/signature`, mine.nonce, body); } catch { /* Once more. */ }
    if (job !== mine) return;
    if (answer?.ok) { thanks(); return; }
    if (answer?.status === 409) { settled(); return; }
    if (answer?.status === 422) {
      labelPad();
      $("wrong").textContent = t("tabletNoSignature");
      return;
    }
    if (answer && answer.status !== 503 && answer.status !== 429) break;
    await later(AGAIN_AFTER);
  }
  if (job !== mine) return;
  labelPad();
  $("wrong").textContent = t("tabletNotSent");
}

async function thanks() {
  clearAll();
  middle("over", h("h1", {}, t("tabletThanks")), h("p", {}, t("tabletCopy")));
  say(t("tabletThanks"));
  await later(THANKS_FOR);
  if (view === "over") startAnew();
}

// ---- refusing, and nobody there -----------------------------------------------------------

function closeAsk() {
  if ($("ask").open) $("ask").close();
  $("ask").replaceChildren();
}

function refuse() {
  const words = h("textarea", { id: "reason", maxlength: "400" });
  const choice = (key) => h("label", { class: "choice" }, h("input", { type: "radio", name: "why", value: t(key) }), t(key));
  fill($("ask"), h("h2", { id: "ask-title" }, t("tabletRefuseTitle")),
    h("fieldset", {}, h("legend", {}, t("tabletRefuseWhy")), choice("tabletWhyPaper"), choice("tabletWhyWrong"), choice("tabletWhyNot")),
    h("label", { for: "reason" }, t("tabletRefuseWords")), words,
    h("div", { class: "answers" }, button("tabletOn", closeAsk), button("tabletRefuseNow", async () => {
      const chosen = $("ask").querySelector("input:checked")?.value;
      const reason = [chosen, words.value.trim()].filter(Boolean).join(": ");
      await giveUp({ kind: "refused", ...(reason ? { reason } : {}) });
      over("tabletRefused", t("tabletAsk"));
    }, { class: "main" })));
  $("ask").showModal();
}

async function giveUp(body) {
  const mine = job;
  if (!mine) return;
  try { await post(`/tablet/jobs/${mine.id}/refusal`, mine.nonce, body); } catch { /* Its time ends it. */ }
}

function idle() {
  if (!job || (view !== "read" && view !== "pad")) return;
  const still = Date.now() - touched;
  if (still >= CLEAR_AFTER) {
    const gone = giveUp({ kind: "idle" });
    middle("over", h("h1", {}, t("tabletCleared")));
    gone.finally(startAnew);
  } else if (still < WARN_AFTER) {
    warned = false;
  } else if (!warned) {
    warned = true;
    closeAsk();
    fill($("ask"), h("h2", { id: "ask-title" }, t("tabletStillThere")), h("p", {}, plural("tabletClears", Math.round((CLEAR_AFTER - WARN_AFTER) / 1000))),
      h("div", { class: "answers" }, button("tabletOn", closeAsk, { class: "main" })));
    $("ask").showModal();
  }
}

for (const name of ["pointerdown", "keydown", "wheel", "touchmove"]) addEventListener(name, () => { touched = Date.now(); }, { passive: true, capture: true });
$("main").addEventListener("scroll", () => { touched = Date.now(); }, { passive: true });

// ---- the device ---------------------------------------------------------------------------

addEventListener("offline", losing);
addEventListener("online", () => { heard(); if (view === "blank") refresh(); });
// The back button goes nowhere.
history.pushState(null, "", location.href);
addEventListener("popstate", () => history.pushState(null, "", location.href));
// A page that comes back out of a cache shows nothing of before.
addEventListener("pageshow", (event) => { if (event.persisted) startAnew(); });

async function stayAwake() {
  try { await navigator.wakeLock?.request("screen"); } catch { /* Some devices do not. */ }
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) stayAwake(); });
stayAwake();
// Fetched without a connection this page is the notice of its worker, which keeps nothing.
navigator.serviceWorker?.register("/pages/tablet-worker.js", { scope: "/tablet" }).catch(() => {});
speak("de");
refresh();
