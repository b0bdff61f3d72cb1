/* SPDX-License-Identifier: BSD-3-Clause */
/* A control thread's state over a fake path with two ports on a wire, in a folder of its own. */
#ifndef CTL_FIXTURE_H
#define CTL_FIXTURE_H

#include "fake_path.h"

#include <weir_ctl.h>

#include <jansson.h>
#include <weir_test.h>

Suite *ctl_answer_suite(void);
Suite *ctl_client_suite(void);
Suite *ctl_http_suite(void);
Suite *ctl_link_suite(void);
Suite *ctl_metrics_suite(void);
Suite *ctl_pools_suite(void);
Suite *ctl_reload_suite(void);
Suite *ctl_socket_suite(void);
Suite *ctl_trace_suite(void);
Suite *ctl_waf_suite(void);

struct fixture {
	char folder[64];
	char socket[96];
	struct weir_conf *conf;
	struct weir_names *names;
	struct weir_path path;
	struct weir_ports ports;
	struct port_state port[2];
	struct weir_event_ring *ring;
	struct weir_event_writer *writer;
	struct weir_ctl_cfg cfg;
	struct weir_ctl *ctl;
};

/* Policies that load: none of them, and one. */
extern const char policy_empty[];
extern const char policy_good[];

struct fixture *fixture_create(void);
/* Without weir_ctl_create. */
struct fixture *fixture_prepare(void);
void fixture_destroy(struct fixture *f);
void fixture_write(const struct fixture *f, const char *name, const char *text);

/* Seconds that pass on the control thread's clock. */
void fixture_pass_seconds(unsigned int seconds);
/* Turns until a tick has been, on a clock that the test moves. */
void fixture_tick(struct fixture *f);

/* ---- one request without a connection ---- */

/* The answer as an object; the caller drops it. */
json_t *ask(struct fixture *f, const char *request);
/* Asserts that it is refused with exactly this text. */
void ask_refused(struct fixture *f, const char *request, const char *error);
const char *text_of(const json_t *object, const char *key);
json_int_t int_of(const json_t *object, const char *key);

/* ---- a connection ---- */

/* The client's end of a connection; non-blocking. */
int client_open(struct fixture *f);
void client_send(struct fixture *f, int fd, const char *bytes, size_t len);
/* Turns the loop until `fd` has a line, and gives that as an object. NULL: the connection ended. */
json_t *client_line(struct fixture *f, int fd);
/* Turns the loop and gathers what comes until the connection ends. */
void client_read_to_end(struct fixture *f, int fd, struct weir_buf *out);
/* Whether the connection has ended, after some turns. */
bool client_is_closed(struct fixture *f, int fd);

#endif
