/* SPDX-License-Identifier: BSD-3-Clause */
/* Between TCP's states (flow_tcp.c) and its numbers (flow_window.c). */
#ifndef FLOW_TCP_H
#define FLOW_TCP_H

#include "flow_impl.h"

/* Sequence numbers are compared modulo 2^32 (RFC 9293 section 3.4). */
static inline bool seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_after(uint32_t a, uint32_t b)
{
	return seq_before(b, a);
}

static inline uint32_t segment_len(const struct weir_pkt *p)
{
	return p->payload_len + !!(p->tcp_flags & WEIR_TCP_SYN) + !!(p->tcp_flags & WEIR_TCP_FIN);
}

static inline uint32_t segment_end(const struct weir_pkt *p)
{
	return p->seq + segment_len(p);
}

/*
 * The sender's SYN, or SYN-ACK: its numbers and options begin with it, or begin anew when the
 * sequence number is another. TCP_BAD_ACK, and nothing changed, when it does not acknowledge the
 * other side's SYN.
 */
enum weir_drop window_begin_syn(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir);

/* The first segment of a side whose SYN was not seen: believed. */
void window_begin_midstream(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir);

/* Both SYNs are acknowledged: scales count only when both had the option. */
void window_settle_scale(struct weir_flow *f);

/* Whether a segment (with ACK, sender heard) fits the receiver's window, and its acknowledgement
 * what the receiver has sent. NONE, TCP_OUT_OF_WINDOW or TCP_BAD_ACK. */
enum weir_drop window_check(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir);

/* The same for a reset; *ends tells whether the receiver will obey it. */
enum weir_drop window_check_reset(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir,
				  bool *ends);

/* Notes a segment that window_check let pass. */
void window_note(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir);

#endif
