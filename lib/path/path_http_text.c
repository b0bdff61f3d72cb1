/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the record of a transaction tells of its request. Few requests fill it: an exchange has room
 * for usual ones, and what is longer is lent while it is under way. When nothing is left to lend,
 * texts are cut to that room, the last ones first.
 */
#include "path_http.h"

static const uint16_t most[PATH_HTTP_TEXTS] = {
	[PATH_HTTP_METHOD] = sizeof(((struct weir_event_http *)0)->method) - 1,
	[PATH_HTTP_PROTOCOL] = sizeof(((struct weir_event_http *)0)->protocol) - 1,
	[PATH_HTTP_HOST] = sizeof(((struct weir_event_http *)0)->host) - 1,
	[PATH_HTTP_PATH] = sizeof(((struct weir_event_http *)0)->path) - 1,
	[PATH_HTTP_AGENT] = sizeof(((struct weir_event_http *)0)->user_agent) - 1,
};

/* A byte less for each than the record has, which ends them by NUL. */
_Static_assert(PATH_HTTP_TEXTS_MAX == sizeof(((struct weir_event_http *)0)->method) +
					      sizeof(((struct weir_event_http *)0)->protocol) +
					      sizeof(((struct weir_event_http *)0)->host) +
					      sizeof(((struct weir_event_http *)0)->path) +
					      sizeof(((struct weir_event_http *)0)->user_agent) -
					      PATH_HTTP_TEXTS,
	       "all of them fit");

static void cut(struct path_http_texts *t, size_t room)
{
	for (unsigned int i = 0; i < PATH_HTTP_TEXTS; i++) {
		t->len[i] = (uint16_t)RTE_MIN((size_t)t->len[i], room);
		room -= t->len[i];
	}
}

/* Where they go, and as much of them as there is room for. */
static char *make_room(struct path_worker *w, struct path_http_texts *t, size_t all)
{
	if (all <= sizeof(t->here))
		return t->here;
	t->more = weir_pool_take(w->http->texts);
	if (t->more)
		return t->more;
	weir_count(&w->stats, WEIR_COUNT_HTTP_TEXTS_CUT, 1);
	cut(t, sizeof(t->here));
	return t->here;
}

void path_http_note_texts(struct path_worker *w, struct path_http_texts *t,
			  const struct weir_bytes from[PATH_HTTP_TEXTS])
{
	size_t all = 0;
	char *to;

	for (unsigned int i = 0; i < PATH_HTTP_TEXTS; i++) {
		t->len[i] = (uint16_t)RTE_MIN(from[i].len, (size_t)most[i]);
		all += t->len[i];
	}
	to = make_room(w, t, all);
	for (unsigned int i = 0; i < PATH_HTTP_TEXTS; i++) {
		if (t->len[i])
			memcpy(to, from[i].ptr, t->len[i]);
		to += t->len[i];
	}
}

void path_http_tell_texts(const struct path_http_texts *t, struct weir_event_http *h)
{
	char *const to[PATH_HTTP_TEXTS] = {
		[PATH_HTTP_METHOD] = h->method,    [PATH_HTTP_PROTOCOL] = h->protocol,
		[PATH_HTTP_HOST] = h->host,        [PATH_HTTP_PATH] = h->path,
		[PATH_HTTP_AGENT] = h->user_agent,
	};
	const char *from = t->more ? t->more : t->here;

	for (unsigned int i = 0; i < PATH_HTTP_TEXTS; i++) {
		memcpy(to[i], from, t->len[i]);
		to[i][t->len[i]] = '\0';
		from += t->len[i];
	}
}

void path_http_drop_texts(struct path_worker *w, struct path_http_texts *t)
{
	if (t->more)
		weir_pool_give(w->http->texts, t->more);
	t->more = NULL;
}
