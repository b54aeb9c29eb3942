# SPDX-License-Identifier: Apache-2.0
"""Where the daemon listens and whom it lets in: TLS, Unix-domain and passed sockets, limits."""
import fcntl
import http.client
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from conftest import BIN, FIXTURES, clean_environment

TLS = FIXTURES / "tls"


class Secured:
    """The TLS address of a daemon, and the files that its certificate is read from."""

    def __init__(self, daemon, directory, registry, *flags):
        self.directory = directory
        self.put("server")
        self.server = daemon(
            registry, "--listen", "tls:127.0.0.1:0", "--tls-certificate", directory / "tls.crt",
            "--tls-key", directory / "tls.key", "--tls-client-authorities", TLS / "authority.pem", *flags)
        self.port = int(re.search(r"https://127\.0\.0\.1:(\d+)", self.server.ready_line)[1])

    def put(self, certificate, key=None):
        shutil.copy(TLS / f"{certificate}.pem", self.directory / "tls.crt")
        shutil.copy(TLS / f"{key or certificate}.key", self.directory / "tls.key")

    def context(self, client=None, **changes):
        context = ssl.create_default_context(cafile=TLS / "authority.pem")
        context.set_alpn_protocols(["http/1.1"])
        if client:
            context.load_cert_chain(TLS / f"{client}.pem", TLS / f"{client}.key")
        for name, value in changes.items():
            setattr(context, name, value)
        return context

    def connect(self, context=None, session=None):
        context = context or self.context()
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return context.wrap_socket(raw, server_hostname="localhost", session=session)

    def subject(self):
        """The common name in the certificate that new connections get."""
        with self.connect() as connection:
            return dict(pair for part in connection.getpeercert()["subject"] for pair in part)["commonName"]


