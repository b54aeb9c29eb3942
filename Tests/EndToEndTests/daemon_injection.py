# SPDX-License-Identifier: Apache-2.0
"""Fails every call by which a daemon changes its registry for somebody who asks over HTTP, one at a time.

strace is attached to the running daemon for one request. It counts the calls of each thread by itself, so that the
fault may also reach another thread at a call of the same number: one that looks, loads or answers. A daemon must stand
that as well; a fault that did not reach the wanted call is tried again.
"""
import contextlib
import dataclasses
import hashlib
import http.client
import json
import pathlib
import re
import select
import shutil
import subprocess

from conftest import Daemon, run
from fault_injection import CALLS, FAULTS, ONLY, state

KEY = "fault-injection-key"
# Calls that only look are made again by themselves; what follows from them is not the request's doing.
CHANGES = set(CALLS) - {"openat", "open"}


@dataclasses.dataclass
class Change:
    """A request for a change of the model {model}."""
    name: str
    method: str
    path: str
    body: bytes = b""
    # Sent again after a fault; another form where the request itself would go one step further each time.
    again: bytes = None
    # Statuses of the second request when the first one has done its work.
    done: tuple = (200, 201)


def changes(content):
    def decide(**members):
        return json.dumps(members).encode()

    policy = "/admin/models/{model}/policy"
    return [
        Change("publish", "POST", "/admin/models/{model}/versions?file=model.json", content),
        Change("promote", "POST", policy, decide(action="promote", version=2)),
        Change("rollback", "POST", policy, decide(action="roll_back"), again=decide(action="roll_back", revision=0)),
        Change("delete", "DELETE", "/admin/models/{model}/versions/1", done=(404,)),
        Change("gc", "POST", "/admin/gc", decide(keep=3, model="{model}")),
    ]


