#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Batch requests over HTTP: their rate beside that of modelctl, 1 GB by every ordinary client, memory, and what online
predictions notice.

usage: batch_http.py [--bin .build/release] [--work .build/batch-benchmark] [--size BYTES] [--rounds N]

Uses the file and the model of batch.py, which runs first. Compares rows a second of `curl -T` with those of `modelctl batch`
with one thread, in turn; then sends a file of a GB by Python's http.client and requests (where it is installed), curl -T,
curl -F and through nginx with and without buffering, and writes and reads slowly. Exits with 1 when a bar is missed.
"""
import argparse
import http.client
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time

BARS = {"rate": 0.8, "memory": 64}
MODEL = "lgb"


def start(arguments, registry):
    command = [str(arguments.bin / "modeld"), "--registry", str(registry), "--listen", "127.0.0.1:0",
               "--batch-spool", str(arguments.work)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    return process, int(line.split("http://127.0.0.1:")[1].split()[0])


def memory(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")) / 1024


def processor(process):
    """Seconds of processors that a process has had."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(command):
    """Seconds that passed, and seconds of processors."""
    begin, before = time.perf_counter(), os.times()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begin, used


def nginx(work, port, buffering):
    """An nginx in front of the daemon, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        own = probe.getsockname()[1]
    place = work / f"nginx-{buffering}"
    place.mkdir(exist_ok=True)
    (place / "nginx.conf").write_text(f"""
