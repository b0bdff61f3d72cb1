/* SPDX-License-Identifier: BSD-3-Clause */
/* Operators and their arguments: "!@rx ^a", "@pm one two", or a regular expression alone. */
#include "seclang_impl.h"

enum argument {
	ARG_NONE,
	ARG_TEXT,   /* macros are undone at run time; may be empty */
	ARG_PLAIN,  /* not empty, no macros */
	ARG_NUMBER, /* or macros */
	ARG_REGEX,
	ARG_PHRASES,
	ARG_PHRASE_FILES,
	ARG_ADDRESSES,
	ARG_ADDRESS_FILES,
	ARG_BYTES, /* 1-255,9 */
};

static const uint8_t arguments[WEIR_SEC_O_END] = {
	[WEIR_SEC_O_BEGINSWITH] = ARG_TEXT,
	[WEIR_SEC_O_CONTAINS] = ARG_TEXT,
	[WEIR_SEC_O_CONTAINSWORD] = ARG_TEXT,
	[WEIR_SEC_O_DETECTSQLI] = ARG_NONE,
	[WEIR_SEC_O_DETECTXSS] = ARG_NONE,
	[WEIR_SEC_O_ENDSWITH] = ARG_TEXT,
	[WEIR_SEC_O_EQ] = ARG_NUMBER,
	[WEIR_SEC_O_GE] = ARG_NUMBER,
	[WEIR_SEC_O_GEOLOOKUP] = ARG_NONE,
	[WEIR_SEC_O_GT] = ARG_NUMBER,
	[WEIR_SEC_O_IPMATCH] = ARG_ADDRESSES,
	[WEIR_SEC_O_IPMATCHFROMFILE] = ARG_ADDRESS_FILES,
	[WEIR_SEC_O_LE] = ARG_NUMBER,
	[WEIR_SEC_O_LT] = ARG_NUMBER,
	[WEIR_SEC_O_NOMATCH] = ARG_NONE,
	[WEIR_SEC_O_PM] = ARG_PHRASES,
	[WEIR_SEC_O_PMFROMFILE] = ARG_PHRASE_FILES,
	[WEIR_SEC_O_RBL] = ARG_PLAIN,
	[WEIR_SEC_O_RX] = ARG_REGEX,
	[WEIR_SEC_O_STREQ] = ARG_TEXT,
	[WEIR_SEC_O_STRMATCH] = ARG_PLAIN,
	[WEIR_SEC_O_UNCONDITIONALMATCH] = ARG_NONE,
	[WEIR_SEC_O_VALIDATEBYTERANGE] = ARG_BYTES,
	[WEIR_SEC_O_VALIDATEURLENCODING] = ARG_NONE,
	[WEIR_SEC_O_VALIDATEUTF8ENCODING] = ARG_NONE,
	[WEIR_SEC_O_VERIFYCC] = ARG_REGEX,
	[WEIR_SEC_O_VERIFYSSN] = ARG_REGEX,
	[WEIR_SEC_O_VERIFYCPF] = ARG_REGEX,
	[WEIR_SEC_O_WITHIN] = ARG_TEXT,
};

static const char *operator_name(unsigned int i)
{
	return weir_sec_operator_name(i);
}

/* ---- arguments ---- */

static bool parse_operand(struct weir_seclang *s, struct word w, struct weir_sec_test *out)
{
	struct word digits = w;
	uint64_t n;

	if (!parse_text(s, w, &out->argument))
		return false;
	if (out->argument.has_macro)
		return true;
	digits = word_trim(w);
	if (digits.text.len && (*digits.text.ptr == '-' || *digits.text.ptr == '+'))
		digits = word_part(digits, 1, digits.text.len - 1);
	return parse_number(s, digits, 0, INT64_MAX, &n);
}

static bool parse_expression(struct weir_seclang *s, struct word w, struct weir_sec_test *out)
{
	if (!parse_text(s, w, &out->argument))
		return false;
	/* With macros it is known only at run time. */
	return out->argument.has_macro || regex_check(s, w, REGEX_RX);
}

