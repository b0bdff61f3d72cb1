# SPDX-License-Identifier: BSD-3-Clause
"""Each client with each server through each way that weir has with TLS, by both families: pages,
and large bodies both ways, arrive as they were.

Clients: curl in HTTP/1.1 and HTTP/2, s_client, h2load in both, HAProxy in both. Servers: nginx, and
HAProxy before it. Bad lines are in test_https_line, what nginx alone serves in test_https and
test_https2.
"""
import contextlib
import os
import re

from cases import SOAK, Failure, Suite, check, check_equal
from https_site import BACK, NAME, Pki
from lab import ALLOW_ALL, WEIRCTL, Lab, best_device, listens, need, sh, wait_for
from test_http import digest, write_page
from test_intercept import HTTP as OPENED_HTTP
from test_intercept import POLICY as OPENED

suite = Suite()
BIG_MIB = 1024 if SOAK else 8
ORIGIN = 8080  # nginx, where HAProxy stands before it
BINARY = ("-H", "Content-Type: application/octet-stream")
LOCAL = {"http/1.1": 9001, "h2": 9002}  # HAProxy beside the client: by what it speaks to weir
PASSED = """---
kind: Service
metadata: { name: site }
spec: { addresses: [10.77.0.0/24, "fd77::/64"], ports: [443], protocol: tcp,
        tls: { mode: passthrough } }
"""
MODES = ("in the clear behind", "TLS behind", "passed through", "opened")
SERVERS = ("nginx", "HAProxy")
WAYS = [{"mode": mode, "server": server} for mode in MODES for server in SERVERS]
HAPROXY = """global
    maxconn 200
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 60s
"""
FRONT = """listen {name}
    bind {address}{tls}
    server one {to}
"""


def policy(mode, pki):
    if mode == "passed through":
        return ALLOW_ALL + PASSED
    if mode == "opened":
        return (OPENED + OPENED_HTTP).format(folder=pki.folder, bypass="never.example")
    return pki.policy("tls" if mode == "TLS behind" else "plain")


class Site:
    """A server behind weir, and what clients need."""

    def __init__(self, mode, server):
        self.mode = mode
        self.server = server
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        for program in ("nginx", "haproxy", "curl", "openssl", "h2load"):
            need(program)
        with contextlib.ExitStack() as stack:
            lab = self.lab = stack.enter_context(Lab(best_device()))
            pki = Pki(lab.dir)
            pki.make("both", NAME, f"subjectAltName=DNS:{NAME},DNS:{BACK}")
            sh(WEIRCTL, "ca", "init", f"{lab.dir}/operator", "--name", "Operator")
            self.ca = f"{lab.dir}/operator/ca.pem" if self.mode == "opened" else (
                f"{lab.dir}/ca.pem")
            self.weir = stack.enter_context(lab.weir(policy=policy(self.mode, pki)))
            self.serve()
            self.stand_beside_the_client()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *why):
        return self.stack.__exit__(*why)

    def serve(self):
        tls = self.mode != "in the clear behind"
        if self.server == "nginx":
            self.www = self.lab.nginx(listen=(443,), tls=tls and f"{self.lab.dir}/both", http2=tls)
        else:
            self.www = self.lab.nginx(listen=(ORIGIN,))
            self.haproxy(self.lab.server, "server", 443, FRONT.format(
                name="site", address=":::443 v4v6", to=f"127.0.0.1:{ORIGIN}",
                tls=f" ssl crt {self.chain_with_key()} alpn h2,http/1.1" if tls else ""))
        write_page(self.www)

    def chain_with_key(self):
        path = f"{self.lab.dir}/both.chain"
        with open(path, "w", encoding="utf-8") as f:
            for kind in ("pem", "key"):
                with open(f"{self.lab.dir}/both.{kind}", encoding="utf-8") as part:
                    f.write(part.read())
        return path

    def stand_beside_the_client(self):
        fronts = ""
        for v6 in (False, True):
            for protocol, port in LOCAL.items():
                fronts += FRONT.format(
                    name=f"{protocol.replace('/', '')}-{v6:d}", tls="",
                    address=f"127.0.0.1:{port + 10 * v6}",
                    to=f"{self.host(v6)}:443 ssl verify required ca-file {self.ca} "
                       f"sni str({NAME}) alpn {protocol}")
        self.haproxy(self.lab.client, "client", LOCAL["h2"] + 10, fronts)

    def haproxy(self, end, name, port, fronts):
        path = f"{self.lab.dir}/haproxy-{name}.conf"
        with open(path, "w", encoding="utf-8") as f:
            f.write(HAPROXY + fronts)
        with open(f"{path}.log", "w", encoding="utf-8") as log:
            process = end.start("haproxy", "-db", "-f", path, stdout=log)
        wait_for(lambda: listens(end, port) or process.poll() is not None, 30, "haproxy")
        if process.poll() is not None:
            with open(f"{path}.log", encoding="utf-8") as log:
                raise Failure(f"haproxy ended: {log.read()[-500:]}")

    def host(self, v6):
        return f"[{self.lab.server.v6}]" if v6 else self.lab.server.v4

    def page(self):
        with open(f"{self.www}/page.html", encoding="utf-8") as f:
            return f.read()

    # ---- clients ----

    def curl(self, http, v6, *words, path="/page.html"):
        return self.lab.client.run(
            "curl", "-sS", "-m", "800", "-A", "Mozilla/5.0", f"--http{http}", "--cacert", self.ca,
            "--resolve", f"{NAME}:443:{self.host(v6)}", *words, f"https://{NAME}{path}",
            timeout=900).stdout

    def s_client(self, version, v6):
        ask = f"printf 'GET /page.html HTTP/1.0\\r\\nHost: {NAME}\\r\\n\\r\\n'; sleep 1"
        words = (f"openssl s_client -connect {self.host(v6)}:443 -servername {NAME} -CAfile "
                 f"{self.ca} -verify_return_error -verify_hostname {NAME} -tls1_{version} -quiet")
        return self.lab.client.run("sh", "-c", f"({ask}) | {words}", check=False).stdout

    def h2load(self, v6, *words):
        out = self.lab.client.run("h2load", "-n", 400, "-c", 4, *words, "--connect-to",
                                  f"{self.host(v6)}:443", f"https://{NAME}/page.html").stdout
        check(re.search(r"\b400 succeeded, 0 failed, 0 errored", out) and
              re.search(r"\b400 2xx, 0 3xx", out), out[out.find("requests:"):][:400])

    def by_haproxy(self, protocol, v6):
        return self.lab.client.run("curl", "-sS", "-A", "Mozilla/5.0", "-H", f"Host: {NAME}",
                                   f"http://127.0.0.1:{LOCAL[protocol] + 10 * v6}/page.html",
                                   timeout=30).stdout


