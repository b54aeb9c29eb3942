#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file of 1,000,000 rows to a file of predictions, beside what else would be used, in the same run.

usage: batch.py [--rows N] [--rounds N] [--bin .build/release] [--work .build/batch-benchmark]

Makes a CSV file of 28 numeric columns, trains 100 trees of depth 6 with XGBoost and LightGBM, and lets `modelctl batch`
and scripts of pandas, polars and pyarrow with XGBoost, LightGBM, lleaves and ONNX Runtime predict it in turn, file to
file, one thread each. Two threads of modelctl are compared with one by the time that passes. Else compared is processor time (user and system), in which other programs on the machine weigh least;
the scripts are timed without their start and imports, modelctl with them. The medians of the rounds' ratios are compared
with the bars; exits with 1 when one is missed.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import environment

HERE = pathlib.Path(__file__).resolve().parent
FEATURES = 28
BARS = {"pandas": 2.5, "best": 1.8, "parts": 0.85, "csv": 1.7, "two": 1.8}


def make(work, rows):
    """The file of rows and the models; kept from run to run."""
    import lightgbm
    import numpy as np
    import polars
    import xgboost
    from sklearn.datasets import make_classification

    stamp = work / "made.json"
    if stamp.exists() and json.loads(stamp.read_text()) == {"rows": rows}:
        return
    X, y = make_classification(
        n_samples=rows, n_features=FEATURES, n_informative=18, n_redundant=6, n_clusters_per_class=8,
        class_sep=0.8, flip_y=0.1, random_state=7)
    X = X.astype(np.float32)
    names = [f"f{index}" for index in range(FEATURES)]
    polars.DataFrame({name: X[:, index] for index, name in enumerate(names)}).write_csv(work / "rows.csv")
    X, y = X[:80_000], y[:80_000]
    settings = {"objective": "binary:logistic", "max_depth": 6, "eta": 0.1, "tree_method": "hist", "nthread": 2,
                "seed": 42}
    booster = xgboost.train(settings, xgboost.DMatrix(X, y, feature_names=names), num_boost_round=100)
    booster.save_model(work / "xgb.json")
    settings = {"objective": "binary", "max_depth": 6, "num_leaves": 63, "learning_rate": 0.1, "num_threads": 2,
                "seed": 42, "deterministic": True, "verbose": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, y, feature_name=names), num_boost_round=100)
    booster.save_model(work / "lgb.txt")
    import lleaves
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    lleaves.Model(model_file=str(work / "lgb.txt")).compile(cache=str(work / "lgb.lleaves"))
    onnx = onnxmltools.convert_lightgbm(booster, initial_types=[("input", FloatTensorType([None, FEATURES]))],
                                        zipmap=False)
    (work / "lgb.onnx").write_bytes(onnx.SerializeToString())
    stamp.write_text(json.dumps({"rows": rows}))


def reader(name, path):
    """A function that gives the file's numbers as a float32 matrix, as the library is meant to be used."""
    import numpy as np

    names = [f"f{index}" for index in range(FEATURES)]
    if name == "pandas":
        import pandas
        return lambda: pandas.read_csv(path, dtype=np.float32).to_numpy()
    if name == "polars":
        import polars
        schema = {column: polars.Float32 for column in names}
        return lambda: polars.read_csv(path, schema=schema).to_numpy()
    from pyarrow import csv, float32
    import pyarrow
    pyarrow.set_cpu_count(1)
    read = csv.ReadOptions(use_threads=False)
    convert = csv.ConvertOptions(column_types={column: float32() for column in names})
    return lambda: np.column_stack([
        column.to_numpy() for column in csv.read_csv(path, read_options=read, convert_options=convert).columns])


def predictor(name, work):
    if name == "xgboost":
        import xgboost
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(work / "xgb.json")
        return lambda X: booster.inplace_predict(X, validate_features=False)
    if name == "lightgbm":
        import lightgbm
        booster = lightgbm.Booster(model_file=str(work / "lgb.txt"))
        return lambda X: booster.predict(X, num_threads=1)
    if name == "lleaves":
        import lleaves
        model = lleaves.Model(model_file=str(work / "lgb.txt"))
        model.compile(cache=str(work / "lgb.lleaves"))
        return lambda X: model.predict(X, n_jobs=1)
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(work / "lgb.onnx"), options, providers=["CPUExecutionProvider"])
    return lambda X: session.run(["probabilities"], {"input": X})[0][:, 1]


def writer(name, path):
    if name == "pandas":
        import pandas
        return lambda values: pandas.DataFrame({"predictions": values}).to_csv(path, index=False)
    if name == "polars":
        import polars
        return lambda values: polars.DataFrame({"predictions": values}).write_csv(path)
    import pyarrow
    from pyarrow import csv
    return lambda values: csv.write_csv(pyarrow.table({"predictions": values}), path)


def script(name, work):
    """What a user would write: read, predict, write. Prints seconds of the processor, and of each part."""
    library, engine = name.split("+")
    read, predict = reader(library, work / "rows.csv"), predictor(engine, work)
    write = writer(library, work / f"{name}.csv")
    times = [time.process_time()]
    X = read()
    times.append(time.process_time())
    values = predict(X)
    times.append(time.process_time())
    write(values)
    times.append(time.process_time())
    print(json.dumps({"all": times[3] - times[0], "read": times[1] - times[0], "predict": times[2] - times[1],
                      "write": times[3] - times[2]}))


