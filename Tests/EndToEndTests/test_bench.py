# SPDX-License-Identifier: Apache-2.0
"""`modelctl bench` against a running daemon."""
import json

from conftest import BIN, run


def bench(server, *arguments, check=True):
    return run(BIN / "modelctl", "bench", "--server", server.url, "--duration", "0.5", "--warm-up", "0.1",
               *arguments, check=check)


def test_closedLoop_countsEveryAnswer(daemon, stump):
    server = daemon(stump)
    report = json.loads(bench(server, "stump", "--connections", "4", "--rows", "3", "--output", "json").stdout)
    assert report["requests"] > 10 and report["failed"] == report["refused"] == 0
    assert 0 < report["p50_seconds"] <= report["p99_seconds"] <= report["max_seconds"]
    counted = server.get("/v2/models/stump/stats").json["model_stats"][0]["inference_stats"]["success"]["count"]
    assert counted >= report["requests"], "those of the warm-up are not in the report"


def test_openLoop_keepsItsRate(daemon, stump, tmp_path):
    server = daemon(stump)
    page = tmp_path / "report.html"
    result = bench(server, "stump", "--rate", "200", "--connections", "4", "--html", page)
    assert "open loop, 200 requests/s" in result.stdout and "p99" in result.stdout
    text = page.read_text()
    assert text.count("<svg") == 2 and "http-equiv" not in text and "src=" not in text
    assert "requests/s, p50 " in text and ">50 %</text>" in text and ">90 %</text>" in text
    assert "nan" not in text and "inf," not in text
    report = json.loads(bench(server, "stump", "--rate", "200", "--output", "json").stdout)
    assert 60 <= report["requests"] <= 110, "half a second of 200 a second"


def test_anyEndpoint_canBeAsked(daemon, stump, tmp_path):
    server = daemon(stump)
    body = tmp_path / "request.json"
    body.write_text('{"instances": [[0.25, 1]]}')
    result = bench(server, "--path", "/v1/models/stump:predict", "--body", body)
    assert "requests answered" in result.stdout
    refused = bench(server, "--path", "/v1/models/absent:predict", "--body", body, check=False)
    assert refused.returncode == 69 and "answered 404" in refused.stdout
    assert bench(server, "stump", "--path", "/x", "--body", body, check=False).returncode == 64
