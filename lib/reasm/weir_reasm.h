/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments in any order to bytes in order. Payload stays in the mbuf that brought it: a span is a
 * view of some of its bytes with a sequence number, and queues are lists of spans. What has come
 * first stays (first-arrival policy), so what was inspected is what is delivered. Worker only.
 */
#ifndef WEIR_REASM_H
#define WEIR_REASM_H

#include <weir_base.h>

struct rte_mbuf;
struct rte_mempool;

/* ---- sequence numbers (RFC 9293 section 3.4): compared modulo 2^32 ---- */

static inline bool weir_seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool weir_seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline uint32_t weir_seq_max(uint32_t a, uint32_t b)
{
	return weir_seq_lt(a, b) ? b : a;
}

static inline uint32_t weir_seq_min(uint32_t a, uint32_t b)
{
	return weir_seq_lt(a, b) ? a : b;
}

/* ---- spans ---- */

/* weir_span.flags; those of sending are tcp's. */
#define WEIR_SPAN_SUMMED 0x01 /* `sum` is set */
#define WEIR_SPAN_PSH    0x02 /* its last byte was pushed */
#define WEIR_SPAN_FIN    0x04 /* no bytes: stands for the FIN after them */
#define WEIR_SPAN_SACKED 0x10
#define WEIR_SPAN_LOST   0x20
#define WEIR_SPAN_RESENT 0x40 /* and its repetition is under way */
#define WEIR_SPAN_TIMED  0x80 /* on the list by time of sending */

/* `len` bytes at m->buf_addr + off. A FIN has no buffer and takes one sequence number. */
struct weir_span {
	struct weir_span *next;
	struct rte_mbuf *m; /* one reference to it is the span's */
	uint32_t seq;
	uint16_t off;
	uint16_t len;
	uint16_t sum; /* of the bytes, as they stand in memory (RFC 1071), folded, not inverted */
	uint8_t flags;
	uint8_t sends; /* how often it was sent, up to 255 */
	uint64_t sent_ns;
	struct weir_span *older; /* list by time of sending */
	struct weir_span *newer;
} __attribute__((aligned(WEIR_CACHE_LINE)));

static inline uint32_t weir_span_end(const struct weir_span *s)
{
	return s->seq + s->len + !!(s->flags & WEIR_SPAN_FIN);
}

/* A list; `bytes` is the sum of lengths, `n` of spans. */
struct weir_spans {
	struct weir_span *head;
	struct weir_span *tail;
	uint32_t bytes;
	uint32_t n;
};

/* The worker's stock of spans. */
struct weir_span_stock;
/* `spans` that may be there at a time. NULL: no memory, logged. */
struct weir_span_stock *weir_span_stock_create(const char *name, uint32_t spans);
void weir_span_stock_destroy(struct weir_span_stock *s);
uint32_t weir_span_stock_used(const struct weir_span_stock *s);
struct weir_use weir_span_stock_use(const struct weir_span_stock *s);
uint32_t weir_span_stock_size(const struct weir_span_stock *s);

/* A span of `len` bytes at `off` from m->buf_addr; takes the reference to `m` (NULL: a FIN). NULL:
 * none is left, and then the reference stays with the caller. */
struct weir_span *weir_span_make(struct weir_span_stock *s, struct rte_mbuf *m, uint16_t off,
				 uint16_t len, uint32_t seq);
/* Gives the span and its reference back. */
void weir_span_free(struct weir_span_stock *s, struct weir_span *span);
const uint8_t *weir_span_bytes(const struct weir_span *span);
/* Cuts `n` bytes off the front. */
void weir_span_trim_front(struct weir_span *span, uint32_t n);
/* Leaves the first `n` bytes in `span` and puts the rest into a new one behind it, which keeps
 * flags and time of sending. False: none is left, and nothing has changed. */
WEIR_MUST_CHECK bool weir_span_split(struct weir_span_stock *s, struct weir_span *span, uint32_t n);
/*
 * Copies the bytes of `from` behind those of `to`, which they follow, when that costs less than
 * keeping them apart: few bytes, room behind `to`, and a buffer that `to` has for itself. True:
 * `from` is all in `to` (and still the caller's).
 */
bool weir_span_merge(struct weir_span *to, const struct weir_span *from, uint32_t max_len);

void weir_spans_append(struct weir_spans *q, struct weir_span *span);
/* The first one, NULL: none. */
struct weir_span *weir_spans_take(struct weir_spans *q);
void weir_spans_clear(struct weir_span_stock *s, struct weir_spans *q);

/* ---- reassembly ---- */

/*
 * What one direction of a connection has waiting; zeroed: nothing. `next`, its owner's, is the
 * sequence number after the last byte in order. Invariants: spans in `ready` are in order, without
 * gap, and end at `next`; those in `gaps` are sorted, disjoint, and begin after `next`.
 */
struct weir_reasm {
	struct weir_spans ready;
	struct weir_spans gaps;
	struct weir_span *last; /* where the last one was put in `gaps`: the next is near */
};

void weir_reasm_fini(struct weir_span_stock *s, struct weir_reasm *r);
/* What waits behind a gap will not be asked for. */
void weir_reasm_forget_gaps(struct weir_span_stock *s, struct weir_reasm *r);

/*
 * Adds `span` (taken, always), already within the window, and moves *next on. Bytes that are there
 * stay as they are.
 * At most `max_gaps` spans wait behind gaps, small neighbours being put together. Returns how many
 * bytes have become ready; 0 for none yet; -WEIR_ELIMIT when it would be one span too many, or
 * -WEIR_ENOMEM without a span for a piece of it, and then what was not kept is gone.
 */
int weir_reasm_add(struct weir_span_stock *s, struct weir_reasm *r, uint32_t *next,
		   struct weir_span *span, uint32_t max_gaps);

#endif
