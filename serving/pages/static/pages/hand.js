// The hand that draws: a mouse, a finger, a pen, or the keys.
import { SHAPE } from "./sketch.js";

const STEP = 14; // units that an arrow key moves; with Shift a quarter
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Hand {
  // tool() is "pen" or a shape, ink() a colour; changed(done) is called whenever something was
  // drawn: done is false in the middle of a stroke.
  constructor(sketch, cursor, { tool, ink, changed }) {
    Object.assign(this, { sketch, cursor, tool, ink, changed, down: null, keys: false });
    this.place = [sketch.canvas.width / 2, sketch.canvas.height / 2];
    const { canvas } = sketch;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => this.#end(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#lift());
  }

  #at(event) {
    const box = this.sketch.canvas.getBoundingClientRect();
    const scale = this.sketch.canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  #begin(event) {
    if (event.button !== 0 || this.down !== null) return;
    this.#lift();
    this.sketch.canvas.setPointerCapture(event.pointerId);
    this.down = event.pointerId;
    this.#put(this.#at(event));
  }

  #put([x, y]) {
    if (this.tool() === "pen") this.sketch.add({ points: [[x, y]], ink: this.ink() });
    else this.sketch.add({ shape: this.tool(), x, y, half: SHAPE, ink: this.ink() });
    this.changed(this.tool() !== "pen");
  }

  #move(event) {
    if (event.pointerId !== this.down) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#go(this.#at(each));
  }

  // A shape goes where it is drawn to; a stroke grows.
  #go([x, y]) {
    const last = this.sketch.things.at(-1);
    if (!last) return;
    if (last.shape) {
      Object.assign(last, { x, y });
      this.sketch.draw();
    } else this.sketch.extend([x, y]);
    this.changed(false);
  }

  #end(event) {
    if (event.pointerId !== this.down) return;
    this.down = null;
    this.changed(true);
  }

  #lift() {
    const drawing = this.keys;
    this.keys = false;
    this.cursor.hidden = true;
    if (drawing) this.changed(true);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = this.#action(event);
    if (!action) return;
    event.preventDefault();
    action();
  }

  #action(event) {
    const arrow = ARROWS[event.key];
    if (arrow) return () => this.#step(arrow, event.shiftKey ? STEP / 4 : STEP);
    return {
      " ": () => this.#press(),
      z: () => this.#change(() => this.sketch.undo()),
      Z: () => this.#change(() => this.sketch.undo()),
      Delete: () => this.#change(() => this.sketch.clear()),
    }[event.key];
  }

  #change(edit) {
    this.keys = false;
    edit();
    this.changed(true);
  }

  #step([right, down], length) {
    const { width, height } = this.sketch.canvas;
    const within = (value, most) => Math.min(most, Math.max(0, value));
    this.place = [within(this.place[0] + right * length, width), within(this.place[1] + down * length, height)];
    if (this.keys) this.#go(this.place);
    this.#point();
  }

  #press() {
    if (this.tool() !== "pen") this.#put([...this.place]);
    else if (this.keys) this.#change(() => {});
    else {
      this.keys = true;
      this.#put([...this.place]);
    }
    this.#point();
  }

  #point() {
    const { width, height } = this.sketch.canvas;
    this.cursor.hidden = false;
    this.cursor.classList.toggle("down", this.keys);
    this.cursor.style.left = `${(100 * this.place[0]) / width}%`;
    this.cursor.style.top = `${(100 * this.place[1]) / height}%`;
  }
}
