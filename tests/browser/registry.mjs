// A working day in the registry, in a real browser: something from the inbox goes into a new case of a new file, is
// found by its reference, and the case is closed; what stands against closing is named, and so is what somebody else changed.
//   node registry.mjs ADDRESS LOGIN PASSWORD
import { chromium } from "playwright-core";

const [address, login, password] = process.argv.slice(2);
if (!password) {
  console.error("usage: node registry.mjs ADDRESS LOGIN PASSWORD");
  process.exit(3);
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run"],
});
let failures = 0;
const check = (what, passed) => {
  if (!passed) failures += 1;
  console.log(`${passed ? "ok" : "FAIL"}  ${what}`);
};

// What the journey needs is put there by REST, under names that no other run has.
const mark = `${Date.now()}`;
const api = async (path, options = {}) => {
  const response = await fetch(`${address}/api/v1${path}`, { ...options, headers: { Authorization: `Bearer ${api.token}`, ...options.headers } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
};
const sent = (method, body, version) => ({
  method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...(version ? { "If-Match": `"v${version}"` } : {}) },
});
api.token = (await (await fetch(`${address}/api/v1/session`, sent("POST", { login, password }))).json()).secret;
const me = await api("/me");
const department = me.roles.find((one) => one.department).department;
const filed = [];
for (const name of ["eins", "zwei", "drei"]) {
  const form = new FormData();
  form.append("metadata", new Blob([JSON.stringify({ title: `Anfrage ${name} ${mark}`, type: "Brief", department })], { type: "application/json" }));
  form.append("content", new Blob([`Anfrage ${name} ${mark}`], { type: "text/plain" }), `anfrage-${name}.txt`);
  const made = await api("/documents", { method: "POST", body: form });
  filed.push(await api(`/documents/${made.id}/route`, sent("POST", { department, inbox: login, note: `Bitte verakten, ${name}` }, made.version)));
}

const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "de-DE" })).newPage();
const wrong = [];
page.on("pageerror", (error) => wrong.push(String(error)));
page.on("console", (message) => { if (message.type() === "error" && !/40[49]|412/.test(message.text())) wrong.push(message.text()); });
const text = (selector) => page.locator(selector).innerText();
const item = (one) => page.locator(`#inbox-items [data-id="${one.id}"] a`);
try {
  await page.goto(address);
  await page.fill("#login", login);
  await page.fill("#password", password);
  await page.press("#password", "Enter");
  await page.click("#nav-inbox");

  // Out of the inbox, by keyboard from here on.
  await item(filed[1]).focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector(`#inbox-document:text("zwei ${mark}")`);
  check("the note that came with it is shown", (await text("#inbox-side")).includes("Bitte verakten, zwei"));
  const before = await page.locator("#inbox-items .hit").count();
  await page.keyboard.press("v");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  check("a new file is chosen with the arrows", await page.locator("dialog input[value=file]").isChecked());
  await page.keyboard.press("Tab");
  await page.keyboard.type("02.2");
  await page.waitForSelector("dialog .picks:visible li[aria-selected=true]:has-text('02.2')");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type(`Anfragen ${mark}`);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#inbox-said .good");
  const reference = (await text("#inbox-said")).match(/Veraktet als (.+?): /)[1];
  check(`it is registered as ${reference}`, reference.startsWith("02.2-"));
  check("it is gone from the list", (await page.locator("#inbox-items .hit").count()) === before - 1 && !(await item(filed[1]).count()));
  const next = await page.evaluate(() => document.activeElement.closest(".hit")?.dataset.id);
  check("the next one is there, and has the focus", Boolean(next) && page.url().includes(next));

  // The second one into the same case: it is the first that is offered.
  await item(filed[0]).click();
  await page.waitForSelector(`#inbox-document:text("eins ${mark}")`);
  await page.keyboard.press("v");
  await page.waitForSelector("dialog .picks:visible li");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.waitForSelector(`#inbox-said .good:has-text("eins ${mark}")`);
  check("two keys file into the case used last", (await text("#inbox-said")).includes(reference.replace(/-1 /, "-2 ")));

  // A note on it, what it is to the other one, and a note taken back.
  await page.goto(`${address}/#/?doc=${filed[0].id}`);
  await page.click("#document [data-act=addNote]");
  await page.keyboard.type(`Ruft zurück ${mark}`);
  await page.click("dialog button.main");
  await page.waitForSelector(`#document .notes:has-text("Ruft zurück ${mark}")`);
  check("a note stands on the document", (await api(`/notes?document=${filed[0].id}`)).items.length === 1);
  await page.click("#document [data-act=relate]");
  await page.selectOption("dialog select", "answers");
  await page.fill("dialog input[role=combobox]", `zwei ${mark}`);
  await page.waitForSelector("dialog .picks:visible li[aria-selected=true]");
  await page.keyboard.press("Enter");
  await page.click("dialog button.main");
  await page.waitForSelector(`#document .beside a:has-text("zwei ${mark}")`);
  check("the document says what it is to the other one", (await text("#document")).includes("Antwort auf"));
  await page.click(`#document .beside a:has-text("zwei ${mark}")`);
  await page.waitForSelector(`#document-title:has-text("zwei ${mark}")`);
  await page.waitForSelector(`#document .beside a:has-text("eins ${mark}")`);
  check("and the other one from its side", (await text("#document")).includes("beantwortet durch"));

  // Handed on by mistake, and taken back.
  await page.goto(`${address}/#/?doc=${filed[2].id}`);
  await page.waitForSelector(`#document-title:has-text("drei ${mark}")`);
  await page.click("#document [data-act=route]");
  await page.selectOption("dialog select >> nth=1", "");
  await page.click("dialog button.main");
  await page.waitForSelector("#document .timeline > li:has-text('Weitergeleitet') >> nth=1");
  const handed = await api(`/documents/${filed[2].id}`);
  await page.click("#document [data-act=undo]");
  await page.keyboard.type("Falscher Eingang");
  await page.click("dialog button.main");
  await page.waitForSelector("#document .timeline > li:has-text('rückgängig')");
  const back = await api(`/documents/${filed[2].id}`);
  check("what was handed on is back in one's own inbox", !handed.inbox && back.inbox === me.id);

  // Found by the reference of the case, gone to, closed.
  const ofCase = (await api(`/documents/${filed[1].id}`)).case;
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement.id === "q");
  await page.keyboard.type(ofCase.reference);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#offer-link");
  check("the reference offers to go there", (await text("#offer-link")).includes(ofCase.reference));
  await page.click("#offer-link");
  await page.waitForSelector("#record-title:focus");
  check("both documents stand in the case", (await page.locator(".record .rows a").count()) === 2);

  // The file first: its case is open.
  await page.click(".crumbs a >> nth=-1");
  await page.waitForSelector(`#record-title:has-text("Anfragen ${mark}")`);
  await page.click("[data-act=close]");
  await page.waitForSelector("dialog[open]");
  check("what stands against closing is named", (await text("dialog")).includes(ofCase.reference) && !(await page.locator("dialog button.main").count()));
  await page.click("dialog a");
  await page.waitForSelector(`#record-reference:text-is("${ofCase.reference}")`);
  await page.click("[data-act=close]");
  await page.click("dialog button.main");
  await page.waitForSelector("#record-said .good");
  check("the case is closed", (await text(".record > .chips")).includes("z.d.A.") && !(await page.locator("[data-act=close]").count()));

  // Somebody else was faster: what was typed stays, and the way out is named.
  await page.click(".crumbs a >> nth=-1");
  await page.waitForSelector(`#record-title:has-text("Anfragen ${mark}")`);
  const file = (await api(`/documents/${filed[1].id}`)).file;
  await page.click("[data-act=change]");
  await page.fill("dialog input >> nth=0", `Umbenannt ${mark}`);
  const now = await api(`/files/${file.id}`);
  await api(`/files/${file.id}`, sent("PATCH", { subject: `Anfragen ${mark} (schneller)` }, now.version));
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog [role=alert] button");
  check("a change of somebody else is explained, nothing typed is lost", (await page.inputValue("dialog input >> nth=0")) === `Umbenannt ${mark}`);
  await page.click("dialog [role=alert] button");
  await page.waitForSelector(`#record-title:has-text("schneller")`);
  await page.click("[data-act=close]");
  await page.click("dialog button.main");
  await page.waitForSelector("#record-said .good");
  const until = (await api(`/files/${file.id}`)).retention.until;
  check("how long it is kept is said in words", (await text("aside")).includes(`Aufzubewahren bis ${until.split("-").reverse().join(".")}`));
} catch (error) {
  failures += 1;
  console.log(`FAIL  ${error.message}`);
  await page.screenshot({ path: process.env.SCREENSHOT ?? "registry.png" });
}
check(`no error of the page${wrong.map((line) => `\n      ${line}`)}`, !wrong.length);
await browser.close();
console.log(failures ? `${failures} failures` : "all as it should be");
process.exit(failures ? 1 : 0);
