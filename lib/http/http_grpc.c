/* SPDX-License-Identifier: BSD-3-Clause */
/* What a message of gRPC is known by. */
#include "http_impl.h"

static const char type[] = "application/grpc", web[] = "-web", text[] = "-text";

static bool skip(struct weir_bytes *in, const char *word)
{
	size_t n = strlen(word);

	if (in->len < n || !weir_bytes_is_case(weir_bytes_of(in->ptr, n), word))
		return false;
	*in = weir_bytes_of(in->ptr + n, in->len - n);
	return true;
}

enum weir_http_grpc weir_http_grpc(const struct weir_http_head *h, struct weir_bytes *codec)
{
	const struct weir_http_header *f = weir_http_header_find(h, "content-type");
	struct weir_bytes rest = f ? weir_bytes_trim(f->value) : (struct weir_bytes){0};
	enum weir_http_grpc kind = WEIR_HTTP_GRPC;
	const uint8_t *end = rest.len ? memchr(rest.ptr, ';', rest.len) : NULL;

	if (end)
		rest.len = (size_t)(end - rest.ptr);
	rest = weir_bytes_trim(rest);
	*codec = (struct weir_bytes){0};
	if (!skip(&rest, type))
		return WEIR_HTTP_NO_GRPC;
	if (skip(&rest, web))
		kind = skip(&rest, text) ? WEIR_HTTP_GRPC_WEB_TEXT : WEIR_HTTP_GRPC_WEB;
	if (!rest.len)
		return kind;
	*codec = weir_bytes_of(rest.ptr + 1, rest.len - 1);
	return rest.ptr[0] == '+' ? kind : WEIR_HTTP_NO_GRPC;
}
