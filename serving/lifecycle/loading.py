"""From a version's folder to a model that answers: by its platform, and warmed up."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from serving.batching.parameters import Parameters, read_parameters
from serving.batching.servable import BatchingServable
from serving.flags import Flags
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.warmup import file_of, warm_up
from serving.monitoring.measured import MeasuredGraph
from serving.monitoring.metrics import Metrics
from serving.platforms import files, platform
from serving.platforms.platform import TENSORFLOW
from serving.servable import Servable
from serving.session_options import read_options


@dataclasses.dataclass(frozen=True, slots=True)
class Loader:
    """Loads versions as the flags say."""

    flags: Flags
    metrics: Metrics = dataclasses.field(default_factory=Metrics)
    alone: bool = False  # in this process: what TensorFlow has but once is set, too

    def __call__(self, config: ModelConfig, path: Path) -> Servable:
        """Return the model in this folder; raise ServingError, or whatever its framework raises."""
        parameters = batching_parameters(self.flags, path)
        servable = MeasuredGraph(
            servable=self._load(config, path),
            metrics=self.metrics,
            model=config.name,
            number=config.number,
        )
        if self.flags.enable_model_warmup:
            try:
                self._warm_up(servable, config.name, path)
            except BaseException:
                servable.close()
                raise
        if parameters is None:
            return servable
        observe = self.metrics.batch(config.name, parameters.thread_pool_name)
        return BatchingServable(servable, parameters, observe)

    def _warm_up(self, servable: Servable, name: str, path: Path) -> None:
        if not file_of(path).exists():
            return
        # TensorFlow Serving tells the whole path; who may read the metrics need not know it.
        with self.metrics.warm_up(f"{name}/{path.name}"):
            warm_up(servable, path, max(1, self.flags.num_request_iterations_for_warmup))

    def _load(self, config: ModelConfig, path: Path) -> Servable:
        flags = of_model(self.flags, config)
        if flags.prefer_tflite_model and (path / "model.tflite").exists():
            chosen, model = platform.named("tflite"), path / "model.tflite"
        else:
            chosen, model = files.find(config.platform, path)
        try:
            if chosen is TENSORFLOW:
                return self._load_saved_model(model, flags)
            return platform.load(chosen, model, flags)
        except ModuleNotFoundError as error:
            raise platform.missing(chosen, error) from error

    def _load_saved_model(self, path: Path, flags: Flags) -> Servable:
        # Frameworks take seconds to import: not before a model asks for one.
        from serving.platforms.tensorflow import SavedModel
        from serving.platforms.tensorflow_session import from_flags, set_xla

        if self.alone:
            set_xla(flags)
        session = from_flags(flags)
        if (path / "int8").is_dir():
            from serving.platforms.int8 import Int8Classifier

            pools = flags.num_tflite_pools
            return Int8Classifier(path / "int8", interpreters=pools, options=session)
        return SavedModel(path, session)


def of_model(flags: Flags, config: ModelConfig) -> Flags:
    """Return the flags with what the model's own config says of operations and the session."""
    paths = ",".join(filter(None, (flags.custom_op_paths, config.custom_op_paths)))
    session = read_options(flags.session_config) | read_options(config.session_config)
    text = json.dumps(session, sort_keys=True) if session else ""
    return dataclasses.replace(flags, custom_op_paths=paths, session_config=text)


def batching_parameters(flags: Flags, version: Path) -> Parameters | None:
    """Return how requests to this version are put together; None: they are not.

    With --enable_per_model_batching_parameters its own file says how, but for the threads, and
    without one they are not: GetPerModelBatchingParams in bundle_factory_util.cc. Raises
    BatchingError.
    """
    if not flags.enable_batching:
        return None
    common = read_parameters(flags.batching_parameters_file)
    if not flags.enable_per_model_batching_parameters:
        return common
    own = version / "batching_params.pbtxt"
    if not own.exists():
        return None
    return dataclasses.replace(
        read_parameters(own),
        num_batch_threads=common.num_batch_threads,
        thread_pool_name=common.thread_pool_name,
    )
