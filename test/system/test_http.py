# SPDX-License-Identifier: BSD-3-Clause
"""HTTP through weir: a site works as without it, attacks are refused by Debian's CRS wherever they
stand, and what is not clear goes nowhere."""
import contextlib
import hashlib
import os
import socket
import time

from cases import SOAK, Suite, check, check_equal
from lab import ALLOW_ALL, Lab, best_device, need, wait_for
from smuggling import MESSAGES
from test_inspect import Recorder

suite = Suite()
PORT = 80
RECORDED = 8080  # where test_inspect's Recorder listens
BIG = (2 << 30) if SOAK else (64 << 20)
SERVICE = """---
kind: Service
metadata: {{ name: site }}
spec: {{ addresses: [10.77.0.0/24, "fd77::/64"], ports: [80, 8080], protocol: http{service} }}
---
kind: ThreatPolicy
metadata: {{ name: protected }}
spec: {{ services: [site], mode: {mode}, budget: {budget}{threat} }}
"""
# For judging, which on a machine that stands still now and then may take longer than the default.
BUDGET = "1s"


def policy(mode="enforce", service="", threat=""):
    return ALLOW_ALL + SERVICE.format(mode=mode, service=service, threat=threat, budget=BUDGET)


PUT_IS_ALLOWED = """SecAction "id:100001,phase:1,pass,t:none,nolog,\\
    setvar:'tx.allowed_methods=GET HEAD POST OPTIONS PUT',\\
    setvar:'tx.allowed_request_content_type=|application/x-www-form-urlencoded| \\
|multipart/form-data| |text/xml| |application/json| |application/octet-stream|'"
"""


def write_page(www):
    with open(f"{www}/page.html", "w", encoding="utf-8") as f:
        f.write("<html><body>" + "All is well. " * 400 + "</body></html>\n")


def web(lab):
    www = lab.nginx(listen=(PORT,))
    write_page(www)
    return www


class Site:
    """nginx behind a weir, made once for all cases that leave it as it was."""

    def __init__(self, workers=1):
        self.workers = workers
        self.held = None

    def __call__(self):
        return self

    def __enter__(self):
        if not self.held:
            need("nginx")
            need("curl")
            lab = Lab(best_device(), workers=self.workers)
            try:
                lab.__enter__()
                before = os.path.join(lab.dir, "before.conf")
                with open(before, "w", encoding="utf-8") as f:
                    f.write(PUT_IS_ALLOWED)
                rules = f", rules: {{ before: ['{before}'] }}"
                weir = lab.weir(policy=policy(threat=", body: { overRequest: partial }" + rules))
                weir.__enter__()
                www = web(lab)
            except BaseException:
                lab.close()
                raise
            self.held = lab, weir, www
        return self.held

    def __exit__(self, *_):
        pass

    def close(self):
        if self.held:
            self.held[0].close()
            self.held = None


site = Site()


def curl(lab, *words, path="/", check_exit=True):
    done = lab.client.run("curl", "-sS", "-m", "20", "-A", "Mozilla/5.0", "-H", "Host: site",
                          *words, f"http://{lab.server.v4}{path}", check=check_exit)
    return done.stdout


def status(lab, *words, path="/"):
    return curl(lab, "-o", "/dev/null", "-w", "%{http_code}", *words, path=path)


def dial(lab, port=PORT):
    s = lab.client.socket()
    s.settimeout(10)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect((lab.server.v4, port))
    return s


def read_until(s, end):
    got = b""
    while not got.endswith(end):
        data = s.recv(65536)
        if not data:
            raise ConnectionError(f"the connection has ended behind {got[-80:]}")
        got += data
    return got


def read_to_end(s):
    got = b""
    try:
        while data := s.recv(65536):
            got += data
    except (ConnectionResetError, TimeoutError):
        pass
    return got


# ---- a site works ----


@suite.case()
def a_page_is_what_it_is_without_weir():
    with site() as (lab, weir, www):
        with open(f"{www}/page.html", encoding="utf-8") as f:
            check_equal(curl(lab, path="/page.html"), f.read(), "the page")
        check_equal(status(lab, path="/nothing"), "404", "a page that is not there")
        check_equal(status(lab, "-I", path="/page.html"), "200", "HEAD")
        check_equal(curl(lab, "-r", "0-11", path="/page.html"), "<html><body>", "a range")
        weir.wait_event(event_type="http", http={"url": "/page.html"})


