// The conversation page: asks, follows the answer, comes back to it.
import { call, lines, Problem } from "./api.js";
import { el, icon, need, readTexts, say } from "./dom.js";
import { closePanel } from "./panel.js";
import { close as closeRail } from "./rail.js";
import { Turn } from "./turn.js";

readTexts();

const thread = need("thread", HTMLElement);
const empty = need("empty", HTMLElement);
const scope = need("scope", HTMLElement);
const form = need("composer", HTMLFormElement);
const field = need("question", HTMLTextAreaElement);
const send = need("send", HTMLButtonElement);
const stop = need("stop", HTMLButtonElement);
const status = need("status", HTMLElement);
const alertNode = need("alert", HTMLElement);
const linkState = need("link-state", HTMLElement);
const below = need("below", HTMLButtonElement);
const left = need("left", HTMLElement);
const most = field.maxLength;
field.removeAttribute("maxlength"); // a paste is not cut silently: the counter tells

let conversation = document.body.dataset["conversation"] ?? "";
/** @type {Turn | null} */
let current = null;
let asking = false;
let stopShown = 0;

/** tell says something to assistive technology without moving anything. @param {string} text */
function tell(text) { status.textContent = ""; requestAnimationFrame(() => { status.textContent = text; }); }
/** @param {string} text */
function complain(text) { alertNode.textContent = ""; requestAnimationFrame(() => { alertNode.textContent = text; }); }

thread.addEventListener("tell", (e) => tell(/** @type {CustomEvent} */ (e).detail));
thread.addEventListener("complain", (e) => complain(/** @type {CustomEvent} */ (e).detail));
thread.addEventListener("edit", (e) => {
  field.value = /** @type {CustomEvent} */ (e).detail;
  grown();
  field.focus({ preventScroll: true });
});

thread.addEventListener("again", (e) => {
  field.value = /** @type {CustomEvent} */ (e).detail;
  grown();
  field.focus();
  form.requestSubmit();
});

// The page follows the text only while the reader is at its end.
const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
let following = true;
addEventListener("scroll", () => { following = atEnd(); if (following) below.hidden = true; }, { passive: true });
function follow() {
  if (following) scrollTo(0, document.documentElement.scrollHeight);
  else { below.hidden = false; }
}
/** @type {HTMLElement} */ (below.querySelector("span")).textContent = say("below");
below.addEventListener("click", () => { following = true; below.hidden = true; follow(); });

function grown() {
  if (!CSS.supports("field-sizing", "content")) {
    field.style.blockSize = "auto";
    field.style.blockSize = field.scrollHeight + "px";
  }
  const room = most - field.value.length;
  left.textContent = room < 0 ? say("over", { n: -room }) : room < most / 5 ? say("left", { n: room }) : "";
  send.setAttribute("aria-disabled", String(field.value.trim() === "" || room < 0));
}
field.addEventListener("input", grown);

function buttons() {
  const running = current !== null && !current.done;
  const hadFocus = document.activeElement === send || document.activeElement === stop;
  if (running && stop.hidden) stopShown = performance.now();
  stop.hidden = !running;
  send.hidden = running;
  if (hadFocus) (running ? stop : field).focus();
}

field.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing && e.keyCode !== 229) {
    e.preventDefault();
    form.requestSubmit();
  }
  if (e.key === "Escape" && current && !current.done) void cancel();
});

for (const b of document.querySelectorAll(".example")) {
  b.addEventListener("click", () => { field.value = b.textContent ?? ""; grown(); form.requestSubmit(); });
}

form.addEventListener("submit", (e) => { e.preventDefault(); void ask(); });
// Stop stands where Send stood: the second half of a double click is not meant.
stop.addEventListener("click", () => { if (performance.now() - stopShown > 500) void cancel(); });

async function ask() {
  const question = field.value.trim();
  if (!question || question.length > most || asking || (current && !current.done)) return;
  asking = true;
  document.querySelector(".page-notice")?.remove();
  try {
    const at = await call("POST", "/questions", { conversation, question });
    field.value = "";
    grown();
    closePanel();
    closeRail();
    if (!conversation) {
      conversation = at.conversation;
      history.pushState(null, "", "/c/" + conversation);
    }
    current = new Turn(question, at);
    empty.hidden = true;
    scope.hidden = false;
    thread.append(current.node);
    following = true;
    follow();
    tell(say("started"));
    buttons();
    void conversations();
    await attend(current);
  } catch (e) {
    fail(e);
  } finally {
    asking = false;
  }
}

/** fail shows why nothing was asked. The question stays in the field. @param {unknown} e */
function fail(e) {
  document.querySelector(".page-notice")?.remove();
  const p = e instanceof Problem ? e : null;
  const title = p?.title || say("network");
  thread.append(el("section", { class: "notice bad page-notice", "data-state": p?.state ?? "network" }, icon("alert"), el("h3", {}, title), el("p", {}, p?.body ?? ""),
    p ? el("p", { class: "reference" }, say("reference") + " ", el("code", {}, p.reference)) : null));
  complain(title + ". " + (p?.body ?? ""));
  following = true;
  follow();
}

