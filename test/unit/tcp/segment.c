/* SPDX-License-Identifier: BSD-3-Clause */
#include "segment.h"

#include <weir_test.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

static const uint16_t ports[2] = {4000, 80};

static uint8_t *put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	return put16(put16(at, (uint16_t)(v >> 16)), (uint16_t)v);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static size_t write_options(uint8_t *start, const struct segment *s)
{
	uint8_t *at = start;

	if (s->mss) {
		at = put16(at, 0x0204);
		at = put16(at, s->mss);
	}
	if (s->fast_open) {
		at = put16(at, 0x220a);
		at = put32(put32(at, 0x01020304), 0x05060708);
	}
	if (s->timestamp) {
		at = put16(put16(at, 0x0101), 0x080a);
		at = put32(put32(at, s->ts_val), s->ts_ecr);
	}
	if (s->scale != 0xff) {
		at = put16(at, 0x0303);
		*at++ = s->scale;
	}
	if (s->sack_ok)
		at = put16(at, 0x0402);
	if (s->n_sack) {
		at = put16(at, 0x0101);
		*at++ = 5;
		*at++ = (uint8_t)(2 + 8 * s->n_sack);
		for (unsigned int i = 0; i < s->n_sack; i++)
			at = put32(put32(at, s->sack[i][0]), s->sack[i][1]);
	}
	while ((at - start) % 4)
		*at++ = 1;
	return (size_t)(at - start);
}

static size_t l3_len(uint8_t family)
{
	return family == 4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
}

static void write_l2_l3(uint8_t *at, unsigned int from, uint8_t family, size_t l4_len, uint8_t ecn)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)(void *)at;
	struct rte_ipv4_hdr *v4 = (struct rte_ipv4_hdr *)(void *)(eth + 1);
	struct rte_ipv6_hdr *v6 = (struct rte_ipv6_hdr *)(void *)(eth + 1);

	memset(at, 0, sizeof(*eth) + l3_len(family));
	eth->src_addr.addr_bytes[0] = eth->dst_addr.addr_bytes[0] = 2;
	eth->src_addr.addr_bytes[5] = (uint8_t)(1 + from);
	eth->dst_addr.addr_bytes[5] = (uint8_t)(2 - from);
	eth->ether_type = rte_cpu_to_be_16(family == 4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	if (family == 4) {
		v4->version_ihl = 0x45;
		v4->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*v4) + l4_len));
		v4->type_of_service = ecn;
		v4->time_to_live = (uint8_t)(60 + from);
		v4->next_proto_id = 6;
		v4->fragment_offset = rte_cpu_to_be_16(0x4000);
		v4->src_addr = rte_cpu_to_be_32(0x0a000001 + from);
		v4->dst_addr = rte_cpu_to_be_32(0x0a000002 - from);
		v4->hdr_checksum = rte_ipv4_cksum(v4);
	} else {
		v6->vtc_flow = rte_cpu_to_be_32(0x60000000 | (uint32_t)ecn << 20);
		v6->payload_len = rte_cpu_to_be_16((uint16_t)l4_len);
		v6->proto = 6;
		v6->hop_limits = (uint8_t)(60 + from);
		v6->src_addr[0] = v6->dst_addr[0] = 0xfd;
		v6->src_addr[15] = (uint8_t)(1 + from);
		v6->dst_addr[15] = (uint8_t)(2 - from);
	}
}

