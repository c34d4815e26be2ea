// What the page says, in the visitor's language.
const words = JSON.parse(document.getElementById("words").textContent);

export const language = document.documentElement.lang;

// Returns the sentence of that key ("trouble.away.text") with its {braces} filled in, or a list.
export function say(key, values = {}) {
  const found = key.split(".").reduce((part, name) => part?.[name], words);
  if (typeof found !== "string") return found;
  return found.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// 0.9731 -> "97.3", 0.00004 -> "0.0", 1 -> "100": never "100" for what is not certain.
export function percent(share) {
  if (share === 1) return "100";
  return Math.min(99.9, Math.max(0, 100 * share)).toFixed(1);
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  for (const [unit, name] of [[1e3, "kB"], [1e6, "MB"]]) {
    if (bytes < 999.95 * unit) return `${(bytes / unit).toFixed(1)} ${name}`; // else: 1000.0
  }
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

export function milliseconds(value) {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
