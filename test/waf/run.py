#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The WAF through `weir inspect`: test/waf/run.py [PATTERN]

  inspect_tool.py            `weir inspect` itself
  semantics/X.conf, X.yaml   what SecLang means: small rules, exact expectations
  cases/*.yaml               Debian's CRS 3.3.4 (after base.conf, grpc.conf)
  rules/waf/cases            weir's own rules, by run_cases.py
  CRS v4's regression tests  when WEIR_CRS4 names a folder with crs-setup.conf.example,
                             ftw-setup.conf, rules/, tests/ and crs_tests.py; misses that are known
                             stand in known-misses.txt
  prefilter                  on and off the same must come of each case and of a made-up corpus
  oracle                     libmodsecurity over that corpus; what may differ is in differences.txt,
                             and oracle.py tells the lines that differ

With WEIR_SOAK the corpus has 100,000 lines instead of 2,000. Lines are told as test/system does it.
"""
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "test", "system"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from cases import SOAK, Failure, Skip, Suite, check  # noqa: E402

import inspect_tool  # noqa: E402

try:
    import corpus
    import crs4
    import oracle
    import waf_lines
    from oracle import DEBIAN, WEIR, WITH_GRPC
except ImportError:
    waf_lines = None

CORPUS_LINES = 100_000 if SOAK else 2_000

suite = Suite()


# ---- what is needed ----


def need_weir():
    if waf_lines is None:
        raise Skip("python3-yaml is not installed")
    if not os.path.exists(WEIR):
        raise Skip(f"{WEIR} is not built")


def need_debian():
    need_weir()
    if not os.path.exists(DEBIAN[1]):
        raise Skip("modsecurity-crs is not installed")


# ---- cases in files ----


def judge_file(path, rules, kind):
    """Tells a line for each case of a file."""
    need_weir()
    options, cases = waf_lines.load(path)
    lines = [waf_lines.line_of_case(case) for case in cases]
    results = waf_lines.run(waf_lines.inspect_command(WEIR, rules, options), lines)
    check(len(results) == len(cases), f"{len(results)} lines came back of {len(cases)}")
    failed = 0
    for case, result in zip(cases, results):
        name = f"waf: {kind} {os.path.basename(path)[:-5]}: {case['name']}"
        wrong = waf_lines.judge(case, result)
        if wrong:
            failed += 1
            suite.not_ok(name, "; ".join(wrong))
        else:
            suite.ok(name)
    check(not failed, f"{failed} of {len(cases)} cases fail")


def semantics_files():
    return sorted(glob.glob(f"{HERE}/semantics/*.yaml"))


def conf_of(path):
    return path[:-5] + ".conf"


def inspect_itself(case):
    need_weir()
    inspect_tool.run(case, WEIR)


def run_semantics(path):
    judge_file(path, [conf_of(path)], "semantics")


def run_cases(path):
    need_debian()
    judge_file(path, WITH_GRPC, "CRS 3.3")


def own_rules():
    need_weir()
    script = f"{HERE}/run_cases.py"
    if not os.path.exists(script):
        raise Skip("there is no test/waf/run_cases.py")
    done = subprocess.run([sys.executable, script, "--weir", WEIR], capture_output=True, text=True,
                          check=False)
    for line in done.stdout.splitlines():
        print(line, flush=True)  # ok and not ok as they are
    check(done.returncode == 0, f"run_cases.py ended with {done.returncode}: {done.stderr[-300:]}")


# ---- CRS v4's own tests ----


def crs_v4():
    need_weir()
    crs4.need_crs4()
    results = waf_lines.run(
        waf_lines.inspect_command(WEIR, [*crs4.SETUP, crs4.RULES], ["--mode", "detect"]),
        crs4.lines())
    crs4.judge(suite, "waf: CRS v4", results, "known-misses.txt")


# ---- the prefilter ----


def without_time(result):
    return {key: value for key, value in result.items() if key != "us"}


def same_with_and_without_prefilter(rules, lines, options=()):
    fast = waf_lines.run(waf_lines.inspect_command(WEIR, rules, options), lines)
    slow = waf_lines.run(waf_lines.inspect_command(WEIR, rules, [*options, "--no-prefilter"]),
                         lines)
    check(len(fast) == len(slow) == len(lines), "lines are missing")
    different = [(a, b) for a, b in zip(fast, slow) if without_time(a) != without_time(b)]
    if different:
        a, b = different[0]
        raise Failure(f"{len(different)} of {len(lines)} differ, the first: {a['id']}: with "
                      f"{a.get('rules')} {a.get('verdict')}, without {b.get('rules')} "
                      f"{b.get('verdict')}")


# One time for all, so that nothing depends on the clock.
def timed(lines):
    return [json.dumps({**json.loads(line), "time": 1_600_000_000}) for line in lines]


def prefilter_of_cases():
    need_debian()
    for path in semantics_files():
        options, cases = waf_lines.load(path)
        same_with_and_without_prefilter(
            [conf_of(path)], timed(map(waf_lines.line_of_case, cases)), options)
    for path in sorted(glob.glob(f"{HERE}/cases/*.yaml")):
        options, cases = waf_lines.load(path)
        same_with_and_without_prefilter(WITH_GRPC, timed(map(waf_lines.line_of_case, cases)),
                                        options)


def prefilter_of_corpus(paranoia):
    need_debian()
    lines = timed(corpus.lines(seed=paranoia, count=CORPUS_LINES))
    same_with_and_without_prefilter(
        DEBIAN, lines, ["--mode", "detect", "--paranoia", str(paranoia)])


def prefilter_of_corpus_v4(paranoia):
    need_weir()
    crs4.need_crs4()
    lines = timed(corpus.lines(seed=10 + paranoia, count=CORPUS_LINES))
    rules = [f"{HERE}/base.conf", crs4.SETUP[0], crs4.RULES]
    same_with_and_without_prefilter(rules, lines, ["--mode", "detect", "--paranoia", str(paranoia)])


# ---- libmodsecurity ----


def oracle_of_corpus(paranoia):
    need_debian()
    if not os.path.exists(oracle.ORACLE):
        raise Skip("libmodsecurity-dev was not installed when meson looked")
    comparison = oracle.compare(paranoia, CORPUS_LINES)
    print(f"# paranoia {paranoia}: of {comparison.compared} lines the same rules match in "
          f"{comparison.same}, in {comparison.explained} what differs is explained")
    check(comparison.compared > CORPUS_LINES * 0.9, "HTTP refused too much of the corpus")
    for (side, rule), lines in sorted(comparison.unexplained.items()):
        suite.not_ok(f"waf: oracle at paranoia {paranoia}: {rule} matches in {side} only",
                     f"{len(lines)} lines, such as {[line['id'] for line in lines[:3]]}")
    check(not comparison.unexplained,
          f"{len(comparison.unexplained)} disagreements are not in differences.txt")


# ---- all of it ----


def named(name, function, limit_s=300, soak_limit_s=3600, **arguments):
    suite.case(limit_s=limit_s, soak_limit_s=soak_limit_s)(lambda: function(**arguments))
    suite.cases[-1].name = f"waf: {name}"


def main():
    for case in inspect_tool.CASES:
        named(f"inspect: {case.__name__.replace('_', ' ')}", inspect_itself, case=case)
    for path in semantics_files():
        named(f"semantics {os.path.basename(path)[:-5]}", run_semantics, path=path)
    for path in sorted(glob.glob(f"{HERE}/cases/*.yaml")):
        named(f"CRS 3.3 {os.path.basename(path)[:-5]}", run_cases, path=path)
    named("weir's own rules", own_rules)
    named("CRS v4 regression tests", crs_v4)
    named("the prefilter changes nothing of the cases", prefilter_of_cases)
    for level in (1, 4):
        named(f"the prefilter changes nothing of the corpus at paranoia {level}",
              prefilter_of_corpus, paranoia=level)
        named(f"the prefilter changes nothing with CRS v4 at paranoia {level}",
              prefilter_of_corpus_v4, paranoia=level)
        named(f"libmodsecurity matches the same rules at paranoia {level}", oracle_of_corpus,
              paranoia=level)
    suite.main()


if __name__ == "__main__":
    main()
