/* SPDX-License-Identifier: BSD-3-Clause */
/* A body out of its framing, a piece at a time (RFC 9112 sections 6 and 7.1). */
#include <stdio.h>

#include "http_impl.h"

enum state {
	S_CONTENT,   /* `left` bytes of a known length */
	S_FOREVER,   /* until the connection ends */
	S_SIZE,      /* digits of a chunk's size */
	S_EXTENSION, /* after ';' */
	S_SIZE_LF,   /* CR of the size line has come */
	S_CHUNK,     /* `left` bytes of a chunk */
	S_CHUNK_CR,  /* the chunk is over */
	S_CHUNK_LF,
	S_TRAILER,      /* at the start of a trailer line */
	S_TRAILER_NAME, /* in a field's name */
	S_TRAILER_VALUE,
	S_TRAILER_LF, /* CR of a field line has come */
	S_END_LF,     /* CR of the empty line has come */
	S_DONE
};

void weir_http_body_init(struct weir_http_body *b, const struct weir_http_head *h,
			 const struct weir_http_limits *limits)
{
	static const uint8_t first[] = {
		[WEIR_HTTP_NO_BODY] = S_DONE,   [WEIR_HTTP_LENGTH] = S_CONTENT,
		[WEIR_HTTP_CHUNKED] = S_SIZE,   [WEIR_HTTP_UNTIL_CLOSE] = S_FOREVER,
		[WEIR_HTTP_TUNNEL] = S_FOREVER,
	};

	*b = (struct weir_http_body){
		.left = h->framing == WEIR_HTTP_LENGTH ? h->length : 0,
		.max_extra = limits->chunk_bytes,
		.state = first[h->framing],
		.done = h->framing == WEIR_HTTP_NO_BODY,
	};
}

/* Fields that frame, route or authenticate must not come after the body (RFC 9110 section 6.5.1).
 */
static const char *const forbidden[] = {
	"transfer-encoding",
	"content-length",
	"host",
	"connection",
	"content-encoding",
	"content-type",
	"content-range",
	"trailer",
	"te",
	"upgrade",
	"expect",
	"authorization",
	"cookie",
	"set-cookie",
	"keep-alive",
	"cache-control",
};
#define ALL_FORBIDDEN ((1u << WEIR_ARRAY_LEN(forbidden)) - 1)
_Static_assert(ALL_FORBIDDEN <= UINT16_MAX, "a bit each in weir_http_body.forbidden");

/* Of the names that begin as the field's does, those stay that go on with `c`; 0: that end here. */
static void narrow(struct weir_http_body *b, uint8_t c)
{
	for (unsigned int i = 0; b->forbidden >> i; i++)
		if (b->forbidden >> i & 1 && (uint8_t)forbidden[i][b->name_len] != weir_lower(c))
			b->forbidden &= (uint16_t) ~(1u << i);
	b->name_len += b->forbidden != 0;
}

static int size_digit(struct weir_http_body *b, int value)
{
	if (b->digits == 15) /* 2^60 bytes are more than there are */
		return -WEIR_HTTP_E_CHUNK_SIZE;
	b->digits++;
	b->left = b->left << 4 | (unsigned int)value;
	return 0;
}

static int step_size(struct weir_http_body *b, uint8_t c)
{
	int value = weir_hex_value(c);

	if (value >= 0)
		return size_digit(b, value);
	if (!b->digits)
		return -WEIR_HTTP_E_CHUNK_SIZE;
	if (c == '\r')
		b->state = S_SIZE_LF;
	else if (c == ';')
		b->state = S_EXTENSION;
	else
		return -WEIR_HTTP_E_CHUNK_SIZE;
	return 0;
}

static int step_size_end(struct weir_http_body *b, uint8_t c)
{
	if (c != '\n')
		return -WEIR_HTTP_E_LINE_END;
	b->state = b->left ? S_CHUNK : S_TRAILER;
	return 0;
}

/* Counts a byte that is neither content nor framing. */
static bool is_over(struct weir_http_body *b)
{
	return ++b->extra > b->max_extra;
}

static int step_extension(struct weir_http_body *b, uint8_t c)
{
	if (is_over(b))
		return -WEIR_HTTP_E_CHUNK_LIMIT;
	if (c == '\r')
		b->state = S_SIZE_LF;
	else if (c < 0x20 && c != '\t')
		return -WEIR_HTTP_E_CHUNK_EXTENSION;
	return 0;
}

