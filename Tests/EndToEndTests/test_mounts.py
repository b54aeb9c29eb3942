# SPDX-License-Identifier: Apache-2.0
"""Registries as machines and clusters have them: shared, read-only, without notice of changes, swapped by links, and
copied into by hand."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

import pytest

from conftest import BIN, FIXTURES, publish_fixture, run
from test_policy import infer, metric, version_of, write_revision, write_version
from test_releasing import Admin

STUMP = FIXTURES / "protocols/registry/stump/1/model.json"
# Changes are noticed by looking: often, so that the tests need not wait.
POLL = ("--registry-watch-poll", "200ms")

needs_mounts = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None
    or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
    reason="only root may mount")


def model_text(leaf):
    """A stump whose left leaf is `leaf`."""
    model = json.loads(STUMP.read_text())
    model["learner"]["gradient_booster"]["model"]["trees"][0]["split_conditions"][1] = float(leaf)
    return json.dumps(model)


def answers(server, version, model="m"):
    return lambda: version_of(infer(server, f"/v2/models/{model}/infer")) == str(version)


def state(server, version, model="m"):
    index = server.post("/v2/repository/index", {}).json
    return next((e for e in index if e["name"] == model and e.get("version") == str(version)), {})


class Watcher:
    """Asks all the time: what answered, and what did not."""

    def __init__(self, server, path="/v2/models/m/infer"):
        self.server, self.path = server, path
        self.failures, self.seen = [], []
        self.stopping = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def _ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        body = json.dumps({"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [0.25, 1]}]})
        while not self.stopping.is_set():
            connection.request("POST", self.path, body)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                self.failures.append((answer.status, text))
                continue
            document = json.loads(text)
            value = (document["model_version"], document["outputs"][0]["data"][0])
            if not self.seen or self.seen[-1] != value:
                self.seen.append(value)


# Several daemons


def test_daemonsThatShareARegistry_loseNoChangeAndAgree(daemon, registry, tmp_path):
    """Three daemons publish and decide at the same time, and modelctl does in the directory."""
    publish_fixture(registry, "m", STUMP)
    admins = [Admin(daemon, registry, tmp_path) for _ in range(3)]
    rounds = 8

    def over_http(place):
        for number in range(rounds):
            published = admins[place].send("POST", "models/m/versions?file=model.json", model_text(100 * place + number))
            assert published.status == 201, published.text
            change = {"action": "alias", "alias": f"of-{place}", "version": published.json["version"]}
            decided = admins[place].send("POST", "models/m/policy", json.dumps(change))
            assert decided.status == 200 and decided.json["changed"], decided.text
        return f"of-{place}", published.json["version"]

    def on_disk():
        path = tmp_path / "model.json"
        for number in range(rounds):
            path.write_text(model_text(1000 + number))
            printed = run(BIN / "modelctl", "publish", "m", path, "--registry", registry, "--output", "json").stdout
            version = json.loads(printed)["version"]
            run(BIN / "modelctl", "alias", f"m@{version}", "on-disk", "--registry", registry)
        return "on-disk", version

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(over_http, place) for place in range(3)] + [pool.submit(on_disk)]
        aliases = dict(future.result() for future in futures)
    versions = sorted(int(p.name) for p in (registry / "m").iterdir() if p.name.isdigit())
    assert versions == list(range(1, 4 * rounds + 2))
    leaves = set()
    for version in versions[1:]:
        manifest = json.loads((registry / "m" / str(version) / "manifest.json").read_text())
        assert (manifest["model"], manifest["version"]) == ("m", version)
        model = json.loads((registry / "m" / str(version) / "model.json").read_text())
        leaves.add(model["learner"]["gradient_booster"]["model"]["trees"][0]["split_conditions"][1])
    assert len(leaves) == 4 * rounds, "a version was lost"
    revisions = sorted(p.name for p in (registry / "m/.policy").iterdir() if not p.name.startswith("."))
    assert revisions == [f"{number:010}.json" for number in range(4 * rounds)]
    newest = json.loads((registry / "m/.policy" / revisions[-1]).read_text())
    assert newest["aliases"] == aliases, "a decision was lost"
    run(BIN / "modelctl", "verify", registry)
    # All of them answer alike, by alias and by default.
    for admin in admins:
        for alias, version in aliases.items():
            admin.server.eventually(
                lambda: infer(admin.server, f"/v2/models/m@{alias}/infer").json.get("model_version") == str(version))
        admin.server.eventually(
            lambda: infer(admin.server, "/v2/models/m/infer").json["model_version"] == str(versions[-1]))


# Read-only


def read_only(directory):
    """Executes a command where `directory` cannot be written to."""
    return ["unshare", "-m", "sh", "-c",
            'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"', str(directory)]


@needs_mounts
def test_aReadOnlyMount_isServedAndCannotBeChanged(daemon, registry, tmp_path):
    write_version(registry, "m", 1)
    admin = Admin(daemon, registry, tmp_path, before=read_only(registry))
    server = admin.server
    assert version_of(infer(server, "/v2/models/m/infer")) == "1"
    refused = admin.send("POST", "models/m/versions?file=model.json", STUMP.read_bytes())
    assert refused.status == 500 and refused.json["code"] == "system", refused.text
    assert "Read-only" in refused.text and str(registry) not in refused.text
    for change in ({"action": "promote", "version": 1}, {"action": "retire", "version": 1}):
        answer = admin.send("POST", "models/m/policy", json.dumps(change))
        assert answer.status == 500 and "Read-only" in answer.text, answer.text
    assert admin.send("DELETE", "models/m/versions/1").status == 500
    # Whoever may write elsewhere is followed.
    write_version(registry, "m", 2)
    server.eventually(answers(server, 2))
    assert "Read-only" in server.stop()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root may be somebody else")
def test_aUserWithoutRights_servesWhatItMayRead(daemon):
    """Nobody may write, and one version may not even be read, until its mode is set right."""
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        os.chmod(place, 0o755)
        shutil.copy(BIN / "modeld", place / "modeld")
        registry = place / "models"
        write_version(registry, "m", 1)
        server = daemon(registry, *POLL, program=place / "modeld",
                        before=["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"])
        assert version_of(infer(server, "/v2/models/m/infer")) == "1"
        hidden = registry / ".2"
        shutil.copytree(registry / "m/1", hidden)
        (hidden / "model.json").write_text(model_text(2))
        os.chmod(hidden / "model.json", 0o600)
        os.utime(hidden / "model.json", (1, 1))
        hidden.rename(registry / "m/2")
        server.eventually(lambda: "Permission denied" in state(server, 2).get("reason", ""))
        assert answers(server, 1)()
        os.chmod(registry / "m/2/model.json", 0o644)
        server.eventually(answers(server, 2))
        # A directory that cannot be read is no directory without versions.
        os.chmod(registry / "m", 0o700)
        before = metric(server, "modeld_registry_scans_total")
        server.eventually(lambda: metric(server, "modeld_registry_scans_total") > before + 2)
        assert answers(server, 2)()
        os.chmod(registry / "m", 0o755)
        write_version(registry, "m", 3)
        server.eventually(answers(server, 3))
        assert "model directory cannot be read" in server.stop()


# Mounts that do not tell of changes


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")
@pytest.mark.parametrize("fault", [
    "inotify_init1:error=EMFILE", "inotify_add_watch:error=ENOSPC",
    # As on a network file system: everything seems to be well, and nothing is ever told.
    "inotify_add_watch:retval=1",
], ids=["noInstance", "noWatches", "silent"])
def test_withoutNoticeOfChanges_lookingFindsThem(daemon, registry, fault):
    write_version(registry, "m", 1)
    before = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e",
              "trace=inotify_init1,inotify_add_watch", "-e", f"inject={fault}"]
    server = daemon(registry, *POLL, before=before)
    assert version_of(infer(server, "/v2/models/m/infer")) == "1"
    with Watcher(server) as watcher:
        write_version(registry, "m", 2)
        server.eventually(answers(server, 2))
        write_revision(registry, "m", 1, default=1)
        server.eventually(answers(server, 1))
        write_version(registry, "other", 1)
        server.eventually(lambda: infer(server, "/v2/models/other/infer").status == 200)
        write_revision(registry, "m", 2, default="latest")
        server.eventually(answers(server, 2))
        run(BIN / "modelctl", "publish", "m", STUMP, "--registry", registry)
        server.eventually(lambda: infer(server, "/v2/models/m/infer").json["model_version"] == "3")
        shutil.rmtree(registry / "other")
        server.eventually(lambda: infer(server, "/v2/models/other/infer").status == 404)
    assert watcher.failures == []


# Copies made by hand


def test_aSlowCopy_isServedOnceItIsWhole(daemon, registry):
    """Every piece comes after a look; half of a file is never even tried."""
    write_version(registry, "m", 1)
    server = daemon(registry, *POLL)
    looks = "modeld_registry_scans_total"
    text = model_text(2)
    (registry / "m/2").mkdir()
    with Watcher(server) as watcher, open(registry / "m/2/model.json", "w") as out:
        for piece in range(10):
            out.write(text[len(text) * piece // 10:len(text) * (piece + 1) // 10])
            out.flush()
            seen = metric(server, looks)
            server.eventually(lambda: metric(server, looks) > seen + 1)
            assert state(server, 2)["state"] != "READY"
        out.close()
        server.eventually(answers(server, 2))
    assert watcher.failures == [] and watcher.seen == [("1", 1.0), ("2", 2.0)]
    assert "refused" not in server.stop()


@pytest.mark.parametrize("with_manifest", [False, True], ids=["plain", "withManifest"])
def test_aCopyThatStops_isRefusedAndTakenWhenItGoesOn(daemon, registry, tmp_path, with_manifest):
    """A copy that stands still for long looks finished; the old version goes on, and the rest is awaited."""
    write_version(registry, "m", 1)
    run(BIN / "modelctl", "publish", "m", write_text(tmp_path / "model.json", model_text(2)), "--registry",
        tmp_path / "elsewhere")
    source = tmp_path / "elsewhere/m/1"
    server = daemon(registry, *POLL)
    target = registry / "m/2"
    target.mkdir()
    if with_manifest:
        manifest = (source / "manifest.json").read_text().replace('"version": 1', '"version": 2')
        (target / "manifest.json").write_text(manifest)
    text = (source / "model.json").read_text()
    with Watcher(server) as watcher:
        (target / "model.json").write_text(text[:300])
        reason = server.eventually(lambda: state(server, 2).get("reason"))
        assert "m/2/model.json" in reason and str(registry) not in reason
        assert answers(server, 1)()
        with open(target / "model.json", "a") as out:
            out.write(text[300:])
        server.eventually(answers(server, 2))
    assert watcher.failures == [] and watcher.seen == [("1", 1.0), ("2", 2.0)]


def write_text(path, text):
    path.write_text(text)
    return path


# Links that are swapped


class AtomicWriter:
    """Writes a directory as the kubelet does a ConfigMap: files lead through ..data, which is swapped."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.number = 0

    def write(self, files):
        self.number += 1
        stamp = f"..2026_11_26_{self.number}"
        (self.directory / stamp).mkdir()
        for name, text in files.items():
            (self.directory / stamp / name).write_text(text)
        former = os.readlink(self.directory / "..data") if (self.directory / "..data").is_symlink() else None
        (self.directory / "..data_tmp").symlink_to(stamp)
        (self.directory / "..data_tmp").rename(self.directory / "..data")
        for name in files:
            if not (self.directory / name).is_symlink():
                (self.directory / name).symlink_to(f"..data/{name}")
        if former:
            shutil.rmtree(self.directory / former)


