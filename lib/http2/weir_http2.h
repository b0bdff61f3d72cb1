/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP/2 (RFC 9113) for either end of a connection, over byte views: nothing here knows a socket, a
 * packet or TLS. nghttp2 has the frames and HPACK; what a message means is decided here, as
 * strictly as in HTTP/1.1: a head that is accepted has been written as HTTP/1.1 and read by
 * weir_http_request_parse, so that it can go on in either form and means the same in both.
 * All is one worker's; memory comes from where the owner says, and a session has a limit of it.
 */
#ifndef WEIR_HTTP2_H
#define WEIR_HTTP2_H

#include <weir_base.h>
#include <weir_http.h>

/* ---- what went wrong: name, error code on the wire (RFC 9113 section 7), text for people ---- */

#define WEIR_HTTP2_NO_ERROR           0x0
#define WEIR_HTTP2_PROTOCOL_ERROR     0x1
#define WEIR_HTTP2_INTERNAL_ERROR     0x2
#define WEIR_HTTP2_FLOW_CONTROL_ERROR 0x3
#define WEIR_HTTP2_STREAM_CLOSED      0x5
#define WEIR_HTTP2_FRAME_SIZE_ERROR   0x6
#define WEIR_HTTP2_REFUSED_STREAM     0x7
#define WEIR_HTTP2_CANCEL             0x8
#define WEIR_HTTP2_COMPRESSION_ERROR  0x9
#define WEIR_HTTP2_ENHANCE_YOUR_CALM  0xb
#define WEIR_HTTP2_HTTP_1_1_REQUIRED  0xd

/* Each ends the session; their rates stand in struct weir_http2_limits, in this order. */
#define WEIR_HTTP2_FLOODS(X)                                                                \
	X(RAPID_RESET, 0xb, "a client resets streams, or has them reset, too often")        \
	X(SETTINGS_FLOOD, 0xb, "SETTINGS come too often")                                   \
	X(PING_FLOOD, 0xb, "PING comes too often")                                          \
	X(PRIORITY_FLOOD, 0xb, "priorities are changed too often")                          \
	X(EMPTY_FLOOD, 0xb, "DATA, HEADERS or CONTINUATION without content come too often") \
	X(WINDOW_FLOOD, 0xb, "WINDOW_UPDATE comes too often for what was sent")             \
	X(UNKNOWN_FLOOD, 0xb, "frames of unknown types, or GOAWAY, come too often")

/* These, too. */
#define WEIR_HTTP2_SESSION_ERRORS(X)                                                               \
	X(CONTINUATION_FLOOD, 0xb, "a header block in too many CONTINUATION frames")               \
	X(HPACK_BOMB, 0xb, "a header block that grows far too large unpacked")                     \
	X(STREAMS_LIMIT, 0xb, "more streams at once than were allowed")                            \
	X(ACK_FLOOD, 0xb, "the peer asks for answers and does not read them")                      \
	X(HEAD_TIMEOUT, 0xb, "a header block was begun and not ended in time")                     \
	X(MEMORY, 0x2, "the session's memory is used up")                                          \
	X(EVICTED, 0xb, "it held most of the memory, for longest, and others need it")             \
	X(PREFACE, 0x1, "the connection does not begin as HTTP/2 does")                            \
	X(PROTOCOL, 0x1, "a frame that may not come here")                                         \
	X(PUSH, 0x1, "the server pushes although it may not")                                      \
	X(FLOW_CONTROL, 0x3, "more DATA than the window allowed, or a window of more than 2^31-1") \
	X(FRAME_SIZE, 0x6, "a frame of a size that its type may not have")                         \
	X(CLOSED, 0x5, "a frame on a stream that was closed")                                      \
	X(COMPRESSION, 0x9, "a header block that HPACK cannot unpack")                             \
	X(INTERNAL, 0x2, "the session failed")

