/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of strings that stand at a place, put together and cut so that they stay few. */
#include "waf_claim.h"

/* Bytes that strings keep, at first, where there are too many: of one set, and of each of two that
 * are put together. */
#define EITHER_KEEPS 8
#define JOINT_KEEPS  4

struct waf_strings waf_strings_room(struct waf_model *m, uint32_t room)
{
	return (struct waf_strings){.v = weir_arena_alloc(m->a, room * sizeof(struct weir_bytes))};
}

struct waf_claim waf_claim_of_nothing(struct waf_model *m)
{
	struct waf_claim c = {.s = waf_strings_room(m, 1)};

	if (c.s.v)
		c.s.v[c.s.n++] = (struct weir_bytes){.ptr = (const uint8_t *)"", .len = 0};
	return c;
}

bool waf_claim_is_known(const struct waf_claim *c)
{
	return c->s.n != 1 || c->s.v[0].len > 0;
}

void waf_strings_cut(struct waf_strings *s, size_t len, bool keep_end)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct weir_bytes *b = &s->v[i];

		if (b->len <= len)
			continue;
		if (keep_end)
			b->ptr += b->len - len;
		b->len = len;
	}
	waf_strings_sort(s);
}

struct waf_strings waf_strings_copy(struct waf_model *m, const struct waf_strings *s)
{
	struct waf_strings out = waf_strings_room(m, s->n);

	if (out.v && s->n) {
		memcpy(out.v, s->v, s->n * sizeof(*out.v));
		out.n = s->n;
	}
	return out;
}

/*
 * A value begins once and ends once: `^` twice is the same as once, and behind `$` nothing stands
 * but what is empty, so that what `b` adds to that is left out. Elsewhere a mark makes a string
 * that no value has, as it should be.
 */
static struct weir_bytes join(struct waf_model *m, struct weir_bytes a, struct weir_bytes b)
{
	uint8_t *at;

	if (a.len == 0 || b.len == 0)
		return a.len ? a : b;
	if (waf_is_mark(a.ptr[a.len - 1]) &&
	    (a.ptr[a.len - 1] == b.ptr[0] || a.ptr[a.len - 1] == WAF_END)) {
		if (a.ptr[a.len - 1] == WAF_END)
			return a;
		b = weir_bytes_of(b.ptr + 1, b.len - 1);
	}
	at = weir_arena_alloc(m->a, a.len + b.len);
	if (!at)
		return (struct weir_bytes){0};
	memcpy(at, a.ptr, a.len);
	if (b.len)
		memcpy(at + a.len, b.ptr, b.len);
	return weir_bytes_of(at, a.len + b.len);
}

bool waf_claim_product(struct waf_model *m, const struct waf_claim *a, const struct waf_claim *b,
		       struct waf_claim *out)
{
	uint64_t n = (uint64_t)a->s.n * b->s.n;
	struct waf_claim c = {.unless = a->unless};

	if (n > m->max_literals || m->a->failed)
		return false;
	c.s = waf_strings_room(m, (uint32_t)n);
	if (!c.s.v)
		return false;
	waf_set_join(&c.unless, &b->unless);
	for (uint32_t i = 0; i < a->s.n; i++) {
		for (uint32_t k = 0; k < b->s.n; k++)
			c.s.v[c.s.n++] = join(m, a->s.v[i], b->s.v[k]);
	}
	waf_strings_sort(&c.s);
	*out = c;
	return true;
}

struct waf_claim waf_claim_either(struct waf_model *m, const struct waf_claim *a,
				  const struct waf_claim *b, bool keep_end)
{
	struct waf_claim c = {.s = waf_strings_room(m, a->s.n + b->s.n), .unless = a->unless};

	if (!c.s.v)
		return waf_claim_of_nothing(m);
	waf_set_join(&c.unless, &b->unless);
	waf_strings_merge(&c.s, &a->s, &b->s);
	for (size_t len = EITHER_KEEPS; c.s.n > m->max_literals && len > 1; len--)
		waf_strings_cut(&c.s, len, keep_end);
	return c.s.n > m->max_literals ? waf_claim_of_nothing(m) : c;
}

bool waf_claim_joint(struct waf_model *m, const struct waf_claim *a, const struct waf_claim *b,
		     enum waf_whole whole, struct waf_claim *out)
{
	struct waf_claim left = *a, right = *b;

	if (waf_claim_product(m, a, b, out))
		return true;
	if (!waf_claim_is_known(a) || !waf_claim_is_known(b))
		return false;
	left.s = waf_strings_copy(m, &a->s);
	right.s = waf_strings_copy(m, &b->s);
	for (size_t len = JOINT_KEEPS; len > 0; len--) {
		if (whole != WAF_LEFT_WHOLE)
			waf_strings_cut(&left.s, len, true);
		if (whole != WAF_RIGHT_WHOLE)
			waf_strings_cut(&right.s, len, false);
		if (waf_claim_product(m, &left, &right, out))
			return true;
	}
	return false;
}
