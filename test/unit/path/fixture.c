/* SPDX-License-Identifier: BSD-3-Clause */
/* A path with one worker between two ports, fed by hand, its output and records kept. */
#include "fixture.h"

#include <weir_mem.h>

#include <stdio.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

const struct frame_spec client = {
	.src = "10.0.0.2", .dst = "10.0.1.2", .sport = 40000, .dport = 80};
const struct frame_spec server = {
	.src = "10.0.1.2", .dst = "10.0.0.2", .sport = 80, .dport = 40000, .from_second = true};

#define CONF                                                \
	"memory: {connections: %u, waf: 2MiB, http2: %s}\n" \
	"ports:\n"                                          \
	"  - {name: left, device: 'vdev:net_null0'}\n"      \
	"  - {name: right, device: 'vdev:net_null1'}\n"     \
	"wires: [{name: w0, ports: [left, right]}]\n"

void fixture_start_eal(void)
{
	static bool started;
	struct weir_eal_cfg cfg = {.program = "test", .need_bytes = 128 << 20, .quiet = true};

	if (!started)
		ck_assert_int_eq(weir_eal_start(&cfg, NULL), 0);
	started = true;
}

static struct weir_policy *policy_of(struct fixture *f, const char *text)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_bytes bytes = {(const uint8_t *)text, strlen(text)};
	struct weir_conf_docs *docs = weir_conf_load_text("policy.yaml", bytes, r);
	const struct weir_conf_docs *list[] = {docs};
	struct weir_policy *p = docs ? weir_policy_from_docs(list, 1, f->names, r) : NULL;
	struct weir_buf said = {0};

	weir_conf_report_text(r, &said);
	ck_assert_msg(p != NULL, "%s", said.len ? said.ptr : "no policy");
	weir_buf_fini(&said);
	weir_conf_docs_destroy(docs);
	weir_conf_report_destroy(r);
	return p;
}

static struct weir_scan_db *scan_of(struct fixture *f, struct weir_conf_report *r)
{
	const struct weir_scan_cfg cfg = {.paths = &f->stream_rules,
					  .n_paths = f->stream_rules != NULL,
					  .n_workers = 1,
					  .streams = 64,
					  .names = f->names};
	struct weir_scan_db *db;

	ck_assert_int_eq(weir_scan_load(&cfg, r, &db), 0);
	return db;
}

/* With the programs of its threat policies, and the contexts of its Services. */
static struct weir_generation *generation_of(struct fixture *f, const char *text, uint32_t number)
{
	struct weir_policy *policy = policy_of(f, text);
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_buf said = {0};
	struct weir_tls_loading tls = {.policy = policy,
				       .n_workers = 1,
				       .names = f->names,
				       .tickets = f->tickets,
				       .report = r};
	struct weir_tls_services *services;
	struct weir_programs *programs;
	struct weir_scan_db *scan = scan_of(f, r);
	struct weir_generation *g;
	int rc = weir_path_load_waf(policy, f->conf, f->conf, 1, f->names, r, &programs);

	rc = weir_path_load_tls(&tls, &services) | rc;

	weir_conf_report_text(r, &said);
	ck_assert_msg(rc == 0, "%s", said.len ? said.ptr : "no programs");
	weir_buf_fini(&said);
	weir_conf_report_destroy(r);
	g = weir_generation_create(number, policy, "test");
	ck_assert_ptr_nonnull(g);
	g->programs = programs;
	g->tls = services;
	g->scan = scan;
	return g;
}

static struct weir_conf *conf_of(unsigned int connections, const char *http2)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *conf;
	char text[512];
	int len = snprintf(text, sizeof(text), CONF, connections, http2);

	conf = weir_conf_from_text("weir.yaml",
				   (struct weir_bytes){(const uint8_t *)text, (size_t)len}, r);
	ck_assert_ptr_nonnull(conf);
	weir_conf_report_destroy(r);
	return conf;
}

static void keep_frame(struct fixture *f, unsigned int port, struct rte_mbuf *m)
{
	struct out_frame *o = &f->out[f->n_out % OUT_MAX];
	const void *bytes;

	f->n_out++;
	o->port = port;
	o->frame.len = rte_pktmbuf_pkt_len(m);
	ck_assert_uint_le(o->frame.len, sizeof(o->frame.bytes));
	bytes = rte_pktmbuf_read(m, 0, rte_pktmbuf_pkt_len(m), o->frame.bytes);
	if (bytes != o->frame.bytes)
		memcpy(o->frame.bytes, bytes, o->frame.len);
	rte_pktmbuf_free(m);
}

static void on_tx(void *ctx, unsigned int port, struct rte_mbuf **m, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		keep_frame(ctx, port, m[i]);
}

/* A test that has failed has left its own: no name comes twice. */
static void make_pools(struct fixture *f)
{
	static unsigned int made;
	char name[18];

	snprintf(name, sizeof(name), "fixture%u", made);
	f->pool = weir_mbuf_pool_create(name, 2048, 2048, 0);
	f->ring = weir_event_ring_create(name, 4096);
	snprintf(name, sizeof(name), "fixture%u_tx", made++);
	f->store = weir_event_store_create(name, 64);
}

