# SPDX-License-Identifier: Apache-2.0
"""The data scientist's and the developer's story: the same numbers everywhere, with the clients they have."""
import csv
import json
import math
import pathlib
import subprocess

import numpy
import pytest
import safetensors.numpy

from conftest import BIN, DATA, FIXTURES, age, publish_fixture, run

MODELS = FIXTURES / "models"


def rows_of(data, split):
    with open(DATA / f"{data}.csv") as file:
        table = list(csv.DictReader(file))
    features = [name for name in table[0] if name not in ("target", "split")]
    chosen = [row for row in table if row["split"] == split]
    return [[float(row[name]) for name in features] for row in chosen], [float(row["target"]) for row in chosen]


def baselines():
    return json.loads((DATA / "baselines.json").read_text())["results"]


def log_loss(truth, probabilities):
    total = 0.0
    for y, p in zip(truth, probabilities):
        p = min(max(p, 1e-15), 1 - 1e-15)
        total -= math.log(p if y == 1 else 1 - p)
    return total / len(truth)


def roc_auc(truth, scores):
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    ranks, i = [0.0] * len(scores), 0
    while i < len(order):
        j = i
        while j + 1 < len(order) and scores[order[j + 1]] == scores[order[i]]:
            j += 1
        for k in range(i, j + 1):
            ranks[order[k]] = (i + j) / 2 + 1
        i = j + 1
    positive = [r for r, y in zip(ranks, truth) if y == 1]
    n, m = len(positive), len(truth) - len(positive)
    return (sum(positive) - n * (n + 1) / 2) / (n * m)


def served(daemon, name, rows):
    answer = daemon.infer(name, rows)
    assert answer.status == 200, answer.text
    return answer.json["outputs"][0]["data"]


def test_breastCancer_reachesTheBaselines(daemon, trained):
    server = daemon(trained / "registry")
    rows, truth = rows_of("breast_cancer", "test")
    expected = baselines()["breast_cancer"]
    # A boosted model has to be as good as scikit-learn's of the same kind, a linear one as its own.
    for algorithm, baseline in (("gbdt", "hgb"), ("logistic", "logreg")):
        scores = served(server, f"breast_cancer_{algorithm}", rows)
        accuracy = sum((p > 0.5) == (y == 1) for p, y in zip(scores, truth)) / len(truth)
        figures = {"accuracy": accuracy, "log_loss": log_loss(truth, scores), "roc_auc": roc_auc(truth, scores)}
        print(algorithm, figures, expected[baseline])
        assert accuracy >= expected[baseline]["accuracy"] - 1e-9
        assert figures["log_loss"] <= expected[baseline]["log_loss"] + 1e-3
        assert figures["roc_auc"] >= expected[baseline]["roc_auc"] - 2e-3


def test_diabetes_reachesTheBaselines(daemon, trained):
    server = daemon(trained / "registry")
    rows, truth = rows_of("diabetes", "test")
    expected = baselines()["diabetes"]
    for algorithm, baseline in (("gbdt", "hgb"), ("linear", "ridge")):
        answers = served(server, f"diabetes_{algorithm}", rows)
        rmse = math.sqrt(sum((a - y) ** 2 for a, y in zip(answers, truth)) / len(truth))
        print(algorithm, rmse, expected[baseline])
        assert rmse <= expected[baseline]["rmse"] * 1.0001


@pytest.mark.parametrize("name", ["breast_cancer_gbdt", "breast_cancer_logistic", "diabetes_gbdt", "diabetes_linear"])
def test_jsonAnswers_equalTheTrainersOwnToTheLastBit(daemon, trained, name):
    server = daemon(trained / "registry")
    rows, _ = rows_of(name.rsplit("_", 1)[0], "test")
    lines = (trained / f"{name}.jsonl").read_text().splitlines()
    own = [json.loads(line)["predictions"] for line in lines]
    own = [v[0] if isinstance(v, list) else v for v in own]
    assert len(own) == len(rows)
    assert served(server, name, rows) == own
    # And one row at a time, over the other dialect.
    one = server.post(f"/v1/models/{name}:predict", {"instances": rows[:1]}).json["predictions"]
    assert one == own[:1]


