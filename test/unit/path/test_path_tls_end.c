/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ends of a connection whose TLS weir ends and that nobody reads as HTTP: who ends it, and how,
 * against what the other one hears. What was cut off must not look whole there, what was whole must
 * arrive, and nothing may stay behind.
 */
#include "tls_lab.h"

#include <stdio.h>
#include <stdlib.h>

Suite *path_tls_end_suite(void);

#define WORD "the last word"

enum how {
	CLOSES,          /* close_notify and FIN */
	CLOSES_AND_SAYS, /* close_notify, then more */
	FIN_ALONE,
	FIN_IN_RECORD,
	RESETS,
	RESETS_BEHIND_WORD, /* the two come together */
	RESETS_IN_RECORD
};

struct row {
	const char *name;
	bool upstream; /* the servers speak TLS, too */
	unsigned int from;
	enum how how;
	bool word; /* it arrives */
	bool whole;
	bool reset; /* the other one is */
};

static const struct row rows[] = {
	{"client closes", false, CLIENT, CLOSES, true, true, false},
	{"client closes, TLS beyond", true, CLIENT, CLOSES, true, true, false},
	{"server closes", false, SERVER, CLOSES, true, true, false},
	{"server of TLS closes", true, SERVER, CLOSES, true, true, false},
	{"client goes on behind its end", true, CLIENT, CLOSES_AND_SAYS, true, true, false},
	{"server of TLS goes on behind its end", true, SERVER, CLOSES_AND_SAYS, true, true, false},
	/* Many say no more than that, and servers in the clear have no other word for it. */
	{"client says FIN alone", false, CLIENT, FIN_ALONE, true, true, false},
	{"client says FIN alone, TLS beyond", true, CLIENT, FIN_ALONE, true, false, false},
	{"server of TLS says FIN alone", true, SERVER, FIN_ALONE, true, false, false},
	{"client's FIN in a record", false, CLIENT, FIN_IN_RECORD, false, false, true},
	{"client's FIN in a record, TLS beyond", true, CLIENT, FIN_IN_RECORD, false, false, false},
	{"server's FIN in a record", true, SERVER, FIN_IN_RECORD, false, false, false},
	{"client resets", false, CLIENT, RESETS, true, false, true},
	{"client resets, TLS beyond", true, CLIENT, RESETS, true, false, true},
	{"server resets", false, SERVER, RESETS, true, false, true},
	{"server of TLS resets", true, SERVER, RESETS, true, false, true},
	{"client resets behind its word", false, CLIENT, RESETS_BEHIND_WORD, true, false, true},
	{"client resets behind it, TLS beyond", true, CLIENT, RESETS_BEHIND_WORD, true, false,
	 true},
	{"server resets behind its word", false, SERVER, RESETS_BEHIND_WORD, true, false, true},
	{"server of TLS resets behind it", true, SERVER, RESETS_BEHIND_WORD, true, false, true},
	{"client resets in a record", false, CLIENT, RESETS_IN_RECORD, false, false, true},
	{"client resets in a record, TLS beyond", true, CLIENT, RESETS_IN_RECORD, false, false,
	 true},
	{"server of TLS resets in a record", true, SERVER, RESETS_IN_RECORD, false, false, true},
};

/* A Service of no protocol that is read. */
static struct tls_lab *lab_of(bool upstream)
{
	struct http_lab *l = calloc(1, sizeof(*l));
	struct tls_lab *t;
	char *policy;

	ck_assert_ptr_nonnull(l);
	ck_assert_int_gt(asprintf(&policy,
				  POLICY_WEB "---\nkind: Service\nmetadata: {name: db}\nspec: {"
					     "addresses: [servers], ports: [80], protocol: tcp, "
					     "tls: {mode: terminate, certificates: [{certificate: "
					     "'%s', key: '%s'}]%s}}\n",
				  pki()->ec.chain, pki()->ec.key_file,
				  upstream ? upstream_tls("") : ""),
			 0);
	l->f = fixture_create(policy, 1000);
	l->piece = 536;
	l->port = 40000;
	lab_connect(l);
	free(policy);
	t = tls_lab_over(l);
	tls_lab_speak(t, CLIENT);
	if (upstream)
		tls_lab_speak(t, SERVER);
	return t;
}

