// Taking a pile apart by hand: cuts between its pages, pages that stay out, what would become of it, and what became of it.
import { chip, fill, h, number, plural, say, t } from "/pages/dom.js";
import { json } from "/pages/app.js";
import { askFor, field, input, keys, send } from "/pages/forms.js";
import { whichPages } from "/pages/beside.js";

/** What can be taken apart. */
const KINDS = ["application/pdf", "image/tiff"];
/** A separator sheet of ours, as its code says. */
const SHEET = /^PL1:T(\?|$)/;
/** Pictures that are fetched at the same time, and how often one is asked for again: the server draws few at once. */
const FETCHED_MAX = 3;
const TRIES = 6;
const TRY_AGAIN_AFTER = 1_500;

export const canBeSplit = (found) => found.state !== "discarded" && found.text.pages > 1 && found.text.state !== "pending" && KINDS.includes(found.content?.media_type);

/** Where cuts are, which pages stay out, and what parts that makes. */
class Pile {
  constructor(pages) {
    this.pages = pages;
    this.cuts = new Set();
    this.out = new Set(pages.filter((page) => page.sheet).map((page) => page.number));
    this.trimmed = false;
    this.titles = new Map();
  }

  isBlank(n) { return this.pages[n - 1].blank; }

  /** What lies between cuts and pages that stay out; blank pages at its ends go where they are not wanted. */
  parts() {
    const all = [];
    let open = null;
    for (const { number: n } of this.pages) {
      if (this.out.has(n)) { open = null; continue; }
      if (open) open.last_page = n; else all.push(open = { first_page: n, last_page: n });
      if (this.cuts.has(n)) open = null;
    }
    if (!this.trimmed) return all;
    for (const part of all) {
      while (part.first_page <= part.last_page && this.isBlank(part.first_page)) part.first_page += 1;
      while (part.last_page > part.first_page && this.isBlank(part.last_page)) part.last_page -= 1;
    }
    return all.filter((part) => part.first_page <= part.last_page);
  }

  /** The parts as they are asked for. */
  asked() {
    return this.parts().map((part) => {
      const title = this.titles.get(part.first_page)?.trim();
      return { ...part, ...(title ? { title } : {}) };
    });
  }
}

/** Pictures as they come into sight, a few at a time. */
function fetcher(found) {
  const waiting = [];
  let busy = 0;
  const next = () => {
    while (busy < FETCHED_MAX && waiting.length) {
      const { image, tries } = waiting.shift();
      if (!image.isConnected) continue;
      busy += 1;
      const over = () => { busy -= 1; next(); };
      image.onload = over;
      image.onerror = () => {
        over();
        // What is not drawn now may be drawn in a moment; without it the page still has its number.
        if (tries < TRIES) setTimeout(() => { waiting.push({ image, tries: tries + 1 }); next(); }, TRY_AGAIN_AFTER);
      };
      image.src = `/api/v1/documents/${found.id}/pages/${image.dataset.n}/picture?width=320&version=${found.content.number}`;
    }
  };
  const seen = new IntersectionObserver((entries) => {
    for (const one of entries) {
      if (!one.isIntersecting) continue;
      seen.unobserve(one.target);
      waiting.push({ image: one.target, tries: 0 });
    }
    next();
  }, { rootMargin: "200px" });
  return seen;
}

