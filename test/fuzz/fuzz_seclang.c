/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A text of directives. Whatever it says is reported or comes out whole: chains end, phases, kinds
 * and counts are in their ranges, each text is the sum of its pieces. No file is read: texts that
 * name paths outside of a folder that does not exist are left alone.
 */
#include <stdlib.h>
#include <strings.h>

#include <weir_seclang.h>

#define TEXT_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Directives and operators that open files, without the lines' ends that they may be broken by. */
static bool opens_files(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"include", "fromfile", "mapfile", "pmf", "matchf"};
	char text[TEXT_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		if (data[i] && data[i] != '\\' && data[i] != '\r' && data[i] != '\n')
			text[n++] = (char)data[i];
	text[n] = 0;
	if (!strchr(text, '/') && !strstr(text, ".."))
		return false;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
		if (strcasestr(text, names[i]))
			return true;
	return false;
}

static void check_text(const struct weir_sec_text *t)
{
	size_t literal = 0;
	bool macro = false;

	for (uint16_t i = 0; i < t->n_pieces; i++) {
		weir_assert(t->pieces[i].variable < WEIR_SEC_V_END);
		literal += t->pieces[i].is_macro ? 0 : t->pieces[i].text.len;
		macro = macro || t->pieces[i].is_macro;
	}
	weir_assert(macro == t->has_macro);
	weir_assert(macro ? literal < t->source.len : literal == t->source.len);
}

static void check_target(const struct weir_sec_target *t)
{
	weir_assert(t->variable < WEIR_SEC_V_END);
	weir_assert(t->selector <= WEIR_SEC_XML_ATTRS);
	weir_assert(t->selector == WEIR_SEC_ALL || weir_sec_variable_is_collection(t->variable));
	weir_assert(!(t->count && t->excluded));
	if (t->selector == WEIR_SEC_NAME || t->selector == WEIR_SEC_REGEX)
		weir_assert(t->name.len > 0);
}

static void check_action(const struct weir_sec_action *a)
{
	weir_assert(a->kind <= WEIR_SEC_A_CTL);
	if (a->kind == WEIR_SEC_A_SETVAR) {
		weir_assert(a->setvar.how <= WEIR_SEC_UNSET);
		check_text(&a->setvar.name);
		check_text(&a->setvar.value);
	} else if (a->kind == WEIR_SEC_A_CTL) {
		weir_assert(a->ctl.kind <= WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_MSG);
		weir_assert(a->ctl.first <= a->ctl.last);
		check_target(&a->ctl.target);
	}
}

static void check_rule(const struct weir_sec_rule *r, const struct weir_sec_rule *starter)
{
	weir_assert(r->kind <= WEIR_SEC_MARKER && r->pos.line > 0 && r->pos.column > 0);
	weir_assert(r->kind == WEIR_SEC_MARKER ? r->phase == 0 : r->phase >= 1 && r->phase <= 5);
	weir_assert(r->phase == starter->phase);
	weir_assert((r->id == 0) == (r != starter || r->kind == WEIR_SEC_MARKER));
	weir_assert(r->disruptive <= WEIR_SEC_NO_DISRUPTIVE);
	weir_assert(r->severity <= 7 || r->severity == WEIR_SEC_NO_SEVERITY);
	for (uint16_t i = 0; i < r->n_targets; i++)
		check_target(&r->targets[i]);
	for (uint8_t i = 0; i < r->n_transforms; i++)
		weir_assert(r->transforms[i] < WEIR_T_END);
	for (uint16_t i = 0; i < r->n_actions; i++)
		check_action(&r->actions[i]);
	for (uint16_t i = 0; i < r->n_tags; i++)
		check_text(&r->tags[i]);
	weir_assert(r->test.op < WEIR_SEC_O_END);
	check_text(&r->test.argument);
	check_text(&r->msg);
	check_text(&r->logdata);
	check_text(&r->redirect);
}

static void check_rules(const struct weir_seclang *s)
{
	uint32_t n;
	struct weir_sec_rule *const *rules = weir_seclang_rules(s, &n);

	for (uint32_t i = 0; i < n; i++)
		for (const struct weir_sec_rule *r = rules[i]; r; r = r->chain)
			check_rule(r, rules[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_conf_report *r;
	struct weir_seclang *s;
	bool good;

	if (size > TEXT_MAX || opens_files(data, size))
		return 0;
	r = weir_conf_report_create();
	s = weir_seclang_create();
	if (!r || !s)
		abort();
	good = weir_seclang_add_text(s, "fuzz", "/nonexistent", weir_bytes_of(data, size), r);
	good = weir_seclang_finish(s, r) && good;
	weir_assert(good == (weir_conf_errors(r) == 0));
	if (good)
		check_rules(s);
	weir_seclang_destroy(s);
	weir_conf_report_destroy(r);
	return 0;
}
