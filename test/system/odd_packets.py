# SPDX-License-Identifier: BSD-3-Clause
"""The table of malformed and odd packets, each with its one outcome: the name of a drop reason
(lib/stats/weir_stats.h) or `forward`. test_odd_packets.py runs it live and through `weir replay`.

A row is a list of steps (side, frame); all but the last prepare and must pass (or wait, as
fragments do), the last is what the row is about. Each row has addresses of its own, so that no row
sees another's flows.
"""
import logging
import struct
from dataclasses import dataclass, field

logging.getLogger("scapy").setLevel(logging.ERROR)
# pylint: disable=wrong-import-position
from scapy.all import (ARP, GRE, ICMP, IP, IPv6, TCP, UDP, Dot1AD, Dot1Q, Ether,  # noqa: E402
                       ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS,
                       ICMPv6ND_RA, ICMPv6PacketTooBig, ICMPv6TimeExceeded, IPv6ExtHdrDestOpt,
                       IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, Raw,
                       RouterAlert, fragment, raw)

CLIENT, SERVER = "client", "server"
CLIENT_MAC, SERVER_MAC = "02:00:00:77:00:01", "02:00:00:77:00:02"
FORWARD = "forward"

# What the table is judged under. 10.68/16 and fd68::/16 are denied, 10.69/16 dropped, and 10.70/16
# is named by a policy that does not allow what the rows send.
POLICY = """
kind: Group
metadata: { name: denied }
spec: { cidrs: [ 10.68.0.0/16, "fd68::/16" ] }
---
kind: Group
metadata: { name: dropped }
spec: { cidrs: [ 10.69.0.0/16, "fd69::/16" ] }
---
kind: Group
metadata: { name: strict }
spec: { cidrs: [ 10.70.0.0/16, "fd70::/16" ] }
---
kind: AccessPolicy
metadata: { name: deny-it }
spec: { priority: 10, from: any, to: denied, action: deny }
---
kind: AccessPolicy
metadata: { name: drop-it }
spec: { priority: 20, from: any, to: dropped, action: drop }
---
kind: AccessPolicy
metadata: { name: strict-web }
spec: { priority: 30, from: strict, to: strict, protocol: tcp, ports: 80, action: allow }
---
kind: Defaults
metadata: { name: defaults }
spec: { unmatched: allow, midstream: drop }
"""


@dataclass
class Row:
    name: str
    outcome: str
    steps: list = field(default_factory=list)
    live: bool = True  # False: no kernel lets such a frame out, or it would take too long
    out: int = 0       # frames that leave for the last step; 0: as many as it is made of

    @property
    def last(self):
        return self.steps[-1]


class Hosts:
    """Addresses of one row."""

    def __init__(self, number):
        low = f"{number >> 8}.{number & 255}"
        self.c4, self.s4 = f"10.66.{low}", f"10.67.{low}"
        self.c6, self.s6 = f"fd66::{number:x}", f"fd67::{number:x}"

    def ip(self, back=False, **more):
        src, dst = (self.s4, self.c4) if back else (self.c4, self.s4)
        return IP(**{"src": src, "dst": dst, "id": 7, **more})

    def ip6(self, back=False, **more):
        src, dst = (self.s6, self.c6) if back else (self.c6, self.s6)
        return IPv6(**{"src": src, "dst": dst, **more})


def eth(payload, back=False, **more):
    src, dst = (SERVER_MAC, CLIENT_MAC) if back else (CLIENT_MAC, SERVER_MAC)
    return raw(Ether(**{"src": src, "dst": dst, **more}) / payload)


def header(ether_type):
    return bytes.fromhex("020000770002" "020000770001") + struct.pack("!H", ether_type)


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def patch(frame, *changes, ipv4_checksum=True):
    """`frame` with bytes changed, (offset, bytes), ..., and the IPv4 checksum made right."""
    frame = bytearray(frame)
    for offset, data in changes:
        frame[offset:offset + len(data)] = data
    if ipv4_checksum and frame[12:14] == b"\x08\x00" and len(frame) >= 34:
        size = max(20, 4 * (frame[14] & 15))
        frame[24:26] = b"\0\0"
        frame[24:26] = struct.pack("!H", 0xFFFF - ones_sum(bytes(frame[14:14 + size])))
    return bytes(frame)


def udp(size=8, **more):
    return UDP(**{"sport": 4000, "dport": 4001, **more}) / Raw(b"x" * size)


def tcp(flags="S", **more):
    return TCP(**{"sport": 4000, "dport": 80, "flags": flags, "seq": 1000, **more})


ROWS = []


def row(name, outcome, *steps, **more):
    """Adds a row; a step that is only bytes comes from the client."""
    steps = [step if isinstance(step, tuple) else (CLIENT, step) for step in steps]
    ROWS.append(Row(name, outcome, steps, **more))


def hosts():
    return Hosts(len(ROWS) + 1)


# ---- Ethernet and VLAN ----


