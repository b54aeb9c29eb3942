#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Predictions and explanations inside the process, next to XGBoost, LightGBM, tl2cgen and lleaves in the same run.

usage: kernels.py [--benchmark .build/release/kernels-benchmark] [--work .build/kernels-benchmark]

Trains 100 trees of depth 6 and 500 of depth 8 on 28 features with XGBoost and LightGBM, compiles them with tl2cgen and
lleaves (minutes, once), and lets kernels-benchmark measure all engines in turn, one thread each, by the processor's
time. The median of the rounds' ratios to the fastest other engine is compared with the bars; exits with 1 when one is
missed. The figures of two threads are of the wall clock, and need a quiet machine.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import environment

FEATURES = 28
# The most of the fastest other engine's time: one row, blocks, explanations.
BARS = {"1": 0.5, "10000": 0.7, "100000": 0.7, "explain": 0.5}
SINGLE_ROW_BARS = {"lgb100": 0.6}
# The least that two threads gain with 100,000 rows.
THREADS_BAR = 1.8
MODELS = {"xgb100": (100, 6), "lgb100": (100, 6), "xgb500": (500, 8), "lgb500": (500, 8)}


def make_data(work):
    import numpy as np
    from sklearn.datasets import make_classification

    X, y = make_classification(
        n_samples=100_000, n_features=FEATURES, n_informative=18, n_redundant=6, n_clusters_per_class=4,
        class_sep=0.8, flip_y=0.05, random_state=42)
    X = X.astype(np.float32)
    X.tofile(work / "rows.f32")
    return X[:80_000], y[:80_000]


def train(work):
    import lightgbm
    import xgboost

    X, y = make_data(work)
    for name, (trees, depth) in MODELS.items():
        if name.startswith("xgb"):
            settings = {
                "objective": "binary:logistic", "max_depth": depth, "eta": 0.1, "tree_method": "hist",
                "nthread": 2, "seed": 42}
            model = xgboost.train(settings, xgboost.DMatrix(X, y), num_boost_round=trees)
            model.save_model(work / f"{name}.json")
        else:
            settings = {
                "objective": "binary", "max_depth": depth, "num_leaves": 2**depth - 1, "learning_rate": 0.1,
                "num_threads": 2, "seed": 42, "deterministic": True, "verbose": -1}
            model = lightgbm.train(settings, lightgbm.Dataset(X, y), num_boost_round=trees)
            model.save_model(work / f"{name}.txt")


def compile_others(work, name):
    """The model as machine code: its conditions compiled one by one."""
    import tl2cgen
    import treelite

    library = work / f"{name}.tl2cgen.so"
    if not library.exists():
        load = (treelite.frontend.load_xgboost_model if name.startswith("xgb")
                else treelite.frontend.load_lightgbm_model)
        # Quantised comparisons are faster but for small models of XGBoost.
        settings = {"parallel_comp": 16, "quantize": 0 if name == "xgb100" else 1}
        tl2cgen.export_lib(load(model_file(work, name)), toolchain="gcc", libpath=library, params=settings)
    if name.startswith("lgb") and not (work / f"{name}.lleaves.so").exists():
        import lleaves

        objects = work / f"{name}.lleaves.o"
        # Inlining 500 trees takes more memory and time than there is.
        lleaves.Model(model_file=str(model_file(work, name))).compile(
            cache=str(objects), finline=name == "lgb100")
        subprocess.run(["cc", "-shared", "-o", work / f"{name}.lleaves.so", objects], check=True)


def model_file(work, name):
    return work / (f"{name}.json" if name.startswith("xgb") else f"{name}.txt")


def library(package, path):
    return pathlib.Path(importlib.util.find_spec(package).origin).parent / path


def measure(benchmark, work, name):
    model = model_file(work, name)
    engines = [f"modeld={model}", f"modeld-2={model}"]
    if name.startswith("xgb"):
        engines += [f"xgboost={library('xgboost', 'lib/libxgboost.so')}:{model}",
                    f"tl2cgen-f32={work / name}.tl2cgen.so"]
    else:
        engines += [f"lightgbm={library('lightgbm', 'lib/lib_lightgbm.so')}:{model}",
                    f"tl2cgen-f64={work / name}.tl2cgen.so", f"lleaves={work / name}.lleaves.so"]
    run = subprocess.run(
        [benchmark, work / "rows.f32", str(FEATURES), *engines], check=True, capture_output=True, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"})
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def report(name, lines):
    missed = []
    sizes = dict.fromkeys(line["size"] for line in lines if "size" in line)
    for size in sizes:
        own, *others = [line for line in lines if line.get("size") == size]
        text = [f"modeld {own['median']:.0f}"]
        text += [f"{line['engine']}{'' if line['threads'] == 1 else ' 2 threads'} {line['median']:.0f}"
                 for line in others]
        bar = SINGLE_ROW_BARS.get(name, BARS["1"]) if size == "1" else BARS.get(size)
        # An engine that is slower gives a smaller ratio: the largest is that of the fastest.
        ratio = max((line["ratio"] for line in others), default=None)
        if ratio is not None and size in BARS:
            verdict = "ok" if ratio <= bar else "MISSED"
            text.append(f"ratio {ratio:.2f} (at most {bar}) {verdict}")
            if verdict != "ok":
                missed.append(f"{name}, {size}")
        elif ratio is not None:
            # The first engine is the one of one thread.
            verdict = "ok" if ratio >= THREADS_BAR else "MISSED"
            text.append(f"{ratio:.2f} times as fast (at least {THREADS_BAR}) {verdict}")
            if verdict != "ok":
                missed.append(f"{name}, two threads")
        print(f"{name:8}{size:>26} rows: ns a row: " + ", ".join(text), flush=True)
    for line in lines:
        if line.get("farthest", 0) > 0:
            print(f"{name}: {line['engine']} predicts something else, by at most {line['farthest']:.1e}")
            # The libraries that grew the trees are right by definition.
            if line["engine"] in ("lightgbm", "xgboost"):
                missed.append(f"{name}, agreement with {line['engine']}")
    return missed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--benchmark", default=".build/release/kernels-benchmark", type=pathlib.Path)
    parser.add_argument("--work", default=".build/kernels-benchmark", type=pathlib.Path)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if not arguments.inside:
        environment.enter(work)
    if not all(model_file(work, name).exists() for name in MODELS):
        train(work)
    missed = []
    for name in MODELS:
        compile_others(work, name)
        missed += report(name, measure(arguments.benchmark.resolve(), work, name))
    for name in missed:
        print(f"missed: {name}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
