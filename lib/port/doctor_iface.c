/* SPDX-License-Identifier: BSD-3-Clause */
/* A kernel interface: how it will be driven, and what at it or at its peer stands in the way. */
#include "doctor_impl.h"

#include "ethtool.h"
#include "port_impl.h"
#include "sys.h"

#include <ifaddrs.h>
#include <stdio.h>

#include <linux/capability.h>

/* Unfinished checksums and joined segments; a tag beside the frame would be lost in XDP. */
#define OFFLOADS_AT_PEER (1U << IFACE_TX_CHECKSUM | 1U << IFACE_TSO | 1U << IFACE_GSO)
#define OFF_AT_PEER      (OFFLOADS_AT_PEER | 1U << IFACE_TX_VLAN)

/* ---- how it will be driven ---- */

/* Why AF_XDP is out of the question; NULL when it will be tried. */
static const char *no_xdp(const struct doctor *d, const struct weir_conf_port *c)
{
	if (!doctor_driver_installed(d, "net_af_xdp"))
		return "DPDK's driver net_af_xdp is not installed";
	if (!doctor_capable(d, CAP_SYS_ADMIN))
		return "AF_XDP needs root (CAP_SYS_ADMIN)";
	if (c->mtu > XDP_MTU_MAX || iface_mtu(c->device) > XDP_PEER_MTU_MAX)
		return "AF_XDP takes frames of one page only, its MTU is too large";
	if (weir_ports_frame_bytes(d->conf) > XDP_MTU_MAX + PORT_L2_BYTES + XDP_HEADROOM)
		return "AF_XDP takes packet buffers of one page only, and another port's mtu makes "
		       "them larger";
	return NULL;
}

static void look_at_packet(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	struct port_packet_ring r = port_packet_ring(c->mtu);

	doctor_say(
		d, WEIR_FINDING_HINT, subject, "",
		"AF_PACKET: the kernel joins IPv4 fragments and cuts what is over %u bytes; outer "
		"802.1ad tags arrive as 802.1Q; use AF_XDP or a tap where either matters",
		r.frame_bytes - 66);
}

static void look_at_driver(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	const char *why_not = no_xdp(d, c);
	char command[128] = "";

	if (c->driver == WEIR_DRIVER_AF_PACKET) {
		look_at_packet(d, c, subject);
		return;
	}
	if (why_not && c->mtu <= XDP_MTU_MAX && iface_mtu(c->device) > XDP_PEER_MTU_MAX)
		snprintf(command, sizeof(command), "ip link set dev %.15s mtu %u", c->device,
			 c->mtu);
	if (!why_not)
		doctor_say(d, WEIR_FINDING_OK, subject, "", "%s will be driven by AF_XDP",
			   c->device);
	else if (c->driver == WEIR_DRIVER_AF_XDP)
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, command, "%s", why_not);
	else {
		doctor_say(d, WEIR_FINDING_HINT, subject, command, "%s: AF_PACKET is used",
			   why_not);
		look_at_packet(d, c, subject);
	}
}

/* ---- the interface ---- */

static void look_at_mtu(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	int mtu = iface_mtu(c->device);
	char command[128];

	snprintf(command, sizeof(command), "ip link set dev %.15s mtu %u", c->device, c->mtu);
	if (mtu > c->mtu)
		doctor_say(d, WEIR_FINDING_HINT, subject, command,
			   "%s has an MTU of %d, the port's is %u: larger frames are lost",
			   c->device, mtu, c->mtu);
	else if (mtu < c->mtu)
		doctor_say(d, WEIR_FINDING_HINT, subject, command,
			   "%s has an MTU of %d, weir raises it to %u", c->device, mtu, c->mtu);
}

static void look_at_queues(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	struct iface_queues q = iface_queues(c->device);
	unsigned int workers = d->conf->n_workers ? d->conf->n_workers : 1;
	char command[128];

	if (no_xdp(d, c) || c->driver == WEIR_DRIVER_AF_PACKET)
		return; /* AF_PACKET makes queues of its own */
	if (q.combined)
		snprintf(command, sizeof(command), "ethtool -L %.15s combined %u", c->device,
			 workers);
	else
		snprintf(command, sizeof(command), "ethtool -L %.15s rx %u tx %u", c->device,
			 workers, workers);
	if (q.rx != workers)
		doctor_say(d, WEIR_FINDING_HINT, subject, command,
			   "%s has %u receive queue%s for %u worker%s: %s", c->device, q.rx,
			   q.rx == 1 ? "" : "s", workers, workers == 1 ? "" : "s",
			   q.rx > workers ? "workers poll several"
					  : "packets go from worker to worker");
	doctor_say(d, WEIR_FINDING_HINT, subject, "",
		   "the sender chooses the queue, so that weir spreads flows itself (no RSS)");
}

