# SPDX-License-Identifier: BSD-3-Clause
"""TLS that policy opens on its way out: clients see a leaf of the operator's CA, servers are
verified first, what is to be left alone is, and who does not take the leaf is told of."""
import contextlib
import os
import socket
import ssl
import threading

from cases import Suite, check, check_equal
from https_site import BACK, Pki, dial_tls, get, read_all
from lab import WEIRCTL, Lab, best_device, listens, need, sh, wait_for
from test_http import SQLI, digest, read_until, write_page

suite = Suite()
SITE, PINNED = "site.example", "pinned.example"
POLICY = """
kind: Defaults
spec: {{ unmatched: allow }}
---
kind: EgressPolicy
metadata: {{ name: out }}
spec:
  from: [ 10.77.0.1, "fd77::1" ]
  inspect: true
  intercept:
    certificateAuthority: {{ certificate: {folder}/operator/ca.pem, key: {folder}/operator/ca.key }}
    upstream: {{ ca: {folder}/ca.pem }}
    bypass: [ {{ names: {bypass}, reason: it pins }} ]
  allow:
    - {{ name: opened, names: [ "*.example" ], ports: [ 443, 8440-8449 ], tls: intercept }}
    - {{ name: icmp, to: any, protocol: [ icmp, icmpv6 ] }}
"""
HTTP = """---
kind: Service
metadata: {{ name: web }}
spec: {{ addresses: any, ports: [ 443, 8440-8449 ], protocol: http }}
---
kind: ThreatPolicy
metadata: {{ name: protected }}
spec: {{ services: [web], mode: enforce, rules: {{ before: ['{folder}/before.conf'] }} }}
"""
BAD = ((8441, "other", "CERT_NAME"), (8442, "old", "CERT_EXPIRED"),
       (8443, "alone", "CERT_SELF_SIGNED"))
PROTOCOLS = [{"http": True}, {"http": False}]


class World:
    """nginx with a certificate of a private root behind weir, which opens what goes there."""

    def __init__(self, http=True, bypass=PINNED, http2=False):
        self.http = http
        self.http2 = http2
        self.bypass = bypass
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        for program in ("nginx", "curl", "openssl"):
            need(program)
        with contextlib.ExitStack() as stack:
            lab = self.lab = stack.enter_context(Lab(best_device()))
            self.pki = Pki(lab.dir)
            self.pki.make("all", SITE,
                          f"subjectAltName=DNS:{SITE},DNS:{PINNED},IP:10.77.0.2")
            sh(WEIRCTL, "ca", "init", f"{lab.dir}/operator", "--name", "Operator")
            self.weir = stack.enter_context(lab.weir(policy=self.policy()))
            self.www = lab.nginx(listen=(443,), tls=f"{lab.dir}/all", http2=self.http2)
            write_page(self.www)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *why):
        return self.stack.__exit__(*why)

    def policy(self):
        text = POLICY + (HTTP if self.http else "")
        return text.format(folder=self.lab.dir, bypass=self.bypass)

    def curl(self, *words, name=SITE, port=443, path="/page.html", v6=False, trust="operator/ca",
             check_exit=True):
        host = f"[{self.lab.server.v6}]" if v6 else self.lab.server.v4
        return self.lab.client.run(
            "curl", "-sS", "-m", "30", "-A", "Mozilla/5.0", "--cacert",
            f"{self.lab.dir}/{trust}.pem", "--resolve", f"{name}:{port}:{host}", *words,
            f"https://{name}:{port}{path}", check=check_exit).stdout

    def status(self, *words, **more):
        return self.curl("-o", "/dev/null", "-w", "%{http_code}", *words, **more)

    def dial(self, name=SITE, trust="operator/ca", port=443, alpn=(), version=None):
        context = ssl.create_default_context(cafile=f"{self.lab.dir}/{trust}.pem")
        if alpn:
            context.set_alpn_protocols(alpn)
        if version:
            context.maximum_version = version
        return dial_tls(self.lab, context, name, port)

    def serve(self, port, cert):
        """Another server, with another certificate."""
        self.lab.server.start("openssl", "s_server", "-accept", port, "-www", "-cert",
                              f"{self.lab.dir}/{cert}.pem", "-key", f"{self.lab.dir}/{cert}.key")
        wait_for(lambda: listens(self.lab.server, port), 30, "openssl s_server")


