"""serving.lifecycle.labels, in a catalogue: which version a name may be given to."""

from __future__ import annotations

import pytest

from serving.errors import FailedPrecondition, InvalidArgument
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.labels import Allowed
from tests.serving.lifecycle.conftest import EVERY, Make, Model, loader


def test_label_names_a_version(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1", "2", policy=EVERY)])
    catalogue.apply([model("a", policy=EVERY, stable=1)])
    with catalogue.use("a", label="stable") as served:
        assert served.version == 1
    with (
        pytest.raises(InvalidArgument, match="Unrecognized servable version label: canary"),
        catalogue.use("a", label="canary"),
    ):
        pass


def test_label_is_for_a_version_that_is_available(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1")])
    with pytest.raises(
        FailedPrecondition,
        match="Request to assign label to version 2 of model a, which is not currently available "
        "for inference",
    ):
        catalogue.apply([model("a", "2", new=2), model("b", "1")])
    assert catalogue.names() == ["a"]


def test_new_label_may_wait_for_its_version_where_that_is_allowed(
    loaded: list[Model], model: Make
) -> None:
    catalogue = Catalogue(loader(loaded), allowed=Allowed.NEW_ANY)
    catalogue.apply([model("a", "1", stable=1, next=2)])
    assert catalogue.resolve("a", "next") == 2
    with pytest.raises(FailedPrecondition, match="version 3 of model a"):
        catalogue.apply([model("a", stable=3)])
    assert catalogue.resolve("a", "stable") == 1


def test_known_label_may_move_anywhere_where_that_is_forced(
    loaded: list[Model], model: Make
) -> None:
    catalogue = Catalogue(loader(loaded), allowed=Allowed.ANY)
    catalogue.apply([model("a", "1", stable=1)])
    catalogue.apply([model("a", stable=3)])
    assert catalogue.resolve("a", "stable") == 3
