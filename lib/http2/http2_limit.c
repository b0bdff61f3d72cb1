/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often a peer may do what costs it little. Each flood has a bucket, kept as the time at which
 * it would be empty again (the generic cell rate algorithm): what may come at `per_s` moves that
 * time on by its share of a second, and it may be ahead of now by what `burst` of them make.
 */
#include "http2_impl.h"

const struct weir_http2_limits weir_http2_limits_default = {
	.memory = 2u << 20,
	.streams = 100,
	.stream_window = 256u << 10,
	.session_window = 1u << 20,
	.continuations = 8,
	.stall_ns = 30 * WEIR_NS_PER_S,
	.rates =
		{
			[WEIR_HTTP2_E_RAPID_RESET - 1] = {.burst = 200, .per_s = 30},
			[WEIR_HTTP2_E_SETTINGS_FLOOD - 1] = {.burst = 20, .per_s = 2},
			[WEIR_HTTP2_E_PING_FLOOD - 1] = {.burst = 50, .per_s = 10},
			[WEIR_HTTP2_E_PRIORITY_FLOOD - 1] = {.burst = 500, .per_s = 100},
			[WEIR_HTTP2_E_EMPTY_FLOOD - 1] = {.burst = 100, .per_s = 20},
			[WEIR_HTTP2_E_WINDOW_FLOOD - 1] = {.burst = 1000, .per_s = 200},
			[WEIR_HTTP2_E_UNKNOWN_FLOOD - 1] = {.burst = 100, .per_s = 20},
		},
};

static uint64_t share_of(const struct weir_http2_rate *r)
{
	return WEIR_NS_PER_S / (r->per_s ? r->per_s : 1);
}

bool http2_charge(struct weir_http2_session *s, enum weir_http2_error flood)
{
	const struct weir_http2_rate *r = &s->w->limits.rates[flood - 1];
	uint64_t *tat = &s->tat_ns[flood - 1], share = share_of(r);

	if (*tat < s->now_ns)
		*tat = s->now_ns;
	if (*tat - s->now_ns + share > r->burst * share)
		return false;
	*tat += share;
	return true;
}

/*
 * A client makes work by requests that it does not wait for (CVE-2023-44487), or that it has reset
 * by being wrong. A server can only reset what it was asked, and some do so after each answer.
 */
bool http2_charge_reset(struct weir_http2_session *s)
{
	return !s->server || http2_charge(s, WEIR_HTTP2_E_RAPID_RESET);
}

/* `n` of 1,024 parts of one. */
static void credit(struct weir_http2_session *s, enum weir_http2_error flood, uint64_t n)
{
	uint64_t *tat = &s->tat_ns[flood - 1];
	uint64_t less = share_of(&s->w->limits.rates[flood - 1]) * n / 1024;

	*tat = *tat > less ? *tat - less : 0;
}

/*
 * A window is opened for content, at most once a KiB, and for what has ended, once for the stream
 * and once for all: a window that is opened by a byte at a time earns nothing. Peers that measure
 * the line send a PING for DATA that they get (gRPC).
 */
void http2_credit(struct weir_http2_session *s, const nghttp2_frame_hd *sent)
{
	bool ends = sent->flags & NGHTTP2_FLAG_END_STREAM &&
		    (sent->type == NGHTTP2_DATA || sent->type == NGHTTP2_HEADERS);

	if (ends)
		credit(s, WEIR_HTTP2_E_WINDOW_FLOOD, 2048);
	if (sent->type != NGHTTP2_DATA)
		return;
	credit(s, WEIR_HTTP2_E_WINDOW_FLOOD, sent->length);
	credit(s, WEIR_HTTP2_E_PING_FLOOD, 1024);
}

/* ---- frames before they are read ---- */

#define PRIORITY_UPDATE 0x10 /* RFC 9218 section 7.1 */

static uint8_t type_of(const struct http2_scan *scan)
{
	return scan->head[3];
}

