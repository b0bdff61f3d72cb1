/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that are allowed by whom their clients ask for: what goes on when, and what is told. */
#include "../tls/conn_test.h"
#include "http_lab.h"

#include <stdio.h>
#include <stdlib.h>

Suite *path_hello_suite(void);

#define NAMED(more, names)                                                                      \
	"kind: EgressPolicy\nmetadata: {name: out}\n"                                           \
	"spec: {from: [10.0.0.0/24, 'fd00::/64']" more ", allow: [{name: named, names: [" names \
	"], ports: [80, 443]}]}\n---\n"                                                         \
	"kind: Defaults\nspec: {timeouts: {clientHello: 3s}}\n"
#define POLICY NAMED("", "good.example, '*.cdn.example'")

#define DENIED    "\x15\x03\x03\x00\x02\x02\x31"
#define MALFORMED "\x15\x03\x03\x00\x02\x02\x32"

static struct http_lab *large_lab_with(const char *policy, unsigned int connections)
{
	struct http_lab *l = calloc(1, sizeof(*l));

	ck_assert_ptr_nonnull(l);
	l->f = fixture_create(policy, connections);
	l->piece = 536;
	l->port = 40000;
	lab_connect(l);
	return l;
}

static struct http_lab *lab_with(const char *policy)
{
	return large_lab_with(policy, 1000);
}

/* OpenSSL's; `name` NULL: it asks for nobody. */
static size_t make_hello(const char *name, char *out, size_t room)
{
	struct peer p;
	int len;

	peer_init(&p, false);
	peer_start(&p);
	if (name)
		SSL_set_tlsext_host_name(p.ssl, name);
	ck_assert_int_eq(SSL_do_handshake(p.ssl), -1);
	len = BIO_read(p.tx, out, (int)room);
	peer_fini(&p);
	ck_assert_int_gt(len, 0);
	return (size_t)len;
}

static void say(struct http_lab *l, unsigned int end, const char *bytes, size_t len)
{
	lab_send(l, end, bytes, len);
	lab_wait(l, 50 * WEIR_NS_PER_MS);
}

static struct weir_event last_of(struct http_lab *l, enum weir_event_type type)
{
	struct weir_event e;

	ck_assert_uint_ge(fixture_events_of(l->f, type, &e), 1);
	return e;
}

static const size_t pieces[] = {1, 7, 536};

START_TEST(nothing_goes_on_before_the_last_byte_of_what_is_allowed)
{
	struct http_lab *l = lab_with(POLICY);
	char hello[2048];
	size_t len = make_hello("a.cdn.example", hello, sizeof(hello));
	struct weir_event e;

	l->piece = pieces[_i];
	say(l, CLIENT, hello, len - 1);
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	say(l, CLIENT, hello + len - 1, 1);
	ck_assert_uint_eq(l->end[SERVER].n_got, len);
	ck_assert_mem_eq(l->end[SERVER].got, hello, len);
	say(l, SERVER, "well", 4);
	ck_assert_str_eq(lab_got(l, CLIENT), "well");
	e = last_of(l, WEIR_EVENT_HELLO);
	ck_assert_str_eq(e.hello.sni, "a.cdn.example");
	ck_assert_uint_eq(strlen(e.hello.ja3), 32);
	ck_assert_uint_eq(strlen(e.hello.ja4), 36);
	ck_assert_uint_eq(e.hello.version, WEIR_TLS_1_3);
	ck_assert_uint_eq(e.verdict, WEIR_VERDICT_ALLOW);
	ck_assert_str_eq(weir_names_get(l->f->names, e.rule), "named");
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_NAMES_ALLOWED), 1);
	lab_destroy(l);
}
END_TEST

