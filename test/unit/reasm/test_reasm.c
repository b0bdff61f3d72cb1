/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments in any order, cut and overlapping in any way: what comes out are the bytes that came
 * first, in order. A byte's value tells which arrival it is from. */
#include "weir_test.h"

#include <weir_mem.h>
#include <weir_reasm.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#define STREAM 64

static struct rte_mempool *pool;
static struct weir_span_stock *stock;

/* `len` bytes of `value` at `seq`. */
static struct weir_span *span_of(uint32_t seq, uint32_t len, uint8_t value)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct weir_span *s;

	ck_assert_ptr_nonnull(m);
	memset(rte_pktmbuf_append(m, (uint16_t)len), value, len);
	s = weir_span_make(stock, m, m->data_off, (uint16_t)len, seq);
	ck_assert_ptr_nonnull(s);
	return s;
}

static void check_empty(void)
{
	ck_assert_uint_eq(weir_span_stock_used(stock), 0);
	ck_assert_uint_eq(rte_mempool_in_use_count(pool), 0);
}

/* The bytes that are ready, as text. */
static void read_ready(const struct weir_reasm *r, char *text)
{
	uint32_t bytes = 0, n = 0;

	for (const struct weir_span *s = r->ready.head; s; s = s->next) {
		memcpy(text + bytes, weir_span_bytes(s), s->len);
		bytes += s->len;
		n++;
	}
	text[bytes] = 0;
	ck_assert_uint_eq(bytes, r->ready.bytes);
	ck_assert_uint_eq(n, r->ready.n);
}

static void check_gaps(const struct weir_reasm *r, uint32_t next)
{
	uint32_t at = next, bytes = 0, n = 0;

	for (const struct weir_span *s = r->gaps.head; s; s = s->next) {
		ck_assert(weir_seq_lt(at, s->seq) || (n && at == s->seq));
		at = weir_span_end(s);
		bytes += s->len;
		n++;
		if (!s->next)
			ck_assert_ptr_eq(s, r->gaps.tail);
	}
	ck_assert_uint_eq(bytes, r->gaps.bytes);
	ck_assert_uint_eq(n, r->gaps.n);
}

/* Rows: arrivals {offset, length}; the n-th brings bytes 'a' + n. */
static const struct {
	const char *what;
	uint8_t arrival[8][2];
	const char *ready;
} rows[] = {
	{"in order", {{0, 3}, {3, 2}}, "aaabb"},
	{"out of order", {{3, 2}, {0, 3}}, "bbbaa"},
	{"a gap stays", {{1, 3}, {5, 2}}, ""},
	{"the same again", {{0, 3}, {0, 3}}, "aaa"},
	{"new bytes behind old ones", {{0, 3}, {1, 4}}, "aaabb"},
	{"over a later one, which was first", {{2, 2}, {0, 6}}, "bbaabb"},
	{"ends inside a later one", {{2, 3}, {0, 4}}, "bbaaa"},
	{"begins inside an earlier one", {{1, 3}, {2, 4}, {0, 1}}, "caaabb"},
	{"over two", {{1, 1}, {3, 1}, {0, 6}}, "cacbcc"},
	{"over two behind a gap", {{2, 1}, {4, 1}, {1, 6}, {0, 1}}, "dcacbcc"},
	{"within one that waits", {{1, 5}, {2, 2}, {0, 1}}, "caaaaa"},
	{"from the end", {{4, 1}, {3, 1}, {2, 1}, {1, 1}, {0, 1}}, "edcba"},
	{"two holes filled at once", {{1, 1}, {3, 1}, {2, 1}, {0, 1}}, "dacb"},
	{"left of what is expected", {{0, 4}, {0, 2}, {2, 4}}, "aaaacc"},
};

static void run_row(size_t i, uint32_t base)
{
	struct weir_reasm r = {0};
	uint32_t next = base;
	char text[STREAM];

	for (size_t n = 0; n < 8 && rows[i].arrival[n][1]; n++) {
		ck_assert_int_ge(weir_reasm_add(stock, &r, &next,
						span_of(base + rows[i].arrival[n][0],
							rows[i].arrival[n][1], (uint8_t)('a' + n)),
						16),
				 0);
		check_gaps(&r, next);
	}
	read_ready(&r, text);
	ck_assert_msg(strcmp(text, rows[i].ready) == 0, "%s: '%s', not '%s'", rows[i].what, text,
		      rows[i].ready);
	ck_assert_uint_eq(next, base + (uint32_t)strlen(text));
	weir_reasm_fini(stock, &r);
	check_empty();
}

START_TEST(what_came_first_stays)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		run_row(i, 1000);
		run_row(i, 0u - 3); /* over the end of the numbers */
	}
}
END_TEST

static uint32_t rng;

static uint32_t random_below(uint32_t n)
{
	rng = rng * 1664525 + 1013904223;
	return (rng >> 8) % n;
}

