// A letter that is signed finally and then waits for a payment, in a real browser: its procedure gets a newer version on
// the way and it is moved there, documents go with a step, the signer files an editorial version, the payment is told by
// hand, and a window follows what others do without losing what is typed in it. Under axe.
//   node moving.mjs ADDRESS LOGIN PASSWORD ADMIN
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { api as rest, check, enter, letter, sent, told, walk } from "./stage.mjs";

const [address, login, password, admin] = told("moving.mjs ADDRESS LOGIN PASSWORD ADMIN", 4);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const mark = `${Date.now()}`;
const name = `journey-${mark}`;
const api = await rest(address, login, password);
const office = await rest(address, admin, password);
const me = await api("/me");
const department = me.roles.find((one) => one.department).department;

/** Who has one of these roles, here or everywhere. */
const grants = [];
for (const account of (await office("/accounts")).items.filter((one) => !one.disabled)) {
  for (const grant of (await office(`/accounts/${account.id}/role-grants`)).items) if (grant.standing === "in_force") grants.push({ ...grant, login: account.login });
}
const whoIs = (roles, besides = []) => {
  const found = grants.find((one) => roles.includes(one.role) && (!one.department || one.department === department || roles.length > 1) && !besides.includes(one.login));
  if (!found) throw new Error(`nobody is ${roles}`);
  return found.login;
};
const head = whoIs(["head"]);
const second = whoIs(["records_manager", "mayor", "head", "admin"], [admin, head]);
const application = whoIs(["integrator"]);

const source = (version, signing) => `id = "${name}"
version = ${version}
title = { de = "Schreiben mit Zahlung ${mark}", en = "Letter and payment ${mark}" }
case_type = "journey"
start = "draft"
start_by = [{ anybody = true }]

[[field]]
key = "letter"
label = { de = "Schreiben", en = "Letter" }
kind = "document"
required = true

[[field]]
key = "paid_on"
label = { de = "Gezahlt am", en = "Paid on" }
kind = "day"

[[state]]
id = "draft"
label = { de = "Entwurf", en = "Draft" }
next = "${signing}"

  [[state.step]]
  id = "write"
  label = { de = "Entwerfen", en = "Draft" }
  kind = "task"
  assignee = { initiator = true }
  outcomes = [{ key = "written", label = { de = "entworfen", en = "drafted" } }]

[[state]]
id = "${signing}"
label = { de = "Zeichnung ${version}", en = "Signing ${version}" }
next = "payment"

  [[state.step]]
  id = "sign"
  label = { de = "Schlusszeichnen", en = "Sign" }
  kind = "final_sign"
  assignee = { role = "head" }
  binds = "letter"
  outcomes = [{ key = "signed", label = { de = "gezeichnet", en = "signed" } }]

[[state]]
id = "payment"
label = { de = "Zahlung", en = "Payment" }
next = "closed"

  [[state.step]]
  id = "paid"
  label = { de = "Zahlung abwarten", en = "Wait for the payment" }
  kind = "event"
  event = "journey_paid"
  assignee = { system = true }
  ask = [{ field = "paid_on" }]
  outcomes = [{ key = "paid", label = { de = "gezahlt", en = "paid" } }]

[[state]]
id = "closed"
label = { de = "Erledigt", en = "Done" }
end = "done"
`;
/** Proposed by one, approved by two others. */
const holds = async (version, signing) => {
  await office("/workflow-definitions", sent("POST", { source: source(version, signing) }));
  for (const one of [head, second]) {
    const by = await rest(address, one, password);
    await by(`/workflow-definitions/${name}/versions/${version}/approve`, { method: "POST" });
  }
};
await holds(1, "signing");
const file = (await api(`/files?state=open&department=${department}&limit=1`)).items[0];
const filed = await api("/cases", sent("POST", { file: file.id, subject: `Schreiben ${mark}`, type: "journey" }));
const reply = await api("/documents", letter({ title: `Schreiben ${mark}`, department, case: filed.id }, "schreiben.txt"));
const enclosed = await api("/documents", letter({ title: `Stellungnahme ${mark}`, department, case: filed.id }, "stellungnahme.txt"));
const { id } = await api("/workflows", sent("POST", { definition: name, case: filed.id, fields: { letter: reply.id } }));
const here = async () => api(`/workflows/${id}`);

const found = async (page, what) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  check(`${what}: axe${violations.map((one) => ` ${one.id} ${one.nodes[0]?.html.slice(0, 120)}`)}`, !violations.length);
};
const gone = (page) => page.waitForSelector("dialog", { state: "detached" });
const now = "#view-tasks .step.now";

