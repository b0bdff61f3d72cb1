/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS that policy opens under the operator's CA: the server first, then the client. */
#include "tls_lab.h"

#include <weir_tls_mint.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509v3.h>

Suite *path_intercept_suite(void);

#define GET(path)     "GET " path " HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define OK(body, len) "HTTP/1.1 200 OK\r\nContent-Length: " #len "\r\n\r\n" body

/* Stands in the place of more keys of the last document's spec, and ends it. */
#define INTERCEPT                                                                                  \
	"%s}\n---\nkind: AccessPolicy\nmetadata: {name: out}\nspec: {priority: 1, from: clients, " \
	"to: servers, ports: 80, tls: intercept, action: allow, intercept: {"                      \
	"certificateAuthority: {certificate: '%s/ca.pem', key: '%s/ca.key'}, "                     \
	"upstream: {ca: '%s'}, bypass: [{names: '%s', reason: it pins}]}"

struct world {
	struct tls_lab *t;
	char folder[64]; /* of the operator's CA */
	char *threat;
};

static void make_ca(char folder[64])
{
	struct weir_tls_ca_new ca = {.folder = folder, .name = "Operator", .now = time(NULL)};
	struct weir_buf why = {0};

	snprintf(folder, 64, "/tmp/weir-operator-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_msg(weir_tls_ca_init(&ca, &why) == 0, "%s", why.ptr);
	weir_buf_fini(&why);
}

/* Both ends speak TLS; the client trusts the operator. `more` are keys of the ThreatPolicy. */
static struct world world_with(const char *more, const char *bypass)
{
	struct world w;
	SSL_CTX *ctx;
	char path[80];

	make_ca(w.folder);
	ck_assert_int_gt(
		asprintf(&w.threat, INTERCEPT, more, w.folder, w.folder, pki()->ca.chain, bypass),
		0);
	w.t = tls_lab_over(lab_create("", w.threat));
	ctx = tls_lab_speak(w.t, CLIENT);
	snprintf(path, sizeof(path), "%s/ca.pem", w.folder);
	ck_assert_int_eq(SSL_CTX_load_verify_locations(ctx, path, NULL), 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	tls_lab_speak(w.t, SERVER);
	return w;
}

static void world_end(struct world *w)
{
	char path[80];

	tls_lab_destroy(w->t);
	snprintf(path, sizeof(path), "%s/ca.pem", w->folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/ca.key", w->folder);
	unlink(path);
	rmdir(w->folder);
	free(w->threat);
}

static bool has_issuer(const struct tls_lab *t, const char *name)
{
	X509 *leaf = SSL_get0_peer_certificate(t->end[CLIENT].peer.ssl);
	char text[256] = "";

	if (leaf)
		X509_NAME_oneline(X509_get_issuer_name(leaf), text, sizeof(text));
	return strstr(text, name) != NULL;
}

static const struct {
	int version;
	size_t piece;
} ways[] = {{TLS1_2_VERSION, 536}, {TLS1_3_VERSION, 536}, {TLS1_2_VERSION, 1}, {TLS1_3_VERSION, 1}};

START_TEST(a_site_is_reached_through_a_leaf_that_is_like_its_own)
{
	struct world w = world_with("", "other.example");
	struct tls_lab *t = w.t;
	struct weir_event e;

	t->l->piece = ways[_i].piece;
	SSL_CTX_set_max_proto_version(t->end[CLIENT].peer.ctx, ways[_i].version);
	tls_lab_connect(t);
	ck_assert(has_issuer(t, "Operator"));
	ck_assert_int_eq(X509_check_host(SSL_get0_peer_certificate(t->end[CLIENT].peer.ssl),
					 SERVER_NAME, 0, 0, NULL),
			 1);
	ck_assert_uint_eq(fixture_events_of(t->l->f, WEIR_EVENT_HELLO, &e), 1);
	ck_assert_str_eq(e.hello.sni, SERVER_NAME);
	ck_assert(e.decision_flags & WEIR_DECISION_INTERCEPT);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5));
	tls_lab_say(t, CLIENT, GET("/attack1"));
	ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), "HTTP/1.1 403 Forbidden\r\n"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_INTERCEPTED), 1);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_PINNED), 0);
	world_end(&w);
}
END_TEST

static int choose(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in,
		  unsigned int in_len, void *wanted)
{
	(void)ssl;
	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, len, wanted,
				     (unsigned int)strlen(wanted), in,
				     in_len) == OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_NOACK;
}

