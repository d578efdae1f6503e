"use strict";

// A thumbnail, <a data-large="product id" href="the image itself">, opens in the dialog of the page;
// the arrow keys show the next one on the page. Without this file it is a plain link.

const largeDialog = document.getElementById("large-image");
const thumbnails = () => [...document.querySelectorAll("a[data-large]")];

let shown = null; // the product whose image was asked for last

function showLarge(thumbnail) {
  const all = thumbnails();
  const productId = thumbnail.dataset.large;
  shown = productId;
  document.getElementById("large-place").textContent = `${all.indexOf(thumbnail) + 1} of ${all.length}`;
  if (!largeDialog.open) largeDialog.showModal();
  fetch(largeDialog.dataset.address.replace("PRODUCT", productId))
    .then((answer) => (answer.ok && !answer.redirected ? answer.text() : Promise.reject(answer)))
    // If several were requested in a row, show only the last one.
    .then((text) => { if (shown === productId) fillLarge(text); })
    // Follow the link to the image itself, or to the server's error page.
    .catch(() => { if (shown === productId && largeDialog.open) location.assign(thumbnail.href); });
}

function fillLarge(text) {
  const parsed = new DOMParser().parseFromString(text, "text/html");
  const content = parsed.getElementById("large-content");
  if (content) document.getElementById("large-content").replaceWith(content);
}

function stepLarge(by) {
  const all = thumbnails();
  const at = all.findIndex((thumbnail) => thumbnail.dataset.large === shown);
  if (all.length) showLarge(all[(at + by + all.length) % all.length]);
}

document.addEventListener("click", (event) => {
  const thumbnail = event.target.closest("a[data-large]");
  if (!thumbnail || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showLarge(thumbnail);
});

largeDialog?.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.step) stepLarge(Number(button.dataset.step));
  if (button && "close" in button.dataset) largeDialog.close();
});

largeDialog?.addEventListener("keydown", (event) => {
  // In a text, the arrows move the caret.
  if (event.target.matches("input") || event.altKey || event.ctrlKey || event.metaKey) return;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  stepLarge(by);
});

// Focus the row whose image was shown last.
largeDialog?.addEventListener("close", () => {
  thumbnails().find((thumbnail) => thumbnail.dataset.large === shown)?.focus();
  shown = null;
});