await walk("moving", async () => {
  const clerk = await enter(address, login, password, /40[39]|422/);
  await clerk.waitForSelector("#nav:not([hidden])");
  await clerk.goto(`${address}/#/umlaeufe/${id}`);
  await clerk.waitForSelector(`${now} [data-outcome=written]`);

  // A document of the case goes with the step.
  await clerk.click(`${now} .besides summary`);
  await clerk.locator(`${now} .besides`).getByLabel(`Stellungnahme ${mark}`).check();
  await found(clerk, "documents that go with a step");
  await clerk.click(`${now} [data-outcome=written]`);
  await clerk.waitForSelector("#view-tasks .flow-said .good");
  check("the document went with it", (await here()).slip.find((step) => step.key === "write").done.documents.includes(enclosed.id));
  check("and the slip says so", await clerk.locator("#view-tasks .step.done", { hasText: `Stellungnahme ${mark}` }).count() === 1);

  // The procedure gets a newer version; whoever may break the workflow off moves it there.
  await holds(2, "final");
  await clerk.goto(`${address}/#/verfahren/${name}`);
  await clerk.waitForSelector(`[data-older="${id}"]`);
  await found(clerk, "a procedure by whose older version something runs");
  await clerk.click("[data-act=migrate]");
  await clerk.waitForSelector("dialog[open]");
  await clerk.locator("dialog textarea").fill("Neue Fassung");
  await clerk.click("dialog button.main");
  await clerk.waitForSelector("dialog .error:has-text('Zeichnung 1')");
  check("where the old state leads has to be said", (await here()).definition.version === 1);
  await found(clerk, "moving to a newer version");
  await clerk.locator("dialog select").selectOption("final");
  await clerk.click("dialog button.main");
  await gone(clerk);
  await clerk.waitForSelector("#definition-said .good");
  const moved = await here();
  check("it goes on by the newer version, in the state that was named", moved.definition.version === 2 && moved.state.id === "final");

  // The head signs finally. What she has typed stays while the slip follows what happens elsewhere.
  const boss = await enter(address, head, password, /40[39]|422/);
  await boss.waitForSelector("#nav:not([hidden])");
  await boss.goto(`${address}/#/umlaeufe/${id}`);
  await boss.waitForSelector(`${now} [data-outcome=signed]`);
  const note = boss.locator(`${now} [data-control=note]`);
  await note.fill("Mit Dank");
  await note.evaluate((control) => control.setSelectionRange(3, 3));
  const elsewhere = await rest(address, head, password);
  const step = moved.slip.find((one) => one.key === "sign" && one.status === "open").number;
  await elsewhere(`/workflows/${id}/steps/${step}/claim`, { method: "POST" });
  // Coming back to the window is a reason to look, as news in one's inboxes are.
  await boss.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await boss.waitForSelector(`${now} .chip:has-text('von Ihnen übernommen')`);
  check("the slip has followed, what was typed stays, and the focus where it was", await note.evaluate((control) =>
    control.value === "Mit Dank" && document.activeElement === control && control.selectionStart === 3));
  await found(boss, "a slip that has followed");

  // A typing error: the next version is editorial.
  await boss.click(`${now} [data-act^=version-]`);
  await boss.waitForSelector("dialog[open]");
  await boss.click("dialog button.main");
  await boss.waitForSelector("dialog .error:has-text('Datei')");
  await found(boss, "a new version");
  await boss.setInputFiles("dialog input[type=file]", { name: "schreiben.txt", mimeType: "text/plain", buffer: Buffer.from(`Schreiben ${mark}, ohne Schreibfehler`) });
  await boss.click("dialog button.main");
  await gone(boss);
  await boss.waitForSelector("#view-tasks .flow-said .good:has-text('redaktionell')");
  const history = await api(`/workflows/${id}/history?limit=100`);
  check("it was announced", history.items.some((one) => one.command === "editorial"));
  const version = (await api(`/documents/${reply.id}`)).content;
  await boss.waitForSelector(`${now} .seen .mono:has-text('${version.sha512.slice(0, 32)}')`);
  check("the new version is shown, and what was typed is still there", version.number === 2 && await note.inputValue() === "Mit Dank");

  // Another window of the clerk's stands open while the head signs, and follows.
  await clerk.goto(`${address}/#/umlaeufe/${id}`);
  await clerk.waitForSelector("#view-tasks .slip");
  await boss.click(`${now} [data-outcome=signed]`);
  await boss.waitForSelector("dialog[open]");
  await boss.click("dialog button.main");
  await gone(boss);
  await boss.waitForSelector("#view-tasks .flow-said .good");
  await clerk.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await clerk.waitForSelector("#view-tasks .flow-said .note:has-text('Schlusszeichnen')");
  check("whoever looks on is told what has happened, and for what it waits", await clerk.locator("#view-tasks .step.open", { hasText: "Das meldet ein Fachverfahren" }).count() === 1);

  // The payment, told by hand by whoever speaks for the application.
  const house = await enter(address, application, password, /40[39]|422/);
  await house.waitForSelector("#nav:not([hidden])");
  await house.goto(`${address}/#/umlaeufe/${id}`);
  await house.waitForSelector(`${now} [data-outcome=paid]`);
  await house.click(`${now} [data-outcome=paid]`);
  await house.waitForSelector(`${now} [aria-invalid=true]`);
  await house.locator(now).getByLabel("Gezahlt am").fill("2026-11-27");
  await found(house, "an event that is told by hand");
  await house.click(`${now} [data-outcome=paid]`);
  await house.waitForSelector("dialog[open]");
  await house.click("dialog button.main");
  await gone(house);
  await house.waitForSelector("#view-tasks .flow > div > .chips .chip:has-text('beendet')");
  check("it has ended", (await here()).ended.how === "done");

  // Nothing begins by it any more.
  for (const version of [2, 1]) await office(`/workflow-definitions/${name}/versions/${version}/retire`, sent("POST", { reason: "Ende der Probe" }));

  // The head of the page keeps its two rows, however wide the window.
  for (const width of [1440, 1280, 1024]) {
    await clerk.setViewportSize({ width, height: 800 });
    const rows = await clerk.evaluate(() => new Set([...document.querySelectorAll("#nav a")].filter((one) => one.offsetParent).map((one) => one.offsetTop)).size);
    check(`the places stand in one row at ${width}`, rows === 1);
    check(`no sideways scrolling at ${width}`, !(await clerk.evaluate(() => document.documentElement.scrollWidth > innerWidth)));
  }
});
