// At the counter, on the clerk's side: check who it is, send a document to a tablet, watch how far it comes, call it
// off, and link what was signed on paper instead.
import { fill, h, language, plural, say, t } from "/pages/dom.js";
import { json } from "/pages/app.js";
import { documentPicker } from "/pages/beside.js";
import { askFor, field, input, select, send, textarea, ways } from "/pages/forms.js";

const BEAT_EVERY = 15_000;
const OVER = ["done", "refused", "cancelled", "expired", "failed", "changed", "paper"];
/** What did not end with a signature on the tablet may have been signed on paper. */
const MAYBE_PAPER = ["refused", "cancelled", "expired", "failed"];
/** Ends for which the archive itself gives the reason. */
const ENDS = { idle: "watchIdle", taken_over: "watchTakenOver", tablet_revoked: "watchRevoked" };
const METHODS = ["identity_card", "passport", "residence_permit", "electronic", "photo", "register", "known", "power_of_attorney"];
const RESULTS = ["confirmed", "doubtful", "refuted"];
/** In points from the lower left corner: below the text of most letters. */
const FOOT = { left: 60, bottom: 60, width: 220, height: 70 };

/** What was said last is offered again: a counter does the same thing all day. */
const last = { tablet: null, sentence: null, method: "" };

/** How the identity is checked, recorded as a step of its own; gives the id of that, or null where it is not needed. */
function identityFields(found) {
  const method = select([["", t(found.form?.identity_check ? "identityChoose" : "identityNone")], ...METHODS.map((one) => [one, t(`identity_${one}`)])], last.method);
  const result = select(RESULTS.map((one) => [one, t(`identity_${one}`)]));
  // Whoever sends again because the tablet was busy has checked once.
  let recorded = null;
  return {
    nodes: [field(t("identityMethod"), method, t("identityHint")), field(t("identityResult"), result)],
    record: async () => {
      last.method = method.value;
      if (!method.value) {
        if (found.form?.identity_check) throw new Error(t("identityMissing"));
        return null;
      }
      const said = { method: method.value, result: result.value };
      if (recorded?.method !== said.method || recorded.result !== said.result) {
        recorded = { ...said, ...(await send("POST", `/documents/${found.id}/identity-checks`, said)) };
      }
      if (said.result !== "confirmed") throw new Error(t("identityNotSent"));
      return recorded.id;
    },
  };
}

export async function sendToTablet(found, after) {
  const title = t("sendTitle", { title: found.title });
  let tablets, page, before;
  try {
    before = (await json(`/documents/${found.id}/signing-jobs`)).items[0];
    tablets = (await json("/tablets")).items.filter((one) => !one.revoked);
    page = await json(`/documents/${found.id}/pages/1`);
  } catch (error) {
    await askFor({ title, body: h("p", { class: "error" }, error.message) });
    return;
  }
  if (!tablets.length) {
    await askFor({ title, body: h("p", {}, t("sendNoTablet")) });
    return;
  }
  const name = (one) => t(one.lease && !one.lease.mine ? "sendTaken" : "sendFree", one);
  const tablet = select(tablets.map((one) => [one.id, name(one)]), tablets.some((one) => one.id === last.tablet) ? last.tablet : undefined);
  const takeOver = select([["", t("sendTakeOverNo")], ["yes", t("sendTakeOverYes")]]);
  const purpose = input(found.title.slice(0, 200), { maxlength: "200", required: true });
  const sentence = textarea(last.sentence ?? t("sendSentenceDefault"), { maxlength: "500", required: true });
  const tongue = select([["de", "Deutsch"], ["en", "English"]], language);
  const name_of_field = input("", { maxlength: "200" });
  const own = field(t("sendField"), name_of_field);
  const identity = identityFields(found);
  // The scan of what was signed on paper can come days later.
  const onPaper = before && MAYBE_PAPER.includes(before.state) ? h("p", {}, t("scanWaits"), " ", h("button", { type: "button", class: "small", "data-act": "linkScan",
    onclick: (event) => { event.target.closest("dialog").close(); linkScan(found, before, after); } }, t("watchScan"))) : null;
  // What was made of a form knows where it is signed.
  const places = (found.form?.signatures ?? []).map((one, at) => [`form-${at}`, t("sendPlaceForm", { label: one.label }), one]);
  const choices = [...places.map(([code, label]) => [code, label]), ["foot", t("sendPlaceFoot")], ["first", t("sendPlaceFirst")], ["field", t("sendPlaceField")]];
  let way = choices[0][0];
  own.hidden = true;
  const place = () => {
    if (way === "field") return { field: name_of_field.value.trim() };
    const spot = places.find(([code]) => code === way)?.[2];
    if (spot) return { place: { page: spot.page, left: spot.left, bottom: spot.bottom, width: spot.width, height: spot.height } };
    return { place: { page: way === "first" ? 1 : Math.max(1, page.pages), ...FOOT } };
  };
  const job = await askFor({
    title, wide: true, submit: t("act_sendToTablet"), stale: () => after("reload", found),
    body: [onPaper, field(t("sendTablet"), tablet), field(t("sendTakeOver"), takeOver), identity.nodes, field(t("sendPurpose"), purpose), field(t("sendSentence"), sentence),
      field(t("sendLanguage"), tongue),
      ways(t("sendPlace"), choices, (to) => { way = to; own.hidden = way !== "field"; }),
      own, h("p", { class: "hint" }, t("watchHint"))],
    act: async () => {
      const said = { purpose: purpose.value.trim(), sentence: sentence.value.trim() };
      if (!said.purpose || !said.sentence || (way === "field" && !name_of_field.value.trim())) throw new Error(t("sendMissing"));
      last.tablet = tablet.value;
      last.sentence = said.sentence;
      const check = await identity.record();
      if (takeOver.value) await send("POST", `/tablets/${tablet.value}/lease`, { take_over: true });
      return send("POST", `/documents/${found.id}/signing-jobs`,
        { tablet: tablet.value, version: found.content.number, ...said, language: tongue.value, ...place(), ...(check ? { identity_check: check } : {}) });
    },
  });
  if (job) watch(found, job, after);
}

