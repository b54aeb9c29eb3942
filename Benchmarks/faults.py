#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What bad or heavy clients cost the others, by the paired method (paired.py).

usage: faults.py [--modeld .build/release/modeld] [--pairs 30] [bodies|slow|batch|jobs …]

  bodies   eight connections post JSON bodies of 10 MB, one after the other
  slow     a thousand connections send a head or a body byte by byte
  batch    a connection sends batch requests of 50 MB, one after the other
  jobs     a job is always at work

The others ask for single-row predictions. Exits with 1 when their p99 rises by more than half.
"""
import argparse
import http.client
import json
import os
import random
import resource
import socket
import sys
import tempfile
import time

import make_model
import open_loop
import paired
import serve
from disturber import Disturber

RATIO_BAR = 1.5


class LargeBodies(Disturber):
    count = 8

    def __init__(self, port):
        super().__init__()
        self.port = port
        rng = random.Random(3)
        rows = [[round(rng.gauss(0, 1), 6) for _ in range(28)] for _ in range(10_000_000 // 260)]
        tensor = {"name": "input", "shape": [len(rows), 28], "datatype": "FP32", "data": rows}
        self.request = open_loop.post("/v2/models/bench/infer", json.dumps({"inputs": [tensor]}).encode())
        self.answers = 0

    def disturb(self):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(self.request)
            received = connection.recv(1 << 20)
            length = int(received.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            left = length - len(received.partition(b"\r\n\r\n")[2])
            while left > 0:
                left -= len(connection.recv(1 << 20))
            self.answers += received.startswith(b"HTTP/1.1 200")


class SlowClients(Disturber):
    HEAD = b"POST /v2/models/bench/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n"

    def __init__(self, port):
        super().__init__()
        self.port = port
        self.answers = 0

    def work(self):
        clients = []
        for index in range(1000):
            client = socket.create_connection(("127.0.0.1", self.port))
            # Half of them never end their head, the others never their body.
            client.sendall(self.HEAD + (b"X-Slow: " if index % 2 else b"\r\n"))
            clients.append(client)
        while not self.stopping.is_set():
            for client in clients:
                client.sendall(b"x")
                if self.stopping.wait(0.0005):
                    break
        for client in clients:
            client.close()


class Uploads(Disturber):
    """Batch requests of 28 columns, as fast as they are taken."""

    PATH = "/v2/models/bench/batch"

    def __init__(self, port):
        super().__init__()
        self.port = port
        rng = random.Random(3)
        lines = [",".join(f"{rng.gauss(0, 1):.6f}" for _ in range(28)) for _ in range(10_000)]
        header = ",".join(f"f{column}" for column in range(28)) + "\n"
        self.body = header.encode() + ("\n".join(lines) + "\n").encode() * 20
        self.answers = 0

    def disturb(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", self.PATH, self.body)
        self.answers += connection.getresponse().read().count(b"\n")
        connection.close()


class Jobs(Uploads):
    """A job that never ends while it is wanted: many files' worth of one."""

    job = None

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body)
        answer = json.loads(connection.getresponse().read() or b"{}")
        connection.close()
        return answer

    def begin(self):
        if self.job is None:
            self.job = self._ask("POST", self.PATH + "/jobs", self.body * 20)["id"]
        else:
            self._ask("POST", f"/v2/batch/jobs/{self.job}/resume")

    def end(self):
        status = self._ask("POST", f"/v2/batch/jobs/{self.job}/pause")
        self.answers = status.get("records", self.answers)
        if "error" in status:
            self.job = None


DISTURBANCES = {"bodies": LargeBodies, "slow": SlowClients, "batch": Uploads, "jobs": Jobs}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modeld", default=".build/release/modeld")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("kinds", nargs="*", default=list(DISTURBANCES))
    a = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    os.sched_setaffinity(0, {1})
    is_good = True
    with tempfile.TemporaryDirectory() as directory:
        registry = os.path.join(directory, "registry")
        os.makedirs(os.path.join(registry, "bench", "1"))
        path = os.path.join(registry, "bench", "1", "model.json")
        with open(path, "w") as out:
            json.dump(make_model.model(100, 6, 28, 1), out, separators=(",", ":"))
        os.utime(path, (time.time() - 60, time.time() - 60))
        body = serve.request_body(28)
        os.environ["MODELD_JOBS_DIRECTORY"] = os.path.join(directory, "jobs")
        for kind in a.kinds:
            port = serve.free_port()
            modeld = serve.start_modeld(a.modeld, registry, port)
            try:
                serve.wait_for(port)
                serve.wait_until_ready(port)
                capacity = serve.wrk(port, body, 2, 64, directory)
                request = open_loop.post("/v2/models/bench/infer", body.encode())
                disturbance = DISTURBANCES[kind](port)
                result = paired.measure(port, modeld.pid, request, round(capacity * 0.3), disturbance, a.pairs)
                met = result.ratio <= RATIO_BAR and result.failures == 0
                is_good = is_good and met
                print(f"{'ok    ' if met else 'MISSED'} {kind} at {capacity * 0.3:.0f} requests/s: {result} "
                      f"(bar <= {RATIO_BAR}); {disturbance.answers} answers to the disturbers", flush=True)
            finally:
                serve.stop(modeld)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
