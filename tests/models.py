"""Small SavedModels, made here: what TensorFlow Serving's own tutorials and other people save."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def half_plus_two(folder: Path) -> None:
    """Save x/2 + 2 the old way, as the example that comes with TensorFlow Serving."""
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        x = tf.compat.v1.placeholder(tf.float32, [None, 1], name="x")
        half = tf.compat.v1.get_variable("half", initializer=0.5)
        two = tf.compat.v1.get_variable("two", initializer=2.0)
        y = tf.add(tf.multiply(half, x), two, name="y")
        session.run(tf.compat.v1.global_variables_initializer())
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        info = tf.compat.v1.saved_model.build_tensor_info
        signature = tf.compat.v1.saved_model.build_signature_def(
            {"x": info(x)}, {"y": info(y)}, "tensorflow/serving/predict"
        )
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


def save(folder: Path, **signatures: tuple[Callable[..., Any], list[Any]]) -> None:
    """Save functions with their tf.TensorSpecs under their names."""
    import tensorflow as tf

    module = tf.Module()
    functions = {
        name: tf.function(function, input_signature=specs)
        for name, (function, specs) in signatures.items()
    }
    module.functions = functions
    tf.saved_model.save(module, str(folder), signatures=functions)


def pictures(name: str = "image") -> list[Any]:
    """Return the TensorSpec of a batch of picture files."""
    import tensorflow as tf

    return [tf.TensorSpec([None], tf.string, name=name)]


def classifier(classes: int, best: int) -> Callable[..., Any]:
    """Return a function that is 90 % sure of one class, whatever the picture."""
    import tensorflow as tf

    row = tf.one_hot(best, classes, on_value=0.9, off_value=0.1 / (classes - 1))

    def probabilities(image: Any) -> Any:
        return tf.tile(row[None], [tf.shape(image)[0], 1])

    return probabilities


def background(folder: Path) -> None:
    """Save a classifier of 1,001 classes, background first, as TensorFlow's official ones."""
    import tensorflow as tf

    row = classifier(1001, 282)

    def predict(image_bytes: Any) -> dict[str, Any]:
        values = row(image_bytes)
        return {"probabilities": values, "classes": tf.argmax(values, -1)}

    save(folder, serving_default=(predict, pictures("image_bytes")), predict=(predict, pictures()))


def unshaped(folder: Path) -> None:
    """Save the same without saying how many classes there are."""
    import tensorflow as tf

    row = classifier(1001, 282)

    def predict(image: Any) -> dict[str, Any]:
        values = tf.compat.v1.placeholder_with_default(row(image), [None, None])
        return {"probabilities": values}

    save(folder, serving_default=(predict, pictures()))


def vector(folder: Path) -> None:
    """Save a classifier with one output of another name: twelve classes, the fourth is best."""
    save(folder, serving_default=(lambda image: {"softmax": classifier(12, 3)(image)}, pictures()))


def logits(folder: Path) -> None:
    """Save a classifier whose softmax was forgotten."""
    twelve = classifier(12, 3)
    save(folder, serving_default=(lambda image: {"logits": 20 * twelve(image)}, pictures()))


def not_a_number(folder: Path) -> None:
    """Save a classifier that answers NaN."""
    twelve = classifier(12, 3)
    save(
        folder,
        serving_default=(lambda image: {"probabilities": twelve(image) * float("nan")}, pictures()),
    )


def pixels(folder: Path) -> None:
    """Save a model that wants arrays of floats, as Keras' export() gives it."""
    import tensorflow as tf

    specs = [tf.TensorSpec([None, 32, 32, 3], tf.float32, name="pixels")]
    save(folder, serving_default=(lambda pixels: {"mean": tf.reduce_mean(pixels, [1, 2])}, specs))


