"""From a version's folder to a model that answers: by its platform, and warmed up."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from serving.flags import Flags
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.servable import Servable
from serving.lifecycle.warmup import warm_up


@dataclasses.dataclass(frozen=True, slots=True)
class Loader:
    """Loads versions as the flags say."""

    flags: Flags

    def __call__(self, config: ModelConfig, path: Path) -> Servable:
        """Return the model in this folder; raise ServingError, or whatever its framework raises."""
        servable = self._load(config, path)
        if self.flags.enable_model_warmup:
            try:
                warm_up(servable, path, max(1, self.flags.num_request_iterations_for_warmup))
            except BaseException:
                servable.close()
                raise
        return servable

    def _load(self, _config: ModelConfig, path: Path) -> Servable:
        # Frameworks take seconds to import: not before a model asks for one.
        if self.flags.prefer_tflite_model and (path / "model.tflite").exists():
            from serving.platforms.tflite import TFLiteModel

            return TFLiteModel(path / "model.tflite", interpreters=self.flags.num_tflite_pools)
        from serving.platforms.tensorflow import SavedModel
        from serving.platforms.tensorflow_session import from_flags

        return SavedModel(path, from_flags(self.flags))
