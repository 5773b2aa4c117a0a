"""The official Python client, unmodified, as a judge of the wire contract.

Prints one line per check, "ok NAME" or "not ok NAME: reason"; test/e2e runs it
and turns the lines into tests. The environment says where to go: the variables of
the demo's env file, JUDGE_ENDPOINT (plain or TLS) and JUDGE_MOCK, the mock upstream
behind the chat deployment. Texts are the mock's: "say: X" is answered with X.
"""

import asyncio
import json
import os
import sys
import urllib.request

import openai

ENV = os.environ
ENDPOINT = ENV["JUDGE_ENDPOINT"].rstrip("/")
MOCK = ENV.get("JUDGE_MOCK", "")
KEY = ENV["AZURE_OPENAI_API_KEY"]
VERSION = ENV["OPENAI_API_VERSION"]
CHAT = ENV["AZURE_OPENAI_CHAT_DEPLOYMENT"]
EMBED = ENV["AZURE_OPENAI_EMBEDDING_DEPLOYMENT"]
JAILBREAK = ENV["JUDGE_JAILBREAK"]
ONLY = ENV.get("JUDGE_ONLY", "")
# With a key in the environment the client would prefer it to a token provider.
for name in ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
    ENV.pop(name, None)


def mock(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(MOCK + "/_mock/" + path, data=data)) as r:
        text = r.read()
    return json.loads(text) if text else None


def script(*answers):
    mock("forget", {})
    for a in answers:
        mock("next", a)


def seen():
    return [json.loads(r["Body"]) for r in mock("requests")]


def azure(endpoint=ENDPOINT, key=KEY, **more):
    return openai.AzureOpenAI(azure_endpoint=endpoint, api_key=key, api_version=VERSION, max_retries=0, timeout=60, **more)


def v1(endpoint=ENDPOINT, key=KEY):
    return openai.OpenAI(base_url=endpoint + "/openai/v1/", api_key=key, max_retries=0, timeout=60)


def user(text):
    return [{"role": "user", "content": text}]


HARMS = ("hate", "self_harm", "sexual", "violence")


def annotated(results, prompt):
    for c in HARMS:
        assert results[c] == {"filtered": False, "severity": "safe"}, (c, results)
    if prompt:
        assert results["jailbreak"] == {"filtered": False, "detected": False}, results


def raises(kind, call):
    try:
        call()
    except openai.APIError as e:
        assert type(e) is kind, f"{type(e).__name__} instead of {kind.__name__}: {e}"
        return e
    raise AssertionError(f"no error instead of {kind.__name__}")


def chat_plain(c):
    r = c.chat.completions.with_raw_response.create(model=CHAT, messages=user("say: Good morning."))
    a = r.parse()
    ch = a.choices[0]
    assert ch.message.content == "Good morning.", ch
    assert ch.message.role == "assistant" and ch.finish_reason == "stop" and ch.index == 0, ch
    assert a.object == "chat.completion" and a.id.startswith("chatcmpl-") and a.created > 1.7e9, a
    assert a.model and a.model != CHAT, a.model
    assert a.usage.total_tokens == a.usage.prompt_tokens + a.usage.completion_tokens > 0, a.usage
    assert [p["prompt_index"] for p in a.prompt_filter_results] == [0]
    annotated(a.prompt_filter_results[0]["content_filter_results"], True)
    annotated(ch.content_filter_results, False)
    h = r.headers
    assert h["x-request-id"] and h["apim-request-id"] == h["x-request-id"] and h["x-ms-region"], dict(h)
    assert h["x-ms-rai-invoked"] == "true" and h["x-ms-client-request-id"], dict(h)
    assert a._request_id == h["x-request-id"]


def chat_stream(c):
    chunks = list(c.chat.completions.create(model=CHAT, messages=user("say: One two three, four five six."), stream=True))
    first = chunks[0]
    assert first.choices == [] and first.id == "" and first.model == "" and first.object == "", first
    annotated(first.prompt_filter_results[0]["content_filter_results"], True)
    text, finishes = "", []
    for k in chunks[1:]:
        assert k.object == "chat.completion.chunk" and k.id.startswith("chatcmpl-") and k.usage is None, k
        for ch in k.choices:
            if ch.delta.content:
                text += ch.delta.content
                annotated(ch.content_filter_results, False)
            if ch.finish_reason:
                finishes.append(ch.finish_reason)
    assert chunks[1].choices[0].delta.role == "assistant", chunks[1]
    assert text == "One two three, four five six.", text
    assert finishes == ["stop"], finishes
    assert len({k.id for k in chunks[1:]}) == 1


