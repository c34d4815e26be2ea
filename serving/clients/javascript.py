"""Clients in JavaScript for Node 18 or newer, without packages."""

from __future__ import annotations

from serving.clients import literal
from serving.clients.call import Call
from serving.clients.literal import Syntax, json_scalar


def _key(name: str) -> str:
    """Return a key; the one that would set what an object inherits from is computed."""
    return '["__proto__"]' if name == "__proto__" else json_scalar(name)


_SYNTAX = Syntax(
    mapping=("{ ", " }"),
    sequence=("[", "]"),
    scalar=json_scalar,
    key=_key,
    picture="await picture(paths[{}])".format,
    filled=lambda value, sizes: f"filled({value}, {', '.join(map(str, sizes))})",
    indent="  ",
)

_PROGRAM = """\
// Usage: {usage}
// Where the server asks who you are, set MODEL_SERVER_AUTH=user:password.{hint}
const url = "{url}";
{helpers}
async function ask(body) {{
  const headers = {{ "Content-Type": "application/json" }};
  const auth = process.env.MODEL_SERVER_AUTH;
  if (auth) headers.Authorization = "Basic " + Buffer.from(auth).toString("base64");
  const answer = await fetch(url, {{ method: "POST", headers, body: JSON.stringify(body) }});
  const text = await answer.text();
  if (!answer.ok) throw new Error(`HTTP ${{answer.status}}: ${{text}}`);
  return text; // JSON, but it may hold NaN, which JSON.parse() refuses
}}

async function main(paths) {{
  if (paths.length !== {arguments}) throw new Error("usage: {usage}");
  const body = {body};
  console.log(await ask(body));
}}

main(process.argv.slice(2)).catch((error) => {{
  console.error(error.cause ? `${{error.message}}: ${{error.cause.message}}` : error.message);
  process.exitCode = 1;
}});
"""

_HELPERS = {
    "picture(": """
async function picture(path) {
  const { readFile } = await import("node:fs/promises");
  return { b64: (await readFile(path)).toString("base64") };
}
""",
    "filled(": """
function filled(value, ...sizes) {
  return sizes.reduceRight((inner, size) => Array(size).fill(inner), value);
}
""",
}


def write(call: Call) -> str:
    """Return the program."""
    body = literal.write(call.body, _SYNTAX, 1)
    return _PROGRAM.format(
        url=call.url,
        usage=literal.usage("node client.js", call.pictures),
        arguments=len(call.pictures),
        hint=f"\n// {call.hint}" if call.hint else "",
        body=body,
        helpers=literal.used(body, _HELPERS),
    )
