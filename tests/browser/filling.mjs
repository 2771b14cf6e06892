// A form is filled in on its page: what is missing is said beside its field, fields come and go, a preview files
// nothing, and what is filed knows where it is signed; tablets are looked at by whoever pairs them. Under axe.
//   node filling.mjs ADDRESS LOGIN PASSWORD ADMIN
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { api as rest, check, enter, told, walk } from "./stage.mjs";

const [address, login, password, admin] = told("filling.mjs ADDRESS LOGIN PASSWORD ADMIN", 4);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const api = await rest(address, login, password);
const mark = `${Date.now()}`;

const found = async (page, what) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  check(`${what}: axe${violations.map((one) => ` ${one.id} ${one.nodes[0]?.html.slice(0, 120)}`)}`, !violations.length);
};

await walk("filling", async () => {
  // What is refused is said by a 422, which the console tells too.
  const page = await enter(address, login, password, /422/);
  await page.waitForSelector("#nav:not([hidden])");
  await page.goto(`${address}/#/formulare`);
  await page.waitForSelector("#forms-items");
  await found(page, "the list of forms");
  await page.click("#forms-items a[href='#/formulare/einwilligung']");
  await page.waitForSelector("#form-title");
  await found(page, "an empty form");

  // All that is missing is said at once, each beside its field; the first of them is ready to be typed in.
  await page.click("[data-act=makeForm]");
  await page.waitForSelector("[aria-invalid=true]");
  const missing = await page.locator("[aria-invalid=true]").count();
  check(`what is missing is said beside each field: ${missing}`, missing >= 4);
  check("the first of them has the focus", await page.evaluate(() => document.activeElement?.getAttribute("aria-invalid") === "true"));
  await found(page, "a form with faults");

  // A field that another one asks for comes and goes.
  const form = page.locator("#view-forms");
  const mail = form.getByLabel("E-Mail");
  check("the address is not asked for yet", !(await mail.isVisible()));
  await form.getByLabel("Rückfragen").selectOption("email");
  check("the address is asked for", await mail.isVisible());
  await mail.fill("guelsen@verein.example");
  await form.getByLabel("Name").first().fill(`Đorđević ${mark}`);
  await form.getByLabel("Zweck").fill("Lichtbild im Bericht über die Ehrung");
  await form.getByLabel("Daten").first().fill("Lichtbild, Name");
  await form.getByLabel("Gespeichert bis").fill("31. Dezember 2028");
  for (const choice of await page.locator("#view-forms select").all()) {
    if (await choice.isVisible() && !(await choice.inputValue())) await choice.selectOption({ index: 1 });
  }

  // A preview files nothing.
  const before = (await api("/documents?limit=1")).items[0]?.id;
  await page.click("[data-act=previewForm]");
  await page.waitForSelector("#form-preview");
  check("a preview files nothing", (await api("/documents?limit=1")).items[0]?.id === before);
  await page.click("[data-act=makeForm]");
  await page.waitForURL(/#\/\?doc=/);
  const made = await api(`/documents/${new URL(page.url()).hash.match(/doc=([0-9a-f-]+)/)[1]}`);
  check("the filed form knows where it is signed", made.form.id === "einwilligung" && made.form.signatures.length >= 1);
  await page.click("[data-act=sendToTablet]");
  await page.waitForSelector("dialog[open]");
  await found(page, "the desk");
  await page.keyboard.press("Escape");

  const boss = await enter(address, admin, password);
  await boss.waitForSelector("#nav-tablets:not([hidden])");
  await boss.goto(`${address}/#/tablets?code=7K2M-Q9XD`);
  await boss.waitForSelector("dialog[open]");
  check("the code of the picture is there already", (await boss.getByLabel("Code", { exact: true }).inputValue()) === "7K2M-Q9XD");
  await found(boss, "pairing at the desk");
  await boss.keyboard.press("Escape");
  await found(boss, "the tablets");
});
