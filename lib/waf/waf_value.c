/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transaction's values: each is looked at once for the classes of its bytes, and each chain of
 * transformations is done at most once for it, and not at all where no byte of it would change.
 */
#include "waf_screen.h"
#include "waf_tx.h"
#include "waf_way.h"

uint64_t waf_value_find_classes(const struct weir_waf *w, struct weir_bytes b)
{
	const uint64_t *class_of = w->screen->class_of;
	uint64_t a = 0, c = 0;
	size_t i = 0;

	for (; i + 4 <= b.len; i += 4) {
		a |= class_of[b.ptr[i]] | class_of[b.ptr[i + 1]];
		c |= class_of[b.ptr[i + 2]] | class_of[b.ptr[i + 3]];
	}
	for (; i < b.len; i++)
		a |= class_of[b.ptr[i]];
	return a | c;
}

void waf_value_init(struct waf_value *v, struct weir_bytes bytes)
{
	*v = (struct waf_value){.bytes = bytes};
}

/* Values longer than that are looked at and transformed piece by piece, with a look at the clock
 * between. */
#define LONG (32u << 10)

/* False: there is no time for it. */
static bool init_value(struct weir_waf_tx *tx, struct waf_value *v, struct weir_bytes bytes)
{
	waf_value_init(v, bytes);
	if (bytes.len <= LONG)
		return true;
	for (size_t at = 0; at < bytes.len; at += LONG) {
		size_t n = bytes.len - at < LONG ? bytes.len - at : LONG;

		if (waf_is_late(tx))
			return false;
		v->classes |= waf_value_find_classes(tx->waf, weir_bytes_of(bytes.ptr + at, n));
	}
	v->has_classes = true;
	return true;
}

static bool go_on(void *ctx)
{
	return !waf_is_late(ctx);
}

/* The result goes to out->ptr. False: there is no time for it. */
static bool run_transform(struct weir_waf_tx *tx, uint8_t t, struct weir_bytes in,
			  struct weir_bytes *out)
{
	const struct weir_watch watch = {go_on, tx};
	uint8_t *at = (uint8_t *)(uintptr_t)out->ptr;
	size_t n;

	for (out->len = 0; in.len > LONG;) {
		n = weir_transform_piece(t, in, LONG);
		if (n == in.len)
			break;
		out->len += weir_transform_run(t, weir_bytes_of(in.ptr, n), at + out->len,
					       tx->waf->settings->unicode_map);
		in = weir_bytes_of(in.ptr + n, in.len - n);
		if (waf_is_late(tx))
			return false;
	}
	if (!weir_transform_watched(t, in, at + out->len, tx->waf->settings->unicode_map,
				    in.len > LONG ? &watch : NULL, &n))
		return false;
	out->len += n;
	return true;
}

/* ---- results ---- */

/* Long ones piece by piece; without time they are taken for different. */
static bool is_same(struct weir_waf_tx *tx, struct weir_bytes a, struct weir_bytes b)
{
	size_t n = LONG;

	for (; a.len == b.len && a.len > LONG; a = weir_bytes_of(a.ptr + n, a.len - n)) {
		if (memcmp(a.ptr, b.ptr, n) != 0 || waf_is_late(tx))
			return false;
		b = weir_bytes_of(b.ptr + n, b.len - n);
	}
	return weir_bytes_equal(a, b);
}

/* A result that equals another of the same origin is that one. */
static struct waf_value *same_as(struct weir_waf_tx *tx, struct waf_value *origin,
				 struct weir_bytes bytes)
{
	for (struct waf_value *v = origin; v; v = v->sibling)
		if (is_same(tx, v->bytes, bytes))
			return v;
	return NULL;
}

/* Chains that come by `from` on different ways share what is done to it. */
static struct waf_value *done_before(const struct waf_value *from, uint8_t t)
{
	for (const struct waf_done *d = from->done; d; d = d->next)
		if (d->transform == t)
			return d->result;
	return NULL;
}

static void note_done(struct weir_waf_tx *tx, struct waf_value *from, uint8_t t,
		      struct waf_value *result)
{
	struct waf_done *d = result ? weir_arena_alloc(&tx->arena, sizeof(*d)) : NULL;

	if (!d)
		return;
	*d = (struct waf_done){.next = from->done, .result = result, .transform = t};
	from->done = d;
}

static struct waf_value *transform(struct weir_waf_tx *tx, struct waf_value *origin,
				   const struct waf_value *from, uint8_t t)
{
	size_t room = weir_transform_bound(t, from->bytes.len);
	struct waf_value *same, *v;
	struct weir_bytes made;
	uint8_t *out;

	tx->work.transforms++;
	if ((room > WAF_SHORT || tx->work.transforms % WAF_EVERY == 0) && waf_is_late(tx))
		return NULL;
	out = weir_arena_alloc(&tx->arena, room);
	if (!out)
		return NULL;
	made = weir_bytes_of(out, 0);
	if (!run_transform(tx, t, from->bytes, &made))
		return NULL;
	same = same_as(tx, origin, made);
	weir_arena_trim(&tx->arena, out, room, same ? 0 : made.len);
	if (same)
		return same;
	v = weir_arena_alloc(&tx->arena, sizeof(*v));
	if (!v || !init_value(tx, v, made))
		return NULL;
	v->sibling = origin->sibling;
	origin->sibling = v;
	return v;
}

