# SPDX-License-Identifier: BSD-3-Clause
"""CRS v4's regression tests, of the folder that WEIR_CRS4 names: crs-setup.conf.example,
ftw-setup.conf, rules/, tests/ and crs_tests.py, which makes the requests and judges what came of
them. The misses that are known stand in a list, each with its reason."""
import json
import os
import subprocess
import sys
import tempfile

from cases import Skip, check

import waf_lines

CRS4 = os.environ.get("WEIR_CRS4", "")
SETUP = [f"{CRS4}/crs-setup.conf.example", f"{CRS4}/ftw-setup.conf"]
RULES = f"{CRS4}/rules/*.conf"
WANTED_RATE = 99.8


def need_crs4():
    if not CRS4:
        raise Skip("WEIR_CRS4 names no folder")


def command(word, *more):
    return [sys.executable, f"{CRS4}/crs_tests.py", word, f"{CRS4}/tests", *more]


def lines():
    """One for `weir inspect` a stage of a test."""
    return subprocess.run(command("prepare"), capture_output=True, text=True,
                          check=True).stdout.splitlines()


def test_of(stage):
    return stage.rpartition(".")[0]


def misses(results, sent):
    """{test: what is wrong} of the tests that were sent."""
    with tempfile.NamedTemporaryFile("w", prefix="weir-crs4-", encoding="utf-8") as f:
        for result in results:
            f.write(json.dumps(result) + "\n")
        f.flush()
        told = subprocess.run(command("check", f.name, "--want", "0"), capture_output=True,
                              text=True, check=False).stdout.splitlines()
    check(told and " pass: " in told[-1], f"crs_tests.py says {told[-1:]}")
    return {test: why for test, _, why in (line.partition(" ") for line in told[:-1])
            if test in sent}


def judge(suite, kind, results, name, sent=None):
    """Tells a line for each test that fails and is not in the list `name`, and for each that is and
    passes. `sent` are the tests, all of whose stages were; none: all."""
    sent = sent or {test_of(json.loads(line)["id"]) for line in lines()}
    known = {test: why for test, why in waf_lines.read_list(name) if test in sent}
    missed = misses(results, sent)
    passed = len(sent) - len(missed)
    print(f"# {kind}: {passed} of {len(sent)} pass", flush=True)
    for test in sorted(missed.keys() - known.keys()):
        suite.not_ok(f"{kind} {test}", missed[test])
    for test in sorted(known.keys() - missed.keys()):
        suite.not_ok(f"{kind} {test}", f"passes, though it stands in {name}")
    check(missed.keys() == known.keys(), "the misses are not those that are known")
    check(100 * passed >= WANTED_RATE * len(sent), f"{passed} of {len(sent)} are not enough")
