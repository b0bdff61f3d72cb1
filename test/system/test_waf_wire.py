# SPDX-License-Identifier: BSD-3-Clause
"""The WAF over the wire: what weir makes of a request between two hosts is what `weir inspect`
makes of the same bytes, and nothing that is refused arrives.

The cases of test/waf and rules/waf and some of its made-up corpus go through in both modes, each
set by a ThreatPolicy of its own that protects an address of its own; with WEIR_CRS4 also CRS v4's
regression tests, whose misses stand in test/waf/known-misses-wire.txt. The backend is reflect.py.
A share of all goes by TLS that weir ends, and a share by HTTP/2; when soaking, all. What HTTP/2 has
no words for is counted by why; what is known to be otherwise there stands in test/waf/http2.txt and
known-misses-http2.txt. All attacks in calls of gRPC go by HTTP/2, in the clear and by TLS.
"""
import base64
import collections
import contextlib
import copy
import functools
import glob
import json
import os
import ssl
import sys
import tempfile

from cases import SOAK, Skip, Suite, check, check_equal
from https_site import Pki
from lab import ALLOW_ALL, ROOT, WEIR, Lab, best_device, cpus, need_device
from test_http import BUDGET
from wire import Exchange, Wire, as_inspect, converse, lines_of_inspect, split_answers
import wire_http2

sys.path.insert(1, os.path.join(ROOT, "test", "waf"))
# pylint: disable=wrong-import-position
try:
    import corpus
    import crs4
    import run_cases
    import waf_lines
except ImportError:
    waf_lines = None

suite = Suite()
WAF = os.path.join(ROOT, "test", "waf")
OWN = os.path.join(ROOT, "rules", "waf")
BEST = best_device()
DEVICES = (BEST, "tap" if BEST == "af_packet" else "af_packet")
TLS = f"{BEST}, TLS"
HTTP2 = f"{BEST}, HTTP/2"
H2C = f"{BEST}, HTTP/2 in the clear"
TWO = f"{BEST}, 2 workers"  # connections are spread over both
MODES = ("enforce", "detect")
CORPUS_LINES = 20_000 if SOAK else 1_000
START_S = 240  # many policies, and of what the rules are compiled to nothing is kept yet
GROUP = 24  # requests that are sent at once: more than weir lets be outstanding
TLS_EACH = 1 if SOAK else 7  # of so many exchanges one goes by TLS, and one by HTTP/2
TOLD_IN_FULL = 15  # matches; the last place may be that of the rule that decided
# Their rules ask the clock and what came before.
NOT_HERE = {"collections"}
CRS_V4 = "crs-v4"
GRPC = "grpc"

# What both sides begin with: a ThreatPolicy has settings of its own, and rules that refuse bodies
# which cannot be parsed, where `weir inspect` has none but those that it is given.
SETTINGS = """SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyLimitAction Reject
SecRequestBodyNoFilesLimit 1048576
SecRequestBodyJsonDepthLimit 512
SecArgumentsLimit 1000
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html
SecResponseBodyLimit 524288
SecResponseBodyLimitAction ProcessPartial
SecRuleRemoveById 2000000000-2000000004
"""
POLICY = """---
kind: Service
metadata: {{ name: {name} }}
spec: {{ addresses: {addresses}, protocol: http, http2Upstream: {upstream}, {tls} }}
---
kind: ThreatPolicy
metadata: {{ name: {name} }}
spec: {{ services: [{name}], mode: {mode}, budget: {budget},
         rules: {{ before: {before}, crs: {crs} }}{more} }}
"""


IN_CLEAR = "ports: [80]"
BY_TLS = """ports: [443], tls: {{ mode: terminate, upstream: {{ mode: plain }},
         certificates: [ {{ certificate: {folder}/site.pem, key: {folder}/site.key }} ] }}"""

# Settings and compiled databases, for both devices.
kept = tempfile.TemporaryDirectory(prefix="weir-wire-")


def address(v6, number):
    return f"fd77::{number}" if v6 else f"10.77.0.{number}"


# ---- what is sent ----


