# SPDX-License-Identifier: Apache-2.0
"""Logistic regression and a small network against scikit-learn's, alternating in one run.

  Benchmarks/run learners [--rows 200000] [--pairs 5] [--threads 1]

Prints the time of each to the same loss, and the median ratio; fails when ours takes longer.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import environment

BUILD = pathlib.Path(__file__).resolve().parent.parent / ".build"


def table(rows: int, features: int = 28):
    import numpy
    random = numpy.random.default_rng(7)
    x = random.standard_normal((rows, features))
    margin = x @ random.standard_normal(features) * 0.4 + 0.5 * x[:, 0] * x[:, 1]
    y = (random.random(rows) < 1 / (1 + numpy.exp(-margin))).astype(float)
    return x, y


def ours(program: str, path: str, kind: str, threads: int) -> list[dict]:
    output = subprocess.run([program, path, kind, str(threads)], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(BUILD / "release/learners-benchmark"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if not options.inside:
        environment.enter(BUILD / "learners")
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
    import numpy
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    warnings.filterwarnings("ignore")
    x, y = table(options.rows)
    with tempfile.NamedTemporaryFile() as file:
        file.write(numpy.array(x.shape, dtype="<i8").tobytes() + x.astype("<f8").tobytes() + y.astype("<f8").tobytes())
        file.flush()
        ratios = {"logistic": [], "mlp": []}
        for pair in range(options.pairs):
            start = time.perf_counter()
            model = LogisticRegression(C=1.0, max_iter=1000).fit(x, y)
            theirs = time.perf_counter() - start
            margin = x @ model.coef_[0] + model.intercept_[0]
            loss = numpy.mean(numpy.logaddexp(0, numpy.where(y == 1, -margin, margin)))
            loss += (model.coef_ ** 2).sum() / 2 / len(y)
            own = ours(options.program, file.name, "logistic", options.threads)[0]
            assert own["loss"] <= loss * (1 + 1e-12), (own, loss)
            ratios["logistic"].append(own["seconds"] / theirs)
            print(f"logistic  scikit-learn {theirs:.3f} s to {loss:.9f}, ours {own['seconds']:.3f} s to {own['loss']:.9f}")
            start = time.perf_counter()
            network = MLPClassifier((64,), batch_size=128, max_iter=5, random_state=1)
            network.fit(x.astype("float32"), y)
            theirs = time.perf_counter() - start
            own = ours(options.program, file.name, "mlp", options.threads)
            reached = next((line for line in own if line["loss"] <= network.loss_), None)
            assert reached, (own, network.loss_)
            ratios["mlp"].append(reached["seconds"] / theirs)
            print(f"mlp       scikit-learn {theirs:.3f} s to {network.loss_:.5f}, ours {reached['seconds']:.3f} s "
                  f"to {reached['loss']:.5f} (epoch {reached['epoch']})")
        for name, values in ratios.items():
            print(f"{name}: ours takes {statistics.median(values):.2f} of scikit-learn's time "
                  f"({min(values):.2f} to {max(values):.2f}), {options.threads} thread(s)")
    sys.exit(1 if any(statistics.median(values) > 1 for values in ratios.values()) else 0)


if __name__ == "__main__":
    main()