def ethernet_rows():
    for size in (0, 1, 6, 12, 13):
        row(f"a frame of {size} bytes", "eth_truncated", header(0x0800)[:size], live=False)
    row("an 802.1Q tag cut in its middle", "eth_truncated", header(0x8100) + b"\x00")
    row("an 802.1Q tag without an EtherType", "eth_truncated", header(0x8100) + b"\x00\x05")
    row("a second tag cut in its middle", "eth_truncated",
        header(0x88A8) + b"\x00\x07\x81\x00\x00")
    row("a UDP datagram in a VLAN", FORWARD, eth(Dot1Q(vlan=5) / hosts().ip() / udp()))
    row("a UDP datagram with a priority tag", FORWARD,
        eth(Dot1Q(vlan=0, prio=5) / hosts().ip() / udp()))
    row("a UDP datagram in VLAN 4095", FORWARD, eth(Dot1Q(vlan=4095) / hosts().ip() / udp()))
    row("a UDP datagram in 802.1ad and 802.1Q", FORWARD,
        eth(Dot1AD(vlan=7) / Dot1Q(vlan=5) / hosts().ip() / udp(), type=0x88A8))
    row("a UDP datagram in 802.1Q twice", FORWARD,
        eth(Dot1Q(vlan=7) / Dot1Q(vlan=5) / hosts().ip() / udp()))
    row("an IPv6 datagram in a VLAN", FORWARD, eth(Dot1Q(vlan=5) / hosts().ip6() / udp()))
    row("three VLAN tags", "vlan_too_deep",
        eth(Dot1Q(vlan=7) / Dot1Q(vlan=6) / Dot1Q(vlan=5) / hosts().ip() / udp()))
    for ether_type, what in ((0x88CC, "LLDP"), (0x888E, "EAPOL"), (0x8864, "PPPoE"),
                             (0x8847, "MPLS"), (0x9000, "loopback test"), (0x8137, "IPX"),
                             (0x88F7, "PTP"), (0x88E5, "MACsec"), (0x22F0, "AVTP"),
                             (0xFFFF, "EtherType ffff"), (0x0600, "EtherType 0600")):
        row(f"{what}", "non_ip_denied", header(ether_type) + bytes(46))
    row("a spanning tree frame with an LLC header", "non_ip_denied",
        bytes.fromhex("0180c2000000" "020000770001" "0026" "424203") + bytes(35))
    row("LLDP in a VLAN", "non_ip_denied", header(0x8100) + b"\x00\x05\x88\xcc" + bytes(46))
    row("an ARP request", FORWARD, eth(ARP(psrc="10.66.0.1", pdst="10.67.0.1"),
                                       dst="ff:ff:ff:ff:ff:ff"))
    row("a gratuitous ARP answer", FORWARD,
        eth(ARP(op=2, psrc="10.66.0.1", pdst="10.66.0.1"), dst="ff:ff:ff:ff:ff:ff"))
    row("an ARP request in a VLAN", FORWARD, eth(Dot1Q(vlan=5) / ARP(pdst="10.67.0.1")))


# ---- IPv4 ----


def ipv4_rows():
    for size in (0, 1, 19):
        row(f"{size} bytes of IPv4", "ipv4_truncated", header(0x0800) + b"\x45" + bytes(size - 1)
            if size else header(0x0800))
    for version in (0, 5, 6, 15):
        row(f"IPv4 with version {version}", "ipv4_bad_version",
            patch(eth(hosts().ip() / udp()), (14, bytes([version << 4 | 5]))))
    for words in (0, 1, 4):
        row(f"IPv4 with a header of {words} words", "ipv4_bad_header_length",
            patch(eth(hosts().ip() / udp()), (14, bytes([0x40 | words]))))
    row("IPv4 with a header past the packet", "ipv4_bad_header_length",
        patch(eth(hosts().ip() / udp()), (14, b"\x4f")))
    for length in (0, 1, 19):
        row(f"IPv4 with a total length of {length}", "ipv4_bad_total_length",
            patch(eth(hosts().ip() / udp()), (16, struct.pack("!H", length))))
    row("IPv4 with a total length below its header's", "ipv4_bad_total_length",
        patch(eth(hosts().ip(options=b"\1" * 8) / udp()), (16, struct.pack("!H", 24))))
    for more in (1, 1000, 65535 - 36):
        row(f"IPv4 with a total length {more} past the frame", "ipv4_bad_total_length",
            patch(eth(hosts().ip() / udp()), (16, struct.pack("!H", 36 + more))))
    row("IPv4 with one bit of the checksum turned", "ipv4_bad_checksum",
        flip(eth(hosts().ip() / udp()), 25))
    row("IPv4 with a TTL that does not fit the checksum", "ipv4_bad_checksum",
        flip(eth(hosts().ip() / udp()), 22))
    row("IPv4 with checksum 0", "ipv4_bad_checksum", eth(hosts().ip(chksum=0) / udp()))
    ipv4_option_rows()
    ipv4_field_rows()


def flip(frame, offset, bit=1):
    return patch(frame, (offset, bytes([frame[offset] ^ bit])), ipv4_checksum=False)


def ipv4_option_rows():
    for what, option in (("no-operations", b"\1\1\1\1"), ("an end of list", b"\0\0\0\0"),
                         ("garbage after the end of list", b"\0\x83\xff\x07"),
                         ("record route", b"\7\7\4\0\0\0\0\0"),
                         ("a timestamp", b"\x44\x08\x05\0\0\0\0\0"),
                         ("router alert", b"\x94\4\0\0"), ("an unknown option", b"\xde\4\0\0"),
                         ("ten words of no-operations", b"\1" * 40)):
        row(f"IPv4 with {what}", FORWARD, eth(hosts().ip(options=option) / udp()))
    for what, option in (("loose source route", b"\x83\7\4\x0a\x43\0\1\0"),
                         ("strict source route", b"\x89\7\4\x0a\x43\0\1\0"),
                         ("loose source route after no-operations", b"\1\1\1\x83\3\4\1\0")):
        row(f"IPv4 with {what}", "ipv4_source_route", eth(hosts().ip(options=option) / udp()))
    for what, option in (("of length 0", b"\7\0\4\0"), ("of length 1", b"\7\1\4\0"),
                         ("past the header", b"\7\x08\4\0"), ("without its length", b"\1\1\1\7"),
                         ("of length 255", b"\x94\xff\0\0")):
        row(f"an IPv4 option {what}", "ipv4_bad_option", eth(hosts().ip(options=option) / udp()))


