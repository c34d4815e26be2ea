"""The flags of tensorflow_model_server, in its spelling: --name=value, and bare --name for true.

Names and defaults: tensorflow_serving/model_servers/main.cc and server.h; the way they are read:
tensorflow/core/util/command_line_flags.cc. Ours are marked so. Those of Simple TensorFlow Serving
come with them; each of both may stand in the environment instead: STFS_MODEL_NAME.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from serving import simple_flags as simple
from serving.simple_flags import SimpleFlags

_CPUS = len(os.sched_getaffinity(0))  # NumSchedulableCPUs


class FlagError(Exception):
    """The command line is not usable; the text says which part."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flags(SimpleFlags):
    """What the command line says."""

    port: Annotated[int, "gRPC; 0: none"] = 8500
    grpc_socket_path: Annotated[str, "listen for gRPC on this Unix socket as well"] = ""
    grpc_max_threads: Annotated[int, "threads that answer gRPC"] = 4 * _CPUS
    grpc_channel_arguments: Annotated[str, "name=value,… for the gRPC server"] = ""
    rest_api_port: Annotated[int, "REST; 0: none (8501 as in the image tensorflow/serving)"] = 8501
    rest_api_host: Annotated[str, "address that REST and gRPC listen on; ours"] = "0.0.0.0"  # noqa: S104  # as tensorflow_model_server
    rest_api_num_threads: Annotated[int, "threads for REST; as many stay with clients"] = 4 * _CPUS
    rest_api_timeout_in_ms: Annotated[int, "longest a REST call may take"] = 30_000
    rest_api_enable_cors_support: Annotated[bool, "let pages of other origins ask"] = False
    model_config_file: Annotated[
        Path | None, "models, a ModelServerConfig in text format, or JSON"
    ] = None
    model_config_file_poll_wait_seconds: Annotated[float, "read it again that often; 0: never"] = (
        0.0
    )
    model_name: Annotated[str, "name of the one model, without a config file"] = "default"
    model_base_path: Annotated[Path | None, "folder of the one model"] = None
    allow_version_labels_for_unavailable_models: Annotated[
        bool, "take new labels for versions that are not available yet"
    ] = False
    force_allow_any_version_labels_for_unavailable_models: Annotated[
        bool, "let known labels move to such versions, too"
    ] = False
    max_num_load_retries: Annotated[int, "tries after the first failure to load a version"] = 5
    load_retry_interval_micros: Annotated[int, "microseconds between them"] = 60_000_000
    file_system_poll_wait_seconds: Annotated[
        float, "look for versions that often; 0: once; negative: never"
    ] = 1.0
    enable_model_warmup: Annotated[bool, "run assets.extra/tf_serving_warmup_requests"] = True
    num_request_iterations_for_warmup: Annotated[int, "how often each; 0: once"] = 0
    saved_model_tags: Annotated[str, "tag,… of the MetaGraph to load"] = "serve"
    custom_op_paths: Annotated[
        str, "libraries of operations (.so), or folders of them: a,b; ours"
    ] = ""
    prefer_tflite_model: Annotated[bool, "load model.tflite where a version has one"] = False
    num_tflite_pools: Annotated[int, "TFLite interpreters a version"] = _CPUS
    allow_models_that_run_code: Annotated[
        bool, "load pickle, joblib and the like: such a file runs whatever code is in it; ours"
    ] = False
    h2o_genmodel_jar: Annotated[Path | None, "h2o-genmodel.jar, for MOJOs of H2O; ours"] = None
    tensorflow_session_parallelism: Annotated[int, "sets both of the following"] = 0
    tensorflow_intra_op_parallelism: Annotated[int, "threads in one operation; 0: by CPUs"] = 0
    tensorflow_inter_op_parallelism: Annotated[int, "operations at once; 0: by CPUs"] = 0
    tensorflow_session_config_file: Annotated[Path | None, "a ConfigProto in text format"] = None
    xla_cpu_compilation_enabled: Annotated[bool, "let models ask for XLA; no: they fail"] = False
    xla_gpu_compilation_enabled: Annotated[bool, "the same; either is enough"] = False
    per_process_gpu_memory_fraction: Annotated[float, "0 to 1; 0: TensorFlow decides"] = 0.0
    enable_batching: Annotated[bool, "run requests that wait together as one"] = False
    enable_per_model_batching_parameters: Annotated[
        bool, "batch those versions that have a batching_params.pbtxt, as it says"
    ] = False
    batching_parameters_file: Annotated[Path | None, "BatchingParameters in text format"] = None
    monitoring_config_file: Annotated[Path | None, "a MonitoringConfig in text format"] = None
    ssl_config_file: Annotated[Path | None, "an SSLConfig in text format: TLS for gRPC"] = None
    rest_api_ssl_config_file: Annotated[Path | None, "the same for REST; ours"] = None
    basic_auth_file: Annotated[Path | None, "lines of user:password, for REST and gRPC; ours"] = (
        None
    )
    max_request_bytes: Annotated[int, "largest request; ours"] = 256 * 2**20
    enable_signature_method_name_check: Annotated[bool, "check method_name of signatures"] = False
    enable_serialization_as_tensor_content: Annotated[bool, "gRPC answers as raw bytes"] = False
    enable_grpc_healthcheck_service: Annotated[bool, "grpc.health.v1.Health"] = False
    version: Annotated[bool, "print the versions and stop"] = False


