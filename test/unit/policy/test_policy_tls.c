/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <weir_tls_record.h>

#define AT                                                 \
	"kind: Service\nmetadata: { name: shop }\nspec:\n" \
	"  addresses: 10.0.0.1\n  ports: 443\n  protocol: "
#define HTTP AT "http\n  tls: "
#define CERT "certificates: [ { certificate: a.pem } ]"

static const struct weir_service *shop(const struct loaded *l)
{
	struct weir_addr a = weir_addr_v4(0x0a000001);
	const struct weir_service *s = weir_policy_service(l->policy, &a, 443);

	ck_assert_ptr_nonnull(s);
	return s;
}

START_TEST(what_tls_does_not_say_has_its_default)
{
	struct loaded l = load(HTTP "{ mode: terminate, " CERT " }\n");
	const struct weir_service_tls *t;

	ck_assert_uint_eq(weir_policy_tls_count(l.policy), 1);
	ck_assert_uint_eq(shop(&l)->tls, 0);
	t = weir_policy_tls(l.policy, 0);
	ck_assert(t->http && !t->upstream_tls && !t->sni_strict && !t->has_cert);
	ck_assert_uint_eq(t->n_certs, 1);
	ck_assert_ptr_null(t->certs[0].files.key);
	ck_assert_uint_eq(t->min_version, WEIR_TLS_1_2);
	ck_assert_uint_eq(t->handshake_timeout_ns, 10 * WEIR_NS_PER_S);
	ck_assert_int_eq(t->verify_client, WEIR_TLS_CLIENT_NONE);
	ck_assert_ptr_null(t->ciphers12);
	ck_assert_ptr_null(t->groups);
	unload(&l);
}
END_TEST

