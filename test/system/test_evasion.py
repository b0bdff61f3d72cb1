# SPDX-License-Identifier: BSD-3-Clause
"""Every row of evasions.py against a Linux server behind weir: its application never reads the
pattern, and where the pattern is in what a server must read, weir has told of it."""
import contextlib
import os
import select
import time

from cases import Failure, Skip, Suite, check
from frames import packet_socket, receive, send
from lab import ROOT, Lab, best_device, wait_for
from tcp_pair import Side
from test_tcp_look import FORWARDED, INSPECTED, policy

try:
    import evasions
    from scapy.all import TCP, Ether
except ImportError:
    evasions = None

suite = Suite()
MAC = {"client": "02:00:00:77:00:01", "server": "02:00:00:77:00:02"}
# Nobody's addresses: the client's kernel answers nothing that is sent to them.
SOURCE = {False: "10.77.0.77", True: "fd77::77"}
STEP_S = 0.004
# Some that reach a server when nobody inspects: the test would see it.
THROUGH = ("nothing is hidden", "one byte segments", "the second half first",
           "behind a gap the pattern then harmless", "numbers wrap within the pattern")


def live(lab, wire, r):
    """A client of this row over the lab's wire."""
    class Live(evasions.Client):
        def transmit(self, frame):
            send(wire, frame)
            time.sleep(STEP_S)

        def answer(self):
            end = time.monotonic() + 10
            while time.monotonic() < end:
                if not select.select([wire], [], [], 0.1)[0]:
                    continue
                frame = Ether(receive(wire))
                if TCP in frame and frame[TCP].dport == self.sport and frame[TCP].flags == "SA" \
                        and frame[TCP].ack == (self.isn + 1) % 2**32:
                    stamps = [v for k, v in frame[TCP].options if k == "Timestamp"]
                    return frame[TCP].seq, stamps[0][0] if stamps else None
            raise AssertionError("the server did not answer the SYN")

    end = lab.server.v6 if r.v6 else lab.server.v4
    return Live(r, {"src_mac": MAC["client"], "dst_mac": MAC["server"], "src": SOURCE[r.v6],
                    "dst": end})


def prepare(lab):
    for address in SOURCE.values():
        lab.server.ip("neigh", "replace", address, "lladdr", MAC["client"], "dev", "eth0", "nud",
                      "permanent")


def play_all(lab, rows):
    """(what the server's application read by client port, what went wrong by row)."""
    server = Side([], "server", lab.server, lab.server.v4)
    wire = packet_socket(lab.client)
    wrong = {}
    try:
        server.ask("listen", name="l", host="::", port=evasions.PORT, backlog=200,
                   options={"SO_REUSEPORT": 1})
        server.start("collect", name="l")
        for r in rows:
            try:
                r.function(live(lab, wire, r))
            except AssertionError as why:
                wrong[r] = why
        server.ask("enough")
        read = server.ask("join", key="collect", timeout=60)
    finally:
        wire.close()
        server.close()
    return {int(port): [bytes.fromhex(text) for text in texts]
            for port, texts in read.items()}, wrong


def must_be_told(r):
    return r.found and not r.may_be_refused


def judge(r, texts, is_told, wrong):
    check(r not in wrong, f"the row could not be played: {wrong.get(r)}")
    for text in texts:
        check(evasions.PATTERN not in text, f"the application has read {text!r}")
    if must_be_told(r):
        check(is_told, f"weir has told of nothing; the application has read {texts!r}")


def tell(name, judgement):
    try:
        judgement()
        suite.ok(name)
    except AssertionError as why:
        suite.not_ok(name, why)


def need_scapy():
    if evasions is None:
        raise Skip("scapy is not installed")


@suite.case()
def without_inspection_the_pattern_reaches_the_server():
    need_scapy()
    rows = [r for r in evasions.ROWS if r.name in THROUGH]
    with Lab(best_device()) as lab, lab.weir(policy=policy(FORWARDED)):
        prepare(lab)
        read, _ = play_all(lab, rows)
        for r in rows:
            texts = read.get(r.sport, [])
            check(any(evasions.PATTERN in text for text in texts), f"{r.name}: {texts}")


@suite.case()
def with_inspection_no_application_reads_the_pattern():
    need_scapy()
    rules = f"rules: {{ stream: [ {os.path.join(ROOT, 'rules/stream')} ] }}\n"
    with Lab(best_device()) as lab, lab.weir(policy=policy(INSPECTED), more=rules) as weir:
        prepare(lab)
        read, wrong = play_all(lab, evasions.ROWS)
        check(weir.alive(), "weir has ended")
        def told():
            return {alert["src_port"] for alert in weir.events(event_type="alert")}

        wanted = {r.sport for r in evasions.ROWS if must_be_told(r) and r not in wrong}
        with contextlib.suppress(Failure):  # which are missing is said by row
            wait_for(lambda: wanted <= told(), 30, "alerts")
        alerts = told()
        for r in evasions.ROWS:
            tell(f"test_evasion: {r.name}",
                 lambda r=r: judge(r, read.get(r.sport, []), r.sport in alerts, wrong))


if __name__ == "__main__":
    suite.main()
