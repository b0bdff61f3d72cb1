/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of tcp/ share: the connection, its two legs, and the steps by file. */
#ifndef TCP_IMPL_H
#define TCP_IMPL_H

#include <weir_mem.h>
#include <weir_tcp.h>
#include <weir_timer.h>

#include <rte_mbuf.h>

#define TCP_SACK_BLOCKS 4

#define TCP_FLAG_ECE 0x40
#define TCP_FLAG_CWR 0x80

/* What stands before the payload of a frame to a peer, addresses and TTL as the other peer's. */
#define TCP_TEMPLATE_MAX (14 + 8 + 40)

#define TCP_MSS_DEFAULT_V4 536 /* RFC 9293 section 3.7.1 */
#define TCP_MSS_DEFAULT_V6 1220
#define TCP_MSS_MIN        88 /* of a peer that asks for less; SACK panic asked for 48 */
#define TCP_TIMESTAMP_LEN  12

enum tcp_recovery { TCP_OPEN, TCP_RECOVERY, TCP_LOSS };

/* Retransmission timer's purpose, one at a time as in RFC 8985 section 7. */
enum tcp_timer {
	TCP_TIMER_NONE,
	TCP_TIMER_RTO,
	TCP_TIMER_TLP,
	TCP_TIMER_REORDER,
	TCP_TIMER_PERSIST,
	TCP_TIMER_SYN /* weir's own, after a cookie */
};

/* leg.flags */
#define LEG_TIMESTAMPS 0x0001
#define LEG_SACK       0x0002
#define LEG_SCALE      0x0004 /* window scale was agreed upon */
#define LEG_ACK_NOW    0x0008 /* an acknowledgement is due at the flush */
#define LEG_FIN_IN     0x0010 /* the peer's FIN has arrived in order */
#define LEG_FIN_SEEN   0x0020 /* it has arrived; it may be behind a gap */
#define LEG_FIN_QUEUED 0x0040 /* ours stands at the end of `out` */
#define LEG_NEW_BYTES  0x0080 /* on_bytes is due */
#define LEG_DSACK      0x0100 /* dsack[] is to be told */
#define LEG_TLP_OUT    0x0200 /* a probe is under way, up to tlp_end */
#define LEG_TLP_RESENT 0x0400 /* and it was a repetition */
#define LEG_REORDERING 0x0800 /* was seen (RFC 8985 section 6.2 step 2) */
#define LEG_KEEP_ASKED 0x1000 /* the other peer asked whether this one lives */
#define LEG_RTT_SEEN   0x2000
#define LEG_SYN_SEEN   0x4000 /* the peer's SYN: numbers and options are known */
#define LEG_SYN_ACKED  0x8000 /* by the other peer */

/* leg.ecn */
#define ECN_ASKED 0x01 /* the peer's SYN or SYN-ACK says that it speaks it */
#define ECN_ON    0x02 /* both peers do */
#define ECN_ECHO  0x04 /* a mark came: told until the peer says that it has heeded it */
#define ECN_CWR   0x08 /* the peer told of one, and is to hear that it was heeded */

/* In the IP header (RFC 3168 section 5). */
#define IP_ECN_MASK 0x03
#define IP_ECN_ECT0 0x02
#define IP_ECN_CE   0x03

struct tcp_sack {
	uint32_t start;
	uint32_t end;
};

/* The echo that tells whether the first gap was filled by a repetition (RFC 3522). */
enum tcp_echo { TCP_ECHO_NONE, TCP_ECHO_AWAITED, TCP_ECHO_SEEN };

/*
 * Blocks of selective acknowledgements, lent to a leg while something is missing in what comes or
 * goes (tcp_sack.c). Who gets none tells and hears less, as a peer without SACK does.
 */
struct tcp_blocks {
	struct tcp_sack sack[TCP_SACK_BLOCKS]; /* to be told, latest first */
	struct tcp_sack dsack;
	struct tcp_sack heard[TCP_SACK_BLOCKS]; /* that the peer told last */
	uint32_t resent_ts; /* timestamp of the first repetition since the last loss event */
	uint8_t echo;       /* enum tcp_echo */
};

/* CUBIC (RFC 9438), bytes and seconds; in fast recovery, when no epoch is, rate reduction (RFC
 * 6937), bytes. */
