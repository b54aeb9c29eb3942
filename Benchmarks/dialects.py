#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests as clients send them: large tensors in JSON and in binary, joint computation on and off, other servers.

usage: dialects.py [--modeld .build/release/modeld] [--work .build/dialects-benchmark] [--pairs 5] [--seconds 3]
                   [tensors | joining | servers …]

modeld runs on processor 0 with one loop and one worker, wrk with one thread on processor 1.

tensors: 1,000 rows of 28 FP32 features a request. A linear model by JSON and by binary tensors, in turn: bytes of JSON
  a second, and requests of one beside the other. Then 100 trees by binary tensors: the time of a request, the server
  being busy, beside the kernel's own, which the server counts (`/v2/models/M/stats`).
joining: 64 connections, requests joined beside each alone, in turn: 5,000 trees with one row a request, which gain;
  500 trees of depth 8 and a convolutional network with 64 rows a request, which do not and must not lose; requests a
  second.
servers: a row of 28 features as JSON, beside FastAPI with XGBoost and with ONNX Runtime, and MLServer with XGBoost, each
  on processor 0 in turn; made into .build/venv-servers by Benchmarks/environment.py.

Exits with 1 when a bar is missed.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

import environment
import make_model
import serve

JSON_MEGABYTES_BAR = 400
BINARY_BAR = 5
KERNEL_BAR = 1.15
# For models that gain from company, and for those that do not.
JOINING_BAR, ALONE_BAR = 1.3, 0.98
SERVERS_BAR = 40
FEATURES = 28


def linear_model(features):
    rng = random.Random(5)
    model = make_model.model(0, 1, features, 1)
    model["learner"]["gradient_booster"] = {
        "model": {"boosted_rounds": 1, "param": {"num_boosted_rounds": "1"},
                  "weights": [round(rng.gauss(0, 1), 6) for _ in range(features + 1)]},
        "name": "gblinear"}
    return model


def publish(registry, name, model):
    path = registry / name / "1" / "model.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(model, separators=(",", ":")))
    os.utime(path, (time.time() - 60, time.time() - 60))


class Load:
    """wrk with a body of bytes."""

    def __init__(self, directory, seconds, connections):
        self.directory, self.seconds, self.connections = pathlib.Path(directory), seconds, connections

    def run(self, port, path, body, headers):
        data = self.directory / "body"
        data.write_bytes(body)
        script = self.directory / "post.lua"
        lines = [f'local file = io.open("{data}", "rb")', 'wrk.method = "POST"', 'wrk.body = file:read("*a")']
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
        script.write_text("\n".join(lines) + "\n")
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{self.connections}", f"-d{self.seconds}s", "--latency",
                   "-s", str(script), f"http://127.0.0.1:{port}{path}"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in text or "Socket errors" in text:
            raise SystemExit("failed requests:\n" + text)
        return float(next(line for line in text.splitlines() if "Requests/sec" in line).split()[1])


def json_request(values, shape, name="input"):
    tensor = {"name": name, "shape": shape, "datatype": "FP32", "data": values}
    return json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode(), {"Content-Type": "application/json"}


def binary_request(values, shape, name="input"):
    data = struct.pack(f"<{len(values)}f", *values)
    tensor = {"name": name, "shape": shape, "datatype": "FP32", "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    return head + data, {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": len(head)}


def started(a, registry, *extra):
    port = serve.free_port()
    process = serve.start_modeld(a.modeld, str(registry), port, extra=["--scheduling-workers", "1", *extra])
    serve.wait_for(port)
    serve.wait_until_ready(port)
    return port, process


def kernel_nanoseconds(port, model):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/{model}/stats") as answer:
        found = json.load(answer)["model_stats"][0]["inference_stats"]
    return found["compute_infer"]["ns"], found["success"]["count"]


