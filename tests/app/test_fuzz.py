"""The corpus of `make fuzz`, and a moment of it."""

from __future__ import annotations

import itertools
import math
import random

import pytest
import redis

from tests.app.fuzz import CORPUS, attacks, corpus
from tests.app.target import DOORS, Attack, Target


@pytest.fixture
def target(connection: redis.Redis) -> Target:
    return Target(connection)


@pytest.mark.parametrize("door", DOORS)
def test_nothing_of_the_corpus_does_harm(target: Target, door: str) -> None:
    files = sorted(CORPUS.iterdir())
    complaints = {path.name: target.complaint(Attack(door, path.read_bytes())) for path in files}
    assert len(complaints) > 20
    assert {name: complaint for name, complaint in complaints.items() if complaint} == {}


def test_moment_of_attacks_does_no_harm(target: Target) -> None:
    moment = len(corpus()) + 100  # attacks; the corpus comes first, then what it is changed into
    found = list(itertools.islice(attacks(target, math.inf, random.Random(1)), moment))
    assert [(attack, complaint) for attack, complaint in found if complaint] == []
    assert len({attack for attack, _ in found}) > len(corpus())
