# SPDX-License-Identifier: Apache-2.0
"""A client that sends what it is told, and reads what comes."""
import re
import socket
import time


class Connection:
    def __init__(self, port, timeout=5):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.socket.close()

    def send(self, data):
        """False when the server has gone."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def finish(self):
        """Ends our side and returns everything up to the end; whether it was a clean one."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        received = b""
        try:
            while piece := self.socket.recv(65536):
                received += piece
        except OSError as error:
            return received, type(error).__name__
        return received, "end"


def exchange(port, data, by_byte=False):
    connection = Connection(port)
    if by_byte:
        for index in range(len(data)):
            if not connection.send(data[index:index + 1]):
                break
    else:
        connection.send(data)
    received = connection.finish()
    connection.close()
    return received


def statuses(received):
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def without_moment(received):
    """The answers without what depends on time and on the cuts."""
    return re.sub(rb"Date: [^\r]*\r\n", b"", received).replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")


def is_alive(port):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            received, _ = exchange(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            if received.startswith(b"HTTP/1.1 200 OK\r\n"):
                return True
        except OSError:
            pass
    return False


def check(port, data, name):
    """Sends `data` whole and byte by byte; returns the codes and what is wrong."""
    whole, end = exchange(port, data)
    dripped, _ = exchange(port, data, by_byte=True)
    wrong = []
    codes = statuses(whole)
    if without_moment(whole) != without_moment(dripped):
        wrong.append(f"{name}: whole {codes}, byte by byte {statuses(dripped)}")
    if end != "end":
        wrong.append(f"{name}: the connection ended by {end}")
    final = [code for code in codes if code != 100]
    if any(code in (400, 408, 413, 414, 417, 431, 501, 505) for code in final[:-1]):
        wrong.append(f"{name}: answers follow a refusal: {codes}")
    return final, wrong
