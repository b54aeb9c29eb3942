# SPDX-License-Identifier: Apache-2.0
"""What happens to jobs when the disk, the daemon or the asker is not as it should be."""
import hashlib
import json
import os
import pathlib
import select
import shutil

import pytest

import job_faults
from conftest import BIN, FIXTURES, age, publish_fixture

REGISTRY = FIXTURES / "protocols" / "registry"
JOBS = "/v2/models/stump/batch/jobs"
KEY = "a-key-of-ours"
# Every so manieth call that changes the disk is disturbed; 1 for a thorough run.
STEP = int(os.environ.get("MODELD_JOB_FAULT_STEP", "6"))

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def over(server, job, headers=None):
    def is_over():
        found = server.get(f"/v2/batch/jobs/{job}", headers=headers).json
        return found if found["state"] not in ("running", "paused") else None

    return server.eventually(is_over, seconds=60)


@needs_compiler
@pytest.mark.parametrize("named", [False, True], ids=["upload", "namedFile"])
def test_aFaultAtAnyCall_losesAndChangesNothing(tmp_path, named):
    injector = job_faults.JobInjector(BIN / "modeld", tmp_path, named)
    assert len(injector.calls) > 60
    count, kept = injector.all(step=STEP, at_once=2)
    assert kept > count / 3
    print(f"{len(injector.calls)} calls, {count} injections, {kept} with a job")


@needs_compiler
def test_aFullDisk_makesAJobWait_andItGoesOn(tmp_path):
    shim = job_faults.build_shim(tmp_path)
    jobs, full = tmp_path / "jobs", tmp_path / "full"
    jobs.mkdir()
    server = job_faults.Server(BIN / "modeld", jobs, shim, FAULT_WHILE=str(full))
    try:
        status, answer = job_faults.create(server)
        assert status == 202
        job = json.loads(answer)["id"]
        job_faults.finished(server)
        expected = job_faults.JobInjector.result(server, job)
        # Accepted, and then there is no room.
        assert server.ask("POST", f"/v2/batch/jobs/{job}/pause", b"")[0] == 409
        full.write_text("")
        assert job_faults.create(server)[0] == 507
        full.unlink()
        status, answer = job_faults.create(server)
        job = json.loads(answer)["id"]
        full.write_text("")
        while True:
            found = next(one for one in server.jobs() if one["id"] == job)
            if found["state"] == "completed" or "waits" in found:
                break
            select.select([], [], [], 0.01)
        if found["state"] == "running":
            assert "No space left" in found["waits"] and str(jobs) in found["waits"], found
        full.unlink()
        assert all(one["state"] == "completed" for one in job_faults.finished(server))
        assert job_faults.JobInjector.result(server, job) == expected
        assert "waits" not in next(one for one in server.jobs() if one["id"] == job)
    finally:
        server.stop()


def with_keys(daemon, tmp_path, *flags):
    keys = tmp_path / "keys"
    keys.write_text(f"ada {hashlib.sha256(KEY.encode()).hexdigest()}\n")
    return daemon(REGISTRY, "--admin-keys", keys, "--jobs-directory", tmp_path / "jobs", *flags)


def test_whereThereAreKeys_jobsNeedOne(daemon, tmp_path):
    server = with_keys(daemon, tmp_path)
    rows, own = b"f0,f1\n1,2\n", {"Authorization": f"Bearer {KEY}"}
    created = server.post(JOBS, rows, headers=own)
    assert created.status == 202 and created.json["created_by"] == "ada"
    job = created.json["id"]
    over(server, job, own)
    place = f"/v2/batch/jobs/{job}"
    for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": KEY}):
        for method, path, body in [("POST", JOBS, rows), ("POST", JOBS + "?input=x", b""), ("GET", "/v2/batch/jobs", None),
                                   ("GET", place, None), ("GET", place + "/result", None), ("POST", place + "/pause", b""),
                                   ("POST", place + "/resume", b""), ("POST", place + "/cancel", b""),
                                   ("DELETE", place, None)]:
            answer = server.request(method, path, body, headers=headers)
            assert (answer.status, answer.headers.get("WWW-Authenticate")) == (401, "Bearer"), (method, path, headers)
    # Predictions, of files too, need none.
    assert server.post("/v2/models/stump/batch", rows).status == 200
    assert server.get(place + "/result", headers=own).status == 200
    assert server.request("DELETE", place, headers=own).status == 204


