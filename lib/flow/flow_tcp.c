/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP as a third party can follow it: which segments may pass between two endpoints, by state and
 * by window. The window test is van Rooij's (see struct weir_flow_tcp), as Linux has it too.
 */
#include "flow_impl.h"

/* A sender may be behind in what it acknowledges by so much at least: old acknowledgements that
 * were overtaken are not attacks. */
#define ACK_BEHIND 66000

/* Scale of a peer whose SYN was not seen: the largest there is, so that nothing honest is refused.
 */
#define SCALE_UNSEEN 14

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static bool after(uint32_t a, uint32_t b)
{
	return before(b, a);
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t segment_len(const struct weir_pkt *p)
{
	return p->payload_len + !!(p->tcp_flags & WEIR_TCP_SYN) + !!(p->tcp_flags & WEIR_TCP_FIN);
}

/* ---- state ---- */

enum event { SYN, SYN_ACK, FIN, ACK, EVENTS };

#define NO WEIR_FLOW_STATE_END /* the state does not allow it */
#define SS WEIR_FLOW_SYN_SENT
#define SR WEIR_FLOW_SYN_RECEIVED
#define ES WEIR_FLOW_ESTABLISHED

/*
 * Opening, by direction: [direction][event][SYN_SENT or SYN_RECEIVED]. What is refused here is a
 * segment that neither endpoint would take (RFC 9293 section 3.10.7.3 and .4).
 */
static const uint8_t opening[2][EVENTS][2] = {
	{
		/* from the initiator */
		[SYN] = {SS, SR},     /* sent again, perhaps with a new ISN */
		[SYN_ACK] = {NO, SR}, /* simultaneous open: answers the responder's SYN */
		[FIN] = {NO, ES},     /* ACK and FIN in one */
		[ACK] = {NO, ES},     /* the third of three */
	},
	{
		/* from the responder */
		[SYN] = {SR, SR},     /* simultaneous open (section 3.5, figure 7) */
		[SYN_ACK] = {SR, SR}, /* first, or sent again */
		[FIN] = {NO, ES},     /* simultaneous open's last ACK, with FIN */
		[ACK] = {SS, SR},     /* challenge ACK of an old half-open connection (3.5.1) */
	},
};

/* Closing, by how many FINs were seen and how many of them acknowledged. */
static const uint8_t closing[3][3] = {
	{ES, ES, ES},
	{WEIR_FLOW_FIN_WAIT, WEIR_FLOW_CLOSE_WAIT, WEIR_FLOW_CLOSE_WAIT},
	{WEIR_FLOW_LAST_ACK, WEIR_FLOW_LAST_ACK, WEIR_FLOW_TIME_WAIT},
};

static enum event event_of(const struct weir_pkt *p)
{
	if (p->tcp_flags & WEIR_TCP_SYN)
		return p->tcp_flags & WEIR_TCP_ACK ? SYN_ACK : SYN;
	return p->tcp_flags & WEIR_TCP_FIN ? FIN : ACK;
}

static bool is_opening(const struct weir_flow *f)
{
	return f->state == SS || f->state == SR;
}

static bool fin_acked(const struct weir_flow *f, unsigned int dir)
{
	return f->tcp[dir].fin && f->tcp[!dir].acked &&
	       !before(f->tcp[!dir].ack, f->tcp[dir].fin_seq);
}

static uint8_t next_state(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	if (is_opening(f))
		return opening[dir][event_of(p)][f->state == SR];
	return f->state;
}

static void settle_state(struct weir_flow *f, uint8_t next)
{
	f->state = next;
	if (!is_opening(f) && f->state != WEIR_FLOW_CLOSED)
		f->state =
			closing[f->tcp[0].fin + f->tcp[1].fin][fin_acked(f, 0) + fin_acked(f, 1)];
}

/* ---- windows ---- */

static void take_scale(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];

	sender->scale_sent = p->wscale != 0xff;
	sender->scale = sender->scale_sent ? p->wscale : 0;
	/* RFC 7323 section 2.2: only when both sent it. Known when the answer to a SYN is seen. */
	if (p->tcp_flags & WEIR_TCP_ACK && !(sender->scale_sent && receiver->scale_sent))
		sender->scale = receiver->scale = 0;
}

