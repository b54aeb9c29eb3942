# SPDX-License-Identifier: Apache-2.0
"""The cases of MDA2AV/Http11Probe: its C# suites from a checkout, with its own verdicts."""
import json
import pathlib
import select
import socket
import time

from csharp import Thing
from csharp_evaluate import Suite

SUITES = [("ComplianceSuite", "GetTestCases"), ("SmugglingSuite", "GetTestCases"),
          ("SmugglingSuite", "GetSequenceTestCases"), ("MalformedInputSuite", "GetTestCases"),
          ("NormalizationSuite", "GetTestCases"), ("CapabilitiesSuite", "GetSequenceTestCases"),
          ("CookieSuite", "GetTestCases")]
READ_SECONDS = 4


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=READ_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self):
        """Up to the head's end, then what comes within a tenth of a second; the connection's state."""
        data, deadline = b"", time.monotonic() + READ_SECONDS
        while b"\r\n\r\n" not in data:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return data, "TimedOut"
            try:
                piece = self.socket.recv(65536)
            except OSError:
                return data, "ClosedByServer"
            if not piece:
                return data, "ClosedByServer"
            data += piece
        time.sleep(0.1)
        while select.select([self.socket], [], [], 0)[0]:
            try:
                piece = self.socket.recv(65536)
            except OSError:
                break
            if not piece:
                break
            data += piece
        return data, "Open"

    def state(self):
        time.sleep(0.05)
        try:
            if select.select([self.socket], [], [], 0)[0]:
                return "Open" if self.socket.recv(1, socket.MSG_PEEK) else "ClosedByServer"
            return "Open"
        except OSError:
            return "ClosedByServer"


def response(data):
    """The first answer in the data as the probe's own parser sees it; None when there is none."""
    if not data:
        return None
    text = data.decode("ascii", "replace")
    line, _, rest = text.partition("\n")
    words = line.rstrip("\r").split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        return None
    headers = {}
    for field in rest.split("\n"):
        field = field.rstrip("\r")
        if not field:
            break
        name, colon, value = field.partition(":")
        if colon and name:
            key = next((k for k in headers if k.lower() == name.strip().lower()), name.strip())
            headers[key] = headers[key] + ", " + value.strip() if key in headers else value.strip()
    head, separator, body = text.partition("\r\n\r\n")
    return Thing("HttpResponse", StatusCode=int(words[1]), HttpVersion=words[0], Headers=headers,
                 Body=body[:4096] if body else None, RawResponse=text[:8192])


def evaluate(expected, answer, state):
    if expected.CustomValidator:
        return expected.CustomValidator(answer, state)
    if expected.ExpectedConnectionState and state == expected.ExpectedConnectionState:
        return "Pass"
    if expected.AllowConnectionClose and state == "ClosedByServer" and answer is None:
        return "Pass"
    if answer is None:
        return "Pass" if expected.AllowConnectionClose else "Fail"
    if expected.ExpectedStatus and expected.ExpectedStatus.low <= answer.StatusCode <= expected.ExpectedStatus.high:
        return "Pass"
    return "Fail"


def run_single(case, context, port):
    client = Client(port)
    try:
        client.socket.sendall(bytes(case.PayloadFactory(context)))
    except OSError:
        pass
    data, state = client.read()
    if state == "Open":
        state = client.state()
    client.socket.close()
    return evaluate(case.Expected, response(data), state)


def send_step(client, step, context, results):
    if step.SendPartsFactory:
        parts = step.SendPartsFactory(context)
    else:
        factory = step.PayloadFactory
        payload = step.DynamicPayloadFactory(context, results) if step.DynamicPayloadFactory else factory(context)
        parts = [Thing("part", PayloadFactory=lambda _: payload, DelayAfter=0)]
    for part in parts:
        try:
            client.socket.sendall(bytes(part.PayloadFactory(context)))
        except OSError:
            return "ClosedByServer"
        if part.DelayAfter:
            time.sleep(part.DelayAfter)
            if client.state() != "Open":
                return "ClosedByServer"
    return "Open"


def run_sequence(case, context, port):
    client, results, state = Client(port), [], "Open"
    for step in case.Steps:
        if state != "Open":
            results.append(Thing("StepResult", Executed=False, ConnectionState=state))
            continue
        send_step(client, step, context, results)
        data, state = client.read()
        if state == "Open":
            state = client.state()
        results.append(Thing("StepResult", Executed=True, Response=response(data), ConnectionState=state))
    client.socket.close()
    return case.Validator(results)


def published(checkout):
    """What the project published: of each server, the verdict of each scored case."""
    page = pathlib.Path(checkout, "docs/static/probe/data1.js")
    if not page.exists():
        return []
    text = page.read_text(encoding="utf-8")
    return json.loads(text[text.index("{"):text.rindex("}") + 1])["servers"]


def replay(port, checkout, report):
    root = pathlib.Path(checkout, "src/Http11Probe/TestCases/Suites")
    context = Thing("TestContext", Host="localhost", Port=port, HostHeader=f"localhost:{port}")
    verdicts, missed = {}, []
    for file, function in SUITES:
        suite = Suite((root / f"{file}.cs").read_text(encoding="utf-8-sig"))
        for case in suite.members[function]():
            run = run_sequence if case.Steps else run_single
            verdict = run(case, context, port)
            if case.Scored is None or case.Scored:
                verdicts[case.Id] = verdict
                if verdict != "Pass":
                    missed.append(f"{case.Id}: {verdict}: {case.Description}")
    passed = sum(v == "Pass" for v in verdicts.values())
    report(f"Http11Probe: {passed} of {len(verdicts)} scored cases passed, "
           f"{sum(v == 'Fail' for v in verdicts.values())} failed, "
           f"{sum(v == 'Warn' for v in verdicts.values())} warned", missed)
    best = max(published(checkout), key=lambda s: s["summary"]["passed"], default=None)
    if best:
        theirs = {r["id"]: r["verdict"] for r in best["results"] if r["scored"]}
        common = [name for name in theirs if name in verdicts]
        ours = sum(verdicts[name] == "Pass" for name in common)
        there = sum(theirs[name] == "Pass" for name in common)
        report(f"Http11Probe: of the {len(common)} cases that were scored when {best['name']} was published as the "
               f"best, {ours} passed here, {there} there", [])
    return sum(v == "Error" for v in verdicts.values())
