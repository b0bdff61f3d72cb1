/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"
#include "random_policy.h"

#include <stdio.h>

static void explain(const struct loaded *l, const struct weir_policy_query *q, struct weir_buf *out)
{
	struct weir_json j = weir_json_into(out);

	weir_buf_reset(out);
	weir_policy_explain(l->policy, &(struct weir_policy_explaining){.q = q, .names = l->names},
			    &j, NULL);
	ck_assert(!out->failed);
	ck_assert_uint_eq(j.depth, 0);
}

START_TEST(explain_tells_groups_candidates_and_the_decision)
{
	struct loaded l = load_good(
		"kind: Group\nmetadata: { name: clients }\nspec: { cidrs: [ 10.1.0.0/16 ] }\n"
		"---\nkind: Group\nmetadata: { name: all }\nspec: { cidrs: [ 10.0.0.0/8 ] }\n"
		"---\nkind: AccessPolicy\nmetadata: { name: p }\nspec:\n  rules:\n"
		"  - { name: ssh, from: clients, protocol: tcp, ports: 22, action: deny }\n"
		"  - { name: elsewhere, to: clients, action: deny }\n"
		"  - { name: dns, from: all, protocol: udp, action: drop }\n"
		"  - { name: web, to: 10.2.0.1, protocol: tcp, ports: 80, action: allow }\n"
		"  - { name: late, action: deny }\n"
		"---\nkind: AccessPolicy\nmetadata: { name: trial }\n"
		"spec: { mode: detect, priority: 5, action: drop }\n");
	struct weir_policy_query q = query("10.1.0.1", "10.2.0.1", TCP, 80);
	struct weir_buf out = {0};

	explain(&l, &q, &out);
	ck_assert_str_eq(
		out.ptr,
		"{\"from\":{\"address\":\"10.1.0.1\",\"groups\":[\"clients\",\"all\"]},"
		"\"to\":{\"address\":\"10.2.0.1\",\"groups\":[\"all\",\"10.2.0.1/32\"]},"
		"\"proto\":6,\"port\":80,\"candidates\":["
		"{\"policy\":\"trial\",\"priority\":5,\"mode\":\"detect\",\"action\":\"drop\","
		"\"matches\":true},"
		"{\"policy\":\"p\",\"rule\":\"ssh\",\"priority\":1000,\"mode\":\"enforce\","
		"\"action\":\"deny\",\"matches\":false,\"why_not\":\"another port\"},"
		"{\"policy\":\"p\",\"rule\":\"dns\",\"priority\":1000,\"mode\":\"enforce\","
		"\"action\":\"drop\",\"matches\":false,\"why_not\":\"another protocol\"},"
		"{\"policy\":\"p\",\"rule\":\"web\",\"priority\":1000,\"mode\":\"enforce\","
		"\"action\":\"allow\",\"matches\":true}],"
		"\"decision\":{\"verdict\":\"allow\",\"policy\":\"trial\","
		"\"reason\":\"policy_drop\",\"would_deny\":true,\"inspect\":false,"
		"\"on_change\":\"reevaluate\"}}");
	weir_buf_fini(&out);
	unload(&l);
}
END_TEST

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

START_TEST(explain_lists_at_most_a_hundred_candidates)
{
	struct weir_buf yaml = {0}, out = {0};
	struct weir_policy_query q = query("10.1.0.1", "10.2.0.1", TCP, 80);
	struct loaded l;

	for (unsigned int i = 0; i < 150; i++)
		weir_buf_printf(&yaml,
				"---\nkind: AccessPolicy\nmetadata: { name: p%u }\n"
				"spec: { ports: %u, action: allow }\n",
				i, 1000 + i);
	weir_buf_str(&yaml, "---\nkind: AccessPolicy\nmetadata: { name: last }\n"
			    "spec: { action: drop }\n");
	l = load_good(yaml.ptr);
	explain(&l, &q, &out);
	ck_assert_uint_eq(count(out.ptr, "\"matches\""), 100);
	ck_assert_uint_eq(count(out.ptr, "\"matches\":true"), 0);
	ck_assert_ptr_nonnull(
		strstr(out.ptr, "\"decision\":{\"verdict\":\"drop\",\"policy\":\"last\""));
	weir_buf_fini(&yaml);
	weir_buf_fini(&out);
	unload(&l);
}
END_TEST

