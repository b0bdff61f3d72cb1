/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments in sequence: each 6 bytes of input are one, {control, id, offset, offset, length,
 * length}. Whatever comes, no buffer is lost and what comes out can be cut and read again.
 */
#include "fuzz_eal.h"

#include <weir_pkt.h>

#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_mbuf.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rte_mempool *pool;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (fuzz_start_eal() < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("fuzz", 4095, 0, 0, RTE_PKTMBUF_HEADROOM + 2048, 0);
	return pool == NULL;
}

static struct rte_mbuf *fragment(const uint8_t *d, bool v6)
{
	uint16_t off = (uint16_t)((d[2] << 8 | d[3]) & 0x1fff), len = (d[4] << 8 | d[5]) % 1400 + 1;
	bool more = d[0] & 2;
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *at = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(14 + (v6 ? 48 : 20) + len));

	memset(at, 0, rte_pktmbuf_data_len(m));
	if (v6) {
		uint16_t payload = rte_cpu_to_be_16((uint16_t)(8 + len));
		uint16_t field = rte_cpu_to_be_16((uint16_t)(off << 3 | more));

		memcpy(at + 12, "\x86\xdd\x60", 3);
		memcpy(at + 18, &payload, 2);
		at[20] = 44;
		at[21] = 64;
		memcpy(at + 22, "\x20\x01\x0d\xb8", 4);
		memcpy(at + 38, "\x20\x01\x0d\xb8\x01", 5);
		at[54] = 17;
		memcpy(at + 56, &field, 2);
		at[61] = d[1];
	} else {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(at + 14);

		at[12] = 8;
		ip->version_ihl = 0x45;
		ip->total_length = rte_cpu_to_be_16((uint16_t)(20 + len));
		ip->packet_id = d[1];
		ip->fragment_offset = rte_cpu_to_be_16((uint16_t)(off | (more ? 0x2000 : 0)));
		ip->time_to_live = 64;
		ip->next_proto_id = 17;
		ip->src_addr = rte_cpu_to_be_32(0x0a000001 + (d[0] >> 5));
		ip->dst_addr = rte_cpu_to_be_32(0x0a000101);
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	return m;
}

static void take_apart(struct rte_mbuf *m, const struct weir_frag_made *made)
{
	struct rte_mbuf *cut[256];
	struct weir_pkt p;
	int n;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_IGNORE);
	if (p.drop) {
		rte_pktmbuf_free(m);
		return;
	}
	p.flags |= WEIR_PKT_REASSEMBLED;
	p.frag_size = made->frag_size;
	p.frag_id = made->frag_id;
	n = weir_frag_cut(&p, pool, cut, 256);
	for (int i = 0; i < n; i++) {
		weir_pkt_parse(&p, cut[i], WEIR_PKT_CHECKSUM_IGNORE);
		if (p.drop && p.drop != WEIR_DROP_FRAG_TINY_FIRST)
			abort();
		rte_pktmbuf_free(cut[i]);
	}
}

static void add(struct weir_frag *f, struct rte_mbuf *m, uint64_t now_ns)
{
	struct weir_frag_made made;
	enum weir_drop drop;
	struct rte_mbuf *whole;
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_IGNORE);
	if (p.drop || !(p.flags & WEIR_PKT_FRAGMENT)) {
		rte_pktmbuf_free(m);
		return;
	}
	whole = weir_frag_add(f, &p, now_ns, &made, &drop);
	if (whole && drop)
		abort();
	if (whole)
		take_apart(whole, &made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_frag_cfg cfg = {.datagrams = 16, .per_source = 6};
	struct weir_frag *f = weir_frag_create(&cfg);
	struct weir_stats stats = {0};
	uint64_t now_ns = WEIR_NS_PER_S;

	if (!f)
		abort();
	for (; size >= 6; data += 6, size -= 6) {
		now_ns += (data[0] & 0x1c) * WEIR_NS_PER_S / 8;
		weir_frag_expire(f, now_ns, &stats);
		add(f, fragment(data, data[0] & 1), now_ns);
		if (weir_frag_held(f) > 16)
			abort();
	}
	weir_frag_destroy(f);
	if (rte_mempool_in_use_count(pool))
		abort();
	return 0;
}