/* Each ends one stream, or stands where a head cannot be sent. */
#define WEIR_HTTP2_STREAM_ERRORS(X)                                                       \
	X(HEADER_LIMIT, 0xb, "a field is too long, or there are too many")                \
	X(STALLED, 0xb, "the peer's window was shut for too long")                        \
	X(METHOD, 0x1, "the method is no token")                                          \
	X(SCHEME, 0x1, "the scheme is neither http nor https")                            \
	X(PATH, 0x1, "the path is no path")                                               \
	X(AUTHORITY, 0x1, ":authority or Host is no host and port")                       \
	X(AUTHORITY_MISMATCH, 0x1, ":authority and Host differ")                          \
	X(HOST_MISSING, 0x1, "neither :authority nor Host")                               \
	X(HOST_TWICE, 0x1, "Host is there twice")                                         \
	X(STATUS, 0x1, "the status is not three digits from 100 to 599")                  \
	X(PSEUDO_MISSING, 0x1, "a pseudo-header field is missing")                        \
	X(PSEUDO_TWICE, 0x1, "a pseudo-header field is there twice")                      \
	X(PSEUDO_UNKNOWN, 0x1, "a pseudo-header field that may not be there")             \
	X(PSEUDO_LATE, 0x1, "a pseudo-header field behind others")                        \
	X(NAME, 0x1, "a field name has characters that no token has")                     \
	X(NAME_CASE, 0x1, "a field name has upper case")                                  \
	X(VALUE, 0x1, "a field value has NUL, CR or LF")                                  \
	X(VALUE_SPACE, 0x1, "a field value begins or ends with white space")              \
	X(CONNECTION_FIELD, 0x1, "a field that is only for HTTP/1.1 connections")         \
	X(CONNECTION_OPTION, 0x1, "Connection names a field that belongs to the message") \
	X(TRANSFER_ENCODING, 0x1, "Transfer-Encoding")                                    \
	X(TE, 0x1, "TE is something else than trailers")                                  \
	X(LENGTH, 0x1, "Content-Length is no number")                                     \
	X(LENGTH_TWICE, 0x1, "Content-Length is there twice")                             \
	X(LENGTH_MISMATCH, 0x1, "Content-Length is not what DATA has")                    \
	X(BODY_UNEXPECTED, 0x1, "content where none may be")                              \
	X(DATA_EARLY, 0x1, "DATA before the head")                                        \
	X(INTERIM_LIMIT, 0xb, "too many interim responses")                               \
	X(INTERIM_END, 0x1, "an interim response that ends the stream")                   \
	X(TRAILER, 0x1, "a trailer field that may not be one")                            \
	X(TRAILER_END, 0x1, "a second head that does not end the stream")                 \
	X(CONNECT, 0x1, "CONNECT is not allowed")                                         \
	X(EXTENDED_CONNECT, 0x1, "extended CONNECT (RFC 8441) is not allowed")            \
	X(UPGRADE, 0x1, "101 has no meaning in HTTP/2")                                   \
	X(HEAD, 0x1, "the head would be no head in HTTP/1.1")                             \
	X(REFUSED, 0x7, "the stream came while no more were allowed")                     \
	X(NO_ROOM, 0x7, "the peer takes no more streams now")                             \
	X(PEER_RESET, 0x8, "the peer has reset the stream")                               \
	X(PEER_GOAWAY, 0x7, "the peer goes away and has not seen the stream")             \
	X(OWNER, 0x8, "the owner has reset the stream")                                   \
	X(OVER, 0x8, "the session is over")                                               \
	X(GRPC_FLAG, 0x1, "a gRPC message whose first byte is neither 0 nor 1")           \
	X(GRPC_LIMIT, 0x1, "a gRPC message that is too long")                             \
	X(GRPC_TEXT, 0x1, "gRPC-Web's text is no Base64")

#define WEIR_HTTP2_ERRORS(X)         \
	WEIR_HTTP2_FLOODS(X)         \
	WEIR_HTTP2_SESSION_ERRORS(X) \
	WEIR_HTTP2_STREAM_ERRORS(X)

enum weir_http2_error {
	WEIR_HTTP2_OK,
#define X(name, code, text) WEIR_HTTP2_E_##name,
	WEIR_HTTP2_ERRORS(X)
#undef X
		WEIR_HTTP2_ERROR_END
};
#define WEIR_HTTP2_N_FLOODS WEIR_HTTP2_E_UNKNOWN_FLOOD

/* "RAPID_RESET": for counters and records. "" for WEIR_HTTP2_OK. */
const char *weir_http2_error_name(enum weir_http2_error e);
const char *weir_http2_error_text(enum weir_http2_error e);
/* What the peer is told in RST_STREAM or GOAWAY. */
uint32_t weir_http2_error_code(enum weir_http2_error e);

/* ---- whether a connection is HTTP/2 with prior knowledge (RFC 9113 section 3.3) ---- */

enum weir_http2_preface {
	WEIR_HTTP2_PREFACE_NOT,
	WEIR_HTTP2_PREFACE_MORE, /* so far it may be */
	WEIR_HTTP2_PREFACE_YES
};

/* `in` is the first that a client sends. No HTTP/1.1 request begins so. */
enum weir_http2_preface weir_http2_detect(struct weir_bytes in);

