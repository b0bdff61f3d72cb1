/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reload: the configuration file and its policy are read and compiled aside, in a thread of their
 * own since tens of thousands of rules take seconds, and then published by control. Whatever is
 * wrong leaves the running generation as it is and is said in the answer, the log and an event.
 */
#include "ctl_impl.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <weir_log.h>

/* ---- loading: any thread, touches nothing but `l` ---- */

/* All, so that all that is wrong is told at once; without one there is no other. */
static void load_policy(struct ctl_load *l, const struct weir_ctl *c)
{
	unsigned int workers = weir_path_workers(c->cfg.path);
	struct weir_tls_loading tls = {
		.n_workers = workers,
		.names = c->cfg.names,
		.tickets = c->cfg.tickets,
		.report = l->report,
	};
	int error;

	l->policy = weir_policy_load((const char *const *)l->conf->policy, l->conf->n_policy,
				     c->cfg.names, l->report);
	error = weir_path_load_rules(l->conf, c->cfg.conf, workers, c->cfg.names, l->report,
				     &l->scan);
	if (l->policy && weir_path_load_waf(l->policy, l->conf, c->cfg.conf, workers, c->cfg.names,
					    l->report, &l->programs) < 0)
		error = -WEIR_EFORMAT;
	tls.policy = l->policy;
	if (l->policy && weir_path_load_tls(&tls, &l->tls) < 0)
		error = -WEIR_EFORMAT;
	if (l->policy && error < 0) {
		weir_policy_destroy(l->policy);
		l->policy = NULL;
	}
}

static void load(struct ctl_load *l, const struct weir_ctl *c)
{
	uint64_t start_ns = ctl_monotonic_ns();

	*l = (struct ctl_load){.report = weir_conf_report_create()};
	if (!l->report)
		return;
	l->conf = weir_conf_load(c->cfg.conf->file, l->report);
	if (l->conf)
		load_policy(l, c);
	l->load_ns = ctl_monotonic_ns() - start_ns;
}

static void load_fini(struct ctl_load *l)
{
	weir_conf_destroy(l->conf);
	weir_policy_destroy(l->policy);
	weir_assert(!l->scan || weir_scan_db_put(l->scan)); /* no worker has seen it */
	weir_programs_destroy(l->programs);
	weir_tls_services_destroy(l->tls);
	weir_conf_report_destroy(l->report);
	*l = (struct ctl_load){0};
}

/* ---- publishing: control ---- */

/* The configuration of the start belongs to whoever started us; later ones are ours. */
const struct weir_conf *ctl_loaded_conf(const struct weir_ctl *c)
{
	return c->reload.loaded ? c->reload.loaded : c->cfg.conf;
}

struct weir_conf ctl_effective_conf(const struct weir_ctl *c)
{
	const struct weir_conf *loaded = ctl_loaded_conf(c);
	struct weir_conf conf = *c->cfg.conf;

