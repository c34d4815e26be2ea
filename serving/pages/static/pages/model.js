// What a model can be asked, by its metadata.

const PICTURE = /(^|_)(images?|img|picture|photo|jpe?g|png)|_bytes$|(^|_)b64$/i;
const QUESTION = /question|query|prompt|text|caption/i;

// Returns the signatures that have inputs, the default first: {name, verb, inputs, outputs, kind,
// picture, question}. kind is "picture", "question" (a picture and a text) or "form".
export function signatures(metadata) {
  const given = metadata?.metadata?.signature_def?.signature_def ?? {};
  const found = Object.entries(given).map(([name, each]) => signature(name, each));
  const usable = found.filter((each) => each.inputs.length > 0);
  const rank = (each) => (each.name === "serving_default" ? 0 : 1);
  return usable.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function signature(name, given) {
  const inputs = tensors(given.inputs);
  const verb = /\/(classify|regress)$/.exec(given.method_name ?? "")?.[1] ?? "predict";
  const found = { name, verb, inputs, outputs: tensors(given.outputs), kind: "form" };
  const strings = inputs.filter((each) => each.dtype === "DT_STRING");
  if (verb !== "predict" || strings.length !== inputs.length) return found;
  if (strings.length === 1 && (PICTURE.test(strings[0].name) || !QUESTION.test(strings[0].name))) {
    const pictures = PICTURE.test(strings[0].name) || givesClasses(found.outputs);
    return pictures ? { ...found, kind: "picture", picture: strings[0] } : found;
  }
  const picture = strings.find((each) => PICTURE.test(each.name));
  const question = strings.find((each) => each !== picture && QUESTION.test(each.name));
  if (strings.length === 2 && picture && question) return { ...found, kind: "question", picture, question };
  return found;
}

function tensors(given = {}) {
  return Object.entries(given).map(([name, info]) => ({
    name,
    dtype: info.dtype,
    shape: info.tensor_shape?.unknown_rank ? null : (info.tensor_shape?.dim ?? []).map((each) => Number(each.size)),
  }));
}

function givesClasses(outputs) {
  return outputs.some((each) => /prob|score|class|logit/i.test(each.name));
}

export function shape(tensor) {
  return tensor.shape === null ? "?" : `[${tensor.shape.map((each) => (each < 0 ? "n" : each)).join(", ")}]`;
}

// Returns the body of a request about one picture: JSON text in which MARK stands for its base64.
export const MARK = "@picture@";
export function body(signature, question) {
  const of = (tensor, value) => (tensor.shape?.length === 0 ? value : [value]);
  const inputs = { [signature.picture.name]: of(signature.picture, { b64: MARK }) };
  if (signature.question) inputs[signature.question.name] = of(signature.question, question);
  return JSON.stringify({ signature_name: signature.name, inputs });
}

// Returns the outputs by name, each without its dimension of one row: {probabilities: [0.1, …]}.
export function row(json, signature) {
  if (!("outputs" in json)) return null;
  const one = signature.outputs.length === 1;
  const given = one ? { [signature.outputs[0].name]: json.outputs } : json.outputs;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, Array.isArray(value) && value.length === 1 ? value[0] : value]),
  );
}

// Returns [{index, score}] with the best first, and how many classes there are (null: not known);
// or null where the outputs are none of a classifier.
export function classes(outputs) {
  const numbers = (value) => Array.isArray(value) && value.length > 1 && value.every((each) => typeof each === "number");
  const { scores, classes: indices } = outputs;
  if (numbers(scores) && numbers(indices) && scores.length === indices.length) {
    return { ranked: scores.map((score, at) => ({ index: indices[at], score })), count: null };
  }
  const names = Object.keys(outputs).filter((name) => numbers(outputs[name]));
  const name = names.includes("probabilities") ? "probabilities" : names.find((each) => /prob|score|logit|softmax/i.test(each)) ?? (names.length === 1 ? names[0] : null);
  if (!name) return null;
  const ranked = outputs[name].map((score, index) => ({ index, score }));
  ranked.sort((a, b) => b.score - a.score);
  return { ranked, count: ranked.length };
}
