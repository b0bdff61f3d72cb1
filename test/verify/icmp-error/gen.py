# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import ICMP, TCP, UDP, ICMPv6PacketTooBig, IP, Raw, raw
from scenes import CLIENT, SERVER, V4, TcpConnection, frame


def packets():
    question = frame(CLIENT, UDP(sport=5000, dport=7) / b"question")
    yield 0, CLIENT, question
    yield 0.1, SERVER, frame(SERVER, ICMP(type=3, code=3) / Raw(raw(question)[14:42]))
    yield 0.2, SERVER, frame(SERVER, ICMP(type=11) / Raw(raw(question)[14:42]), src="192.0.2.1")
    connection = TcpConnection(begin=1)
    yield from connection.handshake()
    sent = connection.segment(CLIENT, "PA", b"d" * 1400)
    yield sent
    yield 1.2, SERVER, frame(SERVER, ICMP(type=3, code=4, nexthopmtu=1280) /
                             Raw(raw(sent[2])[14:42]), src="192.0.2.1")
    guess = IP(src=V4[CLIENT], dst=V4[SERVER]) / TCP(sport=40000, dport=80, seq=0x70000000)
    yield 1.3, SERVER, frame(SERVER, ICMP(type=3, code=4, nexthopmtu=68) / Raw(raw(guess)[:28]))
    unknown = IP(src=V4[CLIENT], dst=V4[SERVER]) / UDP(sport=1, dport=7)
    yield 1.4, SERVER, frame(SERVER, ICMP(type=3, code=3) / Raw(raw(unknown)[:28]))
    yield 1.5, CLIENT, frame(CLIENT, ICMP(type=3, code=3) / Raw(raw(question)[14:42]))
    yield 1.6, SERVER, frame(SERVER, ICMP(type=5, code=1) / Raw(raw(question)[14:42]))
    question6 = frame(CLIENT, UDP(sport=5000, dport=7) / b"question", v6=True)
    yield 2, CLIENT, question6
    yield 2.1, SERVER, frame(SERVER, ICMPv6PacketTooBig(mtu=1280) / Raw(raw(question6)[14:]),
                             v6=True, src="fd99::1")
