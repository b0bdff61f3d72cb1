#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Requests a second through the wire, and CPU time a request of who stands in the middle: weir
with the Core Rule Set and without rules, beside an nginx that passes on to the same origin, without
a WAF and with ModSecurity and the same rules. In turns, medians of five rounds.

    test/perf/http.py [BUILD-FOLDER [REQUESTS]]      (needs root; ends within three minutes)

Environment: ROUNDS=5, SECONDS=3 of each run, CONNECTIONS=16, WEIR_DEVICE=af_xdp or af_packet,
JSON=FILE.

The middle has a core to itself, client (wrk) and origin (nginx) share the other. A worker of weir
polls and so takes all of its core: of its CPU time the share counts in which it received or sent
something (cycles_busy of cycles in `weirctl stats`); its other threads are added. For nginx it is
the time of its processes. What the kernel does on a process's behalf is in it; what ksoftirqd does
is in none."""
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
os.environ.setdefault("WEIR_BUILD", os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build"))
sys.path.insert(0, os.path.join(ROOT, "test/system"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from lab import ALLOW_ALL, Lab, best_device  # noqa: E402
from cases import Failure, Skip  # noqa: E402
from middle import (ORIGIN_CPU, Gateway, Processes, machine, median, own_stacks, plug,  # noqa: E402
                    spread, start_nginx, version)

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "3"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "16"))
DEVICE = os.environ.get("WEIR_DEVICE") or best_device()
PORT = 80
MODULE = "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so"
PLAIN, MODSECURITY, WEIR, NO_RULES = ("nginx", "nginx + ModSecurity + CRS", "weir + CRS",
                                      "weir, no rules")
WAYS = (PLAIN, MODSECURITY, WEIR, NO_RULES)
FOR_ALL = time.monotonic() + 165

POLICY = ALLOW_ALL + """---
kind: Service
metadata: { name: site }
spec: { addresses: 10.77.0.0/24, ports: 80, protocol: http }
---
kind: ThreatPolicy
metadata: { name: site }
spec: { services: site, mode: enforce%s }
"""

# The same as weir has before the rules; no audit log, and matches are logged nowhere.
MODSECURITY_CONF = """SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecRequestBodyLimitAction Reject
SecResponseBodyAccess On
SecResponseBodyLimit 524288
SecResponseBodyLimitAction ProcessPartial
SecAuditEngine Off
Include {root}/test/waf/base.conf
Include /etc/modsecurity/crs/crs-setup.conf
Include /usr/share/modsecurity-crs/rules/*.conf
"""
PAGE = "<p>All is well.</p> " * 26
ORIGIN = "server { listen PORT; location / { return 200 '%s'; } }" % PAGE
PROXY = """upstream origin { server 10.78.2.2:80; keepalive 64; keepalive_requests 1000000000; }
    server { listen PORT; %s location / {
        proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
        proxy_set_header Host $host; } }"""


# ---- the laboratory: client - weir - origin, and beside it client - nginx - origin ----


def start_proxies(lab):
    """Both nginx; the one that is not asked sleeps. Their pids by way."""
    proxy = lab.namespace("proxy")
    plug(lab, proxy, "p0", lab.client, 1, 2)
    plug(lab, proxy, "p1", lab.server, 2, 2)
    own_stacks(lab)
    conf = os.path.join(lab.dir, "modsecurity.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(MODSECURITY_CONF.format(root=ROOT))
    waf = f"modsecurity on; modsecurity_rules_file {conf};"
    return {
        PLAIN: start_nginx(lab, proxy, "plain", 81, PROXY % ""),
        MODSECURITY: start_nginx(lab, proxy, "waf", 82, PROXY % waf, f"load_module {MODULE};\n"),
    }


# ---- runs ----


def wrk(lab, target, requests, seconds):
    out = lab.client.run("taskset", "-c", ORIGIN_CPU, "wrk", "-t1", f"-c{CONNECTIONS}",
                         f"-d{seconds}s", "-s", f"{HERE}/http.lua", f"http://{target}/", "--",
                         requests, timeout=seconds + 30).stdout
    return json.loads(out.strip().splitlines()[-1])


def measure(lab, middle, target, requests):
    wrk(lab, target, requests, 1)
    before = middle.read()
    run = wrk(lab, target, requests, SECONDS)
    run.update(middle.spent(before, middle.read()))
    if run["errors"]:
        print(f"# {run['errors']} errors towards {target}", file=sys.stderr)
    return {**run, "per_s": run["requests"] / run["seconds"],
            "refused_part": run["refused"] / run["requests"],
            "cpu_us": run["cpu_s"] / run["requests"] * 1e6,
            "per_core_s": run["requests"] / run["cpu_s"]}


def measure_weir(lab, way, requests):
    rules = ", rules: { crs: [] }" if way == NO_RULES else ""
    more = f"rules: {{ cache: {lab.dir}/cache }}\n"
    with lab.weir(policy=POLICY % rules, more=more) as weir:
        return measure(lab, Gateway(weir), f"{lab.server.v4}:{PORT}", requests)


def run_rounds(lab, proxies, requests):
    runs = {way: [] for way in WAYS}
    for number in range(ROUNDS):
        if time.monotonic() + len(WAYS) * (SECONDS + 4) > FOR_ALL:
            print(f"# time for {number} rounds only", file=sys.stderr)
            break
        for way, pid in proxies.items():
            port = 81 if way == PLAIN else 82
            runs[way].append(measure(lab, Processes(pid), f"10.78.1.1:{port}", requests))
        for way in (WEIR, NO_RULES):
            runs[way].append(measure_weir(lab, way, requests))
    return runs


# ---- what came of it ----


def report(runs):
    print(f"{len(runs[WEIR])} rounds in turns of {SECONDS} s, {CONNECTIONS} connections kept, "
          f"{DEVICE}; medians")
    print(f"{'':27}{'requests/s':>10}{'p50 us':>8}{'p99 us':>8}{'refused':>9}{'a core':>8}"
          "  CPU us a request")
    for way, seen in runs.items():
        print(f"{way:27}{median(seen, 'per_s'):10.0f}{median(seen, 'p50_us'):8.0f}"
              f"{median(seen, 'p99_us'):8.0f}{100 * median(seen, 'refused_part'):8.1f}%"
              f"{median(seen, 'per_core_s'):8.0f}  {spread(seen, 'cpu_us')}")
    for way in (WEIR, NO_RULES):
        for other in (PLAIN, MODSECURITY):
            core, wire = (median(runs[way], key) / median(runs[other], key)
                          for key in ("per_core_s", "per_s"))
            print(f"{way} / {other}: {core:.2f} a core, {wire:.2f} at saturation")
    print(f"busy part of weir's worker: {median(runs[WEIR], 'busy'):.2f} with CRS, "
          f"{median(runs[NO_RULES], 'busy'):.2f} without rules")


def main():
    if os.geteuid():
        sys.exit("http.py: needs root")
    if not shutil.which("wrk") or not os.path.exists(MODULE):
        print("installing wrk, nginx, its ModSecurity module and the Core Rule Set", flush=True)
        subprocess.run([f"{ROOT}/deploy/packages.sh", "perf"], check=True)
    with Lab(DEVICE) as lab:
        requests = sys.argv[2] if len(sys.argv) > 2 else os.path.join(lab.dir, "requests.bin")
        if len(sys.argv) <= 2:
            subprocess.run([f"{HERE}/requests.py", requests], check=True)
        print(f"machine: {machine()}\nnginx {version('nginx')}, ModSecurity "
              f"{version('libmodsecurity3')}, CRS {version('modsecurity-crs')}", flush=True)
        start_nginx(lab, lab.server, "origin", PORT, ORIGIN, cpu=ORIGIN_CPU)
        runs = run_rounds(lab, start_proxies(lab), requests)
    report(runs)
    if "JSON" in os.environ:
        with open(os.environ["JSON"], "w", encoding="utf-8") as f:
            json.dump({"machine": machine(), "device": DEVICE, "runs": runs}, f, indent=1)


if __name__ == "__main__":
    try:
        main()
    except (Failure, Skip) as why:
        sys.exit(f"http.py: {why}")
