# SPDX-License-Identifier: BSD-3-Clause
"""What two applications do to each other over TCP, as a table: each row a function that tells the
client's and the server's sockets what to do. What they saw is written down, and must be the same
whether a cable is between them or weir.

A row's `inspected` says which lines are otherwise when weir carries the connection itself, and why
that is meant: {line by cable: line through weir}.
"""
import threading
import time

from cases import SOAK, Failure
from tcp_pair import Pair

ZERO_WINDOW_S = 180 if SOAK else 10
REUSED = 1000
SILENT_HOST = {4: "10.77.0.99", 6: "fd77::99"}  # has a neighbour entry, and nobody there

ROWS = []


class Row:
    def __init__(self, function, inspected=None, why="", slow=False, delayed=False, silent=False):
        self.function = function
        self.name = function.__name__.replace("_", " ")
        self.inspected = inspected or {}
        self.why = why
        self.slow = slow        # begins before others
        self.delayed = delayed  # over a line that takes its time each way
        self.silent = silent    # somebody waits in vain, and is meant to
        self.number = len(ROWS)

    def expected(self, reference, inspecting):
        """What must be seen, from what was seen by cable."""
        hung = [line for line in reference if "silence" in line or "wrong" in line]
        if hung and not self.silent:
            raise Failure(f"the row itself does not work by cable: {hung[0]}")
        if not inspecting:
            return reference
        return [self.inspected.get(line, line) for line in reference]


def row(**how):
    def register(function):
        ROWS.append(Row(function, **how))
        return function

    return register


def play(lab, r, family=4):
    """What both applications saw."""
    pair = Pair(lab, r.number, family)
    try:
        r.function(pair)
    finally:
        pair.close()
    return pair.trace


# ---- beginnings ----


@row()
def a_closed_port_refuses(p):
    p.connect()


@row(slow=True)
def a_host_that_does_not_answer_times_out(p):
    p.connect(host=SILENT_HOST[p.family], options={"TCP_SYNCNT": 1}, timeout=10)


@row()
def the_client_speaks_first(p):
    p.open()
    p.client.do("send", size=100, seed=1)
    p.server.do("recv", size=100)
    p.server.do("send", size=5000, seed=2)
    p.client.do("recv", size=5000)
    p.finish()


@row()
def the_server_speaks_first(p):
    p.listen()
    p.server.start("accept", listener="l")
    p.connect()
    p.server.join("accept")
    p.server.do("send", size=77, seed=1)
    p.client.do("recv", size=77)
    p.client.do("send", size=10, seed=2)
    p.server.do("recv", size=10)
    p.finish()


@row()
def nobody_speaks(p):
    p.open()
    p.settle()
    p.client.do("close")
    p.server.do("recv", size=1)
    p.server.do("close")


@row()
def the_first_data_come_with_the_ack(p):
    p.listen(options={"TCP_DEFER_ACCEPT": 5})
    p.connect()
    p.client.do("send", size=300, seed=1)
    p.server.do("accept", listener="l")
    p.server.do("recv", size=300)
    p.finish()


@row(silent=True)
def a_server_that_waits_for_data_is_not_told_of_a_silent_client(p):
    p.listen(options={"TCP_DEFER_ACCEPT": 5})
    p.connect()
    p.server.do("accept", listener="l", timeout=0.5)
    p.client.do("send", size=1, seed=1)
    p.server.do("accept", listener="l")
    p.server.do("recv", size=1)
    p.finish()


@row()
def fast_open_data_arrive_all_the_same(p):
    p.listen(options={"TCP_FASTOPEN": 16})
    for seed in (1, 2):  # the second time the client may have a cookie
        p.client.do("connect_with_data", host=p.server.host, port=p.port, size=500, seed=seed)
        p.server.do("accept", listener="l")
        p.server.do("recv", size=500)
        p.server.do("send", size=20, seed=3)
        p.client.do("recv", size=20)
        p.finish()