/* ---- limits ---- */

/* So many at once, and as many more as have time to come in. What is sent allows for more PING and
 * WINDOW_UPDATE, which answer it. */
struct weir_http2_rate {
	uint32_t burst;
	uint32_t per_s; /* not 0 */
};

struct weir_http2_limits {
	size_t memory;    /* bytes of a session, its queues with it; default 2 MiB */
	uint32_t streams; /* that the peer may have open at once; default 100 */
	/* What the peer may send before the owner has consumed any of it, on one stream and on all;
	 * at least 65,535 for all. Defaults: 256 KiB and 1 MiB. */
	uint32_t stream_window, session_window;
	uint32_t continuations; /* frames of one header block; default 8 */
	uint64_t stall_ns; /* that a shut window or a header block cut in the middle may last; 30 s
			    */
	/* By flood, RAPID_RESET first. */
	struct weir_http2_rate rates[WEIR_HTTP2_N_FLOODS];
	bool connect;          /* CONNECT to a host and port */
	bool extended_connect; /* CONNECT with :protocol (RFC 8441), offered and taken */
};
extern const struct weir_http2_limits weir_http2_limits_default;

/* ---- a worker's part ---- */

struct weir_http2;

/*
 * `source` gives the memory of all sessions: blocks of 64 KiB, one small one and, rarely, larger
 * ones. Blocks are cut in pieces, and given back when none of theirs is in use. NULL when there is
 * no memory. Both arguments are borrowed until this is destroyed (limits are copied).
 */
struct weir_http2 *weir_http2_create(const struct weir_arena_source *source,
				     const struct weir_http2_limits *limits);
/* No session may be left. */
void weir_http2_destroy(struct weir_http2 *w);

/* ---- sessions ---- */

struct weir_http2_session;
/* A request and its response. It belongs to its session and is gone when on_close returns. */
struct weir_http2_stream;

/* All views, also those of `http`, are valid while the callback runs. */
struct weir_http2_head {
	/* As if HTTP/1.1 had brought it, but `protocol` and `line` say HTTP/2.0. Pseudo-header
	 * fields are none of the fields: :authority is the first one, "host". Cookie is one field.
	 * Framing: content without a length is WEIR_HTTP_CHUNKED; a length that is here will be
	 * kept to, or the stream is reset. keep_alive is true. A response has is_head and
	 * is_connect of its request. */
	struct weir_http_head http;
	struct weir_bytes scheme;   /* of a request, as the peer says: "http" or "https" */
	struct weir_bytes extended; /* :protocol of extended CONNECT; the method is CONNECT then,
				     * with target, path and query of origin form */
	bool end;                   /* nothing follows: on_end comes next */
};

/* What is behind the bytes that a pull has given. */
enum weir_http2_more {
	WEIR_HTTP2_MORE,     /* or none: then weir_http2_resume must be called when there is */
	WEIR_HTTP2_END,      /* that was all */
	WEIR_HTTP2_TRAILERS, /* that was all, weir_http2_send_trailers comes or has been called */
	WEIR_HTTP2_BROKEN    /* there will never be: the stream is reset with INTERNAL_ERROR */
};

/*
 * What a session tells its owner; `user` is its own. All are called out of weir_http2_feed, _flush,
 * _tick and _destroy only. They may call everything but these four.
 */
struct weir_http2_events {
	/* Servers: a request; the stream is new. Clients: a response, or an interim one (1xx). */
	void (*on_head)(void *user, struct weir_http2_stream *st, const struct weir_http2_head *h);
	/* Must be given back by weir_http2_consume, now or later. */
	void (*on_data)(void *user, struct weir_http2_stream *st, struct weir_bytes data);
	void (*on_trailers)(void *user, struct weir_http2_stream *st,
			    const struct weir_http_header *fields, unsigned int n);
	/* The peer has sent all of its message. */
	void (*on_end)(void *user, struct weir_http2_stream *st);
	/* The last of a stream: once for each that on_head or weir_http2_request has given. `code`
	 * is that of RST_STREAM, whoever has sent it. WEIR_HTTP2_OK: both messages are complete,
	 * and all that on_data gave was consumed; else what was not is taken for consumed. */
	void (*on_close)(void *user, struct weir_http2_stream *st, enum weir_http2_error why,
			 uint32_t code);
	/* The session resets a stream because of what the peer did: for counters. The stream
	 * itself, when the owner has it, is told by on_close. */
	void (*on_bad)(void *user, uint32_t stream_id, enum weir_http2_error why);
	/* The peer goes away: it takes no more streams. */
	void (*on_goaway)(void *user, uint32_t last_stream_id, uint32_t code);
	/* Nothing more comes or goes. All streams were closed before; WEIR_HTTP2_OK: in order. */
	void (*on_over)(void *user, enum weir_http2_error why);
	/* Gives at most `max` bytes of a message's content for sending now. */
	size_t (*pull)(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
		       enum weir_http2_more *more);
	/* Takes bytes for the peer and returns how many; when not all, weir_http2_flush is called
	 * when there is room again. */
	size_t (*write)(void *user, struct weir_bytes out);
};

