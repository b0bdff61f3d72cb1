/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decision records: a worker posts fixed-size records into its own ring and never waits; a writer
 * thread encodes them as JSON lines with Suricata's eve.json names and our object `weir`.
 */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include <weir_base.h>

enum weir_event_type {
	WEIR_EVENT_DECISION, /* a flow was denied, dropped, or would have been; or (log: all)
				allowed */
	WEIR_EVENT_FLOW,     /* a flow ended: eve's "flow" */
	WEIR_EVENT_DROP,     /* packets of no flow dropped, at most one record a reason a second,
				counted */
	WEIR_EVENT_FAILURE,  /* a failure mode acted (table full, pool empty); the same limit */
	WEIR_EVENT_LINK,     /* a port's link changed */
	WEIR_EVENT_RELOAD,   /* a generation was published or refused */
	WEIR_EVENT_ALERT,    /* a stream rule matched: eve's "alert" */
	WEIR_EVENT_TRACE,  /* one packet of a traced flow; goes to `weirctl trace`, not to the file
			    */
	WEIR_EVENT_HTTP,   /* a transaction that is worth telling: eve's "http" */
	WEIR_EVENT_HELLO,  /* a ClientHello was read, and policy judged by it: eve's "tls" */
	WEIR_EVENT_SERVER, /* what a server has answered to a ClientHello in the clear: eve's "tls"
			    */
	WEIR_EVENT_PINNED /* a client does not take the certificate that weir has made for a server:
			     eve's "tls", too */
};

#define WEIR_EVENT_CONTEXT 64

enum weir_event_alpn { WEIR_EVENT_ALPN_NONE, WEIR_EVENT_ALPN_HTTP1, WEIR_EVENT_ALPN_HTTP2 };

/* TLS with one peer of a connection that weir ends it for. All zero: there was none. */
struct weir_event_tls {
	const char *cipher; /* lives as long as the process; NULL: no handshake was finished */
	uint32_t handshake_us;
	uint16_t version;
	uint8_t failure;   /* enum weir_tls_error that ended it, 0: none */
	uint8_t alpn : 4;  /* enum weir_event_alpn: agreed upon */
	bool resumed : 1;  /* no certificates were exchanged: those of the session count */
	bool shown : 1;    /* the peer has shown a certificate */
	bool verified : 1; /* and it is good */
};
#define WEIR_EVENT_SNI 64
/* Who a client is. What certificates say may be 2,048 bytes long (WEIR_TLS_ID_MAX), for which rings
 * have no room: it is cut, and records say so. */
#define WEIR_EVENT_IDENTITY 159
struct weir_event_identity {
	char text[WEIR_EVENT_IDENTITY]; /* "": nobody */
	uint8_t is_cut;
};
void weir_event_identity_set(struct weir_event_identity *to, const char *text);

#define WEIR_EVENT_NAME 128
#define WEIR_EVENT_ALPN 32
/* What a ClientHello says. Texts end with NUL and are cut to fit; they came from the net. */
struct weir_event_hello {
	char sni[WEIR_EVENT_NAME];
	char alpn[WEIR_EVENT_ALPN]; /* protocols that are offered, as far as they fit, by commas */
	char ja3[33], ja4[37];      /* "" where there was none to be read */
	uint32_t bypass;            /* interned reason for which it was not opened; 0: none */
	uint16_t version;           /* the highest that is offered; 0: not known */
	uint8_t name_state;         /* enum weir_name_state of policy/ */
	uint8_t has_ech;            /* 1: of either kind */
};

enum weir_event_cert {
	WEIR_EVENT_CERT_SHOWN,
	WEIR_EVENT_CERT_HIDDEN,  /* TLS 1.3 encrypts it */
	WEIR_EVENT_CERT_RESUMED, /* a session goes on: none is sent */
	WEIR_EVENT_CERT_BAD      /* it cannot be read */
};
/* Texts as above. */
struct weir_event_server {
	char sni[WEIR_EVENT_SNI]; /* that the client asked for */
	char subject[80], issuer[80];
	char names[WEIR_EVENT_NAME]; /* hosts and addresses, as far as they fit, by commas */
	int64_t not_after;           /* seconds since 1970 */
	uint16_t version;            /* that is chosen */
	uint8_t certificate;         /* enum weir_event_cert; all but SHOWN: no texts of it */
};

/* ---- what a transaction leaves: too large for a ring's places, so the record has a pointer ----
 */

/* Ids of rules cost little and tell what an attack was; what they matched has room for fewer. */
#define WEIR_EVENT_RULES   64
#define WEIR_EVENT_MATCHES 16

/* Texts end with NUL and are cut to fit; what they are of came from the net, so they are bytes. */
struct weir_event_match {
	uint32_t rule;
	uint8_t severity; /* 0 EMERGENCY to 7 DEBUG; above that: none */
	uint8_t phase;
	bool detect_only;
	char msg[120];
	char target[64];
	char data[96]; /* redacted by who fills it */
};

