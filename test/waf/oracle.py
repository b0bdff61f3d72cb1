#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Debian's rules in weir and in libmodsecurity, over a made-up corpus.

    oracle.py [--paranoia N] [--count N] [--all] [--write FILE]

Tells each line on which the engines disagree without a reason in differences.txt (with --all,
each on which they disagree), the rules, and the request; --write keeps these lines for
`weir inspect` and modsecurity_oracle. test/waf/run.py counts them.
"""
import argparse
import base64
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "test", "system"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from cases import check  # noqa: E402

import corpus  # noqa: E402
import waf_lines  # noqa: E402

BUILD = os.environ.get("WEIR_BUILD", f"{ROOT}/build")
WEIR = f"{BUILD}/app/weir/weir"
ORACLE = f"{BUILD}/test/waf/modsecurity_oracle"
DEBIAN = [f"{HERE}/base.conf", "/etc/modsecurity/crs/crs-setup.conf",
          "/usr/share/modsecurity-crs/rules/*.conf"]
WITH_GRPC = [DEBIAN[0], f"{HERE}/grpc.conf", *DEBIAN[1:]]  # which ModSecurity knows nothing of
# Rules that only add up what others found.
SUMS = {949110, 949111, 959100, 959101, 980100, 980110, 980120, 980130, 980140, 980145, 980150}

# ---- what a request has in it ----

# Undone in any order, any number of times, as the transformations of a rule do.
ESCAPES = [
    (rb"%([0-9a-fA-F]{2})", 16),
    (rb"%[uU]00([0-9a-fA-F]{2})", 16),
    (rb"&#[xX]0*([0-9a-fA-F]{1,2});?", 16),
    (rb"&#0*([0-9]{1,3});?", 10),
    (rb"\\x([0-9a-fA-F]{2})", 16),
    (rb"\\u00([0-9a-fA-F]{2})", 16),
    (rb"\\([0-7]{1,3})", 8),
]
ESCAPES = [(re.compile(pattern), base) for pattern, base in ESCAPES]
LETTERS = re.compile(rb"\\([nr])")
VARIANTS_MAX = 500


def undone(value):
    """The value with each kind of escape undone by itself."""
    for pattern, base in ESCAPES:
        yield pattern.sub(lambda m, base=base: bytes([int(m[1], base) & 255]), value)
    yield LETTERS.sub(lambda m: b"\n" if m[1] == b"n" else b"\r", value)


def variants(value):
    """The value as it is, and with escapes undone."""
    found = {value: None}
    waiting = [value]
    while waiting and len(found) < VARIANTS_MAX:
        fresh = [v for v in undone(waiting.pop()) if v not in found]
        found.update(dict.fromkeys(fresh))
        waiting += fresh
    return list(found)


def values_of(request):
    """Target, header values, and the body; of a multipart one the names and contents of parts."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    values = [first.split(b" ")[1]] + [line.partition(b":")[2].strip(b" \t") for line in headers]
    boundary = re.search(rb"boundary=([^\r\n;]+)", head)
    if not boundary:
        return values + [body]
    for part in re.split(rb"(?:\r\n)?--" + re.escape(boundary[1]), body):
        names, _, content = part.partition(b"\r\n\r\n")
        values += re.findall(rb'="([^"]*)"', names) + [content]
    return values


# Conditions of differences.txt: what the request as it was sent must have in it, and what a value
# of it, escaped or not.
OF_REQUEST = {
    "any": rb"",
    "other-body": rb"Content-Type: (?!application/x-www-form-urlencoded)",
    "escaped-target": rb"^\S+ \S*%",
    "escaped-question-mark": rb"^\S+ [^ ?]*%3[fF]",
    "nul-in-head": rb"form-data;[^\r\n]*\0",
    "bare-line-end": rb"multipart/form-data.*[^\r]\n",
    "value-begins-with-line-end": rb"\r\n\r\n\r\n",
    "nameless-cookie": rb"\r\nCookie:(?:[^\r\n]*;)?[ \t]*=",
    "empty-name": rb'[; ]name=""',
    "empty-filename": rb'filename=""',
}
OF_VALUE = {
    "backslash": rb"\\",
    "nul": rb"\0",
    "line-end": rb"\n",
}


