/* SPDX-License-Identifier: BSD-3-Clause */
/* The words and bytes of waf_op_sqli.c against the library that this program is linked with. */
#include "op_test.h"

#include <ctype.h>
#include <stdio.h>

/* Private to lib/waf, and tried here alone. */
struct op_sqli_words {
	uint32_t slot[1024];
};
void waf_sqli_words_init(struct op_sqli_words *w);
bool waf_inject_sqli_possible(const struct op_sqli_words *w, struct weir_bytes value,
			      const struct waf_scratch *s);
char libinjection_sqli_lookup_word(void *state, int lookup_type, const char *word, size_t len);

static bool possible(const struct op_sqli_words *w, const char *text)
{
	return waf_inject_sqli_possible(w, weir_bytes_str(text), NULL);
}

START_TEST(benign_values_are_not_asked_about)
{
	static const char *const values[] = {
		"",
		"word",
		"blue bottle garden",
		"2024-01-31",
		"3.14159",
		"-7",
		"3fa9bc01d2",
		"a.b@example.com",
		"/a/b/c-d",
		"http://www.example.com/page.html?a=b",
		"1,234.50",
		"as in",
		"a=1; b=2",
		"10px",
		"Hello, how are you?",
		"caf\xc3\xa9",
		"a=1&b=2",
		"10:45:00",
		"550e8400-e29b-11d4-a716-446655440000",
		"json.select.0.union",
		"json.or",
	};
	struct op_sqli_words w;

	waf_sqli_words_init(&w);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(values); i++)
		ck_assert_msg(!possible(&w, values[i]), "\"%s\" is asked about", values[i]);
}
END_TEST

START_TEST(what_may_be_sql_is_asked_about)
{
	static const char *const values[] = {
		"'",     "\"",       "1 or 2",     "1or 2",      "1.5or",      "1e5or",
		"1.eor", "1.dunion", "1e+dunion",  "0xfor",      "0x or",      "x--",
		"x/*",   "x#",       "f(x)",       "a;if 1",     "a;iff",      "a;in",
		"a&&b",  "a||b",     "1 union",    "SeLeCt",     "a,select.b", "@x-1",
		"in-x",  "null=1",   "\\",         "`a`",        "$a",         "{a",
		"a\vb",  "0b2",      "[or]or",     "\xa0or\xa0", "group by",   "1::int",
		"x\x7f", "as:",      "json.or or", "json.a'",    "xjson.or",
	};
	struct op_sqli_words w;

	waf_sqli_words_init(&w);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(values); i++)
		ck_assert_msg(possible(&w, values[i]), "\"%s\" is not asked about", values[i]);
}
END_TEST

/* A word of the library, by its type: asked about alone, or beside what brings the other set. */
static void check_word(const struct op_sqli_words *w, const char *word, char type)
{
	char text[128];

	/* Or names of JSON were no names. */
	ck_assert(strncasecmp(word, "json", 4) != 0 || (word[4] && word[4] != '.'));
	switch (type) {
	case 'n':
	case '1':
	case 'f':
	case 'F': /* strings of types */
		return;
	case 'o':
		snprintf(text, sizeof(text), "@a %s", word);
		break;
	case 'k':
	case 'v':
		snprintf(text, sizeof(text), "- %s", word);
		break;
	default:
		snprintf(text, sizeof(text), "%s", word);
	}
	ck_assert_msg(possible(w, text), "\"%s\" of type %c is not known", word, type);
}

/* The words stand in this program's file as texts that end with a zero byte. */
START_TEST(each_word_of_the_library_is_known)
{
	FILE *f = fopen("/proc/self/exe", "re");
	struct op_sqli_words w;
	unsigned int known = 0;
	char text[64];
	size_t n = 0;
	int c;

	ck_assert_ptr_nonnull(f);
	waf_sqli_words_init(&w);
	while ((c = getc(f)) != EOF) {
		char type = 0;

		if (c >= ' ' && c < 127) {
			if (n < sizeof(text) - 1)
				text[n++] = (char)c;
			continue;
		}
		text[n] = 0;
		if (n && !c && n < sizeof(text) - 1)
			type = libinjection_sqli_lookup_word(NULL, 1, text, n);
		if (type && type != 'F') {
			check_word(&w, text, type);
			known++;
		}
		n = 0;
	}
	fclose(f);
	ck_assert_uint_gt(known, 900); /* 3.9 has 984 */
}
END_TEST

Suite *waf_op_sqli_suite(void)
{
	return WEIR_SUITE("waf op sqli", benign_values_are_not_asked_about,
			  what_may_be_sql_is_asked_about, each_word_of_the_library_is_known);
}
