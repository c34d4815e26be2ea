"""labels/<language>/admin.toml, and how app.admin.words says numbers."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest

import worker.errors
from app.admin import diagnosis
from app.admin.overview import OUTCOMES
from app.admin.words import Words, clock
from contract.outcome import Outcome
from contract.steps import STEPS
from contract.tally import STAGES, WHOLE
from labels import LANGUAGES, book
from tests.app.admin.conftest import Client

ADMIN = Path(diagnosis.__file__).parent


def sentences(language: str) -> Iterator[tuple[str, str]]:
    for section, said in book(language, "admin").items():
        for key, text in said.items():
            yield f"{section}.{key}", text


def blanks(language: str) -> dict[str, set[str]]:
    found = {key: string.Formatter().parse(text) for key, text in sentences(language)}
    return {key: {name for _, name, *_ in parts if name} for key, parts in found.items()}


def test_both_languages_say_the_same() -> None:
    chinese, english = (blanks(language) for language in ("zh", "en"))
    assert chinese == english


def test_every_word_is_used_and_every_used_one_is_there() -> None:
    templates = "".join(path.read_text("utf-8") for path in ADMIN.glob("templates/admin/*"))
    code = "".join(path.read_text("utf-8") for path in ADMIN.glob("*.py"))
    known = {key for key, _ in sentences("en")}
    asked = set(re.findall(r"""say(?:\.known)?\(["'](\w+\.\w+)["']""", templates + code))
    assert asked <= known
    # Keys that are put together: by what is found, by outcome, by kind of error…
    families = {"finding", "api", "state", "outcome", "stage", "step", "error", "unit", "login",
                "missing"}  # fmt: skip
    written = {key for key in known if key in templates or key.partition(".")[0] in families}
    composed = {f"chart.{each}" for each in ("hour", "day", "p50", "p95", "p99", "none", "scene",
                "answer", "waiting", "oldest")}  # fmt: skip
    composed |= {f"workers.{each}" for each in ("busy", "idle", "suspended", "silent")}
    composed |= {"recent.picture", "recent.question"}
    assert known - written <= composed


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_may_come_has_its_word(language: str) -> None:
    said = book(language, "admin")
    errors: list[Any] = [each for each in vars(worker.errors).values() if isinstance(each, type)]
    kinds = {e.__name__ for e in errors if issubclass(e, worker.errors.AnswerError)}
    assert kinds - {"AnswerError"} <= said["error"].keys()
    assert set(Outcome) == set(OUTCOMES)
    assert set(OUTCOMES) <= said["outcome"].keys()
    assert set(STEPS.values()) <= said["step"].keys()
    assert {*STAGES, WHOLE} <= said["stage"].keys()
    source = (ADMIN / "diagnosis.py").read_text("utf-8")
    keys = set(re.findall(r'key="(\w+)"', source)) | {"model_silent", "model_gone"}
    assert {f"{key}{end}" for key in keys for end in ("", "_todo")} == said["finding"].keys()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"), (0.0004, "0 ms"), (0.0125, "12 ms"), (0.99, "990 ms"), (1.234, "1.2 s"),
        (42.4, "42 s"), (119, "119 s"), (120, "2 min"), (150, "2 min"), (3600, "1 h"),
        (5463, "1 h 31 min"), (86_400, "1 d"), (200_000, "2 d 7 h"),
    ],
)  # fmt: skip
def test_durations_are_said_briefly(seconds: float | None, said: str) -> None:
    assert Words("en").duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (1536, "2 KB"), (83 * 2**20, "83 MB"), (3 * 2**30, "3.0 GB")]
)
def test_sizes_are_said_briefly(count: int, said: str) -> None:
    assert Words("zh").size(count) == said


def test_times_are_beijing_s() -> None:
    assert clock(1_795_393_565) == "08:26:05"


@pytest.mark.parametrize(
    ("asked", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en", "en"), ("fr-FR", "zh"), ("", "zh")],
)
def test_page_speaks_as_the_browser_asks(app: flask.Flask, asked: str, language: str) -> None:
    page = app.test_client().get("/admin/login", headers={"Accept-Language": asked}).text
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page
    assert book(language, "admin")["login"]["title"] in page


@pytest.mark.parametrize(
    "referer", ["https://a.example/", "https://a.example//b.example/admin/", "http://[", "/", ""]
)
def test_switch_leads_nowhere_else(client: Client, referer: str) -> None:
    answer = client.get("/admin/language/zh", headers={"Referer": referer})
    assert (answer.status_code, answer.location) == (302, "/admin/")


def test_language_can_be_switched(client: Client) -> None:
    assert "Failed jobs" in client.get("/admin/failed").text
    referer = {"Referer": "http://localhost/admin/failed?page=2"}
    answer = client.get("/admin/language/zh", headers=referer)
    assert answer.location == "/admin/failed"
    assert "失败的任务" in client.get("/admin/failed").text
    assert client.get("/admin/language/fr").status_code == 404
