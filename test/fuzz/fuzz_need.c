/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An expression, a zero byte, a subject: where PCRE2 takes the one and finds it in the other, the
 * subject must meet the conditions of the expression.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <waf_need.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t options[] = {
	PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY,
	PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_CASELESS,
};

static bool matches(struct weir_bytes pattern, struct weir_bytes subject, uint32_t option)
{
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	PCRE2_SIZE where;
	int rc = -1, error;
	pcre2_code *code = pcre2_compile(pattern.ptr, pattern.len, option, &error, &where, NULL);

	if (code) {
		pcre2_match_data *data = pcre2_match_data_create(1, NULL);

		pcre2_set_match_limit(context, 10000);
		pcre2_set_heap_limit(context, 1000);
		rc = pcre2_match(code, subject.ptr, subject.len, 0, 0, data, context);
		pcre2_match_data_free(data);
	}
	pcre2_code_free(code);
	pcre2_match_context_free(context);
	return rc >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	struct weir_bytes pattern, subject;

	if (!zero)
		return 0;
	pattern = weir_bytes_of(data, (size_t)(zero - data));
	subject = weir_bytes_of(zero + 1, size - pattern.len - 1);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(options); i++) {
		struct waf_need need;
		struct weir_arena a;

		weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
		if (waf_need_of_regex(pattern, options[i] & PCRE2_CASELESS, 40, &a, &need) == 0 &&
		    !waf_need_is_met(&need, subject))
			weir_assert(!matches(pattern, subject, options[i]));
		weir_arena_reset(&a);
	}
	return 0;
}
