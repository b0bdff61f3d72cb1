/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of actions: which there are, where each may stand, and what it says. */
#include "seclang_impl.h"

enum row_flag {
	STARTER_ONLY = 1, /* not on a link of a chain */
	NOT_DEFAULT = 2,  /* not in SecDefaultAction */
	NEEDS_VALUE = 4,
	MAY_HAVE_VALUE = 8, /* neither: must have none */
};

struct row {
	const char *name;
	uint8_t flags; /* enum row_flag */
	bool (*parse)(struct weir_seclang *s, struct action_set *set, const struct item *it,
		      unsigned int value);
	unsigned int value;
};

/* ---- what the rule is called ---- */

static bool set_id(struct weir_seclang *s, struct action_set *set, const struct item *it,
		   unsigned int value)
{
	uint64_t n;

	set->id_at = place(s, it->name, 0);
	set->has |= HAS_ID;
	if (!parse_number(s, it->value, 1, UINT32_MAX, &n))
		return false;
	set->id = (uint32_t)n;
	return true;
}

static bool set_phase(struct weir_seclang *s, struct action_set *set, const struct item *it,
		      unsigned int value)
{
	uint64_t n;

	set->phase_at = place(s, it->name, 0);
	if (weir_bytes_is_case(it->value.text, "request"))
		n = 2;
	else if (weir_bytes_is_case(it->value.text, "response"))
		n = 4;
	else if (weir_bytes_is_case(it->value.text, "logging"))
		n = 5;
	else if (!parse_number(s, it->value, 1, WEIR_SEC_PHASES, &n))
		return false;
	set->phase = (uint8_t)n;
	set->has |= HAS_PHASE;
	return true;
}

static bool set_severity(struct weir_seclang *s, struct action_set *set, const struct item *it,
			 unsigned int value)
{
	static const char *const names[] = {"EMERGENCY", "ALERT",  "CRITICAL", "ERROR",
					    "WARNING",   "NOTICE", "INFO",     "DEBUG"};
	struct word w = it->value;
	int n;

	if (w.text.len == 1 && *w.text.ptr >= '0' && *w.text.ptr <= '7')
		n = *w.text.ptr - '0';
	else
		n = parse_choice(s, w, names, WEIR_ARRAY_LEN(names));
	if (n < 0)
		return false;
	set->severity = (uint8_t)n;
	set->has |= HAS_SEVERITY;
	return true;
}

static bool set_grade(struct weir_seclang *s, struct action_set *set, const struct item *it,
		      unsigned int bit)
{
	uint64_t n;

	if (!parse_number(s, it->value, 0, 10, &n))
		return false;
	*(bit == HAS_MATURITY ? &set->maturity : &set->accuracy) = (uint8_t)n;
	set->has |= bit;
	return true;
}

static bool set_text(struct weir_seclang *s, struct action_set *set, const struct item *it,
		     unsigned int bit)
{
	set->has |= bit;
	return parse_text(s, it->value, bit == HAS_MSG ? &set->msg : &set->logdata);
}

static bool set_version(struct weir_seclang *s, struct action_set *set, const struct item *it,
			unsigned int bit)
{
	*(bit == HAS_REV ? &set->rev : &set->ver) = it->value.text;
	set->has |= bit;
	return true;
}

static bool add_tag(struct weir_seclang *s, struct action_set *set, const struct item *it,
		    unsigned int value)
{
	struct weir_sec_text *t = list_add(&s->arena, &set->tags, sizeof(*t));

	return t && parse_text(s, it->value, t);
}

/* ---- what a match does ---- */

/* The last one counts, but that block is never more than a stand-in: it takes nothing's place. */
static bool set_disruptive(struct weir_seclang *s, struct action_set *set, const struct item *it,
			   unsigned int value)
{
	if (value == WEIR_SEC_BLOCK && (set->has & HAS_DISRUPTIVE))
		return true;
	set->disruptive = (uint8_t)value;
	set->disruptive_at = place(s, it->name, 0);
	set->has |= HAS_DISRUPTIVE;
	return true;
}

