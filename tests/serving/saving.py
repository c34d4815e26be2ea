"""Models as TensorFlow 1 and Keras save them, each trained until y = 3a - 2b + 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
STEPS = 150  # after which each value is right to five digits
A = np.random.default_rng(1).uniform(-1, 1, (64, 2)).astype(np.float32)
Y = (A @ np.array([[3.0], [-2.0]], np.float32)) + 1


def build(*, resources: bool) -> Any:
    """Build the network into the present graph, with dropout and a loss; return what trains it."""
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    keep = v1.placeholder(tf.float32, [], name="keep_prob")
    wanted = v1.placeholder(tf.float32, [None, 1], name="wanted")
    with v1.variable_scope("dense", use_resource=resources):
        w, b = v1.get_variable("w", [2, 1]), v1.get_variable("b", [1])
    y = tf.add(v1.nn.dropout(x, rate=1 - keep) @ w, b, name="y")
    loss = tf.reduce_mean(tf.square(y - wanted), name="loss")
    return v1.train.MomentumOptimizer(0.3, 0.5).minimize(loss)


def train(session: Any, step: Any) -> None:
    """Train the network that is in the session's graph."""
    session.run(v1.global_variables_initializer())
    for _ in range(STEPS):
        session.run(step, {"x:0": A, "keep_prob:0": 1.0, "wanted:0": Y})


def checkpoint(prefix: Path, *, resources: bool = True, **options: Any) -> Path:
    """Write PREFIX-7.meta, .index, .data and `checkpoint`, as a Saver does; return the prefix."""
    with tf.Graph().as_default(), v1.Session() as session:
        train(session, build(resources=resources))
        return Path(v1.train.Saver().save(session, str(prefix), global_step=7, **options))


def branches(prefix: Path) -> Path:
    """Write the checkpoint of a model with control flow as TensorFlow 1 had it; return the prefix.

    It subtracts a mean, of the batch in training, otherwise that of all batches before, which is 3;
    and doubles the rest by a loop as often as a placeholder says, once where nothing is fed.
    """
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, [None], name="x")
            training = v1.placeholder(tf.bool, [], name="is_training")
            times = v1.placeholder_with_default(1, [], name="times")
            mean = v1.get_variable("moving_mean", [], trainable=False)
            rest = v1.cond(training, lambda: x - tf.reduce_mean(x), lambda: x - mean)
            _, y = v1.while_loop(lambda i, _: i < times, lambda i, y: (i + 1, 2 * y), [0, rest])
            tf.identity(y, name="y")
            mean.load(3.0, session)
            return Path(v1.train.Saver().save(session, str(prefix)))
    finally:
        v1.enable_control_flow_v2()


def frozen(path: Path) -> Path:
    """Write the same with constants for variables, as .pb or .pbtxt."""
    with tf.Graph().as_default(), v1.Session() as session:
        train(session, build(resources=False))
        graph = session.graph.as_graph_def()
        constants = v1.graph_util.convert_variables_to_constants(session, graph, ["y"])
        tf.io.write_graph(constants, str(path.parent), path.name, as_text=path.suffix == ".pbtxt")
    return path


def unfrozen(path: Path) -> Path:
    """Write a graph with variables, whose values are elsewhere."""
    with tf.Graph().as_default() as graph:
        build(resources=True)
        tf.io.write_graph(graph, str(path.parent), path.name, as_text=False)
    return path


def words(prefix: Path, vocabulary: Path) -> Path:
    """Write the checkpoint of a model that looks words up in a file, and adds ten to the line."""
    vocabulary.write_text("cat\ndog\n")
    with tf.Graph().as_default(), v1.Session() as session:
        word = v1.placeholder(tf.string, name="word")  # of any shape
        table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                str(vocabulary),
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            -1,
        )
        offset = v1.get_variable("offset", initializer=tf.constant(10, tf.int64))
        tf.add(table.lookup(word), offset, name="number")
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return Path(v1.train.Saver().save(session, str(prefix)))


def estimator(folder: Path) -> Path:
    """Write what an Estimator exports, a folder named by the time: classify, predict, tf.Examples.

    Estimators went with TensorFlow 2.16; this is the layout of their export_saved_model().
    """
    from tests.models import examples

    version = folder / "1511606112"
    examples(version)
    return version


def keras_model() -> Any:
    """Return the network as a Keras model."""
    import keras

    model = keras.Sequential([keras.Input((2,), name="x"), keras.layers.Dense(1, name="y")])
    model.compile(keras.optimizers.SGD(0.3, 0.5), "mse")
    rows = tf.data.Dataset.from_tensors((A, Y)).repeat(STEPS)
    model.fit(rows, shuffle=False, verbose=0)
    return model
