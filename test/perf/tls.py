#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""TLS ended in the middle, plain HTTP behind: weir beside nginx and HAProxy with the same keys and
the same client, in turns, medians of five rounds. CPU time of the middle for a full TLS 1.3
handshake with a small request (ECDSA P-256 and RSA 2048), for a resumed one, for a small request on
a kept connection; Gbit/s a core of large objects; bytes of an idle connection.

    test/perf/tls.py [BUILD-FOLDER [KIND]]      (needs root; ends within four minutes)

Environment: ROUNDS=5, SECONDS=1 of each run, WEIR_DEVICE=af_xdp or af_packet, JSON=FILE;
OFFLOADS=0: proxies, too, send and get frames of 1,500 bytes, not 64 KiB at a time; OWN_STACKS=0:
who sends to client or origin runs their stack, too, where it is done on their own core else.

KIND is part of a kind's name: only those. Core and CPU time are as in http.py. weir reads HTTP,
judges each request, by no rules, and writes a record of it; beside that it ends TLS only, and reads
nothing. nginx writes nothing, and in turns of its own, for small requests, its access log as Debian
has it. weir's upstream connections are the clients' own, so that each handshake also opens one,
where the proxies keep theirs. Bytes of an idle connection are for both legs: of a proxy's process,
and of weir's tables and process; the kernel's sockets, which proxies have two of, are not in
it."""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
os.environ.setdefault("WEIR_BUILD", BUILD)
sys.path.insert(0, os.path.join(ROOT, "test/system"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from lab import ALLOW_ALL, Lab, best_device, listens, need, read_file, sh, wait_for  # noqa: E402
from cases import Failure, Skip  # noqa: E402
from middle import (MIDDLE_CPU, ORIGIN_CPU, OWN_STACKS, Gateway, Processes, machine,  # noqa: E402
                    median, own_stacks, plug, spread, start_nginx, version)

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS", "1"))
DEVICE = os.environ.get("WEIR_DEVICE") or best_device()
OFFLOADS = os.environ.get("OFFLOADS") != "0"
LOAD = os.path.join(BUILD, "test/tls/tls_load")
FOR_ALL = time.monotonic() + 230
IDLE = 2000
WEIR, UNREAD, NGINX, LOGGED, HAPROXY = WAYS = ("weir", "unread", "nginx", "nginx+log", "HAProxy")
ECDSA, RSA = 443, 444
# name: mode, port, path, connections
KINDS = {
    "handshake, ECDSA": ("full", ECDSA, "/", 16),
    "handshake, RSA": ("full", RSA, "/", 16),
    "handshake, resumed": ("resumed", ECDSA, "/", 16),
    "kept, small": ("kept", ECDSA, "/", 16),
    "kept, 1 MiB": ("kept", ECDSA, "/1m", 4),
    "kept, 64 MiB": ("kept", ECDSA, "/64m", 2),
}
if len(sys.argv) > 2:
    KINDS = {name: what for name, what in KINDS.items() if sys.argv[2] in name}

SERVICE = """---
kind: Service
metadata: {{ name: {name} }}
spec:
  addresses: 10.77.0.0/24
  ports: {port}
  protocol: {protocol}
  tls:
    mode: terminate
    certificates: [ {{ certificate: {folder}/{cert}.pem, key: {folder}/{cert}.key }} ]
    upstream: {{ mode: plain }}
"""
THREAT = """---
kind: ThreatPolicy
metadata: { name: all }
spec: { services: all, mode: enforce, rules: { crs: [] } }
"""
PAGE = "<p>All is well.</p> " * 26
ORIGIN_CONF = """server {{ listen 80; listen 443; listen 444; listen 445;
    listen 446; root {www}; sendfile on;
    location = / {{ return 200 '{page}'; }} }}"""
# As good as it gets: nothing of a response goes through a file.
NGINX_CONF = """upstream origin {{ server 10.78.2.2:80; keepalive 64;
    keepalive_requests 1000000000; }}
proxy_buffer_size 64k; proxy_buffers 16 64k; proxy_busy_buffers_size 256k;
proxy_max_temp_file_size 0; ssl_protocols TLSv1.3;
server {{ listen 443 ssl; ssl_certificate {dir}/ecdsa.pem; ssl_certificate_key {dir}/ecdsa.key;
    {to} }}
server {{ listen 444 ssl; ssl_certificate {dir}/rsa.pem; ssl_certificate_key {dir}/rsa.key; {to} }}
server {{ listen 447 ssl; ssl_certificate {dir}/ecdsa.pem; ssl_certificate_key {dir}/ecdsa.key;
    access_log {dir}/access.log; {to} }}
server {{ listen 448 ssl; ssl_certificate {dir}/rsa.pem; ssl_certificate_key {dir}/rsa.key;
    access_log {dir}/access.log; {to} }}
