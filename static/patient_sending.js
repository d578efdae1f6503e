"use strict";

// Sends a form until the server has answered it: every 429, 503 and lost line is waited for.

const LOST_LINE_SECONDS = 5;
const WAITED_FOR = [0, 429, 502, 503, 504];

// say(sentence): tells why it waits. showSent(share): of the form, from 0 to 1. isGivenUp(): whether
// nobody wants it sent any more, asked while it waits; then the answer is marked isGivenUp.
async function sendPatiently(url, form, { say, showSent = () => {}, isGivenUp = () => false }) {
  for (let attempt = 0; ; attempt += 1) {
    form.set("csrf_token", document.querySelector("#drop-zone [name=csrf_token]").value);
    const xhr = await send(url, form, showSent);
    const trigger = xhr.getResponseHeader("HX-Trigger");
    if (xhr.status === 409 && trigger?.includes("csrf-renewed") && attempt < 3) {
      const detail = JSON.parse(trigger)["csrf-renewed"];
      document.dispatchEvent(new CustomEvent("csrf-renewed", { detail }));
      continue;
    }
    // Where only an operator can help, waiting is of no use.
    const isStopped = xhr.getResponseHeader("Image-Outcome") === "stopped";
    if (isStopped || !WAITED_FOR.includes(xhr.status)) return xhr;
    const seconds = Number(xhr.getResponseHeader("Retry-After")) || LOST_LINE_SECONDS;
    const why = xhr.status ? "The server is busy." : "The server cannot be reached.";
    await wait(seconds, (left) => say(`${why} We'll try again in ${left} s.`), isGivenUp);
    if (isGivenUp()) {
      xhr.isGivenUp = true;
      return xhr;
    }
    say("Uploading…");
  }
}

function send(url, form, showSent) {
  return new Promise((done) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", url);
    // The server answers a script: no page to sign in, but a sentence.
    xhr.setRequestHeader("HX-Request", "true");
    xhr.upload.onprogress = (event) => {
      if (event.total) showSent(event.loaded / event.total);
    };
    xhr.onloadend = () => done(xhr);
    xhr.send(form);
  });
}

async function wait(seconds, say, isGivenUp) {
  for (let left = seconds; left > 0 && !isGivenUp(); left -= 1) {
    say(left);
    await new Promise((done) => setTimeout(done, 1000));
  }
}
