/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flows are whose. Several workers: each flow goes to the worker to which the ports'
 * symmetric RSS would bring it, so that weir finds every packet where it belongs, as behind a NIC.
 */
#include "lcore.h"

#include <stdlib.h>

#include <rte_ip.h>

static unsigned int owner_of(const struct lcore_bench *b, uint32_t number)
{
	const struct bench_template *t =
		bench_template_of(&b->templates, number, BENCH_TO_SERVER, false);
	const struct bench_fields fields = {.number = number, .len = b->len[0]};
	uint8_t frame[BENCH_HEAD_BYTES];
	const uint8_t *src, *l4 = frame + t->l4;
	unsigned int bytes = t->family == 4 ? 4 : 16;

	bench_frame_write(frame, t, &fields);
	src = frame + t->l3 +
	      (t->family == 4 ? offsetof(struct rte_ipv4_hdr, src_addr)
			      : offsetof(struct rte_ipv6_hdr, src_addr));
	return weir_ports_rss_queue(b->ports, src, src + bytes, t->family,
				    (uint16_t)(l4[0] << 8 | l4[1]), (uint16_t)(l4[2] << 8 | l4[3]),
				    b->n_workers);
}

uint32_t lcore_fresh_number(struct lcore_worker *w)
{
	uint32_t number;

	do {
		number = w->fresh++;
	} while (w->bench->n_workers > 1 && owner_of(w->bench, number) != w->id);
	return number;
}

int lcore_flows_assign(struct lcore_bench *b)
{
	uint32_t flows = (uint32_t)b->opt->flows;

	if (b->n_workers == 1)
		return 0;
	for (unsigned int i = 0; i < b->n_workers; i++) {
		struct lcore_worker *w = b->worker[i];

		w->number = calloc(flows, sizeof(*w->number));
		if (!w->number)
			return -WEIR_ENOMEM;
		for (uint32_t k = 0; k < flows; k++)
			w->number[k] = lcore_fresh_number(w);
	}
	return 0;
}
