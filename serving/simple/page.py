"""The page of models and their statistics: HTML with charts, without a script."""

from __future__ import annotations

from typing import Any

import flask

from labels import LANGUAGES, book
from serving.errors import NotFound
from serving.lifecycle.catalogue import Catalogue
from serving.monitoring.statistics import Statistics
from serving.pages.language import chosen, remember
from serving.simple import chart, listing

_CHANGES = 5  # the latest, of each model
_RENEWAL = 30  # seconds; ?still stops it, for who reads more slowly: WCAG 2.2.1
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",  # the page's own; it has no script, and loads nothing
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def render(catalogue: Catalogue, statistics: Statistics) -> flask.Response:
    """Return the page in the visitor's language."""
    language = chosen()
    words = book(language, "statistics")
    counted = {(each["model_name"], each["model_version"]): each for each in statistics.as_json()}
    models = [_model(catalogue, each) for each in listing.models(catalogue)]
    for model in models:
        for version in model["versions"]:
            _add(version, counted.get((model["name"], version["version"])), words)
    other = next(each for each in LANGUAGES if each != language)
    page = flask.render_template(
        "models.html",
        models=models,
        words=words,
        language=language,
        other=other,
        size=_size,
        renewal=0 if "still" in flask.request.args else _RENEWAL,
    )
    return _guarded(flask.make_response(page), language)


def _guarded(response: flask.Response, language: str) -> flask.Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    remember(response, language)
    return response


def _model(catalogue: Catalogue, model: dict[str, Any]) -> dict[str, Any]:
    """Return the model with what has been decided about its versions, where that can be read."""
    try:
        found = listing.versions(catalogue, model["name"], people=False)
    except NotFound:
        return model
    found["changes"] = found["changes"][-_CHANGES:][::-1]
    return {**found, **model}


def _size(count: float) -> str:
    """Return bytes as 512 B, 1.5 kB, 12.0 MB, 1.2 GB, as size() in pages/words.js."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB"):
        count /= 1000
        if count < 999.95:  # else it would be written as 1000.0
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} GB"


def _add(version: dict[str, Any], found: dict[str, Any] | None, words: dict[str, Any]) -> None:
    version["statistics"] = found
    if found is not None:
        requests, errors = found["requests_per_minute"], found["errors_per_minute"]
        version["minutes"] = chart.minutes(requests, errors, words["minute"])
        version["shares"] = chart.shares(found["latency_ms"], words["share"])
        version["times"] = [
            f"{share} {number or 0:,.1f}" for share, number in found["latency_ms"].items()
        ]
        runs = {end.replace("<=", "≤"): count for end, count in found["rows_per_run"].items()}
        version["sizes"], version["ends"] = chart.sizes(runs, words["size"]), list(runs)
