"""worker.ranking"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import ModelUnavailable
from worker.ranking import rank_five, rank_vector

NAN, INFINITE = float("nan"), float("inf")


def test_best_comes_first_however_the_model_orders_them() -> None:
    answer = {"classes": [1, 2, 3], "scores": [0.1, 0.7, 0.2]}
    assert rank_five(answer).best == [(2, 0.7), (3, 0.2), (1, 0.1)]


def test_five_are_taken_of_a_vector() -> None:
    ranking = rank_vector([0.0, 0.1, 0.5, 0.2, 0.05, 0.15], None, 6)
    assert [number for number, _ in ranking.best] == [2, 3, 5, 1, 4]
    assert ranking.classes == 6


def test_output_is_found_by_its_name() -> None:
    assert rank_vector({"probabilities": [1.0], "other": 3}, "probabilities", 1).best == [(0, 1.0)]


def test_whole_numbers_may_be_written_as_floats() -> None:
    assert rank_five({"classes": [3.0], "scores": [1]}).best == [(3, 1.0)]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        0.9,
        "cat",
        [],
        [[0.9, 0.1]],
        {},
        {"classes": 3, "scores": 0.9},
        {"classes": [], "scores": []},
        {"classes": [1, 2], "scores": [0.9]},
        {"classes": [1], "scores": [NAN]},
        {"classes": [1], "scores": [INFINITE]},
        {"classes": [1], "scores": [-0.1]},
        {"classes": [1], "scores": [9.0]},
        {"classes": [1], "scores": ["0.9"]},
        {"classes": [1], "scores": [None]},
        {"classes": [1], "scores": [True]},
        {"classes": [-1], "scores": [0.9]},
        {"classes": [1.5], "scores": [0.9]},
        {"classes": [NAN], "scores": [0.9]},
        {"classes": ["cat"], "scores": [0.9]},
        {"classes": [[1]], "scores": [[0.9]]},
    ],
)
def test_nonsense_is_no_five_best(answer: Any) -> None:
    with pytest.raises(ModelUnavailable):
        rank_five(answer)


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (None, None),
        (0.9, None),
        ([], None),
        ([0.9], None),
        ([0.5, 0.4, 0.1], None),
        ([[0.9, 0.1]], None),
        ([0.9, NAN], None),
        ([0.9, -INFINITE], None),
        ([20.0, 0.1], None),
        ({"other": [0.9, 0.1]}, "probabilities"),
        ({"probabilities": 0.9}, "probabilities"),
        ([0.9, 0.1], "probabilities"),
    ],
)
def test_nonsense_is_no_vector(answer: Any, output: str | None) -> None:
    named = output is not None and isinstance(answer, list)
    with pytest.raises(ModelUnavailable):
        rank_vector({"x": answer} if named else answer, output, 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["classes", "scores"]), inner),
)


@given(JSON)
def test_whatever_a_model_answers_is_a_ranking_or_unavailable(answer: Any) -> None:
    for rank in (rank_five, lambda each: rank_vector(each, None, None)):
        try:
            ranking = rank(answer)
        except ModelUnavailable:
            continue
        assert 1 <= len(ranking.best) <= 5
        assert all(0 <= probability <= 1.001 for _, probability in ranking.best)
