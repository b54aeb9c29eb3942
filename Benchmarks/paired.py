# SPDX-License-Identifier: Apache-2.0
"""How much a disturbance costs the others: the paired method.

Requests come at fixed moments, at 30 % of what the server can answer; quiet and disturbed windows of 2 s alternate, and
the figure is the median over the pairs of p99 (disturbed) / p99 (quiet). A machine that is shared slows both windows
of a pair, so its noise cancels. Beside it stands how long the server's threads waited for a processor.
"""
import os
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def build(directory):
    """The load generator, compiled."""
    program = os.path.join(directory, "open_loop")
    subprocess.run(["clang", "-O2", "-o", program, str(HERE / "open_loop.c")], check=True)
    return program


def run_delay(pid):
    """Seconds that the process's threads could have run and had to wait for a processor."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[1])
        except OSError:
            continue
    return total / 1e9


class Result:
    def __init__(self, pairs, failures, delays):
        self.quiet = statistics.median(q for q, _ in pairs)
        self.disturbed = statistics.median(d for _, d in pairs)
        self.ratio = statistics.median(d / q for q, d in pairs)
        self.failures = failures
        self.quiet_delay = statistics.median(delays[0::2])
        self.disturbed_delay = statistics.median(delays[1::2])

    def __str__(self):
        return (f"p99 quiet {self.quiet:.0f} us, disturbed {self.disturbed:.0f} us, median ratio {self.ratio:.2f}; "
                f"run delay {self.quiet_delay * 1e3:.0f} / {self.disturbed_delay * 1e3:.0f} ms a window; "
                f"{self.failures} failures")


def measure(port, pid, request, rate, disturbance, pairs=30, window=2.0, connections=2000, processor=1):
    """Runs `disturbance.begin()` and `.end()` around every second window; returns the Result."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "request")
        with open(path, "wb") as out:
            out.write(request)
        command = ["taskset", "-c", str(processor), build(directory), str(port), str(rate), str(window),
                   str(pairs * 2), str(connections), path]
        generator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        lines, delays, before = [], [], run_delay(pid)
        for index in range(pairs * 2):
            line = generator.stdout.readline()
            if not line:
                raise SystemExit("the load generator stopped: the server closed a connection")
            lines.append([float(field) for field in line.split()])
            after = run_delay(pid)
            delays.append(after - before)
            before = after
            # The line ends window `index`, so the next one has just begun.
            (disturbance.begin if index % 2 == 0 else disturbance.end)()
        generator.wait()
        disturbance.end()
    p99 = [line[4] for line in lines]
    return Result(list(zip(p99[0::2], p99[1::2])), int(sum(line[2] for line in lines)), delays)
