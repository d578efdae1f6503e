"use strict";

// The form of a new order. Without this file each of these buttons and keys sends the whole form.

const orderForm = document.getElementById("order-form");

// Plus and minus count immediately; htmx sends the quantity after a pause.
orderForm.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-step]");
  if (!button) return;
  event.preventDefault();
  const input = button.parentElement.querySelector("input");
  input.value = Math.max(1, (parseInt(input.value, 10) || 0) + Number(button.dataset.step));
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

// Enter searches or applies the quantity; it never submits the form by accident.
orderForm.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input")) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event(event.target.type === "search" ? "search" : "change", { bubbles: true }));
});

// A response older than the last press would undo it, and a button that is swapped while it is held
// down loses its click. So ignore such a response and request a newer one.
let presses = 0;
let isHeld = false;
let isBehind = false;

orderForm.addEventListener("change", (event) => {
  if (event.target.matches("#order [name^='quantity-']")) presses += 1;
});

orderForm.addEventListener("pointerdown", (event) => {
  isHeld = event.target.closest("#order button") !== null;
});

for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => {
    isHeld = false;
    // After the following click, which may send a request itself.
    if (isBehind) setTimeout(askAgain);
  });
}

function askAgain() {
  isBehind = false;
  document.querySelector("#order [name^='quantity-']")?.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("htmx:beforeSend", (event) => {
  event.detail.xhr.presses = presses;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "order") return;
  if (isHeld) isBehind = true;
  if (isHeld || event.detail.xhr.presses !== presses) event.detail.shouldSwap = false;
});
