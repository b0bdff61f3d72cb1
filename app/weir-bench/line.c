/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of a packet: loss, duplication, damage, the rate's queue, delay, reordering. It then
 * stands in a heap by the time it is due and, among equals, by the order of arrival. Packets that
 * wait for others to pass them stand apart, since their time is not known yet.
 */
#include "line.h"

#include <stdlib.h>

#define HELD_BACK_MAX 64
#define FLIPS_MAX     3

/* Sequences of chance. */
enum chance {
	CHANCE_LOSS,
	CHANCE_BURST,
	CHANCE_DUPLICATE,
	CHANCE_CORRUPT,
	CHANCE_REORDER,
	CHANCE_JITTER,
	CHANCE_END
};

struct entry {
	uint64_t due_ns;
	uint64_t order; /* among those due at the same time; of arrival, until others have passed */
	uint64_t arrival;
	void *packet;
	uint32_t len;
	uint32_t passes; /* of later packets that it still waits for; held back only */
};

/*
 * Invariants: heap[0..n_heap) is a binary heap by before(); back[0..n_back) is in order of arrival;
 * n_heap + n_back <= cfg.capacity.
 */
struct line {
	struct line_cfg cfg;
	struct line_ops ops;
	uint64_t chance[CHANCE_END]; /* state of each sequence */
	bool in_burst;
	uint64_t arrivals;
	uint64_t last_due_ns; /* of the packets that keep their order */
	uint64_t taken;       /* the latest arrival that came out */
	uint64_t idle_ns;     /* the rate's server is busy until then ... */
	uint64_t idle_part;   /* ... and so many rate_bps-th of a nanosecond more */
	uint64_t count[LINE_COUNTER_END];
	struct entry back[HELD_BACK_MAX];
	uint32_t n_back;
	uint32_t n_heap;
	struct entry heap[];
};

const char *line_counter_name(enum line_counter c)
{
	static const char *const names[] = {
#define LINE_COUNTER_NAME(id, name) [LINE_##id] = #name,
		LINE_COUNTERS(LINE_COUNTER_NAME)
#undef LINE_COUNTER_NAME
	};

	return names[c];
}

/* ---- chance ---- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct line *l, enum chance which)
{
	uint64_t z = l->chance[which] += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Evenly in [0, end). */
static uint64_t draw_below(struct line *l, enum chance which, uint64_t end)
{
	return (uint64_t)(((unsigned __int128)draw(l, which) * end) >> 64);
}

static bool happens(struct line *l, enum chance which, uint32_t share)
{
	return draw_below(l, which, LINE_ALWAYS) < share;
}

static bool lost_in_burst(struct line *l)
{
	const struct line_cfg *cfg = &l->cfg;
	bool turns = happens(l, CHANCE_BURST, l->in_burst ? cfg->burst_end : cfg->burst_begin);

	if (turns) {
		l->in_burst = !l->in_burst;
		l->count[LINE_BURSTS] += l->in_burst;
	}
	/* Drawn always, so that the sequence stays in step. */
	return happens(l, CHANCE_BURST, cfg->burst_loss) && l->in_burst;
}

static bool is_lost(struct line *l)
{
	bool alone = happens(l, CHANCE_LOSS, l->cfg.loss);

	if (l->cfg.burst_begin && lost_in_burst(l)) {
		l->count[LINE_BURST_LOST]++;
		return true;
	}
	if (!alone || l->in_burst)
		return false;
	l->count[LINE_LOST]++;
	return true;
}

/* Bits in a row stand in different columns of the Internet checksum, which sees all of them. */
static void corrupt(struct line *l, void *packet, uint32_t len)
{
	uint32_t flips = 1 + (uint32_t)draw_below(l, CHANCE_CORRUPT, FLIPS_MAX);
	uint32_t from = l->cfg.corrupt_from * 8, bits = len * 8, first;

	if (bits <= from)
		return;
	first = from + (uint32_t)draw_below(l, CHANCE_CORRUPT, bits - from - flips + 1);
	for (uint32_t i = 0; i < flips; i++)
		l->ops.flip(l->ops.ctx, packet, first + i);
	l->count[LINE_CORRUPTED]++;
}

/* ---- the rate ---- */

