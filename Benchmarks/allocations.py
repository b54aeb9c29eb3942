#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Allocations of a request in steady state, counted by a shim below malloc: single-row predict, and a fixed answer.

usage: allocations.py [--modeld .build/release/modeld] [--requests 5000]

Warms up on one keep-alive connection, counts, sends the requests, counts again; what the process allocates meanwhile
without requests is measured for as long and taken off. Exits with 1 when a path needs more than its budget, which is
committed here.
"""
import argparse
import http.client
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

import make_model
import serve

BUDGETS = {"POST /v2/models/bench/infer": 0, "POST /v1/models/bench:predict": 0, "GET /v2/health/live": 0}
SLOTS = 64


def build_shim(directory):
    source = pathlib.Path(__file__).parent / "CountAllocations/count_allocations.c"
    target = os.path.join(directory, "count_allocations.so")
    subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", target, source, "-ldl"], check=True)
    return target


def counts(path):
    """By thread."""
    data = pathlib.Path(path).read_bytes()
    pairs = [struct.unpack_from("<QQ", data, 16 * index) for index in range(SLOTS)]
    return {thread: count for thread, count in pairs if thread}


def difference(before, after):
    return sum(count - before.get(thread, 0) for thread, count in after.items())


def send(connection, method, path, body, number):
    headers = {"Content-Type": "application/json"} if body else {}
    for _ in range(number):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: status {answer.status}")


def measure(port, path, counter, body, requests):
    method, target = path.split(" ")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    send(connection, method, target, body, 1_000)
    before, started = counts(counter), time.monotonic()
    send(connection, method, target, body, requests)
    after, seconds = counts(counter), time.monotonic() - started
    time.sleep(min(seconds, 3))
    idle = difference(after, counts(counter)) * seconds / min(seconds, 3)
    connection.close()
    return max(difference(before, after) - idle, 0) / requests


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modeld", default=".build/release/modeld")
    parser.add_argument("--requests", type=int, default=5_000)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        shim = build_shim(directory)
        counter = os.path.join(directory, "counts")
        pathlib.Path(counter).write_bytes(bytes(16 * SLOTS))
        version = pathlib.Path(directory, "models/bench/1")
        version.mkdir(parents=True)
        (version / "model.json").write_text(json.dumps(make_model.model(100, 6, 28, 1)))
        port = serve.free_port()
        environment = dict(os.environ, LD_PRELOAD=shim, COUNT_FILE=counter)
        modeld = subprocess.Popen(
            [options.modeld, "--registry", os.path.join(directory, "models"), "--listen", f"127.0.0.1:{port}",
             "--loops", "1"], env=environment, stdout=subprocess.DEVNULL, stderr=sys.stderr)
        try:
            serve.wait_for(port)
            serve.wait_until_ready(port)
            v2 = serve.request_body(28)
            v1 = '{"instances":[[' + ",".join(["0.5"] * 28) + "]]}"
            bodies = {"POST /v2/models/bench/infer": v2, "POST /v1/models/bench:predict": v1}
            for path, budget in BUDGETS.items():
                needed = measure(port, path, counter, bodies.get(path), options.requests)
                # Less than one in a hundred requests is noise of the process, not of the path.
                verdict = "" if needed < budget + 0.01 else f"   MISSED: the budget is {budget}"
                failed |= bool(verdict)
                print(f"{path:34} {needed:8.3f} allocations a request{verdict}", flush=True)
        finally:
            modeld.send_signal(signal.SIGTERM)
            modeld.wait()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
