# SPDX-License-Identifier: BSD-3-Clause
"""Cases in YAML as lines for `weir inspect`, and what is wrong with the lines that come back.

A case is a map of
  name       a sentence
  raw        the request as it is sent; or else these, of which a Host, User-Agent and Accept and a
             Content-Length are made where there are none, and CRLF in multipart bodies:
  method     GET, or POST where there is a body
  uri        /
  headers    list of "Name: value"
  body       text, sent in UTF-8; with `type` for its Content-Type
  client     192.0.2.1
  time       seconds since 1970
  response   {status: 200, headers: [...], body: text}
and of what must come of it
  rules      ids that log, in order, all of them; a rule that matched more than once stands once
  expect     ids among them
  not        ids that must not be; `any`: no other than `expect`
  verdict, would, status, bad, partial, location
  scores     {inbound: 5}
  times      {id: how often it matched}
  msg, data, target    {id: text of the rule's first match}
"""
import base64
import json
import os
import re
import subprocess

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))

REQUEST_KEYS = {"raw", "method", "uri", "headers", "body", "type", "client", "time", "response"}
FIELDS = ("verdict", "would", "status", "bad", "partial", "location")
TEXTS = ("msg", "data", "target")
JUDGED = {"rules", "expect", "not", "scores", "times", *FIELDS, *TEXTS}
DEFAULTS = ["Host: www.example.net", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)", "Accept: */*"]


class InspectFailed(Exception):
    pass


def encode(text):
    return text.encode("utf-8", "surrogateescape")


def names_of(headers):
    return {line.partition(":")[0].lower() for line in headers}


def message(first, headers, body):
    return encode("\r\n".join([first] + headers + ["", ""])) + body


def request_of(case):
    if "raw" in case:
        return encode(case["raw"])
    headers = list(case.get("headers", []))
    headers = [d for d in DEFAULTS if not names_of([d]) & names_of(headers)] + headers
    body = case.get("body", "")
    if case.get("type"):
        headers.append(f"Content-Type: {case['type']}")
        if case["type"].startswith("multipart/"):
            body = re.sub(r"\r?\n", "\r\n", body)
    body = encode(body)
    if "body" in case and not {"content-length", "transfer-encoding"} & names_of(headers):
        headers.append(f"Content-Length: {len(body)}")
    method = case.get("method", "POST" if "body" in case else "GET")
    return message(f"{method} {case.get('uri', '/')} HTTP/1.1", headers, body)


def response_of(response):
    headers = list(response.get("headers", []))
    body = encode(response.get("body", ""))
    if "content-type" not in names_of(headers):
        headers.append("Content-Type: text/html")
    if "content-length" not in names_of(headers):
        headers.append(f"Content-Length: {len(body)}")
    return message(f"HTTP/1.1 {response.get('status', 200)} -", headers, body)


def line_of(name, request, client="192.0.2.1", response=None, time=None):
    line = {"id": name, "client": client, "request": base64.b64encode(request).decode()}
    if response is not None:
        line["response"] = base64.b64encode(response).decode()
    if time is not None:
        line["time"] = time
    return json.dumps(line)


def line_of_case(case):
    response = response_of(case["response"]) if "response" in case else None
    return line_of(case["name"], request_of(case), case.get("client", "192.0.2.1"), response,
                   case.get("time"))


def load(path):
    """(options, cases) of a file: a list of cases, or {options: [...], cases: [...]}."""
    with open(path, encoding="utf-8") as f:
        document = yaml.safe_load(f)
    if isinstance(document, list):
        document = {"cases": document}
    for case in document["cases"]:
        unknown = case.keys() - REQUEST_KEYS - JUDGED - {"name"}
        if unknown or not JUDGED & case.keys():
            raise InspectFailed(f"{path}: {case.get('name')}: unknown {unknown}, or nothing judged")
    return document.get("options", []), document["cases"]


def read_list(name):
    """[(first word, the rest)] of the lines of a file beside this one; `#` begins a comment."""
    found = []
    with open(f"{HERE}/{name}", encoding="utf-8") as f:
        for line in f:
            word, _, rest = line.strip().partition(" ")
            if not word or word.startswith("#"):
                continue
            if not rest.strip():
                raise InspectFailed(f"{name}: {word} has no reason")
            found.append((word, rest.strip()))
    return found


# ---- running ----


def run(command, lines):
    """The lines that come back, as objects."""
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise InspectFailed(f"{' '.join(command)[:300]} ended with {done.returncode}: "
                            f"{done.stderr.strip()[-600:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def inspect_command(weir, rules, options=()):
    words = [weir, "inspect"]
    for pattern in rules:
        words += ["--rules", pattern]
    return words + list(options)


# ---- judging ----


def once_each(ids):
    """In order, those that follow themselves left out."""
    return [rule for i, rule in enumerate(ids) if i == 0 or ids[i - 1] != rule]


def first_match(result, rule):
    return next((m for m in result.get("matches", []) if m["id"] == rule), {})


def judge_rules(case, result):
    fired = once_each(result.get("rules", []))
    if "rules" in case and fired != case["rules"]:
        yield f"rules {fired}, wanted {case['rules']}"
    expect = set(case.get("expect", []))
    if lost := expect - set(fired):
        yield f"no match of {sorted(lost)}, there are {fired}"
    unwanted = case.get("not", [])
    unwanted = set(fired) - expect if unwanted == "any" else set(unwanted) & set(fired)
    if unwanted:
        yield f"match of {sorted(unwanted)}"
    for rule, n in case.get("times", {}).items():
        if (got := result.get("rules", []).count(rule)) != n:
            yield f"rule {rule} matched {got} times, wanted {n}"


def judge(case, result):
    """What is wrong with it; empty: nothing."""
    wrong = list(judge_rules(case, result))
    for field in FIELDS:
        if field in case and result.get(field) != case[field]:
            wrong.append(f"{field} {result.get(field)!r}, wanted {case[field]!r}")
    for name, value in case.get("scores", {}).items():
        if result["scores"][name] != value:
            wrong.append(f"{name} score {result['scores'][name]}, wanted {value}")
    for text in TEXTS:
        for rule, value in case.get(text, {}).items():
            if (got := first_match(result, rule).get(text)) != value:
                wrong.append(f"{text} of {rule} {got!r}, wanted {value!r}")
    return wrong
