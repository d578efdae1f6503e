"use strict";

// Shared by every page. Each part listens on the document, so it also works for what htmx swaps in.

// <a data-dialog="id" href="the page that asks the same">
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  dialog.showModal();
});

// A click on the backdrop of a dialog closes it, as Escape does.
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

// Report requests that htmx could not finish, unless a part of the page does so itself.
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    if (event.target.closest("[data-own-errors]")) return;
    toast(event.detail.xhr?.status === 429
      ? "Too many requests. Wait a minute, then try again."
      : "That did not work. Try again in a moment.");
  });
}

// If the response lacks the button that was pressed, keep the focus in that part of the page.
let hadFocus = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  hadFocus = event.detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (!hadFocus || document.activeElement !== document.body) return;
  event.target.querySelector("[data-refocus]")?.focus({ preventScroll: true });
});

// A file dropped next to a file input must not replace the page and lose its input.
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    const takesFiles = event.target.matches?.("input[type=file]");
    if (takesFiles || !document.querySelector("input[type=file]")) return;
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}

// The page is older than its sign-in: the server sends the CSRF token that its forms need now.
document.addEventListener("csrf-renewed", (event) => {
  for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = event.detail.token;
});

document.querySelector("[data-focus]")?.focus();
