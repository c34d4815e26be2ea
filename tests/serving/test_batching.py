"""serving.batching: what waits together runs together, and nobody pays for a neighbour."""

from __future__ import annotations

import base64
import concurrent.futures
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

import tests.models
from serving.batching.parameters import Parameters
from serving.batching.servable import BatchingServable
from serving.errors import InvalidArgument, ServingError, Unavailable
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.platforms.tensorflow import SavedModel
from serving.protocol.json_tensor import Array
from tests.conftest import until
from tests.serving.asking import predict_request, refusal
from tests.serving.conftest import Fronts, serve

DEMO = Path(__file__).parents[2] / "serving" / "models" / "demo"
LONG = 60.0  # seconds; no test waits for it: batches run because they are full


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that tells how many rows it ran with, and some that give no rows."""
    import tensorflow as tf

    path = tmp_path_factory.mktemp("rows") / "1"
    vector = [tf.TensorSpec([None], tf.float32, name="x")]

    def size(x: Any) -> dict[str, Any]:
        return {"size": tf.fill(tf.shape(x), tf.shape(x)[0]), "x": x}

    def late(x: Any) -> dict[str, Any]:
        return {"total": tf.compat.v1.placeholder_with_default(tf.reduce_sum(x), None), "x": x}

    tests.models.save(
        path,
        serving_default=(size, vector),
        table=(lambda x: {"table": tf.constant([1.0, 2.0]) + 0 * tf.reduce_sum(x)}, vector),
        late=(late, vector),
        matrix=(lambda x: {"x": x}, [tf.TensorSpec([None, None], tf.float32, name="x")]),
        words=(lambda x: {"x": x}, [tf.TensorSpec([None, None], tf.string, name="x")]),
    )
    return path


Make = Callable[..., BatchingServable]


@pytest.fixture
def make(folder: Path) -> Iterator[Make]:
    """Batches of the model, as a test wants them."""
    made = []

    def new(**parameters: Any) -> BatchingServable:
        execution = parameters.get("max_batch_size", 1000)
        chosen = {"max_execution_batch_size": execution, "batch_timeout": LONG, **parameters}
        made.append(BatchingServable(SavedModel(folder), Parameters(**chosen), lambda *_: None))
        return made[-1]

    yield new
    for each in made:
        each.close()


def ask(model: BatchingServable, *inputs: Array, signature: str = "serving_default") -> list[Any]:
    """Return what becomes of each input, all asked at once: outputs, or an error."""

    def one(x: Array) -> object:
        try:
            return model.run(signature, {"x": x})
        except ServingError as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(len(inputs)) as pool:
        return list(pool.map(one, inputs))


def row(*values: float) -> Array:
    return np.array(values, np.float32)


def test_rows_that_wait_together_run_together_and_come_back(make: Make) -> None:
    found = ask(make(max_batch_size=4), row(1), row(2, 3), row(4))
    assert [each["x"].tolist() for each in found] == [[1], [2, 3], [4]]
    assert [each["size"].tolist() for each in found] == [[4], [4, 4], [4]]


def test_batch_that_is_not_full_runs_after_its_time(make: Make) -> None:
    assert make(max_batch_size=4, batch_timeout=0.01).run("serving_default", {"x": row(1)})[
        "size"
    ].tolist() == [1]


def test_batches_have_allowed_sizes_only(make: Make) -> None:
    model = make(max_batch_size=8, batch_timeout=0.0, allowed_batch_sizes=(4, 8))
    found = model.run("serving_default", {"x": row(1, 2, 3, 4, 5)})
    assert found["x"].tolist() == [1, 2, 3, 4, 5]
    assert found["size"].tolist() == [8] * 5


def test_other_shapes_wait_for_their_like(make: Make) -> None:
    wide, narrow = np.ones((1, 3), np.float32), np.ones((1, 2), np.float32)
    found = ask(make(max_batch_size=2), wide, narrow, wide, narrow, signature="matrix")
    assert [each["x"].shape for each in found] == [(1, 3), (1, 2), (1, 3), (1, 2)]


def test_variable_lengths_are_filled_up(make: Make) -> None:
    model = make(max_batch_size=2, pad_variable_length_inputs=True)
    found = ask(model, np.ones((1, 1), np.float32), np.ones((1, 2), np.float32), signature="matrix")
    assert [each["x"].tolist() for each in found] == [[[1, 0]], [[1, 1]]]
    words = [np.array([each], np.object_) for each in ([b"a"], [b"b", b"c"])]
    found = ask(model, *words, signature="words")
    assert [each["x"].tolist() for each in found] == [[[b"a", b""]], [[b"b", b"c"]]]


def test_who_asks_for_one_output_waits_for_those_who_do_too(make: Make) -> None:
    model = make(max_batch_size=2)

    def one(outputs: list[str]) -> dict[str, Any]:
        return model.run("serving_default", {"x": row(1)}, outputs)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = list(pool.map(one, [["size"], [], ["size"], ["x", "size"], [], ["x", "size"]]))
    assert [sorted(each) for each in found] == [["size"], ["size", "x"]] * 2 + [["size", "x"]] * 2
    assert all(each["size"].tolist() == [2] for each in found)


def test_each_batch_is_observed_with_how_long_its_requests_waited(folder: Path) -> None:
    seen = list[tuple[int, Sequence[float]]]()
    parameters = Parameters(max_batch_size=4, max_execution_batch_size=4, batch_timeout=LONG)
    model = BatchingServable(SavedModel(folder), parameters, lambda *each: seen.append(each))
    ask(model, row(1), row(2, 3, 4))
    model.close()
    ((rows, waits),) = seen
    assert (rows, len(waits)) == (4, 2)
    assert all(0 <= wait < LONG for wait in waits)


def test_end_of_the_batches_is_the_end_of_their_model(folder: Path) -> None:
    inside = SavedModel(folder)
    BatchingServable(inside, Parameters(), lambda *_: None).close()
    with pytest.raises(RuntimeError, match="closed"):
        inside._session.run([])


def test_request_without_rows_waits_for_nobody(make: Make) -> None:
    assert make(max_batch_size=4).run("serving_default", {"x": row()})["x"].shape == (0,)


def test_signature_that_is_none_waits_for_nobody(make: Make) -> None:
    with pytest.raises(InvalidArgument):
        make(max_batch_size=4).run("none", {"x": row(1)})


@pytest.mark.parametrize("signature", ["table", "late"])
def test_outputs_without_rows_are_each_request_s_own(make: Make, signature: str) -> None:
    model = make(max_batch_size=2)
    found = ask(model, row(1), row(2), signature=signature)
    again = model.run(signature, {"x": row(3)})  # now it is known, and does not wait
    assert [each.get("total", 0) for each in (*found, again)] in ([1, 2, 3], [0, 0, 0])
    assert again.get("table", row(1, 2)).tolist() == [1, 2]


def test_output_without_rows_keeps_no_other_from_sharing_a_batch(make: Make) -> None:
    model = make(max_batch_size=2)
    ask(model, row(1), row(2), signature="late")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(model.run, "late", {"x": row(3)}, ["x"])
        until(lambda: model._scheduler._waiting)  # nothing else tells
        assert model.run("late", {"x": row(4)}, ["x"])["x"].tolist() == [4]
        assert first.result()["x"].tolist() == [3]


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        (np.float32(1), "Batching Run() input tensors must have at least one dimension"),
        (row(1, 2, 3), "Task size 3 is larger than maximum input batch size 2"),
    ],
)
def test_input_that_cannot_be_batched(make: Make, inputs: Any, text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        make(max_batch_size=2).run("serving_default", {"x": np.asarray(inputs)})
    assert str(refused.value) == text


def test_large_request_is_split(make: Make) -> None:
    model = make(
        max_batch_size=5,
        max_execution_batch_size=2,
        enable_large_batch_splitting=True,
        batch_timeout=0.0,
    )
    found = model.run("serving_default", {"x": row(1, 2, 3, 4, 5)})
    assert found["x"].tolist() == [1, 2, 3, 4, 5]
    assert max(found["size"]) <= 2


def test_large_request_without_rows_in_its_outputs_is_not_split(make: Make) -> None:
    model = make(
        max_batch_size=5,
        max_execution_batch_size=2,
        enable_large_batch_splitting=True,
        batch_timeout=0.0,
    )
    assert model.run("late", {"x": row(1, 2, 3, 4, 5)})["total"] == 15


def test_full_queue_refuses_at_once(make: Make) -> None:
    model = make(max_batch_size=2, max_enqueued_batches=1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(model.run, "serving_default", {"x": row(1)})
        until(lambda: model._scheduler._waiting)  # nothing else tells
        with pytest.raises(Unavailable) as refused:
            model.run("serving_default", {"x": row(2, 3)})
        model.run("serving_default", {"x": row(4)})
        assert first.result()["x"].tolist() == [1]
    assert str(refused.value) == (
        "The batch scheduling queue to which this task was submitted is full; currently 1 batches "
        "enqueued and max_enqueued_batches is 1"
    )


def test_full_queue_is_503_and_unavailable(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    file.write_text(
        "max_batch_size { value: 2 } batch_timeout_micros { value: 60000000 } "
        "max_enqueued_batches { value: 1 }"
    )
    catalogue = Catalogue(Loader(Flags(enable_batching=True, batching_parameters_file=file)))
    catalogue.apply([ModelConfig(name="rows", base_path=folder.parent)])
    request = predict_request("rows", x=np.ones(2, np.float32))
    with serve(catalogue) as fronts, concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(post_until_taken, fronts, {"inputs": [1.0]})
        until(lambda: post(fronts, {"inputs": [1.0, 2.0]}).status_code == 503)
        refused = refusal(fronts.predictions().Predict, request)
        assert post(fronts, {"inputs": [3.0]}).json()["outputs"]["size"] == [2]
        assert first.result().json()["outputs"]["x"] == [1]
    assert refused[0] == "UNAVAILABLE"
    catalogue.apply([])


def post_until_taken(fronts: Fronts, body: object) -> requests.Response:
    """Ask again where the queue is full just then, with another request that is about to be run."""
    while (response := post(fronts, body)).status_code == 503:
        pass
    return response


def post(fronts: Fronts, body: object, model: str = "rows") -> requests.Response:
    return requests.post(f"{fronts.url}/{model}:predict", json=body, timeout=30)


def test_truncated_picture_fails_no_neighbour(tmp_path: Path, samples: dict[str, bytes]) -> None:
    file = tmp_path / "batching.config"
    file.write_text("max_batch_size { value: 6 } batch_timeout_micros { value: 60000000 }")
    catalogue = Catalogue(Loader(Flags(enable_batching=True, batching_parameters_file=file)))
    catalogue.apply([ModelConfig(name="demo", base_path=DEMO)])
    good = samples["1-digit-3"]
    with serve(catalogue) as fronts, concurrent.futures.ThreadPoolExecutor(6) as pool:
        bodies = [
            {"instances": [{"b64": base64.b64encode(each).decode()}]}
            for each in (good, good, good[:60], good, good, good)
        ]
        found = list(pool.map(lambda body: post(fronts, body, "demo"), bodies))
    assert [each.status_code for each in found] == [200, 200, 400, 200, 200, 200]
    assert [each.json()["predictions"][0]["classes"] for each in found if each.ok] == [3] * 5
    catalogue.apply([])


def test_versions_end_with_their_threads(folder: Path) -> None:
    catalogue = Catalogue(Loader(Flags(enable_batching=True)))
    catalogue.apply([ModelConfig(name="rows", base_path=folder.parent)])
    assert len(batch_threads()) == Parameters().num_batch_threads
    catalogue.apply([])
    assert batch_threads() == []


def batch_threads() -> list[str]:
    names = (thread.name for thread in threading.enumerate())
    return [name for name in names if name.startswith(Parameters().thread_pool_name)]