def test_aConfigMap_isFollowedThroughItsSwaps(daemon, registry):
    """The version is a mounted ConfigMap, and so is the model's policy."""
    writer = AtomicWriter(registry / "m/1")
    writer.write({"model.json": model_text(1)})
    server = daemon(registry, *POLL)
    server.eventually(lambda: infer(server, "/v2/models/m/infer").status == 200)
    times = []
    with Watcher(server) as watcher:
        for number in range(2, 8):
            writer.write({"model.json": model_text(number)})
            start = time.monotonic()
            server.eventually(
                lambda: infer(server, "/v2/models/m/infer").json["outputs"][0]["data"] == [float(number)])
            times.append(time.monotonic() - start)
        # What is broken is refused, and what was there before goes on.
        writer.write({"model.json": model_text(8)[:200]})
        server.eventually(lambda: state(server, 1).get("reason"))
        assert infer(server, "/v2/models/m/infer").json["outputs"][0]["data"] == [7.0]
        writer.write({"model.json": model_text(9)})
        server.eventually(lambda: infer(server, "/v2/models/m/infer").json["outputs"][0]["data"] == [9.0])
    assert watcher.failures == []
    assert watcher.seen == [("1", float(leaf)) for leaf in [1, 2, 3, 4, 5, 6, 7, 9]]
    print("noticed after", " ".join(f"{seconds:.2f}" for seconds in times), "s")


