/* SPDX-License-Identifier: BSD-3-Clause */
/* Query strings, forms and cookies: pairs parted by one byte. */
#include "decode_impl.h"

/* So many bytes of `in` that no escape is cut. */
static size_t piece_of(struct weir_bytes in)
{
	size_t n = LOOK_EVERY;

	if (in.len <= n + 2)
		return in.len;
	while (n < in.len && in.ptr[n] != '%' && (in.ptr[n - 1] == '%' || in.ptr[n - 2] == '%'))
		n++;
	return n;
}

static unsigned int count_bad_escapes(struct weir_bytes in)
{
	unsigned int n = 0;

	for (size_t i = 0; i < in.len; i++)
		n += in.ptr[i] == '%' && !is_hex_pair(in, i + 1);
	return n;
}

struct form {
	struct weir_arena *arena;
	const struct weir_param_sink *sink;
	unsigned int *bad_escapes;
	size_t unseen; /* bytes since the caller has looked at the clock */
};

static bool look(struct form *f, size_t bytes)
{
	f->unseen += bytes;
	if (weir_likely(f->unseen < LOOK_EVERY))
		return true;
	f->unseen = 0;
	return may_go_on(f->sink);
}

static int decode_pieces(struct form *f, struct weir_bytes in, uint8_t *at, struct weir_bytes *out)
{
	size_t n = 0;

	while (in.len) {
		struct weir_bytes piece = weir_bytes_of(in.ptr, piece_of(in));

		*f->bad_escapes += count_bad_escapes(piece);
		n += t_url_decode(piece, at + n);
		in = weir_bytes_of(in.ptr + piece.len, in.len - piece.len);
		if (!look(f, piece.len))
			return -WEIR_ELIMIT;
	}
	*out = weir_bytes_of(at, n);
	return 0;
}

/* Decoded where there is something to decode; the view itself where not. */
static int decode(struct form *f, struct weir_bytes in, struct weir_bytes *out)
{
	uint8_t *at;

	*out = in;
	if (!in.len || (!memchr(in.ptr, '%', in.len) && !memchr(in.ptr, '+', in.len)))
		return 0;
	at = weir_arena_alloc(f->arena, in.len);
	return at ? decode_pieces(f, in, at, out) : -WEIR_ENOMEM;
}

/* Takes what stands before the next `separator` out of *in. */
static struct weir_bytes take_pair(struct weir_bytes *in, uint8_t separator)
{
	const uint8_t *end = memchr(in->ptr, separator, in->len);
	struct weir_bytes pair = weir_bytes_of(in->ptr, end ? (size_t)(end - in->ptr) : in->len);
	size_t used = pair.len + (end != NULL);

	*in = weir_bytes_of(in->ptr + used, in->len - used);
	return pair;
}

/* `name=value` into its halves; without '=' all is name. */
static void split_pair(struct weir_bytes pair, struct weir_bytes *name, struct weir_bytes *value)
{
	const uint8_t *eq = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;

	*name = eq ? weir_bytes_of(pair.ptr, (size_t)(eq - pair.ptr)) : pair;
	*value = eq ? weir_bytes_of(eq + 1, pair.len - name->len - 1)
		    : weir_bytes_of(pair.ptr + pair.len, 0);
}

int weir_form_parse(struct weir_bytes in, uint8_t separator, struct weir_arena *a,
		    const struct weir_param_sink *sink, unsigned int *bad_escapes)
{
	struct form f = {.arena = a, .sink = sink, .bad_escapes = bad_escapes};
	struct weir_bytes name, value, pair;
	int rc;

	while (in.len) {
		pair = take_pair(&in, separator);
		/* A separator takes as long as some bytes of a value do. */
		if (!look(&f, 8))
			return -WEIR_ELIMIT;
		if (!pair.len)
			continue;
		split_pair(pair, &name, &value);
		rc = decode(&f, name, &name);
		if (!rc)
			rc = decode(&f, value, &value);
		if (rc)
			return rc;
		if (!sink->param(sink->context, name, value))
			return -WEIR_ELIMIT;
	}
	return 0;
}

int weir_cookies_parse(struct weir_bytes in, const struct weir_param_sink *sink)
{
	struct weir_bytes name, value, pair;

	while (in.len) {
		pair = take_pair(&in, ';');
		while (pair.len && is_space(pair.ptr[0]))
			pair = weir_bytes_of(pair.ptr + 1, pair.len - 1);
		if (!pair.len)
			continue;
		split_pair(pair, &name, &value);
		if (!sink->param(sink->context, name, value))
			return -WEIR_ELIMIT;
	}
	return 0;
}