static bool set_allow(struct weir_seclang *s, struct action_set *set, const struct item *it,
		      unsigned int value)
{
	static const char *const names[] = {"phase", "request"};
	int n;

	if (!it->has_value)
		return set_disruptive(s, set, it, WEIR_SEC_ALLOW);
	n = parse_choice(s, it->value, names, 2);
	return n >= 0 &&
	       set_disruptive(s, set, it, n ? WEIR_SEC_ALLOW_REQUEST : WEIR_SEC_ALLOW_PHASE);
}

static bool set_redirect(struct weir_seclang *s, struct action_set *set, const struct item *it,
			 unsigned int value)
{
	set->has |= HAS_REDIRECT;
	return set_disruptive(s, set, it, WEIR_SEC_REDIRECT) &&
	       parse_text(s, it->value, &set->redirect);
}

static bool set_status(struct weir_seclang *s, struct action_set *set, const struct item *it,
		       unsigned int value)
{
	uint64_t n;

	if (!parse_number(s, it->value, 100, 599, &n))
		return false;
	set->status = (uint16_t)n;
	set->has |= HAS_STATUS;
	return true;
}

/* nolog says noauditlog, too; log says nothing of it. */
static bool set_log(struct weir_seclang *s, struct action_set *set, const struct item *it,
		    unsigned int on)
{
	set->log = on;
	set->has |= HAS_LOG;
	if (!on) {
		set->audit_log = false;
		set->has |= HAS_AUDIT_LOG;
	}
	return true;
}

static bool set_audit_log(struct weir_seclang *s, struct action_set *set, const struct item *it,
			  unsigned int on)
{
	set->audit_log = on;
	set->has |= HAS_AUDIT_LOG;
	return true;
}

static bool set_bit(struct weir_seclang *s, struct action_set *set, const struct item *it,
		    unsigned int bit)
{
	set->has |= bit;
	return true;
}

static bool set_skip(struct weir_seclang *s, struct action_set *set, const struct item *it,
		     unsigned int value)
{
	uint64_t n;

	if (!parse_number(s, it->value, 1, UINT32_MAX, &n))
		return false;
	set->skip = (uint32_t)n;
	set->has |= HAS_SKIP;
	return true;
}

static bool set_skip_after(struct weir_seclang *s, struct action_set *set, const struct item *it,
			   unsigned int value)
{
	set->skip_after = it->value.text;
	set->has |= HAS_SKIP_AFTER;
	return true;
}

/* ---- lists ---- */

static const char *transform_name(unsigned int i)
{
	return weir_transform_name(i);
}

static bool add_transform(struct weir_seclang *s, struct action_set *set, const struct item *it,
			  unsigned int value)
{
	int t = weir_bytes_is_case(it->value.text, "none")
			? TRANSFORM_NONE
			: weir_transform_find(word_string(s, it->value.text));
	uint8_t *out;

	if (t < 0)
		return complain(s, place(s, it->value, 0), "no transformation '%.*s'%s",
				SHOW(it->value.text),
				hint(s, it->value.text, transform_name, WEIR_T_END));
	out = list_add(&s->arena, &set->transforms, 1);
	if (out)
		*out = (uint8_t)t;
	return out != NULL;
}

static struct weir_sec_action *add_action(struct weir_seclang *s, struct action_set *set,
					  uint8_t kind)
{
	struct weir_sec_action *a = list_add(&s->arena, &set->actions, sizeof(*a));

	if (a)
		a->kind = kind;
	return a;
}

static bool add_setvar(struct weir_seclang *s, struct action_set *set, const struct item *it,
		       unsigned int value)
{
	struct weir_sec_action *a = add_action(s, set, WEIR_SEC_A_SETVAR);

	return a && parse_setvar(s, it->value, &a->setvar);
}

static bool add_expirevar(struct weir_seclang *s, struct action_set *set, const struct item *it,
			  unsigned int value)
{
	struct weir_sec_action *a = add_action(s, set, WEIR_SEC_A_EXPIREVAR);

	return a && parse_expirevar(s, it->value, &a->expirevar);
}