@row()
def two_connections_to_one_port_do_not_meet(p):
    p.listen()
    for name in ("a", "b"):
        p.client.do("connect", name, host=p.server.host, port=p.port)
        p.server.do("accept", name, listener="l")
    for seed, name in enumerate(("b", "a")):
        p.client.do("send", name, size=1000, seed=seed)
        p.server.do("recv", name, size=1000)
    for name in ("a", "b"):
        p.server.do("close", name)
        p.client.do("recv", name, size=1)
        p.client.do("close", name)


@row(delayed=True)
def both_open_at_once(p):
    at = time.monotonic() + 1
    sides = ((p.client, p.server), (p.server, p.client))
    for side, far in sides:
        side.start("connect", host=far.host, port=p.port, own=[side.host, p.port], at=at)
    for side, _ in sides:
        side.join("connect")
    p.same(p.client, p.server, 3000)
    p.same(p.server, p.client, 3000, seed=2)
    p.finish()


# ---- ends ----


@row()
def the_client_closes_first(p):
    p.open()
    p.client.do("send", size=10, seed=1)
    p.client.do("close")
    p.server.do("recv", size=11)
    p.server.do("poll")
    p.server.do("close")


@row()
def the_server_closes_first(p):
    p.open()
    p.server.do("send", size=10, seed=1)
    p.server.do("close")
    p.client.do("recv", size=11)
    p.client.do("poll")
    p.client.do("close")


@row()
def the_client_closes_half_and_the_server_goes_on(p):
    p.open()
    p.client.do("send", size=10, seed=1)
    p.client.do("shutdown", how="WR")
    p.server.do("recv", size=11)
    p.settle()
    p.client.do("state")
    p.server.do("state")
    p.same(p.server, p.client, 300_000, seed=2)
    p.server.do("close")
    p.client.do("recv", size=1)
    p.client.do("close")


@row()
def the_server_closes_half_and_the_client_goes_on(p):
    p.open()
    p.server.do("shutdown", how="WR")
    p.client.do("recv", size=1)
    p.settle()
    p.client.do("state")
    p.server.do("state")
    p.same(p.client, p.server, 300_000, seed=2)
    p.client.do("close")
    p.server.do("recv", size=1)
    p.server.do("close")


@row()
def both_close_half_one_after_another(p):
    p.open()
    for side, far in ((p.client, p.server), (p.server, p.client)):
        side.do("send", size=50, seed=1)
        side.do("shutdown", how="WR")
        far.do("recv", size=51)
    p.settle()
    p.client.do("poll")
    p.server.do("poll")
    p.server.do("state")
    p.finish()


@row(delayed=True)
def both_close_at_once(p):
    p.open()
    p.settle()
    at = time.monotonic() + 1
    for side in (p.client, p.server):
        side.start("shutdown", how="WR", at=at)
    for side in (p.client, p.server):
        side.join("shutdown")
    for side in (p.client, p.server):
        side.do("recv", size=1)
    p.settle()
    for side in (p.client, p.server):
        side.do("poll")
    p.finish()


@row(delayed=True)
def both_send_and_close_at_once(p):
    p.open()
    p.settle()
    for side, far in ((p.client, p.server), (p.server, p.client)):
        side.do("send", size=20_000, seed=side.name)
        side.do("shutdown", how="WR")
    for side in (p.client, p.server):
        side.do("recv", size=20_001)
    p.finish()


@row()
def who_does_not_read_any_more_still_answers(p):
    p.open()
    p.server.do("shutdown", how="RD")
    p.client.do("send", size=1000, seed=1)
    p.settle()
    p.server.do("recv", size=1000)
    p.server.do("send", size=10, seed=2)
    p.client.do("recv", size=10)
    p.finish()


@row()
def who_shuts_both_ways_hears_no_more(p):
    p.open()
    p.client.do("shutdown", how="RDWR")
    p.client.do("recv", size=1)
    p.client.do("send", size=1, seed=1)
    p.server.do("recv", size=1)
    p.server.do("send", size=10, seed=1)
    p.settle()
    p.server.do("send", size=10, seed=1)
    p.settle()
    p.server.do("poll")
    p.finish()


# ---- resets ----


