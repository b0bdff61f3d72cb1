/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules could match at all: before a phase runs, its new values are looked at together.
 * Every result that some chain makes of them is put behind the others and one scan finds the
 * literals; with the classes of bytes that occur they give, for a value, the slots whose rules may
 * match it. A rule whose slot stays cold is not even looked at (waf_run.c).
 */
#include <hs.h>

#include "waf_impl.h"

/* Longer values are scanned where they stand. */
#define COPY_MAX 2048
/* Bytes that are scanned at once, so that the clock is looked at between. */
#define BATCH_MAX   65536
#define LIKE_PLACES 64

struct scan {
	struct weir_waf_tx *tx;
	const struct waf_screen *screen;
	const struct waf_literal_set *literals;
	struct waf_value *like; /* those that are equal to another but for case */
	struct waf_value *like_place[LIKE_PLACES];
	struct waf_value **value; /* in the order of their places */
	uint32_t *start;          /* of the mark before each; one more behind the last */
	uint32_t n, cap;
	uint32_t hint;
	uint32_t queued; /* bytes of all in the queue */
	uint32_t found;  /* literals */
	uint8_t *bytes;
	uint32_t len, room;
};

static void scan(struct scan *s);

/* ---- what is to be scanned ---- */

static bool grow_queue(struct scan *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : 64;
	struct waf_value **value = weir_arena_alloc(&s->tx->arena, cap * sizeof(*value));
	uint32_t *start = weir_arena_alloc(&s->tx->arena, (cap + 1) * sizeof(*start));

	if (!value || !start)
		return false;
	if (s->n) {
		memcpy(value, s->value, s->n * sizeof(*value));
		memcpy(start, s->start, s->n * sizeof(*start));
	}
	s->value = value;
	s->start = start;
	s->cap = cap;
	return true;
}

/* By the length and the first and last bytes, whatever their case. */
static struct waf_value **place_of(struct scan *s, struct weir_bytes b)
{
	size_t n = b.len < 8 ? b.len : 8;
	uint64_t first = 0, last = 0, h = b.len;

	memcpy(&first, b.ptr, n);
	memcpy(&last, b.ptr + b.len - n, n);
	h ^= (first | 0x2020202020202020ULL) + (last | 0x2020202020202020ULL) * 3;
	return &s->like_place[h * 0x9e3779b97f4a7c15ULL >> 58];
}

/* The same bytes stand in many a variable, and the scan is blind to case: what another value has is
 * what this one has. */
static bool has_hits_of_another(struct scan *s, struct waf_value *v)
{
	struct waf_value **place, *other;

	if (!v->bytes.len)
		return false;
	place = place_of(s, v->bytes);
	other = *place;
	if (!other || !weir_bytes_equal_case(v->bytes, other->bytes)) {
		*place = v;
		return false;
	}
	v->queued = true;
	v->like = other;
	v->like_next = s->like;
	s->like = v;
	return true;
}

static void queue(struct scan *s, struct waf_value *v)
{
	if (!v || v->queued || v->screened)
		return;
	if (waf_inject_is_json_name(v->bytes))
		v->json = &s->literals->json;
	if (has_hits_of_another(s, v))
		return;
	if (s->n == s->cap && !grow_queue(s)) {
		s->tx->unscreened = true;
		return;
	}
	v->queued = true;
	s->value[s->n++] = v;
	s->queued += (uint32_t)v->bytes.len;
	if (s->queued > BATCH_MAX)
		scan(s);
}

static bool add_group(struct weir_waf_tx *tx, struct waf_value *v, struct waf_value *result,
		      const waf_bits *slots)
{
	struct waf_group *g;

	for (g = v->groups; g; g = g->next)
		if (g->value == result) {
			g->slots |= *slots;
			return true;
		}
	g = weir_arena_alloc(&tx->arena, sizeof(*g));
	if (!g)
		return false;
	g->next = v->groups;
	g->value = result;
	g->slots = *slots;
	v->groups = g;
	return true;
}

/* A value's results on the way of its view. */
struct queueing {
	struct scan *s;
	struct waf_value *v;
	const struct waf_way *way;
	uint64_t key; /* of the way */
	struct waf_results results;
};

static void find_way(struct queueing *q)
{
	q->way = waf_way_of(q->s->tx, q->v->view, q->v->transforms);
	q->key = q->way->key;
}

