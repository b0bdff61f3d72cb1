# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import (TCP, UDP, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN)
from scenes import CLIENT, SERVER, frame


def packets():
    hop = IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))])
    dst = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])
    done = IPv6ExtHdrRouting(type=4, segleft=0, len=2, addresses=["fd77::2"])
    left = IPv6ExtHdrRouting(type=4, segleft=1, len=2, addresses=["fd77::2"])
    syn = TCP(sport=40000, dport=80, flags="S", seq=1000)
    yield 0, CLIENT, frame(CLIENT, hop / dst / syn, v6=True)
    yield 0.1, SERVER, frame(SERVER, TCP(sport=80, dport=40000, flags="SA", seq=5000, ack=1001),
                             v6=True)
    ack = TCP(sport=40000, dport=80, flags="A", seq=1001, ack=5001)
    yield 0.2, CLIENT, frame(CLIENT, dst / ack, v6=True)
    yield 1, CLIENT, frame(CLIENT, done / UDP(sport=5000, dport=80) / b"x", v6=True)
    yield 2, CLIENT, frame(CLIENT, left / syn.copy(), v6=True)
    yield 3, CLIENT, frame(CLIENT, dst / hop / syn.copy(), v6=True)
    ssh = TCP(sport=40001, dport=22, flags="S", seq=7)
    yield 4, CLIENT, frame(CLIENT, hop / dst / ssh, v6=True)
