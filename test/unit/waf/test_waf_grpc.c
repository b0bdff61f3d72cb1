/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of gRPC as arguments, whatever they are compressed with and however many there are. */
#include "waf_lab.h"

#include <stdio.h>
#include <zlib.h>

#define TOLD "SecAction 'id:9,phase:2,pass,logdata:"

static struct weir_bytes message(uint8_t *at, uint8_t flag, struct weir_bytes content)
{
	at[0] = flag;
	for (unsigned int i = 0; i < 4; i++)
		at[1 + i] = (uint8_t)(content.len >> (24 - 8 * i));
	memcpy(at + 5, content.ptr, content.len);
	return weir_bytes_of(at, 5 + content.len);
}

static void post(struct waf_lab *lab, const char *fields, struct weir_bytes body)
{
	char head[512];

	snprintf(head, sizeof(head),
		 "POST /a.B/C HTTP/1.1\r\nHost: a\r\n%s\r\nContent-Length: %zu"
		 "\r\n\r\n",
		 fields, body.len);
	if (lab_request_head(lab, head) == WEIR_WAF_PASS)
		(void)lab_request_body(lab, body);
	lab_end(lab);
}

/* What rule 9 says of it. */
static void check_told(const char *tell, const char *fields, struct weir_bytes body,
		       const char *told)
{
	char rules[400];
	struct waf_lab lab;

	snprintf(rules, sizeof(rules), TOLD "%s'\n", tell);
	lab_init(&lab, rules);
	post(&lab, fields, body);
	ck_assert_msg(strcmp(lab_data(&lab, 9), told) == 0, "%s %s: %s, not %s", fields, tell,
		      lab_data(&lab, 9), told);
	lab_fini(&lab);
}

#define GRPC "Content-Type: application/grpc"
#define TEXT GRPC "-web-text"
/* 1: "abc", 2: a message with 3: "xyz" */
#define ABC "\x0a\3abc\x12\5\x1a\3xyz"

START_TEST(text_of_messages_are_arguments)
{
	static const struct {
		const char *fields, *content, *tell, *told;
	} rows[] = {
		{GRPC, ABC, "%{ARGS_POST.grpc.1}-%{ARGS.grpc.2.3}-%{REQBODY_ERROR}", "abc-xyz-0"},
		{GRPC "+proto; charset=x", ABC, "%{ARGS_POST.grpc.1}", "abc"},
		{"Content-Type: Application/gRPC-Web+proto", ABC, "%{ARGS_POST.grpc.1}", "abc"},
		{GRPC, ABC, "%{REQBODY_PROCESSOR}", "GRPC"},
		{GRPC "s", ABC, "%{REQBODY_PROCESSOR}", ""},
		{TEXT, ABC, "%{REQBODY_PROCESSOR}-%{ARGS.grpc.1}", "GRPC-abc"}, /* decoded before */
		{GRPC "+json", "{\"a\":[1]}", "%{ARGS_POST.grpc.a.0}", "1"},
		{GRPC "+json", "{\"a\":", "%{REQBODY_ERROR}", "1"},
		{GRPC "+thrift", "hello", "%{ARGS_POST.grpc}-%{REQBODY_ERROR}", "hello-0"},
		{GRPC, "", "%{ARGS_POST.grpc}-%{REQBODY_ERROR}", "-0"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		uint8_t body[100];

		check_told(rows[i].tell, rows[i].fields,
			   message(body, 0, weir_bytes_str(rows[i].content)), rows[i].told);
	}
}
END_TEST

/* Messages with 1: "abc", and 2: "uvwxyz". */
START_TEST(messages_in_base64_are_decoded)
{
	static const struct {
		const char *body, *told;
	} rows[] = {
		{"AAAAAAUKA2FiYw==", "abc-0"}, /* one */
		{"AAAAAAUKA2FiYw=="
		 "AAAAAAgSBnV2d3h5eg==",
		 "abcuvwxyz-0"},                                     /* two, in runs of their own */
		{"AAAAAAUKA2FiYwAAAAAIEgZ1dnd4eXo=", "abcuvwxyz-0"}, /* and in one */
		{"AAAAAAUKA2FiYw==AA", "abc-1"},                     /* cut off */
		{"AAAAAAUKA2FiYw==-_-_", "abc-1"},                   /* in another alphabet */
		{"", "-0"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		check_told("%{ARGS.grpc.1}%{ARGS.grpc.2}-%{REQBODY_ERROR}", TEXT,
			   weir_bytes_str(rows[i].body), rows[i].told);
}
END_TEST

START_TEST(all_messages_of_a_body_are_looked_at)
{
	uint8_t body[100];
	size_t n = message(body, 0, weir_bytes_str("\x0a\3abc")).len;

	n += message(body + n, 0, weir_bytes_str("\x12\6uvwxyz")).len;
	check_told("%{ARGS_POST.grpc.1}%{ARGS_POST.grpc.2}", GRPC, weir_bytes_of(body, n),
		   "abcuvwxyz");
	/* Cut off in the second one. */
	check_told("%{ARGS_POST.grpc.1}%{ARGS_POST.grpc}", GRPC, weir_bytes_of(body, n - 1),
		   "abcuvwxy");
	/* What cannot be told apart is text. */
	body[10] = 2;
	check_told("%{ARGS_POST.grpc.1}%{ARGS_POST.grpc.2}%{REQBODY_ERROR}", GRPC,
		   weir_bytes_of(body, n), "abcuvwxyz1");
}
END_TEST

START_TEST(the_body_is_there_without_its_framing_when_it_is_asked_for)
{
	static const char rules[] = "SecAction 'id:1,phase:1,pass,nolog,"
				    "ctl:forceRequestBodyVariable=On'\n" TOLD "%{REQUEST_BODY}'\n";
	struct waf_lab lab;
	uint8_t body[100];
	size_t n = message(body, 0, weir_bytes_str("hello ")).len;

	n += message(body + n, 0, weir_bytes_str("world")).len;
	lab_init(&lab, rules);
	post(&lab, GRPC, weir_bytes_of(body, n));
	ck_assert_str_eq(lab_data(&lab, 9), "hello world");
	lab_fini(&lab);
	check_told("%{REQUEST_BODY}", GRPC, weir_bytes_of(body, n), "");
}
END_TEST

/* With gzip's frame, or zlib's. */
static size_t compress_into(uint8_t out[2000], struct weir_bytes in, bool gzip)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)in.ptr, .avail_in = (uInt)in.len};

	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, gzip ? 31 : 15, 9, Z_DEFAULT_STRATEGY),
			 Z_OK);
	z.next_out = out;
	z.avail_out = 2000;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

