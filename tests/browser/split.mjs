// A pile is taken apart by hand, in a real browser: cuts by keyboard and mouse, a page that stays out, a name for a part,
// what the dialog says of itself under axe, and the documents that come of it.
//   node split.mjs ADDRESS LOGIN PASSWORD
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { api as rest, check, enter, told, walk } from "./stage.mjs";

const [address, login, password] = told("split.mjs ADDRESS LOGIN PASSWORD", 3);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A PDF with a page for each line. */
const pdf = (lines) => {
  const kids = lines.map((_, at) => `${4 + 2 * at} 0 R`);
  const bodies = ["<< /Type /Catalog /Pages 2 0 R >>", `<< /Type /Pages /Kids [${kids.join(" ")}] /Count ${lines.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"];
  for (const [at, line] of lines.entries()) {
    const drawn = `BT /F1 18 Tf 60 760 Td (${line}) Tj ET`;
    bodies.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${5 + 2 * at} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      `<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`);
  }
  let file = "%PDF-1.7\n";
  const places = bodies.map((body, at) => {
    const place = file.length;
    file += `${at + 1} 0 obj\n${body}\nendobj\n`;
    return place;
  });
  const table = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  return `${file}xref\n0 ${bodies.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${bodies.length + 1} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
};

// What the journey needs is put there by REST, under a name that no other run has.
const mark = `${Date.now()}`;
const api = await rest(address, login, password);
const me = await api("/me");
const department = me.roles.find((one) => one.department).department;
const form = new FormData();
form.append("metadata", new Blob([JSON.stringify({ title: `Sammelpost ${mark}`, department })], { type: "application/json" }));
form.append("content", new Blob([pdf(["Antrag auf Wohngeld", "Anlage zum Antrag", `Zettel ${mark} dazwischen`, "Anmeldung eines Hundes"])], { type: "application/pdf" }), "sammelpost.pdf");
const pile = await api("/documents", { method: "POST", body: form });
let read = pile;
for (let tries = 0; tries < 100 && read.text.state === "pending"; tries += 1) {
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  read = await api(`/documents/${pile.id}`);
}

const found = async (page, what) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  check(`${what}: ${violations.length} violated`, !violations.length);
  for (const { id, nodes } of violations) for (const node of nodes) console.log(`      ${id}: ${node.html.slice(0, 160)}`);
};

await walk("split", async () => {
  const page = await enter(address, login, password, /40[49]|412|422|503/);
  const text = (selector) => page.locator(selector).innerText();
  const active = () => page.evaluate(() => `${document.activeElement.dataset.kind} ${document.activeElement.dataset.n}`);
  const pressed = (kind, n) => page.locator(`.cuts [data-kind=${kind}][data-n="${n}"]`).getAttribute("aria-pressed");
  await page.goto(`${address}/#/?doc=${pile.id}`);
  await page.click("#document [data-act=splitPages]");
  await page.waitForSelector("dialog[open] .cuts");
  check("the first cut has the focus", (await active()) === "cut 1");
  const small = () => page.locator(".cuts img").evaluateAll((all) => all.slice(0, 2).every((one) => one.naturalWidth > 0));
  for (let tries = 0; tries < 100 && !(await small()); tries += 1) await page.waitForTimeout(100);
  check("pages are shown small", await small());
  check("without a cut it is one part", (await text("dialog .note")) === "1 Teil");
  await page.click("dialog button.main");
  await page.waitForSelector("dialog .error:has-text('Noch ist nichts geteilt')");
  check("and nothing is sent", !(await api(`/documents/${pile.id}/split`)).parts.length);

  // By keyboard: behind the second page, and the third one stays out.
  await page.focus(".cuts [data-kind=cut][data-n='1']");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  check("a cut is set by the space bar", (await pressed("cut", 2)) === "true" && (await active()) === "cut 2");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowUp");
  check("the arrows lead to the page itself", (await active()) === "leave 3");
  await page.keyboard.press("Space");
  check("what becomes of it is said", (await text("dialog .note")) === "2 Teile, 1 Seite bleibt nur im Original");
  check("and at the page", (await text(".cuts [data-page='3']")).includes("bleibt weg"));
  await page.keyboard.press("End");
  check("the last page can be left out, and cut off by nothing", (await active()) === "leave 4" && !(await page.locator(".cuts [data-kind=cut][data-n='4']").count()));

  // By mouse: one more cut, and back.
  await page.click(".cuts [data-kind=cut][data-n='1']");
  check("a cut is set by mouse", (await page.locator("#split-parts li").count()) === 3);
  await page.click(".cuts [data-kind=cut][data-n='1']");
  await page.fill("#split-parts li >> nth=1 >> input", `Hund ${mark}`);
  await found(page, "splitting, wide");
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  // Buttons change their colour in a moment: what is looked at is what they come to.
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)));
  await found(page, "splitting, narrow and dark");
  check("no sideways scrolling", !(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)));
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.click("dialog button.main");
  await page.waitForSelector("#split-made li");
  await found(page, "what was made");
  const made = (await api(`/documents/${pile.id}/split`)).parts;
  check("two documents are there", made.map((one) => `${one.title}: ${one.first_page}-${one.last_page}`).join(", ") === `Sammelpost ${mark} – Teil 1: 1-2, Hund ${mark}: 4-4`);
  const now = await api(`/documents/${pile.id}`);
  check("the pile is as it was", now.version === read.version && now.content.sha256 === read.content.sha256);
  await page.click(`#split-made a:has-text("Hund ${mark}")`);
  await page.waitForSelector(`#document-title:has-text("Hund ${mark}")`);
  check("a link leads to a part, and no dialog is left", !(await page.locator("dialog").count()));
  await page.click(`#document dd a:has-text("Sammelpost ${mark}")`);
  await page.waitForSelector(`#document .beside a:has-text("Hund ${mark}")`);
  check("and the pile names its parts", (await page.locator("#document .beside a:has-text('Sammelpost')").count()) >= 1);
});
