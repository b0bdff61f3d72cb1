/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of the cache. It begins with what kind it is: 'r' for records, before which this build's
 * name is put, or 'f' for a whole file. What is taken out of either must be conditions that can be
 * asked, or a database that finds its literals.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <waf_cache.h>
#include <waf_op_impl.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/weir-fuzz-cache.XXXXXX";
static char path[96];
static const struct weir_cache files = {.folder = folder, .begin = "fuzz", .end = ".db"};
static const struct weir_cache_key file_key = {{1, 2}};

static void clean(void)
{
	unlink(path);
	rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/fuzz-%016x%016x.db", folder, 1U, 2U);
	atexit(clean);
	return 0;
}

static void ask_need(struct weir_bytes bytes)
{
	struct waf_need need;
	struct weir_arena a;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	if (waf_need_read(bytes, &a, &need)) {
		waf_need_is_met(&need, weir_bytes_str("a value' OR 1=1"));
	} else {
		weir_assert(!need.n_sets && !need.n_literals && !need.never);
	}
	weir_arena_reset(&a);
}

static int on_match(unsigned int id, unsigned long long from, unsigned long long to,
		    unsigned int flags, void *context)
{
	unsigned int *found = context;

	*found |= 1U << id;
	return 0;
}

/* Whether it was taken or compiled, it finds both. */
static void ask_database(struct waf_cache *c)
{
	const struct weir_bytes literals[] = {weir_bytes_str("alpha"), weir_bytes_str("beta")};
	struct weir_buf why = {0};
	hs_database_t *db = waf_database_create(c, literals, 2, &why);
	hs_scratch_t *s = NULL;
	unsigned int found = 0;

	weir_assert(db && hs_alloc_scratch(db, &s) == HS_SUCCESS);
	weir_assert(hs_scan(db, "an Alpha, a beta", 16, 0, s, on_match, &found) == HS_SUCCESS);
	weir_assert(found == 3);
	hs_free_scratch(s);
	hs_free_database(db);
	weir_buf_fini(&why);
}

/* Takes `body`. The first record's key is what is asked for. */
static void take(struct weir_bytes body)
{
	static const struct weir_cache_key none = {{0}};
	struct waf_cache *c = waf_cache_open(NULL, &none);
	struct weir_cache_key key;
	struct weir_bytes known;

	weir_assert(c);
	if (body.len >= 2 * sizeof(key)) {
		memcpy(&key, body.ptr + sizeof(key), sizeof(key));
		waf_cache_load(c, body);
		known = waf_cache_get(c, WAF_RECORD_NEED, &key);
		if (known.ptr)
			ask_need(known);
	} else {
		waf_cache_load(c, body);
	}
	ask_database(c);
	waf_cache_discard(c);
}

static struct weir_cache_key maker(void)
{
	static const struct weir_cache_key none = {{0}};
	struct waf_cache *c = waf_cache_open(NULL, &none);
	struct weir_cache_key out;

	weir_assert(c);
	out = waf_cache_maker(c);
	waf_cache_discard(c);
	return out;
}

static void take_records(struct weir_bytes records)
{
	struct weir_cache_key ours = maker();
	uint8_t *body = malloc(sizeof(ours) + records.len);

	weir_assert(body);
	memcpy(body, &ours, sizeof(ours));
	if (records.len)
		memcpy(body + sizeof(ours), records.ptr, records.len);
	take(weir_bytes_of(body, sizeof(ours) + records.len));
}

static void take_file(struct weir_bytes content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct weir_bytes body;

	weir_assert(fd >= 0 && write(fd, content.ptr, content.len) == (ssize_t)content.len);
	close(fd);
	if (weir_cache_read(&files, &file_key, &body) == 0)
		take(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] == 'r')
		take_records(weir_bytes_of(data + 1, size - 1));
	else if (data[0] == 'f')
		take_file(weir_bytes_of(data + 1, size - 1));
	return 0;
}
