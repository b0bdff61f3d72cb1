/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS that stays closed: what is told of both sides of its handshake, and that it passes as it was
 * sent and is forwarded afterwards. */
#include "tls_lab.h"

#include <stdlib.h>

Suite *path_look_suite(void);

#define PASSED                                                                              \
	"kind: Service\nmetadata: {name: db}\nspec: {addresses: 10.0.1.0/24, ports: [80], " \
	"protocol: tcp, tls: {mode: passthrough}}\n---\n"                                   \
	"kind: AccessPolicy\nmetadata: {name: p}\nspec: {to: 10.0.1.0/24, action: allow}\n"
#define NAMED                                                                               \
	"kind: AccessPolicy\nmetadata: {name: p}\nspec: {to: 10.0.1.0/24, names: '*.org', " \
	"action: allow}\n"
#define INSPECTED                                                                          \
	"kind: AccessPolicy\nmetadata: {name: p}\nspec: {to: 10.0.1.0/24, inspect: true, " \
	"action: allow}\n"

static struct http_lab *clear_lab(const char *policy)
{
	struct http_lab *l = calloc(1, sizeof(*l));

	ck_assert_ptr_nonnull(l);
	l->f = fixture_create(policy, 1000);
	l->piece = 536;
	l->port = 40000;
	lab_connect(l);
	return l;
}

/* Both ends speak TLS with each other. */
static struct tls_lab *lab_with(const char *policy, int version, size_t piece)
{
	struct tls_lab *t = tls_lab_over(clear_lab(policy));

	t->l->piece = piece;
	for (unsigned int end = 0; end < 2; end++)
		SSL_CTX_set_max_proto_version(tls_lab_speak(t, end), version);
	return t;
}

/* The records of type tls that wait, all others of which are gone. */
struct told {
	unsigned int hellos, servers;
	struct weir_event hello, server;
};

static struct told told_of(struct fixture *f)
{
	struct weir_event e[64];
	struct told t = {0};
	unsigned int n = fixture_events(f, e, 64);

	for (unsigned int i = 0; i < n; i++) {
		if (e[i].type == WEIR_EVENT_HELLO) {
			t.hellos++;
			t.hello = e[i];
		} else if (e[i].type == WEIR_EVENT_SERVER) {
			t.servers++;
			t.server = e[i];
		}
	}
	return t;
}

static const struct {
	const char *policy;
	int version;
	size_t piece;
} ways[] = {
	{PASSED, TLS1_2_VERSION, 536}, {PASSED, TLS1_2_VERSION, 1},
	{PASSED, TLS1_3_VERSION, 536}, {PASSED, TLS1_3_VERSION, 7},
	{NAMED, TLS1_2_VERSION, 536},  {NAMED, TLS1_2_VERSION, 7},
	{NAMED, TLS1_3_VERSION, 536},  {INSPECTED, TLS1_2_VERSION, 536},
};

START_TEST(both_sides_of_a_handshake_are_told_of)
{
	struct tls_lab *t = lab_with(ways[_i].policy, ways[_i].version, ways[_i].piece);
	struct told told;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, "hello");
	tls_lab_say(t, SERVER, "world");
	ck_assert_str_eq(tls_lab_got(t, SERVER), "hello");
	ck_assert_str_eq(tls_lab_got(t, CLIENT), "world");
	told = told_of(t->l->f);
	ck_assert_uint_eq(told.hellos, 1);
	ck_assert_uint_eq(told.servers, 1);
	ck_assert_str_eq(told.hello.hello.sni, SERVER_NAME);
	ck_assert_str_eq(told.server.server.sni, SERVER_NAME);
	ck_assert_uint_eq(told.server.server.version, ways[_i].version);
	if (ways[_i].version == TLS1_3_VERSION) {
		ck_assert_uint_eq(told.server.server.certificate, WEIR_EVENT_CERT_HIDDEN);
		ck_assert_str_eq(told.server.server.names, "");
	} else {
		ck_assert_uint_eq(told.server.server.certificate, WEIR_EVENT_CERT_SHOWN);
		ck_assert_str_eq(told.server.server.names,
				 "www.example.org,WWW2.example.org,192.0.2.1");
		ck_assert_str_eq(told.server.server.issuer, "CN=Test CA");
		ck_assert_str_eq(told.server.server.subject, "CN=www.example.org");
	}
	/* Nothing is left to be looked at. */
	if (!strstr(ways[_i].policy, "inspect"))
		ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_FLOWS_RELEASED), 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_session_that_goes_on_shows_no_certificate)
{
	struct tls_lab *t = lab_with(PASSED, TLS1_2_VERSION, 536);
	SSL_SESSION *session = NULL;
	struct told told;

	peer_keep_sessions(&t->end[CLIENT].peer, &session);
	tls_lab_connect(t);
	ck_assert_ptr_nonnull(session);
	(void)told_of(t->l->f);
	t->end[CLIENT].session = session;
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, "hello");
	ck_assert_str_eq(tls_lab_got(t, SERVER), "hello");
	told = told_of(t->l->f);
	ck_assert_uint_eq(told.servers, 1);
	ck_assert_uint_eq(told.server.server.certificate, WEIR_EVENT_CERT_RESUMED);
	SSL_SESSION_free(session);
	tls_lab_destroy(t);
}
END_TEST

static void say(struct http_lab *l, unsigned int end, const char *bytes, size_t len)
{
	lab_send(l, end, bytes, len);
	lab_wait(l, 50 * WEIR_NS_PER_MS);
}

