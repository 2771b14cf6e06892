// What journeys at the counter have in common: who is there, what is sent to a tablet, and how one is paired.
import { api as rest, sent } from "./stage.mjs";

/** A PDF of one page that nobody else has. */
const pdf = (text) => {
  const objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
    (() => { const draw = `BT /F 14 Tf 60 760 Td (${text}) Tj ET`; return `<</Length ${draw.length}>>stream\n${draw}\nendstream`; })(),
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"];
  let file = "%PDF-1.7\n";
  const places = objects.map((object, at) => { const place = file.length; file += `${at + 1} 0 obj\n${object}\nendobj\n`; return place; });
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("")}`;
  return `${file}trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`;
};

/** A clerk and whoever pairs tablets; what a clerk files and sends bears the same mark, which nothing else bears. */
export const counter = async (address, [login, admin], password) => {
  const api = await rest(address, login, password);
  const boss = await rest(address, admin, password);
  const me = await api("/me");
  const department = me.roles.find((one) => one.department).department;
  const mark = `${Date.now()}`;
  const filed = async (title) => {
    const form = new FormData();
    form.append("metadata", new Blob([JSON.stringify({ title, department })], { type: "application/json" }));
    form.append("content", new Blob([pdf(`${title} ${mark}`)], { type: "application/pdf" }), "form.pdf");
    return api("/documents", { method: "POST", body: form });
  };

  const sendTo = async (title, tablet) => {
    const { id } = await filed(title);
    const job = await api(`/documents/${id}/signing-jobs`, sent("POST", { tablet, version: 1, purpose: title, sentence: "Ich habe den Ausweis erhalten.", language: "de",
      place: { page: 1, left: 60, bottom: 60, width: 220, height: 70 } }));
    return { id, job: job.id };
  };
  return { api, boss, department, mark, filed, sendTo };
};

/** Pairs the tablet whose page shows a code; gives its id. */
export const paired = async (page, boss, named) => {
  const code = await page.locator(".code").innerText();
  const { id } = await boss("/tablets", sent("POST", { code, ...named }));
  await page.waitForSelector(".wait");
  return id;
};
