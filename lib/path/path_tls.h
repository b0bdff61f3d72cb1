/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of TLS share. A connection whose TLS weir ends (path_tls.c) has a leg towards each
 * peer. A leg that speaks TLS has a handshake (path_tls_hand.c), then records: those that come are
 * opened into a queue of plaintext (path_tls_open.c, path_tls_queue.c), what is passed to it from
 * the other leg, or is weir's own word, is sealed (path_tls_seal.c). Its contexts are the
 * generation's (path_tls_load.c).
 */
#ifndef PATH_TLS_H
#define PATH_TLS_H

#include "path_layers.h"

#include <weir_timer.h>
#include <weir_tls.h>
#include <weir_tls_mint.h>

#define PATH_TLS_VIEWS 64
#define PATH_TLS_ROOMS 256
/* Plaintext of a leg that waits to be judged: so much is opened ahead, and so much when somebody
 * asks for more. What is not opened stays in TCP's window. */
#define PATH_TLS_HELD     (64u << 10)
#define PATH_TLS_HELD_MAX (4u << 20)

enum { PATH_CLIENT, PATH_SERVER }; /* legs */

enum __attribute__((packed)) path_tls_state {
	PATH_TLS_PLAIN, /* speaks no TLS */
	PATH_TLS_IDLE,  /* its handshake has not begun */
	PATH_TLS_HANDSHAKE,
	PATH_TLS_OPEN,
	PATH_TLS_FAILED /* its peer is not spoken with any more */
};

struct path_tls_leg {
	enum path_tls_state state;
	bool kept : 1;      /* libssl makes the records */
	bool ended : 1;     /* by its peer: nothing more comes */
	bool cut : 1;       /* and that without close_notify */
	bool torn : 1;      /* and that in a record, or by a reset */
	bool shut : 1;      /* by weir: nothing more is said to it */
	bool unheard : 1;   /* what its peer says goes nowhere */
	bool starved : 1;   /* there was no buffer to open a record into */
	bool news : 1;      /* whoever reads it has not seen all that came */
	bool told_room : 1; /* whoever writes to it waits for room */
	uint32_t burst;     /* bytes that weir has said since the last pause, see path_tls_most() */
	struct weir_tls_conn *conn; /* handshake; then only where libssl is still needed */
	struct weir_tls_records records;
	/* opened, not passed on: a list by m->next */
	struct rte_mbuf *first, *last;
	uint32_t held; /* bytes */
	uint32_t want; /* so many may be */
	uint64_t offset;
	union {
		uint64_t begun_ns; /* the handshake */
		uint64_t said_ns;  /* then: what weir said last */
	};
	struct weir_event_tls info;
};

struct path_tls {
	struct path_worker *w;
	struct path_carried *k;
	const struct path_tls_service *service; /* held */
	struct weir_timer timer;
	struct path_tls *older, *newer; /* whose client is in its handshake */
	struct path_tls_leg leg[2];
	/* Of what policy has opened: the leaf that is shown to the client, borrowed. */
	const struct weir_tls_identity *identity;
	char *lent_sni;   /* that has no place in w->names, while it is needed; or NULL */
	uint32_t sni;     /* that the client asked for: its place there, 0: none */
	uint32_t client;  /* who it is, by its certificate; 0: not known */
	uint32_t need;    /* bytes of the ClientHello, before it is of use to look at it again */
	uint16_t refused; /* enum weir_drop: policy does not let this client */
	/* Of what policy has opened: bits of what the client offers, then of what the server has
	 * agreed to. */
	uint8_t offered : 2;
	bool heard : 1;  /* the ClientHello was told of */
	bool listed : 1; /* among those whose client is in its handshake */
	bool working : 1;
	bool dead : 1;          /* was ended by weir, both ways */
	bool keeps_ends : 1;    /* who reads it does to one side what the other one's end means */
	bool retry : 1;         /* something was missing: again in a moment */
	bool translates : 1;    /* servers are offered HTTP/2 whatever the client speaks */
	bool offered_http2 : 1; /* and they were */
	bool http2_only : 1;    /* they take nothing else */
};

_Static_assert(sizeof(struct path_tls) <= 11 * WEIR_CACHE_LINE, "a place of the pool");

/* Why its servers cannot be spoken with; WEIR_TLS_OK: they can, or may yet. */
static inline enum weir_tls_error path_tls_server_failure(const struct path_tls *x)
{
	return (enum weir_tls_error)x->leg[PATH_SERVER].info.failure;
}

/* Servers that take nothing but HTTP/2, see path_tls_http2.c. */
#define PATH_TLS_HTTP2_SERVERS 128
struct path_tls_http2_server {
	struct weir_addr addr;
	uint16_t port;
	uint64_t until_ns; /* it is remembered */
};

