#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS of modeld next to nginx: requests/s on kept connections, and full handshakes, with the same certificate and cipher.

usage: tls.py [--modeld .build/release/modeld] [--pairs 5] [--seconds 3]

Both servers run with one worker on processor 0 and answer the same bytes to GET /v2; the load comes from processor 1.
They are measured in turn and the median of the pairs' ratios is quoted, because the machine may be shared. Handshakes
are also quoted by the server's CPU time: the client of a handshake costs more than the server, so that the server
idles. Exits with 1 when a bar is missed. Needs nginx, wrk and openssl.
"""
import argparse
import os
import pathlib
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import serve

REQUEST_BAR = 1.0
HANDSHAKE_BAR = 0.9
CIPHER = "TLS_AES_128_GCM_SHA256"


def make_certificate(directory, kind):
    certificate, key = os.path.join(directory, "tls.crt"), os.path.join(directory, "tls.key")
    algorithm = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-newkey", "rsa:2048"]}[kind]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost", *algorithm,
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    os.chmod(key, 0o644)
    return certificate, key


def start_modeld(a, registry, port, certificate, key):
    command = ["taskset", "-c", "0", a.modeld, "--registry", registry, "--listen", f"tls:127.0.0.1:{port}", "--loops",
               "1", "--tls-certificate", certificate, "--tls-key", key]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start_nginx(directory, port, body, certificate, key):
    # As many header bytes as modeld sends, so that both encrypt the same length.
    configuration = f"""
worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f;
  uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
  ssl_prefer_server_ciphers on; ssl_conf_command Ciphersuites {CIPHER}; ssl_ecdh_curve X25519:prime256v1;
  ssl_session_cache off;
  server {{ listen 127.0.0.1:{port} ssl; location / {{ return 200 '{body}'; }} }} }}
"""
    path = os.path.join(directory, "nginx.conf")
    with open(path, "w") as out:
        out.write(configuration)
    return subprocess.Popen(["taskset", "-c", "0", "nginx", "-c", path, "-p", directory],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cipher_and_body(port):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10)) as connection:
        connection.sendall(b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        found = connection.version(), connection.cipher()[0]
        data = b""
        while piece := connection.recv(65536):
            data += piece
        return *found, data.split(b"\r\n\r\n", 1)[1].decode()


def wrk(port, seconds, connections, extra):
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *extra,
               f"https://127.0.0.1:{port}/v2"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise SystemExit("failed requests:\n" + text)
    return float(next(line for line in text.splitlines() if "Requests/sec" in line).split()[1])


def measure(port, process, seconds, connections, extra):
    before = serve.cpu_seconds(process.pid)
    rate = wrk(port, seconds, connections, extra)
    used = serve.cpu_seconds(process.pid) - before
    return rate, rate * seconds / used if used else float("nan")


def pairs(title, a, ours, theirs, connections, extra=()):
    print(title)
    found = []
    for _ in range(a.pairs):
        mine = measure(*ours, a.seconds, connections, extra)
        other = measure(*theirs, a.seconds, connections, extra)
        found.append((mine, other))
        print(f"  modeld {mine[0]:8.0f}/s {mine[1]:8.0f}/CPU-s   nginx {other[0]:8.0f}/s {other[1]:8.0f}/CPU-s   "
              f"ratio {mine[0] / other[0]:.2f}, per CPU-s {mine[1] / other[1]:.2f}", flush=True)
    return (statistics.median(m[0] / o[0] for m, o in found), statistics.median(m[1] / o[1] for m, o in found))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modeld", default=".build/release/modeld")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--key", choices=("ec", "rsa"), default="ec")
    a = parser.parse_args()
    for tool in ("nginx", "wrk", "taskset", "openssl", a.modeld):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is missing; run scripts/install-packages bench and make release")
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        certificate, key = make_certificate(directory, a.key)
        registry = os.path.join(directory, "registry")
        os.mkdir(registry)
        modeld_port, nginx_port = serve.free_port(), serve.free_port()
        modeld = start_modeld(a, registry, modeld_port, certificate, key)
        nginx = None
        try:
            serve.wait_for(modeld_port)
            version, cipher, body = cipher_and_body(modeld_port)
            nginx = start_nginx(directory, nginx_port, body, certificate, key)
            serve.wait_for(nginx_port)
            if cipher_and_body(nginx_port) != (version, cipher, body):
                raise SystemExit(f"the servers differ: {version} {cipher}, {cipher_and_body(nginx_port)}")
            print(f"{version}, {cipher}, {a.key} key, {len(body)} bytes of body, one core:")
            ours, theirs = (modeld_port, modeld), (nginx_port, nginx)
            requests = pairs(f"kept connections, {a.connections}:", a, ours, theirs, a.connections)
            few = pairs("kept connections, 16:", a, ours, theirs, 16)
            handshakes = pairs("a handshake and a request each time, 16 clients:", a, ours, theirs, 16,
                               ["-H", "Connection: close"])
            memory = serve.resident_megabytes(modeld.pid)
        finally:
            serve.stop(modeld)
            if nginx:
                serve.stop(nginx)
    bars = [
        (f"requests/s at {a.connections}, of nginx", requests[0], REQUEST_BAR),
        (f"requests per CPU-second at {a.connections}, of nginx", requests[1], None),
        ("requests/s at 16, of nginx", few[0], None),
        ("requests per CPU-second at 16, of nginx", few[1], None),
        ("handshakes/s, of nginx", handshakes[0], None),
        ("handshakes per CPU-second, of nginx", handshakes[1], HANDSHAKE_BAR),
        ("resident memory with TLS, MB", memory, None),
    ]
    missed = False
    for name, value, bar in bars:
        met = bar is None or value >= bar
        missed = missed or not met
        print(f"{'ok    ' if met else 'MISSED'} {name}: {value:.2f} ({'no bar' if bar is None else f'bar >= {bar}'})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