def answerer(folder: Path) -> None:
    """Save a model that answers a question with the question; it knows nothing of the weather.

    A picture twice as wide as high is to it a drawing of a red circle and two blue squares.
    """
    import tensorflow as tf

    def ask(image: Any, question: Any) -> dict[str, Any]:
        known = tf.logical_not(tf.strings.regex_full_match(question, "(.*\\n)*.*天气.*"))
        lines = tf.strings.regex_replace(question, "\\n", " / ")
        return {
            "answer": tf.strings.join(["You asked: ", lines]),
            "answer_id": tf.cast(known, tf.int32),
            "family": tf.where(known, "describe", "unknown"),
            "in_domain": tf.ones_like(tf.strings.length(image), tf.float32),
            "confidence": tf.cast(known, tf.float32),
        }

    def is_drawing(data: Any) -> Any:
        shape = tf.shape(tf.io.decode_image(data, expand_animations=False))
        return tf.cast(shape[1] == 2 * shape[0], tf.float32)

    def describe(image: Any) -> dict[str, Any]:
        rows = tf.shape(image)[0]
        boxes = [[0.2, 0.1, 0.4, 0.2], [0.2, 0.3, 0.4, 0.4], [0.3, 0.7, 0.9, 0.95]]
        in_domain = tf.map_fn(is_drawing, image, fn_output_signature=tf.float32)

        def padded(values: list[Any], rest: Any) -> Any:
            return tf.tile(
                tf.constant([values + [rest] * (20 - len(values))]),
                [rows] + [1] * (1 + isinstance(rest, list)),
            )

        return {
            "num_detections": tf.cast(3 * in_domain, tf.int32),
            "detection_boxes": padded(boxes, [0.0] * 4),
            "detection_scores": padded([0.9, 0.8, 0.7], 0.0),
            "detection_colours": padded(["red", "blue", "blue"], ""),
            "detection_shapes": padded(["circle", "square", "square"], ""),
            "in_domain": in_domain,
        }

    specs = [*pictures("image"), tf.TensorSpec([None], tf.string, name="question")]
    save(folder, serving_default=(ask, specs), describe=(describe, pictures()))


def many_types(folder: Path) -> None:
    """Save a model that gives back what it got, of several types."""
    import tensorflow as tf

    def echo(number: Any, whole: Any, flag: Any, text: Any) -> dict[str, Any]:
        return {"number": number, "whole": whole, "flag": flag, "text": text, "text_bytes": text}

    specs = [
        tf.TensorSpec(None, tf.float32, name="number"),
        tf.TensorSpec(None, tf.int64, name="whole"),
        tf.TensorSpec(None, tf.bool, name="flag"),
        tf.TensorSpec(None, tf.string, name="text"),
    ]
    save(folder, serving_default=(echo, specs))


def adder(folder: Path, number: float) -> None:
    """Save a model that adds a number; it also gives the double of that."""
    import tensorflow as tf

    def add(x: Any) -> dict[str, Any]:
        return {"y": x + number, "z": 2 * (x + number)}

    save(folder, serving_default=(add, [tf.TensorSpec([None], tf.float32, name="x")]))


def lite(folder: Path) -> None:
    """Save a TFLite model with a signature, x + 1, and beside it a SavedModel that adds 100."""
    import tensorflow as tf

    adder(folder, 1)
    converted = tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()
    shutil.rmtree(folder)
    adder(folder, 100)
    (folder / "model.tflite").write_bytes(converted)


def graphs(folder: Path, *, device: str = "", **tags: float) -> None:
    """Save one MetaGraph for each tag, beside the tag "serve": it adds that number."""
    import tensorflow as tf

    builder = tf.compat.v1.saved_model.Builder(str(folder))
    info = tf.compat.v1.saved_model.build_tensor_info
    for tag, number in tags.items():
        graph = tf.Graph()
        with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
            x = tf.compat.v1.placeholder(tf.float32, [None], name="x")
            with graph.device(device):
                y = tf.add(x, number, name="y")
            signature = tf.compat.v1.saved_model.build_signature_def(
                {"x": info(x)}, {"y": info(y)}, "tensorflow/serving/predict"
            )
            signatures = {"serving_default": signature}
            if tag == next(iter(tags)):
                builder.add_meta_graph_and_variables(session, ["serve", tag], signatures)
            else:
                builder.add_meta_graph(["serve", tag], signatures)
    builder.save()


