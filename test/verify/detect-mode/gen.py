# SPDX-License-Identifier: BSD-3-Clause
from scenes import TcpConnection


def packets():
    yield from TcpConnection(dport=22).whole()
    yield from TcpConnection(begin=1).whole()
