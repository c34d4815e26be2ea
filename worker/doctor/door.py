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
_SUBJECT = "webhook"
_LOOK = "see the webhook's log, which says why, and whether it runs with these settings"

Request = tuple[dict[str, str], bytes]  # query and body


def check(settings: Settings, url: str) -> Iterator[Finding]:
    """Give what is found."""
    door = _Door(settings, url)
    try:
        proof = door.prove()
        yield proof
        if proof.mark is Mark.WELL:  # else a message would be refused for the same reason
            yield door.deliver()
        yield door.forge()
    except requests.RequestException as error:
        yield wrong(
            _SUBJECT,
            f"no answer from {url} within {_PATIENCE:.0f} s ({type(error).__name__})",
            "start it (make run), see the tunnel or nginx before it, or say where it is: --webhook",
        )


class _Door:
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
            return self._unexpected("a signed GET", response)
        if response.text != echo:
            return wrong(
                _SUBJECT,
                f"{self._url} does not echo what it must; expected only echostr",
                "see whether it is Kantu's: /wechat",
            )
        return well(_SUBJECT, f"{self._url} proves that it knows the token")

    def deliver(self) -> Finding:
        """Bring it a message."""
        began = time.monotonic()
        response = self._post(self._message())
        took = time.monotonic() - began
        if response.status_code != requests.codes.ok:
            return self._unexpected("a signed POST", response)
        if took > _PATIENCE:
            return wrong(
                _SUBJECT,
                f"it answers a message in {took:.1f} s; expected {_PATIENCE:.0f} at most",
                "see whether Redis is slow, and how many requests the webhook may take at once",
            )
        if not self._is_reply(response.content.decode("utf-8", "replace")):
            return wrong(
                _SUBJECT,
                "its answer to a message cannot be read with our keys; expected a reply",
                "give it the same WECHAT_AES_KEY, WECHAT_APP_ID and WECHAT_MODE",
            )
        return well(_SUBJECT, f"it answers a message in {1000 * took:.0f} ms")

    def forge(self) -> Finding:
        """Try to get in without the token; where messages come sealed, also without the key."""
        query, body = self._message()
        forged = {"a wrong signature": ({**query, "signature": "0" * 40}, body)}
        if self._safe:
            forged["an unsealed message"] = (self._query(), _xml(self._fields()).encode())
        for what, request in forged.items():
            status = self._post(request).status_code
            if status != requests.codes.forbidden:
                return wrong(
                    _SUBJECT,
                    f"it answers {what} with HTTP {status}; expected 403",
                    "let nobody in until it is known why: anybody may write to it",
                )
        return well(_SUBJECT, f"it refuses {' and '.join(forged)}")

    def _unexpected(self, what: str, response: requests.Response) -> Finding:
        found = f"{self._url} answers {what} with HTTP {response.status_code}; expected 200"
        return wrong(_SUBJECT, found, _LOOK)

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
