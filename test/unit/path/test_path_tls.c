/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS that weir ends: what arrives, in which words an end is told, what fails by which name. */
#include "tls_lab.h"

#include <stdlib.h>

Suite *path_tls_suite(void);

#define GET(path)     "GET " path " HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define FORM          "Content-Type: application/x-www-form-urlencoded\r\n"
#define OK(body, len) "HTTP/1.1 200 OK\r\nContent-Length: " #len "\r\n\r\n" body
#define UNTIL_CLOSE   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"

/* A client that speaks TLS, and a server that does if `tls` says that it is spoken to so. */
static struct tls_lab *lab_with(const char *tls)
{
	struct tls_lab *t = tls_lab_create(tls, "");

	tls_lab_speak(t, CLIENT);
	if (strstr(tls, "upstream"))
		tls_lab_speak(t, SERVER);
	return t;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- bytes ---- */

static const struct {
	int version;
	size_t piece;
	bool upstream;
} ways[] = {
	{TLS1_2_VERSION, 536, false}, {TLS1_3_VERSION, 536, false}, {TLS1_3_VERSION, 1, false},
	{TLS1_2_VERSION, 1, false},   {TLS1_2_VERSION, 536, true},  {TLS1_3_VERSION, 536, true},
	{TLS1_3_VERSION, 1, true},    {TLS1_2_VERSION, 7, true},
};

START_TEST(a_request_and_its_response_arrive_as_they_were_sent)
{
	struct tls_lab *t = lab_with(ways[_i].upstream ? upstream_tls("") : "");

	t->l->piece = ways[_i].piece;
	for (unsigned int i = 0; i < 2; i++)
		if (t->end[i].tls) {
			SSL_CTX_set_min_proto_version(t->end[i].peer.ctx, ways[_i].version);
			SSL_CTX_set_max_proto_version(t->end[i].peer.ctx, ways[_i].version);
		}
	tls_lab_connect(t);
	for (unsigned int i = 0; i < 3; i++) {
		tls_lab_say(t, CLIENT, GET("/"));
		tls_lab_say(t, SERVER, OK("hello", 5));
	}
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/") GET("/") GET("/"));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5) OK("hello", 5) OK("hello", 5));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_HANDSHAKES), 1);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_SERVER_HANDSHAKES), ways[_i].upstream);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_KEPT), 0);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(an_attack_is_refused_and_the_connection_stays)
{
	struct tls_lab *t = lab_with(upstream_tls(""));

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/attack1"));
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 403 Forbidden\r\n"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), "");
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	tls_lab_destroy(t);
}
END_TEST

static uint8_t *some_body(size_t len)
{
	uint8_t *body = malloc(len);

	ck_assert_ptr_nonnull(body);
	for (size_t i = 0; i < len; i++)
		body[i] = (uint8_t)('a' + (i * 7 + (i >> 8)) % 26);
	return body;
}

START_TEST(large_bodies_arrive_both_ways)
{
	struct tls_lab *t = lab_with(_i ? upstream_tls("") : "");
	const size_t len = 200000;
	uint8_t *body = some_body(len);
	const char *got;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT,
		    "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: "
		    "200000\r\n\r\n");
	for (size_t at = 0; at < len; at += 20000)
		tls_lab_send(t, CLIENT, body + at, 20000);
	got = strstr(tls_lab_got(t, SERVER), "\r\n\r\n");
	ck_assert_ptr_nonnull(got);
	ck_assert_mem_eq(got + 4, body, len);
	tls_lab_say(t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
	for (size_t at = 0; at < len; at += 20000)
		tls_lab_send(t, SERVER, body + at, 20000);
	got = strstr(tls_lab_got(t, CLIENT), "\r\n\r\n");
	ck_assert_ptr_nonnull(got);
	ck_assert_mem_eq(got + 4, body, len);
	free(body);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(who_does_not_read_holds_the_other_back)
{
	struct tls_lab *t = lab_with(upstream_tls(""));
	uint8_t *body = some_body(1 << 20);
	size_t held = 0;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	t->l->end[CLIENT].silent = true;
	tls_lab_say(t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
	tls_lab_send(t, SERVER, body, 1 << 20);
	held = t->end[SERVER].wire.len;
	ck_assert_uint_gt(held, (1 << 20) - (512 << 10));
	tls_lab_pump(t);
	ck_assert_uint_eq(t->end[SERVER].wire.len, held);
	free(body);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(keys_may_be_updated_by_either_end)
{
	struct tls_lab *t = lab_with(upstream_tls(""));

	tls_lab_connect(t);
	for (unsigned int i = 0; i < 4; i++) {
		SSL_key_update(t->end[CLIENT].peer.ssl,
			       i % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
		SSL_key_update(t->end[SERVER].peer.ssl, SSL_KEY_UPDATE_REQUESTED);
		tls_lab_say(t, CLIENT, GET("/"));
		tls_lab_say(t, SERVER, OK("hello", 5));
	}
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/") GET("/") GET("/") GET("/"));
	ck_assert_uint_eq(t->end[CLIENT].plain.len, 4 * strlen(OK("hello", 5)));
	tls_lab_destroy(t);
}
END_TEST

/* Small fragments: libssl does not tell the keys, and makes the records itself. */
START_TEST(records_that_libssl_keeps_work_as_well)
{
	struct tls_lab *t = lab_with("");

	SSL_CTX_set_tlsext_max_fragment_length(t->end[CLIENT].peer.ctx,
					       TLSEXT_max_fragment_length_512);
	tls_lab_connect(t);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_KEPT), 1);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5));
	tls_lab_close(t, CLIENT);
	lab_fin(t->l, CLIENT);
	ck_assert(t->l->end[SERVER].fin);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(sessions_are_resumed_with_both_ends)
{
	struct tls_lab *t = lab_with(upstream_tls(""));
	SSL_SESSION *session = NULL;

	peer_keep_sessions(&t->end[CLIENT].peer, &session);
	for (unsigned int i = 0; i < 2; i++) {
		tls_lab_connect(t);
		tls_lab_say(t, CLIENT, GET("/"));
		tls_lab_say(t, SERVER, OK("hello", 5));
		ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5));
	}
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_SERVER_RESUMED), 1);
	SSL_SESSION_free(session);
	tls_lab_destroy(t);
}
END_TEST

