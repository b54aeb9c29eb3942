# SPDX-License-Identifier: Apache-2.0
"""What the trainer computed for a row is what the daemon answers, through every dialect, to the last bit."""
import csv
import datetime
import io
import json
import math
import random
import struct

import pytest

from conftest import BIN, run

ROWS = 1_000
COLUMNS = ["amount", "rate", "plan", "region", "joined", "seen", "remark"]
DATES = {"joined", "seen"}
STEPS = """
preprocess:
  - impute: {columns: [amount], strategy: median, indicator: true}
  - transform: {columns: [rate], method: yeo_johnson}
  - target: {columns: [region]}
  - one_hot: {columns: [plan], min_count: 30, missing_column: true}
  - date: {columns: date, parts: [year, month, weekday, hour, days]}
  - text: {columns: text, max_terms: 40, max_words: 2}
  - polynomial: {columns: [amount, rate]}
"""


def rows(count, seed):
    """Random rows of all kinds, gaps and rare names among them; the same for the same seed."""
    chance = random.Random(seed)
    words = "late paid Öl große refund the café 日本 call again 42 x no".split()
    made = []
    for _ in range(count):
        row = {
            "amount": round(chance.gauss(50, 20), chance.choice([0, 2, 6])),
            "rate": chance.choice([chance.random(), -chance.expovariate(1), 0.0, 1e-7]),
            "plan": chance.choice(["basic", "plus", "pro, 2", 'the "best"', "rare%d" % chance.randrange(40)]),
            "region": "r%02d" % int(chance.expovariate(0.2)),
            "joined": "%04d-%02d-%02d" % (chance.randrange(1999, 2031), chance.randrange(1, 13), chance.randrange(1, 29)),
            "seen": "2024-%02d-%02dT%02d:%02d:%02d%s" % (
                chance.randrange(1, 13), chance.randrange(1, 29), chance.randrange(24), chance.randrange(60),
                chance.randrange(60), chance.choice(["", "Z", ".25Z", "+05:30"])),
            "remark": " ".join(chance.choice(words) for _ in range(chance.randrange(1, 9)))}
        for name in COLUMNS:
            if chance.random() < 0.06:
                row[name] = None
        made.append(row)
    return made


def cell(value):
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def table(some, header=True, extra=()):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(COLUMNS + [name for name, _ in extra])
    for index, row in enumerate(some):
        writer.writerow([cell(row[name]) for name in COLUMNS] + [values[index] for _, values in extra])
    return text.getvalue()


def binary(some):
    """The rows as V2's binary tensors: FP64 with NaN for gaps; texts cannot have gaps there."""
    inputs, body = [], b""
    for name in COLUMNS:
        if name in ("amount", "rate"):
            data = b"".join(struct.pack("<d", float("nan") if row[name] is None else row[name]) for row in some)
            datatype = "FP64"
        else:
            parts = [row[name].encode() for row in some]
            data = b"".join(struct.pack("<I", len(part)) + part for part in parts)
            datatype = "BYTES"
        inputs.append({"name": name, "shape": [len(some)], "datatype": datatype,
                       "parameters": {"binary_data_size": len(data)}})
        body += data
    header = json.dumps({"inputs": inputs, "outputs": [{"name": "predictions", "parameters": {"binary_data": True}}]})
    return header.encode() + body, {"Inference-Header-Content-Length": str(len(header.encode()))}


ALGORITHMS = {
    "logistic": [], "linear": [], "gbdt": ["--rounds", "40"], "random_forest": ["--trees", "20"],
    "mlp": ["--hidden", "16", "--epochs", "8"],
}


def trained(base, algorithm, *more):
    """The last rows of a table, what the trainer answers to them, and a registry with the model."""
    made = rows(2_500, 11)
    chance = random.Random(5)
    score = [(row["amount"] or 40) / 20 + 3 * (row["plan"] == "plus") + ("paid" in (row["remark"] or "")) +
             chance.gauss(0, 1) for row in made]
    target = ["%r" % value for value in score] if algorithm == "linear" else [
        "yes" if value > 3.4 else "no" for value in score]
    parts = ["train"] * (len(made) - ROWS) + ["test"] * ROWS
    (base / "data.csv").write_text(table(made, extra=[("y", target), ("part", parts)]))
    run(BIN / "modeltrain", "train", base / "data.csv", "--target", "y", "--split-column", "part",
        "--preprocess", base / "steps.yaml", "--algorithm", algorithm, *ALGORITHMS[algorithm],
        "--predictions", base / "predictions.jsonl", "--registry", base / "registry", "--name", "m",
        "--progress", "none", *more)
    lines = [json.loads(line) for line in (base / "predictions.jsonl").read_text().splitlines()]
    assert [line["row"] for line in lines] == list(range(len(made) - ROWS, len(made)))
    answers = [line["predictions"] for line in lines]
    assert len(set(answers)) > 15
    return made[-ROWS:], answers


