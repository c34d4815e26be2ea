"""serving.simple_flags: Simple TensorFlow Serving's flags; both families' from the environment."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest

from launch.supervisor import free_port
from serving.flags import IDLE, FlagError, Flags, parse, usage
from serving.server import StartError, prepare
from serving.simple_flags import SimpleFlags

# Of server.py, release 0.8.2; what it does not have is --model_version, though it was shown.
THEIRS = [
    "host",
    "port",
    "enable_ssl",
    "secret_pem",
    "secret_key",
    "model_name",
    "model_base_path",
    "model_platform",
    "model_config_file",
    "reload_models",
    "custom_op_paths",
    "session_config",
    "debug",
    "log_level",
    "enable_auth",
    "auth_username",
    "auth_password",
    "enable_cors",
    "enable_b64_autoconvert",
    "download_inference_images",
]


@pytest.mark.parametrize("name", THEIRS)
def test_each_of_its_flags_is_known(name: str) -> None:
    values = {"port": "1", "enable_auth": "False", "log_level": "info"}
    parse([f"--{name}={values.get(name, 'True')}"])


def test_command_of_the_slides() -> None:
    flags, warnings = parse(
        ["--model_base_path=./model", "--model_platform=scikitlearn", "--model_version=v0.1.0"]
    )
    assert flags == Flags(
        model_base_path=Path("model"), model_platform="scikitlearn", model_version="v0.1.0"
    )
    assert warnings == []


@pytest.mark.parametrize("field", dataclasses.fields(Flags), ids=lambda field: field.name)
def test_each_flag_may_come_from_the_environment(field: dataclasses.Field[object]) -> None:
    value = "error" if field.name == "log_level" else "7"
    if isinstance(field.default, bool):
        value = str(not field.default).lower()
    with_password = {"STFS_AUTH_PASSWORD": "secret"}
    flags, _ = parse([], {**with_password, f"STFS_{field.name.upper()}": value})
    assert flags == parse([f"--{field.name}={value}"], with_password)[0]
    assert flags != parse([], with_password)[0]


def test_command_line_counts_for_more_and_the_empty_for_nothing() -> None:
    environment = {"STFS_MODEL_NAME": "a", "STFS_PORT": "1", "STFS_DEBUG": "", "HOME": "/"}
    flags, _ = parse(["--model_name=b"], environment)
    assert flags == Flags(model_name="b", port=1)


def test_its_names_and_its_words_for_true() -> None:
    flags, _ = parse(["--host=127.0.0.1", "--enable_cors=True", "--debug=TRUE"], {})
    assert flags == Flags(rest_api_host="127.0.0.1", rest_api_enable_cors_support=True, debug=True)
    assert flags.level == logging.DEBUG


@pytest.mark.parametrize(
    ("variable", "flag"),
    [
        ("STFS_B64_AUTOCONVERT", "enable_b64_autoconvert"),
        ("STFS_DOWNLOAD_INFERENCE_IMAGES", "download_inference_images"),
    ],
)
def test_variable_without_effect_is_told(variable: str, flag: str) -> None:
    assert parse([], {variable: "1"})[1] == [f"--{flag} does nothing here: {IDLE[flag]}"]


def test_models_that_are_not_reloaded_are_looked_for_once() -> None:
    assert parse(["--reload_models=False"], {})[0].file_system_poll_wait_seconds == 0
    flags, _ = parse(["--reload_models=False", "--file_system_poll_wait_seconds=2"], {})
    assert flags.file_system_poll_wait_seconds == 2


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (
            [],
            {"STFS_MODL_NAME": "x"},
            r"^STFS_MODL_NAME: unknown argument: --modl_name\n  did you me",
        ),
        ([], {"STFS_PORT": "tcp://10.0.0.1:8500"}, "^STFS_PORT: Couldn't interpret value tcp://"),
        (["--log_level=loud"], {}, "value loud for flag log_level; expected: debug, info, warn"),
        (["--enable_auth"], {}, "--enable_auth needs --auth_username and a password: STFS_AUTH_P"),
        (
            ["--enable_auth", "--auth_username=", "--auth_password=a"],
            {},
            "--enable_auth needs --auth_username",
        ),
        (["--enable_auth=Yes"], {}, "Couldn't interpret value yes for flag enable_auth"),
        (["--enable_batching=True"], {}, "Couldn't interpret value True for flag enable_batching"),
    ],
)
def test_wrong_flag_is_named(
    arguments: list[str], environment: dict[str, str], message: str
) -> None:
    with pytest.raises(FlagError, match=message):
        parse(arguments, environment)


def test_secret_in_a_misspelt_variable_is_not_shown() -> None:
    with pytest.raises(FlagError) as caught:
        parse([], {"STFS_AUTH_PASWORD": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_password_is_not_in_the_flags_text() -> None:
    assert "hunter2" not in repr(Flags(auth_password="hunter2"))


def test_help_shows_both_families() -> None:
    ours, _, simple = usage().partition("flags of Simple TensorFlow Serving, with their defaults:")
    assert "flags of tensorflow_model_server, with their defaults:\n  --port=8500" in ours
    assert all(f"\n  --{field.name}=" in simple for field in dataclasses.fields(SimpleFlags))
    assert all(f"--{name}" in simple for name in THEIRS)


def test_two_certificates_for_one_port_are_refused() -> None:
    ports = [f"--port={free_port()}", f"--rest_api_port={free_port()}"]
    flags = ["--enable_ssl", "--rest_api_ssl_config_file=/a", "--model_base_path=/m"]
    with pytest.raises(StartError, match="--enable_ssl and --rest_api_ssl_config_file: expected"):
        prepare([*ports, *flags])


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--model_platform=fortran", "^command line: Model default requests unsupported platform"),
        ("--model_version=a/b", "^command line: version a/b: expected a number, or a label of"),
        ("--session_config={allow_growth}", "^--session_config: Expecting property name enclosed"),
        ('--session_config={"gpu": 1}', "^--session_config: session_config: unknown gpu; expec"),
        ("--processing_modules=not_there", "^--processing_modules: not_there cannot be imported"),
        ("--enable_ssl", r"^--enable_ssl: --secret_pem=secret\.pem: cannot be read: .*No such"),
    ],
)
def test_what_would_go_wrong_stops_the_start(flag: str, message: str) -> None:
    ports = [f"--port={free_port()}", f"--rest_api_port={free_port()}"]
    with pytest.raises(Exception, match=message):
        prepare([*ports, "--model_base_path=/m", flag])
