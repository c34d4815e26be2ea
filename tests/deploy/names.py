"""A name server for one name, whose addresses a test changes."""

from __future__ import annotations

import socket
import struct
import threading


class NameServer:
    """Answers every question of type A with the addresses that there are now."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.told: list[str] = []  # the addresses in the latest answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                question, asker = self._socket.recvfrom(512)
            except OSError:  # closed
                return
            told = list(self.addresses)
            self._socket.sendto(self._answer(question, told), asker)
            self.told = told

    @staticmethod
    def _answer(message: bytes, addresses: list[str]) -> bytes:
        # RFC 1035: a header, the question again, then a record for each address.
        end = message.index(b"\0", 12) + 5
        is_a = message[end - 4 : end - 2] == b"\0\x01"
        records = [
            struct.pack("!HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(each)
            for each in (addresses if is_a else [])
        ]
        header = message[:2] + struct.pack("!HHHHH", 0x8180, 1, len(records), 0, 0)
        return header + message[12:end].join([b"", b"".join(records)])

    def close(self) -> None:
        """Answer no more."""
        self._socket.close()
