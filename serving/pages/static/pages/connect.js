// Which server, which model, which version, which signature: chosen at the top of the page, kept in
// its address, and handed on when the model can be asked.
import { signatures } from "./model.js";
import { address, Server } from "./server.js";
import { Trouble } from "./trouble.js";
import { say } from "./words.js";

const AGAIN = 1000; // milliseconds until a model that loads is looked at again
const at = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);

export class Connection {
  // ready({server, model, version, signature, signatures}) and lost() are called as it comes and
  // goes; failed(error) with whatever went wrong.
  constructor({ ready, lost, failed }) {
    Object.assign(this, { ready, lost, failed, server: null, model: "", turn: 0 });
    at("server").value = query.get("server") ?? location.origin;
    at("model").value = query.get("model") ?? "";
    at("connect").addEventListener("submit", (event) => {
      event.preventDefault();
      this.connect();
    });
    at("models").addEventListener("change", (event) => this.#run(() => this.#open(event.target.value)));
    at("version").addEventListener("change", () => this.#run(() => this.#read(at("version").value)));
    at("signature").addEventListener("change", () => this.#use());
    at("switch").addEventListener("click", () => {
      const here = new URLSearchParams(location.search);
      here.set("language", at("switch").hreflang);
      at("switch").search = here;
    });
    this.connect();
  }

  connect() {
    this.#run(() => this.#connect());
  }

  // Runs a step, unless another is begun before it ends; tells what went wrong.
  async #run(step) {
    this.turn += 1;
    const { turn } = this;
    try {
      await step();
    } catch (error) {
      if (turn !== this.turn) return;
      this.#tell("", "");
      this.lost();
      at("login").hidden = error.kind !== "login";
      if (error.kind === "login") at("user").focus();
      this.failed(error);
    }
  }

  // Raises an error that #run drops where another step has begun meanwhile.
  async #still(promise) {
    const { turn } = this;
    const found = await promise;
    if (turn !== this.turn) throw new Error("another step has begun");
    return found;
  }

  async #connect() {
    this.failed(null);
    this.#tell(say("connecting"), "busy");
    const server = new Server(address(at("server").value.trim() || location.origin));
    at("server").value = server.url;
    if (at("user").value) server.user = { name: at("user").value, password: at("password").value };
    this.server = server;
    const models = await this.#still(server.models());
    at("model-field").hidden = models !== null;
    this.#offer(models ?? []);
    if (models === null && !at("model").value.trim()) {
      await this.#still(server.greet());
      this.lost();
      this.#tell(say("name_needed"), "");
      at("model").focus();
      return;
    }
    at("login").hidden = true;
    const wanted = at("model").value.trim();
    const name = models === null ? wanted : (models.find((each) => each.name === wanted) ?? models.find((each) => each.up) ?? models[0])?.name;
    if (name) await this.#open(name);
    else {
      this.lost();
      this.#tell(say("none"), "");
    }
  }

  #offer(models) {
    const chips = models.map(({ name, up }) => {
      const chip = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: "model", value: name });
      const dot = Object.assign(document.createElement("i"), { className: up ? "dot up" : "dot" });
      dot.title = say(up ? "up" : "down");
      chip.className = "chip";
      chip.append(radio, dot, name);
      return chip;
    });
    at("models").hidden = chips.length === 0;
    at("models").replaceChildren(at("models").querySelector("legend"), ...chips);
  }

  // told: what the visitor knows already of a model that does not load.
  async #open(name, told = "") {
    this.model = at("model").value = name;
    for (const radio of at("models").querySelectorAll("input")) radio.checked = radio.value === name;
    const versions = await this.#still(this.server.versions(name));
    const up = versions.filter((each) => each.state === "AVAILABLE").map((each) => each.version);
    if (up.length === 0) {
      await this.#wait(name, versions, told);
      return;
    }
    this.failed(null);
    const options = [["", say("newest", { version: up[0] })], ...up.map((each) => [`/versions/${each}`, each])];
    fill(at("version"), options, query.get("version") ?? "");
    at("version-field").hidden = up.length < 2;
    this.newest = up[0];
    await this.#read(at("version").value);
  }

  // Looks again where a version is on its way, perhaps not at the first try; raises Trouble where none is.
  async #wait(name, versions, told) {
    const said = versions.map((each) => `${each.version}: ${each.status?.error_message || each.state}`).join("\n");
    if (!versions.some((each) => ["START", "LOADING"].includes(each.state))) throw new Trouble("broken", { model: name }, said);
    const tried = versions.some((each) => each.status?.error_message);
    this.lost();
    this.#tell(say("loading", { model: name }), "busy");
    if (!tried) this.failed(null);
    else if (said !== told) this.failed(new Trouble("tried", { model: name }, said));
    await this.#still(new Promise((done) => setTimeout(done, AGAIN)));
    await this.#open(name, said);
  }

  async #read(version) {
    this.metadata = await this.#still(this.server.metadata(this.model, version));
    this.signatures = signatures(this.metadata);
    if (this.signatures.length === 0) throw new Trouble("strange", { url: this.server.url });
    const names = this.signatures.map((each) => [each.name, each.name]);
    fill(at("signature"), names, query.get("signature") ?? "");
    at("signature-field").hidden = names.length < 2;
    this.#use();
  }

  #use() {
    const [version, name] = [at("version").value, at("signature").value];
    const number = version.split("/").at(-1) || this.newest;
    this.#tell(say("ready", { model: this.model, version: number }), "up");
    this.#keep(version, name);
    const signature = this.signatures.find((each) => each.name === name);
    this.ready({ server: this.server, model: this.model, version, signature, signatures: this.signatures, metadata: this.metadata });
  }

  #keep(version, signature) {
    const here = { server: this.server.url, model: this.model, version, signature };
    if (here.server === location.origin) delete here.server;
    if (signature === this.signatures[0].name) delete here.signature;
    if (!version) delete here.version;
    history.replaceState(null, "", `?${new URLSearchParams(here)}`);
  }

  #tell(text, state) {
    at("state").textContent = text;
    at("state").dataset.state = state;
  }
}

function fill(select, options, wanted) {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === wanted)) select.value = wanted;
}
