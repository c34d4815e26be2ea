"""What there is: the models, the state of their versions, and what each may be asked."""

from __future__ import annotations

from typing import Any

from serving.errors import NotFound
from serving.lifecycle import record
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.offer import look
from serving.lifecycle.paths import hidden
from serving.lifecycle.servable import VersionStatus
from serving.protocol import signature


def models(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return all models, by name."""
    return [brief(catalogue, name) for name in sorted(catalogue.names())]


def brief(catalogue: Catalogue, name: str) -> dict[str, Any]:
    """Return one model and the state of its versions; raise NotFound."""
    config = catalogue.config(name)
    return {
        "name": name,
        "platform": config.platform,
        "versions": [_version(each) for each in _statuses(catalogue, name)],
        "labels": {**catalogue.recorded(name), **config.labels},
    }


def detail(catalogue: Catalogue, name: str) -> dict[str, Any]:
    """Return one model and the signatures of its newest version that answers; raise NotFound."""
    found = brief(catalogue, name)
    try:
        with catalogue.use(name) as served:
            signatures = served.servable.signatures
            found["version"] = served.version
            found["signatures"] = {key: signature.as_json(each) for key, each in signatures.items()}
    except NotFound:
        found["version"], found["signatures"] = None, {}
    return found


def versions(catalogue: Catalogue, name: str) -> dict[str, Any]:
    """Return a model's versions, what has been decided about them, and by whom; raise NotFound."""
    config = catalogue.config(name)
    try:
        offer, changes = look(config, assign=False), record.read(config.base_path)
    except (OSError, record.RecordError) as error:
        raise NotFound(hidden(str(error))) from None
    return {
        "name": name,
        "versions": [_version(each) for each in _statuses(catalogue, name)],
        "on_disk": sorted(offer.paths),
        "pinned": offer.decisions.pinned,
        "offline": sorted(offer.decisions.offline),
        "labels": dict(offer.labels),
        "changes": [record.as_json(each) for each in changes],
    }


def unanswered(catalogue: Catalogue) -> list[str]:
    """Return the models that have no version that answers."""
    return [
        name
        for name in sorted(catalogue.names())
        if not any(each.state == "AVAILABLE" for each in _statuses(catalogue, name))
    ]


def _statuses(catalogue: Catalogue, name: str) -> list[VersionStatus]:
    try:
        return catalogue.status(name)
    except NotFound:  # there never was one
        return []


def _version(status: VersionStatus) -> dict[str, Any]:
    return {"version": status.number, "state": status.state, "error": status.message}
