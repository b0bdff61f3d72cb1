/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing arrays of plain things, for documents and what is compiled from them. */
#include "policy_docs.h"

#include <stdlib.h>

void *array_add(struct array *a, size_t size)
{
	if (a->n == a->cap) {
		uint32_t cap = a->cap ? a->cap * 2 : 64;
		void *grown = realloc(a->items, cap * size);

		if (!grown)
			return NULL;
		a->items = grown;
		a->cap = cap;
	}
	return memset((char *)a->items + size * a->n++, 0, size);
}

void array_fini(struct array *a)
{
	free(a->items);
	*a = (struct array){0};
}

uint32_t *array_at(struct array *a, uint32_t at)
{
	while (a->n <= at)
		if (!array_add(a, sizeof(uint32_t)))
			return NULL;
	return (uint32_t *)a->items + at;
}

int array_by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void array_tidy(struct array *a, uint32_t first)
{
	uint32_t *list = (uint32_t *)a->items + first;
	uint32_t n = a->n - first, kept = 1;

	if (!n)
		return;
	qsort(list, n, sizeof(*list), array_by_number);
	for (uint32_t i = 1; i < n; i++)
		if (list[i] != list[kept - 1])
			list[kept++] = list[i];
	a->n = first + kept;
}
