"use strict";

// The button of a page that is made for paper. Without this file the browser's own menu prints it.

document.querySelector("[data-print]").addEventListener("click", () => print());
