"""Session options: GPU memory, growth and placement, as they reach TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tests.models
from serving.errors import InvalidArgument
from serving.flags import Flags
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader, of_model
from serving.platforms.tensorflow_session import from_flags

ALL = (
    '{"log_device_placement": true, "allow_soft_placement": true, "allow_growth": true, '
    '"per_process_gpu_memory_fraction": 0.25}'
)


def session(flags: Flags, config: str = "") -> Any:
    model = ModelConfig(name="m", base_path=Path("/m"), session_config=config)
    return from_flags(of_model(flags, model)).session


@pytest.mark.parametrize(("flag", "config"), [(ALL, ""), ("", ALL)])
def test_each_option_is_set_by_flag_and_by_config(flag: str, config: str) -> None:
    found = session(Flags(session_config=flag), config)
    assert (found.log_device_placement, found.allow_soft_placement) == (True, True)
    assert found.gpu_options.allow_growth is True
    assert found.gpu_options.per_process_gpu_memory_fraction == 0.25


def test_model_s_own_options_count_for_more() -> None:
    flag, config = (f'{{"per_process_gpu_memory_fraction": {each}}}' for each in (0.25, 0.5))
    found = session(Flags(session_config=flag, per_process_gpu_memory_fraction=0.75), config)
    assert found.gpu_options.per_process_gpu_memory_fraction == 0.5


def test_without_options_the_session_is_as_tensorflow_serving_has_it() -> None:
    found = session(Flags())
    assert found.gpu_options.allow_growth is False
    assert found.allow_soft_placement is False


def test_model_for_a_device_that_is_not_here_runs_where_it_may_be_placed(tmp_path: Path) -> None:
    version = tmp_path / "m" / "1"
    tests.models.graphs(version, device="/device:GPU:7", cpu=5)
    loader = Loader(Flags(saved_model_tags="serve,cpu"))
    soft = '{"allow_soft_placement": true}'
    with pytest.raises(InvalidArgument, match="Cannot assign a device for operation"):
        loader(ModelConfig(name="m", base_path=version.parent), version).run(
            "serving_default", {"x": np.zeros(1, np.float32)}
        )
    model = loader(ModelConfig(name="m", base_path=version.parent, session_config=soft), version)
    answer = model.run("serving_default", {"x": np.zeros(1, np.float32)})
    assert answer["y"].tolist() == [5]