@suite.case()
def one_connection_serves_many_requests():
    with site() as (lab, weir, _):
        before = weir.counters()["http_responses"]
        out = curl(lab, *["-o", "/dev/null", "-w", "%{num_connects} %{http_code}\n"],
                   path="/page.html?q=[1-20]")
        check_equal(out.split(), ["1", "200"] + ["0", "200"] * 19, "connections and statuses")
        weir.await_counters(http_responses=before + 20)


@suite.case()
def pipelined_requests_have_their_responses_in_order():
    with site() as (lab, _, _www), dial(lab) as s:
        ask = (b"GET /page.html?n=%d HTTP/1.1\r\nHost: site\r\nUser-Agent: t\r\nAccept: */*\r\n"
               b"%s\r\n")
        s.sendall(b"".join(ask % (i, b"Connection: close\r\n" if i == 29 else b"")
                           for i in range(30)))
        check_equal(read_to_end(s).count(b"HTTP/1.1 200 OK\r\n"), 30, "responses")


@suite.case()
def uploads_arrive_chunked_and_not():
    with site() as (lab, weir, www):
        body = os.path.join(lab.dir, "body")
        with open(body, "wb") as f:
            f.write(os.urandom(3 << 20))
        for extra in ([], ["-H", "Transfer-Encoding: chunked"]):
            code = status(lab, "-T", body, "-H", "Content-Type: application/octet-stream", *extra,
                          path="/upload")
            check(code in ("201", "204"), f"status {code}")
            with open(f"{www}/upload", "rb") as f, open(body, "rb") as sent:
                check(f.read() == sent.read(), "what arrived is not what was sent")
        check(weir.alive(), "weir has ended")


def write_big(path):
    with open(path, "wb") as f:
        for i in range(BIG >> 20):
            f.write(b"%07d " % i * (1 << 17))


@suite.case(limit_s=300, soak_limit_s=1800)
def a_large_upload_needs_no_more_memory():
    with site() as (lab, weir, www):
        write_big(f"{lab.dir}/big.bin")
        before = weir.heap_kib()
        out = lab.client.run("curl", "-sS", "-m", "1500", "-A", "Mozilla/5.0", "-H", "Host: site",
                             "-T", f"{lab.dir}/big.bin", "-H",
                             "Content-Type: application/octet-stream", "-w", "%{http_code}",
                             f"http://{lab.server.v4}/big.bin", timeout=1700)
        check_equal(out.stdout, "201", "status")
        check_equal(digest(f"{www}/big.bin"), digest(f"{lab.dir}/big.bin"), "digest")
        check(weir.heap_kib() - before < (32 << 10), f"{weir.heap_kib() - before} KiB more")
        os.unlink(f"{lab.dir}/big.bin")
        os.unlink(f"{www}/big.bin")


@suite.case(limit_s=300, soak_limit_s=1800)
def a_large_download_needs_no_more_memory():
    with site() as (lab, weir, www):
        write_big(f"{www}/big.bin")
        before = weir.heap_kib()
        out = lab.client.run("curl", "-sS", "-m", "1500", "-A", "Mozilla/5.0", "-o",
                             f"{lab.dir}/got.bin", f"http://{lab.server.v4}/big.bin", timeout=1700)
        check_equal(out.stdout, "", "curl's word")
        check_equal(digest(f"{lab.dir}/got.bin"), digest(f"{www}/big.bin"), "digest")
        check(weir.heap_kib() - before < (32 << 10), f"{weir.heap_kib() - before} KiB more")
        os.unlink(f"{lab.dir}/got.bin")
        os.unlink(f"{www}/big.bin")


def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while piece := f.read(1 << 20):
            h.update(piece)
    return h.hexdigest()