/* What explain must end with for this decision. */
static void decision_json(const struct loaded *l, const struct weir_policy_decision *d, char *out,
			  size_t size)
{
	const char *rule = weir_names_get(l->names, d->rule);
	int n = snprintf(out, size, "\"decision\":{\"verdict\":\"%s\",\"policy\":\"%s\"%s%s%s",
			 weir_verdict_name((enum weir_verdict)d->verdict),
			 weir_names_get(l->names, d->policy), *rule ? ",\"rule\":\"" : "", rule,
			 *rule ? "\"" : "");

	if (d->reason)
		n += snprintf(out + n, size - (size_t)n, ",\"reason\":\"%s\"",
			      weir_drop_name((enum weir_drop)d->reason));
	snprintf(out + n, size - (size_t)n, "%s,\"inspect\":%s,\"on_change\":\"%s\"}}",
		 d->flags & WEIR_DECISION_WOULD_DENY ? ",\"would_deny\":true" : "",
		 d->flags & WEIR_DECISION_INSPECT ? "true" : "false",
		 d->flags & WEIR_DECISION_KEEP ? "keep" : "reevaluate");
}

/* The candidates are found by another way than the decision: their last must be what decided. */
static void check_candidates(const struct loaded *l, const struct weir_policy_decision *d,
			     const char *json)
{
	bool by_rule = d->verdict != WEIR_VERDICT_ALLOW || !(d->flags & WEIR_DECISION_WOULD_DENY);
	const char *end = strstr(json, "],\"decision\"");
	char last[128];
	const char *at, *next;

	ck_assert_ptr_nonnull(end);
	if (count(json, "\"matches\"") == 100 || !by_rule)
		return;
	for (at = json; (next = strstr(at, "{\"policy\":")) && next < end;)
		at = next + 1;
	if (strcmp(weir_names_get(l->names, d->policy), "default") == 0) {
		ck_assert_msg(at == json || !strstr(at, "\"mode\":\"enforce\"") ||
				      strstr(at, "\"mode\":\"enforce\"") > end ||
				      !strstr(at, "\"matches\":true"),
			      "a rule matched, and yet no policy decided: %s", json);
		return;
	}
	snprintf(last, sizeof(last), "\"policy\":\"%s\",\"rule\":\"%s\"",
		 weir_names_get(l->names, d->policy), weir_names_get(l->names, d->rule));
	ck_assert_msg(strncmp(at, last, strlen(last)) == 0 && end[-6] == ':' &&
			      strncmp(end - 5, "true}", 5) == 0,
		      "%s is not the last candidate of %s", last, json);
}

static void check_agreement(const struct random_cfg *cfg, unsigned int flows)
{
	static const uint8_t protos[] = {TCP, TCP, UDP, UDP, ICMP, ICMPV6, SCTP, GRE};
	struct weir_buf yaml = {0}, out = {0};
	struct dice dice = {cfg->seed + 77};
	struct ref_policy ref;
	struct loaded l;

	random_policy(cfg, &ref, &yaml);
	l = load(yaml.ptr);
	ck_assert_ptr_nonnull(l.policy);
	for (unsigned int i = 0; i < flows; i++) {
		struct weir_policy_query q = {
			.src = random_addr(&dice),
			.dst = random_addr(&dice),
			.dport = (uint16_t)dice_below(&dice, 64),
			.proto = protos[dice_below(&dice, WEIR_ARRAY_LEN(protos))],
		};
		struct weir_policy_decision d;
		char expected[512];

		weir_policy_decide(l.policy, &q, &d);
		decision_json(&l, &d, expected, sizeof(expected));
		explain(&l, &q, &out);
		ck_assert_msg(strstr(out.ptr, expected) != NULL, "%s, but decided %s", out.ptr,
			      expected);
		check_candidates(&l, &d, out.ptr);
	}
	ref_fini(&ref);
	weir_buf_fini(&yaml);
	weir_buf_fini(&out);
	unload(&l);
}

START_TEST(explain_agrees_with_decide_on_random_flows)
{
	static const struct random_cfg small = {
		11, 40, 200, 120, WEIR_VERDICT_ALLOW, WEIR_VERDICT_ALLOW, true, true};
	static const struct random_cfg large = {
		12, 1000, 10000, 10000, WEIR_VERDICT_DENY, WEIR_VERDICT_DROP, false, true};

	check_agreement(&small, 50000);
	check_agreement(&large, 1000);
}
END_TEST

Suite *explain_suite(void)
{
	return WEIR_SUITE("policy explain", explain_tells_groups_candidates_and_the_decision,
			  explain_lists_at_most_a_hundred_candidates,
			  explain_agrees_with_decide_on_random_flows);
}
