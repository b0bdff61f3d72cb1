# SPDX-License-Identifier: BSD-3-Clause
"""HTTP/1.1 in front, HTTP/2 behind: curl and sockets to servers that speak nothing else."""
import os
import re

import test_https2
from cases import SOAK, Suite, check, check_equal
from https_site import NAME
from lab import listens, need, wait_for
from test_http import SQLI, digest
from test_https2 import BIG

suite = Suite()
REQUESTS = 10000 if SOAK else 1000  # of a connection
# Who serves, whether by TLS, and whether weir ends TLS in front of it.
WAYS = [{"server": server, "behind": behind, "front": front}
        for server, behind, front in (("nginx", "http2", "tls"), ("nginx", "http2-tls", "tls"),
                                      ("nghttpd", "http2-tls", "tls"), ("nghttpd", "http2", "tls"),
                                      ("nghttpd", "http2", "clear"))]
NGHTTPD = [way for way in WAYS if way["server"] == "nghttpd"]


class Site(test_https2.Site):
    """nginx or nghttpd, which answers with what it was sent and has a trailer."""

    def __init__(self, server, behind, front, upstream="true", mode="enforce"):
        super().__init__(behind, front)
        self.server_kind = server
        self.upstream = upstream
        self.mode = mode

    def policy(self, cert="site"):
        text = self.pki.policy("tls" if self.tls_behind else "plain", cert=cert)
        if self.front == "clear":
            text = re.sub(r"  tls:\n(    .*\n)+", "", text)
        text = text.replace("mode: enforce", f"mode: {self.mode}")
        return text.replace("  protocol: http\n",
                            f"  protocol: http\n  http2Upstream: {self.upstream}\n", 1)

    def serve(self):
        if self.server_kind == "nginx":
            return super().serve()
        need("nghttpd")
        www = f"{self.lab.dir}/www"
        os.mkdir(www)
        how = [f"{self.lab.dir}/back.key", f"{self.lab.dir}/back.pem"] if self.tls_behind else []
        words = [] if how else ["--no-tls"]
        self.lab.server.start("nghttpd", *words, "-d", www, "--echo-upload", "--trailer",
                              "x-last: word", 443, *how)
        wait_for(lambda: listens(self.lab.server, 443), 30, "nghttpd")
        return www

    def curl(self, *words, path="/page.html", v6=False, check_exit=True):
        host = f"[{self.lab.server.v6}]" if v6 else self.lab.server.v4
        scheme = "http" if self.front == "clear" else "https"
        return self.lab.client.run(
            "curl", "-sS", "-g", "-m", "1500", "--http1.1", "-A", "Mozilla/5.0", "--cacert",
            f"{self.lab.dir}/ca.pem", "--resolve", f"{NAME}:443:{host}", *words,
            f"{scheme}://{NAME}:443{path}", check=check_exit, timeout=1700).stdout

    def big(self):
        path = f"{self.lab.dir}/big.bin"
        with open(path, "wb") as f:
            for i in range(BIG >> 20):
                f.write(b"%07d " % i * (1 << 17))
        return path


@suite.case(each=WAYS)
def a_site_works_in_http1(server, behind, front):
    with Site(server, behind, front) as site:
        with open(f"{site.www}/page.html", encoding="utf-8") as f:
            page = f.read()
        for v6 in (False, True):
            check_equal(site.curl("-w", "%{http_version}", v6=v6), page + "1.1", "the page")
            check_equal(site.status("-I", v6=v6), "200", "HEAD")
            check_equal(site.status("-0", "--no-alpn", v6=v6), "200", "in HTTP/1.0")
            check_equal(site.status(path="/none", v6=v6), "404", "what is not there")
            check_equal(site.status(path=f"/page.html?id={SQLI}", v6=v6), "403", "an injection")
            check_equal(site.status("-d", f"id={SQLI}", path="/", v6=v6), "403", "one in a form")
        check_equal(site.status("-H", "Connection: Upgrade", "-H", "Upgrade: websocket"), "501",
                    "an upgrade")
        event = site.weir.wait_event(event_type="http", http={"status": 200})
        check_equal(event["http"]["protocol"], "HTTP/1.1", "protocol")
        if site.tls_behind:
            check_equal(event["weir"]["tls"]["server"]["alpn"], "h2", "ALPN behind")
        check_equal(site.weir.counters()["http_bad_response"], 0, "bad responses")


