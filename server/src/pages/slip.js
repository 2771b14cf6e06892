// A workflow with its routing slip (Laufweg): all steps in order, what became of each, and the one that is open with
// what can be done with it. Whoever signs sees just that version which he signs.
import { chip, day, fill, h, moment, say, t } from "/pages/dom.js";
import { state } from "/pages/app.js";
import { done } from "/pages/forms.js";
import { act, caseLink, dayOf, definitionOf, dueChip, functions, inTongue, look, namesOf, steadOf, whoInWords } from "/pages/flow.js";
import { documentsOf, valueInWords } from "/pages/flow-fields.js";
import { flowActions } from "/pages/flow-acts.js";
import { flowHistory } from "/pages/flow-history.js";
import { newerThan } from "/pages/flow-migrate.js";
import { followed, holdOn, leftOver, newsBetween } from "/pages/slip-live.js";
import { stepForm } from "/pages/step.js";

const COLOURS = { done: "good", voided: "bad" };
const STEP_LIVES = ["open", "waiting"];

export const endChip = (flow) => (flow.ended ? chip(t(`flowEnd_${flow.ended.how}`), flow.ended.how === "done" ? "good" : "") : chip(t("flowRuns"), "good"));

/**
 * A place that fills itself with a workflow. `level` is that of its headings, `step` the one that was asked for, `loaded`
 * is told whenever it was read. What was typed into a step stays while the slip is read again, and where nothing of a step
 * has changed it stays as it stands, with the focus that is in it.
 */
export function slipOf(id, { level = 2, step = null, loaded = () => {} } = {}) {
  const place = h("div", { class: "flow", "data-flow": id });
  const said = h("div", { class: "flow-said" });
  const body = h("div", {});
  const self = { id, level, place, kept: new Map(), keepers: new Map(), seen: new Map(), turn: 0, flow: null, readAt: 0, acting: false, finishing: null };
  let signs = new Map();
  place.append(said, body);

  /** Reads it anew. `word` is what was done; `conflict` what somebody else did meanwhile; `quiet`, where nobody asked for it. */
  self.load = async ({ word, conflict, focus, quiet } = {}) => {
    const turn = ++self.turn;
    self.readAt = Date.now();
    let context;
    try {
      const flow = await look(`/workflows/${id}`);
      if (turn !== self.turn || (quiet && flow.version === self.flow?.version)) return;
      const [definition, documents, known, newer] = await Promise.all([definitionOf(flow.definition.id, flow.definition.version), documentsOf(flow.case.id), functions(),
        flow.may.includes("cancel") ? newerThan(flow.definition) : null]);
      context = { self, flow, definition, documents, known, newer };
    } catch (error) {
      if (turn === self.turn) fill(quiet ? said : body, h("p", { class: "error", role: "alert" }, error.message));
      return;
    }
    if (turn !== self.turn) return;
    const before = self.flow;
    self.flow = context.flow;
    const left = draw(context, quiet);
    if (quiet) {
      const news = t("flowChanged", { what: newsBetween(before, context.flow, context.known) });
      fill(said, h("p", { class: "note" }, news), left);
      say(news);
      loaded(context.flow);
      return;
    }
    if (word) done(said, word);
    else if (conflict) {
      fill(said, h("p", { class: "note warn", role: "alert", tabindex: "-1" }, t("flowMeanwhile"), " ", conflict), left);
      // A dialog that still stands open says the same, and keeps the focus.
      if (!document.querySelector("dialog[open]")) said.firstChild.focus();
    } else said.replaceChildren();
    if (focus) (body.querySelector("[data-first-act]") ?? body.querySelector(".slip > .now") ?? body.querySelector(".slip"))?.focus({ preventScroll: Boolean(word) });
    loaded(context.flow);
  };

  /** Does something with it and shows what it is then. Somebody else was faster: that is told, and the slip read again. */
  self.act = async (path, asked, word, key) => {
    self.acting = true;
    try {
      await act(`/workflows/${id}${path}`, asked, { key });
      await self.load({ word, focus: true });
    } catch (error) {
      self.finishing = null;
      if (error.status === 409) await self.load({ conflict: error.said });
      throw error;
    } finally { self.acting = false; }
    return true;
  };

  /** Draws it; `quiet` leaves alone what is as it was. Gives back what had been typed where nothing is asked any more. */
  function draw(context, quiet) {
    const { flow, definition, known } = context;
    const first = firstToDo(flow, step);
    for (const keep of self.keepers.values()) keep();
    if (self.finishing !== null) self.kept.delete(self.finishing);
    const list = quiet ? body.querySelector(":scope > .slip") : null;
    const goOn = list && holdOn(body);
    const before = [
      steadOf() ? h("p", { class: "note" }, t("flowStandingIn", { name: steadOf() })) : null,
      h("p", { class: "chips" }, endChip(flow), flow.ended ? null : chip(inTongue(flow.state.label))),
      flow.ended?.reason ? h("p", { class: "said" }, flow.ended.reason) : null,
      h("p", { class: "muted" }, t("flowBegun", { who: whoInWords(flow.initiator, known), at: moment(flow.started_at) }), " · ",
        h("a", { href: `#/verfahren/${flow.definition.id}?version=${flow.definition.version}` }, t("flowByDefinition", { version: flow.definition.version }))),
      flow.excluded.length ? h("p", { class: "note warn" }, t("flowExcluded", { names: namesOf(flow.excluded, known) })) : null,
      flow.opened.length ? h("p", { class: "note" }, t("flowOpened"), flow.opened.map((one) => [" ", caseLink(one)])) : null,
      announced(context),
      context.newer ? h("p", { class: "note" }, t("flowNewer", { version: context.newer.version })) : null,
      knownFields(context),
      h(`h${level}`, {}, t("flowSlip"))];
    const now = new Map(flow.slip.map((one) => [one.number, signOf(one, context, one.number === first)]));
    const items = flow.slip.map((one) => {
      const there = list && signs.get(one.number) === now.get(one.number) ? list.querySelector(`:scope > [data-step="${one.number}"]`) : null;
      if (there) return there;
      self.keepers.delete(one.number);
      return stepItem(one, context, one.number === first);
    });
    signs = now;
    for (const number of self.keepers.keys()) if (!now.has(number)) self.keepers.delete(number);
    const after = [flowActions(context), flowHistory(context)];
    if (list) {
      inPlace(list, items);
      for (const one of [...body.children]) if (one !== list) one.remove();
      list.before(...before.flat(Infinity).filter(Boolean));
      list.after(...after.filter(Boolean));
      goOn();
    } else fill(body, before, h("ol", { class: "slip", tabindex: "-1", "aria-label": t("flowSlip") }, items), after);
    const left = [...self.kept].filter(([number]) => !self.keepers.has(number)).map(([number, kept]) => { self.kept.delete(number); return leftOver(kept); });
    if (step && !self.shown) {
      self.shown = true;
      body.querySelector(`[data-step="${CSS.escape(step)}"]`)?.scrollIntoView({ block: "nearest" });
    }
    if (!quiet) say(inTongue(definition.title));
    return left;
  }

  self.load();
  followed(self);
  return self;
}

