"""serving.__main__: the commands of `python -m serving`."""

from __future__ import annotations

import pytest

from serving.__main__ import main


def test_unknown_command_is_named_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["clients", "--help"]) == 2
    assert capsys.readouterr().err == (
        "serving: there is no command clients; expected flags, or one of client, doctor, export, "
        "inspect, models, serve, train, versions: python -m serving --help\n"
    )


@pytest.mark.parametrize("command", ["doctor", "serve"])
def test_help_may_be_asked_for_by_one_letter(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "-h"]) == 0
    assert "usage: python -m serving" in capsys.readouterr().out