struct tcp_cubic {
	union {
		struct {
			uint64_t epoch_ns; /* 0: no epoch */
			float k_s;
			uint32_t w_est;
		};
		struct {
			uint32_t flight, delivered, out;
		} prr;
	};
	uint32_t w_max;
	uint32_t prior_cwnd; /* at the epoch's start */
};

struct tcp_rack {
	uint64_t sent_ns; /* of the latest sent segment that was delivered */
	uint32_t end;
	uint32_t rtt_us;
	uint32_t min_rtt_us;
	uint32_t fack;
	uint32_t dsack_round; /* snd_nxt when a DSACK last widened the window */
	uint8_t widths;       /* of a quarter of min_rtt */
	uint8_t persist;      /* recoveries until it shrinks again */
};

/* What a loss event took, given back when all that was sent again for it had arrived before. */
struct tcp_undo {
	uint32_t cwnd; /* before; 0: there is nothing to give back */
	uint32_t ssthresh;
	uint32_t w_max;
	uint32_t from;  /* the first byte that was under way */
	uint32_t bytes; /* sent again, and not told to have been there */
};

/*
 * What came from a peer and waits to be passed on, and what waits to be sent to it or to be
 * acknowledged: lent to a leg while there is any of it (tcp_queues.c). Without, a leg has the
 * worker's empty ones, so that whoever only looks need not ask. Those that nobody has are zero but
 * for `next`.
 */
struct tcp_queues {
	struct weir_reasm in;
	struct weir_spans out;    /* from una to end */
	struct weir_span *unsent; /* first of them */
	struct weir_span *oldest; /* by time of sending */
	struct weir_span *newest;
	struct weir_span *sack_at;     /* where a block ended last */
	struct weir_span *resend_at;   /* before it nothing waits to be sent again */
	uint32_t sacked, lost, resent; /* bytes: selectively acknowledged, lost, sent again */
	struct tcp_queues *next;       /* that nobody has */
} __attribute__((aligned(WEIR_CACHE_LINE)));

struct tcp_leg {
	uint8_t state;      /* enum weir_tcp_state */
	uint8_t index;      /* 0 or 1 */
	uint8_t peer_scale; /* of the windows that it offers */
	uint8_t scale;      /* of those offered to it: the other peer's */
	uint16_t flags;     /* LEG_* */
	uint16_t mss;       /* payload of a full segment */
	uint8_t recovery;   /* enum tcp_recovery */
	uint8_t timer_for;  /* enum tcp_timer */
	uint8_t backoff;
	uint8_t dupacks;
	uint8_t quick; /* segments to be acknowledged at once */
	uint8_t n_sack;
	uint8_t template_len;
	uint8_t l3_at; /* in the template */

	struct tcp_queues *q;

	/* from the peer */
	uint32_t irs;
	uint32_t in_next;     /* sequence number after the last byte in order */
	uint32_t in_edge;     /* right edge of what was offered */
	uint32_t acked_in;    /* last acknowledgement sent */
	uint32_t buffer;      /* bytes its direction may hold */
	uint32_t round_bytes; /* buffer tuning: what was passed since */
	uint32_t fin_seq;     /* of its FIN, when seen */
	uint32_t ts_recent;   /* RFC 7323 */
	uint32_t ts_seen;     /* its clock, as far as it was seen */
	union {
		uint64_t round_ns; /* and since when */
		/* in its handshake: when a SYN was sent to the peer; 0: more than once */
		uint64_t asked_ns;
	};
	uint64_t passed;           /* bytes passed on, since the beginning */
	struct tcp_blocks *blocks; /* NULL: none lent */

	/* to the peer */
	uint32_t una, nxt, end;
	uint32_t window; /* that the peer offers, bytes from `una` at `wl_ack` */
	uint32_t max_window;
	uint32_t wl_seq, wl_ack;
	uint32_t cwnd, ssthresh;
	uint32_t recover; /* recovery ends here */
	uint32_t tlp_end;
	uint32_t srtt_us, rttvar_us;
	uint32_t resent_segments;
	uint16_t timeouts;
	uint16_t ip_id;
	uint32_t sum_base; /* pseudo-header's addresses and protocol */
	uint32_t ecn_end;  /* what was sent when a mark was heeded last */
	struct tcp_undo undo;
	struct tcp_cubic cubic;
	struct tcp_rack rack;
	uint64_t timer_ns;     /* when `timer_for` is due */
	uint64_t ack_ns;       /* a delayed acknowledgement, 0: none */
	uint64_t state_ns;     /* TIME_WAIT's end, 0: none */
	uint64_t stuck_ns;     /* since when the peer takes nothing, 0: it does */
	uint64_t challenge_ns; /* when the next challenge may be sent */
	struct weir_timer timer;
	uint8_t ecn : 6;  /* ECN_* */
	bool shut : 1;    /* by weir: nothing is queued any more, the FIN is or will be */
	bool aborted : 1; /* weir has reset its peer, and does so again when that still sends */
	uint8_t template[TCP_TEMPLATE_MAX];
};

