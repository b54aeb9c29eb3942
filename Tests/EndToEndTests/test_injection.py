# SPDX-License-Identifier: Apache-2.0
"""A part of scripts/inject-faults: the program is killed, and the disk is full, at every call that changes it."""
import shutil

import pytest
from conftest import BIN, FIXTURES
from fault_injection import Injector

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")


@pytest.mark.parametrize("command", ["publish", "promote", "delete"])
def test_aChangeThatIsCutOff_leavesTheOldOrTheNew(tmp_path, command):
    injector = Injector(BIN / "modelctl", FIXTURES / "protocols/registry/stump/1/model.json", tmp_path)
    assert injector.all(faults=["kill", "ENOSPC"], names=[command]) > 8