struct weir_event_http {
	uint64_t tx_id;
	uint32_t service, threat; /* interned names */
	uint16_t status;          /* that the client got; 0: none */
	bool answered_by_weir;
	uint8_t verdict, would;                 /* enum weir_waf_verdict */
	uint8_t phase;                          /* in which the verdict fell; 0: none */
	bool detect;                            /* the policy's mode was detect */
	bool request_partial, response_partial; /* a body was judged by its first bytes only */
	uint32_t rule;                          /* that decided; 0: none */
	int32_t inbound_score, outbound_score;
	uint64_t request_bytes, response_bytes; /* of content */
	uint64_t waf_ns, total_ns;
	uint32_t stream;              /* of HTTP/2; 0: it was none */
	struct weir_event_tls tls[2]; /* with the client, with the server */
	char sni[WEIR_EVENT_SNI];
	const char *bad; /* name of the enum weir_http_error, a static text; NULL: none */
	bool cut;        /* and that is the server's end, which was passed on: nobody is blocked */
	struct weir_event_match *match; /* n_matches of WEIR_EVENT_MATCHES; NULL: none; the store's
					   own */
	uint16_t n_rules, n_matches;
	uint16_t rules_more, matches_more;                                    /* that had no room */
	char method[24], host[128], path[256], user_agent[128], protocol[12]; /* no query */
	struct weir_event_identity identity;                                  /* of the client */
	uint32_t rules[WEIR_EVENT_RULES]; /* that matched, in order; never twice in a row */
};

/* A worker's records of transactions; so many at a time, and a quarter of them with matches: most
 * transactions have none, and sixteen take four times what all else of a record does. */
struct weir_event_store;
/* `name` is unique in the process, at most 18 bytes. NULL: no memory, logged. */
struct weir_event_store *weir_event_store_create(const char *name, uint32_t records);
/* What one of so many records takes, at most. */
uint64_t weir_event_store_bytes(uint32_t records);
/* All records must have been given back. NULL: nothing. */
void weir_event_store_destroy(struct weir_event_store *s);
/* A record with all members zero and all texts empty, but those of `rules`, of which n_rules counts
 * what is filled. NULL: none left (or no store), count it as tx_records_lost. One worker. */
struct weir_event_http *weir_event_http_take(struct weir_event_store *s);
/* Room for the record's matches, which goes back with it: `match` is set. False: none left, count
 * them as matches_more. The store's worker. */
bool weir_event_http_take_matches(struct weir_event_store *s, struct weir_event_http *h);
/* How full it is; any thread. What is the most of it is not known. */
struct weir_event_store_uses {
	struct weir_use records, matches;
};
struct weir_event_store_uses weir_event_store_uses(const struct weir_event_store *s);
/* Any thread; never waits. */
void weir_event_http_give(struct weir_event_http *h);

/* ---- records ---- */

/* What a TRACE record shows of a flow. */
enum weir_event_step {
	WEIR_EVENT_RECEIVED, /* a packet came */
	WEIR_EVENT_SENT,     /* weir sent a segment of an inspected connection */
	WEIR_EVENT_STOPPED   /* bytes of one do not go on: `len` of them */
};

/* Plain data, no pointers but `http`; names are interned; zero what does not apply. */
struct weir_event {
	uint64_t unix_ns;
	uint64_t flow_id;
	uint64_t count; /* DROP, FAILURE: how many since the last such record */
	union {
		struct {                     /* FLOW; DECISION: `identity` */
			uint64_t packets[2]; /* to server, to client */
			uint64_t bytes[2];
			uint64_t start_unix_ns;
			struct weir_event_tls tls[2]; /* with client and server */
			char sni[WEIR_EVENT_SNI];
			struct weir_event_identity identity; /* of the client */
		};
		struct { /* TRACE, and `dir` */
			uint32_t seq;
			uint32_t ack;
			uint32_t len; /* of L3 */
			uint16_t window;
			uint8_t trace_tcp_flags;
			uint8_t step; /* enum weir_event_step */
		};
		struct {                    /* ALERT, and `dir` */
			uint64_t offset;    /* in the stream, of the byte after the match */
			uint32_t signature; /* the rule's id */
			uint32_t message;   /* interned */
			uint8_t severity;   /* 1 critical to 4 low */
			uint8_t action;     /* enum weir_scan_action of scan/: 0 alert, 1 reset, 2
					       drop */
			char context[WEIR_EVENT_CONTEXT]; /* redacted */
		};
		struct weir_event_http *http;    /* HTTP; owned by the record */
		struct weir_event_hello hello;   /* HELLO, PINNED */
		struct weir_event_server server; /* SERVER */
	};
	struct weir_addr src;
	struct weir_addr dst;
	uint32_t generation;
	uint32_t policy; /* interned names */
	uint32_t rule;
	uint32_t port;   /* name of the port it came in by */
	uint32_t detail; /* interned text: RELOAD's message, LINK's state, FAILURE's cause */
	uint16_t sport;
	uint16_t dport;
	uint16_t reason; /* enum weir_drop */
	uint16_t vlan;
	uint16_t vlan_inner;
	uint8_t type; /* enum weir_event_type */
	uint8_t proto;
	uint8_t verdict;        /* enum weir_verdict of policy/ */
	uint8_t decision_flags; /* WEIR_DECISION_* of policy/ */
	uint8_t state;          /* FLOW: enum weir_flow_state of flow/ before its end */
	uint8_t end;            /* FLOW: enum weir_flow_end */
	uint8_t midstream;
	uint8_t tcp_flags[2];
	uint8_t worker;
	uint8_t dir; /* TRACE, ALERT: 0 to server, 1 to client */
};