/* Connections that may have to make room, in the order they came. */
enum tcp_list { TCP_LIST_NONE, TCP_LIST_HANDSHAKE, TCP_LIST_WAITING, TCP_LIST_END };

struct weir_tcp_conn {
	struct tcp_leg leg[2];
	struct weir_tcp_conn *dirty_next;
	struct weir_tcp_conn *older; /* list of those in the handshake, or of those that wait */
	struct weir_tcp_conn *newer;
	void *user;
	uint16_t mtu[2];
	uint16_t port[2]; /* of the peers */
	uint8_t family;
	bool dirty;
	bool over;
	uint8_t end;  /* enum weir_tcp_end, when over */
	uint8_t list; /* enum tcp_list that it is on */
	bool by_cookie;
	bool keeps_ends : 1; /* what happens on one leg is not done to the other by itself */
	bool uncoupled : 1;  /* what waits for one peer is none of the other's window */
	bool reset : 1;      /* a peer has reset its leg, which ended that one alone */
	uint8_t tells : 2;   /* on_bytes is due when a leg (bit 0, bit 1) has room again */
	bool apart; /* a peer did not hear all that the other said, or more: the numbers differ */
};

struct weir_tcp {
	struct weir_tcp_cfg cfg;
	struct weir_pool *conns;
	struct weir_span_stock *spans;
	struct weir_pool *blocks;       /* struct tcp_blocks */
	struct tcp_queues *queues;      /* cfg.segments of them */
	struct tcp_queues *free_queues; /* first of those that nobody has */
	struct weir_use lent_queues;
	struct tcp_queues empty; /* of legs that have none */
	struct weir_tcp_conn *dirty;
	struct weir_tcp_conn *oldest[TCP_LIST_END];
	struct weir_tcp_conn *newest[TCP_LIST_END];
	struct weir_timer_wheel wheel;
	uint32_t n_handshake;      /* on that list */
	uint64_t short_of_spans;   /* times that tcp_has_spans said no */
	uint64_t cookies_until_ns; /* the last one that was sent may come back till then */
	uint64_t now_ns;
	uint64_t rng;
};

static inline struct tcp_leg *tcp_other(struct weir_tcp_conn *c, const struct tcp_leg *l)
{
	return &c->leg[!l->index];
}

static inline struct weir_tcp_conn *tcp_conn(struct tcp_leg *l)
{
	return (struct weir_tcp_conn *)(void *)((uint8_t *)(l - l->index) -
						offsetof(struct weir_tcp_conn, leg));
}

static inline uint32_t tcp_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t tcp_max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Bytes sent and not acknowledged, the FIN one of them. */
static inline uint32_t tcp_flight(const struct tcp_leg *l)
{
	return l->nxt - l->una;
}

/* Bytes that are taken to be in the network (RFC 6675 section 4, RFC 8985). */
static inline uint32_t tcp_pipe(const struct tcp_leg *l)
{
	uint32_t gone = l->q->sacked + l->q->lost;
	uint32_t flight = tcp_flight(l);

	return (flight > gone ? flight - gone : 0) + l->q->resent;
}

/* Whether `n` spans can be taken, and those left that sending what is queued may need. */
static inline bool tcp_has_spans(struct weir_tcp *t, uint32_t n)
{
	uint32_t size = weir_span_stock_size(t->spans);

	if (weir_likely(size - weir_span_stock_used(t->spans) >= n + size / 16))
		return true;
	t->short_of_spans++;
	return false;
}

/* `l` has queues of its own from here on. False: none are left. */
WEIR_MUST_CHECK static inline bool tcp_borrow_queues(struct weir_tcp *t, struct tcp_leg *l)
{
	struct tcp_queues *q = t->free_queues;

	if (l->q != &t->empty)
		return true;
	if (weir_unlikely(!q)) {
		t->lent_queues.full++;
		return false;
	}
	t->free_queues = q->next;
	q->next = NULL;
	weir_use_take(&t->lent_queues, 1);
	l->q = q;
	return true;
}

