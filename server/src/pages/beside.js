// What stands beside a record: notes on files, cases and documents, what one document is to another, and what says the same.
import { day, fill, h, moment, plural, say, t } from "/pages/dom.js";
import { json, state } from "/pages/app.js";
import { askFor, everything, field, input, keys, may, picker, reasonField, select, send, textarea } from "/pages/forms.js";

const NOTES_MAX = 200;
const KINDS = ["answers", "supersedes", "belongs_to", "attachment_of", "duplicate_of"];
const MOVES = { "document.route": "route", "document.refile": "refile", "document.receive": "file" };

const button = (act, action) => h("button", { type: "button", class: "small", "data-act": act, onclick: action }, t(`act_${act}`));

/** What was taken out of a document, as links; it fills itself. */
export function componentsOf(found, address) {
  if (!found.components && !found.left_out) return "";
  const place = h("section", { class: "beside", "aria-label": t("componentsTitle") });
  const show = async () => {
    let all;
    try { all = await everything(`/documents/${found.id}/components`, NOTES_MAX); } catch (error) {
      place.replaceChildren(h("h3", {}, t("componentsTitle")), h("p", { class: "error" }, error.message));
      return;
    }
    fill(place,
      h("h3", {}, t("componentsTitle")),
      found.portfolio ? h("p", { class: "hint" }, t("portfolioHint")) : null,
      all.items.length ? h("ul", { class: "rows" }, all.items.map((one) => h("li", {},
        h("a", { href: address(one.id) }, one.title), h("span", { class: "muted" }, one.parent?.path ?? "")))) : null,
      all.more ? h("p", { class: "hint" }, t("moreComponents")) : null,
      found.left_out ? [h("p", { class: "hint" }, t("leftOut")), h("ul", { class: "rows" }, found.left_out.map((one) => h("li", {},
        h("strong", {}, one.name), h("span", { class: "muted" }, one.explanation ?? one.reason))))] : null);
  };
  show();
  return place;
}

/** Which pages of a batch. */
export const whichPages = (part) => t(part.first_page === part.last_page ? "batchPage" : "batchPages", { first: part.first_page, last: part.last_page });

/** What was made of pages of a document, as links; it fills itself. */
export function partsOf(found, address) {
  if (found.text.pages < 2) return "";
  const place = h("div");
  const show = async () => {
    // Where that cannot be told, the document is shown all the same.
    const split = await json(`/documents/${found.id}/split`).catch(() => null);
    if (!split || !(split.parts.length || split.pending)) return;
    fill(place, h("section", { class: "beside", "aria-label": t("batchParts") },
      h("h3", {}, t("batchParts")),
      split.pending ? h("p", { class: "hint" }, t("batchPending")) : null,
      split.parts.length ? h("ul", { class: "rows" }, split.parts.map((one) => h("li", {},
        h("a", { href: address(one.id) }, one.title), h("span", { class: "muted" }, whichPages(one))))) : null));
  };
  show();
  return place;
}

/** What says the same as a document: the same bytes at once, texts that say the same once somebody asks, page beside page. */
export function duplicatesOf(found, address) {
  const same = found.duplicates ?? [];
  const line = (one, ...more) => h("li", {}, h("a", { href: address(one.id) }, one.title), h("span", { class: "muted" }, moment(one.received_at)), more);
  const place = h("section", { class: "beside", "aria-label": t("duplicates") });
  fill(place, same.length ? [h("h3", {}, t("duplicates")), h("ul", { class: "rows" }, same.map((one) => line(one)))] : null,
    // Where no text can be read there is none to compare.
    found.text.state === "unreadable" && !found.text.waiting ? null : sameTextsOf(found, same, line, address));
  return place;
}

/** Texts that say the same. To compare them costs the server something: it is asked when this is opened, and again where it could not say. */
function sameTextsOf(found, same, line, address) {
  const texts = h("div", {});
  let asked = false;
  const told = (text, child) => {
    fill(texts, child);
    texts.removeAttribute("aria-busy");
    // Whoever went on to another document is not told about this one.
    if (texts.isConnected) say(text);
  };
  const show = async () => {
    asked = true;
    fill(texts, h("p", { class: "muted" }, t("sameTextsComing")));
    texts.setAttribute("aria-busy", "true");
    say(t("sameTextsComing"));
    let answer;
    try { answer = await json(`/documents/${found.id}/duplicates`); } catch (error) {
      asked = false;
      told(error.message, h("p", { class: "error" }, error.message));
      return;
    }
    asked = answer.text !== "pending";
    const others = answer.items.filter((one) => !same.some((known) => known.id === one.document.id));
    if (!others.length) {
      const why = t(`sameTexts_${answer.text}`);
      told(why, h("p", { class: "muted" }, why));
      return;
    }
    told(plural("sameTexts", others.length), h("ul", { class: "rows" }, others.map((one) => (one.kind === "bytes" ? line(one.document)
      : line(one.document, h("span", { class: "muted" }, t("saysTheSame", { share: Math.round(one.score * 100) })), besideEachOther(found.id, one, address))))));
  };
  return h("details", { class: "same-texts", ontoggle: (event) => { if (event.target.open && !asked) show(); } }, h("summary", {}, t("sameTextsFind")), texts);
}

