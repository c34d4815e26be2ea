"""What there is: the models, the state of their versions, and what each may be asked."""

from __future__ import annotations

from typing import Any

from serving.errors import NotFound
from serving.lifecycle import record
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.offer import look
from serving.lifecycle.record import Change
from serving.paths import hidden
from serving.protocol import signature
from serving.servable import VersionStatus


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
        "labels": _labels(catalogue, name),
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


def versions(catalogue: Catalogue, name: str, *, people: bool) -> dict[str, Any]:
    """Return a model's versions and what has been decided about them; raise NotFound.

    people: say who did.
    """
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
        "changes": [_change(each, people=people) for each in changes],
    }


def answering(catalogue: Catalogue, name: str) -> tuple[list[int], list[str]]:
    """Return the versions that answer, highest first, and the labels that stand for them."""
    numbers = [each.number for each in _statuses(catalogue, name) if each.state == "AVAILABLE"]
    labels = _labels(catalogue, name)
    return numbers, [label for label, number in labels.items() if number in numbers]


def unanswered(catalogue: Catalogue) -> list[str]:
    """Return the models that have no version that answers."""
    return [name for name in sorted(catalogue.names()) if not answering(catalogue, name)[0]]


def _labels(catalogue: Catalogue, name: str) -> dict[str, int]:
    return {**catalogue.recorded(name), **catalogue.config(name).labels}


def _change(change: Change, *, people: bool) -> dict[str, Any]:
    found = record.as_json(change)
    return found if people else {**found, "by": change.by.partition(",")[0]}


def _statuses(catalogue: Catalogue, name: str) -> list[VersionStatus]:
    try:
        return catalogue.status(name)
    except NotFound:  # there never was one
        return []


def _version(status: VersionStatus) -> dict[str, Any]:
    return {"version": status.number, "state": status.state, "error": status.message}
