# SPDX-License-Identifier: Apache-2.0
"""What XGBoost 3.2.0 and CatBoost 1.2.10 answer to rows that start from margins of their own."""
import json
import pathlib

import catboost
import numpy as np
import xgboost

HERE = pathlib.Path(__file__).resolve().parent
random = np.random.default_rng(11)
ROWS = 12
record = {}


def rows_of(name):
    rows = json.loads((HERE / name / "case.json").read_text())["input"]["rows"][:ROWS]
    return np.array([[np.nan if v is None else v for v in row] for row in rows], np.float64)


for name in ["xgb_binary_logistic", "xgb_binary_dart", "xgb_count_poisson", "xgb_multi_softmax",
             "xgb_reg_vectorleaf", "xgb_reg_squarederror"]:
    booster = xgboost.Booster(model_file=HERE / "xgboost" / name / "model.json")
    rows = rows_of(f"xgboost/{name}").astype(np.float32)
    plain = booster.predict(xgboost.DMatrix(rows, feature_names=booster.feature_names), output_margin=True)
    margins = random.normal(size=plain.shape).astype(np.float32)
    data = xgboost.DMatrix(rows, base_margin=margins, feature_names=booster.feature_names)
    record[f"xgboost/{name}"] = {
        "row_margins": margins.tolist(), "margin": booster.predict(data, output_margin=True).tolist(),
        "predict": booster.predict(data).tolist()}
    if name in ("xgb_binary_logistic", "xgb_reg_squarederror"):
        record[f"xgboost/{name}"]["contribs"] = booster.predict(data, pred_contribs=True).tolist()

for name in ["cat_lossguide", "cat_binary_nan"]:
    model = catboost.CatBoost().load_model(str(HERE / "catboost" / name / "model.json"), format="json")
    rows = rows_of(f"catboost/{name}")
    margins = random.normal(size=len(rows))
    data = catboost.Pool(rows, baseline=margins)
    record[f"catboost/{name}"] = {
        "row_margins": margins.tolist(), "margin": model.predict(data, prediction_type="RawFormulaVal").tolist()}

(HERE / "row_margins.json").write_text(json.dumps(record) + "\n")
