"""serving.flags: tensorflow_model_server's command line."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from serving.__main__ import COMMANDS
from serving.flags import IDLE, FlagError, Flags, parse, usage


def test_defaults_are_those_of_the_image() -> None:
    flags, warnings = parse([])
    assert (flags.port, flags.rest_api_port, flags.model_name) == (8500, 8501, "default")
    assert (flags.max_num_load_retries, flags.load_retry_interval_micros) == (5, 60_000_000)
    assert (flags.file_system_poll_wait_seconds, flags.saved_model_tags) == (1.0, "serve")
    assert (flags.enable_model_warmup, flags.rest_api_timeout_in_ms) == (True, 30_000)
    assert warnings == []


def test_flags_as_they_are_written() -> None:
    flags, warnings = parse(
        [
            "--port=8500",
            "--rest_api_port=8501",
            "--model_config_file=F",
            "--monitoring_config_file=G",
            "--allow_version_labels_for_unavailable_models=true",
            "--max_num_load_retries=0",
        ]
    )
    assert flags == Flags(
        model_config_file=Path("F"),
        monitoring_config_file=Path("G"),
        allow_version_labels_for_unavailable_models=True,
        max_num_load_retries=0,
    )
    assert warnings == []


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("--enable_batching", True),
        ("--enable_batching=true", True),
        ("--enable_batching=false", False),
    ],
)
def test_booleans_need_no_value(argument: str, value: bool) -> None:
    assert parse([argument])[0].enable_batching is value


def test_empty_file_is_none() -> None:
    assert parse(["--model_config_file="])[0].model_config_file is None


def test_former_name_is_known() -> None:
    assert parse(["--use_tflite_model=true"])[0].prefer_tflite_model


@pytest.mark.parametrize("name", IDLE)
def test_flag_without_effect_is_taken_with_a_warning(name: str) -> None:
    flags, (warning,) = parse([f"--{name}=true"])
    assert flags == Flags()
    assert warning.startswith(f"--{name} does nothing here: ")


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--prot=1", r"^unknown argument: --prot=1\n  did you mean --port\? "),
        ("--port", r"^unknown argument: --port\n  write --port=VALUE, without a blank"),
        ("8500", "^unknown argument: 8500\n  python -m serving --help"),
        ("--port=x", r"^Couldn't interpret value x for flag port\.\n  expected: 0 to 65535$"),
        ("--port=65536", r"^Couldn't interpret value 65536 for flag port\.\n  expected: 0 to"),
        (
            "--enable_batching=1",
            r"value 1 for flag enable_batching\.\n  expected: true or false$",
        ),
        ("--max_num_load_retries=1.5", r"max_num_load_retries\.\n  expected: a whole number$"),
        (
            "--per_process_gpu_memory_fraction=half",
            r"value half for flag per_process_gpu_memory_fraction\.\n  expected: a number$",
        ),
    ],
)
def test_wrong_flag_is_named(argument: str, message: str) -> None:
    with pytest.raises(FlagError, match=message):
        parse([argument])


def test_help_names_every_command() -> None:
    told = re.findall(r"^ +python -m serving (\w+)", usage(), re.MULTILINE)
    assert {*told, "serve"} == set(COMMANDS)  # which is what it does without one


def test_help_lists_every_flag() -> None:
    text = usage()
    assert "\n  --port=8500  gRPC; 0: none\n" in text
    assert "--enable_batching=false" in text
    assert all(f"--{name}" in text for name in IDLE)


def test_document_lists_every_flag() -> None:
    text = (Path(__file__).parents[2] / "docs" / "serving.md").read_text("utf-8")
    table = text.partition("<!-- the table")[2].partition("Accepted without effect")[0]
    listed = re.findall(r"`(\w+)`", table)
    assert sorted(listed) == sorted(field.name for field in dataclasses.fields(Flags))
