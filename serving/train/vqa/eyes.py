"""From picture files to things, inside the graph of the SavedModel: look, find, look closely.

Nothing of Keras is left here: the weights are arrays, and every operation is a core one.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.train.vqa import closeup, frame, network
from serving.train.vqa.world import COLOURS, OTHER, ROWS

Weights = dict[str, npt.NDArray[np.float32]]

LIKELY = 0.5  # a cell's score from which it counts as a thing
CLEAR = 8.0  # a logit that leaves no doubt; more is as good
_CANDIDATES = 48  # cells: a large thing is seen from up to four, and twenty are returned
_TINY = 1e-6
_NEAR = 0.5  # of the larger one's size: two things that do not overlap are never so close


class Objects(NamedTuple):
    """What is in n pictures; x, y and size in longer sides (see scene.py), rows by score."""

    kept: Any  # bool [n, ROWS]: the row holds a thing
    score: Any  # float32 [n, ROWS]: how surely it is one, 0..1; 0 in other rows
    x: Any  # float32 [n, ROWS], of the centre
    y: Any
    size: Any  # float32 [n, ROWS]: radius of the circle of equal area
    cx: Any  # float32 [n, ROWS]: the centre in parts of the picture's own width, 0..1
    cy: Any
    box: Any  # float32 [n, ROWS, 4]: ymin, xmin, ymax, xmax in parts of the picture
    colour_probs: Any  # float32 [n, ROWS, 8]
    shape_probs: Any  # float32 [n, ROWS, 3]
    doubt: Any  # float32 [n]: of the least certain yes or no about a thing; 0 certain, 1 even
    in_domain: Any  # float32 [n]: how surely the picture is a drawing of nothing but our things


class Eyes:
    """The trained half that looks."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    @functools.cached_property
    def look(self) -> Any:
        """`see` as a TensorFlow function, traced once."""
        spec = tf.TensorSpec([None], tf.string)
        return tf.function(self.see, input_signature=[spec], autograph=False)

    def see(self, image: Any) -> Objects:
        """Return what is in the picture files, string [n]; a broken one fails its batch."""
        rows = tf.map_fn(self._see_one, image, fn_output_signature=_SIGNATURE)
        return Objects(*rows)

    def _see_one(self, data: Any) -> Objects:
        return self.examine(frame.decode(data))[0]

    def glance(self, pixels: Any) -> tuple[Objects, Any, Any]:
        """Return what one look at a picture, uint8 [height, width, 3], finds; no axis [n] anywhere.

        Anything is found, and in_domain is not known yet. Also returns the logit of each row's
        thing being none of ours, [ROWS], and the logit of the whole looking like a picture of ours.
        """
        laid, place = frame.lay_out(pixels)
        answer, domain = network.run(self.weights, laid[tf.newaxis])
        return *find(answer[0], place), domain[0]

    def examine(self, pixels: Any) -> tuple[Objects, Any]:
        """Return what is in a picture after a close look at each thing.

        Also returns the evidence, float32 [2], that it is a drawing of nothing but our things: the
        logit of the whole, and that of its strangest thing, seen closely, not being strange. A
        picture without any thing is as strange as can be.
        """
        seen, _, domain = self.glance(pixels)
        rows = tf.where(seen.kept)[:, 0]
        # And of the whole picture, for nothing: a convolution wants something to work on.
        boxes = tf.concat([tf.gather(seen.box, rows), [[0.0, 0.0, 1.0, 1.0]]], axis=0)
        logits = closeup.run(self.weights, closeup.crop(pixels, boxes))[:-1]
        strangest = tf.reduce_max(strangeness(logits))
        strangest = tf.where(tf.reduce_any(seen.kept), strangest, CLEAR)
        evidence = tf.stack([tf.clip_by_value(domain, -CLEAR, CLEAR), -strangest])
        return self._judged(_sharpened(seen, rows, logits), evidence), evidence

    def _judged(self, seen: Objects, evidence: Any) -> Objects:
        offsets, slopes, power = tf.split(self.weights["judgement"], [2, 2, 1])
        chance = tf.reduce_prod(tf.sigmoid(offsets + slopes * evidence)) ** power[0]
        return seen._replace(in_domain=chance * tf.cast(tf.reduce_any(seen.kept), tf.float32))


def blank() -> Eyes:
    """Return eyes that have learned nothing."""
    judgement = np.array([0, 0, 1, 1, 1], np.float32)
    nets = network.fold(network.build()) | network.fold(closeup.build())
    return Eyes({**nets, "judgement": judgement})


_ROW = tf.TensorSpec([ROWS], tf.float32)
_SIGNATURE = Objects(
    kept=tf.TensorSpec([ROWS], tf.bool),
    score=_ROW,
    x=_ROW,
    y=_ROW,
    size=_ROW,
    cx=_ROW,
    cy=_ROW,
    box=tf.TensorSpec([ROWS, 4], tf.float32),
    colour_probs=tf.TensorSpec([ROWS, len(COLOURS)], tf.float32),
    shape_probs=tf.TensorSpec([ROWS, OTHER], tf.float32),
    doubt=tf.TensorSpec([], tf.float32),
    in_domain=tf.TensorSpec([], tf.float32),
)


