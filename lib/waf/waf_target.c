/* SPDX-License-Identifier: BSD-3-Clause */
/* The values that a rule's targets name, one after another, in the order in which they stand. */
#include <time.h>

#include "waf_screen.h"
#include "waf_tx.h"

struct walk {
	struct weir_waf_tx *tx;
	const struct waf_rule *rule;
	const struct waf_target *target;
	waf_tell tell;
	void *ctx;
	uint32_t count; /* of a &target */
	bool selected;  /* what is offered was chosen by the selector already */
	bool stopped;
};

/* A value that is none of a list's: it is made for the moment and was not screened. */
static struct waf_value *loose_value(struct weir_waf_tx *tx, struct weir_bytes bytes)
{
	struct waf_value *v = weir_arena_alloc(&tx->arena, sizeof(*v));

	if (v)
		waf_value_init(v, bytes);
	return v;
}

static bool is_excluded(struct walk *w, const struct waf_seen *seen)
{
	for (unsigned int i = 0; i < w->rule->n_excluded; i++)
		if (waf_target_takes(w->tx, &w->rule->excluded[i], seen))
			return true;
	return w->tx->untargets && waf_is_untargeted(w->tx, w->rule, seen);
}

static bool is_selected(struct walk *w, const struct waf_seen *seen)
{
	return w->target->selector == WEIR_SEC_ALL || w->selected ||
	       waf_target_takes(w->tx, w->target, seen);
}

static void offer_selected(struct walk *w, const struct waf_seen *seen)
{
	if ((w->rule->n_excluded || w->tx->untargets) && is_excluded(w, seen))
		return;
	if (w->target->count)
		w->count++;
	else
		w->stopped = !w->tell(w->ctx, seen);
}

static void offer(struct walk *w, const struct waf_seen *seen)
{
	if (is_selected(w, seen))
		offer_selected(w, seen);
}

static void offer_selected_bytes(struct walk *w, struct weir_bytes name, struct weir_bytes bytes)
{
	struct waf_seen seen = {.variable = w->target->variable, .name = name};

	if (!w->target->count)
		seen.value = loose_value(w->tx, bytes);
	if (seen.value || w->target->count)
		offer_selected(w, &seen);
}

static void offer_bytes(struct walk *w, struct weir_bytes name, struct weir_bytes bytes)
{
	struct waf_seen seen = {.variable = w->target->variable, .name = name};

	if (is_selected(w, &seen))
		offer_selected_bytes(w, name, bytes);
}

/* ---- where they come from ---- */

/* Most members are told apart by the length of their names. */
static bool may_be_selected(const struct waf_target *t, const struct waf_entry *e)
{
	return t->selector != WEIR_SEC_NAME || t->name.len == e->name.len;
}

static void walk_list(struct walk *w, unsigned int list, bool names)
{
	for (struct waf_entry *e = w->tx->list[list].first; e && !w->stopped; e = e->next) {
		struct waf_seen seen = {
			.variable = w->target->variable,
			.name = e->name,
			.value = names ? &e->name_value : &e->value,
		};

		if (may_be_selected(w->target, e))
			offer(w, &seen);
	}
}

/* Only what screening has left for the rule. */
static void walk_pairs(struct walk *w, unsigned int list, bool names)
{
	const struct waf_pair *p = w->tx->pair[w->rule->slot];

	for (; p && !w->stopped; p = p->next) {
		struct waf_seen seen = {.variable = w->target->variable, .name = p->entry->name};

		if (p->list != list || p->name != names)
			continue;
		seen.value = names ? &p->entry->name_value : &p->entry->value;
		offer(w, &seen);
	}
}

static void walk_one_list(struct walk *w, unsigned int list, bool names)
{
	if (w->tx->waf->uses[list] == WAF_COUNTED)
		w->count += w->tx->list[list].n;
	else if (w->rule->slot >= 0 && !w->tx->unscreened &&
		 !waf_bits_has(&w->tx->wide, (unsigned int)w->rule->slot))
		walk_pairs(w, list, names);
	else
		walk_list(w, list, names);
}

static void walk_lists(struct walk *w, const struct waf_source *source)
{
	const struct waf_target *t = w->target;

	if (t->variable == WEIR_SEC_V_XML) {
		walk_one_list(
			w, t->selector == WEIR_SEC_XML_ATTRS ? WAF_LIST_XML_ATTRS : WEIR_SEC_V_XML,
			false);
		return;
	}
	for (unsigned int i = 0; i < 2 && !w->stopped; i++)
		if (source->list[i] != WAF_LISTS)
			walk_one_list(w, source->list[i], source->names);
}

static bool has_byte(struct weir_bytes name, uint8_t c)
{
	return name.len && memchr(name.ptr, c, name.len);
}

