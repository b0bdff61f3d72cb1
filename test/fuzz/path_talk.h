/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client and a server that speak TCP with each other through a path: each has a stream that it
 * sends in whatever segments are asked for, and keeps what it got in order. A byte is a function of
 * its offset in the stream, so repetitions and overlaps agree.
 */
#ifndef PATH_TALK_H
#define PATH_TALK_H

#include "../unit/path/frames.h"

#include <weir_path.h>

#define TALK_STREAM (256u << 10)
#define TALK_GOT    (512u << 10)

enum { CLIENT, SERVER };

struct talk_end {
	struct frame_spec spec;
	uint32_t first;   /* number of the stream's first byte */
	size_t n_stream;  /* bytes written so far */
	size_t next;      /* up to here the stream was sent, once at least */
	size_t acked;     /* and acknowledged by weir */
	size_t room;      /* up to here weir takes it */
	size_t whole;     /* up to here it was sent without a gap, at most */
	size_t island[2]; /* what was sent behind a gap, [from, to); from >= to: nothing */
	uint32_t expect;  /* the number that comes next from weir */
	uint16_t window;  /* that it offers */
	bool silent;      /* hears nothing, says nothing by itself */
	bool wants_ack;   /* has heard something */
	bool fin_sent;    /* behind the stream, to which nothing is added any more */
	bool opened;      /* the handshake has come so far */
	bool fin, rst;    /* came from weir */
	bool over;        /* no room for more: hears nothing any more */
	size_t n_got;
	uint8_t stream[TALK_STREAM];
	uint8_t got[TALK_GOT];
};

struct talk {
	struct weir_path *path;
	struct rte_mempool *frames; /* of what the ends send */
	uint64_t *now_ns;
	uint16_t server_port;
	struct talk_end end[2];
};

/* Forgets all, and makes a handshake from this port of the client. */
void talk_open(struct talk *t, uint16_t port);
/* True when the frame that weir sent by `port` belongs to this conversation; it was taken. */
bool talk_take(struct talk *t, unsigned int port, const uint8_t *frame, size_t len);

/* Adds to a stream what has room. */
void talk_write(struct talk *t, unsigned int from, const void *bytes, size_t len);
/* A segment of the stream's bytes [at, at + len), as far as they are written. */
void talk_send(struct talk *t, unsigned int from, size_t at, size_t len);
/* All that is written and that weir takes, in segments of this size. */
void talk_send_all(struct talk *t, unsigned int from, size_t piece);
void talk_fin(struct talk *t, unsigned int from);
/* `off` is added to the number that would be right. */
void talk_reset(struct talk *t, unsigned int from, int32_t off);
void talk_ack(struct talk *t, unsigned int from);
/* Acknowledges until neither end has anything to acknowledge. */
void talk_settle(struct talk *t);

#endif
