"""serving.lifecycle.catalogue, with stand-ins for models."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from google.protobuf import text_format

from serving.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable, Unknown
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig, VersionPolicy
from serving.lifecycle.labels import Allowed
from serving.protocol.json_tensor import Array
from serving.protocol.model_server_config_pb2 import ModelServerConfig
from serving.protocol.signature import Signature


@dataclasses.dataclass
class Model:
    """Knows its folder, and whether it was closed."""

    path: Path
    closed: bool = False
    signatures: Mapping[str, Signature] = dataclasses.field(default_factory=dict)

    def run(
        self, _signature: str, _inputs: Mapping[str, Array], _filter: Sequence[str] = ()
    ) -> dict[str, Array]:
        return {}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def loaded() -> list[Model]:
    return []


def loader(loaded: list[Model]) -> Callable[[ModelConfig, Path], Model]:
    def load(_config: ModelConfig, path: Path) -> Model:
        loaded.append(Model(path))
        if (path / "broken").exists():
            raise ValueError(f"no model in {path}/broken")
        return loaded[-1]

    return load


@pytest.fixture
def catalogue(loaded: list[Model]) -> Catalogue:
    return Catalogue(loader(loaded))


Make = Callable[..., ModelConfig]


@pytest.fixture
def model(tmp_path: Path) -> Make:
    def make(
        name: str, *versions: str, policy: VersionPolicy | None = None, **labels: int
    ) -> ModelConfig:
        for version in versions:
            (tmp_path / name / version).mkdir(parents=True, exist_ok=True)
        return ModelConfig(
            name=name,
            base_path=tmp_path / name,
            policy=policy or VersionPolicy(),
            labels=labels,
        )

    return make


EVERY = VersionPolicy(latest=None)


def serves(catalogue: Catalogue, name: str, version: int | None = None) -> int:
    with catalogue.use(name, version) as served:
        return served.version


def states(catalogue: Catalogue, name: str) -> list[tuple[int, str]]:
    return [(each.number, each.state) for each in catalogue.status(name)]


def test_highest_version_is_served(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "2", "10", "notes")])
    with catalogue.use("a") as served:
        assert (served.name, served.version) == ("a", 10)
        assert served.servable.path.name == "10"  # type: ignore[attr-defined]
    with pytest.raises(NotFound, match=r"Servable not found for request: Specific\(a, 2\)"):
        serves(catalogue, "a", 2)
    with pytest.raises(NotFound, match=r"Servable not found for request: Latest\(b\)"):
        serves(catalogue, "b")


def test_model_has_a_name(catalogue: Catalogue) -> None:
    with pytest.raises(InvalidArgument, match=r"ModelSpec has no name specified\."):
        serves(catalogue, "")


def test_every_version_is_served_where_the_policy_says_so(
    catalogue: Catalogue, model: Make
) -> None:
    catalogue.apply([model("a", "1", "2", policy=EVERY)])
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "AVAILABLE")]
    assert serves(catalogue, "a", 1) == 1


def test_status_of_what_never_was(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1")])
    with pytest.raises(NotFound, match="Could not find any versions of model b"):
        catalogue.status("b")
    with pytest.raises(NotFound, match="Could not find version 5 of model a"):
        catalogue.status("a", 5)


def test_zero_padded_folder_is_that_number(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "0007")])
    assert serves(catalogue, "a") == 7


def test_nothing_is_loaded_twice(catalogue: Catalogue, model: Make, loaded: list[Model]) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    catalogue.apply([config])
    catalogue.poll()
    assert len(loaded) == 1


def test_new_version_is_found_by_polling(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1")])
    model("a", "2")
    catalogue.poll()
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]


def test_model_no_longer_named_ends(catalogue: Catalogue, model: Make, loaded: list[Model]) -> None:
    catalogue.apply([model("a", "1"), model("b", "1")])
    catalogue.apply([model("b", "1")])
    with pytest.raises(NotFound):
        serves(catalogue, "a")
    assert states(catalogue, "a") == [(1, "END")]
    assert loaded[0].closed
    assert serves(catalogue, "b") == 1


def test_version_that_ended_may_come_back(
    catalogue: Catalogue, model: Make, loaded: list[Model]
) -> None:
    catalogue.apply([model("a", "1", "2")])
    catalogue.apply([model("a", policy=VersionPolicy(specific=(1,)))])
    assert states(catalogue, "a") == [(2, "END"), (1, "AVAILABLE")]
    catalogue.apply([model("a")])
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]
    assert [each.path.name for each in loaded] == ["2", "1", "2"]


def test_request_ends_on_the_version_that_it_began_with(
    catalogue: Catalogue, model: Make, loaded: list[Model]
) -> None:
    catalogue.apply([model("a", "1")])
    with catalogue.use("a") as served:
        model("a", "2")
        catalogue.poll()
        assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "UNLOADING")]
        assert (served.version, loaded[0].closed) == (1, False)
        assert serves(catalogue, "a") == 2
    assert loaded[0].closed
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]


def test_model_that_does_not_close_is_gone_nevertheless(
    catalogue: Catalogue, model: Make, loaded: list[Model]
) -> None:
    catalogue.apply([model("a", "1")])
    loaded[0].close = None  # type: ignore[method-assign, assignment]
    catalogue.apply([])
    assert states(catalogue, "a") == [(1, "END")]


def test_broken_model_is_reported_and_the_others_are_served(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    broken = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([broken, model("b", "1")])
    (status,) = catalogue.status("a")
    assert (status.state, status.code) == ("END", "INTERNAL")
    assert status.message == "ValueError('no model in …/broken')"
    assert serves(catalogue, "b") == 1


def test_broken_model_is_tried_as_often_as_it_may(
    model: Make, loaded: list[Model], tmp_path: Path
) -> None:
    catalogue = Catalogue(loader(loaded), retries=2, pause=-1)
    config = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([config])
    assert [(each.state, each.code) for each in catalogue.status("a")] == [("LOADING", "INTERNAL")]
    catalogue.retry()
    assert states(catalogue, "a") == [(1, "LOADING")]
    catalogue.retry()
    assert states(catalogue, "a") == [(1, "END")]
    catalogue.retry()
    assert len(loaded) == 3


def test_pause_before_a_broken_model_is_tried_again(
    model: Make, loaded: list[Model], tmp_path: Path
) -> None:
    catalogue = Catalogue(loader(loaded), retries=2, pause=3600)
    config = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([config])
    catalogue.retry()
    catalogue.poll()
    assert len(loaded) == 1


def test_broken_model_is_tried_again_once_its_files_change(
    catalogue: Catalogue, model: Make, tmp_path: Path, loaded: list[Model]
) -> None:
    broken = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([broken])
    catalogue.apply([broken])
    assert len(loaded) == 1
    (tmp_path / "a" / "1" / "broken").unlink()
    (tmp_path / "a" / "1" / "whole").touch()
    catalogue.poll()
    assert serves(catalogue, "a") == 1


def test_unreadable_file_is_the_error_of_its_model_alone(
    catalogue: Catalogue, model: Make, tmp_path: Path, loaded: list[Model]
) -> None:
    configs = [model("a", "1"), model("b", "1")]
    dangling = tmp_path / "a" / "1" / "variables"
    dangling.symlink_to(tmp_path / "later")
    catalogue.apply(configs)
    (status,) = catalogue.status("a")
    assert (status.state, status.code) == ("END", Unavailable.code)
    assert status.message.startswith("…/variables cannot be read")
    assert serves(catalogue, "b") == 1
    (tmp_path / "later").touch()
    catalogue.poll()
    assert serves(catalogue, "a") == 1
    assert len(loaded) == 2


def test_unreadable_file_is_told_once_and_in_full(
    catalogue: Catalogue, model: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    dangling = tmp_path / "a" / "1" / "variables"
    catalogue.apply([model("a", "1")][:0])
    dangling.symlink_to("/nowhere")
    catalogue.apply([model("a")])
    catalogue.poll()
    dangling.unlink()
    catalogue.poll()
    refused, available = (record.message for record in caplog.records)
    assert refused.startswith(f"model=a version=1 not loaded: {dangling} cannot be read")
    assert available.startswith("model=a version=1 available")


def test_loaded_model_goes_on_when_its_files_become_unreadable(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a" / "1" / "variables").symlink_to("/nowhere")
    catalogue.apply([config])
    assert serves(catalogue, "a") == 1


def test_loaded_model_goes_on_when_its_folder_goes_away(
    catalogue: Catalogue, model: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a").rename(tmp_path / "elsewhere")
    catalogue.poll()
    catalogue.poll()
    assert serves(catalogue, "a") == 1
    assert [record.message.split(",")[0] for record in caplog.records] == [
        "model=a folder not listed"
    ]


def test_folder_without_versions_ends_what_it_had(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a" / "1").rmdir()
    catalogue.poll()
    assert states(catalogue, "a") == [(1, "END")]


def test_folder_that_cannot_be_listed_leaves_its_model_as_it_was(
    catalogue: Catalogue, model: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = [model("a", "1"), model("b", "1")]
    catalogue.apply(configs)
    list_folder = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path.name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return list_folder(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    model("b", "2")
    catalogue.apply(configs)
    assert serves(catalogue, "a") == 1
    assert serves(catalogue, "b") == 2


def test_old_version_answers_while_the_new_one_is_half_copied(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    catalogue.apply([model("a", "1")])
    model("a", "2")
    half = tmp_path / "a" / "2" / "variables"
    half.symlink_to("/nowhere")
    catalogue.poll()
    catalogue.poll()
    assert serves(catalogue, "a") == 1
    assert states(catalogue, "a") == [(2, "END"), (1, "AVAILABLE")]
    half.unlink()
    catalogue.poll()
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]


def test_old_version_answers_until_the_new_one_can(model: Make, tmp_path: Path) -> None:
    loading, go_on = threading.Event(), threading.Event()

    def load(_config: ModelConfig, path: Path) -> Model:
        if path.name == "2":
            loading.set()
            go_on.wait(10)
        return Model(path)

    catalogue, config = Catalogue(load), model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a" / "2").mkdir()
    swap = threading.Thread(target=catalogue.poll)
    swap.start()
    assert loading.wait(10)
    assert serves(catalogue, "a") == 1
    assert states(catalogue, "a") == [(2, "LOADING"), (1, "AVAILABLE")]
    go_on.set()
    swap.join(10)
    assert serves(catalogue, "a") == 2
    assert states(catalogue, "a") == [(2, "AVAILABLE"), (1, "END")]


def test_label_names_a_version(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1", "2", policy=EVERY)])
    catalogue.apply([model("a", policy=EVERY, stable=1)])
    with catalogue.use("a", label="stable") as served:
        assert served.version == 1
    with (
        pytest.raises(InvalidArgument, match="Unrecognized servable version label: canary"),
        catalogue.use("a", label="canary"),
    ):
        pass


def test_label_is_for_a_version_that_is_available(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1")])
    with pytest.raises(
        FailedPrecondition,
        match="Request to assign label to version 2 of model a, which is not currently available "
        "for inference",
    ):
        catalogue.apply([model("a", "2", new=2), model("b", "1")])
    assert catalogue.names() == ["a"]


def test_new_label_may_wait_for_its_version_where_that_is_allowed(
    loaded: list[Model], model: Make
) -> None:
    catalogue = Catalogue(loader(loaded), allowed=Allowed.NEW_ANY)
    catalogue.apply([model("a", "1", stable=1, next=2)])
    assert catalogue.resolve("a", "next") == 2
    with pytest.raises(FailedPrecondition, match="version 3 of model a"):
        catalogue.apply([model("a", stable=3)])
    assert catalogue.resolve("a", "stable") == 1


def test_known_label_may_move_anywhere_where_that_is_forced(
    loaded: list[Model], model: Make
) -> None:
    catalogue = Catalogue(loader(loaded), allowed=Allowed.ANY)
    catalogue.apply([model("a", "1", stable=1)])
    catalogue.apply([model("a", stable=3)])
    assert catalogue.resolve("a", "stable") == 3


TENSORFLOW = 'model_platform: "tensorflow"'


def message(*configs: ModelConfig) -> ModelServerConfig:
    entries = "".join(
        f'config {{ name: "{each.name}" base_path: "{each.base_path}" {TENSORFLOW} }}'
        for each in configs
    )
    return text_format.Parse(f"model_config_list {{ {entries} }}", ModelServerConfig())


def test_reload_is_the_whole_truth(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1"), model("b", "1")])
    catalogue.reload(message(model("b"), model("c", "1")))
    assert catalogue.names() == ["b", "c"]
    assert states(catalogue, "a") == [(1, "END")]
    assert serves(catalogue, "c") == 1


def test_reload_tells_what_did_not_become_available(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    broken = model("a", "4")
    (tmp_path / "a" / "4" / "broken").touch()
    with pytest.raises(Unknown) as refused:
        catalogue.reload(message(broken, model("b", "1"), model("empty")))
    assert str(refused.value) == (
        "2 model(s) did not become available: {{{name: a version: 4} due to error: INTERNAL: "
        "ValueError('no model in …/broken')}, {{name: empty} due to error: NOT_FOUND: no version "
        "in its folder}, }"
    )
    assert serves(catalogue, "b") == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "),
        (
            f'model_config_list {{ config {{ name: "a" base_path: "a" {TENSORFLOW} }} }}',
            r"Expected model a to have an absolute path or URI; got base_path\(\)=a",
        ),
        (
            'model_config_list { config { name: "a" base_path: "/a" } }',
            r"Illegal setting neither ModelServerConfig::model_type \(deprecated\) nor ",
        ),
    ],
)
def test_reload_that_is_refused_changes_nothing(
    catalogue: Catalogue, model: Make, text: str, reason: str
) -> None:
    catalogue.apply([model("kept", "1")])
    with pytest.raises(InvalidArgument, match=reason):
        catalogue.reload(text_format.Parse(text, ModelServerConfig()))
    assert serves(catalogue, "kept") == 1


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns a hundred times as often as usual: whatever can come between does."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 100)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_requests_never_fail_while_versions_come_and_go(
    catalogue: Catalogue, model: Make, loaded: list[Model]
) -> None:
    catalogue.apply([model("a", "1")])
    wrong: list[object] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            try:
                with catalogue.use("a") as served:
                    wrong.extend([served] if served.servable.closed else [])  # type: ignore[attr-defined]
            except NotFound as error:
                wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 60):
        model("a", str(number))
        catalogue.poll()
    ended.set()
    for thread in threads:
        thread.join(10)
    assert wrong == []
    assert [each.closed for each in loaded] == [True] * 58 + [False]
