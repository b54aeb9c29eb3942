# SPDX-License-Identifier: Apache-2.0
"""The Python environments with the libraries that benchmarks measure beside."""
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
