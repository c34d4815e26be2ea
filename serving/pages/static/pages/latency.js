// How long requests took: the last as a number, those before it as little bars.
import { milliseconds, say, size } from "./words.js";

const KEPT = 30;
const STEP = 4; // units from bar to bar, of the picture's 120 by 28
const HEIGHT = 28;
const times = []; // milliseconds

export function showLatency({ ms, sent, received }) {
  times.push(ms);
  if (times.length > KEPT) times.shift();
  document.getElementById("measured").hidden = false;
  document.getElementById("took").textContent = say("took", { ms: milliseconds(ms) });
  document.getElementById("bytes").textContent = say("bytes", { sent: size(sent), received: size(received) });
  const median = [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
  const spark = document.getElementById("spark");
  spark.setAttribute("aria-label", say("spark", { count: times.length, ms: milliseconds(median) }));
  const most = Math.max(...times);
  spark.replaceChildren(...times.map((each, at) => bar(at, Math.max(2, (HEIGHT * each) / most))));
}

function bar(at, height) {
  const found = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const places = { x: at * STEP, y: HEIGHT - height, width: STEP - 1, height, rx: 1 };
  for (const [name, value] of Object.entries(places)) found.setAttribute(name, value);
  return found;
}
