"""Pictures that followers sent or the account uploaded; WeChat keeps them for three days."""

from __future__ import annotations

import secrets

from simulator.clock import Clock
from simulator.errors import ApiError

KEPT = 3 * 24 * 3600  # seconds
LARGEST_UPLOAD = 10 * 1024 * 1024  # bytes
_UPLOADABLE = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png", b"GI": "image/gif"}


class Media:
    """Files by their media_id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._files: dict[str, tuple[bytes, float]] = {}

    def keep(self, data: bytes) -> str:
        """Return the media_id of a file, whatever it is: followers send what they like."""
        media_id = secrets.token_urlsafe(48)
        self._files[media_id] = data, self._clock.now()
        return media_id

    def upload(self, kind: str, data: bytes) -> str:
        """Return the media_id of a picture from the account; raise ApiError."""
        if kind != "image":
            raise ApiError(40004)
        if not data:
            raise ApiError(41005)
        if len(data) > LARGEST_UPLOAD:
            raise ApiError(45001)
        if data[:2] not in _UPLOADABLE:
            raise ApiError(40005)
        return self.keep(data)

    def forget(self, media_id: str) -> None:
        """Delete a file before its time."""
        self._files.pop(media_id, None)

    def get(self, media_id: str) -> bytes:
        """Return the file; raise ApiError where it is unknown or too old."""
        data, kept = self._files.get(media_id, (b"", 0.0))
        if self._clock.now() - kept > KEPT:
            raise ApiError(40007)
        return data


def content_type(data: bytes) -> str:
    """Return what WeChat would say the file is."""
    return _UPLOADABLE.get(data[:2], "image/jpeg")
