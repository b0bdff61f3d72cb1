/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments made and read. */
#include "segment.h"

#include <weir_pkt.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

/* Options as Linux writes them: MSS, SACK permitted, timestamps, window scale; then timestamps. */
#define SYN_OPTIONS  20
#define DATA_OPTIONS 12
#define WINDOW_SCALE 7
#define FRAME_HEAD \
	(sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_tcp_hdr))

static void write_options(uint8_t *at, uint32_t clock_ms, bool syn)
{
	static const uint8_t of_syn[] = {2, 4, 1460 >> 8, 1460 & 0xff, 4, 2, 8, 10};
	static const uint8_t of_data[] = {1, 1, 8, 10}, scale[] = {1, 3, 3, WINDOW_SCALE};
	uint32_t ms = rte_cpu_to_be_32(clock_ms);
	uint8_t *stamps = at + (syn ? sizeof(of_syn) : sizeof(of_data));

	memcpy(at, syn ? of_syn : of_data, (size_t)(stamps - at));
	memcpy(stamps, &ms, sizeof(ms));
	memcpy(stamps + 4, &ms, sizeof(ms));
	if (syn)
		memcpy(stamps + 8, scale, sizeof(scale));
}

static void write_ip(struct rte_ipv4_hdr *ip, const struct bench_segment *s, uint32_t len)
{
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->time_to_live = 64;
	ip->next_proto_id = WEIR_PROTO_TCP;
	ip->total_length = rte_cpu_to_be_16((uint16_t)len);
	ip->src_addr = rte_cpu_to_be_32(s->src);
	ip->dst_addr = rte_cpu_to_be_32(s->dst);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

struct rte_mbuf *bench_segment_make(struct rte_mempool *pool, const struct bench_segment *s)
{
	bool syn = s->flags & WEIR_TCP_SYN;
	uint32_t options = syn ? SYN_OPTIONS : DATA_OPTIONS;
	uint32_t len = (uint32_t)(FRAME_HEAD + options + s->payload.len);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct rte_ether_hdr *eth = m ? (void *)rte_pktmbuf_append(m, (uint16_t)len) : NULL;
	struct rte_ipv4_hdr *ip = (void *)(eth + 1);
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);

	if (!eth) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memset(eth, 0, FRAME_HEAD);
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	write_ip(ip, s, len - (uint32_t)sizeof(*eth));
	tcp->src_port = rte_cpu_to_be_16(s->sport);
	tcp->dst_port = rte_cpu_to_be_16(s->dport);
	tcp->sent_seq = rte_cpu_to_be_32(s->seq);
	tcp->recv_ack = rte_cpu_to_be_32(s->flags & WEIR_TCP_ACK ? s->ack : 0);
	tcp->data_off = (uint8_t)((sizeof(*tcp) + options) / 4 << 4);
	tcp->tcp_flags = s->flags;
	tcp->rx_win = UINT16_MAX;
	write_options((uint8_t *)(tcp + 1), s->clock_ms, syn);
	if (s->payload.len)
		memcpy((uint8_t *)(tcp + 1) + options, s->payload.ptr, s->payload.len);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return m;
}

void bench_segment_read(struct rte_mbuf *m, struct bench_segment *out)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);
	size_t head = sizeof(*ip) + (size_t)(tcp->data_off >> 4) * 4;

	*out = (struct bench_segment){
		.src = rte_be_to_cpu_32(ip->src_addr),
		.dst = rte_be_to_cpu_32(ip->dst_addr),
		.sport = rte_be_to_cpu_16(tcp->src_port),
		.dport = rte_be_to_cpu_16(tcp->dst_port),
		.seq = rte_be_to_cpu_32(tcp->sent_seq),
		.ack = rte_be_to_cpu_32(tcp->recv_ack),
		.flags = tcp->tcp_flags,
		.window = (uint32_t)rte_be_to_cpu_16(tcp->rx_win) << WINDOW_SCALE,
		.payload = weir_bytes_of((const uint8_t *)ip + head,
					 rte_be_to_cpu_16(ip->total_length) - head),
	};
}
