// What the model answered, for people: bars, words, or JSON.
import { language, percent, say } from "./words.js";

const MOST = 10; // bars; twelve where that is all
const ALL = 12;
const SLIDE = 260; // milliseconds that a bar takes to its new place

export function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// Shows {ranked, count} with these names; returns it in words.
export function showClasses(panel, { ranked, count }, names) {
  const shown = ranked.slice(0, ranked.length <= ALL ? ALL : MOST);
  const honest = ranked.every(({ score }) => score >= 0 && score <= 1);
  const named = ({ index }) => names[index] || (count !== null && count <= ALL ? String(index) : say("class_number", { number: index }));
  const best = shown[0];
  const said = honest ? say("told", { name: named(best), percent: percent(best.score) }) : named(best);
  const top = element("div", "top-answer");
  top.append(element("span", named(best).length > 3 ? "name long" : "name", named(best)));
  top.append(element("span", "share", score(best.score, honest)));
  panel.replaceChildren(top, bars(panel, shown, named, honest));
  const rest = ranked.slice(shown.length);
  if (!honest) panel.append(element("p", "note", say("scores")));
  else if (rest.length) {
    const share = rest.reduce((sum, each) => sum + each.score, 0);
    panel.append(element("p", "note", say("more", { count: rest.length, percent: percent(share) })));
  }
  return said;
}

const score = (value, honest) => (honest ? say("percent", { percent: percent(value) }) : value.toPrecision(4));

function bars(panel, shown, named, honest) {
  const before = new Map([...panel.querySelectorAll(".bars li")].map((line) => [line.dataset.index, measure(line)]));
  const list = element("ol", "bars");
  const [least, most] = [Math.min(...shown.map((each) => each.score)), Math.max(...shown.map((each) => each.score))];
  for (const each of shown) {
    const line = element("li");
    line.dataset.index = each.index;
    const bar = element("span", "bar");
    const share = honest ? each.score : (each.score - least) / (most - least || 1);
    bar.append(element("i"));
    bar.firstChild.style.transform = `scaleX(${share})`;
    bar.dataset.share = share;
    line.append(element("span", "label", named(each)), bar, element("span", "value", score(each.score, honest)));
    list.append(line);
  }
  requestAnimationFrame(() => slide(list, before));
  return list;
}

const measure = (line) => ({ top: line.offsetTop, share: line.querySelector(".bar").dataset.share });

// Lets each bar go from where it was to where it is: the eye follows what overtakes what.
function slide(list, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden) return;
  const timing = { duration: SLIDE, easing: "cubic-bezier(.2, .8, .2, 1)" };
  for (const line of list.children) {
    const bar = line.querySelector(".bar");
    const was = before.get(line.dataset.index);
    bar.firstChild.animate([{ transform: `scaleX(${was?.share ?? 0})` }, { transform: `scaleX(${bar.dataset.share})` }], timing);
    if (was && was.top !== line.offsetTop) {
      line.animate([{ transform: `translateY(${was.top - line.offsetTop}px)` }, { transform: "none" }], timing);
    }
  }
}

// Puts a question and its answer above those before; returns it in words.
export function showReply(panel, question, outputs) {
  const text = String(outputs.answer);
  const known = outputs.family !== "unknown";
  let list = panel.querySelector(".talk");
  if (!list) panel.replaceChildren((list = element("ol", "talk")));
  const entry = element("li", known ? "" : "doubt");
  entry.append(element("p", "asked", question), element("p", "said", text));
  const facts = element("p", "facts");
  if (typeof outputs.confidence === "number") {
    const meter = element("span", "meter");
    meter.append(element("i"));
    meter.firstChild.style.transform = `scaleX(${outputs.confidence})`;
    facts.append(meter, element("span", "", say("confidence", { percent: percent(outputs.confidence) })));
  }
  if (outputs.family && known) facts.append(element("span", "tag", say("family", { family: outputs.family })));
  if (typeof outputs.in_domain === "number") {
    facts.append(element("span", "tag", say("in_domain", { percent: percent(outputs.in_domain) })));
  }
  if (!known) entry.append(element("p", "note", say("unknown")));
  entry.append(facts);
  list.prepend(entry);
  return text;
}

export function showJson(panel, text) {
  const block = element("pre", "json", text);
  block.tabIndex = 0;
  panel.replaceChildren(block);
  return "";
}

// Draws a frame around each thing that describe found, and names them below; outputs of one row.
export function showThings(svg, panel, outputs) {
  const count = Number(outputs.num_detections ?? 0);
  const frames = (outputs.detection_boxes ?? []).slice(0, count).map(([top, left, bottom, right]) => {
    const frame = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const places = { x: left, y: top, width: right - left, height: bottom - top };
    for (const [name, value] of Object.entries(places)) frame.setAttribute(name, value);
    return frame;
  });
  svg.replaceChildren(...frames);
  const things = new Map();
  for (let at = 0; at < count; at += 1) {
    const colour = say(`colour.${outputs.detection_colours[at]}`) ?? outputs.detection_colours[at];
    const shape = say(`shape.${outputs.detection_shapes[at]}`) ?? outputs.detection_shapes[at];
    const thing = say("thing", { colour, shape });
    things.set(thing, (things.get(thing) ?? 0) + 1);
  }
  const listed = [...things].map(([thing, times]) => (times > 1 ? say("times", { thing, count: times }) : thing));
  const comma = language === "zh" ? "、" : ", ";
  panel.textContent = count ? say("seen", { things: listed.join(comma) }) : say("seen_nothing");
}
