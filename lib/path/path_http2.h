/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of HTTP/2 share. A connection whose client speaks HTTP/2 (path_http2.c) has a
 * session with it, and behind that either a session with the server (path_http2_server.c), stream
 * by stream, or HTTP/1.1, in which the server takes the requests one after the other
 * (path_http2_http1.c). For HTTP/1.1 in front of HTTP/2 see path_translate.h. A stream
 * (path_http2_stream.c) is an exchange of path_http.h: its request is held until it was judged
 * (path_http2_request.c), its response likewise (path_http2_response.c). What waits is in the
 * client's session's memory; of what was not passed on its sender's window tells, but for a
 * measured part that is held to be judged.
 */
#ifndef PATH_HTTP2_H
#define PATH_HTTP2_H

#include "path_http.h"

#include <weir_http2.h>

/* Streams that a client may have open, and what it may send on one before any of it went on: so
 * much for each of them that none can shut the window of another. */
#define PATH_HTTP2_STREAMS 100
#define PATH_HTTP2_WINDOW  (64u << 10)
/* The same of a server's responses; all of them end at one client. */
#define PATH_HTTP2_SERVER_WINDOW  (256u << 10)
#define PATH_HTTP2_SERVER_SESSION (2u << 20)
/* Bytes of a connection that are held beyond the windows, because a body must be judged whole. */
#define PATH_HTTP2_AHEAD (8u << 20)
/* Of a session, its queues with it: 6.25 MiB of requests' windows, 2 MiB of responses', 8 MiB that
 * are held, 100 heads of 64 KiB, and what nghttp2 needs. */
#define PATH_HTTP2_MEMORY (24u << 20)
/* Of a response in HTTP/1.1 so much is read before the client has taken any. */
#define PATH_HTTP2_READ_AHEAD (256u << 10)

/* A message of a stream. */
struct path_http2_way {
	struct weir_http2_queue head;  /* as HTTP/1.1 writes it, until it goes on */
	struct weir_http2_queue early; /* content that came before its head was judged */
	struct weir_http2_queue body;
	struct weir_http2_queue trailers; /* lines, each with its end */
	size_t ahead;  /* bytes of `body` that were given back to their sender's window already */
	size_t held;   /* bytes of `body`, its last, that may not go on yet: of a message */
	size_t unread; /* bytes of `early` and `body` that were not */
	struct weir_scan_stream scan;
	enum path_http_fate fate;
	bool scanned; /* `scan` is open, or never will be */
	bool ended;   /* all of it is here */
	bool gone;    /* its head has gone on */
	bool over;    /* and so has its end */
	bool empty;   /* of a response: its head is all of it */
};

/* Where a stream of a connection stands, when it waits. */
enum path_http2_line { PATH_HTTP2_NO_LINE, PATH_HTTP2_TO_JUDGE, PATH_HTTP2_READY };

struct path_http2_stream {
	struct path_exchange e; /* first */
	struct path_http2 *h;
	struct path_http2_stream *next, **pprev;   /* of the connection */
	struct path_http2_stream *behind;          /* in the line that it stands in */
	struct weir_http2_stream *client, *server; /* NULL: none yet, or none any more */
	struct path_http2_way way[2];              /* PATH_TO_SERVER, PATH_TO_CLIENT */
	struct path_http2_messages *messages[2];   /* of a call; NULL: they are not judged */
	enum path_http2_line line;
	enum path_http_step step; /* to be judged */
	bool judged;              /* the request's head was */
	bool has_body;            /* of the request */
	bool chunked;             /* which has no length */
	bool te;                  /* the client takes trailers, and says so */
	bool tail;                /* the end of the request's chunks is what `head` has */
	bool forsaken;            /* nobody waits for what the server answers */
	bool late;         /* is reset once its response has gone: nobody waits for the rest */
	uint64_t since_ns; /* something of the request came */
};

struct path_http2_queue_of_streams {
	struct path_http2_stream *first, **last;
};

enum path_http2_server {
	PATH_HTTP2_UNKNOWN, /* what it speaks */
	PATH_HTTP2_HTTP1,
	PATH_HTTP2_HTTP2,
	PATH_HTTP2_FAILED, /* it cannot be spoken with: requests are told so */
	PATH_HTTP2_LEFT    /* it is not spoken with any more: nor is the client, soon */
};

