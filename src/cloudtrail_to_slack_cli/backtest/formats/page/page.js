// Sorts and filters the rules, switches the theme, and opens what a link leads to.
"use strict";
const all = (selector) => [...document.querySelectorAll(selector)];
for (const element of all("[data-needs-script]")) element.hidden = false;

const valueOf = (row, column) => {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
};
const compare = (a, b) =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
for (const header of all("th[data-sorts]")) {
  const label = header.textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  header.replaceChildren(button);
  button.addEventListener("click", () => {
    const table = header.closest("table");
    // Of numbers the largest are wanted first.
    const first = header.classList.contains("count") ? "descending" : "ascending";
    const before = header.getAttribute("aria-sort");
    const order = !before ? first : before === "ascending" ? "descending" : "ascending";
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", order);
    const body = table.tBodies[0];
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...body.rows];
    rows.sort((a, b) => sign * compare(valueOf(a, header.cellIndex), valueOf(b, header.cellIndex)));
    body.append(...rows);
  });
}

const filter = document.getElementById("filter");
const shown = document.getElementById("shown");
const silent = document.getElementById("silent");
const apply = () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  // Who looks for a rule finds it, whether it matched anything or not.
  const hidesSilent = silent && !words.length && silent.getAttribute("aria-pressed") === "false";
  let count = 0;
  const rows = all("#rules tbody tr");
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word)) || (hidesSilent && "silent" in row.dataset);
    count += !row.hidden;
    const details = document.getElementById(row.dataset.details || "");
    if (details) details.hidden = row.hidden;
  }
  shown.textContent = `${count} of ${rows.length} rules`;
};
if (filter) {
  filter.addEventListener("input", apply);
  apply();
}
if (silent) {
  silent.addEventListener("click", () => {
    silent.setAttribute("aria-pressed", String(silent.getAttribute("aria-pressed") === "false"));
    apply();
  });
}

const themes = all("button[data-theme-value]");
const choose = (value) => {
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
  for (const each of themes) each.setAttribute("aria-pressed", String(each.dataset.themeValue === value));
};
for (const button of themes) button.addEventListener("click", () => choose(button.dataset.themeValue));

const openTarget = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
};
addEventListener("hashchange", openTarget);
openTarget();
let closed = [];
addEventListener("beforeprint", () => {
  closed = all("details:not([open])");
  for (const each of closed) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of closed) each.open = false;
});
