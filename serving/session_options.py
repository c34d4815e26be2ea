"""Options of TensorFlow's sessions as Simple TensorFlow Serving takes them: an object in JSON."""

from __future__ import annotations

import json
from typing import Any


def read_options(text: str) -> dict[str, Any]:
    """Return the options of a text that lifecycle.json_config has taken; none where it is empty."""
    found: dict[str, Any] = json.loads(text) if text else {}
    return found