@suite.case()
def flows_and_metrics_tell_of_http():
    with site() as (lab, weir, _), dial(lab) as s:
        s.sendall(b"GET /page.html HTTP/1.1\r\nHost: site\r\nUser-Agent: t\r\nAccept: */*\r\n\r\n")
        read_until(s, b"</html>\n")
        # Its end goes out before weir counts the response.
        flow = wait_for(lambda: [f for f in weir.ctl("flows", port=s.getsockname()[1])["flows"]
                                 if not f["http"]["outstanding"]], 10, "the response's end")[0]
        check_equal(flow["http"]["requests"], 1, "requests of the flow")
        shown = weir.weirctl("flows", "--port", str(s.getsockname()[1])).stdout
        check(shown.split("read as HTTP:\n")[-1].split()[:10] == [
            "ID", "VERSION", "REQUESTS", "RESPONSES", "OUTSTANDING", str(flow["flow_id"]), "1.1",
            "1", "1", "0"],
              f"weirctl flows: {shown}")
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        check(read_to_end(s).count(b"HTTP/1.1 400 ") == 1, "no Host")
        metric = 'weir_http_malformed_total{error="HOST_MISSING",worker="0"} 1'
        wait_for(lambda: metric in weir.weirctl("metrics").stdout, 10, "the metric")
        counters = weir.counters()
        check(0 < counters["cycles_busy"] < counters["cycles"], f"busy cycles: {counters}")
        check(weir.ctl("stats")["http_cycles"]["request_end"] > 0, "phase 2 took no time")


# ---- attacks ----

SQLI = "1%27%20OR%20%271%27=%271%27%20UNION%20SELECT%20password%20FROM%20users--%20"
XSS = "<script>alert(document.cookie)</script>"
ATTACKS = {
    "uri": ([], f"/page.html?id={SQLI}"),
    "path": (["--path-as-is"], "/page.html?f=../../../../etc/passwd"),
    "header": (["-A", "() { :; }; /bin/cat /etc/passwd"], "/page.html"),
    "referer": (["-H", f"Referer: http://x/{XSS}"], "/page.html"),
    "cookie": (["-b", f"a={XSS}"], "/page.html"),
    "form": (["-d", f"name={SQLI}"], "/page.html"),
    "json": (["-H", "Content-Type: application/json", "-d", '{"a":{"b":"%s"}}' % XSS],
             "/page.html"),
    "xml": (["-H", "Content-Type: text/xml", "-d",
             "<a><b>1' UNION SELECT password FROM users--</b></a>"], "/page.html"),
    "multipart": (["-F", "a=1' UNION SELECT password FROM users-- x"], "/page.html"),
}


@suite.case(each=[{"where": where} for where in ATTACKS])
def an_attack_is_refused(where):
    with site() as (lab, weir, _):
        words, path = ATTACKS[where]
        before = weir.counters()["http_denied"]
        check_equal(status(lab, "-g", *words, path=path), "403", "status")
        weir.await_counters(http_denied=before + 1)
        check_equal(status(lab, path="/page.html"), "200", "a page afterwards")


