"use strict";

// "Use a smaller copy", beside the refusal of a file that is too large or that only the browser
// can read: the copy is made here, by shrinking.js, and takes the place of the file.

let refusedFile = null; // what was chosen last
let labelOfCopy = ""; // how the file was made of which a copy is being chosen

const copyButton = () => document.getElementById("smaller-copy");

function megabytes(byteSize) {
  return `${(Math.ceil(byteSize / 1024 / 1024 * 10) / 10).toFixed(1)} MB`;
}

// Exclude animations, which would become stills: the file announces its frames near the start.
async function isAnimated(file) {
  const start = await file.slice(0, 65536).text();
  return /WEBP[\s\S]*ANIM|acTL|ftypavis/.test(start);
}

// The file's label of how it was made, such as by AI, since a copy has no label of its own.
const LABEL = /DigitalSourceType[^A-Za-z]{1,20}(?:rdf:resource[^A-Za-z]{1,9})?https?:\/\/cv\.iptc\.org\/newscodes\/digitalsourcetype\/([A-Za-z]{1,60})/;

async function labelOf(file) {
  return (await file.slice(0, 1048576).text()).match(LABEL)?.[1] ?? "";
}

// Whether this browser can decode the file at all.
async function isReadable(file) {
  try {
    (await createImageBitmap(file)).close();
    return true;
  } catch {
    return false;
  }
}

async function offerCopy(file) {
  const isOffered = !(await isAnimated(file)) && (await isReadable(file));
  if (isOffered && file === refusedFile && copyButton()) copyButton().hidden = false;
}

// On the window, because image_field.js stops the event for a file that is too large at the document.
addEventListener("change", (event) => {
  if (event.target.id !== "image" || !event.target.files.length) return;
  refusedFile = event.target.files[0];
  document.getElementById("digital-source-type").value = labelOfCopy;
  labelOfCopy = "";
  document.getElementById("image-note").textContent = "";
}, true);

document.addEventListener("image-refused", () => refusedFile && offerCopy(refusedFile));

document.addEventListener("image-settled", (event) => {
  const isUnknown = refusedFile && /hei[cf]/i.test(`${refusedFile.type} ${refusedFile.name}`);
  if (!event.detail.isGood && isUnknown) offerCopy(refusedFile);
});

// Make the copy in a worker, so that the page stays responsive, or else in the page.
function makeCopy(file, maxBytes) {
  const script = document.querySelector("script[src*='/shrinking.']").src;
  if (typeof OffscreenCanvas === "undefined" || typeof Worker === "undefined") {
    return shrink(file, maxBytes);
  }
  return new Promise((resolve, reject) => {
    const worker = new Worker(script);
    worker.onerror = reject;
    worker.onmessage = ({ data }) => {
      worker.terminate();
      if (data.error) reject(new Error(data.error));
      else resolve(data);
    };
    worker.postMessage({ file, maxBytes });
  });
}

function named(file, type) {
  const extension = { "image/webp": "webp", "image/png": "png" }[type] ?? "jpg";
  return `${file.name.replace(/\.[^.]*$/, "")}.${extension}`;
}

document.addEventListener("click", async (event) => {
  if (!event.target.closest("#smaller-copy")) return;
  const [button, file] = [copyButton(), refusedFile];
  button.disabled = true;
  try {
    const { blob, width, height } = await makeCopy(file, Number(field().dataset.maxBytes));
    const label = await labelOf(file);
    if (file !== refusedFile) return;
    labelOfCopy = label;
    choose([new File([blob], named(file, blob.type), { type: blob.type })]);
    document.getElementById("image-note").textContent =
      `A smaller copy is used: ${width.toLocaleString("en")} × ${height.toLocaleString("en")} px, `
      + `${megabytes(blob.size)} instead of ${megabytes(file.size)}.`;
  } catch {
    showError("A smaller copy could not be made. Export a smaller file, then choose it.");
  }
  input().focus();
});
