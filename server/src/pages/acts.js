// What can be done with a document before and after it is registered.
import { h, moment, t } from "/pages/dom.js";
import { departmentName, json } from "/pages/app.js";
import { casesFor, describe } from "/pages/describe.js";
import { sendToTablet } from "/pages/desk.js";
import { fillIn } from "/pages/fields.js";
import { askFor, casePicker, departmentChoice, field, filePicker, input, keys, may, reasonField, select, send, textarea, unitPicker, ways } from "/pages/forms.js";
import { canBeSplit, splitPages } from "/pages/split.js";

/** The cases in which something was registered last, the newest first. */
const last = [];
const LAST_MAX = 5;

/** Forgets what the person before has used. */
export const forgetLast = () => { last.length = 0; };

/** Case and file of a document, as links. */
export function filedIn(found) {
  if (!found.case) return null;
  return h("p", { class: "filed" },
    h("a", { href: `#/vorgaenge/${found.case.id}` }, found.case.reference), found.file ? [" ", h("span", { class: "muted" }, t("inFileWord")), " ",
      h("a", { href: `#/akten/${found.file.id}` }, found.file.reference)] : null);
}

/** The buttons for a document; `after(what, document)` is told of what was done. */
export function documentActions(found, after) {
  const department = found.department;
  const offers = [];
  const offer = (key, action, main = false) =>
    offers.push(h("button", { type: "button", class: main ? "main" : "", "data-act": key, onclick: () => action(found, after) }, t(`act_${key}`)));
  const loose = found.state === "incoming" || found.state === "draft";
  if (found.text.reason === "encrypted" && may("edit", department)) offer("unlock", unlock);
  // A component takes no step by itself: it goes with what it was taken out of.
  if (found.parent) {
    if (loose && may("edit", department)) offer("describe", describe);
    if (loose && found.type && may("edit", department)) offer("fields", fillIn);
    return offers;
  }
  if (loose && may("register", department)) offer("register", register, true);
  if (found.state === "incoming" && may("route", department)) offer("route", handOn);
  if (loose && may("edit", department)) offer("describe", describe);
  if (loose && found.type && may("edit", department)) offer("fields", fillIn);
  if (found.state !== "discarded" && found.content?.media_type === "application/pdf" && may("edit", department)) offer("sendToTablet", sendToTablet);
  if (canBeSplit(found) && may("edit", department)) offer("splitPages", splitPages);
  if (loose && may("discard", department)) offer("discard", discard);
  if (found.state === "discarded" && may("discard", department)) offer("restore", restore);
  if (found.state === "registered" && may("refile", department)) offer("refileDocument", refile);
  if (found.retention && may("hold", department)) offer("hold", (one) => placeHold({ document: one.id }, () => after("hold", one)));
  return offers;
}

const at = (found) => `/documents/${found.id}`;

export async function register(found, after) {
  const key = keys();
  const existing = casePicker("register", { last });
  const offered = may("edit", found.department) ? casesFor(found, existing) : null;
  const subject = input(found.title, { maxlength: "300" });
  const file = filePicker("register");
  const fileSubject = input("", { maxlength: "300" });
  const unit = unitPicker();
  const department = departmentChoice("register", found.department);
  const inFile = h("div", {}, file.node);
  const inNewFile = h("div", {}, unit.node, field(t("fileSubject"), fileSubject),
    department.options.length > 1 ? field(t("leadDepartment"), department) : null);
  const newCase = h("div", {}, inFile, inNewFile, field(t("caseSubject"), subject));
  let way = "existing";
  const turn = (to) => {
    way = to;
    existing.node.hidden = way !== "existing";
    if (offered) offered.hidden = way !== "existing";
    newCase.hidden = way === "existing";
    inFile.hidden = way !== "case";
    inNewFile.hidden = way !== "file";
  };
  turn(way);
  const opened = {};
  const target = async () => {
    if (way === "existing") return existing.need().one;
    if (!subject.value.trim()) { subject.focus(); throw new Error(t("subjectMissing")); }
    if (way === "file") {
      if (!fileSubject.value.trim()) { unit.need(); fileSubject.focus(); throw new Error(t("subjectMissing")); }
      const body = { plan_unit: unit.need().id, subject: fileSubject.value.trim(), department: department.value || undefined };
      opened.file = await send("POST", "/files", body, { key: key(body) });
    } else opened.file = file.need().one;
    const body = { file: opened.file.id, subject: subject.value.trim() };
    return send("POST", "/cases", body, { key: key(body) });
  };
  const result = await askFor({
    title: t("registerTitle", { title: found.title }), wide: true, submit: t("act_register"), stale: () => after("reload", found),
    body: [ways(t("registerWhere"), [["existing", t("wayExisting")], ["case", t("wayCase")], ["file", t("wayFile")]], turn), existing.node, offered, newCase,
      h("p", { class: "hint" }, t("registerHint"))],
    act: async () => {
      const into = await target();
      const document = await send("POST", `${at(found)}/register`, { case: into.id }, { version: found.version });
      const before = last.findIndex((one) => one.id === into.id);
      if (before >= 0) last.splice(before, 1);
      last.unshift(into);
      last.length = Math.min(last.length, LAST_MAX);
      return document;
    },
  });
  if (result) after("register", result);
}

