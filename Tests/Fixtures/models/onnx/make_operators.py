# SPDX-License-Identifier: Apache-2.0
"""Writes operators.jsonl: ONNX's own cases of Resize and Einsum, then graphs of one operator over its attributes with
what ONNX Runtime answers. Run with onnx 1.23.2 and onnxruntime 1.32.0."""
import base64
import itertools
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.backend.test.case.node import collect_testcases

random = np.random.default_rng(11)
lines = []


def tensor(array):
    array = np.asarray(array)
    if array.dtype == np.float32:  # as few digits as say the same number
        data = [float(str(value)) for value in array.ravel()]
        return {"dtype": "float32", "shape": list(array.shape), "data": data}
    return {"dtype": str(array.dtype), "shape": list(array.shape), "data": array.ravel().tolist()}


def add(name, model, inputs, expected, rtol=1e-5, atol=1e-6):
    lines.append({
        "case": name, "inputs": {key: tensor(value) for key, value in inputs.items()},
        "expected": {key: tensor(value) for key, value in expected.items()}, "rtol": rtol, "atol": atol,
        "model_onnx_base64": base64.b64encode(model.SerializeToString()).decode()})


def run(name, node, inputs, constants=(), opset=18, domain="", **tolerance):
    """`constants`: values that are initializers; the others are the graph's inputs."""
    inputs = {key: np.asarray(value) for key, value in inputs.items()}
    given = {key: value for key, value in inputs.items() if key not in constants}
    graph = helper.make_graph(
        [node], "g",
        [helper.make_tensor_value_info(key, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for key, v in given.items()],
        [helper.make_empty_tensor_value_info("y")],
        [onnx.numpy_helper.from_array(value, key) for key, value in inputs.items() if key in constants])
    sets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=sets, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1  # more divide a batch, and quantize each part for itself
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        answer = session.run(["y"], given)[0]
    except Exception as error:  # What ONNX Runtime does not do is no case.
        print(f"{name}: {str(error).splitlines()[0][:150]}")
        return
    add(name, model, given, {"y": answer}, **tolerance)


for kind in ("Resize", "Einsum"):
    for case in collect_testcases(kind):
        # Where the last position of a shrunk axis lies, ONNX Runtime counts whole elements and these two do not.
        if case.name in ("test_resize_downsample_scales_linear_align_corners",
                         "test_resize_downsample_scales_cubic_align_corners"):
            continue
        if "antialias" in case.name or not case.name.startswith(f"test_{kind.lower()}"):
            continue
        (inputs, outputs) = case.data_sets[0]
        names = [value.name for value in case.model.graph.input]
        add(case.name, case.model, dict(zip(names, inputs)),
            dict(zip([value.name for value in case.model.graph.output], outputs)))

for mode, coordinates, scales in itertools.product(
        ["nearest", "linear", "cubic"],
        ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"],
        [(1, 1, 1.7, 2.4), (1, 1, 0.6, 0.45), (1, 1, 3, 0.5)]):
    roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"] if mode == "nearest" else [None]
    for rounding in roundings:
        attributes = {} if rounding is None else {"nearest_mode": rounding}
        run(f"resize_{mode}_{coordinates}_{rounding}_{scales[2]}",
            helper.make_node("Resize", ["x", "", "scales"], ["y"], mode=mode,
                             coordinate_transformation_mode=coordinates, **attributes),
            {"x": random.normal(size=(1, 2, 4, 5)).astype(np.float32), "scales": np.array(scales, np.float32)},
            ["scales"], opset=19)
for policy, sizes in itertools.product(["stretch", "not_larger", "not_smaller"], [(7, 9), (3, 2)]):
    run(f"resize_{policy}_{sizes[0]}",
        helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="linear", axes=[2, 3],
                         keep_aspect_ratio_policy=policy),
        {"x": random.normal(size=(1, 1, 4, 5)).astype(np.float32), "sizes": np.array(sizes)}, ["sizes"])
for excludes, a in itertools.product([0, 1], [-0.75, -0.5]):
    run(f"resize_cubic_{excludes}_{a}",
        helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="cubic", exclude_outside=excludes, cubic_coeff_a=a),
        {"x": random.normal(size=(1, 1, 5, 4)).astype(np.float32), "scales": np.float32([1, 1, 1.5, 0.8])}, ["scales"])
