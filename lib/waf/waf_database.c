/* SPDX-License-Identifier: BSD-3-Clause */
/* Databases of literals, compiled, or taken as they were compiled before. */
#include <hs.h>
#include <stdlib.h>

#include "waf_cache.h"

/* As Hyperscan takes them. */
struct input {
	const char **text;
	size_t *len;
	unsigned int *flags, *id;
};

static bool input_alloc(struct input *in, uint32_t n)
{
	in->text = calloc(n, sizeof(*in->text));
	in->len = calloc(n, sizeof(*in->len));
	in->flags = calloc(n, sizeof(*in->flags));
	in->id = calloc(n, sizeof(*in->id));
	return in->text && in->len && in->flags && in->id;
}

static void input_free(struct input *in)
{
	free(in->text);
	free(in->len);
	free(in->flags);
	free(in->id);
}

/* Each has an identity of its own: Hyperscan takes a hundred times as long over equal ones. */
static void input_fill(struct input *in, const struct weir_bytes *literals, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		in->text[i] = (const char *)literals[i].ptr;
		in->len[i] = literals[i].len;
		in->flags[i] = HS_FLAG_CASELESS;
		in->id[i] = i;
	}
}

static hs_database_t *compile(const struct weir_bytes *literals, uint32_t n, struct weir_buf *why)
{
	struct input in = {0};
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;
	bool good = input_alloc(&in, n);

	if (good) {
		input_fill(&in, literals, n);
		good = hs_compile_lit_multi(in.text, in.flags, in.id, in.len, n, HS_MODE_BLOCK,
					    NULL, &db, &error) == HS_SUCCESS;
	}
	if (!good)
		weir_buf_str(why, error ? error->message : "out of memory");
	hs_free_compile_error(error);
	input_free(&in);
	return good ? db : NULL;
}

/* ---- as it was compiled before ---- */

static bool key_of(const struct weir_bytes *literals, uint32_t n, struct weir_cache_key *key)
{
	struct weir_buf all = {0};
	bool good;

	for (uint32_t i = 0; i < n; i++) {
		weir_buf_add(&all, &literals[i].len, sizeof(literals[i].len));
		weir_buf_add(&all, literals[i].ptr, literals[i].len);
	}
	good = !all.failed;
	if (good)
		weir_cache_key_add(key, weir_bytes_of(all.ptr, all.len));
	weir_buf_fini(&all);
	return good;
}

static void put(struct waf_cache *c, const struct weir_cache_key *key, const hs_database_t *db)
{
	char *bytes;
	size_t len;

	if (hs_serialize_database(db, &bytes, &len) != HS_SUCCESS)
		return;
	waf_cache_put(c, WAF_RECORD_DATABASE, key, weir_bytes_of(bytes, len));
	free(bytes);
}

static hs_database_t *get(struct waf_cache *c, const struct weir_cache_key *key)
{
	struct weir_bytes known = waf_cache_get(c, WAF_RECORD_DATABASE, key);
	hs_database_t *db = NULL;

	if (!known.ptr ||
	    hs_deserialize_database((const char *)known.ptr, known.len, &db) != HS_SUCCESS)
		return NULL;
	return db;
}

struct hs_database *waf_database_create(struct waf_cache *c, const struct weir_bytes *literals,
					uint32_t n, struct weir_buf *why)
{
	struct weir_cache_key key = {{0}};
	hs_database_t *db;

	if (!c || !key_of(literals, n, &key))
		return compile(literals, n, why);
	db = get(c, &key);
	if (db)
		return db;
	db = compile(literals, n, why);
	if (db)
		put(c, &key, db);
	return db;
}