def chat_stream_usage(c):
    chunks = list(c.chat.completions.create(model=CHAT, messages=user("say: One two."), stream=True, stream_options={"include_usage": True}))
    last = chunks[-1]
    assert last.choices == [] and last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens > 0, last
    assert all(k.usage is None for k in chunks[:-1])


def chat_stream_helper(c):
    with c.chat.completions.stream(model=CHAT, messages=user("say: Helped along.")) as s:
        for _ in s:
            pass
        assert s.get_final_completion().choices[0].message.content == "Helped along."


TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Weather of a town", "parameters": {
    "type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}}}]
CALLS = [{"ID": "call_1", "Name": "weather", "Arguments": '{"town":"Leeds"}'}, {"ID": "call_2", "Name": "weather", "Arguments": '{"town":"York"}'}]


def tools(c):
    script({"Choices": [{"Calls": CALLS}]}, {"Choices": [{"Text": "Rain in both."}]})
    messages = user("How is the weather in Leeds and York?")
    a = c.chat.completions.create(model=CHAT, messages=messages, tools=TOOLS, tool_choice="auto", parallel_tool_calls=True)
    ch = a.choices[0]
    assert ch.finish_reason == "tool_calls" and ch.message.content is None, ch
    assert [(t.id, t.type, t.function.name, json.loads(t.function.arguments)) for t in ch.message.tool_calls] == [
        ("call_1", "function", "weather", {"town": "Leeds"}), ("call_2", "function", "weather", {"town": "York"})], ch
    assert ch.content_filter_results == {}, ch
    messages += [ch.message] + [{"role": "tool", "tool_call_id": t.id, "content": "rain"} for t in ch.message.tool_calls]
    a = c.chat.completions.create(model=CHAT, messages=messages, tools=TOOLS)
    assert a.choices[0].message.content == "Rain in both.", a
    first, second = seen()
    assert first["tools"] == TOOLS and first["tool_choice"] == "auto" and first["parallel_tool_calls"] is True, first
    assert [m["role"] for m in second["messages"]] == ["user", "assistant", "tool", "tool"], second
    assert [t["id"] for t in second["messages"][1]["tool_calls"]] == ["call_1", "call_2"], second
    assert second["messages"][3]["tool_call_id"] == "call_2" and second["messages"][3]["content"] == "rain", second


def tools_stream(c):
    script({"Choices": [{"Calls": CALLS}]})
    got, finish = {}, None
    for k in c.chat.completions.create(model=CHAT, messages=user("How is the weather?"), tools=TOOLS, stream=True):
        for ch in k.choices:
            finish = ch.finish_reason or finish
            for t in ch.delta.tool_calls or []:
                e = got.setdefault(t.index, {"id": "", "name": "", "arguments": ""})
                e["id"] += t.id or ""
                e["name"] += t.function.name or ""
                e["arguments"] += t.function.arguments or ""
    assert finish == "tool_calls", finish
    assert [(e["id"], e["name"], json.loads(e["arguments"])) for _, e in sorted(got.items())] == [
        ("call_1", "weather", {"town": "Leeds"}), ("call_2", "weather", {"town": "York"})], got


def choices(c):
    script({"Choices": [{"Text": "First."}, {"Text": "Second."}]}, {"Choices": [{"Text": "First."}, {"Text": "Second."}]})
    a = c.chat.completions.create(model=CHAT, messages=user("Two greetings"), n=2)
    assert [(x.index, x.message.content) for x in a.choices] == [(0, "First."), (1, "Second.")], a
    texts = ["", ""]
    for k in c.chat.completions.create(model=CHAT, messages=user("Two greetings"), n=2, stream=True):
        for ch in k.choices:
            texts[ch.index] += ch.delta.content or ""
    assert texts == ["First.", "Second."], texts
    assert [r["n"] for r in seen()] == [2, 2]


