# SPDX-License-Identifier: Apache-2.0
"""`modelctl batch` in all its forms: packed files, bare numbers, Vertex AI's files, and against a daemon."""
import gzip
import json
import os
import pty
import socket
import struct
import subprocess
import threading

import pytest

from conftest import BIN, FIXTURES, clean_environment

REGISTRY = FIXTURES / "protocols" / "registry"
STUMP = REGISTRY / "stump" / "1" / "model.json"
ROWS = "id,f1,f0\n" + "".join(f"r{i},{5 - i % 11},{i % 7}\n" for i in range(50_000))


def batch(*arguments, data=None, check=0, env=None):
    result = subprocess.run([str(BIN / "modelctl"), "batch", *map(str, arguments)], input=data, capture_output=True,
                            env=clean_environment(env), timeout=120)
    assert check is None or result.returncode == check, result.stderr
    return result


@pytest.fixture
def files(tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(ROWS.encode()[:400_000]) + gzip.compress(ROWS.encode()[400_000:]))
    batch(STUMP, tmp_path / "rows.csv", tmp_path / "expected.csv", "--keep", "id")
    return tmp_path


def test_packedFiles_areReadAndWritten(files):
    for threads in (1, 3):
        batch(STUMP, files / "rows.csv.gz", files / "out.csv.gz", "--keep", "id", "--threads", threads)
        assert gzip.decompress((files / "out.csv.gz").read_bytes()) == (files / "expected.csv").read_bytes()
    batch(STUMP, files / "rows.csv.gz", files / "out.jsonl", "--keep", "id")
    assert (files / "out.jsonl").read_bytes().count(b"\n") == 50_000
    (files / "cut.csv.gz").write_bytes((files / "rows.csv.gz").read_bytes()[:-20])
    result = batch(STUMP, files / "cut.csv.gz", files / "cut.csv", check=2)
    assert b"cut.csv.gz" in result.stderr and not (files / "cut.csv").exists()
    batch(STUMP, files / "rows.csv.gz", files / "shard.csv", "--shard", "0/2", check=64)


def test_bareNumbers(tmp_path):
    rows = [(i % 7 / 8, 5 - i % 11) for i in range(10_000)]
    for name, code in (("fp32", "f"), ("fp64", "d")):
        source = b"".join(struct.pack("<2" + code, *row) for row in rows)
        answers = batch(STUMP, "-", "-", "--format", name, data=source).stdout
        text = batch(STUMP, "-", "-", "--to", "csv",
                     data=("f0,f1\n" + "".join(f"{a},{b}\n" for a, b in rows)).encode()).stdout.decode()
        expected = [float(line.split(",")[0]) for line in text.splitlines()[1:]]
        assert list(struct.unpack(f"<{len(rows)}{code}", answers)) == expected
        assert batch(STUMP, "-", "-", "--format", name, "--to", "csv", data=source).stdout.decode() == text
        (tmp_path / "in").write_bytes(source)
        for index in range(3):
            batch(STUMP, tmp_path / "in", tmp_path / "out", "--format", name, "--shard", f"{index}/3")
        batch("merge", tmp_path / "out", "--shards", "3")
        assert (tmp_path / "out").read_bytes() == answers
    cut = batch(STUMP, "-", "-", "--format", "fp32", "--to", "jsonl", data=b"\0" * 11, check=1)
    assert json.loads(cut.stdout.splitlines()[1])["error"]["reason"] == "3 bytes where a record has 8"
    assert b"cannot travel as bare numbers" in batch(STUMP, "-", "-", "--format", "fp32", "--keep", "f0", check=2).stderr


def test_vertexFiles(tmp_path):
    source = tmp_path / "instances.jsonl"
    source.write_text('{"f0":0.25,"f1":1,"id":"a"}\n[0.75,1]\n{"f0":"x","f1":1,"id":"c"}\n')
    out = tmp_path / "out"
    batch(STUMP, source, f"{out}/", "--to", "vertex", check=1)
    results = (out / "prediction.results-00000-of-00001").read_text().splitlines()
    assert results == ['{"instance":{"f0":0.25,"f1":1,"id":"a"},"prediction":1.5}', '{"instance":[0.75,1],"prediction":-2.0}']
    error, = (out / "prediction.errors_stats-00000-of-00001").read_text().splitlines()
    assert json.loads(error)["instance"] == {"f0": "x", "f1": 1, "id": "c"}
    assert json.loads(error)["error"]["code"] == 3 and "line 3" in json.loads(error)["error"]["message"]
    # By key, and two shards of a CSV file whose columns have names of their own.
    table = tmp_path / "instances.csv"
    table.write_text('key,first,second\n' + "".join(f'"k{i}",{0.25 if i % 2 else 0.75},1\n' for i in range(100)))
    for index in range(2):
        batch(STUMP, table, out, "--to", "vertex", "--key-field", "key", "--shards", 2,
              env={"JOB_COMPLETION_INDEX": str(index)})
    parts = [out / f"prediction.results-{index:05}-of-00002" for index in range(2)]
    lines = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    assert lines == [{"key": f"k{i}", "prediction": 1.5 if i % 2 else -2.0} for i in range(100)]
    assert all((out / f"prediction.errors_stats-{index:05}-of-00002").read_bytes() == b"" for index in range(2))
    refused = batch(STUMP, table, out, "--to", "vertex", "--excluded-fields", "f0", check=2)
    assert b'the model needs "f0"' in refused.stderr


