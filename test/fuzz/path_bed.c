/* SPDX-License-Identifier: BSD-3-Clause */
/* The path that is fuzzed, and what records do to it. Made once. */
#include "path_bed.h"

#include <weir_mem.h>

#include <stdlib.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#define BUFFERS 1023
#define FRAMES  2047
#define STORE   512
/* Long enough for all timers and all ages, and as many steps as that may take. */
#define END_STEP_NS (600 * WEIR_NS_PER_S)
#define END_STEPS   1000

/* ---- the bed, made once ---- */

struct bed bed;
static struct rte_mempool *pool, *frames;
static struct weir_event_ring *ring;
static struct weir_event_store *store;
static uint64_t now_ns = 1700000000 * WEIR_NS_PER_S;
static uint64_t told, requests_before; /* transactions */
static uint16_t port;
static struct rte_mbuf *hostages[BUFFERS];
static unsigned int n_hostages;

static void on_tx(void *ctx, unsigned int to, struct rte_mbuf **m, unsigned int n)
{
	uint8_t bytes[2048];

	(void)ctx;
	for (unsigned int i = 0; i < n; i++) {
		size_t len = rte_pktmbuf_pkt_len(m[i]);
		const void *frame;

		weir_assert(len <= sizeof(bytes));
		frame = rte_pktmbuf_read(m[i], 0, (uint32_t)len, bytes);
		for (unsigned int t = 0; t < BED_TALKS; t++)
			if (talk_take(&bed.talks[t], to, frame, len))
				break;
		rte_pktmbuf_free(m[i]);
	}
}

struct weir_policy *bed_policy(const char *text, struct weir_conf_report *r)
{
	struct weir_conf_docs *docs = weir_conf_load_text("policy.yaml", weir_bytes_str(text), r);
	const struct weir_conf_docs *list[] = {docs};
	struct weir_policy *policy = docs ? weir_policy_from_docs(list, 1, bed.names, r) : NULL;

	weir_assert(policy != NULL);
	weir_conf_docs_destroy(docs);
	return policy;
}

static void stop(void)
{
	weir_path_destroy(bed.path);
	weir_event_ring_destroy(ring);
	weir_event_store_destroy(store);
	weir_names_destroy(bed.names);
	weir_conf_destroy(bed.conf);
}

static void make_pools(void)
{
	pool = weir_mbuf_pool_create("fuzz", BUFFERS, 2048, 0);
	frames = weir_mbuf_pool_create("fuzz_frames", FRAMES, 2048, 0);
	ring = weir_event_ring_create("fuzz", 4096);
	store = weir_event_store_create("fuzz_tx", STORE);
	weir_assert(pool && frames && ring && store);
}

static void make_conf(const char *text)
{
	struct weir_conf_report *r = weir_conf_report_create();

	bed.names = weir_names_create();
	bed.conf = weir_conf_from_text("weir.yaml", weir_bytes_str(text), r);
	weir_assert(bed.names && bed.conf);
	weir_conf_report_destroy(r);
}

void bed_start(const struct bed_cfg *of)
{
	struct weir_eal_cfg eal = {.program = "fuzz", .need_bytes = 128 << 20, .quiet = true};
	struct weir_path_cfg cfg = {.n_workers = 1, .segments = 256, .seed = 7, .tx = on_tx};

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	make_pools();
	make_conf(of->conf);
	cfg.names = bed.names;
	cfg.conf = bed.conf;
	cfg.generation = of->generation();
	cfg.pool = &pool;
	cfg.event_ring = &ring;
	cfg.event_store = &store;
	cfg.now_ns = now_ns;
	bed.path = weir_path_create(&cfg);
	weir_assert(bed.path != NULL);
	for (unsigned int t = 0; t < BED_TALKS; t++)
		bed.talks[t] = (struct talk){.path = bed.path, .frames = frames, .now_ns = &now_ns};
	atexit(stop);
}

uint64_t bed_count(enum weir_counter c)
{
	return weir_path_stats(bed.path, 0)->count[c];
}

static void take_events(void)
{
	struct weir_event events[64];
	unsigned int n;

	while ((n = weir_event_take(ring, events, WEIR_ARRAY_LEN(events))) > 0)
		for (unsigned int i = 0; i < n; i++)
			if (events[i].type == WEIR_EVENT_HTTP) {
				weir_event_http_give(events[i].http);
				told++;
			}
}