class Set:
    """Exchanges that are judged by the same rules, `before` and then `crs`."""

    def __init__(self, name, before, crs, paranoia=0):
        self.name = name
        self.before = before
        self.crs = crs
        self.paranoia = paranoia
        self.exchanges = []
        self.inspected = {}  # mode -> what `weir inspect` says

    def policy(self, number, mode, tls=IN_CLEAR, upstream="auto"):
        more = f", paranoia: {self.paranoia}" if self.paranoia else ""
        addresses = json.dumps([address(False, number), address(True, number)])
        return POLICY.format(name=f"{self.name}-{mode}", addresses=addresses, mode=mode, more=more,
                             tls=tls, upstream=upstream, budget=BUDGET,
                             before=json.dumps(self.before), crs=json.dumps(self.crs))

    def inspect(self, mode, lines):
        if mode not in self.inspected:
            options = ["--mode", mode, "--cache", kept.name]
            if self.paranoia:
                options += ["--paranoia", str(self.paranoia)]
            command = waf_lines.inspect_command(WEIR, self.before + self.crs, options)
            self.inspected[mode] = waf_lines.run(command, lines)
        return self.inspected[mode]


def default_response(request):
    """Small, and not chosen by the backend: the other side has to be given it, too."""
    return waf_lines.response_of({"status": 200}) if request[:5] != b"HEAD " else (
        b"HTTP/1.1 200 -\r\nContent-Type: text/html\r\n\r\n")


def exchange_of(case):
    request = waf_lines.request_of(case)
    response = waf_lines.response_of(case["response"]) if "response" in case else (
        default_response(request))
    return Exchange(case["name"], request, response, case.get("client"))


def set_of_file(path, settings, rules, crs=()):
    options, cases = waf_lines.load(path)
    name = os.path.basename(path)[:-5]
    paranoia = int(options[1]) if options[:1] == ["--paranoia"] else 0
    made = Set(name, [settings, *rules], list(crs), paranoia)
    for case in cases:
        if "time" not in case:
            made.exchanges.append(exchange_of(case))
    return made


def semantics_sets(settings):
    for path in sorted(glob.glob(f"{WAF}/semantics/*.yaml")):
        if os.path.basename(path)[:-5] not in NOT_HERE:
            yield set_of_file(path, settings, [path[:-5] + ".conf"])


def debian_sets(settings):
    """The files of a paranoia level together: their rules are large."""
    rules = [f"{WAF}/base.conf", f"{WAF}/grpc.conf", "/etc/modsecurity/crs/crs-setup.conf"]
    crs = ["/usr/share/modsecurity-crs/rules/*.conf"]
    if not os.path.exists(rules[-1]):
        return
    by_level = {}
    for path in sorted(glob.glob(f"{WAF}/cases/*.yaml")):
        found = set_of_file(path, settings, rules, crs)
        if found.name == GRPC:
            yield found
            continue
        into = by_level.setdefault(found.paranoia, Set(
            f"crs-at-{found.paranoia or 1}", found.before, found.crs, found.paranoia))
        into.exchanges += found.exchanges
    made = Set("corpus", by_level[0].before, by_level[0].crs)
    for line in map(json.loads, corpus.lines(seed=31, count=CORPUS_LINES)):
        request, response = base64.b64decode(line["request"]), line.get("response")
        made.exchanges.append(Exchange(line["id"], request, base64.b64decode(response) if response
                                       else default_response(request)))
    yield from [*by_level.values(), made]


def own_sets(settings):
    setup = f"{OWN}/setup.conf"
    rules = sorted(set(glob.glob(f"{OWN}/*.conf")) - {setup})
    made = Set("weir-rules", [settings, setup, *rules], [])
    for name, case in run_cases.load(sorted(glob.glob(f"{OWN}/cases/*.yaml"))):
        request = run_cases.request_of(case)
        made.exchanges.append(Exchange(name, request, default_response(request)))
    yield made


def crs_v4_set(settings):
    made = Set(CRS_V4, [settings, *crs4.SETUP], [crs4.RULES])
    for line in map(json.loads, crs4.lines()):
        made.exchanges.append(Exchange(line["id"], base64.b64decode(line["request"]),
                                       base64.b64decode(line["response"]), reflected=True))
    return made


@functools.cache
def all_sets():
    settings = os.path.join(kept.name, "settings.conf")
    with open(settings, "w", encoding="utf-8") as f:
        f.write(SETTINGS)
    v4 = [crs_v4_set(settings)] if crs4.CRS4 else []
    return [*debian_sets(settings), *own_sets(settings), *semantics_sets(settings), *v4]


