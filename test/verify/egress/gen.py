# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import TCP, UDP
from scenes import CLIENT, TcpConnection, frame


def packets():
    yield from TcpConnection().whole()
    yield 2, CLIENT, frame(CLIENT, TCP(sport=41000, dport=389, flags="S"), dst="192.0.2.66")
    yield 3, CLIENT, frame(CLIENT, TCP(sport=41001, dport=8080, flags="S"))
    yield 4, CLIENT, frame(CLIENT, UDP(sport=41002, dport=53) / b"x", dst="192.0.2.66")
    yield 5, CLIENT, frame(CLIENT, TCP(sport=41003, dport=80, flags="S"), src="10.99.0.9",
                           dst="10.99.0.10")
