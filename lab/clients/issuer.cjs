// An authorization server for tests: `oidc-provider` on a free port of this machine, which issues JWT access tokens by client
// credentials for the resource that is asked for. The client `NAME` is given tokens signed with the algorithm NAME. What a
// server that takes the tokens should do is no concern of this file.
//
// node issuer.cjs FOLDER: private keys go to FOLDER, so that a test can sign what no provider would. On standard output a
// JSON line for its start and for each answer to a word on standard input: `rotate` puts new keys in place of all, `count` says
// how often the key set was fetched. The end of standard input ends it.

const { generateKeyPairSync } = require("node:crypto");
const { writeFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { join } = require("node:path");
const { createInterface } = require("node:readline");
const { Provider } = require("oidc-provider");

const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  PS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
};
const SECRET = "a secret of a test, for no one to keep";
const TTL = 600;

const folder = process.argv[2];
const say = (event, more) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);
let generation = 0;

function makeKeys() {
  generation += 1;
  return Object.entries(KINDS).map(([alg, [kind, options]]) => {
    const { privateKey } = generateKeyPairSync(kind, options);
    const kid = `${alg}-${generation}`;
    writeFileSync(join(folder, `${kid}.der`), privateKey.export({ format: "der", type: "pkcs8" }));
    return { ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  });
}

function serve(issuer) {
  const provider = new Provider(issuer, {
    clients: Object.keys(KINDS).map((client_id) => ({
      client_id,
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    })),
    jwks: { keys: makeKeys() },
    ttl: { ClientCredentials: TTL },
    enabledJWA: { idTokenSigningAlgValues: Object.keys(KINDS) },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource, client) => ({
          scope: "observe interact alter files tool:Click",
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: TTL,
          jwt: { sign: { alg: client.clientId } },
        }),
      },
    },
  });
  return provider.callback();
}

let answer;
let fetches = 0;
const server = createServer((request, response) => {
  if (request.url === "/jwks") fetches += 1;
  answer(request, response);
});
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  answer = serve(issuer);
  say("listening", { issuer, generation });
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line === "count") say("counted", { fetches });
    if (line !== "rotate") return;
    answer = serve(issuer);
    say("rotated", { generation });
  });
  lines.on("close", () => process.exit(0));
});
