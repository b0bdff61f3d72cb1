/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of HTTP/2 share: a session of weir's with an owner that notes all it is told, and
 * two kinds of peer: frames made by hand, and nghttp2.
 */
#ifndef HTTP2_TEST_H
#define HTTP2_TEST_H

#include <weir_http2.h>
#include <weir_test.h>

#include <nghttp2/nghttp2.h>

Suite *head_suite(void);
Suite *send_suite(void);
Suite *flood_suite(void);
Suite *peer_suite(void);
Suite *flow_suite(void);
Suite *small_suite(void);

#define STREAMS 256
#define SECOND  WEIR_NS_PER_S

/* What is known of a stream, by id / 2 modulo STREAMS. */
struct seen {
	struct weir_http2_stream *st; /* NULL: none, or it was closed */
	char head[4096];              /* as HTTP/1.1 */
	char interim[256];
	char trailers[256]; /* "name: value\n" */
	enum weir_http_framing framing;
	unsigned int heads, closes, bads;
	bool end; /* of the head */
	bool ended;
	enum weir_http2_error why, bad;
	uint32_t code;
	size_t received;
	uint64_t sum; /* of what was received */
	size_t held;  /* received and not consumed */
	/* what is sent */
	size_t to_send, sent;
	bool trailers_follow, broken;
	struct weir_http2_queue queue; /* instead of made up bytes */
	bool queued, queue_ends;
};

struct owner {
	struct weir_http2 *w;
	struct weir_http2_session *s;
	struct weir_http_limits http;
	struct seen seen[STREAMS];
	bool server;
	bool hold;         /* nothing is consumed */
	bool answer;       /* requests with 200 and their own body's size */
	bool answer_empty; /* with 200 and no body */
	bool may_fail;     /* memory may end when it answers */
	bool reset_on_head;
	size_t write_room; /* that `write` has, SIZE_MAX: any */
	uint8_t *out;      /* what was written and nobody has taken */
	size_t n_out, room_out;
	unsigned int goaways, overs;
	enum weir_http2_error over;
	uint64_t now_ns;
	size_t memory_taken;
	struct weir_arena_source source;
};

/* `limits` NULL: the default ones. */
struct owner *owner_create(bool server, const struct weir_http2_limits *limits);
/* NULL: there was too little memory for a session. */
struct owner *owner_create_if(bool server, const struct weir_http2_limits *limits);
void owner_destroy(struct owner *o);
struct seen *seen_of(struct owner *o, uint32_t id);
/* Feeds `step` bytes at a time. */
enum weir_http2_error owner_feed(struct owner *o, const void *bytes, size_t n, size_t step);
/* The byte at `i` of made up content. */
uint8_t content_at(uint32_t id, size_t i);
uint64_t sum_of(uint32_t id, size_t n);
/* "GET / ..." with `text`'s fields, parsed as HTTP/1.1, sent by a client. NULL: *why tells. */
struct weir_http2_stream *owner_request(struct owner *o, const char *text, size_t body,
					enum weir_http2_error *why);

/* ---- frames by hand ---- */

struct raw {
	nghttp2_hd_deflater *hd;
	uint8_t bytes[1 << 20];
	size_t n;
};

struct raw *raw_create(void);
void raw_destroy(struct raw *r);
void raw_bytes(struct raw *r, const void *bytes, size_t n);
void raw_frame(struct raw *r, uint8_t type, uint8_t flags, uint32_t id, const void *payload,
	       size_t n);
/* The client's preface, or the server's SETTINGS. */
void raw_begin(struct raw *r, bool client);
/* Begins what a server says to a client that has sent this request. */
void raw_answer(struct raw *r, struct owner *o, const char *request);
/*
 * "name" "\x1f" "value" "\x1e" for each field; "\x02" stands for NUL. Returns the block, in the
 * order of fields given.
 */
size_t raw_block(struct raw *r, const char *fields, uint8_t *block, size_t room);
/* HEADERS, all in one frame. */
void raw_headers(struct raw *r, uint32_t id, uint8_t flags, const char *fields);
/* Gives what was made to the owner, `step` bytes at a time. */
enum weir_http2_error raw_give(struct raw *r, struct owner *o, size_t step);

#define F(name, value) name "\x1f" value "\x1e"
#define GET            F(":method", "GET") F(":scheme", "https") F(":authority", "a") F(":path", "/")
#define POST           F(":method", "POST") F(":scheme", "https") F(":authority", "a") F(":path", "/")

#define END_STREAM  NGHTTP2_FLAG_END_STREAM
#define END_HEADERS NGHTTP2_FLAG_END_HEADERS

/* The last frame of a type that the owner has written; false: there is none. */
bool wrote_frame(const struct owner *o, uint8_t type, uint32_t id, struct weir_bytes *payload);
/* The error code of the GOAWAY or RST_STREAM that was written; UINT32_MAX: none. */
uint32_t wrote_goaway(const struct owner *o);
uint32_t wrote_reset(const struct owner *o, uint32_t id);
unsigned int wrote_count(const struct owner *o, uint8_t type);

/* ---- nghttp2 as the peer ---- */

struct peer_stream {
	char head[2048]; /* "name: value\n" of all its blocks */
	size_t received, to_send, sent;
	uint64_t sum;
	unsigned int closes;
	uint32_t code;
	bool ended, trailers;
	size_t answer; /* a server's body, for requests with an end */
};

struct peer {
	nghttp2_session *ng;
	struct owner *o;
	bool server;
	bool hold; /* the window is not opened */
	struct peer_stream stream[STREAMS];
	unsigned int goaways;
	uint32_t goaway;
};

struct peer *peer_create(struct owner *o, uint32_t window);
void peer_destroy(struct peer *p);
struct peer_stream *peer_of(struct peer *p, int32_t id);
/* Returns the id. `trailers`: a field behind the body. */
int32_t peer_request(struct peer *p, const char *path, size_t body, bool trailers);
void peer_respond(struct peer *p, int32_t id, size_t body);
/* Moves bytes both ways, `step` at a time, until none move. */
void pump(struct peer *p, size_t step);

#endif
