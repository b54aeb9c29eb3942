# SPDX-License-Identifier: Apache-2.0
"""Does what a guide says, block by block, in this directory: follow_guide.py GUIDE.md DIRECTORY-OF-EXECUTABLES

Blocks of Python share their names, as in a notebook. The block that starts modeld starts one on a free port, which takes
the place of the guide's in the blocks behind it. Exits with 77 when a library is not installed.
"""
import contextlib
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import time

ADDRESS = "127.0.0.1:8080"


def blocks(text):
    return [(found[1], found[2]) for found in re.finditer(r"^```(python|sh)\n(.*?)^```$", text, re.M | re.S)]


def missing_libraries(found):
    names = {name.split(".")[0] for kind, code in found if kind == "python"
             for name in re.findall(r"^(?:import|from) ([\w.]+)", code, re.M)}
    return sorted(name for name in names if importlib.util.find_spec(name) is None)


@contextlib.contextmanager
def daemon(command, programs):
    assert command.startswith("modeld ") and ADDRESS in command, f"not a block that starts modeld: {command}"
    words = command.replace(ADDRESS, "127.0.0.1:0").split()
    process = subprocess.Popen([str(programs / words[0]), *words[1:]], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        yield re.search(r"127\.0\.0\.1:\d+", line)[0]
    finally:
        process.terminate()
        process.wait(30)


def main():
    guide, programs = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    found = blocks(guide.read_text())
    missing = missing_libraries(found)
    if missing:
        print("not installed:", ", ".join(missing))
        return 77
    names = {"__name__": "__main__"}
    address = ADDRESS
    with contextlib.ExitStack() as stack:
        for number, (kind, code) in enumerate(found, 1):
            if kind == "sh":
                settle(pathlib.Path("models"))
                address = stack.enter_context(daemon(code.strip(), programs))
            else:
                exec(compile(code.replace(ADDRESS, address), f"{guide.name}, block {number}", "exec"), names)
    return 0


def settle(folder):
    """Files that were written within the last second would be waited for."""
    then = time.time() - 60
    for path in folder.rglob("*"):
        os.utime(path, (then, then))


if __name__ == "__main__":
    sys.exit(main())
