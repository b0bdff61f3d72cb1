/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow that weir carries itself: TCP's two endpoints, what of its bytes was looked at, and what
 * stands between them (path_layers.h).
 */
#ifndef PATH_CARRIED_H
#define PATH_CARRIED_H

#include "path_impl.h"

struct path_hello;
struct path_http;
struct path_tls;
struct path_translator;
struct weir_tls_hello;
struct weir_tls_server_hello;

/* What of TLS that stays closed is still to be looked at; see path_look.c. */
enum path_look {
	PATH_LOOK_DONE,
	PATH_LOOK_FIRST, /* whether the client's first bytes are its hello */
	PATH_LOOK_HELLO, /* the client's hello, which is waited for */
	PATH_LOOK_ANSWER /* what the server answers to it */
};

/* Bytes before a match that its record shows. */
#define PATH_TAIL 48

/* What one peer says, against the stream rules. */
struct path_scan_leg {
	struct weir_scan_stream stream;
	uint64_t first;   /* offset of the first byte that was looked at */
	uint64_t scanned; /* offset up to which bytes were */
	bool started;
	uint8_t n_tail;
	uint8_t tail[PATH_TAIL]; /* the last bytes that were looked at, for the context */
};

/* Lies in its flow, which is not tracked meanwhile. */
struct path_carried {
	struct weir_flow *flow;
	struct weir_tcp_conn *conn;
	struct path_scan_leg *scan; /* of both legs, by where bytes come from; NULL: none yet */
	struct path_hello *hello; /* NULL: whom the client asks for is known, or does not matter */
	struct path_http *http;   /* NULL: is not read as HTTP */
	struct path_tls *tls;     /* NULL: weir does not end its TLS */
	struct path_translator *translator; /* NULL: both peers speak the same HTTP, or none */
	uint32_t look_need;                 /* bytes, before it is of use to look again */
	uint16_t stop_reason;               /* enum weir_drop, when `stopped` */
	uint8_t look : 4;                   /* enum path_look */
	bool unscanned : 1;                 /* passed without: the failure mode is open */
	uint8_t stopped; /* enum weir_verdict: not ALLOW when weir has ended it */
};

_Static_assert(sizeof(struct path_carried) <= WEIR_FLOW_CARRIED, "its place in a flow");

/* Of a flow with WEIR_FLOW_F_CARRIED. */
static inline struct path_carried *path_carried_of(struct weir_flow *f)
{
	return (struct path_carried *)(void *)f->carried;
}

static inline const struct path_carried *path_carried_of_const(const struct weir_flow *f)
{
	return (const struct path_carried *)(const void *)f->carried;
}

/* path_scan.c: bytes of a carried flow against the stream rules */
enum path_scanned {
	PATH_SCAN_PASS,  /* all of them */
	PATH_SCAN_STOP,  /* nothing from here on: *reset tells how */
	PATH_SCAN_FAILED /* no stream state, or Hyperscan failed: the failure mode acts */
};
enum path_scanned path_scan(struct path_worker *w, struct path_carried *k, unsigned int leg,
			    uint32_t *clean, bool *reset);
/* What is before `offset` is not to be looked at. */
void path_scan_from(struct path_carried *k, unsigned int leg, uint64_t offset);
void path_scan_end(struct path_worker *w, struct path_carried *k);

/* path_carry.c: flows whose connections weir carries itself */
/* What completes a match does not go on: the connection ends, silently but for `reset`. */
void path_carry_stop(struct path_worker *w, struct path_carried *k, unsigned int leg, bool reset);
extern const struct weir_tcp_ops path_tcp_ops;
/* For a SYN, or for what weir_tcp_is_cookie; `look` where its TLS is told of. False: no room. */
bool path_carry_begin(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p,
		      struct weir_flow *f, bool look);
/* Takes p->mbuf; what it causes to be sent goes out at the turn's end. */
enum weir_drop path_carry(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
			  struct weir_flow *f, uint8_t dir);
bool path_carry_may_reopen(const struct weir_flow *f, uint8_t dir, const struct weir_pkt *p);
bool path_carry_icmp(struct path_worker *w, const struct weir_pkt *p, struct weir_flow *f,
		     uint8_t dir, bool *good);
void path_carry_forget(struct path_worker *w, struct weir_flow *f);
/* True: `f` is forwarded from here on. */
bool path_carry_release(struct path_worker *w, struct weir_flow *f);
void path_carry_describe(const struct weir_flow *f, struct weir_path_flow *out);
void path_carry_turn(struct path_worker *w);

/* What can be read from the peer of `leg` by path_stream.h, or its end: what may goes on. */
void path_carry_bytes(struct path_worker *w, struct path_carried *k, unsigned int leg);
/* Whom its client asks for is known, and policy allows it as the flow's decision says: what was
 * held goes on. `hello` is NULL where it was no TLS. False: no room, the connection is ended. */
void path_carry_go_on(struct path_worker *w, struct path_carried *k,
		      const struct weir_policy_decision *d, const struct weir_tls_hello *hello);
bool path_carry_is_held(const struct weir_flow *f);
/* Who its client has shown to be. False: that is yet to be seen. */
bool path_carry_identity(const struct path_worker *w, const struct weir_flow *f,
			 struct weir_policy_identity *out);

/* path_hello.c: flows that are allowed by whom their clients ask for */
/* False: no room for another. */
bool path_hello_begin(struct path_worker *w, struct path_carried *k);
void path_hello_end(struct path_hello *x);
/* TCP has something of the peer of `leg`. */
void path_hello_input(struct path_hello *x, unsigned int leg);
void path_hello_turn(struct path_worker *w);
/* A fatal alert in the clear, to a client that has said nothing but its hello. False: no room. */
bool path_hello_alert(struct path_worker *w, struct path_carried *k, uint8_t alert);
/* The ClientHello at the front of what the client has sent, good until the next call: its bytes; 0:
 * it is not whole yet; or a negative enum weir_tls_error. *need: no use in asking again before so
 * many bytes are there. */
ssize_t path_hello_read(struct path_worker *w, struct path_carried *k,
			const struct weir_tls_hello **out, size_t *need);
/* The same of what the server has answered in the clear: 1 when that is known; 0: it is not whole
 * yet; or a negative enum weir_tls_error. */
int path_hello_read_answer(struct path_worker *w, struct path_carried *k,
			   const struct weir_tls_server_hello **out, size_t *need);
WEIR_MUST_CHECK int path_hello_worker_create(struct path_worker *w);
void path_hello_worker_destroy(struct path_worker *w);

/* path_look.c */
/* Looks at what the peer of `leg` has said. False: that is held until there is more of it. */
bool path_look(struct path_worker *w, struct path_carried *k, unsigned int leg);

#endif
