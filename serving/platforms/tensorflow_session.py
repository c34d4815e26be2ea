"""What the flags say about TensorFlow itself: threads, the GPU's memory, more operations."""

from __future__ import annotations

import ctypes
import functools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from serving.config_file import ConfigError, read_text
from serving.flags import Flags
from serving.platforms.tensorflow import Options, import_tensorflow
from serving.session_options import read_options

logger = logging.getLogger(__name__)
_DISABLE_XLA = "_ZN10tensorflow21DisableXlaCompilationEv"  # tensorflow/compiler/jit/flags.h


@functools.cache
def from_flags(flags: Flags) -> Options:
    """Return how SavedModels are to be loaded; raise ConfigError. Loads operations, once."""
    for library in _libraries(flags.custom_op_paths):
        _load_operations(library)
    tags = tuple(tag for tag in flags.saved_model_tags.split(",") if tag)
    return Options(tags=tags, session=_session(flags))


@functools.cache
def set_xla(flags: Flags) -> None:
    """Have models that ask for XLA fail unless a flag allows it: main.cc. For the whole process."""
    if flags.xla_cpu_compilation_enabled or flags.xla_gpu_compilation_enabled:
        return
    library = Path(import_tensorflow().sysconfig.get_lib(), "libtensorflow_cc.so.2")
    try:
        disable = getattr(ctypes.CDLL(str(library)), _DISABLE_XLA)
    except (OSError, AttributeError) as error:
        logger.warning("XLA stays enabled: %s", error)
        return
    disable()


def _session(flags: Flags) -> Any:
    """Return the ConfigProto: the file, over it the flags that are set, over them the JSON."""
    config = import_tensorflow().compat.v1.ConfigProto()
    if flags.tensorflow_session_config_file is not None:
        path = flags.tensorflow_session_config_file
        try:
            text_format.Parse(read_text(path), config)
        except text_format.ParseError as error:
            raise ConfigError(f"{path}:{error}") from None
    both = flags.tensorflow_session_parallelism
    if intra := flags.tensorflow_intra_op_parallelism or both:
        config.intra_op_parallelism_threads = intra
    if inter := flags.tensorflow_inter_op_parallelism or both:
        config.inter_op_parallelism_threads = inter
    if flags.per_process_gpu_memory_fraction:
        fraction = flags.per_process_gpu_memory_fraction
        config.gpu_options.per_process_gpu_memory_fraction = fraction
    for name, value in read_options(flags.session_config).items():
        setattr(config if hasattr(config, name) else config.gpu_options, name, value)
    return config


def _libraries(paths: str) -> Iterator[Path]:
    for path in map(Path, filter(None, paths.split(","))):
        yield from sorted(path.glob("*.so")) if path.is_dir() else [path]


def _load_operations(library: Path) -> None:
    """Load a library of operations; a model that needs them will name what is missing."""
    tf = import_tensorflow()
    try:
        tf.load_op_library(str(library))
    except (tf.errors.OpError, OSError, RuntimeError) as error:
        logger.error("operations of %s not loaded: %s", library, error)
    else:
        logger.info("operations of %s loaded", library)
