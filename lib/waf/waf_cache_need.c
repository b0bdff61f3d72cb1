/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conditions as bytes: what is found out of an expression at a cost. They are read with all the
 * care that bytes from outside get, because a wrong condition costs a missed attack.
 */
#include "waf_cache.h"
#include "waf_op_impl.h"

/* ---- bytes ---- */

static void write_u32(struct weir_buf *out, uint32_t v)
{
	uint8_t bytes[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	weir_buf_add(out, bytes, sizeof(bytes));
}

void waf_need_write(const struct waf_need *need, struct weir_buf *out)
{
	uint8_t head[3] = {need->never, need->n_sets, need->n_literals};

	weir_buf_add(out, head, sizeof(head));
	write_u32(out, need->min_len);
	for (unsigned int i = 0; i < need->n_sets; i++)
		weir_buf_add(out, &need->set[i], sizeof(need->set[i]));
	for (unsigned int i = 0; i < need->n_literals; i++) {
		write_u32(out, need->literals[i].n);
		for (uint32_t k = 0; k < need->literals[i].n; k++) {
			struct weir_bytes l = need->literals[i].literal[k];

			write_u32(out, (uint32_t)l.len);
			weir_buf_add(out, l.ptr, l.len);
		}
	}
}

static bool is_lower(struct weir_bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (weir_lower(b.ptr[i]) != b.ptr[i])
			return false;
	return true;
}

static bool read_literals(struct weir_cursor *in, struct weir_arena *a, struct waf_literals *out)
{
	uint32_t n = weir_cursor_u32(in);

	/* Each takes five bytes at least. */
	if (!in->ok || !n || n > weir_cursor_left(in) / 5)
		return false;
	out->literal = weir_arena_alloc(a, n * sizeof(*out->literal));
	if (!out->literal)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = weir_cursor_u32(in);
		const uint8_t *at = weir_cursor_take(in, len);

		if (!at || !len || !is_lower(weir_bytes_of(at, len)))
			return false;
		out->literal[out->n++] = weir_arena_copy(a, weir_bytes_of(at, len));
	}
	return !a->failed;
}

static bool read_all(struct weir_cursor *in, struct weir_arena *a, struct waf_need *out)
{
	uint8_t never = weir_cursor_u8(in), n_sets = weir_cursor_u8(in);
	uint8_t n_literals = weir_cursor_u8(in);

	out->min_len = weir_cursor_u32(in);
	if (!in->ok || never > 1 || n_sets > WAF_NEED_SETS || n_literals > WAF_NEED_LITERALS)
		return false;
	out->never = never;
	for (; out->n_sets < n_sets; out->n_sets++) {
		const uint8_t *at = weir_cursor_take(in, sizeof(out->set[0]));

		if (!at)
			return false;
		memcpy(&out->set[out->n_sets], at, sizeof(out->set[0]));
	}
	for (; out->n_literals < n_literals; out->n_literals++)
		if (!read_literals(in, a, &out->literals[out->n_literals]))
			return false;
	return weir_cursor_left(in) == 0;
}

bool waf_need_read(struct weir_bytes bytes, struct weir_arena *a, struct waf_need *out)
{
	struct weir_cursor in = weir_cursor_of(bytes.ptr, bytes.len);

	*out = (struct waf_need){0};
	if (read_all(&in, a, out))
		return true;
	*out = (struct waf_need){0};
	return false;
}

/* ---- of operators ---- */

static int find_out(struct waf_cache *c, const struct weir_cache_key *key, const struct waf_op *op,
		    struct weir_arena *a, struct waf_need *out)
{
	struct weir_buf bytes = {0};
	int rc = waf_op_need(op, a, out);

	if (rc)
		return rc;
	waf_need_write(out, &bytes);
	if (!bytes.failed)
		waf_cache_put(c, WAF_RECORD_NEED, key, weir_bytes_of(bytes.ptr, bytes.len));
	weir_buf_fini(&bytes);
	return 0;
}

/* Of other operators than @rx they are found out as fast as they would be read. */
int waf_cache_need(struct waf_cache *c, const struct waf_op *op, struct weir_arena *a,
		   struct waf_need *out)
{
	struct weir_cache_key key = {{0}};
	struct weir_bytes known;

	if (!c || op->kind != &waf_kind_rx || op->has_macro)
		return waf_op_need(op, a, out);
	weir_cache_key_add(&key, op->argument);
	known = waf_cache_get(c, WAF_RECORD_NEED, &key);
	if (known.ptr && waf_need_read(known, a, out))
		return 0;
	return find_out(c, &key, op, a, out);
}
