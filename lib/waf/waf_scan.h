/* SPDX-License-Identifier: BSD-3-Clause */
/* Values on their way through the literals of one side of the screen. */
#ifndef WAF_SCAN_H
#define WAF_SCAN_H

#include "waf_screen.h"
#include "waf_tx.h"

#define WAF_LIKE_PLACES 64

/* The first three are given, all else begins as zero. What it takes is of the transaction's arena.
 */
struct waf_scan {
	struct weir_waf_tx *tx;
	const struct waf_screen *screen;
	const struct waf_literal_set *literals;
	struct waf_value *like; /* those that are equal to another but for case */
	struct waf_value *like_place[WAF_LIKE_PLACES];
	struct waf_value **value; /* in the order of their places */
	uint32_t *start;          /* of the mark before each; one more behind the last */
	uint32_t n, cap;
	uint32_t hint;
	uint32_t queued; /* bytes of all in the queue */
	uint32_t found;  /* literals */
	uint8_t *bytes;
	uint32_t len, room;
};

/* Puts it in the queue, unless it was there before; scans when there is enough of it. Without
 * memory tx->unscreened is set. */
void waf_scan_add(struct waf_scan *s, struct waf_value *v);
/* Scans what is in the queue, which is empty then. Values of which all literals were found are
 * `screened`. */
void waf_scan(struct waf_scan *s);

/* The literals of a value that was screened; NULL: there are none. */
static inline const struct waf_hits *waf_hits_seen(const struct waf_value *v)
{
	if (v->hits || !v->json)
		return v->hits;
	return &v->json->hits;
}

#endif
