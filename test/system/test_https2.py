# SPDX-License-Identifier: BSD-3-Clause
"""HTTP/2 to a Service through weir: curl, h2load and nghttp in front, nginx behind in each protocol
that it speaks, and servers that do not keep to theirs."""
import contextlib
import re
import socket
import ssl
import threading
import time

from cases import SOAK, Skip, Suite, check, check_equal
from https_site import NAME, Pki
from lab import Lab, best_device, listens, need, wait_for
from test_http import SQLI, digest, read_until, write_page

suite = Suite()
BIG = (1 << 30) if SOAK else (64 << 20)
RELOADS = 300 if SOAK else 10
LOAD = 20000 if SOAK else 5000  # requests that a run of h2load makes
WAYS = [{"behind": behind} for behind in ("http1", "http1-tls", "http2-tls", "http2")]


class Site:
    """nginx behind weir and how it is spoken to, and a client in TLS."""

    def __init__(self, behind, front="tls", more="", server="", memory=""):
        self.behind = behind
        self.tls_behind = behind.endswith("-tls")
        self.front = front
        self.more = more
        self.server = server
        self.memory = memory
        self.stack = contextlib.ExitStack()

    def policy(self, cert="site"):
        text = self.pki.policy("tls" if self.tls_behind else "plain", cert=cert)
        more = self.more + ("\n  http2Upstream: true" if self.behind == "http2" else "")
        return text.replace("  protocol: http\n", f"  protocol: http{more}\n", 1)

    def __enter__(self):
        for program in ("nginx", "curl", "openssl", "h2load", "nghttp"):
            need(program)
        with contextlib.ExitStack() as stack:
            lab = self.lab = stack.enter_context(Lab(best_device()))
            self.pki = Pki(lab.dir)
            self.weir = stack.enter_context(
                lab.weir(policy=self.policy(), memory=self.memory))
            self.www = self.serve()
            write_page(self.www)
            self.stack = stack.pop_all()
        return self

    def serve(self):
        return self.lab.nginx(listen=(443,), tls=self.tls_behind and f"{self.lab.dir}/back",
                              http2=self.behind.startswith("http2"), server=self.server)

    def __exit__(self, *why):
        return self.stack.__exit__(*why)

    def curl(self, *words, path="/page.html", v6=False, check_exit=True):
        host = f"[{self.lab.server.v6}]" if v6 else self.lab.server.v4
        return self.lab.client.run(
            "curl", "-sS", "-m", "1500", "--http2", "-A", "Mozilla/5.0", "--cacert",
            f"{self.lab.dir}/ca.pem", "--resolve", f"{NAME}:443:{host}", *words,
            f"https://{NAME}{path}", check=check_exit, timeout=1700).stdout

    def status(self, *words, **more):
        return self.curl("-o", "/dev/null", "-w", "%{http_code}", *words, **more)

    def load(self, n, *words, path="/page.html"):
        text = self.lab.client.run("h2load", "-n", n, *words,
                                   f"https://{self.lab.server.v4}{path}", timeout=300).stdout
        figures = text[text.find("requests:"):][:400]
        check(re.search(rf"\b{n} succeeded, 0 failed, 0 errored", text), figures)
        check(re.search(rf"\b{n} 2xx, 0 3xx", text), figures)


# ---- a site works, attacks do not ----


@suite.case(each=WAYS)
def a_site_works_over_http2(behind):
    with Site(behind) as site:
        out = site.curl("-w", "%{http_version}")
        with open(f"{site.www}/page.html", encoding="utf-8") as f:
            check_equal(out, f.read() + "2", "the page, and the version")
        check_equal(site.status(v6=True), "200", "over IPv6")
        check_equal(site.status("-g", path=f"/page.html?id={SQLI}"), "403", "an injection")
        check_equal(site.status("--http1.1"), "200", "in HTTP/1.1")
        event = site.weir.wait_event(event_type="http", http={"status": 200})
        check_equal(event["http"]["protocol"], "HTTP/2.0", "protocol")
        check_equal(event["weir"]["stream"], 1, "stream")
        check_equal(event["weir"]["tls"]["client"]["alpn"], "h2", "ALPN")
        if site.tls_behind:
            check_equal(event["weir"]["tls"]["server"]["alpn"],
                        "h2" if behind == "http2-tls" else "http/1.1", "ALPN behind")
        check_equal(site.weir.counters()["http2_connections"], 3, "connections of HTTP/2")


