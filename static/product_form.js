"use strict";

// The product form: Save waits for the image, and keeps all input if the server cannot be reached;
// the page asks before input is lost. htmx does the sending. Without this script the form is
// submitted like any other.

const editor = () => document.getElementById("product-editor");
const form = () => document.getElementById("product-form");
const isSaveButton = (element) => element.matches?.("[data-save]");

let pending = null; // the Save button that was pressed while the image field was busy
let isSaving = false;
const SAVED = "saved-form"; // the address of the form that was saved last
let isLeaving = false; // what is typed is saved, or given up by its own button
let hadFocusBefore = null;

function say(sentence) {
  document.getElementById("save-status").textContent = sentence;
}

function sayError(sentence) {
  const box = document.getElementById("save-error");
  const line = document.createElement("p");
  line.append(document.getElementById("error-icon").content.cloneNode(true), sentence);
  box.replaceChildren(line);
}

// Waiting for the image

const isImageBusy = () => document.querySelector("#image-field[aria-busy=true]") !== null;

// In the capture phase, before htmx receives the event.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-save]");
  if (!button || !(isSaving || isImageBusy())) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (isSaving) return;
  pending = button;
  say("Saving when the image has arrived.");
}, true);

document.addEventListener("image-settled", (event) => {
  // A second request replaces the first: wait for the second.
  if (!pending || isImageBusy()) return;
  const { isGood, isCanceled } = event.detail;
  const button = pending;
  pending = null;
  if (isGood) return button.click();
  say(isCanceled ? "Upload canceled. Nothing was saved." : "Nothing was saved.");
  if (!isCanceled) document.getElementById("image-error").focus();
});

// Saving

function lock(isLocked) {
  isSaving = isLocked;
  for (const part of form().querySelectorAll(".form-main, .form-side")) part.inert = isLocked;
  if (isLocked) form().setAttribute("aria-busy", "true");
  else form().removeAttribute("aria-busy");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isSaveButton(event.detail.requestConfig.elt)) return;
  hadFocusBefore = document.activeElement;
  document.getElementById("save-error").replaceChildren();
  say("Saving…");
  lock(true);
});

// Show the returned form for any status: 404 if the product was deleted.
const isEditor = (xhr) => xhr.responseText.includes('id="product-editor"');

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "product-editor") return;
  event.detail.shouldSwap = isEditor(event.detail.xhr);
  event.detail.isError = !event.detail.shouldSwap;
});

// A browser restores only fields with autocomplete. Without this script Back relies on that; with it
// the page asks before leaving, so turn the suggestions off.
const completeNothing = () => { form().autocomplete = "off"; };
completeNothing();

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "product-editor") return;
  completeNothing();
  event.target.querySelector("[data-focus]")?.focus();
});

document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!event.detail.xhr.getResponseHeader("HX-Redirect")) return;
  isLeaving = true;
  sessionStorage.setItem(SAVED, location.href);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isSaveButton(event.detail.requestConfig.elt) || isLeaving) return;
  const { xhr } = event.detail;
  lock(false);
  say("");
  if (xhr.status > 0 && isEditor(xhr)) return;
  if (xhr.getResponseHeader("HX-Retarget") === null) sayError(whyNot(xhr.status));
  hadFocusBefore?.focus();
});

function whyNot(status) {
  if (status === 0 || [502, 503, 504].includes(status)) {
    return "We could not reach the server. Nothing is lost: try again.";
  }
  if (status === 413) return "This form is too large to send. Choose a smaller image, then save again.";
  if (status === 429) return "Too many requests. Wait a minute, then try again.";
  return "Something went wrong on the server. Nothing is lost: try again.";
}

// Leaving

const HOUSEKEEPING = ["csrf_token", "version", "seen", "stock_shown", "reserved_id", "return_to"];

function contents() {
  const entries = [...new FormData(form())].filter(([name]) => !HOUSEKEEPING.includes(name));
  return JSON.stringify(entries.map(([name, value]) => [name, value.name ?? value]));
}

const atFirst = contents();
const isChanged = () => "isChanged" in editor().dataset || contents() !== atFirst;

addEventListener("beforeunload", (event) => {
  if (isLeaving) return;
  if (isSaving || isImageBusy() || isChanged()) event.preventDefault();
});

// Submitting the form, or the dialog that deletes the product, needs no question.
document.addEventListener("submit", (event) => {
  isLeaving = event.target === form() || event.target.closest("dialog") !== null;
});

// Back to a saved form must show the product as it is now, not the cached page.
addEventListener("pageshow", (event) => {
  const [{ type }] = performance.getEntriesByType("navigation");
  const isBack = event.persisted || type === "back_forward";
  const isSaved = sessionStorage.getItem(SAVED) === location.href;
  if (isSaved) sessionStorage.removeItem(SAVED);
  if (isSaved && isBack) {
    isLeaving = true;
    location.reload();
  }
  if (isSaved || !event.persisted) return;
  isLeaving = false;
  lock(false);
  say("");
});