START_TEST(the_protocol_is_the_one_that_the_server_chooses)
{
	static const char offered[] = "\x02h2\x08http/1.1\x04imap";
	static const struct {
		const char *server; /* in the wire's form */
		const char *agreed; /* by both ends; "": none */
	} rows[] = {
		{"\x02h2", "h2"}, {"\x08http/1.1", "http/1.1"}, {"\x04imap", ""}, {"\x01x", ""}};
	struct world w = world_with(", mode: 'off'", "other.example");
	struct tls_lab *t = w.t;
	const unsigned char *got;
	unsigned int len;
	char wanted[16];

	snprintf(wanted, sizeof(wanted), "%s", rows[_i].server);
	SSL_CTX_set_alpn_protos(t->end[CLIENT].peer.ctx, (const unsigned char *)offered,
				sizeof(offered) - 1);
	SSL_CTX_set_alpn_select_cb(t->end[SERVER].peer.ctx, choose, wanted);
	tls_lab_connect(t);
	for (unsigned int i = 0; i < 2; i++) {
		SSL_get0_alpn_selected(t->end[i].peer.ssl, &got, &len);
		ck_assert_uint_eq(len, strlen(rows[_i].agreed));
		ck_assert_mem_eq(len ? (const char *)got : "", rows[_i].agreed, len);
	}
	tls_lab_say(t, CLIENT, "ping");
	tls_lab_say(t, SERVER, "pong");
	ck_assert_str_eq(tls_lab_got(t, SERVER), "ping");
	ck_assert_str_eq(tls_lab_got(t, CLIENT), "pong");
	world_end(&w);
}
END_TEST

START_TEST(http2_is_agreed_where_http_is_read_and_allowed)
{
	static const char offered[] = "\x02h2\x08http/1.1";
	struct world w = world_with("", "other.example");
	struct tls_lab *t = w.t;
	char wanted[] = "\x02h2\x08http/1.1";
	const unsigned char *got;
	unsigned int len;

	SSL_CTX_set_alpn_protos(t->end[CLIENT].peer.ctx, (const unsigned char *)offered,
				sizeof(offered) - 1);
	SSL_CTX_set_alpn_select_cb(t->end[SERVER].peer.ctx, choose, wanted);
	tls_lab_connect(t);
	for (unsigned int i = 0; i < 2; i++) {
		SSL_get0_alpn_selected(t->end[i].peer.ssl, &got, &len);
		ck_assert_uint_eq(len, 2);
		ck_assert_mem_eq(got, "h2", 2);
	}
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_HTTP2_CONNECTIONS), 1);
	/* Its own SETTINGS come first, towards either. */
	ck_assert_mem_eq(t->end[CLIENT].plain.ptr + 3, "\4\0\0\0\0\0", 6);
	ck_assert_mem_eq(t->end[SERVER].plain.ptr, "PRI * HTTP/2.0\r\n", 16);
	world_end(&w);
}
END_TEST

START_TEST(a_server_that_is_not_good_is_a_502_or_an_alert)
{
	struct world w = world_with(_i ? ", mode: 'off'" : "", "other.example");
	struct tls_lab *t = w.t;
	struct pki_cert cert = pki_make(
		&(struct pki_spec){.name = "x", .sans = "DNS:y.example", .issuer = &pki()->ca});

	peer_show(&t->end[SERVER].peer, &cert);
	tls_lab_connect(t);
	ck_assert_uint_eq(tls_lab_bad(t, 1, WEIR_TLS_E_CERT_NAME), 1);
	if (_i) {
		ck_assert_int_eq(t->end[CLIENT].alert, 49);
		ck_assert(t->l->end[CLIENT].fin);
	} else {
		ck_assert(has_issuer(t, "Operator"));
		tls_lab_say(t, CLIENT, GET("/"));
		ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway"));
	}
	ck_assert_str_eq(tls_lab_got(t, SERVER), "");
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_PINNED), 0);
	pki_fini(&cert);
	world_end(&w);
}
END_TEST

START_TEST(a_server_that_never_answers_is_a_502)
{
	struct world w = world_with("", "other.example");
	struct tls_lab *t = w.t;

	t->end[SERVER].tls = false;
	tls_lab_connect(t);
	lab_wait(t->l, 11 * WEIR_NS_PER_S);
	tls_lab_pump(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway"));
	ck_assert_str_eq(lab_record(t->l, NULL).bad, "TIMEOUT");
	world_end(&w);
}
END_TEST

START_TEST(a_client_that_does_not_take_the_leaf_is_told_of)
{
	struct world w = world_with("", "other.example");
	struct tls_lab *t = w.t;
	struct weir_event e;

	SSL_CTX_set_max_proto_version(t->end[CLIENT].peer.ctx, ways[_i].version);
	SSL_CTX_set_cert_store(t->end[CLIENT].peer.ctx, X509_STORE_new());
	tls_lab_connect(t);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_PINNED), 1);
	ck_assert_uint_eq(tls_lab_bad(t, 0, WEIR_TLS_E_PEER_ALERT), 1);
	ck_assert_uint_eq(fixture_events_of(t->l->f, WEIR_EVENT_PINNED, &e), 1);
	ck_assert_str_eq(e.hello.sni, SERVER_NAME);
	ck_assert_str_eq(tls_lab_got(t, SERVER), "");
	world_end(&w);
}
END_TEST

