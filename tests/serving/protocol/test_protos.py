"""serving/protocol/*.proto against the official messages: the same bytes mean the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# Both live in one process here, as they do in the tests of gRPC. Bytes stand where the official
# message has another one that we do not look into, and a number where it has an enum: on the wire
# that is the same.
_COMPARE = """
import importlib, pathlib, pkgutil
import tensorflow
import google.protobuf.descriptor_pool as pool
import tensorflow_serving.apis, tensorflow_serving.config
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.core.example import example_pb2

for package in (tensorflow_serving.apis, tensorflow_serving.config):
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.endswith("_service_pb2"):  # no messages, and too old for this protobuf
            importlib.import_module(f"{package.__name__}.{module.name}")
ours = [
    importlib.import_module(f"serving.protocol.{path.stem}_pb2")
    for path in pathlib.Path("serving/protocol").glob("*.proto")
]
LOOSE = {"examples", "context", "error_code"}
UNKNOWN = {  # not in those packages
    "HealthCheckRequest", "HealthCheckResponse", "SSLConfig", "BatchingParameters",
    "PrometheusConfig", "MonitoringConfig",
}

def fields(message):
    return {
        each.name: (each.number, each.label, None if each.name in LOOSE else each.type)
        for each in message.fields
    }

def official(name):
    for package in ("tensorflow.serving", "tensorflow"):
        try:
            return pool.Default().FindMessageTypeByName(f"{package}.{name}")
        except KeyError:
            pass
    raise KeyError(name)

def compare(message, theirs):
    assert fields(message).items() <= fields(theirs).items(), message.name
    for nested in message.nested_types:
        compare(nested, theirs.nested_types_by_name[nested.name])
    for enum in message.enum_types:
        values = {each.name: each.number for each in theirs.enum_types_by_name[enum.name].values}
        assert {each.name: each.number for each in enum.values} == values, enum.name

compared = 0
for module in ours:
    for message in module.DESCRIPTOR.message_types_by_name.values():
        if message.name not in UNKNOWN:
            compare(message, official(message.name))
            compared += 1
assert compared >= 50, compared
types = {each.name: each.number for each in importlib.import_module(
    "serving.protocol.tensor_pb2").DESCRIPTOR.enum_types_by_name["DataType"].values}
assert types == dict(types_pb2.DataType.items())
"""


def test_field_numbers_are_those_of_tensorflow_serving() -> None:
    subprocess.run([sys.executable, "-c", _COMPARE], check=True, cwd=ROOT)


def test_generated_code_is_of_the_messages_as_they_stand(tmp_path: Path) -> None:
    protos = [str(path.relative_to(ROOT)) for path in (ROOT / "serving/protocol").glob("*.proto")]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--python_out={tmp_path}"]
    subprocess.run([*command, *protos], check=True, cwd=ROOT)
    for made in tmp_path.rglob("*_pb2.py"):
        assert made.read_text() == (ROOT / made.relative_to(tmp_path)).read_text()


_ALONE = """
import sys
from serving import grpc_server, rest
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
rest.create_app(Catalogue(lambda *_: None))
grpc_server.start(Catalogue(lambda *_: None), Flags(port=0, grpc_socket_path=sys.argv[1])).stop(0)
assert "tensorflow" not in sys.modules, "a server of another framework would have to install it"
"""


def test_both_fronts_do_without_tensorflow(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ALONE, str(tmp_path / "socket")]
    subprocess.run(command, check=True, cwd=ROOT)
