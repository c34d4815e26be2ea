"""A model server, by TensorFlow Serving's REST API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import requests

from contract import logs
from worker.errors import ModelSilent, ModelUnavailable
from worker.session import Session, was_refused

AVAILABLE = "AVAILABLE"  # TensorFlow Serving's own word
_TIMEOUT = (1.0, 5.0)  # seconds to connect, to answer: three attempts are over within 30
_LONGEST = 6.0  # seconds for the whole answer
_PAUSES = (0.1, 0.3)  # seconds before a refused connection is tried again
_TOO_MANY = 429  # HTTP: as good as no answer


class ModelServer:
    """One model server: TensorFlow Serving or any other of its protocol."""

    def __init__(self, url: str, threads: int = 1) -> None:
        self.url = url
        self._http = Session(threads, _TIMEOUT, _LONGEST)
        self._http.trust_env = False  # no proxy stands between us and our own server

    def status(self, model: str) -> tuple[str, str]:
        """Return the version that answers and AVAILABLE, else the newest one and its state.

        Raises ModelUnavailable.
        """
        answer = self._ask("GET", model)
        try:
            states = [
                (str(each["version"]), str(each["state"]))
                for each in answer["model_version_status"]
            ]
            return next((each for each in states if each[1] == AVAILABLE), states[0])
        except (IndexError, KeyError, TypeError):
            raise ModelUnavailable(f"status of {model} in an unknown form") from None

    def metadata(self, model: str) -> tuple[str, Mapping[str, Any]]:
        """Return the version being served and its signatures; raise ModelUnavailable."""
        answer = self._ask("GET", f"{model}/metadata")
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            return str(answer["model_spec"]["version"]), dict(signatures)
        except (KeyError, TypeError, ValueError):
            raise ModelUnavailable(f"metadata of {model} in an unknown form") from None

    def predict(self, model: str, signature: str, instance: Mapping[str, Any]) -> Any:
        """Return the one prediction for one instance; raise ModelUnavailable."""
        body = {"signature_name": signature, "instances": [instance]}
        answer = self._ask("POST", f"{model}:predict", body)
        predictions = answer.get("predictions")
        if not isinstance(predictions, list) or len(predictions) != 1:
            raise ModelUnavailable(f"{model} answered without a prediction")
        return predictions[0]

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        url = f"{self.url}/v1/models/{path}"
        try:
            response = self._request(method, url, body)
        except requests.RequestException as error:
            raise ModelSilent(f"no answer from {url}: {type(error).__name__}") from None
        try:
            answer = response.json()
        except (requests.JSONDecodeError, RecursionError):
            answer = None
        if response.ok and isinstance(answer, dict):
            return answer
        said = answer.get("error") if isinstance(answer, dict) else "no JSON object"
        text = f"{url} answered HTTP {response.status_code}: {said}"
        silent = response.status_code >= 500 or response.status_code == _TOO_MANY
        raise ModelSilent(text) if silent else ModelUnavailable(text)

    def _request(self, method: str, url: str, body: object) -> requests.Response:
        """Send it, again where nobody listens: the server may be starting just now."""
        for pause in _PAUSES:
            try:
                return self._send(method, url, body)
            except requests.ConnectionError as error:
                if not was_refused(error):
                    raise
            time.sleep(pause)
        return self._send(method, url, body)

    def _send(self, method: str, url: str, body: object) -> requests.Response:
        headers = {logs.HEADER: logs.request()} if logs.request() else {}
        return self._http.request(method, url, json=body, headers=headers)