def ipv4_field_rows():
    for source in ("224.0.0.1", "239.255.255.255", "255.255.255.255", "127.0.0.1",
                   "127.255.0.1", "240.0.0.1"):
        row(f"IPv4 from {source}", "ipv4_bad_source", eth(hosts().ip(src=source) / udp()))
    for destination in ("0.0.0.0", "127.0.0.1", "127.8.8.8"):
        row(f"IPv4 to {destination}", "ipv4_bad_destination",
            eth(hosts().ip(dst=destination) / udp()))
    row("a DHCP question from 0.0.0.0 to everybody", FORWARD,
        eth(IP(src="0.0.0.0", dst="255.255.255.255") / udp(300, sport=68, dport=67),
            dst="ff:ff:ff:ff:ff:ff"))
    row("a multicast datagram", FORWARD,
        eth(hosts().ip(dst="224.0.0.251", ttl=1) / udp(sport=5353, dport=5353)))
    row("IPv4 with TTL 0", "ipv4_ttl_zero", eth(hosts().ip(ttl=0) / udp()))
    row("IPv4 with TTL 1", FORWARD, eth(hosts().ip(ttl=1) / udp()))
    row("IPv4 with the reserved flag", "ipv4_reserved_flag", eth(hosts().ip(flags=4) / udp()))
    row("IPv4 with all flags", "ipv4_reserved_flag", eth(hosts().ip(flags=7) / udp()))
    row("IPv4 with don't-fragment", FORWARD, eth(hosts().ip(flags="DF") / udp()))
    row("IPv4 with every TOS bit", FORWARD, eth(hosts().ip(tos=255) / udp()))
    row("IPv4 padded to 60 bytes", FORWARD, eth(hosts().ip() / udp(1)) + bytes(17))
    row("IPv4 followed by 1,000 bytes that are not its own", FORWARD,
        eth(hosts().ip() / udp(1)) + b"\xee" * 1000)
    row("a datagram of 1,500 bytes", FORWARD, eth(hosts().ip() / udp(1472)))
    row("a datagram of 1,501 bytes", "tx_too_big", eth(hosts().ip() / udp(1473)), live=False)
    row("a datagram of 1,501 bytes that may not be cut", "tx_too_big",
        eth(hosts().ip(flags="DF") / udp(1473)), live=False)
    for proto, what in ((0, "protocol 0"), (2, "IGMP"), (4, "IPv4 in IPv4"), (41, "IPv6 in IPv4"),
                        (50, "ESP"), (51, "AH"), (89, "OSPF"), (132, "SCTP"), (136, "UDP-Lite"),
                        (253, "protocol 253"), (255, "protocol 255")):
        row(f"{what}", "unknown_protocol", eth(hosts().ip(proto=proto) / Raw(bytes(32))))
    row("GRE", "unknown_protocol", eth(hosts().ip() / GRE() / Raw(bytes(32))))


# ---- fragments ----


def pieces(packet, size):
    return [raw(Ether(src=CLIENT_MAC, dst=SERVER_MAC) / piece) for piece in fragment(packet, size)]


