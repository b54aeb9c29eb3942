# SPDX-License-Identifier: Apache-2.0
"""modeltrain killed, interrupted and watched: nothing half done stands under a name of its own, and work goes on.

MODELD_KILLS=200 kills so many times instead of a few."""
import hashlib
import json
import os
import pty
import random
import re
import select
import signal
import subprocess
import time

import pytest

from conftest import BIN, DATA, clean_environment, run

CANCER, IRIS = DATA / "breast_cancer.csv", DATA / "iris.csv"
KILLS = int(os.environ.get("MODELD_KILLS", "24"))


def big_table(path, rows=40_000):
    """Enough rows that there is time to interrupt what is done with them."""
    draw = random.Random(3)
    with open(path, "w") as file:
        print(*(f"x{i}" for i in range(8)), "y", sep=",", file=file)
        for _ in range(rows):
            values = [round(draw.random(), 3) for _ in range(8)]
            print(*values, "ab"[values[0] + values[1] + draw.random() > 1.5], sep=",", file=file)
    return path


def commands(directory):
    """What is killed, each publishing or writing what must be whole or not be there, and each able to go on."""
    registry, common = directory / "registry", ["--target", "target", "--split-column", "split", "--progress", "json"]
    return {
        "train": ["train", CANCER, *common, "--algorithm", "gbdt", "--rounds", "60", "--checkpoint", directory / "saved", "--resume",
                  "--checkpoint-every", "0", "--registry", registry, "--name", "train", "--output", directory / "train.safetensors",
                  "--report", directory / "report.html", "--predictions", directory / "rows.jsonl", "--card", directory / "card.md"],
        "tune": ["tune", IRIS, *common, "--trials", "6", "--algorithms", "logistic,gbdt", "--rounds", "10", "--log",
                 directory / "tune.jsonl", "--write-config", directory / "tune.yaml"],
        "auto": ["auto", IRIS, *common, "--trials", "6", "--algorithms", "logistic,gbdt", "--rounds", "10", "--log",
                 directory / "auto.jsonl", "--write-config", directory / "auto.yaml", "--registry", registry, "--name", "auto"],
        "prepare": ["prepare", CANCER, *common, "--partition-rows", "40", "--output", directory / "prepared"],
    }


def check_version(path):
    """Each file that the manifest names is there with its digest, and no other."""
    manifest = json.loads((path / "manifest.json").read_text())
    files = {file["name"]: file["sha256"] for file in manifest["files"]}
    assert set(files) == {entry.name for entry in path.iterdir()} - {"manifest.json", "model.sig"}
    for name, digest in files.items():
        assert hashlib.sha256((path / name).read_bytes()).hexdigest() == digest


def check_whole(directory):
    registry = directory / "registry"
    for model in [entry for entry in registry.iterdir() if not entry.name.startswith(".")] if registry.is_dir() else []:
        for version in [entry for entry in model.iterdir() if entry.name.isdigit()]:
            check_version(version)
    for name, end in [("report.html", "</html>"), ("rows.jsonl", "}"), ("tune.yaml", ""), ("auto.yaml", ""), ("card.md", "")]:
        path = directory / name
        if path.exists():
            assert path.read_text().rstrip().endswith(end) and path.stat().st_size > 0, name
    if (directory / "rows.jsonl").exists():
        assert len((directory / "rows.jsonl").read_text().splitlines()) == 143
    if (directory / "train.safetensors").exists():
        run(BIN / "modelctl", "verify", directory / "train.safetensors")
    if (directory / "prepared").exists():
        manifest = json.loads((directory / "prepared/manifest.json").read_text())
        assert sum(file["rows"] for file in manifest["files"]) == 569
        for file in manifest["files"]:
            assert hashlib.sha256((directory / "prepared" / file["name"]).read_bytes()).hexdigest() == file["sha256"]


