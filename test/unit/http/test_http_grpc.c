/* SPDX-License-Identifier: BSD-3-Clause */
#include "http_test.h"

static const struct {
	const char *type; /* NULL: there is none */
	enum weir_http_grpc is;
	const char *codec;
} types[] = {
	{NULL, WEIR_HTTP_NO_GRPC, ""},
	{"application/grpc", WEIR_HTTP_GRPC, ""},
	{"Application/GRPC", WEIR_HTTP_GRPC, ""},
	{"application/grpc+proto", WEIR_HTTP_GRPC, "proto"},
	{" application/grpc+json ; charset=utf-8", WEIR_HTTP_GRPC, "json"},
	{"application/grpc;charset=utf-8", WEIR_HTTP_GRPC, ""},
	{"application/grpc-web", WEIR_HTTP_GRPC_WEB, ""},
	{"application/grpc-web+proto", WEIR_HTTP_GRPC_WEB, "proto"},
	{"application/grpc-web-text", WEIR_HTTP_GRPC_WEB_TEXT, ""},
	{"application/grpc-web-text+proto", WEIR_HTTP_GRPC_WEB_TEXT, "proto"},
	{"application/grpc-web-texts", WEIR_HTTP_NO_GRPC, NULL},
	{"application/grpcs", WEIR_HTTP_NO_GRPC, NULL},
	{"application/grp", WEIR_HTTP_NO_GRPC, ""},
	{"text/plain; application/grpc", WEIR_HTTP_NO_GRPC, ""},
	{"", WEIR_HTTP_NO_GRPC, ""},
};

START_TEST(grpc_is_known_by_its_type)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(types); i++) {
		struct weir_http_header field = {.name = weir_bytes_str("content-TYPE")};
		struct weir_http_head h = {.headers = &field, .n_headers = types[i].type != NULL};
		struct weir_bytes codec;

		if (types[i].type)
			field.value = weir_bytes_str(types[i].type);
		ck_assert_msg(weir_http_grpc(&h, &codec) == types[i].is, "%s", types[i].type);
		if (types[i].codec)
			ck_assert(weir_bytes_equal(codec, weir_bytes_str(types[i].codec)));
	}
}
END_TEST

static const struct {
	const char *text, *bytes;
	int left; /* characters without a quantum; negative: it is no Base64 */
} texts[] = {
	{"", "", 0},
	{"aGVsbG8=", "hello", 0},
	{"aGVsbG8h", "hello!", 0},
	{"aGVsbA==aGVs", "hellhel", 0}, /* in runs */
	{"aGVsbG8", "hel", 3},
	{"a", "", 1},
	{"++//", "\xfb\xef\xff", 0},
	{"=", "", -1},
	{"a===", "", -1},
	{"aG=s", "", -1},
	{"aGVs bG8h", "hel", -1},
	{"aGVs\r\n", "hel", -1},
	{"aGV-", "", -1},
	{"aGV_", "", -1},
};

/* Cut at every character, too, and with room for no more than a quantum. */
START_TEST(text_of_grpc_web_is_decoded_by_the_quantum)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(texts); i++) {
		for (size_t piece = 1; piece <= 16; piece++) {
			struct weir_bytes in = weir_bytes_str(texts[i].text);
			struct weir_grpc_text t = {0};
			uint8_t out[32];
			size_t len = 0, n;
			ssize_t used = 1;

			while (in.len && used > 0) {
				size_t some = in.len < piece ? in.len : piece;

				used = weir_grpc_text_decode(&t, weir_bytes_of(in.ptr, some),
							     out + len, 3, &n);
				len += n;
				if (used > 0)
					in = weir_bytes_of(in.ptr + used, in.len - (size_t)used);
			}
			ck_assert_msg(len == strlen(texts[i].bytes) &&
					      !memcmp(out, texts[i].bytes, len),
				      "row %zu", i);
			ck_assert_msg(used < 0 ? texts[i].left < 0 : t.have == texts[i].left,
				      "row %zu: %u left", i, t.have);
		}
	}
}
END_TEST

START_TEST(text_of_grpc_web_is_encoded_with_its_padding)
{
	static const char *const rows[][2] = {
		{"", ""}, {"h", "aA=="}, {"he", "aGU="}, {"hel", "aGVs"}, {"hello", "aGVsbG8="}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char out[WEIR_GRPC_TEXT_LEN(8)];
		size_t n = weir_grpc_text_encode(weir_bytes_str(rows[i][0]), out);

		ck_assert_uint_eq(n, strlen(rows[i][1]));
		ck_assert_uint_eq(n, WEIR_GRPC_TEXT_LEN(strlen(rows[i][0])));
		ck_assert_mem_eq(out, rows[i][1], n);
	}
}
END_TEST

Suite *grpc_suite(void)
{
	return WEIR_SUITE("http grpc", grpc_is_known_by_its_type,
			  text_of_grpc_web_is_decoded_by_the_quantum,
			  text_of_grpc_web_is_encoded_with_its_padding);
}