def structured(c):
    script({"Choices": [{"Text": '{"town":"Leeds","degrees":7}'}]})
    schema = {"name": "reading", "strict": True, "schema": {"type": "object", "properties": {"town": {"type": "string"}, "degrees": {"type": "integer"}},
              "required": ["town", "degrees"], "additionalProperties": False}}
    a = c.chat.completions.create(model=CHAT, messages=user("The reading"), response_format={"type": "json_schema", "json_schema": schema})
    assert json.loads(a.choices[0].message.content) == {"town": "Leeds", "degrees": 7}, a
    assert seen()[0]["response_format"] == {"type": "json_schema", "json_schema": schema}, seen()


def parsed(c):
    import pydantic

    class Reading(pydantic.BaseModel):
        town: str
        degrees: int

    script({"Choices": [{"Text": '{"town":"Leeds","degrees":7}'}]})
    a = c.chat.completions.parse(model=CHAT, messages=user("The reading"), response_format=Reading)
    assert a.choices[0].message.parsed == Reading(town="Leeds", degrees=7), a


def sampling(c):
    script()
    c.chat.completions.create(model=CHAT, messages=user("say: Good day."), stop=["END", "STOP"], seed=42, temperature=0.5, top_p=0.9, presence_penalty=0.1,
                              frequency_penalty=-0.1, max_tokens=50, logit_bias={"50256": -100}, user="worker-7", extra_body={"x_unknown": {"a": "b"}})
    r = seen()[0]
    want = {"stop": ["END", "STOP"], "seed": 42, "temperature": 0.5, "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": -0.1, "max_tokens": 50,
            "logit_bias": {"50256": -100}, "user": "worker-7", "x_unknown": {"a": "b"}}
    assert {k: r.get(k) for k in want} == want, r
    script()
    c.chat.completions.create(model=CHAT, messages=user("say: Good day."), max_completion_tokens=51)
    r = seen()[0]
    assert r.get("max_completion_tokens", r.get("max_tokens")) == 51, r


def logprobs(c):
    probs = [{"token": t, "logprob": -0.25, "bytes": list(t.encode()), "top_logprobs": [{"token": t, "logprob": -0.25, "bytes": list(t.encode())}]} for t in ("Good", " day")]
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "mock-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Good day"},
            "logprobs": {"content": probs, "refusal": None}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}
    script({"Body": json.dumps(body)})
    a = c.chat.completions.create(model=CHAT, messages=user("Greet"), logprobs=True, top_logprobs=1)
    got = a.choices[0].logprobs.content
    assert [(p.token, p.logprob, p.top_logprobs[0].token) for p in got] == [("Good", -0.25, "Good"), (" day", -0.25, " day")], a
    assert seen()[0]["logprobs"] is True and seen()[0]["top_logprobs"] == 1


def embeddings(c):
    texts = ["a key for every door", "the second door"]
    default = c.embeddings.create(model=EMBED, input=texts)  # the client asks for base64 and decodes it
    floats = c.embeddings.create(model=EMBED, input=texts, encoding_format="float")
    raw = c.embeddings.create(model=EMBED, input=texts, encoding_format="base64")
    a, b = [d.embedding for d in default.data], [d.embedding for d in floats.data]
    assert len(a) == 2 and [d.index for d in default.data] == [0, 1] and len(a[0]) == len(b[0]) > 1, default
    assert all(abs(x - y) < 1e-6 for v, w in zip(a, b) for x, y in zip(v, w)), (a, b)
    assert isinstance(raw.data[0].embedding, str), raw
    assert a[0] != a[1] and floats.usage.total_tokens == floats.usage.prompt_tokens > 0
    assert len(c.embeddings.create(model=EMBED, input="short", dimensions=4).data[0].embedding) == 4


def models(c):
    listed = list(c.models.list())
    assert listed and all(m.object == "model" for m in listed), listed
    one = c.models.retrieve(listed[0].id)
    assert one.id == listed[0].id, one
    raises(openai.NotFoundError, lambda: c.models.retrieve("no-such-model"))


def blocked(e):
    assert e.status_code == 400 and e.code == "content_filter" and e.param == "prompt", (e.status_code, e.body)
    inner = e.body["innererror"]
    assert inner["code"] == "ResponsibleAIPolicyViolation", inner
    results = inner["content_filter_result"]
    assert results["jailbreak"] == {"filtered": True, "detected": True}, results
    assert all(results[h]["severity"] in ("safe", "low", "medium", "high") for h in HARMS), results
    assert e.body["status"] == 400 and "content management policy" in e.body["message"], e.body
    assert e.request_id


