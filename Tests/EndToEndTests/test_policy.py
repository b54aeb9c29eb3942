# SPDX-License-Identifier: Apache-2.0
"""Policies of models over HTTP: versions, aliases, splits, shadows, limits, and models loaded on use."""
import collections
import concurrent.futures
import csv
import json
import re
import shutil
import time

import numpy
import pytest

from conftest import BIN, FIXTURES, age, run

STUMP = json.loads((FIXTURES / "protocols/registry/stump/1/model.json").read_text())


def write_version(registry, model, version, leaf=None):
    """A stump whose left leaf is `leaf`, by default the version's number."""
    tree = STUMP["learner"]["gradient_booster"]["model"]["trees"][0]
    tree["split_conditions"][1] = float(version) if leaf is None else leaf
    directory = registry / model / str(version)
    directory.mkdir(parents=True)
    (directory / "model.json").write_text(json.dumps(STUMP))
    age(directory)


def write_policy(registry, model, text):
    path = registry / model / "model.yaml"
    path.write_text(text)
    age(path)


def write_revision(registry, model, number, **members):
    directory = registry / model / ".policy"
    directory.mkdir(exist_ok=True)
    hidden = directory / f".{number}.tmp"
    hidden.write_text(json.dumps({"modeld_policy": 1, "model": model, "revision": number, **members}))
    hidden.rename(directory / f"{number:010}.json")


