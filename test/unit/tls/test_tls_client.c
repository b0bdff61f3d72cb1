/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client finds wrong with servers' certificates, and the sessions that it keeps. */
#include "conn_test.h"

#include <stdio.h>

#include <openssl/pem.h>

#define NAME "www.example.org"

/* ---- verification ---- */

struct server_case {
	const char *what;
	struct pki_spec spec;
	const char *name; /* asked for; NULL: NAME */
	bool stranger;    /* its issuer is trusted by nobody */
	enum weir_tls_error full, ca;
	uint8_t alert; /* where OpenSSL sends another than the error's; 0: the error's */
};

static const struct server_case cases[] = {
	{"good", {.sans = "DNS:" NAME}},
	{"wildcard", {.sans = "DNS:*.example.org"}},
	{"upper case", {.sans = "DNS:WWW.example.ORG"}},
	{"root's dot", {.sans = "DNS:" NAME}, NAME "."},
	{"common name", {.name = NAME}},
	{"address", {.sans = "IP:192.0.2.7"}, "192.0.2.7"},
	{"address of six", {.sans = "IP:2001:db8::7"}, "2001:db8::7"},
	{"another name", {.sans = "DNS:www.example.net"}, .full = WEIR_TLS_E_CERT_NAME},
	{"SAN before CN",
	 {.name = NAME, .sans = "DNS:www.example.net"},
	 .full = WEIR_TLS_E_CERT_NAME},
	{"wildcard of two labels",
	 {.sans = "DNS:*.example.org"},
	 "a.b.example.org",
	 .full = WEIR_TLS_E_CERT_NAME},
	{"partial wildcard", {.sans = "DNS:w*.example.org"}, .full = WEIR_TLS_E_CERT_NAME},
	{"another address", {.sans = "IP:192.0.2.7"}, "192.0.2.8", .full = WEIR_TLS_E_CERT_NAME},
	{"address as name", {.sans = "DNS:192.0.2.8"}, "192.0.2.8", .full = WEIR_TLS_E_CERT_NAME},
	{"expired",
	 {.sans = "DNS:" NAME, .from_days = -9, .until_days = -1},
	 .full = WEIR_TLS_E_CERT_EXPIRED,
	 .ca = WEIR_TLS_E_CERT_EXPIRED},
	{"not yet valid",
	 {.sans = "DNS:" NAME, .from_days = 1, .until_days = 9},
	 .full = WEIR_TLS_E_CERT_EXPIRED,
	 .ca = WEIR_TLS_E_CERT_EXPIRED,
	 .alert = 42},
	{"unknown issuer",
	 {.sans = "DNS:" NAME},
	 .stranger = true,
	 .full = WEIR_TLS_E_CERT_ISSUER,
	 .ca = WEIR_TLS_E_CERT_ISSUER},
	{"for clients only",
	 {.sans = "DNS:" NAME, .usage = "clientAuth"},
	 .full = WEIR_TLS_E_CERT_BAD,
	 .ca = WEIR_TLS_E_CERT_BAD,
	 .alert = 43},
};

/* Asks a peer that shows `cert` for `name`. */
static int meet(struct weir_tls_client *c, const struct pki_cert *cert, const char *name,
		uint16_t version, struct weir_tls_failure *failure)
{
	struct peer p;
	struct line l;
	int rc;

	peer_init(&p, true);
	SSL_CTX_set_max_proto_version(p.ctx, version);
	peer_show(&p, cert);
	peer_start(&p);
	line_init(&l, connect_to(c, name), &p);
	rc = line_shake(&l);
	*failure = weir_tls_conn_failure(l.us);
	if (rc < 0) {
		ck_assert_tls_error(weir_tls_handshake(l.us, NULL, 0, &(size_t){0}, &l.writer),
				    (enum weir_tls_error) - rc);
		ck_assert_str_ne(failure->detail, "");
	}
	line_fini(&l);
	peer_fini(&p);
	return rc;
}

