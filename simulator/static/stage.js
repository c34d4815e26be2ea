// How the programs are, the account of all messages, and the buttons that break things.
import { Gone, get, post } from "./wire.js";
import { language, words } from "./words.js";
import { node } from "./node.js";

const LOOK = 1000; // milliseconds
const NEEDS_DEMO = new Set(["worker", "serving", "redis"]);
const ALWAYS = new Set(["accepted", "answered", "lost", "doubled"]);
const TROUBLES = ["redis", "serving", "slow", "quota"];

export class Stage {
  constructor(host) {
    this.host = host;
    this.banner = document.getElementById("banner");
    this.settings = document.getElementById("settings");
    this.faults = [...document.querySelectorAll("[data-fault]")];
    this.gone = false;
    for (const button of this.faults) button.addEventListener("click", () => this.act(button));
    this.settings.addEventListener("change", ({ target }) => this.change(target));
    this.look();
  }

  async look() {
    try {
      this.show(await get("/demo/state"));
      this.setGone(false);
    } catch (error) {
      if (error instanceof Gone) this.setGone(true);
    }
    setTimeout(() => this.look(), LOOK);
  }

  setGone(gone) {
    this.gone = gone;
    document.body.classList.toggle("gone", gone);
    if (gone) this.say(words.trouble.gone, true);
  }

  show(state) {
    this.state = state;
    this.showPrograms(state);
    if (state.ledger) this.showLedger(state.ledger);
    if (state.menu) this.host.onMenu(state.menu);
    for (const button of this.faults) this.showFault(button, state);
    for (const name of ["mode", "verified"]) {
      const field = this.settings.elements[name];
      if (document.activeElement !== field) field.value = String(Number(state[name]) || state[name]);
    }
    this.settings.elements.verified.value = state.verified ? "1" : "0";
    this.settings.elements.mode.disabled = state.demo === false;
    this.showTrouble(state);
  }

  showTrouble({ active, programs }) {
    const found = TROUBLES.filter((each) => active[each]);
    const sentences = found.map((each) => words.trouble[each]);
    if (found.length) this.say(sentences.join(language === "zh" ? "" : " "), true);
    else if (programs.app === "starting") this.say(words.verified.changing, false);
    else if (this.troubled || this.changing) this.mended();
    this.troubled = found.length > 0;
    this.changing = programs.app === "starting";
  }

  mended() {
    this.say(words.trouble.mended, false);
    clearTimeout(this.calm);
    this.calm = setTimeout(() => { this.banner.hidden = true; }, 4000);
  }

  say(text, bad) {
    clearTimeout(this.calm);
    if (this.banner.textContent !== text) this.banner.textContent = text;
    this.banner.className = `banner ${bad ? "bad" : ""}`;
    this.banner.hidden = false;
  }

  showPrograms({ programs }) {
    const list = document.getElementById("programs");
    const known = Object.keys(words.program).filter((name) => name in programs);
    list.replaceChildren(...known.map((name) =>
      node("li", { className: programs[name] }, words.program[name],
        node("span", { className: "state" }, words.stage[programs[name]]))));
    list.hidden = known.length === 0;
  }

  showLedger(ledger) {
    const shown = Object.entries(ledger).filter(([name, number]) => number || ALWAYS.has(name));
    document.getElementById("ledger").replaceChildren(...shown.map(([name, number]) => {
      const isBad = ["lost", "doubled"].includes(name);
      return node("div", { className: isBad ? (number ? "bad" : "good") : "" },
        node("dt", {}, words.ledger[name]), node("dd", {}, String(number)));
    }));
  }

  showFault(button, { active, demo }) {
    const name = button.dataset.fault;
    if (name in active) button.setAttribute("aria-pressed", String(active[name]));
    const missing = demo === false && NEEDS_DEMO.has(name);
    if (demo !== undefined) button.disabled = missing;
    button.title = missing ? words.stage.needs_demo : "";
  }

  async act(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-busy", "true");
    try {
      await this.fault(button.dataset.fault, on);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  fault(name, on = true) {
    const follower = this.host.active.follower;
    return this.tell(`/demo/faults/${name}`, { follower, on: on ? "1" : "0" });
  }

  async change(field) {
    if (!field.name) return;
    await this.tell("/demo/account", { [field.name]: field.value });
    if (field.name !== "verified") return;
    this.say(field.value === "1" ? words.verified.yes_effect : words.verified.no_effect, false);
    this.calm = setTimeout(() => { this.banner.hidden = true; }, 8000);
  }

  async tell(path, fields) {
    try {
      this.show({ ...this.state, ...await post(path, fields) });
    } catch (error) {
      this.host.active.warn(error instanceof Gone ? words.trouble.gone : words.trouble.failed);
    }
  }
}