def test_nativeFiles_openWithTheSafetensorsPackage(trained):
    files = sorted((trained / "registry").glob("*/*/*.safetensors"))
    assert len(files) == 4
    for file in files:
        tensors = safetensors.numpy.load_file(file)
        assert [name for name in tensors if not name.startswith("_pad")]
        with safetensors.safe_open(file, "numpy") as opened:
            metadata = opened.metadata()
        assert len(metadata["modeld.digest"]) == 64
        json.loads(metadata["modeld.graph"])


def test_linearFiles_holdTheExactOptimum(trained):
    """What the file says, without our reader: coefficients of the standardised features."""
    file = next((trained / "registry" / "breast_cancer_logistic").glob("*/*.safetensors"))
    tensors = safetensors.numpy.load_file(file)
    exact = baselines()["breast_cancer"]["logreg_exact_C1.0"]
    found = [t for n, t in tensors.items() if "coefficients" in n]
    assert len(found) == 1
    assert numpy.max(numpy.abs(found[0].reshape(-1) - numpy.array(exact["coef"][0]))) < 1e-5


def cases():
    """Every model file of the fixtures, those that a library saves in two encodings twice."""
    files = {"xgboost": ["model.json", "model.ubj"], "lightgbm": ["model.txt"], "catboost": ["model.json"],
             "skops": ["model.skops"]}
    found = [path.parent / name for library in files for path in sorted((MODELS / library).glob("*/case.json"))
             for name in files[library] if (path.parent / name).exists()]
    return [str(path.relative_to(MODELS)) for path in found]


def expected_predictions(library, expected):
    """What `predictions` has to be: the library's own default, for CatBoost's classifiers the probabilities."""
    if library == "catboost" and "proba" in expected:
        return [row[1] for row in expected["proba"]] if len(expected["proba"][0]) == 2 else expected["proba"]
    return expected.get("predict", expected.get("raw"))


def table(values):
    return numpy.array([[math.nan if v is None else float(v) for v in numpy.atleast_1d(row)] for row in values])


def test_filesOfOtherLibraries_answerAsRecorded(daemon, registry):
    """All in one registry, asked over V1 with rows of values, or of names where columns are categories."""
    for index, path in enumerate(cases()):
        publish_fixture(registry, f"m{index}", MODELS / path)
    server = daemon(registry)
    wrong = []
    for index, path in enumerate(cases()):
        recorded = json.loads((MODELS / path).with_name("case.json").read_text())
        rows = recorded["input"]["rows"]
        # V1's JSON has no infinities as strings.
        kept = [i for i, row in enumerate(rows) if not {"Infinity", "-Infinity"} & {v for v in row if isinstance(v, str)}]
        inputs = server.get(f"/v2/models/m{index}").json["inputs"]
        names = [tensor["name"] for tensor in inputs]
        instances = [rows[i] if names == ["input"] else dict(zip(names, rows[i])) for i in kept]
        answer = server.post(f"/v1/models/m{index}:predict", {"instances": instances})
        assert answer.status == 200, (path, answer.text)
        answers = [row["predictions"] if isinstance(row, dict) else row for row in answer.json["predictions"]]
        wanted = expected_predictions(path.split("/")[0], recorded["expected"])
        wanted = [wanted[i] for i in kept]
        if isinstance(wanted[0], str):
            same = answers == wanted
        else:
            got, sought = table(answers), table(wanted)
            same = got.shape == sought.shape and numpy.allclose(got, sought, rtol=1e-5, atol=1e-6, equal_nan=True)
        if not same:
            wrong.append((path, answers[:3], wanted[:3]))
    assert not wrong, wrong


def test_anMLflowDirectory_isServed(daemon, registry):
    directory = publish_fixture(registry, "flow", MODELS / "lightgbm/lgb_binary/model.txt")
    (directory / "model.txt").rename(directory / "model.lgb")
    (directory / "MLmodel").write_text("flavors:\n  lightgbm:\n    data: model.lgb\n    lgb_version: 4.7.0\n"
                                       "  python_function:\n    data: model.lgb\n    loader_module: mlflow.lightgbm\n")
    for name in ("conda.yaml", "requirements.txt", "python_env.yaml"):
        (directory / name).write_text("x: 1\n")
    (directory / "input_example.json").write_text('{"data": [[1, 2]]}')
    age(registry / "flow")
    recorded = json.loads((MODELS / "lightgbm/lgb_binary/case.json").read_text())
    rows = recorded["input"]["rows"][:5]
    server = daemon(registry)
    assert served(server, "flow", rows) == pytest.approx(recorded["expected"]["predict"][:5], rel=1e-12)


