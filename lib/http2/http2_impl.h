/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_HTTP2_IMPL_H
#define WEIR_HTTP2_IMPL_H

#include <weir_http2.h>

#include <nghttp2/nghttp2.h>

/* ---- http2_memory.c: pieces of many sizes out of a worker's blocks ---- */

#define HTTP2_CLASSES 24

struct http2_memory {
	const struct weir_arena_source *source;
	struct http2_chunk *room[HTTP2_CLASSES]; /* blocks that have some */
};

/* What one session has of it. */
struct http2_account {
	struct http2_memory *from;
	size_t used, peak, limit;
	bool failed; /* has been refused something */
};

void http2_memory_init(struct http2_memory *m, const struct weir_arena_source *source);
/* Nothing may be in use. */
void http2_memory_fini(struct http2_memory *m);
/* Aligned to 16, not cleared; NULL when the limit or the source says no. */
void *http2_alloc(struct http2_account *a, size_t bytes);
void *http2_zalloc(struct http2_account *a, size_t bytes);
void *http2_realloc(struct http2_account *a, void *piece, size_t bytes);
void http2_free(struct http2_account *a, void *piece);
nghttp2_mem http2_memory_for_nghttp2(struct http2_account *a);

/* ---- http2_block.c: a header block, from its first field to a head ---- */

enum http2_block_kind { HTTP2_REQUEST, HTTP2_RESPONSE, HTTP2_TRAILERS };

enum http2_pseudo {
	HTTP2_METHOD,
	HTTP2_SCHEME,
	HTTP2_AUTHORITY,
	HTTP2_PATH,
	HTTP2_PROTOCOL,
	HTTP2_STATUS,
	HTTP2_PSEUDOS
};

/* Bytes that grow; offsets stay true when they move. */
struct http2_text {
	uint8_t *ptr;
	uint32_t len, room;
};

struct http2_span {
	uint32_t off, len;
	bool there;
};

/* One is enough for a session: blocks do not interleave (RFC 9113 section 4.3). */
struct http2_block {
	struct weir_http2_stream *st; /* NULL: none is at hand */
	enum http2_block_kind kind;
	enum weir_http2_error error; /* found so far */
	bool regular;                /* a field that is no pseudo-header field has come */
	bool host;                   /* Host has come, and stands in the text */
	uint32_t line; /* where the message begins in the text, behind the pseudo-header fields */
	uint32_t fields;
	uint64_t size; /* as SETTINGS_MAX_HEADER_LIST_SIZE counts */
	uint64_t since_ns;
	struct http2_span pseudo[HTTP2_PSEUDOS];
	struct http2_text text, cookie;
};

/* What came of it. */
struct http2_message {
	struct weir_http2_head head;
	struct weir_http_header *headers; /* to be freed */
};

/* Takes a field. An error is kept and returned at the end; HPACK_BOMB comes at once. */
enum weir_http2_error http2_block_add(struct weir_http2_session *s, struct weir_bytes name,
				      struct weir_bytes value);
enum weir_http2_error http2_block_finish(struct weir_http2_session *s, bool end,
					 struct http2_message *out);
void http2_block_drop(struct weir_http2_session *s);

/* ---- http2_field.c: what a field may be ---- */

bool http2_is_token(struct weir_bytes name);
/* A regular field as it may stand in HTTP/2, received or sent. */
enum weir_http2_error http2_field_check(struct weir_bytes name, struct weir_bytes value);
enum weir_http2_error http2_value_check(struct weir_bytes value);
bool http2_may_be_trailer(struct weir_bytes name);
/* Belongs to an HTTP/1.1 connection: not passed on. */
bool http2_is_hop_by_hop(struct weir_bytes name);
/* Fields that Connection's list names are of the connection, too; OK, or CONNECTION_OPTION. */
enum weir_http2_error http2_connection_check(const struct weir_http_head *h);
bool http2_is_connection_option(const struct weir_http_head *h, struct weir_bytes name);
/* Whether a list of tokens (RFC 9110 section 5.6.1) has one, in any case. */
bool http2_list_has(struct weir_bytes list, struct weir_bytes token);

/* ---- http2_limit.c ---- */

/* Frame heads as they pass, before nghttp2 reads them. */
struct http2_scan {
	uint32_t left; /* bytes of the preface or of a frame's content */
	uint32_t continuations;
	uint8_t have; /* bytes of the head at hand */
	uint8_t head[9];
	bool begun; /* a frame has come */
};

