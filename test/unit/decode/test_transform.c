/* SPDX-License-Identifier: BSD-3-Clause */
#include "decode_test.h"

static const struct {
	enum weir_transform t;
	const char *in, *out;
} rows[] = {
	{WEIR_T_BASE64DECODE, "YWJj", "abc"},
	{WEIR_T_BASE64DECODE, "YWI=", "ab"},
	{WEIR_T_BASE64DECODE, "YWI!YWI", "ab"},
	{WEIR_T_BASE64DECODEEXT, "YW I.=", "ab"},
	{WEIR_T_BASE64ENCODE, "ab", "YWI="},
	{WEIR_T_CMDLINE, "C^a\\t  /\"etc\" ; (X)", "cat/etc(x)"},
	{WEIR_T_COMPRESSWHITESPACE, "a \t\xa0 b", "a b"},
	{WEIR_T_CSSDECODE, "\\61 b\\000062\\q\\", "abbq"},
	{WEIR_T_CSSDECODE, "\\ff1c x\\ja", "<xja"},
	{WEIR_T_CSSDECODE, "a\\\nb", "ab"},
	{WEIR_T_ESCAPESEQDECODE, "\\x41\\101\\n\\q\\\\", "AA\nq\\"},
	{WEIR_T_HEXDECODE, "616263", "abc"},
	{WEIR_T_HEXENCODE, "a\xff", "61ff"},
	{WEIR_T_HTMLENTITYDECODE, "&lt;&#60&#x3c;&GT;&amp;&foo;&#;&#x;&", "<<<>&&foo;&#;&#x;&"},
	{WEIR_T_HTMLENTITYDECODE, "&nbsp;&quot", "\xa0\""},
	{WEIR_T_JSDECODE, "\\u003c\\uff1c\\x3C\\74\\474\\n\\'\\", "<<<<'4\n'\\"},
	{WEIR_T_LENGTH, "abcdefghijkl", "12"},
	{WEIR_T_LOWERCASE, "AbC\xc9", "abc\xc9"},
	{WEIR_T_UPPERCASE, "aBc\xe9", "ABC\xe9"},
	{WEIR_T_NORMALIZEPATH, "/a/./b/../../c//d/", "/c/d/"},
	{WEIR_T_NORMALIZEPATH, "../../a/../b", "../../b"},
	{WEIR_T_NORMALIZEPATH, "/../../etc/passwd", "/etc/passwd"},
	{WEIR_T_NORMALIZEPATH, "/a/..", "/"},
	{WEIR_T_NORMALIZEPATH, "/a\\..\\b", "/a\\..\\b"},
	{WEIR_T_NORMALIZEPATHWIN, "\\a\\..\\b\\", "/b/"},
	{WEIR_T_PARITYZERO7BIT, "\xe1", "a"},
	{WEIR_T_PARITYEVEN7BIT, "a", "\xe1"},
	{WEIR_T_PARITYODD7BIT, "a", "a"},
	{WEIR_T_REMOVECOMMENTS, "a/*b*/c<!--d-->e--f", "ace "},
	{WEIR_T_REMOVECOMMENTS, "a/*b", "a "},
	{WEIR_T_REMOVECOMMENTSCHAR, "a/*b*/c<!--d-->e--f#", "abcdef"},
	{WEIR_T_REMOVEWHITESPACE,
	 " a\t\xa0"
	 "b ",
	 "ab"},
	{WEIR_T_REPLACECOMMENTS, "a/*b*/c/*d", "a c "},
	{WEIR_T_SHA1, "abc",
	 "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c"
	 "\xd0\xd8\x9d"},
	{WEIR_T_MD5, "abc", "\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72"},
	{WEIR_T_SQLHEXDECODE, "a=0x6162,0x6,0y", "a=ab,0x6,0y"},
	{WEIR_T_TRIM, " \ta b\r\n", "a b"},
	{WEIR_T_TRIMLEFT, "  a ", "a "},
	{WEIR_T_TRIMRIGHT, " a  ", " a"},
	{WEIR_T_URLDECODE, "%41+%4%zz%u0041%", "A %4%zz%u0041%"},
	{WEIR_T_URLDECODEUNI, "%41+%u0042%uff1c%u00zz%u", "A B<%u00zz%u"},
	{WEIR_T_URLENCODE, "a b/*", "a+b%2f*"},
	{WEIR_T_UTF8TOUNICODE, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff",
	 "a%u00e9%u20ac%u1f600\xff"},
	{WEIR_T_UTF8TOUNICODE, "\xc0\xaf", "%u002f"},
};

/* Input and output in rooms of their exact size, so that the sanitizers see each byte beyond. */
static struct weir_bytes run(enum weir_transform t, struct weir_bytes in)
{
	uint8_t *out = malloc(weir_transform_bound(t, in.len) + 1);
	uint8_t *exact = malloc(in.len + 1);
	size_t n;

