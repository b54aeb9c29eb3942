# SPDX-License-Identifier: Apache-2.0
"""Logistic regression and a small network against scikit-learn's and PyTorch's, alternating in one run.

  Benchmarks/run learners [--rows 200000] [--pairs 5] [--threads 1]

Prints the time of each to the same loss, and the median ratio; fails when ours takes longer. PyTorch takes part where it
is installed: `.build/venv-kernels/bin/pip install torch --index-url https://download.pytorch.org/whl/cpu`.
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


def torch_epochs(x, y, epochs: int, threads: int) -> list[tuple[float, float]]:
    """Seconds and mean loss after each epoch of PyTorch's network; empty where PyTorch is not installed."""
    try:
        import torch
    except ImportError:
        return []
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    start = time.perf_counter()
    x, y = torch.from_numpy(x.astype("float32")), torch.from_numpy(y.astype("float32"))
    network = torch.nn.Sequential(torch.nn.Linear(x.shape[1], 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    loss_of = torch.nn.BCEWithLogitsLoss()
    reached = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(x)).split(128):
            optimizer.zero_grad()
            loss = loss_of(network(x[rows])[:, 0], y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        reached.append((time.perf_counter() - start, total / len(x)))
    return reached


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
        ratios = {"logistic": [], "mlp": [], "mlp, PyTorch": []}
        # The first use of a library is not what is measured.
        torch_epochs(x[:1000], y[:1000], 1, options.threads)
        for pair in range(options.pairs):
            start = time.perf_counter()
            model = LogisticRegression(C=1.0, max_iter=1000).fit(x, y)
            theirs = time.perf_counter() - start
            margin = x @ model.coef_[0] + model.intercept_[0]
            loss = numpy.mean(numpy.logaddexp(0, numpy.where(y == 1, -margin, margin)))
            loss += (model.coef_ ** 2).sum() / 2 / len(y)
            *own, end = ours(options.program, file.name, "logistic", options.threads)
            reached = next((line for line in own if line["loss"] <= loss), None)
            assert reached, (own, loss)
            ratios["logistic"].append(reached["seconds"] / theirs)
            print(f"logistic  scikit-learn {theirs:.3f} s to {loss:.9f}, ours {reached['seconds']:.3f} s "
                  f"to {reached['loss']:.9f}, and {end['optimum_seconds']:.3f} s to the optimum {own[-1]['loss']:.9f}")
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
            for theirs, loss in torch_epochs(x, y, 5, options.threads)[-1:]:
                reached = next((line for line in own if line["loss"] <= loss), None)
                assert reached, (own, loss)
                ratios["mlp, PyTorch"].append(reached["seconds"] / theirs)
                print(f"mlp       PyTorch {theirs:.3f} s to {loss:.5f}, ours {reached['seconds']:.3f} s "
                      f"to {reached['loss']:.5f} (epoch {reached['epoch']})")
        ratios = {name: values for name, values in ratios.items() if values}
        for name, values in ratios.items():
            print(f"{name}: ours takes {statistics.median(values):.2f} of the other's time "
                  f"({min(values):.2f} to {max(values):.2f}), {options.threads} thread(s)")
    sys.exit(1 if any(statistics.median(values) > 1 for values in ratios.values()) else 0)


if __name__ == "__main__":
    main()
