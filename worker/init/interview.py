"""The questions, in their order, and what becomes of the answers."""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Callable, Mapping
from pathlib import Path

from contract.settings import Settings, problem_with
from worker.doctor.wording import hint
from worker.init.dialogue import Dialogue
from worker.init.env_file import EnvFile
from worker.init.trial import Verdict, try_account, try_models, try_redis

_LETTERS = string.ascii_letters + string.digits
_SECRETS = {"WECHAT_APP_SECRET", "WECHAT_TOKEN", "WECHAT_AES_KEY", "REDIS_URL"}


def make_token() -> str:
    """Return a new Token: 32 letters and digits, as many as WeChat takes."""
    return "".join(secrets.choice(_LETTERS) for _ in range(32))


def make_aes_key() -> str:
    """Return a new EncodingAESKey: 43 letters and digits that are 32 bytes in base64.

    The last one holds four bits only, so its two lowest are none: A, E, I, … of base64's letters.
    """
    return "".join(secrets.choice(_LETTERS) for _ in range(42)) + secrets.choice("AEIMQUYcgkosw048")


class Interview:
    """Asks what is not known, and notes it in an `.env`."""

    def __init__(self, dialogue: Dialogue, env_file: EnvFile, path: Path) -> None:
        self._dialogue, self._env_file, self._path = dialogue, env_file, path
        self._values = env_file.values()

    def hold(self) -> None:
        """Ask everything; raise KeyboardInterrupt or EOFError where that is the answer."""
        self._dialogue.say("opening", path=self._path)
        self._dialogue.say("where")
        self._dialogue.say("hidden")
        may_push = self._ask_account()
        self._ask("WECHAT_MODE")
        self._ask("WECHAT_TOKEN", make=make_token)
        if self._values.get("WECHAT_MODE") != "plain":
            self._ask("WECHAT_AES_KEY", make=make_aes_key)
        self._ask("WECHAT_REPLY", default="" if may_push else "passive")
        self._ask_until("REDIS_URL", lambda url: try_redis(self._dialogue, url))
        model = self._values.get("CLASSIFIER_MODEL") or _default("CLASSIFIER_MODEL")
        self._ask_until("SERVING_URL", lambda url: try_models(self._dialogue, url, model))

    def note(self, name: str, value: str) -> None:
        """Have the file say so, unless it does or the default is that anyway."""
        if self._values.get(name, _default(name)) != value:
            self._env_file.set(name, value)
        self._values[name] = value

    def _ask_account(self) -> bool:
        """Return whether the account may push replies, as far as is known."""
        verdict, may_push = Verdict.ASK_AGAIN, True
        while verdict is not Verdict.GO_ON:
            if verdict is Verdict.ASK_AGAIN:
                self._ask("WECHAT_APP_ID")
                self._ask("WECHAT_APP_SECRET")
            url = os.environ.get("WECHAT_API_URL") or self._values.get("WECHAT_API_URL", "")
            given = {**self._values, "WECHAT_API_URL": url}
            verdict, may_push = try_account(self._dialogue, given)
            verdict = self._confirm(verdict)
        return may_push

    def _confirm(self, verdict: Verdict) -> Verdict:
        questions = {Verdict.ASK_AGAIN: "another", Verdict.TRY_AGAIN: "again"}
        question = questions.get(verdict)
        return verdict if question and self._dialogue.confirm(question) else Verdict.GO_ON

    def _ask_until(self, name: str, attempt: Callable[[str], Verdict]) -> None:
        """Ask until the answer does, or the operator wants to go on with it."""
        verdict = Verdict.ASK_AGAIN
        while verdict is Verdict.ASK_AGAIN:
            self._ask(name)
            verdict = self._confirm(attempt(self._values[name]))

    def _ask(self, name: str, *, default: str = "", make: Callable[[], str] | None = None) -> None:
        """Ask until the answer can be used, and note it."""
        if os.environ.get(name):
            self._dialogue.say("overruled", name=name, path=self._path)
        if kept := _content(self._values.get(f"{name}_FILE")):
            self._values[name] = kept
            self._dialogue.say("from_file", name=name)
            return
        offered = self._values.get(name) or default or _default(name)
        while True:
            form = _form(name, offered, made=make is not None)
            found = self._dialogue.ask(name, form, offered, secret=name in _SECRETS)
            made = "" if found or offered or make is None else make()
            if self._accept(name, found or offered or made):
                if made:
                    self._dialogue.say("made", name=name, path=self._path)
                return
            offered = ""  # Enter must not offer what cannot be used

    def _accept(self, name: str, value: str) -> bool:
        """Note a value that can be used; say what is wrong with any other."""
        if not value:
            self._dialogue.say("needed", name=name)
            return False
        problem = problem_with(name, {**_settings(self._values), name: value})
        if problem:
            expected = hint(name, self._dialogue.language)
            self._dialogue.say("problem", problem=problem, hint=expected)
            return False
        self.note(name, value)
        return True


def _form(name: str, offered: str, *, made: bool) -> str:
    """Return how to say what Enter stands for."""
    if not offered:
        return "made" if made else "none"
    hidden = name in _SECRETS and (name != "REDIS_URL" or "@" in offered)
    return "kept" if hidden else "shown"


def _settings(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name.lower() in Settings.model_fields}


def _default(name: str) -> str:
    found = Settings.model_fields[name.lower()].default
    return found if isinstance(found, str) else ""


def _content(path: str | None) -> str:
    """Return what the file of a NAME_FILE holds; nothing where there is none that can be read."""
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n") if path else ""
    except (OSError, UnicodeDecodeError):
        return ""
