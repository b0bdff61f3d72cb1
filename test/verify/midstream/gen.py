# SPDX-License-Identifier: BSD-3-Clause
from scenes import CLIENT, SERVER, TcpConnection


def packets():
    known = TcpConnection(sport=40000)
    yield from known.exchange(b"question", b"a" * 3000)
    from_server = TcpConnection(sport=40001, begin=1)
    yield from_server.segment(SERVER, "PA", b"push")
    yield from_server.segment(CLIENT, "A")
    denied = TcpConnection(sport=40002, dport=22, begin=2)
    yield denied.segment(CLIENT, "PA", b"ssh")
    yield denied.segment(SERVER, "PA", b"ssh")
    yield TcpConnection(sport=40003, begin=3).segment(CLIENT, "RA")
