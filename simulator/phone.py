"""A follower's phone: what is typed, photographed and followed becomes a push to the webhook."""

from __future__ import annotations

import itertools
import secrets

from simulator.account import Account
from simulator.courier import Courier
from simulator.followers import EVENT_ALLOWS, MESSAGE_ALLOWS, Follower, new_openid
from simulator.notation import Push
from simulator.pushes import EVENTS, MESSAGES


class Phone:
    """Sends in the name of any follower."""

    def __init__(self, account: Account, courier: Courier, address: str) -> None:
        self._account, self._courier = account, courier
        self._address = address  # of the simulator, for PicUrl
        self._ids = itertools.count(secrets.randbelow(10**6) + 24_000_000_000_000_000)

    def follow(self) -> str:
        """Let somebody new follow the account; return the OpenID."""
        follower = Follower(openid=new_openid())
        with self._account.lock:
            self._account.followers[follower.openid] = follower
            follower.allow(EVENT_ALLOWS, self._account.clock.now())
        self._push(follower, {"MsgType": "event", "Event": "subscribe", "EventKey": ""})
        return follower.openid

    def unfollow(self, openid: str) -> None:
        """Let a follower leave; raise ApiError where there is none such."""
        follower = self._account.follower(openid)
        follower.follows = False
        self._push(follower, {"MsgType": "event", "Event": "unsubscribe"})

    def send_text(self, openid: str, content: str, *, copies: int = 1) -> str:
        """Send a text; return its MsgId."""
        return self._message(openid, {"MsgType": "text", "Content": content}, copies)

    def press(self, openid: str, key: str) -> None:
        """Press a button of the menu that sends its key."""
        self.cause(openid, "CLICK", key)

    def tap(self, openid: str, content: str, menu_id: str) -> str:
        """Tap a line of a menu message, which sends it as a text; return its MsgId."""
        push = {"MsgType": "text", "Content": content, "bizmsgmenuid": menu_id}
        return self._message(openid, push, 1)

    def send_picture(self, openid: str, data: bytes, *, copies: int = 1) -> str:
        """Send a file as a picture, whatever it is; return its MsgId."""
        media_id = self._account.media.keep(data)
        url = f"{self._address}/mmbiz_jpg/{media_id}/0"
        push = {"MsgType": "image", "PicUrl": url, "MediaId": media_id}
        return self._message(openid, push, copies)

    def send_other(self, openid: str, kind: str) -> str:
        """Send a voice, a video, a place…; return its MsgId."""
        return self._message(openid, {"MsgType": kind, **MESSAGES.get(kind, {})}, 1)

    def cause(self, openid: str, event: str, key: str = "") -> None:
        """Scan a code, tap a button of the menu…; event: as in simulator.pushes; key: EventKey."""
        follower = self._account.follower(openid)
        with self._account.lock:
            follower.allow(EVENT_ALLOWS, self._account.clock.now())
        fields = {**EVENTS.get(event, {}), **({"EventKey": key} if key else {})}
        self._push(follower, {"MsgType": "event", "Event": event, **fields})

    def _message(self, openid: str, push: Push, copies: int) -> str:
        follower, message_id = self._account.follower(openid), str(next(self._ids))
        with self._account.lock:
            follower.allow(MESSAGE_ALLOWS, self._account.clock.now())
        self._push(follower, {**push, "MsgId": message_id}, copies)
        return message_id

    def _push(self, follower: Follower, fields: Push, copies: int = 1) -> None:
        now = self._account.clock.now()
        push = {
            "ToUserName": self._account.original_id,
            "FromUserName": follower.openid,
            "CreateTime": str(int(now)),
            **fields,
        }
        number = self._account.transcript.add(
            "push",
            now,
            follower=follower.openid,
            message=fields.get("MsgId", ""),
            created=int(now),
            type=fields.get("Event", fields["MsgType"]),
            text=fields.get("Content", ""),
            picture=fields["MediaId"] if fields["MsgType"] == "image" else "",
        )
        self._courier.carry(push, number=number, copies=copies)
