/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

#include <stdio.h>

/* What libinjection has, against which conditions are tried. */
int libinjection_sqli(const char *input, size_t len, char fingerprint[]);
int libinjection_xss(const char *input, size_t len);
bool waf_inject_self_test(void);

START_TEST(libinjection_is_what_it_is_taken_for)
{
	ck_assert(waf_inject_self_test());
}
END_TEST

START_TEST(attacks_are_told_from_text)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_DETECTSQLI, "", "1' or '1'='1", true},
		{WEIR_SEC_O_DETECTSQLI, "", "-1 union select 1,2", true},
		{WEIR_SEC_O_DETECTSQLI, "", "1 AND 1=1 OR 2", true},
		{WEIR_SEC_O_DETECTSQLI, "", "blue bottle garden", false},
		{WEIR_SEC_O_DETECTSQLI, "", "", false},
		{WEIR_SEC_O_DETECTXSS, "", "<script>alert(1)</script>", true},
		{WEIR_SEC_O_DETECTXSS, "", "x onerror=alert(1)", true},
		{WEIR_SEC_O_DETECTXSS, "", "<!DOCTYPE x", true},
		{WEIR_SEC_O_DETECTXSS, "", "a < b", false},
		{WEIR_SEC_O_DETECTXSS, "", "", false},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(the_fingerprint_is_captured)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_DETECTSQLI, "");
	ck_assert_int_eq(op_test_ask(&t, "-1 union select 1,2"), WAF_MATCH);
	ck_assert_uint_eq(t.match.n_captures, 1);
	ck_assert_str_eq(op_test_capture(&t, 0), "1UE1");
	ck_assert_int_eq(op_test_ask(&t, "union"), WAF_NO_MATCH);
	ck_assert_uint_eq(t.match.n_captures, 0);
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_DETECTXSS, "");
	ck_assert_int_eq(op_test_ask(&t, "<script>"), WAF_MATCH);
	ck_assert_uint_eq(t.match.n_captures, 0);
	op_test_fini(&t);
}
END_TEST

/* libinjection looks behind these; what is there must not matter. */
START_TEST(what_follows_the_value_is_not_looked_at)
{
	static const char *const values[] = {"<",   "<a href=&#", "<a href=&#x", "<a onabc",
					     "1/*", "x=&#x6A",    "<a\x01onwhe"};
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_DETECTXSS, "");
	for (size_t i = 0; i < WEIR_ARRAY_LEN(values); i++) {
		char text[64];
		int n = snprintf(text, sizeof(text), "%sx6A;avascript:=1 el=1", values[i]);

		ck_assert_int_gt(n, 0);
		ck_assert_int_eq(waf_op_run(t.op, t.s, weir_bytes_of(text, strlen(values[i])),
					    (struct weir_bytes){0}, NULL),
				 op_test_ask(&t, values[i]));
	}
	op_test_fini(&t);
}
END_TEST

START_TEST(a_value_that_is_too_long_is_not_told)
{
	static const enum weir_sec_operator ops[] = {WEIR_SEC_O_DETECTSQLI, WEIR_SEC_O_DETECTXSS};
	size_t len = (1 << 20) + 1;
	char *value = malloc(len);

	ck_assert_ptr_nonnull(value);
	memset(value, '=', len);
	value[0] = '\'';
	for (size_t i = 0; i < WEIR_ARRAY_LEN(ops); i++) {
		struct op_test t;

		op_test_init(&t, ops[i], "!");
		ck_assert_int_eq(op_test_ask_bytes(&t, value, len), WAF_LIMIT);
		ck_assert_int_eq(op_test_ask_bytes(&t, value, len - 1), WAF_MATCH);
		op_test_fini(&t);
	}
	free(value);
}
END_TEST

