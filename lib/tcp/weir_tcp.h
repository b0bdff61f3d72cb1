/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP for connections that weir carries itself: an endpoint on each leg, both born with the peers'
 * own sequence numbers, bytes passed from one to the other when whoever inspects them says so
 * (RFC 9293 and what it stands on; see tcp.c for where each is). Leg 0 faces the initiator, leg 1
 * the responder. Worker only; time is an argument; memory from the worker's pools alone.
 */
#ifndef WEIR_TCP_H
#define WEIR_TCP_H

#include <weir_base.h>
#include <weir_pkt.h>
#include <weir_reasm.h>
#include <weir_stats.h>

/* Names are what `weirctl flows` shows. */
#define WEIR_TCP_STATES(X)            \
	X(CLOSED, "closed")           \
	X(HANDSHAKE, "handshake")     \
	X(ESTABLISHED, "established") \
	X(FIN_WAIT_1, "fin_wait_1")   \
	X(FIN_WAIT_2, "fin_wait_2")   \
	X(CLOSE_WAIT, "close_wait")   \
	X(CLOSING, "closing")         \
	X(LAST_ACK, "last_ack")       \
	X(TIME_WAIT, "time_wait")

enum weir_tcp_state {
#define WEIR_TCP_STATE_ENUM(id, name) WEIR_TCP_##id,
	WEIR_TCP_STATES(WEIR_TCP_STATE_ENUM)
#undef WEIR_TCP_STATE_ENUM
		WEIR_TCP_STATE_END
};
const char *weir_tcp_state_name(enum weir_tcp_state s);

/* Why a connection ended. */
enum weir_tcp_end {
	WEIR_TCP_END_CLOSED,  /* both directions were closed and acknowledged */
	WEIR_TCP_END_RESET,   /* a peer reset it */
	WEIR_TCP_END_TIMEOUT, /* a peer did not answer any more (RFC 9293 section 3.8.3) */
	WEIR_TCP_END_EVICTED, /* in the handshake, and room was needed */
	WEIR_TCP_END_ABORTED  /* weir has reset a peer by itself, and the other leg is over, too */
};

struct weir_tcp;
struct weir_tcp_conn;

struct weir_tcp_ops {
	/* A frame for the peer of `leg`; takes `m`. */
	void (*send)(void *ctx, struct weir_tcp_conn *c, unsigned int leg, struct rte_mbuf *m);
	/* The peer of `leg` has sent bytes that can be read, or its FIN. Look at them with
	 * weir_tcp_read and pass them on with weir_tcp_pass, now or later. */
	void (*on_bytes)(void *ctx, struct weir_tcp_conn *c, unsigned int leg);
	/* `c` is over, and gone when this returns. */
	void (*on_end)(void *ctx, struct weir_tcp_conn *c, enum weir_tcp_end why);
};

struct weir_tcp_cfg {
	const char *name;      /* of its pools, unique in the process */
	uint32_t connections;  /* at a time */
	uint32_t segments;     /* payload views at a time: about as many as packet buffers */
	uint32_t sack_legs;    /* legs with blocks of SACK at a time; 0: a quarter of connections */
	uint32_t window_bytes; /* a direction holds at most so much; 0: 4 MiB */
	bool evict;            /* the oldest in the handshake goes when room is needed */
	uint32_t half_open;    /* connections in the handshake from which on weir_tcp_is_flooded */
	struct weir_siphash_key key; /* of SYN cookies: nobody else knows it */
	uint64_t time_wait_ns;       /* 0: 60 s */
	uint64_t zero_window_ns;     /* a peer may keep its window shut so long; 0: 15 min */
	struct rte_mempool *pool;    /* packet buffers for what it builds itself */
	struct weir_stats *stats;    /* where it counts */
	const struct weir_tcp_ops *ops;
	void *ctx;
	uint64_t seed;
};

/* NULL: no memory, logged. */
struct weir_tcp *weir_tcp_create(const struct weir_tcp_cfg *cfg, uint64_t now_ns);
void weir_tcp_set_eviction(struct weir_tcp *t, bool evict);
/* Connections that are there are forgotten without a word to their peers. */
void weir_tcp_destroy(struct weir_tcp *t);

