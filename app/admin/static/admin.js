// Keeps the parts of a page that say so up to date. Without it everything still works, by reloading.
"use strict";

const lost = document.getElementById("lost");
const failing = new Set();

function say(part, fails) {
  if (fails) failing.add(part);
  else failing.delete(part);
  lost.hidden = failing.size === 0;
}

async function renew(part) {
  const answer = await fetch(part.dataset.live, { headers: { "X-Kantu-Live": "1" } });
  if (answer.status === 401) return location.reload(); // the session is over: to the login page
  if (!answer.ok) throw new Error(String(answer.status));
  const text = await answer.text();
  // What somebody points at, reads or has scrolled to is not pulled from under them.
  const busy = part.contains(document.activeElement) || part.querySelector(":hover > title, .column:hover")
    || String(getSelection()) !== "";
  if (!busy) part.innerHTML = text;
}

async function keep(part) {
  const pause = 1000 * Number(part.dataset.every);
  for (;;) {
    await new Promise((go) => setTimeout(go, pause));
    if (document.hidden) continue; // nobody looks: nobody is asked
    try {
      await renew(part);
      say(part, false);
    } catch {
      say(part, true);
    }
  }
}

document.querySelectorAll("[data-live]").forEach(keep);
document.querySelectorAll("[data-again]").forEach((part) => {
  setTimeout(() => location.reload(), 1000 * Number(part.dataset.again));
});
