// What just happened to a message: bars on one line of time, drawn to scale.
import { duration, fill, words } from "./words.js";
import { node } from "./node.js";
import { get } from "./wire.js";

const AGAIN = 250; // milliseconds between looks at a message that has no end yet
const LONGEST = 90000; // milliseconds for which it is looked at
const TICKS = 4;

export class Timeline {
  constructor(root) {
    this.root = root;
    this.bars = root.querySelector("#timeline");
    this.summary = root.querySelector("#summary");
    this.pushes = [];
    this.at = -1;
    this.open = new Set(); // rows that were opened, by their names
    root.querySelector("#earlier").addEventListener("click", () => this.step(-1));
    root.querySelector("#later").addEventListener("click", () => this.step(1));
  }

  show(pushes, push = pushes.at(-1)) {
    this.pushes = pushes;
    this.at = pushes.indexOf(push);
    this.open.clear();
    this.look();
  }

  step(by) {
    this.show(this.pushes, this.pushes[this.at + by]);
  }

  get push() { return this.pushes[this.at]; }

  async look() {
    clearTimeout(this.timer);
    this.root.querySelector("#earlier").disabled = this.at < 1;
    this.root.querySelector("#later").disabled = this.at >= this.pushes.length - 1;
    const push = this.push;
    if (!push) return;
    let story;
    try {
      story = await get("/demo/story", { push: push.number });
    } catch {
      return; // it is gone; the feed says so, and looks again
    }
    if (push !== this.push) return;
    this.draw(story);
    if (!isOver(story) && Date.now() - 1000 * push.real < LONGEST) {
      this.timer = setTimeout(() => this.look(), AGAIN);
    }
  }

  draw(story) {
    const scale = scaleFor(story.total);
    this.root.querySelector("#hint").hidden = story.spans.length === 0;
    this.summary.replaceChildren(...summarise(story));
    this.bars.replaceChildren(axis(scale),
      ...story.spans.map((span, index) => this.row(span, index, scale, story)));
  }

  row(span, index, scale, story) {
    const name = label(span);
    const bar = node("i", { className: failed(span) ? "failed" : "" });
    bar.style.left = `${100 * span.begin / scale}%`;
    bar.style.width = `${100 * (span.end - span.begin) / scale}%`;
    const track = node("span", { className: "track" }, bar);
    track.setAttribute("aria-hidden", "true");
    const row = node("details", { className: `row ${span.lane} ${span.name}` },
      node("summary", {},
        node("span", { className: "label" }, name),
        track,
        node("span", { className: "took" }, duration(span.end - span.begin))),
      detail(span, story));
    const key = `${index} ${name}`;
    row.open = this.open.has(key);
    row.addEventListener("toggle", () => {
      if (row.open) this.open.add(key);
      else this.open.delete(key);
    });
    return row;
  }
}

function isOver({ push, spans, trace, answers, outage }) {
  if (trace.outcome) return spans.some((span) => span.name === "delivery");
  if (!push.message) return spans.length > 0;
  return outage || (answers.length > 0 && !trace.job);
}

// The next above it of those whose quarters, the marks, are said without rounding.
export function scaleFor(total) {
  const least = Math.max(total, 0.0012);
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 4.8, 6, 8, 10].find((each) => power * each >= least);
}

function axis(scale) {
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => {
    const tick = node("span", {}, duration(scale * index / TICKS).replace(/^0\.0 ms/, "0"));
    tick.style.left = `${100 * index / TICKS}%`;
    return tick;
  });
  const drawn = node("div", { className: "axis" }, node("div", { className: "track" }, ...ticks));
  drawn.setAttribute("aria-hidden", "true");
  return drawn;
}

function label({ name, detail: facts }) {
  if (name === "call") return facts.api.split("/").slice(-2).join("/");
  if (name !== "delivery") return words.step[name];
  if (facts.copy > 1) return fill(words.step.copy, facts);
  return facts.attempt > 1 ? fill(words.step.again, facts) : words.step.delivery;
}

function failed({ name, detail: facts }) {
  if (name === "delivery") return facts.status !== 200;
  return name === "retry" || Boolean(facts.errcode);
}

function detail(span, story) {
  const facts = span.detail;
  const parts = {
    delivery: () => [
      part(words.step.request, `POST /wechat?${facts.query}\n\n${facts.body}`),
      part(words.step.response, facts.status
        ? `HTTP ${facts.status}\n\n${facts.reply}` : words.step.no_answer),
    ],
    call: () => [
      part(words.step.request, `${facts.method} /cgi-bin/${facts.api}?access_token=…\n${pretty(facts.body)}`),
      part(words.step.response, `errcode ${facts.errcode} ${facts.errmsg}`),
    ],
  }[span.name];
  const explained = parts ? parts() : [node("p", {}, words.step[`${span.name}_detail`])];
  if (span.name === "model" && story.trace.reply.text) {
    explained.push(part(`${words.story.model} ${story.trace.model ?? ""}`,
      [story.trace.reply.label, story.trace.reply.text].filter(Boolean).join("\n")));
  }
  if (span.name === "queue") explained.push(part(words.story.job, story.trace.job));
  return node("div", { className: "detail" }, ...explained);
}

function part(name, text) {
  const block = node("pre", {}, text);
  block.tabIndex = 0;
  return node("div", {}, node("b", {}, name), block);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function outcome({ trace, answers, outage }) {
  if (trace.outcome && !(trace.outcome === "parked" && answers.length)) return trace.outcome;
  if (outage) return "outage";
  if (trace.outcome) return "passive";
  if (trace.job) return "waiting";
  return answers.length ? "passive" : "waiting";
}

function summarise(story) {
  const { push, spans, trace } = story;
  const end = outcome(story);
  const first = spans.find((span) => span.name === "delivery");
  const facts = [
    first && fill(words.story.webhook_said, { time: duration(first.end - first.begin) }),
    trace.model && `${words.story.model} ${trace.model}`,
    trace.job && `${words.story.job} ${trace.job.slice(0, 8)}…`,
    !trace.job && first && end === "passive" && words.story.nothing,
  ].filter(Boolean);
  return [
    node("div", { className: "about" }, ...thumbnail(push), node("span", {}, named(push))),
    node("div", { className: "facts" },
      node("span", { className: `end ${end}` },
        push.message || end === "passive" ? words.outcome[end] : words.story.answered),
      node("strong", {}, fill(words.story.in_all, { time: duration(story.total) })),
      ...facts.map((each) => node("span", {}, each))),
  ];
}

function thumbnail({ picture }) {
  if (!picture) return [];
  const image = node("img", { src: `/mmbiz_jpg/${picture}/0`, alt: "" });
  image.addEventListener("error", () => image.remove()); // a file that is no picture
  return [image];
}

function named({ picture, text, type }) {
  if (picture) return words.story.of_picture;
  if (text) return fill(words.story.of_text, { text });
  return words.kind[type] ?? fill(words.story.of_event, { name: type });
}