/* All but the last bytes of a record that holds the word. */
static void say_part(struct tls_lab *t, unsigned int end)
{
	char record[256];
	int n;

	ck_assert_int_eq(SSL_write(t->end[end].peer.ssl, WORD, sizeof(WORD) - 1), sizeof(WORD) - 1);
	n = BIO_read(t->end[end].peer.tx, record, sizeof(record));
	ck_assert_int_gt(n, 0);
	ck_assert_uint_gt(lab_send(t->l, end, record, (size_t)n - 3), 0);
}

static void end_by(struct tls_lab *t, unsigned int from, enum how how)
{
	bool together = how == RESETS_BEHIND_WORD || how == RESETS_IN_RECORD;

	if (together)
		lab_gather(t->l);
	if (how == FIN_IN_RECORD || how == RESETS_IN_RECORD)
		say_part(t, from);
	else
		tls_lab_say(t, from, WORD);
	if (how == CLOSES || how == CLOSES_AND_SAYS)
		tls_lab_close(t, from);
	if (how == CLOSES_AND_SAYS)
		ck_assert_uint_gt(lab_send(t->l, from, "more", 4), 0);
	if (how >= RESETS)
		lab_reset(t->l, from);
	else
		lab_fin(t->l, from);
	if (together)
		lab_release(t->l, from);
	tls_lab_pump(t);
}

/* Whoever was not reset closes, too; then a minute for what may be repeated. */
static void end_rest(struct tls_lab *t, unsigned int end)
{
	if (!t->l->end[end].rst) {
		tls_lab_close(t, end);
		if (!t->l->end[end].rst)
			lab_fin(t->l, end);
	}
	lab_wait(t->l, 61 * WEIR_NS_PER_S);
	lab_wait(t->l, 61 * WEIR_NS_PER_S);
}

static void check_nothing_stays(struct tls_lab *t)
{
	struct weir_path_gauges g;

	weir_path_gauges(t->l->f->path, 0, &g);
	ck_assert_uint_eq(g.flows, 0);
	ck_assert_uint_eq(g.names, 0);
	ck_assert_uint_eq(g.mbufs_free, g.mbufs_max);
}

static void check_told(const struct tls_lab *t, const struct row *row)
{
	const struct tls_end *to = &t->end[!row->from];
	const struct lab_end *tcp = &t->l->end[!row->from];

	ck_assert_msg(strcmp(tls_lab_got(t, !row->from), row->word ? WORD : "") == 0, "%s: got %s",
		      row->name, tls_lab_got(t, !row->from));
	ck_assert_msg(tcp->rst == row->reset, "%s: rst %d", row->name, tcp->rst);
	ck_assert_msg(tcp->fin == !row->reset, "%s: fin %d", row->name, tcp->fin);
	ck_assert_msg(!to->tls || to->closed == row->whole, "%s: closed %d", row->name, to->closed);
}

enum { VERSION_1_3, VERSION_1_2, KEPT, WAYS };

/* By TLS 1.3, by 1.2, and with records that libssl makes. */
static void set_way(struct tls_lab *t, int way)
{
	SSL_CTX *ctx = t->end[CLIENT].peer.ctx;

	if (way == VERSION_1_2)
		SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	else if (way == KEPT)
		SSL_CTX_set_tlsext_max_fragment_length(ctx, TLSEXT_max_fragment_length_512);
}

START_TEST(how_one_end_goes_is_told_to_the_other)
{
	const struct row *row = &rows[_i / WAYS];
	struct tls_lab *t = lab_of(row->upstream);

	set_way(t, _i % WAYS);
	tls_lab_connect(t);
	end_by(t, row->from, row->how);
	check_told(t, row);
	end_rest(t, !row->from);
	check_nothing_stays(t);
	tls_lab_destroy(t);
}
END_TEST

