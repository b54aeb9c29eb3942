# SPDX-License-Identifier: Apache-2.0
"""Real processes on loopback: every test starts what it needs on a free port and stops it by its own id."""
import contextlib
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("MODELD_BIN_DIR", ROOT / ".build" / "release"))
FIXTURES = ROOT / "Tests" / "Fixtures"
DATA = FIXTURES / "data"


def clean_environment(extra=None):
    """The test's environment without settings that would reach the daemon."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MODELD_", "MODELCTL_"))}
    environment.update(extra or {})
    return environment


def run(*command, check=True, timeout=300, env=None):
    """Runs a command to its end; fails with everything that it printed."""
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout,
                            env=clean_environment(env))
    if check and result.returncode != 0:
        raise AssertionError(f"{command} exited with {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def age(path, seconds=60):
    """Makes files look as if they had not changed for a while, so that a drop-in counts at once."""
    then = time.time() - seconds
    for entry in [path, *pathlib.Path(path).rglob("*")]:
        os.utime(entry, (then, then))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Daemon:
    """A running modeld on a port that it chose itself; `before` is what executes it, for instance strace."""

    def __init__(self, registry, *flags, env=None, before=(), program=BIN / "modeld"):
        command = [*map(str, before), str(program), "--registry", str(registry), "--listen", "127.0.0.1:0",
                   *map(str, flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=clean_environment(env))
        self.log_so_far = ""
        self.ready_line = self._read_ready_line()
        self.port = int(self.ready_line.split("http://127.0.0.1:")[1].split()[0].rstrip("/,"))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _read_ready_line(self):
        """What it logs meanwhile is read, too: a full pipe would hold it up."""
        line, deadline = "", time.monotonic() + 30
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self.process.stdout, self.process.stderr], [], [], left)
            if self.process.stdout in readable:
                line = self.process.stdout.readline()
                break
            if readable:
                self.log_so_far += os.read(self.process.stderr.fileno(), 65536).decode()
        if "http://" not in line:
            self.process.kill()
            log = self.log_so_far + self.process.communicate()[1]
            raise AssertionError(f"modeld did not become ready: {line!r} {log}")
        return line

    def request(self, method, path, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body, **kw):
        return self.request("POST", path, body, **kw)

    def infer(self, model, rows, version=None, datatype="FP64", **members):
        path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"
        tensor = {"name": "input", "shape": [len(rows), len(rows[0])], "datatype": datatype, "data": rows}
        return self.post(path, {"inputs": [tensor], **members})

    def open_files(self):
        """How many files and sockets are open; not what timers and threads wait for, which may come at any time."""
        folder = f"/proc/{self.process.pid}/fd"
        found = 0
        for number in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                found += not os.readlink(f"{folder}/{number}").startswith("anon_inode:")
        return found

    def eventually(self, what, seconds=20):
        """Polls `what()` until it is true; the daemon's own watch decides when that is."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = what()
            if value:
                return value
            select.select([], [], [], 0.05)
        raise AssertionError("it did not happen in time; the log says:\n" + self.stop())

    def logs(self, words, seconds=20):
        """Waits until the log says `words`."""
        deadline = time.monotonic() + seconds
        while words not in self.log_so_far:
            left = deadline - time.monotonic()
            assert left > 0, f"'{words}' is not in the log:\n{self.log_so_far}"
            if select.select([self.process.stderr], [], [], left)[0]:
                piece = os.read(self.process.stderr.fileno(), 65536)
                assert piece, f"the log ends without '{words}':\n{self.log_so_far}"
                self.log_so_far += piece.decode()

    def stop(self, by=signal.SIGTERM, timeout=30):
        """Ends the daemon; returns what it logged."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        _, log = self.process.communicate(timeout=timeout)
        return self.log_so_far + log


@pytest.fixture
def daemon(request):
    """A factory of daemons that are all stopped after the test."""
    started = []

    def start(registry, *flags, **options):
        one = Daemon(registry, *flags, **options)
        started.append(one)
        return one

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            try:
                one.process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.communicate()


@pytest.fixture
def registry(tmp_path):
    path = tmp_path / "registry"
    path.mkdir()
    return path


def publish_fixture(registry, name, source, version=1):
    """Copies a model file of the fixtures into the registry as an old, finished drop-in."""
    directory = pathlib.Path(registry) / name / str(version)
    directory.mkdir(parents=True)
    shutil.copy(source, directory / pathlib.Path(source).name)
    age(pathlib.Path(registry) / name)
    return directory


@pytest.fixture
def stump(registry):
    """A registry with the one-split model of the protocol pages."""
    publish_fixture(registry, "stump", FIXTURES / "protocols/registry/stump/1/model.json")
    return registry


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """breast_cancer (gbdt and logistic) and diabetes (gbdt and linear), trained once; a registry and files."""
    base = tmp_path_factory.mktemp("trained")
    registry = base / "registry"
    jobs = [("breast_cancer", "gbdt"), ("breast_cancer", "logistic"), ("diabetes", "gbdt"), ("diabetes", "linear")]
    for data, algorithm in jobs:
        name = f"{data}_{algorithm}"
        run(BIN / "modeltrain", "train", DATA / f"{data}.csv", "--target", "target", "--split-column", "split",
            "--algorithm", algorithm, "--registry", registry, "--name", name,
            "--predictions", base / f"{name}.jsonl")
    return base
