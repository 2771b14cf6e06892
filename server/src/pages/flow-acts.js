// What can be done with a step beside doing it, and with the whole workflow: each asks for what it needs and for a reason.
import { day, fill, h, t } from "/pages/dom.js";
import { state } from "/pages/app.js";
import { askFor, field, input, keys, reasonField, refused, select, textarea, ways } from "/pages/forms.js";
import { inTongue, plainly, today } from "/pages/flow.js";
import { whoPicker, whosPicker } from "/pages/flow-fields.js";
import { migrate } from "/pages/flow-migrate.js";
import { mayAnnounce, nextVersion } from "/pages/flow-version.js";

/** What is asked in the way of all others: what, who may, whether it is grave. */
const ACTS = { skip, delegate, insert, withdraw, hold, extend, return: sendBack };
const BARE = ["claim", "release", "resume"];

const stale = (self) => () => self.load();
/** Fields of the requests of workflows, as they are called here. */
const NAMES = { to: "flowTo", until: "flowUntil", reason: "reason", person: "flowPerson", text: "flowText", due: "flowDueField", kind: "flowKind", note: "flowNote" };

/** The buttons of a step. */
export function stepActions(step, context) {
  const { self } = context;
  const failure = h("div", {});
  const key = keys();
  const bare = (act) => h("button", { type: "button", class: "small", "data-act": `${act}-${step.number}`, onclick: async (clicked) => {
    const button = clicked.currentTarget;
    button.disabled = true;
    failure.replaceChildren();
    try { await self.act(`/steps/${step.number}/${act}`, undefined, t(`did_workflow_${act}`), key(act)); } catch (error) { refused(failure, error); }
    button.disabled = false;
  } }, t(`act_step_${act}`));
  const asked = (act) => h("button", { type: "button", class: "small", "data-act": `${act}-${step.number}`, onclick: () => ACTS[act](step, context) }, t(`act_step_${act}`));
  // Who signs finally corrects what he signs, here.
  const version = step.binds && mayAnnounce(context.flow, step.binds)
    ? [h("button", { type: "button", class: "small", "data-act": `version-${step.number}`, onclick: () => nextVersion(self, context.flow, step.binds) }, t("act_flow_version"))] : [];
  const offers = [...BARE.filter((act) => step.may.includes(act)).map(bare), ...Object.keys(ACTS).filter((act) => step.may.includes(act)).map(asked), ...version];
  if (!offers.length) return null;
  return [h("div", { class: "actions small-actions", role: "group", "aria-label": t("flowStepActions", { step: inTongue(step.label) }) }, offers), failure];
}

/** A dialog about a step; `body()` is what is sent. */
function askOf(step, { self }, act, body, { nodes, danger = false, wide = false }) {
  const key = keys();
  return askFor({
    title: t(`flowTitle_${act}`, { step: inTongue(step.label) }), submit: plainly(t(`act_step_${act}`)), danger, wide, names: NAMES, stale: stale(self), body: nodes,
    act: () => {
      const said = body();
      return self.act(`/steps/${step.number}/${act}`, said, t(`did_workflow_${act}`), key(said));
    },
  });
}

/** A reason that may be left out. */
const maybeReason = () => textarea("", { maxlength: "1000", rows: "2" });
const said = (control) => control.value.trim() || undefined;

function dayField(value) {
  const control = input(value, { type: "date", min: today() });
  return { control, need: () => {
    if (control.value) return control.value;
    control.focus();
    throw new Error(t("flowDayMissing"));
  } };
}

function skip(step, context) {
  const reason = reasonField(t("reason"));
  return askOf(step, context, "skip", () => ({ reason: reason.value() }), { danger: true, nodes: [reason.node, h("p", { class: "hint" }, t("flowHint_skip"))] });
}

function withdraw(step, context) {
  const reason = reasonField(t("reason"), [t("reasonSettled")]);
  return askOf(step, context, "withdraw", () => ({ reason: reason.value() }), { danger: true, nodes: reason.node });
}

function delegate(step, context) {
  const to = whoPicker(t("flowTo"), context.documents, { hint: t("flowToHint") });
  const reason = maybeReason();
  return askOf(step, context, "delegate", () => ({ to: to.need().id, reason: said(reason) }), { nodes: [to.node, field(t("flowReasonMaybe"), reason)] });
}

function hold(step, context) {
  const until = dayField("");
  const reason = maybeReason();
  return askOf(step, context, "hold", () => ({ until: until.need(), reason: said(reason) }),
    { nodes: [field(t("flowUntil"), until.control, t("flowHint_hold")), field(t("flowReasonMaybe"), reason)] });
}

function extend(step, context) {
  const until = dayField(step.due?.on ?? "");
  const reason = reasonField(t("reason"));
  return askOf(step, context, "extend", () => ({ until: until.need(), reason: reason.value() }),
    { nodes: [step.due ? h("p", { class: "muted" }, t("flowDueNow", { day: day(step.due.on) })) : null, field(t("flowUntil"), until.control), reason.node] });
}

