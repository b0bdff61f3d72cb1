/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that are allowed by who their clients are: what reaches the servers when, what is told to
 * whom, and what a reload or a session that goes on makes of it. */
#include "tls_lab.h"

#include <stdio.h>
#include <stdlib.h>

Suite *path_identity_suite(void);

#define GET(path)     "GET " path " HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define OK(body, len) "HTTP/1.1 200 OK\r\nContent-Length: " #len "\r\n\r\n" body
#define WEB           "spiffe://example.org/web" /* of the PKI's client */

/* Ends the ThreatPolicy's spec, and is ended in its place. */
#define MESH(mode, ids, rest)                                                                 \
	"}\n---\nkind: AccessPolicy\nmetadata: {name: mesh}\nspec: {priority: 1, mode: " mode \
	", rules: ["                                                                          \
	"{name: allowed, from: clients, to: servers, ports: 80, identities: [" ids            \
	"], action: allow}, {name: rest, from: clients, to: servers, action: " rest "}]"
#define ALLOW_WEB   MESH("enforce", "'" WEB "'", "deny")
#define ALLOW_OTHER MESH("enforce", "'spiffe://example.org/other', 'dns:web.example'", "deny")

static char *service_of(const char *verify, const char *upstream)
{
	char *text;

	ck_assert_int_gt(asprintf(&text,
				  ", tls: {mode: terminate, certificates: [{certificate: '%s', "
				  "key: '%s'}], client: {verify: %s, ca: '%s'}%s}",
				  pki()->ec.chain, pki()->ec.key_file, verify, pki()->ca.chain,
				  upstream),
			 0);
	return text;
}

struct wanted {
	const char *verify, *upstream, *policy;
	const struct pki_cert *cert; /* that the client shows; NULL: none */
	int version;                 /* 0: any */
};

static struct tls_lab *lab_with(const struct wanted *w)
{
	char *service = service_of(w->verify, w->upstream);
	struct tls_lab *t = tls_lab_over(lab_create(service, w->policy));
	SSL_CTX *ctx = tls_lab_speak(t, CLIENT);

	free(service);
	if (w->cert)
		peer_show(&t->end[CLIENT].peer, w->cert);
	if (w->version)
		SSL_CTX_set_max_proto_version(ctx, w->version);
	if (*w->upstream)
		tls_lab_speak(t, SERVER);
	return t;
}

static struct tls_lab *simple_lab(const char *policy)
{
	return lab_with(&(struct wanted){"optional", "", policy, &pki()->client, 0});
}

static struct weir_event last_of(struct tls_lab *t, enum weir_event_type type)
{
	struct weir_event e;

	ck_assert_uint_ge(fixture_events_of(t->l->f, type, &e), 1);
	return e;
}

static void reload(struct tls_lab *t, const char *verify, const char *policy, uint32_t number)
{
	char *service = service_of(verify, "");

	lab_reload(t->l, service, policy, number);
	free(service);
}

static const struct {
	int version;
	size_t piece;
	bool upstream;
} ways[] = {
	{TLS1_2_VERSION, 536, false}, {TLS1_3_VERSION, 536, false}, {TLS1_3_VERSION, 1, false},
	{TLS1_2_VERSION, 1, true},    {TLS1_2_VERSION, 536, true},  {TLS1_3_VERSION, 536, true},
};

static struct tls_lab *lab_by_way(int i, const char *policy)
{
	struct tls_lab *t =
		lab_with(&(struct wanted){"required", ways[i].upstream ? upstream_tls("") : "",
					  policy, &pki()->client, ways[i].version});

	t->l->piece = ways[i].piece;
	return t;
}

/* ---- who is let in ---- */

