# SPDX-License-Identifier: BSD-3-Clause
"""A policy of 1,000 groups and 10,000 rules: it loads in seconds, and explain says for random flows
what the data path (by replay) decided. The same of 10,000 names and 1,000 identities, where explain
is held against a search through all of them, and connections against explain."""
import concurrent.futures
import json
import os
import random
import socket
import struct
import tempfile
import time

from cases import SOAK, Skip, Suite, check, check_equal
from client_hello import hello
from lab import WEIR, Lab, need, read_file, sh
from test_hello import connect, heard
from test_https import Pki
from test_inspect import Recorder
from test_odd_packets import REPLAY_CONF

try:
    from scapy.utils import RawPcapWriter
except ImportError:
    RawPcapWriter = None

suite = Suite()
GROUPS, RULES = 1000, 10_000
NAMES, IDENTITIES = 10_000, 1000
FLOWS = 50_000 if SOAK else 5_000
CLIENTS, AT_ONCE = 3, 500  # of the control socket, and what each asks before it reads
LOAD_S = 15
CLIENT_MAC, SERVER_MAC = bytes.fromhex("020000770001"), bytes.fromhex("020000770002")


def policy(rng):
    """Groups are /24s and /20s that overlap, and IPv6 networks; rules have all shapes."""
    parts = ["kind: Defaults\nmetadata: { name: defaults }\nspec: { unmatched: allow }\n"]
    for i in range(GROUPS):
        cidrs = [f"10.{i % 250}.{i // 250 * 64}.0/24", f"fd10:{i:x}::/32"]
        if i % 7 == 0:
            cidrs.append(f"10.{i % 250}.{i // 250 * 64}.0/20")
        parts.append(f"kind: Group\nmetadata: {{ name: g{i} }}\nspec: {{ cidrs: [ "
                     + ", ".join(f'"{c}"' for c in cidrs) + " ] }\n")
    for i in range(RULES):
        parts.append(rule(rng, i))
    return "---\n".join(parts)


def rule(rng, i):
    if i % 20 == 0:
        return (f"kind: EgressPolicy\nmetadata: {{ name: e{i} }}\nspec:\n  from: [ {group(rng)} ]\n"
                f"  allow:\n    - {{ to: {rng.choice(['198.51.100.0/24', '203.0.113.0/24'])}, "
                f"protocol: tcp, ports: [ 443 ] }}\n")
    action = rng.choice(["allow", "allow", "deny", "drop"])
    proto = rng.choice(["tcp", "udp", "[ tcp, udp ]"])
    ports = rng.choice(["[ 80 ]", "[ 80, 443 ]", '[ "1000-2000" ]', "[ 53 ]"])
    to = group(rng) if rng.random() < 0.8 else "any"
    return (f"kind: AccessPolicy\nmetadata: {{ name: p{i} }}\nspec: {{ priority: "
            f"{rng.randrange(1000)}, from: [ {group(rng)}, {group(rng)} ], to: {to}, "
            f"protocol: {proto}, ports: {ports}, action: {action} }}\n")


def group(rng):
    return f"g{rng.randrange(GROUPS)}"


def random_flow(rng, number):
    """(family, source, destination, protocol, source port, destination port); none comes twice."""
    six = rng.random() < 0.3
    return (6 if six else 4, address(rng, six), address(rng, six), rng.choice((6, 17)),
            10_000 + number % 50_000, rng.choice((53, 80, 443, 1000, 1500, 2000, 2001, 9)))


def address(rng, six):
    i = rng.randrange(GROUPS + 50)
    if six:
        text = f"fd10:{i:x}::{rng.randrange(1, 65536):x}"
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text))
    if rng.random() < 0.1:
        return rng.choice(("198.51.100.7", "203.0.113.9", "192.0.2.1"))
    return f"10.{i % 250}.{i // 250 % 4 * 64 + rng.randrange(3)}.{rng.randrange(1, 255)}"


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def frame(flow):
    """A SYN or an empty datagram, by hand: scapy would take minutes."""
    family, source, destination, proto, sport, dport = flow
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    src, dst = socket.inet_pton(kind, source), socket.inet_pton(kind, destination)
    l4 = (struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 0x50, 2, 1000, 0, 0) if proto == 6 else
          struct.pack("!HHHH", sport, dport, 8, 0))
    at = 16 if proto == 6 else 6
    total = checksum(src + dst + struct.pack("!HH", proto, len(l4)) + l4)
    l4 = l4[:at] + struct.pack("!H", total or 0xFFFF) + l4[at + 2:]
    if family == 6:
        return (SERVER_MAC + CLIENT_MAC + b"\x86\xdd" +
                struct.pack("!IHBB", 6 << 28, len(l4), proto, 64) + src + dst + l4)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(l4), 1, 0x4000, 64, proto, 0) + src + dst
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return SERVER_MAC + CLIENT_MAC + b"\x08\x00" + head + l4


