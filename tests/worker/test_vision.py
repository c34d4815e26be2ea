"""worker.vision, against the embedded model server with other people's models, and liars."""

from __future__ import annotations

import concurrent.futures
import http.server
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import redis

from labels.classes import ClassName, LabelsError, default_labels, read_labels
from launch.supervisor import free_port
from tests.worker.odd_server import (
    OddServer,
    Respond,
    answer,
    drip,
    hang,
    odd_server,
    running,
    says,
)
from worker.breaker import Breaker
from worker.errors import ModelMismatch, ModelSilent, ModelUnavailable
from worker.model_server import ModelServer
from worker.seen import Seen
from worker.vision import Classifier

IMAGENET = read_labels(default_labels("resnet50"))
DEMO = read_labels(default_labels("demo"))
Make = Callable[..., Classifier]


@pytest.fixture
def classifier(connection: redis.Redis) -> Make:
    """Return the classifier of one process."""

    def make(url: str, model: str, names: Mapping[int, ClassName] = DEMO) -> Classifier:
        breaker = Breaker(connection, model)
        return Classifier(ModelServer(url, 40), model, names, breaker, Seen(connection))

    return make


def test_demo_model_is_asked_by_its_five_best(
    classifier: Make, serving_url: str, samples: dict[str, bytes]
) -> None:
    demo = classifier(serving_url, "demo")
    assert (demo.signature().name, demo.signature().classes) == ("top5", 12)
    guesses = demo.classify(samples["1-digit-3"])
    assert len(guesses) == 5
    assert guesses[0].name is not None
    assert guesses[0].name.english == "the digit 3"
    assert [guess.probability for guess in guesses] == sorted(
        (guess.probability for guess in guesses), reverse=True
    )


def test_background_class_is_allowed_for(classifier: Make, serving_url: str, jpeg: bytes) -> None:
    model = classifier(serving_url, "background", IMAGENET)
    assert model.signature().classes == 1001
    (best, *_) = model.classify(jpeg)
    assert best.name == IMAGENET[281]
    assert best.probability == pytest.approx(0.9)


def test_classes_are_counted_where_the_model_does_not_say_how_many(
    classifier: Make, serving_url: str, jpeg: bytes
) -> None:
    model = classifier(serving_url, "unshaped", IMAGENET)
    assert model.signature().classes is None
    assert model.classify(jpeg)[0].name == IMAGENET[281]
    assert classifier(serving_url, "unshaped", IMAGENET).classify(jpeg)[0].name == IMAGENET[281]
    with pytest.raises(ModelUnavailable, match="the model has 1001 classes, the label file"):
        classifier(serving_url, "unshaped").classify(jpeg)


def test_only_output_needs_no_name(classifier: Make, serving_url: str, jpeg: bytes) -> None:
    (best, *_) = classifier(serving_url, "vector").classify(jpeg)
    assert best.name == DEMO[3]
    assert best.probability == pytest.approx(0.9)


def test_labels_of_another_model_are_refused(classifier: Make, serving_url: str) -> None:
    with pytest.raises(LabelsError, match="the model has 12 classes, the label file names 1000"):
        classifier(serving_url, "demo", IMAGENET).signature()


def test_model_that_wants_pixels_is_refused_with_a_way_out(
    classifier: Make, serving_url: str
) -> None:
    with pytest.raises(ModelMismatch, match=r"serving_default\(pixels\)\. docs/own-model\.md"):
        classifier(serving_url, "pixels").signature()


@pytest.mark.parametrize("model", ["logits", "not_a_number"])
def test_answer_that_is_no_probability_never_reaches_a_follower(
    classifier: Make, serving_url: str, jpeg: bytes, model: str
) -> None:
    with pytest.raises(ModelUnavailable):
        classifier(serving_url, model).classify(jpeg)


def test_missing_model_is_unavailable(classifier: Make, serving_url: str) -> None:
    with pytest.raises(ModelUnavailable, match="Servable not found"):
        classifier(serving_url, "nobody").signature()


