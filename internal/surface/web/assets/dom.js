// Nodes are built here and only here: never from a string of markup. The page's
// policy (Trusted Types 'none') makes the browser refuse any other way.

/** @typedef {Record<string, string | boolean | number | undefined | ((e: Event) => void)>} Props */

/**
 * el makes an element. A property that is a function listens to that event.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, String(value));
  }
  for (const c of children) if (c !== null && c !== undefined) node.append(c);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name of a symbol of the page */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

/**
 * need finds an element that the page's template has.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function need(id, type) {
  const node = document.getElementById(id);
  if (!(node instanceof type)) throw new Error("the page has no " + id);
  return node;
}

/** @type {Record<string, string>} */
let texts = {};

/** readTexts takes the page's texts from the catalogue that came with it. */
export function readTexts() {
  texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
}

/**
 * say is a text of the catalogue ("page." before the key).
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values) {
  const text = texts[key];
  if (text === undefined) throw new Error("no text for " + key);
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values?.[name] ?? whole));
}
