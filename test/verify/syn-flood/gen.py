# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import TCP
from scenes import CLIENT, TcpConnection, frame


def packets():
    for i in range(2000):
        yield i / 10000, CLIENT, frame(CLIENT, TCP(sport=1000, dport=80, flags="S", seq=i),
                                       src=f"10.80.{i // 250}.{1 + i % 250}")
    yield from TcpConnection(begin=0.3).whole()
