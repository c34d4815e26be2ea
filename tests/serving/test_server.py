"""serving.server: how gunicorn is set, and the thread that keeps the models up."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pytest

from serving import server
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.server import Server, keep_up, parser


class Stop(BaseException):
    """Ends a loop that has no end."""


@pytest.fixture
def flags(tmp_path: Path) -> argparse.Namespace:
    config = tmp_path / "models.config"
    config.write_text('model_config_list { config { name: "m" base_path: "/m" } }')
    return parser().parse_args(
        [f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=0.001"]
    )


class Faulty(Catalogue):
    """Fails twice, then takes the models."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def apply(self, configs: Sequence[ModelConfig]) -> None:
        self.calls.append([config.name for config in configs])
        if len(self.calls) <= 2:
            raise RuntimeError("nobody thought of this")
        if len(self.calls) == 4:
            raise Stop


def test_nothing_unexpected_ends_the_loop(
    flags: argparse.Namespace, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue = Faulty()
    with pytest.raises(Stop):
        keep_up(catalogue, [], flags)
    assert catalogue.calls == [[], ["m"], ["m"], ["m"]]
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


def test_config_file_that_is_not_text_leaves_the_models_as_they_are(
    flags: argparse.Namespace,
) -> None:
    flags.model_config_file.write_bytes(b"\xff")
    catalogue = Faulty()
    with pytest.raises(Stop):
        keep_up(catalogue, [ModelConfig(name="old", base_path=Path("/old"))], flags)
    assert catalogue.calls == [["old"]] * 4


def test_config_file_read_with_an_unexpected_error_ends_no_loop_either(
    flags: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_config(_path: Path) -> list[ModelConfig]:
        raise RecursionError("nobody thought of this")

    monkeypatch.setattr(server, "read_config", read_config)
    catalogue = Faulty()
    with pytest.raises(Stop):
        keep_up(catalogue, [ModelConfig(name="old", base_path=Path("/old"))], flags)
    assert catalogue.calls == [["old"]] * 4


def test_gunicorn_opens_no_socket_for_others_to_share(flags: argparse.Namespace) -> None:
    assert Server(flags, []).cfg.control_socket_disable is True
