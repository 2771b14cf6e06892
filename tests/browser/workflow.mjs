// A business trip from request to closed, in a real browser: a clerk asks, the head approves, the clerk claims, the head
// settles. On the way something is refused, something is missing, and somebody else was faster. Under axe.
//   node workflow.mjs ADDRESS LOGIN PASSWORD ADMIN
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { api as rest, check, enter, letter, sent, told, walk } from "./stage.mjs";

const [address, login, password, admin] = told("workflow.mjs ADDRESS LOGIN PASSWORD ADMIN", 4);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const mark = `${Date.now()}`;
const api = await rest(address, login, password);
const office = await rest(address, admin, password);
const me = await api("/me");
const department = me.roles.find((one) => one.department).department;
const WORKS = 60_000;

/** The head of the department, who has the function of the personnel office for this journey. */
const headOf = async () => {
  for (const one of (await office("/accounts")).items.filter((account) => !account.disabled && account.login !== login)) {
    const grants = (await office(`/accounts/${one.id}/role-grants`)).items;
    if (grants.some((grant) => grant.role === "head" && grant.department === department && grant.standing === "in_force")) return one;
  }
  throw new Error(`nobody heads ${department}`);
};
const head = await headOf();
const personnel = (await office("/functions")).items.find((one) => one.code === "personal")
  ?? await office("/functions", sent("POST", { name: "Personalstelle", code: "personal", department }));
const holders = (await office(`/functions/${personnel.id}/holders`)).items;
if (!holders.some((one) => one.account === head.id && one.standing === "in_force")) {
  await office(`/functions/${personnel.id}/holders`, sent("POST", { account: head.login }));
}

// A case of the kind, and the claim that will be checked.
const file = (await api(`/files?state=open&department=${department}&limit=1`)).items[0];
const trip = await api("/cases", sent("POST", { file: file.id, subject: `Dienstreise ${mark}`, type: "business_trip" }));
const claim = await api("/documents", letter({ title: `Reisekostenrechnung ${mark}`, department, case: trip.id }, "reisekosten.txt"));

const found = async (page, what) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  check(`${what}: axe${violations.map((one) => ` ${one.id} ${one.nodes[0]?.html.slice(0, 120)}`)}`, !violations.length);
};
const today = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Berlin" }).format(new Date());
const fields = (page) => page.locator("#view-tasks .step.now");

/** The step that one is asked to do, in the slip of its own page. */
const toStep = async (page, key) => {
  await page.waitForSelector(`#view-tasks .step.now [data-outcome=${key}]`);
  return page.locator(`#view-tasks .step.now [data-outcome=${key}]`);
};
/** Whoever approves the need says who has the budget. */
const payer = (page) => fields(page).getByRole("combobox", { name: "Budgetverantwortung" });
const namePayer = async (page) => {
  await payer(page).fill(head.login);
  await page.waitForSelector("#view-tasks .step.now .picks:visible li[aria-selected=true]");
  await page.keyboard.press("Enter");
};
const sure = async (page) => {
  await page.waitForSelector("dialog[open]");
  await page.click("dialog button.main");
  await page.waitForSelector("dialog", { state: "detached" });
};
/** Reads the page again until the step is there: what the system does takes a moment. */
const until = async (page, selector) => {
  const end = Date.now() + WORKS;
  for (;;) {
    await page.reload();
    try {
      await page.waitForSelector(selector, { timeout: 2_000 });
      return;
    } catch (error) { if (Date.now() > end) throw error; }
  }
};