	if (in.len)
		memcpy(exact + 1, in.ptr, in.len);
	n = weir_transform_run(t, weir_bytes_of(exact + 1, in.len), out, NULL);
	ck_assert_uint_le(n, weir_transform_bound(t, in.len));
	free(exact);
	return weir_bytes_of(out, n);
}

static void drop(struct weir_bytes b)
{
	free((void *)(uintptr_t)b.ptr);
}

START_TEST(each_does_what_the_manual_says)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_bytes out = run(rows[i].t, weir_bytes_str(rows[i].in));

		ck_assert_msg(weir_bytes_is(out, rows[i].out), "%s of %s: %.*s",
			      weir_transform_name(rows[i].t), rows[i].in, (int)out.len, out.ptr);
		drop(out);
	}
}
END_TEST

START_TEST(nul_bytes_are_bytes)
{
	struct weir_bytes in = weir_bytes_of("a\0b", 3), out;

	out = run(WEIR_T_REMOVENULLS, in);
	ck_assert(weir_bytes_is(out, "ab"));
	drop(out);
	out = run(WEIR_T_REPLACENULLS, in);
	ck_assert(weir_bytes_is(out, "a b"));
	drop(out);
	out = run(WEIR_T_LENGTH, in);
	ck_assert(weir_bytes_is(out, "3"));
	drop(out);
}
END_TEST

START_TEST(a_value_without_triggers_is_its_own_result)
{
	uint32_t random = 1;

	for (int t = 0; t < WEIR_T_END; t++) {
		const uint64_t *set = weir_transform_triggers((enum weir_transform)t);

		for (int round = 0; set && round < 2000; round++) {
			uint8_t text[24];
			size_t n = 0;
			struct weir_bytes out;

			while (n < sizeof(text)) {
				uint8_t c;

				random = random * 1664525 + 1013904223;
				c = (uint8_t)(random >> 24);
				if (!(set[c / 64] >> (c % 64) & 1))
					text[n++] = c;
			}
			out = run((enum weir_transform)t, weir_bytes_of(text, n));
			ck_assert_msg(weir_bytes_equal(out, weir_bytes_of(text, n)), "%s",
				      weir_transform_name((enum weir_transform)t));
			drop(out);
		}
	}
}
END_TEST

START_TEST(names_are_found_in_any_case)
{
	for (int t = 0; t < WEIR_T_END; t++)
		ck_assert_int_eq(weir_transform_find(weir_transform_name((enum weir_transform)t)),
				 t);
	ck_assert_int_eq(weir_transform_find("URLDECODEUNI"), WEIR_T_URLDECODEUNI);
	ck_assert_int_eq(weir_transform_find("normalisePath"), WEIR_T_NORMALIZEPATH);
	ck_assert_int_eq(weir_transform_find("rot13"), -WEIR_ENOTFOUND);
}
END_TEST

START_TEST(the_unicode_map_comes_before_the_low_byte)
{
	static struct weir_unicode_map map;
	uint8_t out[8];

	map.byte[0x2039] = '<';
	ck_assert_uint_eq(
		weir_transform_run(WEIR_T_URLDECODEUNI, weir_bytes_str("%u2039"), out, &map), 1);
	ck_assert_int_eq(out[0], '<');
	ck_assert_uint_eq(
		weir_transform_run(WEIR_T_URLDECODEUNI, weir_bytes_str("%u2039"), out, NULL), 1);
	ck_assert_int_eq(out[0], 0x39);
}
END_TEST

START_TEST(utf8_is_as_rfc_3629_says)
{
	static const char *const bad[] = {
		"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xc3",     "\x80",         "\xff",         "\xf8\x88"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(bad); i++)
		ck_assert(!weir_utf8_is_valid(weir_bytes_str(bad[i])));
	ck_assert(weir_utf8_is_valid(weir_bytes_str("a\xc3\xa9\xe2\x82\xac\xf4\x8f\xbf\xbf")));
}
END_TEST

/* Random values of what these transformations look at: what is left is left, and no result is
 * longer than it was said to be. */