def piece4(ends, offset, payload, more, **fields):
    """One IPv4 fragment; offset in bytes."""
    return eth(ends.ip(**{"proto": 17, "flags": 1 if more else 0, "frag": offset // 8, **fields}) /
               Raw(payload))


def fragment_rows():
    whole = [raw(h) for h in (udp(64),)][0]
    first, second = pieces(hosts().ip(id=11) / udp(1400), 720)
    row("a datagram in two fragments", FORWARD, first, second, out=2)
    first, second = pieces(hosts().ip(id=12) / udp(1400), 720)
    row("a datagram in two fragments, the last one first", FORWARD, second, first, out=2)
    first, second, third = pieces(hosts().ip(id=13) / udp(2800), 960)
    row("a datagram in three fragments, mixed", FORWARD, second, third, first, out=3)
    row("an echo in fragments", FORWARD,
        *pieces(hosts().ip(id=14) / ICMP() / Raw(bytes(1400)), 720), out=2)
    row("a datagram in fragments in a VLAN", FORWARD,
        *[eth(Dot1Q(vlan=5) / piece)
          for piece in fragment(hosts().ip(id=15) / udp(1400), 720)], out=2)
    row("a first fragment and never another", "frag_timeout",
        piece4(hosts(), 0, whole, True), live=False)
    row("a last fragment and never another", "frag_timeout",
        piece4(hosts(), 64, whole[:16], False), live=False)
    row("a fragment of 15 bytes that is not the last", "frag_bad_length",
        piece4(hosts(), 0, whole[:15], True))
    row("an empty fragment", "frag_bad_length", piece4(hosts(), 8, b"", True))
    row("a fragment past 65,535 bytes", "frag_bad_length", piece4(hosts(), 65528, bytes(16), False))
    row("a fragment that ends at 65,536", "frag_bad_length",
        piece4(hosts(), 65528, bytes(8), False))
    row("a first fragment with half a TCP header", "frag_tiny_first",
        piece4(hosts(), 0, raw(tcp())[:8], True, proto=6))
    row("a first fragment with 16 bytes of a TCP header", "frag_tiny_first",
        piece4(hosts(), 0, raw(tcp())[:16], True, proto=6))
    ends = hosts()
    row("fragments that overlap by 8 bytes", "frag_overlap",
        piece4(ends, 0, whole[:24], True), piece4(ends, 16, whole[16:], False))
    ends = hosts()
    row("a fragment twice", "frag_overlap",
        piece4(ends, 0, whole[:24], True), piece4(ends, 0, whole[:24], True))
    ends = hosts()
    row("a last fragment twice", "frag_overlap",
        piece4(ends, 24, whole[24:], False), piece4(ends, 24, whole[24:], False))
    ends = hosts()
    row("a fragment within another", "frag_overlap",
        piece4(ends, 0, whole[:32], True), piece4(ends, 8, whole[8:16], True))
    ends = hosts()
    row("the 65th unfinished datagram of one source", "frag_quota",
        *[piece4(ends, 0, whole[:32], True, id=100 + i) for i in range(65)])
    ends = hosts()
    bad = raw(ends.ip() / udp(64, chksum=0x1234))[20:]
    row("fragments of a datagram whose UDP checksum is wrong", "udp_bad_checksum",
        piece4(ends, 0, bad[:32], True), piece4(ends, 32, bad[32:], False))
    ends = hosts()
    bad = raw(ends.ip() / udp(64, len=200))[20:]
    row("fragments of a datagram whose UDP length is wrong", "udp_bad_length",
        piece4(ends, 0, bad[:32], True), piece4(ends, 32, bad[32:], False))


# ---- IPv6 ----


def ipv6_rows():
    for size in (1, 39):
        row(f"{size} bytes of IPv6", "ipv6_truncated", header(0x86DD) + b"\x60" + bytes(size - 1))
    for version in (0, 4, 15):
        row(f"IPv6 with version {version}", "ipv6_bad_version",
            patch(eth(hosts().ip6() / udp()), (14, bytes([version << 4]))))
    for more in (1, 60000):
        row(f"IPv6 with a payload length {more} past the frame", "ipv6_bad_length",
            eth(hosts().ip6(plen=16 + more) / udp()))
    row("an IPv6 jumbogram", "ipv6_bad_length",
        eth(hosts().ip6(plen=0, nh=0) / Raw(b"\x11\0\xc2\4\0\1\0\0" + raw(udp()))))
    row("IPv6 with hop limit 0", "ipv6_hop_limit_zero", eth(hosts().ip6(hlim=0) / udp()))
    row("IPv6 with hop limit 1", FORWARD, eth(hosts().ip6(hlim=1) / udp()))
    row("IPv6 with a flow label and a traffic class", FORWARD,
        eth(hosts().ip6(fl=0xFFFFF, tc=255) / udp()))
    row("IPv6 padded to 100 bytes", FORWARD, eth(hosts().ip6() / udp(1)) + bytes(37))
    for source in ("ff02::1", "::1", "::ffff:10.66.0.1"):
        row(f"IPv6 from {source}", "ipv6_bad_source", eth(hosts().ip6(src=source) / udp()))
    for destination in ("::", "::1", "::ffff:10.67.0.1"):
        row(f"IPv6 to {destination}", "ipv6_bad_destination",
            eth(hosts().ip6(dst=destination) / udp()))
    row("an IPv6 multicast datagram", FORWARD,
        eth(hosts().ip6(dst="ff02::fb", hlim=1) / udp(sport=5353, dport=5353)))
    for proto, what in ((59, "IPv6 without a next header"), (50, "ESP over IPv6"),
                        (132, "SCTP over IPv6"), (253, "IPv6 protocol 253"),
                        (41, "IPv6 in IPv6"), (4, "IPv4 in IPv6")):
        row(what, "unknown_protocol", eth(hosts().ip6(nh=proto) / Raw(bytes(32))))
    extension_rows()
    fragment6_rows()


def routing(kind, left, words=2):
    return IPv6ExtHdrRouting(type=kind, segleft=left, len=words, addresses=["fd67::1"])


def extension_rows():
    hop = IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))])
    dst = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])
    row("a hop-by-hop header", FORWARD, eth(hosts().ip6() / hop / udp()))
    row("a hop-by-hop header with router alert", FORWARD,
        eth(hosts().ip6() / IPv6ExtHdrHopByHop(options=[RouterAlert()]) / udp()))
    row("destination options in front of TCP", FORWARD, eth(hosts().ip6() / dst / tcp()))
    row("hop-by-hop, destination options and UDP", FORWARD, eth(hosts().ip6() / hop / dst / udp()))
    row("destination options on both sides of a routing header", FORWARD,
        eth(hosts().ip6() / dst / routing(2, 0) / dst / udp()))
    row("a routing header of type 0", "ipv6_routing", eth(hosts().ip6() / routing(0, 1) / udp()))
    row("a routing header of type 0 without segments left", "ipv6_routing",
        eth(hosts().ip6() / routing(0, 0) / udp()))
    row("a routing header of type 4 with a segment left", "ipv6_routing",
        eth(hosts().ip6() / routing(4, 1) / udp()))
    row("a routing header of type 4 at its end", FORWARD,
        eth(hosts().ip6() / routing(4, 0) / udp()))
    row("a routing header of type 200 with segments left", "ipv6_routing",
        eth(hosts().ip6() / routing(200, 9) / udp()))
    row("a hop-by-hop header that is not first", "ipv6_ext_order",
        eth(hosts().ip6() / dst / hop / udp()))
    row("a hop-by-hop header twice", "ipv6_ext_order", eth(hosts().ip6() / hop / hop / udp()))
    row("a routing header twice", "ipv6_ext_order",
        eth(hosts().ip6() / routing(2, 0) / routing(2, 0) / udp()))
    row("a hop-by-hop header past the packet", "ipv6_ext_truncated",
        eth(hosts().ip6(nh=0) / Raw(b"\x11\xff" + bytes(30))))
    row("one byte of a hop-by-hop header", "ipv6_ext_truncated",
        eth(hosts().ip6(nh=0) / Raw(b"\x11")))
    row("destination options past the packet", "ipv6_ext_truncated",
        eth(hosts().ip6(nh=60) / Raw(b"\x11\x04" + bytes(14))))
    row("a hop-by-hop option past its header", "ipv6_bad_option",
        eth(hosts().ip6(nh=0) / Raw(b"\x11\0\x01\x09\0\0\0\0" + raw(udp()))))
    row("a hop-by-hop option without its length", "ipv6_bad_option",
        eth(hosts().ip6(nh=0) / Raw(b"\x11\0\x01\x03\0\0\0\x05" + raw(udp()))))
    row("a destination option past its header", "ipv6_bad_option",
        eth(hosts().ip6(nh=60) / Raw(b"\x11\0\x1e\xff\0\0\0\0" + raw(udp()))))