def issuer(s):
    return dict(pair[0] for pair in s.getpeercert()["issuer"])["commonName"]


@suite.case(each=PROTOCOLS)
def a_site_is_reached_through_a_leaf_of_the_operators_ca(http):
    with World(http) as world:
        with open(f"{world.www}/page.html", encoding="utf-8") as f:
            page = f.read()
        for v6 in (False, True):
            for flag in ("1.2", "1.3"):
                check_equal(world.curl("--tls-max", flag, v6=v6), page, f"TLS {flag}, IPv6 {v6}")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with world.dial(version=version) as s:
                check_equal(issuer(s), "Operator", "who has signed the leaf")
                names = {value for _, value in s.getpeercert()["subjectAltName"]}
                check_equal(names, {SITE, PINNED, "10.77.0.2"}, "names of the leaf")
                s.sendall(get(close=True).replace(b"site.example", SITE.encode()))
                check(read_all(s).endswith(b"</html>\n"), "the page")
        check_equal(world.weir.counters()["tls_intercepted"], 6, "flows opened")
        check_equal(world.weir.counters()["tls_pinned"], 0, "clients that do not like it")
        hello = world.weir.wait_event(event_type="tls", tls={"sni": SITE})
        check_equal((hello["weir"]["verdict"], hello["weir"].get("intercept")), ("allow", True),
                    "the decision")
        world.weir.stop()  # what is left of connections is told now
        flow = world.weir.wait_event(event_type="flow", dest_port=443)
        check_equal(flow["tls"]["sni"], SITE, "the flow's name")
        told = flow["weir"]["tls"]
        check(told["server"]["verified"] and told["client"]["cipher"], f"the flow's TLS: {told}")


@suite.case()
def what_is_opened_is_judged():
    with World() as world:
        check_equal(world.status(), "200", "a page")
        check_equal(world.status("-g", path=f"/page.html?id={SQLI}"), "403", "an injection")
        event = world.weir.wait_event(event_type="http", http={"status": 403})
        check_equal(event["tls"]["sni"], SITE, "whom it was for")


@suite.case(each=PROTOCOLS)
def large_bodies_go_through(http):
    with World(http) as world:
        with open(f"{world.www}/big.bin", "wb") as f:
            for i in range(32):
                f.write(b"%07d " % i * (1 << 17))
        world.curl("-o", f"{world.lab.dir}/got.bin", path="/big.bin")
        check_equal(digest(f"{world.lab.dir}/got.bin"), digest(f"{world.www}/big.bin"), "download")


