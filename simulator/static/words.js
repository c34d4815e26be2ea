// The sentences of the page, in its language.
export const words = JSON.parse(document.getElementById("words").textContent);
export const language = document.body.dataset.language;

export function fill(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (blank, name) => (name in values ? values[name] : blank));
}

export function duration(seconds) {
  if (seconds >= 10) return `${seconds.toFixed(0)} s`;
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  const milliseconds = 1000 * seconds;
  return `${milliseconds >= 10 ? milliseconds.toFixed(0) : milliseconds.toFixed(1)} ms`;
}

export const clock = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en", {
  hour: "2-digit", minute: "2-digit", hour12: false,
});
