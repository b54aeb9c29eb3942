# SPDX-License-Identifier: Apache-2.0
"""What modeltrain publishes and compresses, checked and served by the other programs."""
import csv
import json

import pytest

from conftest import BIN, DATA, FIXTURES, age, run

CANCER = DATA / "breast_cancer.csv"
SIGNING = FIXTURES / "signing"


def train(*more):
    run(BIN / "modeltrain", "train", CANCER, "--target", "target", "--split-column", "split", *more)


def test_a_version_is_published_signed(tmp_path):
    train("--algorithm", "gbdt", "--rounds", "10", "--registry", tmp_path / "r", "--name", "cancer", "--sign-key",
          SIGNING / "p256.pem")
    version = tmp_path / "r/cancer/1"
    assert sorted(path.name for path in version.iterdir()) == ["card.md", "manifest.json", "model.safetensors", "model.sig"]
    run(BIN / "modelctl", "verify", version, "--public-key", SIGNING / "p256.pub")
    refused = run(BIN / "modelctl", "verify", version, "--public-key", SIGNING / "p384.pub", check=False)
    assert refused.returncode == 1
    with open(version / "card.md", "a") as file:
        file.write("It never errs.\n")
    assert run(BIN / "modelctl", "verify", version, "--public-key", SIGNING / "p256.pub", check=False).returncode == 1


def test_the_same_data_and_seed_give_the_same_file_on_any_number_of_days(tmp_path):
    for name in ("a", "b"):
        train("--algorithm", "gbdt", "--rounds", "10", "--registry", tmp_path / name, "--name", "cancer")
    files = [(tmp_path / name / "cancer/1/model.safetensors").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]
    facts = [json.loads((tmp_path / name / "cancer/1/manifest.json").read_text())["facts"] for name in ("a", "b")]
    assert all(fact["run.created"].endswith("Z") and float(fact["run.cpu_seconds"]) > 0 for fact in facts)


@pytest.mark.parametrize("algorithm, options, dtype", [
    (["gbdt", "--rounds", "60"], [], '"I16"'), (["logistic"], ["--weights", "int8"], '"I8"'),
    (["mlp", "--hidden", "32"], ["--weights", "float16"], '"F16"'),
])
def test_a_compressed_model_is_served_as_it_was_measured(tmp_path, daemon, algorithm, options, dtype):
    whole, small = tmp_path / "whole.safetensors", tmp_path / "r/cancer/1/model.safetensors"
    small.parent.mkdir(parents=True)
    train("--algorithm", *algorithm, "--output", whole)
    done = run(BIN / "modeltrain", "compress", whole, CANCER, "--output", small, "--ignore", "split", "--max-loss", "0.2",
               *options)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["event"] == "summary" and summary["bytes"] == small.stat().st_size
    # A small linear model is little but its description.
    assert algorithm == ["logistic"] or small.stat().st_size < whole.stat().st_size
    assert summary["steps"][-1]["log_loss"] <= summary["steps"][0]["log_loss"] * 1.2
    assert dtype in small.read_bytes().decode("latin-1")
    run(BIN / "modelctl", "verify", small)
    age(tmp_path / "r")
    server = daemon(tmp_path / "r")
    with open(CANCER) as file:
        rows = list(csv.DictReader(file))[:20]
    names = [name for name in rows[0] if name not in ("split", "target")]
    answer = server.infer("cancer", [[float(row[name]) for name in names] for row in rows])
    assert answer.status == 200, answer.text
    predictions = next(output for output in answer.json["outputs"] if output["name"] == "predictions")["data"]
    right = sum((value > 0.5) == (row["target"] == "1") for value, row in zip(predictions, rows))
    assert right >= 17


def test_a_step_that_costs_more_than_allowed_writes_nothing(tmp_path):
    whole = tmp_path / "whole.safetensors"
    train("--algorithm", "logistic", "--output", whole)
    refused = run(BIN / "modeltrain", "compress", whole, CANCER, "--output", tmp_path / "small", "--ignore", "split",
                  "--small-weights", "1", "--max-loss", "0.5", check=False)
    assert refused.returncode == 1 and "--max-loss" in refused.stderr
    assert not (tmp_path / "small").exists()


def test_a_model_that_promises_intervals_is_not_compressed(tmp_path):
    whole = tmp_path / "whole.safetensors"
    diabetes = DATA / "diabetes.csv"
    run(BIN / "modeltrain", "train", diabetes, "--target", "target", "--split-column", "split", "--algorithm", "linear",
        "--interval", "0.8", "--output", whole)
    refused = run(BIN / "modeltrain", "compress", whole, diabetes, "--output", tmp_path / "small", check=False)
    assert refused.returncode == 2 and "--interval" in refused.stderr
    assert not (tmp_path / "small").exists()
