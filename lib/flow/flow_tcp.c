/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP as a third party can follow it: which segments may pass between two endpoints, by state and
 * by sequence numbers, and what they make of the connection. States are few (a table of rules); all
 * else follows from numbers: a connection is open when both SYNs are acknowledged, and closed as
 * far as FINs are seen and acknowledged. The numbers themselves are flow_window.c's.
 */
#include "flow_tcp.h"

/* ---- rules ---- */

enum event { SYN, SYN_ACK, FIN, ACK, RST, EVENTS };

enum rule {
	REFUSE,    /* neither endpoint would take it: the safe answer, where a table says nothing */
	MEET,      /* begins the sender's numbers, or begins them anew */
	WINDOW,    /* must fit both windows */
	RESET,     /* RFC 9293 section 3.10.7.3 to .5 (second), RFC 5961 section 3.2 */
	CHALLENGE, /* goes to the receiver, which answers with an ACK; changes nothing here */
	RENEW,     /* the same, and the number is remembered: its sender may have restarted */
	ANSWER,    /* a SYN-ACK too late: a repeated one, or the answer to what RENEW let pass */
	LATE,      /* passes when it brings nothing new */
	REOPEN     /* RFC 9293 section 3.6.1: may begin another connection */
};

/* Open in both directions, or closing: the FINs decide. SYN: RFC 5961 section 4.2. */
#define OPEN                                                 \
	{                                                    \
		{RENEW, ANSWER, WINDOW, WINDOW, RESET},      \
		{                                            \
			RENEW, ANSWER, WINDOW, WINDOW, RESET \
		}                                            \
	}

/* [state][0: from the initiator, 1: from the responder][event] */
static const uint8_t rules[WEIR_FLOW_STATE_END][2][EVENTS] = {
	[WEIR_FLOW_SYN_SENT] =
		{
			{
				[SYN] = MEET,  /* sent again, perhaps with another ISN */
				[RST] = RESET, /* gave up, or answers a challenge */
			},
			{
				[SYN] = MEET,      /* simultaneous open (section 3.5, figure 7) */
				[SYN_ACK] = MEET,  /* the second of three */
				[ACK] = CHALLENGE, /* it has an older connection (section 3.5.1) */
				[RST] = RESET,     /* refused */
			},
		},
	[WEIR_FLOW_SYN_RECEIVED] =
		{
			{
				[SYN] = CHALLENGE,  /* sent again: answered with SYN-ACK or ACK */
				[SYN_ACK] = WINDOW, /* simultaneous open */
				[FIN] = WINDOW,     /* with the third of three */
				[ACK] = WINDOW,     /* the third of three */
				[RST] = RESET,
			},
			{
				[SYN] = MEET,     /* simultaneous open, sent again */
				[SYN_ACK] = MEET, /* sent again; another ISN if it restarted */
				[FIN] = WINDOW,   /* early data and its end (RFC 7413) */
				[ACK] = WINDOW, /* early data; the last ACK of a split handshake */
				[RST] = RESET,
			},
		},
	[WEIR_FLOW_ESTABLISHED] = OPEN,
	[WEIR_FLOW_FIN_WAIT] = OPEN,
	[WEIR_FLOW_CLOSE_WAIT] = OPEN,
	[WEIR_FLOW_LAST_ACK] = OPEN,
	[WEIR_FLOW_TIME_WAIT] =
		{
			{REOPEN, REFUSE, WINDOW, WINDOW, RESET},
			{REOPEN, REFUSE, WINDOW, WINDOW, RESET},
		},
	/* After a reset what is still under way passes; both sides may send theirs. */
	[WEIR_FLOW_CLOSED] =
		{
			{REOPEN, REFUSE, LATE, LATE, RESET},
			{REOPEN, REFUSE, LATE, LATE, RESET},
		},
};

static enum event event_of(const struct weir_pkt *p)
{
	if (p->tcp_flags & WEIR_TCP_RST)
		return RST;
	if (p->tcp_flags & WEIR_TCP_SYN)
		return p->tcp_flags & WEIR_TCP_ACK ? SYN_ACK : SYN;
	return p->tcp_flags & WEIR_TCP_FIN ? FIN : ACK;
}

/* ---- the state that the numbers tell ---- */

/* By how many FINs were seen and how many of them acknowledged. */
static const uint8_t closing[3][3] = {
	{WEIR_FLOW_ESTABLISHED, WEIR_FLOW_ESTABLISHED, WEIR_FLOW_ESTABLISHED},
	{WEIR_FLOW_FIN_WAIT, WEIR_FLOW_CLOSE_WAIT, WEIR_FLOW_CLOSE_WAIT},
	{WEIR_FLOW_LAST_ACK, WEIR_FLOW_LAST_ACK, WEIR_FLOW_TIME_WAIT},
};

static bool fin_acked(const struct weir_flow *f, unsigned int dir)
{
	return f->tcp[dir].fin && f->tcp[!dir].acked &&
	       !seq_before(f->tcp[!dir].ack, f->tcp[dir].fin_seq);
}

static void settle(struct weir_flow *f)
{
	if (f->state == WEIR_FLOW_SYN_RECEIVED) {
		if (!f->tcp[0].acked || !f->tcp[1].acked)
			return;
		window_settle_scale(f);
	}
	f->state = closing[f->tcp[0].fin + f->tcp[1].fin][fin_acked(f, 0) + fin_acked(f, 1)];
}

/* ---- what each rule does ---- */

static enum weir_drop meet(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	enum weir_drop reason;

	/* One that proved that it saw the other's SYN is not replaced by one that did not. */
	if (f->tcp[dir].acked && !(p->tcp_flags & WEIR_TCP_ACK))
		return WEIR_DROP_NONE;
	reason = window_begin_syn(f, p, dir);
	if (reason == WEIR_DROP_NONE && dir == 1) {
		f->state = WEIR_FLOW_SYN_RECEIVED;
		settle(f);
	}
	return reason;
}

