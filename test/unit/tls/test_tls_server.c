/* SPDX-License-Identifier: BSD-3-Clause */
/* Which certificate, which protocol, which response: what a server answers a ClientHello with. */
#include "conn_test.h"

#include <weir_tls_info.h>

#include <openssl/ocsp.h>

#include "../../../lib/tls/tls_impl.h"

/* ---- names ---- */

enum { EXACT, WILD, RSA_BOTH, EC_BOTH, ED, N_CERTS };
static const struct pki_spec specs[N_CERTS] = {
	[EXACT] = {.name = "first", .sans = "DNS:a.example.org,DNS:first.example.org"},
	[WILD] = {.name = "wild", .sans = "DNS:*.example.org,DNS:*.b.example.org"},
	[RSA_BOTH] = {.name = "rsa", .sans = "DNS:both.example.org", .key = PKI_RSA},
	[EC_BOTH] = {.name = "ec", .sans = "DNS:both.example.org"},
	[ED] = {.name = "ed", .sans = "DNS:ed.example.org", .key = PKI_ED25519},
};

/* `only`: the one signature algorithm that the client can do; NULL: all. */
static const struct {
	const char *asked, *only, *shown;
} choices[] = {
	{"a.example.org", NULL, "first"},
	{"A.EXAMPLE.org", NULL, "first"},
	{"a.example.org.", NULL, "first"},
	{"first.example.org", NULL, "first"},
	{"other.example.org", NULL, "wild"},
	{"x.b.example.org", NULL, "wild"},
	{"b.example.org", NULL, "wild"},
	{"x.y.example.org", NULL, "first"},
	{"example.org", NULL, "first"},
	{".example.org", NULL, "first"},
	{"*.example.org", NULL, "first"},
	{"org", NULL, "first"},
	{NULL, NULL, "first"},
	{"both.example.org", NULL, "ec"},
	{"both.example.org", "ECDSA+SHA256", "ec"},
	{"both.example.org", "rsa_pss_rsae_sha256", "rsa"},
	{"ed.example.org", NULL, "ed"},
};

struct shop {
	struct pki_cert made[N_CERTS];
	struct weir_tls_cert *cert[N_CERTS];
};

static void shop_init(struct shop *s)
{
	for (unsigned int i = 0; i < N_CERTS; i++) {
		s->made[i] = pki_make(&specs[i]);
		s->cert[i] = pki_load(&s->made[i]);
	}
}

static void shop_fini(struct shop *s)
{
	for (unsigned int i = 0; i < N_CERTS; i++) {
		weir_tls_cert_destroy(s->cert[i]);
		pki_fini(&s->made[i]);
	}
}

static struct weir_tls_server *shop_server(struct shop *s, bool strict)
{
	struct weir_tls_server_cfg cfg = server_cfg();

	cfg.certs = (const struct weir_tls_cert *const *)s->cert;
	cfg.n_certs = N_CERTS;
	cfg.sni_strict = strict;
	return server_of(&cfg);
}

static void shown_name(SSL *ssl, char name[64])
{
	X509 *x = SSL_get0_peer_certificate(ssl);

	ck_assert_ptr_nonnull(x);
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, 64);
}

/* What weir_tls_handshake() came to. */
static int ask(struct weir_tls_server *s, struct peer *p, const char *name, char shown[64])
{
	struct line l;
	int rc;

	peer_start(p);
	if (name)
		ck_assert_int_eq(SSL_set_tlsext_host_name(p->ssl, name), 1);
	line_init(&l, accept_from(s), p);
	rc = line_shake(&l);
	if (rc == WEIR_TLS_DONE)
		shown_name(p->ssl, shown);
	line_fini(&l);
	return rc;
}

static void limit_version(struct peer *p, unsigned int version)
{
	SSL_CTX_set_min_proto_version(p->ctx, (int)version);
	SSL_CTX_set_max_proto_version(p->ctx, (int)version);
}

START_TEST(each_name_gets_its_certificate)
{
	struct shop shop;
	struct weir_tls_server *s;

	shop_init(&shop);
	s = shop_server(&shop, false);
	for (unsigned int i = 0; i < 2 * WEIR_ARRAY_LEN(choices); i++) {
		unsigned int k = i / 2;
		struct peer p;
		char shown[64];

		peer_init(&p, false);
		limit_version(&p, i % 2 ? WEIR_TLS_1_2 : WEIR_TLS_1_3);
		if (choices[k].only)
			ck_assert_int_eq(SSL_CTX_set1_sigalgs_list(p.ctx, choices[k].only), 1);
		ck_assert_int_eq(ask(s, &p, choices[k].asked, shown), WEIR_TLS_DONE);
		ck_assert_msg(strcmp(shown, choices[k].shown) == 0, "%s: %s", choices[k].asked,
			      shown);
		peer_fini(&p);
	}
	weir_tls_server_destroy(s);
	shop_fini(&shop);
}
END_TEST

