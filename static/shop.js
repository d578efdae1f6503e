"use strict";

// The search of a catalog answers while one types. Without this script its button does the same.

const WAIT_MS = 300;
const search = document.querySelector("form[role=search]");
let timer, asking;

async function find() {
  asking?.abort();
  asking = new AbortController();
  const address = `${search.action}?${new URLSearchParams(new FormData(search))}`;
  const answer = await fetch(address, { signal: asking.signal });
  // A refusal is a page that says why.
  if (!answer.ok) return search.submit();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("catalog").replaceWith(page.getElementById("catalog"));
  history.replaceState(null, "", address);
}

search.addEventListener("input", () => {
  clearTimeout(timer);
  // What was overtaken, or left by a link, is nobody's any more; without a line the button is left.
  timer = setTimeout(() => find().catch(() => {}), WAIT_MS);
});