/* Making a result may take until the next call, and other transactions may have found another way
 * in its place meanwhile. */
static const struct waf_way *way_of(struct queueing *q)
{
	if (weir_unlikely(q->way->key != q->key))
		find_way(q);
	return q->way;
}

static struct waf_value *result_of(struct queueing *q, unsigned int i)
{
	return waf_value_way_result(q->s->tx, q->v, way_of(q), &q->results, i);
}

static bool queue_result(struct queueing *q, unsigned int i, const waf_bits *slots)
{
	struct waf_value *r = result_of(q, i);

	if (!r || !add_group(q->s->tx, q->v, r, slots))
		return false;
	queue(q->s, r);
	return true;
}

static bool queue_asked(struct queueing *q, unsigned int i)
{
	const struct waf_way *way = way_of(q);
	unsigned int asked = way->asked[i], gate = way->gate[i];
	size_t gate_len = way->gate_len[i];
	waf_bits slots = way->slots[i];

	if (gate) {
		struct waf_way_step step = way->step[gate];
		struct waf_value *from = result_of(q, step.from);

		if (!from)
			return false;
		if (weir_transform_most(step.transform, from->bytes) < gate_len)
			return true;
	}
	return queue_result(q, asked, &slots);
}

/* Of a way that could not keep what is asked about. */
static bool queue_each(struct queueing *q)
{
	const struct waf_view *view = q->v->view;
	size_t n = q->s->tx->waf->n_nodes;

	for (size_t node = 0; (node = waf_word_next(view->nodes, node, n)) < n; node++) {
		waf_bits slots = view->slots & q->s->screen->of_node[node];

		if (!queue_result(q, way_of(q)->of[node], &slots))
			return false;
	}
	return true;
}

/* What the view's chains make of the value. False: no memory, no time, or another way is to be
 * taken. */
static bool queue_way(struct queueing *q)
{
	const struct waf_way *way = way_of(q);
	unsigned int n = way->n_asked;

	q->v->groups = NULL;
	if (way->is_plain) {
		queue(q->s, q->v);
		return true;
	}
	if (n > WAF_WAY_ASKED)
		return queue_each(q);
	for (unsigned int i = 0; i < n; i++)
		if (!queue_asked(q, i))
			return false;
	return true;
}

static void queue_results(struct scan *s, struct waf_value *v)
{
	struct queueing q = {.s = s, .v = v};
	bool good;

	q.results.transforms = waf_transforms_of(s->tx, v, v->view->transforms);
	do {
		v->transforms = q.results.transforms;
		find_way(&q);
		good = queue_way(&q);
	} while (!good && v->transforms != q.results.transforms);
	s->tx->unscreened |= !good;
}

static const struct waf_view *view_of(const struct waf_list_view *list, struct weir_bytes name)
{
	for (const struct waf_named_view *v = list->named; v; v = v->next)
		if (v->name.len == name.len && weir_bytes_equal_case(v->name, name))
			return &v->view;
	return &list->all;
}

static bool add_known(struct scan *s, struct waf_value *v, const struct waf_view *view)
{
	waf_bits hot;

	return waf_known_find(s->tx->part, view, v->bytes, &hot) && add_group(s->tx, v, NULL, &hot);
}

static void queue_value(struct scan *s, unsigned int list, struct waf_entry *e, bool name)
{
	const struct waf_view *view =
		view_of(name ? &s->screen->names[list] : &s->screen->values[list], e->name);
	struct waf_value *v = name ? &e->name_value : &e->value;

	if (!view->used)
		return;
	v->view = view;
	v->comes_again = waf_comes_again(list, name, e->name, e->value.bytes);
	if (!(v->comes_again && add_known(s, v, view)))
		queue_results(s, v);
}

static void queue_list(struct scan *s, unsigned int list)
{
	unsigned int entries = 0;

	for (struct waf_entry *e = *s->tx->list[list].screened; e; e = e->next) {
		if (++entries % WAF_EVERY == 0 && waf_is_late(s->tx)) {
			s->tx->unscreened = true;
			return;
		}
		queue_value(s, list, e, false);
		queue_value(s, list, e, true);
	}
}

/* ---- literals ---- */

static struct waf_hits *hits_of(struct weir_waf_tx *tx, struct waf_value *v)
{
	if (v->hits)
		return v->hits;
	v->hits = weir_arena_zalloc(&tx->arena, sizeof(*v->hits));
	if (v->hits && v->json)
		*v->hits = v->json->hits;
	return v->hits;
}

