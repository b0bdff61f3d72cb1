# SPDX-License-Identifier: BSD-3-Clause
"""What hosts do to each other works through weir as it works through a bridge: iperf3, fragments,
traceroute, VLANs, large frames. Where a device cannot, weir must have said so at the start."""
import re

from cases import SOAK, Skip, Suite, check, check_equal
from frames import vlan
from lab import Lab, need, need_device

suite = Suite()
ALL = [{"device": device} for device in ("bridge", "af_packet", "af_xdp", "tap")]


def lab_for(device, **more):
    need_device(device)
    return Lab(device, **more)


def said(weir, *words):
    """Whether one line of weir's log has all these words."""
    return any(all(word.lower() in line.lower() for word in words)
               for line in weir.log().splitlines())


@suite.case(each=ALL)
def iperf3_tcp_runs_both_ways(device):
    need("iperf3")
    with lab_for(device) as lab, lab.weir():
        lab.iperf3_server()
        for words in ((), ("-R",), ("-P", "4")):
            report = lab.iperf3(*words, seconds=10 if SOAK else 1)
            rate = report["end"]["sum_received"]["bits_per_second"] / 1e6
            print(f"# {device} tcp {' '.join(words)}: {rate:.0f} Mbit/s", flush=True)
            check(rate > 5, f"iperf3 {words}: {rate:.1f} Mbit/s")
        report = lab.iperf3(target=lab.server.v6, seconds=1)
        check(report["end"]["sum_received"]["bits_per_second"] > 5e6, "iperf3 over IPv6")


def udp_loss(lab, target):
    """The part of the datagrams that did not arrive."""
    report = lab.iperf3("-u", "-b", "5M", "-l", "1200", target=target, seconds=2)
    total = report["end"]["sum"]
    check(total["packets"] > 100, f"only {total['packets']} packets")
    return total["lost_packets"] / total["packets"]


@suite.case(each=ALL)
def iperf3_udp_loses_nothing_at_a_moderate_rate(device):
    need("iperf3")
    with lab_for(device) as lab, lab.weir():
        lab.iperf3_server()
        for target in (lab.server.v4, lab.server.v6):
            # Both ends share two cores with weir: a busy machine makes them lose some without any
            # gateway between them, so one good run of five is enough.
            lost = [udp_loss(lab, target)]
            while lost[-1] >= 0.02 and len(lost) < 5:
                lost.append(udp_loss(lab, target))
            check(lost[-1] < 0.02, f"part of the datagrams lost to {target}: {lost}")


def ping(lab, target, size, count=3):
    done = lab.client.run("ping", "-n", "-c", count, "-i", "0.05", "-W", "5", "-s", size, target,
                          check=False)
    return int(re.search(r"(\d+) received", done.stdout).group(1)) if "received" in done.stdout \
        else -1


@suite.case(each=ALL)
def ping_works_whole_and_in_fragments(device):
    with lab_for(device) as lab, lab.weir() as weir:
        for target in (lab.server.v4, lab.server.v6):
            for size in (56, 1472 if target == lab.server.v4 else 1452, 4000, 60000):
                received = ping(lab, target, size)
                if device == "af_packet" and size >= 4000 and received < 3:
                    check(said(weir, "fragment"), "fragments are lost and weir did not say so at "
                                                  f"its start (-s {size} {target})")
                    continue
                check_equal(received, 3, f"echoes of 3 with -s {size} to {target}")


def hops(lab, target, *words):
    done = lab.client.run("traceroute", "-n", "-q", "2", "-w", "5", "-m", "5", *words, target)
    return [re.sub(r"\s+[\d.]+ ms", "", line).split()[1:]
            for line in done.stdout.splitlines() if re.match(r"\s*\d+\s", line)]


