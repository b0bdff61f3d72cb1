#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tells each result of `meson test` in a line of its own, as test/system does it.

    test/meson_results.py BUILD/meson-logs/testlog.json LABEL

Check programs that were run with CK_TAP_LOG_FILE_NAME=- are told test by test.
"""
import json
import re
import sys

GOOD = {"OK", "EXPECTEDFAIL"}


def tail(test):
    text = (test.get("stderr") or "") + (test.get("stdout") or "")
    kept = [line for line in text.splitlines() if line.strip() and not line.startswith("ok ")]
    return " | ".join(kept[-12:])[-1500:]


def tap_results(text):
    """(ok or not ok, test, message) of each TAP line, what follows it being more of its message."""
    results = []
    for line in text.splitlines():
        found = re.match(r"(ok|not ok) \d+ - ([^:]*):([^:]*):(\w+): ?(.*)", line)
        if found:
            results.append([found.group(1), found.group(4).replace("_", " "), found.group(5)])
        elif results and results[-1][0] == "not ok":
            results[-1][2] += " " + line
    return results


def tell(label, test):
    """Gives whether all was well."""
    name = f"{label}: {test['name'].split(' / ')[-1].split(':')[-1]}"
    tap = tap_results(test.get("stdout") or "")
    for result, sentence, message in tap:
        more = "" if result == "ok" else f": {message.strip()[:500]}"
        print(f"{result} - {name}: {sentence}{more}")
    if test["result"] == "SKIP":
        print(f"skip - {name}: {tail(test) or 'it says that it cannot run here'}")
    elif test["result"] not in GOOD and not any(result == "not ok" for result, _, _ in tap):
        print(f"not ok - {name}: {test['result']} after {test['duration']:.0f} s: {tail(test)}")
    elif not tap:
        print(f"ok - {name}")
    return test["result"] in GOOD or test["result"] == "SKIP"


def main():
    try:
        with open(sys.argv[1], encoding="utf-8") as f:
            tests = [json.loads(line) for line in f if line.strip()]
    except FileNotFoundError:
        print(f"not ok - {sys.argv[2]}: meson ran no test")
        sys.exit(1)
    results = [tell(sys.argv[2], test) for test in tests]
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
