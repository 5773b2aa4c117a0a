// One question with its answer, built from events. Live, re-attached and loaded
// answers take this one way.
import { el, icon, say } from "./dom.js";
import { openSource } from "./panel.js";

/** @typedef {{s?: string, style?: string, n?: number, ref?: number, none?: boolean}} Run */
/** @typedef {{kind: string, level?: number, depth?: number, number?: number, runs?: Run[], rows?: Run[][][]}} Block */
/** @typedef {{n: number, label: string, title: string, section?: string, updated?: string, classification?: string}} Source */
/** @typedef {{id: number, type: string, step?: string, text?: string, source?: Source, block?: Block,
 *   asked?: string, state?: string, title?: string, body?: string, help?: string, reference?: string, retry_after?: number, calm?: boolean}} AnswerEvent */

/** States after which the question comes back to the field. */
const again = new Set(["limited", "session_ended", "unavailable", "guard_down", "record_down", "permissions_unknown", "failed", "unattended"]);

export class Turn {
  /** @param {string} question @param {{conversation: string, answer: string}} at */
  constructor(question, at) {
    this.question = question;
    this.at = at;
    this.last = 0;
    this.done = false;
    /** @type {Map<number, Source>} */
    this.sources = new Map();
    /** @type {string[]} */
    this.plain = [];
    this.stepList = el("ol");
    this.summary = el("summary", {}, say("working"));
    this.steps = el("details", { class: "steps", open: true }, this.summary, this.stepList);
    this.text = el("div", { class: "text" });
    this.answered = el("div", { class: "answered" }, el("p", { class: "who" }, say("answer")), this.steps, this.text);
    this.node = el("article", { class: "turn" },
      el("header", { class: "asked" }, el("p", { class: "who" }, say("you")), el("h2", { class: "words", dir: "auto" }, question)),
      this.answered);
  }

  /** @param {AnswerEvent} e @returns {boolean} whether it was new */
  take(e) {
    if (e.id <= this.last) return false;
    this.last = e.id;
    switch (e.type) {
      case "step": this.step(e.step ?? "", e.text ?? ""); break;
      case "source": if (e.source) this.sources.set(e.source.n, e.source); break;
      case "block": if (e.block) this.block(e.block); break;
      case "end": this.end(e); break;
    }
    return true;
  }

  /** A step that comes again says how far it is. @param {string} name @param {string} text */
  step(name, text) {
    const now = this.stepList.querySelector(".now");
    if (now instanceof HTMLElement && now.dataset["step"] === name) {
      /** @type {HTMLElement} */ (now.firstElementChild).textContent = text;
      return;
    }
    now?.classList.remove("now");
    now?.querySelector(".elapsed")?.remove();
    this.since = performance.now();
    this.stepList.append(el("li", { class: "now", "data-step": name }, el("span", {}, text)));
  }

  /** tick shows how long the step under way takes, once it takes long. */
  tick() {
    const seconds = Math.floor((performance.now() - (this.since ?? 0)) / 1000);
    const now = this.stepList.querySelector(".now");
    if (!now || seconds < 3) return;
    const place = now.querySelector(".elapsed") ?? now.appendChild(el("span", { class: "elapsed" }));
    place.textContent = say("elapsed", { seconds });
  }

  /** @param {Run[]} runs */
  runs(runs) {
    const out = document.createDocumentFragment();
    for (const r of runs) {
      if (r.n) {
        keep(out).append(this.cite(r.n, r.ref ?? 0));
      } else if (r.none) {
        keep(out).append(el("span", { class: "unsourced", title: say("none_long") }, say("none")));
      } else {
        /** @type {Node} */
        let node = document.createTextNode(r.s ?? "");
        if (r.style?.includes("c")) node = el("code", {}, node);
        if (r.style?.includes("i")) node = el("em", {}, node);
        if (r.style?.includes("b")) node = el("strong", {}, node);
        out.append(node);
      }
    }
    return out;
  }

  /** @param {number} n @param {number} ref */
  cite(n, ref) {
    const b = el("button", {
      type: "button", class: "cite", "aria-label": this.sources.get(n)?.label ?? String(n), "data-label": this.sources.get(n)?.label ?? "", "aria-expanded": "false", "aria-controls": "panel",
      click: () => void openSource(b, this.at.conversation, this.at.answer, n, ref),
    }, el("span", {}, String(n)));
    return b;
  }

  /** @param {Block} b */
  block(b) {
    const runs = b.runs ?? [];
    this.plain.push(plain(b));
    switch (b.kind) {
      case "h": this.text.append(el(b.level && b.level > 2 ? "h4" : "h3", {}, this.runs(runs))); break;
      case "li": this.text.append(this.item(b)); break;
      case "quote": this.text.append(el("blockquote", {}, this.runs(runs))); break;
      case "code": this.text.append(el("pre", { tabindex: 0 }, runs.map((r) => r.s ?? "").join(""))); break;
      case "table": this.text.append(this.table(b.rows ?? [])); break;
      default: this.text.append(el("p", {}, this.runs(runs)));
    }
  }

  /** @param {Block} b */
  item(b) {
    const text = el("div", {}, this.runs(b.runs ?? []));
    return el("div", { class: "item", role: "listitem", "data-depth": b.depth ?? 0, "data-mark": b.number ? `${b.number}.` : "•" }, text);
  }

  /** @param {Run[][][]} rows */
  table(rows) {
    const [head, ...rest] = rows;
    return el("div", { class: "table", tabindex: 0, role: "group" }, el("table", {},
      el("thead", {}, el("tr", {}, ...(head ?? []).map((c) => el("th", { scope: "col" }, this.runs(c))))),
      el("tbody", {}, ...rest.map((r) => el("tr", {}, ...r.map((c) => el("td", {}, this.runs(c))))))));
  }