static const struct {
	const char *bytes; /* NULL: a ClientHello for `name` */
	size_t len;
	const char *name;
	enum weir_drop reason;
	const char *told; /* "": a reset */
} refused[] = {
	{NULL, 0, "evil.example", WEIR_DROP_SNI_DENIED, DENIED},
	{NULL, 0, "cdn.example", WEIR_DROP_SNI_DENIED, DENIED},
	{NULL, 0, NULL, WEIR_DROP_SNI_MISSING, DENIED},
	{NULL, 0, "10.0.1.2", WEIR_DROP_SNI_BAD, DENIED},
	{NULL, 0, "-good..example", WEIR_DROP_SNI_BAD, DENIED},
	{"GET / HTTP/1.1\r\n\r\n", 18, NULL, WEIR_DROP_NO_HELLO, ""},
	{"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10, NULL, WEIR_DROP_HELLO_BAD, MALFORMED},
};

START_TEST(what_is_refused_is_told_to_both_and_the_server_has_read_nothing)
{
	struct http_lab *l = lab_with(POLICY);
	char hello[2048];
	size_t len = refused[_i].bytes ? refused[_i].len
				       : make_hello(refused[_i].name, hello, sizeof(hello));
	size_t told = refused[_i].told[0] ? 7 : 0;
	struct weir_event e;

	say(l, CLIENT, refused[_i].bytes ? refused[_i].bytes : hello, len);
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	ck_assert(l->end[SERVER].rst);
	ck_assert_uint_eq(l->end[CLIENT].n_got, told);
	ck_assert_mem_eq(l->end[CLIENT].got, refused[_i].told, told);
	ck_assert(told ? l->end[CLIENT].fin : l->end[CLIENT].rst);
	ck_assert_uint_eq(fixture_drops(l->f, refused[_i].reason), 1);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_NAMES_DENIED), 1);
	e = last_of(l, refused[_i].bytes ? WEIR_EVENT_DECISION : WEIR_EVENT_HELLO);
	ck_assert_uint_eq(e.verdict, WEIR_VERDICT_DENY);
	ck_assert_uint_eq(e.reason, refused[_i].reason);
	ck_assert_str_eq(weir_names_get(l->f->names, e.rule), "otherwise");
	lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_speaks_first_is_not_heard)
{
	struct http_lab *l = lab_with(POLICY);

	say(l, SERVER, "220 hello\r\n", 11);
	ck_assert_uint_eq(l->end[CLIENT].n_got, 0);
	ck_assert(l->end[CLIENT].rst && l->end[SERVER].rst);
	ck_assert_uint_eq(fixture_drops(l->f, WEIR_DROP_NO_HELLO), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(a_client_hello_has_its_time)
{
	struct http_lab *l = lab_with(POLICY);
	char hello[2048];
	size_t len = make_hello("good.example", hello, sizeof(hello));

	say(l, CLIENT, hello, len / 2);
	lab_wait(l, 2 * WEIR_NS_PER_S);
	ck_assert(!l->end[CLIENT].rst && !l->end[SERVER].rst);
	lab_wait(l, 2 * WEIR_NS_PER_S);
	ck_assert(l->end[CLIENT].rst && l->end[SERVER].rst);
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	ck_assert_uint_eq(fixture_drops(l->f, WEIR_DROP_HELLO_TIMEOUT), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(a_client_that_closes_at_once_was_none_of_tls)
{
	struct http_lab *l = lab_with(POLICY);

	lab_fin(l, CLIENT);
	ck_assert_uint_eq(fixture_drops(l->f, WEIR_DROP_NO_HELLO), 1);
	ck_assert(l->end[SERVER].rst);
	lab_destroy(l);
}
END_TEST

START_TEST(policies_that_drop_tell_the_server_alone)
{
	struct http_lab *l = lab_with(NAMED(", otherwise: drop", "good.example"));
	char hello[2048];
	size_t len = make_hello("evil.example", hello, sizeof(hello));

	say(l, CLIENT, hello, len);
	ck_assert(!l->end[CLIENT].rst && !l->end[CLIENT].fin && l->end[SERVER].rst);
	ck_assert_uint_eq(l->end[CLIENT].n_got + l->end[SERVER].n_got, 0);
	say(l, CLIENT, "again", 5);
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	ck_assert(!l->end[CLIENT].rst);
	lab_destroy(l);
}
END_TEST

START_TEST(trials_see_the_name_and_let_pass)
{
	struct http_lab *l =
		lab_with("kind: EgressPolicy\nmetadata: {name: out}\n"
			 "spec: {from: 10.0.0.0/24, mode: detect, allow: [{names: good.example}]}\n"
			 "---\nkind: Defaults\nspec: {unmatched: allow}\n");
	char hello[2048];
	size_t len = make_hello("evil.example", hello, sizeof(hello));
	struct weir_event e;

	say(l, CLIENT, hello, len);
	ck_assert_uint_eq(l->end[SERVER].n_got, len);
	e = last_of(l, WEIR_EVENT_HELLO);
	ck_assert_uint_eq(e.reason, WEIR_DROP_SNI_DENIED);
	ck_assert(e.decision_flags & WEIR_DECISION_WOULD_DENY);
	lab_connect(l);
	say(l, SERVER, "220 hello\r\n", 11);
	ck_assert_str_eq(lab_got(l, CLIENT), "220 hello\r\n");
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_FLOWS_WOULD_DENY), 2);
	lab_destroy(l);
}
END_TEST

static void open_named(struct http_lab *l, const char *name)
{
	char hello[2048];
	size_t len = make_hello(name, hello, sizeof(hello));

	say(l, CLIENT, hello, len);
	ck_assert_uint_eq(l->end[SERVER].n_got, len);
	say(l, SERVER, "well", 4);
	lab_clear(l, SERVER);
	lab_clear(l, CLIENT);
}

START_TEST(an_allowed_flow_is_forwarded_and_keeps_its_name_over_reloads)
{
	struct http_lab *l = lab_with(POLICY);

	open_named(l, "good.example");
	say(l, CLIENT, "more", 4);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_FLOWS_RELEASED), 1);
	fixture_reload(l->f, NAMED("", "other.example, GOOD.example"), 2);
	say(l, CLIENT, "more", 4);
	ck_assert_str_eq(lab_got(l, SERVER), "moremore");
	fixture_reload(l->f, NAMED("", "other.example"), 3);
	say(l, CLIENT, "more", 4);
	ck_assert_str_eq(lab_got(l, SERVER), "moremore");
	ck_assert(l->end[CLIENT].rst);
	ck_assert_uint_ge(fixture_drops(l->f, WEIR_DROP_SNI_DENIED), 1);
	lab_destroy(l);
}
END_TEST

