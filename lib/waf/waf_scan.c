/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which literals stand in values: short ones are put behind one another, with marks between, and
 * one scan finds the literals of all; long ones are scanned where they stand.
 */
#include <hs.h>

#include "waf_scan.h"

/* Longer values are scanned where they stand. */
#define COPY_MAX 2048
/* Bytes that are scanned at once, so that the clock is looked at between. */
#define BATCH_MAX 65536

/* ---- the queue ---- */

static bool grow_queue(struct waf_scan *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : 64;
	struct waf_value **value = weir_arena_alloc(&s->tx->arena, cap * sizeof(*value));
	uint32_t *start = weir_arena_alloc(&s->tx->arena, (cap + 1) * sizeof(*start));

	if (!value || !start)
		return false;
	if (s->n) {
		memcpy(value, s->value, s->n * sizeof(*value));
		memcpy(start, s->start, s->n * sizeof(*start));
	}
	s->value = value;
	s->start = start;
	s->cap = cap;
	return true;
}

/* By the length and the first and last bytes, whatever their case. */
static struct waf_value **place_of(struct waf_scan *s, struct weir_bytes b)
{
	size_t n = b.len < 8 ? b.len : 8;
	uint64_t first = 0, last = 0, h = b.len;

	memcpy(&first, b.ptr, n);
	memcpy(&last, b.ptr + b.len - n, n);
	h ^= (first | 0x2020202020202020ULL) + (last | 0x2020202020202020ULL) * 3;
	return &s->like_place[h * 0x9e3779b97f4a7c15ULL >> 58];
}

/* The same bytes stand in many a variable, and the scan is blind to case: what another value has is
 * what this one has. */
static bool has_hits_of_another(struct waf_scan *s, struct waf_value *v)
{
	struct waf_value **place, *other;

	if (!v->bytes.len)
		return false;
	place = place_of(s, v->bytes);
	other = *place;
	if (!other || !weir_bytes_equal_case(v->bytes, other->bytes)) {
		*place = v;
		return false;
	}
	v->queued = true;
	v->like = other;
	v->like_next = s->like;
	s->like = v;
	return true;
}

/* ---- what is found ---- */

static struct waf_hits *hits_of(struct weir_waf_tx *tx, struct waf_value *v)
{
	if (v->hits)
		return v->hits;
	v->hits = weir_arena_zalloc(&tx->arena, sizeof(*v->hits));
	if (v->hits && v->json)
		*v->hits = v->json->hits;
	return v->hits;
}

static void note_literal(struct waf_scan *s, struct waf_value *v, unsigned int literal)
{
	const struct waf_literal_set *set = s->literals;
	struct waf_hits *h = hits_of(s->tx, v);

	if (!h)
		return;
	for (uint32_t i = set->first[literal]; i < set->first[literal + 1]; i++) {
		uint16_t pair = set->pair[i];

		h->found[pair >> 15][(pair & 0x7fff) / 64] |= 1ULL << (pair % 64);
	}
}

/* Whether to go on: a value that is made of literals has more of them than there is time for. */
static int go_on(struct waf_scan *s)
{
	return ++s->found % 256 == 0 && waf_clock_is_over(&s->tx->part->clock, waf_ticks());
}

/* Ends come in ascending order but for a few: the value is where the last one was, or near. The
 * marks around it are its own, too. */
static int on_literal(unsigned int id, unsigned long long from, unsigned long long to,
		      unsigned int flags, void *ctx)
{
	struct waf_scan *s = ctx;
	uint64_t at = to - s->literals->length[id];
	uint32_t i = s->hint;

	(void)from;
	(void)flags;
	while (i + 1 < s->n && s->start[i + 1] <= at)
		i++;
	while (i && s->start[i] > at)
		i--;
	s->hint = i;
	if (to <= (uint64_t)s->start[i + 1] + 1)
		note_literal(s, s->value[i], id);
	return go_on(s);
}

static int on_literal_alone(unsigned int id, unsigned long long from, unsigned long long to,
			    unsigned int flags, void *ctx)
{
	struct waf_scan *s = ctx;

	(void)from;
	(void)to;
	(void)flags;
	note_literal(s, s->value[s->hint], id);
	return go_on(s);
}

/* ---- scanning ---- */

static bool hs_over(struct waf_scan *s, struct weir_bytes bytes, match_event_handler tell)
{
	s->tx->work.scanned_bytes += (uint32_t)bytes.len;
	return hs_scan(s->literals->database, (const char *)bytes.ptr, (unsigned int)bytes.len, 0,
		       s->tx->part->hs, tell, s) == HS_SUCCESS;
}