struct path_http2 {
	struct path_http *x;
	struct weir_http2_session *client, *server; /* NULL: that peer speaks HTTP/1.1 */
	struct path_http2_stream *streams;
	struct path_http2_queue_of_streams to_judge, ready;
	struct path_http2_stream *wire; /* that the server is busy with, in HTTP/1.1 */
	enum path_http2_server speaks;
	uint32_t n_streams, n_late;
	struct path_http2 *next, **pprev; /* of the worker */
	uint64_t moved, moved_ns; /* bytes that went on lately, and up to when they are aged */
	uint64_t busy_ns;         /* since when it has had streams, or none */
	size_t ahead;             /* of all ways */
	uint64_t discarded;       /* of a response that nobody waits for */
	uint64_t ticked_ns;
	struct weir_http2_queue unsent[2]; /* that there were no packet buffers for, by leg */
	bool by_prior_knowledge;
	bool sent;     /* the request on the wire was, all of it */
	bool progress; /* something has happened: another round is worth while */
	bool draining; /* the client was told to begin no more streams */
	bool refusing; /* nor takes weir any */
	bool over;     /* the session with the client is */
	bool client_ended;
};

/* Whose memory has what waits. */
static inline struct weir_http2_session *path_http2_memory_of(const struct path_http2 *h)
{
	return h->client ? h->client : h->server;
}

/* A worker's part. */
struct path_http2_worker {
	struct weir_arena_source source;
	struct weir_http2 *of_clients, *of_servers;
	uint8_t *blocks;
	uint32_t n_blocks;
	struct weir_use use; /* bytes of them; control reads it */
	uint32_t *runs;      /* by block: how many are taken from there on, 0: none */
	struct path_http2_free *free_connections, *free_translators;
	uint32_t streams; /* that there are */
	struct path_http2 *connections;
	uint32_t n_connections;
	struct path_http2 *victim; /* has to go, NULL: nobody */
	/* what is being written, to be written in large pieces */
	struct path_http2 *writer;
	unsigned int writer_leg;
	size_t n_out;
	uint8_t out[16384]; /* a record of TLS has as much */
	/* a head or trailers at hand that are kept, or were */
	struct weir_http_header headers[PATH_HTTP_HEADERS_MAX + 1];
	uint8_t text[PATH_HTTP_HEAD_MAX];
	/* worker writes, control reads; by leg */
	uint64_t bad[2][WEIR_HTTP2_ERROR_END];
};

/* ---- path_http2_memory.c ---- */

/* NULL: none left. */
struct path_http2 *path_http2_take_connection(struct path_http2_worker *w);
void path_http2_give_connection(struct path_http2_worker *w, struct path_http2 *h);
struct path_translator *path_http2_take_translator(struct path_http2_worker *w);
void path_http2_give_translator(struct path_http2_worker *w, struct path_translator *t);

/* ---- path_http2_evict.c ---- */

void path_http2_list(struct path_http2 *h);
void path_http2_unlist(struct path_http2 *h);
/* So many bytes of what it held went on. */
void path_http2_note_moved(struct path_http2 *h, size_t n);
/* When little memory is left, the connection that holds most for longest becomes the victim. */
void path_http2_make_way(struct path_worker *w);

/* ---- path_http2_write.c ---- */

/* Bytes that the peer of `leg` may be sent now, with `beside` more around them; who gets 0 is run
 * again when there is room. */
size_t path_http2_room(struct path_http2 *h, unsigned int leg, size_t beside);
/* Takes what there is room for; returns how much. */
size_t path_http2_write(struct path_http2 *h, unsigned int leg, struct weir_bytes bytes);
/* Takes all of it: the caller has looked whether there is room. */
void path_http2_put(struct path_http2 *h, unsigned int leg, struct weir_bytes bytes);
/* What was taken goes out. To be called when all is written. */
void path_http2_push(struct path_http2 *h, unsigned int leg);
/* Nothing waits for packet buffers. */
bool path_http2_is_written(const struct path_http2 *h, unsigned int leg);

/* ---- path_http2_text.c: what is kept of heads and trailers ---- */

/* False: no memory, or it cannot be written so. */
bool path_http2_keep_head(struct path_http2_stream *s, unsigned int leg,
			  const struct weir_http_head *head);
/* Reads a head that was kept; it is good until the next one is read or kept. */
bool path_http2_read_head(struct path_http2_stream *s, unsigned int leg,
			  struct weir_http_head *out);
/* The same of another queue that one is kept in. */
bool path_http2_read_head_in(struct path_http2_stream *s, const struct weir_http2_queue *q,
			     unsigned int leg, struct weir_http_head *out);
/* As lines, in the session's memory. False: there is none. */
bool path_http2_keep_trailers(struct weir_http2_session *m, struct weir_http2_queue *q,
			      const struct weir_http_header *fields, unsigned int n);
/* The end of a message to `to`, with the trailers that were kept. */
enum weir_http2_more path_http2_end_message(struct path_http2_worker *w,
					    const struct weir_http2_queue *trailers,
					    struct weir_http2_stream *to);
