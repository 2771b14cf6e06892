// A step that is open: the version that is signed, what is asked, its outcomes, and what else can be done with it. Each
// refusal stands where it was asked for; what was typed stays.
import { fill, h, plural, t } from "/pages/dom.js";
import { view } from "/pages/app.js";
import { askFor, field, keys, textarea } from "/pages/forms.js";
import { picturesOf } from "/pages/pictures.js";
import { inTongue, look } from "/pages/flow.js";
import { complaining, documentName, flowField, showFaults } from "/pages/flow-fields.js";
import { stepActions } from "/pages/flow-acts.js";

/** Marks that a person answers for, and what leaves the house: asked once more before. */
const GRAVE = ["attest", "order", "approve", "co_sign", "final_sign", "identity", "counter", "dispatch"];
/** Inserted steps that can be turned down. */
const MAY_REFUSE = ["co_sign", "attest", "approve"];

/** The outcomes that there are; of an inserted step those that it always has. */
export function outcomesOf(step) {
  if (step.outcomes.length || !step.directive) return step.outcomes;
  const plain = [{ key: "done", label: t("flowDone"), reason: false }];
  return MAY_REFUSE.includes(step.kind) ? [...plain, { key: "refused", label: t("flowRefuse"), reason: true }] : plain;
}

/** Whether an outcome is asked for once more: it cannot be taken back, and somebody answers for it. */
export const isGrave = (step, outcome) => GRAVE.includes(step.kind) || outcome.reason || step.kind === "event";

/** The version in force as it is shown: what is sent as seen is of just this. `before` is what was shown here last. */
function seenVersion(step, before) {
  if (!step.binds) return null;
  const shown = h("div", {}, h("p", { class: "muted" }, t("flowVersionComing")));
  const self = { node: h("section", { class: "seen", "aria-label": t("flowSigned") }, h("p", { class: "strong" }, t("flowSigned")), shown), seen: null, words: null };
  const show = async () => {
    let found;
    try { found = await look(`/documents/${step.binds}`); } catch (error) {
      fill(shown, h("p", { class: "error", role: "alert" }, error.message), step.may.includes("claim") ? h("p", {}, t("flowClaimFirst")) : null);
      return;
    }
    self.seen = found.content.sha512;
    self.words = t("flowVersionOf", { n: found.content.number, title: found.title });
    const failure = h("p", { class: "error", role: "alert" });
    fill(shown,
      before.has(step.number) && before.get(step.number) !== self.seen ? h("p", { class: "note warn" }, t("flowVersionChanged")) : null,
      h("p", {}, h("a", { href: `#/?doc=${found.id}` }, found.title), " · ", h("strong", {}, t("version", { n: found.content.number }))),
      h("p", { class: "mono" }, `SHA-512 ${self.seen}`),
      h("p", {}, h("button", { type: "button", class: "small", onclick: async () => {
        failure.textContent = "";
        try { await view(found); } catch (error) { failure.textContent = error.message; }
      } }, t("show"))), failure,
      picturesOf(found, "", 1));
    before.set(step.number, self.seen);
  };
  show();
  return self;
}

/** Documents of the case that belong to what is done, a statement for instance: those that are chosen are named with it. */
function besides(documents, chosen) {
  if (!documents.length) return null;
  const boxes = documents.map((one) => h("input", { type: "checkbox", value: one.id, "data-control": `with-${one.id}`, checked: chosen.includes(one.id) }));
  const picked = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const count = h("span", { class: "muted" });
  const tell = () => { count.textContent = picked().length ? `(${plural("flowPickedDocuments", picked().length)})` : ""; };
  const node = h("details", { class: "besides", open: chosen.length > 0, onchange: tell }, h("summary", {}, t("flowBesides"), " ", count),
    h("fieldset", { class: "scroll" }, h("legend", { class: "off" }, t("flowBesides")),
      documents.map((one, at) => h("label", { class: "check" }, boxes[at], h("span", {}, documentName(one))))));
  tell();
  return { node, picked, pointer: "/documents", control: node.querySelector("summary"), ...complaining(node.querySelector("fieldset")) };
}

/** Whether a field is asked with an outcome. */
const askedWith = (ask, key) => !ask.with.length || ask.with.includes(key);

/** What can be done with a step now; nothing, where that is nothing. */
export function stepForm(step, context, first) {
  const told = step.kind === "event" && step.status !== "future" ? h("p", { class: "hint" }, t(step.may.includes("event") && step.event ? "flowByHand" : "flowToldByOthers")) : null;
  if (!step.may.length) return told;
  const { self, definition, documents } = context;
  const completes = step.may.includes(step.kind === "event" ? "event" : "complete");
  return h("div", { class: "step-form" },
    completes && step.help ? h("p", { class: "hint" }, inTongue(step.help)) : null,
    told,
    completes && (step.kind === "event" ? step.event : step.kind !== "system") ? completion(step, context, first) : null,
    stepActions(step, { self, definition, documents, flow: context.flow }));
}