@pytest.fixture(scope="module", params=list(ALGORITHMS))
def skew(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("skew")
    (base / "steps.yaml").write_text(STEPS)
    return base, *trained(base, request.param, "--text", "remark")


def test_everyDialect_answersAsTheTrainerDid(skew, daemon):
    base, some, expected = skew
    server = daemon(base / "registry")
    values = [[row[name] for name in COLUMNS] for row in some]
    instances = [dict(row) for row in some]

    def json_of(answer):
        assert answer.status == 200, answer.text
        return answer.json

    tensors = [{"name": name, "shape": [ROWS], "datatype": "FP64" if name in ("amount", "rate") else "BYTES",
                "data": [row[name] for row in some]} for name in COLUMNS]
    answers = {"V2": json_of(server.post("/v2/models/m/infer", {"inputs": tensors}))["outputs"][0]["data"]}
    answers["V1 by name"] = json_of(server.post("/v1/models/m:predict", {"instances": instances}))["predictions"]
    answers["TFS columns"] = json_of(server.post("/v1/models/m:predict", {
        "inputs": {name: [row[name] for row in some] for name in COLUMNS}}))["outputs"]
    answers["V1 by place"] = json_of(server.post("/v1/models/m:predict", {"instances": values}))["predictions"]
    answers["Vertex AI's address"] = json_of(server.post(
        "/v1/projects/1/locations/x/endpoints/m:predict", {"instances": instances, "parameters": {}}))["predictions"]

    def invoke(server, body, content="application/json", accept="application/json", path="/invocations"):
        body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        answer = server.post(path, body, headers={"Content-Type": content, "Accept": accept})
        assert answer.status == 200, answer.text
        if accept == "application/json":
            return answer.json["predictions"]
        return [json.loads(line) for line in answer.text.splitlines()]

    answers["MLflow records"] = invoke(server, {"dataframe_records": instances})
    answers["MLflow split"] = invoke(server, {"dataframe_split": {"columns": COLUMNS, "data": values}})
    answers["MLflow inputs"] = invoke(server, {"inputs": {name: [row[name] for row in some] for name in COLUMNS}})
    answers["MLflow instances"] = invoke(server, {"instances": instances})
    answers["MLflow CSV"] = invoke(server, table(some), "text/csv")
    vertex = daemon(base / "registry", env={"AIP_MODE": "PREDICTION", "AIP_PREDICT_ROUTE": "/answer"})
    answers["Vertex AI's container"] = invoke(vertex, {"instances": instances}, path="/answer")
    sagemaker = daemon(base / "registry", env={"SAGEMAKER_SAFE_PORT_RANGE": "1-2"})
    lines = ["".join(json.dumps(row) + "\n" for row in form)
             for form in (values, instances, [{"features": row} for row in values])]
    answers["SageMaker CSV"] = invoke(sagemaker, table(some, header=False), "text/csv", "text/csv")
    answers["SageMaker CSV with a header"] = invoke(sagemaker, table(some), "text/csv; header=present", "text/csv")
    answers["SageMaker JSON"] = invoke(sagemaker, {"instances": values})
    answers["SageMaker JSON by name"] = invoke(sagemaker, {"instances": instances}, path="/models/m/invoke")
    for kind, text in zip(["", " by name", " of features"], lines):
        answers["SageMaker JSON lines" + kind] = invoke(sagemaker, text, "application/jsonlines", "application/jsonlines")
    for name, answer in answers.items():
        answer = [one["predictions"] if isinstance(one, dict) else one for one in answer]
        wrong = [i for i in range(ROWS) if answer[i] != expected[i]]
        assert len(answer) == ROWS and not wrong, (name, wrong[:5], answer[wrong[0]], expected[wrong[0]], some[wrong[0]])


def test_binaryTensors_answerAsTheTrainerDid(skew, daemon):
    base, some, expected = skew
    server = daemon(base / "registry")
    whole = [i for i, row in enumerate(some) if all(row[name] is not None for name in COLUMNS[2:])]
    body, headers = binary([some[i] for i in whole])
    answer = server.post("/v2/models/m/infer", body, headers=headers)
    assert answer.status == 200, answer.text
    length = int(answer.headers["Inference-Header-Content-Length"])
    header = json.loads(answer.body[:length])
    letter = "d" if header["outputs"][0]["datatype"] == "FP64" else "f"
    got = struct.unpack("<%d%s" % (len(whole), letter), answer.body[length:])
    assert len(whole) > 500
    # A Float32 is printed with the digits that read back to it.
    narrow = (lambda value: struct.unpack("<f", struct.pack("<f", value))[0]) if letter == "f" else (lambda value: value)
    assert [i for i, value in zip(whole, got) if value != narrow(expected[i])] == []


def test_files_answerAsTheTrainerDid(skew, daemon, tmp_path):
    base, some, expected = skew
    (tmp_path / "rows.csv").write_text(table(some))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some))
    server = daemon(base / "registry")
    for name, kind in [("rows.csv", "text/csv"), ("rows.jsonl", "application/jsonl")]:
        answer = server.post("/v2/models/m/batch?to=" + name[5:], (tmp_path / name).read_bytes(), headers={"Content-Type": kind})
        assert answer.status == 200, answer.text
        text = answer.text
        if kind == "text/csv":
            records = list(csv.DictReader(io.StringIO(text)))
            got = [float(next(v for k, v in record.items() if k.startswith("prediction"))) for record in records]
        else:
            records = [json.loads(line) for line in text.splitlines()]
            got = [next(v for k, v in record.items() if k.startswith("prediction")) for record in records]
        assert [i for i in range(ROWS) if got[i] != expected[i]] == [], (name, text[:400])


