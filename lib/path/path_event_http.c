/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record of a transaction: who asked what, what was answered, which rules matched. What was
 * matched came from the client and may be a password as well as an attack, so unless the operator
 * wants values as they came, letters and digits are blotted out.
 */
#include "path_event.h"
#include "path_http.h"

/* A text of a record ends with NUL: one that the client sent must not hide what comes after it. */
static char shown(uint8_t c)
{
	return c ? (char)c : ' ';
}

static void copy_text(char *to, size_t room, struct weir_bytes from)
{
	size_t n = from.len < room ? from.len : room - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = shown(from.ptr[i]);
	to[n] = '\0';
}

static bool is_letter(uint8_t c)
{
	return (uint8_t)(weir_lower(c) - 'a') < 26 || c >= 0x80;
}

static size_t word_len(struct weir_bytes b, size_t at)
{
	size_t n = 0;

	while (at + n < b.len && is_letter(b.ptr[at + n]))
		n++;
	return n;
}

static bool has_word(struct weir_bytes text, struct weir_bytes word)
{
	for (size_t at = 0; at < text.len;) {
		size_t n = word_len(text, at);

		if (n && weir_bytes_equal_case(weir_bytes_of(text.ptr + at, n), word))
			return true;
		at += n ? n : 1;
	}
	return false;
}

/* Words of the rule's own message stay: by them an analyst knows the attack. */
static void redact(char *to, size_t room, struct weir_bytes from, struct weir_bytes message)
{
	size_t at = 0, end = from.len < room ? from.len : room - 1;

	while (at < end) {
		size_t n = word_len(from, at);
		bool keeps = n && has_word(message, weir_bytes_of(from.ptr + at, n));

		for (size_t i = 0; i < n && at < end; i++, at++)
			to[at] = keeps ? (char)from.ptr[at] : 'x';
		if (n || at == end)
			continue;
		to[at] = (uint8_t)(from.ptr[at] - '0') < 10 ? '0' : shown(from.ptr[at]);
		at++;
	}
	to[end] = '\0';
}

static void add_match(const struct path_http *x, struct weir_event_match *to,
		      const struct weir_waf_match *m)
{
	struct weir_bytes value = m->data.len ? m->data : m->value;

	to->rule = m->id;
	to->severity = m->severity;
	to->phase = m->phase;
	to->detect_only = m->detect_only;
	copy_text(to->msg, sizeof(to->msg), m->msg);
	copy_text(to->target, sizeof(to->target), m->target);
	if (x->w->path->conf->log_values)
		copy_text(to->data, sizeof(to->data), value);
	else
		redact(to->data, sizeof(to->data), value, m->msg);
}

/* A rule that matches several targets does so one after the other. */
static void add_rule(struct weir_event_http *h, uint32_t id)
{
	if (h->n_rules && h->rules[h->n_rules - 1] == id)
		return;
	if (h->n_rules == WEIR_EVENT_RULES)
		h->rules_more++;
	else
		h->rules[h->n_rules++] = id;
}

/* NULL: there is no room. What decided has its place among those that are told in full, though it
 * mostly comes last. */
static struct weir_event_match *place_for(struct weir_event_store *s, struct weir_event_http *h,
					  bool decided)
{
	bool room = h->match || weir_event_http_take_matches(s, h);

	if (room && h->n_matches < WEIR_EVENT_MATCHES)
		return &h->match[h->n_matches++];
	h->matches_more++;
	return room && decided ? &h->match[WEIR_EVENT_MATCHES - 1] : NULL;
}

/* Rules without `log` count and set, nobody wants to read of them. */
static void add_matches(const struct path_http *x, struct weir_event_http *h,
			const struct weir_waf_result *r)
{
	h->matches_more = (uint16_t)RTE_MIN(r->matches_lost, UINT16_MAX);
	for (uint32_t i = 0; i < r->n_matches; i++) {
		const struct weir_waf_match *m = &r->matches[i];
		struct weir_event_match *to;

		if (!m->logged)
			continue;
		add_rule(h, m->id);
		to = place_for(x->w->store, h, m->id == r->rule);
		if (to)
			add_match(x, to, m);
	}
}

static void add_result(const struct path_http *x, struct weir_event_http *h,
		       const struct weir_waf_result *r)
{
	h->would = (uint8_t)r->would;
	h->phase = r->phase;
	h->rule = r->rule;
	h->inbound_score = r->inbound_score;
	h->outbound_score = r->outbound_score;
	h->request_partial = r->request_partial;
	h->response_partial = r->response_partial;
	add_matches(x, h, r);
}

void path_event_http(struct path_http *x, const struct path_exchange *e,
		     const struct weir_waf_result *r)
{
	struct weir_event_http *h = x->w->store ? weir_event_http_take(x->w->store) : NULL;

	if (!h) {
		weir_count(&x->w->stats, WEIR_COUNT_TX_RECORDS_LOST, 1);
		return;
	}
	path_http_tell_texts(&e->texts, h);
	h->verdict = h->would = e->verdict;
	if (r)
		add_result(x, h, r);
	h->tx_id = e->id;
	h->service = x->service.name;
	h->threat = e->program->name;
	h->detect = e->program->mode == WEIR_WAF_DETECT;
	h->status = e->status;
	h->answered_by_weir = e->answered;
	h->request_bytes = e->request_bytes;
	h->response_bytes = e->response_bytes;
	h->waf_ns = e->waf_ns;
	/* The worker's clock stands still within a turn. */
	h->total_ns = RTE_MAX(x->w->now_ns - e->begun_ns, e->waf_ns);
	h->cut = e->cut && !e->bad;
	h->bad = h->cut ? "CUT" : e->bad;
	h->stream = e->stream;
	if (x->k->tls)
		path_tls_describe(x->k->tls, h->tls, h->sni, &h->identity);
	path_event_transaction(x->w, x->k->flow, h);
}