await walk("workflow", async () => {
  // What is refused is said by a 4xx, which the console tells too.
  const clerk = await enter(address, login, password, /40[39]|422/);
  await clerk.waitForSelector("#nav:not([hidden])");
  await clerk.goto(`${address}/#/vorgaenge/${trip.id}`);
  await clerk.click("[data-act=startFlow]");
  await clerk.waitForSelector("dialog[open] optgroup", { state: "attached" });
  check("what fits the case comes first", (await clerk.locator("dialog optgroup").first().locator("option").first().getAttribute("value")) === "business-trip");
  await clerk.waitForSelector("dialog >> text=Reisende Person");
  await found(clerk, "starting");
  await clerk.click("dialog button.main");
  await clerk.waitForSelector("dialog", { state: "detached" });
  await clerk.waitForSelector(".flows .step.now");
  await found(clerk, "a case with its slip");
  const { id } = (await api(`/workflows?case=${trip.id}`)).items[0];

  // The request, from the list of tasks. The house asks first whether a conference would do.
  await clerk.click("#nav-tasks");
  await clerk.waitForSelector(`#tasks-items [href^="#/umlaeufe/${id}"]`);
  await found(clerk, "tasks");
  await clerk.locator(`#tasks-items h2 [href^="#/umlaeufe/${id}"]`).click();
  const request = await toStep(clerk, "requested");
  check("whoever comes from the list is at the step", await clerk.evaluate(() => Boolean(document.activeElement.closest(".step.now"))));
  const said = (name) => fields(clerk).getByLabel(name);
  await said("Zweck der Reise").fill(`Städtetag ${mark}`);
  await said("Reiseziel").fill("Köln");
  await said("Beginn").fill(today);
  await said("Ende").fill(today);
  await said("Verkehrsmittel").selectOption("train");
  await said("Voraussichtliche Kosten").fill("180,5");
  await said("Eine Videokonferenz genügt nicht").selectOption("false");
  await request.click();
  await clerk.waitForSelector("#view-tasks .step.now form [role=alert]:has-text('Videokonferenz')");
  check("what the procedure refuses stands at the step", true);
  await found(clerk, "a step that was refused");
  check("and what was typed is still there", (await said("Reiseziel").inputValue()) === "Köln");
  await said("Eine Videokonferenz genügt nicht").selectOption("true");
  await request.click();
  await clerk.waitForSelector("#view-tasks .flow-said .good");
  check("the amount was understood", (await api(`/workflows/${id}`)).fields.cost === "180.50");

  // The head, in two windows: the second one is late.
  const boss = await enter(address, head.login, password, /40[39]|422/);
  await boss.waitForSelector("#nav-tasks:visible");
  await boss.click("#nav-tasks");
  const row = boss.locator(`#tasks-items [data-task^="${id}"]`);
  await row.waitFor();
  await row.locator("[data-act=claim]").click();
  await row.locator("[data-act=release]").waitFor();
  check("claimed, it says so", (await row.innerText()).includes("von Ihnen übernommen"));
  await row.locator("h2 a").click();
  const approve = await toStep(boss, "approved");
  const late = await boss.context().newPage();
  // A window to which no news come: it would follow what is done in the other one.
  await late.route("**/inbox/events", (route) => route.abort());
  await late.goto(boss.url());
  const tooLate = await toStep(late, "approved");
  await boss.locator("#view-tasks .step.now [data-outcome=rejected]").click();
  await boss.waitForSelector("#view-tasks .step.now [aria-invalid=true]");
  check("who turns it down says why", await boss.evaluate(() => document.activeElement.matches("textarea")));
  await approve.click();
  await boss.waitForSelector("#view-tasks .step.now [role=combobox][aria-invalid=true]");
  check("who pays is missing", await payer(boss).evaluate((control) => control === document.activeElement));
  await namePayer(boss);
  await namePayer(late);
  await approve.click();
  await boss.waitForSelector("dialog[open]");
  await found(boss, "asked once more");
  await sure(boss);
  await boss.waitForSelector("#view-tasks .flow-said .good");
  await tooLate.click();
  await sure(late);
  await late.waitForSelector("#view-tasks .flow-said .warn:has-text('erledigt')");
  check("whoever is late reads what happened, and the slip as it is", (await late.locator("#view-tasks .step.done").count()) === 2);
  await found(late, "somebody was faster");
  await late.close();
  await (await toStep(boss, "approved")).click();
  await sure(boss);
  await boss.waitForSelector("#view-tasks .flow-said .good");

  // The system makes the approval; the trip; the claim.
  await clerk.goto(`${address}/#/umlaeufe/${id}`);
  await until(clerk, "#view-tasks .step.now [data-outcome=travelled]");
  await said("Tatsächliches Ende").fill(today);
  await clerk.click("#view-tasks .step.now [data-outcome=travelled]");
  await clerk.waitForSelector("#view-tasks .step.now [data-outcome=claimed]");
  await said("Beantragter Betrag").fill("180,50");
  await said("Reisekostenrechnung (nötig)").selectOption(claim.id);
  await clerk.click("#view-tasks .step.now [data-outcome=claimed]");
  await clerk.waitForSelector("#view-tasks .flow-said .good");

  // Checked by the personnel office: exactly this version.
  await boss.goto(`${address}/#/umlaeufe/${id}`);
  await boss.waitForSelector("#view-tasks .step.now .seen .mono");
  const version = (await api(`/documents/${claim.id}`)).content;
  check("the version that is signed is shown", (await boss.locator("#view-tasks .step.now .seen .mono").innerText()).includes(version.sha512));
  await found(boss, "a step that binds");
  await fields(boss).getByLabel("Festgesetzter Betrag").fill("180,50");
  await boss.click("#view-tasks .step.now [data-outcome=settled]");
  await sure(boss);
  await boss.waitForSelector("#view-tasks .flow-said .good");
  const bound = (await api(`/workflows/${id}`)).slip.find((step) => step.key === "check_claim").done.bound;
  check("and bound to just that", bound.sha512 === version.sha512);
  await until(boss, "#view-tasks .flow > div > .chips .chip:has-text('beendet')");
  check("it has ended", (await api(`/workflows/${id}`)).ended.how === "done");
  await boss.locator("#view-tasks .flow-history summary").click();
  await boss.waitForSelector("#view-tasks .flow-history .timeline li");
  await found(boss, "a workflow that has ended, with its history");

  // What the procedure says, and what one was told.
  await clerk.click("#nav-procedures");
  await clerk.click("#procedures-items [href^='#/verfahren/business-trip']");
  await clerk.waitForSelector(".diagram img");
  check("its picture is shown", await clerk.locator(".diagram img").evaluate(async (image) => { await image.decode(); return image.naturalWidth > 100; }));
  await found(clerk, "a procedure");
  await clerk.click("#nav-notices");
  await clerk.waitForSelector("#notices-items > li");
  await found(clerk, "notifications");
  await clerk.click("#notice-settings");
  await clerk.waitForSelector("#feeds");
  await clerk.locator("#view-notices").getByLabel("Wofür").fill(`Reise ${mark}`);
  await clerk.getByRole("button", { name: "Kalender anlegen" }).click();
  await clerk.waitForSelector("#feed-url");
  await found(clerk, "a calendar that was made");
  await clerk.locator("#feeds li", { hasText: mark }).getByRole("button").click();
  await sure(clerk);
  await clerk.waitForSelector("#feeds-said .good");
  check("ended, its address is gone", !(await clerk.locator("#feed-url").count()));
});
