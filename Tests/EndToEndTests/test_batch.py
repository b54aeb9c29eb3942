# SPDX-License-Identifier: Apache-2.0
"""Batch predictions, by modelctl and over HTTP."""
import csv
import gzip
import hashlib
import io
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess

import pytest

from conftest import BIN, FIXTURES, clean_environment, run

STUMP = FIXTURES / "protocols" / "registry" / "stump" / "1" / "model.json"
# How many generated files are compared with Python's csv; raise it for a thorough run.
CORPUS = int(os.environ.get("MODELD_CSV_CORPUS", "150"))


def batch(*arguments, data=None, check=True):
    result = subprocess.run([str(BIN / "modelctl"), "batch", *map(str, arguments)], input=data, capture_output=True,
                            env=clean_environment(), timeout=300)
    if check:
        assert result.returncode == 0, result.stderr
    return result


def nasty_file(seed):
    """A CSV file as Python writes it, out of everything that is awkward in CSV; and its delimiter."""
    chance = random.Random(seed)
    delimiter = chance.choice([",", ",", ";", "\t", "|"])
    pieces = ["", "a", "b c", '"', '""', ",", ";", "\t", "|", "\n", "\r\n", "\r", "ä", "日本", "\u2028", "'", "\\", "0.5",
              "-1e5", " ", "x" * 300, '"\n"', "NA", "\u00a0"]
    width = chance.randint(1, 6)
    text = io.StringIO(newline="")
    if chance.random() < 0.2:
        text.write("\ufeff")
    end = chance.choice(["\n", "\r\n"])
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    if end == "\n" and quoting == csv.QUOTE_MINIMAL:
        # Python does not quote them then, and takes each for the end of a line.
        pieces = [piece for piece in pieces if "\r" not in piece]
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    names = [f"c{index}{chance.choice(pieces[1:]).strip()}" for index in range(width)]
    place = chance.randint(0, width)
    header = [name.strip() for name in names[:place] + ["f0", "f1"] + names[place:]]
    writer.writerow(header)
    for _ in range(chance.randint(0, 30)):
        row = ["".join(chance.choices(pieces, k=chance.randint(0, 3))) for _ in range(width)]
        row = row[:place] + [repr(chance.uniform(-3, 3)), str(chance.randint(-9, 9))] + row[place:]
        if chance.random() < 0.05:
            row = row[:chance.randint(1, len(row) - 1)] if chance.random() < 0.5 else row + ["more"]
        writer.writerow(row)
    content = text.getvalue()
    if chance.random() < 0.3 and content.endswith("\n") and not content.endswith('"\n'):
        content = content.removesuffix("\n").removesuffix("\r")
    return content, delimiter


def test_csvFilesAreReadAsPythonReadsThem():
    files = rows = ragged = 0
    for seed in range(CORPUS):
        content, delimiter = nasty_file(seed)
        expected = list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), delimiter=delimiter,
                                   strict=True))
        header = expected[0]
        kept = [name for name in header if name not in ("f0", "f1") and "," not in name]
        result = batch(STUMP, "-", "-", "--to", "jsonl", "--delimiter", delimiter.replace("\t", "\\t"),
                       "--keep", ",".join(kept), "--threads", "1", "--accept-errors", data=content.encode())
        answers = [json.loads(line) for line in result.stdout.decode().split("\n")[:-1]]
        assert len(answers) == len(expected) - 1, seed
        for answer, row in zip(answers, expected[1:]):
            if len(row) == len(header):
                assert "error" not in answer, (seed, answer)
                assert [answer[name] for name in kept] == [row[header.index(name)] for name in kept], seed
            else:
                assert answer["error"]["code"] == "csv_ragged_row", (seed, answer)
                ragged += 1
        files += 1
        rows += len(answers)
    assert files == CORPUS and rows > 5 * CORPUS and ragged > 0
    print(f"{files} files, {rows} rows, {ragged} of them ragged")


def test_aHugeField_isRefused_inLittleMemory(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("w") as file:
        file.write('f0,f1\n1,"')
        for _ in range(100):
            file.write("x" * (1 << 20))
        file.write('"\n1,1\n')
    command = ["sh", "-c", f"ulimit -v 800000; exec {BIN}/modelctl batch {STUMP} {path} {tmp_path}/out.csv"]
    result = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), timeout=60)
    assert result.returncode == 2 and "line 2: the record is longer than" in result.stderr, result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["huge.csv"]


