// What the page asks of its own server. Every answer is JSON; a refusal is a
// Problem, in words that a person can read.

export class Problem extends Error {
  /** @param {number} status @param {{state: string, title: string, body: string, reference: string, retry_after?: number}} p */
  constructor(status, p) {
    super(p.state);
    this.status = status;
    this.state = p.state;
    this.title = p.title;
    this.body = p.body;
    this.reference = p.reference;
    this.retryAfter = p.retry_after ?? 0;
  }
}

const meta = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="form-token"]'));
let token = meta?.content ?? "";

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
async function send(method, path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-Form-Token"] = token;
  if (body) headers["Content-Type"] = "application/json";
  return fetch("/app/api" + path, {
    method, headers, signal: signal ?? null, body: body ? JSON.stringify(body) : null,
    credentials: "same-origin", redirect: "error", cache: "no-store", referrerPolicy: "no-referrer",
  });
}

/** @param {Response} r */
async function problem(r) {
  try {
    const { error } = await r.json();
    return new Problem(r.status, error);
  } catch {
    return new Problem(r.status, { state: "failed", title: "", body: "", reference: r.headers.get("X-Request-Id") ?? "" });
  }
}

/**
 * call asks and returns what came. A token that another sign-in made stale is
 * fetched anew, once.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  let r = await send(method, path, body);
  if (r.status === 403 && method !== "GET") {
    const p = await problem(r);
    if (p.state !== "stale") throw p;
    const s = await send("GET", "/session");
    if (!s.ok) throw await problem(s);
    token = (await s.json()).token;
    r = await send(method, path, body);
  }
  if (!r.ok) throw await problem(r);
  return r.status === 204 ? null : r.json();
}

/**
 * lines reads a stream of JSON lines until it ends.
 * @param {string} path
 * @param {AbortSignal} signal
 * @param {(value: any) => void} each
 */
export async function lines(path, signal, each) {
  const r = await send("GET", path, undefined, signal);
  if (!r.ok) throw await problem(r);
  if (!r.body) throw new Error("no stream");
  const reader = r.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) if (line) each(JSON.parse(line));
    if (done) return;
  }
}