def test_missing_server_is_unavailable(classifier: Make) -> None:
    with pytest.raises(ModelSilent, match="no answer from"):
        classifier(f"http://127.0.0.1:{free_port()}", "demo").signature()


def signature(**outputs: tuple[str, str]) -> dict[str, Any]:
    """Return the metadata of a signature that takes a picture; outputs: type and width by name."""
    return {
        "inputs": {"image": {"dtype": "DT_STRING"}},
        "outputs": {
            name: {"dtype": dtype, "tensor_shape": {"dim": [{"size": "-1"}, {"size": size}]}}
            for name, (dtype, size) in outputs.items()
        },
    }


TOP5 = {
    "top5": signature(classes=("DT_INT64", "5"), scores=("DT_FLOAT", "5")),
    "serving_default": signature(probabilities=("DT_FLOAT", "12")),
}
VECTOR = {"serving_default": signature(probabilities=("DT_FLOAT", "12"))}
THREE = {"classes": [3, 8], "scores": [0.9, 0.1]}


def metadata(signatures: object = TOP5, version: str = "1") -> dict[str, Any]:
    return {
        "model_spec": {"version": version},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def model(predict: Respond, about: dict[str, Any] | None = None) -> Respond:
    """Return how a model server answers that has one model."""

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        meeting = handler.path.endswith("/metadata")
        (says(about or metadata()) if meeting else predict)(handler)

    return respond


def predicts(prediction: object) -> Respond:
    return says({"predictions": [prediction]})


def asked(server: OddServer) -> int:
    """Return how many predictions a server was asked for."""
    return sum(path.endswith(":predict") for path in server.paths)


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        pytest.param(answer(500, b"{}"), ModelSilent, id="500"),
        pytest.param(answer(503, b"<html>"), ModelSilent, id="503"),
        pytest.param(says({"error": "busy"}, 429), ModelSilent, id="429"),
        pytest.param(says({"error": "bad picture"}, 400), ModelUnavailable, id="400"),
        pytest.param(answer(302, b"", headers={"Location": "/"}), ModelUnavailable, id="302"),
        pytest.param(answer(200, b"<html>it works</html>"), ModelUnavailable, id="HTML"),
        pytest.param(answer(200, b"[" * 100_000), ModelUnavailable, id="a deep hole"),
        pytest.param(answer(200, bytes(2**21), 2**40), ModelSilent, id="endless"),
        pytest.param(answer(200, b"{", 100), ModelSilent, id="cut off"),
        pytest.param(says([]), ModelUnavailable, id="a list"),
        pytest.param(says({"predictions": []}), ModelUnavailable, id="nothing"),
        pytest.param(says({"predictions": [THREE, THREE]}), ModelUnavailable, id="two"),
        pytest.param(predicts([0.9, 0.1]), ModelUnavailable, id="a vector for top5"),
        pytest.param(
            answer(200, b'{"predictions": [{"classes": [3], "scores": [NaN]}]}'),
            ModelUnavailable,
            id="NaN",
        ),
        pytest.param(predicts({"classes": [12], "scores": [0.9]}), ModelUnavailable, id="unknown"),
        pytest.param(
            predicts({"classes": [3, 99], "scores": [0.9, 0.1]}), ModelUnavailable, id="second"
        ),
    ],
)
def test_nonsense_never_reaches_a_follower(
    classifier: Make, connection: redis.Redis, respond: Respond, error: type[Exception]
) -> None:
    with odd_server(model(respond)) as url, pytest.raises(ModelUnavailable) as caught:
        classifier(url, "demo").classify(b"picture")
    assert type(caught.value) is error
    assert list(connection.scan_iter("kantu:seen:*")) == []


def test_class_without_a_name_says_what_to_do(classifier: Make) -> None:
    wrong = predicts({"classes": [12], "scores": [0.9]})
    with (
        odd_server(model(wrong)) as url,
        pytest.raises(ModelUnavailable, match=r"class 12, .* expected 0 to 11\. Is CLASSIFIER_LAB"),
    ):
        classifier(url, "demo").classify(b"picture")


