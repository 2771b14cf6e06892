// Workflows that run by an older version of their procedure go on by the one that holds now: one, or several together, each
// state where it fits, and with a reason.
import { fill, h, plural, t } from "/pages/dom.js";
import { askFor, field, keys, reasonField, select } from "/pages/forms.js";
import { act, caseLink, definitionOf, flowAddress, holding, inTongue, look, lookAll } from "/pages/flow.js";

/** A list is asked for once a minute at most: a slip that is read again asks for nothing new. */
const KNOWN_FOR = 60_000;
const known = { at: 0, all: null };

/** The version of a procedure that holds, where it is a newer one than that by which a workflow runs. */
export async function newerThan(definition) {
  if (!known.all || Date.now() - known.at > KNOWN_FOR) Object.assign(known, { at: Date.now(), all: look("/workflow-definitions") });
  let all;
  try { all = (await known.all).items; } catch { known.all = null; return null; }
  return holding(all).find((one) => one.id === definition.id && one.version > definition.version) ?? null;
}

/** What is shown of a workflow that could go on by another version. */
const line = (one) => [caseLink(one.case), ` ${one.case.subject ?? ""} · `, h("a", { href: flowAddress(one.id) }, inTongue(one.state.label)), " · ", t("version", { n: one.definition.version })];

/** The place on the page of a procedure where those stand that run by an older version of it. */
export function olderOnes(found, after) {
  const place = h("div", { id: "definition-older" });
  const show = async () => {
    let all;
    try { all = (await lookAll("/workflows", { definition: found.id, open: "true" })).items.filter((one) => one.definition.version < found.version); } catch (error) {
      fill(place, h("p", { class: "error", role: "alert" }, error.message));
      return;
    }
    if (!all.length) return;
    fill(place, h("h2", { id: "definition-older-title" }, t("migrateOlder")), h("p", { class: "muted" }, plural("migrateRun", all.length)),
      h("ul", { class: "rows big", "aria-labelledby": "definition-older-title" }, all.map((one) => h("li", { "data-older": one.id }, h("span", {}, line(one))))),
      h("p", {}, h("button", { type: "button", "data-act": "migrate", onclick: async () => {
        const count = await migrate(found, all);
        if (count) await after(plural("didMigrate", count));
      } }, t("act_flow_migrate"))));
  };
  show();
  return place;
}

/** The states to which one may lead: nothing that is still to be done is left out. */
function targets(definition, from) {
  const here = definition.states.findIndex((one) => one.id === from);
  return definition.states.filter((one, at) => one.end === "dropped" || (!one.end && (here < 0 || at <= here)));
}

/**
 * Asks with which of `flows` it is done, where each state leads, and why; resolves with how many go on by the new version.
 * Each is done by itself: what is refused is said beside it, and can be tried again.
 */
export async function migrate(found, flows) {
  const definition = await definitionOf(found.id, found.version);
  const title = inTongue(definition.title);
  const key = keys();
  let count = 0;
  const rows = flows.map((flow) => {
    const box = h("input", { type: "checkbox", checked: true });
    const said = h("p", { class: "error" });
    const words = h("span", {}, [flow.case.reference, flow.case.subject].filter(Boolean).join(" · "), " · ", inTongue(flow.state.label), " · ", t("version", { n: flow.definition.version }));
    return { flow, box, said, node: h("li", {}, flows.length > 1 ? h("label", { class: "check" }, box, words) : words, said), done: false };
  });
  const froms = [...new Map(flows.map((flow) => [flow.state.id, flow.state])).values()];
  const states = froms.map((from) => {
    const same = definition.states.some((one) => one.id === from.id && !one.end);
    const choice = select([...(same ? [] : [["", t("migratePick")]]), ...targets(definition, from.id).map((one) => [one.id, one.end ? t("migrateDrops", { state: inTongue(one.label) }) : inTongue(one.label)])], same ? from.id : "");
    return { from, choice, node: field(t("migrateState", { state: inTongue(from.label) }), choice) };
  });
  const reason = reasonField(t("reason"), [t("migrateReason")]);
  const to = (flow) => {
    const { choice } = states.find((one) => one.from.id === flow.state.id);
    if (choice.value) return choice.value;
    choice.focus();
    throw new Error(t("migrateStateMissing", { state: inTongue(flow.state.label) }));
  };
  await askFor({
    title: t("migrateTitle", { title, version: found.version }), submit: t("migrateNow"), wide: true, names: { reason: "reason", states: "migrateStates", version: "flowDefinition" },
    body: [h("p", { class: "hint" }, t("migrateHint")), h("ul", { class: "plain-list bare", "aria-label": t("flows") }, rows.map((row) => row.node)), states.map((one) => one.node), reason.node],
    act: async () => {
      const chosen = rows.filter((row) => row.box.checked && !row.done);
      if (!chosen.length) throw new Error(t("migrateNone"));
      const bodies = chosen.map(({ flow }) => {
        const next = to(flow);
        return { version: found.version, states: next === flow.state.id ? {} : { [flow.state.id]: next }, reason: reason.value() };
      });
      const refused = [];
      for (const [at, row] of chosen.entries()) {
        row.said.textContent = "";
        try {
          await act(`/workflows/${row.flow.id}/migrate`, bodies[at], { key: key([row.flow.id, bodies[at]]) });
          Object.assign(row, { done: true });
          row.box.disabled = true;
          row.node.append(h("p", { class: "hint" }, t("migrateDone")));
          count += 1;
        } catch (error) {
          refused.push(row);
          // What is refused of a single one stands below, as everywhere.
          if (flows.length === 1) throw error;
          row.said.textContent = [error.said ?? error.message, ...(error.faults ?? []).map((fault) => fault.detail)].join(" ");
        }
      }
      if (refused.length) throw new Error(plural("migrateRefused", refused.length));
      return true;
    },
  });
  return count;
}
