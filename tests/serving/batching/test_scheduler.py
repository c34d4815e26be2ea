"""serving.batching.scheduler: which tasks run together, when, and which find no place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from serving.batching.parameters import Parameters
from serving.batching.scheduler import Scheduler, Task
from serving.errors import InvalidArgument, Unavailable
from tests.conftest import until

LONG = 60.0  # seconds; no test waits for it
LIMIT = 30  # seconds; nothing takes as long


class Model:
    """Notes the rows of each batch, and ends none before it may."""

    def __init__(self, **parameters: Any) -> None:
        self.batches: list[list[int]] = []
        self.may_end = threading.Event()
        chosen = {"max_batch_size": 2, "batch_timeout": LONG, "num_batch_threads": 1, **parameters}
        self.scheduler = Scheduler(
            Parameters(**{"max_execution_batch_size": chosen["max_batch_size"], **chosen}), self.run
        )

    def run(self, tasks: list[Task]) -> None:
        self.batches.append([task.rows for task in tasks])
        self.may_end.wait(LIMIT)
        for task in tasks:
            task.done.set_result({})

    def ask(self, *rows: int, kind: str = "a") -> list[Task]:
        """Submit a request of so many rows in each part."""
        tasks = [Task(kind=kind, inputs={}, rows=each) for each in rows]
        self.scheduler.submit(tasks)
        return tasks

    def refuse(self, *rows: int) -> str:
        with pytest.raises(Unavailable) as refused:
            self.ask(*rows)
        return str(refused.value)

    def is_running(self, *batches: list[int]) -> None:
        """Wait until these have begun, and no others."""
        until(lambda: len(self.batches) >= len(batches))
        assert self.batches == [*batches]


Make = Callable[..., Model]


@pytest.fixture
def make() -> Iterator[Make]:
    made = list[Model]()

    def new(**parameters: Any) -> Model:
        made.append(Model(**parameters))
        return made[-1]

    yield new
    for each in made:
        each.may_end.set()
        each.scheduler.close()


def test_batch_waits_until_it_is_full(make: Make) -> None:
    model = make()
    model.ask(1)
    model.ask(1, kind="b")
    assert model.batches == []
    model.ask(1, kind="b")
    model.is_running([1, 1])


def test_batch_that_is_not_full_runs_after_its_time_and_no_sooner(make: Make) -> None:
    model = make(batch_timeout=0.05)
    began = time.monotonic()
    model.ask(1)
    model.is_running([1])
    assert 0.05 <= time.monotonic() - began < LIMIT


def test_batch_runs_as_it_is_when_the_next_of_its_kind_begins(make: Make) -> None:
    model = make()
    model.ask(1)
    model.ask(2)
    model.may_end.set()
    model.is_running([1], [2])


def test_batch_that_is_full_does_not_wait_for_an_older_one_of_another_kind(make: Make) -> None:
    model = make()
    model.ask(1)
    model.ask(2, kind="b")
    model.is_running([2])


def test_first_come_is_first_served(make: Make) -> None:
    model = make(batch_timeout=0.0)
    model.ask(2)
    model.is_running([2])
    asked = [*model.ask(1, kind="b"), *model.ask(2, kind="c"), *model.ask(1, kind="d")]
    model.may_end.set()
    assert [task.done.result(LIMIT) for task in asked] == [{}] * 3
    model.is_running([2], [1], [2], [1])


def test_parts_of_a_request_run_at_the_same_time(make: Make) -> None:
    model = make(max_batch_size=4, max_execution_batch_size=2, num_batch_threads=2)
    model.may_end.set()
    assert [task.done.result(LIMIT) for task in model.ask(2, 2)] == [{}] * 2
    model.may_end.clear()  # now both threads wait for more
    model.ask(2, 2)
    model.is_running([2], [2], [2], [2])


def test_largest_request_is_the_largest_batch(make: Make) -> None:
    model = make()
    with pytest.raises(InvalidArgument, match=r"^Task size 3 is larger than .* batch size 2$"):
        model.ask(3)
    model.ask(2)


def test_queue_that_is_full_takes_what_fits_into_its_last_batch(make: Make) -> None:
    model = make(max_enqueued_batches=2)
    model.ask(2)
    model.is_running([2])
    model.ask(2)
    model.ask(1)
    text = "is full; currently 2 batches enqueued and max_enqueued_batches is 2"
    assert model.refuse(2).endswith(text)
    model.ask(1)
    assert model.refuse(1).endswith(text)
    model.ask(2, kind="b")  # has a queue of its own


def test_one_batch_may_wait_where_none_may(make: Make) -> None:
    model = make(max_enqueued_batches=0)
    model.ask(2)
    model.is_running([2])
    model.ask(2)
    assert "max_enqueued_batches is 1" in model.refuse(1)


def test_request_of_many_parts_is_refused_as_a_whole(make: Make) -> None:
    splitting = {"enable_large_batch_splitting": True, "max_execution_batch_size": 2}
    model = make(max_batch_size=10, max_enqueued_batches=2, **splitting)
    model.ask(2)
    model.is_running([2])
    words = "task size is {} but scheduling capacity is only {} (num_enqueued_batches={}, "
    limits = "max_enqueued_batches=2, open_batch_size={}, max_execution_batch_size=2)"
    assert model.refuse(2, 2, 1).endswith(words.format(5, 4, 0) + limits.format(0))
    model.ask(1)
    assert model.refuse(2, 2).endswith(words.format(4, 3, 1) + limits.format(1))
    model.ask(1, 2)
    assert model.refuse(1).endswith(words.format(1, 0, 2) + limits.format(2))
    model.may_end.set()
    model.is_running([2], [1, 1], [2])


def test_what_waits_is_run_before_the_end(make: Make) -> None:
    model = make(thread_pool_name="mine", num_batch_threads=2)
    waiting = model.ask(1)
    assert {each.name for each in threads("mine")} == {"mine_0", "mine_1"}
    assert all(each.daemon for each in threads("mine"))
    model.may_end.set()
    model.scheduler.close()
    assert [task.done.done() for task in waiting] == [True]
    assert threads("mine") == []


def threads(name: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith(name)]
