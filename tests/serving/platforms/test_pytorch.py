"""serving.platforms.pytorch: TorchScript, and torch.export with consent."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.errors import InvalidArgument, PermissionDenied
from tests.serving.platforms.conftest import FLOWERS, Server, close_to, load, serve

if importlib.util.find_spec("torch") is None:
    pytest.skip("PyTorch is not installed: requirements/optional", allow_module_level=True)

import torch

from examples.pytorch import train

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
ROWS = {"flower": FLOWERS.astype(np.float32)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train.main(folder / "script")
    train.main(folder / "program", export=True)
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serve(models, allow_models_that_run_code=True) as (found, _):
        yield found


@pytest.mark.parametrize("name", ["script", "program"])
def test_all_three_answer_alike(server: Server, name: str) -> None:
    rest, simple = server.predict(name, ROWS), server.simple(name, ROWS["flower"].tolist())
    asked = server.grpc(name, ROWS)
    assert rest["classes"] == simple["classes"] == asked["classes"].tolist() == [0, 1, 2]
    assert close_to(rest["probabilities"], asked["probabilities"])
    assert close_to(simple["probabilities"], asked["probabilities"])


@pytest.mark.parametrize("name", ["script", "program"])
def test_metadata_says_what_it_takes_and_gives(server: Server, name: str) -> None:
    signature = server.metadata(name)["serving_default"]
    sizes = [each["size"] for each in signature["inputs"]["flower"]["tensor_shape"]["dim"]]
    assert (signature["inputs"]["flower"]["dtype"], sizes) == ("DT_FLOAT", ["-1", "4"])
    assert signature["outputs"]["classes"]["dtype"] == "DT_INT64"


def test_answers_are_those_of_pytorch(models: Path) -> None:
    module = torch.jit.load(models / "script" / "1" / "model.pt")
    wanted = module(torch.tensor(ROWS["flower"]))["probabilities"].detach().numpy()
    found = load(models / "script").run("serving_default", ROWS, ["probabilities"])
    assert list(found) == ["probabilities"]
    assert close_to(found["probabilities"], wanted)


def test_exported_program_needs_consent(models: Path) -> None:
    with pytest.raises(PermissionDenied, match="evaluates and unpickles what is in it"):
        load(models / "program")


class _Several(torch.nn.Module):  # type: ignore[misc]  # mypy reads no PyTorch
    def forward(self, x: torch.Tensor, k: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x + k, k


def script(folder: Path, module: Any, *examples: Any) -> Path:
    """Write a traced module as version 1 of the folder; return the folder."""
    (folder / "1").mkdir()
    traced = torch.jit.trace(module, examples, strict=False)
    torch.jit.save(traced, folder / "1" / "model.pt")
    return folder


def test_without_a_signature_file_names_are_those_of_the_program(tmp_path: Path) -> None:
    served = load(script(tmp_path, _Several(), torch.ones(2), torch.ones(2, dtype=torch.int64)))
    signature = served.signatures["serving_default"]
    answer = served.run("serving_default", {"x": np.ones(3, np.float32), "k": np.arange(3)})
    assert list(signature.inputs) == ["x", "k"]
    assert list(signature.outputs) == ["output_0", "output_1"]
    assert answer["output_0"].tolist() == [1, 2, 3]
    assert answer["output_1"].dtype == np.int64


def test_one_output_has_a_name_too(tmp_path: Path) -> None:
    served = load(script(tmp_path, torch.nn.ReLU(), torch.ones(2)))
    given = {"input": np.array([-1, 1], np.float32)}
    assert served.run("serving_default", given)["output"].tolist() == [0, 1]


def test_dictionary_without_a_signature_file(models: Path, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    content = (models / "script" / "1" / "model.pt").read_bytes()
    (tmp_path / "1" / "model.pt").write_bytes(content)
    with pytest.raises(InvalidArgument, match=r"write them into signature.json"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "signature.json: Expecting"),
        ("[]", "signature.json: expected a SignatureDef"),
        (json.dumps({"inputs": {"other": train.SIGNATURE["inputs"]["flower"]}}), "found: other"),
    ],
    ids=["cut", "list", "other"],
)
def test_signature_file_that_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    script(tmp_path, torch.nn.ReLU(), torch.ones(2))
    (tmp_path / "1" / "signature.json").write_text(text)
    with pytest.raises(InvalidArgument, match=words):
        load(tmp_path)


@pytest.mark.parametrize("name", ["script", "program"])
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (FLOWERS[:, :3].astype(np.float32), "cannot be multiplied|Guard failed"),
        (FLOWERS, "dtype"),
        (np.array([[b"x"] * 4], np.object_), "expected numbers, found DT_STRING"),
    ],
    ids=["narrow", "double", "text"],
)
def test_rows_that_it_cannot_take(models: Path, name: str, rows: Any, words: str) -> None:
    served = load(models / name, allow_models_that_run_code=True)
    with pytest.raises(InvalidArgument, match=words):
        served.run("serving_default", {"flower": rows})


@pytest.mark.parametrize("what", ["model", "weights", "text"])
def test_file_that_is_no_program(tmp_path: Path, what: str) -> None:
    (tmp_path / "1").mkdir()
    path = tmp_path / "1" / "model.pt"
    path.write_bytes(b"nothing of the kind")
    model = torch.nn.Linear(1, 1)
    if what != "text":
        torch.save(model if what == "model" else model.state_dict(), path)
    with pytest.raises(InvalidArgument, match="not a model of TorchScript"):
        load(tmp_path)


def test_file_that_torch_export_has_not_saved(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.pt2").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidArgument, match="is no archive as torch"):
        load(tmp_path, allow_models_that_run_code=True)
