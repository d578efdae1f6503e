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

// The browser may have restored the rows that were chosen before.
addEventListener("pageshow", () => { if (selection) sayChosen(); });

// A file that is dropped on a row's thumbnail: the form of the row opens with it.

const droppedForm = document.getElementById("dropped");
const dropCell = (event) => {
  const hasFiles = event.dataTransfer?.types.includes("Files");
  return hasFiles ? event.target.closest?.("td[data-edit]") : null;
};

function markCell(cell) {
  for (const marked of document.querySelectorAll("td.is-over")) marked.classList.remove("is-over");
  cell?.classList.add("is-over");
}

function openWith(cell, files) {
  if (files.length !== 1) return toast("Drop one image at a time.");
  if (files[0].size > Number(droppedForm.dataset.maxBytes)) return toast(droppedForm.dataset.tooLarge);
  const chosen = new DataTransfer();
  chosen.items.add(files[0]);
  droppedForm.elements.image.files = chosen.files;
  droppedForm.elements.is_active.checked = "isActive" in cell.dataset;
  droppedForm.action = cell.dataset.edit;
  droppedForm.submit();
}

document.addEventListener("dragover", (event) => {
  const cell = dropCell(event);
  if (cell) event.preventDefault();
  markCell(cell);
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) markCell(null); });
document.addEventListener("drop", (event) => {
  const cell = dropCell(event);
  markCell(null);
  if (!cell) return;
  event.preventDefault();
  openWith(cell, event.dataTransfer.files);
});
