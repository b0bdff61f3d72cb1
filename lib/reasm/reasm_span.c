/* SPDX-License-Identifier: BSD-3-Clause */
/* Spans: views of payload in mbufs that are counted by reference. */
#include <weir_mem.h>
#include <weir_reasm.h>

#include <rte_mbuf.h>

/* Copying so many bytes costs less than a buffer and a span of their own. */
#define MERGE_MAX 512

struct weir_span_stock *weir_span_stock_create(const char *name, uint32_t spans)
{
	return (struct weir_span_stock *)weir_pool_create(name, spans, sizeof(struct weir_span));
}

static struct weir_pool *pool_of(struct weir_span_stock *s)
{
	return (struct weir_pool *)s;
}

void weir_span_stock_destroy(struct weir_span_stock *s)
{
	weir_pool_destroy(pool_of(s));
}

uint32_t weir_span_stock_used(const struct weir_span_stock *s)
{
	return weir_pool_used((const struct weir_pool *)s);
}

struct weir_use weir_span_stock_use(const struct weir_span_stock *s)
{
	return weir_pool_use((const struct weir_pool *)s);
}

uint32_t weir_span_stock_size(const struct weir_span_stock *s)
{
	return weir_pool_count((const struct weir_pool *)s);
}

struct weir_span *weir_span_make(struct weir_span_stock *s, struct rte_mbuf *m, uint16_t off,
				 uint16_t len, uint32_t seq)
{
	struct weir_span *span = weir_pool_take(pool_of(s));

	if (weir_unlikely(!span))
		return NULL;
	span->next = span->older = span->newer = NULL;
	span->m = m;
	span->seq = seq;
	span->off = off;
	span->len = len;
	span->flags = m ? 0 : WEIR_SPAN_FIN;
	span->sends = 0;
	span->sent_ns = 0;
	return span;
}

void weir_span_free(struct weir_span_stock *s, struct weir_span *span)
{
	if (span->m)
		rte_pktmbuf_free_seg(span->m);
	weir_pool_give(pool_of(s), span);
}

const uint8_t *weir_span_bytes(const struct weir_span *span)
{
	return (const uint8_t *)span->m->buf_addr + span->off;
}

void weir_span_trim_front(struct weir_span *span, uint32_t n)
{
	span->seq += n;
	span->off = (uint16_t)(span->off + n);
	span->len = (uint16_t)(span->len - n);
	span->flags &= (uint8_t)~WEIR_SPAN_SUMMED;
}

bool weir_span_split(struct weir_span_stock *s, struct weir_span *span, uint32_t n)
{
	struct weir_span *rest = weir_span_make(s, span->m, (uint16_t)(span->off + n),
						(uint16_t)(span->len - n), span->seq + n);

	if (!rest)
		return false;
	rte_mbuf_refcnt_update(span->m, 1);
	rest->flags = span->flags & (uint8_t) ~(WEIR_SPAN_SUMMED | WEIR_SPAN_TIMED);
	rest->sends = span->sends;
	rest->sent_ns = span->sent_ns;
	rest->next = span->next;
	span->next = rest;
	span->len = (uint16_t)n;
	span->flags &= (uint8_t) ~(WEIR_SPAN_SUMMED | WEIR_SPAN_PSH);
	return true;
}

bool weir_span_merge(struct weir_span *to, const struct weir_span *from, uint32_t max_len)
{
	uint32_t end = (uint32_t)to->off + to->len;

	if (from->len > MERGE_MAX || !from->m || !to->m ||
	    (uint32_t)to->len + from->len > max_len || end + from->len > to->m->buf_len ||
	    rte_mbuf_refcnt_read(to->m) != 1 || !RTE_MBUF_DIRECT(to->m))
		return false;
	memcpy((uint8_t *)to->m->buf_addr + end, weir_span_bytes(from), from->len);
	to->len = (uint16_t)(to->len + from->len);
	to->flags &= (uint8_t)~WEIR_SPAN_SUMMED;
	to->flags |= from->flags & WEIR_SPAN_PSH;
	return true;
}

void weir_spans_append(struct weir_spans *q, struct weir_span *span)
{
	span->next = NULL;
	if (q->tail)
		q->tail->next = span;
	else
		q->head = span;
	q->tail = span;
	q->bytes += span->len;
	q->n++;
}

struct weir_span *weir_spans_take(struct weir_spans *q)
{
	struct weir_span *span = q->head;

	if (!span)
		return NULL;
	q->head = span->next;
	if (!q->head)
		q->tail = NULL;
	q->bytes -= span->len;
	q->n--;
	span->next = NULL;
	return span;
}

void weir_spans_clear(struct weir_span_stock *s, struct weir_spans *q)
{
	struct weir_span *span;

	while ((span = weir_spans_take(q)))
		weir_span_free(s, span);
}
