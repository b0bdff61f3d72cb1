/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <stdio.h>

#define SERVICE(verify)                                                          \
	"kind: Service\nmetadata: { name: shop }\n"                              \
	"spec: { addresses: 10.2.0.0/16, ports: [ 443, 8443 ], protocol: tcp,\n" \
	"  tls: { mode: terminate, certificates: [ { certificate: /c } ],\n"     \
	"         client: { verify: " verify ", ca: /ca } } }\n---\n"
#define MESH   SERVICE("required") "kind: AccessPolicy\nmetadata: { name: mesh }\nspec:\n"
#define BEGIN  "kind: AccessPolicy\nmetadata: { name: p }\nspec: { action: allow,\n  "
#define SPIFFE "spiffe://cluster.local/ns/"

struct shown {
	enum weir_identity_state state;
	const char *text;
	const char *wanted;
};

static void check_shown(const struct loaded *l, const struct shown *rows, size_t n)
{
	struct weir_policy_query q = query("10.1.0.1", "10.2.0.1", TCP, 443);

	for (size_t i = 0; i < n; i++) {
		struct weir_policy_identity identity = {.state = rows[i].state,
							.text = rows[i].text};
		struct weir_policy_decision d;
		struct decision_text text;

		memset(&d, 0xee, sizeof(d));
		weir_policy_decide_identity(l->policy, &q, NULL, &identity, &d);
		ck_assert_msg(strcmp(describe(l->names, &d, &text), rows[i].wanted) == 0,
			      "%s %s: %s, wanted %s", weir_identity_state_name(rows[i].state),
			      rows[i].text ? rows[i].text : "", text.is, rows[i].wanted);
		ck_assert_uint_eq(d.flags & WEIR_DECISION_IDENTITY, 0);
	}
}

