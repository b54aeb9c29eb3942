# SPDX-License-Identifier: Apache-2.0
"""What is wrong is said in the dialect's own form, with its code: every code of the page of errors is provoked in every
dialect in which it can happen, and wrong input of every kind is named with its field, its row and what was expected."""
import hashlib
import io
import json
import os
import re
import struct
import subprocess
import sys
import threading

import numpy
import pytest

from conftest import FIXTURES, ROOT, age, publish_fixture

sys.path.insert(0, str(ROOT / "Benchmarks"))
import make_model  # noqa: E402

MODELS = FIXTURES / "models"
STUMP = FIXTURES / "protocols/registry/stump/1/model.json"
DIALECTS = ["v2", "v1", "mlflow", "sagemaker"]
ROW_LIMIT = 2000
#: So many features that explanations of a few rows are too large an answer.
WIDE = 3000


# MARK: Models

def write_model(registry, name, text, file="model.json", policy=None):
    directory = registry / name / "1"
    directory.mkdir(parents=True)
    (directory / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    if policy:
        (registry / name / "model.yaml").write_text(policy)
    age(registry / name)


def changed_stump(objective="reg:squarederror", features=2):
    model = json.loads(STUMP.read_text())
    model["learner"]["objective"] = {"name": objective}
    if objective == "count:poisson":
        model["learner"]["objective"]["poisson_regression_param"] = {"max_delta_step": "0.7"}
        model["learner"]["learner_model_param"]["base_score"] = "1E0"
    model["learner"]["learner_model_param"]["num_feature"] = str(features)
    model["learner"]["gradient_booster"]["model"]["trees"][0]["tree_param"]["num_feature"] = str(features)
    return json.dumps(model)


def identity_of_integers():
    """An ONNX model of one INT64 input [N, 2], written field by field."""
    def field(number, content):
        if isinstance(content, int):
            return bytes([number << 3, content])
        content = content.encode() if isinstance(content, str) else content
        return bytes([number << 3 | 2, len(content)]) + content

    shape = field(1, field(2, "N")) + field(1, field(1, 2))
    kind = field(1, field(1, 7) + field(2, shape))
    node = field(1, "x") + field(2, "y") + field(4, "Identity")
    graph = (field(1, node) + field(2, "g") + field(11, field(1, "x") + field(2, kind))
             + field(12, field(1, "y") + field(2, kind)))
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph)


def publish_all(registry):
    publish_fixture(registry, "stump", STUMP)
    publish_fixture(registry, "names", MODELS / "lightgbm/more_pandas/model.txt")
    publish_fixture(registry, "patients", MODELS / "onnx/sk_ct_logreg/model.onnx")
    publish_fixture(registry, "digits", MODELS / "onnx/torch_cnn_digits/model.onnx")
    write_model(registry, "integers", identity_of_integers(), "model.onnx")
    write_model(registry, "exponent", changed_stump("count:poisson"))
    write_model(registry, "wide", changed_stump(features=WIDE))
    write_model(registry, "broken", "{")
    write_model(registry, "lazy", STUMP.read_text(), policy="load: first_use\n")


# MARK: Requests

def v2(inputs, model="stump", version=None, headers=None, **members):
    path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"
    body = inputs if isinstance(inputs, str) else json.dumps({"inputs": inputs, **members})
    return "POST", path, body, headers or {}


