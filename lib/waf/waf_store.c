/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Collections that outlive transactions (IP, GLOBAL, …): a table of a worker with as many keys as
 * it was made for; of those that no transaction has open the one that was used longest ago makes
 * room. Names and texts beyond what a place holds are cut, variables beyond its places are not
 * kept. Workers share nothing: a counter counts what its worker saw.
 */
#include <stdlib.h>

#include "waf_store.h"

#define KEY_MAX      95
#define VAR_NAME_MAX 39
#define TEXT_MAX     111
#define VARS_MAX     12
#define NEVER        UINT64_MAX

struct stored {
	uint64_t until_ns;
	uint8_t name_len; /* 0: a free place */
	uint8_t text_len;
	uint8_t name[VAR_NAME_MAX];
	uint8_t text[TEXT_MAX];
};

struct waf_record {
	struct waf_record *next;          /* in its bucket */
	struct waf_record *older, *newer; /* while nobody has it open */
	uint64_t until_ns;                /* all of it */
	uint64_t timeout_ns;
	uint32_t users;
	uint8_t collection;
	uint8_t key_len;
	uint8_t key[KEY_MAX];
	struct stored var[VARS_MAX];
};

struct waf_store {
	struct waf_record *record;
	struct waf_record **bucket;
	struct waf_record *oldest, *newest;
	uint32_t n_buckets;
	struct weir_use use; /* of `record` */
	uint64_t seed;
};

int waf_store_index(uint8_t collection)
{
	switch (collection) {
	case WEIR_SEC_V_IP:
		return 0;
	case WEIR_SEC_V_GLOBAL:
		return 1;
	case WEIR_SEC_V_RESOURCE:
		return 2;
	case WEIR_SEC_V_SESSION:
		return 3;
	default: /* USER */
		return 4;
	}
}

struct waf_store *waf_store_create(uint32_t keys, uint64_t seed)
{
	struct waf_store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->n_buckets = keys ? keys : 4096;
	s->use.size = s->n_buckets;
	s->seed = seed;
	s->record = calloc(s->n_buckets, sizeof(*s->record));
	s->bucket = calloc(s->n_buckets, sizeof(struct waf_record *));
	if (s->record && s->bucket)
		return s;
	waf_store_destroy(s);
	return NULL;
}

void waf_store_destroy(struct waf_store *s)
{
	if (!s)
		return;
	free(s->record);
	free(s->bucket);
	free(s);
}

struct weir_use waf_store_use(const struct waf_store *s)
{
	return s->use;
}

/* ---- by age ---- */

static void unlink_age(struct waf_store *s, struct waf_record *r)
{
	*(r->older ? &r->older->newer : &s->oldest) = r->newer;
	*(r->newer ? &r->newer->older : &s->newest) = r->older;
}

static void make_newest(struct waf_store *s, struct waf_record *r)
{
	r->older = s->newest;
	r->newer = NULL;
	*(s->newest ? &s->newest->newer : &s->oldest) = r;
	s->newest = r;
}

/* ---- by key ---- */

static struct waf_record **bucket_of(const struct waf_store *s, uint8_t collection,
				     const uint8_t *key, size_t len)
{
	struct weir_siphash_key k = {{s->seed, s->seed ^ collection}};
	uint64_t words[(KEY_MAX + 8) / 8] = {0};

	memcpy(words, key, len);
	return &s->bucket[weir_siphash13(&k, words, (unsigned int)(len + 7) / 8) % s->n_buckets];
}

