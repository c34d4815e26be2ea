"""worker.vision, against the embedded model server with models of many makers."""

from __future__ import annotations

from pathlib import Path

import pytest

from labels.classes import LabelsError, default_labels, read_labels
from simulator.house import free_port
from worker.errors import ModelMismatch, ModelUnavailable
from worker.vision import Answerer, Classifier, ModelServer

IMAGENET = read_labels(default_labels("resnet50"))
DEMO = read_labels(default_labels("demo"))


def classifier(url: str, model: str, names: Path | None = None) -> Classifier:
    labels = read_labels(names) if names else DEMO
    return Classifier(ModelServer(url), model, labels)


def test_demo_model_is_asked_by_its_five_best(serving_url: str, samples: dict[str, bytes]) -> None:
    demo = classifier(serving_url, "demo")
    assert (demo.signature().name, demo.signature().classes) == ("top5", 12)
    guesses = demo.classify(samples["1-digit-3"])
    assert len(guesses) == 5
    assert guesses[0].name is not None
    assert guesses[0].name.english == "the digit 3"
    assert [guess.probability for guess in guesses] == sorted(
        (guess.probability for guess in guesses), reverse=True
    )


def test_background_class_is_allowed_for(serving_url: str, jpeg: bytes) -> None:
    model = Classifier(ModelServer(serving_url), "background", IMAGENET)
    assert model.signature().classes == 1001
    (best, *_) = model.classify(jpeg)
    assert best.name == IMAGENET[281]
    assert best.probability == pytest.approx(0.9)


def test_classes_are_counted_where_the_model_does_not_say_how_many(
    serving_url: str, jpeg: bytes
) -> None:
    model = Classifier(ModelServer(serving_url), "unshaped", IMAGENET)
    assert model.signature().classes is None
    assert model.classify(jpeg)[0].name == IMAGENET[281]
    with pytest.raises(ModelUnavailable, match="the model has 1001 classes, the label file"):
        classifier(serving_url, "unshaped").classify(jpeg)


def test_only_output_needs_no_name(serving_url: str, jpeg: bytes) -> None:
    (best, *_) = classifier(serving_url, "vector").classify(jpeg)
    assert best.name == DEMO[3]
    assert best.probability == pytest.approx(0.9)


def test_labels_of_another_model_are_refused(serving_url: str) -> None:
    with pytest.raises(LabelsError, match="the model has 12 classes, the label file names 1000"):
        Classifier(ModelServer(serving_url), "demo", IMAGENET).signature()


def test_model_that_wants_pixels_is_refused_with_a_way_out(serving_url: str) -> None:
    with pytest.raises(ModelMismatch, match=r"serving_default\(pixels\)\. docs/own-model\.md"):
        classifier(serving_url, "pixels").signature()


@pytest.mark.parametrize("model", ["logits", "not_a_number"])
def test_answer_that_is_no_probability_never_reaches_a_follower(
    serving_url: str, jpeg: bytes, model: str
) -> None:
    with pytest.raises(ModelUnavailable):
        classifier(serving_url, model).classify(jpeg)


def test_missing_model_is_unavailable(serving_url: str) -> None:
    with pytest.raises(ModelUnavailable, match="Servable not found"):
        classifier(serving_url, "nobody").signature()


def test_missing_server_is_unavailable() -> None:
    with pytest.raises(ModelUnavailable, match="no answer from"):
        classifier(f"http://127.0.0.1:{free_port()}", "demo").signature()


def test_question_is_answered(serving_url: str, jpeg: bytes) -> None:
    model = Answerer(ModelServer(serving_url), "answerer")
    assert model.ask(jpeg, "图里有几个圆？") == "You asked: 图里有几个圆？"


def test_question_outside_the_model_s_world_is_not_answered(serving_url: str, jpeg: bytes) -> None:
    assert Answerer(ModelServer(serving_url), "answerer").ask(jpeg, "今天天气怎么样") is None
