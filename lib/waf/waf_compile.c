/* SPDX-License-Identifier: BSD-3-Clause */
/* Rule trees to rules as they are run: operators compiled, names numbered, skips resolved. */
#include <stdlib.h>

#include "waf_compile.h"
#include "waf_value.h"

/* ---- operators ---- */

static struct waf_op *add_op(struct weir_waf *w, const struct weir_sec_test *test,
			     struct weir_conf_pos pos, struct weir_conf_report *r)
{
	/* Without a prefilter far more is asked, and is to come to the same. */
	uint32_t more = w->options.no_prefilter ? 1000 : 1;
	struct waf_op_cfg cfg = {
		.match_limit = w->settings->pcre_match_limit * more,
		.limit_grows = w->settings->pcre_match_limit == WEIR_SEC_PCRE_MATCH_LIMIT,
		.depth_limit = w->settings->pcre_match_limit_recursion * more,
		.cache = w->cache,
	};
	struct waf_op *op;

	if (w->n_ops == w->cap_ops) {
		uint32_t cap = w->cap_ops ? w->cap_ops * 2 : 512;
		struct waf_op **ops = realloc(w->ops, cap * sizeof(*ops));

		if (!ops)
			return NULL;
		w->ops = ops;
		w->cap_ops = cap;
	}
	op = waf_op_create(test, &cfg, pos, &w->arena, r);
	if (op)
		w->ops[w->n_ops++] = op;
	return op;
}

/* The selector's expression, in any case. */
static struct waf_op *add_selector(struct weir_waf *w, struct weir_bytes pattern,
				   struct weir_conf_pos pos, struct weir_conf_report *r)
{
	static const char caseless[] = "(?i)";
	struct weir_sec_piece *piece = weir_arena_zalloc(&w->arena, sizeof(*piece));
	uint8_t *text = weir_arena_alloc(&w->arena, sizeof(caseless) - 1 + pattern.len);
	struct weir_sec_test test = {.op = WEIR_SEC_O_RX};

	if (!piece || !text)
		return NULL;
	memcpy(text, caseless, sizeof(caseless) - 1);
	memcpy(text + sizeof(caseless) - 1, pattern.ptr, pattern.len);
	piece->text = weir_bytes_of(text, sizeof(caseless) - 1 + pattern.len);
	test.argument =
		(struct weir_sec_text){.source = piece->text, .pieces = piece, .n_pieces = 1};
	return add_op(w, &test, pos, r);
}

/* ---- targets ---- */

static bool is_literal(struct weir_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((uint8_t)(weir_lower(text.ptr[i]) - 'a') >= 26 &&
		    (uint8_t)(text.ptr[i] - '0') >= 10 && text.ptr[i] != '_' && text.ptr[i] != '-')
			return false;
	return text.len > 0;
}

static struct weir_bytes lower_copy(struct weir_waf *w, struct weir_bytes text)
{
	uint8_t *lower = weir_arena_alloc(&w->arena, text.len);

	for (size_t i = 0; lower && i < text.len; i++)
		lower[i] = weir_lower(text.ptr[i]);
	return weir_bytes_of(lower, lower ? text.len : 0);
}

static struct weir_bytes without_marks(struct weir_bytes text)
{
	if (text.len && text.ptr[0] == WAF_MARK)
		text = weir_bytes_of(text.ptr + 1, text.len - 1);
	if (text.len && text.ptr[text.len - 1] == WAF_MARK)
		text.len--;
	return text;
}

/* The byte that is found least in names, for a glance at them. */
static uint8_t rarest_of(struct weir_bytes lower)
{
	static const char frequent[] = "qjzxvkywgbpfmucdlhrsnioate_";
	size_t best = sizeof(frequent);
	uint8_t rarest = lower.ptr[0];

	for (size_t i = 0; i < lower.len; i++) {
		const char *at = lower.ptr[i] ? strchr(frequent, lower.ptr[i]) : NULL;
		size_t rank = at ? (size_t)(at - frequent) + 1 : 0;

		if (rank < best) {
			best = rank;
			rarest = lower.ptr[i];
		}
	}
	return rarest;
}

static bool ends_with_any(struct weir_bytes text)
{
	return text.len >= 2 && text.ptr[text.len - 2] == '.' && text.ptr[text.len - 1] == '*';
}

/* Text that names begin with, or have in them; whatever follows. */
static bool take_plain(struct weir_waf *w, struct waf_target *t)
{
	struct weir_bytes rest = t->name;
	bool begins = rest.len && rest.ptr[0] == '^';

	if (begins)
		rest = weir_bytes_of(rest.ptr + 1, rest.len - 1);
	if (ends_with_any(rest))
		rest.len -= 2;
	if (!is_literal(rest))
		return false;
	t->part = lower_copy(w, rest);
	t->is_part = t->part.len > 0;
	if (begins)
		t->prefix = t->part;
	return t->is_part;
}