/** What a step shows is made of: where that is the same, it is left alone. */
const signOf = (one, { flow, documents, definition }, now) => JSON.stringify([one, now, definition.sha256, flow.editorial,
  one.asks.map((ask) => flow.fields[ask.field]), one.may.length ? documents.map((each) => [each.id, each.title, each.id === one.binds && each.content?.sha512]) : null]);

/** Puts items into a list without moving those that stand in it: the focus stays, and the hand of whoever types. */
function inPlace(list, items) {
  for (const one of [...list.children]) if (!items.includes(one)) one.remove();
  items.forEach((one, at) => { if (list.children[at] !== one) list.insertBefore(one, list.children[at] ?? null); });
}

/** Who has said that the next version of a document is editorial. */
const announced = ({ flow, documents, known }) => (flow.editorial ?? []).filter((one) => one.announced_by).map((one) => h("p", { class: "note" },
  t("flowAnnounced", { who: whoInWords(one.announced_by, known), title: documents.find((other) => other.id === one.document)?.title ?? t("one_document") })));

/** The step to which the eye is led: the one that was asked for, or the first that one may do something with. */
function firstToDo(flow, wanted) {
  const mine = flow.slip.filter((one) => STEP_LIVES.includes(one.status) && one.may.length);
  return (mine.find((one) => String(one.number) === wanted) ?? mine[0])?.number;
}

/** What is known, in the order of the definition. */
function knownFields({ flow, definition, known, documents }) {
  const rows = definition.fields.filter((rule) => flow.fields[rule.key] !== undefined && flow.fields[rule.key] !== null);
  if (!rows.length) return null;
  return h("details", { class: "flow-fields" }, h("summary", {}, t("flowFields")),
    h("dl", {}, rows.map((rule) => [h("dt", {}, inTongue(rule.label)), h("dd", {}, valueInWords(rule, flow.fields[rule.key], known, documents))])));
}

