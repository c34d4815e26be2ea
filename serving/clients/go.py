"""Clients in Go 1.18 or newer, with its standard library alone."""

from __future__ import annotations

from typing import Any

from serving.clients import literal
from serving.clients.call import Call
from serving.clients.literal import Syntax, json_scalar


def _scalar(value: Any) -> str:
    return _string(value) if isinstance(value, str) else json_scalar(value)


def _string(text: str) -> str:
    """Return a Go string: what is not ASCII by its code, for which JSON takes two halves."""
    escaped = (
        each if " " <= each <= "~" and each not in '"\\' else f"\\U{ord(each):08x}" for each in text
    )
    return f'"{"".join(escaped)}"'


_SYNTAX = Syntax(
    mapping=("map[string]any{", "}"),
    sequence=("[]any{", "}"),
    scalar=_scalar,
    key=_string,
    picture=lambda number: f"picture(os.Args[{number + 1}])",
    filled=lambda value, sizes: f"filled({value}, {', '.join(map(str, sizes))})",
    indent="\t",
)

_PROGRAM = """\
// Usage: {usage}
// Where the server asks who you are, set MODEL_SERVER_AUTH=user:password.{hint}
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const url = "{url}"

func main() {{
	if len(os.Args) != {arguments} {{
		fail("usage: {usage}")
	}}
	fmt.Println(ask({body}))
}}

func ask(values any) string {{
	body, err := json.Marshal(values)
	check(err)
	request, err := http.NewRequest("POST", url, bytes.NewReader(body))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	if user, password, found := strings.Cut(os.Getenv("MODEL_SERVER_AUTH"), ":"); found {{
		request.SetBasicAuth(user, password)
	}}
	client := http.Client{{Timeout: 30 * time.Second}}
	answer, err := client.Do(request)
	check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err)
	if answer.StatusCode != http.StatusOK {{
		fail(fmt.Sprintf("HTTP %d: %s", answer.StatusCode, text))
	}}
	return string(text)
}}
{helpers}
func check(err error) {{
	if err != nil {{
		fail(err.Error())
	}}
}}

func fail(text string) {{
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}}
"""

_HELPERS = {
    "picture(": """
func picture(path string) any {
	data, err := os.ReadFile(path)
	check(err)
	return map[string]any{"b64": data} // bytes become base64
}
""",
    "filled(": """
func filled(value any, sizes ...int) any {
	if len(sizes) == 0 {
		return value
	}
	values := make([]any, sizes[0])
	for i := range values {
		values[i] = filled(value, sizes[1:]...)
	}
	return values
}
""",
}


def write(call: Call) -> str:
    """Return the program."""
    body = literal.write(call.body, _SYNTAX, 1)
    return _PROGRAM.format(
        url=call.url,
        usage=literal.usage("go run client.go", call.pictures),
        arguments=len(call.pictures) + 1,
        hint=f"\n// {call.hint}" if call.hint else "",
        body=body,
        helpers=literal.used(body, _HELPERS),
    )