START_TEST(who_a_rule_asks_for_reaches_the_server_and_is_told_of)
{
	struct tls_lab *t = lab_by_way(_i, ALLOW_WEB);
	struct weir_path_flow flow;
	struct weir_event_http h;
	struct weir_event e;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_str_eq(tls_lab_got(t, CLIENT), OK("hello", 5));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_IDENTITIES_ALLOWED), 1);
	ck_assert_int_eq(
		weir_path_flows(t->l->f->path, &(struct weir_path_filter){0}, &flow, 1, 1000, NULL),
		1);
	ck_assert_str_eq(flow.identity.text, WEB);
	h = lab_record(t->l, NULL);
	ck_assert_str_eq(h.identity.text, WEB);
	lab_reset(t->l, CLIENT);
	lab_wait(t->l, 20 * WEIR_NS_PER_S); /* it is remembered so long */
	e = last_of(t, WEIR_EVENT_FLOW);
	ck_assert_str_eq(e.identity.text, WEB);
	ck_assert_str_eq(weir_names_get(t->l->f->names, e.rule), "allowed");
	tls_lab_destroy(t);
}
END_TEST

/* Of HTTP, by a page with a number; the server has not even been asked for its certificate. */
START_TEST(whom_no_rule_asks_for_gets_a_page_and_the_server_hears_nothing)
{
	struct tls_lab *t = lab_by_way(_i, ALLOW_OTHER);
	struct weir_event_http h;
	struct weir_event e;

	tls_lab_connect(t);
	ck_assert(t->l->end[SERVER].rst);
	e = last_of(t, WEIR_EVENT_DECISION);
	ck_assert_str_eq(e.identity.text, WEB);
	ck_assert_uint_eq(e.reason, WEIR_DROP_IDENTITY_DENIED);
	ck_assert_uint_eq(e.verdict, WEIR_VERDICT_DENY);
	ck_assert_str_eq(weir_names_get(t->l->f->names, e.rule), "rest");
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_uint_eq(t->l->end[SERVER].n_got, 0);
	ck_assert_int_eq(strncmp(tls_lab_got(t, CLIENT), "HTTP/1.1 403 Forbidden\r\n", 24), 0);
	ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), "by the number"));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_IDENTITIES_DENIED), 1);
	ck_assert_uint_eq(fixture_drops(t->l->f, WEIR_DROP_IDENTITY_DENIED), 1);
	h = lab_record(t->l, NULL);
	ck_assert_uint_eq(h.status, 403);
	ck_assert_str_eq(h.bad, "identity_denied");
	ck_assert_str_eq(h.identity.text, WEB);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(the_flows_record_says_whom_it_refused_and_the_next_one_is_asked_anew)
{
	struct tls_lab *t = simple_lab(ALLOW_OTHER);
	struct weir_event e;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	lab_wait(t->l, 100 * WEIR_NS_PER_S);
	e = last_of(t, WEIR_EVENT_FLOW);
	ck_assert_uint_eq(e.verdict, WEIR_VERDICT_DENY);
	ck_assert_uint_eq(e.reason, WEIR_DROP_IDENTITY_DENIED);
	ck_assert_str_eq(e.identity.text, WEB);
	reload(t, "optional", ALLOW_WEB, 2);
	t->l->port--; /* from the same port */
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_client_without_a_certificate_is_nobody)
{
	struct tls_lab *t =
		lab_with(&(struct wanted){"optional", "", MESH("enforce", "any", "deny"), NULL, 0});
	struct weir_event e;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_uint_eq(t->l->end[SERVER].n_got, 0);
	ck_assert_int_eq(strncmp(tls_lab_got(t, CLIENT), "HTTP/1.1 403 ", 13), 0);
	e = last_of(t, WEIR_EVENT_DECISION);
	ck_assert_uint_eq(e.reason, WEIR_DROP_IDENTITY_MISSING);
	ck_assert_str_eq(e.identity.text, "");
	tls_lab_destroy(t);
}
END_TEST

