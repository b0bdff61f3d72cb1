/* SPDX-License-Identifier: BSD-3-Clause */
/* The laboratories of http_lab.h and tls_lab.h with ends that speak HTTP/2: lib/http2 in the other
 * role stands behind the client and the server where they speak it. */
#ifndef HTTP2_LAB_H
#define HTTP2_LAB_H

#include "tls_lab.h"

#include <weir_http2.h>

#define H2_STREAMS 256

/* How the two sides are spoken to. */
enum h2_way {
	H2_CLEAR,      /* prior knowledge, on both sides */
	H2_CLEAR1,     /* prior knowledge, HTTP/1.1 behind */
	H2_TLS_CLEAR1, /* TLS in front, HTTP/1.1 in the clear behind */
	H2_TLS_TLS1,   /* TLS on both sides, HTTP/1.1 behind */
	H2_TLS_TLS2,   /* TLS and HTTP/2 on both sides */
	H2_TLS_CLEAR2, /* HTTP/2 on both sides, in the clear behind */
	H2_WAYS,
	/* HTTP/1.1 in front, HTTP/2 behind */
	H1_CLEAR2 = H2_WAYS, /* both in the clear */
	H1_TLS_CLEAR2,       /* TLS in front */
	H1_TLS_TLS2,         /* TLS on both sides */
	H1_WAYS
};

/* A stream as an end has seen it, by id / 2. */
struct h2_seen {
	struct weir_http2_stream *st; /* NULL: none, or it was closed */
	char *head;                   /* the last one, as HTTP/1.1 */
	struct weir_buf interim, body, trailers;
	unsigned int status;
	bool ended, closed;
	enum weir_http2_error why;
	uint32_t code;
	/* what is sent */
	const char *to_send;
	size_t n_to_send;
	const char *trailer; /* value of "x-trailer" that follows it */
	bool wait;           /* more will come than to_send */
};

struct h2_end {
	struct h2_lab *lab;
	unsigned int side;
	struct weir_http2 *w;
	struct weir_http2_session *s; /* NULL: it speaks HTTP/1.1 */
	size_t fed;                   /* of what came in the clear */
	struct weir_buf out;          /* that it has to send */
	struct h2_seen seen[H2_STREAMS];
	uint32_t last; /* the newest stream */
	unsigned int streams;
	bool hold; /* nothing is consumed */
	bool over;
	bool goaway;
	uint32_t goaway_code;
	enum weir_http2_error over_why;
};

struct h2_lab {
	struct http_lab *l;
	struct tls_lab *t; /* NULL: no TLS */
	enum h2_way way;
	uint64_t now_ns;
	struct h2_end end[2];
};

/* `service` is added to the Service's spec. */
struct h2_lab *h2_lab_create(enum h2_way way, const char *service);
/* In the clear, where no ThreatPolicy acts. */
struct h2_lab *h2_lab_create_unprotected(enum h2_way way);
/* The same with a server in TLS that shows `cert`. */
struct h2_lab *h2_lab_create_showing(enum h2_way way, const struct pki_cert *cert);
void h2_lab_destroy(struct h2_lab *l);
/* Whether the server speaks HTTP/2. */
bool h2_lab_is_http2(const struct h2_lab *l);
/* Lets both ends take what came and say what they have to. */
void h2_pump(struct h2_lab *l);
struct h2_seen *h2_seen(struct h2_lab *l, unsigned int end, uint32_t id);
/* The client sends a request: a head as HTTP/1.1 has it, and a body, NULL: none. Returns its
 * stream. */
uint32_t h2_send(struct h2_lab *l, const char *head, const char *body, size_t n);
uint32_t h2_get(struct h2_lab *l, const char *path);
/* The server answers the request that it got last, or `id` in HTTP/2: a head as HTTP/1.1 has it,
 * and a body, by the same stream or as it is. */
void h2_answer(struct h2_lab *l, uint32_t id, const char *head, const char *body, size_t n);
/* What a server in HTTP/2 has seen last, and the same of that. */
struct h2_seen *h2_last(struct h2_lab *l);
void h2_answer_last(struct h2_lab *l, const char *head, const char *body);
/* So many at a time the server in HTTP/2 takes from now on. */
void h2_allow_streams(struct h2_lab *l, uint32_t n);
/* `end` says nothing more: close_notify, where it speaks TLS, and FIN. */
void h2_close(struct h2_lab *l, unsigned int end);
/* What the server in HTTP/1.1 got. */
const char *h2_got1(const struct h2_lab *l);
size_t h2_got1_len(const struct h2_lab *l);
void h2_say1(struct h2_lab *l, const char *text, size_t n);
/* The same of a client in HTTP/1.1. */
const char *h1_got(const struct h2_lab *l);
void h1_say(struct h2_lab *l, const char *text);
void h1_send(struct h2_lab *l, const char *bytes, size_t n);
/* Forgets what it got. */
void h1_clear(struct h2_lab *l);
/* A text that is like no other part of itself; the caller's. */
char *h2_text(size_t len);
/* How many requests the server has seen. */
unsigned int h2_requests(const struct h2_lab *l);

#endif
