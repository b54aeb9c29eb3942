# SPDX-License-Identifier: Apache-2.0
"""The Python environments with the libraries that benchmarks measure beside."""
import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def enter(work, requirements="requirements.txt", name="venv-kernels"):
    """Runs the calling script again inside the environment, which is made beside `work` when it is not there."""
    requirements = HERE / requirements
    venv = work.parent / name
    stamp = venv / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != requirements.read_bytes():
        print(f"making {venv} (Benchmarks/{requirements.name})", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", requirements], check=True)
        stamp.write_bytes(requirements.read_bytes())
    os.execv(venv / "bin/python", [str(venv / "bin/python"), *sys.argv, "--inside"])


def open_batch(parser, work):
    """The arguments of a script beside the libraries of requirements-batch.txt, run again inside their environment.

    `--bin`, `--work` (a folder that is made) and `--script` (what a process of its own is to do) are added to them.
    """
    parser.add_argument("--bin", default=".build/release", type=pathlib.Path)
    parser.add_argument("--work", default=work, type=pathlib.Path)
    parser.add_argument("--script", help=argparse.SUPPRESS)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not arguments.inside:
        enter(arguments.work, "requirements-batch.txt", "venv-batch")
    return arguments


def script(arguments, path, what):
    """The command that runs the script at `path` again as a process of its own, with `--script what`."""
    return [sys.executable, path, "--work", str(arguments.work), "--inside", "--script", str(what)]
