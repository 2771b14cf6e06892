// A step that is done from the list: with its first outcome, once somebody has said yes to it.
import { h, t } from "/pages/dom.js";
import { askFor, field, keys, textarea } from "/pages/forms.js";
import { act, definitionOf, flowAddress, inTongue, look } from "/pages/flow.js";
import { outcomesOf } from "/pages/step.js";

/** Why a step cannot be done without looking at it, or nothing. */
export function mustBeOpened(step, outcome, context) {
  if (step.binds) return t("tasksMustSee");
  const missing = step.asks.some((ask) => ask.required && (!ask.with.length || ask.with.includes(outcome.key)) && context.flow.fields[ask.field] === undefined);
  return missing ? t("tasksMustSay") : null;
}

/** A step of the list with what is needed to do it. */
export async function stepOf(one) {
  const flow = await look(`/workflows/${one.workflow}`);
  const definition = await definitionOf(flow.definition.id, flow.definition.version);
  return { flow, definition, step: flow.slip.find((step) => step.number === one.step) };
}

export async function completeFirst(one, after) {
  const title = t("tasksComplete", { step: one.label });
  const open = h("p", {}, h("a", { href: flowAddress(one.workflow, one.step), onclick: (clicked) => clicked.target.closest("dialog").close() }, t("tasksOpenIt")));
  let context;
  try { context = await stepOf(one); } catch (error) {
    await askFor({ title, body: h("p", { class: "error" }, error.message) });
    return;
  }
  const { step } = context;
  const outcome = step?.may.includes("complete") ? outcomesOf(step)[0] : null;
  const against = outcome ? mustBeOpened(step, outcome, context) : t("tasksNotNow");
  if (against) {
    await askFor({ title, body: [h("p", {}, against), open] });
    return;
  }
  const note = textarea("", { rows: "2", maxlength: "4000" });
  const key = keys();
  const word = inTongue(outcome.label);
  const made = await askFor({
    title, submit: word,
    body: [h("p", { class: "muted" }, `${one.definition.title} · ${one.case.reference} · ${one.case.subject}`), field(t(outcome.reason ? "reason" : "flowNote"), note), h("p", { class: "hint" }, t("flowForGood"))],
    act: () => {
      const said = note.value.trim();
      if (outcome.reason && !said) { note.focus(); throw new Error(t("reasonMissing")); }
      const body = { outcome: outcome.key, note: said || undefined, fields: {} };
      return act(`/workflows/${one.workflow}/steps/${one.step}/complete`, body, { key: key(body) });
    },
  });
  if (made) await after(t("didComplete", { step: one.label, outcome: word }));
}
