# SPDX-License-Identifier: BSD-3-Clause
"""Every row of odd_packets.py has its named outcome, live and through `weir replay`."""
import calendar
import collections
import contextlib
import json
import os
import random
import tempfile
import time

from cases import Failure, Skip, Suite, check, check_equal
from lab import WEIR, Lab, need_device, need_weir, read_file, sh, wait_for

try:
    from scapy.utils import RawPcapReader, RawPcapWriter

    import odd_packets as odd
except ImportError:
    odd = None
from frames import drain, packet_socket, send

suite = Suite()
SPACING_S = 100  # of capture time between rows: their fragments and drop records keep apart
TICK_S = 80
START = 1_600_000_000
REPLAY_CONF = """
memory: { connections: 20000 }
ports:
  - { name: client, device: "vdev:net_null0" }
  - { name: server, device: "vdev:net_null1" }
wires: [ { name: w0, ports: [ client, server ] } ]
policy: [ policy.yaml ]
"""


def need_scapy():
    if odd is None:
        raise Skip("scapy is not installed")


# ---- replay ----


def write_captures(folder):
    """One capture a side, the steps of a row 1 ms apart. Gives the time of each row's last step."""
    times = {}
    writers = {side: RawPcapWriter(f"{folder}/{side}.pcap", linktype=1)
               for side in (odd.CLIENT, odd.SERVER)}
    for writer in writers.values():
        writer.write_header(None)
    for number, row in enumerate(odd.ROWS):
        second = START + number * SPACING_S
        for step, (side, frame) in enumerate(row.steps):
            writers[side].write_packet(frame, sec=second, usec=1000 * step)
        times[row.name] = (second, 1000 * (len(row.steps) - 1))
        # What is due meanwhile (unfinished datagrams) happens at the next frame.
        writers[odd.CLIENT].write_packet(odd.eth(odd.ARP(pdst="10.99.0.1")), sec=second + TICK_S,
                                         usec=0)
    for writer in writers.values():
        writer.close()
    return times


def write_conf(folder):
    with open(f"{folder}/weir.yaml", "w", encoding="utf-8") as f:
        f.write(REPLAY_CONF)
    with open(f"{folder}/policy.yaml", "w", encoding="utf-8") as f:
        f.write(odd.POLICY)
    os.makedirs(f"{folder}/out", exist_ok=True)


def run_replay(folder):
    write_conf(folder)
    command = [WEIR, "replay", "-c", f"{folder}/weir.yaml", "--in", f"{folder}/client.pcap:client",
               "--in", f"{folder}/server.pcap:server", "--out-dir", f"{folder}/out",
               "--decisions", f"{folder}/decisions.json", "--stats", f"{folder}/stats.json"]
    return sh(*command, timeout=120)


def event_second(record):
    """Seconds since 1970 of a record's time, "2026-01-31T23:59:59.123456+0000"."""
    return calendar.timegm(time.strptime(record["timestamp"][:19], "%Y-%m-%dT%H:%M:%S"))


def read_reasons(folder):
    """Reasons by the row in whose time they were told: {number: {reason}}."""
    reasons = collections.defaultdict(set)
    for line in read_file(f"{folder}/decisions.json").splitlines():
        record = json.loads(line)
        if record["event_type"] not in ("drop", "decision", "failure"):
            continue
        number = (event_second(record) - START) // SPACING_S
        reason = record["weir"]["reason"]
        # What other rows' fragments come to is told when it is due, and more of it later.
        if reason != "frag_timeout" or odd.ROWS[number].outcome == "frag_timeout":
            reasons[number].add(reason)
    return reasons


