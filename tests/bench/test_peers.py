"""bench/peers: who is first is told round by round, and only those who answer alike take part."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.harness import BenchError, Race
from bench.peers import client as peers_client
from bench.peers import dialect as peers_dialect
from bench.peers.__main__ import aims
from bench.peers.dialect import Ask, Dialect
from bench.peers.lineup import MODELS, OURS, PEERS
from bench.report import Aim
from bench.serving import client as serving_client

ASK = Ask(model="m", signature="s", picture=b"\xfb\xff", question="what?")
OTHERS = [each for each in PEERS if each.name in {OURS, "mosec", "flask"}]


def race(*rounds: tuple[float, float, float], metric: str = "eight") -> Race:
    """Return a race of ours, mosec and Flask in one cell."""
    names = (f"demo:{OURS}", "demo:mosec", "demo:flask")
    everyone = [f"{model.name}:{peer.name}" for model in MODELS for peer in OTHERS]
    measured = [
        {name: dict[str, float]() for name in everyone}
        | {name: {metric: value} for name, value in zip(names, values, strict=True)}
        for values in rounds
    ]
    return Race(rounds=measured, loads=[0.0] * len(rounds), seconds=1.0)


def test_the_best_of_the_others_is_who_ours_is_compared_with() -> None:
    (aim,) = aims(race((200, 100, 50), (300, 200, 50), (400, 100, 50)), OTHERS)
    assert aim.text == "demo, 8 clients: ≥ 1 × the best of the others (mosec)"
    assert aim.found is not None
    assert (aim.found.median, aim.met, aim.unclear) == (2, True, False)


def test_where_milliseconds_count_less_is_more() -> None:
    (aim,) = aims(race((4, 2, 8), (4, 2, 8), metric="one"), OTHERS)
    assert aim.found is not None
    assert (aim.found.median, aim.met) == (0.5, False)


def test_rounds_that_disagree_are_said_to() -> None:
    (aim,) = aims(race((90, 100, 1), (110, 100, 1), (120, 100, 1)), OTHERS)
    assert (aim.met, aim.unclear) == (True, True)
    assert aim.cells()[-1] == "met, rounds differ"


def test_without_others_there_is_nothing_to_be_first_of() -> None:
    assert aims(race((1, 1, 1)), OTHERS[:1]) == []


def test_verdict_without_doubt_is_as_it_was() -> None:
    assert Aim(text="", found=None, met=False).cells() == ["", "–", "**missed**"]


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"classes": [3, 1], "scores": [0.90004, 0.1]}, []),
        ({"classes": [1, 3], "scores": [0.9, 0.1]}, ["classes"]),
        ({"classes": [3, 1], "scores": [0.9, 0.1002]}, ["scores"]),
        ({"scores": [0.9]}, ["classes", "scores"]),
    ],
)
def test_answers_are_compared_output_by_output(other: dict[str, object], found: list[str]) -> None:
    one = {"classes": [3, 1], "scores": [0.9, 0.1]}
    assert peers_dialect.differing(one, other, ("classes", "scores")) == found


def test_each_dialect_sends_the_same_picture_and_question() -> None:
    plain = json.loads(peers_dialect.PLAIN.body(ASK))
    (bento,) = json.loads(peers_dialect.BENTOML.body(ASK))["requests"]
    (row,) = json.loads(peers_dialect.TENSORFLOW_SERVING.body(ASK))["instances"]
    data = json.loads(peers_dialect.SIMPLE.body(ASK))["data"]
    assert plain == bento == {"image": "+/8=", "question": "what?"}
    assert row == {"image": {"b64": "+/8="}, "question": "what?"}
    assert base64.urlsafe_b64decode(data["image"][0]["b64"]) == ASK.picture


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        (peers_dialect.TENSORFLOW_SERVING, b'{"predictions": [{"n": 1}]}'),
        (peers_dialect.PLAIN, b'{"n": 1}'),
        (peers_dialect.BENTOML, b'[{"n": 1}]'),
        (peers_dialect.SIMPLE, b'{"n": [1]}'),
    ],
)
def test_each_dialect_reads_its_answer(dialect: Dialect, answer: bytes) -> None:
    assert dialect.read(answer) == {"n": 1}


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was sent; 404 under another path."""

    connections = 0

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_POST(self) -> None:  # http.server's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == "/echo" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def echo(protocol: str) -> Iterator[tuple[int, type[_Echo]]]:
    """Serve on a free port."""
    handler = type("Handler", (_Echo,), {"protocol_version": protocol, "connections": 0})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, handler
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("protocol", "connections"), [("HTTP/1.1", 1), ("HTTP/1.0", 3)])
def test_connection_is_kept_as_long_as_the_server_keeps_it(protocol: str, connections: int) -> None:
    with echo(protocol) as (port, handler):
        connect = peers_client.post(port, "/echo", b"x" * 100_000)
        with serving_client.connected(connect, 1) as (call,):
            assert call() == call() == b"x" * 100_000
        assert handler.connections == connections


def test_any_answer_but_200_is_an_error() -> None:
    with echo("HTTP/1.1") as (port, _):
        connect = peers_client.post(port, "/nowhere", b"{}")
        with pytest.raises(BenchError, match="404"), serving_client.connected(connect, 1):
            pass