/* ---- ends ---- */

START_TEST(a_clients_close_is_passed_on_in_the_servers_words)
{
	struct tls_lab *t = lab_with(_i ? upstream_tls("") : "");

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
	struct tls_lab *t = lab_with(upstream_tls(""));

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
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_server_in_the_clear_that_closes_gives_close_notify)
{
	struct tls_lab *t = lab_with("");

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

START_TEST(what_follows_a_refusal_that_closes_is_not_waited_for)
{
	struct tls_lab *t = lab_with("");

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, "GET / HTTP/1.1\r\n\r\n");
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 400 Bad Request\r\n"));
	ck_assert(t->l->end[CLIENT].fin && t->end[CLIENT].closed && t->l->end[SERVER].fin);
	tls_lab_destroy(t);
}
END_TEST

/* ---- sizes of records ---- */

#define CHUNK    16384
#define PNG(len) "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: " #len "\r\n\r\n"

struct sizes {
	unsigned int n, first, largest; /* of records with data: how many, bytes */
};

static void on_message(int sent, int version, int type, const void *bytes, size_t len, SSL *ssl,
		       void *arg)
{
	const uint8_t *head = bytes;
	struct sizes *s = arg;
	unsigned int size;

	(void)version;
	(void)ssl;
	if (sent || type != SSL3_RT_HEADER || len != 5 || head[0] != SSL3_RT_APPLICATION_DATA)
		return;
	size = (unsigned int)(head[3] << 8 | head[4]);
	s->first = s->n++ ? s->first : size;
	s->largest = size > s->largest ? size : s->largest;
}

/* A response of so many chunks, each of which comes in one record. */
static struct sizes answer(struct tls_lab *t, const char *head, unsigned int chunks)
{
	struct sizes s = {0};
	char *chunk = calloc(1, CHUNK);

	tls_lab_say(t, CLIENT, GET("/"));
	SSL_set_msg_callback(t->end[CLIENT].peer.ssl, on_message);
	SSL_set_msg_callback_arg(t->end[CLIENT].peer.ssl, &s);
	tls_lab_say(t, SERVER, head);
	s = (struct sizes){0};
	for (unsigned int i = 0; i < chunks; i++)
		tls_lab_send(t, SERVER, chunk, CHUNK);
	SSL_set_msg_callback(t->end[CLIENT].peer.ssl, NULL);
	free(chunk);
	return s;
}