@suite.case(each=ALL)
def traceroute_sees_the_same_path(device):
    need("traceroute")
    with lab_for(device) as lab, lab.weir():
        # The server routes to a host behind it: errors come from both.
        far = lab.namespace("far")
        lab.server.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns",
                      far.name)
        for end, device_name, host in ((lab.server, "eth1", 1), (far, "eth0", 2)):
            end.ip("addr", "add", f"10.78.0.{host}/24", "dev", device_name)
            end.ip("addr", "add", f"fd78::{host}/64", "dev", device_name, "nodad")
            end.ip("link", "set", device_name, "up")
            end.offloads_off(device_name)
        lab.server.sysctl("net.ipv4.ip_forward", 1)
        lab.server.sysctl("net.ipv6.conf.all.forwarding", 1)
        far.ip("route", "add", "default", "via", "10.78.0.1")
        far.ip("-6", "route", "add", "default", "via", "fd78::1")
        lab.client.ip("route", "add", "10.78.0.0/24", "via", lab.server.v4)
        lab.client.ip("-6", "route", "add", "fd78::/64", "via", lab.server.v6)
        for words in ((), ("-I",), ("-T", "-p", "80")):
            check_equal(hops(lab, "10.78.0.2", *words), [[lab.server.v4], ["10.78.0.2"]],
                        f"traceroute {' '.join(words)}")
        check_equal(hops(lab, "fd78::2", "-6"), [[lab.server.v6], ["fd78::2"]], "traceroute -6")


@suite.case(each=[{"device": d, "tags": t} for d in ("bridge", "af_packet", "af_xdp", "tap")
                  for t in ("802.1Q", "QinQ")])
def a_vlan_sub_interface_carries_ping_and_tcp(device, tags):
    tag_list = [(0x8100, 5)] if tags == "802.1Q" else [(0x88A8, 7), (0x8100, 5)]
    with lab_for(device) as lab, lab.weir() as weir:
        with vlan(lab.client, "v5", "10.79.0.1/24", tag_list), \
                vlan(lab.server, "v5", "10.79.0.2/24", tag_list):
            received = ping(lab, "10.79.0.2", 56)
            if device == "af_packet" and tags == "QinQ" and received < 3:
                check(said(weir, "802.1ad"),
                      "the device mends 802.1ad into 802.1Q and weir did not say so at its start")
                raise Skip("AF_PACKET gives every outer tag as 802.1Q, which weir says")
            check_equal(received, 3, "echoes of 3")
            www = lab.nginx()
            with open(f"{www}/file", "wb") as f:
                f.write(bytes(200_000))
            got = lab.client.run("curl", "-s", "--max-time", "40", "-o", f"{lab.dir}/got", "-w",
                                 "%{size_download}", "http://10.79.0.2/file").stdout
            check_equal(got, "200000", "bytes by curl")
        if device != "bridge":
            vlans = [record.get("vlan") for record in weir.ctl("flows").get("flows", [])]
            check(any(vlans), "no flow has a VLAN id") if vlans else None


def refuses_mtu(weir, device):
    """Starts weir; whether it said at once, in either way, that the device has no such MTU."""
    try:
        weir.start()
    except AssertionError as why:
        check(device != "af_packet" and "mtu" in str(why).lower(), f"it did not start: {why}")
        return True
    return said(weir, "not the mtu of 9000") or said(weir, "mtu", "limit")


@suite.case(each=ALL)
def frames_of_9000_bytes_pass_where_the_device_can(device):
    need_device(device)
    with Lab(device, mtu=9000) as lab, lab.weir(start=False) as weir:
        if weir and refuses_mtu(weir, device):
            check(device != "af_packet", "AF_PACKET can have an MTU of 9000")
            raise Skip(f"{device} has no jumbo frames, which weir says at its start")
        check_equal(ping(lab, lab.server.v4, 8972), 3, "echoes of 3 with -s 8972")
        check_equal(ping(lab, lab.server.v6, 8952), 3, "echoes of 3 over IPv6")
        lab.iperf3_server()
        rate = lab.iperf3(seconds=1)["end"]["sum_received"]["bits_per_second"] / 1e6
        check(rate > 5, f"iperf3 with MTU 9000: {rate:.1f} Mbit/s")


if __name__ == "__main__":
    suite.main()
