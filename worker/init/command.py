"""Holds the interview on a terminal, and writes what came of it, whole or not at all."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from contract.settings import SettingsError, load_settings
from labels import LANGUAGES
from worker.doctor.finding import wrong_settings
from worker.doctor.wording import choose_language, put
from worker.init.dialogue import Dialogue
from worker.init.env_file import EnvFile
from worker.init.interview import Interview

_INTERRUPTED = 130  # as shells call it


def offer(flags: argparse.ArgumentParser) -> None:
    """Say what begin() can be told on the command line."""
    flags.description = (
        "Ask for the settings, try them with WeChat, Redis and the model server, and write .env. "
        "Secrets are not shown. Exit status: 0 written, 1 written but something is still wrong, "
        "2 nothing is written, 130 ended by Ctrl-C."
    )
    flags.add_argument(
        "--file", metavar="FILE", type=Path, help="(default: KANTU_ENV_FILE or .env)"
    )
    flags.add_argument("--language", choices=LANGUAGES, help="zh or en, for you and as LANGUAGE")


def begin(flags: argparse.Namespace) -> int:
    """Ask and write; return the exit status."""
    logging.disable()  # what is worth saying becomes a line
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # no other is ever there
    path = flags.file or Path(os.environ.get("KANTU_ENV_FILE") or ".env")
    dialogue = Dialogue(choose_language(flags.language))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _give_up(dialogue, "no_terminal", path=path)
    try:
        env_file = EnvFile.read(path)
    except (OSError, UnicodeDecodeError) as error:
        return _give_up(dialogue, "unreadable", path=path, error=type(error).__name__)
    try:
        _interview(dialogue, env_file, path, flags.language)
        env_file.write(path)
    except (KeyboardInterrupt, EOFError):
        dialogue.show("")
        dialogue.say("nothing")
        return _INTERRUPTED
    except OSError as error:
        return _give_up(dialogue, "unwritable", path=path, error=error.strerror)
    dialogue.say("written", path=path)
    return _finish(dialogue, env_file, path)


def _give_up(dialogue: Dialogue, key: str, **values: object) -> int:
    sys.stderr.write(dialogue.words("say", key, **values) + "\n")
    return 2


def _interview(dialogue: Dialogue, env_file: EnvFile, path: Path, language: str | None) -> None:
    interview = Interview(dialogue, env_file, path)
    known = env_file.values().get("LANGUAGE")
    while not language and known not in LANGUAGES:
        answer = dialogue.ask("LANGUAGE", "shown", dialogue.language) or dialogue.language
        language = answer if answer in LANGUAGES else None
    dialogue.language = language or known or dialogue.language
    interview.note("LANGUAGE", dialogue.language)
    interview.hold()


def _finish(dialogue: Dialogue, env_file: EnvFile, path: Path) -> int:
    """Say what is still wrong, and what to do next."""
    status = 0
    try:
        load_settings("wechat_app_secret", env_file=str(path))
    except SettingsError as error:
        dialogue.say("still_wrong")
        for finding in wrong_settings(error):
            line = put(finding, dialogue.language).line(dialogue.language, finding.mark)
            dialogue.show(f"  {line}")
        status = 1
    mode = env_file.values().get("WECHAT_MODE", "safe")
    dialogue.say("console", "next", path=path, mode=mode)
    dialogue.say("run", "next")
    dialogue.say("doctor", "next")
    return status
