# SPDX-License-Identifier: Apache-2.0
"""modeltrain prepare: the preprocessed table as a deliverable of its own; splits by groups and by time."""
import csv
import gzip
import hashlib
import json

from conftest import BIN, run
from test_skew import STEPS, rows, table


def prepare(output, *arguments, check=True):
    return run(BIN / "modeltrain", "prepare", *arguments, "--output", output, "--progress", "none", check=check)


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_theTableIsWritten_withDigestsAndPartitions_theSameAgain(tmp_path):
    made = rows(400, 3)
    target = ["ab"[(row["amount"] or 0) > 50] for row in made]
    for part, start in [("one", 0), ("two", 200)]:
        (tmp_path / f"{part}.csv.gz").write_bytes(gzip.compress(
            table(made[start:start + 200], extra=[("y", target[start:start + 200])]).encode(), mtime=0))
    (tmp_path / "steps.yaml").write_text(STEPS)
    flags = [tmp_path / "*.csv.gz", "--target", "y", "--text", "remark", "--preprocess", tmp_path / "steps.yaml",
             "--validation-fraction", "0.1", "--partition-rows", "70"]
    prepare(tmp_path / "first", *flags)
    manifest = json.loads((tmp_path / "first/manifest.json").read_text())
    assert [source["rows"] for source in manifest["sources"]] == [200, 200]
    assert manifest["sources"][0]["sha256"] == hashlib.sha256((tmp_path / "one.csv.gz").read_bytes()).hexdigest()
    names = [column["name"] for column in manifest["columns"]]
    assert "rate" in names and "amount_missing" in names and "plan=basic" in names and "remark" not in names
    counts = {}
    for file in manifest["files"]:
        data = (tmp_path / "first" / file["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"] and len(data) == file["bytes"]
        records = read(tmp_path / "first" / file["name"])
        assert len(records) == file["rows"] <= 70 and list(records[0]) == names + ["y"]
        assert {record["y"] for record in records} <= {"a", "b"}
        part = file["name"].split("/")[0]
        counts[part] = counts.get(part, 0) + file["rows"]
    assert counts == {"train": 260, "validation": 40, "test": 100}
    prepare(tmp_path / "second", *flags)
    assert [p.read_bytes() for p in sorted((tmp_path / "first").rglob("*.*"))] == [
        p.read_bytes() for p in sorted((tmp_path / "second").rglob("*.*"))]
    again = prepare(tmp_path / "second", *flags, check=False)
    assert again.returncode == 2 and "is there already" in again.stderr
    bad = prepare(tmp_path / "third", *flags, "--ignore", "nothing", check=False)
    assert bad.returncode == 2 and not (tmp_path / "third").exists()
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_groupsStayTogether_andTimeGoesOn(tmp_path):
    lines = ["g,d,x,y"] + [f"k{i * 7 % 1500},20{10 + i % 13}-0{1 + i % 9}-11,{i % 31},{'ab'[i % 31 > 15]}" for i in range(3_000)]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")

    def keys(output, column):
        # What a part is told by does not go into the table: the rows are found again by their order.
        manifest = json.loads((output / "manifest.json").read_text())
        assert column not in [one["name"] for one in manifest["columns"]]
        return {part: sum(f["rows"] for f in manifest["files"] if f["name"].startswith(part)) for part in ("train", "test")}

    prepare(tmp_path / "groups", tmp_path / "data.csv", "--target", "y", "--group-column", "g")
    counts = keys(tmp_path / "groups", "g")
    assert counts["train"] + counts["test"] == 3_000 and abs(counts["test"] - 750) <= 2
    prepare(tmp_path / "time", tmp_path / "data.csv", "--target", "y", "--time-column", "d", "--max-categories", "2000")
    assert keys(tmp_path / "time", "d") == {"train": 2_250, "test": 750}
    both = prepare(tmp_path / "both", tmp_path / "data.csv", "--target", "y", "--time-column", "d", "--group-column", "g", check=False)
    assert both.returncode == 2 and "exclude each other" in both.stderr
