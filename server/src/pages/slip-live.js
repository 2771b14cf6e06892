// A slip follows what others do, as long as somebody looks at it: with the stream of one's inboxes, and when one comes back to
// the window. Nothing is asked for in between, since each look at a case is written down.
import { h, t } from "/pages/dom.js";
import { listen } from "/pages/live.js";
import { inTongue, whoInWords } from "/pages/flow.js";

/** Between two looks at the same workflow. */
const RESTS = 2_500;
const living = new Set();

/** Lets a slip follow: `self.load({ quiet: true })` reads it again. */
export function followed(self) { living.add(self); }

/** A slip that was taken away is followed no more; one that is folded or behind another page rests. */
function lookAgain(self) {
  if (!self.flow) return;
  if (!self.place.isConnected) { living.delete(self); return; }
  if (self.flow.ended || !self.place.getClientRects().length) return;
  clearTimeout(self.soon);
  const busy = document.querySelector("dialog[open]") || self.acting;
  self.soon = setTimeout(() => {
    if (document.hidden) return;
    // Under a dialog nothing moves.
    if (document.querySelector("dialog[open]") || self.acting) lookAgain(self); else self.load({ quiet: true });
  }, busy ? RESTS : Math.max(0, self.readAt + RESTS - Date.now()));
}

listen((said, before) => { if (before) for (const one of living) lookAgain(one); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) for (const one of living) lookAgain(one); });

// ---- what stays -----------------------------------------------------------------------------

/** How something that has the focus is found again when the place around it was drawn anew. */
function nameOf(element) {
  const { act, outcome, control } = element.dataset;
  if (control) return `[data-control="${CSS.escape(control)}"]`;
  if (act) return `[data-act="${CSS.escape(act)}"]`;
  if (outcome) return `[data-outcome="${CSS.escape(outcome)}"]`;
  if (element.matches("summary")) return `.${element.parentElement.className.split(" ")[0]} > summary`;
  return element.matches("a[href]") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]` : null;
}

/** Notes what is open and where the focus is; what is given back sets it as it was. */
export function holdOn(body) {
  const open = [...body.querySelectorAll("details[open]")].map((one) => [one.closest("[data-step]")?.dataset.step, one.className.split(" ")[0]]);
  const here = body.contains(document.activeElement) ? document.activeElement : null;
  const step = here?.closest("[data-step]")?.dataset.step;
  const name = here && nameOf(here);
  const at = here?.matches("textarea, input[type=text]") ? [here.selectionStart, here.selectionEnd] : null;
  const within = (number) => (number ? body.querySelector(`[data-step="${CSS.escape(number)}"]`) : body);
  return () => {
    for (const [number, kind] of open) {
      const one = kind && within(number)?.querySelector(`details.${kind}`);
      if (one && !one.open) one.open = true;
    }
    if (!here || here.isConnected) return;
    const place = within(step);
    const again = (name && place?.querySelector(name)) ?? place;
    if (again && again !== body) {
      if (!again.matches("a, button, input, textarea, select, summary")) again.setAttribute("tabindex", "-1");
      again.focus({ preventScroll: true });
      if (at && again.setSelectionRange) again.setSelectionRange(...at);
    } else body.querySelector(".slip")?.focus({ preventScroll: true });
  };
}

// ---- what is told ---------------------------------------------------------------------------

const TOLD_MAX = 3;

/** What others did between two looks, in a line for each step. */
export function newsBetween(before, after, known) {
  const was = new Map(before.slip.map((one) => [one.number, one]));
  const changed = after.slip.filter((one) => was.has(one.number) && was.get(one.number).status !== one.status && one.status !== "future" || (!was.has(one.number) && one.directive));
  const lines = changed.slice(0, TOLD_MAX).map((one) => [`${t("flowStepNo", { n: one.number })} ${inTongue(one.label)}: ${t(`stepStatus_${one.status}`)}`, one.done ? whoInWords(one.done.by, known) : null].filter(Boolean).join(", "));
  return lines.length ? lines.join("; ") : t("flowChangedMore");
}

/** What somebody had typed into a step that asks for nothing any more: it is not lost. */
export function leftOver(kept) {
  const said = [kept.note.trim(), ...Object.values(kept.fields).filter((one) => typeof one === "string")].filter(Boolean);
  if (!said.length) return null;
  return h("div", { class: "note" }, h("p", {}, t("flowLeftOver", { step: kept.step })), said.map((text) => h("blockquote", {}, text)));
}
