/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The writer thread: takes records out of all rings and control's queue, encodes them, keeps the
 * newest lines, and appends to the event file. When nothing comes it flushes and sleeps.
 */
#include "event_impl.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <weir_log.h>

#define BATCH        64
#define FLUSH_BYTES  (256 * 1024)
#define SLEEP_MIN_NS (250 * WEIR_NS_PER_US)
#define SLEEP_MAX_NS (5 * WEIR_NS_PER_MS)
/* While nothing comes, however small the store: half a percent of a core is enough. */
#define SLEEP_IDLE_NS (3 * WEIR_NS_PER_MS)
/* A worker is not known to end a transaction in less. */
#define RECORD_NS (5 * WEIR_NS_PER_US)
/* Such a part of a store may fill while the writer sleeps: the rest is for what comes while it is
 * kept from its core, and while it writes. */
#define SLEEP_PART    4
#define CONTROL_QUEUE 1024

struct weir_event_writer {
	/* fixed after start */
	struct weir_event_ring **rings;
	unsigned int n_rings;
	const struct weir_names *names;
	uint64_t sleep_max_ns;
	unsigned int many; /* records that wait of one worker after a sleep that was too long */
	pthread_t thread;

	/* the writer thread, but for what event_file says */
	struct event_file file;
	struct weir_event batch[BATCH];

	_Atomic bool stop; /* relaxed: a turn more does no harm */
	_Atomic uint64_t records;

	/* any thread, under `lock` */
	pthread_mutex_t lock;
	struct event_recent recent;
	struct event_pinned pinned;
	struct weir_event waiting[CONTROL_QUEUE];
	unsigned int n_waiting;
	char *path;
	void (*on_trace)(void *ctx, const struct weir_event *e);
	void *ctx;
};

/* Under lock. */
static void take_in(struct weir_event_writer *w, const struct weir_event *e)
{
	struct weir_buf *lines = &w->file.lines;
	size_t start = lines->len;

	if (e->type == WEIR_EVENT_TRACE) {
		if (w->on_trace)
			w->on_trace(w->ctx, e);
		return;
	}
	if (e->type == WEIR_EVENT_PINNED)
		event_pinned_add(&w->pinned, e);
	weir_event_encode(e, w->names, lines);
	if (e->type == WEIR_EVENT_HTTP)
		weir_event_http_give(e->http);
	if (!lines->failed)
		event_recent_add(&w->recent, lines->ptr + start, lines->len - start);
	weir_buf_add(lines, "\n", 1);
}

static void take_batch(struct weir_event_writer *w, const struct weir_event *e, unsigned int n)
{
	pthread_mutex_lock(&w->lock);
	for (unsigned int i = 0; i < n; i++) {
		if (i + 1 < n && e[i + 1].type == WEIR_EVENT_HTTP)
			event_http_prefetch(e[i + 1].http);
		take_in(w, &e[i]);
	}
	pthread_mutex_unlock(&w->lock);
	atomic_fetch_add_explicit(&w->records, n, memory_order_relaxed);
	if (w->file.lines.len >= FLUSH_BYTES || w->file.lines.failed)
		event_file_flush(&w->file);
}

static unsigned int take_control(struct weir_event_writer *w)
{
	unsigned int n;

	pthread_mutex_lock(&w->lock);
	n = w->n_waiting;
	for (unsigned int i = 0; i < n; i++)
		take_in(w, &w->waiting[i]);
	w->n_waiting = 0;
	pthread_mutex_unlock(&w->lock);
	atomic_fetch_add_explicit(&w->records, n, memory_order_relaxed);
	return n;
}

/* Everybody once. Returns how many records there were. */
static unsigned int take_round(struct weir_event_writer *w)
{
	unsigned int sum = take_control(w);

	for (unsigned int i = 0; i < w->n_rings; i++) {
		unsigned int n = weir_event_take(w->rings[i], w->batch, BATCH);

		if (n)
			take_batch(w, w->batch, n);
		sum += n;
	}
	return sum;
}

/* Of the worker that has most waiting. */
static unsigned int most_waiting(const struct weir_event_writer *w)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < w->n_rings; i++) {
		unsigned int n = event_ring_waiting(w->rings[i]);

		most = n > most ? n : most;
	}
	return most;
}

/* A wake and a write cost as much as several records: as long as what has come meanwhile is little
 * for what a store holds, the next sleep is longer. */
static uint64_t next_sleep(const struct weir_event_writer *w, uint64_t sleep_ns)
{
	bool many = most_waiting(w) > w->many;

	sleep_ns = many ? sleep_ns / 2 : sleep_ns + SLEEP_MIN_NS;
	if (sleep_ns > w->sleep_max_ns)
		return w->sleep_max_ns;
	return sleep_ns < SLEEP_MIN_NS ? SLEEP_MIN_NS : sleep_ns;
}

static void *write_records(void *arg)
{
	struct weir_event_writer *w = arg;
	uint64_t sleep_ns = SLEEP_MIN_NS;

	for (;;) {
		/* Read before the round: what was posted before the stop is in it. */
		bool stop = atomic_load_explicit(&w->stop, memory_order_acquire);

		if (take_round(w))
			continue;
		event_file_flush(&w->file);
		if (stop)
			return NULL;
		nanosleep(&(struct timespec){.tv_nsec = (long)sleep_ns}, NULL);
		sleep_ns = next_sleep(w, sleep_ns);
	}
}

