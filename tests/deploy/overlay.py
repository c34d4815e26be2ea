"""What deploy/kubernetes makes, rendered by kubectl with an example of an account."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from launch.supervisor import ROOT

OVERLAYS = ("cpu", "gpu", "keda", "sentinel")
Object = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Every object of one overlay."""

    name: str
    objects: list[Object]

    def of(self, *kinds: str) -> list[Object]:
        """Return the objects of these kinds."""
        return [each for each in self.objects if each["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        """Return an object by its name, or by what its name was before its hash was added."""
        found = [
            each
            for each in self.of(kind)
            if each["metadata"]["name"].partition("-")[0] == name
            or each["metadata"]["name"] == name
        ]
        assert len(found) == 1, f"{len(found)} {kind} {name}"
        return found[0]

    def workloads(self) -> list[Object]:
        """Return what runs pods."""
        return self.of("Deployment", "StatefulSet")

    def pod(self, name: str) -> Object:
        """Return the pod's spec of a workload."""
        (found,) = [each for each in self.workloads() if each["metadata"]["name"] == name]
        spec: Object = found["spec"]["template"]["spec"]
        return spec

    def chosen(self, namespace: str, selector: Object) -> list[Object]:
        """Return the workloads whose pods a selector means."""
        return [
            each
            for each in self.workloads()
            if each["metadata"]["namespace"] == namespace
            and _matches(selector, each["spec"]["template"]["metadata"]["labels"])
        ]


def _matches(selector: Object, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    among = [
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    ]
    return wanted and all(among)


def containers(pod: Object) -> list[Object]:
    """Return all containers of a pod, those that begin before it and those beside it."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def render(name: str, folder: Path) -> Overlay:
    """Return the objects of an overlay; skip the test where there is no kubectl."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl: https://kubernetes.io/docs/tasks/tools")
    subprocess.run([ROOT / "deploy" / "kubernetes" / "example", name, folder], check=True)
    objects = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(folder.iterdir())]
    return Overlay(name=name, objects=objects)


def graceful_timeout() -> int:
    """Return the seconds that gunicorn gives requests; to import its settings would apply them."""
    text = (ROOT / "app" / "processes.py").read_text("utf-8")
    (found,) = re.findall(r"^graceful_timeout = (\d+)", text, re.MULTILINE)
    return int(found)