  /** @param {AnswerEvent} e */
  end(e) {
    this.done = true;
    this.state = e.state ?? "failed";
    this.told = e.text ?? "";
    this.calm = e.calm ?? false;
    this.retryAfter = e.retry_after ?? 0;
    this.asked = e.asked ?? "";
    this.title = e.title ?? "";
    this.stepList.querySelector(".now")?.classList.remove("now");
    this.stepList.querySelector(".elapsed")?.remove();
    this.summary.textContent = say("steps");
    this.steps.open = false;
    groupItems(this.text);
    if (this.sources.size > 0) this.answered.append(this.sourceList());
    if (e.state !== "complete") this.answered.append(this.notice(e));
    if (this.plain.length > 0 && this.sources.size > 0) {
      this.answered.append(el("p", { class: "after" }, this.copyButton()));
    }
  }

  /** the question may be put back in the field */
  get wantsBack() { return this.state !== undefined && again.has(this.state); }

  sourceList() {
    const list = el("ol");
    for (const s of this.sources.values()) {
      const b = el("button", {
        type: "button", "data-label": s.label, "aria-expanded": "false", "aria-controls": "panel",
        click: () => void openSource(b, this.at.conversation, this.at.answer, s.n, 0),
      }, el("span", { class: "number" }, el("span", { class: "away" }, say("source") + " "), String(s.n), el("span", { class: "away" }, ":")),
      el("span", { class: "title" }, s.title + (s.section ? ", " + s.section : "")),
      el("span", { class: "facts" }, s.updated ? el("span", {}, s.updated) : null, s.classification ? el("span", {}, s.classification) : null));
      list.append(el("li", {}, b));
    }
    return el("section", { class: "sources", tabindex: "-1" }, el("h3", {}, say("sources")), list);
  }

  /** @param {AnswerEvent} e */
  notice(e) {
    const bad = !e.calm && e.state !== "limited";
    const plainState = e.state === "nothing_found" || e.state === "stopped" || e.state === "shortened" || e.state === "unattended";
    const sign = e.state === "nothing_found" ? "none" : e.state === "blocked" || e.state === "withheld" ? "shield" : e.state === "stopped" ? "stop" : "alert";
    const act = e.calm ? "edit" : "again";
    const edit = () => this.node.dispatchEvent(new CustomEvent(act, { bubbles: true, detail: this.question }));
    return el("section", { class: "notice" + (bad ? " bad" : plainState ? " plain" : ""), "data-state": e.state },
      icon(sign),
      el("h3", {}, e.title ?? ""),
      e.help ? el("p", { class: "help" }, e.help) : null,
      el("p", {}, e.body ?? ""),
      e.reference ? el("p", { class: "reference" }, say("reference") + " ", el("code", {}, e.reference)) : null,
      el("p", { class: "actions" }, el("button", { type: "button", click: edit }, act === "again" ? say("again") : say("edit"))));
  }

  copyButton() {
    const label = document.createTextNode(say("copy"));
    const b = el("button", {
      type: "button", class: "quiet",
      click: async () => {
        try {
          await navigator.clipboard.writeText(this.asText());
          label.data = say("copied");
          b.dispatchEvent(new CustomEvent("tell", { bubbles: true, detail: say("copied") }));
          setTimeout(() => { label.data = say("copy"); }, 2500);
        } catch {
          b.dispatchEvent(new CustomEvent("complain", { bubbles: true, detail: say("copy_failed") }));
        }
      },
    }, icon("copy"), label);
    return b;
  }

  asText() {
    const sources = [...this.sources.values()].map((s) => `[${s.n}] ${s.title}${s.section ? ", " + s.section : ""}${s.updated ? " (" + s.updated + ")" : ""}`);
    const whole = this.state === "complete" ? "" : (this.title ?? "") + ".";
    return [this.plain.join("\n\n"), whole, say("sources") + "\n" + sources.join("\n"),
      say("copy_note", { date: this.asked ?? "" })].filter(Boolean).join("\n\n");
  }
}

/**
 * keep is where a mark behind a statement goes: on one line with its last word.
 * @param {DocumentFragment} out
 */
function keep(out) {
  const last = out.lastChild;
  if (last instanceof HTMLElement && last.className === "keep") return last;
  const span = el("span", { class: "keep" });
  if (last instanceof Text) {
    const word = last.data.match(/\S{1,24}$/)?.[0] ?? "";
    last.data = last.data.slice(0, last.data.length - word.length);
    span.append(word);
  }
  out.append(span);
  return span;
}

/** Items that follow each other are one list. @param {HTMLElement} text */
function groupItems(text) {
  /** @type {HTMLElement | null} */
  let list = null;
  for (const child of [...text.children]) {
    if (!child.classList.contains("item")) { list = null; continue; }
    if (!list) {
      list = el("div", { role: "list" });
      child.before(list);
    }
    list.append(child);
  }
}

/** @param {Block} b @returns {string} */
function plain(b) {
  const join = (/** @type {Run[]} */ runs) => runs.map((r) => r.n ? ` [${r.n}]` : r.none ? ` [${say("none")}]` : r.s ?? "").join("");
  if (b.rows) return b.rows.map((row) => row.map(join).join("\t")).join("\n");
  const text = join(b.runs ?? []);
  return b.kind === "li" ? "  ".repeat(b.depth ?? 0) + (b.number ? b.number + ". " : "- ") + text : text;
}