/* So many of `in`'s bytes are of a kind: framing is read by the byte, so that trailers can be told
 * from chunks. */
static inline size_t path_http2_piece_of(const struct weir_http_body *b, struct weir_bytes in)
{
	return weir_http_body_place(b) == WEIR_HTTP_AT_CONTENT ? in.len : 1;
}

/* ---- path_http2_scan.c: stream rules ---- */

/* False: it matched, and the stream, or all, has ended by that. */
bool path_http2_scan(struct path_http2_stream *s, unsigned int leg, struct weir_bytes bytes);
bool path_http2_scan_head(struct path_http2_stream *s, unsigned int leg,
			  const struct weir_http_head *head);
/* Of those that were kept. */
bool path_http2_scan_trailers(struct path_http2_stream *s, unsigned int leg);

/* ---- path_http2_stream.c ---- */

/* NULL: no memory. */
struct path_http2_stream *path_http2_begin_stream(struct path_http2 *h,
						  struct weir_http2_stream *client,
						  const struct weir_http_head *head);
/* Forgets it when nobody has to do with it any more. */
void path_http2_release_stream(struct path_http2_stream *s);
void path_http2_stand_in(struct path_http2_stream *s, enum path_http2_line line);
void path_http2_leave_line(struct path_http2_stream *s);
/* What was held of a message is thrown away, and what comes will be. */
void path_http2_discard(struct path_http2_stream *s, unsigned int leg);
enum path_http2_taken {
	PATH_HTTP2_TAKEN,
	PATH_HTTP2_FULL, /* no more can be held */
	PATH_HTTP2_LOST  /* there was no memory for these */
};
/* Content of a message, as it came: it is kept, and its sender may send as much again when it is
 * held to be judged. */
enum path_http2_taken path_http2_keep(struct path_http2_stream *s, unsigned int leg,
				      struct weir_bytes content);
/* Moves content that goes on to `to`. */
size_t path_http2_pull(struct path_http2_stream *s, unsigned int leg, uint8_t *to, size_t max,
		       enum weir_http2_more *more);
/* Whether all of a message is here and judged. */
static inline bool path_http2_is_whole(const struct path_http2_way *way)
{
	return way->ended && !way->held && !way->early.bytes;
}
/* `n` bytes came and are not wanted. */
void path_http2_skip(struct path_http2_stream *s, unsigned int leg, size_t n);
/* `n` bytes of the body's first went on. */
void path_http2_drop(struct path_http2_stream *s, unsigned int leg, size_t n);
/* Ends it for the client by RST_STREAM; the server has no more to do with it either. */
void path_http2_reset(struct path_http2_stream *s, uint32_t code);
/* Says weir's own page, which e.status is of, in place of any response. */
void path_http2_answer(struct path_http2_stream *s);
/* The server wants no more of the request: when its answer has gone, the client is told so. */
void path_http2_forget_request(struct path_http2_stream *s);
/* The server is told that nobody waits for this any more. */
void path_http2_cancel_server(struct path_http2_stream *s, uint32_t code);

/* ---- path_http2_request.c ---- */

extern const struct weir_http2_events path_http2_client_events;
/* Goes on with what is to be judged, for as long as this turn may take. */
void path_http2_judge_some(struct path_http2 *h);
/* Refuses a request of which the client has seen no answer, or a call; `bad` may be NULL. */
void path_http2_refuse(struct path_http2_stream *s, uint16_t status, const char *bad);
/* The client was too slow with it. */
void path_http2_on_slow_body(struct path_http2_stream *s);
/* It is refused in its turn: its memory was given to others. */
void path_http2_judge_evicted(struct path_exchange *e);
/* What was judged goes to the server. */
void path_http2_forward(struct path_http2_stream *s);
/* What is held is all that there is room for. */
void path_http2_on_full(struct path_http2_stream *s);
/* There was no memory for what came. */
void path_http2_on_lost(struct path_http2_stream *s);
/* False: nothing more is to be taken. */
bool path_http2_pass_on(struct path_http2_stream *s, struct weir_bytes content);
/* The messages at hand are judged further when it is their turn. */
void path_http2_judge_message_later(struct path_http2_stream *s);
/* Content that has to wait, for its head to be judged or the message before it. False: no memory.
 */
bool path_http2_is_early(const struct path_http2_stream *s, unsigned int leg);
bool path_http2_keep_early(struct path_http2_stream *s, unsigned int leg,
			   struct weir_bytes content);
/* Goes on with the messages of one side of a call, as far as they are here. */
void path_http2_take_call(struct path_http2_stream *s, unsigned int leg);

