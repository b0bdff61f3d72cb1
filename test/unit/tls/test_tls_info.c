/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told about a connection and its peer; clients' certificates among it. */
#include "conn_test.h"

#include <weir_tls_info.h>

#include <stdio.h>

struct meeting {
	struct weir_tls_server *server;
	struct peer peer;
	struct line line;
	struct weir_arena arena;
	struct weir_tls_info info;
	int rc;
};

/* A client that shows `cert`, or none, to a server that wants one so much. */
static void meet(struct meeting *m, enum weir_tls_verify_client verify, const struct pki_cert *cert,
		 uint16_t version)
{
	struct weir_tls_server_cfg cfg = server_cfg();

	cfg.verify_client = verify;
	cfg.client_roots = pki()->roots;
	*m = (struct meeting){.server = server_of(&cfg)};
	weir_arena_init(&m->arena, &weir_arena_malloc, 1 << 20);
	peer_init(&m->peer, false);
	SSL_CTX_set_max_proto_version(m->peer.ctx, version);
	if (cert)
		peer_show(&m->peer, cert);
	peer_start(&m->peer);
	SSL_set_tlsext_host_name(m->peer.ssl, "WWW.example.org");
	line_init(&m->line, accept_from(m->server), &m->peer);
	m->rc = line_shake(&m->line);
	if (m->rc == WEIR_TLS_DONE)
		ck_assert_int_eq(weir_tls_conn_info(m->line.us, &m->arena, &m->info), 0);
}

static void part(struct meeting *m)
{
	line_fini(&m->line);
	peer_fini(&m->peer);
	weir_tls_server_destroy(m->server);
	weir_arena_reset(&m->arena);
}

