// What is withheld and what lies in quarantine, and how it comes to its end: one person proposes to destroy or to
// release it, another one approves. No content is shown here.
import { $, bytes, chip, fill, h, moment, plural, t } from "/pages/dom.js";
import { departmentName, holds, state, where } from "/pages/app.js";
import { askFor, done, everything, may, reasonField, refused, send } from "/pages/forms.js";

export const VIEW = "view-withheld";
export const NAV = "nav-withheld";
const HOME = "/gesperrt";
export const at = (path) => path === HOME;
export const title = () => t("withheld");

const now = { turn: 0 };
/** Whether the person has a role that holds now. */
const is = (role) => state.me.roles.some((one) => one.role === role && holds(one));
const seesWithheld = () => may("purge") || is("auditor");
const seesQuarantine = () => is("admin") || is("records_manager") || is("auditor");
const decidesOnQuarantine = () => is("admin") || is("records_manager");
export const offered = () => Boolean(state.me) && (seesWithheld() || seesQuarantine());

export function forget() {
  now.turn += 1;
  $(VIEW).replaceChildren();
}

// Whoever comes back from another page sees what is there now.
addEventListener("hashchange", () => { if (!at(where().path)) now.turn += 1; });

export async function show() {
  const turn = ++now.turn;
  const fresh = () => turn === now.turn;
  const place = $(VIEW);
  place.className = "page";
  // Whoever proposed something by a step of a workflow is shown that, whatever his rights.
  let versions, entries;
  try {
    [versions, entries] = await Promise.all([
      everything("/withheld"),
      seesQuarantine() ? everything("/quarantine") : null,
    ]);
  } catch (error) { if (fresh()) refused(place, error); return; }
  if (!fresh()) return;
  const again = document.activeElement?.closest(`#${VIEW}`) ? document.activeElement.dataset.act : null;
  fill(place,
    h("h1", { id: "withheld-title", tabindex: "-1" }, t("withheldTitle")),
    h("p", { class: "muted" }, t("withheldHint")),
    h("div", { id: "withheld-said" }),
    seesWithheld() || versions.items.length ? [h("h2", { class: "spaced" }, t("withheldVersions")),
      versions.items.length
        ? h("ul", { class: "rows big", id: "withheld-items" }, versions.items.map(versionRow))
        : h("p", { class: "nothing" }, t("nothingWithheld"))] : null,
    entries ? [h("h2", { class: "spaced" }, t("quarantine")), h("p", { class: "muted" }, t("quarantineHint")),
      entries.items.length
        ? h("ul", { class: "rows big", id: "quarantine-items" }, entries.items.map(entryRow))
        : h("p", { class: "nothing" }, t("nothingQuarantined"))] : null,
    versions?.more || entries?.more ? h("p", { class: "note" }, t("withheldMore")) : null);
  if (again) ([...place.querySelectorAll("[data-act]")].find((one) => one.dataset.act === again) ?? $("withheld-title")).focus();
}

/** Draws anew, and says what was done. */
async function after(text) {
  await show();
  const said = $("withheld-said");
  if (said) done(said, text);
  $("withheld-title")?.focus();
}

// ---- rows ---------------------------------------------------------------------------------

function versionRow(one) {
  const name = `${one.title}, ${t("withheldVersion", { n: one.number })}`;
  const about = { path: `/withheld/${one.version}/proposals`, name, act: one.version, kind: "version" };
  return h("li", { "data-version": one.version },
    h("a", { href: `#/?doc=${one.document}` }, one.title), h("span", { class: "muted" }, t("withheldVersion", { n: one.number })),
    chip(t(`found_${one.found}`), "bad"), proposalChip(one.proposal),
    h("span", { class: "muted" }, [one.reference, one.department ? departmentName(one.department) : null,
      t("withheldSince", { at: moment(one.found_at) }), bytes(one.bytes)].filter(Boolean).join(" · ")),
    ending(one.proposal, about, one.may_propose ? ["destroy", "release"] : []));
}

