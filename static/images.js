"use strict";

// Images of products on every page, including those added later.

// Replace a failed image by the tile that the page contains for it.
function showTile(image) {
  const tile = image.closest(".image")?.querySelector("template");
  if (tile) image.closest(".image").replaceWith(tile.content.cloneNode(true));
}

document.addEventListener("error", (event) => {
  if (event.target.matches?.("img[data-fallback]")) showTile(event.target);
}, true);

// Transparent parts of an image must not show its placeholder color.
function dropPlaceholder(image) {
  image.closest(".image")?.querySelector(".placeholder")?.remove();
}

document.addEventListener("load", (event) => {
  if (event.target.matches?.(".image img")) dropPlaceholder(event.target);
}, true);

// Some images arrived, or failed, before this script ran.
for (const image of document.querySelectorAll(".image img")) {
  if (!image.complete || !image.currentSrc) continue;
  if (image.naturalWidth > 0) dropPlaceholder(image);
  else if (image.matches("[data-fallback]")) showTile(image);
}
