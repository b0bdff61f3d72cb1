/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often a peer may do what costs it little. Each flood has a bucket, kept as the time at which
 * it would be empty again (the generic cell rate algorithm): what may come at `per_s` moves that
 * time on by its share of a second, and it may be ahead of now by what `burst` of them make.
 */
#include "http2_impl.h"

/* Half a window at a time is usual for WINDOW_UPDATE; what comes for less has to fit the rate. */
#define BYTES_A_WINDOW_UPDATE 1024u

const struct weir_http2_limits weir_http2_limits_default = {
	.memory = 2u << 20,
	.streams = 100,
	.stream_window = 256u << 10,
	.session_window = 1u << 20,
	.continuations = 8,
	.stall_ns = 30 * WEIR_NS_PER_S,
	.rates =
		{
			[WEIR_HTTP2_E_RAPID_RESET - 1] = {.burst = 200, .per_s = 30},
			[WEIR_HTTP2_E_SETTINGS_FLOOD - 1] = {.burst = 20, .per_s = 2},
			[WEIR_HTTP2_E_PING_FLOOD - 1] = {.burst = 50, .per_s = 10},
			[WEIR_HTTP2_E_PRIORITY_FLOOD - 1] = {.burst = 500, .per_s = 100},
			[WEIR_HTTP2_E_EMPTY_FLOOD - 1] = {.burst = 100, .per_s = 20},
			[WEIR_HTTP2_E_WINDOW_FLOOD - 1] = {.burst = 1000, .per_s = 200},
			[WEIR_HTTP2_E_UNKNOWN_FLOOD - 1] = {.burst = 100, .per_s = 20},
		},
};

static uint64_t share_of(const struct weir_http2_rate *r)
{
	return WEIR_NS_PER_S / (r->per_s ? r->per_s : 1);
}

bool http2_charge(struct weir_http2_session *s, enum weir_http2_error flood)
{
	const struct weir_http2_rate *r = &s->w->limits.rates[flood - 1];
	uint64_t *tat = &s->tat_ns[flood - 1], share = share_of(r);

	if (*tat < s->now_ns)
		*tat = s->now_ns;
	if (*tat - s->now_ns + share > r->burst * share)
		return false;
	*tat += share;
	return true;
}

void http2_credit(struct weir_http2_session *s, size_t bytes)
{
	uint64_t *tat = &s->tat_ns[WEIR_HTTP2_E_WINDOW_FLOOD - 1];
	uint64_t share = share_of(&s->w->limits.rates[WEIR_HTTP2_E_WINDOW_FLOOD - 1]);
	uint64_t less = share * bytes / BYTES_A_WINDOW_UPDATE;

	*tat = *tat > less ? *tat - less : 0;
}
