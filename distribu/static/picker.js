"use strict";

// The form of a new order. Without this file each of these buttons and keys sends the whole form.

const orderForm = document.getElementById("order-form");

// Plus and minus count at once; htmx sends the quantity when the pressing pauses.
orderForm.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-step]");
  if (!button) return;
  event.preventDefault();
  const input = button.parentElement.querySelector("input");
  input.value = Math.max(1, (parseInt(input.value, 10) || 0) + Number(button.dataset.step));
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

// Enter searches, or takes the quantity over; it never sends the form by accident.
orderForm.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input")) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event(event.target.type === "search" ? "search" : "change", { bubbles: true }));
});
