# SPDX-License-Identifier: BSD-3-Clause
"""Downloads and uploads at once, by IPv4 and IPv6: what arrives is what was sent."""
import hashlib
import os
import re

from cases import SOAK, Suite, check, check_equal
from lab import Lab, cpus, need, need_device, sh, wait_for

suite = Suite()
SIZE = 1 << 30 if SOAK else 16 << 20
LIMIT_S = 900 if SOAK else 120
CASES = [{"device": "bridge", "workers": 0}] + [
    {"device": device, "workers": n} for device in ("af_packet", "af_xdp", "tap") for n in (1, 2)]


def make_file(path, seed):
    """SIZE bytes that no two places have alike; gives their SHA-256."""
    total = hashlib.sha256()
    with open(path, "wb") as f:
        for i in range(SIZE // 65536):
            block = hashlib.shake_128(f"{seed} {i}".encode()).digest(1024) * 64
            f.write(block)
            total.update(block)
    return total.hexdigest()


def sha256(path):
    return sh("sha256sum", path, timeout=300).stdout.split()[0]


def transfer(lab, host, www):
    """A download and an upload of different files at the same time."""
    down_sum = make_file(f"{www}/down", "down")
    up_sum = make_file(f"{lab.dir}/up", "up")
    down = lab.client.start("curl", "-sf", "--max-time", LIMIT_S, "-o", f"{lab.dir}/down",
                            f"http://{host}/down")
    up = lab.client.start("curl", "-sf", "--max-time", LIMIT_S, "-T", f"{lab.dir}/up",
                          f"http://{host}/up")
    check_equal((down.wait(LIMIT_S + 5), up.wait(LIMIT_S + 5)), (0, 0), "curl down and up")
    check_equal(sha256(f"{lab.dir}/down"), down_sum, "checksum of the download")
    check_equal(sha256(f"{www}/up"), up_sum, "checksum of the upload")
    for path in (f"{lab.dir}/down", f"{www}/up"):
        os.unlink(path)


@suite.case(limit_s=300, soak_limit_s=4000, each=CASES)
def both_ways_at_once_by_both_families_the_checksums_are_right(device, workers):
    need_device(device)
    if workers > len(cpus()):
        workers = len(cpus())
    with Lab(device, workers=workers) as lab, lab.weir() as weir:
        www = lab.nginx()
        transfer(lab, lab.server.v4, www)
        transfer(lab, f"[{lab.server.v6}]", www)
        if weir:
            wait_for(lambda: weir.counters()["tx_bytes"] > 4 * SIZE, 30, "all bytes counted")


@suite.case(limit_s=240, each=[{"device": d} for d in ("af_packet", "af_xdp", "tap")])
def forty_connections_at_once_over_two_workers(device):
    """Both directions of each flow must meet at one worker, however the device spreads them."""
    need_device(device)
    need("iperf3")
    with Lab(device, workers=min(2, len(cpus()))) as lab, lab.weir() as weir:
        www = lab.nginx()
        total = make_small_files(www)
        for host in (lab.server.v4, f"[{lab.server.v6}]"):
            words = [word for i in range(len(total))
                     for word in ("-o", f"{lab.dir}/f{i}", f"http://{host}/f{i}")]
            lab.client.run("curl", "-sf", "--max-time", 120, "--parallel", "--parallel-immediate",
                           "--parallel-max", 40, *words, timeout=150)
            for i, checksum in enumerate(total):
                check_equal(sha256(f"{lab.dir}/f{i}"), checksum, f"file {i} from {host}")
        drops = weir.drops()
        bad = {name: n for name, n in drops.items() if re.match("tcp_|policy|default|no_pol", name)}
        check(not bad, f"packets of good connections were dropped: {bad}")


def make_small_files(www):
    sums = []
    for i in range(40):
        data = hashlib.shake_128(str(i).encode()).digest(50_000)
        with open(f"{www}/f{i}", "wb") as f:
            f.write(data)
        sums.append(hashlib.sha256(data).hexdigest())
    return sums


if __name__ == "__main__":
    suite.main()
