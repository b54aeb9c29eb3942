#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What changes in the registry cost those who are asking for predictions, and what many models cost.

usage: registry.py [--modeld .build/release/modeld] [--publishes 10000] [--pairs 30] [swaps|pause|large|many|scrapes …]

  swaps   publishes one version after the other while closed-loop clients load the server: every answer must be 200 and
          of one version (the model answers its own version's number), every version must have gone live
  pause   the paired method (paired.py): p99 of single-row predictions while versions are published and swapped
  large   the same while a model of 500 MB is loaded again and again
  many    10,000 models: time until ready, memory before use; then all of them at random under a budget; then what
          loads and evictions cost the requests of a model in use, beside the same calls to models that stay
  scrapes the metrics of 10,000 models, with as many series as there may be: how long a scrape takes, and what ten of
          them a second cost the requests of a model

Exits with 1 when a bar is missed.
"""
import argparse
import array
import concurrent.futures
import hashlib
import http.client
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import make_model
import open_loop
import paired
import serve
from disturber import Disturber

RATIO_BAR = 1.2
READY_BAR, RESIDENT_BAR, BUDGET_BAR = 3.0, 60.0, 1.1
# Of a processor, and bytes of memory for each model that is not loaded.
LOOKING_BAR, MODEL_BAR = 0.01, 1000

CHECK = """
mixed = 0
function setup(thread) main = thread end
function response(status, headers, body)
    if status == 200 and body:match('"model_version":"(%d+)"') ~= body:match('"data":%[(%d+)[%].]') then
        mixed = mixed + 1
    end
end
function done(summary, latency, requests)
    print(string.format("counted %d %d %d %d", summary.requests, summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
        main:get("mixed")))
end
wrk.method = "POST"
"""


def stump(answer):
    """A single split whose left leaf is `answer`, so that the prediction says which version made it."""
    model = make_model.model(1, 1, 2, 1)
    tree = model["learner"]["gradient_booster"]["model"]["trees"][0]
    tree["split_conditions"] = [0.5, float(answer), float(answer)]
    model["learner"]["objective"]["name"] = "reg:squarederror"
    model["learner"]["learner_model_param"]["base_score"] = "0E0"
    return json.dumps(model, separators=(",", ":")).encode()


def write_manifest(place, model, version, size, digest, name="model.json"):
    manifest = {"modeld_manifest": 1, "model": model, "version": version,
                "files": [{"name": name, "size": size, "sha256": digest}],
                "facts": {}}
    with open(os.path.join(place, "manifest.json"), "w") as out:
        json.dump(manifest, out)


def publish(registry, model, version, content, name="model.json"):
    """As a publisher does: whole, with its manifest, by rename."""
    hidden = os.path.join(registry, model, f".publish-{version}")
    os.makedirs(hidden)
    with open(os.path.join(hidden, name), "wb") as out:
        out.write(content)
    write_manifest(hidden, model, version, len(content), hashlib.sha256(content).hexdigest(), name)
    os.rename(hidden, os.path.join(registry, model, str(version)))


def remove(registry, model, version):
    place = os.path.join(registry, model, str(version))
    if os.path.isdir(place):
        hidden = os.path.join(registry, model, f".gone-{version}")
        os.rename(place, hidden)
        shutil.rmtree(hidden)


def metric(port, pattern):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    return sum(float(value) for value in re.findall(rf"^{pattern} ([0-9.e+-]+)$", text, re.M))


def infer_body(features):
    return json.dumps({"inputs": [{"name": "input", "shape": [1, features], "datatype": "FP32",
                                   "data": [0.25] * features}]}, separators=(",", ":"))


class Publisher(Disturber):
    """Publishes versions of one model, one after the other, by files, from this process: about 0.3 ms of a processor
    for each, so that what is measured is the daemon's work and not the publisher's."""

    def __init__(self, registry, first, pause=0.0):
        super().__init__()
        self.registry, self.version, self.pause = registry, first, pause

    def disturb(self):
        self.version += 1
        publish(self.registry, "bench", self.version, stump(self.version))
        remove(self.registry, "bench", self.version - 4)


def is_live(connection, version):
    connection.request("POST", f"/v2/models/bench/versions/{version}/infer", infer_body(2))
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


def swaps(a, directory):
    registry = os.path.join(directory, "swaps")
    publish(registry, "bench", 1, stump(1))
    port = serve.free_port()
    modeld = serve.start_modeld(a.modeld, registry, port, pin=False)
    try:
        serve.wait_for(port)
        serve.wait_until_ready(port)
        script = os.path.join(directory, "check.lua")
        with open(script, "w") as out:
            out.write(CHECK + f"wrk.body = [[{infer_body(2)}]]\n")
        publisher = Publisher(registry, 1)
        done = 0
        start = time.monotonic()
        loader = subprocess.Popen(
            ["wrk", "-t1", "-c16", "-d", f"{a.seconds}s", "-s", script,
             f"http://127.0.0.1:{port}/v2/models/bench/infer"], stdout=subprocess.PIPE, text=True)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while done < a.publishes and loader.poll() is None:
            publisher.disturb()
            while not is_live(connection, publisher.version):
                time.sleep(0.001)
            done += 1
        took = time.monotonic() - start
        if loader.poll() is None and done >= a.publishes:
            loader.send_signal(2)
        text = loader.communicate()[0]
        requests, failed, broken, mixed = map(int, re.search(r"counted (\d+) (\d+) (\d+) (\d+)", text).groups())
        loads = metric(port, "modeld_model_load_duration_seconds_count")
        met = done >= a.publishes and failed == broken == mixed == 0 and loads >= done
        print(f"{'ok    ' if met else 'MISSED'} swaps: {done} publishes went live in {took:.0f} s ({loads:.0f} loads) "
              f"under {requests / took:.0f} requests/s: {requests} requests, {failed} failed, {broken} broken, "
              f"{mixed} of a mixture", flush=True)
        return met
    finally:
        serve.stop(modeld)


def network(megabytes):
    """Two layers of random-looking weights, as PyTorch saves them: nearly all of the file is numbers."""
    width = math.isqrt(megabytes * (1 << 20) // 8)
    size = width * width * 4
    tensors = {f"{name}.weight": {"dtype": "F32", "shape": [width, width], "data_offsets": [at, at + size]}
               for name, at in (("a", 0), ("b", size))}
    architecture = json.dumps(["linear a", "relu", "linear b"])
    header = json.dumps({"__metadata__": {"architecture": architecture}, **tensors}).encode()
    header += b" " * (-len(header) % 8)
    rng = random.Random(9)
    some = array.array("f", (rng.gauss(0, 0.01) for _ in range(10_007)))
    numbers = (some * (2 * width * width // len(some) + 1))[:2 * width * width]
    return len(header).to_bytes(8, "little") + header + numbers.tobytes()


class LargeLoads(Disturber):
    """Has a network of so many megabytes loaded in every window, under a name of its own, again while there is time."""

    def __init__(self, registry, megabytes):
        super().__init__()
        self.directory = os.path.join(registry, "large")
        content = network(megabytes)
        self.size = len(content)
        self.digest = hashlib.sha256(content).hexdigest()
        self.version = 1
        publish(registry, "large", 1, content, name="model.safetensors")

    def prepare(self, port):
        """Seconds for the windows, so that a load fits into one of them with room to spare."""
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.seconds = 0.0
        self.load()
        return max(4.0, math.ceil(self.seconds * 2.5))

    def load(self):
        start = time.monotonic()
        self.publish()
        while not self.is_ready() and time.monotonic() - start < 60:
            time.sleep(0.05)
        self.seconds = max(self.seconds, time.monotonic() - start)

    def is_ready(self):
        self.connection.request("GET", f"/v2/models/large/versions/{self.version}/ready")
        answer = self.connection.getresponse()
        answer.read()
        return answer.status == 200

    def work(self):
        begun = time.monotonic()
        self.load()
        while time.monotonic() + 1.5 * self.seconds < begun + self.window and not self.stopping.is_set():
            self.load()

    def publish(self):
        # The file is written once, so that only its being loaded disturbs.
        hidden = os.path.join(self.directory, ".next")
        os.rename(os.path.join(self.directory, str(self.version)), hidden)
        self.version += 1
        write_manifest(hidden, "large", self.version, self.size, self.digest, "model.safetensors")
        os.rename(hidden, os.path.join(self.directory, str(self.version)))


def pause(a, directory, kind):
    registry = os.path.join(directory, kind)
    publish(registry, "bench", 1, stump(1))
    port = serve.free_port()
    if kind == "large":
        disturbance = LargeLoads(registry, a.megabytes)
    modeld = serve.start_modeld(a.modeld, registry, port)
    try:
        serve.wait_for(port)
        serve.wait_until_ready(port)
        body = infer_body(2)
        capacity = serve.wrk(port, body, 2, 64, directory)
        if kind == "pause":
            disturbance = Publisher(registry, 1, pause=0.02)
        request = open_loop.post("/v2/models/bench/infer", body.encode())
        durations = "modeld_model_load_duration_seconds"
        before = [metric(port, f"{durations}_{part}") for part in ("count", "sum")]
        # A load that outlasts its window would disturb the quiet one after it.
        window = disturbance.prepare(port) if kind == "large" else 2.0
        disturbance.window = window
        result = paired.measure(port, modeld.pid, request, round(capacity * 0.3), disturbance, a.pairs, window)
        loads, seconds = (metric(port, f"{durations}_{part}") - had for part, had in zip(("count", "sum"), before))
        met = result.ratio <= RATIO_BAR and result.failures == 0 and loads >= a.pairs
        print(f"{'ok    ' if met else 'MISSED'} {kind} at {capacity * 0.3:.0f} requests/s: {result} "
              f"(bar <= {RATIO_BAR}); {loads:.0f} loads of {seconds / max(loads, 1):.3f} s", flush=True)
        return met
    finally:
        serve.stop(modeld)


def serve_one(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/v2/models/model-00000/infer", body)
    connection.getresponse().read()


def many_models(a, directory):
    """A registry of many small models, at rest for a while."""
    registry = os.path.join(directory, "many")
    if os.path.isdir(registry):
        return registry
    content = json.dumps(make_model.model(20, 5, 10, 1), separators=(",", ":")).encode()
    past = time.time() - 60
    for number in range(a.models):
        place = os.path.join(registry, f"model-{number:05}", "1")
        os.makedirs(place)
        path = os.path.join(place, "model.json")
        with open(path, "wb") as out:
            out.write(content)
        os.utime(path, (past, past))
    return registry


def many(a, directory):
    registry = many_models(a, directory)
    port = serve.free_port()
    budget = a.budget << 20
    start = time.monotonic()
    modeld = serve.start_modeld(a.modeld, registry, port, pin=False,
                                extra=("--models-load", "first_use", "--models-memory", str(budget)))
    is_good = True
    try:
        serve.wait_for(port)
        serve.wait_until_ready(port)
        ready = time.monotonic() - start
        time.sleep(2)
        cpu = serve.cpu_seconds(modeld.pid)
        time.sleep(a.idle)
        idle = (serve.cpu_seconds(modeld.pid) - cpu) / a.idle
        resident = serve.resident_megabytes(modeld.pid)
        each = (resident - resident_without_models(a, directory)) * (1 << 20) / a.models
        met = ready < READY_BAR and resident < RESIDENT_BAR and idle < LOOKING_BAR and each < MODEL_BAR
        is_good = is_good and met
        print(f"{'ok    ' if met else 'MISSED'} {a.models} models: ready after {ready:.2f} s (bar {READY_BAR}), "
              f"{resident:.0f} MB before use (bar {RESIDENT_BAR}), {each:.0f} bytes for each of them (bar {MODEL_BAR}), "
              f"looking takes {idle * 100:.2f} % of a processor (bar {LOOKING_BAR * 100:.0f})", flush=True)
        body = infer_body(10)
        peaks, failures = [], []
        # What the process needs to answer anything at all is no model's.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: [serve_one(port, body) for _ in range(100)], range(8)))
        metric(port, "modeld_models_memory_bytes")
        warm = serve.resident_megabytes(modeld.pid) - metric(port, "modeld_models_memory_bytes") / (1 << 20)

        def call(seed, names):
            rng = random.Random(seed)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            for _ in range(a.calls // 8):
                connection.request("POST", f"/v2/models/{names(rng)}/infer", body)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    failures.append(answer.status)

        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(call, seed, lambda rng: f"model-{rng.randrange(a.models):05}") for seed in range(8)]
            while not all(future.done() for future in calls):
                peaks.append((metric(port, "modeld_models_memory_bytes") / budget,
                              serve.resident_megabytes(modeld.pid)))
                time.sleep(0.1)
            for future in calls:
                future.result()
        took = time.monotonic() - start
        accounted = max(share for share, _ in peaks)
        grown = (max(size for _, size in peaks) - warm) / a.budget
        met = not failures and accounted <= BUDGET_BAR and grown <= BUDGET_BAR
        is_good = is_good and met
        print(f"{'ok    ' if met else 'MISSED'} random calls under a budget of {a.budget} MiB: {a.calls / took:.0f} "
              f"calls/s, {len(failures)} failed, at most {accounted:.2f} of the budget counted and {grown:.2f} grown "
              f"(bar {BUDGET_BAR}), {metric(port, 'modeld_model_evictions_total'):.0f} evictions", flush=True)
        return hits(a, port, modeld, body, directory) and is_good
    finally:
        serve.stop(modeld)


def resident_without_models(a, directory):
    empty = os.path.join(directory, "empty")
    os.makedirs(empty, exist_ok=True)
    port = serve.free_port()
    modeld = serve.start_modeld(a.modeld, empty, port, pin=False)
    try:
        serve.wait_for(port)
        serve.wait_until_ready(port)
        time.sleep(1)
        return serve.resident_megabytes(modeld.pid)
    finally:
        serve.stop(modeld)


class Churn:
    """Calls all models at random, so that they push each other out; and in between, so that the two kinds of windows
    differ in nothing but loads and evictions, a few that stay."""

    def __init__(self, port, models, body, directory):
        program, file = os.path.join(directory, "random_calls"), os.path.join(directory, "body")
        subprocess.run(["clang", "-O2", "-o", program, str(paired.HERE / "random_calls.c")], check=True)
        with open(file, "w") as out:
            out.write(body)
        self.process = subprocess.Popen(
            ["taskset", "-c", "1", program, str(port), "100", str(models), str(min(models - 1, 20)), file])

    def begin(self):
        self.process.send_signal(signal.SIGUSR1)

    def end(self):
        self.process.send_signal(signal.SIGUSR2)

    def stop(self):
        if self.process.poll() is not None:
            raise SystemExit("the calls beside those that are measured failed")
        serve.stop(self.process)


def hits(a, port, modeld, body, directory):
    """What loads and evictions cost the requests of a model that is in use."""
    # As in all paired measurements, the daemon has one processor, and those who ask have the other.
    for task in os.listdir(f"/proc/{modeld.pid}/task"):
        os.sched_setaffinity(int(task), {0})
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {1})
    request = open_loop.post("/v2/models/model-00000/infer", body.encode())
    before = metric(port, "modeld_model_evictions_total")
    churn = Churn(port, a.models, body, directory)
    result = paired.measure(port, modeld.pid, request, 2000, churn, a.pairs)
    churn.stop()
    os.sched_setaffinity(0, everywhere)
    evictions = metric(port, "modeld_model_evictions_total") - before
    met = result.ratio <= RATIO_BAR and result.failures == 0
    print(f"{'ok    ' if met else 'MISSED'} hits beside evictions at 2000 requests/s: {result} (bar <= {RATIO_BAR}); "
          f"{evictions:.0f} evictions", flush=True)
    return met


class Scrapes(Disturber):
    """Asks for the metrics ten times a second."""

    pause = 0.1

    def __init__(self, port):
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.seconds, self.size = [], 0

    def disturb(self):
        start = time.monotonic()
        self.connection.request("GET", "/metrics")
        self.size = len(self.connection.getresponse().read())
        self.seconds.append(time.monotonic() - start)


def scrapes(a, directory):
    """What it costs the requests of a model that the metrics are read."""
    registry = many_models(a, directory)
    port = serve.free_port()
    modeld = serve.start_modeld(a.modeld, registry, port, extra=("--models-load", "first_use"))
    try:
        serve.wait_for(port)
        serve.wait_until_ready(port)
        body = infer_body(10)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        # More versions than there may be series for.
        for number in range(min(a.models, 200)):
            connection.request("POST", f"/v2/models/model-{number:05}/infer", body)
            connection.getresponse().read()
        everywhere = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {1})
        request = open_loop.post("/v2/models/model-00000/infer", body.encode())
        disturbance = Scrapes(port)
        result = paired.measure(port, modeld.pid, request, 2000, disturbance, a.pairs)
        os.sched_setaffinity(0, everywhere)
        met = result.ratio <= RATIO_BAR and result.failures == 0
        print(f"{'ok    ' if met else 'MISSED'} beside {len(disturbance.seconds)} scrapes of {disturbance.size} bytes in "
              f"{statistics.median(disturbance.seconds) * 1e3:.1f} ms, {a.models} models: {result} "
              f"(bar <= {RATIO_BAR})", flush=True)
        return met
    finally:
        serve.stop(modeld)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modeld", default=".build/release/modeld")
    parser.add_argument("--publishes", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=900, help="the longest that swaps may take")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=40_000)
    parser.add_argument("--budget", type=int, default=64, help="MiB")
    parser.add_argument("--idle", type=float, default=20, help="seconds for which many models are left alone")
    parser.add_argument("kinds", nargs="*", default=["swaps", "pause", "large", "many", "scrapes"])
    a = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    is_good = True
    with tempfile.TemporaryDirectory() as directory:
        for kind in a.kinds:
            if kind == "swaps":
                is_good = swaps(a, directory) and is_good
            elif kind == "many":
                is_good = many(a, directory) and is_good
            elif kind == "scrapes":
                is_good = scrapes(a, directory) and is_good
            else:
                is_good = pause(a, directory, kind) and is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