START_TEST(every_key_of_tls_is_read)
{
	struct loaded l = load(
		HTTP "\n"
		     "    mode: terminate\n"
		     "    certificates: [ { certificate: /a.pem, key: /a.key, ocsp: /a.der },\n"
		     "                    { certificate: /b.pem } ]\n"
		     "    minVersion: '1.3'\n"
		     "    ciphers: [ ECDHE-RSA-AES128-GCM-SHA256, TLS_AES_128_GCM_SHA256,\n"
		     "               ECDHE-RSA-AES256-GCM-SHA384 ]\n"
		     "    groups: [ P-256, X25519 ]\n"
		     "    strictSni: true\n"
		     "    handshakeTimeout: 3s\n"
		     "    client: { verify: optional, ca: /clients.pem, crl: /list.pem }\n"
		     "    upstream: { mode: tls, verify: ca, ca: /certs/, name: back.example,\n"
		     "                certificate: { certificate: /me.pem, key: /me.key } }\n");
	const struct weir_service_tls *t = weir_policy_tls(l.policy, 0);

	ck_assert_uint_eq(t->n_certs, 2);
	ck_assert_str_eq(t->certs[0].files.chain, "/a.pem");
	ck_assert_str_eq(t->certs[0].files.key, "/a.key");
	ck_assert_str_eq(t->certs[0].files.ocsp, "/a.der");
	ck_assert_uint_eq(t->certs[1].pos.line, 10);
	ck_assert_uint_eq(t->min_version, WEIR_TLS_1_3);
	ck_assert_str_eq(t->ciphers12, "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384");
	ck_assert_str_eq(t->ciphers13, "TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(t->groups, "P-256:X25519");
	ck_assert(t->sni_strict && t->upstream_tls && t->has_cert);
	ck_assert_uint_eq(t->handshake_timeout_ns, 3 * WEIR_NS_PER_S);
	ck_assert_int_eq(t->verify_client, WEIR_TLS_CLIENT_OPTIONAL);
	ck_assert_str_eq(t->client_roots.file, "/clients.pem");
	ck_assert_str_eq(t->client_roots.crl, "/list.pem");
	ck_assert_int_eq(t->verify, WEIR_TLS_VERIFY_CA);
	ck_assert_str_eq(t->roots.folder, "/certs/");
	ck_assert(!t->roots.system);
	ck_assert_str_eq(t->name, "back.example");
	ck_assert_str_eq(t->cert.files.chain, "/me.pem");
	unload(&l);
}
END_TEST

START_TEST(without_a_ca_servers_are_known_by_the_systems)
{
	struct loaded l = load(HTTP "{ mode: terminate, " CERT ", upstream: { mode: tls } }\n");
	const struct weir_service_tls *t = weir_policy_tls(l.policy, 0);

	ck_assert(t->upstream_tls && t->roots.system);
	ck_assert_int_eq(t->verify, WEIR_TLS_VERIFY_FULL);
	unload(&l);
}
END_TEST

/* What explain says of the service behind its protocol. */
static void explains(const char *tls, const char *wanted)
{
	struct loaded l = load(tls);
	struct weir_policy_query q = query("10.1.0.1", "10.0.0.1", 6, 443);
	struct weir_buf out = {0};
	struct weir_json j = weir_json_into(&out);
	const char *said;

	weir_policy_explain(l.policy, &(struct weir_policy_explaining){.q = &q, .names = l.names},
			    &j, NULL);
	said = strstr(out.ptr, "\"protocol\":\"");
	ck_assert_ptr_nonnull(said);
	said = strchr(said + strlen("\"protocol\":\""), '"') + 1;
	ck_assert_msg(strncmp(said, wanted, strlen(wanted)) == 0, "%s", said);
	weir_buf_fini(&out);
	unload(&l);
}

START_TEST(explain_tells_what_is_done_about_tls)
{
	explains(AT "tcp\n  tls: { mode: passthrough }\n",
		 ",\"tls\":{\"mode\":\"passthrough\"}},\"decision\"");
	explains(HTTP "{ mode: terminate, certificates: [ { certificate: /a.pem } ] }\n",
		 ",\"tls\":{\"mode\":\"terminate\",\"certificates\":[\"/a.pem\"],"
		 "\"min_version\":\"1.2\",\"client_certificate\":\"none\","
		 "\"upstream\":\"plain\"}},\"decision\"");
	explains(
		HTTP
		"{ mode: terminate, certificates: [ { certificate: /a.pem } ], minVersion: '1.3',\n"
		"    client: { verify: required, ca: /c.pem },\n"
		"    upstream: { mode: tls, verify: ca, ca: /b.pem, name: back.example } }\n",
		",\"tls\":{\"mode\":\"terminate\",\"certificates\":[\"/a.pem\"],"
		"\"min_version\":\"1.3\",\"client_certificate\":\"required\","
		"\"upstream\":\"tls\",\"verify\":\"ca\","
		"\"server_name\":\"back.example\"}},\"decision\"");
}
END_TEST

START_TEST(what_goes_to_such_a_service_is_marked)
{
	struct loaded l =
		load("kind: Defaults\nmetadata: { name: d }\n"
		     "spec: { unmatched: allow }\n---\n" HTTP "{ mode: terminate, " CERT " }\n");
	const uint8_t both = WEIR_DECISION_TLS | WEIR_DECISION_INSPECT;

	ck_assert_uint_eq(decide(&l, "10.0.0.2", "10.0.0.1", TCP, 443).flags, both);
	ck_assert_uint_eq(decide(&l, "10.0.0.2", "10.0.0.1", TCP, 444).flags, 0);
	ck_assert_uint_eq(decide(&l, "10.0.0.2", "10.0.0.1", UDP, 443).flags, 0);
	unload(&l);
}
END_TEST

START_TEST(what_is_passed_through_is_not_marked)
{
	struct loaded l =
		load("kind: Defaults\nmetadata: { name: d }\n"
		     "spec: { unmatched: allow }\n---\n" AT "tcp\n  tls: { mode: passthrough }\n");

	ck_assert_uint_eq(weir_policy_tls_count(l.policy), 0);
	ck_assert_uint_eq(shop(&l)->tls, WEIR_NO_TLS);
	ck_assert_uint_eq(decide(&l, "10.0.0.2", "10.0.0.1", TCP, 443).flags, 0);
	unload(&l);
}
END_TEST

START_TEST(what_is_wrong_with_tls_is_told_with_its_place)
{
	static const struct bad_row rows[] = {
		{HTTP "{ }\n", "t:7:8: error: 'mode' is missing\n"},
		{HTTP "{ mode: terminte, " CERT " }\n",
		 "t:7:16: error: mode cannot be 'terminte', did you mean 'terminate'?\n"},
		{HTTP "{ mode: terminate }\n", "t:7:8: error: 'certificates' is missing\n"},
		{HTTP "{ mode: terminate, certificates: [] }\n",
		 "t:7:41: error: certificates has 0, it takes 1 to 256\n"},
		{HTTP "{ mode: terminate, certificates: [ { key: a } ] }\n",
		 "t:7:43: error: 'certificate' is missing\n"},
		{HTTP "{ mode: terminate, certificates: [ { certificate: '' } ] }\n",
		 "t:7:58: error: an empty path\n"},
		{HTTP "{ mode: terminate, " CERT ", minVersion: '1.1' }\n",
		 "t:7:81: error: minVersion cannot be '1.1', did you mean '1.2'?\n"},
		{HTTP "{ mode: terminate, " CERT ", client: { verify: required } }\n",
		 "t:7:77: error: verify 'required' needs a ca\n"},
		{HTTP "{ mode: terminate, " CERT ", upstream: { mode: tsl } }\n",
		 "t:7:87: error: mode cannot be 'tsl', did you mean 'tls'?\n"},
		{HTTP "{ mode: terminate, " CERT ", ciphers: [] }\n",
		 "t:7:78: error: ciphers is empty\n"},
		{HTTP "{ mode: terminate, " CERT ", groups: [ P-256, 'X25519:P-384' ] }\n",
		 "t:7:86: error: 'X25519:P-384' is no name of an algorithm\n"},
		{HTTP "{ mode: terminate, " CERT ", handshakeTimeout: 1ms }\n",
		 "t:7:87: error: handshakeTimeout must lie between 100ms and 5m, not 1ms\n"},
		{HTTP "{ mode: passthrough }\n",
		 "t:7:3: error: what is passed through cannot be read as HTTP: passthrough needs "
		 "'protocol: tcp'\n"},
		{AT "tcp\n  tls: { mode: passthrough, " CERT " }\n",
		 "t:7:29: error: unknown key 'certificates'\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *tls_suite(void)
{
	return WEIR_SUITE(
		"policy tls", what_tls_does_not_say_has_its_default, every_key_of_tls_is_read,
		without_a_ca_servers_are_known_by_the_systems, explain_tells_what_is_done_about_tls,
		what_goes_to_such_a_service_is_marked, what_is_passed_through_is_not_marked,
		what_is_wrong_with_tls_is_told_with_its_place);
}
