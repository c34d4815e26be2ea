"""The loop that Kantu began as: download, POST, the best of all probabilities, reply."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping

import requests

_PATIENCE = 30  # seconds


class Eyes:
    """What WeChat and the model are asked, without anything in between."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._wechat = environment["WECHAT_API_URL"]
        self._model = f"{environment['SERVING_URL']}/v1/models/demo:predict"
        self._app = (environment["WECHAT_APP_ID"], environment["WECHAT_APP_SECRET"])
        self._session = requests.Session()
        self._session.trust_env = False

    @functools.cached_property
    def _token(self) -> str:
        app_id, secret = self._app
        asked = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        url = f"{self._wechat}/cgi-bin/stable_token"
        return str(self._session.post(url, json=asked, timeout=_PATIENCE).json()["access_token"])

    def look(self, media_id: str) -> str:
        """Return what the picture shows."""
        query = {"access_token": self._token, "media_id": media_id}
        url = f"{self._wechat}/cgi-bin/media/get"
        return self.ask(self._session.get(url, params=query, timeout=_PATIENCE).content)

    def ask(self, picture: bytes) -> str:
        """Return what the model says, by all its probabilities."""
        asked = {"instances": [{"b64": base64.b64encode(picture).decode()}]}
        found = self._session.post(self._model, json=asked, timeout=_PATIENCE).json()
        (best,) = found["predictions"]
        probabilities = best["probabilities"] if isinstance(best, dict) else best
        return f"class {probabilities.index(max(probabilities))}"

    def answer(self, follower: str, media_id: str) -> None:
        """Look and push the answer."""
        text = {"touser": follower, "msgtype": "text", "text": {"content": self.look(media_id)}}
        url = f"{self._wechat}/cgi-bin/message/custom/send"
        answer = self._session.post(
            url, params={"access_token": self._token}, json=text, timeout=_PATIENCE
        ).json()
        if answer["errcode"]:
            raise ValueError(f"WeChat refused: {answer}")
