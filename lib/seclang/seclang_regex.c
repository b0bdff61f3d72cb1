/* SPDX-License-Identifier: BSD-3-Clause */
/* Regular expressions (PCRE2): whether they are any, and whether tags and messages match. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "seclang_impl.h"

static const uint32_t flags[] = {
	[REGEX_RX] = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY,
	[REGEX_SELECTOR] = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_CASELESS,
	[REGEX_TAG] = 0,
};

static pcre2_code *compile(struct weir_bytes b, uint32_t options, int *error, size_t *at)
{
	return pcre2_compile(b.ptr, b.len, options, error, at, NULL);
}

struct regex *regex_compile(struct weir_seclang *s, struct word w, enum regex_kind kind)
{
	PCRE2_UCHAR why[120];
	size_t at;
	int error;
	pcre2_code *c = compile(w.text, flags[kind], &error, &at);

	if (!c) {
		pcre2_get_error_message(error, why, sizeof(why));
		complain(s, place(s, w, at), "not a regular expression: %s", (const char *)why);
	}
	return (struct regex *)c;
}

static int matches(const pcre2_code *c, struct weir_bytes text)
{
	pcre2_match_data *m = pcre2_match_data_create(1, NULL);
	int n = m ? pcre2_match(c, text.ptr, text.len, 0, 0, m, NULL) : -1;

	pcre2_match_data_free(m);
	return n >= 0;
}

bool regex_matches(const struct regex *r, struct weir_bytes text)
{
	return matches((const pcre2_code *)r, text);
}

void regex_destroy(struct regex *r)
{
	pcre2_code_free((pcre2_code *)r);
}

bool regex_check(struct weir_seclang *s, struct word w, enum regex_kind kind)
{
	struct regex *r = regex_compile(s, w, kind);

	regex_destroy(r);
	return r != NULL;
}

struct weir_seclang_regex *weir_seclang_regex_create(struct weir_bytes pattern)
{
	size_t at;
	int error;

	return (struct weir_seclang_regex *)compile(pattern, flags[REGEX_TAG], &error, &at);
}

bool weir_seclang_regex_matches(const struct weir_seclang_regex *r, struct weir_bytes text)
{
	return matches((const pcre2_code *)r, text);
}

void weir_seclang_regex_destroy(struct weir_seclang_regex *r)
{
	pcre2_code_free((pcre2_code *)r);
}
