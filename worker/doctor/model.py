"""The models: served, what the settings say they are, and how fast."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator

from PIL import Image

from contract.settings import Settings
from labels.classes import LabelsError, default_labels, match_labels, read_labels
from worker.doctor.finding import Finding, note, well, wrong
from worker.errors import ModelMismatch, ModelUnavailable
from worker.model_server import AVAILABLE, ModelServer
from worker.vision import Signature, choose_signature, look

_START = "see the model server's log; make run starts one, and SERVING_URL says where it is"
_FOREIGN = (AttributeError, KeyError, TypeError, ValueError)  # what strange metadata may raise


def check(settings: Settings) -> Iterator[Finding]:
    """Give what is found."""
    server = ModelServer(settings.serving_url)
    yield from _classifier(server, settings)
    if settings.vqa_model:
        yield from _answerer(server, settings)


def _classifier(server: ModelServer, settings: Settings) -> Iterator[Finding]:
    model = settings.classifier_model
    subject = f"model {model} (CLASSIFIER_MODEL)"
    try:
        yield _status(server, model, subject)
        signature = _signature(server, model)
        yield _labels(settings, signature)
        picture, began = _picture(settings.classifier_input), time.monotonic()
        look(server, model, signature, picture)
        took = 1000 * (time.monotonic() - began)
        yield well(subject, f"a picture is looked at in {took:.0f} ms, by {signature.name}")
    except ModelUnavailable as error:
        yield wrong(subject, str(error), _START)
    except ModelMismatch as error:
        yield wrong(subject, str(error), "set CLASSIFIER_MODEL to a model that takes pictures")


def _status(server: ModelServer, model: str, subject: str) -> Finding:
    version, state = server.status(model)
    if state == AVAILABLE:
        return well(subject, f"version {version} is served at {server.url}")
    return wrong(subject, f"version {version} is {state}; expected {AVAILABLE}", _START)


def _signature(server: ModelServer, model: str) -> Signature:
    version, signatures = server.metadata(model)
    try:
        return choose_signature(model, version, signatures)
    except _FOREIGN:
        raise ModelUnavailable(f"metadata of {model} in an unknown form") from None


def _labels(settings: Settings, signature: Signature) -> Finding:
    subject = "class names (CLASSIFIER_LABELS)"
    path = settings.classifier_labels or default_labels(settings.classifier_model)
    try:
        names = read_labels(path)
        if signature.classes is None:
            return note(subject, f"{path.name} names {len(names)}; the model does not say how many")
        match_labels(names, signature.classes)
    except LabelsError as error:
        return wrong(subject, str(error), "docs/own-model.md says what such a file looks like")
    return well(subject, f"{path.name} names the model's {signature.classes} classes")


def _picture(side: int) -> bytes:
    """Return a JPEG about as large as the worker sends them, of nothing in particular."""
    gradient = Image.linear_gradient("L").resize((3 * side // 2, 8 * side // 7))
    upside_down = gradient.transpose(Image.Transpose.ROTATE_180)
    file = io.BytesIO()
    Image.merge("RGB", (gradient, upside_down, gradient)).save(file, "JPEG")
    return file.getvalue()


def _answerer(server: ModelServer, settings: Settings) -> Iterator[Finding]:
    model = settings.vqa_model
    subject = f"model {model} (VQA_MODEL)"
    picture = base64.b64encode(_picture(settings.classifier_input)).decode()
    try:
        yield _status(server, model, subject)
        began = time.monotonic()
        instance = {"image": {"b64": picture}, "question": "what is it?"}
        server.predict(model, "serving_default", instance)
        took = 1000 * (time.monotonic() - began)
        yield well(subject, f"a question is answered in {took:.0f} ms")
    except ModelUnavailable as error:
        yield wrong(subject, str(error), _START)
