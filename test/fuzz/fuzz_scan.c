/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pattern file, its side-car and a stream, with a line of --- between them. What is accepted must
 * tell the same of the stream in one piece and in pieces, at the ends of what it was fed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <weir_scan.h>

#define PATTERNS_MAX 512 /* bytes: compiling is not what is looked at */
#define MATCHES      64

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/weir-fuzz-scan.XXXXXX";
static char patterns[64], sidecar[64];

static void clean(void)
{
	unlink(patterns);
	unlink(sidecar);
	rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (!mkdtemp(folder))
		abort();
	snprintf(patterns, sizeof(patterns), "%s/a.hs", folder);
	snprintf(sidecar, sizeof(sidecar), "%s/a.yaml", folder);
	atexit(clean);
	return 0;
}

/* What stands before the next line of ---; *in goes behind it. */
static struct weir_bytes part(struct weir_bytes *in)
{
	const uint8_t *line = memmem(in->ptr, in->len, "\n---\n", 5);
	struct weir_bytes out = *in;

	if (line)
		out.len = (size_t)(line - in->ptr) + 1;
	in->ptr += line ? out.len + 4 : out.len;
	in->len -= line ? out.len + 4 : out.len;
	return out;
}

/* Hyperscan takes its time with large repeats; they are not ours to find. */
static bool is_slow(struct weir_bytes b)
{
	unsigned int digits = 0, repeats = 0;

	for (size_t i = 0; i < b.len; i++) {
		digits = b.ptr[i] >= '0' && b.ptr[i] <= '9' ? digits + 1 : 0;
		repeats += b.ptr[i] == '{' || b.ptr[i] == '*' || b.ptr[i] == '+';
		if (digits > 2 || repeats > 8)
			return true;
	}
	return b.len > PATTERNS_MAX;
}

static void write_file(const char *path, struct weir_bytes b)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(b.ptr, 1, b.len, f) != b.len || fclose(f))
		abort();
}

struct told {
	struct weir_scan_match match[MATCHES];
	unsigned int n, more;
	bool stop;
};

static void feed(struct weir_scan_stream *s, struct weir_bytes b, size_t offset, struct told *t)
{
	unsigned int before = t->n, more;
	int n = weir_scan_feed(s, b, t->match + t->n, MATCHES - t->n, &more, &t->stop);

	weir_assert(n >= 0);
	t->n += (unsigned int)n;
	t->more += more;
	for (unsigned int i = before; i < t->n; i++) {
		weir_assert(t->match[i].end >= offset && t->match[i].end <= offset + b.len);
		weir_assert(i == before || t->match[i - 1].end <= t->match[i].end);
	}
}

static struct told scan(struct weir_scan_db *db, uint8_t direction, struct weir_bytes in,
			size_t step)
{
	struct weir_scan_stream s;
	struct told t = {0};

	weir_assert(weir_scan_open(&s, db, 0, direction, 80) == 0);
	for (size_t at = 0; at < in.len && t.n < MATCHES; at += step)
		feed(&s, (struct weir_bytes){in.ptr + at, in.len - at < step ? in.len - at : step},
		     at, &t);
	weir_scan_close(&s);
	return t;
}

static bool has(const struct told *t, uint32_t rule)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (t->match[i].rule == rule)
			return true;
	return false;
}

static void show(const struct weir_scan_db *db, const struct told *t, struct weir_bytes in)
{
	char text[WEIR_SCAN_CONTEXT];

	for (unsigned int i = 0; i < t->n; i++) {
		weir_scan_context(weir_scan_rule(db, t->match[i].rule), in, (size_t)t->match[i].end,
				  text);
		weir_assert(strlen(text) < WEIR_SCAN_CONTEXT);
	}
}

static void compare(struct weir_scan_db *db, uint8_t direction, struct weir_bytes in, bool same)
{
	struct told whole = scan(db, direction, in, in.len), cut = scan(db, direction, in, 1);

	show(db, &whole, in);
	/* Without room for all, or where matches are undefined, there is nothing to compare. */
	if (!same || whole.more || cut.more || whole.n >= MATCHES || cut.n >= MATCHES)
		return;
	weir_assert(whole.stop == cut.stop);
	for (unsigned int i = 0; i < whole.n && !whole.stop; i++)
		weir_assert(has(&cut, whole.match[i].rule));
	for (unsigned int i = 0; i < cut.n && !whole.stop; i++)
		weir_assert(has(&whole, cut.match[i].rule));
}

static void use(struct weir_scan_db *db, struct weir_bytes in, bool same)
{
	for (uint8_t d = WEIR_SCAN_TO_SERVER; in.len && d <= WEIR_SCAN_TO_CLIENT; d++)
		if (weir_scan_applies(db, d, 80))
			compare(db, d, in, same);
	weir_assert(weir_scan_db_put(db));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_bytes in = {data, size}, hs = part(&in), yaml = part(&in);
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_names *names = weir_names_create();
	const char *paths[] = {patterns};
	const struct weir_scan_cfg cfg = {
		.paths = paths, .n_paths = 1, .n_workers = 1, .streams = 2, .names = names};
	struct weir_scan_db *db = NULL;

	if (!is_slow(hs)) {
		write_file(patterns, hs);
		write_file(sidecar, yaml);
		weir_assert(weir_scan_load(&cfg, r, &db) ==
			    (weir_conf_errors(r) ? -WEIR_EFORMAT : 0));
	}
	if (db)
		use(db, in, weir_conf_warnings(r) == 0);
	weir_conf_report_destroy(r);
	weir_names_destroy(names);
	return 0;
}
