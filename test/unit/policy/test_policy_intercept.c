/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#define BEGIN "kind: EgressPolicy\nmetadata: { name: out }\nspec:\n  from: 10.0.0.0/8\n"
#define CA    "  intercept:\n    certificateAuthority: { certificate: /ca.pem, key: /ca.key }\n"

static struct weir_policy_decision asked(const struct loaded *l, enum weir_name_state state,
					 const char *text)
{
	struct weir_policy_query q = query("10.1.0.1", "192.0.2.1", TCP, 443);
	struct weir_policy_name name = {.state = state, .text = text};
	struct weir_policy_decision d;

	weir_policy_decide_name(l->policy, &q, &name, &d);
	return d;
}

START_TEST(what_fits_is_opened_unless_its_name_is_to_be_left_alone)
{
	struct loaded l = load_good(
		BEGIN CA "    bypass:\n"
			 "      - { names: [ bank.example, '*.bank.example' ], reason: private }\n"
			 "      - { names: [ app.example, www.bank.example ], reason: pinned }\n"
			 "      - { names: [ '*.example', app.example ], reason: last }\n"
			 "  allow:\n"
			 "    - { name: quiet, names: quiet.example }\n"
			 "    - { name: all, ports: 443, tls: intercept }\n");
	const struct {
		enum weir_name_state state;
		const char *name;
		const char *rule;
		const char *bypass; /* NULL: opened; "": not, and for no reason */
	} rows[] = {
		{WEIR_NAME_GOOD, "a.org", "all", NULL},
		{WEIR_NAME_GOOD, "bank.example", "all", "private"},
		{WEIR_NAME_GOOD, "www.bank.example", "all", "private"},
		{WEIR_NAME_GOOD, "app.example", "all", "pinned"},
		{WEIR_NAME_GOOD, "x.app.example", "all", "last"},
		{WEIR_NAME_GOOD, "example", "all", NULL},
		{WEIR_NAME_GOOD, "quiet.example", "quiet", ""},
		{WEIR_NAME_MISSING, NULL, "all", NULL},
		{WEIR_NAME_BAD, NULL, "otherwise", ""},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_policy_decision d = asked(&l, rows[i].state, rows[i].name);
		bool opened = rows[i].bypass == NULL;

		ck_assert_str_eq(weir_names_get(l.names, d.rule), rows[i].rule);
		ck_assert_int_eq((d.flags & WEIR_DECISION_INTERCEPT) != 0, opened);
		ck_assert_int_eq((d.flags & WEIR_DECISION_INSPECT) != 0, opened);
		ck_assert_uint_eq(d.intercept, opened ? 0 : WEIR_NO_TLS);
		if (rows[i].bypass && *rows[i].bypass)
			ck_assert_str_eq(weir_names_get(l.names, d.bypass), rows[i].bypass);
		else
			ck_assert_uint_eq(d.bypass, 0);
	}
	unload(&l);
}
END_TEST

START_TEST(every_key_of_intercept_is_read)
{
	struct loaded l = load_good(
		BEGIN CA "    upstream: { verify: ca, ca: /roots.pem, crl: /list.pem }\n"
			 "    handshakeTimeout: 3s\n"
			 "  allow: [ { tls: intercept } ]\n"
			 "---\nkind: AccessPolicy\nmetadata: { name: in }\nspec:\n" CA
			 "  rules: [ { from: 192.0.2.1, action: allow, tls: intercept } ]\n");
	const struct weir_service_tls *t = weir_policy_tls(l.policy, 0);

	ck_assert_uint_eq(weir_policy_tls_count(l.policy), 2);
	ck_assert(t->intercepts && t->upstream_tls && !t->http && !t->roots.system);
	ck_assert_str_eq(weir_names_get(l.names, t->service), "out");
	ck_assert_str_eq(t->authority.files.chain, "/ca.pem");
	ck_assert_str_eq(t->authority.files.key, "/ca.key");
	ck_assert_int_eq(t->verify, WEIR_TLS_VERIFY_CA);
	ck_assert_str_eq(t->roots.file, "/roots.pem");
	ck_assert_str_eq(t->roots.crl, "/list.pem");
	ck_assert_uint_eq(t->handshake_timeout_ns, 3 * WEIR_NS_PER_S);
	t = weir_policy_tls(l.policy, 1);
	ck_assert_str_eq(weir_names_get(l.names, t->service), "in");
	ck_assert(t->roots.system && t->intercepts);
	ck_assert_int_eq(t->verify, WEIR_TLS_VERIFY_FULL);
	ck_assert_uint_eq(t->handshake_timeout_ns, 10 * WEIR_NS_PER_S);
	unload(&l);
}
END_TEST

START_TEST(what_cannot_be_opened_so_is_refused_at_its_place)
{
	static const struct bad_row rows[] = {
		{BEGIN "  allow: [ { tls: intercept } ]\n",
		 "t:5:14: error: 'tls: intercept' needs the policy's "
		 "intercept.certificateAuthority\n"},
		{BEGIN "  intercept: {}\n", "t:5:14: error: 'certificateAuthority' is missing\n"},
		{BEGIN "  intercept: { certificateAuthority: { key: k } }\n",
		 "t:5:38: error: 'certificate' is missing\n"},
		{BEGIN CA "    bypass: [ { names: a.example } ]\n",
		 "t:7:15: error: 'reason' is missing\n"},
		{BEGIN CA "    bypass: [ { names: a.example, reason: '' } ]\n",
		 "t:7:43: error: an empty reason: records and people are told it\n"},
		{BEGIN CA "    bypass: [ { names: [], reason: x } ]\n",
		 "t:7:24: error: names is empty: nobody could be asked for\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *intercept_suite(void)
{
	return WEIR_SUITE(
		"policy intercept", what_fits_is_opened_unless_its_name_is_to_be_left_alone,
		every_key_of_intercept_is_read, what_cannot_be_opened_so_is_refused_at_its_place);
}
