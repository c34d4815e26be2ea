"""The platforms: what each is called, how its files look, and what has to be installed for it."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import FailedPrecondition

if TYPE_CHECKING:
    from serving.flags import Flags
    from serving.servable import Servable

AUTO = "auto"  # the platform that a version's files tell
_PICKLES = ("*.joblib", "*.pkl", "*.pickle")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One way in which models are saved. `serving.platforms.NAME` loads them."""

    name: str
    files: tuple[str, ...]  # patterns that only its files have
    others: tuple[str, ...] = ()  # further patterns, where the platform is said
    aliases: tuple[str, ...] = ()
    packages: str  # what pip is to install

    def matches(self, file: Path, *, said: bool) -> bool:
        """Return whether this may be one of its files, when the platform is said or is not."""
        return any(file.match(each) for each in self.files + (self.others if said else ()))


TENSORFLOW = Platform(
    name="tensorflow", files=("saved_model.pb", "saved_model.pbtxt"), packages="tensorflow"
)
PLATFORMS = (
    TENSORFLOW,
    Platform(name="keras", files=("*.keras", "*.h5", "*.hdf5"), packages="tensorflow"),
    Platform(name="tflite", files=("*.tflite",), packages="tensorflow"),
    Platform(
        name="onnx",
        files=("*.onnx", "*.ort"),
        # The retired ones, whose models come as ONNX: serving.platforms.retired.
        aliases=("pytorch_onnx", "mxnet", "caffe2", "cntk"),
        packages="onnxruntime",
    ),
    Platform(
        name="pytorch",
        files=("*.pt2", "*.pt", "*.pth"),
        aliases=("torch", "torchscript"),
        packages="torch",
    ),
    Platform(
        name="scikitlearn",
        files=("*.skops", *_PICKLES),
        aliases=("sklearn", "scikit-learn"),
        packages="scikit-learn skops",
    ),
    Platform(
        name="xgboost",
        files=("*.ubj", "*.xgb", "*.bst", "model.json"),
        others=("*.json", *_PICKLES),
        packages="xgboost-cpu",
    ),
    Platform(name="pmml", files=("*.pmml",), others=("*.xml",), packages="sklearn-pmml-model"),
    Platform(name="h2o", files=("*.mojo",), others=("*.zip",), packages="jpype1"),
)
_BY_NAME = {name: each for each in PLATFORMS for name in (each.name, *each.aliases)}
NAMES = (*_BY_NAME, AUTO)  # what a config may say


def named(name: str) -> Platform:
    """Return the platform of one of NAMES that is not AUTO."""
    return _BY_NAME[name]


def load(platform: Platform, path: Path, flags: Flags) -> Servable:
    """Return the model in this file; raise ServingError, or whatever its framework raises."""
    module: Any = importlib.import_module(f"serving.platforms.{platform.name}")
    found: Servable = module.load(path, flags)
    return found


def missing(platform: Platform, error: ModuleNotFoundError) -> FailedPrecondition:
    """Return what to say where a package that the platform needs is not there."""
    package = (error.name or "").partition(".")[0]
    return FailedPrecondition(
        f"platform {platform.name} needs {package}, which is not installed: "
        f"pip install {platform.packages}"
    )
