// The tablets at the counters: which there are, one to pair by the code that it shows, one to revoke.
import { $, chip, fill, h, moment, t } from "/pages/dom.js";
import { departmentName, holds, json, state, where } from "/pages/app.js";
import { askFor, done, field, input, may, reasonField, refused, select, send } from "/pages/forms.js";

export const VIEW = "view-tablets";
export const NAV = "nav-tablets";
const HOME = "/tablets";
export const at = (path) => path === HOME;
export const title = () => t("tablets");

const now = { turn: 0 };
const is = (role) => state.me.roles.some((one) => one.role === role && holds(one));
/** Administrators pair them everywhere, heads in their departments. */
export const offered = () => Boolean(state.me) && (is("admin") || is("head"));

export function forget() {
  now.turn += 1;
  $(VIEW).replaceChildren();
}

addEventListener("hashchange", () => { if (!at(where().path)) now.turn += 1; });

export async function show(path, query) {
  const turn = ++now.turn;
  const place = $(VIEW);
  place.className = "page";
  let all;
  try { all = await json("/tablets"); } catch (error) { if (turn === now.turn) refused(place, error); return; }
  if (turn !== now.turn) return;
  const named = new Map(state.departments.map((one) => [one.id, one.name]));
  const items = [...all.items.filter((one) => !one.revoked), ...all.items.filter((one) => one.revoked)];
  fill(place,
    h("div", { class: "head" }, h("h1", { id: "tablets-title", tabindex: "-1" }, t("tablets")),
      h("button", { type: "button", class: "main end", "data-act": "pairTablet", onclick: () => pair() }, t("act_pairTablet"))),
    h("p", { class: "muted" }, t("tabletsHint")), h("div", { id: "tablets-said" }),
    items.length ? h("ul", { class: "rows big", id: "tablets-items" }, items.map((one) => row(one, named))) : h("p", { class: "nothing" }, t("noTablets")));
  // Whoever comes by the picture that a tablet shows has its code already.
  const code = query?.get("code");
  if (code) {
    history.replaceState(null, "", `#${HOME}`);
    pair(code);
  }
}

function row(one, named) {
  return h("li", { "data-tablet": one.id }, h("strong", {}, one.name), h("span", { class: "muted" }, [one.counter, named.get(one.department) ?? departmentName(one.department),
    one.seen_at ? t("tabletSeenAt", { at: moment(one.seen_at) }) : t("tabletNeverSeen")].join(" · ")),
  one.revoked ? chip(t("tabletRevoked", { at: moment(one.revoked.at) }), "bad") : one.lease ? chip(t("tabletLeased"), "good") : null,
  one.revoked ? null : h("span", { class: "end" }, h("button", { type: "button", class: "small", "aria-label": `${t("act_revokeTablet")}: ${one.name}`, onclick: () => revoke(one) }, t("act_revokeTablet"))));
}

async function after(text) {
  await show();
  const said = $("tablets-said");
  if (said) done(said, text);
  $("tablets-title")?.focus();
}

async function pair(known = "") {
  const mine = state.departments.filter((one) => is("admin") || may("edit", one.slug));
  const code = input(known, { maxlength: "20", required: true, spellcheck: "false", autocapitalize: "characters" });
  const name = input("", { maxlength: "100", required: true });
  const counter = input("", { maxlength: "100", required: true });
  const department = select(mine.map((one) => [one.slug, one.name]));
  if (known) name.dataset.first = "";
  const made = await askFor({
    title: t("act_pairTablet"), submit: t("act_pairTablet"), names: { name: "tabletName", code: "tabletCodeField", counter: "tabletCounter" },
    body: [field(t("tabletCodeField"), code, t("tabletCodeWhere")), field(t("tabletName"), name), field(t("tabletCounter"), counter), field(t("department"), department)],
    act: () => send("POST", "/tablets", { code: code.value, name: name.value, counter: counter.value, department: department.value }),
  });
  if (made) await after(t("tabletPaired", { name: made.name }));
}

async function revoke(one) {
  const reason = reasonField(t("tabletRevokeWhy"), [t("tabletLost"), t("tabletElsewhere")]);
  const gone = await askFor({
    title: `${t("act_revokeTablet")}: ${one.name}`, submit: t("act_revokeTablet"), danger: true, body: [h("p", {}, t("tabletRevokeHint")), reason.node],
    act: () => send("POST", `/tablets/${one.id}/revoke`, { reason: reason.value() }),
  });
  if (gone) await after(t("tabletGone", { name: one.name }));
}
