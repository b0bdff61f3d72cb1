/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <stdio.h>

#define ACCESS "kind: AccessPolicy\nmetadata: { name: p }\nspec: { action: allow }\n---\n"
#define SHOP                                                                     \
	"kind: Service\nmetadata: { name: shop }\nspec: { addresses: 10.0.0.1, " \
	"ports: 80, protocol: http }\n---\n"
#define BLOG                                                                     \
	"kind: Service\nmetadata: { name: blog }\nspec: { addresses: 10.0.0.2, " \
	"ports: 80, protocol: http }\n---\n"
#define MAIL                                                                     \
	"kind: Service\nmetadata: { name: mail }\nspec: { addresses: 10.0.0.3, " \
	"ports: 25, protocol: tcp }\n---\n"
#define THREAT(name, spec) "kind: ThreatPolicy\nmetadata: { name: " name " }\nspec: " spec "\n---\n"

static const struct weir_threat_policy *only(const struct loaded *l)
{
	ck_assert_ptr_nonnull(l->policy);
	ck_assert_uint_eq(weir_policy_threats(l->policy), 1);
	return weir_policy_threat(l->policy, 0);
}

START_TEST(what_a_threat_policy_does_not_say_has_its_default)
{
	struct loaded l = load_good(ACCESS SHOP THREAT("t", "{ services: shop }"));
	const struct weir_threat_policy *t = only(&l);

	ck_assert_str_eq(weir_names_get(l.names, t->name), "t");
	ck_assert_uint_eq(t->pos.line, 10);
	ck_assert_str_eq(t->pos.file, "t");
	ck_assert_uint_eq(t->waf.mode, WEIR_WAF_DETECT);
	ck_assert_uint_eq(t->waf.paranoia, 0);
	ck_assert_uint_eq(t->waf.detection_paranoia, 0);
	ck_assert_uint_eq(t->waf.inbound_threshold, 0);
	ck_assert_uint_eq(t->waf.outbound_threshold, 0);
	ck_assert_uint_eq(t->waf.request_body_limit, 0);
	ck_assert_uint_eq(t->waf.request_over, WEIR_WAF_OVER_AS_RULES);
	ck_assert(!t->waf.response_off);
	ck_assert_uint_eq(t->waf.budget_ns, 10 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(t->waf.n_overrides, 0);
	ck_assert_uint_eq(t->on_error, WEIR_FAIL_CLOSED);
	ck_assert(!t->json_refusals);
	ck_assert_uint_eq(t->n_rules, 2);
	ck_assert_str_eq(t->rules[0], "/etc/modsecurity/crs/crs-setup.conf");
	ck_assert_str_eq(t->rules[1], "/usr/share/modsecurity-crs/rules/*.conf");
	ck_assert_str_eq(t->last, "");
	ck_assert_ptr_nonnull(strstr(t->first, "SecRequestBodyAccess On\n"));
	ck_assert_ptr_nonnull(strstr(t->first, "SecResponseBodyAccess On\n"));
	ck_assert_ptr_null(strstr(t->first, "grpc"));
	unload(&l);
}
END_TEST

START_TEST(every_key_of_a_threat_policy_is_read)
{
	struct loaded l = load_good(ACCESS SHOP THREAT(
		"t", "{ services: [ shop ], mode: enforce, paranoia: 2, detectionParanoia: 3,\n"
		     "  thresholds: { inbound: 7, outbound: 9 }, responses: false, budget: 250ms,\n"
		     "  body: { requestLimit: 1MiB, responseLimit: 64KiB, overRequest: partial,\n"
		     "    overResponse: reject }, failure: open, refusals: json, grpc: true,\n"
		     "  description: d,\n"
		     "  rules: { before: [ /r/a.conf ], crs: /opt/crs, after: [ /r/*.conf ] },\n"
		     "  overrides: [ { rules: [ 942100, 941000-941999 ], mode: detect },\n"
		     "    { rules: 920350, mode: off } ] }"));
	const struct weir_threat_policy *t = only(&l);
	const struct weir_waf_override *o = t->waf.overrides;

	ck_assert_uint_eq(t->waf.mode, WEIR_WAF_ENFORCE);
	ck_assert_uint_eq(t->waf.paranoia, 2);
	ck_assert_uint_eq(t->waf.detection_paranoia, 3);
	ck_assert_uint_eq(t->waf.inbound_threshold, 7);
	ck_assert_uint_eq(t->waf.outbound_threshold, 9);
	ck_assert_uint_eq(t->waf.request_body_limit, 1 << 20);
	ck_assert_uint_eq(t->waf.response_body_limit, 64 << 10);
	ck_assert_uint_eq(t->waf.request_over, WEIR_WAF_OVER_PARTIAL);
	ck_assert_uint_eq(t->waf.response_over, WEIR_WAF_OVER_REJECT);
	ck_assert(t->waf.response_off);
	ck_assert_uint_eq(t->waf.budget_ns, 250 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(t->on_error, WEIR_FAIL_OPEN);
	ck_assert(t->json_refusals);
	ck_assert_uint_eq(t->n_rules, 4);
	ck_assert_str_eq(t->rules[0], "/r/a.conf");
	ck_assert_str_eq(t->rules[1], "/opt/crs/crs-setup.conf");
	ck_assert_str_eq(t->rules[2], "/opt/crs/rules/*.conf");
	ck_assert_str_eq(t->rules[3], "/r/*.conf");
	ck_assert_uint_eq(t->waf.n_overrides, 3);
	ck_assert(o[0].first == 942100 && o[0].last == 942100 && o[0].mode == WEIR_WAF_DETECT);
	ck_assert(o[1].first == 941000 && o[1].last == 941999 && o[1].mode == WEIR_WAF_DETECT);
	ck_assert(o[2].first == 920350 && o[2].last == 920350 && o[2].mode == WEIR_WAF_OFF);
	ck_assert_ptr_nonnull(strstr(t->first, "SecResponseBodyAccess Off\n"));
	ck_assert_ptr_nonnull(strstr(t->first, "SecRequestBodyNoFilesLimit 1048576\n"));
	ck_assert_ptr_nonnull(strstr(t->first, "ctl:ruleRemoveById=920420"));
	unload(&l);
}
END_TEST

/* "name" of its policy, "name (off)", or "". */
static void check_threat(const struct loaded *l, const char *address, const char *wanted)
{
	const struct weir_service *s;
	struct weir_addr a;
	const char *name = "";

	ck_assert_int_eq(weir_addr_parse(address, &a), 0);
	s = weir_policy_service(l->policy, &a, 80);
	ck_assert_ptr_nonnull(s);
	if (s->threat != WEIR_NO_THREAT)
		name = weir_names_get(l->names, weir_policy_threat(l->policy, s->threat)->name);
	ck_assert_str_eq(name, wanted);
}

START_TEST(all_is_what_no_other_policy_names)
{
	struct loaded l = load_good(ACCESS SHOP BLOG MAIL THREAT("rest", "{ services: all }")
					    THREAT("special", "{ services: shop }"));

	check_threat(&l, "10.0.0.1", "special");
	check_threat(&l, "10.0.0.2", "rest");
	ck_assert_uint_eq(weir_policy_size(l.policy).threats, 2);
	ck_assert_uint_eq(weir_policy_size(l.policy).policies, 1);
	unload(&l);
}
END_TEST

START_TEST(what_is_off_protects_nothing_and_keeps_its_services)
{
	struct loaded l = load_good(ACCESS SHOP BLOG THREAT("rest", "{ services: all }")
					    THREAT("none", "{ services: shop, mode: off }"));

	check_threat(&l, "10.0.0.1", "");
	check_threat(&l, "10.0.0.2", "rest");
	unload(&l);
}
END_TEST

START_TEST(what_goes_to_a_protected_service_is_inspected)
{
	struct loaded l =
		load_good("kind: AccessPolicy\nmetadata: { name: deny }\n"
			  "spec: { priority: 1, from: 192.0.2.1, action: deny }\n---\n" ACCESS SHOP
				  BLOG THREAT("t", "{ services: shop }"));
	static const struct {
		const char *from, *to;
		uint8_t proto;
		uint16_t port;
		uint8_t flags;
	} rows[] = {
		{"10.1.0.1", "10.0.0.1", TCP, 80, WEIR_DECISION_INSPECT | WEIR_DECISION_HTTP},
		{"10.1.0.1", "10.0.0.1", TCP, 81, 0},
		{"10.1.0.1", "10.0.0.1", UDP, 80, 0},
		{"10.1.0.1", "10.0.0.2", TCP, 80, 0},  /* no policy protects it */
		{"192.0.2.1", "10.0.0.1", TCP, 80, 0}, /* denied */
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_policy_decision d =
			decide(&l, rows[i].from, rows[i].to, rows[i].proto, rows[i].port);

		ck_assert_msg(d.flags == rows[i].flags, "row %zu: flags %#x", i, d.flags);
	}
	unload(&l);
}
END_TEST

START_TEST(what_is_translated_in_the_clear_is_inspected)
{
	static const struct {
		const char *keys;
		uint8_t flags;
	} rows[] = {
		{"protocol: http, http2Upstream: true", WEIR_DECISION_INSPECT | WEIR_DECISION_HTTP},
		{"protocol: http, http2Upstream: false",
		 WEIR_DECISION_INSPECT | WEIR_DECISION_HTTP},
		{"protocol: http, http2Upstream: true, http2: false",
		 WEIR_DECISION_INSPECT | WEIR_DECISION_HTTP},
		{"protocol: http, http2Upstream: false, http2: false", 0},
		{"protocol: http", 0},
		{"protocol: tcp", 0},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char text[512];
		struct loaded l;
		uint8_t flags;

		snprintf(text, sizeof(text),
			 ACCESS "kind: Service\nmetadata: { name: a }\n"
				"spec: { addresses: 10.0.0.1, ports: 80, %s }\n",
			 rows[i].keys);
		l = load_good(text);
		flags = decide(&l, "10.1.0.1", "10.0.0.1", TCP, 80).flags;
		ck_assert_msg(flags == rows[i].flags, "row %zu: flags %#x", i, flags);
		unload(&l);
	}
}
END_TEST

START_TEST(explain_tells_the_service_and_its_policy)
{
	static const struct {
		const char *to;
		uint16_t port;
		const char *wanted; /* NULL: none */
	} rows[] = {
		{"10.0.0.1", 80,
		 "\"service\":{\"name\":\"shop\",\"protocol\":\"http\",\"threat_policy\":\"t\","
		 "\"mode\":\"enforce\"},\"decision\""},
		{"10.0.0.2", 80,
		 "\"service\":{\"name\":\"blog\",\"protocol\":\"http\",\"threat_policy\":\"o\","
		 "\"mode\":\"off\"},\"decision\""},
		{"10.0.0.3", 25,
		 "\"service\":{\"name\":\"mail\",\"protocol\":\"tcp\"},\"decision\""},
		{"10.0.0.9", 80, NULL},
	};
	struct loaded l =
		load_good(ACCESS SHOP BLOG MAIL THREAT("t", "{ services: shop, mode: enforce }")
				  THREAT("o", "{ services: all, mode: off }"));

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_policy_query q = query("10.1.0.1", rows[i].to, TCP, rows[i].port);
		struct weir_buf out = {0};
		struct weir_json j = weir_json_into(&out);

		weir_policy_explain(l.policy,
				    &(struct weir_policy_explaining){.q = &q, .names = l.names}, &j,
				    NULL);
		if (rows[i].wanted)
			ck_assert_msg(strstr(out.ptr, rows[i].wanted) != NULL, "%s", out.ptr);
		else
			ck_assert_ptr_null(strstr(out.ptr, "\"service\""));
		weir_buf_fini(&out);
	}
	unload(&l);
}
END_TEST

#define BAD(spec, report)                           \
	{                                           \
		SHOP MAIL THREAT("t", spec), report \
	}

START_TEST(what_is_wrong_with_a_threat_policy_is_told_with_its_place)
{
	static const struct bad_row rows[] = {
		BAD("{ mode: detect }", "t:11:7: error: 'services' is missing\n"),
		BAD("{ services: shp }",
		    "t:11:19: error: no Service 'shp', did you mean 'shop'?\n"),
		BAD("{ services: [ shop, nobody-knows-it ] }",
		    "t:11:27: error: no Service 'nobody-knows-it'\n"),
		BAD("{ services: [] }",
		    "t:11:19: error: services is empty; 'all' is every Service of HTTP\n"),
		BAD("{ services: mail }",
		    "t:11:19: error: Service 'mail' at t:6:19 is not of 'protocol: http': there is "
		    "nothing to be judged\n"),
		BAD("{ services: all, mode: enforced }",
		    "t:11:30: error: mode cannot be 'enforced', did you mean 'enforce'?\n"),
		BAD("{ services: all, paranoya: 1 }",
		    "t:11:24: error: unknown key 'paranoya', did you mean 'paranoia'?\n"),
		BAD("{ services: all, paranoia: 5 }",
		    "t:11:34: error: paranoia must lie between 1 and 4, not 5\n"),
		BAD("{ services: all, paranoia: 2, detectionParanoia: 1 }",
		    "t:11:56: error: detectionParanoia 1 is below paranoia 2: what blocks must be "
		    "detected\n"),
		BAD("{ services: all, thresholds: { inbound: 0 } }",
		    "t:11:47: error: inbound must lie between 1 and 1000000, not 0\n"),
		BAD("{ services: all, thresholds: 5 }",
		    "t:11:36: error: thresholds must be a mapping, not a value\n"),
		BAD("{ services: all, body: { requestLimit: 1 } }",
		    "t:11:46: error: requestLimit must lie between 1KiB and 1GiB, not 1\n"),
		BAD("{ services: all, body: { overRequest: pass } }",
		    "t:11:45: error: overRequest cannot be 'pass': it is reject or partial\n"),
		BAD("{ services: all, failure: reset }",
		    "t:11:33: error: failure cannot be 'reset': it is closed or open\n"),
		BAD("{ services: all, budget: 61s }",
		    "t:11:32: error: budget must lie between 0ms and 1m, not 61s\n"),
		BAD("{ services: all, rules: { crs: [ '' ] } }", "t:11:40: error: an empty path\n"),
		BAD("{ services: all, rules: { befor: [] } }",
		    "t:11:33: error: unknown key 'befor', did you mean 'before'?\n"),
		BAD("{ services: all, rules: { after: x } }",
		    "t:11:40: error: after must be a list, not a value\n"),
		BAD("{ services: all, overrides: [ { mode: off } ] }",
		    "t:11:37: error: 'rules' is missing\n"),
		BAD("{ services: all, overrides: [ { rules: 0, mode: off } ] }",
		    "t:11:46: error: '0' is not a rule id or a range \"a-b\" of them\n"),
		BAD("{ services: all, overrides: [ { rules: 9-8, mode: off } ] }",
		    "t:11:46: error: '9-8' is not a rule id or a range \"a-b\" of them\n"),
		BAD("{ services: all, overrides: [ { rules: 1, mode: on } ] }",
		    "t:11:55: error: mode cannot be 'on', did you mean 'off'?\n"),
		{SHOP THREAT("a", "{ services: shop }") THREAT("b", "{ services: [ shop ] }"),
		 "t:11:21: error: Service 'shop' has ThreatPolicy 'a' at t:6:19 already\n"},
		{SHOP THREAT("a", "{ services: all }") THREAT("b", "{ services: all }"),
		 "t:11:19: error: ThreatPolicy 'a' at t:6:19 has 'services: all' already\n"},
		{SHOP THREAT("a", "{ services: all }") THREAT("a", "{ services: shop }"),
		 "t:10:19: error: there is already a policy 'a' at t:6:19\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_service_may_be_called_all)
{
	struct loaded l = load_good(
		ACCESS
		"kind: Service\nmetadata: { name: all }\nspec: { addresses: 10.0.0.1, "
		"ports: 80, protocol: http }\n---\n" BLOG THREAT("t", "{ services: [ all ] }"));

	check_threat(&l, "10.0.0.1", "t");
	check_threat(&l, "10.0.0.2", "");
	unload(&l);
}
END_TEST

Suite *threat_suite(void)
{
	return WEIR_SUITE("policy threat", what_a_threat_policy_does_not_say_has_its_default,
			  every_key_of_a_threat_policy_is_read, all_is_what_no_other_policy_names,
			  what_is_off_protects_nothing_and_keeps_its_services,
			  what_goes_to_a_protected_service_is_inspected,
			  what_is_translated_in_the_clear_is_inspected,
			  explain_tells_the_service_and_its_policy,
			  what_is_wrong_with_a_threat_policy_is_told_with_its_place,
			  a_service_may_be_called_all);
}
