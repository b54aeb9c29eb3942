#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Operator graphs inside the process, next to ONNX Runtime in the same run.

usage: graphs.py [--benchmark .build/release/graphs-benchmark] [--work .build/graphs-benchmark] [--models NAME,NAME]

Makes small networks with random weights and scikit-learn pipelines with fitted ones, as ONNX files, and lets
graphs-benchmark measure both engines in turn, one thread each, by the processor's time. The median of the rounds' ratios
is compared with the bar; exits with 1 when one is missed, or when the answers differ. The figures of two threads are of
the wall clock, and need a quiet machine.
"""
import argparse
import importlib.util
import json
import pathlib
import subprocess
import sys

import environment

# The most of ONNX Runtime's time: at every number of rows for the networks, and for one row of the others.
BAR = 1.0
NETWORKS = ("mlp", "small", "cnn")
OTHERS = ("lstm", "logistic", "perceptron")
NETWORK_ROWS = (1, 8, 32, 64, 1024, 10_000, 100_000)
OTHER_ROWS = (1, 64)
# The least that two threads gain with as many rows of a network as of trees (kernels.py). With 10,000 they gain less, 1.5
# to 1.8: the second thread wakes up, and touches memory of its own for the first time, within one to six milliseconds.
THREADS_BAR = 1.8
THREADS_ROWS = 100_000
# Of the largest answer.
FARTHEST = 1e-5


def network(nodes, constants, input_shape, path):
    import onnx
    from onnx import helper

    graph = helper.make_graph(
        nodes, path.stem, [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["rows", *input_shape])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(onnx.shape_inference.infer_shapes(model), path)


def make_perceptron(path, widths):
    import numpy as np
    from onnx import helper

    random = np.random.default_rng(3)
    nodes, constants, value = [], {}, "x"
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        constants[f"w{index}"] = (random.normal(size=(outputs, inputs)) / inputs**0.5).astype(np.float32)
        constants[f"b{index}"] = random.normal(size=outputs).astype(np.float32)
        last = index == len(widths) - 2
        answer = "y" if last else f"sums{index}"
        nodes.append(helper.make_node("Gemm", [value, f"w{index}", f"b{index}"], [answer], transB=1))
        if not last:
            value = f"layer{index}"
            nodes.append(helper.make_node("Relu", [answer], [value]))
    network(nodes, constants, [widths[0]], path)


def make_convolutions(path):
    """The digits network: 8 x 8 images, two convolutions and poolings, ten classes."""
    import numpy as np
    from onnx import helper

    random = np.random.default_rng(4)

    def numbers(*shape):
        return (random.normal(size=shape) / max(1, np.prod(shape[1:])) ** 0.5).astype(np.float32)

    constants = {
        "w0": numbers(8, 1, 3, 3), "b0": numbers(8), "w1": numbers(12, 8, 3, 3), "b1": numbers(12),
        "w2": numbers(10, 48), "b2": numbers(10)}
    window = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    halves = {"kernel_shape": [2, 2], "strides": [2, 2]}
    network([
        helper.make_node("Conv", ["x", "w0", "b0"], ["c0"], **window), helper.make_node("Relu", ["c0"], ["r0"]),
        helper.make_node("MaxPool", ["r0"], ["p0"], **halves),
        helper.make_node("Conv", ["p0", "w1", "b1"], ["c1"], **window), helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("AveragePool", ["r1"], ["p1"], **halves), helper.make_node("Flatten", ["p1"], ["f"]),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["y"], transB=1),
    ], constants, [1, 8, 8], path)


def make_recurrent(path):
    """Eight steps of eight numbers through an LSTM of both directions, whose mean is classified."""
    import numpy as np
    from onnx import helper

    random = np.random.default_rng(5)

    def numbers(*shape):
        return (random.normal(size=shape) * 0.3).astype(np.float32)

    constants = {
        "w": numbers(2, 40, 8), "r": numbers(2, 40, 10), "b": numbers(2, 80), "w1": numbers(10, 20),
        "b1": numbers(10), "sizes": np.array([8, -1, 20], np.int64)}
    network([
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["t", "w", "r", "b"], ["l"], direction="bidirectional", hidden_size=10),
        helper.make_node("Transpose", ["l"], ["l1"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["l1", "sizes"], ["l2"]),
        helper.make_node("Transpose", ["l2"], ["l3"], perm=[1, 0, 2]),
        helper.make_node("ReduceMean", ["l3"], ["m"], axes=[1], keepdims=0),
        helper.make_node("Gemm", ["m", "w1", "b1"], ["y"], transB=1),
    ], constants, [8, 8], path)


def make_pipeline(path):
    from skl2onnx import to_onnx
    from sklearn.datasets import load_breast_cancer, load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline as pipeline
    from sklearn.preprocessing import StandardScaler

    if path.stem == "logistic":
        X, y = load_breast_cancer(return_X_y=True)
        last = LogisticRegression(max_iter=1000)
    else:
        X, y = load_digits(return_X_y=True)
        last = MLPClassifier((16, 8), max_iter=30, random_state=1)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = pipeline(StandardScaler(), last).fit(X, y)
    onnx_model = to_onnx(model, X[:1].astype("float32"), options={"zipmap": False}, target_opset=17)
    path.write_bytes(onnx_model.SerializeToString())


def make(path):
    if path.stem == "mlp":
        make_perceptron(path, [28, 256, 128, 1])
    elif path.stem == "small":
        make_perceptron(path, [28, 128, 64, 2])
    elif path.stem == "cnn":
        make_convolutions(path)
    elif path.stem == "lstm":
        make_recurrent(path)
    else:
        make_pipeline(path)


def onnx_runtime():
    folder = pathlib.Path(importlib.util.find_spec("onnxruntime").origin).parent / "capi"
    return next(folder.glob("libonnxruntime.so.*"))


def measure(benchmark, path, rows):
    run = subprocess.run(
        [benchmark, onnx_runtime(), path, ",".join(map(str, rows))], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def report(name, lines):
    missed = []
    for line in lines:
        if "gain" in line:
            has_bar = line["rows"] >= THREADS_ROWS
            verdict = "" if not has_bar else "ok" if line["gain"] >= THREADS_BAR else "MISSED"
            bar = f" (at least {THREADS_BAR}) {verdict}" if has_bar else ""
            print(f"{name:12}{line['rows']:>7} rows: two threads are {line['gain']:.2f} times as fast{bar}", flush=True)
            if verdict == "MISSED":
                missed.append(f"{name}, two threads")
            continue
        has_bar = name in NETWORKS or line["rows"] == 1
        verdict = "" if not has_bar else f" (at most {BAR}) {'ok' if line['ratio'] <= BAR else 'MISSED'}"
        print(f"{name:12}{line['rows']:>7} rows: ns a row: modeld {line['modeld']:.0f}, ONNX Runtime "
              f"{line['onnxruntime']:.0f}: {line['ratio']:.2f}{verdict}", flush=True)
        if has_bar and line["ratio"] > BAR:
            missed.append(f"{name}, {line['rows']} rows")
        if not line["farthest"] <= FARTHEST:
            missed.append(f"{name}, {line['rows']} rows: answers differ by {line['farthest']:.1e} of the largest")
    return missed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--benchmark", default=".build/release/graphs-benchmark", type=pathlib.Path)
    parser.add_argument("--work", default=".build/graphs-benchmark", type=pathlib.Path)
    parser.add_argument("--models", default=",".join(NETWORKS + OTHERS))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if not arguments.inside:
        environment.enter(work)
    missed = []
    for name in arguments.models.split(","):
        path = work / f"{name}.onnx"
        if not path.exists():
            make(path)
        rows = NETWORK_ROWS if name in NETWORKS else OTHER_ROWS
        missed += report(name, measure(arguments.benchmark.resolve(), path, rows))
    for name in missed:
        print(f"missed: {name}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
