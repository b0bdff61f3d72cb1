/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of ctl/ share: the control thread's state and a request on its way. Everything
 * here belongs to the control thread, but for what is said to be locked or atomic.
 */
#ifndef CTL_IMPL_H
#define CTL_IMPL_H

#include <weir_ctl.h>

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#define CTL_CLIENTS_MAX   64
#define CTL_REQUEST_MAX   65536
#define CTL_OUT_MAX       (16u << 20) /* bytes of answers that a slow reader may have waiting */
#define CTL_IDLE_NS       (60 * WEIR_NS_PER_S)
#define CTL_TICK_NS       (100 * WEIR_NS_PER_MS)
#define CTL_FLOWS_MAX     10000
#define CTL_FLOWS_WAIT_MS 1000
#define CTL_EVENTS_MAX    1000

/* ---- what epoll tells about ---- */

enum ctl_source_kind { CTL_LISTEN, CTL_SIGNAL, CTL_TIMER, CTL_WAKE, CTL_CLIENT };

/* First member of whatever is watched; epoll's data points at it. */
struct ctl_source {
	enum ctl_source_kind kind;
	int fd;
};

/* ---- ctl_socket.c ---- */

struct ctl_socket {
	struct ctl_source source;
	char *path;
	dev_t dev; /* of the file that we made, so that no other is unlinked */
	ino_t ino;
};

WEIR_MUST_CHECK int ctl_socket_open(struct ctl_socket *s, const char *path);
void ctl_socket_close(struct ctl_socket *s);

/* ---- ctl_client.c ---- */

/* A connection. Its requests are answered in order; while an answer is owed later (`deferred`) or
 * too much waits to be read by it, no further request is taken from it. */
struct ctl_client {
	struct ctl_source source;
	struct ctl_client *next;
	struct weir_ctl *ctl;
	uint64_t active_ns; /* when it last said or took something */
	uint64_t wait_job;  /* the reload whose end it waits for; 0: none */
	uint32_t events;    /* what epoll watches for */
	bool tracing;
	bool eof;     /* it will say no more */
	bool more;    /* requests of `in` wait until it has read, or others had their turn */
	bool closing; /* gone once `out` is sent */
	bool dead;    /* its descriptor is closed; freed at the turn's end */
	struct weir_buf in;
	size_t scanned; /* bytes of `in` that were searched for a line's end */
	struct weir_buf out;
	size_t sent; /* bytes of `out` that are gone */
};

/* Takes `fd`. 0, or negative and then it is closed. */
WEIR_MUST_CHECK int ctl_client_add(struct weir_ctl *c, int fd);
void ctl_clients_accept(struct weir_ctl *c);
void ctl_clients_resume_accept(struct weir_ctl *c);
void ctl_client_ready(struct ctl_client *client, uint32_t events);
/* Something was added to `out`, or it need no longer wait. */
void ctl_client_continue(struct ctl_client *client);
void ctl_clients_drop_idle(struct weir_ctl *c);
/* Frees the dead; with `all` closes and frees the others too, after a last attempt to send. */
void ctl_clients_reap(struct weir_ctl *c, bool all);

/* ---- ctl_http.c ---- */

enum ctl_http_result { CTL_HTTP_NOT, CTL_HTTP_PARTIAL, CTL_HTTP_DONE };

/* Answers the HTTP request at the start of `in` when it is one. PARTIAL: its header is not whole
 * yet. After DONE the connection ends. */
enum ctl_http_result ctl_http_serve(struct weir_ctl *c, struct weir_bytes in, struct weir_buf *out);

/* ---- ctl_answer.c, ctl_args.c: a request and its arguments ---- */

struct ctl_call {
	struct weir_ctl *ctl;
	struct ctl_client *client; /* NULL: from weir_ctl_answer */
	json_t *args;
	struct weir_buf *out;
	struct weir_json j;     /* within the answer's object, after "ok" */
	struct weir_buf report; /* lines for the answer's "report" */
	bool deferred;          /* the answer comes later */
	char error[512];
};

/* Answers one line, for `client` when there is one. */
void ctl_answer(struct weir_ctl *c, struct ctl_client *client, const char *request, size_t len,
		struct weir_buf *out);