daemon off; pid {place}/pid; error_log {place}/error.log; worker_processes 1; events {{ worker_connections 64; }}
http {{ access_log off; client_max_body_size 0; proxy_request_buffering {buffering}; proxy_buffering {buffering};
  client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/f;
  uwsgi_temp_path {place}/u; scgi_temp_path {place}/s; proxy_http_version 1.1; proxy_read_timeout 600s;
  server {{ listen 127.0.0.1:{own}; location / {{ proxy_pass http://127.0.0.1:{port}; }} }} }}
""")
    process = subprocess.Popen(["nginx", "-p", str(place), "-c", str(place / "nginx.conf")])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", own)).close()
            break
        except OSError:
            time.sleep(0.05)
    return process, own


def by_client(path, port, file, chunked):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Content-Type": "text/csv"}
    if not chunked:
        headers["Content-Length"] = str(file.stat().st_size)
    with file.open("rb") as body:
        connection.request("POST", path, body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        lines = sum(piece.count(b"\n") for piece in iter(lambda: answer.read(1 << 20), b""))
    return answer.status, lines


def slow_reader(path, port, rows):
    """Sends everything, then reads a little at a time, with pauses."""
    header, block = rows
    body = header + block
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        for start_ in range(0, len(body), 1 << 20):
            one.sendall(body[start_:start_ + (1 << 20)])
            time.sleep(0.01)
        count = 0
        while piece := one.recv(65_536):
            count += piece.count(b"\n")
            time.sleep(0.002)
    return count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=".build/release", type=pathlib.Path)
    parser.add_argument("--work", default=".build/batch-benchmark", type=pathlib.Path)
    parser.add_argument("--size", default=1 << 30, type=int)
    parser.add_argument("--rounds", default=5, type=int)
    arguments = parser.parse_args()
    arguments.work = work = arguments.work.resolve()
    registry = work / "registry"
    (registry / MODEL / "1").mkdir(parents=True, exist_ok=True)
    shutil.copy(work / "lgb.txt", registry / MODEL / "1" / "model.txt")
    os.utime(registry / MODEL / "1" / "model.txt", (1, 1))
    daemon, port = start(arguments, registry)
    path = f"/v2/models/{MODEL}/batch"
    url = f"http://127.0.0.1:{port}{path}"
    rows, out = work / "rows.csv", work / "http.csv"
    missed = []
    try:
        ratios, used = [], []
        for _ in range(arguments.rounds):
            own, own_used = timed([arguments.bin / "modelctl", "batch", work / "lgb.txt", rows, work / "modeld.csv", "--threads", "1",
                         "--quiet"])
            before = processor(daemon)
            over, _ = timed(["curl", "-sS", "--fail", "-X", "POST", "-T", rows, "-H", "Expect:", url, "-o", out])
            ratios.append(own / over)
            used.append(own_used / (processor(daemon) - before))
            print(f"file to file {own:.2f} s, over HTTP {over:.2f} s", flush=True)
        if out.read_bytes() != (work / "modeld.csv").read_bytes():
            missed.append("the same answers")
        rate = statistics.median(ratios)
        print(f"of the rate of file to file: {rate:.2f} (at least {BARS['rate']}); by processor time, the client's left "
              f"out: {statistics.median(used):.2f}", flush=True)
        if rate < BARS["rate"]:
            missed.append("rate")
        big = work / "big.csv"
        header, block = rows.read_bytes().split(b"\n", 1)
        with big.open("wb") as file:
            file.write(header + b"\n")
            while file.tell() < arguments.size:
                file.write(block)
        count = sum(piece.count(b"\n") for piece in iter_pieces(big))
        before = memory(daemon)
        runs = [("http.client", lambda p: by_client(path, p, big, False)),
                ("http.client, chunks", lambda p: by_client(path, p, big, True)),
                ("curl -T", lambda p: by_curl(work, ["-X", "POST", "-T", big], f"http://127.0.0.1:{p}{path}")),
                ("curl -F", lambda p: by_curl(work, ["-F", f"file=@{big}"], f"http://127.0.0.1:{p}{path}"))]
        try:
            import requests

            def by_requests(p):
                with big.open("rb") as body:
                    answer = requests.post(f"http://127.0.0.1:{p}{path}", data=body, stream=True)
                return answer.status_code, sum(piece.count(b"\n") for piece in answer.iter_content(1 << 20))

            runs.append(("requests", by_requests))
        except ImportError:
            print("requests: it is not installed here, so it is left out", flush=True)
        # Answers that go out while the records come; curl reads while it sends.
        streamed = ["-X", "POST", "-T", big, "-H", "Prefer: respond-streaming"]
        runs.append(("curl -T, streamed", lambda p: by_curl(work, streamed, f"http://127.0.0.1:{p}{path}")))
        runs.append(("modelctl --server", lambda p: by_modelctl(arguments, work, p, big)))
        for name, run in runs:
            begin = time.perf_counter()
            status, lines = run(port)
            print(f"{name}: {status}, {lines - 1} rows in {time.perf_counter() - begin:.1f} s", flush=True)
            if (status, lines) != (200, count):
                missed.append(name)
        for buffering in ("on", "off"):
            proxy, own = nginx(work, port, buffering)
            try:
                begin = time.perf_counter()
                status, lines = by_curl(work, ["-X", "POST", "-T", big], f"http://127.0.0.1:{own}{path}")
                print(f"through nginx, buffering {buffering}: {status}, {lines - 1} rows in "
                      f"{time.perf_counter() - begin:.1f} s", flush=True)
                if (status, lines) != (200, count):
                    missed.append(f"nginx, buffering {buffering}")
            finally:
                proxy.terminate()
                proxy.wait()
        lines = slow_reader(path, port, (header + b"\n", block[:60_000_000].rsplit(b"\n", 1)[0] + b"\n"))
        print(f"slow writer and reader: {lines} lines", flush=True)
        grown = memory(daemon) - before
        print(f"memory grew by {grown:.0f} MiB (at most {BARS['memory']}), to {memory(daemon):.0f} MiB", flush=True)
        if grown > BARS["memory"]:
            missed.append("memory")
        big.unlink()
    finally:
        daemon.terminate()
        daemon.wait()
    for name in missed:
        print(f"missed: {name}")
    sys.exit(1 if missed else 0)


def iter_pieces(path):
    with path.open("rb") as file:
        yield from iter(lambda: file.read(1 << 24), b"")


def by_modelctl(arguments, work, port, big):
    out = work / "modelctl.csv"
    run = subprocess.run([arguments.bin / "modelctl", "batch", MODEL, big, out, "--server", f"http://127.0.0.1:{port}", "--quiet"])
    return 200 if run.returncode == 0 else run.returncode, sum(piece.count(b"\n") for piece in iter_pieces(out))


def by_curl(work, options, url):
    out = work / "curl.csv"
    run = subprocess.run(["curl", "-sS", "-w", "%{http_code}", "-o", str(out), *map(str, options), url], check=True,
                         capture_output=True, text=True)
    return int(run.stdout), sum(piece.count(b"\n") for piece in iter_pieces(out))


if __name__ == "__main__":
    main()
