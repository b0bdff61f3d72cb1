# SPDX-License-Identifier: BSD-3-Clause
"""The sockets of two hosts, each driven by a tcp_peer.py in its namespace; what they saw is written
down in one trace."""
import json
import os
import subprocess
import sys
import time

from cases import Failure

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tcp_peer.py")
SETTLE_S = 0.6  # for what is on its way, and for the answers to it


class Side:
    """One host's sockets, driven; every answer is a line of the trace."""

    def __init__(self, trace, name, namespace, host):
        self.trace = trace
        self.name = name
        self.host = host
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace.name, sys.executable, PEER], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)

    def ask(self, op, **arguments):
        """Its answer, not written down."""
        self.process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Failure(f"{self.name}'s program ended at {op} {arguments}")
        return json.loads(answer)

    def do(self, op, name="s", **arguments):
        answer = self.ask(op, name=name, **arguments)
        self.trace.append(f"{self.name} {op}: {answer}")
        return answer

    def start(self, op, at=None, **arguments):
        """Begins something that join() waits for, at a time of the monotonic clock."""
        if op not in ("serve_closing", "reuse", "echo", "short"):
            arguments.setdefault("name", "s")
        self.ask("start", key=op, command={"op": op, "at": at, **arguments})

    def join(self, op, timeout=30):
        answer = self.ask("join", key=op, timeout=timeout)
        self.trace.append(f"{self.name} {op}: {answer}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


class Pair:
    """Client and server of one row, on ports of its own; `nth` of up to ten pairs of it."""

    def __init__(self, lab, number, family, nth=0):
        self.lab = lab
        self.family = family
        self.number = number
        self.port = (20000 if family == 4 else 26000) + 10 * number + nth
        self.trace = []
        hosts = [end.v4 if family == 4 else end.v6 for end in (lab.client, lab.server)]
        self.client = Side(self.trace, "client", lab.client, hosts[0])
        self.server = Side(self.trace, "server", lab.server, hosts[1])

    def listen(self, host=None, **more):
        self.server.do("listen", "l", host=host or self.server.host, port=self.port, **more)

    def connect(self, host=None, **more):
        self.client.do("connect", host=host or self.server.host, port=self.port, **more)

    def open(self, **more):
        """An established connection, `s` at both."""
        self.listen(**more)
        self.connect()
        self.server.do("accept", listener="l")

    def finish(self):
        """Both close; nobody may wait for anything."""
        self.client.do("close")
        self.server.do("close")

    def same(self, sender, receiver, size, seed=1, **more):
        """Bytes that arrive as they were sent, while both work at it."""
        sender.start("send", size=size, seed=seed, timeout=20, **more)
        receiver.do("recv", size=size, timeout=20)
        sender.join("send")

    def settle(self):
        time.sleep(SETTLE_S)

    def expect(self, side, size, seed=1):
        """The last line must be that of these bytes: the trace by cable is no proof of that."""
        wanted = f"{side.name} recv: {side.ask('expect', size=size, seed=seed)}"
        if wanted not in self.trace:
            raise Failure(f"not the bytes that were sent: {wanted} is not in {self.trace}")

    def close(self):
        for side in (self.client, self.server):
            side.close()