/** attend follows an answer to its end, through lost connections. @param {Turn} t */
async function attend(t) {
  let lost = 0;
  const clock = setInterval(() => t.tick(), 1000);
  const leaving = new AbortController();
  addEventListener("pagehide", () => leaving.abort(), { once: true });
  while (!t.done) {
    try {
      await lines(`/conversations/${t.at.conversation}/answers/${t.at.answer}/events?after=${t.last}`, leaving.signal, (e) => {
        if (lost) { lost = 0; linkState.hidden = true; tell(say("back")); }
        if (t.take(e)) follow();
      });
    } catch (e) {
      if (leaving.signal.aborted) return;
      if (e instanceof Problem && e.title) { // the server itself said no; a proxy's error is a lost connection
        fail(e);
        t.done = true;
        break;
      }
    }
    if (t.done) break;
    lost ||= performance.now();
    const long = performance.now() - lost > 30000;
    linkState.textContent = long ? say("lost_long") : say("lost");
    if (linkState.hidden) { linkState.hidden = false; complain(say("lost")); }
    await new Promise((r) => setTimeout(r, long ? 5000 : 1000));
  }
  clearInterval(clock);
  linkState.hidden = true;
  buttons();
  if (t.state === undefined) return;
  if (t.calm) tell(t.told ?? "");
  else complain(t.told ?? "");
  if (t.wantsBack && field.value === "") { field.value = t.question; grown(); }
  if (t.state === "limited" && t.retryAfter) countdown(t);
  follow();
}

/** countdown shows when to try again, without telling each second. @param {Turn} t */
function countdown(t) {
  const line = el("p", { class: "faint" });
  t.node.querySelector(".notice .actions")?.before(line);
  let rest = t.retryAfter ?? 0;
  const tick = () => {
    line.textContent = rest > 0 ? say("wait", { seconds: rest }) : say("ready");
    if (rest-- > 0) setTimeout(tick, 1000);
    else tell(say("ready"));
  };
  tick();
}

/** @type {Turn | null} */
let stopping = null;

async function cancel() {
  const t = current;
  if (!t || t.done || stopping === t) return;
  stopping = t; // pressed twice is meant once
  try {
    await call("POST", `/conversations/${t.at.conversation}/answers/${t.at.answer}/stop`);
  } catch (e) {
    stopping = null;
    if (!t.done) fail(e);
  }
}

// The list of conversations.
const product = document.title.slice(document.title.lastIndexOf(" · "));
const list = need("conversations", HTMLElement);
const none = need("no-conversations", HTMLElement);

async function conversations() {
  try {
    const { conversations } = await call("GET", "/conversations");
    list.replaceChildren(...conversations.map((/** @type {{id: string, title: string}} */ c) => row(c)));
    const here = conversations.find((/** @type {{id: string, name: string}} */ c) => c.id === conversation);
    if (here) document.title = here.name + product;
    list.hidden = conversations.length === 0;
    none.hidden = conversations.length > 0;
    document.getElementById("new")?.toggleAttribute("aria-current", false);
    if (!conversation) document.getElementById("new")?.setAttribute("aria-current", "page");
  } catch {
    // The list stays as it is; the conversation tells what is wrong.
  }
}

/** @param {{id: string, title: string}} c */
function row(c) {
  const link = el("a", { class: "rail-link", href: "/c/" + c.id, "aria-current": c.id === conversation ? "page" : undefined, dir: "auto" }, c.title);
  const forget = el("button", {
    type: "button", class: "quiet square", "aria-label": say("forget", { title: c.title }),
    click: async () => {
      try {
        await call("DELETE", "/conversations/" + c.id);
        if (c.id === conversation) { location.assign("/"); return; }
        tell(say("forgotten"));
        await conversations();
        document.getElementById("new")?.focus();
      } catch (e) { fail(e); }
    },
  }, icon("close"));
  return el("li", { "data-id": c.id }, link, forget);
}

need("skip-answer", HTMLAnchorElement).addEventListener("click", (e) => {
  const last = [...thread.querySelectorAll(".turn")].pop();
  if (last instanceof HTMLElement) {
    e.preventDefault();
    last.tabIndex = -1;
    last.focus();
  }
});

// Back and forward between conversations; a skip link's "#…" is no such step.
addEventListener("popstate", () => {
  if (location.pathname !== (conversation ? "/c/" + conversation : "/")) location.reload();
});

/** load shows a conversation that is under way, and goes on with its last answer. */
async function load() {
  try {
    const { turns } = await call("GET", "/conversations/" + conversation);
    for (const t of turns) {
      const turn = new Turn(t.question, { conversation, answer: t.answer });
      for (const e of t.events) turn.take(e);
      thread.append(turn.node);
      current = turn;
    }
  } catch (e) {
    fail(e);
    return;
  }
  scrollTo(0, document.documentElement.scrollHeight);
  buttons();
  if (current && !current.done) await attend(current);
}

grown();
void conversations();
if (conversation) void load();
else if (matchMedia("(hover: hover)").matches) field.focus({ preventScroll: true });
