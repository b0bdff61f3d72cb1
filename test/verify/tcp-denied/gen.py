# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import TCP
from scenes import CLIENT, TcpConnection, frame


def packets():
    yield TcpConnection(dport=22).segment(CLIENT, "S")
    yield 0.5, CLIENT, frame(CLIENT, TCP(sport=40000, dport=22, flags="S", seq=1000))
    yield 1.0, CLIENT, frame(CLIENT, TCP(sport=40000, dport=22, flags="PA", seq=1001, ack=77) /
                             b"smuggled")
    yield TcpConnection(dport=22, begin=2, v6=True).segment(CLIENT, "S")
