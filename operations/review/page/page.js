"use strict";
const filter = document.getElementById("filter");
const found = document.getElementById("found");
const items = Array.from(document.querySelectorAll(".item"), (element) => [element, element.textContent.toLowerCase()]);
const folds = Array.from(document.querySelectorAll("details"));
const opened = new Map();

function show() {
  const wanted = filter.value.trim().toLowerCase();
  if (wanted && opened.size === 0) folds.forEach((fold) => opened.set(fold, fold.open));
  let shown = 0;
  for (const [element, text] of items) {
    const here = text.includes(wanted);
    element.classList.toggle("gone", !here);
    shown += here;
  }
  for (const fold of folds) {
    const inside = fold.querySelectorAll(".item");
    const left = fold.querySelectorAll(".item:not(.gone)");
    if (!fold.classList.contains("item")) fold.classList.toggle("gone", Boolean(wanted) && inside.length > 0 && left.length === 0);
    if (wanted && left.length > 0) fold.open = true;
  }
  if (!wanted) {
    opened.forEach((was, fold) => { fold.open = was; });
    opened.clear();
  }
  found.textContent = wanted ? `${shown} of ${items.length}` : "";
}

filter.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  }
  if (event.key === "Escape" && event.target === filter) {
    filter.value = "";
    show();
  }
});

const unfold = document.getElementById("unfold");
unfold.addEventListener("click", () => {
  const open = unfold.getAttribute("aria-pressed") !== "true";
  folds.forEach((fold) => { fold.open = open; });
  unfold.setAttribute("aria-pressed", String(open));
  unfold.textContent = open ? "Close all" : "Open all";
});

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.style.colorScheme ? root.style.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.style.colorScheme = dark ? "light" : "dark";
});