static void expect(const struct server_case *k, const struct pki_cert *cert,
		   enum weir_tls_verify verify, enum weir_tls_error error)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *c;

	cfg.verify = verify;
	c = client_of(&cfg);
	for (uint16_t v = WEIR_TLS_1_2; v <= WEIR_TLS_1_3; v++) {
		struct weir_tls_failure f;
		int rc = meet(c, cert, k->name ? k->name : NAME, v, &f);

		ck_assert_msg(rc == (error ? -(int)error : WEIR_TLS_DONE), "%s: %s instead of %s",
			      k->what,
			      rc < 0 ? weir_tls_error_name((enum weir_tls_error) - rc) : "",
			      weir_tls_error_name(error));
		ck_assert_uint_eq(f.alert_sent, !error     ? WEIR_TLS_NO_ALERT
						: k->alert ? k->alert
							   : weir_tls_error_alert(error));
	}
	weir_tls_client_destroy(c);
}

START_TEST(each_thing_wrong_with_a_server_has_its_name_and_alert)
{
	struct pki_cert stranger = pki_make(&(struct pki_spec){.name = "Strange CA", .ca = true});

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
		struct pki_spec spec = cases[i].spec;
		struct pki_cert cert;

		spec.name = spec.name ? spec.name : "server";
		spec.issuer = cases[i].stranger ? &stranger : &pki()->ca;
		cert = pki_make(&spec);
		expect(&cases[i], &cert, WEIR_TLS_VERIFY_FULL, cases[i].full);
		expect(&cases[i], &cert, WEIR_TLS_VERIFY_CA, cases[i].ca);
		expect(&cases[i], &cert, WEIR_TLS_VERIFY_NONE, WEIR_TLS_OK);
		pki_fini(&cert);
	}
	pki_fini(&stranger);
}
END_TEST

START_TEST(a_self_signed_certificate_is_told_from_an_unknown_issuer)
{
	const struct server_case alone = {.what = "alone"}, shown = {.what = "root is shown"};
	struct pki_spec spec = {.name = NAME, .sans = "DNS:" NAME};
	struct pki_cert root = pki_make(&(struct pki_spec){.name = "Strange CA", .ca = true});
	struct pki_cert cert = pki_make(&spec);
	FILE *f;

	expect(&alone, &cert, WEIR_TLS_VERIFY_FULL, WEIR_TLS_E_CERT_SELF_SIGNED);
	expect(&alone, &cert, WEIR_TLS_VERIFY_CA, WEIR_TLS_E_CERT_SELF_SIGNED);
	pki_fini(&cert);
	spec.issuer = &root;
	cert = pki_make(&spec);
	f = fopen(cert.chain, "a");
	ck_assert_ptr_nonnull(f);
	PEM_write_X509(f, root.x509);
	fclose(f);
	expect(&shown, &cert, WEIR_TLS_VERIFY_FULL, WEIR_TLS_E_CERT_SELF_SIGNED);
	pki_fini(&cert);
	pki_fini(&root);
}
END_TEST

/* An authority that stands between: shown by the server, or missing; or itself what is trusted. */
START_TEST(chains_are_built_from_what_is_shown_and_end_at_what_is_trusted)
{
	const struct server_case k = {.what = "chain"};
	struct pki_cert between =
		pki_make(&(struct pki_spec){.name = "Between", .ca = true, .issuer = &pki()->ca});
	struct pki_cert cert = pki_make(
		&(struct pki_spec){.name = "server", .sans = "DNS:" NAME, .issuer = &between});
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_buf why = {0};
	struct weir_tls_roots *roots;
	struct weir_tls_client *c;
	struct weir_tls_failure failure;
	FILE *f;

	expect(&k, &cert, WEIR_TLS_VERIFY_FULL, WEIR_TLS_OK);
	f = fopen(cert.chain, "w");
	ck_assert_ptr_nonnull(f);
	PEM_write_X509(f, cert.x509);
	fclose(f);
	expect(&k, &cert, WEIR_TLS_VERIFY_FULL, WEIR_TLS_E_CERT_ISSUER);
	roots = weir_tls_roots_load(&(struct weir_tls_roots_files){.file = between.chain}, &why);
	ck_assert_msg(roots, "%s", why.ptr);
	cfg.roots = roots;
	c = client_of(&cfg);
	ck_assert_int_eq(meet(c, &cert, NAME, WEIR_TLS_1_3, &failure), WEIR_TLS_DONE);
	weir_tls_client_destroy(c);
	weir_tls_roots_destroy(roots);
	pki_fini(&cert);
	pki_fini(&between);
}
END_TEST

