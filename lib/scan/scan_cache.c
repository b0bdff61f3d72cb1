/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled databases on disk: base/cache.c has the files; here is what they are of. */
#include "scan_impl.h"

#include <weir_log.h>

#include <errno.h>
#include <stdlib.h>

static struct weir_cache files_in(const char *folder)
{
	return (struct weir_cache){.folder = folder, .begin = "stream", .end = ".hsdb"};
}

/* Expressions, ids, flags, CPU and version of Hyperscan. */
bool scan_key_of(const struct scan_set *set, struct weir_cache_key *out)
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
	*out = (struct weir_cache_key){0};
	if (good)
		weir_cache_key_add(out, weir_bytes_of(all.ptr, all.len));
	weir_buf_fini(&all);
	return good;
}

hs_database_t *scan_cache_read(const char *folder, const struct weir_cache_key *key)
{
	struct weir_cache files = files_in(folder);
	hs_database_t *hs = NULL;
	struct weir_bytes body;
	int rc = weir_cache_read(&files, key, &body);

	if (!rc && hs_deserialize_database((const char *)body.ptr, body.len, &hs) != HS_SUCCESS) {
		hs = NULL;
		rc = -WEIR_EFORMAT;
	}
	if (rc == -WEIR_EFORMAT || rc == -WEIR_EPERM)
		weir_notice("%s: a database cannot be used (%s): compiled anew", folder,
			    weir_strerror(rc));
	free((void *)(uintptr_t)body.ptr);
	return hs;
}

void scan_cache_write(const char *folder, const struct weir_cache_key *key, const hs_database_t *hs)
{
	struct weir_cache files = files_in(folder);
	char *body;
	size_t len;

	if (hs_serialize_database(hs, &body, &len) != HS_SUCCESS)
		return;
	if (weir_cache_write(&files, key, weir_bytes_of(body, len)) != 0)
		weir_notice("%s: cannot be written: %s; rules are compiled at each start", folder,
			    strerror(errno));
	free(body);
}
