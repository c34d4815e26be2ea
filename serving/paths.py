"""Folders of this machine: the log names them, answers to clients do not."""

from __future__ import annotations

import re

# Two folders at least, so that "1/2", "and/or" and names of operations stay as they are.
_PATH = re.compile(r"(?:(?<![\w./:-])|(?<=file://))/(?:[^\s/'\"`,;:)]+/)+(?=[^\s/'\"`,;:)]|)")


def hidden(text: str) -> str:
    """Return the text with no more than the last part of each absolute path."""
    return _PATH.sub("…/", text)
