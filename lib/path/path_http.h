/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of HTTP inspection share. A connection (path_http.c) has two sides, each of which
 * reads messages out of the bytes that its peer sends (path_http_request.c, path_http_response.c)
 * and decides how many of them may go on; what is between a request and the end of its response is
 * an exchange, and those of a connection stand in the order of their requests (path_http_queue.c).
 * A server that speaks HTTP/2 is one of HTTP/1.1 to all of them (path_translate.c).
 */
#ifndef PATH_HTTP_H
#define PATH_HTTP_H

#include "path_layers.h"

#include <weir_http.h>
#include <weir_http2.h>
#include <weir_timer.h>
#include <weir_waf.h>

/* Requests of a connection whose responses are to come; further ones wait in the receive queue. */
#define PATH_HTTP_OUTSTANDING 16
/* So much of a refused message is still taken to keep the connection. */
#define PATH_HTTP_DRAIN (64u << 10)
/* A head that is longer than this is too long, whatever a Service allows. */
#define PATH_HTTP_HEAD_MAX    ((1u << 20) + (64u << 10))
#define PATH_HTTP_HEADERS_MAX 1024

enum { PATH_TO_SERVER, PATH_TO_CLIENT }; /* by leg that the bytes come from */

enum __attribute__((packed)) path_http_protocol { PATH_HTTP_UNKNOWN, PATH_HTTP_1, PATH_HTTP_2 };

/* Where a side stands in what its peer sends. */
enum __attribute__((packed)) path_http_state {
	PATH_HTTP_HEAD,
	PATH_HTTP_BODY,
	PATH_HTTP_WAIT, /* the response tells whether what follows the request is a tunnel */
	PATH_HTTP_OVER  /* no message follows: what still comes is thrown away */
};

/* What becomes of a message's bytes. */
enum __attribute__((packed)) path_http_fate {
	PATH_HTTP_HOLD, /* it is not judged yet */
	PATH_HTTP_PASS,
	PATH_HTTP_DISCARD
};

/* Offsets are those of weir_tcp_offset. offset <= free <= at <= clean, but that `free` may wait for
 * spans to be passed. */
struct path_http_side {
	uint64_t clean;    /* up to here stream rules let it pass */
	uint64_t at;       /* the next byte to be read as HTTP */
	uint64_t free;     /* up to here it may go on */
	uint64_t since_ns; /* the head began, or a byte of the body came */
	union {
		struct { /* PATH_HTTP_HEAD: the search for its end, from `at` */
			uint32_t searched;
			uint32_t tried; /* bytes that were given to the parser last */
			uint32_t line;  /* bytes of the line at hand */
			uint8_t last;   /* byte that was looked at */
		};
		struct weir_http_body body; /* after a head */
	};
	enum path_http_state state;
	enum path_http_state after; /* the message at hand */
	enum path_http_fate fate;
	bool chunked; /* the message at hand */
	bool until_close;
	bool judging;     /* waits for a turn: of the body, which is here, or to read more of it */
	bool paused;      /* the latter */
	bool offers_http; /* what is held, see path_http_upgrade.c */
};

/* What its record tells of a request, in the order in which they give way (path_http_text.c). */
enum path_http_text {
	PATH_HTTP_METHOD,
	PATH_HTTP_PROTOCOL,
	PATH_HTTP_HOST,
	PATH_HTTP_PATH,
	PATH_HTTP_AGENT,
	PATH_HTTP_TEXTS
};
#define PATH_HTTP_TEXTS_HERE 232 /* bytes of usual ones: the exchange is six cache lines */
#define PATH_HTTP_TEXTS_MAX  543
/* For so many connections one has long ones. */
#define PATH_HTTP_TEXTS_EVERY 8
#define PATH_HTTP_TEXTS_LEAST 64

/* One behind the other, without ends. */
struct path_http_texts {
	char *more; /* lent; NULL: they are `here` */
	uint16_t len[PATH_HTTP_TEXTS];
	char here[PATH_HTTP_TEXTS_HERE];
};

/* Lists of exchanges whose memory may be wanted, by the time at which they have come in. */
enum path_http_listing {
	PATH_HTTP_UNLISTED,
	PATH_HTTP_HELD,   /* their requests are not judged yet */
	PATH_HTTP_JUDGED, /* all of them was, and not all has gone */
	PATH_HTTP_LISTINGS
};

struct path_exchanges {
	struct path_exchange *oldest, *newest;
};