/* What a connection is told at its beginning. */
struct weir_tcp_open {
	uint16_t mtu[2]; /* of the port that leads to the peer of each leg */
};

/*
 * The connection that `syn` begins. The SYN itself is not yet handled: give it to weir_tcp_input
 * for leg 0. When all places are taken the oldest connection goes that only waits for repetitions,
 * or, if it may, the oldest in the handshake (on_end is called). NULL: no room.
 */
struct weir_tcp_conn *weir_tcp_open(struct weir_tcp *t, const struct weir_pkt *syn,
				    const struct weir_tcp_open *cfg, uint64_t now_ns);

/*
 * A segment from the peer of `leg`; takes p->mbuf. Until both peers have finished the handshake it
 * is passed on with its options cut to what weir speaks; later it is this leg's. `verified`: its
 * checksum was found right. Returns the reason for which it was not accepted (it may have been
 * answered), or WEIR_DROP_NONE. What it causes to be sent goes out at weir_tcp_flush, where a
 * connection that it ends goes, too.
 */
enum weir_drop weir_tcp_input(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
			      struct weir_pkt *p, bool verified, uint64_t now_ns);

/* ---- SYN cookies (RFC 4987 section 3.6) ---- */

/* So many connections are in the handshake that SYNs are better answered by cookie. */
bool weir_tcp_is_flooded(const struct weir_tcp *t);
void weir_tcp_set_half_open(struct weir_tcp *t, uint32_t half_open);
/* A frame that answers `syn` in its responder's place, to go back to the initiator by a port with
 * this MTU; NULL: no buffer. Nothing is remembered, `syn` stays the caller's. */
struct rte_mbuf *weir_tcp_answer_by_cookie(struct weir_tcp *t, const struct weir_pkt *syn,
					   uint16_t mtu, uint64_t now_ns);
/* Whether `p`, which belongs to no connection, acknowledges such an answer of the last minute or
 * two. */
bool weir_tcp_is_cookie(const struct weir_tcp *t, const struct weir_pkt *p, uint64_t now_ns);
/* The connection that such a segment begins: open towards the initiator, whose bytes can be read
 * and passed while the responder is being asked. The segment itself is then for weir_tcp_input.
 * NULL: no room. */
struct weir_tcp_conn *weir_tcp_open_by_cookie(struct weir_tcp *t, const struct weir_pkt *ack,
					      const struct weir_tcp_open *cfg, uint64_t now_ns);

/* Whether `p`, a SYN from the peer of `leg`, begins a new connection in place of this one: it is
 * all but over (RFC 9293 section 3.6.1, RFC 6191; whether the number is fit, the responder judges),
 * or the initiator has begun anew. Then forget this one and open another. */
bool weir_tcp_may_reopen(const struct weir_tcp_conn *c, unsigned int leg, const struct weir_pkt *p);

/* An ICMP error that quotes a segment which was sent to the peer of `leg`: `mtu` is the next hop's
 * for "too big" (RFC 1191, 8201), 0 for all others, which end no connection (RFC 5927). */
void weir_tcp_on_icmp(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
		      uint32_t quoted_seq, uint16_t mtu, uint64_t now_ns);

/* After each burst: hands over what can be read, sends what may be sent. */
void weir_tcp_flush(struct weir_tcp *t, uint64_t now_ns);
/* Timers that are due, about `budget` of them; before weir_tcp_flush. Returns how many. */
unsigned int weir_tcp_advance(struct weir_tcp *t, uint64_t now_ns, unsigned int budget);

/* ---- what was received ---- */

/* Views of the first bytes from the peer of `leg` that were not passed on, at most `max` views,
 * after the first `skip` bytes. */
unsigned int weir_tcp_read(const struct weir_tcp_conn *c, unsigned int leg, uint32_t skip,
			   struct weir_bytes *views, unsigned int max);
uint32_t weir_tcp_readable(const struct weir_tcp_conn *c, unsigned int leg);
/* Stream offset, from 0 after the SYN, of the first byte that was neither passed on nor discarded.
 */