# ---- a laboratory with all of it ----


class Site:
    """Made once a device, when the one before is gone; all sets in both modes have an address
    there."""

    def __init__(self, device, workers=1, tls=False, http2=False):
        self.device = device
        self.tls = tls
        self.http2 = http2
        self.workers = workers
        self.stack = None
        self.sets = []
        self.wire = None
        self.number = {}  # (set's name, mode) -> the last part of its addresses

    def get(self):
        if self.stack:
            return self
        for other in sites.values():
            other.close()
        need_device(self.device)
        if self.workers > len(cpus()):
            raise Skip(f"only {len(cpus())} CPUs")
        if waf_lines is None:
            raise Skip("python3-yaml is not installed")
        if self.http2 and wire_http2.hpack is None:
            raise Skip("python3-hpack is not installed")
        with contextlib.ExitStack() as stack:
            lab = stack.enter_context(Lab(self.device, workers=self.workers))
            weir = stack.enter_context(self.weir(lab))
            weir.start(wait_s=START_S)
            self.prepare_ends(lab)
            talk = wire_http2.converse if self.http2 else converse
            self.wire = stack.enter_context(Wire(lab, weir, self.context(lab), talk))
            self.stack = stack.pop_all()
        return self

    def context(self, lab):
        if not self.tls:
            return None
        made = ssl.create_default_context(cafile=f"{lab.dir}/ca.pem")
        made.set_alpn_protocols(["h2"] if self.http2 else ["http/1.1"])
        return made

    def weir(self, lab):
        self.sets = all_sets()
        if self.http2 and not self.tls:
            self.sets = [one for one in self.sets if one.name == GRPC]
        self.number = {}
        policy, tls = ALLOW_ALL, IN_CLEAR
        upstream = "false" if self.http2 else "auto"
        if self.tls:
            tls = BY_TLS.format(folder=Pki(lab.dir).folder)
        for one in self.sets:
            for mode in MODES if one.name != CRS_V4 else ("detect",):
                number = self.number[one.name, mode] = len(self.number) + 10
                policy += one.policy(number, mode, tls, upstream)
        return lab.weir(policy=policy, start=False, log=", values: true",
                        more=f"rules: {{ cache: {kept.name} }}\n")

    def prepare_ends(self, lab):
        for number in self.number.values():
            lab.server.ip("addr", "add", f"{address(False, number)}/24", "dev", "eth0")
            lab.server.ip("addr", "add", f"{address(True, number)}/64", "dev", "eth0", "nodad")
        for client in {x.client for one in self.sets for x in one.exchanges if x.client}:
            nodad = ("nodad",) if ":" in client else ()
            lab.client.ip("addr", "add", client, "dev", "eth0", *nodad)
            lab.server.ip("route", "add", client, "dev", "eth0")

    def name(self):
        return next(name for name, site in sites.items() if site is self)

    def requests(self):
        """That weir has read, by worker."""
        return self.wire.weir.by_worker("http_requests")

    def close(self):
        if self.stack:
            self.stack.close()
            self.stack = None


sites = {device: Site(device) for device in DEVICES}
sites[TLS] = Site(BEST, tls=True)
sites[HTTP2] = Site(BEST, tls=True, http2=True)
sites[H2C] = Site(BEST, http2=True)
sites[TWO] = Site(BEST, workers=2)


# ---- what must be the same ----


def is_call(exchange, kind=b""):
    return b"\r\ncontent-type: application/grpc" + kind in exchange.request.lower()


def is_told_by_grpc(exchange, inspected):
    """Clients of gRPC-Web cannot read a page."""
    return inspected["verdict"] not in ("pass", "drop") and is_call(exchange, b"-web")


def status_on_the_wire(exchange, inspected):
    """A rule may say any status; a response cannot have each."""
    status, verdict = inspected["status"], inspected["verdict"]
    if is_told_by_grpc(exchange, inspected):
        return 200
    if verdict == "redirect":
        return status if status in (301, 303, 307, 308) else 302
    if verdict in ("deny", "limit", "drop"):
        return status if 400 <= status < 600 else 403
    return status


def told_in_full(result):
    return [(m["id"], m.get("msg", "").encode()[:100], m.get("target", "").encode()[:60])
            for m in result["matches"][:TOLD_IN_FULL]]


