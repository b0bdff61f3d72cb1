/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of translation share: a client speaks HTTP/1.1, and its servers HTTP/2. Towards
 * all that judges (path_http.c) the servers speak HTTP/1.1: what was let pass of the client's
 * stream is read once more and becomes a stream of HTTP/2 (path_translate_request.c), and what the
 * servers answer is written as HTTP/1.1 (path_translate_response.c), which then is read, judged and
 * passed on as if it had come so. One request is under way at a time. What of it the servers do not
 * take stays in the client's window, what of an answer the client does not take in the servers'.
 */
#ifndef PATH_TRANSLATE_H
#define PATH_TRANSLATE_H

#include "path_http2.h"

struct path_translator {
	struct path_http2 h;              /* first; it has no session with the client */
	struct weir_http2_stream *stream; /* of the exchange at hand; NULL: none, or it is closed */
	const char *failure;              /* why there are no servers any more; NULL: there are */
	bool broken;                      /* by which the answer at hand has no end */
	bool open;                        /* the servers have answered by TCP */
	bool leaving;                     /* they take no further request */
	bool ended;                       /* nothing follows what is in `answer` */
	/* the request at hand */
	bool taking;                /* its end was not taken yet */
	bool http10;                /* its client knows neither chunks nor interim responses */
	bool is_last;               /* and waits for no further answer */
	uint32_t passable;          /* bytes of the client's that were let pass, not taken */
	struct weir_http_body body; /* as far as it was taken */
	struct weir_http2_queue trailers;
	/* its answer */
	bool answering; /* its end is not here yet */
	bool chunked;
	bool has_trailers;
	struct weir_http2_queue answer; /* that was not passed on */
	uint64_t offset;                /* of its first byte */
	uint32_t want, want_max;        /* so much of it may wait, at least */
	size_t unread; /* bytes of content that their sender may not send others for yet */
};

/* ---- path_translate.c ---- */

/* What is said before the server's side is there would be lost. */
bool path_translate_is_open(struct path_translator *t);
/* There will be no (whole) answer, nor another one. */
void path_translate_fail(struct path_translator *t, const char *name);
/* Nothing follows what has been answered. */
void path_translate_finish(struct path_translator *t);

/* ---- path_translate_request.c ---- */

/* Gives what was let pass to the server, as far as it takes that. */
void path_translate_send(struct path_translator *t);
/* For struct weir_http2_events. */
size_t path_translate_pull(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
			   enum weir_http2_more *more);

/* ---- path_translate_response.c ---- */

extern const struct weir_http2_events path_translate_events;

#endif
