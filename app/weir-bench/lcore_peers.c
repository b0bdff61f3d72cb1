/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who forwards. io and 5tswap do what dpdk-testpmd does in these modes (its iofwd.c and 5tswap.c),
 * over the same ports, so that one run gives the ratio.
 */
#include "lcore.h"

#include <netinet/in.h>

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define BURST 32 /* testpmd's and weir's */

const char *const lcore_peer_names[LCORE_PEERS + 1] = {"io", "5tswap", "weir", NULL};

static void swap_mac(struct rte_ether_hdr *eth)
{
	struct rte_ether_addr addr = eth->dst_addr;

	eth->dst_addr = eth->src_addr;
	eth->src_addr = addr;
}

static void swap_ipv6(struct rte_ipv6_hdr *ip)
{
	uint8_t addr[16];

	memcpy(addr, ip->dst_addr, 16);
	memcpy(ip->dst_addr, ip->src_addr, 16);
	memcpy(ip->src_addr, addr, 16);
}

/* TCP's and UDP's ports stand in the same place. */
static void swap_ports(struct rte_udp_hdr *udp)
{
	rte_be16_t port = udp->src_port;

	udp->src_port = udp->dst_port;
	udp->dst_port = port;
}

static uint16_t swap_ip(struct rte_mbuf *m, uint8_t *l3, uint16_t type, uint8_t *proto)
{
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;
		rte_be32_t addr = ip->src_addr;

		ip->src_addr = ip->dst_addr;
		ip->dst_addr = addr;
		*proto = ip->next_proto_id;
		return rte_ipv4_hdr_len(ip);
	}
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6)) {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)l3;

		swap_ipv6(ip);
		*proto = ip->proto;
		return sizeof(*ip);
	}
	return 0;
}

static void swap_tuple(struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	uint8_t *l3 = (uint8_t *)(eth + 1), proto = 0;
	uint16_t type = eth->ether_type;

	swap_mac(eth);
	m->l2_len = sizeof(*eth);
	while (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) ||
	       type == rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ)) {
		const struct rte_vlan_hdr *vlan = (const struct rte_vlan_hdr *)l3;

		type = vlan->eth_proto;
		l3 += sizeof(*vlan);
		m->l2_len += sizeof(*vlan);
	}
	m->l3_len = swap_ip(m, l3, type, &proto);
	if (proto == IPPROTO_UDP || proto == IPPROTO_TCP) {
		swap_ports((struct rte_udp_hdr *)(l3 + m->l3_len));
		m->l4_len = proto == IPPROTO_UDP ? sizeof(struct rte_udp_hdr)
						 : sizeof(struct rte_tcp_hdr);
	}
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
}

static void swap_burst(struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (i + 1 < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + 1], void *));
		swap_tuple(m[i]);
	}
}

static unsigned int forward(struct weir_port_pair from, struct weir_port_pair to, bool swap)
{
	struct rte_mbuf *m[BURST];
	uint16_t n = rte_eth_rx_burst(from.ethdev, from.queue, m, BURST), sent;

	if (n == 0)
		return 0;
	if (swap)
		swap_burst(m, n);
	sent = rte_eth_tx_burst(to.ethdev, to.queue, m, n);
	if (weir_unlikely(sent < n))
		rte_pktmbuf_free_bulk(m + sent, n - sent);
	return n;
}

unsigned int lcore_turn(struct lcore_worker *w, enum lcore_peer peer)
{
	if (peer == LCORE_WEIR)
		return weir_path_turn(w->bench->path, w->id);
	return forward(w->pair[0], w->pair[1], peer == LCORE_5TSWAP) +
	       forward(w->pair[1], w->pair[0], peer == LCORE_5TSWAP);
}
