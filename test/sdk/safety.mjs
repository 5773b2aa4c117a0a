// The official Node clients of Content Safety and Language, unmodified, as judges of
// the wire contract: the same checks as safety.py, as far as they have calls.
// JUDGE_MODULES is the folder whose node_modules holds them.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const env = process.env;
const require = createRequire(path.resolve(env.JUDGE_MODULES, "judge.cjs"));
const { default: ContentSafety, isUnexpected, paginate } = require("@azure-rest/ai-content-safety");
const { TextAnalysisClient } = require("@azure/ai-language-text");

const ENDPOINT = env.JUDGE_ENDPOINT.replace(/\/$/, "");
const options = { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } };
const client = (key = env.JUDGE_KEY, more = {}) => ContentSafety(ENDPOINT, { key }, { ...options, ...more });
const analytics = (key = env.JUDGE_KEY) => new TextAnalysisClient(ENDPOINT, { key }, options);
const LIST = "judge-" + Math.random().toString(36).slice(2, 10);

const analyze = (body, c = client()) => c.path("/text:analyze").post({ body });
function failed(r, status, code) {
  assert.ok(isUnexpected(r), r.status);
  assert.equal(r.status, String(status));
  assert.equal(r.body.error.code, code);
  assert.equal(r.headers["x-ms-error-code"], code);
}

const checks = {
  async analyze() {
    const r = await analyze({ text: "I will shoot everyone at my school on Monday." });
    assert.ok(!isUnexpected(r), JSON.stringify(r.body));
    assert.deepEqual(r.body.categoriesAnalysis.map((c) => c.category), ["Hate", "SelfHarm", "Sexual", "Violence"]);
    assert.ok(r.body.categoriesAnalysis[3].severity >= 4);
    assert.deepEqual(r.body.blocklistsMatch, []);
    const eight = await analyze({ text: "I will shoot everyone at my school on Monday.", categories: ["Violence"], outputType: "EightSeverityLevels" });
    assert.equal(eight.body.categoriesAnalysis.length, 1);
  },
  async errors() {
    failed(await analyze({ text: "" }), 400, "InvalidRequestBody");
    failed(await analyze({ text: "a", categories: ["Rude"] }), 400, "InvalidRequestBody");
    failed(await analyze({ text: "a", blocklistNames: ["nowhere"] }), 404, "ResourceNotFound");
    failed(await analyze({ text: "a" }, client("0".repeat(32))), 401, "401");
    failed(await client().path("/image:analyze").post({ body: { image: { content: "AA==" } } }), 400, "OperationNotSupported");
  },
  async blocklists() {
    const c = client(), at = ["/text/blocklists/{blocklistName}", LIST];
    const patch = (description) => c.path(...at).patch({ contentType: "application/merge-patch+json", body: { description } });
    assert.equal((await patch("projects")).status, "201");
    assert.equal((await patch("secret projects")).status, "200");
    assert.equal((await c.path(...at).get()).body.description, "secret projects");
    const added = await c.path("/text/blocklists/{blocklistName}:addOrUpdateBlocklistItems", LIST).post({
      body: { blocklistItems: ["harbourlantern", "blue kettle", "green door"].map((text) => ({ text })) },
    });
    assert.equal(added.status, "200", JSON.stringify(added.body));
    const ids = added.body.blocklistItems.map((i) => i.blocklistItemId);
    const first = await c.path("/text/blocklists/{blocklistName}/blocklistItems", LIST).get({ queryParameters: { maxpagesize: 2 } });
    const texts = [];
    for await (const i of paginate(c, first)) texts.push(i.text);
    assert.deepEqual(texts, ["harbourlantern", "blue kettle", "green door"]);
    assert.equal((await c.path("/text/blocklists/{blocklistName}/blocklistItems/{blocklistItemId}", LIST, ids[2]).get()).body.text, "green door");
    const hit = await analyze({ text: "A Blue Kettle.", blocklistNames: [LIST], haltOnBlocklistHit: true });
    assert.deepEqual(hit.body.blocklistsMatch.map((m) => [m.blocklistName, m.blocklistItemId, m.blocklistItemText]), [[LIST, ids[1], "blue kettle"]]);
    assert.deepEqual(hit.body.categoriesAnalysis, []);
    assert.equal((await c.path("/text/blocklists/{blocklistName}:removeBlocklistItems", LIST).post({ body: { blocklistItemIds: [ids[1]] } })).status, "204");
    assert.deepEqual((await analyze({ text: "A Blue Kettle.", blocklistNames: [LIST] })).body.blocklistsMatch, []);
    assert.equal((await c.path(...at).delete()).status, "204");
    failed(await c.path(...at).get(), 404, "ResourceNotFound");
  },
  async pii() {
    const [a, b] = await analytics().analyze("PiiEntityRecognition", [
      { id: "1", language: "en", text: "é Mail jane.roe@example.org" }, { id: "2", language: "xx", text: "a" },
    ], "en", { includeStatistics: true, stringIndexType: "Utf16CodeUnit" });
    assert.equal(a.entities[0].category, "Email");
    // The client sends no stringIndexType, also when it is told one: offsets are text elements.
    assert.equal("é Mail jane.roe@example.org".substr(a.entities[0].offset, a.entities[0].length), "jane.roe@example.org");
    assert.equal(a.redactedText, "é Mail " + "*".repeat(20));
    assert.equal(b.error.code, "UnsupportedLanguageCode");
    await assert.rejects(() => analytics("0".repeat(32)).analyze("PiiEntityRecognition", ["a"]), (e) => e.statusCode === 401);
    await assert.rejects(() => analytics().analyze("SentimentAnalysis", ["a"]), (e) => e.statusCode === 400);
  },
};

let good = true;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok ${name}`);
  } catch (e) {
    good = false;
    console.log(`not ok ${name}: ${String(e?.message ?? e).replaceAll("\n", " ").slice(0, 900)}`);
  }
}
process.exit(good ? 0 : 1);
