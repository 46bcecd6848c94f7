# SPDX-License-Identifier: Apache-2.0
"""A UDP relay that loses, doubles and delays datagrams, by a seed. Owns a thread and its sockets; must never change a datagram."""
import heapq
import random
import selectors
import socket
import threading
import time


class Relay:
    """Each address that comes to `port` has a socket of its own to the server at `target`. Chances are parts of one, for each way."""

    def __init__(self, port, target, loss=0.0, double=0.0, late=0.0, seed=1, delay=0.2):
        self.loss, self.double, self.late, self.delay = loss, double, late, delay
        self.random, self.target = random.Random(seed), ("127.0.0.1", target)
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.front.bind(("127.0.0.1", port))
        self.selector, self.clients, self.queue, self.serial = selectors.DefaultSelector(), {}, [], 0
        self.selector.register(self.front, selectors.EVENT_READ, None)
        self.seen = self.lost = self.doubled = 0
        self.stopping = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def carry(self, sock, data, address):
        self.seen += 1
        copies = 1 + (self.random.random() < self.double)
        self.doubled += copies - 1
        for _ in range(copies):
            if self.random.random() < self.loss:
                self.lost += 1
                continue
            wait = self.random.random() * self.delay if self.random.random() < self.late else 0.0
            self.serial += 1
            heapq.heappush(self.queue, (time.monotonic() + wait, self.serial, sock, data, address))

    def flush(self):
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, _, sock, data, address = heapq.heappop(self.queue)
            try:
                sock.sendto(data, address)
            except OSError:
                pass  # the peer is gone: as lost as any other

    def run(self):
        while not self.stopping:
            wait = max(0.0, self.queue[0][0] - time.monotonic()) if self.queue else 0.2
            for key, _ in self.selector.select(min(wait, 0.2)):
                try:
                    data, address = key.fileobj.recvfrom(65536)
                except OSError:
                    continue
                if key.data is not None:
                    self.carry(self.front, data, key.data)
                    continue
                if address not in self.clients:
                    self.clients[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    self.clients[address].bind(("127.0.0.1", 0))
                    self.selector.register(self.clients[address], selectors.EVENT_READ, address)
                self.carry(self.clients[address], data, self.target)
            self.flush()

    def close(self):
        self.stopping = True
        self.thread.join()
        for sock in (self.front, *self.clients.values()):
            sock.close()
