# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import ARP, ICMP, SCTP, UDP, Ether, ICMPv6EchoRequest, Raw
from scenes import CLIENT, MAC, SERVER, frame


def packets():
    yield 0, CLIENT, frame(CLIENT, UDP(sport=1, dport=7) / b"x")
    yield 1, CLIENT, frame(CLIENT, ICMP(id=1))
    yield 2, CLIENT, frame(CLIENT, ICMPv6EchoRequest(id=1), v6=True)
    yield 3, CLIENT, frame(CLIENT, UDP(sport=1, dport=7) / b"x", src="192.0.2.1", dst="192.0.2.2")
    yield 4, CLIENT, frame(CLIENT, SCTP(sport=1, dport=7))
    yield 5, CLIENT, Ether(src=MAC[CLIENT], dst="ff:ff:ff:ff:ff:ff") / ARP(pdst="10.77.0.2")
    yield 6, SERVER, Ether(src=MAC[SERVER], dst=MAC[CLIENT], type=0x88CC) / Raw(bytes(46))
