/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @rx over a long value, with an eye on the clock. PCRE2's machine code counts its match limit anew
 * at each place where a match might start, and one count may read all of the value: a long one can
 * take minutes without reaching the limit. So starts are tried a slice at a time, with a low limit
 * and a short piece of what follows: where PCRE2 says that it came to the end of the piece (a
 * partial match, which it tells before it tries anything else), or to the limit, it has not told
 * anything. The start that needs more gets it alone, twice as much each time, while there is time
 * for that. What comes of it is what one call would have told.
 */
#include "waf_op_impl.h"

/* Starts of a slice. */
#define STEP_FIRST 32
#define STEP_MAX   512
/* Bytes behind the last start that a slice may read at first, and at most. */
#define AHEAD_FIRST 256
#define AHEAD_MAX   (1u << 20)
/* The limit at first, and the highest that all starts of a slice get. */
#define LIMIT_FIRST 8
#define LIMIT_MAX   2048
/* Starts times limit times bytes that may be read: about a millisecond, were all of it done. */
#define WORK (1u << 21)
/* Slices that went well before one gets by with less; twice as many after one that did not. */
#define WELL_FIRST 8
#define WELL_MAX   4096
/* A slice that was quicker is followed by a larger one. */
#define QUICK_TICKS 60000
#define AGAIN       3 /* times that a try is measured at most, besides the first */

struct slices {
	const struct waf_op *op;
	struct waf_scratch *scratch;
	struct weir_bytes value;
	uint32_t options;
	size_t offset, step, ahead;
	size_t last;                  /* no match begins behind it */
	uint32_t limit, limit_max;    /* of a slice; of the operator */
	unsigned int well, well_want; /* slices */
	bool anchored;                /* there is but one start */
};

/* What a single start is given, and what it took: a try, and the one with half as much. */
struct share {
	size_t ahead;
	uint32_t limit;
	uint64_t took, took_before;
};

static bool has(struct weir_bytes text, const char *part)
{
	return weir_bytes_find(text, weir_bytes_str(part)) >= 0;
}

/* Not where the expression can tell at which start it began: \G, and verbs as (*COMMIT). */
bool waf_rx_can_be_sliced(struct weir_bytes pattern)
{
	return !has(pattern, "\\G") && !has(pattern, "(*");
}

static bool is_anchored(const struct waf_op *op)
{
	uint32_t options = 0;

	pcre2_pattern_info(op->rx.code, PCRE2_INFO_ALLOPTIONS, &options);
	return options & PCRE2_ANCHORED;
}

static bool is_last(const struct slices *x)
{
	return x->anchored || x->last - x->offset < x->step;
}

/* The starts of the slice. The piece goes beyond them, if only by the byte that tells. */
static int try(const struct slices *x, const struct share *s)
{
	struct weir_bytes seen = x->value;
	uint32_t options = x->options;
	size_t end = x->offset + x->step + s->ahead;

	if (end < seen.len) {
		seen.len = end;
		options |= PCRE2_PARTIAL_HARD;
	}
	pcre2_set_offset_limit(x->scratch->match_context,
			       is_last(x) ? x->last : x->offset + x->step - 1);
	waf_rx_set_limits(x->op, x->scratch, s->limit < x->limit_max ? s->limit : x->limit_max);
	return waf_rx_match_once(x->op, x->scratch, seen, x->offset, options);
}

static bool is_time_for(const struct slices *x, uint64_t ticks)
{
	return waf_clock_fits(x->scratch->clock, waf_ticks(), ticks);
}

/* As try; its time is noted when it was less than was known. */
static int try_timed(const struct slices *x, struct share *s)
{
	uint64_t then = waf_ticks(), ticks;
	int rc = try(x, s);

	ticks = waf_ticks() - then;
	if (ticks < s->took)
		s->took = ticks;
	return rc;
}

/* What twice as much would take: longer tries may do more at each count, so it grows as it did, and
 * somewhat more than twice at least. */
static uint64_t ticks_of_more(const struct share *s)
{
	uint64_t as_before = s->took_before ? s->took * s->took / s->took_before : 4 * s->took;
	uint64_t least = s->took * 5 / 2;

	return as_before > least ? as_before : least;
}

/* Twice as much of what the try wanted more of. False: it had all. */
static bool give_more(const struct slices *x, struct share *s, int rc)
{
	if (rc == PCRE2_ERROR_PARTIAL)
		s->ahead *= 2;
	else if (s->limit < x->limit_max)
		s->limit *= 2;
	else
		return false;
	s->took_before = s->took;
	s->took = UINT64_MAX;
	return true;
}

static bool wants_more(int rc)
{
	return rc == PCRE2_ERROR_PARTIAL || rc == PCRE2_ERROR_MATCHLIMIT;
}

static bool is_time_now_for(const struct slices *x, uint64_t ticks)
{
	return waf_clock_fits_now(x->scratch->clock, waf_ticks(), ticks);
}

/* Before a turn or a start is given up for what more would take, what that is told by is measured
 * again: the processor may have been taken away meanwhile. */
static bool is_time_for_more(const struct slices *x, struct share *s)
{
	if (!is_time_now_for(x, ticks_of_more(s)) && is_time_now_for(x, s->took))
		(void)try_timed(x, s);
	for (unsigned int again = 0; !is_time_for(x, ticks_of_more(s)); again++) {
		if (again == AGAIN || waf_clock_is_over(x->scratch->clock, waf_ticks()))
			return false;
		(void)try_timed(x, s);
	}
	return true;
}