def reset_by(p, side, far):
    p.open()
    side.do("send", size=10, seed=1)
    far.do("recv", size=10)
    side.do("abort")
    far.do("recv", size=1)
    far.do("send", size=1, seed=1)
    far.do("error")
    far.do("close")


@row()
def the_client_resets(p):
    reset_by(p, p.client, p.server)


@row()
def the_server_resets(p):
    reset_by(p, p.server, p.client)


@row()
def the_client_resets_before_a_word(p):
    p.open()
    p.client.do("abort")
    p.settle()
    p.server.do("poll")
    p.server.do("error")
    p.server.do("recv", size=1)
    p.server.do("close")


@row()
def the_client_resets_before_the_server_accepts(p):
    p.listen()
    p.connect()
    p.settle()
    p.client.do("abort")
    p.settle()
    p.server.do("accept", listener="l")
    p.server.do("recv", size=1)
    p.server.do("close")


@row()
def the_listener_goes_before_it_accepts(p):
    p.listen()
    p.connect()
    p.settle()
    p.server.do("close", "l")
    p.client.do("recv", size=1)
    p.client.do("close")


def close_with_unread(p, side, far):
    p.open()
    far.do("send", size=1000, seed=1)
    p.settle()
    side.do("close")
    far.do("recv", size=1)
    far.do("close")


@row()
def the_client_closes_with_unread_data(p):
    close_with_unread(p, p.client, p.server)


@row()
def the_server_closes_with_unread_data(p):
    close_with_unread(p, p.server, p.client)


@row()
def data_before_a_reset_are_read_first(p):
    p.open()
    p.client.do("send", size=1000, seed=1)
    p.settle()
    p.client.do("abort")
    p.settle()
    p.server.do("poll")
    p.server.do("recv", size=1000)
    p.server.do("recv", size=1)
    p.server.do("close")


def reset_after_half_close(p, closer, resetter):
    """FIN-WAIT-2 at one, CLOSE-WAIT at the other."""
    p.open()
    closer.do("shutdown", how="WR")
    resetter.do("recv", size=1)
    p.settle()
    resetter.do("abort")
    closer.do("recv", size=1)
    closer.do("close")


@row()
def the_server_resets_what_the_client_half_closed(p):
    reset_after_half_close(p, p.client, p.server)


@row()
def the_client_resets_what_the_server_half_closed(p):
    reset_after_half_close(p, p.server, p.client)


@row()
def who_half_closed_resets(p):
    p.open()
    p.client.do("shutdown", how="WR")
    p.server.do("recv", size=1)
    p.settle()
    p.client.do("abort")
    p.settle()
    p.server.do("poll")
    p.server.do("send", size=1, seed=1)
    p.server.do("close")


@row()
def writing_to_who_has_gone_is_reset(p):
    p.open()
    p.server.do("close")
    p.client.do("recv", size=1)
    p.client.do("send", size=100, seed=1)
    p.settle()
    p.client.do("send", size=100, seed=1)
    p.client.do("recv", size=1)
    p.client.do("close")


@row()
def a_reset_ends_a_transfer(p):
    p.open()
    p.client.start("send", size=8_000_000, seed=1, timeout=10)
    p.server.ask("recv", name="s", size=100_000)
    p.server.do("abort")
    answer = p.client.ask("join", key="send")
    p.trace.append(f"client send ended: {answer.split()[-1]}")
    p.client.do("close")


# ---- windows and time ----


def zero_window(p, sender, receiver):
    size = 3_000_000
    sender.start("send", size=size, seed=1, timeout=ZERO_WINDOW_S + 30)
    time.sleep(ZERO_WINDOW_S)
    receiver.do("recv", size=size, timeout=30)
    sender.join("send", timeout=ZERO_WINDOW_S + 40)
    p.expect(receiver, size)


@row(slow=True)
def the_servers_window_is_shut_and_opens(p):
    p.open(options={"SO_RCVBUF": 4096})
    zero_window(p, p.client, p.server)
    p.finish()


@row(slow=True)
def the_clients_window_is_shut_and_opens(p):
    p.listen()
    p.connect(options={"SO_RCVBUF": 4096})
    p.server.do("accept", listener="l")
    zero_window(p, p.server, p.client)
    p.finish()


