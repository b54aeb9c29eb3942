# SPDX-License-Identifier: Apache-2.0
"""The guides from a library to a live endpoint, followed to the letter; each checks the answers by itself."""
import pathlib
import subprocess

import pytest

from conftest import BIN, ROOT, clean_environment

PYTHON = ROOT / ".build" / "venv-guides" / "bin" / "python"
GUIDES = ["scikit-learn", "xgboost", "lightgbm", "catboost", "onnx", "pytorch", "tensorflow"]
# Too large to be installed for a test.
OPTIONAL = {"pytorch", "tensorflow"}


@pytest.mark.parametrize("name", GUIDES)
def test_aGuide_leadsToTheLibrarysOwnNumbers(name, tmp_path):
    follow = pathlib.Path(__file__).with_name("follow_guide.py")
    guide = ROOT / "docs" / "guides" / f"{name}.md"
    result = subprocess.run([PYTHON, follow, guide, BIN], cwd=tmp_path, capture_output=True, text=True, timeout=300,
                            env=clean_environment())
    if result.returncode == 77 and name in OPTIONAL:
        pytest.skip(result.stdout.strip())
    assert result.returncode == 0, result.stdout + result.stderr