export async function handOn(found, after) {
  let all, functions;
  try { [all, functions] = (await Promise.all([json(`${at(found)}/recipients`), json("/functions")])).map((page) => page.items); } catch (error) {
    await askFor({ title: t("routeTitle", { title: found.title }), body: h("p", { class: "error" }, error.message) });
    return;
  }
  const department = select(all.map((one) => [one.slug, one.name]), found.department);
  const person = select([]);
  const people = () => {
    const here = all.find((one) => one.slug === department.value);
    person.replaceChildren(h("option", { value: "" }, t("inboxOfUnit", { unit: here?.name ?? "" })),
      ...(here?.people ?? []).map((one) => h("option", { value: one.login }, one.name)),
      ...functions.filter((one) => one.department === here?.slug).map((one) => h("option", { value: `function:${one.code}` }, t("functionInboxOf", { name: one.name }))));
  };
  department.addEventListener("change", people);
  people();
  const note = textarea("", { maxlength: "1000" });
  const result = await askFor({
    title: t("routeTitle", { title: found.title }), submit: t("act_route"), stale: () => after("reload", found),
    body: [field(t("department"), department), field(t("inboxField"), person), field(t("noteField"), note, t("noteHint"))],
    act: () => send("POST", `${at(found)}/route`, {
      department: department.value, inbox: person.value || undefined, note: note.value.trim() || undefined,
    }, { version: found.version }),
  });
  if (result) after("route", result, person.value ? person.selectedOptions[0].textContent : departmentName(department.value) || department.selectedOptions[0].textContent);
}

export async function discard(found, after) {
  const reason = reasonField(t("discardReason"), [t("reasonAdvert"), t("reasonDouble"), t("reasonAstray")]);
  const result = await askFor({
    title: t("discardTitle", { title: found.title }), submit: t("act_discard"), danger: true, stale: () => after("reload", found),
    body: [reason.node, h("p", { class: "hint" }, t("discardHint"))],
    act: () => send("POST", `${at(found)}/discard`, { reason: reason.value() }, { version: found.version }),
  });
  if (result) after("discard", result);
}

async function restore(found, after) {
  const result = await askFor({
    title: t("restoreTitle", { title: found.title }), submit: t("act_restore"), stale: () => after("reload", found), body: h("p", {}, t("restoreHint")),
    act: () => send("POST", `${at(found)}/restore`, undefined, { version: found.version }),
  });
  if (result) after("restore", result);
}

/** Opens a locked PDF for all who may read it: the password is kept, the file stays locked. */
async function unlock(found, after) {
  const password = input("", { type: "password", autocomplete: "off", maxlength: "127" });
  const result = await askFor({
    title: t("unlockTitle", { title: found.title }), submit: t("act_unlock"),
    body: [field(t("unlockPassword"), password), h("p", { class: "hint" }, t("unlockHint"))],
    act: () => send("POST", `${at(found)}/versions/${found.content.number}/unlock`, { password: password.value }),
  });
  if (result) after("reload", result);
}

async function refile(found, after) {
  const into = casePicker("refile", { not: found.case?.id });
  const reason = reasonField(t("reason"));
  const result = await askFor({
    title: t("refileTitle", { title: found.title }), submit: t("act_refile"), wide: true, stale: () => after("reload", found),
    body: [into.node, reason.node, h("p", { class: "hint" }, t("refileHint"))],
    act: () => send("POST", `${at(found)}/refile`, { case: into.need().id, reason: reason.value() }, { version: found.version }),
  });
  if (result) after("refile", result);
}

/** Places a hold on a file, a case or a document. */
export async function placeHold(on, after) {
  const reason = reasonField(t("reason"));
  const key = keys();
  const result = await askFor({
    title: t("holdTitle"), submit: t("act_hold"), body: [reason.node, h("p", { class: "hint" }, t("holdHint"))],
    act: () => { const body = { ...on, reason: reason.value() }; return send("POST", "/holds", body, { key: key(body) }); },
  });
  if (result) after();
}

/** The holds on something, with the way to lift them; `own` is the id of what they are shown at. */
export function holdList(holds, own, department, after) {
  if (!holds?.length) return null;
  return [h("h3", {}, t("holds")), h("ul", { class: "rows" }, holds.map((hold) => h("li", {},
    h("span", {}, hold.reason), h("span", { class: "muted" }, `${t(hold.object === own ? "holdHere" : `holdOn_${hold.object_kind}`)} · ${moment(hold.placed_at)}`),
    may("hold", department) ? h("button", { type: "button", class: "small end", onclick: () => liftHold(hold, after) }, t("act_lift")) : null)))];
}

/** Lifts a hold. */
async function liftHold(hold, after) {
  const reason = reasonField(t("reason"));
  const result = await askFor({
    title: t("liftTitle"), submit: t("act_lift"), stale: after, body: [h("blockquote", {}, hold.reason), reason.node],
    act: () => send("POST", `/holds/${hold.id}/lift`, { reason: reason.value() }, { version: hold.version }),
  });
  if (result) after();
}
