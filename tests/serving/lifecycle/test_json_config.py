"""serving.lifecycle.json_config: Simple TensorFlow Serving's config of models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serving.config_file import ConfigError
from serving.lifecycle.config import VersionPolicy, parse_config
from serving.lifecycle.json_config import WrongJson, is_json, session, version
from serving.session_options import read_options
from tests.serving.simple import slides


def config(**model: Any) -> str:
    given = {"name": "m", "base_path": "/m", "platform": "tensorflow", **model}
    return json.dumps({"model_config_list": [given]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (slides.CONFIG, "^C:7:7: Expecting ',' delimiter; found: \"version\":lx_v0.1.0$"),
        (slides.WITH_COMMA, "^C:7:17: Expecting value; found: lx_v0.1.0: texts stand in quotes$"),
        (f"# 服务的常用配置\n{slides.CONFIG}", "^C:1:1: Expecting value; found: # 服务的常用配置$"),
        ('{"model_config_list": [', "^C:1:24: Expecting value; found: the end of the line$"),
        ("{", "^C:1:2: Expecting property name"),
        ("{}", r'^C: expected {"model_config_list": \[{"name": …, "base_path": …}, …\]}$'),
        ('{"model_config_list": {}}', "^C: expected "),
        ('{"model_config_list": [1]}', "^C: expected an object for each model; found: 1$"),
        ('{"model_config_list": ' + "[" * 100_000, "^C: nested too deeply$"),
        (config(name=""), "^C:1:.*: each config needs a name and a base_path; found: name=''"),
        (config(name=None), "^C:1:25: name: expected a string; found: null$"),
        (config(base="/m"), "^C:1:.*: unknown key base; expected: name, base_path, platform, ve"),
        (config(platform="tensorlow"), "^C:1:.*: Model m requests unsupported platform tensorlow"),
        (config(version=["1"]), "version: expected a string; found: "),
        (config(version=True), "version: expected a string; found: true"),
        (config(version="../../etc"), r"version \.\./\.\./etc: expected a number, or a label of"),
        (config(version="v" * 101), "expected a number, or a label of letters, digits and . _"),
        (config(custom_op_paths=[1]), "custom_op_paths: expected a string; found: 1"),
        (config(session_config=[]), "session_config: expected an object"),
        (config(session_config="{"), "1:2: Expecting property name"),
        (
            config(session_config={"allow_growth": "yes"}),
            "session_config: allow_growth: expected true or false; found: 'yes'",
        ),
        (
            config(session_config={"per_process_gpu_memory_fraction": 1.5}),
            "per_process_gpu_memory_fraction: expected a number of 0 to 1; found: 1.5",
        ),
        (
            config(session_config={"gpu": 1}),
            "session_config: unknown gpu; expected: log_device_placement, allow_soft_placement, ",
        ),
    ],
)
def test_wrong_config_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(text, "C")


def test_model_that_is_listed_twice_is_shown_where_it_stands_again() -> None:
    text = config().replace("[", "[\n").replace("]", f",\n{config()[23:-2]}]")
    with pytest.raises(ConfigError, match=r"^C:3:10: Illegal to list model m multiple times"):
        parse_config(text, "C")


def test_config_of_the_slides_corrected() -> None:
    text = slides.corrected(Path("/a"), Path("./b"), Path("c"))
    first, second, third = parse_config(text, "C")
    assert (first.name, first.version) == ("ResNet For WeChat Server", "lx_v0.1.0")
    paths = [first.base_path, second.base_path, third.base_path]
    assert paths == [Path("/a"), Path.cwd() / "b", Path.cwd() / "c"]  # from where it is started


def test_every_key_is_taken() -> None:
    session_config = {"allow_growth": True, "per_process_gpu_memory_fraction": 0.5}
    (model,) = parse_config(
        config(version=3, custom_op_paths=["a.so", "b"], session_config=session_config), "C"
    )
    assert (model.version, model.custom_op_paths) == ("3", "a.so,b")
    assert read_options(model.session_config) == session_config
    assert model.policy == VersionPolicy(latest=None)  # there, every version was served


def test_session_options_come_as_text_as_well() -> None:
    (model,) = parse_config(config(session_config='{"allow_soft_placement": true}'), "C")
    assert read_options(model.session_config) == {"allow_soft_placement": True}
    assert read_options("") == {}
    assert session("") == ""


@pytest.mark.parametrize("text", ["{", " \n{", "\ufeff{", "# a\n # b\n{"])
def test_json_is_known_by_its_beginning(text: str) -> None:
    assert is_json(text)


@pytest.mark.parametrize("text", ["", "# a", "model_config_list {", "# {\nmodel_config_list {"])
def test_text_format_is_not_taken_for_it(text: str) -> None:
    assert not is_json(text)


@pytest.mark.parametrize("text", ["", "1", "0001", "v0.1.0", "2024-01-31", "a+b"])
def test_what_may_name_a_version(text: str) -> None:
    assert version(text) == text


@pytest.mark.parametrize("text", ["..", ".hidden", "a/b", "a b", "-1", "第一版", "v1\n"])
def test_what_may_not(text: str) -> None:
    with pytest.raises(WrongJson):
        version(text)
