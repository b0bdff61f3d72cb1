/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One frame: {segment length, mode, bytes}. In one buffer exactly as large as it is, so that a
 * sanitizer sees a read past it, and in segments, which must make no difference; what is said about
 * lengths must be true, and answers must be without fault.
 */
#include <weir_mem.h>
#include <weir_pkt.h>

#include <stdlib.h>

#include <rte_mbuf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 2048

static struct rte_mempool *pool;

static void start(void)
{
	struct weir_eal_cfg eal = {.program = "fuzz_pkt", .need_bytes = 32 << 20, .quiet = true};

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	pool = weir_mbuf_pool_create("fuzz", 255, ROOM, 0);
	weir_assert(pool != NULL);
}

/* ---- buffers ---- */

struct exact {
	uint8_t *bytes;
	struct rte_mbuf_ext_shared_info info;
};

static void keep_buffer(void *addr, void *opaque)
{
	(void)addr;
	(void)opaque;
}

static struct rte_mbuf *exactly(struct exact *e, const uint8_t *data, size_t size)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	e->bytes = malloc(size);
	weir_assert(m && e->bytes);
	memcpy(e->bytes, data, size);
	e->info.free_cb = keep_buffer;
	rte_mbuf_ext_refcnt_set(&e->info, 1);
	rte_pktmbuf_attach_extbuf(m, e->bytes, RTE_BAD_IOVA, (uint16_t)size, &e->info);
	m->data_off = 0;
	weir_assert(rte_pktmbuf_append(m, (uint16_t)size) != NULL);
	return m;
}

/* In segments of `step` bytes; 0: as long as they can be. */
static struct rte_mbuf *chain_of(const uint8_t *data, size_t size, size_t step)
{
	struct rte_mbuf *head = NULL;

	step = step ? step : ROOM;
	do {
		size_t n = size < step ? size : step;
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		weir_assert(m != NULL);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), data, n);
		if (head)
			weir_assert(rte_pktmbuf_chain(head, m) == 0);
		else
			head = m;
		data += n;
		size -= n;
	} while (size);
	return head;
}

/* ---- what must hold ---- */

static void check_lengths(const struct weir_pkt *p)
{
	uint32_t end = (uint32_t)p->l3_off + p->l3_len;

	weir_assert(p->l3_off <= rte_pktmbuf_data_len(p->mbuf));
	if (p->kind == WEIR_PKT_NON_IP)
		return;
	weir_assert(end <= rte_pktmbuf_pkt_len(p->mbuf));
	weir_assert(p->l4_off <= rte_pktmbuf_data_len(p->mbuf) && p->l4_off <= end);
	weir_assert(p->tuple.family == (p->kind == WEIR_PKT_IPV4 ? 4 : 6));
	if (p->flags & WEIR_PKT_FRAGMENT) {
		weir_assert(p->frag_offset + end - p->l4_off <= UINT16_MAX && p->l4_off < end);
		return;
	}
	weir_assert(p->payload_off >= p->l4_off && p->payload_off + p->payload_len <= end);
}

static bool same_tuple(const struct weir_pkt_tuple *a, const struct weir_pkt_tuple *b)
{
	size_t len = a->family == 4 ? 4 : 16;

	return a->family == b->family && a->proto == b->proto && a->sport == b->sport &&
	       a->dport == b->dport && a->vlan == b->vlan && a->vlan_inner == b->vlan_inner &&
	       memcmp(a->src, b->src, len) == 0 && memcmp(a->dst, b->dst, len) == 0;
}

static void check_same(const struct weir_pkt *a, const struct weir_pkt *b)
{
	weir_assert(a->drop == b->drop);
	if (a->drop)
		return;
	weir_assert(a->kind == b->kind && a->flags == b->flags && a->l3_off == b->l3_off);
	weir_assert(a->ether_type == b->ether_type);
	if (a->kind == WEIR_PKT_NON_IP)
		return;
	weir_assert(a->l3_len == b->l3_len && a->l4_off == b->l4_off);
	weir_assert(same_tuple(&a->tuple, &b->tuple));
}

/* What weir says itself is without fault, but may quote what is not whole. */
static void check_answer(struct rte_mbuf *m)
{
	struct weir_pkt p;

	if (!m)
		return;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	weir_assert(!p.drop || p.drop == WEIR_DROP_ICMP_ERROR_BAD_QUOTE);
	weir_assert(p.l3_len <= (p.kind == WEIR_PKT_IPV4 ? 576 : 1280));
	rte_pktmbuf_free(m);
}

static void check_answers(const struct weir_pkt *p)
{
	if (p->drop)
		return;
	check_answer(weir_pkt_build_rst(p, pool));
	check_answer(weir_pkt_build_prohibited(p, pool));
	check_answer(weir_pkt_build_too_big(p, 1280, pool));
}

/* Completed once, it is complete. */
static void check_repair(const struct weir_pkt *p)
{
	struct weir_pkt again;

	if (p->drop || !(p->flags & WEIR_PKT_UNFINISHED))
		return;
	p->mbuf->ol_flags = 0;
	weir_pkt_parse(&again, p->mbuf, WEIR_PKT_CHECKSUM_VERIFY);
	weir_assert(!again.drop);
}

/* Headers past what is joined, or an error that quotes that much, may be too far apart. */
static bool is_apart(const struct weir_pkt *p)
{
	return p->drop == WEIR_DROP_HEADERS_SEGMENTED || p->drop == WEIR_DROP_ICMP_ERROR_BAD_QUOTE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum weir_pkt_checksum mode;
	struct weir_pkt p, q;
	struct exact e;
	struct rte_mbuf *m, *chain;

	if (!pool)
		start();
	if (size < 2 || size > 9000 || (data[0] && (size - 2) / data[0] > 100))
		return 0;
	mode = (enum weir_pkt_checksum)(data[1] % 3);
	m = exactly(&e, data + 2, size - 2);
	memset(&p, 0xa5, sizeof(p));
	weir_pkt_parse(&p, m, mode);
	if (!p.drop)
		check_lengths(&p);
	check_answers(&p);
	check_repair(&p);
	chain = chain_of(data + 2, size - 2, data[0]);
	memset(&q, 0x5a, sizeof(q));
	weir_pkt_parse(&q, chain, mode);
	weir_assert(rte_mbuf_check(chain, 1, NULL) == 0);
	weir_assert(rte_pktmbuf_pkt_len(chain) == size - 2);
	if (!q.drop)
		check_lengths(&q);
	if (!is_apart(&q))
		check_same(&p, &q);
	check_answers(&q);
	check_repair(&q);
	rte_pktmbuf_free(chain);
	rte_pktmbuf_free(m);
	free(e.bytes);
	weir_assert(rte_mempool_in_use_count(pool) == 0);
	return 0;
}