@suite.case(each=WAYS, limit_s=300, soak_limit_s=1800)
def large_bodies_go_both_ways_and_need_no_more_memory(behind):
    with Site(behind) as site:
        with open(f"{site.lab.dir}/big.bin", "wb") as f:
            for i in range(BIG >> 20):
                f.write(b"%07d " % i * (1 << 17))
        site.status()
        before = site.weir.heap_kib()
        for v6 in (False, True):
            code = site.curl("-T", f"{site.lab.dir}/big.bin", "-H",
                             "Content-Type: application/octet-stream", "-w", "%{http_code}",
                             path="/big.bin", v6=v6)
            check(code in ("201", "204"), f"status of the upload: {code}")
            check_equal(digest(f"{site.www}/big.bin"), digest(f"{site.lab.dir}/big.bin"), "upload")
            site.curl("-o", f"{site.lab.dir}/got.bin", path="/big.bin", v6=v6)
            check_equal(digest(f"{site.lab.dir}/got.bin"), digest(f"{site.www}/big.bin"),
                        "download")
        check(site.weir.heap_kib() - before < (48 << 10),
              f"{site.weir.heap_kib() - before} KiB more")


@suite.case(each=WAYS)
def a_hundred_streams_at_once_on_each_of_several_connections(behind):
    # Else nginx calls it text, which is held to be judged: forty of those are more than memory.waf.
    with Site(behind, server="default_type application/octet-stream;") as site:
        with open(f"{site.www}/mib.bin", "wb") as f:
            f.write(b"0123456789abcdef" * (1 << 16))
        site.load(5000, "-c", "4", "-m", "100")
        site.load(100, "-c", "2", "-m", "20", path="/mib.bin")
        check_equal(site.weir.counters()["http_bad_response"], 0, "bad responses")


@suite.case(each=WAYS)
def one_attack_among_many_streams_is_refused_alone(behind):
    with Site(behind) as site:
        paths = [f"/page.html?q={i}" for i in range(100)]
        paths[50] = f"/page.html?id={SQLI}"
        out = site.lab.client.run(
            "curl", "-sS", "-g", "-Z", "--parallel-max", "100", "--http2", "--cacert",
            f"{site.lab.dir}/ca.pem", "-A", "Mozilla/5.0", "--resolve",
            f"{NAME}:443:{site.lab.server.v4}", "-w", "%{http_code} %{num_connects}\n",
            *[word for path in paths
              for word in ("-o", "/dev/null", f"https://{NAME}{path}")]).stdout.split("\n")
        codes = [line.split()[0] for line in out if line]
        check_equal((codes.count("200"), codes.count("403")), (99, 1), "statuses")


@suite.case(each=WAYS)
def who_is_refused_while_it_uploads_has_its_answer(behind):
    with Site(behind) as site:
        with open(f"{site.lab.dir}/some.bin", "wb") as f:
            f.write(b"x" * (8 << 20))
        code = site.curl("-g", "-T", f"{site.lab.dir}/some.bin", "-o", "/dev/null", "-w",
                         "%{http_code}", path=f"/some.bin?id={SQLI}", check_exit=False)
        check_equal(code, "403", "status")
        check_equal(site.status(), "200", "afterwards")


@suite.case()
def prior_knowledge_in_the_clear_is_http2_behind_too():
    with Lab(best_device()) as lab:
        for program in ("nginx", "curl", "nghttp"):
            need(program)
        pki = Pki(lab.dir)
        policy = re.sub(r"  tls:\n(    .*\n)+", "", pki.policy()).replace("[443]", "[80]")
        with lab.weir(policy=policy) as weir:
            www = lab.nginx(listen=(80,), http2=True)
            with open(f"{www}/page.html", "w", encoding="utf-8") as f:
                f.write("hello")
            for host in (lab.server.v4, f"[{lab.server.v6}]"):
                out = lab.client.run("curl", "-sS", "-A", "Mozilla/5.0",
                                     "--http2-prior-knowledge", "-w",
                                     " %{http_version}", f"http://{host}/page.html").stdout
                check_equal(out, "hello 2", "the page")
            out = lab.client.run("curl", "-sS", "-g", "-o", "/dev/null", "-w", "%{http_code}",
                                 "--http2-prior-knowledge",
                                 f"http://{lab.server.v4}/page.html?id={SQLI}").stdout
            check_equal(out, "403", "an injection")
            check_equal(weir.counters()["http2_connections"], 3, "connections")