static void begin_sender(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	struct weir_flow_tcp *sender = &f->tcp[dir];
	uint32_t end = p->seq + segment_len(p);

	sender->end = end;
	sender->max_end = end;
	if (p->tcp_flags & WEIR_TCP_SYN) {
		sender->max_win = max_u32(p->window, 1);
		take_scale(f, p, dir);
		return;
	}
	sender->scale = SCALE_UNSEEN;
	sender->max_win = max_u32((uint32_t)p->window << SCALE_UNSEEN, 1);
	sender->max_end = end + sender->max_win;
}

void flow_tcp_begin(struct weir_flow *f, const struct weir_pkt *p)
{
	f->state = p->tcp_flags & WEIR_TCP_SYN ? SS : ES;
}

/* A SYN sent again may carry another ISN as long as the connection is not open. */
static bool begins_anew(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	return p->tcp_flags & WEIR_TCP_SYN && is_opening(f) &&
	       p->seq + segment_len(p) != f->tcp[dir].end;
}

static uint32_t offered(const struct weir_flow_tcp *sender, const struct weir_pkt *p)
{
	return p->tcp_flags & WEIR_TCP_SYN ? p->window : (uint32_t)p->window << sender->scale;
}

static enum weir_drop check_window(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	uint32_t end = p->seq + segment_len(p);
	uint32_t behind = max_u32(sender->max_win, ACK_BEHIND);

	if (receiver->max_win == 0)
		return WEIR_DROP_NONE; /* not heard yet: nothing to hold it against */
	if (after(p->seq, sender->max_end) || before(end, sender->end - receiver->max_win - 1))
		return WEIR_DROP_TCP_OUT_OF_WINDOW;
	if (!(p->tcp_flags & WEIR_TCP_ACK) || (p->tcp_flags & WEIR_TCP_RST && p->ack == 0))
		return WEIR_DROP_NONE;
	if (after(p->ack, receiver->end) || before(p->ack, receiver->end - behind))
		return WEIR_DROP_TCP_BAD_ACK;
	return WEIR_DROP_NONE;
}

static void note_ack(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir, uint32_t win)
{
	struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];

	if (!sender->acked || after(p->ack, sender->ack))
		sender->ack = p->ack;
	sender->acked = true;
	/* A peer not heard of: what it has sent is at least what is acknowledged here. */
	if (receiver->max_win == 0)
		receiver->end = receiver->max_end = p->ack;
	/* A window of 0 lets one byte through: the probe. */
	if (after(p->ack + max_u32(win, 1), receiver->max_end))
		receiver->max_end = p->ack + max_u32(win, 1);
}

static void note_segment(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	struct weir_flow_tcp *sender = &f->tcp[dir];
	uint32_t win = offered(sender, p), end = p->seq + segment_len(p);

	sender->max_win = max_u32(sender->max_win, win);
	if (after(end, sender->end))
		sender->end = end;
	if (p->tcp_flags & WEIR_TCP_FIN && !sender->fin) {
		sender->fin = true;
		sender->fin_seq = end;
	}
	if (p->tcp_flags & WEIR_TCP_ACK)
		note_ack(f, p, dir, win);
}

/* ---- resets ---- */

/*
 * The responder's reset must acknowledge the SYN (RFC 9293 section 3.10.7.3). The initiator's may
 * also answer a challenge about an older connection (section 3.5.1): it passes, and ends nothing
 * here.
 */
static enum weir_drop reset_while_opening(struct weir_flow *f, const struct weir_pkt *p,
					  uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];

	if (f->state == SS && dir == 1) {
		if (!(p->tcp_flags & WEIR_TCP_ACK) || p->ack != receiver->end)
			return WEIR_DROP_TCP_BAD_ACK;
		f->state = WEIR_FLOW_CLOSED;
	} else if (p->seq == sender->end || (receiver->acked && p->seq == receiver->ack)) {
		f->state = WEIR_FLOW_CLOSED;
	}
	return WEIR_DROP_NONE;
}

/*
 * RFC 5961 section 3.2: the receiver obeys only a reset at exactly the next sequence number; one
 * elsewhere in the window it challenges, so that passes but ends nothing here.
 */