/* ---- the worker's side ---- */

struct weir_event_ring;
/* `records` is rounded up to a power of two, and one place stays empty. `name` is unique in the
 * process. NULL: no memory, logged. */
struct weir_event_ring *weir_event_ring_create(const char *name, uint32_t records);
void weir_event_ring_destroy(struct weir_event_ring *r);
/* Copies `e`, and with it takes what it owns, also when it fails. False when the ring is full
 * (count it as events_lost). One producer. */
bool weir_event_post(struct weir_event_ring *r, const struct weir_event *e);
/* How full it is; any thread. */
struct weir_use weir_event_ring_use(const struct weir_event_ring *r);
/* Takes up to `max` records; returns how many. Who takes a record of HTTP gives its transaction
 * back. One consumer. */
unsigned int weir_event_take(struct weir_event_ring *r, struct weir_event *out, unsigned int max);

/* ---- text ---- */

/* One JSON object without newline. Any thread; no allocation but the buffer's, no locale. */
void weir_event_encode(const struct weir_event *e, const struct weir_names *names,
		       struct weir_buf *out);

/* eve's name of an IP protocol ("TCP", "IPv6-ICMP"); NULL when it has none: write the number. */
const char *weir_event_proto_name(uint8_t proto);
/* Whether a flow's ports are ports; ICMP has its identifier in their place. */
bool weir_event_has_ports(uint8_t proto);

/* ---- the writer thread ---- */

struct weir_event_writer_cfg {
	const char *path; /* NULL: no file; the newest records are kept all the same */
	struct weir_event_ring *const *rings;
	unsigned int n_rings;
	const struct weir_names *names;
	uint32_t transactions; /* that a worker's store holds; 0: no worker has one */
	/* Called from the writer thread for each TRACE record; may be NULL. */
	void (*on_trace)(void *ctx, const struct weir_event *e);
	void *ctx;
};

struct weir_event_writer;
/* Opens `path` for appending (0640). NULL: could not, logged with the reason. */
struct weir_event_writer *weir_event_writer_start(const struct weir_event_writer_cfg *cfg);
/* Drains what is in the rings, flushes, ends the thread. */
void weir_event_writer_stop(struct weir_event_writer *w);
/* Control's own records (RELOAD, LINK); any control-side thread. */
void weir_event_writer_put(struct weir_event_writer *w, const struct weir_event *e);
/* Who takes TRACE records from now on, NULL: nobody. When it returns, the one before is not being
 * called and never will be. `on_trace` must not call the writer. Any control-side thread. */
void weir_event_writer_set_trace(struct weir_event_writer *w,
				 void (*on_trace)(void *ctx, const struct weir_event *e),
				 void *ctx);
/* Opens the file anew (after a rotation). 0 or -WEIR_EIO, and then the old one stays. */
int weir_event_writer_reopen(struct weir_event_writer *w);
/* Goes on in another file, NULL: none. 0, -WEIR_EIO or -WEIR_ENOMEM, and then the old one stays. */
int weir_event_writer_set_path(struct weir_event_writer *w, const char *path);
/* Appends the newest records, oldest first, at most `max` (and at most 1,000 are kept), as JSON
 * lines. */
void weir_event_writer_recent(struct weir_event_writer *w, unsigned int max, struct weir_buf *out);
/* A server's name whose leaf clients did not take. */
struct weir_event_pinned {
	char name[WEIR_EVENT_NAME];
	uint64_t count; /* of clients */
	uint64_t last_unix_ns;
	struct weir_addr client; /* the last one */
	uint32_t policy, rule;   /* interned; that opened it */
};
#define WEIR_EVENT_PINNED_MAX 256 /* the one that was seen last longest ago makes room */
/* Copies at most `max` of them, in no order; how many. Any control-side thread. */
unsigned int weir_event_writer_pinned(struct weir_event_writer *w, struct weir_event_pinned *out,
				      unsigned int max);
struct weir_event_writer_stats {
	uint64_t records; /* taken */
	uint64_t written;
	uint64_t write_errors; /* records lost: the file could not be written, or control's queue
				  was full */
};
struct weir_event_writer_stats weir_event_writer_stats(const struct weir_event_writer *w);

#endif
