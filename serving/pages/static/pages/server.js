// A server of TensorFlow Serving's REST API, wherever it is, and what goes wrong on the way to it.
import { Trouble } from "./trouble.js";

const PATIENCE = 40000; // milliseconds; servers give up after 30 s by themselves
const KINDS = { 400: "input", 401: "login", 404: "missing", 413: "large", 429: "busy", 503: "busy", 504: "slow" };

// Returns the URL without a last slash; what has no scheme is taken for http.
export function address(text) {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  let url;
  try {
    url = new URL(full);
  } catch {
    throw new Trouble("url");
  }
  if (!/^https?:$/.test(url.protocol) || url.username || url.password) throw new Trouble("url");
  return url.origin + url.pathname.replace(/\/+$/, "");
}

export class Server {
  constructor(url) {
    this.url = url;
    this.user = null; // {name, password}, where the server asks for it
  }

  path(model, version = "") {
    return `${this.url}/v1/models/${encodeURIComponent(model)}${version}`;
  }

  // Returns the models as [{name, up}], or null where the server does not list them, as
  // TensorFlow Serving does not.
  async models() {
    try {
      const { json } = await this.ask(`${this.url}/models`);
      const up = (model) => model.versions.some((each) => each.state === "AVAILABLE");
      return json.models.map((each) => ({ name: each.name, up: up(each) }));
    } catch (error) {
      if (error.kind === "login") throw error;
      return null;
    }
  }

  // Raises Trouble unless something answers there that speaks the protocol.
  async greet() {
    try {
      await this.ask(`${this.url}/v1/models`);
    } catch (error) {
      if (error.kind !== "input") throw error; // "Missing model name in request."
    }
  }

  async versions(model) {
    const { json } = await this.ask(this.path(model), { model });
    return json.model_version_status ?? [];
  }

  async metadata(model, version) {
    return (await this.ask(`${this.path(model, version)}/metadata`, { model })).json;
  }

  // Returns {json, text, ms, sent, received}; raises Trouble, with the answer where there was one.
  // A body makes it a POST.
  async ask(url, { body, model = "" } = {}) {
    const started = performance.now();
    const answer = await this.#fetch(url, body);
    const text = await answer.text();
    const ms = performance.now() - started;
    const json = parsed(text);
    const refused = answer.ok ? null : refusal(answer.status, json, { url: this.url, model });
    const trouble = refused ?? (json === undefined ? new Trouble("strange", { url: this.url }) : null);
    if (trouble) throw Object.assign(trouble, { answer: text });
    const bytes = new TextEncoder();
    return { json, text, ms, sent: body ? bytes.encode(body).length : 0, received: bytes.encode(text).length };
  }

  async #fetch(url, body) {
    const options = { headers: {}, signal: AbortSignal.timeout(PATIENCE), cache: "no-store" };
    if (body !== undefined) Object.assign(options, { method: "POST", body });
    if (body !== undefined) options.headers["Content-Type"] = "application/json";
    if (this.user) options.headers.Authorization = `Basic ${base64(`${this.user.name}:${this.user.password}`)}`;
    try {
      return await fetch(url, options);
    } catch (error) {
      if (error.name === "TimeoutError") throw new Trouble("slow");
      throw await this.#away();
    }
  }

  // A browser does not say why a request failed. Without CORS it gets an answer that nobody may
  // read, but gets one: so somebody is there.
  async #away() {
    const here = ["localhost", "127.0.0.1", "[::1]"].includes(new URL(this.url).hostname);
    if (location.protocol === "https:" && this.url.startsWith("http:") && !here) return new Trouble("mixed", { url: this.url });
    try {
      await fetch(`${this.url}/v1/models`, { mode: "no-cors", signal: AbortSignal.timeout(5000) });
    } catch {
      return new Trouble("away", { url: this.url });
    }
    return new Trouble(this.url === location.origin ? "failed" : "cors", { url: this.url });
  }
}

function parsed(text) {
  try {
    // NaN and Infinity are JSON for TensorFlow Serving alone.
    return JSON.parse(text.replace(/(?<=[[:,\s])-?(NaN|Infinity)(?=[\],}\s])/g, "null"));
  } catch {
    return undefined;
  }
}

function refusal(status, json, values) {
  if (json === undefined && status !== 401 && status !== 413) return new Trouble("strange", values);
  return new Trouble(KINDS[status] ?? "failed", values, String(json?.error ?? ""));
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