/* Names are many, and most of them are told apart without the expression. */
static bool simplify_selector(struct weir_waf *w, struct waf_target *t)
{
	struct waf_need need;

	if (!take_plain(w, t)) {
		if (waf_op_need(t->regex, &w->arena, &need) < 0)
			return false;
		if (need.n_literals && need.literals[0].n == 1)
			t->part = without_marks(need.literals[0].literal[0]);
	}
	if (t->part.len)
		t->rarest = rarest_of(t->part);
	return true;
}

static bool compile_target(struct weir_waf *w, const struct weir_sec_target *t,
			   struct weir_conf_pos pos, struct weir_conf_report *r,
			   struct waf_target *out)
{
	*out = (struct waf_target){
		.variable = t->variable,
		.selector = t->selector,
		.count = t->count,
		.name = t->name,
		.name_number = WAF_NO_NAME,
	};
	waf_use_target(w, t);
	if (t->variable == WEIR_SEC_V_TX && t->selector == WEIR_SEC_NAME)
		out->name_number = waf_name_intern(w, t->name);
	if (t->selector != WEIR_SEC_REGEX)
		return true;
	out->regex = add_selector(w, t->name, pos, r);
	return out->regex && simplify_selector(w, out);
}

static bool compile_targets(struct weir_waf *w, struct waf_rule *rule, struct weir_conf_report *r)
{
	const struct weir_sec_rule *sec = rule->sec;
	size_t bytes = sec->n_targets * sizeof(*rule->target);

	rule->target = weir_arena_alloc(&w->arena, bytes);
	rule->excluded = weir_arena_alloc(&w->arena, bytes);
	if (!rule->target || !rule->excluded)
		return false;
	for (uint16_t i = 0; i < sec->n_targets; i++) {
		struct waf_target *to = sec->targets[i].excluded
						? &rule->excluded[rule->n_excluded++]
						: &rule->target[rule->n_targets++];

		if (!compile_target(w, &sec->targets[i], sec->pos, r, to))
			return false;
	}
	return true;
}

/* ---- actions ---- */

static bool is_plain_number(struct weir_bytes text)
{
	if (!text.len || text.len > 18)
		return false;
	for (size_t i = text.ptr[0] == '-' && text.len > 1; i < text.len; i++)
		if ((uint8_t)(text.ptr[i] - '0') >= 10)
			return false;
	return text.len == 1 || text.ptr[0] != '0';
}

static bool compile_setvar(struct weir_waf *w, const struct weir_sec_setvar *s,
			   struct waf_action *a)
{
	a->kind = WAF_DO_SETVAR;
	a->collection = s->collection;
	a->how = s->how;
	if (!waf_compile_text(w, &s->name, &a->name) || !waf_compile_text(w, &s->value, &a->value))
		return false;
	if (s->collection == WEIR_SEC_V_TX && a->name.constant)
		a->name_number = waf_name_intern(w, a->name.text);
	a->is_number = a->value.constant && is_plain_number(a->value.text);
	if (a->value.constant)
		a->number = waf_text_number(a->value.text);
	return true;
}

static bool compile_ctl(struct weir_waf *w, const struct weir_sec_ctl *c, struct weir_conf_pos pos,
			struct weir_conf_report *r, struct waf_action *a)
{
	a->kind = WAF_DO_CTL;
	a->ctl = c->kind;
	a->number = (int64_t)c->value;
	if (c->kind < WEIR_SEC_CTL_RULE_REMOVE_BY_ID)
		return true;
	a->rules = waf_ctl_rules(w, c);
	if (!a->rules)
		return false;
	if (c->kind < WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID)
		return true;
	return compile_target(w, &c->target, pos, r, &a->target);
}

static bool compile_action(struct weir_waf *w, const struct weir_sec_action *from,
			   struct weir_conf_pos pos, struct weir_conf_report *r,
			   struct waf_action *a)
{
	*a = (struct waf_action){.name_number = WAF_NO_NAME};
	switch ((enum weir_sec_action_kind)from->kind) {
	case WEIR_SEC_A_SETVAR:
		return compile_setvar(w, &from->setvar, a);
	case WEIR_SEC_A_EXPIREVAR:
		a->kind = WAF_DO_EXPIREVAR;
		a->collection = from->expirevar.collection;
		return waf_compile_text(w, &from->expirevar.name, &a->name) &&
		       waf_compile_text(w, &from->expirevar.seconds, &a->value);
	case WEIR_SEC_A_INITCOL:
		a->kind = WAF_DO_INITCOL;
		a->collection = from->initcol.collection;
		return waf_compile_text(w, &from->initcol.key, &a->value);
	case WEIR_SEC_A_CTL:
		return compile_ctl(w, &from->ctl, pos, r, a);
	}
	return false;
}

