/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread: loads, publishes and retires generations, answers on the control socket,
 * watches links. Everything that is not a packet happens here.
 */
#ifndef WEIR_CTL_H
#define WEIR_CTL_H

#include <weir_base.h>
#include <weir_conf.h>
#include <weir_event.h>
#include <weir_path.h>
#include <weir_port.h>

struct weir_ctl_cfg {
	struct weir_conf *conf; /* borrowed until destroy; its file is what reload reads again */
	struct weir_path *path;
	struct weir_ports *ports; /* may be NULL in tests */
	struct weir_names *names;
	struct weir_event_writer *writer; /* may be NULL in tests; trace is its TRACE records */
	struct weir_tls_tickets
		*tickets; /* of all generations; rotated here. May be NULL in tests */
	const char *version;
	bool have_hugepages;        /* for status */
	uint64_t (*clock_ns)(void); /* monotonic; NULL: the system's */
};

/*
 * Blocks SIGHUP, SIGTERM, SIGINT and SIGUSR1 in the calling thread and those that it makes. Call it
 * first of all, before EAL makes its threads: a signal that any thread does not block never gets to
 * weir_ctl_run.
 */
void weir_ctl_block_signals(void);

struct weir_ctl;
/*
 * Makes the control socket (0660, its folder too when it is missing; one left behind by a process
 * that is gone is replaced, one in use is an error). NULL: could not, logged with the reason.
 */
struct weir_ctl *weir_ctl_create(const struct weir_ctl_cfg *cfg);
void weir_ctl_destroy(struct weir_ctl *c);
/* Serves until SIGTERM, SIGINT or weir_ctl_stop. SIGHUP reloads, SIGUSR1 opens the event file anew.
 */
void weir_ctl_run(struct weir_ctl *c);
/* One turn of that, which waits at most `timeout_ms` (-1: no limit) for something to do. False when
 * weir is to stop. For tests, and for loops around it. */
bool weir_ctl_turn(struct weir_ctl *c, int timeout_ms);
/* Serves the connected stream socket `fd` (taken, also when it fails) like one accepted. 0, or
 * -WEIR_ELIMIT when there are 64 clients, or -WEIR_ENOMEM. */
int weir_ctl_adopt(struct weir_ctl *c, int fd);
/* From any thread or a signal handler. */
void weir_ctl_stop(struct weir_ctl *c);

/*
 * Loads the configuration file's policy anew and publishes it. Returns 0, or negative when there
 * was an error, and then the running generation stays; `out` gets the report's lines either way.
 */
int weir_ctl_reload(struct weir_ctl *c, struct weir_buf *out);

/*
 * Answers one request: a JSON object `{"cmd": "status", …}` of at most 64 KiB, as it comes in one
 * line on the socket, or an HTTP GET's target ("/metrics", which gives Prometheus text). Exposed so
 * that the tests and the fuzzer reach it. The answer is one JSON object on one line:
 * {"ok": true, …} or {"ok": false, "error": "…"}. Answers at once: `trace` has nobody to stream to
 * here.
 */
void weir_ctl_answer(struct weir_ctl *c, const char *request, size_t len, struct weir_buf *out);

/* Answers GET /metrics in Prometheus text. */
void weir_ctl_metrics(struct weir_ctl *c, struct weir_buf *out);

#endif
