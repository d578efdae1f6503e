"use strict";

// Makes a smaller copy of an image, in a worker or, without workers, in the page itself.

const LONGEST_PX = 2560; // what is published is no larger
const SHORTEST_PX = 640;
const QUALITIES = [0.9, 0.82, 0.74, 0.66];

// Resolves to an upright blob of at most maxBytes with its size; rejects if it cannot be decoded.
async function shrink(file, maxBytes) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  // PNG, WebP and AVIF may be transparent, so they become WebP; anything else becomes JPEG.
  const type = /png|webp|avif/.test(file.type) ? "image/webp" : "image/jpeg";
  for (let side = LONGEST_PX; side >= SHORTEST_PX; side = Math.round(side * 0.8)) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map((px) => Math.max(1, Math.round(px * scale)));
    const canvas = newCanvas(width, height);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, width, height);
    for (const quality of QUALITIES) {
      const blob = await encoded(canvas, type, quality);
      if (blob.size <= maxBytes) return { blob, width, height };
    }
  }
  throw new Error("no copy is small enough");
}

function newCanvas(width, height) {
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement("canvas"), { width, height });
}

function encoded(canvas, type, quality) {
  if (canvas.convertToBlob) return canvas.convertToBlob({ type, quality });
  return new Promise((resolve) => canvas.toBlob(resolve, type, quality));
}

if (typeof document === "undefined") {
  onmessage = async ({ data }) => {
    try {
      postMessage(await shrink(data.file, data.maxBytes));
    } catch (error) {
      postMessage({ error: String(error) });
    }
  };
}
