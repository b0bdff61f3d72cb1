/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Debian's libmodsecurity makes of the lines that `weir inspect` reads:
 *
 *   modsecurity_oracle RULES… <LINES    {"id":…, "verdict":…, "status":…, "rules":[ids in order]}
 *
 * The rules must say SecRuleEngine: what is said before, libmodsecurity keeps.
 */
#include "../../app/weir/inspect.h"
#include "modsecurity.h"

#include <stdio.h>
#include <stdlib.h>

static const char prologue[] = "SecRequestBodyAccess On\n"
			       "SecResponseBodyAccess On\n"
			       "SecAuditEngine Off\n";

static void write_result(const json_t *id, const struct modsecurity_result *r)
{
	json_t *line = json_object(), *rules = json_array();

	for (unsigned int i = 0; i < r->n_ids; i++)
		json_array_append_new(rules, json_integer(r->id[i]));
	json_object_set_new(line, "id", json_deep_copy(id));
	json_object_set_new(line, "verdict",
			    json_string(r->bad_request ? "bad_request"
					: r->status    ? "deny"
						       : "pass"));
	json_object_set_new(line, "status", json_integer(r->status ? r->status : 200));
	json_object_set_new(line, "rules", rules);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

static const char *judge(struct modsecurity *m, struct weir_bytes text)
{
	struct inspect_line line;
	const char *wrong = inspect_line_read(text, &line);
	char client[WEIR_ADDR_TEXT];

	if (!wrong) {
		struct modsecurity_input in = {
			.client = weir_addr_format(&line.x.begin.peer.client, client),
			.request = line.x.request,
			.response = line.x.response,
			.has_response = line.x.has_response,
		};
		struct modsecurity_result result;

		modsecurity_run(m, &in, &result);
		write_result(line.id, &result);
	}
	inspect_line_fini(&line);
	return wrong;
}

int main(int argc, char **argv)
{
	struct modsecurity *m =
		modsecurity_create(prologue, (const char *const *)argv + 1, (unsigned int)argc - 1);
	const char *wrong = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (!m)
		return 1;
	while (!wrong && (len = getline(&line, &room, stdin)) >= 0)
		wrong = judge(m, weir_bytes_of(line, (size_t)len));
	if (wrong)
		fprintf(stderr, "modsecurity_oracle: %s\n", wrong);
	free(line);
	modsecurity_destroy(m);
	return wrong ? 1 : 0;
}
