/* SPDX-License-Identifier: BSD-3-Clause */
/* ctl:NAME=VALUE, what changes the engine for one transaction. */
#include "seclang_impl.h"

struct ctl_row {
	const char *name;
	uint8_t kind; /* enum weir_sec_ctl_kind, or CTL_NOTHING */
	bool (*parse)(struct weir_seclang *s, const struct ctl_row *row, struct word w,
		      struct list *actions);
};
#define CTL_NOTHING 255

static struct weir_sec_ctl *add_ctl(struct weir_seclang *s, const struct ctl_row *row,
				    struct list *actions)
{
	struct weir_sec_action *a;

	a = list_add(&s->arena, actions, sizeof(*a));
	if (!a)
		return NULL;
	a->kind = WEIR_SEC_A_CTL;
	a->ctl.kind = row->kind;
	return &a->ctl;
}

static bool add_value(struct weir_seclang *s, const struct ctl_row *row, uint64_t value,
		      struct list *actions)
{
	struct weir_sec_ctl *c = add_ctl(s, row, actions);

	if (c)
		c->value = value;
	return c != NULL;
}

/* ---- values ---- */

static const char *const off_on[] = {"Off", "On"};
static const char *const audit_modes[] = {"Off", "On", "RelevantOnly"};
static const char *const engine_modes[] = {"Off", "DetectionOnly", "On"};
static const char *const processors[] = {"", "URLENCODED", "MULTIPART", "JSON", "XML", "GRPC"};
_Static_assert(WEIR_ARRAY_LEN(processors) == WEIR_SEC_BODY_GRPC + 1, "a name for each");

static bool ctl_switch(struct weir_seclang *s, const struct ctl_row *row, struct word w,
		       struct list *actions)
{
	int v = parse_choice(s, w, off_on, 2);

	return v >= 0 && add_value(s, row, (uint64_t)v, actions);
}

static bool ctl_audit(struct weir_seclang *s, const struct ctl_row *row, struct word w,
		      struct list *actions)
{
	int v = parse_choice(s, w, audit_modes, 3);

	return v >= 0 && add_value(s, row, (uint64_t)v, actions);
}

static bool ctl_engine(struct weir_seclang *s, const struct ctl_row *row, struct word w,
		       struct list *actions)
{
	int v = parse_choice(s, w, engine_modes, 3);

	return v >= 0 && add_value(s, row, (uint64_t)v, actions);
}

static bool ctl_processor(struct weir_seclang *s, const struct ctl_row *row, struct word w,
			  struct list *actions)
{
	int v = parse_choice(s, w, processors + 1, WEIR_ARRAY_LEN(processors) - 1);

	return v >= 0 && add_value(s, row, (uint64_t)v + 1, actions);
}

static bool ctl_limit(struct weir_seclang *s, const struct ctl_row *row, struct word w,
		      struct list *actions)
{
	uint64_t n;

	return parse_number(s, w, 0, INT64_MAX, &n) && add_value(s, row, n, actions);
}

static bool ctl_level(struct weir_seclang *s, const struct ctl_row *row, struct word w,
		      struct list *actions)
{
	uint64_t n;

	return parse_number(s, w, 0, 9, &n);
}

static bool ctl_parts(struct weir_seclang *s, const struct ctl_row *row, struct word w,
		      struct list *actions)
{
	struct weir_sec_ctl *c;

	for (size_t i = 0; i < w.text.len; i++) {
		uint8_t p = weir_lower(w.text.ptr[i]);

		if (i == 0 && (p == '+' || p == '-') && w.text.len > 1)
			continue;
		if ((p < 'a' || p > 'k') && p != 'z')
			return complain(s, place(s, w, i),
					"parts of the audit log are A to K and Z");
	}
	c = add_ctl(s, row, actions);
	if (c)
		c->text = w.text;
	return c != NULL;
}

static bool ctl_unsupported(struct weir_seclang *s, const struct ctl_row *row, struct word w,
			    struct list *actions)
{
	return complain(s, place(s, w, 0), "ctl:%s is not supported", row->name);
}

/* ---- removals ---- */

static bool ctl_remove_ids(struct weir_seclang *s, const struct ctl_row *row, struct word w,
			   struct list *actions)
{
	struct list ids = {0};

	if (!parse_ids(s, w, &ids))
		return false;
	for (uint32_t i = 0; i < ids.n; i++) {
		const struct id_range *r = (const struct id_range *)ids.items + i;
		struct weir_sec_ctl *c = add_ctl(s, row, actions);

		if (!c)
			return false;
		c->first = r->first;
		c->last = r->last;
	}
	return true;
}

static struct word unquoted(struct word w)
{
	size_t n = w.text.len;

	if (n > 1 && (w.text.ptr[0] == '"' || w.text.ptr[0] == '\'') &&
	    w.text.ptr[n - 1] == w.text.ptr[0])
		return word_part(w, 1, n - 2);
	return w;
}

