/* SPDX-License-Identifier: BSD-3-Clause */
/* Who a client is by its certificate, and that a session that goes on does not change it. */
#include "conn_test.h"

#include <weir_tls_info.h>

#include <stdio.h>

#include <openssl/x509v3.h>

struct asked {
	char text[WEIR_TLS_ID_MAX + 1];
	enum weir_tls_id id;
	bool resumed;
};

struct asking {
	struct weir_tls_server *server;
	struct peer *peer;
	SSL_SESSION *session; /* that the client goes on with; NULL: none */
};

/* A handshake, and who the server takes the client for. */
static struct asked ask(const struct asking *a)
{
	struct weir_arena arena;
	struct weir_tls_info info;
	struct asked is;
	struct line l;
	char byte;

	peer_start(a->peer);
	if (a->session)
		SSL_set_session(a->peer->ssl, a->session);
	line_init(&l, accept_from(a->server), a->peer);
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	is.id = weir_tls_conn_id(l.us, is.text);
	weir_arena_init(&arena, &weir_arena_malloc, 1 << 20);
	ck_assert_int_eq(weir_tls_conn_info(l.us, &arena, &info), 0);
	is.resumed = info.resumed;
	weir_arena_reset(&arena);
	/* The session of TLS 1.3 comes behind the handshake. */
	ck_assert_int_le(SSL_read(a->peer->ssl, &byte, 1), 0);
	line_fini(&l);
	return is;
}

static struct weir_tls_server_cfg verifying(void)
{
	struct weir_tls_server_cfg cfg = server_cfg();

	cfg.verify_client = WEIR_TLS_CLIENT_OPTIONAL;
	cfg.client_roots = pki()->roots;
	return cfg;
}

static struct asked ask_once(const struct pki_cert *cert)
{
	struct weir_tls_server_cfg cfg = verifying();
	struct weir_tls_server *s = server_of(&cfg);
	struct asked is;
	struct peer p;

	peer_init(&p, false);
	if (cert)
		peer_show(&p, cert);
	is = ask(&(struct asking){.server = s, .peer = &p});
	peer_fini(&p);
	weir_tls_server_destroy(s);
	return is;
}

static const struct {
	const char *cn, *sans, *text; /* NULL: nameless */
} certs[] = {
	{"x", "URI:spiffe://example.org/ns/a/sa/b", "spiffe://example.org/ns/a/sa/b"},
	{"x", "URI:SPIFFE://example.org/a", "spiffe://example.org/a"},
	{"x", "DNS:a.example.org,URI:spiffe://example.org/a", "spiffe://example.org/a"},
	{"x", "URI:spiffe://example.org/a,URI:spiffe://example.org/b", "cn:x"},
	{"x", "URI:spiffe://example.org/a,URI:http://example.org/,DNS:b", "dns:b"},
	{"x", "URI:spiffe://example.org", "cn:x"},
	{"x", "URI:spiffe://example.org//a", "cn:x"},
	{"x", "DNS:B.example.org,DNS:*.example.org,DNS:a.example", "dns:b.example.org,a.example"},
	{"x", "DNS:*.example.org", "cn:x"},
	{"Any Thing", NULL, "cn:Any Thing"},
	{"x", "email:a@example.org,IP:192.0.2.1", "cn:x"},
	{"n\xc3\xa4me", NULL, NULL},
};

START_TEST(a_certificate_says_who_its_client_is)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(certs); i++) {
		struct pki_cert cert = pki_make(&(struct pki_spec){
			.name = certs[i].cn, .sans = certs[i].sans, .issuer = &pki()->ca});
		struct asked is = ask_once(&cert);

		ck_assert_msg(is.id == (certs[i].text ? WEIR_TLS_ID_GOOD : WEIR_TLS_ID_NAMELESS) &&
				      strcmp(is.text, certs[i].text ? certs[i].text : "") == 0,
			      "%s: %s", certs[i].sans ? certs[i].sans : certs[i].cn, is.text);
		pki_fini(&cert);
	}
}
END_TEST

