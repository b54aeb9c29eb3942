#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A CSV file to a table in memory, as a trainer needs it, beside polars with one thread, in the same run.

usage: ingest.py [--rows N] [--rounds N] [--bin .build/release] [--work .build/ingest-benchmark]

Two files: 28 columns of numbers, and numbers with gaps and categories in turn. Both read in turn, once a process;
compared is processor time (user and system), in which other programs on the machine weigh least. A trainer notes the
SHA-256 of what it reads, which polars does not; its time is left out of the comparison, and the ratio with it is told.
Exits with 1 when the median of the rounds' ratios for numbers is below the bar.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

import environment

BAR = 1.7
COLUMNS = 28


def make(path, rows, mixed):
    chance = random.Random(1)

    def cell(column):
        if not mixed:
            return "%.6f" % chance.gauss(0, 1)
        if column % 2:
            return f"level {chance.randrange(30)}"
        return "" if chance.random() < 0.05 else "%.4f" % chance.random()

    lines = [",".join(map(cell, range(COLUMNS))) + "\n" for _ in range(5_000)]
    with path.open("w") as file:
        file.write(",".join(f"{'c' if mixed and i % 2 else 'x'}{i}" for i in range(COLUMNS)) + "\n")
        for _ in range(rows // len(lines)):
            file.writelines(lines)


def script(path):
    """What polars takes, texts as categories, which a table of a trainer's holds."""
    import polars

    names = path.open().readline().strip().split(",")
    categories = {name: polars.Categorical for name in names if name.startswith("c")}
    start = time.process_time()
    frame = polars.read_csv(path, schema_overrides=categories)
    print(json.dumps({"seconds": time.process_time() - start, "rows": frame.height}))


def run(command, rows, **more):
    """Seconds, and those of them that the digest takes."""
    result = json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, **more).stdout)
    if result["rows"] != rows:
        sys.exit(f"{command[0]}: {result['rows']} rows, not {rows}")
    return result["seconds"], result.get("digest", 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default=500_000, type=int)
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--bin", default=".build/release", type=pathlib.Path)
    parser.add_argument("--work", default=".build/ingest-benchmark", type=pathlib.Path)
    parser.add_argument("--script", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not arguments.inside:
        environment.enter(arguments.work, "requirements-batch.txt", "venv-batch")
    if arguments.script:
        return script(arguments.script)
    rows = arguments.rows // 5_000 * 5_000
    missed = False
    for name in ["numbers", "mixed"]:
        path = arguments.work / f"{name}.csv"
        make(path, rows, name == "mixed")
        reading, ratios, whole = [], [], []
        for _ in range(arguments.rounds):
            seconds, digest = run([arguments.bin / "ingest-benchmark", path], rows)
            command = [sys.executable, __file__, "--work", arguments.work, "--inside", "--script", path]
            other, _ = run(command, rows, env=os.environ | {"POLARS_MAX_THREADS": "1"})
            reading.append(seconds - digest)
            ratios.append(other / (seconds - digest))
            whole.append(other / seconds)
        speed = path.stat().st_size / statistics.median(reading) / 1e6
        ratio = statistics.median(ratios)
        verdict = ("ok" if ratio >= BAR else "MISSED") if name == "numbers" else "no bar"
        print(f"{name}: {speed:.0f} MB/s, {ratio:.2f} of polars with one thread (at least {BAR}; {min(ratios):.2f} to "
              f"{max(ratios):.2f}; with the digest {statistics.median(whole):.2f}) {verdict}", flush=True)
        missed |= verdict == "MISSED"
        path.unlink()
    sys.exit(missed)


if __name__ == "__main__":
    main()
