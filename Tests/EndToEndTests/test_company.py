# SPDX-License-Identifier: Apache-2.0
"""Requests that are computed together get the answers that they get alone."""
import json
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
    server = daemon(forest, "--scheduling-mode", "workers", "--scheduling-workers", "1",
                    "--scheduling-batch-delay", "20ms")
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