START_TEST(what_a_glance_tells_of_a_value_is_true)
{
	static const char bytes[] = " /.\\-#*aA(,;\t\"'^<!>b1\xa0=+";
	uint64_t state = 1;
	unsigned int left = 0;

	for (unsigned int i = 0; i < 200000; i++) {
		uint8_t text[8], out[128];
		size_t len = i % (sizeof(text) + 1), n;

		for (size_t k = 0; k < len; k++) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			text[k] = (uint8_t)bytes[(state >> 33) % (sizeof(bytes) - 1)];
		}
		for (int t = 0; t < WEIR_T_END; t++) {
			n = weir_transform_run((enum weir_transform)t, weir_bytes_of(text, len),
					       out, NULL);
			ck_assert_uint_le(n, weir_transform_most((enum weir_transform)t,
								 weir_bytes_of(text, len)));
			if (!weir_transform_leaves((enum weir_transform)t,
						   weir_bytes_of(text, len)))
				continue;
			ck_assert_msg(n == len && memcmp(out, text, len) == 0, "%s changes %.*s",
				      weir_transform_name((enum weir_transform)t), (int)len, text);
			left++;
		}
	}
	ck_assert_uint_gt(left, 10000);
}
END_TEST

static size_t fill_pieces(uint8_t *out, size_t len, uint64_t *state)
{
	static const char *const words[] = {
		"%",   "%4",    "%41", "%u0041", "%u", "\\",       "\\u",  "\\u0041",
		"\\x", "\\x41", "\\1", "\\101",  "&",  "&lt;",     "&#65", "&#x41;",
		"/*",  "*/",    "--",  "<!--",   "#",  "\xc3\xa9", "\xe2", "\n",
		" ",   "  ",    "A",   "b0",     "u",  "41",       "(",    "; ,"};
	size_t n = 0;

	while (n + 8 < len) {
		const char *word;

		*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
		word = words[(*state >> 33) % WEIR_ARRAY_LEN(words)];
		memcpy(out + n, word, strlen(word));
		n += strlen(word);
	}
	return n;
}

START_TEST(the_results_of_pieces_are_that_of_the_whole)
{
	uint8_t in[64], whole[512], parts[512];
	uint64_t state = 7;
	size_t cuts = 0;

	for (unsigned int i = 0; i < 20000; i++) {
		struct weir_bytes all = weir_bytes_of(in, fill_pieces(in, sizeof(in), &state));

		/* Base64 that ends now and then. */
		for (size_t k = 0; i % 4 == 0 && k < all.len; k++)
			in[k] = (uint8_t) "QWxhZGRpbjpvcGVuIHNlc2FtZQ+/09=-"[(in[k] + i + k) % 31];
		for (enum weir_transform t = 0; t < WEIR_T_END; t++) {
			size_t least = 8 + i % 40, n = weir_transform_piece(t, all, least);
			size_t len = weir_transform_run(t, all, whole, NULL), joined;

			ck_assert_uint_le(n, all.len);
			if (n == all.len)
				continue;
			ck_assert_uint_ge(n, least);
			joined = weir_transform_run(t, weir_bytes_of(in, n), parts, NULL);
			joined += weir_transform_run(t, weir_bytes_of(in + n, all.len - n),
						     parts + joined, NULL);
			ck_assert_msg(joined == len && memcmp(whole, parts, len) == 0,
				      "%s of %.*s cut at %zu", weir_transform_name(t), (int)all.len,
				      (const char *)in, n);
			cuts++;
		}
	}
	ck_assert_uint_gt(cuts, 50000);
}
END_TEST

static bool count_looks(void *context)
{
	unsigned int *left = context;

	return (*left)-- > 1;
}

/* Those that can be neither cut nor looked into are short, or rare. */
START_TEST(who_looks_at_the_clock_gets_what_the_whole_becomes)
{
	static uint8_t in[40000], whole[120100], out[120100];
	uint64_t state = 11;
	unsigned int stopped = 0;

	for (unsigned int i = 0; i < 20; i++) {
		struct weir_bytes all = weir_bytes_of(in, fill_pieces(in, sizeof(in), &state));

		for (enum weir_transform t = 0; t < WEIR_T_END; t++) {
			unsigned int left = UINT32_MAX;
			struct weir_watch watch = {count_looks, &left};
			size_t len = weir_transform_run(t, all, whole, NULL), n;

			ck_assert(weir_transform_watched(t, all, out, NULL, &watch, &n));
			ck_assert_uint_eq(n, len);
			ck_assert_int_eq(memcmp(out, whole, len), 0);
			left = 1;
			stopped += !weir_transform_watched(t, all, out, NULL, &watch, &n);
		}
	}
	ck_assert_uint_gt(stopped, 20 * 10);
}
END_TEST

Suite *transform_suite(void)
{
	return WEIR_SUITE(
		"decode transform", each_does_what_the_manual_says, nul_bytes_are_bytes,
		a_value_without_triggers_is_its_own_result, what_a_glance_tells_of_a_value_is_true,
		the_results_of_pieces_are_that_of_the_whole,
		who_looks_at_the_clock_gets_what_the_whole_becomes, names_are_found_in_any_case,
		the_unicode_map_comes_before_the_low_byte, utf8_is_as_rfc_3629_says);
}
