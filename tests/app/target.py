"""The webhook as a target: bytes at each of its doors, and what it may answer there.

stranger   no signature                           refused
plaintext  signed query, safe mode                refused
envelope   the same, with a made-up msg_signature refused
cipher     signed, but encrypted with no key      refused
signed     signed query, plain mode               answered
inside     signed and sealed                      answered, or refused for another account's
"""

from __future__ import annotations

import base64
import dataclasses
import logging
import time
from typing import Any

import redis

from app import create_app
from contract.job import picture_queue
from simulator.account import Account
from simulator.courier import BadAnswer, Courier
from simulator.notation import JSON, XML
from tests.app.forge import inside, sealed, signed
from tests.conftest import APP_ID, APP_SECRET, make_settings

DOORS = ("stranger", "plaintext", "envelope", "cipher", "signed", "inside")
_UNSIGNED = {"stranger", "plaintext", "envelope", "cipher"}
_PATIENCE = 5.0  # seconds for one answer


@dataclasses.dataclass(frozen=True, slots=True)
class Attack:
    """Some bytes, and where they are tried."""

    door: str
    data: bytes


class Target:
    """The webhook in this process, twice: in safe and in plain mode."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection
        safe, plain = make_settings(), make_settings(wechat_mode="plain", wechat_aes_key=None)
        self._apps = {
            mode: create_app(each, connection).test_client()
            for mode, each in (("safe", safe), ("plain", plain))
        }
        account = Account(APP_ID, APP_SECRET)
        self._wechats = [
            Courier(account, each, "http://127.0.0.1:1", notation)
            for each in (safe, plain)
            for notation in (XML, JSON)
        ]
        self._errors = _Errors()
        logging.getLogger("app").addHandler(self._errors)

    def complaint(self, attack: Attack) -> str:
        """Return what the webhook did wrong, if anything."""
        self._redis.flushdb()
        self._errors.texts.clear()
        started = time.monotonic()
        query, body = self._request(attack)
        app = self._apps["plain" if attack.door == "signed" else "safe"]
        response = app.post("/wechat", query_string=query, data=body)
        took = time.monotonic() - started
        jobs = picture_queue(self._redis).count
        allowed = {403, 413} if attack.door in _UNSIGNED else {200, 403, 413}
        wrong = {
            f"HTTP {response.status_code}": response.status_code not in allowed,
            f"{jobs} jobs": jobs > (response.status_code == 200),
            f"{took:.1f} s": took > _PATIENCE,
            "; ".join(self._errors.texts): bool(self._errors.texts),
            f"said {response.text!r}": not self._is_answer(response),
        }
        return ", ".join(text for text, is_wrong in wrong.items() if is_wrong)

    def _request(self, attack: Attack) -> tuple[str | dict[str, str], bytes]:
        if attack.door == "stranger":
            return attack.data.decode("latin-1"), attack.data
        if attack.door == "envelope":
            return signed(encrypt_type="aes", msg_signature="0" * 40), attack.data
        if attack.door == "inside":
            return inside(attack.data)
        if attack.door == "cipher":
            return sealed(base64.b64encode(attack.data).decode())
        return signed(), attack.data

    def _is_answer(self, response: Any) -> bool:
        """Return whether WeChat would take it."""
        if response.status_code != 200:
            return bool(response.data == b"")
        return response.text == "success" or any(self._reads(w, response) for w in self._wechats)

    @staticmethod
    def _reads(wechat: Courier, response: Any) -> bool:
        try:
            return bool(wechat.open(response.text)["Content"])
        except (BadAnswer, KeyError):
            return False


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
