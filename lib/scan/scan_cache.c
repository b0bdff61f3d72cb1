/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiled databases on disk. The name is made of all that a database depends on (expressions, ids,
 * flags, CPU, version of Hyperscan, our own format), so a file that is there is the right one, or
 * damaged, which its checksum tells; then it is compiled anew. The checksum is against damage, not
 * against malice: who may write into the folder may write the rules. The newest CACHE_FILES stay.
 */
#include "scan_impl.h"

#include <weir_log.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC       0x3264627363736577ULL /* "wescsbd2" */
#define CACHE_FILES 16

struct header {
	uint64_t magic;
	struct scan_key key;
	uint64_t len;
	uint64_t sum;
};

static const struct weir_siphash_key keys[2] = {{{0x77656972, 0x7363616e}},
						{{0x64617461, 0x62617365}}};

/* In blocks, because the hash takes words, each with the sum of those before it. */
static uint64_t hash_bytes(const struct weir_siphash_key *key, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t block[65] = {[64] = len};

	while (len) {
		size_t n = len < 512 ? len : 512;

		memset(block, 0, 512);
		memcpy(block, at, n);
		block[64] = weir_siphash13(key, block, WEIR_ARRAY_LEN(block));
		at += n;
		len -= n;
	}
	return block[64];
}

bool scan_key_of(const struct scan_set *set, struct scan_key *out)
{
	hs_platform_info_t cpu = {0};
	struct weir_buf all = {0};
	bool good;

	hs_populate_platform(&cpu);
	weir_buf_printf(&all, "%s %u %u %llx\n", hs_version(), set->mode, cpu.tune,
			cpu.cpu_features);
	for (uint32_t i = 0; i < set->n; i++) {
		weir_buf_printf(&all, "%u %u %zu ", set->id[i], set->flags[i],
				strlen(set->expression[i]));
		weir_buf_str(&all, set->expression[i]);
		weir_buf_add(&all, set->ext[i], sizeof(*set->ext[i]));
	}
	good = !all.failed;
	for (unsigned int i = 0; good && i < 2; i++)
		out->half[i] = hash_bytes(&keys[i], all.ptr, all.len);
	weir_buf_fini(&all);
	return good;
}

static void name_of(const char *folder, const struct scan_key *key, struct weir_buf *out)
{
	weir_buf_printf(out, "%s/stream-%016llx%016llx.hsdb", folder,
			(unsigned long long)key->half[0], (unsigned long long)key->half[1]);
}

/* ---- reading ---- */

static hs_database_t *read_body(FILE *f, const struct header *h)
{
	hs_database_t *hs = NULL;
	char *body = malloc(h->len);

	if (body && fread(body, 1, h->len, f) == h->len &&
	    hash_bytes(&keys[0], body, h->len) == h->sum &&
	    hs_deserialize_database(body, h->len, &hs) != HS_SUCCESS)
		hs = NULL;
	free(body);
	return hs;
}

static bool is_ours(const struct header *h, const struct scan_key *key, FILE *f)
{
	struct stat st;

	return h->magic == MAGIC && memcmp(&h->key, key, sizeof(*key)) == 0 &&
	       fstat(fileno(f), &st) == 0 && h->len > 0 &&
	       (uint64_t)st.st_size == sizeof(*h) + h->len;
}

hs_database_t *scan_cache_read(const char *folder, const struct scan_key *key)
{
	struct weir_buf name = {0};
	hs_database_t *hs = NULL;
	struct header h;
	FILE *f;

	name_of(folder, key, &name);
	f = name.failed ? NULL : fopen(name.ptr, "rbe");
	if (f) {
		if (fread(&h, sizeof(h), 1, f) == 1 && is_ours(&h, key, f))
			hs = read_body(f, &h);
		if (!hs)
			weir_notice("%s: damaged, compiled anew", name.ptr);
		fclose(f);
	}
	weir_buf_fini(&name);
	return hs;
}

/* ---- writing ---- */

static int is_cached(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return strncmp(e->d_name, "stream-", 7) == 0 && len > 12 &&
	       strcmp(e->d_name + len - 5, ".hsdb") == 0;
}

struct aged {
	char *path;
	struct timespec written;
};

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct aged *)a)->written;
	const struct timespec *y = &((const struct aged *)b)->written;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

static void age_of(const char *folder, const char *name, struct aged *out)
{
	struct weir_buf path = {0};
	struct stat st;

	*out = (struct aged){0};
	weir_buf_printf(&path, "%s/%s", folder, name);
	if (!path.failed && stat(path.ptr, &st) == 0)
		*out = (struct aged){.path = strdup(path.ptr), .written = st.st_mtim};
	weir_buf_fini(&path);
}

/* Each change of rules leaves files that nobody asks for again. */
static void remove_old(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_cached, NULL);
	struct aged *file = n > CACHE_FILES ? calloc((size_t)n, sizeof(*file)) : NULL;

	for (int i = 0; i < n; i++) {
		if (file)
			age_of(folder, entries[i]->d_name, &file[i]);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (!file)
		return;
	qsort(file, (size_t)n, sizeof(*file), newest_first);
	for (int i = 0; i < n; i++) {
		if (i >= CACHE_FILES && file[i].path)
			unlink(file[i].path);
		free(file[i].path);
	}
	free(file);
}

/* Whatever has the name already, a link perhaps, is not written through. */
static bool write_file(const char *path, const struct header *h, const char *body)
{
	bool good;
	FILE *f;

	unlink(path);
	f = fopen(path, "wbxe");
	if (!f)
		return false;
	good = fwrite(h, sizeof(*h), 1, f) == 1 && fwrite(body, 1, h->len, f) == h->len;
	return fclose(f) == 0 && good;
}

/* Under another name first, so that nobody reads half of it. */
static bool replace_file(const char *path, const struct header *h, const char *body)
{
	struct weir_buf temporary = {0};
	bool good;

	weir_buf_printf(&temporary, "%s.%ld", path, (long)getpid());
	good = !temporary.failed && write_file(temporary.ptr, h, body) &&
	       rename(temporary.ptr, path) == 0;
	if (!good && !temporary.failed)
		unlink(temporary.ptr);
	weir_buf_fini(&temporary);
	return good;
}

static void write_body(const char *folder, const struct scan_key *key, const char *body, size_t len)
{
	struct header h = {
		.magic = MAGIC, .key = *key, .len = len, .sum = hash_bytes(&keys[0], body, len)};
	struct weir_buf name = {0};

	name_of(folder, key, &name);
	if (name.failed || !replace_file(name.ptr, &h, body))
		weir_notice("%s: cannot be written: %s; rules are compiled at each start", folder,
			    strerror(errno));
	weir_buf_fini(&name);
}

void scan_cache_write(const char *folder, const struct scan_key *key, const hs_database_t *hs)
{
	char *body;
	size_t len;

	if (mkdir(folder, 0755) && errno != EEXIST) {
		weir_notice("%s: cannot be made: %s; rules are compiled at each start", folder,
			    strerror(errno));
		return;
	}
	if (hs_serialize_database(hs, &body, &len) != HS_SUCCESS)
		return;
	write_body(folder, key, body, len);
	free(body);
	remove_old(folder);
}