/* A request and its response. */
struct path_exchange {
	struct path_exchange *next;
	struct path_http *owner;             /* while it is in a list */
	struct path_exchange *older, *newer; /* in that */
	const struct weir_program *program;  /* held; NULL: it is not protected */
	struct weir_waf_tx *tx;              /* NULL: not judged */
	uint64_t id;
	uint64_t begun_ns;
	uint64_t waf_ns;
	uint64_t request_bytes, response_bytes; /* of content */
	const char *bad;                        /* what was wrong with it, NULL: nothing */
	uint32_t stream;                        /* of HTTP/2, else 0 */
	uint16_t status;                        /* that the client got or gets, 0: none yet */
	uint8_t verdict;                        /* enum weir_waf_verdict, that was acted on */
	uint8_t listed;                         /* enum path_http_listing */
	uint8_t call; /* enum weir_http_grpc: of the request, in HTTP/2 of gRPC-Web its answer's */
	bool is_head, is_connect, upgrade, keep_alive, http10, json; /* of the request */
	bool unjudged;                                               /* the failure mode is open */
	bool message;                 /* it is one of a call, and the stream's exchange another */
	bool idle;                    /* and waits for the next one: nothing of it is at hand */
	bool told;                    /* its record was made before its end */
	bool evicted;                 /* its memory for judging was given to others */
	bool forwarded;               /* its first byte has gone to the server */
	bool begun;                   /* the first byte of its response has gone to the client */
	bool cut;                     /* its server says no more; what there was has gone on */
	bool refused;                 /* weir answers in the server's place */
	bool answered;                /* and has */
	bool close;                   /* after the answer */
	bool expects;                 /* 100 (Continue), which weir has to say */
	bool swallow_100;             /* and has said: the server's own is not passed */
	struct path_http_texts texts; /* all above `here` is zero at the beginning */
};

_Static_assert(sizeof(struct path_exchange) <= 6 * WEIR_CACHE_LINE, "a place of the pool");

struct path_http2;

/* What rules have found so far; nothing where they were not asked. */
struct path_http_findings {
	uint32_t n_matches;
	uint8_t would; /* enum weir_waf_verdict */
};

/* A response of gRPC that is judged message by message; offsets as above. */
struct path_http_call {
	struct weir_grpc frame;
	struct path_http_findings of_heads; /* what rules have found in the exchange without them */
	uint64_t end;                       /* of the last message that was judged */
	uint64_t boundary; /* the last place where a message of weir's own can be */
	uint32_t unread;   /* bytes of content, before `at`, that were not taken */
	enum weir_http_grpc kind;
	bool begun;      /* a message has come */
	bool ends_chunk; /* the last one that was judged */
	bool open;       /* something of one has come */
	bool whole;      /* and nothing more of it comes */
	bool passing;    /* what comes of it goes on */
};

struct path_http {
	struct path_worker *w;
	struct path_carried *k;
	struct path_http2 *h2; /* NULL: it speaks HTTP/1.1, or is not known yet */
	struct weir_timer timer;
	struct weir_service service;        /* a copy: the policy may go before */
	const struct weir_program *program; /* NULL: none yet, or no more */
	uint32_t generation;                /* under which both were looked up; 0: none */
	uint16_t outstanding;
	enum path_http_protocol protocol; /* that the client speaks */
	bool has_turn;
	struct path_http_side side[2];
	struct path_exchange *first;           /* in the order of requests */
	struct path_exchange *reading;         /* whose request is being read, NULL: none */
	struct path_http *waiting, **waits_at; /* for a turn of judging; NULL: it does not */
	bool tunnel;                           /* no HTTP any more */
	bool running;                          /* is being looked at */
	bool dead;                             /* was ended by weir: nothing more is done */
	uint64_t idle_ns;                      /* since when no request is under way */
	uint64_t requests, responses;
	struct path_http_call *call; /* the response at hand; NULL: it is none of these */
};

_Static_assert(sizeof(struct path_http) <= 5 * WEIR_CACHE_LINE, "a place of the pool");

/* A worker's part. */
struct path_http_worker {
	struct weir_pool *connections; /* struct path_http */
	struct weir_pool *exchanges;
	struct weir_pool *calls; /* struct path_http_call */
	struct weir_pool *texts; /* PATH_HTTP_TEXTS_MAX bytes */
	struct weir_timer_wheel wheel;
	uint64_t begun;                            /* exchanges, for their ids */
	struct path_http *waiting, **last_waiting; /* for a turn of judging */
	uint64_t judge_from_ns;                    /* till then it is the others' time */
	struct path_exchanges list[PATH_HTTP_LISTINGS];
	uint64_t judged_ns; /* spent on the connection at hand */
	/* worker writes, control reads */
	uint64_t bad[WEIR_HTTP_ERROR_END];
	/* worker only: a head at hand */
	struct weir_http_header headers[PATH_HTTP_HEADERS_MAX];
	uint8_t head[PATH_HTTP_HEAD_MAX]; /* that lies in several segments */
};

