/* SPDX-License-Identifier: BSD-3-Clause */
/* The servers of a client that speaks HTTP/1.1, which speak HTTP/2: their session from beginning to
 * end, and what is read of it in place of the bytes that came. */
#include "path_translate.h"
#include "path_stream.h"

#define VIEWS 16
/* Of an answer so much may wait before it is asked for, and so much when it is held to be judged;
 * a window of what the server may send at any time comes on top of either. */
#define WANT     (64u << 10)
#define WANT_MAX (4u << 20)
/* Where there is little memory it has this share of all, of which a session may have half. */
#define WANT_SHARE 8
#define TICK_NS    WEIR_NS_PER_S

/* ---- what is read ---- */

unsigned int path_translate_read(const struct path_translator *t, uint32_t skip,
				 struct weir_bytes *views, unsigned int max)
{
	return weir_http2_queue_views(&t->answer, skip, views, max);
}

uint32_t path_translate_readable(const struct path_translator *t)
{
	return (uint32_t)t->answer.bytes;
}

uint64_t path_translate_offset(const struct path_translator *t)
{
	return t->offset;
}

bool path_translate_is_ended(const struct path_translator *t)
{
	return t->ended;
}

void path_translate_want(struct path_translator *t, uint32_t bytes)
{
	if (bytes > t->want)
		t->want = RTE_MIN(bytes, t->want_max);
}

bool path_translate_is_full(const struct path_translator *t)
{
	return t->answer.bytes >= t->want_max;
}

void path_translate_discard(struct path_translator *t, uint32_t n)
{
	weir_http2_queue_drop(t->h.server, &t->answer, n);
	t->offset += n;
	if (!t->answer.bytes)
		t->want = RTE_MIN(WANT, t->want_max);
	path_http2_note_moved(&t->h, n);
}

/* All of it, or as much as there are packet buffers for: how much comes is for the server's window
 * to say. Pieces are gathered, for each write becomes a record of TLS. */
void path_translate_pass_response(struct path_translator *t, uint32_t n)
{
	struct path_http2_worker *w = t->h.x->w->http2;
	struct path_http *x = t->h.x;
	int error = 0;

	weir_assert(!w->n_out);
	while (n && !error) {
		size_t len = weir_http2_queue_read(&t->answer, w->out, RTE_MIN(n, sizeof(w->out)));
		size_t done;

		error = path_stream_write(x->w, x->k, 0, weir_bytes_of(w->out, len), &done);
		if (error == -WEIR_EINVAL) { /* who is not spoken with any more misses it */
			done = len;
			error = 0;
		}
		path_translate_discard(t, (uint32_t)done);
		n -= (uint32_t)done;
	}
}

void path_translate_pass_request(struct path_translator *t, uint32_t n)
{
	t->passable = n;
	path_translate_send(t);
}

/* ---- going on ---- */

bool path_translate_is_open(struct path_translator *t)
{
	struct weir_tcp_leg_info info;

	if (!t->open) {
		weir_tcp_leg_info(t->h.x->k->conn, 1, &info);
		t->open = info.state != WEIR_TCP_HANDSHAKE;
	}
	return t->open;
}

static void flush(struct path_translator *t)
{
	if (!path_translate_is_open(t))
		return;
	(void)weir_http2_flush(t->h.server, t->h.x->w->now_ns);
	path_http2_push(&t->h, 1);
}

/* The server may send as much again as the client has room for. */
static void give_back(struct path_translator *t)
{
	if (!t->unread || !t->stream || t->answer.bytes > t->want || !path_http2_room(&t->h, 0, 0))
		return;
	weir_http2_consume(t->stream, t->unread);
	t->unread = 0;
}

bool path_translate_go_on(struct path_translator *t)
{
	bool progress;

	give_back(t);
	flush(t);
	progress = t->h.progress;
	t->h.progress = false;
	if (!t->h.x->dead)
		path_http2_make_way(t->h.x->w);
	return progress;
}

bool path_translate_is_settled(const struct path_translator *t)
{
	return t->open && path_http2_is_written(&t->h, 1);
}

static bool is_server_over(const struct path_carried *k)
{
	return !path_line_readable(k, 1) &&
	       (path_line_is_ended(k, 1) || weir_tcp_is_gone(k->conn, 1));
}

