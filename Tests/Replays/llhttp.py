# SPDX-License-Identifier: Apache-2.0
"""The request vectors of nodejs/llhttp: test/request/*.md of a checkout."""
import json
import pathlib
import re

from wire import check


def vectors(checkout):
    """Name, mode, bytes, and what llhttp reports, of every request in the pages."""
    # A remark may stand between request and log.
    pattern = re.compile(r"<!-- meta=(\{[^\n]*?\})\s*-->\s*```http\n((?:(?!\n```).)*)\n```((?!```).)*```log\n(.*?)```",
                         re.S)
    for page in sorted(pathlib.Path(checkout, "test/request").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{page.stem}.md:{line}", json.loads(match.group(1)), decode(match.group(2)), match.group(4)


def decode(text):
    """The pages' own notation: escapes, folded lines, and JavaScript for repetition."""
    text = re.sub(r"\\(\r\n|\r|\n)", "", text)
    text = re.sub(r"\r\n|\r|\n", "\r\n", text)
    for escape, character in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\f")):
        text = text.replace(escape, character)
    text = re.sub(r"\\x([0-9a-fA-F]+)", lambda m: chr(int(m.group(1), 16)), text)
    text = re.sub(r"\\([0-7]{1,3})", lambda m: chr(int(m.group(1), 8)), text)
    text = re.sub(r"\$\{'(.*?)'\.repeat\((\d+)\)\}", lambda m: m.group(1) * int(m.group(2)), text)
    return text.encode("utf-8")


def with_hosts(data):
    """The vectors have no Host, which HTTP/1.1 demands: each request line that is one gets it."""
    lines = re.split(rb"(?<=\r\n)", data)
    result = b""
    for index, line in enumerate(lines):
        result += line
        if re.fullmatch(rb"[A-Z][A-Z-]* \S+ HTTP/1\.1\r\n", line):
            head = data[len(result):].split(b"\r\n\r\n")[0].lower()
            if b"host:" not in head.replace(b" ", b"") and b"host:" not in line.lower():
                rest = b"".join(lines[index + 1:]).split(b"\r\n\r\n")[0].lower()
                if not rest.startswith(b"host:") and b"\r\nhost:" not in b"\r\n" + rest:
                    result += b"Host: a\r\n"
    return result


def replay(port, checkout, report):
    count = stricter = 0
    looser, wrong = [], []
    for name, meta, data, log in vectors(checkout):
        count += 1
        completed = log.count("message complete")
        # Strict mode is what can be compared; the lenient ones are replayed for crashes and cuts alone.
        is_strict = meta["type"] in ("request", "request-finish") and "pause" not in meta
        accepted = 0
        for variant in (data, with_hosts(data)):
            codes, found = check(port, variant, name)
            wrong += found
            accepted = max(accepted, sum(1 for code in codes if code in (200, 204, 404, 405)))
        if is_strict and accepted > completed:
            looser.append(f"{name}: answers to {accepted} requests, llhttp sees {completed}")
        if is_strict and accepted < completed:
            stricter += 1
    report(f"llhttp: {count} request vectors, {len(wrong)} wrong, {len(looser)} looser than llhttp, "
           f"{stricter} stricter", wrong + looser)
    return len(wrong)
