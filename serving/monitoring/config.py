"""tensorflow_model_server's --monitoring_config_file: a MonitoringConfig in text format."""

from __future__ import annotations

from pathlib import Path

from google.protobuf import text_format

from serving.protocol.monitoring_config_pb2 import MonitoringConfig

_PATH = "/monitoring/prometheus/metrics"  # PrometheusExporter::kPrometheusPath


class MonitoringError(Exception):
    """The file is not usable; the text says where and why."""


def metrics_path(file: Path | None) -> str:
    """Return where Prometheus finds the metrics, "" for nowhere; raise MonitoringError."""
    if file is None:
        return ""
    try:
        message = text_format.Parse(file.read_text("utf-8"), MonitoringConfig())
    except OSError as error:
        raise MonitoringError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MonitoringError(f"{file}: expected text in UTF-8") from None
    except text_format.ParseError as error:
        raise MonitoringError(f"{file}:{error}") from None
    config = message.prometheus_config
    path = config.path or _PATH
    if not path.startswith("/") or path.lower().startswith("/v1/"):
        raise MonitoringError(f"{file}: path {path}: expected one from / on, outside /v1/")
    return path if config.enable else ""
