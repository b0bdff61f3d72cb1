/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command trace: the packets of flows that match, as they pass, to one client until so many
 * were told or so long has passed. The writer thread hands the records over, in a bounded buffer.
 */
#include "ctl_impl.h"

#include <weir_log.h>

#define COUNT_DEFAULT   100
#define COUNT_MAX       1000000
#define SECONDS_DEFAULT 10
#define SECONDS_MAX     3600
#define LINES_MAX       (1u << 20)
/* What the workers posted in time still comes through the rings. */
#define LINGER_NS (100 * WEIR_NS_PER_MS)

/* Workers' clocks are set by the system's once a second, and may be behind it by so much. */
#define CLOCKS_APART_NS WEIR_NS_PER_MS

/* ---- the writer thread's side ---- */

/* True when control has to be told: what it has been told of before it will find anyway. */
static bool keep_line(struct ctl_trace *t, const struct weir_event *e,
		      const struct weir_names *names)
{
	bool first = t->lines.len == 0;

	if (!t->on || e->unix_ns < t->start_unix_ns)
		return false;
	if (t->lines.len >= LINES_MAX) {
		t->lost++;
		return false;
	}
	weir_event_encode(e, names, &t->lines);
	weir_buf_add(&t->lines, "\n", 1);
	return first;
}

static void on_trace(void *ctx, const struct weir_event *e)
{
	struct weir_ctl *c = ctx;
	bool wake;

	pthread_mutex_lock(&c->trace.lock);
	wake = keep_line(&c->trace, e, c->cfg.names);
	pthread_mutex_unlock(&c->trace.lock);
	if (wake)
		ctl_wake(c);
}

/* ---- control's side ---- */

void ctl_trace_init(struct weir_ctl *c)
{
	pthread_mutex_init(&c->trace.lock, NULL);
	if (c->cfg.writer)
		weir_event_writer_set_trace(c->cfg.writer, on_trace, c);
}

static void switch_hand_over(struct ctl_trace *t, bool on)
{
	pthread_mutex_lock(&t->lock);
	t->on = on;
	t->start_unix_ns = ctl_unix_ns() - CLOCKS_APART_NS;
	t->lost = 0;
	weir_buf_reset(&t->lines);
	pthread_mutex_unlock(&t->lock);
}

static void end(struct weir_ctl *c)
{
	weir_path_trace(c->cfg.path, NULL, 0);
	switch_hand_over(&c->trace, false);
	c->trace.client = NULL;
}

/* `lines` becomes what has come since the last time. Returns how many records were lost so far. */
static uint64_t take_lines(struct ctl_trace *t, struct weir_buf *lines)
{
	uint64_t lost;

	pthread_mutex_lock(&t->lock);
	*lines = t->lines;
	t->lines = (struct weir_buf){0};
	lost = t->lost;
	pthread_mutex_unlock(&t->lock);
	return lost;
}

/* As many of the lines as are still wanted. */
static void tell(struct ctl_trace *t, const struct weir_buf *lines)
{
	size_t at = 0;

	while (at < lines->len && t->left) {
		const char *line = lines->ptr + at;
		const char *stop = memchr(line, '\n', lines->len - at);

		if (!stop)
			break; /* memory failed while it was written */
		weir_buf_add(&t->client->out, line, (size_t)(stop + 1 - line));
		at += (size_t)(stop + 1 - line);
		t->left--;
		t->told++;
	}
}

static void say_done(struct ctl_trace *t, uint64_t lost)
{
	struct weir_json j = weir_json_into(&t->client->out);

	weir_json_object(&j, NULL);
	weir_json_bool(&j, "ok", true);
	weir_json_bool(&j, "done", true);
	weir_json_u64(&j, "packets", t->told);
	weir_json_u64(&j, "lost", lost);
	weir_json_end_object(&j);
	weir_buf_add(&t->client->out, "\n", 1);
}

void ctl_trace_wake(struct weir_ctl *c)
{
	struct ctl_trace *t = &c->trace;
	struct ctl_client *client = t->client;
	struct weir_buf lines;
	uint64_t lost;

	if (!client)
		return;
	lost = take_lines(t, &lines);
	tell(t, &lines);
	weir_buf_fini(&lines);
	if (!t->left || c->now_ns >= t->end_ns) {
		say_done(t, lost);
		client->tracing = false;
		end(c);
	}
	ctl_client_continue(client);
}

void ctl_trace_forget(struct weir_ctl *c, const struct ctl_client *client)
{
	if (c->trace.client == client)
		end(c);
}

void ctl_trace_fini(struct weir_ctl *c)
{
	if (c->cfg.writer)
		weir_event_writer_set_trace(c->cfg.writer, NULL, NULL);
	if (c->trace.client)
		end(c);
	weir_buf_fini(&c->trace.lines);
	pthread_mutex_destroy(&c->trace.lock);
}

static void begin(struct ctl_call *call, const struct weir_path_filter *filter, uint64_t count,
		  uint64_t seconds)
{
	struct weir_ctl *c = call->ctl;
	struct ctl_trace *t = &c->trace;

	t->client = call->client;
	t->client->tracing = true;
	t->left = count;
	t->told = 0;
	t->end_ns = c->now_ns + seconds * WEIR_NS_PER_S + LINGER_NS;
	switch_hand_over(t, true);
	weir_path_trace(c->cfg.path, filter, ctl_unix_ns() + seconds * WEIR_NS_PER_S);
}

bool ctl_cmd_trace(struct ctl_call *call)
{
	uint64_t count = COUNT_DEFAULT, seconds = SECONDS_DEFAULT;
	struct weir_path_filter filter;

	if (!ctl_arg_filter(call, &filter) || !ctl_arg_uint(call, "count", 1, COUNT_MAX, &count) ||
	    !ctl_arg_uint(call, "seconds", 1, SECONDS_MAX, &seconds))
		return false;
	if (!call->client || !call->ctl->cfg.writer)
		return ctl_fail(call, "trace needs a connection to stream to");
	if (call->ctl->trace.client)
		return ctl_fail(call, "another trace is under way; one at a time");
	begin(call, &filter, count, seconds);
	weir_json_bool(&call->j, "tracing", true);
	weir_json_u64(&call->j, "count", count);
	weir_json_u64(&call->j, "seconds", seconds);
	return true;
}