static int meet_with_crl(const struct pki_cert *cert, const char *crl, uint8_t *alert)
{
	const struct weir_tls_roots_files files = {.file = pki()->ca.chain, .crl = crl};
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_buf why = {0};
	struct weir_tls_roots *roots = weir_tls_roots_load(&files, &why);
	struct weir_tls_client *c;
	struct weir_tls_failure failure;
	int rc;

	ck_assert_msg(roots, "%s", why.ptr);
	cfg.roots = roots;
	c = client_of(&cfg);
	rc = meet(c, cert, NAME, WEIR_TLS_1_3, &failure);
	*alert = failure.alert_sent;
	weir_tls_client_destroy(c);
	weir_tls_roots_destroy(roots);
	return rc;
}

START_TEST(revocation_lists_are_kept_to_and_must_be_there)
{
	const struct pki *p = pki();
	struct pki_cert other = pki_make(&(struct pki_spec){.name = "Other CA", .ca = true});
	uint8_t alert;

	pki_crl(pki_path("revoked.crl"), &p->ca, &p->ec, 3600);
	pki_crl(pki_path("empty.crl"), &p->ca, NULL, 3600);
	pki_crl(pki_path("old.crl"), &p->ca, NULL, -60);
	pki_crl(pki_path("others.crl"), &other, NULL, 3600);
	ck_assert_tls_error(meet_with_crl(&p->ec, pki_path("revoked.crl"), &alert),
			    WEIR_TLS_E_CERT_REVOKED);
	ck_assert_uint_eq(alert, 44);
	ck_assert_int_eq(meet_with_crl(&p->rsa, pki_path("revoked.crl"), &alert), WEIR_TLS_DONE);
	ck_assert_int_eq(meet_with_crl(&p->ec, pki_path("empty.crl"), &alert), WEIR_TLS_DONE);
	ck_assert_tls_error(meet_with_crl(&p->ec, pki_path("old.crl"), &alert),
			    WEIR_TLS_E_CERT_CRL);
	ck_assert_tls_error(meet_with_crl(&p->ec, pki_path("others.crl"), &alert),
			    WEIR_TLS_E_CERT_CRL);
	pki_fini(&other);
}
END_TEST

START_TEST(without_a_name_only_the_chain_can_be_verified)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *c = client_of(&cfg);
	struct weir_tls_failure failure;
	char too_long[300];

	memset(too_long, 'a', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	ck_assert_ptr_null(connect_to(c, NULL));
	ck_assert_ptr_null(connect_to(c, ""));
	ck_assert_ptr_null(connect_to(c, "."));
	ck_assert_ptr_null(connect_to(c, too_long));
	weir_tls_client_destroy(c);
	cfg.verify = WEIR_TLS_VERIFY_CA;
	c = client_of(&cfg);
	ck_assert_int_eq(meet(c, &pki()->ec, NULL, WEIR_TLS_1_3, &failure), WEIR_TLS_DONE);
	weir_tls_client_destroy(c);
}
END_TEST

START_TEST(verification_needs_authorities)
{
	struct weir_tls_client_cfg cfg = {.verify = WEIR_TLS_VERIFY_CA};
	struct weir_buf why = {0};

	ck_assert_ptr_null(weir_tls_client_create(&cfg, &why));
	ck_assert_ptr_nonnull(strstr(why.ptr, "authorities"));
	weir_buf_fini(&why);
}
END_TEST

/* ---- sessions ---- */

