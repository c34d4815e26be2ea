"""All that we ask of WeChat: a picture, a message sent. Errors are ours; no secret is in any.

wechatpy makes the calls, under three conditions: our token, since its own retry on 40001 never
ends; our session, since its own waits for ever; our exceptions, since its hold the AppSecret.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis
import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from contract.settings import Settings
from worker import metrics
from worker.download import PublicWeb
from worker.errcodes import Api
from worker.errors import (
    AddressRefused,
    NotAPicture,
    PictureExpired,
    PictureTooLarge,
    SendBroken,
    WeChatPaused,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.session import AnswerTooLarge, Session, never_sent, read
from worker.standing import Standing
from worker.token import AccessToken
from worker.verdict import TokenRefused, no_token, verdict

logger = logging.getLogger(__name__)
LARGEST_PICTURE = 10 * 1024 * 1024  # bytes: what WeChat lets followers send
NOBODY = "nobody"  # no OpenID: those have 28 characters
NOTHING = "nothing"  # no media_id: those have 64
_TIMEOUT = (3.0, 8.0)  # seconds to connect, to wait for each piece of the answer
_LONGEST = 10.0  # seconds for an answer other than a picture
_DOWNLOAD_LIMIT = 20  # seconds for a whole picture
_T = TypeVar("_T")


class WeChat:
    """WeChat's API for one account."""

    def __init__(self, settings: Settings, connection: redis.Redis) -> None:
        secret = settings.wechat_app_secret
        self._app_id = settings.wechat_app_id
        self._secret = secret.get_secret_value() if secret else ""
        self._base = f"{settings.wechat_api_url}/cgi-bin/"
        self._http = Session(settings.worker_threads, _TIMEOUT, _LONGEST)
        self._client = WeChatClient(self._app_id, self._secret, timeout=_TIMEOUT, auto_retry=False)
        self._client.API_BASE_URL = self._base
        self._client._http = self._http  # noqa: SLF001  # it takes none, and its own has no limits
        self._standing = Standing(connection, self._app_id)
        self._token = AccessToken(connection, self._standing, self._fetch_token)
        self._web = PublicWeb(settings.picture_hosts.split(","), LARGEST_PICTURE)

    def sign_in(self) -> None:
        """See to it that there is a token and that messages may go; raise WeChatUnavailable."""
        self._token.get(Api.SEND)

    def send_text(self, openid: str, text: str, lines: Sequence[tuple[str, str]] = ()) -> None:
        """Send a customer-service message, best right after sign_in(), which saves a trip to Redis.

        lines: what the follower may tap below it, as id and text (WeChat's msgmenu).
        Raises WeChatUnavailable or WeChatRefused where it certainly was not sent, and SendBroken
        where nobody can tell.
        """
        body: dict[str, Any] = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        if lines:
            listed = [{"id": each, "content": words} for each, words in lines]
            menu = {"head_content": text, "list": listed}
            body = {"touser": openid, "msgtype": "msgmenu", "msgmenu": menu}
        self._with_token(
            Api.SEND, lambda token: self._post("message/custom/send", token, body), again=True
        )

    def send_picture(self, openid: str, media_id: str) -> None:
        """Send a picture that was uploaded; raise as send_text()."""
        body = {"touser": openid, "msgtype": "image", "image": {"media_id": media_id}}
        self._with_token(Api.SEND, lambda token: self._post("message/custom/send", token, body))

    def upload_picture(self, picture: bytes) -> str:
        """Give WeChat a JPEG for three days; return its media_id. Raises AnswerError."""
        return self._with_token(Api.UPLOAD, lambda token: self._upload(token, picture))

    def day_quota(self, path: str) -> tuple[int, int]:
        """Return how many calls of an API were made today, and how many may be.

        Raises AnswerError, also where WeChat does not say.
        """
        return self._with_token(Api.TOKEN, lambda token: self._ask_quota(token, path))

    def probe(self, api: Api) -> None:
        """Ask for what cannot be, so that a refusal of the account shows; nobody is messaged.

        Raises AnswerError or SendBroken; where all is well, that there is no such thing.
        """
        if api is Api.SEND:
            self.send_text(NOBODY, "?")
        elif api is Api.MEDIA:
            self.fetch_picture(NOTHING)

    def fetch_picture(self, media_id: str, url: str = "") -> bytes:
        """Return the file that a follower sent; raise AnswerError.

        url is its PicUrl, asked where WeChat's API refuses to give the file.
        """
        try:
            return self._with_token(Api.MEDIA, lambda token: self._download(token, media_id))
        except (PictureExpired, WeChatPaused, WeChatRefused) as error:
            if not url:
                raise
            refusal = error
        try:
            return self._web.fetch(url)
        except AddressRefused as error:
            logger.warning("PicUrl does not help either: %s", error)
            raise refusal from None

    def _with_token(self, api: Api, call: Callable[[str], _T], *, again: bool = False) -> _T:
        token = self._token.get(api, again=again)
        try:
            return call(token)
        except TokenRefused:
            other = self._token.replace(token)
        try:
            return call(other)
        except TokenRefused:
            raise self._token.give_up(other) from None

    @metrics.wechat_call(Api.SEND)
    def _post(self, path: str, token: str, body: dict[str, Any]) -> None:
        try:
            answer = self._client.post(path, params={"access_token": token}, data=body)
        except WeChatClientException as error:
            if not error.errcode:  # an HTTP error in place of an answer
                raise SendBroken(f"WeChat's door failed on {path}") from None
            raise verdict(self._standing, Api.SEND, error.errcode, error.errmsg) from None
        except requests.RequestException as error:
            if never_sent(error):
                raise WeChatUnavailable(f"no connection to WeChat: {_name(error)}") from None
            raise SendBroken(f"no word from WeChat on {path}: {_name(error)}") from None
        except (TypeError, ValueError):  # wechatpy stumbles over an errcode that is no number
            answer = None
        if not isinstance(answer, dict) or answer.get("errcode") != 0:
            raise SendBroken("WeChat's answer has no errcode: is there a proxy in between?")

    @metrics.wechat_call(Api.MEDIA)
    def _download(self, token: str, media_id: str) -> bytes:
        query = {"access_token": token, "media_id": media_id}
        end = time.monotonic() + _DOWNLOAD_LIMIT
        try:
            with self._http.get(f"{self._base}media/get", params=query, stream=True) as response:
                if response.status_code != requests.codes.ok:
                    raise WeChatUnavailable(f"media/get answered HTTP {response.status_code}")
                data = read(response, LARGEST_PICTURE, end)
        except AnswerTooLarge as error:
            raise PictureTooLarge(str(error)) from None
        except requests.RequestException as error:
            raise WeChatUnavailable(f"media/get broke off: {_name(error)}") from None
        said = _json(data)
        if errcode := _errcode(said):
            raise verdict(self._standing, Api.MEDIA, errcode, said.get("errmsg"))
        if "video_url" in said:
            metrics.wechat_said(0)
            raise NotAPicture("a video")
        return data

    @metrics.wechat_call(Api.UPLOAD)
    def _upload(self, token: str, picture: bytes) -> str:
        query = {"access_token": token, "type": "image"}
        file = {"media": ("picture.jpg", picture, "image/jpeg")}
        try:
            said = self._http.post(f"{self._base}media/upload", params=query, files=file).json()
        except requests.RequestException as error:
            raise WeChatUnavailable(f"media/upload broke off: {_name(error)}") from None
        said = said if isinstance(said, dict) else {}
        if errcode := _errcode(said):
            raise verdict(self._standing, Api.UPLOAD, errcode, said.get("errmsg"))
        media_id = said.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise WeChatUnavailable("media/upload gave no media_id")
        return media_id

    def _ask_quota(self, token: str, path: str) -> tuple[int, int]:
        url = f"{self._base}openapi/quota/get"
        body = {"cgi_path": f"/cgi-bin/{path}"}
        try:
            said = self._http.post(url, params={"access_token": token}, json=body).json()
        except requests.RequestException as error:
            raise WeChatUnavailable(f"quota/get broke off: {_name(error)}") from None
        match said:
            case {"quota": {"used": int(used), "daily_limit": int(limit)}}:
                return used, limit
        raise WeChatUnavailable("quota/get tells no quota")

    @metrics.wechat_call(Api.TOKEN)
    def _fetch_token(self, force: bool) -> tuple[str, int]:  # noqa: FBT001  # WeChat's own flag
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": force,
        }
        try:
            answer = self._http.post(f"{self._base}stable_token", json=body).json()
        except requests.RequestException as error:
            raise no_token(self._standing, f"WeChat did not answer: {_name(error)}") from None
        match answer:
            case {"access_token": str(token), "expires_in": int(life)} if token:
                return token, life
            case {"errcode": int(errcode)} if errcode:
                raise verdict(self._standing, Api.TOKEN, errcode, answer.get("errmsg"))
        raise no_token(
            self._standing, "WeChat's answer to stable_token holds neither token nor errcode"
        )


def _json(data: bytes) -> dict[str, Any]:
    """Return what WeChat says in place of a file, with HTTP 200; nothing where it is a file."""
    if len(data) > 4096 or not data.lstrip().startswith(b"{"):
        return {}
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _errcode(said: dict[str, Any]) -> int:
    errcode = said.get("errcode")
    return errcode if isinstance(errcode, int) else 0


def _name(error: Exception) -> str:
    """Return the kind of error only: its text holds the URL, and that the token."""
    return type(error).__name__
