// A provider of identities that others wrote: oidc-provider from npm, for one run of the tests.
//   node op.mjs PORT REDIRECT BACK_CHANNEL
// Whoever signs in as NAME is the subject NAME. The groups follow its first letter: `archiv-NAME` with `a`, none with
// `o`, and else there is no word of groups.
import { createRequire } from "node:module";

// The packages lie beside the script that was started with, not here.
const { Provider } = await import(createRequire(`${process.cwd()}/`).resolve("oidc-provider"));
const [port, redirect, backChannel] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const said = (id) => {
  const claims = { sub: id, name: `Person ${id}`, preferred_username: id };
  if (id.startsWith("a")) claims.groups = [`archiv-${id}`, "alle"];
  if (id.startsWith("o")) claims.groups = [];
  return claims;
};

const provider = new Provider(issuer, {
  clients: [{
    client_id: "archiv",
    client_secret: "nur fuer den Test: geheim+100%",
    grant_types: ["authorization_code"],
    response_types: ["code"],
    redirect_uris: [redirect],
    post_logout_redirect_uris: [new URL("/", redirect).href],
    backchannel_logout_uri: backChannel,
    backchannel_logout_session_required: true,
    id_token_signed_response_alg: process.env.ALG ?? "RS256",
  }],
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], groups: ["groups"] },
  scopes: ["openid", "profile", "groups"],
  pkce: { required: () => true },
  // Its own rule keeps it from loopback, where the tests are.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  cookies: { keys: ["nur für den Test"] },
  findAccount: async (_context, id) => ({ accountId: id, claims: async () => said(id) }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("up"));
