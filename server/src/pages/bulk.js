// One thing done to many steps: chosen in the list, looked at before, and told one by one what became of each.
import { fill, h, plural, t } from "/pages/dom.js";
import { askFor, field, input, keys, select, textarea } from "/pages/forms.js";
import { act, inTongue, look, plainly, today } from "/pages/flow.js";
import { whoPicker } from "/pages/flow-fields.js";
import { outcomesOf } from "/pages/step.js";
import { stepOf } from "/pages/quick.js";

const MANY_MAX = 200;
const COMMANDS = ["claim", "release", "complete", "delegate", "hold"];

/** The bar above the list: `picked` of `shown`; `after` is told what was done. */
export function bulkBar(place, { picked, shown, pick, after }) {
  if (!shown.length) { place.replaceChildren(); return; }
  const all = h("input", { type: "checkbox", id: "tasks-pick-all", checked: picked.length > 0 && picked.length === shown.length });
  const again = document.activeElement?.closest("#tasks-bulk") ? document.activeElement.id || document.activeElement.dataset.act : null;
  all.indeterminate = picked.length > 0 && picked.length < shown.length;
  all.addEventListener("change", () => pick(all.checked ? shown.slice(0, MANY_MAX) : []));
  fill(place, h("div", { class: "bulk" }, h("label", { class: "check" }, all, h("span", {}, picked.length ? plural("tasksPicked", picked.length) : t("tasksPickAll"))),
    picked.length ? h("div", { class: "actions", role: "group", "aria-label": t("tasksWithPicked") }, COMMANDS.map((command) =>
      h("button", { type: "button", class: "small", "data-act": command, onclick: () => many(command, picked, after) }, t(`act_step_${command}`)))) : null));
  if (again) (place.querySelector(`#${CSS.escape(again)}`) ?? place.querySelector(`[data-act="${CSS.escape(again)}"]`))?.focus();
}

const line = (one) => `${one.label} · ${one.case.reference} · ${one.case.subject}`;
const list = (picked) => h("ol", { class: "plain-list scroll bulk-list", tabindex: "0", "aria-label": t("tasksPreview") }, picked.map((one) => h("li", {}, line(one))));

/** What a command needs beside the steps, or why it does not go for them. */
async function needs(command, picked) {
  if (command === "complete") {
    const alike = picked.every((one) => one.definition.id === picked[0].definition.id && one.key === picked[0].key && one.kind === picked[0].kind);
    if (!alike) return { against: t("tasksNotAlike") };
    const { step } = await stepOf(picked[0]);
    const outcomes = step?.may.includes("complete") ? outcomesOf(step) : [];
    if (!outcomes.length) return { against: t("tasksNotNow") };
    const outcome = select(outcomes.map((one) => [one.key, inTongue(one.label)]));
    const note = textarea("", { rows: "2", maxlength: "4000" });
    return { nodes: [field(t("flowOutcome"), outcome), field(t("flowNote"), note), h("p", { class: "hint" }, t("flowForGood"))], body: () => {
      const said = note.value.trim();
      if (!said && outcomes.find((one) => one.key === outcome.value).reason) { note.focus(); throw new Error(t("reasonMissing")); }
      return { outcome: outcome.value, note: said || undefined };
    } };
  }
  const reason = textarea("", { rows: "2", maxlength: "1000" });
  const why = () => reason.value.trim() || undefined;
  if (command === "delegate") {
    const inside = (await look(`/documents?case=${picked[0].case.id}&limit=5`).catch(() => ({ items: [] }))).items;
    const to = whoPicker(t("flowTo"), inside, { hint: t("flowToHint") });
    return { nodes: [to.node, field(t("flowReasonMaybe"), reason)], body: () => ({ to: to.need().id, reason: why() }) };
  }
  if (command === "hold") {
    const until = input("", { type: "date", min: today() });
    return { nodes: [field(t("flowUntil"), until, t("flowHint_hold")), field(t("flowReasonMaybe"), reason)], body: () => {
      if (!until.value) { until.focus(); throw new Error(t("flowDayMissing")); }
      return { until: until.value, reason: why() };
    } };
  }
  return { nodes: [], body: () => ({}) };
}

async function many(command, picked, after) {
  const name = plainly(t(`act_step_${command}`));
  const title = `${name}: ${plural("tasksPicked", picked.length)}`;
  let needed;
  try { needed = await needs(command, picked); } catch (error) { needed = { against: error.message }; }
  if (needed.against) {
    await askFor({ title, body: [h("p", {}, needed.against), list(picked)] });
    return;
  }
  const key = keys();
  const results = await askFor({
    title, submit: name, wide: true, body: [h("p", { class: "muted" }, t("tasksPreview")), list(picked), needed.nodes],
    act: async () => {
      const body = { command, ...needed.body(), items: picked.map((one) => ({ workflow: one.workflow, step: one.step })) };
      return (await act("/inbox/bulk", body, { key: key(body) })).items;
    },
  });
  if (!results) return;
  const refusedOnes = results.map((one, at) => ({ ...one, of: picked[at] })).filter((one) => one.refusal);
  const word = t("tasksDidMany", { name, done: results.length - refusedOnes.length, of: results.length });
  if (refusedOnes.length) {
    const why = ({ refusal }) => [refusal.detail ?? refusal.title, ...(refusal.errors ?? []).map((fault) => fault.detail)].join(" ");
    await askFor({ title: t("tasksRefused"), wide: true, body: [h("p", {}, word),
      h("ul", { class: "plain-list" }, refusedOnes.map((one) => h("li", {}, h("strong", {}, line(one.of)), h("br"), h("span", { class: "error" }, why(one)))))] });
  }
  await after(word);
}
