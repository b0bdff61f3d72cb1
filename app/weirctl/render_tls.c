/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates of Services, and how long they are good. */
#include "weirctl.h"

/* The first ones, and how many more there are. */
static void add_names(struct table *t, const json_t *names)
{
	size_t n = json_array_size(names);
	const char *first = n ? json_string_value(json_array_get(names, 0)) : "";

	if (n > 1)
		table_cell(t, "%s (+%zu)", first, n - 1);
	else
		table_cell(t, "%s", first);
}

void render_certs(const json_t *answer)
{
	static const char *const head[] = {"SERVICE",   "NAME",  "KEY", "ISSUER",
					   "NOT AFTER", ">LEFT", NULL};
	const json_t *c, *certs = json_object_get(answer, "certs");
	struct table t = table_begin(head);
	char text[32];
	size_t i;

	json_array_foreach (certs, i, c) {
		double left = number_of(c, "seconds_left");

		table_cell(&t, "%s", text_of(c, "service"));
		add_names(&t, json_object_get(c, "names"));
		table_cell(&t, "%s", text_of(c, "key"));
		table_cell(&t, "%.40s", text_of(c, "issuer"));
		table_cell(&t, "%s", text_of(c, "not_after"));
		table_cell(&t, "%s", left > 0 ? duration(left, text) : "expired");
	}
	table_end(&t);
}