/*
 * A FIN says that its sender is done: nothing lies beyond one that was seen, and one below what was
 * sent already is a forgery that would end this state before its time.
 */
static bool contradicts_fin(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir];
	uint32_t end = segment_end(p);

	if (sender->fin && segment_len(p) > 0 && seq_after(end, sender->end))
		return true;
	return p->tcp_flags & WEIR_TCP_FIN && seq_before(end, sender->end);
}

static enum weir_drop pass_heard(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	enum weir_drop reason = window_check(f, p, dir);

	if (reason != WEIR_DROP_NONE)
		return reason;
	if (contradicts_fin(f, p, dir))
		return WEIR_DROP_TCP_BAD_STATE;
	window_note(f, p, dir);
	settle(f);
	return WEIR_DROP_NONE;
}

static enum weir_drop pass_first(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	struct weir_flow_tcp before[2] = {f->tcp[0], f->tcp[1]};
	enum weir_drop reason;

	window_begin_midstream(f, p, dir);
	reason = pass_heard(f, p, dir);
	if (reason != WEIR_DROP_NONE)
		memcpy(f->tcp, before, sizeof(before));
	return reason;
}

static enum weir_drop pass_window(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	/* RFC 9293 section 3.10.7.4, fifth: without ACK it is dropped. */
	if (!(p->tcp_flags & WEIR_TCP_ACK))
		return WEIR_DROP_TCP_BAD_STATE;
	return f->tcp[dir].max_win ? pass_heard(f, p, dir) : pass_first(f, p, dir);
}

static enum weir_drop pass_reset(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	bool ends;
	enum weir_drop reason = window_check_reset(f, p, dir, &ends);

	if (reason == WEIR_DROP_NONE && ends)
		f->state = WEIR_FLOW_CLOSED;
	return reason;
}

/* The reset that answers this ACK will have its number. */
static enum weir_drop pass_challenge(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	if (event_of(p) != ACK)
		return WEIR_DROP_NONE;
	if (!(p->tcp_flags & WEIR_TCP_ACK) || p->payload_len > 0)
		return WEIR_DROP_TCP_BAD_STATE;
	f->tcp[dir].ack = p->ack;
	return WEIR_DROP_NONE;
}

static enum weir_drop pass_renew(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	f->tcp[dir].start = p->seq + 1;
	f->flags |= WEIR_FLOW_F_RENEW(dir);
	return WEIR_DROP_NONE;
}

/*
 * A responder that answers a repeated SYN with a SYN-ACK and not with a challenge has forgotten the
 * old connection, and the initiator too, else it would not have sent the SYN. The old flow ends
 * here; the SYN will come again, and begins a new one, under the policy of today.
 */
static enum weir_drop pass_answer(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	if (f->tcp[dir].max_win == 0)
		return window_begin_syn(f, p, dir);
	if (!(f->flags & WEIR_FLOW_F_RENEW(!dir)) || p->ack != f->tcp[!dir].start)
		return pass_window(f, p, dir);
	f->state = WEIR_FLOW_CLOSED;
	return WEIR_DROP_TCP_BAD_STATE;
}

static enum weir_drop pass_late(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir];

	if (sender->max_win == 0 || !(p->tcp_flags & WEIR_TCP_ACK) ||
	    (segment_len(p) > 0 && seq_after(segment_end(p), sender->end)))
		return WEIR_DROP_TCP_BAD_STATE;
	return window_check(f, p, dir);
}

/* ---- a segment ---- */

void flow_tcp_begin(struct weir_flow *f, const struct weir_pkt *p)
{
	if (event_of(p) == SYN) {
		f->state = WEIR_FLOW_SYN_SENT;
		return;
	}
	f->state = WEIR_FLOW_ESTABLISHED;
	f->flags |= WEIR_FLOW_F_MIDSTREAM;
}

static enum weir_drop track_by_rule(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir,
				    bool *reopen)
{
	switch ((enum rule)rules[f->state][dir][event_of(p)]) {
	case REFUSE:
		break;
	case MEET:
		return meet(f, p, dir);
	case WINDOW:
		return pass_window(f, p, dir);
	case RESET:
		return pass_reset(f, p, dir);
	case CHALLENGE:
		return pass_challenge(f, p, dir);
	case RENEW:
		return pass_renew(f, p, dir);
	case ANSWER:
		return pass_answer(f, p, dir);
	case LATE:
		return pass_late(f, p, dir);
	case REOPEN:
		*reopen = true;
		return WEIR_DROP_NONE;
	}
	return WEIR_DROP_TCP_BAD_STATE;
}

/* Nearly every segment there is: open, both sides heard, and no flag that changes that. */
static bool is_plain(const struct weir_flow *f, const struct weir_pkt *p)
{
	return f->state == WEIR_FLOW_ESTABLISHED &&
	       (p->tcp_flags & (WEIR_TCP_SYN | WEIR_TCP_FIN | WEIR_TCP_RST | WEIR_TCP_ACK)) ==
		       WEIR_TCP_ACK &&
	       f->tcp[0].max_win && f->tcp[1].max_win;
}

enum weir_drop flow_tcp_track(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir,
			      bool *reopen)
{
	enum weir_drop reason;

	if (weir_unlikely(!is_plain(f, p)))
		return track_by_rule(f, p, dir, reopen);
	reason = window_check(f, p, dir);
	if (weir_likely(reason == WEIR_DROP_NONE))
		window_note(f, p, dir);
	return reason;
}
