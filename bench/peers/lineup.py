"""Who serves, what is asked of all of them, and how: the same models, the same settings."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.environment import Environment
from bench.peers import dialect as dialects
from bench.peers.dialect import Dialect

COPIES = 2  # that compute at a time: one for each core, where a peer can have several


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One thing to measure."""

    metric: str
    title: str
    clients: int  # 1: how long an answer takes; more: answers a second
    big: bool  # which picture


SMALL_CELLS = (
    Cell(metric="one", title="1 client", clients=1, big=False),
    Cell(metric="eight", title="8 clients", clients=8, big=False),
    Cell(metric="crowd", title="32 clients", clients=32, big=False),
)
BIG_CELLS = (
    Cell(metric="big_one", title="1 client, 1 MB", clients=1, big=True),
    Cell(metric="big_eight", title="8 clients, 1 MB", clients=8, big=True),
    Cell(metric="big_crowd", title="32 clients, 1 MB", clients=32, big=True),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model, and what is asked of it."""

    name: str
    title: str
    signature: str
    question: str | None = None
    compared: tuple[str, ...]  # outputs in which all have to agree
    cells: Sequence[Cell]
    seconds: float  # of each cell


MODELS = (
    Model(
        name="demo", title="demo", signature="top5", compared=("classes", "scores"),
        cells=(*SMALL_CELLS, *BIG_CELLS), seconds=0.5,
    ),
    Model(
        name="resnet50", title="ResNet-50", signature="top5", compared=("classes", "scores"),
        cells=(SMALL_CELLS[1], BIG_CELLS[1]), seconds=0.9,
    ),
    Model(
        name="vqa", title="VQA", signature="serving_default",
        question="How many circles are there?", compared=("answer_id", "confidence"),
        cells=(SMALL_CELLS[1], BIG_CELLS[1]), seconds=0.6,
    ),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One server. In command, {port}, {grpc} and {folder} are filled in."""

    name: str
    title: str
    dialect: Dialect
    command: str
    copies: int = COPIES  # processes that compute, where it can have several
    restless: bool = False  # it computes while nobody asks, and is stopped meanwhile
    server: str = ""  # the peer that it is asked through; empty: its own
    package: str = ""  # whose version is told
    environment: Environment | None = None  # None: the product's

    @property
    def python(self) -> Path:
        """Return the interpreter that runs it."""
        return self.environment.python if self.environment else Path(sys.executable)


OURS = "kantu"
PEERS = (
    Peer(
        name=OURS, title="**Kantu**, REST", dialect=dialects.TENSORFLOW_SERVING,
        command="-m serving --port={grpc} --rest_api_port={port} --rest_api_host=127.0.0.1"
        " --model_config_file={folder}/models.config --enable_batching"
        " --batching_parameters_file={folder}/batching.config",
    ),
    Peer(
        name="grpc", title="Kantu, gRPC", dialect=dialects.GRPC, command="", server=OURS,
    ),
    Peer(
        name="mosec", title="mosec", dialect=dialects.PLAIN, package="mosec",
        command="-m bench.peers.peer.mosec --address 127.0.0.1 --port {port} --wait 0",
        environment=Environment(name="peer-mosec"),
    ),
    Peer(
        name="litserve", title="LitServe", dialect=dialects.PLAIN, package="litserve",
        command="-m bench.peers.peer.litserve {port}", copies=1, restless=True,
        environment=Environment(name="peer-litserve"),
    ),
    Peer(
        name="bentoml", title="BentoML", dialect=dialects.BENTOML, package="bentoml",
        command="-m bentoml serve bench.peers.peer.bentoml:Served --host 127.0.0.1 --port {port}",
        environment=Environment(name="peer-bentoml"),
    ),
    Peer(
        name="gunicorn", title="Flask, gunicorn", dialect=dialects.PLAIN, package="gunicorn",
        command="-m gunicorn bench.peers.peer.flask:create_app() --bind 127.0.0.1:{port}"
        " --workers {copies} --threads 4 --timeout 120",
    ),
    Peer(
        name="flask", title="Flask's own server", dialect=dialects.PLAIN, package="flask",
        command="-m bench.peers.peer.flask {port}",
    ),
    Peer(
        name="simple", title="Simple TensorFlow Serving", dialect=dialects.SIMPLE,
        command="-m bench.peers.peer.simple {folder} --host 127.0.0.1 --port {port}"
        " --enable_b64_autoconvert true --model_config_file {folder}/simple.json",
        package="simple-tensorflow-serving", environment=Environment(name="peer-simple"),
    ),
)  # fmt: skip
