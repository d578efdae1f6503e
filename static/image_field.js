"use strict";

// The Product image field: drop and paste, progress, Cancel. htmx does the sending; the server
// renders every state. Of several requests by the field the last one wins (hx-sync="#image-field:replace").
// Without this script the form still works. product_form.js waits for the event image-settled,
// smaller_copy.js for image-refused.

const field = () => document.getElementById("image-field");
const input = () => document.getElementById("image");
const SILENCE_MS = 60_000;

let current = null; // the request of the field that is under way
let refusal = ""; // said of a file that was not even sent, while an earlier one still travels
let silence; // the timer that gives an upload up

function showError(sentence) {
  const error = document.getElementById("image-error");
  const line = document.createElement("p");
  line.append(document.getElementById("error-icon").content.cloneNode(true), sentence);
  error.replaceChildren(line);
  error.scrollIntoView({ block: "nearest" });
  document.getElementById("smaller-copy").hidden = true;
  field().classList.add("has-error");
  input().setAttribute("aria-invalid", "true");
  input().setAttribute("aria-describedby", "image-hint image-error");
}

function clearError() {
  refusal = "";
  document.getElementById("image-error").replaceChildren();
  document.getElementById("smaller-copy").hidden = true;
  field().classList.remove("has-error");
  input().removeAttribute("aria-invalid");
  input().setAttribute("aria-describedby", "image-hint");
}

function settle(detail) {
  field().dispatchEvent(new CustomEvent("image-settled", { bubbles: true, detail }));
}

// Choosing

function refuse(sentence) {
  refusal = sentence;
  showError(sentence);
  settle({ isGood: false });
}

// In the capture phase, to refuse a file that is too large before htmx sends it.
document.addEventListener("change", (event) => {
  if (event.target.id !== "image") return;
  const [file] = event.target.files;
  if (!file) {
    event.stopImmediatePropagation();
  } else if (file.size > Number(field().dataset.maxBytes)) {
    event.stopImmediatePropagation();
    event.target.value = "";
    refuse(`${field().dataset.tooLarge} This file is ${megabytes(file.size)}.`);
    field().dispatchEvent(new CustomEvent("image-refused", { bubbles: true }));
  } else {
    clearError();
    showOwnPreview(file);
  }
}, true);

function choose(files) {
  if (!files.length || field().closest("[inert]")) return;
  if (files.length > 1) return refuse("Choose one image at a time.");
  const chosen = new DataTransfer();
  chosen.items.add(files[0]);
  input().files = chosen.files;
  input().dispatchEvent(new Event("change", { bubbles: true }));
}

for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const isOver = Boolean(event.target.closest?.("#image-field"));
    field().classList.toggle("is-over", isOver && name === "dragover");
    if (isOver && name === "drop") choose(event.dataTransfer.files);
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) field().classList.remove("is-over");
});

document.addEventListener("paste", (event) => {
  const files = event.clipboardData?.files ?? [];
  if (files.length && !event.target.matches?.("input:not([type=file]), textarea")) {
    event.preventDefault();
    choose(files);
  }
});

// The browser's own preview covers the old image until the server's preview replaces it.

function showOwnPreview(file) {
  hideOwnPreview();
  const image = Object.assign(new Image(), { alt: "", className: "own-preview" });
  image.onload = () => URL.revokeObjectURL(image.src);
  image.onerror = () => { image.remove(); URL.revokeObjectURL(image.src); };
  image.src = URL.createObjectURL(file);
  document.getElementById("image-preview").append(image);
  const facts = document.querySelector("#image-field .preview-facts") ?? addFacts();
  facts.dataset.words ??= facts.textContent;
  facts.textContent = file.name;
}

function addFacts() {
  const facts = Object.assign(document.createElement("p"), { className: "preview-facts" });
  document.getElementById("image-preview").after(facts);
  return facts;
}