/* ---- what records do ---- */

static void give_back(void)
{
	while (n_hostages)
		rte_pktmbuf_free(hostages[--n_hostages]);
}

/* All buffers but `left` are gone. */
static void starve(unsigned int left)
{
	while (n_hostages < BUFFERS && rte_mempool_avail_count(pool) > left)
		hostages[n_hostages++] = rte_pktmbuf_alloc(pool);
}

void bed_reopen(struct talk *t)
{
	port = port < 40000 ? 40000 : port;
	talk_open(t, port++);
}

static void hear(const struct bed_record *r)
{
	struct talk_end *e = &r->talk->end[r->side];

	e->silent = r->n[0] & 1;
	e->window = (uint16_t)(r->n[1] << 8 | r->n[2]);
	talk_ack(r->talk, r->side);
}

static void pass_time(const struct bed_record *r)
{
	now_ns += (uint64_t)r->n[0] << (r->n[1] & 0x1f);
	weir_path_advance(bed.path, now_ns);
}

static void send_some(const struct bed_record *r)
{
	const struct talk_end *e = &r->talk->end[r->side];
	int64_t at = (int64_t)e->next + (int8_t)r->n[1] * 4;

	talk_send(r->talk, r->side, at < 0 ? 0 : (size_t)at, 1 + r->n[0] * 6u);
}

void bed_act(const struct bed_record *r)
{
	struct talk *t = r->talk;

	switch (r->what) {
	case BED_SEND:
		send_some(r);
		break;
	case BED_SEND_ALL:
		talk_send_all(t, r->side, 1 + r->n[0] * 6u);
		break;
	case BED_FIN:
		talk_fin(t, r->side);
		break;
	case BED_RESET:
		talk_reset(t, r->side, (int8_t)r->n[0]);
		break;
	case BED_HEAR:
		hear(r);
		break;
	case BED_TIME:
		pass_time(r);
		break;
	case BED_SEND_AGAIN:
		t->end[r->side].next = t->end[r->side].acked;
		break;
	case BED_REOPEN:
		bed_reopen(t);
		break;
	case BED_STARVE:
		give_back();
		if (r->n[0] & 1)
			starve(r->n[1]);
		break;
	default:
		talk_ack(t, r->side);
	}
}

/* ---- what must come of it ---- */

void bed_begin(void)
{
	requests_before = bed_count(WEIR_COUNT_HTTP_REQUESTS);
	told = 0;
}

static void check(void)
{
	take_events();
	weir_path_check(bed.path);
}

static bool is_empty(void)
{
	struct weir_path_gauges g;

	weir_path_gauges(bed.path, 0, &g);
	weir_assert(g.flows || g.waf_kib == 0);
	return g.flows == 0;
}

static void end(void)
{
	give_back();
	for (unsigned int i = 0; i < END_STEPS && !is_empty(); i++) {
		now_ns += END_STEP_NS;
		weir_path_advance(bed.path, now_ns);
		check();
	}
	weir_assert(is_empty());
	weir_assert(rte_mempool_in_use_count(pool) == 0);
	weir_assert(rte_mempool_in_use_count(frames) == 0);
	weir_assert(told == bed_count(WEIR_COUNT_HTTP_REQUESTS) - requests_before);
}

/* ---- an input ---- */

static size_t play_one(const struct bed_target *of, const uint8_t *data, size_t size)
{
	const struct bed_record r = {
		.what = data[0] & 15,
		.side = data[0] >> 4 & 1,
		.talk = &bed.talks[data[0] >> 5 & 1],
		.n = data + 1,
	};
	size_t used = BED_RECORD;

	if (r.what == BED_REOPEN)
		of->look(r.talk);
	if (r.what == BED_RAW)
		used += of->raw(&r, data + BED_RECORD, size - BED_RECORD);
	else
		of->act(&r);
	check();
	return used;
}

void bed_play(const struct bed_target *of, const uint8_t *data, size_t size)
{
	while (size >= BED_RECORD) {
		size_t used = play_one(of, data, size);

		data += used;
		size -= used;
	}
	for (unsigned int t = 0; t < BED_TALKS; t++)
		of->look(&bed.talks[t]);
	end();
}