START_TEST(a_strict_server_refuses_unknown_names_but_not_none)
{
	struct shop shop;
	struct weir_tls_server *s;
	struct peer p;
	char shown[64];

	shop_init(&shop);
	s = shop_server(&shop, true);
	peer_init(&p, false);
	ck_assert_tls_error(ask(s, &p, "example.net", shown), WEIR_TLS_E_SNI_UNKNOWN);
	ck_assert_tls_error(ask(s, &p, "x.y.example.org", shown), WEIR_TLS_E_SNI_UNKNOWN);
	ck_assert_int_eq(ask(s, &p, "a.example.org", shown), WEIR_TLS_DONE);
	ck_assert_int_eq(ask(s, &p, "q.example.org", shown), WEIR_TLS_DONE);
	ck_assert_int_eq(ask(s, &p, NULL, shown), WEIR_TLS_DONE);
	peer_fini(&p);
	weir_tls_server_destroy(s);
	shop_fini(&shop);
}
END_TEST

START_TEST(the_default_has_its_other_kind_beside_it)
{
	const struct weir_tls_cert *certs[] = {pki()->ec_cert, pki()->rsa_cert};
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s;
	struct peer p;
	char shown[64];

	cfg.certs = certs;
	cfg.n_certs = 2;
	s = server_of(&cfg);
	peer_init(&p, false);
	SSL_CTX_set1_sigalgs_list(p.ctx, "rsa_pss_rsae_sha256");
	ck_assert_int_eq(ask(s, &p, NULL, shown), WEIR_TLS_DONE);
	peer_fini(&p);
	weir_tls_server_destroy(s);
}
END_TEST

/* ---- protocols ---- */

static const struct {
	const char *offered; /* as on the wire; NULL: no extension */
	uint32_t mask;
	int chosen; /* -1: none, -2: refused */
} protocols[] = {
	{"\x02h2\x08http/1.1", 3, 0},
	{"\x08http/1.1\x02h2", 3, 0},
	{"\x08http/1.1", 3, 1},
	{"\x02h2\x08http/1.1", 2, 1},
	{"\x02h2", 2, -2},
	{"\x02h3", 3, -2},
	{"\x02h2", 0, -1},
	{NULL, 3, -1},
};

START_TEST(the_first_protocol_of_ours_that_both_speak_is_chosen)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(protocols); i++) {
		struct weir_tls_accept_opts opts = {.alpn = protocols[i].mask};
		struct weir_arena a;
		struct weir_tls_info info;
		struct peer p;
		struct line l;
		int rc;

		weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
		peer_init(&p, false);
		peer_start(&p);
		if (protocols[i].offered)
			SSL_set_alpn_protos(p.ssl, (const unsigned char *)protocols[i].offered,
					    (unsigned int)strlen(protocols[i].offered));
		line_init(&l, weir_tls_accept(s, &opts), &p);
		rc = line_shake(&l);
		if (protocols[i].chosen == -2) {
			ck_assert_tls_error(rc, WEIR_TLS_E_NO_ALPN);
			ck_assert_uint_eq(weir_tls_conn_failure(l.us).alert_sent, 120);
		} else {
			ck_assert_int_eq(rc, WEIR_TLS_DONE);
			ck_assert_int_eq(weir_tls_conn_info(l.us, &a, &info), 0);
			ck_assert_int_eq(info.alpn, protocols[i].chosen);
		}
		line_fini(&l);
		peer_fini(&p);
		weir_arena_reset(&a);
	}
	weir_tls_server_destroy(s);
}
END_TEST

/* ---- stapling ---- */

static long stapled(long until_s)
{
	const struct pki *p = pki();
	struct weir_tls_cert_files files = {.chain = p->ec.chain, .key = p->ec.key_file};
	struct weir_tls_server_cfg cfg = server_cfg();
	const struct weir_tls_cert *certs[1];
	struct weir_tls_cert *cert;
	struct weir_tls_server *s;
	struct weir_buf why = {0};
	const uint8_t *der;
	struct peer peer;
	struct line l;
	long len;

	files.ocsp = pki_ocsp(&p->ec, &p->ca, V_OCSP_CERTSTATUS_GOOD, until_s);
	cert = weir_tls_cert_load(&files, &why);
	ck_assert_msg(cert, "%s", why.ptr);
	certs[0] = cert;
	cfg.certs = certs;
	s = server_of(&cfg);
	peer_init(&peer, false);
	SSL_CTX_set_tlsext_status_type(peer.ctx, TLSEXT_STATUSTYPE_ocsp);
	peer_start(&peer);
	line_init(&l, accept_from(s), &peer);
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	len = SSL_get_tlsext_status_ocsp_resp(peer.ssl, &der);
	line_fini(&l);
	peer_fini(&peer);
	weir_tls_server_destroy(s);
	weir_tls_cert_destroy(cert);
	return len;
}

