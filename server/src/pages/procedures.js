// How cases go through the house: the definitions of workflows, each with its picture and in plain German, who proposed and
// approved it; and a new one that is proposed, with all that is wrong with it, line by line.
import { $, chip, fill, h, moment, plural, t } from "/pages/dom.js";
import { ask, holds, json, state, where } from "/pages/app.js";
import { askFor, done, field, keys, reasonField, refused, send, textarea } from "/pages/forms.js";
import { crumbs, lookAt } from "/pages/record.js";
import { inTongue } from "/pages/flow.js";
import * as limits from "/pages/limits.js";
import { olderOnes } from "/pages/flow-migrate.js";
import { markdown } from "/pages/markdown.js";

export const VIEW = "view-procedures";
export const NAV = "nav-procedures";
const HOME = "/verfahren";
const INSIDE = /^\/verfahren\/([a-z][a-z0-9-]*)$/;
const LIMITS = "/anordnungsbefugnis";
export const at = (path) => path === HOME || path === LIMITS || INSIDE.test(path);
export const title = () => (where().path === LIMITS ? t("limits") : where().path === HOME ? null : now.title) ?? t("procedures");
export const offered = () => Boolean(state.me);

const now = { turn: 0, title: null, word: null };
const COLOURS = { active: "good", proposed: "warn", retired: "" };
const RULERS = ["head", "records_manager", "mayor", "admin"];
/** What a role lets somebody do here the server asks as well. */
const has = (roles) => state.me.roles.some((one) => roles.includes(one.role) && holds(one));
const rules = () => has(RULERS);
const knowsLimits = () => has(["admin", "auditor", "head", "mayor"]);

export function forget() {
  Object.assign(now, { turn: now.turn + 1, title: null, word: null });
  $(VIEW).dataset.shown = "";
  $(VIEW).replaceChildren();
}

addEventListener("hashchange", () => { if (!at(where().path)) { now.turn += 1; $(VIEW).dataset.shown = ""; } });

export async function show(path, query) {
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  const inside = path.match(INSIDE);
  if (path === LIMITS) await limits.show($(VIEW), fresh, has(["admin"]));
  else if (inside) await one(inside[1], query.get("version"), fresh);
  else await list(fresh);
}

const stateChip = (one) => chip(t(`definition_${one.state}`), COLOURS[one.state]);
const address = (one) => `#${HOME}/${one.id}?version=${one.version}`;
const waitsForMe = (one) => one.state === "proposed" && rules() && one.proposed_by !== state.me.login && !one.approved_by.includes(state.me.login);

// ---- the list -----------------------------------------------------------------------------

async function list(fresh) {
  const place = $(VIEW);
  place.dataset.shown = "";
  place.className = "page";
  let all;
  try { all = (await json("/workflow-definitions")).items; } catch (error) { if (fresh()) refused(place, error); return; }
  if (!fresh()) return;
  const ids = [...new Set(all.map((one) => one.id))];
  const groups = ids.map((id) => all.filter((one) => one.id === id));
  const head = (group) => group.find((one) => one.state === "active") ?? group[0];
  const waiting = all.filter(waitsForMe);
  fill(place,
    h("div", { class: "head" }, h("h1", { id: "procedures-title", tabindex: "-1" }, t("procedures")),
      rules() ? h("button", { type: "button", class: "main end", id: "propose", onclick: propose }, t("act_propose")) : null),
    h("p", { class: "muted" }, t("proceduresHint")),
    knowsLimits() ? h("p", {}, h("a", { href: `#${LIMITS}`, id: "to-limits" }, t("limits"))) : null,
    h("div", { id: "procedures-said" }),
    waiting.length ? h("div", { class: "note warn" }, h("p", {}, plural("definitionsWait", waiting.length)),
      h("ul", { class: "plain-list" }, waiting.map((one) => h("li", {}, h("a", { href: address(one) }, `${inTongue(one.title)}, ${t("version", { n: one.version })}`))))) : null,
    groups.length ? h("ul", { class: "rows big", id: "procedures-items" }, groups.map((group) => h("li", {},
      h("a", { href: address(head(group)) }, inTongue(head(group).title)), h("span", { class: "muted" }, `${head(group).id} · ${t("version", { n: head(group).version })}`),
      h("span", { class: "end chips" }, stateChip(head(group)), head(group).shipped ? chip(t("definitionShipped")) : null,
        group.some((one) => one.state === "proposed") && head(group).state !== "proposed" ? chip(t("definitionNewer"), "warn") : null))))
      : h("p", { class: "nothing" }, t("noDefinitions")));
  if (now.word) {
    done($("procedures-said"), now.word);
    now.word = null;
  }
}