def jailbreak(c):
    blocked(raises(openai.BadRequestError, lambda: c.chat.completions.create(model=CHAT, messages=user(JAILBREAK))))


def jailbreak_stream(c):
    blocked(raises(openai.BadRequestError, lambda: c.chat.completions.create(model=CHAT, messages=user(JAILBREAK), stream=True)))


def answer_filtered(c):
    term = ENV.get("JUDGE_TERM")
    if not term:
        return "skipped: no listed term"
    for stream in (False, True):
        script({"Choices": [{"Text": f"The plan is called {term} and nobody knows.", "Pieces": 9}]})
        if stream:
            chunks = list(c.chat.completions.create(model=CHAT, messages=user("What is the plan?"), stream=True, stream_options={"include_usage": True}))
            text = "".join(ch.delta.content or "" for k in chunks for ch in k.choices)
            last = [ch for k in chunks for ch in k.choices][-1]
            assert all(k.usage is None for k in chunks), "a blocked stream tells no usage"
        else:
            last = c.chat.completions.create(model=CHAT, messages=user("What is the plan?")).choices[0]
            text = last.message.content or ""
        assert last.finish_reason == "content_filter", last
        assert last.content_filter_results["custom_blocklists"]["filtered"] is True, last
        assert term not in text and term[:5] not in text, text


def wrong_key(make):
    e = raises(openai.AuthenticationError, lambda: make(key="0" * 32).chat.completions.create(model=CHAT, messages=user("say: Good day.")))
    assert e.status_code == 401 and e.code == "401" and "Access denied due to invalid subscription key or wrong API endpoint." in e.message, e.body


def unknown_deployment(c):
    e = raises(openai.NotFoundError, lambda: c.chat.completions.create(model="no-such", messages=user("say: Good day.")))
    assert e.code == "DeploymentNotFound" and "The API deployment for this resource does not exist." in e.message, e.body


def limited(c):
    name = ENV["SALLYPORT_LIMITED_DEPLOYMENT"]
    for i in range(100):
        try:
            c.chat.completions.create(model=name, messages=user("say: Good day."), max_tokens=5)
        except openai.RateLimitError as e:
            h = e.response.headers
            assert e.code == "429" and "Please retry after" in e.message, e.body
            assert 0 < float(h["retry-after"]) <= 120 and 0 < float(h["retry-after-ms"]) <= 120000, dict(h)
            limits = [k for k in h if k.startswith("x-ratelimit-")]
            assert any("limit" in k for k in limits) and any("remaining" in k for k in limits), dict(h)
            assert h["policy-id"].startswith("DeploymentRatelimit-"), dict(h)
            return
    raise AssertionError("100 requests without a 429")


def denied(make):
    endpoint, key = ENV["SALLYPORT_DENIED_ENDPOINT"], ENV["SALLYPORT_DENIED_KEY"]
    if ENDPOINT.startswith("https:"):
        return "skipped: the endpoint is the plain one"
    e = raises(openai.PermissionDeniedError, lambda: make(endpoint=endpoint.rstrip("/"), key=key).chat.completions.create(model=CHAT, messages=user("say: Good day.")))
    assert e.status_code == 403 and "Public access is disabled. Please configure private endpoint." in e.message, e.body


def image(c):
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]
    e = raises(openai.BadRequestError, lambda: c.chat.completions.create(model=CHAT, messages=[{"role": "user", "content": parts}]))
    assert e.code == "unsupported_content_type" and e.param == "messages[0].content[1].type", e.body


def not_built(c):
    for call in (lambda: c.responses.create(model=CHAT, input="hi"), lambda: c.files.list(), lambda: c.images.generate(model=CHAT, prompt="a door")):
        e = raises(openai.BadRequestError, call)
        assert e.code == "OperationNotSupported", e.body


def bad_request(c):
    e = raises(openai.BadRequestError, lambda: c.chat.completions.create(model=CHAT, messages=user("Good day"), temperature=9))
    assert e.param == "temperature" and e.type == "invalid_request_error", e.body