# ---- cases ----


@suite.case(each=WAYS)
def pages_arrive_at_each_client(mode, server):
    with Site(mode, server) as site:
        page = site.page()
        for v6 in (False, True):
            what = f"IPv{6 if v6 else 4}"
            for http in ("1.1", "2"):
                check_equal(site.curl(http, v6, "-w", "%{http_version}"), page + http,
                            f"{what}, curl in HTTP/{http}")
            for version in (2, 3):
                check(page in site.s_client(version, v6), f"{what}, s_client in TLS 1.{version}")
            site.h2load(v6, "--h1")
            site.h2load(v6, "-m", "10")
            for protocol in LOCAL:
                check_equal(site.by_haproxy(protocol, v6), page, f"{what}, HAProxy in {protocol}")
        counters = site.weir.counters()
        for name in ("tls_failed", "tls_server_failed", "tls_kept", "http_bad_response"):
            check_equal(counters[name], 0, name)
        check_equal(counters["tls_handshakes"] > 0, mode != "passed through", "TLS ended by weir")


@suite.case(each=WAYS, soak_limit_s=900)
def large_bodies_arrive_as_they_were(mode, server):
    with Site(mode, server) as site:
        sent = f"{site.lab.dir}/big.bin"
        with open(sent, "wb") as f:
            for i in range(BIG_MIB):
                f.write(b"%07d " % i * (1 << 17))
        wanted = digest(sent)
        for http in ("1.1", "2"):
            for v6 in (False, True):
                what = f"HTTP/{http}, IPv{6 if v6 else 4}"
                site.curl(http, v6, "-T", sent, "-f", *BINARY, path="/big.bin")
                check_equal(digest(f"{site.www}/big.bin"), wanted, f"{what}: upload")
                site.curl(http, v6, "-f", "-o", f"{site.lab.dir}/got.bin", path="/big.bin")
                check_equal(digest(f"{site.lab.dir}/got.bin"), wanted, f"{what}: download")
                os.unlink(f"{site.www}/big.bin")


if __name__ == "__main__":
    suite.main()
