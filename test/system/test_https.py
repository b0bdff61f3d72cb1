# SPDX-License-Identifier: BSD-3-Clause
"""HTTPS to a Service whose TLS weir ends: it works as without weir, attacks are refused, what goes
on to the servers is in the clear or verified TLS, and how an end closes is told to the other."""
import hashlib
import os
import socket
import ssl
import threading
import time

from cases import SOAK, Suite, check, check_equal
from frames import packet_socket
from https_site import NAME, Pki, Site, dial_tls, get, read_all
from lab import Lab, best_device, cpus, need, wait_for
from test_http import SQLI, digest, read_until
from test_tcp_flood import ATTACKER, SYN, pour, tcp_frame

suite = Suite()
BIG = (2 << 30) if SOAK else (64 << 20)
RELOADS = 300 if SOAK else 8
VERSIONS = ("1.2", "1.3")
WAYS = [{"version": version, "upstream": upstream} for version in VERSIONS
        for upstream in ("plain", "tls")]


# ---- a site works, attacks do not ----


@suite.case(each=WAYS, limit_s=300, soak_limit_s=1800)
def a_site_works_over_tls(version, upstream):
    with Site(upstream) as site:
        with open(f"{site.www}/page.html", encoding="utf-8") as f:
            check_equal(site.curl(version=version), f.read(), "the page")
        check_equal(site.status(version=version, v6=True), "200", "over IPv6")
        check_equal(site.status("-g", version=version, path=f"/page.html?id={SQLI}"), "403",
                    "an injection")
        event = site.weir.wait_event(event_type="http", http={"status": 200})
        check_equal(event["tls"], {"version": f"TLS {version}", "sni": NAME}, "eve's tls")
        told = event["weir"]["tls"]
        check_equal(told["client"]["alpn"], "http/1.1", "ALPN")
        check_equal("server" in told and told["server"]["verified"], upstream == "tls",
                    "the server's side")
        check_equal(site.weir.counters()["tls_kept"], 0, "records that libssl makes")


@suite.case(each=WAYS, limit_s=300, soak_limit_s=1800)
def large_bodies_go_both_ways_and_need_no_more_memory(version, upstream):
    with Site(upstream) as site:
        with open(f"{site.lab.dir}/big.bin", "wb") as f:
            for i in range(BIG >> 20):
                f.write(b"%07d " % i * (1 << 17))
        site.status(version=version)
        before = site.weir.heap_kib()
        code = site.curl("-T", f"{site.lab.dir}/big.bin", "-H",
                         "Content-Type: application/octet-stream", "-w", "%{http_code}",
                         version=version, path="/big.bin")
        check_equal(code, "201", "status of the upload")
        check_equal(digest(f"{site.www}/big.bin"), digest(f"{site.lab.dir}/big.bin"), "upload")
        site.curl("-o", f"{site.lab.dir}/got.bin", version=version, path="/big.bin", v6=True)
        check_equal(digest(f"{site.lab.dir}/got.bin"), digest(f"{site.www}/big.bin"), "download")
        check(site.weir.heap_kib() - before < (32 << 10),
              f"{site.weir.heap_kib() - before} KiB more")


@suite.case()
def one_connection_serves_many_requests():
    with Site("tls") as site:
        out = site.curl(*["-o", "/dev/null", "-w", "%{num_connects} %{http_code}\n"],
                        path="/page.html?q=[1-20]")
        check_equal(out.split(), ["1", "200"] + ["0", "200"] * 19, "connections and statuses")
        check_equal(site.weir.counters()["tls_handshakes"], 1, "handshakes")


@suite.case()
def one_byte_a_record_in_one_byte_segments_works():
    with Site("tls") as site, site.dial() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in get(close=True):
            s.sendall(bytes([byte]))
        got = read_all(s)
        check(got.startswith(b"HTTP/1.1 200 OK\r\n") and got.endswith(b"</html>\n"), f"{got[:80]}")


# ---- sessions ----


@suite.case(each=[{"version": version} for version in VERSIONS])
def a_session_is_resumed_by_the_other_worker(version):
    workers = min(2, len(cpus()))
    with Site("tls", workers=workers) as site:
        flag = {"1.2": "-tls1_2", "1.3": "-tls1_3"}[version]
        path = f"{site.lab.dir}/session"
        command = ["openssl", "s_client", "-connect", f"{site.lab.server.v4}:443", "-servername",
                   NAME, "-CAfile", f"{site.lab.dir}/ca.pem", flag, "-quiet"]
        ask = f"printf 'GET / HTTP/1.0\\r\\nHost: {NAME}\\r\\n\\r\\n'; sleep 0.3"
        # Which worker has a connection is chance: a few are enough nearly always.
        for n in range(1, 65):
            words = command + (["-sess_in", path] if n > 1 else ["-sess_out", path])
            site.lab.client.run("sh", "-c", f"({ask}) | {' '.join(words)}", check=False)
            handshakes = site.weir.by_worker("tls_handshakes")
            check_equal(sum(handshakes), n, "handshakes")
            if n >= 12 and all(handshakes):
                break
        check(all(handshakes), f"one worker had them all: {handshakes}")
        check_equal(sum(site.weir.by_worker("tls_resumed")), n - 1, "resumed")


