"""Where everything in the images comes from: locks, licences, bills, and who watches them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy import licences
from deploy.lock import IMAGES, packages
from launch.supervisor import ROOT

LOCKS = sorted([*(ROOT / "requirements").glob("*.txt"), ROOT / "requirements-dev.txt"])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_file_has_its_hash(lock: Path) -> None:
    text = re.sub(r" \\\n\s*", " ", lock.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    exact = re.compile(r"[a-z0-9-]+==\S+( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+")
    assert lines
    assert [line[:60] for line in lines if not exact.fullmatch(line.strip())] == []


@pytest.mark.parametrize("part", [path.stem for path in (ROOT / "requirements").glob("*.in")])
def test_everything_asked_for_is_locked(part: str) -> None:
    lines = (ROOT / "requirements" / f"{part}.in").read_text("utf-8").splitlines()
    asked = {match[0].lower() for line in lines if (match := re.match(r"[A-Za-z0-9-]+", line))}
    lock = ROOT / ("requirements-dev.txt" if part == "dev" else f"requirements/{part}.txt")
    assert asked <= set(re.findall(r"^([a-z0-9-]+)==", lock.read_text("utf-8"), re.MULTILINE))


def test_every_image_installs_its_own_lock_with_hashes() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    for image in IMAGES:
        assert f"pip install --require-hashes -r requirements/{image}.txt" in dockerfile
    assert dockerfile.count("pip install") == len(IMAGES)


def test_the_page_of_licences_fits_the_locks() -> None:
    assert licences.main(["--check"]) == 0


def test_a_licence_that_nobody_has_read_stops_the_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(licences, "PERMISSIVE", licences.PERMISSIVE - {"PSF-2.0"})
    assert licences.main(["--check"]) == 1
    assert "defusedxml: PSF-2.0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("expression", "known"),
    [
        ("MIT", True), ("Apache-2.0 OR BSD-3-Clause", True), ("GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True), ("MIT AND LGPL-2.1-or-later", False),
        ("AGPL-3.0-only OR MIT", False), ("", False), ("see LICENSE", False),
    ],
)  # fmt: skip
def test_only_licences_on_a_list_are_known(expression: str, known: bool) -> None:
    assert licences.known(expression) == known


@pytest.mark.skipif(
    not (ROOT / ".venv" / "deploy" / "bin" / "cyclonedx-py").exists(),
    reason="needs the validators: make check-deploy",
)
def test_bills_name_every_package_with_version_hash_and_licence(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "deploy.sbom", tmp_path], cwd=ROOT, check=True)
    for image in IMAGES:
        bill = json.loads((tmp_path / f"kantu-{image}.cdx.json").read_text("utf-8"))
        listed = {(each["name"], each["version"]) for each in bill["components"]}
        assert bill["bomFormat"] == "CycloneDX"
        assert listed == {(each.name, each.version) for each in packages(image)}
        for each in bill["components"]:
            assert each["externalReferences"][0]["hashes"]
            assert each["licenses"][0]["expression"]


def workflow(name: str) -> dict[str, object]:
    path = ROOT / ".github" / "workflows" / f"{name}.yml"
    found: dict[str, object] = yaml.safe_load(path.read_text("utf-8"))
    return found


def commands(name: str) -> list[str]:
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8")
    return re.findall(r"^ +- run: ([^#\n]+?) *(?:#.*)?$", text, re.MULTILINE)


def test_github_runs_what_everybody_runs() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    made = {each.removeprefix("make ") for each in commands("nightly") if each.startswith("make ")}
    assert ".ci/run" in commands("ci")
    assert {"chaos", "audit"} <= made <= targets
    assert "make check-deploy" in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", ["ci", "nightly"])
def test_github_s_robots_may_read_and_nothing_else(name: str) -> None:
    assert workflow(name)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", ["ci", "nightly"])
def test_github_s_actions_cannot_change_under_us(name: str) -> None:
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8")
    used = re.findall(r"uses: (\S+)( # v\S+)?", text)
    assert used
    assert [
        each for each, version in used if not re.fullmatch(r"\S+@[0-9a-f]{40}", each) or not version
    ] == []


@pytest.mark.parametrize("name", ["ci", "nightly"])
def test_github_has_what_the_tests_may_not_do_without(name: str) -> None:
    installed = " ".join(each for each in commands(name) if "apt-get install" in each).split()
    assert {"nginx-light", "redis-server"} <= set(installed)


def test_dependabot_watches_every_place_where_versions_stand() -> None:
    path = ROOT / ".github" / "dependabot.yml"
    updates = yaml.safe_load(path.read_text("utf-8"))["updates"]
    watched = {each["package-ecosystem"] for each in updates}
    folders = {
        folder for each in updates for folder in each.get("directories", [each.get("directory")])
    }
    assert watched == {"pip", "docker", "docker-compose", "github-actions"}
    assert [folder for folder in folders if not (ROOT / folder.strip("/")).is_dir()] == []


CHECKS = """
set -eu
. ./checks
check good true
check bad sh -c 'echo what was found; exit 3'
check_with no-such-program missing true
check "after it" true
"""


def test_every_check_is_run_though_one_before_it_failed(tmp_path: Path) -> None:
    script = (ROOT / "deploy" / "check").read_text("utf-8")
    start, end = script.index("failed=0"), script.index("schema()")
    (tmp_path / "checks").write_text(f"work={tmp_path}\n{script[start:end]}")
    done = subprocess.run(
        ["sh", "-c", CHECKS], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "✓ good",
        "✗ bad",
        "    what was found",
        "– missing: there is no no-such-program on this machine",
        "✓ after it",
    ]


@pytest.mark.skipif(
    not (ROOT / ".venv" / "deploy" / "bin" / "hadolint").exists(),
    reason="needs the validators: make check-deploy",
)
def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    tools = ROOT / ".venv" / "deploy" / "bin"
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN cd /tmp && apt-get install curl\n")
    (tmp_path / "script").write_text("#!/bin/sh\nrm -r $1/*\n")
    schema = ROOT / "deploy" / "schemas" / "keda.json"
    (tmp_path / "scaled.yaml").write_text(
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a, namespace: b}\n"
        "spec: {scaleTargetRef: {name: worker}, minReplicas: 1, triggers: []}\n"
    )
    for command in (
        ["hadolint", "Dockerfile"],
        ["shellcheck", "script"],
        ["check-jsonschema", "--schemafile", str(schema), "scaled.yaml"],
    ):
        done = subprocess.run(
            [tools / command[0], *command[1:]], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == 1, command