def asynchronous(_):
    async def go():
        async with openai.AsyncAzureOpenAI(azure_endpoint=ENDPOINT, api_key=KEY, api_version=VERSION, max_retries=0) as c:
            text = ""
            async for k in await c.chat.completions.create(model=CHAT, messages=user("say: Asynchronous."), stream=True):
                text += "".join(ch.delta.content or "" for ch in k.choices)
            assert text == "Asynchronous.", text

    asyncio.run(go())


def deployment_argument(_):
    c = azure(azure_deployment=CHAT)
    assert c.chat.completions.create(model="ignored", messages=user("say: By path.")).choices[0].message.content == "By path."


def token_ok(_):
    for make in (lambda: openai.AzureOpenAI(azure_endpoint=ENDPOINT, azure_ad_token_provider=lambda: ENV["JUDGE_TOKEN"], api_version=VERSION, max_retries=0),
                 lambda: v1(key=ENV["JUDGE_TOKEN"])):
        assert make().chat.completions.create(model=CHAT, messages=user("say: You may come in through the front door.")).choices[0].message.content == "You may come in through the front door."


def token_no_role(_):
    c = openai.AzureOpenAI(azure_endpoint=ENDPOINT, azure_ad_token_provider=lambda: ENV["JUDGE_TOKEN_NO_ROLE"], api_version=VERSION, max_retries=0)
    e = raises(openai.AuthenticationError, lambda: c.chat.completions.create(model=CHAT, messages=user("say: Good day.")))
    assert e.code == "PermissionDenied" and "lacks the required data action" in e.message, e.body


def token_wrong_audience(_):
    c = openai.AzureOpenAI(azure_endpoint=ENDPOINT, azure_ad_token_provider=lambda: ENV["JUDGE_TOKEN_AUDIENCE"], api_version=VERSION, max_retries=0)
    e = raises(openai.AuthenticationError, lambda: c.chat.completions.create(model=CHAT, messages=user("say: Good day.")))
    assert e.body["statusCode"] == 401 and e.body["message"].startswith("Unauthorized. Access token is missing, invalid, audience is incorrect"), e.body


BOTH = [chat_plain, chat_stream, chat_stream_usage, chat_stream_helper, tools, tools_stream, choices, structured, parsed, sampling, logprobs, embeddings, models,
        jailbreak, jailbreak_stream, answer_filtered, unknown_deployment, limited, image, not_built, bad_request]
MAKERS = [wrong_key, denied]
AZURE = [asynchronous, deployment_argument]
TOKENS = [token_ok, token_no_role, token_wrong_audience]


def bare_chat(c):
    """Without a backend: the embedded answerer says what it is and quotes nothing."""
    a = c.chat.completions.create(model=CHAT, messages=user("When is the pharmacy open?"))
    text = a.choices[0].message.content
    assert text and a.choices[0].finish_reason == "stop" and a.usage.completion_tokens > 0, a
    streamed = "".join(ch.delta.content or "" for k in c.chat.completions.create(model=CHAT, messages=user("When is the pharmacy open?"), stream=True) for ch in k.choices)
    assert streamed == text, (streamed, text)


def bare_embeddings(c):
    e = raises(openai.BadRequestError, lambda: c.embeddings.create(model=EMBED, input="a ward"))
    assert e.code == "OperationNotSupported", e.body


BARE = [bare_chat, bare_embeddings, models, jailbreak, jailbreak_stream, unknown_deployment, image]


def run(name, check, arg):
    if ONLY and ONLY not in name:
        return True
    try:
        note = check(arg)
        print("ok", name, note and f"# {note}" or "", flush=True)
        return True
    except Exception as e:  # a check that fails in any way fails
        print(f"not ok {name}: {type(e).__name__}: {str(e)[:900]}".replace("\n", " "), flush=True)
        return False


def main():
    mode, good = sys.argv[1] if len(sys.argv) > 1 else "full", True
    print(f"# openai {openai.__version__}")
    if mode == "tokens":
        return all([run(f"azure/{f.__name__}", f, None) for f in TOKENS])
    for prefix, make in (("azure", azure), ("v1", v1)):
        for f in BARE if mode == "bare" else BOTH:
            good &= run(f"{prefix}/{f.__name__}", f, make())
        for f in MAKERS if mode == "full" else []:
            good &= run(f"{prefix}/{f.__name__}", f, make)
    for f in AZURE if mode == "full" else []:
        good &= run(f"azure/{f.__name__}", f, None)
    return good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
