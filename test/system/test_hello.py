# SPDX-License-Identifier: BSD-3-Clause
"""Flows that are allowed by the name in their ClientHello: each form of it has its verdict, and the
server's application has read nothing before."""
import socket
import time

from cases import Suite, check, check_equal
from client_hello import hello, message, records
from lab import ALLOW_ALL, Lab, best_device, need, wait_for
from pki import RSA, Authority
from test_inspect import Recorder, dial, dial_in

suite = Suite()
POLICY = """
kind: Defaults
spec: {{ unmatched: allow, timeouts: {{ clientHello: {timeout} }} }}
---
kind: EgressPolicy
metadata: {{ name: out }}
spec:
  from: [ 10.77.0.1, "fd77::1" ]
  otherwise: {otherwise}{more}
  allow:
    - {{ name: named, names: [ good.example, "*.cdn.example" ], ports: [ 8080, 8443 ]{entry} }}
    - {{ name: rest, to: any, protocol: tcp, ports: 81 }}
    - {{ name: icmp, to: any, protocol: [ icmp, icmpv6 ] }}
"""
LONG = ".".join(["a" * 60] * 5)  # 304 bytes
GOOD = [
    {"what": "whole", "bytes_": hello("good.example")},
    {"what": "over three records", "bytes_": hello("good.example", size=100)},
    {"what": "of 16 KiB", "bytes_": hello("good.example", padding=16 << 10)},
    {"what": "with GREASE", "bytes_": hello("good.example", grease=True)},
    {"what": "with ECH", "bytes_": hello("good.example", ech=True, grease=True)},
    {"what": "below a wildcard", "bytes_": hello("a.b.CDN.example")},
    {"what": "with more behind it", "bytes_": hello("good.example") + b"\x17\x03\x03\0\x05early"},
]
BAD = [
    {"what": "of another name", "bytes_": hello("evil.example"), "reason": "sni_denied"},
    {"what": "of another name with ECH", "bytes_": hello("evil.example", ech=True),
     "reason": "sni_denied"},
    {"what": "of 16 KiB for another name", "bytes_": hello("evil.example", padding=16 << 10),
     "reason": "sni_denied"},
    {"what": "without a name", "bytes_": hello(), "reason": "sni_missing"},
    {"what": "of two names", "bytes_": hello("good.example", "evil.example"), "reason": "sni_bad"},
    {"what": "of a name of 304 bytes", "bytes_": hello(LONG), "reason": "sni_bad"},
    {"what": "with NUL", "bytes_": hello(b"good.example\0.evil.example"), "reason": "sni_bad"},
    {"what": "of an address", "bytes_": hello("10.77.0.2"), "reason": "sni_bad"},
    {"what": "malformed", "bytes_": records(message((b"good.example",))[:-1] + b"\0\0"),
     "reason": "hello_bad"},
    {"what": "too large", "bytes_": b"\x16\x03\x01\x40\0\x01\x01\x10\0" + bytes(70000),
     "reason": "hello_bad"},
    {"what": "that is HTTP", "bytes_": b"GET / HTTP/1.1\r\nHost: good.example\r\n\r\n",
     "reason": "no_hello"},
]


def policy(timeout="60s", otherwise="deny", more="", entry=""):
    return POLICY.format(timeout=timeout, otherwise=otherwise, more=more, entry=entry)


def hosts(lab):
    return ((socket.AF_INET, lab.server.v4), (socket.AF_INET6, lab.server.v6))


def connect(lab, server, host):
    """A connection that the server's application has, too."""
    before = len(server.got)
    s = dial(lab, host)
    wait_for(lambda: len(server.got) > before, 30, "the server's side of the connection")
    return s


