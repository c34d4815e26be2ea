"""deploy/kubernetes: what every overlay promises, and that it fits the programs."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
import yaml

from app import create_app
from contract.job import DEADLINE, ImageJob, enqueue, picture_queue
from contract.settings import Settings, load_settings
from launch.supervisor import ROOT
from tests.conftest import make_settings
from tests.deploy.front import wait_for
from tests.deploy.overlay import Object, Overlay, containers, graceful_timeout, render
from tests.deploy.stores import Passwords, Store
from worker import model_server, supervisor

SECRETS = {
    "wechat_token", "wechat_aes_key", "wechat_previous_aes_key", "redis_url", "admin_password",
}  # fmt: skip


def names(objects: list[Object]) -> list[str]:
    return sorted(each["metadata"]["name"] for each in objects)


def lax(pod: Object) -> list[str]:
    """Return what a pod has that the profile "restricted" and we forbid."""
    of_pod = pod["securityContext"]
    problems = [] if of_pod["runAsNonRoot"] and of_pod["runAsUser"] > 0 else ["root"]
    problems += [] if of_pod["seccompProfile"] == {"type": "RuntimeDefault"} else ["seccomp"]
    problems += [] if pod["automountServiceAccountToken"] is False else ["token of the cluster"]
    for each in containers(pod):
        rules = each["securityContext"]
        problems += [] if rules["allowPrivilegeEscalation"] is False else [f"{each['name']} grows"]
        problems += [] if rules["readOnlyRootFilesystem"] else [f"{each['name']} writes"]
        problems += [] if rules["capabilities"] == {"drop": ["ALL"]} else [f"{each['name']} can"]
    return problems


def test_every_pod_is_restricted_and_its_namespace_insists(overlay: Overlay) -> None:
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in overlay.workloads()
    }
    assert sorted(pods) == ["app", "redis", "serving", "worker"]
    assert {name: lax(pod) for name, pod in pods.items() if lax(pod)} == {}
    enforced = [
        each["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for each in overlay.of("Namespace")
    ]
    assert enforced == ["restricted", "restricted"]


def test_every_container_says_what_it_needs_and_may_take(overlay: Overlay) -> None:
    found = [
        each for w in overlay.workloads() for each in containers(w["spec"]["template"]["spec"])
    ]
    asked = [
        each["name"] for each in found if each["resources"]["requests"].keys() < {"cpu", "memory"}
    ]
    unbounded = [each["name"] for each in found if "memory" not in each["resources"]["limits"]]
    assert (asked, unbounded) == ([], [])


def test_images_are_those_of_compose(overlay: Overlay) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    images = {
        each["name"]: each["image"].partition("@")[0]
        for w in overlay.workloads()
        for each in containers(w["spec"]["template"]["spec"])
    }
    tagged = {name: image for name, image in images.items() if ":" not in image.rpartition("/")[2]}
    serving = "serving-gpu" if overlay.name == "gpu" else "serving"
    assert tagged == {}
    assert images["redis"] == compose["redis"]["image"].partition("@")[0]
    assert images.get("sentinel", images["redis"]) == images["redis"]
    assert images["serving"] == compose[serving]["image"].partition("@")[0]


def test_every_program_is_asked_whether_it_works(overlay: Overlay) -> None:
    probes = {
        each["name"]: {kind for kind in each if kind.endswith("Probe")}
        for w in overlay.workloads()
        for each in w["spec"]["template"]["spec"]["containers"]
    }
    assert [name for name, kinds in probes.items() if "readinessProbe" not in kinds] == []
    assert [name for name, kinds in probes.items() if "livenessProbe" not in kinds] == ["worker"]


def test_app_is_asked_on_a_page_that_it_has_and_that_needs_no_redis(
    cpu: Overlay, settings: Settings
) -> None:
    (app,) = cpu.pod("app")["containers"]
    routes = {rule.rule for rule in create_app(settings).url_map.iter_rules()}
    asked = {app[probe]["httpGet"]["path"] for probe in app if probe.endswith("Probe")}
    away = create_app(make_settings(redis_url="redis://127.0.0.1:1/0")).test_client()
    assert asked <= routes
    assert {away.get(path).status_code for path in asked} == {200}
    assert away.get("/readyz").status_code == 503


def test_selectors_mean_one_workload_each(overlay: Overlay) -> None:
    for each in overlay.of("Service"):
        meant = overlay.chosen(
            each["metadata"]["namespace"], {"matchLabels": each["spec"]["selector"]}
        )
        ports = {p["name"] for m in meant for c in containers(m["spec"]["template"]["spec"])
                 for p in c.get("ports", [])}  # fmt: skip
        assert len(meant) == 1, each["metadata"]["name"]
        assert {p["targetPort"] for p in each["spec"]["ports"]} <= ports
    for each in [*overlay.workloads(), *overlay.of("PodDisruptionBudget")]:
        meant = overlay.chosen(each["metadata"]["namespace"], each["spec"]["selector"])
        assert names(meant) == [each["metadata"]["name"]]


def test_what_is_scaled_by_a_machine_names_no_number_itself(overlay: Overlay) -> None:
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]
        for each in overlay.of("HorizontalPodAutoscaler", "ScaledObject")
    }
    unnumbered = {
        each["metadata"]["name"] for each in overlay.workloads() if "replicas" not in each["spec"]
    }
    assert "app" in scaled
    assert unnumbered == scaled


def test_volumes_are_made_of_what_is_there(overlay: Overlay) -> None:
    made = {
        each["metadata"]["name"]: set(each["data"]) for each in overlay.of("ConfigMap", "Secret")
    }
    for each in overlay.workloads():
        pod = each["spec"]["template"]["spec"]
        claims = {c["metadata"]["name"] for c in each["spec"].get("volumeClaimTemplates", [])}
        volumes = {volume["name"] for volume in pod["volumes"]} | claims
        mounted = {m["name"] for c in containers(pod) for m in c.get("volumeMounts", [])}
        sources = [v[k] for v in pod["volumes"] for k in ("configMap", "secret") if k in v]
        wanted = [
            (s.get("name") or s["secretName"], i["key"])
            for s in sources
            for i in s.get("items", [])
        ]
        assert mounted == volumes
        assert {s.get("name") or s["secretName"] for s in sources} <= made.keys()
        assert [(name, key) for name, key in wanted if key not in made[name]] == []


def environment(pod: Object, container: str, settings: dict[str, str]) -> dict[str, str]:
    (found,) = [each for each in pod["containers"] if each["name"] == container]
    return settings | {each["name"]: each["value"] for each in found["env"]}


def test_settings_are_settings_and_every_secret_comes_from_a_file(cpu: Overlay) -> None:
    shared = cpu.one("ConfigMap", "kantu")["data"]
    worker = environment(cpu.pod("worker"), "worker", shared)
    given = {name.removesuffix("_FILE").lower() for name in worker}
    secret = {
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    files = {name.removesuffix("_FILE").lower() for name in worker if name.endswith("_FILE")}
    assert given <= Settings.model_fields.keys()
    assert files == (secret | {"redis_url"}) - {"admin_password"}
    assert set(cpu.one("Secret", "kantu")["data"]) >= files


@pytest.mark.parametrize("program", ["app", "worker"])
def test_programs_start_on_these_settings(
    cpu: Overlay, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "wechat_token": "abc123", "wechat_app_secret": "s" * 32, "wechat_aes_key": "a" * 42 + "A",
        "redis_url": "redis://kantu:password@redis:6379/0",
    }  # fmt: skip
    given = environment(cpu.pod(program), program, cpu.one("ConfigMap", "kantu")["data"])
    for name, value in given.items():
        path = tmp_path / Path(value).name
        if name.endswith("_FILE"):
            path.write_text(values.get(path.name, ""))
        monkeypatch.setenv(name, str(path) if name.endswith("_FILE") else value)
    needed = ["wechat_app_secret"] if program == "worker" else []
    settings = load_settings(*needed, env_file="")
    assert settings.worker_metrics_port == port(cpu, "worker", "metrics")
    assert (settings.wechat_app_secret is None) == (program == "app")


def test_the_models_that_the_worker_asks_are_served(overlay: Overlay) -> None:
    given = environment(overlay.pod("worker"), "worker", overlay.one("ConfigMap", "kantu")["data"])
    asked = [
        given.get(name.upper(), Settings.model_fields[name].default)
        for name in ("classifier_model", "vqa_model")
    ]
    (models,) = [e for e in overlay.pod("serving")["initContainers"] if e["name"] == "models"]
    base = yaml.safe_load_all(
        (ROOT / "deploy/kubernetes/models/serving.yaml").read_text("utf-8")
    ).__next__()
    (plain,) = base["spec"]["template"]["spec"]["initContainers"]
    assert models["args"] == plain["args"] == asked


def port(overlay: Overlay, workload: str, name: str) -> int:
    (found,) = [
        p["containerPort"] for c in containers(overlay.pod(workload)) for p in c.get("ports", [])
        if p["name"] == name
    ]  # fmt: skip
    return int(found)


def test_the_webhook_is_not_given_the_appsecret(overlay: Overlay) -> None:
    (volume,) = [each for each in overlay.pod("app")["volumes"] if each["name"] == "secrets"]
    assert {each["key"] for each in volume["secret"]["items"]} == SECRETS


def test_nobody_is_killed_at_work(cpu: Overlay) -> None:
    def pause(workload: str) -> int:
        (container,) = cpu.pod(workload)["containers"]
        return int(container["lifecycle"]["preStop"]["exec"]["command"][1])

    patience = {
        name: cpu.pod(name)["terminationGracePeriodSeconds"]
        for name in ("app", "worker", "serving")
    }
    grace = int(cpu.one("ConfigMap", "kantu")["data"]["WORKER_GRACE"])
    assert patience["app"] > pause("app") + graceful_timeout()
    assert grace >= DEADLINE
    assert patience["worker"] > grace + supervisor._MARGIN
    assert patience["serving"] > pause("serving") > model_server._LONGEST + 5  # DNS is 5 s behind


def test_keda_counts_the_queue_that_the_webhook_fills(
    keda: Overlay, connection: redis.Redis
) -> None:
    spec = keda.one("ScaledObject", "worker")["spec"]
    (trigger,) = spec["triggers"]
    assert trigger["metadata"]["listName"] == picture_queue(connection).key
    assert spec["minReplicaCount"] >= 1
    reference = keda.one("TriggerAuthentication", "redis")["spec"]["secretTargetRef"][0]
    assert reference["name"] == keda.one("Secret", "kantu")["metadata"]["name"]
    assert reference["key"] in keda.one("Secret", "kantu")["data"]


def test_components_go_together(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "resources: [../../base, ../../models]\ncomponents: [../../components/gpu, "
        "../../components/keda, ../../components/sentinel, ../../account]\n"
    )
    mine = render(str(tmp_path / "mine"), tmp_path / "rendered")
    (trigger,) = mine.one("ScaledObject", "worker")["spec"]["triggers"]
    (domain,) = {
        each["value"]
        for container in mine.pod("redis")["containers"]
        for each in container["env"]
        if each["name"] == "DOMAIN"
    }
    sentinels = [f"redis-{number}.{domain}:26379" for number in range(3)]
    assert trigger["type"] == "redis-sentinel"
    assert trigger["metadata"]["addresses"].split(",") == sentinels
    assert "address" not in trigger["metadata"]
    assert mine.pod("serving")["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1


# As KEDA's scaler of kind redis asks: pkg/scalers/redis_scaler.go
_LENGTH = """
local kind = redis.call('type', KEYS[1]).ok
return redis.call(({list = 'llen', none = 'llen', zset = 'zcard'})[kind], KEYS[1])
"""


def test_keda_may_ask_redis_for_the_length_as_the_user_kantu(keda: Overlay, tmp_path: Path) -> None:
    store = Store(tmp_path / "store", Passwords(tmp_path))
    name = keda.one("ScaledObject", "worker")["spec"]["triggers"][0]["metadata"]["listName"]
    client = redis.Redis.from_url(store.url, socket_timeout=2)
    store.program.start()
    try:
        wait_for(store.program)
        assert client.eval(_LENGTH, 1, name) == 0
        job = ImageJob(
            follower="o", message_id="1", created=1, received=1.0, language="zh", media_id="m"
        )
        assert enqueue(picture_queue(client), job, 60)
        assert client.eval(_LENGTH, 1, name) == 1
    finally:
        store.program.end()
