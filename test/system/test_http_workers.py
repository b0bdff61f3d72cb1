# SPDX-License-Identifier: BSD-3-Clause
"""HTTP on two workers: connections of both, at once, are judged alike, each request has its one
record, and a reload reaches both while requests run."""
import contextlib
import json
import os
import re
import threading
import time

from cases import SOAK, Skip, Suite, check, check_equal
from lab import Lab, best_device, cpus, need, wait_for
from test_http import PUT_IS_ALLOWED, RAW, Site, dial, policy, raw, web

suite = Suite()
WORKERS = 2
EACH = 30 if SOAK else 8  # connections of each worker
RELOADS = 100 if SOAK else 6
site = Site(workers=WORKERS)
REFUSALS = re.compile(rb"number ([0-9a-f]{16})")


def need_two():
    if len(cpus()) < WORKERS:
        raise Skip("only one CPU")


class Connection:
    """One that is kept, and the worker that has it."""

    def __init__(self, lab, weir):
        self.socket = dial(lab)
        self.port = self.socket.getsockname()[1]
        self.worker = weir.ctl("flows", port=self.port)["flows"][0]["worker"]
        self.read = b""

    def send(self, request):
        self.socket.sendall(request)

    def answer(self):
        """(status, body) of the next answer, which has a length."""
        while b"\r\n\r\n" not in self.read:
            self.more()
        head, _, self.read = self.read.partition(b"\r\n\r\n")
        length = int(re.search(rb"\r\nContent-Length: (\d+)", head)[1])
        while len(self.read) < length:
            self.more()
        body, self.read = self.read[:length], self.read[length:]
        return int(head[9:12]), body

    def more(self):
        data = self.socket.recv(65536)
        check(data, f"worker {self.worker}: the connection has ended")
        self.read += data

    def ask(self, request):
        self.send(request)
        return self.answer()


@contextlib.contextmanager
def connections(lab, weir, each=EACH):
    """So many of each worker, in turns."""
    kept, others = [[] for _ in range(WORKERS)], []
    try:
        while min(map(len, kept)) < each:
            check(len(others) < 50 * each, f"connections of each worker: {list(map(len, kept))}")
            one = Connection(lab, weir)
            (kept[one.worker] if len(kept[one.worker]) < each else others).append(one)
        yield [one for both in zip(*kept) for one in both]
    finally:
        for one in sum(kept, others):
            one.socket.close()


def page(name, more=""):
    return raw(f"GET /{name}{more}")


# ---- what is refused, what passes ----


@suite.case()
def attacks_are_refused_and_pages_pass_on_both_workers_at_once():
    need_two()
    with site() as (lab, weir, www), connections(lab, weir) as all_of_them:
        with open(f"{www}/page.html", "rb") as f:
            wanted = f.read()
        denied, answered = weir.by_worker("http_denied"), weir.by_worker("http_responses")
        for name, attack in RAW.items():
            for one in all_of_them:
                one.send(page("page.html"))
                one.send(attack)
            for one in all_of_them:
                check_equal(one.answer(), (200, wanted), f"the page, worker {one.worker}")
                check_equal(one.answer()[0], 403, f"{name}, worker {one.worker}")
        count = EACH * len(RAW)
        for counter, before in (("http_denied", denied), ("http_responses", answered)):
            wait_for(lambda counter=counter, before=before: [
                b - a for a, b in zip(before, weir.by_worker(counter))] == [count] * WORKERS, 30,
                f"{count} {counter} of each worker")


@suite.case()
def pipelined_requests_on_both_workers_have_their_responses_in_order():
    need_two()
    with site() as (lab, weir, www), connections(lab, weir, each=4) as all_of_them:
        for i in range(20):
            with open(f"{www}/numbered-{i}", "w", encoding="ascii") as f:
                f.write(f"number {i}")
        for one in all_of_them:
            one.send(b"".join(page(f"numbered-{i}") + RAW["uri"] * (i % 5 == 4)
                              for i in range(20)))
        for one in all_of_them:
            for i in range(20):
                check_equal(one.answer(), (200, b"number %d" % i), f"worker {one.worker}")
                if i % 5 == 4:
                    check_equal(one.answer()[0], 403, f"after {i}, worker {one.worker}")


# ---- what is told ----


def records_of(weir, port):
    return [r for r in weir.events(event_type="http") if r["src_port"] == port]