/** The pages, each with a button that keeps it out and one that cuts behind it. One of them is reached by Tab, the others by arrows. */
function pagesOf(pile, changed, seen) {
  const rows = new Map();
  const press = (set, n) => () => { if (!set.delete(n)) set.add(n); changed(); };
  const button = (kind, n, set) => h("button", { type: "button", class: `small ${kind}`, "data-kind": kind, "data-n": n, tabindex: "-1", "aria-pressed": "false",
    "aria-label": t(kind === "cut" ? "cutAfter" : "leaveOutPage", { n: number(n) }), onclick: press(set, n) }, t(kind === "cut" ? "cut" : "leaveOut"));
  const list = h("ol", { class: "cuts", "aria-label": t("splitPagesTitle"), "aria-describedby": "split-keys" }, pile.pages.map((page) => {
    const n = page.number;
    const image = h("img", { alt: t("thumbnailOf", { n: number(n) }), width: "320", height: "453", "data-n": n });
    const row = {
      item: null, where: h("span", { class: "muted" }),
      out: button("leave", n, pile.out), cut: n < pile.pages.length ? button("cut", n, pile.cuts) : null,
    };
    row.item = h("li", { "data-page": n }, h("div", { class: "cut-page" }, image,
      h("p", { class: "cut-about" }, h("strong", {}, t("pageNo", { n: number(n) })), " ", page.blank ? chip(t("blankPage")) : null, page.sheet ? chip(t("separatorSheet"), "warn") : null, " ", row.where),
      row.out), row.cut);
    rows.set(n, row);
    seen.observe(image);
    return row.item;
  }));
  const point = (to) => {
    if (!to) return;
    list.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
  };
  list.addEventListener("focusin", (event) => { if (event.target.dataset.kind) point(event.target); });
  list.addEventListener("keydown", (event) => {
    const { kind, n } = event.target.dataset;
    if (!kind || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...list.querySelectorAll(`[data-kind=${kind}]`)];
    const at = all.indexOf(event.target);
    const row = rows.get(Number(n));
    const to = {
      ArrowRight: all[at + 1], ArrowLeft: all[at - 1], Home: all[0], End: all.at(-1),
      ArrowDown: row.cut, ArrowUp: row.out,
    }[event.key];
    if (!(event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    to?.focus();
  });
  const first = rows.get(1).cut;
  first.dataset.first = "";
  point(first);
  return { list, rows };
}

/** What would become of the pile, with a name for each part. */
function previewOf(pile, found, place) {
  const parts = pile.parts();
  fill(place, parts.map((part, at) => {
    const title = input(pile.titles.get(part.first_page) ?? "", { maxlength: "300", placeholder: t("partTitle", { title: found.title, n: number(at + 1) }) });
    title.addEventListener("input", () => pile.titles.set(part.first_page, title.value));
    return h("li", { "data-part": at + 1 }, field(`${t("part", { n: number(at + 1) })} · ${whichPages(part)}`, title));
  }));
  return parts;
}

/** Says at each page where it goes. */
function mark(pile, rows, parts) {
  const part = (n) => parts.findIndex((one) => one.first_page <= n && n <= one.last_page) + 1;
  for (const [n, row] of rows) {
    const of = part(n);
    row.item.classList.toggle("stays-out", !of);
    row.item.classList.toggle("even", of > 0 && of % 2 === 0);
    row.where.textContent = of ? t("part", { n: number(of) }) : t("leftOutPage");
    row.out.setAttribute("aria-pressed", String(pile.out.has(n)));
    row.cut?.setAttribute("aria-pressed", String(pile.cuts.has(n)));
  }
}

/** The pages of a document as they were read; of one without text only how many there are. */
async function pagesRead(found) {
  const read = await json(`/documents/${found.id}/text`).catch(() => null);
  return Array.from({ length: found.text.pages }, (_, at) => {
    const page = read?.pages[at];
    const codes = page?.codes ?? [];
    return { number: at + 1, blank: Boolean(page?.blank), sheet: codes.some((one) => one.kind !== "code_128" && SHEET.test(one.text)) };
  });
}

/** What was made, as links: the first thing to be seen after it was made. */
async function tell(made, address) {
  let left = false;
  const link = (one) => h("a", { href: address(one.id), onclick: (event) => { left = true; event.target.closest("dialog").close(); } }, one.title);
  say(plural("splitMade", made.parts.length));
  await askFor({ title: plural("splitMade", made.parts.length), body: [
    h("ul", { class: "rows", id: "split-made" }, made.parts.map((one) => h("li", {}, link(one), h("span", { class: "muted" }, whichPages(one))))),
    h("p", { class: "hint" }, t("splitKept"))] });
  return left;
}

/** Takes a document apart; `after` is told when it was. */
export async function splitPages(found, after) {
  const pile = new Pile(await pagesRead(found));
  const seen = fetcher(found);
  const key = keys();
  const summary = h("p", { class: "note", role: "status" });
  const preview = h("ol", { class: "parts", id: "split-parts" });
  const progress = h("div", { role: "status" });
  const blanks = pile.pages.some((page) => page.blank);
  const trim = h("input", { type: "checkbox", onchange: () => { pile.trimmed = trim.checked; changed(); } });
  let made = null;

  const { list, rows } = pagesOf(pile, () => changed(), seen);
  function changed() {
    const parts = previewOf(pile, found, preview);
    mark(pile, rows, parts);
    const taken = parts.reduce((sum, part) => sum + part.last_page - part.first_page + 1, 0);
    const out = pile.pages.length - taken;
    summary.textContent = out ? `${plural("splitParts", parts.length)}, ${plural("splitOut", out)}` : plural("splitParts", parts.length);
  }
  const all = (text, act) => h("button", { type: "button", class: "small", onclick: () => { act(); changed(); } }, text);
  changed();

  const result = await askFor({
    title: t("takeApartTitle", { title: found.title }), wide: true, submit: t("act_splitPages"), stale: () => after("reload", found),
    body: [h("p", { class: "hint" }, t("takeApartHint")), h("p", { class: "hint", id: "split-keys" }, t("splitKeys")),
      h("p", { class: "cut-tools" },
        all(t("cutEverywhere"), () => pile.pages.slice(0, -1).forEach((page) => pile.cuts.add(page.number))),
        all(t("cutNowhere"), () => pile.cuts.clear())),
      blanks ? h("label", { class: "check" }, trim, h("span", {}, t("trimBlanks"))) : null,
      list, h("h3", {}, t("splitPreview")), summary, preview, progress],
    act: async () => {
      const parts = pile.asked();
      const whole = parts.length === 1 && parts[0].first_page === 1 && parts[0].last_page === pile.pages.length;
      if (!parts.length || whole) throw new Error(t("splitNothing"));
      fill(progress, h("p", { class: "muted" }, t("splitting")), h("progress", { "aria-label": t("splitting") }));
      const body = { parts };
      try {
        made = await send("POST", `/documents/${found.id}/split`, body, { version: found.version, key: key(body) });
      } finally {
        progress.replaceChildren();
      }
      return made;
    },
  });
  seen.disconnect();
  if (!result) return;
  // Whoever went on to one of the parts is not brought back.
  if (!await tell(made, (id) => `#/?doc=${id}`)) after("reload", found);
}
