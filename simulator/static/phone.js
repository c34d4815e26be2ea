// One follower's phone: shows the chat, sends what is typed, tapped, photographed or dropped.
import { clock, duration, fill, language, words } from "./words.js";
import { icon, node } from "./node.js";
import { photograph, view } from "./dialogs.js";
import { Gone, post } from "./wire.js";
import { AccountMenu } from "./menu.js";

const LARGEST = 12 * 2 ** 20; // bytes that the simulator takes
const SEPARATED = 180; // seconds without a word, after which the time is shown again
const SLOW = 350; // milliseconds until "typing…" shows, so that quick answers do not flicker
const FORGOTTEN = 60000; // milliseconds after which nobody is waited for
const VERDICT = /^(👍|👎)/u;
const NUMBERED = /^(\d) (.+)$/gm;

export class Phone {
  constructor(follower, name, colour, host) {
    Object.assign(this, { follower, name, host, pushes: [], pending: [], last: 0 });
    this.root = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.find = (selector) => this.root.querySelector(selector);
    this.root.style.setProperty("--mine-face", colour);
    this.root.setAttribute("aria-label", fill(words.chat.label, { name }));
    this.root.dataset.follower = follower;
    this.find(".name").textContent = name;
    this.initial = language === "zh" ? name.at(-1) : name[0]; // 小明 is 明
    this.find(".face").textContent = this.initial;
    this.chat = this.find(".chat");
    this.lines = this.find(".chat ol");
    this.chat.setAttribute("aria-label", fill(words.chat.label, { name }));
    this.menu = new AccountMenu(this);
    this.offer(words.chat.starters.map((text) => [text, () => this.say(text)]));
    this.listen();
  }

  listen() {
    this.find(".composer").addEventListener("submit", async (event) => {
      event.preventDefault();
      const input = this.find(".content");
      const text = input.value.trim();
      input.value = "";
      if (text && !(await this.say(text))) input.value ||= text; // to be sent once more
    });
    this.find(".upload input").addEventListener("change", ({ target }) => {
      for (const file of target.files) this.sendFile(file);
      target.value = "";
    });
    this.find(".shoot").addEventListener("click", () =>
      photograph((photo) => this.sendFile(photo)));
    this.find(".newer").addEventListener("click", () => this.scroll());
    this.chat.addEventListener("scroll", () => {
      if (this.isAtEnd()) this.find(".newer").hidden = true;
    });
    for (const kind of ["pointerdown", "focusin"]) {
      this.root.addEventListener(kind, () => this.host.activate(this));
    }
  }

  // What goes out; returns whether it did.

  async send(path, fields) {
    try {
      await post(`/chat/${this.follower}/${path}`, fields);
      return true;
    } catch (error) {
      const gone = error instanceof Gone;
      this.warn(gone ? words.trouble.gone : fill(words.chat.failed, { why: error.message }));
      return false;
    }
  }
  say(content) { return this.send("text", { content }); }
  tap(line) { return this.send("tap", line); }
  press(key) { return this.send("press", { key }); }
  sendSample(sample) { return this.send("picture", { sample, anew: "1" }); }
  sendFile(file) {
    if (file.size > LARGEST) this.warn(words.chat.too_large);
    else this.send("picture", { file });
  }

  warn(text) {
    const alert = this.find(".alert");
    alert.textContent = text;
    alert.hidden = false;
    clearTimeout(this.warned);
    this.warned = setTimeout(() => { alert.hidden = true; }, 6000);
  }

  // What comes in.

  receive(event) {
    this[`on_${event.kind}`]?.(event);
  }

  on_push(event) {
    this.pushes.push(event);
    this.host.onPush(this, event);
    if (event.type === "subscribe") this.notice(fill(words.chat.followed, this), event);
    else if (event.type === "unsubscribe") this.notice(words.chat.left, event);
    else if (event.message) this.wait(event, this.add("mine", this.told(event), event));
  }

  told(event) {
    if (event.picture) return this.picture(event.picture, fill(words.chat.sent_picture, this));
    return node("div", { className: "bubble" },
      event.text || fill(words.chat.other, { kind: words.kind[event.type] ?? event.type }));
  }

  on_answer(event) {
    const line = this.add("theirs", node("div", { className: "bubble" }, event.text), event);
    this.settle(event);
    const numbered = [...event.text.matchAll(NUMBERED)];
    const choices = event.text.includes("\n\n") ? numbered.slice(-9) : [];
    this.offer(choices.map(([, number, text]) => [text, () => this.say(number)]));
    this.speaking = line;
  }

  on_picture(event) {
    this.add("theirs", this.picture(event.picture, words.chat.account_picture), event);
  }

