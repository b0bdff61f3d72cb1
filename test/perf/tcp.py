#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What weir costs a TCP connection: added latency of a small request and its answer, and goodput
over a bad line, each by cable, forwarded and inspected, in turns, medians of five rounds. Usage:
test/perf/tcp.py [BUILD-FOLDER] (needs root; ends within three minutes)."""
import contextlib
import os
import socket
import statistics
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("WEIR_BUILD", os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build"))
sys.path.insert(0, os.path.join(ROOT, "test/system"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from lab import Lab, best_device  # noqa: E402
from test_tcp_line import socket_options, transfer  # noqa: E402
from test_tcp_look import FORWARDED, INSPECTED, policy  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "5"))
CABLE = "by cable"
WAYS = (CABLE, FORWARDED, INSPECTED)
REQUESTS = 1000
PORT = 7000
# there and back 50 ms; what is lost of each direction
LINES = {"a good line": (), "50 ms": ("--delay", "12500us"),
         "1 % lost, 50 ms": ("--loss", "0.5%", "--delay", "12500us"),
         "another order": ("--delay", "5ms", "--jitter", "3ms", "--jitter-reorders", "yes")}
SIZE = 1 << 20


@contextlib.contextmanager
def laboratory(way, lines=()):
    """One at a time: they are named by the process."""
    with contextlib.ExitStack() as stack:
        lab = stack.enter_context(Lab("cable" if way == CABLE else best_device(), lines=lines))
        if way != CABLE:
            stack.enter_context(lab.weir(policy=policy(way)))
        yield lab


def echo(listener):
    while True:
        try:
            s, _ = listener.accept()
        except OSError:
            return
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := s.recv(256):
            s.sendall(data)
        s.close()


def latencies(lab):
    """Microseconds of each request of a connection."""
    with lab.client.socket() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.connect((lab.server.v4, PORT))
        times = []
        for _ in range(REQUESTS):
            begun = time.perf_counter_ns()
            s.sendall(b"x" * 64)
            s.recv(256)
            times.append((time.perf_counter_ns() - begun) / 1000)
        return sorted(times[100:])


def each_way_in_turns():
    for number in range(ROUNDS):
        for way in WAYS:
            yield number, way


def measure_latency():
    seen = {way: {50: [], 99: []} for way in WAYS}
    for _, way in each_way_in_turns():
        with laboratory(way) as lab:
            listener = lab.server.socket()
            listener.bind((lab.server.v4, PORT))
            listener.listen(8)
            threading.Thread(target=echo, args=(listener,), daemon=True).start()
            times = latencies(lab)
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for p, values in seen[way].items():
            values.append(times[len(times) * p // 100])
    print("a request of 64 bytes and its answer, microseconds (medians of rounds)")
    for p in (50, 99):
        median = {way: statistics.median(seen[way][p]) for way in WAYS}
        told = (f"{way} {us:.0f} (+{us - median[CABLE]:.0f})" for way, us in median.items())
        print(f"  p{p}:  " + ",  ".join(told), flush=True)


def measure_goodput():
    rates = {name: {way: [] for way in WAYS} for name in LINES}
    for number, way in each_way_in_turns():
        with laboratory(way, ["client", "server"]) as lab:
            for name, words in LINES.items():
                with lab.all_lines(*words, "--seed", number + 1):
                    took = transfer(lab, number, socket_options("cubic", "own"), SIZE, 1)
                rates[name][way].append(4 * 8 * SIZE / took / 1e6)
    print(f"goodput, Mbit/s, of four directions of {SIZE >> 20} MiB at once (medians of rounds)")
    for name, by_way in rates.items():
        median = {way: statistics.median(values) for way, values in by_way.items()}
        told = (f"{way} {rate:.1f} ({rate / median[CABLE]:.2f})" for way, rate in median.items())
        print(f"  {name}:  " + ",  ".join(told))


if __name__ == "__main__":
    measure_latency()
    measure_goodput()
