# SPDX-License-Identifier: BSD-3-Clause
"""A flow flood against a small table: what Defaults.failure.memory says happens, it is counted and
told, half-open flows make room for honest ones, and nothing else breaks."""
import errno
import itertools
import threading
import time

from cases import Skip, Suite, check, check_equal
from frames import Capture, drain, packet_socket, send
from lab import ALLOW_ALL, Lab, need_device, wait_for
from test_policy import connect, listener

try:
    from scapy.all import IP, TCP, UDP, Ether, Raw, raw
except ImportError:
    raw = None

suite = Suite()
FLOWS = 256


def policy(memory="closed", evict="false"):
    return f"""
kind: Defaults
metadata: {{ name: defaults }}
spec:
  unmatched: allow
  evictHalfOpen: {evict}
  failure: {{ memory: {memory} }}
"""


def frames(lab, layer, count):
    """One frame a source, none of which exists: nobody answers them."""
    if raw is None:
        raise Skip("scapy is not installed")
    return [raw(Ether(src="02:00:00:77:00:01", dst="02:00:00:77:00:02") /
                IP(src=f"10.77.{1 + i // 250}.{1 + i % 250}", dst=lab.server.v4) /
                layer / Raw(b"FLOOD")) for i in range(count)]


def flood(lab, weir, layer, count):
    """No faster than weir takes it, so that nothing is lost before; all of it has come to weir when
    this ends."""
    def taken():
        return weir.counters()["rx_packets"] - before

    before = weir.counters()["rx_packets"]
    with packet_socket(lab.client) as s:
        for n, frame in enumerate(frames(lab, layer, count), 1):
            send(s, frame)
            if n % 64 == 0 or n == count:
                wait_for(lambda n=n: taken() >= n, 30, f"weir taking {n} frames")


def udp_layer():
    return UDP(sport=9, dport=9)


def syn_layer():
    return TCP(sport=9, dport=80, flags="S", seq=1)


def open_connection(lab, server):
    client = lab.client.socket()
    client.settimeout(5)
    client.connect((lab.server.v4, 80))
    peer, _ = server.accept()
    peer.settimeout(5)
    return client, peer


def talk(client, peer):
    client.send(b"still there?")
    check_equal(peer.recv(100), b"still there?", "bytes of the old connection")


@suite.case(each=[{"device": device} for device in ("af_packet", "af_xdp", "tap")])
def a_full_table_that_fails_closed_refuses_new_flows_and_keeps_old_ones(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(policy(), connections=FLOWS) as weir, \
            listener(lab.server, 80) as server:
        client, peer = open_connection(lab, server)
        with Capture(lab.server) as capture:
            flood(lab, weir, udp_layer(), 4 * FLOWS)
            wait_for(lambda: len(capture.having(b"FLOOD")) +
                     weir.drops().get("flow_table_full", 0) >= 4 * FLOWS, 30,
                     "each datagram at the server or dropped as flow_table_full")
        passed = len(capture.having(b"FLOOD"))
        check(0 < passed <= FLOWS + 1, f"{passed} flows of {4 * FLOWS} passed a table of {FLOWS}")
        check_equal(weir.drops().get("flow_table_full", 0), 4 * FLOWS - passed,
                    "dropped as flow_table_full")
        event = weir.wait_event(event_type="failure")
        check_equal(event["weir"]["reason"], "flow_table_full", "reason of the event")
        talk(client, peer)
        check_equal(connect(lab.client, lab.server.v4, 80, timeout=1)[0], errno.ETIMEDOUT,
                    "a new connection")
        client.close()
        peer.close()


@suite.case()
def a_full_table_that_fails_open_passes_packets_without_a_flow():
    with Lab("tap") as lab, lab.weir(policy("open"), connections=FLOWS) as weir, \
            listener(lab.server, 80):
        with Capture(lab.server) as capture:
            flood(lab, weir, udp_layer(), 4 * FLOWS)
            wait_for(lambda: len(capture.having(b"FLOOD")) >= 4 * FLOWS, 30, "all datagrams")
        check_equal(len(capture.having(b"FLOOD")), 4 * FLOWS, "datagrams that passed")
        check(weir.counters()["forwarded_stateless"] >= 2 * FLOWS,
              "forwarded_stateless is not counted")
        check_equal(weir.wait_event(event_type="failure")["weir"]["reason"], "flow_table_full",
                    "reason of the event")
        check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "a new connection")


@suite.case()
def a_full_table_that_fails_with_reset_says_so_to_the_sender():
    with Lab("tap") as lab, lab.weir(policy("reset"), connections=FLOWS) as weir, \
            listener(lab.server, 80):
        flood(lab, weir, udp_layer(), 2 * FLOWS)
        check_equal(connect(lab.client, lab.server.v4, 80)[0], errno.ECONNREFUSED,
                    "a new connection")
        check(weir.counters()["rst_sent"] >= 1, "the reset is not counted")


@suite.case(each=[{"device": device} for device in ("af_packet", "tap")])
def honest_connections_get_in_while_a_syn_flood_goes_on(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(policy(evict="true"), connections=FLOWS) as weir, \
            listener(lab.server, 80) as server:
        server.listen(4096)
        old, old_peer = open_connection(lab, server)
        stop = threading.Event()
        all_frames = frames(lab, syn_layer(), 2000)

        def attack(s):
            for frame in itertools.cycle(all_frames):
                if stop.is_set():
                    return
                send(s, frame)
                time.sleep(0.0005)

        s = packet_socket(lab.client)
        attacker = threading.Thread(target=attack, args=(s,), daemon=True)
        attacker.start()
        try:
            wait_for(lambda: weir.counters()["flows_evicted"] > 100, 60, "evictions")
            for i in range(20):
                check_equal(connect(lab.client, lab.server.v4, 80, timeout=10)[0], 0,
                            f"honest connection {i}")
            talk(old, old_peer)
        finally:
            stop.set()
            attacker.join()
            drain(s)
            s.close()
        old.close()
        old_peer.close()


@suite.case()
def what_policy_denies_does_not_fill_the_table():
    """Denied flows have only a share of it, so that a scan takes nobody's place."""
    denied = ALLOW_ALL + """---
kind: Group
metadata: { name: everybody }
spec: { cidrs: [ 0.0.0.0/0 ] }
---
kind: AccessPolicy
metadata: { name: no-discard }
spec: { from: everybody, to: any, protocol: udp, ports: [ 9 ], action: drop }
"""
    with Lab("tap") as lab, lab.weir(denied, connections=FLOWS) as weir, listener(lab.server, 80):
        flood(lab, weir, udp_layer(), 4 * FLOWS)
        wait_for(lambda: weir.drops().get("policy_drop", 0) >= 4 * FLOWS, 30,
                 f"all of it dropped as policy_drop: {weir.drops()}")
        counters = weir.counters()
        check(counters["denied_untracked"] > 2 * FLOWS, "denied_untracked is not counted")
        code = connect(lab.client, lab.server.v4, 80)[0]
        check(code == 0 or weir.drops().get("default_deny"), f"a new connection: {code}")


if __name__ == "__main__":
    suite.main()