/* {"ok": false, "error": …} with `report`'s lines when it has some. */
void ctl_answer_error(struct weir_buf *out, const char *error, const struct weir_buf *report);
void ctl_add_report(struct weir_json *j, const struct weir_buf *report);
/* Sets the call's error. Always false, so that a reader can return it. */
bool ctl_fail(struct ctl_call *call, const char *format, ...) WEIR_PRINTF(2, 3);

/* Each leaves *out alone when the key is absent; a wrong value sets the error and gives false. */
bool ctl_arg_uint(struct ctl_call *call, const char *key, uint64_t min, uint64_t max,
		  uint64_t *out);
bool ctl_arg_bool(struct ctl_call *call, const char *key, bool *out);
bool ctl_arg_addr(struct ctl_call *call, const char *key, struct weir_addr *out);
bool ctl_arg_prefix(struct ctl_call *call, const char *key, struct weir_prefix *out);
bool ctl_arg_proto(struct ctl_call *call, const char *key, uint8_t *out);
/* The keys any, src, dst, port, proto, denied and flow_id. */
bool ctl_arg_filter(struct ctl_call *call, struct weir_path_filter *out);

/* ---- the commands; each writes members of the answer's object, or sets the error ---- */

typedef bool (*ctl_command_fn)(struct ctl_call *call);
bool ctl_cmd_status(struct ctl_call *call);
bool ctl_cmd_ports(struct ctl_call *call);
bool ctl_cmd_flows(struct ctl_call *call);
bool ctl_cmd_drops(struct ctl_call *call);
bool ctl_cmd_stats(struct ctl_call *call);
bool ctl_cmd_reload(struct ctl_call *call);
bool ctl_cmd_explain(struct ctl_call *call);
bool ctl_cmd_trace(struct ctl_call *call);
bool ctl_cmd_events(struct ctl_call *call);
bool ctl_cmd_config(struct ctl_call *call);
bool ctl_cmd_rules(struct ctl_call *call);
bool ctl_cmd_tx(struct ctl_call *call);
bool ctl_cmd_certs(struct ctl_call *call);
bool ctl_cmd_pinned(struct ctl_call *call);
bool ctl_cmd_pools(struct ctl_call *call);

/* ---- ctl_waf.c ---- */

/* Programs of threat policies; those that share theirs count once. */
struct ctl_waf_sum {
	uint32_t programs;
	uint32_t rules;
	uint64_t bytes;
	uint64_t load_ms;
	bool cached; /* all of them */
};
struct ctl_waf_sum ctl_sum_programs(const struct weir_programs *all);
/* An array of what each threat policy has. */
void ctl_add_programs(const struct weir_ctl *c, struct weir_json *j, const char *key);

/* ---- ctl_tls.c ---- */

/* A new key for session tickets when it is time. */
void ctl_tickets_step(struct weir_ctl *c, uint64_t now_ns);
void ctl_add_tls_metrics(struct weir_buf *out, const struct weir_ctl *c);

/* ---- ctl_pools.c ---- */

void ctl_add_pool_metrics(struct weir_buf *out, const struct weir_ctl *c);

/* ---- ctl_reload.c ---- */

/* One reading of the configuration. Written by whoever loads, then by control alone. */
struct ctl_load {
	struct weir_conf_report *report;
	struct weir_conf *conf;
	struct weir_policy *policy;
	struct weir_scan_db *scan;
	struct weir_programs *programs;
	struct weir_tls_services *tls;
	struct ctl_waf_sum waf; /* of programs, once they are published */
	uint64_t load_ns;
	uint64_t publish_ns;
	uint32_t generation;  /* that it became; 0: refused */
	char restart_key[64]; /* the first changed key that needs a restart; "": none */
	char error[256];
};

struct ctl_reload {
	struct weir_conf *loaded; /* what the last good load read; NULL: the one of the start */
	uint64_t good, refused;   /* loads since the start */
	uint64_t job;             /* number of the load under way, or of the last one */
	bool running;
	bool again; /* asked for, and not yet begun */
	pthread_t thread;
	struct ctl_load load;
	_Atomic bool done; /* the thread's last act; release, acquired in ctl_reload_wake */
};

/* Loads aside; `client` (may be NULL) is answered when it is done. */
void ctl_reload_start(struct weir_ctl *c, struct ctl_client *client);
/* Begins a load that was asked for; publishes what a finished one brought. */
void ctl_reload_wake(struct weir_ctl *c);
void ctl_reload_fini(struct weir_ctl *c);
/* The newest that was loaded: of it holds what needs no new start. */
const struct weir_conf *ctl_loaded_conf(const struct weir_ctl *c);
/* The configuration that holds: the start's, with what reloads have changed. Borrows from both. */
struct weir_conf ctl_effective_conf(const struct weir_ctl *c);

