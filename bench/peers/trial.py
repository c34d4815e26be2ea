"""All peers, started with the same models and measured in turns; why others cannot take part."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc

from bench import process
from bench.harness import BenchError
from bench.peers import client
from bench.peers.dialect import GRPC, Answer, Ask, differing
from bench.peers.lineup import COPIES, MODELS, OURS, Cell, Model, Peer
from bench.peers.peer import model as peer_model
from bench.serving import client as serving_client
from bench.serving import picture as serving_picture
from bench.serving.trial import BIG, SMALL
from launch.supervisor import ROOT, Program, free_port, say

_WARM = 1.0  # seconds for each model: BentoML learns from its first answers how to batch
_FAILURES = (BenchError, OSError, grpc.RpcError, LookupError, ValueError, TypeError)
_BATCHING = (
    f"max_batch_size {{ value: {peer_model.BATCH} }} batch_timeout_micros {{ value: 0 }} "
    f"max_enqueued_batches {{ value: 100 }} num_batch_threads {{ value: {COPIES} }}"
)


@contextmanager
def trial(peers: Sequence[Peer]) -> Iterator[Trial]:
    """Make the models, start the peers; end them afterwards. Raises BenchError."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make_models(folder)
        made = Trial(folder)
        try:
            for peer in peers:
                made.admit(peer)
            yield made
        finally:
            made.end()


def _make_models(folder: Path) -> None:
    process.make_models("bench.peers.models", folder)
    ours = [
        f'config {{ name: "{each.name}" base_path: "{folder / each.name}" '
        'model_platform: "tensorflow" }'
        for each in MODELS
    ]
    (folder / "models.config").write_text(f"model_config_list {{ {' '.join(ours)} }}")
    (folder / "batching.config").write_text(_BATCHING)
    simple = [
        {"name": each.name, "base_path": f"{folder}/simple/{each.name}/", "platform": "tensorflow"}
        for each in MODELS
    ]
    (folder / "simple.json").write_text(json.dumps({"model_config_list": simple}))


