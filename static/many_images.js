"use strict";

// Many images at once: the table of a drop, and the press that sends its files, two at a time, each
// by the form's own door. A file is read when its turn comes, never before. The server renders the
// table and what came of each file; the state of a row stands in its data-state.

const SENT_AT_A_TIME = 2;
const part = (id) => document.getElementById(id);
const drop = () => part("many-images");

let dropped = []; // { path, file, sha256 }, by the index that the rows of the table name
let queue = []; // the rows that wait for their turn
let workers = 0;
let isPaused = false;
let isPlanning = false;
let run = { done: 0, total: 0, began: 0 };

// The table

async function openManyImages(found) {
  if (workers || isPlanning) return showDropError("Wait until the images under way are saved.");
  if (!found.length) return showDropError("No files were found there.");
  part("drop-error").replaceChildren();
  isPlanning = true;
  part("drop-start").disabled = true;
  dropped = found;
  try {
    let answer = await askForPlan("Reading the names…");
    const isTold = answer && crypto.subtle && await compare(JSON.parse(answer.toHash));
    if (isTold) answer = await askForPlan("Comparing…");
    if (answer) showPlan(answer.html);
  } finally {
    isPlanning = false;
    showButtons();
  }
}

async function askForPlan(sentence) {
  part("drop-bar").hidden = false;
  sayStatus(sentence);
  const files = dropped.map(({ path, file, sha256 }) => ({ path, size: file.size, sha256 }));
  const form = new FormData();
  form.set("files", JSON.stringify(files));
  const xhr = await sendPatiently(drop().dataset.plan, form, { say: sayStatus });
  if (xhr.status === 401) saySignedOut(xhr);
  if (xhr.status === 200) return { html: xhr.responseText, toHash: xhr.getResponseHeader("Files-To-Hash") };
  sayStatus("");
  showDropError(xhr.status === 422 ? xhr.responseText : "The table could not be made. Drop the files again.");
  return null;
}

// Only files of the size of an image that is there are read: they may be the same.
async function compare(indexes) {
  let count = 0;
  for (const index of indexes) {
    sayStatus(`Comparing ${++count} of ${indexes.length} files with what is there…`);
    try {
      const digest = await crypto.subtle.digest("SHA-256", await dropped[index].file.arrayBuffer());
      dropped[index].sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    } catch {
      // It cannot be read now; the press will say so.
    }
  }
  return indexes.length > 0;
}

function showPlan(html) {
  part("drop-plan").outerHTML = html;
  htmx.process(part("drop-plan"));
  for (const row of document.querySelectorAll(".drop-row[data-save]")) prepareRow(row);
  sayStatus("");
  run = { done: 0, total: 0, began: 0 };
  showButtons();
  part("drop-summary").focus();
}

// The new image of a row is shown while the row is in sight: thousands of them would fill the memory.
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) (isIntersecting ? showNew : hideNew)(target);
}, { rootMargin: "200px" });

function showNew(box) {
  const file = dropped[box.closest(".drop-row").dataset.index]?.file;
  if (!file || box.firstChild) return;
  const image = Object.assign(new Image(), { alt: "New image", decoding: "async" });
  image.src = URL.createObjectURL(file);
  image.onerror = () => hideNew(box);
  box.append(image);
}

function hideNew(box) {
  if (!box.firstChild) return;
  URL.revokeObjectURL(box.firstChild.src);
  box.replaceChildren();
}

function prepareRow(row) {
  watcher.observe(row.querySelector("[data-new]"));
  lockTick(row);
}

// A product whose image is left alone cannot be ticked, nor one whose image is saved.
function lockTick(row) {
  const isKept = "hasImage" in row.dataset && !part("drop-replace").checked;
  const isDone = ["saved", "same"].includes(row.dataset.state);
  row.querySelector("[data-take]").disabled = isKept || isDone;
}

// A row that was given a product by hand: of a product's files only one is taken.
document.addEventListener("htmx:load", (event) => {
  const row = event.detail.elt;
  if (!row.matches?.(".drop-row[data-save]")) return;
  prepareRow(row);
  leaveOthersOut(row);
  const tick = row.querySelector("[data-take]");
  (tick.disabled ? part("drop-replace") : tick).focus();
  showButtons();
});

function leaveOthersOut(row) {
  for (const other of document.querySelectorAll(`.drop-row[data-product="${row.dataset.product}"]`)) {
    if (other !== row && !other.dataset.state) other.querySelector("[data-take]").checked = false;
  }
}

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches("[data-take]")) {
    if (target.checked) leaveOthersOut(target.closest(".drop-row"));
    showButtons();
  } else if (target.id === "drop-replace") {
    drop().classList.toggle("is-replacing", target.checked);
    for (const row of document.querySelectorAll(".drop-row[data-has-image]")) lockTick(row);
    showButtons();
  } else if (target.matches("#drop-files, #drop-folder") && target.files.length) {
    const found = readChoice(target.files);
    target.value = "";
    openManyImages(found);
  }
});

