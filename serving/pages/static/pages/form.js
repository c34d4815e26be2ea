// The request of a model that takes neither pictures nor questions: JSON to fill in.
import { shape } from "./model.js";
import { Trouble } from "./trouble.js";
import { say } from "./words.js";

const at = (id) => document.getElementById(id);

// Shows the inputs, and a request with values that fit them.
export async function fill({ metadata, signature }) {
  const rows = signature.inputs.map((each) => {
    const row = document.createElement("tr");
    for (const text of [each.name, each.dtype.replace("DT_", "").toLowerCase(), shape(each)]) {
      row.append(Object.assign(document.createElement("td"), { textContent: text }));
    }
    return row;
  });
  at("inputs").replaceChildren(...rows);
  at("json").value = "";
  at("json-trouble").textContent = "";
  const body = JSON.stringify({ metadata: metadata.metadata, signature_name: signature.name });
  const answer = await fetch("/ui/try/example", { method: "POST", body });
  const found = await answer.json();
  if (!answer.ok) throw new Trouble("input", {}, found.error);
  at("json").value = pretty(found);
}

// Returns the JSON that stands in the form, or null where it is none; says then where it is wrong.
export function written() {
  const text = at("json").value;
  at("json-trouble").textContent = wrong(text);
  at("json").setAttribute("aria-invalid", String(at("json-trouble").textContent !== ""));
  return at("json-trouble").textContent ? null : text;
}

function wrong(text) {
  try {
    const found = JSON.parse(text.replace(/\bNaN\b|-?\bInfinity\b/g, "null")); // which servers take
    return found !== null && typeof found === "object" && !Array.isArray(found) ? "" : say("json_bad", { said: say("json_object") });
  } catch (error) {
    const place = /line (\d+) column (\d+)/.exec(error.message);
    const said = error.message.split(/ in JSON| at line/)[0];
    return place ? say("json_line", { line: place[1], column: place[2], said }) : say("json_bad", { said });
  }
}

// Returns the document over several lines, but lists of numbers in one.
export function pretty(document) {
  return JSON.stringify(document, null, 2).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, items) => `[${items.replace(/\s+/g, " ")}]`);
}
