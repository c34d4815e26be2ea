"""Real parts for every test: a Redis of its own, settings, pictures, and WeChat over HTTP."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.server
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import werkzeug.serving
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

import tests.models
from contract.settings import Settings
from launch import programs
from launch.supervisor import free_port
from simulator.account import Account
from simulator.api import api
from simulator.demo import no_settings

TOKEN = "token-of-the-tests"
APP_ID = "wx0123456789abcdef"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_SECRET = "secret-of-the-tests-must-never-be-seen"

# Read when gRPC is imported. With its handlers for fork(), a program that a test starts may hang.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

# Where a machine forbids it, each of the hundred programs that tests start would compile Keras,
# SciPy and ourselves anew, which is half of the time to import them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = [
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
]

_PAGE_PATIENCE = 20_000  # milliseconds; Playwright's own five are few where many tests share a core

# What trains models or starts whole products takes longest: begun first, it is not what a process
# does alone at the end.
_BEGUN_FIRST = ("serving/train", "end_to_end", "serving", "deploy", "worker")

Condition = Callable[[], object]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders of files that take long in front; a file's tests stay as they are."""
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        folder = item.path.parent.relative_to(tests)
        return next(
            (i for i, each in enumerate(_BEGUN_FIRST) if folder.is_relative_to(each)),
            len(_BEGUN_FIRST),
        )

    items.sort(key=place)


def until(condition: Condition, seconds: float = 60) -> None:
    """Wait until condition gives something true; fail the test where it does not in time.

    A long wait costs nothing where all is well, and a busy machine may need it.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture(scope="session", autouse=True)
def shell() -> Iterator[None]:
    """A shell without settings of the developer's own, and an `.env` that nobody reads."""
    with pytest.MonkeyPatch.context() as environment:
        for name in (*no_settings(), *(each for each in os.environ if each.startswith("STFS_"))):
            environment.delenv(name, raising=False)
        environment.setenv("KANTU_ENV_FILE", "")
        # Demos that start at one moment would all find that port free, and answer for each other.
        environment.setattr("simulator.demo.PAGE_PORT", 0)
        yield


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A redis-server of the tests' own."""
    folder = tmp_path_factory.mktemp("redis")
    program = programs.redis_server(free_port(), folder, folder / "redis.log", durable=False)
    program.start()
    until(program.ready)
    url = f"redis://127.0.0.1:{program.command[2]}/0"
    yield url
    try:
        missing = _not_allowed(redis.Redis.from_url(url))
    finally:
        program.end()
    assert not missing, f"deploy/redis/commands does not allow {missing}"


def _not_allowed(client: redis.Redis) -> set[str]:
    """Return what was asked for in these tests, and may not be asked for in production."""
    text = (Path(__file__).parents[1] / "deploy" / "redis" / "commands").read_text("utf-8")
    asked = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}
    # What only tests ask: to look at everything, to break something, or to wind time forward.
    tests_own = {"scan", "type", "dbsize", "echo", "zincrby", "dump"}
    dangerous = {str(each) for each in client.acl_cat("dangerous")}
    allowed = {word.removeprefix("+") for word in text.split()}
    # Before 7.0, Redis counts SCRIPT LOAD as SCRIPT.
    return asked - tests_own - dangerous - allowed - {word.partition("|")[0] for word in allowed}


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty Redis."""
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    yield client
    client.close()


def make_settings(**changes: object) -> Settings:
    """Return settings of the tests' account."""
    values = {
        "wechat_token": TOKEN,
        "wechat_app_id": APP_ID,
        "wechat_app_secret": APP_SECRET,
        "wechat_aes_key": AES_KEY,
        "vqa_model": "",
        **changes,
    }
    return Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]


@pytest.fixture
def settings(redis_url: str) -> Settings:
    """The tests' account on the tests' Redis."""
    return make_settings(redis_url=redis_url)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeChatServer:
    """WeChat's API, served by the simulator in this process, so that tests can reach into it."""

    url: str
    account: Account
    requests: list[str]  # paths asked for, in order

    def texts(self) -> list[str]:
        """Return the texts that followers received."""
        events = self.account.transcript.since(0)
        return [event["text"] for event in events if event["kind"] == "answer"]


@pytest.fixture
def wechat_server() -> Iterator[WeChatServer]:
    """WeChat's API over real HTTP."""
    with serve_wechat() as server:
        yield server


@contextlib.contextmanager
def serve_wechat() -> Iterator[WeChatServer]:
    """Serve WeChat's API of a new account."""
    import flask

    account = Account(APP_ID, APP_SECRET)
    app, paths = flask.Flask("wechat"), []
    app.register_blueprint(api(account))
    app.before_request(lambda: paths.append(flask.request.path))
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield WeChatServer(url=f"http://127.0.0.1:{server.port}", account=account, requests=paths)
    server.shutdown()
    server.server_close()


def encode(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    """Return the picture as a file of that form."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@pytest.fixture
def jpeg() -> bytes:
    """A small photograph-like JPEG."""
    gradient = Image.linear_gradient("L").resize((320, 240))
    return encode(Image.merge("RGB", (gradient, gradient.rotate(90).resize((320, 240)), gradient)))


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """The pictures of the demo page, by their names."""
    folder = Path(__file__).parents[1] / "simulator" / "samples"
    return {path.stem: path.read_bytes() for path in folder.glob("*.jpg")}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Base paths of the models of tests.models, and of the demo classifier."""
    folder = tmp_path_factory.mktemp("models")
    for name, make in tests.models.ALL.items():
        make(folder / name / "1")
    return {**{name: folder / name for name in tests.models.ALL}, "demo": programs.MODELS / "demo"}


@pytest.fixture(scope="session")
def serving_url(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`python -m serving` with all those models, as a program of its own."""
    folder, port = tmp_path_factory.mktemp("serving"), free_port()
    config = folder / "models.config"
    config.write_text(programs.model_config(models))
    last = list(models)[-1]
    program = programs.model_server(port, config, last, folder / "serving.log")
    program.start()
    try:
        until(lambda: program.ready() or program.died())
        assert not program.died(), program.last_words()
        yield f"http://127.0.0.1:{port}"
    finally:
        program.end()


# Keras' host has files of the form before Keras 3; save_weights() writes today's.
_WEIGHTS = """
import sys, h5py, keras
from keras.src.legacy.saving import legacy_h5_format
keras.utils.set_random_seed(1)
model = keras.applications.EfficientNetV2B0(weights=None)
model.save_weights(sys.argv[1])
with h5py.File(sys.argv[1].replace(".weights.h5", ".h5"), "w") as file:
    legacy_h5_format.save_weights_to_hdf5_group(file, model)
"""


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of random numbers, laid out as on Keras' own host."""
    path = tmp_path_factory.mktemp("host") / "efficientnet_v2" / "efficientnetv2-b0.weights.h5"
    path.parent.mkdir()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", _WEIGHTS, str(path)], check=True, env=environment)
    return path


@pytest.fixture
def weights_host(weights: Path) -> Iterator[str]:
    """A mirror of Keras' host that has one file."""
    with serve_files(weights.parents[1]) as url:
        yield url


@contextlib.contextmanager
def serve_files(folder: Path) -> Iterator[str]:
    """Serve a folder's files over HTTP; give the URL."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, with a camera that shows a test picture; a process can drive only one."""
    if not CHROMIUM.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs apt-get install chromium")
    expect.set_options(timeout=_PAGE_PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()
