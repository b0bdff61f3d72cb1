# SPDX-License-Identifier: BSD-3-Clause
"""What policy refuses: answered at once or silently, told with its reason, and never across."""
import collections
import errno
import socket
import struct
import time

from cases import Skip, Suite, check, check_equal
from frames import Capture
from lab import Lab, need_device, wait_for

suite = Suite()
DEVICES = [{"device": device} for device in ("af_packet", "af_xdp", "tap")]

POLICY = """
kind: Group
metadata: { name: clients }
spec: { cidrs: [ 10.77.0.1/32, "fd77::1/128" ] }
---
kind: Group
metadata: { name: servers }
spec: { cidrs: [ 10.77.0.2/32, "fd77::2/128" ] }
---
kind: AccessPolicy
metadata: { name: web }
spec: { priority: 10, from: clients, to: servers, protocol: tcp, ports: 80, action: allow }
---
kind: AccessPolicy
metadata: { name: echo }
spec: { priority: 11, from: clients, to: servers, protocol: udp, ports: 7, action: allow }
---
kind: AccessPolicy
metadata: { name: no-ssh }
spec: { priority: 20, from: clients, to: servers, protocol: tcp, ports: 22, action: deny }
---
kind: AccessPolicy
metadata: { name: no-dns }
spec: { priority: 21, from: clients, to: servers, protocol: udp, ports: 53, action: deny }
---
kind: AccessPolicy
metadata: { name: black-hole }
spec: { priority: 22, from: clients, to: servers, protocol: [ tcp, udp ], ports: 666, action: drop }
---
kind: AccessPolicy
metadata: { name: watch-only }
spec: { priority: 5, from: clients, to: servers, protocol: tcp, ports: 80, action: deny,
        mode: detect }
"""

EGRESS = """
kind: Group
metadata: { name: workloads }
spec: { cidrs: [ 10.77.0.1/32, "fd77::1/128" ] }
---
kind: EgressPolicy
metadata: { name: only-the-mirror }
spec:
  from: [ workloads ]
  allow:
    - { to: [ 10.77.0.2/32, "fd77::2/128" ], protocol: tcp, ports: [ 80 ] }
"""


def connect(end, host, port, timeout=20.0):
    """errno of a TCP connection's end, or 0, and how long it took in seconds."""
    s = end.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(timeout)
    begun = time.monotonic()
    try:
        s.connect((host, port))
        return 0, time.monotonic() - begun
    except TimeoutError:
        return errno.ETIMEDOUT, time.monotonic() - begun
    except OSError as why:
        return why.errno, time.monotonic() - begun
    finally:
        s.close()


def datagram(end, host, port, timeout=10.0):
    """What a connected UDP socket hears after one datagram: the answer's bytes, or an errno."""
    s = end.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(timeout)
    try:
        s.connect((host, port))
        s.send(b"question")
        return s.recv(100)
    except TimeoutError:
        return errno.ETIMEDOUT
    except OSError as why:
        return why.errno
    finally:
        s.close()


def timed(ask, *arguments):
    begun = time.monotonic()
    return ask(*arguments), time.monotonic() - begun


def check_at_once(answer, what, wanted):
    """`answer` gives what has come and in how many seconds. A busy machine may be slow a few times,
    but a host that asks again only does so after a second."""
    took = []
    for _ in range(5):
        got, seconds = answer()
        check_equal(got, wanted, what)
        took.append(seconds)
        if seconds < 0.1:
            return
    check(False, f"{what}: at best {min(took) * 1000:.0f} ms")


def listener(end, port):
    s = end.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", port))
    s.listen()
    return s


def hosts(lab):
    return lab.server.v4, lab.server.v6


def warm_up(lab):
    """ARP and neighbour discovery are done, so that no later wall time has them in it."""
    for host in hosts(lab):
        check_equal(connect(lab.client, host, 80)[0], 0, f"the allowed connection to {host}")


def port_bytes(port):
    return struct.pack("!H", port)


