/* SPDX-License-Identifier: BSD-3-Clause */
#include <waf_cond.h>

#include "waf_test.h"

struct fixture {
	struct weir_arena a;
	struct waf_model m;
};

static void begin(struct fixture *x, uint32_t max_literals)
{
	weir_arena_init(&x->a, &weir_arena_malloc, 1 << 24);
	ck_assert(waf_model_init(&x->m, max_literals, &x->a));
}

/* Words separated by spaces. */
static struct waf_strings words(struct fixture *x, const char *text)
{
	struct waf_strings s = {.v = weir_arena_alloc(&x->a, 16 * sizeof(*s.v))};

	for (;;) {
		size_t n = strcspn(text, " ");

		s.v[s.n++] = weir_bytes_of(text, n);
		if (!text[n])
			return s;
		text += n + 1;
	}
}

static struct waf_cond *cond(struct fixture *x, const char *text)
{
	struct waf_cond *c = waf_cond_create(&x->m, words(x, text), NULL);

	ck_assert_ptr_nonnull(c);
	return c;
}

START_TEST(strings_of_one_byte_are_members_of_the_set)
{
	struct fixture x;
	struct waf_cond *c;

	begin(&x, 10);
	c = cond(&x, "ab = ; ab");
	ck_assert_uint_eq(c->literals.n, 1);
	ck_assert_uint_eq(waf_set_count(&c->set), 2);
	ck_assert(waf_set_has(&c->set, ';') && waf_set_has(&c->set, '='));
	weir_arena_reset(&x.a);
}
END_TEST

START_TEST(a_letter_in_a_set_stands_for_all_of_them)
{
	struct fixture x;
	struct waf_cond *c;

	begin(&x, 10);
	c = cond(&x, "ab x 3=");
	ck_assert_uint_eq(c->literals.n, 1); /* "ab" has a letter */
	ck_assert(weir_bytes_is(c->literals.v[0], "3="));
	ck_assert_uint_eq(waf_set_count(&c->set), 52);
	weir_arena_reset(&x.a);
}
END_TEST

START_TEST(a_mark_is_no_byte_of_a_set)
{
	struct weir_bytes strings[] = {weir_bytes_str("\x1e="), weir_bytes_str("\x1e\x1f")};
	struct waf_set control = {{1ULL << WAF_MARK, 0, 0, 0}};
	struct fixture x;
	struct waf_cond *c, *set;

	begin(&x, 10);
	c = waf_cond_create(&x.m, (struct waf_strings){strings, 1}, NULL);
	set = waf_cond_create(&x.m, (struct waf_strings){0}, &control);
	ck_assert(!waf_cond_implies(c, set));
	c = waf_cond_create(&x.m, (struct waf_strings){strings, 1}, &control);
	ck_assert_uint_eq(c->literals.n, 1);
	c = waf_cond_as_set(&x.m, cond(&x, "\x1e="));
	ck_assert(waf_set_has(&c->set, '=') && !waf_set_has(&c->set, WAF_MARK));
	ck_assert_ptr_null(waf_cond_create(&x.m, (struct waf_strings){strings + 1, 1}, NULL));
	weir_arena_reset(&x.a);
}
END_TEST

START_TEST(what_says_nothing_is_no_condition)
{
	struct fixture x;
	struct waf_set most = {{~0ULL, ~0ULL, ~0ULL, ~0ULL}};

	begin(&x, 3);
	ck_assert_ptr_null(waf_cond_create(&x.m, words(&x, "ab "), NULL));
	ck_assert_ptr_null(waf_cond_create(&x.m, words(&x, "ab cd ef gh"), NULL));
	ck_assert_ptr_null(waf_cond_create(&x.m, (struct waf_strings){0}, &most));
	weir_arena_reset(&x.a);
}
END_TEST

START_TEST(rare_is_cheaper_than_frequent)
{
	struct fixture x;

	begin(&x, 10);
	ck_assert_uint_lt(cond(&x, "union")->cost, cond(&x, "the")->cost);
	ck_assert_uint_lt(cond(&x, "select")->cost, cond(&x, "com")->cost);
	ck_assert_uint_lt(cond(&x, "`")->cost, cond(&x, "=")->cost);
	ck_assert_uint_lt(cond(&x, "=")->cost, cond(&x, "e")->cost);
	ck_assert_uint_lt(cond(&x, "xq")->cost, cond(&x, "xq in")->cost);
	weir_arena_reset(&x.a);
}
END_TEST

START_TEST(one_condition_may_imply_another)
{
	static const struct {
		const char *a, *b;
		bool implies;
	} rows[] = {
		{"abc", "bc", true},    {"abc", "cb", false}, {"ab cd", "ab", false},
		{"ab", "ab cd", true},  {"ab=", "=", true},   {"ab=", "a", true},
		{"= ;", "= ; x", true}, {"= ;", "=", false},  {"xab xcd", "ab cd ef", true},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct fixture x;

		begin(&x, 10);
		ck_assert_msg(waf_cond_implies(cond(&x, rows[i].a), cond(&x, rows[i].b)) ==
				      rows[i].implies,
			      "%s, %s", rows[i].a, rows[i].b);
		weir_arena_reset(&x.a);
	}
}
END_TEST

START_TEST(either_is_met_where_one_is)
{
	struct fixture x;
	struct waf_cond *c;

	begin(&x, 10);
	c = waf_cond_either(&x.m, cond(&x, "ab a="), cond(&x, "cd ="));
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->literals.n, 2); /* "a=" is told by "=" */
	ck_assert(weir_bytes_is(c->literals.v[0], "ab") && weir_bytes_is(c->literals.v[1], "cd"));
	ck_assert(waf_set_has(&c->set, '='));
	weir_arena_reset(&x.a);
}
END_TEST

START_TEST(a_set_has_the_rarest_byte_of_each_literal)
{
	struct fixture x;
	struct waf_cond *c;

	begin(&x, 10);
	c = waf_cond_as_set(&x.m, cond(&x, "eval( system( a=b"));
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->literals.n, 0);
	ck_assert_uint_eq(waf_set_count(&c->set), 2);
	ck_assert(waf_set_has(&c->set, '(') && waf_set_has(&c->set, '='));
	weir_arena_reset(&x.a);
}
END_TEST

START_TEST(strings_that_have_others_in_them_go)
{
	struct waf_strings s;
	struct fixture x;

	begin(&x, 10);
	s = words(&x, "abc bc b xyz ab yz zz");
	waf_strings_minimize(&s);
	ck_assert_uint_eq(s.n, 3);
	ck_assert(weir_bytes_is(s.v[0], "b") && weir_bytes_is(s.v[1], "yz") &&
		  weir_bytes_is(s.v[2], "zz"));
	weir_arena_reset(&x.a);
}
END_TEST

Suite *cond_suite(void)
{
	return WEIR_SUITE("waf cond", strings_of_one_byte_are_members_of_the_set,
			  a_letter_in_a_set_stands_for_all_of_them, a_mark_is_no_byte_of_a_set,
			  what_says_nothing_is_no_condition, rare_is_cheaper_than_frequent,
			  one_condition_may_imply_another, either_is_met_where_one_is,
			  a_set_has_the_rarest_byte_of_each_literal,
			  strings_that_have_others_in_them_go);
}