def compiled(folder: Path) -> None:
    """Save x + 1, and a signature that asks XLA to compile it."""
    import tensorflow as tf

    add = tf.function(lambda x: x + 1, jit_compile=True)
    spec = [tf.TensorSpec([None], tf.float32, name="x")]
    save(
        folder,
        serving_default=(lambda x: {"y": x + 1}, spec),
        compiled=(lambda x: {"y": add(x)}, spec),
    )


def optional(folder: Path) -> None:
    """Save x + y, where y is 2 unless it is given, and a copy of quantized numbers."""
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        info = tf.compat.v1.saved_model.build_tensor_info
        build = tf.compat.v1.saved_model.build_signature_def
        x, y = (tf.compat.v1.placeholder(tf.float32, [None], name=name) for name in "xy")
        q = tf.compat.v1.placeholder(tf.quint8, [None], name="q")
        add = build(
            {"x": info(x), "y": info(y)}, {"sum": info(x + y)}, "tensorflow/serving/predict"
        )
        add.defaults["y"].CopyFrom(tf.make_tensor_proto([2.0]))
        copy = build({"q": info(q)}, {"q": info(tf.identity(q))}, "tensorflow/serving/predict")
        signatures = {"serving_default": add, "copy": copy}
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


def examples(folder: Path) -> None:
    """Save a model of tf.Examples for classify and regress: scores x and c, value x / 2 + 2.

    Its other signatures are each wrong in their own way.
    """
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        serialized = tf.compat.v1.placeholder(tf.string, [None], name="examples")
        feature = {
            name: tf.io.FixedLenFeature([1], tf.float32, default_value=[value])
            for name, value in (("x", 0.0), ("c", 100.0))
        }
        found = tf.io.parse_example(serialized, feature)
        scores = tf.concat([found["x"], found["c"]], 1)
        labels = tf.tile([["small", "größer"]], [tf.shape(serialized)[0], 1])
        both = {"classes": labels, "scores": scores}
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        info = tf.compat.v1.saved_model.build_tensor_info
        signatures = {
            name: tf.compat.v1.saved_model.build_signature_def(
                {"inputs": info(serialized)},
                {key: info(tf.identity(each)) for key, each in outputs.items()},
                f"tensorflow/serving/{method}",
            )
            for name, method, outputs in (
                ("serving_default", "classify", both),
                ("regress", "regress", {"outputs": found["x"] / 2 + 2}),
                ("scores", "classify", {"scores": scores}),
                ("labels", "predict", {"classes": labels}),
                ("flat", "classify", {"scores": tf.reshape(scores, [-1])}),
                ("swapped", "classify", {"classes": scores}),
                ("short", "classify", {"scores": scores[1:]}),
                ("uneven", "classify", {**both, "scores": scores[:, 1:]}),
                ("three", "classify", {**both, "more": scores}),
                ("nameless", "classify", {"other": scores}),
                ("wide", "regress", {"outputs": scores}),
                ("halved", "regress", {"outputs": found["x"][1:]}),
                ("double", "regress", {"outputs": tf.cast(found["x"], tf.float64)}),
            )
        }
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


ALL: dict[str, Callable[[Path], None]] = {
    "half_plus_two": half_plus_two,
    "background": background,
    "unshaped": unshaped,
    "vector": vector,
    "logits": logits,
    "not_a_number": not_a_number,
    "pixels": pixels,
    "answerer": answerer,
    "many_types": many_types,
    "examples": examples,
    "optional": optional,
}
