/* SPDX-License-Identifier: BSD-3-Clause */
/* Stream rules in HTTP/2: they see each message as HTTP/1.1 has it, from its head to its trailers;
 * what completes a match goes nowhere. */
#include "http2_lab.h"

#include <stdio.h>
#include <unistd.h>

Suite *path_http2_scan_suite(void);

#define POST "POST / HTTP/1.1\r\nHost: shop.example\r\n"
#define OKC  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"

static const char patterns[] = "1:/stopthis/\n2:/dropthis/\n3:/tellthis/\n";
static const char meanings[] = "patterns:\n"
			       "  - {id: 1, action: reset}\n"
			       "  - {id: 2, action: drop}\n"
			       "  - {id: 3, action: alert}\n";

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Publishes a generation that has the rules above. */
static struct h2_lab *lab_of(enum h2_way way)
{
	struct h2_lab *l = h2_lab_create(way, "");
	char folder[] = "/tmp/weir-scan-XXXXXX", hs[64], yaml[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(hs, sizeof(hs), "%s/own.hs", folder);
	snprintf(yaml, sizeof(yaml), "%s/own.yaml", folder);
	write_file(hs, patterns);
	write_file(yaml, meanings);
	l->l->f->stream_rules = hs;
	lab_reload(l->l, way == H2_CLEAR1 ? ", http2Upstream: false" : "", "", 2);
	l->l->f->stream_rules = NULL;
	unlink(hs);
	unlink(yaml);
	rmdir(folder);
	h2_pump(l);
	return l;
}

static unsigned int alerts(struct h2_lab *l)
{
	return fixture_events_of(l->l->f, WEIR_EVENT_ALERT, NULL);
}

/* Where in a message the words stand. */
static const struct {
	const char *field, *body, *trailer;
} places[] = {
	{"stopthis", "abc", NULL},
	{"none", "abcstopthisdef", NULL},
	{"none", "abc", "stopthis"},
};

START_TEST(a_request_that_matches_is_reset_wherever_that_is)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(places); i++) {
		struct h2_lab *l = lab_of((enum h2_way)_i);
		const char *body = places[i].body;
		char head[256];
		struct h2_seen *x;

		snprintf(head, sizeof(head),
			 POST "X-Field: %s\r\nTransfer-Encoding: chunked\r\n\r\n", places[i].field);
		x = h2_seen(l, CLIENT, h2_send(l, head, body, strlen(body)));
		x->trailer = places[i].trailer;
		h2_pump(l);
		ck_assert_msg(x->closed && x->status == 0, "row %zu", i);
		ck_assert_uint_eq(x->code, WEIR_HTTP2_CANCEL);
		ck_assert_str_eq(lab_record(l->l, NULL).bad, "STREAM_RULE");
		ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_STREAMS_STOPPED), 1);
		if (l->way == H2_CLEAR && l->end[SERVER].last)
			ck_assert_uint_eq(h2_last(l)->trailers.len, 0);
		else
			ck_assert_ptr_null(strstr(h2_got1(l), "stopthis"));
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(a_response_that_matches_is_reset_wherever_that_is)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(places); i++) {
		struct h2_lab *l = lab_of((enum h2_way)_i);
		struct h2_seen *x = h2_seen(l, CLIENT, h2_get(l, "/"));
		char head[256], answer[512];

		snprintf(head, sizeof(head), OKC "X-Field: %s\r\n\r\n", places[i].field);
		if (h2_lab_is_http2(l)) {
			h2_last(l)->trailer = places[i].trailer;
			h2_answer(l, l->end[SERVER].last, head, places[i].body,
				  strlen(places[i].body));
		} else {
			snprintf(answer, sizeof(answer),
				 "%s%zx\r\n%s\r\n0\r\nX-Trailer: %s\r\n\r\n", head,
				 strlen(places[i].body), places[i].body,
				 places[i].trailer ? places[i].trailer : "none");
			h2_say1(l, answer, strlen(answer));
		}
		ck_assert_msg(x->closed && !x->ended, "row %zu", i);
		ck_assert_uint_eq(x->trailers.len, 0);
		ck_assert_str_eq(lab_record(l->l, NULL).bad, "STREAM_RULE");
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(what_is_only_told_passes)
{
	struct h2_lab *l = lab_of((enum h2_way)_i);
	uint32_t id = h2_send(l, POST "Transfer-Encoding: chunked\r\n\r\n", "abc", 3);
	struct h2_seen *x = h2_seen(l, CLIENT, id);

	x->trailer = "tellthis";
	h2_pump(l);
	ck_assert(!x->closed);
	if (h2_lab_is_http2(l))
		ck_assert_str_eq(h2_last(l)->trailers.ptr, "x-trailer: tellthis\n");
	else
		ck_assert_ptr_nonnull(strstr(h2_got1(l), "x-trailer: tellthis\r\n"));
	ck_assert_uint_eq(alerts(l), 1);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_rule_that_drops_ends_the_connection_without_a_word)
{
	struct h2_lab *l = lab_of((enum h2_way)_i);
	uint32_t id = h2_send(l, POST "Transfer-Encoding: chunked\r\n\r\n", "abc", 3);
	struct h2_seen *x = h2_seen(l, CLIENT, id);

	x->trailer = "dropthis";
	h2_pump(l);
	ck_assert(!x->closed && !l->l->end[CLIENT].rst && !l->l->end[CLIENT].fin);
	ck_assert_uint_eq(alerts(l), 1);
	h2_lab_destroy(l);
}
END_TEST

Suite *path_http2_scan_suite(void)
{
	Suite *s = suite_create("path_http2_scan");
	TCase *t = tcase_create("stream rules");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_request_that_matches_is_reset_wherever_that_is, H2_CLEAR,
			    H2_CLEAR1 + 1);
	tcase_add_loop_test(t, a_response_that_matches_is_reset_wherever_that_is, H2_CLEAR,
			    H2_CLEAR1 + 1);
	tcase_add_loop_test(t, what_is_only_told_passes, H2_CLEAR, H2_CLEAR1 + 1);
	tcase_add_loop_test(t, a_rule_that_drops_ends_the_connection_without_a_word, H2_CLEAR,
			    H2_CLEAR1 + 1);
	suite_add_tcase(s, t);
	return s;
}
