/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The screen of a program: rules whose operators have necessary conditions get a slot each; byte
 * values that no condition and no transformation tells apart become a class; all literals go into
 * one Hyperscan database.
 */
#include <assert.h>

#include <hs.h>
#include <stdlib.h>

#include "waf_cache.h"
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
	if (!rule->op || rule->sec->test.negated)
		return false;
	for (unsigned int i = 0; i < rule->n_targets; i++) {
		const struct waf_target *t = &rule->target[i];

		if (t->count || waf_source(t->variable)->kind != WAF_FROM_LIST ||
		    waf_source(t->variable)->changes)
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
			if (waf_cache_need(w->cache, rule->op, &w->arena, &b->need[slot]) < 0)
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

/* Literals of one byte are looked for by class, not by the database: they would be found
 * everywhere. */
static struct waf_set single_bytes(const struct waf_literals *l)
{
	struct waf_set set = {0};

	for (uint32_t i = 0; i < l->n; i++) {
		uint8_t c = l->literal[i].ptr[0];

		if (l->literal[i].len != 1)
			continue;
		waf_set_add(&set, c);
		if ((uint8_t)(c - 'a') < 26)
			waf_set_add(&set, (uint8_t)(c - 32));
	}
	return set;
}

/* Kinds of bytes of which a set has all or none: what values have of letters and digits is not
 * worth telling apart, and few classes make many values alike. */
static const struct kind {
	uint8_t first, last;
} kinds[] = {{'a', 'z'}, {'A', 'Z'}, {'0', '9'}, {0x80, 0xff}, {0x01, 0x08}, {0x0e, 0x1f}};

static void widen(struct waf_set *set, struct kind k)
{
	bool any = false;

	for (unsigned int c = k.first; c <= k.last; c++)
		any |= waf_set_has(set, (uint8_t)c);
	for (unsigned int c = k.first; any && c <= k.last; c++)
		waf_set_add(set, (uint8_t)c);
}

static bool add_set(struct build *b, struct waf_set *set)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(kinds); i++)
		widen(set, kinds[i]);
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

static bool gather_triggers(struct build *b)
{
	for (uint16_t i = 1; i < b->w->n_nodes; i++) {
		const uint64_t *bits = weir_transform_triggers(b->w->node[i].transform);
		struct waf_set set;

		if (!bits)
			continue;
		memcpy(set.bits, bits, sizeof(set.bits));
		if (!add_set(b, &set))
			return false;
	}
	return true;
}

static bool gather_sets_of(struct build *b, struct waf_need *need)
{
	for (unsigned int k = 0; k < need->n_sets; k++)
		if (!add_set(b, &need->set[k]))
			return false;
	for (unsigned int k = 0; k < need->n_literals; k++) {
		struct waf_set set = single_bytes(&need->literals[k]);

		if (!add_set(b, &set))
			return false;
	}
	return true;
}

static bool gather_sets(struct build *b)
{
	if (!gather_triggers(b))
		return false;
	for (uint32_t s = 0; s < b->screen->n_slots; s++)
		if (!gather_sets_of(b, &b->need[s]))
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

static void fill_singles(struct build *b, uint32_t s)
{
	struct waf_screen *screen = b->screen;

	for (unsigned int k = 0; k < b->need[s].n_literals; k++) {
		struct waf_set set = single_bytes(&b->need[s].literals[k]);
		uint64_t classes = classes_of_set(screen, set.bits);

		b->rule[s]->single[k] = classes;
		for (; classes; classes &= classes - 1)
			waf_bits_set(&screen->single[k][__builtin_ctzll(classes)], s);
	}
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
		fill_singles(b, s);
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

		b->screen->triggers[t] = bits ? classes_of_set(b->screen, bits) : WAF_ANY_VALUE;
	}
	for (uint16_t i = 1; i < b->w->n_nodes; i++) {
		struct waf_node *n = &b->w->node[i];

		n->triggers = b->w->node[n->parent].triggers | b->screen->triggers[n->transform];
	}
	fill_sets(b);
	return true;
}

/* ---- literals ---- */