def test_memoryDoesNotGrowWithTheFile(tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("w") as file:
        file.write("f0,f1\n")
        for _ in range(200):
            file.write("0.123456789,-17.25\n" * 10_000)
    probe = ["import os, subprocess, sys", "subprocess.run(sys.argv[1:], check=True)",
             "import resource", "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"]
    result = run("/usr/bin/env", "python3", "-c", "\n".join(probe), BIN / "modelctl", "batch", STUMP, path,
                 tmp_path / "out.csv", "--threads", "4")
    assert int(result.stdout.split()[-1]) < 64 << 10
    assert (tmp_path / "out.csv").read_bytes().count(b"\n") == 2_000_001


def test_rowsAreAnsweredAsTheServerAnswersThem(daemon):
    rows = [[0.1 * index, 5.0 - index] for index in range(50)]
    text = "f1,id,f0\n" + "".join(f"{b!r},r{i},{a!r}\n" for i, (a, b) in enumerate(rows))
    result = batch(STUMP, "-", "-", "--keep", "id", data=text.encode())
    answers = list(csv.DictReader(io.StringIO(result.stdout.decode())))
    server = daemon(FIXTURES / "protocols" / "registry")
    expected = server.infer("stump", rows).json["outputs"][0]["data"]
    assert [float(answer["predictions"]) for answer in answers] == expected
    assert [answer["id"] for answer in answers] == [f"r{index}" for index in range(50)]


# Over HTTP.


def csv_rows(count, extra=""):
    return "f1,id,f0\n" + "".join(f"{5 - i % 11},r{i},{i % 7}{extra}\n" for i in range(count))


def by_modelctl(text, *options):
    return batch(STUMP, "-", "-", *options, data=text.encode(), check=False).stdout.decode()


PATH = "/v2/models/stump/batch"


def form(content, name="rows.csv", kind=None):
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head += f"Content-Type: {kind}\r\n" if kind else ""
    return (b'--xyz\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--xyz\r\n' + head.encode() + b"\r\n"
            + content + b"\r\n--xyz--\r\n"), {"Content-Type": "multipart/form-data; boundary=xyz"}


def test_batchOverHTTP_isWhatModelctlWrites(daemon):
    server = daemon(FIXTURES / "protocols" / "registry")
    text = csv_rows(20_000)
    expected = by_modelctl(text, "--keep", "id")
    path = PATH + "?keep=id"
    answer = server.post(path, text.encode(), headers={"Content-Type": "text/csv"})
    assert (answer.status, answer.text) == (200, expected)
    assert answer.headers["Modeld-Records"] == "20000" and answer.headers["Modeld-Errors"] == "0"
    # Without a type, in chunks, compressed, as a form's file.
    assert server.post(path, text.encode(), headers={}).text == expected
    pieces = [text.encode()[start:start + 997] for start in range(0, len(text), 997)]
    assert server.request("POST", path, iter(pieces)).text == expected
    packed = gzip.compress(text.encode())
    assert server.post(path, packed, headers={"Content-Encoding": "gzip"}).text == expected
    body, headers = form(text.encode())
    assert server.post(path, body, headers=headers).text == expected
    lines = server.post(path + "&to=jsonl&summary=true", text.encode()).text.splitlines()
    assert lines[-1] == '{"summary":{"records":20000,"errors":0}}'
    assert "\n".join(lines[:-1]) + "\n" == by_modelctl(text, "--keep", "id", "--to", "jsonl")


def test_batchOverHTTP_badRecordsAndRequests(daemon):
    server = daemon(FIXTURES / "protocols" / "registry")
    bad = server.post(PATH, b"f0,f1\n1,x\n1,2\n")
    assert bad.status == 200 and bad.headers["Modeld-Errors"] == "1"
    assert bad.text == by_modelctl("f0,f1\n1,x\n1,2\n")
    for body, path, headers, status, message in [
            (b"f0,f1\n1,x\n", PATH + "?on_error=stop", {}, 400, "line 2, column 2"),
            (b"f0\n1\n", PATH, {}, 400, "missing"), (b"", PATH, {}, 400, "no records"),
            (b"f0,f1\n", PATH + "?outputs=nothing", {}, 400, "it has predictions"),
            (b"f0,f1\n", "/v2/models/nothing/batch", {}, 404, "nothing"),
            (b"f0,f1\n", "/v2/models/stump/versions/77/batch", {}, 404, "77"),
            (b"f0,f1\n", PATH, {"Content-Type": "image/png"}, 415, "image/png"),
            (b"f0,f1\n", PATH, {"Accept": "image/png"}, 406, "text/csv"),
            (b"f0,f1\n", PATH + "?format=xml", {}, 400, "xml"),
            (b"--xyz--\r\n", PATH, {"Content-Type": "multipart/form-data; boundary=xyz"}, 400, "no file"),
            (b'f0,f1\n1,"' + b"x" * (6 << 20), PATH, {}, 413, "longer than")]:
        answer = server.post(path, body, headers=headers)
        assert (answer.status, message in answer.text) == (status, True), (path, headers, answer.status, answer.text)
    jsonl = b'{"f0":1,"f1":2}\n[3,4]\n{"f0":1}\n'
    answer = server.post(PATH, jsonl)
    assert answer.text == by_modelctl(jsonl.decode(), "--format", "jsonl")


def test_batchOverHTTP_theSpoolIsBounded(daemon, tmp_path):
    server = daemon(FIXTURES / "protocols" / "registry", "--batch-spool-bytes", "1MiB", "--batch-spool", tmp_path)
    answer = server.post(PATH + "?keep=f0,f1", b"f0,f1\n" + b"1,2\n" * 1_000_000)
    assert answer.status == 507 and "batch.spool_bytes" in answer.text
    assert server.post(PATH, b"f0,f1\n1,2\n").status == 200
    assert list(tmp_path.iterdir()) == []


def resident(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def test_batchOverHTTP_memoryIsFlat_andOthersAreAnswered(daemon):
    server = daemon(FIXTURES / "protocols" / "registry")
    server.post(PATH, csv_rows(1000).encode())
    before = resident(server)
    block = csv_rows(100_000).split("\n", 1)[1].encode()

    def pieces():
        yield b"f1,id,f0\n"
        for index in range(40):
            yield block
            if index % 10 == 0:
                assert server.infer("stump", [[1.0, 2.0]]).status == 200

    answer = server.request("POST", PATH, pieces(), timeout=120)
    assert answer.status == 200 and answer.headers["Modeld-Records"] == "4000000"
    assert answer.body.count(b"\n") == 4_000_001
    assert resident(server) - before < 24


def test_batchOverHTTP_aClientThatLeaves_leavesNothing(daemon, tmp_path):
    server = daemon(FIXTURES / "protocols" / "registry", "--batch-spool", tmp_path)
    open_before = server.open_files()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            one.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n".encode())
            one.sendall(csv_rows(200_000).encode())
    server.eventually(lambda: server.open_files() <= open_before)
    assert server.post(PATH, b"f0,f1\n1,2\n").status == 200


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_batchOverHTTP_byCurl(daemon, tmp_path):
    server = daemon(FIXTURES / "protocols" / "registry")
    rows = tmp_path / "rows.csv"
    rows.write_text(csv_rows(300_000))
    expected = by_modelctl(rows.read_text())
    for options in (["-T", rows, "-X", "POST"], ["-F", f"file=@{rows}"], ["--data-binary", f"@{rows}"],
                    ["-T", rows, "-X", "POST", "-H", "Transfer-Encoding: chunked"]):
        result = run("curl", "-sS", "--fail-with-body", "--max-time", "60", *options, server.url + PATH)
        assert result.stdout == expected, options


# Jobs.

# How often a job is killed; raise it for a thorough run.
KILLS = int(os.environ.get("MODELD_JOB_KILLS", "4"))
JOBS = "/v2/models/stump/batch/jobs"


def job_daemon(daemon, place, *flags):
    return daemon(FIXTURES / "protocols" / "registry", "--jobs-directory", place, "--jobs-range-bytes", "64KiB", *flags)


def status(server, job):
    return server.get(f"/v2/batch/jobs/{job}").json


def completed(server, job):
    def is_over():
        found = status(server, job)
        return found if found["state"] not in ("running", "paused") else None

    found = server.eventually(is_over, seconds=60)
    assert found["state"] == "completed", found
    return found


def test_job_isAnsweredAsModelctlAnswers(daemon, tmp_path):
    place, files = tmp_path / "jobs", tmp_path / "files"
    files.mkdir()
    text = csv_rows(60_000) + "1,bad,x\n"
    (files / "rows.csv").write_text(text)
    server = job_daemon(daemon, place, "--jobs-input", files)
    expected = by_modelctl(text, "--keep", "id")
    uploaded = server.post(JOBS + "?keep=id", text.encode())
    assert uploaded.status == 202, uploaded.text
    job = uploaded.json["id"]
    assert uploaded.headers["Location"] == f"/v2/batch/jobs/{job}"
    found = completed(server, job)
    assert (found["records"], found["errors"]) == (60_001, 1)
    assert found["bytes"] == found["bytes_done"] == len(text) - len("f1,id,f0\n")
    assert found["ranges"] == found["ranges_done"] > 1
    result = server.get(f"/v2/batch/jobs/{job}/result")
    assert result.text == expected
    part = server.get(f"/v2/batch/jobs/{job}/result", headers={"Range": "bytes=100-199"})
    assert (part.status, part.text) == (206, expected[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(expected)}"
    last = server.get(f"/v2/batch/jobs/{job}/result", headers={"Range": "bytes=-7"})
    assert (last.status, last.text) == (206, expected[-7:])
    assert server.get(f"/v2/batch/jobs/{job}/result", headers={"Range": "bytes=99999999-"}).status == 416
    manifest = json.loads((place / job / "manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(expected.encode()).hexdigest() and manifest["records"] == 60_001
    named = server.post(JOBS + "?keep=id&input=rows.csv", b"")
    assert named.status == 202, named.text
    completed(server, named.json["id"])
    assert server.get(f"/v2/batch/jobs/{named.json['id']}/result").text == expected
    assert [entry["id"] for entry in server.get("/v2/batch/jobs").json["jobs"]] == [job, named.json["id"]]
    assert server.request("POST", f"/v2/batch/jobs/{job}/cancel", b"").status == 409
    assert server.request("DELETE", f"/v2/batch/jobs/{job}").status == 204
    assert server.get(f"/v2/batch/jobs/{job}").status == 404 and not (place / job).exists()


def test_job_ofANamedFile_isAcceptedBeforeItIsRead(daemon, tmp_path):
    place, files = tmp_path / "jobs", tmp_path / "files"
    files.mkdir()
    server = job_daemon(daemon, place, "--jobs-input", files)
    # What is wrong far behind the header is found when the job runs.
    (files / "long.csv").write_text("f0,f1\n1,2\n" + "3" * (5 << 20))
    job = server.post(JOBS + "?input=long.csv", b"")
    assert job.status == 202 and job.json["ranges"] == 0, job.text
    path = place / job.json["id"]
    assert json.loads((path / "job.json").read_text())["ranges"] is None
    found = server.eventually(
        lambda: status(server, job.json["id"]) if status(server, job.json["id"])["state"] == "failed" else None)
    assert "longer than" in found["reason"], found
    # Ranges are found once, and end where records end.
    text = csv_rows(60_000)
    (files / "rows.csv").write_text(text)
    job = server.post(JOBS + "?input=rows.csv", b"").json["id"]
    found = completed(server, job)
    ranges = json.loads((place / job / "ranges.json").read_text())
    assert len(ranges) == found["ranges"] == found["ranges_done"] > 1
    assert ranges[0][0] == len("f1,id,f0\n") and ranges[-1][1] == len(text)
    assert all(text[end - 1] == "\n" and text[:start].count("\n") + 1 == line for start, end, line in ranges)
    assert all(before[1] == after[0] for before, after in zip(ranges, ranges[1:]))
    assert server.get(f"/v2/batch/jobs/{job}/result").text == by_modelctl(text)


def test_job_withoutAHeader_hasAResultWithoutOne(daemon, tmp_path):
    server = job_daemon(daemon, tmp_path / "jobs")
    job = server.post(JOBS + "?header=absent", b"0.25,1\n0.75,1\n").json["id"]
    completed(server, job)
    rows = server.get(f"/v2/batch/jobs/{job}/result").text
    direct = server.post("/v2/models/stump/batch?header=absent", b"0.25,1\n0.75,1\n").text
    assert rows == direct and rows.count("\n") == 2


def test_job_badRequests(daemon, tmp_path):
    place, files = tmp_path / "jobs", tmp_path / "files"
    files.mkdir()
    (tmp_path / "secret.csv").write_text("f0,f1\n")
    (files / "link.csv").symlink_to(tmp_path / "secret.csv")
    server = job_daemon(daemon, place, "--jobs-input", files)
    for path, body, code in [
            (JOBS + "?input=../secret.csv", b"", 404), (JOBS + "?input=link.csv", b"", 404),
            (JOBS + "?input=nothing.csv", b"", 404), (JOBS, b"", 400), (JOBS, b"f0\n1\n", 400),
            (JOBS + "?outputs=nothing", b"f0,f1\n", 400), ("/v2/models/nothing/batch/jobs", b"f0,f1\n", 404)]:
        assert server.post(path, body).status == code, path
    assert server.get("/v2/batch/jobs/..%2Fjobs").status == 404
    assert server.get("/v2/batch/jobs").json == {"jobs": []}
    assert [entry.name for entry in place.iterdir()] == []
    stopped = server.post(JOBS + "?on_error=stop", b"f0,f1\n1,2\n1,x\n").json["id"]
    found = server.eventually(lambda: status(server, stopped) if status(server, stopped)["state"] == "failed" else None)
    assert "line 3, column 2" in found["reason"]
    assert server.get(f"/v2/batch/jobs/{stopped}/result").status == 409
    off = daemon(FIXTURES / "protocols" / "registry")
    assert off.post(JOBS, b"f0,f1\n").status == 404 and off.get("/v2/batch/jobs").status == 404


def test_job_restsAndGoesOn(daemon, tmp_path):
    server = job_daemon(daemon, tmp_path / "jobs")
    text = csv_rows(400_000)
    job = server.post(JOBS, text.encode()).json["id"]
    assert server.post(f"/v2/batch/jobs/{job}/pause", b"").json["state"] in ("paused", "completed")
    assert server.post(f"/v2/batch/jobs/{job}/resume", b"").status in (200, 409)
    completed(server, job)
    assert server.get(f"/v2/batch/jobs/{job}/result").text == by_modelctl(text)
    # Paused before anybody could begin, and still after a restart.
    other = server.post(JOBS, text.encode()).json["id"]
    server.post(f"/v2/batch/jobs/{other}/pause", b"")
    server.stop()
    server = job_daemon(daemon, tmp_path / "jobs")
    if status(server, other)["state"] == "paused":
        assert server.post(f"/v2/batch/jobs/{other}/cancel", b"").json["state"] == "cancelled"
        assert server.get(f"/v2/batch/jobs/{other}/result").status == 409


def test_job_survivesKills(daemon, tmp_path):
    chance = random.Random(7)
    place = tmp_path / "jobs"
    text = csv_rows(300_000)
    expected = hashlib.sha256(by_modelctl(text).encode()).hexdigest()
    kills = 0
    while kills < KILLS:
        server = job_daemon(daemon, place)
        job = server.post(JOBS, text.encode()).json["id"]
        while True:
            select.select([], [], [], chance.uniform(0, 0.25))
            over = status(server, job)["state"] == "completed"
            if over:
                break
            server.stop(by=signal.SIGKILL)
            kills += 1
            server = job_daemon(daemon, place)
        result = server.get(f"/v2/batch/jobs/{job}/result").body
        assert hashlib.sha256(result).hexdigest() == expected
        server.request("DELETE", f"/v2/batch/jobs/{job}")
        server.stop()
    print(f"{kills} kills")


def test_job_isSharedByDaemons_alsoByOneThatStops(daemon, tmp_path):
    place = tmp_path / "jobs"
    text = csv_rows(500_000)
    expected = hashlib.sha256(by_modelctl(text).encode()).hexdigest()
    first = job_daemon(daemon, place)
    second = job_daemon(daemon, place)
    job = first.post(JOBS, text.encode()).json["id"]
    leases = place / job / "leases"
    # The first holds a lease when it is stopped; the second finishes the rest and, its lease being old, that range.
    first.process.send_signal(signal.SIGSTOP)
    try:
        for lease in leases.iterdir():
            try:
                os.utime(lease, (1, 1))
            except FileNotFoundError:
                pass
        completed(second, job)
        result = second.get(f"/v2/batch/jobs/{job}/result").body
    finally:
        first.process.send_signal(signal.SIGCONT)
    assert hashlib.sha256(result).hexdigest() == expected
    first.eventually(lambda: not list(leases.iterdir()))
    assert hashlib.sha256(first.get(f"/v2/batch/jobs/{job}/result").body).hexdigest() == expected
