# SPDX-License-Identifier: Apache-2.0
"""The payloads of the bugs that narfindustries/http-garden found: TROPHIES.md of a checkout."""
import pathlib
import re

from csharp import unescape
from wire import check

CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def payloads(checkout):
    text = pathlib.Path(checkout, "TROPHIES.md").read_text(encoding="utf-8")
    for match in re.finditer(r"^  - Payload: (.*)$", text, re.M):
        line = text.count("\n", 0, match.start()) + 1
        pieces = re.findall(r"`([^`]*)`", match.group(1))
        if pieces:
            yield f"TROPHIES.md:{line}", unescape("".join(pieces)).encode("latin-1", "replace")


def replay(port, checkout, report):
    count = refused = 0
    wrong = []
    for name, payload in payloads(checkout):
        count += 1
        for data in (payload, payload + CANARY):
            codes, found = check(port, data, name)
            wrong += found
        refused += any(code >= 400 for code in codes)
    report(f"http-garden: {count} payloads, {refused} refused, {len(wrong)} wrong", wrong)
    return len(wrong)