/* One step: `from`, changed where its bytes ask for it. */
static struct waf_value *step(struct weir_waf_tx *tx, struct waf_value *origin,
			      struct waf_value *from, uint8_t t)
{
	uint64_t triggers = tx->waf->screen->triggers[t];
	struct waf_value *result;

	if (triggers != WAF_ANY_VALUE && (!(waf_value_classes(tx->waf, from) & triggers) ||
					  weir_transform_leaves(t, from->bytes)))
		return from;
	result = done_before(from, t);
	if (!result) {
		result = transform(tx, origin, from, t);
		note_done(tx, from, t, result);
	}
	return result;
}

/* What was made may have bytes that more transformations change: then a longer way is taken. */
static bool is_on_way(struct weir_waf_tx *tx, struct waf_results *r, uint64_t later,
		      struct waf_value *result)
{
	uint64_t more = later & ~r->transforms;

	more = more ? waf_transforms_of(tx, result, more) : 0;
	if (!more)
		return true;
	r->transforms |= more;
	r->of = NULL;
	return false;
}

struct waf_value *waf_value_way_result(struct weir_waf_tx *tx, struct waf_value *v,
				       const struct waf_way *way, struct waf_results *r,
				       unsigned int i)
{
	struct waf_way_step s = way->step[i]; /* `way` is not ours once a step was done */
	struct waf_value *from, *result;

	if (!i)
		return v;
	if (!r->of) {
		r->of = weir_arena_zalloc(&tx->arena, way->n * sizeof(*r->of));
		if (!r->of)
			return NULL;
	}
	if (r->of[i])
		return r->of[i];
	from = waf_value_way_result(tx, v, way, r, s.from);
	result = from ? step(tx, v, from, s.transform) : NULL;
	if (!result || (result != from && result != v && !is_on_way(tx, r, s.later, result)))
		return NULL;
	r->of[i] = result;
	return result;
}

struct waf_value *waf_value_result(struct weir_waf_tx *tx, struct waf_value *v, uint16_t node)
{
	const struct waf_node *n = &tx->waf->node[node];
	struct waf_results *r = &v->results;
	struct waf_value *result;
	uint64_t transforms;

	if (!node || (!n->always && !(n->triggers & waf_value_classes(tx->waf, v))))
		return v;
	if (!v->has_results) {
		v->has_results = true;
		r->transforms = tx->part->way ? waf_transforms_of(tx, v, WAF_ALL_TRANSFORMS)
					      : WAF_ALL_TRANSFORMS;
	}
	do {
		const struct waf_way *way = waf_way_of(tx, NULL, r->transforms);

		transforms = r->transforms;
		result = waf_value_way_result(tx, v, way, r, way->of[node]);
	} while (!result && transforms != r->transforms);
	return result;
}

/* ---- lists ---- */

static bool add_entry(struct weir_waf_tx *tx, struct waf_list *l, struct weir_bytes name,
		      struct weir_bytes value)
{
	struct waf_entry *e = weir_arena_alloc(&tx->arena, sizeof(*e));

	if (!e)
		return false;
	e->next = NULL;
	e->name = name;
	if (!init_value(tx, &e->value, value) || !init_value(tx, &e->name_value, name))
		return false;
	*(l->last ? &l->last->next : &l->first) = e;
	l->last = e;
	return true;
}

bool waf_list_add(struct weir_waf_tx *tx, unsigned int list, struct weir_bytes name,
		  struct weir_bytes value)
{
	struct waf_list *l = &tx->list[list];

	if (l->n % WAF_EVERY == WAF_EVERY - 1 && waf_is_late(tx))
		return false;
	if (waf_is_wanted(tx->waf, list, name) && !add_entry(tx, l, name, value))
		return false;
	l->n++;
	return true;
}

void waf_list_number(struct weir_waf_tx *tx, unsigned int list, uint64_t number)
{
	if (tx->waf->uses[list])
		waf_list_add(tx, list, (struct weir_bytes){0},
			     waf_number_text(tx, (int64_t)number));
}

/* ---- numbers ---- */

struct weir_bytes waf_number_text(struct weir_waf_tx *tx, int64_t number)
{
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	uint8_t digits[21], *at = digits + sizeof(digits);

	do
		*--at = (uint8_t)('0' + left % 10);
	while (left /= 10);
	if (number < 0)
		*--at = '-';
	return weir_arena_copy(&tx->arena,
			       weir_bytes_of(at, (size_t)(digits + sizeof(digits) - at)));
}

/* As atoi reads it: white space, a sign, digits; anything else is 0. Stops at the largest. */
int64_t waf_text_number(struct weir_bytes text)
{
	bool negative = false;
	int64_t n = 0;
	size_t i = 0;

	while (i < text.len && (text.ptr[i] == ' ' || (uint8_t)(text.ptr[i] - '\t') < 5))
		i++;
	if (i < text.len && (text.ptr[i] == '-' || text.ptr[i] == '+'))
		negative = text.ptr[i++] == '-';
	for (; i < text.len && (uint8_t)(text.ptr[i] - '0') < 10; i++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, text.ptr[i] - '0', &n))
			return negative ? INT64_MIN : INT64_MAX;
	return negative ? -n : n;
}
