"""serving.protocol.signature: which one is called, and what is said where it cannot be."""

from __future__ import annotations

import pytest

from serving.errors import InvalidArgument
from serving.protocol.signature import DEFAULT, Signature, TensorInfo, choose

X = TensorInfo(name="x:0", dtype="DT_FLOAT", shape=None)
WHOLE = Signature(inputs={"x": X}, outputs={"y": X}, method_name="")
CONSTANT = Signature(inputs={}, outputs={"y": X}, method_name="")


def test_without_a_name_it_is_the_default() -> None:
    assert choose({DEFAULT: WHOLE, "other": CONSTANT}, "") is WHOLE


@pytest.mark.parametrize(
    ("signatures", "name", "text"),
    [
        # http_rest_api_handler.cc, GetInfoMap
        ({}, "", 'Serving signature name: "serving_default" not found in signature def'),
        ({}, "x", 'Serving signature name: "x" not found in signature def'),
        # json_tensor.cc, FillPredictRequestFromJson
        ({DEFAULT: CONSTANT}, "", "Failed to get input map for signature: DEFAULT"),
        ({"x": CONSTANT}, "x", "Failed to get input map for signature: x"),
    ],
)
def test_signature_that_cannot_be_called(
    signatures: dict[str, Signature], name: str, text: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        choose(signatures, name)
    assert str(caught.value) == text
