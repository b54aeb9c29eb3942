#!/usr/bin/env python3
"""Makes the cases `skops/more_*`: scikit-learn's models as skops saves them (see README.md).

    python3 -m venv v && v/bin/pip install scikit-learn==1.9.1 skops==0.16.0 pandas && v/bin/python make_skops.py
"""
import json
import pathlib
import warnings
import zipfile

import numpy as np
import pandas as pd
import skops.io
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier, GradientBoostingClassifier, GradientBoostingRegressor, HistGradientBoostingClassifier,
    HistGradientBoostingRegressor, RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent / "skops"
random = np.random.default_rng(3)
count = 300
numbers = random.normal(size=(count, 4))
target = numbers[:, 0] * 2 + numbers[:, 1] + random.normal(size=count) * 0.2
answer = np.array(["no", "yes"])[(target > 0).astype(int)]
classes = np.digitize(target, [-1, 1])
holes = numbers.copy()
holes[random.random(holes.shape) < 0.1] = np.nan
table = pd.DataFrame({
    "weight": holes[:, 0], "height": numbers[:, 1], "color": random.choice(["red", "green", "blue"], count),
    "size": random.choice(["s", "m", "l"], count), "code": random.integers(0, 5, count),
})
patchy = table.copy()
patchy.loc[random.random(count) < 0.1, "color"] = np.nan


def plain(value):
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value


def case(name, model, data, labels, **how):
    model.fit(data, labels)
    few = data[:15]
    rows = few.itertuples(index=False) if isinstance(few, pd.DataFrame) else few
    expected = {"predict": [plain(v) if np.ndim(v) == 0 else v.tolist() for v in model.predict(few)]}
    if hasattr(model, "predict_proba"):
        expected["predict_proba"] = model.predict_proba(few).tolist()
    folder = HERE / f"more_{name}"
    folder.mkdir(exist_ok=True)
    record = {
        "case": folder.name, "library": "scikit-learn", "version": sklearn.__version__,
        "input": {"rows": [[plain(v) for v in row] for row in rows]}, "expected": expected,
    }
    (folder / "case.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    skops.io.dump(model, folder / "model.skops", compression=zipfile.ZIP_DEFLATED, **how)


def columns():
    return ColumnTransformer([
        ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["weight", "height"]),
        ("c", OneHotEncoder(handle_unknown="ignore"), ["color", "size"]),
    ])


case("logistic", make_pipeline(StandardScaler(), LogisticRegression()), numbers, answer)
case("softmax", make_pipeline(MinMaxScaler(), LogisticRegression()), numbers, classes)
case("two_targets", make_pipeline(RobustScaler(), LinearRegression()), numbers, np.c_[target, numbers[:, 2]])
case("poisson", PoissonRegressor(), numbers, abs(target))
case("ridge_classifier", RidgeClassifier(), numbers, classes)
case("tree", DecisionTreeClassifier(max_depth=4, random_state=0), holes, answer)
case("extra_trees", ExtraTreesClassifier(n_estimators=5, max_depth=4, random_state=0), numbers, classes)
case("boosting", GradientBoostingClassifier(n_estimators=6, random_state=0), numbers, answer)
case("boosting_classes", GradientBoostingClassifier(n_estimators=4, random_state=0), numbers, classes)
case("boosting_regressor", GradientBoostingRegressor(n_estimators=6, random_state=0), numbers, target)
case("histograms", HistGradientBoostingClassifier(max_iter=5, random_state=0), holes, classes)
case("histograms_codes", HistGradientBoostingRegressor(max_iter=6, categorical_features=[4], random_state=0),
     np.c_[holes, random.integers(0, 9, count) * 10], target + random.integers(0, 2, count))
case("network", make_pipeline(StandardScaler(), MLPClassifier((6,), max_iter=40, random_state=0)), numbers, classes)
case("columns", Pipeline([("c", columns()), ("m", LogisticRegression())]), table, answer)
case("columns_forest", Pipeline([
    ("c", columns()), ("m", RandomForestRegressor(n_estimators=4, max_depth=4, random_state=0))]), table, target)
case("filled", Pipeline([("c", ColumnTransformer([
    ("t", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(drop="first")), ["color", "size"]),
    ("n", SimpleImputer(strategy="median"), ["weight"]),
], remainder="passthrough")), ("m", Ridge())]), patchy, target)
case("codes", Pipeline([("c", ColumnTransformer([
    ("o", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["color", "size"]),
    ("h", OneHotEncoder(), ["code"]), ("k", "passthrough", ["height"]), ("d", "drop", ["weight"]),
])), ("m", GradientBoostingRegressor(n_estimators=4, random_state=0))]), table, target)
