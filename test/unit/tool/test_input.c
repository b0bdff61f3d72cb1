/* SPDX-License-Identifier: BSD-3-Clause */
#include "../../../app/weir/inspect.h"
#include "weir_test.h"

Suite *tool_input_suite(void);

/* RFC 4648 section 10, and what section 3 lets a reader refuse. */
START_TEST(base64_is_read_strictly)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} rows[] = {
		{"", ""},
		{"Zg==", "f"},
		{"Zm8=", "fo"},
		{"Zm9v", "foo"},
		{"Zm9vYg==", "foob"},
		{"Zm9vYmE=", "fooba"},
		{"Z", NULL},
		{"Zg=", NULL},
		{"Zh==", NULL},
		{"Zm9=", NULL},
		{"Zg==Zg==", NULL},
		{"====", NULL},
		{"Z===", NULL},
		{"Zm9v\n", NULL},
		{"Zm-_", NULL},
		{"+/+/", "\xfb\xff\xbf"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		uint8_t out[16];
		ssize_t n = inspect_base64(weir_bytes_str(rows[i].text), out);

		ck_assert_msg((n >= 0) == (rows[i].want != NULL), "%s", rows[i].text);
		if (rows[i].want)
			ck_assert_msg(weir_bytes_is(weir_bytes_of(out, (size_t)n), rows[i].want),
				      "%s", rows[i].text);
	}
}
END_TEST

START_TEST(a_line_gives_its_messages_and_who_sent_them)
{
	static const char text[] =
		"{\"id\":7,\"client\":\"192.0.2.1\",\"time\":1000.5,\"request\":\"Zm9v\","
		"\"response\":\"Zg==\"}";
	const struct weir_addr client = weir_addr_v4(0xc0000201);
	struct inspect_line l;

	ck_assert_ptr_null(inspect_line_read(weir_bytes_str(text), &l));
	ck_assert_int_eq(json_integer_value(l.id), 7);
	ck_assert(weir_bytes_is(l.x.request, "foo"));
	ck_assert(l.x.has_response && weir_bytes_is(l.x.response, "f"));
	ck_assert_mem_eq(&l.x.begin.peer.client, &client, sizeof(client));
	ck_assert_uint_eq(l.x.begin.unix_ns, 1000500 * WEIR_NS_PER_MS);
	inspect_line_fini(&l);
}
END_TEST

START_TEST(what_is_wrong_with_a_line_is_said)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "not a JSON object"},
		{"[]", "not a JSON object"},
		{"{\"request\":\"\"", "not a JSON object"},
		{"{\"request\":\"\",\"request\":\"\"}", "not a JSON object"},
		{"{}", "request is missing, or no string"},
		{"{\"request\":7}", "request is missing, or no string"},
		{"{\"request\":\"x\"}", "request is not base64"},
		{"{\"request\":\"\",\"response\":1}", "response is no string"},
		{"{\"request\":\"\",\"response\":\"x\"}", "response is not base64"},
		{"{\"request\":\"\",\"client\":\"x\"}", "client is no address"},
		{"{\"request\":\"\",\"client\":1}", "client is no address"},
		{"{\"request\":\"\",\"time\":\"x\"}", "time is not in seconds since 1970"},
		{"{\"request\":\"\",\"time\":-1}", "time is not in seconds since 1970"},
		{"{\"request\":\"\",\"id\":{}}", "id is neither a string nor a whole number"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct inspect_line l;
		const char *wrong = inspect_line_read(weir_bytes_str(rows[i].text), &l);

		ck_assert_str_eq(wrong ? wrong : "", rows[i].want);
		inspect_line_fini(&l);
	}
}
END_TEST

Suite *tool_input_suite(void)
{
	return WEIR_SUITE("inspect input", base64_is_read_strictly,
			  a_line_gives_its_messages_and_who_sent_them,
			  what_is_wrong_with_a_line_is_said);
}
