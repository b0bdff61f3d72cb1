/* SPDX-License-Identifier: BSD-3-Clause */
/* The newest lines, each in a buffer that is used again, so that keeping them costs a copy. */
#include "event_impl.h"

void event_recent_fini(struct event_recent *r)
{
	for (unsigned int i = 0; i < EVENT_RECENT_LINES; i++)
		weir_buf_fini(&r->line[i]);
}

void event_recent_add(struct event_recent *r, const char *line, size_t len)
{
	struct weir_buf *b = &r->line[r->added++ % EVENT_RECENT_LINES];

	weir_buf_reset(b);
	weir_buf_add(b, line, len);
}

void event_recent_copy(const struct event_recent *r, unsigned int max, struct weir_buf *out)
{
	uint64_t n = r->added < EVENT_RECENT_LINES ? r->added : EVENT_RECENT_LINES;

	if (n > max)
		n = max;
	for (uint64_t i = r->added - n; i < r->added; i++) {
		const struct weir_buf *line = &r->line[i % EVENT_RECENT_LINES];

		if (line->failed || !line->len)
			continue; /* memory ran out when it was kept */
		weir_buf_add(out, line->ptr, line->len);
		weir_buf_add(out, "\n", 1);
	}
}
