#!/usr/bin/env python3
"""Makes the cases whose names begin with `more_`: what the other cases leave out (see README.md).

    python3 -m venv v
    v/bin/pip install xgboost==3.2.0 lightgbm==4.7.0 catboost==1.2.10 pandas numpy
    v/bin/python make_more.py
"""
import json
import pathlib

import catboost
import lightgbm
import numpy as np
import pandas as pd
import xgboost

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(5)

# Six columns, a tenth missing; the fifth holds a few whole numbers.
train = random.normal(size=(400, 6)).astype(np.float32)
train[random.random(train.shape) < 0.1] = np.nan
train[:, 4] = random.integers(0, 3, 400)
test = np.concatenate([train[:15], random.normal(size=(15, 6)).astype(np.float32) * 3])
for row, value in enumerate([np.nan, 0, -0.0, 1e-36, -1e-36, 1e30, -1e30, 1.00000002e-35]):
    test[row] = value
known = np.nan_to_num(train)
target = known[:, 0] + known[:, 1] * 2 + random.normal(size=400) * 0.3
binary = (target > 0).astype(int)
classes = np.digitize(target, [-1, 1])
two = np.c_[target, known[:, 2] + target * 0.5]


def plain(values):
    """Numbers as JSON has them: null for NaN."""
    values = np.asarray(values, dtype=np.float64)
    rows = values.reshape(len(values), -1).tolist() if values.ndim > 1 else [values.tolist()]
    rows = [[None if np.isnan(v) else v for v in row] for row in rows]
    return rows if values.ndim > 1 else rows[0]


