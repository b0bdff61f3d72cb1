/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request or, after a first byte of 'R', a response. What is accepted must be the same head when
 * more comes behind it, and its body the same content in one piece and byte by byte.
 */
#include <stdlib.h>

#include <weir_http.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS 128

/* Returns a hash of the content and where the body ended; step is the bytes fed at a time. */
static uint64_t feed(const struct weir_http_head *h, struct weir_bytes in, size_t step)
{
	struct weir_http_body b;
	uint64_t hash = 1469598103934665603ULL;
	size_t at = 0;

	weir_http_body_init(&b, h, &weir_http_limits_default);
	while (at < in.len && !b.done) {
		size_t give = in.len - at < step ? in.len - at : step;
		struct weir_bytes piece;
		ssize_t used = weir_http_body_feed(&b, weir_bytes_of(in.ptr + at, give), &piece);

		if (used < 0)
			return (uint64_t)used;
		if (used == 0 || (size_t)used > give || piece.len > give)
			abort();
		for (size_t i = 0; i < piece.len; i++)
			hash = (hash ^ piece.ptr[i]) * 1099511628211ULL;
		at += (size_t)used;
	}
	return hash ^ at ^ (uint64_t)b.done << 63;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_http_header fields[FIELDS], again[FIELDS];
	struct weir_http_head request = {0}, h, cut;
	bool response = size && data[0] == 'R';
	struct weir_bytes in = weir_bytes_of(data + response, size - response), rest;
	ssize_t n;

	n = response ? weir_http_response_parse(in, &weir_http_limits_default, &request, fields, &h)
		     : weir_http_request_parse(in, &weir_http_limits_default, fields, &h);
	if (n <= 0)
		return 0;
	if ((size_t)n > in.len)
		abort();
	in.len = (size_t)n;
	if ((response ? weir_http_response_parse(in, &weir_http_limits_default, &request, again,
						 &cut)
		      : weir_http_request_parse(in, &weir_http_limits_default, again, &cut)) != n ||
	    cut.n_headers != h.n_headers || cut.framing != h.framing || cut.length != h.length)
		abort();
	rest = weir_bytes_of(in.ptr + n, size - response - (size_t)n);
	if (feed(&h, rest, rest.len) != feed(&h, rest, 1))
		abort();
	return 0;
}
