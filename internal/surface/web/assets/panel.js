// The panel that shows a cited passage. The server looks at the permission again
// each time one is opened.
import { call, Problem } from "./api.js";
import { el, need, say } from "./dom.js";

const panel = need("panel", HTMLDialogElement);
const title = need("panel-title", HTMLElement);
const body = need("panel-body", HTMLElement);
const narrow = matchMedia("(max-width: 48rem)");

/** @type {HTMLElement | null} */
let opener = null;
let asked = 0;

export function closePanel() {
  if (panel.open) panel.close();
}

panel.addEventListener("close", () => {
  document.body.classList.remove("with-panel");
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus();
  opener = null;
});
// Not modal beside the text, so Escape is ours there.
panel.addEventListener("keydown", (e) => { if (e.key === "Escape") { e.preventDefault(); closePanel(); } });
panel.addEventListener("click", (e) => { if (e.target === panel && narrow.matches) closePanel(); });
need("panel-close", HTMLButtonElement).addEventListener("click", closePanel);

/**
 * openSource shows source n; of several citations of it, the words of the one
 * with this ref (0: of all).
 * @param {HTMLElement} from @param {string} conversation @param {string} answer @param {number} n @param {number} ref
 */
export async function openSource(from, conversation, answer, n, ref) {
  const mine = ++asked;
  const before = opener;
  opener = from;
  before?.setAttribute("aria-expanded", "false");
  from.setAttribute("aria-expanded", "true");
  title.textContent = from.dataset["label"] ?? "";
  body.replaceChildren(el("p", { class: "faint" }, say("loading")));
  if (!panel.open) {
    if (narrow.matches) panel.showModal();
    else panel.show();
    document.body.classList.add("with-panel");
  }
  title.focus();
  try {
    const p = await call("GET", `/conversations/${conversation}/answers/${answer}/sources/${n}?ref=${ref}`);
    if (mine === asked) show(p);
  } catch (e) {
    if (mine !== asked) return;
    const p = e instanceof Problem ? e : null;
    body.replaceChildren(
      el("div", { class: "notice", role: "alert" }, el("h3", {}, p?.title || say("network")), el("p", {}, p?.body ?? ""),
        p ? el("p", { class: "reference" }, say("reference") + " ", el("code", {}, p.reference)) : null));
  }
}

/** @param {any} p */
function show(p) {
  title.textContent = say("cite", { n: p.n, title: p.title });
  const facts = el("dl", { class: "facts-list" });
  const fact = (/** @type {string} */ name, /** @type {string | undefined} */ value) => {
    if (value) facts.append(el("dt", {}, name), el("dd", {}, value));
  };
  fact(say("collection"), p.collection);
  fact(say("owner"), p.owner);
  fact(say("updated"), p.updated);
  fact(say("class"), p.classification);
  const quote = el("p", { class: "quote" });
  for (const part of p.parts) quote.append(part.mark ? el("mark", {}, part.s) : part.s);
  body.replaceChildren(
    ...(p.section ? [el("p", {}, el("strong", {}, p.section))] : []),
    ...(p.changed ? [el("p", { class: "link-state" }, say("passage_changed"))] : []),
    ...(p.before ? [el("p", { class: "around" }, p.before)] : []),
    quote,
    ...(p.after ? [el("p", { class: "around" }, p.after)] : []),
    facts,
    el("p", {}, el("a", { href: `/documents/${encodeURIComponent(p.document)}#p${p.passage}` }, say("open_document"))));
  body.querySelector("mark")?.scrollIntoView({ block: "nearest" });
}
