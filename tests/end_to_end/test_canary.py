"""No secret and no OpenID is to be read anywhere: the whole product, run on marked ones.

Looked at are every program's log, what Prometheus is told, Redis' keys and what they hold (but for
the jobs' own arguments, and the token where it is kept), every page for admins and every page of
the model server. A picture is kept, but not what its file says beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from launch.supervisor import free_port
from simulator.demo import Demo
from tests.conftest import until
from tests.end_to_end.conftest import Phone, new_phone

MARK = "canary"
SECRETS = {
    "WECHAT_TOKEN": "canaryTokenOf32LettersAndDigits1",
    "WECHAT_APP_SECRET": "canaryAppSecret0123456789abcdef0",
    "WECHAT_AES_KEY": "canary".ljust(42, "k") + "A",
    "WECHAT_PREVIOUS_AES_KEY": "canary".ljust(42, "p") + "A",
    "ADMIN_PASSWORD": "canary-Xq7-admin",
    "VQA_ENDPOINT_KEY": "canary-endpoint-key",
    "ALERT_WEBHOOK": "http://127.0.0.1:1/canary-hook",
    "MODERATION": "http://127.0.0.1:1/allows?key=canary-moderation",
}
QUESTION = "canary 图里有几个圆？"
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory, shipped: Path) -> Iterator[Demo]:
    """Every program, on marked secrets, logging JSON."""
    demo = Demo(tmp_path_factory.mktemp("canary"), print, shipped)
    demo.ports["metrics"] = free_port()
    demo.environment |= SECRETS
    place = f"default:canary-redis@127.0.0.1:{demo.ports['redis']}"  # which takes any password
    demo.environment |= {"REDIS_URL": f"redis://{place}/0"}
    demo.environment |= {
        "LOG_FORMAT": "json", "WORKER_METRICS_PORT": str(demo.ports["metrics"]),
        "VQA_ENDPOINT": f"http://127.0.0.1:{free_port()}", "VQA_ENDPOINT_MODEL": "nobody",
    }  # fmt: skip
    for program in demo.supervisor.programs:
        program.environment = demo.environment
    try:
        demo.supervisor.open()
        yield demo
    finally:
        demo.close()


def talk(phone: Phone, samples: dict[str, bytes]) -> None:
    """Have a follower send what is answered, what is refused, and what fails."""
    phone.send_picture(marked(samples["5-shapes"]))
    phone.wait_for(1)
    phone.send_text(QUESTION)
    phone.wait_for(2)
    phone.send_text("canary 这只猫叫什么名字？")  # of the endpoint, which is away
    phone.send_picture(b"canary: no picture")
    phone.send_other("voice")
    phone.wait_for(5)


def marked(picture: bytes) -> bytes:
    """Return a JPEG that says in a comment, and behind its end, where it was taken."""
    place = b"canary islands"
    return picture[:2] + b"\xff\xfe\0" + bytes([2 + len(place)]) + place + picture[2:] + place


def test_nothing_marked_can_be_read_anywhere(canary: Demo, samples: dict[str, bytes]) -> None:
    phone = new_phone(canary)
    talk(phone, samples)
    served = model_server(canary)
    serving = next(each for each in canary.supervisor.programs if each.name == "serving")
    serving.end()
    phone.send_picture(samples["1-digit-3"])
    phone.wait_for(6)
    forged = f"http://127.0.0.1:{canary.ports['app']}/wechat?signature=canary&openid={phone.openid}"
    assert requests.post(forged, data=b"<xml/>", timeout=10).status_code == 403
    store = redis.Redis(port=canary.ports["redis"])
    (token,) = [store.get(key) for key in store.scan_iter("kantu:wechat:*:token")]
    assert isinstance(token, bytes)
    marks = [*SECRETS.values(), phone.openid, token.decode(), MARK]
    places = {**logs(canary), **metrics(canary), **kept(store), **pages(canary, store), **served}
    found = [(place, each) for place, text in places.items() for each in marks if each in text]
    assert found == []
    assert len(places) > 40


def logs(canary: Demo) -> dict[str, str]:
    """Return the logs of all programs of ours; the simulator is WeChat itself."""
    folder = canary.folder / "logs"
    found = {
        name: (folder / f"{name}.log").read_text("utf-8")
        for name in ("app", "worker", "serving", "redis")
    }
    lines = [json.loads(line) for line in found["worker"].splitlines()]
    told = [line for line in lines if "outcome" in line]
    assert len(told) >= 5
    assert all(re.fullmatch("[0-9a-f]{32}", line["request"]) for line in told)
    return found


def metrics(canary: Demo) -> dict[str, str]:
    """Return what Prometheus is told."""
    urls = [f"http://127.0.0.1:{canary.ports[each]}/metrics" for each in ("app", "metrics")]
    return {url: requests.get(url, timeout=10).text for url in urls}


def model_server(canary: Demo) -> dict[str, str]:
    """Return the pages of the model server, and its numbers."""
    base = f"http://127.0.0.1:{canary.ports['serving']}"
    paths = ("/models", "/models/demo/versions", "/statistics", "/statistics/prometheus", "/ui")
    answers = {path: requests.get(base + path, timeout=10) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {f"serving {path}": answer.text for path, answer in answers.items()}


def kept(store: redis.Redis) -> dict[str, str]:
    """Return what Redis holds: keys, and values but for those that have to have it."""
    names = [key.decode() for key in store.scan_iter("*")]
    values = {name: value(store, name) for name in names if not name.endswith(":token")}
    return {"keys": "\n".join(names), **values}


def value(store: redis.Redis, name: str) -> str:
    """Return what a key holds, a job without its arguments."""
    read: dict[bytes, Callable[[], object]] = {
        b"string": lambda: store.get(name),
        b"hash": lambda: {k: v for k, v in store.hgetall(name).items() if k != b"data"},
        b"list": lambda: store.lrange(name, 0, -1),
        b"set": lambda: store.smembers(name),
        b"zset": lambda: store.zrange(name, 0, -1, withscores=True),
        b"stream": lambda: store.xrange(name),
        b"none": lambda: "",  # it has ended meanwhile
    }
    kind: Any = store.type(name)
    return str(read[kind]())


def pages(canary: Demo, store: redis.Redis) -> dict[str, str]:
    """Return every page for admins."""
    base = f"http://127.0.0.1:{canary.ports['app']}/admin"
    (alias,) = {key.decode().rpartition(":")[2] for key in store.scan_iter("kantu:traces:*")}
    jobs = [key.decode().removeprefix("rq:job:") for key in store.scan_iter("rq:job:*")]
    with requests.Session() as admin:
        admin.trust_env = False
        form = {"password": SECRETS["ADMIN_PASSWORD"]}
        assert admin.post(f"{base}/login", data=form, headers=OURS, timeout=10).ok
        until(lambda: 'class="tiles"' in admin.get(f"{base}/now", timeout=10).text)
        paths = ["/", "/failed", f"/follower/{alias}", "/rq/0/data/workers.json"]
        paths += [f"/message/{each}" for each in jobs]
        paths += [f"/rq/0/data/job/{each}.json" for each in jobs]
        paths += [
            f"/rq/0/data/jobs/pictures/{each}/99/asc/1.json" for each in ("finished", "failed")
        ]
        answers = {path: admin.get(base + path, timeout=10) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {path: answer.text for path, answer in answers.items()}
