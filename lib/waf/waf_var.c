/* SPDX-License-Identifier: BSD-3-Clause */
/* The TX collection: names that rules write down stand in an array, all others in a small table. */
#include "waf_tx.h"

/* ---- numbered ---- */

struct weir_bytes waf_var_text(struct weir_waf_tx *tx, uint8_t kind, const struct waf_var *v)
{
	if (kind == WAF_NUMBER)
		return waf_number_text(tx, v->number);
	return kind == WAF_TEXT ? v->text : (struct weir_bytes){0};
}

static int64_t var_number(uint8_t kind, const struct waf_var *v)
{
	if (kind == WAF_NUMBER)
		return v->number;
	return kind == WAF_TEXT ? waf_text_number(v->text) : 0;
}

bool waf_tx_get(struct weir_waf_tx *tx, uint16_t number, struct weir_bytes *text)
{
	if (number == WAF_NO_NAME || tx->tx_kind[number] == WAF_UNSET)
		return false;
	*text = waf_var_text(tx, tx->tx_kind[number], &tx->tx_var[number]);
	return true;
}

int64_t waf_tx_number(const struct weir_waf_tx *tx, uint16_t number)
{
	return var_number(tx->tx_kind[number], &tx->tx_var[number]);
}

void waf_tx_set_text(struct weir_waf_tx *tx, uint16_t number, struct weir_bytes text)
{
	tx->tx_kind[number] = WAF_TEXT;
	tx->tx_var[number].text = text;
}

void waf_tx_unset(struct weir_waf_tx *tx, uint16_t number)
{
	tx->tx_kind[number] = WAF_UNSET;
}

/* ---- named at run time ---- */

#define HASHED_WORDS 16

/* By the length and the last bytes: names that rules make begin alike. */
static struct waf_dynamic **bucket_of(struct weir_waf_tx *tx, struct weir_bytes lower)
{
	struct weir_siphash_key key = {{tx->worker->seed, tx->begin.id}};
	uint64_t words[HASHED_WORDS + 1] = {lower.len};
	size_t n = lower.len < HASHED_WORDS * 8 ? lower.len : HASHED_WORDS * 8;

	if (n)
		memcpy(words + 1, lower.ptr + lower.len - n, n);
	return &tx->dynamic[weir_siphash13(&key, words, (unsigned int)(n + 15) / 8) %
			    WAF_DYNAMIC_BUCKETS];
}

static struct waf_dynamic *find_in(struct waf_dynamic *bucket, struct weir_bytes lower)
{
	for (struct waf_dynamic *d = bucket; d; d = d->next)
		if (weir_bytes_equal(d->name, lower))
			return d;
	return NULL;
}

struct waf_dynamic *waf_dynamic_find(struct weir_waf_tx *tx, struct weir_bytes lower)
{
	return tx->dynamic ? find_in(*bucket_of(tx, lower), lower) : NULL;
}

static struct waf_dynamic *dynamic_find_or_add(struct weir_waf_tx *tx, struct weir_bytes lower)
{
	struct waf_dynamic **bucket, *d;

	if (!tx->dynamic) {
		tx->dynamic =
			weir_arena_zalloc(&tx->arena, WAF_DYNAMIC_BUCKETS * sizeof(*tx->dynamic));
		tx->dynamic_last = &tx->dynamic_first;
	}
	if (!tx->dynamic)
		return NULL;
	bucket = bucket_of(tx, lower);
	d = find_in(*bucket, lower);
	if (d)
		return d;
	d = weir_arena_zalloc(&tx->arena, sizeof(*d));
	if (!d)
		return NULL;
	d->name = lower;
	d->next = *bucket;
	*bucket = d;
	*tx->dynamic_last = d;
	tx->dynamic_last = &d->newer;
	return d;
}

static struct weir_bytes lower_copy(struct weir_waf_tx *tx, struct weir_bytes name)
{
	uint8_t *at = weir_arena_alloc(&tx->arena, name.len);