/* ---- path_http2_grpc.c: calls of gRPC, message by message ---- */

/* The messages of one side are to be judged. False: no memory. */
bool path_http2_begin_requests(struct path_http2_stream *s);
bool path_http2_begin_responses(struct path_http2_stream *s, enum weir_http_grpc kind);
void path_http2_end_messages(struct path_http2_stream *s, unsigned int leg);
/* The stream of a held exchange, which may be one of its messages. */
struct path_http2_stream *path_http2_stream_of(struct path_exchange *e);
/* One is being judged, in turns. */
bool path_http2_is_judging_message(const struct path_http2_stream *s, unsigned int leg);
/* What comes is messages that are to be judged. */
bool path_http2_takes_messages(const struct path_http2_stream *s, unsigned int leg);
/* Takes content, and judges each message as soon as it is whole. Returns how many bytes were taken:
 * not all when the rest has to wait until one is judged, or is not wanted any more. */
size_t path_http2_take_messages(struct path_http2_stream *s, unsigned int leg,
				struct weir_bytes in);
/* Nothing more comes. */
void path_http2_finish_messages(struct path_http2_stream *s, unsigned int leg);
/* Goes on judging those at hand. */
void path_http2_judge_messages(struct path_http2_stream *s);
/* The request's message at hand has lost its memory to others: it is told so in its turn. */
void path_http2_evict_message(struct path_http2_stream *s);
/* The one at hand passes, whatever is in it. */
void path_http2_pass_messages(struct path_http2_stream *s, unsigned int leg);
/* What has gone on of the response ends with a message. */
bool path_http2_is_at_message(const struct path_http2_stream *s);
/* The call was ended: no more is taken. */
void path_http2_stop_messages(struct path_http2_stream *s);

/* ---- path_http2_status.c ---- */

/* What a call is told in place of a page: by the head, or behind an answer that has begun, where
 * gRPC-Web has it in the content. False: there is no place for it, or no memory, or the stream is
 * gone. */
bool path_http2_say_status(struct path_http2_stream *s);

/* ---- path_http2_response.c: what a server says, in whichever protocol ---- */

void path_http2_on_response(struct path_http2_stream *s, const struct weir_http_head *head,
			    bool end);
/* False: no more is to be given now. */
bool path_http2_on_content(struct path_http2_stream *s, struct weir_bytes content);
void path_http2_on_response_end(struct path_http2_stream *s);
void path_http2_judge_response_end(struct path_http2_stream *s);
/* As path_http2_on_content, of what is not judged by messages. */
bool path_http2_pass_response(struct path_http2_stream *s, struct weir_bytes content);
void path_http2_refuse_response(struct path_http2_stream *s);
void path_http2_on_lost_response(struct path_http2_stream *s);
/* It is none, or ends too early; `name` lives as long as the process. */
void path_http2_on_bad_response(struct path_http2_stream *s, const char *name);

/* ---- path_http2_server.c, path_http2_http1.c ---- */

extern const struct weir_http2_events path_http2_server_events;
/* Of those, what any session with a server has; `user` is the connection. */
void path_http2_on_bad_server(void *user, uint32_t stream, enum weir_http2_error why);
size_t path_http2_write_server(void *user, struct weir_bytes out);
/* Sends requests that are ready, as far as the server takes more. */
void path_http2_send_streams(struct path_http2 *h);
void path_http2_serve_http1(struct path_http2 *h);
/* Nobody waits for the response on the wire any more. */
void path_http2_forsake_wire(struct path_http2 *h);

/* ---- path_http2.c ---- */

/* NULL: no memory. */
struct weir_http2_session *path_http2_open_session(struct path_http2 *h, struct weir_http2 *of,
						   const struct weir_http2_events *events);
/* From now on what happens on one leg is not done to the other by itself. */
void path_http2_keep_ends(struct path_carried *k);
/* The client begins no more streams, and those of which the server has seen nothing it may send
 * again elsewhere. `reset`: the server is in the midst of something. */
void path_http2_leave_server(struct path_http2 *h, bool reset);
/* The client is told to begin no more streams. */
void path_http2_drain(struct path_http2 *h);
/* So it is, and may send elsewhere what the server has not seen. */
void path_http2_refuse_rest(struct path_http2 *h);
/* The peer of `leg` sends nothing any more. */
bool path_http2_is_leg_over(const struct path_http2 *h, unsigned int leg);
/* Counts an error of the peer of `leg`, and tells of it when no stream does. */
void path_http2_on_error(struct path_http2 *h, unsigned int leg, enum weir_http2_error why,
			 uint32_t stream);

#endif