@suite.case()
def each_request_of_either_worker_has_its_one_record():
    need_two()
    with site() as (lab, weir, _), connections(lab, weir) as all_of_them:
        numbers = {}
        for i in range(5):
            for one in all_of_them:
                one.send(page(f"nothing-{i}") if i % 2 else page(f"nothing-{i}", "?q=<script>"))
            for one in all_of_them:
                status, body = one.answer()
                check_equal(status, 404 if i % 2 else 403, f"{i}, worker {one.worker}")
                if status == 403:
                    numbers[one.port, i] = REFUSALS.search(body)[1].decode()
        wait_for(lambda: all(len(records_of(weir, one.port)) == 5 for one in all_of_them), 30,
                 "five records of each connection")
        for one in all_of_them:
            records = records_of(weir, one.port)
            check_equal([r["http"]["url"] for r in records], [f"/nothing-{i}" for i in range(5)],
                        "the records' order")
            check_equal([r["weir"]["verdict"] for r in records],
                        ["pass" if i % 2 else "deny" for i in range(5)], "verdicts")
            check_equal(len({r["flow_id"] for r in records}), 1, "flows of a connection")
            for i, record in enumerate(records):
                if (one.port, i) in numbers:
                    check(numbers[one.port, i] in json.dumps(record), "the number of the page")
        told = [r for one in all_of_them for r in records_of(weir, one.port)]
        check_equal(len({r["tx_id"] for r in told}), len(told), "different numbers")
        check_equal(len({r["flow_id"] for r in told}), len(all_of_them), "different flows")


@suite.case()
def weirctl_tx_has_the_refusals_of_both_workers():
    need_two()
    with site() as (lab, weir, _), connections(lab, weir, each=3) as all_of_them:
        for one in all_of_them:
            check_equal(one.ask(RAW["uri"])[0], 403, "status")
            check_equal(one.ask(page("page.html"))[0], 200, "status")
        ports = {one.port for one in all_of_them}

        def refused():
            told = json.loads(weir.weirctl("--json", "tx", "--denied", "--count", "6").stdout)
            return {r["src_port"] for r in told["transactions"]}

        wait_for(lambda: refused() == ports, 30, "the newest six refusals")
        # The last page may be told of after the last refusal.
        wait_for(lambda: weir.weirctl("tx", "--count", "12").stdout.count("/page.html") == 12, 30,
                 "the newest twelve transactions")


# ---- reload ----


class Talker(threading.Thread):
    """Asks for a page and attacks it in turns, on one connection, until told to stop."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection = connection
        self.stop = threading.Event()
        self.asked = 0
        self.wrong = []

    def run(self):
        attacks = list(RAW.values())
        try:
            while not self.stop.is_set():
                for wanted, request in ((200, page("page.html")),
                                        (403, attacks[self.asked % len(attacks)])):
                    status = self.connection.ask(request)[0]
                    if status != wanted:
                        self.wrong.append((self.asked, status, wanted))
                self.asked += 1
        except Exception as why:  # told by who waits for it
            self.wrong.append((self.asked, repr(why)))


def marked(before, number):
    """The rules, and one that refuses what has this number in its URI."""
    with open(before + ".new", "w", encoding="utf-8") as f:
        f.write(PUT_IS_ALLOWED + f'SecRule REQUEST_URI "@contains marker-{number}." '
                '"id:100002,phase:1,deny,status:403,t:none"\n')
    os.rename(before + ".new", before)


def check_marker(probes, number):
    for one in probes:
        check_equal(one.ask(page("page.html", f"?m=marker-{number}."))[0], 403,
                    f"what the new rules refuse, worker {one.worker}")
        check_equal(one.ask(page("page.html", f"?m=marker-{number - 1}."))[0], 200,
                    f"what the old ones have, worker {one.worker}")


@suite.case(soak_limit_s=1800)
def reloads_of_rules_reach_both_workers_while_requests_run():
    need_two()
    need("nginx")
    site.close()
    with Lab(best_device(), workers=WORKERS) as lab:
        before = os.path.join(lab.dir, "before.conf")
        marked(before, 0)
        with lab.weir(policy=policy(threat=f", rules: {{ before: ['{before}'] }}")) as weir:
            web(lab)
            with connections(lab, weir, each=3) as talking, \
                    connections(lab, weir, each=2) as probes:
                talkers = [Talker(one) for one in talking]
                begun, counts = time.monotonic(), weir.by_worker("http_requests")
                for talker in talkers:
                    talker.start()
                for number in range(1, RELOADS + 1):
                    marked(before, number)
                    answer = weir.ctl("reload")
                    check(answer["ok"], f"reload: {answer}")
                    check_marker(probes, number)
                wait_for(lambda: any(t.wrong for t in talkers) or
                         min(t.asked for t in talkers) > RELOADS, 60, "requests of each")
                for talker in talkers:
                    talker.stop.set()
                for talker in talkers:
                    talker.join()
            wrong = [(t.connection.worker, t.wrong[:3]) for t in talkers if t.wrong]
            asked = [b - a for a, b in zip(counts, weir.by_worker("http_requests"))]
            check(not wrong, f"{len(wrong)} of {len(talkers)} connections: {wrong}")
            check(min(asked) > 0, f"requests by worker: {asked}")
            print(f"# {RELOADS} reloads in {time.monotonic() - begun:.1f} s, requests by worker: "
                  f"{asked}", flush=True)
            check(weir.alive(), "weir has ended")


if __name__ == "__main__":
    try:
        suite.main()
    finally:
        site.close()