/* Rules make many of them that few ask about. */
static void walk_dynamic(struct walk *w)
{
	const struct waf_target *t = w->target;
	struct weir_waf_tx *tx = w->tx;

	for (struct waf_dynamic *d = tx->dynamic_first; d && !w->stopped; d = d->newer) {
		struct waf_seen seen = {.variable = t->variable, .name = d->name};

		if (d->kind == WAF_UNSET || (t->rarest && !has_byte(d->name, t->rarest)))
			continue;
		if (is_selected(w, &seen))
			offer_selected_bytes(w, d->name, waf_var_text(tx, d->kind, &d->var));
	}
}

static void walk_tx(struct walk *w)
{
	struct weir_waf_tx *tx = w->tx;
	size_t n = tx->waf->n_names;
	struct weir_bytes text;

	if (w->target->name_number != WAF_NO_NAME) {
		if (waf_tx_get(tx, w->target->name_number, &text))
			offer_bytes(w, w->target->name, text);
		return;
	}
	w->selected = w->target->numbers != NULL;
	for (size_t i = 0; i < n && !w->stopped; i++) {
		if (w->target->numbers)
			i = waf_word_next(w->target->numbers, i, n);
		if (i < n && waf_tx_get(tx, (uint16_t)i, &text))
			offer_bytes(w, tx->waf->name[i], text);
	}
	w->selected = false;
	walk_dynamic(w);
}

static void walk_store(struct walk *w)
{
	struct weir_waf_tx *tx = w->tx;
	const struct waf_record *r = tx->store[waf_store_index(w->target->variable)];
	struct weir_bytes name, text;

	if (!r)
		return;
	for (unsigned int i = 0;
	     !w->stopped && waf_record_next(r, &i, tx->begin.unix_ns, &name, &text);)
		offer_bytes(w, weir_arena_copy(&tx->arena, name),
			    weir_arena_copy(&tx->arena, text));
}

/* The list grows while it is walked: only what was there is told. */
static void walk_matches(struct walk *w, bool names)
{
	struct weir_waf_tx *tx = w->tx;
	struct waf_matched *last = NULL;

	for (struct waf_matched *m = tx->all; m; m = m->next)
		last = m;
	for (struct waf_matched *m = tx->all; m && !w->stopped; m = m->next) {
		struct weir_bytes name = waf_seen_name(tx, m->variable, m->count, m->name);

		offer_bytes(w, name, names ? name : m->value);
		if (m == last)
			break;
	}
}

static struct weir_bytes clock_text(struct weir_waf_tx *tx, uint8_t variable)
{
	time_t seconds = (time_t)(tx->begin.unix_ns / WEIR_NS_PER_S);
	struct tm t;
	char text[16];

	gmtime_r(&seconds, &t);
	switch (variable) {
	case WEIR_SEC_V_TIME:
		strftime(text, sizeof(text), "%H:%M:%S", &t);
		return weir_arena_copy(&tx->arena, weir_bytes_str(text));
	case WEIR_SEC_V_TIME_DAY:
		return waf_number_text(tx, t.tm_mday);
	case WEIR_SEC_V_TIME_HOUR:
		return waf_number_text(tx, t.tm_hour);
	case WEIR_SEC_V_TIME_MIN:
		return waf_number_text(tx, t.tm_min);
	case WEIR_SEC_V_TIME_MON:
		return waf_number_text(tx, t.tm_mon);
	case WEIR_SEC_V_TIME_SEC:
		return waf_number_text(tx, t.tm_sec);
	case WEIR_SEC_V_TIME_WDAY:
		return waf_number_text(tx, t.tm_wday);
	case WEIR_SEC_V_TIME_YEAR:
		return waf_number_text(tx, t.tm_year + 1900);
	case WEIR_SEC_V_TIME_EPOCH:
		return waf_number_text(tx, seconds);
	default: /* DURATION, in microseconds; the clock is the caller's and stands still */
		return waf_number_text(tx, 0);
	}
}

/* Messages as they are written, as in ModSecurity: they may name themselves. */
static struct weir_bytes rule_text(struct weir_waf_tx *tx, struct weir_bytes name)
{
	const struct waf_rule *rule = tx->rule;

	if (!rule)
		return (struct weir_bytes){0};
	if (weir_bytes_is_case(name, "id"))
		return waf_number_text(tx, tx->waf->rule[rule->number]->sec->id);
	if (weir_bytes_is_case(name, "msg"))
		return rule->sec->msg.source;
	if (weir_bytes_is_case(name, "logdata"))
		return rule->sec->logdata.source;
	if (weir_bytes_is_case(name, "rev"))
		return rule->sec->rev;
	if (weir_bytes_is_case(name, "severity") && rule->sec->severity != WEIR_SEC_NO_SEVERITY)
		return waf_number_text(tx, rule->sec->severity);
	return (struct weir_bytes){0};
}

