// The account's menu at the foot of the chat, in place of the line to type in, as in WeChat.
import { node } from "./node.js";

export class AccountMenu {
  constructor(phone) {
    this.phone = phone;
    this.toggle = phone.find(".toggle");
    this.nav = phone.find(".menu");
    this.shown = "";
    this.toggle.addEventListener("click", () => this.open(this.nav.hidden));
    this.nav.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.fold();
    });
  }

  open(on) {
    this.nav.hidden = !on;
    this.toggle.setAttribute("aria-expanded", String(on));
    this.phone.find(".composer").classList.toggle("has-menu", on);
  }

  show(buttons) {
    const text = JSON.stringify(buttons);
    if (text === this.shown) return;
    this.shown = text;
    this.toggle.hidden = buttons.length === 0;
    if (!buttons.length) this.open(false);
    this.nav.replaceChildren(...buttons.map((button) => this.draw(button)));
  }

  draw(button) {
    const below = button.sub_button?.list ?? [];
    if (!below.length) return this.leaf(button);
    const list = node("div", { className: "sub", hidden: true },
      ...below.map((each) => this.leaf(each)));
    const head = node("button", { type: "button" }, `≡ ${button.name}`);
    head.setAttribute("aria-expanded", "false");
    head.addEventListener("click", () => {
      const on = list.hidden;
      this.fold();
      list.hidden = !on;
      head.setAttribute("aria-expanded", String(on));
    });
    return node("div", { className: "branch" }, list, head);
  }

  leaf(button) {
    const drawn = node("button", { type: "button" }, button.name);
    drawn.addEventListener("click", () => {
      this.fold();
      if (button.type === "view") window.open(button.url, "_blank", "noopener");
      else if (button.type.startsWith("pic_")) this.phone.find(".upload input").click();
      else this.phone.press(button.key);
    });
    return drawn;
  }

  fold() {
    for (const list of this.nav.querySelectorAll(".sub")) list.hidden = true;
    for (const head of this.nav.querySelectorAll("[aria-expanded]")) {
      head.setAttribute("aria-expanded", "false");
    }
  }
}
