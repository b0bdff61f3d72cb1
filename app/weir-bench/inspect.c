/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench inspect`: what carrying and scanning a connection costs one core, without devices. A
 * client's segments come in bursts, go through both endpoints and the stream rules, and out to a
 * server that acknowledges; beside it, in the same run, the same bytes by the scanner alone. Frames
 * are made outside of the time that is measured.
 */
#include "bench.h"
#include "clock.h"
#include "segment.h"

#include <weir_mem.h>
#include <weir_pkt.h>
#include <weir_scan.h>
#include <weir_tcp.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#define BURST      32
#define MSS        BENCH_MSS
#define TEXT_BYTES (1u << 20)
#define BUFFERS    16383
#define STEP_NS    (20 * WEIR_NS_PER_US)

struct inspect_options {
	uint64_t literals;
	uint64_t megabytes;
	uint64_t rounds;
	uint64_t connections;
	bool json;
};

struct bed {
	const struct inspect_options *o;
	struct rte_mempool *pool;
	struct weir_names *names;
	struct weir_scan_db *db;
	struct weir_scan_stream stream;
	struct weir_tcp *tcp;
	struct weir_tcp_conn *conn;
	struct weir_tcp_ops ops;
	struct weir_stats stats;
	uint8_t *text;
	uint64_t now_ns;
	uint64_t cycles; /* spent in weir */
	uint64_t delivered;
	uint32_t seq[2], ack[2]; /* of client and server: next to send, acknowledged */
	uint32_t out_end;        /* up to which the server was sent bytes */
	struct rte_mbuf *sent[4 * BURST];
	unsigned int n_sent;
	uint32_t rng;
	bool scans;
};

static uint32_t next_random(struct bed *b)
{
	b->rng = b->rng * 1664525 + 1013904223;
	return b->rng >> 8;
}

/* ---- rules: literals of eight letters, which the text has next to none of ---- */

static bool write_rules(struct bed *b, const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return false;
	for (uint64_t i = 0; i < b->o->literals; i++) {
		fprintf(f, "%llu:/", (unsigned long long)i + 1);
		for (unsigned int k = 0; k < 8; k++)
			fputc('a' + (int)(next_random(b) % 26), f);
		fputs("/\n", f);
	}
	return fclose(f) == 0;
}

static bool load_rules(struct bed *b)
{
	struct weir_conf_report *r = weir_conf_report_create();
	char folder[] = "/tmp/weir-bench.XXXXXX", path[64];
	const char *paths[] = {path};
	struct weir_scan_cfg cfg = {
		.paths = paths,
		.n_paths = 1,
		.n_workers = 1,
		.streams = 2,
		.names = b->names,
	};
	bool good = r && mkdtemp(folder);

	snprintf(path, sizeof(path), "%s/literals.hs", folder);
	good = good && write_rules(b, path) && weir_scan_load(&cfg, r, &b->db) == 0 && b->db;
	unlink(path);
	rmdir(folder);
	weir_conf_report_destroy(r);
	return good;
}

static void fill_text(struct bed *b)
{
	for (uint32_t i = 0; i < TEXT_BYTES; i++)
		b->text[i] = next_random(b) % 6 ? (uint8_t)('a' + next_random(b) % 26) : ' ';
}

/* ---- frames ---- */

static struct rte_mbuf *make_frame(struct bed *b, unsigned int from, uint8_t flags, uint32_t len)
{
	const struct bench_segment s = {
		.src = 0x0a000001 + from,
		.dst = 0x0a000002 - from,
		.sport = from ? 80 : 4000,
		.dport = from ? 4000 : 80,
		.seq = b->seq[from],
		.ack = b->ack[from],
		.flags = flags,
		.clock_ms = (uint32_t)(b->now_ns / WEIR_NS_PER_MS),
		.payload = {b->text + b->seq[from] % (TEXT_BYTES - MSS), len},
	};
	struct rte_mbuf *m = bench_segment_make(b->pool, &s);

	weir_assert(m != NULL);
	b->seq[from] += len + !!(flags & (WEIR_TCP_SYN | WEIR_TCP_FIN));
	return m;
}

/* ---- what weir asks for ---- */

static void on_send(void *ctx, struct weir_tcp_conn *c, unsigned int leg, struct rte_mbuf *m)
{
	struct bench_segment s;
	struct bed *b = ctx;

	(void)c;
	bench_segment_read(m, &s);
	if (leg == 1 && s.payload.len) {
		b->out_end = s.seq + (uint32_t)s.payload.len;
		b->delivered += s.payload.len;
	}
	b->sent[b->n_sent++] = m;
	if (b->n_sent == WEIR_ARRAY_LEN(b->sent)) {
		rte_pktmbuf_free_bulk(b->sent, b->n_sent);
		b->n_sent = 0;
	}
}

static void scan(struct bed *b, struct weir_tcp_conn *c, unsigned int leg)
{
	struct weir_bytes views[BURST];
	struct weir_scan_match m[8];
	unsigned int more, n = weir_tcp_read(c, leg, 0, views, BURST);
	bool stop;

	for (unsigned int i = 0; i < n; i++)
		weir_assert(weir_scan_feed(&b->stream, views[i], m, 8, &more, &stop) >= 0);
}

static void on_bytes(void *ctx, struct weir_tcp_conn *c, unsigned int leg)
{
	struct bed *b = ctx;

	if (b->scans && leg == 0)
		scan(b, c, leg);
	weir_tcp_pass(b->tcp, c, leg, weir_tcp_readable(c, leg));
}

static void on_end(void *ctx, struct weir_tcp_conn *c, enum weir_tcp_end why)
{
	struct bed *b = ctx;

	(void)why;
	if (c == b->conn)
		b->conn = NULL;
}

/* ---- bursts: from here to the end of the flush is what is measured ---- */

static void give(struct bed *b, unsigned int from, struct rte_mbuf *const *m, unsigned int n)
{
	struct weir_tcp_open open = {.mtu = {1500, 1500}};
	uint64_t begun = rte_rdtsc();
	struct weir_pkt p[BURST];

	weir_pkt_parse_burst(p, m, n, WEIR_PKT_CHECKSUM_VERIFY);
	for (unsigned int i = 0; i < n; i++) {
		weir_assert(p[i].drop == 0);
		if (!b->conn)
			b->conn = weir_tcp_open(b->tcp, &p[i], &open, b->now_ns);
		weir_assert(b->conn != NULL);
		(void)weir_tcp_input(b->tcp, b->conn, from, &p[i], true, b->now_ns);
	}
	weir_tcp_flush(b->tcp, b->now_ns);
	rte_pktmbuf_free_bulk(b->sent, b->n_sent);
	b->n_sent = 0;
	b->cycles += rte_rdtsc() - begun;
	b->now_ns += STEP_NS;
	weir_tcp_advance(b->tcp, b->now_ns, 100);
}

static void give_one(struct bed *b, unsigned int from, uint8_t flags, uint32_t len)
{
	struct rte_mbuf *m = make_frame(b, from, flags, len);

	give(b, from, &m, 1);
}

static void open_connection(struct bed *b)
{
	b->seq[0] = next_random(b);
	b->seq[1] = next_random(b);
	give_one(b, 0, WEIR_TCP_SYN, 0);
	b->ack[1] = b->seq[0];
	give_one(b, 1, WEIR_TCP_SYN | WEIR_TCP_ACK, 0);
	b->ack[0] = b->seq[1];
	give_one(b, 0, WEIR_TCP_ACK, 0);
}

static void close_connection(struct bed *b)
{
	give_one(b, 0, WEIR_TCP_FIN | WEIR_TCP_ACK, 0);
	b->ack[1] = b->seq[0];
	give_one(b, 1, WEIR_TCP_FIN | WEIR_TCP_ACK, 0);
	b->ack[0] = b->seq[1];
	give_one(b, 0, WEIR_TCP_ACK, 0);
	weir_tcp_forget(b->tcp, b->conn);
	b->conn = NULL;
}

/* One burst of full segments, and the server's acknowledgement. */
static void carry_burst(struct bed *b)
{
	struct rte_mbuf *m[BURST];

	for (unsigned int i = 0; i < BURST; i++)
		m[i] = make_frame(b, 0, WEIR_TCP_ACK, MSS);
	give(b, 0, m, BURST);
	/* At the beginning the congestion window takes several rounds for a burst. */
	do {
		b->ack[1] = b->out_end;
		give_one(b, 1, WEIR_TCP_ACK, 0);
	} while (b->ack[1] != b->seq[0]);
}

/* ---- measuring ---- */

/* Gbit/s of payload through both endpoints. */
static double measure_carried(struct bed *b, bool scans, double cycle_s)
{
	uint64_t bytes = b->o->megabytes << 20;

	b->scans = scans;
	open_connection(b);
	for (unsigned int i = 0; i < 64; i++) /* the windows are open then */
		carry_burst(b);
	b->cycles = b->delivered = 0;
	while (b->delivered < bytes)
		carry_burst(b);
	bytes = b->delivered;
	close_connection(b);
	return (double)bytes * 8e-9 / ((double)b->cycles * cycle_s);
}

/* The same segments by the scanner alone. */
static double measure_scan(struct bed *b, double cycle_s)
{
	uint64_t bytes = 0, begun = rte_rdtsc();
	struct weir_scan_match m[8];
	unsigned int more;
	bool stop;

	for (uint32_t at = 0; bytes < b->o->megabytes << 20; bytes += MSS) {
		struct weir_bytes view = {b->text + at, MSS};

		weir_assert(weir_scan_feed(&b->stream, view, m, 8, &more, &stop) >= 0);
		at = (at + MSS) % (TEXT_BYTES - MSS);
	}
	return (double)bytes * 8e-9 / ((double)(rte_rdtsc() - begun) * cycle_s);
}

/* Connections opened and closed a second. */
static double measure_connections(struct bed *b, double cycle_s)
{
	b->cycles = 0;
	for (uint64_t i = 0; i < b->o->connections; i++) {
		open_connection(b);
		close_connection(b);
	}
	return (double)b->o->connections / ((double)b->cycles * cycle_s);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define ROUNDS_MAX 101
struct figures {
	double carried[ROUNDS_MAX], scanned[ROUNDS_MAX], scan[ROUNDS_MAX], opened[ROUNDS_MAX];
};

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

static void report(const struct bed *b, struct figures *f)
{
	unsigned int n = (unsigned int)b->o->rounds;
	double carried = median(f->carried, n), scanned = median(f->scanned, n);
	double scan_alone = median(f->scan, n), opened = median(f->opened, n);

	if (b->o->json) {
		printf("{\"literals\":%llu,\"rounds\":%u,\"carried_gbps\":%.2f,"
		       "\"carried_scanned_gbps\":%.2f,\"scan_alone_gbps\":%.2f,\"ratio\":%.3f,"
		       "\"connections_per_s\":%.0f,\"connection_bytes\":%zu}\n",
		       (unsigned long long)b->o->literals, n, carried, scanned, scan_alone,
		       scanned / scan_alone, opened, weir_tcp_conn_bytes());
		return;
	}
	printf("medians of %u rounds, one core, %u-byte segments in bursts of %u, %llu literals\n"
	       "  through both endpoints             %6.2f Gbit/s\n"
	       "  and held against the stream rules  %6.2f Gbit/s\n"
	       "  the scanner alone                  %6.2f Gbit/s (%.2f of it is kept)\n"
	       "  opened and closed                  %6.0f connections a second\n"
	       "  an idle connection holds           %6zu bytes\n",
	       n, MSS, BURST, (unsigned long long)b->o->literals, carried, scanned, scan_alone,
	       scanned / scan_alone, opened, weir_tcp_conn_bytes());
}

static bool make(struct bed *b)
{
	struct weir_tcp_cfg cfg = {
		.name = "bench",
		.connections = 16,
		.segments = BUFFERS,
		.stats = &b->stats,
		.ops = &b->ops,
		.ctx = b,
		.seed = 1,
	};

	b->ops = (struct weir_tcp_ops){on_send, on_bytes, on_end};
	b->now_ns = 1000 * WEIR_NS_PER_S;
	b->rng = 1;
	b->names = weir_names_create();
	b->text = malloc(TEXT_BYTES);
	b->pool = cfg.pool = weir_mbuf_pool_create("bench", BUFFERS, 1600, 256);
	b->tcp = weir_tcp_create(&cfg, b->now_ns);
	if (!b->names || !b->text || !b->pool || !b->tcp || !load_rules(b))
		return false;
	fill_text(b);
	return weir_scan_open(&b->stream, b->db, 0, WEIR_SCAN_TO_SERVER, 80) == 0;
}

static void unmake(struct bed *b)
{
	weir_scan_close(&b->stream);
	weir_assert(!b->db || weir_scan_db_put(b->db));
	weir_tcp_destroy(b->tcp);
	rte_mempool_free(b->pool);
	weir_names_destroy(b->names);
	free(b->text);
}

static int play(const struct inspect_options *o)
{
	struct weir_eal_cfg eal = {.program = "weir-bench", .need_bytes = 128 << 20, .quiet = true};
	struct bed b = {.o = o};
	struct figures f;
	double cycle_s;
	bool good;

	if (weir_eal_start(&eal, NULL) < 0)
		return BENCH_FAIL;
	good = make(&b);
	cycle_s = bench_seconds_a_cycle();
	for (unsigned int i = 0; good && i < o->rounds; i++) {
		f.carried[i] = measure_carried(&b, false, cycle_s);
		f.scanned[i] = measure_carried(&b, true, cycle_s);
		f.scan[i] = measure_scan(&b, cycle_s);
		f.opened[i] = measure_connections(&b, cycle_s);
	}
	if (good)
		report(&b, &f);
	unmake(&b);
	return good ? BENCH_OK : BENCH_FAIL;
}

static int run(int argc, char **argv)
{
	struct inspect_options o = {
		.literals = 1000, .megabytes = 256, .rounds = 5, .connections = 100000};
	int parsed = bench_options_parse(&bench_inspect, argc, argv, &o);

	return parsed == BENCH_GO_ON ? play(&o) : parsed;
}

#define AT(member) offsetof(struct inspect_options, member)
static const struct bench_option options[] = {
	{"literals", "N", "patterns of eight letters, default 1000", bench_parse_u64, AT(literals),
	 1, 100000},
	{"megabytes", "N", "payload a round, MiB, default 256", bench_parse_u64, AT(megabytes), 1,
	 65536},
	{"connections", "N", "opened and closed a round, default 100000", bench_parse_u64,
	 AT(connections), 1, 100000000},
	{"rounds", "N", "default 5; medians are told", bench_parse_u64, AT(rounds), 1, ROUNDS_MAX},
	{"json", NULL, "one JSON object", bench_parse_flag, AT(json)},
};

const struct bench_command bench_inspect = {
	.name = "inspect",
	.about = "What carrying a connection and holding it against stream rules costs one core, "
		 "without devices.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run,
};
