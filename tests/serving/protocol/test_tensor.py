"""serving.protocol.tensor against TensorFlow's own reading and writing of TensorProto."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from serving.protocol.string_list import TensorError
from serving.protocol.tensor import LARGEST, to_array, to_proto
from serving.protocol.tensor_pb2 import TensorProto

KINDS = [
    *(np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.complex64, np.complex128),
    *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_),
]


def theirs(proto: TensorProto) -> Any:
    """Return the array that TensorFlow makes of our bytes."""
    from tensorflow.core.framework import tensor_pb2

    return tf.make_ndarray(tensor_pb2.TensorProto.FromString(proto.SerializeToString()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [False, True])
def test_tensorflow_reads_what_we_write(kind: Any, *, content: bool) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(kind)
    proto = to_proto(array, content=content)
    assert bool(proto.tensor_content) is content
    assert theirs(proto).dtype == array.dtype
    assert (theirs(proto) == array).all()
    assert (to_array(proto) == array).all()


@pytest.mark.parametrize("kind", KINDS)
def test_we_read_what_tensorflow_writes(kind: Any) -> None:
    array = np.array([[1, 0, 1]]).astype(kind)
    written = tf.make_tensor_proto(array).SerializeToString()
    found = to_array(TensorProto.FromString(written))
    assert found.dtype == array.dtype
    assert (found == array).all()


@pytest.mark.parametrize("content", [False, True])
def test_strings(*, content: bool) -> None:
    array = np.array([[b"a", b""], [b"\xff" * 300, "ü".encode()]], object)
    proto = to_proto(array, content=content)
    assert to_array(proto).tolist() == array.tolist()
    assert content or theirs(proto).tolist() == array.tolist()


def test_text_is_written_in_utf_8() -> None:
    array = np.array(["ü", b"\xff"], object)
    assert list(to_proto(array).string_val) == ["ü".encode(), b"\xff"]
    assert to_array(to_proto(array, content=True)).tolist() == ["ü".encode(), b"\xff"]


@pytest.mark.parametrize("name", ["qint8", "quint8", "qint16", "quint16", "qint32"])
@pytest.mark.parametrize("content", [False, True])
def test_quantized_numbers(name: str, *, content: bool) -> None:
    theirs_ = tf.constant([0, 7, 100]).numpy().astype(getattr(tf, name).as_numpy_dtype)
    found = to_proto(theirs_, content=content)
    assert theirs(found)[name].tolist() == [0, 7, 100]
    assert to_array(found).dtype == theirs_.dtype
    assert to_array(found)[name].tolist() == [0, 7, 100]


def proto(dtype: str, *sizes: int, **values: Any) -> TensorProto:
    found = TensorProto(dtype=dtype, **values)
    for size in sizes:
        found.tensor_shape.dim.add(size=size)
    return found


def test_last_value_goes_on_and_nothing_is_zero() -> None:  # FromProtoField
    assert to_array(proto("DT_FLOAT", 4, float_val=[1, 2])).tolist() == [1, 2, 2, 2]
    assert to_array(proto("DT_INT32", 2)).tolist() == [0, 0]
    assert to_array(proto("DT_STRING", 2)).tolist() == [b"", b""]
    assert to_array(proto("DT_STRING", 2, string_val=[b"a"])).tolist() == [b"a", b"a"]
    assert to_array(proto("DT_FLOAT", float_val=[3])).shape == ()


def test_complex_numbers_are_pairs_and_half_of_one_is_none() -> None:
    assert to_array(proto("DT_COMPLEX64", 2, scomplex_val=[1, 2, 3])).tolist() == [1 + 2j, 1 + 2j]
    assert to_array(proto("DT_COMPLEX128", 1, dcomplex_val=[1])).tolist() == [0]


def test_sixty_four_dimensions_are_as_many_as_it_goes() -> None:
    assert to_array(proto("DT_FLOAT", *[1] * 64, float_val=[1])).ndim == 64


def test_values_above_the_shape_are_left() -> None:
    assert to_array(proto("DT_FLOAT", 1, float_val=[1, 2])).tolist() == [1]
    assert to_array(proto("DT_FLOAT", 0, float_val=[1, 2])).tolist() == []


@pytest.mark.parametrize(
    "wrong",
    [
        proto("DT_RESOURCE"),
        proto("DT_FLOAT", -1),
        proto("DT_FLOAT", 2, tensor_content=b"\0" * 7),
        proto("DT_FLOAT", LARGEST // 4 + 1),
        proto("DT_STRING", 2**62, 2**62, string_val=[b"a"]),
        proto("DT_FLOAT", *[1] * 65, float_val=[1]),
        proto("DT_STRING", 2, tensor_content=b"\x05\x01abc"),
        proto("DT_STRING", 2, tensor_content=b"\xff" * 20),
        TensorProto(),
    ],
)
def test_what_is_no_tensor_is_refused(wrong: TensorProto) -> None:
    with pytest.raises(TensorError):
        to_array(wrong)


def test_rank_must_be_known() -> None:
    unknown = proto("DT_FLOAT", float_val=[1])
    unknown.tensor_shape.unknown_rank = True
    with pytest.raises(TensorError, match="shape of a tensor must be known"):
        to_array(unknown)


def test_type_that_tensorflow_has_not_is_refused() -> None:
    with pytest.raises(TensorError, match="no type for datetime64"):
        to_proto(np.array(["2026-01-01"], "datetime64[D]"))
