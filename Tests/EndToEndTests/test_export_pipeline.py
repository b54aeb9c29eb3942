# SPDX-License-Identifier: Apache-2.0
"""Models with their preprocessing, written as ONNX and answered by ONNX Runtime: the trainer's numbers to 1e-6."""
import csv
import json
import math
import random

import pytest
from conftest import BIN, run

onnxruntime = pytest.importorskip("onnxruntime")
np = pytest.importorskip("numpy")

NUMBERS = ["age", "income", "visits", "height"]


def table(tmp_path, target, mixed=True, rows=500):
    """Numbers with gaps, two categories with gaps and rare names, a class or a number that depends on them."""
    chance = random.Random(5)
    lines = []
    for _ in range(rows):
        age, income = chance.randint(18, 80), math.exp(chance.gauss(8, 1))
        visits, height = chance.randint(0, 9), chance.gauss(0, 2)
        colour = chance.choice(["red", "green", "blue", "red", "green", "mauve" if chance.random() < 0.1 else "blue"])
        plan = chance.choice(["basic", "plus"])
        score = (age - 50) / 15 + math.log(income) - 8 + (colour == "red") - (plan == "plus") * visits / 5
        score += chance.gauss(0, 0.5)
        truth = {"class": "yes" if score > 0 else "no", "number": f"{score:.4f}",
                 "three": ["low", "middle", "high"][(score > -1) + (score > 1)]}[target]
        cells = [str(age), f"{income:.3f}", str(visits), f"{height:.4f}"]
        cells = ["" if chance.random() < 0.05 else cell for cell in cells]
        lines.append(cells + (["" if chance.random() < 0.05 else colour, plan] if mixed else []) + [truth])
    path = tmp_path / "rows.csv"
    names = NUMBERS + (["colour", "plan"] if mixed else []) + ["target"]
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([names, *lines])
    return path


STEPS = """
preprocess:
  - impute: {columns: [age, income], strategy: median, indicator: true}
  - impute: {columns: [visits, height], strategy: mean}
  - clip: {columns: [height], min: -3, max: 3.5}
  - transform: {columns: [income], method: box_cox}
  - transform: {columns: [height], method: yeo_johnson}
  - transform: {columns: [visits], method: log1p}
  - scale: {columns: [age], method: robust}
"""
MIXED = STEPS + """
  - one_hot: {columns: [colour], min_count: 20, missing_column: true}
  - ordinal: {columns: [plan]}
"""
# Bins of what was not computed: where a number is an edge, its last bit decides.
MORE = STEPS.replace("  - transform: {columns: [height], method: yeo_johnson}", "  - bin: {columns: [height], bins: 4}") + """
  - polynomial: {columns: [age, visits], degree: 3}
  - normalize: {columns: [age, visits], norm: l2}
  - pca: {columns: [age, visits, income], components: 2}
"""


def compare(tmp_path, data, *options):
    """ONNX Runtime's answers to the test rows, and the trainer's."""
    model, answers, out = tmp_path / "m.safetensors", tmp_path / "a.jsonl", tmp_path / "m.onnx"
    run(BIN / "modeltrain", "train", data, "--target", "target", "--output", model, "--predictions", answers, *options)
    run(BIN / "modelctl", "convert", model, "-o", out, "--to", "onnx")
    session = onnxruntime.InferenceSession(str(out))
    expected = [json.loads(line) for line in answers.read_text().splitlines()]
    with open(data) as file:
        rows = list(csv.DictReader(file))
    rows = [rows[answer["row"]] for answer in expected]
    inputs = {}
    for value in session.get_inputs():
        if value.name == "input":
            names = [name for name in rows[0] if name not in ("target", "part")]
            inputs["input"] = np.array([[float(row[name] or "nan") for name in names] for row in rows])
        elif value.type == "tensor(string)":
            inputs[value.name] = np.array([[row[value.name]] for row in rows], dtype=object)
        else:
            inputs[value.name] = np.array([[float(row[value.name] or "nan")] for row in rows])
    found = session.run(["predictions"], inputs)[0]
    wanted = np.array([np.atleast_1d(answer["predictions"]) for answer in expected], dtype=np.float64)
    assert found.shape == wanted.shape
    assert np.all(np.abs(found - wanted) <= 1e-6 * np.maximum(1, np.abs(wanted))), np.abs(found - wanted).max()
    assert wanted.std() > 0.05
    return session


CASES = [
    ("class", True, None, ["--algorithm", "logistic"]),
    ("three", True, None, ["--algorithm", "logistic"]),
    ("number", True, None, ["--algorithm", "linear"]),
    ("class", True, MIXED, ["--algorithm", "logistic"]),
    ("number", False, STEPS, ["--algorithm", "linear"]),
    ("number", False, MORE, ["--algorithm", "linear"]),
    ("number", False, MORE, ["--algorithm", "gbdt", "--rounds", "30", "--ordered-categories"]),
    ("class", True, MIXED, ["--algorithm", "gbdt", "--rounds", "30"]),
    ("three", True, MIXED, ["--algorithm", "gbdt", "--rounds", "10"]),
    ("class", True, MIXED, ["--algorithm", "mlp", "--hidden", "16", "--epochs", "5"]),
    ("three", True, None, ["--algorithm", "mlp", "--hidden", "8,8", "--activation", "tanh", "--epochs", "5"]),
    ("class", True, MIXED, ["--algorithm", "random_forest", "--trees", "10"]),
]


@pytest.mark.parametrize("target, mixed, steps, options", CASES)
def test_a_model_with_its_preprocessing_answers_the_same_in_onnx_runtime(tmp_path, target, mixed, steps, options):
    data = table(tmp_path, target, mixed)
    if steps:
        (tmp_path / "steps.yaml").write_text(steps)
        options = [*options, "--preprocess", tmp_path / "steps.yaml"]
    session = compare(tmp_path, data, *options)
    assert [value.name for value in session.get_inputs()] == (NUMBERS + ["colour", "plan"] if mixed else ["input"])


@pytest.mark.parametrize("step", ["target", "one_hot", "ordinal"])
def test_categories_that_training_never_saw_are_the_same(tmp_path, step):
    data = table(tmp_path, "class")
    with open(data) as file:
        rows = list(csv.DictReader(file))
    for index, row in enumerate(rows):
        row["part"] = "test" if index % 4 == 0 else "train"
        if index % 8 == 0:
            row["colour"] = "violet"
    with open(data, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (tmp_path / "steps.yaml").write_text(
        f"preprocess:\n  - impute: {{columns: numeric}}\n  - {step}: {{columns: categorical}}\n")
    compare(tmp_path, data, "--algorithm", "gbdt", "--rounds", "20", "--split-column", "part", "--preprocess",
            tmp_path / "steps.yaml")


@pytest.mark.parametrize("step, part", [
    ("- transform: {columns: [income], method: quantile_normal}", "quantile"),
])
def test_what_onnx_cannot_say_is_refused_by_name(tmp_path, step, part):
    data = table(tmp_path, "number", False)
    (tmp_path / "steps.yaml").write_text(f"preprocess:\n  - impute: {{columns: numeric}}\n  {step}\n")
    model = tmp_path / "m.safetensors"
    run(BIN / "modeltrain", "train", data, "--target", "target", "--algorithm", "linear", "--preprocess",
        tmp_path / "steps.yaml", "--output", model)
    refused = run(BIN / "modelctl", "convert", model, "-o", tmp_path / "no.onnx", "--to", "onnx", check=False)
    assert refused.returncode != 0 and part in refused.stderr and not (tmp_path / "no.onnx").exists()