class DaemonInjector:
    def __init__(self, programs, model_file, scratch):
        self.programs = pathlib.Path(programs)
        self.scratch = pathlib.Path(scratch)
        self.content = pathlib.Path(model_file).read_bytes()
        self.registry = self.scratch / "models"
        self.template = self.scratch / "template/m"
        self.keys = self.scratch / "keys"
        self.keys.write_text(f"ada {hashlib.sha256(KEY.encode()).hexdigest()}\n")
        self.count, self.missed, self.models = 0, 0, 0
        self.last_missed = ""
        control = self.programs / "modelctl"
        for _ in range(4):
            run(control, "publish", "m", model_file, "--registry", self.template.parent)
        for version in ("3", "4"):
            run(control, "promote", f"m@{version}", "--registry", self.template.parent)
        # Somebody's, who must not notice anything.
        run(control, "publish", "steady", model_file, "--registry", self.registry)
        self.daemon = self.start()

    def start(self):
        return Daemon(self.registry, "--admin-keys", self.keys, "--listen-routes", "models,health,admin",
                      "--models-load", "first_use", program=self.programs / "modeld")

    def fresh(self):
        """A model of its own for each request, as the template is."""
        self.models += 1
        name = f"m{self.models}"
        hidden = self.registry / f".{name}"
        shutil.copytree(self.template, hidden)
        for path in [*hidden.rglob("manifest.json"), *hidden.glob(".policy/*")]:
            path.write_text(path.read_text().replace('"model": "m"', f'"model": "{name}"'))
        hidden.rename(self.registry / name)
        # Looks are made by the same threads; this one shall be over.
        self.daemon.eventually(
            lambda: any(entry["name"] == name for entry in self.daemon.post("/v2/repository/index", {}).json))
        return name

    def send(self, change, model, body):
        """The status and the body of the answer; None, and why, when there was none."""
        body = body.replace(b"{model}", model.encode())
        try:
            answer = self.daemon.request(change.method, change.path.replace("{model}", model), body,
                                         {"Authorization": f"Bearer {KEY}"}, timeout=10)
            return answer.status, answer.text
        except (OSError, http.client.HTTPException) as error:
            return None, repr(error)

    def traced(self, change, model, options):
        """Sends the request while strace is attached; returns the answer and what strace wrote."""
        log = self.scratch / "trace"
        log.write_text("")
        answer = None, ""
        trace = subprocess.Popen(["strace", "-f", "-y", "-s", "300", "-o", str(log), *options, "-p",
                                  str(self.daemon.process.pid)], stderr=subprocess.PIPE)
        try:
            readable, _, _ = select.select([trace.stderr], [], [], 20)
            line = trace.stderr.readline().decode() if readable else ""
            assert "attached" in line, f"strace says {line!r}"
            answer = self.send(change, model, change.body)
        finally:
            if answer[0] is None:
                # The daemon was killed, perhaps: strace sees to that, and ends by itself.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    trace.communicate(timeout=2)
            trace.terminate()
            try:
                trace.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                trace.kill()
                trace.communicate()
        return answer, log.read_text(errors="replace")

    def calls(self, change):
        """(call, how many calls of that name its thread had made) for each of the request's calls in the registry."""
        model = self.fresh()
        (status, text), log = self.traced(change, model, ["-e", "trace=" + ",".join(CALLS)])
        assert status in (200, 201), f"{change.name}: {status} {text}"
        counts, found, last_change = {}, [], {}
        for line in log.splitlines():
            match = re.match(r"(\d+)\s+(\w+)\(", line)
            if not match:
                continue
            key = match[1], match[2]
            counts[key] = counts.get(key, 0) + 1
            if f"{self.registry}/{model}" in line:
                found.append((*key, counts[key]))
                if match[2] in CHANGES:
                    last_change[match[1]] = len(found)
        # What a thread does after its last change is a look at what was changed.
        return [(call, number) for place, (thread, call, number) in enumerate(found)
                if place < last_change.get(thread, 0)], model

    def inject(self, change, call, number, fault, old, new):
        what = "signal=KILL" if fault == "kill" else f"error={fault}"
        for _ in range(6):
            model = self.fresh()
            (status, text), log = self.traced(
                change, model, ["-e", f"trace={call}", "-e", f"inject={call}:{what}:when={number}"])
            if fault == "kill":
                is_hit = "killed by SIGKILL" in log
                if is_hit:
                    self.daemon.process.wait(20)
            else:
                is_hit = any("(INJECTED)" in line and f"/{model}" in line for line in log.splitlines())
            place = f"{change.name}: {fault} at {call} {number}: {status} {text}"
            self.check(change, model, status, place, old, new)
            if is_hit:
                self.count += 1
                return
        self.missed += 1
        self.last_missed = f"{fault} at {call} {number}"

    def check(self, change, model, status, place, old, new):
        left = state(self.registry / model)
        if left not in (old, new):
            raise AssertionError(f"{place}\nneither old nor new:\n{left}")
        if status in (200, 201) and left != new:
            raise AssertionError(f"{place}\nit said that it was done, and it was not")
        if status is not None and not (status in (200, 201) or 500 <= status <= 599):
            raise AssertionError(f"{place}\nthe fault is not the client's")
        if str(self.registry) in place:
            raise AssertionError(f"{place}\nit says where the registry stands")
        if self.daemon.process.poll() is not None:
            self.daemon.stop()
            self.daemon = self.start()
        steady = self.daemon.infer("steady", [[0.25, 1.0]])
        assert steady.status == 200 and steady.json["outputs"][0]["data"] == [1.5], f"{place}\n{steady.text}"
        body = change.body if change.again is None else change.again
        second, text = self.send(change, model, body)
        if second not in (change.done if left == new else (200, 201)):
            raise AssertionError(f"{place}\nthe second try: {second} {text}")
        after = state(self.registry / model)
        if change.name == "publish" and left == new:
            assert len(after[0]) == len(new[0]) + 1, place
        elif after != new:
            raise AssertionError(f"{place}\nafter the second try:\n{after}\ninstead of\n{new}")
        shutil.rmtree(self.registry / model)

    def all(self, faults=FAULTS, names=None, report=None):
        old = state(self.template)
        try:
            for change in changes(self.content):
                if names and change.name not in names:
                    continue
                before, missed = self.count, self.missed
                calls, model = self.calls(change)
                new = state(self.registry / model)
                assert new != old and calls, f"{change.name} changes nothing that is seen"
                for call, number in calls:
                    for fault in faults:
                        if call in ONLY.get(fault, {call}):
                            self.inject(change, call, number, fault, old, new)
                assert (self.missed - missed) * 10 <= self.count - before, f"{change.name}: {self.missed - missed} missed, {self.last_missed}"
                if report:
                    report(f"{change.name}: {len(calls)} calls, {self.count - before} injections, "
                           f"{self.missed - missed} that did not come about")
        finally:
            self.daemon.stop()
        return self.count
