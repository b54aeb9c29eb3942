# SPDX-License-Identifier: Apache-2.0
"""Where requests are answered, and what happens when there are too many of them."""
import collections
import http.client
import json
import socket
import sys
import threading
import time

import pytest

from conftest import ROOT, age

sys.path.insert(0, str(ROOT / "Benchmarks"))
import make_model  # noqa: E402


@pytest.fixture
def forest(registry):
    """A registry with a model that takes some ten microseconds a row."""
    directory = registry / "forest" / "1"
    directory.mkdir(parents=True)
    (directory / "model.json").write_text(json.dumps(make_model.model(600, 6, 4, 1)))
    age(registry / "forest")
    return registry


def rows(count):
    return [[(row * 7 + column * 3) % 17 - 8.25 for column in range(4)] for row in range(count)]


def metric(server, name):
    lines = server.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_answers_areTheSameOnTheLoopAndOnWorkers(daemon, forest, protocol):
    bodies = {}
    for mode in ("inline", "workers", "auto"):
        server = daemon(forest, "--scheduling-mode", mode)
        for count in (1, 3, 500):
            answer = (server.infer("forest", rows(count)) if protocol == "v2"
                      else server.post("/v1/models/forest:predict", {"instances": rows(count)}))
            assert answer.status == 200, answer.text
            assert bodies.setdefault(count, answer.text) == answer.text
        assert server.infer("forest", [[1.0]]).status == 400
        waited = metric(server, "modeld_work_queue_wait_seconds_count")
        if mode == "auto":
            assert 1 <= waited <= 4, "500 rows are worth a hand-over"
        else:
            assert waited == {"inline": 0, "workers": 4}[mode]
        assert metric(server, "modeld_http_requests_in_flight") == 1, "only the scrape itself"
        server.stop()


def test_healthIsAnswered_whileAllWorkersAreBusy(daemon, forest):
    server = daemon(forest, "--scheduling-workers", "1", "--loops", "1")
    body = json.dumps({"instances": rows(20_000)})
    threads = [threading.Thread(target=server.post, args=("/v1/models/forest:predict", body)) for _ in range(3)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    while any(thread.is_alive() for thread in threads):
        start = time.monotonic()
        assert server.get("/v2/health/live").status == 200
        slowest = max(slowest, time.monotonic() - start)
    for thread in threads:
        thread.join()
    assert slowest < 5, "health waits for no model"


def test_moreThanMayWait_isRefusedWithRetryAfter(daemon, forest):
    server = daemon(forest, "--scheduling-workers", "1", "--scheduling-queue-requests", "1")
    body = json.dumps({"instances": rows(20_000)})
    answers = []

    def ask():
        answer = server.post("/v1/models/forest:predict", body)
        answers.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = collections.Counter(answer.status for answer in answers)
    assert set(statuses) == {200, 503}, statuses
    for answer in answers:
        if answer.status == 503:
            assert int(answer.headers["Retry-After"]) >= 1
            assert "overloaded" in answer.json["error"]
    assert metric(server, "modeld_requests_refused_total") == statuses[503]
    assert metric(server, "modeld_work_queue_requests") == 0
    assert server.infer("forest", rows(1)).status == 200


def test_pipelinedRequests_areAnsweredInOrder_whereverTheyAreAnswered(daemon, forest):
    server = daemon(forest)
    counts = [1, 800, 1, 1, 400, 1]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    bodies = [json.dumps({"instances": rows(count)}).encode() for count in counts]
    connection.sock.sendall(b"".join(
        b"POST /v1/models/forest:predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        for body in bodies))
    reader = connection.sock.makefile("rb")
    for count in counts:
        head = {}
        assert reader.readline().startswith(b"HTTP/1.1 200")
        while (line := reader.readline().strip()):
            name, _, value = line.partition(b":")
            head[name.lower()] = value.strip()
        answer = json.loads(reader.read(int(head[b"content-length"])))
        assert len(answer["predictions"]) == count
    connection.close()


def test_sigterm_letsWhatWaitsForAWorkerBeAnswered(daemon, forest):
    server = daemon(forest, "--scheduling-workers", "1")
    body = json.dumps({"instances": rows(20_000)})
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(server.post("/v1/models/forest:predict", body).status))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    # The scrape itself is one of those in flight.
    server.eventually(lambda: metric(server, "modeld_http_requests_in_flight") - 1 + len(statuses) >= 4)
    server.stop()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    assert server.process.returncode == 0


def test_heavyRequests_waitForNoneBehindThem(daemon, forest):
    """Heavy ones leave a worker free, whose signal they have used up: the last must not wait for another's."""
    server = daemon(forest, "--scheduling-workers", "2")
    body = json.dumps({"instances": rows(5_000)})
    for _ in range(5):
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(
            server.post("/v1/models/forest:predict", body).status)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 4


def test_largeAnswers_comeWholeAndInOrder(daemon, forest):
    """Answers of more than 128 KiB are handed over, not copied; what was pipelined behind them follows."""
    server = daemon(forest)
    large, small = rows(60_000), rows(1)
    expected = {count: server.infer("forest", rows(count)).json for count in (1, 60_000)}

    def post(some):
        body = json.dumps({"inputs": [{"name": "input", "datatype": "FP64", "shape": [len(some), 4], "data": some}]})
        head = f"POST /v2/models/forest/infer HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        return (head + body).encode()

    with socket.create_connection(("127.0.0.1", server.port)) as client:
        sender = threading.Thread(target=client.sendall, args=(post(large) + post(small) + post(large) + post(small),))
        sender.start()
        answers = client.makefile("rb")
        for count in (60_000, 1, 60_000, 1):
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            headers = http.client.parse_headers(answers)
            text = answers.read(int(headers["Content-Length"]))
            if count > 1:
                assert len(text) > 131_072
            assert json.loads(text) == expected[count]
        sender.join()


def test_handlerTimeout_isAnsweredInItsPlace(daemon, forest):
    server = daemon(forest, "--timeouts-handler", "20ms")
    answer = server.post("/v1/models/forest:predict", {"instances": rows(100_000)})
    assert answer.status == 504 and "not ready in time" in answer.text
    assert server.infer("forest", rows(1)).status == 200


def test_compression_canBeTurnedOff(daemon, forest):
    for value, coding in (("accepted", "gzip"), ("off", None)):
        server = daemon(forest, "--compression-answers", value, "--compression-body-bytes", "1KiB")
        answer = server.get("/metrics", headers={"Accept-Encoding": "gzip"})
        assert answer.headers.get("content-encoding", answer.headers.get("Content-Encoding")) == coding
        server.stop()