def differences(exchange, inspected, record):
    """Of `weir inspect` and the record of the wire."""
    wanted = dict(inspected, status=status_on_the_wire(exchange, inspected))
    if inspected["verdict"] == "bad_request":
        # What is bad was found before a rule was asked, or its body's framing was while it was
        # read; that the rest of it was judged by then or not is all the same.
        keys = ("verdict", "status", "bad")
    else:
        keys = ("verdict", "would", "status", "phase", "rule", "bad", "partial", "scores")
        wanted["rules"] = waf_lines.once_each(inspected["rules"])
        if record["rules"] != wanted["rules"]:
            yield f"rules {record['rules']}, inspect has {wanted['rules']}"
        if told_in_full(record) != told_in_full(inspected):
            yield f"matches {told_in_full(record)}, inspect has {told_in_full(inspected)}"
    for key in keys:
        if record.get(key) != wanted.get(key):
            yield f"{key} {record.get(key)!r}, inspect has {wanted.get(key)!r}"


def cut_differences(record):
    """What never was a whole request is refused, whatever `weir inspect` can read in it."""
    if (record["verdict"], record["status"], record.get("bad")) != ("bad_request", 400, "CUT"):
        yield f"{record['verdict']}, {record['status']}, {record.get('bad')} of a cut request"


def arrives(inspected):
    """Whether the request itself was refused, or not more than its response."""
    if inspected["verdict"] in ("pass", "bad_response"):
        return True
    return inspected["verdict"] != "bad_request" and inspected.get("phase", 0) > 2


def wrong_at_ends(exchange, inspected, told):
    """What client and backend got."""
    whole = exchange.request[:len(exchange.request) - inspected.get("trailing", 0)]
    wanted = [whole] if exchange.arrives else []
    if told.arrived[:1] != wanted or (told.part and not inspected.get("trailing")):
        yield f"{told.arrived} {told.part} arrived"
    status = 0 if inspected["verdict"] == "drop" else status_on_the_wire(exchange, inspected)
    if exchange.cut:
        status = 400
    got = told.status(exchange.request.partition(b" ")[0])
    if got != status:
        yield f"the client got {got} ({told.error}), wanted {status}"
    if is_told_by_grpc(exchange, inspected) and b"\r\ngrpc-status: " not in told.answer:
        yield f"the client got {told.answer[:40]}, wanted the status of its call"


def wrong_with(exchange, inspected, told):
    if not told.records:
        return [f"no record; the client got {told.answer[:40]} ({told.error})"]
    record = as_inspect(exchange.name, told.records[0])
    wrong = cut_differences(record) if exchange.cut else differences(exchange, inspected, record)
    return [*wrong, *wrong_at_ends(exchange, inspected, told)]


# ---- running ----


class Run:
    """A set's exchanges on their way to its address, and what `weir inspect` says of each."""

    def __init__(self, site, one, mode):
        self.name = f"{one.name} ({site.name()}, {mode})"
        self.exchanges = [copy.copy(x) for x in one.exchanges]
        for x in self.exchanges:
            x.client = x.client or site.wire.lab.client.v4
            x.server = address(":" in x.client, site.number[one.name, mode])
        self.inspected = one.inspect(mode, list(lines_of_inspect(self.exchanges)))
        check(len(self.inspected) == len(self.exchanges), f"{one.name}: inspect lost lines")
        for x, result in zip(self.exchanges, self.inspected):
            x.cut = result.get("cut", False) or result.get("bad") == "incomplete"
            x.arrives = not x.cut and arrives(result)

    def keep(self, wanted, each=1):
        """Only exchanges that are wanted, and of those one in `each`."""
        pairs = [(x, i) for x, i in zip(self.exchanges, self.inspected) if wanted(x)][::each]
        self.exchanges, self.inspected = [x for x, _ in pairs], [i for _, i in pairs]

    def tell(self, wrong):
        """Lines for the exchanges that are wrong, or one for all; True when there are none."""
        for name, why in wrong:
            suite.not_ok(f"test_waf_wire: {self.name}: {name}", "; ".join(why))
        if not wrong:
            suite.ok(f"test_waf_wire: {self.name}: {len(self.exchanges)} exchanges")
        return not wrong


def runs_of(site, mode):
    return [Run(site, one, mode) for one in site.sets if one.name != CRS_V4]


