# SPDX-License-Identifier: Apache-2.0
"""Fails every call that changes the disk, one at a time, in every command that changes a registry, and in a daemon
that is asked for the same changes (daemon_injection.py).

Each command runs once under strace, which lists its calls in the registry. Then it runs again for every one of
them and every fault: the call fails with an error, or the program is killed as it makes the call. Afterwards the
registry must be as before or as after the command, and the command, given again, must succeed.
"""
import argparse
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CALLS = ["openat", "open", "creat", "mkdir", "mkdirat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate",
         "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "rmdir"]
FAULTS = ["kill", "ENOSPC", "EIO", "EACCES", "EMFILE"]
# Calls that can give such an error at all, where not all can.
ONLY = {"EMFILE": {"openat", "open", "creat"}}


@dataclasses.dataclass
class Command:
    """One command, with the registry {registry} that it is given."""
    name: str
    arguments: list
    # Given again after a fault; another form where the command itself would go one step further each time.
    again: list = None
    # Exit codes of the second try when the first one has done its work.
    done: tuple = (0,)


def commands(model_file):
    registry = ["--registry", "{registry}"]
    return [
        Command("publish", ["publish", "m", str(model_file), *registry]),
        Command("promote", ["promote", "m@2", *registry]),
        Command("rollback", ["rollback", "m", *registry], again=["rollback", "m", "--to", "0", *registry]),
        Command("delete", ["delete", "m@1", *registry], done=(0, 65)),
        Command("gc", ["gc", "--keep", "3", *registry]),
    ]


def state(model):
    """What a reader of the model's directory sees: versions with their contents, and the decisions of the newest
    revision; who decided, when and as which revision is left out."""
    seen = {}
    for version in sorted(model.iterdir()):
        if version.name.startswith("."):
            continue
        files = sorted(p for p in version.rglob("*") if p.is_file() and p.name != "manifest.json")
        seen[version.name] = [(f.name, hashlib.sha256(f.read_bytes()).hexdigest()) for f in files]
        manifest = json.loads((version / "manifest.json").read_text())
        assert manifest["version"] == int(version.name) and len(manifest["files"]) == len(files)
    revisions = sorted(p for p in (model / ".policy").iterdir() if not p.name.startswith("."))
    newest = json.loads(revisions[-1].read_text())
    about = ("model", "revision", "time", "actor", "action", "reason")
    return seen, {k: v for k, v in newest.items() if k not in about}


class Injector:
    def __init__(self, modelctl, model_file, scratch):
        self.modelctl = str(modelctl)
        self.scratch = pathlib.Path(scratch)
        self.model_file = model_file
        self.template = self.scratch / "template"
        self.count = 0
        for _ in range(4):
            self.run(["publish", "m", str(model_file), "--registry", str(self.template)], expect=0)
        for version in ("3", "4"):
            self.run(["promote", f"m@{version}", "--registry", str(self.template)], expect=0)

    def run(self, arguments, trace=None, expect=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("MODELD_", "MODELCTL_"))}
        result = subprocess.run([*(trace or []), self.modelctl, *arguments], capture_output=True, text=True,
                                timeout=120, env=environment)
        if expect is not None and result.returncode != expect:
            raise AssertionError(f"{arguments} exited with {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def fresh(self):
        registry = self.scratch / "registry"
        shutil.rmtree(registry, ignore_errors=True)
        shutil.copytree(self.template, registry, symlinks=True)
        return registry

    def calls(self, arguments):
        """(call, how many calls of that name it is) for each call of the command in the registry."""
        registry = self.fresh()
        log = self.scratch / "trace"
        filled = [a.replace("{registry}", str(registry)) for a in arguments]
        trace = ["strace", "-f", "-qq", "-y", "-s", "300", "-o", str(log), "-e", "trace=" + ",".join(CALLS)]
        self.run(filled, trace, expect=0)
        counts, found = {}, []
        for line in log.read_text(errors="replace").splitlines():
            match = re.match(r"\d+\s+(\w+)\(", line)
            if match:
                name = match[1]
                counts[name] = counts.get(name, 0) + 1
                if str(registry) in line:
                    found.append((name, counts[name]))
        return found, state(registry / "m")

    def inject(self, command, call, number, fault, old, new):
        registry = self.fresh()
        filled = [a.replace("{registry}", str(registry)) for a in command.arguments]
        what = "signal=KILL" if fault == "kill" else f"error={fault}"
        trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                 "-e", f"inject={call}:{what}:when={number}"]
        result = self.run(filled, trace)
        place = f"{command.name}: {fault} at {call} {number}: exit {result.returncode}, {result.stderr.strip()}"
        self.count += 1
        left = state(registry / "m")
        if left not in (old, new):
            raise AssertionError(f"{place}\nneither old nor new:\n{left}")
        if result.returncode == 0 and left != new:
            raise AssertionError(f"{place}\nit said that it was done, and it was not")
        again = [a.replace("{registry}", str(registry)) for a in command.again or command.arguments]
        second = self.run(again)
        if second.returncode not in (command.done if left == new else (0,)):
            raise AssertionError(f"{place}\nthe second try: {second.returncode} {second.stderr}")
        after = state(registry / "m")
        if command.name == "publish" and left == new:
            assert len(after[0]) == len(new[0]) + 1, place
        elif after != new:
            raise AssertionError(f"{place}\nafter the second try:\n{after}\ninstead of\n{new}")
        self.run(["verify", str(registry)], expect=0)

    def all(self, faults=FAULTS, names=None, report=None):
        old = state(self.template / "m")
        for command in commands(self.model_file):
            if names and command.name not in names:
                continue
            before = self.count
            calls, new = self.calls(command.arguments)
            assert new != old and calls, f"{command.name} changes nothing that is seen"
            for call, number in calls:
                for fault in faults:
                    if call in ONLY.get(fault, {call}):
                        self.inject(command, call, number, fault, old, new)
            if report:
                report(f"{command.name}: {len(calls)} calls, {self.count - before} injections")
        return self.count


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modelctl", default=os.environ.get("MODELD_BIN_DIR", root / ".build/release"),
                        help="the directory with modelctl and modeld")
    parser.add_argument("--by", choices=["modelctl", "modeld"], help="only one of the programs")
    parser.add_argument("commands", nargs="*", help="only these")
    given = parser.parse_args()
    model_file = root / "Tests/Fixtures/protocols/registry/stump/1/model.json"
    programs = pathlib.Path(given.modelctl)
    count = 0
    for program in [given.by] if given.by else ["modelctl", "modeld"]:
        print(f"{program}:", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            if program == "modelctl":
                injector = Injector(programs / "modelctl", model_file, scratch)
            else:
                from daemon_injection import DaemonInjector
                injector = DaemonInjector(programs, model_file, scratch)
            count += injector.all(names=given.commands, report=lambda line: print(f"  {line}", flush=True))
    print(f"{count} passed, 0 failed: the old or the new, never between")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as failure:
        print(f"0 passed, 1 failed\n{failure}")
        sys.exit(1)
