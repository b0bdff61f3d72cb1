# SPDX-License-Identifier: BSD-3-Clause
"""Little memory, no hugepages, no rights: weir starts, or says clearly why not."""
import contextlib
import os
import re
import resource
import shutil
import tempfile

import test_odd_packets
from cases import Skip, Suite, check, check_equal
from lab import ALLOW_ALL, WEIR, Lab, need_weir, read_file, sh, wait_for
from test_policy import connect, listener

suite = Suite()
NOBODY = 65534


@suite.case()
def without_hugepages_it_works_and_says_how_to_get_them():
    with Lab("af_packet") as lab, lab.weir(memory=", hugepages: never"), \
            listener(lab.server, 80):
        check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "a connection")
    with Lab("af_packet") as lab, lab.weir(arguments=["--no-huge"]) as weir, \
            listener(lab.server, 80):
        check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "a connection")
        check(not weir.ctl("status")["hugepages"], "status says that there are hugepages")


@suite.case()
def hugepages_that_are_required_and_not_there_are_named_with_the_command():
    with Lab("af_packet") as lab:
        weir = lab.weir(start=False, connections=100_000_000, memory=", hugepages: require")
        with weir, contextlib.suppress(AssertionError):
            weir.start()
            check(False, "it started")
        check_equal(weir.process.returncode, 1, "exit code")
        check("nr_hugepages" in weir.log(), f"no command that mends it: {weir.log()[-400:]}")


# ---- 512 MiB ----


@contextlib.contextmanager
def memory_group(limit_bytes):
    """A control group with so much memory; version 1 or 2."""
    v1, v2 = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"
    base, name = (v1, "memory.limit_in_bytes") if os.path.isdir(v1) else (v2, "memory.max")
    path = os.path.join(base, f"weir-{os.getpid()}-limits")
    try:
        os.mkdir(path)
        with open(os.path.join(path, name), "w", encoding="ascii") as f:
            f.write(str(limit_bytes))
    except OSError as why:
        with contextlib.suppress(OSError):
            os.rmdir(path)
        raise Skip(f"no memory control group can be made: {why.strerror}") from None
    try:
        def join():
            with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as procs:
                procs.write(str(os.getpid()))

        yield join
    finally:
        wait_for(lambda: not read_file(f"{path}/cgroup.procs").strip(), 30, "the group's end")
        os.rmdir(path)


@suite.case(each=[{"connections": n} for n in (20_000, 100_000)])
def with_512_mib_it_starts_works_and_stops(connections):
    with memory_group(512 << 20) as join, Lab("af_packet") as lab:
        weir = lab.weir(start=False, connections=connections, arguments=["--no-huge"])
        with weir, listener(lab.server, 80):
            weir.start(preexec_fn=join)
            check_equal(connect(lab.client, lab.server.v4, 80)[0], 0, "a connection")
            weir.stop()
            check_equal(weir.process.returncode, 0, "exit code")


# `ip netns exec` hides the control groups behind a new /sys.
SEEING_GROUPS = ("sh", "-c", """
    if [ "$(stat -f -c %T /sys/fs/cgroup)" = sysfs ]; then
        if grep -q ':memory:' /proc/self/cgroup; then
            mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/memory &&
                mount -t cgroup -o memory none /sys/fs/cgroup/memory
        else
            mount -t cgroup2 none /sys/fs/cgroup
        fi
    fi && exec "$@" """, "sh")


def refuse(connections, preexec_fn, whose):
    with Lab("af_packet") as lab:
        weir = lab.weir(start=False, connections=connections, arguments=["--no-huge"])
        with weir, contextlib.suppress(AssertionError):
            weir.start(preexec_fn=preexec_fn, by=SEEING_GROUPS)
            check(False, "it started")
        check_equal(weir.process.returncode, 1, "exit code")
        check(re.search(rf"\d+ MiB of memory are needed \(memory.connections {connections}, .*\) "
                        rf"and \d+ MiB are there, {whose}", weir.log()),
              f"no reason: {weir.log()[-400:]}")


