/* SPDX-License-Identifier: BSD-3-Clause */
/* What writes collections: setvar, expirevar, initcol. */
#include "seclang_impl.h"

static const uint8_t collections[] = {
	WEIR_SEC_V_TX,       WEIR_SEC_V_IP,      WEIR_SEC_V_GLOBAL,
	WEIR_SEC_V_RESOURCE, WEIR_SEC_V_SESSION, WEIR_SEC_V_USER,
};

static const char *collection_name(unsigned int i)
{
	return weir_sec_variable_name(collections[i]);
}

static bool find_collection(struct weir_seclang *s, struct word w, uint8_t *out)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(collections); i++)
		if (weir_bytes_is_case(w.text, collection_name((unsigned int)i))) {
			*out = collections[i];
			return true;
		}
	return complain(s, place(s, w, 0), "no collection '%.*s' that can be written%s",
			SHOW(w.text),
			hint(s, w.text, collection_name, WEIR_ARRAY_LEN(collections)));
}

/* The first `c` that stands in no macro; the length where there is none. */
static size_t find_outside(struct weir_bytes t, uint8_t c)
{
	bool inside = false;

	for (size_t i = 0; i < t.len; i++) {
		if (t.ptr[i] == c && !inside)
			return i;
		if (t.ptr[i] == '%' && i + 1 < t.len && t.ptr[i + 1] == '{')
			inside = true;
		else if (t.ptr[i] == '}')
			inside = false;
	}
	return t.len;
}

/* COLLECTION.NAME */
static bool parse_member(struct weir_seclang *s, struct word w, uint8_t *collection,
			 struct weir_sec_text *name)
{
	size_t dot = find_outside(w.text, '.');

	if (dot + 1 >= w.text.len)
		return complain(s, place(s, w, 0),
				"a collection, a dot and a name must stand here");
	return find_collection(s, word_part(w, 0, dot), collection) &&
	       parse_text(s, word_part(w, dot + 1, w.text.len - dot - 1), name);
}

/* NAME=VALUE; the value is "1" where there is none, as in ModSecurity. */
static bool parse_assignment(struct weir_seclang *s, struct word w, uint8_t *collection,
			     struct weir_sec_text *name, struct word *value)
{
	static const uint32_t at[2];
	size_t equals = find_outside(w.text, '=');

	*value = (struct word){weir_bytes_str("1"), at};
	if (equals < w.text.len)
		*value = word_part(w, equals + 1, w.text.len - equals - 1);
	while (value->text.len && is_space(*value->text.ptr))
		*value = word_part(*value, 1, value->text.len - 1);
	return parse_member(s, word_trim(word_part(w, 0, equals)), collection, name);
}

bool parse_setvar(struct weir_seclang *s, struct word w, struct weir_sec_setvar *out)
{
	struct word value;

	if (w.text.len && *w.text.ptr == '!') {
		out->how = WEIR_SEC_UNSET;
		return parse_member(s, word_trim(word_part(w, 1, w.text.len - 1)), &out->collection,
				    &out->name);
	}
	if (!parse_assignment(s, w, &out->collection, &out->name, &value))
		return false;
	out->how = WEIR_SEC_SET;
	if (value.text.len && (*value.text.ptr == '+' || *value.text.ptr == '-')) {
		out->how = *value.text.ptr == '+' ? WEIR_SEC_ADD : WEIR_SEC_SUBTRACT;
		value = word_part(value, 1, value.text.len - 1);
	}
	return parse_text(s, value, &out->value);
}

bool parse_expirevar(struct weir_seclang *s, struct word w, struct weir_sec_expirevar *out)
{
	struct word value;
	uint64_t seconds;

	if (!parse_assignment(s, w, &out->collection, &out->name, &value) ||
	    !parse_text(s, value, &out->seconds))
		return false;
	return out->seconds.has_macro || parse_number(s, value, 0, UINT32_MAX, &seconds);
}

bool parse_initcol(struct weir_seclang *s, struct word w, struct weir_sec_initcol *out)
{
	size_t equals = find_outside(w.text, '=');

	if (equals + 1 >= w.text.len)
		return complain(s, place(s, w, 0), "a collection, = and a key must stand here");
	if (!find_collection(s, word_part(w, 0, equals), &out->collection))
		return false;
	if (out->collection == WEIR_SEC_V_TX)
		return complain(s, place(s, w, 0), "TX is made for each transaction anew");
	return parse_text(s, word_part(w, equals + 1, w.text.len - equals - 1), &out->key);
}
