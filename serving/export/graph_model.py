"""SavedModels out of graphs of TensorFlow 1: a Saver's with its variables, or a frozen one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.export import graph
from serving.export.publish import ExportError
from serving.export.selection import Model, Selection, extract, names, select
from serving.platforms.tensorflow import import_tensorflow

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"  # only checkpoints of TensorFlow 2 have it


def write_frozen(path: Path, selection: Selection, folder: Path) -> None:
    """Write the SavedModel of a graph whose weights are constants; raise ExportError."""
    model = select(graph.load(graph.read(path), path), selection)
    if found := [each.name for each in model.graph.node if each.op in graph.VARIABLES]:
        raise ExportError(
            f"{path} is not frozen: the values of {', '.join(found[:5])} are not in it. Give the "
            "checkpoint that has them, by its .meta or .index file"
        )
    _save(graph.load(model.graph, path), {}, model, folder)


def write_checkpoint(prefix: Path, selection: Selection, folder: Path) -> None:
    """Write the SavedModel of a Saver's checkpoint; raise ExportError."""
    tf = import_tensorflow()
    meta = graph.read_meta(meta_path(prefix))
    trained, session = _restore(meta, prefix)
    model = select(trained, selection)
    needed = names(model.graph)
    variables = _variables(meta, needed)
    parts = [
        name.partition(":")[0]
        for each in variables
        for name in (each.initializer_name, each.snapshot_name, each.initial_value_name)
        if name
    ]
    ends = [each.partition(":")[0] for each in model.outputs.values()]
    whole = extract(_merged(trained.as_graph_def(), model.graph), [*ends, *model.tables, *parts])
    wanted = [each.variable_name for each in variables]
    try:
        values = dict(zip(wanted, session.run(_readers(trained, wanted)), strict=True))
    except tf.errors.FailedPreconditionError as error:
        raise ExportError(f"{prefix} has no value for a variable: {error.message}") from None
    finally:
        session.close()
    with tf.Graph().as_default() as served:
        tf.compat.v1.train.import_meta_graph(_meta(whole, variables))
    _save(served, values, model, folder)


def meta_path(prefix: Path) -> Path:
    """Return the file with a checkpoint's graph; raise ExportError where there is none."""
    path = Path(f"{prefix}.meta")
    if path.is_file():
        return path
    if _OBJECT_GRAPH in dict(variables(prefix)):
        raise ExportError(
            f"{prefix} is a checkpoint of TensorFlow 2, which has weights and no graph: restore it "
            "in the program that made the model, and export there: model.export('NAME/1')"
        )
    raise ExportError(
        f"there is no {path}, which has the graph; {prefix.name}.index and .data-… have the "
        "weights alone. The Saver writes it unless told write_meta_graph=False"
    )


def variables(prefix: Path) -> list[tuple[str, list[int]]]:
    """Return the names and shapes of what a checkpoint holds; raise ExportError."""
    tf = import_tensorflow()
    try:
        found: list[tuple[str, list[int]]] = tf.train.list_variables(str(prefix))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise _damaged(prefix, error) from None
    return found


def _damaged(prefix: Path, error: Exception) -> ExportError:
    first_line = str(getattr(error, "message", error)).partition("\n")[0]
    return ExportError(
        f"{prefix}: no checkpoint that can be read: {first_line}. Expected {prefix.name}.index and "
        f"{prefix.name}.data-00000-of-00001 as they were saved together"
    )


def _restore(meta: Any, prefix: Path) -> tuple[Any, Any]:
    """Return the graph as it was trained, and a session with its values."""
    tf = import_tensorflow()
    with tf.Graph().as_default() as trained:
        session = tf.compat.v1.Session(graph=trained)
        try:
            saver = tf.compat.v1.train.import_meta_graph(meta, clear_devices=True)
        except (ValueError, KeyError, TypeError, tf.errors.OpError) as error:
            raise ExportError(
                f"{prefix}.meta: not a graph that this TensorFlow runs: {error}"
            ) from None
        if saver is None:
            raise ExportError(f"{prefix}.meta has no variables: export it as a frozen graph")
        try:
            saver.restore(session, str(prefix))
        except (tf.errors.OpError, ValueError) as error:
            raise _damaged(prefix, error) from None
    return trained, session


def _variables(meta: Any, needed: set[str]) -> list[Any]:
    """Return the VariableDefs of those variables that the model computes with."""
    from tensorflow.core.framework.variable_pb2 import VariableDef

    found = {
        each.variable_name: each
        for key in ("variables", "local_variables")
        for each in map(VariableDef.FromString, meta.collection_def[key].bytes_list.value)
    }
    return [each for name, each in found.items() if name.partition(":")[0] in needed]


def _readers(trained: Any, wanted: list[str]) -> list[Any]:
    """Return the variables of a graph by their names."""
    tf = import_tensorflow()
    with trained.as_default():
        known = [*tf.compat.v1.global_variables(), *tf.compat.v1.local_variables()]
    by_name = {(each.handle if hasattr(each, "handle") else each).name: each for each in known}
    return [by_name[name] for name in wanted]


def _merged(trained: Any, model: Any) -> Any:
    """Return the trained graph with the model's operations in the place of those it changed."""
    changed = names(model)
    for node in trained.node:
        if node.name not in changed:
            model.node.add().CopyFrom(node)
    return model


def _meta(definition: Any, variables: list[Any]) -> Any:
    """Return a MetaGraphDef of the graph that knows its variables."""
    meta = import_tensorflow().compat.v1.MetaGraphDef(graph_def=definition)
    for each in variables:
        meta.collection_def["variables"].bytes_list.value.append(each.SerializeToString())
    return meta


def _save(served: Any, values: Mapping[str, Any], model: Model, folder: Path) -> None:
    tf = import_tensorflow()
    info = tf.compat.v1.saved_model.build_tensor_info
    find = served.get_tensor_by_name
    with served.as_default(), tf.compat.v1.Session(graph=served) as session:
        for name, each in zip(values, _readers(served, list(values)), strict=True):
            each.load(values[name], session)
        tables = [served.get_operation_by_name(name) for name in model.tables]
        builder = tf.compat.v1.saved_model.Builder(str(folder / "model"))
        signature = tf.compat.v1.saved_model.build_signature_def(
            {name: info(find(each)) for name, each in model.inputs.items()},
            {name: info(find(each)) for name, each in model.outputs.items()},
            "tensorflow/serving/predict",
        )
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": signature},
            assets_collection=_vocabularies(tables) or None,
            main_op=tf.group(*tables) if tables else None,
            strip_default_attrs=True,
        )
        builder.save()
    _lift(folder)


def _vocabularies(tables: list[Any]) -> list[Any]:
    """Return the tensors with the names of the files that tables are filled from."""
    files = [each.inputs[1] for each in tables if "FromTextFile" in each.type]
    for each in files:
        path = import_tensorflow().get_static_value(each)
        if path is None or not Path(path.decode()).is_file():
            raise ExportError(f"a table is filled from a file that is not there: {path!r}")
    return files


def _lift(folder: Path) -> None:
    """Move the model up: the builder wants to make its folder by itself."""
    for each in (folder / "model").iterdir():
        each.rename(folder / each.name)
    (folder / "model").rmdir()
