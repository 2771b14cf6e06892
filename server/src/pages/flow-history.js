// What was asked of a workflow and what came of it, and what will happen by itself; asked for when somebody opens it.
import { day, fill, h, language, moment, t, words } from "/pages/dom.js";
import { dayOf, inTongue, look, lookAll, whoInWords } from "/pages/flow.js";
import { valueInWords } from "/pages/flow-fields.js";

/** What only says once more what the command or the slip says. */
const SILENT = ["started", "step_waits", "claimed", "released"];

export function flowHistory(context) {
  const place = h("div", {});
  let asked = false;
  const show = async () => {
    asked = true;
    fill(place, h("p", { class: "muted" }, t("flowHistoryComing")));
    try {
      const [history, timers] = await Promise.all([lookAll(`/workflows/${context.flow.id}/history`), context.flow.ended ? null : look(`/workflows/${context.flow.id}/timers`)]);
      fill(place, timers?.items.length ? [h("p", { class: "strong" }, t("flowTimers")), timerList(timers.items, context)] : null,
        h("p", { class: "strong" }, t("flowHappened")),
        h("ol", { class: "timeline" }, history.items.toReversed().map((one) => entry(one, context))));
    } catch (error) {
      asked = false;
      fill(place, h("p", { class: "error", role: "alert" }, error.message));
    }
  };
  return h("details", { class: "flow-history", ontoggle: (event) => { if (event.target.open && !asked) show(); } }, h("summary", {}, t("history")), place);
}

const stepName = (n, { flow }) => {
  const step = flow.slip.find((one) => one.number === n);
  return step ? `${t("flowStepNo", { n })} ${inTongue(step.label)}` : t("flowStepNo", { n });
};

const timerList = (timers, context) => h("ul", { class: "rows" }, timers.map((one) => h("li", {},
  h("span", {}, t(`flowTimer_${one.kind}`)), h("span", { class: "muted" }, `${stepName(one.step, context)} · ${moment(one.at)}`))));

function entry(one, context) {
  const named = `did_workflow_${one.command === "fire" ? "fire" : one.command}`;
  const events = one.events.filter((event) => !SILENT.includes(event.event)).map((event) => told(event, context)).filter(Boolean);
  return h("li", {}, h("strong", {}, words[language][named] ? t(named) : one.command), h("br"),
    h("span", { class: "muted" }, `${moment(one.at)} · ${who(one, context)}`),
    events.length ? h("ul", {}, events.map((line) => h("li", {}, line))) : null);
}

/** Who it was; in whose stead stands in the events. */
function who(one, { known }) {
  const taker = one.events.map((event) => event.by).find((by) => by?.who === one.by.who && (by.on_behalf_of || by.function));
  return whoInWords(taker ?? one.by, known);
}

/** One event in a line; what has no words of its own is named. */
function told(event, context) {
  const { definition, documents, known } = context;
  const key = `flowEvent_${event.event}`;
  if (!words[language][key]) return null;
  const rule = definition.fields.find((one) => one.key === event.field);
  const value = event.value === undefined || event.value === null ? null : valueInWords(rule, event.value, known, documents);
  const line = t(key, {
    step: event.step ? stepName(event.step, context) : "", who: event.who ? whoInWords(event.who, known) : "",
    state: inTongue(definition.states.find((one) => one.id === event.state)?.label ?? event.state ?? ""), field: rule ? inTongue(rule.label) : event.field ?? "",
    day: event.day ? day(dayOf(event.day)) : "", effect: event.effect ? t(`flowEffect_${event.effect}`) : "", outcome: event.outcome ?? "",
  });
  return [line, value === null ? null : [": ", value], event.text && event.event !== "step_made" ? h("p", { class: "said" }, event.text) : null].flat().filter(Boolean);
}
