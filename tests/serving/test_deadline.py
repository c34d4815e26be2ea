"""Requests whose time is over: both fronts say so, and what waits is not run."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import requests

import tests.models
from serving import deadline
from serving.batching.parameters import Parameters
from serving.batching.servable import BatchingServable
from serving.errors import DeadlineExceeded
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.platforms.tensorflow import SavedModel
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature, TensorInfo
from tests.conftest import until
from tests.serving.asking import predict_request
from tests.serving.conftest import Fronts, serve

OVER = "Timed out waiting for notification"  # DirectSession::WaitForNotification
LONG = np.array([1e9], np.float32)  # turns of the loop


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that counts to x, one by one."""
    import tensorflow as tf

    def turn(x: Any) -> dict[str, Any]:
        return {"y": tf.while_loop(lambda at: at[0] < x[0], lambda at: (at + 1,), (0 * x,))[0]}

    base = tmp_path_factory.mktemp("turning")
    spec = tf.TensorSpec([None], tf.float32, name="x")
    tests.models.save(base / "1", serving_default=(turn, [spec]))
    return base


def test_run_ends_with_the_request_s_time(turning: Path) -> None:
    model = SavedModel(turning / "1")
    with deadline.within(0.2), pytest.raises(DeadlineExceeded, match=f"^{OVER}$"):
        model.run("serving_default", {"x": LONG})
    with deadline.within(60):
        assert model.run("serving_default", {"x": np.array([3.0], np.float32)})["y"] == [3]
    model.close()


@pytest.fixture(scope="module")
def impatient(turning: Path) -> Iterator[Fronts]:
    catalogue = Catalogue(Loader(Flags()))
    catalogue.apply([ModelConfig(name="turning", base_path=turning)])
    with serve(catalogue, rest_api_timeout_in_ms=200, grpc_max_threads=1) as fronts:
        yield fronts
    catalogue.apply([])


def test_rest_answers_504_when_the_time_of_the_flag_is_over(impatient: Fronts) -> None:
    url = f"{impatient.url}/turning:predict"
    answer = requests.post(url, json={"instances": [1e9]}, timeout=60)
    assert (answer.status_code, answer.json()) == (504, {"error": OVER})
    assert requests.post(url, json={"instances": [2.0]}, timeout=60).json() == {"predictions": [2]}


def test_call_ends_in_the_server_when_its_deadline_is_over(impatient: Fronts) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        impatient.predictions().Predict(predict_request("turning", x=LONG), timeout=0.3)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    # Its one thread is free again, long before the loop would have ended by itself.
    answer = impatient.predictions().Predict(predict_request("turning", x=[2.0]), timeout=20)
    assert answer.outputs["y"].float_val == [2.0]
    answer = impatient.predictions().Predict(predict_request("turning", x=[3.0]))  # none at all
    assert answer.outputs["y"].float_val == [3.0]


class Slow:
    """A model that waits until it may go on, and keeps what it was given."""

    signatures = {  # noqa: RUF012
        "serving_default": Signature(
            inputs={"x": TensorInfo(name="x", dtype="DT_FLOAT", shape=(-1,))},
            outputs={"y": TensorInfo(name="y", dtype="DT_FLOAT", shape=(-1,))},
            method_name="",
        )
    }

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.given: list[float] = []

    def run(
        self, _name: str, inputs: Mapping[str, Array], _filter: Sequence[str] = ()
    ) -> dict[str, Array]:
        self.given += inputs["x"].tolist()
        self.may_go_on.wait(60)
        return {"y": inputs["x"]}

    def close(self) -> None:
        pass


def test_request_that_waits_for_a_batch_is_answered_and_not_run() -> None:
    slow = Slow()
    parameters = Parameters(max_batch_size=1, num_batch_threads=1, batch_timeout=0.0)
    model = BatchingServable(slow, parameters, lambda *_: None)
    with concurrent.futures.ThreadPoolExecutor() as threads:
        first = threads.submit(model.run, "serving_default", {"x": np.array([1], np.float32)})
        until(lambda: slow.given == [1])
        with deadline.within(0.1), pytest.raises(DeadlineExceeded, match=OVER):
            model.run("serving_default", {"x": np.array([2], np.float32)})
        slow.may_go_on.set()
        assert first.result(20)["y"] == [1]
    assert model.run("serving_default", {"x": np.array([3], np.float32)})["y"] == [3]
    assert slow.given == [1, 3]
    model.close()


def test_time_that_is_over_is_over() -> None:
    with deadline.within(0), pytest.raises(DeadlineExceeded):
        deadline.remaining()
    with deadline.within(60):
        assert 0 < (deadline.remaining() or 0) <= 60
        with deadline.within(None):
            assert deadline.remaining() is None
    assert deadline.remaining() is None
    began = time.monotonic()
    with deadline.within(0.05), pytest.raises(DeadlineExceeded):
        deadline.wait(concurrent.futures.Future())
    assert time.monotonic() - began >= 0.05
