"""Around each message: is it from WeChat, fresh, sealed as agreed; and how to seal the answer.

                 query                    body
    plain        signature                <xml>…</xml>
    compatible   signature, msg_signature <xml>…<Encrypt/></xml>; only what is inside is believed
    safe         signature, msg_signature <xml><ToUserName/><Encrypt/></xml>

In safe mode nothing but a sealed message passes: `signature` covers no byte of the body, so whoever
has seen one query could otherwise write anything below it. In compatible mode both pass, for the
time of a change from plain to safe.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Mapping

from app.crypto import CannotDecrypt, MessageCipher, sign, signed_by
from app.message import Message, Unusable, parse, read_fields
from contract.settings import Settings, decode_aes_key

Query = Mapping[str, str]


class BadEnvelope(Exception):
    """Not from WeChat, or not as agreed. The sender is told nothing; the text is for our log."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message whose sender is proved."""

    message: Message
    sealed: bool  # it came encrypted, so the reply goes encrypted


class Envelope:
    """Opens what WeChat sends to one account and seals what goes back."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._token = settings.wechat_token.get_secret_value()
        self._mode = settings.wechat_mode
        self._account = settings.wechat_account
        self._window = settings.wechat_time_window
        self._clock = clock
        key = settings.wechat_aes_key
        self._cipher = MessageCipher(decode_aes_key(key), settings.wechat_app_id) if key else None

    def check(self, query: Query) -> None:
        """Raise BadEnvelope unless the query is signed with our token, not long ago."""
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not signed_by(query.get("signature", ""), self._token, timestamp, nonce):
            raise BadEnvelope("wrong signature")
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
            raise BadEnvelope("timestamp is not a number")
        if abs(self._clock() - int(timestamp)) > self._window:
            raise BadEnvelope("timestamp outside the window: replayed, or a clock is wrong")

    def open(self, query: Query, body: bytes) -> Opened:
        """Return the message in the body of a checked query; raise BadEnvelope or Unusable."""
        sealed = query.get("encrypt_type", "raw") != "raw"
        if sealed:
            body = self._decrypt(query, body)
        elif self._mode == "safe":
            raise BadEnvelope("plaintext in safe mode")
        message = parse(body)
        if self._account and message.account != self._account:
            raise BadEnvelope("meant for another account")
        return Opened(message=message, sealed=sealed)

    def _decrypt(self, query: Query, body: bytes) -> bytes:
        if self._cipher is None or self._mode == "plain":
            raise BadEnvelope("encrypted, but WECHAT_MODE is plain")
        try:
            encrypted = read_fields(body).get("Encrypt", "")
        except Unusable as error:
            raise BadEnvelope(f"no envelope around the message: {error}") from None
        parts = (self._token, query.get("timestamp", ""), query.get("nonce", ""), encrypted)
        if not signed_by(query.get("msg_signature", ""), *parts):
            raise BadEnvelope("wrong msg_signature")
        try:
            return self._cipher.decrypt(encrypted)
        except CannotDecrypt:
            raise BadEnvelope("cannot be decrypted with our key for our AppID") from None

    def seal(self, opened: Opened, reply: bytes) -> bytes:
        """Return the reply as WeChat expects it: encrypted if the message was."""
        if not opened.sealed or self._cipher is None:
            return reply
        encrypted = self._cipher.encrypt(reply)
        timestamp, nonce = str(int(self._clock())), secrets.token_hex(8)
        signature = sign(self._token, timestamp, nonce, encrypted)
        return (
            f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
            f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        ).encode()