/*
 * When the last bit of a packet has left, exact to the parts of a nanosecond. False: the queue has
 * no room for it.
 */
static bool pass_rate(struct line *l, uint64_t now_ns, uint32_t len, uint64_t *left_ns)
{
	uint64_t bps = l->cfg.rate_bps, start = l->idle_ns, part = l->idle_part;
	unsigned __int128 work;

	*left_ns = now_ns;
	if (!bps)
		return true;
	if (start < now_ns) {
		start = now_ns;
		part = 0;
	}
	/* What waits, in bytes: the server's backlog at its rate. */
	work = (unsigned __int128)(start - now_ns) * bps / (8 * WEIR_NS_PER_S);
	if (l->cfg.queue_bytes && work + len > l->cfg.queue_bytes)
		return false;
	work = (unsigned __int128)len * 8 * WEIR_NS_PER_S + part;
	l->idle_ns = start + (uint64_t)(work / bps);
	l->idle_part = (uint64_t)(work % bps);
	*left_ns = l->idle_ns;
	return true;
}

/* ---- delay ---- */

static uint64_t delay_of(struct line *l)
{
	const struct line_cfg *cfg = &l->cfg;
	uint64_t early, delay;

	if (!cfg->jitter_ns)
		return cfg->delay_ns;
	early = cfg->jitter_ns;
	delay = cfg->delay_ns + draw_below(l, CHANCE_JITTER, 2 * early + 1);
	return delay > early ? delay - early : 0;
}

/* ---- the heap ---- */

static bool before(const struct entry *a, const struct entry *b)
{
	if (a->due_ns != b->due_ns)
		return a->due_ns < b->due_ns;
	return a->order != b->order ? a->order < b->order : a->arrival < b->arrival;
}

static void heap_add(struct line *l, const struct entry *e)
{
	uint32_t at = l->n_heap++;

	for (; at && before(e, &l->heap[(at - 1) / 2]); at = (at - 1) / 2)
		l->heap[at] = l->heap[(at - 1) / 2];
	l->heap[at] = *e;
}

static struct entry heap_take(struct line *l)
{
	struct entry first = l->heap[0], last = l->heap[--l->n_heap];
	uint32_t at = 0, child;

	while ((child = 2 * at + 1) < l->n_heap) {
		if (child + 1 < l->n_heap && before(&l->heap[child + 1], &l->heap[child]))
			child++;
		if (!before(&l->heap[child], &last))
			break;
		l->heap[at] = l->heap[child];
		at = child;
	}
	l->heap[at] = last;
	return first;
}

/* ---- packets that are held back ---- */

static void back_remove(struct line *l, uint32_t i)
{
	memmove(&l->back[i], &l->back[i + 1], (--l->n_back - i) * sizeof(l->back[0]));
}

/* A later packet goes at `due_ns`: those that have waited for enough of them follow it. */
static void back_pass(struct line *l, uint64_t due_ns, uint64_t order)
{
	for (uint32_t i = 0; i < l->n_back;) {
		struct entry *e = &l->back[i];

		if (--e->passes) {
			i++;
			continue;
		}
		if (e->due_ns > due_ns)
			e->due_ns = due_ns;
		e->order = order;
		heap_add(l, e);
		back_remove(l, i);
	}
}

/* The one whose patience ends first; n_back: there is none. */
static uint32_t back_first(const struct line *l)
{
	uint32_t first = 0;

	for (uint32_t i = 1; i < l->n_back; i++)
		if (l->back[i].due_ns < l->back[first].due_ns)
			first = i;
	return first;
}

/* ---- in ---- */

/* Orders are even; what was passed stands on the odd number behind the last that passed it. */
static void stand(struct line *l, struct entry *e, uint64_t due_ns)
{
	bool held = l->cfg.reorder && happens(l, CHANCE_REORDER, l->cfg.reorder);

	e->arrival = ++l->arrivals;
	e->order = 2 * e->arrival;
	if (held && (!l->cfg.reorder_by || l->n_back < HELD_BACK_MAX)) {
		e->due_ns = due_ns + l->cfg.reorder_ns;
		e->passes = l->cfg.reorder_by;
		l->count[LINE_HELD_BACK]++;
		if (e->passes)
			l->back[l->n_back++] = *e;
		else
			heap_add(l, e);
		return;
	}
	if (!l->cfg.jitter_reorders && due_ns < l->last_due_ns)
		due_ns = l->last_due_ns;
	l->last_due_ns = e->due_ns = due_ns;
	heap_add(l, e);
	back_pass(l, due_ns, e->order + 1);
}

