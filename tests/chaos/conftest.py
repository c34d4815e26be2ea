"""Chaos: parts are killed, stopped and made to lie, and every message is accounted for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.chaos import report
from tests.chaos.arena import Arena
from tests.conftest import WeChatServer, until

_ROWS = list[report.Row]()


@pytest.fixture
def arena(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
) -> Iterator[Arena]:
    """Everything, up and running; in the end nobody was answered twice and nothing is open."""
    with Arena(tmp_path, wechat_server, samples["1-digit-3"]).open() as arena:
        yield arena
        try:
            until(lambda: not arena.outcomes()["none"])  # who reads is quicker than the record
            outcomes = arena.outcomes()
        except redis.RedisError:
            return  # the test has failed already
        fault = request.node.name.removeprefix("test_").replace("_", " ")
        doubled = arena.doubled()
        _ROWS.append(
            report.Row(
                fault=fault.replace("[", ": ").removesuffix("]"),
                outcomes=outcomes,
                broken=len(arena.broken),
                doubled=doubled,
                seconds=arena.waited(),
                figures=arena.figures,
            )
        )
        assert (outcomes["none"], doubled) == (0, 0)
        assert outcomes["unknown"] <= len(arena.broken)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    """Write the report where `make chaos` asks for it and all went well."""
    if os.environ.get("CHAOS_REPORT") and exitstatus == 0:
        report.write(_ROWS)
