# SPDX-License-Identifier: Apache-2.0
"""What goes on beside the requests that are measured: see paired.py."""
import threading


class Disturber:
    """Does `disturb` again and again, in `count` threads, between `begin` and `end`."""

    count = 1
    # Seconds between the end of one disturbance and the next.
    pause = 0.0

    def __init__(self):
        self.stopping = threading.Event()
        self.threads = []

    def begin(self):
        self.stopping.clear()
        self.threads = [threading.Thread(target=self.work) for _ in range(self.count)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.threads = []

    def work(self):
        while not self.stopping.wait(self.pause):
            self.disturb()

    def disturb(self):
        raise NotImplementedError
