/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of targets: ARGS|!ARGS:id|&TX:/^x/|XML:/ *. */
#include "seclang_impl.h"

static const char *variable_name(unsigned int i)
{
	return weir_sec_variable_name(i);
}

bool find_variable(struct weir_seclang *s, struct word name, uint8_t *variable,
		   struct weir_bytes *member)
{
	int v = weir_sec_variable_find(name.text);

	*member = word_part(name, name.text.len, 0).text;
	if (v < 0 && name.text.len > 5 && memcmp(name.text.ptr, "HTTP_", 5) == 0) {
		v = WEIR_SEC_V_REQUEST_HEADERS;
		*member = word_part(name, 5, name.text.len - 5).text;
	}
	if (v < 0 && is_foreign_variable(name.text))
		return complain(s, place(s, name, 0), "variable '%.*s' is not supported",
				SHOW(name.text));
	if (v < 0)
		return complain(s, place(s, name, 0), "no variable '%.*s'%s", SHOW(name.text),
				hint(s, name.text, variable_name, WEIR_SEC_V_END));
	*variable = (uint8_t)v;
	return true;
}

static bool select_xml(struct weir_seclang *s, const struct item *it, enum target_list of,
		       struct weir_sec_target *out)
{
	if (weir_bytes_is(it->value.text, "/*"))
		out->selector = WEIR_SEC_XML_TEXT;
	else if (weir_bytes_is(it->value.text, "//@*"))
		out->selector = WEIR_SEC_XML_ATTRS;
	else if (it->has_value)
		return complain(s, place(s, it->value, 0),
				"of XPath only /* and //@* are supported");
	else if (!out->excluded && of != OF_CTL)
		return complain(s, place(s, it->name, 0), "XML needs /* or //@*");
	return true;
}

static bool is_regex(struct weir_bytes v)
{
	return v.len > 2 && v.ptr[0] == '/' && v.ptr[v.len - 1] == '/';
}

static bool select_member(struct weir_seclang *s, const struct item *it, enum target_list of,
			  struct weir_sec_target *out)
{
	if (out->variable == WEIR_SEC_V_XML)
		return select_xml(s, it, of, out);
	if (it->has_value && is_regex(it->value.text)) {
		struct word inner = word_part(it->value, 1, it->value.text.len - 2);

		out->selector = WEIR_SEC_REGEX;
		out->name = inner.text;
		return regex_check(s, inner, REGEX_SELECTOR);
	}
	if (it->has_value)
		out->name = it->value.text;
	if (out->name.len)
		out->selector = WEIR_SEC_NAME;
	if (!out->name.len && needs_member(out->variable) && !out->excluded && of != OF_CTL)
		return complain(s, place(s, it->name, 0), "%s needs a member: %s:name",
				weir_sec_variable_name(out->variable),
				weir_sec_variable_name(out->variable));
	return true;
}

static bool parse_target(struct weir_seclang *s, const struct item *it, enum target_list of,
			 struct weir_sec_target *out)
{
	struct word name = it->name;

	if (name.text.len && (*name.text.ptr == '!' || *name.text.ptr == '&')) {
		out->excluded = *name.text.ptr == '!';
		out->count = !out->excluded;
		name = word_part(name, 1, name.text.len - 1);
	}
	if (of == OF_CTL && (out->excluded || out->count))
		return complain(s, place(s, it->name, 0), "a target stands here without ! or &");
	if (!find_variable(s, name, &out->variable, &out->name))
		return false;
	if (!weir_sec_variable_is_collection(out->variable) && out->count)
		return complain(s, place(s, it->name, 0), "& counts members, and %s has none",
				weir_sec_variable_name(out->variable));
	if (!weir_sec_variable_is_collection(out->variable) && it->has_value)
		return complain(s, place(s, it->value, 0), "%s has no members",
				weir_sec_variable_name(out->variable));
	return select_member(s, it, of, out);
}

bool parse_targets(struct weir_seclang *s, struct word w, enum target_list of, struct list *out)
{
	struct item it;
	size_t pos = 0;
	bool good = true;
	int found;

	while ((found = next_item(s, w, ITEMS_TARGETS, &pos, &it)) > 0) {
		struct weir_sec_target *t = list_add(&s->arena, out, sizeof(*t));

		if (!t)
			return false;
		good = parse_target(s, &it, of, t) && good;
	}
	if (found == 0 && out->n == 0)
		return complain(s, place(s, w, 0), "a target is missing");
	if (out->n > RULE_LIST_MAX)
		return complain(s, place(s, w, 0), "over %u targets", RULE_LIST_MAX);
	return good && found == 0;
}
