// The staff page under axe: every state of it, light and dark, wide and narrow. No violation is accepted.
//   node axe.mjs ADDRESS LOGIN PASSWORD [LOGIN OF THE REGISTRY [LOGIN OF AN ADMINISTRATOR]]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arrive, check, complaints, end, enter, signIn, told } from "./stage.mjs";

const [address, login, password, keeper, admin] = told("axe.mjs ADDRESS LOGIN PASSWORD [LOGIN OF THE REGISTRY [LOGIN OF AN ADMINISTRATOR]]", 3);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const found = async (page, what) => {
  // Evaluated by the debugger and not as a script of the page: the page's own policy stays in force.
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  check(`${what}: ${passes.length} rules passed, ${violations.length} violated`, !violations.length);
  for (const { id, help, nodes } of violations) {
    console.log(`      ${id}: ${help}`);
    for (const node of nodes) console.log(`        ${node.html.slice(0, 160)}`);
  }
};

const dialog = async (page, opener, what) => {
  await page.click(opener);
  await page.waitForSelector("dialog[open]");
  await found(page, what);
};
const leave = async (page) => {
  await page.click("dialog[open] .buttons button[type=button]");
  await page.waitForSelector("dialog", { state: "detached" });
};
const sideways = async (page, what) =>
  check(`no sideways scrolling, ${what}`, !(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)));

/** The pages of the registry and what they ask. */
const registry = async (page, look) => {
  await page.click("#nav-inbox");
  await page.waitForSelector("#inbox-items .hit");
  await found(page, `inbox, ${look}`);
  await page.click("#inbox-items .hit a");
  await page.waitForSelector("#inbox-side .leaf");
  await found(page, `a document of the inbox, ${look}`);
  await sideways(page, `inbox, ${look}`);
  await dialog(page, "#inbox-side [data-act=register]", `registering, ${look}`);
  await page.check("dialog input[value=file]");
  await found(page, `registering into a new file, ${look}`);
  await leave(page);
  check(`back at the button that opened it, ${look}`, await page.evaluate(() => document.activeElement.dataset.act === "register"));
  for (const act of ["route", "discard"]) {
    await dialog(page, `#inbox-side [data-act=${act}]`, `${act}, ${look}`);
    await leave(page);
  }
  await page.click("#nav-records");
  await page.waitForSelector("#files-items .hit");
  await found(page, `files, ${look}`);
  await sideways(page, `files, ${look}`);
  await dialog(page, "#open-file", `opening a file, ${look}`);
  await leave(page);
  await page.locator("#files-items .hit a").last().click();
  await page.waitForSelector("#record-reference");
  await page.click(".case summary");
  await page.waitForSelector(".case .rows, .case .nothing");
  await found(page, `a file, ${look}`);
  await sideways(page, `a file, ${look}`);
  await dialog(page, "[data-act=change]", `changing a file, ${look}`);
  await leave(page);
  await page.click(".case > p a");
  await page.waitForSelector("#record-title:focus");
  await found(page, `a case, ${look}`);
  await page.click("#nav-plan");
  await page.waitForSelector("#plan-title");
  await found(page, `file plan, ${look}`);
  await page.locator(".tree a").first().click();
  await page.waitForSelector(".tree [aria-current]");
  await found(page, `a unit of the plan, ${look}`);
  await sideways(page, `plan, ${look}`);
};

/** Correspondents and functions, as far as a clerk has to do with them. Nothing is written. */
const people = async (page, look) => {
  await page.click("#nav-correspondents");
  await page.waitForSelector("#correspondents-items .hit");
  await found(page, `correspondents, ${look}`);
  await sideways(page, `correspondents, ${look}`);
  await dialog(page, "#new-correspondent", `a new correspondent, ${look}`);
  await leave(page);
  await page.click("#correspondents-items .hit a");
  await page.waitForSelector("#correspondent-title:focus");
  await found(page, `a correspondent, ${look}`);
  await sideways(page, `a correspondent, ${look}`);
  await dialog(page, "#view-correspondents [data-act=change]", `changing a correspondent, ${look}`);
  await leave(page);
  await page.click("#view-correspondents [data-act=merge]");
  await page.waitForSelector("dialog .picks li:not(.none)");
  await found(page, `merging correspondents, ${look}`);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog .preview table");
  await found(page, `the effect of a merger, ${look}`);
  await sideways(page, `the effect of a merger, ${look}`);
  await leave(page);
  check(`back at the button that opened it, merging, ${look}`, await page.evaluate(() => document.activeElement.dataset.act === "merge"));
  await page.click("#nav-functions");
  await page.waitForSelector("#functions-items li");
  await found(page, `functions, ${look}`);
  await sideways(page, `functions, ${look}`);
  await page.click("#functions-items a");
  await page.waitForSelector("#function-title:focus");
  await found(page, `a function, ${look}`);
};

