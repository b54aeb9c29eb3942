# SPDX-License-Identifier: Apache-2.0
"""A part of scripts/inject-faults: the program is killed, and the disk is full, at every call that changes it."""
import shutil

import pytest
from conftest import BIN, FIXTURES
from daemon_injection import DaemonInjector
from fault_injection import Injector

STUMP = FIXTURES / "protocols/registry/stump/1/model.json"

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")


@pytest.mark.parametrize("command", ["publish", "promote", "delete"])
def test_aChangeThatIsCutOff_leavesTheOldOrTheNew(tmp_path, command):
    injector = Injector(BIN / "modelctl", STUMP, tmp_path)
    assert injector.all(faults=["kill", "ENOSPC"], names=[command]) > 8


@pytest.mark.parametrize("change", ["publish", "promote", "gc"])
def test_aChangeThatIsCutOffInADaemon_leavesTheOldOrTheNew(tmp_path, change):
    injector = DaemonInjector(BIN, STUMP, tmp_path)
    assert injector.all(faults=["kill", "ENOSPC"], names=[change]) > 8
