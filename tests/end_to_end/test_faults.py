"""Parts go away; followers are told, nothing is lost, and the rest goes on."""

from __future__ import annotations

import io
import time

import requests
from PIL import Image

from labels import phrase
from launch.supervisor import Program
from simulator.demo import Demo
from tests.conftest import encode, until
from tests.end_to_end.conftest import Phone


def part(demo: Demo, name: str) -> Program:
    """Return one of the demo's programs."""
    return next(each for each in demo.supervisor.programs if each.name == name)


def kill(program: Program) -> None:
    """End a program as a crash does."""
    program.end()


def revive(program: Program) -> None:
    """Start a program again and wait until it is up."""
    program.start()
    until(program.ready)


def unlike_others(picture: bytes) -> bytes:
    """Return it with one corner black: the same picture is answered from memory for minutes."""
    image = Image.open(io.BytesIO(picture))
    image.paste("black", (0, 0, 9, 9))
    return encode(image)


def test_lost_model_server_brings_an_apology_and_its_return_an_answer(
    demo: Demo, phone: Phone, samples: dict[str, bytes]
) -> None:
    serving = part(demo, "serving")
    kill(serving)
    message = phone.send_picture(unlike_others(samples["1-digit-3"]))
    assert phone.wait_for(1) == [phrase("zh", "apology")]
    assert phone.trace(message)["outcome"] == "apologised"
    revive(serving)
    phone.send_picture(samples["1-digit-3"])
    assert phone.wait_for(2)[1].endswith("数字 3")


def test_lost_redis_is_told_at_once_and_its_return_is_noticed(
    demo: Demo, phone: Phone, samples: dict[str, bytes]
) -> None:
    store = part(demo, "redis")
    kill(store)
    phone.send_picture(samples["1-digit-3"])
    assert phone.wait_for(1, 5) == [phrase("zh", "busy")]
    app = f"http://127.0.0.1:{demo.ports['app']}"
    assert requests.get(f"{app}/readyz", timeout=5).status_code == 503
    assert requests.get(f"{app}/healthz", timeout=5).status_code == 200
    revive(store)
    worker = part(demo, "worker")
    if worker.died():  # as the demo's own watch would
        revive(worker)
    phone.send_picture(samples["1-digit-3"])
    assert phone.wait_for(2, 60)[1].endswith("数字 3")


def test_worker_that_was_away_answers_what_has_waited(
    demo: Demo, phone: Phone, samples: dict[str, bytes]
) -> None:
    worker = part(demo, "worker")
    kill(worker)
    phone.send_picture(samples["1-digit-3"])
    until(lambda: len(phone.events("delivery")) == 2)
    assert phone.answers() == []
    revive(worker)
    assert phone.wait_for(1)[0].endswith("数字 3")


def test_worker_is_told_to_stop_in_the_middle_and_loses_nothing(
    demo: Demo, phone: Phone, samples: dict[str, bytes]
) -> None:
    worker = part(demo, "worker")
    for _ in range(5):
        phone.send_picture(samples["1-digit-3"])
    until(phone.answers)
    kill(worker)  # by SIGTERM: the picture in its hands is finished
    revive(worker)
    assert len(phone.wait_for(5)) == 5
    time.sleep(1)
    assert len(phone.answers()) == 5
