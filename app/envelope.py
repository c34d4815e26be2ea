"""Around each message: is it from WeChat, fresh, sealed as agreed; and how to seal the answer.

                 query                    body
    plain        signature                <xml>…</xml>
    compatible   signature, msg_signature <xml>…<Encrypt/></xml>; only what is inside is believed
    safe         signature, msg_signature <xml><ToUserName/><Encrypt/></xml>

In safe mode nothing but a sealed message passes: `signature` covers no byte of the body, so whoever
has seen one query could otherwise write anything below it. In compatible mode both pass, for the
time of a change from plain to safe.

There may be two tokens and two keys while they are replaced; a reply is signed and encrypted with
those of its message.
"""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
from collections.abc import Callable, Mapping

from app.crypto import CannotDecrypt, MessageCipher, sign, signed_by
from app.message import Message, parse
from app.notation import Notation, Unusable, notation_of, read, write
from contract.settings import Settings, decode_aes_key

Query = Mapping[str, str]


class BadEnvelope(Exception):
    """Not from WeChat, or not as agreed. The sender is told nothing; the text is for our log.

    There are a dozen texts, none of which quotes what came: they may label a counter.
    """


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a message was sealed with, and its reply will be."""

    token: str = dataclasses.field(repr=False)
    cipher: MessageCipher
    account: str  # ToUserName on the outside; empty where it is missing


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message whose sender is proved."""

    message: Message
    notation: Notation  # it came in this one, so the reply goes in it
    seal: Seal | None  # None: it came in plain, so the reply goes in plain


class Envelope:
    """Opens what WeChat sends to one account and seals what goes back."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._tokens = settings.wechat_tokens
        self._mode = settings.wechat_mode
        self._account = settings.wechat_account
        self._window = settings.wechat_time_window
        self._clock = clock
        keys = (settings.wechat_aes_key, settings.wechat_previous_aes_key)
        self._ciphers = [
            MessageCipher(decode_aes_key(key), settings.wechat_app_id) for key in keys if key
        ]

    def check(self, query: Query) -> None:
        """Raise BadEnvelope unless the query is signed with a token of ours, not long ago."""
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        signer = signed_by(self._tokens, query.get("signature", ""), timestamp, nonce)
        is_time = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12
        late = abs(self._clock() - int(timestamp if is_time else "0"))
        if signer is None:
            raise BadEnvelope("wrong signature")
        if not is_time:
            raise BadEnvelope("timestamp is not a number")
        if late > self._window:
            raise BadEnvelope("timestamp outside the window: replayed, or a clock is wrong")

    def open(self, query: Query, body: bytes) -> Opened:
        """Return the message in the body of a checked query; raise BadEnvelope or Unusable."""
        seal = None
        if query.get("encrypt_type", "raw") != "raw":
            body, seal = self._unseal(query, body)
        elif self._mode == "safe":
            raise BadEnvelope("plaintext in safe mode")
        message = parse(body)
        if self._account and message.account != self._account:
            raise BadEnvelope("meant for another account")
        if seal and seal.account and message.account != seal.account:
            raise BadEnvelope("its outside names another account than its inside")
        return Opened(message=message, notation=notation_of(body), seal=seal)

    def _unseal(self, query: Query, body: bytes) -> tuple[bytes, Seal]:
        """Return what is inside, once msg_signature is found to be right."""
        if self._mode == "plain":
            raise BadEnvelope("encrypted, but WECHAT_MODE is plain")
        try:
            outside = read(body)
        except Unusable:
            raise BadEnvelope("no envelope around the message") from None
        encrypted, account = outside.get("Encrypt", ""), outside.get("ToUserName", "")
        parts = (query.get("timestamp", ""), query.get("nonce", ""), encrypted)
        token = signed_by(self._tokens, query.get("msg_signature", ""), *parts)
        if token is None:
            raise BadEnvelope("wrong msg_signature")
        for cipher in self._ciphers:
            with contextlib.suppress(CannotDecrypt):
                inside = cipher.decrypt(encrypted)
                return inside, Seal(token=token, cipher=cipher, account=account)
        raise BadEnvelope("cannot be decrypted with our key for our AppID")

    def seal(self, opened: Opened, reply: Mapping[str, str | int]) -> bytes:
        """Return the reply as WeChat expects it: written, encrypted and signed as its message."""
        written = write(reply, opened.notation)
        if opened.seal is None:
            return written
        encrypted = opened.seal.cipher.encrypt(written)
        timestamp, nonce = int(self._clock()), secrets.token_hex(8)
        sealed: dict[str, str | int] = {
            "Encrypt": encrypted,
            "MsgSignature": sign(opened.seal.token, str(timestamp), nonce, encrypted),
            "TimeStamp": timestamp,
            "Nonce": nonce,
        }
        return write(sealed, opened.notation)
