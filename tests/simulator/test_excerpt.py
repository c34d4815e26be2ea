"""simulator.excerpt: no secret is shown whole."""

from __future__ import annotations

import pytest

from simulator.account import Account
from simulator.courier import Courier
from simulator.excerpt import excerpts
from simulator.notation import JSON, XML, Notation
from tests.conftest import APP_ID, APP_SECRET, make_settings

PUSH = {"ToUserName": "gh", "FromUserName": "o", "MsgType": "text", "Content": "好" * 2000}


@pytest.mark.parametrize("notation", [XML, JSON])
@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_signatures_and_sealed_texts_are_cut(notation: Notation, mode: str) -> None:
    account = Account(APP_ID, APP_SECRET)
    settings = make_settings(wechat_mode=mode)
    query, body = Courier(account, settings, "http://127.0.0.1:1", notation).seal(PUSH)
    shown = excerpts(query, body, "success")
    secrets = [query[name] for name in ("signature", "msg_signature") if name in query]
    assert [secret for secret in secrets if secret in shown["query"]] == []
    assert query["timestamp"] in shown["query"]
    assert max(len(part) for part in shown.values()) <= 701
    assert shown["reply"] == "success"


def test_sealed_reply_is_cut() -> None:
    signature, sealed = "a1" * 20, "B64+/" * 40
    reply = (
        f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature}]]></MsgSignature></xml>"
    )
    shown = excerpts({}, b"", reply)["reply"]
    assert f"{sealed[:40]}…]]>" in shown
    assert f"[{signature[:6]}…]]>" in shown