def test_aRegistryThatIsALink_isFollowedWhenItLeadsElsewhere(daemon, tmp_path):
    """As git-sync and others deploy: a whole registry beside, then one link."""
    for number in (1, 2):
        write_version(tmp_path / f"revision-{number}", "m", number)
    write_version(tmp_path / "revision-2", "new", 1)
    (tmp_path / "current").symlink_to("revision-1")
    server = daemon(tmp_path / "current", *POLL)
    assert version_of(infer(server, "/v2/models/m/infer")) == "1"
    with Watcher(server) as watcher:
        (tmp_path / "next").symlink_to("revision-2")
        (tmp_path / "next").rename(tmp_path / "current")
        server.eventually(answers(server, 2))
        server.eventually(lambda: infer(server, "/v2/models/new/infer").status == 200)
    assert watcher.seen == [("1", 1.0), ("2", 2.0)], watcher.failures
    assert watcher.failures == []


@needs_mounts
def test_anImageMount_isServedThroughAnotherProcess(daemon, tmp_path):
    """KServe's modelcar: /mnt/models is a link to the file system of a process in another container."""
    image = tmp_path / "image"
    directory = image / "models"
    directory.mkdir(parents=True)
    (directory / "model.json").write_text(model_text(5))
    os.utime(directory / "model.json", (1, 1))
    mount = 'mount -t tmpfs none "$0/view" && cp -a "$0/image/." "$0/view" && mount -o remount,ro "$0/view" '
    (tmp_path / "view").mkdir()
    car = subprocess.Popen(["unshare", "-m", "sh", "-c", mount + '&& echo ready && exec sleep 600', str(tmp_path)],
                           stdout=subprocess.PIPE, text=True)
    with contextlib.ExitStack() as stack:
        stack.callback(car.communicate)
        stack.callback(car.kill)
        assert car.stdout.readline() == "ready\n"
        link = tmp_path / "mnt-models"
        link.symlink_to(f"/proc/{car.pid}/root{tmp_path}/view/models")
        server = daemon(link, *POLL)
        (name,) = server.get("/v2/models").json["models"]
        assert infer(server, f"/v2/models/{name}/infer").json["outputs"][0]["data"] == [5.0]
        # The other container ends: nothing can be read any more, and what is loaded goes on.
        car.kill()
        car.wait()
        server.eventually(lambda: metric(server, "modeld_registry_scan_failures_total") > 0)
        assert infer(server, f"/v2/models/{name}/infer").json["outputs"][0]["data"] == [5.0]
        assert re.search("registry cannot be read", server.stop())
