"""Simple TensorFlow Serving's models, and `python -m serving` with them as a program."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import tests.models
from launch.supervisor import free_port
from tests.certificates import make_pair
from tests.serving.process import serving
from tests.serving.simple import slides

LIMIT = 2**20  # --max_request_bytes
ADMIN = ("admin", "open sesame")
SPACED, ENCODED, PAIR = "ResNet For WeChat Server", "server2", "server3"  # as on the slides
_FUNCTIONS = """
from serving.errors import InvalidArgument
from serving.simple.functions import Arrays, postprocess, preprocess

@preprocess("negative")
def negative(inputs: Arrays) -> Arrays:
    return {"x": -inputs["x"]}

@postprocess("first")
def first(outputs: Arrays) -> Arrays:
    return {"first": outputs["y"][:1]}

@postprocess("picky")
def picky(outputs: Arrays) -> Arrays:
    raise InvalidArgument("there is nothing to pick")

@postprocess("broken")
def broken(outputs: Arrays) -> Arrays:
    return outputs["/home/secret"]
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens, the folder of its models, and who asks."""

    url: str
    folder: Path
    trusted: str = ""  # file of the certificate
    auth: tuple[str, str] | None = None

    def get(self, path: str, **options: Any) -> requests.Response:
        return self._ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self._ask("POST", path, **options)

    def predict(self, **body: Any) -> Any:
        answer = self.post("/", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refuses(self, answer: requests.Response) -> tuple[int, str]:
        """Return what it said against a request; it lives on."""
        assert self.predict(model_name="adder", data=[0.0])["y"][0] > 0
        return answer.status_code, answer.json()["error"]

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        options = {"auth": self.auth, "verify": self.trusted or True, **options}
        return requests.request(method, self.url + path, timeout=20, **options)


def _ready(server: Server) -> bool:
    with contextlib.suppress(requests.RequestException):
        return server.get("/health").ok
    return False


def publish(folder: Path, versions: int) -> None:
    """Write versions of a model: version n adds n."""
    for number in range(1, versions + 1):
        tests.models.adder(folder / str(number), number)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models: adder (1, 2), pictures, one that decodes base64 itself, one of two inputs."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("shelf")
    publish(folder / "adder", 2)

    def length(image_bytes: Any) -> dict[str, Any]:
        return {"length": tf.strings.length(image_bytes)}

    def decoded(images: Any) -> dict[str, Any]:
        return {"length": tf.strings.length(tf.io.decode_base64(images))}

    def both(image: Any, threshold: Any) -> dict[str, Any]:
        return {"large": tf.cast(tf.strings.length(image), tf.float32) > threshold}

    save, pictures = tests.models.save, tests.models.pictures
    save(folder / "pictures" / "1", serving_default=(length, pictures("image_bytes")))
    save(folder / ENCODED / "1", serving_default=(decoded, pictures("images")))
    specs = [*pictures("image"), tf.TensorSpec([None], tf.float32, name="threshold")]
    save(folder / PAIR / "1", serving_default=(both, specs))
    return folder


@pytest.fixture(scope="session")
def server(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program with the models of the shelf: the slides' config, corrected, and STFS_…."""
    folder, port = tmp_path_factory.mktemp("simple"), free_port()
    config = json.loads(slides.corrected(*(shelf / each for each in ("pictures", ENCODED, PAIR))))
    adder = {"name": "adder", "base_path": str(shelf / "adder"), "platform": "tensorflow"}
    config["model_config_list"].append(adder)
    (folder / "models.json").write_text(json.dumps(config))
    (folder / "our_functions.py").write_text(_FUNCTIONS)
    found = Server(url=f"http://127.0.0.1:{port}", folder=shelf)
    environment = {
        "PYTHONPATH": str(folder),
        "STFS_MODEL_CONFIG_FILE": str(folder / "models.json"),
        "STFS_MAX_REQUEST_BYTES": str(LIMIT),
        "STFS_MODEL_NAME": "adder",
        "STFS_DEBUG": "",
    }
    flags = (f"--rest_api_port={port}", "--port=0", "--processing_modules=our_functions")
    with serving(folder, lambda: _ready(found), *flags, environment=environment):
        yield found


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program with one model of three versions; basic auth, TLS and CORS, as they are there."""
    folder, port = tmp_path_factory.mktemp("guarded"), free_port()
    publish(folder / "adder", 3)
    key, certificate = make_pair("localhost")
    (folder / "our.key").write_text(key)
    (folder / "our.pem").write_text(certificate)
    url = f"https://localhost:{port}"
    found = Server(url=url, folder=folder, trusted=str(folder / "our.pem"), auth=ADMIN)
    flags = (
        *(f"--rest_api_port={port}", "--port=0", f"--model_base_path={folder / 'adder'}"),
        *("--model_name=adder", "--model_platform=tensorflow", "--file_system_poll_wait_seconds=1"),
        *("--enable_auth=True", "--enable_cors=True", "--enable_ssl=True"),
        *(f"--secret_pem={folder / 'our.pem'}", f"--secret_key={folder / 'our.key'}"),
    )
    environment = {"STFS_AUTH_PASSWORD": ADMIN[1]}
    with serving(folder, lambda: _ready(found), *flags, environment=environment):
        yield found
