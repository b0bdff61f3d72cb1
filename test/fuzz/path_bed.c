/* SPDX-License-Identifier: BSD-3-Clause */
/* The path that is fuzzed, and what records do to it. Made once. */
#include "path_bed.h"

#include <weir_mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#define BUFFERS 1023
#define FRAMES  2047
#define STORE   512
#define RELOADS 1 /* they take time */
/* Long enough for all timers and all ages, and as many steps as that may take. */
#define END_STEP_NS (600 * WEIR_NS_PER_S)
#define END_STEPS   1000

static const char conf_text[] = "memory: {connections: 64, waf: 4MiB}\n"
				"ports:\n"
				"  - {name: left, device: 'vdev:net_null0'}\n"
				"  - {name: right, device: 'vdev:net_null1'}\n"
				"wires: [{name: w0, ports: [left, right]}]\n"
				"rules: {stream: ['%s/stream.hs']}\n";

/* ---- the bed, made once ---- */

static const char *policy_text;
struct bed bed;
static struct weir_path *path;
static struct weir_conf *conf;
static struct weir_names *names;
static char folder[] = "/tmp/weir-fuzz-http-XXXXXX";
static struct rte_mempool *pool, *frames;
static struct weir_event_ring *ring;
static struct weir_event_store *store;
static struct talk talks[BED_TALKS];
static uint64_t now_ns = 1700000000 * WEIR_NS_PER_S;
static uint64_t told; /* transactions */
static unsigned int reloads;
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
			if (talk_take(&talks[t], to, frame, len))
				break;
		rte_pktmbuf_free(m[i]);
	}
}

static struct weir_bytes bytes_of(const char *text)
{
	return weir_bytes_of(text, strlen(text));
}

static void write_file(const char *name, const char *text)
{
	char to[64];
	FILE *f;

	snprintf(to, sizeof(to), "%s/%s", folder, name);
	f = fopen(to, "w");
	weir_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static struct weir_policy *make_policy(struct weir_conf_report *r)
{
	char text[4096];
	const char *place;
	const struct weir_conf_docs *list[1];
	struct weir_conf_docs *docs;
	struct weir_policy *policy;

	place = strstr(policy_text, "FOLDER");
	weir_assert(place != NULL);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - policy_text), policy_text, folder,
		 place + strlen("FOLDER"));
	docs = weir_conf_load_text("policy.yaml", bytes_of(text), r);
	list[0] = docs;
	policy = docs ? weir_policy_from_docs(list, 1, names, r) : NULL;
	weir_assert(policy != NULL);
	weir_conf_docs_destroy(docs);
	return policy;
}

/* All generations are alike. */
struct weir_generation *bed_generation(void)
{
	static uint32_t number;
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_generation *g = weir_generation_create(++number, make_policy(r), "fuzz");

	weir_assert(g != NULL);
	weir_assert(weir_path_load_rules(conf, conf, 1, names, r, &g->scan) == 0);
	weir_assert(weir_path_load_waf(g->policy, conf, conf, 1, names, r, &g->programs) == 0);
	weir_conf_report_destroy(r);
	return g;
}

static void make_conf(const char *rules)
{
	struct weir_conf_report *r = weir_conf_report_create();
	char text[1024];

	weir_assert(mkdtemp(folder) != NULL);
	write_file("waf.conf", rules);
	write_file("stream.hs", "1:/streamattack/\n");
	write_file("stream.yaml", "patterns: [{id: 1, action: reset}]\n");
	snprintf(text, sizeof(text), conf_text, folder);
	conf = weir_conf_from_text("weir.yaml", bytes_of(text), r);
	weir_assert(conf != NULL);
	weir_conf_report_destroy(r);
}

static void remove_files(void)
{
	static const char *const made[] = {"waf.conf", "stream.hs", "stream.yaml", ""};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(made); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s/%s", folder, made[i]);
		remove(name);
	}
}

static void stop(void)
{
	weir_path_destroy(path);
	weir_event_ring_destroy(ring);
	weir_event_store_destroy(store);
	weir_names_destroy(names);
	weir_conf_destroy(conf);
	remove_files();
}

