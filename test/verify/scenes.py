# SPDX-License-Identifier: BSD-3-Clause
"""Scenes for the cases' gen.py: hosts, and conversations as (seconds, side, frame)."""
import logging

logging.getLogger("scapy").setLevel(logging.ERROR)
# pylint: disable=wrong-import-position
from scapy.all import IP, TCP, Dot1Q, Ether, IPv6, Raw  # noqa: E402

CLIENT, SERVER = "client", "server"
MAC = {CLIENT: "02:00:00:77:00:01", SERVER: "02:00:00:77:00:02"}
V4 = {CLIENT: "10.77.0.1", SERVER: "10.77.0.2"}
V6 = {CLIENT: "fd77::1", SERVER: "fd77::2"}


def other(side):
    return SERVER if side == CLIENT else CLIENT


def frame(side, *layers, v6=False, tags=(), **ip):
    """A frame to the other host; `tags` are VLAN ids or layers, `ip` fields of its IP header."""
    address = V6 if v6 else V4
    packet = Ether(src=MAC[side], dst=MAC[other(side)])
    for tag in tags:
        packet /= Dot1Q(vlan=tag) if isinstance(tag, int) else tag
    packet /= (IPv6 if v6 else IP)(**{"src": address[side], "dst": address[other(side)], **ip})
    for layer in layers:
        packet /= layer
    return packet


class TcpConnection:
    """Both ends of a connection that neither loses nor reorders; the methods give frames."""

    def __init__(self, sport=40000, dport=80, begin=0.0, **how):
        self.port = {CLIENT: sport, SERVER: dport}
        self.seq = {CLIENT: 1000, SERVER: 5000}
        self.now = begin
        self.how = how

    def segment(self, side, flags, data=b""):
        far = other(side)
        ack = self.seq[far] if "A" in flags else 0
        layer = TCP(sport=self.port[side], dport=self.port[far], flags=flags, seq=self.seq[side],
                    ack=ack, window=65535)
        self.seq[side] += len(data) + ("S" in flags) + ("F" in flags)
        self.now += 0.001
        return self.now, side, frame(side, layer, *([Raw(data)] if data else []), **self.how)

    def handshake(self):
        yield self.segment(CLIENT, "S")
        yield self.segment(SERVER, "SA")
        yield self.segment(CLIENT, "A")

    def exchange(self, question, answer):
        yield self.segment(CLIENT, "PA", question)
        yield self.segment(SERVER, "A")
        for start in range(0, len(answer), 1000):
            yield self.segment(SERVER, "PA", answer[start:start + 1000])
            yield self.segment(CLIENT, "A")

    def close(self):
        yield self.segment(CLIENT, "FA")
        yield self.segment(SERVER, "FA")
        yield self.segment(CLIENT, "A")

    def whole(self, question=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer=b"x" * 2500):
        yield from self.handshake()
        yield from self.exchange(question, answer)
        yield from self.close()
