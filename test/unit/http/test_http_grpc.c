/* SPDX-License-Identifier: BSD-3-Clause */
#include "http_test.h"

static const struct {
	const char *type; /* NULL: there is none */
	bool is;
	const char *codec;
} types[] = {
	{NULL, false, ""},
	{"application/grpc", true, ""},
	{"Application/GRPC", true, ""},
	{"application/grpc+proto", true, "proto"},
	{" application/grpc+json ; charset=utf-8", true, "json"},
	{"application/grpc;charset=utf-8", true, ""},
	{"application/grpc-web", true, ""},
	{"application/grpc-web+proto", true, "proto"},
	{"application/grpc-web-text", false, NULL},
	{"application/grpc-web-text+proto", false, NULL},
	{"application/grpcs", false, NULL},
	{"application/grp", false, ""},
	{"text/plain; application/grpc", false, ""},
	{"", false, ""},
};

START_TEST(grpc_is_known_by_its_type)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(types); i++) {
		struct weir_http_header field = {.name = weir_bytes_str("content-TYPE")};
		struct weir_http_head h = {.headers = &field, .n_headers = types[i].type != NULL};
		struct weir_bytes codec;

		if (types[i].type)
			field.value = weir_bytes_str(types[i].type);
		ck_assert_msg(weir_http_is_grpc(&h, &codec) == types[i].is, "%s", types[i].type);
		if (types[i].codec)
			ck_assert(weir_bytes_equal(codec, weir_bytes_str(types[i].codec)));
	}
}
END_TEST

Suite *grpc_suite(void)
{
	return WEIR_SUITE("http grpc", grpc_is_known_by_its_type);
}
