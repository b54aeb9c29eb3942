# SPDX-License-Identifier: Apache-2.0
"""What an operator sees and does: access log, request identifiers, signals, health."""
import json
import select
import signal
import socket
import threading

import pytest

from test_listeners import ask

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def requests(log):
    lines = [json.loads(line) for line in log.splitlines()]
    return [line for line in lines if line["message"].startswith("request")]


def test_accessLog_tellsOneLineARequest(daemon, stump):
    server = daemon(stump, "--log-access", "all", "--log-format", "json")
    server.infer("stump", [[0.25, 1.0]])
    answer = server.get("/nowhere?key=secret", headers={"X-Request-Id": "mine-1", "traceparent": TRACE})
    assert answer.status == 404 and answer.headers["X-Request-Id"] == "mine-1"
    log = requests(server.stop())
    assert [line["status"] for line in log] == [200, 404]
    assert log[0]["route"] == "/v2/models/{model}/infer" and log[0]["path"] == "/v2/models/stump/infer"
    assert log[0]["client"] == "127.0.0.1" and log[0]["method"] == "POST"
    assert log[0]["bytes_in"] > 50 and log[0]["bytes_out"] > 50 and 0 < log[0]["seconds"] < 5
    assert len(log[0]["request_id"]) == 33 and "trace_id" not in log[0]
    assert log[1]["request_id"] == "mine-1"
    assert log[1]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert log[1]["parent_id"] == "b7ad6b7169203331" and log[1]["trace_sampled"] is True
    assert "secret" not in json.dumps(log) and "route" not in log[1]


@pytest.mark.parametrize("mode, statuses", [
    ("off", []), ("errors", [404, 400]), ("sampled", [200]), ("all", [200, 404, 400, 200])])
def test_accessLog_canBeLimited(daemon, stump, mode, statuses):
    server = daemon(stump, "--log-access", mode, "--log-access-sample", "4", "--loops", "1", "--log-format", "json")
    for path in ("/livez", "/nowhere", "/v2/models/%ff", "/readyz"):
        server.get(path)
    assert [line["status"] for line in requests(server.stop())] == statuses


@pytest.mark.parametrize("format", ["text", "json"])
def test_accessLog_isNotBrokenByAnyByte(daemon, stump, format):
    server = daemon(stump, "--log-access", "all", "--log-format", format)
    # Read meanwhile: a full pipe would stop the daemon.
    pieces = []
    reader = threading.Thread(target=lambda: pieces.extend(server.process.stderr))
    reader.start()
    sent = 0
    for byte in range(256):
        hostile = bytes([byte])
        for request in (
            b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: a" + hostile + b"b\r\n"
            b"traceparent: " + hostile + b"\r\n\r\n",
            b"GET /" + hostile + b"x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            b"GET /%" + format_hex(byte) + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        ):
            with connect(server) as client:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            sent += 1
    server.process.terminate()
    reader.join(30)
    log = "".join(pieces)
    lines = log.splitlines()
    if format == "json":
        assert len(requests(log)) == sent
    else:
        assert len([line for line in lines if " info request" in line]) == sent
    assert all(" " <= character <= "~" for line in log.split("\n") for character in line)


def format_hex(byte):
    return f"{byte:02X}".encode()


def test_accessLevels_areChangedByReload(daemon, tmp_path, stump):
    file = tmp_path / "modeld.yaml"
    file.write_text("log:\n  format: json\n")
    server = daemon(stump, "--config", file)
    server.get("/livez")
    file.write_text("log:\n  format: json\n  access: all\n  level: error\n")
    server.process.send_signal(signal.SIGHUP)
    seen = []

    def isLogged():
        server.get("/readyz")
        while select.select([server.process.stderr], [], [], 0)[0]:
            seen.append(server.process.stderr.readline())
        return any('"path":"/readyz"' in line for line in seen)

    server.eventually(isLogged)
    server.get("/v2")
    log = server.stop()
    assert '"path":"/livez"' not in "".join(seen) + log
    # The level hides the end, and not the requests.
    assert "shutting down" not in log and '"path":"/v2"' in log


def test_brokenConfiguration_changesNothing(daemon, tmp_path, stump):
    file = tmp_path / "modeld.yaml"
    file.write_text("log:\n  access: off\n")
    server = daemon(stump, "--config", file)
    file.write_text("log:\n  access: all\n  levle: debug\n")
    server.process.send_signal(signal.SIGHUP)
    server.eventually(lambda: "configuration was refused" in (server.process.stderr.readline()))
    server.get("/livez")
    assert "/livez" not in server.stop()


def test_secondSignal_costsNoAnswer(daemon, stump):
    server = daemon(stump, "--shutdown-grace", "1s")
    with connect(server) as client:
        assert ask(client).startswith("HTTP/1.1 200")
        for by in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            server.process.send_signal(by)
        answer = ask(client, "/livez")
        assert answer.startswith("HTTP/1.1 200")
    log = server.stop()
    assert server.process.returncode == 0, log
    assert "shutting down" in log and "stopped" in log


def test_health_isToldInEveryForm(daemon, stump):
    server = daemon(stump, "--shutdown-grace", "3s")
    for path in ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready"):
        assert server.get(path).status == 200, path
    assert server.get("/livez").text == "ok\n"
    server.process.send_signal(signal.SIGTERM)
    server.eventually(lambda: server.get("/readyz").status == 503)
    assert server.get("/livez").status == 200


def test_liveness_doesNotDependOnModels(daemon, registry):
    broken = registry / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "model.json").write_text("{")
    server = daemon(registry)
    assert server.get("/livez").status == 200


def test_signalsRightAfterTheStart_areNotLost(daemon, registry):
    for _ in range(10):
        server = daemon(registry)
        server.process.send_signal(signal.SIGHUP)
        server.process.send_signal(signal.SIGTERM)
        log = server.stop()
        assert server.process.returncode == 0
        assert "stopped" in log


def test_reloadRightAfterTheStart_isNotLost(daemon, registry):
    for _ in range(10):
        server = daemon(registry)
        server.process.send_signal(signal.SIGHUP)
        server.eventually(lambda: "configuration was read again" in server.process.stderr.readline())
        server.stop()