static bool ctl_remove_matching(struct weir_seclang *s, const struct ctl_row *row, struct word w,
				struct list *actions)
{
	struct weir_sec_ctl *c;

	w = unquoted(w);
	if (!regex_check(s, w, REGEX_TAG))
		return false;
	c = add_ctl(s, row, actions);
	if (c)
		c->text = w.text;
	return c != NULL;
}

/* Each of the new actions, which name rules, with each of the targets. */
static bool cross(struct weir_seclang *s, const struct list *which, const struct list *targets,
		  struct list *actions)
{
	const struct weir_sec_action *w = which->items;
	const struct weir_sec_target *t = targets->items;

	for (uint32_t i = 0; i < which->n; i++)
		for (uint32_t k = 0; k < targets->n; k++) {
			struct weir_sec_action *a = list_add(&s->arena, actions, sizeof(*a));

			if (!a)
				return false;
			*a = w[i];
			a->ctl.target = t[k];
		}
	return true;
}

/* WHICH;TARGETS */
static bool ctl_remove_target(struct weir_seclang *s, const struct ctl_row *row, struct word w,
			      struct list *actions)
{
	const uint8_t *semicolon = memchr(w.text.ptr, ';', w.text.len);
	size_t at = semicolon ? (size_t)(semicolon - w.text.ptr) : 0;
	struct list which = {0}, targets = {0};
	bool good;

	if (!semicolon)
		return complain(s, place(s, w, 0), "a semicolon and a target are missing");
	if (row->kind == WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID)
		good = ctl_remove_ids(s, row, word_part(w, 0, at), &which);
	else
		good = ctl_remove_matching(s, row, word_part(w, 0, at), &which);
	if (!parse_targets(s, word_part(w, at + 1, w.text.len - at - 1), OF_CTL, &targets) || !good)
		return false;
	if ((uint64_t)which.n * targets.n > RULE_LIST_MAX)
		return complain(s, place(s, w, 0), "too many targets of too many rules");
	return cross(s, &which, &targets, actions);
}

/* ---- names ---- */

static const struct ctl_row rows[] = {
	{"auditEngine", WEIR_SEC_CTL_AUDIT_ENGINE, ctl_audit},
	{"auditLogParts", WEIR_SEC_CTL_AUDIT_LOG_PARTS, ctl_parts},
	{"debugLogLevel", CTL_NOTHING, ctl_level},
	{"forceRequestBodyVariable", WEIR_SEC_CTL_FORCE_REQUEST_BODY_VARIABLE, ctl_switch},
	{"hashEnforcement", CTL_NOTHING, ctl_unsupported},
	{"hashEngine", CTL_NOTHING, ctl_unsupported},
	{"requestBodyAccess", WEIR_SEC_CTL_REQUEST_BODY_ACCESS, ctl_switch},
	{"requestBodyLimit", WEIR_SEC_CTL_REQUEST_BODY_LIMIT, ctl_limit},
	{"requestBodyProcessor", WEIR_SEC_CTL_REQUEST_BODY_PROCESSOR, ctl_processor},
	{"responseBodyAccess", WEIR_SEC_CTL_RESPONSE_BODY_ACCESS, ctl_switch},
	{"responseBodyLimit", WEIR_SEC_CTL_RESPONSE_BODY_LIMIT, ctl_limit},
	{"ruleEngine", WEIR_SEC_CTL_RULE_ENGINE, ctl_engine},
	{"ruleRemoveById", WEIR_SEC_CTL_RULE_REMOVE_BY_ID, ctl_remove_ids},
	{"ruleRemoveByTag", WEIR_SEC_CTL_RULE_REMOVE_BY_TAG, ctl_remove_matching},
	{"ruleRemoveByMsg", WEIR_SEC_CTL_RULE_REMOVE_BY_MSG, ctl_remove_matching},
	{"ruleRemoveTargetById", WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID, ctl_remove_target},
	{"ruleRemoveTargetByTag", WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_TAG, ctl_remove_target},
	{"ruleRemoveTargetByMsg", WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_MSG, ctl_remove_target},
};

static const char *row_name(unsigned int i)
{
	return rows[i].name;
}

bool parse_ctl(struct weir_seclang *s, struct word w, struct list *actions)
{
	const uint8_t *equals = memchr(w.text.ptr, '=', w.text.len);
	size_t at = equals ? (size_t)(equals - w.text.ptr) : w.text.len;
	struct word name = word_trim(word_part(w, 0, at)), value = word_part(w, w.text.len, 0);

	if (equals)
		value = word_trim(word_part(w, at + 1, w.text.len - at - 1));
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		if (!weir_bytes_is_case(name.text, rows[i].name))
			continue;
		if (value.text.len == 0)
			return complain(s, place(s, value, 0), "ctl:%s needs = and a value",
					rows[i].name);
		return rows[i].parse(s, &rows[i], value, actions);
	}
	return complain(s, place(s, name, 0), "no ctl '%.*s'%s", SHOW(name.text),
			hint(s, name.text, row_name, WEIR_ARRAY_LEN(rows)));
}
