// What is said about a document that came in, and what could be said: buttons that fill a field when they are pressed.
// Nothing fills itself, and nothing is sent before it is saved.
import { day, fill, h, say, t } from "/pages/dom.js";
import { json } from "/pages/app.js";
import { askFor, caseOption, field, input, refused, send } from "/pages/forms.js";

/** How long is waited before it is asked again for what is still being read. */
const AGAIN_MS = 1500;
const AGAIN_MAX = 4;
let lists = 0;

/** What could be said about a document; asked for again while its text is being read. */
async function suggestions(found) {
  for (let turn = 0; ; turn += 1) {
    const all = await json(`/documents/${found.id}/suggestions`);
    if (!all.pending || turn === AGAIN_MAX) return all;
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  }
}

/** Buttons for what could be said, each with the reason beside it; `take` fills the field. */
const offers = (all, label, take) => (all.length ? h("ul", { class: "rows offers", "aria-label": t("suggestions") }, all.map((one) => {
  const shown = label(one);
  return h("li", {}, h("button", { type: "button", class: "small", onclick: () => { take(one); say(t("suggestionTaken", { value: shown })); } }, shown),
    h("span", { class: "muted" }, one.reason));
})) : null);

/** A control of a field with a place for what could stand in it. */
function asked(label, control) {
  const place = h("div", {});
  return { control, place, node: h("div", {}, field(label, control), place) };
}

/** The names of the document types in use, to choose from while typing. */
function typeNames(control) {
  const list = h("datalist", { id: `types-${++lists}` });
  control.setAttribute("list", list.id);
  json("/document-types").then((types) => fill(list, types.items.filter((one) => !one.retired_at).map((one) => h("option", { value: one.code }))), () => {});
  return list;
}

/** Changes title, type, correspondent and date of a document. */
export async function describe(found, after) {
  const title = asked(t("title"), input(found.title, { maxlength: "300" }));
  const type = asked(t("type"), input(found.type, { maxlength: "100" }));
  const correspondent = asked(t("correspondent"), input(found.correspondent, { maxlength: "200" }));
  const date = asked(t("document_date"), input(found.document_date, { type: "date" }));
  const state = h("div", { class: "hint", role: "status" }, t("suggestionsComing"));
  let known = null;
  const put = (one, value) => { one.control.value = value; one.control.focus(); };
  suggestions(found).then((all) => {
    const other = (value) => (one) => one.value !== value;
    fill(title.place, offers(all.title.filter(other(found.title)), (one) => one.value, (one) => put(title, one.value)));
    fill(type.place, offers(all.type.filter(other(found.type)), (one) => one.value, (one) => put(type, one.value)));
    fill(correspondent.place, offers(all.correspondent.filter((one) => one.id !== found.correspondent_id), (one) => one.name, (one) => {
      known = one;
      put(correspondent, one.name);
    }));
    fill(date.place, offers(all.date.filter(other(found.document_date)), (one) => day(one.value), (one) => put(date, one.value)));
    const some = [title, type, correspondent, date].some((one) => one.place.firstChild);
    state.textContent = t(all.pending ? "suggestionsPending" : some ? "suggestionsHint" : "suggestionsNone");
  }, (error) => refused(state, error));
  const changed = await askFor({
    title: t("describeTitle"), submit: t("save"), wide: true, stale: () => after("reload", found),
    body: [title.node, type.node, typeNames(type.control), correspondent.node, date.node, state],
    act: () => {
      const said = {};
      const now = (one) => one.control.value.trim();
      if (now(title) !== found.title) said.title = now(title);
      if (now(type) !== (found.type ?? "")) said.type = now(type) || null;
      if (now(correspondent) !== (found.correspondent ?? "")) {
        if (known && known.name === now(correspondent)) said.correspondent_id = known.id;
        else said.correspondent = now(correspondent) || null;
      }
      if (now(date) !== (found.document_date ?? "")) said.document_date = now(date) || null;
      return send("PATCH", `/documents/${found.id}`, said, { version: found.version });
    },
  });
  if (changed) after("describe", changed);
}

/** A place that offers the cases to which a document may belong; pressed, one is picked. */
export function casesFor(found, picker) {
  const place = h("div", {});
  suggestions(found).then((all) => fill(place, offers(all.case, (one) => `${one.reference} · ${one.subject}`, async (one) => {
    try {
      picker.preset(caseOption(await json(`/cases/${one.id}`)));
      picker.control.focus();
    } catch (error) { refused(place, error); }
  })), () => {});
  return place;
}