// ---- one ----------------------------------------------------------------------------------

async function one(id, version, fresh) {
  const place = $(VIEW);
  const again = place.dataset.shown === `${id} ${version}` && document.activeElement?.closest(`#${VIEW}`) ? document.activeElement.dataset.act : null;
  const query = version ? `?version=${encodeURIComponent(version)}` : "";
  let found, all, text;
  try {
    [found, all, text] = await Promise.all([json(`/workflow-definitions/${id}${query}`), json("/workflow-definitions"),
      ask(`/workflow-definitions/${id}/text${query}`).then((response) => response.text())]);
  } catch (error) {
    if (!fresh()) return;
    now.title = t("failedTitle");
    place.className = "page record";
    fill(place, crumbs([[t("procedures"), `#${HOME}`]]), h("h1", {}, t("failedTitle")), h("p", { class: "error", role: "alert" }, error.message));
    return;
  }
  if (!fresh()) return;
  const arrived = place.dataset.shown !== `${id} ${version}`;
  place.dataset.shown = `${id} ${version}`;
  place.className = "page record";
  now.title = inTongue(found.title);
  document.title = `${now.title} – Papierlos`;
  const exact = `?version=${found.version}`;
  const path = `/api/v1/workflow-definitions/${id}`;
  const after = async (word) => { await one(id, version, fresh); if (fresh()) done($("definition-said"), word); };
  const actions = [];
  const offer = (act, action, danger) => actions.push(h("button", { type: "button", class: danger ? "danger small" : "main", "data-act": act, onclick: action }, t(`act_definition_${act}`)));
  if (waitsForMe(found)) offer("approve", () => approve(found, after));
  if (rules() && found.state !== "retired") offer("retire", () => retire(found, after), true);
  fill(place,
    crumbs([[t("procedures"), `#${HOME}`]]),
    h("p", { class: "kind" }, t("procedure")),
    h("h1", { tabindex: "-1", id: "definition-title" }, now.title),
    h("p", { class: "reference" }, h("span", { class: "ref" }, found.id), h("span", {}, t("version", { n: found.version }))),
    h("p", { class: "chips" }, stateChip(found), found.shipped ? chip(t("definitionShipped")) : null, found.compartment ? chip(t("compartmented"), "warn") : null),
    found.description ? h("p", {}, inTongue(found.description)) : null,
    actions.length ? h("div", { class: "actions" }, actions) : null,
    h("div", { id: "definition-said" }),
    approvals(found),
    found.state === "active" ? olderOnes(found, after) : null,
    h("h2", {}, t("definitionDiagram")),
    h("div", { class: "desk diagram", tabindex: "0", role: "group", "aria-label": t("definitionDiagram") },
      h("img", { src: `${path}/diagram${exact}`, alt: t("definitionDiagramAlt", { title: now.title }) })),
    h("p", {}, h("a", { href: `${path}/diagram${exact}`, target: "_blank" }, t("definitionDiagramOpen")), " · ",
      h("a", { href: `${path}/diagram${exact}&format=bpmn`, download: `${found.id}-${found.version}.bpmn` }, t("definitionBpmn")), " · ",
      h("a", { href: `${path}/source${exact}`, download: `${found.id}-${found.version}.toml` }, t("definitionSource"))),
    h("h2", {}, t("definitionText")),
    h("div", { class: "prose", lang: "de" }, markdown(text, 3)),
    h("h2", {}, t("versions")),
    h("ul", { class: "rows big", id: "definition-versions" }, all.items.filter((other) => other.id === found.id).map((other) => h("li", {},
      other.version === found.version ? h("strong", {}, t("version", { n: other.version })) : h("a", { href: address(other) }, t("version", { n: other.version })),
      stateChip(other), h("span", { class: "muted mono" }, `SHA-256 ${other.sha256.slice(0, 16)}…`)))));
  lookAt($("definition-title"), arrived, again);
}

