// The next version of what somebody signs finally: where he says that it is editorial, the marks of all others stay in force.
import { h, t } from "/pages/dom.js";
import { askFor, field, keys, ways } from "/pages/forms.js";
import { act, look } from "/pages/flow.js";

/** Whether whoever looks may say of the next version of a document that it is editorial. */
export const mayAnnounce = (flow, document) => (flow.editorial ?? []).some((one) => one.document === document && one.may);

/** How often it is asked whether the house has looked at the new version, and after which pause: it takes a second or two. */
const ASKED_MAX = 8;
const PAUSE = 1_000;

/** Until the workflow knows of the new version: before that, whoever made it counts as having drafted it. */
async function untilLooked(id, version) {
  for (let asked = 0; asked < ASKED_MAX; asked += 1) {
    await new Promise((go) => { setTimeout(go, PAUSE); });
    if ((await look(`/workflows/${id}`)).version > version) return;
  }
}

/** Asks for a new version and what it is; what it says before everybody comes first, and the version after that. */
export async function nextVersion(self, flow, id) {
  const found = await look(`/documents/${id}`);
  const key = keys();
  const once = keys();
  const file = h("input", { type: "file", "data-first": true });
  const hints = { editorial: t("versionHint_editorial"), other: t("versionHint_other") };
  const hint = h("p", { class: "hint", "aria-live": "polite" }, hints.editorial);
  let kind = "editorial";
  const kinds = ways(t("versionKind"), [["editorial", t("versionEditorial")], ["other", t("versionOther")]], (to) => {
    kind = to;
    hint.textContent = hints[to];
  });
  await askFor({
    title: t("versionTitle", { title: found.title }), submit: t("versionFile"), names: { document: "one_document", content: "versionContent" }, stale: () => self.load(),
    body: [h("p", { class: "muted" }, t("versionNow", { n: found.content.number })), field(t("versionContent"), file), kinds, hint],
    act: async () => {
      const [chosen] = file.files;
      if (!chosen) { file.focus(); throw new Error(t("versionMissing")); }
      const about = [kind, chosen.name, chosen.size, chosen.lastModified];
      const announced = kind === "editorial" ? await act(`/workflows/${flow.id}/editorial`, { document: id }, { key: once(about) }) : null;
      const form = new FormData();
      form.append("content", chosen, chosen.name);
      await act(`/documents/${id}/versions`, form, { key: key(about), version: found.version });
      if (announced) await untilLooked(flow.id, announced.version);
      await self.load({ word: t(kind === "editorial" ? "didVersionEditorial" : "didVersionOther"), focus: true });
      return true;
    },
  });
}