START_TEST(where_no_client_is_verified_the_first_packet_is_refused)
{
	char *service = service_of("none", "");
	struct http_lab *l = lab_create(service, "");

	lab_reload(l, service, ALLOW_WEB, 2);
	free(service);
	lab_connect(l);
	ck_assert(l->end[CLIENT].rst);
	ck_assert_uint_ge(fixture_drops(l->f, WEIR_DROP_IDENTITY_UNSEEN), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(trials_ask_and_let_pass)
{
	struct tls_lab *t = simple_lab(MESH("detect", "'spiffe://example.org/other'", "deny"));
	struct weir_event e;

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_FLOWS_WOULD_DENY), 1);
	lab_reset(t->l, CLIENT);
	lab_wait(t->l, 20 * WEIR_NS_PER_S); /* it is remembered so long */
	e = last_of(t, WEIR_EVENT_FLOW);
	ck_assert(e.decision_flags & WEIR_DECISION_WOULD_DENY);
	ck_assert_uint_eq(e.reason, WEIR_DROP_IDENTITY_DENIED);
	ck_assert_str_eq(e.identity.text, WEB);
	tls_lab_destroy(t);
}
END_TEST

/* ---- where there is no HTTP ---- */

static char *tcp_policy(const char *ids, const char *rest)
{
	char *text;

	ck_assert_int_gt(
		asprintf(&text,
			 "kind: Service\nmetadata: {name: db}\nspec: {addresses: 10.0.1.0/24, "
			 "ports: [80], protocol: tcp, tls: {mode: terminate, certificates: "
			 "[{certificate: '%s', key: '%s'}], client: {verify: required, ca: "
			 "'%s'}}}\n---\n"
			 "kind: AccessPolicy\nmetadata: {name: mesh}\nspec: {rules: [{name: "
			 "allowed, to: 10.0.1.0/24, identities: [%s], action: allow}, {name: rest, "
			 "to: 10.0.1.0/24, action: %s}]}\n",
			 pki()->ec.chain, pki()->ec.key_file, pki()->ca.chain, ids, rest),
		0);
	return text;
}

static struct tls_lab *tcp_lab(const char *ids, const char *rest)
{
	struct http_lab *l = calloc(1, sizeof(*l));
	char *policy = tcp_policy(ids, rest);
	struct tls_lab *t;

	ck_assert_ptr_nonnull(l);
	l->f = fixture_create(policy, 1000);
	l->piece = 536;
	l->port = 40000;
	lab_connect(l);
	free(policy);
	t = tls_lab_over(l);
	tls_lab_speak(t, CLIENT);
	peer_show(&t->end[CLIENT].peer, &pki()->client);
	return t;
}

START_TEST(whatever_is_spoken_an_alert_tells_of_the_refusal)
{
	struct tls_lab *t = tcp_lab("'cn:web'", "deny");

	tls_lab_connect(t);
	ck_assert_int_eq(t->end[CLIENT].alert, 49);
	ck_assert(t->l->end[CLIENT].fin && t->l->end[SERVER].rst);
	ck_assert_uint_eq(t->l->end[SERVER].n_got, 0);
	ck_assert_str_eq(last_of(t, WEIR_EVENT_DECISION).identity.text, WEB);
	tls_lab_destroy(t);
	t = tcp_lab("'" WEB "'", "deny");
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, "hello");
	ck_assert_str_eq(tls_lab_got(t, SERVER), "hello");
	tls_lab_destroy(t);
}
END_TEST

START_TEST(with_drop_a_client_hears_nothing_more)
{
	struct tls_lab *t = tcp_lab("'cn:web'", "drop");

	tls_lab_connect(t);
	ck_assert_int_eq(t->end[CLIENT].alert, -1);
	ck_assert(!t->l->end[CLIENT].fin && !t->l->end[CLIENT].rst && t->l->end[SERVER].rst);
	ck_assert_uint_eq(t->l->end[SERVER].n_got, 0);
	ck_assert_uint_eq(fixture_drops(t->l->f, WEIR_DROP_IDENTITY_DENIED), 1);
	tls_lab_destroy(t);
}
END_TEST

/* ---- reloads ---- */

START_TEST(a_reload_asks_again_by_the_kept_identity)
{
	struct tls_lab *t = simple_lab(ALLOW_WEB);

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	reload(t, "optional", MESH("enforce", "'spiffe://example.org/*'", "deny"), 2);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/") GET("/"));
	reload(t, "optional", ALLOW_OTHER, 3);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/") GET("/"));
	ck_assert(t->l->end[CLIENT].rst);
	ck_assert_uint_ge(fixture_drops(t->l->f, WEIR_DROP_IDENTITY_DENIED), 1);
	tls_lab_destroy(t);
}
END_TEST