def say(s, content, piece):
    """Gives the error that ended it, None: none did. A large one would take too long by bytes."""
    piece = max(piece, len(content) // 1000)
    try:
        for i in range(0, len(content), piece):
            s.send(content[i:i + piece])
            if piece < 100:
                time.sleep(0.0005)
        return None
    except OSError as why:
        return why.strerror


def heard(s):
    """All that comes until the end, and how that was."""
    got = b""
    try:
        while more := s.recv(4096):
            got += more
        return got, "closed"
    except OSError as why:
        return got, why.strerror


@suite.case(each=[{"piece": 1}, {"piece": 1400}], limit_s=300)
def a_client_hello_that_policy_allows_arrives_as_it_was_sent(piece):
    with Lab(best_device()) as lab, lab.weir(policy=policy()) as weir:
        for family, host in hosts(lab):
            with Recorder(lab.server, family, answer=b"well") as server:
                for n, row in enumerate(GOOD):
                    with connect(lab, server, host) as s:
                        check_equal(say(s, row["bytes_"][:-1], piece), None, row["what"])
                        if b"early" not in row["bytes_"]:
                            time.sleep(0.05)
                            check_equal(server.got[n], b"", f"{row['what']}: before its last byte")
                        check_equal(say(s, row["bytes_"][-1:], piece), None, row["what"])
                        check_equal(s.recv(4), b"well", f"{row['what']}: the answer")
                        s.shutdown(socket.SHUT_WR)
                        heard(s)  # an answer to each piece that the server has read
                    wait_for(lambda n=n: server.ends[n] == "closed", 30, "the server's end")
                    check_equal(server.got[n], row["bytes_"], row["what"])
            events = wait_for(lambda host=host: len(found := weir.events(
                event_type="tls", dest_ip=host)) == len(GOOD) and found, 30, "records")
            for e in events:
                check_equal((e["weir"]["verdict"], e["weir"]["policy"], e["weir"]["rule"]),
                            ("allow", "out", "named"), "decision")
                check(e["tls"]["ja4"].startswith("t13d0") and len(e["tls"]["ja3"]["hash"]) == 32,
                      f"fingerprints: {e['tls']}")
                check_equal(e["tls"]["client_alpns"], ["h2", "http/1.1"], "ALPN")
            check_equal([e["tls"]["sni"] for e in events[-2:]], ["a.b.cdn.example", "good.example"],
                        "names")
            check_equal([e["weir"]["hello"]["ech"] for e in events],
                        [row["what"] == "with ECH" for row in GOOD], "ECH")
        weir.await_counters(names_allowed=2 * len(GOOD))


@suite.case(each=[{"piece": 1}, {"piece": 1400}], limit_s=300)
def a_client_hello_that_policy_does_not_allow_does_not_arrive(piece):
    with Lab(best_device()) as lab, lab.weir(policy=policy()) as weir:
        for family, host in hosts(lab):
            with Recorder(lab.server, family) as server:
                for n, row in enumerate(BAD):
                    with connect(lab, server, host) as s:
                        say(s, row["bytes_"], piece)
                        got, end = heard(s)
                    alert = {"hello_bad": b"\x15\x03\x03\0\x02\x02\x32",
                             "no_hello": b""}.get(row["reason"], b"\x15\x03\x03\0\x02\x02\x31")
                    check_equal(got, alert, f"{row['what']}: what the client is told ({end})")
                    wait_for(lambda n=n: server.ends[n], 30, f"{row['what']}: the server's end")
                    check_equal((server.got[n], server.ends[n]), (b"", "Connection reset by peer"),
                                f"{row['what']}: what the server saw")
                    kind = "tls" if row["reason"].startswith("sni") else "decision"
                    e = weir.wait_event(event_type=kind, dest_ip=host,
                                        weir={"reason": row["reason"], "verdict": "deny",
                                              "policy": "out", "rule": "otherwise"})
                    if row["reason"] == "sni_denied":
                        check_equal(e["tls"]["sni"], "evil.example", "the name")
        drops = weir.drops()
        for row in BAD:
            check(drops.get(row["reason"], 0) >= 2, f"{row['reason']} among {drops}")
        weir.await_counters(names_denied=2 * len(BAD))


@suite.case()
def who_says_nothing_or_lets_the_server_speak_first_is_refused():
    with Lab(best_device()) as lab, lab.weir(policy=policy(timeout="1s")) as weir:
        with Recorder(lab.server) as server:
            for text in (b"", hello("good.example")[:50]):
                begun = time.monotonic()
                with dial_in(lab, server) as s:
                    s.sendall(text)
                    check(heard(s)[1], "it is not ended")
                    check(time.monotonic() - begun > 0.5, "the time it took")
                wait_for(lambda: server.ends[-1], 30, "the server's end")
                check_equal(server.got[-1], b"", "what the server read")
            weir.wait_event(weir={"reason": "hello_timeout", "verdict": "deny"})
        with lab.server.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("0.0.0.0", 8443))
            listener.listen()
            with lab.client.socket() as s:
                s.settimeout(5)
                s.connect((lab.server.v4, 8443))
                connection, _ = listener.accept()
                connection.sendall(b"220 hello\r\n")
                check_equal(heard(s)[0], b"", "what the client read")
                connection.close()
        weir.wait_event(weir={"reason": "no_hello"}, dest_port=8443)


