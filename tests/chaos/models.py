"""A model server that answers as it is told to."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable
from typing import Any

ANSWER = "数字 3"  # how the usual answer ends
REPLY = "你问的是 "  # how the answer to a question begins


class Models:
    """A model server that answers as it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.scene = scene()  # what describe says
        self.behave: Callable[[], object] = lambda: None  # may wait, or return another answer
        models = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                models.reply(self, _METADATA)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                models.asked += 1
                models.reply(self, models.behave() or models.predict(body))

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def predict(self, body: dict[str, Any]) -> object:
        """Return what a model says: the scene, the classes, or to a question that question."""
        if body["signature_name"] == "describe":
            return {"predictions": [self.scene]}
        instance = body["instances"][0]
        if "question" not in instance:
            return _PREDICTION
        answer = REPLY + instance["question"].replace("\n", " / ")
        return {"predictions": [{"answer": answer, "in_domain": 1.0}]}

    @staticmethod
    def reply(handler: http.server.BaseHTTPRequestHandler, answer: object) -> None:
        """Send a status (int), bytes, or a document."""
        status = answer if isinstance(answer, int) else 200
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        with contextlib.suppress(OSError):  # the client was killed meanwhile
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)


def _signature(inputs: dict[str, str], outputs: dict[str, tuple[str, str]]) -> dict[str, object]:
    return {
        "inputs": {name: {"dtype": dtype} for name, dtype in inputs.items()},
        "outputs": {
            name: {"dtype": dtype, "tensor_shape": {"dim": [{"size": "-1"}, {"size": size}]}}
            for name, (dtype, size) in outputs.items()
        },
    }


def scene(*things: tuple[str, str, list[float]]) -> dict[str, object]:
    """Return what `describe` says of things: colour, shape, box."""
    return {
        "num_detections": len(things),
        "detection_boxes": [box for _, _, box in things] + [[0.0] * 4] * (20 - len(things)),
        "detection_scores": [0.9] * 20,
        "detection_colours": [colour for colour, _, _ in things] + [""] * (20 - len(things)),
        "detection_shapes": [shape for _, shape, _ in things] + [""] * (20 - len(things)),
        "in_domain": float(bool(things)),
    }


_PICTURE = {"image": "DT_STRING"}
_METADATA = {
    "model_spec": {"name": "demo", "version": "1"},
    "metadata": {
        "signature_def": {
            "signature_def": {
                "top5": _signature(
                    _PICTURE, {"scores": ("DT_FLOAT", "5"), "classes": ("DT_INT64", "5")}
                ),
                "serving_default": _signature(_PICTURE, {"probabilities": ("DT_FLOAT", "12")}),
            }
        }
    },
}
_PREDICTION = {
    "predictions": [{"scores": [0.96, 0.01, 0.01, 0.01, 0.01], "classes": [3, 1, 2, 4, 5]}]
}
