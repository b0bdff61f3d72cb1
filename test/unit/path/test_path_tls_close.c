/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS that weir ends: in which words an end is told, and what fails by which name. */
#include "tls_lab.h"

Suite *path_tls_close_suite(void);

#define GET(path)     "GET " path " HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define OK(body, len) "HTTP/1.1 200 OK\r\nContent-Length: " #len "\r\n\r\n" body
#define UNTIL_CLOSE   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- ends ---- */

START_TEST(a_clients_close_is_passed_on_in_the_servers_words)
{
	struct tls_lab *t = tls_lab_with(_i ? upstream_tls("") : "");

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_close(t, CLIENT);
	ck_assert(t->l->end[SERVER].fin);
	ck_assert_int_eq(t->end[SERVER].closed, _i == 1);
	ck_assert(!t->l->end[CLIENT].fin);
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5));
	tls_lab_close(t, SERVER);
	lab_fin(t->l, SERVER);
	tls_lab_pump(t);
	ck_assert(t->l->end[CLIENT].fin && t->end[CLIENT].closed);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_TRUNCATED), 0);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_body_that_ends_with_the_connection_is_whole_or_cut_as_the_server_says)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(""));

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, UNTIL_CLOSE);
	if (_i)
		tls_lab_close(t, SERVER);
	lab_fin(t->l, SERVER);
	tls_lab_pump(t);
	ck_assert_str_eq(tls_lab_got(t, CLIENT), UNTIL_CLOSE);
	ck_assert(t->l->end[CLIENT].fin);
	ck_assert_int_eq(t->end[CLIENT].closed, _i == 1);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_TRUNCATED), !_i);
	ck_assert_int_eq(lab_record(t->l, NULL).cut, !_i);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_server_in_the_clear_that_closes_gives_close_notify)
{
	struct tls_lab *t = tls_lab_with("");

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, UNTIL_CLOSE);
	lab_fin(t->l, SERVER);
	tls_lab_pump(t);
	ck_assert_str_eq(tls_lab_got(t, CLIENT), UNTIL_CLOSE);
	ck_assert(t->l->end[CLIENT].fin && t->end[CLIENT].closed);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_body_that_ends_with_a_reset_is_cut)
{
	struct tls_lab *t = tls_lab_with("");

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	lab_gather(t->l);
	tls_lab_say(t, SERVER, UNTIL_CLOSE);
	lab_reset(t->l, SERVER);
	lab_release(t->l, SERVER);
	tls_lab_pump(t);
	ck_assert_str_eq(tls_lab_got(t, CLIENT), UNTIL_CLOSE);
	ck_assert(!t->end[CLIENT].closed && t->l->end[CLIENT].rst);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(what_follows_a_refusal_that_closes_is_not_waited_for)
{
	struct tls_lab *t = tls_lab_with("");

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, "GET / HTTP/1.1\r\n\r\n");
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 400 Bad Request\r\n"));
	ck_assert(t->l->end[CLIENT].fin && t->end[CLIENT].closed && t->l->end[SERVER].fin);
	tls_lab_destroy(t);
}
END_TEST

/* ---- what goes wrong with the client ---- */