def test_weightsInSafetensors_answerByTheirDescription(daemon, registry):
    recorded = json.loads((MODELS / "safetensors/safetensors_mlp_bf16/case.json").read_text())
    directory = publish_fixture(registry, "net", MODELS / "safetensors/safetensors_mlp_bf16/model.safetensors")
    (directory / "architecture.json").write_text(json.dumps(recorded["arch"]))
    age(registry / "net")
    tensor = recorded["input"]["inputs"]["x"]
    rows = numpy.array(tensor["data"]).reshape(tensor["shape"]).tolist()
    answers = numpy.array(served(daemon(registry), "net", rows)).ravel()
    assert numpy.allclose(answers, numpy.array(recorded["expected"]["logits"]["data"]).ravel(), rtol=1e-5, atol=1e-5)


def test_convert_keepsTheAnswers(daemon, registry, tmp_path):
    source = MODELS / "catboost/more_combinations/model.json"
    native = tmp_path / "converted.safetensors"
    run(BIN / "modelctl", "convert", source, "-o", native)
    publish_fixture(registry, "before", source)
    publish_fixture(registry, "after", native)
    server = daemon(registry)
    recorded = json.loads(source.with_name("case.json").read_text())
    names = [tensor["name"] for tensor in server.get("/v2/models/before").json["inputs"]]
    body = {"instances": [dict(zip(names, row)) for row in recorded["input"]["rows"]]}
    answers = [server.post(f"/v1/models/{name}:predict", body).json for name in ("before", "after")]
    assert answers[0] == answers[1] and len(answers[0]["predictions"]) == len(recorded["input"]["rows"])


def test_convert_keepsTheAnswersOfAGraph(daemon, registry, tmp_path):
    source = MODELS / "onnx/torch_cnn_digits/model.onnx"
    native = tmp_path / "converted.safetensors"
    run(BIN / "modelctl", "convert", source, "-o", native)
    publish_fixture(registry, "before", source)
    publish_fixture(registry, "after", native)
    server = daemon(registry)
    recorded = json.loads(source.with_name("case.json").read_text())
    name, sent = next(iter(recorded["input"]["inputs"].items()))
    body = {"inputs": [{"name": name, "datatype": "FP32", "shape": sent["shape"], "data": sent["data"]}]}
    answers = [server.post(f"/v2/models/{model}/infer", body).json["outputs"] for model in ("before", "after")]
    assert answers[0] == answers[1] and answers[0][0]["shape"][0] == sent["shape"][0]


def test_tritonclient_getsPredictions(daemon, trained):
    triton = pytest.importorskip("tritonclient.http")
    server = daemon(trained / "registry")
    rows, _ = rows_of("breast_cancer", "test")
    expected = served(server, "breast_cancer_gbdt", rows)
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("breast_cancer_gbdt")
        assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
        metadata = client.get_model_metadata("breast_cancer_gbdt")
        assert metadata["inputs"][0]["shape"] == [-1, 30]
        assert client.get_model_repository_index()
        array = numpy.array(rows, dtype=numpy.float32)
        for binary in (False, True):
            tensor = triton.InferInput("input", list(array.shape), "FP32")
            tensor.set_data_from_numpy(array, binary_data=binary)
            wanted = [triton.InferRequestedOutput(n, binary_data=binary) for n in ("predictions", "labels")]
            answer = client.infer("breast_cancer_gbdt", [tensor], outputs=wanted, request_id="7")
            assert answer.as_numpy("predictions").astype(float).tolist() == pytest.approx(expected, rel=1e-6)
            assert set(answer.as_numpy("labels").tolist()) <= {0, 1}
        # No outputs named: the client asks for binary data by itself.
        answer = client.infer("breast_cancer_gbdt", [tensor])
        assert answer.as_numpy("predictions").shape == (len(rows),)