/* ---- who breaks a download off ---- */

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define PNG "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n"

static struct tls_lab *http_lab_of(bool upstream)
{
	struct tls_lab *t = tls_lab_create(upstream ? upstream_tls("") : "", "");

	tls_lab_speak(t, CLIENT);
	if (upstream)
		tls_lab_speak(t, SERVER);
	return t;
}

/* It closes its socket, and its system resets what still comes. */
START_TEST(a_server_is_not_heard_for_a_client_that_is_gone)
{
	struct tls_lab *t = _i & 1 ? http_lab_of(_i & 2) : lab_of(_i & 2);
	struct weir_event flow = {0};

	tls_lab_connect(t);
	tls_lab_say(t, CLIENT, GET);
	tls_lab_say(t, SERVER, PNG);
	tls_lab_close(t, CLIENT);
	lab_fin(t->l, CLIENT);
	tls_lab_say(t, SERVER, WORD);
	ck_assert(t->l->end[SERVER].fin && !t->l->end[SERVER].rst);
	ck_assert_ptr_nonnull(strstr(tls_lab_got(t, CLIENT), PNG WORD));
	lab_reset(t->l, CLIENT);
	ck_assert(t->l->end[SERVER].rst);
	lab_wait(t->l, 61 * WEIR_NS_PER_S);
	check_nothing_stays(t);
	ck_assert_uint_eq(fixture_events_of(t->l->f, WEIR_EVENT_FLOW, &flow), 1);
	ck_assert_uint_eq(flow.end, WEIR_FLOW_END_CLOSED);
	tls_lab_destroy(t);
}
END_TEST

/* ---- before both can be spoken to ---- */

static const struct {
	bool upstream; /* of TLS, and in its handshake if the client has begun one */
	bool hello;    /* the client finishes its handshake */
	bool notify;   /* and says close_notify */
} early[] = {
	{false, false, false},
	{true, false, false},
	{true, true, false},
	{true, true, true},
};

START_TEST(a_client_that_goes_before_there_is_anything_to_say_is_no_failure)
{
	struct tls_lab *t = lab_of(early[_i].upstream);
	struct weir_event flow = {0};

	t->end[SERVER].tls = false; /* it never answers */
	if (early[_i].hello)
		tls_lab_connect(t);
	else
		t->end[CLIENT].tls = false;
	if (early[_i].notify)
		tls_lab_close(t, CLIENT);
	lab_fin(t->l, CLIENT);
	tls_lab_pump(t);
	ck_assert(t->l->end[SERVER].fin && !t->l->end[SERVER].rst);
	lab_fin(t->l, SERVER);
	tls_lab_pump(t);
	ck_assert(t->l->end[CLIENT].fin);
	ck_assert_int_eq(t->end[CLIENT].closed, early[_i].hello);
	lab_wait(t->l, 61 * WEIR_NS_PER_S);
	check_nothing_stays(t);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_FAILED), 0);
	ck_assert_uint_eq(tls_lab_count(t, WEIR_COUNT_TLS_SERVER_FAILED), 0);
	ck_assert_uint_eq(fixture_events_of(t->l->f, WEIR_EVENT_FLOW, &flow), 1);
	ck_assert_uint_eq(flow.end, WEIR_FLOW_END_CLOSED);
	ck_assert_uint_eq(flow.verdict, WEIR_VERDICT_ALLOW);
	tls_lab_destroy(t);
}
END_TEST

Suite *path_tls_end_suite(void)
{
	Suite *s = suite_create("path tls end");
	TCase *t = tcase_create("each");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, how_one_end_goes_is_told_to_the_other, 0,
			    WAYS * (int)WEIR_ARRAY_LEN(rows));
	tcase_add_loop_test(t, a_server_is_not_heard_for_a_client_that_is_gone, 0, 4);
	tcase_add_loop_test(t, a_client_that_goes_before_there_is_anything_to_say_is_no_failure, 0,
			    (int)WEIR_ARRAY_LEN(early));
	suite_add_tcase(s, t);
	return s;
}
