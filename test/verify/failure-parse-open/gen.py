# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import TCP, UDP
from scenes import CLIENT, frame


def packets():
    yield 0, CLIENT, frame(CLIENT, UDP(sport=1, dport=7, chksum=0x1234) / b"x")
    yield 1, CLIENT, frame(CLIENT, TCP(sport=1, dport=80, flags=""))
    yield 2, CLIENT, frame(CLIENT, UDP(sport=1, dport=7) / b"x", ttl=0)