/** The scan of what was signed on paper instead: the same step, ended otherwise. */
async function linkScan(found, job, after) {
  const scan = documentPicker(found.id);
  const done = await askFor({
    title: t("scanTitle", { title: found.title }), submit: t("watchScan"), wide: true, body: [h("p", {}, t("scanHint")), scan.node],
    act: () => send("POST", `/signing-jobs/${job.id}/paper`, { document: scan.need().id }),
  });
  if (!done) return;
  say(t("signing_paper"));
  after("reload", found);
}

/** How far it has come, as it comes; whoever closes it calls nothing off. */
function watch(found, first, after) {
  let job = first;
  const state = h("p", { class: "step", role: "status" });
  const more = h("p", { class: "muted" });
  const failure = h("p", { class: "error", role: "alert" });
  const buttons = h("div", { class: "buttons" });
  const dialog = h("dialog", { "aria-labelledby": "watch-title" }, h("h2", { id: "watch-title" }, t("watchTitle", { title: found.title })),
    state, more, h("p", { class: "hint" }, t("watchHint")), failure, buttons);
  const button = (key, action, main = false) => h("button", { type: "button", class: main ? "main" : "", "data-act": key, onclick: action }, t(key));
  const cancel = async (reason) => {
    failure.textContent = "";
    try { job = await send("POST", `/signing-jobs/${job.id}/cancel`, { reason: t(reason) }); show(); } catch (error) { failure.textContent = error.message; }
  };
  const show = () => {
    const over = OVER.includes(job.state);
    state.textContent = t(`signing_${job.state}`);
    fill(more, plural("watchPages", job.pages_seen.length), job.reason && over && job.state !== "done" ? [" · ", t("watchReason", { reason: job.reason in ENDS ? t(ENDS[job.reason]) : job.reason })] : null);
    fill(buttons, over ? [job.state === "done" || job.state === "paper" ? null : button("watchAgain", () => { dialog.close(); sendToTablet(found, after); }),
      MAYBE_PAPER.includes(job.state) ? button("watchScan", () => { dialog.close(); linkScan(found, job, after); }) : null,
      button("watchClose", () => dialog.close(), true)]
      : [button("watchCancel", () => cancel("watchCancelled")), button("watchPaper", () => cancel("watchOnPaper"))]);
    if (over) stop();
  };
  const stream = new EventSource(`/api/v1/signing-jobs/${job.id}/events`);
  stream.addEventListener("state", (event) => { job = JSON.parse(event.data); show(); say(state.textContent); });
  const beat = setInterval(() => { send("POST", `/tablets/${job.tablet}/lease`, {}).catch((error) => { failure.textContent = error.message; }); }, BEAT_EVERY);
  const stop = () => { stream.close(); clearInterval(beat); };
  dialog.addEventListener("close", () => {
    stop();
    dialog.remove();
    after("reload", found);
  });
  show();
  document.body.append(dialog);
  dialog.showModal();
}