# ---- ends ----


class Talker:
    """A server of one connection that answers with a body until it closes, in the ways that `end`
    names: with close_notify, by FIN alone, or by a reset, which comes before it answers or once
    `begun` says that its answer has come through. It closes when `heard` says that all has."""

    def __init__(self, lab, end):
        self.end = end
        self.begun, self.heard = threading.Event(), threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{lab.dir}/back.pem", f"{lab.dir}/back.key")
        self.listener = lab.server.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((lab.server.v4, 443))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        raw, _ = self.listener.accept()
        s = self.context.wrap_socket(raw, server_side=True)
        s.recv(65536)
        if self.end != "reset before":
            s.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 50000)
        if self.end == "reset":
            self.begun.wait(10)
        if self.end == "close_notify":
            s.unwrap()
        if self.end.startswith("reset"):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        else:
            s.shutdown(socket.SHUT_WR)
            self.heard.wait(30)  # to close before might reset what is on its way
        s.close()


@suite.case(each=[{"end": end} for end in ("close_notify", "fin", "reset", "reset before")])
def a_body_until_the_end_is_whole_only_with_close_notify(end):
    need("openssl")
    with Lab(best_device()) as lab:
        pki = Pki(lab.dir)
        with lab.weir(policy=pki.policy("tls")) as weir:
            talker = Talker(lab, end)
            context = pki.trusted()
            # Python takes FIN alone for a whole end, unless it is asked not to.
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
            s = dial_tls(lab, context)
            s.sendall(get(close=True))
            got = b""
            try:
                got = s.recv(65536)
                talker.begun.set()
                got += read_all(s)
                check_equal(end, "close_notify", f"a whole body of {len(got)} bytes after")
                check_equal(got.count(b"x"), 50000, "bytes of the body")
            except (ssl.SSLError, ConnectionResetError):
                check(end != "close_notify", "cut, though the server has closed in order")
            check_equal(got.startswith(b"HTTP/1.1 200 OK"), end != "reset before", "a begin")
            talker.heard.set()
            if not end.startswith("reset"):  # which may overtake the bytes before it, or not
                weir.await_counters(tls_truncated=int(end == "fin"))
            talker.listener.close()


@suite.case()
def what_is_no_tls_gets_an_alert():
    with Site() as site:
        s = site.lab.client.socket()
        s.settimeout(10)
        s.connect((site.lab.server.v4, 443))
        s.sendall(get())
        check_equal(read_all(s), b"\x15\x03\x03\x00\x02\x02\x0a", "the answer")
        metric = 'weir_tls_errors_total{side="client",error="NO_HELLO",worker="0"} 1'
        wait_for(lambda: metric in site.weir.weirctl("metrics").stdout, 10, "the metric")
        check_equal(site.weir.drops().get("tls"), 1, "drops")


@suite.case()
def a_client_that_says_nothing_is_let_go():
    with Site(more="\n    handshakeTimeout: 1s") as site:
        s = site.lab.client.socket()
        s.settimeout(30)
        begin = time.monotonic()
        s.connect((site.lab.server.v4, 443))
        check_equal(s.recv(1), b"", "what it hears")
        check(time.monotonic() - begin > 0.9, "the time it had")
        site.weir.await_counters(tls_timeouts=1)


@suite.case(each=[{"upstream": "plain"}, {"upstream": "tls"}])
def in_a_syn_flood_clients_come_by_cookie_and_are_served(upstream):
    with Site(upstream) as site, packet_socket(site.lab.client) as wire:
        for n in range(10, 60, 5):  # what is half open goes after some seconds: again for each
            pour(wire, (tcp_frame(ATTACKER, site.lab.server.v4, (port, 443), (port, 0), SYN)
                        for port in range(1000 * n, 1000 * n + 4000)))
            check_equal(site.status(), "200", "status")
        check(site.weir.counters()["tcp_cookies_taken"] >= 10, "nobody came by cookie")


# ---- the servers' side ----


@suite.case(each=[{"back": "other", "reason": "CERT_NAME"},
                  {"back": "alone", "reason": "CERT_SELF_SIGNED"},
                  {"back": "old", "reason": "CERT_EXPIRED"}])
def a_server_that_is_not_who_it_should_be_is_a_502(back, reason):
    with Site("tls", back=back) as site:
        check_equal(site.status(), "502", "status")
        event = site.weir.wait_event(event_type="http", http={"status": 502})
        check_equal(event["weir"]["bad"], reason, "reason")
        check_equal(event["weir"]["tls"]["server"]["failure"], reason, "failure")
        metric = f'weir_tls_errors_total{{side="server",error="{reason}",worker="0"}} 1'
        check(metric in site.weir.weirctl("metrics").stdout, "the metric")


