"""Floats as TensorFlow Serving prints them: six digits where they read back as the same number,
else as many as the type needs; never `0.20000000298` for a float of 0.2.

Source: WriteDecimal in tensorflow_serving/util/json_tensor.cc. Where there are many, nearly all are
rounded here, all at once, to doubles whose shortest text is just that one, for orjson to write; the
rest, and few, go through %g.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

# In between, %g and orjson write the same: 0.00012 and 120000.0, without an exponent.
_LEAST, _MOST = 1e-4, 1e6
_BOUNDS = np.array([float(f"1e{power}") for power in range(-3, 6)])
_TINIEST = 1e-37  # below, a float32 has fewer than six digits
_TENS = np.array([float(f"1e{power}") for power in range(47)])
_EXPONENTS = [f"e-{power:02}" for power in range(39)]
_TIE = 1e-6  # of a number of nine digits; the doubles that _small works with are off by 2e-7
_DIGITS = {"float32": 9, "float64": 17}  # std::numeric_limits<…>::max_digits10
_FEW = 32  # numbers, for which to round all at once takes longer
_NAMES = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def dump(array: Floats) -> str:
    """Return float32 or float64 [...], not empty, as nested lists of numbers in JSON."""
    if array.size <= _FEW:
        return _fill(_join(np.full(array.shape, np.nan)), _one_by_one(array.ravel()))
    size = np.abs(array)
    easy = ((size >= _LEAST) & (size < _MOST) & (array.dtype == np.float32)) | (size == 0)
    rounded = _round(np.where(easy, array, 0).astype(np.float64), array)
    text = _join(np.where(easy, rounded, np.nan))
    return text if easy.all() else _fill(text, _texts(array[~easy]))


def _round(wide: Floats, array: Floats) -> Floats:
    """Return what is 0 or of 1e-4 to 1e6, rounded to the digits that are to be written.

    Without an error: a float32 of 24 bits times 10**12 fits into a double's 53, so the product is
    exact, and the quotient is the double nearest to the decimal.
    """
    power = _BOUNDS.searchsorted(np.abs(wide), side="right")  # 0 for 1e-4, 9 for 1e5
    six, nine = (np.rint(wide * _TENS[most - power]) / _TENS[most - power] for most in (9, 12))
    rounded: Floats = np.where(six.astype(np.float32) == array, six, nine)
    return rounded


def _join(numbers: Floats) -> str:
    return orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _fill(text: str, missing: Iterable[str]) -> str:
    """Return the text with each null replaced: it is how orjson writes NaN."""
    pieces = text.split("null")
    return "".join(itertools.chain.from_iterable(zip(pieces, [*missing, ""], strict=True)))


def _texts(numbers: Floats) -> list[str]:
    """Return the text of each number of float [count]."""
    size, texts = np.abs(numbers), np.empty(numbers.shape, object)
    small = (size >= _TINIEST) & (size < _LEAST) & (numbers.dtype == np.float32)
    if small.any():
        right, texts[small] = _small(numbers[small])
        small[small] = right
    texts[~small] = _one_by_one(numbers[~small])
    return list(texts)


def _small(numbers: Floats) -> tuple[Flags, list[str]]:
    """Return where the texts are right, and the texts, of float32 [count] below 1e-4."""
    wide = numbers.astype(np.float64)
    power = -np.floor(np.log10(np.abs(wide))).astype(np.intp)
    product = wide * _TENS[power + 8]
    six, nine = np.rint(product / 1e3), np.rint(product)
    short = (six / _TENS[power + 5]).astype(np.float32) == numbers
    right = (np.abs(np.abs(product - nine) - 0.5) > _TIE) & (np.abs(six) >= 1e5)
    mantissas = _join(np.where(short, six / 1e5, nine / 1e8))[1:-1].split(",")
    pairs = zip(mantissas, power.tolist(), strict=True)
    texts = [mantissa.removesuffix(".0") + _EXPONENTS[power] for mantissa, power in pairs]
    return right & (np.abs(six) < 1e6), texts


def _one_by_one(numbers: Floats) -> list[str]:
    """Return the text of each number of float [count], by %g."""
    texts = [f"{number:g}" for number in numbers.tolist()]
    with np.errstate(over="ignore"):
        same = np.array([*map(float, texts)]).astype(numbers.dtype) == numbers
    digits = _DIGITS[numbers.dtype.name]
    for place in np.flatnonzero(~same).tolist():
        texts[place] = f"{float(numbers[place]):.{digits}g}"
    return [_with_a_point(text) for text in texts]


def _with_a_point(text: str) -> str:
    return text if "." in text or "e" in text else _NAMES.get(text) or text + ".0"