START_TEST(records_are_a_segments_at_first_and_after_a_pause)
{
	struct tls_lab *t = lab_with(upstream_tls(""));
	struct sizes s;

	tls_lab_connect(t);
	s = answer(t, PNG(16384), 1);
	ck_assert_uint_le(s.largest, 536);
	ck_assert_uint_gt(s.n, 30);
	s = answer(t, PNG(114688), 7);
	ck_assert_uint_le(s.first, 536);
	ck_assert_uint_gt(s.largest, CHUNK / 2);
	s = answer(t, PNG(16384), 1);
	ck_assert_uint_gt(s.largest, CHUNK / 2);
	lab_wait(t->l, 2 * WEIR_NS_PER_S);
	s = answer(t, PNG(16384), 1);
	ck_assert_uint_le(s.largest, 536);
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
	struct tls_lab *t = lab_with("");

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
	struct tls_lab *t = lab_with(upstream_tls(""));
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
	t = lab_with(tls);
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
	struct tls_lab *t = lab_with(upstream_tls(""));
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
	struct tls_lab *t = lab_with(upstream_tls(", verify: none"));
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

START_TEST(a_server_whose_record_was_changed_is_cut_off)
{
	struct tls_lab *t = lab_with(upstream_tls(""));
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
	struct tls_lab *t = lab_with(upstream_tls(""));
	struct pki_cert cert = server_cert(0);
	uint8_t *body = some_body(150000);

	peer_show(&t->end[SERVER].peer, &cert);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT,
		    "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: "
		    "150000\r\n\r\n");
	ck_assert(starts(tls_lab_got(t, CLIENT), "HTTP/1.1 502 Bad Gateway\r\n"));
	for (size_t at = 0; at < 150000; at += 15000)
		tls_lab_send(t, CLIENT, body + at, 15000);
	ck_assert_uint_eq(t->end[CLIENT].wire.len, 0);
	free(body);
	pki_fini(&cert);
	tls_lab_destroy(t);
}
END_TEST

/* ---- records, reloads ---- */

START_TEST(records_say_what_was_agreed_upon)
{
	struct tls_lab *t = lab_with(upstream_tls(""));
	struct weir_event_http h;

	SSL_CTX_set_alpn_protos(t->end[CLIENT].peer.ctx, (const uint8_t *)"\x04spdy\x08http/1.1",
				14);
	SSL_CTX_set_max_proto_version(t->end[SERVER].peer.ctx, TLS1_2_VERSION);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	h = lab_record(t->l, NULL);
	ck_assert_uint_eq(h.tls[0].version, WEIR_TLS_1_3);
	ck_assert_str_eq(h.tls[0].cipher, "TLS_AES_128_GCM_SHA256");
	ck_assert_uint_eq(h.tls[0].alpn, WEIR_EVENT_ALPN_HTTP1);
	ck_assert(!h.tls[0].resumed && !h.tls[0].shown);
	ck_assert_str_eq(h.sni, SERVER_NAME);
	ck_assert_uint_eq(h.tls[1].version, WEIR_TLS_1_2);
	ck_assert(h.tls[1].shown && h.tls[1].verified);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_connection_outlives_the_generation_that_it_began_with)
{
	struct tls_lab *t = lab_with(upstream_tls(""));

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	lab_reload(t->l, "", "", 2);
	tls_lab_say(t, SERVER, OK("hello", 5));
	tls_lab_say(t, CLIENT, GET("/again"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/") GET("/again"));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5) OK("hello", 5));
	tls_lab_destroy(t);
}
END_TEST

Suite *path_tls_suite(void)
{
	Suite *s = WEIR_SUITE(
		"path tls", an_attack_is_refused_and_the_connection_stays,
		who_does_not_read_holds_the_other_back, keys_may_be_updated_by_either_end,
		records_that_libssl_keeps_work_as_well, sessions_are_resumed_with_both_ends,
		a_server_in_the_clear_that_closes_gives_close_notify,
		what_follows_a_refusal_that_closes_is_not_waited_for,
		records_are_a_segments_at_first_and_after_a_pause, what_is_no_tls_is_told_so,
		after_tls_has_failed_the_clients_port_may_begin_anew,
		a_record_that_was_changed_ends_the_connection,
		a_server_whose_certificate_nobody_looks_at_is_spoken_with,
		a_server_that_never_answers_is_a_502, a_server_whose_record_was_changed_is_cut_off,
		records_say_what_was_agreed_upon,
		what_a_client_still_sends_after_its_502_is_taken_and_dropped,
		a_connection_outlives_the_generation_that_it_began_with);
	TCase *t = tcase_create("each");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_request_and_its_response_arrive_as_they_were_sent, 0,
			    (int)WEIR_ARRAY_LEN(ways));
	tcase_add_loop_test(t, large_bodies_arrive_both_ways, 0, 2);
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
