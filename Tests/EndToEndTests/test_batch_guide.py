# SPDX-License-Identifier: Apache-2.0
"""Every example of the page on whole files does what the page says."""
import csv
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from conftest import BIN, DATA, ROOT, age, clean_environment, run

PAGE = ROOT / "docs" / "guides" / "batch.md"
EXAMPLES = re.findall(r"```(sh|python|yaml) example\n(.*?)```", PAGE.read_text(), re.S)


@pytest.fixture
def place(tmp_path):
    """A directory with the page's files: models/iris and flowers in three forms."""
    data = tmp_path / "data"
    data.mkdir()
    run(BIN / "modeltrain", "train", DATA / "iris.csv", "--target", "target", "--split-column", "split",
        "--algorithm", "logistic", "--registry", tmp_path / "models", "--name", "iris")
    age(tmp_path / "models")
    with (DATA / "iris.csv").open() as file:
        rows = [{name: row[name] for name in row if name not in ("target", "split")} for row in csv.DictReader(file)]
    names = list(rows[0])
    with (tmp_path / "flowers.csv").open("w") as out:
        out.write(",".join(["id", *names]) + "\n")
        out.writelines(f"{index}," + ",".join(row.values()) + "\n" for index, row in enumerate(rows))
    (tmp_path / "flowers.jsonl").write_text("".join(
        json.dumps({"id": index} | {name: float(value) for name, value in row.items()}) + "\n"
        for index, row in enumerate(rows)))
    (tmp_path / "rows.csv").write_text("".join(",".join(row.values()) + "\n" for row in rows))
    shutil.copy(tmp_path / "flowers.csv", data)
    return tmp_path


@pytest.mark.skipif(shutil.which("jq") is None or shutil.which("curl") is None, reason="jq or curl is not here")
def test_theExamplesOfThePage_doWhatItSays(daemon, place):
    server = daemon(place / "models", "--jobs-directory", place / "jobs")
    # Python as the tests have it, with their libraries.
    path = f"{BIN}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    environment = clean_environment({"PATH": path})
    kinds, printed = [], []
    for kind, text in EXAMPLES:
        text = text.replace("http://127.0.0.1:8080", server.url).replace("/data/", f"{place}/data/")
        kinds.append(kind)
        if kind == "yaml":
            job = yaml.safe_load(text)["spec"]
            command = job["template"]["spec"]["containers"][0]["command"]
            command = [part.replace("/models/", f"{place}/models/") for part in command]
            for index in range(job["completions"]):
                subprocess.run(command, check=True, capture_output=True,
                               env=environment | {"JOB_COMPLETION_INDEX": str(index)})
            continue
        command = ["bash", "-e", "-o", "pipefail", "-c", text] if kind == "sh" else [sys.executable, "-c", text]
        result = subprocess.run(command, cwd=place, env=environment, text=True, capture_output=True, timeout=120)
        # `head` ends before its pipe does.
        assert result.returncode in ((0, 141, 23) if "| head" in text else (0,)), f"{text}\n{result.stdout}{result.stderr}"
        printed.append(result.stdout)
    assert (kinds.count("sh"), kinds.count("python"), kinds.count("yaml")) == (11, 2, 1)
    assert "none\n" in printed and "1.0\n" in printed and "150 records, 0 bad\n" in printed
    assert '["completed",150,true]\n' in printed
    assert any(re.fullmatch(r'\{"key":0,"prediction":.*\}\n', text) for text in printed)
    whole = run(BIN / "modelctl", "batch", place / "models/iris", place / "flowers.csv", "--quiet").stdout
    assert (place / "data" / "out.csv").read_text() == whole
    run(BIN / "modelctl", "batch", place / "models/iris", place / "flowers.csv", place / "kept.csv", "--keep", "id")
    # The last of the examples that write it is the job, which keeps no column.
    assert (place / "predictions.csv").read_text() == whole
    lines = (place / "rows.csv.out").read_text().splitlines()
    assert lines == [line.removesuffix(",") for line in whole.splitlines()[1:]]


def test_batchTransform_cutsAndJoinsLines(daemon, place):
    """SplitType Line, BatchStrategy MULTI_RECORD, AssembleWith Line; then SINGLE_RECORD, and a bad row."""
    server = daemon(place / "models", env={"SAGEMAKER_BATCH": "true", "SAGEMAKER_BIND_TO_PORT": "0"})
    lines = (place / "rows.csv").read_text().splitlines()
    limits = server.get("/execution-parameters").json
    assert limits["BatchStrategy"] == "MULTI_RECORD" and limits["MaxPayloadInMB"] > 0

    def transform(lines, size, kind):
        answers = []
        for start in range(0, len(lines), size):
            body = "\n".join(lines[start:start + size])
            answer = server.post("/invocations", body, headers={"Content-Type": kind, "Accept": kind})
            assert answer.status == 200 and answer.headers["Content-Type"].startswith(kind), answer.text
            # SageMaker puts a line feed between the answers, whether they end with one or not.
            answers.append(answer.text.removesuffix("\n"))
        return "\n".join(answers).splitlines()

    whole = transform(lines, 1_000, "text/csv")
    assert len(whole) == 150 and transform(lines, 37, "text/csv") == whole and transform(lines, 1, "text/csv") == whole
    records = [json.dumps([float(cell) for cell in line.split(",")]) for line in lines]
    lists = [f"[{line}]" for line in whole]
    assert transform(records, 41, "application/jsonlines") == lists
    bad = server.post("/invocations", "1,2,3,4\n1,2,x,4", headers={"Content-Type": "text/csv", "Accept": "text/csv"})
    assert bad.status == 400 and "row 1" in bad.text