/* Whether the session went on. What the server sends first, tickets among it, is opened. */
static bool call(struct weir_tls_client *c, struct peer *p, const char *name)
{
	struct weir_tls_crypto *crypto = weir_tls_crypto_create(true);
	static uint8_t plain[WEIR_TLS_RECORD_MAX + 256];
	struct weir_tls_room room = {plain, sizeof(plain)};
	struct weir_tls_records r;
	struct weir_tls_opened opened;
	struct line l;
	bool resumed;

	peer_start(p);
	line_init(&l, connect_to(c, name), p);
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	SSL_do_handshake(p->ssl);
	resumed = SSL_session_reused(p->ssl);
	ck_assert(weir_tls_take_records(l.us, &r));
	SSL_write(p->ssl, "data", 4);
	line_fetch(&l);
	do {
		struct weir_bytes in = weir_bytes_of(l.come.ptr, l.come.len), content;
		ssize_t n = weir_tls_open(crypto, &r, &(struct weir_tls_spans){&in, 1, &room, 1},
					  &opened);

		ck_assert_int_gt(n, 0);
		line_drop(&l, (size_t)n);
		content = weir_bytes_of(plain, opened.content);
		if (opened.type == WEIR_TLS_HANDSHAKE && weir_tls_wants_ticket(l.us))
			weir_tls_conn_ticket(l.us, crypto, &content, 1);
	} while (opened.type != WEIR_TLS_APPLICATION_DATA);
	ck_assert_mem_eq(plain, "data", 4);
	ck_assert(!weir_tls_wants_ticket(l.us));
	weir_tls_records_wipe(crypto, &r);
	weir_tls_crypto_destroy(crypto);
	line_fini(&l);
	return resumed;
}

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
				     "TLS_CHACHA20_POLY1305_SHA256"};

START_TEST(a_session_with_a_server_goes_on_though_libssl_is_gone)
{
	for (unsigned int i = 0; i <= WEIR_ARRAY_LEN(suites); i++) {
		struct weir_tls_client_cfg cfg = client_cfg();
		struct weir_tls_client *c;
		struct peer p;

		cfg.sessions = 4;
		if (i < WEIR_ARRAY_LEN(suites))
			cfg.algorithms.ciphers13 = suites[i];
		else
			cfg.versions.max = WEIR_TLS_1_2;
		c = client_of(&cfg);
		peer_init(&p, true);
		peer_show(&p, &pki()->ec);
		ck_assert(!call(c, &p, NAME));
		for (unsigned int k = 0; k < 3; k++)
			ck_assert(call(c, &p, NAME));
		weir_tls_client_destroy(c);
		peer_fini(&p);
	}
}
END_TEST

START_TEST(the_session_used_longest_ago_makes_room)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *c;
	struct peer p;

	cfg.sessions = 2;
	cfg.verify = WEIR_TLS_VERIFY_CA;
	c = client_of(&cfg);
	peer_init(&p, true);
	peer_show(&p, &pki()->ec);
	ck_assert(!call(c, &p, "a"));
	ck_assert(!call(c, &p, "b"));
	ck_assert(call(c, &p, "a"));
	ck_assert(call(c, &p, "A"));
	ck_assert(!call(c, &p, "c"));
	ck_assert(call(c, &p, "a"));
	ck_assert(!call(c, &p, "b"));
	ck_assert(call(c, &p, "a"));
	ck_assert(!call(c, &p, "c"));
	for (unsigned int i = 0; i < 50; i++) {
		char name[8];

		snprintf(name, sizeof(name), "n%u", i % 5);
		ck_assert(!call(c, &p, name));
		ck_assert(call(c, &p, name));
	}
	weir_tls_client_destroy(c);
	peer_fini(&p);
}
END_TEST

/* A server that has lost its keys for tickets. */
START_TEST(a_server_may_refuse_to_go_on)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *c;
	struct peer p, q;

	cfg.sessions = 2;
	c = client_of(&cfg);
	peer_init(&p, true);
	peer_show(&p, &pki()->ec);
	peer_init(&q, true);
	peer_show(&q, &pki()->ec);
	ck_assert(!call(c, &p, NAME));
	ck_assert(!call(c, &q, NAME));
	ck_assert(call(c, &q, NAME));
	weir_tls_client_destroy(c);
	peer_fini(&p);
	peer_fini(&q);
}
END_TEST

Suite *client_suite_tls(void)
{
	return WEIR_SUITE("tls client", each_thing_wrong_with_a_server_has_its_name_and_alert,
			  a_self_signed_certificate_is_told_from_an_unknown_issuer,
			  chains_are_built_from_what_is_shown_and_end_at_what_is_trusted,
			  revocation_lists_are_kept_to_and_must_be_there,
			  without_a_name_only_the_chain_can_be_verified,
			  verification_needs_authorities,
			  a_session_with_a_server_goes_on_though_libssl_is_gone,
			  the_session_used_longest_ago_makes_room, a_server_may_refuse_to_go_on);
}
