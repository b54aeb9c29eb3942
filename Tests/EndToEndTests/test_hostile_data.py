# SPDX-License-Identifier: Apache-2.0
"""Data as bad as it comes: modeltrain says what is wrong and where, or makes a sane model; it never half-publishes."""
import gzip
import json

import pytest

from conftest import BIN, run

GOOD = "x,c,y\n" + "".join(f"{i % 17},{'ab'[i % 2]},{'no' if i % 17 < 8 else 'yes'}\n" for i in range(120))


def train(directory, content, *flags, name="data.csv", target="y"):
    """Trains with everything; returns the finished process and what stands in the registry."""
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    registry = directory / "registry"
    result = run(BIN / "modeltrain", "train", path, "--target", target, "--registry", registry, "--name", "m",
                 "--progress", "none", *flags, check=False)
    left = sorted(p.name for p in (registry / "m").iterdir()) if (registry / "m").is_dir() else []
    return result, left


REFUSED = {
    "empty file": ("", 1, "the file is empty"),
    "only a header": ("x,y\n", 1, "only a header"),
    "one row": ("x,y\n1,a\n", 1, "in every training row"),
    "one class": ("x,y\n" + "1,a\n2,a\n" * 20, 1, 'the target "y" is "a" in every training row'),
    "all missing": ("x,c,y\n" + ",1,a\n,2,b\n" * 20, 1, 'column "x" has no value in any training row'),
    "infinities": ("x,y\n1,a\n2,b\n-inf,a\n" * 9, 1, 'line 4, column "x": "-inf" is not a finite number'),
    "duplicated header": ("x,y,x\n1,a,2\n", 1, 'line 1, column 3: the name "x" is already that of column 1'),
    "ragged row": (GOOD + "1,a\n", 1, "line 122: 2 fields where the header has 3"),
    "wrong encoding": (GOOD.encode() + "3,größe,no\n".encode("latin-1"), 1, "line 122, column 2 (c): the text is not UTF-8"),
    "UTF-16": (GOOD.encode("utf-16"), 1, "this is not a text file"),
    "target missing in a row": (GOOD + "1,a,\n", 1, 'the target "y" is missing in 1 row'),
    "no target column": ("x,z\n1,a\n2,b\n", 2, 'no column "y" to be the target; it has x, z'),
    "many categories": ("x,id,y\n" + "".join(f"{i % 9},u{i},{'ab'[i % 2]}\n" for i in range(100_000)), 1,
                        'column "id": more than 1000 distinct texts'),
    "many classes": ("x,y\n" + "".join(f"{i % 9},u{i}\n" for i in range(2_000)), 1, 'the target "y" has more than 1000 distinct texts'),
    "another delimiter": (GOOD.replace(",", ";"), 2, "see --delimiter ';'"),
    "a directory": (None, 1, "neither a file nor a pipe"),
    "cut gzip": (gzip.compress(GOOD.encode())[:-12], 1, "cannot be decompressed"),
}


LINES = {
    "empty file": ("", "there is no row in it"),
    "one row": ('{"x":1,"y":"a"}\n', "in every training row"),
    "an array": ('[{"x":1,"y":"a"},\n{"x":2,"y":"b"}]\n', "line 1: a line holds one object, not an array; jq -c '.[]' writes"),
    "an object on several lines": ('{\n "x": 1,\n "y": 2\n}\n', "line 1: the line ends inside an object"),
    "a list inside": ('{"x":1,"y":"a"}\n{"x":[1],"y":"b"}\n', 'line 2, column "x": a number, a string'),
    "a member twice": ('{"x":1,"y":"a"}\n{"x":1,"x":2,"y":"b"}\n', 'line 2, column "x": the member is there twice'),
    "infinities": ('{"x":1,"y":"a"}\n{"x":-Infinity,"y":"b"}\n', "line 2: "),
    "a number beyond Float64": ('{"x":1,"y":"a"}\n{"x":1e999,"y":"b"}\n', "line 2: "),
    "wrong encoding": ('{"x":1,"y":"a"}\n{"x":2,"y":"größe"}\n'.encode("latin-1"), "line 2: bytes inside a string that are not UTF-8"),
    "target missing in a row": ('{"x":1,"y":"a"}\n{"x":2,"y":"b"}\n' * 20 + '{"x":1}\n', 'the target "y" is missing in 1 row'),
    "many categories": ("".join(f'{{"x":{i % 9},"id":"u{i}","y":{i % 2}}}\n' for i in range(100_000)),
                        'column "id": more than 1000 distinct texts'),
}


@pytest.mark.parametrize("name", LINES)
def test_linesOfJSON_areRefused_withTheirPlace(name, tmp_path):
    content, reason = LINES[name]
    result, left = train(tmp_path, content, name="data.jsonl")
    assert (result.returncode, left) == (1, []) and reason in result.stderr, result.stderr
    assert result.stderr.startswith("modeltrain: ") and "Fatal" not in result.stderr


@pytest.mark.parametrize("name", REFUSED)
def test_itIsRefused_withItsPlace_andNothingIsPublished(name, tmp_path):
    content, status, reason = REFUSED[name]
    if content is None:
        result = run(BIN / "modeltrain", "train", tmp_path, "--target", "y", "--progress", "none", check=False)
        left = []
    else:
        result, left = train(tmp_path, content)
    assert (result.returncode, left) == (status, []), (result.returncode, result.stderr, left)
    assert reason in result.stderr, result.stderr
    assert result.stderr.startswith("modeltrain: ") and "Fatal" not in result.stderr


