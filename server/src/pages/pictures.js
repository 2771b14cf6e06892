// The pages of a document as pictures, with the words that were looked for marked on them.
import { fill, h, number, plural, say, t } from "/pages/dom.js";
import { ask, json } from "/pages/app.js";

const SVG = "http://www.w3.org/2000/svg";
/** So long it is waited before it is asked again whether a copy is made. */
const ASK_AGAIN_AFTER = 2_000;
const TURNS = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1 };

function drawn(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The marks over a picture: places are fractions of the page, whatever its size on the screen. */
function marks(words) {
  const hits = (words ?? []).filter((word) => word.mark);
  return drawn("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" }, ...hits.map((word) =>
    drawn("rect", { x: word.x, y: word.y, width: word.width, height: word.height })));
}

/** The picture of a page; where it cannot be had at the moment there is a way to try again. */
function picture(link, alt, words) {
  const place = h("div", { class: "sheet drawing" });
  const load = () => {
    const image = h("img", { src: link.href, alt, width: link.width, height: link.height, onload: () => place.classList.remove("drawing"),
      onerror: () => fill(place, h("p", { class: "error", role: "alert" }, t("pageNotShown")), h("button", { type: "button", onclick: load }, t("again"))) });
    place.classList.add("drawing");
    fill(place, image, marks(words));
  };
  load();
  return place;
}

/** The pages of a document; it fills itself. `asked` is what was looked for, `first` the page where it was found. */
export function picturesOf(found, asked, first) {
  const place = h("section", { class: "beside pages", "aria-label": t("pagesTitle") });
  let page = null;
  let turn = 0;
  let large = false;
  let open = Boolean(asked);

  const name = () => t("pageAlt", { n: number(page.number), of: number(page.pages), title: found.title });
  // What is not the document itself is not to be taken for it.
  const origin = () => page.drawn_from === "content" ? null :
    h("p", { class: "hint" }, page.conversion?.explanation ?? t(page.drawn_from === "text" ? "drawnFromText" : "drawnFromConverted"));
  const button = (key, off, action) => h("button", { type: "button", class: "small", "data-page": key, disabled: off, onclick: action }, t(key));

  function show(focus) {
    if (page.no_picture) {
      fill(place, h("h3", {}, t("pagesTitle")), h("p", { class: "muted" }, page.no_picture.explanation));
      return;
    }
    if (!open) {
      const link = page.pictures[0];
      fill(place, h("h3", {}, t("pagesTitle")), h("button", { type: "button", class: "thumbnail", onclick: () => { open = true; show("nextPage"); } },
        h("img", { src: link.href, alt: name(), width: link.width, height: link.height }), h("span", {}, t("showPages"))), origin());
      return;
    }
    const hits = (page.words ?? []).filter((word) => word.mark).length;
    fill(place,
      h("h3", {}, t("pagesTitle")),
      h("div", { class: "actions", role: "group", "aria-label": t("pagesTitle") },
        button("previousPage", page.number <= 1, () => read(page.number - 1, "previousPage")),
        h("span", { class: "page-no" }, t("pageOf", { n: number(page.number), of: number(page.pages) })),
        button("nextPage", page.number >= page.pages, () => read(page.number + 1, "nextPage")),
        button(large ? "smaller" : "larger", false, () => { large = !large; show(large ? "smaller" : "larger"); })),
      origin(),
      asked && page.words ? h("p", { class: "hint" }, plural("hitsOnPage", hits)) : null,
      h("div", { class: large ? "desk large" : "desk", tabindex: "0", role: "group", "aria-label": name() }, picture(page.pictures.at(large ? -1 : 1), name(), page.words)));
    const wanted = focus && place.querySelector(`[data-page=${focus}]`);
    if (wanted) (wanted.disabled ? place.querySelector(".desk") : wanted).focus();
  }

  // Where something was found is told as a page of the text; from there on pages are turned as they are drawn.
  async function read(wanted, focus, byText) {
    const mine = ++turn;
    const query = new URLSearchParams({ version: String(found.content.number), ...(asked ? { q: asked } : {}), ...(byText ? { by_text: "true" } : {}) });
    let answer;
    try {
      answer = await json(`/documents/${found.id}/pages/${wanted}?${query}`);
    } catch (error) {
      if (mine !== turn) return;
      // Whoever may not read the content is told so where its text would be.
      if (error.status === 403) place.replaceChildren();
      else fill(place, h("h3", {}, t("pagesTitle")), h("p", { class: "error", role: "alert" }, error.message), h("button", { type: "button", onclick: () => read(wanted, focus, byText) }, t("again")));
      return;
    }
    if (mine !== turn) return;
    page = answer;
    show(focus);
    if (focus) say(t("pageOf", { n: number(page.number), of: number(page.pages) }));
  }

  place.addEventListener("keydown", (event) => {
    const step = TURNS[event.key];
    if (!step || !open || !page?.pictures.length || large || event.altKey || event.ctrlKey || event.metaKey) return;
    const wanted = page.number + step;
    if (wanted < 1 || wanted > page.pages) return;
    event.preventDefault();
    read(wanted, step < 0 ? "previousPage" : "nextPage");
  });
  read(first ?? 1, null, Boolean(first));
  return place;
}

/** The searchable copy of a scan, to be saved: it is made when somebody asks, and that takes a while. */
export function copyOf(found) {
  const path = `/documents/${found.id}/versions/${found.content.number}/copy`;
  const news = h("span", { class: "muted", role: "status" });
  const button = h("button", { type: "button", onclick: async () => {
    button.disabled = true;
    news.textContent = t("copyAsked");
    try {
      let response = await ask(path);
      while (response.status === 202) {
        const waiting = await response.json();
        news.textContent = t(`waits_${waiting.task}_${waiting.state}`, { place: number(waiting.place) });
        await new Promise((resolve) => { setTimeout(resolve, ASK_AGAIN_AFTER); });
        // Whoever looks at something else by now waits for it no longer.
        if (!button.isConnected) return;
        response = await ask(path);
      }
      const said = response.headers.get("content-disposition") ?? "";
      const name = /filename\*=UTF-8''([^;]+)/.exec(said) ?? /filename="([^"]+)"/.exec(said);
      const url = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: "application/pdf" }));
      h("a", { href: url, download: name ? decodeURIComponent(name[1]) : `${found.title}.pdf` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      news.textContent = "";
    } catch (error) {
      news.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  } }, t("searchableCopy"));
  return [button, news];
}