def raw(line="GET /page.html", fields=(), kind="", body=""):
    """A request as bytes."""
    if body:
        fields = [*fields, f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([f"{line} HTTP/1.1", "Host: site", "User-Agent: Mozilla/5.0", "Accept: */*",
                        *fields, "", body]).encode()


MULTIPART = ("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
             "1' UNION SELECT password FROM users-- x\r\n--b--\r\n")
RAW = {
    "uri": raw(f"GET /page.html?id={SQLI}"),
    "header": raw(fields=["Referer: () { :; }; /bin/cat /etc/passwd"]),
    "cookie": raw(fields=[f"Cookie: a={XSS}"]),
    "form": raw("POST /page.html", kind="application/x-www-form-urlencoded", body=f"a={SQLI}"),
    "json": raw("POST /page.html", kind="application/json", body='{"a":{"b":"%s"}}' % XSS),
    "xml": raw("POST /page.html", kind="text/xml",
               body="<a><b>1' UNION SELECT password FROM users--</b></a>"),
    "multipart": raw("POST /page.html", kind="multipart/form-data; boundary=b", body=MULTIPART),
}


@suite.case(each=[{"where": where} for where in RAW])
def an_attack_in_one_byte_segments_is_refused_and_the_connection_stays(where):
    with site() as (lab, _, _www), dial(lab) as s:
        for i in range(len(RAW[where])):
            s.send(RAW[where][i:i + 1])
            time.sleep(0.0003)
        check(read_until(s, b"</html>\n").startswith(b"HTTP/1.1 403 Forbidden\r\n"),
              "it was not refused")
        s.sendall(raw(fields=["Connection: close"]))
        check(read_to_end(s).startswith(b"HTTP/1.1 200 OK\r\n"), "the next request")


@suite.case()
def in_detect_mode_an_attack_passes_and_is_told():
    need("nginx")
    site.close()
    with Lab(best_device()) as lab, lab.weir(policy=policy("detect")) as weir:
        web(lab)
        check_equal(status(lab, "-g", path=f"/page.html?id={SQLI}"), "200", "status")
        wait_for(lambda: weir.counters()["http_would_deny"] == 1, 30, "http_would_deny")


# ---- what is not clear ----


@suite.case(limit_s=600)
def no_ambiguous_message_arrives_otherwise_than_judged():
    site.close()
    text = policy(service=", http2: false", threat=", rules: {crs: []}")
    with Lab(best_device()) as lab, lab.weir(policy=text) as weir:
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        with Recorder(lab.server, answer=ok) as server:
            wrong = []
            for row in MESSAGES:
                before = len(server.got)
                with dial(lab, RECORDED) as s:
                    wait_for(lambda: len(server.got) > before, 30, "the server's side")
                    s.sendall(row.message)
                    answer = b""
                    with contextlib.suppress(OSError):  # a connection goes on behind what is good
                        answer = read_until(s, ok) if row.passes else read_to_end(s)
                arrived = server.got[before]
                good = arrived == row.message if row.passes else (
                    not arrived and answer.startswith(b"HTTP/1.1 %d " % row.status))
                if not good:
                    wrong.append((row.name, answer[:40], arrived))
            check(not wrong, f"{len(wrong)} of {len(MESSAGES)}: {wrong[:5]}")
        check(weir.alive(), "weir has ended")


@suite.case(limit_s=120)
def a_client_that_offers_http2_is_answered_in_http1():
    need("curl")
    site.close()
    with Lab(best_device()) as lab, lab.weir(policy=policy()) as weir:
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        with Recorder(lab.server, answer=ok) as server:
            out = lab.client.run("curl", "-sS", "-m", "20", "--http2", "-A", "Mozilla/5.0", "-w",
                                 " %{http_version}", f"http://{lab.server.v4}:{RECORDED}/").stdout
        check_equal(out, "ok 1.1", "curl's word")
        arrived = server.got[0].lower()
        check(arrived.startswith(b"get / http/1.1\r\n") and arrived.endswith(b"\r\n\r\n"), arrived)
        check(b"upgrade" not in arrived and b"http2-settings" not in arrived, arrived)
        check_equal(weir.counters()["http_tunnels"], 0, "tunnels")


# ---- slow clients ----


@suite.case()
def slow_clients_are_let_go_and_honest_ones_do_not_notice():
    need("nginx")
    need("slowhttptest")
    site.close()
    brief = ", timeouts: { header: 3s, body: 3s, idle: 5s }"
    with Lab(best_device()) as lab, lab.weir(policy=policy(service=brief)) as weir:
        web(lab)
        slow = lab.client.start("slowhttptest", "-c", "300", "-H", "-i", "2", "-r", "300", "-l",
                                "60", "-u", f"http://{lab.server.v4}/", "-p", "3")
        time.sleep(1)
        waits = []
        for _ in range(20):
            out = curl(lab, "-o", "/dev/null", "-w", "%{http_code} %{time_total}",
                       path="/page.html")
            check_equal(out.split()[0], "200", "an honest client's status")
            waits.append(float(out.split()[1]))
        check(sorted(waits)[10] < 2, f"honest clients wait: {waits}")
        wait_for(lambda: weir.counters()["http_timeouts"] >= 250, 60, "slow clients let go")
        slow.terminate()


@suite.case()
def bodies_that_never_end_take_no_memory_from_honest_clients():
    need("nginx")
    site.close()
    text = policy(service=", timeouts: { body: 300s }")
    with Lab(best_device()) as lab, lab.weir(policy=text, memory=", waf: 4MiB") as weir:
        web(lab)
        head = (b"POST /page.html HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=")
        with contextlib.ExitStack() as slow:
            held = [slow.enter_context(dial(lab)) for _ in range(200)]
            for s in held[:100]:
                s.sendall(head)
            time.sleep(1.5)
            for s in held[100:]:
                s.sendall(head)
                check_equal(status(lab, path="/page.html"), "200", "an honest client's status")
            counters = weir.counters()
            check(counters["http_evicted"] >= 50, f"evicted: {counters['http_evicted']}")
            held[0].settimeout(30)
            check(held[0].recv(100).startswith(b"HTTP/1.1 503 "), "the first is told")
        check(weir.alive(), "weir has ended")


if __name__ == "__main__":
    try:
        suite.main()
    finally:
        site.close()
