# SPDX-License-Identifier: Apache-2.0
"""The clients that people have, as they are: nothing here knows more of modeld than its address."""
import asyncio
import io
import json
import select
import signal
import subprocess

import numpy
import pytest
import tritonclient.http
import tritonclient.http.aio

from conftest import BIN, FIXTURES, clean_environment, publish_fixture

MODELS = FIXTURES / "models"


@pytest.fixture
def served(daemon, stump):
    publish_fixture(stump, "digits", MODELS / "onnx/torch_cnn_digits/model.onnx")
    publish_fixture(stump, "labels", MODELS / "onnx/sk_logreg_string_labels/model.onnx")
    return daemon(stump, "--default-model", "stump")


# MARK: tritonclient

NUMPY = {"BOOL": bool, "UINT8": numpy.uint8, "UINT16": numpy.uint16, "UINT32": numpy.uint32, "UINT64": numpy.uint64,
         "INT8": numpy.int8, "INT16": numpy.int16, "INT32": numpy.int32, "INT64": numpy.int64, "FP16": numpy.float16,
         "FP32": numpy.float32, "FP64": numpy.float64}


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("datatype", NUMPY)
def test_triton_sendsEveryDatatype(served, datatype, binary):
    client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{served.port}")
    tensor = tritonclient.http.InferInput("input", [2, 2], datatype)
    values = numpy.array([[0, 1], [1, 0]], dtype=NUMPY[datatype])
    if datatype == "FP16" and not binary:
        return  # The client itself refuses to write it.
    tensor.set_data_from_numpy(values, binary_data=binary)
    outputs = [tritonclient.http.InferRequestedOutput("predictions", binary_data=binary)]
    answer = client.infer("stump", [tensor], outputs=outputs, request_id="42", priority=1, timeout=5_000_000)
    assert answer.as_numpy("predictions").tolist() == [1.5, -2.0]
    assert answer.get_response()["id"] == "42"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_triton_compresses(served, coding):
    client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{served.port}")
    tensor = tritonclient.http.InferInput("input", [2000, 2], "FP32")
    tensor.set_data_from_numpy(numpy.tile(numpy.array([[0.25, 1], [0.75, 1]], numpy.float32), (1000, 1)))
    answer = client.infer("stump", [tensor], request_compression_algorithm=coding,
                          response_compression_algorithm=coding)
    assert answer.as_numpy("predictions").tolist() == [1.5, -2.0] * 1000


def test_triton_readsEverythingAboutAModel(served):
    client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{served.port}")
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("stump")
    assert not client.is_model_ready("absent")
    assert "statistics" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("digits")
    config = client.get_model_config("digits", "1")
    assert [i["name"] for i in metadata["inputs"]] == [i["name"] for i in config["input"]]
    assert config["max_batch_size"] > 0 and len(config["input"][0]["dims"]) == len(metadata["inputs"][0]["shape"]) - 1
    assert {m["name"] for m in client.get_model_repository_index()} == {"stump", "digits", "labels"}
    before = client.get_inference_statistics("stump")["model_stats"][0]
    tensor = tritonclient.http.InferInput("input", [3, 2], "FP32")
    tensor.set_data_from_numpy(numpy.ones((3, 2), numpy.float32))
    for _ in range(5):
        client.infer("stump", [tensor])
    with pytest.raises(tritonclient.http.InferenceServerException):
        client.infer("stump", [tritonclient.http.InferInput("input", [1, 3], "FP32").set_data_from_numpy(
            numpy.ones((1, 3), numpy.float32))])
    after = client.get_inference_statistics("stump")["model_stats"][0]
    assert after["inference_count"] - before["inference_count"] == 15
    assert after["execution_count"] - before["execution_count"] == 5
    assert after["inference_stats"]["success"]["count"] == 5 and after["inference_stats"]["fail"]["count"] == 1
    assert after["inference_stats"]["compute_infer"]["ns"] > 0
    assert len(client.get_inference_statistics()["model_stats"]) == 3


