"""serving.monitoring: what Prometheus is told, in TensorFlow Serving's form."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.monitoring.config import MonitoringError, metrics_path
from serving.monitoring.exposition import Counter, Histogram, exponential, page
from serving.monitoring.metrics import Metrics
from tests.serving.asking import predict_request, refusal
from tests.serving.conftest import serve


def test_text_is_as_the_real_server_writes_it() -> None:
    counter = Counter(":a:count", "model_name")
    counter.add('m"\\')
    histogram = Histogram(":b:time", "model_name", ends=exponential(10, 1.8, 3))
    histogram.observe(18, "m")
    histogram.observe(100, "m")
    assert page([histogram, counter]).splitlines() == [
        "# TYPE :a:count counter",
        r':a:count{model_name="m\"\\"} 1',
        "# TYPE :b:time histogram",
        ':b:time_bucket{model_name="m",le="10"} 0',
        ':b:time_bucket{model_name="m",le="18"} 1',
        ':b:time_bucket{model_name="m",le="32.4"} 1',
        ':b:time_bucket{model_name="m",le="+Inf"} 2',
        ':b:time_sum{model_name="m"} 118',
        ':b:time_count{model_name="m"} 2',
    ]


def test_names_that_clients_make_up_do_not_fill_the_memory() -> None:
    counter = Counter(":a:count", "model_name")
    for number in range(3000):
        counter.add(str(number))
    lines = page([counter]).splitlines()
    assert len(lines) < 1100
    assert ':a:count{model_name=""} 2000' in lines


def test_requests_of_both_fronts_are_counted(models: dict[str, Path]) -> None:
    metrics = Metrics()
    catalogue = Catalogue(Loader(Flags(enable_batching=True), metrics))
    base = models["half_plus_two"]
    catalogue.apply([ModelConfig(name="half_plus_two", base_path=base)])
    with serve(catalogue, metrics) as fronts:
        url = f"{fronts.url}/half_plus_two"
        assert requests.post(f"{url}:predict", json={"instances": [1.0]}, timeout=20).ok
        assert not requests.post(f"{url}:predict", data="{", timeout=20).ok
        assert requests.get(f"{url}/metadata", timeout=20).ok
        assert not requests.get(f"{url}/elsewhere", timeout=20).ok
        fronts.predictions().Predict(predict_request("half_plus_two", x=[1.0]), timeout=20)
        refusal(fronts.predictions().Predict, predict_request("nobody", x=[1.0]))
        lines = requests.get(fronts.url.replace("/v1/models", "/metrics"), timeout=20).text
    catalogue.apply([])
    found = dict(line.rsplit(" ", 1) for line in lines.splitlines() if not line.startswith("#"))
    name = 'model_name="half_plus_two"'
    expected = {
        f':tensorflow:serving:request_count{{{name},status="OK"}}': 3,
        ':tensorflow:serving:request_count{model_name="",status="INVALID_ARGUMENT"}': 1,
        f':tensorflow:serving:request_latency_count{{{name},API="",entrypoint="REST"}}': 1,
        f':tensorflow:serving:request_count{{{name},status="INVALID_ARGUMENT"}}': 1,
        ':tensorflow:serving:request_count{model_name="nobody",status="NOT_FOUND"}': 1,
        f':tensorflow:serving:request_latency_count{{{name},API="predict",entrypoint="REST"}}': 1,
        f':tensorflow:serving:request_latency_count{{{name},API="Predict",entrypoint="GRPC"}}': 1,
        f':tensorflow:serving:runtime_latency_count{{{name},API="Predict",runtime="TF1"}}': 2,
        ":tensorflow:core:graph_runs{}": 2,
        ":tensorflow:serving:batching_session:wrapped_run_count{}": 2,
        f':kantu:serving:batch_size_bucket{{{name},le="1"}}': 2,
        f":kantu:serving:queue_time_count{{{name}}}": 2,
    }
    assert {key: int(found[key]) for key in expected} == expected


def test_examples_and_warm_up_are_counted(models: dict[str, Path]) -> None:
    metrics = Metrics()
    demo = Path(__file__).parents[2] / "serving" / "models" / "demo"
    catalogue = Catalogue(Loader(Flags(), metrics))
    catalogue.apply(
        [
            ModelConfig(name="demo", base_path=demo),
            ModelConfig(name="examples", base_path=models["examples"]),
        ]
    )
    with serve(catalogue, metrics) as fronts:
        body = {"signature_name": "regress", "examples": [{"x": 2.0}, {"x": 4.0}]}
        requests.post(f"{fronts.url}/examples:regress", json=body, timeout=20)
    catalogue.apply([])
    assert ':request_example_count_total{model="examples"} 2' in metrics.page()
    warm_up = ':model_warmup_latency_count{model_path="demo/1",status="OK"} 1'
    assert warm_up in metrics.page()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ""),
        ("prometheus_config { enable: false }", ""),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/m" }', "/m"),
    ],
)
def test_config(tmp_path: Path, text: str, path: str) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text(text)
    assert metrics_path(file) == path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prometheus_config { on: true }", 'monitoring.config:1:21 : .*no field named "on"'),
        ('prometheus_config { enable: true path: "m" }', "path m: expected one from / on"),
        ('prometheus_config { enable: true path: "/v1/m" }', "outside /v1/"),
    ],
)
def test_wrong_config(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text(text)
    with pytest.raises(MonitoringError, match=words):
        metrics_path(file)
