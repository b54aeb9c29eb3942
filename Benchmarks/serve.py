#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests/s of modeld for a single-row JSON predict, next to nginx answering a fixed body to the same POST.

usage: serve.py [--modeld .build/release/modeld] [--pairs 5] [--seconds 3]

Both servers run with one worker on processor 0, wrk with one thread on processor 1; the two are measured in turn and
the median of the pairs' ratios is quoted, because the machine may be shared. Then the time from exec to the first
prediction and the resident memory are measured. Exits with 1 when a bar is missed. Needs nginx and wrk.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import make_model

RATIO_BAR = 0.85
START_BAR_MILLISECONDS = 50
MEMORY_BAR_MEGABYTES = 20


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def request_body(features):
    rng = random.Random(2)
    row = [round(rng.gauss(0, 1), 6) for _ in range(features)]
    tensor = {"name": "input", "shape": [1, features], "datatype": "FP32", "data": row}
    return json.dumps({"inputs": [tensor]}, separators=(",", ":"))


def wait_until_ready(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/v2/health/ready")
        if connection.getresponse().status == 200:
            return
        time.sleep(0.005)
    raise SystemExit("modeld did not become ready")


def predict(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/v2/models/bench/infer", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(f"the prediction failed: {answer.status} {text!r}")
    return text


def start_modeld(binary, registry, port, pin=True, extra=()):
    command = [binary, "--registry", registry, "--listen", f"127.0.0.1:{port}", "--loops", "1", *extra]
    if pin:
        command = ["taskset", "-c", "0"] + command
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start_nginx(directory, port, body):
    configuration = f"""
worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f;
  uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }} }}
"""
    path = os.path.join(directory, "nginx.conf")
    with open(path, "w") as out:
        out.write(configuration)
    return subprocess.Popen(["taskset", "-c", "0", "nginx", "-c", path, "-p", directory],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"nothing listens on port {port}")


def children(pid):
    found = [pid]
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def cpu_seconds(pid):
    total = 0
    for process in children(pid):
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def wrk(port, body, seconds, connections, directory):
    script = os.path.join(directory, "post.lua")
    with open(script, "w") as out:
        out.write(f"wrk.method='POST'\nwrk.body=[==[{body}]==]\n"
                  "wrk.headers['Content-Type']='application/json'\n")
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script,
               f"http://127.0.0.1:{port}/v2/models/bench/infer"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit("failed requests:\n" + text)
    return float(next(line for line in text.splitlines() if "Requests/sec" in line).split()[1])


def measure(port, process, body, seconds, connections, directory):
    before = cpu_seconds(process.pid)
    rate = wrk(port, body, seconds, connections, directory)
    used = cpu_seconds(process.pid) - before
    return rate, rate * seconds / used if used else float("nan")


def throughput(a, directory, registry, body):
    modeld_port, nginx_port = free_port(), free_port()
    modeld = start_modeld(a.modeld, registry, modeld_port)
    try:
        wait_for(modeld_port)
        wait_until_ready(modeld_port)
        answer = predict(modeld_port, body).decode()
        nginx = start_nginx(directory, nginx_port, answer)
        try:
            wait_for(nginx_port)
            pairs = []
            for _ in range(a.pairs):
                ours = measure(modeld_port, modeld, body, a.seconds, a.connections, directory)
                theirs = measure(nginx_port, nginx, body, a.seconds, a.connections, directory)
                pairs.append((ours, theirs))
                print(f"  modeld {ours[0]:9.0f}/s {ours[1]:9.0f}/CPU-s   nginx {theirs[0]:9.0f}/s "
                      f"{theirs[1]:9.0f}/CPU-s   ratio {ours[0] / theirs[0]:.2f}", flush=True)
            memory = resident_megabytes(modeld.pid)
        finally:
            stop(nginx)
    finally:
        stop(modeld)
    ratio = statistics.median(o[0] / t[0] for o, t in pairs)
    per_cpu = statistics.median(o[1] / t[1] for o, t in pairs)
    return ratio, per_cpu, memory


def resident_megabytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no VmRSS")


def first_prediction(a, registry, body):
    """Milliseconds from exec to the first answer, the median of several starts."""
    times = []
    for _ in range(7):
        port = free_port()
        start = time.monotonic()
        process = start_modeld(a.modeld, registry, port, pin=False)
        try:
            while True:
                try:
                    predict(port, body)
                    break
                except OSError:
                    time.sleep(0.0005)
                except SystemExit:
                    if time.monotonic() - start > 10:
                        raise
                    time.sleep(0.0005)
            times.append((time.monotonic() - start) * 1000)
        finally:
            stop(process)
    return statistics.median(times)


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modeld", default=".build/release/modeld")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    a = parser.parse_args()
    for tool in ("nginx", "wrk", "taskset", a.modeld):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is missing; run scripts/install-packages bench and make release")
    features = 28
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        registry = os.path.join(directory, "registry")
        os.makedirs(os.path.join(registry, "bench", "1"))
        path = os.path.join(registry, "bench", "1", "model.json")
        with open(path, "w") as out:
            json.dump(make_model.model(100, 6, features, 1), out, separators=(",", ":"))
        # A file this old has stopped changing, so it is served at once.
        os.utime(path, (time.time() - 60, time.time() - 60))
        body = request_body(features)
        print("single-row JSON predict, XGBoost JSON, 100 trees, depth 6, 28 features, one core:")
        ratio, per_cpu, memory = throughput(a, directory, registry, body)
        start = first_prediction(a, registry, body)
    bars = [
        ("requests/s, of nginx", ratio, ratio >= RATIO_BAR, f">= {RATIO_BAR}"),
        ("requests per CPU-second, of nginx", per_cpu, True, "no bar"),
        ("exec to first prediction, ms", start, start < START_BAR_MILLISECONDS,
         f"< {START_BAR_MILLISECONDS}"),
        ("resident memory, MB", memory, memory < MEMORY_BAR_MEGABYTES, f"< {MEMORY_BAR_MEGABYTES}"),
    ]
    for name, value, met, bar in bars:
        print(f"{'ok    ' if met else 'MISSED'} {name}: {value:.2f} (bar {bar})")
    return 0 if all(met for _, _, met, _ in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