/* Gives them back when nothing is in them. */
static inline void tcp_settle_queues(struct weir_tcp *t, struct tcp_leg *l)
{
	struct tcp_queues *q = l->q;

	if (q == &t->empty || q->out.head || q->in.ready.head || q->in.gaps.head)
		return;
	q->next = t->free_queues;
	t->free_queues = q;
	weir_use_give(&t->lent_queues, 1);
	l->q = &t->empty;
}

/* Nothing more is taken for its peer. */
static inline bool tcp_is_shut(const struct tcp_leg *l)
{
	return l->shut || l->flags & LEG_FIN_QUEUED || l->state == WEIR_TCP_CLOSED;
}

/* Nobody listens to its peer: what that says is taken and dropped. */
static inline bool tcp_is_unheard(struct tcp_leg *l)
{
	struct weir_tcp_conn *c = tcp_conn(l);

	return !c->keeps_ends && tcp_is_shut(tcp_other(c, l));
}

static inline uint32_t tcp_headers_len(uint8_t family)
{
	return family == 4 ? 40 : 60;
}

static inline uint32_t tcp_default_mss(uint8_t family)
{
	return family == 4 ? TCP_MSS_DEFAULT_V4 : TCP_MSS_DEFAULT_V6;
}

/* tcp.c */
void tcp_mark_dirty(struct weir_tcp *t, struct weir_tcp_conn *c);
void tcp_put_on_list(struct weir_tcp *t, struct weir_tcp_conn *c, enum tcp_list list);
/* Ends it at the next flush. */
void tcp_finish(struct weir_tcp *t, struct weir_tcp_conn *c, enum weir_tcp_end why);
uint32_t tcp_random(struct weir_tcp *t);

/* tcp_state.c */
enum tcp_event { TCP_ON_FIN_IN, TCP_ON_FIN_OUT, TCP_ON_FIN_ACKED, TCP_EVENT_END };
void tcp_move(struct weir_tcp *t, struct tcp_leg *l, enum tcp_event event);
/* There is nothing more to be said on it, whatever the other leg does. */
void tcp_close_leg(struct weir_tcp *t, struct tcp_leg *l);

/* tcp_own.c */
/* What its peer has said goes nowhere. */
void tcp_drop_input(struct weir_tcp *t, struct tcp_leg *l);
/* The peer of `l` is gone, or to be reset. True: that is none of the other's business, whose stream
 * weir has ended itself, and its leg goes on alone. */
bool tcp_leave_other(struct weir_tcp *t, struct tcp_leg *l, bool reset);
/* Whether whoever writes to its peer is to be told of room, which is done then. */
bool tcp_tells_room(struct weir_tcp_conn *c, const struct tcp_leg *l);
/* Resets its peer; the other leg is shut, or will be at the flush. */
void tcp_abort_peer(struct weir_tcp *t, struct tcp_leg *l);
/* Before what is to be sent at the flush: ends streams that are to end. */
void tcp_end_stream(struct weir_tcp *t, struct tcp_leg *l);
/* After it: what is waited for, and how long. */
void tcp_await_end(struct weir_tcp *t, struct tcp_leg *l);

/* tcp_options.c */
struct tcp_options {
	uint16_t mss;
	uint8_t scale;
	bool has_mss, has_scale, has_sack_ok, has_timestamp;
	uint32_t ts_val, ts_ecr;
	uint8_t n_sack;
	struct tcp_sack sack[TCP_SACK_BLOCKS];
};
void tcp_read_options(const struct weir_pkt *p, struct tcp_options *o);
/* Writes a SYN's options; returns their length, a multiple of 4. */
uint32_t tcp_write_syn_options(uint8_t *at, const struct tcp_options *o);
/* Those of any other segment. */
uint32_t tcp_write_options(struct weir_tcp_conn *c, struct tcp_leg *l, uint8_t *at, bool with_sack);

/* tcp_handshake.c */
enum weir_drop tcp_handshake(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
			     struct weir_pkt *p, bool *mine);

/* Both its numbers begin here: weir's `iss`, and `offered` bytes beyond the peer's. */
void tcp_establish_leg(struct weir_tcp *t, struct tcp_leg *l, uint32_t iss, uint32_t offered);

