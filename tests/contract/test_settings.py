"""contract.settings"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract.settings import Settings, SettingsError, load_settings, problem_with
from tests.conftest import AES_KEY, APP_ID, TOKEN

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.setenv("WECHAT_TOKEN", TOKEN)
    monkeypatch.setenv("WECHAT_APP_ID", APP_ID)
    monkeypatch.setenv("WECHAT_AES_KEY", AES_KEY)


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVING_URL", "http://models:8501/")
    settings = load_settings(env_file="")
    assert settings.serving_url == "http://models:8501"
    assert settings.wechat_token.get_secret_value() == TOKEN


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WECHAT_TOKEN")
    monkeypatch.setenv("WECHAT_MODE", "secure")
    monkeypatch.setenv("PICTURE_TTL", "long")
    monkeypatch.setenv("SERVING_URL", "models:8501")
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file="")
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert "WECHAT_TOKEN is not set" in lines
    assert any(line.startswith("WECHAT_MODE='secure': ") for line in lines)
    assert any(line.startswith("PICTURE_TTL='long': ") for line in lines)
    assert any(line.startswith("SERVING_URL='models:8501': ") for line in lines)


def test_wrong_secret_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECHAT_AES_KEY", "a-secret-that-is-too-short")
    with pytest.raises(SettingsError, match="WECHAT_AES_KEY: must have 43") as caught:
        load_settings(env_file="")
    assert "a-secret" not in str(caught.value)


@pytest.mark.parametrize("password", ["admin", "Admin2026", "kX3vGq8Zt", "aaaaaaaaaaaaaaaa"])
def test_weak_admin_password_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", password)
    with pytest.raises(SettingsError, match=r"ADMIN_PASSWORD: .* openssl rand") as caught:
        load_settings(env_file="")
    assert password not in str(caught.value)


def test_secret_is_not_in_the_settings_text() -> None:
    assert TOKEN not in repr(load_settings(env_file=""))


def test_value_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("WECHAT_APP_SECRET_FILE", str(tmp_path / "secret"))
    settings = load_settings("wechat_app_secret", env_file="")
    assert settings.wechat_app_secret is not None
    assert settings.wechat_app_secret.get_secret_value() == "from the file"


def test_file_is_named_in_dotenv_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    (tmp_path / ".env").write_text(f"WECHAT_APP_SECRET_FILE={tmp_path / 'secret'}\n")
    monkeypatch.setenv("WECHAT_APP_SECRET", "")
    settings = load_settings("wechat_app_secret", env_file=str(tmp_path / ".env"))
    assert settings.wechat_app_secret is not None
    assert settings.wechat_app_secret.get_secret_value() == "from the file"


def test_file_that_is_missing_is_named_and_not_its_setting_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WECHAT_APP_SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError) as caught:
        load_settings("wechat_app_secret", env_file="")
    assert str(caught.value).count("WECHAT_APP_SECRET") == 1


def test_file_of_bytes_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("WECHAT_APP_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match=r"WECHAT_APP_SECRET_FILE=.* cannot be read"):
        load_settings(env_file="")


def test_password_of_redis_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@host:6379/0")
    assert "hunter2" not in repr(load_settings(env_file=""))
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@host:99999/0")
    with pytest.raises(SettingsError, match=r"REDIS_URL='redis://:\*\*\*@host:99999/0'") as caught:
        load_settings(env_file="")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("password", ["a/b:c", "p@ss", "://@"])
def test_password_of_redis_is_not_shown_whatever_signs_it_has(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://kantu:{password}@host:99999/0")
    with pytest.raises(SettingsError, match=r"REDIS_URL='redis://kantu:\*\*\*@host") as caught:
        load_settings(env_file="")
    assert password not in str(caught.value).replace("kantu:***@", "").replace("://", "")


def test_default_that_hangs_on_a_wrong_setting_is_not_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WECHAT_REPLY", "shout")
    with pytest.raises(SettingsError, match="WECHAT_REPLY='shout'") as caught:
        load_settings(env_file="")
    assert "\n" not in str(caught.value)


def test_env_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"LANGUAGE=\xff\n")
    with pytest.raises(SettingsError, match=r"\.env cannot be read; expected text in UTF-8"):
        load_settings(env_file=str(tmp_path / ".env"))


def test_one_setting_can_be_tried_alone() -> None:
    assert problem_with("WECHAT_APP_ID", {"WECHAT_APP_ID": "12"}).startswith("WECHAT_APP_ID='12'")
    assert problem_with("WECHAT_APP_ID", {"WECHAT_APP_ID": "wx12345678"}) == ""
    assert "canary" not in problem_with("WECHAT_AES_KEY", {"WECHAT_AES_KEY": "canary"})


def test_another_env_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("LANGUAGE=en\n")
    monkeypatch.setenv("KANTU_ENV_FILE", str(tmp_path / "other"))
    assert load_settings().language == "en"
    monkeypatch.setenv("KANTU_ENV_FILE", "")
    assert load_settings().language == "zh"


def test_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WECHAT_APP_SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"WECHAT_APP_SECRET_FILE=.*none.* cannot be read"):
        load_settings(env_file="")


def test_safe_mode_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WECHAT_AES_KEY")
    with pytest.raises(SettingsError, match="WECHAT_AES_KEY is not set; WECHAT_MODE=safe"):
        load_settings(env_file="")


@pytest.mark.parametrize(
    ("value", "tokens"),
    [("one-token", ["one-token"]), ("the-new-one, the-old-one", ["the-new-one", "the-old-one"])],
)
def test_token_may_be_two_while_it_is_replaced(
    monkeypatch: pytest.MonkeyPatch, value: str, tokens: list[str]
) -> None:
    monkeypatch.setenv("WECHAT_TOKEN", value)
    assert load_settings(env_file="").wechat_tokens == tokens


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("x" * 33, "3 to 32 characters"),
        ("new old", "no blank"),
        ("the-new-one,", "3 to 32 characters"),
        ("one,two,three", "may list two"),
        ("the-same,the-same", "may list two"),
    ],
)
def test_wrong_token_is_named_but_not_shown(
    monkeypatch: pytest.MonkeyPatch, value: str, complaint: str
) -> None:
    monkeypatch.setenv("WECHAT_TOKEN", value)
    with pytest.raises(SettingsError, match=f"WECHAT_TOKEN: .*{complaint}") as caught:
        load_settings(env_file="")
    assert value not in str(caught.value)


def test_previous_key_is_checked_like_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECHAT_PREVIOUS_AES_KEY", "a-secret-that-is-too-short")
    with pytest.raises(SettingsError, match="WECHAT_PREVIOUS_AES_KEY: must have 43") as caught:
        load_settings(env_file="")
    assert "a-secret" not in str(caught.value)


def test_plain_mode_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WECHAT_AES_KEY")
    monkeypatch.setenv("WECHAT_MODE", "plain")
    assert load_settings(env_file="").wechat_aes_key is None


def test_example_that_was_not_filled_in_is_named_line_by_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("WECHAT_TOKEN", "WECHAT_APP_ID", "WECHAT_AES_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError) as caught:
        load_settings("wechat_app_secret", env_file=str(EXAMPLE))
    assert [line.partition(" is not set")[0] for line in str(caught.value).splitlines()] == [
        "WECHAT_TOKEN",
        "WECHAT_APP_ID",
        "WECHAT_APP_SECRET",
        "WECHAT_AES_KEY",
    ]


def test_what_a_program_needs_is_named() -> None:
    with pytest.raises(SettingsError, match="WECHAT_APP_SECRET is not set"):
        load_settings("wechat_app_secret", env_file="")


def test_dotenv_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LANGUAGE=en\nCLASSIFIER_MODEL=resnet50\n")
    monkeypatch.setenv("CLASSIFIER_MODEL", "mine")
    settings = load_settings(env_file=str(tmp_path / ".env"))
    assert (settings.language, settings.classifier_model) == ("en", "mine")


@pytest.mark.parametrize(("value", "language"), [("en_US:en", "en"), ("zh_CN:zh:en", "zh")])
def test_language_of_the_desktop_is_understood(
    monkeypatch: pytest.MonkeyPatch, value: str, language: str
) -> None:
    monkeypatch.setenv("LANGUAGE", value)
    assert load_settings(env_file="").language == language


def test_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSIFIER_INPUT", "")
    monkeypatch.setenv("CLASSIFIER_LABELS", "")
    settings = load_settings(env_file="")
    assert settings.classifier_input == 224
    assert settings.classifier_labels is None


def test_example_lists_every_setting_with_its_default() -> None:
    ours = EXAMPLE.read_text("utf-8").partition("# --- Docker compose")[0]
    listed = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", ours, re.MULTILINE))
    listed.pop("WECHAT_APP_SECRET_FILE", None)
    assert listed.keys() == {name.upper() for name in Settings.model_fields}
    defaults = {
        # Empty, too, where the default hangs on another setting.
        name.upper(): "" if field.is_required() or field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
        if field.default_factory is None
    } | {"WEB_THREADS": ""}
    assert listed == {
        name: {"True": "true", "False": "false"}.get(default, default)
        for name, default in defaults.items()
    }


def test_alert_webhook_is_a_url_and_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(env_file="").alert_webhook is None
    monkeypatch.setenv("ALERT_WEBHOOK", "https://host/send?key=the-key")
    assert "the-key" not in repr(load_settings(env_file=""))
    monkeypatch.setenv("ALERT_WEBHOOK", "host/send?key=the-key")
    with pytest.raises(SettingsError, match="ALERT_WEBHOOK: is not a URL") as caught:
        load_settings(env_file="")
    assert "the-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"VQA_ENDPOINT": "models:8000"}, "VQA_ENDPOINT='models:8000': is not a URL"),
        ({"VQA_ENDPOINT": "http://h"}, "VQA_ENDPOINT_MODEL='': is not set; VQA_ENDPOINT needs"),
        ({"VQA_ENDPOINT_DEADLINE": "60"}, "VQA_ENDPOINT_DEADLINE='60': "),
        ({"MODERATION": "/no/such/file"}, "MODERATION='/no/such/file': is neither a URL nor"),
        ({"MODERATION": "https://"}, "MODERATION='https://': is not a URL"),
    ],
)
def test_wrong_setting_of_questions_is_named(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], told: str
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file="")
    assert told in str(caught.value)


def test_password_in_the_endpoint_s_address_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VQA_ENDPOINT", "https://user:canary@host/v1")
    with pytest.raises(SettingsError, match="expected it in VQA_ENDPOINT_KEY") as caught:
        load_settings(env_file="")
    assert "canary" not in str(caught.value)


def test_key_of_the_endpoint_comes_from_a_file_and_is_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("sk-canary\n")
    monkeypatch.setenv("VQA_ENDPOINT", "http://127.0.0.1:11434/")
    monkeypatch.setenv("VQA_ENDPOINT_MODEL", "qwen3-vl:8b")
    monkeypatch.setenv("VQA_ENDPOINT_KEY_FILE", str(tmp_path / "key"))
    settings = load_settings(env_file="")
    assert settings.vqa_endpoint == "http://127.0.0.1:11434"
    assert settings.vqa_endpoint_key is not None
    assert settings.vqa_endpoint_key.get_secret_value() == "sk-canary"
    assert "sk-canary" not in repr(settings)
    assert settings.answers_questions


@pytest.mark.parametrize(
    ("name", "url", "shown"),
    [
        ("MODERATION", "htps://office/?key=canary", "htps://office/?***"),
        ("MODERATION", "office/?key=canary", "office/?***"),
        ("SENTRY_DSN", "htps://canary@o1.ingest.sentry.io:1", "htps://***@o1.ingest.sentry.io:1"),
        ("SENTRY_DSN", "https//canary@o1.ingest.sentry.io/1", "https//***@o1.ingest.sentry.io/1"),
    ],
)
def test_key_in_an_address_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, shown: str
) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(SettingsError, match=re.escape(f"{name}='{shown}'")) as caught:
        load_settings(env_file="")
    assert "canary" not in str(caught.value)


def test_model_for_questions_can_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VQA_MODEL", "none")
    settings = load_settings(env_file="")
    assert settings.vqa_model == ""  # and an empty variable means the default
    assert not settings.answers_questions


def test_deny_list_is_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("…", "utf-8")
    monkeypatch.setenv("MODERATION", str(tmp_path / "words"))
    assert load_settings(env_file="").moderation == str(tmp_path / "words")