def test_labelsProbabilitiesAndExplanations(tmp_path, trained):
    model = trained / "registry"
    data = FIXTURES / "data" / "breast_cancer.csv"
    batch(model, data, tmp_path / "out.jsonl", "--name", "breast_cancer_logistic", "--keep", "target",
          "--outputs", "labels,probabilities,contributions,margin")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(lines) > 500
    for line in lines[:50]:
        assert abs(sum(line["probabilities"]) - 1) < 1e-6 and set(line) == {
            "target", "labels", "probabilities", "contributions", "margin"}
        assert abs(sum(line["contributions"]) - line["margin"]) < 1e-4
    # Intervals are an output like another: a model without them says what it has.
    refused = batch(model, data, tmp_path / "x.csv", "--name", "breast_cancer_logistic", "--outputs", "intervals", check=2)
    assert b'no output "intervals"' in refused.stderr


def test_aDaemonAnswersAsTheToolDoes(daemon, files):
    server = daemon(REGISTRY)
    for source, target in (("rows.csv", "a.csv"), ("rows.csv.gz", "b.csv"), ("rows.csv", "c.csv.gz")):
        result = batch("stump@1", files / source, files / target, "--keep", "id", "--server", server.url)
        assert b"50000 records, 0 bad" in result.stderr
        data = (files / target).read_bytes()
        assert (gzip.decompress(data) if target.endswith(".gz") else data) == (files / "expected.csv").read_bytes()
    piped = batch("stump", "-", "-", "--keep", "id", "--server", server.url, data=ROWS.encode())
    assert piped.stdout == (files / "expected.csv").read_bytes()
    numbers = struct.pack("<4f", 0.25, 1, 0.75, 1)
    assert batch("stump", "--format", "fp32", "--server", server.url, data=numbers).stdout == struct.pack("<2f", 1.5, -2)
    vertex = batch("stump", "--format", "jsonl", "--to", "vertex", "--key-field", "id", "--server", server.url,
                   data=b'{"f0":0.25,"f1":1,"id":7}\n')
    assert vertex.stdout == b'{"key":7,"prediction":1.5}\n'


def test_theExitStatus_againstADaemon(daemon, files, tmp_path):
    server = daemon(REGISTRY, "--batch-spool-bytes", "1MiB")
    out = tmp_path / "out.csv"

    def status(*options, data=b"f0,f1\n1,1\n", model="stump", to=server.url):
        return batch(model, "-", out, "--server", to, *options, data=data, check=None).returncode

    assert status() == 0
    assert status(data=b"f0,f1\nx,1\n") == 1
    assert status("--accept-errors", data=b"f0,f1\nx,1\n") == 0
    assert status("--on-error", "stop", data=b"f0,f1\nx,1\n") == 2
    assert status(data=b"other\n1\n") == 2
    assert status(model="nothing") == 2
    assert status("--threads", "2") == 64
    # A spool that is full, and a server that is not there, may pass.
    assert status("--keep", "f0,f1", data=b"f0,f1\n" + b"1.25,1.125\n" * 300_000) == 75
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert status(to=f"http://127.0.0.1:{probe.getsockname()[1]}") == 75
    assert batch("stump", files / "nothing.csv", out, "--server", server.url, check=2)


def test_aTerminal_isShownHowFarItIs(files, tmp_path):
    big = tmp_path / "big.csv"
    big.write_text("f0,f1\n" + "0.123456789,-17.25\n" * 3_000_000)
    main, other = pty.openpty()
    seen = []

    def read():
        try:
            while True:
                seen.append(os.read(main, 65_536))
        except OSError:
            pass

    reader = threading.Thread(target=read)
    reader.start()
    process = subprocess.run([str(BIN / "modelctl"), "batch", str(STUMP), str(big), str(tmp_path / "o.csv"), "--threads", "1"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=other, env=clean_environment())
    os.close(other)
    reader.join()
    os.close(main)
    text = b"".join(seen).decode()
    assert process.returncode == 0 and "3000000 records, 0 bad" in text
    assert "[#" in text and " %  " in text and " s left" in text, text