def save(library, name, module, rows, expected):
    folder = HERE / library.lower() / name
    folder.mkdir(exist_ok=True)
    record = {
        "case": name, "library": library, "version": module.__version__,
        "input": {"rows": rows}, "expected": expected,
    }
    (folder / "case.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    return folder


def xgb(name, parameters, labels, rounds=6, data=None, rows=None, table=None):
    table = test if table is None else table
    frame = xgboost.DMatrix(train if data is None else data, labels, enable_categorical=True)
    asked = xgboost.DMatrix(table, enable_categorical=True)
    booster = xgboost.train({"seed": 1, "nthread": 1, "max_depth": 4, **parameters}, frame, rounds)
    expected = {
        "margin": plain(booster.predict(asked, output_margin=True)), "predict": plain(booster.predict(asked)),
    }
    if rounds == 0:
        contributions = booster.predict(asked, pred_contribs=True)
        expected["contribs"] = [plain(row) for row in contributions]
    folder = save("XGBoost", name, xgboost, rows or plain(table), expected)
    booster.save_model(folder / "model.json")
    booster.save_model(folder / "model.ubj")


def lgb(name, parameters, labels, rounds=6, data=None, rows=None, table=None):
    data = train.astype(np.float64) if data is None else data
    table = test.astype(np.float64) if table is None else table
    parameters = {"seed": 1, "num_threads": 1, "verbosity": -1, "min_data_in_leaf": 5, **parameters}
    booster = lightgbm.train(parameters, lightgbm.Dataset(data, labels), rounds)
    expected = {
        "raw": plain(booster.predict(table, raw_score=True)), "predict": plain(booster.predict(table)),
        "leaf": plain(booster.predict(table, pred_leaf=True)),
    }
    booster.save_model(save("LightGBM", name, lightgbm, rows or plain(table), expected) / "model.txt")


xgb("more_quantiles", {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}, target)
xgb("more_targets_vector", {"objective": "binary:logistic", "multi_strategy": "multi_output_tree"}, (two > 0).astype(int))
xgb("more_dart_multi", {"booster": "dart", "rate_drop": 0.5, "objective": "multi:softprob", "num_class": 3}, classes)
xgb("more_linear_multi", {"booster": "gblinear", "objective": "multi:softprob", "num_class": 3}, classes)
xgb("more_no_trees", {"objective": "multi:softprob", "num_class": 3, "base_score": 0.25}, classes, rounds=0)
names = pd.DataFrame({
    "color": pd.Categorical(random.choice(["red", "green", "blue"], 400)), "size": known[:, 0],
    "code": pd.Categorical(random.integers(0, 40, 400)), "far": pd.Categorical(random.choice([-5, 3, 1000000], 400)),
})
few = names[:20]
xgb("more_names", {"objective": "binary:logistic", "max_cat_to_onehot": 1, "tree_method": "hist"}, binary, data=names,
    table=few, rows=[[r.color, float(r.size), int(r.code), int(r.far)] for r in few.itertuples(index=False)])

lgb("more_forest", {"objective": "binary", "boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1}, binary)
lgb("more_square_root", {"objective": "regression", "reg_sqrt": True}, target)
lgb("more_one_versus_all", {"objective": "multiclassova", "num_class": 3, "sigmoid": 2.5}, classes)
lgb("more_zero_is_missing", {"zero_as_missing": True}, target)
lgb("more_linear", {"linear_tree": True}, target)
lgb("more_nothing_learnt", {"objective": "binary", "min_data_in_leaf": 500}, binary)
frame = pd.DataFrame({
    "color": pd.Categorical(random.choice(["red", "green", "blü", "x y"], 400)), "size": random.normal(size=400),
    "code": pd.Categorical(random.integers(0, 40, 400)), "flag": pd.Categorical(random.choice([True, False], 400)),
    "step": pd.Categorical(random.choice([1.5, 2.0, -3.25], 400)), "same": pd.Categorical(["same"] * 400),
})
response = frame["size"] + (frame.color == "red") * 2 + frame.code.astype(int) % 3
for name in ["more_pandas", "more_pandas_ordered"]:
    if name == "more_pandas_ordered":
        frame["color"] = frame["color"].cat.as_ordered()
    few = frame[:20]
    rows = [[r.color, float(r.size), int(r.code), bool(r.flag), float(r.step), r.same] for r in few.itertuples(index=False)]
    lgb(name, {"min_data_per_group": 2, "cat_smooth": 1}, response, data=frame, table=few, rows=rows)

# CatBoost: two numbers, three columns of categories, one of them whole numbers.
rows = [
    [float(a) if random.random() > 0.1 else float("nan"), float(b), str(color), str(shape), int(code)]
    for a, b, color, shape, code in zip(
        random.normal(size=400), random.normal(size=400), random.choice(["red", "green", "blue", "black"], 400),
        random.choice(["a", "b"], 400), random.integers(0, 12, 400))
]
yes = [int(r[1] + (0.7 if r[2] in ("red", "blue") else -0.7) + (r[4] % 3) * 0.4 > 0.4) for r in rows]
three = [a + (r[4] % 3 == 0) for a, r in zip(yes, rows)]
number = [a * 2.5 + r[1] + (r[4] % 4) * 0.3 for a, r in zip(yes, rows)]
asked = rows[:20] + [[0.1, 0.2, "purple", "c", 99], [float("nan"), 1.0, "red", "zzz", 3]]


def cat(name, kind, labels, **parameters):
    model = kind(iterations=15, depth=4, random_seed=1, thread_count=1, verbose=0, allow_writing_files=False, **parameters)
    pool = catboost.Pool(rows, labels, cat_features=[2, 3, 4])
    model.fit(pool)
    expected = {"raw": np.array(model.predict(asked, prediction_type="RawFormulaVal")).tolist()}
    if kind is catboost.CatBoostClassifier:
        expected["proba"] = model.predict_proba(asked).tolist()
    else:
        expected["predict"] = model.predict(asked).tolist()
    shown = [[None if v != v else v for v in row] for row in asked]
    folder = save("CatBoost", name, catboost, shown, expected)
    model.save_model(str(folder / "model.json"), format="json", pool=pool)


cat("more_one_hot", catboost.CatBoostClassifier, yes, one_hot_max_size=20)
cat("more_combinations", catboost.CatBoostClassifier, yes, max_ctr_complexity=3)
cat("more_classes", catboost.CatBoostClassifier, three, loss_function="MultiClass", max_ctr_complexity=2)
cat("more_one_versus_all", catboost.CatBoostClassifier, three, loss_function="MultiClassOneVsAll", one_hot_max_size=20)
cat("more_depthwise", catboost.CatBoostClassifier, yes, grow_policy="Depthwise", one_hot_max_size=3)
cat("more_poisson", catboost.CatBoostRegressor, [abs(v) for v in number], loss_function="Poisson")
cat("more_uncertainty", catboost.CatBoostRegressor, number, loss_function="RMSEWithUncertainty")
cat("more_statistics", catboost.CatBoostRegressor, number, simple_ctr=[
    "Borders:TargetBorderCount=3", "Buckets:TargetBorderCount=2", "BinarizedTargetMeanValue:TargetBorderCount=4", "Counter"])