function entryRow(one) {
  const about = { path: `/quarantine/${one.id}/proposals`, name: one.signature, act: one.id, kind: "quarantine" };
  const acts = one.released_at ? ["destroy"] : ["destroy", "release"];
  const offers = decidesOnQuarantine() && !one.proposal && !one.discarded_at ? acts : [];
  return h("li", { "data-entry": one.id },
    h("strong", {}, one.signature), one.released_at ? chip(t("falseAlarm"), "good") : null, proposalChip(one.proposal),
    h("span", { class: "muted" }, [one.department ? departmentName(one.department) : null,
      t("cameAt", { at: moment(one.created_at) }), one.media_type, bytes(one.bytes)].filter(Boolean).join(" · ")),
    ending(one.proposal, about, offers));
}

function proposalChip(proposal) {
  if (!proposal) return null;
  if (proposal.standing === "approved") return chip(t("beingDestroyed"), "warn");
  return chip(t(proposal.act === "destroy" ? "destroyProposed" : "releaseProposed"), "warn");
}

/** What is proposed, and what the person may do now. */
function ending(proposal, about, offers) {
  const button = (act, then, extra = "") => h("button", { type: "button", class: `small ${extra}`, "data-act": `${act}-${about.act}`,
    "aria-label": `${t(`act_${act}`)}: ${about.name}`, onclick: then }, t(`act_${act}`));
  const buttons = offers.map((act) => button(act === "destroy" ? "proposeDestroy" : "proposeRelease", () => propose(act, about)));
  if (proposal?.may_approve) buttons.push(button("approveProposal", () => approve(proposal, about)));
  const mine = proposal?.proposed_by === state.me.id;
  const ends = mine ? "withdrawProposal" : "endProposal";
  if (proposal?.may_end) buttons.push(button(ends, () => end(ends, proposal, about)));
  return [
    proposal ? h("span", { class: "muted" }, [t("proposalReason", { reason: proposal.reason }),
      t(mine ? "proposedByMe" : "proposedAt", { at: moment(proposal.proposed_at) }),
      proposal.versions.length > 1 ? plural("proposalVersions", proposal.versions.length) : null].filter(Boolean).join(" · ")) : null,
    buttons.length ? h("span", { class: "end" }, buttons.flatMap((one) => [one, " "])) : null,
  ];
}

// ---- proposing, approving, turning down ---------------------------------------------------

async function propose(act, about) {
  const reason = reasonField(t("proposalWhy"));
  const destroys = act === "destroy";
  const hint = about.kind === "version" ? (destroys ? "destroyVersionHint" : "releaseVersionHint") : (destroys ? "destroyEntryHint" : "releaseEntryHint");
  const made = await askFor({
    title: t(destroys ? "proposeDestroyTitle" : "proposeReleaseTitle", { name: about.name }),
    submit: t(destroys ? "act_proposeDestroy" : "act_proposeRelease"), danger: destroys,
    body: [h("p", {}, t(hint)), reason.node],
    act: () => send("POST", about.path, { act, reason: reason.value() }),
  });
  if (made) await after(t("didPropose"));
}

async function approve(proposal, about) {
  const destroys = proposal.act === "destroy";
  const made = await askFor({
    title: t(destroys ? "approveDestroyTitle" : "approveReleaseTitle", { name: about.name }), submit: t("act_approveProposal"), danger: destroys,
    body: [h("p", { class: destroys ? "strong" : "" }, t(destroys ? "approveDestroyHint" : "approveReleaseHint")),
      proposal.versions.length > 1 ? h("p", {}, plural("proposalVersions", proposal.versions.length)) : null,
      h("p", { class: "muted" }, t("proposalReason", { reason: proposal.reason }))].filter(Boolean),
    act: () => send("POST", `/proposals/${proposal.id}/approve`),
  });
  if (made) await after(t(destroys ? "didApproveDestroy" : "didApproveRelease"));
}

async function end(how, proposal, about) {
  const made = await askFor({
    title: t(`${how}Title`, { name: about.name }), submit: t(`act_${how}`),
    body: [h("p", {}, t("endProposalHint")), h("p", { class: "muted" }, t("proposalReason", { reason: proposal.reason }))],
    act: () => send("POST", `/proposals/${proposal.id}/end`),
  });
  if (made) await after(t("didEndProposal"));
}
