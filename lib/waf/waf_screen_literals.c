/* SPDX-License-Identifier: BSD-3-Clause */
/* The literals of all slots as two databases: one for what requests bring, one for responses. */
#include <stdlib.h>

#include "waf_cache.h"
#include "waf_cond.h"
#include "waf_screen_build.h"

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

static bool add_literal(struct waf_build *b, struct weir_bytes text, uint16_t pair)
{
	if (b->n_literals == b->cap_literals) {
		uint32_t cap = b->cap_literals ? b->cap_literals * 2 : 1024;
		struct waf_literal *l = realloc(b->literal, cap * sizeof(*l));

		if (!l)
			return false;
		b->literal = l;
		b->cap_literals = cap;
	}
	b->literal[b->n_literals++] = (struct waf_literal){text, pair};
	return true;
}

static bool gather_literals_of(struct waf_build *b, uint32_t slot)
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

static void note_conditions(struct waf_build *b)
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
	const struct waf_literal *x = a, *y = b;
	size_t least = x->text.len < y->text.len ? x->text.len : y->text.len;
	int c = memcmp(x->text.ptr, y->text.ptr, least);

	if (c)
		return c;
	if (x->text.len != y->text.len)
		return x->text.len < y->text.len ? -1 : 1;
	return x->pair < y->pair ? -1 : x->pair > y->pair;
}

static bool is_marked(struct weir_bytes text)
{
	return text.ptr[0] == WAF_MARK || text.ptr[text.len - 1] == WAF_MARK;
}

static void note_length(struct waf_literal_set *set, struct weir_bytes text)
{
	if (text.len > set->longest)
		set->longest = (uint16_t)text.len;
	if (text.len > set->longest_marked && is_marked(text))
		set->longest_marked = (uint16_t)text.len;
}

/* Equal texts become one literal with several slots. */
static bool join_literals(struct waf_build *b, struct waf_literal_set *set)
{
	struct weir_arena *a = &b->w->arena;

	qsort(b->literal, b->n_literals, sizeof(*b->literal), by_text);
	set->first = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*set->first));
	set->pair = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*set->pair));
	set->length = weir_arena_alloc(a, (b->n_literals + 1) * sizeof(*set->length));
	if (!set->first || !set->pair || !set->length)
		return false;
	for (uint32_t i = 0; i < b->n_literals; i++) {
		const struct waf_literal *l = &b->literal[i];

		if (!i || !weir_bytes_equal(l->text, b->literal[i - 1].text)) {
			set->first[set->n] = i;
			set->length[set->n++] = (uint16_t)l->text.len;
			note_length(set, l->text);
		}
		set->pair[i] = l->pair;
	}
	set->first[set->n] = b->n_literals;
	return true;
}

/* ---- names of JSON ---- */

static const char json[] = "json"; /* and a point */
static const char marked_json[] = {WAF_MARK, 'j', 's', 'o', 'n', '.'};

/* It may begin within that, and end behind it. */
static bool leaves_json(struct weir_bytes literal)
{
	for (const char *at = json; *at; at++) {
		size_t len = strlen(at);

		if (literal.len > len && !memcmp(literal.ptr, at, len) && literal.ptr[len] == '.')
			return true;
	}
	return false;
}

/* Where "json" is left out the point follows the mark at once: what begins with all of that is
 * looked for there, too. */
static bool add_shortened(struct waf_build *b)
{
	struct weir_bytes begin = weir_bytes_of(marked_json, sizeof(marked_json));

	for (uint32_t i = 0, n = b->n_literals; i < n; i++) {
		struct weir_bytes text = b->literal[i].text;
		uint8_t *at;

		if (text.len < begin.len || memcmp(text.ptr, begin.ptr, begin.len) != 0)
			continue;
		at = weir_arena_alloc(&b->w->arena, text.len - sizeof(json) + 1);
		if (!at)
			return false;
		at[0] = WAF_MARK;
		memcpy(at + 1, text.ptr + sizeof(json), text.len - sizeof(json));
		if (!add_literal(b, weir_bytes_of(at, text.len - sizeof(json) + 1),
				 b->literal[i].pair))
			return false;
	}
	return true;
}

/* Literals that each name of JSON begins with are no news, and are not looked for. */
static void know_json(const struct waf_build *b, struct waf_literal_set *set)
{
	struct waf_json_names names = {.skipped = sizeof(json) - 1};

	for (uint32_t i = 0; i < b->n_literals; i++) {
		struct weir_bytes text = b->literal[i].text;
		uint16_t pair = set->pair[i];

		if (leaves_json(text))
			return;
		if (waf_literal_in(weir_bytes_of(marked_json, sizeof(json)), text))
			names.hits.found[pair >> 15][(pair & 0x7fff) / 64] |= 1ULL << (pair % 64);
	}
	set->json = names;
}

static bool compile_literals(struct waf_build *b, struct waf_literal_set *set)
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

bool waf_build_literals(struct waf_build *b)
{
	note_conditions(b);
	for (unsigned int side = 0; side < WAF_SIDES; side++) {
		struct waf_literal_set *set = &b->screen->literals[side];

		b->n_literals = 0;
		for (uint32_t s = 0; s < b->screen->n_slots; s++)
			if (asks_side(b->rule[s], (enum waf_side)side) && !gather_literals_of(b, s))
				return false;
		if (b->n_literals &&
		    (!add_shortened(b) || !join_literals(b, set) || !compile_literals(b, set)))
			return false;
		know_json(b, set);
	}
	return true;
}
