"""All that we ask of WeChat: a picture, a message sent. Errors are ours; no secret is in any.

wechatpy makes the calls, under three conditions: our token, since its own retry on 40001 never
ends; our timeouts, since its token call has none; our exceptions, since its hold the AppSecret.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
import requests
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, SSLError
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from contract.settings import Settings
from worker.errors import (
    AnswerError,
    PictureExpired,
    PictureTooLarge,
    SendBroken,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.token import AccessToken

LARGEST_PICTURE = 10 * 1024 * 1024  # bytes: what WeChat lets followers send
_TIMEOUT = (3.0, 8.0)  # seconds to connect, to wait for each piece of the answer
_DOWNLOAD_LIMIT = 20  # seconds for a whole picture
_BUSY = -1
_TOKEN_REFUSED = frozenset({40001, 40014, 42001})
_MEDIA_GONE = 40007
_ACCOUNT_REFUSED = frozenset(
    {
        40013,  # wrong AppID
        40125,  # wrong AppSecret
        40164,  # this server is not on the console's list
        89503,  # the administrator must confirm this server
        45009,  # the day's quota is used up
        45011,  # too many calls a minute
        48001,  # no permission for this API
    }
)
_T = TypeVar("_T")


class WeChat:
    """WeChat's API for one account."""

    def __init__(self, settings: Settings, connection: redis.Redis) -> None:
        secret = settings.wechat_app_secret
        self._app_id = settings.wechat_app_id
        self._secret = secret.get_secret_value() if secret else ""
        self._base = f"{settings.wechat_api_url}/cgi-bin/"
        self._http = requests.Session()
        self._client = WeChatClient(self._app_id, self._secret, timeout=_TIMEOUT, auto_retry=False)
        self._client.API_BASE_URL = self._base
        self._token = AccessToken(connection, self._app_id, self._fetch_token)

    def sign_in(self) -> None:
        """See to it that there is a token; raise WeChatUnavailable."""
        self._token.get()

    def send_text(self, openid: str, text: str) -> None:
        """Send a customer-service message.

        Raises WeChatUnavailable or WeChatRefused where it certainly was not sent, and SendBroken
        where nobody can tell.
        """
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        self._with_token(lambda token: self._post("message/custom/send", token, body))

    def fetch_picture(self, media_id: str) -> bytes:
        """Return the file that a follower sent; raise AnswerError."""
        return self._with_token(lambda token: self._download(token, media_id))

    def _with_token(self, call: Callable[[str], _T]) -> _T:
        token = self._token.get()
        try:
            return call(token)
        except WeChatRefused as error:
            if error.errcode not in _TOKEN_REFUSED:
                raise
        try:
            return call(self._token.replace(token))
        except WeChatRefused as error:
            if error.errcode in _TOKEN_REFUSED:
                raise WeChatUnavailable("WeChat refuses a fresh token, too") from None
            raise

    def _post(self, path: str, token: str, body: dict[str, Any]) -> None:
        try:
            answer = self._client.post(path, params={"access_token": token}, data=body)
        except WeChatClientException as error:
            if not error.errcode:  # an HTTP error in place of an answer
                raise SendBroken(f"WeChat's door failed on {path}") from None
            raise _refusal(error.errcode) from None
        except requests.RequestException as error:
            if _never_sent(error):
                raise WeChatUnavailable(f"no connection to WeChat: {_name(error)}") from None
            raise SendBroken(f"no word from WeChat on {path}: {_name(error)}") from None
        if not isinstance(answer, dict):
            raise SendBroken("WeChat's answer was not JSON: is there a proxy in between?")

    def _download(self, token: str, media_id: str) -> bytes:
        query = {"access_token": token, "media_id": media_id}
        try:
            with self._http.get(
                f"{self._base}media/get", params=query, timeout=_TIMEOUT, stream=True
            ) as response:
                if response.status_code != requests.codes.ok:
                    raise WeChatUnavailable(f"media/get answered HTTP {response.status_code}")
                data = _read(response)
        except (requests.RequestException, HTTPError) as error:  # HTTPError: urllib3's, by read1
            raise WeChatUnavailable(f"media/get broke off: {_name(error)}") from None
        if errcode := _errcode(data):
            raise PictureExpired("40007") if errcode == _MEDIA_GONE else _refusal(errcode)
        return data

    def _fetch_token(self, force: bool) -> tuple[str, int]:  # noqa: FBT001  # WeChat's own flag
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": force,
        }
        try:
            response = self._http.post(f"{self._base}stable_token", json=body, timeout=_TIMEOUT)
            answer = response.json()
        except requests.RequestException as error:
            raise WeChatUnavailable(f"no token from WeChat: {_name(error)}") from None
        match answer:
            case {"access_token": str(token), "expires_in": int(life)}:
                return token, life
            case {"errcode": int(errcode)}:
                raise WeChatUnavailable(f"WeChat gives no token: errcode {errcode}")
        raise WeChatUnavailable("WeChat's answer to stable_token holds neither token nor errcode")


def _refusal(errcode: int) -> AnswerError:
    if errcode == _BUSY:
        return WeChatUnavailable("WeChat is busy")
    if errcode in _ACCOUNT_REFUSED:
        return WeChatUnavailable(f"WeChat refuses this account for now: errcode {errcode}")
    return WeChatRefused(errcode)


def _read(response: requests.Response) -> bytes:
    """Return the body, however long it says it is; raise PictureTooLarge or WeChatUnavailable."""
    deadline = time.monotonic() + _DOWNLOAD_LIMIT
    data = bytearray()
    # read1 gives what has come; iter_content would wait for a piece that drips in for an hour.
    while piece := response.raw.read1(64 * 1024, decode_content=True):
        data += piece
        if len(data) > LARGEST_PICTURE:
            raise PictureTooLarge(f"more than {LARGEST_PICTURE} bytes")
        if time.monotonic() > deadline:
            raise WeChatUnavailable(f"a picture took more than {_DOWNLOAD_LIMIT} s")
    return bytes(data)


def _errcode(data: bytes) -> int:
    """Return the errcode of an error that came with HTTP 200 in place of a file; 0 for a file."""
    if not data.startswith(b"{") or len(data) > 4096:
        return 0
    try:
        answer = json.loads(data)
    except ValueError:
        return 0
    errcode = answer.get("errcode") if isinstance(answer, dict) else None
    return errcode if isinstance(errcode, int) else 0


def _never_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    failed = error.args[0] if error.args else None
    cause = failed.reason if isinstance(failed, MaxRetryError) else None
    if isinstance(cause, SSLError):  # only a handshake can find a certificate wrong
        return any(isinstance(each, ssl.SSLCertVerificationError) for each in cause.args)
    return isinstance(cause, NewConnectionError)


def _name(error: Exception) -> str:
    """Return the kind of error only: its text holds the URL, and that the token."""
    return type(error).__name__
