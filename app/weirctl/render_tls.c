/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates that weir shows, and how long they are good; servers that are better left alone. */
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

void render_pinned(const json_t *answer)
{
	static const char *const head[] = {"NAME",   ">CLIENTS", "LAST CLIENT", "LAST",
					   "POLICY", "RULE",     NULL};
	const json_t *p, *pinned = json_object_get(answer, "pinned");
	struct table t = table_begin(head);
	size_t i;

	json_array_foreach (pinned, i, p) {
		const char *name = text_of(p, "name");

		table_cell(&t, "%s", *name ? name : "(none)");
		table_cell(&t, "%lld", (long long)int_of(p, "clients"));
		table_cell(&t, "%s", text_of(p, "last_client"));
		table_cell(&t, "%s", text_of(p, "last"));
		table_cell(&t, "%s", text_of(p, "policy"));
		table_cell(&t, "%s", text_of(p, "rule"));
	}
	table_end(&t);
}
