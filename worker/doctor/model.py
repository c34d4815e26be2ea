"""The models: served, what the settings say they are, and how fast."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from PIL import Image

from contract.connection import connect
from contract.settings import Settings
from labels.classes import LabelsError, default_labels, match_labels, read_labels
from worker.breaker import Breaker
from worker.doctor.finding import Finding, note, well, wrong
from worker.endpoint import BREAKER, Endpoint
from worker.errors import ModelMismatch, ModelUnavailable
from worker.model_server import AVAILABLE, ModelServer
from worker.scene import read_scene
from worker.vision import Signature, choose_signature, look

_FOREIGN = (AttributeError, KeyError, TypeError, ValueError)  # what strange metadata may raise


def check(settings: Settings) -> Iterator[Finding]:
    """Give what is found."""
    server = ModelServer(settings.serving_url)
    yield from _classifier(server, settings)
    if settings.vqa_model:
        yield from _answerer(server, settings)
    if settings.vqa_endpoint:
        yield from _endpoint(settings)


def _classifier(server: ModelServer, settings: Settings) -> Iterator[Finding]:
    model = settings.classifier_model
    subject = {"model": model, "setting": "CLASSIFIER_MODEL"}
    try:
        yield _status(server, model, subject)
        signature = _signature(server, model)
        yield _labels(settings, signature)
        picture, began = _picture(settings.classifier_input), time.monotonic()
        look(server, model, signature, picture)
        took = 1000 * (time.monotonic() - began)
        yield well("model", "looked", **subject, took=took, signature=signature.name)
    except ModelUnavailable as error:
        yield wrong("model", "away", **subject, why=str(error))
    except ModelMismatch as error:
        yield wrong("model", "mismatch", **subject, why=str(error))


def _status(server: ModelServer, model: str, subject: dict[str, str]) -> Finding:
    version, state = server.status(model)
    if state == AVAILABLE:
        return well("model", **subject, version=version, url=server.url)
    values = {"version": version, "state": state, "expected": AVAILABLE}
    return wrong("model", "not_available", **subject, **values)


def _signature(server: ModelServer, model: str) -> Signature:
    version, signatures = server.metadata(model)
    try:
        return choose_signature(model, version, signatures)
    except _FOREIGN:
        raise ModelUnavailable(f"metadata of {model} in an unknown form") from None


def _labels(settings: Settings, signature: Signature) -> Finding:
    path = settings.classifier_labels or default_labels(settings.classifier_model)
    try:
        names = read_labels(path)
        if signature.classes is None:
            return note("class_names", "unsure", file=path.name, count=len(names))
        match_labels(names, signature.classes)
    except LabelsError as error:
        return wrong("class_names", "mismatch", why=str(error))
    return well("class_names", file=path.name, count=signature.classes)


def _picture(side: int) -> bytes:
    """Return a JPEG about as large as the worker sends them, of nothing in particular."""
    gradient = Image.linear_gradient("L").resize((3 * side // 2, 8 * side // 7))
    upside_down = gradient.transpose(Image.Transpose.ROTATE_180)
    file = io.BytesIO()
    Image.merge("RGB", (gradient, upside_down, gradient)).save(file, "JPEG")
    return file.getvalue()


def _answerer(server: ModelServer, settings: Settings) -> Iterator[Finding]:
    model = settings.vqa_model
    subject = {"model": model, "setting": "VQA_MODEL"}
    picture = base64.b64encode(_picture(settings.classifier_input)).decode()
    try:
        yield _status(server, model, subject)
        began = time.monotonic()
        instance = {"image": {"b64": picture}, "question": "what is it?"}
        server.predict(model, "serving_default", instance)
        took = 1000 * (time.monotonic() - began)
        yield well("model", "answered", **subject, took=took)
        yield _describe(server, subject, picture)
    except ModelUnavailable as error:
        yield wrong("model", "away", **subject, why=str(error))


def _describe(server: ModelServer, subject: dict[str, str], picture: str) -> Finding:
    began = time.monotonic()
    try:
        read_scene(server.predict(subject["model"], "describe", {"b64": picture}))
    except ModelUnavailable as error:
        return note("model", "not_described", **subject, why=str(error))
    took = 1000 * (time.monotonic() - began)
    return well("model", "described", **subject, took=took)


def _endpoint(settings: Settings) -> Iterator[Finding]:
    """Ask one cheap question, whatever the breaker says."""
    host = urlsplit(settings.vqa_endpoint).netloc
    subject = {"model": settings.vqa_endpoint_model, "host": host}
    endpoint = Endpoint(settings, Breaker(connect(settings), BREAKER))
    began = time.monotonic()
    try:
        endpoint.probe(_picture(32))
        took = 1000 * (time.monotonic() - began)
        yield well("endpoint", **subject, took=took)
    except ModelUnavailable as error:
        yield wrong("endpoint", "away", **subject, why=str(error))
    if not settings.moderation:
        yield note("endpoint", "unread", **subject)
