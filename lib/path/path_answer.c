/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that do not go on: counted by reason, told in events, answered when policy says so. */
#include "path_event.h"

void path_drop_told(struct path_worker *w, struct weir_pkt *p, enum weir_drop reason)
{
	weir_count_drop(&w->stats, reason);
	path_free(w, p->mbuf);
}

void path_drop(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
	       enum weir_drop reason)
{
	path_note_drop(w, b, p, reason);
	path_drop_told(w, p, reason);
}

/* Each answer costs a second divided by the rate; time passed pays for it (a token bucket). */
static bool may_answer(struct path_worker *w)
{
	uint32_t rate = weir_policy_defaults(w->gen->policy)->answers_per_second;
	uint64_t cost_ns = rate ? WEIR_NS_PER_S / rate : UINT64_MAX;

	w->answer_tokens_ns += w->now_ns - w->answer_refill_ns;
	w->answer_refill_ns = w->now_ns;
	if (w->answer_tokens_ns > PATH_ANSWER_SAVED_NS)
		w->answer_tokens_ns =
			PATH_ANSWER_SAVED_NS > cost_ns ? PATH_ANSWER_SAVED_NS : cost_ns;
	if (w->answer_tokens_ns < cost_ns) {
		weir_count(&w->stats, WEIR_COUNT_ANSWERS_LIMITED, 1);
		return false;
	}
	w->answer_tokens_ns -= cost_ns;
	return true;
}

static void send_answer(struct path_worker *w, const struct path_burst *b, struct rte_mbuf *m,
			enum weir_counter counter)
{
	if (!m)
		return;
	weir_count(&w->stats, counter, 1);
	path_send(w, b->port, m);
}

void path_answer(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p)
{
	if (!may_answer(w))
		return;
	if (p->tuple.proto == WEIR_PROTO_TCP)
		send_answer(w, b, weir_pkt_build_rst(p, w->pool), WEIR_COUNT_RST_SENT);
	else
		send_answer(w, b, weir_pkt_build_prohibited(p, w->pool), WEIR_COUNT_ICMP_SENT);
}

void path_answer_too_big(struct path_worker *w, const struct path_burst *b,
			 const struct weir_pkt *p, uint16_t mtu)
{
	if (p->kind != WEIR_PKT_NON_IP && !p->drop && may_answer(w))
		send_answer(w, b, weir_pkt_build_too_big(p, mtu, w->pool), WEIR_COUNT_ICMP_SENT);
}
