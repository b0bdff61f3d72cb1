# SPDX-License-Identifier: BSD-3-Clause
"""Every row of test/system/evasions.py, each a connection of its own a second after the one before,
and what the server would have read of it."""
import evasions
from cases import check
from evasions import PATTERN, PORT, ROWS
from scapy.all import IP, TCP, Ether, IPv6, Raw
from scenes import CLIENT, MAC, SERVER, V4, V6

SERVER_ISN = 5000
SERVER_TS = 700_000
SPACING_S = 2
# Whether weir keeps a connection closed that a rule has reset: its reset may be lost on the way.
NOTHING_AFTER_A_RESET = True
STEP_S = 0.001


class Captured(evasions.Client):
    """A client whose server answers a SYN at once and says nothing more."""

    def __init__(self, r, begin):
        address = V6 if r.v6 else V4
        super().__init__(r, {"src_mac": MAC[CLIENT], "dst_mac": MAC[SERVER],
                             "src": address[CLIENT], "dst": address[SERVER]})
        self.now = begin
        self.frames = []

    def add(self, side, frame):
        self.frames.append((self.now, side, frame))
        self.now += STEP_S

    def transmit(self, frame):
        self.add(CLIENT, frame)

    def answer(self):
        options = [("MSS", 1460)]
        if self.ts is not None:
            options = [("NOP", None), ("NOP", None), ("Timestamp", (SERVER_TS, self.ts)), *options]
        header = (IPv6 if self.row.v6 else IP)(src=self.net["dst"], dst=self.net["src"])
        self.add(SERVER, Ether(src=self.net["dst_mac"], dst=self.net["src_mac"]) / header /
                 TCP(sport=PORT, dport=self.sport, flags="SA", seq=SERVER_ISN, ack=self.isn + 1,
                     window=65535, options=options))
        return SERVER_ISN, SERVER_TS


def packets():
    for number, r in enumerate(ROWS):
        client = Captured(r, number * SPACING_S)
        r.function(client)
        yield from client.frames


# ---- what came of it ----


def streams(frames, sport):
    """{SYN's number: {offset: set of bytes}} of what left for the server until it was reset, and
    how many frames left after that."""
    found, base, late = {}, None, 0
    for frame in frames:
        if TCP not in frame or frame[TCP].sport != sport:
            continue
        tcp = frame[TCP]
        if tcp.flags.S:
            base = tcp.seq
            found.setdefault(base, {})
        if tcp.flags.R:
            base = None
        if tcp.flags.S or tcp.flags.R:
            continue
        if base is None:
            late += 1
            continue
        data = bytes(tcp.payload) if Raw in tcp else b""
        for i, byte in enumerate(data):
            offset = (tcp.seq + i - base - 1 + 2**31) % 2**32 - 2**31
            found[base].setdefault(offset, set()).add(byte)
    return found, late


def delivered(stream):
    """The bytes in order up to the first that is missing."""
    out = bytearray()
    while len(out) in stream:
        out += bytes([min(stream[len(out)])])
    return bytes(out)


def judge_row(r, alerts, frames):
    found, late = streams(frames, r.sport)
    check(found, "nothing left for the server")
    check(not late or not NOTHING_AFTER_A_RESET, f"{late} frames left after the reset")
    for stream in found.values():
        unclear = {at for at, copies in stream.items() if len(copies) > 1}
        check(not unclear, f"the server is offered different bytes at {sorted(unclear)[:5]}")
        before = [at for at in stream if at < 0]
        check(not before, f"bytes before the stream were sent: {before[:5]}")
        text = delivered(stream)
        check(PATTERN not in text, f"the pattern left for the server: {text!r}")
    if r.found and not r.may_be_refused:
        check(alerts, "the pattern was not found")


def judge(records, output):
    alerts = [record for record in records if record["event_type"] == "alert"]
    for r in ROWS:
        mine = [a for a in alerts if a["src_port"] == r.sport]
        yield r.name, lambda r=r, mine=mine: judge_row(r, mine, output[SERVER])