@pytest.mark.parametrize("name", ["train", "tune", "auto", "prepare"])
def test_aKillAtAnyMoment_leavesNothingHalf_andTheWorkGoesOn(name, tmp_path):
    directory, whole = tmp_path / "killed", tmp_path / "whole"
    directory.mkdir(), whole.mkdir()
    began = time.monotonic()
    run(BIN / "modeltrain", *commands(whole)[name])
    usual = time.monotonic() - began
    draw, killed = random.Random(f"{name} {KILLS}"), 0
    for _ in range(KILLS // 4):
        process = subprocess.Popen([str(BIN / "modeltrain"), *map(str, commands(directory)[name])], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, env=clean_environment())
        try:
            _, errors = process.communicate(timeout=draw.uniform(0, usual))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            killed += 1
        else:
            # Done in time; what was written once is not written twice.
            done_before = name == "prepare" and b"is there already" in errors
            assert process.returncode == (2 if done_before else 0), errors
        check_whole(directory)
    assert killed > 0
    if name == "prepare" and (directory / "prepared").exists():
        for path in sorted((directory / "prepared").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        (directory / "prepared").rmdir()
    run(BIN / "modeltrain", *commands(directory)[name])
    check_whole(directory)
    if name in ("train", "auto"):
        last = max((directory / "registry" / name).glob("[0-9]*"), key=lambda path: int(path.name))
        model = (last / "model.safetensors").read_bytes()
        assert model == (whole / "registry" / name / "1/model.safetensors").read_bytes()
    elif name == "tune":
        assert (directory / "tune.yaml").read_text() == (whole / "tune.yaml").read_text()
    else:
        assert (directory / "prepared/manifest.json").read_text() == (whole / "prepared/manifest.json").read_text()
        assert [path.name for path in directory.iterdir()] == ["prepared"], "what killed runs left is gone"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["train", "auto", "tune", "prepare", "compress"])
def test_ctrlC_endsEachSubcommand_with75(name, number, tmp_path):
    table, output = big_table(tmp_path / "t.csv"), tmp_path / "out"
    common = ["--progress", "json"]
    if name == "compress":
        # Only what the model answers is measured; splits one by one take long.
        run(BIN / "modeltrain", "train", CANCER, "--target", "target", "--split-column", "split", "--algorithm", "random_forest",
            "--trees", "60", "--output", tmp_path / "model")
        command = ["compress", tmp_path / "model", *[CANCER] * 40, "--output", output, "--late-trees", "--splits", *common]
    elif name == "prepare":
        command = ["prepare", *[table] * 10, "--target", "y", "--output", output, *common]
    else:
        command = [name, table, "--target", "y", *common]
        command += ["--algorithm", "gbdt", "--rounds", "20000", "--output", output] if name == "train" else ["--trials", "5000"]
        command += ["--write-config", output] if name != "train" else []
    process = subprocess.Popen([str(BIN / "modeltrain"), *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=clean_environment(), cwd=tmp_path)
    first = json.loads(process.stdout.readline())
    assert first["event"] == "data"
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 75, (process.returncode, errors)
    assert "interrupted" in errors
    assert not output.exists()


def last_lines(name, tmp_path):
    model = tmp_path / "model"
    common = [CANCER, "--target", "target", "--split-column", "split"]
    return {
        "train": ["train", *common, "--algorithm", "gbdt", "--rounds", "5", "--output", model],
        "auto": ["auto", *common, "--trials", "2", "--algorithms", "logistic", "--write-config", tmp_path / "auto.yaml"],
        "tune": ["tune", *common, "--trials", "2", "--algorithms", "logistic"],
        "prepare": ["prepare", *common, "--output", tmp_path / "prepared"],
        "compress": ["compress", model, CANCER, "--output", tmp_path / "small", "--max-loss", "0.5"],
    }[name]


@pytest.mark.parametrize("name", ["train", "auto", "tune", "prepare", "compress"])
def test_theLastLine_isASummary(name, tmp_path):
    if name == "compress":
        run(BIN / "modeltrain", *last_lines("train", tmp_path))
    people = run(BIN / "modeltrain", *last_lines(name, tmp_path), "--progress", "none", "--json")
    *others, last = people.stdout.splitlines()
    assert json.loads(last)["event"] == "summary" and json.loads(last)["seconds"] >= 0
    assert others and not any(line.startswith("{") for line in others)
    if name == "prepare":
        (tmp_path / "prepared").rename(tmp_path / "first")
    programs = run(BIN / "modeltrain", *last_lines(name, tmp_path))
    lines = [json.loads(line) for line in programs.stdout.splitlines()]
    assert lines[-1]["event"] == "summary"


def on_a_terminal(*command):
    """The status, and everything that the command wrote to its terminal."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(str(command[0]), [str(part) for part in command], clean_environment())
    written = b""
    while True:
        readable, _, _ = select.select([terminal], [], [], 120)
        try:
            part = os.read(terminal, 65_536) if readable else b""
        except OSError:
            part = b""
        if not part:
            break
        written += part
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), written.decode()


def shown(written):
    """What stands on the terminal in the end: bars that were taken off are gone."""
    return [line.split("\r\x1b[K")[-1].rstrip("\r") for line in written.split("\n")]


def test_aTerminal_seesABarWithTheTimeLeft_andNoneInTheEnd(tmp_path):
    table = big_table(tmp_path / "t.csv", 5_000)
    status, written = on_a_terminal(BIN / "modeltrain", "train", table, "--target", "y", "--algorithm", "gbdt", "--rounds", "400")
    assert status == 0, written
    assert re.search(r"\r\x1b\[K  █+·+ \d+/400  loss 0\.\d+  \d+ (s|min) left", written), written[-2000:]
    assert not any("█" in line for line in shown(written)), shown(written)
    assert any("roc_auc" in line for line in shown(written))
    assert "{" not in written


def test_aTerminal_seesHowFarASearchIs(tmp_path):
    status, written = on_a_terminal(BIN / "modeltrain", "tune", IRIS, "--target", "target", "--trials", "8", "--jobs", "1",
                                    "--algorithms", "logistic,gbdt", "--rounds", "5")
    assert status == 0, written
    assert re.search(r"\r\x1b\[K  █+·+ \d/8 trials  \d+ s left", written), written
    assert not any("█" in line for line in shown(written))
    assert sum(line.startswith("trial ") for line in shown(written)) == 8
