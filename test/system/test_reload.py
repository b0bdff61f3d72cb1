# SPDX-License-Identifier: BSD-3-Clause
"""Reload under traffic loses nothing and leaks nothing; a bad file changes nothing; a killed weir
starts again as if nothing had been."""
import errno
import json
import os
import re
import signal
import socket
import threading
import time

from cases import SOAK, Suite, check, check_equal
from frames import SO_RCVBUFFORCE
from lab import ALLOW_ALL, Lab, need, need_device, wait_for
from test_policy import connect, listener

suite = Suite()
RELOADS = 1000 if SOAK else 30
HEAP_BOUND_KIB = 2048  # allocator noise; a policy lost at each reload would be far more
UNDER_WAY = 200  # datagrams without their answers
DEVICES = [{"device": device} for device in ("af_packet", "af_xdp", "tap")]

CLIENTS = """
kind: Group
metadata: { name: clients }
spec: { cidrs: [ 10.77.0.1/32, "fd77::1/128" ] }
---
"""
ALLOW_WEB = CLIENTS + """
kind: AccessPolicy
metadata: { name: web }
spec: { from: clients, to: any, protocol: tcp, ports: [ 80 ], action: allow }
"""
DENY_WEB = ALLOW_WEB.replace("action: allow", "action: deny")


def variant(i):
    """A policy that passes everything and differs from its neighbours by 200 groups and rules."""
    # Names come again: weir keeps each that it has ever seen, since records may still name it.
    groups = "".join(f"""---
kind: Group
metadata: {{ name: g{i % 10}-{k} }}
spec: {{ cidrs: [ 192.{i % 200}.{k}.0/24 ] }}
---
kind: AccessPolicy
metadata: {{ name: p{i % 10}-{k} }}
spec: {{ from: g{i % 10}-{k}, to: any, protocol: tcp, ports: [ {i % 1000 + k + 1} ], action: deny }}
""" for k in range(200))
    return ALLOW_ALL + groups


def generation(weir):
    return weir.ctl("status")["generation"]["number"]


def reload(weir):
    answer = weir.ctl("reload")
    check(answer["ok"], f"reload: {answer}")


class Sequence:
    """Numbered datagrams from client to server, up to 2,000 a second, each answered: any loss is
    seen. No more are under way than any queue takes while its reader has no processor."""

    def __init__(self, lab):
        self.server = lab.server.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client = lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.bind((lab.server.v4, 7))
        self.client.connect((lab.server.v4, 7))
        for s in (self.server, self.client):
            s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
            s.settimeout(0.2)
        self.sent, self.heard, self.answered = 0, set(), set()
        self.done = threading.Event()
        self.threads = [threading.Thread(target=turn, daemon=True)
                        for turn in (self.send, self.echo, self.listen)]

    def send(self):
        while not self.done.is_set():
            if self.sent - len(self.answered) < UNDER_WAY:
                self.client.send(b"%d" % self.sent)
                self.sent += 1
            time.sleep(0.0005)

    def echo(self):
        for data, source in self.receive(self.server):
            self.heard.add(int(data))
            self.server.sendto(data, source)

    def listen(self):
        for data, _ in self.receive(self.client):
            self.answered.add(int(data))

    def receive(self, s):
        """Until all are answered, or nothing more has come for long after the last was sent."""
        end = None
        while not self.done.is_set() or len(self.answered) < self.sent:
            try:
                yield s.recvfrom(100)
                end = None
            except TimeoutError:
                if self.done.is_set():
                    end = end or time.monotonic() + 10
                    if time.monotonic() > end:
                        return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()
        self.server.close()
        self.client.close()

    def await_more(self, count):
        """However fast reloads are, each has traffic of its own."""
        target = self.sent + count
        wait_for(lambda: self.sent >= target, 30, f"{count} datagrams more", step_s=0.0005)

    def check_all_came(self):
        check(self.sent > 200, f"only {self.sent} datagrams were sent")
        check_equal((len(self.heard), len(self.answered)), (self.sent, self.sent),
                    f"datagrams and answers of {self.sent}")


@suite.case(soak_limit_s=1500, each=DEVICES)
def reloads_under_traffic_lose_no_packet_and_no_memory(device):
    need_device(device)
    need("iperf3")
    with Lab(device) as lab, lab.weir(variant(0)) as weir:
        lab.iperf3_server()
        tcp = lab.client.start("iperf3", "-c", lab.server.v4, "-b", "20M", "-t", 3600)
        lab.client.run("ping", "-c", "1", lab.server.v4)  # addresses are resolved
        drops_before = weir.drops()
        with Sequence(lab) as sequence:
            for i in range(10):  # until allocators and caches have what they keep
                weir.write_policy(variant(i))
                reload(weir)
                sequence.await_more(6)
            before, first = generation(weir), weir.heap_kib()
            for i in range(RELOADS):
                weir.write_policy(variant(i))
                reload(weir)
                sequence.await_more(6)
            grown = weir.heap_kib() - first
            check(tcp.poll() is None, "iperf3 ended while reloading")
        sequence.check_all_came()
        check_equal(generation(weir), before + RELOADS, "generation")
        check_equal(weir.drops(), drops_before, "drops")
        print(f"# {device}: {RELOADS} reloads, {sequence.sent} datagrams and answers, heap "
              f"{grown:+} KiB", flush=True)
        check(grown < HEAP_BOUND_KIB, f"the heap grew by {grown} KiB in {RELOADS} reloads")


