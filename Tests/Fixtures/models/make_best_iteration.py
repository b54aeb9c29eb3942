# SPDX-License-Identifier: Apache-2.0
"""What XGBoost 3.2.0 answers by the first trees of a model, and a model that stopped early.

Writes best_iteration.json: by case and last iteration, the margins of the case's first rows
(`iteration_range=(0, last + 1)`); and xgb_early_stopping.json, whose own best iteration lies before its end, with
the answers of all its trees and of those up to the best iteration.
"""
import json
import pathlib

import numpy as np
import xgboost

HERE = pathlib.Path(__file__).resolve().parent
ROWS = 8
record = {}

for name, lasts in {
    "xgb_binary_logistic": [0, 3, 10], "xgb_binary_dart": [0, 6, 14], "xgb_multi_softmax": [0, 4],
    "xgb_reg_vectorleaf": [0, 3], "xgb_count_poisson": [0, 8], "xgb_categorical_partition": [0, 3],
    "xgb21_multi_softprob_forest": [0, 2], "xgb34_reg_multioutput": [0, 2], "xgb17_reg_squarederror": [0, 7],
}.items():
    directory = HERE / "xgboost" / name
    booster = xgboost.Booster(model_file=directory / "model.json")
    rows = json.loads((directory / "case.json").read_text())["input"]["rows"][:ROWS]
    rows = np.array([[np.nan if v is None else v for v in row] for row in rows], np.float32)
    data = xgboost.DMatrix(rows, feature_names=booster.feature_names, feature_types=booster.feature_types,
                           enable_categorical=True)
    record[f"xgboost/{name}"] = {
        str(last): booster.predict(data, iteration_range=(0, last + 1), output_margin=True).tolist()
        for last in lasts}

random = np.random.default_rng(5)
features = random.normal(size=(240, 4)).astype(np.float32)
target = (features[:, 0] + random.normal(scale=2.0, size=240)).astype(np.float32)
learn, check = (xgboost.DMatrix(features[part], target[part]) for part in (slice(0, 160), slice(160, 240)))
stopped = xgboost.train(
    {"max_depth": 3, "eta": 0.5, "nthread": 1, "seed": 1, "objective": "reg:squarederror"}, learn, 40,
    evals=[(check, "check")], early_stopping_rounds=4, verbose_eval=False)
best, rounds = stopped.best_iteration, stopped.num_boosted_rounds()
assert 0 < best < rounds - 1
stopped.save_model(HERE / "xgb_early_stopping.json")
some = xgboost.DMatrix(features[:ROWS])
record["early_stopping"] = {
    "rows": features[:ROWS].tolist(), "best_iteration": best, "rounds": rounds,
    "all": stopped.predict(some, iteration_range=(0, rounds)).tolist(),
    "best": stopped.predict(some, iteration_range=(0, best + 1)).tolist()}

(HERE / "best_iteration.json").write_text(json.dumps(record) + "\n")