# ---- servers that do not keep to theirs ----


class Talker:
    """A server in HTTP/1.1 in the clear that answers each request with what it is given, and then
    does as `end` says: keeps the connection, closes it, or resets it."""

    def __init__(self, lab, answers, end="keep"):
        self.answers = answers
        self.end = end
        self.requests = 0
        self.listener = lab.server.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((lab.server.v4, 443))
        self.listener.listen()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                self.serve(self.listener.accept()[0])

    def serve(self, s):
        with contextlib.suppress(OSError), s:
            for answer in self.answers:
                read_until(s, b"\r\n\r\n")
                self.requests += 1
                s.sendall(answer)
            if self.end == "keep":
                s.recv(1)
            if self.end == "reset":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@contextlib.contextmanager
def talking(answers, end="keep"):
    need("curl")
    with Lab(best_device()) as lab:
        site = Site("http1")
        site.lab, site.pki = lab, Pki(lab.dir)
        with lab.weir(policy=site.policy()) as site.weir:
            site.talker = Talker(lab, answers, end)
            yield site
            site.talker.listener.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
UNFINISHED = {
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + b"x" * 20000,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
}


@suite.case(each=[{"answer": answer, "end": end} for answer in UNFINISHED
                  for end in ("close", "reset")])
def a_server_that_dies_in_its_answer_leaves_no_whole_one(answer, end):
    with talking([UNFINISHED[answer]], end) as site:
        done = site.lab.client.run(
            "curl", "-sS", "--http2", "--cacert", f"{site.lab.dir}/ca.pem", "--resolve",
            f"{NAME}:443:{site.lab.server.v4}", "-A", "Mozilla/5.0", "-o", "/dev/null", "-w",
            "%{http_code}", f"https://{NAME}/", check=False)
        # What a reset has overtaken was never there: then it is a 502 like that of no answer.
        check(done.returncode != 0 or done.stdout == "502", "curl took it for a whole one")
        event = site.weir.wait_event(event_type="http")
        check_equal(event["weir"]["bad"], "CUT", "why")


NO_ANSWERS = {
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
                    "LENGTH_TWICE"),
    "no status line": (b"hello\r\n\r\n", "STATUS_LINE"),
    "nothing": (b"", "CUT"),
}


@suite.case(each=[{"answer": answer} for answer in NO_ANSWERS])
def a_server_that_is_no_server_is_a_502(answer):
    data, bad = NO_ANSWERS[answer]
    with talking([data], "close") as site:
        check_equal(site.status(path="/"), "502", "status")
        event = site.weir.wait_event(event_type="http", http={"status": 502})
        check_equal(event["weir"]["bad"], bad, "why")


