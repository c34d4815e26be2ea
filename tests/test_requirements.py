"""requirements*: the owner's seven are there, every part is locked, versions fit production."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from serving.platforms.platform import PLATFORMS

ROOT = Path(__file__).parents[1]
PARTS = ("app", "worker", "serving", "simulator")
OWNERS = {"flask", "wechatpy", "requests", "redis", "rq", "gunicorn", "tensorflow"}


def direct(part: str) -> dict[str, str]:
    """Return what a part asks for itself: name -> version, as far as it is said."""
    lines = (ROOT / "requirements" / f"{part}.in").read_text("utf-8").splitlines()
    wanted = [re.match(r"([A-Za-z0-9-]+)(\S*)", line) for line in lines if line[:1].isalpha()]
    return {match[1].lower(): match[2] for match in wanted if match}


def locked(path: Path) -> dict[str, set[str]]:
    """Return name -> locked versions; a package may have one for each Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text("utf-8"), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_owner_s_seven_are_all_asked_for() -> None:
    asked = {name for part in ("app", "worker", "serving") for name in direct(part)}
    assert asked >= OWNERS


def test_requirements_txt_is_made_of_its_parts() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    included = [line.removeprefix("-r ") for line in lines if line.startswith("-r ")]
    assert included == [f"requirements/{part}.txt" for part in ("app", "worker", "serving")]


@pytest.mark.parametrize("part", PARTS)
def test_every_package_is_locked_with_hashes(part: str) -> None:
    text = (ROOT / "requirements" / f"{part}.txt").read_text("utf-8")
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert direct(part).keys() <= locked(ROOT / "requirements" / f"{part}.txt").keys()
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_no_two_parts_disagree_on_a_version() -> None:
    files = [ROOT / "requirements" / f"{part}.txt" for part in PARTS]
    files += (ROOT / "requirements").glob("platform-*.txt")
    versions: dict[str, set[frozenset[str]]] = {}
    for path in [*files, ROOT / "requirements-dev.txt"]:
        for name, found in locked(path).items():
            versions.setdefault(name, set()).add(frozenset(found))
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_webhook_and_worker_need_no_tensorflow() -> None:
    for part in ("app", "worker"):
        packages = locked(ROOT / "requirements" / f"{part}.txt")
        assert not packages.keys() & {"tensorflow", "keras", "numpy"}


def test_each_platform_s_packages_are_in_a_lock_or_said_to_be_in_none() -> None:
    text = (ROOT / "docs" / "platforms.md").read_text("utf-8")
    for each in PLATFORMS:
        said = text.split(f"| `{each.name}` |")[1].splitlines()[0].split("|")[1]
        files = re.findall(r"requirements/[a-z0-9-]+\.txt", said)
        packages = {name for file in files for name in locked(ROOT / file)}
        assert files or f"pip install {each.packages}==" in said
        assert set(each.packages.split()) <= packages or not files


def test_pytorch_is_in_no_lock_and_everywhere_of_one_version() -> None:
    locks = [*(ROOT / "requirements").glob("*.txt"), ROOT / "requirements-dev.txt"]
    script = (ROOT / "requirements" / "optional").read_text("utf-8")
    (version,) = re.findall(r"^torch=(\S+) ", script, re.MULTILINE)
    assert [lock for lock in locks if "torch" in locked(lock)] == []
    assert f"pip install torch=={version}" in (ROOT / "docs" / "platforms.md").read_text("utf-8")


_HEAVY = """
import sys, {module}
heavy = {{"tensorflow", "keras", "numpy", "flask", "requests", "wechatpy"}} & sys.modules.keys()
print(sorted(heavy))
"""


@pytest.mark.parametrize(
    ("module", "heavy"),
    [("app", ["flask"]), ("worker.__main__", ["requests", "wechatpy"])],
)
def test_programs_load_no_more_than_they_need(module: str, heavy: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HEAVY.format(module=module)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(heavy)


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def serving_image() -> tuple[int, ...]:
    """Return the version of tensorflow/serving that docker-compose.yml pins."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    image, _, tag = compose["services"]["serving"]["image"].partition(":")
    assert image == "tensorflow/serving"
    return numbers(tag)


def test_tensorflow_is_not_above_the_serving_image() -> None:
    (version,) = locked(ROOT / "requirements" / "serving.txt")["tensorflow"]
    assert numbers(version) <= serving_image()


@pytest.mark.parametrize("model", sorted((ROOT / "serving" / "models").glob("*/1")), ids=str)
def test_shipped_model_is_not_from_a_later_tensorflow_than_the_image(model: Path) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((model / "saved_model.pb").read_bytes())
    assert numbers(saved.meta_graphs[0].meta_info_def.tensorflow_version) <= serving_image()
