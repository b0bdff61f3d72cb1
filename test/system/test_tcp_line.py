# SPDX-License-Identifier: BSD-3-Clause
"""Connections over bad lines, one before each peer: both ways at once, by both families, what
arrives is what was sent. The peers' congestion control and windows are chosen by socket options."""
import time

from cases import SOAK, Failure, Skip, Suite, check, check_equal
from lab import Lab, best_device, need
from tcp_pair import Pair
from test_tcp_look import FORWARDED, INSPECTED, buffers_come_back, free_buffers, is_carried, policy

suite = Suite()
CABLE = "cable"
MIB = 1 << 20
# name: what each line does, the counter that shows it; when soaking, the MiB sent each way by each
# family, and on how many connections at once: one alone would take hours where much is lost
LINES = {
    "a good line": ((), "sent", 1024, 1),
    "1 % lost": (("--loss", "1%"), "lost", 1024, 4),
    "5 % lost": (("--loss", "5%"), "lost", 1024, 8),
    "lost in bursts": (("--burst-begin", "0.3%", "--burst-end", "30%"), "burst_lost", 1024, 4),
    "50 ms there and back": (("--delay", "12500us"), "sent", 1024, 4),
    "1 % lost and 50 ms": (("--loss", "0.5%", "--delay", "12500us"), "lost", 1024, 8),
    "2 % in another order": (("--reorder", "2%"), "reordered", 1024, 1),
    "another order by jitter": (("--delay", "5ms", "--jitter", "3ms", "--jitter-reorders", "yes"),
                                "reordered", 1024, 8),
    "2 % twice": (("--duplicate", "2%"), "duplicated", 1024, 1),
    "1 % damaged": (("--corrupt", "1%"), "corrupted", 1024, 4),
    "20 Mbit/s and a short queue": (("--rate", "20mbit", "--queue", "30000"), "queue_dropped",
                                    64, 1),
    "all of it": (("--loss", "1%", "--delay", "5ms", "--jitter", "1ms", "--reorder", "1%",
                   "--duplicate", "1%", "--corrupt", "0.5%"), "lost", 1024, 8),
}
WINDOWS = {"small": 6000, "own": None, "large": 16 * MIB}
SIZE = {"own": 1 << 20, "small": 1 << 17, "large": 1 << 21}
SOAK_SIZE = {"own": 1024 * MIB, "small": 8 * MIB, "large": 256 * MIB}
LIMIT_S = 1200 if SOAK else 120
ALL = "all lines"


def transfers(way, line):
    """(line, congestion control, window) of each transfer."""
    if SOAK and way == INSPECTED:
        return [(line, control, window) for control in ("cubic", "bbr") for window in WINDOWS]
    if SOAK:
        return [(line, control, "own") for control in ("cubic", "bbr")]
    if way != INSPECTED:
        return [("1 % lost", "cubic", "own"), ("all of it", "bbr", "own")]
    chosen = [(line, "cubic", "own") for line in LINES]
    chosen += [(line, "bbr", "own") for line in ("1 % lost", "50 ms there and back", "all of it")]
    return chosen + [("1 % lost", "cubic", "small"), ("50 ms there and back", "cubic", "large")]