uint64_t weir_tcp_offset(const struct weir_tcp_conn *c, unsigned int leg);
/* The peer of `leg` has sent its FIN, and what was before it can be read. */
bool weir_tcp_is_ended(const struct weir_tcp_conn *c, unsigned int leg);
/* It is neither heard nor spoken to any more: everything is said, or it was reset. */
bool weir_tcp_is_gone(const struct weir_tcp_conn *c, unsigned int leg);
/* Who holds bytes back until `bytes` of them are there asks for a window that large; it becomes so
 * at the flush, up to window_bytes, as far as the worker's views allow. */
void weir_tcp_want(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg, uint32_t bytes);
/* The peer of `leg` cannot send another segment before some of what it sent is passed on, or
 * thrown away. */
bool weir_tcp_is_full(const struct weir_tcp *t, const struct weir_tcp_conn *c, unsigned int leg);
/* The first `n` readable bytes go to the other leg's peer; its FIN follows the last of them. */
void weir_tcp_pass(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg, uint32_t n);
/* Ends it, with a reset to the peer of each leg in `legs` (bit 0, bit 1); what was not passed on is
 * gone, on_end is called at the flush. */
void weir_tcp_abort(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int legs,
		    uint64_t now_ns);
/* Forgets it without a word to the peers; on_end is not called. */
void weir_tcp_forget(struct weir_tcp *t, struct weir_tcp_conn *c);

/* ---- weir's own words ---- */

/* The first `n` readable bytes from the peer of `leg` are taken and go nowhere: acknowledged, the
 * window opens again. The connection cannot be released to forwarding any more. Returns how many
 * were taken. */
uint32_t weir_tcp_discard(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
			  uint32_t n);
/* `bytes` are sent to the peer of `leg`, behind all that was passed or written to it before; copied
 * into packet buffers of the worker. 0, or -WEIR_ENOMEM (no buffers or spans: nothing was queued),
 * -WEIR_EINVAL (its stream is ended, or handshake not done). */
WEIR_MUST_CHECK int weir_tcp_write(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
				   struct weir_bytes bytes);
/*
 * The same without a copy. Reserve makes packet buffers for `len` bytes: the caller fills the room
 * of each span in `out`, from its head on, all s->len bytes of it; then they are committed, or
 * given up. Nothing else is written to the leg in between. Returns as weir_tcp_write().
 */
WEIR_MUST_CHECK int weir_tcp_reserve(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
				     size_t len, struct weir_spans *out);
uint8_t *weir_tcp_room(const struct weir_span *s);
void weir_tcp_commit(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
		     struct weir_spans *spans);
void weir_tcp_give_up(struct weir_tcp *t, struct weir_spans *spans);
/* From now on what happens on one leg is not done to the other by itself: a FIN is not passed on,
 * a shut leg does not make the other one's input unheard, and weir_tcp_abort_leg does not shut the
 * other. Whoever says the peers' words in others of its own does all that. */
void weir_tcp_keep_ends(struct weir_tcp_conn *c);
/*
 * The FIN to the peer of `leg` follows what is queued for it, though the other peer has not sent
 * one. What the other peer still sends is taken and dropped as it comes, on_bytes is not called for
 * it any more, and its FIN is acknowledged. A reset by the other peer, or its silence, then ends
 * only the other leg. When nobody listens to the peer of `leg` either, it has a minute
 * (time_wait_ns) for its own FIN after it acknowledged weir's, and is reset then. Nothing happens
 * when it is shut already.
 */
void weir_tcp_shut(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg);
/*
 * Resets the peer of `leg` and forgets what was queued for it and what it sent. The other leg goes
 * on until its queue is acknowledged and it is closed; it is shut at the flush, so what its peer is
 * to hear is written before that. on_end says WEIR_TCP_END_ABORTED. While the other leg is not open
 * it cannot go on alone: the same as weir_tcp_abort with both.
 */
void weir_tcp_abort_leg(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
			uint64_t now_ns);