"""
NGINX_TO = """location / { proxy_pass http://origin; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_set_header Host $host; }"""
HAPROXY_CONF = """global
    nbthread 1
    maxconn 8000
    ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
    mode http
    timeout connect 10s
    timeout client 300s
    timeout server 300s
    http-reuse always
frontend ecdsa
    bind :445 ssl crt {dir}/ecdsa.both alpn http/1.1
    default_backend origin
frontend rsa
    bind :446 ssl crt {dir}/rsa.both alpn http/1.1
    default_backend origin
backend origin
    server origin 10.78.2.2:80
"""


# ---- the laboratory ----


def make_certificates(lab):
    for name, key in (("ecdsa", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")),
                      ("rsa", ("rsa:2048",))):
        path = f"{lab.dir}/{name}"
        sh("openssl", "req", "-x509", "-newkey", *key, "-nodes", "-subj", "/CN=site.example",
           "-days", "30", "-keyout", f"{path}.key", "-out", f"{path}.pem")
        os.chmod(f"{path}.key", 0o600)
        with open(f"{path}.both", "w", encoding="utf-8") as f:
            f.write(read_file(f"{path}.pem") + read_file(f"{path}.key"))


def start_origin(lab):
    www = os.path.join(lab.dir, "www")
    os.makedirs(www)
    for name, mib in (("1m", 1), ("64m", 64)):
        with open(f"{www}/{name}", "wb") as f:
            f.write(os.urandom(1 << 20) * mib)
    conf = ORIGIN_CONF.format(www=www, page=PAGE)
    start_nginx(lab, lab.server, "origin", 80, conf, cpu=ORIGIN_CPU)


def start_haproxy(lab, namespace):
    conf = f"{lab.dir}/haproxy.conf"
    with open(conf, "w", encoding="utf-8") as f:
        f.write(HAPROXY_CONF.format(dir=lab.dir))
    process = namespace.start("taskset", "-c", MIDDLE_CPU, "haproxy", "-db", "-f", conf)
    wait_for(lambda: listens(namespace, 446) or process.poll() is not None, 30, "haproxy")
    if process.poll() is not None:
        raise Failure("haproxy ended")
    return process.pid


def start_proxies(lab):
    proxy = lab.namespace("proxy")
    plug(lab, proxy, "p0", lab.client, 1, 2, OFFLOADS)
    plug(lab, proxy, "p1", lab.server, 2, 2, OFFLOADS)
    own_stacks(lab)
    nginx = start_nginx(lab, proxy, "nginx-tls", 443,
                        NGINX_CONF.format(dir=lab.dir, to=NGINX_TO))
    return {NGINX: Processes(nginx), LOGGED: Processes(nginx),
            HAPROXY: Processes(start_haproxy(lab, proxy))}


def weir(lab, connections=100000, inspected=50000):
    policy = ALLOW_ALL + THREAT
    for cert, port in (("ecdsa", ECDSA), ("rsa", RSA)):
        for protocol, further in (("http", 0), ("tcp", 2)):
            policy += SERVICE.format(name=f"{cert}-{protocol}", cert=cert, port=port + further,
                                     protocol=protocol, folder=lab.dir)
    return lab.weir(policy=policy, connections=connections, memory=f", inspected: {inspected}")


def target(lab, way, port):
    """Ways at one address have ports beside each other's."""
    port += {UNREAD: 2, HAPROXY: 2, LOGGED: 4}.get(way, 0)
    return (lab.server.v4 if way in (WEIR, UNREAD) else "10.78.1.1"), port


def ways_of(kind):
    """A line of a log is nothing beside a large object."""
    return [way for way in WAYS if way != LOGGED or "MiB" not in kind]


# ---- runs ----


def load(lab, way, kind, seconds):
    mode, port, path, connections = KINDS[kind]
    host, port = target(lab, way, port)
    out = lab.client.run("taskset", "-c", ORIGIN_CPU, LOAD, mode, host, port, path, connections,
                         seconds, timeout=seconds + 60).stdout
    return json.loads(out.strip().splitlines()[-1])


def measure(lab, middle, way, kind):
    load(lab, way, kind, 0.3)
    before = middle.read()
    run = load(lab, way, kind, SECONDS)
    run.update(middle.spent(before, middle.read()))
    if run["errors"]:
        print(f"# {run['errors']} errors: {way}, {kind}", file=sys.stderr)
    if not run["bytes"]:
        raise Failure(f"{way}, {kind}: nothing came: {run}")
    if (run["resumed"] > 0) != ("resumed" in kind):
        raise Failure(f"{way}, {kind}: {run['resumed']} handshakes were resumed")
    return {**run, "cpu_us": run["cpu_s"] / max(run["requests"], 1) * 1e6,
            "per_s": run["requests"] / run["seconds"],
            "gbit_core": run["bytes"] * 8e-9 / run["cpu_s"]}


def measure_all(lab, middle, way, runs):
    for kind in KINDS:
        if way in ways_of(kind):
            runs[kind][way].append(measure(lab, middle, way, kind))


def run_rounds(lab, proxies):
    runs = {kind: {way: [] for way in ways_of(kind)} for kind in KINDS}
    for number in range(ROUNDS):
        if number and time.monotonic() + 3 * len(KINDS) * (SECONDS + 1) > FOR_ALL:
            print(f"# time for {number} rounds only", file=sys.stderr)
            break
        for way, middle in proxies.items():
            measure_all(lab, middle, way, runs)
        with weir(lab) as running:
            for way in (WEIR, UNREAD):
                measure_all(lab, Gateway(running), way, runs)
    return runs


# ---- idle connections ----


def rss(pids):
    return sum(int(line.split()[1]) << 10 for pid in pids
               for line in read_file(f"/proc/{pid}/status").splitlines()
               if line.startswith("VmRSS:"))


def grown_by(lab, way, pids):
    """Bytes of a process for each of many idle connections that have had one request."""
    host, port = target(lab, way, ECDSA)
    load(lab, way, "kept, small", 0.3)
    before = rss(pids)
    with lab.client.start("taskset", "-c", ORIGIN_CPU, LOAD, "hold", host, port, "/", IDLE, 30,
                          stdout=subprocess.PIPE, text=True) as holding:
        held = int(holding.stdout.readline().split()[1])
        grown = rss(pids) - before
        holding.terminate()
    if held != IDLE:
        raise Failure(f"{way}: {held} connections held")
    return grown / held


def table_bytes(lab):
    """What a connection more in the tables takes."""
    sizes = []
    for connections in (2000, 52000):
        with weir(lab, connections, connections) as running:
            sizes.append(running.rss_kib() << 10)
    return (sizes[1] - sizes[0]) / 50000


def idle_bytes(lab, proxies):
    idle = {way: grown_by(lab, way, proxies[way].pids) for way in (NGINX, HAPROXY)}
    with weir(lab) as running:
        idle[WEIR] = grown_by(lab, WEIR, [running.process.pid]) + table_bytes_of(lab, running)
    return idle


def table_bytes_of(lab, running):
    running.stop()
    return table_bytes(lab)


# ---- what came of it ----


def ratio(kind, runs, way, other):
    if "MiB" in kind:
        return median(runs[way], "gbit_core") / median(runs[other], "gbit_core")
    return median(runs[other], "cpu_us") / median(runs[way], "cpu_us")


def report(runs, idle):
    print(f"{len(next(iter(runs.values()))[WEIR])} rounds in turns of {SECONDS:g} s, {DEVICE}"
          f"{'' if OFFLOADS else ', proxies without offloads'}"
          f"{'' if OWN_STACKS else ', stacks of the ends by who sends'}; "
          "medians (least to greatest)")
    for kind, ways in runs.items():
        for way, seen in ways.items():
            told = "gbit_core" if "MiB" in kind else "cpu_us"
            unit = "Gbit/s a core" if "MiB" in kind else "CPU us"
            print(f"{kind:20}{way:10}{spread(seen, told):26} {unit}; "
                  f"{median(seen, 'per_s'):.0f}/s, p50 {median(seen, 'p50_us'):.0f} us")
        for way in (WEIR, UNREAD):
            ratios = ", ".join(f"{ratio(kind, ways, way, other):.2f} x {other}"
                               for other in ways if other not in (WEIR, UNREAD))
            print(f"{kind:20}{way} is {ratios}; its worker was busy "
                  f"{median(ways[way], 'busy'):.2f} of its time")
    for way, size in idle.items():
        print(f"idle connection     {way:10}{size:.0f} bytes")


def main():
    if os.geteuid():
        sys.exit("tls.py: needs root")
    subprocess.run([f"{ROOT}/deploy/packages.sh", "perf"], check=True)
    need("haproxy")
    with Lab(DEVICE) as lab:
        print(f"machine: {machine()}\nnginx {version('nginx')}, HAProxy {version('haproxy')}, "
              f"OpenSSL {version('libssl3')}", flush=True)
        make_certificates(lab)
        start_origin(lab)
        proxies = start_proxies(lab)
        runs = run_rounds(lab, proxies)
        idle = idle_bytes(lab, proxies) if "kept, small" in KINDS else {}
    report(runs, idle)
    if "JSON" in os.environ:
        with open(os.environ["JSON"], "w", encoding="utf-8") as f:
            json.dump({"machine": machine(), "device": DEVICE, "runs": runs, "idle": idle}, f,
                      indent=1)


if __name__ == "__main__":
    try:
        main()
    except (Failure, Skip) as why:
        sys.exit(f"tls.py: {why}")
