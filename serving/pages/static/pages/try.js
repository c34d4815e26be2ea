// The page on which models are tried: what is drawn, shown, asked or written goes to the model, and
// its answer onto the page.
import { classes, body as bodyOf, MARK, row } from "./model.js";
import { element, showClasses, showJson, showReply, showThings } from "./answer.js";
import { Board } from "./board.js";
import { Connection } from "./connect.js";
import { command } from "./curl.js";
import { fill, pretty, written } from "./form.js";
import { showLatency } from "./latency.js";
import { base64 } from "./picture.js";
import { say } from "./words.js";

const at = (id) => document.getElementById(id);
const DIGITS = /digit|mnist|demo/i; // models' names
const COPIED = 1600; // milliseconds
const LONGEST = 20000; // characters of an answer that are shown word for word
const named = new Map(); // model and number of classes -> names
let now = null; // what Connection hands on; null: nothing can be asked
let busy = false;
let waiting = null; // what to look at next: [done], of the picture as it then is
let shown = 0; // the number of the request that the page shows
let asked = false; // once a question is asked, what the model sees is looked up without being shown

function fail(error) {
  at("trouble").hidden = !error;
  if (!error) return;
  if (!error.title) throw error; // a mistake of ours: let it be seen
  at("trouble-title").textContent = error.title;
  at("trouble-text").textContent = error.message;
  at("trouble-said").textContent = error.said ?? "";
  at("trouble").scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function forget() {
  at("answer").replaceChildren(element("p", "empty", say("empty")));
  for (const id of ["told", "glance", "things"]) at(id).textContent = "";
  at("boxes").replaceChildren();
  asked = false;
}

// Sends a request to the model that is chosen, and shows what it was and how long it took, unless
// a newer one is shown by then.
async function send(signature, body, blob = null) {
  const { server, model, version } = now;
  const turn = asked && signature !== now.signature ? null : (shown += 1);
  const url = `${server.path(model, version)}:${signature.verb}`;
  const text = blob ? body.replace(MARK, await base64(blob)) : body;
  if (turn === shown) showRequest(url, server.user, body, blob);
  try {
    const answer = await server.ask(url, { body: text, model });
    if (turn === shown) showResponse(answer.text);
    if (turn === shown) showLatency(answer);
    return answer;
  } catch (error) {
    if (turn === shown) showResponse(error.answer ?? "");
    throw error;
  }
}

// Shows what came back for the request that is shown; nothing may have.
function showResponse(text) {
  at("response").textContent = text.slice(0, LONGEST) + (text.length > LONGEST ? "…" : "");
  at("response").closest("details").hidden = !text;
}

function showRequest(url, user, body, blob) {
  const file = blob?.type === "image/png" ? "picture.png" : "picture.jpg";
  at("wire").hidden = false;
  at("curl").textContent = command({ url, body, user, file });
  at("curl-note").textContent = blob ? say("curl_picture", { file }) : say("curl_plain");
  if (blob) showSent(blob, file);
  at("sent").hidden = !blob;
}

function showSent(blob, file) {
  if (at("sent").href) URL.revokeObjectURL(at("sent").href);
  at("sent").href = at("sent-picture").src = URL.createObjectURL(blob);
  at("sent").download = file;
}

async function namesOf(model, count) {
  const key = `${model} ${count}`;
  if (!named.has(key)) {
    const query = new URLSearchParams({ model, classes: count, language: document.documentElement.lang });
    const answer = await fetch(`/ui/try/names?${query}`);
    named.set(key, answer.ok ? (await answer.json()).names : []);
  }
  return named.get(key);
}

// Shows outputs as bars where they are classes, otherwise as JSON; returns them in words.
async function show({ json }, signature) {
  const outputs = row(json, signature);
  const found = outputs && classes(outputs);
  if (!found) return showJson(at("answer"), pretty(json));
  const all = now.signatures.flatMap((each) => each.outputs).find((each) => each.name === "probabilities");
  const count = found.count ?? all?.shape?.at(-1) ?? null;
  return showClasses(at("answer"), { ...found, count }, count > 0 ? await namesOf(now.model, count) : []);
}

// Looks at the picture as it is; where it changes meanwhile, once more after that.
async function look(done) {
  if (busy) {
    waiting = [done || waiting?.[0]];
    return;
  }
  busy = true;
  try {
    await lookOnce(done);
    fail(null);
  } catch (error) {
    if (!asked) forget(); // the answer to an earlier picture
    fail(error);
  } finally {
    busy = false;
  }
  if (!waiting) return;
  const [next] = waiting;
  waiting = null;
  look(next);
}

async function lookOnce(done) {
  if (!now) return;
  const chosen = now;
  if (board.empty) {
    forget();
    return;
  }
  const seeing = chosen.signature.kind === "question" ? chosen.signatures.find((each) => each.name === "describe") : chosen.signature;
  if (!seeing?.picture) return;
  const blob = await board.picture(seeing === chosen.signature);
  const answer = await send(seeing, bodyOf(seeing), blob);
  if (chosen !== now) return;
  if (seeing === chosen.signature) {
    at("glance").textContent = await show(answer, seeing);
    if (done) at("told").textContent = at("glance").textContent;
  } else showThings(at("boxes"), at("things"), row(answer.json, seeing));
}

async function ask(question) {
  if (!question) {
    at("question").focus();
    at("told").textContent = say("question_needed");
    return;
  }
  const { signature } = now;
  asked = true;
  try {
    const answer = await send(signature, bodyOf(signature, question), await board.picture(false));
    const outputs = row(answer.json, signature);
    at("told").textContent = "answer" in outputs ? showReply(at("answer"), question, outputs) : await show(answer, signature);
    fail(null);
  } catch (error) {
    fail(error);
  }
}

async function sendForm() {
  const body = written();
  if (body === null) {
    at("json").focus();
    return;
  }
  try {
    at("told").textContent = await show(await send(now.signature, body), now.signature);
    fail(null);
  } catch (error) {
    forget(); // what stands there answers another request
    fail(error);
  }
}

// Browsers have a clipboard for https and loopback alone, and the old way for the rest.
async function copy(node) {
  if (navigator.clipboard) return navigator.clipboard.writeText(node.textContent);
  getSelection().selectAllChildren(node);
  return document.execCommand("copy");
}

function suggest() {
  const chips = [...say("suggested"), ...say("suggested_other")].map((text) => {
    const chip = Object.assign(element("button", "chip", text), { type: "button" });
    chip.addEventListener("click", () => {
      at("question").value = text;
      ask(text);
    });
    return chip;
  });
  at("suggested").replaceChildren(...chips);
}

function ready(chosen) {
  const before = now;
  now = chosen;
  const { kind } = chosen.signature;
  at("bench").hidden = false;
  at("picture-side").hidden = kind === "form";
  at("form-side").hidden = kind !== "form";
  at("ask").hidden = kind !== "question";
  at("hint").textContent = say(kind === "question" ? "hint_shapes" : DIGITS.test(chosen.model) ? "hint_digit" : "hint_any");
  forget();
  if (kind === "form") {
    fill(chosen).catch(fail);
    return;
  }
  if (before?.signature.kind !== kind) board.pick(kind === "question" ? "circle" : "pen");
  if (kind === "question" && board.empty) board.surprise();
  else look(true);
}

function lost() {
  now = null;
  at("bench").hidden = at("wire").hidden = true;
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(at("question").value.trim());
});
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  sendForm();
});
at("copy").addEventListener("click", async () => {
  await copy(at("curl"));
  at("copy-text").textContent = say("copied");
  setTimeout(() => { at("copy-text").textContent = say("copy_it"); }, COPIED);
});
suggest();
const board = new Board({ enabled: () => now !== null && now.signature.kind !== "form", changed: look, failed: fail });
new Connection({ ready, lost, failed: fail });
