# SPDX-License-Identifier: Apache-2.0
"""Answers that go out while the records come (`Prefer: respond-streaming`)."""
import gzip
import json
import socket
import threading

import pytest

from conftest import FIXTURES

PATH = "/v2/models/stump/batch"


def memory(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


class Exchange:
    """A request whose body is sent chunk by chunk, and whose answer is read meanwhile."""

    def __init__(self, server, path=PATH, **headers):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nPrefer: respond-streaming\r\n"
        head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall(head.encode() + b"\r\n")
        self.file = self.socket.makefile("rb")
        self.status, self.headers, self.trailers = None, {}, {}
        self.rest, self.is_whole = b"", False

    def send(self, data):
        self.socket.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self):
        self.socket.sendall(b"0\r\n\r\n")

    def _fields(self):
        fields = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        return fields

    def head(self):
        self.status = int(self.file.readline().split()[1])
        self.headers = self._fields()

    def chunk(self):
        """The next piece of the answer; None at its end, whole or not."""
        line = self.file.readline()
        if not line:
            return None
        size = int(line, 16)
        if size == 0:
            self.trailers = self._fields()
            self.is_whole = True
            return None
        piece = self.file.read(size)
        self.file.read(2)
        return piece

    def line(self):
        while b"\n" not in self.rest:
            piece = self.chunk()
            if piece is None:
                return None
            self.rest += piece
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode()

    def lines(self):
        return list(iter(self.line, None))

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def server(daemon):
    return daemon(FIXTURES / "protocols" / "registry")


@pytest.fixture
def exchange(server):
    opened = []

    def begin(path=PATH, **headers):
        opened.append(Exchange(server, path, **headers))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def test_eachRecord_isAnsweredBeforeTheNextIsSent(exchange):
    one = exchange(PATH + "?keep=id", Content_Type="text/csv")
    one.send(b"id,f0,f1\n1,0.25,1\n")
    one.head()
    assert one.status == 200 and one.headers["trailer"] == "Modeld-Records, Modeld-Errors"
    assert one.headers["preference-applied"] == "respond-streaming"
    assert one.line() == "id,predictions,error" and one.line() == "1,1.5,"
    for number in range(2, 30):
        one.send(f"{number},{0.25 if number % 2 else 0.75},1\n".encode())
        assert one.line() == f"{number},{1.5 if number % 2 else -2.0},"
    one.send(b"x,y\n")
    assert "2 fields where the header has 3" in one.line()
    one.end()
    assert one.line() is None and one.is_whole
    assert one.trailers == {"modeld-records": "30", "modeld-errors": "1"}


def test_whatIsSentWhole_isAnsweredWhole(server, exchange):
    text = b"f0,f1\n" + b"0.25,1\n0.75,1\n" * 50_000
    expected = server.post(PATH, text).text
    for packed in (False, True):
        one = exchange(**({"Content_Encoding": "gzip"} if packed else {}))
        body = gzip.compress(text, 1) if packed else text
        for start in range(0, len(body), 100_000):
            one.send(body[start:start + 100_000])
        one.end()
        one.head()
        assert one.status == 200
        assert "\n".join(one.lines()) + "\n" == expected
        assert one.is_whole and one.trailers["modeld-records"] == "100000"
        one.close()


def test_aClientThatReadsLast_isNotStuck_andMemoryIsFlat(server, exchange):
    server.post(PATH, b"f0,f1\n" + b"0.25,1\n" * 100_000)
    before = memory(server)
    one = exchange(PATH + "?keep=f0,f1")
    block = b"0.25,1.125\n" * 20_000
    one.send(b"f0,f1\n")
    for _ in range(150):
        one.send(block)
    one.end()
    one.head()
    count = 0
    while (piece := one.chunk()) is not None:
        count += piece.count(b"\n")
    assert one.is_whole and count == 3_000_001 and one.trailers["modeld-records"] == "3000000"
    assert memory(server) - before < 24


