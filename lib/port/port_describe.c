/* SPDX-License-Identifier: BSD-3-Clause */
/* What a port can do and how it is set, for status and doctor. */
#include "ethtool.h"
#include "port_impl.h"

#include <stdio.h>

static const struct {
	uint64_t bit;
	const char *name;
} rss_functions[] = {
	{RTE_ETH_RSS_IPV4, "ipv4"},
	{RTE_ETH_RSS_FRAG_IPV4, "ipv4-fragment"},
	{RTE_ETH_RSS_NONFRAG_IPV4_TCP, "ipv4-tcp"},
	{RTE_ETH_RSS_NONFRAG_IPV4_UDP, "ipv4-udp"},
	{RTE_ETH_RSS_NONFRAG_IPV4_OTHER, "ipv4-other"},
	{RTE_ETH_RSS_IPV6, "ipv6"},
	{RTE_ETH_RSS_FRAG_IPV6, "ipv6-fragment"},
	{RTE_ETH_RSS_NONFRAG_IPV6_TCP, "ipv6-tcp"},
	{RTE_ETH_RSS_NONFRAG_IPV6_UDP, "ipv6-udp"},
	{RTE_ETH_RSS_NONFRAG_IPV6_OTHER, "ipv6-other"},
};

static void describe_queues(const struct weir_port *p, struct weir_json *j)
{
	weir_json_u64(j, "queues", p->n_queues);
	weir_json_u64(j, "receive_queues", p->n_rx);
	weir_json_u64(j, "ethdevs", p->state->n_devices);
}

static void describe_rss(const struct weir_port *p, struct weir_json *j)
{
	weir_json_object(j, "rss");
	weir_json_bool(j, "on", p->rss);
	if (p->rss) {
		weir_json_u64(j, "table", p->state->reta_size);
		weir_json_u64(j, "key_bytes", p->state->key_bytes);
		weir_json_array(j, "functions");
		for (size_t i = 0; i < WEIR_ARRAY_LEN(rss_functions); i++)
			if (p->state->rss_hf & rss_functions[i].bit)
				weir_json_str(j, NULL, rss_functions[i].name);
		weir_json_end_array(j);
	}
	weir_json_end_object(j);
}

static void describe_offloads(const struct weir_port *p, struct weir_json *j)
{
	weir_json_object(j, "offloads");
	weir_json_bool(j, "rx_checksum", p->rx_checksum);
	weir_json_bool(j, "rx_scatter", p->scatter);
	weir_json_bool(j, "tx_chains", p->tx_chains);
	weir_json_array(j, "turned_off");
	for (unsigned int o = 0; o < IFACE_OFFLOADS; o++)
		if (p->state->offloads_off & 1U << o)
			weir_json_str(j, NULL, iface_offload_name(o));
	weir_json_end_array(j);
	weir_json_end_object(j);
}

void weir_port_describe(const struct weir_port *p, struct weir_json *j, const char *key)
{
	const struct port_state *s = p->state;
	char device[sizeof(p->conf->device) + 8];

	weir_json_object(j, key);
	weir_json_str(j, "name", p->conf->name);
	weir_json_str(j, "device", port_device_text(p->conf, device, sizeof(device)));
	weir_json_str(j, "driver", s->driver);
	weir_json_str(j, "link", weir_port_link_up(p) ? "up" : "down");
	weir_json_bool(j, "link_taken_down", s->taken_down);
	weir_json_u64(j, "mtu", p->mtu);
	describe_queues(p, j);
	describe_rss(p, j);
	describe_offloads(p, j);
	weir_json_array(j, "limits");
	for (unsigned int i = 0; i < s->n_limits; i++)
		weir_json_str(j, NULL, s->limit[i]);
	weir_json_end_array(j);
	weir_json_end_object(j);
}
