/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames, whole and in segments: parsing, answers, and that no buffer is lost. */
#include "fuzz_eal.h"

#include <weir_pkt.h>

#include <stdlib.h>
#include <string.h>

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
	pool = rte_pktmbuf_pool_create("fuzz", 255, 0, 0, RTE_PKTMBUF_HEADROOM + 2048, 0);
	return pool == NULL;
}

/* The first byte tells how long segments are; 0: as long as they can be. */
static struct rte_mbuf *chain_of(const uint8_t *data, size_t size, size_t step)
{
	struct rte_mbuf *head = NULL;

	if (step == 0 || step > 2048)
		step = 2048;
	do {
		size_t n = size < step ? size : step;
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		memcpy(rte_pktmbuf_append(m, (uint16_t)n), data, n);
		if (!head)
			head = m;
		else if (rte_pktmbuf_chain(head, m))
			abort();
		data += n;
		size -= n;
	} while (size);
	return head;
}

/* What weir says itself must be flawless. */
static void check_answer(struct rte_mbuf *m)
{
	struct weir_pkt p;

	if (!m)
		return;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	if (p.drop && p.drop != WEIR_DROP_ICMP_ERROR_BAD_QUOTE)
		abort();
	rte_pktmbuf_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rte_mbuf *m;
	struct weir_pkt p;

	if (size < 2 || size > 9000)
		return 0;
	m = chain_of(data + 2, size - 2, data[0] ? data[0] + 40u : 0);
	weir_pkt_parse(&p, m, (enum weir_pkt_checksum)(data[1] % 3));
	if (!p.drop && p.kind != WEIR_PKT_NON_IP) {
		if ((uint32_t)p.l3_off + p.l3_len > rte_pktmbuf_pkt_len(m))
			abort();
		if (!(p.flags & WEIR_PKT_FRAGMENT) &&
		    p.payload_off + p.payload_len > rte_pktmbuf_pkt_len(m))
			abort();
		check_answer(weir_pkt_build_rst(&p, pool));
		check_answer(weir_pkt_build_prohibited(&p, pool));
		check_answer(weir_pkt_build_too_big(&p, 1280, pool));
	}
	rte_pktmbuf_free(m);
	if (rte_mempool_in_use_count(pool))
		abort();
	return 0;
}