@suite.case()
def a_dropped_name_is_told_to_the_server_only():
    with Lab(best_device()) as lab, lab.weir(policy=policy(otherwise="drop")) as weir:
        with Recorder(lab.server) as server, dial_in(lab, server) as s:
            s.settimeout(1.5)
            s.sendall(hello("evil.example"))
            check_equal(heard(s), (b"", None), "what the client was told")
            wait_for(lambda: server.ends == ["Connection reset by peer"], 30, "the server's end")
            check_equal(server.got, [b""], "what the server read")
        weir.wait_event(event_type="tls", weir={"reason": "sni_denied", "verdict": "drop"})


@suite.case()
def a_missing_name_passes_where_policy_says_so_and_trials_refuse_nothing():
    with Lab(best_device()) as lab, \
            lab.weir(policy=policy(more="\n  missingSni: allow")) as weir, \
            Recorder(lab.server, answer=b"well") as server:
        with dial_in(lab, server) as s:
            s.sendall(hello())
            check_equal(s.recv(4), b"well", "the answer")
        weir.write_policy(policy(more="\n  mode: detect"))
        weir.ctl("reload")
        for content in (hello("evil.example"), b"GET / HTTP/1.1\r\n\r\n"):
            with dial_in(lab, server) as s:
                s.sendall(content)
                check_equal(s.recv(4), b"well", "the answer on trial")
        weir.wait_event(event_type="tls", weir={"reason": "sni_denied", "verdict": "allow",
                                                "would_deny": True})


@suite.case()
def an_allowed_flow_is_released_and_a_reload_asks_about_its_name():
    with Lab(best_device()) as lab, lab.weir(policy=policy()) as weir, \
            Recorder(lab.server, answer=b"well") as server:
        with dial_in(lab, server) as s:
            s.sendall(hello("good.example"))
            check_equal(s.recv(4), b"well", "the answer")
            for _ in range(3):
                s.sendall(b"more")
                check_equal(s.recv(4), b"well", "another answer")
                time.sleep(0.05)
            weir.await_counters(flows_released=1)
            weir.write_policy(policy().replace("[ good.example,", "[ good.example, other.example,"))
            weir.ctl("reload")
            s.sendall(b"more")
            check_equal(s.recv(4), b"well", "after a reload that allows it")
            weir.write_policy(policy().replace("good.example", "other.example"))
            weir.ctl("reload")
            say(s, b"more", 4)
            check_equal(heard(s), (b"", "Connection reset by peer"), "after one that does not")
        check_equal(server.got[0].count(b"more"), 4, "what went on")


