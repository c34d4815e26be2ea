"""serving.simple.listing: what there is, where some of it does not answer."""

from __future__ import annotations

from pathlib import Path

import flask
import flask.testing
import pytest

from serving.errors import NotFound
from serving.flags import Flags
from serving.lifecycle import record
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig, VersionPolicy
from serving.lifecycle.labels import Allowed
from serving.monitoring.metrics import Metrics
from serving.simple import listing
from serving.simple.app import create_app
from tests.serving.simple.test_page import load

Client = flask.testing.FlaskClient


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """A model of two versions with a label, one whose version 3 is broken, one without any."""
    for name in ("good/1", "good/2", "broken/3", "empty"):
        (tmp_path / name).mkdir(parents=True)
    found = Catalogue(load, allowed=Allowed.ANY)
    good = ModelConfig(
        name="good",
        base_path=tmp_path / "good",
        policy=VersionPolicy(latest=None),
        labels={"stable": 1, "next": 9},
    )
    others = [ModelConfig(name=name, base_path=tmp_path / name) for name in ("broken", "empty")]
    found.apply([good, *others])
    return found


@pytest.fixture
def client(catalogue: Catalogue) -> Client:
    app = create_app(catalogue, Flags(), Metrics())
    assert isinstance(app, flask.Flask)
    return app.test_client()


def test_only_labels_of_what_answers_are_offered(catalogue: Catalogue) -> None:
    assert listing.answering(catalogue, "good") == ([2, 1], ["stable"])
    assert listing.answering(catalogue, "broken") == ([], [])


def test_health_names_the_models_that_do_not_answer(client: Client) -> None:
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.get_json() == {"error": "no version answers of: broken, empty"}


def test_broken_version_is_told_with_its_error(client: Client) -> None:
    found = client.get("/models/broken").get_json()
    (version,) = found["versions"]
    assert (version["version"], version["state"]) == (3, "END")
    assert "its variables are missing" in version["error"]
    assert (found["version"], found["signatures"]) == (None, {})


def test_model_without_versions_is_told_as_such(client: Client) -> None:
    assert client.get("/models/empty").get_json()["versions"] == []
    answer = client.post("/", json={"model_name": "empty", "data": {}})
    assert answer.status_code == 404
    assert answer.get_json()["error"] == (
        "model empty has no version that answers; there are: none"
    )


def test_without_a_name_the_only_model_is_meant_and_else_none(client: Client) -> None:
    answer = client.post("/", json={"data": {}})
    said = "model_name is needed; there are: good, broken, empty"
    assert (answer.status_code, answer.get_json()) == (400, {"error": said})


def test_record_that_cannot_be_read_is_told_without_its_folder(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "good" / record.NAME).write_text("nonsense\n")
    with pytest.raises(NotFound, match=r"^…/\.versions\.jsonl:1: expected one change in JSON"):
        listing.versions(catalogue, "good", people=True)
