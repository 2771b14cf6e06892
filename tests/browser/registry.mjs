// A working day in the registry, in a real browser: something from the inbox goes into a new case of a new file, is
// found by its reference, and the case is closed; what stands against closing is named, and so is what somebody else changed.
//   node registry.mjs ADDRESS LOGIN PASSWORD
import { api as rest, check, enter, letter, sent, told, walk } from "./stage.mjs";

const [address, login, password] = told("registry.mjs ADDRESS LOGIN PASSWORD", 3);

// What the journey needs is put there by REST, under names that no other run has.
const mark = `${Date.now()}`;
const api = await rest(address, login, password);
const me = await api("/me");
const department = me.roles.find((one) => one.department).department;
const filed = [];
for (const name of ["eins", "zwei", "drei"]) {
  const made = await api("/documents", letter({ title: `Anfrage ${name} ${mark}`, department }, `anfrage-${name}.txt`));
  filed.push(await api(`/documents/${made.id}/route`, sent("POST", { department, inbox: login, note: `Bitte verakten, ${name}` }, made.version)));
}

await walk("registry", async () => {
  const page = await enter(address, login, password, /40[49]|412/);
  const text = (selector) => page.locator(selector).innerText();
  const item = (one) => page.locator(`#inbox-items [data-id="${one.id}"] a`);
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

  // What could be said about a scan is offered, and said only when it is saved.
  const subject = `Sperrung der Gasse ${mark}`;
  const words = `Betreff: ${subject}\nHollerfurt, den 11. Februar 2025\nSehr geehrte Damen und Herren,`;
  const scan = await api("/documents", letter({ title: `Scan ${mark}`, department }, "scan.txt", words));
  await page.goto(`${address}/#/?doc=${scan.id}`);
  await page.waitForSelector(`#document-title:has-text("Scan ${mark}")`);
  await page.click("#document [data-act=describe]");
  const offer = page.locator(`dialog .offers button:has-text("${subject}")`);
  await offer.waitFor();
  check("nothing fills itself", (await page.inputValue("dialog input >> nth=0")) === `Scan ${mark}`);
  await offer.click();
  check("a suggestion fills the field", (await page.inputValue("dialog input >> nth=0")) === subject);
  check("and says nothing yet", (await api(`/documents/${scan.id}`)).title === `Scan ${mark}`);
  await page.click("dialog button.main");
  await page.waitForSelector(`#document-title:has-text("${subject}")`);
  check("until it is saved", (await api(`/documents/${scan.id}`)).title === subject);

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
});