class Trial:
    """What takes part, and what does not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pictures = {False: serving_picture.jpeg(*SMALL), True: serving_picture.jpeg(*BIG)}
        self._ports: dict[str, tuple[int, int]] = {}  # peer -> for HTTP, for gRPC
        self._programs: dict[str, Program] = {}
        self._expected: dict[tuple[str, bytes], Answer] = {}  # model, picture -> the first answer
        self.peers: list[Peer] = []  # those that answer, all alike
        self.absent: dict[str, str] = {}  # title -> why it is not measured, or no more

    @property
    def sizes(self) -> str:
        """What the pictures are."""
        return " and ".join(f"{len(each) / 1000:,.0f} KB" for each in self._pictures.values())

    def admit(self, peer: Peer) -> None:
        """Install and start a peer, and ask it all that will be asked; or say why it is absent."""
        try:
            if peer.environment:
                peer.environment.install(say)
            if not peer.server:
                self._start(peer)
            self._compare(peer)
            self._warm_up(peer)
        except subprocess.CalledProcessError as error:
            self._dismiss(peer, f"could not be installed (exit status {error.returncode})")
        except _FAILURES as error:
            self._dismiss(peer, f"{error}")
        else:
            self.peers.append(peer)
            self._rest(peer)

    def _dismiss(self, peer: Peer, why: str) -> None:
        title = peer.title.replace("*", "")
        say(f"✗ {title} is not measured: {why}")
        self.absent[title] = " ".join(why.split())[:300]
        if program := self._programs.get(peer.name):
            program.end()

    def end(self) -> None:
        """End the servers."""
        for peer in self.peers:
            if peer.restless:  # asleep, it would not hear of its end
                process.thaw(self._session(peer))
        for program in self._programs.values():
            program.end()

    def _start(self, peer: Peer) -> None:
        say(f"· starting {peer.title.replace('*', '')}")
        ports = self._ports[peer.name] = (free_port(), free_port())
        command = peer.command.format(
            port=ports[0], grpc=ports[1], folder=self._folder, copies=peer.copies
        )
        program = self._programs[peer.name] = Program(
            name=peer.name, command=[str(peer.python), *command.split()],
            environment=self._environment(peer), ready=lambda: self._answers(peer),
            log=self._folder / f"{peer.name}.log",
        )  # fmt: skip
        program.start()
        process.await_ready(program, 0.2)

    def _environment(self, peer: Peer) -> dict[str, str]:
        served = {
            each.name: [str(self._folder / each.name / "1"), each.signature] for each in MODELS
        }
        threads = str(len(os.sched_getaffinity(0)))
        path = f"{peer.python.parent}{os.pathsep}{os.environ['PATH']}"
        return {
            peer_model.MODELS: json.dumps(served),
            peer_model.COPIES: str(peer.copies),
            "TF_NUM_INTRAOP_THREADS": threads,
            "TF_NUM_INTEROP_THREADS": threads,
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "BENTOML_DO_NOT_TRACK": "true",
            "BENTOML_HOME": str(self._folder / "bentoml"),
            "PYTHONPATH": str(ROOT),
            "PATH": path,  # BentoML starts itself by name
        }

    def _answers(self, peer: Peer) -> bool:
        try:
            return all(self.ask(peer, model, serving_picture.circle()) for model in MODELS)
        except _FAILURES:
            return False

    def ask(self, peer: Peer, model: Model, picture: bytes) -> Answer:
        """Return what a peer says of a picture; raises _FAILURES."""
        with serving_client.connected(self._connect(peer, model, picture), 1) as (call,):
            answer = call()
        if not isinstance(answer, bytes):
            raise BenchError(f"{peer.title}: expected bytes, found {answer!r}")
        return peer.dialect.read(answer)

    def _connect(self, peer: Peer, model: Model, picture: bytes) -> serving_client.Connect:
        http, grpc_port = self._ports[peer.server or peer.name]
        ask = Ask(
            model=model.name, signature=model.signature, picture=picture,
            question=model.question,
        )  # fmt: skip
        if peer.dialect is GRPC:
            return serving_client.grpc_call(grpc_port, peer.dialect.body(ask))
        return client.post(http, peer.dialect.path(ask), peer.dialect.body(ask))

    def _compare(self, peer: Peer) -> None:
        pictures = (*self._pictures.values(), serving_picture.circle())
        for model, picture in itertools.product(MODELS, pictures):
            answer = self.ask(peer, model, picture)
            expected = self._expected.setdefault((model.name, picture), answer)
            if names := differing(expected, answer, model.compared):
                raise BenchError(
                    f"{model.title} has other {' and '.join(names)}: {answer}, not {expected}"
                )

    def _warm_up(self, peer: Peer) -> None:
        for model in MODELS:
            connect = self._connect(peer, model, self._pictures[False])
            serving_client.throughput(connect, peer_model.BATCH, _WARM)

    def measure(self, peer: Peer, model: Model) -> dict[str, float]:
        """Return what is measured of a peer with a model; nothing more once it has failed."""
        if peer not in self.peers:
            return {}
        found: dict[str, float] = {}
        try:
            if peer.restless:
                process.thaw(self._session(peer))
            for cell in model.cells:
                found |= self._cell(peer, model, cell)
        except _FAILURES as error:
            self.peers.remove(peer)
            self._dismiss(peer, f"failed in the middle: {error}")
        else:
            self._rest(peer)
        return found

    def _rest(self, peer: Peer) -> None:
        if peer.restless:
            process.freeze(self._session(peer))

    def _cell(self, peer: Peer, model: Model, cell: Cell) -> dict[str, float]:
        connect = self._connect(peer, model, self._pictures[cell.big])
        if cell.clients == 1:
            with serving_client.connected(connect, 1) as calls:
                (took,) = serving_client.in_turns(calls, model.seconds)
            return {cell.metric: statistics.median(took)}
        session = self._session(peer)
        cpu, began = process.cpu(session), time.perf_counter()
        speed = serving_client.throughput(connect, cell.clients, model.seconds)
        answered = speed * (time.perf_counter() - began)  # while they connect, they ask, too
        found = {cell.metric: speed}
        if cell.metric == "eight":
            found["cpu"] = 1000 * (process.cpu(session) - cpu) / answered
            found[f"{model.name}_eight"] = speed
            found["pss"] = process.memory(session)
        return found

    def _session(self, peer: Peer) -> int:
        return process.session(self._programs[peer.server or peer.name])


def is_ours(peer: Peer) -> bool:
    """Return whether it is our server, by whatever way it is asked."""
    return OURS in {peer.name, peer.server}
