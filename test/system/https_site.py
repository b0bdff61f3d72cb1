# SPDX-License-Identifier: BSD-3-Clause
"""A site whose TLS weir ends: its certificates, its policy, and nginx behind it."""
import contextlib

from lab import ALLOW_ALL, Lab, best_device, need
from pki import Authority
from test_http import BUDGET, PUT_IS_ALLOWED, write_page

NAME = "site.example"
BACK = "back.example"
SERVICE = """---
kind: Service
metadata: {{ name: site }}
spec:
  addresses: [10.77.0.0/24, "fd77::/64"]
  ports: [443]
  protocol: {protocol}
  tls:
    mode: terminate
    certificates: [ {{ certificate: {folder}/{cert}.pem, key: {folder}/{cert}.key }} ]{more}
    upstream: {upstream}
"""
THREAT = """---
kind: ThreatPolicy
metadata: {{ name: protected }}
spec: {{ services: [site], mode: enforce, budget: {budget}, body: {{ overRequest: partial }},
         rules: {{ before: ['{folder}/before.conf'] }} }}
"""


class Pki(Authority):
    """The site's certificate, the server's behind it, and those that it should not show."""

    def __init__(self, folder):
        super().__init__(folder)
        self.make("site", NAME, f"subjectAltName=DNS:{NAME}")
        self.make("back", BACK, f"subjectAltName=DNS:{BACK}")
        self.make("alone", BACK, f"subjectAltName=DNS:{BACK}", issuer=None)
        self.make("other", "other", "subjectAltName=DNS:other.example")
        self.make_expired("old", BACK, f"subjectAltName=DNS:{BACK}")
        with open(f"{folder}/before.conf", "w", encoding="utf-8") as f:
            f.write(PUT_IS_ALLOWED)

    def policy(self, upstream="plain", cert="site", more="", protocol="http"):
        to = {"plain": "{ mode: plain }",
              "tls": f"{{ mode: tls, ca: {self.folder}/ca.pem, name: {BACK} }}"}[upstream]
        threat = THREAT.format(folder=self.folder, budget=BUDGET) if protocol == "http" else ""
        return ALLOW_ALL + SERVICE.format(folder=self.folder, upstream=to, cert=cert, more=more,
                                          protocol=protocol) + threat


class Site:
    """nginx behind weir; `back` is the certificate that it shows, None for plain HTTP."""

    def __init__(self, upstream="plain", back="back", workers=1, more="", lines=()):
        self.upstream = upstream
        self.back = back if upstream == "tls" else None
        self.workers = workers
        self.more = more
        self.lines = lines
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        for program in ("nginx", "curl", "openssl"):
            need(program)
        with contextlib.ExitStack() as stack:
            lab = self.lab = stack.enter_context(Lab(best_device(), workers=self.workers,
                                                     lines=self.lines))
            self.pki = Pki(lab.dir)
            policy = self.pki.policy(self.upstream, more=self.more)
            self.weir = stack.enter_context(lab.weir(policy=policy))
            self.www = lab.nginx(listen=(443,), tls=self.back and f"{lab.dir}/{self.back}")
            write_page(self.www)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *why):
        return self.stack.__exit__(*why)

    def curl(self, *words, path="/page.html", version="1.3", http="1.1", v6=False,
             check_exit=True):
        host = f"[{self.lab.server.v6}]" if v6 else self.lab.server.v4
        flag = {"1.2": "1.2", "1.3": "1.3"}[version]
        return self.lab.client.run(
            "curl", "-sS", "-m", "1500", "-A", "Mozilla/5.0", "--cacert",
            f"{self.lab.dir}/ca.pem", f"--http{http}", "--resolve", f"{NAME}:443:{host}",
            f"--tlsv{flag}", "--tls-max", flag, *words, f"https://{NAME}{path}", check=check_exit,
            timeout=1700).stdout

    def status(self, *words, **more):
        return self.curl("-o", "/dev/null", "-w", "%{http_code}", *words, **more)

    def dial(self, **more):
        """A TLS connection of Python's."""
        context = self.pki.trusted()
        for key, value in more.items():
            setattr(context, key, value)
        return dial_tls(self.lab, context)


def dial_tls(lab, context, name=NAME, port=443, **more):
    """A TLS connection of Python's to the server, whose end is an error unless it is whole."""
    s = lab.client.socket()
    s.settimeout(10)
    s.connect((lab.server.v4, port))
    return context.wrap_socket(s, server_hostname=name, suppress_ragged_eofs=False, **more)


def get(path="/page.html", close=False):
    return (f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nUser-Agent: t\r\nAccept: */*\r\n"
            f"{'Connection: close' if close else 'X: y'}\r\n\r\n").encode()


def read_all(s):
    got = b""
    while data := s.recv(65536):
        got += data
    return got
