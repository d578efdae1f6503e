"use strict";

// The inventory list: choosing rows. Without this file each row has its own box, and the buttons work.

const selection = document.getElementById("selection");
const boxes = () => [...document.querySelectorAll("#selection [name=id]")];
const ofPage = document.getElementById("choose-page");

function sayChosen() {
  const count = boxes().filter((box) => box.checked).length;
  const isAll = selection.elements.all.checked;
  const words = count === 1 ? "1 product chosen:" : `${count} products chosen:`;
  document.getElementById("chosen").textContent = isAll ? "All chosen:" : words;
  ofPage.checked = count === boxes().length;
  ofPage.indeterminate = count > 0 && !ofPage.checked;
}

let last = null; // the box that was pressed before: with Shift, those between them follow

selection?.addEventListener("click", (event) => {
  const box = event.target;
  if (box.name !== "id") return;
  if (event.shiftKey && last) {
    const [from, to] = [boxes().indexOf(last), boxes().indexOf(box)].sort((a, b) => a - b);
    for (const one of boxes().slice(from, to + 1)) one.checked = box.checked;
  }
  last = box;
});

selection?.addEventListener("change", (event) => {
  if (event.target === ofPage) for (const box of boxes()) box.checked = ofPage.checked;
  sayChosen();
});

// The browser may have kept what was chosen before the page was left.
addEventListener("pageshow", () => { if (selection) sayChosen(); });
