"""Several commands to Redis as one: a pipeline whose commands travel as the argument of a script.

redis-py packs each command of a pipeline and reads each answer by itself, in Python; a webhook that
asks twenty things of each message pays for that twenty times. docs/performance.md has its cost.
"""

from __future__ import annotations

import json
from typing import Any

import redis
from redis.client import Pipeline
from redis.commands.core import Script

_RUN = """
local answers = {}
for number, command in ipairs(cjson.decode(ARGV[1])) do
    answers[number] = redis.call(unpack(command))
end
return answers
"""


class Bundles:
    """Makes bundles for one Redis."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._run = connection.register_script(_RUN)

    def bundle(self) -> Bundle:
        """Return an empty one."""
        return Bundle(self._connection, self._run)


class Bundle(Pipeline):
    """Filled like any pipeline; nobody else's commands come in between.

    The answers are Redis' own: bytes, integers and None. Commands that hold bytes other than UTF-8
    do not fit in.
    """

    def __init__(self, connection: redis.Redis, run: Script) -> None:
        super().__init__(connection.connection_pool, {}, transaction=False, shard_hint=None)
        self._run = run
        self._commands = list[list[str]]()

    def execute_command(self, *parts: Any, **_options: object) -> Bundle:
        """Add a command."""
        self._commands.append([_text(part) for part in parts])
        return self

    def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: ARG002, FBT001, FBT002  # redis-py's signature
        """Return the answers, in order; raise redis.RedisError, then for the first that failed."""
        commands, self._commands = self._commands, []
        answers: list[Any] = self._run(args=[json.dumps(commands)]) if commands else []
        return answers


def _text(part: Any) -> str:
    if isinstance(part, str):  # most are
        return part
    return part.decode() if isinstance(part, bytes) else repr(part)
