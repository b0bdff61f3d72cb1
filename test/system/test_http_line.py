# SPDX-License-Identifier: BSD-3-Clause
"""HTTP over bad lines, one before each end, judged by Debian's CRS: whatever is lost, late, twice
or in another order, every answer is the one that a good line gives, byte for byte, and what is
uploaded arrives as it was."""
import os
import re
import threading
import time

from cases import SOAK, Failure, Suite, check, check_equal
from lab import Lab, best_device, need, wait_for
from test_http import PUT_IS_ALLOWED, SQLI, XSS, digest, policy, web
from test_tcp_look import buffers_come_back, free_buffers

suite = Suite()
# name: what each line does, the counter that shows it
LINES = {
    "1 % lost": (("--loss", "1%"), "lost"),
    "lost in bursts": (("--burst-begin", "0.3%", "--burst-end", "30%"), "burst_lost"),
    "10 ms there and back and 1 % lost": (("--delay", "2500us", "--loss", "0.5%"), "lost"),
    "5 % in another order": (("--reorder", "5%"), "reordered"),
    "5 % twice": (("--duplicate", "5%"), "duplicated"),
    "all of it": (("--loss", "1%", "--delay", "2ms", "--jitter", "500us", "--reorder", "1%",
                   "--duplicate", "1%", "--corrupt", "0.5%"), "lost"),
}
SIZE = (16 << 20) if SOAK else (4 << 20)
ROUNDS = 5 if SOAK else 1
PAGES = 100 if SOAK else 10
PATIENCE_S = 600 if SOAK else 150
EACH = ("-sS", "-g", "-m", str(PATIENCE_S), "-A", "Mozilla/5.0", "-H", "Host: site", "-w",
        "%{http_code} %{num_connects}\n")
BINARY = ("-H", "Content-Type: application/octet-stream")
# name: requests of one connection, each the words of curl about it; BODY and FRESH are files
TALKS = {
    "pages": [(f"/page.html?n={i}",) for i in range(PAGES)],
    "refused between others": [
        ("/page.html",), (f"/page.html?id={SQLI}",), ("/page.html", "-I"),
        ("/page.html", "-b", f"a={XSS}"), ("/page.html", "-d", f"name={SQLI}"),
        ("/page.html", "-d", "name=value"), ("/page.html",)],
    "parts": [
        ("/page.html", "-F", "a=b", "-F", "file=@BODY;filename=a.bin"),
        ("/page.html", "-F", "a=1' UNION SELECT password FROM users-- x"),
        ("/page.html", "-r", "100-199")],
    "download": [("/big.bin",), ("/page.html",), ("/big.bin", "-r", "1000-")],
    "upload": [("/FRESH", "-T", "BIG", *BINARY), ("/page.html",)],
    "chunked upload": [("/FRESH", "-T", "BIG", *BINARY, "-H", "Transfer-Encoding: chunked"),
                       ("/page.html", "-d", f"name={SQLI}"), ("/page.html",)],
}
REQUESTS = sum(map(len, TALKS.values()))
VARIES = re.compile(rb"[0-9a-f]{16}|Date: [^\r]*")  # a refusal's number, the time


class Talk:
    """Requests on one connection to a host, by a curl of its own."""

    def __init__(self, lab, www, host, name, number):
        self.lab, self.www = lab, www
        self.key = name, ":" in host
        self.fresh = f"up-{number}-{':' in host:d}-{name.replace(' ', '-')}"
        self.out = os.path.join(lab.dir, "got-" + self.fresh)
        self.words = ["curl"]
        for i, request in enumerate(TALKS[name]):
            self.words += ["--next"] * (i > 0) + [*EACH, "-o", f"{self.out}-{i}"]
            self.words += self.of(host, request)
        self.result = None
        self.thread = threading.Thread(target=self.run)

    def of(self, host, request):
        path, *words = request
        words = [word.replace("BODY", f"{self.lab.dir}/body").replace("BIG", f"{self.www}/big.bin")
                 for word in words]
        return [*words, f"http://{host}{path.replace('FRESH', self.fresh)}"]

    def run(self):
        done = self.lab.client.run(*self.words, check=False, timeout=PATIENCE_S + 20)
        told = done.stdout.splitlines()
        if done.returncode or len(told) != len(TALKS[self.key[0]]):
            self.result = [f"curl: exit {done.returncode}: {done.stdout.strip()[-300:]}"]
            return
        self.result = [(line, self.take(f"{self.out}-{i}")) for i, line in enumerate(told)]
        if os.path.exists(f"{self.www}/{self.fresh}"):
            self.result.append(digest(f"{self.www}/{self.fresh}"))
            os.unlink(f"{self.www}/{self.fresh}")

    @staticmethod
    def take(path):
        """What was got: its digest, or a page without what varies."""
        if not os.path.exists(path):
            return None
        size = os.path.getsize(path)
        try:
            if size > 4096:
                return digest(path)
            with open(path, "rb") as f:
                return VARIES.sub(b"", f.read())
        finally:
            os.unlink(path)