/* Requests and responses are screened by databases of their own. */
static bool is_of_response(unsigned int variable)
{
	return variable == WEIR_SEC_V_RESPONSE_BODY || variable == WEIR_SEC_V_RESPONSE_HEADERS ||
	       variable == WEIR_SEC_V_RESPONSE_HEADERS_NAMES ||
	       variable == WEIR_SEC_V_RESPONSE_CONTENT_TYPE ||
	       variable == WEIR_SEC_V_RESPONSE_CONTENT_LENGTH ||
	       variable == WEIR_SEC_V_RESPONSE_PROTOCOL || variable == WEIR_SEC_V_RESPONSE_STATUS ||
	       variable == WEIR_SEC_V_STATUS_LINE;
}

enum waf_side waf_side_of_list(unsigned int list)
{
	return is_of_response(list) ? WAF_RESPONSE : WAF_REQUEST;
}

static bool asks_side(const struct waf_rule *rule, enum waf_side side)
{
	for (unsigned int i = 0; i < rule->n_targets; i++)
		if (is_of_response(rule->target[i].variable) == (side == WAF_RESPONSE))
			return true;
	return false;
}

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

static bool gather_literals_of(struct build *b, uint32_t slot)
{
	const struct waf_need *need = &b->need[slot];

	for (unsigned int k = 0; k < need->n_literals; k++)
		for (uint32_t i = 0; i < need->literals[k].n; i++)
			if (need->literals[k].literal[i].len > 1 &&
			    !add_literal(b, need->literals[k].literal[i],
					 (uint16_t)(k << 15 | slot)))
				return false;
	return true;
}

static void note_conditions(struct build *b)
{
	struct waf_screen *screen = b->screen;

	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
		screen->no_literal[k] = ~(waf_bits){0};
	for (uint32_t s = 0; s < screen->n_slots; s++) {
		unsigned int n = b->need[s].n_literals;

		b->rule[s]->n_literals = (uint8_t)n;
		if (b->need[s].never && !n)
			n = 1;
		for (unsigned int k = 0; k < n; k++)
			screen->no_literal[k][s / 64] &= ~(1ULL << (s % 64));
	}
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
static bool join_literals(struct build *b, struct waf_literal_set *set)
{
	struct weir_arena *a = &b->w->arena;

	qsort(b->literal, b->n_literals, sizeof(*b->literal), by_text);
	set->first = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*set->first));
	set->pair = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*set->pair));
	set->length = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*set->length));
	if (!set->first || !set->pair || !set->length)
		return false;
	for (uint32_t i = 0; i < b->n_literals; i++) {
		const struct literal *l = &b->literal[i];

		if (!i || !weir_bytes_equal(l->text, b->literal[i - 1].text)) {
			set->first[set->n] = i;
			set->length[set->n++] = (uint16_t)l->text.len;
			if (l->text.len > set->longest)
				set->longest = (uint16_t)l->text.len;
		}
		set->pair[i] = l->pair;
	}
	set->first[set->n] = b->n_literals;
	return true;
}

static bool compile_literals(struct build *b, struct waf_literal_set *set)
{
	struct weir_bytes *text = calloc(set->n + 1, sizeof(*text));
	struct weir_buf why = {0};

	for (uint32_t i = 0; text && i < set->n; i++)
		text[i] = b->literal[set->first[i]].text;
	set->database = text ? waf_database_create(b->w->cache, text, set->n, &why) : NULL;
	if (why.ptr)
		weir_conf_error(b->r, (struct weir_conf_pos){.file = "prefilter"}, "%s", why.ptr);
	weir_buf_fini(&why);
	free(text);
	return set->database != NULL;
}

static bool build_literals(struct build *b)
{
	note_conditions(b);
	for (unsigned int side = 0; side < WAF_SIDES; side++) {
		struct waf_literal_set *set = &b->screen->literals[side];

		b->n_literals = 0;
		for (uint32_t s = 0; s < b->screen->n_slots; s++)
			if (asks_side(b->rule[s], (enum waf_side)side) && !gather_literals_of(b, s))
				return false;
		if (b->n_literals && (!join_literals(b, set) || !compile_literals(b, set)))
			return false;
	}
	return true;
}

/* ---- views: what asks about the values of a list ---- */

/* A rule with multiMatch asks about each step of its way. */
static void add_slot(struct build *b, struct waf_view *view, uint32_t slot)
{
	const struct waf_rule *rule = b->rule[slot];

	view->used = true;
	waf_bits_set(&view->slots, slot);
	waf_word_set(view->nodes, rule->node);
	for (unsigned int i = 0; i < rule->n_nodes; i++)
		waf_word_set(view->nodes, rule->nodes[i]);
}