/* The identity was noted though no rule asked for it then. */
START_TEST(a_reload_may_ask_who_a_client_is_for_the_first_time)
{
	struct tls_lab *t = simple_lab("");

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	reload(t, "optional", ALLOW_WEB, 2);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/") GET("/"));
	tls_lab_destroy(t);
}
END_TEST

START_TEST(a_handshake_under_way_is_judged_by_the_policy_of_its_end)
{
	struct tls_lab *t = simple_lab(_i ? ALLOW_WEB : "");

	t->deaf = true; /* the client has said hello, and hears nothing */
	tls_lab_connect(t);
	reload(t, "optional", ALLOW_OTHER, 2);
	t->deaf = false;
	tls_lab_pump(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_uint_eq(t->l->end[SERVER].n_got, 0);
	ck_assert_int_eq(strncmp(tls_lab_got(t, CLIENT), "HTTP/1.1 403 ", 13), 0);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_IDENTITIES_DENIED), 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(who_was_never_verified_does_not_survive_a_rule_that_asks)
{
	char *none = service_of("none", "");
	struct tls_lab *t = tls_lab_over(lab_create(none, ""));

	free(none);
	tls_lab_speak(t, CLIENT);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	reload(t, "required", MESH("enforce", "any", "deny"), 2);
	tls_lab_say(t, CLIENT, GET("/"));
	ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
	ck_assert(t->l->end[CLIENT].rst);
	tls_lab_destroy(t);
}
END_TEST

/* ---- sessions ---- */

START_TEST(a_session_that_goes_on_is_judged_by_who_began_it)
{
	struct tls_lab *t = lab_with(&(struct wanted){"required", "", ALLOW_WEB, &pki()->client,
						      _i ? TLS1_3_VERSION : TLS1_2_VERSION});
	SSL_SESSION *session = NULL;

	peer_keep_sessions(&t->end[CLIENT].peer, &session);
	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET("/"));
	tls_lab_say(t, SERVER, OK("hello", 5));
	ck_assert_ptr_nonnull(session);
	for (uint32_t round = 0; round < 2; round++) {
		t->end[CLIENT].session = session;
		tls_lab_connect(t);
		tls_lab_say(t, CLIENT, GET("/"));
		ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_RESUMED), round + 1);
		if (round == 0) {
			ck_assert_str_eq(tls_lab_got(t, SERVER), GET("/"));
			tls_lab_say(t, SERVER, OK("hello", 5));
			reload(t, "required", ALLOW_OTHER, 2);
		} else {
			ck_assert_uint_eq(t->l->end[SERVER].n_got, 0);
			ck_assert_str_eq(last_of(t, WEIR_EVENT_DECISION).identity.text, WEB);
		}
	}
	SSL_SESSION_free(session);
	tls_lab_destroy(t);
}
END_TEST

Suite *path_identity_suite(void)
{
	Suite *s = WEIR_SUITE(
		"path identity",
		the_flows_record_says_whom_it_refused_and_the_next_one_is_asked_anew,
		a_client_without_a_certificate_is_nobody,
		where_no_client_is_verified_the_first_packet_is_refused, trials_ask_and_let_pass,
		whatever_is_spoken_an_alert_tells_of_the_refusal,
		with_drop_a_client_hears_nothing_more, a_reload_asks_again_by_the_kept_identity,
		a_reload_may_ask_who_a_client_is_for_the_first_time,
		who_was_never_verified_does_not_survive_a_rule_that_asks);
	TCase *tc = tcase_create("ways");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, who_a_rule_asks_for_reaches_the_server_and_is_told_of, 0,
			    WEIR_ARRAY_LEN(ways));
	tcase_add_loop_test(tc, whom_no_rule_asks_for_gets_a_page_and_the_server_hears_nothing, 0,
			    WEIR_ARRAY_LEN(ways));
	tcase_add_loop_test(tc, a_handshake_under_way_is_judged_by_the_policy_of_its_end, 0, 2);
	tcase_add_loop_test(tc, a_session_that_goes_on_is_judged_by_who_began_it, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
