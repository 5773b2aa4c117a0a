// A real OpenID provider (npm oidc-provider) for the tests of bearer tokens: it
// issues signed access tokens to the clients below. It prints its issuer, then
// serves until its standard input closes.
import { createRequire } from "node:module";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(path.resolve(process.env.JUDGE_MODULES, "oidc.cjs"));
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);

const server = http.createServer().listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const client = (client_id) => ({ client_id, client_secret: "of-the-test", grant_types: ["client_credentials"], redirect_uris: [], response_types: [] });
  const provider = new Provider(issuer, {
    clients: ["worker", "guest", "member"].map(client),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({ scope: "use", audience: resource, accessTokenTTL: 600, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
      },
    },
    // The member's right comes from a group.
    extraTokenClaims: (_, token) => (token.clientId === "member" ? { groups: ["nurses"] } : {}),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.resume().on("end", () => process.exit(0));
