// Puts the page together: followers side by side, what happened beside them, the address above.
import { Feed } from "./feed.js";
import { Phone } from "./phone.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";
import { greeted, play, quiet } from "./scene.js";
import { post } from "./wire.js";
import { language, words } from "./words.js";

const MOST = 4; // followers side by side
const COLOURS = ["#4f6bb0", "#b4543c", "#8a5aa8", "#27757c"];
const desk = document.getElementById("phones");
const query = new URLSearchParams(location.search);

class Page {
  constructor() {
    this.phones = new Map(); // by follower
    this.names = words.follower_names.map((name, index) => ({ name, colour: COLOURS[index] }));
    this.timeline = new Timeline(document.getElementById("story"));
    this.menu = [];
    this.feed = new Feed((event) => this.take(event), (gone) => this.stage?.setGone(gone));
  }

  async open() {
    await this.feed.start();
    const known = (query.get("follower") ?? "").split(",")
      .filter((each) => each && this.feed.of(each).length).slice(0, MOST);
    for (const follower of known) this.show(follower);
    const wanted = Math.min(MOST, Math.max(1, Number(query.get("followers")) || 1));
    while (this.phones.size < wanted) await this.welcome();
    this.activate([...this.phones.values()][0]);
    this.stage = new Stage(this);
    this.listen();
    await this.begin();
    document.body.dataset.ready = "true";
  }

  // What the address asks for besides; it is done once, and not again when the page is reloaded.
  async begin() {
    for (const name of ["mode", "verified"]) {
      if (query.has(name)) await this.stage.tell("/demo/account", { [name]: query.get(name) });
    }
    const scene = query.get("scene");
    for (const name of ["scene", "mode", "verified", "followers"]) query.delete(name);
    this.keepAddress();
    if (!scene) return;
    await greeted(this.active);
    await quiet(this.active);
    const faults = this.stage.faults.map((button) => button.dataset.fault);
    play(scene, { phone: this.active, language, stage: this.stage, faults });
  }

  async welcome() {
    const { follower } = await post("/chat/follow");
    const phone = this.show(follower);
    // The account speaks Chinese until a follower writes in English.
    if (language === "en") {
      await greeted(phone);
      await phone.say(words.chat.hello);
    }
    return phone;
  }

  show(follower) {
    const taken = [...this.phones.values()].map((phone) => phone.name);
    const { name, colour } = this.names.find((each) => !taken.includes(each.name));
    const phone = new Phone(follower, name, colour, this);
    this.phones.set(follower, phone);
    desk.append(phone.root);
    phone.find(".add").addEventListener("click", async () => this.activate(await this.welcome()));
    phone.find(".remove").addEventListener("click", () => this.remove(phone));
    for (const event of this.feed.of(follower)) phone.receive(event);
    phone.menu.show(this.menu);
    phone.scroll();
    this.arrange();
    return phone;
  }

  remove(phone) {
    phone.root.remove();
    this.phones.delete(phone.follower);
    this.arrange();
    this.activate([...this.phones.values()][0]);
  }

  arrange() {
    desk.dataset.followers = String(this.phones.size);
    for (const { find } of this.phones.values()) {
      find(".remove").hidden = this.phones.size < 2;
      find(".add").hidden = this.phones.size >= MOST;
    }
    if (document.body.dataset.ready) this.keepAddress();
  }

  keepAddress() {
    query.set("follower", [...this.phones.keys()].join(","));
    const text = query.toString().replaceAll("%2C", ",");
    history.replaceState(null, "", `?${text}`);
  }

  activate(phone) {
    if (this.active === phone) return;
    this.active = phone;
    for (const each of this.phones.values()) each.root.classList.toggle("active", each === phone);
    this.timeline.show(phone.pushes);
  }

  // What phones and the stage tell.

  take(event) {
    this.phones.get(event.follower)?.receive(event);
    if (event.follower === this.active?.follower && event.kind !== "push") this.timeline.look();
  }
  onPush(phone) {
    if (phone === this.active) this.timeline.show(phone.pushes);
  }
  onMenu(buttons) {
    this.menu = buttons;
    for (const phone of this.phones.values()) phone.menu.show(buttons);
  }

  listen() {
    document.querySelector(".strip").addEventListener("click", ({ target }) => {
      const button = target.closest("[data-sample]");
      if (button) this.active.sendSample(button.dataset.sample);
    });
    document.addEventListener("paste", ({ clipboardData }) => {
      for (const file of clipboardData.files) this.active.sendFile(file);
    });
    this.listenToDrops();
    for (const button of document.querySelectorAll("[data-lang]")) {
      button.addEventListener("click", () => {
        query.set("lang", button.dataset.lang);
        location.search = query.toString();
      });
    }
  }

  listenToDrops() {
    const under = ({ target }) =>
      this.phones.get(target.closest?.(".phone")?.dataset.follower) ?? this.active;
    const mark = (phone) => {
      for (const each of this.phones.values()) each.root.classList.toggle("dragging", each === phone);
    };
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      mark(under(event));
    });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(null); });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      mark(null);
      for (const file of event.dataTransfer.files) under(event).sendFile(file);
    });
  }
}

function chooseTheme(theme) {
  document.documentElement.style.colorScheme = theme;
  try { localStorage.setItem("theme", theme); } catch { /* then it is not remembered */ }
}

function startTheme() {
  let theme = query.get("theme");
  try { theme ??= localStorage.getItem("theme"); } catch { /* then it is the system's */ }
  if (["light", "dark"].includes(theme)) chooseTheme(theme);
  document.getElementById("theme").addEventListener("click", () => {
    const chosen = document.documentElement.style.colorScheme;
    const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    chooseTheme(dark ? "light" : "dark");
  });
}

startTheme();
new Page().open();