struct rte_mbuf *segment_to_frame(const struct segment *s, unsigned int from, uint8_t family,
				  struct rte_mempool *pool)
{
	size_t head = sizeof(struct rte_ether_hdr) + l3_len(family);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t options[80];
	size_t options_len = write_options(options, s);
	size_t l4_len = sizeof(struct rte_tcp_hdr) + options_len + s->len;
	struct rte_tcp_hdr *h;
	uint8_t *at;

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_le(options_len, 40);
	at = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(head + l4_len));
	ck_assert_ptr_nonnull(at);
	write_l2_l3(at, from, family, l4_len, s->ecn);
	h = (struct rte_tcp_hdr *)(void *)(at + head);
	h->src_port = rte_cpu_to_be_16(ports[from]);
	h->dst_port = rte_cpu_to_be_16(ports[!from]);
	h->sent_seq = rte_cpu_to_be_32(s->seq);
	h->recv_ack = rte_cpu_to_be_32(s->ack);
	h->data_off = (uint8_t)((sizeof(*h) + options_len) / 4 << 4);
	h->tcp_flags = s->flags;
	h->rx_win = rte_cpu_to_be_16(s->window);
	h->tcp_urp = rte_cpu_to_be_16(s->urgent);
	h->cksum = 0;
	memcpy(h + 1, options, options_len);
	memcpy((uint8_t *)(h + 1) + options_len, s->payload, s->len);
	h->cksum = family == 4
			   ? rte_ipv4_udptcp_cksum((void *)(at + sizeof(struct rte_ether_hdr)), h)
			   : rte_ipv6_udptcp_cksum((void *)(at + sizeof(struct rte_ether_hdr)), h);
	return m;
}

static void read_option(struct segment *s, uint8_t kind, const uint8_t *v, size_t len)
{
	switch (kind) {
	case 2:
		s->mss = (uint16_t)(v[0] << 8 | v[1]);
		break;
	case 3:
		s->scale = v[0];
		break;
	case 4:
		s->sack_ok = true;
		break;
	case 5:
		for (s->n_sack = 0; s->n_sack < len / 8; s->n_sack++) {
			s->sack[s->n_sack][0] = get32(v + 8 * s->n_sack);
			s->sack[s->n_sack][1] = get32(v + 8 * s->n_sack + 4);
		}
		break;
	case 8:
		s->timestamp = true;
		s->ts_val = get32(v);
		s->ts_ecr = get32(v + 4);
		break;
	default:
		ck_abort_msg("option %u is not spoken", kind);
	}
}

static void read_options(struct segment *s, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len && at[i] != 0;) {
		if (at[i] == 1) {
			i++;
			continue;
		}
		ck_assert_uint_ge(at[i + 1], 2);
		ck_assert_uint_le(i + at[i + 1], len);
		read_option(s, at[i], at + i + 2, at[i + 1] - 2u);
		i += at[i + 1];
	}
}

void segment_from_frame(struct segment *s, struct rte_mbuf *m, unsigned int from, uint8_t family)
{
	struct weir_pkt p;
	const uint8_t *at;
	uint8_t ecn;
	uint8_t expected[sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr)];

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_msg(p.drop == 0, "weir sent what it would not take: %s",
		      weir_drop_name((enum weir_drop)p.drop));
	ck_assert_uint_eq(p.tuple.proto, WEIR_PROTO_TCP);
	ck_assert_uint_eq(p.tuple.sport, ports[from]);
	ck_assert_uint_eq(p.tuple.dport, ports[!from]);
	at = rte_pktmbuf_mtod(m, const uint8_t *);
	ecn = at[sizeof(struct rte_ether_hdr) + 1] >> (family == 4 ? 0 : 4) & 3;
	write_l2_l3(expected, from, family, p.l3_len - l3_len(family), ecn);
	ck_assert_mem_eq(at, expected, sizeof(struct rte_ether_hdr) + 4);
	*s = (struct segment){
		.seq = p.seq,
		.ack = p.ack,
		.window = p.window,
		.flags = at[p.l4_off + 13], /* weir_pkt has not all of them */
		.ecn = ecn,
		.ttl = at[sizeof(struct rte_ether_hdr) + (family == 4 ? 8 : 7)],
		.scale = 0xff,
		.len = (uint16_t)p.payload_len,
	};
	read_options(s, at + p.l4_off + 20, p.payload_off - p.l4_off - 20u);
	ck_assert_uint_le(s->len, SEGMENT_PAYLOAD_MAX);
	rte_memcpy(s->payload, at + p.payload_off, s->len);
	rte_pktmbuf_free(m);
}
