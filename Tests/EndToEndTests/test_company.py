# SPDX-License-Identifier: Apache-2.0
"""Requests that are computed together get the answers that they get alone."""
import json
import socket
import struct
import sys
import threading
import time

import pytest

from conftest import ROOT, age

sys.path.insert(0, str(ROOT / "Benchmarks"))
import make_model  # noqa: E402


@pytest.fixture
def forest(registry):
    """A registry with a model that takes longer for a row alone than for one of many."""
    directory = registry / "forest" / "1"
    directory.mkdir(parents=True)
    (directory / "model.json").write_text(json.dumps(make_model.model(500, 8, 6, 1)))
    age(registry / "forest")
    return registry


def rows(seed, count):
    return [[((seed * 7 + row * 5 + column * 3) % 19) / 4 - 2 for column in range(6)] for row in range(count)]


def metric(server, name):
    lines = server.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


def ask(server, requests):
    """Sends all at once, each by a thread of its own; the answers in the order of the requests."""
    answers = [None] * len(requests)

    def send(index):
        path, body = requests[index]
        answers[index] = server.post(path, body)

    threads = [threading.Thread(target=send, args=(index,)) for index in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def requests(count):
    """Of every dialect and several sizes, and some that are wrong."""
    made = []
    for index in range(count):
        data = rows(index, 1 + index % 3)
        tensor = {"name": "input", "shape": [len(data), 6], "datatype": "FP32", "data": data}
        made.append([("/v2/models/forest/infer", {"inputs": [tensor]}),
                     ("/v1/models/forest:predict", {"instances": data}),
                     ("/v2/models/forest/infer", {"inputs": [tensor], "outputs": [{"name": "leaf"}]}),
                     ("/invocations", {"instances": data}),
                     ("/v2/models/forest/infer", {"inputs": [tensor, {
                         "name": "base_margin", "shape": [len(data)], "datatype": "FP32", "data": [index] * len(data)}]}),
                     ("/v1/models/forest:predict", {"instances": [["x"] * 6]})][index % 6])
    return made


def test_answersInCompany_areThoseAlone(daemon, forest):
    asked = requests(60)
    alone = daemon(forest, "--scheduling-mode", "inline")
    expected = [(a.status, a.text) for a in map(lambda r: alone.post(*r), asked)]
    alone.stop()
    assert {status for status, _ in expected} == {200, 400}
    # No refusals, however slow the machine.
    server = daemon(forest, "--scheduling-mode", "workers", "--scheduling-workers", "1",
                    "--scheduling-batch-delay", "20ms", "--scheduling-queue-policy", "wait")
    for _ in range(3):
        assert [(a.status, a.text) for a in ask(server, asked)] == expected
    assert metric(server, "modeld_requests_joined_total") > 0
    counted = server.get("/v2/models/forest/stats").json["model_stats"][0]
    assert counted["inference_stats"]["success"]["count"] == 3 * 50
    assert counted["inference_stats"]["fail"]["count"] == 3 * 10
    assert counted["execution_count"] < 3 * 50, "some ran together"


def test_aRequestAlone_waitsNoLongerThanItMay(daemon, forest):
    server = daemon(forest, "--scheduling-mode", "workers", "--scheduling-batch-delay", "200ms")
    start = time.monotonic()
    assert server.infer("forest", rows(1, 1)).status == 200
    assert 0.2 <= time.monotonic() - start < 5


def test_sigterm_doesNotWaitForCompany(daemon, forest):
    server = daemon(forest, "--scheduling-mode", "workers", "--scheduling-batch-delay", "5s")
    statuses = []
    thread = threading.Thread(target=lambda: statuses.append(server.infer("forest", rows(1, 1)).status))
    thread.start()
    server.eventually(lambda: metric(server, "modeld_work_queue_requests") == 1)
    server.stop()
    thread.join()
    assert statuses == [200]


def test_aModelsPolicy_decidesItsCompany_withoutARestart(daemon, forest):
    server = daemon(forest, "--scheduling-mode", "workers", "--scheduling-workers", "1")

    def config():
        return server.get("/v2/models/forest/config").json

    def decide(text):
        path = forest / "forest/model.yaml"
        path.write_text(text)
        age(path)

    def asks(count):
        """What `count` requests of one row at once are answered in, and how many of them were joined."""
        before, start = metric(server, "modeld_requests_joined_total"), time.monotonic()
        answers = ask(server, [("/v1/models/forest:predict", {"instances": rows(n, 1)}) for n in range(count)])
        assert [answer.status for answer in answers] == [200] * count
        return time.monotonic() - start, metric(server, "modeld_requests_joined_total") - before

    assert config()["dynamic_batching"]["max_queue_delay_microseconds"] == 0
    assert config()["parameters"]["dynamic_batching.max_batch_size"]["string_value"] == "64"
    # Four wait for each other, and nobody for a fifth.
    decide("dynamic_batching: {max_batch_size: 16, preferred_batch_size: [4], max_queue_delay: 10s}\n")
    server.eventually(lambda: config()["dynamic_batching"]["preferred_batch_size"] == [4])
    assert config()["dynamic_batching"]["max_queue_delay_microseconds"] == 10_000_000
    assert config()["parameters"]["dynamic_batching.max_batch_size"]["string_value"] == "16"
    seconds, joined = asks(4)
    assert seconds < 10 and joined == 4
    # One waits as long as it may.
    decide("dynamic_batching: {max_queue_delay: 300ms}\n")
    server.eventually(lambda: config()["dynamic_batching"]["max_queue_delay_microseconds"] == 300_000)
    assert asks(1)[0] >= 0.3
    # Nobody is joined, however many wait.
    decide("dynamic_batching: {enabled: false}\n")
    server.eventually(lambda: "dynamic_batching" not in config())
    assert asks(16)[1] == 0
    # What cannot be is said, and what was decided before goes on.
    decide("dynamic_batching: {max_batch_size: 0}\n")
    server.logs("dynamic_batching.max_batch_size")
    assert "dynamic_batching" not in config()


def test_aClientThatIsGone_isNotComputedFor(daemon, forest):
    server = daemon(forest, "--scheduling-mode", "workers", "--scheduling-workers", "1",
                    "--scheduling-batch-delay", "500ms")
    body = json.dumps({"instances": rows(1, 1)}).encode()
    head = b"POST /v1/models/forest:predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    for client in clients:
        client.sendall(head + body)
    server.eventually(lambda: metric(server, "modeld_work_queue_requests") == 3)
    for client in clients:
        # With a reset: who only ends its side still wants its answer.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    server.eventually(lambda: metric(server, "modeld_work_queue_requests") == 0)
    assert server.infer("forest", rows(1, 1)).status == 200
    counted = server.get("/v2/models/forest/stats").json["model_stats"][0]
    assert counted["inference_stats"]["success"]["count"] == 1 and counted["execution_count"] == 1


def test_priorities_goFirst(daemon, forest):
    """While one is computed, others come: those of a priority are answered before those without."""
    server = daemon(forest, "--scheduling-mode", "workers", "--scheduling-workers", "1", "--scheduling-batch-rows", "1",
                    "--scheduling-queue-policy", "wait")
    order, threads = [], []

    def post(name, count, **parameters):
        tensor = {"name": "input", "shape": [count, 6], "datatype": "FP32",
                  "parameters": {"binary_data_size": 24 * count}}
        head = json.dumps({"inputs": [tensor], "parameters": parameters}).encode()
        headers = {"Inference-Header-Content-Length": str(len(head))}

        def send():
            assert server.post("/v2/models/forest/infer", head + bytes(24 * count), headers=headers).status == 200
            order.append(name)

        threads.append(threading.Thread(target=send))
        threads[-1].start()

    post("first", 400_000)
    server.eventually(lambda: metric(server, "modeld_http_requests_in_flight") >= 2)
    for index, (name, priority) in enumerate([("default", 0), ("second", 2), ("one", 1)]):
        post(name, 20_000, **({"priority": priority} if priority else {}))
        server.eventually(lambda: metric(server, "modeld_work_queue_requests") == index + 1)
    for thread in threads:
        thread.join()
    assert order == ["first", "one", "second", "default"]