/* A worker's part. */
struct path_tls_worker {
	struct weir_pool *connections; /* struct path_tls; or what path_hello.c holds */
	struct weir_pool *names;       /* WEIR_TLS_NAME_MAX + 1 bytes each: lent_sni */
	struct weir_timer_wheel wheel;
	struct weir_tls_crypto *crypto;
	struct weir_tls_leaf_reader *leaf_reader;
	struct weir_use mbufs;            /* that hold plaintext */
	struct path_tls *oldest, *newest; /* whose clients are in their handshakes */
	struct weir_use handshakes;
	struct path_tls_http2_server http2_servers[PATH_TLS_HTTP2_SERVERS];
	unsigned int n_http2_servers;
	/* worker writes, control reads */
	uint64_t bad[2][WEIR_TLS_ERROR_END]; /* by leg */
	/* worker only: what a handshake is known by, while it is copied */
	uint8_t info[WEIR_ARENA_CHUNK + 64];
	/* and who the client has just shown to be */
	struct weir_policy_identity shown;
	char id[WEIR_TLS_ID_MAX + 1];
	/* a record that lies in more pieces than are handed on */
	uint8_t record[WEIR_TLS_RECORD_MAX + 2048 + WEIR_TLS_HEADER];
};

/* Where what a handshake or a certificate is known by is put, one at a time. */
#define PATH_TLS_INFO_MAX (sizeof(((struct path_tls_worker *)0)->info))
struct weir_arena_source path_tls_info_source(struct path_tls_worker *t); /* path_tls_hand.c */

/* ---- path_tls_load.c: a Service's contexts ---- */

/* Of those in the order in which they are preferred; their bits are what is offered. */
#define PATH_TLS_H2            0
#define PATH_TLS_HTTP1         1
#define PATH_TLS_BIT(protocol) (1u << (protocol))
extern const struct weir_tls_alpn path_tls_protocols;

struct path_tls_service {
	struct weir_tls_services *of;
	uint32_t name;
	bool upstream_tls;
	bool http, http2;
	uint8_t http2_upstream; /* enum weir_service_upstream */
	bool verifies_clients;
	uint64_t handshake_timeout_ns;
	char server_name[WEIR_TLS_NAME_MAX + 1]; /* "": what the client asks for */
	struct weir_tls_server *server[WEIR_CONF_WORKERS_MAX];
	struct weir_tls_client *client[WEIR_CONF_WORKERS_MAX];
	struct weir_tls_cert **certs; /* control reads them */
	uint32_t n_certs;
	/* Of flows that a policy has opened; certificates are made. */
	bool intercepts;
	struct weir_tls_ca *ca; /* control reads it */
	struct weir_tls_minter *minter[WEIR_CONF_WORKERS_MAX];
};

/* Held until it is put back, by the same worker. NULL: there is none. */
const struct path_tls_service *
path_tls_service_get(struct path_worker *w, const struct weir_generation *gen, uint16_t tls);
void path_tls_service_put(struct path_worker *w, const struct path_tls_service *s);

/* ---- path_tls.c ---- */

/* A connection of `s`, which is taken. NULL: no room, and it was put back. */
struct path_tls *path_tls_open_service(struct path_worker *w, struct path_carried *k,
				       const struct path_tls_service *s);

/* The peer of `leg` sends nothing any more: its FIN has come, or it is gone. */
bool path_tls_is_over(const struct path_tls *x, unsigned int leg);
/* Its handshake is yet to be done. */
static inline bool path_tls_has_handshake(const struct path_tls_leg *l)
{
	return l->state == PATH_TLS_IDLE || l->state == PATH_TLS_HANDSHAKE;
}
/* All that libssl is still needed for. */
static inline bool path_tls_waits_for_ticket(const struct path_tls_leg *l)
{
	return l->state == PATH_TLS_OPEN && l->conn && !l->kept;
}

/* ---- path_tls_close.c: ends ---- */

/* What was opened and the keys of `leg` are gone. */
void path_tls_let_go(struct path_tls *x, unsigned int leg);
/* Counts and remembers why; the peer of `leg` was told as far as it can be. Its side of the
 * connection ends; of the servers' side the client may still be told in its own words. */
void path_tls_fail(struct path_tls *x, unsigned int leg, int error);
/* Both sides end: the client hears what was written to it, and no close_notify; with
 * WEIR_VERDICT_DROP nothing at all. */
void path_tls_stop(struct path_tls *x, uint8_t verdict, uint16_t reason);
/* The servers are left, and whoever reads what the client says tells it that it is refused. */
void path_tls_refuse(struct path_tls *x, uint16_t reason);
/* All that the peer of a leg has said has gone on: so does its end. */
void path_tls_end_streams(struct path_tls *x);

