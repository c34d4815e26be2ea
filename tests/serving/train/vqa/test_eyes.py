"""serving.train.vqa.eyes, frame and network: the half of the model that looks, untrained."""

from __future__ import annotations

import io
import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving.train.vqa import closeup, eyes, frame, network
from serving.train.vqa.eyes import Eyes, Objects
from serving.train.vqa.frame import CELL, Place
from serving.train.vqa.world import CIRCLE, COLOURS, OTHER, ROWS, TRIANGLE

WHOLE = Place(*(tf.constant(each, tf.float32) for each in (0.0, 0.0, 160.0, 160.0)))


@pytest.fixture(scope="module")
def untrained() -> Eyes:
    return eyes.blank()


def noisy(size: tuple[int, int]) -> Image.Image:
    coarse = np.random.default_rng(1).integers(0, 256, (9, 9, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def png(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_plain_operations_answer_as_the_keras_model_does() -> None:
    keras.utils.set_random_seed(4)
    model = network.build()
    for variable in model.variables:  # untrained normalisations would do nothing
        variable.assign(variable + np.random.default_rng(2).uniform(0, 0.1, variable.shape))
    pixels = np.random.default_rng(3).uniform(0, 255, (2, 96, 128, 3)).astype(np.float32)
    cells, domain = model(pixels, training=False)
    answer, logit = network.run(network.fold(model), tf.constant(pixels))
    assert answer.shape == (2, 12, 16, network.CHANNELS)
    for plain, of_keras in ((answer, cells), (logit, domain[:, 0])):  # some 10^10 each
        assert np.abs(plain - of_keras).max() < 1e-5 * np.abs(of_keras).max()


def test_the_network_is_small() -> None:
    assert network.build().count_params() < 400_000


@pytest.mark.parametrize(
    "size", [(96, 96), (1200, 300), (300, 1200), (340, 256), (161, 160), (40, 900)]
)
def test_training_and_serving_lay_a_picture_out_alike(size: tuple[int, int]) -> None:
    image = noisy(size)
    index, place, pixels = frame.lay(image)
    served, served_place = frame.lay_out(frame.decode(tf.constant(png(image))))
    assert served.shape == (*frame.FRAMES[index], 3)
    assert [float(each) for each in served_place] == list(place)
    assert np.abs(served.numpy() - pixels).max() <= 3


def test_a_picture_keeps_its_proportions() -> None:
    _, place, _ = frame.lay(noisy((600, 200)))
    assert place.width / place.height == pytest.approx(3, abs=0.05)


def test_around_the_picture_lies_the_colour_of_its_border() -> None:
    _, place, pixels = frame.lay(Image.new("RGB", (500, 60), (250, 240, 200)))
    assert place.top > 0
    assert (pixels[0] == (250, 240, 200)).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_every_usual_kind_of_file_is_seen(untrained: Eyes, kind: str) -> None:
    seen = untrained.see(tf.constant([png(noisy((120, 90)), kind)]))
    assert seen.kept.shape == (1, ROWS)


def test_pictures_of_different_sizes_share_a_batch(untrained: Eyes) -> None:
    files = [png(noisy(size)) for size in ((96, 96), (400, 100), (100, 300))]
    together = untrained.see(tf.constant(files))
    alone = [untrained.see(tf.constant([file])) for file in files]
    for field in ("x", "score", "colour_probs", "in_domain"):
        expected = np.concatenate([getattr(each, field) for each in alone])
        assert np.allclose(getattr(together, field), expected, atol=1e-4)


def test_no_pictures_at_all_are_no_error(untrained: Eyes) -> None:
    assert untrained.see(tf.constant([], tf.string)).box.shape == (0, ROWS, 4)


@pytest.mark.parametrize("data", [b"", b"hello", png(noisy((60, 60)), "JPEG")[:200]])
def test_a_broken_picture_is_an_error_that_says_so(untrained: Eyes, data: bytes) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        untrained.see(tf.constant([data]))


def silence() -> Any:
    """Return an answer of the network for a square frame in which nothing is to be seen."""
    rows = columns = 160 // CELL
    answer = np.zeros((rows, columns, network.CHANNELS), np.float32)
    answer[..., network.THING] = -9
    return answer


def claim(answer: Any, cell: tuple[int, int], shape: int, colour: int, score: float = 6.0) -> None:
    """Let a cell, row and column, say that its middle is the centre of a thing of 16 pixels."""
    answer[cell][network.THING] = score
    answer[cell][network.SIZE] = math.log(16)
    answer[cell][network.REACH] = math.log(16)
    answer[cell][network.COLOUR.start + colour] = 12
    answer[cell][network.SHAPE.start + shape] = 12


def find(answer: Any, place: Place = WHOLE) -> Objects:
    return Objects(*(each.numpy() for each in eyes.find(tf.constant(answer), place)[0]))


def test_a_thing_is_found_with_all_that_is_known_of_it() -> None:
    answer = silence()
    claim(answer, (4, 9), TRIANGLE, COLOURS.index("purple"))
    seen = find(answer)
    assert seen.kept.tolist() == [True] + [False] * (ROWS - 1)
    assert (seen.x[0], seen.y[0], seen.size[0]) == pytest.approx((76 / 160, 36 / 160, 0.1))
    assert seen.colour_probs[0].argmax() == COLOURS.index("purple")
    assert seen.shape_probs[0].argmax() == TRIANGLE
    assert seen.box[0] == pytest.approx([20 / 160, 60 / 160, 52 / 160, 92 / 160])
    assert seen.doubt < 0.01


def test_a_wide_canvas_is_measured_in_its_longer_side_and_in_its_own_parts() -> None:
    answer = silence()
    claim(answer, (4, 0), CIRCLE, 0)  # at x = 4, y = 36 of the frame
    place = Place(*(tf.constant(each, tf.float32) for each in (0.0, 20.0, 160.0, 80.0)))
    seen = find(answer, place=place)
    assert (seen.x[0], seen.y[0]) == pytest.approx((4 / 160, 0.25 + 16 / 160))
    assert (seen.cx[0], seen.cy[0]) == pytest.approx((4 / 160, 16 / 80))


def test_a_thing_that_two_cells_see_is_found_once() -> None:
    answer = silence()
    claim(answer, (4, 9), CIRCLE, 0)
    claim(answer, (4, 10), CIRCLE, 0, score=3)
    answer[4, 10, network.PLACE] = (-0.9, 0)
    assert find(answer).kept.sum() == 1


def test_a_thing_on_the_edge_of_two_cells_is_sure_though_neither_is() -> None:
    answer = silence()
    claim(answer, (4, 9), CIRCLE, 0, score=-0.2)
    claim(answer, (4, 10), CIRCLE, 0, score=-0.4)
    answer[4, 10, network.PLACE] = (-0.9, 0)
    seen = find(answer)
    assert seen.kept.sum() == 1
    assert seen.score[0] == pytest.approx(0.45 + 0.40, abs=0.01)
    assert seen.doubt == pytest.approx(2 * 0.15, abs=0.02)


def test_half_sure_cells_of_different_things_do_not_add_up() -> None:
    answer = silence()
    claim(answer, (4, 5), CIRCLE, 0, score=-0.2)
    claim(answer, (4, 9), CIRCLE, 0, score=-0.2)
    assert find(answer).kept.sum() == 0


def test_two_things_side_by_side_are_two() -> None:
    answer = silence()
    claim(answer, (4, 5), CIRCLE, 0)
    claim(answer, (4, 9), CIRCLE, 0)
    assert find(answer).kept.sum() == 2


def test_a_thing_that_is_none_of_ours_is_found_as_strange() -> None:
    answer = silence()
    claim(answer, (4, 5), CIRCLE, 0)
    claim(answer, (12, 12), OTHER, 0)
    seen, strange = eyes.find(tf.constant(answer), WHOLE)
    assert strange.numpy()[seen.kept.numpy()].tolist() == [-eyes.CLEAR, eyes.CLEAR]


class Trusting(Eyes):
    """Whose first look finds a circle of 16 pixels, wherever it looks."""

    def glance(self, _pixels: Any) -> tuple[Objects, Any, Any]:
        answer = silence()
        claim(answer, (9, 9), CIRCLE, 0)
        return *eyes.find(tf.constant(answer), WHOLE), tf.constant(6.0)


@pytest.mark.parametrize(("shape", "in_domain"), [(CIRCLE, True), (TRIANGLE, True), (OTHER, False)])
def test_a_close_look_says_what_a_thing_is_and_whether_it_is_ours(
    untrained: Eyes, shape: int, in_domain: bool
) -> None:
    bias = np.zeros(OTHER + 1, np.float32)
    bias[shape] = 40
    kernel = np.zeros_like(untrained.weights["close_shape"])
    weights = {**untrained.weights, "close_shape": kernel, "close_shape_bias": bias}
    seen, evidence = Trusting(weights).examine(tf.constant(np.zeros((160, 160, 3), np.uint8)))
    assert evidence.numpy().tolist() == [6, eyes.CLEAR if in_domain else -eyes.CLEAR]
    assert (float(seen.in_domain) > 0.5) is in_domain
    assert not in_domain or seen.shape_probs.numpy()[0].argmax() == shape


def test_an_empty_picture_is_out_of_domain(untrained: Eyes) -> None:
    blank = dict(untrained.weights)
    blank["cells_bias"] = np.full_like(blank["cells_bias"], -9)
    seen, _ = Eyes(blank).examine(tf.constant(np.full((90, 120, 3), 250, np.uint8)))
    assert seen.in_domain == 0


def test_plain_operations_look_closely_as_the_keras_model_does() -> None:
    model = closeup.build()
    for variable in model.variables:  # untrained normalisations would do nothing
        variable.assign(variable + np.random.default_rng(2).uniform(0, 0.1, variable.shape))
    shape = (3, closeup.SIDE, closeup.SIDE, 3)
    pixels = np.random.default_rng(3).uniform(0, 255, shape).astype(np.float32)
    logits = closeup.run(network.fold(model), tf.constant(pixels))
    assert np.allclose(logits, model(pixels, training=False), atol=2e-3)


def test_a_closeup_has_its_thing_in_the_middle_however_large_it_is() -> None:
    pixels = np.full((120, 300, 3), 255, np.uint8)
    pixels[10:90, 200:280] = (200, 0, 0)
    pixels[100:110, 20:30] = (0, 0, 200)
    boxes = [(10 / 120, 200 / 300, 90 / 120, 280 / 300), (100 / 120, 20 / 300, 110 / 120, 30 / 300)]
    large, small = closeup.crop(tf.constant(pixels), tf.constant(boxes)).numpy()
    share = 1 / closeup.MARGIN**2
    assert (large[..., 1] < 100).mean() == pytest.approx(share, abs=0.09)
    assert (small[..., 0] < 100).mean() == pytest.approx(share, abs=0.09)
    assert large[16, 16].tolist() == [200, 0, 0]
    assert large[4, 2].tolist() == [255, 255, 255]


def test_an_even_chance_of_a_thing_is_the_greatest_doubt() -> None:
    answer = silence()
    claim(answer, (4, 5), CIRCLE, 0, score=0.0)
    assert find(answer).doubt == pytest.approx(1)


def test_more_things_than_rows_are_the_likeliest_ones() -> None:
    answer = silence()
    for row in range(0, 20, 4):
        for column in range(0, 20, 4):
            claim(answer, (row, column), CIRCLE, 0, score=2 + row / 10)
    seen = find(answer)
    assert seen.kept.all()
    assert seen.y.min() > 0.1
