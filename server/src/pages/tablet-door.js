// The key of this tablet, which is made here and never leaves it, and what is asked for and sent in.
const DATABASE = "papierlos-tablet";
const STORE = "keys";
const API = "/api/v1";
/** Whoever does not answer in so many milliseconds does not. */
const PATIENCE = 20_000;

const wanted = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function store(mode) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await wanted(opening);
  return database.transaction(STORE, mode).objectStore(STORE);
}

let pair = null;

/** The key: the one that was made before, or a new one. The browser does not give out the private half. */
async function key() {
  if (pair) return pair;
  pair = await wanted((await store("readonly")).get("key"));
  if (!pair) {
    pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    await wanted((await store("readwrite")).put(pair, "key"));
  }
  return pair;
}

/** The public half, as it is sent in. */
export async function publicKey() {
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", (await key()).publicKey);
  return { kty, crv, x, y };
}

/** A new key: a tablet that was revoked begins anew. */
export async function forgetKey() {
  pair = null;
  await wanted((await store("readwrite")).delete("key"));
}

const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const code = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Asks for something. */
export const get = (path) => fetch(API + path, { cache: "no-store", signal: AbortSignal.timeout?.(PATIENCE) });

/** Sends something in, signed along with the nonce. */
export async function post(path, nonce, value) {
  const body = JSON.stringify(value);
  const digest = hex(await crypto.subtle.digest("SHA-256", bytes(body)));
  const said = `papierlos-tablet-1\nPOST ${API}${path}\n${nonce}\n${digest}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, (await key()).privateKey, bytes(said));
  const headers = { "Content-Type": "application/json", "Papierlos-Tablet-Signature": code(signature) };
  return fetch(API + path, { method: "POST", headers, body, cache: "no-store" });
}

/** Asks to be paired; with the ticket that the demo prints in its address, at once. */
export async function askForPairing() {
  const ticket = new URLSearchParams(location.hash.slice(1)).get("demo");
  const body = JSON.stringify({ public_key: await publicKey(), origin: location.origin, ...(ticket ? { ticket } : {}) });
  return fetch(`${API}/tablets/pairings`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
}
