/* SPDX-License-Identifier: BSD-3-Clause */
/* A session: made, fed, written, ended. */
#include "http2_impl.h"

#define MAX_SETTINGS    32  /* entries of one SETTINGS */
#define MAX_UNREAD_ACKS 100 /* answers to SETTINGS and PING that the peer has not taken */
#define MAX_HEAD_SENT   (2u << 20)
/* Until the peer has said how many streams it takes. */
#define FIRST_STREAMS 100

/* ---- a worker's part ---- */

static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct weir_http2_session *s = user;
	struct weir_http2_stream *st;

	http2_credit(s, &frame->hd);
	if (frame->hd.type == NGHTTP2_DATA) {
		st = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
		s->progress_ns = s->now_ns;
		if (st)
			st->progress_ns = s->now_ns;
	} else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code && !s->error) {
		(void)http2_fail(s, weir_http2_error_code(s->hint) == frame->goaway.error_code
					    ? s->hint
					    : http2_error_of_code(frame->goaway.error_code));
		s->goaway_made = true;
	}
	return 0;
}

static bool make_callbacks(struct weir_http2 *w)
{
	if (nghttp2_session_callbacks_new(&w->callbacks) != 0)
		return false;
	http2_set_receive_callbacks(w->callbacks);
	nghttp2_session_callbacks_set_on_frame_send_callback(w->callbacks, on_frame_send);
	return true;
}

/* nghttp2's own checks of messages are not asked for: http2_block.c makes them, with names. Its
 * limit of resets is not, either: it knows no names, and those that it makes itself it does not
 * count. For that of CONTINUATION see http2_limit.c. */
static bool make_option(struct weir_http2 *w)
{
	nghttp2_option *o;

	if (nghttp2_option_new(&w->option) != 0)
		return false;
	o = w->option;
	nghttp2_option_set_no_http_messaging(o, 1);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_peer_max_concurrent_streams(o, FIRST_STREAMS);
	nghttp2_option_set_max_reserved_remote_streams(o, 0);
	nghttp2_option_set_max_send_header_block_length(o, MAX_HEAD_SENT);
	nghttp2_option_set_max_outbound_ack(o, MAX_UNREAD_ACKS);
	nghttp2_option_set_max_settings(o, MAX_SETTINGS);
	nghttp2_option_set_max_continuations(o, SIZE_MAX);
	nghttp2_option_set_stream_reset_rate_limit(o, UINT32_MAX, UINT32_MAX);
	return true;
}

struct weir_http2 *weir_http2_create(const struct weir_arena_source *source,
				     const struct weir_http2_limits *limits)
{
	struct weir_http2 *w = source->take(source->context, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct weir_http2){.limits = *limits};
	http2_memory_init(&w->memory, source);
	if (!make_callbacks(w) || !make_option(w)) {
		weir_http2_destroy(w);
		return NULL;
	}
	return w;
}

void weir_http2_destroy(struct weir_http2 *w)
{
	const struct weir_arena_source *source;

	if (!w)
		return;
	source = w->memory.source;
	nghttp2_option_del(w->option);
	nghttp2_session_callbacks_del(w->callbacks);
	http2_memory_fini(&w->memory);
	source->give(source->context, w, sizeof(*w));
}

/* ---- sessions ---- */

static int submit_settings(struct weir_http2_session *s)
{
	const struct weir_http2_limits *l = &s->w->limits;
	nghttp2_settings_entry e[6];
	size_t n = 0;
	int rc;

	e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, l->stream_window};
	e[n++] =
		(nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, s->http.head_bytes};
	/* Priorities would have nghttp2 keep a tree of streams that a client only talks about. */
	if (s->server)
		e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};
	if (s->server)
		e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
						  l->streams};
	else
		e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
	if (s->server && l->extended_connect)
		e[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
	rc = nghttp2_submit_settings(s->ng, NGHTTP2_FLAG_NONE, e, n);
	if (!rc)
		rc = nghttp2_session_set_local_window_size(s->ng, NGHTTP2_FLAG_NONE, 0,
							   (int32_t)l->session_window);
	return rc;
}

static int start(struct weir_http2_session *s)
{
	nghttp2_mem mem = http2_memory_for_nghttp2(&s->memory);
	int rc;

	if (s->server)
		rc = nghttp2_session_server_new3(&s->ng, s->w->callbacks, s, s->w->option, &mem);
	else
		rc = nghttp2_session_client_new3(&s->ng, s->w->callbacks, s, s->w->option, &mem);
	return rc ? rc : submit_settings(s);
}

