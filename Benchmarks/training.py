#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boosted trees from a table in memory, beside LightGBM and XGBoost in the same run.

usage: training.py [--rows N] [--test-rows N] [--rounds N] [--repeats N] [--threads 1,2] [--tables N] [--curve]
                   [--bin .build/release] [--work .build/training-benchmark]

Makes 28 columns like those of HIGGS (skewed momenta, tags of three values, masses derived from others) and a class from a
seed, and lets each library bin them and grow 100 trees of 255 leaves, and of depth 8, with 255 bins; each in a process of
its own, in turn, on one thread and on two. Time is that of binning and growing; memory the growth of the process's peak
over the table. The medians of the rounds are compared with the bars; exits with 1 when one is missed. --curve adds the
processor time from 10^5 to 10^7 rows (4.5 GB of memory).

The area under the ROC curve is that of other rows, and the mean over --tables tables of 200,000 rows: whether trees find
the products of two columns that the class depends on is chance, for all three, and moves the area of one table by 0.002.
"""
import argparse
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import environment

HERE = pathlib.Path(__file__).resolve().parent
FEATURES = 28
# Leaves and depth; a depth of 0 is none.
SHAPES = {"255 leaves": (255, 0), "depth 8": (65_536, 8)}
BARS = {"time": 1.0, "auc": 0.001, "memory": 1.0, "exponent": 1.1}
LEARNERS = ("modeltrain", "lightgbm", "xgboost")


def make(work, rows, test_rows, seed=7):
    """The tables, column after column in Float32, the class last; kept from run to run."""
    import numpy as np

    folder = work / (f"{rows}-{test_rows}" + (f"-{seed}" if seed != 7 else ""))
    if (folder / "test.f32").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for name, count in (("train", rows), ("test", test_rows)):
        X = random.standard_normal((FEATURES, count), dtype=np.float32)
        for column in (0, 3, 5, 9, 13, 17):
            X[column] = np.exp(X[column] * 0.6)
        for column in (8, 12, 16, 20):
            X[column] = np.digitize(X[column], [0.2, 1.0]) * 1.0865
        for column in range(21, 28):
            X[column] = np.abs(X[column - 21] * X[column * 3 % 21] + 0.5 * X[column]) ** 0.7
        score = (0.8 * np.sin(2 * X[1]) * X[2] + 0.7 * (X[21] - X[23]) * X[4] + 0.5 * np.maximum(X[25], X[26])
                 - 0.6 * X[22] * (X[8] > 1) + 0.4 * X[6] * X[7] + 0.3 * X[10] - 0.2 * X[27] - 0.3)
        y = random.random(count) < 1 / (1 + np.exp(-score))
        with open(folder / f"{name}.f32", "wb") as file:
            X.tofile(file)
            y.astype(np.float32).tofile(file)
    return folder


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def grow(learner, folder, leaves, depth, threads, rounds):
    """One library's turn, in this process; prints its figures."""
    import numpy as np

    table = np.fromfile(folder / "train.f32", dtype=np.float32).reshape(FEATURES + 1, -1)
    X, y = np.ascontiguousarray(table[:FEATURES].T), table[FEATURES].copy()
    del table
    if learner == "lightgbm":
        import lightgbm
    else:
        import xgboost
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before, processor, start = peak(), time.process_time(), time.perf_counter()
    if learner == "lightgbm":
        settings = {"objective": "binary", "num_leaves": leaves, "max_depth": depth or -1, "learning_rate": 0.1,
                    "max_bin": 255, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 1, "lambda_l2": 1,
                    "num_threads": threads, "verbose": -1, "seed": 1}
        if depth:
            settings["num_leaves"] = 1 << depth
        booster = lightgbm.train(settings, lightgbm.Dataset(X, y), num_boost_round=rounds)
    else:
        settings = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": depth, "eta": 0.1,
                    "max_leaves": 0 if depth else leaves, "grow_policy": "depthwise" if depth else "lossguide",
                    "max_bin": 255, "min_child_weight": 1, "reg_lambda": 1, "nthread": threads, "seed": 1}
        data = xgboost.QuantileDMatrix(X, y, max_bin=255, nthread=threads)
        booster = xgboost.train(settings, data, num_boost_round=rounds)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    growth = peak() - before
    del X
    table = np.fromfile(folder / "test.f32", dtype=np.float32).reshape(FEATURES + 1, -1)
    rows = np.ascontiguousarray(table[:FEATURES].T)
    scores = booster.predict(rows if learner == "lightgbm" else xgboost.DMatrix(rows))
    print(json.dumps({"seconds": seconds, "processor_seconds": processor, "growth_mib": growth,
                      "auc": area(table[FEATURES], scores)}))


def area(y, scores):
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, scores))


