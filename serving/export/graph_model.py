"""SavedModels out of graphs of TensorFlow 1: a Saver's with its variables, or a frozen one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serving.export import graph
from serving.export.publish import ExportError
from serving.export.selection import Model, Selection, extract, names, select
from serving.platforms.placement import release
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
    with _restored(meta, prefix) as session:
        model = select(session.graph, selection)
        variables = _variables(meta, model.graph)
        values = _values(session, variables, prefix)
    whole = _with_initializers(session.graph.as_graph_def(), model, variables)
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


@contextlib.contextmanager
def _restored(meta: Any, prefix: Path) -> Iterator[Any]:
    """Give a session with the graph as it was trained, and its values."""
    tf = import_tensorflow()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        release(meta.graph_def)
        try:
            saver = tf.compat.v1.train.import_meta_graph(meta)
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
        yield session


def _variables(meta: Any, model: Any) -> list[Any]:
    """Return the VariableDefs of those variables that the model computes with."""
    from tensorflow.core.framework.variable_pb2 import VariableDef

    found = {
        each.variable_name.partition(":")[0]: each
        for key in ("variables", "local_variables")
        for each in map(VariableDef.FromString, meta.collection_def[key].bytes_list.value)
    }
    needed = [each.name for each in model.node if each.op in graph.VARIABLES]
    if unknown := [name for name in needed if name not in found]:
        raise ExportError(
            f"{', '.join(unknown[:5])}: not among the graph's variables, so their values cannot be "
            "saved with it; freeze the graph where it was trained, and export that"
        )
    return [found[name] for name in needed]


def _values(session: Any, variables: list[Any], prefix: Path) -> dict[str, Any]:
    """Return what the checkpoint has for these variables, by their names."""
    wanted = [each.variable_name for each in variables]
    try:
        return dict(zip(wanted, session.run(_readers(session.graph, wanted)), strict=True))
    except import_tensorflow().errors.FailedPreconditionError as error:
        first_line = error.message.partition("\n")[0]
        raise ExportError(f"{prefix} has no value for a variable: {first_line}") from None


def _readers(trained: Any, wanted: list[str]) -> list[Any]:
    """Return the variables of a graph by their names."""
    tf = import_tensorflow()
    with trained.as_default():
        known = [*tf.compat.v1.global_variables(), *tf.compat.v1.local_variables()]
    by_name = {(each.handle if hasattr(each, "handle") else each).name: each for each in known}
    return [by_name[name] for name in wanted]


def _with_initializers(trained: Any, model: Model, variables: list[Any]) -> Any:
    """Return the model's graph with all operations of its variables, which a Saver asks for."""
    parts = [
        name.partition(":")[0]
        for each in variables
        for name in (each.initializer_name, each.snapshot_name, each.initial_value_name)
        if name
    ]
    ends = [each.partition(":")[0] for each in model.outputs.values()]
    # The model's operations stand for those that it changed.
    own = names(model.graph)
    merged = type(trained)()
    merged.CopyFrom(model.graph)
    merged.node.extend(each for each in trained.node if each.name not in own)
    return extract(merged, [*ends, *model.tables, *parts])


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
        value = import_tensorflow().get_static_value(each)
        path = "a name that is computed" if value is None else value.item().decode()
        if not Path(path).is_file():
            raise ExportError(
                f"a table of the model is filled from a file that is not there: {path}. Put it "
                "there, as it was when the model was trained; it will be a part of the export"
            )
    return files


def _lift(folder: Path) -> None:
    """Move the model up: the builder wants to make its folder by itself."""
    for each in (folder / "model").iterdir():
        each.rename(folder / each.name)
    (folder / "model").rmdir()
