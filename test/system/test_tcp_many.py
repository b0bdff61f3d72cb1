# SPDX-License-Identifier: BSD-3-Clause
"""Many TCP connections, at once and one after another: all are served, and afterwards weir has what
it had before."""
import time

from cases import SOAK, Suite, check, check_equal
from lab import Lab, best_device, listens, wait_for
from tcp_pair import Pair
from test_tcp_look import FORWARDED, INSPECTED, buffers_come_back, free_buffers, is_carried, policy

suite = Suite()
WAYS = [{"way": w} for w in (FORWARDED, INSPECTED)]
AT_ONCE = 10_000 if SOAK else 1_000
SHORT = 300_000 if SOAK else 3_000
CONNECTIONS = 50_000  # that weir has room for: fewer than the short ones when soaking
FORGOTTEN_S = 150  # after which no flow may be left


def flows(weir):
    return sum(worker["flows"] for worker in weir.ctl("status")["workers"])


def only_past_flows(weir):
    """Those that are closed wait some time for repetitions; others are gone."""
    def at_work():
        answer = weir.ctl("flows", limit=1000)
        return [f for f in answer["flows"] if f["proto"] == "TCP"
                and f["state"] not in ("time_wait", "closed")]

    wait_for(lambda: not at_work(), 30, f"all flows are closed; {at_work()[:2]}")
    if SOAK:
        wait_for(lambda: flows(weir) == 0, FORGOTTEN_S, "no flow is left", step_s=1)


def pair_with_echo(lab):
    lab.client.sysctl("net.ipv4.ip_local_port_range", "10000 65000")
    pair = Pair(lab, 0, 4)
    pair.port = 7000
    pair.server.start("echo", host=lab.server.v4, port=pair.port)
    wait_for(lambda: listens(lab.server, pair.port), 30, "the server")
    return pair



@suite.case(soak_limit_s=600, each=WAYS)
def so_many_connections_live_at_once(way):
    with Lab(best_device()) as lab, \
            lab.weir(policy=policy(way), connections=CONNECTIONS, memory=f", inspected: "
                     f"{CONNECTIONS}") as weir:
        buffers = free_buffers(weir)
        pair = pair_with_echo(lab)
        try:
            opened = pair.client.ask("open_many", host=lab.server.v4, port=pair.port, n=AT_ONCE)
            check_equal(opened, str(AT_ONCE), "connections opened")
            check(flows(weir) >= AT_ONCE, f"{flows(weir)} flows in the table")
            for _ in range(3):
                check_equal(pair.client.ask("talk_many", n=AT_ONCE), str(AT_ONCE), "right echoes")
            pair.client.ask("close_many", n=AT_ONCE)
        finally:
            pair.close()
        is_carried(weir, way)
        only_past_flows(weir)
        buffers_come_back(weir, buffers)
        check_equal(weir.counters()["flows_evicted"], 0, "flows evicted")


@suite.case(soak_limit_s=2400, each=WAYS)
def short_connections_one_after_another_leave_nothing(way):
    with Lab(best_device()) as lab, \
            lab.weir(policy=policy(way), connections=CONNECTIONS, memory=f", inspected: "
                     f"{CONNECTIONS}") as weir:
        buffers = free_buffers(weir)
        pair = pair_with_echo(lab)
        begun = time.monotonic()
        try:
            done = pair.client.ask("short", host=lab.server.v4, port=pair.port, n=SHORT)
            check_equal(done, str(SHORT), "connections")
        finally:
            pair.close()
        took = time.monotonic() - begun
        print(f"# {way}: {SHORT / took:.0f} connections a second", flush=True)
        counters = weir.counters()
        check(counters["flows_created"] >= SHORT, f"{counters['flows_created']} flows were made")
        is_carried(weir, way)
        only_past_flows(weir)
        buffers_come_back(weir, buffers)


if __name__ == "__main__":
    suite.main()
