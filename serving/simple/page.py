"""The page of models and their statistics: HTML with charts, without a script."""

from __future__ import annotations

from typing import Any

import flask

from serving.lifecycle.catalogue import Catalogue
from serving.monitoring.statistics import Statistics
from serving.simple import chart, listing


def render(catalogue: Catalogue, statistics: Statistics) -> flask.Response:
    """Return the page."""
    counted = {(each["model_name"], each["model_version"]): each for each in statistics.as_json()}
    models = listing.models(catalogue)
    for model in models:
        for version in model["versions"]:
            _add(version, counted.get((model["name"], version["version"])))
    response = flask.make_response(flask.render_template("models.html", models=models))
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


def _add(version: dict[str, Any], found: dict[str, Any] | None) -> None:
    version["statistics"] = found
    if found is not None:
        requests, errors = found["requests_per_minute"], found["errors_per_minute"]
        version["minutes"] = chart.minutes(requests, errors)
        version["sizes"] = chart.sizes(found["rows_per_run"])