def piece6(ends, offset, payload, more, nh=17, ident=9):
    return eth(ends.ip6() / IPv6ExtHdrFragment(nh=nh, offset=offset // 8, m=1 if more else 0,
                                               id=ident) / Raw(payload))


def fragment6_rows():
    ends = hosts()
    whole = raw(ends.ip6() / udp(64))[40:]
    row("an IPv6 datagram in two fragments", FORWARD,
        piece6(ends, 0, whole[:40], True), piece6(ends, 40, whole[40:], False), out=2)
    ends = hosts()
    whole = raw(ends.ip6() / udp(64))[40:]
    row("an IPv6 datagram in two fragments, the last one first", FORWARD,
        piece6(ends, 40, whole[40:], False), piece6(ends, 0, whole[:40], True), out=2)
    ends = hosts()
    row("an atomic fragment", FORWARD, piece6(ends, 0, raw(ends.ip6() / udp(64))[40:], False),
        out=1)
    ends = hosts()
    row("IPv6 fragments that overlap", "frag_overlap",
        piece6(ends, 0, whole[:40], True), piece6(ends, 32, whole[32:], False))
    row("an IPv6 fragment of 13 bytes that is not the last", "frag_bad_length",
        piece6(hosts(), 0, whole[:13], True))
    row("an IPv6 fragment past 65,535 bytes", "frag_bad_length",
        piece6(hosts(), 65528, bytes(16), False))
    row("a first IPv6 fragment with half a TCP header", "frag_tiny_first",
        piece6(hosts(), 0, raw(tcp())[:8], True, nh=6))
    row("a first IPv6 fragment and never another", "frag_timeout",
        piece6(hosts(), 0, whole[:40], True), live=False)
    row("an IPv6 fragment header cut in its middle", "ipv6_ext_truncated",
        eth(hosts().ip6(nh=44) / Raw(b"\x11\0\0\1")))


# ---- TCP ----


def tcp_rows():
    for size in (0, 1, 19):
        row(f"{size} bytes of TCP", "tcp_truncated", eth(hosts().ip(proto=6) / raw(tcp())[:size]))
    row("19 bytes of TCP over IPv6", "tcp_truncated", eth(hosts().ip6(nh=6) / raw(tcp())[:19]))
    for words in (0, 4):
        row(f"TCP with a data offset of {words}", "tcp_bad_offset",
            eth(hosts().ip() / tcp(dataofs=words)))
    row("TCP with a data offset past the packet", "tcp_bad_offset",
        eth(hosts().ip() / tcp(dataofs=15)))
    for flags in ("", "SF", "SR", "FSRPAU", "FPU", "SFA", "SRA", "FR", "P", "U"):
        row(f"TCP with flags {flags or 'none'}", "tcp_bad_flags", eth(hosts().ip() / tcp(flags)))
    tcp_option_rows()
    row("TCP with a wrong checksum", "tcp_bad_checksum", eth(hosts().ip() / tcp(chksum=0x1234)))
    row("TCP with checksum 0", "tcp_bad_checksum", eth(hosts().ip() / tcp(chksum=0)))
    row("TCP over IPv6 with a wrong checksum", "tcp_bad_checksum",
        eth(hosts().ip6() / tcp(chksum=0x1234)))
    row("TCP with the checksum left to hardware", "l4_checksum_unfinished",
        unfinished(hosts(), tcp(), 16, 6))
    row("TCP from port 0", "tcp_port_zero", eth(hosts().ip() / tcp(sport=0)))
    row("TCP to port 0", "tcp_port_zero", eth(hosts().ip() / tcp(dport=0)))
    row("a SYN", FORWARD, eth(hosts().ip() / tcp()))
    row("a SYN over IPv6", FORWARD, eth(hosts().ip6() / tcp()))
    row("a SYN with data", FORWARD, eth(hosts().ip() / tcp() / Raw(b"early")))
    row("a SYN with ECN flags", FORWARD, eth(hosts().ip() / tcp("SEC")))
    row("a SYN twice", FORWARD, *[eth(hosts().ip() / tcp())] * 2)
    tcp_midstream_rows()
    tcp_connection_rows()


def unfinished(ends, transport, offset, proto):
    """As a host sends that leaves the checksum to hardware: the pseudo-header's sum alone."""
    frame = bytearray(eth(ends.ip() / transport))
    length = len(frame) - 34
    total = ones_sum(bytes(frame[26:34]) + struct.pack("!HH", proto, length))
    frame[34 + offset:36 + offset] = struct.pack("!H", total)
    return bytes(frame)


