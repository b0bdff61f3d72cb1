/* SPDX-License-Identifier: BSD-3-Clause */
/* Directives by name. */
#include "seclang_impl.h"

static const struct directive_row rule_rows[] = {
	{"Include", 1, 1, do_include, false},
	{"IncludeOptional", 1, 1, do_include, true},
	{"SecAction", 1, 1, do_action, 0},
	{"SecDefaultAction", 1, 1, do_default_action, 0},
	{"SecMarker", 1, 1, do_marker, 0},
	{"SecRule", 2, 3, do_rule, 0},
	{"SecRuleRemoveById", 1, 255, do_remove, BY_ID},
	{"SecRuleRemoveByMsg", 1, 255, do_remove, BY_MSG},
	{"SecRuleRemoveByTag", 1, 255, do_remove, BY_TAG},
	{"SecRuleUpdateActionById", 2, 2, do_update_action, 0},
	{"SecRuleUpdateTargetById", 2, 3, do_update_target, BY_ID},
	{"SecRuleUpdateTargetByMsg", 2, 3, do_update_target, BY_MSG},
	{"SecRuleUpdateTargetByTag", 2, 3, do_update_target, BY_TAG},
	{"SecUnicodeMapFile", 2, 2, do_unicode_map, 0},
};

/* Of the reference manual; each would change verdicts. */
static const char *const foreign[] = {
	"SecConnEngine",
	"SecConnReadStateLimit",
	"SecConnWriteStateLimit",
	"SecGsbLookupDb",
	"SecHashKey",
	"SecHashMethodPm",
	"SecHashMethodRx",
	"SecHashParam",
	"SecReadStateLimit",
	"SecRemoteRules",
	"SecRemoteRulesFailAction",
	"SecRequestEncoding",
	"SecRuleInheritance",
	"SecRuleScript",
	"SecUnicodeCodePage",
	"SecWriteStateLimit",
};

static const char *directive_name(unsigned int i)
{
	if (i < WEIR_ARRAY_LEN(rule_rows))
		return rule_rows[i].name;
	return setting_rows[i - WEIR_ARRAY_LEN(rule_rows)].name;
}

static const struct directive_row *find_row(struct weir_bytes name)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rule_rows); i++)
		if (weir_bytes_is_case(name, rule_rows[i].name))
			return &rule_rows[i];
	for (unsigned int i = 0; i < n_setting_rows; i++)
		if (weir_bytes_is_case(name, setting_rows[i].name))
			return &setting_rows[i];
	return NULL;
}

static bool is_foreign(struct weir_bytes name)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(foreign); i++)
		if (weir_bytes_is_case(name, foreign[i]))
			return true;
	return name.len && *name.ptr == '<';
}

static bool unknown(struct weir_seclang *s, struct word name)
{
	if (is_foreign(name.text))
		return complain(s, place(s, name, 0), "directive '%.*s' is not supported",
				SHOW(name.text));
	return complain(s, place(s, name, 0), "no directive '%.*s'%s", SHOW(name.text),
			hint(s, name.text, directive_name,
			     (unsigned int)WEIR_ARRAY_LEN(rule_rows) + n_setting_rows));
}

/* Whether the rules that follow belong to a chain cannot be known any more. */
static void lose_chain(struct weir_seclang *s)
{
	s->starter = s->last = NULL;
	s->lost = true;
}

static bool is_rule(const struct directive_row *row)
{
	return row->run == do_rule || row->run == do_action;
}

static bool has_words(struct weir_seclang *s, const struct directive_row *row,
		      const struct directive *d)
{
	const struct word *w = d->word;

	if (d->n < row->min)
		return complain(s, place(s, w[d->n], w[d->n].text.len), "%s needs %u argument%s",
				row->name, row->min, row->min == 1 ? "" : "s");
	if (row->max != 255 && d->n > row->max)
		return complain(s, place(s, w[row->max + 1], 0), "%s takes %u argument%s",
				row->name, row->max, row->max == 1 ? "" : "s");
	return true;
}

static void run_words(struct weir_seclang *s, const struct list *words)
{
	const struct word *w = words->items;
	const struct directive d = {.word = w, .n = words->n - 1};
	const struct directive_row *row = find_row(w[0].text);
	struct weir_conf_pos at = place(s, w[0], 0); /* before a file that it includes is read */

	if (!row) {
		unknown(s, w[0]);
	} else if (!has_words(s, row, &d)) {
		if (is_rule(row))
			lose_chain(s);
	} else if (!row->run(s, &d, row->value) && !s->failed) {
		complain(s, at, "out of memory");
	}
}

void run_directive(struct weir_seclang *s, const struct line *l)
{
	struct list words = {0};

	weir_arena_reset(&s->scratch);
	s->line = l;
	if (!split_words(s, l, &words)) {
		lose_chain(s);
		if (s->arena.failed || s->scratch.failed)
			complain(s, ((struct weir_conf_pos){.file = l->file}), "out of memory");
	} else {
		run_words(s, &words);
	}
	s->line = NULL;
}
