"""Clients in bash, with curl and base64."""

from __future__ import annotations

import re

from serving.clients import literal
from serving.clients.call import Call
from serving.clients.literal import Syntax, json_scalar


def _scalar(value: object) -> str:
    """Return JSON as it is written in a here-document that expands what it holds."""
    return re.sub(r"([\\$`])", r"\\\1", json_scalar(value))


def _filled(value: str, sizes: tuple[int, ...]) -> str:
    quote = '"' if value.startswith("$(") else "'"  # a picture is yet to be expanded
    return f"$(filled {quote}{value}{quote} {' '.join(map(str, sizes))})"


_SYNTAX = Syntax(
    mapping=("{", "}"),
    sequence=("[", "]"),
    scalar=_scalar,
    key=_scalar,
    picture=lambda number: f'$(picture "${{{number + 1}}}")',
    filled=_filled,
    last_comma=False,
    indent="  ",
)

_PROGRAM = """\
#!/usr/bin/env bash
# Usage: {usage}
# Where the server asks who you are, set MODEL_SERVER_AUTH=user:password.{hint}
set -euo pipefail
url='{url}'
{helpers}
body() {{
  cat <<JSON
{body}
JSON
}}

[[ $# == {arguments} ]] || {{ echo "usage: {usage}" >&2; exit 1; }}
for path in "$@"; do
  [[ -f $path && -r $path ]] || {{ echo "$path: cannot be read" >&2; exit 1; }}
done
body "$@" | curl --globoff --silent --show-error --fail-with-body --max-time 30 \\
  ${{MODEL_SERVER_AUTH:+--user "$MODEL_SERVER_AUTH"}} \\
  --header 'Content-Type: application/json' --data-binary @- "$url"
echo
"""

_HELPERS = {
    "picture ": """
picture() {
  printf '{"b64": "%s"}' "$(base64 <"$1" | tr -d '\\n')"
}
""",
    "filled ": """
filled() {
  local value=$1 count=${2-} inner number
  if [[ -z $count ]]; then printf '%s' "$value"; return; fi
  inner=$(filled "$value" "${@:3}")
  printf '['
  for ((number = 1; number < count; number++)); do printf '%s, ' "$inner"; done
  if ((count > 0)); then printf '%s' "$inner"; fi
  printf ']'
}
""",
}


def write(call: Call) -> str:
    """Return the program."""
    body = literal.write(call.body, _SYNTAX)
    return _PROGRAM.format(
        url=call.url,
        usage=literal.usage("bash client.sh", call.pictures),
        arguments=len(call.pictures),
        hint=f"\n# {call.hint}" if call.hint else "",
        body=body,
        helpers=literal.used(body, _HELPERS),
    )
