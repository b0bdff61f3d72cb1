/* SPDX-License-Identifier: BSD-3-Clause */
/* CUBIC congestion control (RFC 9438) over bytes, with slow start and initial window of RFC 5681
 * and RFC 6928. */
#include "tcp_impl.h"

#include <math.h>

#define BETA     0.7f /* RFC 9438 section 4.6 */
#define C        0.4f /* segments a second cubed, section 5 */
#define CWND_MAX (256u << 20)

static uint32_t initial_window(const struct tcp_leg *l)
{
	return tcp_min(10u * l->mss, tcp_max(2u * l->mss, 14600));
}

void tcp_congestion_init(struct tcp_leg *l)
{
	l->cwnd = initial_window(l);
	l->ssthresh = UINT32_MAX;
}

static void begin_epoch(struct weir_tcp *t, struct tcp_leg *l)
{
	struct tcp_cubic *q = &l->cubic;

	q->epoch_ns = t->now_ns;
	q->w_est = l->cwnd;
	if (q->w_max <= l->cwnd) {
		q->w_max = l->cwnd;
		q->k_s = 0;
	} else {
		q->k_s = cbrtf((float)(q->w_max - l->cwnd) / (float)l->mss / C);
	}
}

/* W_cubic(t + RTT), section 4.2, in bytes; between cwnd and one and a half of it. */
static float target(const struct weir_tcp *t, const struct tcp_leg *l)
{
	float at_s = (float)(t->now_ns - l->cubic.epoch_ns) * 1e-9f + (float)l->srtt_us * 1e-6f;
	float d = at_s - l->cubic.k_s;
	float w = (float)l->cubic.w_max + C * d * d * d * (float)l->mss;

	return fminf(fmaxf(w, (float)l->cwnd), 1.5f * (float)l->cwnd);
}

/* What Reno would have (section 4.3). */
static void grow_estimate(struct tcp_leg *l, uint32_t bytes)
{
	float alpha =
		l->cubic.w_est >= l->cubic.prior_cwnd ? 1.0f : 3.0f * (1.0f - BETA) / (1.0f + BETA);

	l->cubic.w_est += (uint32_t)(alpha * (float)bytes * (float)l->mss / (float)l->cwnd);
}

void tcp_congestion_acked(struct weir_tcp *t, struct tcp_leg *l, uint32_t bytes)
{
	/* A window that is not used up says nothing (RFC 7661). */
	if (tcp_pipe(l) + bytes < l->cwnd / 2)
		return;
	if (l->cwnd < l->ssthresh) {
		l->cwnd = tcp_min(l->cwnd + bytes, CWND_MAX);
		return;
	}
	if (!l->cubic.epoch_ns)
		begin_epoch(t, l);
	grow_estimate(l, bytes);
	l->cwnd += (uint32_t)((target(t, l) - (float)l->cwnd) * (float)bytes / (float)l->cwnd);
	l->cwnd = tcp_min(tcp_max(l->cwnd, l->cubic.w_est), CWND_MAX);
}

void tcp_congestion_event(struct weir_tcp *t, struct tcp_leg *l)
{
	struct tcp_cubic *q = &l->cubic;

	(void)t;
	q->epoch_ns = 0;
	q->prior_cwnd = l->cwnd;
	/* Fast convergence, section 4.7. */
	q->w_max = l->cwnd < q->w_max ? (uint32_t)((float)l->cwnd * (1.0f + BETA) / 2.0f) : l->cwnd;
	l->ssthresh = tcp_max((uint32_t)((float)l->cwnd * BETA), 2u * l->mss);
}

/* After a pause the old window is no news of the path any more (RFC 5681 section 4.1). */
void tcp_congestion_idle(struct weir_tcp *t, struct tcp_leg *l)
{
	(void)t;
	l->cwnd = tcp_min(l->cwnd, initial_window(l));
	l->cubic.epoch_ns = 0;
}
