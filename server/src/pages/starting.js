// The workflows of a case, beside it: what runs with its slip, what has ended, and a new one that begins.
import { chip, fill, h, moment, say, t } from "/pages/dom.js";
import { askFor, field, keys, may, refused, select } from "/pages/forms.js";
import { act, definitionOf, flowAddress, holding, inTongue, look } from "/pages/flow.js";
import { complaining, documentName, documentsOf, flowField, showFaults } from "/pages/flow-fields.js";
import { endChip, slipOf } from "/pages/slip.js";

const FLOWS_MAX = 50;

/** A place on the page of a case that fills itself with its workflows. */
export function flowsOf(found) {
  const place = h("section", { class: "flows" });
  const show = async (begun, again) => {
    let flows;
    try { flows = await look(`/workflows?case=${found.id}&limit=${FLOWS_MAX}`); } catch (error) {
      refused(place, error);
      return;
    }
    const starts = found.state === "open" && (may("edit", found.department) || may("register", found.department));
    if (!flows.items.length && !starts) { place.removeAttribute("aria-labelledby"); place.replaceChildren(); return; }
    place.setAttribute("aria-labelledby", "flows-title");
    const running = flows.items.filter((one) => !one.ended);
    fill(place,
      h("div", { class: "head" }, h("h2", { id: "flows-title", tabindex: "-1" }, t("flows")),
        starts ? h("button", { type: "button", class: "end", "data-act": "startFlow", onclick: () => begin(found, show) }, t("act_startFlow")) : null),
      again ? h("p", { class: "hint" }, t("flowRepeats", { reference: again.case.reference }), " ", h("a", { href: flowAddress(again.id) }, t("flowThatRuns"))) : null,
      flows.items.length ? null : h("p", { class: "nothing" }, t("noFlows")),
      [...running, ...flows.items.filter((one) => one.ended)].map((one) => flowBox(one, one.id === begun || (running.length === 1 && !one.ended))),
      flows.next_cursor ? h("p", { class: "hint" }, t("moreFlows")) : null);
    if (begun) {
      say(again ? t("flowRepeats", { reference: again.case.reference }) : t("did_workflow_start"));
      place.querySelector(`[data-flow-box="${CSS.escape(begun)}"] summary`)?.focus();
    }
  };
  show();
  return place;
}

/** One of them; its slip is asked for when it is opened. */
function flowBox(one, open) {
  const inside = h("div", {});
  const box = h("details", { class: "case", "data-flow-box": one.id, open },
    h("summary", {}, h("span", { class: "what" }, inTongue(one.definition.title)), chip(inTongue(one.state.label)), one.ended ? endChip(one) : null,
      h("span", { class: "muted" }, moment(one.started_at))),
    inside, h("p", {}, h("a", { href: flowAddress(one.id) }, t("flowAlone"))));
  const show = () => { if (box.open && !inside.firstChild) inside.append(slipOf(one.id, { level: 3 }).place); };
  box.addEventListener("toggle", show);
  show();
  return box;
}

// ---- beginning ----------------------------------------------------------------------------

/** The definitions that hold, the newest version of each; those for this type of case first. */
async function definitions(type) {
  const { items } = await look("/workflow-definitions");
  const byTitle = holding(items).sort((one, other) => inTongue(one.title).localeCompare(inTongue(other.title)));
  return [byTitle.filter((one) => one.case_type === type), byTitle.filter((one) => one.case_type !== type)];
}

async function begin(found, after) {
  const title = t("act_startFlow");
  let fitting, others, documents;
  try { [[fitting, others], documents] = await Promise.all([definitions(found.type), documentsOf(found.id)]); } catch (error) {
    await askFor({ title, body: h("p", { class: "error" }, error.message) });
    return;
  }
  if (!fitting.length && !others.length) {
    await askFor({ title, body: h("p", {}, t("noDefinitions")) });
    return;
  }
  const options = (all) => all.map((one) => h("option", { value: one.id }, inTongue(one.title)));
  const which = h("select", { "data-first": true },
    fitting.length ? h("optgroup", { label: t("flowFitting", { type: found.type ?? "" }) }, options(fitting)) : null,
    others.length ? h("optgroup", { label: t("flowOthers") }, options(others)) : null);
  const document = select([["", t("flowNoDocument")], ...documents.map((one) => [one.id, documentName(one)])]);
  const about = h("p", { class: "hint" });
  const rows = h("div", {});
  const failure = h("div", { class: "error" });
  const own = field(t("flowDefinition"), which);
  const with_ = field(t("flowDocument"), document);
  const heads = [{ control: which, pointer: "/definition", ...complaining(which) }, { control: document, pointer: "/document", ...complaining(document) }];
  const key = keys();
  let asked = [];
  let turn = 0;
  const build = async () => {
    const mine = ++turn;
    const chosen = [...fitting, ...others].find((one) => one.id === which.value);
    fill(rows, h("p", { class: "muted" }, t("flowFieldsComing")));
    failure.replaceChildren();
    let definition;
    try { definition = await definitionOf(chosen.id, chosen.version); } catch (error) {
      if (mine === turn) refused(rows, error);
      return;
    }
    if (mine !== turn) return;
    about.textContent = [inTongue(definition.description), fitting.includes(chosen) ? null : t("flowWrongType", { type: definition.case_type })].filter(Boolean).join(" ");
    asked = definition.fields.map((rule) => {
      const needed = rule.required && !rule.found;
      const made = flowField(rule, { required: needed, documents, hint: rule.found ? t("flowFound") : null });
      return { ...made, rule, needed, pointer: `/fields/${rule.key}` };
    });
    const first = asked.filter((one) => one.rule.required);
    const rest = asked.filter((one) => !one.rule.required);
    fill(rows, first.map((one) => one.node), rest.length ? h("details", { class: "more-fields" }, h("summary", {}, t("flowMoreFields")), rest.map((one) => one.node)) : null);
  };
  let repeats = false;
  which.addEventListener("change", build);
  build();
  const made = await askFor({
    title, submit: t("flowBegin"), wide: true, body: [own, about, with_, rows, failure],
    act: async () => {
      const all = [...heads, ...asked];
      for (const one of all) one.complain(null);
      failure.replaceChildren();
      const missing = asked.filter((one) => one.needed && one.read() === undefined).map((one) => ({ pointer: one.pointer, detail: t("flowMissing") }));
      const fields = Object.fromEntries(asked.map((one) => [one.rule.key, one.read()]).filter(([, value]) => value !== undefined));
      const body = { definition: which.value, case: found.id, document: document.value || undefined, fields };
      try {
        if (missing.length) throw Object.assign(new Error(t("flowFaults")), { faults: missing });
        return await act("/workflows", body, { key: key(body), answered: (status) => { repeats = status === 200; } });
      } catch (error) {
        if (error.existing) fill(failure, h("p", {}, h("a", { href: flowAddress(error.existing) }, t("flowThatRuns"))));
        if (!error.faults?.length) throw error;
        for (const one of rows.querySelectorAll("details")) one.open = true;
        const marked = showFaults(error, all, failure);
        // The dialog says it once for all of them.
        failure.firstChild.remove();
        throw new Error(marked ? t("flowFaults") : error.said ?? error.message);
      }
    },
  });
  // The same began before: nothing has begun now, and it may run in another case.
  if (made) await after(made.id, repeats ? made : null);
}
