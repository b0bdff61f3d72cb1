/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The screen of a program: rules whose operators have necessary conditions get a slot each; byte
 * values that no condition and no transformation tells apart become a class; all literals go into
 * one Hyperscan database.
 */
#include <hs.h>
#include <stdlib.h>

#include "waf_impl.h"

#define CLASSES_MAX 64

struct build {
	struct weir_waf *w;
	struct waf_screen *screen;
	struct weir_conf_report *r;
	struct waf_rule *rule[WAF_SLOTS];
	struct waf_need need[WAF_SLOTS];
	struct waf_set *sets; /* what classes must tell apart */
	uint32_t n_sets, cap_sets;
	/* literals, all conditions of all slots; later sorted and joined */
	struct literal {
		struct weir_bytes text;
		uint16_t pair;
	} * literal;
	uint32_t n_literals, cap_literals;
};

/* ---- who gets a slot ---- */

static bool can_be_screened(const struct waf_rule *rule)
{
	if (!rule->op || rule->sec->test.negated || rule->sec->multi_match)
		return false;
	for (unsigned int i = 0; i < rule->n_targets; i++) {
		const struct waf_target *t = &rule->target[i];

		if (t->count || waf_source(t->variable)->kind != WAF_FROM_LIST)
			return false;
	}
	return rule->n_targets > 0;
}

static bool has_conditions(const struct waf_need *need)
{
	return need->n_sets || need->n_literals || need->never;
}

static bool give_slots(struct build *b)
{
	struct weir_waf *w = b->w;

	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++) {
		for (uint32_t i = 0; i < w->phase[phase].n; i++) {
			struct waf_rule *rule = w->phase[phase].step[i].rule;
			uint32_t slot = b->screen->n_slots;

			if (slot == WAF_SLOTS || !can_be_screened(rule))
				continue;
			if (waf_op_need(rule->op, &w->arena, &b->need[slot]) < 0)
				return false;
			if (!has_conditions(&b->need[slot]))
				continue;
			rule->slot = (int16_t)slot;
			b->rule[slot] = rule;
			b->screen->slot[slot] = (struct waf_slot){(uint8_t)phase, i};
			b->screen->n_slots++;
		}
	}
	return true;
}

/* ---- classes of bytes ---- */

static bool add_set(struct build *b, const struct waf_set *set)
{
	if (b->n_sets == b->cap_sets) {
		uint32_t cap = b->cap_sets ? b->cap_sets * 2 : 128;
		struct waf_set *sets = realloc(b->sets, cap * sizeof(*sets));

		if (!sets)
			return false;
		b->sets = sets;
		b->cap_sets = cap;
	}
	b->sets[b->n_sets++] = *set;
	return true;
}

static bool gather_sets(struct build *b)
{
	for (unsigned int t = 0; t < WEIR_T_END; t++) {
		const uint64_t *bits = weir_transform_triggers((enum weir_transform)t);
		struct waf_set set;

		if (!bits)
			continue;
		memcpy(set.bits, bits, sizeof(set.bits));
		if (!add_set(b, &set))
			return false;
	}
	for (uint32_t s = 0; s < b->screen->n_slots; s++)
		for (unsigned int k = 0; k < b->need[s].n_sets; k++)
			if (!add_set(b, &b->need[s].set[k]))
				return false;
	return true;
}

/* Splits each class by each set while there is room; a class that could not be split makes the sets
 * that cut it larger, which only costs time. */
static void split_classes(struct build *b, uint8_t class_of[256])
{
	unsigned int n = 1;

	memset(class_of, 0, 256);
	for (uint32_t i = 0; i < b->n_sets; i++) {
		int within[CLASSES_MAX];
		unsigned int before = n;
		bool outside[CLASSES_MAX] = {false};

		memset(within, -1, sizeof(within));
		for (unsigned int c = 0; c < 256; c++)
			if (!waf_set_has(&b->sets[i], (uint8_t)c))
				outside[class_of[c]] = true;
		for (unsigned int c = 0; c < 256; c++) {
			uint8_t k = class_of[c];

			if (!waf_set_has(&b->sets[i], (uint8_t)c) || !outside[k] || k >= before)
				continue;
			if (within[k] < 0 && n < CLASSES_MAX)
				within[k] = (int)n++;
			if (within[k] >= 0)
				class_of[c] = (uint8_t)within[k];
		}
	}
	b->screen->n_classes = n;
}

static uint64_t classes_of_set(const struct waf_screen *screen, const uint64_t bits[4])
{
	uint64_t classes = 0;

	for (unsigned int c = 0; c < 256; c++)
		if (bits[c >> 6] >> (c & 63) & 1)
			classes |= screen->class_of[c];
	return classes;
}