def tensors(a, directory, say):
    registry = directory / "tensors"
    publish(registry, "linear", linear_model(FEATURES))
    publish(registry, "trees", make_model.model(100, 6, FEATURES, 1))
    rng = random.Random(2)
    values = [struct.unpack("<f", struct.pack("<f", rng.gauss(0, 1)))[0] for _ in range(1000 * FEATURES)]
    # As a client of float32 arrays prints them: nine digits at most.
    texts = [float(f"{value:.9g}") for value in values]
    as_json = json_request(texts, [1000, FEATURES])
    as_binary = binary_request(values, [1000, FEATURES])
    load = Load(directory, a.seconds, 8)
    port, process = started(a, registry)
    try:
        megabytes, ratios = [], []
        for _ in range(a.pairs):
            slow = load.run(port, "/v2/models/linear/infer", *as_json)
            fast = load.run(port, "/v2/models/linear/infer", *as_binary)
            megabytes.append(slow * len(as_json[0]) / 1e6)
            ratios.append(fast / slow)
            print(f"  linear model: JSON {slow:7.0f}/s, {megabytes[-1]:5.0f} MB/s; binary {fast:7.0f}/s, "
                  f"{ratios[-1]:.1f} times", flush=True)
        wholes = []
        for _ in range(a.pairs):
            before = kernel_nanoseconds(port, "trees")
            rate = load.run(port, "/v2/models/trees/infer", *as_binary)
            after = kernel_nanoseconds(port, "trees")
            kernel = (after[0] - before[0]) / (after[1] - before[1])
            wholes.append(1e9 / rate / kernel)
            print(f"  100 trees: {1e6 / rate:6.0f} us a request, {kernel / 1000:6.0f} us of them in the kernel: "
                  f"{wholes[-1]:.2f}", flush=True)
    finally:
        serve.stop(process)
    say(statistics.median(megabytes), JSON_MEGABYTES_BAR, "JSON read end to end, MB/s")
    say(statistics.median(ratios), BINARY_BAR, "binary tensors, requests/s of those in JSON")
    say(statistics.median(wholes), KERNEL_BAR, "a whole request of 100 trees, of the kernel alone", at_most=True)


def joining(a, directory, say):
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    import graphs

    registry = directory / "joining"
    publish(registry, "trees", make_model.model(500, 8, FEATURES, 1))
    publish(registry, "many-trees", make_model.model(5000, 6, FEATURES, 1))
    network = registry / "network" / "1" / "model.onnx"
    network.parent.mkdir(parents=True)
    graphs.make_convolutions(network)
    os.utime(network, (time.time() - 60, time.time() - 60))
    rng = random.Random(3)

    def numbers(count):
        return [round(rng.gauss(0, 1), 6) for _ in range(count)]

    cases = [("5,000 trees, 1 row", "many-trees", binary_request(numbers(FEATURES), [1, FEATURES]), True),
             ("500 trees, 64 rows", "trees", binary_request(numbers(64 * FEATURES), [64, FEATURES]), False),
             ("convolutions, 64 rows", "network", binary_request(numbers(64 * 64), [64, 1, 8, 8], "x"), False)]
    load = Load(directory, a.seconds, 64)
    # All go to the worker, where they can meet; each connection waits for its answer whatever the queue.
    both = [started(a, registry, "--scheduling-mode", "workers", "--scheduling-queue-policy", "wait",
                    "--scheduling-batch-rows", rows) for rows in ("1", "64")]
    try:
        for label, model, request, gains in cases:
            ratios = []
            for _ in range(a.pairs):
                alone, joint = (load.run(port, f"/v2/models/{model}/infer", *request) for port, _ in both)
                ratios.append(joint / alone)
                print(f"  {label}: alone {alone:7.0f}/s, joined {joint:7.0f}/s: {ratios[-1]:.2f}", flush=True)
            say(statistics.median(ratios), JOINING_BAR if gains else ALONE_BAR, f"joining, {label}, requests/s")
    finally:
        for _, process in both:
            serve.stop(process)


# As people write it: the request is a model of pydantic, which checks it, and uvicorn has its fast parts (`[standard]`).
# The handler is a coroutine, though it computes: by a plain function FastAPI would answer from a thread, more slowly.
FASTAPI = """
import numpy, sys
from fastapi import FastAPI
from pydantic import BaseModel
class Tensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]
class Inference(BaseModel):
    inputs: list[Tensor]
app = FastAPI()
if sys.argv[1] == "xgboost":
    import xgboost
    booster = xgboost.Booster(model_file=sys.argv[2]); booster.set_param("nthread", 1)
    def predict(rows): return booster.inplace_predict(rows)
else:
    import onnxruntime
    options = onnxruntime.SessionOptions(); options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(sys.argv[2], options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    def predict(rows): return session.run(None, {name: rows})[-1]
@app.post("/predict")
async def answer(inference: Inference):
    tensor = inference.inputs[0]
    rows = numpy.array(tensor.data, dtype=numpy.float32).reshape(tensor.shape)
    return {"predictions": predict(rows).tolist()}
import uvicorn
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[3]), log_level="error")
"""