static void look_at_offloads(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	char text[96], command[128];
	unsigned int on = iface_offloads(c->device) & ~(1U << IFACE_RX_VLAN | 1U << IFACE_TX_VLAN);

	iface_offloads_text(on, text, sizeof(text));
	snprintf(command, sizeof(command), "ethtool -K %.15s%s", c->device, text);
	if (on)
		doctor_say(d, WEIR_FINDING_OK, subject, command,
			   "offloads of %s are on; weir turns them off when it opens it",
			   c->device);
}

static void look_at_addresses(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	struct ifaddrs *all = NULL;
	bool has = false;
	char command[160];

	if (getifaddrs(&all) == 0)
		for (const struct ifaddrs *a = all; a; a = a->ifa_next)
			has |= !strcmp(a->ifa_name, c->device) && a->ifa_addr &&
			       (a->ifa_addr->sa_family == AF_INET ||
				a->ifa_addr->sa_family == AF_INET6);
	freeifaddrs(all);
	snprintf(command, sizeof(command),
		 "ip addr flush dev %.15s && sysctl -w net.ipv6.conf.%.15s.disable_ipv6=1",
		 c->device, c->device);
	if (has)
		doctor_say(d, WEIR_FINDING_HINT, subject, command,
			   "%s has addresses: the kernel speaks on the wire too", c->device);
}

/* ---- the other end of a veth ---- */

/* The peer's name when it is in this namespace: each names the other's index. */
static bool visible_peer(const struct doctor *d, const char *name, char peer[IF_NAMESIZE])
{
	uint64_t other = 0, back = 0;

	return sys_u64(d->root, &other, "/sys/class/net/%s/iflink", name) &&
	       if_indextoname((unsigned int)other, peer) && strcmp(peer, name) != 0 &&
	       sys_u64(d->root, &back, "/sys/class/net/%s/iflink", peer) &&
	       back == if_nametoindex(name);
}

static void look_at_peer(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	char driver[32], peer[IF_NAMESIZE], text[96], command[128];
	unsigned int on;

	iface_driver(c->device, driver);
	if (strcmp(driver, "veth") != 0)
		return;
	if (!visible_peer(d, c->device, peer)) {
		doctor_say(d, WEIR_FINDING_HINT, subject,
			   "ip netns exec NS ethtool -K DEV tx off tso off gso off txvlan off",
			   "the peer of %s cannot be seen from here (another network namespace): "
			   "its checksum and segmentation offloads must be off",
			   c->device);
		return;
	}
	on = iface_offloads(peer) & OFFLOADS_AT_PEER;
	iface_offloads_text(OFF_AT_PEER, text, sizeof(text));
	snprintf(command, sizeof(command), "ethtool -K %s%s", peer, text);
	if (on)
		doctor_say(
			d, WEIR_FINDING_PROBLEM, subject, command,
			"offloads of %s, the peer of %s, are on: its checksums arrive unfinished",
			peer, c->device);
	else
		doctor_say(d, WEIR_FINDING_OK, subject, "",
			   "offloads of %s, the peer of %s, are off", peer, c->device);
}

void doctor_iface(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	char command[] = "ip link show";
	int flags = iface_flags(c->device);

	if (flags < 0) {
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, command,
			   "there is no interface %s (in this network namespace)", c->device);
		return;
	}
	if (!(flags & IFF_UP))
		doctor_say(d, WEIR_FINDING_OK, subject, "", "%s is down; weir takes it up",
			   c->device);
	else if (!(flags & IFF_RUNNING))
		doctor_say(d, WEIR_FINDING_HINT, subject, "", "%s has no carrier", c->device);
	look_at_driver(d, c, subject);
	look_at_mtu(d, c, subject);
	look_at_queues(d, c, subject);
	look_at_offloads(d, c, subject);
	look_at_peer(d, c, subject);
	look_at_addresses(d, c, subject);
}
