/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernel interfaces made ready for AF_XDP or AF_PACKET: up, promiscuous, right MTU, no offloads. */
#include "ethtool.h"
#include "port_impl.h"

#include <weir_log.h>

#include <errno.h>
#include <unistd.h>

#include <linux/capability.h>
#include <rte_mempool.h>

/* Joined or unfinished frames: no wire carries them, and weir must see what the wire carries. */
#define OFFLOADS_UNWANTED                                                                \
	(1U << IFACE_TX_CHECKSUM | 1U << IFACE_TSO | 1U << IFACE_GSO | 1U << IFACE_GRO | \
	 1U << IFACE_LRO | 1U << IFACE_RX_VLAN)

static bool buffers_too_large(struct rte_mempool *const *pool)
{
	return rte_mempool_calc_obj_size(pool[0]->elt_size, pool[0]->flags, NULL) >
	       (uint32_t)sysconf(_SC_PAGESIZE);
}

bool port_iface_no_xdp(const struct weir_port *p, struct rte_mempool *const *pool,
		       struct weir_buf *why)
{
	const char *name = p->conf->device;

	if (!iface_capable(CAP_SYS_ADMIN))
		port_fail(p, 0, why,
			  "AF_XDP needs root (CAP_SYS_ADMIN); mend: run as root, or driver: "
			  "af_packet");
	else if (p->conf->mtu > XDP_MTU_MAX)
		port_fail(p, 0, why,
			  "AF_XDP takes frames of one page only, an MTU of %u is too large; mend: "
			  "mtu: %u here and ip link set dev %s mtu %u, or driver: af_packet",
			  p->conf->mtu, XDP_MTU_MAX, name, XDP_MTU_MAX);
	else if (iface_mtu(name) > XDP_PEER_MTU_MAX)
		port_fail(p, 0, why,
			  "AF_XDP takes frames of one page only, and the interface's MTU is %d; "
			  "mend: ip link set dev %s mtu %u (at both ends of a veth), or driver: "
			  "af_packet",
			  iface_mtu(name), name, p->conf->mtu);
	else if (buffers_too_large(pool))
		port_fail(p, 0, why,
			  "AF_XDP takes packet buffers of one page only, and another port's MTU "
			  "makes them larger; mend: mtu of every port at most %u, or driver: "
			  "af_packet",
			  XDP_MTU_MAX);
	else
		return false;
	return true;
}

static int fit_mtu(struct weir_port *p, struct weir_buf *why)
{
	const char *name = p->conf->device;
	int mtu = iface_mtu(name);

	if (mtu > (int)p->conf->mtu)
		port_limit(p,
			   "%s takes %d bytes but the port's mtu is %u: larger frames are lost; "
			   "mend: mtu: %d for the port, or ip link set dev %s mtu %u",
			   name, mtu, p->conf->mtu, mtu, name, p->conf->mtu);
	if (mtu >= (int)p->conf->mtu)
		return 0;
	if (iface_set_mtu(name, p->conf->mtu) < 0)
		return port_fail(p, -WEIR_EIO, why,
				 "%s cannot have an MTU of %u (%s), it has %d; mend: ip link set "
				 "dev %s mtu %u, or mtu: %d for the port",
				 name, p->conf->mtu, strerror(errno), mtu, name, p->conf->mtu, mtu);
	weir_notice("port %s: the MTU of %s is %u now, it was %d", p->conf->name, name,
		    p->conf->mtu, mtu);
	return 0;
}

static void no_offloads(struct weir_port *p)
{
	const char *name = p->conf->device;
	unsigned int off = iface_offloads_off(name, OFFLOADS_UNWANTED);
	unsigned int left = iface_offloads(name) & OFFLOADS_UNWANTED & ~(1U << IFACE_RX_VLAN);
	char text[96];

	p->state->offloads_off = off;
	iface_offloads_text(off, text, sizeof(text));
	if (off)
		weir_notice("port %s: offloads of %s turned off:%s", p->conf->name, name, text);
	iface_offloads_text(left, text, sizeof(text));
	if (left)
		port_limit(p, "offloads of %s cannot be turned off; mend: ethtool -K %s%s", name,
			   name, text);
}

int port_iface_prepare(struct weir_port *p, struct weir_buf *why)
{
	const char *name = p->conf->device;

	if (strlen(name) >= IF_NAMESIZE || !if_nametoindex(name))
		return port_fail(p, -WEIR_ENOTFOUND, why,
				 "there is no interface %s; ip link show lists what there is "
				 "(in this network namespace)",
				 name);
	strcpy(p->state->ifname, name);
	if (!iface_capable(CAP_NET_RAW) || !iface_capable(CAP_NET_ADMIN))
		return port_fail(
			p, -WEIR_EPERM, why,
			"a kernel interface needs CAP_NET_RAW and CAP_NET_ADMIN; mend: run "
			"as root, or setcap cap_net_raw,cap_net_admin,cap_ipc_lock+ep on "
			"the program");
	if (fit_mtu(p, why) < 0)
		return -WEIR_EIO;
	no_offloads(p);
	if (iface_set_flags(name, IFF_UP | IFF_PROMISC | IFF_ALLMULTI, 0) < 0)
		return port_fail(
			p, -WEIR_EIO, why,
			"%s cannot be taken up: %s; mend: ip link set dev %s up promisc on", name,
			strerror(errno), name);
	return 0;
}