function completion(step, context, first) {
  const { self, flow, definition, documents } = context;
  const key = keys();
  const kept = self.kept.get(step.number) ?? { fields: {}, note: "", documents: [] };
  const outcomes = outcomesOf(step);
  const bound = seenVersion(step, self.seen);
  // What an event says are fields alone.
  const told = step.kind === "event";
  const labels = (ask) => ask.with.map((wanted) => inTongue(outcomes.find((one) => one.key === wanted)?.label ?? wanted)).join(", ");
  const asks = step.asks.map((ask) => {
    const rule = { ...(definition.fields.find((one) => one.key === ask.field) ?? { key: ask.field }), label: ask.label, kind: ask.kind };
    const hint = ask.with.length && ask.with.length < outcomes.length ? t("flowAskedWith", { outcomes: labels(ask) }) : null;
    const made = flowField(rule, { required: ask.required, value: kept.fields[ask.field] ?? flow.fields[ask.field], documents, hint });
    made.control.dataset.control = `field-${ask.field}`;
    return { ...made, ask, pointer: `/fields/${ask.field}` };
  });
  const control = textarea(kept.note, { rows: "2", maxlength: "4000", "data-control": "note" });
  const node = field(t("flowNote"), control, outcomes.some((one) => one.reason) ? t("flowNoteHint") : null);
  const note = { control, pointer: "/note", ...complaining(control) };
  const beside = told ? null : besides(documents, kept.documents ?? []);
  const complainers = [...asks, note, beside].filter(Boolean);
  const failure = h("div", { class: "error", role: "alert" });
  const form = h("form", { novalidate: true, "aria-label": inTongue(step.label), onsubmit: (event) => event.preventDefault() },
    bound?.node, asks.map((one) => one.node), told ? null : [node, beside?.node], failure);

  /** Before it is read again, what was typed is put aside; what stands there as it was known is not. */
  const keep = () => {
    const typed = asks.map((one) => [one.ask.field, one.read()]).filter(([field, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(flow.fields[field]));
    const picked = beside?.picked() ?? [];
    if (control.value.trim() || typed.length || picked.length) self.kept.set(step.number, { note: control.value, fields: Object.fromEntries(typed), documents: picked, step: inTongue(step.label) });
    else self.kept.delete(step.number);
  };
  self.keepers.set(step.number, keep);
  const body = (outcome) => {
    const fields = Object.fromEntries(asks.filter((one) => askedWith(one.ask, outcome.key)).map((one) => [one.ask.field, one.read()]).filter(([, value]) => value !== undefined));
    if (told) return { event: step.event, outcome: outcome.key, fields };
    const picked = beside?.picked() ?? [];
    return { outcome: outcome.key, note: control.value.trim() || undefined, fields, ...(picked.length ? { documents: picked } : {}), ...(bound?.seen ? { seen: bound.seen } : {}) };
  };
  /** What is missing is said before anything is sent. */
  const missing = (outcome) => {
    const faults = asks.filter((one) => one.ask.required && askedWith(one.ask, outcome.key) && one.read() === undefined)
      .map((one) => ({ pointer: one.pointer, detail: t("flowMissing") }));
    if (outcome.reason && !control.value.trim()) faults.push({ pointer: "/note", detail: t("reasonMissing") });
    return faults;
  };
  const complete = async (outcome) => {
    for (const one of complainers) one.complain(null);
    failure.replaceChildren();
    if (bound && !bound.seen) { fill(failure, h("p", {}, t("flowNotSeen"))); return; }
    const faults = missing(outcome);
    if (faults.length) { showFaults({ faults }, complainers, failure); return; }
    keep();
    const asked = body(outcome);
    const send = () => self.act(told ? "/events" : `/steps/${step.number}/complete`, asked, t("didComplete", { step: inTongue(step.label), outcome: inTongue(outcome.label) }), key(asked));
    // A fault of a field is told beside it, and not in the dialog that asked once more.
    const tell = (error) => { if (error.faults?.length) showFaults(error, complainers, failure); else fill(failure, h("p", {}, error.said ?? error.message)); };
    const sent = async () => {
      self.finishing = step.number;
      try { await send(); } catch (error) { tell(error); } finally { self.finishing = null; }
    };
    if (!isGrave(step, outcome)) { await sent(); return; }
    const sure = await askFor({
      title: t("flowSure", { outcome: inTongue(outcome.label) }), submit: inTongue(outcome.label), danger: outcome.reason,
      body: [h("p", {}, inTongue(step.label)), bound ? [h("p", { class: "strong" }, bound.words), h("p", { class: "mono" }, `SHA-512 ${bound.seen}`)] : null,
        asked.note ? h("blockquote", {}, asked.note) : null, asked.documents ? h("p", {}, plural("flowPickedDocuments", asked.documents.length)) : null,
        told ? h("p", {}, t("flowByHand")) : null, h("p", { class: "hint" }, t("flowForGood"))],
      act: () => true,
    });
    if (sure) await sent();
  };
  const buttons = outcomes.map((outcome, at) => h("button", {
    type: "button", class: at ? "" : "main", "data-outcome": outcome.key, "data-first-act": first && !at ? true : null,
    onclick: async (clicked) => {
      const button = clicked.currentTarget;
      if (button.disabled) return;
      button.disabled = true;
      try { await complete(outcome); } finally { button.disabled = false; }
    },
  }, inTongue(outcome.label)));
  form.append(h("div", { class: "actions", role: "group", "aria-label": t("flowOutcomes") }, buttons));
  return form;
}