static bool add_initcol(struct weir_seclang *s, struct action_set *set, const struct item *it,
			unsigned int value)
{
	struct weir_sec_action *a = add_action(s, set, WEIR_SEC_A_INITCOL);

	return a && parse_initcol(s, it->value, &a->initcol);
}

/* setsid and the like: initcol of one collection. */
static bool add_key(struct weir_seclang *s, struct action_set *set, const struct item *it,
		    unsigned int collection)
{
	struct weir_sec_action *a = add_action(s, set, WEIR_SEC_A_INITCOL);

	if (!a)
		return false;
	a->initcol.collection = (uint8_t)collection;
	return parse_text(s, it->value, &a->initcol.key);
}

static bool add_ctl(struct weir_seclang *s, struct action_set *set, const struct item *it,
		    unsigned int value)
{
	return parse_ctl(s, it->value, &set->actions);
}

/* ---- what means nothing here, or cannot be had ---- */

static bool ignore(struct weir_seclang *s, struct action_set *set, const struct item *it,
		   unsigned int value)
{
	return true;
}

static bool refuse(struct weir_seclang *s, struct action_set *set, const struct item *it,
		   unsigned int value)
{
	return complain(s, place(s, it->name, 0), "action '%.*s' is not supported",
			SHOW(it->name.text));
}

/* ---- names ---- */

#define METADATA   (STARTER_ONLY | NOT_DEFAULT | NEEDS_VALUE)
#define DISRUPTIVE STARTER_ONLY

static const struct row rows[] = {
	{"accuracy", METADATA, set_grade, HAS_ACCURACY},
	{"allow", DISRUPTIVE | MAY_HAVE_VALUE, set_allow, 0},
	{"append", MAY_HAVE_VALUE, refuse, 0},
	{"auditlog", 0, set_audit_log, true},
	{"block", DISRUPTIVE, set_disruptive, WEIR_SEC_BLOCK},
	{"capture", 0, set_bit, HAS_CAPTURE},
	{"chain", NOT_DEFAULT, set_bit, HAS_CHAIN},
	{"ctl", NEEDS_VALUE, add_ctl, 0},
	{"deny", DISRUPTIVE, set_disruptive, WEIR_SEC_DENY},
	{"deprecatevar", MAY_HAVE_VALUE, refuse, 0},
	{"drop", DISRUPTIVE, set_disruptive, WEIR_SEC_DROP},
	{"exec", MAY_HAVE_VALUE, refuse, 0},
	{"expirevar", NEEDS_VALUE, add_expirevar, 0},
	{"id", METADATA, set_id, 0},
	{"initcol", NEEDS_VALUE, add_initcol, 0},
	{"log", 0, set_log, true},
	{"logdata", STARTER_ONLY | NEEDS_VALUE, set_text, HAS_LOGDATA},
	{"maturity", METADATA, set_grade, HAS_MATURITY},
	{"msg", METADATA, set_text, HAS_MSG},
	{"multiMatch", 0, set_bit, HAS_MULTI_MATCH},
	{"noauditlog", 0, set_audit_log, false},
	{"nolog", 0, set_log, false},
	{"pass", DISRUPTIVE, set_disruptive, WEIR_SEC_PASS},
	{"pause", MAY_HAVE_VALUE, refuse, 0},
	{"phase", STARTER_ONLY | NEEDS_VALUE, set_phase, 0},
	{"prepend", MAY_HAVE_VALUE, refuse, 0},
	{"proxy", MAY_HAVE_VALUE, refuse, 0},
	{"redirect", DISRUPTIVE | NEEDS_VALUE, set_redirect, 0},
	{"rev", METADATA, set_version, HAS_REV},
	{"sanitiseArg", NEEDS_VALUE, ignore, 0},
	{"sanitiseMatched", MAY_HAVE_VALUE, ignore, 0},
	{"sanitiseMatchedBytes", MAY_HAVE_VALUE, ignore, 0},
	{"sanitiseRequestHeader", NEEDS_VALUE, ignore, 0},
	{"sanitiseResponseHeader", NEEDS_VALUE, ignore, 0},
	{"sanitizeArg", NEEDS_VALUE, ignore, 0},
	{"sanitizeMatched", MAY_HAVE_VALUE, ignore, 0},
	{"sanitizeMatchedBytes", MAY_HAVE_VALUE, ignore, 0},
	{"sanitizeRequestHeader", NEEDS_VALUE, ignore, 0},
	{"sanitizeResponseHeader", NEEDS_VALUE, ignore, 0},
	{"setenv", NEEDS_VALUE, ignore, 0},
	{"setrsc", NEEDS_VALUE, add_key, WEIR_SEC_V_RESOURCE},
	{"setsid", NEEDS_VALUE, add_key, WEIR_SEC_V_SESSION},
	{"setuid", NEEDS_VALUE, add_key, WEIR_SEC_V_USER},
	{"setvar", NEEDS_VALUE, add_setvar, 0},
	{"severity", STARTER_ONLY | NEEDS_VALUE, set_severity, 0},
	{"skip", METADATA, set_skip, 0},
	{"skipAfter", METADATA, set_skip_after, 0},
	{"status", NEEDS_VALUE, set_status, 0},
	{"t", NEEDS_VALUE, add_transform, 0},
	{"tag", NEEDS_VALUE, add_tag, 0},
	{"ver", METADATA, set_version, HAS_VER},
	{"xmlns", NEEDS_VALUE, ignore, 0},
};

