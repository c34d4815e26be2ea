// A drawing: strokes and shapes on white paper, as a list, so that the last can be taken back.

const PAPER = "#ffffff";
export const INKS = {
  black: "#1a1a1a", red: "#e53935", orange: "#fb8c00", yellow: "#fdd835",
  green: "#2ca02c", blue: "#1e88e5", purple: "#7b1fa2", pink: "#ff80ab",
};
export const WIDTH = 44; // of the pen, of the drawing's 560 units
export const SHAPE = 62; // half of a shape's side
const AROUND = 0.24; // paper left around a digit, in parts of its longer side

export class Sketch {
  constructor(canvas) {
    this.canvas = canvas;
    this.things = []; // {points, ink} or {shape, x, y, half, ink}
    this.draw();
  }

  get empty() {
    return this.things.length === 0;
  }

  add(thing) {
    this.things.push(thing);
    paint(this.canvas.getContext("2d"), thing);
  }

  // Goes on with the last stroke.
  extend(point) {
    this.things.at(-1).points.push(point);
    this.draw();
  }

  undo() {
    this.things.pop();
    this.draw();
  }

  clear(things = []) {
    this.things = things;
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const context = canvas.getContext("2d");
    context.fillStyle = PAPER;
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const thing of this.things) paint(context, thing);
  }

  // Returns a PNG. Strokes alone are cut out and centred, as the digits are that models learn from;
  // a drawing with shapes is sent as it is.
  async picture({ cut }) {
    const whole = !cut || this.things.some((each) => each.shape);
    const { x, y, side } = whole ? { x: 0, y: 0, side: this.canvas.width } : this.#square();
    const size = whole ? this.canvas.width : 224; // pixels
    const small = Object.assign(document.createElement("canvas"), { width: size, height: size });
    const context = small.getContext("2d");
    context.fillStyle = PAPER;
    context.fillRect(0, 0, size, size);
    context.scale(size / side, size / side);
    context.translate(-x, -y);
    for (const thing of this.things) paint(context, thing);
    return new Promise((done) => small.toBlob(done, "image/png"));
  }

  #square() {
    const points = this.things.flatMap((each) => each.points);
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    const ink = Math.max(right - left, bottom - top) + WIDTH;
    const side = ink * (1 + AROUND);
    return { x: (left + right - side) / 2, y: (top + bottom - side) / 2, side };
  }
}

function paint(context, { points, shape, x, y, half, ink }) {
  context.fillStyle = context.strokeStyle = INKS[ink];
  context.beginPath();
  if (points) {
    stroke(context, points);
    return;
  }
  if (shape === "circle") context.arc(x, y, half, 0, 2 * Math.PI);
  else if (shape === "square") context.rect(x - 0.9 * half, y - 0.9 * half, 1.8 * half, 1.8 * half);
  else {
    context.moveTo(x, y - half);
    context.lineTo(x + 1.08 * half, y + 0.85 * half);
    context.lineTo(x - 1.08 * half, y + 0.85 * half);
  }
  context.fill();
}

// Through the middles between the points: round, as a hand draws.
function stroke(context, points) {
  Object.assign(context, { lineWidth: WIDTH, lineCap: "round", lineJoin: "round" });
  context.moveTo(...points[0]);
  for (let at = 1; at < points.length - 1; at += 1) {
    const [[x, y], [nextX, nextY]] = [points[at], points[at + 1]];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  context.lineTo(...points.at(-1));
  context.stroke();
}

// Returns a scene of three to seven shapes of several sizes that do not touch.
export function scene(side) {
  const things = [];
  const pick = (options) => options[Math.floor(Math.random() * options.length)];
  const wanted = 3 + Math.floor(Math.random() * 5);
  for (let tries = 0; things.length < wanted && tries < 500; tries += 1) {
    const half = 36 + Math.random() * 38;
    const place = () => half * 1.2 + Math.random() * (side - 2.4 * half);
    const [x, y] = [place(), place()];
    const free = things.every((each) => Math.hypot(x - each.x, y - each.y) > 1.5 * (half + each.half));
    if (free) things.push({ shape: pick(["circle", "square", "triangle"]), x, y, half, ink: pick(Object.keys(INKS)) });
  }
  return things;
}