/** Both texts side by side, once somebody opens them: those pages that say the same. */
function besideEachOther(here, one, address) {
  const pages = h("div", { class: "pairs" });
  const page = (text, number, id, title) => h("div", {},
    h("p", { class: "leaf-no" }, h("a", { href: address(id) }, title), " · ", t("pageNo", { n: number })),
    h("div", { class: "leaf" }, text.pages.find((leaf) => leaf.number === number)?.text ?? ""));
  const show = async () => {
    let texts;
    try { texts = await Promise.all([json(`/documents/${here}/text`), json(`/documents/${one.document.id}/text`)]); } catch (error) {
      fill(pages, h("p", { class: "error" }, error.message));
      return;
    }
    fill(pages, one.pages.map((pair) => [page(texts[0], pair.here, here, t("thisDocument")), page(texts[1], pair.there, one.document.id, one.document.title)]));
  };
  return h("details", { class: "wide", ontoggle: (event) => { if (event.target.open && !pages.children.length) show(); } }, h("summary", {}, t("sideBySide")), pages);
}

/** The fields of a mail, for the list of what is said about a document. */
export function mailRows(mail) {
  if (!mail) return [];
  const people = (all) => all.map((one) => (one.name && one.address ? `${one.name} <${one.address}>` : one.name ?? one.address)).join(", ");
  return [["mailFrom", people(mail.from)], ["mailTo", people(mail.to)], ["mailCc", people(mail.cc)], ["mailSent", mail.sent_at && moment(mail.sent_at)]];
}

/** Of which form a document was made, and where it is signed, for the same list. */
export function formRows(form) {
  if (!form) return [];
  const places = form.signatures.map(({ label, page }) => `${label} (${t("onPage", { n: page })})`);
  return [["madeOfForm", `${form.id}, ${t("formVersion", { n: form.version })}`], ["placesToSign", places.join(", ")]];
}

/** The notes on one thing, and the way to write one; it fills itself. `open` says whether it may be worked on. */
export function notesOn(kind, found, open) {
  const place = h("section", { class: "beside", "aria-label": t("notesTitle") });
  const show = async (focus) => {
    let notes;
    try { notes = await everything(`/notes?${kind}=${found.id}`, NOTES_MAX); } catch (error) {
      place.replaceChildren(h("h3", {}, t("notesTitle")), h("p", { class: "error" }, error.message));
      return;
    }
    const mine = open && may("edit", found.department);
    if (!notes.items.length && !mine) { place.replaceChildren(); return; }
    fill(place,
      h("h3", {}, t("notesTitle")),
      notes.items.length ? h("ul", { class: "rows notes" }, notes.items.map((note) => h("li", {},
        h("p", { class: "said" }, note.text),
        h("span", { class: "muted" }, moment(note.changed_at), note.created_by === state.me.id ? ` · ${t("noteOwn")}` : "", note.changed_at === note.created_at ? "" : ` · ${t("noteChanged")}`),
        mine ? h("span", { class: "end" }, button("changeNote", () => write({ note }, show)), " ", button("withdrawNote", () => withdraw(note, show))) : null))) : null,
      notes.more ? h("p", { class: "hint" }, t("moreNotes")) : null,
      mine ? h("p", {}, button("addNote", () => write({ on: { [kind]: found.id } }, show))) : null);
    if (focus) place.querySelector("[data-act=addNote]")?.focus();
  };
  show();
  return place;
}

async function write({ on, note }, then) {
  const text = textarea(note?.text ?? "", { maxlength: "4000", required: true, rows: "5" });
  const key = keys();
  const done = await askFor({
    title: t(note ? "act_changeNote" : "act_addNote"), submit: t("save"), stale: then, body: field(t("note"), text),
    act: () => {
      const said = text.value.trim();
      if (!said) { text.focus(); throw new Error(t("noteMissing")); }
      if (note) return send("PATCH", `/notes/${note.id}`, { text: said }, { version: note.version });
      const body = { ...on, text: said };
      return send("POST", "/notes", body, { key: key(body) });
    },
  });
  if (done) { await then(true); say(t(note ? "did_note_change" : "did_note_add")); }
}