START_TEST(what_is_no_tls_is_told_so)
{
	struct tls_lab *t = tls_lab_create("", "");

	tls_lab_connect(t);
	(void)lab_send(t->l, CLIENT, GET("/"), strlen(GET("/")));
	lab_wait(t->l, 50 * WEIR_NS_PER_MS);
	ck_assert_mem_eq(lab_got(t->l, CLIENT), "\x15\x03\x03\x00\x02\x02\x0a", 7);
	ck_assert(t->l->end[CLIENT].fin && t->l->end[SERVER].rst);
	ck_assert_uint_eq(tls_lab_bad(t, 0, WEIR_TLS_E_NO_HELLO), 1);
	ck_assert_uint_eq(fixture_drops(t->l->f, WEIR_DROP_TLS), 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(after_tls_has_failed_the_clients_port_may_begin_anew)
{
	struct tls_lab *t = tls_lab_with("");

	ck_assert_uint_gt(lab_send(t->l, CLIENT, GET("/"), sizeof(GET("/")) - 1), 0);
	lab_wait(t->l, 50 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(tls_lab_bad(t, 0, WEIR_TLS_E_NO_HELLO), 1);
	lab_reset(t->l, CLIENT);
	lab_reset(t->l, SERVER);
	t->used = true;
	t->l->port--;
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_HANDSHAKES), 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_record_that_was_changed_ends_the_connection)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(""));
	char record[256];
	int n;

	tls_lab_connect(t);
	SSL_write(t->end[CLIENT].peer.ssl, GET("/"), (int)strlen(GET("/")));
	n = BIO_read(t->end[CLIENT].peer.tx, record, sizeof(record));
	ck_assert_int_gt(n, 0);
	record[n - 1] ^= 1;
	(void)lab_send(t->l, CLIENT, record, (size_t)n);
	tls_lab_pump(t);
	ck_assert_int_eq(t->end[CLIENT].alert, SSL_AD_BAD_RECORD_MAC);
	ck_assert(!t->end[CLIENT].closed && t->l->end[CLIENT].fin && t->l->end[SERVER].rst);
	ck_assert_str_eq(tls_lab_got(t, SERVER), "");
	ck_assert_uint_eq(tls_lab_bad(t, 0, WEIR_TLS_E_RECORD_MAC), 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_client_that_never_finishes_its_handshake_is_let_go)
{
	struct tls_lab *t = tls_lab_create(", handshakeTimeout: 2s", "");

	if (_i) {
		tls_lab_speak(t, CLIENT);
		t->deaf = true;
	}
	tls_lab_connect(t);
	ck_assert(!t->l->end[CLIENT].fin);
	lab_wait(t->l, 3 * WEIR_NS_PER_S);
	lab_wait(t->l, 50 * WEIR_NS_PER_MS);
	ck_assert(t->l->end[CLIENT].fin && t->l->end[SERVER].rst);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_TIMEOUTS), 1);
	ck_assert_uint_eq(tls_lab_bad(t, 0, WEIR_TLS_E_TIMEOUT), 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_client_without_the_certificate_that_is_asked_for_is_refused)
{
	char tls[400];
	struct tls_lab *t;

	snprintf(tls, sizeof(tls), ", client: {verify: required, ca: '%s'}", pki()->ca.chain);
	t = tls_lab_with(tls);
	if (_i)
		peer_show(&t->end[CLIENT].peer, &pki()->client);
	tls_lab_connect(t);
	if (_i)
		tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), _i ? GET("/") : "");
	ck_assert_uint_eq(tls_lab_bad(t, 0, WEIR_TLS_E_CERT_MISSING), !_i);
	ck_assert_int_eq(t->end[CLIENT].alert, _i ? -1 : 116);
	tls_lab_destroy(t);
}
END_TEST

/* ---- what goes wrong with the servers ---- */

static struct pki_cert server_cert(unsigned int which)
{
	static const char name[] = "DNS:" SERVER_NAME;

	switch (which) {
	case 0:
		return pki_make(&(struct pki_spec){
			.name = "x", .sans = "DNS:other.example", .issuer = &pki()->ca});
	case 1:
		return pki_make(&(struct pki_spec){.name = "x", .sans = name});
	default:
		return pki_make(&(struct pki_spec){.name = "x",
						   .sans = name,
						   .issuer = &pki()->ca,
						   .from_days = -9,
						   .until_days = -1});
	}
}

