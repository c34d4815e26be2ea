"""serving.export: Keras networks with weights of random numbers, through the session loader."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from launch import programs
from launch.supervisor import free_port
from serving.export.command import main
from tests.conftest import until
from worker.model_server import ModelServer
from worker.vision import choose_signature

ROOT = Path(__file__).parents[2]


Refusal = Callable[..., str]
COMMAND = [sys.executable, "-m", "serving", "export"]


def export(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refusal:
    """Export in this process, which spares the wait for Keras; return what it says against it."""

    def run(*arguments: str, **environment: str) -> str:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert "Traceback" not in said
        return said

    return run


@pytest.fixture(scope="module")
def exported(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    done = export("efficientnetv2b0", "--weights", str(weights), "--output", str(folder))
    assert done.returncode == 0, done.stderr
    return folder / "efficientnetv2b0"


def test_export_is_whole_and_has_a_warm_up(exported: Path) -> None:
    assert [path.name for path in exported.iterdir()] == ["1"]
    version = exported / "1"
    assert (version / "saved_model.pb").exists()
    assert (version / "assets.extra" / "tf_serving_warmup_requests").stat().st_size > 1000


def test_export_answers_as_tensorflow_serving_would(
    exported: Path, tmp_path: Path, jpeg: bytes
) -> None:
    import base64

    config, port = tmp_path / "models.config", free_port()
    config.write_text(programs.model_config({"efficientnetv2b0": exported}))
    program = programs.model_server(port, config, "efficientnetv2b0", tmp_path / "log")
    program.start()
    url = f"http://127.0.0.1:{port}"
    try:
        until(program.ready, 90)
        body = {"instances": [{"b64": base64.b64encode(jpeg).decode()}]}
        answer = requests.post(
            f"{url}/v1/models/efficientnetv2b0:predict", json=body, timeout=60
        ).json()
        version, signatures = ModelServer(url).metadata("efficientnetv2b0")
    finally:
        program.end()
    (prediction,) = answer["predictions"]
    assert len(prediction["probabilities"]) == 1000
    assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert prediction["classes"] == max(range(1000), key=prediction["probabilities"].__getitem__)
    signature = choose_signature("efficientnetv2b0", version, signatures)
    assert (signature.name, signature.classes) == ("top5", 1000)


_WARMUP = """
import sys, tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
for record in tf.data.TFRecordDataset(sys.argv[1]):
    request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
    batch = tf.make_ndarray(request.inputs["image"])
    print(request.model_spec.name, request.model_spec.signature_name, len(batch), batch[0][:2])
"""


def test_warm_up_is_read_by_tensorflow_serving_s_own_messages(exported: Path) -> None:
    path = exported / "1" / "assets.extra" / "tf_serving_warmup_requests"
    done = subprocess.run(
        [sys.executable, "-c", _WARMUP, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "efficientnetv2b0 serving_default 1 b'\\xff\\xd8'",
        "efficientnetv2b0 serving_default 4 b'\\xff\\xd8'",
        "efficientnetv2b0 top5 1 b'\\xff\\xd8'",
        "efficientnetv2b0 top5 4 b'\\xff\\xd8'",
    ]


def test_published_version_is_not_overwritten(
    refusal: Refusal, exported: Path, weights: Path
) -> None:
    said = refusal("efficientnetv2b0", "--weights", str(weights), "--output", str(exported.parent))
    assert "is already there" in said


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_weights_of_another_network_are_refused(
    refusal: Refusal, weights: Path, tmp_path: Path
) -> None:
    said = refusal("resnet50", "--weights", str(weights), "--output", str(tmp_path))
    assert "does not hold the weights of resnet50" in said
    assert list(tmp_path.iterdir()) == []


def test_weights_are_fetched_from_a_mirror(
    weights: Path, weights_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made of them: tests/end_to_end/test_demo.py has the demo export from there."""
    from serving.export.keras_application import APPLICATIONS
    from serving.export.weights import fetch

    monkeypatch.setenv("KERAS_WEIGHTS_URL", weights_host)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    fetched = fetch(APPLICATIONS["efficientnetv2b0"].weights)
    assert fetched.read_bytes() == weights.with_name("efficientnetv2-b0.h5").read_bytes()
    assert fetched.is_relative_to(tmp_path / "keras")


class _Stalling(http.server.BaseHTTPRequestHandler):
    """Sends half a file and then nothing, until the client has gone."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2000000")
        self.end_headers()
        self.wfile.write(bytes(1_000_000))
        self.wfile.flush()
        self.rfile.read(1)

    def log_message(self, *_: object) -> None:
        pass


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stalling_host() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stalling) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def broken_weights(weights: Path, tmp_path: Path) -> Path:
    path = tmp_path / "host" / "efficientnet_v2" / "efficientnetv2-b0.h5"
    path.parent.mkdir(parents=True)
    whole = weights.with_name("efficientnetv2-b0.h5").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


@pytest.fixture
def broken_host(broken_weights: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(broken_weights.parents[1]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_killed_download_leaves_nothing_that_a_later_export_would_take(
    stalling_host: str, tmp_path: Path
) -> None:
    keras = tmp_path / "keras"
    environment = {**os.environ, "KERAS_WEIGHTS_URL": stalling_host, "KERAS_HOME": str(keras)}
    arguments = ["efficientnetv2b0", "--output", str(tmp_path / "models")]
    program = subprocess.Popen(
        [*COMMAND, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: any(path.stat().st_size for path in keras.rglob("*.h5")), 90)
    finally:
        program.kill()
        program.wait()
    assert list(keras.glob("models/*/*.h5")) == []


def test_broken_file_that_was_fetched_is_deleted(
    refusal: Refusal, broken_host: str, tmp_path: Path
) -> None:
    keras = tmp_path / "keras"
    environment = {"KERAS_WEIGHTS_URL": broken_host, "KERAS_HOME": str(keras)}
    said = refusal("efficientnetv2b0", "--output", str(tmp_path / "models"), **environment)
    assert "run this again" in said
    assert list(keras.rglob("*.h5")) == []


def test_broken_file_of_the_user_is_kept(
    refusal: Refusal, broken_weights: Path, tmp_path: Path
) -> None:
    arguments = ["--weights", str(broken_weights), "--output", str(tmp_path / "models")]
    said = refusal("efficientnetv2b0", *arguments)
    assert "does not hold the weights" in said
    assert broken_weights.exists()


def test_no_way_to_the_weights_says_what_to_do(refusal: Refusal, tmp_path: Path) -> None:
    environment = {
        "KERAS_WEIGHTS_URL": f"http://127.0.0.1:{free_port()}",
        "KERAS_HOME": str(tmp_path / "keras"),
    }
    said = refusal("resnet50", "--output", str(tmp_path / "models"), **environment)
    assert "no weights from http://127.0.0.1:" in said
    assert "--weights FILE" in said
