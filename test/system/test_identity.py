# SPDX-License-Identifier: BSD-3-Clause
"""Who clients are, by certificates that a Service verifies: whom rules ask for reaches the servers,
others get a page or an alert, and the servers hear nothing of them; reloads and sessions."""
import contextlib
import socket
import ssl

from cases import Suite, check, check_equal
from https_site import NAME, Pki, dial_tls, get
from lab import Lab, best_device, need
from test_http import read_until

suite = Suite()
DOMAIN = "spiffe://cluster.local/ns"
WEB = f"{DOMAIN}/shop/sa/web"
WORKLOADS = [("web", "x", f"URI:{WEB}"), ("job", "x", f"URI:{DOMAIN}/jobs/sa/job"),
             ("host", "x", "DNS:a.shop.internal"), ("plain", "Old Thing", "email:a@shop.internal"),
             ("two", "x", f"URI:{WEB},URI:{WEB}2")]
MESH = """---
kind: AccessPolicy
metadata: {{ name: mesh }}
spec:
  priority: 1
  mode: {mode}
  rules:
    - {{ name: allowed, to: [10.77.0.0/24, "fd77::/64"], ports: 443, action: allow,
         identities: [{ids}] }}
    - {{ name: rest, to: [10.77.0.0/24, "fd77::/64"], protocol: tcp, ports: 443, action: deny }}
"""
WAYS = [{"version": version, "upstream": upstream} for version in ("1.2", "1.3")
        for upstream in ("plain", "tls")]


class Mesh:
    """nginx behind a Service that verifies clients; `ids` are what the rule asks for."""

    def __init__(self, ids=f"'{WEB}'", upstream="plain", verify="required", protocol="http"):
        self.ids = ids
        self.upstream = upstream
        self.verify = verify
        self.protocol = protocol
        self.stack = contextlib.ExitStack()

    def policy(self, ids, mode="enforce"):
        client = f"\n    client: {{ verify: {self.verify}, ca: {self.lab.dir}/ca.pem }}"
        return self.pki.policy(self.upstream, more=client, protocol=self.protocol) + \
            MESH.format(ids=ids, mode=mode)

    def __enter__(self):
        for program in ("nginx", "curl", "openssl"):
            need(program)
        with contextlib.ExitStack() as stack:
            lab = self.lab = stack.enter_context(Lab(best_device()))
            self.pki = Pki(lab.dir)
            for cert, subject, names in WORKLOADS:
                self.pki.make(cert, subject, f"subjectAltName={names}")
            self.weir = stack.enter_context(lab.weir(policy=self.policy(self.ids)))
            if self.protocol == "http":
                tls = f"{lab.dir}/back" if self.upstream == "tls" else None
                self.www = lab.nginx(listen=(443,), tls=tls)
                with open(f"{self.www}/page.html", "w", encoding="utf-8") as f:
                    f.write("<html><body>well</body></html>\n")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *why):
        return self.stack.__exit__(*why)

    def reload(self, ids, **more):
        self.weir.write_policy(self.policy(ids, **more))
        check(self.weir.ctl("reload")["ok"], "reload")

    def status(self, cert, version="1.3", v6=False, protocol="--http1.1"):
        host = f"[{self.lab.server.v6}]" if v6 else self.lab.server.v4
        shown = ["--cert", f"{self.lab.dir}/{cert}.pem", "--key", f"{self.lab.dir}/{cert}.key"] \
            if cert else []
        return self.lab.client.run(
            "curl", "-sS", "-m", "20", "-A", "Mozilla/5.0", "--cacert", f"{self.lab.dir}/ca.pem",
            protocol, "--resolve", f"{NAME}:443:{host}", f"--tlsv{version}", "--tls-max", version,
            *shown, "-o", "/dev/null", "-w", "%{http_code}", f"https://{NAME}/page.html",
            check=False, timeout=30).stdout

    def dial(self, cert):
        context = self.pki.trusted()
        context.load_cert_chain(self.pki.path(f"{cert}.pem"), self.pki.path(f"{cert}.key"))
        return dial_tls(self.lab, context)


@suite.case(each=WAYS)
def whom_a_rule_asks_for_is_served_and_others_get_a_page(version, upstream):
    with Mesh(upstream=upstream) as mesh:
        for v6 in (False, True):
            check_equal(mesh.status("web", version, v6), "200", "who is asked for")
            check_equal(mesh.status("job", version, v6), "403", "another workload")
        check_equal(mesh.status("two", version), "403", "two URIs are no SPIFFE ID")
        check_equal(mesh.status("job", version, protocol="--http2"), "403", "over HTTP/2")
        check_equal(mesh.status("web", version, protocol="--http2"), "200", "over HTTP/2")
        check(mesh.status(None, version).endswith("000"), "no certificate, where one is required")
        event = mesh.weir.wait_event(event_type="http", http={"status": 200})
        check_equal(event["weir"]["identity"], WEB, "the record's identity")
        event = mesh.weir.wait_event(event_type="http", http={"status": 403})
        check_equal(event["weir"]["bad"], "identity_denied", "the reason")
        event = mesh.weir.wait_event(event_type="decision", weir={"reason": "identity_denied"})
        check_equal(event["weir"]["rule"], "rest", "the rule")
        mesh.weir.await_counters(identities_allowed=3, identities_denied=4)


