// The rail on narrow screens: a drawer that takes focus and gives it back.
import { need } from "./dom.js";

const rail = need("rail", HTMLElement);
const opener = need("rail-open", HTMLButtonElement);
const closer = need("rail-close", HTMLButtonElement);
const main = need("main", HTMLElement);

function open() {
  rail.classList.add("open");
  opener.setAttribute("aria-expanded", "true");
  main.inert = true;
  closer.focus();
}

export function close() {
  if (!rail.classList.contains("open")) return;
  rail.classList.remove("open");
  opener.setAttribute("aria-expanded", "false");
  main.inert = false;
  opener.focus();
}

opener.addEventListener("click", open);
closer.addEventListener("click", close);
rail.addEventListener("keydown", (e) => { if (e.key === "Escape") close(); });
document.addEventListener("pointerdown", (e) => {
  if (rail.classList.contains("open") && e.target instanceof Node && !rail.contains(e.target) && !opener.contains(e.target)) close();
});
// A page that the browser kept whole is older than its session may be.
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
// A wide screen has no drawer.
matchMedia("(min-width: 56.01rem)").addEventListener("change", (e) => { if (e.matches) close(); });
