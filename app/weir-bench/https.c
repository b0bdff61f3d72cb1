/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench https`: what TLS costs one core from frame to frame, without devices: handshakes with
 * a small request, small requests and large responses on a connection that stays. Weir ends it, and
 * reads HTTP that no rules judge; beside it the same without TLS; TLS that is passed on and looked
 * at; and TLS that is forwarded. Frames come in bursts of 32 where a peer has so many, and what
 * peers do is outside of the time that is measured.
 */
#include "https.h"

#include "bench.h"
#include "clock.h"
#include <weir_tls_mint.h>
#include <weir_tls_record.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SMALL  512
#define ROUNDS 31
#define POLICY 4096
#define SERVICES                                                                \
	"kind: Defaults\n"                                                      \
	"metadata: { name: defaults }\n"                                        \
	"spec: { unmatched: allow }\n"                                          \
	"---\n"                                                                 \
	"kind: Service\n"                                                       \
	"metadata: { name: plain }\n"                                           \
	"spec: { addresses: 10.2.0.0/16, ports: [8080], protocol: http }\n"     \
	"---\n"                                                                 \
	"kind: Service\n"                                                       \
	"metadata: { name: tls }\n"                                             \
	"spec: { addresses: 10.2.0.0/16, ports: [443], protocol: http,\n"       \
	"        tls: { mode: terminate, upstream: { mode: plain },\n"          \
	"               certificates: [{ certificate: '%s', key: '%s' }] } }\n" \
	"---\n"                                                                 \
	"kind: Service\n"                                                       \
	"metadata: { name: passed }\n"                                          \
	"spec: { addresses: 10.2.0.0/16, ports: [8443], protocol: tcp,\n"       \
	"        tls: { mode: passthrough } }\n"                                \
	"---\n"                                                                 \
	"kind: ThreatPolicy\n"                                                  \
	"metadata: { name: none }\n"                                            \
	"spec: { services: [plain, tls], mode: enforce, rules: { crs: [] } }\n"

struct https_options {
	const char *certificate, *key;
	uint64_t rounds, large;
	unsigned int only; /* enum kind; KINDS: all */
	bool json;
};

enum kind { FULL, RESUMED, KEPT, LARGE, KINDS };
static const char *const kind_name[KINDS + 2] = {"full", "resumed", "small", "large", "all", NULL};

/* What weir does with a connection, by its port; and what its peers say themselves. */
enum way { ENDED, PLAIN, PASSED_13, PASSED_12, FORWARDED, WAYS };
static const struct {
	const char *name, *json;
	uint16_t port, version; /* 0: of no handshake that weir has no part in */
} ways[WAYS] = {
	[ENDED] = {"TLS", "tls", HTTPS_PORT, 0},
	[PLAIN] = {"no TLS", "plain", PLAIN_PORT, 0},
	[PASSED_13] = {"passed 1.3", "passed_13", PASSED_PORT, WEIR_TLS_1_3},
	[PASSED_12] = {"passed 1.2", "passed_12", PASSED_PORT, WEIR_TLS_1_2},
	[FORWARDED] = {"forwarded", "forwarded", FORWARDED_PORT, WEIR_TLS_1_3},
};

struct https_bench {
	struct https_options opt;
	struct http_options http;
	struct http_bed bed;
	char folder[32];
	char chain_path[64], key_path[64];
	char policy[POLICY];
	double cycle_s;
	struct https_flights flights; /* of the way at hand */
	double us[WAYS][KINDS];
	double records; /* of a large response */
};

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool open_one(struct https_bench *b, struct https_peers *p, enum way way, bool resume)
{
	return https_open(p, ways[way].port, resume) && https_talk(p, &b->flights);
}

static bool exchange(struct https_bench *b, struct https_peers *p, enum kind kind, enum way way)
{
	if (kind == KEPT)
		return https_ask(p, SMALL);
	if (kind == LARGE)
		return https_ask(p, b->opt.large);
	return open_one(b, p, way, kind == RESUMED) && https_ask(p, SMALL) && https_close(p);
}

/* The median of all rounds, in microseconds; negative: it failed. */
static double measure_one(struct https_bench *b, struct https_peers *p, enum kind kind,
			  enum way way)
{
	bool stays = kind == KEPT || kind == LARGE;
	uint64_t *cycles = calloc(b->opt.rounds, sizeof(uint64_t));
	const uint64_t *count = weir_path_stats(b->bed.path, 0)->count;
	uint64_t records, resumed;
	bool good = cycles && (!stays || open_one(b, p, way, false));
	double us;

	for (int warm = 0; warm < 3 && good; warm++)
		good = exchange(b, p, kind, way);
	records = https_records(p);
	resumed = count[WEIR_COUNT_TLS_RESUMED];
	for (uint64_t i = 0; i < b->opt.rounds && good; i++) {
		b->bed.cycles = 0;
		good = exchange(b, p, kind, way);
		cycles[i] = b->bed.cycles;
	}
	if (kind == LARGE && way == ENDED)
		b->records = (double)(https_records(p) - records) / (double)b->opt.rounds;
	good = good &&
	       (kind == RESUMED ? b->opt.rounds : 0) == count[WEIR_COUNT_TLS_RESUMED] - resumed;
	if (stays)
		good = good && https_close(p);
	if (cycles)
		qsort(cycles, b->opt.rounds, sizeof(uint64_t), by_value);
	us = good ? (double)cycles[b->opt.rounds / 2] * b->cycle_s * 1e6 : -1;
	free(cycles);
	return us;
}

static bool measure_way(struct https_bench *b, struct https_peers *p, enum way way)
{
	const struct weir_tls_cert_files files = {.chain = b->opt.certificate, .key = b->opt.key};
	bool good =
		!ways[way].version || https_flights_make(&b->flights, &files, ways[way].version);

	for (unsigned int kind = 0; kind < KINDS && good; kind++) {
		if ((way != ENDED && kind == RESUMED) ||
		    (b->opt.only != KINDS && b->opt.only != kind))
			continue;
		b->us[way][kind] = measure_one(b, p, (enum kind)kind, way);
		good = b->us[way][kind] >= 0;
	}
	https_flights_fini(&b->flights);
	b->flights = (struct https_flights){0};
	return good;
}

static bool measure(struct https_bench *b)
{
	struct https_peers *p = https_peers_create(&b->bed);
	bool good = p != NULL;

	b->cycle_s = bench_seconds_a_cycle();
	for (unsigned int way = 0; way < WAYS && good; way++)
		good = measure_way(b, p, (enum way)way);
	https_peers_destroy(p);
	return good;
}

/* ---- what came of it ---- */

static double gbit(const struct https_bench *b, unsigned int way)
{
	return (double)b->opt.large * 8e-3 / b->us[way][LARGE];
}

static void print_row(const struct https_bench *b, enum kind kind, const char *what)
{
	if (b->us[ENDED][kind] <= 0)
		return;
	printf("%-36s", what);
	for (unsigned int way = 0; way < WAYS; way++)
		if (b->us[way][kind] > 0)
			printf("%12.2f", b->us[way][kind]);
	putchar('\n');
}

static void report_text(const struct https_bench *b)
{
	printf("%-36s", "us of one core, frame to frame");
	for (unsigned int way = 0; way < WAYS; way++)
		printf("%12s", ways[way].name);
	putchar('\n');
	print_row(b, FULL, "a connection and a small request");
	print_row(b, RESUMED, "the same by a resumed session");
	print_row(b, KEPT, "a small request, connection kept");
	print_row(b, LARGE, "a large response");
	if (b->us[ENDED][LARGE] <= 0)
		return;
	printf("%-36s", "Gbit/s a core of large responses");
	for (unsigned int way = 0; way < WAYS; way++)
		printf("%12.2f", gbit(b, way));
	printf("\n%-36s%12.1f\n", "records of a large response", b->records);
}

static void report_json(const struct https_bench *b)
{
	struct weir_buf out = {0};
	struct weir_json j = weir_json_into(&out);

	weir_json_object(&j, NULL);
	for (unsigned int way = 0; way < WAYS; way++) {
		weir_json_object(&j, ways[way].json);
		for (unsigned int kind = 0; kind < KINDS; kind++)
			if (b->us[way][kind] > 0)
				weir_json_double(&j, kind_name[kind], b->us[way][kind]);
		if (b->us[way][LARGE] > 0)
			weir_json_double(&j, "gbit_core", gbit(b, way));
		weir_json_end_object(&j);
	}
	weir_json_double(&j, "records", b->records);
	weir_json_end_object(&j);
	printf("%s\n", out.ptr ? out.ptr : "{}");
	weir_buf_fini(&out);
}

/* ---- the command ---- */

/* For the servers of TLS that is passed on; and for weir where nothing else is given: a CA's
 * certificate is one, too. */
static bool make_ca(struct https_bench *b)
{
	const struct weir_tls_ca_new ca = {
		.folder = b->folder, .name = "weir-bench", .now = (int64_t)time(NULL)};
	struct weir_buf why = {0};
	bool good;

	strcpy(b->folder, "/tmp/weir-bench-XXXXXX");
	if (!mkdtemp(b->folder))
		return false;
	snprintf(b->chain_path, sizeof(b->chain_path), "%s/" WEIR_TLS_CA_CERT, b->folder);
	snprintf(b->key_path, sizeof(b->key_path), "%s/" WEIR_TLS_CA_KEY, b->folder);
	good = weir_tls_ca_init(&ca, &why) == 0;
	if (!good)
		fprintf(stderr, "weir-bench https: %s\n", why.len ? why.ptr : "no certificate");
	weir_buf_fini(&why);
	if (!b->opt.certificate) {
		b->opt.certificate = b->chain_path;
		b->opt.key = b->key_path;
	}
	return good;
}

static void remove_ca(const struct https_bench *b)
{
	if (!b->folder[0])
		return;
	unlink(b->chain_path);
	unlink(b->key_path);
	rmdir(b->folder);
}

static bool play(struct https_bench *b)
{
	bool good;

	if (!make_ca(b))
		return false;
	snprintf(b->policy, sizeof(b->policy), SERVICES, b->opt.certificate, b->opt.key);
	b->http.policy = b->policy;
	good = http_bed_init(&b->bed, &b->http) == 0 && measure(b);
	if (good && b->opt.json)
		report_json(b);
	else if (good)
		report_text(b);
	http_bed_fini(&b->bed);
	return good;
}

static int run(int argc, char **argv)
{
	struct https_bench b = {.opt = {.rounds = ROUNDS, .large = 1 << 20, .only = KINDS}};
	bool good;
	int parsed = bench_options_parse(&bench_https, argc, argv, &b.opt);

	if (parsed != BENCH_GO_ON)
		return parsed;
	if (!b.opt.certificate != !b.opt.key) {
		fputs("weir-bench https: --certificate and --key go together\n", stderr);
		return BENCH_USAGE;
	}
	good = play(&b);
	remove_ca(&b);
	return good ? BENCH_OK : BENCH_FAIL;
}

#define AT(field) offsetof(struct https_options, field)
static const struct bench_option options[] = {
	{"certificate", "FILE", "PEM chain that weir shows; else one of its own, ECDSA P-256",
	 bench_parse_text, AT(certificate)},
	{"key", "FILE", "its key, which only its owner may read", bench_parse_text, AT(key)},
	{"rounds", "N", "of which the median counts, default 31", bench_parse_u64, AT(rounds), 1,
	 100000},
	{"large", "BYTES", "of a large response, default 1 MiB", bench_parse_u64, AT(large), 1,
	 256 << 20},
	{"only", "KIND", "full, resumed, small or large; default all", bench_parse_word, AT(only),
	 .words = kind_name},
	{"json", NULL, "one JSON object", bench_parse_flag, AT(json)},
};

const struct bench_command bench_https = {
	.name = "https",
	.about = "What TLS that weir ends, or passes on, costs one core from frame to frame, "
		 "without devices: handshakes, small requests, large responses.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run,
};