def onnx_trees(model, path):
    """The same trees as an ai.onnx.ml ensemble."""
    import xgboost
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    classifier = xgboost.XGBClassifier()
    classifier.load_model(model)
    converted = convert_xgboost(classifier, initial_types=[("input", FloatTensorType([None, FEATURES]))])
    path.write_bytes(converted.SerializeToString())


def servers(a, directory, say):
    registry = directory / "servers"
    publish(registry, "bench", make_model.model(100, 6, FEATURES, 1))
    model = registry / "bench" / "1" / "model.json"
    rng = random.Random(2)
    request = json_request([round(rng.gauss(0, 1), 6) for _ in range(FEATURES)], [1, FEATURES])
    (directory / "app.py").write_text(FASTAPI)
    graph = directory / "model.onnx"
    onnx_trees(str(model), graph)
    load = Load(directory, a.seconds, 16)
    pinned = ["taskset", "-c", "0"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}

    def fastapi(kind, path):
        port = serve.free_port()
        command = [*pinned, sys.executable, str(directory / "app.py"), kind, str(path), str(port)]
        return port, subprocess.Popen(command, env=one_thread, **quiet), "/predict"

    def mlserver():
        folder = directory / "mlserver"
        folder.mkdir()
        port, *others = (serve.free_port() for _ in range(3))
        (folder / "settings.json").write_text(json.dumps(
            {"http_port": port, "grpc_port": others[0], "metrics_port": others[1], "parallel_workers": 0}))
        (folder / "model-settings.json").write_text(json.dumps(
            {"name": "bench", "implementation": "mlserver_xgboost.XGBoostModel", "parameters": {"uri": str(model)}}))
        tool = pathlib.Path(sys.executable).parent / "mlserver"
        process = subprocess.Popen([*pinned, str(tool), "start", str(folder)], cwd=folder, env=one_thread, **quiet)
        return port, process, "/v2/models/bench/infer"

    peers = [("FastAPI, XGBoost", lambda: fastapi("xgboost", model)),
             ("FastAPI, ONNX Runtime", lambda: fastapi("onnxruntime", graph))]
    if (pathlib.Path(sys.executable).parent / "mlserver").exists():
        peers.append(("MLServer, XGBoost", mlserver))
    port, process = started(a, registry)
    try:
        for name, start in peers:
            other_port, other, path = start()
            try:
                wait_for_answer(other_port, path, request)
                ratios = []
                for _ in range(a.pairs):
                    ours = load.run(port, "/v2/models/bench/infer", *request)
                    theirs = load.run(other_port, path, *request)
                    ratios.append(ours / theirs)
                    print(f"  modeld {ours:7.0f}/s, {name} {theirs:6.0f}/s: {ratios[-1]:.0f} times", flush=True)
            finally:
                serve.stop(other)
            say(statistics.median(ratios), SERVERS_BAR, f"requests/s, of {name}")
    finally:
        serve.stop(process)


def wait_for_answer(port, path, request):
    body, headers = request
    deadline = time.monotonic() + 60
    while True:
        try:
            url = f"http://127.0.0.1:{port}{path}"
            return urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"{url} does not answer: {error}") from error
            time.sleep(0.1)


PARTS = {"tensors": tensors, "joining": joining, "servers": servers}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--modeld", default=".build/release/modeld")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".build/dialects-benchmark"))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if not a.inside:
        environment.enter(a.work, "requirements-servers.txt", "venv-servers")
    if not shutil.which("wrk"):
        raise SystemExit("wrk is needed: apt-get install wrk")
    missed = False

    def say(figure, bar, what, at_most=False):
        nonlocal missed
        good = figure <= bar if at_most else figure >= bar
        missed = missed or not good
        print(f"{'ok    ' if good else 'MISSED'} {what}: {figure:.2f} (bar {'<=' if at_most else '>='} {bar})", flush=True)

    for name in a.parts or PARTS:
        with tempfile.TemporaryDirectory() as directory:
            print(f"{name}:")
            PARTS[name](a, pathlib.Path(directory), say)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
