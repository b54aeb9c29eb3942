# SPDX-License-Identifier: Apache-2.0
"""ONNX models whose operators do not run natively: by ONNX Runtime's library, or refused by name."""
import importlib.util
import json
import pathlib
import shutil

import pytest

from conftest import FIXTURES, BIN, age, run

MODELS = FIXTURES / "models" / "onnxruntime"
CASES = json.loads((MODELS / "cases.json").read_text())


@pytest.fixture(scope="session")
def library():
    """The library inside the Python package, which is not imported."""
    package = pathlib.Path(importlib.util.find_spec("onnxruntime").origin).parent
    (found,) = package.glob("capi/libonnxruntime.so.*")
    return found


@pytest.fixture
def registry(tmp_path):
    for name in CASES:
        version = tmp_path / "registry" / name / "1"
        version.mkdir(parents=True)
        shutil.copy(MODELS / f"{name}.onnx", version / "model.onnx")
    age(tmp_path / "registry")
    return tmp_path / "registry"


def tensor(name, datatype, rows):
    return {"name": name, "datatype": datatype, "shape": [len(rows), len(rows[0])], "data": rows}


def test_otherOperators_areAnsweredByONNXRuntime(daemon, registry, library):
    server = daemon(registry, "--onnx-runtime-library", library)
    case = CASES["normalized"]
    for rows, expected in [(case["rows"], case["expected"]["normalized"]),
                           (case["rows"][3:4], case["expected"]["normalized"][3:4])]:
        answer = server.post("/v2/models/normalized/infer", {"inputs": [tensor("x", "FP32", rows)]})
        assert answer.status == 200, answer.text
        (output,) = answer.json["outputs"]
        assert output["shape"] == [len(rows), 24]
        assert output["data"] == pytest.approx([v for row in expected for v in row], rel=1e-6, abs=1e-7)
    instances = server.post("/v1/models/zipmap:predict", {"instances": CASES["zipmap"]["rows"]})
    assert instances.status == 200, instances.text
    scores = CASES["zipmap"]["expected"]["probabilities"]
    for got, expected in zip(instances.json["predictions"], scores, strict=True):
        assert got["probabilities"] == pytest.approx(expected, rel=1e-6)
    text = server.post("/v1/models/text:predict", {"instances": [["10115"], ["Köln"]]})
    assert text.json["predictions"] == [{"is_postcode": [True], "twice": ["1011510115"]},
                                        {"is_postcode": [False], "twice": ["KölnKöln"]}], text.text
    log = server.stop()
    assert log.count("engine=onnxruntime-1.") == len(CASES), log


def test_aRow_hasTheSameBitsInEveryBatch(daemon, registry, library):
    server = daemon(registry, "--onnx-runtime-library", library)
    rows = CASES["normalized"]["rows"]

    def answer(rows):
        reply = server.post("/v2/models/normalized/infer", {"inputs": [tensor("x", "FP32", rows)]})
        return reply.json["outputs"][0]["data"]

    alone = [v for row in rows for v in answer([row])]
    assert answer(rows) == alone
    assert answer(rows * 20) == alone * 20


def test_aWrongRequest_isTheClientsFault(daemon, registry, library):
    server = daemon(registry, "--onnx-runtime-library", library)
    short = server.post("/v2/models/normalized/infer", {"inputs": [tensor("x", "FP32", [[1.0, 2.0]])]})
    assert short.status == 400 and "48" in short.text
    nul = server.post("/v1/models/text:predict", {"instances": [["a\u0000b"]]})
    assert nul.status == 400 and "NUL" in nul.text


def test_withoutTheLibrary_theOperatorIsNamed(daemon, registry):
    server = daemon(registry, "--onnx-runtime-library", "/nowhere/libonnxruntime.so.1")
    assert server.post("/v1/models/normalized:predict", {"instances": [[0] * 48]}).status == 503
    log = server.stop()
    assert "onnx_runtime_missing" in log and "MeanVarianceNormalization" in log and "onnx.runtime_library" in log
    assert "/nowhere/libonnxruntime.so.1" in log


def test_native_neverOpensTheLibrary(daemon, registry, library):
    server = daemon(registry, "--onnx-engine", "native", "--onnx-runtime-library", library)
    log = server.stop()
    assert "inference.unsupported_operator" in log and "engine=onnxruntime" not in log


def test_onnxruntime_runsWhatWouldRunNatively(daemon, tmp_path, library):
    version = tmp_path / "registry" / "digits" / "1"
    version.mkdir(parents=True)
    shutil.copy(FIXTURES / "models/onnx/torch_mlp_digits/model.onnx", version)
    age(tmp_path / "registry")
    record = json.loads((FIXTURES / "models/onnx/torch_mlp_digits/case.json").read_text())
    name, sent = next(iter(record["input"]["inputs"].items()))
    body = {"inputs": [{"name": name, "datatype": "FP32", "shape": sent["shape"], "data": sent["data"]}]}
    answers = {}
    for engine in ["native", "onnxruntime"]:
        server = daemon(tmp_path / "registry", "--onnx-engine", engine, "--onnx-runtime-library", library)
        answers[engine] = server.post("/v2/models/digits/infer", body).json["outputs"][0]["data"]
        assert f"engine={'native' if engine == 'native' else 'onnxruntime-'}" in server.stop()
    assert answers["native"] == pytest.approx(answers["onnxruntime"], rel=1e-5, abs=1e-5)


def test_verify_takesTheLibrary(registry, library):
    refused = run(BIN / "modelctl", "verify", registry / "normalized", check=False)
    assert refused.returncode == 1 and "MeanVarianceNormalization" in refused.stdout
    good = run(BIN / "modelctl", "verify", registry / "normalized", "--onnx-runtime", library)
    assert "1 ok, 0 refused" in good.stdout


def test_weightsInAnotherFile_areGivenToIt(daemon, tmp_path, library):
    version = tmp_path / "registry" / "outside" / "1"
    version.mkdir(parents=True)
    shutil.copy(MODELS / "outside.onnx", version / "model.onnx")
    shutil.copy(MODELS / "outside.bin", version)
    age(tmp_path / "registry")
    server = daemon(tmp_path / "registry", "--onnx-runtime-library", library)
    case = CASES["normalized"]
    answer = server.post("/v2/models/outside/infer", {"inputs": [tensor("x", "FP32", case["rows"])]})
    expected = [v for row in case["expected"]["normalized"] for v in row]
    assert answer.json["outputs"][0]["data"] == pytest.approx(expected, rel=1e-6, abs=1e-7), answer.text
    assert "engine=onnxruntime-1." in server.stop()
    (version / "outside.bin").unlink()
    log = daemon(tmp_path / "registry", "--onnx-runtime-library", library).stop()
    assert "outside.bin" in log and "engine=onnxruntime" not in log
