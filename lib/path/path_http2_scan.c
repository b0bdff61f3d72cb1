/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stream rules and HTTP/2: frames and HPACK would hide what they look for, so they see what they
 * would see of HTTP/1.1, each message by itself: its head as HTTP/1.1 writes it, then its content,
 * then its trailers. A match whose rule says reset ends the stream, one that says drop all of the
 * connection. Bytes that complete a match go nowhere.
 */
#include "path_event.h"
#include "path_http2.h"

#define MATCHES 8

/* False: there should be one, and is none. */
static bool open_stream(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_way *way = &s->way[leg];
	const struct path_worker *w = s->h->x->w;
	uint8_t direction = leg == PATH_TO_SERVER ? WEIR_SCAN_TO_SERVER : WEIR_SCAN_TO_CLIENT;
	uint16_t port = s->h->x->k->flow->port[1];

	if (way->scanned)
		return true;
	way->scanned = true;
	if (!w->gen->scan || !weir_scan_applies(w->gen->scan, direction, port))
		return true;
	return weir_scan_open(&way->scan, w->gen->scan, w->id, direction, port) == 0;
}

/* As for any other connection: by Defaults, failure.memory. */
static bool on_failure(struct path_http2_stream *s)
{
	struct path_worker *w = s->h->x->w;

	path_note_drop(w, NULL, NULL, WEIR_DROP_SCAN_EXHAUSTED);
	if (weir_policy_defaults(w->gen->policy)->on_memory == WEIR_FAIL_OPEN) {
		weir_count(&w->stats, WEIR_COUNT_UNSCANNED, 1);
		return true;
	}
	weir_count_drop(&w->stats, WEIR_DROP_SCAN_EXHAUSTED);
	path_http2_reset(s, WEIR_HTTP2_INTERNAL_ERROR);
	return false;
}

static void tell(struct path_http2_stream *s, unsigned int leg, const struct weir_scan_match *m,
		 struct weir_bytes view, uint64_t at)
{
	const struct path_http *x = s->h->x;
	const struct weir_scan_rule *rule = weir_scan_rule(s->way[leg].scan.db, m->rule);
	char context[WEIR_SCAN_CONTEXT];

	weir_scan_context(rule, view, (size_t)(m->end - at), context);
	path_event_alert(x->w, x->k->flow, (uint8_t)leg, rule, m->end, context);
}

static void stop(struct path_http2_stream *s, unsigned int leg, const struct weir_scan_rule *rule)
{
	struct path_http *x = s->h->x;

	if (rule->action == WEIR_SCAN_DROP) {
		path_carry_stop(x->w, x->k, leg, false);
		path_http_abandon(x);
		return;
	}
	weir_count(&x->w->stats, WEIR_COUNT_STREAMS_STOPPED, 1);
	s->e.bad = "STREAM_RULE";
	path_http2_reset(s, WEIR_HTTP2_CANCEL);
}

bool path_http2_scan(struct path_http2_stream *s, unsigned int leg, struct weir_bytes bytes)
{
	struct weir_scan_stream *scan = &s->way[leg].scan;
	struct weir_scan_match m[MATCHES];
	struct path_worker *w = s->h->x->w;
	uint64_t at = scan->fed;
	unsigned int more;
	bool stops;
	int n;

	if (!open_stream(s, leg))
		return on_failure(s);
	if (!scan->db || !bytes.len)
		return true;
	n = weir_scan_feed(scan, bytes, m, MATCHES, &more, &stops);
	if (weir_unlikely(n < 0)) {
		weir_scan_close(scan);
		return on_failure(s);
	}
	weir_count(&w->stats, WEIR_COUNT_SCANNED_BYTES, bytes.len);
	for (int i = 0; i < n; i++)
		tell(s, leg, &m[i], bytes, at);
	if (weir_unlikely(more))
		weir_count(&w->stats, WEIR_COUNT_ALERTS_HELD_BACK, more);
	if (weir_unlikely(stops && n))
		stop(s, leg, weir_scan_rule(scan->db, m[n - 1].rule));
	return !stops;
}

bool path_http2_scan_head(struct path_http2_stream *s, unsigned int leg,
			  const struct weir_http_head *head)
{
	struct path_http2_worker *w = s->h->x->w->http2;
	size_t n;

	if (!s->h->x->w->gen->scan)
		return true;
	n = weir_http2_to_http1(head, w->text, sizeof(w->text));
	return path_http2_scan(s, leg, weir_bytes_of(w->text, n));
}

bool path_http2_scan_trailers(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_worker *w = s->h->x->w->http2;
	size_t n = weir_http2_queue_read(&s->way[leg].trailers, w->text, sizeof(w->text));

	return !n || path_http2_scan(s, leg, weir_bytes_of(w->text, n));
}