@suite.case()
def the_protocol_is_the_one_that_both_ends_speak():
    with World(http=False) as world:
        for offered, wanted in ((["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"),
                                ([], None)):
            with world.dial(alpn=offered) as s:
                check_equal(s.selected_alpn_protocol(), wanted, f"of {offered}")


@suite.case(each=[{"server": server} for server in ("h2", "http/1.1")])
def http2_is_spoken_and_judged_where_the_server_speaks_it(server):
    with World(http2=server == "h2") as world:
        version = "2" if server == "h2" else "1.1"
        for words, wanted in ((("--http2",), version), (("--http1.1",), "1.1")):
            for v6 in (False, True):
                out = world.curl(*words, "-o", "/dev/null", "-w", "%{http_code} %{http_version}",
                                 v6=v6)
                check_equal(out, f"200 {wanted}", f"curl {words[0]}")
        check_equal(world.status("--http2", "-g", path=f"/page.html?id={SQLI}"), "403",
                    "an injection")
        event = world.weir.wait_event(event_type="http", http={"status": 403})
        check_equal(event["http"]["protocol"], "HTTP/2.0" if server == "h2" else "HTTP/1.1",
                    "protocol")
        check_equal(event["weir"]["tls"]["server"]["alpn"], server, "ALPN behind")
        # The page, and what was refused, in one connection each.
        check_equal(world.weir.counters()["http2_connections"], 3 if server == "h2" else 0,
                    "connections of HTTP/2")


@suite.case(each=PROTOCOLS)
def a_server_that_is_not_who_it_should_be_is_refused(http):
    with World(http) as world:
        for port, cert, _ in BAD:
            world.serve(port, cert)
            if http:
                check_equal(world.status(name=BACK, port=port), "502", cert)
            else:
                said = world.curl(name=BACK, port=port, check_exit=False)
                check("alert access denied" in said, f"{cert}: {said}")
        check_equal(world.weir.counters()["tls_server_failed"], 3, "servers refused")
        check_equal(world.weir.counters()["tls_pinned"], 0, "clients that do not like it")
        world.weir.stop()
        for port, _, reason in BAD:
            flow = world.weir.wait_event(event_type="flow", dest_port=port)
            check_equal(flow["weir"]["tls"]["server"]["failure"], reason, "the record's reason")
            check_equal(flow["tls"]["sni"], BACK, "whom it was for")


@suite.case()
def what_is_to_be_left_alone_sees_the_servers_own_certificate():
    with World() as world:
        with world.dial(name=PINNED, trust="ca") as s:
            check_equal(issuer(s), "Test CA", "who has signed the certificate")
            s.sendall(get(close=True))
            check(read_all(s).endswith(b"</html>\n"), "the page")
        event = world.weir.wait_event(event_type="tls", tls={"sni": PINNED})
        check_equal(event["weir"]["bypass"], "it pins", "the reason")
        check("intercept" not in event["weir"], "it was opened")
        check_equal(world.weir.counters()["tls_bypassed"], 1, "flows left alone")
        check_equal(world.weir.counters()["tls_intercepted"], 0, "flows opened")


@suite.case(each=[{"version": "1.2"}, {"version": "1.3"}])
def a_client_that_does_not_take_the_leaf_is_told_of(version):
    with World() as world:
        said = world.curl("--tls-max", version, trust="ca", check_exit=False)
        check("certificate" in said, f"curl says {said}")
        event = world.weir.wait_event(event_type="tls", weir={"pinned_suspected": True})
        check_equal(event["tls"]["sni"], SITE, "whom it was for")
        check_equal(world.weir.counters()["tls_pinned"], 1, "clients")
        check_equal(world.status(), "200", "another client")
        listed = world.weir.weirctl("pinned").stdout.splitlines()[1].split()
        check_equal(listed[:3], [SITE, "1", world.lab.client.v4], "the list of such names")


@suite.case()
def a_reload_changes_what_is_left_alone_and_ends_no_connection():
    with World() as world:
        with world.dial() as s:
            s.sendall(get())
            check(b"200 OK" in read_until(s, b"</html>\n"), "the first answer")
            failed = []

            def load():
                for i in range(40):
                    status = world.status(check_exit=False)
                    if status != "200":
                        failed.append((i, status))

            thread = threading.Thread(target=load)
            thread.start()
            for _ in range(8):
                world.bypass = "other.example"
                world.weir.write_policy(world.policy())
                check(world.weir.ctl("reload")["ok"], "the reload")
            thread.join()
            check_equal(failed, [], "requests that failed under reloads")
            s.sendall(get(close=True))
            check(b"200 OK" in read_all(s), "the second answer")
        with world.dial(name=PINNED) as s:
            check_equal(issuer(s), "Operator", "who is opened now")


@suite.case()
def an_authority_that_cannot_be_used_is_refused_at_its_place():
    with World() as world:
        folder = world.lab.dir
        for change, wanted in (
                (lambda: os.chmod(f"{folder}/operator/ca.key", 0o644), "operator/ca.key"),
                (lambda: os.rename(f"{folder}/operator/ca.key", f"{folder}/gone"),
                 "operator/ca.key")):
            change()
            answer = world.weir.ctl("reload")
            check(not answer["ok"], "a policy whose key is not its owner's alone, or not there")
            text = str(answer)
            check("policy.yaml:11:27: error: policy 'out': " in text and wanted in text, text)
        check_equal(world.status(), "200", "the policy that goes on")
        certs = world.weir.weirctl("certs").stdout
        check("Operator" in certs, f"certs: {certs}")


@suite.case()
def a_client_without_a_name_is_served_by_address_where_policy_lets_it():
    with World(http=False) as world:
        world.weir.write_policy(world.policy().replace('names: [ "*.example" ], ', ""))
        world.weir.ctl("reload")
        context = ssl.create_default_context(cafile=f"{world.lab.dir}/operator/ca.pem")
        context.check_hostname = False
        with dial_tls(world.lab, context, name=None) as s:
            check_equal(issuer(s), "Operator", "who has signed the leaf")
            with contextlib.suppress(socket.timeout):
                s.sendall(get(close=True))
                check(read_all(s).endswith(b"</html>\n"), "the page")


if __name__ == "__main__":
    suite.main()