/* ---- path_tls_identity.c: who the client is ---- */

/* Policy asks for that, and it is not known yet: the servers are not spoken to. */
bool path_tls_waits_for_identity(const struct path_tls *x);
/* Rules may ask for the name, too, when it is. */
void path_tls_note_name(struct path_tls *x, const struct weir_tls_hello *hello);
/* Its handshake is done, and libssl still has it. */
void path_tls_note_client(struct path_tls *x);
/* And it can be spoken to: what policy says. */
void path_tls_judge_client(struct path_tls *x);

/* ---- path_tls_name.c: whom the client asks for ---- */

/* False: no room is left for it. */
WEIR_MUST_CHECK bool path_tls_set_sni(struct path_tls *x, struct weir_bytes name);
/* Ended by NUL; "" where none was asked for, or none is kept. */
const char *path_tls_sni(const struct path_tls *x);
/* From now on it is only told of, as far as it is kept. */
void path_tls_cut_sni(struct path_tls *x);

/* ---- path_tls_hand.c ---- */

/* Goes on with the handshake of `leg`, if there is one. True: it has just succeeded. */
bool path_tls_hand(struct path_tls *x, unsigned int leg);
/* The client's handshake is over, or never will be. */
void path_tls_unlist(struct path_tls *x);
/* Begins with the servers' side when it is time. */
void path_tls_begin_server(struct path_tls *x);

/* ---- path_tls_intercept.c: where policy opens what is not weir's own ---- */

/* The client's handshake may not begin yet. */
bool path_tls_waits_for_server(const struct path_tls *x);
/* A leaf after the server's certificate, whose handshake is done with the protocol `alpn`, -1 for
 * none. 0, or negative. */
int path_tls_mint(struct path_tls *x, int alpn);
void path_tls_put_leaf(struct path_tls *x);
/* The servers cannot be spoken with. True: the client will hear of it by HTTP, which can; false: it
 * has heard what it can hear. */
bool path_tls_explain_failure(struct path_tls *x, bool by_http);
/* The client's handshake fails: is it because of the leaf? */
void path_tls_note_refusal(struct path_tls *x, int error);

/* ---- path_tls_http2.c: servers that take nothing but HTTP/2 ---- */

bool path_tls_knows_http2(const struct path_tls *x);
/* The servers' handshake is done, with the protocol `alpn`; -1: none. */
void path_tls_note_choice(struct path_tls *x, int alpn);
/* Their handshake failed: is it because HTTP/2 was not offered? */
bool path_tls_is_http2_refusal(const struct path_tls *x);

/* ---- path_tls_queue.c ---- */

/* Up to `max` places for `bytes` bytes behind what is queued; *fresh are buffers that are not in
 * the queue yet. How many places, or negative: there is no room now. */
int path_tls_make_room(struct path_tls *x, unsigned int leg, size_t bytes,
		       struct weir_tls_room *rooms, unsigned int max, struct rte_mbuf **fresh);
/* Of these places the first `len` bytes were filled. */
void path_tls_take_room(struct path_tls *x, unsigned int leg, size_t len, struct rte_mbuf *fresh);
void path_tls_drop(struct path_tls *x, unsigned int leg, uint32_t n);

/* ---- path_tls_open.c ---- */

/* Opens what has come, as far as there is room. True: there is something new to be read. */
bool path_tls_open(struct path_tls *x, unsigned int leg);
/* Servers give tickets right after the handshake and before they say anything else: who has not
 * would hold libssl's object for as long as the connection lives. */
void path_tls_give_up_ticket(struct path_tls_leg *l);

/* ---- path_tls_seal.c ---- */

struct path_tls_out {
	struct path_tls *x;
	unsigned int leg;
};
struct weir_tls_writer path_tls_writer(struct path_tls_out *o);
/* All of the views, at most WEIR_TLS_RECORD_MAX bytes, to the peer of `leg`. 0; -WEIR_EAGAIN: not
 * yet; -WEIR_EINVAL: never. */
int path_tls_put(struct path_tls *x, unsigned int leg, const struct weir_bytes *views,
		 unsigned int n, uint32_t len);
/* Bytes of one record at most, of what is said to the peer of `leg` now. */
uint32_t path_tls_most(const struct path_tls *x, unsigned int leg);
/* Sends what follows from what came. False: later. */
bool path_tls_post(struct path_tls *x, unsigned int leg);
/* Sends close_notify or a fatal alert. */
void path_tls_alert(struct path_tls *x, unsigned int leg, uint8_t alert);

#endif