static int step_trailer_name(struct weir_http_body *b, uint8_t c)
{
	if (is_over(b))
		return -WEIR_HTTP_E_CHUNK_LIMIT;
	if (c == ':') {
		b->state = S_TRAILER_VALUE;
		narrow(b, 0);
		return b->forbidden ? -WEIR_HTTP_E_TRAILER : 0;
	}
	if (!http_is(c, HTTP_TOKEN))
		return -WEIR_HTTP_E_HEADER_NAME;
	narrow(b, c);
	return 0;
}

static int step_trailer(struct weir_http_body *b, uint8_t c)
{
	if (c == '\r') {
		b->state = S_END_LF;
		return 0;
	}
	b->forbidden = ALL_FORBIDDEN;
	b->name_len = 0;
	b->state = S_TRAILER_NAME;
	return c == ':' ? -WEIR_HTTP_E_HEADER_NAME : step_trailer_name(b, c);
}

static int step_trailer_value(struct weir_http_body *b, uint8_t c)
{
	if (is_over(b))
		return -WEIR_HTTP_E_CHUNK_LIMIT;
	if (c == '\r')
		b->state = S_TRAILER_LF;
	else if (!http_is(c, HTTP_VALUE))
		return -WEIR_HTTP_E_HEADER_VALUE;
	return 0;
}

/* One byte that is no content. */
static int step(struct weir_http_body *b, uint8_t c)
{
	switch ((enum state)b->state) {
	case S_SIZE:
		return step_size(b, c);
	case S_EXTENSION:
		return step_extension(b, c);
	case S_SIZE_LF:
		return step_size_end(b, c);
	case S_CHUNK_CR:
		b->state = S_CHUNK_LF;
		return c == '\r' ? 0 : -WEIR_HTTP_E_CHUNK_END;
	case S_CHUNK_LF:
		b->state = S_SIZE;
		b->digits = 0;
		return c == '\n' ? 0 : -WEIR_HTTP_E_CHUNK_END;
	case S_TRAILER:
		return step_trailer(b, c);
	case S_TRAILER_NAME:
		return step_trailer_name(b, c);
	case S_TRAILER_VALUE:
		return step_trailer_value(b, c);
	case S_TRAILER_LF:
		b->state = S_TRAILER;
		return c == '\n' ? 0 : -WEIR_HTTP_E_LINE_END;
	case S_END_LF:
		b->state = S_DONE;
		b->done = true;
		return c == '\n' ? 0 : -WEIR_HTTP_E_LINE_END;
	case S_CONTENT:
	case S_FOREVER:
	case S_CHUNK:
	case S_DONE:
		break;
	}
	return -WEIR_HTTP_E_CHUNK_SIZE;
}

/* What of `in` is content; 0 for none. */
static size_t take_content(struct weir_http_body *b, struct weir_bytes in)
{
	size_t n = in.len;

	if (b->state == S_FOREVER)
		return n;
	if (b->state != S_CONTENT && b->state != S_CHUNK)
		return 0;
	if (n > b->left)
		n = (size_t)b->left;
	b->left -= n;
	if (!b->left && b->state == S_CHUNK) {
		b->state = S_CHUNK_CR;
	} else if (!b->left) {
		b->state = S_DONE;
		b->done = true;
	}
	return n;
}

enum weir_http_place weir_http_body_place(const struct weir_http_body *b)
{
	switch ((enum state)b->state) {
	case S_CONTENT:
	case S_FOREVER:
	case S_CHUNK:
		return WEIR_HTTP_AT_CONTENT;
	case S_TRAILER:
	case S_TRAILER_NAME:
	case S_TRAILER_VALUE:
	case S_TRAILER_LF:
	case S_END_LF:
		return WEIR_HTTP_AT_TRAILERS;
	default:
		return WEIR_HTTP_AT_FRAMING;
	}
}

ssize_t weir_http_body_feed(struct weir_http_body *b, struct weir_bytes in,
			    struct weir_bytes *content)
{
	size_t i = 0;

	*content = weir_bytes_of(in.ptr, 0);
	while (i < in.len && !b->done) {
		size_t n = take_content(b, weir_bytes_of(in.ptr + i, in.len - i));
		int rc;

		if (n) {
			*content = weir_bytes_of(in.ptr + i, n);
			return (ssize_t)(i + n);
		}
		rc = step(b, in.ptr[i++]);
		if (rc)
			return rc;
	}
	return (ssize_t)i;
}
