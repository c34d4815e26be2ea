"""A catalogue told at run time what to serve, as HandleReloadConfigRequest tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format

from serving.errors import InvalidArgument, Unknown
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.protocol.model_server_config_pb2 import ModelServerConfig
from tests.serving.lifecycle.conftest import Make, serves, states

TENSORFLOW = 'model_platform: "tensorflow"'


def message(*configs: ModelConfig) -> ModelServerConfig:
    entries = "".join(
        f'config {{ name: "{each.name}" base_path: "{each.base_path}" {TENSORFLOW} }}'
        for each in configs
    )
    return text_format.Parse(f"model_config_list {{ {entries} }}", ModelServerConfig())


def test_reload_is_the_whole_truth(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1"), model("b", "1")])
    catalogue.reload(message(model("b"), model("c", "1")))
    assert catalogue.names() == ["b", "c"]
    assert states(catalogue, "a") == [(1, "END")]
    assert serves(catalogue, "c") == 1


def test_reload_tells_what_did_not_become_available(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    broken = model("a", "4")
    (tmp_path / "a" / "4" / "broken").touch()
    with pytest.raises(Unknown) as refused:
        catalogue.reload(message(broken, model("b", "1"), model("empty")))
    assert str(refused.value) == (
        "2 model(s) did not become available: {{{name: a version: 4} due to error: INTERNAL: "
        "ValueError('no model in …/broken')}, {{name: empty} due to error: NOT_FOUND: no version "
        "in its folder}, }"
    )
    assert serves(catalogue, "b") == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "),
        (
            f'model_config_list {{ config {{ name: "a" base_path: "a" {TENSORFLOW} }} }}',
            r"Expected model a to have an absolute path or URI; got base_path\(\)=a",
        ),
        (
            'model_config_list { config { name: "a" base_path: "/a" } }',
            r"Illegal setting neither ModelServerConfig::model_type \(deprecated\) nor ",
        ),
    ],
)
def test_reload_that_is_refused_changes_nothing(
    catalogue: Catalogue, model: Make, text: str, reason: str
) -> None:
    catalogue.apply([model("kept", "1")])
    with pytest.raises(InvalidArgument, match=reason):
        catalogue.reload(text_format.Parse(text, ModelServerConfig()))
    assert serves(catalogue, "kept") == 1
