#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays public HTTP/1.1 test suites, from checkouts of their repositories, against the HTTP engine.

usage: replay.py SERVER [--llhttp DIRECTORY] [--http-garden DIRECTORY] [--http11probe DIRECTORY] [--verbose]

SERVER is the program `replay-server`; scripts/replay-http builds and passes it. Exits with 1 when the server crashed,
gave different answers to the same bytes cut differently, or went on after a refusal.
"""
import argparse
import subprocess
import sys

import http11probe
import http_garden
import llhttp
from wire import is_alive


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("--llhttp")
    parser.add_argument("--http-garden")
    parser.add_argument("--http11probe")
    parser.add_argument("--verbose", action="store_true", help="names each case that is not as it should be")
    options = parser.parse_args()
    if not (options.llhttp or options.http_garden or options.http11probe):
        parser.error("name at least one checkout to replay")

    def report(line, details):
        print(line, flush=True)
        for detail in details if options.verbose else []:
            print("  " + detail)

    server = subprocess.Popen([options.server], stdout=subprocess.PIPE, text=True)
    failures = 0
    try:
        port = int(server.stdout.readline())
        for suite, checkout in ((llhttp, options.llhttp), (http_garden, options.http_garden),
                                (http11probe, options.http11probe)):
            if checkout:
                failures += suite.replay(port, checkout, report)
        if server.poll() is not None or not is_alive(port):
            report(f"the server crashed: exit {server.poll()}", [])
            failures += 1
        else:
            report("the server is alive: 0 crashes", [])
    finally:
        server.terminate()
        server.wait()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