def turn(options, learner, folder, rows, leaves, depth, threads):
    """The figures of one library's turn."""
    import numpy as np

    variables = os.environ | {"OMP_NUM_THREADS": str(threads)}
    if learner != "modeltrain":
        command = [sys.executable, __file__, "--inside", "--grow", learner, folder, leaves, depth, threads,
                   options.rounds]
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True, env=variables, text=True)
        return json.loads(done.stdout.splitlines()[-1])
    margins = folder / "margins.f32"
    command = [options.bin / "training-benchmark", folder / "train.f32", rows, FEATURES, options.rounds, leaves,
               depth or 64, threads, folder / "test.f32", options.test_rows, margins]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    y = np.fromfile(folder / "test.f32", dtype=np.float32)[FEATURES * options.test_rows:]
    return json.loads(done.stdout) | {"auc": area(y, np.fromfile(margins, dtype=np.float32))}


def compare(options, folder):
    missed = []
    for threads in options.threads:
        for shape, (leaves, depth) in SHAPES.items():
            found = {learner: [] for learner in LEARNERS}
            for repeat in range(options.repeats):
                # Each goes first as often as the others.
                for place in range(len(LEARNERS)):
                    learner = LEARNERS[(repeat + place) % len(LEARNERS)]
                    found[learner].append(turn(options, learner, folder, options.rows, leaves, depth, threads))
            middle = {learner: {name: statistics.median(run[name] for run in runs) for name in runs[0]}
                      for learner, runs in found.items()}
            for learner in LEARNERS:
                print("{:10} {}, {} thread{}: {seconds:7.2f} s, processor {processor_seconds:7.2f} s, "
                      "+{growth_mib:5.0f} MiB, area {auc:.5f}".format(
                          learner, shape, threads, "s" if threads > 1 else "", **middle[learner]), flush=True)
            faster = min(LEARNERS[1:], key=lambda learner: middle[learner]["seconds"])
            ratio = statistics.median(own["seconds"] / peer["seconds"]
                                      for own, peer in zip(found["modeltrain"], found[faster]))
            memory = middle["modeltrain"]["growth_mib"] / middle["lightgbm"]["growth_mib"]
            for name, value in (("time", ratio), ("memory", memory)):
                verdict = "ok" if value <= BARS[name] else "MISSED"
                print(f"  {name}: {value:.4f} (at most {BARS[name]}) {verdict}", flush=True)
                if value > BARS[name]:
                    missed.append(f"{name} at {shape}, {threads} threads")
    return missed


def areas(options):
    """How far the mean area is behind the better of the others', over tables of their own."""
    missed = []
    rows = 200_000
    for shape, (leaves, depth) in SHAPES.items():
        found = {learner: [] for learner in LEARNERS}
        for seed in range(1, options.tables + 1):
            folder = make(options.work, rows, options.test_rows, seed)
            for learner in LEARNERS:
                found[learner].append(turn(options, learner, folder, rows, leaves, depth, max(options.threads))["auc"])
            shutil.rmtree(folder)
        means = {learner: statistics.mean(values) for learner, values in found.items()}
        for learner in LEARNERS[1:]:
            differences = [own - other for own, other in zip(found["modeltrain"], found[learner])]
            error = statistics.stdev(differences) / len(differences) ** 0.5
            print(f"area, {shape}: modeltrain {means['modeltrain']:.5f}, {learner} {means[learner]:.5f}, difference "
                  f"{statistics.mean(differences):+.5f} ± {error:.5f} over {options.tables} tables", flush=True)
        behind = max(means.values()) - means["modeltrain"]
        print(f"  auc: {behind:.4f} (at most {BARS['auc']}) {'ok' if behind <= BARS['auc'] else 'MISSED'}", flush=True)
        if behind > BARS["auc"]:
            missed.append(f"auc at {shape}")
    return missed


def curve(options):
    """The exponent by which processor time grows with the rows."""
    leaves, depth = SHAPES["255 leaves"]
    seconds = []
    for rows in (100_000, 1_000_000, 10_000_000):
        folder = make(options.work, rows, options.test_rows)
        seconds.append(turn(options, "modeltrain", folder, rows, leaves, depth, 1)["processor_seconds"])
        print(f"{rows} rows: processor {seconds[-1]:.2f} s", flush=True)
    exponent = math.log10(seconds[2] / seconds[0]) / 2
    print(f"  exponent {exponent:.3f} (at most {BARS['exponent']})")
    return [] if exponent <= BARS["exponent"] else ["the exponent"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--test-rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2])
    parser.add_argument("--tables", type=int, default=12, help="for the area; 0 leaves it out, else 2 or more")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path(".build/release"))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".build/training-benchmark"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--grow", nargs=6, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.bin = options.bin.resolve()
    if options.grow:
        learner, folder, *numbers = options.grow
        return grow(learner, pathlib.Path(folder), *map(int, numbers))
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.inside:
        environment.enter(options.work)
    missed = compare(options, make(options.work, options.rows, options.test_rows)) if options.repeats else []
    if options.tables:
        missed += areas(options)
    if options.curve:
        missed += curve(options)
    if missed:
        print("missed: " + "; ".join(missed))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