/* NULL: there are none. */
static const struct waf_hits *hits_seen(const struct waf_value *v)
{
	if (v->hits || !v->json)
		return v->hits;
	return &v->json->hits;
}

static void note_literal(struct scan *s, struct waf_value *v, unsigned int literal)
{
	const struct waf_literal_set *set = s->literals;
	struct waf_hits *h = hits_of(s->tx, v);

	if (!h)
		return;
	for (uint32_t i = set->first[literal]; i < set->first[literal + 1]; i++) {
		uint16_t pair = set->pair[i];

		h->found[pair >> 15][(pair & 0x7fff) / 64] |= 1ULL << (pair % 64);
	}
}

/* Whether to go on: a value that is made of literals has more of them than there is time for. */
static int go_on(struct scan *s)
{
	return ++s->found % 256 == 0 && waf_clock_is_over(&s->tx->part->clock, waf_ticks());
}

/* Ends come in ascending order but for a few: the value is where the last one was, or near. The
 * marks around it are its own, too. */
static int on_literal(unsigned int id, unsigned long long from, unsigned long long to,
		      unsigned int flags, void *ctx)
{
	struct scan *s = ctx;
	uint64_t at = to - s->literals->length[id];
	uint32_t i = s->hint;

	(void)from;
	(void)flags;
	while (i + 1 < s->n && s->start[i + 1] <= at)
		i++;
	while (i && s->start[i] > at)
		i--;
	s->hint = i;
	if (to <= (uint64_t)s->start[i + 1] + 1)
		note_literal(s, s->value[i], id);
	return go_on(s);
}

static int on_literal_alone(unsigned int id, unsigned long long from, unsigned long long to,
			    unsigned int flags, void *ctx)
{
	struct scan *s = ctx;

	(void)from;
	(void)to;
	(void)flags;
	note_literal(s, s->value[s->hint], id);
	return go_on(s);
}

static bool hs_over(struct scan *s, struct weir_bytes bytes, match_event_handler tell)
{
	s->tx->work.scanned_bytes += (uint32_t)bytes.len;
	return hs_scan(s->literals->database, (const char *)bytes.ptr, (unsigned int)bytes.len, 0,
		       s->tx->part->hs, tell, s) == HS_SUCCESS;
}

static bool make_room(struct scan *s, uint32_t bytes)
{
	if (s->bytes && bytes <= s->room)
		return true;
	s->bytes = weir_arena_alloc(&s->tx->arena, bytes);
	s->room = bytes;
	return s->bytes != NULL;
}

static void put(struct scan *s, struct weir_bytes b)
{
	if (b.len)
		memcpy(s->bytes + s->len, b.ptr, b.len);
	s->len += (uint32_t)b.len;
	s->bytes[s->len++] = WAF_MARK;
}

/* The two ends of a long value, with their marks. */
static bool scan_ends(struct scan *s, struct weir_bytes b)
{
	size_t n = s->literals->longest_marked;

	if (!n)
		return true;
	n = n < b.len ? n : b.len;
	if (!make_room(s, (uint32_t)(2 * n + 3)))
		return false;
	s->bytes[0] = WAF_MARK;
	s->len = 1;
	put(s, weir_bytes_of(b.ptr, n));
	put(s, weir_bytes_of(b.ptr + b.len - n, n));
	return hs_over(s, weir_bytes_of(s->bytes, s->len), on_literal_alone);
}

/* A long value piece by piece; what stands across two pieces is in both. */
static bool scan_long(struct scan *s, struct weir_bytes b)
{
	size_t both = s->literals->longest;

	for (size_t most = BATCH_MAX; !waf_is_late(s->tx);) {
		size_t n = b.len < most ? b.len : most;

		if (!hs_over(s, weir_bytes_of(b.ptr, n), on_literal_alone)) {
			/* The call's time was over: what was found stays found. */
			if (!s->tx->turns.left || most / 2 <= both)
				return false;
			most /= 2;
			continue;
		}
		if (n == b.len)
			return true;
		b = weir_bytes_of(b.ptr + n - both, b.len - n + both);
	}
	return false;
}

/* Once more, when the call's time was over, with that of another. */
static bool scan_joined(struct scan *s)
{
	struct weir_bytes all = weir_bytes_of(s->bytes, s->len);

	for (unsigned int times = 0; s->n && times < 2; times++) {
		s->hint = 0;
		if (hs_over(s, all, on_literal))
			return true;
		if (!s->tx->turns.left || waf_is_late(s->tx))
			return false;
	}
	return !s->n;
}

