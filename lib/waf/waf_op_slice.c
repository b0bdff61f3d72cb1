/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @rx over a long value, with an eye on the clock. PCRE2's machine code counts its match limit anew
 * at each place where a match might start, and one count may read all of the value: a long one can
 * take minutes without reaching the limit. So starts are tried a slice at a time, with a limit that
 * is low at first. A start that needs more gets it alone, four times as much each time, while there
 * is time for that. What comes of it is what one call would have told.
 */
#include "waf_op_impl.h"

/* Starts of the first slice, of a value that is short or long; then of the largest: so many, or
 * about what reads STEP_WORK bytes when each start reads the whole value. */
#define STEP_LEAST 1
#define STEP_LONG  4
#define STEP_SHORT 32
#define STEP_MAX   256
#define STEP_WORK  (1u << 24)
#define SHORT      1024
/* A slice that was quicker than a quarter of this is followed by a larger one. */
#define SLICE_TICKS 400000
/* The first limit: what reads LIMIT_WORK bytes when each count reads the whole value. */
#define LIMIT_WORK  (1u << 20)
#define LIMIT_MAX   2048
#define LIMIT_LEAST 4
#define MORE        4
#define AGAIN       3 /* times that a try is measured at most, besides the first */

struct slices {
	const struct waf_op *op;
	struct waf_scratch *scratch;
	struct weir_bytes value;
	uint32_t options;
	size_t offset, step, step_max;
	uint32_t limit, limit_max; /* of a slice; of the operator */
	bool anchored;             /* there is but one start */
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

static uint32_t within(size_t n, uint32_t least, uint32_t most)
{
	return n < least ? least : n > most ? most : (uint32_t)n;
}

static bool is_anchored(const struct waf_op *op)
{
	uint32_t options = 0;

	pcre2_pattern_info(op->rx.code, PCRE2_INFO_ALLOPTIONS, &options);
	return options & PCRE2_ANCHORED;
}

static bool is_last(const struct slices *x)
{
	return x->anchored || x->value.len - x->offset < x->step;
}

/* The starts of the slice. */
static int try(const struct slices *x, uint32_t limit)
{
	pcre2_set_offset_limit(x->scratch->match_context,
			       is_last(x) ? PCRE2_UNSET : x->offset + x->step - 1);
	waf_rx_set_limits(x->op, x->scratch, limit < x->limit_max ? limit : x->limit_max);
	return waf_rx_match_once(x->op, x->scratch, x->value, x->offset, x->options);
}

static bool is_over(const struct slices *x)
{
	return waf_clock_is_over(x->scratch->clock, waf_ticks());
}

/* Whether so many ticks are left, or may be waited for. */
static bool is_time_for(const struct slices *x, uint64_t ticks)
{
	struct waf_clock *c = x->scratch->clock;

	if (!is_over(x) && c->last + ticks <= c->until)
		return true;
	return waf_clock_wait(c) && waf_ticks() + ticks <= c->until;
}

/* As try; *took is its time, when it was less than that. */
static int try_timed(const struct slices *x, uint32_t limit, uint64_t *took)
{
	uint64_t then = waf_ticks(), ticks;
	int rc = try(x, limit);

	ticks = waf_ticks() - then;
	if (ticks < *took)
		*took = ticks;
	return rc;
}

/*
 * One start, for which the limit of a slice was not enough; that took `took`. A try during which
 * the processor was taken away seems to have taken long: before one is given up for what it would
 * take, what that is told by is measured again.
 */
static int try_harder(const struct slices *x, uint64_t took)
{
	uint32_t limit = x->limit;
	int rc = PCRE2_ERROR_MATCHLIMIT;

	for (unsigned int again = 0; rc == PCRE2_ERROR_MATCHLIMIT && limit < x->limit_max;) {
		/* Twice as much, as longer tries read more of the value at each count. */
		if (is_time_for(x, took * MORE * 2)) {
			limit *= MORE;
			took = UINT64_MAX;
			again = 0;
		} else if (is_over(x) || again++ == AGAIN) {
			break;
		}
		rc = try_timed(x, limit, &took);
	}
	return rc;
}

static void adapt(struct slices *x, uint64_t took)
{
	if (took < SLICE_TICKS / MORE && x->step * MORE <= x->step_max)
		x->step *= MORE;
	else if (took > SLICE_TICKS && x->step > STEP_LEAST)
		x->step /= MORE;
}

static int run(struct slices *x)
{
	for (;;) {
		uint64_t then = waf_ticks(), now;
		int rc = try(x, x->limit);

		now = waf_ticks();
		if (rc == PCRE2_ERROR_MATCHLIMIT && x->step > STEP_LEAST) {
			x->step = STEP_LEAST;
			if (is_time_for(x, 0))
				continue;
			return rc;
		}
		if (rc == PCRE2_ERROR_MATCHLIMIT)
			rc = try_harder(x, now - then);
		if (rc != PCRE2_ERROR_NOMATCH || is_last(x))
			return rc;
		x->offset += x->step;
		adapt(x, now - then);
		if (!is_time_for(x, 0))
			return PCRE2_ERROR_MATCHLIMIT;
	}
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
		.step = value.len < SHORT ? STEP_SHORT : STEP_LONG,
		.step_max = within(STEP_WORK / value.len, STEP_LONG, STEP_MAX),
		.limit_max = op->rx.match_limit ? op->rx.match_limit : UINT32_MAX / MORE,
		.anchored = is_anchored(op),
		.limit = within(LIMIT_WORK / value.len, LIMIT_LEAST, LIMIT_MAX),
	};
	int rc = run(&x);

	pcre2_set_offset_limit(s->match_context, PCRE2_UNSET);
	return rc;
}
