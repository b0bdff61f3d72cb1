# SPDX-License-Identifier: BSD-3-Clause
from scapy.all import IP, UDP, Ether, IPv6, IPv6ExtHdrFragment, Raw, fragment, fragment6
from scenes import CLIENT, MAC, SERVER, V4, V6


def pieces4(dport, ident, payload=bytes(4000)):
    whole = (IP(src=V4[CLIENT], dst=V4[SERVER], id=ident) / UDP(sport=5000, dport=dport) /
             Raw(payload))
    return [Ether(src=MAC[CLIENT], dst=MAC[SERVER]) / piece for piece in fragment(whole, 1480)]


def pieces6(dport):
    whole = (IPv6(src=V6[CLIENT], dst=V6[SERVER]) / IPv6ExtHdrFragment(id=77) /
             UDP(sport=5000, dport=dport) / Raw(bytes(4000)))
    return [Ether(src=MAC[CLIENT], dst=MAC[SERVER]) / piece for piece in fragment6(whole, 1500)]


def packets():
    for i, piece in enumerate(pieces4(7, 1)):
        yield i / 1000, CLIENT, piece
    for i, piece in enumerate(reversed(pieces4(7, 2))):
        yield 1 + i / 1000, CLIENT, piece
    for i, piece in enumerate(pieces6(7)):
        yield 2 + i / 1000, CLIENT, piece
    for i, piece in enumerate(pieces4(9, 3)):
        yield 3 + i / 1000, CLIENT, piece
    yield 4, CLIENT, pieces4(7, 4)[0]
    first, *_ = pieces4(7, 5)
    yield 5, CLIENT, first
    yield 5.1, CLIENT, first
