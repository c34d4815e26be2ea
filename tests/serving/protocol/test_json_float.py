"""serving.protocol.json_float: digit for digit what WriteDecimal in util/json_tensor.cc writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.protocol.json_float import dump

DIGITS = {"float32": 9, "float64": 17}
NAMES = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
RANDOM = np.random.default_rng(1)


def write_decimal(number: Any) -> str:
    """Return what C++ writes: StrCat is %g, and %.*g where that is another number."""
    text = f"{number:g}"
    with np.errstate(over="ignore"):
        if not np.isnan(number) and type(number)(float(text)) != number:
            text = f"{number:.{DIGITS[number.dtype.name]}g}"
    return text if "." in text or "e" in text else NAMES.get(text, text + ".0")


def check(numbers: Any) -> None:
    assert dump(numbers) == f"[{','.join(map(write_decimal, numbers))}]"


def test_known_ones() -> None:
    numbers = [0.2, 1e-7, 9_000_000, 100_000, -0.0, 123456789, 1 / 3, 16777217, 0.1, 1e-11]
    assert dump(np.array(numbers, np.float32)) == (
        "[0.2,1e-07,9e+06,100000.0,-0.0,123456792.0,0.333333343,16777216.0,0.1,1e-11]"
    )
    assert (
        dump(np.array([0.2, 0.1 + 0.2, 1 / 3])) == "[0.2,0.30000000000000004,0.33333333333333331]"
    )


def test_nan_and_infinity_among_others() -> None:
    numbers = np.array([[np.nan, 0.5], [np.inf, -np.inf]], np.float32)
    assert dump(numbers) == "[[NaN,0.5],[Infinity,-Infinity]]"


@pytest.mark.parametrize("power", range(-45, 39))
def test_every_power_of_ten_and_its_neighbours(power: int) -> None:
    one = np.float32(float(f"1e{power}"))
    below, above = np.nextafter(one, np.float32(0)), np.nextafter(one, np.float32(np.inf))
    check(np.array([one, below, above, -one, one * np.float32(0.9999995)], np.float32))


def test_random_ones_of_every_size() -> None:
    check(RANDOM.integers(0, 2**32, 20_000, dtype=np.uint32).view(np.float32))
    check(RANDOM.integers(0, 2**64, 2_000, dtype=np.uint64).view(np.float64))


def test_random_ones_of_few_digits() -> None:
    for most in (10**2, 10**6, 10**7):
        whole = RANDOM.integers(-most, most, 10_000).astype(np.float64)
        numbers = whole * 10.0 ** RANDOM.integers(-14, 6, 10_000)
        check(numbers.astype(np.float32))


def test_probabilities() -> None:
    weights = np.exp(RANDOM.normal(0, 6, 10_000))
    check((weights / weights.sum()).astype(np.float32))


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_any_floats(numbers: list[float]) -> None:
    check(np.array(numbers, np.float32))


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_any_doubles(numbers: list[float]) -> None:
    check(np.array(numbers, np.float64))