# Read by tensorflow_model_server, of no use here, and why.
IDLE = {
    "enable_profiler": "there is no profiler service",
    "flush_filesystem_caches": "the kernel frees its caches by itself",
    "mixed_precision": "models are served as they were exported",
    "num_load_threads": "versions are loaded one after another while the others answer",
    "num_tflite_interpreters_per_pool": "--num_tflite_pools is their number",
    "num_unload_threads": "the last request of a version unloads it",
    "platform_config_file": "use the flags for sessions and batching",
    "remove_unused_fields_from_bundle_metagraph": "memory of the graph is not kept anyway",
    "skip_initialize_tpu": "there is no support for TPUs",
    "thread_pool_factory_config_file": "use --tensorflow_intra_op_parallelism",
    "use_alts_credentials": "use --ssl_config_file",
    **simple.IDLE,
}
_ALIASES = {
    "use_tflite_model": "prefer_tflite_model",  # its name until TensorFlow Serving 2.3
    **simple.ALIASES,
}
_BOOLEANS = {"": True, "true": True, "false": False}
_PREFIX = "STFS_"
_VARIABLES = {"STFS_B64_AUTOCONVERT": "enable_b64_autoconvert"}  # the one of another name
_SIMPLE = {field.name for field in dataclasses.fields(SimpleFlags)} | {"enable_cors"}


def parse(
    arguments: Sequence[str], environment: Mapping[str, str] = os.environ
) -> tuple[Flags, list[str]]:
    """Return the flags, and a warning for each that does nothing here; raise FlagError.

    What stands on the command line counts for more than STFS_… of the environment.
    """
    values: dict[str, Any] = {}
    warnings = []
    for variable, argument in (*_of_environment(environment), *(("", each) for each in arguments)):
        try:
            name, value = _parse(argument)
        except FlagError as error:
            # What stands in the environment may be a secret whose variable is misspelt.
            text = str(error).replace(argument, argument.partition("=")[0]) if variable else ""
            raise FlagError(f"{variable}: {text}" if variable else str(error)) from None
        if name in IDLE:
            warnings.append(f"--{name} does nothing here: {IDLE[name]}")
        else:
            values[name] = value
    return _whole(values), warnings


