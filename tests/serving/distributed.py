"""`python distributed.py FOLDER`: models trained on several devices, saved as they are.

Each is y = 3a - 2b + 1. A program of its own, as a cluster and devices are for a whole process.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
STEPS = 150
A = np.random.default_rng(1).uniform(-1, 1, (64, 2)).astype(np.float32)
Y = (A @ np.array([[3.0], [-2.0]], np.float32)) + 1


def main(folder: Path) -> None:
    """Write parameter_servers (a Saver's), cluster and mirrored (SavedModels)."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    parameter_servers(folder)
    mirrored(folder)


def parameter_servers(folder: Path) -> None:
    """Train with one worker and two parameter servers, which share a variable."""
    tasks = {"ps": 2, "worker": 1}
    cluster = tf.train.ClusterSpec(
        {job: [f"127.0.0.1:{_port()}" for _ in range(number)] for job, number in tasks.items()}
    )
    servers = [
        tf.distribute.Server(cluster, job_name=job, task_index=index)
        for job, number in tasks.items()
        for index in range(number)
    ]
    with tf.Graph().as_default(), v1.Session(servers[-1].target) as session:
        with v1.device(v1.train.replica_device_setter(cluster=cluster)):
            x = v1.placeholder(tf.float32, [None, 2], name="x")
            wanted = v1.placeholder(tf.float32, [None, 1])
            halves = v1.fixed_size_partitioner(2)
            w = v1.get_variable("w", [2, 1], partitioner=halves)
            y = tf.add(x @ tf.convert_to_tensor(w), v1.get_variable("b", [1]), name="y")
            loss = tf.reduce_mean(tf.square(y - wanted))
            step = v1.train.GradientDescentOptimizer(0.3).minimize(loss)
            saver = v1.train.Saver()
        session.run(v1.global_variables_initializer())
        for _ in range(STEPS):
            session.run(step, {x: A, wanted: Y})
        saver.save(session, str(folder / "parameter_servers" / "model"))
        info = v1.saved_model.build_tensor_info
        signature = v1.saved_model.build_signature_def(
            {"x": info(x)}, {"y": info(y)}, "tensorflow/serving/predict"
        )
        builder = v1.saved_model.Builder(str(folder / "cluster" / "1"))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


def mirrored(folder: Path) -> None:
    """Train on two devices of this machine, and save the variables of both."""
    strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
    with strategy.scope():
        module = tf.Module()
        module.w, module.b = tf.Variable(tf.zeros([2, 1])), tf.Variable(tf.zeros([1]))

    def learn(x: Any, wanted: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ module.w + module.b - wanted))
        variables = [module.w, module.b]
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            mean = tf.distribute.get_replica_context().all_reduce("mean", gradient)
            variable.assign_sub(0.3 * mean)

    def train(shards: Any) -> None:
        for _ in tf.range(STEPS):
            strategy.run(learn, shards)

    halves = [np.split(each, 2) for each in (A, Y)]
    tf.function(train)(
        tuple(
            strategy.experimental_distribute_values_from_function(
                lambda context, of=of: tf.constant(of[context.replica_id_in_sync_group])
            )
            for of in halves
        )
    )
    spec = [tf.TensorSpec([None, 2], tf.float32, name="x")]
    serve = tf.function(lambda x: {"y": x @ module.w + module.b}, input_signature=spec)
    policy = tf.saved_model.experimental.VariablePolicy.EXPAND_DISTRIBUTED_VARIABLES
    options = tf.saved_model.SaveOptions(experimental_variable_policy=policy)
    module.serve = serve
    tf.saved_model.save(module, str(folder / "mirrored" / "1"), serve, options)


def _port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # the servers of a cluster have no end