function hideOwnPreview() {
  document.querySelector("#image-preview > .own-preview")?.remove();
  const facts = document.querySelector("#image-field .preview-facts[data-words]");
  if (facts) facts.textContent = facts.dataset.words;
}

// Uploading

// detail.elt is a different element once the response has replaced the field.
const isUpload = (event) => event.detail.requestConfig.elt.id === "image";
const isOfField = (event) => event.detail.requestConfig.target?.id === "image-field";

// Give up the upload after a minute without progress.
function listen() {
  clearTimeout(silence);
  silence = setTimeout(() => {
    htmx.trigger(field(), "htmx:abort");
    showError("The server has not answered for a minute. We'll try again when you save.");
  }, SILENCE_MS);
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isOfField(event)) return;
  current = event.detail.xhr;
  field().setAttribute("aria-busy", "true");
  if (!isUpload(event)) return;
  document.getElementById("image-progress").hidden = false;
  listen();
});

document.addEventListener("htmx:xhr:progress", (event) => {
  const { loaded, total } = event.detail;
  const bar = document.getElementById("image-progress-bar");
  if (!current || !bar || !(total > 0)) return;
  listen();
  bar.value = loaded / total;
  if (loaded < total) return;
  bar.removeAttribute("value");
  document.querySelector("#image-progress label").textContent = "Processing…";
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("#image-cancel")) return;
  input().value = "";
  htmx.trigger(field(), "htmx:abort");
  hideOwnPreview();
  input().focus();
  document.getElementById("image-status").textContent = "Upload canceled.";
});

// An error page from a proxy is not an image field: keep the present one.
const isFieldItself = (xhr) => xhr.responseText.includes('id="image-field"');

// Copy what was typed since the request was sent into the response.
let typed = [];
const altTexts = () => [...field().querySelectorAll("[name^='alt_text']")];

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "image-field") return;
  if (!isFieldItself(event.detail.xhr)) event.detail.shouldSwap = false;
  typed = altTexts().map((one) => [one.name, one.value]);
});

document.addEventListener("htmx:afterSwap", () => {
  const latest = new Map(typed);
  typed = [];
  for (const one of altTexts()) if (latest.has(one.name)) one.value = latest.get(one.name);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr } = event.detail;
  if (!isOfField(event) || xhr !== current) return;
  current = null;
  clearTimeout(silence);
  field().removeAttribute("aria-busy");
  document.getElementById("image-progress").hidden = true;
  const isShown = xhr.status > 0 && isFieldItself(xhr);
  const isGood = xhr.status === 200 && isShown && !refusal;
  const isCanceled = isUpload(event) && xhr.status === 0 && !input().files.length;
  if (refusal) showError(refusal);
  else if (!isShown && xhr.status > 0) sayFailure(event);
  refusal = "";
  // After htmx has finished with the response.
  setTimeout(() => settle({ isGood, isCanceled }));
});

document.addEventListener("htmx:sendError", (event) => {
  if (isOfField(event)) sayFailure(event);
});

function sayFailure(event) {
  const { xhr } = event.detail;
  if (xhr.status > 0 && xhr.getResponseHeader("HX-Retarget") !== null) return;
  if (!isUpload(event)) showError("We could not reach the server. Nothing is lost: try again.");
  else if (xhr.status === 413) showError(field().dataset.tooLarge);
  else showError("The selected file could not be uploaded. We'll try again when you save.");
}

document.addEventListener("htmx:afterSettle", () => {
  const status = field()?.dataset.status;
  if (status) document.getElementById("image-status").textContent = status;
});

// images.js replaces an image that did not load by a tile; here, also show its link.

function sayDeadLink() {
  const sentence = document.getElementById("dead-image");
  if (sentence && document.querySelector("#image-preview .tile")) sentence.hidden = false;
}

document.addEventListener("error", (event) => {
  if (event.target.matches?.("#image-preview img")) setTimeout(sayDeadLink);
}, true);
sayDeadLink();
