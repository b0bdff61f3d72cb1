/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench scan`: what lib/scan adds to Hyperscan. The same literals over the same bytes in the
 * same segments, by hs_scan_stream and by weir_scan_feed in turns, and connections whose two
 * streams are opened and closed.
 */
#include "bench.h"

#include <weir_scan.h>

#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS     5
#define ROUND_NS   (300 * WEIR_NS_PER_MS)
#define TEXT_BYTES (4U << 20)
#define PORT       80

struct scan_options {
	uint64_t literals, segment, streams;
	const char *rules;
	bool json;
};

/* What is measured, and with what. */
struct scan_bench {
	const struct scan_options *opt;
	uint8_t *text;
	struct weir_names *names;
	struct weir_scan_db *db;
	struct weir_scan_stream *stream; /* opt->streams */
	hs_database_t *hs;               /* NULL: there is nothing to measure against */
	hs_scratch_t *scratch;
	hs_stream_t **hs_stream;
	uint64_t matches;
};

struct scan_figures {
	double hyperscan[ROUNDS], weir[ROUNDS]; /* Gbit/s */
	double opens[ROUNDS];                   /* connections a second */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* ---- what is looked for, and where: the same each time ---- */

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

/* Ids from 1; 8 to 20 small letters. */
static void write_literals(uint64_t n, struct weir_buf *out)
{
	uint32_t random = 1;

	for (uint64_t i = 0; i < n; i++) {
		weir_buf_printf(out, "%llu:/", (unsigned long long)i + 1);
		for (uint64_t k = 0; k < 8 + i % 13; k++)
			weir_buf_printf(out, "%c", 'a' + (int)(next_random(&random) % 26));
		weir_buf_str(out, "/\n");
	}
}

/* Looks like what browsers and servers say; no literal is in it but by chance. */
static void write_text(uint8_t *text)
{
	static const char *const phrases[] = {
		"GET /index.html HTTP/1.1\r\n",
		"Host: www.example.org\r\n",
		"Accept: text/html,application/xhtml+xml\r\n",
		"<div class=\"item\"><a href=\"/products/",
		"Lorem ipsum dolor sit amet, consectetur ",
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n",
		"0123456789abcdef",
		"function(e){return e.target.value}",
	};
	uint32_t random = 2;

	for (size_t at = 0; at < TEXT_BYTES;) {
		const char *phrase = phrases[next_random(&random) % WEIR_ARRAY_LEN(phrases)];
		size_t len = strlen(phrase);

		if (len > TEXT_BYTES - at)
			len = TEXT_BYTES - at;
		memcpy(text + at, phrase, len);
		at += len;
	}
}

/* ---- making ---- */

static int load(struct scan_bench *b, const char *path)
{
	const struct weir_scan_cfg cfg = {
		.paths = &path,
		.n_paths = 1,
		.n_workers = 1,
		.streams = 2 * ((uint32_t)b->opt->streams + 1),
		.names = b->names,
	};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_buf said = {0};
	int error = r ? weir_scan_load(&cfg, r, &b->db) : -WEIR_ENOMEM;

	if (r)
		weir_conf_report_text(r, &said);
	if (said.len)
		fputs(said.ptr, stderr);
	weir_buf_fini(&said);
	weir_conf_report_destroy(r);
	return error || !b->db ? -WEIR_EINVAL : 0;
}

/* As rules come to weir: from a file. */
static int load_literals(struct scan_bench *b)
{
	char path[] = "/tmp/weir-bench.XXXXXX.hs";
	struct weir_buf text = {0};
	int fd = mkstemps(path, 3), rc = -WEIR_EIO;

	write_literals(b->opt->literals, &text);
	if (fd >= 0 && !text.failed && write(fd, text.ptr, text.len) == (ssize_t)text.len)
		rc = load(b, path);
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	weir_buf_fini(&text);
	return rc;
}

static int compile_literals(struct scan_bench *b)
{
	uint32_t n = (uint32_t)b->opt->literals;
	const char **expression = calloc(n, sizeof(*expression));
	unsigned int *flags = calloc(n, sizeof(*flags)), *id = calloc(n, sizeof(*id));
	hs_compile_error_t *error = NULL;
	int rc = -WEIR_ENOMEM;

	for (uint32_t i = 0; expression && flags && id && i < n; i++) {
		expression[i] = weir_scan_rule(b->db, i)->expression;
		flags[i] = HS_FLAG_SINGLEMATCH;
		id[i] = i;
	}
	if (expression && flags && id &&
	    hs_compile_multi(expression, flags, id, n, HS_MODE_STREAM, NULL, &b->hs, &error) ==
		    HS_SUCCESS &&
	    hs_alloc_scratch(b->hs, &b->scratch) == HS_SUCCESS)
		rc = 0;
	hs_free_compile_error(error);
	free(expression);
	free(flags);
	free(id);
	return rc;
}

static int open_streams(struct scan_bench *b)
{
	b->stream = calloc(b->opt->streams, sizeof(*b->stream));
	b->hs_stream = calloc(b->opt->streams, sizeof(*b->hs_stream));
	if (!b->stream || !b->hs_stream)
		return -WEIR_ENOMEM;
	for (uint64_t i = 0; i < b->opt->streams; i++) {
		if (weir_scan_open(&b->stream[i], b->db, 0, WEIR_SCAN_TO_SERVER, PORT) < 0)
			return -WEIR_ENOMEM;
		if (b->hs && hs_open_stream(b->hs, 0, &b->hs_stream[i]) != HS_SUCCESS)
			return -WEIR_ENOMEM;
	}
	return 0;
}

static int bench_create(struct scan_bench *b)
{
	int rc;

	b->text = malloc(TEXT_BYTES);
	b->names = weir_names_create();
	if (!b->text || !b->names)
		return -WEIR_ENOMEM;
	write_text(b->text);
	rc = b->opt->rules ? load(b, b->opt->rules) : load_literals(b);
	if (rc == 0 && !b->opt->rules)
		rc = compile_literals(b);
	return rc ? rc : open_streams(b);
}

static void bench_destroy(struct scan_bench *b)
{
	for (uint64_t i = 0; b->stream && b->hs_stream && i < b->opt->streams; i++) {
		weir_scan_close(&b->stream[i]);
		if (b->hs_stream[i])
			(void)hs_close_stream(b->hs_stream[i], NULL, NULL, NULL);
	}
	free(b->stream);
	free(b->hs_stream);
	hs_free_scratch(b->scratch);
	hs_free_database(b->hs);
	weir_assert(!b->db || weir_scan_db_put(b->db));
	weir_names_destroy(b->names);
	free(b->text);
}

/* ---- measuring ---- */

static int on_match(unsigned int id, unsigned long long from, unsigned long long to,
		    unsigned int flags, void *ctx)
{
	++*(uint64_t *)ctx;
	return 0;
}

static void feed_hyperscan(struct scan_bench *b, uint64_t i, const uint8_t *at, size_t len)
{
	weir_assert(hs_scan_stream(b->hs_stream[i], (const char *)at, (unsigned int)len, 0,
				   b->scratch, on_match, &b->matches) == HS_SUCCESS);
}

static void feed_weir(struct scan_bench *b, uint64_t i, const uint8_t *at, size_t len)
{
	struct weir_scan_match match[8];
	unsigned int more;
	bool stop;

	b->matches += (unsigned int)weir_scan_feed(&b->stream[i], (struct weir_bytes){at, len},
						   match, 8, &more, &stop);
}

/* Gbit/s. A segment goes to each stream in turn. */
static double feed_round(struct scan_bench *b,
			 void (*feed)(struct scan_bench *, uint64_t, const uint8_t *, size_t))
{
	uint64_t begun = now_ns(), bytes = 0, i = 0, ns;

	do {
		for (size_t at = 0; at + b->opt->segment <= TEXT_BYTES; at += b->opt->segment) {
			feed(b, i, b->text + at, b->opt->segment);
			i = i + 1 == b->opt->streams ? 0 : i + 1;
			bytes += b->opt->segment;
		}
		ns = now_ns() - begun;
	} while (ns < ROUND_NS);
	return (double)bytes * 8 / (double)ns;
}

/* Connections a second: both streams opened, fed a segment and closed. */
static double open_round(struct scan_bench *b)
{
	uint64_t begun = now_ns(), n = 0, ns;
	struct weir_scan_match match[8];
	unsigned int more;
	bool stop;

	do {
		for (unsigned int k = 0; k < 1000; k++, n++)
			for (uint8_t d = WEIR_SCAN_TO_SERVER; d <= WEIR_SCAN_TO_CLIENT; d++) {
				struct weir_scan_stream s = {0};

				if (!weir_scan_applies(b->db, d, PORT))
					continue;
				weir_assert(weir_scan_open(&s, b->db, 0, d, PORT) == 0);
				weir_assert(weir_scan_feed(&s, (struct weir_bytes){b->text, 64},
							   match, 8, &more, &stop) >= 0);
				weir_scan_close(&s);
			}
		ns = now_ns() - begun;
	} while (ns < ROUND_NS);
	return (double)n * 1e9 / (double)ns;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *value)
{
	qsort(value, ROUNDS, sizeof(*value), by_value);
	return value[ROUNDS / 2];
}

static void report(const struct scan_bench *b, struct scan_figures *f)
{
	double weir = median(f->weir), hyperscan = b->hs ? median(f->hyperscan) : 0;
	struct weir_scan_info info;

	weir_scan_db_info(b->db, &info);
	if (b->opt->json) {
		printf("{\"rules\":%u,\"segment\":%llu,\"streams\":%llu,\"hyperscan_gbit\":%.2f,"
		       "\"weir_gbit\":%.2f,\"connections_per_s\":%.0f,\"stream_bytes\":%llu,"
		       "\"database_bytes\":%llu,\"load_ms\":%u}\n",
		       info.rules, (unsigned long long)b->opt->segment,
		       (unsigned long long)b->opt->streams, hyperscan, weir, median(f->opens),
		       (unsigned long long)info.stream_bytes,
		       (unsigned long long)info.database_bytes, info.load_ms);
		return;
	}
	printf("%u rules, segments of %llu bytes, %llu streams; medians of %d rounds\n", info.rules,
	       (unsigned long long)b->opt->segment, (unsigned long long)b->opt->streams, ROUNDS);
	if (b->hs)
		printf("hs_scan_stream  %6.2f Gbit/s\n", hyperscan);
	printf("weir_scan_feed  %6.2f Gbit/s", weir);
	if (b->hs)
		printf(", %.3f of it", weir / hyperscan);
	printf("\nconnections     %6.2f M/s opened, fed 64 bytes each way, closed\n"
	       "a connection holds %llu bytes, the database %llu; loaded in %u ms\n",
	       median(f->opens) / 1e6, (unsigned long long)info.stream_bytes,
	       (unsigned long long)info.database_bytes, info.load_ms);
}

static int measure(const struct scan_options *o)
{
	struct scan_bench b = {.opt = o};
	struct scan_figures f;
	int rc = bench_create(&b);

	for (unsigned int i = 0; rc == 0 && i < ROUNDS; i++) {
		if (b.hs)
			f.hyperscan[i] = feed_round(&b, feed_hyperscan);
		f.weir[i] = feed_round(&b, feed_weir);
		f.opens[i] = open_round(&b);
	}
	if (rc == 0)
		report(&b, &f);
	else
		fprintf(stderr, "weir-bench scan: %s\n", weir_strerror(rc));
	bench_destroy(&b);
	return rc == 0 ? BENCH_OK : BENCH_FAIL;
}

static int run_scan(int argc, char **argv)
{
	struct scan_options o = {.literals = 1000, .segment = 1460, .streams = 1};
	int parsed = bench_options_parse(&bench_scan, argc, argv, &o);

	return parsed == BENCH_GO_ON ? measure(&o) : parsed;
}

#define AT(field) offsetof(struct scan_options, field)
static const struct bench_option options[] = {
	{"literals", "N", "random words to look for, default 1000", bench_parse_u64, AT(literals),
	 1, 100000},
	{"rules", "PATH", "a pattern file or a folder of them instead; then weir alone is measured",
	 bench_parse_text, AT(rules)},
	{"segment", "BYTES", "fed at a time, default 1460", bench_parse_u64, AT(segment), 1, 65536},
	{"streams", "N", "fed in turn, default 1", bench_parse_u64, AT(streams), 1, 1000000},
	{"json", NULL, "the report as one JSON object", bench_parse_flag, AT(json)},
};

const struct bench_command bench_scan = {
	.name = "scan",
	.about = "Stream rules: weir_scan_feed beside hs_scan_stream over the same bytes, and "
		 "connections opened and closed a second. Takes five seconds.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run_scan,
};
