"""What is said and asked on a terminal, in the operator's language; secrets are never shown."""

from __future__ import annotations

import getpass
import sys

from labels import book


class Dialogue:
    """Questions and answers; whoever answers by Ctrl-C or Ctrl-D raises what that raises."""

    def __init__(self, language: str) -> None:
        self.language = language

    def words(self, section: str, key: str, **values: object) -> str:
        """Return a sentence of labels/*/init.toml."""
        return str(book(self.language, "init")[section][key].format(**values))

    def say(self, key: str, section: str = "say", **values: object) -> None:
        """Write a sentence."""
        self.show(self.words(section, key, **values))

    def show(self, line: str) -> None:
        """Write a line."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def ask(self, name: str, offer: str, value: str = "", *, secret: bool = False) -> str:
        """Return what is answered, empty for Enter.

        offer: what Enter stands for: "shown", "kept" or "made", or that it is "none"; value: that.
        """
        prompt = self.words("default", offer, question=self.words("ask", name), value=value)
        # getpass asks with the echo off already: what is pasted early is not shown either.
        return getpass.getpass(prompt).strip() if secret else _read(prompt)

    def confirm(self, key: str) -> bool:
        """Return whether the answer is yes."""
        while True:
            answer = _read(self.words("say", key) + " ").lower()
            if answer in {"y", "yes", "是"}:
                return True
            if answer in {"n", "no", "否"}:
                return False
            self.say("yes_or_no")


def _read(prompt: str) -> str:
    sys.stdout.write(prompt)
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip()
