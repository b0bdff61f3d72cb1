/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues of a leg. Most connections are idle at any time, with nothing in either direction, so
 * queues are lent: there are as many as spans, one of which at least is in each that is not just
 * about to be given back. To have none left is the same as to have no span left. They go to and fro
 * with each request, so they are a list of their own, inline (tcp_impl.h).
 */
#include "tcp_impl.h"

#include <rte_malloc.h>

bool tcp_queues_create(struct weir_tcp *t)
{
	struct tcp_queues *all = rte_calloc(NULL, t->cfg.segments, sizeof(*all), WEIR_CACHE_LINE);

	if (!all)
		return false;
	t->queues = all;
	t->lent_queues.size = t->cfg.segments;
	for (uint32_t i = t->cfg.segments; i > 0; i--) {
		all[i - 1].next = t->free_queues;
		t->free_queues = &all[i - 1];
	}
	return true;
}

void tcp_queues_destroy(struct weir_tcp *t)
{
	weir_assert(t->lent_queues.used == 0);
	rte_free(t->queues);
}

void tcp_drop_queues(struct weir_tcp *t, struct tcp_leg *l)
{
	weir_reasm_fini(t->spans, &l->q->in);
	weir_spans_clear(t->spans, &l->q->out);
	*l->q = (struct tcp_queues){0};
	tcp_settle_queues(t, l);
}