@suite.case()
def a_server_whose_certificate_is_revoked_is_a_502_from_the_reload_on():
    with Site("tls") as site:
        check_equal(site.status(), "200", "status before")
        ca = f"ca: {site.lab.dir}/ca.pem, name"
        policy = site.pki.policy("tls")
        check(ca in policy, "the policy has no CA")
        site.weir.write_policy(policy.replace(ca, f"crl: {site.pki.revoke('back')}, {ca}"))
        check(site.weir.ctl("reload")["ok"], "reload")
        check_equal(site.status(), "502", "status")
        event = site.weir.wait_event(event_type="http", http={"status": 502})
        check_equal(event["weir"]["bad"], "CERT_REVOKED", "reason")
        check_equal(event["weir"]["tls"]["server"]["failure"], "CERT_REVOKED", "failure")


# ---- certificates ----


@suite.case(soak_limit_s=900)
def certificates_change_under_load_without_losing_a_connection():
    with Site("tls") as site:
        site.pki.make("next", NAME, f"subjectAltName=DNS:{NAME}")
        done = threading.Event()
        wrong, asked = [], [0]

        def ask():
            while not done.is_set():
                try:
                    with site.dial() as s:
                        for _ in range(3):
                            s.sendall(get())
                            read_until(s, b"</html>\n")
                            asked[0] += 1
                except (OSError, ssl.SSLError) as why:
                    wrong.append(repr(why))

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        for i in range(RELOADS):
            cert = "next" if i % 2 == 0 else "site"
            site.weir.write_policy(site.pki.policy("tls", cert=cert))
            check(site.weir.ctl("reload")["ok"], "reload")
            with open(f"{site.lab.dir}/{cert}.pem", encoding="utf-8") as f:
                wanted = ssl.PEM_cert_to_DER_cert(f.read())
            with site.dial() as s:
                check_equal(hashlib.sha256(s.getpeercert(True)).hexdigest(),
                            hashlib.sha256(wanted).hexdigest(), "the certificate shown")
            wait_for(lambda i=i: wrong or asked[0] > 10 * (i + 1), 60, "requests under a reload")
        done.set()
        for thread in threads:
            thread.join()
        check(not wrong, f"{len(wrong)} failed: {wrong[:3]}")


@suite.case()
def a_bad_certificate_refuses_the_reload_and_is_named():
    with Site() as site:
        os.chmod(f"{site.lab.dir}/back.key", 0o644)
        site.weir.write_policy(site.pki.policy(cert="back"))
        answer = site.weir.ctl("reload")
        check(not answer["ok"], "it was taken")
        report = str(answer)
        check("policy.yaml:" in report and "back.key" in report, report)
        check_equal(site.status(), "200", "status afterwards")


@suite.case()
def certs_tells_of_certificates():
    with Site() as site:
        shown = site.weir.weirctl("certs").stdout.splitlines()[1].split()
        check_equal(shown[:2], ["site", NAME], "weirctl certs")
        check("29d" in shown or "30d" in shown, f"days left: {shown}")


@suite.case()
def only_suites_and_groups_of_the_service_are_agreed_to():
    more = ("\n    ciphers: [ ECDHE-ECDSA-CHACHA20-POLY1305, TLS_AES_256_GCM_SHA384 ]"
            "\n    groups: [ P-384, P-256 ]")
    with Site(more=more) as site:
        for words, version, served in (
                (("--curves", "P-384"), "1.3", True), (("--curves", "P-256"), "1.2", True),
                (("--curves", "X25519"), "1.3", False),
                (("--ciphers", "CHACHA20"), "1.2", True), (("--ciphers", "AESGCM"), "1.2", False),
                (("--tls13-ciphers", "TLS_AES_256_GCM_SHA384"), "1.3", True),
                (("--tls13-ciphers", "TLS_AES_128_GCM_SHA256"), "1.3", False)):
            status = site.status(*words, version=version, check_exit=False)
            check(status.endswith("200" if served else "000"),
                  f"{' '.join(words)}, TLS {version}: {status}")
        site.weir.write_policy(site.pki.policy(more=more.replace("P-384", "P-348")))
        answer = site.weir.ctl("reload")
        check(not answer["ok"] and "groups" in str(answer), f"an unknown group: {answer}")


# ---- without HTTP ----


@suite.case()
def other_protocols_are_passed_on_decrypted():
    need("openssl")
    with Lab(best_device()) as lab:
        pki = Pki(lab.dir)
        listener = lab.server.socket()
        listener.bind((lab.server.v4, 443))
        listener.listen()
        with lab.weir(policy=pki.policy(protocol="tcp")):
            with dial_tls(lab, pki.trusted()) as s:
                server, _ = listener.accept()
                server.settimeout(10)
                s.sendall(b"hello")
                check_equal(server.recv(100), b"hello", "to the server")
                server.sendall(b"world")
                check_equal(s.recv(100), b"world", "to the client")
                server.close()
                check_equal(s.recv(100), b"", "the end")


if __name__ == "__main__":
    suite.main()
