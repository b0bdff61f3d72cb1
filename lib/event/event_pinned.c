/* SPDX-License-Identifier: BSD-3-Clause */
/* Servers whose leaves clients did not take, by name: what an operator may want to leave alone. */
#include "event_impl.h"

static struct weir_event_pinned *find(struct event_pinned *p, const char *name)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (strcmp(p->name[i].name, name) == 0)
			return &p->name[i];
	return NULL;
}

static struct weir_event_pinned *make_room(struct event_pinned *p)
{
	struct weir_event_pinned *oldest = &p->name[0];

	if (p->n < WEIR_EVENT_PINNED_MAX)
		return &p->name[p->n++];
	for (unsigned int i = 1; i < p->n; i++)
		if (p->name[i].last_unix_ns < oldest->last_unix_ns)
			oldest = &p->name[i];
	return oldest;
}

void event_pinned_add(struct event_pinned *p, const struct weir_event *e)
{
	struct weir_event_pinned *to = find(p, e->hello.sni);

	if (!to) {
		to = make_room(p);
		*to = (struct weir_event_pinned){0};
		memcpy(to->name, e->hello.sni, sizeof(to->name));
	}
	to->count++;
	to->last_unix_ns = e->unix_ns;
	to->client = e->src;
	to->policy = e->policy;
	to->rule = e->rule;
}
