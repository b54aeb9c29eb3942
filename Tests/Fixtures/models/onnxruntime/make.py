# SPDX-License-Identifier: Apache-2.0
"""Small models with operators that do not run natively, and what ONNX Runtime answers to each row alone.

Made with onnx 1.23.2 and onnxruntime 1.32.0."""
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
random = np.random.default_rng(7)
weights = random.normal(size=(48, 24)).astype(np.float32)
product = helper.make_node("MatMul", ["x", "w"], ["product"])
normalized = [product, helper.make_node("MeanVarianceNormalization", ["product"], ["normalized"], axes=[1])]


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, constants, rows, alone=True):
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    sets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=sets, ir_version=9)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [o.name for o in session.get_outputs()]
    parts = [rows[i:i + 1] for i in range(len(rows))] if alone else [rows]
    answers = [session.run(names, {inputs[0].name: part}) for part in parts]
    expected = {}
    for place, output in enumerate(names):
        found = [a[place] for a in answers]
        if isinstance(found[0], list):  # ZipMap
            found = [np.array([list(row.values()) for row in part], np.float32) for part in found]
        expected[output] = np.concatenate(found).tolist()
    return {"rows": rows.tolist(), "expected": expected}


w = numpy_helper.from_array(weights, "w")
x = value("x", TensorProto.FLOAT, ["batch", 48])
rows = random.normal(size=(9, 48)).astype(np.float32)
cases = {
    "normalized": save(
        "normalized", normalized, [x], [value("normalized", TensorProto.FLOAT, ["batch", 24])], [w], rows),
    # Each row less the mean of all rows of the request: rows that know of each other.
    "centred": save(
        "centred",
        [*normalized, helper.make_node("ReduceMean", ["normalized", "first"], ["mean"], keepdims=1),
         helper.make_node("Sub", ["normalized", "mean"], ["centred"])],
        [x], [value("centred", TensorProto.FLOAT, ["batch", 24])],
        [w, numpy_helper.from_array(np.array([0], np.int64), "first")], rows, alone=False),
    "zipmap": save(
        "zipmap",
        [*normalized, helper.make_node("Slice", ["normalized", "from", "to", "axis"], ["three"]),
         helper.make_node("Softmax", ["three"], ["scores"]),
         helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
         helper.make_node("ZipMap", ["scores"], ["probabilities"], domain="ai.onnx.ml",
                          classlabels_strings=["ash", "elm", "oak"])],
        [x],
        [value("label", TensorProto.INT64, ["batch"]),
         helper.make_value_info("probabilities", helper.make_sequence_type_proto(helper.make_map_type_proto(
             TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))))],
        [w] + [numpy_helper.from_array(np.array([v], np.int64), n)
               for n, v in [("from", 0), ("to", 3), ("axis", 1)]], rows),
    "text": save(
        "text",
        [helper.make_node("RegexFullMatch", ["text"], ["is_postcode"], pattern="[0-9]{5}"),
         helper.make_node("StringConcat", ["text", "text"], ["twice"])],
        [value("text", TensorProto.STRING, ["batch", 1])],
        [value("is_postcode", TensorProto.BOOL, ["batch", 1]), value("twice", TensorProto.STRING, ["batch", 1])],
        [], np.array([["10115"], ["Köln"], [""], ["123456"]], object)),
}
(HERE / "cases.json").write_text(json.dumps(cases) + "\n")

# The first one again, with its weights in another file.
outside = onnx.load(HERE / "normalized.onnx")
onnx.save(outside, HERE / "outside.onnx", save_as_external_data=True, location="outside.bin", size_threshold=0)
