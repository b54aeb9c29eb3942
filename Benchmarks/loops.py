#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much two event loops bring over one, for a single-row JSON predict.

usage: loops.py [--modeld .build/release/modeld] [--pairs 5] [--seconds 3]

On a machine with four processors or more, the servers get two of their own and the load the others, and requests/s are
compared. On a smaller one the load takes its share of the same processors: there the answer is twice the ratio of the
requests per server-CPU-second, which is what is left when the loops do not hinder each other. Needs wrk.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import make_model
import serve

BAR = 1.8


def start(a, registry, port, loops, processors):
    command = ["taskset", "-c", processors, a.modeld, "--registry", registry, "--listen", f"127.0.0.1:{port}",
               "--loops", str(loops)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(port, process, body, a, directory, processors):
    script = os.path.join(directory, "post.lua")
    with open(script, "w") as out:
        out.write(f"wrk.method='POST'\nwrk.body=[==[{body}]==]\nwrk.headers['Content-Type']='application/json'\n")
    before = serve.cpu_seconds(process.pid)
    text = subprocess.run(
        ["taskset", "-c", processors, "wrk", "-t2", f"-c{a.connections}", f"-d{a.seconds}s", "-s", script,
         f"http://127.0.0.1:{port}/v2/models/bench/infer"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit("failed requests:\n" + text)
    rate = float(next(line for line in text.splitlines() if "Requests/sec" in line).split()[1])
    return rate, rate * a.seconds / (serve.cpu_seconds(process.pid) - before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modeld", default=".build/release/modeld")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    a = parser.parse_args()
    for tool in ("wrk", "taskset", a.modeld):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is missing; run scripts/install-packages bench and make release")
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        raise SystemExit("two loops need two processors")
    own = f"{available[0]},{available[1]}"
    isRoomy = len(available) >= 4
    load = ",".join(map(str, available[2:])) if isRoomy else own
    with tempfile.TemporaryDirectory() as directory:
        registry = os.path.join(directory, "registry")
        os.makedirs(os.path.join(registry, "bench", "1"))
        path = os.path.join(registry, "bench", "1", "model.json")
        with open(path, "w") as out:
            json.dump(make_model.model(100, 6, 28, 1), out, separators=(",", ":"))
        os.utime(path, (time.time() - 60, time.time() - 60))
        body = serve.request_body(28)
        ports = [serve.free_port(), serve.free_port()]
        servers = [start(a, registry, port, loops, own) for port, loops in zip(ports, (1, 2))]
        try:
            for port in ports:
                serve.wait_for(port)
                serve.wait_until_ready(port)
            found = []
            for _ in range(a.pairs):
                one, two = (measure(port, server, body, a, directory, load) for port, server in zip(ports, servers))
                gain = two[0] / one[0] if isRoomy else 2 * two[1] / one[1]
                found.append(gain)
                print(f"  one loop {one[0]:8.0f}/s {one[1]:8.0f}/CPU-s   two loops {two[0]:8.0f}/s "
                      f"{two[1]:8.0f}/CPU-s   gain {gain:.2f}", flush=True)
        finally:
            for server in servers:
                serve.stop(server)
    gain = statistics.median(found)
    how = "by requests/s" if isRoomy else "by requests per CPU-second, twice"
    print(f"{'ok    ' if gain >= BAR else 'MISSED'} two loops, of one ({how}): {gain:.2f} (bar >= {BAR})")
    return 0 if gain >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