/* The session is its own first piece: its account begins outside of it. */
struct weir_http2_session *weir_http2_session_create(struct weir_http2 *w,
						     const struct weir_http2_config *config)
{
	struct http2_account account = {.from = &w->memory, .limit = w->limits.memory};
	struct weir_http2_session *s = http2_alloc(&account, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct weir_http2_session){
		.memory = account,
		.w = w,
		.events = config->events,
		.user = config->user,
		.http = *config->http,
		.server = config->server,
		.secure = config->secure,
		.now_ns = config->now_ns,
		.stall_ns = config->stall_ns ? config->stall_ns : w->limits.stall_ns,
		.scan.left = config->server ? NGHTTP2_CLIENT_MAGIC_LEN : 0,
	};
	if (start(s) != 0) {
		s->told = true;
		weir_http2_session_destroy(s);
		return NULL;
	}
	return s;
}

static void close_streams(struct weir_http2_session *s, enum weir_http2_error why)
{
	while (s->streams) {
		enum weir_http2_error e = s->streams->gone ? WEIR_HTTP2_OK : why;

		http2_stream_close(s->streams, e, weir_http2_error_code(e));
	}
}

void weir_http2_session_destroy(struct weir_http2_session *s)
{
	struct http2_account account;

	if (!s)
		return;
	weir_assert(!s->busy);
	s->told = true;
	close_streams(s, s->error ? s->error : WEIR_HTTP2_E_OVER);
	http2_block_drop(s);
	nghttp2_session_del(s->ng);
	account = s->memory;
	http2_free(&account, s);
}