/** What workflows ask and tell, as far as it is only looked at. */
const flows = async (page, look) => {
  await page.click("#nav-tasks");
  await page.waitForSelector("#tasks-items > li");
  await found(page, `tasks, ${look}`);
  await sideways(page, `tasks, ${look}`);
  await page.click("#nav-notices");
  await page.waitForSelector("#notices-items > li");
  await found(page, `notifications, ${look}`);
  await page.click("#notice-settings");
  await page.waitForSelector("#feeds > li");
  await found(page, `mail and calendars, ${look}`);
  await sideways(page, `mail and calendars, ${look}`);
  await page.click("#nav-procedures");
  await page.waitForSelector("#procedures-items a");
  await found(page, `procedures, ${look}`);
  await page.click("#procedures-items a");
  await page.waitForSelector("#definition-title:focus");
  await found(page, `a procedure, ${look}`);
  await sideways(page, `a procedure, ${look}`);
};

const looks = {
  "wide, light": { viewport: { width: 1440, height: 900 }, colorScheme: "light" },
  "wide, dark": { viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  "narrow": { viewport: { width: 360, height: 740 }, colorScheme: "light" },
  "400 %": { viewport: { width: 320, height: 256 }, colorScheme: "light" },
};
for (const [look, options] of Object.entries(looks)) {
  const page = await arrive(address, null, options);
  await page.waitForSelector("#sign-in:visible");
  await found(page, `sign-in, ${look}`);
  await signIn(page, login, password);
  await page.waitForSelector(".hit");
  await found(page, `list, ${look}`);
  const before = await page.locator(".hit").count();
  await page.click("#more");
  await page.locator(".hit").nth(before).waitFor();
  check(`more hits on request, ${look}`, (await page.locator(".hit").count()) > before);
  await page.fill("#q", "");
  await page.locator("#q").pressSequentially("Rech");
  await page.waitForSelector("#suggestions li");
  await found(page, `suggestions, ${look}`);
  await page.fill("#q", "Rechnung");
  await page.press("#q", "Enter");
  await page.waitForSelector(".hit mark");
  const compared = [];
  page.on("request", (request) => { if (request.url().endsWith("/duplicates")) compared.push(request.url()); });
  await page.click(".hit a");
  await page.waitForSelector(".leaf");
  await found(page, `document, ${look}`);
  check(`no texts are compared before somebody asks, ${look}`, !compared.length);
  await page.click("#document .same-texts > summary");
  await page.waitForSelector("#document .same-texts > div:not([aria-busy]) > *");
  await found(page, `what has the same text, ${look}`);
  check(`and once when somebody does, ${look}`, compared.length === 1);
  await sideways(page, look);
  await registry(page, look);
  await people(page, look);
  await flows(page, look);
  await page.click("#nav-file");
  await page.waitForSelector("#drop:visible");
  await found(page, `filing, ${look}`);
  await page.click("#language");
  await found(page, `filing in English, ${look}`);
  await page.click("#nav-account");
  await page.waitForSelector("#sessions li");
  await found(page, `account in English, ${look}`);
  const kept = await page.evaluate(() => [document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage)].join(" "));
  check(`no script can read a secret, ${look}`, !/pl[st]_/.test(kept));
  const cookies = await page.context().cookies();
  const session = cookies.find((one) => one.name === "__Host-papierlos");
  check(`the session is a cookie out of reach, ${look}`, session?.httpOnly && session.secure && session.sameSite === "Strict");
  await page.reload();
  await page.waitForSelector("#sessions li");
  check(`signed in after a reload, ${look}`, await page.isVisible("#sign-out"));
  await page.fill("#token-label", "axe");
  await page.click("#issue-token button");
  await page.waitForSelector("#new-secret");
  await found(page, `a new token, ${look}`);
  await page.locator("#tokens li", { hasText: "axe" }).first().getByRole("button").click();
  await page.click("#sign-out");
  await page.waitForSelector("#sign-in:visible");
  check(`signed out, ${look}`, !(await page.context().cookies()).some((one) => one.name === "__Host-papierlos"));
  const wrong = complaints(page);
  check(`nothing refused by the policy, no error, ${look}${wrong.map((line) => `\n      ${line}`)}`, !wrong.length);
  await page.context().close();
}

