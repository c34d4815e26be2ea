"""The flags of Simple TensorFlow Serving, in its spelling; each may come from STFS_… instead.

Names: simple_tensorflow_serving/server.py, release 0.8.2. Its --port is HTTP; here --port is gRPC,
as in tensorflow_model_server, and --rest_api_port HTTP. Ours are marked so.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SimpleFlags:
    """What its command line says, as far as tensorflow_model_server has no such flag."""

    model_platform: Annotated[str, "framework of the one model; auto: its files tell"] = "auto"
    model_version: Annotated[
        str, "the one model's version: a number, or a label such as v0.1.0 for one we assign"
    ] = ""
    reload_models: Annotated[bool, "look for versions; false: once, at the start"] = True
    session_config: Annotated[
        str,
        "JSON: log_device_placement, allow_soft_placement, allow_growth, "
        "per_process_gpu_memory_fraction",
    ] = ""
    processing_modules: Annotated[
        str, "Python modules that register functions for preprocess and postprocess: a,b; ours"
    ] = ""
    enable_auth: Annotated[bool, "ask for --auth_username and --auth_password"] = False
    auth_username: Annotated[str, "of who may ask"] = "admin"
    auth_password: Annotated[str, "theirs; better as STFS_AUTH_PASSWORD: ps shows flags"] = (
        dataclasses.field(default="", repr=False)
    )
    enable_ssl: Annotated[bool, "TLS on the HTTP port, with the two files below"] = False
    secret_pem: Annotated[Path | None, "PEM file of the certificate"] = Path("secret.pem")
    secret_key: Annotated[Path | None, "PEM file of its key"] = Path("secret.key")
    debug: Annotated[bool, "the same as --log_level=debug"] = False
    log_level: Annotated[str, "debug, info, warning or error"] = "info"

    @property
    def level(self) -> int:
        """Return from which level on the log is written, as logging numbers them."""
        return LEVELS["debug" if self.debug else self.log_level.lower()]


# Those that tensorflow_model_server has, too; its own --port is HTTP.
SHARED = ("port", "model_name", "model_base_path", "model_config_file", "custom_op_paths")

# Its names for what tensorflow_model_server calls otherwise.
ALIASES = {"host": "rest_api_host", "enable_cors": "rest_api_enable_cors_support"}

# Read by Simple TensorFlow Serving, of no use here, and why.
IDLE = {
    "download_inference_images": "pictures are not kept",
    "enable_b64_autoconvert": '{"b64": "…"} is always decoded',
}
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}  # of logging