def infer(server, path, headers=None, first=0.25):
    body = {"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [first, 1]}]}
    return server.request("POST", path, json.dumps(body), headers=headers)


def version_of(answer):
    """The version that answered; its prediction says the same."""
    assert answer.status == 200, answer.text
    version = answer.json["model_version"]
    assert answer.json["outputs"][0]["data"] == [float(version)]
    return version


def metric(server, pattern):
    found = re.findall(rf"^{pattern} ([0-9.e+-]+)$", server.request("GET", "/metrics").text, re.M)
    return sum(float(value) for value in found)


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not come about"
        time.sleep(0.02)


@pytest.fixture
def registry(tmp_path):
    root = tmp_path / "models"
    for version in (1, 2, 3):
        write_version(root, "m", version)
    return root


def test_versionsAliasesAndDefaults_answerInEveryDialect(daemon, registry):
    write_policy(registry, "m", "{versions: all, default: champion, aliases: {champion: 2, canary: 3}}")
    server = daemon(registry)
    for path, expected in {
        "/v2/models/m": "2", "/v2/models/m/versions/1": "1", "/v2/models/m/labels/canary": "3",
        "/v2/models/m/labels/latest": "3", "/v2/models/m@champion": "2", "/v2/models/m@latest": "3",
    }.items():
        assert version_of(infer(server, f"{path}/infer")) == expected, path
    rows = json.dumps({"instances": [[0.25, 1]]})
    for path, expected in {
        "/v1/models/m": 2.0, "/v1/models/m/versions/1": 1.0, "/v1/models/m/labels/canary": 3.0,
        "/v1/models/m@canary": 3.0,
    }.items():
        answer = server.request("POST", f"{path}:predict", rows)
        assert answer.json == {"predictions": [expected]}, path
    csv_type = {"Content-Type": "text/csv"}
    for path, expected in {
        "/models/m/invoke": 2, "/models/m@canary/invoke": 3, "/models/m@latest/invoke": 3,
    }.items():
        answer = server.request("POST", path, "0.25,1\n", headers=csv_type)
        assert answer.json == {"predictions": [expected]}, (path, answer.text)
    for path, expected in {"m": 2, "m/versions/1": 1, "m@canary": 3}.items():
        answer = server.request("POST", f"/v2/models/{path}/batch", "f0,f1\n0.25,1\n", headers=csv_type)
        assert answer.text == f"predictions,error\n{expected}.0,\n", (path, answer.text)
    assert server.request("GET", "/v2/models/m/labels/canary").json["versions"] == ["3"]
    status = server.request("GET", "/v1/models/m/labels/champion").json["model_version_status"]
    assert [entry["version"] for entry in status] == ["2"]
    for path in ("/v2/models/m/labels/nobody/infer", "/v2/models/m@nobody/infer", "/v2/models/m/versions/9/infer"):
        assert infer(server, path).status == 404, path
    assert "no version called 'nobody'" in infer(server, "/v2/models/m@nobody/infer").text


def test_splits_areExactAndSticky(daemon, registry):
    write_policy(registry, "m", "{versions: all, split: {1: 70, 2: 20, 3: 10}, sticky: {header: X-User}}")
    server = daemon(registry)
    counts = collections.Counter(version_of(infer(server, "/v2/models/m/infer")) for _ in range(1000))
    for version, share in {"1": 700, "2": 200, "3": 100}.items():
        assert abs(counts[version] - share) <= 5, counts
    users = {f"user-{number}": None for number in range(60)}
    for _ in range(3):
        for user in users:
            version = version_of(infer(server, "/v2/models/m/infer", {"x-user": user}))
            assert users[user] in (None, version)
            users[user] = version
    assert len(set(users.values())) == 3
    # Another daemon on the same directory assigns the same users alike.
    other = daemon(registry)
    assert {user: version_of(infer(other, "/v2/models/m/infer", {"X-User": user})) for user in users} == users


def test_revisions_applyWithoutARestartAndBadOnesDoNot(daemon, registry):
    server = daemon(registry)
    assert version_of(infer(server, "/v2/models/m/infer")) == "3"
    write_revision(registry, "m", 1, default=2, aliases={"old": 1})
    wait_until(lambda: version_of(infer(server, "/v2/models/m/infer")) == "2")
    assert version_of(infer(server, "/v2/models/m@old/infer")) == "1"
    write_revision(registry, "m", 2, default="nobody")
    wait_until(lambda: metric(server, "modeld_policy_failures_total") == 1)
    assert version_of(infer(server, "/v2/models/m/infer")) == "2"
    # A version that is not there yet is waited for.
    write_revision(registry, "m", 3, default=4)
    time_of_look = metric(server, "modeld_registry_scans_total")
    wait_until(lambda: metric(server, "modeld_registry_scans_total") > time_of_look)
    assert version_of(infer(server, "/v2/models/m/infer")) == "2"
    write_version(registry, "m", 4)
    wait_until(lambda: version_of(infer(server, "/v2/models/m/infer")) == "4")


def test_shadows_areComparedAndNeverAnswer(daemon, registry):
    write_version(registry, "m", 4, leaf=3.0)
    write_policy(registry, "m", "{versions: all, default: 3, shadow: {to: 2}}")
    write_version(registry, "n", 1)
    write_version(registry, "n", 2, leaf=1.0)
    write_policy(registry, "n", "{default: 1, shadow: {to: 2, percent: 50}}")
    server = daemon(registry)
    for _ in range(40):
        assert version_of(infer(server, "/v2/models/m/infer")) == "3"
        assert infer(server, "/v2/models/n/infer").json["model_version"] == "1"
    # Right of the split both versions say the same.
    assert infer(server, "/v2/models/m/infer", first=0.75).status == 200
    labels = 'modeld_shadow_requests_total{{model="{}",version="2",outcome="{}"}}'
    wait_until(lambda: metric(server, labels.format("m", "different")) == 40)
    wait_until(lambda: metric(server, labels.format("m", "same")) == 1)
    wait_until(lambda: metric(server, labels.format("n", "same")) == 20)
    assert metric(server, labels.format("n", "different")) == 0


def test_moreThanTheLimits_isRefusedInTheDialectsForm(daemon, tmp_path, registry):
    write_policy(registry, "m", "limits: {concurrency: 1, queue: 0}")
    # Everything waits for a worker, so that requests of one model meet.
    server = daemon(registry, "--scheduling-mode", "workers", "--scheduling-workers", "4")
    rows = 20_000
    inputs = {"name": "input", "shape": [rows, 2], "datatype": "FP32", "data": [0.25, 1.0] * rows}
    v2 = json.dumps({"inputs": [inputs]})
    v1 = json.dumps({"instances": [[0.25, 1.0]] * rows})

    def send(number):
        if number % 2:
            return server.request("POST", "/v1/models/m:predict", v1)
        return server.request("POST", "/v2/models/m/infer", v2)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(80)))
    statuses = collections.Counter((number % 2, answer.status) for number, answer in enumerate(answers))
    assert set(status for _, status in statuses) <= {200, 503}, statuses
    words = ("Exceeds maximum queue size", "The batch scheduling queue to which this task was submitted is full")
    refused = [answer for answer in answers if answer.status != 200]
    assert all(answer.json["error"].startswith(words) for answer in refused)
    assert refused and all(answer.headers["Retry-After"] == "1" for answer in refused)
    assert statuses[(0, 200)] + statuses[(1, 200)] >= 1
    # With room to wait nobody is refused, and all places come back.
    write_policy(registry, "m", "limits: {concurrency: 1, queue: 100}")
    wait_until(lambda: "queue" in (registry / "m/model.yaml").read_text())
    policies = 'modeld_registry_scans_total'
    before = metric(server, policies)
    wait_until(lambda: metric(server, policies) >= before + 2)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert collections.Counter(answer.status for answer in pool.map(send, range(40))) == {200: 40}