/* Bytes queued for the peer of `leg` and not yet acknowledged, unsent ones too. */
uint32_t weir_tcp_queued(const struct weir_tcp_conn *c, unsigned int leg);
#define WEIR_TCP_ROOM_MIN (64u << 10)
/* Once no more is than the congestion window, or than these, on_bytes is called for `leg`, once,
 * though its peer may have said nothing: whoever has more to write to it goes on. */
void weir_tcp_tell_room(struct weir_tcp_conn *c, unsigned int leg);
/* From now on what is queued for one peer does not shut the other's window: for who does not pass
 * bytes on but answers for itself how much it writes, as where one peer's words are about many
 * streams at a time. With weir_tcp_keep_ends, a peer's reset or silence ends its own leg alone. */
void weir_tcp_uncouple(struct weir_tcp_conn *c);

/* ---- release (back to the forwarding path) ---- */

/* Whether nothing is under way on either leg and the two agree on every number. */
bool weir_tcp_is_quiet(const struct weir_tcp_conn *c);
/* What forwarding must know to go on with the peer of `leg`, by its own numbers. */
struct weir_tcp_edge {
	uint32_t seq_start; /* of the first byte it sent */
	uint32_t seq_next;  /* of the next one */
	uint32_t seq_end;   /* up to which it may send */
	uint32_t ack;       /* what it has acknowledged */
	uint32_t window;    /* that it offers, bytes */
	uint8_t scale;
	bool scale_sent;
};
void weir_tcp_edge(const struct weir_tcp_conn *c, unsigned int leg, struct weir_tcp_edge *out);

/* ---- sight ---- */

struct weir_tcp_leg_info {
	enum weir_tcp_state state;
	uint32_t srtt_us; /* 0: not known */
	uint32_t rto_us;
	uint32_t cwnd;     /* bytes */
	uint32_t ssthresh; /* bytes; UINT32_MAX: none yet */
	uint32_t mss;
	uint32_t window_in;  /* what the peer offers, bytes */
	uint32_t window_out; /* what is offered to it */
	uint32_t unread;     /* received, not passed on */
	uint32_t gaps;       /* received behind a gap */
	uint32_t unacked;    /* sent */
	uint32_t unsent;
	uint32_t resent; /* segments, all in all */
	uint32_t timeouts;
};
void weir_tcp_leg_info(const struct weir_tcp_conn *c, unsigned int leg,
		       struct weir_tcp_leg_info *out);
/* Whose it is; the callbacks find it there. */
void weir_tcp_set_user(struct weir_tcp_conn *c, void *user);
void *weir_tcp_user(const struct weir_tcp_conn *c);
bool weir_tcp_is_answered(const struct weir_tcp_conn *c); /* the responder's SYN was seen */
bool weir_tcp_is_open(const struct weir_tcp_conn *c);     /* the handshake is done */
bool weir_tcp_is_closing(const struct weir_tcp_conn *c);  /* a FIN was seen */
bool weir_tcp_is_past(const struct weir_tcp_conn *c);     /* nothing is to come but repetitions */
/* Whether a segment with this number is under way to the peer of `leg` (RFC 5927 section 4.1). */
bool weir_tcp_is_under_way(const struct weir_tcp_conn *c, unsigned int leg, uint32_t seq);
uint32_t weir_tcp_count(const struct weir_tcp *t);
uint32_t weir_tcp_segments_used(const struct weir_tcp *t);
/* How full what it has is. */
struct weir_tcp_uses {
	struct weir_use connections;
	struct weir_use queues; /* of legs that are not idle, weir_tcp_cfg.segments */
	struct weir_use spans;  /* of payload, as many; a sixteenth is kept for what must be sent */
	struct weir_use blocks; /* for legs whose peers have gaps, weir_tcp_cfg.sack_legs */
};
struct weir_tcp_uses weir_tcp_uses(const struct weir_tcp *t);
/* Asserts the invariants; for tests. */
void weir_tcp_check(const struct weir_tcp_conn *c);
size_t weir_tcp_conn_bytes(void);    /* that an idle connection holds */
size_t weir_tcp_lent_bytes(void);    /* kept beside it, for those that are not idle */
size_t weir_tcp_segment_bytes(void); /* kept for each of weir_tcp_cfg.segments */

#endif
