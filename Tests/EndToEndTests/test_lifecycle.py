# SPDX-License-Identifier: Apache-2.0
"""The operator's story: start, new versions, broken versions, configuration, drain."""
import http.client
import json
import os
import shutil
import signal
import sys
import threading
import time

import pytest

from conftest import BIN, FIXTURES, ROOT, age, clean_environment, publish_fixture, run

sys.path.insert(0, str(ROOT / "Benchmarks"))
import make_model  # noqa: E402

STUMP = FIXTURES / "protocols/registry/stump/1/model.json"
BODY = json.dumps({"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [0.25, 1]}]})


def prediction(daemon, version=None):
    answer = daemon.infer("stump", [[0.25, 1.0]], version=version)
    assert answer.status == 200, answer.text
    return answer.json["outputs"][0]["data"][0], answer.json["model_version"]


def write_version(registry, version, leaf):
    """Publishes a stump whose left leaf is `leaf`, by rename, as a publisher does."""
    model = json.loads(STUMP.read_text())
    tree = model["learner"]["gradient_booster"]["model"]["trees"][0]
    tree["split_conditions"][1] = leaf
    hidden = registry / "stump" / f".{version}.partial"
    hidden.mkdir(parents=True)
    (hidden / "model.json").write_text(json.dumps(model))
    age(hidden)
    hidden.rename(registry / "stump" / str(version))


def test_newVersion_goesLiveWithoutAFailedRequest(daemon, stump):
    server = daemon(stump)
    failures, answers, stop = [], set(), threading.Event()

    def load():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        while not stop.is_set():
            connection.request("POST", "/v2/models/stump/infer", BODY)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                failures.append((answer.status, body))
            else:
                answers.add(json.loads(body)["outputs"][0]["data"][0])

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for version in range(2, 6):
            write_version(stump, version, float(version))
            server.eventually(lambda: prediction(server) == (float(version), str(version)))
    finally:
        stop.set()
        thread.join()
    assert failures == []
    assert answers >= {1.5, 5.0}


def test_brokenVersion_isRefusedAndTheOldOneGoesOn(daemon, stump):
    server = daemon(stump)
    hidden = stump / "stump" / ".2"
    hidden.mkdir()
    (hidden / "model.json").write_text('{"learner": {')
    age(hidden)
    hidden.rename(stump / "stump" / "2")

    def refused():
        index = server.post("/v2/repository/index", {}).json
        return [e for e in index if e["name"] == "stump" and e.get("version") == "2" and e["state"] == "UNAVAILABLE"]

    entry = server.eventually(refused)[0]
    assert entry["reason"]
    assert prediction(server) == (1.5, "1")
    metrics = server.get("/metrics").text
    assert any(line.startswith("modeld_model_load_failures_total") and not line.endswith(" 0")
               for line in metrics.splitlines()), metrics
    log = server.stop()
    assert [line for line in log.splitlines() if "stump" in line and "refused" in line], log


def test_removedVersion_isNotAnswered(daemon, stump):
    server = daemon(stump)
    assert prediction(server)[1] == "1"
    (stump / "stump" / "1").rename(stump / "stump" / ".removed")
    shutil.rmtree(stump / "stump" / ".removed")
    server.eventually(lambda: server.infer("stump", [[0.25, 1.0]]).status in (404, 503))


class Load:
    """Eight clients that ask for predictions one after the other until the listener is closed."""

    def __init__(self, server):
        self.server = server
        self.failures, self.served, self.started = [], 0, threading.Event()
        self.threads = [threading.Thread(target=self._ask) for _ in range(8)]
        for thread in self.threads:
            thread.start()
        assert self.started.wait(10)

    def _ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        while True:
            try:
                connection.request("POST", "/v2/models/stump/infer", BODY)
                answer = connection.getresponse()
            except ConnectionRefusedError:
                return  # The listener is closed: nothing was sent.
            except (http.client.RemoteDisconnected, ConnectionError) as error:
                self.failures.append(error)
                return
            answer.read()
            if answer.status != 200:
                self.failures.append(answer.status)
            self.served += 1
            self.started.set()
            if answer.will_close:
                connection.close()
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)

    def join(self):
        for thread in self.threads:
            thread.join(30)


def test_sigtermUnderLoad_failsNoRequest(daemon, stump):
    server = daemon(stump, "--shutdown-grace", "1s")
    load = Load(server)
    server.process.send_signal(signal.SIGTERM)
    load.join()
    server.process.wait(30)
    log = server.stop()
    assert load.failures == [], log
    assert server.process.returncode == 0, log
    assert load.served > 50


def test_sigterm_waitsForALongRequest(daemon, stump):
    """MODELD_LONG_REQUEST_ROWS makes it longer: 1,000,000 rows take some seconds."""
    directory = stump / "forest" / "1"
    directory.mkdir(parents=True)
    (directory / "model.json").write_text(json.dumps(make_model.model(600, 6, 4, 1)))
    age(stump / "forest")
    server = daemon(stump, "--shutdown-grace", "300ms", "--limits-body-bytes", "512MiB")
    rows = int(os.environ.get("MODELD_LONG_REQUEST_ROWS", "60000"))
    answers = []

    def ask():
        began = time.monotonic()
        body = json.dumps({"instances": [[0.5, 1.0, -1.0, 2.0]] * rows})
        answer = server.post("/v1/models/forest:predict", body, timeout=60)
        answers.append((answer.status, len(answer.json["predictions"]), time.monotonic() - began))

    long = threading.Thread(target=ask)
    long.start()
    server.eventually(lambda: 'requests_in_flight 2' in server.get("/metrics").text)
    load = Load(server)
    server.process.send_signal(signal.SIGTERM)
    load.join()
    long.join(60)
    server.process.wait(60)
    log = server.stop()
    assert load.failures == [], log
    assert server.process.returncode == 0, log
    assert [answer[:2] for answer in answers] == [(200, rows)], log
    print(f"the long request took {answers[0][2]:.1f} s")


def test_readinessTurnsFalse_whileRequestsAreStillAnswered(daemon, stump):
    server = daemon(stump, "--shutdown-grace", "3s")
    assert server.get("/v2/health/ready").status == 200
    server.process.send_signal(signal.SIGTERM)
    server.eventually(lambda: server.get("/v2/health/ready").status == 503)
    assert prediction(server) == (1.5, "1")
    assert server.get("/v2/health/live").status == 200


def test_kubernetesEnvironment_isNotMistakenForSettings(daemon, stump):
    injected = {
        "MODELD_PORT": "tcp://10.0.0.7:8080", "MODELD_PORT_8080_TCP": "tcp://10.0.0.7:8080",
        "MODELD_PORT_8080_TCP_PROTO": "tcp", "MODELD_PORT_8080_TCP_PORT": "8080",
        "MODELD_PORT_8080_TCP_ADDR": "10.0.0.7", "MODELD_SERVICE_HOST": "10.0.0.7",
        "MODELD_SERVICE_PORT": "8080", "MODELD_SERVICE_PORT_HTTP": "8080",
    }
    server = daemon(stump, env=injected)
    assert prediction(server) == (1.5, "1")


def test_environmentVariables_configureTheDaemon(tmp_path, stump):
    result = run(BIN / "modeld", "--check-config", env={"MODELD_REGISTRY": str(stump), "MODELD_LISTEN": "127.0.0.1:0"})
    assert result.returncode == 0
    unknown = run(BIN / "modeld", "--check-config", env={"MODELD_REGISTRY": str(stump), "MODELD_REGISTRI": "x"})
    assert "MODELD_REGISTRI" in unknown.stderr + unknown.stdout


@pytest.mark.parametrize("flags, word", [
    (["--registri", "x"], "--registri"),
    (["--registry"], "--registry"),
    (["--listen", "nonsense"], "nonsense"),
])
def test_wrongFlags_areRefusedByName(stump, flags, word):
    result = run(BIN / "modeld", "--registry", stump, *flags, check=False)
    assert result.returncode != 0
    assert word in result.stderr, result.stderr


def test_unknownKeyInTheFile_isRefusedByName(tmp_path, stump):
    file = tmp_path / "modeld.yaml"
    file.write_text(f"registry: {stump}\nlisten: 127.0.0.1:0\nlisten_adress: x\n")
    result = run(BIN / "modeld", "--config", file, "--check-config", check=False)
    assert result.returncode != 0
    assert "listen_adress" in result.stderr and "3" in result.stderr


def test_annotatedConfiguration_isValid(stump):
    config = FIXTURES.parents[1] / "config" / "modeld.yaml"
    run(BIN / "modeld", "--config", config, "--registry", stump, "--check-config")


def test_clusterConfiguration_isValid(stump):
    config = FIXTURES.parents[1] / "deploy" / "kubernetes" / "base" / "modeld.yaml"
    run(BIN / "modeld", "--config", config, "--registry", stump, "--check-config")


def test_firstPrediction_comesSoonAfterTheStart(daemon, stump):
    started = time.monotonic()
    server = daemon(stump)
    assert prediction(server) == (1.5, "1")
    assert time.monotonic() - started < 5, "a start takes seconds; the benchmark holds the real bar"


def test_singleModelFile_isServedAsItIs(daemon, tmp_path):
    directory = tmp_path / "models"
    directory.mkdir()
    shutil.copy(STUMP, directory / "model.json")
    age(directory)
    server = daemon(directory)
    names = server.get("/v2/models").json["models"]
    assert len(names) == 1
    answer = server.infer(names[0], [[0.25, 1.0]])
    assert answer.status == 200 and answer.json["outputs"][0]["data"] == [1.5]


def test_emptyRegistry_isServedAndReady(daemon, registry):
    server = daemon(registry)
    assert server.get("/v2/health/ready").status == 200
    publish_fixture(registry, "stump", STUMP)
    server.eventually(lambda: server.infer("stump", [[0.25, 1.0]]).status == 200)


def test_modelctl_listsShowsPredictsAndVerifies(daemon, stump):
    server = daemon(stump)
    control = BIN / "modelctl"
    assert "stump" in run(control, "list", "--server", server.url).stdout
    assert "predictions" in run(control, "show", "stump", "--server", server.url).stdout
    rows = run(control, "predict", "stump", "--server", server.url, "--row", "f1=1,f0=0.25").stdout
    assert "1.5" in rows
    assert run(control, "verify", stump).returncode == 0
    assert run(control, "health", "--server", server.url).returncode == 0
    (stump / "stump" / "1" / "model.json").write_text("{")
    broken = run(control, "verify", stump, check=False)
    assert broken.returncode != 0 and "stump" in broken.stdout + broken.stderr


def test_versionsAndHelp_areTold():
    for name in ("modeld", "modeltrain", "modelctl"):
        assert run(BIN / name, "--version").stdout.strip()
        assert "USAGE" in run(BIN / name, "--help").stdout.upper()
