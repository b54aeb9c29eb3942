#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time and memory of loading large model files.

usage: loading.py [--benchmark .build/release/model-loading-benchmark] [--work .build/loading-benchmark]

A native network of 1 GB, read and compiled as a server does it, and an XGBoost JSON file of 200 MB, imported. Both are made
when they are not there, and deleted with --clean. Exits with 1 when a bar is missed.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

import environment

HERE = pathlib.Path(__file__).resolve().parent
# The most memory, as a share of the file.
NATIVE_MEMORY, IMPORT_MEMORY = 1.1, 3.0
# Megabytes a second.
IMPORT_SPEED = 100


def run(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--benchmark", default=".build/release/model-loading-benchmark", type=pathlib.Path)
    parser.add_argument("--work", default=".build/loading-benchmark", type=pathlib.Path)
    parser.add_argument("--clean", action="store_true", help="delete the files afterwards")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    work, benchmark = arguments.work.resolve(), arguments.benchmark.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if not arguments.inside:
        environment.enter(work)
    network, trees = work / "network.safetensors", work / "trees.json"
    if not network.exists():
        run(benchmark, "make", network, "1000")
    if not trees.exists():
        run(sys.executable, HERE / "make_xgboost.py", trees, "200")
    missed = []

    def check(what, value, isMet, bar):
        print(f"{what}: {value} ({bar}) {'ok' if isMet else 'MISSED'}", flush=True)
        if not isMet:
            missed.append(what)

    text = run(benchmark, "serve", network)
    print(text.strip())
    share = float(re.search(r"memory ([\d.]+) of the file", text).group(1))
    check("native, memory of the file", share, share <= NATIVE_MEMORY, f"at most {NATIVE_MEMORY}")
    text = run(benchmark, trees)
    print(text.strip())
    share = float(re.search(r"memory: .*, ([\d.]+) of the file", text).group(1))
    speed = int(re.search(r"read xgboost.*, (\d+) MB/s", text, re.IGNORECASE).group(1))
    check("XGBoost, memory of the file", share, share < IMPORT_MEMORY, f"less than {IMPORT_MEMORY}")
    check("XGBoost, MB/s", speed, speed >= IMPORT_SPEED, f"at least {IMPORT_SPEED}")
    if arguments.clean:
        shutil.rmtree(work)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