class Request:
    def __init__(self, raw):
        self.raw = raw
        self.variants = None  # made when a condition asks

    def has(self, condition):
        if condition in OF_REQUEST:
            return re.search(OF_REQUEST[condition], self.raw, re.S) is not None
        if self.variants is None:
            self.variants = [v for value in values_of(self.raw) for v in variants(value)]
        return any(re.search(OF_VALUE[condition], v) for v in self.variants)


# ---- comparing ----


def read_differences():
    """{(side, rule or *): [condition]}"""
    found = {}
    for word, rest in waf_lines.read_list("differences.txt"):
        side, _, rule = word.partition(":")
        condition, _, reason = rest.partition(" ")
        known = condition in OF_REQUEST or condition in OF_VALUE
        check(side in ("weir", "libmodsecurity") and known and reason,
              f"differences.txt: {word} {rest}")
        found.setdefault((side, rule), []).append(condition)
    return found


class Comparison:
    """Ids on which the engines disagree without a reason, each with the lines that show it."""

    def __init__(self, known):
        self.known = known
        self.unexplained = {}  # {(side, rule): [line]}
        self.same = self.explained = self.compared = 0

    def conditions(self, side, rule):
        return self.known.get((side, str(rule)), []) + self.known.get((side, "*"), [])

    def add(self, line, ours, theirs):
        line = json.loads(line)
        request = Request(base64.b64decode(line["request"]))
        weir, oracle = set(ours["rules"]), set(theirs["rules"])
        different = [("weir", rule) for rule in weir - oracle]
        different += [("libmodsecurity", rule) for rule in oracle - weir]
        # What the other engine does not tell at all is no difference.
        different = [key for key in different if "any" not in self.conditions(*key)]
        self.compared += 1
        self.same += not different
        # Sums follow from the rules that differ.
        if any(rule not in SUMS for _, rule in different):
            different = [(side, rule) for side, rule in different if rule not in SUMS]
        wrong = [key for key in different if not any(map(request.has, self.conditions(*key)))]
        self.explained += bool(different) and not wrong
        for key in wrong:
            self.unexplained.setdefault(key, []).append(line)


def rules_at(paranoia, folder):
    """Debian's rules at a level that each engine reads from the rules, and with nothing refused."""
    path = f"{folder}/paranoia.conf"
    with open(path, "w", encoding="utf-8") as f:
        f.write("SecRuleEngine DetectionOnly\n"
                f'SecAction "id:200900,phase:1,pass,nolog,setvar:tx.paranoia_level={paranoia},'
                f'setvar:tx.executing_paranoia_level={paranoia}"\n')
    return DEBIAN[:2] + [path] + DEBIAN[2:]


def compare(paranoia, count, known=None):
    """The Comparison of that many lines; `known` is what differences.txt has."""
    lines = list(corpus.lines(seed=20 + paranoia, count=count))
    with tempfile.TemporaryDirectory(prefix="weir-oracle-") as folder:
        rules = rules_at(paranoia, folder)
        ours = waf_lines.run(waf_lines.inspect_command(WEIR, rules), lines)
        theirs = waf_lines.run([ORACLE, *rules], lines)
    comparison = Comparison(read_differences() if known is None else known)
    for line, mine, their in zip(lines, ours, theirs):
        if mine["verdict"] != "bad_request":
            comparison.add(line, mine, their)
    return comparison


def tell(unexplained, out):
    lines = {}
    for (side, rule), differing in unexplained.items():
        for line in differing:
            lines.setdefault(line["id"], (line, []))[1].append(f"{rule} in {side} only")
    for line, differences in lines.values():
        print(f"{line['id']}: {', '.join(sorted(differences))}")
        print(f"    {base64.b64decode(line['request'])!r}")
        if out:
            out.write(json.dumps(line) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--paranoia", type=int, default=1, choices=range(1, 5))
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--all", action="store_true", help="what differences.txt explains, too")
    parser.add_argument("--write", type=argparse.FileType("w"), metavar="FILE")
    args = parser.parse_args()
    found = compare(args.paranoia, args.count, {} if args.all else None)
    tell(found.unexplained, args.write)
    print(f"# of {found.compared} lines the same rules match in {found.same}, in "
          f"{found.explained} what differs is explained")
    sys.exit(bool(found.unexplained))


if __name__ == "__main__":
    main()
