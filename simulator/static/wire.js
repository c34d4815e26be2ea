// Asks the simulator. Gone: nobody is there. Refused: somebody is, and says why not.
export class Gone extends Error {}
export class Refused extends Error {}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Gone(path);
  }
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(said.errmsg || `HTTP ${response.status}`);
  return said;
}

export function get(path, query = {}) {
  return ask(`${path}?${new URLSearchParams(query)}`);
}

export function post(path, fields = {}) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return ask(path, { method: "POST", body });
}
