# SPDX-License-Identifier: Apache-2.0
"""How good the trained models are on rows that they were not trained on, beside eight of other libraries.

  Benchmarks/run quality [--data wine,iris] [--algorithms gbdt,auto] [--trials 40]

The data sets are scikit-learn's, divided by train_test_split(test_size=.25, random_state=7), in proportion to the
classes. Each model's loss on the test rows (log loss, or the squared error) is compared row by row with that of
the baseline that does best on them: for each algorithm the best of its kind (linear models; boosted trees; forests;
networks), for `auto` the best of all eight, which nobody knows before the test rows have been seen. `noise` is the
standard error of the mean difference times the normal quantile of 0.975, or of 1 - 0.025 / k where the baseline is the
best of k (Bonferroni): of eight equals the luckiest looks better than it is. Baselines that depend much on chance (forest,
network) count with the mean loss of three seeds. A thousandth of the loss is noise in any case. Fails when a model is worse by more than the noise.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import warnings

import environment

BUILD = pathlib.Path(__file__).resolve().parent.parent / ".build"
NAMES = ["breast_cancer", "diabetes", "digits", "iris", "wine"]
SEEDS = [0, 1, 2]
# What each of ours is held against.
KINDS = {
    "logistic": "linear", "linear": "linear", "lasso": "linear", "elastic_net": "linear", "gbdt": "boosting",
    "random_forest": "forest", "extra_trees": "forest", "mlp": "network",
}
LINEAR_CLASSIFIER, LINEAR_REGRESSORS = ["logistic"], ["linear", "lasso", "elastic_net"]


def load(name):
    """Features, target, and which rows are for the test."""
    import numpy
    from sklearn import datasets
    from sklearn.model_selection import train_test_split
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    _, rows = train_test_split(range(len(y)), test_size=0.25, random_state=7, stratify=None if name == "diabetes" else y)
    test = numpy.zeros(len(y), dtype=bool)
    test[rows] = True
    return x, y, test


def write(path, x, y, test):
    with open(path, "w") as file:
        print(*(f"x{column}" for column in range(x.shape[1])), "target", "split", sep=",", file=file)
        for features, value, is_test in zip(x.tolist(), y.tolist(), test):
            print(*features, value, "test" if is_test else "train", sep=",", file=file)


def baselines(regression):
    """The eight: name, kind and estimators, several that differ by their seeds where chance decides much."""
    import lightgbm
    import xgboost
    from sklearn import ensemble, linear_model, neural_network, pipeline, preprocessing

    def scaled(model):
        return pipeline.make_pipeline(preprocessing.StandardScaler(), model)

    suffix = "Regressor" if regression else "Classifier"
    network = getattr(neural_network, f"MLP{suffix}")
    boosted, light = getattr(xgboost, f"XGB{suffix}"), getattr(lightgbm, f"LGBM{suffix}")
    return [
        ("ridge", "linear", scaled(linear_model.Ridge())) if regression
        else ("logreg", "linear", scaled(linear_model.LogisticRegression(max_iter=5000))),
        ("rf100", "forest", [getattr(ensemble, f"RandomForest{suffix}")(100, random_state=seed) for seed in SEEDS]),
        ("hgb", "boosting", getattr(ensemble, f"HistGradientBoosting{suffix}")(random_state=7)),
        ("xgb_default", "boosting", boosted()),
        ("xgb_d3_lr.1_100", "boosting", boosted(max_depth=3, learning_rate=0.1, n_estimators=100)),
        ("lgb_default", "boosting", light(verbose=-1)),
        ("lgb_l7_lr.1_100", "boosting", light(num_leaves=7, learning_rate=0.1, n_estimators=100, verbose=-1)),
        ("mlp64", "network", [scaled(network(hidden_layer_sizes=(64,), max_iter=2000, random_state=seed)) for seed in SEEDS]),
    ]


def losses(predictions, truth, regression):
    """One a row: the squared error, or the log loss of a row of probabilities."""
    import numpy
    if regression:
        return (predictions - truth) ** 2
    chosen = numpy.clip(predictions, 1e-15, 1)[numpy.arange(len(truth)), truth]
    return -numpy.log(chosen)


def mean(values, regression):
    return values.mean() ** 0.5 if regression else values.mean()


def ours(program, path, algorithm, trials, threads, classes, directory):
    """The answers to the test rows, in the order of the table."""
    import numpy
    output = directory / "predictions.jsonl"
    common = [path, "--target", "target", "--split-column", "split", "--predictions", output, "--progress", "json"]
    command = (["auto", *common, "--trials", str(trials), "--jobs", str(threads), "--write-config", directory / "auto.yaml"]
               if algorithm == "auto" else ["train", *common, "--algorithm", algorithm])
    done = subprocess.run([program, *map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{algorithm} on {path}: {done.stderr}")
    answers = [json.loads(line)["predictions"] for line in output.read_text().splitlines()]
    chosen = json.loads(done.stdout.splitlines()[-1])["algorithm"]
    values = numpy.array(answers, dtype=float)
    if classes == 2:
        values = numpy.column_stack([1 - values, values])
    return values, chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(BUILD / "release/modeltrain"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--data", default=",".join(NAMES))
    parser.add_argument("--algorithms", help="with commas between; auto is one (default: all)")
    parser.add_argument("--trials", type=int, default=40, help="of auto")
    parser.add_argument("--jobs", type=int, default=2, help="threads of auto's trials")
    options = parser.parse_args()
    if not options.inside:
        environment.enter(BUILD / "quality")
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import numpy
    warnings.filterwarnings("ignore")
    worse = []
    for name in options.data.split(","):
        regression = name == "diabetes"
        x, y, test = load(name)
        classes = 0 if regression else len(set(y))
        print(f"\n{name}: {(~test).sum()} rows to train, {test.sum()} to test, "
              + ("root mean squared error" if regression else f"log loss of {classes} classes"))
        peers = {}
        for peer, kind, models in baselines(regression):
            runs = []
            for model in models if isinstance(models, list) else [models]:
                model.fit(x[~test], y[~test])
                runs.append(model.predict(x[test]) if regression else model.predict_proba(x[test]))
            values = numpy.mean([losses(answers, y[test], regression) for answers in runs], axis=0)
            peers[peer] = (kind, values, runs[0])
        for peer, (kind, values, answers) in peers.items():
            print(f"  {peer:16} {mean(values, regression):8.4f}" + accuracy(answers, y[test], regression))
        order = sorted(peers, key=lambda peer: peers[peer][1].mean())
        wanted = (options.algorithms.split(",") if options.algorithms
                  else (LINEAR_REGRESSORS if regression else LINEAR_CLASSIFIER) + list(KINDS)[4:] + ["auto"])
        print(f"  {'ours':16} {'loss':>8} {'accuracy' if not regression else '':>9}  held against            difference   noise")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / f"{name}.csv"
            write(path, x, y, test)
            for algorithm in wanted:
                answers, chosen = ours(options.program, path, algorithm, options.trials, options.jobs, classes,
                                       pathlib.Path(folder))
                values = losses(answers, y[test], regression)
                best = next(peer for peer in order if KINDS.get(algorithm) in (None, peers[peer][0]))
                difference = values - peers[best][1]
                rivals = sum(KINDS.get(algorithm) in (None, kind) for kind, _, _ in peers.values())
                quantile = statistics.NormalDist().inv_cdf(1 - 0.025 / rivals)
                noise = quantile * difference.std(ddof=1) / len(difference) ** 0.5
                # Solvers of one problem stop a little before or behind each other.
                noise = max(noise, 0.001 * peers[best][1].mean())
                verdict = "better" if difference.mean() < -noise else "worse" if difference.mean() > noise else "within noise"
                if verdict == "worse":
                    worse.append(f"{algorithm} on {name}")
                shown = f"{algorithm}" + (f" ({chosen})" if algorithm == "auto" else "")
                print(f"  {shown:16} {mean(values, regression):8.4f}" + accuracy(answers, y[test], regression)
                      + f"  {best:16} {peers[best][1].mean() if not regression else mean(peers[best][1], True):7.4f} "
                      f"{difference.mean():+10.4f} {noise:8.4f}  {verdict}", flush=True)
    print("\n" + (f"worse by more than the noise: {', '.join(worse)}" if worse else "none is worse by more than the noise"))
    sys.exit(1 if worse else 0)


def accuracy(answers, truth, regression):
    return "          " if regression else f" {(answers.argmax(axis=1) == truth).mean():9.4f}"


if __name__ == "__main__":
    main()
