/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams. Hyperscan allocates a stream's state when it is opened, so control opens them all before
 * a worker sees the database; a worker takes one that is free and resets it.
 */
#include "scan_impl.h"

#include <stdlib.h>

/* ---- made and taken apart by control ---- */

static int open_all(const struct weir_scan_db *db, struct scan_worker *w, unsigned int d)
{
	hs_database_t *hs = db->side[d].hs;

	if (!hs)
		return 0;
	w->free[d] = calloc(db->n_streams ? db->n_streams : 1, sizeof(*w->free[d]));
	if (!w->free[d] || hs_alloc_scratch(hs, &w->scratch) != HS_SUCCESS)
		return -WEIR_ENOMEM;
	for (; w->n_free[d] < db->n_streams; w->n_free[d]++)
		if (hs_open_stream(hs, 0, &w->free[d][w->n_free[d]]) != HS_SUCCESS)
			return -WEIR_ENOMEM;
	return 0;
}

int scan_workers_create(struct weir_scan_db *db)
{
	size_t bytes = db->n_workers * sizeof(*db->worker);

	db->worker = aligned_alloc(WEIR_CACHE_LINE, bytes);
	if (!db->worker)
		return -WEIR_ENOMEM;
	memset(db->worker, 0, bytes);
	for (unsigned int i = 0; i < db->n_workers; i++)
		for (unsigned int d = 0; d < 2; d++)
			if (open_all(db, &db->worker[i], d) < 0)
				return -WEIR_ENOMEM;
	return 0;
}

static void worker_destroy(struct scan_worker *w)
{
	for (unsigned int d = 0; d < 2; d++) {
		for (uint32_t i = 0; i < w->n_free[d]; i++)
			(void)hs_close_stream(w->free[d][i], NULL, NULL, NULL);
		free(w->free[d]);
	}
	hs_free_scratch(w->scratch);
}

void scan_db_destroy(struct weir_scan_db *db)
{
	for (unsigned int i = 0; db->worker && i < db->n_workers; i++)
		worker_destroy(&db->worker[i]);
	free(db->worker);
	for (unsigned int d = 0; d < 2; d++)
		hs_free_database(db->side[d].hs);
	for (uint32_t i = 0; i < db->n_rules; i++)
		free(db->rules[i].expression);
	free(db->rules);
	free(db);
}

static uint32_t open_streams(const struct weir_scan_db *db)
{
	uint32_t n = 0;

	/* Acquire, with the release in weir_scan_close: the stream is back in its place. */
	for (unsigned int i = 0; i < db->n_workers; i++)
		n += atomic_load_explicit(&db->worker[i].open, memory_order_acquire);
	return n;
}

struct weir_scan_db *weir_scan_db_get(struct weir_scan_db *db)
{
	db->refs++;
	return db;
}

bool weir_scan_db_put(struct weir_scan_db *db)
{
	db->refs--;
	return weir_scan_db_put_again(db);
}

bool weir_scan_db_put_again(struct weir_scan_db *db)
{
	if (db->refs || open_streams(db))
		return false;
	scan_db_destroy(db);
	return true;
}

void weir_scan_db_info(const struct weir_scan_db *db, struct weir_scan_info *out)
{
	*out = db->info;
	out->streams = open_streams(db);
}

const struct weir_scan_rule *weir_scan_rule(const struct weir_scan_db *db, uint32_t index)
{
	return &db->rules[index];
}

/* ---- worker ---- */

static unsigned int side_of(uint8_t direction)
{
	return direction == WEIR_SCAN_TO_CLIENT;
}

bool weir_scan_applies(const struct weir_scan_db *db, uint8_t direction, uint16_t port)
{
	const struct scan_side *side = &db->side[side_of(direction)];

	return side->any_port || side->ports[port / 64] >> port % 64 & 1;
}