START_TEST(an_authority_is_no_workload)
{
	struct pki_cert ca = pki_make(&(struct pki_spec){.name = "sub",
							 .sans = "URI:spiffe://example.org/a",
							 .issuer = &pki()->ca,
							 .ca = true});
	struct asked is = ask_once(&ca);

	ck_assert_int_eq(is.id, WEIR_TLS_ID_GOOD);
	ck_assert_str_eq(is.text, "cn:sub");
	pki_fini(&ca);
}
END_TEST

START_TEST(names_that_find_no_room_are_left_out_whole)
{
	struct weir_buf sans = {0}, wanted = {0};
	struct pki_cert cert;
	struct asked is;

	weir_buf_str(&wanted, "dns:");
	for (unsigned int i = 0; i < 60; i++) {
		weir_buf_printf(&sans, "%sDNS:n%02u.%050u.example", i ? "," : "", i, 0);
		if (i < 32)
			weir_buf_printf(&wanted, "%sn%02u.%050u.example", i ? "," : "", i, 0);
	}
	cert = pki_make(&(struct pki_spec){.name = "x", .sans = sans.ptr, .issuer = &pki()->ca});
	is = ask_once(&cert);
	ck_assert_str_eq(is.text, wanted.ptr);
	ck_assert_uint_gt(wanted.len + 63, WEIR_TLS_ID_MAX);
	pki_fini(&cert);
	weir_buf_fini(&sans);
	weir_buf_fini(&wanted);
}
END_TEST

START_TEST(who_shows_nothing_or_is_not_asked_is_nobody)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);
	struct peer p;

	ck_assert_int_eq(ask_once(NULL).id, WEIR_TLS_ID_MISSING);
	peer_init(&p, false);
	peer_show(&p, &pki()->client);
	ck_assert_int_eq(ask(&(struct asking){.server = s, .peer = &p}).id, WEIR_TLS_ID_MISSING);
	peer_fini(&p);
	weir_tls_server_destroy(s);
}
END_TEST

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* The client comes back with the session, and with another certificate to show, or none. */
START_TEST(a_session_that_goes_on_is_its_first_clients)
{
	struct pki_cert other = pki_make(&(struct pki_spec){
		.name = "x", .sans = "URI:spiffe://example.org/other", .issuer = &pki()->ca});
	struct weir_tls_tickets *tickets = weir_tls_tickets_create();
	struct weir_tls_server_cfg cfg = verifying();
	SSL_SESSION *session = NULL;
	struct weir_tls_server *s;
	struct peer p, q;
	struct asked is;

	cfg.tickets = tickets;
	s = server_of(&cfg);
	peer_init(&p, false);
	SSL_CTX_set_max_proto_version(p.ctx, versions[_i]);
	peer_keep_sessions(&p, &session);
	peer_show(&p, &pki()->client);
	is = ask(&(struct asking){.server = s, .peer = &p});
	ck_assert(!is.resumed);
	ck_assert_str_eq(is.text, "spiffe://example.org/web");
	ck_assert_ptr_nonnull(session);
	peer_init(&q, false);
	SSL_CTX_set_max_proto_version(q.ctx, versions[_i]);
	peer_show(&q, &other);
	is = ask(&(struct asking){.server = s, .peer = &q, .session = session});
	ck_assert(is.resumed);
	ck_assert_int_eq(is.id, WEIR_TLS_ID_GOOD);
	ck_assert_str_eq(is.text, "spiffe://example.org/web");
	SSL_SESSION_free(session);
	peer_fini(&p);
	peer_fini(&q);
	weir_tls_server_destroy(s);
	weir_tls_tickets_destroy(tickets);
	pki_fini(&other);
}
END_TEST

Suite *id_suite(void)
{
	Suite *s =
		WEIR_SUITE("tls id", a_certificate_says_who_its_client_is,
			   an_authority_is_no_workload, names_that_find_no_room_are_left_out_whole,
			   who_shows_nothing_or_is_not_asked_is_nobody);
	TCase *tc = tcase_create("by version");

	tcase_add_loop_test(tc, a_session_that_goes_on_is_its_first_clients, 0,
			    WEIR_ARRAY_LEN(versions));
	suite_add_tcase(s, tc);
	return s;
}
