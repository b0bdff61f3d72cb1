/* SPDX-License-Identifier: BSD-3-Clause */
/* One port's ethdevs configured by what they can do, fed from the workers' pools, and started. */
#include "port_impl.h"

#include <weir_log.h>

#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

/* Devices that check all three check them themselves. Those that offer only the two of transport
 * (virtio, vhost) mean frames that a guest has not finished, which weir wants finished by them. */
#define RX_CHECKSUMS                                                    \
	(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM | \
	 RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define RSS_IPV4 (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER)
#define RSS_IPV6 (RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER)
#define RSS_PORTS                                                      \
	(RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP | \
	 RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)

/* What is decided for one ethdev before it is configured. */
struct plan {
	struct port_device *device;
	unsigned int first; /* index of its first receive queue among the port's */
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	uint8_t key[WEIR_RSS_KEY_BYTES];
};

void port_limit(struct weir_port *p, const char *format, ...)
{
	struct port_state *s = p->state;
	char text[PORT_LIMIT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (unsigned int i = 0; i < s->n_limits; i++)
		if (!strcmp(s->limit[i], text))
			return;
	weir_notice("port %s: %s", p->conf->name, text);
	if (s->n_limits < PORT_LIMITS_MAX)
		strcpy(s->limit[s->n_limits++], text);
}

/* ---- queues ---- */

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* The ethdevs of kernel interfaces were made with the queues that must be served, so all of them
 * are; other devices are told how many to use. */
static void plan_queues(struct weir_port *p, const struct port_open *o, struct plan *plan)
{
	unsigned int rx = plan->info.max_rx_queues;

	if (p->conf->kind != WEIR_DEVICE_IFACE)
		rx = least(rx, port_queues_wanted(p->conf, o->n_workers));
	rx = least(rx, WEIR_CONF_WORKERS_MAX - plan->first);
	plan->device->n_rx = (uint16_t)rx;
	plan->device->n_tx = (uint16_t)least(rx, plan->info.max_tx_queues);
}

/* ---- RSS ---- */

static bool can_spread(const struct rte_eth_dev_info *info)
{
	uint64_t hf = info->flow_type_rss_offloads;

	return (info->hash_key_size == 40 || info->hash_key_size == WEIR_RSS_KEY_BYTES) &&
	       port_rss_table_fits(info->reta_size) && (hf & RSS_PORTS) == RSS_PORTS &&
	       hf & RSS_IPV4 && hf & RSS_IPV6;
}

static void plan_rss(struct weir_port *p, const struct port_open *o, struct plan *plan)
{
	struct port_state *s = p->state;

	if (plan->device->n_rx < 2 || s->n_devices > 1)
		return;
	if (plan->device->n_rx > o->n_workers || !can_spread(&plan->info)) {
		port_limit(p, "the device cannot spread flows by a symmetric hash; weir does it in "
			      "software");
		return;
	}
	s->rss_possible = true;
	s->reta_size = plan->info.reta_size;
	s->key_bytes = plan->info.hash_key_size;
	s->rss_hf = plan->info.flow_type_rss_offloads & (RSS_IPV4 | RSS_IPV6 | RSS_PORTS);
	memcpy(plan->key, o->ports->rss_key, sizeof(plan->key));
	plan->conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	plan->conf.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
		.rss_key = plan->key,
		.rss_key_len = s->key_bytes,
		.rss_hf = s->rss_hf,
	};
}

/* ---- frames ---- */

static uint32_t overhead_of(const struct rte_eth_dev_info *info)
{
	bool told = info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu;

	return told ? info->max_rx_pktlen - info->max_mtu : RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
}

static uint32_t largest_mtu(const struct rte_eth_dev_info *info)
{
	uint32_t by_frame = info->max_rx_pktlen - overhead_of(info);

	return least(by_frame, info->max_mtu);
}

/*
 * AF_PACKET's driver claims 1500 and carries what its ring's frames hold, which were sized for the
 * port's MTU; and the interface's own MTU has been set already.
 */
static void plan_mtu(struct weir_port *p, struct plan *plan)
{
	uint32_t max = largest_mtu(&plan->info);

	plan->conf.rxmode.mtu = least(p->conf->mtu, max);
	p->mtu =
		p->conf->kind == WEIR_DEVICE_IFACE ? p->conf->mtu : (uint16_t)plan->conf.rxmode.mtu;
	if (p->mtu < p->conf->mtu)
		port_limit(p, "the device sends %u bytes at most, not the mtu of %u", max,
			   p->conf->mtu);
}

static void plan_offloads(struct weir_port *p, const struct port_open *o, struct plan *plan)
{
	uint32_t room = rte_pktmbuf_data_room_size(o->pool[0]) - RTE_PKTMBUF_HEADROOM;
	uint64_t rx = plan->info.rx_offload_capa;
	uint64_t want = 0;

	if ((rx & RX_CHECKSUMS) == RX_CHECKSUMS)
		want |= RX_CHECKSUMS;
	if (rx & RTE_ETH_RX_OFFLOAD_SCATTER && (uint32_t)p->mtu + PORT_L2_BYTES > room)
		want |= RTE_ETH_RX_OFFLOAD_SCATTER;
	plan->conf.rxmode.offloads = want;
	plan->conf.txmode.offloads = plan->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	p->rx_checksum = want & RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	p->scatter = want & RTE_ETH_RX_OFFLOAD_SCATTER;
	p->tx_chains = plan->conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	p->state->rx_offloads = want;
	p->state->tx_offloads = plan->conf.txmode.offloads;
}

/* ---- one ethdev ---- */

static uint16_t ring_size(uint16_t advised)
{
	return (uint16_t)(advised ? least(advised, PORT_RING_MAX) : PORT_RING_DEFAULT);
}

static int set_up_queues(struct weir_port *p, const struct port_open *o, const struct plan *plan)
{
	struct rte_eth_rxconf rx = plan->info.default_rxconf;
	struct rte_eth_txconf tx = plan->info.default_txconf;
	const struct port_device *d = plan->device;
	uint16_t n_rx = ring_size(plan->info.default_rxportconf.ring_size);
	uint16_t n_tx = ring_size(plan->info.default_txportconf.ring_size);
	int socket = rte_eth_dev_socket_id(d->id);
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(d->id, &n_rx, &n_tx);

	rx.offloads = plan->conf.rxmode.offloads;
	tx.offloads = plan->conf.txmode.offloads;
	for (unsigned int q = 0; rc == 0 && q < d->n_rx; q++) {
		unsigned int worker = (plan->first + q) % p->n_queues;

		rc = rte_eth_rx_queue_setup(d->id, (uint16_t)q, n_rx, (unsigned int)socket, &rx,
					    o->pool[worker]);
	}
	for (unsigned int q = 0; rc == 0 && q < d->n_tx; q++)
		rc = rte_eth_tx_queue_setup(d->id, (uint16_t)q, n_tx, (unsigned int)socket, &tx);
	return rc;
}

/* Devices that have no filter do not know how to turn it off. */
static int take_every_frame(uint16_t id)
{
	int rc = rte_eth_promiscuous_enable(id);

	if (rc == 0 || rc == -ENOTSUP)
		rc = rte_eth_allmulticast_enable(id);
	return rc == -ENOTSUP ? 0 : rc;
}

static int bring_up(struct weir_port *p, const struct port_open *o, struct plan *plan)
{
	struct port_device *d = plan->device;
	int rc = rte_eth_dev_configure(d->id, d->n_rx, d->n_tx, &plan->conf);

	if (rc == 0)
		rc = set_up_queues(p, o, plan);
	if (rc == 0)
		rc = rte_eth_dev_start(d->id);
	if (rc == 0) {
		d->started = true;
		rc = take_every_frame(d->id);
	}
	return rc;
}

static int start_device(struct weir_port *p, const struct port_open *o, struct plan *plan)
{
	const char *said;
	int rc;

	port_log_begin(o->ports->log);
	rc = bring_up(p, o, plan);
	said = port_log_end(o->ports->log);
	if (rc)
		return port_fail_said(p, -WEIR_EIO, "the device cannot be started", said, o->why);
	return 0;
}

/* ---- the port ---- */

static void add_pairs(struct weir_port *p, const struct plan *plan)
{
	const struct port_device *d = plan->device;

	for (unsigned int q = 0; q < d->n_rx; q++)
		p->rx[plan->first + q] = (struct weir_port_pair){d->id, (uint16_t)q};
	for (unsigned int q = 0; q < d->n_tx && plan->first + q < p->n_queues; q++)
		p->tx[plan->first + q] = (struct weir_port_pair){d->id, (uint16_t)q};
}

static int ask_device(struct weir_port *p, struct plan *plan)
{
	struct port_state *s = p->state;

	if (rte_eth_dev_info_get(plan->device->id, &plan->info))
		return -WEIR_EIO;
	snprintf(s->driver, sizeof(s->driver), "%s", plan->info.driver_name);
	s->ifindex = plan->info.if_index;
	return plan->info.max_rx_queues && plan->info.max_tx_queues ? 0 : -WEIR_ENOTSUP;
}

/* How many queues there are is known before the first pool is given to one. */
static int plan_port(struct weir_port *p, const struct port_open *o, struct plan *plan)
{
	unsigned int tx = 0;

	for (unsigned int i = 0; i < p->state->n_devices; i++) {
		plan[i].device = &p->state->device[i];
		plan[i].first = p->n_rx;
		if (ask_device(p, &plan[i]) < 0)
			return port_fail(p, -WEIR_ENOTSUP, o->why,
					 "the device has no queues to send and receive");
		plan_queues(p, o, &plan[i]);
		p->n_rx += plan[i].device->n_rx;
		tx += plan[i].device->n_tx;
	}
	p->n_queues =
		(uint16_t)least(least(p->n_rx, tx), port_queues_wanted(p->conf, o->n_workers));
	p->n_queues = (uint16_t)least(p->n_queues, o->n_workers);
	if (p->n_queues < o->n_workers)
		port_limit(p,
			   "it has %u queue%s for %u workers; the others get their packets from "
			   "worker to worker",
			   p->n_queues, p->n_queues == 1 ? "" : "s", o->n_workers);
	return 0;
}

static int start_devices(struct weir_port *p, const struct port_open *o, struct plan *plan)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < p->state->n_devices; i++) {
		plan_rss(p, o, &plan[i]);
		plan_mtu(p, &plan[i]);
		plan_offloads(p, o, &plan[i]);
		rc = start_device(p, o, &plan[i]);
		add_pairs(p, &plan[i]);
	}
	return rc;
}

int port_start(struct weir_port *p, const struct port_open *o)
{
	struct plan *plan = calloc(p->state->n_devices, sizeof(*plan));
	int rc;

	if (!plan)
		return port_fail(p, -WEIR_ENOMEM, o->why, "no memory");
	p->n_rx = 0;
	rc = plan_port(p, o, plan);
	if (rc == 0)
		rc = start_devices(p, o, plan);
	free(plan);
	return rc;
}
