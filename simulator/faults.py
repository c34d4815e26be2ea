"""What the page's buttons break, each with a message or two, so that one sees what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from simulator import sample
from simulator.account import Account
from simulator.courier import Courier
from simulator.errors import NotHere
from simulator.line import LineError, ask
from simulator.phone import Phone

SLOW = 3.0  # seconds that each call of WeChat's API takes longer
HANDFUL = 6  # pictures at once
NINE = 9
_COPIES = 3
_SEND = "message/custom/send"


class Faults:
    """Breaks and mends: WeChat's side here, the programs through the demo's line."""

    def __init__(self, account: Account, phone: Phone, courier: Courier, line: Path | None) -> None:
        self._account, self._phone, self._courier, self._line = account, phone, courier, line

    @property
    def has_demo(self) -> bool:
        """Whether there is a demo that owns the programs."""
        return self._line is not None

    def act(self, name: str, openid: str, *, on: bool) -> None:
        """Break what that name of FAULTS says, or mend it; raise NotHere."""
        FAULTS[name](self, openid, on=on)

    def deliver_thrice(self, openid: str, *, on: bool) -> None:
        """Deliver one message three times at the same instant."""
        self._note(openid, "thrice", on=on)
        self._phone.send_picture(openid, _picture(), copies=_COPIES)

    def send_nine(self, openid: str, *, on: bool) -> None:
        """Send as many photos as a phone lets one choose."""
        self._note(openid, "nine", on=on)
        for number in range(NINE):
            self._phone.send_picture(openid, _picture(number))

    def lose_serving(self, openid: str, *, on: bool) -> None:
        """End the model server as a crash does; or start it again."""
        self._lose("serving", openid, on=on)

    def lose_redis(self, openid: str, *, on: bool) -> None:
        """End Redis as a crash does; or start it again."""
        self._lose("redis", openid, on=on)

    def _lose(self, program: str, openid: str, *, on: bool) -> None:
        self.ask("lose" if on else "return", program=program)
        self._note(openid, program, on=on)
        if on:
            self._phone.send_picture(openid, _picture())

    def slow_down(self, openid: str, *, on: bool) -> None:
        """Let every call of WeChat's API take seconds longer."""
        self._account.delay = SLOW if on else 0.0
        self._note(openid, "slow", on=on)
        if on:
            self._phone.send_picture(openid, _picture())

    def expire_token(self, openid: str, *, on: bool) -> None:
        """Let the access token be invalid from now on, before its time."""
        with self._account.lock:
            self._account.credentials.revoke()
        self._note(openid, "token", on=on)
        self._phone.send_picture(openid, _picture())

    def use_up_quota(self, openid: str, *, on: bool) -> None:
        """Let no customer-service message be left for today; or renew them, as an operator does."""
        if on:
            self._account.use_up(_SEND)
        else:
            self._account.renew_quota()
            self._lift()
        self._note(openid, "quota", on=on)
        if on:
            self._phone.send_picture(openid, _picture())

    def kill_worker(self, openid: str, *, on: bool) -> None:
        """Send a handful of pictures, and kill -9 a process that has begun on them."""
        for number in range(HANDFUL):
            self._phone.send_picture(openid, _picture(number))
        self._note(openid, "worker", on=on, pid=self.ask("kill")["killed"])

    def _note(self, openid: str, name: str, *, on: bool, pid: int = 0) -> None:
        """Have the transcript say what was done, and whose button it was."""
        now = self._account.clock.now()
        self._account.transcript.add("fault", now, follower=openid, fault=name, on=on, pid=pid)

    def verify(self, *, verified: bool) -> None:
        """Let the account send customer-service messages, or no longer (48001)."""
        self._account.pushes = verified
        if verified:
            self._lift()

    def choose_mode(self, mode: str) -> None:
        """Deliver in another mode from now on; the webhook is started again in it."""
        self.ask("mode", mode=mode)
        self._courier.mode = mode  # type: ignore[assignment]  # the demo knows no others

    def _lift(self) -> None:
        """Have the operator end the product's pauses; without one they end by themselves."""
        if self.has_demo:
            self.ask("lift")

    def ask(self, what: str, **fields: str) -> dict[str, Any]:
        """Return what the demo says; raise NotHere."""
        if self._line is None:
            raise NotHere("no demo owns the programs here; only `make demo` does that")
        try:
            said = ask(self._line, {"do": what, **fields})
        except LineError as error:
            raise NotHere(str(error)) from None
        if "wrong" in said:
            raise NotHere(said["wrong"])
        return said

    def state(self) -> dict[str, Any]:
        """Return what is broken just now, and how the programs are as far as anybody knows."""
        limit, used = self._account.quota(_SEND)
        try:
            known = self.ask("look")
        except NotHere:
            known = {"programs": {}, "operating": False, "mode": self._courier.mode}
        lost = {name for name, state in known["programs"].items() if state == "away"}
        return {
            **known,
            "verified": self._account.pushes,
            "active": {
                "slow": self._account.delay > 0,
                "quota": used >= limit,
                "serving": "serving" in lost,
                "redis": "redis" in lost,
            },
        }


FAULTS: MappingProxyType[str, Callable[..., None]] = MappingProxyType(
    {
        "thrice": Faults.deliver_thrice,
        "nine": Faults.send_nine,
        "worker": Faults.kill_worker,
        "serving": Faults.lose_serving,
        "redis": Faults.lose_redis,
        "slow": Faults.slow_down,
        "token": Faults.expire_token,
        "quota": Faults.use_up_quota,
    }
)


def _picture(number: int = 0) -> bytes:
    names = sample.names()
    return sample.take(names[number % len(names)], anew=True)