/* One start, for which what a slice gives was not enough; *s becomes what was. */
static int try_harder(const struct slices *x, struct share *s)
{
	int rc;

	s->took = UINT64_MAX;
	while (wants_more(rc = try_timed(x, s)))
		if (!is_time_for_more(x, s) || !give_more(x, s, rc))
			return PCRE2_ERROR_MATCHLIMIT;
	return rc;
}

/* So many starts that a slice stays short, whatever they do. */
static size_t step_within(const struct slices *x, size_t step)
{
	size_t most = WORK / x->limit / x->ahead;

	most = most < 1 ? 1 : most > STEP_MAX ? STEP_MAX : most;
	return step < most ? step : most;
}

/* The next starts may need as much as this one did. */
static void learn(struct slices *x, const struct share *s)
{
	x->ahead = s->ahead < AHEAD_MAX ? s->ahead : AHEAD_MAX;
	x->limit = s->limit < LIMIT_MAX ? s->limit : LIMIT_MAX;
	x->step = step_within(x, STEP_FIRST);
	x->well = 0;
	if (x->well_want < WELL_MAX)
		x->well_want *= 2;
}

/* After a slice that told: it may be more of them, and with less. */
static void adapt(struct slices *x, uint64_t took)
{
	if (++x->well == x->well_want) {
		x->well = 0;
		x->ahead = x->ahead / 2 > AHEAD_FIRST ? x->ahead / 2 : AHEAD_FIRST;
		x->limit = x->limit / 2 > LIMIT_FIRST ? x->limit / 2 : LIMIT_FIRST;
	}
	if (took < QUICK_TICKS)
		x->step = step_within(x, x->step * 2);
	else if (x->step > 1)
		x->step /= 2;
}

/* A slice; then the start alone that needed more. */
static int run_slice(struct slices *x)
{
	struct share s = {.ahead = x->ahead, .limit = x->limit};
	uint64_t then = waf_ticks();
	int rc = try(x, &s);

	if (!wants_more(rc)) {
		x->offset += x->step;
		adapt(x, waf_ticks() - then);
		return rc;
	}
	if (x->step > 1) {
		x->step = x->step / 8 + (x->step < 8);
		return PCRE2_ERROR_NOMATCH;
	}
	rc = try_harder(x, &s);
	x->offset += x->step;
	learn(x, &s);
	return rc;
}

static int run(struct slices *x)
{
	for (;;) {
		size_t offset = x->offset;
		bool last = is_last(x);
		int rc = run_slice(x);

		if (rc != PCRE2_ERROR_NOMATCH || (last && x->offset != offset))
			return rc;
		if (!is_time_for(x, 0))
			return PCRE2_ERROR_MATCHLIMIT;
	}
}

/* The byte that each match has in it, where PCRE2 knows one; letters in either case. */
static bool needed_byte(const struct waf_op *op, uint8_t *c)
{
	uint32_t type = 0, unit = 0;

	pcre2_pattern_info(op->rx.code, PCRE2_INFO_LASTCODETYPE, &type);
	pcre2_pattern_info(op->rx.code, PCRE2_INFO_LASTCODEUNIT, &unit);
	*c = (uint8_t)unit;
	return type == 1;
}

static const uint8_t *last_of(struct weir_bytes b, uint8_t c)
{
	const uint8_t *lower = memrchr(b.ptr, weir_lower(c), b.len);
	const uint8_t *upper = NULL;

	if ((uint8_t)(weir_lower(c) - 'a') < 26)
		upper = memrchr(b.ptr, weir_lower(c) ^ 0x20, b.len);
	return !lower || (upper && upper > lower) ? upper : lower;
}

/*
 * Where the needed byte stands last. PCRE2 looks for it itself, but not in pieces. PCRE2_ERROR_…
 * where there is none, or no time.
 */
static int find_needed(struct slices *x, uint8_t c)
{
	struct weir_bytes left = weir_bytes_of(x->value.ptr + x->offset, x->value.len - x->offset);
	const uint8_t *at;

	for (;;) {
		size_t n = left.len < OP_PIECE ? left.len : OP_PIECE;

		at = last_of(weir_bytes_of(left.ptr + left.len - n, n), c);
		left.len -= n;
		if (at || !left.len)
			break;
		if (!is_time_for(x, 0))
			return PCRE2_ERROR_MATCHLIMIT;
	}
	if (!at)
		return PCRE2_ERROR_NOMATCH;
	x->last = (size_t)(at - x->value.ptr);
	return 0;
}

int waf_rx_match_slices(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
			size_t offset, uint32_t options)
{
	struct slices x = {
		.op = op,
		.scratch = s,
		.value = value,
		.options = options,
		.offset = offset,
		.step = STEP_FIRST,
		.ahead = AHEAD_FIRST,
		.limit_max = op->rx.match_limit ? waf_rx_limit(op, value) : UINT32_MAX / 2,
		.anchored = is_anchored(op),
		.limit = LIMIT_FIRST,
		.well_want = WELL_FIRST,
		.last = value.len,
	};
	uint8_t needed;
	int rc = needed_byte(op, &needed) ? find_needed(&x, needed) : 0;

	if (rc)
		return rc;
	rc = run(&x);
	pcre2_set_offset_limit(s->match_context, PCRE2_UNSET);
	return rc;
}
