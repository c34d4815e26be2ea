"""worker.session"""

from __future__ import annotations

import concurrent.futures
import http.server
import socket
import threading
import time

import pytest
import requests

from launch.supervisor import free_port
from tests.worker.odd_server import answer, drip, hang, odd_server, running, says
from worker.session import (
    LARGEST_ANSWER,
    AnswerTooLarge,
    AnswerTooSlow,
    Session,
    never_sent,
    read,
    was_refused,
)

TIMEOUT = (1.0, 0.5)


@pytest.fixture
def session() -> Session:
    return Session(4, TIMEOUT, longest=0.5)


def test_connection_is_kept_for_each_of_many_threads() -> None:
    together = threading.Barrier(40, timeout=10)

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        together.wait()
        says({})(handler)

    session = Session(40, (5.0, 10.0), longest=10)
    with running(respond) as server, concurrent.futures.ThreadPoolExecutor(40) as threads:
        for _ in range(3):
            list(threads.map(lambda _: session.get(server.url), range(40)))
    assert len(server.paths) == 120
    assert len(server.peers) == 40


def test_nobody_waits_for_ever_for_an_answer(session: Session) -> None:
    with odd_server(hang(3)) as url, pytest.raises(requests.ReadTimeout):
        session.get(url)


def test_answer_that_drips_in_has_an_end(session: Session) -> None:
    start = time.monotonic()
    with odd_server(drip(0.05)) as url, pytest.raises(AnswerTooSlow, match="after"):
        session.get(url)
    assert time.monotonic() - start < 10  # on a busy machine; without an end: for ever


def test_answer_without_end_is_not_read(session: Session) -> None:
    much = answer(200, bytes(LARGEST_ANSWER + 1), length=2**40)
    with odd_server(much) as url, pytest.raises(AnswerTooLarge):
        session.post(url, json={})


def test_streamed_answer_is_read_by_its_caller(session: Session) -> None:
    with (
        odd_server(answer(200, b"x" * 100)) as url,
        session.get(url, stream=True) as response,
        pytest.raises(AnswerTooLarge, match="more than 99 bytes"),
    ):
        read(response, 99, time.monotonic() + 1)


def test_nobody_is_followed_elsewhere(session: Session) -> None:
    with running(says({})) as other:
        moved = answer(302, b"", headers={"Location": other.url})
        with odd_server(moved) as url:
            assert session.get(url).status_code == 302
    assert other.paths == []


def test_refused_connection_is_known_as_such(session: Session) -> None:
    with pytest.raises(requests.ConnectionError) as caught:
        session.get(f"http://127.0.0.1:{free_port()}")
    assert was_refused(caught.value)
    assert never_sent(caught.value)


def test_cut_connection_may_have_brought_something(session: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)

        threading.Thread(target=cut, daemon=True).start()
        with pytest.raises(requests.ConnectionError) as caught:
            session.get(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert not was_refused(caught.value)
    assert not never_sent(caught.value)
