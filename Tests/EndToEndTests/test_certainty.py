# SPDX-License-Identifier: Apache-2.0
"""What a model says of its own certainty: intervals and calibrated probabilities, trained and then served."""
import csv
import json

import pytest

from conftest import BIN, DATA, Daemon, run


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    path = tmp_path_factory.mktemp("certainty") / "registry"

    def train(data, name, *flags):
        run(BIN / "modeltrain", "train", DATA / data, "--target", "target", "--split-column", "split",
            "--progress", "none", "--registry", path, "--name", name, *flags)

    train("diabetes.csv", "around", "--algorithm", "linear", "--interval", "0.8")
    train("diabetes.csv", "quantiles", "--algorithm", "gbdt", "--rounds", "30", "--interval", "0.8",
          "--interval-method", "quantiles")
    train("breast_cancer.csv", "isotonic", "--algorithm", "gbdt", "--rounds", "30", "--calibrate", "isotonic")
    return path


@pytest.fixture(scope="module")
def daemon(registry):
    daemon = Daemon(registry)
    yield daemon
    daemon.stop()


def records(data):
    with open(DATA / data, newline="") as file:
        return [row for row in csv.DictReader(file) if row["split"] == "test"]


def answers(daemon, model, rows, *outputs):
    names = [name for name in rows[0] if name not in ("target", "split")]
    inputs = [{"name": name, "datatype": "FP64", "shape": [len(rows)], "data": [float(row[name]) for row in rows]}
              for name in names]
    answer = daemon.post(f"/v2/models/{model}/infer",
                         {"inputs": inputs, "outputs": [{"name": name} for name in outputs]})
    assert answer.status == 200, answer.text
    return {output["name"]: output["data"] for output in answer.json["outputs"]}


@pytest.mark.parametrize("model", ["around", "quantiles"])
def test_theIntervalIsServed_andHoldsWhatItPromises(daemon, model):
    rows = records("diabetes.csv")
    found = answers(daemon, model, rows, "predictions", "lower", "upper")
    metadata = daemon.get(f"/v2/models/{model}").json
    assert {"lower", "upper"} <= {output["name"] for output in metadata["outputs"]}
    assert len(found["predictions"]) == len(rows) == len(found["lower"])
    assert all(low <= high for low, high in zip(found["lower"], found["upper"]))
    held = sum(low <= float(row["target"]) <= high
               for row, low, high in zip(rows, found["lower"], found["upper"])) / len(rows)
    # 111 rows: three deviations are 0.12, and as much again for the 66 rows that the width comes from.
    assert abs(held - 0.8) < 0.18
    widths = {round(high - low, 3) for low, high in zip(found["lower"], found["upper"])}
    assert (len(widths) == 1) == (model == "around")


@pytest.mark.parametrize("model", ["around", "quantiles"])
def test_everyProtocolAnswersTheSameBounds(daemon, registry, model):
    rows = records("diabetes.csv")[:7]
    names = [name for name in rows[0] if name not in ("target", "split")]
    wanted = ["predictions", "lower", "upper"]
    found = answers(daemon, model, rows, *wanted)
    expected = [dict(zip(wanted, values)) for values in zip(*(found[name] for name in wanted))]
    instances = [[float(row[name]) for name in names] for row in rows]
    v1 = daemon.post(f"/v1/models/{model}:predict", {"instances": instances, "parameters": {"outputs": wanted}})
    assert v1.json == {"predictions": expected}
    columns = {name: [row[place] for row in instances] for place, name in enumerate(names)}
    v1 = daemon.post(f"/v1/models/{model}:predict", {"inputs": columns, "parameters": {"outputs": wanted}})
    assert v1.json == {"outputs": found}
    single = Daemon(registry, "--default-model", model)
    try:
        frame = {"dataframe_split": {"columns": names, "data": instances}, "params": {"outputs": wanted}}
        assert single.post("/invocations", frame).json == {"predictions": expected}
    finally:
        single.stop()
    answer = daemon.request("POST", f"/models/{model}/invoke", json.dumps(instances), {
        "Content-Type": "application/json", "Accept": "text/csv",
        "X-Amzn-SageMaker-Custom-Attributes": "outputs=" + ",".join(wanted)})
    assert [[float(cell) for cell in line.split(",")] for line in answer.text.splitlines()] == [
        [row[name] for name in wanted] for row in expected]


def test_batchKnowsBothBoundsByOneName(daemon, registry, tmp_path):
    rows = records("diabetes.csv")[:5]
    names = [name for name in rows[0] if name not in ("target", "split")]
    (tmp_path / "rows.csv").write_text(
        "\n".join([",".join(names)] + [",".join(row[name] for name in names) for row in rows]) + "\n")
    run(BIN / "modelctl", "batch", registry / "around/1/model.safetensors", tmp_path / "rows.csv", tmp_path / "out.csv",
        "--outputs", "predictions,intervals")
    with open(tmp_path / "out.csv", newline="") as file:
        written = list(csv.DictReader(file))
    found = answers(daemon, "around", rows, "predictions", "lower", "upper")
    for name, values in found.items():
        assert [float(record[name]) for record in written] == values


def test_calibratedProbabilities_areThoseThatWereMeasured(daemon, tmp_path):
    flags = ["--target", "target", "--split-column", "split", "--algorithm", "gbdt", "--rounds", "30", "--calibrate",
             "isotonic", "--progress", "none", "--predictions", tmp_path / "rows.jsonl"]
    run(BIN / "modeltrain", "train", DATA / "breast_cancer.csv", *flags)
    measured = [json.loads(line)["predictions"] for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    found = answers(daemon, "isotonic", records("breast_cancer.csv"), "predictions", "margin")
    assert found["predictions"] == measured
    # A curve that never falls: higher margins never have lower probabilities.
    pairs = sorted(zip(found["margin"], found["predictions"]))
    assert all(before[1] <= after[1] for before, after in zip(pairs, pairs[1:]))
