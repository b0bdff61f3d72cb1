/* SPDX-License-Identifier: BSD-3-Clause */
/* Query strings, forms and cookies: pairs parted by one byte. */
#include "decode_impl.h"

static unsigned int count_bad_escapes(struct weir_bytes in)
{
	unsigned int n = 0;

	for (size_t i = 0; i < in.len; i++)
		n += in.ptr[i] == '%' && !is_hex_pair(in, i + 1);
	return n;
}

/* Decoded where there is something to decode; the view itself where not. */
static bool decoded(struct weir_bytes in, struct weir_arena *a, unsigned int *bad_escapes,
		    struct weir_bytes *out)
{
	uint8_t *at;

	*out = in;
	if (!in.len || (!memchr(in.ptr, '%', in.len) && !memchr(in.ptr, '+', in.len)))
		return true;
	*bad_escapes += count_bad_escapes(in);
	at = weir_arena_alloc(a, in.len);
	if (!at)
		return false;
	*out = weir_bytes_of(at, t_url_decode(in, at));
	return true;
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
	struct weir_bytes name, value, pair;

	while (in.len) {
		pair = take_pair(&in, separator);
		if (!pair.len)
			continue;
		split_pair(pair, &name, &value);
		if (!decoded(name, a, bad_escapes, &name) ||
		    !decoded(value, a, bad_escapes, &value))
			return -WEIR_ENOMEM;
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
