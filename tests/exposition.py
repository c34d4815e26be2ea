"""Reads what a program tells Prometheus."""

from __future__ import annotations

import requests
from prometheus_client.parser import text_string_to_metric_families


def scrape(port: int) -> str:
    """Return what a program on loopback tells."""
    response = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10)
    response.raise_for_status()
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return response.text


def value(text: str, name: str, **labels: str) -> float:
    """Return the sum of the samples of that name with these labels, whatever others they have."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