static struct waf_named_view *named_view(struct build *b, struct waf_list_view *list,
					 struct weir_bytes name)
{
	size_t bytes = b->screen->node_words * sizeof(uint64_t);
	struct waf_named_view *v;

	for (v = list->named; v; v = v->next)
		if (weir_bytes_equal_case(v->name, name))
			return v;
	v = aligned_alloc(64, (sizeof(*v) + 63) & ~(size_t)63);
	if (!v)
		return NULL;
	memset(v, 0, sizeof(*v));
	v->next = list->named;
	list->named = v;
	v->name = name;
	v->view.slots = list->all.slots;
	v->view.nodes = weir_arena_alloc(&b->w->arena, bytes);
	if (!v->view.nodes)
		return NULL;
	memcpy(v->view.nodes, list->all.nodes, bytes);
	return v;
}

/* Those of all members come first: the named ones begin as copies of them. */
static bool add_view(struct build *b, struct waf_list_view *list, const struct waf_target *t,
		     uint32_t slot, bool named)
{
	struct waf_named_view *v;

	if ((t->selector == WEIR_SEC_NAME) != named)
		return true;
	if (!named) {
		add_slot(b, &list->all, slot);
		return true;
	}
	v = named_view(b, list, t->name);
	if (v)
		add_slot(b, &v->view, slot);
	return v != NULL;
}

static bool add_target(struct build *b, const struct waf_target *t, uint32_t slot, bool named)
{
	const struct waf_source *source = waf_source(t->variable);
	struct waf_list_view *views = source->names ? b->screen->names : b->screen->values;
	bool good = true;

	if (t->variable == WEIR_SEC_V_XML)
		return add_view(b,
				&views[t->selector == WEIR_SEC_XML_ATTRS ? WAF_LIST_XML_ATTRS
									 : WEIR_SEC_V_XML],
				t, slot, named);
	for (unsigned int i = 0; i < 2; i++)
		if (source->list[i] != WAF_LISTS)
			good &= add_view(b, &views[source->list[i]], t, slot, named);
	return good;
}

static void mark_slot(struct build *b, uint32_t slot)
{
	const struct waf_rule *rule = b->rule[slot];

	waf_bits_set(&b->screen->of_node[rule->node], slot);
	for (unsigned int i = 0; i < rule->n_nodes; i++)
		waf_bits_set(&b->screen->of_node[rule->nodes[i]], slot);
}

static bool add_targets(struct build *b, bool named)
{
	for (uint32_t s = 0; s < b->screen->n_slots; s++)
		for (unsigned int i = 0; i < b->rule[s]->n_targets; i++)
			if (!add_target(b, &b->rule[s]->target[i], s, named))
				return false;
	return true;
}

static bool make_views(struct build *b)
{
	struct weir_arena *a = &b->w->arena;
	struct waf_screen *screen = b->screen;
	size_t bytes;

	screen->node_words = (uint32_t)waf_words(b->w->n_nodes);
	bytes = screen->node_words * sizeof(uint64_t);
	for (unsigned int list = 0; list < WAF_LISTS; list++) {
		screen->values[list].all.nodes = weir_arena_zalloc(a, bytes);
		screen->names[list].all.nodes = weir_arena_zalloc(a, bytes);
	}
	for (unsigned int t = 0; t < WEIR_T_END; t++)
		screen->by_transform[t] = weir_arena_zalloc(a, bytes);
	screen->always = weir_arena_zalloc(a, bytes);
	screen->of_node = aligned_alloc(64, (b->w->n_nodes + 1u) * sizeof(waf_bits));
	if (a->failed || !screen->of_node)
		return false;
	memset(screen->of_node, 0, (b->w->n_nodes + 1u) * sizeof(waf_bits));
	return true;
}

static_assert(WEIR_T_END <= 64, "sets of transformations are words");

static void mark_node(struct build *b, uint16_t node)
{
	struct waf_screen *screen = b->screen;

	if (b->w->node[node].always)
		waf_word_set(screen->always, node);
	for (uint16_t i = node; i; i = b->w->node[i].parent) {
		uint8_t t = b->w->node[i].transform;

		waf_word_set(screen->by_transform[t], node);
		if (screen->triggers[t] != WAF_ANY_VALUE)
			screen->transforms |= 1ULL << t;
	}
}