def judge_alone(run, told):
    return run.tell([(x.name, why) for x, i, t in zip(run.exchanges, run.inspected, told)
                     if (why := wrong_with(x, i, t))])


def at(all_told, runs):
    """Each run and its part of what was told of all of them."""
    start = 0
    for run in runs:
        yield run, all_told[start:start + len(run.exchanges)]
        start += len(run.exchanges)


def check_spread(site, before):
    """Each worker had a share of the requests; how large it is is chance, for few connections."""
    counts = [b - a for a, b in zip(before, site.requests())]
    check(len(counts) == site.workers and min(counts) > sum(counts) / site.workers / 10,
          f"requests by worker: {counts}")


def each_case_is_judged_on_the_wire_as_by_inspect(device, mode):
    site = sites[device].get()
    runs = runs_of(site, mode)
    before = site.requests()
    told = site.wire.run([x for run in runs for x in run.exchanges])
    check_spread(site, before)
    good = [judge_alone(run, part) for run, part in at(told, runs)]
    check(all(good) and good, f"{good.count(False)} of {len(good)} sets are not as they should be")


def a_share_is_judged_by_tls_as_in_clear(mode):
    """All but those that are cut off: there is no half of a close in TLS."""
    site = sites[TLS].get()
    runs = runs_of(site, mode)
    for run in runs:
        run.keep(lambda x: not x.cut, TLS_EACH)
    before = site.wire.weir.counters()["tls_handshakes"]
    told = site.wire.run([x for run in runs for x in run.exchanges])
    good = [judge_alone(run, part) for run, part in at(told, runs)]
    check_equal(site.wire.weir.counters()["tls_handshakes"] - before, len(told), "handshakes")
    check(all(good) and good, f"{good.count(False)} of {len(good)} sets are not as they should be")


# ---- in HTTP/2 ----


def is_sayable(exchange, said):
    """Whether HTTP/2 has words for it; `said` counts those that it has not, by why."""
    try:
        wire_http2.translate(exchange.request)
        return True
    except wire_http2.Unsayable as why:
        said[str(why)] += 1
        return False


def tell_unsaid(unsaid):
    if unsaid:
        print(f"# HTTP/2 has no words for {unsaid.total()}: {dict(unsaid)}", flush=True)


def wrong_in_http2(known, exchange, inspected, told):
    """Rules that are known to be asked other things there may make the difference, and what comes
    of that is theirs."""
    if not told.records:
        yield f"no record; the client got {told.answer[:40]} ({told.error})"
        return
    record = as_inspect("", told.records[0])
    apart = set(record["rules"]) ^ set(waf_lines.once_each(inspected["rules"]))
    if apart - known:
        yield f"rules {record['rules']}, inspect has {inspected['rules']}"
    if apart:
        return
    keys = ("verdict", "would", "status", "phase", "rule", "partial", "scores")
    if inspected["verdict"] == "bad_request":  # it resets the stream (RFC 9113 section 8.1.1)
        keys = ("verdict",)
    wanted = dict(inspected, status=status_on_the_wire(exchange, inspected))
    if is_call(exchange):
        # What is refused has this status, too, and in detection the record of a message is made
        # before there is a response.
        wanted["status"] = 200
        record["status"] = told.status(b"POST")
    for key in keys:
        if record.get(key) != wanted.get(key):
            yield f"{key} {record.get(key)!r}, inspect has {wanted.get(key)!r}"
    if bool(told.arrived) != arrives(inspected):
        yield f"{len(told.arrived)} arrived"


def a_share_is_judged_in_http2_as_in_http1(mode):
    site = sites[HTTP2].get()
    known = {int(rule) for rule, _ in waf_lines.read_list("http2.txt")}
    runs, unsaid = runs_of(site, mode), collections.Counter()
    for run in runs:
        run.keep(lambda x: not x.cut and is_sayable(x, unsaid), TLS_EACH)
    tell_unsaid(unsaid)
    told = site.wire.run([x for run in runs for x in run.exchanges])
    good = [run.tell([(x.name, why) for x, i, t in zip(run.exchanges, run.inspected, part)
                      if (why := list(wrong_in_http2(known, x, i, t)))])
            for run, part in at(told, runs)]
    check(all(good) and good, f"{good.count(False)} of {len(good)} sets are not as they should be")


