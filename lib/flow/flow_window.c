/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP's sequence numbers and windows after van Rooij (see struct weir_flow_tcp), as Linux's
 * nf_conntrack_proto_tcp and IP Filter have them. For a segment from `sender` to `receiver`:
 *   seq <= sender.max_end                         not past what the receiver offered
 *   end >= sender.end - receiver.max_win - 1      not older than what may still be under way
 *   ack <= receiver.end                           not of data that was never sent
 *   ack >= receiver.end - max(sender.max_win, 66000)   not absurdly old
 * The last is liberal, since acknowledgements overtake each other. "- 1" and "<=" let keep-alives
 * and probes of a closed window pass.
 */
#include "flow_tcp.h"

#define ACK_BEHIND 66000

/* RFC 7323 section 2.3: the largest there is, and what is assumed of a peer whose SYN was not seen,
 * so that nothing honest is refused. */
#define SCALE_MAX 14

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_after(a, b) ? a : b;
}

/* Whether `at` lies in [from, to], modulo 2^32. */
static bool within(uint32_t at, uint32_t from, uint32_t to)
{
	return at - from <= to - from;
}

/* ---- beginnings ---- */

/* Whether an acknowledgement from `dir` is of the other side's SYN, or of data that came with it or
 * soon after (RFC 7413). */
static bool acks_syn(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *receiver = &f->tcp[!dir];

	return !(f->flags & WEIR_FLOW_F_SYN(!dir)) ||
	       within(p->ack, receiver->start, receiver->end);
}

static void note_ack(struct weir_flow_tcp *sender, struct weir_flow_tcp *receiver, uint32_t ack,
		     uint32_t win)
{
	uint32_t reach;

	if (!sender->acked || seq_after(ack, sender->ack))
		sender->ack = ack;
	sender->acked = true;
	/* A window of 0 lets one byte through: the probe. */
	reach = ack + max_u32(win, 1);
	if (seq_after(reach, receiver->max_end))
		receiver->max_end = reach;
}

static void begin_sender(struct weir_flow_tcp *sender, struct weir_flow_tcp *receiver,
			 const struct weir_pkt *p)
{
	*sender = (struct weir_flow_tcp){
		.start = p->seq + 1,
		.end = p->seq + 1 + p->payload_len,
		.max_end = p->seq + 1 + p->payload_len,
		.max_win = max_u32(p->window, 1),
		.scale_sent = p->wscale != 0xff,
		.scale = p->wscale > SCALE_MAX ? SCALE_MAX : p->wscale,
	};
	/* The window of a SYN is not scaled. It is there before anything is acknowledged. */
	if (receiver->max_win)
		sender->max_end = seq_max(sender->max_end, sender->start + receiver->max_win);
	/* What it acknowledged were other numbers. */
	receiver->acked = false;
}

enum weir_drop window_begin_syn(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	bool acks = p->tcp_flags & WEIR_TCP_ACK;

	if (acks && !acks_syn(f, p, dir))
		return WEIR_DROP_TCP_BAD_ACK;
	if (sender->max_win == 0 || p->seq + 1 != sender->start)
		begin_sender(sender, receiver, p);
	f->flags |= WEIR_FLOW_F_SYN(dir);
	if (acks)
		note_ack(sender, receiver, p->ack, p->window);
	return WEIR_DROP_NONE;
}

void window_begin_midstream(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	uint32_t end = segment_end(p), win = max_u32((uint32_t)p->window << SCALE_MAX, 1);

	/* An old segment that was sent again may stand behind what is acknowledged already. */
	sender->end = receiver->acked ? seq_max(end, receiver->ack) : end;
	/* Its own window stands for its peer's, which is not known or not exactly. */
	sender->max_end = sender->end + max_u32(win, receiver->max_win);
	sender->max_win = win;
	sender->scale = SCALE_MAX;
	if (receiver->max_win)
		receiver->end = seq_max(receiver->end, p->ack);
}

void window_settle_scale(struct weir_flow *f)
{
	if (!f->tcp[0].scale_sent || !f->tcp[1].scale_sent)
		f->tcp[0].scale = f->tcp[1].scale = 0;
}

/* ---- every segment ---- */

/* Before the connection is open an acknowledgement is of the SYN and what came with it. */
static bool is_opening(const struct weir_flow *f)
{
	return f->state == WEIR_FLOW_SYN_RECEIVED;
}

enum weir_drop window_check(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	uint32_t behind = max_u32(sender->max_win, ACK_BEHIND);

	if (weir_unlikely(receiver->max_win == 0))
		return WEIR_DROP_NONE; /* not heard yet: nothing to hold it against */
	if (weir_unlikely(seq_after(p->seq, sender->max_end) ||
			  seq_before(segment_end(p), sender->end - receiver->max_win - 1)))
		return WEIR_DROP_TCP_OUT_OF_WINDOW;
	if (weir_unlikely(is_opening(f)))
		return acks_syn(f, p, dir) ? WEIR_DROP_NONE : WEIR_DROP_TCP_BAD_ACK;
	if (weir_unlikely(!within(p->ack, receiver->end - behind, receiver->end)))
		return WEIR_DROP_TCP_BAD_ACK;
	return WEIR_DROP_NONE;
}