@suite.case(each=WAYS, soak_limit_s=600)
def a_connection_has_many_requests(server, behind, front):
    with Site(server, behind, front) as site:
        out = site.lab.client.run(
            "curl", "-sS", "-m", "600", "--http1.1", "-A", "Mozilla/5.0", "--cacert",
            f"{site.lab.dir}/ca.pem", "--resolve", f"{NAME}:443:{site.lab.server.v4}", "-o",
            "/dev/null", "-w", "%{http_code} %{num_connects}\n",
            f"http{'s' if front == 'tls' else ''}://{NAME}:443/page.html?q=[1-{REQUESTS}]",
            timeout=600).stdout.split("\n")
        # nginx ends a connection in HTTP/2 after a thousand of them, in order.
        connects = sum(int(line.split()[1]) for line in out if line)
        check_equal([line.split()[0] for line in out if line], ["200"] * REQUESTS, "statuses")
        check(connects <= 1 + REQUESTS // 1000, f"{connects} connections")


@suite.case(each=WAYS[:2], limit_s=300, soak_limit_s=1800)
def large_bodies_go_both_ways(server, behind, front):
    with Site(server, behind, front) as site:
        big = site.big()
        site.status()
        before = site.weir.heap_kib()
        for v6, chunked in ((False, True), (True, False)):
            how = ["-H", "Transfer-Encoding: chunked"] if chunked else []
            code = site.curl("-T", big, *how, "-H", "Content-Type: application/octet-stream",
                             "-w", "%{http_code}", path="/big.bin", v6=v6)
            check(code in ("201", "204"), f"status of the upload: {code}")
            check_equal(digest(f"{site.www}/big.bin"), digest(big), "upload")
            site.curl("-o", f"{site.lab.dir}/got.bin", path="/big.bin", v6=v6)
            check_equal(digest(f"{site.lab.dir}/got.bin"), digest(big), "download")
        check(site.weir.heap_kib() - before < (48 << 10),
              f"{site.weir.heap_kib() - before} KiB more")


@suite.case(each=NGHTTPD, limit_s=300, soak_limit_s=1800)
def what_is_sent_comes_back_at_the_same_time(server, behind, front):
    with Site(server, behind, front) as site:
        big = site.big()
        for v6 in (False, True):
            site.curl("-T", big, "-X", "POST", "-H", "Transfer-Encoding: chunked", "-H", "Expect:",
                      "-H", "Content-Type: application/octet-stream", "-o",
                      f"{site.lab.dir}/got.bin", path="/echo", v6=v6)
            check_equal(digest(f"{site.lab.dir}/got.bin"), digest(big), "what came back")


@suite.case(each=NGHTTPD)
def trailers_are_behind_the_last_chunk(server, behind, front):
    with Site(server, behind, front) as site:
        out = site.curl("--raw", "-d", "hello=you", "-H", "Transfer-Encoding: chunked",
                        path="/echo")
        check_equal(out, "9\nhello=you\n0\nx-last: word\n\n", "what came back")


def find_out(site, v6):
    """By a first request. nghttpd goes as soon as the handshake shows that its client does not
    speak HTTP/2: before there is a request, which has no answer then, or behind it."""
    said = site.status(v6=v6, check_exit=False)
    if said == "502":
        event = site.weir.wait_event(event_type="http", http={"status": 502})
        check_equal(event["weir"]["bad"], "HTTP2_ONLY (http2Upstream: true)", "why")
    else:
        check(said.endswith("000"), f"the first request by IPv{6 if v6 else 4}: {said}")


@suite.case()
def a_server_of_http2_alone_is_found_out_by_its_first_client():
    with Site("nghttpd", "http2-tls", "tls", upstream="auto") as site:
        for v6 in (False, True):
            find_out(site, v6)
            for _ in range(3):
                check_equal(site.status(v6=v6), "200", "one that follows")
        check_equal(site.status(path=f"/page.html?id={SQLI}"), "403", "an injection")
        event = site.weir.wait_event(event_type="http", http={"status": 200})
        check_equal(event["weir"]["tls"]["server"]["alpn"], "h2", "ALPN behind")
        check_equal(site.weir.counters()["tls_http2_only"], 2, "servers")


@suite.case()
def a_server_that_speaks_both_is_not_translated_for():
    with Site("nginx", "http2-tls", "tls", upstream="auto") as site:
        check_equal(site.status(), "200", "status")
        event = site.weir.wait_event(event_type="http", http={"status": 200})
        check_equal(event["weir"]["tls"]["server"]["alpn"], "http/1.1", "ALPN behind")
        check_equal(site.weir.counters()["tls_http2_only"], 0, "servers")


@suite.case(each=[{"server": "nghttpd", "behind": "http2", "upstream": "true",
                   "client": "--http1.1"},
                  {"server": "nginx", "behind": "http1", "upstream": "false",
                   "client": "--http2-prior-knowledge"}])
def what_is_translated_in_the_clear_need_not_be_protected(server, behind, upstream, client):
    with Site(server, behind, "clear", upstream, mode="off") as site:
        for v6 in (False, True):
            check_equal(site.status(client, path=f"/page.html?id={SQLI}", v6=v6), "200",
                        "what is refused elsewhere")


if __name__ == "__main__":
    suite.main()