@suite.case(each=DEVICES)
def a_denied_tcp_connection_is_refused_at_once(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(POLICY) as weir, listener(lab.server, 80), \
            listener(lab.server, 22):
        warm_up(lab)
        for host in hosts(lab):
            check_at_once(lambda host=host: connect(lab.client, host, 22),
                          f"connection to {host} port 22", errno.ECONNREFUSED)
            event = weir.wait_event(event_type="decision", dest_ip=host, dest_port=22)
            check_equal(event["weir"]["policy"], "no-ssh", "policy in the event")
            check_equal(event["weir"]["reason"], "policy_deny", "reason in the event")
            check_equal(event["weir"]["verdict"], "deny", "verdict in the event")
        check(weir.drops().get("policy_deny", 0) >= 2, "drops are not counted as policy_deny")
        check(weir.counters()["rst_sent"] >= 2, "resets are not counted")


@suite.case(each=DEVICES)
def a_denied_datagram_is_answered_as_prohibited(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(POLICY) as weir, listener(lab.server, 80):
        warm_up(lab)
        for host in hosts(lab):
            # Linux makes EHOSTUNREACH of ICMP 3/13 and EACCES of ICMPv6 1/1.
            wanted = errno.EACCES if ":" in host else errno.EHOSTUNREACH
            check_at_once(lambda host=host: timed(datagram, lab.client, host, 53),
                          f"answer to a datagram to {host}", wanted)
            event = weir.wait_event(event_type="decision", dest_ip=host, dest_port=53)
            check_equal(event["weir"]["policy"], "no-dns", "policy in the event")
        check(weir.counters()["icmp_sent"] >= 2, "ICMP answers are not counted")


@suite.case(each=DEVICES)
def a_dropped_flow_hears_nothing(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(POLICY) as weir, listener(lab.server, 80):
        warm_up(lab)
        for host in hosts(lab):
            check_equal(connect(lab.client, host, 666, timeout=1.5)[0], errno.ETIMEDOUT,
                        f"connection to {host} port 666")
            check_equal(datagram(lab.client, host, 666, timeout=1), errno.ETIMEDOUT,
                        f"answer to a datagram to {host} port 666")
            for proto in ("TCP", "UDP"):
                event = weir.wait_event(event_type="decision", dest_ip=host, dest_port=666,
                                        proto=proto)
                check_equal((event["weir"]["policy"], event["weir"]["reason"],
                             event["weir"]["verdict"]), ("black-hole", "policy_drop", "drop"),
                            "policy, reason and verdict in the event")
        check_equal(weir.counters()["rst_sent"] + weir.counters()["icmp_sent"], 0, "answers sent")


@suite.case(each=DEVICES)
def what_no_policy_allows_between_named_groups_is_denied_by_default(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(POLICY) as weir, listener(lab.server, 80), \
            listener(lab.server, 8080), listener(lab.client, 80):
        warm_up(lab)
        for end, host in ((lab.client, lab.server.v4), (lab.client, lab.server.v6)):
            check_equal(connect(end, host, 8080)[0], errno.ECONNREFUSED, f"connection to {host}")
            event = weir.wait_event(event_type="decision", dest_ip=host, dest_port=8080)
            check_equal(event["weir"]["reason"], "default_deny", "reason in the event")
        check_equal(connect(lab.server, lab.client.v4, 80)[0], errno.ECONNREFUSED,
                    "connection against the policy's direction")


def by_port(frames):
    """How many of TCP and UDP go to each port."""
    ports = collections.Counter()
    for frame in list(frames):
        offset = {b"\x08\x00": 36, b"\x86\xdd": 56}.get(frame[12:14])
        if offset and frame[23 if offset == 36 else 20] in (6, 17):
            ports[int.from_bytes(frame[offset:offset + 2], "big")] += 1
    return ports


@suite.case(each=DEVICES)
def no_packet_of_a_denied_flow_crosses(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(POLICY), listener(lab.server, 80), \
            listener(lab.server, 22), listener(lab.server, 8080):
        warm_up(lab)
        with Capture(lab.server) as capture:
            for host in hosts(lab):
                for port in (22, 8080):
                    for _ in range(20):
                        connect(lab.client, host, port)
                for port in (53, 666, 123):
                    for _ in range(20):
                        datagram(lab.client, host, port, timeout=0.01)
            check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "the allowed connection")
            wait_for(lambda: by_port(capture.frames)[80] >= 2, 30, "that one in the capture")
        crossed = {port: n for port, n in by_port(capture.frames).items() if port != 80}
        check(not crossed, f"packets crossed, by destination port: {crossed}")


@suite.case(each=DEVICES)
def a_segment_of_a_denied_flow_without_a_handshake_does_not_cross_either(device):
    need_device(device)
    try:
        from scapy.all import IP, TCP, Ether
    except ImportError:
        raise Skip("scapy is not installed") from None
    from frames import packet_socket, send
    with Lab(device) as lab, lab.weir(POLICY), listener(lab.server, 80):
        warm_up(lab)
        with Capture(lab.server) as capture, packet_socket(lab.client) as out:
            for flags in ("A", "PA", "F", "FA", "R", "RA", "S", "SA"):
                send(out, Ether(src="02:00:00:77:00:01", dst="02:00:00:77:00:02") /
                     IP(src=lab.client.v4, dst=lab.server.v4) /
                     TCP(sport=3333, dport=22, flags=flags, seq=1, ack=1) / b"SMUGGLED")
            time.sleep(0.3)
        check(not capture.having(b"SMUGGLED"), "a segment to port 22 crossed")


@suite.case()
def a_policy_in_mode_detect_refuses_nothing_and_says_what_it_would():
    with Lab("af_packet") as lab, lab.weir(POLICY) as weir, listener(lab.server, 80):
        warm_up(lab)
        check(weir.counters()["flows_would_deny"] >= 2, "flows_would_deny is not counted")
        flow = wait_flow(weir, dest_port=80)
        check(flow["weir"].get("would_deny"), f"the flow's record does not say would_deny: {flow}")
        check_equal(flow["weir"]["policy"], "watch-only", "policy that would have denied")


def wait_flow(weir, **match):
    """A flow's record is written when the flow has ended, at the latest when weir stops."""
    weir.stop()
    return weir.wait_event(event_type="flow", **match)


@suite.case(each=DEVICES)
def egress_goes_where_the_policy_allows_and_nowhere_else(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(EGRESS) as weir:
        www = lab.nginx(listen=(80, 8080))
        with open(f"{www}/file", "wb") as f:
            f.write(b"from the mirror")
        lab.server.ip("addr", "add", "10.77.0.3/24", "dev", "eth0")
        for host in (lab.server.v4, f"[{lab.server.v6}]"):
            done = lab.client.run("curl", "-s", "--max-time", 30, f"http://{host}/file")
            check_equal(done.stdout, "from the mirror", f"download from {host}")
        for host, port in ((lab.server.v4, 8080), ("10.77.0.3", 80), ("10.77.0.3", 389)):
            check_at_once(lambda host=host, port=port: connect(lab.client, host, port),
                          f"connection to {host} port {port}", errno.ECONNREFUSED)
            event = weir.wait_event(event_type="decision", dest_ip=host, dest_port=port)
            check_equal(event["weir"]["policy"], "only-the-mirror", "policy in the event")
            decision = weir.explain(lab.client.v4, host, "tcp", port)
            check_equal((decision["policy"], decision["verdict"], decision["reason"]),
                        ("only-the-mirror", event["weir"]["verdict"], event["weir"]["reason"]),
                        "explain against the event")
        allowed = weir.explain(lab.client.v4, lab.server.v4, "tcp", 80)
        check_equal((allowed["policy"], allowed["verdict"]), ("only-the-mirror", "allow"),
                    "explain of what is allowed")


if __name__ == "__main__":
    suite.main()
