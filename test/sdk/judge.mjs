// The official Node client, unmodified, as a judge of the wire contract: the same
// checks as judge.py (read there what they are about), with either major version.
// JUDGE_MODULES is the folder whose node_modules holds the client.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const env = process.env;
const require = createRequire(path.resolve(env.JUDGE_MODULES, "judge.cjs"));
const openai = require("openai");
const { OpenAI, AzureOpenAI } = openai;

const ENDPOINT = env.JUDGE_ENDPOINT.replace(/\/$/, "");
const KEY = env.AZURE_OPENAI_API_KEY, VERSION = env.OPENAI_API_VERSION;
const CHAT = env.AZURE_OPENAI_CHAT_DEPLOYMENT, EMBED = env.AZURE_OPENAI_EMBEDDING_DEPLOYMENT;
const ONLY = env.JUDGE_ONLY ?? "";
for (const n of ["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_KEY"]) delete env[n];

async function mock(what, body) {
  const r = await fetch(`${env.JUDGE_MOCK}/_mock/${what}`, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  const text = await r.text();
  return text ? JSON.parse(text) : undefined;
}
async function script(...answers) {
  await mock("forget", {});
  for (const a of answers) await mock("next", a);
}
const seen = async () => (await mock("requests")).map((r) => JSON.parse(r.Body));

const azure = (o = {}) => new AzureOpenAI({ endpoint: ENDPOINT, apiKey: KEY, apiVersion: VERSION, maxRetries: 0, timeout: 60000, ...o });
const v1 = (o = {}) => new OpenAI({ baseURL: (o.endpoint ?? ENDPOINT) + "/openai/v1/", apiKey: o.apiKey ?? KEY, maxRetries: 0, timeout: 60000 });

const user = (text) => [{ role: "user", content: text }];
const HARMS = ["hate", "self_harm", "sexual", "violence"];

function annotated(results, prompt) {
  for (const c of HARMS) assert.deepEqual(results[c], { filtered: false, severity: "safe" }, c);
  if (prompt) assert.deepEqual(results.jailbreak, { filtered: false, detected: false });
}

async function raises(kind, call) {
  try {
    await call();
  } catch (e) {
    assert.equal(e?.constructor?.name, kind.name, String(e));
    return e;
  }
  assert.fail(`no error instead of ${kind.name}`);
}

async function collect(stream) {
  const chunks = [];
  for await (const k of stream) chunks.push(k);
  return chunks;
}
const textOf = (chunks, index = 0) => chunks.flatMap((k) => k.choices).filter((c) => c.index === index).map((c) => c.delta?.content ?? "").join("");

const tools = [{ type: "function", function: { name: "weather", description: "Weather of a town", parameters: { type: "object", properties: { town: { type: "string" } }, required: ["town"] } } }];
const calls = [{ ID: "call_1", Name: "weather", Arguments: '{"town":"Leeds"}' }, { ID: "call_2", Name: "weather", Arguments: '{"town":"York"}' }];
const wanted = [["call_1", "weather", '{"town":"Leeds"}'], ["call_2", "weather", '{"town":"York"}']];

function blocked(e) {
  assert.equal(e.status, 400);
  assert.equal(e.code, "content_filter");
  assert.equal(e.param, "prompt");
  assert.ok(e.requestID);
  assert.equal(e.error.innererror.code, "ResponsibleAIPolicyViolation");
  const r = e.error.innererror.content_filter_result;
  assert.deepEqual(r.jailbreak, { filtered: true, detected: true });
  for (const h of HARMS) assert.ok(["safe", "low", "medium", "high"].includes(r[h].severity));
  assert.match(e.error.message, /content management policy/);
}

const full = {
  async chat_plain(c) {
    const { data: a, response } = await c.chat.completions.create({ model: CHAT, messages: user("say: Good morning.") }).withResponse();
    const ch = a.choices[0];
    assert.equal(ch.message.content, "Good morning.");
    assert.equal(ch.finish_reason, "stop");
    assert.equal(a.object, "chat.completion");
    assert.ok(a.model && a.model !== CHAT);
    assert.equal(a.usage.total_tokens, a.usage.prompt_tokens + a.usage.completion_tokens);
    assert.equal(a.prompt_filter_results[0].prompt_index, 0);
    annotated(a.prompt_filter_results[0].content_filter_results, true);
    annotated(ch.content_filter_results, false);
    const id = response.headers.get("x-request-id");
    assert.ok(id && id === response.headers.get("apim-request-id") && response.headers.get("x-ms-region"));
    assert.equal(a._request_id, id);
    assert.equal(response.headers.get("x-ms-rai-invoked"), "true");
  },
  async chat_stream(c) {
    const chunks = await collect(await c.chat.completions.create({ model: CHAT, messages: user("say: One two three, four five six."), stream: true }));
    assert.deepEqual(chunks[0].choices, []);
    assert.equal(chunks[0].id + chunks[0].model + chunks[0].object, "");
    annotated(chunks[0].prompt_filter_results[0].content_filter_results, true);
    assert.equal(chunks[1].choices[0].delta.role, "assistant");
    assert.equal(textOf(chunks), "One two three, four five six.");
    for (const ch of chunks.flatMap((k) => k.choices)) if (ch.delta.content) annotated(ch.content_filter_results, false);
    assert.deepEqual(chunks.flatMap((k) => k.choices).map((x) => x.finish_reason).filter(Boolean), ["stop"]);
    assert.ok(chunks.every((k) => k.usage === undefined));
  },
  async chat_stream_usage(c) {
    const chunks = await collect(await c.chat.completions.create({ model: CHAT, messages: user("say: One two."), stream: true, stream_options: { include_usage: true } }));
    const last = chunks.at(-1);
    assert.deepEqual(last.choices, []);
    assert.ok(last.usage.total_tokens > 0);
    assert.ok(chunks.slice(1, -1).every((k) => k.usage === null));
  },
  async chat_stream_helper(c) {
    const s = c.chat.completions.stream({ model: CHAT, messages: user("say: Helped along.") });
    assert.equal(await s.finalContent(), "Helped along.");
    assert.equal((await s.finalChatCompletion()).choices[0].finish_reason, "stop");
  },
  async tools(c) {
    await script({ Choices: [{ Calls: calls }] }, { Choices: [{ Text: "Rain in both." }] });
    const messages = user("How is the weather in Leeds and York?");
    let a = await c.chat.completions.create({ model: CHAT, messages, tools, tool_choice: "auto", parallel_tool_calls: true });
    const ch = a.choices[0];
    assert.equal(ch.finish_reason, "tool_calls");
    assert.equal(ch.message.content, null);
    assert.deepEqual(ch.message.tool_calls.map((t) => [t.id, t.function.name, t.function.arguments]), wanted);
    messages.push(ch.message, ...ch.message.tool_calls.map((t) => ({ role: "tool", tool_call_id: t.id, content: "rain" })));
    a = await c.chat.completions.create({ model: CHAT, messages, tools });
    assert.equal(a.choices[0].message.content, "Rain in both.");
    const [first, second] = await seen();
    assert.deepEqual(first.tools, tools);
    assert.deepEqual(second.messages.map((m) => m.role), ["user", "assistant", "tool", "tool"]);
    assert.equal(second.messages[3].tool_call_id, "call_2");
  },
  async tools_stream(c) {
    await script({ Choices: [{ Calls: calls }] });
    const got = [];
    let finish;
    for await (const k of await c.chat.completions.create({ model: CHAT, messages: user("How is the weather?"), tools, stream: true }))
      for (const ch of k.choices) {
        finish = ch.finish_reason ?? finish;
        for (const t of ch.delta.tool_calls ?? []) {
          const e = (got[t.index] ??= ["", "", ""]);
          e[0] += t.id ?? "";
          e[1] += t.function?.name ?? "";
          e[2] += t.function?.arguments ?? "";
        }
      }
    assert.equal(finish, "tool_calls");
    assert.deepEqual(got, wanted);
  },
  async tools_runner(c) {
    await script({ Choices: [{ Calls: calls.slice(0, 1) }] }, { Choices: [{ Text: "It rains." }] });
    const runner = c.chat.completions.runTools({ model: CHAT, messages: user("Weather?"), tools: [{ type: "function", function: { ...tools[0].function, parse: JSON.parse, function: ({ town }) => `rain in ${town}` } }] });
    assert.equal(await runner.finalContent(), "It rains.");
    assert.equal((await seen())[1].messages.at(-1).content, "rain in Leeds");
  },
  async choices(c) {
    const two = { Choices: [{ Text: "First." }, { Text: "Second." }] };
    await script(two, two);
    const a = await c.chat.completions.create({ model: CHAT, messages: user("Two greetings"), n: 2 });
    assert.deepEqual(a.choices.map((x) => [x.index, x.message.content]), [[0, "First."], [1, "Second."]]);
    const chunks = await collect(await c.chat.completions.create({ model: CHAT, messages: user("Two greetings"), n: 2, stream: true }));
    assert.deepEqual([textOf(chunks, 0), textOf(chunks, 1)], ["First.", "Second."]);
    assert.deepEqual((await seen()).map((r) => r.n), [2, 2]);
  },
  async structured(c) {
    await script({ Choices: [{ Text: '{"town":"Leeds","degrees":7}' }] });
    const json_schema = { name: "reading", strict: true, schema: { type: "object", properties: { town: { type: "string" }, degrees: { type: "integer" } }, required: ["town", "degrees"], additionalProperties: false } };
    const a = await c.chat.completions.parse({ model: CHAT, messages: user("The reading"), response_format: { type: "json_schema", json_schema } });
    assert.deepEqual(a.choices[0].message.parsed, { town: "Leeds", degrees: 7 });
    assert.deepEqual((await seen())[0].response_format, { type: "json_schema", json_schema });
  },
  async sampling(c) {
    await script();
    const want = { stop: ["END", "STOP"], seed: 42, temperature: 0.5, top_p: 0.9, max_tokens: 50, logit_bias: { 50256: -100 }, user: "worker-7", x_unknown: { a: "b" } };
    await c.chat.completions.create({ model: CHAT, messages: user("say: Good day."), ...want });
    const r = (await seen())[0];
    assert.deepEqual(Object.fromEntries(Object.keys(want).map((k) => [k, r[k]])), want);
  },
  async logprobs(c) {
    const content = ["Good", " day"].map((token) => ({ token, logprob: -0.25, bytes: [...Buffer.from(token)], top_logprobs: [] }));
    await script({ Body: JSON.stringify({ id: "x", object: "chat.completion", created: 1, model: "mock-1", choices: [{ index: 0, message: { role: "assistant", content: "Good day" }, logprobs: { content, refusal: null }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }) });
    const a = await c.chat.completions.create({ model: CHAT, messages: user("Greet"), logprobs: true });
    assert.deepEqual(a.choices[0].logprobs.content.map((p) => [p.token, p.logprob]), [["Good", -0.25], [" day", -0.25]]);
  },
  async embeddings(c) {
    const input = ["a key for every door", "the second door"];
    const a = (await c.embeddings.create({ model: EMBED, input })).data.map((d) => d.embedding);
    const b = (await c.embeddings.create({ model: EMBED, input, encoding_format: "float" })).data.map((d) => d.embedding);
    assert.ok(a.length === 2 && a[0].length === b[0].length && a[0].length > 1);
    a.forEach((v, i) => v.forEach((x, j) => assert.ok(Math.abs(x - b[i][j]) < 1e-6)));
    assert.notDeepEqual(a[0], a[1]);
  },
  async models(c) {
    const listed = (await collect(c.models.list())).map((m) => m.id);
    assert.ok(listed.length > 0);
    assert.equal((await c.models.retrieve(listed[0])).id, listed[0]);
    await raises(openai.NotFoundError, () => c.models.retrieve("no-such-model"));
  },
  async jailbreak(c) {
    blocked(await raises(openai.BadRequestError, () => c.chat.completions.create({ model: CHAT, messages: user(env.JUDGE_JAILBREAK) })));
  },
  async jailbreak_stream(c) {
    blocked(await raises(openai.BadRequestError, () => c.chat.completions.create({ model: CHAT, messages: user(env.JUDGE_JAILBREAK), stream: true })));
  },
  async answer_filtered(c) {
    const term = env.JUDGE_TERM;
    if (!term) return "skipped: no listed term";
    for (const stream of [false, true]) {
      await script({ Choices: [{ Text: `The plan is called ${term} and nobody knows.`, Pieces: 9 }] });
      const messages = user("What is the plan?");
      let text, last;
      if (stream) {
        const chunks = await collect(await c.chat.completions.create({ model: CHAT, messages, stream: true, stream_options: { include_usage: true } }));
        text = textOf(chunks);
        last = chunks.flatMap((k) => k.choices).at(-1);
        assert.ok(chunks.every((k) => !k.usage));
      } else {
        last = (await c.chat.completions.create({ model: CHAT, messages })).choices[0];
        text = last.message.content ?? "";
      }
      assert.equal(last.finish_reason, "content_filter");
      assert.equal(last.content_filter_results.custom_blocklists.filtered, true);
      assert.ok(!text.includes(term.slice(0, 5)), text);
    }
  },
  async wrong_key(_, make) {
    const e = await raises(openai.AuthenticationError, () => make({ apiKey: "0".repeat(32) }).chat.completions.create({ model: CHAT, messages: user("say: Good day.") }));
    assert.equal(e.status, 401);
    assert.match(e.message, /Access denied due to invalid subscription key or wrong API endpoint\./);
  },
  async unknown_deployment(c) {
    const e = await raises(openai.NotFoundError, () => c.chat.completions.create({ model: "no-such", messages: user("say: Good day.") }));
    assert.equal(e.code, "DeploymentNotFound");
  },
  async limited(c) {
    for (let i = 0; i < 100; i++) {
      try {
        await c.chat.completions.create({ model: env.SALLYPORT_LIMITED_DEPLOYMENT, messages: user("say: Good day."), max_tokens: 5 });
      } catch (e) {
        assert.equal(e.constructor.name, "RateLimitError", String(e));
        assert.equal(e.code, "429");
        assert.ok(Number(e.headers.get("retry-after")) > 0 && Number(e.headers.get("retry-after-ms")) > 0);
        assert.ok([...e.headers.keys()].some((k) => k.startsWith("x-ratelimit-remaining-")));
        return;
      }
    }
    assert.fail("100 requests without a 429");
  },
  async denied(_, make) {
    if (ENDPOINT.startsWith("https:")) return "skipped: the endpoint is the plain one";
    const c = make({ endpoint: env.SALLYPORT_DENIED_ENDPOINT.replace(/\/$/, ""), apiKey: env.SALLYPORT_DENIED_KEY });
    const e = await raises(openai.PermissionDeniedError, () => c.chat.completions.create({ model: CHAT, messages: user("say: Good day.") }));
    assert.match(e.message, /Public access is disabled\. Please configure private endpoint\./);
  },
  async image(c) {
    const content = [{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }];
    const e = await raises(openai.BadRequestError, () => c.chat.completions.create({ model: CHAT, messages: [{ role: "user", content }] }));
    assert.equal(e.code, "unsupported_content_type");
    assert.equal(e.param, "messages[0].content[1].type");
  },
  async not_built(c) {
    for (const call of [() => c.responses.create({ model: CHAT, input: "hi" }), () => c.files.list(), () => c.images.generate({ model: CHAT, prompt: "a door" })])
      assert.equal((await raises(openai.BadRequestError, call)).code, "OperationNotSupported");
  },
};

const bare = {
  async bare_chat(c) {
    const a = await c.chat.completions.create({ model: CHAT, messages: user("When is the pharmacy open?") });
    const streamed = await collect(await c.chat.completions.create({ model: CHAT, messages: user("When is the pharmacy open?"), stream: true }));
    assert.ok(a.choices[0].message.content);
    assert.equal(textOf(streamed), a.choices[0].message.content);
  },
  async bare_embeddings(c) {
    assert.equal((await raises(openai.BadRequestError, () => c.embeddings.create({ model: EMBED, input: "a ward" }))).code, "OperationNotSupported");
  },
  models: full.models, jailbreak: full.jailbreak, jailbreak_stream: full.jailbreak_stream, unknown_deployment: full.unknown_deployment, image: full.image,
};

const withToken = (token) => new AzureOpenAI({ endpoint: ENDPOINT, azureADTokenProvider: async () => token, apiVersion: VERSION, maxRetries: 0 });
const tokens = {
  async token_ok() {
    const a = await withToken(env.JUDGE_TOKEN).chat.completions.create({ model: CHAT, messages: user("say: You may come in through the front door.") });
    assert.equal(a.choices[0].message.content, "You may come in through the front door.");
  },
  async token_no_role() {
    const e = await raises(openai.AuthenticationError, () => withToken(env.JUDGE_TOKEN_NO_ROLE).chat.completions.create({ model: CHAT, messages: user("say: Good day.") }));
    assert.equal(e.code, "PermissionDenied");
  },
  async token_wrong_audience() {
    const e = await raises(openai.AuthenticationError, () => withToken(env.JUDGE_TOKEN_AUDIENCE).chat.completions.create({ model: CHAT, messages: user("say: Good day.") }));
    assert.equal(e.status, 401); // the contract's flat body has no message that this client shows
  },
};

const mode = process.argv[2] ?? "full";
console.log(`# openai ${require("openai/version").VERSION}`);
let good = true;
for (const [prefix, make] of [["azure", azure], ["v1", v1]]) {
  if (mode === "tokens" && prefix === "v1") continue;
  for (const [name, check] of Object.entries({ full, bare, tokens }[mode])) {
    if (ONLY && !`${prefix}/${name}`.includes(ONLY)) continue;
    try {
      const note = await check(make(), make);
      console.log(`ok ${prefix}/${name}${note ? " # " + note : ""}`);
    } catch (e) {
      good = false;
      console.log(`not ok ${prefix}/${name}: ${String(e?.message ?? e).replaceAll("\n", " ").slice(0, 900)}`);
    }
  }
}
process.exit(good ? 0 : 1);
