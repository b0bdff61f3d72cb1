# SPDX-License-Identifier: BSD-3-Clause
"""HTTP/2 as others speak it: curl, h2load and nghttp through a proxy made of lib/http2's two roles,
to nginx and to nghttpd, over loopback."""
import contextlib
import os
import re
import socket
import subprocess
import tempfile

from cases import SOAK, Failure, Skip, Suite, check, check_equal
from lab import BUILD, need, sh, wait_for

suite = Suite()
PROXY = f"{BUILD}/test/system/http2_proxy"
BIG = (1 << 30) if SOAK else (64 << 20)
NGINX = """daemon off; worker_processes 1; pid {tmp}/pid; error_log {tmp}/error;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {tmp}/a; proxy_temp_path {tmp}/b; fastcgi_temp_path {tmp}/c;
  uwsgi_temp_path {tmp}/d; scgi_temp_path {tmp}/e;
  server {{ listen 127.0.0.1:{port} http2; root {tmp}/www; }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    """Not by a connection: while nobody listens there it may meet itself, from the same port."""
    return sh("ss", "-Hltn", f"sport = :{port}").stdout.strip()


@contextlib.contextmanager
def process(port, *command, out=subprocess.DEVNULL):
    with subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as started:
        try:
            wait_for(lambda: listens(port) or started.poll() is not None, 10, command[0])
            check_equal(started.poll(), None, f"{command[0]} ended")
            yield started
        finally:
            started.terminate()
            started.wait()


def write_pages(tmp):
    os.chmod(tmp, 0o755)
    os.mkdir(f"{tmp}/www")
    for name, size in (("page", 600), ("mib", 1 << 20)):
        with open(f"{tmp}/www/{name}", "wb") as f:
            f.write(os.urandom(size))
    with open(f"{tmp}/www/big", "wb") as f:
        f.truncate(BIG)


class Site:
    """A server, the proxy before it, and the proxy's address."""

    def __init__(self, server):
        self.server = server

    def command(self, tmp, port):
        if self.server == "nghttpd":
            return ["nghttpd", "--no-tls", "-v", "-d", f"{tmp}/www", "--echo-upload", "-a",
                    "127.0.0.1", str(port)]
        with open(f"{tmp}/nginx.conf", "w", encoding="utf-8") as f:
            f.write(NGINX.format(tmp=tmp, port=port))
        return ["nginx", "-c", f"{tmp}/nginx.conf"]

    def __enter__(self):
        for program in ("curl", "h2load", "nghttp", self.server):
            need(program)
        with contextlib.ExitStack() as stack:
            self.tmp = stack.enter_context(tempfile.TemporaryDirectory())
            write_pages(self.tmp)
            port, behind = free_port(), free_port()
            log = stack.enter_context(open(f"{self.tmp}/server", "w", encoding="utf-8"))
            stack.enter_context(process(behind, *self.command(self.tmp, behind), out=log))
            self.proxy = stack.enter_context(process(port, PROXY, str(port), str(behind)))
            self.url = f"http://127.0.0.1:{port}"
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        check_equal(done.returncode, 0, f"{' '.join(command)}: {done.stderr[-300:]}")
        return done.stdout

    def curl(self, path, *options):
        got = f"{self.tmp}/got"
        self.run("curl", "-sS", "--http2-prior-knowledge", "-o", got, *options, self.url + path)
        return got

    def load(self, n, path, *options):
        """All requests of h2load must be answered with 200."""
        text = self.run("h2load", "-n", str(n), *options, self.url + path)
        figures = text[text.find("requests:"):][:300]
        check(re.search(rf"\b{n} succeeded, 0 failed, 0 errored", text), figures)
        check(re.search(rf"\b{n} 2xx, 0 3xx", text), figures)


def check_same(one, two):
    done = subprocess.run(["cmp", one, two], capture_output=True, text=True, check=False)
    check_equal(done.returncode, 0, done.stdout + done.stderr)


@suite.case(soak_limit_s=180)
def curl_gets_what_nginx_has():
    with Site("nginx") as site:
        for name in ("page", "mib", "big"):
            check_same(site.curl(f"/{name}"), f"{site.tmp}/www/{name}")


@suite.case()
def many_streams_at_once_are_all_answered():
    with Site("nginx") as site:
        site.load(5000, "/page", "-c", "5", "-m", "100")
        site.load(300, "/mib", "-c", "4", "-m", "50")


@suite.case()
def uploads_come_back_whole_over_many_streams():
    with Site("nghttpd") as site:
        check_same(site.curl("/", "-H", "Expect:", "--data-binary", f"@{site.tmp}/www/big"),
                   f"{site.tmp}/www/big")
        site.load(100, "/", "-c", "4", "-m", "25", "-d", f"{site.tmp}/www/mib")


@suite.case()
def trailers_of_a_request_arrive():
    with Site("nghttpd") as site:
        site.run("nghttp", "-n", "-d", f"{site.tmp}/www/page", "--trailer", "x-end: 1",
                 site.url + "/")

        def arrived():
            with open(f"{site.tmp}/server", encoding="utf-8", errors="replace") as f:
                return re.search(r"recv .*x-end.*: .*1", f.read())

        wait_for(arrived, 30, "the trailer")


def resident_kib(process_id):
    with open(f"/proc/{process_id}/status", encoding="utf-8") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


@suite.case()
def memory_stays_flat_over_many_connections():
    if "asan" in subprocess.run(["ldd", PROXY], capture_output=True, text=True,
                                check=False).stdout:
        raise Skip("AddressSanitizer keeps what was freed")
    with Site("nginx") as site:
        # How many streams stand open at once differs: the heap has its size after a few runs.
        sizes = []
        for _ in range(20):
            site.load(1000, "/page", "-c", "20", "-m", "10")
            sizes.append(resident_kib(site.proxy.pid))
        before, after = max(sizes[:6]), min(sizes[-6:])
        if after > before + 256:
            raise Failure(f"{before} KiB became {after}")


if __name__ == "__main__":
    suite.main()
