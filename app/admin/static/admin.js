// Keeps the parts of a page that say so up to date. Without it everything still works, by reloading.
"use strict";

const lost = document.getElementById("lost");
const failing = new Set();

function tell(part, fails) {
  if (fails) failing.add(part);
  else failing.delete(part);
  lost.hidden = failing.size === 0;
}

// Where the keyboard is, as a selector that finds the same place in what takes this one's stead.
function place(part) {
  const element = document.activeElement;
  if (!part.contains(element)) return null;
  const name = ["href", "aria-label"].find((each) => element.hasAttribute(each));
  return name ? `[${name}="${CSS.escape(element.getAttribute(name))}"]` : null;
}

function replace(part, text) {
  const held = place(part);
  const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  part.innerHTML = text;
  part.querySelectorAll(".scroll").forEach((each, at) => { each.scrollLeft = scrolled[at] || 0; });
  if (held) part.querySelector(held)?.focus({ preventScroll: true });
}

async function renew(part) {
  const answer = await fetch(part.dataset.live, { headers: { "X-Kantu-Live": "1" } });
  if (answer.status === 401) return location.reload(); // the session is over: to the login page
  if (!answer.ok) throw new Error(String(answer.status));
  const text = await answer.text();
  // A number that somebody points at, or has marked, is not pulled away.
  if (!part.querySelector(".column:hover") && String(getSelection()) === "") replace(part, text);
}

async function keep(part) {
  const pause = 1000 * Number(part.dataset.every);
  for (;;) {
    await new Promise((go) => setTimeout(go, pause));
    if (document.hidden) continue; // nobody looks: nobody is asked
    try {
      await renew(part);
      tell(part, false);
    } catch {
      tell(part, true);
    }
  }
}

document.querySelectorAll("[data-live]").forEach(keep);
document.querySelectorAll("[data-again]").forEach((part) => {
  setTimeout(() => location.reload(), 1000 * Number(part.dataset.again));
});
