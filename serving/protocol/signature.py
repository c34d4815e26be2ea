"""What a model takes and gives: SignatureDef without TensorFlow."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from google.protobuf import json_format

from serving.errors import InvalidArgument
from serving.protocol.prediction_service_pb2 import SignatureDef
from serving.protocol.prediction_service_pb2 import TensorInfo as TensorInfoMessage
from serving.protocol.tensor_pb2 import TensorProto

DEFAULT = "serving_default"  # the signature that is meant where none is named

# tensorflow/core/framework/types.proto, as far as JSON can carry them.
NUMPY_TYPES: dict[str, type[np.generic]] = {
    "DT_FLOAT": np.float32,
    "DT_DOUBLE": np.float64,
    "DT_INT32": np.int32,
    "DT_UINT8": np.uint8,
    "DT_INT16": np.int16,
    "DT_INT8": np.int8,
    "DT_STRING": np.object_,
    "DT_INT64": np.int64,
    "DT_BOOL": np.bool_,
    "DT_UINT16": np.uint16,
    "DT_UINT32": np.uint32,
    "DT_UINT64": np.uint64,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """One input or output of a signature."""

    name: str  # in the graph, such as "x:0"
    dtype: str  # TensorFlow's name, such as "DT_FLOAT"
    shape: tuple[int, ...] | None  # -1 for any size; None where even the rank is open


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One way to call a model."""

    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    method_name: str  # such as "tensorflow/serving/predict"
    defaults: Mapping[str, TensorProto] = dataclasses.field(default_factory=dict)  # by input


def choose(signatures: Mapping[str, Signature], name: str) -> Signature:
    """Return the signature of that name; raise InvalidArgument if there is none to be called.

    Without a name it is the default.
    """
    found = signatures.get(name or DEFAULT)
    if found is None:
        # TensorFlow Serving's words: http_rest_api_handler.cc:237.
        raise InvalidArgument(
            f'Serving signature name: "{name or DEFAULT}" not found in signature def'
        )
    if not found.inputs:
        # Such as __saved_model_init_op. json_tensor.cc, FillPredictRequestFromJson.
        raise InvalidArgument(f"Failed to get input map for signature: {name or 'DEFAULT'}")
    return found


def as_json(signature: Signature) -> dict[str, object]:
    """Return the signature as GET …/metadata prints it: proto field names, defaults included."""
    return {
        "inputs": {name: _info_json(info) for name, info in signature.inputs.items()},
        "outputs": {name: _info_json(info) for name, info in signature.outputs.items()},
        "method_name": signature.method_name,
        "defaults": {name: _tensor_json(each) for name, each in signature.defaults.items()},
    }


def of_json(given: Mapping[str, Any]) -> Signature:
    """Return the signature that a server printed; raise InvalidArgument where it is none.

    What is left off is empty, as wherever proto3 is printed without its defaults.
    """
    try:
        return Signature(
            inputs={name: _of_info(each) for name, each in given.get("inputs", {}).items()},
            outputs={name: _of_info(each) for name, each in given.get("outputs", {}).items()},
            method_name=given.get("method_name", ""),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidArgument("expected a SignatureDef with inputs and outputs") from None


def _of_info(given: Mapping[str, Any]) -> TensorInfo:
    shape = given.get("tensor_shape", {})
    sizes = tuple(int(each.get("size", 0)) for each in shape.get("dim", []))
    unknown = shape.get("unknown_rank", False)
    return TensorInfo(
        name=given.get("name", ""), dtype=given["dtype"], shape=None if unknown else sizes
    )


def _tensor_json(tensor: TensorProto) -> dict[str, object]:
    found: dict[str, object] = json_format.MessageToDict(
        tensor, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found


def _info_json(info: TensorInfo) -> dict[str, object]:
    sizes = [{"size": str(size), "name": ""} for size in info.shape or ()]
    shape = {"dim": sizes, "unknown_rank": info.shape is None}
    return {"dtype": info.dtype, "tensor_shape": shape, "name": info.name}


def as_message(signature: Signature) -> SignatureDef:
    """Return the signature as gRPC gives it."""
    message = SignatureDef(method_name=signature.method_name)
    for infos, found in (
        (signature.inputs, message.inputs),
        (signature.outputs, message.outputs),
    ):
        for name, info in infos.items():
            found[name].CopyFrom(_info_message(info))
    for name, tensor in signature.defaults.items():
        message.defaults[name].CopyFrom(tensor)
    return message


def _info_message(info: TensorInfo) -> TensorInfoMessage:
    message = TensorInfoMessage(name=info.name, dtype=info.dtype)
    message.tensor_shape.unknown_rank = info.shape is None
    for size in info.shape or ():
        message.tensor_shape.dim.add(size=size)
    return message
