/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gRPC-Web's text form: the messages in Base64 (RFC 4648 section 4), a response perhaps in several
 * runs, each of which ends with its own padding. What is no Base64 is an error: who reads it on
 * would perhaps skip it.
 */
#include "http_impl.h"

/* False: none that may stand there. */
static bool take(struct weir_grpc_text *t, uint8_t c)
{
	int v = weir_base64_value(c);

	if (c == '=' && t->have >= 2) {
		t->padding++;
		v = 0;
	} else if (v < 0 || t->padding) {
		return false;
	}
	t->bits = t->bits << 6 | (uint32_t)v;
	t->have++;
	return true;
}

static size_t put(struct weir_grpc_text *t, uint8_t *out)
{
	size_t n = 3u - t->padding;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(t->bits >> (16 - 8 * i));
	*t = (struct weir_grpc_text){0};
	return n;
}

ssize_t weir_grpc_text_decode(struct weir_grpc_text *t, struct weir_bytes in, uint8_t *out,
			      size_t max, size_t *n)
{
	size_t used = 0;

	*n = 0;
	while (used < in.len && max - *n >= 3) {
		if (!take(t, in.ptr[used++]))
			return -1;
		if (t->have == 4)
			*n += put(t, out + *n);
	}
	return (ssize_t)used;
}

size_t weir_grpc_text_encode(struct weir_bytes in, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;

	for (size_t i = 0; i < in.len; i += 3) {
		size_t left = in.len - i;
		uint32_t bits = (uint32_t)in.ptr[i] << 16 |
				(left > 1 ? (uint32_t)in.ptr[i + 1] << 8 : 0) |
				(left > 2 ? in.ptr[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			out[n++] = k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=';
	}
	return n;
}
