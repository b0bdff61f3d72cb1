/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes around a match, as they may stand in a log. */
#include <weir_scan.h>

#include <strings.h>

#define AFTER      8    /* so many of the characters are after the match */
#define WORD_MIN   2    /* a single letter stands in any expression */
#define LOOKED_MAX 1024 /* bytes of the expression */

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static char shown(uint8_t c)
{
	if (is_letter(c))
		return 'x';
	if (c >= '0' && c <= '9')
		return '0';
	return c >= 0x20 && c < 0x7f ? (char)c : '.';
}

static bool has_word(const char *expression, const uint8_t *word, size_t len)
{
	size_t in = strnlen(expression, LOOKED_MAX);

	for (size_t i = 0; i + len <= in; i++)
		if (strncasecmp(expression + i, (const char *)word, len) == 0)
			return true;
	return false;
}

/* Where the run of letters at `i` ends. */
static size_t end_of_word(struct weir_bytes bytes, size_t i)
{
	while (i < bytes.len && is_letter(bytes.ptr[i]))
		i++;
	return i;
}

void weir_scan_context(const struct weir_scan_rule *rule, struct weir_bytes bytes, size_t end,
		       char text[WEIR_SCAN_CONTEXT])
{
	size_t last = end + AFTER < bytes.len ? end + AFTER : bytes.len;
	size_t first = last > WEIR_SCAN_CONTEXT - 1 ? last - (WEIR_SCAN_CONTEXT - 1) : 0;
	size_t n = 0;

	/* A word that is cut off at the left is not one of the rule's. */
	for (size_t i = first;
	     first && i < last && is_letter(bytes.ptr[i]) && is_letter(bytes.ptr[first - 1]); i++)
		text[n++] = 'x';
	for (size_t i = first + n; i < last;) {
		size_t word = end_of_word(bytes, i) - i;
		bool keep = word >= WORD_MIN && has_word(rule->expression, bytes.ptr + i, word);

		for (size_t stop = i + (word ? word : 1); i < stop && i < last; i++)
			text[n++] = keep ? (char)bytes.ptr[i] : shown(bytes.ptr[i]);
	}
	text[n] = 0;
}
