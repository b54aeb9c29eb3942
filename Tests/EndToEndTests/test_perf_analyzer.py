# SPDX-License-Identifier: Apache-2.0
"""Triton's own load generator against modeld. It is no package of its own: tritonclient's wheels brought it until
2.40.0 (`tritonclient-2.40.0.data/data/bin/perf_analyzer`; it needs libb64 and CUDA's runtime library, no GPU). These
tests run where it is on the PATH or `PERF_ANALYZER` names it."""
import csv
import os
import shutil
import subprocess

import pytest

from conftest import FIXTURES, clean_environment, publish_fixture

TOOL = os.environ.get("PERF_ANALYZER") or shutil.which("perf_analyzer")
pytestmark = pytest.mark.skipif(not TOOL, reason="there is no perf_analyzer")


@pytest.mark.parametrize("model", ["stump", "digits"])
@pytest.mark.parametrize("rows,form", [(4, "binary"), (1, "json")])
def test_perfAnalyzer_measures(daemon, stump, tmp_path, model, rows, form):
    # In JSON it writes behind its own buffers when a request has several rows.
    publish_fixture(stump, "digits", FIXTURES / "models/onnx/torch_cnn_digits/model.onnx")
    server = daemon(stump)
    report = tmp_path / "report.csv"
    # One window counts: whether figures are stable on this machine is not the question.
    result = subprocess.run(
        [TOOL, "-m", model, "-u", f"127.0.0.1:{server.port}", "-i", "http", "-b", str(rows), "--concurrency-range", "2",
         "--input-tensor-format", form, "--output-tensor-format", form, "--measurement-mode", "count_windows",
         "--measurement-request-count", "200", "--max-trials", "4", "--stability-percentage", "999", "-f", str(report)],
        capture_output=True, text=True, timeout=120, env=clean_environment())
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-2000:]
    row = next(csv.DictReader(report.open()))
    assert float(row["Inferences/Second"]) > 0 and float(row["p99 latency"]) > 0, row
    counted = server.get(f"/v2/models/{model}/stats").json["model_stats"][0]
    assert counted["inference_count"] == rows * counted["inference_stats"]["success"]["count"] >= rows * 200
    assert counted["inference_stats"]["fail"]["count"] == 0