/* All values of up to `max` bytes of `alphabet`. */
static void for_all(const char *alphabet, size_t n_letters, unsigned int max,
		    void (*check)(struct op_test *t, const char *text, size_t len),
		    struct op_test *t)
{
	for (unsigned int len = 0; len <= max; len++) {
		char text[16 + 64] = {0};
		size_t total = 1;

		for (unsigned int i = 0; i < len; i++)
			total *= n_letters;
		for (size_t n = 0; n < total; n++) {
			size_t rest = n;

			for (unsigned int i = 0; i < len; i++, rest /= n_letters)
				text[i] = alphabet[rest % n_letters];
			check(t, text, len);
		}
	}
}

static void check_xss(struct op_test *t, const char *text, size_t len)
{
	bool found = libinjection_xss(text, len) != 0;
	struct weir_bytes value = weir_bytes_of(text, len);

	ck_assert_msg(!found || memchr(text, '<', len) || memchr(text, '=', len), "%s", text);
	ck_assert_int_eq(waf_op_run(t->op, t->s, value, (struct weir_bytes){0}, NULL),
			 found ? WAF_MATCH : WAF_NO_MATCH);
}

START_TEST(markup_needs_a_bracket_or_an_equals_sign)
{
	static const char alphabet[] = "ax \"'`>/<=-![&#?%";
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_DETECTXSS, "");
	for_all(alphabet, sizeof(alphabet), 4, check_xss, &t); /* with the zero byte */
	op_test_fini(&t);
}
END_TEST

static void check_sqli(struct op_test *t, const char *text, size_t len)
{
	char fingerprint[8];
	bool found = libinjection_sqli(text, len, fingerprint) != 0;

	ck_assert_int_eq(
		waf_op_run(t->op, t->s, weir_bytes_of(text, len), (struct weir_bytes){0}, NULL),
		found ? WAF_MATCH : WAF_NO_MATCH);
	ck_assert(!found || op_test_need(t, weir_bytes_of(text, len)));
}

START_TEST(short_values_are_told_as_libinjection_does)
{
	static const char alphabet[] = "a1 .,-+/:@=*?0xe'(;#";
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_DETECTSQLI, "");
	for_all(alphabet, sizeof(alphabet) - 1, 4, check_sqli, &t);
	op_test_fini(&t);
}
END_TEST

START_TEST(a_run_of_letters_and_digits_is_no_sql)
{
	static const char alphabet[] = "01b2xeduor_";
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_DETECTSQLI, "");
	for_all(alphabet, sizeof(alphabet) - 1, 5, check_sqli, &t);
	ck_assert(!op_test_need(&t, weir_bytes_str("1or0x1union\xc3\xa9select_2")));
	ck_assert(op_test_need(&t, weir_bytes_str("1\xa0or\xa0"
						  "1")));
	op_test_fini(&t);
}
END_TEST

/* Pieces of SQL in any order. */
START_TEST(pieces_of_sql_are_told_as_libinjection_does)
{
	static const char *const pieces[] = {
		"select",
		"union",
		"all",
		"or",
		"and",
		"not",
		"in",
		"like",
		"1",
		"0x1f",
		"0xfor",
		"1e",
		"1.e",
		"1dunion",
		"2.5",
		"0b1",
		"from",
		"into",
		"outfile",
		"group by",
		"order",
		"by",
		"int",
		"text",
		"is",
		"null",
		"a.b",
		"@x",
		"x",
		"foo",
		"user",
		"if",
		"waitfor delay",
		"current date",
		"similar to",
		"load data",
		"exec",
		"limit",
		" ",
		",",
		".",
		"-",
		"/",
		"+",
		":",
		"::",
		"--",
		"/*",
		"#",
		"'",
		"\"",
		"(",
		")",
		";",
		"=",
		"||",
		"&&",
		"\xa0",
		"\xc3\xa9",
		"$",
		"`",
		"[",
	};
	struct op_test t;
	uint64_t x = 88172645463325252u;

	op_test_init(&t, WEIR_SEC_O_DETECTSQLI, "");
	for (unsigned int n = 0; n < 200000; n++) {
		char text[256 + 64] = {0};
		size_t len = 0;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		for (unsigned int i = 0; i < 1 + (x >> 60) % 8; i++) {
			const char *p = pieces[(x >> (6 * i)) % WEIR_ARRAY_LEN(pieces)];

			len += (size_t)snprintf(text + len, 256 - len, "%s%s", p,
						x >> 50 & 1 ? " " : "");
		}
		check_sqli(&t, text, len);
	}
	op_test_fini(&t);
}
END_TEST

