/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @eq, @ge, @gt, @le and @lt: both sides are read as atoi does, so that what is no number is 0.
 * Deviation: ModSecurity's numbers wrap at 32 bits; these stop at the ends of 64.
 */
#include "waf_op_impl.h"

/* White space, a sign, digits; what follows is not looked at. */
static int64_t read_number(struct weir_bytes text)
{
	size_t i = 0;
	bool minus;
	uint64_t n = 0;

	while (i < text.len && (text.ptr[i] == ' ' || (uint8_t)(text.ptr[i] - '\t') < 5))
		i++;
	minus = i < text.len && text.ptr[i] == '-';
	if (i < text.len && (text.ptr[i] == '-' || text.ptr[i] == '+'))
		i++;
	for (; i < text.len && (uint8_t)(text.ptr[i] - '0') < 10; i++)
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(text.ptr[i] - '0'), &n))
			n = UINT64_MAX; /* the next digit overflows, too */
	if (n > INT64_MAX)
		return minus ? INT64_MIN : INT64_MAX;
	return minus ? -(int64_t)n : (int64_t)n;
}

static bool create(struct waf_op *op, const struct op_source *from)
{
	op->number = read_number(op->argument);
	return true;
}

static int64_t right_side(const struct waf_op *op, struct weir_bytes argument)
{
	return op->has_macro ? read_number(argument) : op->number;
}

static enum waf_outcome run_eq(const struct waf_op *op, struct waf_scratch *s,
			       struct weir_bytes value, struct weir_bytes argument,
			       struct waf_op_match *want)
{
	return op_outcome(read_number(value) == right_side(op, argument));
}

static enum waf_outcome run_ge(const struct waf_op *op, struct waf_scratch *s,
			       struct weir_bytes value, struct weir_bytes argument,
			       struct waf_op_match *want)
{
	return op_outcome(read_number(value) >= right_side(op, argument));
}

static enum waf_outcome run_gt(const struct waf_op *op, struct waf_scratch *s,
			       struct weir_bytes value, struct weir_bytes argument,
			       struct waf_op_match *want)
{
	return op_outcome(read_number(value) > right_side(op, argument));
}

static enum waf_outcome run_le(const struct waf_op *op, struct waf_scratch *s,
			       struct weir_bytes value, struct weir_bytes argument,
			       struct waf_op_match *want)
{
	return op_outcome(read_number(value) <= right_side(op, argument));
}

static enum waf_outcome run_lt(const struct waf_op *op, struct waf_scratch *s,
			       struct weir_bytes value, struct weir_bytes argument,
			       struct waf_op_match *want)
{
	return op_outcome(read_number(value) < right_side(op, argument));
}

const struct op_kind waf_kind_eq = {.create = create, .run = run_eq};
const struct op_kind waf_kind_ge = {.create = create, .run = run_ge};
const struct op_kind waf_kind_gt = {.create = create, .run = run_gt};
const struct op_kind waf_kind_le = {.create = create, .run = run_le};
const struct op_kind waf_kind_lt = {.create = create, .run = run_lt};