	if (!at)
		return (struct weir_bytes){0};
	for (size_t i = 0; i < name.len; i++)
		at[i] = weir_lower(name.ptr[i]);
	return weir_bytes_of(at, name.len);
}

/* ---- setvar ---- */

static void assign(struct weir_waf_tx *tx, const struct waf_action *a, uint8_t *kind,
		   struct waf_var *v)
{
	if (a->is_number) {
		*kind = WAF_NUMBER;
		v->number = a->number;
		return;
	}
	v->text = waf_expand(tx, &a->value);
	*kind = WAF_TEXT;
}

static int64_t amount_of(struct weir_waf_tx *tx, const struct waf_action *a)
{
	const struct waf_text *t = &a->value;

	if (t->constant)
		return a->number;
	if (t->n == 1 && t->piece[0].kind == WAF_PIECE_TX)
		return waf_tx_number(tx, t->piece[0].name);
	return waf_text_number(waf_expand(tx, t));
}

/* Counters never go below zero. */
static void count(struct weir_waf_tx *tx, const struct waf_action *a, uint8_t *kind,
		  struct waf_var *v)
{
	int64_t now = var_number(*kind, v), by = amount_of(tx, a);

	if (a->how == WEIR_SEC_SUBTRACT)
		by = by == INT64_MIN ? INT64_MAX : -by;
	if (__builtin_add_overflow(now, by, &v->number))
		v->number = by > 0 ? INT64_MAX : 0;
	if (v->number < 0)
		v->number = 0;
	*kind = WAF_NUMBER;
}

static void change(struct weir_waf_tx *tx, const struct waf_action *a, uint8_t *kind,
		   struct waf_var *v)
{
	switch ((enum weir_sec_set)a->how) {
	case WEIR_SEC_SET:
		assign(tx, a, kind, v);
		break;
	case WEIR_SEC_ADD:
	case WEIR_SEC_SUBTRACT:
		count(tx, a, kind, v);
		break;
	case WEIR_SEC_UNSET:
		*kind = WAF_UNSET;
		break;
	}
}

static void set_named(struct weir_waf_tx *tx, const struct waf_action *a)
{
	struct weir_bytes lower = lower_copy(tx, waf_expand(tx, &a->name));
	uint16_t number = a->is_dynamic ? WAF_NO_NAME : waf_name_find(tx->waf, lower);
	struct waf_dynamic *d;

	if (number != WAF_NO_NAME) {
		if (!tx->waf->pinned[number])
			change(tx, a, &tx->tx_kind[number], &tx->tx_var[number]);
		return;
	}
	d = a->how == WEIR_SEC_UNSET ? waf_dynamic_find(tx, lower) : dynamic_find_or_add(tx, lower);
	if (d)
		change(tx, a, &d->kind, &d->var);
}

/* A collection that outlives the transaction; nothing is set before initcol has opened it. */
static void set_stored(struct weir_waf_tx *tx, const struct waf_action *a)
{
	struct waf_record *r = tx->store[waf_store_index(a->collection)];
	struct weir_bytes name = lower_copy(tx, waf_expand(tx, &a->name)), text = {0};
	uint8_t kind;
	struct waf_var v = {0};

	if (!r)
		return;
	kind = waf_record_get(r, name, tx->begin.unix_ns, &text) ? WAF_TEXT : WAF_UNSET;
	v.text = text;
	change(tx, a, &kind, &v);
	if (kind == WAF_UNSET)
		waf_record_unset(r, name);
	else
		waf_record_set(r, name, waf_var_text(tx, kind, &v), tx->begin.unix_ns);
}

void waf_set_variable(struct weir_waf_tx *tx, const struct waf_action *a)
{
	if (a->collection != WEIR_SEC_V_TX)
		set_stored(tx, a);
	else if (a->name_number == WAF_NO_NAME)
		set_named(tx, a);
	else if (!a->pinned)
		change(tx, a, &tx->tx_kind[a->name_number], &tx->tx_var[a->name_number]);
}