def test_curl_getsPredictions(daemon, stump):
    server = daemon(stump)
    body = '{"instances": [[0.25, 1], [0.75, 1]]}'
    text = subprocess.run(["curl", "-sS", "--fail", "-d", body, f"{server.url}/v1/models/stump:predict"],
                          capture_output=True, text=True, check=True).stdout
    assert json.loads(text) == {"predictions": [1.5, -2.0]}


BAD_REQUESTS = [
    # path, body, status, words of the message
    ("/v2/models/stump/infer", '{"inputs": [', 400, ["line 1"]),
    ("/v2/models/stump/infer", "", 400, ["line 1"]),
    ("/v2/models/stump/infer", "[1]", 400, ["line 1"]),
    ("/v2/models/stump/infer", '{"inputs":[]}', 400, ["input"]),
    ("/v2/models/stump/infer", "{}", 400, ["inputs"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}',
     400, ["input", "[rows,2]"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP32","data":[1,2,3]}]}',
     400, ["input", "more"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[2,2],"datatype":"FP32","data":[1,2,3]}]}',
     400, ["input", "3"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP32","data":["a",2]}]}',
     400, ["f0", "string"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[1,2],"datatype":"INT8","data":[300,2]}]}',
     400, ["300", "INT8"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP16","data":[1,2]}]}',
     400, ["FP16"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[1,2],"datatype":"BYTES","data":["1","2"]}]}',
     400, ["BYTES"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"other","shape":[1,2],"datatype":"FP32","data":[1,2]}]}',
     400, ["other", "input"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"f0","shape":[1],"datatype":"FP32","data":[1]}]}',
     400, ["f1"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[-1,2],"datatype":"FP32","data":[1,2]}]}',
     400, ["negative"]),
    ("/v2/models/stump/infer",
     '{"inputs":[{"name":"input","shape":[4611686018427387904,2],"datatype":"FP32","data":[1,2]}]}', 400, ["rows"]),
    ("/v2/models/stump/infer",
     '{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP32","data":[1,2]}],"outputs":[{"name":"nope"}]}',
     400, ["nope", "predictions"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP32","data":[1,2]}]} x',
     400, ["line 1"]),
    ("/v2/models/stump/infer", '{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP32","data":[1e999,2]}]}',
     400, []),
    ("/v2/models/stump/infer", "[" * 100000, 400, []),
    ("/v2/models/absent/infer", "{}", 404, ["absent"]),
    ("/v2/models/stump/versions/9/infer", "{}", 404, ["9"]),
    ("/v2/models/stump/versions/x/infer", "{}", 404, []),
    ("/v2/models/../../etc/infer", "{}", 404, []),
    ("/v1/models/stump:predict", '{"instances": [[1]]}', 400, ["instances[0]", "2"]),
    ("/v1/models/stump:predict", '{"instances": [[1,2],[1,2,3]]}', 400, ["instances[1]"]),
    ("/v1/models/stump:predict", '{"instances": []}', 400, ["instances"]),
    ("/v1/models/stump:predict", '{"instances": [{"f0":1}]}', 400, ["f1"]),
    ("/v1/models/stump:predict", '{"instances": [{"f0":1,"f1":1,"f2":1}]}', 400, ["f2"]),
    ("/v1/models/stump:predict", '{"instances": [["a",1]]}', 400, ["f0", "row 0"]),
    ("/v1/models/stump:predict", '{"instances": [[1,2]], "inputs": [[1,2]]}', 400, ["inputs"]),
    ("/v1/models/stump:predict", "{}", 400, ["instances"]),
    ("/v1/models/stump:predict", '{"instances": [[1,2]}', 400, ["line 1"]),
    ("/v1/models/absent:predict", '{"instances": [[1,2]]}', 404, ["absent"]),
    ("/v1/models/stump/versions/9:predict", '{"instances": [[1,2]]}', 404, ["9"]),
    ("/v1/models/stump:explode", '{"instances": [[1,2]]}', 405, ["explode"]),
]