/* Of a name of JSON how it begins is known. */
static struct weir_bytes unknown_part(const struct waf_value *v)
{
	size_t known = v->json ? v->json->skipped : 0;

	return weir_bytes_of(v->bytes.ptr + known, v->bytes.len - known);
}

/* Long ones are scanned where they stand, and leave the queue. Returns what room the others take.
 */
static uint32_t scan_long_ones(struct scan *s)
{
	uint32_t total = 1, kept = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		struct waf_value *v = s->value[i];

		if (v->bytes.len <= COPY_MAX) {
			s->value[kept++] = v;
			total += (uint32_t)v->bytes.len + 1;
			continue;
		}
		s->hint = i;
		v->screened = scan_long(s, unknown_part(v)) && scan_ends(s, unknown_part(v));
	}
	s->n = kept;
	return total;
}

/* Puts short values behind one another, with marks between. False: none was screened. */
static bool scan_all(struct scan *s)
{
	if (!make_room(s, scan_long_ones(s)))
		return false;
	s->bytes[0] = WAF_MARK;
	s->len = 1;
	for (uint32_t i = 0; i < s->n; i++) {
		s->start[i] = s->len - 1;
		put(s, unknown_part(s->value[i]));
	}
	s->start[s->n] = s->len - 1;
	return scan_joined(s);
}

/* What is in the queue; it is empty then. */
static void scan(struct scan *s)
{
	bool good;

	s->tx->work.values += s->n;
	good = !s->literals->database || (!waf_is_late(s->tx) && scan_all(s));
	for (uint32_t i = 0; i < s->n; i++)
		s->value[i]->screened |= good;
	for (struct waf_value *v = s->like; v; v = v->like_next) {
		v->hits = v->like->hits;
		v->json = v->like->json;
		v->screened = v->like->screened;
	}
	s->like = NULL;
	memset(s->like_place, 0, sizeof(s->like_place));
	s->n = 0;
	s->queued = 0;
}

/* ---- candidates ---- */

/* Leaves in *may those slots whose conditions `v` meets. */
static void sift(struct weir_waf_tx *tx, struct waf_value *v, waf_bits *may)
{
	const struct waf_hits *hits = hits_seen(v);
	const struct waf_class *c;

	if (weir_unlikely(!v->screened)) {
		tx->unscreened = true;
		return;
	}
	c = waf_class_of(tx, waf_value_classes(tx->waf, v));
	if (!hits) {
		*may &= c->cold;
		return;
	}
	*may &= c->satisfied;
	if (v->json)
		*may &= ~tx->waf->screen->sqli;
	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
		*may &= c->single[k] | hits->found[k];
}

static void add_pair(struct weir_waf_tx *tx, unsigned int slot, const struct waf_pair *from)
{
	struct waf_pair *p = weir_arena_alloc(&tx->arena, sizeof(*p));

	if (!p) {
		tx->unscreened = true;
		return;
	}
	*p = *from;
	if (!waf_bits_has(&tx->hot, slot)) {
		waf_bits_set(&tx->hot, slot);
		tx->pair_last[slot] = &tx->pair[slot];
	}
	*tx->pair_last[slot] = p;
	tx->pair_last[slot] = &p->next;
}

/* Of all results. */
static void hot_slots(struct weir_waf_tx *tx, struct waf_value *v, waf_bits *hot)
{
	*hot = (waf_bits){0};
	if (!v->groups) {
		const struct waf_way *way = waf_way_of(tx, v->view, v->transforms);

		if (!way->is_plain || !way->n_asked)
			return; /* too short for all that is asked about */
		*hot = way->slots[0];
		sift(tx, v, hot);
		return;
	}
	for (const struct waf_group *g = v->groups; g; g = g->next) {
		waf_bits slots = g->slots;

		if (g->value)
			sift(tx, g->value, &slots);
		*hot |= slots;
	}
}

