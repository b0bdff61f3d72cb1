/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reassembly of one direction. Segments in order go straight to the end of `ready`; the others are
 * kept sorted until the gap before them is filled. An overlap never replaces a byte.
 */
#include <weir_reasm.h>

#include <rte_mbuf.h>

/* Small segments that wait are put together up to here. */
#define WAITING_LEN UINT16_MAX

void weir_reasm_fini(struct weir_span_stock *s, struct weir_reasm *r)
{
	weir_spans_clear(s, &r->ready);
	weir_reasm_forget_gaps(s, r);
}

void weir_reasm_forget_gaps(struct weir_span_stock *s, struct weir_reasm *r)
{
	weir_spans_clear(s, &r->gaps);
	r->last = NULL;
}

/* `span` begins at *next. Returns its length. */
static uint32_t make_ready(struct weir_span_stock *s, struct weir_reasm *r, uint32_t *next,
			   struct weir_span *span)
{
	uint32_t len = span->len;

	*next = weir_span_end(span);
	if (r->ready.tail && weir_span_merge(r->ready.tail, span, WAITING_LEN)) {
		r->ready.bytes += len;
		weir_span_free(s, span);
		return len;
	}
	weir_spans_append(&r->ready, span);
	return len;
}

/* What the arrival before it has closed up. */
static uint32_t drain_gaps(struct weir_span_stock *s, struct weir_reasm *r, uint32_t *next)
{
	uint32_t len = 0;

	while (r->gaps.head && weir_seq_le(r->gaps.head->seq, *next)) {
		struct weir_span *span = weir_spans_take(&r->gaps);

		if (r->last == span)
			r->last = NULL;
		if (weir_seq_le(weir_span_end(span), *next)) {
			weir_span_free(s, span);
			continue;
		}
		weir_span_trim_front(span, *next - span->seq);
		len += make_ready(s, r, next, span);
	}
	return len;
}

/* The last span in `gaps` that begins at or before `seq`; NULL: none. */
static struct weir_span *before(const struct weir_reasm *r, uint32_t seq)
{
	struct weir_span *at = r->gaps.tail, *next;

	if (!at || weir_seq_lt(seq, r->gaps.head->seq))
		return NULL;
	if (weir_seq_le(at->seq, seq))
		return at;
	at = r->last && weir_seq_le(r->last->seq, seq) ? r->last : r->gaps.head;
	for (next = at->next; next && weir_seq_le(next->seq, seq); next = at->next)
		at = next;
	return at;
}

/* Puts `span`, which overlaps nothing, behind `at` (NULL: first). */
static int insert(struct weir_span_stock *s, struct weir_reasm *r, struct weir_span *at,
		  struct weir_span *span, uint32_t max_gaps)
{
	if (at && weir_span_end(at) == span->seq && weir_span_merge(at, span, WAITING_LEN)) {
		r->gaps.bytes += span->len;
		r->last = at;
		weir_span_free(s, span);
		return 0;
	}
	if (r->gaps.n >= max_gaps) {
		weir_span_free(s, span);
		return -WEIR_ELIMIT;
	}
	span->next = at ? at->next : r->gaps.head;
	if (at)
		at->next = span;
	else
		r->gaps.head = span;
	if (!span->next)
		r->gaps.tail = span;
	r->gaps.bytes += span->len;
	r->gaps.n++;
	r->last = span;
	return 0;
}

/* Keeps of `span` what is not there yet: pieces between those that are. */
static int fill_gaps(struct weir_span_stock *s, struct weir_reasm *r, struct weir_span *span,
		     uint32_t max_gaps)
{
	while (span) {
		struct weir_span *at = before(r, span->seq);
		struct weir_span *next = at ? at->next : r->gaps.head;
		struct weir_span *rest = NULL;
		int error;

		if (at && weir_seq_lt(span->seq, weir_span_end(at))) {
			if (weir_seq_le(weir_span_end(span), weir_span_end(at))) {
				weir_span_free(s, span);
				return 0;
			}
			weir_span_trim_front(span, weir_span_end(at) - span->seq);
			continue;
		}
		if (next && weir_seq_lt(next->seq, weir_span_end(span))) {
			if (!weir_span_split(s, span, next->seq - span->seq)) {
				weir_span_free(s, span);
				return -WEIR_ENOMEM;
			}
			rest = span->next;
		}
		error = insert(s, r, at, span, max_gaps);
		if (error) {
			if (rest)
				weir_span_free(s, rest);
			return error;
		}
		span = rest;
	}
	return 0;
}

int weir_reasm_add(struct weir_span_stock *s, struct weir_reasm *r, uint32_t *next,
		   struct weir_span *span, uint32_t max_gaps)
{
	uint32_t len = 0, before_gap;

	if (weir_seq_lt(*next, span->seq))
		return fill_gaps(s, r, span, max_gaps);
	if (weir_seq_le(weir_span_end(span), *next)) {
		weir_span_free(s, span);
		return 0;
	}
	if (span->seq != *next)
		weir_span_trim_front(span, *next - span->seq);
	if (weir_likely(!r->gaps.head))
		return (int)make_ready(s, r, next, span);
	/* Bytes behind the gap came first: of this one only what is before them is new. */
	before_gap = r->gaps.head->seq - *next;
	if (span->len > before_gap) {
		if (!weir_span_split(s, span, before_gap)) {
			weir_span_free(s, span);
			return -WEIR_ENOMEM;
		}
		struct weir_span *rest = span->next;

		span->next = NULL;
		len = make_ready(s, r, next, span) + drain_gaps(s, r, next);
		span = rest;
		/* What is left may still reach over what was there. */
		int more = weir_reasm_add(s, r, next, span, max_gaps);

		return more < 0 ? (int)len : (int)len + more;
	}
	len = make_ready(s, r, next, span);
	return (int)(len + drain_gaps(s, r, next));
}
