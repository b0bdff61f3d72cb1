# SPDX-License-Identifier: BSD-3-Clause
"""lib/tls against other implementations over sockets: openssl s_client and s_server, curl."""
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import termios
import threading
import time

from cases import Failure, Skip, Suite, check, check_equal
from lab import BUILD, sh
from pki import Authority

suite = Suite()
TLS_PEER = os.path.join(BUILD, "test/tls/tls_peer")
NAME = "www.example.org"
BODY = bytes((i * 7 + (i >> 8)) & 255 for i in range(1 << 20))
# No letters: s_client takes some of them for commands where one of its reads happens to begin.
TEXT = "".join(f"{i} {i * i} {i * i * i}\n" for i in range(40000)).encode()
VERSIONS = [{"version": "1.2"}, {"version": "1.3"}]
SUITES = [("1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
          ("1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"), ("1.3", "TLS_AES_128_GCM_SHA256"),
          ("1.3", "TLS_AES_256_GCM_SHA384"), ("1.3", "TLS_CHACHA20_POLY1305_SHA256")]


class Pki(Authority):
    """Certificates in a folder that goes at the end: ca, server, client (a SPIFFE ID), alone."""

    def __init__(self):
        super().__init__(tempfile.mkdtemp(prefix="weir-tls-"))
        self.make("server", NAME, f"subjectAltName=DNS:{NAME}")
        self.make("client", "web", "subjectAltName=URI:spiffe://example.org/web")
        self.make("alone", NAME, f"subjectAltName=DNS:{NAME}", issuer=None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    @contextlib.contextmanager
    def server(self, *options):
        """A tls_peer that serves; gives its port and the list of lines that it prints."""
        command = [TLS_PEER, "serve", self.path("server.pem"), self.path("server.key"), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as peer:
            lines = []
            try:
                port = peer.stdout.readline().split()[1]
                reader = threading.Thread(target=lambda: lines.extend(peer.stdout))
                reader.start()
                yield port, lines
            finally:
                # What it has printed comes before its end.
                peer.terminate()
                peer.wait(10)
                reader.join(10)

    def curl(self, port, *options):
        done = subprocess.run(["curl", "-sS", "--cacert", self.path("ca.pem"), "--resolve",
                               f"{NAME}:{port}:127.0.0.1", *options,
                               f"https://{NAME}:{port}/"], capture_output=True, timeout=30,
                              check=False)
        return done


def value(line, key):
    for word in line.split():
        if word.startswith(key + "="):
            return word[len(key) + 1:]
    raise Failure(f"no {key} in {line!r}")


def write(client, data):
    """Returns when the client has read all of it: what comes next is a read of its own."""
    client.stdin.write(data)
    client.stdin.flush()
    while client.poll() is None:
        left = fcntl.ioctl(client.stdin, termios.FIONREAD, bytes(4))
        if left == bytes(4):
            break
        time.sleep(0.01)


def send(client, data, commands):
    """Each command between parts of the data."""
    size = len(data) // (len(commands) + 1)
    with contextlib.suppress(BrokenPipeError):
        for i, command in enumerate(commands):
            write(client, data[i * size:(i + 1) * size])
            write(client, command.encode() + b"\n")
        write(client, data[len(commands) * size:])


def s_client(pki, port, *options, data=TEXT, commands=()):
    """Sends the data, waits until as much has come back, and gives that."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", NAME,
               "-CAfile", pki.path("ca.pem"), "-verify_return_error", "-quiet", "-no_ign_eof",
               *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as client:
        writer = threading.Thread(target=send, args=(client, data, commands))
        writer.start()
        got = b""
        while len(got) < len(data):
            more = client.stdout.read1(1 << 16)
            if not more:
                break
            got += more
        writer.join()
        with contextlib.suppress(BrokenPipeError):
            client.stdin.close()
        client.wait(20)
        if len(got) < len(data):
            raise Failure(f"{len(got)} of {len(data)} bytes: {client.stderr.read().decode()}")
    return got


@suite.case(each=[{"cipher": cipher} for _, cipher in SUITES])
def s_client_gets_back_what_it_sends(cipher):
    flag = "-cipher" if cipher.startswith("ECDHE") else "-ciphersuites"
    version = "-tls1_2" if cipher.startswith("ECDHE") else "-tls1_3"
    with Pki() as pki:
        with pki.server() as (port, lines):
            got = s_client(pki, port, version, flag, cipher)
        check_equal(hashlib.sha256(got).digest(), hashlib.sha256(TEXT).digest(), "what came back")
        check_equal(value(lines[0], "cipher"), cipher, "cipher")
        check_equal(value(lines[0], "kept"), "0", "libssl's object kept")


@suite.case(each=[{"command": "K"}, {"command": "k"}])
def keys_change_on_the_way(command):
    """k: s_client changes its own, K: and asks for ours to be changed, too."""
    with Pki() as pki, pki.server() as (port, _):
        got = s_client(pki, port, "-tls1_3", commands=[command] * 3)
        check(got == TEXT, "something else came back")


@suite.case()
def renegotiation_is_refused():
    """Before anything is sent: what still comes back at that time is an error to s_client."""
    with Pki() as pki, pki.server() as (port, _):
        try:
            s_client(pki, port, "-tls1_2", data=b"\n", commands=["R"])
        except Failure as why:
            check("no renegotiation" in str(why), f"refused otherwise: {why}")
        else:
            raise Failure("s_client has renegotiated")


@suite.case(each=VERSIONS)
def a_session_of_s_client_goes_on(version):
    with Pki() as pki:
        flag = "-tls" + version.replace(".", "_")
        session = pki.path("session")
        with pki.server() as (port, lines):
            s_client(pki, port, flag, "-sess_out", session, data=b"first\n")
            s_client(pki, port, flag, "-sess_in", session, "-sess_out", session, data=b"second\n")
            s_client(pki, port, flag, "-sess_in", session, data=b"third\n")
        check_equal([value(line, "resumed") for line in lines], ["0", "1", "1"], "resumed")


@suite.case(each=VERSIONS)
def a_suite_without_aead_or_small_fragments_work_too(version):
    with Pki() as pki:
        flag = "-tls" + version.replace(".", "_")
        with pki.server("ciphers12=ECDHE-ECDSA-AES128-SHA256") as (port, lines):
            got = s_client(pki, port, flag, "-maxfraglen", "1024")
        check(got == TEXT, "something else came back")
        check_equal(value(lines[0], "kept"), "1", "libssl's object kept")


@suite.case(each=VERSIONS)
def curl_fetches_a_mebibyte(version):
    with Pki() as pki:
        with pki.server("alpn=http/1.1") as (port, lines):
            done = pki.curl(port, "--tls-max", version)
        check_equal(done.returncode, 0, done.stderr.decode())
        check(done.stdout == BODY, f"{len(done.stdout)} bytes, not those that were served")
        check_equal(value(lines[0], "alpn"), "http/1.1", "ALPN")
        check_equal(value(lines[0], "sni"), NAME, "SNI")
        check_equal(int(value(lines[0], "version"), 16), 0x300 + (4 if version == "1.3" else 3),
                    "version")


@suite.case(each=VERSIONS)
def curl_shows_its_certificate_where_one_is_demanded(version):
    with Pki() as pki:
        shown = ("--cert", pki.path("client.pem"), "--key", pki.path("client.key"))
        with pki.server("client=required", f"client-ca={pki.path('ca.pem')}") as (port, lines):
            done = pki.curl(port, "--tls-max", version, *shown)
            check_equal(done.returncode, 0, done.stderr.decode())
            refused = pki.curl(port, "--tls-max", version)
            check(refused.returncode != 0, "a client without a certificate was served")
            stranger = pki.curl(port, "--tls-max", version, "--cert", pki.path("alone.pem"),
                                "--key", pki.path("alone.key"))
            check(stranger.returncode != 0, "a client of nobody was served")
        check_equal(value(lines[0], "spiffe"), "spiffe://example.org/web", "SPIFFE ID")
        check_equal(value(lines[1], "error"), "CERT_MISSING", "without a certificate")
        check_equal(value(lines[2], "error"), "CERT_SELF_SIGNED", "of nobody")


@suite.case()
def http_in_clear_is_no_hello_and_the_server_goes_on():
    with Pki() as pki:
        with pki.server() as (port, lines):
            done = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{port}/"],
                                  capture_output=True, timeout=20, check=False)
            check(done.returncode != 0, "HTTP in clear was answered")
            check_equal(pki.curl(port).returncode, 0, "curl afterwards")
        check_equal(value(lines[0], "error"), "NO_HELLO", "error")


@contextlib.contextmanager
def s_server(pki, name, *options):
    """openssl s_server that sends each line back reversed."""
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pki.path(f"{name}.pem"),
               "-key", pki.path(f"{name}.key"), "-rev", *options]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as server:
        try:
            for line in server.stdout:
                if line.startswith("ACCEPT"):
                    break
            else:
                raise Skip("this openssl does not tell its port")
            drain = threading.Thread(target=server.stdout.read)
            drain.start()
            yield line.split(":")[-1].strip()
        finally:
            server.terminate()
            server.wait(10)
            drain.join(10)



def visit_lines(port, *options):
    text = sh(TLS_PEER, "connect", port, NAME, *options, timeout=30).stdout
    return [line for line in text.split("\n") if line]


@suite.case(each=VERSIONS)
def our_client_visits_s_server_and_its_session_goes_on(version):
    with Pki() as pki, s_server(pki, "server", "-tls" + version.replace(".", "_")) as port:
        lines = visit_lines(port, f"ca={pki.path('ca.pem')}", "count=3")
        check_equal(lines[1::2], ["answer=olleh"] * 3, "answers")
        check_equal([value(line, "resumed") for line in lines[0::2]], ["0", "1", "1"], "resumed")
        check_equal([value(line, "verified") for line in lines[0::2]], ["1"] * 3, "verified")


@suite.case()
def our_client_refuses_a_server_that_is_not_trusted():
    with Pki() as pki, s_server(pki, "alone") as port:
        lines = visit_lines(port, f"ca={pki.path('ca.pem')}")
        check_equal(value(lines[0], "error"), "CERT_SELF_SIGNED", "error")
        check_equal(value(lines[0], "sent"), "48", "alert")
        lines = visit_lines(port, "verify=none")
        check_equal(lines[1], "answer=olleh", "without verification")


@suite.case()
def our_client_shows_its_certificate_to_s_server():
    with Pki() as pki, s_server(pki, "server", "-Verify", "1", "-verify_return_error", "-CAfile",
                                pki.path("ca.pem")) as port:
        lines = visit_lines(port, f"ca={pki.path('ca.pem')}", f"cert={pki.path('client.pem')}",
                            f"key={pki.path('client.key')}")
        check_equal(lines[1], "answer=olleh", "answer")


if __name__ == "__main__":
    suite.main()
