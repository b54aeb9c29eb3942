# SPDX-License-Identifier: Apache-2.0
"""Sends requests at fixed moments, whatever becomes of the ones before, and times each from the moment it was due.

A closed loop waits for answers before it sends more, so a server that stalls is asked less and looks better than it
is. Here the load does not depend on the server.
"""
import collections
import select
import socket
import time


class Result:
    def __init__(self):
        self.latencies = collections.defaultdict(list)  # by status code
        self.unsent = 0
        self.failed = 0

    def percentile(self, status, share):
        values = sorted(self.latencies[status])
        return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")

    def count(self, status):
        return len(self.latencies[status])


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self.received = b""

    def answer(self):
        """The status once the whole answer has come, else None."""
        self.received += self.socket.recv(65536)
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        lines = head.lower().split(b"\r\n")
        length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
        if len(body) < length:
            return None
        self.received = b""
        return int(lines[0].split()[1])


def post(path, body):
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def run(port, request, rate, seconds, connections=400):
    """Sends `request` (bytes) `rate` times a second for `seconds`; connections beyond the limit count as unsent."""
    result = Result()
    poller = select.epoll()
    idle = []
    busy = {}

    def connect():
        connection = Connection(port)
        poller.register(connection.socket.fileno(), select.EPOLLIN)
        idle.append(connection)

    for _ in range(connections):
        connect()
    start = time.perf_counter() + 0.05
    total = int(rate * seconds)
    sent = 0
    end = start + seconds + 5
    while sent < total or busy:
        now = time.perf_counter()
        if now > end:
            break
        while sent < total and start + sent / rate <= now:
            due = start + sent / rate
            sent += 1
            if not idle:
                result.unsent += 1
                continue
            connection = idle.pop()
            connection.due = due
            connection.socket.sendall(request)
            busy[connection.socket.fileno()] = connection
        wait = max(0.0, start + sent / rate - time.perf_counter()) if sent < total else 0.05
        for descriptor, _ in poller.poll(wait):
            connection = busy.get(descriptor)
            if connection is None:
                # A server closes a connection that has asked nothing for some seconds: a new one takes its place.
                gone = next(one for one in idle if one.socket.fileno() == descriptor)
                idle.remove(gone)
                gone.socket.close()
                connect()
                continue
            status = connection.answer()
            if status is None:
                continue
            result.latencies[status].append(time.perf_counter() - connection.due)
            del busy[descriptor]
            idle.append(connection)
    result.failed = len(busy)
    for connection in [*idle, *busy.values()]:
        connection.socket.close()
    poller.close()
    return result
