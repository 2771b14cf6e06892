// Up to which amount somebody orders (Anordnungsbefugnis): one administrator gives it, another one approves it.
import { $, chip, day, fill, h, moment, t } from "/pages/dom.js";
import { state } from "/pages/app.js";
import { typed, written } from "/pages/fields.js";
import { askFor, done, everything, field, input, keys, reasonField, refused, send } from "/pages/forms.js";
import { crumbs } from "/pages/record.js";
import { functions, today, whoInWords } from "/pages/flow.js";
import { whoPicker } from "/pages/flow-fields.js";

const COLOURS = { approved: "good", waiting: "warn", ended: "" };
const NAMES = { who: "limitWho", amount: "limitAmount", valid_from: "holdsFrom", valid_until: "holdsUntil", reason: "reason" };

export async function show(place, fresh, administers) {
  place.dataset.shown = "";
  place.className = "page";
  let all, known;
  try { [all, known] = await Promise.all([everything("/order-limits"), functions()]); } catch (error) { if (fresh()) refused(place, error); return; }
  if (!fresh()) return;
  const after = async (word) => { await show(place, fresh, administers); if (fresh()) { done($("limits-said"), word); $("limits-title").focus(); } };
  fill(place, crumbs([[t("procedures"), "#/verfahren"]]),
    h("div", { class: "head" }, h("h1", { id: "limits-title", tabindex: "-1" }, t("limits")),
      administers ? h("button", { type: "button", class: "main end", id: "give-limit", onclick: () => give(after) }, t("act_limit_give")) : null),
    h("p", { class: "muted" }, t("limitsHint")), h("div", { id: "limits-said" }),
    all.items.length ? h("ul", { class: "rows big", id: "limits-items" }, all.items.map((one) => row(one, known, administers, after))) : h("p", { class: "nothing" }, t("noLimits")));
}

function row(one, known, administers, after) {
  const name = one.name || whoInWords({ who: one.who }, known);
  const button = (act, action) => h("button", { type: "button", class: "small", "data-act": `${act}-${one.id}`, "aria-label": `${t(`act_limit_${act}`)}: ${name}`, onclick: action }, t(`act_limit_${act}`));
  const approves = administers && one.state === "waiting" && one.given_by !== state.me.login && one.who !== state.me.login;
  return h("li", {}, h("strong", {}, name), h("span", { class: "amount" }, `${written(one.amount)} €`), chip(t(`limit_${one.state}`), COLOURS[one.state]),
    h("span", { class: "muted wide" }, [t("limitFrom", { day: day(one.valid_from) }), one.valid_until ? t("limitUntil", { day: day(one.valid_until) }) : null,
      t("limitGiven", { who: one.given_by, at: moment(one.given_at) }), one.approved_by ? t("limitApproved", { who: one.approved_by }) : null,
      one.ended_by ? t("limitEnded", { who: one.ended_by }) : null, one.reason].filter(Boolean).join(" · ")),
    administers && one.state !== "ended" ? h("span", { class: "end" }, approves ? [button("approve", () => approve(one, name, after)), " "] : null, button("end", () => end(one, name, after))) : null);
}

async function give(after) {
  const key = keys();
  const who = whoPicker(t("limitWho"), [], { hint: t("flowToHint") });
  const amount = input("", { inputmode: "decimal" });
  const from = input("", { type: "date", min: today() });
  const until = input("", { type: "date", min: today() });
  const reason = reasonField(t("reason"));
  const made = await askFor({
    title: t("act_limit_give"), submit: t("act_limit_give"), names: NAMES,
    body: [who.node, field(t("limitAmount"), amount), h("div", { class: "pair" }, field(t("holdsFrom"), from), field(t("holdsUntil"), until)), reason.node, h("p", { class: "hint" }, t("limitHint"))],
    act: () => {
      const said = typed(amount.value.replace("€", "").trim());
      const body = { who: who.need().id, amount: said, valid_from: from.value || undefined, valid_until: until.value || undefined, reason: reason.value() };
      return send("POST", "/order-limits", body, { key: key(body) });
    },
  });
  if (made) await after(t("didGiveLimit"));
}

async function approve(one, name, after) {
  const key = keys();
  const made = await askFor({
    title: t("limitApproveTitle", { name }), submit: t("act_limit_approve"), body: [h("p", {}, t("limitApproveHint", { name, amount: `${written(one.amount)} €` })), h("blockquote", {}, one.reason)],
    act: () => send("POST", `/order-limits/${one.id}/approve`, undefined, { key: key("approve") }),
  });
  if (made) await after(t("didApproveLimit"));
}

async function end(one, name, after) {
  const key = keys();
  const made = await askFor({
    title: t("limitEndTitle", { name }), submit: t("act_limit_end"), danger: true, body: h("p", {}, t("limitEndHint", { name })),
    act: () => send("POST", `/order-limits/${one.id}/end`, undefined, { key: key("end") }),
  });
  if (made) await after(t("didEndLimit"));
}