/* What a message says of itself. */
static inline enum weir_http_grpc path_http_grpc(const struct weir_http_head *h)
{
	struct weir_bytes codec;

	return weir_http_grpc(h, &codec);
}

/* Counts what was spent since `tsc`; returns that. */
static inline uint64_t path_http_spent(struct path_worker *w, enum weir_http_work work,
				       uint64_t tsc)
{
	uint64_t cycles = rte_rdtsc() - tsc;

	w->stats.http_cycles[work] += cycles;
	return cycles;
}

/* ---- path_http.c: a connection ---- */

/* Goes on with what has come. */
void path_http_run(struct path_http *x);
/* Counts what the parser has returned, and gives its name. */
const char *path_http_bad(struct path_http *x, ssize_t error);
/* Ends the connection in order, towards both. */
void path_http_close(struct path_http *x);
/* Resets both peers. */
void path_http_abort(struct path_http *x);
/* Resets the server; the client hears what was written to it, and a FIN. */
void path_http_leave_server(struct path_http *x);
void path_http_be_tunnel(struct path_http *x);
/* What it is judged by becomes that of the newest generation. False: nothing protects it (any
 * more). */
bool path_http_renew(struct path_http *x);

/* ---- path_http_bytes.c ---- */

/* Passes what may go; false when there was no span to do so, and then nothing may be thrown away
 * or passed behind it yet. */
bool path_http_settle(struct path_http *x, unsigned int leg);
/* What was read is thrown away. */
void path_http_discard(struct path_http *x, unsigned int leg);
/* Views of what is to be read, from `at`, as far as it is clean. */
unsigned int path_http_views(const struct path_http *x, unsigned int leg, struct weir_bytes *views,
			     unsigned int max);
/* Bytes of those. */
static inline uint64_t path_http_left(const struct path_http *x, unsigned int leg)
{
	return x->side[leg].clean - x->side[leg].at;
}
/* The peer of `leg` has sent its FIN. */
bool path_http_is_ended(const struct path_http *x, unsigned int leg);
/* Nothing more can come before something goes on: the receive window is full. */
bool path_http_is_full(const struct path_http *x, unsigned int leg);
/* A message's bytes are held, and more of them must come: the window opens as far as it can, or
 * on_full is called. */
void path_http_make_room(struct path_http *x, unsigned int leg,
			 void (*on_full)(struct path_http *x));

/* ---- path_http_turn.c ---- */

/* What `leg` holds is judged further when it has its turn. */
void path_http_wait_for_turn(struct path_http *x, unsigned int leg);
/* Whether it has; this is it. */
bool path_http_take_turn(struct path_http *x, unsigned int leg);
/* Whether a further message may be judged now: those before it have left some of the time. */
bool path_http_may_judge_more(struct path_http *x, unsigned int leg);
/* Of neither leg. */
void path_http_stop_waiting(struct path_http *x);

/* ---- path_http_protocol.c ---- */

/* False: it is not known yet, or cannot be spoken. */
bool path_http_choose_protocol(struct path_http *x);
/* Of servers that are open; prior knowledge is the client's. */
bool path_http_server_speaks_http2(const struct path_http *x, bool by_prior_knowledge);
/* They may do so whatever the client speaks. */
bool path_http_may_translate(const struct path_http *x);
/* What comes of them, or their end, is what is to be expected of who takes nothing but HTTP/2, and
 * was spoken to in HTTP/1.1. */
bool path_http_is_wrong_server(const struct path_http *x);

/* ---- path_http2.c: a connection that speaks HTTP/2 ---- */

/* False: no memory. */
bool path_http2_begin(struct path_http *x, bool by_prior_knowledge);
void path_http2_end(struct path_http2 *h);
/* Goes on with what has come, or has room now; false when something is missing that comes of
 * itself. */
bool path_http2_run(struct path_http2 *h);
/* When it is to be looked at again, 0: when something comes. */
uint64_t path_http2_deadline(const struct path_http2 *h);
void path_http2_on_deadline(struct path_http2 *h);
/* Whose memory others need, NULL: nobody's. It is to be evicted, and run. */
struct path_http *path_http2_victim(const struct path_worker *w);
void path_http2_evict(struct path_worker *w);

