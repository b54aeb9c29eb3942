#!/usr/bin/env python3
"""Makes the three cases of XGBoost 2.1.4, which are laid out like the others here (see README.md).

    python3 -m venv v && v/bin/pip install --no-deps xgboost-cpu==2.1.4 numpy scipy && v/bin/python make_21.py
"""
import json
import pathlib

import numpy as np
import xgboost

HERE = pathlib.Path(__file__).parent


def case(name, what, params, rounds, target):
    """Trains on 400 seeded rows of 8 features, a fifth of the values missing, and records the answers to 40."""
    generator = np.random.default_rng(21)
    rows = generator.normal(size=(440, 8)).astype(np.float32)
    labels = target(rows, generator)
    rows[generator.random(rows.shape) < 0.2] = np.nan
    train = xgboost.DMatrix(rows[:400], labels[:400])
    test = xgboost.DMatrix(rows[400:])
    params = {"nthread": 1, "seed": 1, "verbosity": 0, **params}
    booster = xgboost.train(params, train, rounds, evals=[(train, "train")], verbose_eval=False)
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    booster.save_model(folder / "model.json")
    shown = [[None if np.isnan(v) else float(v) for v in row] for row in rows[400:]]
    record = {
        "case": name, "group": "xgboost", "what": what, "library": "xgboost", "version": xgboost.__version__,
        "params": params, "rounds": rounds,
        "input": {
            "kind": "dense", "dtype": "float32", "note": "cast to float32 before comparing; null = missing",
            "rows": shown, "base_margin": None},
        "expected": {
            "margin": booster.predict(test, output_margin=True).tolist(),
            "predict": booster.predict(test).tolist(),
            "leaf": booster.predict(test, pred_leaf=True).astype(int).tolist()},
        "tolerance": {"rtol": 1e-5, "atol": 1e-6}, "model_files": ["model.json"]}
    (folder / "case.json").write_text(json.dumps(record, separators=(",", ":")))


def binary(rows, generator):
    return (rows[:, 0] + rows[:, 1] * rows[:, 2] + generator.normal(size=len(rows)) > 0).astype(np.float32)


def counts(rows, generator):
    return generator.poisson(np.exp(0.5 * rows[:, 0] - 0.3 * rows[:, 3])).astype(np.float32)


def classes(rows, generator):
    return np.argmax(rows[:, :3] + 0.3 * generator.normal(size=(len(rows), 3)), axis=1).astype(np.float32)


case("xgb21_binary_logistic_missing", "binary:logistic, a fifth missing", {"objective": "binary:logistic",
     "max_depth": 4}, 12, binary)
case("xgb21_count_poisson_lossguide", "count:poisson, grown by loss", {"objective": "count:poisson",
     "tree_method": "hist", "grow_policy": "lossguide", "max_leaves": 12, "max_depth": 0}, 10, counts)
case("xgb21_multi_softprob_forest", "multi:softprob, two trees a round and class", {"objective": "multi:softprob",
     "num_class": 3, "max_depth": 3, "num_parallel_tree": 2, "subsample": 0.7}, 5, classes)
