/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wheel. Level 0 has a slot a tick, level 1 a slot 256 ticks, and so on; a timer lives on the
 * lowest level whose span reaches its expiry. When the clock enters a new slot of a higher level,
 * that slot's timers are dealt out again below. A bit a slot says whether it may hold anything, so
 * that empty stretches are skipped on every level.
 */
#include <weir_timer.h>

#define SLOT_BITS 8
#define SLOT_MASK (WEIR_TIMER_SLOTS - 1)
_Static_assert(WEIR_TIMER_SLOTS == 1 << SLOT_BITS, "a slot number is so many bits of a tick");

/* Ticks in one turn of a level. */
static uint64_t span(unsigned int level)
{
	return 1ULL << (SLOT_BITS * (level + 1));
}

static unsigned int slot_of(uint64_t tick, unsigned int level)
{
	return (unsigned int)(tick >> (SLOT_BITS * level)) & SLOT_MASK;
}

void weir_timer_wheel_init(struct weir_timer_wheel *w, uint64_t now_ns)
{
	memset(w, 0, sizeof(*w));
	w->now_tick = w->floor_tick = now_ns >> WEIR_TIMER_TICK_SHIFT;
}

/* ---- slots ---- */

static void unlink_timer(struct weir_timer *t)
{
	*t->slot = t->next;
	if (t->next)
		t->next->slot = t->slot;
	t->slot = NULL;
	t->next = NULL;
}

static void link_timer(struct weir_timer **head, struct weir_timer *t)
{
	t->next = *head;
	if (t->next)
		t->next->slot = &t->next;
	t->slot = head;
	*head = t;
}

/* Puts `t`, which is not over, where its expiry belongs, seen from now. What is later than the
 * wheel reaches goes to its end, and on when it comes round. */
static void place(struct weir_timer_wheel *w, struct weir_timer *t)
{
	uint64_t ahead = t->expires_tick - w->now_tick;
	unsigned int level = 0, slot;

	if (ahead >= span(WEIR_TIMER_LEVELS - 1))
		ahead = span(WEIR_TIMER_LEVELS - 1) - 1;
	while (ahead >= span(level))
		level++;
	slot = slot_of(w->now_tick + ahead, level);
	link_timer(&w->slot[level][slot], t);
	w->pending[level][slot / 64] |= 1ULL << (slot % 64);
}

static void clear_pending(struct weir_timer_wheel *w, unsigned int level, unsigned int slot)
{
	w->pending[level][slot / 64] &= ~(1ULL << (slot % 64));
}

/* First slot at or after `from` that may hold a timer, WEIR_TIMER_SLOTS when there is none. */
static unsigned int next_pending(const struct weir_timer_wheel *w, unsigned int level,
				 unsigned int from)
{
	for (unsigned int word = from / 64; word < WEIR_TIMER_SLOTS / 64; word++) {
		uint64_t bits = w->pending[level][word];

		if (word == from / 64)
			bits &= ~0ULL << (from % 64);
		if (bits)
			return word * 64 + (unsigned int)__builtin_ctzll(bits);
	}
	return WEIR_TIMER_SLOTS;
}

/* ---- arm and cancel ---- */

void weir_timer_arm(struct weir_timer_wheel *w, struct weir_timer *t, uint64_t expires_ns)
{
	/* Rounded up: a timer never fires before its time. */
	uint64_t tick = (expires_ns >> WEIR_TIMER_TICK_SHIFT) +
			!!(expires_ns & ((1ULL << WEIR_TIMER_TICK_SHIFT) - 1));

	weir_timer_cancel(w, t);
	t->expires_tick = tick > w->floor_tick ? tick : w->floor_tick;
	place(w, t);
	w->armed++;
}

void weir_timer_cancel(struct weir_timer_wheel *w, struct weir_timer *t)
{
	if (!weir_timer_armed(t))
		return;
	unlink_timer(t);
	w->armed--;
}

/* ---- the clock ---- */

/* Deals the timers of a level's current slot out to the levels below. */
static void cascade(struct weir_timer_wheel *w, unsigned int level)
{
	unsigned int slot = slot_of(w->now_tick, level);
	struct weir_timer *t = w->slot[level][slot];

	w->slot[level][slot] = NULL;
	clear_pending(w, level, slot);
	while (t) {
		struct weir_timer *next = t->next;

		place(w, t);
		t = next;
	}
}

/*
 * The next tick at which there is something to do: a timer of level 0, or a slot of a higher level
 * to deal out. A level with nothing ahead in this turn is passed over to the one above, unless it
 * has something for its next turn: then that turn's beginning is as far as one may go.
 */
static uint64_t next_tick(const struct weir_timer_wheel *w)
{
	for (unsigned int level = 0; level < WEIR_TIMER_LEVELS; level++) {
		unsigned int slot = next_pending(w, level, slot_of(w->now_tick, level) + 1);
		uint64_t turn = w->now_tick & ~(span(level) - 1);

		if (slot < WEIR_TIMER_SLOTS)
			return turn + ((uint64_t)slot << (SLOT_BITS * level));
		if (next_pending(w, level, 0) < WEIR_TIMER_SLOTS)
			return turn + span(level);
	}
	return UINT64_MAX;
}

/* Enters `tick`; where a level's turn begins the one above is dealt out, the highest first. */
static void enter(struct weir_timer_wheel *w, uint64_t tick)
{
	unsigned int level = 0;

	w->now_tick = tick;
	while (level < WEIR_TIMER_LEVELS - 1 && slot_of(tick, level) == 0)
		level++;
	for (; level > 0; level--)
		cascade(w, level);
}

/* Fires the current tick's timers. True when none is left of them. */
static bool fire_slot(struct weir_timer_wheel *w, unsigned int *left, weir_timer_fn fire, void *ctx)
{
	unsigned int slot = slot_of(w->now_tick, 0);
	struct weir_timer **head = &w->slot[0][slot];

	while (*head && *left) {
		struct weir_timer *t = *head;

		unlink_timer(t);
		w->armed--;
		(*left)--;
		fire(ctx, t);
	}
	if (*head)
		return false;
	clear_pending(w, 0, slot);
	return true;
}

unsigned int weir_timer_advance(struct weir_timer_wheel *w, uint64_t now_ns, unsigned int budget,
				weir_timer_fn fire, void *ctx)
{
	uint64_t end = (now_ns >> WEIR_TIMER_TICK_SHIFT) + 1;
	unsigned int left = budget;

	if (end > w->floor_tick)
		w->floor_tick = end;
	while (w->now_tick < end && fire_slot(w, &left, fire, ctx)) {
		uint64_t next = next_tick(w);

		enter(w, next < end ? next : end);
	}
	return budget - left;
}