/* Each by a name of its own; the last connection stays the one at hand. */
static void open_many(struct http_lab *l, unsigned int n)
{
	char name[64];

	for (unsigned int i = 0; i < n; i++) {
		if (i)
			lab_connect(l);
		snprintf(name, sizeof(name), "n%u.cdn.example", i);
		open_named(l, name);
		say(l, SERVER, "on", 2); /* it is forwarded, and takes no more room */
		(void)lab_record(l, NULL);
	}
}

/* As many as a worker remembers, and a hundred. */
START_TEST(a_flow_whose_name_found_no_room_does_not_survive_a_reload)
{
	struct http_lab *l = large_lab_with(POLICY, 8192);
	struct weir_path_gauges gauges;

	open_many(l, 4196);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_NAMES_LOST), 100);
	weir_path_gauges(l->f->path, 0, &gauges);
	ck_assert_uint_eq(gauges.names_max, 4096);
	ck_assert_uint_eq(gauges.names, gauges.names_max);
	ck_assert_uint_eq(gauges.identities, 0);
	say(l, CLIENT, "more", 4);
	ck_assert_str_eq(lab_got(l, SERVER), "more");
	fixture_reload(l->f, POLICY, 2);
	say(l, CLIENT, "more", 4);
	ck_assert_str_eq(lab_got(l, SERVER), "more");
	ck_assert_uint_eq(fixture_drops(l->f, WEIR_DROP_NAME_UNSEEN), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(names_that_no_rule_asks_for_leave_half_of_the_room)
{
	struct http_lab *l = large_lab_with(
		"kind: Service\nmetadata: {name: s}\nspec: {addresses: 10.0.1.0/24, ports: [80], "
		"protocol: tcp, tls: {mode: passthrough}}\n---\n"
		"kind: AccessPolicy\nmetadata: {name: p}\nspec: {to: 10.0.1.0/24, action: allow}\n",
		8192);
	struct weir_path_gauges gauges;

	open_many(l, 2098);
	weir_path_gauges(l->f->path, 0, &gauges);
	ck_assert_uint_eq(gauges.names, 2048);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_NAMES_LOST), 50);
	fixture_reload(l->f, POLICY, 2);
	lab_connect(l);
	open_named(l, "new.cdn.example");
	weir_path_gauges(l->f->path, 0, &gauges);
	ck_assert_uint_eq(gauges.names, 2049);
	lab_destroy(l);
}
END_TEST

