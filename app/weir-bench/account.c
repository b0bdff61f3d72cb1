/* SPDX-License-Identifier: BSD-3-Clause */
/* What arrived of a numbered stream, by a sliding bit window (as RFC 4303 appendix A2 does it). */
#include "account.h"

static void advance(struct bench_stream *s, uint32_t by)
{
	s->seen = by < BENCH_WINDOW ? s->seen << by : 0;
	s->seen |= 1;
	s->next += by;
}

static void arrived_late(struct bench_account *a, struct bench_stream *s, uint32_t behind)
{
	uint64_t bit;

	if (behind >= BENCH_WINDOW) {
		a->reordered++;
		a->too_late++;
		return;
	}
	bit = 1ULL << behind;
	if (s->seen & bit)
		a->duplicates++;
	else
		a->reordered++;
	s->seen |= bit;
}

void bench_account_arrival(struct bench_account *a, struct bench_stream *s, uint32_t seq)
{
	int32_t ahead = (int32_t)(seq - s->next);

	a->received++;
	if (weir_likely(ahead >= 0))
		advance(s, (uint32_t)ahead + 1);
	else
		arrived_late(a, s, s->next - seq - 1);
}

uint64_t bench_account_lost(const struct bench_account *a, uint64_t sent)
{
	uint64_t unique = a->received - a->duplicates;

	return sent > unique ? sent - unique : 0;
}