void path_translate_input(struct path_translator *t)
{
	struct path_http *x = t->h.x;
	struct weir_bytes views[VIEWS];
	unsigned int n;

	while (!x->dead && (n = path_line_read(x->k, 1, 0, views, VIEWS))) {
		uint32_t len = 0;

		for (unsigned int i = 0; i < n && !x->dead; i++) {
			len += (uint32_t)views[i].len;
			(void)weir_http2_feed(t->h.server, views[i], x->w->now_ns);
			path_http2_push(&t->h, 1);
		}
		if (!x->dead)
			path_line_discard(x->w, x->k, 1, len);
	}
	if (x->dead || !is_server_over(x->k))
		return;
	if (t->answering)
		path_translate_fail(t, "CUT");
	else
		path_translate_finish(t);
}

/* ---- time ---- */

uint64_t path_translate_deadline(const struct path_translator *t)
{
	return t->stream && !t->h.x->dead ? t->h.ticked_ns + TICK_NS : 0;
}

bool path_translate_tick(struct path_translator *t)
{
	uint64_t now = t->h.x->w->now_ns;

	if (now < t->h.ticked_ns + TICK_NS)
		return false;
	t->h.ticked_ns = now;
	weir_http2_tick(t->h.server, now);
	path_http2_push(&t->h, 1);
	return true;
}

/* ---- ends ---- */

void path_translate_fail(struct path_translator *t, const char *name)
{
	if (t->failure)
		return;
	t->failure = name;
	t->broken = t->answering;
	t->h.progress = true;
}

void path_translate_finish(struct path_translator *t)
{
	t->h.progress |= !t->ended;
	t->ended = true;
}

/* An answer that is whole is told first. */
const char *path_translate_failure(const struct path_translator *t)
{
	return t->broken || !t->answer.bytes ? t->failure : NULL;
}

void path_translate_leave(struct path_translator *t)
{
	if (t->stream)
		weir_http2_reset(t->stream, WEIR_HTTP2_CANCEL);
	weir_http2_drain(t->h.server);
	flush(t);
}

/* ---- beginning and end ---- */

static uint32_t most_wanted(const struct path_worker *w)
{
	uint64_t used, max;

	path_http2_memory(w, &used, &max);
	return (uint32_t)RTE_MIN(max / WANT_SHARE, WANT_MAX);
}

/* What came of the servers before, which speak first, is none of what will be read. */
static void begin_reading(struct path_translator *t)
{
	struct path_carried *k = t->h.x->k;
	struct path_http_side *side = &t->h.x->side[PATH_TO_CLIENT];

	t->offset = path_line_offset(k, 1) + path_line_readable(k, 1);
	side->at = side->free = side->clean = t->offset;
	path_scan_from(k, 1, t->offset);
	k->translator = t;
	path_translate_input(t);
}

bool path_translate_begin(struct path_http *x)
{
	struct path_http2_worker *w = x->w->http2;
	struct path_translator *t = path_http2_take_translator(w);

	if (!t)
		return false;
	*t = (struct path_translator){
		.h = {.x = x, .ticked_ns = x->w->now_ns},
		.want_max = most_wanted(x->w),
	};
	t->want = RTE_MIN(WANT, t->want_max);
	t->h.server = path_http2_open_session(&t->h, w->of_servers, &path_translate_events);
	if (!t->h.server) {
		path_http2_give_translator(w, t);
		return false;
	}
	path_http2_keep_ends(x->k);
	path_http2_list(&t->h);
	begin_reading(t);
	return true;
}

void path_translate_end(struct path_translator *t)
{
	struct path_http2_worker *w = t->h.x->w->http2;

	if (w->writer == &t->h)
		w->n_out = 0;
	weir_http2_queue_drop(t->h.server, &t->h.unsent[1], SIZE_MAX);
	weir_http2_queue_drop(t->h.server, &t->trailers, SIZE_MAX);
	weir_http2_queue_drop(t->h.server, &t->answer, SIZE_MAX);
	weir_http2_session_destroy(t->h.server);
	path_http2_unlist(&t->h);
	t->h.x->k->translator = NULL;
	path_http2_give_translator(w, t);
}
