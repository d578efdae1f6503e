"use strict";

// The files of a drop or of a choice, each with its path inside the drop. No file is read here.

async function readDrop(transfer) {
  // The entries must be read before the event ends.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return readChoice(transfer.files);
  const found = [];
  for (const entry of entries) await readEntry(entry, found);
  return found;
}

function readChoice(files) {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function readEntry(entry, found) {
  const path = entry.fullPath.replace(/^\//, "");
  try {
    if (entry.isFile) {
      found.push({ path, file: await new Promise((done, fail) => entry.file(done, fail)) });
      return;
    }
    const reader = entry.createReader();
    const next = () => new Promise((done, fail) => reader.readEntries(done, fail));
    // A folder returns a hundred entries at a time, and none when it has returned all.
    for (let part = await next(); part.length; part = await next()) {
      for (const one of part) await readEntry(one, found);
    }
  } catch {
    // Leave out a file that vanished or cannot be read.
  }
}

// Dropped on the inventory list: the page of many images takes the place of the list, and the files.
document.addEventListener("dragover", (event) => {
  if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
});

document.addEventListener("drop", async (event) => {
  const link = document.getElementById("many-images-link");
  const isOthers = event.target.closest?.("[data-takes-file]");
  if (!link || isOthers || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  const reading = readDrop(event.dataTransfer);
  const address = link.href;
  await htmx.ajax("GET", address, { target: "#main", select: "#many-images" });
  history.pushState(null, "", address);
  hasLeftList = true;
  document.title = "Add many images – Distribu";
  await openManyImages(await reading);
});

// Back leads to the list, which is no longer in this document.
let hasLeftList = false;
addEventListener("popstate", () => { if (hasLeftList) location.reload(); });