def run_script(name, arguments):
    command = environment.script(arguments, __file__, name)
    variables = os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
    return json.loads(run.stdout.splitlines()[-1])


def run_modelctl(arguments, model, *options):
    """Seconds of the processor, seconds, and the most memory in MiB."""
    output = arguments.work / "modeld.csv"
    command = [str(arguments.bin / "modelctl"), "batch", str(arguments.work / model),
               str(arguments.work / "rows.csv"), str(output), "--quiet", "--on-error", "stop", *options]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    memory, status = 0, None
    while status is None:
        # Its greatest size so far; what wait4 tells counts this script's, too, of which it is a copy at first.
        text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        if "modelctl" in text.splitlines()[0]:
            memory = max([memory] + [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")])
        pid, ended, usage = os.wait4(process.pid, os.WNOHANG)
        status = ended if pid else None
        time.sleep(0.01)
    process.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} exited with {process.returncode}")
    return {"all": usage.ru_utime + usage.ru_stime, "elapsed": elapsed, "memory": memory / 1024}


def differences(arguments, own, other):
    """Rows whose predictions differ by more than the other's rounding."""
    import numpy as np
    import polars

    left = polars.read_csv(own)["predictions"].to_numpy()
    right = polars.read_csv(other)["predictions"].to_numpy()
    return len(left) != len(right) or int(np.sum(np.abs(left - right) > 1e-5))


def report(name, ratios, bar, missed):
    ratio = statistics.median(ratios)
    verdict = "ok" if ratio >= bar else "MISSED"
    if ratio < bar:
        missed.append(name)
    print(f"{name}: {ratio:.2f} (at least {bar}; {min(ratios):.2f} to {max(ratios):.2f}) {verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default=1_000_000, type=int)
    parser.add_argument("--rounds", default=5, type=int)
    arguments = environment.open_batch(parser, ".build/batch-benchmark")
    if arguments.script:
        return script(arguments.script, arguments.work)
    make(arguments.work, arguments.rows)
    names = ["pandas+xgboost"]
    names += [f"{library}+{engine}" for library in ("polars", "pyarrow")
              for engine in ("xgboost", "lightgbm", "lleaves", "onnxruntime")]
    times = {name: [] for name in names}
    own = {"xgb.json": [], "lgb.txt": []}
    csv_ratios, parts_ratios, two_ratios, memory = [], [], [], 0
    size = (arguments.work / "rows.csv").stat().st_size
    for _ in range(arguments.rounds):
        for model, results in own.items():
            results.append(run_modelctl(arguments, model, "--threads", "1"))
            memory = max(memory, results[-1]["memory"])
        two = run_modelctl(arguments, "lgb.txt", "--threads", "2")
        two_ratios.append(own["lgb.txt"][-1]["elapsed"] / two["elapsed"])
        memory = max(memory, two["memory"])
        parts = json.loads(subprocess.run(
            [arguments.bin / "batch-benchmark", arguments.work / "rows.csv", arguments.work / "lgb.txt"],
            check=True, capture_output=True, text=True).stdout)
        for name in names:
            times[name].append(run_script(name, arguments))
        alone = (parts["scan"] + parts["kernel"] + parts["write"]) * parts["rows"] / 1e9
        parts_ratios.append(alone / own["lgb.txt"][-1]["all"])
        csv_ratios.append(times["polars+lleaves"][-1]["read"] * 1e9 / (parts["scan"] * parts["rows"]))
        print(f"parts, ns a row: scan {parts['scan']:.0f} ({parts['bytes'] / parts['rows'] / parts['scan'] * 1e3:.0f} "
              f"MB/s), kernel {parts['kernel']:.0f}, write {parts['write']:.0f}", flush=True)
    for name in names:
        parts = {part: statistics.median(run[part] for run in times[name]) for part in times[name][0]}
        rate = arguments.rows / parts["all"]
        print(f"{name:22} {rate:12,.0f} rows/s  read {parts['read']:.2f} s ({size / parts['read'] / 1e6:.0f} MB/s), "
              f"predict {parts['predict']:.2f} s, write {parts['write']:.2f} s", flush=True)
    for model, results in own.items():
        seconds = statistics.median(run["all"] for run in results)
        print(f"modelctl {model:13} {arguments.rows / seconds:12,.0f} rows/s, at most {memory:.0f} MiB", flush=True)
    missed = []

    def ratios(name, model):
        return [other["all"] / mine["all"] for other, mine in zip(times[name], own[model])]

    report("of pandas+xgboost", ratios("pandas+xgboost", "xgb.json"), BARS["pandas"], missed)
    others = {name: ratios(name, "xgb.json" if name.endswith("xgboost") else "lgb.txt") for name in names[1:]}
    best = min(others, key=lambda name: statistics.median(others[name]))
    report(f"of {best}, the best other", others[best], BARS["best"], missed)
    report("of its parts alone", parts_ratios, BARS["parts"], missed)
    report("two threads, of one", two_ratios, BARS["two"], missed)
    report("of polars' reading", csv_ratios, BARS["csv"], missed)
    run_modelctl(arguments, "lgb.txt", "--threads", "1")
    count = differences(arguments, arguments.work / "modeld.csv", arguments.work / "polars+lightgbm.csv")
    print(f"rows answered otherwise than by LightGBM: {count}")
    if count or memory > 64:
        missed.append("agreement or memory")
    for name in missed:
        print(f"missed: {name}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