static void count_open(struct scan_worker *w, uint32_t change)
{
	uint32_t n = atomic_load_explicit(&w->open, memory_order_relaxed);

	atomic_store_explicit(&w->open, n + change, memory_order_release);
}

int weir_scan_open(struct weir_scan_stream *s, struct weir_scan_db *db, unsigned int worker,
		   uint8_t direction, uint16_t port)
{
	struct scan_worker *w = &db->worker[worker];
	unsigned int d = side_of(direction);

	if (w->n_free[d] == 0)
		return -WEIR_ENOMEM;
	*s = (struct weir_scan_stream){
		.db = db,
		.state = w->free[d][--w->n_free[d]],
		.port = port,
		.direction = direction & (WEIR_SCAN_TO_SERVER | WEIR_SCAN_TO_CLIENT),
		.worker = (uint8_t)worker,
	};
	count_open(w, 1);
	return 0;
}

/* Without a callback the reset throws away what an end of data would have matched. */
void weir_scan_close(struct weir_scan_stream *s)
{
	struct scan_worker *w;
	unsigned int d = side_of(s->direction);

	if (!s->db)
		return;
	w = &s->db->worker[s->worker];
	(void)hs_reset_stream(s->state, 0, w->scratch, NULL, NULL);
	w->free[d][w->n_free[d]++] = s->state;
	s->db = NULL;
	count_open(w, (uint32_t)-1);
}

/* ---- matches ---- */

struct feeding {
	const struct weir_scan_stream *stream;
	struct weir_scan_match *out;
	unsigned int n, max, more;
	bool stop;
};

static bool is_about(const struct weir_scan_rule *rule, const struct weir_scan_stream *s)
{
	if (!(rule->directions & s->direction))
		return false;
	for (unsigned int i = 0; i < rule->n_ports; i++)
		if (rule->ports[i].first <= s->port && s->port <= rule->ports[i].last)
			return true;
	return rule->n_ports == 0;
}

/* What Hyperscan tells has its rule. */
static uint32_t index_of(const struct weir_scan_db *db, unsigned int id)
{
	uint32_t low = 0, high = db->n_rules;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (db->rules[middle].id <= id)
			low = middle;
		else
			high = middle;
	}
	weir_assert(db->rules[low].id == id);
	return low;
}

static void tell(struct feeding *g, uint32_t index, uint64_t end)
{
	/* The one that stops is always told. */
	if (g->n == g->max && g->stop) {
		g->n--;
		g->more++;
	}
	if (g->n < g->max)
		g->out[g->n++] = (struct weir_scan_match){.rule = index, .end = end};
	else
		g->more++;
}

static int on_match(unsigned int id, unsigned long long from, unsigned long long to,
		    unsigned int flags, void *ctx)
{
	struct feeding *g = ctx;
	uint32_t index = index_of(g->stream->db, id);
	const struct weir_scan_rule *rule = &g->stream->db->rules[index];

	if (!is_about(rule, g->stream))
		return 0;
	g->stop = rule->action != WEIR_SCAN_ALERT;
	tell(g, index, to > g->stream->fed ? to : g->stream->fed);
	return g->stop;
}

int weir_scan_feed(struct weir_scan_stream *s, struct weir_bytes bytes, struct weir_scan_match *out,
		   unsigned int max, unsigned int *more, bool *stop)
{
	struct feeding g = {.stream = s, .out = out, .max = max, .stop = s->stopped};
	hs_scratch_t *scratch = s->db->worker[s->worker].scratch;
	/* A stream that was stopped is not scanned any more. */
	hs_error_t error = hs_scan_stream(s->state, (const char *)bytes.ptr,
					  (unsigned int)bytes.len, 0, scratch, on_match, &g);

	s->fed += bytes.len;
	s->stopped = g.stop;
	*more = g.more;
	*stop = g.stop;
	if (error != HS_SUCCESS && error != HS_SCAN_TERMINATED)
		return -WEIR_EIO;
	return (int)g.n;
}
