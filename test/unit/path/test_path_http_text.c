/* SPDX-License-Identifier: BSD-3-Clause */
/* What records tell of a request: usual ones, long ones, and long ones without end. */
#include "http_lab.h"

#include <stdlib.h>

#include "../../../lib/path/path_http.h"

Suite *path_http_text_suite(void);

/* A worker with `long_ones` to lend. */
static struct path_worker *worker_create(uint32_t long_ones)
{
	struct path_worker *w = calloc(1, sizeof(*w));

	fixture_start_eal();
	w->http = calloc(1, sizeof(*w->http));
	w->http->texts = weir_pool_create("texts", long_ones, PATH_HTTP_TEXTS_MAX);
	ck_assert_ptr_nonnull(w->http->texts);
	return w;
}

static void worker_destroy(struct path_worker *w)
{
	ck_assert_uint_eq(weir_pool_used(w->http->texts), 0);
	weir_pool_destroy(w->http->texts);
	free(w->http);
	free(w);
}

struct texts {
	char bytes[PATH_HTTP_TEXTS][400];
	struct weir_bytes view[PATH_HTTP_TEXTS];
};

/* Each is of its own letter, `len` times. */
static void fill(struct texts *t, const size_t len[PATH_HTTP_TEXTS])
{
	for (unsigned int i = 0; i < PATH_HTTP_TEXTS; i++) {
		memset(t->bytes[i], (int)('a' + i), sizeof(t->bytes[i]));
		t->view[i] = weir_bytes_of(t->bytes[i], len[i]);
	}
}

static void assert_text(const char *text, unsigned int i, size_t len)
{
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_uint_eq(strspn(text, (char[]){(char)('a' + i), '\0'}), len);
}

static const struct {
	size_t len[PATH_HTTP_TEXTS], told[PATH_HTTP_TEXTS];
	bool lent;
} rows[] = {
	{{0}, {0}, false},
	{{3, 8, 12, 1, 40}, {3, 8, 12, 1, 40}, false},
	{{7, 8, 27, 100, 90}, {7, 8, 27, 100, 90}, false}, /* to the last byte */
	{{7, 8, 27, 100, 91}, {7, 8, 27, 100, 91}, true},
	{{23, 11, 127, 255, 127}, {23, 11, 127, 255, 127}, true},
	{{24, 12, 128, 256, 128}, {23, 11, 127, 255, 127}, true},
	{{400, 400, 400, 400, 400}, {23, 11, 127, 255, 127}, true},
	{{0, 0, 0, 400, 0}, {0, 0, 0, 255, 0}, true},
};

static void assert_told(const struct path_http_texts *t, const size_t told[PATH_HTTP_TEXTS])
{
	struct weir_event_http h;

	memset(&h, 0x55, sizeof(h));
	path_http_tell_texts(t, &h);
	assert_text(h.method, PATH_HTTP_METHOD, told[PATH_HTTP_METHOD]);
	assert_text(h.protocol, PATH_HTTP_PROTOCOL, told[PATH_HTTP_PROTOCOL]);
	assert_text(h.host, PATH_HTTP_HOST, told[PATH_HTTP_HOST]);
	assert_text(h.path, PATH_HTTP_PATH, told[PATH_HTTP_PATH]);
	assert_text(h.user_agent, PATH_HTTP_AGENT, told[PATH_HTTP_AGENT]);
}

START_TEST(texts_are_told_as_long_as_the_record_takes_them)
{
	struct path_worker *w = worker_create(1);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct path_http_texts t = {0};
		struct texts from;

		fill(&from, rows[i].len);
		path_http_note_texts(w, &t, from.view);
		ck_assert_int_eq(t.more != NULL, rows[i].lent);
		assert_told(&t, rows[i].told);
		path_http_drop_texts(w, &t);
	}
	ck_assert_uint_eq(w->stats.count[WEIR_COUNT_HTTP_TEXTS_CUT], 0);
	worker_destroy(w);
}
END_TEST

START_TEST(without_anything_to_lend_the_last_ones_are_cut)
{
	static const size_t len[PATH_HTTP_TEXTS] = {7, 8, 30, 255, 100},
			    told[PATH_HTTP_TEXTS] = {7, 8, 30, 187, 0};
	struct path_worker *w = worker_create(1);
	struct path_http_texts first = {0}, second = {0};
	struct texts from;

	fill(&from, len);
	path_http_note_texts(w, &first, from.view);
	path_http_note_texts(w, &second, from.view);
	assert_told(&first, len);
	assert_told(&second, told);
	ck_assert_uint_eq(w->stats.count[WEIR_COUNT_HTTP_TEXTS_CUT], 1);
	ck_assert_uint_eq(weir_pool_use(w->http->texts).full, 1);
	path_http_drop_texts(w, &first);
	path_http_drop_texts(w, &second);
	worker_destroy(w);
}
END_TEST

START_TEST(a_long_request_is_told_whole_over_a_connection)
{
	struct http_lab *l = lab_create("", "");
	char request[1024], path[251], agent[121];
	struct weir_event_http h;

	memset(path, 'p', sizeof(path));
	memset(agent, 'u', sizeof(agent));
	path[0] = '/';
	path[sizeof(path) - 1] = agent[sizeof(agent) - 1] = '\0';
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: %s\r\n\r\n", path, agent);
	for (int i = 0; i < 3; i++) {
		lab_say(l, CLIENT, request);
		lab_say(l, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
		h = lab_record(l, NULL);
		ck_assert_str_eq(h.path, path);
		ck_assert_str_eq(h.user_agent, agent);
		ck_assert_str_eq(h.host, "shop.example");
		ck_assert_str_eq(h.method, "GET");
		ck_assert_str_eq(h.protocol, "HTTP/1.1");
	}
	lab_destroy(l);
}
END_TEST

Suite *path_http_text_suite(void)
{
	return WEIR_SUITE("path http text", texts_are_told_as_long_as_the_record_takes_them,
			  without_anything_to_lend_the_last_ones_are_cut,
			  a_long_request_is_told_whole_over_a_connection);
}