void bed_start(const char *policy, const char *rules, uint16_t second)
{
	struct weir_eal_cfg eal = {.program = "fuzz", .need_bytes = 128 << 20, .quiet = true};
	struct weir_path_cfg cfg = {.n_workers = 1, .segments = 256, .seed = 7, .tx = on_tx};

	policy_text = policy;
	weir_assert(weir_eal_start(&eal, NULL) == 0);
	pool = weir_mbuf_pool_create("fuzz", BUFFERS, 2048, 0);
	frames = weir_mbuf_pool_create("fuzz_frames", FRAMES, 2048, 0);
	ring = weir_event_ring_create("fuzz", 4096);
	store = weir_event_store_create("fuzz_tx", STORE);
	names = weir_names_create();
	weir_assert(pool && frames && ring && store && names);
	make_conf(rules);
	cfg.names = names;
	cfg.conf = conf;
	cfg.generation = bed_generation();
	cfg.pool = &pool;
	cfg.event_ring = &ring;
	cfg.event_store = &store;
	cfg.now_ns = now_ns;
	path = weir_path_create(&cfg);
	weir_assert(path != NULL);
	for (unsigned int t = 0; t < BED_TALKS; t++)
		talks[t] = (struct talk){.path = path,
					 .frames = frames,
					 .now_ns = &now_ns,
					 .server_port = t ? second : 80};
	bed.path = path;
	bed.talks = talks;
	atexit(stop);
}

uint64_t bed_count(enum weir_counter c)
{
	return weir_path_stats(path, 0)->count[c];
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

static void write_fill(const struct bed_record *r, size_t len)
{
	uint8_t fill[65536];

	memset(fill, r->n[2] ? r->n[2] : 'x', len);
	talk_write(r->talk, r->side, fill, len);
}

static void write_chunk(const struct bed_record *r, size_t len)
{
	char size[16];

	snprintf(size, sizeof(size), "%zx\r\n", len);
	talk_write(r->talk, r->side, size, strlen(size));
	write_fill(r, len);
	talk_write(r->talk, r->side, "\r\n", 2);
}

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
	weir_path_advance(path, now_ns);
}

/* Returns how many bytes of the input it has used as such, of `left`. */
size_t bed_write_raw(const struct bed_record *r, const uint8_t *in, size_t left)
{
	size_t n = r->n[0] < left ? r->n[0] : left;

	talk_write(r->talk, r->side, in, n);
	return n;
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
	case 2:
		send_some(r);
		break;
	case 3:
		talk_send_all(t, r->side, 1 + r->n[0] * 6u);
		break;
	case 4:
		talk_fin(t, r->side);
		break;
	case 5:
		talk_reset(t, r->side, (int8_t)r->n[0]);
		break;
	case 6:
		hear(r);
		break;
	case 7:
		pass_time(r);
		break;
	case 8:
		write_fill(r, (r->n[0] + 1u) * (r->n[1] + 1u) - 1);
		break;
	case 9:
		write_chunk(r, (r->n[0] + 1u) * (r->n[1] + 1u) - 1);
		break;
	case 10:
		t->end[r->side].next = t->end[r->side].acked;
		break;
	case 11:
		give_back();
		if (r->n[0] & 1)
			starve(r->n[1]);
		break;
	case 15:
		if (reloads++ < RELOADS)
			weir_path_publish(path, bed_generation());
		break;
	default:
		talk_ack(t, r->side);
	}
}

/* ---- what must come of it ---- */

static uint64_t requests_before;

void bed_begin(void)
{
	requests_before = bed_count(WEIR_COUNT_HTTP_REQUESTS);
	told = 0;
	reloads = 0;
	for (unsigned int t = 0; t < BED_TALKS; t++)
		bed_reopen(&talks[t]);
}

void bed_check(void)
{
	take_events();
	weir_path_check(path);
}

static bool is_empty(void)
{
	struct weir_path_gauges g;

	weir_path_gauges(path, 0, &g);
	weir_assert(g.flows || g.waf_kib == 0);
	return g.flows == 0;
}

void bed_end(void)
{
	unsigned int i;

	give_back();
	for (i = 0; i < END_STEPS && !is_empty(); i++) {
		now_ns += END_STEP_NS;
		weir_path_advance(path, now_ns);
		take_events();
		weir_path_check(path);
	}
	weir_assert(is_empty());
	weir_assert(rte_mempool_in_use_count(pool) == 0);
	weir_assert(rte_mempool_in_use_count(frames) == 0);
	weir_assert(told == bed_count(WEIR_COUNT_HTTP_REQUESTS) - requests_before);
}
