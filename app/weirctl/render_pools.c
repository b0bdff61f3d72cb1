/* SPDX-License-Identifier: BSD-3-Clause */
/* How full pools are. */
#include "weirctl.h"

void render_pools(const json_t *answer)
{
	static const char *const head[] = {"POOL",     ">WORKER",        ">IN USE",
					   ">OF",      ">MOST",          ">TIMES FULL",
					   "SIZED BY", "WHAT IT IS FOR", NULL};
	const json_t *p, *pools = json_object_get(answer, "pools");
	struct table t = table_begin(head);
	size_t i;

	json_array_foreach (pools, i, p) {
		const char *key = text_of(p, "key");

		table_cell(&t, "%s", text_of(p, "name"));
		table_cell(&t, "%lld", (long long)int_of(p, "worker"));
		table_cell(&t, "%lld", (long long)int_of(p, "used"));
		table_cell(&t, "%lld", (long long)int_of(p, "size"));
		if (json_is_null(json_object_get(p, "peak")))
			table_cell(&t, "-");
		else
			table_cell(&t, "%lld", (long long)int_of(p, "peak"));
		table_cell(&t, "%lld", (long long)int_of(p, "full"));
		table_cell(&t, "%s", *key ? key : "-");
		table_cell(&t, "%s", text_of(p, "text"));
	}
	table_end(&t);
}
