"""The webhook, knocked at as WeChat does: signed, sealed as agreed; and as somebody else would.

The sealing is wechatpy's, so that the webhook's own meets an independent peer. The message is a
link, from nobody: the webhook answers it kindly, and queues nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from xml.parsers.expat import ExpatError

import requests
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.utils import WeChatSigner

from contract.settings import Settings
from worker.doctor.finding import Finding, Mark, well, wrong
from worker.session import Session
from worker.wechat import NOBODY

_PATIENCE = 5.0  # seconds; then WeChat tries again, and after three tries shows its outage notice

Request = tuple[dict[str, str], bytes]  # query and body


def check(settings: Settings, url: str) -> Iterator[Finding]:
    """Give what is found."""
    webhook = _Webhook(settings, url)
    try:
        proof = webhook.prove()
        yield proof
        if proof.mark is Mark.WELL:  # else a message would be refused for the same reason
            yield webhook.deliver()
        yield webhook.forge()
    except requests.exceptions.SSLError as error:
        yield wrong("webhook", "tls", url=url, error=type(error).__name__)
    except requests.RequestException as error:
        yield wrong("webhook", "away", url=url, patience=_PATIENCE, error=type(error).__name__)


class _Webhook:
    def __init__(self, settings: Settings, url: str) -> None:
        key = settings.wechat_aes_key
        self._url, self._safe = url, settings.wechat_mode == "safe"
        self._token = settings.wechat_tokens[0]
        self._account = settings.wechat_account or "gh_doctor"
        self._crypto = (
            WeChatCrypto(self._token, key.get_secret_value(), settings.wechat_app_id)
            if key and settings.wechat_mode != "plain"
            else None
        )
        self._http = Session(1, (_PATIENCE, _PATIENCE), _PATIENCE)

    def prove(self) -> Finding:
        """Ask it to echo, as WeChat does when its URL is entered in the console."""
        echo = str(secrets.randbelow(10**18))
        response = self._http.get(self._url, params={**self._query(), "echostr": echo})
        if response.status_code != requests.codes.ok:
            return wrong("webhook", "refuses_get", url=self._url, status=response.status_code)
        if response.text != echo:
            return wrong("webhook", "unknown", url=self._url)
        return well("webhook", "known", url=self._url)

    def deliver(self) -> Finding:
        """Bring it a message."""
        began = time.monotonic()
        response = self._post(self._message())
        took = time.monotonic() - began
        if response.status_code != requests.codes.ok:
            return wrong("webhook", "refuses_post", url=self._url, status=response.status_code)
        if took > _PATIENCE:
            return wrong("webhook", "slow", took=took, patience=_PATIENCE)
        if not self._is_reply(response.content.decode("utf-8", "replace")):
            return wrong("webhook", "unreadable")
        return well("webhook", "answers", took=1000 * took)

    def forge(self) -> Finding:
        """Try to get in without the token; where messages come sealed, also without the key."""
        query, body = self._message()
        status = self._post(({**query, "signature": "0" * 40}, body)).status_code
        if status != requests.codes.forbidden:
            return wrong("webhook", "lets_in_forged", status=status)
        if not self._safe:
            return well("webhook", "guarded")
        status = self._post((self._query(), _xml(self._fields()).encode())).status_code
        if status != requests.codes.forbidden:
            return wrong("webhook", "lets_in_unsealed", status=status)
        return well("webhook", "guarded_sealed")

    def _post(self, request: Request) -> requests.Response:
        query, body = request
        headers = {"Content-Type": "text/xml"}
        return self._http.post(self._url, params=query, data=body, headers=headers)

    def _query(self) -> dict[str, str]:
        timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
        signer = WeChatSigner()
        signer.add_data(self._token, timestamp, nonce)
        return {"signature": signer.signature, "timestamp": timestamp, "nonce": nonce}

    def _fields(self) -> dict[str, str]:
        return {
            "ToUserName": self._account,
            "FromUserName": NOBODY,
            "CreateTime": str(int(time.time())),
            "MsgType": "link",
            "Title": "doctor",
            "Description": "doctor",
            "Url": "https://localhost/",
            "MsgId": str(1 + secrets.randbelow(10**18)),
        }

    def _message(self) -> Request:
        query, plain = self._query(), _xml(self._fields())
        if self._crypto is None:
            return query, plain.encode()
        sealed = xmltodict.parse(
            self._crypto.encrypt_message(plain, query["nonce"], query["timestamp"])
        )["xml"]
        query |= {"encrypt_type": "aes", "msg_signature": sealed["MsgSignature"]}
        fields = {"ToUserName": self._account, "Encrypt": sealed["Encrypt"]}
        return query, _xml(fields).encode()

    def _is_reply(self, body: str) -> bool:
        if body in {"", "success"}:
            return True
        try:
            fields = xmltodict.parse(body)["xml"]
            if self._crypto:
                names = ("MsgSignature", "TimeStamp", "Nonce")
                plain = self._crypto.decrypt_message(body, *(fields[name] for name in names))
                fields = xmltodict.parse(plain)["xml"]
            return bool(fields["ToUserName"] == NOBODY)
        except (WeChatException, ExpatError, ValueError, KeyError, TypeError):
            return False


def _xml(fields: dict[str, str]) -> str:
    inside = "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in fields.items())
    return f"<xml>{inside}</xml>"