struct weir_http2_config {
	const struct weir_http2_events *events; /* borrowed; all are set */
	void *user;
	const struct weir_http_limits *http; /* of heads; copied */
	bool server; /* towards a client, where weir is the server; else towards a server */
	bool secure; /* requests are sent with the scheme https */
	uint64_t now_ns;
	uint64_t stall_ns; /* in place of the limits' one; 0: that */
};

/* NULL: no memory. The preface and SETTINGS go out with the first flush. */
struct weir_http2_session *weir_http2_session_create(struct weir_http2 *w,
						     const struct weir_http2_config *config);
/* Calls on_close for what is open, with WEIR_HTTP2_E_OVER, and sends nothing. */
void weir_http2_session_destroy(struct weir_http2_session *s);

/*
 * Takes what the peer has sent, all of it, wherever it is cut; then flushes.
 * Returns WEIR_HTTP2_OK, or why the session is over; on_over has told so.
 */
enum weir_http2_error weir_http2_feed(struct weir_http2_session *s, struct weir_bytes in,
				      uint64_t now_ns);
/*
 * Writes what is to be written, pulling content as windows allow, of each stream the same share. To
 * be called after any function below, when that was not called out of an event, and when `write`
 * has room again. Returns true when nothing waits for `write`.
 */
bool weir_http2_flush(struct weir_http2_session *s, uint64_t now_ns);
/* Ends what has stalled for too long. To be called about once a second. */
void weir_http2_tick(struct weir_http2_session *s, uint64_t now_ns);

/* Takes no new streams, and is over when those that are open have ended. A server tells twice
 * (RFC 9113 section 6.8): call it again a round trip later. */
void weir_http2_drain(struct weir_http2_session *s);
/* Ends the session with GOAWAY; on_over comes out of the next flush. */
void weir_http2_end(struct weir_http2_session *s, enum weir_http2_error why);

bool weir_http2_is_over(const struct weir_http2_session *s);
/* Streams that are open. */
uint32_t weir_http2_streams(const struct weir_http2_session *s);
/* Since when a header block of the peer's is being read that is not complete; 0: none is. */
uint64_t weir_http2_head_since(const struct weir_http2_session *s);
/* Whether weir_http2_request can succeed now. */
bool weir_http2_has_room(const struct weir_http2_session *s);
/* Bytes that the session has of its memory, and had at most. */
size_t weir_http2_memory(const struct weir_http2_session *s, size_t *peak);
/* Some of it for the owner's own, aligned to 16, not cleared; NULL: none is left. What was taken is
 * to be given back before the session is destroyed, or in on_close. */
void *weir_http2_take(struct weir_http2_session *s, size_t bytes);
void weir_http2_give(struct weir_http2_session *s, void *piece);

/* ---- streams ---- */

uint32_t weir_http2_stream_id(const struct weir_http2_stream *st);
/* The owner's own; NULL at first. */
void *weir_http2_owner(const struct weir_http2_stream *st);
void weir_http2_set_owner(struct weir_http2_stream *st, void *owner);

/* Whether HTTP/2 has words for a request of HTTP/1.1's, and if not, why: weir_http2_request would
 * refuse it whatever the peer takes. CONNECT is the peer's to take. */
enum weir_http2_error weir_http2_request_check(const struct weir_http_head *h);
/*
 * Clients: sends a request. `h` may be an HTTP/1.1 head: what belongs to its connection is left
 * out, Host becomes :authority. `body`: content follows, by pull. `extended` as in struct
 * weir_http2_head. Returns NULL with *why when it cannot be sent: nothing was sent then.
 */
struct weir_http2_stream *weir_http2_request(struct weir_http2_session *s,
					     const struct weir_http2_head *h, bool body,
					     enum weir_http2_error *why);
/* Servers: sends a response, or an interim one (1xx but 101; `body` is false then). */
enum weir_http2_error weir_http2_response(struct weir_http2_stream *st,
					  const struct weir_http_head *h, bool body);