@suite.case()
def the_server_hears_nothing_of_whom_policy_refuses():
    with Mesh(protocol="tcp") as mesh:
        listener = mesh.lab.server.socket()
        listener.bind((mesh.lab.server.v4, 443))
        listener.listen()
        listener.settimeout(10)
        for cert, wanted in (("job", b""), ("web", b"hello")):
            with mesh.dial(cert) as s:
                server, _ = listener.accept()
                server.settimeout(10)
                heard = b""
                try:
                    s.sendall(b"hello")
                    if not wanted:
                        s.recv(10)
                        check(False, "no alert has come")
                except (ssl.SSLError, ConnectionError) as why:
                    check(not wanted and "ACCESS_DENIED" in str(why).upper(), f"{cert}: {why}")
                with contextlib.suppress(ConnectionError):
                    heard = server.recv(100)
                check_equal(heard, wanted, f"what the server heard of {cert}")
                server.close()
        mesh.weir.wait_event(event_type="decision",
                             weir={"reason": "identity_denied",
                                   "identity": f"{DOMAIN}/jobs/sa/job"})


@suite.case()
def names_and_wildcards_and_any_fit_as_the_policy_says():
    with Mesh(ids="'dns:*.internal', 'cn:Old Thing'", verify="optional") as mesh:
        for cert, wanted in (("host", "200"), ("plain", "200"), ("web", "403"), (None, "403")):
            check_equal(mesh.status(cert), wanted, f"{cert}")
        mesh.weir.wait_event(event_type="decision", weir={"reason": "identity_missing"})
        mesh.reload(f"'{DOMAIN}/*/sa/job', '{DOMAIN}/shop/*'")
        for cert, wanted in (("job", "200"), ("web", "200"), ("host", "403")):
            check_equal(mesh.status(cert), wanted, f"{cert}")
        mesh.reload("any")
        for cert, wanted in (("job", "200"), ("two", "200"), ("plain", "200"), (None, "403")):
            check_equal(mesh.status(cert), wanted, f"{cert}")
        mesh.reload("'cn:nobody'", mode="detect")
        check_equal(mesh.status("web"), "200", "on trial")
        check_equal(mesh.weir.counters()["flows_would_deny"], 1, "and told of")


@suite.case(each=[{"version": version} for version in ("1.2", "1.3")])
def a_session_is_as_good_as_who_began_it(version):
    with Mesh() as mesh:
        flag = {"1.2": "-tls1_2", "1.3": "-tls1_3"}[version]
        path = f"{mesh.lab.dir}/session"
        command = ["openssl", "s_client", "-connect", f"{mesh.lab.server.v4}:443", "-servername",
                   NAME, "-CAfile", f"{mesh.lab.dir}/ca.pem", flag, "-quiet"]
        ask = f"printf 'GET /page.html HTTP/1.0\\r\\nHost: {NAME}\\r\\n\\r\\n'; sleep 0.5"

        def answer(cert, *more):
            shown = ["-cert", f"{mesh.lab.dir}/{cert}.pem", "-key", f"{mesh.lab.dir}/{cert}.key"]
            return mesh.lab.client.run(
                "sh", "-c", f"({ask}) | {' '.join([*command, *shown, *more])}",
                check=False).stdout

        check("200 OK" in answer("web", "-sess_out", path), "the first one")
        check("200 OK" in answer("job", "-sess_in", path), "its session, by whomever")
        check_equal(mesh.weir.counters()["tls_resumed"], 1, "resumed")
        check("403 Forbidden" in answer("job"), "without the session")
        mesh.reload(f"'{DOMAIN}/jobs/sa/job'")
        check("403 Forbidden" in answer("job", "-sess_in", path), "the session stays the first's")
        check_equal(mesh.weir.counters()["tls_resumed"], 2, "resumed")
        check("200 OK" in answer("job"), "who is asked for now")


@suite.case()
def a_reload_asks_again_and_flows_and_explain_tell_who_it_is():
    with Mesh() as mesh, mesh.dial("web") as s:
        def page():
            s.sendall(get())
            return read_until(s, b"</html>\n")

        check(page().startswith(b"HTTP/1.1 200 OK\r\n"), "a page")
        flows = mesh.weir.ctl("flows")["flows"]
        check_equal([f.get("identity") for f in flows if f.get("dest_port") == 443], [WEB], "flows")
        check(WEB in mesh.weir.weirctl("flows").stdout, "weirctl flows")
        mesh.reload(f"'{DOMAIN}/shop/*', 'cn:x'")
        check(page().startswith(b"HTTP/1.1 200 OK\r\n"), "after a reload that allows it")
        mesh.reload("'cn:x'")
        with contextlib.suppress(ConnectionError, socket.timeout, ssl.SSLError):
            s.sendall(get())
            check_equal(s.recv(65536), b"", "after one that does not")
        words = ("explain", mesh.lab.client.v4, mesh.lab.server.v4, "tcp", "443")
        check("who the client is decides" in mesh.weir.weirctl(*words).stdout, "explain")
        check("allow, by mesh/allowed" in
              mesh.weir.weirctl(*words, "--identity", "cn:x").stdout, "who fits")
        check("deny, by mesh/rest (identity_denied)" in
              mesh.weir.weirctl(*words, "--identity", WEB).stdout, "who does not")
        check("(identity_missing)" in
              mesh.weir.weirctl(*words, "--identity", "").stdout, "nobody")


if __name__ == "__main__":
    suite.main()
