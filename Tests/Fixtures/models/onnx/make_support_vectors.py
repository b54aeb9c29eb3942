# SPDX-License-Identifier: Apache-2.0
"""Appends support vector machines to classical.jsonl, with what ONNX Runtime answers: large sums that cancel, so that
the order and the type of every addition show. Run once, with onnx 1.23.2, onnxruntime 1.32.0, scikit-learn 1.9.1 and
skl2onnx 1.20.0."""
import base64
import json
import pathlib

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression
from sklearn.svm import SVC, SVR, NuSVR, OneClassSVM

random = np.random.default_rng(7)
X = random.normal(size=(90, 5)).astype(np.float32)
t = 40 * (X @ np.array([1.5, -2, 0.7, 0, 0.3]) + np.sin(2 * X[:, 0]))
classes = np.digitize(t, [-40, 40])
models = {
    "svr_rbf": (SVR(C=1000, gamma=0.8), X, t),
    "svr_poly": (SVR(kernel="poly", C=10, coef0=0.5), X, t),
    "svr_linear": (SVR(kernel="linear", C=10), X, t),
    "nusvr_sigmoid": (NuSVR(kernel="sigmoid", C=50, gamma=0.1), X, t),
    "oneclass": (OneClassSVM(nu=0.4), X, None),
    "svc_probability": (SVC(C=20, probability=True, random_state=0), X, classes),
    "linear": (LinearRegression(), 1000 * X + 5000, t),
}
with open(pathlib.Path(__file__).with_name("classical.jsonl"), "a") as file:
    for name, (model, rows, target) in models.items():
        model.fit(rows, target)
        options = {"zipmap": False} if hasattr(model, "classes_") else None
        onnx = to_onnx(model, rows[:1], options=options and {id(model): options}).SerializeToString()
        session = onnxruntime.InferenceSession(onnx)
        rows = rows[:8]
        answers = session.run(None, {"X": rows})

        def tensor(array):
            return {"dtype": str(array.dtype), "shape": list(array.shape), "data": array.ravel().tolist()}

        line = {
            "case": f"trained_{name}", "op": type(model).__name__, "inputs": {"X": tensor(rows)},
            "expected": {out.name: tensor(a) for out, a in zip(session.get_outputs(), answers)},
            "rtol": 2e-7, "atol": 1e-7, "model_onnx_base64": base64.b64encode(onnx).decode()}
        file.write(json.dumps(line) + "\n")