static enum weir_drop track_reset(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	enum weir_drop reason;

	if (is_opening(f))
		return reset_while_opening(f, p, dir);
	reason = check_window(f, p, dir);
	if (reason != WEIR_DROP_NONE)
		return reason;
	if (p->seq == sender->end || (receiver->acked && p->seq == receiver->ack) ||
	    sender->max_win == 0)
		f->state = WEIR_FLOW_CLOSED;
	return WEIR_DROP_NONE;
}

/* ---- a segment ---- */

/* RFC 9293 section 3.6.1 and RFC 6191: an endpoint in TIME-WAIT may take a new SYN; whether it does
 * is its own affair. */
static bool may_reopen(const struct weir_flow *f, const struct weir_pkt *p)
{
	return (p->tcp_flags & (WEIR_TCP_SYN | WEIR_TCP_ACK)) == WEIR_TCP_SYN &&
	       (f->state == WEIR_FLOW_CLOSED || f->state == WEIR_FLOW_TIME_WAIT);
}

/* What an endpoint answers with a challenge wherever its numbers lie (RFC 5961 section 4.2, RFC
 * 9293 section 3.5.1) passes and changes nothing: else a peer that restarted could never come back.
 */
static bool is_for_challenge(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	enum event e = event_of(p);

	if (p->tcp_flags & WEIR_TCP_RST)
		return false;
	return (e == SYN && !is_opening(f)) || (e == ACK && f->state == SS && dir == 1);
}

static bool is_beyond(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	return segment_len(p) > 0 && after(p->seq + segment_len(p), f->tcp[dir].end);
}

/* Nothing new may come from a side that has said it is done, or after a reset. */
static bool is_over(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	return (f->state == WEIR_FLOW_CLOSED || f->tcp[dir].fin) && is_beyond(f, p, dir);
}

/* The first segment of a side, or its SYN with another number. */
static enum weir_drop meet_sender(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *receiver = &f->tcp[!dir];

	if (receiver->max_win && p->tcp_flags & WEIR_TCP_ACK && after(p->ack, receiver->end))
		return WEIR_DROP_TCP_BAD_ACK;
	begin_sender(f, p, dir);
	return WEIR_DROP_NONE;
}

static enum weir_drop track_numbers(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	enum weir_drop reason = WEIR_DROP_NONE;

	if (weir_unlikely(f->tcp[dir].max_win == 0 || begins_anew(f, p, dir)))
		reason = meet_sender(f, p, dir);
	if (weir_likely(reason == WEIR_DROP_NONE))
		reason = check_window(f, p, dir);
	return reason;
}

enum weir_drop flow_tcp_track(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir,
			      bool *reopen)
{
	enum weir_drop reason;
	uint8_t next;

	*reopen = may_reopen(f, p);
	if (weir_unlikely(*reopen || is_for_challenge(f, p, dir)))
		return WEIR_DROP_NONE;
	if (weir_unlikely(p->tcp_flags & WEIR_TCP_RST))
		return track_reset(f, p, dir);
	next = next_state(f, p, dir);
	if (weir_unlikely(next == NO))
		return WEIR_DROP_TCP_BAD_STATE;
	reason = track_numbers(f, p, dir);
	if (weir_unlikely(reason != WEIR_DROP_NONE))
		return reason;
	if (weir_unlikely(is_over(f, p, dir)))
		return WEIR_DROP_TCP_BAD_STATE;
	if (weir_unlikely(f->state == WEIR_FLOW_CLOSED))
		return WEIR_DROP_NONE;
	note_segment(f, p, dir);
	settle_state(f, next);
	return WEIR_DROP_NONE;
}

bool weir_flow_quote_in_window(const struct weir_flow *f, uint32_t quote_seq, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	uint32_t oldest = receiver->acked ? receiver->ack : sender->end - sender->max_win - 1;

	if (f->proto != WEIR_PROTO_TCP || sender->max_win == 0)
		return true;
	/* From what is not acknowledged yet to what was sent; a segment acknowledged meanwhile may
	 * still be complained of by a slow router. */
	return !after(quote_seq, sender->end) &&
	       !before(quote_seq, oldest - max_u32(receiver->max_win, ACK_BEHIND));
}