def attacks_in_calls_of_grpc_are_judged_by_crs(device, mode):
    site = sites[device].get()
    run = next((run for run in runs_of(site, mode) if run.name.startswith(f"{GRPC} ")), None)
    if not run:
        raise Skip("modsecurity-crs is not installed")
    told = site.wire.run(run.exchanges)
    good = run.tell([(x.name, why) for x, i, t in zip(run.exchanges, run.inspected, told)
                     if (why := list(wrong_in_http2(set(), x, i, t)))])
    refused = sum(i["verdict"] == "deny" for i in run.inspected)
    check(good, "calls are not judged as they should be")
    check(mode == "detect" or refused > 5, f"{refused} of {len(told)} are refused")


# ---- many on a connection ----


def can_share(exchange, inspected):
    """Whether others may follow on its connection."""
    first, _, fields = exchange.request.partition(b"\r\n")
    words = fields.partition(b"\r\n\r\n")[0].lower()
    return (inspected["verdict"] not in ("bad_request", "bad_response", "drop") and
            not exchange.cut and not inspected.get("trailing") and
            (exchange.arrives or b"\ntransfer-encoding:" not in b"\n" + words) and
            first.endswith(b"HTTP/1.1") and not first.startswith(b"CONNECT ") and
            b"\nconnection:" not in b"\n" + words and b"\nupgrade:" not in b"\n" + words)


def groups_of(run):
    """[[(exchange, inspected)]], those of a client together."""
    by_client = {}
    for x, i in zip(run.exchanges, run.inspected):
        if can_share(x, i):
            by_client.setdefault(x.client, []).append((x, i))
    for pairs in by_client.values():
        for start in range(0, len(pairs), GROUP):
            yield pairs[start:start + GROUP]


def wrong_in_group(pairs, told):
    """[(name, [what is wrong])]"""
    statuses = split_answers(told.answer, [x.request.partition(b" ")[0] for x, _ in pairs])
    arrived = [x.request for x, _ in pairs if x.arrives]
    for number, (x, inspected) in enumerate(pairs):
        if number >= len(told.records):
            yield x.name, [f"no record; {len(told.records)} of {len(pairs)} are there"]
            return
        wrong = list(differences(x, inspected, as_inspect(x.name, told.records[number])))
        if statuses[number:number + 1] != [status_on_the_wire(x, inspected)]:
            wrong.append(f"the client got {statuses[number:number + 1]} ({told.error})")
        if wrong:
            yield x.name, wrong
    if told.arrived != arrived or told.part:
        yield pairs[0][0].name, [f"of its group {len(told.arrived)} arrived, wanted {len(arrived)}"]


def pipelined_requests_are_judged_as_each_is_alone(device, mode):
    site = sites[device].get()
    groups = [(run, pairs) for run in runs_of(site, mode) for pairs in groups_of(run)]
    before = site.requests()
    told = site.wire.run_pipelined([[x for x, _ in pairs] for _, pairs in groups])
    check_spread(site, before)
    wrong = [(run, one) for (run, pairs), t in zip(groups, told)
             for one in wrong_in_group(pairs, t)]
    for run, (name, why) in wrong:
        suite.not_ok(f"test_waf_wire: {run.name}, pipelined: {name}", "; ".join(why))
    check(groups, "there are no cases")
    check(not wrong, f"{len(wrong)} of {sum(len(p) for _, p in groups)} exchanges are wrong")


# ---- the backend ----


def reflected(want, head="POST /reflect HTTP/1.1\r\nHost: a\r\n"):
    body = json.dumps(want).encode()
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


