# SPDX-License-Identifier: BSD-3-Clause
"""The operator's side: every weirctl command with and without --json, trace, metrics, and a control
socket that takes nonsense calmly."""
import json
import os
import re
import signal
import socket
import threading

from cases import Suite, check, check_equal
from lab import WEIR, Lab, sh, wait_for
from test_policy import POLICY, connect, listener

suite = Suite()


def some_traffic(lab):
    for port in (80, 22, 80):
        connect(lab.client, lab.server.v4, port)
    connect(lab.client, lab.server.v6, 80)
    lab.client.run("ping", "-c", "1", "-W", "1", lab.server.v4, check=False)


COMMANDS = [("status",), ("flows",), ("flows", "--limit", "5"), ("drops",), ("drops", "--all"),
            ("stats",), ("pools",), ("pools", "--all"), ("ports",), ("events",),
            ("events", "-n", "3"), ("config",), ("version",),
            ("reload",), ("metrics",),
            ("explain", "--from", "10.77.0.1", "--to", "10.77.0.2", "--port", "80"),
            ("explain", "--from", "fd77::1", "--to", "fd77::2", "--proto", "udp", "--port", "53"),
            ("trace", "--count", "1", "--seconds", "1")]


@suite.case(each=[{"words": " ".join(words)} for words in COMMANDS])
def weirctl_answers_with_and_without_json(words):
    with one_gateway() as (lab, weir):
        some_traffic(lab)
        plain = weir.weirctl(*words.split())
        check(plain.stdout.strip(), "it prints nothing")
        done = weir.weirctl(*words.split(), "--json")
        for line in done.stdout.splitlines() if words.startswith("trace") else [done.stdout]:
            value = json.loads(line)
            check(isinstance(value, dict), f"not a JSON object: {line[:100]}")


class Gateway:
    """One running weir for all the cases that only look at it."""

    def __init__(self):
        self.held = None

    def __call__(self):
        return self

    def __enter__(self):
        if not self.held:
            lab = Lab("af_packet").__enter__()
            try:
                weir = lab.weir(POLICY).__enter__()
                self.web = listener(lab.server, 80)
            except BaseException:
                lab.close()
                raise
            self.held = lab, weir
        return self.held

    def __exit__(self, *_):
        pass

    def close(self):
        if self.held:
            self.web.close()
            self.held[0].close()
            self.held = None


one_gateway = Gateway()


@suite.case()
def status_tells_generation_workers_ports_and_wires():
    with one_gateway() as (lab, weir):
        status = weir.ctl("status")
        check_equal(status["pid"], weir.process.pid, "pid")
        check_equal(len(status["workers"]), 1, "workers")
        check_equal([port["name"] for port in status["ports"]], ["client", "server"], "ports")
        check_equal([port["link"] for port in status["ports"]], ["up", "up"], "links")
        check_equal(status["wires"][0]["ports"], ["client", "server"], "wire")
        check(status["generation"]["policy"]["rules"] >= 6, "rules of the policy")


@suite.case()
def flows_shows_a_live_connection_and_filters_it():
    with one_gateway() as (lab, weir):
        client = lab.client.socket()
        client.connect((lab.server.v4, 80))
        port = client.getsockname()[1]
        # connect() returns when the last ACK has been sent, not when weir has seen it.
        mine = wait_for(lambda: [f for f in weir.ctl("flows", port=port)["flows"]
                                 if f["state"] != "syn_received"], 30, "the handshake's end")
        check_equal(len(mine), 1, "flows with that port")
        check_equal((mine[0]["src_ip"], mine[0]["dest_ip"], mine[0]["dest_port"],
                     mine[0]["proto"], mine[0]["state"], mine[0]["verdict"]),
                    (lab.client.v4, lab.server.v4, 80, "TCP", "established", "allow"), "the flow")
        flow_id = mine[0]["flow_id"]
        check_equal(len(weir.ctl("flows", flow_id=flow_id)["flows"]), 1, "flows with that id")
        check_equal(len(weir.ctl("flows", port=port, proto="udp")["flows"]), 0, "UDP flows")
        check_equal(len(weir.ctl("flows", port=port, any="10.99.0.0/16")["flows"]), 0,
                    "flows of another network")
        check_equal(len(weir.ctl("flows", port=port, src="10.77.0.1/32")["flows"]), 1,
                    "flows of this source")
        client.close()


@suite.case()
def trace_shows_the_packets_of_one_flow_in_order():
    with one_gateway() as (lab, weir):
        lines = []
        client = lab.client.socket()
        client.bind(("", 7777))
        with client, socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(weir.socket_path)
            s.sendall(json.dumps({"cmd": "trace", "any": lab.client.v4, "port": 7777, "count": 3,
                                  "seconds": 60}).encode() + b"\n")
            stream = s.makefile("rb")
            check(json.loads(stream.readline())["ok"], "trace was refused")
            client.connect((lab.server.v4, 80))
            for line in stream:
                lines.append(json.loads(line))
                if lines[-1].get("done"):
                    break
        packets = [line for line in lines if line.get("event_type") == "trace"]
        check_equal(len(packets), 3, "packets told")
        check_equal([(p["trace"]["direction"], p["trace"]["tcp_flags"]) for p in packets],
                    [("to_server", "02"), ("to_client", "12"), ("to_server", "10")],
                    "direction and flags of the handshake")


