"""docs/models.md: its program is trained, its commands are run, and what they print is compared."""

from __future__ import annotations

import fnmatch
import io
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from launch.supervisor import ROOT, answers, free_port
from serving.__main__ import main
from tests.serving import saving
from tests.serving.process import serving

# Keras asks TensorFlow for arrays the way of NumPy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
PAGE = (ROOT / "docs" / "models.md").read_text("utf-8")
PYTHON = ".venv/bin/python "


def steps() -> list[tuple[str, str]]:
    """Return the page's commands, each with what it is said to print."""
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(blocks), re.MULTILINE)
    return [(command, printed) for command, printed in found]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's program and what else its commands take."""
    program = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    (tmp_path / "train.py").write_text(program, "utf-8")
    saving.frozen(tmp_path / "frozen.pb")
    model = saving.keras_model()
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "model.h5")
    saving.estimator(tmp_path / "estimator")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str) -> str:
    """Return what a command prints. Ours run here: to import TensorFlow takes seconds."""
    ours = command.startswith(PYTHON + "-m serving ")
    if not ours:
        real = command.replace(PYTHON, f"{sys.executable} ")
        done = subprocess.run(["bash", "-c", real], capture_output=True, text=True, check=True)
        return done.stdout
    words, _, file = command.partition(" > ")
    with io.StringIO() as printed, redirect_stdout(printed), redirect_stderr(printed):
        main(shlex.split(words)[3:])
        text = printed.getvalue()
    if file:
        Path(file).write_text(text, "utf-8")
    return "" if file else text


def without_logs(text: str) -> str:
    """Return it without what TensorFlow says of itself."""
    return "".join(line for line in text.splitlines(keepends=True) if "WARNING" not in line)


def matches(printed: str, expected: str) -> bool:
    """Return whether it is what the page says, where ... stands for anything, lines as well.

    How wide a column is depends on what ... stands for.
    """
    printed, expected = (re.sub(" +", " ", text).rstrip() for text in (printed, expected))
    pattern = re.sub(r"([\[\]?*])", r"[\1]", expected).replace("...", "*")
    return fnmatch.fnmatchcase(printed, pattern)


@pytest.fixture
def local() -> str:
    """An address that is free, in the place of the page's."""
    return f"localhost:{free_port()}"


def test_every_command_prints_what_the_page_says(place: Path, local: str, tmp_path: Path) -> None:
    all_steps = [(c.replace("localhost:8501", local), p) for c, p in steps()]
    commands = [command for command, _ in all_steps]
    start = next(i for i, command in enumerate(commands) if command.endswith(" &"))
    wrong = compare(all_steps[:start])
    flags = [f"--{f}" for f in commands[start].removesuffix(" &").split(" --")[1:]]
    base = [flag.replace("=models/", f"={tmp_path}/models/") for flag in flags]
    ports = [f"--rest_api_port={local.rpartition(':')[2]}", "--port=0"]
    with serving(tmp_path, lambda: answers(f"http://{local}/v1/models/digits"), *base, *ports):
        wrong += compare(all_steps[start + 1 :])
    assert wrong == []
    assert len(commands) > 10


def compare(some: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Run them; return those that print something else, with what they print."""
    printed = [(command, without_logs(run(command)), expected) for command, expected in some]
    return [(command, text) for command, text, expected in printed if not matches(text, expected)]
