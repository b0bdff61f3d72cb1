# SPDX-License-Identifier: BSD-3-Clause
"""HTTP exchanges as raw bytes over the wire, client - weir - reflect.py, and what weir told of it.

    with Wire(lab, weir) as wire:
        for x, told in zip(exchanges, wire.run(exchanges)): ...

With `tls`, an SSLContext, clients speak TLS to port 443, and the backend is behind that. `converse`
is how one exchange is held on its connection.

What belongs together is known by the client's address and port: every connection has a port of its
own, and of the records of a connection, as of its requests, the order is known.
"""
import base64
import contextlib
import json
import os
import queue
import random
import socket
import sys
import threading
import time

from lab import end_process, listens, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
PORT, TLS_PORT = 80, 443
FIRST_PORT = 10000
TALKERS = 6
PATIENCE_S = 30


class Exchange:
    """`response` is what the backend answers; `reflected`: by itself, so it need not be told. With
    `cut` the client has no more to send than this, though its request is not whole. Without
    `arrives` the backend is not expected to be asked."""

    def __init__(self, name, request, response=None, client=None, reflected=False):
        self.name = name
        self.request = request
        self.response = response
        self.client = client
        self.reflected = reflected or response is None
        self.server = None
        self.cut = False
        self.arrives = True


class Told:
    """What came of an exchange."""

    def __init__(self):
        self.records = []  # of weir's, of the exchange's connection
        self.answer = b""  # all that the client got
        self.arrived = []  # requests at the backend
        self.part = b""    # and what was never a whole one
        self.error = None  # of the client's socket

    def status(self, method):
        """Of the first final answer; 0: there was none."""
        return next(iter(split_answers(self.answer, [method])), 0)


# ---- the client's side ----


def content_length(head):
    lines = head.lower().split(b"\r\n")
    return next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), None)


def answer_ends(answer, method):
    """(status, where the first final answer ends); (0, 0): it is not whole. What has no length ends
    with the connection."""
    start, status = 0, 100
    while status < 200 and status != 101:
        head, end, _ = answer[start:].partition(b"\r\n\r\n")
        if not end:
            return 0, 0
        status = int(head[9:12])
        start += len(head) + 4
    length = 0 if method == b"HEAD" or status in (204, 304) else content_length(head)
    if length is None or start + length > len(answer):
        return 0, 0
    return status, start + length


def split_answers(answer, methods):
    """Statuses of the final answers to requests of these methods, as many as are whole."""
    statuses = []
    for method in methods:
        status, end = answer_ends(answer, method)
        if not status:
            break
        statuses.append(status)
        answer = answer[end:]
    return statuses


def receive(s, told, is_whole):
    while not is_whole(told.answer):
        data = s.recv(65536)
        if not data:
            break
        told.answer += data


def send_in_pieces(s, data, seed, is_all=False):
    """In up to three segments, cut anywhere; the same seed cuts at the same places. `is_all`: then
    there is no more. Who is refused before the last one may find the connection closed, and has its
    answer all the same."""
    places = random.Random(seed)
    at = [0, *sorted(places.randrange(len(data) + 1) for _ in range(2)), len(data)]
    with contextlib.suppress(OSError):
        for start, end in zip(at, at[1:]):
            s.sendall(data[start:end])
        if is_all:
            s.shutdown(socket.SHUT_WR)


def converse(s, exchange, told):
    method = exchange.request.partition(b" ")[0]
    send_in_pieces(s, exchange.request, exchange.name, exchange.cut)
    receive(s, told, lambda answer: not exchange.cut and answer_ends(answer, method)[0])