/* ---- path_translate.c: a connection of HTTP/1.1 whose servers speak HTTP/2 ---- */

/* False: no memory. */
bool path_translate_begin(struct path_http *x);
void path_translate_end(struct path_translator *t);
/* Why HTTP/2 has no words for a request, which is counted; NULL: it has. */
const char *path_translate_check(struct path_translator *t, const struct weir_http_head *h);
/* Says what is to be said. True: what a peer says can be read further by that. */
bool path_translate_go_on(struct path_translator *t);
/* Nothing is missing that comes of itself. */
bool path_translate_is_settled(const struct path_translator *t);
/* When it is to be looked at, 0: when something comes. */
uint64_t path_translate_deadline(const struct path_translator *t);
/* Ends what has stalled, if it is time for that: true then. */
bool path_translate_tick(struct path_translator *t);

/* ---- path_http_head.c ---- */

void path_http_expect_head(struct path_http *x, unsigned int leg);
/* The `len` bytes from the offset `from` in one piece, until the next one is asked for. */
struct weir_bytes path_http_gather(struct path_http *x, unsigned int leg, uint64_t from,
				   uint32_t len);
/* The bytes of a head in one piece, when it is worth while to parse them (again); *last is set when
 * they are all that a head may have. */
bool path_http_find_head(struct path_http *x, unsigned int leg, struct weir_bytes *in, bool *last);

/* ---- path_http_judge.c ---- */

enum path_http_step {
	PATH_JUDGE_REQUEST_HEAD,
	PATH_JUDGE_REQUEST_BODY,
	PATH_JUDGE_REQUEST_END,
	PATH_JUDGE_RESPONSE_HEAD,
	PATH_JUDGE_RESPONSE_BODY,
	PATH_JUDGE_RESPONSE_END
};

struct path_http_question {
	enum path_http_step step;
	const struct weir_http_head *head;
	struct weir_bytes content;
};

enum path_http_judgement {
	PATH_HTTP_REFUSED, /* e->verdict and e->status tell how */
	PATH_HTTP_ACCEPTED,
	PATH_HTTP_UNDECIDED /* of a body: its end is to be judged again when it has its turn */
};

/* *judged (may be NULL) is set when the body need not be held any more. */
enum path_http_judgement path_http_judge(struct path_http *x, struct path_exchange *e,
					 const struct path_http_question *q, bool *judged);
void path_http_begin_judging(struct path_http *x, struct path_exchange *e);
/* The last phase; what the rules have found may still be read, until it is forgotten. */
void path_http_end_judging(struct path_http *x, struct path_exchange *e);
void path_http_forget_judging(struct path_http *x, struct path_exchange *e);
struct path_http_findings path_http_findings(const struct path_exchange *e);
/* Whether they have found more in `e`, or would have done other than with a part of it. */
bool path_http_has_more(const struct path_exchange *e, struct path_http_findings than);
/* Whether a response of gRPC is to be judged, message by message. */
bool path_http_judges_messages(const struct path_exchange *e);
/* How a body's bytes are to be treated. */
enum path_http_fate path_http_body_fate(const struct path_exchange *e, unsigned int leg);
/* No more of a request's body can be held. True: it is judged by what is here, as its policy says
 * of what is over the limit. */
bool path_http_is_cut(struct path_http *x, struct path_exchange *e);
/* The failure mode: true when `e` goes on without being judged. */
bool path_http_fails_open(struct path_http *x, struct path_exchange *e,
			  enum weir_waf_verdict verdict);

/* ---- path_http_body.c ---- */

/* What a side does with the body that it reads. */
struct path_http_reader {
	unsigned int leg;
	enum path_http_step body, end; /* of judging it */
	/* What becomes of its message. */
	void (*forward)(struct path_http *x, struct path_exchange *e);
	void (*refuse)(struct path_http *x, struct path_exchange *e);
	/* `error` is what weir_http_body_feed returned; nothing more is looked at. */
	void (*on_bad)(struct path_http *x, ssize_t error);
};

/* Reads and judges what has come of the body at hand, of `e`, which may be NULL when it goes
 * nowhere; when that is much, the rest in turns. */
void path_http_read_body(struct path_http *x, struct path_exchange *e,
			 const struct path_http_reader *r);
/* All of a body is here that was held back, or that never was. */
void path_http_judge_end(struct path_http *x, struct path_exchange *e,
			 const struct path_http_reader *r);
/* As path_http_take_turn; false where the turn is for reading more. */
bool path_http_take_judging_turn(struct path_http *x, unsigned int leg);
/* What was read goes on, or is thrown away, or stays, as the message's fate is. */
void path_http_place(struct path_http *x, unsigned int leg);

