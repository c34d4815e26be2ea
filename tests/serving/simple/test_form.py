"""serving.simple.form: files as a browser or curl sends them, to a program that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.errors import InvalidArgument
from serving.protocol.signature import Signature, TensorInfo
from serving.simple.form import is_form, of_form
from tests.serving.simple.conftest import ENCODED, LIMIT, PAIR, SPACED, Server

ROOT = Path(__file__).parents[3]  # where the program runs
PICTURE = b"\x89PNG\r\n\x1a\n no picture, but bytes: \xff\x00"
EDGE = "multipart/form-data; boundary=edge"


def part(header: str, value: bytes) -> bytes:
    return b"--edge\r\nContent-Disposition: form-data; " + header.encode() + b"\r\n\r\n" + value


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (SPACED, ["image"]),
        (SPACED, ["images", "images", "images"]),
        (SPACED, ["images", "image"]),
        (SPACED, ["image_bytes", "image_bytes"]),  # the input's own name
    ],
)
def test_files_go_to_the_input_for_pictures(server: Server, model: str, fields: list[str]) -> None:
    files = [(field, (f"{number}.png", PICTURE)) for number, field in enumerate(fields)]
    form = {"model_name": model, "model_version": "1", "signature_name": "serving_default"}
    answer = server.post("/", data=form, files=files)
    assert answer.json() == {"length": [len(PICTURE)] * len(fields)}


def test_image_comes_before_images(server: Server) -> None:
    files = [("images", ("b", b"22")), ("image", ("a", b"1")), ("images", ("c", b"333"))]
    answer = server.post("/", data={"model_name": SPACED}, files=files)
    assert answer.json() == {"length": [1, 2, 3]}


def test_model_that_decodes_base64_itself_is_sent_it(server: Server) -> None:
    form = {"model_name": ENCODED, "preprocess": "urlsafe_base64"}
    answer = server.post("/", data=form, files={"image": PICTURE})
    assert answer.json() == {"length": [len(PICTURE)]}


def test_other_inputs_come_as_fields(server: Server) -> None:
    form = {"model_name": PAIR, "threshold": ["3", "300"]}
    files = [("image", ("a", PICTURE)), ("image", ("b", PICTURE))]
    answer = server.post("/", data=form, files=files)
    assert answer.json() == {"large": [True, False]}


@pytest.mark.parametrize(
    ("form", "files", "status", "words"),
    [
        ({"model_name": SPACED}, {"picture": b"a"}, 400, "came as picture; this signature takes"),
        ({"model_name": "adder"}, {"image": b"a"}, 400, "no files: its inputs are numbers"),
        ({}, {"image": b"a"}, 400, "no files: its inputs are numbers"),  # STFS_MODEL_NAME
        ({"model_name": "nobody"}, {"image": b"a"}, 404, "There is no model nobody"),
        ({"model_name": PAIR}, {"image": b"a"}, 400, "missing: threshold. This signature take"),
        (
            {"model_name": PAIR, "threshold": "much"},
            {"image": b"a"},
            400,
            "expected a number or JSON; found: much",
        ),
        ({"model_name": SPACED, "channel": "RGB"}, {"image": b"a"}, 400, "unknown: channel. This"),
        ({"model_name": SPACED, "run_profile": "true"}, {"image": b"a"}, 400, "run_profile is not"),
        ({"model_name": SPACED, "model_version": "7"}, {"image": b"a"}, 404, "has no version 7"),
    ],
)
def test_wrong_form_is_refused(
    server: Server, form: dict[str, str], files: dict[str, bytes], status: int, words: str
) -> None:
    found, said = server.refuses(server.post("/", data=form, files=files))
    assert (found, words in said) == (status, True), said


NAME = part('name="model_name"', SPACED.encode()) + b"\r\n"
MALFORMED: dict[str, tuple[str, bytes]] = {
    "no boundary": ("multipart/form-data", NAME),
    "another boundary": ("multipart/form-data; boundary=other", NAME + b"--edge--\r\n"),
    "nothing": (EDGE, b""),
    "no end": (EDGE, NAME + part('name="image"; filename="a"', b"abc")),
    "no name": (EDGE, NAME + part('filename="a"', b"abc") + b"\r\n--edge--\r\n"),
    "no header": (EDGE, NAME + b"--edge\r\n\r\nabc\r\n--edge--\r\n"),
    "noise": (EDGE, bytes(range(256)) * 10),
    "long header": (EDGE, NAME + b"--edge\r\n" + b"X" * 100_000),
    "many parts": (EDGE, part('name="a"', b"\r\n") * 12_000 + b"--edge--\r\n"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_form_is_refused(server: Server, name: str) -> None:
    kind, body = MALFORMED[name]
    answer = server.post("/", data=body, headers={"Content-Type": kind})
    status, said = server.refuses(answer)
    assert status in {400, 413}, said


def test_huge_upload_is_refused(server: Server) -> None:
    files = {"image": b"a" * (LIMIT + 1)}
    status, said = server.refuses(server.post("/", data={"model_name": SPACED}, files=files))
    assert (status, f"this server takes {LIMIT:,} bytes" in said) == (413, True)


@pytest.mark.parametrize(
    "name", ["../escaped.png", "{folder}/escaped.png", "..\\escaped.png", "a\0b"]
)
def test_file_of_any_name_is_written_nowhere(server: Server, name: str) -> None:
    before = everything(server.folder.parent) | set(ROOT.iterdir())
    header = f'name="image"; filename="{name.format(folder=server.folder)}"'
    body = NAME + part(header, PICTURE + b"\r\n") + b"--edge--\r\n"
    answer = server.post("/", data=body, headers={"Content-Type": EDGE})
    assert answer.json() == {"length": [len(PICTURE)]}
    assert everything(server.folder.parent) | set(ROOT.iterdir()) == before


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.name != "log"}


def test_what_is_a_form() -> None:
    assert is_form("multipart/form-data; boundary=a")
    assert is_form("Multipart/Form-Data")
    assert not is_form("application/json")
    assert not is_form("")


def test_field_that_comes_twice_counts_once() -> None:
    body = part('name="model_name"', b"a\r\n") + part('name="model_name"', b"b\r\n")
    assert of_form(body + b"--edge--\r\n", EDGE).model_name == "b"


SCALAR = Signature(
    inputs={"a": TensorInfo(name="a:0", dtype="DT_STRING", shape=())}, outputs={}, method_name=""
)
FILE = part('name="image"; filename="a"', b"abc\r\n")


def test_one_file_for_an_input_without_a_dimension() -> None:
    assert of_form(FILE + b"--edge--\r\n", EDGE).arrays(SCALAR)["a"].item() == b"abc"


def test_three_files_for_an_input_without_a_dimension_are_refused() -> None:
    asked = of_form(FILE * 3 + b"--edge--\r\n", EDGE)
    with pytest.raises(InvalidArgument, match="a takes one file; found: 3"):
        asked.arrays(SCALAR)
