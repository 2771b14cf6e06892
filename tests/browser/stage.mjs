// What every journey through the pages begins and ends with: the browser, people who sign in, what is put there by
// REST, and what was found.
import { chromium } from "playwright-core";

const quiet = ["no-first-run", "disable-gpu", "disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"];
// Chromium's own sandbox needs what containers do not give; this browser sees nothing but our page.
export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", ...quiet.map((name) => `--${name}`)],
});

let failures = 0;
const fail = (what) => {
  failures += 1;
  console.log(`FAIL  ${what}`);
};
export const check = (what, passed) => (passed ? console.log(`ok  ${what}`) : fail(what));

/** The arguments of the command line, of which the first `count` must be there. */
export const told = (usage, count) => {
  const found = process.argv.slice(2);
  if (found.length >= count) return found;
  console.error(`usage: node ${usage}`);
  process.exit(3);
};

export const sent = (method, body, version) => ({
  method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...(version ? { "If-Match": `"v${version}"` } : {}) },
});

/** REST in the name of somebody. */
export const api = async (address, login, password) => {
  const session = await fetch(`${address}/api/v1/session`, sent("POST", { login, password }));
  if (!session.ok) throw new Error(`${login} does not sign in: ${session.status} ${await session.text()}`);
  const { secret } = await session.json();
  return async (path, options = {}) => {
    const response = await fetch(`${address}/api/v1${path}`, { ...options, headers: { Authorization: `Bearer ${secret}`, ...options.headers } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
};

/** A document as `api` takes it: a text, which is its title where nothing else is said. */
export const letter = (metadata, name, text = metadata.title) => {
  const form = new FormData();
  form.append("metadata", new Blob([JSON.stringify({ type: "Brief", ...metadata })], { type: "application/json" }));
  form.append("content", new Blob([text], { type: "text/plain" }), name);
  return { method: "POST", body: form };
};

/** What the console of each page complained of. */
const wrong = new Map();
export const complaints = (page) => wrong.get(page) ?? [];

/** The page of sign-in, in a browser of its own. What its console complains of is an error, but for `refused`. */
export const arrive = async (address, refused = null, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "de-DE", ...options });
  const page = await context.newPage();
  const told = [];
  wrong.set(page, told);
  page.on("pageerror", (error) => told.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error" && !refused?.test(message.text())) told.push(message.text()); });
  await page.goto(address);
  return page;
};

export const signIn = async (page, login, password) => {
  await page.fill("#login", login);
  await page.fill("#password", password);
  await page.press("#password", "Enter");
};

/** Somebody signs in, with a browser of his own. */
export const enter = async (address, login, password, refused, options) => {
  const page = await arrive(address, refused, options);
  await signIn(page, login, password);
  return page;
};

/** Walks a journey; where it stumbles, a picture of each page says where. */
export const walk = async (name, journey) => {
  try {
    await journey();
  } catch (error) {
    fail(error.message);
    for (const [at, page] of [...wrong.keys()].entries()) await page.screenshot({ path: `${process.env.SCREENSHOT ?? name}-${at}.png` });
  }
  const all = [...wrong.values()].flat();
  check(`no error of the page${all.map((line) => `\n      ${line}`)}`, !all.length);
  await end("all as it should be");
};

export const end = async (good) => {
  await browser.close();
  console.log(failures ? `${failures} failures` : good);
  process.exit(failures ? 1 : 0);
};
