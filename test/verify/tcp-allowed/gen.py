# SPDX-License-Identifier: BSD-3-Clause
from scenes import TcpConnection


def packets():
    yield from TcpConnection().whole()
    yield from TcpConnection(sport=40001, begin=1, v6=True).whole()