  on_menu(event) { // it belongs to the text that it came with
    const list = node("div", { className: "choices" });
    for (const line of event.lines) {
      const button = node("button", { type: "button" }, line.content);
      button.addEventListener("click", () => this.tap(line));
      list.append(button);
    }
    this.speaking?.querySelector(".bubble").append(list);
    const questions = event.lines.filter((line) => !VERDICT.test(line.content));
    this.offer(questions.map((line) => [line.content, () => this.tap(line)]));
    this.scroll();
  }

  on_fault({ fault, on, pid, ...event }) {
    const text = pid ? words.chat.killed : on ? words.chat.fault : words.chat.mended;
    this.notice(fill(text, { ...words.fault[fault], pid }), event, "deed");
  }

  on_end({ push, outcome }) { // no answer comes, or not now
    const waiting = this.pending.find((each) => each.event.number === push);
    const label = waiting?.line.querySelector(".took");
    label?.classList.add("wordy");
    label?.append(words.outcome[outcome]);
    this.drop(push);
  }

  on_outage(event) {
    this.notice(event.text, event, "outage");
    this.settle(event);
  }

  // Who waits for an answer; the account answers a follower's messages in their order.

  wait(event, line) {
    if (Date.now() - 1000 * event.real > FORGOTTEN) return;
    this.pending.push({ event, line });
    setTimeout(() => this.showTyping(), SLOW);
    setTimeout(() => { this.drop(event.number); }, FORGOTTEN);
  }

  settle(event) {
    const number = event.push ?? this.pending[0]?.event.number;
    const waiting = this.pending.find((each) => each.event.number === number);
    this.drop(number);
    waiting?.line.querySelector(".took").append(duration(event.real - waiting.event.real));
  }

  drop(number) {
    this.pending = this.pending.filter((each) => each.event.number !== number);
    this.showTyping();
  }

  showTyping() {
    const busy = this.pending.length > 0;
    this.find(".title").textContent = busy ? words.chat.typing : words.account;
    if (!busy) this.dots?.remove();
    else {
      this.dots ??= node("li", { className: "theirs typing" }, face("theirs"),
        node("div", { className: "bubble" }, node("i"), node("i"), node("i")));
      this.dots.setAttribute("aria-label", words.chat.typing);
      const stay = this.isAtEnd();
      this.lines.append(this.dots);
      if (stay) this.scroll();
    }
  }

  // How it is drawn.

  picture(mediaId, description) {
    const address = `/mmbiz_jpg/${mediaId}/0`;
    const image = node("img", { alt: description });
    const button = node("button", { type: "button", className: "bubble picture" }, image);
    image.addEventListener("load", () => { if (this.stay) this.scroll(); });
    image.addEventListener("error", () => {
      button.replaceWith(node("div", { className: "bubble" }, `📄 ${words.chat.not_a_picture}`));
    });
    button.addEventListener("click", () => view(address, description));
    button.title = words.chat.open_picture;
    image.src = address;
    return button;
  }

  add(side, bubble, event) {
    const who = fill(side === "mine" ? words.chat.mine : words.chat.theirs, this);
    const at = node("time", { className: "hidden" }, clock.format(1000 * event.real));
    at.dateTime = new Date(1000 * event.real).toISOString();
    bubble.title ||= clock.format(1000 * event.real);
    const line = node("li", { className: side },
      face(side, this.initial), node("span", { className: "hidden" }, who), bubble, at,
      node("span", { className: "took" }));
    this.put(line, event);
    return line;
  }

  notice(text, event, kind = "") {
    this.put(node("li", { className: `notice ${kind}` }, node("span", {}, text)), event);
  }

  put(line, event) {
    this.stay = this.isAtEnd();
    if (event.real - this.last > SEPARATED) {
      this.lines.append(node("li", { className: "notice time" },
        node("time", {}, clock.format(1000 * event.real))));
    }
    this.last = event.real;
    this.lines.append(line);
    if (this.dots?.isConnected) this.lines.append(this.dots);
    if (this.stay) this.scroll();
    else this.find(".newer").hidden = false;
  }

  offer(choices) {
    this.find(".chips").replaceChildren(...choices.map(([text, act]) => {
      const chip = node("button", { type: "button", className: "chip" }, text);
      chip.addEventListener("click", act);
      return chip;
    }));
    this.find(".chips").scrollLeft = 0;
  }

  isAtEnd() {
    return this.chat.scrollHeight - this.chat.scrollTop - this.chat.clientHeight < 80;
  }
  scroll() { this.chat.scrollTop = this.chat.scrollHeight; }
}

function face(side, initial = "") {
  const drawn = node("span", { className: "face" }, side === "mine" ? initial : icon("eye"));
  drawn.setAttribute("aria-hidden", "true");
  return drawn;
}
