# SPDX-License-Identifier: BSD-3-Clause
"""A wire carries the link's state: when one side goes down, the other side sees it, and back."""
from cases import Suite, check, check_equal
from lab import Lab, need_device, wait_for

suite = Suite()
DEVICES = [{"device": device} for device in ("af_packet", "af_xdp")]


def has_carrier(end):
    return "LOWER_UP" in end.ip("link", "show", "eth0").stdout


@suite.case(each=DEVICES)
def when_the_server_goes_the_client_loses_carrier_and_gets_it_back(device):
    need_device(device)
    with Lab(device) as lab, lab.weir() as weir:
        for near, far in ((lab.client, lab.server), (lab.server, lab.client)):
            check(has_carrier(near), "no carrier at the beginning")
            far.ip("link", "set", "eth0", "down")
            wait_for(lambda near=near: not has_carrier(near), 30, f"{near.name} losing carrier")
            far.ip("link", "set", "eth0", "up")
            wait_for(lambda near=near: has_carrier(near), 30, f"carrier back in {near.name}")
            # IPv6 addresses go with the link; IPv4 ones stay.
            wait_for(lambda: lab.client.run("ping", "-c", "1", "-W", "1", lab.server.v4,
                                            check=False).returncode == 0, 30, "a ping after it")
        wait_for(lambda: len(weir.events(event_type="link")) >= 4, 30, "a record of each change")


@suite.case(each=DEVICES)
def with_link_state_ignored_the_other_side_keeps_its_carrier(device):
    need_device(device)
    with Lab(device) as lab:
        weir = lab.weir(start=False)
        weir.write_conf(lab.conf().replace("ports: [client, server] }",
                                           "ports: [client, server], linkState: ignore }"))
        with weir:
            weir.start()
            lab.server.ip("link", "set", "eth0", "down")
            wait_for(lambda: not has_carrier(lab.server), 30, "the server's link going down")
            lab.client.run("ping", "-c", "2", "-W", "1", lab.server.v4, check=False)
            check(has_carrier(lab.client), "the client lost its carrier")
            lab.server.ip("link", "set", "eth0", "up")
            done = wait_for(lambda: lab.client.run("ping", "-c", "1", "-W", "1", lab.server.v4,
                                                   check=False).returncode == 0, 30, "a ping")
            check_equal(done, True, "ping")


if __name__ == "__main__":
    suite.main()