/* tcp_cookie.c: a segment from a server that was asked for a client who came by cookie. */
enum weir_drop tcp_cookie_handshake(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
				    const struct weir_pkt *p);
/* Sends the SYN, again or for the first time. */
void tcp_ask_server(struct weir_tcp *t, struct weir_tcp_conn *c);
void tcp_on_syn_timer(struct weir_tcp *t, struct tcp_leg *l);

/* tcp_ecn.c */
/* What a SYN's flags say, and which of them go on. */
uint8_t tcp_ecn_of_syn(struct tcp_leg *l, const struct tcp_leg *other, const struct weir_pkt *p);
void tcp_ecn_agree(struct weir_tcp_conn *c);
/* An acceptable segment: its mark, and what it says of ours. */
void tcp_ecn_on_segment(struct weir_tcp *t, struct tcp_leg *l, const struct weir_pkt *p);
/* Flags of a segment that is sent; whether its IP header may be marked. */
uint8_t tcp_ecn_flags(struct tcp_leg *l, const struct weir_span *s);
bool tcp_ecn_may_mark(const struct tcp_leg *l, const struct weir_span *s);
void tcp_ecn_set(uint8_t *l3, uint8_t family, uint8_t codepoint);

/* tcp_input.c, tcp_ack.c, tcp_sack.c */
void tcp_on_ack(struct weir_tcp *t, struct tcp_leg *l, const struct weir_pkt *p,
		const struct tcp_options *o);
/* One that came behind a newer one. */
void tcp_on_overtaken_ack(struct weir_tcp *t, struct tcp_leg *l, const struct weir_pkt *p,
			  const struct tcp_options *o);
void tcp_take_window(struct tcp_leg *l, const struct weir_pkt *p);
/* tcp_receive.c: payload and FIN; the buffer stays the caller's. */
enum weir_drop tcp_receive(struct weir_tcp *t, struct tcp_leg *l, struct weir_pkt *p,
			   bool verified);
struct tcp_acked {
	uint32_t bytes;      /* newly acknowledged, of either kind */
	uint32_t cumulative; /* of them, below `una` */
	uint32_t rtt_us;     /* of a segment that was sent once; 0: none */
	uint64_t now_ns;
	bool dsack;
	struct tcp_sack dsack_block;
	bool resent_acked; /* a repetition was */
};
void tcp_note_delivered(struct tcp_leg *l, struct weir_span *s, struct tcp_acked *a);
void tcp_take_sack(struct weir_tcp *t, struct tcp_leg *l, uint32_t ack, const struct tcp_options *o,
		   struct tcp_acked *a);
void tcp_forget_sacks(struct tcp_leg *l);
void tcp_sack_received(struct weir_tcp *t, struct tcp_leg *l, uint32_t start, uint32_t end);
/* The peer has sent these bytes before. */
void tcp_sack_repeated(struct weir_tcp *t, struct tcp_leg *l, uint32_t start, uint32_t end);
/* At the flush: what was lent goes back when there is nothing to be noted in it. */
void tcp_sack_settle(struct weir_tcp *t, struct tcp_leg *l);
void tcp_sack_fini(struct weir_tcp *t, struct tcp_leg *l);
void tcp_sack_advance(struct tcp_leg *l);

/* tcp_rack.c */
void tcp_rack_update(struct tcp_leg *l, const struct weir_span *s, struct tcp_acked *a);
/* Marks what is lost by now; arms the timer when more may be soon. True: something was. */
bool tcp_rack_detect(struct weir_tcp *t, struct tcp_leg *l);
void tcp_rack_on_dsack(struct tcp_leg *l, bool dsack);
void tcp_mark_lost(struct tcp_leg *l, struct weir_span *s);
void tcp_sent_list_add(struct tcp_leg *l, struct weir_span *s);
void tcp_sent_list_remove(struct tcp_leg *l, struct weir_span *s);
void tcp_send_probe(struct weir_tcp *t, struct tcp_leg *l);
void tcp_probe_acked(struct weir_tcp *t, struct tcp_leg *l, uint32_t ack, bool dsack);

/* tcp_cubic.c */
void tcp_congestion_init(struct tcp_leg *l);
void tcp_congestion_acked(struct weir_tcp *t, struct tcp_leg *l, uint32_t bytes);
/* A loss event: cuts ssthresh; the caller sees to cwnd. */
void tcp_congestion_event(struct weir_tcp *t, struct tcp_leg *l);
void tcp_congestion_idle(struct weir_tcp *t, struct tcp_leg *l);

