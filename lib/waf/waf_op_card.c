/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @verifyCC, @verifySSN and @verifyCPF: what an expression finds is a number only when its digits
 * say so. Tried from each place on that the expression matches, one byte after the other, as
 * ModSecurity v2 does, but not without end.
 */
#include "waf_op_impl.h"

/* As v2 compiles these: `^` and `$` are the ends of lines here. */
#define CARD_OPTIONS (PCRE2_DOTALL | PCRE2_MULTILINE | PCRE2_NEVER_UTF)
#define TRIES_MAX    4096
#define CPF_DIGITS   11
#define SSN_DIGITS   9

/* The first `max` digits of `text`; returns how many there are. */
static unsigned int digits_of(struct weir_bytes text, uint8_t *out, unsigned int max)
{
	unsigned int n = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t d = (uint8_t)(text.ptr[i] - '0');

		if (d >= 10)
			continue;
		if (n < max)
			out[n] = d;
		n++;
	}
	return n;
}

/* ---- the numbers ---- */

/* Luhn's sum (ISO/IEC 7812-1 annex B), of any number of digits. */
static bool is_card(struct weir_bytes text)
{
	unsigned int sum[2] = {0, 0}, n = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t d = (uint8_t)(text.ptr[i] - '0');

		if (d >= 10)
			continue;
		sum[n % 2] += d;
		sum[1 - n % 2] += d < 5 ? 2u * d : 2u * d - 9;
		n++;
	}
	/* sum[k] counts the digits of parity k once: the last digit is not doubled. */
	return n && sum[(n - 1) % 2] % 10 == 0;
}

/* Area, group and serial are not zero; areas from 740 on and 666 were not given out. Numbers that
 * only count up or repeat one digit are not meant. */
static bool is_ssn(struct weir_bytes text)
{
	uint8_t d[SSN_DIGITS];
	unsigned int up = 0, same = 0, area, group, serial;

	if (digits_of(text, d, SSN_DIGITS) != SSN_DIGITS)
		return false;
	for (unsigned int i = 0; i + 1 < SSN_DIGITS; i++) {
		up += d[i] + 1 == d[i + 1];
		same += d[i] == d[i + 1];
	}
	area = 100u * d[0] + 10u * d[1] + d[2];
	group = 10u * d[3] + d[4];
	serial = 1000u * d[5] + 100u * d[6] + 10u * d[7] + d[8];
	return up != SSN_DIGITS - 1 && same != SSN_DIGITS - 1 && area && group && serial &&
	       area < 740 && area != 666;
}

/* The check digit over the first `n` digits. */
static unsigned int cpf_check(const uint8_t *d, unsigned int n)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += d[i] * (n + 1 - i);
	return sum % 11 < 2 ? 0 : 11 - sum % 11;
}

/* ModSecurity reads the first eleven digits and leaves those that follow alone. */
static bool is_cpf(struct weir_bytes text)
{
	static const uint8_t counting[CPF_DIGITS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
	uint8_t d[CPF_DIGITS];
	unsigned int same = 0;

	if (digits_of(text, d, CPF_DIGITS) < CPF_DIGITS)
		return false;
	for (unsigned int i = 0; i + 1 < CPF_DIGITS; i++)
		same += d[i] == d[i + 1];
	if (same == CPF_DIGITS - 1 || memcmp(d, counting, sizeof(d)) == 0)
		return false;
	return cpf_check(d, 9) == d[9] && cpf_check(d, 10) == d[10];
}

/* ---- asking ---- */

static bool create(struct waf_op *op, const struct op_source *from)
{
	if (op->has_macro) {
		weir_conf_error(from->report, from->pos, "@%s takes no macro",
				weir_sec_operator_name(op->op));
		return false;
	}
	return waf_rx_compile(op, from, op->argument, CARD_OPTIONS);
}

/* v2 puts the number into each of the places that the expression's groups would have. */
static void tell(struct weir_bytes number, int rc, struct waf_op_match *want)
{
	want->n_captures = rc ? (uint8_t)rc : WAF_CAPTURES;
	for (uint8_t i = 0; i < want->n_captures; i++)
		want->capture[i] = number;
}

static enum waf_outcome look(const struct waf_op *op, struct waf_scratch *s,
			     struct weir_bytes value, bool (*is_number)(struct weir_bytes),
			     struct waf_op_match *want)
{
	const PCRE2_SIZE *place = pcre2_get_ovector_pointer(s->match_data);
	size_t offset = 0;

	for (unsigned int tries = 0; offset < value.len; tries++) {
		struct weir_bytes found;
		int rc;

		if (tries == TRIES_MAX)
			return WAF_LIMIT;
		rc = waf_rx_match(op, s, value, offset, PCRE2_NOTEMPTY);
		if (rc < 0)
			return waf_rx_outcome(rc);
		if (place[0] > place[1])
			return WAF_NO_MATCH;
		found = weir_bytes_of(value.ptr + place[0], place[1] - place[0]);
		if (is_number(found)) {
			if (want)
				tell(found, rc, want);
			return WAF_MATCH;
		}
		/* A look-behind can match before the offset; it must go forward all the same. */
		offset = (place[0] > offset ? place[0] : offset) + 1;
	}
	return WAF_NO_MATCH;
}

static enum waf_outcome run_cc(const struct waf_op *op, struct waf_scratch *s,
			       struct weir_bytes value, struct weir_bytes argument,
			       struct waf_op_match *want)
{
	return look(op, s, value, is_card, want);
}

static enum waf_outcome run_ssn(const struct waf_op *op, struct waf_scratch *s,
				struct weir_bytes value, struct weir_bytes argument,
				struct waf_op_match *want)
{
	return look(op, s, value, is_ssn, want);
}

static enum waf_outcome run_cpf(const struct waf_op *op, struct waf_scratch *s,
				struct weir_bytes value, struct weir_bytes argument,
				struct waf_op_match *want)
{
	return look(op, s, value, is_cpf, want);
}

/* The expression's own conditions are not asked for: it is compiled with other options. */
static void need_digits(uint32_t n, struct waf_need *out)
{
	struct waf_set set = {0};

	for (uint8_t c = '0'; c <= '9'; c++)
		waf_set_add(&set, c);
	waf_need_add_set(out, &set);
	out->min_len = n;
}

static int need_cc(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	need_digits(1, out);
	return 0;
}

static int need_ssn(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	need_digits(SSN_DIGITS, out);
	return 0;
}

static int need_cpf(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	need_digits(CPF_DIGITS, out);
	return 0;
}

const struct op_kind waf_kind_verify_cc = {
	.create = create, .destroy = waf_rx_free, .run = run_cc, .need = need_cc};
const struct op_kind waf_kind_verify_ssn = {
	.create = create, .destroy = waf_rx_free, .run = run_ssn, .need = need_ssn};
const struct op_kind waf_kind_verify_cpf = {
	.create = create, .destroy = waf_rx_free, .run = run_cpf, .need = need_cpf};
