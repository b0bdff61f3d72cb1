/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiled databases on disk. The name is made of all that the database depends on (expressions,
 * flags, CPU, version of Hyperscan, our own format), so a file that is there is the right one, or
 * damaged, which its checksum tells; then it is compiled anew.
 */
#include "scan_impl.h"

#include <weir_log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC          0x3164627363736577ULL /* "wescsbd1" */
#define SIZE_MAX_BYTES (1u << 30)

struct header {
	uint64_t magic;
	struct scan_key key;
	uint64_t len;
	uint64_t sum;
};

static const struct weir_siphash_key keys[2] = {{{0x77656972, 0x7363616e}},
						{{0x64617461, 0x62617365}}};

static uint64_t hash_bytes(const struct weir_siphash_key *key, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t sum[2] = {len, 0};

	/* In blocks, because the hash takes words. */
	while (len) {
		uint64_t block[64] = {0};
		size_t n = len < sizeof(block) ? len : sizeof(block);

		memcpy(block, at, n);
		sum[1] = weir_siphash13(key, block, WEIR_ARRAY_LEN(block));
		sum[0] = weir_siphash13(key, sum, 2);
		at += n;
		len -= n;
	}
	return sum[0];
}

struct scan_key scan_key_of(const struct scan_patterns *p)
{
	struct weir_buf all = {0};
	hs_platform_info_t cpu;
	struct scan_key key;

	memset(&cpu, 0, sizeof(cpu));
	hs_populate_platform(&cpu);
	weir_buf_printf(&all, "%s %u %llx\n", hs_version(), cpu.tune, cpu.cpu_features);
	for (uint32_t i = 0; i < p->n; i++) {
		weir_buf_printf(&all, "%u %u %zu %s ", p->at[i].rule.id, p->at[i].flags,
				p->at[i].expression ? strlen(p->at[i].expression) : 0,
				p->at[i].expression ? p->at[i].expression : "");
		weir_buf_add(&all, &p->at[i].ext, sizeof(p->at[i].ext));
	}
	for (unsigned int i = 0; i < 2; i++)
		key.half[i] = hash_bytes(&keys[i], all.ptr, all.len);
	weir_buf_fini(&all);
	return key;
}

static void name_of(const char *folder, const struct scan_key *key, struct weir_buf *out)
{
	weir_buf_printf(out, "%s/stream-%016llx%016llx.hsdb", folder,
			(unsigned long long)key->half[0], (unsigned long long)key->half[1]);
}

static hs_database_t *read_body(FILE *f, const struct header *h, const char *name)
{
	hs_database_t *hs = NULL;
	char *body = malloc(h->len);

	if (body && fread(body, 1, h->len, f) == h->len &&
	    hash_bytes(&keys[0], body, h->len) == h->sum &&
	    hs_deserialize_database(body, h->len, &hs) != HS_SUCCESS)
		hs = NULL;
	if (!hs)
		weir_notice("%s: damaged, compiled anew", name);
	free(body);
	return hs;
}

hs_database_t *scan_cache_read(const char *folder, const struct scan_key *key)
{
	struct weir_buf name = {0};
	hs_database_t *hs = NULL;
	struct header h;
	FILE *f;

	name_of(folder, key, &name);
	f = name.failed ? NULL : fopen(name.ptr, "rb");
	if (f) {
		if (fread(&h, sizeof(h), 1, f) == 1 && h.magic == MAGIC &&
		    memcmp(&h.key, key, sizeof(*key)) == 0 && h.len <= SIZE_MAX_BYTES)
			hs = read_body(f, &h, name.ptr);
		else
			weir_notice("%s: damaged, compiled anew", name.ptr);
		fclose(f);
	}
	weir_buf_fini(&name);
	return hs;
}

static bool write_file(const char *path, const struct header *h, const char *body)
{
	FILE *f = fopen(path, "wb");
	bool good;

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

void scan_cache_write(const char *folder, const struct scan_key *key, const hs_database_t *hs)
{
	struct header h = {.magic = MAGIC, .key = *key};
	struct weir_buf name = {0};
	char *body;
	size_t len;

	if (hs_serialize_database(hs, &body, &len) != HS_SUCCESS)
		return;
	h.len = len;
	h.sum = hash_bytes(&keys[0], body, len);
	if (mkdir(folder, 0755) && errno != EEXIST)
		weir_notice("%s: cannot be made: %s; rules are compiled at each start", folder,
			    strerror(errno));
	name_of(folder, key, &name);
	if (!name.failed && !replace_file(name.ptr, &h, body))
		weir_notice("%s: cannot be written: %s; rules are compiled at each start", name.ptr,
			    strerror(errno));
	weir_buf_fini(&name);
	free(body);
}