function sendBack(step, context) {
  const named = (id) => inTongue(context.definition.states.find((one) => one.id === id)?.label ?? id);
  const to = select(step.return_to.map((id) => [id, named(id)]));
  const reason = reasonField(t("reason"));
  return askOf(step, context, "return", () => ({ to: to.value, reason: reason.value() }),
    { danger: true, nodes: [field(t("flowBackTo"), to), reason.node, h("p", { class: "hint" }, t("flowHint_return"))] });
}

/** Inserts steps before this one: of whom, what for, by when, and whether it waits for them. */
function insert(step, context) {
  let [kind] = step.inserts;
  const waits = h("input", { type: "checkbox", checked: true });
  const waiting = h("label", { class: "check" }, waits, h("span", {}, t("flowHolds")));
  const always = h("p", { class: "hint" }, t("flowHoldsAlways"));
  const turn = (to) => {
    kind = to;
    waiting.hidden = kind === "consult";
    always.hidden = kind !== "consult";
  };
  const kinds = ways(t("flowKind"), step.inserts.map((one) => [one, t(`stepKind_${one}`)]), turn);
  const to = whosPicker(t("flowToMany"), context.documents, { hint: t("flowToHint") });
  const text = textarea("", { maxlength: "4000", rows: "3" });
  const due = input("", { type: "date", min: today() });
  turn(kind);
  return askOf(step, context, "insert", () => {
    if (!to.values().length) { to.control.focus(); throw new Error(t("flowToMissing")); }
    return { kind, to: to.values(), text: said(text), due: due.value || undefined, holds: kind === "consult" || waits.checked };
  }, { wide: true, nodes: [kinds, to.node, field(t("flowText"), text), field(t("flowDueField"), due), waiting, always] });
}

// ---- the whole ----------------------------------------------------------------------------

/** What can be done with the whole of it. Anybody may say that he himself is not impartial. */
export function flowActions(context) {
  const { self, flow, newer, documents } = context;
  if (flow.ended) return null;
  // Those that no open step binds: the final signature is still to come.
  const ahead = (flow.editorial ?? []).filter((one) => one.may && !flow.slip.some((step) => step.binds === one.document));
  const named = (id) => documents.find((one) => one.id === id)?.title ?? t("one_document");
  const offer = (act, action, danger) => h("button", { type: "button", class: danger ? "danger small" : "small", "data-act": act, onclick: action }, t(`act_flow_${act}`));
  const place = h("div", { class: "actions flow-actions" });
  fill(place, ahead.map((one) => h("button", { type: "button", class: "small", "data-act": `version-${one.document}`, onclick: () => nextVersion(self, flow, one.document) }, t("act_flow_versionOf", { title: named(one.document) }))),
    (flow.beside ?? []).map((one) => h("button", { type: "button", class: "small", "data-act": `beside-${one.id}`, onclick: () => beside(self, one) }, t("act_flow_beside", { title: inTongue(one.label) }))),
    newer ? offer("migrate", async () => { if (await migrate(newer, [flow])) await self.load({ word: t("did_workflow_migrate"), focus: true }); }) : null,
    offer("exclude", () => exclude(context)), flow.may.includes("cancel") ? offer("cancel", () => cancel(self, flow)) : null);
  return place;
}

/** Steps that run beside what is open. */
function beside(self, one) {
  const key = keys();
  return askFor({
    title: t("flowTitle_beside", { title: inTongue(one.label) }), submit: t("flowBesideNow"), names: NAMES, stale: stale(self),
    body: [h("p", { class: "hint" }, t("flowHint_beside"))],
    act: () => {
      const asked = { state: one.id };
      return self.act("/beside", asked, t("did_workflow_insert"), key(asked));
    },
  });
}

function exclude({ self, documents }) {
  const key = keys();
  const person = whoPicker(t("flowPerson"), documents);
  person.preset({ id: state.me.login, label: state.me.name });
  const reason = reasonField(t("reason"), [t("flowReasonKin")]);
  return askFor({
    title: plainly(t("act_flow_exclude")), submit: t("flowExcludeNow"), danger: true, names: NAMES, stale: stale(self),
    body: [h("p", { class: "hint" }, t("flowHint_exclude")), person.node, reason.node],
    act: () => {
      const asked = { person: person.need().id, reason: reason.value() };
      return self.act("/exclude", asked, t("did_workflow_exclude"), key(asked));
    },
  });
}

function cancel(self, flow) {
  const key = keys();
  const reason = reasonField(t("reason"));
  return askFor({
    title: t("flowTitle_cancel", { title: inTongue(flow.definition.title) }), submit: plainly(t("act_flow_cancel")), danger: true, names: NAMES, stale: stale(self),
    body: [h("p", {}, t("flowHint_cancel")), reason.node],
    act: () => {
      const asked = { reason: reason.value() };
      return self.act("/cancel", asked, t("did_workflow_cancel"), key(asked));
    },
  });
}
