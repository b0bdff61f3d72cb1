/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes around a match, as they may stand in a log. */
#include <weir_scan.h>

/* So many of the characters are after the match. */
#define AFTER 8

static char shown(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return '0';
	return c >= 0x20 && c < 0x7f ? (char)c : '.';
}

void weir_scan_context(struct weir_bytes bytes, size_t end, char text[WEIR_SCAN_CONTEXT])
{
	size_t last = end + AFTER < bytes.len ? end + AFTER : bytes.len;
	size_t first = last > WEIR_SCAN_CONTEXT - 1 ? last - (WEIR_SCAN_CONTEXT - 1) : 0;
	size_t n = 0;

	for (size_t i = first; i < last; i++)
		text[n++] = shown(bytes.ptr[i]);
	text[n] = 0;
}