/* The slots that may match one of the value's results keep it for their rules. */
static void heat(struct weir_waf_tx *tx, const struct waf_pair *from)
{
	struct waf_value *v = from->name ? &from->entry->name_value : &from->entry->value;
	bool known = v->groups && !v->groups->value;
	waf_bits hot;

	if (!v->view)
		return; /* nobody asks */
	hot_slots(tx, v, &hot);
	if (!known && !tx->unscreened && v->comes_again)
		waf_known_keep(tx->part, v->view, v->bytes, &hot);
	for (size_t w = 0; w < waf_words(tx->waf->screen->n_slots); w++)
		for (uint64_t left = hot[w]; left; left &= left - 1)
			add_pair(tx, (unsigned int)(w * 64) + (unsigned int)__builtin_ctzll(left),
				 from);
}

static void heat_list(struct weir_waf_tx *tx, unsigned int list)
{
	struct waf_pair p = {.list = (uint8_t)list};
	struct waf_list *l = &tx->list[list];
	unsigned int entries = 0;

	for (struct waf_entry *e = *l->screened; e; e = e->next) {
		if (++entries % WAF_EVERY == 0 && waf_is_late(tx)) {
			tx->unscreened = true;
			return;
		}
		p.entry = e;
		p.name = false;
		heat(tx, &p);
		p.name = true;
		heat(tx, &p);
	}
	l->screened = l->last;
}

static void screen_side(struct weir_waf_tx *tx, enum waf_side side)
{
	struct scan s = {
		.tx = tx,
		.screen = tx->waf->screen,
		.literals = &tx->waf->screen->literals[side],
	};

	for (unsigned int i = 0; i < s.screen->n_lists[side]; i++)
		queue_list(&s, s.screen->list[side][i]);
	if (s.n)
		scan(&s);
}

static bool make_pairs(struct weir_waf_tx *tx)
{
	size_t n = tx->waf->screen->n_slots;

	if (!tx->pair) {
		tx->pair = weir_arena_alloc(&tx->arena, n * sizeof(*tx->pair));
		tx->pair_last = weir_arena_alloc(&tx->arena, n * sizeof(*tx->pair_last));
	}
	return tx->pair && tx->pair_last;
}

/* They hand on every value. */
static void widen_relays(struct weir_waf_tx *tx)
{
	const struct waf_screen *screen = tx->waf->screen;

	for (unsigned int i = 0; i < screen->n_slots; i++) {
		if (!waf_bits_has(&screen->relays, i) || waf_bits_has(&tx->wide, i))
			continue;
		waf_bits_set(&tx->wide, i);
		waf_bits_set(&tx->hot, i);
		tx->pair[i] = NULL;
		tx->pair_last[i] = &tx->pair[i];
	}
}

static bool is_any(const waf_bits *b)
{
	uint64_t any = 0;

	for (unsigned int i = 0; i < WAF_SLOT_WORDS; i++)
		any |= (*b)[i];
	return any != 0;
}

static bool is_overheard(const struct weir_waf_tx *tx)
{
	const struct waf_screen *screen = tx->waf->screen;
	waf_bits told = tx->hot & screen->overhear;

	return screen->overheard || is_any(&told);
}

void waf_screen(struct weir_waf_tx *tx)
{
	const struct waf_screen *screen = tx->waf->screen;

	if (!screen->n_slots || tx->unscreened)
		return;
	if (!make_pairs(tx)) {
		tx->unscreened = true;
		return;
	}
	for (unsigned int side = 0; side < WAF_SIDES; side++)
		screen_side(tx, (enum waf_side)side);
	for (unsigned int side = 0; side < WAF_SIDES; side++)
		for (unsigned int i = 0; i < screen->n_lists[side]; i++)
			heat_list(tx, screen->list[side][i]);
	if (is_overheard(tx))
		widen_relays(tx);
}

bool waf_is_candidate(const struct weir_waf_tx *tx, const struct waf_rule *rule,
		      struct waf_value *v)
{
	const struct waf_screen *screen = tx->waf->screen;
	const struct waf_hits *hits = hits_seen(v);

	if (rule->slot < 0 || !v->screened || waf_bits_has(&tx->wide, (unsigned int)rule->slot))
		return true;
	for (unsigned int k = 0; k < rule->n_sets; k++)
		if (!(waf_value_classes(tx->waf, v) & rule->set[k]))
			return false;
	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
		if (!waf_bits_has(&screen->no_literal[k], (unsigned int)rule->slot) &&
		    !(waf_value_classes(tx->waf, v) & rule->single[k]) &&
		    !(hits && hits->found[k][rule->slot / 64] >> (rule->slot % 64) & 1))
			return false;
	return true;
}
