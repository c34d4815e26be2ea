// The picture that the model is asked about: drawn on the board, or taken from elsewhere.
import { prepare } from "./camera.js";
import { Hand } from "./hand.js";
import { read, watch } from "./picture.js";
import { scene, Sketch } from "./sketch.js";

const at = (id) => document.getElementById(id);
const KEY = "drawing"; // of the session's storage

export class Board {
  // changed(done) is called when the picture is another, done being false in the middle of a
  // stroke; failed(error) when a file is no picture.
  constructor({ enabled, changed, failed }) {
    this.changed = changed;
    this.failed = failed;
    this.reading = null; // a promise, while a picture is being read
    this.taken = null; // {blob, width, height} of a picture that was not drawn
    this.sketch = new Sketch(at("sketch"));
    const radio = (name) => document.querySelector(`input[name=${name}]:checked`).value;
    new Hand(this.sketch, at("cursor"), {
      tool: () => radio("tool"),
      ink: () => radio("colour"),
      changed: (done) => this.#tell(done),
    });
    at("undo").addEventListener("click", () => this.#edit(() => this.sketch.undo()));
    at("clear").addEventListener("click", () => this.#edit(() => this.sketch.clear()));
    at("dice").addEventListener("click", () => this.surprise());
    at("back").addEventListener("click", () => this.#edit(() => {}));
    at("file").addEventListener("change", () => {
      if (at("file").files[0]) this.take(at("file").files[0]);
      at("file").value = "";
    });
    watch(enabled, (file) => this.take(file));
    prepare((blob) => this.take(blob), failed);
    this.#remember();
  }

  get empty() {
    return this.taken === null && this.sketch.empty;
  }

  // Chooses what the next stroke is made with.
  pick(tool) {
    document.querySelector(`input[name=tool][value=${tool}]`).checked = true;
  }

  surprise() {
    this.#edit(() => this.sketch.clear(scene(this.sketch.canvas.width)));
  }

  // Returns a PNG or JPEG; with cut, of a digit alone.
  async picture(cut) {
    await this.reading;
    return this.taken?.blob ?? this.sketch.picture({ cut });
  }

  take(file) {
    this.reading = read(file).then((taken) => {
      this.#show(taken);
      this.#tell(true);
    }, this.failed);
  }

  #edit(edit) {
    this.#show(null);
    edit();
    this.#tell(true);
  }

  #show(taken) {
    this.taken = taken;
    if (at("shown").src) URL.revokeObjectURL(at("shown").src);
    at("shown").hidden = at("back").hidden = !taken;
    at("drawing").inert = Boolean(taken);
    at("sketch").tabIndex = taken ? -1 : 0;
    at("stage").style.aspectRatio = taken ? `${taken.width} / ${taken.height}` : "";
    if (taken) at("shown").src = URL.createObjectURL(taken.blob);
    else at("shown").removeAttribute("src");
  }

  #tell(done) {
    at("hint").hidden = !this.empty;
    this.changed(done);
  }

  // Keeps the drawing while the page is loaded anew, say in another language.
  #remember() {
    addEventListener("pagehide", () => sessionStorage.setItem(KEY, JSON.stringify(this.sketch.things)));
    this.sketch.clear(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
    at("hint").hidden = !this.empty;
  }
}
