# SPDX-License-Identifier: BSD-3-Clause
"""A table full of live flows, by weir-bench over memif and vhost: all are found again, control
still answers, and peers that come and go disturb nothing."""
import os
import time

from cases import SOAK, Skip, Suite, check, check_equal
from lab import NO_HOSTS, WEIR_BENCH, Lab, cpus, end_process, wait_for

suite = Suite()
FLOWS = 1_000_000 if SOAK else 200_000
RATE = 60_000  # packets a second that even a shared core can do
LIMIT_S = 300 if SOAK else 120


def command(lab, rate, seconds):
    if not os.access(WEIR_BENCH, os.X_OK):
        raise Skip("weir-bench is not built")
    return [WEIR_BENCH, "traffic", "--source", lab.peer_device(0), "--sink",
            lab.peer_device(1), "--cpu", cpus()[0], "--seconds", seconds, "--rate", rate]


def have_memory(gib):
    pages = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if pages < gib << 30:
        raise Skip(f"less than {gib} GiB of memory is free")


@suite.case(limit_s=LIMIT_S + 60, each=[{"device": d} for d in NO_HOSTS])
def so_many_flows_live_at_once_and_are_found_again(device):
    have_memory(3 if SOAK else 1)
    if len(cpus()) < 2:
        raise Skip("a second core is needed")
    def flows(weir):
        return sum(worker["flows"] for worker in weir.ctl("status")["workers"])

    with Lab(device) as lab, lab.weir(connections=FLOWS + FLOWS // 5,
                                       memory=", hugepages: never") as weir:
        peer = lab.gateway.start(*command(lab, RATE, LIMIT_S), "--mode", "udp", "--flows", FLOWS)
        wait_for(lambda: flows(weir) > FLOWS * 0.95 and
                 weir.counters()["rx_packets"] > 2 * FLOWS, LIMIT_S, "each flow met twice")
        end_process(peer)
        check(weir.alive(), "weir has ended")
        print(f"# {flows(weir)} flows in the table", flush=True)
        check(weir.counters()["flows_created"] <= FLOWS, "flows were made twice")
        drops = weir.drops()
        check("flow_table_full" not in drops, f"drops: {drops}")
        answer = weir.ctl("flows", limit=10, src="10.1.0.0/16")
        check_equal(len(answer["flows"]), 10, "flows shown")
        check(answer["total"] > FLOWS * 0.95, f"{answer['total']} flows match")


@suite.case(limit_s=240, each=[{"device": d} for d in NO_HOSTS])
def peers_that_die_under_full_load_do_not_take_weir_with_them(device):
    with Lab(device) as lab, lab.weir(connections=400_000,
                                       memory=", hugepages: never") as weir:
        for i in range(8):
            peer = lab.gateway.start(*command(lab, "max", 60), "--mode", "udp", "--both",
                                     "--flows", 300_000)
            before = weir.counters()["rx_packets"]
            wait_for(lambda before=before: weir.counters()["rx_packets"] > before + 10_000, 50,
                     "packets of the peer")
            peer.kill()
            peer.wait(10)
            time.sleep(0.2)
            check(weir.alive(), f"weir has ended with peer {i}")
        check(weir.ctl("status")["ok"], "status")


if __name__ == "__main__":
    suite.main()