def ask(connection, path="/livez", extra=""):
    """One request on an open connection; the answer's head and body."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{extra}\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data.decode()
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(body) < length:
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()


@pytest.fixture
def secured(daemon, tmp_path, stump):
    def start(*flags):
        directory = tmp_path / "tls"
        directory.mkdir()
        return Secured(daemon, directory, stump, *flags)

    return start


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_isSpokenInBothVersions(secured, version):
    place = secured()
    context = place.context(minimum_version=version, maximum_version=version)
    with place.connect(context) as connection:
        assert connection.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
        assert connection.selected_alpn_protocol() == "http/1.1"
        assert "GCM" in connection.cipher()[0] or "CHACHA20" in connection.cipher()[0]
        for _ in range(3):
            assert ask(connection).startswith("HTTP/1.1 200")
    # The plain address of the same daemon still speaks plainly.
    assert place.server.get("/livez").status == 200


def test_oldTLSAndOtherProtocols_areRefused(secured):
    place = secured()
    old = place.context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        place.connect(old)
    weak = place.context(maximum_version=ssl.TLSVersion.TLSv1_2)
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        place.connect(weak)
    other = place.context()
    other.set_alpn_protocols(["h2"])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        place.connect(other)
    metrics = place.server.get("/metrics").text
    assert "modeld_tls_handshake_failures_total 3" in metrics


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_areResumedAlsoAfterAReload(secured, version):
    place = secured("--tls-poll", "0s")
    context = place.context(minimum_version=version, maximum_version=version)
    with place.connect(context) as first:
        ask(first)
        session = first.session
    with place.connect(context, session) as second:
        ask(second)
        assert second.session_reused
        session = second.session
    place.put("renewed")
    place.server.process.send_signal(signal.SIGHUP)
    place.server.eventually(lambda: place.subject() == "localhost renewed")
    with place.connect(context, session) as third:
        assert ask(third).startswith("HTTP/1.1 200")
        assert third.session_reused


def test_clientCertificates_areRequiredAndLogged(secured):
    place = secured("--tls-client-certificates", "required", "--log-access", "all", "--log-format", "json")
    with place.connect(place.context(client="client")) as connection:
        assert ask(connection).startswith("HTTP/1.1 200")
    for context in (place.context(), place.context(client="stranger")):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            # In TLS 1.3 the client hears of it only when it reads.
            with place.connect(context) as connection:
                ask(connection)
                raise ConnectionError("closed without an alert")
    lines = [json.loads(line) for line in place.server.stop().splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    assert [line["certificate"] for line in requests if line["path"] == "/livez"] == ["CN=batch,OU=risk,O=Example"]


def test_newCertificate_isUsedWithoutDroppingAConnection(secured):
    place = secured("--tls-poll", "100ms")
    with place.connect() as kept:
        assert ask(kept).startswith("HTTP/1.1 200")
        place.put("renewed")
        place.server.eventually(lambda: place.subject() == "localhost renewed")
        assert ask(kept).startswith("HTTP/1.1 200")


def test_brokenPair_isRefusedAndTheOldOneStays(secured):
    place = secured("--tls-poll", "0s")
    refusals = 0
    whole = (TLS / "renewed.pem").read_text()
    for certificate, key in [(whole, "server"), (whole[:200], "renewed"), ("", "renewed")]:
        place.put("renewed", key)
        (place.directory / "tls.crt").write_text(certificate)
        place.server.process.send_signal(signal.SIGHUP)
        refusals += 1
        place.server.eventually(
            lambda: f'modeld_tls_reloads_total{{outcome="failed"}} {refusals}' in place.server.get("/metrics").text)
        assert place.subject() == "localhost"
    place.put("renewed")
    place.server.process.send_signal(signal.SIGHUP)
    place.server.eventually(lambda: place.subject() == "localhost renewed")
    assert 'modeld_tls_reloads_total{outcome="changed"} 1' in place.server.get("/metrics").text
    log = place.server.stop()
    assert log.count("certificate was refused, the old one stays") == 3
    assert "does not belong to the certificate" in log


def test_unusableCertificate_isAnErrorAtTheStart(stump):
    command = [BIN / "modeld", "--registry", stump, "--listen", "tls:127.0.0.1:0", "--tls-certificate",
               TLS / "server.pem", "--tls-key", TLS / "renewed.key"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, env=clean_environment())
    assert result.returncode == 1 and "renewed.key does not belong to the certificate" in result.stderr


def unix_get(path, target):
    connection = http.client.HTTPConnection("unix")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(20)
    connection.sock.connect(str(path))
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_unixSocket_isServedReplacedWhenStaleAndRemoved(daemon, tmp_path, stump):
    path = tmp_path / "http.sock"
    first = daemon(stump, "--listen", f"unix:{path}", "--unix-mode", "600")
    assert unix_get(path, "/livez")[0] == 200
    assert path.stat().st_mode & 0o777 == 0o600
    taken = subprocess.run([BIN / "modeld", "--registry", stump, "--listen", f"unix:{path}"],
                           capture_output=True, text=True, timeout=30, env=clean_environment())
    assert taken.returncode == 1 and "another process listens" in taken.stderr
    first.stop(by=signal.SIGKILL)
    assert path.exists()
    second = daemon(stump, "--listen", f"unix:{path}")
    assert unix_get(path, "/readyz")[0] == 200
    second.stop()
    assert second.process.returncode == 0 and not path.exists()


def test_passedSockets_areTakenOverByName(stump):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    data, admin = (listener.getsockname()[1] for listener in listeners)
    # As a service manager does: the sockets are 3 and 4, and the variables are for the process itself.
    high = [fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD, 50) for listener in listeners]
    script = f'exec 3<&{high[0]} 4<&{high[1]}; LISTEN_PID=$$ exec "$@"'
    environment = clean_environment({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:admin"})
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", BIN / "modeld", "--registry", stump, "--listen", "systemd:http",
         "--listen-routes", "models,health", "--admin-listen", "systemd:admin"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        pass_fds=high)
    try:
        assert select.select([process.stdout], [], [], 30)[0]
        line = process.stdout.readline()
        assert f"http://127.0.0.1:{data} http://127.0.0.1:{admin}" in line, line + process.stderr.read()

        def status(port, path):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", path)
            return connection.getresponse().status

        assert [status(data, path) for path in ("/v2", "/livez", "/v2/health/live", "/metrics")] == [
            200, 200, 200, 404]
        assert [status(admin, path) for path in ("/v2", "/livez", "/v2/health/live", "/metrics")] == [
            404, 200, 200, 200]
    finally:
        process.terminate()
        process.communicate(timeout=30)
        # The service manager's socket outlives the daemon: who connects now waits for the next one.
        with socket.create_connection(("127.0.0.1", data), timeout=20) as waiting:
            waiting.sendall(b"x")
            listeners[0].settimeout(20)
            with listeners[0].accept()[0] as successor:
                assert successor.recv(1) == b"x"
        for listener in listeners:
            listener.close()
        for number in high:
            os.close(number)
    assert process.returncode == 0


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("flags", [(), ("--limits-connections", "0")])
def test_fewDescriptorsAndManyClients_areWeather(stump, flags):
    """64 descriptors, 200 clients: no spinning, those who are in are served, and it recovers."""
    command = [BIN / "modeld", "--registry", stump, "--listen", "127.0.0.1:0", *flags]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    try:
        assert select.select([process.stdout], [], [], 30)[0]
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())[1])
        clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(200)]
        assert ask(clients[0]).startswith("HTTP/1.1 200")
        before, start = cpu_seconds(process.pid), time.monotonic()
        # Long enough to see a loop that spins: it would use all of it.
        while time.monotonic() - start < 1:
            assert ask(clients[1]).startswith("HTTP/1.1 200")
            select.select([], [], [], 0.1)
        assert cpu_seconds(process.pid) - before < 0.2
        for client in clients:
            client.close()
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as late:
            assert ask(late).startswith("HTTP/1.1 200")
            metrics = ask(late, "/metrics")
        assert time.monotonic() - start < 2
        pauses = re.findall(r"modeld_http_accept_pauses_total\{.*?\} (\d+)", metrics)
        assert sum(map(int, pauses)) > 0
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_clientsLimit_closesTheNewestAndIsChangedByReload(daemon, tmp_path, stump):
    file = tmp_path / "modeld.yaml"
    file.write_text("limits:\n  connections_per_client: 3\n")
    server = daemon(stump, "--config", file)

    def connect():
        return socket.create_connection(("127.0.0.1", server.port), timeout=20)

    with connect() as one, connect() as two, connect() as three:
        for client in (one, two, three):
            assert ask(client).startswith("HTTP/1.1 200")
        with connect() as four:
            assert four.recv(100) == b""
        file.write_text("limits:\n  connections_per_client: 4\n  rows: 17\n")
        server.process.send_signal(signal.SIGHUP)

        def isLetIn():
            with connect() as four:
                try:
                    return ask(four).startswith("HTTP/1.1 200")
                except ConnectionError:
                    return False

        server.eventually(isLetIn)
    log = server.stop()
    assert "a changed setting waits for a restart key=limits.rows" in log
    assert "connections_per_client" not in log


def test_manyRenewals_failNoHandshake(secured):
    """The files are replaced one after the other, so half of the reloads meet a pair that does not belong together."""
    place = secured("--tls-poll", "0s")
    failures, count, isOver = [], [0], threading.Event()

    def handshake():
        while not isOver.is_set():
            try:
                with place.connect() as connection:
                    if not ask(connection).startswith("HTTP/1.1 200"):
                        failures.append("no answer")
                count[0] += 1
            except OSError as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=handshake) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(60):
            name = ("renewed", "server")[turn % 2]
            for suffix, target in (("pem", "tls.crt"), ("key", "tls.key")):
                shutil.copy(TLS / f"{name}.{suffix}", place.directory / f".{target}")
                os.rename(place.directory / f".{target}", place.directory / target)
                place.server.process.send_signal(signal.SIGHUP)
                seen = count[0]
                place.server.eventually(lambda: count[0] > seen or failures)
    finally:
        isOver.set()
        for thread in threads:
            thread.join(30)
    assert failures == [] and count[0] >= 120
    metrics = place.server.get("/metrics").text
    assert "modeld_tls_handshake_failures_total 0" in metrics
    for outcome in ("changed", "failed"):
        times = int(re.search(rf'modeld_tls_reloads_total{{outcome="{outcome}"}} (\d+)', metrics)[1])
        assert times >= 1, outcome