@row(slow=True)
def a_shut_window_and_a_reset(p):
    p.open(options={"SO_RCVBUF": 4096})
    p.client.start("send", size=3_000_000, seed=1, timeout=20)
    time.sleep(2)
    p.server.do("abort")
    answer = p.client.ask("join", key="send")
    p.trace.append(f"client send ended: {answer.split()[-1]}")
    p.client.do("close")


KEEPALIVE = {"SO_KEEPALIVE": 1, "TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 3}


@row(slow=True)
def keep_alive_keeps_alive(p):
    p.listen(options=KEEPALIVE)
    p.connect(options=KEEPALIVE)
    p.server.do("accept", listener="l")
    time.sleep(6)
    p.same(p.client, p.server, 100)
    p.same(p.server, p.client, 100)
    p.finish()


def second_address(p):
    """One of the server's that can be taken away without a word."""
    last = 100 + p.number
    address = f"10.77.0.{last}" if p.family == 4 else f"fd77::{last}"
    p.lab.server.ip("addr", "replace", f"{address}/{24 if p.family == 4 else 64}", "dev", "eth0",
                    *(("nodad",) if p.family == 6 else ()))
    return address


def take_away(p, address):
    """From here on who sends to it hears nothing: its hardware address stays known."""
    mac = "02:00:00:77:00:02"
    p.lab.client.ip("neigh", "replace", address, "lladdr", mac, "dev", "eth0", "nud", "permanent")
    p.lab.server.ip("addr", "del", f"{address}/{24 if p.family == 4 else 64}", "dev", "eth0")


@row(slow=True)
def keep_alive_ends_what_has_nobody_there(p):
    address = second_address(p)
    p.listen(host=address)
    p.connect(host=address, options=KEEPALIVE)
    p.server.do("accept", listener="l")
    p.same(p.client, p.server, 100)
    take_away(p, address)
    p.client.do("recv", size=1, timeout=15)
    p.client.do("close")


@row(slow=True,
     inspected={"client recv: ETIMEDOUT": "client recv: silence"},
     why="weir has acknowledged the data for the server, whom it still tries to reach")
def data_to_who_is_gone_time_out(p):
    address = second_address(p)
    p.listen(host=address)
    p.connect(host=address, options={"TCP_USER_TIMEOUT": 2000})
    p.server.do("accept", listener="l")
    p.same(p.client, p.server, 100)
    take_away(p, address)
    p.client.do("send", size=100, seed=2)
    p.client.do("recv", size=1, timeout=8)
    p.client.do("abort")


@row(slow=True)
def one_tuple_is_used_again_and_again(p):
    p.server.start("serve_closing", host=p.server.host, port=p.port, n=REUSED)
    p.settle()
    p.client.start("reuse", host=p.server.host, port=p.port, own=[p.client.host, p.port + 1],
                   n=REUSED)
    p.client.join("reuse", timeout=60)
    p.server.join("serve_closing", timeout=60)


@row(slow=True)
def one_tuple_is_used_again_after_a_reset(p):
    p.listen()
    for seed in range(50):
        p.client.do("connect", host=p.server.host, port=p.port, own=[p.client.host, p.port + 1])
        p.server.do("accept", listener="l")
        p.client.do("send", size=100, seed=seed)
        p.server.do("recv", size=100)
        (p.client, p.server)[seed % 2].do("abort")
        (p.server, p.client)[seed % 2].do("recv", size=1)
        (p.server, p.client)[seed % 2].do("close")


# ---- urgent data ----


@row()
def urgent_data_in_line_are_bytes_like_others(p):
    p.listen(options={"SO_OOBINLINE": 1})
    p.connect()
    p.server.do("accept", listener="l")
    p.client.do("send_urgent", text="abc")
    p.client.do("send_urgent", text="d!")
    p.server.do("recv_text", size=5)
    p.finish()


@row(inspected={"server recv_urgent: c": "server recv_urgent: EINVAL",
                "server recv_text: abde": "server recv_text: abcd"},
     why="weir takes the urgent mark away, so that the application reads what was inspected "
         "(RFC 6093 section 6)")
def urgent_data_out_of_line(p):
    p.open()
    p.client.do("send_urgent", text="abc")
    p.settle()
    p.server.do("recv_urgent")
    p.client.do("send_text", text="de")
    p.settle()
    p.server.do("recv_text", size=4)
    p.finish()


# ---- amounts ----


@row()
def one_byte_writes(p):
    p.listen()
    p.connect(options={"TCP_NODELAY": 1})
    p.server.do("accept", listener="l")
    p.same(p.client, p.server, 2000, piece=1)
    p.expect(p.server, 2000)
    p.finish()


@row()
def one_byte_writes_answered_one_by_one(p):
    p.listen()
    p.connect(options={"TCP_NODELAY": 1})
    p.server.do("accept", listener="l")
    for seed in range(30):
        p.client.do("send", size=1, seed=seed)
        p.server.do("recv", size=1)
        p.server.do("send", size=1, seed=seed)
        p.client.do("recv", size=1)
    p.finish()


@row()
def large_writes_of_many_pieces(p):
    p.open()
    sizes = [1, 70_000, 3, 200_000, 1448, 1449, 500_000]
    p.client.start("writev", sizes=sizes, seed=1, timeout=20)
    p.server.do("recv", size=sum(sizes), timeout=20)
    p.client.join("writev")
    p.expect(p.server, sum(sizes))
    p.finish()


@row()
def both_send_at_once(p):
    p.open()
    size = 4_000_000
    for side in (p.client, p.server):
        side.start("send", size=size, seed=1, timeout=30)
    p.client.start("recv", size=size, timeout=30)
    p.server.do("recv", size=size, timeout=30)
    p.client.join("recv")
    for side in (p.client, p.server):
        side.join("send")
        p.expect(side, size)
    p.finish()


@row()
def both_send_more_than_fits_before_either_reads(p):
    p.listen(options={"SO_RCVBUF": 20_000, "SO_SNDBUF": 20_000})
    p.connect(options={"SO_RCVBUF": 20_000, "SO_SNDBUF": 20_000})
    p.server.do("accept", listener="l")
    size = 2_000_000
    for side in (p.client, p.server):
        side.start("send", size=size, seed=1, timeout=30)
    time.sleep(1)
    p.client.start("recv", size=size, timeout=30)
    p.server.do("recv", size=size, timeout=30)
    p.client.join("recv")
    for side in (p.client, p.server):
        side.join("send")
        p.expect(side, size)
    p.finish()


def transfers(p, **options):
    p.listen(options=options)
    p.connect(options=options)
    p.server.do("accept", listener="l")
    for sender, receiver in ((p.client, p.server), (p.server, p.client)):
        p.same(sender, receiver, 500_000)
        p.expect(receiver, 500_000)
    p.finish()


@row()
def segments_of_536_bytes(p):
    transfers(p, TCP_MAXSEG=536)


@row()
def segments_of_88_bytes(p):
    transfers(p, TCP_MAXSEG=88)


@row()
def windows_that_hold_less_than_a_segment(p):
    p.listen(options={"SO_RCVBUF": 2304})
    p.connect(options={"SO_RCVBUF": 2304})
    p.server.do("accept", listener="l")
    p.same(p.client, p.server, 100_000)
    p.same(p.server, p.client, 100_000)
    p.expect(p.server, 100_000)
    p.finish()


def plain(p):
    """For hosts that lack an option of TCP."""
    transfers(p)


class Together:
    """Rows played a few at a time; slow ones first. Gives {row: trace or exception}."""

    def __init__(self, lab, rows, family, width=6):
        self.lab = lab
        self.waiting = sorted(rows, key=lambda r: not r.slow)
        self.family = family
        self.lock = threading.Lock()
        self.result = {}
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(width)]

    def work(self):
        while True:
            with self.lock:
                if not self.waiting:
                    return
                r = self.waiting.pop(0)
            try:
                self.result[r] = play(self.lab, r, self.family)
            except Exception as why:  # pylint: disable=broad-except
                self.result[r] = why

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        return self.result