static bool has_flag(const struct http2_scan *scan, uint8_t flag)
{
	return scan->head[4] & flag;
}

/* The bucket that the frame is to be taken from. */
static enum weir_http2_error flood_of(const struct weir_http2_session *s)
{
	const struct http2_scan *scan = &s->scan;

	switch (type_of(scan)) {
	case NGHTTP2_DATA:
		return scan->left || has_flag(scan, NGHTTP2_FLAG_END_STREAM)
			       ? WEIR_HTTP2_OK
			       : WEIR_HTTP2_E_EMPTY_FLOOD;
	case NGHTTP2_HEADERS:
	case NGHTTP2_CONTINUATION:
		return scan->left ? WEIR_HTTP2_OK : WEIR_HTTP2_E_EMPTY_FLOOD;
	case NGHTTP2_RST_STREAM:
		return s->server ? WEIR_HTTP2_E_RAPID_RESET : WEIR_HTTP2_OK;
	case NGHTTP2_SETTINGS:
		return has_flag(scan, NGHTTP2_FLAG_ACK) ? WEIR_HTTP2_OK
							: WEIR_HTTP2_E_SETTINGS_FLOOD;
	case NGHTTP2_PING:
		return WEIR_HTTP2_E_PING_FLOOD;
	case NGHTTP2_PRIORITY:
	case PRIORITY_UPDATE:
		return WEIR_HTTP2_E_PRIORITY_FLOOD;
	case NGHTTP2_WINDOW_UPDATE:
		return WEIR_HTTP2_E_WINDOW_FLOOD;
	default: /* GOAWAY, too: twice is all that it is for */
		return WEIR_HTTP2_E_UNKNOWN_FLOOD;
	}
}

/*
 * nghttp2 could be asked to tell of frames, and to limit CONTINUATION. But it does not tell of
 * those that it passes over; it counts a CONTINUATION each time that it is given bytes of its head,
 * so that a block which comes a byte at a time would be a flood; and it does not say that a
 * connection has not begun with SETTINGS.
 */
static enum weir_http2_error look_at(struct weir_http2_session *s)
{
	struct http2_scan *scan = &s->scan;
	bool first = !scan->begun;
	enum weir_http2_error flood;

	scan->begun = true;
	scan->have = 0;
	scan->left = (uint32_t)scan->head[0] << 16 | (uint32_t)scan->head[1] << 8 | scan->head[2];
	if (first && (type_of(scan) != NGHTTP2_SETTINGS || has_flag(scan, NGHTTP2_FLAG_ACK)))
		return WEIR_HTTP2_E_PREFACE;
	if (type_of(scan) == NGHTTP2_PUSH_PROMISE)
		return WEIR_HTTP2_E_PUSH;
	scan->continuations = type_of(scan) == NGHTTP2_CONTINUATION ? scan->continuations + 1 : 0;
	if (scan->continuations > s->w->limits.continuations)
		return WEIR_HTTP2_E_CONTINUATION_FLOOD;
	flood = flood_of(s);
	return flood && !http2_charge(s, flood) ? flood : WEIR_HTTP2_OK;
}

enum weir_http2_error http2_scan(struct weir_http2_session *s, struct weir_bytes in)
{
	struct http2_scan *scan = &s->scan;
	enum weir_http2_error e = WEIR_HTTP2_OK;

	while (in.len && !e) {
		uint32_t want = scan->left ? scan->left : sizeof(scan->head) - scan->have;
		size_t n = want < in.len ? want : in.len;

		if (scan->left) {
			scan->left -= (uint32_t)n;
		} else {
			memcpy(scan->head + scan->have, in.ptr, n);
			scan->have += (uint8_t)n;
			if (scan->have == sizeof(scan->head))
				e = look_at(s);
		}
		in = weir_bytes_of(in.ptr + n, in.len - n);
	}
	return e;
}