/** Who proposed it, who approved it, and what is still missing. */
function approvals(found) {
  if (found.shipped) return h("p", { class: "muted" }, t("definitionComesWith"));
  const lines = [
    found.proposed_by ? t("definitionProposed", { who: found.proposed_by, at: moment(found.proposed_at) }) : null,
    found.approved_by.length ? t("definitionApproved", { who: found.approved_by.join(", ") }) : null,
    found.state === "proposed" ? plural("definitionMissing", 2 - found.approved_by.length) : null,
    found.retired_by ? t("definitionRetired", { who: found.retired_by, reason: found.reason ?? "" }) : null,
  ].filter(Boolean);
  return h("ul", { class: "plain-list", id: "definition-approvals" }, lines.map((line) => h("li", {}, line)));
}

async function approve(found, after) {
  const key = keys();
  const made = await askFor({
    title: t("definitionApproveTitle", { title: inTongue(found.title), version: found.version }), submit: t("act_definition_approve"),
    body: [h("p", {}, t("definitionApproveHint")), h("p", { class: "mono" }, `SHA-256 ${found.sha256}`)],
    act: () => send("POST", `/workflow-definitions/${found.id}/versions/${found.version}/approve`, undefined, { key: key(found.sha256) }),
  });
  if (made) await after(t(made.state === "active" ? "didApproveDefinitionHolds" : "didApproveDefinition"));
}

async function retire(found, after) {
  const key = keys();
  const reason = reasonField(t("reason"));
  const made = await askFor({
    title: t("definitionRetireTitle", { title: inTongue(found.title), version: found.version }), submit: t("act_definition_retire"), danger: true,
    body: [h("p", {}, t("definitionRetireHint")), reason.node],
    act: () => { const body = { reason: reason.value() }; return send("POST", `/workflow-definitions/${found.id}/versions/${found.version}/retire`, body, { key: key(body) }); },
  });
  if (made) await after(t("didRetireDefinition"));
}

// ---- proposing ----------------------------------------------------------------------------

async function propose() {
  const source = textarea("", { rows: "12", spellcheck: "false", class: "mono source", wrap: "off", "data-first": true });
  const file = h("input", { type: "file", accept: ".toml,text/plain" });
  const faults = h("div", { role: "status" });
  const key = keys();
  file.addEventListener("change", async () => {
    if (!file.files[0]) return;
    source.value = await file.files[0].text();
    file.value = "";
    check();
  });
  const post = (query, more = {}) => ask(`/workflow-definitions${query}`, { method: "POST", headers: { "Content-Type": "text/plain", ...more }, body: source.value });
  /** Line and column lead to the place in the text. */
  const goTo = (line) => {
    const lines = source.value.split("\n");
    const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    source.focus();
    source.setSelectionRange(from, from + (lines[line - 1] ?? "").length);
    source.scrollTop = Math.max(0, (line - 4) * (source.scrollHeight / lines.length));
  };
  const complaints = (error) => {
    const all = error.faults ?? [];
    if (!all.length) { fill(faults, h("p", { class: "error" }, error.said ?? error.message)); return; }
    const line = (fault) => fault.line ?? Number(/^(?:Zeile|line) (\d+)/i.exec(fault.detail)?.[1] ?? 0);
    fill(faults, h("p", { class: "error" }, plural("definitionFaults", all.length)),
      h("ol", { class: "plain-list", id: "definition-faults" }, all.map((fault) => h("li", {}, line(fault) ? [h("button", { type: "button", class: "small", onclick: () => goTo(line(fault)) }, t("definitionLine", { n: line(fault) })), " "] : null, fault.detail.replace(/^(?:Zeile|line) \d+[:,] */i, "")))));
  };
  const check = async () => {
    faults.replaceChildren();
    if (!source.value.trim()) { fill(faults, h("p", { class: "error" }, t("definitionEmpty"))); return false; }
    try {
      await post("?check=true");
      fill(faults, h("p", { class: "note good" }, t("definitionFine")));
      return true;
    } catch (error) {
      complaints(error);
      return false;
    }
  };
  const made = await askFor({
    title: t("act_propose"), submit: t("definitionPropose"), wide: true,
    body: [h("p", { class: "hint" }, t("definitionProposeHint")), field(t("definitionFile"), file), field(t("definitionToml"), source),
      h("p", {}, h("button", { type: "button", "data-act": "check", onclick: check }, t("definitionCheck"))), faults],
    act: async () => {
      if (!source.value.trim()) throw new Error(t("definitionEmpty"));
      try { return await (await post("", { "Idempotency-Key": key(source.value) })).json(); } catch (error) {
        if (!error.faults?.length) throw error;
        complaints(error);
        throw new Error(t("definitionNotYet"));
      }
    },
  });
  if (!made) return;
  location.hash = address(made);
}