async function withdraw(note, then) {
  const reason = reasonField(t("reason"), [t("reasonSettled"), t("reasonWrongPlace")]);
  const done = await askFor({
    title: t("act_withdrawNote"), submit: t("withdraw"), danger: true, stale: then, body: [h("blockquote", {}, note.text), reason.node, h("p", { class: "hint" }, t("withdrawHint"))],
    act: () => send("POST", `/notes/${note.id}/withdraw`, { reason: reason.value() }, { version: note.version }),
  });
  if (done) { await then(true); say(t("did_note_withdraw")); }
}

/** What the document is to others and others to it; it fills itself. */
export function relationsOf(found, address) {
  const place = h("section", { class: "beside", "aria-label": t("relationsTitle") });
  const show = async (focus) => {
    let relations;
    try { relations = await everything(`/relations?document=${found.id}`, NOTES_MAX); } catch (error) {
      place.replaceChildren(h("h3", {}, t("relationsTitle")), h("p", { class: "error" }, error.message));
      return;
    }
    const mine = found.state !== "discarded" && may("edit", found.department);
    if (!relations.items.length && !mine) { place.replaceChildren(); return; }
    fill(place,
      h("h3", {}, t("relationsTitle")),
      relations.items.length ? h("ul", { class: "rows" }, relations.items.map((one) => {
        const forth = one.source.id === found.id;
        const other = forth ? one.target : one.source;
        return h("li", {}, h("span", { class: "muted" }, (forth ? one.from_source : one.from_target).label), h("a", { href: address(other.id) }, other.title),
          other.reference ? h("span", { class: "ref" }, other.reference) : null,
          mine && forth ? h("span", { class: "end" }, button("withdrawRelation", () => loosen(one, other, show))) : null);
      })) : null,
      mine ? h("p", {}, button("relate", () => relate(found, show))) : null);
    if (focus) place.querySelector("[data-act=relate]")?.focus();
  };
  show();
  return place;
}

export const documentPicker = (not) => picker({
  later: true, label: t("documentByName"), empty: t("noDocumentFound"),
  load: async (text) => {
    const asked = new URLSearchParams({ limit: "12", snippets: "false", ...(text ? { q: text } : { sort: "received" }) });
    return (await json(`/search?${asked}`)).items.filter((one) => one.id !== not).map((one) => {
      const title = one.title.map((piece) => piece.text).join("");
      return { id: one.id, label: title, note: [one.type, one.correspondent, day(one.document_date)].filter(Boolean).join(" · "), one };
    });
  },
});

async function relate(found, then) {
  const kind = select(KINDS.map((one) => [one, t(`relation_${one}`)]));
  const other = documentPicker(found.id);
  const key = keys();
  const done = await askFor({
    title: t("act_relate"), submit: t("relateNow"), wide: true, stale: then,
    body: [h("p", { class: "muted" }, found.title), field(t("relationKind"), kind), other.node],
    act: () => { const body = { kind: kind.value, source: found.id, target: other.need().id }; return send("POST", "/relations", body, { key: key(body) }); },
  });
  if (done) { await then(true); say(t("did_relation_create")); }
}

async function loosen(relation, other, then) {
  const reason = reasonField(t("reason"), [t("reasonWrongPlace")]);
  const done = await askFor({
    title: t("act_withdrawRelation"), submit: t("withdraw"), danger: true, stale: then, body: [h("p", {}, other.title), reason.node],
    act: () => send("POST", `/relations/${relation.id}/withdraw`, { reason: reason.value() }, { version: relation.version }),
  });
  if (done) { await then(true); say(t("did_relation_withdraw")); }
}

/** The button that takes the last move of a document back, where its last record was one. */
export function undoOf(found, history, after) {
  const last = history.findLast((one) => one.action.startsWith("document.") && one.action !== "document.text");
  const move = MOVES[last?.action];
  if (!move || (move === "file" && !(found.state === "draft" && found.case))) return null;
  if (!may(move === "file" ? "edit" : move, found.department)) return null;
  return h("button", { type: "button", "data-act": "undo", onclick: async () => {
    const reason = reasonField(t("reason"), [t("reasonAstray")]);
    const done = await askFor({
      title: t(`undo_${move}`), submit: t("act_undo"), stale: () => after("reload", found), body: [h("p", {}, t("undoHint", { at: moment(last.at) })), reason.node],
      act: () => send("POST", `/documents/${found.id}/undo`, { seq: last.seq, reason: reason.value() }, { version: found.version }),
    });
    if (done) after("undo", done);
  } }, t("act_undo"));
}