def test_triton_classifies(served):
    client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{served.port}")
    metadata = client.get_model_metadata("digits")
    name, shape = metadata["inputs"][0]["name"], [2, *metadata["inputs"][0]["shape"][1:]]
    tensor = tritonclient.http.InferInput(name, shape, "FP32")
    tensor.set_data_from_numpy(numpy.random.default_rng(1).random(shape, numpy.float32))
    output = metadata["outputs"][0]["name"]
    plain = client.infer("digits", [tensor]).as_numpy(output)
    for binary in (True, False):
        asked = tritonclient.http.InferRequestedOutput(output, binary_data=binary, class_count=3)
        classes = client.infer("digits", [tensor], outputs=[asked]).as_numpy(output)
        for row, texts in zip(plain, classes):
            order = [int((t.decode() if isinstance(t, bytes) else t).split(":")[1]) for t in texts]
            assert order == sorted(range(len(row)), key=lambda i: -row[i])[:3]


def test_triton_sendsOneTensorAlone(served):
    body = numpy.array([[0.25, 1], [0.75, 1]], numpy.float32).tobytes()
    answer = served.post("/v2/models/stump/infer", body, headers={"Inference-Header-Content-Length": "0"})
    length = int(answer.headers["Inference-Header-Content-Length"])
    assert numpy.frombuffer(answer.body[length:], numpy.float32).tolist() == [1.5, -2.0]
    assert answer.status == 200


def test_triton_asksAsynchronously(served):
    async def ask():
        async with tritonclient.http.aio.InferenceServerClient(f"127.0.0.1:{served.port}") as client:
            tensor = tritonclient.http.aio.InferInput("input", [1, 2], "FP32")
            tensor.set_data_from_numpy(numpy.array([[0.75, 1]], numpy.float32))
            answers = await asyncio.gather(*(client.infer("stump", [tensor]) for _ in range(50)))
            return [answer.as_numpy("predictions").tolist() for answer in answers]

    assert asyncio.run(ask()) == [[-2.0]] * 50
    client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{served.port}", concurrency=4)
    tensor = tritonclient.http.InferInput("input", [1, 2], "FP32")
    tensor.set_data_from_numpy(numpy.array([[0.25, 1]], numpy.float32))
    pending = [client.async_infer("stump", [tensor]) for _ in range(20)]
    assert [p.get_result().as_numpy("predictions").tolist() for p in pending] == [[1.5]] * 20


def test_triton_sendsTexts(served):
    client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{served.port}")
    metadata = client.get_model_metadata("labels")
    name, width = metadata["inputs"][0]["name"], metadata["inputs"][0]["shape"][-1]
    tensor = tritonclient.http.InferInput(name, [1, width], "FP32")
    tensor.set_data_from_numpy(numpy.zeros((1, width), numpy.float32))
    texts = [o["name"] for o in metadata["outputs"] if o["datatype"] == "BYTES"]
    assert texts
    binary = client.infer("labels", [tensor]).as_numpy(texts[0])
    asked = [tritonclient.http.InferRequestedOutput(texts[0], binary_data=False)]
    assert [t.decode() for t in binary.reshape(-1)] == [
        str(t) for t in client.infer("labels", [tensor], outputs=asked).as_numpy(texts[0]).reshape(-1)]