class Talkers:
    """Threads of the client's namespace that work off what is to be said."""

    def __init__(self, end, work, tls=None, n=TALKERS):
        self.tls = tls
        self.queue = queue.SimpleQueue()
        for one in work:
            self.queue.put(one)
        self.threads = [threading.Thread(target=self.talk, args=(end,)) for _ in range(n)]
        for thread in self.threads:
            thread.start()

    def talk(self, end):
        with end.inside():
            while True:
                try:
                    source, target, say, told = self.queue.get_nowait()
                except queue.Empty:
                    return
                self.connect(source, target, say, told)

    def connect(self, source, target, say, told):
        family = socket.AF_INET6 if ":" in source[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.settimeout(PATIENCE_S)
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                s.bind(source)
                s.connect(target)
                if self.tls:
                    with self.tls.wrap_socket(s, server_hostname="site.example") as secure:
                        say(secure, told)
                else:
                    say(s, told)
            except OSError as why:
                told.error = why

    def join(self):
        for thread in self.threads:
            thread.join()


# ---- all of it ----


class Wire:
    def __init__(self, lab, weir, tls=None, converse=converse):
        self.lab = lab
        self.weir = weir
        self.tls = tls
        self.converse = converse
        self.service = TLS_PORT if tls else PORT
        self.port = FIRST_PORT
        self.record_path = os.path.join(lab.dir, "reflect.json")
        self.read = {}  # path -> bytes that were looked at

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @contextlib.contextmanager
    def backend(self, answers):
        path = os.path.join(self.lab.dir, "answers.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(answers, f)
        server, port = self.lab.server, self.service
        process = server.start(sys.executable, os.path.join(HERE, "reflect.py"), port,
                               self.record_path, path, stdout=sys.stderr)
        try:
            wait_for(lambda: listens(server, port) or process.poll() is not None, 30,
                     "the backend")
            yield process
        finally:
            end_process(process)

    def new_lines(self, path):
        """Objects of the whole lines that have come to a file since the last time."""
        if not os.path.exists(path):
            return []
        with open(path, "rb") as f:
            f.seek(self.read.get(path, 0))
            data = f.read()
        whole = data[:data.rfind(b"\n") + 1]
        self.read[path] = self.read.get(path, 0) + len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def source(self, exchange):
        self.port += 1
        return exchange.client or self.lab.client.v4, self.port

    def target(self, exchange):
        return exchange.server or self.lab.server.v4, self.service

    def send(self, group):
        """One connection to a server that no policy protects, so that nothing is told of it."""
        job = group, self.source(group[0]), self.target(group[0]), say_all_of(group)
        return self.run_jobs([job], records=False)[0]

    def run(self, exchanges):
        """Each on a connection of its own. [Told], in order."""
        sources = [self.source(x) for x in exchanges]
        jobs = [([x], source, self.target(x),
                 lambda s, told, x=x: self.converse(s, x, told))
                for x, source in zip(exchanges, sources)]
        return self.run_jobs(jobs)

    def run_pipelined(self, groups):
        """Each group on a connection, all its requests sent before an answer is looked at.
        [Told], one a group."""
        jobs = [(group, self.source(group[0]), self.target(group[0]),
                 say_all_of(group)) for group in groups]
        return self.run_jobs(jobs)

    def run_jobs(self, jobs, records=True):
        told = [Told() for _ in jobs]
        by_source = {}
        answers = {}
        for (group, source, _, _), one in zip(jobs, told):
            by_source["{} {}".format(*source)] = one
            answers["{} {}".format(*source)] = [
                None if x.reflected else base64.b64encode(x.response).decode()
                for x in group if x.arrives]
        self.new_lines(self.weir.events_path)
        with self.backend(answers):
            Talkers(self.lab.client, [(source, target, say, one) for (_, source, target, say), one
                                      in zip(jobs, told)], self.tls).join()
            if records:
                self.await_records(jobs, by_source)
        self.collect_arrived(by_source)
        return told

    def await_records(self, jobs, by_source):
        """One a request; that one is missing is said by who looks at it."""
        wanted = {source: len(group) for group, source, _, _ in jobs}
        missing = sum(wanted.values())
        end = time.monotonic() + 30
        while missing > 0 and time.monotonic() < end:
            for record in self.new_lines(self.weir.events_path):
                if record.get("event_type") != "http":
                    continue
                one = by_source.get(f"{record['src_ip']} {record['src_port']}")
                if one:
                    one.records.append(record)
            missing = sum(max(0, n - len(by_source["{} {}".format(*source)].records))
                          for source, n in wanted.items())
            time.sleep(0.05)

    def collect_arrived(self, by_source):
        for line in self.new_lines(self.record_path):
            one = by_source.get(line["from"])
            if not one:
                continue
            raw = base64.b64decode(line["request"])
            if line.get("part"):
                one.part += raw
            else:
                one.arrived.append(raw)


def say_all_of(group):
    def say(s, told):
        send_in_pieces(s, b"".join(x.request for x in group), group[0].name, is_all=True)
        receive(s, told, lambda answer: False)
    return say


# ---- as `weir inspect` tells it ----


def verdict_of(ours, status):
    if not ours.get("bad"):
        return ours["verdict"]
    return "bad_response" if status == 502 else "bad_request"


def as_inspect(name, record):
    """A record of a transaction as a line of `weir inspect`."""
    ours = record["weir"]
    status = record["http"].get("status", 0)
    result = {"id": name, "verdict": verdict_of(ours, status), "status": status,
              "rules": ours["rules"], "matches": ours["matches"], "scores": ours["scores"]}
    for key in ("phase", "rule", "bad", "partial", "rules_more", "matches_more"):
        if key in ours:
            result[key] = ours[key]
    if ours["would"] != ours["verdict"]:
        result["would"] = ours["would"]
    return result


def lines_of_inspect(exchanges):
    """Input of `weir inspect` for the same bytes."""
    for x in exchanges:
        line = {"id": x.name, "client": x.client, "request": base64.b64encode(x.request).decode()}
        if x.response is not None:
            line["response"] = base64.b64encode(x.response).decode()
        yield json.dumps(line)