class _Cells(NamedTuple):
    """What the likeliest cells say, [_CANDIDATES, ...] each; lengths in pixels of the frame."""

    score: Any
    centre: Any  # x, y
    size: Any
    reach: Any  # left, top, right, bottom
    colours: Any
    shapes: Any
    strange: Any  # the logit of being none of ours, between -CLEAR and CLEAR


def find(answer: Any, place: frame.Place) -> tuple[Objects, Any]:
    """Return the things of one picture from the network's answer; no axis [n] anywhere.

    answer: float32 [rows, columns, network.CHANNELS]. Also returns how strange each looks, [ROWS].
    """
    cells = _likeliest(answer)
    repeats = _repeats(cells)
    single = ~tf.reduce_any(repeats, axis=1)
    chance = _gathered(cells.score, single, repeats)
    kept = single & (chance > LIKELY)
    doubt = tf.reduce_max(tf.where(single, 1 - tf.abs(2 * chance - 1), 0.0))
    score, rows = tf.math.top_k(tf.where(kept, chance, 0.0), ROWS)
    found = _Cells(*(tf.gather(each, rows) for each in cells))._replace(score=score)
    return _measured(found, place)._replace(doubt=doubt), found.strange


def _sharpened(seen: Objects, rows: Any, logits: Any) -> Objects:
    """Return the things with shapes in which both looks have a say.

    rows: int [found]; logits: float32 [found, shapes + 1]. None is left out for being strange: in a
    picture that is believed it is one of ours, badly drawn, and no other is talked about.
    """
    closer = tf.scatter_nd(rows[:, tf.newaxis], logits[:, :OTHER], [ROWS, OTHER])
    both = tf.math.log(seen.shape_probs + _TINY) + closer
    return seen._replace(shape_probs=tf.nn.softmax(both))


def _likeliest(answer: Any) -> _Cells:
    flat = tf.reshape(answer, [-1, network.CHANNELS])
    score, where = tf.math.top_k(tf.sigmoid(flat[:, network.THING]), _CANDIDATES)
    cell, columns = tf.gather(flat, where), tf.shape(answer)[1]
    shapes = cell[:, network.SHAPE]
    corner = tf.cast(tf.stack([where % columns, where // columns], axis=1), tf.float32)
    return _Cells(
        score=score,
        centre=(corner + 0.5 + cell[:, network.PLACE]) * frame.CELL,
        size=tf.exp(cell[:, network.SIZE]),
        reach=tf.exp(cell[:, network.REACH]),
        colours=tf.nn.softmax(cell[:, network.COLOUR]),
        shapes=tf.nn.softmax(shapes[:, :OTHER]),
        strange=strangeness(shapes),
    )


def strangeness(logits: Any) -> Any:
    """Return the logits of being none of ours; logits: float32 [n, shapes + 1]."""
    strange = logits[:, OTHER] - tf.reduce_logsumexp(logits[:, :OTHER], axis=1)
    return tf.clip_by_value(strange, -CLEAR, CLEAR)


def _repeats(cells: _Cells) -> Any:
    """Return bool [_CANDIDATES, _CANDIDATES]: the first says much the same as the likelier one."""
    distance = tf.norm(cells.centre[:, None] - cells.centre[None], axis=-1)
    near = distance < _NEAR * tf.maximum(cells.size[:, None], cells.size[None])
    return near & np.tri(_CANDIDATES, k=-1, dtype=bool)  # cells come by score


def _gathered(score: Any, single: Any, repeats: Any) -> Any:
    """Return how likely a thing is, by what all its cells say, float32 [_CANDIDATES].

    Its centre lies in one of them: where it lies on the edge between two, each is half sure.
    """
    others = tf.where(repeats & ~single[:, None], score[:, None], 0.0)
    return tf.minimum(score + tf.reduce_sum(others, axis=0), 1.0)


def _measured(found: _Cells, place: frame.Place) -> Objects:
    """Return the rows in the units of Objects; doubt and in_domain are 0 yet."""
    extent = tf.stack([place.width, place.height])
    longer = tf.reduce_max(extent)
    inside = found.centre - tf.stack([place.left, place.top])
    x, y = tf.unstack((inside + (longer - extent) / 2) / longer, axis=1)
    parts = tf.clip_by_value(inside / extent, 0, 1)
    low = tf.clip_by_value((inside - found.reach[:, :2]) / extent, 0, 1)
    high = tf.clip_by_value((inside + found.reach[:, 2:]) / extent, 0, 1)
    return Objects(
        kept=found.score > 0,
        score=found.score,
        x=x,
        y=y,
        size=found.size / longer,
        cx=parts[:, 0],
        cy=parts[:, 1],
        box=tf.concat([low[:, ::-1], high[:, ::-1]], axis=1),
        colour_probs=found.colours,
        shape_probs=found.shapes,
        doubt=tf.constant(0.0),
        in_domain=tf.constant(0.0),
    )