@pytest.mark.parametrize("mode", ["auto", "inline"])
def test_models_areLoadedByTheirFirstRequestAndMakeRoom(daemon, tmp_path, mode):
    registry = tmp_path / "models"
    for number in range(40):
        write_version(registry, f"m{number}", 1)
    write_policy(registry, "m7", "pinned: true")
    server = daemon(registry, "--models-load", "first_use", "--models-memory", "60KiB", "--scheduling-mode", mode)
    assert metric(server, 'modeld_model_versions{state="ready"}') == 0
    assert version_of(infer(server, "/v2/models/m7/infer")) == "1"
    assert server.request("GET", "/v2/models/m8/ready").status == 200
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: infer(server, f"/v2/models/m{number % 40}/infer"), range(400)))
    assert [version_of(answer) for answer in answers] == ["1"] * 400
    assert 0 < metric(server, "modeld_models_memory_bytes") <= 60 << 10
    assert metric(server, "modeld_model_evictions_total") > 0
    states = {entry["name"]: entry["state"] for entry in
              server.request("POST", "/v2/repository/index", "{}").json}
    assert states["m7"] == "READY" and set(states.values()) - {"READY"}
    assert infer(server, "/v2/models/absent/infer").status == 404


@pytest.mark.parametrize("mode", ["auto", "workers", "inline"])
@pytest.mark.parametrize("rows", [1, 20_000])
def test_manyWhoWaitForAModel_areAllAnsweredWithinItsLimits(daemon, tmp_path, mode, rows):
    registry = tmp_path / "models"
    for number in range(5):
        write_version(registry, f"m{number}", 1)
        if mode != "inline":
            # Where there are no workers, nobody can wait for a place.
            write_policy(registry, f"m{number}", "limits: {concurrency: 1, queue: 100}")
    server = daemon(registry, "--models-load", "first_use", "--scheduling-mode", mode)
    inputs = {"name": "input", "shape": [rows, 2], "datatype": "FP32", "data": [0.25, 1.0] * rows}
    body = json.dumps({"inputs": [inputs]})
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        for number in range(5):
            answers = list(pool.map(
                lambda _: server.request("POST", f"/v2/models/m{number}/infer", body), range(40)))
            assert collections.Counter(answer.status for answer in answers) == {200: 40}
            assert all(len(answer.json["outputs"][0]["data"]) == rows for answer in answers)


@pytest.mark.parametrize("best", [False, True])
def test_bestIteration_countsWhereverTheModelAnswers(daemon, tmp_path, best):
    """Online, in a batch, in a job, and in a file without a server: the numbers are XGBoost's own."""
    recorded = json.loads((FIXTURES / "models/best_iteration.json").read_text())["early_stopping"]
    expected = recorded["best" if best else "all"]
    registry = tmp_path / "models"
    (registry / "m/1").mkdir(parents=True)
    shutil.copy(FIXTURES / "models/xgb_early_stopping.json", registry / "m/1/model.json")
    write_policy(registry, "m", f"best_iteration: {str(best).lower()}")
    age(registry / "m")
    server = daemon(registry, "--jobs-directory", tmp_path / "jobs")

    def numbers(text):
        return [float(row["predictions"]) for row in csv.DictReader(text.splitlines())]

    def same(found):
        return numpy.array_equal(numpy.array(found, numpy.float32), numpy.array(expected, numpy.float32))

    online = server.infer("m", recorded["rows"], datatype="FP32")
    assert same(online.json["outputs"][0]["data"]), online.text
    rows = "".join(",".join(map(repr, row)) + "\n" for row in recorded["rows"])
    records = "f0,f1,f2,f3\n" + rows
    batch = server.post("/v2/models/m/batch", records, headers={"Content-Type": "text/csv"})
    assert batch.status == 200 and same(numbers(batch.text)), batch.text
    job = server.post("/v2/models/m/batch/jobs", records, headers={"Content-Type": "text/csv"})
    assert job.status == 202, job.text
    path = f"/v2/batch/jobs/{job.json['id']}"
    # Whatever becomes of the model meanwhile.
    (registry / "m/model.yaml").unlink()
    server.eventually(lambda: server.get(path).json["state"] == "completed")
    assert same(numbers(server.get(path + "/result").text))
    write_policy(registry, "m", f"best_iteration: {str(best).lower()}")
    (tmp_path / "rows.csv").write_text(records)
    run(BIN / "modelctl", "batch", registry, tmp_path / "rows.csv", tmp_path / "answers.csv")
    assert same(numbers((tmp_path / "answers.csv").read_text()))