@suite.case()
def metrics_are_prometheus_text_over_http():
    with one_gateway() as (lab, weir):
        some_traffic(lab)
        done = sh("curl", "-sS", "--max-time", 30, "-w", "\n%{http_code} %{content_type}",
                  "--unix-socket", weir.socket_path, "http://weir/metrics")
        *lines, tail = done.stdout.splitlines()
        check_equal(tail.split(";")[0], "200 text/plain", "status and type")
        sample = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? '
                            r"[-+0-9.eE]+|NaN")
        typed = set()
        for line in filter(None, lines):
            if line.startswith("# TYPE "):
                typed.add(line.split()[2])
            elif not line.startswith("#"):
                check(sample.fullmatch(line), f"not a sample: {line}")
        for needle in ("rx_packets", "policy_deny", "flows"):
            check(any(needle in line for line in lines), f"no {needle} in the metrics")
        check(len(typed) > 5, "families have no types")
        missing = sh("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket",
                     weir.socket_path, "http://weir/nothing")
        check_equal(missing.stdout, "404", "status of a path that there is not")


@suite.case()
def a_wrong_request_is_refused_with_a_suggestion():
    with one_gateway() as (_, weir):
        answer = weir.ctl("statsu")
        check(not answer["ok"] and "did you mean" in answer["error"], f"answer: {answer}")
        answer = weir.ctl("flows", prot="tcp")
        check(not answer["ok"] and "proto" in answer["error"], f"answer: {answer}")
        done = weir.weirctl("statsu", check=False)
        check(done.returncode != 0 and "did you mean" in done.stdout, f"weirctl: {done.stdout}")


@suite.case()
def nonsense_on_the_control_socket_disturbs_nobody():
    with one_gateway() as (lab, weir):
        for junk in (b"\n" * 1000, b"{" * 100_000 + b"\n", b"[[[[1]]]]\n", b'{"cmd": 5}\n',
                     b"\0\xff\xfe\n", b'{"cmd":"status","cmd":"stop"}\n', b"GET / HTTP/1.1\r\n",
                     b"x" * 200_000, b""):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(2)
                s.connect(weir.socket_path)
                try:
                    s.sendall(junk)
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(65536):
                        pass
                except OSError:
                    pass  # it may hang up in the middle
        idle = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        for s in idle:
            s.connect(weir.socket_path)
        check(weir.ctl("status")["ok"], "status with 40 idle clients")
        for s in idle:
            s.close()
        check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "a connection through weir")


@suite.case()
def many_clients_at_once_get_their_own_answers():
    with one_gateway() as (_, weir):
        wrong = []

        def ask():
            for _ in range(50):
                if not weir.ctl("stats")["ok"] or "drops" not in weir.ctl("drops"):
                    wrong.append(1)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(not wrong, f"{len(wrong)} wrong answers")


@suite.case()
def events_are_json_lines_with_eves_names():
    with one_gateway() as (lab, weir):
        connect(lab.client, lab.server.v4, 22)
        event = weir.wait_event(event_type="decision", dest_port=22)
        for key in ("timestamp", "flow_id", "in_iface", "src_ip", "src_port", "dest_ip",
                    "dest_port", "proto"):
            check(key in event, f"no {key} in {event}")
        check_equal(event["in_iface"], "client", "port it came in by")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}", event["timestamp"]),
              "form of the timestamp")
        newest = weir.ctl("events", n=1)["events"]
        check_equal(len(newest), 1, "newest events")


@suite.case()
def usr1_opens_the_event_file_anew():
    with one_gateway() as (lab, weir):
        os.rename(weir.events_path, weir.events_path + ".1")
        weir.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: os.path.exists(weir.events_path), 30, "a new file")

        # What is written while the files change places may still go to the old one.
        def told():
            connect(lab.client, lab.server.v4, 22)
            return weir.events(event_type="decision", dest_port=22)
        wait_for(told, 30, "a decision in the new file", step_s=0.2)


@suite.case()
def doctor_and_check_speak_about_this_configuration():
    with one_gateway() as (lab, weir):
        done = lab.gateway.run(WEIR, "doctor", "-c", weir.conf_path, check=False)
        check(done.returncode in (0, 1) and "port client" in done.stdout, f"doctor: {done.stdout}")
        done = lab.gateway.run(WEIR, "doctor", "-c", weir.conf_path, "--json", check=False)
        check(json.loads(done.stdout[done.stdout.index("{"):])["findings"], "no findings")
        check("good" in sh(WEIR, "check", "-c", weir.conf_path).stdout, "check")
        dump = sh(WEIR, "check", "-c", weir.conf_path, "--dump").stdout
        with open(f"{lab.dir}/dump.yaml", "w", encoding="utf-8") as f:
            f.write(dump)
        sh(WEIR, "check", "-c", f"{lab.dir}/dump.yaml")
        check_equal(sh(WEIR, "-t", "-c", weir.conf_path).returncode, 0, "weir -t")


@suite.case()
def a_mistyped_key_is_told_with_its_place_and_the_right_one():
    with one_gateway() as (lab, _):
        path = f"{lab.dir}/bad.yaml"
        with open(path, "w", encoding="utf-8") as f:
            f.write(lab.conf().replace("policy:", "polcy:"))
        done = sh(WEIR, "check", "-c", path, check=False)
        check_equal(done.returncode, 1, "exit code")
        check(re.search(r"bad\.yaml:\d+:\d+: error: .*polcy.*policy", done.stdout), done.stdout)


@suite.case()
def the_gateway_of_these_cases_ends_well():
    with one_gateway() as (_, weir):
        weir.stop()
        check_equal(weir.process.returncode, 0, "exit code")
    one_gateway.close()


if __name__ == "__main__":
    try:
        suite.main()
    finally:
        one_gateway.close()
