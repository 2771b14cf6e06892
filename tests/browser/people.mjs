// Who is on the other side, and who is what in the house, in a real browser: a correspondent is made, changed while somebody
// else was faster, merged after a preview and split off again; a function is created, given, used as an inbox, taken, ended.
//   node people.mjs ADDRESS LOGIN PASSWORD ADMIN
import { api as rest, check, enter, letter, sent, told, walk } from "./stage.mjs";

const [address, login, password, admin] = told("people.mjs ADDRESS LOGIN PASSWORD ADMIN", 4);

// What the journey needs is put there by REST, under names that no other run has.
const mark = `${Date.now()}`;
const api = await rest(address, login, password);
const me = await api("/me");
const department = me.roles.find((one) => one.department).department;
const [small, large] = [`Wasserwerk ${mark}`, `Wasserwerke ${mark} GmbH`];
const filed = [];
for (const correspondent of [small, large]) {
  filed.push(await api("/documents", letter({ title: `Brief von ${correspondent}`, department, correspondent }, "brief.txt")));
}
const [smallId, largeId] = filed.map((one) => one.correspondent_id);

/** The other side. */
const correspondents = async (page) => {
  const text = (selector) => page.locator(selector).innerText();
  await page.click("#nav-correspondents");
  await page.fill("#correspondents-q", mark);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#correspondents-summary:has-text('2 Korrespondenten')");
  check("both are found by a word in the name", (await page.locator("#correspondents-items .hit").count()) === 2);
  check("the field keeps the focus", await page.evaluate(() => document.activeElement.id === "correspondents-q"));

  // Made, but not what is there already.
  await page.click("#new-correspondent");
  await page.keyboard.type(small);
  await page.waitForSelector(`dialog .note a:text-is("${small}")`);
  check("who is there already is named", true);
  await page.fill("dialog input >> nth=0", `Zweckverband ${mark}`);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`#correspondent-title:focus:text-is("Zweckverband ${mark}")`);
  const made = page.url().split("/").at(-1);
  check("a new one has the focus on its name", (await api(`/correspondents/${made}`)).name === `Zweckverband ${mark}`);

  // Somebody else was faster: what was typed stays, and the way out is named.
  await page.click("[data-act=change]");
  await page.fill("dialog input >> nth=0", `Zweckverband Nord ${mark}`);
  await api(`/correspondents/${made}`, sent("PATCH", { email: "post@zweckverband.example" }, 1));
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog [role=alert] button");
  check("a change of somebody else is explained, nothing typed is lost", (await text("dialog [role=alert]")).includes("von jemand anderem geändert")
    && (await page.inputValue("dialog input >> nth=0")) === `Zweckverband Nord ${mark}`);
  await page.click("dialog [role=alert] button");
  await page.waitForSelector("#view-correspondents aside:has-text('post@zweckverband.example')");
  await page.click("[data-act=change]");
  await page.fill("dialog input >> nth=0", `Zweckverband Nord ${mark}`);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#correspondent-said .good");
  check("the former name stays as another one", (await text("#view-correspondents aside")).includes(`Zweckverband ${mark}`)
    && (await api(`/correspondents/${made}`)).aliases.includes(`Zweckverband ${mark}`));
  check("back at the button that opened it", await page.evaluate(() => document.activeElement.dataset.act === "change"));

  // Merged after a preview.
  await page.goto(`${address}/#/korrespondenten/${smallId}`);
  await page.waitForSelector(`#correspondent-title:text-is("${small}")`);
  await page.click("[data-act=merge]");
  await page.waitForSelector("dialog[open]");
  check("nothing is merged that was not looked at", await page.locator("dialog button.main").isDisabled());
  await page.fill("dialog input[role=combobox]", large);
  await page.waitForSelector("dialog .picks:visible li[aria-selected=true]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog .preview table");
  check("the preview says which name comes to whom", (await text("dialog .preview")).includes(`„${large}“ wird künftig auch gefunden als: ${small}.`));
  check("looking changes nothing", !(await api(`/correspondents/${smallId}`)).merged_into);
  await page.click("dialog button.main");
  await page.waitForSelector(`#correspondent-title:focus:text-is("${large}")`);
  await page.waitForSelector("#correspondent-said .good");
  check("it went into the other one", (await api(`/correspondents/${smallId}`)).merged_into === largeId && (await api(`/correspondents/${largeId}`)).aliases.includes(small));
  check("the documents of both stand there", (await page.locator("#correspondent-documents li").count()) === 2);

  // And split off again.
  await page.click("#correspondent-said a");
  await page.waitForSelector("#survivor");
  check("what was merged leads on, and is not changed", (await text("#survivor")) === large && !(await page.locator("[data-act=change]").count()));
  await page.click("[data-act=split]");
  await page.fill("dialog textarea", "Versehentlich zusammengeführt");
  await page.click("dialog button.main");
  await page.waitForSelector("#correspondent-said .good");
  check("it stands for itself again", !(await api(`/correspondents/${smallId}`)).merged_into && !(await api(`/correspondents/${largeId}`)).aliases.includes(small));
  check("the history tells of it", (await text("#view-correspondents .timeline")).includes("Wieder abgetrennt"));

  // From a document to who that is, and a name that is known while filing.
  await page.goto(`${address}/#/?doc=${filed[0].id}`);
  await page.click(`#document dd a:text-is("${small}")`);
  await page.waitForSelector(`#correspondent-title:focus:text-is("${small}")`);
  await page.goto(`${address}/#/ablegen`);
  await page.locator("#correspondent").pressSequentially(small);
  await page.locator(`#correspondent-names option[value="${small}"]`).waitFor({ state: "attached" });
  check("while filing a known name is offered", true);
};