def _of_environment(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return ("STFS_MODEL_NAME", "--model_name=x") and so on; what is empty is not set."""
    return [
        (variable, f"--{_VARIABLES.get(variable, variable[len(_PREFIX) :].lower())}={value}")
        for variable, value in environment.items()
        if variable.startswith(_PREFIX) and value
    ]


def _parse(argument: str) -> tuple[str, Any]:
    """Return the name and the value of a flag, None where it does nothing; raise FlagError."""
    spelling, sign, text = argument.removeprefix("--").partition("=")
    name = _ALIASES.get(spelling, spelling)
    if not argument.startswith("--") or name not in {*_KINDS, *IDLE}:
        raise FlagError(_unknown(argument))
    if name in IDLE:
        return name, None
    if _KINDS[name] is bool and spelling in _SIMPLE:
        text = text.lower()  # Python's True is usual there
    return name, _read(name, sign + text)


def _whole(values: dict[str, Any]) -> Flags:
    """Return the flags; raise FlagError for what only together is wrong."""
    if not values.get("reload_models", True):
        values.setdefault("file_system_poll_wait_seconds", 0.0)
    found = Flags(**values)
    if found.log_level.lower() not in simple.LEVELS:
        raise FlagError(
            f"Couldn't interpret value {found.log_level} for flag log_level; expected: "
            f"{', '.join(simple.LEVELS)}"
        )
    if found.enable_auth and not (found.auth_username and found.auth_password):
        raise FlagError(
            "--enable_auth needs --auth_username and a password: STFS_AUTH_PASSWORD in the "
            "environment, or --auth_password; there is none by itself"
        )
    return found


_KINDS: dict[str, Any] = get_type_hints(Flags)
_PORTS = {"port", "rest_api_port"}
_EXPECTED = {bool: "true or false", int: "a whole number", float: "a number"}


def _read(name: str, text: str) -> Any:
    """Return the value of the rest of an argument, such as "=8501"; raise FlagError."""
    if _KINDS[name] is not bool and not text:
        raise FlagError(f"unknown argument: --{name}\n  write --{name}=VALUE, without a blank")
    try:
        return _convert(_KINDS[name], text.removeprefix("="), ports=name in _PORTS)
    except (KeyError, ValueError):
        shown, wanted = text.removeprefix("="), _EXPECTED[_KINDS[name]]
        raise FlagError(
            f"Couldn't interpret value {shown} for flag {name}.\n"
            f"  expected: {'0 to 65535' if name in _PORTS else wanted}"
        ) from None


def _convert(kind: Any, value: str, *, ports: bool) -> Any:
    if ports:
        return range(65536).index(int(value))  # a ValueError where it is none
    if kind is bool:
        return _BOOLEANS[value]
    if kind in {int, float, str}:
        return kind(value)
    return Path(value) if value else None


def _unknown(argument: str) -> str:
    name = argument.removeprefix("--").partition("=")[0]
    near = difflib.get_close_matches(name, [*_KINDS, *IDLE], 1)
    hint = f"did you mean --{near[0]}? " if near and argument.startswith("--") else ""
    return f"unknown argument: {argument}\n  {hint}python -m serving --help lists them"


def usage() -> str:
    """Return the text of --help."""
    simples = dataclasses.fields(SimpleFlags)
    names = {field.name for field in simples}
    ours = [field for field in dataclasses.fields(Flags) if field.name not in names]
    return "\n".join(
        [
            "usage: python -m serving [flags]     serve models by TensorFlow Serving's protocol",
            "       python -m serving doctor      what is served, and does it answer",
            "       python -m serving versions    put versions online, offline, pin, roll back",
            "       python -m serving client      write a program that asks a model",
            "       python -m serving inspect     say what a saved model takes and gives",
            "       python -m serving export      make a model to be served of what was saved",
            "       python -m serving models      fill a folder with models, and its config",
            "       python -m serving train       make the models that ship with Kantu again",
            "--help after each of them tells more;",
            "each flag may come from the environment instead: STFS_MODEL_NAME for --model_name",
            "",
            "flags of tensorflow_model_server, with their defaults:",
            *map(_line, ours),
            "",
            "flags of Simple TensorFlow Serving, with their defaults:",
            *(f"  --{name}  as above" for name in simple.SHARED),
            *map(_line, simples),
            *(f"  --{alias}  the same as --{name}" for alias, name in simple.ALIASES.items()),
            "",
            "accepted, without effect: " + ", ".join(f"--{name}" for name in IDLE),
            "",
        ]
    )


def _line(field: dataclasses.Field[Any]) -> str:
    text = _HELPS[field.name].__metadata__[0]
    return f"  --{field.name}={_shown(field.default)}  {text}"


_HELPS = get_type_hints(Flags, include_extras=True)


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)
