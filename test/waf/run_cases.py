#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the cases of weir's own rules through `weir inspect`: run_cases.py [options] [FILE...]

  --weir PROGRAM   what is run as `PROGRAM inspect --rules FILE...`; build/app/weir/weir
  --rules FILE     once or more often; without it setup.conf and all other rules of rules/waf
  --requests       prints the JSON lines that would be its input, and ends
  --results FILE   judges output that is there already

FILE are YAML lists, rules/waf/cases/*.yaml without any. A case is a map of
  name      what is in the request, as a sentence
  raw       the request as it is sent; or else these, of which a Host and a Content-Length are made
            where there are none, and line ends of multipart bodies:
  method    GET, or POST where there is a body
  uri       /
  headers   list of "Name: value"
  body      text, sent in UTF-8
  expect    ids of rules that must match, among others
  not       ids of rules that must not; `any`: none of weir's own but those that only set up
  status    what the client is answered; without it 403 where `expect` has a rule that blocks
  refused   true: nothing is wrong either when HTTP itself is refused (400)
A line is told for each: ok, not ok.
"""
import argparse
import base64
import glob
import json
import os
import re
import subprocess
import sys

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WAF = os.path.join(ROOT, "rules", "waf")
KEYS = {"name", "raw", "method", "uri", "headers", "body", "expect", "not", "status", "refused"}
# weir's range, without what setup.conf has for itself.
FIRST, LAST = 9_900_010, 9_900_999


def encode(text):
    return text.encode("utf-8", "surrogateescape")


def body_of(case, fields):
    body = case.get("body", "")
    if fields.get("content-type", "").lower().startswith("multipart/"):
        body = re.sub(r"\r?\n", "\r\n", body)
    return encode(body)


def request_of(case):
    """The bytes of the request."""
    if "raw" in case:
        return encode(case["raw"])
    headers = case.get("headers", [])
    fields = {name.lower(): value.strip() for name, _, value in (h.partition(":") for h in headers)}
    body = body_of(case, fields)
    if "host" not in fields:
        headers = ["Host: shop.example"] + headers
    if "body" in case and not {"content-length", "transfer-encoding"} & fields.keys():
        headers = headers + [f"Content-Length: {len(body)}"]
    method = case.get("method", "POST" if "body" in case else "GET")
    lines = [f"{method} {case.get('uri', '/')} HTTP/1.1"] + headers + ["", ""]
    return encode("\r\n".join(lines)) + body


def load(files):
    """(id, case) in order; an id is the file's name and the case's."""
    for path in files:
        with open(path, encoding="utf-8") as f:
            cases = yaml.safe_load(f)
        for case in cases:
            if unknown := case.keys() - KEYS:
                sys.exit(f"{path}: {case.get('name')}: no key is called {', '.join(unknown)}")
            if not {"expect", "not"} & case.keys():
                sys.exit(f"{path}: {case['name']}: nothing is expected")
            yield f"{os.path.basename(path)[:-5]}: {case['name']}", case


def blocking_ids(files):
    """Ids of the rules that do not say `pass`, out of the text of the rules."""
    found = set()
    for path in files:
        with open(path, encoding="utf-8") as f:
            text = f.read().replace("\\\n", "")
        found |= {int(rule) for rule, how in re.findall(r'"id:(\d+),\s*phase:\d,\s*(\w+)', text)
                  if how != "pass"}
    return found


def misses(case, result, blocking):
    """Reasons why this case fails; none when it passes."""
    if case.get("refused") and result.get("status") == 400:
        return []
    fired = {int(rule) for rule in result.get("rules", [])}
    expect, unwanted = set(case.get("expect", [])), case.get("not", [])
    if unwanted == "any":
        unwanted = [rule for rule in fired if FIRST <= rule <= LAST and rule not in expect]
    status = case.get("status", 403 if expect & blocking else None)
    why = []
    if lost := expect - fired:
        why.append(f"no match of {sorted(lost)}")
    if extra := fired & set(unwanted):
        why.append(f"match of {sorted(extra)}")
    if status and result.get("status", 200) != status:
        why.append(f"status {result.get('status')} and not {status}")
    return why


def inspect(weir, rules, lines):
    command = [weir, "inspect"] + [word for path in rules for word in ("--rules", path)]
    done = subprocess.run(command, input="".join(lines), stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        sys.exit(f"run_cases.py: {weir} inspect ended with {done.returncode}")
    return done.stdout


def main():
    words = argparse.ArgumentParser(description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--weir", default=os.path.join(ROOT, "build", "app", "weir", "weir"))
    words.add_argument("--rules", action="append")
    words.add_argument("--requests", action="store_true")
    words.add_argument("--results")
    words.add_argument("files", nargs="*")
    args = words.parse_args()

    setup = os.path.join(WAF, "setup.conf")
    rules = args.rules or [setup] + sorted(set(glob.glob(f"{WAF}/*.conf")) - {setup})
    cases = list(load(args.files or sorted(glob.glob(f"{WAF}/cases/*.yaml"))))
    lines = [json.dumps({"id": name, "client": "192.0.2.1",
                         "request": base64.b64encode(request_of(case)).decode()}) + "\n"
             for name, case in cases]
    if args.requests:
        sys.stdout.writelines(lines)
        return
    if args.results:
        with open(args.results, encoding="utf-8") as f:
            output = f.read()
    else:
        output = inspect(args.weir, rules, lines)
    results = {r["id"]: r for r in map(json.loads, filter(str.strip, output.split("\n")))}
    blocking, failed = blocking_ids(rules), 0
    for name, case in cases:
        why = misses(case, results[name], blocking) if name in results else ["no result"]
        failed += bool(why)
        print(f"not ok - waf: {name}: {'; '.join(why)}" if why else f"ok - waf: {name}")
    print(f"# {len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
