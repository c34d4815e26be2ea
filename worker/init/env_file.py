"""An `.env` that is changed line by line: whatever is not asked about stays, comments too."""

from __future__ import annotations

import io
import os
import re
import tempfile
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

_TEMPLATE = Path(__file__).parents[2] / ".env.example"
_PLAIN = re.compile(r"[\w.,:;/@%+=?&*!~^-]*", re.ASCII)  # what needs no quotes


class EnvFile:
    """The text of one."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def read(cls, path: Path) -> EnvFile:
        """Return what is there, else the template; raise OSError or UnicodeDecodeError."""
        if not path.exists():
            path = _TEMPLATE
        return cls(path.read_text("utf-8") if path.exists() else "")

    def values(self) -> dict[str, str]:
        """Return what is set, by NAME; nothing that is empty."""
        found = dotenv_values(stream=io.StringIO(self.text))
        return {name: value for name, value in found.items() if value}

    def set(self, name: str, value: str) -> None:
        """Put a value where the name stands, be it in a comment; else at the end."""
        pieces = [(each.key, each.original.string) for each in parse_stream(io.StringIO(self.text))]
        named = [place for place, (key, _) in enumerate(pieces) if key == name]
        shown = [
            place for place, (_, text) in enumerate(pieces) if text.lstrip().startswith(f"#{name}=")
        ]
        line, texts = f"{name}={_quoted(value)}\n", [text for _, text in pieces]
        for place in named[-1:] or shown[:1]:
            before = texts[place][: len(texts[place]) - len(texts[place].lstrip())]
            texts[place] = before + line
            break
        else:
            texts.append(line if not self.text or self.text.endswith("\n") else f"\n{line}")
        self.text = "".join(texts)

    def write(self, path: Path) -> None:
        """Put it there whole or not at all, for the owner to read; raise OSError."""
        path = path.resolve()  # a link stays one
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".env.")  # mode 600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(self.text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