def read_output(folder, side):
    """Frames that left by a port, by (second, microsecond)."""
    frames = collections.defaultdict(list)
    reader = RawPcapReader(f"{folder}/out/{side}.pcap")
    for frame, meta in reader:
        frames[(meta.sec, meta.usec // 1000 if reader.nano else meta.usec)].append(frame)
    return frames


def judge_replayed(row, reasons, sent):
    """Raises when the row's outcome is another. `sent`: what left by the far port at its time."""
    if row.outcome == odd.FORWARD:
        check(not reasons, f"dropped as {', '.join(reasons)}")
        judge_forwarded(row, sent)
        return
    check(row.outcome in reasons, f"outcome is {', '.join(reasons) or odd.FORWARD}")
    check_equal(len(reasons), 1, f"number of reasons, {reasons}")
    check(not sent, "it was dropped and sent on all the same")


def judge_forwarded(row, sent):
    side, frame = row.last
    check_equal(len(sent), row.out or 1, "frames that left")
    if row.out:  # cut anew: the payload is what counts
        total = sum(len(f) for _, f in row.steps[-row.out:])
        check(abs(sum(map(len, sent)) - total) < 16, "bytes in fragments that left")
        return
    check_equal(sent[0].hex(), bytes(frame).hex(), f"the frame from {side}")


@suite.case()
def each_packet_has_its_outcome_in_replay():
    need_scapy()
    need_weir()
    with tempfile.TemporaryDirectory(prefix="weir-odd-") as folder:
        times = write_captures(folder)
        run_replay(folder)
        reasons = read_reasons(folder)
        output = {side: read_output(folder, side) for side in (odd.CLIENT, odd.SERVER)}
        for number, row in enumerate(odd.ROWS):
            far = odd.SERVER if row.last[0] == odd.CLIENT else odd.CLIENT
            tell(f"test_odd_packets: replay: {row.name}: {row.outcome}",
                 lambda row=row, far=far, told=sorted(reasons[number]): judge_replayed(
                     row, told, output[far][times[row.name]]))
        stats = json.loads(read_file(f"{folder}/stats.json"))
        check_equal(stats["frames"], sum(len(row.steps) + 1 for row in odd.ROWS), "frames read")


def tell(name, judge):
    """A row's own line."""
    try:
        judge()
        suite.ok(name)
    except AssertionError as why:
        suite.not_ok(name, why)


# ---- live ----


class Wire:
    """Both ends as raw sockets, and weir's counters between them."""

    def __init__(self, lab, weir):
        self.weir = weir
        self.socket = {odd.CLIENT: packet_socket(lab.client), odd.SERVER: packet_socket(lab.server)}
        self.reasons = collections.Counter(weir.drops())

    def pass_on(self, side, frame):
        """Sends it, and waits until weir has done with it: its turn is over in which it came."""
        before = self.weir.counters()
        self.send(side, frame)
        with contextlib.suppress(Failure):  # some the driver does not even receive
            wait_for(lambda: self.weir.counters()["rx_packets"] > before["rx_packets"], 1, "it")
        turns = self.weir.counters()["loops"]
        wait_for(lambda: self.weir.counters()["loops"] > turns + 1, 30, "weir's next turn")

    def far(self, side):
        return self.socket[odd.SERVER if side == odd.CLIENT else odd.CLIENT]

    def send(self, side, frame):
        for s in self.socket.values():
            drain(s)
        send(self.socket[side], frame)

    def new_drops(self):
        now = collections.Counter(self.weir.drops())
        new = now - self.reasons
        self.reasons = now
        del new["frag_timeout"]  # of an earlier row's, when it is due
        return new

    def outcome(self, side, want, seconds=10.0):
        """(frames at the far end, drops by reason) after a frame, as soon as `want` says enough."""
        arrived, dropped = [], collections.Counter()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            arrived += drain(self.far(side))
            dropped += self.new_drops()
            if want(arrived, dropped):
                break
            time.sleep(0.002)
        return arrived, dropped

    def close(self):
        for s in self.socket.values():
            s.close()


def judge_live(wire, row):
    for side, frame in row.steps[:-1]:
        wire.pass_on(side, frame)
    wire.outcome(row.last[0], lambda arrived, _: bool(arrived) or len(row.steps) == 1, 0.05)
    side, frame = row.last
    wire.send(side, frame)
    if row.outcome == odd.FORWARD:
        arrived, dropped = wire.outcome(side, lambda a, d: len(a) >= (row.out or 1) or d)
        check(not dropped, f"dropped as {dict(dropped)}")
        judge_forwarded(row, arrived)
        return
    arrived, dropped = wire.outcome(side, lambda a, d: bool(a) or bool(d))
    late, more = wire.outcome(side, lambda a, d: False, 0.005)
    dropped += more
    check_equal(sorted(dropped), [row.outcome], "outcome" + (", sent on" if arrived else ""))
    check(not arrived and not late, "it was dropped and sent on all the same")


@suite.case(each=[{"device": device} for device in ("af_xdp", "tap")])
def each_packet_has_its_outcome_live(device):
    need_scapy()
    need_device(device)
    with Lab(device, quiet=True) as lab, lab.weir(odd.POLICY) as weir:
        wire = Wire(lab, weir)
        try:
            for row in odd.ROWS:
                if row.live:
                    tell(f"test_odd_packets: live on {device}: {row.name}: {row.outcome}",
                         lambda row=row: judge_live(wire, row))
            check(weir.alive(), "weir has ended")
        finally:
            wire.close()


@suite.case()
def ten_thousand_mutilated_frames_do_not_stop_it():
    """Valid frames with a few bytes turned or cut off, from both sides: weir lives and forwards."""
    need_scapy()
    rng = random.Random(20220101)
    device = "tap"
    need_device(device)
    seeds = [frame for row in odd.ROWS if row.live for _, frame in row.steps[-1:]]
    with Lab(device, quiet=True) as lab, lab.weir(odd.POLICY) as weir:
        sockets = [packet_socket(lab.client), packet_socket(lab.server)]
        for _ in range(10_000):
            frame = bytearray(rng.choice(seeds))
            for _ in range(rng.randint(1, 6)):
                frame[rng.randrange(len(frame))] = rng.randrange(256)
            if rng.random() < 0.3:
                frame = frame[:max(14, rng.randrange(len(frame)))]
            try:
                send(rng.choice(sockets), frame)
            except OSError:
                pass  # the kernel did not like it either
        check(weir.alive(), "weir has ended")
        for s in sockets:
            drain(s)
        good = odd.eth(odd.Hosts(60000).ip() / odd.udp())
        send(sockets[0], good)
        wait_for(lambda: good in drain(sockets[1]), 30, "a good frame that passes yet")
        for s in sockets:
            s.close()


if __name__ == "__main__":
    suite.main()
