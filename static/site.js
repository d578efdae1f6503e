"use strict";

// What every page shares. Each part listens on the document, so it also serves what htmx swaps in.

// <a data-dialog="id" href="the page that asks the same">
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  dialog.showModal();
});

// A press on the veil beside a dialog closes it, as Escape does.
document.addEventListener("click", (event) => {
  if (event.target.matches("dialog.dialog[open]")) event.target.close();
});

// <button data-dismiss=".flash">
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest(button.dataset.dismiss)?.remove();
});

// <button data-copy="id of an input or of text">
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const source = button && document.getElementById(button.dataset.copy);
  if (!source) return;
  const copied = await copy(source);
  const label = button.querySelector("[data-copy-label]") ?? button;
  const words = label.dataset.words ??= label.textContent;
  label.textContent = copied ? "Copied" : words;
  toast(copied ? "Copied" : "Press Ctrl+C to copy the marked text");
  setTimeout(() => { label.textContent = words; }, 2000);
});

async function copy(source) {
  source.select?.();
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    return true;
  } catch {
    // No clipboard without https: the older command copies what is selected.
    return document.execCommand("copy");
  }
}

// Puts a sentence into the live region at the foot of the page, for a few seconds.
function toast(sentence) {
  const message = document.createElement("div");
  message.className = "toast";
  message.append(Object.assign(document.createElement("p"), { textContent: sentence }));
  document.getElementById("toasts").replaceChildren(message);
  setTimeout(() => message.remove(), 6000);
}

// A form is sent once. It opens again when the page comes back from the browser's own cache.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.submitter?.formMethod === "dialog" || form.matches("[hx-post], [hx-get]")) return;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.getAttribute("aria-busy") === "true") event.preventDefault();
  else form.setAttribute("aria-busy", "true");
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
});

// What htmx could not finish is said, unless a part of the page says it itself.
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    if (event.target.closest("[data-own-errors]")) return;
    toast(event.detail.xhr?.status === 429
      ? "Too many requests. Wait a minute, then try again."
      : "That did not work. Try again in a moment.");
  });
}

// The button that was pressed may be missing from the answer: the focus stays in that part of the page.
let hadFocus = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  hadFocus = event.detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (!hadFocus || document.activeElement !== document.body) return;
  event.target.querySelector("[data-refocus]")?.focus({ preventScroll: true });
});

// A file dropped beside a file input must not leave the page, with all that was typed.
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    const takesFiles = event.target.matches?.("input[type=file]");
    if (takesFiles || !document.querySelector("input[type=file]")) return;
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}

// The page was older than its sign-in; the server says which token its forms need now.
document.addEventListener("csrf-renewed", (event) => {
  for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = event.detail.token;
});

document.querySelector("[data-focus]")?.focus();
