"""deploy/kubernetes: who may talk to whom."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from tests.deploy.overlay import Overlay, containers


def test_nothing_is_open_but_what_is_named(overlay: Overlay) -> None:
    policies = overlay.of("NetworkPolicy")
    closed = {
        each["metadata"]["namespace"]
        for each in policies
        if each["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    }
    assert closed == {"kantu", "kantu-models"}
    for each in policies:
        meant = overlay.chosen(each["metadata"]["namespace"], each["spec"]["podSelector"])
        inside = {p["name"] for m in meant for c in containers(m["spec"]["template"]["spec"])
                  for p in c.get("ports", [])}  # fmt: skip
        opened = {p["port"] for rule in each["spec"].get("ingress", []) for p in rule["ports"]}
        assert meant, each["metadata"]["name"]
        assert opened <= inside


def blocks(overlay: Overlay, policy: str) -> list[dict[str, Any]]:
    egress = overlay.one("NetworkPolicy", policy)["spec"].get("egress", [])
    return [to["ipBlock"] for rule in egress for to in rule["to"] if "ipBlock" in to]


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("8.8.8.8", True), ("2001:4860:4860::8888", True), ("10.1.2.3", False),
        ("172.20.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False),
        ("100.100.100.200", False), ("127.0.0.1", False), ("fd00::1", False), ("fe80::1", False),
    ],
)  # fmt: skip
def test_worker_reaches_the_internet_and_no_private_network(
    cpu: Overlay, address: str, reached: bool
) -> None:
    host = ipaddress.ip_address(address)
    allowed = [
        block
        for block in blocks(cpu, "worker")
        if host in ipaddress.ip_network(block["cidr"])
        and not any(host in ipaddress.ip_network(each) for each in block["except"])
    ]
    assert bool(allowed) == reached


def test_only_the_worker_gets_out(overlay: Overlay) -> None:
    out = [
        each["metadata"]["name"] for each in overlay.of("NetworkPolicy") if "ipBlock" in str(each)
    ]
    assert out == ["worker"]


def test_the_world_reaches_the_webhook_only(overlay: Overlay) -> None:
    (ingress,) = overlay.of("Ingress")
    paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    assert [(path["path"], path["pathType"]) for path in paths] == [("/wechat", "Exact")]
    assert paths[0]["backend"]["service"] == {"name": "app", "port": {"name": "http"}}
    assert ingress["spec"]["tls"][0]["hosts"] == [ingress["spec"]["rules"][0]["host"]]
    assert all(
        each["spec"].get("type", "ClusterIP") == "ClusterIP" for each in overlay.of("Service")
    )
