# SPDX-License-Identifier: Apache-2.0
"""Batch predictions, by modelctl and over HTTP."""
import csv
import io
import json
import os
import random
import subprocess

from conftest import BIN, FIXTURES, clean_environment, run

STUMP = FIXTURES / "protocols" / "registry" / "stump" / "1" / "model.json"
# How many generated files are compared with Python's csv; raise it for a thorough run.
CORPUS = int(os.environ.get("MODELD_CSV_CORPUS", "150"))


def batch(*arguments, data=None, check=True):
    result = subprocess.run([str(BIN / "modelctl"), "batch", *map(str, arguments)], input=data, capture_output=True,
                            env=clean_environment(), timeout=300)
    if check:
        assert result.returncode == 0, result.stderr
    return result


def nasty_file(seed):
    """A CSV file as Python writes it, out of everything that is awkward in CSV; and its delimiter."""
    chance = random.Random(seed)
    delimiter = chance.choice([",", ",", ";", "\t", "|"])
    pieces = ["", "a", "b c", '"', '""', ",", ";", "\t", "|", "\n", "\r\n", "\r", "ä", "日本", "\u2028", "'", "\\", "0.5",
              "-1e5", " ", "x" * 300, '"\n"', "NA", "\u00a0"]
    width = chance.randint(1, 6)
    text = io.StringIO(newline="")
    if chance.random() < 0.2:
        text.write("\ufeff")
    end = chance.choice(["\n", "\r\n"])
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    if end == "\n" and quoting == csv.QUOTE_MINIMAL:
        # Python does not quote them then, and takes each for the end of a line.
        pieces = [piece for piece in pieces if "\r" not in piece]
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    names = [f"c{index}{chance.choice(pieces[1:]).strip()}" for index in range(width)]
    place = chance.randint(0, width)
    header = [name.strip() for name in names[:place] + ["f0", "f1"] + names[place:]]
    writer.writerow(header)
    for _ in range(chance.randint(0, 30)):
        row = ["".join(chance.choices(pieces, k=chance.randint(0, 3))) for _ in range(width)]
        row = row[:place] + [repr(chance.uniform(-3, 3)), str(chance.randint(-9, 9))] + row[place:]
        if chance.random() < 0.05:
            row = row[:chance.randint(1, len(row) - 1)] if chance.random() < 0.5 else row + ["more"]
        writer.writerow(row)
    content = text.getvalue()
    if chance.random() < 0.3 and content.endswith("\n") and not content.endswith('"\n'):
        content = content.removesuffix("\n").removesuffix("\r")
    return content, delimiter


def test_csvFilesAreReadAsPythonReadsThem():
    files = rows = ragged = 0
    for seed in range(CORPUS):
        content, delimiter = nasty_file(seed)
        expected = list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), delimiter=delimiter,
                                   strict=True))
        header = expected[0]
        kept = [name for name in header if name not in ("f0", "f1") and "," not in name]
        result = batch(STUMP, "-", "-", "--to", "jsonl", "--delimiter", delimiter.replace("\t", "\\t"),
                       "--keep", ",".join(kept), "--threads", "1", "--accept-errors", data=content.encode())
        answers = [json.loads(line) for line in result.stdout.decode().split("\n")[:-1]]
        assert len(answers) == len(expected) - 1, seed
        for answer, row in zip(answers, expected[1:]):
            if len(row) == len(header):
                assert "error" not in answer, (seed, answer)
                assert [answer[name] for name in kept] == [row[header.index(name)] for name in kept], seed
            else:
                assert answer["error"]["code"] == "csv_ragged_row", (seed, answer)
                ragged += 1
        files += 1
        rows += len(answers)
    assert files == CORPUS and rows > 5 * CORPUS and ragged > 0
    print(f"{files} files, {rows} rows, {ragged} of them ragged")


def test_aHugeField_isRefused_inLittleMemory(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("w") as file:
        file.write('f0,f1\n1,"')
        for _ in range(100):
            file.write("x" * (1 << 20))
        file.write('"\n1,1\n')
    command = ["sh", "-c", f"ulimit -v 800000; exec {BIN}/modelctl batch {STUMP} {path} {tmp_path}/out.csv"]
    result = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), timeout=60)
    assert result.returncode == 2 and "line 2: the record is longer than" in result.stderr, result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["huge.csv"]


def test_memoryDoesNotGrowWithTheFile(tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("w") as file:
        file.write("f0,f1\n")
        for _ in range(200):
            file.write("0.123456789,-17.25\n" * 10_000)
    probe = ["import os, subprocess, sys", "subprocess.run(sys.argv[1:], check=True)",
             "import resource", "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"]
    result = run("/usr/bin/env", "python3", "-c", "\n".join(probe), BIN / "modelctl", "batch", STUMP, path,
                 tmp_path / "out.csv", "--threads", "4")
    assert int(result.stdout.split()[-1]) < 64 << 10
    assert (tmp_path / "out.csv").read_bytes().count(b"\n") == 2_000_001


def test_rowsAreAnsweredAsTheServerAnswersThem(daemon):
    rows = [[0.1 * index, 5.0 - index] for index in range(50)]
    text = "f1,id,f0\n" + "".join(f"{b!r},r{i},{a!r}\n" for i, (a, b) in enumerate(rows))
    result = batch(STUMP, "-", "-", "--keep", "id", data=text.encode())
    answers = list(csv.DictReader(io.StringIO(result.stdout.decode())))
    server = daemon(FIXTURES / "protocols" / "registry")
    expected = server.infer("stump", rows).json["outputs"][0]["data"]
    assert [float(answer["predictions"]) for answer in answers] == expected
    assert [answer["id"] for answer in answers] == [f"r{index}" for index in range(50)]