START_TEST(compressed_messages_are_inflated_within_the_limit)
{
	static uint8_t big[1 << 20];
	static const struct {
		const char *coding, *told;
		bool gzip;
	} rows[] = {
		{"gzip", "abc-0", true},
		{"deflate", "abc-0", false},
		{"snappy", "-1", true},
		{"identity", "-0", true},
	};
	uint8_t packed[2000], body[2100];
	char fields[100];
	struct weir_bytes in;
	struct waf_lab lab;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		size_t n = compress_into(packed, weir_bytes_str("\x0a\3abc"), rows[i].gzip);

		in = message(body, 1, weir_bytes_of(packed, n));
		snprintf(fields, sizeof(fields), GRPC "\r\ngrpc-encoding: %s", rows[i].coding);
		check_told("%{ARGS_POST.grpc.1}-%{REQBODY_ERROR}", fields, in, rows[i].told);
	}
	memset(big, 'x', sizeof(big));
	in = message(body, 1,
		     weir_bytes_of(packed,
				   compress_into(packed, weir_bytes_of(big, sizeof(big)), true)));
	lab_init(&lab, "SecRequestBodyNoFilesLimit 65536\n" TOLD "%{REQBODY_ERROR}'\n");
	post(&lab, GRPC "\r\ngrpc-encoding: gzip", in);
	ck_assert_str_eq(lab_data(&lab, 9), "1");
	lab_fini(&lab);
	/* Nobody has said how. */
	check_told("%{REQBODY_ERROR}", GRPC, in, "1");
}
END_TEST

START_TEST(an_attack_in_a_nested_field_is_refused)
{
	struct waf_lab lab;
	uint8_t body[100];

	lab_init(&lab, "SecRule ARGS '@detectSQLi' 'id:1,phase:2,deny,status:403'\n");
	post(&lab, GRPC, message(body, 0, weir_bytes_str("\x0a\x12\x12\x10' or 1=1 -- abcd")));
	ck_assert_str_eq(lab_verdict(&lab), "deny 403 2 1");
	ck_assert_str_eq(lab_target(&lab, 1), "ARGS:grpc.1.2");
	lab_fini(&lab);
}
END_TEST

/* A call's answer with `body`, as all of it, and what rule 9 says of it. */
static void check_answered(const char *settings, const char *fields, struct weir_bytes body,
			   const char *told)
{
	static const char call[] = "POST /a.B/C HTTP/1.1\r\nHost: a\r\n\r\n";
	static const struct weir_waf_options o = {.response_body_limit = 64};
	char rules[400], head[512];
	struct waf_lab lab;

	snprintf(rules, sizeof(rules),
		 "%sSecAction 'id:9,phase:4,pass,logdata:%%{RESPONSE_BODY}-%%{OUTBOUND_DATA_ERROR}'"
		 "\n",
		 settings);
	lab_init_options(&lab, rules, &o);
	ck_assert_int_eq(lab_request_head(&lab, call), WEIR_WAF_PASS);
	ck_assert_int_eq(weir_waf_request_end(lab.tx), WEIR_WAF_PASS);
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %zu\r\n\r\n", fields,
		 body.len);
	ck_assert_int_eq(lab_response_head(&lab, head), WEIR_WAF_PASS);
	ck_assert_int_eq(lab_response_body(&lab, body), WEIR_WAF_PASS);
	lab_end(&lab);
	ck_assert_msg(strcmp(lab_data(&lab, 9), told) == 0, "%s: %s, not %s", fields,
		      lab_data(&lab, 9), told);
	lab_fini(&lab);
}

