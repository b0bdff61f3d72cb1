/* SPDX-License-Identifier: BSD-3-Clause */
#include "http_test.h"

static const struct weir_http_limits limits = {.chunk_bytes = 64};

/* Feeds `text` in pieces of `step` bytes; collects content. Returns the bytes taken, or an error.
 */
static ssize_t feed(enum weir_http_framing framing, uint64_t length, const char *text, size_t step,
		    char *content, bool *done)
{
	struct weir_http_head h = {.framing = framing, .length = length};
	struct weir_http_body b;
	size_t len = strlen(text), at = 0, n = 0;

	weir_http_body_init(&b, &h, &limits);
	while (at < len && !b.done) {
		size_t give = len - at < step ? len - at : step;
		struct weir_bytes piece;
		ssize_t used = weir_http_body_feed(&b, weir_bytes_of(text + at, give), &piece);

		if (used < 0)
			return used;
		ck_assert_int_gt(used, 0);
		memcpy(content + n, piece.ptr, piece.len);
		n += piece.len;
		at += (size_t)used;
	}
	content[n] = '\0';
	*done = b.done;
	return (ssize_t)at;
}

static const struct {
	enum weir_http_framing framing;
	uint64_t length;
	const char *text, *content;
	ssize_t taken; /* of the text */
	bool done;
} good[] = {
	{WEIR_HTTP_LENGTH, 3, "abcdef", "abc", 3, true},
	{WEIR_HTTP_LENGTH, 9, "abc", "abc", 3, false},
	{WEIR_HTTP_UNTIL_CLOSE, 0, "abc", "abc", 3, false},
	{WEIR_HTTP_CHUNKED, 0, "3\r\nabc\r\n0\r\n\r\nGET", "abc", 13, true},
	{WEIR_HTTP_CHUNKED, 0, "0\r\n\r\n", "", 5, true},
	{WEIR_HTTP_CHUNKED, 0, "3;a=b\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n", "abc0123456789",
	 34, true},
	{WEIR_HTTP_CHUNKED, 0, "1\r\na\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", "a", 25, true},
	{WEIR_HTTP_CHUNKED, 0, "0\r\nT: 1\r\nTea: 2\r\nTrailers: 3\r\n\r\n", "", 32, true},
	{WEIR_HTTP_CHUNKED, 0, "5\r\nab", "ab", 5, false},
};

START_TEST(content_is_the_same_however_it_is_cut)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(good); i++) {
		for (size_t step = 1; step < 50; step++) {
			char content[256];
			bool done;

			ck_assert_int_eq(feed(good[i].framing, good[i].length, good[i].text, step,
					      content, &done),
					 good[i].taken);
			ck_assert_str_eq(content, good[i].content);
			ck_assert_int_eq(done, good[i].done);
		}
	}
}
END_TEST

/* By a letter a byte. */
START_TEST(each_byte_is_told_where_it_stands)
{
	static const char text[] = "3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n";
	static const char place[] = "FFFFFFFCCCFFFFFTTTTTTTT";
	const struct weir_http_head h = {.framing = WEIR_HTTP_CHUNKED};
	struct weir_bytes content;
	struct weir_http_body b;

	weir_http_body_init(&b, &h, &weir_http_limits_default);
	for (size_t i = 0; text[i]; i++) {
		ck_assert_int_eq("CFT"[weir_http_body_place(&b)], place[i]);
		ck_assert_int_eq(weir_http_body_feed(&b, weir_bytes_of(text + i, 1), &content), 1);
	}
	ck_assert(b.done);
}
END_TEST

static const struct {
	const char *text;
	enum weir_http_error error;
} refused[] = {
	{"\r\n", WEIR_HTTP_E_CHUNK_SIZE},
	{" 1\r\na\r\n", WEIR_HTTP_E_CHUNK_SIZE},
	{"1 \r\na\r\n", WEIR_HTTP_E_CHUNK_SIZE},
	{"0x1\r\na\r\n", WEIR_HTTP_E_CHUNK_SIZE},
	{"-1\r\na\r\n", WEIR_HTTP_E_CHUNK_SIZE},
	{"g\r\n", WEIR_HTTP_E_CHUNK_SIZE},
	{"1000000000000000\r\n", WEIR_HTTP_E_CHUNK_SIZE},
	{"1\na\r\n", WEIR_HTTP_E_CHUNK_SIZE},
	{"1\r\r\na", WEIR_HTTP_E_LINE_END},
	{"1;a\nb\r\n", WEIR_HTTP_E_CHUNK_EXTENSION},
	{"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	 WEIR_HTTP_E_CHUNK_LIMIT},
	{"1\r\nab\r\n", WEIR_HTTP_E_CHUNK_END},
	{"1\r\na\n", WEIR_HTTP_E_CHUNK_END},
	{"1\r\na\rb", WEIR_HTTP_E_CHUNK_END},
	{"0\r\nContent-Length: 3\r\n", WEIR_HTTP_E_TRAILER},
	{"0\r\ntransfer-encoding: chunked\r\n", WEIR_HTTP_E_TRAILER},
	{"0\r\nHost: b\r\n", WEIR_HTTP_E_TRAILER},
	{"0\r\nTea: b\r\nTE: c\r\n", WEIR_HTTP_E_TRAILER},
	{"0\r\nCache-Control: b\r\n", WEIR_HTTP_E_TRAILER},
	{"0\r\n: b\r\n", WEIR_HTTP_E_HEADER_NAME},
	{"0\r\nA b: c\r\n", WEIR_HTTP_E_HEADER_NAME},
	{"0\r\nA: b\nC: d\r\n", WEIR_HTTP_E_HEADER_VALUE},
	{"0\r\nA: b\r\rC: d\r\n", WEIR_HTTP_E_LINE_END},
	{"0\r\n\rX", WEIR_HTTP_E_LINE_END},
	{"0\r\nA: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	 WEIR_HTTP_E_CHUNK_LIMIT},
};

START_TEST(malformed_chunks_are_refused_by_name)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(refused); i++) {
		for (size_t step = 1; step < 8; step++) {
			char content[256];
			bool done;
			ssize_t rc =
				feed(WEIR_HTTP_CHUNKED, 0, refused[i].text, step, content, &done);

			ck_assert_msg(rc == -(ssize_t)refused[i].error, "row %zu: %zd", i, rc);
		}
	}
}
END_TEST

Suite *body_suite(void)
{
	return WEIR_SUITE("http body", each_byte_is_told_where_it_stands,
			  content_is_the_same_however_it_is_cut,
			  malformed_chunks_are_refused_by_name);
}