def test_badInput_isAlways4xxAndTheDaemonLives(daemon, stump):
    server = daemon(stump)
    for path, body, status, words in BAD_REQUESTS:
        answer = server.post(path, body)
        assert answer.status == status, (path, body[:200], answer.status, answer.text)
        message = answer.json["error"]
        for word in words:
            assert word in message, (path, body[:200], message)
    for method, path, status in [("DELETE", "/v2/models/stump/infer", 405), ("POST", "/v2", 405),
                                 ("GET", "/nothing", 404), ("GET", "/v2/models/absent", 404)]:
        answer = server.request(method, path)
        assert answer.status == status, (method, path, answer.status)
    assert server.infer("stump", [[0.25, 1.0]]).json["outputs"][0]["data"] == [1.5]


def test_oversizedBody_is413(daemon, stump):
    server = daemon(stump, "--limits-body-bytes", "64KiB")
    try:
        answer = server.post("/v1/models/stump:predict", '{"instances": [' + "[1,2]," * 200000 + "[1,2]]}")
        assert answer.status == 413
    except (BrokenPipeError, ConnectionResetError):
        pytest.fail("the answer has to be readable although the body was not read to its end")
    assert server.infer("stump", [[0.25, 1.0]]).status == 200


def test_missingValues_takeTheDefaultDirection(daemon, stump):
    server = daemon(stump)
    assert served(server, "stump", [[None, 1.0]]) == [1.5]
    answer = server.post("/v1/models/stump:predict", '{"instances": [[NaN, 1], [null, 1]]}')
    assert answer.json == {"predictions": [1.5, 1.5]}


def test_metrics_areCleanForPromtoolAndCountRequests(daemon, stump):
    server = daemon(stump)
    for _ in range(3):
        server.infer("stump", [[0.25, 1.0], [0.75, 1.0]])
    server.post("/v2/models/stump/infer", "{")
    server.get("/no/such/path/at/all")
    text = server.get("/metrics")
    assert text.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    check = subprocess.run(["promtool", "check", "metrics"], input=text.text, capture_output=True, text=True)
    assert check.returncode == 0 and not check.stderr.strip() and not check.stdout.strip(), check
    lines = text.text.splitlines()
    assert any(line.startswith('modeld_model_inferences_total{model="stump",version="1"') and line.endswith(" 6")
               for line in lines), text.text
    assert any(line.startswith("modeld_build_info{") for line in lines)
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert "no/such/path" not in text.text
    openmetrics = server.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert openmetrics.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert openmetrics.text.endswith("# EOF\n")


def test_prometheus_scrapesTheDaemon(daemon, stump, tmp_path):
    import socket
    import urllib.request
    server = daemon(stump)
    server.infer("stump", [[0.25, 1.0]])
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    config = tmp_path / "prometheus.yml"
    config.write_text("scrape_configs:\n- job_name: modeld\n  scrape_interval: 1s\n  static_configs:\n"
                      f"  - targets: ['127.0.0.1:{server.port}']\n")
    prometheus = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def scraped():
            query = f"http://127.0.0.1:{port}/api/v1/query?query=modeld_model_inferences_total"
            try:
                result = json.load(urllib.request.urlopen(query, timeout=5))["data"]["result"]
            except OSError:
                return None
            return result
        result = server.eventually(scraped, seconds=60)
        assert result[0]["metric"]["model"] == "stump" and result[0]["value"][1] == "1"
    finally:
        prometheus.terminate()
        prometheus.wait(20)


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def test_damagedNativeFiles_areRefusedByVerify(trained, tmp_path):
    """A sample of what the unit tests do ten thousand times, through the operator's tool."""
    source = next((trained / "registry" / "breast_cancer_gbdt").glob("*/*.safetensors")).read_bytes()
    damaged = [source[: len(source) // 2], source[:-1], b"", flipped(source, 8 * 100 + 3),
               flipped(source, 8 * (len(source) - 5))]
    for index, data in enumerate(damaged):
        file = tmp_path / f"{index}.safetensors"
        file.write_bytes(data)
        result = run(BIN / "modelctl", "verify", file, check=False)
        assert result.returncode not in (0, -4, -5, -6, -11, 132, 133, 134, 139), (index, result)
