/* SPDX-License-Identifier: BSD-3-Clause */
/* What policy says to a flow: who the sides are, the rules in order, the decision. */
#include "weirctl.h"

static void print_side(const char *what, const json_t *side)
{
	const json_t *g, *groups = json_object_get(side, "groups");
	size_t i;

	printf("%-5s %s, in ", what, text_of(side, "address"));
	if (!json_array_size(groups))
		fputs("no group", stdout);
	json_array_foreach (groups, i, g)
		printf("%s%s", i ? ", " : "", json_string_value(g) ? json_string_value(g) : "");
	putchar('\n');
}

static void candidate_row(struct table *t, size_t i, const json_t *c)
{
	const char *why_not = text_of(c, "why_not");

	table_cell(t, "%zu", i + 1);
	table_cell(t, "%s", text_of(c, "policy"));
	table_cell(t, "%s", text_of(c, "rule"));
	if (json_object_get(c, "priority"))
		table_cell(t, "%lld", (long long)int_of(c, "priority"));
	else
		table_cell(t, "last");
	table_cell(t, "%s", text_of(c, "mode"));
	table_cell(t, "%s", text_of(c, "action"));
	table_cell(t, "%s%s", *why_not ? "no: " : "yes", why_not);
}

static void print_candidates(const json_t *candidates)
{
	static const char *const head[] = {">#",   "POLICY", "RULE",    ">PRIORITY",
					   "MODE", "ACTION", "MATCHES", NULL};
	struct table t = table_begin(head);
	const json_t *c;
	size_t i;

	if (!json_array_size(candidates)) {
		puts("no rule names both sides");
		return;
	}
	json_array_foreach (candidates, i, c)
		candidate_row(&t, i, c);
	table_end(&t);
}

static void print_service(const json_t *s)
{
	const char *policy = text_of(s, "threat_policy");

	if (!s)
		return;
	printf("service %s (%s), ", text_of(s, "name"), text_of(s, "protocol"));
	if (*policy)
		printf("judged by ThreatPolicy %s in mode %s\n", policy, text_of(s, "mode"));
	else
		puts("judged by no ThreatPolicy");
}

static void print_tls(const json_t *tls)
{
	const json_t *c, *certs = json_object_get(tls, "certificates");
	const char *name = text_of(tls, "server_name");
	size_t i;

	if (!tls)
		return;
	if (strcmp(text_of(tls, "mode"), "passthrough") == 0) {
		puts("TLS is passed on as it is, and its handshake is told of");
		return;
	}
	printf("TLS ends here (%s or newer), shown:", text_of(tls, "min_version"));
	json_array_foreach (certs, i, c)
		printf("%s %s", i ? "," : "", json_string_value(c) ? json_string_value(c) : "");
	printf("; client certificate: %s; on to the servers: %s",
	       text_of(tls, "client_certificate"), text_of(tls, "upstream"));
	if (*text_of(tls, "verify"))
		printf(", verify %s%s%s", text_of(tls, "verify"), *name ? ", name " : "", name);
	putchar('\n');
}

static void print_decision(const json_t *d)
{
	const char *rule = text_of(d, "rule"), *reason = text_of(d, "reason");
	const char *bypass = text_of(d, "bypass");
	bool would_deny = json_is_true(json_object_get(d, "would_deny"));

	printf("%s%s, by %s%s%s", text_of(d, "verdict"),
	       would_deny ? " (mode detect: it would be denied)" : "", text_of(d, "policy"),
	       *rule ? "/" : "", rule);
	if (*reason)
		printf(" (%s)", reason);
	if (json_is_true(json_object_get(d, "inspect")))
		fputs(", with inspection", stdout);
	if (json_is_true(json_object_get(d, "by_name")))
		fputs(", as far as the handshake: whom the client asks for decides (--sni)",
		      stdout);
	if (json_is_true(json_object_get(d, "by_identity")))
		fputs(", as far as the handshake of TLS: who the client is decides (--identity)",
		      stdout);
	if (json_is_true(json_object_get(d, "intercept")))
		fputs(", its TLS opened", stdout);
	if (*bypass)
		printf(", its TLS left closed: %s", bypass);
	putchar('\n');
}

void render_explain(const json_t *answer)
{
	const json_t *e = json_object_get(answer, "explain"), *name = json_object_get(e, "name");
	const json_t *identity = json_object_get(e, "identity");

	print_side("from", json_object_get(e, "from"));
	print_side("to", json_object_get(e, "to"));
	if (name)
		printf("name  %s (%s)\n", text_of(name, "text"), text_of(name, "state"));
	if (identity)
		printf("client %s (%s)\n", text_of(identity, "text"), text_of(identity, "state"));
	printf("proto %lld, port %lld, generation %lld\n\n", (long long)int_of(e, "proto"),
	       (long long)int_of(e, "port"), (long long)int_of(answer, "generation"));
	print_candidates(json_object_get(e, "candidates"));
	putchar('\n');
	print_service(json_object_get(e, "service"));
	print_tls(json_object_get(json_object_get(e, "service"), "tls"));
	print_decision(json_object_get(e, "decision"));
}