static bool build_views(struct build *b)
{
	struct waf_screen *screen = b->screen;

	if (!make_views(b))
		return false;
	for (uint32_t s = 0; s < screen->n_slots; s++)
		mark_slot(b, s);
	if (!add_targets(b, false) || !add_targets(b, true))
		return false;
	for (uint16_t i = 1; i < b->w->n_nodes; i++)
		mark_node(b, i);
	return true;
}

/* ---- all of it ---- */

static bool make_caches(struct weir_waf *w, struct waf_part *part)
{
	uint32_t words = w->screen->node_words;
	uint64_t *nodes = weir_arena_zalloc(&w->arena, WAF_WAY_CACHE * words * sizeof(*nodes));

	part->known = calloc(1, waf_known_bytes());
	part->classes = aligned_alloc(64, WAF_CLASS_CACHE * sizeof(*part->classes));
	part->ways = aligned_alloc(64, WAF_WAY_CACHE * sizeof(*part->ways));
	if (!part->known || !part->classes || !part->ways || !nodes)
		return false;
	memset(part->classes, 0, WAF_CLASS_CACHE * sizeof(*part->classes));
	memset(part->ways, 0, WAF_WAY_CACHE * sizeof(*part->ways));
	for (unsigned int i = 0; i < WAF_WAY_CACHE; i++)
		part->ways[i].triggered = nodes + i * words;
	/* Nothing at all has a place, too, and is not yet known: what stands there never comes. */
	part->classes[0].classes = 1;
	part->ways[0].transforms = 1ULL << 63;
	return true;
}

static bool build_scratch(struct weir_waf *w)
{
	for (unsigned int i = 0; i < w->options.n_workers; i++) {
		hs_scratch_t *s = NULL;

		for (unsigned int side = 0; side < WAF_SIDES; side++)
			if (w->screen->literals[side].database &&
			    hs_alloc_scratch(w->screen->literals[side].database, &s) != HS_SUCCESS)
				return false;
		w->part[i].hs = s;
		if (!make_caches(w, &w->part[i]))
			return false;
	}
	return true;
}

bool waf_make_screen(struct weir_waf *w)
{
	w->screen = aligned_alloc(64, sizeof(*w->screen));
	if (!w->screen)
		return false;
	memset(w->screen, 0, sizeof(*w->screen));
	for (unsigned int c = 0; c < 256; c++)
		w->screen->class_of[c] = 1;
	for (unsigned int t = 0; t < WEIR_T_END; t++)
		w->screen->triggers[t] = WAF_ANY_VALUE;
	for (uint16_t i = 1; i < w->n_nodes; i++)
		w->node[i].triggers = 1;
	return true;
}

bool waf_build_screen(struct weir_waf *w, struct weir_conf_report *r)
{
	struct build *b = calloc(1, sizeof(*b));
	bool good;

	if (!b)
		return false;
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

static void free_named(struct waf_named_view *v)
{
	while (v) {
		struct waf_named_view *next = v->next;

		free(v);
		v = next;
	}
}

void waf_destroy_screen(struct weir_waf *w)
{
	for (unsigned int i = 0; w->part && i < w->options.n_workers; i++) {
		hs_free_scratch(w->part[i].hs);
		free(w->part[i].known);
		free(w->part[i].classes);
		free(w->part[i].ways);
	}
	if (!w->screen)
		return;
	for (unsigned int side = 0; side < WAF_SIDES; side++)
		hs_free_database(w->screen->literals[side].database);
	free(w->screen->of_node);
	for (unsigned int list = 0; list < WAF_LISTS; list++) {
		free_named(w->screen->values[list].named);
		free_named(w->screen->names[list].named);
	}
	free(w->screen);
}

size_t waf_screen_bytes(const struct weir_waf *w)
{
	size_t database = 0, scratch = 0, bytes = 0;

	for (unsigned int side = 0; side < WAF_SIDES; side++)
		if (w->screen->literals[side].database &&
		    hs_database_size(w->screen->literals[side].database, &database) == HS_SUCCESS)
			bytes += database;
	for (unsigned int i = 0; i < w->options.n_workers; i++) {
		bytes += WAF_CLASS_CACHE * sizeof(struct waf_class_cache) + waf_known_bytes();
		if (w->part[i].hs && hs_scratch_size(w->part[i].hs, &scratch) == HS_SUCCESS)
			bytes += scratch;
	}
	return bytes;
}