// The keyboard alone: / to the search, j to the hits, Enter opens.
const page = await enter(address, login, password);
await page.waitForSelector(".hit");
await page.keyboard.press("/");
await page.waitForFunction(() => document.activeElement.id === "q");
await page.keyboard.type("Antrag");
await page.keyboard.press("Enter");
await page.waitForSelector(".hit mark");
await page.evaluate(() => document.activeElement.blur());
await page.keyboard.press("j");
await page.keyboard.press("j");
const second = page.locator(".hit h2 a").nth(1);
check("j moves to the second hit", await second.evaluate((link) => link === document.activeElement));
await page.keyboard.press("Enter");
await page.waitForSelector(".leaf");
check("Enter opens it", await page.locator(".hit").nth(1).evaluate((hit) => hit.classList.contains("open")));

// A server that does not answer: nobody is told to be signed out, nobody is signed out, and it can be tried again.
const stored = () => page.evaluate(() => localStorage.getItem("signedIn"));
await page.route("**/api/v1/session", (route) => route.abort());
await page.click("#sign-out");
await page.waitForSelector("#trouble button");
check("whoever could not be signed out is told so and stays", (await page.isVisible("#sign-out")) && Boolean(await stored()));
await found(page, "signing out that did not go through");
await page.reload();
await page.waitForSelector("#trouble button");
check("a session that cannot be asked for is not given up", Boolean(await stored()));
await found(page, "a session that cannot be asked for");
await page.unroute("**/api/v1/session");
await page.click("#trouble button");
await page.waitForSelector("#sign-out:visible");
check("trying again takes it up", !(await page.locator("#trouble button").count()));
await page.click("#sign-out");
await page.waitForSelector("#sign-in:visible");
check("and only then it ends", !(await stored()) && !(await page.context().cookies()).some((one) => one.name === "__Host-papierlos"));
await page.context().close();

// What the registry alone is offered: the upkeep of the plan. Nothing is written.
if (keeper) {
  for (const look of ["wide, dark", "narrow"]) {
    const page = await enter(address, keeper, password, null, looks[look]);
    await page.click("#nav-plan");
    await page.waitForSelector("#plan-import");
    await found(page, `file plan of the registry, ${look}`);
    await page.click("#plan-import");
    const plan = "kennzeichen;bezeichnung;aufbewahrung_jahre;aussonderungsart\n99;Vorschau;5;V\n";
    await page.setInputFiles("dialog input[type=file]", { name: "plan.csv", mimeType: "text/csv", buffer: Buffer.from(plan) });
    check(`nothing is imported that was not looked at, ${look}`, await page.locator("dialog button.main").isDisabled());
    await page.click("dialog form p button");
    await page.waitForSelector("dialog table");
    await found(page, `the effect of an import, ${look}`);
    await leave(page);
    await page.locator(".tree a").first().click();
    await page.waitForSelector(".tree [aria-current]");
    await dialog(page, "#plan-title ~ .actions button", `changing a unit, ${look}`);
    await sideways(page, `plan of the registry, ${look}`);
    await page.context().close();
  }
}

// What an administrator alone is offered: giving a function. Nothing is written.
if (admin) {
  for (const look of ["wide, dark", "narrow"]) {
    const page = await enter(address, admin, password, null, looks[look]);
    await page.click("#nav-functions");
    await page.waitForSelector("#functions-items li");
    await dialog(page, "#new-function", `a new function, ${look}`);
    await leave(page);
    await page.click("#functions-items a");
    await page.waitForSelector("#function-holders li");
    await found(page, `a function and who holds it, ${look}`);
    await sideways(page, `a function and who holds it, ${look}`);
    await dialog(page, "[data-act=giveFunction]", `giving a function, ${look}`);
    await leave(page);
    await dialog(page, "[data-act=endFunction]", `ending a function, ${look}`);
    await leave(page);
    await page.click("#nav-procedures");
    await dialog(page, "#propose", `proposing a procedure, ${look}`);
    await leave(page);
    await page.click("#to-limits");
    await page.waitForSelector("#limits-title");
    await dialog(page, "#give-limit", `an order limit, ${look}`);
    await sideways(page, `order limits, ${look}`);
    await leave(page);
    await page.click("#nav-withheld");
    await page.waitForSelector("#withheld-title");
    await found(page, `what is withheld and in quarantine, ${look}`);
    await sideways(page, `what is withheld and in quarantine, ${look}`);
    await page.context().close();
  }
}
await end("no violation");