static struct weir_bytes matched_text(struct weir_waf_tx *tx, uint8_t variable)
{
	const struct waf_matched *m = &tx->matched;

	switch (variable) {
	case WEIR_SEC_V_MATCHED_VAR:
		return m->value;
	case WEIR_SEC_V_MATCHED_VAR_NAME:
		return waf_seen_name(tx, m->variable, m->count, m->name);
	default: /* HIGHEST_SEVERITY; 255 when no rule with one has matched */
		return waf_number_text(tx, tx->highest_severity);
	}
}

/* ---- the walk ---- */

static void walk_one(struct walk *w)
{
	uint8_t variable = w->target->variable;
	const struct waf_source *source = waf_source(variable);

	switch ((enum waf_source_kind)source->kind) {
	case WAF_FROM_LIST:
		walk_lists(w, source);
		break;
	case WAF_FROM_TX:
		walk_tx(w);
		break;
	case WAF_FROM_STORE:
		walk_store(w);
		break;
	case WAF_FROM_MATCHES:
		if (variable == WEIR_SEC_V_MATCHED_VARS ||
		    variable == WEIR_SEC_V_MATCHED_VARS_NAMES)
			walk_matches(w, variable == WEIR_SEC_V_MATCHED_VARS_NAMES);
		else
			offer_bytes(w, (struct weir_bytes){0}, matched_text(w->tx, variable));
		break;
	case WAF_FROM_CLOCK:
		offer_bytes(w, (struct weir_bytes){0}, clock_text(w->tx, variable));
		break;
	case WAF_FROM_RULE:
		offer_bytes(w, w->target->name, rule_text(w->tx, w->target->name));
		break;
	case WAF_FROM_NOTHING:
		break;
	}
}

void waf_for_each_value(struct weir_waf_tx *tx, const struct waf_rule *rule, waf_tell tell,
			void *ctx)
{
	for (unsigned int i = 0; i < rule->n_targets; i++) {
		struct walk w = {.tx = tx,
				 .rule = rule,
				 .target = &rule->target[i],
				 .tell = tell,
				 .ctx = ctx};
		struct waf_seen seen = {.variable = w.target->variable, .count = true};

		walk_one(&w);
		if (w.stopped)
			return;
		if (!w.target->count)
			continue;
		if (w.target->name.len)
			seen.name = w.target->name;
		seen.value = loose_value(tx, waf_number_text(tx, w.count));
		if (seen.value && !tell(ctx, &seen))
			return;
	}
}

/* ---- macros and names ---- */

static struct weir_bytes list_text(struct weir_waf_tx *tx, const struct waf_source *source,
				   struct weir_bytes name)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (source->list[i] == WAF_LISTS)
			continue;
		for (struct waf_entry *e = tx->list[source->list[i]].first; e; e = e->next)
			if (!name.len || weir_bytes_equal_case(e->name, name))
				return source->names ? e->name : e->value.bytes;
	}
	return (struct weir_bytes){0};
}

struct weir_bytes waf_variable_text(struct weir_waf_tx *tx, uint8_t variable,
				    struct weir_bytes name)
{
	const struct waf_source *source = waf_source(variable);
	struct weir_bytes text = {0};
	struct waf_record *r;

	switch ((enum waf_source_kind)source->kind) {
	case WAF_FROM_LIST:
		return list_text(tx, source, name);
	case WAF_FROM_STORE:
		r = tx->store[waf_store_index(variable)];
		if (r && waf_record_get(r, name, tx->begin.unix_ns, &text))
			text = weir_arena_copy(&tx->arena, text); /* the record changes */
		return text;
	case WAF_FROM_MATCHES:
		return matched_text(tx, variable);
	case WAF_FROM_CLOCK:
		return clock_text(tx, variable);
	case WAF_FROM_RULE:
		return rule_text(tx, name);
	case WAF_FROM_TX: /* a name without a number: there was no room for one */
	case WAF_FROM_NOTHING:
		break;
	}
	return text;
}

struct weir_bytes waf_seen_name(struct weir_waf_tx *tx, uint8_t variable, bool count,
				struct weir_bytes name)
{
	struct weir_bytes base = weir_bytes_str(weir_sec_variable_name(variable));
	bool member = name.ptr && weir_sec_variable_is_collection(variable);
	size_t len = base.len + count + (member ? 1 + name.len : 0);
	uint8_t *out, *at;

	/* What MATCHED_VARS shows has its own name already. */
	if (variable == WEIR_SEC_V_MATCHED_VARS)
		return name;
	out = at = weir_arena_alloc(&tx->arena, len);
	if (!out)
		return (struct weir_bytes){0};
	if (count)
		*at++ = '&';
	memcpy(at, base.ptr, base.len);
	at += base.len;
	if (member) {
		*at++ = ':';
		memcpy(at, name.ptr, name.len);
	}
	return weir_bytes_of(out, len);
}
