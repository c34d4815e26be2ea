"""serving.paths: what a client is not told."""

from __future__ import annotations

import pytest

from serving.paths import hidden


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/srv/models/a/1/saved_model.pb is broken", "…/saved_model.pb is broken"),
        ("path: '/srv/models/a/1'", "path: '…/1'"),
        ("NewRandomAccessFile(/srv/models/a/x, 0)", "NewRandomAccessFile(…/x, 0)"),
        ("at /srv/models/a/1/variables: none", "at …/variables: none"),
        ("/srv/models/a/1/; and more", "…/; and more"),
        ("file:///srv/models/a", "file://…/a"),
        ("[[{{node model/layer/MatMul}}]]", "[[{{node model/layer/MatMul}}]]"),
        ("x/2 + 2 and/or tensorflow/serving/predict", "x/2 + 2 and/or tensorflow/serving/predict"),
        (
            "https://www.tensorflow.org/api_docs/python",
            "https://www.tensorflow.org/api_docs/python",
        ),
    ],
)
def test_folders_are_taken_out(text: str, told: str) -> None:
    assert hidden(text) == told