def tensor(**members):
    """A good one, but for the members that are given; those that are None are left out."""
    whole = {"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [1, 2], **members}
    return {key: value for key, value in whole.items() if value is not None}


def v2_binary(data, size=None, shape=(1, 2), model="stump", length=None, datatype="FP32", **members):
    head = tensor(shape=list(shape), data=None, datatype=datatype,
                  parameters={"binary_data_size": len(data) if size is None else size})
    body = json.dumps({"inputs": [head], **members}).encode()
    headers = {"Inference-Header-Content-Length": str(len(body)) if length is None else length}
    return "POST", f"/v2/models/{model}/infer", body + data, headers


def v1(body, model="stump", task="predict"):
    return "POST", f"/v1/models/{model}:{task}", text(body), {}


def mlflow(body, content_type="application/json"):
    return "POST", "/invocations", text(body), {"Content-Type": content_type}


def sagemaker(body, content_type="application/json", model="stump", accept="*/*"):
    return "POST", f"/models/{model}/invoke", text(body), {"Content-Type": content_type, "Accept": accept}


def text(body):
    return body if isinstance(body, (str, bytes)) else json.dumps(body)


def get(path):
    return "GET", path, None, {}


def npy(array):
    file = io.BytesIO()
    numpy.save(file, array)
    return file.getvalue()


def npy_header(shape):
    """The beginning of an array that promises more than comes."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\0" * 8


ROWS = [[1, 2]]
MANY = [[1, 2]] * (ROW_LIMIT + 1)
PATIENT = {"age_band": "x", "sex": "m", "bmi": 1, "bp": 1, "s1": 1, "s5": 1}
UNEVEN = {**{name: [value] for name, value in PATIENT.items()}, "bmi": [1, 2]}
UNEVEN_TENSORS = [{"name": name, "shape": [len(values), 1], "datatype": "FP32" if name[0] in "b" or name in ("s1", "s5")
                   else "BYTES", "data": values} for name, values in UNEVEN.items()]
EXPLAINED = 4_194_304 // (WIDE + 1) + 1

# MARK: Every code, in every dialect

#: (dialect, code) → (setting of the daemon, request).
PROVOKED = {
    ("v2", "unknown_model"): ("all", v2([], model="absent")),
    ("v1", "unknown_model"): ("all", v1({"instances": ROWS}, model="absent")),
    ("mlflow", "unknown_model"): ("default absent", mlflow({"instances": ROWS})),
    ("sagemaker", "unknown_model"): ("all", sagemaker(ROWS, model="absent")),
    ("v2", "unknown_version"): ("all", v2([], version=9)),
    ("v1", "unknown_version"): ("all", v1({"instances": ROWS}, model="stump/versions/9")),
    ("v2", "unknown_alias"): ("all", get("/v2/models/stump/labels/canary")),
    ("v1", "unknown_alias"): ("all", v1({"instances": ROWS}, model="stump/labels/canary")),
    ("mlflow", "unknown_alias"): ("default alias", mlflow({"instances": ROWS})),
    ("sagemaker", "unknown_alias"): ("all", sagemaker(ROWS, model="stump@canary")),
    ("v1", "no_default_model"): ("vertex", ("POST", "/predict", json.dumps({"instances": ROWS}), {})),
    ("mlflow", "no_default_model"): ("no default", mlflow({"instances": ROWS})),
    ("sagemaker", "no_default_model"): ("sagemaker", ("POST", "/invocations", json.dumps(ROWS), {})),
    ("v2", "not_ready"): ("all", v2([tensor()], model="broken")),
    ("v1", "not_ready"): ("all", v1({"instances": ROWS}, model="broken")),
    ("mlflow", "not_ready"): ("default broken", mlflow({"instances": ROWS})),
    ("sagemaker", "not_ready"): ("all", sagemaker(ROWS, model="broken")),
    ("v2", "not_loaded"): ("all", get("/v2/models/lazy/stats")),
    ("v1", "not_loaded"): ("all", get("/v1/models/lazy/labels/latest")),
    ("sagemaker", "not_loaded"): ("all", get("/models/lazy")),
    ("v2", "malformed_body"): ("all", v2('{"inputs": [')),
    ("v1", "malformed_body"): ("all", v1('{"instances": [')),
    ("mlflow", "malformed_body"): ("all", mlflow('{"inputs": ')),
    ("sagemaker", "malformed_body"): ("all", sagemaker("[[1, 2]")),
    ("v2", "missing_field"): ("all", v2("{}")),
    ("v1", "missing_field"): ("all", v1({}, task="regress")),
    ("mlflow", "missing_field"): ("all", mlflow({"dataframe_split": {"columns": ["f0", "f1"]}})),
    ("sagemaker", "missing_field"): ("all", sagemaker({})),
    ("v2", "repeated_field"): ("all", v2('{"id": "1", "id": "2", "inputs": []}')),
    ("v1", "repeated_field"): ("all", v1('{"signature_name": "", "signature_name": ""}')),
    ("mlflow", "repeated_field"): ("all", mlflow('{"params": {}, "params": {}}')),
    ("v2", "invalid_field"): ("all", v2([tensor(shape=[-1, 2])])),
    ("v1", "invalid_field"): ("all", v1({"instances": []})),
    ("mlflow", "invalid_field"): ("all", mlflow({"params": 5, "instances": ROWS})),
    ("sagemaker", "invalid_field"): ("all", sagemaker([])),
    ("v2", "unexpected_input"): ("all", v2([tensor(name="z")])),
    ("v1", "unexpected_input"): ("all", v1({"instances": [{"f0": 1, "f1": 2, "z": 3}]})),
    ("mlflow", "unexpected_input"): ("all", mlflow({"instances": [{"f0": 1, "f1": 2, "z": 3}]})),
    ("sagemaker", "unexpected_input"): ("all", sagemaker([{"f0": 1, "f1": 2, "z": 3}])),
    ("v2", "repeated_input"): ("all", v2([tensor(), tensor()])),
    ("v1", "repeated_input"): ("all", v1('{"instances": [{"f0": 1, "f0": 2, "f1": 3}]}')),
    ("mlflow", "repeated_input"): ("all", mlflow('{"dataframe_records": [{"f0": 1, "f0": 2, "f1": 3}]}')),
    ("sagemaker", "repeated_input"): ("all", sagemaker('[{"f0": 1, "f0": 2, "f1": 3}]')),
    ("v2", "missing_inputs"): ("all", v2([tensor(name="f0", shape=[1], data=[1])])),
    ("v1", "missing_inputs"): ("all", v1({"instances": [{"f0": 1}]})),
    ("mlflow", "missing_inputs"): ("all", mlflow({"dataframe_split": {"columns": ["f0"], "data": [[1]]}})),
    ("sagemaker", "missing_inputs"): ("all", sagemaker([{"f0": 1}])),
    ("v2", "wrong_datatype"): ("all", v2([tensor(datatype="BYTES", data=["1", "2"])])),
    ("sagemaker", "wrong_datatype"): ("all", sagemaker(npy(numpy.ones((1, 2))), "application/x-npy", "integers")),
    ("v2", "wrong_shape"): ("all", v2([tensor(shape=[1, 3], data=[1, 2, 3])])),
    ("v1", "wrong_shape"): ("all", v1({"inputs": {"f0": [1, 2], "f1": [1]}})),
    ("mlflow", "wrong_shape"): ("all", mlflow({"inputs": {"f0": [1, 2], "f1": [1]}})),
    ("sagemaker", "wrong_shape"): ("all", sagemaker(npy(numpy.ones((2, 3))), "application/x-npy")),
    ("v2", "wrong_element_count"): ("all", v2([tensor(data=[1, 2, 3])])),
    ("v1", "wrong_element_count"): ("all", v1({"instances": [[1]]})),
    ("mlflow", "wrong_element_count"): ("all", mlflow("f0,f1\n1,2\n1\n", "text/csv")),
    ("sagemaker", "wrong_element_count"): ("all", sagemaker("1,2\n1\n", "text/csv")),
    ("v2", "wrong_value"): ("all", v2([tensor(data=["x", 2])])),
    ("v1", "wrong_value"): ("all", v1({"instances": [["x", 2]]})),
    ("mlflow", "wrong_value"): ("all", mlflow({"instances": [["x", 2]]})),
    ("sagemaker", "wrong_value"): ("all", sagemaker("x,2\n", "text/csv")),
    ("v2", "unknown_output"): ("all", v2([tensor()], outputs=[{"name": "z"}])),
    ("v1", "unknown_output"): ("all", v1({"instances": [[[[0] * 8] * 8]]}, "digits", "explain")),
    ("v2", "repeated_output"): ("all", v2([tensor()], outputs=[{"name": "margin"}, {"name": "margin"}])),
    ("v2", "too_many_rows"): ("all", v2([tensor(shape=[len(MANY), 2], data=MANY)])),
    ("v1", "too_many_rows"): ("all", v1({"instances": MANY})),
    ("mlflow", "too_many_rows"): ("all", mlflow({"dataframe_split": {"columns": ["f0", "f1"], "data": MANY}})),
    ("sagemaker", "too_many_rows"): ("all", sagemaker("1,2\n" * len(MANY), "text/csv")),
    ("v2", "rows_exceed_body"): ("all", v2([tensor(shape=[ROW_LIMIT, 2])])),
    ("sagemaker", "rows_exceed_body"): ("all", sagemaker(npy_header((ROW_LIMIT, 2)), "application/x-npy")),
    ("v2", "answer_too_large"): ("all", v2_binary(
        bytes(4 * WIDE * EXPLAINED), shape=(EXPLAINED, WIDE), model="wide", outputs=[{"name": "contributions"}])),
    ("v1", "answer_too_large"): ("all", v1({"instances": [[0] * WIDE] * EXPLAINED}, "wide", "explain")),
    ("v2", "infinite_output"): ("all", v2([tensor(), {
        "name": "base_margin", "shape": [1], "datatype": "FP32", "data": [1000]}], model="exponent")),
    ("v2", "not_answerable"): ("all", v2(UNEVEN_TENSORS, model="patients")),
    ("v1", "not_answerable"): ("all", v1({"inputs": UNEVEN}, model="patients")),
    ("mlflow", "not_answerable"): ("default patients", mlflow({"inputs": UNEVEN})),
    ("sagemaker", "not_answerable"): ("all", sagemaker({"inputs": UNEVEN}, model="patients")),
    ("v2", "unsupported"): ("all", v2([tensor(datatype="FP16")])),
    ("v1", "unsupported"): ("all", v1({})),
    ("mlflow", "unsupported"): ("all", mlflow({"data": ROWS})),
    ("sagemaker", "unsupported"): ("all", sagemaker(npy(numpy.ones((1, 2), complex)), "application/x-npy")),
    ("mlflow", "unsupported_media_type"): ("all", mlflow("PAR1", "application/vnd.apache.parquet")),
    ("sagemaker", "unsupported_media_type"): ("all", sagemaker(ROWS, accept="image/png")),
}

#: Those that need a queue: the policy of the model, flags, and whether another request has to wait there.
QUEUES = {
    "too_many_requests": ("limits: {concurrency: 1, queue: 0}\ndynamic_batching: {max_queue_delay: 10s}\n", (), True),
    "overloaded": ("dynamic_batching: {max_queue_delay: 10s}\n", ("--scheduling-queue-requests", "1"), True),
    "timed_out": ("limits: {deadline: 1ms}\ndynamic_batching: {max_queue_delay: 20ms}\n", (), False),
}

SETTINGS = {
    "all": (("--default-model", "stump"), {}),
    "default absent": (("--default-model", "absent"), {}),
    "default alias": (("--default-model", "stump@canary"), {}),
    "default broken": (("--default-model", "broken"), {}),
    "default patients": (("--default-model", "patients"), {}),
    "no default": ((), {}),
    "sagemaker": ((), {"SAGEMAKER_BATCH": "false"}),
    "vertex": ((), {"AIP_MODE": "PREDICTION", "AIP_PREDICT_ROUTE": "/predict", "AIP_HEALTH_ROUTE": "/health2"}),
}


def page():
    """(dialect, code) → what the page of errors says: a status, `(status)` or `–`."""
    lines = (ROOT / "docs/reference/errors.md").read_text().splitlines()
    cells = {}
    for line in lines:
        if match := re.match(r"\| `(\w+)` \|", line):
            columns = [column.strip() for column in line.strip("|").split("|")]
            cells.update({(dialect, match[1]): column for dialect, column in zip(DIALECTS, columns[2:], strict=True)})
    return cells


def check(answer, dialect, code, words=()):
    """The answer is a refusal with the page's status, the code, and the dialect's form; returns its message."""
    assert answer.status == int(page()[dialect, code].strip("()")), (dialect, code, answer.status, answer.text)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers.get("modeld-error-code") == code, (dialect, code, headers, answer.text)
    assert headers["content-type"] == "application/json"
    if code in ("too_many_requests", "overloaded", "not_loaded"):
        assert int(headers["retry-after"]) >= 1, (dialect, code)
    form = {"error_code", "message"} if dialect == "mlflow" else {"error"}
    assert set(answer.json) == form, (dialect, code, answer.text)
    message = answer.json["message" if dialect == "mlflow" else "error"]
    assert message and "\n" not in message
    for word in words:
        assert word in message, (dialect, code, word, message)
    return message


def test_everyCode_isOnThePageAndIsProvoked():
    source = (ROOT / "Sources/Serving/PredictError.swift").read_text()
    codes = set(re.findall(r'^        case \.\w+: "(\w+)"$', source, re.MULTILINE))
    cells = page()
    assert len(codes) > 25 and {code for _, code in cells} == codes
    possible = {key for key, cell in cells.items() if re.fullmatch(r"\d{3}", cell)}
    provoked = set(PROVOKED) | {(dialect, code) for dialect in DIALECTS for code in QUEUES}
    assert provoked == possible


@pytest.mark.parametrize("setting", SETTINGS)
def test_aCode_isAnsweredAsThePageSays(daemon, registry, setting):
    flags, environment = SETTINGS[setting]
    publish_all(registry)
    server = daemon(registry, "--limits-rows", str(ROW_LIMIT), *flags, env=environment)
    cases = {key: request for key, (name, request) in PROVOKED.items() if name == setting}
    assert cases
    for (dialect, code), (method, path, body, headers) in cases.items():
        check(server.request(method, path, body, headers=headers), dialect, code)
    assert server.get("/v2/health/live").status == 200


def metric(server, name):
    lines = server.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


@pytest.mark.parametrize("code", QUEUES)
def test_aQueue_refusesInTheDialectsForm(daemon, registry, code):
    policy, flags, needs_company = QUEUES[code]
    write_model(registry, "forest", json.dumps(make_model.model(500, 8, 6, 1)), policy=policy)
    server = daemon(registry, "--scheduling-mode", "workers", "--scheduling-workers", "1", *flags)
    rows = [[0.5] * 6]
    requests = {"v2": v2([tensor(shape=[1, 6], data=rows)], "forest"), "v1": v1({"instances": rows}, "forest"),
                "mlflow": mlflow({"instances": rows}), "sagemaker": sagemaker(rows, model="forest")}
    first = []
    thread = threading.Thread(target=lambda: first.append(server.infer("forest", rows)))
    if needs_company:
        # It waits for others to be computed with, and takes up the only place meanwhile.
        thread.start()
        server.eventually(lambda: metric(server, "modeld_work_queue_requests") == 1)
    for dialect, (method, path, body, headers) in requests.items():
        words = ["submitted is full"] if dialect == "v1" and needs_company else []
        check(server.request(method, path, body, headers=headers), dialect, code, words)
    if needs_company:
        server.stop()
        thread.join()
        assert first[0].status == 200, "who waits is answered at the end"


# MARK: Wrong input of every kind

NAMED = {"color": "red", "size": 1.5, "code": "1", "flag": "true", "step": "low", "same": "x"}
SPLIT = {"columns": ["f0", "f1"]}
GOOD_COLUMNS = [{"name": name, "shape": [1], "datatype": "FP64" if name == "size" else "BYTES", "data": [value]}
                for name, value in NAMED.items()]

#: (dialect, kind) → (request, code, words that the message has to say); code None: it is no error.
WRONG = {
    ("v2", "wrong type"): (
        v2([tensor(shape=[2, 2], data=[[1, 2], [3, "x"]])]), "wrong_value",
        ["input 'f1', row 1", "expected a number", "got a string"]),
    ("v2", "wrong type of a field"): (
        v2([tensor(shape="2")]), "malformed_body", ["'inputs[0].shape'", "expected an array", "found a string"]),
    ("v2", "wrong type of an element of a field"): (
        v2([tensor(shape=[1, 2.5])]), "malformed_body", ["'inputs[0].shape[1]'", "expected a whole number"]),
    ("v2", "wrong shape"): (
        v2([tensor(shape=[1, 3], data=[1, 2, 3])]), "wrong_shape", ["'input'", "[rows,2]", "[1, 3]"]),
    ("v2", "missing column"): (
        v2([tensor(name="f0", shape=[1], data=[1])]), "missing_inputs", ["'f1'", "required"]),
    ("v2", "unknown column"): (v2([tensor(name="z")]), "unexpected_input", ["'z'", "'input', 'f0', 'f1'"]),
    ("v2", "ragged rows"): (
        v2([tensor(shape=[2, 2], data=[[1, 2], [3]])]), "wrong_element_count",
        ["'input'", "only 1 elements in row 1", "2 elements"]),
    ("v2", "too many rows"): (
        v2([tensor(shape=[len(MANY), 2], data=MANY)]), "too_many_rows", [f"more than {ROW_LIMIT} rows"]),
    ("v2", "unknown category"): (v2([{**c, "data": ["?"]} if c["name"] == "color" else c for c in GOOD_COLUMNS],
                                    "names"), None, []),
    ("v2", "overflow"): (
        v2([tensor(datatype="INT8", data=[1, 300])]), "wrong_value", ["input 'f1', row 0", "300", "INT8"]),
    ("v2", "overflow of 64 bits"): (
        v2([tensor(datatype="UINT64", data=[1, 2 ** 64])]), "wrong_value",
        ["input 'f1', row 0", "whole number", "UINT64"]),
    ("v2", "overflow of a float"): (
        v2([tensor(data=[1e39, 2])]), "wrong_value", ["input 'f0', row 0", "1e+39", "FP32"]),
    ("v2", "overflow of every float"): (
        v2('{"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [1, 1e999]}]}'),
        "malformed_body", ["'inputs[0].data[1]'", "too large for Float64", "byte 79"]),
    ("v2", "fraction for a whole number"): (
        v2([tensor(datatype="INT32", data=[1, 1.5])]), "wrong_value", ["input 'f1', row 0", "whole number", "INT32"]),
    ("v2", "NaN token"): (
        v2('{"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [NaN, 1]}]}'),
        "malformed_body", ["'inputs[0].data[0]'", "expected a value"]),
    ("v2", "truncated binary"): (
        v2_binary(b"\0" * 6, size=8), "wrong_element_count", ["'input'", "6 bytes left", "'binary_data_size' 8"]),
    ("v2", "wrong size of binary data"): (
        v2_binary(b"\0" * 12), "wrong_element_count", ["'input'", "12 bytes of FP32", "2 elements"]),
    ("v2", "bytes behind the binary data"): (
        v2_binary(b"\0" * 12, size=8), "invalid_field", ["'inputs'", "4 bytes"]),
    ("v2", "raw bytes that are no row"): (
        ("POST", "/v2/models/stump/infer", b"\0" * 7, {"Inference-Header-Content-Length": "0"}),
        "wrong_element_count", ["'input'", "7 bytes of FP32", "2 elements"]),
    ("v2", "wrong length of the JSON"): (
        v2_binary(b"\0" * 8, length="x"), "invalid_field", ["Inference-Header-Content-Length", "got: x"]),
    ("v2", "wrong datatype"): (
        v2([tensor(datatype="BYTES", data=["1", "2"])]), "wrong_datatype", ["'input'", "'BYTES'", "numeric"]),
    ("v2", "unknown datatype"): (
        v2([tensor(datatype="FLOAT")]), "invalid_field", ["'datatype'", "'FLOAT'", "FP32"]),
    ("v2", "wrong datatype for a graph"): (
        v2([tensor(name="x", datatype="FP32")], "integers"), "wrong_datatype", ["'x'", "'FP32'", "INT64"]),
    ("v2", "ragged rows of a graph"): (
        v2([tensor(name="x", datatype="INT64", shape=[2, 2], data=[[1, 2], [3]])], "integers"), "wrong_value",
        ["input 'x', row 1", "different lengths"]),
    ("v2", "bad JSON"): (
        v2('{"inputs": [{"name": "input" "shape": [1, 2]}]}'), "malformed_body",
        ["line 1, column 30", "byte 29", "'inputs[0].name'", "expected ',' or '}'"]),
    ("v2", "empty body"): (v2(""), "malformed_body", ["the body is empty"]),

    ("v1", "wrong type"): (
        v1({"instances": [[1, 2], [3, "x"]]}), "wrong_value",
        ["Failed to process element: 1 of 'instances' list", 'JSON Value: "x" Type: String', "type: float",
         "input 'f1', row 1", "expected a number"]),
    ("v1", "wrong type of a field"): (
        v1({"instances": 5}), "malformed_body", ["Excepting 'instances' to be an list/array", "'instances'", "array"]),
    ("v1", "wrong type by name"): (
        v1({"instances": [{"f0": 1, "f1": 2}, {"f0": "x", "f1": 2}]}), "wrong_value", ["input 'f0', row 1", "number"]),
    ("v1", "wrong type in a column"): (
        v1({"inputs": {"f0": [1, {}], "f1": [1, 2]}}), "wrong_value",
        ["JSON Value: {} Type: Object", "input 'f0', row 1", "number"]),
    ("v1", "wrong type in a graph"): (
        v1({"instances": [PATIENT, {**PATIENT, "sex": 5}]}, "patients"), "wrong_value",
        ["JSON Value: 5 Type: Number is not of expected type: string", "input 'sex', row 1", "a string"]),
    ("v1", "wrong type in an example"): (
        v1({"examples": [{"f0": 1, "f1": 2}, {"f0": 1, "f1": "x"}]}, task="regress"), "wrong_value",
        ["input 'f1', row 1", "number"]),
    ("v1", "wrong shape"): (
        v1({"instances": [[1, 2]]}, "digits"), "wrong_shape", ["'x'", "[-1,1,8,8]", "[1, 2]"]),
    ("v1", "missing column"): (
        v1({"instances": [{"f0": 1, "f1": 2}, {"f0": 1}]}), "missing_inputs",
        ["keys must be equal to: f0,f1", "'f1' in row 1"]),
    ("v1", "missing column of columns"): (
        v1({"inputs": {"f0": [1]}}), "missing_inputs", ["Missing named input: f1 in 'inputs' object.", "'f1'"]),
    ("v1", "unknown column"): (
        v1({"instances": [{"f0": 1, "f1": 2, "z": 3}]}), "unexpected_input",
        ["does not have named input: z", "'z' in row 0", "'f0', 'f1'"]),
    ("v1", "ragged rows"): (
        v1({"instances": [[1, 2], [1]]}), "wrong_element_count",
        ["Expecting tensor size: 2 but got: 1", "'instances[1]'", "2 elements"]),
    ("v1", "ragged rows of a graph"): (
        v1({"instances": [[[[0] * 8] * 8], [[[0] * 8] * 7 + [[0] * 7]]]}, "digits"), "wrong_value",
        ["input 'x', row 1", "different lengths"]),
    ("v1", "ragged columns"): (
        v1({"inputs": {"f0": [1, 2], "f1": [1]}}), "wrong_shape", ["'f1'", "2 rows", "[1]"]),
    ("v1", "too many rows"): (v1({"instances": MANY}), "too_many_rows", [f"more than {ROW_LIMIT} rows"]),
    ("v1", "unknown category"): (v1({"instances": [{**NAMED, "color": "?"}]}, "names"), None, []),
    ("v1", "overflow"): (
        v1('{"instances": [[1, 1e999]]}'), "malformed_body",
        ["Number too big to be stored in double. at offset: 19", "'instances[0][1]'", "Float64"]),
    ("v1", "NaN token"): (v1('{"instances": [[NaN, -Infinity]]}'), None, []),
    ("v1", "bad NaN token"): (
        v1('{"instances": [[1, nan]]}'), "malformed_body",
        ["JSON Parse error: Invalid value. at offset: 19", "'instances[0][1]'"]),
    ("v1", "bad base64"): (
        v1({"instances": [{**NAMED, "color": {"b64": "!"}}]}, "names"), "wrong_value",
        ["not formatted correctly for base64 data", "input 'color', row 0", "base 64"]),
    ("v1", "base64 of bytes that are no text"): (
        v1({"instances": [{**PATIENT, "sex": {"b64": "/w=="}}]}, "patients"), "wrong_value",
        ["input 'sex', row 0", "UTF-8"]),
    ("v1", "bad JSON"): (
        v1('{"instances": [[1 2]]}'), "malformed_body",
        ["JSON Parse error: Missing a comma or ] after an array element. at offset: 18", "'instances[0][0]'"]),
    ("v1", "empty body"): (v1(""), "malformed_body", ["JSON Parse error: The document is empty"]),

    ("mlflow", "wrong type"): (
        mlflow({"dataframe_split": {**SPLIT, "data": [[1, 2], [3, "x"]]}}), "wrong_value",
        ["input 'f1', row 1", "expected a number", "got a string"]),
    ("mlflow", "wrong type in records"): (
        mlflow({"dataframe_records": [{"f0": 1, "f1": 2}, {"f0": [], "f1": 2}]}), "wrong_value",
        ["input 'f0', row 1", "expected a number", "an array"]),
    ("mlflow", "wrong type in a table"): (
        mlflow("f0,f1\n1,2\n1,much\n", "text/csv"), "wrong_value",
        ["input 'f1', row 1", "expected a number", "'much'"]),
    ("mlflow", "wrong type of a field"): (
        mlflow({"dataframe_split": {**SPLIT, "data": "x"}}), "malformed_body",
        ["'dataframe_split.data'", "expected an array", "a string"]),
    ("mlflow", "wrong type of a record"): (
        mlflow({"dataframe_records": [{"f0": 1, "f1": 2}, 5]}), "malformed_body",
        ["'dataframe_records[1]'", "expected an object", "a number"]),
    ("mlflow", "wrong shape"): (
        mlflow({"inputs": {"f0": [1, 2], "f1": [1]}}), "wrong_shape", ["'f1'", "2 rows", "[1]"]),
    ("mlflow", "missing column"): (
        mlflow({"dataframe_split": {"columns": ["f0"], "data": [[1]]}}), "missing_inputs", ["'f1'"]),
    ("mlflow", "missing column of a table"): (mlflow("f0\n1\n", "text/csv"), "missing_inputs", ["'f1'"]),
    ("mlflow", "unknown column"): (mlflow({"dataframe_records": [{"f0": 1, "f1": 2, "z": 3}]}), None, []),
    ("mlflow", "ragged rows"): (
        mlflow({"dataframe_split": {**SPLIT, "data": [[1, 2], [1]]}}), "wrong_element_count",
        ["'data[1]'", "1 elements", "2 elements"]),
    ("mlflow", "ragged rows of a table"): (
        mlflow("f0,f1\n1,2\n1\n", "text/csv"), "wrong_element_count", ["'line 3'", "1 elements", "2 elements"]),
    ("mlflow", "too many rows"): (
        mlflow({"dataframe_split": {**SPLIT, "data": MANY}}), "too_many_rows", [f"more than {ROW_LIMIT} rows"]),
    ("mlflow", "overflow"): (
        mlflow('{"dataframe_records": [{"f0": 1e999, "f1": 1}]}'), "malformed_body",
        ["'dataframe_records[0].f0'", "Float64"]),
    ("mlflow", "overflow in a table"): (
        mlflow("f0,f1\n1e999,2\n", "text/csv"), "wrong_value", ["input 'f0', row 0", "a number", "'1e999'"]),
    ("mlflow", "NaN token"): (mlflow('{"dataframe_split": {"columns": ["f0", "f1"], "data": [[NaN, 1]]}}'), None, []),
    ("mlflow", "bad JSON"): (
        mlflow('{"instances": [[1, 2]}'), "malformed_body", ["line 1, column 22", "byte 21", "',' or ']'"]),
    ("mlflow", "bad CSV"): (
        mlflow('f0,f1\n"1,2\n', "text/csv"), "malformed_body", ["line 2, column 1", "quote", "never closed"]),

    ("sagemaker", "wrong type"): (
        sagemaker([[1, 2], [3, "x"]]), "wrong_value", ["input 'f1', row 1", "expected a number", "got a string"]),
    ("sagemaker", "wrong type in a table"): (
        sagemaker("1,2\nx,1\n", "text/csv"), "wrong_value", ["input 'f0', row 1", "expected a number", "'x'"]),
    ("sagemaker", "wrong type in lines"): (
        sagemaker('{"features": [1, 2]}\n{"features": [1, "x"]}\n', "application/jsonlines"), "wrong_value",
        ["input 'f1', row 1", "expected a number"]),
    ("sagemaker", "wrong type of a document"): (
        sagemaker("5"), "malformed_body", ["expected an object", "a number"]),
    ("sagemaker", "wrong shape"): (
        sagemaker(npy(numpy.ones((2, 3))), "application/x-npy"), "wrong_shape", ["'input'", "[rows,2]", "[2, 3]"]),
    ("sagemaker", "missing column"): (sagemaker([{"f0": 1, "f1": 2}, {"f0": 1}]), "missing_inputs", ["'f1' in row 1"]),
    ("sagemaker", "unknown column"): (
        sagemaker([{"f0": 1, "f1": 2, "z": 3}]), "unexpected_input", ["'z' in row 0", "'f0', 'f1'"]),
    ("sagemaker", "ragged rows"): (
        sagemaker([[1, 2], [1]]), "wrong_element_count", ["[1]", "1 elements", "2 elements"]),
    ("sagemaker", "ragged rows of a table"): (
        sagemaker("1,2\n1\n", "text/csv"), "wrong_element_count", ["'line 2'", "1 elements", "2 elements"]),
    ("sagemaker", "ragged lines"): (
        sagemaker("[1, 2]\n[1]\n", "application/jsonlines"), "wrong_element_count",
        ["'row 1'", "1 elements", "2 elements"]),
    ("sagemaker", "too many rows"): (
        sagemaker("1,2\n" * len(MANY), "text/csv"), "too_many_rows", [f"more than {ROW_LIMIT} rows"]),
    ("sagemaker", "unknown category"): (sagemaker([{**NAMED, "color": "?"}], model="names"), None, []),
    ("sagemaker", "overflow"): (
        sagemaker("[[1, 1e999]]"), "malformed_body", ["'[0][1]'", "too large for Float64", "byte 5"]),
    ("sagemaker", "NaN token"): (sagemaker("[[NaN, 1]]"), None, []),
    ("sagemaker", "truncated binary"): (
        sagemaker(npy(numpy.ones((2, 2)))[:-4], "application/x-npy"), "wrong_element_count",
        ["'input'", "28 bytes of FP64", "4 elements"]),
    ("sagemaker", "truncated header of an array"): (
        sagemaker(npy(numpy.ones((2, 2)))[:20], "application/x-npy"), "malformed_body", ["header is cut off"]),
    ("sagemaker", "wrong size of binary data"): (
        sagemaker(b"\0" * 7, "application/octet-stream"), "wrong_element_count",
        ["'input'", "7 bytes of FP32", "2 elements"]),
    ("sagemaker", "wrong datatype"): (
        sagemaker(npy(numpy.ones((1, 2))), "application/x-npy", "integers"), "wrong_datatype",
        ["'x'", "'FP64'", "INT64"]),
    ("sagemaker", "unknown datatype"): (
        sagemaker(npy(numpy.array([["a", "b"]])), "application/x-npy"), "unsupported", ["'<U1'", "<f4"]),
    ("sagemaker", "bad JSON"): (
        sagemaker("[[1 2]]"), "malformed_body", ["line 1, column 5", "byte 4", "'[0][0]'", "',' or ']'"]),
    ("sagemaker", "cut lines"): (
        sagemaker("[1, 2]\n[1,", "application/jsonlines"), "malformed_body", ["line 2", "ends too early"]),
    ("sagemaker", "two rows on a line"): (
        sagemaker("[1, 2]\n[3, 4] [5, 6]\n", "application/jsonlines"), "malformed_body", ["line 2, column 8"]),
}

#: What a dialect cannot carry, and so cannot be wrong in.
WITHOUT = {
    ("v2", "bad base64"), ("mlflow", "bad base64"), ("sagemaker", "bad base64"),  # Bytes travel otherwise, or not.
    ("v1", "truncated binary"), ("mlflow", "truncated binary"),
    ("v1", "wrong size of binary data"), ("mlflow", "wrong size of binary data"),
    ("v1", "wrong datatype"), ("mlflow", "wrong datatype"),  # They declare none.
    ("mlflow", "unknown category"),  # Asked below, of a daemon with another default.
}
KINDS = ["wrong type", "wrong shape", "missing column", "unknown column", "ragged rows", "too many rows",
         "unknown category", "overflow", "NaN token", "bad base64", "truncated binary", "wrong size of binary data",
         "wrong datatype", "bad JSON"]


def test_everyKind_isAskedOfEveryDialect():
    assert {(d, k) for d in DIALECTS for k in KINDS} - WITHOUT <= set(WRONG)
    assert not WITHOUT & set(WRONG)


def test_wrongInput_isNamedInTheDialectsForm(daemon, registry):
    publish_all(registry)
    server = daemon(registry, "--limits-rows", str(ROW_LIMIT), "--default-model", "stump")
    for (dialect, kind), ((method, path, body, headers), code, words) in WRONG.items():
        answer = server.request(method, path, body, headers=headers)
        if code is None:
            assert answer.status == 200, (dialect, kind, answer.text)
        else:
            try:
                check(answer, dialect, code, words)
            except AssertionError as error:
                raise AssertionError(f"{dialect}, {kind}: {error}") from error
    assert server.infer("stump", [[0.25, 1]]).json["outputs"][0]["data"] == [1.5]


def test_anUnknownCategory_isNoErrorToMLflow(daemon, registry):
    publish_all(registry)
    server = daemon(registry, "--default-model", "names")
    answers = [server.request(*mlflow({"dataframe_records": [{**NAMED, "color": color}]})[:3]) for color in ("?", "!")]
    assert [answer.status for answer in answers] == [200, 200] and answers[0].json == answers[1].json


# MARK: Batches and the registry

def statuses(file, heading):
    """The statuses of the table behind `heading` of a protocol's page."""
    section = (ROOT / "docs/protocols" / file).read_text().split(heading, 1)[1]
    rows = re.findall(r"^\| (\d{3}(?:, \d{3})*) \|", section.split("\n## ", 1)[0], re.MULTILINE)
    return {int(status) for row in rows for status in row.split(", ")}


#: status → (flags, method and path behind the model's, body, headers).
BATCH = {
    400: ((), "stump/batch", b"f0\n1\n", {}),
    404: ((), "absent/batch", b"f0,f1\n1,2\n", {}),
    406: ((), "stump/batch", b"f0,f1\n1,2\n", {"Accept": "image/png"}),
    413: (("--batch-body-bytes", "1MiB"), "stump/batch", b"f0,f1\n" + b"1,2\n" * 400_000, {}),
    415: ((), "stump/batch", b"f0,f1\n1,2\n", {"Content-Type": "image/png"}),
    503: ((), "broken/batch", b"f0,f1\n1,2\n", {}),
    507: (("--batch-spool-bytes", "1MiB"), "stump/batch", b"f0,f1\n" + b"1,2\n" * 400_000, {}),
}


def test_everyStatusOfBatches_isProvoked():
    assert set(BATCH) == statuses("batch.md", "so that every client sees that it is not\nwhole")


@pytest.mark.parametrize("status", BATCH)
def test_aBatch_isRefusedAsThePageSays(daemon, registry, tmp_path, status):
    flags, path, body, headers = BATCH[status]
    publish_all(registry)
    server = daemon(registry, "--batch-spool", tmp_path, *flags)
    answer = server.post("/v2/models/" + path, body, headers=headers)
    assert answer.status == status and answer.json["error"], answer.text


GARBAGE = b"no model" * 1000
#: status → (flags, method, path, body, whether with a key).
ADMIN = {
    400: ((), "POST", "/admin/models/stump/policy", b'{"action": "paint"}', True),
    401: ((), "GET", "/admin/models/stump/policy", None, False),
    403: (None, "GET", "/admin/models/stump/policy", None, True),
    404: ((), "GET", "/admin/models/absent/policy", None, True),
    409: ((), "DELETE", "/admin/models/stump/versions/1", None, True),
    413: (("--admin-upload-bytes", "1KiB"), "POST", "/admin/models/m/versions?file=model.json", GARBAGE, True),
    422: ((), "POST", "/admin/models/m/versions?file=model.json", GARBAGE, True),
    507: ("full", "POST", "/admin/models/m/versions?file=model.json", GARBAGE * 1000, True),
}


def test_everyStatusOfTheRegistry_isProvoked():
    assert set(ADMIN) == statuses("admin.md", "## Errors\n")


@pytest.mark.parametrize("status", ADMIN)
def test_aChange_isRefusedAsThePageSays(daemon, stump, tmp_path, status):
    flags, method, path, body, has_key = ADMIN[status]
    (stump / "stump/model.yaml").write_text("default: 1\n")
    age(stump / "stump")
    keys = tmp_path / "keys"
    keys.write_text(f"ada {hashlib.sha256(b'a-key').hexdigest()}\n")
    arguments = ["--listen-routes", "models,health,admin"]
    arguments += ["--admin-keys", keys] if flags is not None else []
    options = {}
    if flags == "full":
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            pytest.skip("only root may mount")
        options["before"] = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', str(stump)]
    else:
        arguments += flags or ()
    server = daemon(stump, *arguments, **options)
    headers = {"Authorization": "Bearer a-key"} if has_key else {}
    answer = server.request(method, path, body, headers=headers)
    assert answer.status == status and answer.json["error"], answer.text
    assert ("code" in answer.json) == (status not in (401, 403, 413)), answer.text
