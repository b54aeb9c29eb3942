# SPDX-License-Identifier: Apache-2.0
"""Trees that modeltrain grew, opened by the libraries whose format they are written in."""
import csv
import json
import random

import numpy as np
import pytest
from conftest import BIN, DATA, run


LOSSES = [
    ("breast_cancer", ["gbdt"], "target"), ("wine", ["gbdt"], "target"), ("diabetes", ["gbdt"], "target"),
    ("diabetes", ["gbdt", "--loss", "poisson"], "target"), ("diabetes", ["random_forest", "--trees", "20"], "target"),
    ("breast_cancer", ["extra_trees", "--trees", "20"], "target"),
]


def train(tmp_path, data, algorithm, *more):
    model, answers = tmp_path / "model.safetensors", tmp_path / "answers.jsonl"
    run(BIN / "modeltrain", "train", data, "--target", "target", "--algorithm", *algorithm, "--output", model,
        "--predictions", answers, *(["--rounds", "40"] if "gbdt" in algorithm else []), *more)
    return model, [json.loads(line) for line in answers.read_text().splitlines()]


def convert(model, to, out):
    run(BIN / "modelctl", "convert", model, "-o", out, "--to", to)
    return out


def close(found, expected, tolerance):
    found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert found.shape == expected.shape
    assert np.all(np.abs(found - expected) <= tolerance * np.maximum(1, np.abs(expected)))


def check(model, rows, expected, tmp_path, categorical=()):
    """The same numbers from all three, as far as the model can be written for them."""
    import lightgbm
    import onnxruntime
    import xgboost

    features = rows.shape[1]
    booster = xgboost.Booster(model_file=convert(model, "xgboost", tmp_path / "model.json"))
    types = ["c" if column in categorical else "float" for column in range(features)]
    matrix = xgboost.DMatrix(rows.astype(np.float32), feature_types=types, enable_categorical=True)
    close(booster.predict(matrix, validate_features=False), expected, 1e-6)
    booster = lightgbm.Booster(model_file=convert(model, "lightgbm", tmp_path / "model.txt"))
    # Its sums are in Float64; an exponential makes the most of the difference.
    close(booster.predict(rows.astype(np.float32).astype(np.float64)), expected, 1e-5)
    if not categorical:
        session = onnxruntime.InferenceSession(convert(model, "onnx", tmp_path / "model.onnx"))
        found = session.run(None, {"input": rows.astype(np.float32)})[0]
        close(found[:, 0] if np.ndim(expected) == 1 else found, expected, 2e-6)


@pytest.mark.parametrize("data, algorithm, target", LOSSES, ids=lambda value: "-".join(map(str, value))
                         if isinstance(value, list) else str(value))
def test_trees_are_the_same_in_other_libraries(tmp_path, data, algorithm, target):
    model, answers = train(tmp_path, DATA / f"{data}.csv", algorithm, "--split-column", "split")
    with open(DATA / f"{data}.csv") as file:
        table = list(csv.DictReader(file))
    names = [name for name in table[0] if name not in (target, "split")]
    rows = np.array([[float(table[answer["row"]][name]) for name in names] for answer in answers])
    check(model, rows, [answer["predictions"] for answer in answers], tmp_path)


def test_sets_of_categories_are_the_same_in_other_libraries(tmp_path):
    chance = random.Random(3)
    colours = ["amber", "blue", "cyan", "green", "red", "white"]
    lines = ["colour,size,target"]
    for _ in range(600):
        colour, size = chance.choice(colours), chance.random()
        lines.append(f"{colour},{size:.4f},{(colour in ('blue', 'red', 'white')) * 2 + size + chance.random() / 5}")
    path = tmp_path / "colours.csv"
    path.write_text("\n".join(lines) + "\n")
    model, answers = train(tmp_path, path, ["gbdt"])
    table = [line.split(",") for line in lines[1:]]
    rows = np.array([[colours.index(table[answer["row"]][0]), float(table[answer["row"]][1])]
                     for answer in answers])
    check(model, rows, [answer["predictions"] for answer in answers], tmp_path, categorical=(0,))
    refused = run(BIN / "modelctl", "convert", model, "-o", tmp_path / "no.onnx", "--to", "onnx", check=False)
    assert refused.returncode != 0 and "categories" in refused.stderr and not (tmp_path / "no.onnx").exists()
