"""A server of OpenAI's protocol that sees what the test says: a real one, over HTTP."""

from __future__ import annotations

import contextlib
import http.server
import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.worker.odd_server import OddServer, Respond, running, says

KEY = "sk-canary-0123456789"
MODEL = "eyes-7b"


def completion(content: object, finish: str = "stop", **message: object) -> dict[str, Any]:
    """Return the JSON of an answer."""
    told = {"role": "assistant", "content": content, **message}
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "message": told, "finish_reason": finish}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }  # fmt: skip


class Eyes:
    """What the server was asked; it keeps to the protocol as the real ones do."""

    def __init__(self, see: Callable[[str], object]) -> None:
        self.see = see  # the text of the question -> what is answered, or how
        self.asked = list[dict[str, Any]]()

    def respond(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer a request."""
        self._answer(handler, body)(handler)

    def _answer(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> Respond:
        if handler.path != "/v1/chat/completions":
            return says({"error": {"message": "no such path"}}, 404)
        if handler.headers["Authorization"] != f"Bearer {KEY}":
            return says({"error": {"message": f"bad key {KEY}"}}, 401)
        asked = json.loads(body)
        self.asked.append(asked)
        if asked["model"] != MODEL:
            return says({"error": {"message": "no such model"}}, 404)
        (_, user) = asked["messages"]
        (text,) = [each["text"] for each in user["content"] if each["type"] == "text"]
        answer = self.see(text)
        return answer if callable(answer) else says(completion(answer))


@contextlib.contextmanager
def seeing(see: Callable[[str], object]) -> Iterator[tuple[Eyes, OddServer]]:
    """Run such a server."""
    eyes = Eyes(see)

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        eyes.respond(handler, server.bodies[-1])

    with running(respond) as server:
        yield eyes, server
