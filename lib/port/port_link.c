/* SPDX-License-Identifier: BSD-3-Clause */
/* Carrier and counters of a port. Control thread. */
#include "ethtool.h"
#include "port_impl.h"

/*
 * The name of the kernel interface behind the port. False when there is none, or when it has gone
 * where this process cannot see it (a tap in another network namespace).
 */
static bool kernel_name(const struct weir_port *p, char name[IF_NAMESIZE])
{
	return p->state->ifindex && if_indextoname(p->state->ifindex, name);
}

static bool ethdev_link_up(uint16_t id)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(id, &link) != 0 || link.link_status == RTE_ETH_LINK_UP;
}

bool weir_port_link_up(const struct weir_port *p)
{
	char name[IF_NAMESIZE];

	if (p->state->taken_down)
		return true;
	if (kernel_name(p, name))
		return iface_carrier(name);
	if (p->conf->kind == WEIR_DEVICE_IFACE)
		return false; /* its interface is gone */
	/* What cannot be seen counts as up: better a wire too many than one cut for nothing. */
	return p->state->ifindex || ethdev_link_up(p->state->device[0].id);
}

static int set_ethdev_link(uint16_t id, bool up)
{
	int rc = up ? rte_eth_dev_set_link_up(id) : rte_eth_dev_set_link_down(id);

	return rc ? -WEIR_ENOTSUP : 0;
}

int weir_port_set_link(const struct weir_port *p, bool up)
{
	char name[IF_NAMESIZE];
	int rc;

	if (p->conf->kind != WEIR_DEVICE_IFACE)
		rc = set_ethdev_link(p->state->device[0].id, up);
	else if (!kernel_name(p, name))
		rc = -WEIR_ENOTSUP;
	else
		rc = iface_set_flags(name, up ? IFF_UP : 0, up ? 0 : IFF_UP) < 0 ? -WEIR_ENOTSUP
										 : 0;
	if (rc == 0)
		p->state->taken_down = !up;
	return rc;
}

void weir_port_counters(const struct weir_port *p, struct weir_port_counters *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < p->state->n_devices; i++) {
		struct rte_eth_stats s;

		if (rte_eth_stats_get(p->state->device[i].id, &s))
			continue;
		out->rx_packets += s.ipackets;
		out->rx_bytes += s.ibytes;
		out->tx_packets += s.opackets;
		out->tx_bytes += s.obytes;
		out->rx_missed += s.imissed;
		out->rx_errors += s.ierrors;
		out->tx_errors += s.oerrors;
		out->rx_no_buffer += s.rx_nombuf;
	}
	for (unsigned int w = 0; w < p->n_queues; w++)
		out->tx_errors +=
			__atomic_load_n(&p->state->worker[w].tx_unsendable, __ATOMIC_RELAXED);
}