def size_of(way, line, window):
    """Bytes each way by each family, and the connections that they are sent on."""
    if not SOAK:
        return SIZE[window], 1
    _, _, size, connections = LINES[line]
    size = min(size * MIB, SOAK_SIZE[window])
    return (size if way == INSPECTED else size // 16), connections


def socket_options(control, window):
    options = {"TCP_CONGESTION": control}
    if WINDOWS[window]:
        options["SO_RCVBUFFORCE"] = WINDOWS[window]
    return options


def connect(pair, options):
    """Both peers of it connected, with these options."""
    answers = [pair.server.ask("listen", name="l", host=pair.server.host, port=pair.port,
                               options=options)]
    if answers[0] == "ENOENT":
        raise Skip(f"this kernel has no {options['TCP_CONGESTION']}")
    answers.append(pair.client.ask("connect", name="s", host=pair.server.host, port=pair.port,
                                   options=options, timeout=60))
    answers.append(pair.server.ask("accept", name="s", listener="l", timeout=60))
    check_equal(answers, ["ok"] * 3, "listen, connect, accept")


def both_ways(pairs, size):
    """All directions at once; seconds that it took."""
    begun = time.monotonic()
    for pair in pairs:
        for side in (pair.client, pair.server):
            side.start("stream", size=size, seed=f"{side.name}{pair.port}", timeout=LIMIT_S)
            # A byte more than there is: the end must come, too.
            side.start("recv", size=size + 1, timeout=LIMIT_S)
    got = {(pair.port, side.name): side.ask("join", key="recv", timeout=LIMIT_S)
           for pair in pairs for side in (pair.client, pair.server)}
    took = time.monotonic() - begun
    for pair in pairs:
        for side, far in ((pair.client, pair.server), (pair.server, pair.client)):
            wanted = side.ask("expect", size=size, seed=f"{far.name}{pair.port}") + " EOF"
            check_equal(got[pair.port, side.name], wanted,
                        f"bytes from the {far.name}, IPv{pair.family}")
    return took


def transfer(lab, number, options, size, connections):
    pairs = []
    try:
        for nth in range(2 * connections):
            pairs.append(Pair(lab, number, 6 if nth % 2 else 4, nth // 2))
            connect(pairs[-1], options)
        return both_ways(pairs, size // connections)
    finally:
        for pair in pairs:
            pair.close()


def one(lab, way, number, line, control, window):
    """A transfer over lines of this kind, and its line in the report."""
    name = f"test_tcp_line: {line}, {control}, {window} windows ({way})"
    words, counter = LINES[line][:2]
    size, connections = size_of(way, line, window)
    try:
        with lab.all_lines(*words, "--seed", number) as lines:
            took = transfer(lab, number, socket_options(control, window), size, connections)
        check(sum(each.total(counter) for each in lines) > 0, f"no packet was {counter}")
        print(f"# {line}, {control}, {window}, {way}: {4 * 8 * size / took / 1e6:.1f} Mbit/s in "
              f"all, {took:.1f} s", flush=True)
        suite.ok(name)
    except Skip as why:
        suite.skip(name, why)
    except Failure as why:
        suite.not_ok(name, why)


def all_transfers(lab, way, line):
    for number, words in enumerate(transfers(way, line)):
        one(lab, way, number, *words)


def each_line(*ways):
    """When soaking a line is a case of its own."""
    return [{"way": way, "line": line} for line in (LINES if SOAK else (ALL,)) for way in ways]


@suite.case(limit_s=400, soak_limit_s=7200, each=each_line(FORWARDED, INSPECTED))
def what_arrives_over_bad_lines_is_what_was_sent(way, line):
    with Lab(best_device(), lines=["client", "server"]) as lab, \
            lab.weir(policy=policy(way)) as weir:
        before = free_buffers(weir)
        all_transfers(lab, way, line)
        check(weir.alive(), "weir has ended")
        is_carried(weir, way)
        buffers_come_back(weir, before)


@suite.case(soak_limit_s=3600, each=each_line(CABLE))
def the_same_without_weir_for_comparison(way, line):
    if not SOAK:
        raise Skip("only when soaking: it says nothing of weir")
    with Lab("cable", lines=["client", "server"]) as lab:
        all_transfers(lab, way, line)


def goodput(device, words):
    """Mbit/s from the server to the client, and weir's counters."""
    with Lab(device, lines=["client"]) as lab, lab.weir(policy=policy(INSPECTED)) as weir:
        lab.iperf3_server()
        with lab.line("client", *words):
            rate = lab.iperf3("-R", seconds=4)["end"]["sum_received"]["bits_per_second"] / 1e6
        return rate, weir and weir.counters()


@suite.case()
def packets_that_overtake_each_other_are_no_loss():
    """Nothing is lost: what is late is taken for lost now and then, and that is undone."""
    words = LINES["another order by jitter"][0]
    need("iperf3")
    by_cable, _ = goodput("cable", words)
    rate, counters = goodput(best_device(), words)
    events, undone = counters["tcp_recoveries"], counters["tcp_undone"]
    print(f"# {rate:.0f} Mbit/s, by cable {by_cable:.0f}; of {events} recoveries {undone} undone",
          flush=True)
    # Whether one is shown to be in vain depends on which acknowledgements arrive; most are.
    check(events - undone <= max(8, events / 4), f"of {events} recoveries only {undone} are undone")


if __name__ == "__main__":
    suite.main()
