#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTTP engine alone, next to nginx: a fixed answer of 200 bytes to a POST of 400 bytes, and idle connections.

usage: engine.py [--engine .build/release/engine-benchmark] [--pairs 5] [--seconds 3]

One loop or worker on processor 0, wrk with one thread on processor 1, the two in turn; the medians of the pairs' ratios
are quoted: requests/s, and requests per second of the server's CPU time. Then the resident memory that 2,000 and 10,000
idle keep-alive connections add, and what they take from the others' throughput. Exits with 1 when a bar is missed.
"""
import argparse
import contextlib
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile

import serve

#        connections: (requests/s, requests per CPU-second), of nginx
RATIO_BARS = {64: (1.0, 1.15), 16: (0.95, 1.05)}
IDLE_BAR_KILOBYTES = 2
IDLE_THROUGHPUT_BAR = 0.9


def start_engine(binary, port, loops=1):
    return subprocess.Popen(["taskset", "-c", "0", binary, str(port), str(loops)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def idle_connections(port, count):
    """Connections that have had one answer each and stay open."""
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
    opened = []
    try:
        for index in range(count):
            # A loopback address has 28,000 ports: spread over several.
            one = socket.socket()
            one.bind((f"127.0.0.{2 + index // 20_000}", 0))
            one.connect(("127.0.0.1", port))
            one.sendall(request)
            opened.append(one)
        for one in opened:
            received = b""
            while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < 200:
                received += one.recv(4096)
        yield
    finally:
        for one in opened:
            one.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default=".build/release/engine-benchmark")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    a = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    body = "x" * 400
    bars = []
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        engine_port, nginx_port = serve.free_port(), serve.free_port()
        engine = start_engine(a.engine, engine_port)
        nginx = serve.start_nginx(directory, nginx_port, "x" * 200)
        try:
            serve.wait_for(engine_port)
            serve.wait_for(nginx_port)
            for connections, (rate_bar, cpu_bar) in RATIO_BARS.items():
                pairs = []
                for _ in range(a.pairs):
                    ours = serve.measure(engine_port, engine, body, a.seconds, connections, directory)
                    theirs = serve.measure(nginx_port, nginx, body, a.seconds, connections, directory)
                    pairs.append((ours, theirs))
                    print(f"  c={connections}: engine {ours[0]:8.0f}/s {ours[1]:8.0f}/CPU-s   nginx {theirs[0]:8.0f}/s "
                          f"{theirs[1]:8.0f}/CPU-s   ratios {ours[0] / theirs[0]:.2f} {ours[1] / theirs[1]:.2f}",
                          flush=True)
                rate = statistics.median(o[0] / t[0] for o, t in pairs)
                cpu = statistics.median(o[1] / t[1] for o, t in pairs)
                bars.append((f"requests/s at {connections} connections, of nginx", rate, rate >= rate_bar,
                             f">= {rate_bar}"))
                bars.append((f"requests per CPU-second at {connections}, of nginx", cpu, cpu >= cpu_bar,
                             f">= {cpu_bar}"))
            for count in (2_000, 10_000):
                quiet = [serve.measure(engine_port, engine, body, a.seconds, 16, directory)[1] for _ in range(3)]
                before = serve.resident_megabytes(engine.pid)
                with idle_connections(engine_port, count):
                    kilobytes = (serve.resident_megabytes(engine.pid) - before) * 1024 / count
                    busy = [serve.measure(engine_port, engine, body, a.seconds, 16, directory)[1] for _ in range(3)]
                kept = statistics.median(busy) / statistics.median(quiet)
                bars.append((f"resident KiB for each of {count} idle connections", kilobytes,
                             kilobytes <= IDLE_BAR_KILOBYTES, f"<= {IDLE_BAR_KILOBYTES}"))
                bars.append((f"requests per CPU-second beside {count} idle connections, of those without", kept,
                             kept >= IDLE_THROUGHPUT_BAR, f">= {IDLE_THROUGHPUT_BAR}"))
        finally:
            serve.stop(nginx)
            engine.kill()
            engine.wait()
    for name, value, met, bar in bars:
        print(f"{'ok    ' if met else 'MISSED'} {name}: {value:.2f} (bar {bar})")
    return 0 if all(met for _, _, met, _ in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
