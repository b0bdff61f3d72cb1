/* SPDX-License-Identifier: BSD-3-Clause */
/* How a connection of HTTP/2 begins (RFC 9113 section 3.4). */
#include "http2_impl.h"

enum weir_http2_preface weir_http2_detect(struct weir_bytes in)
{
	size_t n = in.len < NGHTTP2_CLIENT_MAGIC_LEN ? in.len : NGHTTP2_CLIENT_MAGIC_LEN;

	if (n && memcmp(in.ptr, NGHTTP2_CLIENT_MAGIC, n) != 0)
		return WEIR_HTTP2_PREFACE_NOT;
	return n == NGHTTP2_CLIENT_MAGIC_LEN ? WEIR_HTTP2_PREFACE_YES : WEIR_HTTP2_PREFACE_MORE;
}
