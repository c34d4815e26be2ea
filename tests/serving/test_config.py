"""serving.lifecycle.config and the generated messages behind it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serving.lifecycle.config import (
    ConfigError,
    ModelConfig,
    VersionPolicy,
    parse_config,
    read_config,
)

ROOT = Path(__file__).parents[2]
TWO = """
# both servers read this
model_config_list {
  config { name: "demo" base_path: "/models/demo" model_platform: "tensorflow" }
  config: {
    name: 'resnet50', base_path: '/models/resnet50'
    model_version_policy { specific { versions: 2 versions: 7 } }
    version_labels { key: "stable" value: 2 }
  }
}
"""


def test_models_are_read_in_their_order() -> None:
    assert parse_config(TWO, "models.config") == [
        ModelConfig(name="demo", base_path=Path("/models/demo")),
        ModelConfig(
            name="resnet50",
            base_path=Path("/models/resnet50"),
            policy=VersionPolicy(specific=(2, 7)),
        ),
    ]


def test_shipped_config_names_the_shipped_model() -> None:
    shipped = read_config(ROOT / "serving" / "models" / "models.config")
    assert [model.name for model in shipped] == ["demo"]


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        ("", [11]),
        ("latest { num_versions: 2 }", [11, 3]),
        ("all {}", [11, 3, 1]),
        ("specific { versions: 1 versions: 5 }", [1]),
    ],
)
def test_policies(policy: str, chosen: list[int]) -> None:
    entry = f'name: "m" base_path: "/m" model_version_policy {{ {policy} }}'
    (model,) = parse_config(f"model_config_list {{ config {{ {entry} }} }}", "f")
    assert model.policy.choose([1, 3, 11]) == chosen


ONE = 'config { name: "x" base_path: "/m" }'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected model_config_list"),
        ("model_config_list {", r"models\.config:1"),
        ('model_config_list {\n config { nam: "x" } }', r"models\.config:2:11 .*nam"),
        ('model_config_list { config { name: "x" } }', "needs a name and a base_path"),
        ('model_config_list { config { name: "x" base_path: "m" } }', "absolute path; found: m"),
        (f"model_config_list {{ {ONE} {ONE} }}", "given twice: x"),
        (
            'model_config_list { config { name: "x" base_path: "/m" model_platform: "caffe" } }',
            "model_platform 'caffe'",
        ),
    ],
)
def test_mistake_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(text, "models.config")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.config: cannot be read"):
        read_config(tmp_path / "none.config")


def test_file_that_is_not_text_is_named_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "models.config"
    path.write_bytes(b"model_config_list {} # caf\xe9")
    with pytest.raises(ConfigError, match=r"models\.config: .* UTF-8; found: byte 0xe9 at 26"):
        read_config(path)


_COMPARE = """
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2 as theirs_config
from tensorflow.core.framework import tensor_pb2
from serving.protocol import model_server_config_pb2 as ours_config, prediction_log_pb2 as ours

def fields(message):
    return {f.name: (f.number, f.type) for f in message.DESCRIPTOR.fields}

pairs = [
    (ours_config.ModelServerConfig, theirs_config.ModelServerConfig),
    (ours_config.ModelConfigList, theirs_config.ModelConfigList),
    (ours_config.ModelConfig, theirs_config.ModelConfig),
    (ours.PredictionLog, prediction_log_pb2.PredictionLog),
    (ours.PredictLog, prediction_log_pb2.PredictLog),
    (ours.PredictRequest, predict_pb2.PredictRequest),
    (ours.ModelSpec, model_pb2.ModelSpec),
]
for mine, official in pairs:
    assert fields(mine).items() <= fields(official).items(), mine
numbers = {f.name: f.number for f in tensor_pb2.TensorProto.DESCRIPTOR.fields}
assert {n: number for n, (number, _) in fields(ours.TensorProto).items()}.items() <= numbers.items()
policy = ours_config.FileSystemStoragePathSourceConfig.ServableVersionPolicy
from tensorflow_serving.config import file_system_storage_path_source_pb2 as source
assert fields(policy) == fields(source.FileSystemStoragePathSourceConfig.ServableVersionPolicy)
"""


def test_field_numbers_are_those_of_tensorflow_serving() -> None:
    subprocess.run([sys.executable, "-c", _COMPARE], check=True, cwd=ROOT)


def test_generated_code_is_of_the_messages_as_they_stand(tmp_path: Path) -> None:
    protos = [str(path.relative_to(ROOT)) for path in (ROOT / "serving/protocol").glob("*.proto")]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--python_out={tmp_path}"]
    subprocess.run([*command, *protos], check=True, cwd=ROOT)
    for made in tmp_path.rglob("*_pb2.py"):
        assert made.read_text() == (ROOT / made.relative_to(tmp_path)).read_text()
