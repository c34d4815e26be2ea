"""What one request costs the servers as connections to the webhook, and models, grow."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from bench import process
from bench.serving import client as serving_client
from bench.serving import picture as serving_picture
from bench.webhook import trial as webhook_trial
from bench.webhook.lineup import LINEUP
from launch import programs
from launch.supervisor import Program, free_port

CLIENTS = (1, 16, 64, 256)
MODELS = (1, 10, 50)
_PICTURE = (224, 224, 30_000)  # width, height, bytes at most
_WARM, _ROUNDS = 2, 300  # of requests to each model; of requests in all


def clients(port: int, number: int) -> Mapping[str, float]:
    """Ask the webhook under gunicorn by so many connections, each always busy."""
    (ours,) = (each for each in LINEUP if each.name == "kantu")
    with webhook_trial.started(ours, port) as trial:
        return trial.load(number)


def models(number: int, asked: int) -> Mapping[str, float]:
    """Ask a server of so many copies of the demo classifier for some of them in turn."""
    names = [f"demo{each}" for each in range(number)]
    port, picture = free_port(), serving_picture.jpeg(*_PICTURE)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        config = folder / "models.config"
        config.write_text(programs.model_config(dict.fromkeys(names, programs.MODELS / "demo")))
        server = programs.model_server(port, config, names[-1], folder / "log", names[0])
        server.start()
        stack.callback(server.end)
        process.await_ready(server)
        asks = [serving_client.rest(port, each, 1, picture) for each in names[:asked]]
        calls = [stack.enter_context(serving_client.connected(each, 1))[0] for each in asks]
        return {"cpu": _cost(server, calls)}


def _cost(server: Program, calls: list[serving_client.Call]) -> float:
    """Return the microseconds of CPU that a request costs the server."""
    for call in calls * _WARM:
        call()
    before = process.cpu(process.session(server))
    for number in range(_ROUNDS):
        calls[number % len(calls)]()
    return 1e6 * (process.cpu(process.session(server)) - before) / _ROUNDS
