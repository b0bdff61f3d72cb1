#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the cases of this folder: test/verify/run.py [PATTERN]. After suricata-verify's idea.

A case is a folder with
  gen.py         packets(): yields (seconds, side, frame), side being `client` or `server`;
                 or client.pcap and server.pcap instead, what came in by each port. And for what
                 the keys below cannot say, judge(records, output): yields (name, function that
                 raises when it is not so), each a line of its own
  policy.yaml    the policy documents; weir.yaml beside it when the one below does not do, where
                 ROOT stands for the checkout
  expected.json  records    partial records that must be among the decisions
                 absent     partial records that must not be
                 count      [{match, count}] how many records are like match
                 forwarded  {port: frames that left by it}
                 drops      {reason: packets}, all of them
                 counters   {name: value}, those that are named
                 output     [{port, layers, count}] frames that left and show these scapy fields
                 options    more arguments for `weir replay`

Lines are told as test/system does it: ok, not ok, skip.
"""
import importlib.util
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from cases import Skip, Suite, check, check_equal  # noqa: E402
from lab import ROOT, WEIR, matches, need_weir, read_file, sh  # noqa: E402

try:
    from scapy.all import IP, Ether, IPv6, IPv6ExtHdrFragment, raw, rdpcap
    from scapy.utils import RawPcapWriter
except ImportError:
    Ether = None

START = 1_600_000_000
KEYS = {"records", "absent", "count", "forwarded", "drops", "counters", "output", "options",
        "comment"}
CONF = """
ports:
  - { name: client, device: "vdev:net_null0" }
  - { name: server, device: "vdev:net_null1" }
wires: [ { name: w0, ports: [ client, server ] } ]
policy: [ policy.yaml ]
"""

suite = Suite()


def load(folder):
    spec = importlib.util.spec_from_file_location("gen", os.path.join(folder, "gen.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_captures(folder, to):
    """Gives the arguments that name the captures."""
    if not os.path.exists(os.path.join(folder, "gen.py")):
        return [f"--in={folder}/{side}.pcap:{side}" for side in ("client", "server")
                if os.path.exists(f"{folder}/{side}.pcap")]
    writers = {}
    for seconds, side, frame in load(folder).packets():
        if side not in writers:
            writers[side] = RawPcapWriter(f"{to}/{side}.in.pcap", linktype=1)
            writers[side].write_header(None)
        usec = round(seconds * 1e6)
        writers[side].write_packet(raw(frame), sec=START + usec // 1_000_000,
                                   usec=usec % 1_000_000)
    for writer in writers.values():
        writer.close()
    return [f"--in={to}/{side}.in.pcap:{side}" for side in sorted(writers)]


def write_conf(folder, to):
    conf = read_file(f"{folder}/weir.yaml").replace("ROOT", ROOT) or CONF
    for name, text in (("weir.yaml", conf), ("policy.yaml", read_file(f"{folder}/policy.yaml"))):
        with open(f"{to}/{name}", "w", encoding="utf-8") as f:
            f.write(text)


def replay(folder, to, options):
    """(decision records, statistics, {port: frames}) of a run."""
    write_conf(folder, to)
    sh(WEIR, "replay", "-c", f"{to}/weir.yaml", *write_captures(folder, to), "--out-dir", to,
       "--decisions", f"{to}/decisions.json", "--stats", f"{to}/stats.json", *options)
    records = [json.loads(line) for line in read_file(f"{to}/decisions.json").splitlines()]
    output = {name[:-5]: list(rdpcap(f"{to}/{name}")) for name in os.listdir(to)
              if name.endswith(".pcap") and not name.endswith(".in.pcap")}
    return records, json.loads(read_file(f"{to}/stats.json")), output


# ---- judging ----


def shows(frame, layers):
    """Whether a frame has these fields, {"TCP.flags": "RA"}; null: that the layer is not there."""
    for name, value in layers.items():
        layer, _, field = name.partition(".")
        if layer not in frame:
            if value is not None:
                return False
            continue
        if value is None or (field and str(getattr(frame[layer], field)) != str(value)):
            return False
    return True


def judge_records(expected, records):
    for partial in expected.get("records", []):
        check(any(matches(r, partial) for r in records),
              f"no record has {partial}; there are: {records}")
    for partial in expected.get("absent", []):
        found = [r for r in records if matches(r, partial)]
        check(not found, f"a record has {partial}: {found[:1]}")
    for row in expected.get("count", []):
        check_equal(sum(matches(r, row["match"]) for r in records), row["count"],
                    f"records with {row['match']}")


def judge_numbers(expected, stats):
    for port, frames in expected.get("forwarded", {}).items():
        check_equal(stats["sent"][port], frames, f"frames that left by {port}")
    if "drops" in expected:
        check_equal(stats["drops"], expected["drops"], "drops")
    for name, value in expected.get("counters", {}).items():
        check_equal(stats["counters"][name], value, f"counter {name}")


def judge_output(expected, output):
    for row in expected.get("output", []):
        frames = [f for f in output[row["port"]] if shows(f, row["layers"])]
        check_equal(len(frames), row["count"],
                    f"frames by {row['port']} with {row['layers']}; there are: "
                    f"{[f.summary() for f in output[row['port']]][:20]}")
        for frame in frames:
            # Of an IPv6 fragment scapy would make the transport's length and checksum anew.
            if not frame.haslayer("IPv6ExtHdrFragment"):
                check_equal(rebuilt(frame), raw(frame),
                            "bytes with checksums and lengths made anew")


def rebuilt(frame):
    """The frame with every checksum and length computed by scapy: as it should be."""
    again = frame.copy()
    piece = IPv6ExtHdrFragment in again or (IP in again and (again[IP].flags.MF or again[IP].frag))
    for layer in again.layers():
        # A fragment has a checksum of its own only in the IPv4 header, a quoted packet none.
        if "error" in layer.__name__ or (piece and layer not in (IP, IPv6)):
            continue
        for field in ("chksum", "cksum", "len", "plen"):
            if field in again[layer].fields:
                delattr(again[layer], field)
    return raw(Ether(raw(again)))


def run_case(folder):
    if Ether is None:
        raise Skip("scapy is not installed")
    need_weir()
    with open(f"{folder}/expected.json", encoding="utf-8") as f:
        expected = json.load(f)
    check(set(expected) <= KEYS, f"unknown keys in expected.json: {set(expected) - KEYS}")
    with tempfile.TemporaryDirectory(prefix="weir-verify-") as to:
        records, stats, output = replay(folder, to, expected.get("options", []))
        judge_records(expected, records)
        judge_numbers(expected, stats)
        judge_output(expected, output)
        judge_itself(folder, records, output)


def judge_itself(folder, records, output):
    judge = getattr(load(folder), "judge", None) if os.path.exists(f"{folder}/gen.py") else None
    for name, judgement in judge(records, output) if judge else ():
        name = f"verify: {os.path.basename(folder)}: {name}"
        try:
            judgement()
            suite.ok(name)
        except AssertionError as why:
            suite.not_ok(name, why)


def main():
    for name in sorted(os.listdir(HERE)):
        folder = os.path.join(HERE, name)
        if os.path.exists(f"{folder}/expected.json"):
            suite.case(limit_s=60)(lambda folder=folder: run_case(folder))
            suite.cases[-1].name = f"verify: {name}"
    suite.main()


if __name__ == "__main__":
    main()