@suite.case()
def a_bad_file_leaves_the_running_generation_and_says_where_it_is_bad():
    with Lab("af_packet") as lab, lab.weir(ALLOW_WEB) as weir, listener(lab.server, 80):
        before = generation(weir)
        check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "the connection before")
        for good, bad in (("action:", "acton:"), ("10.77.0.1/32", "10.77.0.999/32"),
                          ("from: clients", "from: nobody-knows"), ("cidrs: [", "cidrs: {"),
                          ("action: allow", "action: alow"), ("kind: Access", "kind: Acess")):
            text = ALLOW_WEB.replace(good, bad)
            weir.write_policy(text)
            answer = weir.ctl("reload")
            check(not answer["ok"], "a bad file was taken")
            place = re.search(r"policy\.yaml:(\d+):(\d+): error: ", json.dumps(answer))
            check(place, f"no FILE:LINE:COLUMN in {answer}")
            line = text[:text.index(bad)].count("\n") + 1
            check(abs(int(place.group(1)) - line) <= (bad == "cidrs: {"),
                  f"the error is in line {line}: {answer}")
            check_equal(generation(weir), before, "generation")
            done = weir.weirctl("reload", check=False)
            check(done.returncode != 0 and re.search(r":\d+:\d+: error: ", done.stdout),
                  f"weirctl reload: exit {done.returncode}: {done.stdout}")
        check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "the connection after")
        weir.write_policy(DENY_WEB)
        reload(weir)
        check_equal(connect(lab.client, lab.server.v4, 80)[0], errno.ECONNREFUSED,
                    "the connection after a good file")


@suite.case()
def a_reload_that_takes_permission_away_ends_the_live_connection():
    with Lab("af_packet") as lab, lab.weir(ALLOW_WEB) as weir, listener(lab.server, 80) as server:
        client = lab.client.socket()
        client.settimeout(20)
        client.connect((lab.server.v4, 80))
        peer, _ = server.accept()
        peer.settimeout(20)
        client.send(b"one")
        check_equal(peer.recv(10), b"one", "bytes before")
        weir.write_policy(DENY_WEB)
        reload(weir)
        client.send(b"two")
        try:
            client.recv(10)
            check(False, "the connection lives on")
        except ConnectionResetError:
            pass
        event = weir.wait_event(event_type="decision", dest_port=80)
        check_equal(event["weir"]["verdict"], "deny", "verdict of the event")
        client.close()
        peer.close()


@suite.case()
def a_reload_that_changes_nothing_for_a_connection_leaves_it():
    with Lab("af_packet") as lab, lab.weir(ALLOW_WEB) as weir, listener(lab.server, 80) as server:
        client = lab.client.socket()
        client.settimeout(20)
        client.connect((lab.server.v4, 80))
        peer, _ = server.accept()
        peer.settimeout(20)
        for i in range(5):
            reload(weir)
            client.send(b"%d" % i)
            check_equal(peer.recv(10), b"%d" % i, "bytes after a reload")
        client.close()
        peer.close()


@suite.case()
def sighup_reloads_too():
    with Lab("af_packet") as lab, lab.weir(ALLOW_WEB) as weir, listener(lab.server, 80):
        weir.write_policy(DENY_WEB)
        weir.process.send_signal(signal.SIGHUP)
        wait_for(lambda: connect(lab.client, lab.server.v4, 80)[0], 30, "the new policy holding")


@suite.case(each=DEVICES)
def after_a_kill_it_starts_again_with_nothing_to_repair(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(ALLOW_WEB) as weir, listener(lab.server, 80), \
            listener(lab.server, 81):
        for _ in range(3):
            check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "the allowed connection")
            weir.kill()
            weir.start()
        check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "the allowed connection")
        check_equal(connect(lab.client, lab.server.v4, 81)[0], errno.ECONNREFUSED,
                    "the connection that is not allowed")


@suite.case()
def after_a_kill_a_memif_server_takes_its_sockets_again():
    with Lab("memif") as lab, lab.weir() as weir:
        weir.kill()
        weir.start()
        check(weir.ctl("status")["ok"], "status")


@suite.case(each=DEVICES)
def it_stops_at_once_and_leaves_nothing_behind(device):
    need_device(device)
    with Lab(device) as lab, lab.weir(ALLOW_WEB) as weir:
        for number in (signal.SIGTERM, signal.SIGINT):
            weir.process.send_signal(number)
            check_equal(weir.process.wait(10), 0, f"exit code after {number.name}")
            check(not os.path.exists(weir.socket_path), "the control socket is still there")
            if device != "tap":
                link = lab.gateway.ip("link", "show", "g0").stdout
                check("xdp" not in link, f"an XDP program is still attached: {link}")
            weir.start()


if __name__ == "__main__":
    suite.main()
