"""`python -m bench.gpu`: ResNet-50 on a GPU, through the model server and called directly.

The server's PyTorch platform forms batches of what 1 to 512 clients ask by gRPC; beside it the same
TorchScript is called with full batches. Where there is no GPU, it says so and ends.
"""

from __future__ import annotations

import functools
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from bench import command, process
from bench.gpu import resnet
from bench.harness import ROUNDS, Contestant, Race, race
from bench.machine import machine
from bench.report import Aim, Column, Report, at_least
from bench.serving.client import Call, rpc_to, throughput
from launch.supervisor import Program, answers, free_port, say
from serving.protocol.prediction_service_pb2 import PredictRequest
from serving.protocol.tensor_pb2 import DataType

_SHAPE = (3, 224, 224)
_CLIENTS, _FEW = (1, 8, 64, 512), (1, 4)
_BATCH, _SMALL = 64, 4
_SECONDS = 3.0
_WARM = 4  # calls, in the first of which TorchScript still optimises
_PATIENCE = 60.0  # seconds
_RATE = Column(metric="rate", title="pictures/s", digits=1, ranged=True)
_AIM = 0.9


def main() -> int:
    """Measure, and write bench/results/gpu.*; return 0, also where there is no GPU."""
    parser = command.parser("bench.gpu")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    chosen = parser.parse_args()
    try:
        import torch
    except ImportError:
        say("bench.gpu: skipped: there is no PyTorch here (docs/platforms.md)")
        return 0
    if chosen.device == "cuda" and not torch.cuda.is_available():
        say("bench.gpu: skipped: PyTorch sees no GPU here; --device cpu tries the benchmark out")
        return 0

    def measure() -> Report:
        with tempfile.TemporaryDirectory() as folder:
            return _measure(Path(folder), chosen.device, chosen.rounds)

    return command.publish(measure, keep=chosen.device == "cuda" and chosen.rounds >= ROUNDS)


def _measure(folder: Path, device: str, rounds: int) -> Report:
    import torch

    full = device == "cuda"
    clients, batch = (_CLIENTS, _BATCH) if full else (_FEW, _SMALL)
    path = folder / "resnet" / "1" / "model.pt"
    resnet.save(path)
    port = free_port()
    server = _server(folder, port, batch)
    with ExitStack() as stack:
        server.start()
        stack.callback(server.end)
        process.await_ready(server)
        contestants = [
            *(
                Contestant(
                    name=f"served-{number}",
                    title=f"**Kantu**, gRPC, {number} clients",
                    run=functools.partial(_served, port + 1, number),
                )
                for number in clients
            ),
            Contestant(
                name="direct", title=f"called directly, batches of {batch}",
                run=functools.partial(_direct, path, device, batch),
            ),
        ]  # fmt: skip
        contestants[0].run()
        measured = race(contestants, rounds, say)
    name = torch.cuda.get_device_name() if full else "none: --device cpu"
    return Report(
        name="gpu", race=measured, contestants=contestants, columns=(_RATE,), pictured=(_RATE,),
        aims=[_aim(measured, clients[-1])], facts={**machine(), "GPU": name},
    )  # fmt: skip


def _aim(measured: Race, clients: int) -> Aim:
    found = measured.ratio("rate", f"served-{clients}", "direct")
    return at_least(f"{clients} clients: ≥ {_AIM} × called directly", found, _AIM)


def _server(folder: Path, port: int, batch: int) -> Program:
    config, batching = folder / "models.config", folder / "batching.config"
    base = folder / "resnet"
    config.write_text(
        "model_config_list { config {"
        f' name: "resnet" base_path: "{base}" model_platform: "pytorch" }} }}\n'
    )
    batching.write_text(
        f"max_batch_size {{ value: {batch} }}\nbatch_timeout_micros {{ value: 2000 }}\n"
        "max_enqueued_batches { value: 64 }\nnum_batch_threads { value: 2 }\n"
    )
    url = f"http://127.0.0.1:{port}/v1/models/resnet/metadata"
    return Program(
        name="serving", environment={}, log=folder / "serving.log", ready=lambda: answers(url),
        command=[
            *(sys.executable, "-m", "serving", f"--rest_api_port={port}", f"--port={port + 1}"),
            *("--rest_api_host=127.0.0.1", f"--model_config_file={config}"),
            *("--enable_batching=true", f"--batching_parameters_file={batching}"),
        ],
    )  # fmt: skip


def _served(port: int, clients: int) -> Mapping[str, float]:
    return {"rate": throughput(functools.partial(_connect, port), clients, _SECONDS)}


def _connect(port: int) -> Iterator[Call]:
    request = PredictRequest()
    request.model_spec.name = "resnet"
    tensor = request.inputs[resnet.INPUT]
    tensor.dtype = DataType.DT_FLOAT
    for size in (1, *_SHAPE):
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = bytes(4 * math.prod(_SHAPE))
    with rpc_to(port) as predict:
        message = request.SerializeToString()
        yield lambda: predict(message, timeout=_PATIENCE)


def _direct(path: Path, device: str, batch: int) -> Mapping[str, float]:
    import torch

    module = torch.jit.load(str(path), map_location=device)
    pictures = torch.zeros((batch, *_SHAPE))
    done = 0
    with torch.inference_mode():
        for _ in range(_WARM):
            module(pictures.to(device)).cpu()
        begun = time.monotonic()
        while time.monotonic() - begun < _SECONDS:
            module(pictures.to(device)).cpu()  # there and back, as a server must
            done += batch
    return {"rate": done / (time.monotonic() - begun)}


if __name__ == "__main__":
    sys.exit(main())
