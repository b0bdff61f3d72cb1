/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules a ctl:ruleRemove… is about: asked once while the program is compiled, not for each
 * transaction, and of each expression once, however many ctls have it: CRS 3 takes a target out of
 * all rules of one tag 169 times.
 */
#include "waf_compile.h"

/* What was found by an expression. */
struct waf_found_rules {
	struct waf_found_rules *next;
	struct weir_bytes pattern;
	bool by_msg;
	uint64_t *rules;
};

static bool is_by_id(const struct weir_sec_ctl *c)
{
	return c->kind == WEIR_SEC_CTL_RULE_REMOVE_BY_ID ||
	       c->kind == WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID;
}

static bool is_by_msg(const struct weir_sec_ctl *c)
{
	return c->kind == WEIR_SEC_CTL_RULE_REMOVE_BY_MSG ||
	       c->kind == WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_MSG;
}

static uint64_t *no_rules(struct weir_waf *w)
{
	return weir_arena_zalloc(&w->arena, (waf_words(w->n_rules) + 1) * sizeof(uint64_t));
}

static const uint64_t *rules_by_id(struct weir_waf *w, const struct weir_sec_ctl *c)
{
	uint64_t *rules = no_rules(w);

	for (uint32_t i = 0; rules && i < w->n_rules; i++)
		if (w->rule[i]->sec->id >= c->first && w->rule[i]->sec->id <= c->last)
			waf_word_set(rules, i);
	return rules;
}

/* A rule without a message has none that could match. */
static bool matches(const struct weir_seclang_regex *r, const struct weir_sec_rule *rule,
		    bool by_msg)
{
	if (by_msg)
		return rule->msg.source.len && weir_seclang_regex_matches(r, rule->msg.source);
	for (uint16_t i = 0; i < rule->n_tags; i++)
		if (weir_seclang_regex_matches(r, rule->tags[i].source))
			return true;
	return false;
}

static struct waf_found_rules *find_rules(struct weir_waf *w, struct weir_bytes pattern,
					  bool by_msg)
{
	struct waf_found_rules *f = weir_arena_alloc(&w->arena, sizeof(*f));
	struct weir_seclang_regex *r = weir_seclang_regex_create(pattern);

	if (f)
		*f = (struct waf_found_rules){w->found, pattern, by_msg, no_rules(w)};
	if (!f || !f->rules || !r) {
		weir_seclang_regex_destroy(r);
		return NULL;
	}
	for (uint32_t i = 0; i < w->n_rules; i++)
		if (matches(r, w->rule[i]->sec, by_msg))
			waf_word_set(f->rules, i);
	weir_seclang_regex_destroy(r);
	w->found = f;
	return f;
}

const uint64_t *waf_ctl_rules(struct weir_waf *w, const struct weir_sec_ctl *c)
{
	bool by_msg = is_by_msg(c);
	const struct waf_found_rules *f = w->found;

	if (is_by_id(c))
		return rules_by_id(w, c);
	while (f && !(f->by_msg == by_msg && weir_bytes_equal(f->pattern, c->text)))
		f = f->next;
	if (!f)
		f = find_rules(w, c->text, by_msg);
	return f ? f->rules : NULL;
}
