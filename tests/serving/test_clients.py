"""serving.clients: programs that are really run, against a server with real models."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from google.protobuf import text_format

import tests.models
from launch import programs
from launch.supervisor import free_port
from serving.clients import ClientError, example, generate
from serving.clients.command import main
from serving.flags import Flags
from serving.lifecycle import labels
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.protocol.ssl_config_pb2 import SSLConfig
from tests.certificates import make_pair
from tests.serving.conftest import serve
from tests.serving.process import serving

ODD = 'it\'s "$(id)" \\ `id` 图\u2028'
RUNNERS = {
    "python": ([sys.executable], "client.py"),
    "bash": (["bash"], "client.sh"),
    "javascript": (["node"], "client.js"),
    "go": (["go", "run"], "client.go"),
}
every_language = pytest.mark.parametrize("language", RUNNERS)

Ask = Callable[..., subprocess.CompletedProcess[str]]


def odd(folder: Path) -> None:
    """Save a model whose inputs have names that no language expects: it adds everything up."""
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        info = tf.compat.v1.saved_model.build_tensor_info
        shapes = {ODD: [None, 3], "__proto__": [2], "pixels": [None, 8, 8, 3]}
        fed = {name: tf.compat.v1.placeholder(tf.float32, each) for name, each in shapes.items()}
        total = tf.add_n([tf.reduce_sum(each) for each in fed.values()])
        signature = tf.compat.v1.saved_model.build_signature_def(
            {name: info(each) for name, each in fed.items()},
            {"sum": info(total)},
            "tensorflow/serving/predict",
        )
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    made = {
        "half_plus_two": tests.models.half_plus_two,
        "many_types": tests.models.many_types,
        "examples": tests.models.examples,
        "odd 图": odd,
    }
    for name, make in made.items():
        make(folder / name / "1")
    return {**{name: folder / name for name in made}, "demo": programs.MODELS / "demo"}


@pytest.fixture(scope="module")
def loaded(folders: dict[str, Path]) -> Catalogue:
    catalogue = Catalogue(Loader(Flags()), allowed=labels.Allowed.ANY)
    catalogue.apply([ModelConfig(name=name, base_path=path) for name, path in folders.items()])
    return catalogue


@pytest.fixture(scope="module")
def url(loaded: Catalogue) -> Iterator[str]:
    with serve(loaded) as fronts:
        yield fronts.url.removesuffix("/v1/models")


@pytest.fixture
def ask(url: str, tmp_path: Path) -> Ask:
    """Generate a client by the command, and run it."""
    return ask_of(url, tmp_path)


def ask_of(url: str, folder: Path) -> Ask:
    def ask(language: str, model: str, *files: Path, **given: str) -> Any:
        command, name = RUNNERS[language]
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not on this machine")
        with pytest.MonkeyPatch.context() as shell:
            for variable, value in {"CGO_ENABLED": "0", **given}.items():
                shell.setenv(variable, value)
            with io.StringIO() as program, contextlib.redirect_stdout(program):
                assert main([url, model, "--language", language]) == 0
                (folder / name).write_text(program.getvalue(), "utf-8")
            return subprocess.run(
                [*command, name, *map(str, files)],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )

    return ask


def outputs(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["outputs"]


def metadata(url: str, model: str) -> Any:
    return requests.get(f"{url}/v1/models/{model}/metadata", timeout=20).json()


@every_language
def test_half_plus_two_of_one_is_two_and_a_half(ask: Ask, language: str) -> None:
    assert outputs(ask(language, "half_plus_two")) == [[2.5]]


@every_language
def test_every_type_is_given_a_value_of_its_own(ask: Ask, language: str) -> None:
    assert outputs(ask(language, "many_types")) == {
        "number": [1.0],
        "whole": [1],
        "flag": [True],
        "text": ["text"],
        "text_bytes": [{"b64": base64.b64encode(b"text").decode()}],
    }


@every_language
def test_names_are_quoted_and_large_tensors_filled(ask: Ask, language: str) -> None:
    assert outputs(ask(language, "odd 图")) == 3 + 2 + 8 * 8 * 3


@every_language
def test_a_picture_is_read_from_its_file(
    ask: Ask, language: str, url: str, samples: dict[str, bytes], tmp_path: Path
) -> None:
    name, picture = min(samples.items())
    path = tmp_path / "a picture.jpg"
    path.write_bytes(picture)
    body = {"inputs": {"image": [{"b64": base64.b64encode(picture).decode()}]}}
    expected = requests.post(f"{url}/v1/models/demo:predict", json=body, timeout=20).json()
    found = outputs(ask(language, "demo", path))
    assert found["classes"] == expected["outputs"]["classes"], name
    assert found["probabilities"] == expected["outputs"]["probabilities"]


@every_language
def test_a_picture_that_is_not_there_is_said(ask: Ask, language: str, tmp_path: Path) -> None:
    done = ask(language, "demo", tmp_path / "none.jpg")
    assert done.returncode == 1
    assert "none.jpg" in done.stderr
    assert "Traceback" not in done.stderr
    assert ask(language, "demo").stderr.startswith("usage: ")


@every_language
def test_the_answer_to_a_wrong_request_is_shown(ask: Ask, language: str, tmp_path: Path) -> None:
    path = tmp_path / "not a picture.txt"
    path.write_text("no picture")
    done = ask(language, "demo", path)
    assert done.returncode > 0
    assert "error" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@every_language
def test_a_classifier_of_examples_is_asked_as_one(ask: Ask, language: str) -> None:
    done = ask(language, "examples")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"results": [[["small", 0.0], ["größer", 100.0]]]}


@pytest.fixture(scope="module")
def secure(
    folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """`python -m serving` with TLS and a password: its URL and its certificate."""
    folder, port = tmp_path_factory.mktemp("secure"), free_port()
    key, certificate = make_pair("localhost")
    (folder / "ca.pem").write_text(certificate)
    ssl = text_format.MessageToString(SSLConfig(server_key=key, server_cert=certificate))
    (folder / "ssl.config").write_text(ssl)
    (folder / "passwords").write_text("ann:a secret\n")
    flags = (
        *("--port=0", f"--rest_api_port={port}", "--model_name=half_plus_two"),
        *(f"--model_base_path={folders['half_plus_two']}", f"--basic_auth_file={folder}/passwords"),
        f"--rest_api_ssl_config_file={folder}/ssl.config",
    )
    url = f"https://localhost:{port}"

    def ready() -> bool:
        with contextlib.suppress(requests.RequestException):
            return bool(requests.get(url, verify=str(folder / "ca.pem"), timeout=5).status_code)
        return False

    with serving(folder, ready, *flags):
        yield url, folder / "ca.pem"


@every_language
def test_a_password_and_whom_to_trust_come_from_the_environment(
    secure: tuple[str, Path], tmp_path: Path, language: str
) -> None:
    url, trusted = secure
    names = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    given = {"MODEL_SERVER_AUTH": "ann:a secret", **dict.fromkeys(names, str(trusted))}
    assert outputs(ask_of(url, tmp_path)(language, "half_plus_two", **given)) == [[2.5]]
    assert "a secret" not in (tmp_path / RUNNERS[language][1]).read_text()


def test_the_server_gives_the_same_program_and_a_request(
    secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, trusted = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setenv("MODEL_SERVER_AUTH", "ann:a secret")
    with requests.Session() as session:
        session.trust_env = False  # what the machine trusts
        session.auth, session.verify = ("ann", "a secret"), str(trusted)
        model = f"{url}/models/half_plus_two"
        program = session.get(f"{model}/gen_client?language=golang", timeout=20)
        assert main([url, "half_plus_two", "--language", "go"]) == 0
        assert program.text == capsys.readouterr().out
        body = session.get(f"{model}/gen_json", timeout=20).json()
        assert session.post(url, json=body, timeout=20).json() == {"y": [[2.5]]}


def test_who_may_not_ask_is_told_how(
    secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, trusted = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    assert main([url, "half_plus_two"]) == 1
    assert "HTTP 401" in (said := capsys.readouterr().err)
    assert "set MODEL_SERVER_AUTH=user:password" in said


@pytest.mark.parametrize("model", ["half_plus_two", "many_types", "demo", "odd 图"])
def test_the_example_is_answered(url: str, model: str) -> None:
    body = example(metadata(url, model))
    answer = requests.post(f"{url}/v1/models/{model}:predict", json=body, timeout=20)
    assert answer.status_code == 200, answer.text


def given(**inputs: tuple[str, list[int]]) -> dict[str, Any]:
    """Return metadata with one signature, as a server prints it that leaves out defaults."""
    infos = {
        name: {"dtype": dtype, "tensor_shape": {"dim": [{"size": str(size)} for size in shape]}}
        for name, (dtype, shape) in inputs.items()
    }
    signature = {"inputs": infos, "outputs": {}, "method_name": "tensorflow/serving/predict"}
    return {"metadata": {"signature_def": {"signature_def": {"serving_default": signature}}}}


def test_values_fit_types_and_shapes() -> None:
    asked = given(
        scalar=("DT_INT32", []),
        pair=("DT_BOOL", [-1, 2]),
        image_bytes=("DT_STRING", [-1]),
        image_url=("DT_STRING", [-1]),
        examples=("DT_STRING", [-1]),
        image=("DT_UINT8", [1, 5, 5, 1]),
    )
    inputs = example(asked)["inputs"]
    assert inputs["scalar"] == 1
    assert inputs["pair"] == [[True, True]]
    assert base64.b64decode(inputs["image_bytes"][0]["b64"]).startswith(b"\x89PNG")
    assert inputs["image_url"] == ["text"]
    assert inputs["examples"] == [""]
    assert inputs["image"] == [[[[1]] * 5] * 5]


@pytest.mark.parametrize(
    ("asked", "signature", "words"),
    [
        ({"error": "Servable not found"}, "", "not the metadata of a model"),
        (given(x=("DT_HALF", [-1])), "", "'x' is of DT_HALF"),
        (given(x=("DT_FLOAT", [9999, 9999])), "", "too large for JSON"),
        (given(x=("DT_FLOAT", [1])), "other", "expected one of serving_default"),
        (given(), "", "no signature with inputs"),
    ],
    ids=["no metadata", "no JSON for it", "too large", "no such signature", "no inputs"],
)
def test_what_no_client_can_ask_is_refused(asked: Any, signature: str, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        generate(asked, "http://localhost:8501", "m", "python", signature)


@pytest.mark.parametrize("wrong", ["localhost:8501", 'http://a"\n', "http://a b", "ftp://a", ""])
def test_a_url_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ClientError, match="is not the URL of a server"):
        generate(given(x=("DT_FLOAT", [1])), wrong, "m", "bash")


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ClientError, match="MODEL_SERVER_AUTH") as caught:
        generate(given(x=("DT_FLOAT", [1])), "http://ann:pass@host", "m", "bash")
    assert "pass@" not in str(caught.value)


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(ClientError, match="expected one of python, bash, go, javascript"):
        generate(given(x=("DT_FLOAT", [1])), "http://host", "m", "cobol")
    assert "package main" in generate(given(x=("DT_FLOAT", [1])), "http://host", "m", "golang")


def test_a_model_that_is_not_served_is_said(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url, "none"]) == 1
    assert "Servable not found" in capsys.readouterr().err


def test_no_server_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"http://127.0.0.1:{free_port()}", "none"]) == 1
    assert capsys.readouterr().err.startswith("client: no answer from http://127.0.0.1:")
