# SPDX-License-Identifier: BSD-3-Clause
"""`weir inspect` itself: its inputs, its outputs, and what is wrong with either."""
import base64
import json
import os
import struct
import subprocess
import tempfile

from cases import check, check_equal

RULES = ('SecRule ARGS:a "@streq bad" "id:1,phase:2,log,deny,status:418,msg:\'An odd one\','
         'logdata:\'%{MATCHED_VAR}\'"\n')
GOOD = b"GET /?a=good HTTP/1.1\r\nHost: a\r\n\r\n"
BAD = b"GET /?a=bad HTTP/1.1\r\nHost: a\r\n\r\n"


class Tool:
    def __init__(self, weir, folder):
        self.weir = weir
        self.rules = f"{folder}/rules.conf"
        self.folder = folder
        self.write("rules.conf", RULES.encode())

    def write(self, name, data):
        with open(f"{self.folder}/{name}", "wb") as f:
            f.write(data)
        return f"{self.folder}/{name}"

    def run(self, *words, data=b""):
        """(exit code, standard output, standard error)"""
        done = subprocess.run([self.weir, "inspect", *words], input=data, capture_output=True,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def lines(self, *words, data=b""):
        code, out, _ = self.run("--rules", self.rules, *words, data=data)
        return code, [json.loads(line) for line in out.decode("utf-8").splitlines()]


def line(request, **more):
    return json.dumps({"request": base64.b64encode(request).decode(), **more}).encode() + b"\n"


def a_bad_line_is_told_and_the_others_are_done(tool):
    data = line(BAD, id="x\0\"") + b"nonsense\n\n" + line(b"", id=[1]) + line(GOOD, id=7)
    code, out = tool.lines(data=data)
    check_equal(code, 1, "exit code")
    check_equal([r["id"] for r in out], ["x\0\"", None, None, 7], "ids")
    check_equal([r.get("line") for r in out], [None, 2, 4, None], "numbers of bad lines")
    check_equal([r.get("verdict") for r in out], ["deny", None, None, "pass"], "verdicts")
    check_equal(out[0]["status"], 418, "status")
    check_equal(out[0]["matches"][0]["data"], "bad", "data")


def odd_bytes_leave_the_json_valid(tool):
    request = b"GET /?a=bad%00%ff\" HTTP/1.1\r\nHost: a\r\nX: \xff\xfe\"\\\r\n\r\n"
    code, out = tool.lines("--explain", data=line(request, id=1))
    check_equal((code, len(out)), (0, 1), "exit code and lines")


def a_line_is_answered_before_the_next_comes(tool):
    with subprocess.Popen([tool.weir, "inspect", "--rules", tool.rules], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as running:
        for request, verdict in ((BAD, "deny"), (GOOD, "pass")):
            running.stdin.write(line(request))
            running.stdin.flush()
            check_equal(json.loads(running.stdout.readline())["verdict"], verdict, "verdict")
        running.stdin.close()
        check_equal(running.wait(10), 0, "exit code")


def records_are_read_and_have_their_numbers(tool):
    records = b"".join(struct.pack("<IB3x", len(r), 0) + r for r in (GOOD, BAD))
    path = tool.write("requests.bin", b"REQS0001" + struct.pack("<I", 2) + records)
    code, out = tool.lines(path)
    check_equal((code, [(r["id"], r["verdict"]) for r in out]), (0, [(0, "pass"), (1, "deny")]),
                "records")
    code, out = tool.lines(data=b"REQS0001" + struct.pack("<I", 2) + records[:-1])
    check_equal((code, out[0]["verdict"], "error" in out[1]), (1, "pass", True), "a cut file")


def mistakes_in_rules_have_their_place(tool):
    path = tool.write("wrong.conf", b'SecRule ARGS "@rx a" "id:1,phase:2,pass"\nSecNonsense On\n')
    code, out, why = tool.run("--rules", path)
    check_equal((code, out), (1, b""), "exit code and output")
    check(f"{path}:2:1: error: ".encode() in why, f"standard error: {why}")
    code, _, why = tool.run("--rules", f"{tool.folder}/none*.conf")
    check(code == 1 and b"error" in why, f"a pattern that names nothing: {code}, {why}")


def people_are_told_why(tool):
    path = tool.write("request.http", BAD)
    code, out, _ = tool.run("--rules", tool.rules, "--explain", "--request", path)
    for text in (b"deny, status 418, by rule 1 in phase 2", b"An odd one", b"ARGS:a", b"matched"):
        check(code == 0 and text in out, f"{text} is not in {out}")
    code, out, _ = tool.run("--rules", tool.rules, "--request", "-", data=GOOD)
    check(code == 0 and out.startswith(b"pass, status 200"), f"{out}")


def a_mode_of_detection_tells_what_it_would_do(tool):
    _, out = tool.lines("--mode", "detect", data=line(BAD))
    check_equal((out[0]["verdict"], out[0]["would"], out[0]["status"]), ("pass", "deny", 200),
                "verdict")


def wrong_usage_is_told(tool):
    for words in (["--paranoia", "5"], ["--mode", "x"], ["--body-limit", "1x"], ["--odd"],
                  ["a", "b"]):
        code, out, why = tool.run(*words)
        check(code == 2 and not out and b"usage: weir inspect" in why, f"{words}: {code}")


CASES = [
    a_bad_line_is_told_and_the_others_are_done,
    odd_bytes_leave_the_json_valid,
    a_line_is_answered_before_the_next_comes,
    records_are_read_and_have_their_numbers,
    mistakes_in_rules_have_their_place,
    people_are_told_why,
    a_mode_of_detection_tells_what_it_would_do,
    wrong_usage_is_told,
]


def run(case, weir):
    check(os.path.exists(weir), f"no {weir}")
    with tempfile.TemporaryDirectory(prefix="weir-inspect-") as folder:
        case(Tool(weir, folder))
