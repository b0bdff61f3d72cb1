/* SPDX-License-Identifier: BSD-3-Clause */
/* Exchanges of a connection, in the order of their requests, which is that of the responses. */
#include "path_http.h"

static struct weir_bytes field(const struct weir_http_head *h, const char *name)
{
	const struct weir_http_header *f = weir_http_header_find(h, name);

	return f ? f->value : weir_bytes_str("");
}

static bool has_word(struct weir_bytes text, const char *word, size_t *at)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= text.len; i++)
		if (weir_lower(text.ptr[i]) == (uint8_t)word[0] &&
		    weir_bytes_is_case(weir_bytes_of(text.ptr + i, len), word)) {
			*at = i;
			return true;
		}
	return false;
}

/* Whoever names JSON, and no HTML before it, is a program. */
static bool wants_json(const struct path_exchange *e, const struct weir_http_head *h)
{
	struct weir_bytes accept = field(h, "accept");
	size_t json, html;

	if (e->program && e->program->json_refusals)
		return true;
	return has_word(accept, "json", &json) && (!has_word(accept, "html", &html) || json < html);
}

static void describe(struct path_worker *w, struct path_exchange *e, const struct weir_http_head *h)
{
	const struct weir_bytes texts[PATH_HTTP_TEXTS] = {
		[PATH_HTTP_METHOD] = h->method,
		[PATH_HTTP_PROTOCOL] = h->protocol,
		[PATH_HTTP_HOST] = h->authority.len ? h->authority : h->host,
		[PATH_HTTP_PATH] = h->path,
		[PATH_HTTP_AGENT] = field(h, "user-agent"),
	};

	e->is_head = h->is_head;
	e->is_connect = h->is_connect;
	e->upgrade = h->upgrade;
	e->keep_alive = h->keep_alive;
	e->http10 = h->minor == 0;
	e->expects = h->expects;
	e->json = wants_json(e, h);
	e->call = path_http_grpc(h);
	path_http_note_texts(w, &e->texts, texts);
}

/* Hard to guess, and never twice by the same key. */
static uint64_t next_id(struct path_worker *w)
{
	uint64_t words[2] = {w->http->begun++, w->id};

	return weir_siphash13(&w->key, words, 2);
}

void path_exchange_init(struct path_http *x, struct path_exchange *e,
			const struct weir_http_head *h)
{
	memset(e, 0, offsetof(struct path_exchange, texts.here));
	e->id = next_id(x->w);
	e->begun_ns = x->w->now_ns;
	if (x->program)
		e->program = path_program_hold(x->w, x->program);
	if (h)
		describe(x->w, e, h);
	x->outstanding++;
	x->requests++;
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_REQUESTS, 1);
}

/* Who sends several at once has them out of half of the pool: the rest is for those that send one
 * after the other. */
bool path_exchange_may_begin(const struct path_http *x)
{
	const struct weir_pool *pool = x->w->http->exchanges;

	return !x->outstanding || (x->outstanding < PATH_HTTP_OUTSTANDING &&
				   weir_pool_used(pool) < weir_pool_count(pool) / 2);
}

struct path_exchange *path_exchange_begin(struct path_http *x, const struct weir_http_head *h)
{
	struct path_exchange *e = weir_pool_take(x->w->http->exchanges);
	struct path_exchange **end = &x->first;

	if (!e)
		return NULL;
	path_exchange_init(x, e, h);
	while (*end)
		end = &(*end)->next;
	*end = e;
	x->reading = e;
	return e;
}

void path_exchange_tell(struct path_http *x, struct path_exchange *e)
{
	struct weir_waf_result r;
	uint64_t tsc;

	path_http_end_judging(x, e);
	tsc = rte_rdtsc();
	if (e->tx) {
		weir_waf_tx_result(e->tx, &r);
		if (r.would != WEIR_WAF_PASS && r.verdict == WEIR_WAF_PASS)
			weir_count(&x->w->stats, WEIR_COUNT_HTTP_WOULD_DENY, 1);
	}
	path_event_http(x, e, e->tx ? &r : NULL);
	(void)path_http_spent(x->w, WEIR_HTTP_WORK_RECORD, tsc);
}

void path_exchange_fini(struct path_http *x, struct path_exchange *e)
{
	if (e->program) {
		if (!e->told)
			path_exchange_tell(x, e);
		path_http_forget_judging(x, e);
		path_program_put(x->w, e->program);
		e->program = NULL;
	}
	path_http_drop_texts(x->w, &e->texts);
	x->outstanding--;
	x->idle_ns = x->w->now_ns;
}

void path_exchange_end(struct path_http *x)
{
	struct path_exchange *e = x->first;

	path_exchange_fini(x, e);
	x->first = e->next;
	if (x->reading == e)
		x->reading = NULL;
	weir_pool_give(x->w->http->exchanges, e);
}

/* True when the next one may have its turn. */
static bool answer_first(struct path_http *x)
{
	struct path_exchange *e = x->first;
	bool close = e->close;

	if (e->verdict == WEIR_WAF_DROP || (!e->answered && !path_http_answer(x, e))) {
		path_http_abort(x);
		return false;
	}
	e->answered = e->status != 0;
	path_exchange_end(x);
	if (close)
		path_http_close(x);
	return !close;
}

void path_http_advance_queue(struct path_http *x)
{
	while (!x->dead && x->first && x->first->refused)
		if (!answer_first(x))
			return;
	if (x->dead || !x->first || !x->first->expects || x->first->forwarded)
		return;
	x->first->expects = false;
	x->first->swallow_100 = path_http_continue(x);
}