def all_talks(lab, www, number):
    """All of them at once, by both families: {what: answers}."""
    talks = [Talk(lab, www, host, name, number)
             for host in (lab.server.v4, f"[{lab.server.v6}]") for name in TALKS]
    for talk in talks:
        talk.thread.start()
    for talk in talks:
        talk.thread.join()
    return {talk.key: talk.result for talk in talks}


def statuses(answers):
    return [line.split()[0] for line, _ in answers if line]


def check_good(told):
    """What the good line gave is what it should be, so that the others mean something."""
    for family in (False, True):
        check_equal(told["pages", family][0][0], "200 1", "the first page")
        check_equal({line for line, _ in told["pages", family][1:]}, {"200 0"}, "further pages")
        check_equal(statuses(told["refused between others", family]),
                    ["200", "403", "200", "403", "403", "405", "200"], "refused between others")
        check_equal(statuses(told["parts", family]), ["405", "403", "206"], "parts")
        check_equal(statuses(told["download", family]), ["200", "200", "206"], "download")
        check_equal(statuses(told["upload", family][:2]), ["201", "200"], "upload")
        check_equal(statuses(told["chunked upload", family][:3]), ["201", "403", "200"], "chunked")


def differences(told, good):
    return [f"{name}, IPv{6 if v6 else 4}: {got} instead of {good[name, v6]}"[:400]
            for (name, v6), got in told.items() if got != good[name, v6]]


def one_line(lab, weir, www, name, good):
    words, counter = LINES[name]
    sentence = f"test_http_line: {name}"
    before = weir.counters()["http_requests"]
    begun = time.monotonic()
    try:
        wrong = []
        with lab.all_lines(*words, "--seed", 1 + list(LINES).index(name)) as lines:
            for number in range(ROUNDS):
                wrong += differences(all_talks(lab, www, number), good)
        check(not wrong, f"{len(wrong)} talks are not as over a good line: {wrong[:3]}")
        check(sum(each.total(counter) for each in lines) > 0, f"no packet was {counter}")
        check_equal(weir.counters()["http_requests"] - before, 2 * ROUNDS * REQUESTS, "requests")
        took = time.monotonic() - begun
        print(f"# {name}: {2 * ROUNDS * REQUESTS} requests in {took:.1f} s", flush=True)
        suite.ok(sentence)
    except Failure as why:
        suite.not_ok(sentence, why)


def make_files(lab, www):
    """No byte comes again where another should be, and nothing looks like a script's source."""
    for path, size in ((f"{www}/big.bin", SIZE), (f"{lab.dir}/body", 20_000)):
        with open(path, "w", encoding="ascii") as f:
            f.write(os.urandom(size // 2).hex())


@suite.case(limit_s=600, soak_limit_s=14000)
def answers_over_bad_lines_are_those_over_a_good_one():
    need("nginx")
    need("curl")
    with Lab(best_device(), lines=["client", "server"]) as lab:
        before = os.path.join(lab.dir, "before.conf")
        with open(before, "w", encoding="utf-8") as f:
            f.write(PUT_IS_ALLOWED)
        threat = f", body: {{ overRequest: partial }}, rules: {{ before: ['{before}'] }}"
        with lab.weir(policy=policy(threat=threat)) as weir:
            www = web(lab)
            make_files(lab, www)
            free = free_buffers(weir)
            with lab.all_lines():
                good = all_talks(lab, www, "good")
            check_good(good)
            for name in LINES:
                one_line(lab, weir, www, name, good)
            records = 2 * REQUESTS * (1 + ROUNDS * len(LINES))
            wait_for(lambda: len(weir.events(event_type="http")) >= records, 30, "all records")
            check_equal(len(weir.events(event_type="http")), records, "records of transactions")
            check(weir.alive(), "weir has ended")
            buffers_come_back(weir, free)


if __name__ == "__main__":
    suite.main()
