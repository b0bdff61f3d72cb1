/* SPDX-License-Identifier: BSD-3-Clause */
/* Servers that take nothing but HTTP/2, of a Service that leaves it to them: the first client that
 * comes with HTTP/1.1 is told what helps, those that follow are translated. */
#include "tls_lab.h"

#include <stdio.h>

Suite *path_tls_http2_suite(void);

#define GET     "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define OK5     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define HINT    "HTTP2_ONLY (http2Upstream: true)"

/* What the servers do with whom offers no HTTP/2, and what they choose otherwise. */
enum manner { SENDS_ALERT, GOES, SAYS_SETTINGS, TAKES_HTTP1 };

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		  const unsigned char *in, unsigned int in_len, void *manner)
{
	const char *wanted = *(enum manner *)manner == TAKES_HTTP1 ? "http/1.1" : "h2";

	(void)ssl;
	for (unsigned int i = 0; i < in_len; i += 1u + in[i])
		if (in[i] == strlen(wanted) && memcmp(in + i + 1, wanted, in[i]) == 0) {
			*out = in + i + 1;
			*out_len = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	return *(enum manner *)manner == SENDS_ALERT ? SSL_TLSEXT_ERR_ALERT_FATAL
						     : SSL_TLSEXT_ERR_NOACK;
}

static struct tls_lab *lab_of(enum manner *manner, const char *service)
{
	struct tls_lab *t = tls_lab_create(upstream_tls(""), service);

	SSL_CTX_set_alpn_protos(tls_lab_speak(t, CLIENT), (const uint8_t *)"\x08http/1.1", 9);
	SSL_CTX_set_alpn_select_cb(tls_lab_speak(t, SERVER), choose, manner);
	return t;
}

static const char *chosen(const struct tls_lab *t)
{
	static char name[16];
	const unsigned char *protocol;
	unsigned int n;

	SSL_get0_alpn_selected(t->end[SERVER].peer.ssl, &protocol, &n);
	snprintf(name, sizeof(name), "%.*s", (int)n, (const char *)protocol);
	return name;
}

/* A connection in whose course the servers show what they are. */
static void show(struct tls_lab *t, enum manner manner)
{
	static const uint8_t settings[] = {0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100};

	tls_lab_connect(t);
	if (manner == SAYS_SETTINGS)
		tls_lab_send(t, SERVER, settings, sizeof(settings));
	tls_lab_say(t, CLIENT, GET);
	if (manner == GOES) {
		tls_lab_close(t, SERVER);
		lab_fin(t->l, SERVER);
		tls_lab_pump(t);
	}
}

START_TEST(the_first_client_hears_what_helps_and_the_next_is_translated)
{
	enum manner manner = (enum manner)_i;
	struct tls_lab *t = lab_of(&manner, "");
	struct weir_event_http h;

	show(t, manner);
	ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway"));
	h = lab_record(t->l, NULL);
	ck_assert_str_eq(h.bad, HINT);
	ck_assert_uint_eq(h.status, 502);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_HTTP2_ONLY), 1);
	for (unsigned int i = 0; i < 2; i++) {
		tls_lab_connect(t);
		ck_assert_str_eq(chosen(t), "h2");
		tls_lab_say(t, CLIENT, GET);
		ck_assert(strncmp(tls_lab_got(t, SERVER), PREFACE, strlen(PREFACE)) == 0);
	}
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_HTTP2_ONLY), 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(it_is_remembered_for_ten_minutes_after_the_last_time)
{
	enum manner manner = SENDS_ALERT;
	struct tls_lab *t = lab_of(&manner, "");

	show(t, manner);
	for (unsigned int i = 0; i < 3; i++) {
		lab_wait(t->l, 500 * WEIR_NS_PER_S);
		tls_lab_connect(t);
		ck_assert_str_eq(chosen(t), "h2");
	}
	lab_wait(t->l, 601 * WEIR_NS_PER_S);
	tls_lab_connect(t);
	ck_assert(!SSL_is_init_finished(t->end[SERVER].peer.ssl));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_HTTP2_ONLY), 2);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(servers_that_choose_http1_are_asked_for_nothing_else_again)
{
	enum manner manner = SENDS_ALERT;
	struct tls_lab *t = lab_of(&manner, "");

	show(t, manner);
	manner = TAKES_HTTP1;
	tls_lab_connect(t);
	ck_assert_str_eq(chosen(t), "http/1.1");
	tls_lab_say(t, CLIENT, GET);
	tls_lab_say(t, SERVER, OK5);
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK5);
	manner = SENDS_ALERT;
	tls_lab_connect(t);
	ck_assert(!SSL_is_init_finished(t->end[SERVER].peer.ssl));
	tls_lab_destroy(t);
}
END_TEST

/* A server without ALPN that dies in its answer speaks HTTP/1.1 for all that anybody knows. */
START_TEST(servers_that_fail_in_their_answer_are_not_taken_for_such)
{
	static const char half_record[] = "\x17\x03\x03\x40\x11"
					  "0123456789";
	enum manner manner = GOES;
	struct tls_lab *t = lab_of(&manner, "");

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET);
	(void)lab_send(t->l, SERVER, half_record, sizeof(half_record) - 1);
	if (_i)
		lab_reset(t->l, SERVER);
	else
		lab_fin(t->l, SERVER);
	tls_lab_pump(t);
	ck_assert_str_eq(tls_lab_got(t, CLIENT), "");
	ck_assert_str_eq(lab_record(t->l, NULL).bad, "CUT");
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_TRUNCATED), 1);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_HTTP2_ONLY), 0);
	tls_lab_destroy(t);
}
END_TEST

/* Where the Service says false it stays so; the record tells all the same. */
START_TEST(nothing_is_learned_where_the_service_says_which)
{
	enum manner manner = SENDS_ALERT;
	struct tls_lab *t = lab_of(&manner, ", http2Upstream: false");

	for (unsigned int i = 0; i < 2; i++) {
		show(t, manner);
		ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), "HTTP/1.1 502 "));
		ck_assert_str_eq(lab_record(t->l, NULL).bad, HINT);
	}
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_HTTP2_ONLY), 0);
	tls_lab_destroy(t);
}
END_TEST

Suite *path_tls_http2_suite(void)
{
	Suite *s =
		WEIR_SUITE("path tls http2", it_is_remembered_for_ten_minutes_after_the_last_time,
			   servers_that_choose_http1_are_asked_for_nothing_else_again,
			   nothing_is_learned_where_the_service_says_which);
	TCase *c = tcase_create("manners");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, the_first_client_hears_what_helps_and_the_next_is_translated,
			    SENDS_ALERT, TAKES_HTTP1);
	tcase_add_loop_test(c, servers_that_fail_in_their_answer_are_not_taken_for_such, 0, 2);
	suite_add_tcase(s, c);
	return s;
}