static unsigned int give_up(struct line *l, void *packet, enum line_counter why)
{
	l->count[why]++;
	l->ops.drop(l->ops.ctx, packet);
	return 0;
}

/* One packet that was not lost; takes it. */
static unsigned int carry(struct line *l, uint64_t now_ns, void *packet, uint32_t len)
{
	struct entry e = {.packet = packet, .len = len};
	uint64_t left_ns;

	if (line_held(l) == l->cfg.capacity)
		return give_up(l, packet, LINE_OVERFLOWED);
	if (!pass_rate(l, now_ns, len, &left_ns))
		return give_up(l, packet, LINE_QUEUE_DROPPED);
	if (l->cfg.corrupt && happens(l, CHANCE_CORRUPT, l->cfg.corrupt))
		corrupt(l, packet, len);
	stand(l, &e, left_ns + delay_of(l));
	return 1;
}

unsigned int line_put(struct line *l, uint64_t now_ns, void *packet, uint32_t len_bytes)
{
	void *copy = NULL;
	unsigned int n;

	l->count[LINE_RECEIVED]++;
	l->count[LINE_RECEIVED_BYTES] += len_bytes;
	if (is_lost(l)) {
		l->ops.drop(l->ops.ctx, packet);
		return 0;
	}
	if (l->cfg.duplicate && happens(l, CHANCE_DUPLICATE, l->cfg.duplicate)) {
		copy = l->ops.copy(l->ops.ctx, packet);
		l->count[copy ? LINE_DUPLICATED : LINE_NOT_COPIED]++;
	}
	n = carry(l, now_ns, packet, len_bytes);
	return copy ? n + carry(l, now_ns, copy, len_bytes) : n;
}

/* ---- out ---- */

uint64_t line_next_due(const struct line *l)
{
	uint64_t heap = l->n_heap ? l->heap[0].due_ns : UINT64_MAX;
	uint64_t back = l->n_back ? l->back[back_first(l)].due_ns : UINT64_MAX;

	return heap < back ? heap : back;
}

static struct entry take_first(struct line *l)
{
	uint32_t i = back_first(l);
	struct entry e;

	if (!l->n_back || (l->n_heap && before(&l->heap[0], &l->back[i])))
		return heap_take(l);
	e = l->back[i];
	back_remove(l, i);
	return e;
}

void *line_take(struct line *l, uint64_t now_ns)
{
	struct entry e;

	if (!line_held(l) || line_next_due(l) > now_ns)
		return NULL;
	e = take_first(l);
	l->count[LINE_SENT]++;
	l->count[LINE_SENT_BYTES] += e.len;
	if (e.arrival < l->taken)
		l->count[LINE_REORDERED]++;
	else
		l->taken = e.arrival;
	return e.packet;
}

/* ---- life ---- */

struct line *line_create(const struct line_cfg *cfg, const struct line_ops *ops, uint64_t seed)
{
	struct line *l = calloc(1, sizeof(*l) + cfg->capacity * sizeof(l->heap[0]));

	if (!l)
		return NULL;
	l->cfg = *cfg;
	l->ops = *ops;
	/* Starting points far apart in one sequence. */
	l->chance[0] = seed;
	for (unsigned int i = 1; i < CHANCE_END; i++)
		l->chance[i] = draw(l, CHANCE_LOSS);
	return l;
}

void line_destroy(struct line *l)
{
	if (!l)
		return;
	while (l->n_heap)
		l->ops.drop(l->ops.ctx, l->heap[--l->n_heap].packet);
	while (l->n_back)
		l->ops.drop(l->ops.ctx, l->back[--l->n_back].packet);
	free(l);
}

uint32_t line_held(const struct line *l)
{
	return l->n_heap + l->n_back;
}

uint64_t line_count(const struct line *l, enum line_counter c)
{
	return l->count[c];
}