TEXT = b"HTTP/1.1 %d -\r\nContent-Type: text/plain; charset=utf-8\r\n"
NOTHING = TEXT % 200 + b"Content-Length: 0\r\n\r\n"
ASKED = [  # on one connection
    (b"GET /any?where HTTP/1.1\r\nHost: a\r\n\r\n", NOTHING),
    (b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n\xff: \x80\r\n\r\n", NOTHING),
    (reflected({"status": 418, "body": "tea", "headers": {"X-A": 1}}),
     TEXT % 418 + b"X-A: 1\r\nContent-Length: 3\r\n\r\ntea"),
    (reflected({"encodedBody": "AP8=", "headers": {"Content-Type": "a/b"}}),
     b"HTTP/1.1 200 -\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n\0\xff"),
    (b"POST /reflect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"7;x=y\r\n{\"body\"\r\n5\r\n:\"b\"}\r\n0\r\nA: b\r\n\r\n",
     TEXT % 200 + b"Content-Length: 1\r\n\r\nb"),
    (reflected({"body": "unseen"}, "HEAD /reflect HTTP/1.1\r\nHost: a\r\n"),
     TEXT % 200 + b"Content-Length: 6\r\n\r\n"),
    (reflected({"status": 204}), TEXT % 204 + b"\r\n"),
    (reflected([1]), NOTHING),
    (b"GET / HTTP/1.0\r\n\r\n", NOTHING[:-2] + b"Connection: close\r\n\r\n"),
]


def the_backend_answers_as_it_is_told(device):
    site = sites[device].get()
    told = site.wire.send([Exchange("", request) for request, _ in ASKED])
    check_equal(told.answer, b"".join(answer for _, answer in ASKED), "answers")
    check_equal(told.arrived, [request for request, _ in ASKED], "what it kept")
    told = site.wire.send([Exchange("", ASKED[2][0][:-1])])
    check_equal((told.answer, told.arrived, told.part), (b"", [], ASKED[2][0][:-1]), "a part")


# ---- CRS v4's own tests ----


def tests_for(site, run):
    """All of them, and of those that can go by TLS or HTTP/2 a share."""
    tests = {crs4.test_of(x.name): True for x in run.exchanges}
    unsaid = collections.Counter()
    for x in run.exchanges:
        if (site.tls and x.cut) or (site.http2 and not is_sayable(x, unsaid)):
            tests[crs4.test_of(x.name)] = False
    tell_unsaid(unsaid)
    return set([test for test, can in tests.items() if can][::TLS_EACH if site.tls else 1])


def crs_v4_regression_tests(device):
    site = sites[device].get()
    crs4.need_crs4()
    run = Run(site, next(one for one in site.sets if one.name == CRS_V4), "detect")
    sent = tests_for(site, run)
    run.keep(lambda x: crs4.test_of(x.name) in sent)
    told = site.wire.run(run.exchanges)
    good = site.http2 or judge_alone(run, told)
    crs4.judge(suite, f"test_waf_wire: CRS v4 ({device})",
               [as_inspect(x.name, t.records[0]) for x, t in zip(run.exchanges, told) if t.records],
               f"known-misses-{'http2' if site.http2 else 'wire'}.txt", sent)
    check(good, "what inspect says is not what the wire says")


for DEVICE in DEVICES:
    BOTH = [{"device": DEVICE, "mode": one_mode} for one_mode in MODES]
    suite.case(limit_s=300, each=[{"device": DEVICE}])(the_backend_answers_as_it_is_told)
    suite.case(limit_s=300, each=BOTH)(each_case_is_judged_on_the_wire_as_by_inspect)
    suite.case(each=BOTH)(pipelined_requests_are_judged_as_each_is_alone)
    suite.case(limit_s=300, each=[{"device": DEVICE}])(crs_v4_regression_tests)
suite.case(limit_s=300, soak_limit_s=1200, each=[{"mode": one_mode} for one_mode in MODES])(
    a_share_is_judged_by_tls_as_in_clear)
suite.case(limit_s=300, soak_limit_s=1200, each=[{"device": TLS}])(crs_v4_regression_tests)
suite.case(limit_s=300, soak_limit_s=1200, each=[{"mode": one_mode} for one_mode in MODES])(
    a_share_is_judged_in_http2_as_in_http1)
suite.case(limit_s=300, soak_limit_s=1200, each=[{"device": HTTP2}])(crs_v4_regression_tests)
suite.case(limit_s=300, each=[{"device": device, "mode": one_mode} for device in (HTTP2, H2C)
                              for one_mode in MODES])(attacks_in_calls_of_grpc_are_judged_by_crs)
BOTH = [{"device": TWO, "mode": one_mode} for one_mode in MODES]
suite.case(limit_s=400, each=BOTH)(each_case_is_judged_on_the_wire_as_by_inspect)
suite.case(limit_s=200, each=BOTH)(pipelined_requests_are_judged_as_each_is_alone)

if __name__ == "__main__":
    try:
        suite.main()
    finally:
        for made_site in sites.values():
            made_site.close()
