"""examples/model_config_file.json, as it is shipped, with the program that it is for."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from launch.supervisor import Program, free_port
from serving.lifecycle import record
from tests.conftest import until

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "model_config_file.json"
MODEL = Path("serving", "models", "demo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with the model where the example looks for it: the server writes to it."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(ROOT / MODEL, folder / MODEL, ignore=shutil.ignore_patterns(record.NAME))
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    found = f"http://127.0.0.1:{free_port()}"

    def ready() -> bool:
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{found}/health", timeout=20).ok
        return False

    flags = f"--model_config_file={EXAMPLE} --port=0 --rest_api_port={found.rpartition(':')[2]}"
    shell = f'cd "{folder}" && exec "{sys.executable}" -m serving {flags}'
    program = Program(
        name="serving",
        command=["/bin/sh", "-c", shell],
        environment={"PYTHONPATH": str(ROOT)},
        ready=ready,
        log=folder / "log",
    )
    program.start()
    try:
        until(lambda: program.ready() or program.died())
        assert not program.died(), program.last_words()
        yield found
    finally:
        program.end()


def test_each_model_of_it_knows_a_digit(url: str, samples: dict[str, bytes]) -> None:
    names = [each["name"] for each in json.loads(EXAMPLE.read_text())["model_config_list"]]
    files = {"image": samples["1-digit-3"]}
    answers = [
        requests.post(url, data={"model_name": name}, files=files, timeout=60).json()
        for name in names
    ]
    assert [each["classes"] for each in answers] == [[3], [3]]


def test_label_of_it_is_recorded_beside_the_model(url: str, folder: Path) -> None:
    answer = requests.get(f"{url}/models/Digits and Shapes", timeout=20).json()
    assert answer["labels"] == {"v0.1.0": 1}
    (change,) = record.read(folder / MODEL)
    assert (change.action, change.version, change.label) == ("label", 1, "v0.1.0")