def test_aSlowReader_andASlowWriter_holdMemoryFlat(server, exchange):
    server.post(PATH, b"f0,f1\n" + b"0.25,1\n" * 100_000)
    before = memory(server)
    one = exchange()
    block = b"0.25,1.125\n" * 5_000

    def write():
        one.send(b"f0,f1\n")
        for _ in range(200):
            for start in range(0, len(block), 11_000):
                one.send(block[start:start + 11_000])
        one.end()

    writer = threading.Thread(target=write)
    writer.start()
    one.head()
    count = 0
    while (piece := one.chunk()) is not None:
        count += piece.count(b"\n")
    writer.join()
    assert one.is_whole and count == 1_000_001
    assert memory(server) - before < 24


def test_spoolRoomIsGivenBack_whileTheAnswerGoesOut(daemon, tmp_path):
    server = daemon(FIXTURES / "protocols" / "registry", "--batch-spool-bytes", "16MiB", "--batch-spool", tmp_path)
    one = Exchange(server, PATH + "?keep=f0,f1")
    block = b"0.25,1.125\n" * 20_000
    one.send(b"f0,f1\n")
    one.send(block)
    one.head()
    count = 0
    # 60 MB of answers through a spool of 16 MiB: each block is read before the next is sent.
    for number in range(1, 180):
        while count < 20_000 * number:
            count += one.chunk().count(b"\n")
        one.send(block)
    one.end()
    while (piece := one.chunk()) is not None:
        count += piece.count(b"\n")
    assert one.is_whole and count == 20_000 * 180 + 1
    one.close()


@pytest.mark.parametrize("to", ["csv", "jsonl", "vertex", "fp32"])
def test_aFailureAfterThe200_isALastRecord_andNoLastChunk(exchange, to):
    one = exchange(PATH + f"?on_error=stop&to={to}", Content_Type="text/csv")
    one.send(b"f0,f1\n0.25,1\n")
    one.head()
    assert one.status == 200
    first = one.chunk()
    one.send(b"0.75,x\n0.25,1\n")
    rest = first
    while (piece := one.chunk()) is not None:
        rest += piece
    assert not one.is_whole
    if to == "fp32":
        assert len(rest) == 4
        return
    lines = rest.decode().splitlines()
    message = 'line 3, column 2 (f1): "x" is not a number'
    if to == "csv":
        assert lines == ["predictions,error", "1.5,", ',"' + message.replace('"', '""') + '"'] or \
            lines == ["predictions,error", "1.5,", "," + message]
    else:
        error = json.loads(lines[-1])["error"]
        assert (error["reason"] if to == "jsonl" else error["message"]).endswith('"x" is not a number')
        assert to == "vertex" or (error["line"], error["column"], error["code"]) == (3, 2, "csv_not_a_number")


def test_aFullSpoolAfterThe200_isALastRecord(daemon, tmp_path):
    server = daemon(FIXTURES / "protocols" / "registry", "--batch-spool-bytes", "1MiB", "--batch-spool", tmp_path)
    one = Exchange(server, PATH + "?keep=f0,f1")
    one.send(b"f0,f1\n0.25,1\n")
    one.head()
    try:
        # Nothing is read meanwhile, so the answers have nowhere to go but the spool.
        for _ in range(400):
            one.send(b"0.25,1.125\n" * 10_000)
    except OSError:
        pass
    try:
        lines = one.lines()
        assert "batch.spool_bytes" in lines[-1]
    except ConnectionResetError:
        pass
    assert not one.is_whole
    one.close()
    assert server.post(PATH, b"f0,f1\n1,2\n").status == 200


def test_whatIsRefusedAtOnce_isRefusedWithAStatus(exchange):
    for path, body, status in [(PATH + "?outputs=nothing", b"f0,f1\n1,2\n", 400), (PATH, b"f0\n1\n", 400),
                               ("/v2/models/nothing/batch", b"f0,f1\n", 404)]:
        one = exchange(path)
        one.send(body)
        one.head()
        assert one.status == status
        one.close()


def test_aClientThatLeaves_leavesNothing(daemon, tmp_path):
    server = daemon(FIXTURES / "protocols" / "registry", "--batch-spool", tmp_path)
    open_before = server.open_files()
    for _ in range(5):
        one = Exchange(server)
        one.send(b"f0,f1\n" + b"0.25,1\n" * 50_000)
        one.head()
        one.close()
    server.eventually(lambda: server.open_files() <= open_before)
    assert server.post(PATH, b"f0,f1\n1,2\n").status == 200
