#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What twice the capacity does to those who are let in: answers, refusals and latencies of a request of about 500 us.

usage: overload.py [--modeld .build/release/modeld] [--seconds 15]

One loop and one worker on processor 0, the load on processor 1. The capacity is measured first, by as many clients as
keep the worker busy; then requests come at fixed moments at 0.5, 0.9 and 2 times that rate. Exits with 1 when a bar is
missed: at twice the capacity the answers per second are at least 0.85 of the capacity, and 99 of 100 of those let in
are answered within 25 ms.
"""
import argparse
import json
import os
import random
import sys
import tempfile
import time

import make_model
import open_loop
import serve

GOODPUT_BAR = 0.85
LATENCY_BAR_MILLISECONDS = 25


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modeld", default=".build/release/modeld")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--trees", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=96)
    a = parser.parse_args()
    os.sched_setaffinity(0, {1})
    rng = random.Random(2)
    rows = [[round(rng.gauss(0, 1), 6) for _ in range(28)] for _ in range(a.rows)]
    tensor = {"name": "input", "shape": [a.rows, 28], "datatype": "FP32", "data": rows}
    body = json.dumps({"inputs": [tensor]}, separators=(",", ":"))
    request = open_loop.post("/v2/models/bench/infer", body.encode())
    with tempfile.TemporaryDirectory() as directory:
        registry = os.path.join(directory, "registry")
        os.makedirs(os.path.join(registry, "bench", "1"))
        path = os.path.join(registry, "bench", "1", "model.json")
        with open(path, "w") as out:
            json.dump(make_model.model(a.trees, 6, 28, 1), out, separators=(",", ":"))
        os.utime(path, (time.time() - 60, time.time() - 60))
        port = serve.free_port()
        modeld = serve.start_modeld(a.modeld, registry, port, extra=["--scheduling-workers", "1"])
        try:
            serve.wait_for(port)
            serve.wait_until_ready(port)
            before = serve.cpu_seconds(modeld.pid)
            capacity = serve.wrk(port, body, 4, 8, directory)
            used = serve.cpu_seconds(modeld.pid) - before
            print(f"capacity: {capacity:.0f}/s, {used / capacity / 4 * 1e6:.0f} us of CPU a request")
            results = {}
            for factor in (0.5, 0.9, 2.0):
                result = results[factor] = open_loop.run(port, request, capacity * factor, a.seconds)
                print(f"  {factor:.1f} x capacity: {result.count(200) / a.seconds:7.0f}/s answered, p50 "
                      f"{result.percentile(200, .5) * 1e3:6.2f} ms, p99 {result.percentile(200, .99) * 1e3:6.2f} ms; "
                      f"{result.count(503) / a.seconds:7.0f}/s refused, p99 "
                      f"{result.percentile(503, .99) * 1e3:6.2f} ms; {result.unsent} unsent, {result.failed} lost")
        finally:
            serve.stop(modeld)
    overload = results[2.0]
    goodput = overload.count(200) / a.seconds / capacity
    p99 = overload.percentile(200, 0.99) * 1e3
    bars = [("answers/s at twice the capacity, of the capacity", goodput, goodput >= GOODPUT_BAR, f">= {GOODPUT_BAR}"),
            ("p99 of those let in, ms", p99, p99 <= LATENCY_BAR_MILLISECONDS, f"<= {LATENCY_BAR_MILLISECONDS}")]
    for name, value, met, bar in bars:
        print(f"{'ok    ' if met else 'MISSED'} {name}: {value:.2f} (bar {bar})")
    return 0 if all(met for _, _, met, _ in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