def with_options(ends, options, flags="S"):
    """A SYN with these bytes of options, padded by zeros."""
    options += bytes(-len(options) % 4)
    segment = bytearray(raw(tcp(flags))[:20] + options)
    segment[12] = (len(segment) // 4) << 4
    segment[16:18] = b"\0\0"
    pseudo = raw(ends.ip())[12:20] + struct.pack("!HH", 6, len(segment))
    segment[16:18] = struct.pack("!H", 0xFFFF - ones_sum(pseudo + bytes(segment)))
    return eth(ends.ip(proto=6) / Raw(bytes(segment)))


def tcp_option_rows():
    for what, options in (("of length 0", b"\2\0\0\0"), ("of length 1", b"\3\1\0\0"),
                          ("past the header", b"\1\1\2\4"), ("without its length", b"\1\1\1\2"),
                          ("MSS of length 3", b"\2\3\5\0"), ("MSS of length 6", b"\2\6\5\0\0\0"),
                          ("window scale of length 4", b"\3\4\7\7"),
                          ("timestamp of length 8", b"\x08\x08\0\0\0\0\0\0"),
                          ("SACK permitted of length 4", b"\4\4\0\0"),
                          ("MSS twice", b"\2\4\5\xb4\2\4\5\xb4"),
                          ("window scale twice", b"\3\3\7\3\3\7\1\1")):
        row(f"a TCP option {what}", "tcp_bad_option", with_options(hosts(), options))
    for what, options in (("every usual option",
                           b"\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7"),
                          ("no-operations", b"\1" * 40), ("an end of list", b"\0\2\0\0"),
                          ("an unknown option", b"\xfd\4\0\0"),
                          ("fast open", b"\x22\x0a\1\2\3\4\5\6\7\x08"),
                          ("multipath TCP", b"\x1e\x0c\0\x81\1\2\3\4\5\6\7\x08")):
        row(f"a SYN with {what}", FORWARD, with_options(hosts(), options))


def tcp_midstream_rows():
    for flags, what in (("A", "an ACK"), ("PA", "data"), ("FA", "a FIN"), ("SA", "a SYN-ACK"),
                        ("RA", "a reset"), ("R", "a reset without ACK")):
        row(f"{what} of no connection", "tcp_midstream",
            eth(hosts().ip() / tcp(flags, ack=1) / Raw(b"")))


def connection(ends, window=1000):
    """A handshake: client 1000, server 5000."""
    return [(CLIENT, eth(ends.ip() / tcp("S", window=window))),
            (SERVER, eth(ends.ip(back=True) / tcp("SA", sport=80, dport=4000, seq=5000, ack=1001,
                                                 window=window), back=True)),
            (CLIENT, eth(ends.ip() / tcp("A", seq=1001, ack=5001, window=window)))]


def after(name, outcome, flags, back=False, data=b"", prepare=(), **fields):
    """A row about one segment of an established connection; `prepare` are segments before it."""
    ends = hosts()
    steps = connection(ends)
    for one in (*prepare, {"flags": flags, "back": back, "data": data, **fields}):
        steps.append(segment(ends, **one))
    row(name, outcome, *steps)


def segment(ends, flags, back=False, data=b"", **fields):
    ports = {"sport": 80, "dport": 4000} if back else {}
    base = {"seq": 5001, "ack": 1001} if back else {"seq": 1001, "ack": 5001}
    layers = tcp(flags, **{**base, "window": 1000, **ports, **fields})
    frame = eth(ends.ip(back=back) / layers / Raw(data) if data else ends.ip(back=back) / layers,
                back=back)
    return (SERVER if back else CLIENT, frame)


def tcp_connection_rows():
    far = 1 << 29
    data = {"flags": "PA", "data": b"d" * 100}
    after("data in the window", FORWARD, "PA", data=b"hello")
    after("data from the server", FORWARD, "PA", back=True, data=b"hello")
    after("urgent data", FORWARD, "PAU", data=b"hello", urgptr=1)
    after("data again", FORWARD, "PA", data=b"d" * 100, prepare=[data])
    after("a keep-alive", FORWARD, "A", seq=1000)
    after("a window update", FORWARD, "A", window=2000)
    after("data far beyond the window", "tcp_out_of_window", "PA", data=b"x", seq=1001 + far)
    after("data one past the window", "tcp_out_of_window", "PA", data=b"x" * 10, seq=1001 + 1001)
    after("data far below the window", "tcp_out_of_window", "PA", data=b"x",
          seq=(1001 - far) & 0xFFFFFFFF)
    after("server data far beyond the window", "tcp_out_of_window", "PA", back=True, data=b"x",
          seq=5001 + far)
    after("an acknowledgement of what was never sent", "tcp_bad_ack", "PA", data=b"x",
          ack=5001 + 5000)
    after("an acknowledgement far ahead", "tcp_bad_ack", "A", ack=5001 + far)
    after("a reset far beyond the window", "tcp_out_of_window", "R", seq=1001 + far)
    after("a reset far below the window", "tcp_out_of_window", "R",
          seq=(1001 - far) & 0xFFFFFFFF)
    after("a reset in its place", FORWARD, "RA")
    after("a FIN in its place", FORWARD, "FA")
    after("a FIN far beyond the window", "tcp_out_of_window", "FA", seq=1001 + far)
    after("the server's FIN after the client's", FORWARD, "FA", back=True, ack=1002,
          prepare=[{"flags": "FA"}])
    after("data beyond one's own FIN", "tcp_bad_state", "PA", data=b"late", seq=1002,
          prepare=[{"flags": "FA"}, {"flags": "A", "back": True, "ack": 1002}])
    after("a reset of a closed connection's port by the other side", FORWARD, "R", back=True,
          seq=5001)
    ends = hosts()
    handshake = connection(ends)
    row("a SYN-ACK that acknowledges something else", "tcp_bad_ack", handshake[0],
        (SERVER, eth(ends.ip(back=True) / tcp("SA", sport=80, dport=4000, seq=5000, ack=77),
                     back=True)))
    ends = hosts()
    row("data before the handshake's answer", "tcp_bad_state", connection(ends)[0],
        segment(ends, "PA", data=b"x"))
    ends = hosts()
    row("the server's data before its SYN-ACK", "tcp_bad_state", connection(ends)[0],
        segment(ends, "PA", back=True, data=b"x"))
    ends = hosts()
    row("a refused connection", FORWARD, connection(ends)[0],
        segment(ends, "RA", back=True, seq=0))
    ends = hosts()
    row("a reset of the handshake that acknowledges something else", "tcp_bad_ack",
        connection(ends)[0], segment(ends, "RA", back=True, seq=0, ack=77))
    ends = hosts()
    row("a simultaneous open", FORWARD, connection(ends)[0],
        (SERVER, eth(ends.ip(back=True) / tcp("S", sport=80, dport=4000, seq=5000), back=True)))


# ---- UDP ----


def udp_rows():
    for size in (0, 1, 7):
        row(f"{size} bytes of UDP", "udp_truncated", eth(hosts().ip(proto=17) / raw(udp())[:size]))
    row("7 bytes of UDP over IPv6", "udp_truncated", eth(hosts().ip6(nh=17) / raw(udp())[:7]))
    for length in (0, 7, 17, 65535):
        row(f"16 bytes of UDP that say {length}", "udp_bad_length",
            eth(hosts().ip() / udp(len=length)))
    row("UDP with a wrong checksum", "udp_bad_checksum", eth(hosts().ip() / udp(chksum=0x1234)))
    row("UDP over IPv6 with a wrong checksum", "udp_bad_checksum",
        eth(hosts().ip6() / udp(chksum=0x1234)))
    row("UDP without a checksum", FORWARD, eth(hosts().ip() / udp(chksum=0)))
    row("UDP over IPv6 without a checksum", "udp_bad_checksum", eth(hosts().ip6() / udp(chksum=0)))
    row("UDP with the checksum left to hardware", "l4_checksum_unfinished",
        unfinished(hosts(), udp(), 6, 17))
    row("UDP to port 0", "udp_port_zero", eth(hosts().ip() / udp(dport=0)))
    row("UDP from port 0", FORWARD, eth(hosts().ip() / udp(sport=0)))
    row("an empty datagram", FORWARD, eth(hosts().ip() / udp(0)))
    row("a datagram whose addresses and ports are the same", FORWARD,
        eth(IP(src="10.66.255.1", dst="10.66.255.1") / udp(sport=9, dport=9)))
    ends = hosts()
    row("an answer to a datagram", FORWARD, eth(ends.ip() / udp()),
        (SERVER, eth(ends.ip(back=True) / udp(sport=4001, dport=4000), back=True)))


# ---- ICMP ----


def icmp_rows():
    for size in (0, 3, 7):
        row(f"{size} bytes of ICMP", "icmp_truncated",
            eth(hosts().ip(proto=1) / raw(ICMP())[:size]))
    row("3 bytes of ICMPv6", "icmp_truncated", eth(hosts().ip6(nh=58) / b"\x80\0\0"))
    row("ICMP with a wrong checksum", "icmp_bad_checksum", eth(hosts().ip() / ICMP(chksum=1)))
    row("ICMPv6 with a wrong checksum", "icmp_bad_checksum",
        eth(hosts().ip6() / ICMPv6EchoRequest(cksum=1)))
    row("an echo", FORWARD, eth(hosts().ip() / ICMP(id=1) / Raw(bytes(8))))
    row("an echo over IPv6", FORWARD, eth(hosts().ip6() / ICMPv6EchoRequest(id=1)))
    row("a timestamp question", FORWARD, eth(hosts().ip() / ICMP(type=13, id=1)))
    ends = hosts()
    row("an echo's answer", FORWARD, eth(ends.ip() / ICMP(id=1)),
        (SERVER, eth(ends.ip(back=True) / ICMP(type=0, id=1), back=True)))
    ends = hosts()
    row("an answer to another echo", "icmp_unsolicited", eth(ends.ip() / ICMP(id=1)),
        (SERVER, eth(ends.ip(back=True) / ICMP(type=0, id=2), back=True)))
    row("an echo answer that nobody asked for", "icmp_unsolicited",
        eth(hosts().ip() / ICMP(type=0, id=1)))
    row("an IPv6 echo answer that nobody asked for", "icmp_unsolicited",
        eth(hosts().ip6() / ICMPv6EchoReply(id=1)))
    row("a router advertisement over IPv4", "icmp_unsolicited", eth(hosts().ip() / ICMP(type=9)))
    row("an ICMP type that there is not", "icmp_unsolicited", eth(hosts().ip() / ICMP(type=77)))
    row("an ICMPv6 redirect", "icmp_unsolicited", eth(hosts().ip6() / raw_icmp6(hosts(), 137, 40)))
    row("a neighbour solicitation", FORWARD,
        eth(hosts().ip6(dst="ff02::1:ff00:1", hlim=255) / ICMPv6ND_NS(tgt="fd67::1")))
    row("a router advertisement over IPv6", FORWARD,
        eth(hosts().ip6(src="fe80::1", dst="ff02::1", hlim=255) / ICMPv6ND_RA()))
    icmp_error_rows()


def raw_icmp6(ends, kind, size):
    """An ICMPv6 message of zeros with its checksum right, for types that scapy would fill in."""
    body = bytearray(bytes([kind, 0, 0, 0]) + bytes(size - 4))
    source, destination = raw(ends.ip6())[8:24], raw(ends.ip6())[24:40]
    pseudo = source + destination + struct.pack("!II", size, 58)
    body[2:4] = struct.pack("!H", 0xFFFF - ones_sum(pseudo + bytes(body)))
    return IPv6ExtHdrDestOpt(nh=58, options=[PadN(optdata=bytes(4))]) / Raw(bytes(body))


def icmp_error_rows():
    ends = hosts()
    question = ends.ip() / udp()
    row("port unreachable about a known flow", FORWARD, eth(question),
        (SERVER, eth(ends.ip(back=True) / ICMP(type=3, code=3) / Raw(raw(question)[:28]),
                     back=True)))
    ends = hosts()
    question = ends.ip() / udp()
    row("time exceeded from a router on the way", FORWARD, eth(question),
        (SERVER, eth(ends.ip(back=True, src="10.99.9.9") / ICMP(type=11) / Raw(raw(question)[:28]),
                     back=True)))
    ends = hosts()
    question = ends.ip6() / udp()
    row("an IPv6 packet too big about a known flow", FORWARD, eth(question),
        (SERVER, eth(ends.ip6(back=True) / ICMPv6PacketTooBig(mtu=1280) / Raw(raw(question)),
                     back=True)))
    ends = hosts()
    question = ends.ip6() / udp()
    row("an IPv6 time exceeded from a router on the way", FORWARD, eth(question),
        (SERVER, eth(ends.ip6(back=True, src="fd99::9") / ICMPv6TimeExceeded() /
                     Raw(raw(question)), back=True)))
    for kind, what in ((3, "unreachable"), (11, "time exceeded"), (4, "source quench"),
                       (12, "parameter problem")):
        ends = hosts()
        row(f"{what} about no known flow", "icmp_error_no_flow",
            eth(ends.ip() / ICMP(type=kind) / Raw(raw(ends.ip(back=True) / udp())[:28])))
    ends = hosts()
    row("an IPv6 unreachable about no known flow", "icmp_error_no_flow",
        eth(ends.ip6() / ICMPv6DestUnreach() / Raw(raw(ends.ip6(back=True) / udp()))))
    ends = hosts()
    question = ends.ip() / udp()
    row("unreachable from the side that asked", "icmp_error_no_flow", eth(question),
        eth(ends.ip() / ICMP(type=3, code=3) / Raw(raw(question)[:28])))
    ends = hosts()
    row("unreachable about a segment far outside the window", "icmp_error_no_flow",
        *connection(ends),
        (SERVER, eth(ends.ip(back=True) / ICMP(type=3, code=1) /
                     Raw(raw(ends.ip() / tcp("A", seq=1001 + (1 << 29)))[:28]), back=True)))
    ends = hosts()
    row("unreachable about a segment in flight", FORWARD, *connection(ends),
        segment(ends, "PA", data=b"d" * 10),
        (SERVER, eth(ends.ip(back=True) / ICMP(type=3, code=1) /
                     Raw(raw(ends.ip() / tcp("PA", seq=1001))[:28]), back=True)))
    ends = hosts()
    row("a redirect about a known flow", "icmp_unsolicited", eth(ends.ip() / udp()),
        (SERVER, eth(ends.ip(back=True) / ICMP(type=5, code=1, gw="10.99.9.9") /
                     Raw(raw(ends.ip() / udp())[:28]), back=True)))
    for size, what in ((0, "nothing"), (10, "half an IP header"), (20, "no ports")):
        ends = hosts()
        row(f"unreachable that quotes {what}", "icmp_error_bad_quote",
            eth(ends.ip() / ICMP(type=3) / Raw(raw(ends.ip(back=True) / udp())[:size])))
    ends = hosts()
    row("unreachable that quotes version 7", "icmp_error_bad_quote",
        eth(ends.ip() / ICMP(type=3) / Raw(b"\x75" + raw(ends.ip(back=True) / udp())[1:28])))
    ends = hosts()
    row("an IPv6 unreachable that quotes half a header", "icmp_error_bad_quote",
        eth(ends.ip6() / ICMPv6DestUnreach() / Raw(raw(ends.ip6(back=True) / udp())[:20])))


# ---- policy ----


def policy_rows():
    for net, reason in (("68", "policy_deny"), ("69", "policy_drop"), ("70", "default_deny")):
        for what, layers in (("a SYN", tcp()), ("a datagram", udp()), ("an echo", ICMP(id=1))):
            row(f"{what} to 10.{net}/16", reason,
                eth(hosts().ip(dst=f"10.{net}.0.1") / layers))
        row(f"an IPv6 SYN to fd{net}::/16", reason, eth(hosts().ip6(dst=f"fd{net}::1") / tcp()))
    row("a SYN that strict-web allows", FORWARD,
        eth(IP(src="10.70.0.1", dst="10.70.0.2") / tcp()))
    row("a datagram to 10.68/16 in fragments", "policy_deny",
        *pieces(hosts().ip(dst="10.68.0.1", id=77) / udp(1400), 720))


for group in (ethernet_rows, ipv4_rows, fragment_rows, ipv6_rows, tcp_rows, udp_rows, icmp_rows,
              policy_rows):
    group()
assert len({r.name for r in ROWS}) == len(ROWS), "two rows have the same name"