#define XS "xxxxxxxxxxxxxxxx"

START_TEST(text_of_a_responses_messages_is_its_body)
{
	static const struct {
		const char *settings, *fields, *content, *told;
		uint8_t flag;
	} rows[] = {
		{"", GRPC, ABC, "abc\\x0axyz-0", 0},
		{"", GRPC "+proto", ABC, "abc\\x0axyz-0", 0},
		{"", GRPC "+json", "{\"a\":\"b\"}", "{\"a\":\"b\"}-0", 0},
		{"", GRPC "-web", "grpc-status: 0", "grpc-status: 0-0", 0x80},
		{"", GRPC, "hello", "hello-0", 2},
		{"", GRPC "\r\ngrpc-encoding: snappy", "hello", "hello-0", 1},
		{"", GRPC, "", "-0", 0},
		{"", TEXT, ABC, "abc\\x0axyz-0", 0},
		{"SecResponseBodyMimeType application/grpc\n", GRPC, ABC, "abc\\x0axyz-0", 0},
		{"SecResponseBodyAccess Off\n", GRPC, ABC, "-0", 0},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		uint8_t body[100];

		check_answered(rows[i].settings, rows[i].fields,
			       message(body, rows[i].flag, weir_bytes_str(rows[i].content)),
			       rows[i].told);
	}
}
END_TEST

START_TEST(a_responses_text_ends_at_its_limit)
{
	uint8_t packed[2000], body[2100];
	size_t n = compress_into(packed, weir_bytes_str("\x0a\x50" XS XS XS XS XS), true);

	/* It is cut where it is inflated, and is no message then. */
	check_answered("", GRPC "\r\ngrpc-encoding: gzip",
		       message(body, 1, weir_bytes_of(packed, n)),
		       "\\x0aP" XS XS XS "xxxxxxxxxxxxxx-0");
	/* Text that is a message, too, is more than it was. */
	check_answered("", GRPC,
		       message(body, 0,
			       weir_bytes_str("\x0a\x32"
					      "b0" XS XS XS)),
		       "\\x0a2b0" XS XS XS "\\x0ab0xxxxxxxxx-1");
}
END_TEST

START_TEST(responses_of_calls_are_held_message_by_message)
{
	static const struct {
		const char *rules, *type;
		enum weir_waf_body mode;
	} rows[] = {
		{"", "application/grpc", WEIR_WAF_BODY_MESSAGES},
		{"", "application/grpc+proto; a=b", WEIR_WAF_BODY_MESSAGES},
		{"", "text/html", WEIR_WAF_BODY_HOLD},
		{"", "image/png", WEIR_WAF_BODY_PASS},
		{"SecResponseBodyMimeType application/grpc\n", "application/grpc",
		 WEIR_WAF_BODY_HOLD},
		{"SecResponseBodyAccess Off\n", "application/grpc", WEIR_WAF_BODY_PASS},
		{"SecAction 'id:1,phase:3,pass,nolog,ctl:responseBodyAccess=Off'\n",
		 "application/grpc", WEIR_WAF_BODY_PASS},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char head[200];
		struct waf_lab lab;

		snprintf(head, sizeof(head),
			 "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: 5\r\n\r\n",
			 rows[i].type);
		lab_init(&lab, rows[i].rules);
		ck_assert_int_eq(lab_request_head(&lab, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
				 WEIR_WAF_PASS);
		ck_assert_int_eq(lab_response_head(&lab, head), WEIR_WAF_PASS);
		ck_assert_msg(weir_waf_response_body_mode(lab.tx) == rows[i].mode, "%s %s",
			      rows[i].rules, rows[i].type);
		lab_end(&lab);
		lab_fini(&lab);
	}
}
END_TEST

Suite *waf_grpc_suite(void)
{
	return WEIR_SUITE(
		"waf grpc", text_of_messages_are_arguments, messages_in_base64_are_decoded,
		all_messages_of_a_body_are_looked_at,
		the_body_is_there_without_its_framing_when_it_is_asked_for,
		compressed_messages_are_inflated_within_the_limit,
		an_attack_in_a_nested_field_is_refused, text_of_a_responses_messages_is_its_body,
		a_responses_text_ends_at_its_limit, responses_of_calls_are_held_message_by_message);
}
