# SPDX-License-Identifier: Apache-2.0
"""Model files as other programs leave them, asked over HTTP."""
import json
import shutil

import numpy
import pytest

from conftest import FIXTURES, age

MODELS = FIXTURES / "models"


def case(path):
    return json.loads((MODELS / path / "case.json").read_text())


@pytest.fixture
def registry(tmp_path):
    for name, files in {
        "iris": ["onnx/mlflow_onnx/model.onnx"], "texts": ["onnx/sk_ct_logreg/model.onnx"],
        "imputer": ["onnx/sk_knn_imputer/model.onnx"], "margins": ["xgboost/xgb_multi_softmax/model.json"],
    }.items():
        version = tmp_path / "registry" / name / "1"
        version.mkdir(parents=True)
        for file in files:
            shutil.copy(MODELS / file, version)
    (tmp_path / "registry/iris/1/MLmodel").write_text(
        "flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.23.2\n  python_function:\n"
        "    data: model.onnx\n    loader_module: mlflow.onnx\nmlflow_version: 3.17.2\n")
    (tmp_path / "registry/iris/1/requirements.txt").write_text("onnxruntime\n")
    age(tmp_path / "registry")
    return tmp_path / "registry"


def test_mlflowDirectory_answersAsItsModelDid(daemon, registry):
    server = daemon(registry)
    recorded = case("onnx/mlflow_onnx")
    answer = server.post("/v1/models/iris:predict", {"instances": recorded["input"]["rows"]})
    assert answer.status == 200, answer.text
    for got, expected in zip(answer.json["predictions"], recorded["expected"]["predict_proba"], strict=True):
        probabilities = next(v for k, v in got.items() if "prob" in k)
        assert probabilities == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_rowsOfTextsAndNumbers_areAnswered(daemon, registry):
    server = daemon(registry)
    recorded = case("onnx/sk_ct_logreg")
    inputs, expected = recorded["input"]["inputs"], recorded["onnxruntime_outputs"]
    columns = {name: [None if v is None else v for v in sent["data"]] for name, sent in inputs.items()}
    assert any(isinstance(v, str) for values in columns.values() for v in values)
    rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
    answer = server.post("/v1/models/texts:predict", {"instances": rows})
    assert answer.status == 200, answer.text
    by_column = server.post("/v1/models/texts:predict", {"inputs": columns})
    assert by_column.status == 200, by_column.text
    for name, output in expected.items():
        flat = [v for row in answer.json["predictions"]
                for v in (row[name] if isinstance(row[name], list) else [row[name]])]
        assert flat == pytest.approx(output["data"], rel=1e-6, abs=1e-6)


def test_functionsInsideBranches_areAnswered(daemon, registry):
    server = daemon(registry)
    recorded = case("onnx/sk_knn_imputer")
    ((name, sent),) = recorded["input"]["inputs"].items()
    body = {"inputs": [{"name": name, "datatype": "FP32", "shape": sent["shape"], "data": sent["data"]}]}
    answer = server.post("/v2/models/imputer/infer", body)
    assert answer.status == 200, answer.text
    (expected,) = recorded["onnxruntime_outputs"].values()
    assert answer.json["outputs"][0]["data"] == pytest.approx(expected["data"], rel=1e-6, abs=1e-6)


def test_baseMargin_isTakenAndNotAskedFor(daemon, registry):
    server = daemon(registry)
    record = json.loads((MODELS / "row_margins.json").read_text())["xgboost/xgb_multi_softmax"]
    rows = case("xgboost/xgb_multi_softmax")["input"]["rows"][:len(record["row_margins"])]
    metadata = server.get("/v2/models/margins").json
    assert [i["name"] for i in metadata["inputs"]] == ["input"]
    assert json.loads(metadata["properties"]["optional_inputs"]) == [
        {"name": "base_margin", "datatype": "FP32", "shape": [-1, len(record["row_margins"][0])]}]
    tensors = [{"name": name, "datatype": "FP32", "shape": [len(v), len(v[0])], "data": v}
               for name, v in [("input", rows), ("base_margin", record["row_margins"])]]
    answer = server.post("/v2/models/margins/infer", {"inputs": tensors, "outputs": [{"name": "margin"}]})
    assert answer.status == 200, answer.text
    expected = numpy.array(record["margin"], numpy.float32).ravel()
    assert (numpy.array(answer.json["outputs"][0]["data"], numpy.float32) == expected).all()