def test_wrongValues_areNamed(skew, daemon):
    base, some, _ = skew
    server = daemon(base / "registry")
    good = dict(next(row for row in some if all(value is not None for value in row.values())))
    for name, value, reason in [("joined", "soon", "expected a date such as"), ("remark", 5, "expected a text"),
                                ("seen", "2024-02-30", "expected a date"), ("plan", 1.5, "expected a category")]:
        answer = server.post("/v1/models/m:predict", {"instances": [{**good, name: value}]})
        assert answer.status == 400 and name in answer.text and reason in answer.text, answer.text
    # A date may also be its seconds.
    first = server.post("/v1/models/m:predict", {"instances": [{**good, "joined": "2001-09-09T01:46:40Z"}]}).json
    assert server.post("/v1/models/m:predict", {"instances": [{**good, "joined": 1_000_000_000}]}).json == first
    signature = server.get("/v2/models/m").json["inputs"]
    assert [(one["name"], one["datatype"]) for one in signature] == [
        (name, "FP64" if name in ("amount", "rate") else "BYTES") for name in COLUMNS]


def seconds(text):
    """Since 1970; a date without a zone is in UTC."""
    if text is None:
        return math.nan
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace(".25", ".250000"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_theExportedGraph_answersAsTheTrainerDid(algorithm, tmp_path):
    """In ONNX Runtime, to 1e-6; of all columns but the text."""
    onnxruntime, numpy = pytest.importorskip("onnxruntime"), pytest.importorskip("numpy")
    steps = STEPS.replace("year, month, weekday, hour, days]", "year, quarter, month, week, day, day_of_year, weekday, "
                          "weekend, hour, minute, second, days]")
    (tmp_path / "steps.yaml").write_text("".join(line + "\n" for line in steps.splitlines() if "text:" not in line))
    some, expected = trained(tmp_path, algorithm, "--ignore=remark")
    model = tmp_path / "registry/m/1/model.safetensors"
    run(BIN / "modelctl", "convert", model, "-o", tmp_path / "m.onnx", "--to", "onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    assert [value.name for value in session.get_inputs()] == COLUMNS[:-1]
    inputs = {}
    for name in COLUMNS[:-1]:
        column = [row[name] for row in some]
        if name in ("plan", "region"):
            inputs[name] = numpy.array([["" if cell is None else cell] for cell in column], dtype=object)
        else:
            column = map(seconds, column) if name in DATES else [math.nan if cell is None else cell for cell in column]
            inputs[name] = numpy.array([[cell] for cell in column], dtype=numpy.float64)
    found = session.run(["predictions"], inputs)[0].reshape(-1).astype(float)
    far = [abs(one - other) / max(1, abs(other)) for one, other in zip(found, expected)]
    assert len(far) == ROWS and max(far) <= 1e-6, max(far)


def test_aText_isNamedAsWhatONNXCannotRead(tmp_path):
    (tmp_path / "steps.yaml").write_text("preprocess:\n  - text: {columns: text, max_terms: 40}\n")
    trained(tmp_path, "logistic", "--text=remark", "--ignore=joined", "--ignore=seen")
    model = tmp_path / "registry/m/1/model.safetensors"
    refused = run(BIN / "modelctl", "convert", model, "-o", tmp_path / "m.onnx", "--to", "onnx", check=False)
    assert refused.returncode != 0 and '"remark", a text' in refused.stderr and not (tmp_path / "m.onnx").exists()
