"use strict";

// Search the catalog while typing. Without this script, use the Search button.

const WAIT_MS = 300;
const search = document.querySelector("form[role=search]");
let timer, asking;

async function find() {
  asking?.abort();
  asking = new AbortController();
  const address = `${search.action}?${new URLSearchParams(new FormData(search))}`;
  const answer = await fetch(address, { signal: asking.signal });
  // Submit the search, to show the server's error page.
  if (!answer.ok) return search.submit();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("catalog").replaceWith(page.getElementById("catalog"));
  history.replaceState(null, "", address);
}

search.addEventListener("input", () => {
  clearTimeout(timer);
  // Ignore aborted requests; without a connection, the Search button is left.
  timer = setTimeout(() => find().catch(() => {}), WAIT_MS);
});