/** Functions: what the administration does, and what that means for the one who holds it. */
const functions = async (page, office) => {
  const text = (selector) => office.locator(selector).innerText();
  const code = `amt-${mark}`;
  check("who only administers is not offered correspondents", await office.isHidden("#nav-correspondents"));
  await office.click("#nav-functions");
  await office.click("#new-function");
  await office.keyboard.type(`Beauftragte ${mark}`);
  await office.fill("dialog input >> nth=1", "Kein Kürzel");
  await office.selectOption("dialog select", department);
  await office.keyboard.press("Tab");
  await office.click("dialog button.main");
  await office.waitForSelector("dialog [role=alert] li");
  check("a refusal names the field by its name on the page", (await text("dialog [role=alert]")).includes("Kürzel:"));
  await office.fill("dialog input >> nth=1", code);
  await office.click("dialog button.main");
  await office.waitForSelector(`#function-title:focus:text-is("Beauftragte ${mark}")`);
  check("a new function is shown, and nobody holds it", (await text("#view-functions")).includes("Zurzeit niemand."));

  await office.click("[data-act=giveFunction]");
  await office.fill("dialog input[role=combobox]", login);
  await office.waitForSelector("dialog .picks:visible li[aria-selected=true]");
  await office.keyboard.press("Enter");
  const year = new Date().getFullYear() + 1;
  await office.fill("dialog input[type=date] >> nth=1", `${year}-12-31`);
  await office.click("dialog button.main");
  await office.waitForSelector("#function-holders li");
  check("it is given, and until when is said with its last day", (await text("#function-holders")).includes(me.name) && (await text("#function-holders")).includes(`bis einschließlich 31.12.${year}`));
  await office.click("[data-act=giveFunction]");
  await office.fill("dialog input[role=combobox]", login);
  await office.waitForSelector("dialog .picks:visible li[aria-selected=true]");
  await office.keyboard.press("Enter");
  await office.click("dialog button.main");
  await office.waitForSelector("dialog [role=alert]:has-text('schon')");
  check("not twice for the same time", true);
  await office.click("dialog .buttons button[type=button]");
  await office.click("#nav-functions");
  await office.waitForSelector(`#functions-items [data-code="${code}"]:has-text("${me.name}")`);
  check("the list says who holds it", true);

  // The one who holds it sees that, and something is handed on to it.
  await page.click("#nav-functions");
  await page.waitForSelector(`#functions-items [data-code="${code}"] .chip`);
  check("whoever does not administer creates none", !(await page.locator("#new-function").count()));
  await page.click(`#functions-items [data-code="${code}"] a`);
  await page.waitForSelector("#function-title:focus");
  check("and gives and takes none", !(await page.locator("#view-functions .actions, #function-holders button").count()));
  await page.goto(`${address}/#/?doc=${filed[1].id}`);
  // Another document may stand there until this one has come.
  await page.waitForSelector(`#document-title:has-text("${filed[1].title}")`);
  await page.click("#document [data-act=route]");
  await page.waitForSelector("dialog select");
  await page.selectOption("dialog select >> nth=1", `function:${code}`);
  await page.click("dialog button.main");
  await page.waitForSelector("#document .timeline > li:has-text('Weitergeleitet')");
  await page.click("#nav-functions");
  await page.click(`#functions-items [data-code="${code}"] a`);
  await page.click("#function-inbox");
  await page.waitForSelector(`#inbox-items [data-id="${filed[1].id}"]`);
  await page.waitForSelector(`.tabs [aria-current]:has-text("Beauftragte ${mark}")`);
  check("what was handed on lies in the inbox of the function", (await page.locator("#inbox-items .hit").count()) === 1);

  await office.click(`#functions-items [data-code="${code}"] a`);
  await office.waitForSelector("#function-holders button");
  await office.click("#function-holders button");
  await office.click("dialog button.main");
  await office.waitForSelector("#function-said .good");
  check("taken away, nobody holds it", !(await office.locator("#function-holders").count()));
  check("the focus is on what it was about", await office.evaluate(() => document.activeElement.id === "function-title"));
  await office.click("[data-act=endFunction]");
  await office.click("dialog button.main");
  await office.waitForSelector("#functions-title:focus");
  await office.waitForSelector("#function-said .good");
  check("ended, it is gone from the list", !(await office.locator(`#functions-items [data-code="${code}"]`).count()));
};

await walk("people", async () => {
  const signedIn = async (who) => {
    const page = await enter(address, who, password, /40[49]|412|422/);
    await page.waitForSelector("#nav-functions:visible");
    return page;
  };
  const page = await signedIn(login);
  await correspondents(page);
  await functions(page, await signedIn(admin));
});
