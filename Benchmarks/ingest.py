#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file to a table in memory, as a trainer needs it, beside polars with one thread, in the same run.

usage: ingest.py [--rows N] [--rounds N] [--bin .build/release] [--work .build/ingest-benchmark]

Three files of 28 columns: CSV of numbers, CSV of numbers with gaps and categories in turn, and the latter as JSON Lines
(a third of the rows). Both read in turn, once a process; compared is processor time (user and system), in which other programs on the machine weigh least. A trainer notes the
SHA-256 of what it reads, which polars does not; its time is left out of the comparison, and the ratio with it is told.
Exits with 1 when the median of the rounds' ratios is below the bar for one of them.
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
# Rows that differ; they come again and again.
PIECE = 5_000


def make(path, rows, name):
    chance = random.Random(1)

    def cell(column):
        if name == "numbers":
            return "%.6f" % chance.gauss(0, 1)
        if column % 2:
            return f"level {chance.randrange(30)}"
        return "" if chance.random() < 0.05 else "%.4f" % chance.random()

    names = [f"{'x' if name == 'numbers' or i % 2 == 0 else 'c'}{i}" for i in range(COLUMNS)]
    lines = [[cell(column) for column in range(COLUMNS)] for _ in range(PIECE)]
    if name == "json":
        def member(key, cell):
            return f'"{key}":' + ("null" if not cell else f'"{cell}"' if key[0] == "c" else cell)
        lines = ["{" + ",".join(map(member, names, line)) + "}\n" for line in lines]
    else:
        lines = [",".join(line) + "\n" for line in lines]
    with path.open("w") as file:
        if name != "json":
            file.write(",".join(names) + "\n")
        for _ in range(rows // PIECE):
            file.writelines(lines)


def script(path):
    """What polars takes, texts as categories, which a table of a trainer's holds."""
    import polars

    names = [f"c{i}" for i in range(1, COLUMNS, 2)] if path.stem != "numbers" else []
    categories = {name: polars.Categorical for name in names}
    read = polars.read_ndjson if path.suffix == ".jsonl" else polars.read_csv
    start = time.process_time()
    frame = read(path, schema_overrides=categories)
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
    arguments = environment.open_batch(parser, ".build/ingest-benchmark")
    if arguments.script:
        return script(pathlib.Path(arguments.script))
    missed = False
    for name in ["numbers", "mixed", "json"]:
        rows = (arguments.rows // 3 if name == "json" else arguments.rows) // PIECE * PIECE
        path = arguments.work / (name + (".jsonl" if name == "json" else ".csv"))
        make(path, rows, name)
        reading, ratios, whole = [], [], []
        for _ in range(arguments.rounds):
            seconds, digest = run([arguments.bin / "ingest-benchmark", path], rows)
            command = environment.script(arguments, __file__, path)
            other, _ = run(command, rows, env=os.environ | {"POLARS_MAX_THREADS": "1"})
            reading.append(seconds - digest)
            ratios.append(other / (seconds - digest))
            whole.append(other / seconds)
        speed = path.stat().st_size / statistics.median(reading) / 1e6
        ratio = statistics.median(ratios)
        verdict = "ok" if ratio >= BAR else "MISSED"
        print(f"{name}: {speed:.0f} MB/s, {ratio:.2f} of polars with one thread (at least {BAR}; {min(ratios):.2f} to "
              f"{max(ratios):.2f}; with the digest {statistics.median(whole):.2f}) {verdict}", flush=True)
        missed |= verdict == "MISSED"
        path.unlink()
    sys.exit(missed)


if __name__ == "__main__":
    main()