START_TEST(a_response_is_stapled_while_it_is_fresh)
{
	ck_assert_int_gt(stapled(3600), 100);
	ck_assert_int_le(stapled(-60), 0);
}
END_TEST

/* ---- a certificate for one connection ---- */

START_TEST(a_connection_may_show_a_certificate_of_its_own)
{
	struct pki_cert made = pki_make(&(struct pki_spec){.name = "minted", .key = PKI_RSA});
	struct weir_tls_cert *cert = pki_load(&made);
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_buf why = {0};
	struct weir_tls_identity *own = tls_identity_create(cert, &why);

	ck_assert_msg(own, "%s", why.ptr);
	for (unsigned int i = 0; i < 2; i++) {
		struct weir_tls_server *s;
		struct peer p;
		struct line l;
		char shown[64];

		/* With others, which it hides whatever is asked for, and without any. */
		cfg.n_certs = i;
		cfg.sni_strict = true;
		s = server_of(&cfg);
		peer_init(&p, false);
		peer_start(&p);
		SSL_set_tlsext_host_name(p.ssl, "www.example.com");
		line_init(&l, weir_tls_accept(s, &(struct weir_tls_accept_opts){.identity = own}),
			  &p);
		ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
		shown_name(p.ssl, shown);
		ck_assert_str_eq(shown, "minted");
		line_fini(&l);
		peer_fini(&p);
		weir_tls_server_destroy(s);
	}
	tls_identity_destroy(own);
	weir_tls_cert_destroy(cert);
	pki_fini(&made);
}
END_TEST

/* ---- what cannot be a context ---- */

START_TEST(a_context_that_cannot_work_is_refused_with_words)
{
	struct weir_buf why = {0};
	struct weir_tls_server_cfg cfg = server_cfg();

	cfg.verify_client = WEIR_TLS_CLIENT_REQUIRED;
	ck_assert_ptr_null(weir_tls_server_create(&cfg, &why));
	ck_assert_ptr_nonnull(strstr(why.ptr, "authorities"));
	cfg = server_cfg();
	cfg.algorithms.ciphers12 = "NONSENSE";
	ck_assert_ptr_null(weir_tls_server_create(&cfg, &why));
	ck_assert_ptr_nonnull(strstr(why.ptr, "TLS 1.2"));
	cfg = server_cfg();
	cfg.algorithms.ciphers12 = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA265";
	weir_buf_fini(&why);
	ck_assert_ptr_null(weir_tls_server_create(&cfg, &why));
	ck_assert_ptr_nonnull(
		strstr(why.ptr, "'ECDHE-ECDSA-AES128-GCM-SHA265' is no cipher suite"));
	cfg = server_cfg();
	cfg.algorithms.ciphers13 = "NONSENSE";
	ck_assert_ptr_null(weir_tls_server_create(&cfg, &why));
	ck_assert_ptr_nonnull(strstr(why.ptr, "TLS 1.3"));
	cfg = server_cfg();
	cfg.algorithms.groups = "P-1";
	ck_assert_ptr_null(weir_tls_server_create(&cfg, &why));
	ck_assert_ptr_nonnull(strstr(why.ptr, "groups"));
	cfg = server_cfg();
	cfg.versions.min = 0x0301;
	ck_assert_ptr_null(weir_tls_server_create(&cfg, &why));
	ck_assert_ptr_nonnull(strstr(why.ptr, "versions"));
	weir_buf_fini(&why);
}
END_TEST

/* Generations change while connections are under way. */
START_TEST(a_connection_outlives_its_destroyed_context)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);
	struct peer p;
	struct line l;

	peer_init(&p, false);
	peer_start(&p);
	line_init(&l, accept_from(s), &p);
	weir_tls_server_destroy(s);
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	line_fini(&l);
	peer_fini(&p);
}
END_TEST

Suite *server_suite(void)
{
	return WEIR_SUITE("tls server", each_name_gets_its_certificate,
			  a_strict_server_refuses_unknown_names_but_not_none,
			  the_default_has_its_other_kind_beside_it,
			  the_first_protocol_of_ours_that_both_speak_is_chosen,
			  a_response_is_stapled_while_it_is_fresh,
			  a_connection_may_show_a_certificate_of_its_own,
			  a_context_that_cannot_work_is_refused_with_words,
			  a_connection_outlives_its_destroyed_context);
}