/* A client that has said its hello and has heard the flight that answers it. */
static void hear_flight(struct tls_lab *t)
{
	char hello[2048];
	struct peer p;
	int len;

	peer_init(&p, false);
	peer_start(&p);
	SSL_set_tlsext_host_name(p.ssl, SERVER_NAME);
	ck_assert_int_eq(SSL_do_handshake(p.ssl), -1);
	len = BIO_read(p.tx, hello, sizeof(hello));
	peer_fini(&p);
	t->end[CLIENT].tls = false;
	tls_lab_connect(t);
	tls_lab_send(t, CLIENT, hello, (size_t)len);
	ck_assert_uint_gt(t->l->end[CLIENT].n_got, 500);
}

START_TEST(so_is_one_that_goes_when_it_has_seen_it)
{
	struct world w = world_with("", "other.example");
	struct tls_lab *t = w.t;

	hear_flight(t);
	if (_i)
		lab_reset(t->l, CLIENT);
	else
		lab_fin(t->l, CLIENT);
	lab_wait(t->l, WEIR_NS_PER_S);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_PINNED), 1);
	world_end(&w);
}
END_TEST

START_TEST(but_not_one_that_goes_before_there_is_a_leaf)
{
	struct world w = world_with("", "other.example");
	struct tls_lab *t = w.t;

	t->end[SERVER].tls = false;
	tls_lab_connect(t);
	lab_fin(t->l, CLIENT);
	lab_wait(t->l, WEIR_NS_PER_MS);
	ck_assert(t->l->end[CLIENT].fin && t->l->end[SERVER].rst);
	ck_assert_uint_eq(tls_lab_bad(t, 0, WEIR_TLS_E_TRUNCATED), 1);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_SERVER_FAILED), 0);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_PINNED), 0);
	world_end(&w);
}
END_TEST

START_TEST(what_is_to_be_left_alone_sees_the_servers_own_certificate)
{
	struct world w = world_with("", SERVER_NAME);
	struct tls_lab *t = w.t;
	struct weir_event e;

	SSL_CTX_set_verify(t->end[CLIENT].peer.ctx, SSL_VERIFY_NONE, NULL);
	tls_lab_connect(t);
	ck_assert(!has_issuer(t, "Operator"));
	tls_lab_say(t, CLIENT, GET("/attack1")); /* which nobody can see */
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/attack1"));
	ck_assert_uint_eq(fixture_events_of(t->l->f, WEIR_EVENT_HELLO, &e), 1);
	ck_assert_str_eq(weir_names_get(t->l->f->names, e.hello.bypass), "it pins");
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_BYPASSED), 1);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_INTERCEPTED), 0);
	world_end(&w);
}
END_TEST

START_TEST(a_connection_outlives_the_policy_that_opened_it)
{
	struct world w = world_with("", "other.example");
	struct tls_lab *t = w.t;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	lab_reload(t->l, "", w.threat, 2);
	lab_reload(t->l, "", "", 3);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("again", 5));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5) OK("again", 5));
	world_end(&w);
}
END_TEST

Suite *path_intercept_suite(void)
{
	Suite *s = WEIR_SUITE("path intercept", http2_is_agreed_where_http_is_read_and_allowed,
			      a_server_that_never_answers_is_a_502,
			      what_is_to_be_left_alone_sees_the_servers_own_certificate,
			      a_connection_outlives_the_policy_that_opened_it);
	TCase *t = tcase_create("each");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_site_is_reached_through_a_leaf_that_is_like_its_own, 0,
			    (int)WEIR_ARRAY_LEN(ways));
	tcase_add_loop_test(t, the_protocol_is_the_one_that_the_server_chooses, 0, 4);
	tcase_add_loop_test(t, a_server_that_is_not_good_is_a_502_or_an_alert, 0, 2);
	tcase_add_loop_test(t, a_client_that_does_not_take_the_leaf_is_told_of, 0, 2);
	tcase_add_loop_test(t, so_is_one_that_goes_when_it_has_seen_it, 0, 2);
	tcase_add_test(t, but_not_one_that_goes_before_there_is_a_leaf);
	suite_add_tcase(s, t);
	return s;
}
