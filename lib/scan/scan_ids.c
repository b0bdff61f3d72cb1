/* SPDX-License-Identifier: BSD-3-Clause */
/* Patterns by their id: there may be a hundred thousand, and each is asked for twice. */
#include "scan_impl.h"

#include <stdlib.h>

#define SLOTS_MIN 256

/* Where `id` stands, or the free slot where it would. */
static uint32_t slot_of(const struct scan_patterns *p, uint32_t id)
{
	uint32_t i = id * 2654435769u & (p->n_slots - 1);

	while (p->slot[i] && p->at[p->slot[i] - 1].rule.id != id)
		i = (i + 1) & (p->n_slots - 1);
	return i;
}

struct scan_pattern *scan_find(const struct scan_patterns *p, uint32_t id)
{
	uint32_t slot = p->n_slots ? p->slot[slot_of(p, id)] : 0;

	return slot ? &p->at[slot - 1] : NULL;
}

/* Twice as many slots; half of them are always free. */
static bool grow(struct scan_patterns *p)
{
	uint32_t *old = p->slot, n_old = p->n_slots;
	uint32_t n = n_old ? 2 * n_old : SLOTS_MIN;
	uint32_t *slot = calloc(n, sizeof(*slot));

	if (!slot)
		return false;
	p->slot = slot;
	p->n_slots = n;
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i])
			slot[slot_of(p, p->at[old[i] - 1].rule.id)] = old[i];
	free(old);
	return true;
}

bool scan_remember(struct scan_patterns *p, uint32_t index)
{
	if (2 * p->n > p->n_slots && !grow(p))
		return false;
	p->slot[slot_of(p, p->at[index].rule.id)] = index + 1;
	return true;
}