START_TEST(version_cipher_and_name_are_told)
{
	struct meeting m;

	meet(&m, WEIR_TLS_CLIENT_NONE, NULL, WEIR_TLS_1_3);
	ck_assert_uint_eq(m.info.version, WEIR_TLS_1_3);
	ck_assert_str_eq(m.info.cipher, "TLS_AES_128_GCM_SHA256");
	ck_assert(weir_bytes_is(m.info.sni, "WWW.example.org"));
	ck_assert_int_eq(m.info.alpn, -1);
	ck_assert(!m.info.has_cert && !m.info.verified && !m.info.resumed);
	part(&m);
	meet(&m, WEIR_TLS_CLIENT_NONE, NULL, WEIR_TLS_1_2);
	ck_assert_uint_eq(m.info.version, WEIR_TLS_1_2);
	ck_assert_str_eq(m.info.cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
	part(&m);
}
END_TEST

START_TEST(the_clients_certificate_is_told)
{
	for (uint16_t v = WEIR_TLS_1_2; v <= WEIR_TLS_1_3; v++) {
		struct meeting m;

		meet(&m, WEIR_TLS_CLIENT_REQUIRED, &pki()->client, v);
		ck_assert_int_eq(m.rc, WEIR_TLS_DONE);
		ck_assert(m.info.has_cert && m.info.verified);
		ck_assert(weir_bytes_is(m.info.subject, "CN=web"));
		ck_assert(weir_bytes_is(m.info.issuer, "CN=Test CA"));
		ck_assert(weir_bytes_is(m.info.spiffe, "spiffe://example.org/web"));
		ck_assert_uint_eq(m.info.n_sans, 1);
		ck_assert_mem_eq(m.info.sha256, weir_tls_cert_info(pki()->client_cert)->sha256, 32);
		part(&m);
	}
}
END_TEST

/* ---- who is let in ---- */

static const struct {
	struct pki_spec spec;
	bool stranger;
	enum weir_tls_error error;
	uint8_t alert;
} clients[] = {
	{{.name = "good", .usage = "clientAuth"}},
	{{.name = "any use"}},
	{{.name = "old", .from_days = -9, .until_days = -1}, false, WEIR_TLS_E_CERT_EXPIRED, 45},
	{{.name = "server", .usage = "serverAuth"}, false, WEIR_TLS_E_CERT_BAD, 43},
	{{.name = "stranger"}, true, WEIR_TLS_E_CERT_ISSUER, 48},
};

START_TEST(a_client_that_shows_something_bad_is_refused_even_where_none_is_demanded)
{
	struct pki_cert ca = pki_make(&(struct pki_spec){.name = "Strange CA", .ca = true});

	for (unsigned int i = 0; i < 4 * WEIR_ARRAY_LEN(clients); i++) {
		enum weir_tls_verify_client verify =
			i & 1 ? WEIR_TLS_CLIENT_OPTIONAL : WEIR_TLS_CLIENT_REQUIRED;
		enum weir_tls_error error = clients[i / 4].error;
		struct pki_spec spec = clients[i / 4].spec;
		struct pki_cert cert;
		struct meeting m;

		spec.issuer = clients[i / 4].stranger ? &ca : &pki()->ca;
		cert = pki_make(&spec);
		meet(&m, verify, &cert, i & 2 ? WEIR_TLS_1_3 : WEIR_TLS_1_2);
		ck_assert_msg(m.rc == (error ? -(int)error : WEIR_TLS_DONE), "%s: %d", spec.name,
			      m.rc);
		if (error)
			ck_assert_uint_eq(weir_tls_conn_failure(m.line.us).alert_sent,
					  clients[i / 4].alert);
		part(&m);
		pki_fini(&cert);
	}
	pki_fini(&ca);
}
END_TEST

START_TEST(a_client_without_a_certificate_is_refused_where_one_is_demanded)
{
	for (uint16_t v = WEIR_TLS_1_2; v <= WEIR_TLS_1_3; v++) {
		struct meeting m;

		meet(&m, WEIR_TLS_CLIENT_REQUIRED, NULL, v);
		ck_assert_tls_error(m.rc, WEIR_TLS_E_CERT_MISSING);
		part(&m);
		meet(&m, WEIR_TLS_CLIENT_OPTIONAL, NULL, v);
		ck_assert_int_eq(m.rc, WEIR_TLS_DONE);
		ck_assert(!m.info.has_cert && !m.info.verified);
		part(&m);
	}
}
END_TEST

/* ---- names in certificates ---- */

static const struct {
	const char *sans, *spiffe;
	unsigned int n_sans;
} names[] = {
	{"URI:spiffe://example.org/ns/a/sa/b", "spiffe://example.org/ns/a/sa/b", 1},
	{"URI:spiffe://example.org", "spiffe://example.org", 1},
	{"URI:spiffe://a_b-c.1/X.y", "spiffe://a_b-c.1/X.y", 1},
	{"URI:SPIFFE://example.org/a", "SPIFFE://example.org/a", 1},
	{"DNS:a.example.org,URI:spiffe://example.org/a", "spiffe://example.org/a", 2},
	{"URI:spiffe://example.org/a,URI:spiffe://example.org/b", "", 2},
	{"URI:spiffe://example.org/a,URI:http://example.org/", "", 2},
	{"URI:http://example.org/a", "", 1},
	{"URI:spiffe://", "", 1},
	{"URI:spiffe:///a", "", 1},
	{"URI:spiffe://example.org/", "", 1},
	{"URI:spiffe://example.org//a", "", 1},
	{"URI:spiffe://example.org/./a", "", 1},
	{"URI:spiffe://example.org/..", "", 1},
	{"URI:spiffe://EXAMPLE.org/a", "", 1},
	{"URI:spiffe://example.org:80/a", "", 1},
	{"URI:spiffe://u@example.org/a", "", 1},
	{"URI:spiffe://example.org/a?b", "", 1},
	{"URI:spiffe://example.org/a#b", "", 1},
	{"URI:spiffe://example.org/%61", "", 1},
	{"email:a@example.org,IP:192.0.2.1,IP:2001:db8::1,RID:1.2.3", "", 3},
};

START_TEST(an_identity_is_one_well_formed_uri)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(names); i++) {
		struct pki_cert cert = pki_make(&(struct pki_spec){
			.name = "c", .sans = names[i].sans, .issuer = &pki()->ca});
		struct meeting m;

		meet(&m, WEIR_TLS_CLIENT_REQUIRED, &cert, WEIR_TLS_1_3);
		ck_assert_int_eq(m.rc, WEIR_TLS_DONE);
		ck_assert_msg(weir_bytes_is(m.info.spiffe, names[i].spiffe), "%s", names[i].sans);
		ck_assert_msg(m.info.n_sans == names[i].n_sans, "%s", names[i].sans);
		part(&m);
		pki_fini(&cert);
	}
}
END_TEST

