# SPDX-License-Identifier: BSD-3-Clause
"""To both peers a connection through weir looks as it does without it: every row of
tcp_scenarios.py, by cable and through weir."""
import functools
import time

import tcp_scenarios
from cases import SOAK, Failure, Suite, check
from lab import Lab, best_device, wait_for
from tcp_scenarios import ROWS, SILENT_HOST, Row, Together

# What stands between the peers. `inspected`: weir's own endpoints carry the connection.
FORWARDED, INSPECTED = "forwarded", "inspected"
WAYS = [FORWARDED, INSPECTED]
FAMILIES = [4, 6] if SOAK else [4]
LINE = ("--delay", "100ms")  # in which two hosts do something at once, however busy they are

POLICY = """
kind: Defaults
metadata: { name: defaults }
spec: { unmatched: allow, nonIP: allow, unknownProtocol: allow }
---
kind: AccessPolicy
metadata: { name: all-tcp }
spec: { from: any, to: any, protocol: tcp, action: allow, inspect: %s }
"""
OPTIONS = {
    "neither has timestamps": {"tcp_timestamps": 0},
    "neither has selective acknowledgements": {"tcp_sack": 0},
    "neither scales its window": {"tcp_window_scaling": 0},
    "neither has any of them": {"tcp_timestamps": 0, "tcp_sack": 0, "tcp_window_scaling": 0},
    "ECN": {"tcp_ecn": 1},
}

suite = Suite()


def policy(way):
    return POLICY % ("true" if way == INSPECTED else "false")


def prepare(lab):
    for end in (lab.client, lab.server):
        end.sysctl("net.ipv4.tcp_fastopen", 3, check=False)
    for host in SILENT_HOST.values():
        lab.client.ip("neigh", "replace", host, "lladdr", "02:00:00:77:00:99", "dev", "eth0", "nud",
                      "permanent")


def rows(delayed):
    return [r for r in ROWS if r.delayed == delayed]


@functools.cache
def by_cable(delayed, family):
    """What is seen without weir: {row: trace}."""
    lines = ["client"] if delayed else []
    with Lab("cable", lines=lines) as lab:
        prepare(lab)
        if not delayed:
            return Together(lab, rows(delayed), family).run()
        with lab.line("client", *LINE):
            return Together(lab, rows(delayed), family).run()


def judge(r, way, reference, seen):
    for what, trace in (("by cable", reference), (way, seen)):
        if isinstance(trace, Exception):
            raise Failure(f"{what}: {type(trace).__name__}: {trace}")
    wanted = r.expected(reference, way == INSPECTED)
    for i in range(max(len(wanted), len(seen))):
        want, got = (lines[i] if i < len(lines) else "(end)" for lines in (wanted, seen))
        check(want == got, f"step {i + 1}: seen {got!r}, wanted {want!r}, after {seen[:i][-3:]}")


def tell(name, judgement):
    """A row's own line."""
    try:
        judgement()
        suite.ok(name)
    except AssertionError as why:
        suite.not_ok(name, why)


def compare(way, family, reference, seen):
    for r in seen:
        tell(f"test_tcp_look: {r.name} ({way}, IPv{family})",
             lambda r=r: judge(r, way, reference[r], seen[r]))


def is_carried(weir, way):
    """The policy did what its name says."""
    inspected = weir.counters()["flows_inspected"]
    check(bool(inspected) == (way == INSPECTED), f"{inspected} flows were inspected")


def free_buffers(weir):
    return sum(worker["mbufs_free"] for worker in weir.ctl("status")["workers"])


def buffers_come_back(weir, before):
    """All but the few that a driver's caches keep, or that a connection has which still waits."""
    wait_for(lambda: free_buffers(weir) > before - 1024, 30,
             f"the {before} packet buffers that were free before")


@suite.case(limit_s=300, soak_limit_s=900,
            each=[{"way": w, "family": f} for w in WAYS for f in FAMILIES])
def both_peers_see_what_they_see_by_cable(way, family):
    reference = by_cable(False, family)
    with Lab(best_device()) as lab, lab.weir(policy=policy(way)) as weir:
        prepare(lab)
        begun, buffers = time.monotonic(), free_buffers(weir)
        seen = Together(lab, rows(False), family).run()
        print(f"# {len(seen)} rows in {time.monotonic() - begun:.1f} s", flush=True)
        check(weir.alive(), "weir has ended")
        is_carried(weir, way)
        compare(way, family, reference, seen)
        buffers_come_back(weir, buffers)


@suite.case(limit_s=240, each=[{"way": w, "family": f} for w in WAYS for f in FAMILIES])
def what_crosses_on_the_way_is_seen_as_by_cable(way, family):
    reference = by_cable(True, family)
    with Lab(best_device(), lines=["client"]) as lab, lab.weir(policy=policy(way)) as weir, \
            lab.line("client", *LINE):
        prepare(lab)
        seen = Together(lab, rows(True), family).run()
        check(weir.alive(), "weir has ended")
        is_carried(weir, way)
        compare(way, family, reference, seen)


@suite.case(limit_s=240, each=[{"way": w} for w in WAYS])
def hosts_that_lack_options_of_tcp_are_served(way):
    r = Row(tcp_scenarios.plain)
    with Lab(best_device()) as lab, lab.weir(policy=policy(way)) as weir:
        for number, (name, settings) in enumerate(OPTIONS.items()):
            for where in ("both", "client", "server"):
                for end, word in ((lab.client, "client"), (lab.server, "server")):
                    for key in ("tcp_timestamps", "tcp_sack", "tcp_window_scaling"):
                        end.sysctl(f"net.ipv4.{key}", 1)
                    end.sysctl("net.ipv4.tcp_ecn", 2)
                    for key, value in settings.items():
                        if where in ("both", word):
                            end.sysctl(f"net.ipv4.{key}", value)
                r.number = 500 + 3 * number + ("both", "client", "server").index(where)
                seen = Together(lab, [r], 4).run()[r]
                if isinstance(seen, Exception):
                    raise Failure(f"{name}, {where}: {seen}")
        is_carried(weir, way)


if __name__ == "__main__":
    suite.main()
