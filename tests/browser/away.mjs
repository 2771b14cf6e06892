// A tablet with nobody there: who goes away is warned, and then nothing of him is left; and a tablet whose server cannot be reached says so,
// shows nothing, and comes back by itself, reloaded meanwhile or not.
//   node away.mjs ADDRESS LOGIN PASSWORD ADMIN
import { connect, createServer } from "node:net";
import { counter, paired } from "./counter.mjs";
import { arrive, check, told, walk } from "./stage.mjs";

const [address, login, password, admin] = told("away.mjs ADDRESS LOGIN PASSWORD ADMIN", 4);
const { api, boss, department, mark, sendTo } = await counter(address, [login, admin], password);
// What the browser itself says of a server that it does not reach, or of a tablet that is not paired yet.
const EXPECTED = /401|net::ERR_/;
const NOTICE = "h1:has-text('Zurzeit keine Verbindung')";
const WARNING = "dialog[open] h2:has-text('Sind Sie noch da?')";

/** A line to the server that is cut and mended: what a browser does without a connection it does in its workers too. */
const line = async () => {
  const { hostname, port } = new URL(address);
  const open = new Set();
  let whole = true;
  const relay = createServer((here) => {
    if (!whole) { here.destroy(); return; }
    const there = connect(Number(port || 80), hostname);
    for (const [one, other] of [[here, there], [there, here]]) {
      open.add(one);
      one.on("error", () => other.destroy()).on("close", () => { open.delete(one); other.destroy(); }).pipe(other);
    }
  });
  await new Promise((ready) => relay.listen(0, "127.0.0.1", ready));
  const cut = () => { whole = false; for (const one of open) one.destroy(); };
  return { address: `http://127.0.0.1:${relay.address().port}`, cut, mend: () => { whole = true; }, end: () => { relay.close(); cut(); } };
};

const reading = async (page, title, tablet) => {
  const sent = await sendTo(title, tablet);
  await page.waitForSelector(`h1:has-text("${title}")`);
  return sent.job;
};

await walk("away", async () => {
  const wire = await line();
  const page = await arrive(`${wire.address}/tablet`, EXPECTED, { viewport: { width: 800, height: 1280 }, hasTouch: true });
  await page.waitForSelector(".code");
  const tablet = await paired(page, boss, { name: `Allein ${mark}`, counter: "Schalter 2", department });
  await page.clock.install();
  await page.reload();
  await page.waitForSelector(".wait");

  // Nobody touches it: a warning after a minute, and a minute later nothing is left.
  const left = `Liegengeblieben ${mark}`;
  const idle = await reading(page, left, tablet);
  await page.clock.fastForward(50_000);
  check("for most of a minute nobody is asked", !(await page.locator(WARNING).count()));
  await page.clock.fastForward(11_000);
  await page.waitForSelector(WARNING);
  check("it says how long there is", (await page.locator("dialog").innerText()).includes("In 60 Sekunden"));
  await page.click("[data-act=tabletOn]");
  await page.clock.fastForward(50_000);
  check("whoever touches it goes on reading", !(await page.locator(WARNING).count()) && (await page.locator(".page").count()) === 1);
  await page.clock.fastForward(11_000);
  await page.waitForSelector(WARNING);
  await page.clock.fastForward(61_000);
  await page.waitForSelector(".wait");
  check("nothing of it is left on the page", !(await page.content()).includes(left));
  const job = await api(`/signing-jobs/${idle}`);
  check("the clerk sees that nobody was there", job.state === "expired" && job.reason === "idle");

  // The server is away while somebody reads: after ten seconds nothing of it is shown, and it comes back.
  const lost = `Unterbrochen ${mark}`;
  await reading(page, lost, tablet);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
  wire.cut();
  await page.clock.runFor(15_000);
  await page.waitForSelector(NOTICE);
  check("without a connection nothing of anybody is shown", !(await page.content()).includes(lost));
  check("it is said in English too", (await page.locator("p[lang=en]").innerText()).startsWith("No connection"));

  // Reloaded it says the same, and keeps nothing.
  await page.reload();
  await page.waitForSelector(NOTICE);
  check("reloaded it says the same", (await page.locator("p[lang=en]").innerText()).startsWith("No connection"));
  check("that is its worker's", (await page.locator(".middle").count()) === 0);
  check("and keeps nothing", (await page.evaluate(() => caches.keys())).length === 0);
  wire.mend();
  await page.clock.runFor(10_000);
  await page.waitForSelector(`h1:has-text("${lost}")`);
  check("it comes back by itself, and shows what it is to show", (await page.locator(".page").count()) === 1);

  // A browser that knows it has no connection says so as well.
  await page.context().setOffline(true);
  await page.clock.runFor(15_000);
  await page.waitForSelector(NOTICE);
  await page.context().setOffline(false);
  await page.waitForSelector(`h1:has-text("${lost}")`);
  check("without a network it is the same", true);
  wire.end();
});