document.addEventListener("drop", async (event) => {
  if (!drop() || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  openManyImages(await readDrop(event.dataTransfer));
});

// The press

function isTaken(row) {
  if (row.dataset.state || !row.querySelector("[data-take]").checked) return false;
  return !("hasImage" in row.dataset) || part("drop-replace").checked;
}

const takenRows = () => [...document.querySelectorAll(".drop-row[data-save]")].filter(isTaken);

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.closest("#drop-start")) start(takenRows());
  else if (target.closest("#drop-pause")) isPaused ? goOn() : pause();
  else if (target.closest("[data-again]")) tryAgain(target.closest(".drop-row"));
  else if (target.closest("#drop-csv")) saveSummary();
});

function start(rows) {
  if (!run.total) run.began = Date.now();
  queue.push(...rows);
  run.total += rows.length;
  for (const row of rows) setState(row, "waiting", "Waiting");
  goOn();
}

function goOn() {
  isPaused = false;
  while (workers < SENT_AT_A_TIME && queue.length) work();
  showButtons();
}

function pause(sentence = "Paused. Nothing is lost.") {
  isPaused = true;
  sayStatus(sentence);
  showButtons();
}

function tryAgain(row) {
  delete row.dataset.state;
  row.querySelector("[data-take]").checked = true;
  if (isTaken(row)) start([row]);
  else sayStatus("Tick “Replace images that are already there” first.");
}

async function work() {
  workers += 1;
  try {
    while (!isPaused && queue.length) {
      const row = queue.shift();
      if (!row.querySelector("[data-take]").checked) {
        setState(row, "", "");
        run.total -= 1;
      } else if (await sendRow(row)) {
        run.done += 1;
      } else {
        queue.unshift(row);
      }
      showProgress();
    }
  } finally {
    workers -= 1;
  }
  if (!workers && !queue.length) finish();
  showButtons();
}

// Whether the row has its end, good or bad; false where its turn comes again.
async function sendRow(row) {
  const { file } = dropped[row.dataset.index];
  const { maxBytes, tooLarge } = drop().dataset;
  if (file.size > Number(maxBytes)) return refuseRow(row, `${tooLarge} This file is ${megabytesOf(file.size)}.`);
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    return refuseRow(row, "This file cannot be read any more. Drop the folder again.");
  }
  setState(row, "sending", "Uploading…");
  const form = new FormData();
  form.set("seen", row.dataset.seen);
  form.set("replace", part("drop-replace").checked ? "1" : "");
  form.set("image", file, file.name);
  const say = (sentence) => { if (sentence) setState(row, "sending", sentence); };
  const showSent = (share) => showShare(row, share);
  const isGivenUp = () => isPaused;
  return takeAnswer(row, await sendPatiently(row.dataset.save, form, { say, showSent, isGivenUp }));
}

// No bar that moves while the server saves: drawing it takes as much CPU as decoding a photograph.
function showShare(row, share) {
  if (share === 1) return setState(row, "sending", "Saving…");
  const bar = row.querySelector("progress") ?? Object.assign(document.createElement("progress"), { max: 1 });
  bar.setAttribute("aria-label", "Upload");
  bar.value = share;
  if (!bar.isConnected) row.querySelector(".drop-said").append(bar);
}

function takeAnswer(row, xhr) {
  const outcome = xhr.getResponseHeader("Image-Outcome");
  if (xhr.status === 401) saySignedOut(xhr);
  if (xhr.status === 401 || xhr.isGivenUp) {
    setState(row, "waiting", "Waiting");
    return false;
  }
  if (outcome === "stopped") {
    setState(row, "waiting", "", xhr.responseText);
    pause(row.querySelector(".drop-said").textContent.trim());
    return false;
  }
  if (outcome === "saved" || outcome === "same") {
    setState(row, outcome, "", xhr.responseText);
    lockTick(row);
    return true;
  }
  if (outcome === "changed") showProductNow(row, xhr);
  if (outcome) return refuseRow(row, "", xhr.responseText);
  if (xhr.status === 404) return refuseRow(row, "This product has been deleted.");
  if (xhr.status === 413) return refuseRow(row, drop().dataset.tooLarge);
  return refuseRow(row, "Something went wrong on the server. Nothing is lost: try again.");
}

