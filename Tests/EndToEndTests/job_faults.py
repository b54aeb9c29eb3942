# SPDX-License-Identifier: Apache-2.0
"""Fails every call by which a job changes the disk, one at a time: the daemon is killed before or after it, or the
call fails with an error. Afterwards the job is there and its result is byte for byte that of an undisturbed run, or it
was never accepted.

A library in front of the daemon's calls (fault_shim.c) counts them below the jobs' directory.
"""
import argparse
import concurrent.futures
import errno
import hashlib
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGISTRY = ROOT / "Tests" / "Fixtures" / "protocols" / "registry"
FAULTS = {"before": "before", "after": "after", "ENOSPC": str(errno.ENOSPC), "EIO": str(errno.EIO)}
ROWS = "f1,id,f0\n" + "".join(f"{5 - i % 11},r{i},{i % 7}\n" for i in range(14_000))


def build_shim(directory):
    shim = pathlib.Path(directory) / "fault_shim.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(shim), str(pathlib.Path(__file__).with_name("fault_shim.c")),
                    "-ldl"], check=True)
    return shim


class Server:
    """A daemon over a jobs' directory, disturbed or not."""

    def __init__(self, modeld, jobs, shim=None, files=None, **variables):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("MODELD_", "MODELCTL_", "FAULT_"))}
        if shim:
            environment |= {"LD_PRELOAD": str(shim), "FAULT_ROOT": str(jobs)}
        environment |= variables
        command = [str(modeld), "--registry", str(REGISTRY), "--listen", "127.0.0.1:0", "--jobs-directory", str(jobs),
                   "--jobs-range-bytes", "64KiB", "--jobs-threads", "1", "--batch-threads", "1"]
        command += ["--jobs-input", str(files)] if files else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env=environment)
        readable, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline() if readable else ""
        if "http://" not in line:
            self.stop()
            raise AssertionError("modeld did not become ready")
        self.port = int(line.split("http://127.0.0.1:")[1].split()[0].rstrip("/,"))

    def ask(self, method, path, body=None):
        """Status and body; None when the daemon is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def jobs(self):
        answer = self.ask("GET", "/v2/batch/jobs")
        return json.loads(answer[1])["jobs"] if answer else None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


def create(server, named=False):
    """Asks for a job, for records that it brings or for a file of the operator's."""
    path = "/v2/models/stump/batch/jobs?keep=id"
    return server.ask("POST", path + "&input=rows.csv", b"") if named else server.ask("POST", path, ROWS.encode())


def finished(server, seconds=60):
    """The jobs when none is at work any more; None when the daemon is gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        jobs = server.jobs()
        if jobs is None or all(job["state"] != "running" for job in jobs):
            return jobs
        select.select([], [], [], 0.02)
    raise AssertionError(f"the job does not end: {server.jobs()}")


class JobInjector:
    def __init__(self, modeld, scratch, named=False):
        self.modeld = modeld
        self.scratch = pathlib.Path(scratch)
        self.named = named
        self.files = self.scratch / "files" if named else None
        if named:
            self.files.mkdir()
            (self.files / "rows.csv").write_text(ROWS)
        self.shim = build_shim(scratch)
        jobs, log = self.scratch / "counted", self.scratch / "log"
        jobs.mkdir()
        server = Server(modeld, jobs, self.shim, self.files, FAULT_LOG=str(log))
        status, answer = create(server, named)
        assert status == 202, answer
        assert [job["state"] for job in finished(server)] == ["completed"]
        self.digest = self.result(server, json.loads(answer)["id"])
        server.stop()
        self.calls = log.read_text().split()

    @staticmethod
    def result(server, job):
        """The digest of the job's result; None when the daemon is gone."""
        answer = server.ask("GET", f"/v2/batch/jobs/{job}/result")
        if answer is None:
            return None
        status, body = answer
        assert status == 200, body
        return hashlib.sha256(body).hexdigest()

    def inject(self, number, fault):
        """Runs the job with one fault; fails where it is lost, doubled or changed."""
        place = f"{fault} at call {number} of {len(self.calls)} ({self.calls[number - 1]})"
        jobs = self.scratch / f"{number}-{fault}"
        jobs.mkdir()
        try:
            server = Server(self.modeld, jobs, self.shim, self.files, FAULT_AT=str(number), FAULT_KIND=FAULTS[fault])
        except AssertionError:
            # It was killed while it began: there was no job yet.
            server, answer = None, None
        else:
            answer = create(server, self.named)
        try:
            found = finished(server) if server and (answer is None or answer[0] == 202) else None
            if found is None:
                if server:
                    server.stop()
                server = Server(self.modeld, jobs, files=self.files)
                found = finished(server)
            accepted = answer is not None and answer[0] == 202
            states = [job["state"] for job in found]
            if states != ["completed"] and (accepted or states):
                raise AssertionError(f"{place}: accepted {accepted}, {found}")
            for job in found:
                digest = self.result(server, job["id"])
                if digest is None:
                    # Killed while it tidied up behind a job that was completed.
                    server.stop()
                    server = Server(self.modeld, jobs, files=self.files)
                    digest = self.result(server, job["id"])
                if digest != self.digest:
                    raise AssertionError(f"{place}: another result")
        except AssertionError as failure:
            raise AssertionError(f"{place}: {failure}") from failure
        finally:
            server.stop()
            shutil.rmtree(jobs, ignore_errors=True)
        return bool(found)

    def all(self, faults=tuple(FAULTS), step=1, first=1, at_once=4):
        """How many injections there were, and in how many of them there was a job."""
        tasks = [(number, fault) for number in range(first, len(self.calls) + 1, step) for fault in faults]
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            kept = list(pool.map(lambda task: self.inject(*task), tasks))
        return len(kept), sum(kept)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=os.environ.get("MODELD_BIN_DIR", ROOT / ".build/release"), type=pathlib.Path)
    parser.add_argument("--step", default=1, type=int, help="only every so manieth call")
    given = parser.parse_args()
    total = 0
    for named in (False, True):
        with tempfile.TemporaryDirectory() as scratch:
            injector = JobInjector(given.bin / "modeld", scratch, named)
            count, kept = injector.all(step=given.step)
            print(f"{'a named file' if named else 'an upload'}: {len(injector.calls)} calls, {count} injections; in {kept} "
                  "there was a job, and its result the same", flush=True)
        total += count
    print(f"{total} passed, 0 failed")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as failure:
        print(f"0 passed, 1 failed\n{failure}")
        sys.exit(1)
