/* SPDX-License-Identifier: BSD-3-Clause */
/* Round-trip time and retransmission timeout (RFC 6298), microseconds. */
#include "tcp_impl.h"

#define RTO_MIN_US     200000u /* as Linux; RFC 6298 asks for a second, and allows less */
#define RTO_MAX_US     120000000u
#define RTO_INITIAL_US 1000000u
#define GRANULARITY_US 1100u /* a tick of the wheel */

void tcp_rtt_sample(struct tcp_leg *l, uint32_t rtt_us)
{
	rtt_us = rtt_us ? rtt_us : 1;
	if (!(l->flags & LEG_RTT_SEEN)) {
		l->flags |= LEG_RTT_SEEN;
		l->srtt_us = rtt_us;
		l->rttvar_us = rtt_us / 2;
	} else {
		uint32_t apart = l->srtt_us > rtt_us ? l->srtt_us - rtt_us : rtt_us - l->srtt_us;

		l->rttvar_us = l->rttvar_us - l->rttvar_us / 4 + apart / 4;
		l->srtt_us = l->srtt_us - l->srtt_us / 8 + rtt_us / 8;
	}
	/* The least of all; a path that has changed shows by the next connection. */
	if (!l->rack.min_rtt_us || rtt_us < l->rack.min_rtt_us)
		l->rack.min_rtt_us = rtt_us;
}

static uint64_t rto_us(const struct tcp_leg *l)
{
	uint64_t rto = RTO_INITIAL_US;

	if (l->flags & LEG_RTT_SEEN) {
		rto = l->srtt_us + (uint64_t)tcp_max(4 * l->rttvar_us, GRANULARITY_US);
		rto = rto < RTO_MIN_US ? RTO_MIN_US : rto;
	}
	rto <<= l->backoff < 16 ? l->backoff : 16;
	return rto < RTO_MAX_US ? rto : RTO_MAX_US;
}

uint64_t tcp_rto_ns(const struct tcp_leg *l)
{
	return rto_us(l) * WEIR_NS_PER_US;
}
