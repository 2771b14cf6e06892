// What a tablet shows when its page cannot be fetched: that there is no connection, until there is. This keeps nothing: no page, no
// document, no answer; what a browser is asked for goes to the server and nowhere else.
const STYLE = "html,body{height:100%}body{margin:0;display:grid;place-content:center;text-align:center;background:#f3f5fa;color:#14182b;font:1.25rem/1.5 system-ui,sans-serif}main{padding:1.5rem}h1{font-size:1.75rem;line-height:1.25}p{color:#4a5170}";
const SCRIPT = 'setInterval(async()=>{try{if((await fetch("/tablet",{method:"HEAD",cache:"no-store"})).ok)location.reload()}catch{}},3000)';
const PAGE = `<!DOCTYPE html>
<html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Papierlos · Tablet</title>
<style>${STYLE}</style><script>${SCRIPT}</script></head>
<body><main><h1>Zurzeit keine Verbindung</h1><p>Bitte wenden Sie sich an den Schalter.</p>
<p lang="en">No connection at the moment. Please ask at the counter.</p></main></body></html>`;

const hash = async (text) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
};

async function notice() {
  const policy = `default-src 'none'; style-src ${await hash(STYLE)}; script-src ${await hash(SCRIPT)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return new Response(PAGE, { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy, "Cache-Control": "no-store" } });
}

/** A page that came without all of its parts would stay blank. */
async function part(event) {
  try { return await fetch(event.request); } catch (error) {
    const page = await clients.get(event.clientId);
    page?.navigate("/tablet").catch(() => {});
    throw error;
  }
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { mode, destination } = event.request;
  if (mode === "navigate") event.respondWith(fetch(event.request).then((answer) => (answer.status < 500 ? answer : notice()), notice));
  else if (destination === "script" || destination === "style") event.respondWith(part(event));
});