def test_aRequestThatWaitedTooLong_isGivenUp(daemon, stump):
    """One worker that is busy: who may wait a microsecond is told so."""
    server = daemon(stump, "--scheduling-mode", "workers", "--scheduling-workers", "1")
    body = {"parameters": {"timeout": 1}, "inputs": [
        {"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [0.25, 1]}]}
    answer = server.post("/v2/models/stump/infer", body)
    assert answer.status == 503 and "Request timeout expired" in answer.json["error"]
    body["parameters"]["timeout"] = 10_000_000
    assert server.post("/v2/models/stump/infer", body).status == 200


# MARK: TensorFlow Serving and KServe V1

def test_tensorflowServing_requests(served):
    predict = "/v1/models/stump:predict"
    assert served.post(predict, {"instances": [[0.25, 1], [0.75, 1]]}).json == {"predictions": [1.5, -2.0]}
    assert served.post(predict, {"signature_name": "serving_default", "inputs": [[0.25, 1]]}).json == {"outputs": [1.5]}
    assert served.post(predict, '{"instances": [[NaN, Infinity]]}').json == {"predictions": [1.5]}
    assert served.post("/v1/models/stump/versions/1:regress", {"examples": [{"f0": 0.25, "f1": [1.0]}]}).json == {
        "results": [1.5]}
    state = served.get("/v1/models/stump").json["model_version_status"][0]
    assert state == {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    inputs = served.get("/v1/models/stump/metadata").json["metadata"]["signature_def"]["signature_def"]
    assert inputs["serving_default"]["method_name"] == "tensorflow/serving/predict"
    for body, text in [({"instances": []}, "instances"), ({}, "Missing 'inputs' or 'instances' key"),
                       ({"signature_name": "x", "instances": [[1, 2]]}, "not found in signature def")]:
        answer = served.post(predict, body)
        assert answer.status == 400 and text in answer.json["error"]


def test_cloudEvents_areAnsweredByEvents(served):
    headers = {"ce-specversion": "1.0", "ce-id": "36077800-0c23-4f38-a0b4-01f4369f670a", "ce-source": "test",
               "ce-type": "test.request", "Content-Type": "application/json"}
    answer = served.post("/v1/models/stump:predict", {"instances": [[0.25, 1]]}, headers=headers)
    assert answer.status == 200 and answer.json == {"predictions": [1.5]}
    assert answer.headers["ce-id"] == headers["ce-id"] and answer.headers["ce-specversion"] == "1.0"
    assert answer.headers["ce-source"] == "io.kserve.inference.stump"
    assert answer.headers["ce-type"] == "io.kserve.inference.response"
    del headers["ce-type"]
    answer = served.post("/v1/models/stump:predict", {"instances": [[0.25, 1]]}, headers=headers)
    assert answer.status == 400 and "ce-type" in answer.json["error"]


# MARK: MLflow, SageMaker, Vertex AI

def test_mlflow_requests(served):
    rows = {"columns": ["f1", "f0"], "data": [[1, 0.25], [1, 0.75]]}
    answer = served.post("/invocations", {"dataframe_split": rows}, headers={"Content-Type": "application/json"})
    assert answer.status == 200 and answer.json == {"predictions": [1.5, -2.0]}
    records = [{"f0": 0.25, "f1": 1}, {"f0": 0.75, "f1": None}]
    assert served.post("/invocations", {"dataframe_records": records}).json == {"predictions": [1.5, -2.0]}
    csv = "f1,f0\n1,0.25\n,0.75\n"
    assert served.post("/invocations", csv, headers={"Content-Type": "text/csv"}).json == {"predictions": [1.5, -2.0]}
    answer = served.post("/invocations", {"dataframe_split": {"columns": ["f0"], "data": [[1]]}})
    assert answer.status == 400 and answer.json["error_code"] == "BAD_REQUEST" and "'f1'" in answer.json["message"]
    assert served.get("/ping").status == served.get("/health").status == 200
    assert served.get("/version").text


def test_withoutADefaultModel_theChoicesAreNamed(daemon, stump):
    publish_fixture(stump, "other", FIXTURES / "protocols/registry/stump/1/model.json")
    answer = daemon(stump).post("/invocations", {"instances": [[1, 2]]})
    assert answer.status == 404 and answer.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert "'other', 'stump'" in answer.json["message"]


class Container:
    """modeld as a platform starts it: by its environment, on a port that the platform chose."""

    def __init__(self, arguments, environment):
        self.process = subprocess.Popen([str(BIN / "modeld"), *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=clean_environment(environment))
        readable, _, _ = select.select([self.process.stdout], [], [], 30)
        self.line = self.process.stdout.readline() if readable else ""

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=30)


def connect(line):
    from conftest import Daemon
    server = Daemon.__new__(Daemon)
    server.port = int(line.split("http://")[1].split()[0].rsplit(":", 1)[1])
    return server


def test_sageMaker_startsAndAsks(stump):
    container = Container(["serve", "--registry", str(stump / "stump")], {"SAGEMAKER_BIND_TO_PORT": "0"})
    try:
        server = connect(container.line)
        assert "0.0.0.0" in container.line
        assert server.get("/ping").status == 200

        def invoke(body, **headers):
            return server.post("/invocations", body, headers={k.replace("_", "-"): v for k, v in headers.items()})

        assert invoke("0.25,1\n0.75,1\n", Content_Type="text/csv").json == {"predictions": [1.5, -2.0]}
        assert invoke("0.25,1\n0.75,1\n", Content_Type="text/csv", Accept="text/csv").text == "1.5\n-2.0\n"
        lines = '{"features": [0.25, 1]}\n{"features": [0.75, 1]}\n'
        answer = invoke(lines, Content_Type="application/jsonlines", Accept="application/jsonlines")
        assert answer.text == "1.5\n-2.0\n"
        rows = numpy.array([[0.25, 1], [0.75, 1]])
        for array in (rows, rows.astype(numpy.float32), rows.astype(numpy.float16), rows[0]):
            file = io.BytesIO()
            numpy.save(file, array)
            answer = invoke(file.getvalue(), Content_Type="application/x-npy", Accept="application/x-npy")
            assert numpy.load(io.BytesIO(answer.body)).tolist() == [1.5, -2.0][:len(numpy.atleast_2d(array))]
        answer = invoke(rows.astype(numpy.float32).tobytes(), Content_Type="application/octet-stream")
        assert answer.json == {"predictions": [1.5, -2.0]}
        assert invoke("x", Content_Type="image/png").status == 415
        assert invoke("[[1,2]]", Content_Type="application/json", Accept="image/png").status == 415
        assert server.get("/execution-parameters").json["BatchStrategy"] == "MULTI_RECORD"
        assert server.post("/models/stump/invoke", [[0.25, 1]]).json == {"predictions": [1.5]}
        assert server.post("/models/absent/invoke", [[0.25, 1]]).status == 404
        assert server.post("/models", {"model_name": "stump", "url": "/x"}).status == 409
    finally:
        container.stop()


def test_vertex_startsAndAsks(stump):
    container = Container([], {
        "AIP_MODE": "PREDICTION", "AIP_HTTP_PORT": "0", "AIP_STORAGE_URI": str(stump),
        "AIP_HEALTH_ROUTE": "/v1/endpoints/1/deployedModels/2",
        "AIP_PREDICT_ROUTE": "/v1/endpoints/1/deployedModels/2:predict"})
    try:
        server = connect(container.line)
        assert server.get("/v1/endpoints/1/deployedModels/2").status == 200
        answer = server.post("/v1/endpoints/1/deployedModels/2:predict",
                             {"instances": [[0.25, 1], [0.75, 1]], "parameters": {"x": 1}})
        assert answer.status == 200 and answer.json == {"predictions": [1.5, -2.0]}
        assert server.post("/v1/endpoints/1/deployedModels/2:predict", {"instances": [[1]]}).status == 400
        address = "/v1/projects/p/locations/l/endpoints/stump:predict"
        assert server.post(address, {"instances": [[0.25, 1]]}).json == {"predictions": [1.5]}
    finally:
        container.stop()


# MARK: Wrong input of every kind

WRONG = [
    # dialect, path, what is in the body's place of a row, what the error has to say
    ("v2", "text", ["input 'f0', row 0", "number"]), ("v2", "short", ["'input'", "2"]),
    ("v2", "json", ["line 1, column"]), ("v1", "text", ["input 'f0', row 0", "number"]),
    ("v1", "short", ["instances[0]", "2 elements"]), ("v1", "json", ["line 1, column"]),
    ("mlflow", "text", ["input 'f0', row 0", "number"]), ("mlflow", "short", ["2 elements"]),
    ("mlflow", "json", ["line 1, column"]), ("sagemaker", "text", ["input 'f0', row 0", "number"]),
    ("sagemaker", "short", ["[0]", "2 elements"]), ("sagemaker", "json", ["line 1, column"]),
]


@pytest.mark.parametrize("dialect,kind,words", WRONG, ids=[f"{d}-{k}" for d, k, _ in WRONG])
def test_wrongInput_isNamedInTheDialectsForm(served, dialect, kind, words):
    row = {"text": ["x", 1], "short": [1], "json": [1, 2]}[kind]
    if dialect == "v2":
        path = "/v2/models/stump/infer"
        body = {"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP32", "data": row}]}
    else:
        path = {"v1": "/v1/models/stump:predict", "mlflow": "/invocations", "sagemaker": "/models/stump/invoke"}[dialect]
        body = {"instances": [row]}
    text = json.dumps(body)
    if kind == "json":
        text = text[:-1]
    answer = served.post(path, text, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    message = answer.json["message" if dialect == "mlflow" else "error"]
    assert all(word in message for word in words), message
    assert set(answer.json) == ({"error_code", "message"} if dialect == "mlflow" else {"error"})