enum weir_http2_error weir_http2_send_trailers(struct weir_http2_stream *st,
					       const struct weir_http_header *fields,
					       unsigned int n);
/* There is content again to be pulled. */
void weir_http2_resume(struct weir_http2_stream *st);
/* The owner has no more use for `n` bytes that on_data gave: the peer may send as many more. */
void weir_http2_consume(struct weir_http2_stream *st, size_t n);
/* on_close comes out of the next flush. Until then no other event does. When both messages were
 * complete, it only gives back what was not consumed. */
void weir_http2_reset(struct weir_http2_stream *st, uint32_t code);

/* ---- content that waits: between on_data of one session and pull of another ---- */

/* Bytes in the session's memory, first in, first out. Zero is an empty one. */
struct weir_http2_queue {
	struct weir_http2_piece *first, *last;
	size_t bytes;
	uint32_t off; /* in the first piece */
};

/* Copies all of `in`, or nothing: false when the session's memory is used up. */
bool weir_http2_queue_add(struct weir_http2_session *s, struct weir_http2_queue *q,
			  struct weir_bytes in);
/* Moves at most `max` bytes to `to`; returns how many. */
size_t weir_http2_queue_take(struct weir_http2_session *s, struct weir_http2_queue *q, uint8_t *to,
			     size_t max);
/* Copies at most `max` of the first bytes to `to`, where they stay; returns how many. */
size_t weir_http2_queue_read(const struct weir_http2_queue *q, uint8_t *to, size_t max);
/* A view of the first bytes, as many as lie in one piece. */
struct weir_bytes weir_http2_queue_front(const struct weir_http2_queue *q);
/* Views of what lies after the first `skip` bytes, at most `max` of them; returns how many. */
unsigned int weir_http2_queue_views(const struct weir_http2_queue *q, size_t skip,
				    struct weir_bytes *views, unsigned int max);
/* Forgets the first `n` bytes. */
void weir_http2_queue_drop(struct weir_http2_session *s, struct weir_http2_queue *q, size_t n);
/* Drops the last bytes. */
void weir_http2_queue_cut(struct weir_http2_session *s, struct weir_http2_queue *q, size_t n);

/* ---- heads as HTTP/1.1 (RFC 9112) ---- */

/*
 * Writes the head as HTTP/1.1, a response when it has a status: Host first, what belongs to a
 * connection anew out of framing and keep_alive; a response without content has a length of 0,
 * unless its status or is_head say so already. Returns its bytes, or 0 when `room` is too small
 * or the head is none that HTTP/1.1 has (extended CONNECT).
 */
size_t weir_http2_to_http1(const struct weir_http_head *h, uint8_t *out, size_t room);

/* ---- gRPC (messages with a prefix of five bytes in DATA) ---- */

struct weir_grpc {
	uint32_t max;  /* bytes of a message */
	uint32_t left; /* bytes of the message at hand */
	uint8_t have;  /* bytes of the prefix at hand */
	uint8_t prefix[5];
	bool takes_trailers; /* gRPC-Web's answers: the last message may be the call's trailers */
	bool is_text;        /* and all is in Base64 */
	uint8_t n_rest;      /* bytes of the last quantum that are the next piece's */
	uint8_t rest[2];
	struct weir_grpc_text text;
};

struct weir_grpc_piece {
	struct weir_bytes content; /* of the message at hand, perhaps empty */
	uint32_t length;           /* of the whole message */
	bool compressed;
	bool begins, ends;
};

void weir_grpc_init(struct weir_grpc *g, uint32_t max);
/*
 * Takes the next bytes of a stream. Returns how many, at least 1 of `in` that is not empty; or a
 * negative enum weir_http2_error. *piece has what they are, all zero in a prefix.
 */
ssize_t weir_grpc_feed(struct weir_grpc *g, struct weir_bytes in, struct weir_grpc_piece *piece);
/* Of Base64 so much is decoded at a time. */
#define WEIR_GRPC_ROOM 1536u
/*
 * The same for streams that may be in Base64. What was taken is, decoded, *content, perhaps in
 * `room`: no more than is of one piece. A quantum may have bytes of two: so `in` may be empty as
 * long as there is a rest (g->n_rest), of which nothing is taken then.
 */
ssize_t weir_grpc_read(struct weir_grpc *g, struct weir_bytes in, uint8_t room[WEIR_GRPC_ROOM],
		       struct weir_bytes *content, struct weir_grpc_piece *piece);
/* Whether the stream may end here: between messages. */
bool weir_grpc_is_whole(const struct weir_grpc *g);

#endif