	memcpy(conf.policy, loaded->policy, sizeof(conf.policy));
	conf.n_policy = loaded->n_policy;
	conf.rule_cache = loaded->rule_cache;
	memcpy(conf.stream_rules, loaded->stream_rules, sizeof(conf.stream_rules));
	conf.n_stream_rules = loaded->n_stream_rules;
	conf.event_file = loaded->event_file;
	conf.ticket_rotation_ns = loaded->ticket_rotation_ns;
	return conf;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* log.events may change while weir runs. */
static void move_events(struct weir_ctl *c, const struct weir_conf *next)
{
	if (!c->cfg.writer || same_text(ctl_loaded_conf(c)->event_file, next->event_file))
		return;
	if (weir_event_writer_set_path(c->cfg.writer, next->event_file) == 0)
		weir_notice("records go to %s now",
			    next->event_file ? next->event_file : "no file");
}

/* What the file says now and only a restart can bring about. */
static void note_restart(const struct weir_ctl *c, struct ctl_load *l)
{
	const char *key = "";

	if (!weir_conf_needs_restart(c->cfg.conf, l->conf, &key))
		return;
	snprintf(l->restart_key, sizeof(l->restart_key), "%s", key);
	weir_warning("reload: '%s' differs from what weir runs with; that needs a restart", key);
}

static void say_published(struct weir_ctl *c, const struct ctl_load *l)
{
	struct weir_policy_size size = weir_policy_size(weir_path_generation(c->cfg.path)->policy);
	char text[160];

	snprintf(text, sizeof(text),
		 "generation %u published: %u policies, %u rules, %u groups; loaded in %llu ms, "
		 "published in %llu us",
		 l->generation, size.policies, size.rules, size.groups,
		 (unsigned long long)(l->load_ns / WEIR_NS_PER_MS),
		 (unsigned long long)(l->publish_ns / WEIR_NS_PER_US));
	weir_notice("%s", text);
	snprintf(text, sizeof(text), "published %u policies, %u rules, %u groups", size.policies,
		 size.rules, size.groups);
	ctl_tell(c, WEIR_EVENT_RELOAD, 0, text);
}

static void publish(struct weir_ctl *c, struct ctl_load *l)
{
	uint32_t number = weir_path_generation(c->cfg.path)->number + 1;
	uint64_t start_ns = ctl_monotonic_ns();
	struct weir_generation *next;

	next = weir_generation_create(number, l->policy, l->conf->file);
	l->policy = NULL; /* taken, also when it failed */
	if (!next) {
		snprintf(l->error, sizeof(l->error), "no memory for a generation");
		return;
	}
	next->scan = l->scan;
	l->scan = NULL;
	next->programs = l->programs;
	l->programs = NULL;
	next->tls = l->tls;
	l->tls = NULL;
	l->waf = ctl_sum_programs(next->programs);
	weir_path_publish(c->cfg.path, next);
	l->publish_ns = ctl_monotonic_ns() - start_ns;
	l->generation = number;
	note_restart(c, l);
	move_events(c, l->conf);
	weir_conf_destroy(c->reload.loaded);
	c->reload.loaded = l->conf;
	l->conf = NULL;
}

/* Each of the report's lines to the log. */
static void log_report(const struct ctl_load *l)
{
	struct weir_buf text = {0};
	char *line, *rest = NULL;

	weir_conf_report_text(l->report, &text);
	for (line = text.ptr ? strtok_r(text.ptr, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		weir_warning("reload: %s", line);
	weir_buf_fini(&text);
}

static void first_line(const struct ctl_load *l, char *to, size_t size)
{
	struct weir_buf text = {0};

	weir_conf_report_text(l->report, &text);
	snprintf(to, size, "%.*s", (int)strcspn(text.len ? text.ptr : "", "\n"),
		 text.len ? text.ptr : "");
	weir_buf_fini(&text);
}

static void refuse(struct weir_ctl *c, struct ctl_load *l)
{
	uint32_t running = weir_path_generation(c->cfg.path)->number;
	unsigned int errors = l->report ? weir_conf_errors(l->report) : 0;
	char detail[160] = "refused";

	if (!l->error[0])
		snprintf(l->error, sizeof(l->error), "not loaded, generation %u stays: %u error%s",
			 running, errors, errors == 1 ? "" : "s");
	weir_error("reload: %s", l->error);
	if (l->report) {
		char line[144];

		first_line(l, line, sizeof(line));
		snprintf(detail, sizeof(detail), "refused: %s", line);
	}
	ctl_tell(c, WEIR_EVENT_RELOAD, 0, detail);
}

/* What a load has brought becomes the running generation, or nothing changes. */
static void conclude(struct weir_ctl *c, struct ctl_load *l)
{
	if (l->report)
		log_report(l);
	else
		snprintf(l->error, sizeof(l->error), "no memory to load the configuration");
	if (l->policy)
		publish(c, l);
	if (l->generation) {
		c->reload.good++;
		say_published(c, l);
	} else {
		c->reload.refused++;
		refuse(c, l);
	}
}

/* ---- answers ---- */

static void add_outcome(struct weir_json *j, const struct ctl_load *l)
{
	weir_json_u64(j, "generation", l->generation);
	weir_json_double(j, "load_ms", (double)l->load_ns / WEIR_NS_PER_MS);
	weir_json_double(j, "publish_ms", (double)l->publish_ns / WEIR_NS_PER_MS);
	if (l->waf.programs) {
		weir_json_object(j, "waf");
		weir_json_u64(j, "programs", l->waf.programs);
		weir_json_u64(j, "rules", l->waf.rules);
		weir_json_u64(j, "load_ms", l->waf.load_ms);
		weir_json_bool(j, "cached", l->waf.cached);
		weir_json_end_object(j);
	}
	weir_json_u64(j, "warnings", weir_conf_warnings(l->report));
	if (l->restart_key[0])
		weir_json_str(j, "needs_restart", l->restart_key);
}

static void report_into(const struct ctl_load *l, struct weir_buf *out)
{
	if (l->report)
		weir_conf_report_text(l->report, out);
	if (l->generation && l->restart_key[0])
		weir_buf_printf(out,
				"'%s' differs from what weir runs with; that needs a restart\n",
				l->restart_key);
}

static void answer_load(struct weir_buf *out, const struct ctl_load *l)
{
	struct weir_buf report = {0};
	struct weir_json j = weir_json_into(out);

	report_into(l, &report);
	if (!l->generation) {
		ctl_answer_error(out, l->error, &report);
	} else {
		weir_json_object(&j, NULL);
		weir_json_bool(&j, "ok", true);
		add_outcome(&j, l);
		if (report.len)
			ctl_add_report(&j, &report);
		weir_json_end_object(&j);
	}
	weir_buf_fini(&report);
}

static void answer_waiting(struct weir_ctl *c, uint64_t job, const struct ctl_load *l)
{
	for (struct ctl_client *client = c->clients; client; client = client->next) {
		if (client->dead || client->wait_job != job)
			continue;
		client->wait_job = 0;
		answer_load(&client->out, l);
		weir_buf_add(&client->out, "\n", 1);
		ctl_client_continue(client);
	}
}

/* ---- aside ---- */

static void *load_aside(void *arg)
{
	struct weir_ctl *c = arg;

	load(&c->reload.load, c);
	atomic_store_explicit(&c->reload.done, true, memory_order_release);
	ctl_wake(c);
	return NULL;
}

/* Signals are the control thread's. */
static int start_thread(struct weir_ctl *c)
{
	sigset_t all, before;
	int rc;

	atomic_store_explicit(&c->reload.done, false, memory_order_relaxed);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&c->reload.thread, NULL, load_aside, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ? 0 : -WEIR_EIO;
}

/* Waits for the load that is under way and concludes it. */
static void finish(struct weir_ctl *c)
{
	struct ctl_load l;

	pthread_join(c->reload.thread, NULL);
	c->reload.running = false;
	l = c->reload.load;
	c->reload.load = (struct ctl_load){0};
	conclude(c, &l);
	answer_waiting(c, c->reload.job, &l);
	load_fini(&l);
}

/* Loads in the calling thread; the caller finishes `l`. */
static void load_here(struct weir_ctl *c, struct ctl_load *l)
{
	if (c->reload.running)
		finish(c);
	c->reload.again = false;
	c->reload.job++;
	load(l, c);
	conclude(c, l);
	answer_waiting(c, c->reload.job, l);
}

static void begin(struct weir_ctl *c)
{
	struct ctl_load l;

	if (start_thread(c) == 0) {
		c->reload.again = false;
		c->reload.running = true;
		c->reload.job++;
		return;
	}
	load_here(c, &l); /* late answers are better than none */
	load_fini(&l);
}

/* The load itself begins at the next turn. One that runs may have read the files before they were
 * changed, so whoever asks meanwhile waits for the one after it. */
void ctl_reload_start(struct weir_ctl *c, struct ctl_client *client)
{
	if (client)
		client->wait_job = c->reload.job + 1;
	c->reload.again = true;
	ctl_wake(c);
}

void ctl_reload_wake(struct weir_ctl *c)
{
	if (c->reload.running && atomic_load_explicit(&c->reload.done, memory_order_acquire))
		finish(c);
	if (!c->reload.running && c->reload.again)
		begin(c);
}

int weir_ctl_reload(struct weir_ctl *c, struct weir_buf *out)
{
	struct ctl_load l;
	int rc;

	load_here(c, &l);
	report_into(&l, out);
	rc = l.generation ? 0 : -WEIR_EINVAL;
	load_fini(&l);
	return rc;
}

void ctl_reload_fini(struct weir_ctl *c)
{
	if (c->reload.running)
		pthread_join(c->reload.thread, NULL);
	c->reload.running = false;
	load_fini(&c->reload.load);
	weir_conf_destroy(c->reload.loaded);
	c->reload.loaded = NULL;
}

bool ctl_cmd_reload(struct ctl_call *call)
{
	struct ctl_load l;

	if (call->client) {
		call->deferred = true;
		ctl_reload_start(call->ctl, call->client);
		return true;
	}
	load_here(call->ctl, &l);
	report_into(&l, &call->report);
	if (l.generation)
		add_outcome(&call->j, &l);
	else
		ctl_fail(call, "%s", l.error);
	load_fini(&l);
	return call->error[0] == '\0';
}
