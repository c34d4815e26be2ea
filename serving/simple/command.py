"""`python -m serving versions`: what is online of a model, and changes to that."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Sequence

from serving.config_file import ConfigError
from serving.errors import InvalidArgument, ServingError
from serving.flags import FlagError, parse
from serving.lifecycle import offer, record, versions
from serving.lifecycle.config import ModelConfig, configured
from serving.lifecycle.record import RecordError

_LIST = "list"
_USAGE = """\
usage: python -m serving versions [flags of the server] [list]
       python -m serving versions [flags of the server] online|offline|pin VERSION
       python -m serving versions [flags of the server] unpin|rollback

The flags say where the model is: --model_base_path=DIR, or --model_config_file=FILE and, where it
has more than one model, --model_name=NAME. VERSION is a number or a label. Changes are written to
.versions.jsonl among the versions; a server that serves them follows within seconds
(--file_system_poll_wait_seconds), whether it runs now or later.

  online    serve this version, whatever the policy of the config says
  offline   do not serve it
  pin       serve this version and no other; unpin: as before
  rollback  pin the version before the highest that is served
"""


def main(arguments: Sequence[str]) -> int:
    """Print what is, or change it; return 0, 1 where it cannot be done, 2 for bad arguments."""
    if {"--help", "-h"} & set(arguments):
        sys.stdout.write(_USAGE)
        return 0
    words = [each for each in arguments if not each.startswith("--")]
    try:
        flags, _ = parse([each for each in arguments if each.startswith("--")])
        model = _chosen(configured(flags)[0], flags.model_name)
    except (FlagError, ConfigError) as error:
        sys.stderr.write(f"versions: {error}\n")
        return 2
    return _run(model, words or [_LIST])


def _chosen(models: Sequence[ModelConfig], name: str) -> ModelConfig:
    """Return the only model, or the one of that name; raise ConfigError."""
    if len(models) == 1:
        return models[0]
    for model in models:
        if model.name == name:
            return model
    listed = ", ".join(model.name for model in models) or "none"
    raise ConfigError(f"--model_name={name}: expected one of the config's models: {listed}")


def _run(model: ModelConfig, words: Sequence[str]) -> int:
    action, version = words[0], " ".join(words[1:])
    try:
        for line in [*_change(model, action, version), *_lines(model)]:
            sys.stdout.write(f"{line}\n")
    except OSError as error:
        expected = "expected the model's folder, with its versions in it"
        sys.stderr.write(f"versions: {model.base_path}: {error.strerror}; {expected}\n")
        return 1
    except (ServingError, RecordError) as error:
        sys.stderr.write(f"versions: {error}\n")
        return 1
    return 0


def _change(model: ModelConfig, action: str, version: str) -> list[str]:
    """Change what was asked for, and tell it; raise ServingError."""
    if action == _LIST and not version:
        return []
    if action == _LIST:
        raise InvalidArgument(f"{_LIST} takes no version")
    if action not in versions.ACTIONS:
        there = ", ".join([_LIST, *versions.ACTIONS])
        raise InvalidArgument(f"unknown action {action}; expected: {there}")
    return [_line(versions.change(model, action, version, f"command, {_user()}"))]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, of a number that has no name
        return f"user {os.getuid()}"


def _lines(model: ModelConfig) -> Iterator[str]:
    """Give what is on disk, which of it is served, and what was changed."""
    found = offer.look(model, assign=False)
    served = found.chosen()
    labels = {**found.labels, **model.labels}
    for number in sorted(found.paths, reverse=True):
        names = [label for label, each in labels.items() if each == number]
        state = "online" if number in served else "offline"
        pinned = ", pinned" if number == found.decisions.pinned else ""
        yield " ".join([f"{model.name} version {number}: {state}{pinned}", *names])
    if not found.paths:
        yield f"{model.name}: no version in {model.base_path}"
    for change in record.read(model.base_path):
        yield f"  {_line(change)}"


def _line(change: record.Change) -> str:
    version = "" if change.version is None else f" {change.version}"
    return f"{change.when} {change.action}{version} {change.label}".rstrip() + f" by {change.by}"
