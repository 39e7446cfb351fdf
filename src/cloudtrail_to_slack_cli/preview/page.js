// Keeps what was chosen over a reload, and reloads when a file has changed.
"use strict";
const root = document.documentElement;
const kept = (name) => sessionStorage.getItem(name) || "";
const apply = () => {
  if (kept("theme")) root.dataset.theme = kept("theme"); else delete root.dataset.theme;
  root.classList.toggle("phone", kept("width") === "phone");
  for (const button of document.querySelectorAll("button[data-name]"))
    button.setAttribute("aria-pressed", String(kept(button.dataset.name) === button.dataset.value));
};
for (const button of document.querySelectorAll("button[data-name]"))
  button.addEventListener("click", () => {
    sessionStorage.setItem(button.dataset.name, button.dataset.value);
    apply();
  });
apply();
setInterval(async () => {
  try {
    const answer = await fetch("/version", { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== root.dataset.version) location.reload();
  } catch { /* the command has ended */ }
}, 700);