for mode in ["nearest", "linear"]:
    run(f"resize_region_{mode}",
        helper.make_node("Resize", ["x", "roi", "", "sizes"], ["y"], mode=mode, extrapolation_value=9.0,
                         coordinate_transformation_mode="tf_crop_and_resize"),
        {"x": random.normal(size=(1, 1, 4, 5)).astype(np.float32),
         "roi": np.float32([0, 0, 0.2, -0.3, 1, 1, 1.2, 0.9]), "sizes": np.array([1, 1, 6, 5])}, ["roi", "sizes"])
    run(f"resize_half_nearest_{mode}",
        helper.make_node("Resize", ["x", "roi", "scales"], ["y"], mode=mode,
                         coordinate_transformation_mode="tf_half_pixel_for_nn"),
        {"x": random.normal(size=(1, 1, 4, 5)).astype(np.float32), "roi": np.zeros(0, np.float32),
         "scales": np.float32([1, 1, 1.5, 0.7])}, ["roi", "scales"], opset=11)
    for scales in [(1, 1, 2, 3), (1, 1, 0.6, 0.7), (1, 1, 1.3, 0.5), (1, 1, 1.5, 2.4)]:
        x = random.normal(size=(1, 2, 4, 5)).astype(np.float32)
        run(f"resize10_{mode}_{scales[2]}", helper.make_node("Resize", ["x", "scales"], ["y"], mode=mode),
            {"x": x, "scales": np.float32(scales)}, ["scales"], opset=10)
        if min(scales) < 1:
            continue
        run(f"upsample9_{mode}_{scales[2]}", helper.make_node("Upsample", ["x", "scales"], ["y"], mode=mode),
            {"x": x, "scales": np.float32(scales)}, ["scales"], opset=9)
        run(f"upsample7_{mode}_{scales[2]}",
            helper.make_node("Upsample", ["x"], ["y"], mode=mode, scales=[float(s) for s in scales]), {"x": x}, opset=7)
    run(f"resize_bytes_{mode}",
        helper.make_node("Resize", ["x", "", "scales"], ["y"], mode=mode),
        {"x": random.integers(0, 255, (1, 3, 4, 5), np.uint8), "scales": np.float32([1, 1, 2, 2])}, ["scales"])
    run(f"resize_volume_{mode}",
        helper.make_node("Resize", ["x", "", "scales"], ["y"], mode=mode),
        {"x": random.normal(size=(1, 1, 2, 3, 4)).astype(np.float32), "scales": np.float32([1, 1, 2, 1.5, 0.5])},
        ["scales"])

for equation, shapes in [
        ("bhid,bhjd->bhij", [(2, 2, 3, 4), (2, 2, 5, 4)]), ("bhij,bhjd->bhid", [(2, 2, 3, 5), (2, 2, 5, 4)]),
        ("ij->ji", [(3, 4)]), ("ij->", [(3, 4)]), ("ij->j", [(3, 4)]), ("ii->i", [(4, 4)]), ("ii", [(4, 4)]),
        ("ij,jk", [(3, 4), (4, 2)]), ("i,j->ij", [(3,), (4,)]), ("i,i->", [(5,), (5,)]), ("i,i->i", [(5,), (5,)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]), ("ij,kj,kl->li", [(2, 3), (4, 3), (4, 5)]),
        ("...ij,...jk->...ik", [(2, 3, 4), (2, 4, 5)]), ("...ij,jk->...ik", [(2, 2, 3, 4), (4, 5)]),
        ("i...->...", [(3, 2, 4)]), ("bij,bjk,bkl->bil",
        [(2, 2, 3), (2, 3, 2), (2, 2, 4)]), ("abc,cd,ad->bd", [(2, 3, 4), (4, 5), (2, 5)]),
        (" b i j , j -> b i ", [(2, 3, 4), (4,)]), ("iij->ij", [(3, 3, 2)]), ("Zb,ab", [(2, 4), (3, 2)])]:
    names = [f"x{index}" for index in range(len(shapes))]
    for dtype in [np.float32, np.float64] if len(shapes) == 2 else [np.float32]:
        run(f"einsum_{equation}_{np.dtype(dtype)}", helper.make_node("Einsum", names, ["y"], equation=equation),
            {name: random.normal(size=shape).astype(dtype) for name, shape in zip(names, shapes)})
run("einsum_integers", helper.make_node("Einsum", ["a", "b"], ["y"], equation="ij,kj->ik"),
    {"a": random.integers(-9, 9, (3, 4)), "b": random.integers(-9, 9, (2, 4))})