def test_vector_of_another_length_is_refused(classifier: Make) -> None:
    with (
        odd_server(model(predicts([0.1] * 13), metadata(VECTOR))) as url,
        pytest.raises(ModelUnavailable, match="gave 13 numbers; expected 12 probabilities"),
    ):
        classifier(url, "demo").classify(b"picture")


@pytest.mark.parametrize(
    "about",
    [
        {"model_spec": {}},
        metadata(None),
        metadata([]),
        metadata({"top5": {}}),
        metadata({"top5": {"inputs": {"image": {}}, "outputs": {}}}),
        metadata({"top5": {"inputs": {"image": None}, "outputs": {}}}),
        metadata({"serving_default": {**signature(), "outputs": []}}),
    ],
)
def test_model_that_cannot_say_what_it_is_is_unavailable(
    classifier: Make, about: dict[str, Any]
) -> None:
    with odd_server(says(about)) as url, pytest.raises(ModelUnavailable):
        classifier(url, "demo").classify(b"picture")


def test_same_picture_is_asked_about_once_by_all_processes(classifier: Make) -> None:
    with running(model(predicts(THREE))) as server:
        first = classifier(server.url, "demo").classify(b"picture")
        assert classifier(server.url, "demo").classify(b"picture") == first
        assert classifier(server.url, "demo").classify(b"another") == first
    assert asked(server) == 2


def test_new_version_is_asked_anew(classifier: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter("123")
    monkeypatch.setattr("worker.vision._ACQUAINTED", 0)

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        meeting = handler.path.endswith("/metadata")
        says(metadata(version=next(versions)) if meeting else {"predictions": [THREE]})(handler)

    with running(respond) as server:
        demo = classifier(server.url, "demo")
        demo.classify(b"picture")
        demo.classify(b"picture")
    assert asked(server) == 2


def test_picture_costs_two_trips_to_redis_and_a_known_one_costs_one(
    classifier: Make, connection: redis.Redis
) -> None:
    with odd_server(model(predicts(THREE))) as url:
        demo = classifier(url, "demo")
        demo.signature()
        for expected in ({"cmdstat_mget": 1, "cmdstat_set": 1}, {"cmdstat_mget": 1}):
            connection.config_resetstat()
            demo.classify(b"picture")
            stats = connection.info("commandstats")
            calls = {name: stats[name]["calls"] for name in stats if name in COUNTED}
            assert calls == expected


COUNTED = {"cmdstat_mget", "cmdstat_get", "cmdstat_set", "cmdstat_del", "cmdstat_evalsha"}


def test_server_that_is_just_starting_is_waited_for(
    classifier: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.model_server._PAUSES", (0.1,) * 50)
    port = free_port()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            says(metadata())(self)

        def log_message(self, *_: object) -> None:
            pass

    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        early = threads.submit(classifier(f"http://127.0.0.1:{port}", "demo").signature)
        time.sleep(0.3)
        with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            assert early.result(timeout=10).name == "top5"
            server.shutdown()


def test_connection_that_was_cut_is_not_tried_again_in_the_same_call(classifier: Make) -> None:
    def cut(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    with running(model(cut)) as server, pytest.raises(ModelSilent):
        classifier(server.url, "demo").classify(b"picture")
    assert asked(server) == 1


@pytest.mark.parametrize("respond", [hang(5), drip(0.05)])
def test_server_that_hangs_costs_few_jobs_their_patience(
    classifier: Make, monkeypatch: pytest.MonkeyPatch, respond: Respond
) -> None:
    monkeypatch.setattr("worker.model_server._TIMEOUT", (0.5, 0.5))
    monkeypatch.setattr("worker.model_server._LONGEST", 0.5)
    with running(model(respond)) as server, concurrent.futures.ThreadPoolExecutor(20) as threads:
        processes = [classifier(server.url, "demo") for _ in range(2)]

        def fail(number: int) -> None:
            with pytest.raises(ModelUnavailable):
                processes[number % 2].classify(f"picture {number}".encode())

        list(threads.map(fail, range(400)))
    # Those that were on their way, and those for which the first four to fail made room.
    assert asked(server) <= 24
