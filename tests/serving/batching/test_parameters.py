"""serving.batching.parameters"""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.batching.parameters import BatchingError, Parameters, read_parameters
from serving.flags import Flags
from serving.lifecycle.loading import batching_parameters

SPLIT = "enable_large_batch_splitting { value: true }"


def test_parameters_are_read_as_tensorflow_serving_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    file.write_text(
        "max_batch_size { value: 32 } batch_timeout_micros { value: 1500 }\n"
        'num_batch_threads { value: 3 } thread_pool_name { value: "mine" }\n'
        "allowed_batch_sizes: 8 allowed_batch_sizes: 32 pad_variable_length_inputs: true"
    )
    assert read_parameters(file) == Parameters(
        max_batch_size=32,
        max_execution_batch_size=32,
        batch_timeout=0.0015,
        num_batch_threads=3,
        thread_pool_name="mine",
        allowed_batch_sizes=(8, 32),
        pad_variable_length_inputs=True,
    )


def test_without_a_file_the_parameters_are_tensorflow_serving_s() -> None:
    found = read_parameters(None)
    assert (found.max_batch_size, found.max_execution_batch_size) == (1000, 1000)
    assert (found.batch_timeout, found.max_enqueued_batches) == (0.0, 10)
    assert found.thread_pool_name == "model_server_batch_threads"
    assert not found.enable_large_batch_splitting
    assert not found.pad_variable_length_inputs


def test_empty_file_changes_but_the_threads_names(tmp_path: Path) -> None:
    (tmp_path / "batching.config").touch()
    found = read_parameters(tmp_path / "batching.config")
    assert found == Parameters(thread_pool_name="batch_threads")


@pytest.mark.parametrize(("split", "size"), [("true", 4), ("false", 8)])
def test_batches_are_smaller_than_requests_only_where_those_are_split(
    tmp_path: Path, split: str, size: int
) -> None:
    file = tmp_path / "batching.config"
    file.write_text(
        "max_batch_size { value: 8 } max_execution_batch_size { value: 4 } "
        f"enable_large_batch_splitting {{ value: {split} }} max_enqueued_batches {{ value: 0 }}"
    )
    found = read_parameters(file)
    assert (found.max_batch_size, found.max_execution_batch_size) == (8, size)
    assert found.max_enqueued_batches == 0


@pytest.mark.parametrize(("rows", "size"), [(1, 4), (4, 4), (5, 8), (9, 9)])
def test_batch_is_filled_up_to_the_next_allowed_size(rows: int, size: int) -> None:
    assert Parameters(allowed_batch_sizes=(4, 8)).padded(rows) == size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_batch_sise { value: 1 }", ':1:1 : .*no field named "max_batch_sise"'),
        ("num_batch_threads { value: 0 }", "num_batch_threads must be positive; was 0"),
        ("max_batch_size { value: 0 }", "max_batch_size must be positive; was 0"),
        ("batch_timeout_micros { value: -1 }", "must be non-negative; was -1"),
        ("max_enqueued_batches { value: -1 }", "max_enqueued_batches must be positive; was -1"),
        (
            f"{SPLIT} max_execution_batch_size {{ value: 0 }}",
            "max_execution_batch_size must be positive; was 0",
        ),
        (
            f"{SPLIT} max_execution_batch_size {{ value: 1001 }}",
            "max_batch_size must be greater than or equal to max_execution_batch_size",
        ),
        (
            f"{SPLIT} max_execution_batch_size {{ value: 4 }} allowed_batch_sizes: 8",
            "must match max_execution_batch_size; last entry was 8; expected 4",
        ),
        ("allowed_batch_sizes: 0", "must be positive and increase; found 0 after 0"),
        ("allowed_batch_sizes: 4 allowed_batch_sizes: 4", "increase; found 4 after 4"),
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: 4",
            "must match max_batch_size; last entry was 4; expected 8",
        ),
        ("allowed_batch_sizes: 8 allowed_batch_sizes: 4", "must be positive and increase; found 4"),
    ],
)
def test_wrong_parameters(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "batching.config"
    file.write_text(text)
    with pytest.raises(BatchingError, match=words):
        read_parameters(file)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BatchingError, match="cannot be read: No such file"):
        read_parameters(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"# gr\xfc\xdfe")
    with pytest.raises(BatchingError, match="latin: expected text in UTF-8"):
        read_parameters(tmp_path / "latin")


def test_parameters_of_a_version_are_its_own(tmp_path: Path) -> None:
    flags = Flags(enable_batching=True, enable_per_model_batching_parameters=True)
    assert batching_parameters(flags, tmp_path) is None
    own = "max_batch_size { value: 7 } num_batch_threads { value: 99 }"
    (tmp_path / "batching_params.pbtxt").write_text(own)
    found = batching_parameters(flags, tmp_path)
    assert found is not None
    assert (found.max_batch_size, found.num_batch_threads) == (7, Parameters().num_batch_threads)