/* Where HPACK's encoder has no memory nghttp2 speaks of an internal error. */
int http2_fail(struct weir_http2_session *s, enum weir_http2_error why)
{
	if (why == WEIR_HTTP2_E_INTERNAL && s->memory.failed)
		why = WEIR_HTTP2_E_MEMORY;
	if (!s->error)
		s->error = why;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* ---- out ---- */

/* nghttp2 may be in any state when a session fails, so its last word is made here (section 6.8). */
static void make_goaway(struct weir_http2_session *s)
{
	uint32_t words[] = {(uint32_t)nghttp2_session_get_last_proc_stream_id(s->ng),
			    weir_http2_error_code(s->error)};

	memset(s->goaway, 0, sizeof(s->goaway));
	s->goaway[2] = 8;
	s->goaway[3] = NGHTTP2_GOAWAY;
	for (unsigned int i = 0; i < 8; i++)
		s->goaway[9 + i] = (uint8_t)(words[i / 4] >> (24 - i % 4 * 8));
	s->pending = weir_bytes_of(s->goaway, sizeof(s->goaway));
	s->goaway_made = true;
}

static bool write_pending(struct weir_http2_session *s)
{
	size_t n;

	if (!s->pending.len)
		return true;
	n = s->events->write(s->user, s->pending);
	weir_assert(n <= s->pending.len);
	s->pending = weir_bytes_of(s->pending.ptr + n, s->pending.len - n);
	return !s->pending.len;
}

/* The next bytes to be written; false: none. */
static bool make_pending(struct weir_http2_session *s)
{
	const uint8_t *out;
	ssize_t n;

	if (s->told && !s->error)
		return false;
	if (!s->error) {
		n = nghttp2_session_mem_send(s->ng, &out);
		if (n > 0)
			s->pending = weir_bytes_of(out, (size_t)n);
		if (n >= 0)
			return n > 0;
		(void)http2_fail(s, http2_error_of((int)n));
	}
	if (s->goaway_made)
		return false;
	make_goaway(s);
	return true;
}

static void tell_over(struct weir_http2_session *s)
{
	if (s->told ||
	    (!s->error && (s->streams || s->pending.len || nghttp2_session_want_read(s->ng) ||
			   nghttp2_session_want_write(s->ng))))
		return;
	s->told = true;
	close_streams(s, s->error ? s->error : WEIR_HTTP2_E_OVER);
	http2_block_drop(s);
	s->events->on_over(s->user, s->error);
}

/* What nghttp2 has made but not handed over before an error stays behind. */
static bool flush(struct weir_http2_session *s)
{
	bool room;

	s->busy = true;
	do {
		do
			room = write_pending(s);
		while (room && make_pending(s));
	} while (http2_stream_close_ripe(s) && room);
	tell_over(s);
	s->busy = false;
	return room;
}

bool weir_http2_flush(struct weir_http2_session *s, uint64_t now_ns)
{
	weir_assert(!s->busy);
	s->now_ns = now_ns;
	return flush(s);
}

/* ---- in ---- */

static void take(struct weir_http2_session *s, struct weir_bytes in)
{
	enum weir_http2_error e = http2_scan(s, in);
	ssize_t n;

	s->busy = true;
	n = e ? 0 : nghttp2_session_mem_recv(s->ng, in.ptr, in.len);
	if (n < 0)
		e = http2_error_of((int)n);
	if (e)
		(void)http2_fail(s, e);
	s->busy = false;
}

enum weir_http2_error weir_http2_feed(struct weir_http2_session *s, struct weir_bytes in,
				      uint64_t now_ns)
{
	weir_assert(!s->busy);
	s->now_ns = now_ns;
	if (!s->error && !s->told && in.len)
		take(s, in);
	(void)flush(s);
	if (!s->told)
		return WEIR_HTTP2_OK;
	return s->error ? s->error : WEIR_HTTP2_E_OVER;
}

/* ---- time ---- */

static bool is_too_long(const struct weir_http2_session *s, uint64_t since_ns)
{
	return s->now_ns - since_ns > s->stall_ns;
}

/* Who waits for a window that others have their share of has not stalled. */
static bool is_stalled(const struct weir_http2_stream *st)
{
	const struct weir_http2_session *s = st->s;

	if (st->out != HTTP2_BODY || st->deferred || st->dead || !is_too_long(s, st->progress_ns))
		return false;
	return nghttp2_session_get_stream_remote_window_size(s->ng, st->id) <= 0 ||
	       (nghttp2_session_get_remote_window_size(s->ng) <= 0 &&
		is_too_long(s, s->progress_ns));
}

void weir_http2_tick(struct weir_http2_session *s, uint64_t now_ns)
{
	weir_assert(!s->busy);
	s->now_ns = now_ns;
	if (!s->error && !s->told) {
		s->busy = true;
		for (struct weir_http2_stream *st = s->streams; st; st = st->next)
			if (is_stalled(st))
				http2_stream_bad(st, WEIR_HTTP2_E_STALLED);
		if (s->block.st && is_too_long(s, s->block.since_ns))
			(void)http2_fail(s, WEIR_HTTP2_E_HEAD_TIMEOUT);
		s->busy = false;
	}
	(void)flush(s);
}

/* ---- the end ---- */

void weir_http2_drain(struct weir_http2_session *s)
{
	int rc;

	if (s->error || s->told)
		return;
	if (s->server && !s->draining)
		rc = nghttp2_submit_shutdown_notice(s->ng);
	else
		rc = nghttp2_submit_goaway(s->ng, NGHTTP2_FLAG_NONE,
					   nghttp2_session_get_last_proc_stream_id(s->ng),
					   NGHTTP2_NO_ERROR, NULL, 0);
	s->draining = true;
	if (rc)
		(void)http2_fail(s, WEIR_HTTP2_E_MEMORY);
}

void weir_http2_end(struct weir_http2_session *s, enum weir_http2_error why)
{
	if (!s->told)
		(void)http2_fail(s, why);
}

bool weir_http2_is_over(const struct weir_http2_session *s)
{
	return s->told;
}

uint32_t weir_http2_streams(const struct weir_http2_session *s)
{
	return s->n_streams;
}

uint64_t weir_http2_head_since(const struct weir_http2_session *s)
{
	return s->block.st ? s->block.since_ns : 0;
}

bool weir_http2_has_room(const struct weir_http2_session *s)
{
	return !s->error && !s->told && !s->draining && !s->peer_leaves &&
	       s->n_streams < nghttp2_session_get_remote_settings(
				      s->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) &&
	       nghttp2_session_check_request_allowed(s->ng);
}

size_t weir_http2_memory(const struct weir_http2_session *s, size_t *peak)
{
	if (peak)
		*peak = s->memory.peak;
	return s->memory.used;
}

void *weir_http2_take(struct weir_http2_session *s, size_t bytes)
{
	return http2_alloc(&s->memory, bytes);
}

void weir_http2_give(struct weir_http2_session *s, void *piece)
{
	http2_free(&s->memory, piece);
}
