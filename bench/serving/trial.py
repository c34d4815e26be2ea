"""Two model servers, with batching and without, and the same models in this process."""

from __future__ import annotations

import functools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import process
from bench.serving import client
from bench.serving import picture as serving_picture
from bench.serving.lineup import MODELS, Model, Way
from launch.supervisor import Program, answers, free_port

if TYPE_CHECKING:
    from serving.servable import Servable

SMALL, BIG = (480, 360, 27_000), (2000, 1500, 1_000_000)  # width, height, bytes at most
CLIENTS = 8
CROWD = 32
_BATCHES = (1, 8, 16)  # of which the fastest is the ceiling
_BATCHING = (
    f"max_batch_size {{ value: {CLIENTS} }} batch_timeout_micros {{ value: 0 }} "
    "max_enqueued_batches { value: 100 } num_batch_threads { value: 2 }"
)


@contextmanager
def trial() -> Iterator[Trial]:
    """Make the models, start the servers; end them afterwards. Raises BenchError."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process.make_models("bench.serving.models", folder)
        made = Trial(folder)
        try:
            made.start()
            yield made
        finally:
            made.end()


class Trial:
    """What is measured."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._small, self._big = (serving_picture.jpeg(*each) for each in (SMALL, BIG))
        self._ports = {batching: (free_port(), free_port()) for batching in (False, True)}
        self._programs = [self._server(batching=batching) for batching in (False, True)]

    @property
    def accuracy(self) -> tuple[float, float]:
        """The share that the demo classifier is right for, before and after."""
        before, after = json.loads((self._folder / "accuracy.json").read_text())
        return before, after

    @property
    def sizes(self) -> str:
        """What the pictures are."""
        return " and ".join(f"{len(each) / 1000:,.0f} KB" for each in (self._small, self._big))

    def start(self) -> None:
        """Start both servers; raise BenchError where one does not come up."""
        for program in self._programs:
            program.start()
        for program in self._programs:
            process.await_ready(program, 0.1)

    def end(self) -> None:
        """End the servers."""
        for program in self._programs:
            program.end()

    def _server(self, *, batching: bool) -> Program:
        grpc, rest = self._ports[batching]
        command = [
            *(sys.executable, "-m", "serving", f"--port={grpc}", f"--rest_api_port={rest}"),
            *("--rest_api_host=127.0.0.1", f"--model_config_file={self._config()}"),
        ]
        if batching:
            file = self._folder / "batching.config"
            file.write_text(_BATCHING)
            command += ["--enable_batching", f"--batching_parameters_file={file}"]
        urls = [
            f"http://127.0.0.1:{rest}/v1/models/{each.name}/versions/{each.version}/metadata"
            for each in MODELS
        ]
        return Program(
            name="batching" if batching else "plain", command=command, environment={},
            ready=lambda: all(map(answers, urls)), log=self._folder / f"{batching}.log",
        )  # fmt: skip

    def _config(self) -> Path:
        names = sorted({each.name for each in MODELS})
        entries = [
            f'config {{ name: "{name}" base_path: "{self._folder / name}" '
            'model_platform: "tensorflow" model_version_policy { all {} } }'
            for name in names
        ]
        path = self._folder / "models.config"
        path.write_text(f"model_config_list {{ {' '.join(entries)} }}")
        return path

    def serve(self, model: Model, way: Way) -> dict[str, float]:
        """Return what one way to a model gives."""
        small, big = (self._connect(model, way, each) for each in (self._small, self._big))
        crowd = functools.partial(client.throughput, seconds=model.seconds)
        server = self._programs[way.batching]
        with client.connected(small, 1) as (call,):
            direct, served = client.in_turns(
                [self._call(model, self._small, 1), call], model.seconds
            )
        before, began = _cpu(server), time.perf_counter()
        eight = crowd(small, CLIENTS)
        answered = eight * (time.perf_counter() - began)
        return {
            "one": statistics.median(served),
            "over": client.more(served, than=direct),
            "eight": eight,
            f"{model.name}_eight": eight,
            "cpu": 1000 * (_cpu(server) - before) / answered,
            "crowd": crowd(small, CROWD),
            "big": crowd(big, CLIENTS),
        }

    def _connect(self, model: Model, way: Way, picture: bytes) -> client.Connect:
        grpc, rest = self._ports[way.batching]
        if way.protocol == "rest":
            return client.rest(rest, model.name, model.version, picture)
        return client.grpc_predict(grpc, model.name, model.version, picture)

    def direct(self, model: Model) -> dict[str, float]:
        """Return what the same model gives in this process, one caller with the best batch."""
        speeds = [self._speed(model, self._small, batch) for batch in _BATCHES]
        eight, cpu = max(each[0] for each in speeds), min(each[1] for each in speeds)
        (took,) = client.in_turns([self._call(model, self._small, 1)], model.seconds / 2)
        return {
            "one": statistics.median(took),
            "eight": eight,
            f"{model.name}_eight": eight,
            "cpu": cpu,
            "big": max(self._speed(model, self._big, batch)[0] for batch in (1, CLIENTS)),
        }

    def _speed(self, model: Model, picture: bytes, batch: int) -> tuple[float, float]:
        """Return pictures a second, and the milliseconds of CPU that each takes."""
        call = self._call(model, picture, batch)
        call()
        began, cpu, pictures = time.perf_counter(), time.process_time(), 0
        while (seconds := time.perf_counter() - began) < model.seconds / 2:
            call()
            pictures += batch
        return pictures / seconds, 1000 * (time.process_time() - cpu) / pictures

    def _call(self, model: Model, picture: bytes, batch: int) -> Callable[[], Any]:
        import numpy as np

        inputs = {client.INPUT: np.array([picture] * batch, np.object_)}
        servable = self._servable(model)
        return lambda: servable.run(client.SIGNATURE, inputs)

    @functools.cache  # noqa: B019  # there is one Trial
    def _servable(self, model: Model) -> Servable:
        """Return the model as the server loads it."""
        from serving.flags import Flags
        from serving.lifecycle.config import ModelConfig
        from serving.lifecycle.loading import Loader

        folder = self._folder / model.name
        return Loader(Flags())(
            ModelConfig(name=model.name, base_path=folder), folder / str(model.version)
        )


def _cpu(server: Program) -> float:
    return process.cpu(process.session(server))
