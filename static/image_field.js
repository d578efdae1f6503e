"use strict";

// The Product image field: drop and paste, progress, and a Save that waits for the upload.
// htmx does the sending; the server renders every state. Without this script the form still works.

const field = () => document.getElementById("image-field");
const input = () => document.getElementById("image");
let pending = null; // the submit button that was pressed while an image was traveling
let isTraveling = false;

function showError(sentence) {
  field().classList.add("has-error");
  document.getElementById("image-error").replaceChildren(
    Object.assign(document.createElement("p"), { textContent: sentence }));
  input().setAttribute("aria-invalid", "true");
}

function isTooLarge(files) {
  return [...files].some((file) => file.size > Number(field().dataset.maxBytes));
}

// In the capture phase: a file that is too large is refused before htmx would send it.
document.addEventListener("change", (event) => {
  if (event.target.id !== "image") return;
  if (!event.target.files.length) {
    event.stopImmediatePropagation();
  } else if (isTooLarge(event.target.files)) {
    event.stopImmediatePropagation();
    event.target.value = "";
    showError(field().dataset.tooLarge);
  } else {
    showOwnPreview(event.target.files[0]);
  }
}, true);

// What the browser can show at once; the server's own preview takes its place.
function showOwnPreview(file) {
  const image = new Image();
  image.alt = "";
  image.onload = () => {
    if (isTraveling) showInstead(image, file.name);
    URL.revokeObjectURL(image.src);
  };
  image.onerror = () => URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(file);
}

function showInstead(image, name) {
  document.getElementById("image-preview").replaceChildren(image);
  const facts = document.querySelector(".preview-facts");
  if (facts) facts.textContent = name;
}

function choose(files) {
  if (!files.length) return;
  if (files.length > 1) return showError("Choose one image: a product has one.");
  const chosen = new DataTransfer();
  chosen.items.add(files[0]);
  input().files = chosen.files;
  input().dispatchEvent(new Event("change", { bubbles: true }));
}

// A drop beside the field must not leave the page with all that was typed.
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

// detail.elt is another element once the answer has taken the input's place.
const isUpload = (event) => event.detail.requestConfig.elt.id === "image";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isUpload(event)) return;
  isTraveling = true;
  field().setAttribute("aria-busy", "true");
  document.getElementById("image-progress").hidden = false;
});

document.addEventListener("htmx:xhr:progress", (event) => {
  const { loaded, total } = event.detail;
  const bar = document.getElementById("image-progress-bar");
  if (!isTraveling || !bar || !(total > 0)) return;
  bar.value = loaded / total;
  if (loaded < total) return;
  bar.removeAttribute("value");
  document.querySelector("#image-progress label").textContent = "Processing…";
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isUpload(event)) return;
  isTraveling = false;
  const { xhr, successful } = event.detail;
  // An answer of its own takes this field's place; any other leaves it, with the file still chosen.
  field().removeAttribute("aria-busy");
  document.getElementById("image-progress").hidden = true;
  const isAnswered = successful || [401, 409, 413, 422].includes(xhr.status);
  if (!isAnswered) showError("The selected file could not be uploaded. Save tries it again.");
  const button = pending;
  pending = null;
  if (button && successful) setTimeout(() => button.form.requestSubmit(button));
});

document.addEventListener("htmx:afterSettle", () => {
  const status = field()?.dataset.status;
  if (status) document.getElementById("image-status").textContent = status;
});

// Save during an upload waits for it. In the capture phase, before the form is marked as sent.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "product-form" || !isTraveling) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  pending = event.submitter;
  document.getElementById("image-status").textContent = "Saving when the image has arrived.";
}, true);

addEventListener("beforeunload", (event) => {
  if (isTraveling) event.preventDefault();
});
