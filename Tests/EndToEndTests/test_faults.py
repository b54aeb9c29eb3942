# SPDX-License-Identifier: Apache-2.0
"""Clients that are hostile, slow or gone: memory stays bounded, and the others are served."""
import contextlib
import gzip
import pathlib
import signal
import socket
import time

import pytest

HEAD = b"POST /v2/models/stump/infer HTTP/1.1\r\nHost: a\r\n"
SMALL = 1 << 20


def memory(server, field="VmRSS"):
    """Bytes; VmHWM is the most that there ever was."""
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {field}")


def connect(server, timeout=30):
    client = socket.create_connection(("127.0.0.1", server.port), timeout=timeout)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def exchange(server, *pieces):
    """Sends as much as the server takes and returns its answer."""
    with contextlib.closing(connect(server)) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
        except OSError:
            pass
        received = b""
        try:
            while piece := client.recv(65536):
                received += piece
        except OSError:
            pass
        return received


def warm(server):
    """Everything that the process allocates once is there."""
    for _ in range(50):
        assert server.infer("stump", [[0.25, 1.0]]).status == 200


def test_halfAMillionChunksOfOneByte_areRefusedWithinAMegabyte(daemon, stump):
    server = daemon(stump)
    warm(server)
    exchange(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 60_000, b"0\r\n\r\n")
    before = memory(server)
    answer = exchange(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\n \r\n" * 10_000] * 50)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"too small chunks" in answer
    assert memory(server) - before < SMALL
    warm(server)


def test_bombOf512MegabytesOfSpaces_isRefusedWithinItsLimit(daemon, stump):
    server = daemon(stump)
    warm(server)
    before = memory(server)
    spaces = bytes([0x20]) * (1 << 20)
    packed = gzip.compress(spaces * 512, compresslevel=9)
    assert len(packed) < SMALL
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(packed)
    for lines in (b"Content-Length: %d\r\n\r\n" % len(packed), chunked):
        answer = exchange(server, HEAD + b"Content-Encoding: gzip\r\n" + lines, packed)
        assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert memory(server, "VmHWM") - before < 64 << 20
    warm(server)


def test_bombsInsideBombs_areNotUnpacked(daemon, stump):
    server = daemon(stump)
    packed = gzip.compress(gzip.compress(b" " * SMALL))
    answer = exchange(
        server, HEAD + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed)
    assert answer.startswith(b"HTTP/1.1 415 ") and b"\r\nAccept-Encoding: gzip, deflate\r\n" in answer


def test_compressedRequest_isPredictedLikeAPlainOne(daemon, stump):
    server = daemon(stump)
    body = b'{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP32","data":[0.25,1]}]}'
    plain = server.post("/v2/models/stump/infer", body)
    packed = server.post("/v2/models/stump/infer", gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert (packed.status, packed.body) == (200, plain.body)


@pytest.mark.parametrize("start", [HEAD + b"X-Slow: ", HEAD + b"Content-Length: 100000\r\n\r\n{"],
                         ids=["heads", "bodies"])
def test_aThousandSlowClients_delayNobodyAndCostLittle(daemon, stump, start):
    server = daemon(stump)
    warm(server)
    before, open_before = memory(server), server.open_files()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(connect(server))) for _ in range(1_000)]
        for client in clients:
            client.sendall(start)
        for _ in range(5):
            for client in clients:
                client.sendall(b"a")
            started = time.monotonic()
            assert server.infer("stump", [[0.25, 1.0]]).status == 200
            assert time.monotonic() - started < 1
        assert memory(server) - before < 96 << 20
        # All of them are still there; one that was just closing may have been counted before.
        assert server.open_files() >= 1_000
    server.eventually(lambda: server.open_files() <= open_before)
    warm(server)


def test_terminationWithARequestInFlight_answersItAndExitsClean(daemon, stump):
    server = daemon(stump)
    body = b'{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP32","data":[0.25,1]}]}'
    with contextlib.closing(connect(server)) as client:
        client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[:20])
        # An answer on another connection shows that the server has seen the first one's bytes.
        warm(server)
        server.process.send_signal(signal.SIGTERM)

        def refuses():
            try:
                connect(server, timeout=1).close()
            except OSError:
                return True
            return False
        server.eventually(refuses)
        # A second signal changes nothing.
        server.process.send_signal(signal.SIGTERM)
        for index in range(20, len(body)):
            client.sendall(body[index:index + 1])
        received = b""
        while piece := client.recv(65536):
            received += piece
    assert received.startswith(b"HTTP/1.1 200 ") and b"\r\nConnection: close\r\n" in received
    assert server.process.wait(timeout=30) == 0


def test_clientsThatLeaveInTheMiddle_leaveNothingBehind(daemon, stump):
    server = daemon(stump)
    warm(server)
    open_before = server.open_files()
    for index in range(300):
        with contextlib.closing(connect(server)) as client:
            if index % 3 == 0:
                # Resets instead of ending.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall((HEAD + b"Content-Length: 50\r\n\r\n{")[:10 + index % 70])
    server.eventually(lambda: server.open_files() <= open_before)
    warm(server)