/* Counts the frames that begin in `in`: the first that is one too many, or stands where it may not.
 */
enum weir_http2_error http2_scan(struct weir_http2_session *s, struct weir_bytes in);

/* False: too many. */
bool http2_charge(struct weir_http2_session *s, enum weir_http2_error flood);
/* As http2_charge, when a stream was reset by a client or because of it. */
bool http2_charge_reset(struct weir_http2_session *s);
/* What was sent makes room for what answers it. */
void http2_credit(struct weir_http2_session *s, const nghttp2_frame_hd *sent);

/* ---- streams ---- */

enum http2_side { HTTP2_HEAD, HTTP2_BODY, HTTP2_ENDED };

struct weir_http2_stream {
	struct weir_http2_stream *next, **pprev;
	struct weir_http2_session *s;
	void *owner;
	int32_t id;
	uint8_t in, out; /* enum http2_side */
	bool is_head, is_connect;
	bool shown;                /* the owner has it */
	bool dead;                 /* it is being reset, or gone: no more events but its end */
	bool gone;                 /* nghttp2 has it no more; content is not consumed yet */
	bool deferred;             /* the owner had nothing to pull */
	bool in_counted;           /* in_left is what DATA must still have */
	bool out_counted;          /* the same for what is sent */
	uint8_t interims;          /* interim responses that have come */
	enum weir_http2_error why; /* it ends, when known before */
	uint64_t in_left, out_left;
	uint64_t unconsumed;
	uint64_t progress_ns; /* content was sent, or could have been for the first time */
};

struct weir_http2_session {
	struct http2_account memory; /* first: what all else is from */
	struct weir_http2 *w;
	nghttp2_session *ng;
	const struct weir_http2_events *events;
	void *user;
	struct weir_http_limits http;
	struct weir_http2_stream *streams;
	uint32_t n_streams; /* without those that are gone */
	uint32_t n_ripe;    /* gone, and all is consumed */
	bool server, secure;
	bool busy;        /* in feed, flush or tick */
	bool draining;    /* no new streams from here */
	bool peer_leaves; /* no new streams from there: GOAWAY has come */
	bool told;        /* on_over was called */
	bool goaway_made; /* by nghttp2 or here, it is in what is written or waits for that */
	enum weir_http2_error error; /* the session ends by it */
	enum weir_http2_error hint;  /* what nghttp2 has found before it ends the session */
	uint64_t now_ns, stall_ns;
	uint64_t progress_ns; /* content was sent, of any stream */
	uint64_t tat_ns[WEIR_HTTP2_N_FLOODS];
	struct weir_bytes pending; /* made, and not all written */
	struct http2_block block;
	struct http2_scan scan;
	uint8_t goaway[17];
};

struct weir_http2 {
	struct http2_memory memory;
	struct weir_http2_limits limits;
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
};

/* ---- http2_stream.c ---- */

struct weir_http2_stream *http2_stream_open(struct weir_http2_session *s, int32_t id);
/* nghttp2 forgets it. When both messages are complete, the owner has it until it has consumed all:
 * a window that was given back before would let the peer fill more and more. */
void http2_stream_gone(struct weir_http2_stream *st, enum weir_http2_error why, uint32_t code);
/* Closes those that are gone and consumed; false: there were none. */
bool http2_stream_close_ripe(struct weir_http2_session *s);
/* Tells of its end and forgets it. */
void http2_stream_close(struct weir_http2_stream *st, enum weir_http2_error why, uint32_t code);
/* Resets it for what the peer has done; ends the session when that happens too often. */
void http2_stream_bad(struct weir_http2_stream *st, enum weir_http2_error why);

/* ---- http2_receive.c, http2_send.c ---- */

void http2_set_receive_callbacks(nghttp2_session_callbacks *c);
/* For nghttp2: content of a stream. */
ssize_t http2_pull(nghttp2_session *ng, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
		   nghttp2_data_source *source, void *user);

/* ---- http2_session.c ---- */

/* Returns what a callback of nghttp2 has to return, to be left at once. */
int http2_fail(struct weir_http2_session *s, enum weir_http2_error why);
/* The name of an error that nghttp2 has found. */
enum weir_http2_error http2_error_of(int nghttp2_error);
enum weir_http2_error http2_error_of_code(uint32_t code);

#endif