@suite.case()
def explain_tells_what_a_name_would_do():
    with Lab(best_device()) as lab, lab.weir(policy=policy()) as weir:
        words = ("explain", lab.client.v4, lab.server.v4, "tcp", "8080")
        check("whom the client asks for decides" in weir.weirctl(*words).stdout, "without a name")
        check("allow, by out/named" in weir.weirctl(*words, "--sni", "x.cdn.example").stdout,
              "a name that fits")
        check("deny, by out/otherwise (sni_denied)" in
              weir.weirctl(*words, "--sni", "evil.example").stdout, "another name")
        check("(sni_missing)" in weir.weirctl(*words, "--sni", "").stdout, "no name")


PASSED = ALLOW_ALL + """---
kind: Service
metadata: { name: closed }
spec: { addresses: any, ports: [ 8443 ], protocol: tcp, tls: { mode: passthrough } }
"""


@suite.case(each=[{"by": "passed"}, {"by": "named"}])
def a_servers_certificate_is_told_of_where_it_is_in_the_clear(by):
    for program in ("nginx", "curl", "openssl"):
        need(program)
    text = PASSED if by == "passed" else policy()
    with Lab(best_device()) as lab, lab.weir(policy=text) as weir:
        Authority(lab.dir).make("site", "x/O=Corp", "subjectAltName=DNS:good.example,"
                                "DNS:*.good.example,IP:192.0.2.1", issuer=None, key=RSA)
        lab.nginx(listen=(8443,), tls=f"{lab.dir}/site")
        for host in (lab.server.v4, f"[{lab.server.v6}]"):
            for flag, version in (("1.2", "TLS 1.2"), ("1.3", "TLS 1.3")):
                done = lab.client.run(
                    "curl", "-sSk", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}",
                    "--tls-max", flag, "--resolve", f"good.example:8443:{host}",
                    "https://good.example:8443/none", check=False)
                check_equal(done.stdout, "404", f"{host} by TLS {flag}")
                shown = "shown" if flag == "1.2" else "hidden"
                event = weir.wait_event(event_type="tls", dest_ip=host.strip("[]"),
                                        weir={"server": {"certificate": shown}})
                tls = event["tls"]
                check_equal((tls["version"], tls["sni"]), (version, "good.example"), "eve's tls")
                check_equal(tls.get("subjectaltname"),
                            ["good.example", "*.good.example", "192.0.2.1"] if flag == "1.2"
                            else None, "names")
                check_equal(tls.get("issuerdn"), "O=Corp,CN=x" if flag == "1.2" else None,
                            "issuer")
        event = weir.wait_event(event_type="tls", weir={"hello": {"name": "good"}})
        check(len(event["tls"]["ja4"]) == 36, f"{event}")
        weir.await_counters(flows_released=4)
        check("TLS is passed on" in weir.weirctl(
            "explain", lab.client.v4, lab.server.v4, "tcp", "8443").stdout or by != "passed",
            "explain")


@suite.case()
def curl_reaches_the_sites_that_are_named_and_no_others():
    for program in ("nginx", "curl", "openssl"):
        need(program)
    with Lab(best_device()) as lab, lab.weir(policy=policy(), more="") as weir:
        Authority(lab.dir).make("site", "x", issuer=None)
        lab.nginx(listen=(8443,), tls=f"{lab.dir}/site")
        for host in (lab.server.v4, f"[{lab.server.v6}]"):
            for name, wanted in (("good.example", "404"), ("evil.example", "000")):
                for flag in ("1.2", "1.3"):
                    done = lab.client.run(
                        "curl", "-sk", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}",
                        "--tls-max", flag, "--resolve", f"{name}:8443:{host}",
                        f"https://{name}:8443/none", check=False)
                    check_equal(done.stdout, wanted, f"{name} at {host} over TLS {flag}")
        wait_for(lambda: len(weir.events(event_type="tls", weir={"hello": {}})) == 8, 30, "records")
        wait_for(lambda: len(weir.events(event_type="tls", weir={"server": {}})) == 4, 30,
                 "answers")


if __name__ == "__main__":
    suite.main()
