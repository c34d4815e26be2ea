"""serving.lifecycle.config and the generated messages behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.config_file import ConfigError, read_text
from serving.lifecycle.config import ModelConfig, VersionPolicy, parse_config

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
            platform="auto",
            policy=VersionPolicy(specific=(2, 7)),
            labels={"stable": 2},
        ),
    ]


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
        ("custom_model_config {}", "expected model_config_list"),
        ("model_config_list {", r"^models\.config:1:19 "),
        ('model_config_list {\n config { nam: "x" } }', r"^models\.config:2:11 .*nam"),
        ("model_config_list {\n config { name: 1 } }", r"^models\.config:2:17 "),
        ('model_config_list {\nconfig { name: "x" } }', r"config:2:16: each config needs a name"),
        (
            'model_config_list {\n config { name: "x" base_path: "m" } }',
            r"^models\.config:2:32: Expected model x to have an absolute path or URI; got ",
        ),
        (
            f"model_config_list {{ {ONE}\n {ONE} }}",
            r"^models\.config:2:17: Illegal to list model x multiple times in config list",
        ),
        (
            'model_config_list {\n config { name: "x" base_path: "/m"\n model_platform: "cafe" } }',
            r"^models\.config:3:18: Model x requests unsupported platform cafe; expected: tensorf",
        ),
        (
            'model_config_list { config { name: "x" base_path: "/m" model_type: OTHER } }',
            r"^models\.config:1:68: ModelServerConfig::model_type choice 2 not supported\.",
        ),
        (
            f"model_config_list {{ {ONE[:-1]}\n model_type: TENSORFLOW model_platform: 'own' }} }}",
            r"^models\.config:2:41: Illegal setting both ModelServerConfig::model_type",
        ),
    ],
)
def test_mistake_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(text, "models.config")


def test_missing_platform_is_told(caplog: pytest.LogCaptureFixture) -> None:
    (model,) = parse_config(f"model_config_list {{ {ONE} }}", "models.config")
    assert model.platform == "auto"
    assert "model=x has no model_platform" in caplog.text


def test_old_spelling_of_the_platform() -> None:
    entry = 'config { name: "x" base_path: "/m" model_type: TENSORFLOW }'
    (model,) = parse_config(f"model_config_list {{ {entry} }}", "models.config")
    assert model.platform == "tensorflow"


def test_list_without_models_may_be_filled_later() -> None:
    assert parse_config("model_config_list {}", "models.config") == []


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.config: cannot be read"):
        read_text(tmp_path / "none.config")


def test_file_that_is_not_text_is_named_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "models.config"
    path.write_bytes(b"model_config_list {} # caf\xe9")
    with pytest.raises(ConfigError, match=r"models\.config: .* UTF-8; found: byte 0xe9 at 26"):
        read_text(path)