@suite.case()
def a_server_that_closes_after_each_answer_has_its_clients_come_again():
    with talking([OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")], "close") as site:
        out = site.curl("-w", " %{http_code} ", path="/[1-5]")
        check_equal(out, "hello 200 " * 5, "five answers")
        check_equal(site.talker.requests, 5, "requests")
        check_equal(site.weir.counters()["http2_connections"], 5, "connections")


# ---- what is wrong in front ----


def dial(site):
    context = ssl.create_default_context(cafile=f"{site.lab.dir}/ca.pem")
    context.set_alpn_protocols(["h2"])
    s = site.lab.client.socket()
    s.settimeout(10)
    s.connect((site.lab.server.v4, 443))
    return context.wrap_socket(s, server_hostname=NAME)


def frame(kind, flags, stream, payload=b""):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") +
            payload)


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
# :method GET, :scheme https, :path /, :authority x
HEADERS = b"\x82\x87\x84\x41\x01x"


def goaway_of(s):
    """The error code of the GOAWAY that comes last."""
    data = b""
    with contextlib.suppress(OSError):
        while more := s.recv(65536):
            data += more
    code = None
    while len(data) >= 9:
        n = int.from_bytes(data[:3], "big")
        if data[3] == 7:
            code = int.from_bytes(data[13:17], "big")
        data = data[9 + n:]
    return code


FLOODS = {
    "PING_FLOOD": frame(6, 0, 0, b"12345678") * 20000,
    "SETTINGS_FLOOD": frame(4, 0, 0) * 20000,
    "RAPID_RESET": b"".join(frame(1, 5, i, HEADERS) + frame(3, 0, i, b"\0\0\0\x08")
                            for i in range(1, 8000, 2)),
    "CONTINUATION_FLOOD": frame(1, 1, 1, HEADERS) + frame(9, 0, 1, b"\x00\x01a\x01b") * 4000,
    "EMPTY_FLOOD": frame(1, 4, 1, b"\x83" + HEADERS[1:]) + frame(0, 0, 1) * 20000,
}


@suite.case(each=[{"name": name} for name in FLOODS])
def a_flood_ends_the_session_by_name_and_others_go_on(name):
    with Site("http1") as site:
        with dial(site) as s:
            s.sendall(PREFACE)
            with contextlib.suppress(OSError):
                s.sendall(FLOODS[name])
            check_equal(goaway_of(s), 11, "ENHANCE_YOUR_CALM")
        metric = f'weir_http2_errors_total{{side="client",error="{name}",worker="0"}} '
        check(re.search(re.escape(metric) + "[1-9]", site.weir.weirctl("metrics").stdout),
              "the metric")
        check_equal(site.status(), "200", "others")


@suite.case()
def content_of_another_length_than_was_said_resets_the_stream():
    with Site("http1") as site, dial(site) as s:
        head = b"\x83\x87\x84\x41\x01x\x0f\x0d\x015"  # POST, content-length: 5
        s.sendall(PREFACE + frame(1, 4, 1, head) + frame(0, 1, 1, b"abc"))
        event = site.weir.wait_event(event_type="http")
        check_equal(event["weir"]["bad"], "LENGTH_MISMATCH", "why")
        s.sendall(frame(1, 5, 3, HEADERS))
        site.weir.wait_event(event_type="http", weir={"stream": 3})


@suite.case()
def flows_shows_what_speaks_http2():
    with Site("http1") as site, dial(site) as s:
        s.sendall(PREFACE + frame(1, 4, 1, b"\x83" + HEADERS[1:]))
        flows = wait_for(lambda: [
            f for f in site.weir.ctl("flows")["flows"]
            if f.get("http", {}).get("version") == "2" and f["http"]["outstanding"]], 30,
            "a flow of HTTP/2")
        check_equal(flows[0]["http"]["requests"], 1, "requests")


# ---- reloads, gRPC ----


@suite.case(each=[{"behind": "http1"}, {"behind": "http2-tls"}], soak_limit_s=900)
def reloads_under_load_lose_nothing(behind):
    """Policy, certificates and what hangs on them change; connections last for many of those."""
    with Site(behind) as site:
        site.pki.make("next", NAME, f"subjectAltName=DNS:{NAME}")
        done = threading.Event()
        loads, wrong = [], []

        def load():
            while not done.is_set():
                try:
                    site.load(LOAD, "-c", "4", "-m", "20")
                    loads.append(LOAD)
                except Exception as why:  # pylint: disable=broad-except
                    wrong.append(str(why))

        thread = threading.Thread(target=load, daemon=True)
        thread.start()
        for i in range(RELOADS):
            site.weir.write_policy(site.policy("site" if i % 2 else "next"))
            check(site.weir.ctl("reload")["ok"], "reload")
            time.sleep(0.1)
        done.set()
        thread.join()
        print(f"# {RELOADS} reloads, {sum(loads)} requests", flush=True)
        refused = wrong and [e["weir"].get("bad") or e["weir"]["verdict"]
                             for e in site.weir.events(event_type="http")
                             if e["http"].get("status", 0) >= 500]
        check(not wrong, f"{len(wrong)} runs, 5xx: {refused[:10]}; {wrong}")
        check(loads, "no load has come to its end")


GRPC_SERVER = """
import concurrent.futures, grpc, sys
def echo(request, context):
    context.set_trailing_metadata((("x-last", "word"),))
    return request[::-1]
def chat(requests, context):
    for request in requests:
        yield request.upper()
def tell(request, context):
    yield from request[::-1].split(b"|")
handlers = {
    "echo": grpc.unary_unary_rpc_method_handler(echo),
    "chat": grpc.stream_stream_rpc_method_handler(chat),
    "tell": grpc.unary_stream_rpc_method_handler(tell),
}
server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("Test", handlers),))
server.add_insecure_port(sys.argv[1])
server.start()
print("ready", flush=True)
server.wait_for_termination()
"""
GRPC_CLIENT = r"""
import grpc, sys
channel = grpc.insecure_channel(sys.argv[1])
echo, chat = channel.unary_unary("/Test/echo"), channel.stream_stream("/Test/chat")
answer, call = echo.with_call(b"hello", timeout=20)
assert answer == b"olleh", answer
assert ("x-last", "word") in call.trailing_metadata(), call.trailing_metadata()
import queue, random
big = random.Random(7).randbytes(1 << 20)
assert echo(big, timeout=20) == big[::-1]
words, heard = queue.Queue(), []
answers = chat(iter(words.get, None), timeout=20)
for word in (b"one", b"two", b"three"):  # each is answered before the next is said
    words.put(word)
    heard.append(next(answers))
words.put(None)
assert heard == [b"ONE", b"TWO", b"THREE"] and list(answers) == [], heard
def refused(ask):
    try:
        ask()
    except grpc.RpcError as e:
        assert e.code() == grpc.StatusCode.PERMISSION_DENIED, e
        assert "the number is " in e.details(), e
    else:
        raise AssertionError("an attack has passed")
# A field in a message in a message.
attack = b"' union select password from users -- "
attack = b"\x08\x07\x12" + bytes([len(attack)]) + attack
attack = b"\x1a" + bytes([len(attack)]) + attack
refused(lambda: echo(attack, timeout=20))
gzip = grpc.Compression.Gzip
assert echo(b"\x0a" + b"\x64" + b"a" * 100, timeout=20, compression=gzip)
refused(lambda: echo(attack + b"\x22\x64" + b"a" * 100, timeout=20, compression=gzip))
answers = chat(iter(words.get, None), timeout=20)
words.put(b"one")
assert next(answers) == b"ONE"
words.put(attack)
refused(lambda: next(answers))
assert echo(b"hello", timeout=20) == b"olleh"
# What must not leave, backwards in the request.
leak = b"You have an error in your SQL syntax; check the manual for your MySQL server version"
refused(lambda: echo(leak[::-1], timeout=20))
told = channel.unary_stream("/Test/tell")(b"|".join((b"one", b"two", leak, b"four"))[::-1])
assert [next(told), next(told)] == [b"one", b"two"]
refused(lambda: next(told))
print("good")
"""


@suite.case()
def grpc_is_passed_message_by_message_and_attacks_are_refused():
    import importlib.util  # pylint: disable=import-outside-toplevel
    if not importlib.util.find_spec("grpc"):
        raise Skip("python3-grpcio is not installed")
    with Lab(best_device()) as lab:
        pki = Pki(lab.dir)
        policy = re.sub(r"  tls:\n(    .*\n)+", "", pki.policy()).replace("[443]", "[50051]")
        policy = policy.replace("mode: enforce,", "mode: enforce, grpc: true,")
        with lab.weir(policy=policy):
            server = lab.server.start("/usr/bin/python3", "-c", GRPC_SERVER,
                                      f"{lab.server.v4}:50051")
            wait_for(lambda: listens(lab.server, 50051), 30, "the server")
            done = lab.client.run("/usr/bin/python3", "-c", GRPC_CLIENT, f"{lab.server.v4}:50051",
                                  check=False, timeout=100)
            check_equal(done.stdout.strip().split("\n")[-1], "good", "what the client says")
            check_equal(server.poll(), None, "the server")


if __name__ == "__main__":
    suite.main()