struct fixture *fixture_create_with(const char *policy, unsigned int connections, const char *http2)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct weir_path_cfg cfg = {.n_workers = 1, .seed = 7, .tx = on_tx, .tx_ctx = f};

	ck_assert_ptr_nonnull(f);
	fixture_start_eal();
	f->now_ns = 1700000000 * WEIR_NS_PER_S;
	f->conf = conf_of(connections, http2);
	f->names = weir_names_create();
	f->tickets = weir_tls_tickets_create();
	make_pools(f);
	ck_assert(f->pool && f->ring && f->store && f->names);
	cfg.conf = f->conf;
	cfg.names = f->names;
	cfg.pool = &f->pool;
	cfg.event_ring = &f->ring;
	cfg.now_ns = f->now_ns;
	cfg.event_store = &f->store;
	cfg.generation = generation_of(f, policy, 1);
	f->path = weir_path_create(&cfg);
	ck_assert_ptr_nonnull(f->path);
	return f;
}

struct fixture *fixture_create(const char *policy, unsigned int connections)
{
	return fixture_create_with(policy, connections, "64MiB");
}

/* Every buffer must have come back. */
void fixture_destroy(struct fixture *f)
{
	weir_path_destroy(f->path);
	ck_assert_uint_eq(rte_mempool_in_use_count(f->pool), 0);
	(void)fixture_events_of(f, WEIR_EVENT_FLOW, NULL);
	weir_event_ring_destroy(f->ring);
	weir_event_store_destroy(f->store);
	rte_mempool_free(f->pool);
	weir_tls_tickets_destroy(f->tickets);
	weir_names_destroy(f->names);
	weir_conf_destroy(f->conf);
	free(f);
}

void fixture_reload(struct fixture *f, const char *policy, uint32_t number)
{
	weir_path_publish(f->path, generation_of(f, policy, number));
}

/* NULL: there is none. */
static struct rte_mbuf *mbuf_of(struct fixture *f, const struct frame *frame)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);

	ck_assert(m || f->may_lose);
	if (m)
		memcpy(rte_pktmbuf_append(m, (uint16_t)frame->len), frame->bytes, frame->len);
	return m;
}

void fixture_feed_burst(struct fixture *f, unsigned int port, const struct frame *frames,
			unsigned int n)
{
	struct rte_mbuf *m[WEIR_PATH_FEED_MAX];
	unsigned int got = 0;

	ck_assert_uint_le(n, WEIR_PATH_FEED_MAX);
	for (unsigned int i = 0; i < n; i++) {
		m[got] = mbuf_of(f, &frames[i]);
		got += m[got] != NULL;
	}
	if (!got)
		return;
	f->now_ns += WEIR_NS_PER_MS;
	weir_path_feed_burst(f->path, port, m, got, f->now_ns);
	weir_path_check(f->path);
}

unsigned int fixture_feed(struct fixture *f, unsigned int port, const struct frame *frame)
{
	unsigned int before = f->n_out;

	fixture_feed_burst(f, port, frame, 1);
	return f->n_out - before;
}

void fixture_wait(struct fixture *f, uint64_t ns)
{
	f->now_ns += ns;
	weir_path_advance(f->path, f->now_ns);
	weir_path_check(f->path);
}

const struct out_frame *fixture_last(const struct fixture *f)
{
	ck_assert_uint_gt(f->n_out, 0);
	return &f->out[(f->n_out - 1) % OUT_MAX];
}

uint64_t fixture_count(const struct fixture *f, enum weir_counter c)
{
	return weir_path_stats(f->path, 0)->count[c];
}

uint64_t fixture_drops(const struct fixture *f, enum weir_drop d)
{
	return weir_path_stats(f->path, 0)->drop[d];
}

unsigned int fixture_events(struct fixture *f, struct weir_event *out, unsigned int max)
{
	return weir_event_take(f->ring, out, max);
}

unsigned int fixture_events_of(struct fixture *f, enum weir_event_type type,
			       struct weir_event *last)
{
	struct weir_event events[64];
	unsigned int n, found = 0;

	while ((n = fixture_events(f, events, WEIR_ARRAY_LEN(events))) > 0)
		for (unsigned int i = 0; i < n; i++) {
			if (events[i].type == WEIR_EVENT_HTTP)
				weir_event_http_give(events[i].http);
			if (events[i].type != type)
				continue;
			found++;
			if (last)
				*last = events[i];
		}
	return found;
}

void fixture_handshake(struct fixture *f, struct frame_spec c)
{
	struct frame_spec s = {.src = c.dst,
			       .dst = c.src,
			       .sport = c.dport,
			       .dport = c.sport,
			       .from_second = true};
	struct frame frame;

	c.tcp_flags = 0x02;
	c.seq = 1000;
	frame = frame_tcp(&c);
	ck_assert_uint_eq(fixture_feed(f, 0, &frame), 1);
	s.tcp_flags = 0x12;
	s.seq = 5000;
	s.ack = 1001;
	frame = frame_tcp(&s);
	ck_assert_uint_eq(fixture_feed(f, 1, &frame), 1);
	c.tcp_flags = 0x10;
	c.seq = 1001;
	c.ack = 5001;
	frame = frame_tcp(&c);
	ck_assert_uint_eq(fixture_feed(f, 0, &frame), 1);
}