START_TEST(a_held_flow_is_judged_by_the_policy_of_its_last_byte)
{
	struct http_lab *l = lab_with(POLICY);
	char hello[2048];
	size_t len = make_hello("good.example", hello, sizeof(hello));

	say(l, CLIENT, hello, 100);
	fixture_reload(l->f, NAMED("", "other.example"), 2);
	say(l, CLIENT, hello + 100, len - 100);
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	ck_assert_uint_eq(fixture_drops(l->f, WEIR_DROP_SNI_DENIED), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(what_is_inspected_is_told_of_and_not_waited_for)
{
	struct http_lab *l = lab_with("kind: AccessPolicy\nmetadata: {name: all}\n"
				      "spec: {from: any, inspect: true, action: allow}\n");
	char hello[2048];
	size_t len = make_hello("evil.example", hello, sizeof(hello));
	struct weir_event e;

	say(l, CLIENT, hello, len);
	ck_assert_uint_eq(l->end[SERVER].n_got, len);
	e = last_of(l, WEIR_EVENT_HELLO);
	ck_assert_str_eq(e.hello.sni, "evil.example");
	ck_assert_str_eq(weir_names_get(l->f->names, e.policy), "all");
	lab_connect(l);
	say(l, CLIENT, hello, 1);
	ck_assert_uint_eq(l->end[SERVER].n_got, 1);
	say(l, CLIENT, hello + 1, len - 1);
	ck_assert_uint_eq(l->end[SERVER].n_got, len);
	ck_assert_uint_eq(fixture_events_of(l->f, WEIR_EVENT_HELLO, &e), 0);
	lab_destroy(l);
}
END_TEST

START_TEST(what_began_unseen_has_no_name)
{
	struct http_lab *l = lab_with(POLICY_WEB);
	struct frame_spec s = client;
	struct frame frame;

	say(l, CLIENT, "before", 6);
	fixture_reload(l->f, POLICY, 2);
	say(l, CLIENT, "more", 4);
	ck_assert_str_eq(lab_got(l, SERVER), "before");
	ck_assert_uint_eq(fixture_drops(l->f, WEIR_DROP_NAME_UNSEEN), 1);
	s.sport = 50000;
	s.tcp_flags = 0x18;
	s.seq = s.ack = 1;
	s.payload = "midst";
	frame = frame_tcp(&s);
	ck_assert_uint_eq(fixture_feed(l->f, 0, &frame), 1); /* the reset */
	ck_assert_uint_eq(fixture_drops(l->f, WEIR_DROP_TCP_MIDSTREAM), 1);
	lab_destroy(l);
}
END_TEST

Suite *path_hello_suite(void)
{
	Suite *s = WEIR_SUITE(
		"path hello", a_server_that_speaks_first_is_not_heard, a_client_hello_has_its_time,
		a_client_that_closes_at_once_was_none_of_tls,
		policies_that_drop_tell_the_server_alone, trials_see_the_name_and_let_pass,
		an_allowed_flow_is_forwarded_and_keeps_its_name_over_reloads,
		a_held_flow_is_judged_by_the_policy_of_its_last_byte,
		what_is_inspected_is_told_of_and_not_waited_for, what_began_unseen_has_no_name);
	TCase *t = tcase_create("each");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_flow_whose_name_found_no_room_does_not_survive_a_reload);
	tcase_add_test(t, names_that_no_rule_asks_for_leave_half_of_the_room);
	tcase_add_loop_test(t, nothing_goes_on_before_the_last_byte_of_what_is_allowed, 0,
			    (int)WEIR_ARRAY_LEN(pieces));
	tcase_add_loop_test(t, what_is_refused_is_told_to_both_and_the_server_has_read_nothing, 0,
			    (int)WEIR_ARRAY_LEN(refused));
	suite_add_tcase(s, t);
	return s;
}