static void unlink_key(struct waf_store *s, struct waf_record *r)
{
	struct waf_record **at = bucket_of(s, r->collection, r->key, r->key_len);

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

static struct waf_record *find(struct waf_record *r, uint8_t collection, struct weir_bytes key)
{
	for (; r; r = r->next)
		if (r->collection == collection &&
		    weir_bytes_equal(weir_bytes_of(r->key, r->key_len), key))
			return r;
	return NULL;
}

static struct waf_record *place(struct waf_store *s)
{
	struct waf_record *r = &s->record[s->use.used];

	if (s->use.used < s->use.size) {
		weir_use_take(&s->use, 1);
		return r;
	}
	s->use.full++;
	r = s->oldest;
	if (!r)
		return NULL;
	unlink_age(s, r);
	unlink_key(s, r);
	return r;
}

static struct waf_record *make(struct waf_store *s, uint8_t collection, struct weir_bytes key)
{
	struct waf_record *r = place(s), **bucket;

	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->collection = collection;
	r->key_len = (uint8_t)key.len;
	if (key.len)
		memcpy(r->key, key.ptr, key.len);
	bucket = bucket_of(s, collection, r->key, r->key_len);
	r->next = *bucket;
	*bucket = r;
	return r;
}

/* A key is there from its first opening on; what it holds ends when it was not written for its
 * timeout. */
struct waf_record *waf_store_open(struct waf_store *s, uint8_t collection, struct weir_bytes key,
				  uint64_t now_ns, uint32_t timeout_s)
{
	struct waf_record *r;

	if (key.len > KEY_MAX)
		key.len = KEY_MAX;
	r = find(*bucket_of(s, collection, key.len ? key.ptr : (const uint8_t *)"", key.len),
		 collection, key);
	if (!r)
		r = make(s, collection, key);
	else if (!r->users)
		unlink_age(s, r);
	if (!r)
		return NULL;
	r->users++;
	r->timeout_ns = timeout_s * WEIR_NS_PER_S;
	if (r->until_ns <= now_ns)
		memset(r->var, 0, sizeof(r->var));
	return r;
}

void waf_store_close(struct waf_store *s, struct waf_record *r)
{
	if (--r->users == 0)
		make_newest(s, r);
}

/* ---- variables ---- */

static struct weir_bytes cut(struct weir_bytes b, size_t max)
{
	if (b.len > max)
		b.len = max;
	return b;
}

static bool is_there(const struct stored *v, uint64_t now_ns)
{
	return v->name_len && v->until_ns > now_ns;
}

static struct stored *find_var(struct waf_record *r, struct weir_bytes name)
{
	name = cut(name, VAR_NAME_MAX);
	for (unsigned int i = 0; i < VARS_MAX; i++)
		if (r->var[i].name_len &&
		    weir_bytes_equal_case(weir_bytes_of(r->var[i].name, r->var[i].name_len), name))
			return &r->var[i];
	return NULL;
}

bool waf_record_get(struct waf_record *r, struct weir_bytes name, uint64_t now_ns,
		    struct weir_bytes *text)
{
	const struct stored *v = find_var(r, name);

	if (!v || !is_there(v, now_ns))
		return false;
	*text = weir_bytes_of(v->text, v->text_len);
	return true;
}

static struct stored *free_var(struct waf_record *r, uint64_t now_ns)
{
	for (unsigned int i = 0; i < VARS_MAX; i++)
		if (!is_there(&r->var[i], now_ns))
			return &r->var[i];
	return NULL;
}

void waf_record_set(struct waf_record *r, struct weir_bytes name, struct weir_bytes text,
		    uint64_t now_ns)
{
	struct stored *v = find_var(r, name);

	if (v && !is_there(v, now_ns))
		v->until_ns = NEVER;
	if (!v) {
		v = free_var(r, now_ns);
		if (!v || !name.len)
			return;
		name = cut(name, VAR_NAME_MAX);
		memcpy(v->name, name.ptr, name.len);
		v->name_len = (uint8_t)name.len;
		v->until_ns = NEVER;
	}
	text = cut(text, TEXT_MAX);
	if (text.len)
		memmove(v->text, text.ptr, text.len);
	v->text_len = (uint8_t)text.len;
	r->until_ns = now_ns + r->timeout_ns;
}

void waf_record_unset(struct waf_record *r, struct weir_bytes name)
{
	struct stored *v = find_var(r, name);

	if (v)
		v->name_len = 0;
}

void waf_record_expire(struct waf_record *r, struct weir_bytes name, uint64_t at_ns)
{
	struct stored *v = find_var(r, name);

	if (v)
		v->until_ns = at_ns;
}

bool waf_record_next(const struct waf_record *r, unsigned int *i, uint64_t now_ns,
		     struct weir_bytes *name, struct weir_bytes *text)
{
	for (; *i < VARS_MAX; ++*i) {
		const struct stored *v = &r->var[*i];

		if (!is_there(v, now_ns))
			continue;
		*name = weir_bytes_of(v->name, v->name_len);
		*text = weir_bytes_of(v->text, v->text_len);
		++*i;
		return true;
	}
	return false;
}
