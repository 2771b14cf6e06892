// The own account: where one is signed in, the password, and the tokens that act in one's name.
import { $, h, moment, say, t } from "/pages/dom.js";
import { ask, json, leave, state } from "/pages/app.js";

export const VIEW = "view-account";
export const NAV = "nav-account";
export const at = (path) => path === "/konto";
export const title = () => t("account");
export const offered = () => Boolean(state.me);

const now = { turn: 0 };

/** Leaves nothing of the one who was here: no session, no secret, no word that was typed. */
export function forget() {
  now.turn += 1;
  $("account-error").textContent = "";
  $("password-login").value = "";
  for (const id of ["sessions", "tokens", "new-token"]) $(id).replaceChildren();
  for (const id of ["change-password", "issue-token"]) $(id).reset();
}

const change = (path, method, body, more = {}) => ask(path, {
  method, ...(body ? { body: JSON.stringify(body) } : {}), headers: { ...(body ? { "Content-Type": "application/json" } : {}), ...more } });

/** What a browser says about itself, as people call it. */
function device(agent) {
  const browser = [[/Firefox\//, "Firefox"], [/Edg\//, "Edge"], [/Chrome\//, "Chrome"], [/Safari\//, "Safari"]].find(([sign]) => sign.test(agent ?? ""));
  const system = [[/Windows/, "Windows"], [/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Mac OS/, "macOS"], [/Linux/, "Linux"]].find(([sign]) => sign.test(agent ?? ""));
  return [browser?.[1], system?.[1]].filter(Boolean).join(", ") || agent || t("unknownDevice");
}

export async function show() {
  const turn = ++now.turn;
  $("account-error").textContent = "";
  $("password-login").value = state.me.login;
  try {
    const [sessions, tokens] = await Promise.all([json("/sessions"), json("/tokens")]);
    if (turn !== now.turn) return;
    const row = (title, facts, end) => h("li", {}, h("strong", {}, title), h("span", { class: "muted" }, facts.filter(Boolean).join(" · ")), end);
    const used = (one) => one.last_used_at ? t("usedAt", { at: moment(one.last_used_at) }) : null;
    const end = (path, title) => h("button", { type: "button", class: "plain end", "aria-label": `${t("end")}: ${title}`, onclick: async () => {
      try { await change(path, "DELETE"); say(t("ended")); await show(); $("account-title").focus(); } catch (error) { $("account-error").textContent = error.message; }
    } }, t("end"));
    $("sessions").replaceChildren(...sessions.items.map((one) => row(device(one.agent),
      [t("since", { at: moment(one.created_at) }), used(one), one.network],
      one.current ? h("span", { class: "chip good" }, t("thisOne")) : end(`/sessions/${one.id}`, device(one.agent)))));
    $("end-others").hidden = sessions.items.length < 2;
    $("tokens").replaceChildren(...tokens.items.map((one) => row(one.label,
      [t(`scope_${one.scope}`), t("until", { at: moment(one.expires_at) }), used(one) ?? t("neverUsed")], end(`/tokens/${one.id}`, one.label))));
    $("change-password").hidden = $("change-hint").hidden = !state.me.has_password;
    $("no-password").hidden = state.me.has_password;
    $("no-tokens").hidden = tokens.items.length > 0;
  } catch (error) {
    if (turn === now.turn) $("account-error").textContent = error.message;
  }
}

$("end-others").addEventListener("click", async () => {
  try { await change("/sessions", "DELETE"); say(t("ended")); await show(); $("account-title").focus(); } catch (error) { $("account-error").textContent = error.message; }
});

$("change-password").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("password-error").textContent = "";
  if ($("password-new").value !== $("password-again").value) { $("password-error").textContent = t("notTheSame"); $("password-again").focus(); return; }
  try {
    const me = await json("/me");
    await change(`/accounts/${me.id}`, "PATCH", { password: $("password-new").value, current_password: $("password-now").value }, { "If-Match": `"v${me.version}"` });
    leave(t("passwordChanged"));
  } catch (error) {
    $("password-error").textContent = error.message;
    $("password-now").focus();
  }
});

$("issue-token").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("token-error").textContent = "";
  try {
    const answer = await change("/tokens", "POST", { label: $("token-label").value, scope: $("token-scope").value, days: Number($("token-days").value) });
    const issued = await answer.json();
    $("issue-token").reset();
    $("new-token").replaceChildren(h("p", { class: "note" }, t("onlyOnce")), h("p", { class: "mono", tabindex: "-1", id: "new-secret" }, issued.secret));
    $("new-secret").focus();
    await show();
  } catch (error) {
    $("token-error").textContent = error.message;
  }
});