/* ---- path_http_request.c, path_http_response.c ---- */

/* True: something has changed, so it may be worth while to step again, on either side. */
bool path_http_step_request(struct path_http *x);
bool path_http_step_response(struct path_http *x);
/* The client was too slow. */
void path_http_on_slow_client(struct path_http *x);

/* ---- path_http_upgrade.c: offers to go on in HTTP/2 or TLS ---- */

/* What is held of a request goes on without its offer, if it can. */
void path_http_hide_upgrade(struct path_http *x);

/* ---- path_http_grpc.c: responses of gRPC, message by message ---- */

/* The head goes on, and what is behind it when it was judged. False: no memory. */
bool path_http_begin_call(struct path_http *x, struct path_exchange *e, enum weir_http_grpc kind);
void path_http_end_call(struct path_http *x);
/* `n` bytes of content were read. False: it was refused, or is not decided. */
bool path_http_take_messages(struct path_http *x, size_t n);
/* It has its turn, of which the same comes. */
bool path_http_judge_message(struct path_http *x);
/* All that there is room for is held. */
void path_http_on_full_of_messages(struct path_http *x);
/* Nothing more comes. */
void path_http_end_messages(struct path_http *x);

/* ---- path_http2_status.c ---- */

/* The status of a call that is refused, in the fields of a head that is all of the answer; texts
 * end with NUL. */
struct path_grpc_status {
	const char *type; /* the answer's content-type */
	char code[4], message[64];
};
void path_grpc_make_status(struct path_grpc_status *to, const struct path_exchange *e);
/* The status of a call that is refused as gRPC-Web's clients have it, in place of trailers: a last
 * message, in Base64 where the call is. Returns its bytes. */
#define PATH_GRPC_LAST 176
size_t path_grpc_last_message(const struct path_exchange *e, enum weir_http_grpc kind,
			      char out[PATH_GRPC_LAST]);

/* ---- path_http_evict.c: memory for judging ---- */

void path_http_list(enum path_http_listing in, struct path_http *x, struct path_exchange *e);
void path_http_unlist(struct path_exchange *e);
/* It is held from now on: a further message of a call is to be judged by what it has. */
void path_http_hold(struct path_http *x, struct path_exchange *e);
/* When little is left, those that have been held for the longest go, and those of which all was
 * judged are told of now. */
void path_http_make_way(struct path_worker *w);

/* ---- path_http_text.c ---- */

void path_http_note_texts(struct path_worker *w, struct path_http_texts *t,
			  const struct weir_bytes from[PATH_HTTP_TEXTS]);
void path_http_tell_texts(const struct path_http_texts *t, struct weir_event_http *h);
/* What was lent is given back. */
void path_http_drop_texts(struct path_worker *w, struct path_http_texts *t);

/* ---- path_http_queue.c ---- */

/* An exchange in the caller's memory, judged by what the connection is judged by now; `h` is its
 * request, NULL: none that could be read. */
void path_exchange_init(struct path_http *x, struct path_exchange *e,
			const struct weir_http_head *h);
/* Its last phase, and a record of it. */
void path_exchange_tell(struct path_http *x, struct path_exchange *e);
/* The same, and forgets what it was judged by. */
void path_exchange_fini(struct path_http *x, struct path_exchange *e);
/* Whether a further request of HTTP/1.1 may begin before those under way have their responses. */
bool path_exchange_may_begin(const struct path_http *x);
/* The next one of HTTP/1.1; NULL: none left. */
struct path_exchange *path_exchange_begin(struct path_http *x, const struct weir_http_head *h);
/* Tells of the first one and forgets it. */
void path_exchange_end(struct path_http *x);
/* Answers what weir answers and whose turn it is. */
void path_http_advance_queue(struct path_http *x);

/* ---- path_http_answer.c ---- */

/* What a refusal says, whatever it is sent in; texts end with NUL. */
struct path_http_page {
	char text[640];
	size_t len;
	char length[8];
	char location[512]; /* "": none */
	const char *type;
};
void path_http_make_page(struct path_http_page *p, const struct path_exchange *e);
/* False: there was no buffer, or the client's stream is at its end. */
bool path_http_answer(struct path_http *x, struct path_exchange *e);
bool path_http_continue(struct path_http *x);

/* ---- path_event_http.c ---- */

/* `r` is what the rules have found, NULL: they were not asked. */
void path_event_http(struct path_http *x, const struct path_exchange *e,
		     const struct weir_waf_result *r);

#endif