for dtype in [np.uint8, np.int8]:
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    def levels(shape):
        return random.integers(low, high, shape, dtype)
    zero = lambda: dtype(random.integers(low // 2, high // 2))
    scale = lambda: np.float32(random.uniform(0.01, 0.1))
    kind = np.dtype(dtype)
    for axis in [1, -1]:
        values = {"ys": scale(), "yz": zero()}
        for index in range(3):
            shape = (2, 2 + index, 3) if axis == 1 else (2, 3, 1 + index)
            values |= {f"x{index}": levels(shape), f"s{index}": scale(), f"z{index}": zero()}
        run(f"qconcat_{kind}_{axis}", helper.make_node("QLinearConcat", list(values), ["y"], domain="com.microsoft", axis=axis),
            values, [key for key in values if key[0] != "x"], domain="com.microsoft")
    for counts, last, attributes in itertools.product(
            [0, 1], [0, 1], [{"strides": [2, 2]}, {"pads": [1, 1, 1, 1]}, {"auto_pad": "SAME_UPPER"}, {"ceil_mode": 1, "strides": [2, 1]}]):
        values = {"x": levels((2, 5, 6, 3) if last else (2, 3, 5, 6)), "s": scale(), "z": zero(), "ys": scale(), "yz": zero()}
        run(f"qpool_{kind}_{counts}_{last}_{sorted(attributes)}",
            helper.make_node("QLinearAveragePool", list(values), ["y"], domain="com.microsoft", kernel_shape=[3, 2],
                             count_include_pad=counts, channels_last=last, **attributes),
            values, ["s", "z", "ys", "yz"], domain="com.microsoft")
    values = {"c": random.integers(0, 2, (2, 3)).astype(bool), "a": levels((2, 3)), "as": scale(), "az": zero(),
              "b": levels((1, 3)), "bs": scale(), "bz": zero(), "ys": scale(), "yz": zero()}
    run(f"qwhere_{kind}", helper.make_node("QLinearWhere", list(values), ["y"], domain="com.microsoft"), values,
        ["as", "az", "bs", "bz", "ys", "yz"], domain="com.microsoft")

texts = ["Good day, x1_y!", "", "\u00e9t\u00e9 \u65e5\u672c a-b\nc", "aab abab 2024-11"]
for index, attributes in enumerate([
        {"tokenexp": "[a-zA-Z0-9_]+"}, {"tokenexp": "[a-zA-Z]+", "mincharnum": 2}, {"tokenexp": "\\w+"},
        {"tokenexp": "\\b\\w\\w+\\b", "mark": 1}, {"tokenexp": "."}, {"tokenexp": "[^ \n]+", "mincharnum": 3},
        {"tokenexp": "a|ab|abab"}, {"tokenexp": "(?:ab)+|a*b?"}, {"tokenexp": "(a{1,2}|b){2,}", "pad_value": "<none>"},
        {"tokenexp": "\\d+-\\d{2}|[^\\w\\s]"}, {"tokenexp": "\\S+?"}, {"tokenexp": "[\\w-]+"}, {"tokenexp": "\\Ba\\B"},
        {"tokenexp": "[]a-c.]+"}, {"separators": [""]}, {"separators": [""], "mark": 1}]):
    attributes = {"mark": 0, "mincharnum": 1, "pad_value": "#", **attributes}
    for shape in [(4,), (2, 2)]:
        run(f"tokenizer_{index}_{len(shape)}", helper.make_node("Tokenizer", ["x"], ["y"], domain="com.microsoft", **attributes),
            {"x": np.array(texts, object).reshape(shape)}, domain="com.microsoft")
run("tokenizer_nothing", helper.make_node("Tokenizer", ["x"], ["y"], domain="com.microsoft", mark=0, mincharnum=1,
    pad_value="#", tokenexp="[a-z]+"), {"x": np.array(["", "1"], object)}, domain="com.microsoft")

for dtype, both, channels in itertools.product([np.uint8, np.int8], [0, 1], [0, 1]):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    count, gates = 1 + both, 12
    scales = (count, gates) if channels else (count,)
    def zeros(shape):  # of channels all are the same
        return np.zeros(shape, dtype) if channels else random.integers(low // 4, high // 4, shape, dtype)
    def weights(rows):
        return random.integers(low, high, (count, rows, gates), dtype)
    values = {
        "x": random.normal(size=(4, 2, 5)).astype(np.float32), "w": weights(5), "r": weights(3),
        "b": random.normal(size=(count, 24)).astype(np.float32), "h": random.normal(size=(count, 2, 3)).astype(np.float32),
        "c": random.normal(size=(count, 2, 3)).astype(np.float32),
        "ws": random.uniform(0.002, 0.02, scales).astype(np.float32), "wz": zeros(scales),
        "rs": random.uniform(0.002, 0.02, scales).astype(np.float32), "rz": zeros(scales)}
    names = ["x", "w", "r", "b", "", "h", "c", "", "ws", "wz", "rs", "rz"]
    run(f"qlstm_{np.dtype(dtype)}_{count}_{channels}",
        helper.make_node("DynamicQuantizeLSTM", names, ["y"], domain="com.microsoft", hidden_size=3,
                         direction="bidirectional" if both else "forward"),
        values, [key for key in values if key not in "xhc"], domain="com.microsoft")

with open(pathlib.Path(__file__).with_name("operators.jsonl"), "w") as file:
    for line in lines:
        file.write(json.dumps(line, separators=(",", ":")) + "\n")
print(len(lines))