START_TEST(an_identity_fits_an_entry_or_the_next_rule_is_asked)
{
	static const struct shown rows[] = {
		{WEIR_IDENTITY_GOOD, SPIFFE "shop/sa/web", "allow mesh/web none inspect"},
		{WEIR_IDENTITY_GOOD, SPIFFE "shop/sa/web/x", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, SPIFFE "shop/sa/we", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, SPIFFE "shop/sa/Web", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, "spiffe://other/ns/shop/sa/web",
		 "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, SPIFFE "a/sa/job", "allow mesh/jobs none inspect"},
		{WEIR_IDENTITY_GOOD, SPIFFE "a/b/sa/job", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, SPIFFE "ops/sa/a", "allow mesh/ops none inspect"},
		{WEIR_IDENTITY_GOOD, SPIFFE "ops/a/b/c/d", "allow mesh/ops none inspect"},
		{WEIR_IDENTITY_GOOD, SPIFFE "ops", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, SPIFFE "opsx/a", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, "dns:a.b.internal", "allow mesh/hosts none inspect"},
		{WEIR_IDENTITY_GOOD, "dns:x.example,web.shop", "allow mesh/hosts none inspect"},
		{WEIR_IDENTITY_GOOD, "dns:web.shop,x.example", "allow mesh/hosts none inspect"},
		{WEIR_IDENTITY_GOOD, "dns:internal", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, "dns:xinternal,web.shopx", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, "dns:eweb.shop", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, "cn:Old Thing", "allow mesh/old none inspect"},
		{WEIR_IDENTITY_GOOD, "cn:old thing", "deny default/ identity_denied"},
		{WEIR_IDENTITY_GOOD, "cn:web.shop", "deny default/ identity_denied"},
		{WEIR_IDENTITY_MISSING, NULL, "deny default/ identity_missing"},
		{WEIR_IDENTITY_NAMELESS, NULL, "deny default/ identity_missing"},
		{WEIR_IDENTITY_UNSEEN, NULL, "deny default/ identity_unseen"},
	};
	struct loaded l =
		load_good(MESH "  rules:\n"
			       "  - { name: web, to: 10.2.0.0/16, ports: 443, action: allow,\n"
			       "      identities: '" SPIFFE "shop/sa/web' }\n"
			       "  - { name: jobs, to: 10.2.0.0/16, action: allow,\n"
			       "      identities: [ '" SPIFFE "*/sa/job' ] }\n"
			       "  - { name: ops, to: 10.2.0.0/16, action: allow,\n"
			       "      identities: [ '" SPIFFE "ops/*' ] }\n"
			       "  - { name: hosts, to: 10.2.0.0/16, action: allow,\n"
			       "      identities: [ 'dns:Web.shop.', 'dns:*.internal' ] }\n"
			       "  - { name: old, to: 10.2.0.0/16, action: allow,\n"
			       "      identities: 'cn:Old Thing' }\n");

	check_shown(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(any_is_whoever_shows_a_good_certificate)
{
	static const struct shown rows[] = {
		{WEIR_IDENTITY_GOOD, "spiffe://a/b", "allow mesh/ none inspect"},
		{WEIR_IDENTITY_GOOD, "cn:a", "allow mesh/ none inspect"},
		{WEIR_IDENTITY_NAMELESS, NULL, "allow mesh/ none inspect"},
		{WEIR_IDENTITY_MISSING, NULL, "deny default/ identity_missing"},
		{WEIR_IDENTITY_UNSEEN, NULL, "deny default/ identity_unseen"},
	};
	struct loaded l = load_good(MESH "  { to: 10.2.0.0/16, identities: any, action: allow }\n");

	check_shown(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(before_the_identity_is_known_the_handshake_is_all_that_is_allowed)
{
	struct loaded l = load_good(MESH "  { to: 10.2.0.0/16, ports: 443, identities: any,\n"
					 "    action: allow, onChange: keep }\n");
	struct weir_policy_decision d = decide(&l, "10.1.0.1", "10.2.0.1", TCP, 443);

	ck_assert_int_eq(d.verdict, WEIR_VERDICT_ALLOW);
	ck_assert_uint_eq(d.flags, WEIR_DECISION_IDENTITY | WEIR_DECISION_INSPECT |
					   WEIR_DECISION_TLS | WEIR_DECISION_KEEP);
	check_decides(&l, "10.1.0.1", "10.2.0.1", TCP, 8443, "deny default/ default_deny");
	check_decides(&l, "10.1.0.1", "10.2.0.1", UDP, 443, "deny default/ default_deny");
	unload(&l);
}
END_TEST

START_TEST(where_no_client_is_verified_nobody_is_who_a_rule_asks_for)
{
	struct loaded l = load_good(
		SERVICE("none") "kind: AccessPolicy\nmetadata: { name: mesh }\n"
				"spec: { to: 10.0.0.0/8, identities: any, action: allow }\n");

	check_decides(&l, "10.1.0.1", "10.2.0.1", TCP, 443, "deny default/ identity_unseen");
	check_decides(&l, "10.1.0.1", "10.3.0.1", TCP, 443, "deny default/ identity_unseen");
	check_decides(&l, "10.1.0.1", "10.3.0.1", UDP, 443, "deny default/ default_deny");
	unload(&l);
}
END_TEST

START_TEST(a_name_is_asked_for_first_and_both_must_fit)
{
	struct loaded l = load_good(MESH "  { to: 10.2.0.0/16, names: shop.example,\n"
					 "    identities: 'cn:web', action: allow }\n");
	struct weir_policy_query q = query("10.1.0.1", "10.2.0.1", TCP, 443);
	struct weir_policy_name good = {.text = "shop.example"}, bad = {.text = "x.example"};
	struct weir_policy_identity web = {.text = "cn:web"}, other = {.text = "cn:other"};
	struct decision_text text;
	struct weir_policy_decision d;

	weir_policy_decide(l.policy, &q, &d);
	ck_assert_uint_eq(d.flags & (WEIR_DECISION_NAMES | WEIR_DECISION_IDENTITY),
			  WEIR_DECISION_NAMES);
	weir_policy_decide_name(l.policy, &q, &good, &d);
	ck_assert_uint_eq(d.flags & (WEIR_DECISION_NAMES | WEIR_DECISION_IDENTITY),
			  WEIR_DECISION_IDENTITY);
	weir_policy_decide_name(l.policy, &q, &bad, &d);
	ck_assert_str_eq(describe(l.names, &d, &text), "deny default/ sni_denied");
	weir_policy_decide_identity(l.policy, &q, &good, &web, &d);
	ck_assert_str_eq(describe(l.names, &d, &text), "allow mesh/ none inspect");
	weir_policy_decide_identity(l.policy, &q, &good, &other, &d);
	ck_assert_str_eq(describe(l.names, &d, &text), "deny default/ identity_denied");
	weir_policy_decide_identity(l.policy, &q, &bad, &web, &d);
	ck_assert_str_eq(describe(l.names, &d, &text), "deny default/ sni_denied");
	unload(&l);
}
END_TEST

START_TEST(what_an_earlier_rule_decides_asks_for_no_identity)
{
	static const struct shown rows[] = {
		{WEIR_IDENTITY_GOOD, "cn:other", "deny first/ policy_deny"},
	};
	struct loaded l =
		load_good(MESH "  { to: 10.2.0.0/16, identities: 'cn:web', action: allow }\n"
			       "---\nkind: AccessPolicy\nmetadata: { name: first }\n"
			       "spec: { priority: 1, from: 10.1.0.0/16, action: deny }\n");

	check_decides(&l, "10.1.0.1", "10.2.0.1", TCP, 443, "deny first/ policy_deny");
	check_shown(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(policies_on_trial_ask_for_identities_and_refuse_nothing)
{
	static const struct shown rows[] = {
		{WEIR_IDENTITY_GOOD, "cn:web", "allow open/ none inspect"},
		{WEIR_IDENTITY_GOOD, "cn:x", "allow mesh/rest identity_denied inspect would_deny"},
	};
	struct loaded l = load_good(
		MESH
		"  mode: detect\n  priority: 1\n  rules:\n"
		"  - { name: web, identities: 'cn:web', action: allow }\n"
		"  - { name: rest, to: 10.2.0.0/16, action: deny }\n"
		"---\nkind: AccessPolicy\nmetadata: { name: open }\nspec: { action: allow }\n");
	struct weir_policy_decision d = decide(&l, "10.1.0.1", "10.2.0.1", TCP, 443);

	ck_assert_uint_eq(d.flags & WEIR_DECISION_IDENTITY, WEIR_DECISION_IDENTITY);
	check_shown(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

static const char *explained(const struct loaded *l, struct weir_policy_explaining *x,
			     struct weir_buf *out)
{
	struct weir_json j = weir_json_into(out);

	weir_buf_reset(out);
	weir_policy_explain(l->policy, x, &j, NULL);
	ck_assert(!out->failed);
	return out->ptr;
}

START_TEST(explain_says_that_an_identity_decides_and_then_which)
{
	struct loaded l =
		load_good(MESH "  { to: 10.0.0.0/8, identities: 'cn:web', action: allow }\n");
	struct weir_policy_query q = query("10.1.0.1", "10.2.0.1", TCP, 443);
	struct weir_policy_identity identity = {.text = "cn:other"};
	struct weir_policy_explaining x = {.q = &q, .names = l.names};
	struct weir_buf out = {0};

	ck_assert_ptr_nonnull(
		strstr(explained(&l, &x, &out), "\"why_not\":\"who the client is decides\""));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"by_identity\":true"));
	x.identity = &identity;
	ck_assert_ptr_nonnull(strstr(explained(&l, &x, &out),
				     "\"identity\":{\"state\":\"good\",\"text\":\"cn:other\"}"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"why_not\":\"another identity\""));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"reason\":\"identity_denied\""));
	identity.state = WEIR_IDENTITY_MISSING;
	ck_assert_ptr_nonnull(strstr(explained(&l, &x, &out), "\"why_not\":\"no certificate\""));
	q = query("10.1.0.1", "10.3.0.1", TCP, 443);
	ck_assert_ptr_nonnull(strstr(explained(&l, &x, &out),
				     "\"why_not\":\"no Service there verifies clients\""));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"reason\":\"identity_unseen\""));
	weir_buf_fini(&out);
	unload(&l);
}
END_TEST

START_TEST(what_a_certificate_might_say_is_read_into_its_one_form)
{
	static const struct {
		const char *in, *out; /* NULL: it is none */
	} rows[] = {
		{"spiffe://cluster/ns/a", "spiffe://cluster/ns/a"},
		{"spiffe://cluster", "spiffe://cluster"},
		{"dns:A.example.", "dns:a.example"},
		{"dns:a.example,B.example", "dns:a.example,b.example"},
		{"cn:Some One", "cn:Some One"},
		{"", ""},
		{"spiffe://cluster/*", NULL},
		{"spiffe://", NULL},
		{"dns:", NULL},
		{"dns:a.example,", NULL},
		{"dns:*.example", NULL},
		{"dns:a,,b", NULL},
		{"cn:", NULL},
		{"a.example", NULL},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char text[WEIR_TLS_ID_MAX + 1];
		struct weir_policy_identity got;
		bool good = weir_policy_identity_read(weir_bytes_str(rows[i].in), text, &got);

		ck_assert_msg(good == (rows[i].out != NULL), "%s", rows[i].in);
		if (good)
			ck_assert_str_eq(got.text, rows[i].out);
		if (good)
			ck_assert_int_eq(got.state,
					 *rows[i].out ? WEIR_IDENTITY_GOOD : WEIR_IDENTITY_MISSING);
	}
}
END_TEST

#define NO_ID                                                                              \
	" is no SPIFFE ID (spiffe://domain/path), or one in which '*' stands for a whole " \
	"segment of the path\n"
#define NO_CN                                                                                  \
	" is no common name behind \"cn:\": 1 to 64 characters from ' ' to '~', without '*', " \
	"for it is compared as it is\n"

START_TEST(what_is_no_identity_is_refused_at_its_place)
{
	static const struct bad_row rows[] = {
		{BEGIN "identities: [] }\n",
		 "t:4:15: error: identities is empty: nobody could come; 'any' is whoever shows a "
		 "good certificate\n"},
		{BEGIN "identities: [ 'web.shop' ] }\n",
		 "t:4:17: error: 'web.shop' is no identity: spiffe://domain/path, dns:NAME, "
		 "cn:NAME or any\n"},
		{BEGIN "identities: 'spiffe://a/b*' }\n", "t:4:15: error: 'spiffe://a/b*'" NO_ID},
		{BEGIN "identities: 'spiffe://*/b' }\n", "t:4:15: error: 'spiffe://*/b'" NO_ID},
		{BEGIN "identities: 'spiffe://a/**' }\n", "t:4:15: error: 'spiffe://a/**'" NO_ID},
		{BEGIN "identities: 'spiffe://a/b/' }\n", "t:4:15: error: 'spiffe://a/b/'" NO_ID},
		{BEGIN "identities: 'spiffe://A/b' }\n", "t:4:15: error: 'spiffe://A/b'" NO_ID},
		{BEGIN "identities: 'spiffe://' }\n", "t:4:15: error: 'spiffe://'" NO_ID},
		{BEGIN "identities: 'spiffe://*' }\n", "t:4:15: error: 'spiffe://*'" NO_ID},
		{BEGIN "identities: 'spiffe://a' }\n",
		 "t:4:15: error: 'spiffe://a' has no path, so nobody has it; all of a trust domain "
		 "are spiffe://domain/*\n"},
		{BEGIN "identities: 'dns:a.*.b' }\n",
		 "t:4:15: error: 'dns:a.*.b' is no host's name, or \"*.\" and one, behind "
		 "\"dns:\"\n"},
		{BEGIN "identities: 'dns:' }\n",
		 "t:4:15: error: 'dns:' is no host's name, or \"*.\" and one, behind \"dns:\"\n"},
		{BEGIN "identities: 'cn:' }\n", "t:4:15: error: 'cn:'" NO_CN},
		{BEGIN "identities: 'cn:w*' }\n", "t:4:15: error: 'cn:w*'" NO_CN},
		{BEGIN "identities: any, protocol: udp }\n",
		 "t:4:20: error: names, tls and identities need 'protocol: tcp'\n"},
		{"kind: AccessPolicy\nmetadata: { name: p }\n"
		 "spec: { identities: any, action: deny }\n",
		 "t:3:9: error: identities needs 'action: allow': a client may well show another "
		 "certificate, or none\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(sixty_four_ways_to_place_stars_are_the_most)
{
	struct weir_buf yaml = {0};
	struct loaded l;

	weir_buf_str(&yaml, "kind: AccessPolicy\nmetadata: { name: p }\n"
			    "spec:\n  action: allow\n  identities:\n");
	for (unsigned int way = 0; way < 64; way++) {
		/* Without a star, and with each that a way has once more: neither counts. */
		weir_buf_printf(&yaml, "  - spiffe://t/n%u\n  - spiffe://t", way);
		for (unsigned int bit = 0; bit < 6; bit++)
			weir_buf_printf(&yaml, "/%s", way >> bit & 1 ? "*" : "x");
		weir_buf_str(&yaml, "/x\n  - spiffe://u/*/y\n");
	}
	l = load(yaml.ptr);
	ck_assert_ptr_nonnull(l.policy);
	unload(&l);
	weir_buf_str(&yaml, "  - spiffe://t/*\n");
	l = load(yaml.ptr);
	ck_assert_str_eq(l.text.ptr,
			 "t:198:5: error: 'spiffe://t/*' has '*' where none of the identities "
			 "before has it: 64 ways to place it are the most\n");
	unload(&l);
	weir_buf_fini(&yaml);
}
END_TEST

Suite *identities_suite(void)
{
	return WEIR_SUITE("policy identities", an_identity_fits_an_entry_or_the_next_rule_is_asked,
			  any_is_whoever_shows_a_good_certificate,
			  before_the_identity_is_known_the_handshake_is_all_that_is_allowed,
			  where_no_client_is_verified_nobody_is_who_a_rule_asks_for,
			  a_name_is_asked_for_first_and_both_must_fit,
			  what_an_earlier_rule_decides_asks_for_no_identity,
			  policies_on_trial_ask_for_identities_and_refuse_nothing,
			  explain_says_that_an_identity_decides_and_then_which,
			  what_a_certificate_might_say_is_read_into_its_one_form,
			  what_is_no_identity_is_refused_at_its_place,
			  sixty_four_ways_to_place_stars_are_the_most);
}