/* tcp_recovery.c */
void tcp_enter_recovery(struct weir_tcp *t, struct tcp_leg *l);
void tcp_recovery_on_ack(struct weir_tcp *t, struct tcp_leg *l, const struct tcp_acked *a);
/* Bytes were sent again; a peer tells that it had some of such bytes already. */
void tcp_undo_note_resent(struct tcp_leg *l, uint32_t bytes);
void tcp_undo_on_dsack(struct weir_tcp *t, struct tcp_leg *l, const struct tcp_sack *block);
/* What is newly acknowledged was sent when this timestamp was. */
void tcp_undo_on_echo(struct weir_tcp *t, struct tcp_leg *l, uint32_t ts);
void tcp_on_rto(struct weir_tcp *t, struct tcp_leg *l);

/* tcp_rtt.c */
void tcp_rtt_sample(struct tcp_leg *l, uint32_t rtt_us);
uint64_t tcp_rto_ns(const struct tcp_leg *l);

/* tcp_queues.c */
WEIR_MUST_CHECK bool tcp_queues_create(struct weir_tcp *t);
void tcp_queues_destroy(struct weir_tcp *t);
/* Throws away what is in those of `l`. */
void tcp_drop_queues(struct weir_tcp *t, struct tcp_leg *l);

/* tcp_output.c */
void tcp_output(struct weir_tcp *t, struct tcp_leg *l);
/* Puts a span at the end of what is to be sent, for which there are queues. */
void tcp_queue(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s);
void tcp_queue_fin(struct weir_tcp *t, struct tcp_leg *l);
/* Sends what the peer's window has room for, however little (RFC 9293 section 3.8.6.2.1, the
 * override timeout). False: it has none. */
bool tcp_send_little(struct weir_tcp *t, struct tcp_leg *l);
bool tcp_send_span(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s);

/* tcp_segment.c */
/* Gives the frame of a segment with `s` as payload (NULL: none), or NULL without a buffer. */
struct rte_mbuf *tcp_build(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s, uint32_t seq,
			   uint8_t flags);
void tcp_send_ack(struct weir_tcp *t, struct tcp_leg *l);
void tcp_send_reset(struct weir_tcp *t, struct tcp_leg *l);
/* Without payload, of any number. */
void tcp_send_number(struct weir_tcp *t, struct tcp_leg *l, uint32_t seq, uint8_t flags);
void tcp_send_syn(struct weir_tcp *t, struct tcp_leg *l, uint32_t seq, uint16_t mss,
		  uint16_t window);
void tcp_send_keep_alive(struct weir_tcp *t, struct tcp_leg *l);
void tcp_challenge(struct weir_tcp *t, struct tcp_leg *l);
/* Whether the next answer of that kind may be sent now. */
bool tcp_may_challenge(struct weir_tcp *t, struct tcp_leg *l);
void tcp_take_template(struct tcp_leg *l, const struct weir_pkt *from);
void tcp_fix_checksums(uint8_t *l3, uint8_t *tcp, uint32_t tcp_len, uint8_t family);

/* tcp_window.c */
void tcp_window_init(struct weir_tcp *t, struct tcp_leg *l);
/* The window field to send now; moves the edge. */
uint16_t tcp_offer_window(struct weir_tcp *t, struct tcp_leg *l);
/* Whether the peer should be told that it has grown. */
bool tcp_window_grew(struct weir_tcp *t, struct tcp_leg *l);
void tcp_tune_buffer(struct weir_tcp *t, struct tcp_leg *l, uint32_t passed);

/* tcp_timer.c */
void tcp_timer_set(struct weir_tcp *t, struct tcp_leg *l, enum tcp_timer what, uint64_t at_ns);
void tcp_timer_clear(struct weir_tcp *t, struct tcp_leg *l);
/* RTO, probe or none, as what is under way asks for. */
void tcp_timer_rearm(struct weir_tcp *t, struct tcp_leg *l);
void tcp_timer_on_send(struct weir_tcp *t, struct tcp_leg *l);
void tcp_ack_later(struct weir_tcp *t, struct tcp_leg *l);
void tcp_state_until(struct weir_tcp *t, struct tcp_leg *l, uint64_t at_ns);
void tcp_on_timer(void *tcp, struct weir_timer *timer);

#endif
