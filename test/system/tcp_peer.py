# SPDX-License-Identifier: BSD-3-Clause
"""One host's sockets for the TCP tests: a program that runs in a namespace and does what lines of
JSON on its input say, {"op": "recv", "name": "s", "size": 5}, each answered by a line with a text
for what the application saw: "ok", "5 1f3a09c2", "EOF", "ECONNRESET", "silence" (nothing within the
operation's time)."""
import errno
import hashlib
import json
import os
import resource
import select
import selectors
import socket
import struct
import sys
import threading
import time

TCP_STATES = ["", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
              "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"]
EVENTS = ((select.POLLIN, "in"), (select.POLLPRI, "urgent"), (select.POLLRDHUP, "rdhup"),
          (select.POLLHUP, "hup"), (select.POLLERR, "err"))
NUMBERS = {"SO_RCVBUFFORCE": 33, "TCP_CONGESTION": 13, "TCP_USER_TIMEOUT": 18, "TCP_FASTOPEN": 23}
BLOCK = 65536


def blocks(seed, size):
    """Bytes that no two seeds and no two places have alike, but within a block of 64 KiB."""
    if size <= BLOCK:
        yield hashlib.shake_128(str(seed).encode()).digest(size)
        return
    for at in range(0, size, BLOCK):
        block = hashlib.shake_128(f"{seed} {at}".encode()).digest(1024) * (BLOCK // 1024)
        yield block[:size - at]


def pattern(seed, size):
    return b"".join(blocks(seed, size))


def told(why):
    if isinstance(why, TimeoutError) and why.errno is None:
        return "silence"
    return errno.errorcode.get(why.errno, str(why))


def short(total, n):
    return f"{n} {total.hexdigest()[:8]}" if n else ""


class Peer:
    def __init__(self):
        self.sockets = {}
        self.threads = {}
        self.enough = threading.Event()

    # ---- making connections ----

    def new(self, host, options, timeout):
        s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for name, value in options.items():
            self.set_option(s, name, value)
        s.settimeout(timeout)
        return s

    @staticmethod
    def set_option(s, name, value):
        level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
        if name == "SO_LINGER":
            value = struct.pack("ii", 1, value)
        elif name == "SO_SNDTIMEO":
            value = struct.pack("ll", value, 0)
        if isinstance(value, str):
            value = value.encode()
        s.setsockopt(level, NUMBERS.get(name) or getattr(socket, name), value)

    def op_listen(self, name, host, port, backlog=16, options=None):
        s = self.sockets[name] = self.new(host, options or {}, None)
        s.bind((host, port))
        s.listen(backlog)
        return "ok"

    def op_accept(self, name, listener, timeout=20):
        self.sockets[listener].settimeout(timeout)
        self.sockets[name] = self.sockets[listener].accept()[0]
        return "ok"

    def op_connect(self, name, host, port, own=None, options=None, timeout=20):
        """`own`: address and port to bind to."""
        s = self.sockets[name] = self.new(host, options or {}, timeout)
        if own:
            s.bind(tuple(own))
        s.connect((host, port))
        return "ok"

    def op_connect_with_data(self, name, host, port, size, seed, timeout=20):
        s = self.sockets[name] = self.new(host, {"SO_SNDTIMEO": timeout}, None)
        sent = s.sendto(pattern(seed, size), socket.MSG_FASTOPEN, (host, port))
        return str(sent)

    def op_option(self, name, option, value):
        self.set_option(self.sockets[name], option, value)
        return "ok"

    # ---- bytes ----

    def op_send(self, name, size, seed, timeout=20, piece=0):
        """All of them; `piece`: in writes of so many bytes."""
        s, data, sent = self.sockets[name], memoryview(pattern(seed, size)), 0
        s.settimeout(timeout)
        try:
            while sent < size:
                sent += s.send(data[sent:sent + (piece or size)])
        except OSError as why:
            return f"{sent} {told(why)}"
        return str(sent)

    def op_stream(self, name, size, seed, timeout=60):
        """As op_send, for more than should be in memory; then nothing more is sent."""
        s = self.sockets[name]
        s.settimeout(timeout)
        for block in blocks(seed, size):
            s.sendall(block)
        s.shutdown(socket.SHUT_WR)
        return str(size)

    def op_writev(self, name, sizes, seed, timeout=20):
        s = self.sockets[name]
        s.settimeout(timeout)
        left = memoryview(pattern(seed, sum(sizes)))
        sent = 0
        while left:
            pieces, at = [], 0
            for size in sizes:
                pieces.append(left[at:at + size])
                at += size
            n = s.sendmsg([piece for piece in pieces if piece])
            left = left[n:]
            sent += n
        return str(sent)

    def op_recv(self, name, size, timeout=20):
        """Until there are so many, or the end."""
        s, n, total, end = self.sockets[name], 0, hashlib.sha256(), ""
        s.settimeout(timeout)
        try:
            while n < size:
                data = s.recv(min(size - n, 1 << 20))
                if not data:
                    end = "EOF"
                    break
                n += len(data)
                total.update(data)
        except OSError as why:
            end = told(why)
        return " ".join(filter(None, (short(total, n), end))) or "nothing"

    def op_expect(self, size, seed):
        """What recv says of these bytes."""
        total = hashlib.sha256()
        for block in blocks(seed, size):
            total.update(block)
        return short(total, size)

    def op_send_text(self, name, text):
        return str(self.sockets[name].send(text.encode()))

    def op_send_urgent(self, name, text):
        return str(self.sockets[name].send(text.encode(), socket.MSG_OOB))

    def op_recv_urgent(self, name):
        s = self.sockets[name]
        s.settimeout(2)
        return s.recv(1, socket.MSG_OOB).decode()

    def op_recv_text(self, name, size, timeout=20):
        s, text = self.sockets[name], b""
        s.settimeout(timeout)
        while len(text) < size:
            data = s.recv(size - len(text))
            if not data:
                return (text + b"|EOF").decode()
            text += data
        return text.decode()

    # ---- ends ----

    def op_shutdown(self, name, how):
        self.sockets[name].shutdown(getattr(socket, "SHUT_" + how))
        return "ok"

    def op_close(self, name):
        self.sockets.pop(name).close()
        return "ok"

    def op_abort(self, name):
        self.op_option(name, "SO_LINGER", 0)
        return self.op_close(name)

    # ---- sight ----

    def op_error(self, name):
        code = self.sockets[name].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return errno.errorcode[code] if code else "none"

    def op_state(self, name):
        return TCP_STATES[self.sockets[name].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]]

    def op_poll(self, name):
        poll = select.poll()
        poll.register(self.sockets[name], sum(bit for bit, _ in EVENTS))
        bits = poll.poll(0)[0][1] if poll.poll(0) else 0
        return ",".join(word for bit, word in EVENTS if bits & bit) or "nothing"

    def op_port(self, name):
        return str(self.sockets[name].getsockname()[1])

    # ---- several things at a time ----

    def op_start(self, key, command):
        """Another operation in a thread of its own, whose answer op_join gives."""
        box = []
        thread = threading.Thread(target=lambda: box.append(self.answer(command)), daemon=True)
        self.threads[key] = (thread, box)
        thread.start()
        return "ok"

    def op_join(self, key, timeout=30):
        thread, box = self.threads.pop(key)
        thread.join(timeout)
        return box[0] if box else "silence"

    # ---- many connections ----

    def op_serve_closing(self, host, port, n):
        """Takes n connections one after another, each: reads 4 bytes, gives 4, closes first."""
        with self.new(host, {}, 10) as listener:
            listener.bind((host, port))
            listener.listen(128)
            self.sockets["ready"] = listener
            for i in range(n):
                s, _ = listener.accept()
                with s:
                    s.settimeout(10)
                    if s.recv(4) != struct.pack("!I", i):
                        return f"wrong bytes at {i}"
                    s.sendall(struct.pack("!I", i ^ 0xFFFFFFFF))
        return str(n)

    def op_reuse(self, host, port, own, n):
        """The other side of op_serve_closing, always from the same port."""
        for i in range(n):
            try:
                wrong = self.reuse_once(host, port, own, i)
            except OSError as why:
                wrong = told(why)
            if wrong:
                return f"{wrong} at {i}"
        return str(n)

    def reuse_once(self, host, port, own, i):
        with self.connect_from(host, port, own) as s:
            s.sendall(struct.pack("!I", i))
            data = b""
            while len(data) < 4:
                more = s.recv(4 - len(data))
                if not more:
                    return f"EOF after {data!r}"
                data += more
            if data != struct.pack("!I", i ^ 0xFFFFFFFF):
                return f"wrong bytes {data!r}"
            return "no EOF" if s.recv(1) else ""

    def connect_from(self, host, port, own):
        """The last FIN may still wait for its ACK: then this host itself refuses the port."""
        end = time.monotonic() + 5
        while True:
            s = self.new(host, {}, 10)
            try:
                s.bind(tuple(own))
                s.connect((host, port))
                return s
            except OSError as why:
                s.close()
                if why.errno not in (errno.EADDRNOTAVAIL, errno.EADDRINUSE) or \
                        time.monotonic() > end:
                    raise
            time.sleep(0.0005)

    def op_echo(self, host, port):
        """Gives back what comes, for ever; closes 4 bytes after a 'Q'."""
        waiting = selectors.DefaultSelector()
        listener = self.new(host, {}, 0)
        listener.bind((host, port))
        listener.listen(4096)
        waiting.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listener:
                    waiting.register(listener.accept()[0], selectors.EVENT_READ)
                elif not self.echo(key.fileobj):
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()

    @staticmethod
    def echo(s):
        try:
            data = s.recv(65536)
            if data:
                s.sendall(data)
            return data and not data.startswith(b"Q")
        except OSError:
            return False

    def op_enough(self):
        """To op_collect: nobody will connect or say anything any more."""
        self.enough.set()
        return "ok"

    def op_collect(self, name):
        """What all connections to a listener have brought: {client's port: [text in hex]}. Until
        there is enough and what was on its way has come."""
        listener = self.sockets[name]
        listener.settimeout(0)
        text, order, open_now = {}, [], []
        while True:
            enough = self.enough.is_set()
            ready = select.select([listener, *open_now], [], [], 1)[0]
            if enough and not ready:
                break
            for s in ready:
                if s is listener:
                    new, peer = listener.accept()
                    text[new] = b""
                    order.append((peer[1], new))
                    open_now.append(new)
                    continue
                data = self.read_some(s)
                text[s] += data
                if not data:
                    open_now.remove(s)
        found = {}
        for port, s in order:
            found.setdefault(port, []).append(text[s].hex())
        return found

    @staticmethod
    def read_some(s):
        try:
            return s.recv(65536)
        except OSError:
            return b""

    def op_open_many(self, host, port, n):
        for i in range(n):
            self.op_connect(f"many {i}", host, port, timeout=20)
        return str(n)

    def op_talk_many(self, n):
        """On all connections at once, each its own words."""
        for i in range(n):
            self.sockets[f"many {i}"].sendall(struct.pack("!I", i))
        return str(sum(self.sockets[f"many {i}"].recv(5) == struct.pack("!I", i)
                       for i in range(n)))

    def op_close_many(self, n):
        for i in range(n):
            self.op_close(f"many {i}")
        return str(n)

    def op_short(self, host, port, n):
        """One after another: opened, a word and its echo, closed by the server, closed."""
        for i in range(n):
            word = b"Q" + struct.pack("!I", i)[1:]
            with self.new(host, {}, 20) as s:
                s.connect((host, port))
                s.sendall(word)
                if s.recv(5) != word or s.recv(1):
                    return f"wrong at {i}"
        return str(n)

    # ---- commands ----

    def answer(self, command):
        at = command.pop("at", None)
        operation = getattr(self, "op_" + command.pop("op"))
        if at:
            time.sleep(max(0, at - time.monotonic()))
        try:
            return operation(**command)
        except OSError as why:
            return told(why)

    def run(self):
        for line in sys.stdin:
            print(json.dumps(self.answer(json.loads(line))), flush=True)
        os._exit(0)  # threads may still wait for their peers


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    Peer().run()
