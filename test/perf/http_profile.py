#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Where the time of a request goes: `weir-bench http` by the rules under perf, and its samples by
kind of work. A sample belongs to the innermost function of its stack that is weir's own, so that
memcpy, Hyperscan and lib/base count for who calls them.

    test/perf/http_profile.py [BUILD-FOLDER [REQUESTS]]     (needs linux-perf)

Environment: PARANOIA=1 to 4; CACHE=DIR of compiled databases; FILES=1 also by source file."""
import bisect
import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
BENCH = os.path.join(BUILD, "app/weir-bench/weir-bench")
# In this order; the first that matches "module/file.c" counts.
KINDS = (
    ("transform", r"decode/transform|waf/waf_value"),
    ("decode", r"decode/|waf/waf_body"),
    ("prefilter", r"waf/waf_(screen|factor|bits|need)"),
    ("confirm", r"waf/waf_(op|regex)|libinjection"),
    ("interpreter", r"waf/"),
    ("record", r"event/|path/path_event"),
    ("HTTP", r"http/|path/path_http"),
    ("TCP, flows, packets", r"(tcp|reasm|flow|pkt|path|policy|timer|mem|stats)/"),
)


class Symbols:
    """Source files of the bench's functions by address: names of static ones are no one's own."""

    def __init__(self):
        folder = {}
        for name in glob.glob(f"{BUILD}/lib/libweir_*.a.p/*.o"):
            module, source = re.search(r"libweir_(\w+)\.a\.p/\1_(.*)\.o", name).groups()
            folder[source] = module
        self.starts, self.sources = [], []
        for start, source in sorted(self.read()):
            self.starts.append(start)
            self.sources.append(f"{folder[source]}/{source}" if source in folder else source)

    @staticmethod
    def read():
        """(address, file name). Local symbols stand behind their file's; a global one is where its
        neighbours are."""
        out = subprocess.run(["readelf", "-sW", BENCH], capture_output=True, text=True, check=True)
        source, of_section = "", []
        for line in out.stdout.splitlines():
            words = line.split()
            if len(words) < 8 or not words[0].endswith(":"):
                continue
            if words[3] == "FILE":
                source = words[7]
            elif words[3] == "FUNC" and words[6] != "UND":
                of_section.append((int(words[1], 16), source if words[4] == "LOCAL" else None,
                                   words[7]))
        of_global = Symbols.files_of_globals()
        return [(start, source or of_global.get(name, name)) for start, source, name in of_section]

    @staticmethod
    def files_of_globals():
        of = {}
        for name in glob.glob(f"{BUILD}/lib/libweir_*.a.p/*.o"):
            source = re.search(r"libweir_(\w+)\.a\.p/\1_(.*)\.o", name)[2]
            out = subprocess.run(["nm", "-g", "--defined-only", name], capture_output=True,
                                 text=True, check=True)
            of.update((line.split()[2], source) for line in out.stdout.splitlines())
        return of

    def source(self, address):
        return self.sources[bisect.bisect_right(self.starts, address) - 1]


def record(requests, data):
    command = [BENCH, "http", "--requests", requests, "--only", "rules", "--rounds", "60", "--json"]
    for option, key in (("--paranoia", "PARANOIA"), ("--cache", "CACHE")):
        if key in os.environ:
            command += [option, os.environ[key]]
    perf = ["perf", "record", "-q", "-o", data, "-F", "1999", "--call-graph", "dwarf,8192", "--"]
    out = subprocess.run(perf + command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True, check=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def stacks(data):
    """(address, function, is it the bench's) of each frame of each sample, innermost first."""
    out = subprocess.run(["perf", "script", "-i", data, "--no-inline", "-F", "ip,sym,dso"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    for block in re.split(r"\n\s*\n", out.stdout):
        frames = re.findall(r"^\s*([0-9a-f]+) (\S+)(?: \[\w+\])? \((.*)\)$", block, re.M)
        if frames:
            yield [(int(ip, 16), name, dso == BENCH) for ip, name, dso in frames]


def source_of(stack, symbols):
    """Of a sample within the path: the file it counts for. None: it is the bench's own."""
    if not any(name == "weir_path_feed" for _, name, _ in stack):
        return None
    for address, name, own in stack:
        source = symbols.source(address) if own else ""
        if name.startswith("libinjection"):
            return "libinjection"
        if "/" in source and not source.startswith("base/"):
            return source
    return "unknown"


def kind_of(source):
    return next((kind for kind, pattern in KINDS if re.match(pattern, source)), "other")


def print_table(counts, cycles):
    total = sum(counts.values())
    for name, n in counts.most_common():
        print(f"  {name:28}{100 * n / total:6.1f} %{cycles * n / total:10.0f}")


def main():
    symbols = Symbols()
    with tempfile.TemporaryDirectory() as folder:
        requests = sys.argv[2] if len(sys.argv) > 2 else f"{folder}/requests.bin"
        if len(sys.argv) <= 2:
            subprocess.run([f"{HERE}/requests.py", requests], check=True)
        told = record(requests, f"{folder}/perf.data")["rules"]
        files = collections.Counter(source_of(stack, symbols)
                                    for stack in stacks(f"{folder}/perf.data"))
    del files[None]
    kinds = collections.Counter()
    for source, n in files.items():
        kinds[kind_of(source)] += n
    cycles = sum(told["cycles"].values())
    print(f"{sum(files.values())} samples; {cycles:.0f} cycles a request, "
          f"{told['us']['mix']:.1f} us\n  {'kind of work':28}{'':8}{'cycles':>10}")
    print_table(kinds, cycles)
    if os.environ.get("FILES"):
        print("by file")
        print_table(files, cycles)


if __name__ == "__main__":
    main()