SANE = {
    "a constant column": GOOD.replace("x,c,y", "x,k,y").replace(",a,", ",7,").replace(",b,", ",7,"),
    "a constant category": GOOD.replace(",b,", ",a,"),
    "mostly missing": GOOD.replace("\n3,a,no", "\n,a,no").replace("\n9,a,yes", "\n,,yes"),
    "huge numbers": GOOD + "1e308,a,yes\n-1e308,b,no\n",
    "a byte order mark and CR LF": "\ufeff" + GOOD.replace("\n", "\r\n"),
    "dates and booleans": "d,f,y\n" + "".join(
        f"2024-{1 + i % 12:02d}-01,{'true' if i % 3 else 'false'},{'a' if i % 12 < 6 else 'b'}\n" for i in range(90)),
}


@pytest.mark.parametrize("algorithm", ["logistic", "gbdt"])
@pytest.mark.parametrize("name", SANE)
def test_aSaneModelIsMade_andServed(name, algorithm, tmp_path, daemon):
    result, left = train(tmp_path, SANE[name], "--algorithm", algorithm)
    if name == "huge numbers" and algorithm == "gbdt":
        assert result.returncode == 1 and "beyond the range of Float32" in result.stderr and left == []
        return
    assert result.returncode == 0, result.stderr
    assert left == ["1"]
    server = daemon(tmp_path / "registry")
    names = [one["name"] for one in server.get("/v2/models/m").json["inputs"]]
    if names == ["input"]:
        answer = server.post("/v1/models/m:predict", {"instances": [[1.5, 7]]})
    else:
        answer = server.post("/v1/models/m:predict", {"instances": [{name: None for name in names}]})
    assert answer.status == 200 and 0 <= answer.json["predictions"][0] <= 1, answer.text


def test_badRows_areSetAsideWithTheirReasons_andASchemaHolds(tmp_path):
    schema, quarantine = tmp_path / "schema.yaml", tmp_path / "bad.jsonl"
    result, left = train(tmp_path, GOOD, "--schema", schema)
    assert result.returncode == 0 and left == ["1"], result.stderr
    text = schema.read_text()
    assert "values: [a, b]" in text and "name: x  # 0.0 to 16.0" in text
    schema.write_text(text.replace("    type: number\n", "    type: number\n    max: 20\n", 1))
    bad = GOOD + "21,a,no\n3,c,no\nfour,b,yes\n5,a\n"
    result, left = train(tmp_path, bad, "--schema", schema)
    assert (result.returncode, left) == (1, ["1"])
    assert "line 125: 2 fields" in result.stderr
    result, left = train(tmp_path, bad[:-4], "--schema", schema)
    assert (result.returncode, left) == (1, ["1"])
    assert "- x: max 20.0\n+ x: 21, 1 row, first in line 122\n" in result.stderr
    assert "- c: values a, b\n+ c: c, 1 row, first in line 123\n" in result.stderr
    assert "- x: type number\n+ x: four, 1 row, first in line 124" in result.stderr
    result, left = train(tmp_path, bad, "--schema", schema, "--quarantine", quarantine)
    assert result.returncode == 0 and left == ["1", "2"], result.stderr
    rows = [json.loads(line) for line in quarantine.read_text().splitlines()]
    assert [(row["line"], row["code"], row["cells"]) for row in rows] == [
        (122, "above_max", ["21", "a", "no"]), (123, "new_value", ["3", "c", "no"]),
        (124, "wrong_type", ["four", "b", "yes"]), (125, "csv_ragged_row", ["5", "a"])]
    result, left = train(tmp_path, bad, "--schema", schema, "--quarantine", quarantine, "--max-bad-rows", "0.01")
    assert result.returncode == 1 and "4 of 124 rows are bad" in result.stderr and left == ["1", "2"]


def test_manyCategories_canBeHashed(tmp_path):
    steps = tmp_path / "steps.yaml"
    steps.write_text("- hash: {columns: [id], buckets: 32}\n")
    content = "x,id,y\n" + "".join(f"{i % 9},u{i},{'ab'[i % 9 > 4]}\n" for i in range(20_000))
    result, left = train(tmp_path, content, "--text", "id", "--preprocess", steps, "--algorithm", "logistic")
    assert result.returncode == 0 and left == ["1"], result.stderr


def test_aStepThatCannotBeFitted_isNamed(tmp_path):
    steps = tmp_path / "steps.yaml"
    for step, reason in [("scale: {columns: [c]}", 'step scale, column "c": it is a category, not a number'),
                         ("impute: {columns: [xx]}", 'column "xx": there is no such column here'),
                         ("transform: {columns: [x], method: box_cox}", "box_cox needs numbers above 0"),
                         ("pca: {columns: [x], components: 3}", "3 components of 1 columns")]:
        steps.write_text(f"- {step}\n")
        result, left = train(tmp_path, GOOD, "--preprocess", steps)
        assert (result.returncode, left) == (1, []) and reason in result.stderr, result.stderr