static const char *row_name(unsigned int i)
{
	return rows[i].name;
}

static const struct row *find_row(struct weir_bytes name)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		if (weir_bytes_is_case(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static bool may_stand(struct weir_seclang *s, const struct row *row, const struct item *it,
		      enum action_list of)
{
	bool no_value = !it->has_value || it->value.text.len == 0;

	if (of == OF_LINK && (row->flags & STARTER_ONLY))
		return complain(s, place(s, it->name, 0),
				"only the rule that begins a chain may have '%s'", row->name);
	if (of == OF_DEFAULT && (row->flags & NOT_DEFAULT))
		return complain(s, place(s, it->name, 0), "SecDefaultAction may not have '%s'",
				row->name);
	if ((row->flags & NEEDS_VALUE) && no_value)
		return complain(s, place(s, it->name, 0), "action '%s' needs a value", row->name);
	if (!(row->flags & (NEEDS_VALUE | MAY_HAVE_VALUE)) && it->has_value)
		return complain(s, place(s, it->value, 0), "action '%s' takes no value", row->name);
	return true;
}

static bool parse_action(struct weir_seclang *s, const struct item *it, enum action_list of,
			 struct action_set *out)
{
	const struct row *row = find_row(it->name.text);

	if (!row)
		return complain(s, place(s, it->name, 0), "no action '%.*s'%s", SHOW(it->name.text),
				hint(s, it->name.text, row_name, WEIR_ARRAY_LEN(rows)));
	/* Written wrongly they are there all the same: that they are missing is not to be told. */
	if (row->parse == set_id || (row->parse == set_bit && row->value == HAS_CHAIN))
		out->has |= row->parse == set_id ? HAS_ID : HAS_CHAIN;
	return may_stand(s, row, it, of) && row->parse(s, out, it, row->value);
}

bool parse_actions(struct weir_seclang *s, struct word w, enum action_list of,
		   struct action_set *out)
{
	struct item it;
	size_t pos = 0;
	bool good = true;
	int found;

	*out = (struct action_set){.has = 0};
	while ((found = next_item(s, w, ITEMS_ACTIONS, &pos, &it)) > 0)
		good = parse_action(s, &it, of, out) && good;
	if (out->tags.n > RULE_LIST_MAX || out->actions.n > RULE_LIST_MAX)
		return complain(s, place(s, w, 0), "too many actions in one rule");
	return good && found == 0;
}
