/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offers of a client to go on in HTTP/2, or in TLS, on the same connection. Requests would go on
 * behind that which nobody judges. So the server does not hear of it: the head goes on without what
 * belongs to its connection, as a proxy would write it. Where that cannot be done it goes on as it
 * is, and a server that takes the offer is not let have its way (path_http_response.c).
 */
#include "path_http2.h"
#include "path_stream.h"

/* The head that is held, in w->text: *len bytes of it, that were *head_len. False: there is no
 * room, or it cannot be written so. */
static bool write_anew(struct path_http *x, struct path_http2_worker *w, size_t *len,
		       uint32_t *head_len)
{
	const struct path_http_side *s = &x->side[PATH_TO_SERVER];
	uint32_t held = (uint32_t)RTE_MIN(s->at - s->free, (uint64_t)PATH_HTTP_HEAD_MAX);
	struct weir_bytes in = path_http_gather(x, PATH_TO_SERVER, s->free, held);
	struct weir_http_head head;
	ssize_t n = weir_http_request_parse(in, &x->service.limits, x->w->http->headers, &head);

	*len = n > 0 ? weir_http2_to_http1(&head, w->text, sizeof(w->text)) : 0;
	*head_len = (uint32_t)n;
	return *len;
}

void path_http_hide_upgrade(struct path_http *x)
{
	struct path_http_side *s = &x->side[PATH_TO_SERVER];
	struct path_http2_worker *w = x->w->http2;
	uint32_t head_len;
	size_t len, done;

	s->offers_http = false;
	if (!w || !path_http_settle(x, PATH_TO_SERVER) || !write_anew(x, w, &len, &head_len))
		return;
	if (!path_stream_write(x->w, x->k, 1, weir_bytes_of(w->text, len), &done)) {
		path_stream_discard(x->w, x->k, PATH_TO_SERVER, head_len);
		s->free += head_len;
	} else if (done) { /* who has a part of it gets no other */
		path_http_abort(x);
	}
}