static bool parse_byte_range(struct weir_seclang *s, struct word w)
{
	const uint8_t *dash = memchr(w.text.ptr, '-', w.text.len);
	size_t at = dash ? (size_t)(dash - w.text.ptr) : w.text.len;
	uint64_t lo, hi;

	if (!parse_number(s, word_trim(word_part(w, 0, at)), 0, 255, &lo))
		return false;
	if (!dash)
		return true;
	if (!parse_number(s, word_trim(word_part(w, at + 1, w.text.len - at - 1)), 0, 255, &hi))
		return false;
	return lo <= hi || complain(s, place(s, w, 0), "the range %.*s is empty", SHOW(w.text));
}

static bool parse_byte_ranges(struct weir_seclang *s, struct word w)
{
	size_t from = 0;

	for (size_t i = 0; i <= w.text.len; i++) {
		if (i < w.text.len && w.text.ptr[i] != ',')
			continue;
		if (!parse_byte_range(s, word_part(w, from, i - from)))
			return false;
		from = i + 1;
	}
	return true;
}

static bool parse_argument(struct weir_seclang *s, struct word w, struct weir_sec_test *out)
{
	uint8_t kind = arguments[out->op];
	bool may_be_empty = kind == ARG_NONE || kind == ARG_TEXT || kind == ARG_REGEX;

	if (!may_be_empty && w.text.len == 0)
		return complain(s, place(s, w, 0), "@%s needs an argument",
				weir_sec_operator_name(out->op));
	if (!plain_text(s, w, &out->argument))
		return false;
	switch ((enum argument)kind) {
	case ARG_NONE:
		return word_trim(w).text.len == 0 ||
		       complain(s, place(s, w, 0), "@%s takes no argument",
				weir_sec_operator_name(out->op));
	case ARG_TEXT:
		return parse_text(s, w, &out->argument);
	case ARG_NUMBER:
		return parse_operand(s, w, out);
	case ARG_REGEX:
		return parse_expression(s, w, out);
	case ARG_PHRASES:
		return phrases_of_text(s, w, out);
	case ARG_PHRASE_FILES:
		return phrases_of_files(s, w, false, out);
	case ARG_ADDRESSES:
		return addresses_of_text(s, w, out);
	case ARG_ADDRESS_FILES:
		return phrases_of_files(s, w, true, out);
	case ARG_BYTES:
		return parse_byte_ranges(s, w);
	case ARG_PLAIN:
		break;
	}
	return true;
}

/* ---- the operator ---- */

static size_t skip_space(struct weir_bytes t, size_t i)
{
	while (i < t.len && is_space(t.ptr[i]))
		i++;
	return i;
}

bool parse_test(struct weir_seclang *s, struct word w, struct weir_sec_test *out)
{
	struct weir_bytes t = w.text;
	size_t i, end;
	struct word name;
	int op;

	out->negated = t.len && *t.ptr == '!';
	i = skip_space(t, out->negated ? 1 : 0);
	out->op = WEIR_SEC_O_RX;
	if (i == t.len || t.ptr[i] != '@')
		return parse_argument(s, word_part(w, i, t.len - i), out);
	for (end = ++i; end < t.len && !is_space(t.ptr[end]);)
		end++;
	name = word_part(w, i, end - i);
	op = find_operator(name.text);
	if (op < 0 && is_foreign_operator(name.text))
		return complain(s, place(s, name, 0), "operator '%.*s' is not supported",
				SHOW(name.text));
	if (op < 0)
		return complain(s, place(s, name, 0), "no operator '%.*s'%s", SHOW(name.text),
				hint(s, name.text, operator_name, WEIR_SEC_O_END));
	out->op = (uint8_t)op;
	end = skip_space(t, end);
	return parse_argument(s, word_part(w, end, t.len - end), out);
}