// ---- one step -----------------------------------------------------------------------------

function stepItem(one, context, now) {
  const { self, known } = context;
  const lives = STEP_LIVES.includes(one.status);
  const overdue = lives && one.due && Date.parse(one.due.overdue_at) <= Date.now();
  return h("li", { class: `step ${one.status}${now ? " now" : ""}`, "data-step": one.number, tabindex: now ? "-1" : null },
    h(`h${self.level + 1}`, {}, h("span", { class: "step-no" }, t("flowStepNo", { n: one.number })), " ", inTongue(one.label)),
    h("p", { class: "chips" }, chip(t(`stepStatus_${one.status}`), COLOURS[one.status] ?? (now ? "warn" : "")),
      lives && one.due ? dueChip(one.due.on, overdue) : null,
      one.held_until ? chip(t("flowHeldUntil", { day: day(dayOf(one.held_until)) })) : null),
    h("p", { class: "muted" }, [t(`stepKind_${one.kind}`), one.mark && one.mark !== one.kind ? t("flowMark", { mark: one.mark }) : null].filter(Boolean).join(" · ")),
    one.done ? doneLines(one, context) : h("p", {}, asked(one, known)),
    one.directive ? h("div", { class: "said" },
      h("p", {}, one.directive.text ?? t("flowNoDirective")),
      h("p", { class: "muted" }, [t("flowDirectiveBy", { who: whoInWords(one.directive.by, known), at: moment(one.directive.at) }),
        one.directive.holds ? t("flowWaitsForIt", { n: one.directive.holds }) : null].filter(Boolean).join(" · "))) : null,
    one.due && !one.done ? dueLines(one.due, known) : null,
    one.error ? h("p", { class: "error" }, t("flowStepError"), " ", one.error) : null,
    one.seal ? sealLine(one.seal) : null,
    lives || one.status === "future" ? stepForm(one, context, now) : null);
}

/** How far the seal is that the system put on, and why it is no further. */
function sealLine({ level, reason, waits }) {
  const why = reason ? t(`sealEnd_${reason}`) : waits ? t(`sealWaits_${waits}`) : "";
  return h("p", { class: reason === "revoked" || reason === "no_sources" ? "error" : "muted" }, t("flowSeal", { level }), why ? ` · ${why}` : null);
}

function asked(one, known) {
  const names = namesOf(one.assigned, known);
  const words = one.status === "future" ? t("flowWillAsk", { names }) : t("flowAsks", { names });
  const mine = one.claimed?.who === state.me.login;
  return [one.assigned.length ? words : t("flowAsksNobody"), one.claimed ? [" ", chip(mine ? t("flowClaimedByMe") : t("flowClaimedBy", { who: whoInWords(one.claimed, known) }))] : null];
}

function dueLines(due, known) {
  return [
    h("p", { class: "muted" }, t(due.kind === "appointment" ? "flowAppointment" : "flowDeadline", { day: day(due.on), rule: due.rule })),
    due.extended.length ? h("ul", { class: "plain-list" }, due.extended.map((one) => h("li", {},
      t("flowExtended", { from: day(one.from), to: day(one.to), who: whoInWords(one.by, known), reason: one.reason })))) : null,
  ];
}

/** How a step was done: by whom, when, with which words, bound to what. */
function doneLines(one, { known, documents }) {
  const { done: how } = one;
  const named = (id) => documents.find((other) => other.id === id)?.title ?? t("one_document");
  return [
    h("p", {}, h("strong", {}, how.label), " · ", t("flowDoneBy", { who: whoInWords(how.by, known), at: moment(how.at) })),
    how.note ? h("p", { class: "said" }, how.note) : null,
    how.bound ? h("p", { class: "bound" }, t("flowBoundTo"), " ", h("a", { href: `#/?doc=${how.bound.document}` }, named(how.bound.document)), " · ",
      t("version", { n: how.bound.version }), " ", h("span", { class: "mono", title: how.bound.sha512 }, `SHA-512 ${how.bound.sha512.slice(0, 16)}…`)) : null,
    how.documents.length ? h("p", {}, t("flowWith"), " ", how.documents.map((id, at) => [at ? ", " : "", h("a", { href: `#/?doc=${id}` }, named(id))])) : null,
  ];
}