static uint32_t offered(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	/* Both SYNs were seen when a segment without one comes, but scales are not settled yet. */
	if (weir_unlikely(p->tcp_flags & WEIR_TCP_SYN ||
			  (is_opening(f) && !(f->tcp[0].scale_sent && f->tcp[1].scale_sent))))
		return p->window;
	return (uint32_t)p->window << f->tcp[dir].scale;
}

void window_note(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	uint32_t win = offered(f, p, dir), end = segment_end(p);

	sender->max_win = max_u32(sender->max_win, win);
	if (seq_after(end, sender->end))
		sender->end = end;
	if (weir_unlikely(p->tcp_flags & WEIR_TCP_FIN)) {
		sender->fin = true;
		sender->fin_seq = end;
	}
	note_ack(sender, receiver, p->ack, win);
}

/* ---- resets ---- */

/*
 * Before the responder was heard (RFC 9293 section 3.10.7.3): its reset must acknowledge the SYN.
 * The initiator's follows its SYN, or answers a challenge with the number that this acknowledged,
 * which ends something that the responder knows and weir does not (section 3.5.1).
 */
static enum weir_drop check_reset_of_syn(const struct weir_flow *f, const struct weir_pkt *p,
					 uint8_t dir, bool *ends)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];

	*ends = true;
	if (dir == 1) {
		if (!(p->tcp_flags & WEIR_TCP_ACK))
			return WEIR_DROP_TCP_BAD_STATE;
		return acks_syn(f, p, dir) ? WEIR_DROP_NONE : WEIR_DROP_TCP_BAD_ACK;
	}
	if (within(p->seq, sender->start, sender->max_end))
		return WEIR_DROP_NONE;
	*ends = false;
	return p->seq == receiver->ack ? WEIR_DROP_NONE : WEIR_DROP_TCP_OUT_OF_WINDOW;
}

/* The first number that the receiver may take for next; of a peer not heard that is anything. */
static uint32_t lowest_next(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];

	if (receiver->acked)
		return receiver->ack;
	if (sender->max_win == 0)
		return p->seq;
	return is_opening(f) ? sender->start : sender->end - receiver->max_win;
}

static bool is_exact(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];

	return (receiver->acked && p->seq == receiver->ack) ||
	       (sender->max_win && p->seq == sender->end) ||
	       (!receiver->acked && sender->max_win == 0);
}

/*
 * RFC 5961 section 3.2: the receiver obeys a reset at exactly the next number, which is what it
 * last acknowledged or, when all under way has arrived, the sender's end. Elsewhere in the window
 * it answers with a challenge: so that passes, and ends nothing here.
 */
enum weir_drop window_check_reset(const struct weir_flow *f, const struct weir_pkt *p, uint8_t dir,
				  bool *ends)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	bool acks = p->tcp_flags & WEIR_TCP_ACK;

	if (f->state == WEIR_FLOW_SYN_SENT)
		return check_reset_of_syn(f, p, dir, ends);
	*ends = true;
	/* The initiator may be without the SYN-ACK yet: then only the acknowledgement counts. */
	if (is_opening(f) && dir == 1 && acks && acks_syn(f, p, dir))
		return WEIR_DROP_NONE;
	/* Some stacks set ACK and leave the number 0. */
	if (acks && p->ack != 0 && receiver->max_win && seq_after(p->ack, receiver->end))
		return WEIR_DROP_TCP_BAD_ACK;
	*ends = is_opening(f) || is_exact(f, p, dir);
	if (seq_before(p->seq, lowest_next(f, p, dir)) ||
	    (sender->max_win && seq_after(p->seq, sender->max_end)))
		return WEIR_DROP_TCP_OUT_OF_WINDOW;
	return WEIR_DROP_NONE;
}

/* ---- errors about segments ---- */

/* RFC 5927 section 4.1: what is sent and not acknowledged; a plain ACK has the number after it. */
bool weir_flow_quote_in_window(const struct weir_flow *f, uint32_t quote_seq, uint8_t dir)
{
	const struct weir_flow_tcp *sender = &f->tcp[dir], *receiver = &f->tcp[!dir];
	uint32_t oldest = sender->end - max_u32(receiver->max_win, ACK_BEHIND);

	if (f->proto != WEIR_PROTO_TCP || sender->max_win == 0)
		return true;
	if (receiver->acked)
		oldest = receiver->ack;
	else if (f->flags & WEIR_FLOW_F_SYN(dir))
		oldest = sender->start - 1;
	return within(quote_seq, oldest, sender->end);
}