def test_withoutKeys_whoMayPredictMayUseJobs(daemon, tmp_path):
    server = daemon(REGISTRY, "--jobs-directory", tmp_path / "jobs")
    created = server.post(JOBS, b"f0,f1\n1,2\n")
    assert created.status == 202 and "created_by" not in created.json


def test_aModelThatIsNotLoaded_isLoadedForIt(daemon, stump, tmp_path):
    server = daemon(stump, "--jobs-directory", tmp_path / "jobs", "--models-load", "first_use")
    index = {one["name"]: one for one in server.post("/v2/repository/index", "{}").json}
    assert index["stump"]["state"] != "READY"
    answer = server.post("/v2/models/stump/batch", b"f0,f1\n0.25,1\n")
    assert (answer.status, answer.text) == (200, "predictions,error\n1.5,\n"), answer.text
    other = daemon(stump, "--jobs-directory", tmp_path / "jobs", "--models-load", "first_use")
    job = other.post(JOBS, b"f0,f1\n0.25,1\n")
    assert job.status == 202, job.text
    over(other, job.json["id"])
    streamed = daemon(stump, "--models-load", "first_use")
    answer = streamed.post("/v2/models/stump/batch", b"f0,f1\n0.25,1\n", headers={"Prefer": "respond-streaming"})
    assert (answer.status, answer.text) == (200, "predictions,error\n1.5,\n"), answer.text
    broken = stump / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "model.json").write_text('{"learner": 1}')
    age(stump / "broken")
    late = daemon(stump, "--jobs-directory", tmp_path / "jobs", "--models-load", "first_use")
    for headers in ({}, {"Prefer": "respond-streaming"}):
        assert late.post("/v2/models/broken/batch", b"f0,f1\n0.25,1\n", headers=headers).status == 503


def test_aJobOutlivesItsModel(daemon, stump, tmp_path):
    server = daemon(stump, "--jobs-directory", tmp_path / "jobs", "--jobs-range-bytes", "64KiB")
    rows = b"f0,f1\n" + b"0.25,1\n0.75,1\n" * 100_000
    job = server.post(JOBS, rows).json
    assert job["version"] == "1"
    server.stop()
    # Another model under the same version's name, as if the first had been removed.
    shutil.rmtree(stump / "stump")
    publish_fixture(stump, "other", REGISTRY / "stump" / "1" / "model.json")
    server = daemon(stump, "--jobs-directory", tmp_path / "jobs", "--jobs-range-bytes", "64KiB")
    found = over(server, job["id"])
    assert found["state"] == "completed" and found["records"] == 200_000, found
    result = server.get(f"/v2/batch/jobs/{job['id']}/result").text.splitlines()
    assert set(result[1:]) == {"1.5,", "-2.0,"}


def test_whatHasEnded_isRemovedAfterItsRetention(daemon, tmp_path):
    place = tmp_path / "jobs"
    server = daemon(REGISTRY, "--jobs-directory", place, "--jobs-retention", "1h")
    done = server.post(JOBS, b"f0,f1\n1,2\n").json["id"]
    kept = server.post(JOBS, b"f0,f1\n1,2\n").json["id"]
    over(server, done), over(server, kept)
    os.utime(place / done / "result", (1, 1))
    server.eventually(lambda: server.get(f"/v2/batch/jobs/{done}").status == 404)
    assert not (place / done).exists() and server.get(f"/v2/batch/jobs/{kept}").status == 200


def test_aResult_isTakenInPieces(daemon, tmp_path):
    server = daemon(REGISTRY, "--jobs-directory", tmp_path / "jobs")
    job = server.post(JOBS + "?to=vertex&key_field=id&format=jsonl",
                      b"".join(b'{"id":%d,"f0":0.25,"f1":1}\n' % i for i in range(5_000))).json["id"]
    over(server, job)
    path = f"/v2/batch/jobs/{job}/result"
    whole = server.get(path).body
    assert json.loads(whole.splitlines()[4_999]) == {"key": 4_999, "prediction": 1.5}
    pieces, size = b"", 10_000
    while len(pieces) < len(whole):
        answer = server.get(path, headers={"Range": f"bytes={len(pieces)}-{len(pieces) + size - 1}"})
        assert answer.status == 206
        pieces += answer.body
    assert pieces == whole
    assert server.get(path, headers={"Range": f"bytes={len(whole)}-"}).status == 416
    assert hashlib.sha256(whole).hexdigest() == json.loads(
        (pathlib.Path(tmp_path) / "jobs" / job / "manifest.json").read_text())["sha256"]
