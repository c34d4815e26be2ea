"""serving.lifecycle.catalogue: which version answers, while others come and go."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.errors import InvalidArgument, NotFound
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig, VersionPolicy
from tests.serving.lifecycle.conftest import EVERY, Make, Model, serves, states


def test_highest_version_is_served(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "2", "10", "notes")])
    with catalogue.use("a") as served:
        assert (served.name, served.version) == ("a", 10)
        assert served.servable.path.name == "10"  # type: ignore[attr-defined]
    with pytest.raises(NotFound, match=r"Servable not found for request: Specific\(a, 2\)"):
        serves(catalogue, "a", 2)
    with pytest.raises(NotFound, match=r"Servable not found for request: Latest\(b\)"):
        serves(catalogue, "b")


def test_model_has_a_name(catalogue: Catalogue) -> None:
    with pytest.raises(InvalidArgument, match=r"ModelSpec has no name specified\."):
        serves(catalogue, "")


def test_every_version_is_served_where_the_policy_says_so(
    catalogue: Catalogue, model: Make
) -> None:
    catalogue.apply([model("a", "1", "2", policy=EVERY)])
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "AVAILABLE")]
    assert serves(catalogue, "a", 1) == 1


def test_status_of_what_never_was(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1")])
    with pytest.raises(NotFound, match="Could not find any versions of model b"):
        catalogue.status("b")
    with pytest.raises(NotFound, match="Could not find version 5 of model a"):
        catalogue.status("a", 5)


def test_new_version_is_found_by_polling(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1")])
    model("a", "2")
    catalogue.poll()
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]


def test_model_no_longer_named_ends(catalogue: Catalogue, model: Make, loaded: list[Model]) -> None:
    catalogue.apply([model("a", "1"), model("b", "1")])
    catalogue.apply([model("b", "1")])
    with pytest.raises(NotFound):
        serves(catalogue, "a")
    assert states(catalogue, "a") == [(1, "END")]
    assert loaded[0].closed
    assert serves(catalogue, "b") == 1


def test_version_that_ended_may_come_back(
    catalogue: Catalogue, model: Make, loaded: list[Model]
) -> None:
    catalogue.apply([model("a", "1", "2")])
    catalogue.apply([model("a", policy=VersionPolicy(specific=(1,)))])
    assert states(catalogue, "a") == [(2, "END"), (1, "AVAILABLE")]
    catalogue.apply([model("a")])
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]
    assert [each.path.name for each in loaded] == ["2", "1", "2"]


def test_request_ends_on_the_version_that_it_began_with(
    catalogue: Catalogue, model: Make, loaded: list[Model]
) -> None:
    catalogue.apply([model("a", "1")])
    with catalogue.use("a") as served:
        model("a", "2")
        catalogue.poll()
        assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "UNLOADING")]
        assert (served.version, loaded[0].closed) == (1, False)
        assert serves(catalogue, "a") == 2
    assert loaded[0].closed
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]


def test_old_version_answers_while_the_new_one_is_half_copied(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    catalogue.apply([model("a", "1")])
    model("a", "2")
    half = tmp_path / "a" / "2" / "variables"
    half.symlink_to("/nowhere")
    catalogue.poll()
    catalogue.poll()
    assert serves(catalogue, "a") == 1
    assert states(catalogue, "a") == [(2, "END"), (1, "AVAILABLE")]
    half.unlink()
    catalogue.poll()
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]


def test_old_version_answers_until_the_new_one_can(model: Make, tmp_path: Path) -> None:
    loading, go_on = threading.Event(), threading.Event()

    def load(_config: ModelConfig, path: Path) -> Model:
        if path.name == "2":
            loading.set()
            go_on.wait(10)
        return Model(path)

    catalogue, config = Catalogue(load), model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a" / "2").mkdir()
    swap = threading.Thread(target=catalogue.poll)
    swap.start()
    assert loading.wait(10)
    assert serves(catalogue, "a") == 1
    assert states(catalogue, "a") == [(2, "LOADING"), (1, "AVAILABLE")]
    go_on.set()
    swap.join(10)
    assert serves(catalogue, "a") == 2
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns a hundred times as often as usual: whatever can come between does."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 100)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_requests_never_fail_while_versions_come_and_go(
    catalogue: Catalogue, model: Make, loaded: list[Model]
) -> None:
    catalogue.apply([model("a", "1")])
    wrong: list[object] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            try:
                with catalogue.use("a") as served:
                    wrong.extend([served] if served.servable.closed else [])  # type: ignore[attr-defined]
            except NotFound as error:
                wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 60):
        model("a", str(number))
        catalogue.poll()
    ended.set()
    for thread in threads:
        thread.join(10)
    assert wrong == []
    assert [each.closed for each in loaded] == [True] * 58 + [False]