static void fill_sets(struct build *b)
{
	struct waf_screen *screen = b->screen;

	for (unsigned int k = 0; k < WAF_NEED_SETS; k++)
		screen->no_set[k] = ~(waf_bits){0};
	for (uint32_t s = 0; s < screen->n_slots; s++) {
		struct waf_rule *rule = b->rule[s];

		rule->n_sets = b->need[s].n_sets;
		for (unsigned int k = 0; k < rule->n_sets; k++) {
			uint64_t classes = classes_of_set(screen, b->need[s].set[k].bits);

			rule->set[k] = classes;
			screen->no_set[k][s / 64] &= ~(1ULL << (s % 64));
			for (; classes; classes &= classes - 1)
				waf_bits_set(&screen->set[k][__builtin_ctzll(classes)], s);
		}
	}
}

static bool build_classes(struct build *b)
{
	uint8_t class_of[256];

	if (!gather_sets(b))
		return false;
	split_classes(b, class_of);
	for (unsigned int c = 0; c < 256; c++)
		b->screen->class_of[c] = 1ULL << class_of[c];
	for (unsigned int t = 0; t < WEIR_T_END; t++) {
		const uint64_t *bits = weir_transform_triggers((enum weir_transform)t);

		b->screen->triggers[t] = bits ? classes_of_set(b->screen, bits) : ~0ULL;
	}
	for (uint16_t i = 1; i < b->w->n_nodes; i++) {
		struct waf_node *n = &b->w->node[i];

		n->triggers = b->w->node[n->parent].triggers | b->screen->triggers[n->transform];
	}
	fill_sets(b);
	return true;
}

/* ---- literals ---- */

static bool add_literal(struct build *b, struct weir_bytes text, uint16_t pair)
{
	if (b->n_literals == b->cap_literals) {
		uint32_t cap = b->cap_literals ? b->cap_literals * 2 : 1024;
		struct literal *l = realloc(b->literal, cap * sizeof(*l));

		if (!l)
			return false;
		b->literal = l;
		b->cap_literals = cap;
	}
	b->literal[b->n_literals++] = (struct literal){text, pair};
	return true;
}

static bool gather_literals(struct build *b)
{
	struct waf_screen *screen = b->screen;

	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
		screen->no_literal[k] = ~(waf_bits){0};
	for (uint32_t s = 0; s < screen->n_slots; s++) {
		const struct waf_need *need = &b->need[s];

		b->rule[s]->n_literals = need->n_literals;
		for (unsigned int k = 0; k < need->n_literals; k++) {
			screen->no_literal[k][s / 64] &= ~(1ULL << (s % 64));
			for (uint32_t i = 0; i < need->literals[k].n; i++)
				if (!add_literal(b, need->literals[k].literal[i],
						 (uint16_t)(k << 15 | s)))
					return false;
		}
		if (need->never)
			screen->no_literal[0][s / 64] &= ~(1ULL << (s % 64));
	}
	return true;
}

static int by_text(const void *a, const void *b)
{
	const struct literal *x = a, *y = b;
	size_t least = x->text.len < y->text.len ? x->text.len : y->text.len;
	int c = memcmp(x->text.ptr, y->text.ptr, least);

	if (c)
		return c;
	if (x->text.len != y->text.len)
		return x->text.len < y->text.len ? -1 : 1;
	return x->pair < y->pair ? -1 : x->pair > y->pair;
}

/* Equal texts become one literal with several slots. */
static bool join_literals(struct build *b)
{
	struct waf_screen *screen = b->screen;
	struct weir_arena *a = &b->w->arena;

	qsort(b->literal, b->n_literals, sizeof(*b->literal), by_text);
	screen->first = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*screen->first));
	screen->pair = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*screen->pair));
	screen->length = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*screen->length));
	if (!screen->first || !screen->pair || !screen->length)
		return false;
	for (uint32_t i = 0; i < b->n_literals; i++) {
		const struct literal *l = &b->literal[i];

		if (!i || !weir_bytes_equal(l->text, b->literal[i - 1].text)) {
			screen->first[screen->n_literals] = i;
			screen->length[screen->n_literals++] = (uint16_t)l->text.len;
		}
		screen->pair[i] = l->pair;
	}
	screen->first[screen->n_literals] = b->n_literals;
	return true;
}

static bool compile_literals(struct build *b)
{
	struct waf_screen *screen = b->screen;
	uint32_t n = screen->n_literals;
	const char **text = calloc(n + 1, sizeof(*text));
	size_t *length = calloc(n + 1, sizeof(*length));
	unsigned int *flags = calloc(n + 1, sizeof(*flags)), *ids = calloc(n + 1, sizeof(*ids));
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;
	bool good = text && length && flags && ids;

	for (uint32_t i = 0; good && i < n; i++) {
		const struct weir_bytes *l = &b->literal[screen->first[i]].text;

		text[i] = (const char *)l->ptr;
		length[i] = l->len;
		flags[i] = HS_FLAG_CASELESS;
		ids[i] = i;
	}
	good = good && hs_compile_lit_multi(text, flags, ids, length, n, HS_MODE_BLOCK, NULL, &db,
					    &error) == HS_SUCCESS;
	if (error) {
		weir_conf_error(b->r, (struct weir_conf_pos){.file = "prefilter"}, "%s",
				error->message);
		hs_free_compile_error(error);
	}
	screen->database = db;
	free(text);
	free(length);
	free(flags);
	free(ids);
	return good;
}

