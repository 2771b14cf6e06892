// The whole counter in a real browser: a tablet is paired, a clerk sends a document, somebody reads, signs with a pen, and the
// clerk sees it; upright and across, under axe in each state.
//   node tablet.mjs ADDRESS LOGIN PASSWORD ADMIN
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { counter, paired } from "./counter.mjs";
import { arrive, check, enter, sent, told, walk } from "./stage.mjs";

const [address, login, password, admin] = told("tablet.mjs ADDRESS LOGIN PASSWORD ADMIN", 4);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PORTRAIT = { width: 800, height: 1280 };
const ACROSS = { width: 1280, height: 800 };
const TARGET = 56;

const { api, boss, department, mark, filed, sendTo } = await counter(address, [login, admin], password);

const found = async (page, what) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  check(`${what}: axe${violations.map((one) => ` ${one.id} ${one.nodes[0]?.html.slice(0, 120)}`)}`, !violations.length);
  const small = await page.evaluate((least) => [...document.querySelectorAll("button")].filter((one) => one.offsetParent)
    .filter((one) => { const box = one.getBoundingClientRect(); return box.width < least || box.height < least; }).map((one) => one.textContent), TARGET);
  check(`${what}: every target has ${TARGET} pixels ${small}`, !small.length);
  check(`${what}: no scrolling sideways`, !(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)));
};

/** A pen that writes, sample by sample. */
const write = async (page) => {
  const pen = await page.context().newCDPSession(page);
  const box = await page.locator("#canvas").boundingBox();
  const event = (type, x, y, force) => pen.send("Input.dispatchMouseEvent", { type, x, y, force, button: "left", buttons: type === "mouseReleased" ? 0 : 1, pointerType: "pen", tiltX: 12, tiltY: -7, clickCount: 1 });
  for (let stroke = 0; stroke < 3; stroke += 1) {
    const at = (step) => [box.x + box.width * (0.15 + stroke * 0.22) + step * 3, box.y + box.height * 0.5 + Math.sin(step / 4) * box.height * 0.2];
    await event("mousePressed", ...at(0), 0.4);
    for (let step = 1; step < 40; step += 1) await event("mouseMoved", ...at(step), 0.3 + (step % 5) / 10);
    await event("mouseReleased", ...at(39), 0);
  }
};

const stateOf = async (job) => (await api(`/signing-jobs/${job}`)).state;

/** Reads, and signs. */
const signed = async (page, look, title, tablet) => {
  const { id, job } = await sendTo(title, tablet);
  await page.waitForSelector(`h1:has-text("${title}")`);
  await page.waitForSelector("#seen:has-text('1 von 1')");
  await found(page, `reading, ${look}`);
  await page.click("[data-act=tabletText]");
  await page.waitForSelector(".page .leaf");
  await page.click("[data-act=tabletLarger]");
  await found(page, `reading as text, ${look}`);
  await page.click("[data-act=tabletLanguage]");
  await page.waitForSelector("[data-act=tabletToSign]:has-text('Go on')");
  await page.click("[data-act=tabletToSign]");
  await page.waitForSelector("#canvas");
  await found(page, `signing, ${look}`);
  check(`nothing is handed in that was not written, ${look}`, await page.isDisabled("[data-act=tabletHandIn]"));
  await write(page);
  await page.click("[data-act=tabletRestart]");
  check(`begun anew, ${look}`, await page.isDisabled("[data-act=tabletHandIn]"));
  await write(page);
  await page.screenshot({ path: `${process.env.SCREENSHOT ?? "tablet"}-${look}.png` });
  await page.click("[data-act=tabletHandIn]");
  await page.waitForSelector("h1:has-text('Thank you')");
  await found(page, `thanks, ${look}`);
  check(`signed, ${look}`, (await stateOf(job)) === "done" && (await api(`/documents/${id}`)).content.number === 2);
  const { outcome } = await api(`/signing-jobs/${job}`);
  check(`every sample came, ${look}`, outcome.evidence.strokes.pointer === "pen" && outcome.evidence.strokes.points >= 100 && outcome.evidence.restarts === 1);
  await page.waitForSelector(".wait");
};

await walk("tablet", async () => {
  const page = await arrive(`${address}/tablet`, /401|409/, { viewport: PORTRAIT, hasTouch: true });
  await page.waitForSelector(".code");
  await found(page, "pairing");
  const tablet = await paired(page, boss, { name: `Tablet ${mark}`, counter: "Schalter 1", department });
  await found(page, "waiting");
  check("no name on the waiting screen", !(await page.locator("main").innerText()).includes("Tablet"));
  await signed(page, "upright", `Empfang ${mark}`, tablet);
  await page.setViewportSize(ACROSS);
  await signed(page, "across", `Vollmacht ${mark}`, tablet);

  // Refused, with a reason.
  const refused = await sendTo(`Verzicht ${mark}`, tablet);
  await page.click("[data-act=tabletRefuse]");
  await page.waitForSelector("dialog[open]");
  await found(page, "refusing");
  await page.check("dialog input >> nth=1");
  await page.click("[data-act=tabletRefuseNow]");
  await page.waitForSelector("h1:has-text('nicht unterschrieben')");
  check("the clerk reads why", (await api(`/signing-jobs/${refused.job}`)).reason.startsWith("Angaben stimmen nicht"));
  await page.waitForSelector(".wait");

  // Called off while it is read; the back button goes nowhere.
  const cancelled = await sendTo(`Antrag ${mark}`, tablet);
  await page.waitForSelector(".page");
  await page.goBack().catch(() => {});
  check("the back button goes nowhere", await page.locator(".page").count() === 1);
  await api(`/signing-jobs/${cancelled.job}/cancel`, sent("POST", { reason: "Es wird auf Papier unterschrieben" }));
  await page.waitForSelector("h1:has-text('beendet')");
  check("nothing of it is left on the page", !(await page.content()).includes(`Antrag ${mark}`));
  await page.waitForSelector(".wait");

  // The same from the clerk's page.
  const { id } = await filed(`Am Schalter ${mark}`);
  const desk = await enter(address, login, password);
  await desk.waitForSelector("#nav:not([hidden])");
  await desk.goto(`${address}/#/?doc=${id}`);
  await desk.click("[data-act=sendToTablet]");
  await desk.waitForSelector("dialog[open]");
  await desk.selectOption("dialog select >> nth=0", tablet);
  await desk.keyboard.press("Escape");
  check("whoever thinks better of it has sent nothing", (await api(`/documents/${id}/signing-jobs`)).items.length === 0);
});
