# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import UDP
from scenes import CLIENT, SERVER, frame


def packets():
    for i in range(5):
        yield i, CLIENT, frame(CLIENT, UDP(sport=5000, dport=666) / b"drop")
        yield i + 0.1, CLIENT, frame(CLIENT, UDP(sport=5000, dport=53) / b"deny")
        yield i + 0.2, CLIENT, frame(CLIENT, UDP(sport=5000, dport=53) / b"deny", v6=True)
        yield i + 0.3, CLIENT, frame(CLIENT, UDP(sport=5000, dport=7) / b"allow")
        yield i + 0.4, SERVER, frame(SERVER, UDP(sport=7, dport=5000) / b"allow")