static bool build_literals(struct build *b)
{
	if (!gather_literals(b))
		return false;
	return !b->n_literals || (join_literals(b) && compile_literals(b));
}

/* ---- views: what asks about the values of a list ---- */

static void add_view(struct build *b, unsigned int list, bool names, uint32_t slot)
{
	struct waf_view *view = names ? &b->screen->names[list] : &b->screen->values[list];
	const struct waf_rule *rule = b->rule[slot];
	const struct waf_node *node = &b->w->node[rule->node];

	waf_bits_set(&view->slots, slot);
	view->triggers |= node->triggers;
	view->always |= node->always;
	for (unsigned int i = 0; i < view->n_nodes; i++)
		if (view->node[i] == rule->node)
			return;
	view->node[view->n_nodes++] = rule->node;
}

static void add_target(struct build *b, const struct waf_target *t, uint32_t slot)
{
	const struct waf_source *source = waf_source(t->variable);

	if (t->variable == WEIR_SEC_V_XML) {
		add_view(b, t->selector == WEIR_SEC_XML_ATTRS ? WAF_LIST_XML_ATTRS : WEIR_SEC_V_XML,
			 false, slot);
		return;
	}
	for (unsigned int i = 0; i < 2; i++)
		if (source->list[i] != WAF_LISTS)
			add_view(b, source->list[i], source->names, slot);
}

static bool build_views(struct build *b)
{
	struct weir_arena *a = &b->w->arena;
	struct waf_screen *screen = b->screen;

	for (unsigned int list = 0; list < WAF_LISTS; list++) {
		size_t bytes = b->w->n_nodes * sizeof(uint16_t);

		screen->values[list].node = weir_arena_alloc(a, bytes);
		screen->names[list].node = weir_arena_alloc(a, bytes);
		if (!screen->values[list].node || !screen->names[list].node)
			return false;
	}
	screen->of_node = aligned_alloc(64, (b->w->n_nodes + 1u) * sizeof(waf_bits));
	if (!screen->of_node)
		return false;
	memset(screen->of_node, 0, (b->w->n_nodes + 1u) * sizeof(waf_bits));
	for (uint32_t s = 0; s < screen->n_slots; s++) {
		waf_bits_set(&screen->of_node[b->rule[s]->node], s);
		for (unsigned int i = 0; i < b->rule[s]->n_targets; i++)
			add_target(b, &b->rule[s]->target[i], s);
	}
	return true;
}

/* ---- all of it ---- */

static bool build_scratch(struct weir_waf *w)
{
	for (unsigned int i = 0; i < w->options.n_workers; i++) {
		hs_scratch_t *s = NULL;

		if (w->screen->database && hs_alloc_scratch(w->screen->database, &s) != HS_SUCCESS)
			return false;
		w->part[i].hs = s;
		w->part[i].classes =
			aligned_alloc(64, WAF_CLASS_CACHE * sizeof(*w->part[i].classes));
		if (!w->part[i].classes)
			return false;
		memset(w->part[i].classes, 0, WAF_CLASS_CACHE * sizeof(*w->part[i].classes));
		/* No classes at all is what an empty value has: not yet known. */
		w->part[i].classes[0].classes = 1;
	}
	return true;
}

bool waf_build_screen(struct weir_waf *w, struct weir_conf_report *r)
{
	struct build *b = calloc(1, sizeof(*b));
	bool good;

	w->screen = aligned_alloc(64, sizeof(*w->screen));
	if (!b || !w->screen) {
		free(b);
		return false;
	}
	memset(w->screen, 0, sizeof(*w->screen));
	b->w = w;
	b->r = r;
	b->screen = w->screen;
	good = (w->options.no_prefilter || give_slots(b)) && build_classes(b) &&
	       build_literals(b) && build_views(b) && build_scratch(w);
	free(b->sets);
	free(b->literal);
	free(b);
	return good;
}

void waf_destroy_screen(struct weir_waf *w)
{
	for (unsigned int i = 0; w->part && i < w->options.n_workers; i++) {
		hs_free_scratch(w->part[i].hs);
		free(w->part[i].classes);
	}
	if (!w->screen)
		return;
	hs_free_database(w->screen->database);
	free(w->screen->of_node);
	free(w->screen);
}

size_t waf_screen_bytes(const struct weir_waf *w)
{
	size_t database = 0, scratch = 0, bytes = 0;

	if (w->screen->database && hs_database_size(w->screen->database, &database) == HS_SUCCESS)
		bytes += database;
	for (unsigned int i = 0; i < w->options.n_workers; i++) {
		bytes += WAF_CLASS_CACHE * sizeof(struct waf_class_cache);
		if (w->part[i].hs && hs_scratch_size(w->part[i].hs, &scratch) == HS_SUCCESS)
			bytes += scratch;
	}
	return bytes;
}
