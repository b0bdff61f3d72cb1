/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench tls`: records sealed and opened, by ipsec-mb and by OpenSSL, out of and into memory
 * in one piece or in pieces as packets have them.
 */
#include "bench.h"

#include <weir_tls_record.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS   5
#define ROUND_NS (50 * WEIR_NS_PER_MS)
#define BATCH    (256U << 10) /* bytes of content sealed or opened in turn: a cache holds them */
#define PIECE    1400         /* bytes of a packet, */
#define STRIDE   2048         /* and from one to the next */
#define SPANS    16           /* of a record, at most */
#define RECORDS  (BATCH / 1400 + 1)

static const char *const suites[] = {"aes128", "aes256", "chacha20", NULL};
static const char *const versions[] = {"1.2", "1.3", NULL};

struct tls_options {
	unsigned int suite, version;
	bool json;
};

/* Bytes of a stream, each in its place. */
struct lane {
	uint8_t *memory;
	size_t piece, stride;
};

struct job {
	struct weir_bytes in[SPANS];
	struct weir_tls_room out[SPANS];
	struct weir_tls_spans spans;
};

struct tls_case {
	size_t size; /* content of a record */
	bool scattered, ipsec_mb, open;
	double rounds[ROUNDS]; /* Gbit/s of content */
};

/* What a case is measured with. */
struct tls_bed {
	struct weir_tls_crypto *crypto[2]; /* OpenSSL, ipsec-mb */
	struct weir_tls_records records;   /* as they begin */
	uint8_t *plain, *wire, *opened;
	struct job seal[RECORDS], open[RECORDS];
	unsigned int n;
};

/* Of this thread's own time: what else runs on the machine takes none of it. */
static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* ---- laying out ---- */

static struct lane lane_of(uint8_t *memory, bool scattered)
{
	return (struct lane){memory, scattered ? PIECE : SIZE_MAX, scattered ? STRIDE : 0};
}

/* The rooms of [at, at + len). Returns how many. */
static unsigned int lane_rooms(struct lane l, size_t at, size_t len, struct weir_tls_room *rooms)
{
	unsigned int n = 0;

	while (len) {
		size_t in_piece = at % l.piece, left = l.piece - in_piece;
		size_t take = left < len ? left : len;

		rooms[n++] =
			(struct weir_tls_room){l.memory + at / l.piece * l.stride + in_piece, take};
		at += take;
		len -= take;
	}
	return n;
}

static void job_set(struct job *j, struct lane from, size_t at, size_t len)
{
	struct weir_tls_room rooms[SPANS];

	j->spans.in = j->in;
	j->spans.out = j->out;
	j->spans.n_in = lane_rooms(from, at, len, rooms);
	for (unsigned int i = 0; i < j->spans.n_in; i++)
		j->in[i] = weir_bytes_of(rooms[i].ptr, rooms[i].len);
}

/* Content, records and what is opened again, each a stream of its own. */
static void lay_out(struct tls_bed *b, const struct tls_case *k)
{
	struct lane plain = lane_of(b->plain, k->scattered), wire = lane_of(b->wire, k->scattered);
	struct lane opened = lane_of(b->opened, k->scattered);
	size_t sealed = weir_tls_seal_room(&b->records, k->size);
	size_t room = weir_tls_open_room(&b->records, sealed);

	b->n = BATCH / (unsigned int)k->size;
	for (unsigned int i = 0; i < b->n; i++) {
		struct job *s = &b->seal[i], *o = &b->open[i];

		job_set(s, plain, i * k->size, k->size);
		s->spans.n_out = lane_rooms(wire, i * sealed, sealed, s->out);
		job_set(o, wire, i * sealed, sealed);
		o->spans.n_out = lane_rooms(opened, i * room, room, o->out);
	}
}

/* ---- measuring ---- */

static void seal_batch(struct tls_bed *b, struct weir_tls_crypto *c)
{
	struct weir_tls_records r = b->records;

	for (unsigned int i = 0; i < b->n; i++)
		weir_assert(weir_tls_seal(c, &r, WEIR_TLS_APPLICATION_DATA, &b->seal[i].spans) > 0);
}

static void open_batch(struct tls_bed *b, struct weir_tls_crypto *c)
{
	struct weir_tls_records r = b->records;
	struct weir_tls_opened opened;

	for (unsigned int i = 0; i < b->n; i++)
		weir_assert(weir_tls_open(c, &r, &b->open[i].spans, &opened) > 0 && opened.len);
}

static double measure_round(struct tls_bed *b, const struct tls_case *k)
{
	struct weir_tls_crypto *c = b->crypto[k->ipsec_mb];
	uint64_t begun, bytes = 0, ns;

	lay_out(b, k);
	seal_batch(b, c);
	begun = now_ns();
	do {
		if (k->open)
			open_batch(b, c);
		else
			seal_batch(b, c);
		bytes += b->n * k->size;
		ns = now_ns() - begun;
	} while (ns < ROUND_NS);
	return (double)bytes * 8 / (double)ns;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct tls_case *k)
{
	double sorted[ROUNDS];

	memcpy(sorted, k->rounds, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), by_value);
	return sorted[ROUNDS / 2];
}

/* ---- making ---- */

/* Both directions have the same key, so that what was sealed can be opened. */
static int bed_init(struct tls_bed *b, const struct tls_options *o)
{
	struct weir_tls_records_cfg cfg = {
		.version = o->version ? WEIR_TLS_1_3 : WEIR_TLS_1_2,
		.suite = (enum weir_tls_suite)o->suite,
	};
	size_t room = (BATCH + RECORDS * WEIR_TLS_OVERHEAD_MAX) / PIECE * STRIDE + 2 * STRIDE;

	memset(&cfg.tx, 1, offsetof(struct weir_tls_keys, seq));
	cfg.rx = cfg.tx;
	b->plain = calloc(1, room);
	b->wire = calloc(1, room);
	b->opened = calloc(1, room);
	b->crypto[0] = weir_tls_crypto_create(false);
	b->crypto[1] = weir_tls_crypto_create(true);
	if (!b->plain || !b->wire || !b->opened || !b->crypto[0] || !b->crypto[1] ||
	    weir_tls_records_init(&b->records, &cfg) < 0)
		return -WEIR_ENOMEM;
	return 0;
}

static void bed_fini(struct tls_bed *b)
{
	weir_tls_crypto_destroy(b->crypto[0]);
	weir_tls_crypto_destroy(b->crypto[1]);
	free(b->plain);
	free(b->wire);
	free(b->opened);
}

#define N_CASES 16

static void cases_init(struct tls_case *cases)
{
	for (unsigned int i = 0; i < N_CASES; i++)
		cases[i] = (struct tls_case){
			.ipsec_mb = i & 1,
			.open = i & 2,
			.scattered = i & 4,
			.size = i & 8 ? 1400 : WEIR_TLS_RECORD_MAX,
		};
}

/* ---- telling ---- */

static void report_json(const struct tls_bed *b, const struct tls_options *o,
			const struct tls_case *cases)
{
	struct weir_buf out = {0};
	struct weir_json j = weir_json_into(&out);

	weir_json_object(&j, NULL);
	weir_json_str(&j, "suite", suites[o->suite]);
	weir_json_str(&j, "version", versions[o->version]);
	weir_json_array(&j, "cases");
	for (unsigned int i = 0; i < N_CASES; i++) {
		weir_json_object(&j, NULL);
		weir_json_str(&j, "by", weir_tls_crypto_name(b->crypto[cases[i].ipsec_mb]));
		weir_json_str(&j, "what", cases[i].open ? "open" : "seal");
		weir_json_u64(&j, "bytes", cases[i].size);
		weir_json_bool(&j, "scattered", cases[i].scattered);
		weir_json_double(&j, "gbit", median(&cases[i]));
		weir_json_end_object(&j);
	}
	weir_json_end_array(&j);
	weir_json_end_object(&j);
	puts(out.ptr ? out.ptr : "");
	weir_buf_fini(&out);
}

static void report_text(const struct tls_bed *b, const struct tls_options *o,
			const struct tls_case *cases)
{
	printf("TLS %s, %s; Gbit/s of content in CPU time, medians of %d rounds; pieces of %d "
	       "bytes\n",
	       versions[o->version], suites[o->suite], ROUNDS, PIECE);
	printf("%-8s %-10s %-5s %9s %9s\n", "record", "memory", "", "openssl",
	       weir_tls_crypto_name(b->crypto[1]));
	for (unsigned int i = 0; i < N_CASES; i += 2)
		printf("%-8zu %-10s %-5s %9.1f %9.1f\n", cases[i].size,
		       cases[i].scattered ? "scattered" : "one piece",
		       cases[i].open ? "open" : "seal", median(&cases[i]), median(&cases[i + 1]));
}

static int measure(const struct tls_options *o)
{
	struct tls_bed *b = calloc(1, sizeof(*b));
	struct tls_case cases[N_CASES];
	int rc = b ? bed_init(b, o) : -WEIR_ENOMEM;

	cases_init(cases);
	for (unsigned int round = 0; rc == 0 && round < ROUNDS; round++)
		for (unsigned int i = 0; i < N_CASES; i++)
			cases[i].rounds[round] = measure_round(b, &cases[i]);
	if (rc)
		fprintf(stderr, "weir-bench tls: %s\n", weir_strerror(rc));
	else if (o->json)
		report_json(b, o, cases);
	else
		report_text(b, o, cases);
	if (b)
		bed_fini(b);
	free(b);
	return rc ? BENCH_FAIL : BENCH_OK;
}

static int run_tls(int argc, char **argv)
{
	struct tls_options o = {.version = 1};
	int parsed = bench_options_parse(&bench_tls, argc, argv, &o);

	return parsed == BENCH_GO_ON ? measure(&o) : parsed;
}

#define AT(field) offsetof(struct tls_options, field)
static const struct bench_option options[] = {
	{"suite", "NAME", "aes128, aes256 or chacha20, default aes128", bench_parse_word, AT(suite),
	 .words = suites},
	{"version", "TLS", "1.2 or 1.3, default 1.3", bench_parse_word, AT(version),
	 .words = versions},
	{"json", NULL, "the report as one JSON object", bench_parse_flag, AT(json)},
};

const struct bench_command bench_tls = {
	.name = "tls",
	.about = "TLS records: sealed and opened by ipsec-mb and by OpenSSL, in one piece and in "
		 "pieces. Takes five seconds.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run_tls,
};