function saySignedOut(xhr) {
  part("toasts").replaceChildren(...nodesOf(xhr.responseText));
  pause("You were signed out. Sign in in a new tab, then press Continue.");
}

// The row shows the product as it is now, so that it can be looked at before it is sent again.
async function showProductNow(row, xhr) {
  row.dataset.seen = JSON.parse(xhr.getResponseHeader("Seen-Now"));
  const query = new URLSearchParams({ index: row.dataset.index, path: row.dataset.path });
  const answer = await fetch(`${row.dataset.save}/row?${query}`);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.querySelector(".drop-row");
  if (!now) return;
  for (const one of [".thumb", ".drop-text > label", ".drop-text > .soft"]) {
    row.querySelector(one).replaceWith(now.querySelector(one));
  }
  row.toggleAttribute("data-has-image", now.hasAttribute("data-has-image"));
  lockTick(row);
}

function refuseRow(row, sentence, html) {
  setState(row, "refused", sentence, html);
  const again = Object.assign(document.createElement("button"), { type: "button", className: "secondary small" });
  again.dataset.again = "";
  again.textContent = "Try again";
  row.querySelector(".drop-said").append(again);
  return true;
}

// What the server has written, in which no script runs.
function nodesOf(html) {
  return new DOMParser().parseFromString(html, "text/html").body.childNodes;
}

function setState(row, state, sentence, html = "") {
  if (state) row.dataset.state = state;
  else delete row.dataset.state;
  const said = row.querySelector(".drop-said");
  said.replaceChildren(...nodesOf(html));
  if (sentence) said.append(Object.assign(document.createElement("p"), { textContent: sentence }));
}

// What is said of all

function sayStatus(sentence) {
  part("drop-status").textContent = sentence;
}

function showDropError(sentence) {
  const line = Object.assign(document.createElement("p"), { textContent: sentence });
  part("drop-error").replaceChildren(line);
  part("drop-error").focus();
}

function showProgress() {
  const bar = part("drop-progress");
  bar.max = Math.max(run.total, 1);
  bar.value = run.done;
  const left = (Date.now() - run.began) / Math.max(run.done, 1) * (run.total - run.done) / 1000;
  const time = run.done && left > 1 ? `, ${inWords(left)} left` : "";
  part("drop-progress-label").textContent = `${run.done} of ${run.total} images${time}`;
}

function inWords(seconds) {
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} seconds`;
  return `about ${Math.round(seconds / 60)} minutes`;
}

function megabytesOf(bytes) {
  return `${(bytes / 1024 / 1024).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;
}

function showButtons() {
  if (!drop()) return;
  const count = workers || queue.length ? 0 : takenRows().length;
  const isBusy = workers > 0 || queue.length > 0;
  part("drop-bar").hidden = !isBusy && !document.querySelector(".drop-row");
  part("drop-start").hidden = isBusy;
  part("drop-start").disabled = isPlanning || count === 0;
  part("drop-start").querySelector("[data-label]").textContent =
    count === 1 ? "Save 1 image" : `Save ${count ? count.toLocaleString("en") + " " : ""}images`;
  part("drop-pause").hidden = !isBusy;
  part("drop-pause").textContent = isPaused ? "Continue" : "Pause";
  part("drop-csv").hidden = !document.querySelector(".drop-row");
  part("drop-replace").disabled = workers > 0;
}

const rowsIn = (state) => document.querySelectorAll(`.drop-row[data-state="${state}"]`).length;

function finish() {
  const [saved, same, refused] = ["saved", "same", "refused"].map(rowsIn);
  const said = [`${saved.toLocaleString("en")} ${saved === 1 ? "image" : "images"} saved.`];
  if (same) said.push(`${same.toLocaleString("en")} ${same === 1 ? "was" : "were"} there already.`);
  if (refused) said.push(`${refused.toLocaleString("en")} could not be saved.`);
  sayStatus(said.join(" "));
  showProgress();
  run = { done: 0, total: 0, began: 0 };
}

// The summary

function saveSummary() {
  const rows = [...document.querySelectorAll(".drop-row")].map((row) => [
    row.dataset.path,
    row.dataset.state || (row.dataset.save ? "left out" : row.dataset.kind),
    row.dataset.sku ?? "",
    (row.querySelector(".drop-said p") ?? row.querySelector(".drop-text p"))?.textContent ?? "",
  ]);
  const cell = (text) => `"${text.trim().replace(/\s+/g, " ").replaceAll('"', '""')}"`;
  const lines = [["file", "outcome", "sku", "note"], ...rows].map((row) => row.map(cell).join(","));
  const file = new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: "images.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

addEventListener("beforeunload", (event) => {
  if (workers || queue.length) event.preventDefault();
});