START_TEST(a_server_that_is_not_who_it_should_be_is_a_502_with_its_reason)
{
	static const enum weir_tls_error errors[] = {
		WEIR_TLS_E_CERT_NAME, WEIR_TLS_E_CERT_SELF_SIGNED, WEIR_TLS_E_CERT_EXPIRED};
	struct tls_lab *t = tls_lab_with(upstream_tls(""));
	struct pki_cert cert = server_cert((unsigned int)_i);
	struct weir_event_http record;
	struct weir_event flow = {0};

	peer_show(&t->end[SERVER].peer, &cert);
	tls_lab_connect(t);
	ck_assert_uint_eq(tls_lab_bad(t, 1, errors[_i]), 1);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway\r\n"));
	ck_assert(t->l->end[CLIENT].fin && t->end[CLIENT].closed);
	ck_assert_str_eq(tls_lab_got(t, SERVER), "");
	record = lab_record(t->l, NULL);
	ck_assert_str_eq(record.bad, weir_tls_error_name(errors[_i]));
	ck_assert_uint_eq(record.tls[1].failure, errors[_i]);
	ck_assert_uint_eq(record.status, 502);
	lab_fin(t->l, CLIENT);
	lab_wait(t->l, 61 * WEIR_NS_PER_S);
	ck_assert_uint_eq(fixture_events_of(t->l->f, WEIR_EVENT_FLOW, &flow), 1);
	ck_assert_uint_eq(flow.tls[1].failure, errors[_i]);
	pki_fini(&cert);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_server_whose_certificate_nobody_looks_at_is_spoken_with)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(", verify: none"));
	struct pki_cert cert = server_cert(1);

	peer_show(&t->end[SERVER].peer, &cert);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	pki_fini(&cert);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_server_that_never_answers_is_a_502)
{
	struct tls_lab *t = tls_lab_create(upstream_tls(""), "");

	tls_lab_speak(t, CLIENT);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), "");
	lab_wait(t->l, 11 * WEIR_NS_PER_S);
	tls_lab_pump(t);
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway\r\n"));
	ck_assert_str_eq(lab_record(t->l, NULL).bad, "TIMEOUT");
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_server_that_closes_before_it_is_asked_is_a_502_at_once)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(""));

	t->end[SERVER].tls = false;
	lab_fin(t->l, SERVER);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway\r\n"));
	ck_assert_str_eq(lab_record(t->l, NULL).bad, "TRUNCATED");
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_server_whose_record_was_changed_is_cut_off)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(""));
	char record[256];
	int n;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	SSL_write(t->end[SERVER].peer.ssl, OK("hello", 5), (int)strlen(OK("hello", 5)));
	n = BIO_read(t->end[SERVER].peer.tx, record, sizeof(record));
	record[n - 1] ^= 1;
	(void)lab_send(t->l, SERVER, record, (size_t)n);
	tls_lab_pump(t);
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway\r\n"));
	ck_assert_str_eq(lab_record(t->l, NULL).bad, "RECORD_MAC");
	tls_lab_destroy(t);
}
END_TEST

START_TEST(what_a_client_still_sends_after_its_502_is_taken_and_dropped)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(""));
	struct pki_cert cert = server_cert(0);
	uint8_t body[15000];

	memset(body, 'a', sizeof(body));
	peer_show(&t->end[SERVER].peer, &cert);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT,
		    "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: "
		    "150000\r\n\r\n");
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway\r\n"));
	for (unsigned int i = 0; i < 10; i++)
		tls_lab_send(t, CLIENT, body, sizeof(body));
	ck_assert_uint_eq(t->end[CLIENT].wire.len, 0);
	pki_fini(&cert);
	tls_lab_destroy(t);
}
END_TEST

Suite *path_tls_close_suite(void)
{
	Suite *s = WEIR_SUITE(
		"path tls close", a_server_in_the_clear_that_closes_gives_close_notify,
		a_body_that_ends_with_a_reset_is_cut,
		what_follows_a_refusal_that_closes_is_not_waited_for, what_is_no_tls_is_told_so,
		after_tls_has_failed_the_clients_port_may_begin_anew,
		a_record_that_was_changed_ends_the_connection,
		a_server_whose_certificate_nobody_looks_at_is_spoken_with,
		a_server_that_never_answers_is_a_502,
		a_server_that_closes_before_it_is_asked_is_a_502_at_once,
		a_server_whose_record_was_changed_is_cut_off,
		what_a_client_still_sends_after_its_502_is_taken_and_dropped);
	TCase *t = tcase_create("each");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_clients_close_is_passed_on_in_the_servers_words, 0, 2);
	tcase_add_loop_test(
		t, a_body_that_ends_with_the_connection_is_whole_or_cut_as_the_server_says, 0, 2);
	tcase_add_loop_test(t, a_client_that_never_finishes_its_handshake_is_let_go, 0, 2);
	tcase_add_loop_test(t, a_client_without_the_certificate_that_is_asked_for_is_refused, 0, 2);
	tcase_add_loop_test(t, a_server_that_is_not_who_it_should_be_is_a_502_with_its_reason, 0,
			    3);
	suite_add_tcase(s, t);
	return s;
}
