"""The webhook and nginx in front of it; what deploy/kubernetes makes of each overlay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.door import Door, opened
from tests.conftest import make_settings
from tests.deploy.front import Front, front
from tests.deploy.overlay import OVERLAYS, Overlay, render


@pytest.fixture(scope="module")
def webhook(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The real webhook under gunicorn."""
    with opened(make_settings(redis_url=redis_url), tmp_path_factory.mktemp("app")) as door:
        yield door


@pytest.fixture(scope="module")
def nginx(webhook: Door) -> Iterator[Front]:
    """TLS in front of it, by nginx."""
    with front(f"127.0.0.1:{webhook.port}") as found:
        yield found


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Overlay:
    """Each overlay."""
    return render(request.param, tmp_path_factory.mktemp("overlay"))


@pytest.fixture(scope="module")
def cpu(tmp_path_factory: pytest.TempPathFactory) -> Overlay:
    """What all others build on."""
    return render("cpu", tmp_path_factory.mktemp("overlay"))


@pytest.fixture(scope="module")
def keda(tmp_path_factory: pytest.TempPathFactory) -> Overlay:
    """The one with KEDA."""
    return render("keda", tmp_path_factory.mktemp("overlay"))