/* ---- ctl_trace.c ---- */

struct ctl_trace {
	struct ctl_client *client; /* NULL: nobody traces */
	uint64_t left;             /* packets still to be told */
	uint64_t told;
	uint64_t end_ns; /* by the control thread's clock */

	/* the writer thread adds, control takes, under `lock` */
	pthread_mutex_t lock;
	bool on;
	uint64_t start_unix_ns; /* older records belong to another trace */
	uint64_t lost;
	struct weir_buf lines;
};

void ctl_trace_init(struct weir_ctl *c);
void ctl_trace_fini(struct weir_ctl *c);
/* Tells the client what has come; ends the trace when it is over. */
void ctl_trace_wake(struct weir_ctl *c);
/* `client` is gone. */
void ctl_trace_forget(struct weir_ctl *c, const struct ctl_client *client);

/* ---- ctl_link.c ---- */

enum ctl_link_state {
	CTL_LINK_UP,
	CTL_LINK_DOWN,  /* no carrier, and not by us */
	CTL_LINK_HELD,  /* taken down by us, since the wire's other port is down */
	CTL_LINK_RISING /* begun, or let go by us, and no carrier yet: not a failure for a while */
};

struct ctl_link {
	enum ctl_link_state state;
	uint64_t since_ns;
	uint64_t changes;
	bool cannot; /* the device cannot be taken down */
};

struct ctl_links {
	struct ctl_link port[WEIR_CONF_PORTS_MAX];
};

void ctl_links_init(struct weir_ctl *c, uint64_t now_ns);
void ctl_links_step(struct weir_ctl *c, uint64_t now_ns);
/* Lets go of every port that is held. */
void ctl_links_fini(struct weir_ctl *c);
const char *ctl_link_name(enum ctl_link_state s);

/* ---- ctl_watch.c: rates, and counters that an operator wants to hear of ---- */

#define CTL_WATCHED 8

struct ctl_rate {
	uint64_t cycles, busy, packets, bytes;              /* at the last sample */
	double busy_part, packets_a_second, bytes_a_second; /* over the last second */
};

struct ctl_watch {
	uint64_t sampled_ns;
	struct ctl_rate rate[WEIR_CONF_WORKERS_MAX];
	uint64_t seen[CTL_WATCHED]; /* said so far */
	uint64_t said_ns[CTL_WATCHED];
};

void ctl_watch_step(struct weir_ctl *c, uint64_t now_ns);
/* Members of the array "warnings": what an operator should know. */
void ctl_watch_warnings(const struct weir_ctl *c, struct weir_json *j);
/* All workers' counters together. */
void ctl_sum_stats(const struct weir_ctl *c, struct weir_stats *sum);

/* ---- the control thread ---- */

struct weir_ctl {
	struct weir_ctl_cfg cfg; /* fixed after create */
	uint64_t start_ns;
	uint64_t start_unix_ns;
	uint64_t now_ns; /* of this turn, monotonic */
	uint64_t synced_ns;
	uint64_t rotated_ns; /* keys of session tickets: the last one, */
	uint64_t rotations;  /* and how many after the first */
	int epoll;
	struct ctl_socket socket;
	struct ctl_source signal;
	struct ctl_source timer;
	struct ctl_source wake; /* eventfd: a thread of ours has something, or stop */
	struct ctl_client *clients;
	unsigned int n_clients;
	bool accept_paused;
	struct ctl_reload reload;
	struct ctl_trace trace;
	struct ctl_links links;
	struct ctl_watch watch;
	_Atomic bool stop; /* any thread; relaxed, the eventfd orders */
};

uint64_t ctl_unix_ns(void);
uint64_t ctl_monotonic_ns(void);
void ctl_wake(struct weir_ctl *c);
WEIR_MUST_CHECK int ctl_watch_source(struct weir_ctl *c, struct ctl_source *s, uint32_t events);
/* A record of control's own into the event file. `detail` is interned: keep it to few texts, or
 * short. `port` is an interned name, or 0. */
void ctl_tell(struct weir_ctl *c, enum weir_event_type type, uint32_t port, const char *detail);

#endif
