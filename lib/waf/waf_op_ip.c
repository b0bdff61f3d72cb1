/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @ipMatch and @ipMatchFromFile: addresses and prefixes as ranges in order, asked by bisection.
 * The families are apart, as in ModSecurity: ::/0 holds no IPv4 address. One written as
 * ::ffff:192.0.2.1 is looked for in both.
 */
#include <stdlib.h>

#include "waf_op_impl.h"

/* ---- compiling ---- */

static unsigned int family_index(const struct weir_addr *a)
{
	return a->family == 4 ? 0 : 1;
}

static struct op_range range_of(const struct weir_prefix *p)
{
	unsigned int keep = p->addr.family == 4 ? 96u + p->len : p->len;
	struct op_range r;

	memcpy(r.first, p->addr.bytes, sizeof(r.first));
	memcpy(r.last, p->addr.bytes, sizeof(r.last));
	for (unsigned int bit = keep; bit < 128; bit++)
		r.last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return r;
}

/* Bits below the prefix are allowed, as ModSecurity does. */
static bool read_member(struct weir_bytes text, struct weir_prefix *out)
{
	char copy[WEIR_PREFIX_TEXT];
	int rc;

	text = weir_bytes_trim(text);
	if (text.len >= sizeof(copy) || memchr(text.ptr, 0, text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	rc = weir_prefix_parse(copy, out);
	return rc == 0 || rc == -WEIR_EINVAL;
}

static int by_first(const void *a, const void *b)
{
	const struct op_range *x = a, *y = b;

	return memcmp(x->first, y->first, sizeof(x->first));
}

static void sort_and_join(struct op_ranges *r)
{
	uint32_t kept = 0;

	qsort(r->at, r->n, sizeof(*r->at), by_first);
	for (uint32_t i = 0; i < r->n; i++) {
		struct op_range *last = kept ? &r->at[kept - 1] : NULL;

		if (!last || memcmp(r->at[i].first, last->last, sizeof(last->last)) > 0)
			r->at[kept++] = r->at[i];
		else if (memcmp(r->at[i].last, last->last, sizeof(last->last)) > 0)
			memcpy(last->last, r->at[i].last, sizeof(last->last));
	}
	r->n = kept;
}

/* False: reported, after all members were looked at. */
static bool read_members(struct waf_op *op, const struct op_source *from)
{
	const struct weir_sec_test *test = from->test;
	bool ok = true;

	for (uint32_t i = 0; i < test->n_phrases; i++) {
		struct weir_bytes text = test->phrases[i];
		struct weir_prefix p;

		if (read_member(text, &p)) {
			struct op_ranges *r = &op->ranges[family_index(&p.addr)];

			r->at[r->n++] = range_of(&p);
			continue;
		}
		weir_conf_error(from->report, from->pos, "'%.*s' is no address and no prefix",
				text.len > 60 ? 60 : (int)text.len, (const char *)text.ptr);
		ok = false;
	}
	return ok;
}

static bool create(struct waf_op *op, const struct op_source *from)
{
	size_t bytes = from->test->n_phrases * sizeof(struct op_range);

	if (op->has_macro) {
		weir_conf_error(from->report, from->pos, "@%s takes no macro",
				weir_sec_operator_name(op->op));
		return false;
	}
	for (unsigned int f = 0; f < 2; f++) {
		op->ranges[f].at = weir_arena_alloc(from->arena, bytes);
		op->bytes += bytes;
		if (!op->ranges[f].at) {
			weir_conf_error(from->report, from->pos, "out of memory");
			return false;
		}
	}
	if (!read_members(op, from))
		return false;
	sort_and_join(&op->ranges[0]);
	sort_and_join(&op->ranges[1]);
	return true;
}

/* ---- asking ---- */

static bool has(const struct op_ranges *r, const uint8_t address[16])
{
	uint32_t low = 0, high = r->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(r->at[middle].last, address, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->n && memcmp(r->at[low].first, address, 16) <= 0;
}

static bool is_mapped(const uint8_t address[16])
{
	static const uint8_t head[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, head, sizeof(head)) == 0;
}

static enum waf_outcome run(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
			    struct weir_bytes argument, struct waf_op_match *want)
{
	char text[WEIR_ADDR_TEXT];
	struct weir_addr a;

	if (!value.len || value.len >= sizeof(text) || memchr(value.ptr, 0, value.len))
		return WAF_NO_MATCH;
	memcpy(text, value.ptr, value.len);
	text[value.len] = 0;
	if (weir_addr_parse(text, &a) != 0)
		return WAF_NO_MATCH;
	return op_outcome(has(&op->ranges[family_index(&a)], a.bytes) ||
			  (a.family == 6 && is_mapped(a.bytes) && has(&op->ranges[0], a.bytes)));
}

static int need(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	struct waf_set set = {0};

	waf_set_add(&set, '.');
	waf_set_add(&set, ':');
	waf_need_add_set(out, &set);
	out->min_len = 2;
	out->never = !op->ranges[0].n && !op->ranges[1].n;
	return 0;
}

const struct op_kind waf_kind_ip_match = {.create = create, .run = run, .need = need};
