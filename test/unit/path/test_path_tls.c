/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS that weir ends: what arrives, in records of which size, and what is told of it. */
#include "tls_lab.h"

#include <stdlib.h>

Suite *path_tls_suite(void);

#define GET(path)     "GET " path " HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define OK(body, len) "HTTP/1.1 200 OK\r\nContent-Length: " #len "\r\n\r\n" body

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
	struct tls_lab *t = tls_lab_with(ways[_i].upstream ? upstream_tls("") : "");

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
	struct tls_lab *t = tls_lab_with(upstream_tls(""));

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/attack1"));
	ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), "HTTP/1.1 403 Forbidden\r\n"));
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
	struct tls_lab *t = tls_lab_with(_i ? upstream_tls("") : "");
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
	struct tls_lab *t = tls_lab_with(upstream_tls(""));
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
	struct tls_lab *t = tls_lab_with(upstream_tls(""));

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
	struct tls_lab *t = tls_lab_with("");

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
	struct tls_lab *t = tls_lab_with(upstream_tls(""));
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

/* Each that is waited for holds an object of libssl. */
START_TEST(a_servers_ticket_is_not_waited_for_for_ever)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(""));

	SSL_CTX_set_num_tickets(t->end[SERVER].peer.ctx, 0);
	tls_lab_connect(t);
	lab_wait(t->l, (_i ? 11 : 9) * WEIR_NS_PER_S);
	ck_assert_int_eq(SSL_new_session_ticket(t->end[SERVER].peer.ssl), 1);
	SSL_do_handshake(t->end[SERVER].peer.ssl);
	tls_lab_pump(t);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_SERVER_RESUMED), !_i);
	tls_lab_destroy(t);
}
END_TEST

static bool carry(struct peer *from, struct peer *to)
{
	char bytes[4096];
	bool any = false;
	int n;

	for (; (n = BIO_read(from->tx, bytes, sizeof(bytes))) > 0; any = true)
		BIO_write(to->rx, bytes, n);
	return any;
}

/* Of another server, which would have taken early data. */
static void meet_other_server(struct peer *p)
{
	struct peer other;
	char byte;

	peer_init(&other, true);
	peer_show(&other, &pki()->ec);
	SSL_CTX_set_max_early_data(other.ctx, 16384);
	peer_start(&other);
	peer_start(p);
	SSL_set_tlsext_host_name(p->ssl, SERVER_NAME);
	do {
		(void)!SSL_read(p->ssl, &byte, 1);
		(void)carry(p, &other);
		SSL_do_handshake(other.ssl);
	} while (carry(&other, p));
	peer_stop(p);
	peer_fini(&other);
}

START_TEST(early_data_that_nobody_asked_for_is_passed_over)
{
	struct tls_lab *t = tls_lab_with("");
	struct peer *p = &t->end[CLIENT].peer;
	SSL_SESSION *session = NULL;
	char early[5000] = "GET /early HTTP/1.1\r\n";
	size_t n;

	t->l->piece = _i ? 1 : 536;
	peer_keep_sessions(p, &session);
	meet_other_server(p);
	ck_assert_ptr_nonnull(session);
	peer_start(p);
	SSL_set_tlsext_host_name(p->ssl, SERVER_NAME);
	SSL_set_session(p->ssl, session);
	ck_assert_int_eq(SSL_write_early_data(p->ssl, early, sizeof(early), &n), 1);
	tls_lab_pump(t);
	ck_assert_int_eq(SSL_get_early_data_status(p->ssl), SSL_EARLY_DATA_REJECTED);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_FAILED), 0);
	SSL_SESSION_free(session);
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
	struct tls_lab *t = tls_lab_with(upstream_tls(""));
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

/* ---- records, reloads ---- */

START_TEST(records_say_what_was_agreed_upon)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(""));
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
	struct tls_lab *t = tls_lab_with(upstream_tls(""));

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

START_TEST(a_handshake_outlives_the_generation_that_it_began_with)
{
	struct tls_lab *t = tls_lab_with(upstream_tls(""));

	t->deaf = true;
	tls_lab_connect(t);
	lab_reload(t->l, "", "", 2);
	weir_path_sync_clock(t->l->f->path);
	t->deaf = false;
	tls_lab_pump(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5));
	tls_lab_destroy(t);
}
END_TEST

/* ---- bodies that are more than can be held ---- */

#define SHORT_CHUNK "1\r\na\r\n" /* most of it is framing, which rules do not see */

/* `over` is what the policy says of what is over its limit. */
static struct tls_lab *upload(const char *over)
{
	char chunks[1000 * sizeof(SHORT_CHUNK)] = "", service[512], threat[128];
	struct tls_lab *t;

	snprintf(service, sizeof(service),
		 ", tls: {mode: terminate, certificates: [{certificate: '%s', key: '%s'}]}",
		 pki()->ec.chain, pki()->ec.key_file);
	snprintf(threat, sizeof(threat), ", body: {requestLimit: 1GiB, overRequest: %s}", over);
	t = tls_lab_over(lab_create(service, threat));
	tls_lab_speak(t, CLIENT);
	tls_lab_connect(t);
	t->l->end[SERVER].silent = true;
	for (unsigned int i = 0; i < 1000; i++)
		memcpy(chunks + i * strlen(SHORT_CHUNK), SHORT_CHUNK, sizeof(SHORT_CHUNK));
	tls_lab_say(t, CLIENT,
		    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
		    "Content-Type: application/x-www-form-urlencoded\r\n\r\n");
	for (unsigned int i = 0; i < 400 && !tls_lab_count(t, WEIR_COUNT_HTTP_LIMIT); i++)
		tls_lab_send(t, CLIENT, chunks, strlen(chunks));
	return t;
}

START_TEST(a_body_of_which_no_more_can_be_held_is_over_the_limit)
{
	struct tls_lab *t = upload("reject");

	ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), "HTTP/1.1 413 "));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_HTTP_LIMIT), 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(where_that_passes_it_is_judged_by_what_is_held)
{
	struct tls_lab *t = upload("partial");

	ck_assert_str_eq(tls_lab_got(t, CLIENT), "");
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_HTTP_LIMIT), 1);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_HTTP_UNJUDGED), 0);
	lab_reset(t->l, CLIENT);
	ck_assert(lab_record(t->l, NULL).request_partial);
	tls_lab_destroy(t);
}
END_TEST

Suite *path_tls_suite(void)
{
	Suite *s = WEIR_SUITE(
		"path tls", an_attack_is_refused_and_the_connection_stays,
		who_does_not_read_holds_the_other_back, keys_may_be_updated_by_either_end,
		records_that_libssl_keeps_work_as_well, sessions_are_resumed_with_both_ends,
		a_body_of_which_no_more_can_be_held_is_over_the_limit,
		where_that_passes_it_is_judged_by_what_is_held,
		records_are_a_segments_at_first_and_after_a_pause, records_say_what_was_agreed_upon,
		a_connection_outlives_the_generation_that_it_began_with,
		a_handshake_outlives_the_generation_that_it_began_with);
	TCase *t = tcase_create("each");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_request_and_its_response_arrive_as_they_were_sent, 0,
			    (int)WEIR_ARRAY_LEN(ways));
	tcase_add_loop_test(t, large_bodies_arrive_both_ways, 0, 2);
	tcase_add_loop_test(t, early_data_that_nobody_asked_for_is_passed_over, 0, 2);
	tcase_add_loop_test(t, a_servers_ticket_is_not_waited_for_for_ever, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
