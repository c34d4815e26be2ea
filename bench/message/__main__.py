"""`python -m bench.message`: from a picture to its answer, through the whole product.

Beside it: the loop that Kantu began as, a bot that answers inside WeChat's request, and the model
server alone, asked by eight clients what the worker asks for a message: no product can be faster.
"""

from __future__ import annotations

import base64
import concurrent.futures
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import command, process
from bench.account import MODELS, AccountAtWork, wait
from bench.harness import ROUNDS, Contestant, race
from bench.message import steps
from bench.message.inside import InsideBot
from bench.message.report import Found
from bench.report import Report, table
from bench.scale.cost import process_of
from bench.webhook.endpoint.loop import Eyes
from launch.supervisor import say
from worker.model_server import ModelServer
from worker.picture import prepare

_RATE, _PACED = 2.0, 10  # messages a second, so many in each round: nothing waits for anything
_AT_ONCE, _ONE_BY_ONE, _CLIENTS = 48, 12, 8
_SHORT_SIDE = 256  # pixels, what our worker sends
_PROGRAMS = ("app", "worker", "serving")


def main() -> int:
    """Measure, and write bench/results/message.*; return 0, or 1 where something failed."""
    parser = command.parser("bench.message")
    parser.add_argument("--messages", type=int, default=0, help="only these, and what memory does")
    chosen = parser.parse_args()

    def measure() -> Report:
        with _bench() as bench:
            return bench.race(chosen.rounds)

    if not chosen.messages:
        return command.publish(measure, keep=chosen.rounds >= ROUNDS)
    with _bench() as bench:
        bench.memory(chosen.messages)
    return 0


@contextmanager
def _bench() -> Iterator[Bench]:
    """Start everything, warmed up; end it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        with bench.work.working(), bench.inside.working():
            bench.warm_up()
            yield bench


class Bench:
    """The product and its competitors, which take turns."""

    def __init__(self, folder: Path) -> None:
        self.work = AccountAtWork(folder)
        environment = self.work.programs["app"].environment
        self.inside = InsideBot(self.work, environment, folder)
        self._eyes = Eyes(environment)
        self._steps = list[list[dict[str, float]]]()

    def warm_up(self) -> None:
        """Have everything loaded and every thread used."""
        say("· warming up")
        work = self.work
        work.answered(work.send(work.prepare(40)))
        self.loop()
        self.inside.rate(_CLIENTS)

    def race(self, rounds: int) -> Report:
        """Take turns."""
        before = self._memory()
        contestants = [
            Contestant(name=name, title=title, run=run)
            for name, title, run in (
                ("kantu", "**Kantu**", self.kantu),
                ("loop", "one by one: download, POST, reply", self.loop),
                ("inside", "inside WeChat's request, 8 at a time", self._inside),
                (
                    "ceiling",
                    "the model server alone, asked as for a message, 8 clients",
                    self.ceiling,
                ),
                ("classifier", "the classifier alone, 8 clients", self.classifier),
            )
        ]
        measured = race(contestants, rounds, say)
        found = Found(race=measured, steps=self._steps, before=before, after=self._memory())
        return found.report(contestants)

    def kantu(self) -> Mapping[str, float]:
        """Return how many pictures a second it answers; note the steps of some that come singly."""
        work = self.work
        few, many = work.prepare(_PACED), work.prepare(_AT_ONCE)
        work.answered(work.send(few, 1 / _RATE))
        wait(lambda: len(steps.of(work.redis, few)) == _PACED)
        self._steps.append(steps.of(work.redis, few))
        begun = time.monotonic()
        work.answered(work.send(many))
        return {"rate": _AT_ONCE / (time.monotonic() - begun)}

    def loop(self) -> Mapping[str, float]:
        """Answer one picture after the other."""
        messages = self.work.prepare(_ONE_BY_ONE)
        begun = time.monotonic()
        for message in messages:
            self._eyes.answer(message["FromUserName"], message["MediaId"])
        return {"rate": _ONE_BY_ONE / (time.monotonic() - begun)}

    def _inside(self) -> Mapping[str, float]:
        return {"rate": self.inside.rate(_AT_ONCE)}

    def ceiling(self) -> Mapping[str, float]:
        """Ask the model server all that a message asks, for as many as it can do."""
        url = self.work.programs["worker"].environment["SERVING_URL"]
        server = ModelServer(url, _CLIENTS)

        def ask(picture: bytes) -> None:
            data = {"b64": base64.b64encode(picture).decode()}
            server.predict(MODELS[1], "describe", data)
            server.predict(MODELS[0], "top5", data)

        return self._at_once(ask)

    def classifier(self) -> Mapping[str, float]:
        """Ask the classifier alone, for as many pictures as it can do."""
        return self._at_once(self._eyes.ask)

    def _at_once(self, ask: Callable[[bytes], object]) -> Mapping[str, float]:
        """Ask about pictures as our worker sends them, from eight threads."""
        media = self.work.account.media
        pictures = [
            prepare(media.get(each["MediaId"]), _SHORT_SIDE) for each in self.work.prepare(_CLIENTS)
        ]
        data = [each.small for each in pictures] * 10
        with concurrent.futures.ThreadPoolExecutor(_CLIENTS) as threads:
            begun = time.monotonic()
            list(threads.map(ask, data))
        return {"rate": len(data) / (time.monotonic() - begun)}

    def memory(self, number: int) -> None:
        """Send so many messages, a few at a time; say what the programs' memory does."""
        work, done = self.work, 0
        rows = list[list[str]]()
        while done < number:
            some = work.prepare(min(_AT_ONCE, number - done))
            work.answered(work.send(some))
            work.forget(some)
            done += len(some)
            if done % (10 * _AT_ONCE) == 0 or done == number:
                sizes = self._memory()
                rows.append([f"{done:,}", *(f"{sizes[name]:.0f}" for name in _PROGRAMS)])
                say("  ".join(rows[-1]))
        say("\n" + table(["messages", *(f"{name}, PSS MB" for name in _PROGRAMS)], rows))

    def _memory(self) -> dict[str, float]:
        return {name: process.memory(process_of(self.work, name)) for name in _PROGRAMS}


if __name__ == "__main__":
    sys.exit(main())