/* What libinjection says of all of it, whatever its beginning is. */
START_TEST(long_values_are_told_as_libinjection_does)
{
	static const char *const pieces[] = {"1' or ", "it's ",  "\"",       "a ",  "1,",
					     "-- x\n", "union ", "select ",  "(",   "/*",
					     "*/",     "#",      "foo.bar ", "<b>", "sp_password ",
					     "1 ",     " ",      "x=1 and "};
	const size_t len = 150000;
	char *value = malloc(len + 64);
	uint64_t state = 5;
	unsigned int n_found = 0;
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_DETECTSQLI, "");
	for (unsigned int round = 0; round < 400; round++) {
		size_t n = 0, first = round % 3 ? 40 : 70000, kind = round % 7;
		char fingerprint[8];
		bool found;

		memset(value, 0, len + 64);
		while (n < len - 32) {
			const char *piece = pieces[kind];

			if (n < 40 || (n > first && n < first + 40)) {
				state = state * 6364136223846793005ULL + 1442695040888963407ULL;
				piece = pieces[(state >> 33) % WEIR_ARRAY_LEN(pieces)];
			}
			memcpy(value + n, piece, strlen(piece));
			n += strlen(piece);
		}
		found = libinjection_sqli(value, n, fingerprint) != 0;
		ck_assert_int_eq(op_test_ask_bytes(&t, value, n), found ? WAF_MATCH : WAF_NO_MATCH);
		if (found)
			ck_assert_str_eq(op_test_capture(&t, 0), fingerprint);
		n_found += found;
	}
	ck_assert_uint_gt(n_found, 20);
	ck_assert_uint_lt(n_found, 380);
	op_test_fini(&t);
	free(value);
}
END_TEST

START_TEST(prose_and_base64_of_some_megabytes_are_told)
{
	static const char prose[] = "It's what they say, and nobody (not even they) knows why. ";
	const size_t len = 3 << 20;
	char *value = malloc(len);
	struct op_test sqli, xss;

	op_test_init(&sqli, WEIR_SEC_O_DETECTSQLI, "");
	op_test_init(&xss, WEIR_SEC_O_DETECTXSS, "");
	for (size_t i = 0; i < len; i++)
		value[i] = prose[i % (sizeof(prose) - 1)];
	ck_assert_int_eq(op_test_ask_bytes(&sqli, value, len), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask_bytes(&xss, value, len), WAF_NO_MATCH);
	for (size_t i = 0; i < len; i++)
		value[i] = "QWxhZGRpbjpvcGVuIHNlc2FtZQ+/"[i % 28];
	value[len - 1] = value[len - 2] = '=';
	ck_assert_int_eq(op_test_ask_bytes(&sqli, value, len), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask_bytes(&xss, value, len), WAF_NO_MATCH);
	value[100] = ' ';
	ck_assert_int_eq(op_test_ask_bytes(&xss, value, len), WAF_LIMIT);
	op_test_fini(&xss);
	op_test_fini(&sqli);
	free(value);
}
END_TEST

Suite *waf_op_inject_suite(void)
{
	return WEIR_SUITE(
		"waf op inject", long_values_are_told_as_libinjection_does,
		prose_and_base64_of_some_megabytes_are_told, libinjection_is_what_it_is_taken_for,
		attacks_are_told_from_text, the_fingerprint_is_captured,
		what_follows_the_value_is_not_looked_at, a_value_that_is_too_long_is_not_told,
		markup_needs_a_bracket_or_an_equals_sign,
		short_values_are_told_as_libinjection_does, a_run_of_letters_and_digits_is_no_sql,
		pieces_of_sql_are_told_as_libinjection_does);
}
