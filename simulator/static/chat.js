// The phone: shows what happened, sends what the follower types, taps, pastes or drops.
"use strict";

const POLL = 400; // milliseconds between looks at what happened
const chat = document.getElementById("chat");
const trace = document.getElementById("trace").tBodies[0];
const typing = document.getElementById("typing");
const waiting = new Map(); // MsgId -> push, for messages without an answer yet
let follower = null;
let seen = 0;
let latest = null; // the last push, whose steps are shown
let webhookMs = null;

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function say(side, avatar, ...content) {
  const line = element("li", side);
  const face = element("span", "avatar", avatar);
  face.setAttribute("aria-hidden", "true");
  line.append(face, ...content);
  chat.append(line);
  chat.scrollTop = chat.scrollHeight;
}

function notice(text) {
  chat.append(element("li", "notice", text));
  chat.scrollTop = chat.scrollHeight;
}

function pictureBubble(mediaId) {
  const bubble = element("div", "bubble picture");
  const image = element("img");
  image.alt = "图片 picture";
  image.onload = () => { chat.scrollTop = chat.scrollHeight; };
  image.onerror = () => bubble.replaceChildren(element("span", "", "📄"));
  image.src = `/mmbiz_jpg/${mediaId}/0`;
  bubble.append(image);
  return bubble;
}

const show = {
  push(event) {
    if (event.type === "subscribe") notice("你已关注公众号 You now follow the account");
    else if (event.picture) say("mine", "我", pictureBubble(event.picture));
    else say("mine", "我", element("div", "bubble", event.text || `[${event.type}]`));
    if (event.message) { waiting.set(event.message, event); latest = event; webhookMs = null; }
  },
  answer(event) {
    say("theirs", "看", element("div", "bubble", event.text));
    if (event.way === "passive") waiting.delete(event.message);
    else waiting.delete([...waiting.keys()].find((id) => waiting.get(id).picture));
  },
  picture(event) { say("theirs", "看", pictureBubble(event.picture)); },
  menu(event) { // in the bubble of the text that it came with
    const list = element("div", "menu");
    for (const line of event.lines) {
      const button = element("button", "", line.content);
      button.type = "button";
      button.onclick = () => post(`/chat/${follower}/tap`, line);
      list.append(button);
    }
    [...chat.querySelectorAll("li.theirs .bubble:not(.picture)")].pop()?.append(list);
    chat.scrollTop = chat.scrollHeight;
  },
  outage(event) { notice(event.text); waiting.delete(event.message); },
  delivery(event) {
    if (latest && event.message === latest.message) webhookMs = event.ms;
  },
};

function row(name, english, value, className) {
  const line = element("tr", className);
  const cell = element("td", "", `${name} `);
  cell.append(element("small", "", english));
  line.append(cell, element("td", "", value));
  return line;
}

const ms = (seconds) => `${Math.round(1000 * seconds)} ms`;

const STEPS = {
  queue: ["排队", "waited in the queue"],
  retry: ["重试", "tried before"],
  fetch: ["下载图片", "picture fetched"],
  prepare: ["处理图片", "picture made small"],
  model: ["模型识别", "seen by the model"],
  turn: ["等候发送", "waited for its turn"],
  send: ["发送客服消息", "reply sent"],
};

async function showTrace() {
  if (!latest || webhookMs === null) return;
  const query = new URLSearchParams({
    follower, message: latest.message, created: latest.created,
  });
  const facts = await (await fetch(`/chat/trace?${query}`)).json();
  const rows = [row("Webhook 应答", "answer to WeChat", `${Math.round(webhookMs)} ms`)];
  const steps = facts.steps || [];
  for (const [step, seconds] of steps) rows.push(row(...STEPS[step], ms(seconds)));
  const all = steps.reduce((sum, [, seconds]) => sum + seconds, 0);
  if (facts.outcome) rows.push(row("总耗时", `${facts.outcome}, in all`, ms(all), "total"));
  trace.replaceChildren(...rows);
}

async function poll() {
  try {
    const { events } = await (await fetch(`/chat/events?since=${seen}`)).json();
    for (const event of events) {
      seen = event.number + 1;
      if (event.follower === follower && show[event.kind]) show[event.kind](event);
    }
    typing.hidden = waiting.size === 0;
    if (events.length || waiting.size) await showTrace();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // TypeError: the demo has ended
    typing.hidden = true;
  }
  setTimeout(poll, POLL);
}

async function post(path, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return (await fetch(path, { method: "POST", body })).json();
}

const sendPicture = (fields) => post(`/chat/${follower}/picture`, fields);

document.getElementById("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = document.getElementById("content");
  if (input.value.trim()) post(`/chat/${follower}/text`, { content: input.value.trim() });
  input.value = "";
});
document.getElementById("file").addEventListener("change", (event) => {
  for (const file of event.target.files) sendPicture({ file });
  event.target.value = "";
});
document.querySelector(".samples").addEventListener("click", (event) => {
  const button = event.target.closest("[data-sample]");
  if (button) sendPicture({ sample: button.dataset.sample });
});
document.addEventListener("paste", (event) => {
  for (const file of event.clipboardData.files) sendPicture({ file });
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", () => document.body.classList.remove("dragging"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  for (const file of event.dataTransfer.files) sendPicture({ file });
});

post("/chat/follow", {}).then((answer) => { follower = answer.follower; poll(); });
