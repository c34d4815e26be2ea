"""Names for versions, such as "stable", that a config gives and a request may use.

Rules and texts: UpdateModelVersionLabelMap and WaitUntilModelsAvailable in
tensorflow_serving/model_servers/server_core.cc.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from serving.errors import FailedPrecondition, Unknown
from serving.flags import Flags
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.version import Version

Labels = Mapping[str, Mapping[str, int]]  # version by label, by model
Models = Mapping[str, Mapping[int, Version]]


class Allowed(enum.Enum):
    """Which versions a label may be given to."""

    AVAILABLE = enum.auto()
    NEW_ANY = enum.auto()  # a new label to any: --allow_version_labels_for_unavailable_models
    ANY = enum.auto()


def allowed(flags: Flags) -> Allowed:
    """Return what the flags allow."""
    if flags.force_allow_any_version_labels_for_unavailable_models:
        return Allowed.ANY
    return (
        Allowed.NEW_ANY if flags.allow_version_labels_for_unavailable_models else Allowed.AVAILABLE
    )


def agreed(configs: Sequence[ModelConfig], models: Models, known: Labels, may: Allowed) -> Labels:
    """Return the labels of configs; raise FailedPrecondition where one may not be given."""
    for model in configs:
        for label, number in model.labels.items():
            version = models.get(model.name, {}).get(number)
            fresh = known.get(model.name, {}).get(label) in {None, number}
            anywhere = may is Allowed.ANY or (may is Allowed.NEW_ANY and fresh)
            if not anywhere and (version is None or not version.may_be_asked):
                raise FailedPrecondition(
                    f"Request to assign label to version {number} of model {model.name}, "
                    "which is not currently available for inference"
                )
    return {model.name: dict(model.labels) for model in configs}


def check_available(models: Models) -> None:
    """Raise Unknown where a model has no version that answers."""
    missing = {
        name: versions
        for name, versions in models.items()
        if not any(version.may_be_asked for version in versions.values())
    }
    if missing:
        reasons = "".join(f"{{{_reason(name, each)}}}, " for name, each in missing.items())
        raise Unknown(f"{len(missing)} model(s) did not become available: {{{reasons}}}")


def _reason(name: str, versions: Mapping[int, Version]) -> str:
    if not versions:
        return f"{{name: {name}}} due to error: NOT_FOUND: no version in its folder"
    status = versions[max(versions)].status
    return (
        f"{{name: {name} version: {status.number}}} due to error: {status.code}: {status.message}"
    )
