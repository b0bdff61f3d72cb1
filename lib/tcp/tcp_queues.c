/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues of a leg. Most connections are idle at any time, with nothing in either direction, so
 * queues are lent: there are as many as spans, one of which at least is in each that is not just
 * about to be given back. To have none left is the same as to have no span left.
 */
#include "tcp_impl.h"

bool tcp_borrow_queues(struct weir_tcp *t, struct tcp_leg *l)
{
	struct tcp_queues *q;

	if (weir_likely(l->q != &t->empty))
		return true;
	q = weir_pool_take(t->queues);
	if (weir_unlikely(!q))
		return false;
	*q = (struct tcp_queues){0};
	l->q = q;
	return true;
}

static bool is_empty(const struct tcp_queues *q)
{
	return !q->out.head && !q->in.ready.head && !q->in.gaps.head;
}

void tcp_settle_queues(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->q == &t->empty || !is_empty(l->q))
		return;
	weir_pool_give(t->queues, l->q);
	l->q = &t->empty;
}

void tcp_drop_queues(struct weir_tcp *t, struct tcp_leg *l)
{
	weir_reasm_fini(t->spans, &l->q->in);
	weir_spans_clear(t->spans, &l->q->out);
	tcp_settle_queues(t, l);
}