/* Against the plain way: a byte array that is written where it is still empty. */
static void run_random(uint32_t seed)
{
	uint8_t plain[STREAM] = {0};
	uint32_t base = seed * 2654435761u, in_order = 0;
	struct weir_reasm r = {0};
	uint32_t next = base;
	char text[STREAM + 1];

	rng = seed;
	while (in_order < STREAM) {
		uint32_t at = random_below(STREAM), len = 1 + random_below(STREAM - at);
		uint8_t value = (uint8_t)(1 + random_below(255));
		int ready =
			weir_reasm_add(stock, &r, &next, span_of(base + at, len, value), STREAM);
		uint32_t before = in_order;

		for (uint32_t i = at; i < at + len; i++)
			plain[i] = plain[i] ? plain[i] : value;
		while (in_order < STREAM && plain[in_order])
			in_order++;
		ck_assert_int_eq(ready, (int)(in_order - before));
		ck_assert_uint_eq(next, base + in_order);
		check_gaps(&r, next);
	}
	read_ready(&r, text);
	ck_assert_mem_eq(text, plain, STREAM);
	weir_reasm_fini(stock, &r);
	check_empty();
}

START_TEST(random_segments_come_out_as_a_plain_array_has_them)
{
	for (uint32_t seed = 1; seed <= 3000; seed++)
		run_random(seed);
}
END_TEST

START_TEST(no_more_spans_wait_than_may)
{
	struct weir_reasm r = {0};
	uint32_t next = 0;

	for (uint32_t i = 0; i < 4; i++)
		ck_assert_int_eq(weir_reasm_add(stock, &r, &next, span_of(10 + 2 * i, 1, 'x'), 4),
				 0);
	ck_assert_int_eq(weir_reasm_add(stock, &r, &next, span_of(30, 1, 'x'), 4), -WEIR_ELIMIT);
	ck_assert_uint_eq(r.gaps.n, 4);
	/* What closes a gap is always taken. */
	ck_assert_int_eq(weir_reasm_add(stock, &r, &next, span_of(0, 10, 'x'), 4), 11);
	weir_reasm_fini(stock, &r);
	check_empty();
}
END_TEST

START_TEST(small_neighbours_share_a_buffer)
{
	struct weir_reasm r = {0};
	uint32_t next = 0;
	char text[STREAM];

	for (uint32_t i = 0; i < 20; i++)
		ck_assert_int_eq(
			weir_reasm_add(stock, &r, &next, span_of(i, 1, (uint8_t)('a' + i)), 4), 1);
	ck_assert_uint_eq(weir_span_stock_used(stock), 1);
	read_ready(&r, text);
	ck_assert_str_eq(text, "abcdefghijklmnopqrst");
	weir_reasm_fini(stock, &r);
	check_empty();
}
END_TEST

START_TEST(a_buffer_that_others_hold_is_not_written_to)
{
	struct weir_span *a = span_of(0, 4, 'a'), *b = span_of(4, 4, 'b');
	struct rte_mbuf *m = a->m;

	rte_mbuf_refcnt_update(m, 1);
	ck_assert(!weir_span_merge(a, b, 1000));
	rte_mbuf_refcnt_update(m, -1);
	ck_assert(weir_span_merge(a, b, 1000));
	ck_assert_uint_eq(a->len, 8);
	ck_assert(!weir_span_merge(a, b, 11));
	weir_span_free(stock, a);
	weir_span_free(stock, b);
	check_empty();
}
END_TEST

START_TEST(both_parts_of_a_span_that_is_split_hold_the_buffer)
{
	struct weir_span *a = span_of(100, 10, 'a'), *b;

	a->flags |= WEIR_SPAN_PSH;
	ck_assert(weir_span_split(stock, a, 4));
	b = a->next;
	ck_assert_uint_eq(rte_mbuf_refcnt_read(a->m), 2);
	ck_assert_uint_eq(a->len, 4);
	ck_assert_uint_eq(b->len, 6);
	ck_assert_uint_eq(b->seq, 104);
	ck_assert_ptr_eq(weir_span_bytes(b), weir_span_bytes(a) + 4);
	ck_assert(!(a->flags & WEIR_SPAN_PSH) && b->flags & WEIR_SPAN_PSH);
	weir_span_free(stock, a);
	weir_span_free(stock, b);
	check_empty();
}
END_TEST

static Suite *suite(void)
{
	return WEIR_SUITE("reasm", what_came_first_stays,
			  random_segments_come_out_as_a_plain_array_has_them,
			  no_more_spans_wait_than_may, small_neighbours_share_a_buffer,
			  a_buffer_that_others_hold_is_not_written_to,
			  both_parts_of_a_span_that_is_split_hold_the_buffer);
}

int main(void)
{
	struct weir_eal_cfg eal = {.program = "test_reasm", .need_bytes = 32 << 20, .quiet = true};
	int failed;

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	pool = weir_mbuf_pool_create("reasm", 511, 1600, 0);
	stock = weir_span_stock_create("reasm", 512);
	weir_assert(pool && stock);
	failed = weir_test_run((const weir_suite_fn[]){suite}, 1);
	weir_span_stock_destroy(stock);
	return failed;
}
