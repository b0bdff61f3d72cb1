# SPDX-License-Identifier: BSD-3-Clause
"""TLS over bad lines, one before each end: large bodies go both ways by both families at once, in
HTTP/1.1 and HTTP/2, and arrive as they were, and no record is found to be wrong that was only late,
lost or twice."""
import os
import threading
import time

from cases import SOAK, Suite, check, check_equal
from https_site import Site
from lab import wait_for
from test_http import digest
from test_tcp_look import buffers_come_back, free_buffers

suite = Suite()
# name: what each line does, the counter that shows it, MiB of each of the four bodies
LINES = {
    "1 % lost": (("--loss", "0.5%"), "lost", 1024 if SOAK else 64),
    "1 % lost and 50 ms": (("--loss", "0.5%", "--delay", "12500us"), "lost", 64 if SOAK else 16),
    "all of it": (("--loss", "0.5%", "--delay", "2ms", "--jitter", "500us", "--reorder", "1%",
                   "--duplicate", "1%", "--corrupt", "0.5%"), "lost", 128 if SOAK else 8),
}
BINARY = ("-H", "Content-Type: application/octet-stream")


class Transfers:
    """One upload and one download by each family, all at once."""

    def __init__(self, site, http, version):
        self.site = site
        self.how = {"http": http, "version": version}
        self.wrong = []

    def run(self):
        threads = [threading.Thread(target=self.one, args=(way, v6))
                   for way in (self.up, self.down) for v6 in (False, True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.wrong

    def one(self, way, v6):
        try:
            way(v6)
        except Exception as why:  # pylint: disable=broad-except
            self.wrong.append(f"{way.__name__}, IPv{6 if v6 else 4}: {why}"[:300])

    def up(self, v6):
        name = f"up-{v6:d}.bin"
        code = self.site.curl("-T", f"{self.site.lab.dir}/big.bin", *BINARY, "-w", "%{http_code}",
                              path=f"/{name}", v6=v6, **self.how)
        check(code in ("201", "204"), f"status {code}")
        self.compare(f"{self.site.www}/{name}")

    def down(self, v6):
        got = f"{self.site.lab.dir}/down-{v6:d}.bin"
        self.site.curl("-o", got, path="/big.bin", v6=v6, **self.how)
        self.compare(got)

    def compare(self, path):
        check_equal(digest(path), digest(f"{self.site.lab.dir}/big.bin"), "digest")
        os.unlink(path)


def make_body(site, mib):
    with open(f"{site.lab.dir}/big.bin", "wb") as f:
        for i in range(mib):
            f.write(b"%07d " % i * (1 << 17))
    os.link(f"{site.lab.dir}/big.bin", f"{site.www}/big.bin")


@suite.case(limit_s=240, soak_limit_s=9000,
            each=[{"line": line, "upstream": upstream, "http": http, "version": version}
                  for line, upstream, http, version in (
                      ("1 % lost", "plain", "1.1", "1.3"), ("1 % lost", "plain", "1.1", "1.2"),
                      ("1 % lost", "tls", "2", "1.3"), ("1 % lost", "plain", "2", "1.2"),
                      ("1 % lost and 50 ms", "tls", "1.1", "1.3"),
                      ("1 % lost and 50 ms", "tls", "2", "1.3"),
                      ("all of it", "tls", "1.1", "1.3"), ("all of it", "tls", "2", "1.2"))])
def bodies_arrive_over_bad_lines_as_they_were(line, upstream, http, version):
    words, counter, mib = LINES[line]
    with Site(upstream, lines=["client", "server"]) as site:
        make_body(site, mib)
        free = free_buffers(site.weir)
        begun = time.monotonic()
        with site.lab.all_lines(*words, "--seed", 1 + list(LINES).index(line),
                                seconds=8000) as lines:
            wrong = Transfers(site, http, version).run()
            took = time.monotonic() - begun
            check_equal(wrong, [], "what went wrong")
            # curl ends a connection of HTTP/2 by FIN alone, without close_notify; a line that is
            # no more brings none that was lost.
            site.weir.await_counters(tls_truncated=4 if http == "2" else 0)
            wait_for(lambda: len(site.weir.events(event_type="http")) >= 4, 30, "all records")
            buffers_come_back(site.weir, free)
        check(sum(each.total(counter) for each in lines) > 0, f"no packet was {counter}")
        print(f"# {line}, HTTP/{http}, TLS {version}: 4 x {mib} MiB in {took:.0f} s, "
              f"{4 * mib * 8.389 / took:.0f} Mbit/s", flush=True)
        counters = site.weir.counters()
        for name in ("tls_failed", "tls_server_failed", "tls_kept"):
            check_equal(counters[name], 0, name)


if __name__ == "__main__":
    suite.main()
