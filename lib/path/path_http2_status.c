/* SPDX-License-Identifier: BSD-3-Clause */
/* What a call of gRPC is told by: its status, which takes the place of a page. */
#include "path_http2.h"

#include <stdio.h>

/* gRPC over HTTP2, "HTTP2 Transport Mapping"; for what weir itself answers with. */
static unsigned int status_of(uint16_t http)
{
	switch (http) {
	case 400:
		return 13; /* INTERNAL */
	case 401:
		return 16; /* UNAUTHENTICATED */
	case 404:
	case 501:
		return 12; /* UNIMPLEMENTED */
	case 408:
		return 4; /* DEADLINE_EXCEEDED */
	case 413:
	case 431:
		return 8; /* RESOURCE_EXHAUSTED */
	case 429:
	case 502:
	case 503:
	case 504:
		return 14; /* UNAVAILABLE */
	default:
		return 7; /* PERMISSION_DENIED */
	}
}

static const char *type_of(enum weir_http_grpc call)
{
	if (call == WEIR_HTTP_GRPC_WEB_TEXT)
		return "application/grpc-web-text+proto";
	return call == WEIR_HTTP_GRPC_WEB ? "application/grpc-web+proto" : "application/grpc";
}

void path_grpc_make_status(struct path_grpc_status *to, const struct path_exchange *e)
{
	to->type = type_of((enum weir_http_grpc)e->call);
	snprintf(to->code, sizeof(to->code), "%u", status_of(e->status));
	snprintf(to->message, sizeof(to->message), "not let through; the number is %016llx",
		 (unsigned long long)e->id);
}

/* Flag 0x80, and a length for which a byte is enough (PROTOCOL-WEB, "Message framing"). */
size_t path_grpc_last_message(const struct path_exchange *e, enum weir_http_grpc kind,
			      char out[PATH_GRPC_LAST])
{
	char plain[PATH_GRPC_LAST / 4 * 3] = {(char)0x80};
	struct path_grpc_status status;
	int n;

	path_grpc_make_status(&status, e);
	n = snprintf(plain + 5, sizeof(plain) - 5, "grpc-status: %s\r\ngrpc-message: %s\r\n",
		     status.code, status.message);
	plain[4] = (char)n;
	n += 5;
	if (kind == WEIR_HTTP_GRPC_WEB_TEXT)
		return weir_grpc_text_encode(weir_bytes_of(plain, (size_t)n), out);
	memcpy(out, plain, (size_t)n);
	return (size_t)n;
}

/* Where it would stand in the midst of another one there is no place for it. */
static bool say_in_content(struct path_http2_stream *s)
{
	char text[PATH_GRPC_LAST];
	size_t n;

	if (!path_http2_is_at_message(s))
		return false;
	n = path_grpc_last_message(&s->e, (enum weir_http_grpc)s->e.call, text);
	return weir_http2_queue_add(s->h->client, &s->way[PATH_TO_CLIENT].body,
				    weir_bytes_of(text, n));
}

/* The first of them is of a head, the others may stand behind one. */
static void make_fields(struct weir_http_header fields[3], const struct path_grpc_status *status)
{
	fields[0] = (struct weir_http_header){weir_bytes_str("content-type"),
					      weir_bytes_str(status->type)};
	fields[1] = (struct weir_http_header){weir_bytes_str("grpc-status"),
					      weir_bytes_str(status->code)};
	fields[2] = (struct weir_http_header){weir_bytes_str("grpc-message"),
					      weir_bytes_str(status->message)};
}

/* Alone in the head of a response that has no more, or behind what there is of it. */
bool path_http2_say_status(struct path_http2_stream *s)
{
	struct path_http2_way *way = &s->way[PATH_TO_CLIENT];
	struct weir_http_header fields[3];
	const struct weir_http_head head = {
		.status = 200, .headers = fields, .n_headers = 3, .framing = WEIR_HTTP_NO_BODY};
	struct path_grpc_status status;

	if (s->e.begun && s->e.call != WEIR_HTTP_GRPC) {
		bool said = say_in_content(s);

		s->e.status = 200;
		return said;
	}
	path_grpc_make_status(&status, &s->e);
	make_fields(fields, &status);
	s->e.status = 200;
	if (s->e.begun)
		return path_http2_keep_trailers(s->h->client, &way->trailers, fields + 1, 2);
	way->over = true;
	return weir_http2_response(s->client, &head, false) == WEIR_HTTP2_OK;
}