START_TEST(names_of_every_kind_are_told_as_text)
{
	static const struct {
		enum weir_tls_san_kind kind;
		const char *text;
	} expected[] = {{WEIR_TLS_SAN_DNS, "a.example.org"},
			{WEIR_TLS_SAN_IP, "192.0.2.1"},
			{WEIR_TLS_SAN_IP, "2001:db8::1"},
			{WEIR_TLS_SAN_EMAIL, "a@example.org"},
			{WEIR_TLS_SAN_URI, "urn:a"}};
	struct pki_cert cert =
		pki_make(&(struct pki_spec){.name = "c",
					    .sans = "DNS:a.example.org,IP:192.0.2.1,IP:2001:db8::1,"
						    "email:a@example.org,URI:urn:a",
					    .issuer = &pki()->ca});
	struct meeting m;

	meet(&m, WEIR_TLS_CLIENT_REQUIRED, &cert, WEIR_TLS_1_3);
	ck_assert_uint_eq(m.info.n_sans, WEIR_ARRAY_LEN(expected));
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(expected); i++) {
		ck_assert_int_eq(m.info.sans[i].kind, expected[i].kind);
		ck_assert(weir_bytes_is(m.info.sans[i].text, expected[i].text));
	}
	part(&m);
	pki_fini(&cert);
}
END_TEST

/* A second URI behind all that is told still makes it no identity. */
START_TEST(a_hundred_names_hide_nothing)
{
	struct weir_buf sans = {0};
	struct pki_cert cert;
	struct meeting m;

	weir_buf_str(&sans, "URI:spiffe://example.org/a");
	for (unsigned int i = 0; i < 100; i++)
		weir_buf_printf(&sans, ",DNS:n%u.example.org", i);
	weir_buf_str(&sans, ",URI:spiffe://example.org/b");
	cert = pki_make(&(struct pki_spec){.name = "c", .sans = sans.ptr, .issuer = &pki()->ca});
	meet(&m, WEIR_TLS_CLIENT_REQUIRED, &cert, WEIR_TLS_1_3);
	ck_assert_uint_eq(m.info.n_sans, WEIR_TLS_SANS_MAX);
	ck_assert_uint_eq(m.info.spiffe.len, 0);
	part(&m);
	pki_fini(&cert);
	weir_buf_fini(&sans);
}
END_TEST

START_TEST(control_characters_of_a_certificate_are_told_by_nobody)
{
	struct pki_cert cert = pki_make(&(struct pki_spec){
		.name = "a\nb\x01,c", .sans = "URI:a\tb,DNS:c.example.org", .issuer = &pki()->ca});
	struct meeting m;

	meet(&m, WEIR_TLS_CLIENT_REQUIRED, &cert, WEIR_TLS_1_3);
	ck_assert_uint_eq(m.info.n_sans, 1);
	ck_assert(weir_bytes_is(m.info.subject, "CN=a\\0Ab\\01\\,c"));
	part(&m);
	pki_fini(&cert);
}
END_TEST

START_TEST(an_arena_that_is_full_is_told)
{
	struct weir_arena none;
	struct weir_tls_info info;
	struct meeting m;

	weir_arena_init(&none, &weir_arena_malloc, 16);
	meet(&m, WEIR_TLS_CLIENT_REQUIRED, &pki()->client, WEIR_TLS_1_3);
	ck_assert_int_eq(weir_tls_conn_info(m.line.us, &none, &info), -WEIR_TLS_E_MEMORY);
	part(&m);
}
END_TEST

/* A client of ours shows its certificate to a server that asks. */
START_TEST(a_client_shows_its_certificate)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *c;
	struct peer p;
	struct line l;

	cfg.cert = pki()->client_cert;
	c = client_of(&cfg);
	peer_init(&p, true);
	peer_show(&p, &pki()->ec);
	SSL_CTX_set_verify(p.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_load_verify_file(p.ctx, pki()->ca.chain);
	peer_start(&p);
	line_init(&l, connect_to(c, "www.example.org"), &p);
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	ck_assert_int_eq(SSL_is_init_finished(p.ssl), 1);
	ck_assert_int_eq(SSL_get_verify_result(p.ssl), X509_V_OK);
	ck_assert_ptr_nonnull(SSL_get0_peer_certificate(p.ssl));
	line_fini(&l);
	peer_fini(&p);
	weir_tls_client_destroy(c);
}
END_TEST

Suite *info_suite(void)
{
	return WEIR_SUITE("tls info", version_cipher_and_name_are_told,
			  the_clients_certificate_is_told,
			  a_client_that_shows_something_bad_is_refused_even_where_none_is_demanded,
			  a_client_without_a_certificate_is_refused_where_one_is_demanded,
			  an_identity_is_one_well_formed_uri, names_of_every_kind_are_told_as_text,
			  a_hundred_names_hide_nothing,
			  control_characters_of_a_certificate_are_told_by_nobody,
			  an_arena_that_is_full_is_told, a_client_shows_its_certificate);
}