def key(record):
    return (record["src_ip"], record["dest_ip"], record["proto"], record["src_port"],
            record["dest_port"])


def replayed(folder, flows):
    """What the data path decided: {key: (policy, verdict, reason)}."""
    writer = RawPcapWriter(f"{folder}/flows.pcap", linktype=1)
    writer.write_header(None)
    for i, flow in enumerate(flows):
        writer.write_packet(frame(flow), sec=1_600_000_000 + i // 1000, usec=i % 1000 * 1000)
    writer.close()
    with open(f"{folder}/weir.yaml", "w", encoding="utf-8") as f:
        f.write(REPLAY_CONF.replace("connections: 20000", "connections: 1000000"))
    sh(WEIR, "replay", "-c", f"{folder}/weir.yaml", "--in", f"{folder}/flows.pcap:client",
       "--decisions", f"{folder}/decisions.json", timeout=200)
    decided = {}
    for line in read_file(f"{folder}/decisions.json").splitlines():
        record = json.loads(line)
        if record["event_type"] in ("decision", "flow"):
            said = record["weir"]
            decided[key(record)] = (said["policy"], said["verdict"], said.get("reason"))
    return decided


def ask_at_once(weir, requests):
    """What explain decides about each, asked of one connection in a pipeline of many requests."""
    decisions = []
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(weir.socket_path)
        stream = s.makefile("rb")
        for start in range(0, len(requests), AT_ONCE):
            part = requests[start:start + AT_ONCE]
            s.sendall(b"".join(json.dumps({"cmd": "explain", **r}).encode() + b"\n" for r in part))
            for _ in part:
                answer = json.loads(stream.readline())
                check(answer["ok"], f"explain: {answer}")
                decisions.append(answer["explain"]["decision"])
    return decisions


def ask(weir, requests):
    """The same by several clients at a time, each of which asks its share."""
    share = -(-len(requests) // CLIENTS)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        shares = [pool.submit(ask_at_once, weir, requests[start:start + share])
                  for start in range(0, len(requests), share)]
        return [decision for s in shares for decision in s.result()]


def explained(weir, flows):
    """What explain says of the same flows."""
    said = ask(weir, [{"from": f[1], "to": f[2], "protocol": f[3], "port": f[5]} for f in flows])
    return {(f[1], f[2], {6: "TCP", 17: "UDP"}[f[3]], f[4], f[5]):
            (d["policy"], d["verdict"], d.get("reason")) for f, d in zip(flows, said)}


@suite.case(limit_s=240, soak_limit_s=1200)
def ten_thousand_rules_load_in_seconds_and_explain_agrees_with_the_data_path():
    if RawPcapWriter is None:
        raise Skip("scapy is not installed")
    rng = random.Random(7)
    text = policy(rng)
    flows = [random_flow(rng, i) for i in range(FLOWS)]
    with tempfile.TemporaryDirectory(prefix="weir-scale-") as folder:
        with open(f"{folder}/policy.yaml", "w", encoding="utf-8") as f:
            f.write(text)
        decided = replayed(folder, flows)
        os.unlink(f"{folder}/flows.pcap")
        with Lab("af_packet", quiet=True) as lab, lab.weir(text) as weir:
            begun = time.monotonic()
            check(weir.ctl("reload")["ok"], "reload")
            seconds = time.monotonic() - begun
            print(f"# {GROUPS} groups, {RULES} rules: loaded in {seconds:.2f} s", flush=True)
            check(seconds < LOAD_S, f"loading took {seconds:.1f} s")
            said = explained(weir, flows)
    check(len(decided) > FLOWS * 0.9, f"replay decided about {len(decided)} flows of {FLOWS}")
    verdicts = {value[1] for value in decided.values()}
    check_equal(verdicts, {"allow", "deny", "drop"}, "verdicts that occur")
    wrong = [(name, decided[name], said[name]) for name in decided if decided[name] != said[name]]
    check(not wrong, f"{len(wrong)} of {len(decided)} differ, the first: {wrong[:1]}")


# ---- names and identities ----

def host(rng):
    return ".".join([rng.choice(("api", "www", "cdn")), f"n{rng.randrange(NAMES // 2)}", "example"])


def workload(rng):
    return f"spiffe://cluster/ns/n{rng.randrange(IDENTITIES)}/sa/s{rng.randrange(5)}"


def pattern_of_host(rng):
    return rng.choice((host(rng), host(rng), "*." + host(rng).split(".", 1)[1]))


def pattern_of_workload(rng):
    segments = workload(rng).split("/")
    way = rng.randrange(4)
    if way == 0:
        return "/".join(segments[:5] + ["*"])
    if way == 1:
        segments[4] = "*"
        segments[6] = f"t{rng.randrange(IDENTITIES)}"
    return "/".join(segments)


def fits_host(pattern, name):
    return name.endswith(pattern[1:]) if pattern.startswith("*") else name == pattern


def fits_workload(pattern, identity):
    wanted, segments = pattern.split("/"), identity.split("/")
    if wanted[-1] == "*":
        return len(segments) >= len(wanted) and all(
            w in ("*", s) for w, s in zip(wanted[:-1], segments))
    return len(segments) == len(wanted) and all(w in ("*", s) for w, s in zip(wanted, segments))


def asking_policy(lab, names, identities):
    """Each name and each identity a rule of its own, between the same groups and ports."""
    allow = "\n".join(f"    - {{ name: n{i}, names: '{p}', ports: [ 8080, 8443 ] }}"
                      for i, p in enumerate(names))
    rules = "\n".join(f"    - {{ name: i{i}, from: 10.77.0.1, to: 10.77.0.2, ports: 443, "
                      f"action: allow, identities: '{p}' }}" for i, p in enumerate(identities))
    return (f"kind: EgressPolicy\nmetadata: {{ name: out }}\nspec:\n  from: 10.77.0.1\n"
            f"  allow:\n{allow}\n---\nkind: AccessPolicy\nmetadata: {{ name: mesh }}\nspec:\n"
            f"  rules:\n{rules}\n---\n"
            + Pki(lab.dir).policy("plain", more="\n    client: { verify: required, "
                                  f"ca: {lab.dir}/ca.pem }}", protocol="tcp"))


def first_fit(patterns, letter, fits, text):
    return next((f"{letter}{i}" for i, p in enumerate(patterns) if fits(p, text)), "otherwise")


def check_rules(asked, said, wanted, what):
    wrong = [(a, d, w) for a, d, w in zip(asked, said, wanted) if d["rule"] != w]
    check(not wrong, f"{len(wrong)} of {len(asked)} {what} differ, the first: {wrong[:1]}")
    check(0.1 < wanted.count("otherwise") / len(wanted) < 0.9, f"{what}: some fit, some do not")


@suite.case(limit_s=240)
def of_thousands_of_names_and_identities_the_first_that_fits_decides():
    need("openssl")
    rng = random.Random(11)
    names = [pattern_of_host(rng) for _ in range(NAMES)]
    identities = [pattern_of_workload(rng) for _ in range(IDENTITIES)]
    hosts = [host(rng) for _ in range(FLOWS // 5)]
    workloads = [workload(rng) for _ in range(FLOWS // 5)]
    place = {"from": "10.77.0.1", "to": "10.77.0.2", "protocol": 6}
    with Lab("af_packet") as lab, lab.weir(asking_policy(lab, names, identities)) as weir:
        begun = time.monotonic()
        check(weir.ctl("reload")["ok"], "reload")
        seconds = time.monotonic() - begun
        print(f"# {NAMES} names, {IDENTITIES} identities: loaded in {seconds:.2f} s", flush=True)
        check(seconds < LOAD_S, f"loading took {seconds:.1f} s")
        wanted = [first_fit(names, "n", fits_host, h) for h in hosts]
        check_rules(hosts, ask(weir, [{**place, "port": 8080, "sni": h} for h in hosts]), wanted,
                    "names")
        check_rules(workloads,
                    ask(weir, [{**place, "port": 443, "identity": w} for w in workloads]),
                    [first_fit(identities, "i", fits_workload, w) for w in workloads],
                    "identities")
        with Recorder(lab.server, answer=b"well") as server:
            for name, rule_name in list(zip(hosts, wanted))[:20]:
                with connect(lab, server, lab.server.v4) as s:
                    s.sendall(hello(name))
                    if rule_name == "otherwise":
                        heard(s)
                    else:
                        check_equal(s.recv(4), b"well", f"{name}: the answer")
                weir.wait_event(event_type="tls", tls={"sni": name}, weir={"rule": rule_name})


if __name__ == "__main__":
    suite.main()
