"""Models as TensorFlow 1 and Keras save them, each y = 3a - 2b + 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


def build(*, resources: bool) -> Any:
    """Build the network into the present graph: dropout, a loss, Adam; return what trains it."""
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    keep = v1.placeholder(tf.float32, [], name="keep_prob")
    wanted = v1.placeholder(tf.float32, [None, 1], name="wanted")
    with tf.device("/job:ps/task:3"):  # as a parameter server's variables are saved
        w = v1.get_variable("w", initializer=tf.constant([[3.0], [-2.0]]), use_resource=resources)
        b = v1.get_variable("b", initializer=tf.constant([1.0]), use_resource=resources)
    y = tf.add(v1.nn.dropout(x, rate=1 - keep) @ w, b, name="y")
    loss = tf.reduce_mean(tf.square(y - wanted), name="loss")
    return v1.train.AdamOptimizer(0.0).minimize(loss)


def checkpoint(prefix: Path, *, resources: bool = True, **options: Any) -> Path:
    """Write PREFIX-7.meta, .index, .data and `checkpoint`, as a Saver does; return the prefix."""
    with tf.Graph().as_default(), v1.Session(config=_cluster()) as session:
        build(resources=resources)
        session.run(v1.global_variables_initializer())
        return Path(v1.train.Saver().save(session, str(prefix), global_step=7, **options))


def _cluster() -> Any:
    """Return a configuration for which any device is this one."""
    return v1.ConfigProto(allow_soft_placement=True)


def frozen(path: Path) -> Path:
    """Write the same with constants for variables, as .pb or .pbtxt."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        tf.add(x @ tf.constant([[3.0], [-2.0]]), tf.constant([1.0]), name="y")
        tf.io.write_graph(graph, str(path.parent), path.name, as_text=path.suffix == ".pbtxt")
    return path


def unfrozen(path: Path) -> Path:
    """Write a graph with variables, whose values are elsewhere."""
    with tf.Graph().as_default() as graph:
        build(resources=True)
        tf.io.write_graph(graph, str(path.parent), path.name, as_text=False)
    return path


def words(prefix: Path, vocabulary: Path) -> Path:
    """Write the checkpoint of a model that looks words up in a file."""
    vocabulary.write_text("cat\ndog\n")
    with tf.Graph().as_default(), v1.Session() as session:
        word = v1.placeholder(tf.string, [None], name="word")
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


def keras_model() -> Any:
    """Return the network as a Keras model."""
    import keras

    model = keras.Sequential([keras.Input((2,), name="x"), keras.layers.Dense(1, name="y")])
    model.set_weights([[[3.0], [-2.0]], [1.0]])
    return model
