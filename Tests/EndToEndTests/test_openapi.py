# SPDX-License-Identifier: Apache-2.0
"""The server is what its OpenAPI document says: schemathesis asks whatever the document allows, and what it does not."""
import pathlib
import subprocess
import sys

import pytest

from conftest import clean_environment

HERE = pathlib.Path(__file__).parent


@pytest.mark.parametrize("document", ["/openapi/stump", "/openapi.json"])
def test_schemathesis_findsNothing(daemon, stump, tmp_path, document):
    server = daemon(stump)
    # Not checked: that all data of the schemas are accepted, since no schema can say that `data` has as many numbers
    # as `shape` asks for.
    result = subprocess.run(
        [str(pathlib.Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml"),
         "run", server.url + document, "--max-examples", "25", "--seed", "1", "--phases", "coverage,fuzzing",
         "--exclude-checks", "positive_data_acceptance"],
        capture_output=True, text=True, timeout=300, cwd=tmp_path, env=clean_environment())
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-1000:]
    assert server.get("/v2/health/live").status == 200


def test_thePage_isThere(daemon, stump):
    answer = daemon(stump).get("/docs")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
