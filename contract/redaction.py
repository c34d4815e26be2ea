"""Takes out of a text what must not be read: secrets, and who somebody is.

The last line of defence. Whoever writes a log line leaves them out in the first place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote

from pydantic import SecretStr

from contract.settings import Settings

_HIDDEN = "***"
# Queries and JSON of WeChat's API; passwords inside URLs; OpenIDs.
_NAMED = re.compile(
    r"""((?:access_token|secret|appsecret|password|signature|msg_signature|openid|touser)
    ["']?\s*[=:]\s*["']?)[^\s&"',}]+""",
    re.IGNORECASE | re.VERBOSE,
)
_IN_URL = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_OPENID = re.compile(r"(?<![\w-])o[\w-]{27}(?![\w-])", re.ASCII)
_LEAST = 6  # characters; a shorter secret may stand anywhere


class Redaction:
    """Hides them in texts; knows those of some settings by heart."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({each for each in secrets if len(each) >= _LEAST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    @classmethod
    def of(cls, settings: Settings) -> Redaction:
        """Return one that knows the secrets of these settings."""
        values = [getattr(settings, name) for name in type(settings).model_fields]
        secrets = [each.get_secret_value() for each in values if isinstance(each, SecretStr)]
        addresses = [each for each in (*values, *secrets) if isinstance(each, str)]
        inside = [each for address in addresses for each in _inside(address)]
        return cls([*secrets, *settings.wechat_tokens, *inside])

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        if self._known:
            text = self._known.sub(_HIDDEN, text)
        text = _IN_URL.sub(f"{_HIDDEN}:{_HIDDEN}", text)
        return _OPENID.sub("o…", _NAMED.sub(rf"\g<1>{_HIDDEN}", text))


def _inside(address: str) -> Iterator[str]:
    """Give what may be secret in an address: of its login the last part, and what its query says.

    Errors quote parts of addresses, in which the whole would not be found.
    """
    rest = address.partition("://")[2]
    login = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[0]
    password = login.rpartition(":")[2]  # or a name that is a key
    yield from (password, unquote(password))
    yield from (value for _, value in parse_qsl(rest.partition("?")[2]))
