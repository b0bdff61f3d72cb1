# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import TCP, UDP, Dot1AD, Dot1Q
from scenes import CLIENT, TcpConnection, frame


def packets():
    yield from TcpConnection(tags=(5,)).whole()
    yield from TcpConnection(begin=1, tags=(Dot1AD(vlan=7), Dot1Q(vlan=5))).whole()
    yield 2, CLIENT, frame(CLIENT, TCP(sport=1, dport=22, flags="S", seq=9), tags=(5,))
    yield 3, CLIENT, frame(CLIENT, UDP(sport=1, dport=22) / b"x",
                           tags=(Dot1AD(vlan=7), Dot1Q(vlan=5)))
