/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of what can go wrong in HTTP/2, and nghttp2's errors by our names. */
#include "http2_impl.h"

static const struct {
	const char *name;
	const char *text;
	uint32_t code;
} errors[WEIR_HTTP2_ERROR_END] = {[WEIR_HTTP2_OK] = {"", "", WEIR_HTTP2_NO_ERROR},
#define X(n, c, t) [WEIR_HTTP2_E_##n] = {#n, t, c},
				  WEIR_HTTP2_ERRORS(X)
#undef X
};

const char *weir_http2_error_name(enum weir_http2_error e)
{
	return errors[e].name;
}

const char *weir_http2_error_text(enum weir_http2_error e)
{
	return errors[e].text;
}

uint32_t weir_http2_error_code(enum weir_http2_error e)
{
	return errors[e].code;
}

enum weir_http2_error http2_error_of(int nghttp2_error)
{
	switch (nghttp2_error) {
	case NGHTTP2_ERR_NOMEM:
		return WEIR_HTTP2_E_MEMORY;
	case NGHTTP2_ERR_FLOODED:
		return WEIR_HTTP2_E_ACK_FLOOD;
	case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
		return WEIR_HTTP2_E_CONTINUATION_FLOOD;
	case NGHTTP2_ERR_TOO_MANY_SETTINGS:
		return WEIR_HTTP2_E_SETTINGS_FLOOD;
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
	case NGHTTP2_ERR_SETTINGS_EXPECTED:
		return WEIR_HTTP2_E_PREFACE;
	case NGHTTP2_ERR_FLOW_CONTROL:
		return WEIR_HTTP2_E_FLOW_CONTROL;
	case NGHTTP2_ERR_FRAME_SIZE_ERROR:
		return WEIR_HTTP2_E_FRAME_SIZE;
	case NGHTTP2_ERR_STREAM_CLOSED:
		return WEIR_HTTP2_E_CLOSED;
	case NGHTTP2_ERR_HEADER_COMP:
		return WEIR_HTTP2_E_COMPRESSION;
	case NGHTTP2_ERR_REFUSED_STREAM:
		return WEIR_HTTP2_E_REFUSED;
	case NGHTTP2_ERR_PROTO:
		return WEIR_HTTP2_E_PROTOCOL;
	default:
		return WEIR_HTTP2_E_INTERNAL;
	}
}

enum weir_http2_error http2_error_of_code(uint32_t code)
{
	switch (code) {
	case WEIR_HTTP2_PROTOCOL_ERROR:
		return WEIR_HTTP2_E_PROTOCOL;
	case WEIR_HTTP2_FLOW_CONTROL_ERROR:
		return WEIR_HTTP2_E_FLOW_CONTROL;
	case WEIR_HTTP2_FRAME_SIZE_ERROR:
		return WEIR_HTTP2_E_FRAME_SIZE;
	case WEIR_HTTP2_STREAM_CLOSED:
		return WEIR_HTTP2_E_CLOSED;
	case WEIR_HTTP2_COMPRESSION_ERROR:
		return WEIR_HTTP2_E_COMPRESSION;
	case WEIR_HTTP2_REFUSED_STREAM:
		return WEIR_HTTP2_E_REFUSED;
	default:
		return WEIR_HTTP2_E_INTERNAL;
	}
}