/* What each side says, the server first if it is its turn; none of it is held. */
static const struct {
	bool server_first;
	const char *client, *server;
} others[] = {
	{true, "SSH-2.0-a\r\n", "SSH-2.0-b\r\n"},
	{false, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"},
	{false, "\x16\x02", "\x16"},
};

START_TEST(what_is_no_tls_passes_at_once)
{
	struct http_lab *l = clear_lab(PASSED);

	if (others[_i].server_first)
		say(l, SERVER, others[_i].server, strlen(others[_i].server));
	say(l, CLIENT, others[_i].client, strlen(others[_i].client));
	ck_assert_str_eq(lab_got(l, SERVER), others[_i].client);
	if (!others[_i].server_first)
		say(l, SERVER, others[_i].server, strlen(others[_i].server));
	ck_assert_str_eq(lab_got(l, CLIENT), others[_i].server);
	say(l, CLIENT, "more", 4);
	say(l, CLIENT, "more", 4);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_FLOWS_RELEASED), 1);
	ck_assert_uint_eq(told_of(l->f).hellos, 0);
	lab_destroy(l);
}
END_TEST

START_TEST(the_beginning_of_a_hello_is_held_and_let_go_with_its_end)
{
	static const char begin[] = "\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03";
	struct http_lab *l = clear_lab(PASSED);

	say(l, CLIENT, begin, sizeof(begin) - 1);
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	lab_fin(l, CLIENT);
	lab_wait(l, 50 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(l->end[SERVER].n_got, sizeof(begin) - 1);
	ck_assert(l->end[SERVER].fin);
	lab_destroy(l);
	l = clear_lab(PASSED);
	say(l, CLIENT, begin, sizeof(begin) - 1);
	say(l, SERVER, "enough", 6);
	ck_assert_str_eq(lab_got(l, CLIENT), "enough");
	ck_assert_uint_eq(l->end[SERVER].n_got, sizeof(begin) - 1);
	lab_destroy(l);
}
END_TEST

/* OpenSSL's ClientHello. */
static size_t make_hello(char *out, size_t room)
{
	struct peer p;
	int len;

	peer_init(&p, false);
	peer_start(&p);
	SSL_set_tlsext_host_name(p.ssl, SERVER_NAME);
	ck_assert_int_eq(SSL_do_handshake(p.ssl), -1);
	len = BIO_read(p.tx, out, (int)room);
	peer_fini(&p);
	ck_assert_int_gt(len, 0);
	return (size_t)len;
}

static const struct {
	const char *bytes;
	size_t len;
	bool held; /* as more of it might come */
} answers[] = {
	{"\x16\x03\x03\x00\x04\x0b\x00\x00\x00", 9, false}, /* another message */
	{"\x15\x03\x03\x00\x02\x02\x28", 7, false},         /* an alert */
	{"\x16\x03\x03\x00\x30\x02\x00\x00\x2c\x03\x03", 11, true},
};

START_TEST(whatever_a_server_answers_arrives)
{
	struct http_lab *l = clear_lab(PASSED);
	char hello[2048];
	size_t len = make_hello(hello, sizeof(hello));

	say(l, CLIENT, hello, len);
	ck_assert_uint_eq(l->end[SERVER].n_got, len);
	say(l, SERVER, answers[_i].bytes, answers[_i].len);
	ck_assert_uint_eq(l->end[CLIENT].n_got, answers[_i].held ? 0 : answers[_i].len);
	lab_fin(l, SERVER);
	lab_wait(l, 50 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(l->end[CLIENT].n_got, answers[_i].len);
	ck_assert_mem_eq(l->end[CLIENT].got, answers[_i].bytes, answers[_i].len);
	ck_assert(l->end[CLIENT].fin);
	ck_assert_uint_eq(told_of(l->f).servers, 0);
	lab_destroy(l);
}
END_TEST

START_TEST(a_flow_that_was_looked_at_is_known_by_name_to_a_reload)
{
	struct tls_lab *t = lab_with(PASSED, TLS1_3_VERSION, 536);

	tls_lab_connect(t);
	fixture_reload(t->l->f, NAMED, 2);
	tls_lab_say(t, CLIENT, "hello");
	ck_assert_str_eq(tls_lab_got(t, SERVER), "hello");
	fixture_reload(t->l->f,
		       "kind: AccessPolicy\nmetadata: {name: p}\nspec: {to: 10.0.1.0/24, names: "
		       "other.example, action: allow}\n",
		       3);
	tls_lab_say(t, CLIENT, "more");
	ck_assert_str_eq(tls_lab_got(t, SERVER), "hello");
	ck_assert_uint_ge(fixture_drops(t->l->f, WEIR_DROP_SNI_DENIED), 1);
	tls_lab_destroy(t);
}
END_TEST

Suite *path_look_suite(void)
{
	Suite *s = WEIR_SUITE("path look", a_session_that_goes_on_shows_no_certificate,
			      the_beginning_of_a_hello_is_held_and_let_go_with_its_end,
			      a_flow_that_was_looked_at_is_known_by_name_to_a_reload);
	TCase *t = tcase_create("each look");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, both_sides_of_a_handshake_are_told_of, 0, WEIR_ARRAY_LEN(ways));
	tcase_add_loop_test(t, what_is_no_tls_passes_at_once, 0, WEIR_ARRAY_LEN(others));
	tcase_add_loop_test(t, whatever_a_server_answers_arrives, 0, WEIR_ARRAY_LEN(answers));
	suite_add_tcase(s, t);
	return s;
}
