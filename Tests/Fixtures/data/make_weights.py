# SPDX-License-Identifier: Apache-2.0
"""Writes weights.json: what scikit-learn comes to when row i of a data set weighs i % 4, and how folds by time lie."""
import csv
import json
import pathlib

import numpy
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import ElasticNet, Lasso
from sklearn.model_selection import TimeSeriesSplit

HERE = pathlib.Path(__file__).parent


def load(name):
    """The training rows, standardised by all of them alike, with their targets and weights."""
    with open(HERE / f"{name}.csv") as file:
        rows = list(csv.DictReader(file))
    names = [column for column in rows[0] if column not in ("target", "split")]
    kept = [index for index, row in enumerate(rows) if row["split"] == "train"]
    x = numpy.array([[float(rows[index][column]) for column in names] for index in kept])
    y = numpy.array([float(rows[index]["target"]) for index in kept])
    return (x - x.mean(axis=0)) / x.std(axis=0), y, numpy.array([index % 4 for index in kept], float)


x, y, weights = load("diabetes")
document = {}
exact = {"tol": 1e-13, "max_iter": 1_000_000}
for name, model in [("lasso_alpha1", Lasso(1, **exact)), ("elastic_net_alpha1_ratio0.5", ElasticNet(1, l1_ratio=0.5, **exact))]:
    model.fit(x, y, sample_weight=weights)
    document[name] = {"coef": model.coef_.tolist(), "intercept": model.intercept_}
x, y, weights = load("wine")
best = min((KMeans(3, n_init=50, tol=0, random_state=seed).fit(x, sample_weight=weights) for seed in range(3)),
           key=lambda model: model.inertia_)
document["kmeans_wine_3"] = {"inertia": best.inertia_, "centres": sorted(best.cluster_centers_.tolist())}
x, y, weights = load("wine")
scores = [IsolationForest(n_estimators=500, max_samples=64, random_state=seed).fit(x, sample_weight=weights).score_samples(x)
          for seed in range(4)]
document["isolation_wine"] = {"scores": numpy.round(-numpy.mean(scores, axis=0), 4).tolist()}
document["time_folds_4_of_23"] = [[len(train), len(test)] for train, test in TimeSeriesSplit(4).split(numpy.zeros(23))]
(HERE / "weights.json").write_text(json.dumps(document) + "\n")