static bool make_room(struct waf_scan *s, uint32_t bytes)
{
	if (s->bytes && bytes <= s->room)
		return true;
	s->bytes = weir_arena_alloc(&s->tx->arena, bytes);
	s->room = bytes;
	return s->bytes != NULL;
}

static void put(struct waf_scan *s, struct weir_bytes b)
{
	if (b.len)
		memcpy(s->bytes + s->len, b.ptr, b.len);
	s->len += (uint32_t)b.len;
	s->bytes[s->len++] = WAF_MARK;
}

/* The two ends of a long value, with their marks. */
static bool scan_ends(struct waf_scan *s, struct weir_bytes b)
{
	size_t n = s->literals->longest_marked;

	if (!n)
		return true;
	n = n < b.len ? n : b.len;
	if (!make_room(s, (uint32_t)(2 * n + 3)))
		return false;
	s->bytes[0] = WAF_MARK;
	s->len = 1;
	put(s, weir_bytes_of(b.ptr, n));
	put(s, weir_bytes_of(b.ptr + b.len - n, n));
	return hs_over(s, weir_bytes_of(s->bytes, s->len), on_literal_alone);
}

/* A long value piece by piece; what stands across two pieces is in both. */
static bool scan_long(struct waf_scan *s, struct weir_bytes b)
{
	size_t both = s->literals->longest;

	for (size_t most = BATCH_MAX; !waf_is_late(s->tx);) {
		size_t n = b.len < most ? b.len : most;

		if (!hs_over(s, weir_bytes_of(b.ptr, n), on_literal_alone)) {
			/* The call's time was over: what was found stays found. */
			if (!s->tx->turns.left || most / 2 <= both)
				return false;
			most /= 2;
			continue;
		}
		if (n == b.len)
			return true;
		b = weir_bytes_of(b.ptr + n - both, b.len - n + both);
	}
	return false;
}

/* Once more, when the call's time was over, with that of another. */
static bool scan_joined(struct waf_scan *s)
{
	struct weir_bytes all = weir_bytes_of(s->bytes, s->len);

	for (unsigned int times = 0; s->n && times < 2; times++) {
		s->hint = 0;
		if (hs_over(s, all, on_literal))
			return true;
		if (!s->tx->turns.left || waf_is_late(s->tx))
			return false;
	}
	return !s->n;
}

/* Of a name of JSON how it begins is known. */
static struct weir_bytes unknown_part(const struct waf_value *v)
{
	size_t known = v->json ? v->json->skipped : 0;

	return weir_bytes_of(v->bytes.ptr + known, v->bytes.len - known);
}

/* Long ones are scanned where they stand, and leave the queue. Returns what room the others take.
 */
static uint32_t scan_long_ones(struct waf_scan *s)
{
	uint32_t total = 1, kept = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		struct waf_value *v = s->value[i];

		if (v->bytes.len <= COPY_MAX) {
			s->value[kept++] = v;
			total += (uint32_t)v->bytes.len + 1;
			continue;
		}
		s->hint = i;
		v->screened = scan_long(s, unknown_part(v)) && scan_ends(s, unknown_part(v));
	}
	s->n = kept;
	return total;
}

/* Puts short values behind one another, with marks between. False: none was screened. */
static bool scan_all(struct waf_scan *s)
{
	if (!make_room(s, scan_long_ones(s)))
		return false;
	s->bytes[0] = WAF_MARK;
	s->len = 1;
	for (uint32_t i = 0; i < s->n; i++) {
		s->start[i] = s->len - 1;
		put(s, unknown_part(s->value[i]));
	}
	s->start[s->n] = s->len - 1;
	return scan_joined(s);
}

void waf_scan(struct waf_scan *s)
{
	bool good;

	s->tx->work.values += s->n;
	good = !s->literals->database || (!waf_is_late(s->tx) && scan_all(s));
	for (uint32_t i = 0; i < s->n; i++)
		s->value[i]->screened |= good;
	for (struct waf_value *v = s->like; v; v = v->like_next) {
		v->hits = v->like->hits;
		v->json = v->like->json;
		v->screened = v->like->screened;
	}
	s->like = NULL;
	memset(s->like_place, 0, sizeof(s->like_place));
	s->n = 0;
	s->queued = 0;
}

void waf_scan_add(struct waf_scan *s, struct waf_value *v)
{
	if (!v || v->queued || v->screened)
		return;
	if (waf_inject_is_json_name(v->bytes))
		v->json = &s->literals->json;
	if (has_hits_of_another(s, v))
		return;
	if (s->n == s->cap && !grow_queue(s)) {
		s->tx->unscreened = true;
		return;
	}
	v->queued = true;
	s->value[s->n++] = v;
	s->queued += (uint32_t)v->bytes.len;
	if (s->queued > BATCH_MAX)
		waf_scan(s);
}
