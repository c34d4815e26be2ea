"""No secret is shown, whatever is wrong and in whatever form."""

from __future__ import annotations

import pytest

from contract.settings import Settings
from launch.supervisor import free_port
from tests.conftest import WeChatServer
from tests.worker.doctor.conftest import Doctor


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["lines", "JSON"])
def test_no_secret_is_ever_shown(doctor: Doctor, form: tuple[str, ...]) -> None:
    key = "canary".ljust(42, "k") + "A"
    secrets = {
        "WECHAT_TOKEN": "canary-token-4711",
        "WECHAT_APP_SECRET": "canary-secret-4711",
        "WECHAT_AES_KEY": key,
        "WECHAT_PREVIOUS_AES_KEY": key,
        "VQA_ENDPOINT_KEY": "canary-key-4711",
        "ALERT_WEBHOOK": "https://127.0.0.1/canary-4711",
        "ADMIN_PASSWORD": "canary-4711-Xq",
    }
    addresses = {
        "REDIS_URL": f"redis://kantu:canary-4711@127.0.0.1:{free_port()}/0",
        "MODERATION": "http://127.0.0.1:9/?key=canary-4711",
    }
    declared = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert secrets.keys() == declared
    endpoint = {"VQA_ENDPOINT": "http://127.0.0.1:9", "VQA_ENDPOINT_MODEL": "model"}
    wrong = {"WECHAT_MODE": "no", "WECHAT_AES_KEY": "canary", "MODERATION": "htp://a/?key=canary"}
    for changes in ({}, {**wrong, "SENTRY_DSN": "htps://canary@sentry/1"}):
        _, lines = doctor(*form, **{**endpoint, **secrets, **addresses, **changes})
        said = "\n".join(lines)
        assert "canary" not in said
        assert said.count("✗") + said.count('"wrong"') > 0


def test_access_token_is_not_shown(doctor: Doctor, wechat_server: WeChatServer) -> None:
    _, lines = doctor("--json")
    token = wechat_server.account.credentials._stable
    assert token
    assert token not in "".join(lines)
    assert len(wechat_server.requests) == 7