@suite.case()
def a_table_larger_than_the_address_space_is_refused_with_the_reason():
    def two_gib():
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    refuse(10_000_000, two_gib, "left of the 2048 MiB of address space that ulimit -v allows")


@suite.case()
def a_table_larger_than_the_control_group_is_refused_and_not_killed_later():
    with memory_group(512 << 20) as join:
        refuse(5_000_000, join, r"left of the 512 MiB of control group /")


@suite.case()
def a_table_larger_than_the_machine_is_refused():
    refuse(134_000_000, None, "available on this machine")


# ---- no rights ----


@contextlib.contextmanager
def folder_for_nobody():
    """A folder that nobody owns, with weir in it, since the tree may be closed to nobody."""
    need_weir()
    with tempfile.TemporaryDirectory(prefix="weir-nobody-") as folder:
        shutil.copy(WEIR, folder)
        os.chmod(folder, 0o755)
        os.chown(folder, NOBODY, NOBODY)
        yield folder


def as_nobody(*command, folder, **more):
    return sh(*command, cwd=folder, user=NOBODY, group=NOBODY, extra_groups=[],
              env={"PATH": "/usr/bin:/bin", "HOME": folder}, **more)


@suite.case()
def replay_needs_neither_root_nor_hugepages():
    test_odd_packets.need_scapy()
    with folder_for_nobody() as folder:
        test_odd_packets.write_captures(folder)
        test_odd_packets.write_conf(folder)
        for name in os.listdir(folder):
            os.chown(f"{folder}/{name}", NOBODY, NOBODY)
        as_nobody(f"{folder}/weir", "replay", "-c", "weir.yaml", "--in", "client.pcap:client",
                  "--in", "server.pcap:server", "--out-dir", "out", "--decisions", "d.json",
                  folder=folder, timeout=60)
        check(len(read_file(f"{folder}/d.json").splitlines()) > 100, "no decisions")
        done = as_nobody(f"{folder}/weir", "check", "-c", "weir.yaml", folder=folder)
        check("good" in done.stdout, f"check as nobody: {done.stdout}")


@suite.case()
def run_without_rights_says_what_is_missing():
    with folder_for_nobody() as folder, Lab("af_packet") as lab:
        os.makedirs(f"{folder}/policy.d")
        with open(f"{folder}/weir.yaml", "w", encoding="utf-8") as f:
            f.write(lab.conf())
        with open(f"{folder}/policy.d/policy.yaml", "w", encoding="utf-8") as f:
            f.write(ALLOW_ALL)
        done = lab.gateway.run("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups",
                               f"{folder}/weir", "run", "-c", f"{folder}/weir.yaml", check=False,
                               timeout=20)
        check_equal(done.returncode, 1, "exit code")
        check(re.search(r"CAP_|privilege|root|permi", done.stdout, re.I),
              f"it does not say what is missing: {done.stdout[-500:]}")
        check("EAL:" not in done.stdout, f"EAL's own words reach the operator: {done.stdout}")


@suite.case()
def an_interface_that_is_not_there_is_named():
    with Lab("af_packet") as lab:
        weir = lab.weir(start=False)
        weir.write_conf(lab.conf().replace("iface:g1", "iface:g7"))
        with weir, contextlib.suppress(AssertionError):
            weir.start()
            check(False, "it started")
        check_equal(weir.process.returncode, 1, "exit code")
        check("g7" in weir.log(), f"it does not name the interface: {weir.log()[-400:]}")


@suite.case()
def a_second_weir_on_the_same_socket_is_refused():
    with Lab("af_packet") as lab, lab.weir() as weir:
        done = lab.gateway.run(WEIR, "run", "-c", weir.conf_path, check=False, timeout=30)
        check_equal(done.returncode, 1, "exit code")
        check(weir.ctl("status")["ok"], "the first one answers no more")


if __name__ == "__main__":
    suite.main()