/* Signals are control's business. */
static int start_thread(struct weir_event_writer *w)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&w->thread, NULL, write_records, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return -WEIR_EIO;
	pthread_setname_np(w->thread, "weir-events");
	return 0;
}

static void free_writer(struct weir_event_writer *w)
{
	event_file_fini(&w->file);
	event_recent_fini(&w->recent);
	pthread_mutex_destroy(&w->lock);
	free(w->path);
	free(w->rings);
	free(w);
}

/* Nobody knows when a burst begins, so no sleep is longer than the fastest worker leaves time for:
 * what came over the last one only makes them shorter. */
static void bound_sleeps(struct weir_event_writer *w)
{
	uint64_t sleep_ns = (uint64_t)w->many * RECORD_NS;

	if (sleep_ns < SLEEP_IDLE_NS)
		sleep_ns = SLEEP_IDLE_NS;
	w->sleep_max_ns = sleep_ns > SLEEP_MAX_NS ? SLEEP_MAX_NS : sleep_ns;
}

static struct weir_event_writer *make_writer(const struct weir_event_writer_cfg *cfg)
{
	struct weir_event_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	event_file_init(&w->file, EVENT_FILE_NONE);
	pthread_mutex_init(&w->lock, NULL);
	w->n_rings = cfg->n_rings;
	w->names = cfg->names;
	w->on_trace = cfg->on_trace;
	w->ctx = cfg->ctx;
	w->many = cfg->transactions ? cfg->transactions / SLEEP_PART : UINT_MAX;
	bound_sleeps(w);
	w->path = cfg->path ? strdup(cfg->path) : NULL;
	w->rings = calloc(cfg->n_rings + 1, sizeof(struct weir_event_ring *));
	if (!w->rings || (cfg->path && !w->path)) {
		free_writer(w);
		return NULL;
	}
	if (cfg->n_rings)
		memcpy(w->rings, cfg->rings, cfg->n_rings * sizeof(struct weir_event_ring *));
	return w;
}

struct weir_event_writer *weir_event_writer_start(const struct weir_event_writer_cfg *cfg)
{
	struct weir_event_writer *w = make_writer(cfg);

	if (!w) {
		weir_error("no memory for the event writer");
		return NULL;
	}
	if (event_file_open(cfg->path, &w->file.fd) < 0) {
		free_writer(w);
		return NULL;
	}
	if (start_thread(w) < 0) {
		weir_error("cannot start the event writer's thread");
		free_writer(w);
		return NULL;
	}
	return w;
}

void weir_event_writer_stop(struct weir_event_writer *w)
{
	if (!w)
		return;
	atomic_store_explicit(&w->stop, true, memory_order_release);
	pthread_join(w->thread, NULL);
	free_writer(w);
}

void weir_event_writer_put(struct weir_event_writer *w, const struct weir_event *e)
{
	bool room;

	pthread_mutex_lock(&w->lock);
	room = w->n_waiting < CONTROL_QUEUE;
	if (room)
		w->waiting[w->n_waiting++] = *e;
	pthread_mutex_unlock(&w->lock);
	if (!room)
		atomic_fetch_add_explicit(&w->file.lost, 1, memory_order_relaxed);
}

void weir_event_writer_set_trace(struct weir_event_writer *w,
				 void (*on_trace)(void *ctx, const struct weir_event *e), void *ctx)
{
	pthread_mutex_lock(&w->lock);
	w->on_trace = on_trace;
	w->ctx = ctx;
	pthread_mutex_unlock(&w->lock);
}

/* Opening is done here and not by the thread, so that the caller learns how it went. */
static int switch_to(struct weir_event_writer *w, const char *path)
{
	int fd;

	if (event_file_open(path, &fd) < 0)
		return -WEIR_EIO;
	event_file_switch(&w->file, fd);
	return 0;
}

int weir_event_writer_reopen(struct weir_event_writer *w)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = switch_to(w, w->path);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int weir_event_writer_set_path(struct weir_event_writer *w, const char *path)
{
	char *copy = path ? strdup(path) : NULL;
	int rc = -WEIR_ENOMEM;

	if (path && !copy)
		return rc;
	pthread_mutex_lock(&w->lock);
	rc = switch_to(w, copy);
	if (rc == 0) {
		char *before = w->path;

		w->path = copy;
		copy = before;
	}
	pthread_mutex_unlock(&w->lock);
	free(copy);
	return rc;
}

void weir_event_writer_recent(struct weir_event_writer *w, unsigned int max, struct weir_buf *out)
{
	pthread_mutex_lock(&w->lock);
	event_recent_copy(&w->recent, max, out);
	pthread_mutex_unlock(&w->lock);
}

struct weir_event_writer_stats weir_event_writer_stats(const struct weir_event_writer *w)
{
	return (struct weir_event_writer_stats){
		.records = atomic_load_explicit(&w->records, memory_order_relaxed),
		.written = atomic_load_explicit(&w->file.written, memory_order_relaxed),
		.write_errors = atomic_load_explicit(&w->file.lost, memory_order_relaxed),
	};
}

unsigned int weir_event_writer_pinned(struct weir_event_writer *w, struct weir_event_pinned *out,
				      unsigned int max)
{
	unsigned int n;

	pthread_mutex_lock(&w->lock);
	n = w->pinned.n < max ? w->pinned.n : max;
	memcpy(out, w->pinned.name, n * sizeof(*out));
	pthread_mutex_unlock(&w->lock);
	return n;
}
