/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * YAML text to a policy; what is accepted must decide without a fault, and explain must tell the
 * same decision, and what its exclusions become must be SecLang.
 */
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_log.h>

#include <weir_policy.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char name[] = "fuzz_policy", huge[] = "--no-huge", pci[] = "--no-pci", m[] = "-m",
	     mib[] = "64", memory[] = "--no-shconf", quiet[] = "--log-level=error",
	     tel[] = "--no-telemetry";
	char *args[] = {name, huge, pci, m, mib, memory, quiet, tel, NULL};

	if (rte_eal_init((int)WEIR_ARRAY_LEN(args) - 1, args) < 0)
		abort();
	return 0;
}

static struct weir_addr addr(const char *text)
{
	struct weir_addr a;

	if (weir_addr_parse(text, &a) < 0)
		abort();
	return a;
}

/* `name` and `identity` may be NULL. */
static void ask(const struct weir_policy *p, const struct weir_names *names,
		const struct weir_policy_query *q, const struct weir_policy_name *name,
		const struct weir_policy_identity *identity)
{
	const struct weir_policy_explaining x = {
		.q = q, .name = name, .identity = identity, .names = names};
	struct weir_buf told = {0}, decided = {0};
	struct weir_json j = weir_json_into(&told), k = weir_json_into(&decided);
	struct weir_policy_decision d;
	const char *in_told;

	if (identity)
		weir_policy_decide_identity(p, q, name, identity, &d);
	else if (name)
		weir_policy_decide_name(p, q, name, &d);
	else
		weir_policy_decide(p, q, &d);
	if ((name && d.flags & WEIR_DECISION_NAMES) ||
	    (identity && d.flags & WEIR_DECISION_IDENTITY))
		abort();
	weir_policy_explain(p, &x, &j, NULL);
	weir_json_object(&k, NULL);
	weir_json_str(&k, "verdict", weir_verdict_name((enum weir_verdict)d.verdict));
	weir_json_str(&k, "policy", weir_names_get(names, d.policy));
	if (d.rule)
		weir_json_str(&k, "rule", weir_names_get(names, d.rule));
	if (d.reason)
		weir_json_str(&k, "reason", weir_drop_name((enum weir_drop)d.reason));
	in_told = strstr(told.ptr, "\"decision\":{");
	if (!in_told || d.verdict > WEIR_VERDICT_DROP || d.reason >= WEIR_DROP_END ||
	    strncmp(in_told + strlen("\"decision\":"), decided.ptr, decided.len) != 0)
		abort();
	if ((d.reason == WEIR_DROP_NONE) !=
	    (d.verdict == WEIR_VERDICT_ALLOW && !(d.flags & WEIR_DECISION_WOULD_DENY)))
		abort();
	weir_buf_fini(&told);
	weir_buf_fini(&decided);
}

static void ask_all(const struct weir_policy *p, const struct weir_names *names)
{
	static const char *const pairs[][2] = {
		{"10.0.0.1", "10.1.0.1"},   {"192.0.2.1", "198.51.100.1"},
		{"fd00::1", "2001:db8::1"}, {"10.0.0.1", "fd00::1"},
		{"0.0.0.0", "::"},          {"255.255.255.255", "::1"},
	};
	static const struct {
		uint8_t proto;
		uint16_t port;
	} ports[] = {{6, 80}, {6, 443},  {6, 0},   {17, 53}, {17, 65535},
		     {1, 8},  {58, 128}, {132, 1}, {47, 0}};

	static const struct weir_policy_name asked[] = {
		{.state = WEIR_NAME_GOOD, .text = "api.example.org"},
		{.state = WEIR_NAME_GOOD, .text = "a"},
		{.state = WEIR_NAME_MISSING},
		{.state = WEIR_NAME_NO_TLS},
	};
	static const struct weir_policy_identity shown[] = {
		{.state = WEIR_IDENTITY_GOOD, .text = "spiffe://cluster/ns/shop/sa/web"},
		{.state = WEIR_IDENTITY_GOOD, .text = "dns:api.example.org,b"},
		{.state = WEIR_IDENTITY_GOOD, .text = "cn:a"},
		{.state = WEIR_IDENTITY_MISSING},
		{.state = WEIR_IDENTITY_NAMELESS},
	};

	for (size_t a = 0; a < WEIR_ARRAY_LEN(pairs); a++)
		for (size_t i = 0; i < WEIR_ARRAY_LEN(ports); i++) {
			struct weir_policy_query q = {
				.src = addr(pairs[a][0]),
				.dst = addr(pairs[a][1]),
				.dport = ports[i].port,
				.proto = ports[i].proto,
			};

			ask(p, names, &q, NULL, NULL);
			for (size_t k = 0; k < WEIR_ARRAY_LEN(asked); k++)
				ask(p, names, &q, &asked[k], NULL);
			for (size_t k = 0; k < WEIR_ARRAY_LEN(shown); k++)
				ask(p, names, &q, k % 2 ? &asked[0] : NULL, &shown[k]);
		}
}

/* Whatever is quoted from the document: the text has the directives that weir wrote, and no others.
 */
static void read_text(const struct weir_threat_policy *t, struct weir_conf_report *r)
{
	struct weir_seclang *s = weir_seclang_create();

	if (!weir_seclang_add_text(s, "first", "/", weir_bytes_str(t->first), r) ||
	    !weir_seclang_add_text(s, "last", "/", weir_bytes_str(t->last), r))
		abort();
	weir_seclang_destroy(s);
}

static void look_at_threats(const struct weir_policy *p, struct weir_conf_report *r)
{
	for (uint16_t i = 0; i < weir_policy_threats(p); i++) {
		const struct weir_threat_policy *t = weir_policy_threat(p, i);

		for (uint16_t k = 0; k < t->n_rules; k++)
			if (t->rules[k][0] != '/')
				abort();
		read_text(t, r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_names *names = weir_names_create();
	struct weir_conf_docs *docs;
	struct weir_policy *p = NULL;

	docs = weir_conf_load_text("fuzz", (struct weir_bytes){data, size}, r);
	if (docs)
		p = weir_policy_from_docs((const struct weir_conf_docs *const[]){docs}, 1, names,
					  r);
	/* Refused without a word, or accepted with an error. */
	if ((p == NULL) != (weir_conf_errors(r) > 0))
		abort();
	weir_conf_docs_destroy(docs);
	if (p) {
		ask_all(p, names);
		look_at_threats(p, r);
	}
	weir_policy_destroy(p);
	weir_names_destroy(names);
	weir_conf_report_destroy(r);
	return 0;
}
