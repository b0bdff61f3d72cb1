/* SPDX-License-Identifier: BSD-3-Clause */
/* Chains of transformations as a trie, so that what two rules have in common is done once. */
#include "waf_compile.h"

static bool grow(struct weir_waf *w)
{
	uint16_t cap = (uint16_t)(w->cap_nodes ? w->cap_nodes * 2 : 64);
	struct waf_node *node = weir_arena_alloc(&w->arena, cap * sizeof(*node));

	if (!node || cap <= w->cap_nodes)
		return false;
	if (w->n_nodes)
		memcpy(node, w->node, w->n_nodes * sizeof(*node));
	else
		node[w->n_nodes++] = (struct waf_node){0};
	w->node = node;
	w->cap_nodes = cap;
	return true;
}

/* Triggers are filled in when classes are known. */
static uint16_t child_of(struct weir_waf *w, uint16_t parent, uint8_t transform)
{
	for (uint16_t i = 1; i < w->n_nodes; i++)
		if (w->node[i].parent == parent && w->node[i].transform == transform)
			return i;
	if (w->n_nodes >= w->cap_nodes && !grow(w))
		return WAF_NO_NODE;
	w->node[w->n_nodes] = (struct waf_node){
		.parent = parent,
		.transform = transform,
		.always = w->node[parent].always || !weir_transform_triggers(transform),
	};
	return w->n_nodes++;
}

uint16_t waf_node_of(struct weir_waf *w, const uint8_t *transforms, unsigned int n)
{
	uint16_t node = 0;

	if (!w->n_nodes && !grow(w))
		return WAF_NO_NODE;
	for (unsigned int i = 0; i < n && node != WAF_NO_NODE; i++)
		node = child_of(w, node, transforms[i]);
	return node;
}