static bool compile_actions(struct weir_waf *w, struct waf_rule *rule, struct weir_conf_report *r)
{
	const struct weir_sec_rule *sec = rule->sec;

	rule->action = weir_arena_alloc(&w->arena, sec->n_actions * sizeof(*rule->action));
	if (!rule->action)
		return false;
	for (uint16_t i = 0; i < sec->n_actions; i++)
		if (!compile_action(w, &sec->actions[i], sec->pos, r,
				    &rule->action[rule->n_actions++]))
			return false;
	return true;
}

/* ---- a rule ---- */

static bool compile_chain(struct weir_waf *w, struct waf_rule *rule)
{
	const struct weir_sec_rule *sec = rule->sec;

	rule->node = waf_node_of(w, sec->transforms, sec->n_transforms);
	if (rule->node == WAF_NO_NODE || !sec->multi_match)
		return rule->node != WAF_NO_NODE;
	rule->nodes = weir_arena_alloc(&w->arena, (sec->n_transforms + 1u) * sizeof(*rule->nodes));
	if (!rule->nodes)
		return false;
	for (unsigned int i = 0; i <= sec->n_transforms; i++) {
		rule->nodes[rule->n_nodes++] = waf_node_of(w, sec->transforms, i);
		if (rule->nodes[i] == WAF_NO_NODE)
			return false;
	}
	return true;
}

static bool compile_rule(struct weir_waf *w, struct waf_rule *rule, struct weir_conf_report *r)
{
	const struct weir_sec_rule *sec = rule->sec;

	rule->slot = -1;
	if (sec->kind == WEIR_SEC_RULE) {
		rule->op = add_op(w, &sec->test, sec->pos, r);
		if (!rule->op)
			return false;
	}
	return compile_targets(w, rule, r) && compile_chain(w, rule) &&
	       waf_compile_text(w, &sec->test.argument, &rule->argument) &&
	       waf_compile_text(w, &sec->msg, &rule->msg) &&
	       waf_compile_text(w, &sec->logdata, &rule->logdata) &&
	       waf_compile_text(w, &sec->redirect, &rule->redirect) && compile_actions(w, rule, r);
}

static bool compile_links(struct weir_waf *w, struct waf_rule *starter, struct weir_conf_report *r)
{
	bool good = true;

	for (struct waf_rule *rule = starter; rule; rule = rule->next)
		good &= compile_rule(w, rule, r);
	return good;
}

static struct waf_rule *make_rule(struct weir_waf *w, const struct weir_sec_rule *sec,
				  uint32_t number)
{
	struct waf_rule *first = NULL, **next = &first;

	for (; sec; sec = sec->chain) {
		*next = weir_arena_zalloc(&w->arena, sizeof(**next));
		if (!*next)
			return NULL;
		(*next)->sec = sec;
		(*next)->number = number;
		next = &(*next)->next;
	}
	return first;
}

/* ---- selectors ---- */

static bool resolve_selector(struct weir_waf *w, struct waf_target *t)
{
	if (t->variable != WEIR_SEC_V_TX || t->selector != WEIR_SEC_REGEX)
		return true;
	t->numbers = weir_arena_zalloc(&w->arena, waf_words(w->n_names) * sizeof(*t->numbers));
	if (!t->numbers)
		return false;
	for (uint16_t i = 0; i < w->n_names; i++)
		if (waf_op_run(t->regex, w->part[0].ops, w->name[i], (struct weir_bytes){0},
			       NULL) == WAF_MATCH)
			waf_word_set(t->numbers, i);
	return true;
}

static bool begins_some_name(const struct weir_waf *w, struct weir_bytes begin)
{
	for (uint16_t i = 0; i < w->n_names; i++)
		if (w->name[i].len >= begin.len &&
		    weir_bytes_equal_case(weir_bytes_of(w->name[i].ptr, begin.len), begin))
			return true;
	return false;
}

static void resolve_name(const struct weir_waf *w, struct waf_action *a)
{
	a->is_dynamic = a->kind == WAF_DO_SETVAR && !a->name.constant &&
			a->name.piece[0].kind == WAF_PIECE_TEXT &&
			!begins_some_name(w, a->name.piece[0].text);
}

