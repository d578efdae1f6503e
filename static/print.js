"use strict";

// The Print button of a page. Without this file, use the browser's menu.

document.querySelector("[data-print]").addEventListener("click", () => print());
