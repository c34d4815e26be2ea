"""WeChat's courier: carries a follower's message to the webhook as WeChat does.

Signed, sealed as the account's mode says, in XML or JSON; five seconds to answer, three tries of
the same MsgId; and if all fail, or the answer is no answer, the follower reads WeChat's outage
notice. The sealing is wechatpy's, so that the webhook's own meets an independent peer.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import logging
import secrets
import struct
import time
from collections.abc import Mapping
from typing import Any
from xml.parsers.expat import ExpatError

import requests
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.utils import WeChatSigner

from contract.settings import Settings
from simulator.account import Account
from simulator.excerpt import excerpts
from simulator.notation import XML, Notation, Push

logger = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds for one try, and from one try to the next
TRIES = 3
MODES = ("plain", "compatible", "safe")  # of sealing, as WeChat calls them in its console
# What wechatpy and xmltodict let out, each for another way in which a reply is none.
_UNREADABLE = (
    *(WeChatException, ExpatError, struct.error),
    *(ValueError, KeyError, TypeError, IndexError),
)
OUTAGE = "该公众号暂时无法提供服务，请稍后再试"


class BadAnswer(Exception):
    """The webhook answered something that WeChat would not show."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of one try."""

    status: int  # HTTP; 0 where there was no answer in time
    began: float  # seconds since 1970
    milliseconds: float
    query: Mapping[str, str]  # of our request, with its signature
    sent: bytes  # the body of our request
    body: str  # of the answer


@dataclasses.dataclass(frozen=True, slots=True)
class _Parcel:
    """A push on its way."""

    push: Push
    number: int  # of its entry in the transcript


class Courier:
    """Delivers pushes to one webhook, each on a thread of its own."""

    def __init__(
        self,
        account: Account,
        settings: Settings,
        webhook: str,
        notation: Notation = XML,
    ) -> None:
        key = settings.wechat_aes_key.get_secret_value() if settings.wechat_aes_key else ""
        self._account, self._webhook = account, webhook
        self.mode, self._token = settings.wechat_mode, settings.wechat_tokens[0]
        self._notation = notation
        self._crypto = WeChatCrypto(self._token, key, settings.wechat_app_id) if key else None
        self._http = requests.Session()
        self._http.trust_env = False  # loopback knows no proxy
        self._threads = concurrent.futures.ThreadPoolExecutor(32, "courier")
        self._posts = concurrent.futures.ThreadPoolExecutor(32, "post")

    def carry(self, push: Push, *, number: int = -1, copies: int = 1) -> None:
        """Deliver a push; more copies than one arrive at the same instant, as WeChat's may.

        number: of its entry in the transcript, for whoever reads there what became of it.
        """
        for _ in range(copies):
            task = self._threads.submit(self._deliver, _Parcel(push, number))
            task.add_done_callback(_report)

    def _deliver(self, parcel: _Parcel) -> None:
        for attempt in range(1, TRIES + 1):
            started = time.monotonic()
            delivery = self._try(parcel.push)
            self._note(parcel, attempt, delivery)
            if delivery.status == requests.codes.ok:
                self._show(parcel, delivery)
                return
            if attempt < TRIES:
                time.sleep(max(0.0, PATIENCE - (time.monotonic() - started)))
        self._outage(parcel)

    def _try(self, push: Push) -> Delivery:
        query, body = self.seal(push)
        began, started = time.time(), time.monotonic()
        # requests limits each wait for some bytes, not the sum of the waits.
        post = self._posts.submit(self._post, query, body, started + PATIENCE)
        try:
            status, answer = post.result(PATIENCE)
        except (requests.RequestException, TimeoutError):
            status, answer = 0, ""
        took = 1000 * (time.monotonic() - started)
        return Delivery(
            status=status, began=began, milliseconds=took, query=query, sent=body, body=answer
        )

    def _post(self, query: dict[str, str], body: bytes, end: float) -> tuple[int, str]:
        """Return the status and the answer; raise TimeoutError soon after end."""
        with self._http.post(
            self._webhook,
            params=query,
            data=body,
            timeout=PATIENCE,
            headers={"Content-Type": "text/xml"},
            stream=True,
            allow_redirects=False,
        ) as response:
            answer = bytearray()
            for received in response.iter_content(1):
                answer += received
                if time.monotonic() > end:
                    raise TimeoutError
            return response.status_code, answer.decode("utf-8", "replace")

    def seal(self, push: Push) -> tuple[dict[str, str], bytes]:
        """Return the query and the body of a push in the account's mode."""
        timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
        query = {
            "signature": _sign(self._token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": push["FromUserName"],
        }
        plain = self._notation.write(push)
        if self.mode == "plain" or self._crypto is None:
            return query, plain.encode()
        sealed = xmltodict.parse(self._crypto.encrypt_message(plain, nonce, timestamp))["xml"]
        query |= {"encrypt_type": "aes", "msg_signature": sealed["MsgSignature"]}
        outside = push if self.mode == "compatible" else {"ToUserName": push["ToUserName"]}
        return query, self._notation.write({**outside, "Encrypt": sealed["Encrypt"]}).encode()

    def _show(self, parcel: _Parcel, delivery: Delivery) -> None:
        """Put a passive reply on the follower's phone."""
        if delivery.body in {"", "success"}:
            return
        try:
            reply = self.open(delivery.body)
        except BadAnswer:
            reply = {}
        if reply.get("ToUserName") == parcel.push["FromUserName"] and reply.get("Content"):
            self._add("answer", parcel, text=reply["Content"], way="passive")
        else:
            self._outage(parcel)

    def open(self, body: str) -> dict[str, Any]:
        """Return the fields of a passive reply; raise BadAnswer."""
        try:
            fields = self._notation.read(body)
            if "Encrypt" in fields and self._crypto:
                names = ("MsgSignature", "TimeStamp", "Nonce")
                plain = self._crypto.decrypt_message(fields, *(str(fields[name]) for name in names))
                return self._notation.read(plain)
        except _UNREADABLE as error:
            raise BadAnswer(str(error)) from None
        if self.mode == "safe":
            raise BadAnswer("plaintext in safe mode")
        return fields

    def _note(self, parcel: _Parcel, attempt: int, delivery: Delivery) -> None:
        self._add(
            "delivery",
            parcel,
            attempt=attempt,
            status=delivery.status,
            began=delivery.began,
            ms=round(delivery.milliseconds, 1),
            silent=delivery.body in {"", "success"},
            mode=self.mode,
            **excerpts(delivery.query, delivery.sent, delivery.body),
        )

    def _outage(self, parcel: _Parcel) -> None:
        self._add("outage", parcel, text=OUTAGE)

    def _add(self, kind: str, parcel: _Parcel, **facts: Any) -> None:
        self._account.transcript.add(
            kind,
            self._account.clock.now(),
            follower=parcel.push["FromUserName"],
            message=parcel.push.get("MsgId", ""),
            push=parcel.number,
            **facts,
        )


def _report(done: concurrent.futures.Future[None]) -> None:
    """Let no mistake of ours pass in silence."""
    if error := done.exception():
        logger.error("a delivery failed", exc_info=error)


def _sign(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)