static bool resolve_rule(struct weir_waf *w, struct waf_rule *rule)
{
	for (unsigned int i = 0; i < rule->n_actions; i++)
		resolve_name(w, &rule->action[i]);
	for (unsigned int i = 0; i < rule->n_targets; i++)
		if (!resolve_selector(w, &rule->target[i]))
			return false;
	return true;
}

bool waf_resolve_names(struct weir_waf *w)
{
	for (uint32_t i = 0; i < w->n_rules; i++)
		for (struct waf_rule *rule = w->rule[i]; rule; rule = rule->next)
			if (!resolve_rule(w, rule))
				return false;
	return true;
}

/* ---- overrides ---- */

static enum weir_waf_mode mode_of(const struct weir_waf *w, const struct weir_sec_rule *sec)
{
	enum weir_waf_mode mode = WEIR_WAF_AS_RULES;

	for (uint32_t i = 0; i < w->options.n_overrides; i++)
		if (sec->id >= w->options.overrides[i].first &&
		    sec->id <= w->options.overrides[i].last)
			mode = w->options.overrides[i].mode;
	return mode;
}

static bool is_left_out(const struct weir_waf *w, const struct weir_sec_rule *sec)
{
	if (sec->kind == WEIR_SEC_MARKER)
		return true;
	if (w->options.response_off && (sec->phase == 3 || sec->phase == 4))
		return true;
	return mode_of(w, sec) == WEIR_WAF_OFF;
}

/* ---- steps ---- */

static bool is_named(const struct weir_sec_rule *sec, struct weir_bytes name)
{
	return sec->kind == WEIR_SEC_MARKER ? weir_bytes_equal(sec->marker, name)
					    : sec->id && waf_text_number(name) == (int64_t)sec->id;
}

/* The order in the file of what `rule` skips to, behind it; beyond all rules where there is none.
 */
static uint32_t order_after(struct weir_sec_rule *const *all, uint32_t n, uint32_t from,
			    struct weir_bytes name)
{
	for (uint32_t i = from + 1; i < n; i++)
		if (is_named(all[i], name))
			return i + 1;
	return n;
}

/* skip:n counts rules of the same phase. */
static uint32_t step_after(const struct waf_phase *p, uint32_t i, uint32_t n_skipped)
{
	uint32_t to = i + 1 + n_skipped;

	return to < p->n ? to : p->n;
}

static uint32_t step_of_order(const struct waf_phase *p, uint32_t order)
{
	uint32_t i = 0;

	while (i < p->n && p->step[i].order < order)
		i++;
	return i;
}

static void resolve_skips(struct weir_waf *w, struct weir_sec_rule *const *all, uint32_t n)
{
	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++) {
		struct waf_phase *p = &w->phase[phase];

		for (uint32_t i = 0; i < p->n; i++) {
			const struct weir_sec_rule *sec = p->step[i].rule->sec;

			if (sec->skip_after.len)
				p->step[i].skip_to = step_of_order(
					p, order_after(all, n, p->step[i].order, sec->skip_after));
			else if (sec->skip)
				p->step[i].skip_to = step_after(p, i, sec->skip);
		}
	}
}

static bool make_steps(struct weir_waf *w, struct weir_sec_rule *const *all, uint32_t n)
{
	uint32_t number = 0;

	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++) {
		w->phase[phase].step =
			weir_arena_zalloc(&w->arena, (n + 1) * sizeof(struct waf_step));
		if (!w->phase[phase].step)
			return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct waf_phase *p = &w->phase[all[i]->phase];

		if (is_left_out(w, all[i]))
			continue;
		p->step[p->n++] = (struct waf_step){.rule = w->rule[number++], .order = i};
	}
	return true;
}

bool waf_compile_rules(struct weir_waf *w, struct weir_conf_report *r)
{
	uint32_t n;
	struct weir_sec_rule *const *all = weir_seclang_rules(w->source, &n);
	bool good = true;

	w->rule = weir_arena_alloc(&w->arena, (n + 1) * sizeof(*w->rule));
	if (!w->rule || waf_node_of(w, NULL, 0) == WAF_NO_NODE)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (is_left_out(w, all[i]))
			continue;
		w->rule[w->n_rules] = make_rule(w, all[i], w->n_rules);
		if (!w->rule[w->n_rules])
			return false;
		w->rule[w->n_rules++]->detect_only = mode_of(w, all[i]) == WEIR_WAF_DETECT;
	}
	for (uint32_t i = 0; i < w->n_rules; i++)
		good &= compile_links(w, w->rule[i], r);
	if (!good || !make_steps(w, all, n))
		return false;
	resolve_skips(w, all, n);
	return true;
}
