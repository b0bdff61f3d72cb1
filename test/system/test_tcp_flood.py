# SPDX-License-Identifier: BSD-3-Clause
"""Attacks on connections that weir carries: floods of every flag, a thousand pieces that never fit
together, peers that never read. Honest connections beside them are served, what is held is bounded
and comes back."""
import array
import contextlib
import random
import selectors
import socket
import struct
import threading
import time

from cases import SOAK, Suite, check, check_equal
from frames import packet_socket, receive
from lab import Lab, best_device, listens, wait_for
from tcp_pair import Pair
from test_tcp_look import INSPECTED, buffers_come_back, free_buffers, is_carried, policy

suite = Suite()
MAC = {"client": bytes.fromhex("020000770001"), "server": bytes.fromhex("020000770002")}
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
FLOOD = 200_000 if SOAK else 20_000
HONEST_PER_S = 200 if SOAK else 50
ATTACKER = "10.77.0.77"  # nobody's: no kernel answers for it
INSPECTED_MAX = 2000
PORT = 7000
POLICY = policy(INSPECTED).replace("unmatched: allow", "unmatched: allow, midstream: drop")
BLAST = 9000  # where a server sends much, unasked


# ---- frames ----


def checksum(data):
    words = array.array("H", data + b"\0" if len(data) % 2 else data)
    total = sum(words)
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def tcp_frame(source, target, ports, numbers, flags, window=65535, options=b"", data=b"",
              macs=("client", "server")):
    """An Ethernet frame with a TCP segment whose checksums are right."""
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    tcp = struct.pack("!HHIIBBHHH", *ports, *numbers, (20 + len(options)) // 4 << 4, flags, window,
                      0, 0) + options + data
    pseudo = addresses + struct.pack("!BBH", 0, 6, len(tcp))
    tcp = tcp[:16] + struct.pack("=H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses
    ip = ip[:10] + struct.pack("=H", checksum(ip)) + ip[12:]
    return MAC[macs[1]] + MAC[macs[0]] + b"\x08\x00" + ip + tcp


def pour(wire, frames, burst=64):
    """All of them, at a pace that a shared core keeps up with."""
    for n, frame in enumerate(frames, 1):
        wire.send(frame)
        if n % burst == 0:
            time.sleep(0.001)


class RawClient:
    """A connection of an attacker, by its own segments."""

    def __init__(self, lab, port, to=PORT, options=b"\x02\x04\x05\xb4"):
        self.wire = packet_socket(lab.client)
        self.target, self.port, self.to = lab.server.v4, port, to
        lab.server.ip("neigh", "replace", ATTACKER, "lladdr", "02:00:00:77:00:01", "dev", "eth0",
                      "nud", "permanent")
        self.isn = 1_000_000
        self.wire.send(self.segment(-1, 0, SYN, options=options))
        self.peer = self.answer()
        self.wire.send(self.segment(0, self.peer + 1, ACK))

    def segment(self, at, ack, flags, **more):
        return tcp_frame(ATTACKER, self.target, (self.port, self.to),
                         ((self.isn + 1 + at) % 2**32, ack % 2**32), flags, **more)

    def answer(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            frame = receive(self.wire)
            if len(frame) >= 54 and frame[23] == 6 and frame[47] & 0x3f == SYN | ACK and \
                    frame[34:38] == struct.pack("!HH", self.to, self.port):
                return struct.unpack("!I", frame[38:42])[0]
        raise AssertionError("nobody answered the attacker's SYN")

    def close(self):
        self.wire.send(self.segment(0, 0, RST))
        self.wire.close()


# ---- honest connections ----


@contextlib.contextmanager
def gateway():
    """weir, a pair with an echo, and afterwards nothing that is left of an attack."""
    with Lab(best_device()) as lab, \
            lab.weir(policy=POLICY, connections=4 * INSPECTED_MAX,
                     memory=f", inspected: {INSPECTED_MAX}") as weir:
        buffers = free_buffers(weir)
        pair = Pair(lab, 0, 4)
        pair.port = PORT
        pair.server.start("echo", host=lab.server.v4, port=PORT)
        wait_for(lambda: listens(lab.server, PORT), 30, "the server")
        try:
            yield lab, weir, pair
        finally:
            pair.close()
        check(weir.alive(), "weir has ended")
        is_carried(weir, INSPECTED)
        check_equal(weir.drops().get("mbuf_exhausted", 0), 0, "packets lost for want of buffers")
        buffers_come_back(weir, buffers)


@contextlib.contextmanager
def honest_connections(pair):
    """While it lasts a client connects, says a word, hears it again; not one may fail."""
    done, stop, wrong = [], threading.Event(), []

    def run():
        while not stop.is_set():
            begun = time.monotonic()
            answer = pair.client.ask("short", host=pair.server.host, port=PORT, n=10)
            if answer != "10":
                wrong.append(answer)
                return
            done.append(time.monotonic() - begun)
            stop.wait(max(0, 10 / HONEST_PER_S - done[-1]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join(60)
    check(not wrong, f"an honest connection failed: {wrong}")
    check(done, "there was no honest connection")


def hears(pair, what):
    pair.client.ask("send_text", name="s", text="still there?")
    check_equal(pair.client.ask("recv_text", name="s", size=12, timeout=20), "still there?", what)


# ---- cases ----


def random_source(rng):
    return f"10.{rng.randrange(78, 250)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


@suite.case(soak_limit_s=600)
def a_syn_flood_fails_no_honest_connection():
    rng = random.Random(1)
    with gateway() as (lab, weir, pair), packet_socket(lab.client) as wire:
        def flood():
            pour(wire, (tcp_frame(random_source(rng), lab.server.v4,
                                  (rng.randrange(1, 65536), PORT), (rng.getrandbits(32), 0), SYN)
                        for _ in range(FLOOD)), burst=128)
            counters = weir.counters()
            return counters["tcp_cookies_sent"] > FLOOD / 4 and counters["tcp_cookies_taken"] > 0

        with honest_connections(pair) as done:
            # The kernel's side of the port may lose some of it: then there is more.
            wait_for(flood, 30, "a flood that is answered by cookies, as honest ones are in it")
        print(f"# {10 * len(done)} honest connections beside {FLOOD} SYNs", flush=True)
        check_equal(weir.drops().get("flow_table_full", 0), 0, "dropped for a full table")


@suite.case(soak_limit_s=900)
def floods_of_any_flag_do_not_disturb_a_connection():
    rng = random.Random(2)
    count = FLOOD // 4
    with gateway() as (lab, weir, pair), packet_socket(lab.client) as here, \
            packet_socket(lab.server) as there:
        check_equal(pair.client.ask("connect", name="s", host=pair.server.host, port=PORT,
                                    timeout=20), "ok", "connect")
        port = int(pair.client.ask("port", name="s"))
        ends = {here: (lab.client.v4, lab.server.v4, (port, PORT), ("client", "server")),
                there: (lab.server.v4, lab.client.v4, (PORT, port), ("server", "client"))}
        for flags in (ACK, RST, RST | ACK, FIN | ACK, SYN, SYN | ACK, ACK | PSH):
            for wire, (source, target, ports, macs) in ends.items():
                pour(wire, (tcp_frame(source, target, ports,
                                      (rng.getrandbits(32), rng.getrandbits(32)), flags, macs=macs)
                            for _ in range(count // 14)))
            hears(pair, f"the echo after a flood of flags {flags:#x}")
        before = weir.drops().get("tcp_midstream", 0)

        def flood():
            pour(here, (tcp_frame(random_source(rng), lab.server.v4,
                                  (rng.randrange(1, 65536), PORT),
                                  (rng.getrandbits(32), rng.getrandbits(32)),
                                  rng.choice((ACK, RST, FIN | ACK)))
                        for _ in range(count)))
            return weir.drops().get("tcp_midstream", 0) - before > count / 2

        # The kernel's side of the port may lose some of it: then there is more.
        wait_for(flood, 30, f"what belongs to no connection is dropped and counted: {weir.drops()}")
        hears(pair, "the echo after a flood of what belongs to nothing")
        challenges = weir.counters()["tcp_challenges"]
        check(challenges < count, f"{challenges} challenges for {count} segments")


@suite.case(soak_limit_s=300)
def a_thousand_pieces_that_never_fit_are_held_in_bounds():
    rng = random.Random(3)
    with gateway() as (lab, weir, pair):
        attackers = [RawClient(lab, 40000 + i) for i in range(4)]
        before = free_buffers(weir)
        with honest_connections(pair):
            for attacker in attackers:
                places = list(range(1, 2 * FLOOD // 4, 2))
                rng.shuffle(places)
                pour(attacker.wire, (attacker.segment(at, attacker.peer + 1, ACK, data=b"x")
                                     for at in places))
            held = before - free_buffers(weir)
        print(f"# {held} buffers held for {FLOOD} pieces", flush=True)
        check(held < 9000, f"{held} buffers are held")
        for attacker in attackers:
            attacker.close()


@suite.case()
def a_segment_size_of_nothing_and_endless_sacks_are_borne():
    """SACK panic (CVE-2019-11477) and its kin, from a client that is sent a large answer."""
    def sack(attacker, i):
        start = attacker.peer + 2 + 2 * (i % 30000)
        block = struct.pack("!BBBBII", 1, 1, 5, 10, start % 2**32, (start + 1) % 2**32)
        return attacker.segment(0, attacker.peer + 1, ACK, options=block)

    with gateway() as (lab, weir, pair), Blaster(lab, BLAST, 1 << 20):
        attacker = RawClient(lab, 41000, to=BLAST, options=b"\x02\x04\x00\x30\x04\x02\x01\x01")
        with honest_connections(pair):
            pour(attacker.wire, (sack(attacker, i) for i in range(FLOOD)))
        attacker.close()


class Blaster:
    """A server that sends each who connects a lot, as far as it is taken."""

    def __init__(self, lab, port, size):
        self.listener = lab.server.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((lab.server.v4, port))
        self.listener.listen(1024)
        self.listener.setblocking(False)
        self.text = b"z" * size
        self.left = {}
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        with selectors.DefaultSelector() as ready:
            ready.register(self.listener, selectors.EVENT_READ)
            while not self.done.is_set():
                for key, _ in ready.select(0.1):
                    if key.fileobj is self.listener:
                        s, _ = self.listener.accept()
                        s.setblocking(False)
                        self.left[s] = len(self.text)
                        ready.register(s, selectors.EVENT_WRITE)
                    else:
                        self.write(ready, key.fileobj)

    def write(self, ready, s):
        try:
            self.left[s] -= s.send(self.text[:self.left[s]])
        except OSError:
            self.left[s] = 0
        if not self.left[s]:
            ready.unregister(s)
            s.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        for s in self.left:
            s.close()
        self.listener.close()


@suite.case(soak_limit_s=300)
def peers_that_never_read_do_not_take_the_buffers_of_others():
    """Sockstress: connections that ask for much and take nothing."""
    count = 1500 if SOAK else 400
    with gateway() as (lab, weir, pair), Blaster(lab, BLAST, 1 << 20):
        idle = []
        for _ in range(count):
            s = lab.client.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(20)
            s.connect((lab.server.v4, BLAST))
            idle.append(s)
        with honest_connections(pair) as done:
            time.sleep(3)
        print(f"# {10 * len(done)} honest connections beside {count} that never read, "
              f"{free_buffers(weir)} buffers free", flush=True)
        check(free_buffers(weir) > 1000, "they have taken nearly all buffers")
        for s in idle:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()


if __name__ == "__main__":
    suite.main()
