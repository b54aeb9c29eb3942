# SPDX-License-Identifier: Apache-2.0
"""Parquet files and SQL, read by the real DuckDB command-line tool."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

from conftest import BIN, clean_environment, run

# The tests' own environment has it; else the one of the machine, if any.
TOOL = shutil.which("duckdb", path=os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")]))
pytestmark = pytest.mark.skipif(TOOL is None, reason="DuckDB's command-line tool is not installed")

ROWS = """SELECT i * 1.5 AS x, CASE WHEN i % 7 = 0 THEN NULL ELSE 'c' || (i % 3) END AS c, DATE '2024-01-01' + (i % 300)::INT AS d,
  TIMESTAMPTZ '2024-01-01 10:00:00+02' + INTERVAL (i) MINUTE AS seen, i % 3 = 0 AS b, CASE i % 4 WHEN 0 THEN 'NA' ELSE 'D"E,' || chr(10) END AS land,
  (i::DECIMAL(10, 3) / 7) AS part, CASE WHEN i % 5 = 0 THEN 'NaN'::DOUBLE ELSE i END AS gap, CASE WHEN i % 2 = 0 THEN 'yes' ELSE 'no' END AS y
  FROM range({}, {}) r(i)"""


def environment():
    return {"PATH": f"{pathlib.Path(TOOL).parent}{os.pathsep}{os.environ['PATH']}"}


def duckdb(statement):
    subprocess.run([TOOL, "-c", statement], check=True, capture_output=True)


def train(*arguments, check=True):
    return run(BIN / "modeltrain", "train", *arguments, "--target", "y", "--algorithm", "gbdt", "--rounds", "5",
               "--progress", "json", check=check, env=environment())


def events(result):
    return {line["event"]: line for line in map(json.loads, result.stdout.splitlines())}


def test_parquet_is_read_with_its_types_and_digest(tmp_path):
    path = tmp_path / "it's.parquet"
    duckdb(f"COPY ({ROWS.format(0, 400)}) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
    result = train(path, "--output", tmp_path / "m.safetensors", "--schema", tmp_path / "s.yaml")
    data = events(result)["data"]
    assert (data["rows"], data["columns"], data["bytes"]) == (400, 9, path.stat().st_size)
    assert data["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    schema = (tmp_path / "s.yaml").read_text()
    for name, kind in [("x", "number"), ("c", "category"), ("d", "date"), ("seen", "date"), ("b", "boolean"), ("land", "category"),
                       ("part", "number"), ("gap", "number")]:
        place = schema.index(f"- name: {name}")
        assert f"type: {kind}" in schema[place:place + 80 + len(name)], schema
    assert "NA" in schema[schema.index("- name: land"):], schema
    missing = events(result)["schema"]["missing_values"]
    assert missing == 58 + 80  # NULL in c, NaN in gap


def test_several_parquet_files_and_csv_follow_each_other(tmp_path):
    for part in range(3):
        duckdb(f"COPY ({ROWS.format(part * 100, part * 100 + 100)}) TO '{tmp_path}/p{part}.parquet' (FORMAT parquet)")
    whole = events(train(tmp_path / "p*.parquet", "--registry", tmp_path / "r", "--name", "m"))
    assert whole["data"]["rows"] == 300
    facts = json.loads((tmp_path / "r/m/1/manifest.json").read_text())["facts"]
    digest = hashlib.sha256((tmp_path / "p1.parquet").read_bytes()).hexdigest()
    assert facts["source.file.p1.parquet"].startswith(f"sha256 {digest}")
    duckdb(f"COPY ({ROWS.format(300, 350)}) TO '{tmp_path}/q.csv' (HEADER, FORMAT csv)")
    assert events(train(tmp_path / "p0.parquet", tmp_path / "q.csv"))["data"]["rows"] == 150


def test_a_query_gives_the_same_model_again(tmp_path):
    duckdb(f"COPY ({ROWS.format(0, 300)}) TO '{tmp_path}/t.parquet' (FORMAT parquet)")
    query = f"SELECT x, c, part, y FROM '{tmp_path}/t.parquet' WHERE x > 30 ORDER BY x"
    first = train("--query", query, "--output", tmp_path / "a")
    train("--query", query, "--output", tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert events(first)["data"]["path"] == "query" and events(first)["data"]["rows"] == 279


@pytest.mark.parametrize("query, reason", [
    ("SELEC 1", "syntax error"), ("SELECT * FROM nothing", "nothing does not exist"), ("SELECT 1 AS y WHERE false", "only a header"),
    ("SELECT x, 1 AS y FROM (VALUES (1::DOUBLE), ('Infinity'::DOUBLE)) t(x)", "not a finite number"), ("SELECT * FROM 'missing.parquet'", "missing.parquet"),
])
def test_what_duckdb_refuses_is_said_in_its_words(query, reason, tmp_path):
    refused = train("--query", query, "--registry", tmp_path / "r", "--name", "m", check=False)
    assert refused.returncode == 1 and reason in refused.stderr, refused.stderr
    assert not (tmp_path / "r").exists()


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    (tmp_path / "x.parquet").write_text("x,y\n1,2\n")
    refused = train(tmp_path / "x.parquet", check=False)
    assert refused.returncode == 1 and "x.parquet" in refused.stderr, refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_query_leaves_nothing_behind(number, tmp_path):
    marker = f"modeltrain_{tmp_path.name}_{number.name}"
    query = f"SELECT count(*) AS y FROM range(100000000000) a, range(100000) b WHERE hash(a.range + b.range) = 1 -- {marker}"
    process = subprocess.Popen([BIN / "modeltrain", "train", "--query", query, "--target", "y"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=clean_environment(environment() | {"TMPDIR": str(tmp_path)}))

    def running():
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != process.pid:
                try:
                    if marker.encode() in (entry / "cmdline").read_bytes():
                        found.append(entry.name)
                except OSError:
                    pass
        return found

    deadline = time.monotonic() + 30
    while not running():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 75
    while running():
        assert time.monotonic() < deadline, running()
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []
